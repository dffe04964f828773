//! The table of properties of a document's features (EXT_structural_metadata): id, class, name, parent and the attributes that most
//! objects have, each in a column of its type.

use super::buffer::Glb;
use crate::ExportError;
use crate::city::City;
use qike_scene::{CityObject, Value};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of attributes.
const MAX_COLUMNS: usize = 24;
/// Name of the class of features in the schema.
pub const CLASS: &str = "feature";
/// "Nothing" in columns of whole numbers. (Four bytes each: browsers read eight only with trouble. Greater ones are numbers.)
const NO_INTEGER: i32 = i32::MIN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Integer,
    Number,
    Text,
}

struct Column {
    /// The attribute.
    key: String,
    /// Its name in the schema, which allows fewer letters.
    property: String,
    kind: Type,
}

/// The columns that all documents of an export have.
pub struct Schema {
    columns: Vec<Column>,
}

const FIXED: [&str; 4] = ["id", "class", "name", "parent"];

impl Schema {
    /// The most frequent attributes with a value of their own (no lists, no maps).
    pub fn of(city: &dyn City) -> Result<Self, ExportError> {
        let mut seen: BTreeMap<String, (u64, Type)> = BTreeMap::new();
        city.attributes(&mut |attributes| {
            // The name has a column of its own.
            for (key, value) in attributes.iter().filter(|(key, _)| *key != "name") {
                let kind = match value {
                    Value::Number(n) if n.as_i64().and_then(whole).is_some() => Type::Integer,
                    Value::Number(_) => Type::Number,
                    Value::String(_) | Value::Bool(_) => Type::Text,
                    _ => continue,
                };
                if !seen.contains_key(key) {
                    seen.insert(key.clone(), (0, kind));
                }
                let Some(entry) = seen.get_mut(key) else { continue };
                entry.0 += 1;
                entry.1 = match (entry.1, kind) {
                    (a, b) if a == b => a,
                    (Type::Integer, Type::Number) | (Type::Number, Type::Integer) => Type::Number,
                    _ => Type::Text,
                };
            }
        })?;
        let mut by_count: Vec<(String, u64, Type)> = seen.into_iter().map(|(key, (count, kind))| (key, count, kind)).collect();
        by_count.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        by_count.truncate(MAX_COLUMNS);
        by_count.sort_by(|a, b| a.0.cmp(&b.0));
        let mut used: BTreeSet<String> = FIXED.iter().map(|name| (*name).to_owned()).collect();
        let columns = by_count.into_iter().map(|(key, _, kind)| {
            let mut property = identifier(&key);
            while !used.insert(property.clone()) {
                property.push('_');
            }
            Column { key, property, kind }
        });
        Ok(Self { columns: columns.collect() })
    }

    /// The schema and the table of these features, as the extension of a glTF document.
    pub fn extension(&self, features: &[&CityObject], glb: &mut Glb) -> Value {
        let mut properties = serde_json::Map::new();
        let mut values = serde_json::Map::new();
        for name in FIXED {
            let text = |o: &&CityObject| match name {
                "id" => o.id.to_string(),
                "class" => o.class.name().to_owned(),
                "name" => o.name.clone().unwrap_or_default(),
                _ => o.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            };
            let mut property = json!({ "type": "STRING" });
            match name {
                "id" => property["required"] = true.into(),
                "class" => property["required"] = true.into(),
                _ => property["noData"] = "".into(),
            }
            properties.insert(name.to_owned(), property);
            values.insert(name.to_owned(), strings(features.iter().map(text), glb));
        }
        for column in &self.columns {
            let of = |o: &&CityObject| o.attributes.get(&column.key).cloned().unwrap_or_default();
            let (property, value) = match column.kind {
                Type::Text => {
                    let text = |o: &&CityObject| match of(o) {
                        Value::String(text) => text,
                        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
                        other => other.to_string(),
                    };
                    (json!({ "type": "STRING", "noData": "" }), strings(features.iter().map(text), glb))
                }
                Type::Integer => {
                    let bytes = features.iter().flat_map(|o| of(o).as_i64().and_then(whole).unwrap_or(NO_INTEGER).to_le_bytes()).collect();
                    (json!({ "type": "SCALAR", "componentType": "INT32", "noData": NO_INTEGER }), json!({ "values": glb.view(bytes, None) }))
                }
                Type::Number => {
                    let bytes = features.iter().flat_map(|o| of(o).as_f64().filter(|n| n.is_finite()).unwrap_or(NO_NUMBER).to_le_bytes()).collect();
                    (json!({ "type": "SCALAR", "componentType": "FLOAT64", "noData": NO_NUMBER }), json!({ "values": glb.view(bytes, None) }))
                }
            };
            let mut property = property;
            if column.property != column.key {
                property["name"] = column.key.as_str().into();
            }
            properties.insert(column.property.clone(), property);
            values.insert(column.property.clone(), value);
        }
        json!({
            "schema": { "id": "qike", "classes": { CLASS: { "properties": properties } } },
            "propertyTables": [{ "class": CLASS, "count": features.len(), "properties": values }],
        })
    }
}

/// A whole number that a column holds.
fn whole(n: i64) -> Option<i32> {
    i32::try_from(n).ok().filter(|n| *n != NO_INTEGER)
}

/// "Nothing" in columns of numbers: JSON has no NaN.
const NO_NUMBER: f64 = -1.0e308;

/// A column of texts: all of them, and where each begins.
fn strings(texts: impl Iterator<Item = String>, glb: &mut Glb) -> Value {
    let (mut bytes, mut offsets) = (Vec::new(), 0_u32.to_le_bytes().to_vec());
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        offsets.extend((bytes.len() as u32).to_le_bytes());
    }
    // A view must hold something.
    if bytes.is_empty() {
        bytes.push(0);
    }
    let values = glb.view(bytes, None);
    json!({ "values": values, "stringOffsets": glb.view(offsets, None) })
}

/// A key in the letters that the schema allows.
fn identifier(key: &str) -> String {
    let mut out: String = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if !out.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        out.insert(0, '_');
    }
    out
}
