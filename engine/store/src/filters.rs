//! Which objects may have an attribute of a value: for each 256 consecutive numbers of objects a sorted list of what they say, so that
//! `find --where` reads the objects it finds and hardly any other.
//!
//! An entry is two bytes of the hash of an attribute's path and value, and one byte for which of the 256 says it. Of a million
//! buildings with five attributes that is 15 MB, which a question steps over in some milliseconds. Two values in 65,536 have one hash,
//! so the list is a superset, to be tested exactly. A block without a list may hold anything; an edit by another program drops the
//! list of its block (a trigger in [`crate::schema`]).

use rusqlite::{Connection, OptionalExtension, Result, params};
use std::ops::RangeInclusive;

/// From so many entries on counting them by digits is quicker than comparing them.
const MANY: usize = 1 << 10;
const DIGITS: usize = 1 << 12;

/// Objects of a block, as a power of two; the triggers of [`crate::schema`] know it too.
pub const BLOCK_BITS: u32 = 8;
/// Bytes of an entry.
const ENTRY: usize = 3;
/// A block of more entries than this gets an empty list, which tells nothing.
const MOST_ENTRIES: usize = 1 << 19;

/// An entry, as a number: what is said, then who says it.
fn entry(place: u8, term: u64) -> u32 {
    (term >> 48) as u32 * 256 + u32::from(place)
}

fn read(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// Objects of one block.
#[derive(Clone, Copy, Default, PartialEq)]
struct Places([u64; 4]);

impl Places {
    fn add(&mut self, place: u8) {
        self.0[usize::from(place >> 6)] |= 1 << (place & 63);
    }

    fn has(self, place: u8) -> bool {
        self.0[usize::from(place >> 6)] >> (place & 63) & 1 == 1
    }

    fn both(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & other.0[n]))
    }

    fn all() -> Self {
        Self([u64::MAX; 4])
    }
}

/// Who says one of the terms. An empty list tells nothing: anyone may.
fn saying(list: &[u8], terms: &[u64]) -> Places {
    if list.is_empty() {
        return Places::all();
    }
    let count = list.len() / ENTRY;
    let at = |n: usize| list.get(n * ENTRY..(n + 1) * ENTRY).map_or(u32::MAX, read);
    let mut found = Places::default();
    for term in terms {
        let wanted = entry(0, *term);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            if at(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        while low < count && at(low) < wanted + 256 {
            found.add(at(low) as u8);
            low += 1;
        }
    }
    found
}

/// Gathers what a block's objects say while they come.
#[derive(Default)]
pub struct Filters {
    block: i64,
    objects: i64,
    places: Places,
    entries: Vec<u32>,
}

impl Filters {
    /// Adds an object. Objects of one block should come together.
    pub fn add(&mut self, oid: i64, terms: &[u64], conn: &Connection) -> Result<()> {
        if oid >> BLOCK_BITS != self.block {
            self.flush(conn)?;
            self.block = oid >> BLOCK_BITS;
        }
        self.objects += 1;
        let place = (oid & ((1 << BLOCK_BITS) - 1)) as u8;
        self.places.add(place);
        self.entries.extend(terms.iter().map(|term| entry(place, *term)));
        Ok(())
    }

    /// Forgets what was not written.
    pub fn clear(&mut self) {
        self.entries.clear();
        (self.objects, self.places) = (0, Places::default());
    }

    /// Writes the block that is being gathered.
    pub fn flush(&mut self, conn: &Connection) -> Result<()> {
        if self.objects == 0 {
            return Ok(());
        }
        let mut known = conn.prepare_cached("SELECT entries FROM qike_term WHERE block = ?1")?;
        let before: Option<Vec<u8>> = known.query_row([self.block], |r| r.get(0)).optional()?;
        let is_known = before.is_some() || self.is_whole(conn)?;
        let tells = before.as_ref().is_none_or(|list| !list.is_empty());
        // Of objects that are there anew the list says what they say now.
        let others = before.iter().flat_map(|list| list.chunks_exact(ENTRY)).map(read).filter(|entry| !self.places.has(*entry as u8));
        self.entries.extend(others);
        self.sort();
        self.entries.dedup();
        if is_known {
            let tells = tells && self.entries.len() <= MOST_ENTRIES;
            // An object that says nothing at all must not make the list an empty one.
            let list: Vec<u8> = match (tells, self.entries.is_empty()) {
                (false, _) => Vec::new(),
                (true, true) => vec![0xff; ENTRY],
                (true, false) => {
                    let mut list = Vec::with_capacity(self.entries.len() * ENTRY);
                    self.entries.iter().for_each(|entry| list.extend_from_slice(&entry.to_be_bytes()[1..]));
                    list
                }
            };
            conn.prepare_cached("INSERT OR REPLACE INTO qike_term VALUES (?1, ?2)")?.execute(params![self.block, list])?;
        }
        self.clear();
        Ok(())
    }

    /// Sorts the entries by their 24 bits, twelve at a time: relations of OpenStreetMap bring thousands to a block.
    fn sort(&mut self) {
        if self.entries.len() < MANY {
            self.entries.sort_unstable();
            return;
        }
        let mut other = vec![0; self.entries.len()];
        for shift in [0, 12] {
            let digit = |entry: u32| (entry >> shift) as usize & (DIGITS - 1);
            let mut places = [0u32; DIGITS];
            self.entries.iter().for_each(|entry| places[digit(*entry)] += 1);
            let mut sum = 0;
            for place in &mut places {
                sum += std::mem::replace(place, sum);
            }
            for entry in &self.entries {
                let place = &mut places[digit(*entry)];
                other[*place as usize] = *entry;
                *place += 1;
            }
            std::mem::swap(&mut self.entries, &mut other);
        }
    }

    /// True where the gathered objects are all of the block: one whose list was dropped stays without.
    fn is_whole(&self, conn: &Connection) -> Result<bool> {
        let mut all = conn.prepare_cached("SELECT count(*) FROM qike_object WHERE oid BETWEEN ?1 AND ?2")?;
        let block = of_block(self.block);
        let held: i64 = all.query_row([block.start(), block.end()], |r| r.get(0))?;
        Ok(held == self.objects)
    }
}

fn of_block(block: i64) -> RangeInclusive<i64> {
    block << BLOCK_BITS..=(block << BLOCK_BITS | ((1 << BLOCK_BITS) - 1))
}

/// Objects among which all are that say what is asked.
#[derive(Debug, Default, PartialEq)]
pub struct Candidates {
    /// Numbers, rising.
    pub objects: Vec<i64>,
    /// Rising numbers of which no list tells.
    pub untold: Vec<RangeInclusive<i64>>,
}

/// The objects that may have one term of each list. A store of an earlier version has no lists: all its objects are untold.
pub fn candidates(conn: &Connection, asked: &[Vec<u64>]) -> Result<Candidates> {
    if !conn.prepare_cached("SELECT 1 FROM sqlite_master WHERE name = 'qike_term'")?.exists([])? {
        return Ok(Candidates { objects: Vec::new(), untold: vec![0..=i64::MAX] });
    }
    let mut found = Candidates::default();
    let mut untold = |range: RangeInclusive<i64>| match found.untold.last_mut() {
        Some(last) if last.end() + 1 == *range.start() => *last = *last.start()..=*range.end(),
        _ => found.untold.push(range),
    };
    let mut next = 0;
    let mut statement = conn.prepare_cached("SELECT block, entries FROM qike_term ORDER BY block")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let block = of_block(row.get(0)?);
        let list = row.get_ref(1)?.as_blob().unwrap_or_default();
        if next < *block.start() {
            untold(next..=block.start() - 1);
        }
        next = block.end() + 1;
        let places = asked.iter().map(|terms| saying(list, terms)).fold(Places::all(), Places::both);
        if places != Places::default() {
            found.objects.extend((0..=255u8).filter(|place| places.has(*place)).map(|place| block.start() + i64::from(place)));
        }
    }
    untold(next..=i64::MAX);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::{ANYTHING, number_term, terms, wanted};
    use qike_scene::Attributes;

    fn database() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE qike_term (block INTEGER PRIMARY KEY, entries BLOB); CREATE TABLE qike_object (oid INTEGER PRIMARY KEY)").unwrap();
        conn
    }

    fn put(conn: &Connection, filters: &mut Filters, oid: i64, terms: &[u64]) {
        conn.execute("INSERT OR IGNORE INTO qike_object VALUES (?1)", [oid]).unwrap();
        filters.add(oid, terms, conn).unwrap();
    }

    #[test]
    fn everything_that_a_query_can_match_has_a_term() {
        let attributes: Attributes =
            serde_json::from_str(r#"{"a":"x","n":3.0,"zero":-0.0,"yes":true,"none":null,"list":[1,"two",[3]],"Pset":{"Fire.Rating":"EI30","deep":{"er":false}}}"#).unwrap();
        let (conn, mut filters) = (database(), Filters::default());
        put(&conn, &mut filters, 7, &terms(Some("塔"), &attributes));
        filters.flush(&conn).unwrap();
        let found = |key: &str, value: &str| candidates(&conn, &[wanted(key, value).unwrap()]).unwrap().objects == [7];
        for (key, value) in [
            ("a", "x"), ("n", "3"), ("n", " 3.0 "), ("zero", "0"), ("yes", "true"), ("none", ""), ("none", "null"), ("list", "1"), ("list", "two"), ("list", "3"),
            ("Pset.Fire.Rating", "EI30"), ("Pset.deep.er", "false"), ("name", "塔"),
        ] {
            assert!(found(key, value), "{key}={value}");
        }
        assert!(!found("a", "y") && !found("n", "4") && !found("b", "x") && !found("a", "3"));
        assert!(wanted("lod", "2").is_none() && wanted("Pset", "{}").is_none());
    }

    #[test]
    fn few_objects_are_read_in_vain() {
        let (conn, mut filters) = (database(), Filters::default());
        for oid in 0..4096 {
            put(&conn, &mut filters, oid, &[number_term("own", oid as f64), number_term("same", 1.0), number_term("tenth", (oid % 10) as f64)]);
        }
        filters.flush(&conn).unwrap();
        let asked = |all: &[(&str, &str)]| candidates(&conn, &all.iter().map(|(k, v)| wanted(k, v).unwrap()).collect::<Vec<_>>()).unwrap();
        let mut wrong = 0;
        for oid in (0..4096).step_by(17) {
            let found = asked(&[("own", &oid.to_string())]);
            assert!(found.objects.contains(&oid) && found.untold == [4096..=i64::MAX]);
            wrong += found.objects.len() - 1;
            assert!(asked(&[("own", &(oid + 10_000).to_string())]).objects.len() < 4);
        }
        assert!(wrong < 100, "{wrong} of 241 questions");
        assert_eq!(asked(&[("same", "1")]).objects, (0..4096).collect::<Vec<_>>());
        let both = asked(&[("same", "1"), ("tenth", "3")]).objects;
        assert!((3..4096).step_by(10).all(|oid| both.binary_search(&oid).is_ok()) && both.len() < 420, "{}", both.len());
    }

    #[test]
    fn a_block_that_is_not_known_wholly_gets_no_list() {
        let (conn, mut filters) = (database(), Filters::default());
        (0..600).for_each(|oid| put(&conn, &mut filters, oid, &[number_term("k", (oid / 256) as f64)]));
        filters.flush(&conn).unwrap();
        let asked = |value: &str| candidates(&conn, &[wanted("k", value).unwrap()]).unwrap();
        assert_eq!(asked("1").objects, (256..512).collect::<Vec<_>>());
        assert_eq!(asked("2").untold, [768..=i64::MAX], "the last block is open");
        conn.execute("DELETE FROM qike_term WHERE block = 0", []).unwrap();
        assert_eq!(asked("1").untold, [0..=255, 768..=i64::MAX]);
        put(&conn, &mut filters, 5, &[number_term("k", 9.0)]);
        filters.flush(&conn).unwrap();
        assert_eq!(asked("9").untold, [0..=255, 768..=i64::MAX], "one object of a block does not speak for all");
        // An object that changes says what it says now, and only that.
        put(&conn, &mut filters, 300, &[number_term("k", 9.0)]);
        filters.flush(&conn).unwrap();
        assert_eq!((asked("9").objects, asked("1").objects.contains(&300)), (vec![300], false));
        // Objects that say nothing are no reason to read a block.
        (768..1024).for_each(|oid| put(&conn, &mut filters, oid, &[]));
        filters.flush(&conn).unwrap();
        assert!(asked("1").objects.iter().all(|oid| *oid < 512));
        // What is too deep to list is found by anything.
        put(&conn, &mut filters, 1024, &[ANYTHING]);
        filters.flush(&conn).unwrap();
        assert!(asked("77").objects.contains(&1024));
    }
}
