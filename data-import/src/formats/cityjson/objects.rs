//! City objects of a document (or of one feature of a sequence) to objects of the scene.

use super::appearance::{Lists, Looks};
use super::classes::class_of;
use crate::formats::citygml::day;
use crate::formats::findings::Findings;
use super::geometry::{Faults, Renumber, Surroundings, build, lod_of};
use super::instance::Placement;
use super::family::Family;
use super::model::{RawAppearance, RawGeometry, RawObject, RawTemplates, RawTransform};
use super::vertices::Vertices;
use crate::images::Images;
use crate::{ImportError, Projector};
use qike_core::Feedback;
use qike_scene::{Attributes, CityObject, Class, Geometry, ObjectId, ObjectSink, SourceId, Value};

/// What stays the same for all features of a file.
pub struct Shared {
    /// The file's transform.
    pub transform: Option<RawTransform>,
    /// Materials and textures of the file.
    pub looks: Looks,
    /// Geometry templates.
    pub templates: RawTemplates,
}

/// What an object of a document or feature is read with.
pub struct Within<'w> {
    /// Its vertices.
    pub vertices: &'w mut Vertices,
    /// Whose parent is who.
    pub family: &'w Family,
    /// Materials and textures.
    pub looks: Lists<'w>,
    /// Geometry templates.
    pub templates: &'w RawTemplates,
}

/// Turns objects over to a sink.
pub struct Objects<'a> {
    /// Number of the source.
    pub source: SourceId,
    /// To the store's CRS.
    pub projector: Projector,
    /// What is wrong so far.
    pub findings: Findings,
    /// Progress and cancelling.
    pub feedback: &'a Feedback,
    images: Images,
    renumber: Renumber,
    /// How many objects were given out.
    given: u64,
    /// The type that came last and its class: most objects of a file are of few types.
    class: (String, (Class, bool)),
}

impl<'a> Objects<'a> {
    /// Ready for the first document.
    pub fn new(source: SourceId, projector: Projector, findings: Findings, images: Images, feedback: &'a Feedback) -> Self {
        Self { source, projector, findings, feedback, images, renumber: Renumber::default(), given: 0, class: (String::new(), class_of("")) }
    }

    /// What all features of the file share, from a document's own parts; its pictures go to the sink.
    pub fn shared(
        &mut self, transform: Option<RawTransform>, appearance: &RawAppearance, templates: RawTemplates, sink: &mut dyn ObjectSink,
    ) -> Result<Shared, ImportError> {
        let looks = Looks::read(appearance, &mut self.images, &mut self.findings, sink)?;
        Ok(Shared { transform, looks, templates })
    }

    /// Materials and textures of a feature's own; its pictures go to the sink.
    pub fn looks(&mut self, appearance: &RawAppearance, sink: &mut dyn ObjectSink) -> Result<Looks, ImportError> {
        Ok(Looks::read(appearance, &mut self.images, &mut self.findings, sink)?)
    }

    /// Ends the source: what was held back, what was left out of place.
    pub fn finish(self, file: &str, sink: &mut dyn ObjectSink) {
        self.findings.finish(sink);
        self.projector.report(file, "vertices", sink);
    }

    /// Gives out an object whose vertices, looks and templates are those of `within`. What was in `raw` is used up.
    pub fn give(&mut self, id: &str, raw: &mut RawObject, within: &mut Within, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        self.given = self.given.wrapping_add(1);
        if self.given.is_multiple_of(256) {
            self.feedback.check()?;
        }
        let object = self.object(id, raw, within, sink);
        Ok(sink.object(object)?)
    }

    fn object(&mut self, id: &str, raw: &mut RawObject, within: &mut Within, sink: &mut dyn ObjectSink) -> CityObject {
        if self.class.0 != raw.kind {
            self.class = (raw.kind.clone(), class_of(&raw.kind));
        }
        let (class, exact) = self.class.1;
        if !exact && !raw.kind.starts_with('+') {
            let message = format!("'{}' is no type of city object in CityJSON; it becomes a GenericCityObject", raw.kind);
            self.findings.warn("cityjson-unknown-type", id, &format!("/CityObjects/{id}/type"), message, sink);
        }
        let mut object = CityObject::new(id, class, self.source);
        object.attributes = std::mem::take(&mut raw.attributes);
        let said = Said::of(&object.attributes);
        object.name = said.name.map(str::to_owned);
        (object.valid_from, object.valid_to) = (said.valid_from, said.valid_to);
        // Classes that CityJSON has no type for, as Qike's own export keeps them.
        let own = said.class;
        if let Some(class) = own {
            object.class = class;
        }
        for key in said.ours.into_iter().flatten() {
            object.attributes.shift_remove(key);
        }
        for (key, value) in std::mem::take(&mut raw.others) {
            object.attributes.entry(key).or_insert(value);
        }
        if !exact && own.is_none() {
            object.attributes.insert("cityjson_type".into(), Value::String(raw.kind.clone()));
        }
        if class == Class::CityObjectGroup && !raw.children.is_empty() {
            object.attributes.insert("members".into(), std::mem::take(&mut raw.children).into());
        }
        if !within.family.is_empty() {
            let parents = within.family.parents(id, &raw.parents);
            if let Some(first) = parents.first() {
                object.parent = Some(ObjectId::new(first));
                if parents.len() > 1 {
                    object.attributes.insert("cityjson_parents".into(), parents.iter().map(|p| Value::from(*p)).collect());
                }
                if !within.family.has(first) {
                    let message = format!("its parent '{first}' is not in the file");
                    self.findings.warn("cityjson-missing-parent", id, &format!("/CityObjects/{id}/parents"), message, sink);
                }
            }
        }
        object.geometries.reserve_exact(raw.geometries().len());
        for (number, geometry) in raw.geometries().iter_mut().enumerate() {
            let built = if geometry.kind == "GeometryInstance" {
                self.instance(id, number, geometry, within, sink)
            } else {
                self.plain(id, number, geometry, within, sink)
            };
            object.geometries.extend(built);
        }
        object
    }

    fn plain(&mut self, id: &str, number: usize, raw: &mut RawGeometry, within: &mut Within, sink: &mut dyn ObjectSink) -> Option<Geometry> {
        let lod = lod_of(&raw.lod).unwrap_or_else(|message| {
            self.findings.warn("cityjson-bad-lod", id, &format!("{}/lod", place(id, number)), message, sink);
            qike_scene::Lod::ZERO
        });
        let mut faults = Faults::default();
        let (projector, vertices) = (&mut self.projector, &mut *within.vertices);
        let around = Surroundings { vertices: vertices.len(), looks: within.looks };
        let mut surfaces = std::mem::take(&mut raw.surfaces);
        let built = build(raw, &mut surfaces, lod, &around, &mut self.renumber, &mut faults, |i| vertices.position(i, projector, id));
        // Its memory is for the next.
        raw.surfaces = surfaces;
        self.tell(id, number, faults, around.vertices, sink);
        built
    }

    fn instance(&mut self, id: &str, number: usize, raw: &RawGeometry, within: &Within, sink: &mut dyn ObjectSink) -> Option<Geometry> {
        let templates = within.templates;
        let placement = Placement::of(raw).and_then(|placement| {
            let anchor = within.vertices.original(placement.anchor).ok_or(format!("there is no vertex {}", placement.anchor))?;
            let count = templates.templates.len();
            let template = templates.templates.get(placement.template).ok_or(format!("there is no template {} among {count}", placement.template))?;
            if template.kind == "GeometryInstance" {
                return Err(format!("template {} is itself an instance", placement.template));
            }
            Ok((placement, anchor, template))
        });
        let (placement, anchor, template) = match placement {
            Ok(found) => found,
            Err(message) => {
                self.findings.error("cityjson-bad-instance", id, &place(id, number), format!("an instance is left out: {message}"), sink);
                return None;
            }
        };
        let lod = lod_of(if template.lod.is_empty() { &raw.lod } else { &template.lod }).unwrap_or_else(|message| {
            self.findings.warn("cityjson-bad-lod", id, &place(id, number), message, sink);
            qike_scene::Lod::ZERO
        });
        let around = Surroundings { vertices: templates.vertices.len(), looks: within.looks };
        let mut faults = Faults::default();
        let projector = &mut self.projector;
        let built = build(template, &mut template.surfaces.clone(), lod, &around, &mut self.renumber, &mut faults, |i| {
            let v = templates.vertices.get(i as usize)?;
            projector.project(placement.place(v, anchor), id)
        });
        self.tell(id, number, faults, templates.vertices.len(), sink);
        built
    }

    fn tell(&mut self, id: &str, number: usize, faults: Faults, vertices: usize, sink: &mut dyn ObjectSink) {
        if let Some(message) = faults.shape {
            self.findings.error("cityjson-bad-geometry", id, &place(id, number), format!("a geometry is left out: {message}"), sink);
        }
        if faults.bad_numbers > 0 {
            let message = format!(
                "{} surfaces, lines or points are left out: they use vertices that are none of the {vertices} of the file",
                faults.bad_numbers
            );
            self.findings.error("cityjson-bad-index", id, &format!("{}/boundaries", place(id, number)), message, sink);
        }
        if faults.degenerate > 0 {
            let message = format!("{} rings are left out: a ring needs three points", faults.degenerate);
            self.findings.warn("cityjson-degenerate", id, &format!("{}/boundaries", place(id, number)), message, sink);
        }
        if faults.short > 0 {
            let message = format!("{} lines are left out: a line needs two points", faults.short);
            self.findings.warn("line-too-short", id, &format!("{}/boundaries", place(id, number)), message, sink);
        }
        if faults.empty {
            let message = "a geometry is left out: there is nothing in its boundaries".to_owned();
            self.findings.warn("geometry-empty", id, &format!("{}/boundaries", place(id, number)), message, sink);
        }
        for what in faults.unfit {
            let message = format!("its {what} do not fit its boundaries, or name entries that are not there; those are left out");
            self.findings.warn("cityjson-unfit-values", id, &format!("{}/{what}", place(id, number)), message, sink);
        }
    }
}

/// The path of a geometry.
fn place(id: &str, number: usize) -> String {
    format!("/CityObjects/{id}/geometry/{number}")
}

/// What some attributes say of an object.
#[derive(Default)]
struct Said<'a> {
    name: Option<&'a str>,
    class: Option<Class>,
    valid_from: Option<String>,
    valid_to: Option<String>,
    /// Attributes of Qike's own export, which say what the object itself has a place for.
    ours: [Option<&'static str>; 3],
}

impl<'a> Said<'a> {
    fn of(attributes: &'a Attributes) -> Self {
        // In the order in which they count: when it exists in the world, then since when the model knows it.
        let (mut names, mut from, mut to) = ([None; 3], [None; 3], [None; 3]);
        let mut said = Self::default();
        for (key, value) in attributes {
            let text = value.as_str();
            match key.as_str() {
                "name" => names[0] = text,
                "gml:name" => names[1] = text,
                "gml_name" => names[2] = text,
                "validFrom" => from[1] = text,
                "creationDate" => from[2] = text,
                "validTo" => to[1] = text,
                "terminationDate" => to[2] = text,
                "qike_class" => said.class = text.and_then(Class::parse),
                "qike_valid_from" => (from[0], said.ours[1]) = (text.or(Some("")), Some("qike_valid_from")),
                "qike_valid_to" => (to[0], said.ours[2]) = (text.or(Some("")), Some("qike_valid_to")),
                _ => {}
            }
        }
        // Our own word counts, also where it says that there is no day.
        let date = |days: [Option<&str>; 3]| match days[0] {
            Some(own) => day(own),
            None => days.into_iter().flatten().find_map(day),
        };
        said.ours[0] = said.class.map(|_| "qike_class");
        Self { name: names.into_iter().flatten().next(), valid_from: date(from), valid_to: date(to), ..said }
    }
}
