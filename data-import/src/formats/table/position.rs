//! From a record's fields to a geometry.

use super::mapping::{PositionShape, PositionSpec};
use super::template::{Fields, field};
use crate::formats::geojson::open_ring;
use qike_scene::{Geometry, GeometryBuilder, GeometryKind, Lod, Value};

/// Why a record has no position.
#[derive(Debug, PartialEq)]
pub enum NoPosition {
    /// The field is absent or empty.
    Empty(String),
    /// It holds something else than numbers.
    Bad(String),
}

/// A value as a number, also where it is written as text. NaN and infinities pass: the projector reports them.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn coordinate(fields: &Fields, name: &str) -> Result<f64, NoPosition> {
    match field(fields, name) {
        None | Some(Value::Null) => Err(NoPosition::Empty(name.to_owned())),
        Some(Value::String(text)) if text.trim().is_empty() => Err(NoPosition::Empty(name.to_owned())),
        Some(value) => number(value).ok_or_else(|| NoPosition::Bad(format!("'{name}' is {value}, not a number"))),
    }
}

/// The positions of a record, in the source's system.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Those that could be read.
    pub points: Vec<[f64; 3]>,
    /// Vertices of a line or ring that could not, as messages: the others still make the shape.
    pub bad_vertices: Vec<String>,
}

/// Finds the positions of a record.
pub fn positions(spec: &PositionSpec, fields: &Fields) -> Result<Found, NoPosition> {
    let pair = spec.lon.as_ref().zip(spec.lat.as_ref()).or(spec.x.as_ref().zip(spec.y.as_ref()));
    if let Some((x, y)) = pair {
        let z = match &spec.z {
            Some(z) => match coordinate(fields, z) {
                Err(NoPosition::Empty(_)) => 0.0,
                other => other?,
            },
            None => 0.0,
        };
        return Ok(Found { points: vec![[coordinate(fields, x)?, coordinate(fields, y)?, z]], ..Default::default() });
    }
    let name = spec.text.as_deref().unwrap_or_default();
    let order: Vec<&str> = spec.order.as_deref().unwrap_or("lon,lat,z").split(',').map(str::trim).collect();
    let between_numbers = spec.number_separator.as_deref().unwrap_or(",");
    let between_points = spec.point_separator.as_deref().unwrap_or(";");
    let one = |text: &str| text_position(text, &order, between_numbers);
    let all = match field(fields, name) {
        None | Some(Value::Null) => return Err(NoPosition::Empty(name.to_owned())),
        Some(Value::String(text)) => {
            let points = text.split(between_points).map(str::trim).filter(|t| !t.is_empty());
            points.map(one).collect::<Vec<_>>()
        }
        Some(Value::Array(items)) => {
            let each = items.iter().map(|item| match item {
                Value::String(text) => one(text),
                Value::Array(numbers) => numbers_position(numbers.iter().map(number), &order, &item.to_string()),
                other => Err(NoPosition::Bad(format!("'{name}' holds {other}, not a position"))),
            });
            each.collect()
        }
        Some(other) => return Err(NoPosition::Bad(format!("'{name}' is {other}, not a text of positions"))),
    };
    let tolerant = matches!(spec.shape, Some(PositionShape::Line | PositionShape::Polygon));
    let mut found = Found::default();
    for one in all {
        match one {
            Ok(p) => found.points.push(p),
            Err(NoPosition::Bad(reason)) if tolerant => found.bad_vertices.push(reason),
            Err(fault) => return Err(fault),
        }
    }
    match (found.points.is_empty(), found.bad_vertices.first()) {
        (true, Some(reason)) => Err(NoPosition::Bad(reason.clone())),
        (true, None) => Err(NoPosition::Empty(name.to_owned())),
        (false, _) => Ok(found),
    }
}

fn text_position(text: &str, order: &[&str], separator: &str) -> Result<[f64; 3], NoPosition> {
    let parts: Vec<&str> = if separator.trim().is_empty() { text.split_whitespace().collect() } else { text.split(separator).collect() };
    numbers_position(parts.iter().map(|p| p.trim().parse().ok()), order, text)
}

/// Numbers in the given order; x and y must be there, a missing z is 0.
fn numbers_position(numbers: impl Iterator<Item = Option<f64>>, order: &[&str], shown: &str) -> Result<[f64; 3], NoPosition> {
    let bad = || NoPosition::Bad(format!("'{shown}' is no position in the order {}", order.join(",")));
    let (mut p, mut found) = ([0.0; 3], [false, false]);
    for (what, value) in order.iter().zip(numbers) {
        match *what {
            "lon" | "x" => (p[0], found[0]) = (value.ok_or_else(bad)?, true),
            "lat" | "y" => (p[1], found[1]) = (value.ok_or_else(bad)?, true),
            "z" => p[2] = value.ok_or_else(bad)?,
            _ => {}
        }
    }
    if found == [true, true] { Ok(p) } else { Err(bad()) }
}

/// The geometry of positions in the sink's system; `None` where they are too few for the shape.
pub fn geometry(shape: PositionShape, lod: Lod, mut points: Vec<[f64; 3]>) -> Option<Geometry> {
    match shape {
        PositionShape::Point => {
            let mut builder = GeometryBuilder::new(lod, GeometryKind::MultiPoint);
            for p in &points {
                builder.point(*p);
            }
            (!points.is_empty()).then(|| builder.build())
        }
        PositionShape::Line => {
            points.dedup();
            (points.len() >= 2).then(|| Geometry::line(lod, &points))
        }
        PositionShape::Polygon => {
            open_ring(&mut points);
            (points.len() >= 3).then(|| Geometry::polygon(lod, &[points]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(order: &str, points: &str) -> PositionSpec {
        PositionSpec { text: Some("p".into()), order: Some(order.into()), point_separator: Some(points.into()), ..Default::default() }
    }

    fn read(spec: &PositionSpec, p: Value) -> Result<Vec<[f64; 3]>, NoPosition> {
        positions(spec, &Fields::from_iter([("p".to_owned(), p)])).map(|found| found.points)
    }

    #[test]
    fn a_ring_survives_a_vertex_that_cannot_be_read() {
        let spec = PositionSpec { shape: Some(PositionShape::Polygon), ..spec("lon,lat", "|") };
        let fields = Fields::from_iter([("p".to_owned(), json!("1,2|3,4.55.6,7|8,9"))]);
        let found = positions(&spec, &fields).unwrap();
        assert_eq!((found.points.as_slice(), found.bad_vertices.len()), (&[[1.0, 2.0, 0.0], [8.0, 9.0, 0.0]][..], 1));
        assert!(matches!(read(&spec, json!("x|y")), Err(NoPosition::Bad(_))));
    }

    #[test]
    fn texts_lists_and_skipped_numbers() {
        assert_eq!(read(&spec("lon,lat,_", ";"), json!("1,2,9.998; 3,4,0;")), Ok(vec![[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]));
        assert_eq!(read(&spec("lat,lon", "|"), json!("1,2|3,4")), Ok(vec![[2.0, 1.0, 0.0], [4.0, 3.0, 0.0]]));
        assert_eq!(read(&spec("lon,lat,z", ";"), json!(["1,2", [3, "4", 5]])), Ok(vec![[1.0, 2.0, 0.0], [3.0, 4.0, 5.0]]));
        assert_eq!(read(&spec("lon,lat", ";"), json!("")), Err(NoPosition::Empty("p".into())));
        for bad in [json!("1"), json!("a,b"), json!([1, 2]), json!(5), json!("1,2,3;4")] {
            assert!(matches!(read(&spec("lon,lat", ";"), bad.clone()), Err(NoPosition::Bad(_))), "{bad}");
        }
    }

    #[test]
    fn fields_as_numbers_or_texts() {
        let spec = PositionSpec { lon: Some("x".into()), lat: Some("y".into()), z: Some("h".into()), ..Default::default() };
        let fields = |v: Value| v.as_object().cloned().unwrap_or_default();
        assert_eq!(positions(&spec, &fields(json!({ "x": "121.9", "y": 30.88, "h": "" }))).map(|f| f.points), Ok(vec![[121.9, 30.88, 0.0]]));
        assert!(positions(&spec, &fields(json!({ "x": "NaN", "y": 1 }))).unwrap().points[0][0].is_nan());
        assert_eq!(positions(&spec, &fields(json!({ "x": 1 }))), Err(NoPosition::Empty("y".into())));
    }

    #[test]
    fn too_few_points_make_nothing() {
        let (a, b, c) = ([0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]);
        assert!(geometry(PositionShape::Polygon, Lod::ZERO, vec![a, b, b, a]).is_none());
        assert_eq!(geometry(PositionShape::Polygon, Lod::ZERO, vec![a, b, b, c, a]).unwrap().vertices.len(), 3);
        assert!(geometry(PositionShape::Line, Lod::ZERO, vec![a, a]).is_none());
    }
}
