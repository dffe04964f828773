//! GeoJSON: a FeatureCollection, a Feature, a bare geometry, or a sequence of them (one a line, with or without RS).
//!
//! Positions are (longitude, latitude, height) unless a `crs` member (of old GeoJSON) or the user says otherwise. What an
//! object is and how it is called, [`super::features`] decides; a mapping file can say it better.
//! The file is parsed as a whole; [`LIMIT`] bounds it.

use super::features::identity::Given;
use super::features::shape::{MAX_DEPTH, Position, Shape};
use super::features::{self, Layer, Writer, centre_lonlat, text};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{ObjectSink, Value};
use serde_json::Map;
use std::borrow::Cow;
use std::path::Path;

/// Largest file read, bytes.
pub const LIMIT: u64 = 512 << 20;

/// The importer.
pub struct GeoJson;

/// A file's features and what it says of its coordinates.
pub struct Document {
    /// Features: `id`, `properties`, `geometry`.
    pub features: Vec<Feature>,
    /// The `crs` member.
    pub crs: Option<String>,
    /// Lines of a sequence that are left out, with the reason.
    pub bad_lines: Vec<(u64, String)>,
}

/// One feature.
pub struct Feature {
    /// `id`, as it stands.
    pub id: Option<Value>,
    /// `properties`.
    pub properties: Map<String, Value>,
    /// `geometry`; `None` where it is null or absent.
    pub geometry: Option<Value>,
}

const GEOMETRIES: [&str; 7] =
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"];

/// Parses a file; `Err` where its bytes are no JSON or no GeoJSON. In a sequence of one feature a line, a broken line is
/// left out and the others go on.
pub fn parse(bytes: &[u8], name: &str) -> Result<Document, ImportError> {
    let decoded = text::decode(bytes);
    // A text sequence (RFC 8142) has a record separator before each document; white space to the parser below.
    let text = if decoded.text.contains('\u{1e}') { Cow::Owned(decoded.text.replace('\u{1e}', "\n")) } else { decoded.text };
    let mut document = Document { features: vec![], crs: None, bad_lines: vec![] };
    if let Err(error) = whole(&text, name, &mut document) {
        let first = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        let is_sequence = serde_json::from_str::<Value>(first).is_ok_and(|v| take(v, &mut Document { features: vec![], crs: None, bad_lines: vec![] }).is_ok());
        if !is_sequence {
            return Err(error);
        }
        document = Document { features: vec![], crs: None, bad_lines: vec![] };
        for (line, text) in (1..).zip(text.lines()).filter(|(_, l)| !l.trim().is_empty()) {
            let value = serde_json::from_str::<Value>(text).map_err(|e| format!("broken JSON: {e}"));
            if let Err(reason) = value.and_then(|v| take(v, &mut document)) {
                document.bad_lines.push((line, reason));
            }
        }
    }
    Ok(document)
}

fn whole(text: &str, name: &str, document: &mut Document) -> Result<(), ImportError> {
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|e| json_error(name, &e))?;
        take(value, document).map_err(|reason| ImportError::corrupt(name, "the document", reason))?;
    }
    Ok(())
}

/// A parse error with its line and column.
pub fn json_error(name: &str, error: &serde_json::Error) -> ImportError {
    let reason = if error.is_eof() { "the JSON is cut off".to_owned() } else { format!("broken JSON: {error}") };
    ImportError::corrupt(name, format!("line {}, column {}", error.line(), error.column()), reason)
}

fn take(value: Value, document: &mut Document) -> Result<(), String> {
    let Value::Object(mut object) = value else { return Err("the document is no JSON object, so no GeoJSON".into()) };
    let named = object.get("crs").and_then(|c| c.pointer("/properties/name")).and_then(Value::as_str).map(str::to_owned);
    document.crs = document.crs.take().or(named);
    match object.get("type").and_then(Value::as_str).unwrap_or("") {
        "FeatureCollection" => match object.remove("features") {
            Some(Value::Array(all)) => {
                document.features.extend(all.into_iter().map(feature));
                Ok(())
            }
            _ => Err("a FeatureCollection without an array 'features'".into()),
        },
        "Feature" => {
            document.features.push(feature(Value::Object(object)));
            Ok(())
        }
        kind if GEOMETRIES.contains(&kind) => {
            document.features.push(Feature { id: None, properties: Map::new(), geometry: Some(Value::Object(object)) });
            Ok(())
        }
        other => Err(format!("the type '{other}' is not one of GeoJSON's")),
    }
}

fn feature(value: Value) -> Feature {
    let Value::Object(mut object) = value else {
        // Kept as a feature whose geometry is refused later, so that the numbering of features stays.
        return Feature { id: None, properties: Map::new(), geometry: Some(value) };
    };
    let properties = match object.remove("properties") {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    Feature { id: object.remove("id").filter(|v| !v.is_null()), properties, geometry: object.remove("geometry").filter(|v| !v.is_null()) }
}

/// Reads a GeoJSON geometry; `Err` where it is malformed.
pub fn shape(value: &Value) -> Result<Shape, String> {
    shape_at(value, 0)
}

fn shape_at(value: &Value, depth: usize) -> Result<Shape, String> {
    let kind = value.get("type").and_then(Value::as_str).ok_or("the geometry has no type")?;
    if kind == "GeometryCollection" {
        if depth >= MAX_DEPTH {
            return Err(format!("geometry collections are nested deeper than {MAX_DEPTH}"));
        }
        let members = value.get("geometries").and_then(Value::as_array).ok_or("a GeometryCollection without 'geometries'")?;
        return Ok(Shape::Many(members.iter().map(|m| shape_at(m, depth + 1)).collect::<Result<_, _>>()?));
    }
    if !GEOMETRIES.contains(&kind) {
        return Err(format!("the geometry type '{kind}' is not one of GeoJSON's"));
    }
    let c = value.get("coordinates").ok_or_else(|| format!("a {kind} without 'coordinates'"))?;
    Ok(match kind {
        "Point" => Shape::Points(vec![position(c)?]),
        "MultiPoint" => Shape::Points(positions(c)?),
        "LineString" => Shape::Lines(vec![positions(c)?]),
        "MultiLineString" => Shape::Lines(rings(c)?),
        "Polygon" => Shape::Areas(vec![rings(c)?]),
        _ => Shape::Areas(array(c)?.iter().map(rings).collect::<Result<_, _>>()?),
    })
}

/// Drops repeated vertices and the closing one.
pub fn open_ring(ring: &mut Vec<[f64; 3]>) {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| "coordinates are not nested as the geometry's type asks".to_owned())
}

fn position(value: &Value) -> Result<Position, String> {
    let numbers = array(value)?;
    let at = |i: usize| numbers.get(i).and_then(Value::as_f64);
    match (at(0), at(1)) {
        (Some(x), Some(y)) => Ok([x, y, at(2).unwrap_or(0.0)]),
        _ => Err("a position needs two numbers".into()),
    }
}

fn positions(value: &Value) -> Result<Vec<Position>, String> {
    array(value)?.iter().map(position).collect()
}

fn rings(value: &Value) -> Result<Vec<Vec<Position>>, String> {
    array(value)?.iter().map(positions).collect()
}

/// The system of a document: the user's word, its `crs` member, else degrees of WGS 84.
pub fn source_crs(source: &Source, document: &Document) -> Result<SourceCrs, ImportError> {
    let own = document.crs.as_deref().map(SourceCrs::parse).transpose();
    match (&source.options.source_crs, own) {
        (Some(said), _) => Ok(said.clone()),
        (None, Ok(own)) => Ok(own.unwrap_or_else(|| SourceCrs::Crs(Crs::wgs84()))),
        (None, Err(error)) => Err(ImportError::crs(&source.name, error)),
    }
}

/// The first position in nested coordinates.
pub fn first_position(geometry: &Value) -> Option<[f64; 3]> {
    let mut value = match geometry.get("geometries").and_then(|g| g.get(0)) {
        Some(first) => return first_position(first),
        None => geometry.get("coordinates")?,
    };
    while value.get(0).is_some_and(Value::is_array) {
        value = value.get(0)?;
    }
    position(value).ok()
}

impl Importer for GeoJson {
    fn name(&self) -> &'static str {
        "geojson"
    }

    fn title(&self) -> &'static str {
        "GeoJSON"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["geojson", "geojsonl", "geojsons", "ndgeojson"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let text = text::decode_head(head);
        let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{1e}').starts_with('{');
        // Features bring `"type": "Feature"`; a bare geometry brings its type and `coordinates`.
        let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let has = |kind: &str| squeezed.contains(&format!("\"type\":\"{kind}\""));
        let geometry = GEOMETRIES.iter().any(|g| has(g)) && (squeezed.contains("\"coordinates\"") || squeezed.contains("\"geometries\""));
        let content = begins && !has("CityJSON") && !has("CityJSONFeature") && (has("FeatureCollection") || has("Feature") || geometry);
        Confidence::of(self.has_ending(path), content)
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let document = parse(&source.read(LIMIT)?, &source.name)?;
        let crs = source_crs(source, &document)?;
        let positions = document.features.iter().filter_map(|f| f.geometry.as_ref().and_then(first_position));
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, positions), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let document = parse(&source.read(LIMIT)?, &source.name)?;
        let crs = source_crs(source, &document)?;
        let stem = features::stem(&source.path);
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        let mut given = Given::default();
        let mut writer = Writer::new(Layer { name: &stem, prefix: &stem }, source, id, projector, &mut given);
        for (line, reason) in document.bad_lines {
            writer.error("line-bad", "", Some(line), "", format!("the line is left out: {reason}"), sink);
        }
        let task = feedback.task(format!("read {}", source.name), document.features.len() as u64);
        let (mut bad, mut first_bad) = (0u64, None);
        for (i, Feature { id, properties, geometry }) in document.features.into_iter().enumerate() {
            feedback.check()?;
            task.advance(1);
            let mut feature = features::Feature { number: i + 1, id, attributes: properties, ..Default::default() };
            match geometry.as_ref().map(shape).transpose() {
                Ok(shape) => feature.shape = shape,
                Err(reason) => {
                    bad += 1;
                    first_bad.get_or_insert_with(|| (i, writer.id(&feature), reason));
                    continue;
                }
            }
            writer.write(feature, sink)?;
        }
        if let Some((i, name, reason)) = first_bad {
            let message = format!("{bad} features have a geometry that cannot be read and are left out; the first: {reason}");
            sink.diagnostic(Diagnostic::error("geometry-bad", message).object(name).file(&source.name).path(format!("/features/{i}/geometry")));
        }
        writer.finish(sink);
        Ok(())
    }
}
