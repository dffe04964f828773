//! GeoJSON: a FeatureCollection, a Feature, a bare geometry, or a sequence of them (one a line, with or without RS).
//!
//! Positions are (longitude, latitude, height) unless a `crs` member (of old GeoJSON) or the user says otherwise. What an
//! object is and how it is called, [`super::features`] decides; a mapping file can say it better.
//! Files may be of any size: features are read one by one (see [`stream`]).

mod scanner;
mod stream;

use super::features::identity::Given;
use super::features::shape::{MAX_DEPTH, Position, Shape};
use super::features::text_file::TextFile;
use super::features::{self, Layer, Writer, centre_lonlat, text};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{ObjectSink, Value};
use serde_json::Map;
use std::io::BufRead;
use std::path::Path;
use stream::Item;

/// Largest file that is not UTF-8, and so is decoded in memory, bytes.
const DECODED_LIMIT: u64 = 512 << 20;
/// Features in whose middle a file is taken to lie, where it only says where it lies.
const PROBED: usize = 10_000;

/// The importer.
pub struct GeoJson;

/// A document in memory: its features and what it says of its coordinates.
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

/// Parses a file in memory; `Err` where its bytes are no JSON or no GeoJSON. In a sequence of one feature a line, a broken line
/// is left out and the others go on.
pub fn parse(bytes: &[u8], name: &str) -> Result<Document, ImportError> {
    let decoded = text::decode(bytes);
    let open = || -> Result<Box<dyn BufRead + '_>, ImportError> { Ok(Box::new(decoded.text.as_bytes())) };
    let survey = stream::survey(&open, name)?;
    let mut document = Document { features: vec![], crs: survey.crs, bad_lines: vec![] };
    stream::walk(&mut *open()?, survey.lines, usize::MAX, name, &mut |item| {
        match item {
            Item::Feature(feature) => document.features.push(feature),
            Item::BadLine(line, reason) => document.bad_lines.push((line, reason)),
        }
        Ok(())
    })?;
    Ok(document)
}

/// A parse error with its line and column.
pub fn json_error(name: &str, error: &serde_json::Error) -> ImportError {
    let reason = if error.is_eof() { "the JSON is cut off".to_owned() } else { format!("broken JSON: {error}") };
    ImportError::corrupt(name, format!("line {}, column {}", error.line(), error.column()), reason)
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
fn source_crs(source: &Source, own: Option<&str>) -> Result<SourceCrs, ImportError> {
    let own = own.map(SourceCrs::parse).transpose();
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
        let file = TextFile::open(source, DECODED_LIMIT)?;
        let open = || file.reader(&source.name);
        let survey = stream::survey(&open, &source.name)?;
        let crs = source_crs(source, survey.crs.as_deref())?;
        let mut positions = Vec::new();
        stream::walk(&mut *open()?, survey.lines, PROBED, &source.name, &mut |item| {
            if let Item::Feature(feature) = item {
                positions.extend(feature.geometry.as_ref().and_then(first_position));
            }
            Ok(())
        })?;
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, positions.into_iter()), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = TextFile::open(source, DECODED_LIMIT)?;
        let open = || file.reader(&source.name);
        let survey = stream::survey(&open, &source.name)?;
        let crs = source_crs(source, survey.crs.as_deref())?;
        let stem = features::stem(&source.path);
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        let mut given = Given::default();
        let mut writer = Writer::new(Layer { name: &stem, prefix: &stem }, source, id, projector, &mut given);
        TextFile::report(file.lost(), &source.name, sink);
        let task = feedback.task(format!("read {}", source.name), survey.features);
        let (mut number, mut bad, mut first_bad) = (0usize, 0u64, None);
        stream::walk(&mut *open()?, survey.lines, usize::MAX, &source.name, &mut |item| {
            let Feature { id, properties, geometry } = match item {
                Item::Feature(feature) => feature,
                Item::BadLine(line, reason) => {
                    writer.error("line-bad", "", Some(line), "", format!("the line is left out: {reason}"), sink);
                    return Ok(());
                }
            };
            features::check_every(number, feedback)?;
            task.advance(1);
            number += 1;
            let mut feature = features::Feature { number, id, attributes: properties, ..Default::default() };
            match geometry.as_ref().map(shape).transpose() {
                Ok(shape) => feature.shape = shape,
                Err(reason) => {
                    bad += 1;
                    first_bad.get_or_insert_with(|| (number - 1, writer.id(&feature), reason));
                    return Ok(());
                }
            }
            writer.write(feature, sink)
        })?;
        if let Some((i, name, reason)) = first_bad {
            let message = format!("{bad} features have a geometry that cannot be read and are left out; the first: {reason}");
            sink.diagnostic(Diagnostic::error("geometry-bad", message).object(name).file(&source.name).path(format!("/features/{i}/geometry")));
        }
        writer.finish(sink);
        Ok(())
    }
}
