//! Records as JSON: an array of objects, or one object a line.

use super::Document;
use crate::ImportError;
use crate::formats::geojson::json_error;
use qike_scene::{Attributes, Value};

/// The first record in the beginning of a file; `None` where it is not there as a whole.
pub fn first_record(head: &str) -> Option<Attributes> {
    let text = head.trim_start();
    let text = text.strip_prefix('[').unwrap_or(text);
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()?;
    // GeoJSON, CityJSON and SensorThings say what they are.
    match first {
        Value::Object(record) if !record.contains_key("@iot.id") && !is_geo(&record) => Some(record),
        _ => None,
    }
}

fn is_geo(record: &Attributes) -> bool {
    let kind = record.get("type").and_then(Value::as_str).unwrap_or_default();
    kind.starts_with("Feature") || kind.starts_with("CityJSON") || record.contains_key("coordinates")
}

/// Reads all records. A broken line of JSONL is left out, and so are entries that are no objects.
pub fn read(text: &str, name: &str) -> Result<Document, ImportError> {
    let mut document = Document::default();
    if text.trim_start().starts_with('[') {
        let all: Vec<Value> = serde_json::from_str(text).map_err(|e| json_error(name, &e))?;
        for (i, value) in all.into_iter().enumerate() {
            match value {
                Value::Object(record) => document.records.push((None, record)),
                _ => document.bad.push((1, format!("entry {} of the array is no record", i + 1))),
            }
        }
        return Ok(document);
    }
    // Records of several lines each are fine, as long as all of them are whole.
    let all: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    match all {
        Ok(all) if all.iter().all(Value::is_object) && text.lines().filter(|l| !l.trim().is_empty()).count() != all.len() => {
            document.records.extend(all.into_iter().filter_map(|v| if let Value::Object(record) = v { Some((None, record)) } else { None }));
            return Ok(document);
        }
        Ok(_) => {}
        Err(error) if serde_json::from_str::<Value>(text.trim_start().lines().next().unwrap_or_default()).is_err() => return Err(json_error(name, &error)),
        Err(_) => {}
    }
    let line_end = if text.contains('\n') { '\n' } else { '\r' };
    for (line, text) in (1u64..).zip(text.split(line_end)).filter(|(_, l)| !l.trim().is_empty()) {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(record)) => document.records.push((Some(line), record)),
            Ok(_) => document.bad.push((line, "the line is no record".into())),
            Err(error) => document.bad.push((line, format!("the line is broken JSON ({error})"))),
        }
    }
    Ok(document)
}
