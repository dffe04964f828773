//! Which blocks of objects may have an attribute of a value: a Bloom filter (Bloom 1970) for each 32 consecutive numbers of objects,
//! so that `find --where` reads a few blocks instead of every object.
//!
//! A filter is a superset: values that were changed or removed leave their bits. A block without a filter may hold anything; an
//! edit by another program drops the filter of its block (a trigger in [`crate::schema`]).

use qike_scene::{Attributes, Value};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::ops::RangeInclusive;

/// Objects of a block, as a power of two; the triggers of [`crate::schema`] know it too.
pub const BLOCK_BITS: u32 = 5;
/// Bits of a filter for each different value: one block in a hundred is read in vain.
const BITS_A_TERM: usize = 10;
/// Bits that a value sets.
const PROBES: u32 = 6;
/// A block of more values than this gets no filter.
const MOST_TERMS: usize = 1 << 16;
/// Values in maps in maps are found by their path to this depth.
const DEPTH: usize = 8;

/// What can be asked for: each attribute's path with its value, hashed.
pub fn terms(name: Option<&str>, attributes: &Attributes) -> Vec<u64> {
    let mut out = Vec::with_capacity(attributes.len() + 1);
    out.extend(name.map(|name| text_term("name", name)));
    attributes.iter().for_each(|(key, value)| walk(key, value, DEPTH, &mut out));
    out
}

fn walk(path: &str, value: &Value, depth: usize, out: &mut Vec<u64>) {
    match value {
        Value::String(text) => out.push(text_term(path, text)),
        Value::Number(number) => out.extend(number.as_f64().map(|n| number_term(path, n))),
        Value::Bool(flag) => out.push(text_term(path, if *flag { "true" } else { "false" })),
        Value::Null => out.extend(["", "null"].map(|text| text_term(path, text))),
        Value::Array(items) if depth > 0 => items.iter().filter(|i| !i.is_object()).for_each(|item| walk(path, item, depth - 1, out)),
        Value::Object(map) if depth > 0 => map.iter().for_each(|(key, value)| walk(&format!("{path}.{key}"), value, depth - 1, out)),
        // Deeper than filters go: such a block is found by anything.
        _ => out.push(ANYTHING),
    }
}

/// In a filter that cannot answer.
const ANYTHING: u64 = 0x5bd1_e995_9d1b_54a5;

/// What of a filter must be set for objects with that attribute; `None` where filters cannot tell.
pub fn wanted(key: &str, value: &str) -> Option<Vec<u64>> {
    if matches!(key, "lod" | "parent") || value.starts_with('{') {
        return None;
    }
    let number = value.trim().parse().ok().map(|n| number_term(key, n));
    Some([ANYTHING, text_term(key, value)].into_iter().chain(number).collect())
}

fn text_term(path: &str, text: &str) -> u64 {
    hash(path, b't', text.as_bytes())
}

fn number_term(path: &str, number: f64) -> u64 {
    // Adding nought makes -0 and 0 one.
    hash(path, b'n', &(number + 0.0).to_bits().to_le_bytes())
}

/// FNV-1a (Fowler, Noll and Vo) with splitmix's last step, so that both halves are good.
fn hash(path: &str, kind: u8, value: &[u8]) -> u64 {
    let bytes = path.bytes().chain([0xff, kind]).chain(value.iter().copied());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mixed = (sum ^ sum >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The places of a term in a filter of so many bits.
fn places(term: u64, bits: u64) -> impl Iterator<Item = usize> {
    let (start, step) = (term & 0xffff_ffff, term >> 32 | 1);
    (0..u64::from(PROBES)).map(move |n| ((start + n * step) % bits) as usize)
}

fn set(filter: &mut [u8], term: u64) {
    for place in places(term, filter.len() as u64 * 8) {
        filter[place / 8] |= 1 << (place % 8);
    }
}

fn holds(filter: &[u8], term: u64) -> bool {
    filter.is_empty() || places(term, filter.len() as u64 * 8).all(|place| filter[place / 8] >> (place % 8) & 1 == 1)
}

/// Gathers the terms of a block's objects while they come.
#[derive(Default)]
pub struct Filters {
    block: i64,
    objects: i64,
    terms: Vec<u64>,
}

impl Filters {
    /// Adds an object. Objects of one block should come together.
    pub fn add(&mut self, oid: i64, terms: &[u64], conn: &Connection) -> Result<()> {
        if oid >> BLOCK_BITS != self.block {
            self.flush(conn)?;
            self.block = oid >> BLOCK_BITS;
        }
        self.objects += 1;
        self.terms.extend_from_slice(terms);
        Ok(())
    }

    /// Forgets what was not written.
    pub fn clear(&mut self) {
        self.terms.clear();
        self.objects = 0;
    }

    /// Writes the block that is being gathered.
    pub fn flush(&mut self, conn: &Connection) -> Result<()> {
        if self.objects == 0 {
            return Ok(());
        }
        self.terms.sort_unstable();
        self.terms.dedup();
        let mut known = conn.prepare_cached("SELECT bits FROM qike_filter WHERE block = ?1")?;
        let before: Option<Vec<u8>> = known.query_row([self.block], |r| r.get(0)).optional()?;
        let filter = match before {
            Some(filter) => Some(filter),
            None if self.is_whole(conn)? => Some(vec![0; self.size()]),
            None => None,
        };
        if let Some(mut filter) = filter {
            if !filter.is_empty() {
                self.terms.iter().for_each(|term| set(&mut filter, *term));
            }
            conn.prepare_cached("INSERT OR REPLACE INTO qike_filter VALUES (?1, ?2)")?.execute(params![self.block, filter])?;
        }
        self.clear();
        Ok(())
    }

    /// Bytes of a new filter.
    fn size(&self) -> usize {
        if self.terms.len() > MOST_TERMS { 0 } else { (self.terms.len().max(1) * BITS_A_TERM).div_ceil(64) * 8 }
    }

    /// True where the gathered objects are all of the block: one whose filter was dropped stays without.
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

/// The numbers of objects among which all are that have one term of each list; rising. `None` where the store has no filters.
pub fn ranges(conn: &Connection, asked: &[Vec<u64>]) -> Result<Option<Vec<RangeInclusive<i64>>>> {
    if !conn.prepare_cached("SELECT 1 FROM sqlite_master WHERE name = 'qike_filter'")?.exists([])? {
        return Ok(None);
    }
    let mut found: Vec<RangeInclusive<i64>> = Vec::new();
    let mut add = |range: RangeInclusive<i64>| match found.last_mut() {
        Some(last) if last.end() + 1 == *range.start() => *last = *last.start()..=*range.end(),
        _ => found.push(range),
    };
    let mut next = 0;
    let mut statement = conn.prepare_cached("SELECT block, bits FROM qike_filter ORDER BY block")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let block = of_block(row.get(0)?);
        let filter = row.get_ref(1)?.as_blob().unwrap_or_default();
        if next < *block.start() {
            add(next..=block.start() - 1);
        }
        if asked.iter().all(|terms| terms.iter().any(|term| holds(filter, *term))) {
            add(block.clone());
        }
        next = block.end() + 1;
    }
    add(next..=i64::MAX);
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_query_can_match_has_a_term() {
        let attributes: Attributes =
            serde_json::from_str(r#"{"a":"x","n":3.0,"zero":-0.0,"yes":true,"none":null,"list":[1,"two",[3]],"Pset":{"Fire.Rating":"EI30","deep":{"er":false}}}"#).unwrap();
        let mut filter = vec![0; 64];
        terms(Some("塔"), &attributes).iter().for_each(|term| set(&mut filter, *term));
        let found = |key: &str, value: &str| wanted(key, value).unwrap().iter().any(|term| holds(&filter, *term));
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
    fn few_blocks_are_read_in_vain() {
        let mut filter = vec![0; (200 * BITS_A_TERM).div_ceil(64) * 8];
        (0..200).for_each(|n| set(&mut filter, number_term("key", f64::from(n))));
        assert!((0..200).all(|n| holds(&filter, number_term("key", f64::from(n)))));
        let wrong = (200..10_200).filter(|n| holds(&filter, number_term("key", f64::from(*n)))).count();
        assert!(wrong < 200, "{wrong} of 10,000");
    }

    #[test]
    fn a_block_that_is_not_known_wholly_gets_no_filter() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE qike_filter (block INTEGER PRIMARY KEY, bits BLOB); CREATE TABLE qike_object (oid INTEGER PRIMARY KEY)").unwrap();
        let mut filters = Filters::default();
        let mut put = |oid: i64, value: f64, is_new: bool| {
            if is_new {
                conn.execute("INSERT INTO qike_object VALUES (?1)", [oid]).unwrap();
            }
            filters.add(oid, &[number_term("k", value)], &conn).unwrap();
        };
        (0..100).for_each(|oid| put(oid, (oid / 32) as f64, true));
        filters.flush(&conn).unwrap();
        let asked = |value: &str| ranges(&conn, &[wanted("k", value).unwrap()]).unwrap().unwrap();
        assert_eq!(asked("1"), [32..=63, 128..=i64::MAX]);
        assert_eq!(asked("3"), [96..=i64::MAX], "the last block is open");
        conn.execute("DELETE FROM qike_filter WHERE block = 0", []).unwrap();
        assert_eq!(asked("1"), [0..=63, 128..=i64::MAX]);
        filters.add(5, &[number_term("k", 9.0)], &conn).unwrap();
        filters.flush(&conn).unwrap();
        assert_eq!(asked("1"), [0..=63, 128..=i64::MAX], "one object of a block does not speak for all");
        filters.add(64, &[number_term("k", 1.0)], &conn).unwrap();
        filters.flush(&conn).unwrap();
        assert_eq!(asked("1"), [0..=95, 128..=i64::MAX]);
    }
}
