//! One `[[layer]]` of a mapping: a record becomes an object.

use super::mapping::{ConstantOrLookup, Layer, Lookup, PositionSpec, TextOrLookup};
use super::position::{self, NoPosition};
use super::records::Record;
use super::template::{Fields, field, text};
use crate::formats::features::{component, dates};
use crate::formats::geojson;
use crate::{ImportError, Projector};
use qike_core::{Diagnostic, Feedback, Severity, SourceCrs};
use qike_scene::{Attributes, CityObject, Class, Geometry, ObjectSink, SourceId, Value};
use std::collections::BTreeMap;

/// What a layer needs to know besides its records.
pub struct Context<'a> {
    /// The source's number.
    pub source: SourceId,
    /// System of the positions.
    pub crs: &'a SourceCrs,
    /// The data file, for messages.
    pub file: &'a str,
    /// The layer, for messages.
    pub place: &'a str,
    /// Cancelling and progress.
    pub feedback: &'a Feedback,
}

/// Faults of records by code: how many, and the first with its record.
#[derive(Default)]
struct Faults(BTreeMap<&'static str, (u64, usize, Option<u64>, String)>);

impl Faults {
    fn add(&mut self, code: &'static str, record: &Record, reason: String) {
        self.0.entry(code).and_modify(|f| f.0 += 1).or_insert((1, record.number, record.line, reason));
    }

    fn report(self, severity: Severity, context: &Context<'_>, sink: &mut dyn ObjectSink) {
        let fate = if severity == Severity::Error { "are left out" } else { "are doubtful" };
        for (code, (count, number, line, reason)) in self.0 {
            let message = format!("{}: {count} records {fate}; the first: {reason}", context.place);
            let mut diagnostic = Diagnostic::new(severity, code, message).file(context.file).path(format!("record {number}"));
            if let Some(line) = line {
                diagnostic = diagnostic.line(line);
            }
            sink.diagnostic(diagnostic);
        }
    }
}

/// Positions of a record as they stand in the source, for finding its place.
pub fn source_positions(layer: &Layer, record: &Record) -> Result<Vec<[f64; 3]>, NoPosition> {
    match (&layer.position, &record.geometry) {
        (Some(spec), _) => position::positions(spec, &record.fields).map(|found| found.points),
        (None, Some(geometry)) => Ok(geojson::first_position(geometry).into_iter().collect()),
        (None, None) => Ok(vec![]),
    }
}

/// Gives the objects of a layer to the sink, then its findings.
pub fn write(layer: &Layer, records: &[Record], odd: usize, context: &Context<'_>, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    let mut projector = Projector::new(context.crs, sink.crs(), context.file)?;
    let task = context.feedback.task(format!("{} of {}", context.place, context.file), records.len() as u64);
    let (mut faults, mut doubts) = (Faults::default(), Faults::default());
    let mut vertices = Vertices::default();
    for record in records {
        context.feedback.check()?;
        task.advance(1);
        match object(layer, record, context, &mut projector, &mut vertices) {
            Ok(Some(mut object)) => {
                for (code, reason) in complete(layer, record, &mut object) {
                    doubts.add(code, record, reason);
                }
                sink.object(object)?;
            }
            // The projector refused the position and has it in its report.
            Ok(None) => {}
            Err((code, reason)) => faults.add(code, record, reason),
        }
    }
    faults.report(Severity::Error, context, sink);
    doubts.report(Severity::Warning, context, sink);
    if let Some((number, reason)) = vertices.first {
        let message = format!("{}: {} vertices cannot be read and are left out of their outlines; the first: {reason}", context.place, vertices.count);
        sink.diagnostic(Diagnostic::warning("vertex-bad", message).file(context.file).path(format!("record {number}")));
    }
    if odd > 0 {
        let message = format!("{}: {odd} entries of the array are no records (no JSON objects) and are left out", context.place);
        sink.diagnostic(Diagnostic::error("record-bad", message).file(context.file));
    }
    projector.report(context.file, "positions", sink);
    Ok(())
}

type Fault = (&'static str, String);

/// Vertices of outlines that could not be read: how many, and the first with its record.
#[derive(Default)]
struct Vertices {
    count: usize,
    first: Option<(usize, String)>,
}

fn object(
    layer: &Layer, record: &Record, context: &Context<'_>, projector: &mut Projector, vertices: &mut Vertices,
) -> Result<Option<CityObject>, Fault> {
    let missing = |name: String| ("field-missing", format!("the field '{name}' is missing or empty"));
    let id = layer.id.fill(&record.fields, record.number).map_err(missing)?;
    let class = class(&layer.class, &record.fields)?;
    let Some(geometries) = geometries(layer, record, &id, projector, vertices)? else { return Ok(None) };
    let mut object = CityObject::new(id, class, context.source);
    object.name = layer.name.as_ref().and_then(|t| t.fill(&record.fields, record.number).ok());
    object.parent = layer.parent.as_ref().and_then(|t| t.fill(&record.fields, record.number).ok()).map(Into::into);
    object.attributes = attributes(layer, &record.fields)?;
    object.geometries = geometries;
    Ok(Some(object))
}

/// Time and component code of an object; gives what is doubtful about them.
fn complete(layer: &Layer, record: &Record, object: &mut CityObject) -> Vec<Fault> {
    let mut doubts = Vec::new();
    for (template, name, slot) in [(&layer.valid_from, "valid_from", &mut object.valid_from), (&layer.valid_to, "valid_to", &mut object.valid_to)] {
        // A record without the field holds without end.
        let Some(text) = template.as_ref().and_then(|t| t.fill(&record.fields, record.number).ok()) else { continue };
        *slot = dates::day(&Value::String(text.clone()));
        if slot.is_none() {
            doubts.push(("date-bad", format!("{name} is '{text}', not a date such as 2024-05-01")));
        }
    }
    doubts.extend(component::annotate(&mut object.attributes).err());
    doubts
}

/// The geometries of a record; an empty list where it may have none, `None` where every position was refused.
fn geometries(
    layer: &Layer, record: &Record, id: &str, projector: &mut Projector, vertices: &mut Vertices,
) -> Result<Option<Vec<Geometry>>, Fault> {
    let made = match &layer.position {
        None => {
            let Some(geometry) = &record.geometry else { return Ok(Some(vec![])) };
            geojson::shape(geometry).map_err(|reason| ("geometry-bad", reason))?.build(layer.lod, &mut |p| projector.project(p, id))
        }
        Some(spec @ PositionSpec { optional, shape, .. }) => {
            let found = match position::positions(spec, &record.fields) {
                Ok(found) => found,
                Err(NoPosition::Empty(_)) if *optional => return Ok(Some(vec![])),
                Err(NoPosition::Empty(name)) => return Err(("position-missing", format!("'{name}' is missing or empty"))),
                Err(NoPosition::Bad(reason)) => return Err(("position-bad", reason)),
            };
            if let Some(reason) = found.bad_vertices.first() {
                vertices.count += found.bad_vertices.len();
                vertices.first.get_or_insert((record.number, reason.clone()));
            }
            let refused = projector.refused();
            let points = projector.project_all(&found.points, id);
            match position::geometry(shape.unwrap_or_default(), layer.lod, points) {
                Some(geometry) => vec![geometry],
                None if projector.refused() > refused => vec![],
                None => return Err(("position-bad", "there are too few different points for the shape".into())),
            }
        }
    };
    Ok((!made.is_empty()).then_some(made))
}

fn class(wanted: &TextOrLookup, fields: &Fields) -> Result<Class, Fault> {
    let name = match wanted {
        TextOrLookup::Text(name) => name.clone(),
        TextOrLookup::Lookup(lookup) => find(lookup, fields)?.as_str().unwrap_or_default().to_owned(),
    };
    Class::parse(&name).ok_or_else(|| ("lookup-failed", format!("'{name}' is no class")))
}

/// The value that a lookup gives for a record.
fn find<'a>(lookup: &'a Lookup, fields: &Fields) -> Result<&'a toml::Value, Fault> {
    let key = field(fields, &lookup.field).and_then(text);
    let found = key.as_ref().and_then(|k| lookup.map.get(k)).or(lookup.default.as_ref());
    found.ok_or_else(|| {
        let shown = key.map_or("nothing".to_owned(), |k| format!("'{k}'"));
        ("lookup-failed", format!("'{}' is {shown}, which the map does not have, and there is no default", lookup.field))
    })
}

fn attributes(layer: &Layer, fields: &Fields) -> Result<Attributes, Fault> {
    let mut all = match &layer.attributes {
        None => fields.clone(),
        Some(renamed) => renamed.iter().filter_map(|(new, old)| Some((new.clone(), field(fields, old)?.clone()))).collect(),
    };
    for (key, value) in &layer.set {
        let value = match value {
            ConstantOrLookup::Constant(value) => value,
            ConstantOrLookup::Lookup(lookup) => find(lookup, fields)?,
        };
        all.insert(key.clone(), json(value));
    }
    Ok(all)
}

/// TOML's values as JSON's; dates become texts.
fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(s) => Value::String(s.clone()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(f) => Value::from(*f),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Array(a) => Value::Array(a.iter().map(json).collect()),
        toml::Value::Table(t) => Value::Object(t.iter().map(|(k, v)| (k.clone(), json(v))).collect()),
    }
}
