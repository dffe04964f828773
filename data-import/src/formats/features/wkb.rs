//! Well-known binary (OGC 06-103r4 and PostGIS' EWKB): geometries of GeoPackages and of hexadecimal columns.
//!
//! Every count is checked against the bytes that are left before anything is reserved for it. Curves are refused: a curve
//! drawn through its control points would be another geometry.

use super::shape::{MAX_DEPTH, Position, Shape};

/// Reads a geometry; `Err` says what is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<Shape, String> {
    let mut reader = Reader { bytes, little: true };
    reader.geometry(0)
}

/// As [`parse`], from hexadecimal text.
pub fn parse_hex(text: &str) -> Result<Shape, String> {
    let digits = text.trim().as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let byte = |pair: &[u8]| match pair {
        [a, b] => Some(digit(*a)? << 4 | digit(*b)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    parse(&bytes.ok_or("the text is no hexadecimal WKB")?)
}

/// True for text that looks like hexadecimal WKB: a byte order, then a type.
pub fn looks_like_hex(text: &str) -> bool {
    text.len() >= 42 && text.len().is_multiple_of(2) && (text.starts_with("00") || text.starts_with("01")) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

/// Geometry type, and whether each position has a height and a measure.
struct Header {
    kind: u32,
    z: bool,
    m: bool,
}

impl Header {
    fn stride(&self) -> usize {
        8 * (2 + usize::from(self.z) + usize::from(self.m))
    }
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or("the geometry is cut off")?;
        self.bytes = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, String> {
        let raw = self.take::<4>()?;
        Ok(if self.little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    fn f64(&mut self) -> Result<f64, String> {
        let raw = self.take::<8>()?;
        Ok(if self.little { f64::from_le_bytes(raw) } else { f64::from_be_bytes(raw) })
    }

    /// A count of things of at least `size` bytes each.
    fn count(&mut self, size: usize) -> Result<usize, String> {
        let count = self.u32()? as usize;
        let left = self.bytes.len() / size.max(1);
        if count > left { Err(format!("the geometry announces {count} members, but there is room for {left}")) } else { Ok(count) }
    }

    fn header(&mut self) -> Result<Header, String> {
        self.little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            [other] => return Err(format!("the geometry's byte order is {other}, neither 0 nor 1")),
        };
        let raw = self.u32()?;
        let (mut z, mut m) = (raw & 0x8000_0000 != 0, raw & 0x4000_0000 != 0);
        if raw & 0x2000_0000 != 0 {
            self.u32()?; // PostGIS' SRID: the layer says it too.
        }
        let code = raw & 0x0fff_ffff;
        let kind = code % 1000;
        match code / 1000 {
            0 => {}
            1 => z = true,
            2 => m = true,
            3 => (z, m) = (true, true),
            _ => return Err(format!("{raw} is no geometry type")),
        }
        Ok(Header { kind, z, m })
    }

    fn position(&mut self, header: &Header) -> Result<Position, String> {
        let (x, y) = (self.f64()?, self.f64()?);
        let z = if header.z { self.f64()? } else { 0.0 };
        if header.m {
            self.f64()?;
        }
        Ok([x, y, if z.is_nan() { 0.0 } else { z }])
    }

    fn positions(&mut self, header: &Header) -> Result<Vec<Position>, String> {
        let count = self.count(header.stride())?;
        (0..count).map(|_| self.position(header)).collect()
    }

    fn rings(&mut self, header: &Header) -> Result<Vec<Vec<Position>>, String> {
        let count = self.count(4)?;
        (0..count).map(|_| self.positions(header)).collect()
    }

    fn geometry(&mut self, depth: usize) -> Result<Shape, String> {
        if depth > MAX_DEPTH {
            return Err(format!("geometries are nested deeper than {MAX_DEPTH}"));
        }
        let header = self.header()?;
        Ok(match header.kind {
            1 => {
                let p = self.position(&header)?;
                // An empty point has no other form in this encoding.
                Shape::Points(if p[0].is_nan() && p[1].is_nan() { vec![] } else { vec![p] })
            }
            2 => Shape::Lines(vec![self.positions(&header)?]),
            3 | 17 => Shape::Areas(vec![self.rings(&header)?]),
            4..=7 | 11 | 12 | 15 | 16 => {
                // Byte order, type and an empty member's count.
                let count = self.count(9)?;
                let members = (0..count).map(|_| self.geometry(depth + 1)).collect::<Result<Vec<_>, _>>()?;
                merge(members)
            }
            8..=10 | 13 | 14 => return Err("the geometry has circular arcs, which Qike does not read; make them lines first (ogr2ogr -nlt CONVERT_TO_LINEAR)".into()),
            other => return Err(format!("{other} is no geometry type that Qike reads")),
        })
    }
}

/// Members of one kind become one shape of that kind.
pub fn merge(members: Vec<Shape>) -> Shape {
    let (mut points, mut lines, mut areas, mut other) = (vec![], vec![], vec![], vec![]);
    for member in members {
        match member {
            Shape::Points(all) => points.extend(all),
            Shape::Lines(all) => lines.extend(all),
            Shape::Areas(all) => areas.extend(all),
            Shape::Many(all) => other.extend(all),
        }
    }
    let mut all: Vec<Shape> = Vec::new();
    if !points.is_empty() {
        all.push(Shape::Points(points));
    }
    if !lines.is_empty() {
        all.push(Shape::Lines(lines));
    }
    if !areas.is_empty() {
        all.push(Shape::Areas(areas));
    }
    all.extend(other);
    if all.len() == 1 { all.remove(0) } else { Shape::Many(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(order: u8, kind: u32, numbers: &[f64]) -> Vec<u8> {
        let mut out = vec![order];
        out.extend(if order == 1 { kind.to_le_bytes() } else { kind.to_be_bytes() });
        numbers.iter().for_each(|n| out.extend(if order == 1 { n.to_le_bytes() } else { n.to_be_bytes() }));
        out
    }

    #[test]
    fn both_orders_heights_and_measures() {
        for (order, kind, numbers, expected) in [
            (1, 1, &[1.0, 2.0][..], [1.0, 2.0, 0.0]),
            (0, 1001, &[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
            (1, 2001, &[1.0, 2.0, 9.0], [1.0, 2.0, 0.0]),
            (1, 3001, &[1.0, 2.0, 3.0, 9.0], [1.0, 2.0, 3.0]),
            (1, 0x8000_0001, &[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
            (1, 1001, &[1.0, 2.0, f64::NAN], [1.0, 2.0, 0.0]),
        ] {
            assert_eq!(parse(&point(order, kind, numbers)), Ok(Shape::Points(vec![expected])), "{kind}");
        }
        assert_eq!(parse(&point(1, 1, &[f64::NAN, f64::NAN])), Ok(Shape::Points(vec![])));
        let hex = "0101000020E6100000000000000000F03F0000000000000040";
        assert!(looks_like_hex(hex) && parse_hex(hex) == Ok(Shape::Points(vec![[1.0, 2.0, 0.0]])));
    }

    #[test]
    fn lies_are_refused_before_memory_is_reserved() {
        let mut line = vec![1, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        line.extend([0; 32]);
        assert!(parse(&line).unwrap_err().contains("announces 4294967295"));
        let nested: Vec<u8> = [1u8, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100);
        assert!(parse(&nested).unwrap_err().contains("nested deeper"));
        assert!(parse(&[1, 8, 0, 0, 0, 0, 0, 0, 0]).unwrap_err().contains("circular arcs"));
        let whole = point(1, 3001, &[1.0, 2.0, 3.0, 4.0]);
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_collection_keeps_its_kinds() {
        let mut bytes = vec![1, 7, 0, 0, 0, 3, 0, 0, 0];
        bytes.extend(point(1, 1, &[1.0, 2.0]));
        bytes.extend([1, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(point(0, 1, &[3.0, 4.0]));
        assert_eq!(parse(&bytes), Ok(Shape::Many(vec![Shape::Points(vec![[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]), Shape::Lines(vec![vec![]])])));
    }
}
