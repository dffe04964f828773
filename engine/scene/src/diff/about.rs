//! What sources say of themselves on one side and on the other.

use super::{Change, alike};
use crate::{Attributes, SceneSnapshot, Value, about};

/// Of `metadata`, what is said of the geometry: that is compared itself.
const OF_GEOMETRY: [&str; 2] = ["geographicalExtent", "referenceSystem"];

/// Every member that differs, under its path: `metadata/title`.
pub fn about_changes(a: &Attributes, b: &Attributes) -> Vec<Change> {
    let mut out = Vec::new();
    members("", a, b, &mut out);
    out
}

/// As [`about_changes`], of the one source of each city; nothing where one of them has several, and without what follows from the
/// geometry.
pub(super) fn of_sources(a: &SceneSnapshot, b: &SceneSnapshot) -> Vec<Change> {
    let (a, b) = (about::of_city(a), about::of_city(b));
    let ([a], [b]) = (a.as_slice(), b.as_slice()) else { return Vec::new() };
    about_changes(&plain(&a.about), &plain(&b.about))
}

fn plain(about: &Attributes) -> Attributes {
    let mut about = about.clone();
    if let Some(Value::Object(metadata)) = about.get_mut("metadata") {
        OF_GEOMETRY.iter().for_each(|key| drop(metadata.shift_remove(*key)));
        if metadata.is_empty() {
            about.shift_remove("metadata");
        }
    }
    about
}

/// Steps into maps, which end where the JSON that was read ended.
fn members(path: &str, a: &Attributes, b: &Attributes, out: &mut Vec<Change>) {
    let later = b.keys().filter(|key| !a.contains_key(*key));
    for key in a.keys().chain(later) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}/{key}") };
        match (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null)) {
            (Value::Object(a), Value::Object(b)) => members(&path, a, b, out),
            (before, after) if alike(before, after) => {}
            (before, after) => out.push(Change { what: path, before: before.clone(), after: after.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceInfo;
    use qike_core::Crs;
    use serde_json::json;

    fn city(about: &[Value]) -> SceneSnapshot {
        let info = |about: &Value| SourceInfo { path: "a".into(), format: "f".into(), content_hash: "h".into(), crs: "c".into(), about: about.as_object().cloned().unwrap() };
        SceneSnapshot::new(Crs::local(), about.iter().map(info).collect(), vec![], vec![])
    }

    #[test]
    fn members_are_compared_one_by_one_and_what_follows_from_geometry_is_not() {
        let a = json!({"metadata": {"title": "A", "pointOfContact": {"contactName": "x"}, "geographicalExtent": [1]}, "+n": [1, 2.0]});
        let b = json!({"+n": [1.0, 2], "metadata": {"pointOfContact": {"contactName": "y"}, "title": "A", "referenceDate": "2024-01-01"}});
        let told: Vec<String> = of_sources(&city(std::slice::from_ref(&a)), &city(std::slice::from_ref(&b))).into_iter().map(|c| format!("{}: {} → {}", c.what, c.before, c.after)).collect();
        assert_eq!(told, [r#"metadata/pointOfContact/contactName: "x" → "y""#, r#"metadata/referenceDate: null → "2024-01-01""#]);
        let one = json!({"metadata": {"referenceSystem": "x"}});
        assert!(of_sources(&city(std::slice::from_ref(&one)), &city(&[json!({"metadata": {"geographicalExtent": [2]}})])).is_empty());
        assert_eq!(about_changes(one.as_object().unwrap(), &Attributes::new()).len(), 1, "an import tells all");
        assert!(of_sources(&city(&[a.clone(), b]), &city(&[a])).is_empty(), "two and one are not compared");
    }
}
