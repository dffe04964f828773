//! GeoPackage's geometry blobs: a header with the envelope, then well-known binary (OGC 12-128r18, clause 2.1.3).

use crate::bytes::Reader;
use crate::footprint::Footprint;
use geo::{Coord, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, Winding};

/// What kind of geometry a row holds; tables whose rows agree declare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// No geometry.
    None = 0,
    /// One point.
    Point = 1,
    /// Several points.
    MultiPoint = 2,
    /// Lines.
    Lines = 3,
    /// Areas.
    Areas = 4,
}

impl Shape {
    /// The shape of a footprint.
    pub fn of(footprint: &Footprint) -> Self {
        match footprint {
            Footprint::None => Self::None,
            Footprint::Points(p) if p.0.len() == 1 => Self::Point,
            Footprint::Points(_) => Self::MultiPoint,
            Footprint::Lines(_) => Self::Lines,
            Footprint::Areas(_) => Self::Areas,
        }
    }

    /// What `gpkg_geometry_columns` says of a table with rows of these shape numbers ([`Shape::None`] left out).
    pub fn table_type(numbers: &[i64]) -> &'static str {
        match numbers {
            [1] => "POINT",
            [2] => "MULTIPOINT",
            [3] => "MULTILINESTRING",
            [4] => "MULTIPOLYGON",
            _ => "GEOMETRY",
        }
    }
}

/// The blob of a footprint; `None` where there is no geometry. Lines and areas are always of the Multi kinds.
pub fn write(footprint: &Footprint, srs_id: i32) -> Option<Vec<u8>> {
    let shape = Shape::of(footprint);
    if shape == Shape::None {
        return None;
    }
    let mut out = Vec::with_capacity(64 + 20 * footprint.corners());
    // Little-endian, not empty; an envelope of four numbers, which a point does without.
    out.extend_from_slice(&[b'G', b'P', 0, if shape == Shape::Point { 0b001 } else { 0b011 }]);
    out.extend_from_slice(&srs_id.to_le_bytes());
    if shape != Shape::Point {
        let b = footprint.bounds();
        [b.min[0], b.max[0], b.min[1], b.max[1]].iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
    }
    match footprint {
        Footprint::None => {}
        Footprint::Points(points) => match points.0.as_slice() {
            [one] => put_point(&mut out, one),
            several => {
                head(&mut out, 4, several.len());
                several.iter().for_each(|p| put_point(&mut out, p));
            }
        },
        Footprint::Lines(lines) => {
            head(&mut out, 5, lines.0.len());
            for line in &lines.0 {
                head(&mut out, 2, line.0.len());
                line.0.iter().for_each(|c| put_coord(&mut out, c));
            }
        }
        Footprint::Areas(areas) => {
            head(&mut out, 6, areas.0.len());
            for area in &areas.0 {
                head(&mut out, 3, 1 + area.interiors().len());
                put_ring(&mut out, area.exterior(), true);
                area.interiors().iter().for_each(|ring| put_ring(&mut out, ring, false));
            }
        }
    }
    Some(out)
}

fn head(out: &mut Vec<u8>, kind: u32, count: usize) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn put_point(out: &mut Vec<u8>, p: &Point) {
    out.push(1);
    out.extend_from_slice(&1u32.to_le_bytes());
    put_coord(out, &p.0);
}

fn put_coord(out: &mut Vec<u8>, c: &Coord) {
    out.extend_from_slice(&c.x.to_le_bytes());
    out.extend_from_slice(&c.y.to_le_bytes());
}

/// Exteriors anticlockwise, holes clockwise, as simple features want them.
fn put_ring(out: &mut Vec<u8>, ring: &LineString, anticlockwise: bool) {
    out.extend_from_slice(&(ring.0.len() as u32).to_le_bytes());
    if ring.is_ccw() == anticlockwise {
        ring.0.iter().for_each(|c| put_coord(out, c));
    } else {
        ring.0.iter().rev().for_each(|c| put_coord(out, c));
    }
}

/// Reads a blob: ours, or one that another program wrote in little-endian with any envelope; `None` where it is broken or of
/// another kind (curves, collections).
pub fn read(blob: &[u8]) -> Option<Footprint> {
    let mut r = Reader::new(blob);
    if r.take(3)? != [b'G', b'P', 0] {
        return None;
    }
    let flags = r.u8()?;
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return None,
    };
    r.take(4 + envelope)?;
    if flags & 0x10 != 0 {
        return Some(Footprint::None);
    }
    read_wkb(&mut r)
}

/// Number of values of a position, by the thousands of the geometry type: ISO WKB's Z, M and ZM.
fn read_wkb(r: &mut Reader) -> Option<Footprint> {
    if r.u8()? != 1 {
        return None;
    }
    let kind = r.u32()?;
    let extra = match kind / 1000 {
        0 => 0,
        1 | 2 => 1,
        3 => 2,
        _ => return None,
    };
    Some(match kind % 1000 {
        1 => Footprint::Points(MultiPoint(vec![Point(coord(r, extra)?)])),
        2 => Footprint::Lines(MultiLineString(vec![line(r, extra)?])),
        3 => Footprint::Areas(MultiPolygon(vec![polygon(r, extra)?])),
        4..=6 => {
            let (mut points, mut lines, mut areas) = (vec![], vec![], vec![]);
            for _ in 0..r.u32()? {
                match read_wkb(r)? {
                    Footprint::Points(p) => points.extend(p.0),
                    Footprint::Lines(l) => lines.extend(l.0),
                    Footprint::Areas(a) => areas.extend(a.0),
                    Footprint::None => {}
                }
            }
            match kind % 1000 {
                4 => Footprint::Points(MultiPoint(points)),
                5 => Footprint::Lines(MultiLineString(lines)),
                _ => Footprint::Areas(MultiPolygon(areas)),
            }
        }
        _ => return None,
    })
}

fn coord(r: &mut Reader, extra: usize) -> Option<Coord> {
    let c = Coord { x: r.f64()?, y: r.f64()? };
    r.take(extra * 8)?;
    Some(c)
}

fn line(r: &mut Reader, extra: usize) -> Option<LineString> {
    let n = r.u32()? as usize;
    if n * (2 + extra) * 8 > r.left() {
        return None;
    }
    (0..n).map(|_| coord(r, extra)).collect::<Option<Vec<_>>>().map(LineString)
}

fn polygon(r: &mut Reader, extra: usize) -> Option<Polygon> {
    let mut rings = (0..r.u32()?).map(|_| line(r, extra)).collect::<Option<Vec<_>>>()?.into_iter();
    Some(Polygon::new(rings.next()?, rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, size: f64) -> LineString {
        LineString::from(vec![(x, 0.0), (x, size), (x + size, size), (x + size, 0.0), (x, 0.0)])
    }

    #[test]
    fn blobs_go_there_and_back_with_rings_turned_right() {
        let area = Footprint::Areas(MultiPolygon(vec![Polygon::new(square(0.0, 9.0), vec![square(1.0, 2.0)])]));
        let blob = write(&area, 4549).unwrap();
        assert_eq!(&blob[..8], [b'G', b'P', 0, 3, 0xC5, 0x11, 0, 0]);
        let Some(Footprint::Areas(back)) = read(&blob) else { panic!() };
        assert!(back.0[0].exterior().is_ccw() && back.0[0].interiors()[0].is_cw());
        for other in [
            Footprint::Points(MultiPoint::from(vec![(1.0, 2.0)])),
            Footprint::Points(MultiPoint::from(vec![(1.0, 2.0), (3.0, 4.0)])),
            Footprint::Lines(MultiLineString(vec![LineString::from(vec![(0.0, 0.0), (1.0, 5.0)])])),
        ] {
            assert_eq!(read(&write(&other, 4326).unwrap()), Some(other));
        }
        assert_eq!(write(&Footprint::None, 4326), None);
    }

    #[test]
    fn broken_blobs_give_nothing() {
        let blob = write(&Footprint::Areas(MultiPolygon(vec![Polygon::new(square(0.0, 1.0), vec![])])), 1).unwrap();
        for n in 0..blob.len() {
            assert_eq!(read(&blob[..n]), None, "cut at {n}");
        }
        let mut huge = blob.clone();
        let count = blob.len() - 5 * 16 - 4;
        huge[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&huge), None);
    }
}
