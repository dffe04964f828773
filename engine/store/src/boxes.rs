//! Filling R*-trees. SQLite places one entry after another, which for a city takes longer than all its other rows; an import
//! that brings many entries has all nodes of the tree made at once instead, packed along a Hilbert curve (Kamel and Faloutsos
//! 1993, "On packing R-trees").
//!
//! The nodes are written as SQLite's extension keeps them (its file `rtree.c`, "Database Format of R-Tree Tables"): a node is
//! 2 bytes of depth (in the root), 2 bytes of count, then cells of an 8-byte number and two 4-byte bounds an axis, all big-endian;
//! `…_rowid` says in which leaf an entry is, `…_parent` under which node a node is. The root is node 1.

use crate::digits;
use crate::rows::{Cell, Rows, Run};
use qike_core::{Bounds2, Bounds3};
use rusqlite::{Connection, Result, params};

/// Fewer new entries than this are placed one by one, where there are some already.
const FEW: usize = 512;
/// So are those that are less than this part of what the tree holds.
const SHARE: usize = 4;

/// An entry: a number and its box, least and greatest of each axis in turn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    id: i64,
    bounds: [f32; 6],
}

/// Entries on their way into one R*-tree.
pub struct Boxes {
    table: String,
    axes: usize,
    pending: Vec<Entry>,
}

impl Boxes {
    /// For the tree in that table, which has two or three axes.
    pub fn new(table: impl Into<String>, axes: usize) -> Self {
        Self { table: table.into(), axes: axes.clamp(2, 3), pending: Vec::new() }
    }

    /// Adds a box in space. An entry may come once between two calls of [`Boxes::flush`], and not be in the tree.
    pub fn push3(&mut self, id: i64, b: &Bounds3) {
        let [x, y, z] = b.min.map(below);
        let [xx, yy, zz] = b.max.map(above);
        self.pending.push(Entry { id, bounds: [x, xx, y, yy, z, zz] });
    }

    /// Adds a box in the plane.
    pub fn push2(&mut self, id: i64, b: &Bounds2) {
        let [x, y] = b.min.map(below);
        let [xx, yy] = b.max.map(above);
        self.pending.push(Entry { id, bounds: [x, xx, y, yy, 0.0, 0.0] });
    }

    /// Forgets what was not written yet.
    pub fn clear(&mut self) {
        self.pending.clear();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Writes all that waits into the tree.
    pub fn flush(&mut self, conn: &Connection) -> Result<()> {
        let mut entries = std::mem::take(&mut self.pending);
        if entries.is_empty() {
            return Ok(());
        }
        let some = conn.prepare(&format!(r#"SELECT 1 FROM "{}_rowid" LIMIT 1"#, self.table))?.exists([])?;
        if some {
            let held = if entries.len() < FEW {
                usize::MAX
            } else {
                conn.query_row(&format!(r#"SELECT count(*) FROM "{}_rowid""#, self.table), [], |r| r.get(0))?
            };
            if held / SHARE >= entries.len() {
                return self.insert(conn, &entries);
            }
            self.read(conn, &mut entries)?;
        }
        self.build(conn, entries)
    }

    fn columns(&self) -> &'static str {
        if self.axes == 3 { "?1, ?2, ?3, ?4, ?5, ?6, ?7" } else { "?1, ?2, ?3, ?4, ?5" }
    }

    fn insert(&self, conn: &Connection, entries: &[Entry]) -> Result<()> {
        let mut statement = conn.prepare_cached(&format!(r#"INSERT OR REPLACE INTO "{}" VALUES ({})"#, self.table, self.columns()))?;
        for Entry { id, bounds: b } in entries {
            match self.axes {
                3 => statement.execute(params![id, b[0], b[1], b[2], b[3], b[4], b[5]])?,
                _ => statement.execute(params![id, b[0], b[1], b[2], b[3]])?,
            };
        }
        Ok(())
    }

    /// Adds what the tree holds.
    fn read(&self, conn: &Connection, entries: &mut Vec<Entry>) -> Result<()> {
        let mut statement = conn.prepare(&format!(r#"SELECT * FROM "{}""#, self.table))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut bounds = [0.0; 6];
            for (n, bound) in bounds.iter_mut().enumerate().take(2 * self.axes) {
                // The tree's own 32 bits come back as they are.
                *bound = row.get::<_, f64>(1 + n)? as f32;
            }
            entries.push(Entry { id: row.get(0)?, bounds });
        }
        Ok(())
    }

    /// Makes the tree anew of these entries.
    fn build(&self, conn: &Connection, entries: Vec<Entry>) -> Result<()> {
        let table = &self.table;
        let size: usize = conn.query_row(&format!(r#"SELECT length(data) FROM "{table}_node" WHERE nodeno = 1"#), [], |r| r.get(0))?;
        let room = (size.saturating_sub(4) / (8 + 8 * self.axes)).max(2);
        // A node that is not quite full takes later entries without being split.
        let fill = (room * 9 / 10).max(2);
        let entries = by_place(entries, self.axes);
        conn.execute_batch(&format!(r#"DELETE FROM "{table}_node"; DELETE FROM "{table}_rowid"; DELETE FROM "{table}_parent""#))?;
        let mut put_node = conn.prepare(&format!(r#"INSERT INTO "{table}_node" VALUES (?1, ?2)"#))?;
        let mut put_parent = conn.prepare(&format!(r#"INSERT INTO "{table}_parent" VALUES (?1, ?2)"#))?;
        let mut leaf_of: Vec<(u64, i64)> = Vec::with_capacity(entries.len());
        let (mut level, mut next, mut depth) = (entries, 2i64, 0u16);
        loop {
            let is_root = level.len() <= room;
            let count = if is_root { 1 } else { level.len().div_ceil(fill) };
            let mut above = Vec::with_capacity(count);
            for n in 0..count {
                // Even shares, so that no node is emptier than SQLite allows.
                let part = &level[n * level.len() / count..(n + 1) * level.len() / count];
                let number = if is_root { 1 } else { next + n as i64 };
                put_node.execute(params![number, self.node(part, size, if is_root { depth } else { 0 })])?;
                if depth == 0 {
                    leaf_of.extend(part.iter().map(|e| (e.id as u64, number)));
                } else {
                    for child in part {
                        put_parent.execute([child.id, number])?;
                    }
                }
                above.push(Entry { id: number, bounds: around(part) });
            }
            if is_root {
                break;
            }
            next += count as i64;
            (level, depth) = (above, depth + 1);
        }
        digits::sort(&mut leaf_of);
        let mut run = Run::default();
        let mut rows = Rows::into(conn, &format!(r#""{table}_rowid""#), "rowid, nodeno")?;
        for (id, leaf) in leaf_of {
            rows.add(&[run.next(id as i64), Cell::Int(leaf)])?;
        }
        rows.end()
    }

    fn node(&self, cells: &[Entry], size: usize, depth: u16) -> Vec<u8> {
        let mut data = Vec::with_capacity(size);
        data.extend_from_slice(&depth.to_be_bytes());
        data.extend_from_slice(&(cells.len() as u16).to_be_bytes());
        for cell in cells {
            data.extend_from_slice(&cell.id.to_be_bytes());
            cell.bounds[..2 * self.axes].iter().for_each(|b| data.extend_from_slice(&b.to_be_bytes()));
        }
        data.resize(size, 0);
        data
    }
}

/// The greatest 32-bit number that is not above.
fn below(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// The least 32-bit number that is not below.
fn above(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

fn around(entries: &[Entry]) -> [f32; 6] {
    let mut all = [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY];
    for entry in entries {
        for axis in 0..3 {
            all[2 * axis] = all[2 * axis].min(entry.bounds[2 * axis]);
            all[2 * axis + 1] = all[2 * axis + 1].max(entry.bounds[2 * axis + 1]);
        }
    }
    all
}

/// Along a Hilbert curve through the middles, one scale for all axes; as they came where several have one place.
fn by_place(entries: Vec<Entry>, axes: usize) -> Vec<Entry> {
    let all = around(&entries).map(f64::from);
    let longest = (0..axes).map(|a| all[2 * a + 1] - all[2 * a]).fold(0.0, f64::max);
    let scale = if longest > 0.0 { f64::from((1u32 << BITS) - 1) / longest } else { 0.0 };
    let key = |e: &Entry| {
        let cell = std::array::from_fn::<u32, 3, _>(|axis| {
            let middle = 0.5 * (f64::from(e.bounds[2 * axis]) + f64::from(e.bounds[2 * axis + 1]));
            ((middle - all[2 * axis]) * scale) as u32
        });
        if axes == 3 { hilbert(cell, BITS) } else { hilbert([cell[0], cell[1]], BITS) }
    };
    let mut order: Vec<(u64, u32)> = entries.iter().zip(0..).map(|(e, n)| (key(e), n)).collect();
    digits::sort(&mut order);
    order.iter().filter_map(|(_, n)| entries.get(*n as usize).copied()).collect()
}

/// Bits of a place along an axis: a cell of a city of 60 km is a metre wide.
const BITS: u32 = 16;

/// The place along a Hilbert curve (Skilling 2004, "Programming the Hilbert curve"). Without branches: of places next to each other
/// no two go the same way.
fn hilbert<const N: usize>(mut x: [u32; N], bits: u32) -> u64 {
    for bit in (1..bits).rev() {
        let p = (1u32 << bit) - 1;
        for i in 0..N {
            // Where the bit is set, turn the lower ones of the first axis; else exchange them with this one's.
            let set = (x[i] >> bit & 1).wrapping_neg();
            let t = (x[0] ^ x[i]) & p & !set;
            x[0] ^= p & set | t;
            x[i] ^= t;
        }
    }
    for i in 1..N {
        x[i] ^= x[i - 1];
    }
    // Each bit above of the last axis turns all below it.
    let mut t = x[N - 1] >> 1;
    for shift in [1, 2, 4, 8, 16] {
        t ^= t >> shift;
    }
    x.iter().enumerate().fold(0, |key, (n, axis)| key | spread::<N>(axis ^ t) << (N - 1 - n))
}

/// The lower 16 bits, each N places from the next.
fn spread<const N: usize>(value: u32) -> u64 {
    let mut v = u64::from(value & 0xffff);
    if N == 2 {
        v = (v | v << 8) & 0x00ff_00ff;
        v = (v | v << 4) & 0x0f0f_0f0f;
        v = (v | v << 2) & 0x3333_3333;
        (v | v << 1) & 0x5555_5555
    } else {
        v = (v | v << 16) & 0x001f_0000_ff00_00ff;
        v = (v | v << 8) & 0x100f_00f0_0f00_f00f;
        v = (v | v << 4) & 0x10c3_0c30_c30c_30c3;
        (v | v << 2) & 0x1249_2492_4924_9249
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::CounterRng;

    fn tree(axes: usize) -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        let columns = if axes == 3 { "id, minx, maxx, miny, maxy, minz, maxz" } else { "id, minx, maxx, miny, maxy" };
        conn.execute_batch(&format!("CREATE VIRTUAL TABLE t USING rtree({columns})")).unwrap();
        conn
    }

    fn place(n: i64) -> Bounds3 {
        let mut rng = CounterRng::new(3, n as u64, 0);
        let min = [rng.range(-1e6, 1e6), rng.range(3e6, 4e6), rng.range(0.0, 50.0)];
        Bounds3 { min, max: min.map(|c| c + rng.range(0.0, 30.0)) }
    }

    fn check(conn: &Connection, count: i64, axes: usize) {
        assert_eq!(conn.query_row("SELECT rtreecheck('t')", [], |r| r.get::<_, String>(0)).unwrap(), "ok", "{count} entries");
        assert_eq!(conn.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap(), count);
        for n in (1..=count).step_by(1 + count as usize / 50) {
            let b = place(n);
            let (x, y) = (b.centre()[0], b.centre()[1]);
            let found = conn.query_row("SELECT count(*) FROM t WHERE id = ?1 AND minx <= ?2 AND maxx >= ?2 AND miny <= ?3 AND maxy >= ?3", params![n, x, y], |r| r.get(0));
            assert_eq!(found, Ok(1), "entry {n} of {count}, {axes} axes");
            let among = conn.prepare("SELECT id FROM t WHERE minx <= ?1 AND maxx >= ?1 AND miny <= ?2 AND maxy >= ?2").unwrap()
                .query_map([x, y], |r| r.get::<_, i64>(0)).unwrap().any(|id| id == Ok(n));
            assert!(among, "entry {n} of {count} by place");
        }
    }

    #[test]
    fn trees_made_at_once_are_whole_and_take_more_later() {
        for axes in [2, 3] {
            for count in [1, 51, 52, 600, 5_000] {
                let conn = tree(axes);
                let mut boxes = Boxes::new("t", axes);
                let push = |boxes: &mut Boxes, n: i64| if axes == 3 { boxes.push3(n, &place(n)) } else { boxes.push2(n, &place(n).flat()) };
                (1..=count).rev().for_each(|n| push(&mut boxes, n));
                boxes.build(&conn, boxes.pending.clone()).unwrap();
                boxes.clear();
                check(&conn, count, axes);
                // A few more, one by one, and then so many that the tree is made anew.
                (count + 1..=count + 40).for_each(|n| push(&mut boxes, n));
                boxes.flush(&conn).unwrap();
                check(&conn, count + 40, axes);
                (count + 41..=count + 3_000).for_each(|n| push(&mut boxes, n));
                boxes.flush(&conn).unwrap();
                check(&conn, count + 3_000, axes);
                assert_eq!(conn.execute("DELETE FROM t WHERE id % 2", []).unwrap() as i64, (count + 3_001) / 2);
                assert_eq!(conn.query_row("SELECT rtreecheck('t')", [], |r| r.get::<_, String>(0)).unwrap(), "ok");
            }
        }
    }

    #[test]
    fn boxes_are_rounded_outwards() {
        for value in [0.1, -0.1, 3_421_987.983, 1e300, 0.0] {
            assert!(f64::from(below(value)) <= value && f64::from(above(value)) >= value, "{value}");
        }
    }

    #[test]
    fn bits_are_spread() {
        for value in [0u32, 1, 0xffff, 0xcbbc, 0x8001, 0x5a5a] {
            let apart = |n: u32| (0..16).fold(0u64, |key, bit| key | u64::from(value >> bit & 1) << (bit * n));
            assert_eq!((spread::<2>(value), spread::<3>(value)), (apart(2), apart(3)), "{value:x}");
        }
    }

    #[test]
    fn the_curve_goes_from_neighbour_to_neighbour() {
        let mut cells: Vec<[u32; 2]> = (0..64).map(|n| [n / 8, n % 8]).collect();
        cells.sort_by_key(|c| hilbert(*c, 3));
        assert!(cells.windows(2).all(|w| w[0][0].abs_diff(w[1][0]) + w[0][1].abs_diff(w[1][1]) == 1), "{cells:?}");
        let mut cells: Vec<[u32; 3]> = (0..512).map(|n| [n / 64, n / 8 % 8, n % 8]).collect();
        cells.sort_by_key(|c| hilbert(*c, 3));
        assert!(cells.windows(2).all(|w| (0..3).map(|a| w[0][a].abs_diff(w[1][a])).sum::<u32>() == 1), "{cells:?}");
    }
}
