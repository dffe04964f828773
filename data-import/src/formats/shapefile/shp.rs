//! The geometries of a Shapefile (`.shp`), record by record, after ESRI's technical description of July 1998.
//!
//! The header's and the records' lengths are checked against what the file holds before anything is reserved. The index
//! (`.shx`) is not needed: records follow each other.

use crate::formats::features::shape::{Position, Shape};
use std::io::{self, Read};

const HEADER: u64 = 100;
/// Largest record read, bytes: about four million positions.
const LARGEST: u64 = 64 << 20;
/// Most pairs of rings that are compared to find which hole lies in which exterior.
const MOST_PAIRS: usize = 50_000_000;

/// A ring lies in another where one of so many of its points does; holes may touch their exterior in a few.
const SHARED: usize = 8;

/// True for a file that begins as a `.shp` (or a `.shx`) does.
pub fn is_shp(head: &[u8]) -> bool {
    head.len() >= HEADER as usize && head.starts_with(&[0, 0, 0x27, 0x0a]) && head[28..32] == 1000i32.to_le_bytes()
}

/// Why the records end.
#[derive(Debug)]
pub enum End {
    /// The file ends within a record, or says that it does: byte and reason.
    Cut(u64, String),
    /// Reading failed.
    Io(io::Error),
}

/// One record.
#[derive(Debug, PartialEq)]
pub struct Record {
    /// Byte at which it begins.
    pub at: u64,
    /// Its geometry, `None` for a null shape; `Err` where its content is broken.
    pub shape: Result<Option<Shape>, String>,
    /// True for surfaces in space (multipatch).
    pub in_space: bool,
    /// True where it has measures, which are not kept.
    pub measured: bool,
}

/// The box in the header: least x, least y, greatest x, greatest y.
pub fn extent(head: &[u8]) -> Option<[f64; 4]> {
    let number = |i: usize| head.get(36 + 8 * i..44 + 8 * i)?.try_into().ok().map(f64::from_le_bytes);
    Some([number(0)?, number(1)?, number(2)?, number(3)?])
}

/// Reads the records one after the other.
pub struct Records<R> {
    input: R,
    at: u64,
    size: u64,
}

impl<R: Read> Records<R> {
    /// After the header of a file of `size` bytes; `Err` where it has none.
    pub fn new(mut input: R, size: u64) -> Result<Self, End> {
        let mut header = [0; HEADER as usize];
        input.read_exact(&mut header).map_err(|e| cut(0, e))?;
        if !is_shp(&header) {
            return Err(End::Cut(0, "the header is not that of a Shapefile".into()));
        }
        Ok(Self { input, at: HEADER, size })
    }

    /// The next record, `None` after the last.
    pub fn next(&mut self) -> Option<Result<Record, End>> {
        let left = self.size.saturating_sub(self.at);
        // Some programs pad the file's end.
        if left < 8 {
            return None;
        }
        Some(self.record(left - 8))
    }

    fn record(&mut self, left: u64) -> Result<Record, End> {
        let at = self.at;
        let mut head = [0; 8];
        self.input.read_exact(&mut head).map_err(|e| cut(at, e))?;
        let [_, _, _, _, a, b, c, d] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d])) * 2;
        if length > left.min(LARGEST) {
            let reason = format!("a record announces {length} bytes, but {left} are left of the file");
            // Nothing can be found after it.
            self.at = self.size;
            return Err(End::Cut(at, reason));
        }
        let mut content = vec![0; length as usize];
        self.input.read_exact(&mut content).map_err(|e| cut(at, e))?;
        self.at = at + 8 + length;
        let kind = content.get(..4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_le_bytes);
        let shape = shape(&mut Bytes(&content));
        Ok(Record { at, shape, in_space: kind == 31, measured: matches!(kind, 21 | 23 | 25 | 28) })
    }
}

fn cut(at: u64, error: io::Error) -> End {
    if error.kind() == io::ErrorKind::UnexpectedEof { End::Cut(at, "the file is cut off".into()) } else { End::Io(error) }
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("the record is too short for its geometry")?;
        self.0 = rest;
        Ok(*head)
    }

    fn skip(&mut self, n: usize) -> Result<(), String> {
        self.0 = self.0.get(n..).ok_or("the record is too short for its geometry")?;
        Ok(())
    }

    fn i32(&mut self) -> Result<i32, String> {
        self.take().map(i32::from_le_bytes)
    }

    fn f64(&mut self) -> Result<f64, String> {
        self.take().map(f64::from_le_bytes)
    }

    fn count(&mut self) -> Result<usize, String> {
        let n = self.i32()?;
        // Parts take four bytes, points sixteen: no count can be larger than this.
        usize::try_from(n).ok().filter(|n| *n <= self.0.len() / 4 + 1).ok_or_else(|| format!("the record announces {n} parts or points"))
    }

    fn points(&mut self, count: usize) -> Result<Vec<Position>, String> {
        if count > self.0.len() / 16 {
            return Err(format!("the record announces {count} points, but has room for {}", self.0.len() / 16));
        }
        (0..count).map(|_| Ok([self.f64()?, self.f64()?, 0.0])).collect()
    }

    /// Heights after their range; the values that mean "none" become 0.
    fn heights(&mut self, points: &mut [Position]) -> Result<(), String> {
        self.skip(16)?;
        for p in points {
            let z = self.f64()?;
            p[2] = if z.is_finite() && z > -1e38 { z } else { 0.0 };
        }
        Ok(())
    }
}

fn shape(b: &mut Bytes<'_>) -> Result<Option<Shape>, String> {
    let kind = b.i32()?;
    Ok(Some(match kind {
        0 => return Ok(None),
        1 | 11 | 21 => {
            let mut p = b.points(1)?;
            if kind == 11 {
                let z = b.f64()?;
                p[0][2] = if z.is_finite() && z > -1e38 { z } else { 0.0 };
            }
            Shape::Points(p)
        }
        8 | 18 | 28 => {
            b.skip(32)?;
            let count = b.count()?;
            let mut points = b.points(count)?;
            if kind == 18 {
                b.heights(&mut points)?;
            }
            Shape::Points(points)
        }
        3 | 5 | 13 | 15 | 23 | 25 | 31 => {
            b.skip(32)?;
            let (parts, count) = (b.count()?, b.count()?);
            let starts = (0..parts).map(|_| b.i32()).collect::<Result<Vec<_>, _>>()?;
            let kinds = if kind == 31 { (0..parts).map(|_| b.i32()).collect::<Result<Vec<_>, _>>()? } else { vec![] };
            let mut points = b.points(count)?;
            if matches!(kind, 13 | 15 | 31) {
                b.heights(&mut points)?;
            }
            let parts = split(&points, &starts)?;
            match kind {
                3 | 13 | 23 => Shape::Lines(parts),
                31 => Shape::Areas(patches(parts, &kinds)),
                _ => Shape::Areas(polygons(parts)?),
            }
        }
        other => return Err(format!("{other} is no shape type")),
    }))
}

fn split(points: &[Position], starts: &[i32]) -> Result<Vec<Vec<Position>>, String> {
    let mut out = Vec::with_capacity(starts.len());
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).map_or(points.len(), |e| usize::try_from(*e).unwrap_or(usize::MAX));
        let part = usize::try_from(*start).ok().and_then(|s| points.get(s..end));
        out.push(part.ok_or_else(|| format!("part {} begins at point {start} of {}", i + 1, points.len()))?.to_vec());
    }
    Ok(out)
}

/// Triangles and rings of a multipatch as polygons.
fn patches(parts: Vec<Vec<Position>>, kinds: &[i32]) -> Vec<Vec<Vec<Position>>> {
    let mut out: Vec<Vec<Vec<Position>>> = Vec::new();
    for (part, kind) in parts.into_iter().zip(kinds) {
        match kind {
            0 => out.extend(part.windows(3).enumerate().map(|(i, t)| {
                let [a, b, c] = [t[0], t[1], t[2]];
                vec![if i % 2 == 0 { vec![a, b, c] } else { vec![b, a, c] }]
            })),
            1 => out.extend(part.first().into_iter().flat_map(|a| part[1..].windows(2).map(|t| vec![vec![*a, t[0], t[1]]]))),
            // An inner ring, or a ring after the first, belongs to the polygon before it.
            3 | 5 if !out.is_empty() => out.last_mut().into_iter().for_each(|p| p.push(part.clone())),
            _ => out.push(vec![part]),
        }
    }
    out
}

fn area2(ring: &[Position]) -> f64 {
    let Some(o) = ring.first() else { return 0.0 };
    ring.windows(2).map(|w| (w[0][0] - o[0]) * (w[1][1] - o[1]) - (w[1][0] - o[0]) * (w[0][1] - o[1])).sum()
}

/// A ring with its box, for telling what lies in it.
struct Ring {
    points: Vec<Position>,
    low: [f64; 2],
    high: [f64; 2],
    area: f64,
}

impl Ring {
    fn new(points: Vec<Position>) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in &points {
            for axis in 0..2 {
                low[axis] = low[axis].min(p[axis]);
                high[axis] = high[axis].max(p[axis]);
            }
        }
        let area = area2(&points);
        Self { points, low, high, area }
    }

    /// Does another ring lie within, by its box and by one of its points?
    fn holds(&self, other: &Self) -> bool {
        let boxed = (0..2).all(|axis| self.low[axis] <= other.low[axis] && other.high[axis] <= self.high[axis]);
        boxed && self.area.abs() > other.area.abs() && other.points.iter().take(SHARED).any(|p| self.contains(p))
    }

    fn contains(&self, p: &Position) -> bool {
        let mut inside = false;
        for w in self.points.windows(2) {
            let (a, b) = (w[0], w[1]);
            if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
                inside = !inside;
            }
        }
        inside
    }
}

/// Rings as polygons. Exteriors run clockwise and holes the other way; where that leaves a hole in nothing, the program that
/// wrote it turned them, and what lies in another ring is its hole.
fn polygons(parts: Vec<Vec<Position>>) -> Result<Vec<Vec<Vec<Position>>>, String> {
    let rings: Vec<Ring> = parts.into_iter().filter(|p| p.len() >= 3).map(Ring::new).collect();
    let by_turn: Vec<bool> = rings.iter().map(|r| r.area > 0.0).collect();
    let mut owners = owners(&rings, &by_turn)?;
    if owners.iter().zip(&by_turn).any(|(owner, hole)| *hole && owner.is_none()) {
        check_pairs(rings.len(), rings.len())?;
        let by_place: Vec<bool> = rings.iter().map(|r| rings.iter().filter(|other| other.holds(r)).count() % 2 == 1).collect();
        owners = self::owners(&rings, &by_place)?;
    }
    let mut polygon_of: Vec<usize> = vec![0; rings.len()];
    let mut out: Vec<Vec<Vec<Position>>> = Vec::new();
    for (i, ring) in rings.iter().enumerate().filter(|(i, _)| owners[*i].is_none()) {
        polygon_of[i] = out.len();
        out.push(vec![ring.points.clone()]);
    }
    for (ring, owner) in rings.into_iter().zip(owners) {
        if let Some(owner) = owner {
            out[polygon_of[owner]].push(ring.points);
        }
    }
    Ok(out)
}

/// For each hole the smallest exterior around it (there are islands in lakes on islands).
fn owners(rings: &[Ring], is_hole: &[bool]) -> Result<Vec<Option<usize>>, String> {
    let exteriors: Vec<usize> = (0..rings.len()).filter(|i| !is_hole[*i]).collect();
    check_pairs(exteriors.len(), rings.len() - exteriors.len())?;
    let owner = |i: usize| {
        let around = exteriors.iter().filter(|e| rings[**e].holds(&rings[i]));
        around.min_by(|a, b| rings[**a].area.abs().total_cmp(&rings[**b].area.abs())).copied()
    };
    Ok((0..rings.len()).map(|i| if is_hole[i] { owner(i) } else { None }).collect())
}

fn check_pairs(a: usize, b: usize) -> Result<(), String> {
    let pairs = a.saturating_mul(b);
    if a > 1 && pairs > MOST_PAIRS { Err(format!("the polygon has {} rings, too many to tell which lies in which", a.max(b))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, size: f64, clockwise: bool) -> Vec<Position> {
        let mut ring = vec![[x, x, 0.0], [x, x + size, 0.0], [x + size, x + size, 0.0], [x + size, x, 0.0], [x, x, 0.0]];
        if !clockwise {
            ring.reverse();
        }
        ring
    }

    #[test]
    fn holes_find_their_exterior_by_turn_or_by_place() {
        for turned in [false, true] {
            let out = polygons(vec![square(0.0, 10.0, !turned), square(1.0, 5.0, turned), square(20.0, 3.0, !turned), square(20.5, 1.0, turned)]);
            let rings: Vec<usize> = out.unwrap().iter().map(Vec::len).collect();
            assert_eq!(rings, [2, 2], "turned: {turned}");
        }
        let alone = polygons(vec![square(0.0, 1.0, true), square(50.0, 1.0, false)]).unwrap();
        assert_eq!(alone.len(), 2, "a hole in nothing is a polygon");
    }

    #[test]
    fn patches_become_polygons() {
        let p = |i: f64| [i, i * i, i];
        let strip: Vec<Position> = (0..5).map(f64::from).map(p).collect();
        let out = patches(vec![strip.clone(), strip.clone(), strip.clone(), strip], &[0, 1, 2, 3]);
        assert_eq!((out.len(), out[6].len()), (7, 2));
    }

    #[test]
    fn announced_lengths_are_not_believed() {
        let mut file = vec![0, 0, 0x27, 0x0a];
        file.resize(28, 0);
        file.extend(1000i32.to_le_bytes());
        file.extend(3i32.to_le_bytes());
        file.resize(100, 0);
        let header = file.clone();
        file.extend(1u32.to_be_bytes());
        file.extend(u32::MAX.to_be_bytes());
        file.extend([0; 40]);
        let mut records = Records::new(file.as_slice(), file.len() as u64).unwrap();
        assert!(matches!(records.next(), Some(Err(End::Cut(100, _)))) && records.next().is_none());
        let mut file = header;
        file.extend(1u32.to_be_bytes());
        file.extend(22u32.to_be_bytes());
        file.extend(3i32.to_le_bytes());
        file.extend([0; 32]);
        file.extend(i32::MAX.to_le_bytes());
        file.extend(i32::MAX.to_le_bytes());
        let record = Records::new(file.as_slice(), file.len() as u64).unwrap().next().unwrap().unwrap();
        assert!(record.shape.unwrap_err().contains("2147483647"));
    }
}
