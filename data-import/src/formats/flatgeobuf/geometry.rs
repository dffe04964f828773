//! FlatGeobuf's geometries: flat lists of numbers, cut into parts by where each ends.

use crate::formats::features::shape::{MAX_DEPTH, Position, Shape};
use crate::formats::features::wkb::merge;
use ::flatgeobuf::{Geometry, GeometryType};

/// A feature's geometry; `kind` is the layer's, and each geometry's own where the layer has several.
pub fn shape(geometry: &Geometry<'_>, kind: GeometryType) -> Result<Shape, String> {
    part(geometry, kind, 0)
}

fn part(geometry: &Geometry<'_>, kind: GeometryType, depth: usize) -> Result<Shape, String> {
    if depth > MAX_DEPTH {
        return Err(format!("geometries are nested deeper than {MAX_DEPTH}"));
    }
    let kind = if kind == GeometryType::Unknown { geometry.type_() } else { kind };
    let members = |of: GeometryType| -> Result<Shape, String> {
        let parts = geometry.parts().into_iter().flat_map(|all| all.iter());
        parts.map(|p| part(&p, of, depth + 1)).collect::<Result<Vec<_>, _>>().map(merge)
    };
    Ok(match kind {
        GeometryType::Point | GeometryType::MultiPoint => {
            let all = positions(geometry)?;
            // An empty point is written as one that is no number.
            Shape::Points(all.into_iter().filter(|p| !(p[0].is_nan() && p[1].is_nan())).collect())
        }
        GeometryType::LineString | GeometryType::MultiLineString => Shape::Lines(pieces(geometry)?),
        GeometryType::Polygon | GeometryType::Triangle => Shape::Areas(vec![pieces(geometry)?]),
        GeometryType::MultiPolygon | GeometryType::PolyhedralSurface => members(GeometryType::Polygon)?,
        GeometryType::TIN => members(GeometryType::Triangle)?,
        GeometryType::GeometryCollection => members(GeometryType::Unknown)?,
        GeometryType::Unknown => return Err("the geometry does not say of which type it is".into()),
        other => return Err(format!("the geometry is a {}, which Qike does not read (make it lines first: ogr2ogr -nlt CONVERT_TO_LINEAR)", other.variant_name().unwrap_or("thing of an unknown type"))),
    })
}

fn positions(geometry: &Geometry<'_>) -> Result<Vec<Position>, String> {
    let Some(xy) = geometry.xy() else { return Ok(vec![]) };
    let z = geometry.z().filter(|z| !z.is_empty());
    if xy.len() % 2 != 0 || z.as_ref().is_some_and(|z| z.len() != xy.len() / 2) {
        return Err(format!("the geometry has {} numbers for x and y and {} heights", xy.len(), z.map_or(0, |z| z.len())));
    }
    let height = |i: usize| z.as_ref().map_or(0.0, |z| z.get(i)).clamp(f64::MIN, f64::MAX);
    let position = |i: usize| [xy.get(2 * i), xy.get(2 * i + 1), if height(i).is_nan() { 0.0 } else { height(i) }];
    Ok((0..xy.len() / 2).map(position).collect())
}

/// Lines or rings; one, where no ends are given.
fn pieces(geometry: &Geometry<'_>) -> Result<Vec<Vec<Position>>, String> {
    let all = positions(geometry)?;
    let Some(ends) = geometry.ends().filter(|e| !e.is_empty()) else { return Ok(if all.is_empty() { vec![] } else { vec![all] }) };
    let (mut out, mut from) = (Vec::with_capacity(ends.len()), 0usize);
    for end in ends.iter() {
        let end = end as usize;
        let piece = all.get(from..end).ok_or_else(|| format!("a part of the geometry ends at point {end} of {}", all.len()))?;
        out.push(piece.to_vec());
        from = end;
    }
    Ok(out)
}
