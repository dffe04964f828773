//! Identity of plain features: stable from one import to the next, unique within a source.
//!
//! A text in the field `id` (or the format's own id) is taken as it is, so that what Qike exported comes back under its
//! name; a number is unique in its layer only, so the layer's name goes before it. Without such a field the other usual
//! ones are tried, then the feature's number in the layer.

use qike_scene::{Attributes, Value};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Fields that identify a feature, in the order they are tried; compared without case.
const FIELDS: &[&str] = &[
    "gid", "fid", "objectid", "object_id", "ogc_fid", "osm_id", "globalid", "uuid", "guid", "uid", "feature_id", "标识码", "bsm", "编号", "编码", "component_code",
    "部件编码", "部件标识码", "unique key", "case_enquiry_id",
];

/// The id of a feature of `layer`; `own` is the format's own id, `number` counts from 1.
pub fn identify(layer: &str, own: Option<&Value>, attributes: &Attributes, number: usize) -> String {
    if let Some(text) = own.and_then(Value::as_str).filter(|t| !t.trim().is_empty()) {
        return text.to_owned();
    }
    let field = |name: &str| attributes.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    let id = field("id");
    if let Some(text) = id.and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty() && t.parse::<f64>().is_err()) {
        return text.to_owned();
    }
    let candidates = [own, id].into_iter().chain(FIELDS.iter().map(|f| field(f)));
    let found = candidates.flatten().find_map(plain);
    found.map_or_else(|| format!("{layer}:#{number}"), |text| format!("{layer}:{text}"))
}

/// A value that can be part of an id.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Number(n) => match n.as_f64() {
            // Some formats have no whole numbers.
            Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 9e15 => Some(format!("{}", f as i64)),
            _ => Some(n.to_string()),
        },
        Value::String(text) if !text.trim().is_empty() && text.len() <= 200 => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// The ids given out in a source, as hashes: eight bytes each.
#[derive(Default)]
pub struct Given(HashSet<u64>);

impl Given {
    /// The id where it is new, else one that is, made of it and the feature's number; the flag says that it was not new.
    pub fn unique(&mut self, id: String, number: usize) -> (String, bool) {
        if self.0.insert(hash(&id)) {
            return (id, false);
        }
        let mut other = format!("{id}#{number}");
        while !self.0.insert(hash(&other)) {
            other.push('\'');
        }
        (other, true)
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn own_ids_come_before_numbers() {
        let of = |own: Option<Value>, fields: Value| identify("roads", own.as_ref(), fields.as_object().unwrap(), 3);
        assert_eq!(of(Some(json!("osm:way/1")), json!({})), "osm:way/1");
        assert_eq!(of(Some(json!(7)), json!({ "id": "osm:way/2" })), "osm:way/2");
        assert_eq!(of(Some(json!(7)), json!({ "id": 8 })), "roads:7");
        assert_eq!(of(None, json!({ "ID": "12", "gid": 5 })), "roads:12");
        assert_eq!(of(None, json!({ "OBJECTID": 5.0 })), "roads:5");
        assert_eq!(of(None, json!({ "标识码": "A-1" })), "roads:A-1");
        assert_eq!(of(None, json!({ "id": null, "gid": "" })), "roads:#3");
    }

    #[test]
    fn repeated_ids_stay_apart() {
        let mut given = Given::default();
        let ids: Vec<String> = (1..4).map(|i| given.unique("a".into(), i).0).collect();
        assert_eq!(ids, ["a", "a#2", "a#3"]);
        assert_eq!(given.unique("a#2".into(), 2).0, "a#2#2");
    }
}
