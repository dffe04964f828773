//! What the sources of a city say of themselves, for the head of a document.
//!
//! Of one source it is said again as it was. Of several, `metadata` has what all that say it say alike, and the titles one after the
//! other; extensions are those of all; what each says stands under `+qike_sources`, so that nothing is lost.

use qike_core::Bounds3;
use qike_scene::{Attributes, ObjectIx, SceneSnapshot, SourceInfo, Value, about};
use serde_json::json;
use std::collections::BTreeSet;

/// What several sources said of themselves, each with its name.
const SOURCES: &str = "+qike_sources";
/// Members of a document that are ours to write.
const OWN: [&str; 8] = ["type", "version", "transform", "metadata", "CityObjects", "vertices", "appearance", "geometry-templates"];

/// Of a city whose chosen objects are of these sources.
pub fn of(snapshot: &SceneSnapshot, chosen: &[ObjectIx]) -> Attributes {
    let used: BTreeSet<u32> = chosen.iter().map(|ix| snapshot.get(*ix).source.0).collect();
    let sources: Vec<&SourceInfo> = match used.is_empty() {
        // An empty model has a title all the same.
        true => about::of_city(snapshot),
        false => used.iter().filter_map(|number| snapshot.sources().get(*number as usize)).collect(),
    };
    match sources.as_slice() {
        [] => Attributes::new(),
        [one] => one.about.clone(),
        several => joined(several),
    }
}

fn joined(sources: &[&SourceInfo]) -> Attributes {
    let saying: Vec<&&SourceInfo> = sources.iter().filter(|s| !s.about.is_empty()).collect();
    let mut out = Attributes::new();
    if saying.is_empty() {
        return out;
    }
    let maps = |key: &'static str| saying.iter().filter_map(move |s| s.about.get(key)?.as_object());
    let mut metadata = Attributes::new();
    for (key, value) in maps("metadata").flatten() {
        if maps("metadata").filter_map(|map| map.get(key)).all(|other| other == value) {
            metadata.insert(key.clone(), value.clone());
        }
    }
    let mut titles: Vec<&str> = Vec::new();
    for title in saying.iter().filter_map(|s| about::metadata(&s.about, "title")) {
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    if titles.len() > 1 {
        metadata.insert("title".into(), titles.join("; ").into());
    }
    if !metadata.is_empty() {
        out.insert("metadata".into(), metadata.into());
    }
    let mut extensions = Attributes::new();
    for (name, extension) in maps("extensions").flatten() {
        extensions.entry(name.clone()).or_insert_with(|| extension.clone());
    }
    if !extensions.is_empty() {
        out.insert("extensions".into(), extensions.into());
    }
    let each = saying.iter().map(|source| {
        // The folder it lay in says more of a machine than of a city.
        let name = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
        json!({ "source": name, "format": source.format, "about": source.about })
    });
    out.insert(SOURCES.into(), each.collect::<Vec<_>>().into());
    out
}

/// Puts it into the head of a CityJSON document, with the system and the box of what is written.
pub fn put(snapshot: &SceneSnapshot, chosen: &[ObjectIx], document: &mut Attributes) {
    let mut said = of(snapshot, chosen);
    let mut metadata = match said.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Attributes::new(),
    };
    ["geographicalExtent", "referenceSystem"].iter().for_each(|key| drop(metadata.shift_remove(*key)));
    let mut bounds = Bounds3::EMPTY;
    chosen.iter().for_each(|ix| bounds.merge(&snapshot.bounds_of(*ix)));
    if !bounds.is_empty() {
        // As exact as the vertices.
        let corners = [bounds.min, bounds.max].concat().into_iter().map(|c| Value::from((c * 1e3).round() / 1e3));
        metadata.insert("geographicalExtent".into(), corners.collect());
    }
    if let Some(code) = snapshot.crs().epsg_code() {
        metadata.insert("referenceSystem".into(), format!("https://www.opengis.net/def/crs/EPSG/0/{code}").into());
    }
    if !metadata.is_empty() {
        document.insert("metadata".into(), metadata.into());
    }
    document.extend(said.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str())));
}
