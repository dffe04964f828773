//! OGC SensorThings API (18-088) as JSON: Things with their Locations become objects, Datastreams with their Observations
//! series of values.
//!
//! What a service answers comes in many forms, and all are taken: Things with everything expanded in them, collections
//! (`{"value": […]}`), data arrays, several collections in one document, and collections in files of their own (`Things.json`,
//! `Locations.json`, `Datastreams.json`, `Observations.json` in one folder).

mod model;
mod observations;

use super::features::identity::Given;
use super::features::{Feature, Layer, Writer, centre_lonlat, text};
use super::geojson::{json_error, shape};
use crate::source::{content_hash, read_file};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use model::{Model, Thing};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink, Value};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The importer.
pub struct SensorThings;

/// Largest file read, bytes.
const LIMIT: u64 = 512 << 20;
/// Names of the files that hold a collection each; the first is the one to import.
const COLLECTIONS: [&str; 4] = ["things", "locations", "datastreams", "observations"];

/// The collections in files of their own that belong to `Things.json`.
fn beside(path: &Path) -> Vec<PathBuf> {
    let stem = |p: &Path| p.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    if stem(path) != COLLECTIONS[0] {
        return vec![];
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|e| folder.join(e.file_name()));
    let is_json = |p: &PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let mut all: Vec<PathBuf> = entries.filter(|p| is_json(p) && COLLECTIONS[1..].contains(&stem(p).as_str())).collect();
    all.sort();
    all
}

fn read(path: &Path, name: &str, model: &mut Model) -> Result<(), ImportError> {
    let bytes = read_file(path, name, LIMIT)?;
    let document: Value = serde_json::from_str(&text::decode(&bytes).text).map_err(|e| json_error(name, &e))?;
    model.document(document);
    Ok(())
}

/// Everything that the source and the files beside it hold; those beside it that cannot be read are told.
fn load(source: &Source) -> Result<(Model, Vec<Diagnostic>), ImportError> {
    let mut model = Model::default();
    read(&source.path, &source.name, &mut model)?;
    let mut told = Vec::new();
    for path in beside(&source.path) {
        let name = source.name_beside(&path);
        if let Err(error) = read(&path, &name, &mut model) {
            told.push(error.diagnostic(&name));
        }
    }
    Ok((model, told))
}

/// The geometry of a Location: GeoJSON, perhaps within a feature.
fn location_shape(location: &Value) -> Option<Result<super::features::shape::Shape, String>> {
    let place = location.get("location").or_else(|| location.get("feature"))?;
    let geometry = if place.get("type").and_then(Value::as_str) == Some("Feature") { place.get("geometry")? } else { place };
    (!geometry.is_null()).then(|| shape(geometry))
}

/// A Thing as a feature; the second value says why it has no shape.
fn feature(number: usize, id: &str, thing: &Thing, model: &Model) -> (Feature, Option<String>) {
    let own = |key: &str| thing.entity.get(key).cloned().filter(|v| !v.is_null());
    let mut attributes = Attributes::new();
    for key in ["name", "description"] {
        attributes.extend(own(key).map(|v| (key.to_owned(), v)));
    }
    if let Some(Value::Object(properties)) = own("properties") {
        properties.into_iter().for_each(|(k, v)| {
            attributes.entry(k).or_insert(v);
        });
    }
    let streams: Vec<Value> = thing.datastreams.iter().filter_map(|d| model.datastreams.get(d)).map(model::Datastream::summary).collect();
    if !streams.is_empty() {
        attributes.insert("datastreams".into(), json!(streams));
    }
    let mut feature = Feature { number, id: Some(Value::String(id.to_owned())), attributes, ..Default::default() };
    let mut why = None;
    for place in thing.locations.iter().filter_map(|l| model.locations.get(l)) {
        match location_shape(place) {
            Some(Ok(shape)) => {
                feature.shape = Some(shape);
                return (feature, None);
            }
            Some(Err(reason)) => why = why.or(Some(reason)),
            None => {}
        }
    }
    let why = why.unwrap_or_else(|| "it has no Location with coordinates".into());
    (feature, Some(why))
}

fn object_id(thing: &str) -> String {
    format!("sensorthings:thing/{thing}")
}

impl Importer for SensorThings {
    fn name(&self) -> &'static str {
        "sensorthings"
    }

    fn title(&self) -> &'static str {
        "SensorThings data"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["sta.json"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let text = text::decode_head(head);
        let content = text.trim_start().starts_with(['{', '[']) && ["\"@iot.id\"", "\"@iot.selfLink\"", "\"@iot.nextLink\""].iter().any(|k| text.contains(k));
        Confidence::of(self.has_ending(path), content)
    }

    fn consumes(&self, source: &Source) -> Vec<PathBuf> {
        beside(&source.path)
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let (model, _) = load(source)?;
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let positions = model.locations.values().filter_map(|l| location_shape(l)?.ok()?.first());
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, positions), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let (mut model, told) = load(source)?;
        if model.is_empty() {
            let reason = "nothing in it can be told to be a Thing, Location, Datastream or Observation";
            return Err(ImportError::corrupt(&source.name, "the document", reason));
        }
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let others = beside(&source.path);
        let files: Vec<&Path> = std::iter::once(source.path.as_path()).chain(others.iter().map(PathBuf::as_path)).collect();
        let hash = content_hash(&files).map_err(|e| ImportError::io(&source.name, e))?;
        let id = source.begin_hashed(self.name(), &crs.to_string(), hash, sink)?;
        told.into_iter().for_each(|d| sink.diagnostic(d));
        if model.more_pages > 0 {
            let message = "the service has more than these files hold: they end with a link to the next page";
            sink.diagnostic(Diagnostic::warning("more-pages", message).file(&source.name).help("ask the service with $top=…, or fetch all pages"));
        }
        let mut given = Given::default();
        let mut writer = Writer::new(Layer { name: "sensors", prefix: "sensorthings" }, source, id, projector, &mut given);
        let observations = std::mem::take(&mut model.observations);
        for (i, (key, thing)) in model.things.iter().enumerate() {
            feedback.check()?;
            let name = object_id(key);
            let (feature, why) = feature(i + 1, &name, thing, &model);
            writer.write(feature, sink)?;
            if let Some(why) = why {
                let message = format!("{why}; the Thing is kept as an object without a shape");
                sink.diagnostic(Diagnostic::warning("position-missing", message).object(name).file(&source.name));
            }
        }
        writer.finish(sink);
        observations::write(&model, observations, &source.name, sink)
    }
}
