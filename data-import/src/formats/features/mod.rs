//! Plain features: what Shapefiles, GeoPackages, FlatGeobuf, GeoJSON and tables have in common. A format gives its features
//! to a [`Writer`], which decides their class, identity, name, time and components alike for all formats.

pub mod classify;
pub mod component;
pub mod columns;
pub mod dates;
pub mod delimited;
mod height;
pub mod identity;
pub mod shape;
pub mod text;
pub mod text_file;
pub mod wkb;
pub mod wkt;
mod words;

use crate::formats::findings::Findings;
use crate::{ImportError, Projector, Source};
use classify::{LayerName, classify};
use identity::Given;
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs, Transform};
use qike_scene::{Attributes, CityObject, Class, Lod, ObjectSink, SourceId, Value};
use shape::Shape;
use std::path::Path;

/// A feature as a format gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature {
    /// From 1, in its layer.
    pub number: usize,
    /// Line in the file, where it has lines.
    pub line: Option<u64>,
    /// The id that the format itself gives it.
    pub id: Option<Value>,
    /// Its fields.
    pub attributes: Attributes,
    /// Its geometry, in the source's system.
    pub shape: Option<Shape>,
    /// True for surfaces in space, which are no outlines on the ground.
    pub in_space: bool,
}

/// Fields of a feature's name; compared without case.
const NAMES: &[&str] = &["name", "名称", "mc", "title", "label", "地名"];

/// Turns the features of one layer into objects.
pub struct Writer<'a> {
    source: SourceId,
    file: String,
    prefix: String,
    layer: LayerName,
    projector: Projector,
    findings: Findings,
    given: &'a mut Given,
    /// The layer's name, where features are given as they are.
    plain: Option<String>,
    /// Features whose id came before.
    repeated: u64,
    /// Features with a field of a date that holds none, and the first: object, field, value.
    dates: (u64, Option<(String, String, String)>),
}

/// The name of a layer, and what goes before numbers to make ids of them.
pub struct Layer<'a> {
    /// As the source calls it.
    pub name: &'a str,
    /// For ids.
    pub prefix: &'a str,
}

impl<'a> Writer<'a> {
    /// For a layer of a source whose positions `projector` takes. Layers of one source share `given`.
    pub fn new(layer: Layer<'_>, source: &Source, id: SourceId, projector: Projector, given: &'a mut Given) -> Self {
        Self {
            source: id,
            file: source.name.clone(),
            prefix: layer.prefix.to_owned(),
            layer: LayerName::new(layer.name),
            projector,
            findings: Findings::new(&source.name),
            given,
            plain: source.options.plain.then(|| layer.name.to_owned()),
            repeated: 0,
            dates: (0, None),
        }
    }

    /// The id that the feature will have, if no other has it.
    pub fn id(&self, feature: &Feature) -> String {
        identity::identify(&self.prefix, feature.id.as_ref(), &feature.attributes, feature.number)
    }

    /// Reports a feature that is left out, or something of it.
    pub fn error(&mut self, code: &'static str, object: &str, line: Option<u64>, place: &str, message: String, sink: &mut dyn ObjectSink) {
        self.findings.line = line;
        self.findings.error(code, object, place, message, sink);
    }

    /// Gives a feature's object to the sink. One whose positions were all refused is left out; the projector reports it.
    pub fn write(&mut self, feature: Feature, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let mut id = self.id(&feature);
        // A text that the format calls the identity is one; a field that happens to be called so may repeat.
        if !feature.id.as_ref().is_some_and(Value::is_string) {
            let (other, repeated) = self.given.unique(id, feature.number);
            id = other;
            self.repeated += u64::from(repeated && self.plain.is_none());
        }
        let dimension = feature.shape.as_ref().and_then(Shape::dimension);
        let mut geometries = Vec::new();
        if let Some(shape) = feature.shape.as_ref().filter(|_| dimension.is_some()) {
            let refused = self.projector.refused();
            let lod = if feature.in_space { Lod::TWO } else { Lod::ZERO };
            geometries = shape.build(lod, &mut |p| self.projector.project(p, &id));
            if geometries.is_empty() {
                if self.projector.refused() == refused {
                    let message = "the geometry has too few different positions for its kind; the feature is left out".to_owned();
                    self.error("geometry-bad", &id, feature.line, "", message, sink);
                }
                return Ok(());
            }
        }
        if let Some(layer) = &self.plain {
            let mut object = CityObject::new(id, Class::GenericCityObject, self.source);
            object.name = Some(layer.clone());
            object.attributes = feature.attributes;
            feature.id.map(|own| object.attributes.entry("id").or_insert(own));
            object.geometries = geometries;
            sink.object(object)?;
            return Ok(());
        }
        let found = classify(&self.layer, &feature.attributes, dimension);
        let mut object = CityObject::new(id, found.class, self.source);
        object.attributes = feature.attributes;
        if let Some((key, value)) = found.more {
            object.attributes.entry(key).or_insert(Value::String(value));
        }
        let named = NAMES.iter().find_map(|n| object.attributes.iter().find(|(k, _)| k.eq_ignore_ascii_case(n)));
        object.name = named.and_then(|(_, v)| v.as_str()).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        self.complete(&mut object, feature.line, sink);
        object.geometries = geometries;
        if !feature.in_space {
            height::extrude(&mut object);
        }
        sink.object(object)?;
        Ok(())
    }

    /// Time and component code, which mapped tables have too.
    fn complete(&mut self, object: &mut CityObject, line: Option<u64>, sink: &mut dyn ObjectSink) {
        let validity = dates::validity(&object.attributes);
        if let Some((field, value)) = validity.bad {
            self.dates.0 += 1;
            self.dates.1.get_or_insert((object.id.to_string(), field, value));
        }
        (object.valid_from, object.valid_to) = (validity.from, validity.to);
        if let Err((code, message)) = component::annotate(&mut object.attributes) {
            self.findings.line = line;
            self.findings.warn(code, object.id.as_str(), "", message, sink);
        }
    }

    /// Reports what the features of the layer had in common.
    pub fn finish(self, sink: &mut dyn ObjectSink) {
        if self.repeated > 0 {
            let message = format!("{} features have an id that came before; the number of the feature was added to it", self.repeated);
            sink.diagnostic(Diagnostic::warning("id-repeated", message).file(&self.file));
        }
        if let (count, Some((object, field, value))) = self.dates {
            let message = format!("{count} features have a date that cannot be read and hold without it; the first: '{field}' is {value}");
            let help = "dates are written 2024-05-01, 20240501 or 2024年5月1日";
            sink.diagnostic(Diagnostic::warning("date-bad", message).object(object).file(&self.file).help(help));
        }
        self.findings.finish(sink);
        self.projector.report(&self.file, "positions", sink);
    }
}

/// The file's name up to its first dot.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
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

/// Checks for the user's wish to stop, every so many features.
pub fn check_every(number: usize, feedback: &Feedback) -> Result<(), ImportError> {
    if number.is_multiple_of(1024) { Ok(feedback.check()?) } else { Ok(()) }
}
