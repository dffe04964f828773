//! What a source says of itself as a whole: who made it, when, for what; as JSON.
//!
//! The vocabulary is that of CityJSON's root, whatever the format: `metadata` with `title`, `identifier`, `referenceDate`,
//! `pointOfContact` …, `extensions`, and members of other formats under `+` and the format's name (`+ifc`). What Qike does not know
//! is kept as it stands.

use crate::{Attributes, SceneSnapshot, SourceInfo, Value};
use std::collections::BTreeSet;

/// Bytes of JSON that are kept of a source. More is no longer a statement about the source, and every reader of a store loads it.
pub const LIMIT: usize = 1 << 20;

/// Takes the largest members out until the rest is small enough. Gives their names.
pub fn trim(about: &mut Attributes) -> Vec<String> {
    let length = |key: &str, value: &Value| key.len() + 4 + value.to_string().len();
    let mut sizes: Vec<(usize, String)> = about.iter().map(|(key, value)| (length(key, value), key.clone())).collect();
    // The largest last; of equal ones the last by name.
    sizes.sort();
    let mut whole: usize = 2 + sizes.iter().map(|(size, _)| size).sum::<usize>();
    let mut gone = Vec::new();
    while whole > LIMIT
        && let Some((size, key)) = sizes.pop()
    {
        whole -= size;
        about.shift_remove(&key);
        gone.push(key);
    }
    gone
}

/// A member of `metadata` as text: `title`, `referenceDate`; `None` where nothing is said.
pub fn metadata<'a>(about: &'a Attributes, key: &str) -> Option<&'a str> {
    about.get("metadata")?.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// States a member of `metadata`, where the text says something.
pub fn set_metadata(about: &mut Attributes, key: &str, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let metadata = about.entry("metadata").or_insert_with(|| Value::Object(Attributes::new()));
    if let Value::Object(metadata) = metadata {
        metadata.insert(key.to_owned(), text.into());
    }
}

/// The sources that a city is of: those with objects, and those that say something of themselves. Those that were removed are not
/// among them.
pub fn of_city(snapshot: &SceneSnapshot) -> Vec<&SourceInfo> {
    let used: BTreeSet<u32> = snapshot.objects().iter().map(|object| object.source.0).collect();
    let there = |(number, info): &(usize, &SourceInfo)| !info.about.is_empty() || u32::try_from(*number).is_ok_and(|n| used.contains(&n));
    snapshot.sources().iter().enumerate().filter(there).map(|(_, info)| info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Attributes {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn the_largest_members_go_first_and_only_as_many_as_must() {
        let long = |n: usize| "x".repeat(n);
        let mut about = map(json!({"+a": long(400_000), "metadata": {"title": "t"}, "+b": long(700_000), "+c": long(300_000)}));
        assert_eq!(trim(&mut about), ["+b"]);
        assert_eq!(about.keys().collect::<Vec<_>>(), ["+a", "metadata", "+c"]);
        assert!(Value::from(about.clone()).to_string().len() <= LIMIT);
        assert!(trim(&mut about).is_empty());
        let mut one = map(json!({"+a": long(LIMIT)}));
        assert_eq!((trim(&mut one), one.len()), (vec!["+a".to_owned()], 0));
    }

    #[test]
    fn metadata_is_text_that_says_something() {
        let mut about = map(json!({"metadata": {"title": " ", "referenceDate": "2024-01-02", "identifier": 7}}));
        assert_eq!((metadata(&about, "title"), metadata(&about, "referenceDate"), metadata(&about, "identifier")), (None, Some("2024-01-02"), None));
        set_metadata(&mut about, "title", " City ");
        set_metadata(&mut about, "referenceDate", "");
        assert_eq!((metadata(&about, "title"), metadata(&about, "referenceDate")), (Some("City"), Some("2024-01-02")));
        // What is no object stays as the source said it.
        let mut odd = map(json!({"metadata": [1]}));
        set_metadata(&mut odd, "title", "x");
        assert_eq!(odd, map(json!({"metadata": [1]})));
    }
}
