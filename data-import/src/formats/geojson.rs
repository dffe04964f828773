//! GeoJSON: a FeatureCollection, a Feature, a bare geometry, or a sequence of them (one a line, with or without RS).
//!
//! Positions are (longitude, latitude, height) unless a `crs` member or the user says otherwise. The class of an object is
//! its property `class` where that is a class name, else `GenericCityObject`; a mapping file can say it better.
//! The file is parsed as a whole; [`LIMIT`] bounds it.

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs, Transform};
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, ObjectSink, Value};
use serde_json::Map;
use std::path::Path;

/// Largest file read, bytes.
pub const LIMIT: u64 = 512 << 20;
/// Geometry collections deeper than this are refused.
const MAX_DEPTH: usize = 8;

/// The importer.
pub struct GeoJson;

/// A file's features and what it says of its coordinates.
pub struct Document {
    /// Features: `id`, `properties`, `geometry`.
    pub features: Vec<Feature>,
    /// The `crs` member.
    pub crs: Option<String>,
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

/// Parses a file; `Err` where its bytes are no JSON or no GeoJSON.
pub fn parse(bytes: &[u8], name: &str) -> Result<Document, ImportError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // A text sequence (RFC 8142) has a record separator before each document; white space to the parser below.
    let cleaned: Vec<u8>;
    let text = if text.contains(&0x1e) {
        cleaned = text.iter().map(|b| if *b == 0x1e { b'\n' } else { *b }).collect();
        &cleaned
    } else {
        text
    };
    let mut document = Document { features: vec![], crs: None };
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        let value = value.map_err(|e| json_error(name, &e))?;
        take(value, &mut document).map_err(|reason| ImportError::corrupt(name, "the document", reason))?;
    }
    Ok(document)
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

/// Turns a GeoJSON geometry into Qike's. `project` takes each position to the sink's system, or refuses it. `Err` where the
/// geometry is malformed; an empty list where every position was refused.
pub fn geometries(value: &Value, lod: Lod, project: &mut dyn FnMut([f64; 3]) -> Option<[f64; 3]>) -> Result<Vec<Geometry>, String> {
    let mut out = Vec::new();
    collect(value, lod, project, 0, &mut out)?;
    Ok(out)
}

fn collect(
    value: &Value, lod: Lod, project: &mut dyn FnMut([f64; 3]) -> Option<[f64; 3]>, depth: usize, out: &mut Vec<Geometry>,
) -> Result<(), String> {
    let kind = value.get("type").and_then(Value::as_str).ok_or("the geometry has no type")?;
    if kind == "GeometryCollection" {
        if depth >= MAX_DEPTH {
            return Err(format!("geometry collections are nested deeper than {MAX_DEPTH}"));
        }
        let members = value.get("geometries").and_then(Value::as_array).ok_or("a GeometryCollection without 'geometries'")?;
        return members.iter().try_for_each(|m| collect(m, lod, project, depth + 1, out));
    }
    let c = value.get("coordinates").ok_or_else(|| format!("a {kind} without 'coordinates'"))?;
    let mut builder = GeometryBuilder::new(
        lod,
        match kind {
            "Point" | "MultiPoint" => GeometryKind::MultiPoint,
            "LineString" | "MultiLineString" => GeometryKind::MultiLine,
            "Polygon" | "MultiPolygon" => GeometryKind::MultiSurface,
            other => return Err(format!("the geometry type '{other}' is not one of GeoJSON's")),
        },
    );
    let mut any = false;
    let parts: Vec<&Value> = if kind.starts_with("Multi") { array(c)?.iter().collect() } else { vec![c] };
    for part in parts {
        match kind {
            "Point" | "MultiPoint" => {
                if let Some(p) = project(position(part)?) {
                    builder.point(p);
                    any = true;
                }
            }
            "LineString" | "MultiLineString" => {
                let line = positions(part, project)?;
                if line.len() >= 2 {
                    builder.line(&line);
                    any = true;
                }
            }
            _ => {
                let mut rings = array(part)?.iter().map(|r| positions(r, project)).collect::<Result<Vec<_>, _>>()?;
                rings.iter_mut().for_each(open_ring);
                if rings.first().is_some_and(|exterior| exterior.len() >= 3) {
                    rings.retain(|r| r.len() >= 3);
                    builder.surface(&rings, None);
                    any = true;
                }
            }
        }
    }
    if any {
        out.push(builder.build());
    }
    Ok(())
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

fn position(value: &Value) -> Result<[f64; 3], String> {
    let numbers = array(value)?;
    let at = |i: usize| numbers.get(i).and_then(Value::as_f64);
    match (at(0), at(1)) {
        (Some(x), Some(y)) => Ok([x, y, at(2).unwrap_or(0.0)]),
        _ => Err("a position needs two numbers".into()),
    }
}

fn positions(value: &Value, project: &mut dyn FnMut([f64; 3]) -> Option<[f64; 3]>) -> Result<Vec<[f64; 3]>, String> {
    let mut out = Vec::new();
    for p in array(value)? {
        out.extend(project(position(p)?));
    }
    Ok(out)
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

/// Middle of some positions in degrees; `None` where there are none or the system has no place.
pub fn centre_lonlat(crs: &SourceCrs, positions: impl Iterator<Item = [f64; 3]>) -> Option<[f64; 2]> {
    let transform = Transform::new(crs, &Crs::wgs84()).ok()?;
    let (mut sum, mut count) = ([0.0, 0.0], 0.0);
    for p in positions.filter_map(|p| transform.apply(p).ok()) {
        sum = [sum[0] + p[0], sum[1] + p[1]];
        count += 1.0;
    }
    (count > 0.0).then(|| [sum[0] / count, sum[1] / count])
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
        let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
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
        let mut projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        let stem = stem(&source.path);
        let task = feedback.task(format!("read {}", source.name), document.features.len() as u64);
        let (mut bad, mut first_bad) = (0u64, None);
        for (i, feature) in document.features.into_iter().enumerate() {
            feedback.check()?;
            task.advance(1);
            let name = object_id(&stem, &feature, i + 1);
            let had_geometry = feature.geometry.is_some();
            let made = feature.geometry.as_ref().map(|g| geometries(g, Lod::ZERO, &mut |p| projector.project(p, &name)));
            let geometries = match made.transpose() {
                Ok(geometries) => geometries.unwrap_or_default(),
                Err(reason) => {
                    bad += 1;
                    first_bad.get_or_insert((i, name, reason));
                    continue;
                }
            };
            if had_geometry && geometries.is_empty() {
                continue; // The projector has it in its report.
            }
            let class = feature.properties.get("class").and_then(Value::as_str).and_then(Class::parse);
            let mut object = CityObject::new(name, class.unwrap_or(Class::GenericCityObject), id);
            object.name = feature.properties.get("name").and_then(Value::as_str).map(str::to_owned);
            object.attributes = feature.properties;
            object.geometries = geometries;
            sink.object(object)?;
        }
        if let Some((i, name, reason)) = first_bad {
            let message = format!("{bad} features have a geometry that cannot be read and are left out; the first: {reason}");
            sink.diagnostic(Diagnostic::error("geometry-bad", message).object(name).file(&source.name).path(format!("/features/{i}/geometry")));
        }
        projector.report(&source.name, "positions", sink);
        Ok(())
    }
}

/// The file's name up to its first dot.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A text id is taken as it is; a number is unique in its file only, so the file's name goes before it.
fn object_id(stem: &str, feature: &Feature, number: usize) -> String {
    match feature.id.as_ref().or(feature.properties.get("id")) {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(Value::Number(n)) => format!("{stem}:{n}"),
        _ => format!("{stem}:#{number}"),
    }
}
