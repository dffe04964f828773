//! City objects of a document (or of one feature of a sequence) to objects of the scene.

use super::appearance::{Lists, Looks};
use super::classes::class_of;
use crate::formats::citygml::day;
use crate::formats::findings::Findings;
use super::geometry::{Faults, Renumber, Surroundings, build, lod_of};
use super::instance::Placement;
use super::model::{Document, RawAppearance, RawGeometry, RawObject, RawTemplates, RawTransform};
use super::vertices::Vertices;
use crate::images::Images;
use crate::{ImportError, Projector};
use qike_core::Feedback;
use qike_scene::{CityObject, Class, Geometry, ObjectId, ObjectSink, SourceId, Value};
use std::collections::HashMap;
use std::fmt::Write as _;

/// What stays the same for all features of a file.
pub struct Shared {
    /// The file's transform.
    pub transform: Option<RawTransform>,
    /// Materials and textures of the file.
    pub looks: Looks,
    /// Geometry templates.
    pub templates: RawTemplates,
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
    /// Where the current geometry stands; kept for its memory.
    path: String,
}

impl<'a> Objects<'a> {
    /// Ready for the first document.
    pub fn new(source: SourceId, projector: Projector, findings: Findings, images: Images, feedback: &'a Feedback) -> Self {
        Self { source, projector, findings, feedback, images, renumber: Renumber::default(), path: String::new() }
    }

    /// What all features of the file share, from a document's own parts; its pictures go to the sink.
    pub fn shared(
        &mut self, transform: Option<RawTransform>, appearance: &RawAppearance, templates: RawTemplates, sink: &mut dyn ObjectSink,
    ) -> Result<Shared, ImportError> {
        let looks = Looks::read(appearance, &mut self.images, &mut self.findings, sink)?;
        Ok(Shared { transform, looks, templates })
    }

    /// Gives out all objects of a document whose shared parts are `shared`.
    pub fn give(&mut self, document: Document, shared: &Shared, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let Document { vertices, objects, appearance, .. } = document;
        let mut vertices = Vertices::new(vertices, shared.transform);
        // A feature may have materials and textures of its own.
        let own = Looks::read(&appearance, &mut self.images, &mut self.findings, sink)?;
        let looks = own.or(&shared.looks);
        let family = Family::of(&objects);
        for (index, (id, raw)) in objects.into_iter().enumerate() {
            if index % 256 == 0 {
                self.feedback.check()?;
            }
            let object = self.object(id, raw, &family, &mut vertices, looks, &shared.templates, sink);
            sink.object(object)?;
        }
        Ok(())
    }

    /// Ends the source: what was held back, what was left out of place.
    pub fn finish(self, file: &str, sink: &mut dyn ObjectSink) {
        self.findings.finish(sink);
        self.projector.report(file, "vertices", sink);
    }

    #[allow(clippy::too_many_arguments)]
    fn object(
        &mut self, id: String, raw: RawObject, family: &Family, vertices: &mut Vertices, looks: Lists,
        templates: &RawTemplates, sink: &mut dyn ObjectSink,
    ) -> CityObject {
        let (class, exact) = class_of(&raw.kind);
        if !exact && !raw.kind.starts_with('+') {
            let message = format!("'{}' is no type of city object in CityJSON; it becomes a GenericCityObject", raw.kind);
            self.findings.warn("cityjson-unknown-type", &id, &format!("/CityObjects/{id}/type"), message, sink);
        }
        let mut object = CityObject::new(id.as_str(), class, self.source);
        object.attributes = raw.attributes;
        // Classes that CityJSON has no type for, as Qike's own export keeps them.
        let own = object.str("qike_class").and_then(Class::parse);
        if let Some(class) = own {
            object.class = class;
            object.attributes.shift_remove("qike_class");
        }
        object.name = ["name", "gml:name", "gml_name"].iter().find_map(|key| object.str(key)).map(str::to_owned);
        let date = |keys: [&str; 2]| keys.iter().find_map(|key| day(object.str(key)?));
        // When it exists in the world counts; else since when the model knows it.
        (object.valid_from, object.valid_to) = (date(["validFrom", "creationDate"]), date(["validTo", "terminationDate"]));
        for (key, value) in raw.others {
            object.attributes.entry(key).or_insert(value);
        }
        if !exact && own.is_none() {
            object.attributes.insert("cityjson_type".into(), Value::String(raw.kind));
        }
        if class == Class::CityObjectGroup && !raw.children.is_empty() {
            object.attributes.insert("members".into(), raw.children.into());
        }
        let parents = family.parents(&id, &raw.parents);
        if let Some(first) = parents.first() {
            object.parent = Some(ObjectId::new(first));
            if parents.len() > 1 {
                object.attributes.insert("cityjson_parents".into(), parents.iter().map(|p| Value::from(*p)).collect());
            }
            if !family.kinds.contains_key(*first) {
                let message = format!("its parent '{first}' is not in the file");
                self.findings.warn("cityjson-missing-parent", &id, &format!("/CityObjects/{id}/parents"), message, sink);
            }
        }
        let around = Surroundings { vertices: vertices.len(), looks };
        let mut path = std::mem::take(&mut self.path);
        for (number, geometry) in raw.geometries.into_iter().enumerate() {
            path.clear();
            // Writing to a text cannot fail.
            let _ = write!(path, "/CityObjects/{id}/geometry/{number}");
            let built = if geometry.kind == "GeometryInstance" {
                self.instance(&id, &path, &geometry, vertices, &around, templates, sink)
            } else {
                self.plain(&id, &path, geometry, vertices, &around, sink)
            };
            object.geometries.extend(built);
        }
        self.path = path;
        object
    }

    fn plain(
        &mut self, id: &str, path: &str, raw: RawGeometry, vertices: &mut Vertices, around: &Surroundings, sink: &mut dyn ObjectSink,
    ) -> Option<Geometry> {
        let lod = lod_of(raw.lod.as_deref()).unwrap_or_else(|message| {
            self.findings.warn("cityjson-bad-lod", id, &format!("{path}/lod"), message, sink);
            qike_scene::Lod::ZERO
        });
        let mut faults = Faults::default();
        let projector = &mut self.projector;
        let built = build(raw, lod, around, &mut self.renumber, &mut faults, |i| vertices.position(i, projector, id));
        self.tell(id, path, faults, around.vertices, sink);
        built
    }

    #[allow(clippy::too_many_arguments)]
    fn instance(
        &mut self, id: &str, path: &str, raw: &RawGeometry, vertices: &mut Vertices, around: &Surroundings, templates: &RawTemplates,
        sink: &mut dyn ObjectSink,
    ) -> Option<Geometry> {
        let placement = Placement::of(raw).and_then(|placement| {
            let anchor = vertices.original(placement.anchor).ok_or(format!("there is no vertex {}", placement.anchor))?;
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
                self.findings.error("cityjson-bad-instance", id, path, format!("an instance is left out: {message}"), sink);
                return None;
            }
        };
        let lod = lod_of(template.lod.as_deref().or(raw.lod.as_deref())).unwrap_or_else(|message| {
            self.findings.warn("cityjson-bad-lod", id, path, message, sink);
            qike_scene::Lod::ZERO
        });
        let around = Surroundings { vertices: templates.vertices.len(), ..*around };
        let mut faults = Faults::default();
        let projector = &mut self.projector;
        let built = build(template.copy(), lod, &around, &mut self.renumber, &mut faults, |i| {
            let v = *templates.vertices.get(i as usize)?;
            projector.project(placement.place(v, anchor), id)
        });
        self.tell(id, path, faults, templates.vertices.len(), sink);
        built
    }

    fn tell(&mut self, id: &str, path: &str, faults: Faults, vertices: usize, sink: &mut dyn ObjectSink) {
        if let Some(message) = faults.shape {
            self.findings.error("cityjson-bad-geometry", id, path, format!("a geometry is left out: {message}"), sink);
        }
        if faults.bad_numbers > 0 {
            let message = format!(
                "{} surfaces, lines or points are left out: they use vertices that are none of the {vertices} of the file",
                faults.bad_numbers
            );
            self.findings.error("cityjson-bad-index", id, &format!("{path}/boundaries"), message, sink);
        }
        if faults.degenerate > 0 {
            let message = format!("{} rings are left out: a ring needs three points", faults.degenerate);
            self.findings.warn("cityjson-degenerate", id, &format!("{path}/boundaries"), message, sink);
        }
        if faults.short > 0 {
            let message = format!("{} lines are left out: a line needs two points", faults.short);
            self.findings.warn("line-too-short", id, &format!("{path}/boundaries"), message, sink);
        }
        if faults.empty {
            let message = "a geometry is left out: there is nothing in its boundaries".to_owned();
            self.findings.warn("geometry-empty", id, &format!("{path}/boundaries"), message, sink);
        }
        for what in faults.unfit {
            let message = format!("its {what} do not fit its boundaries, or name entries that are not there; those are left out");
            self.findings.warn("cityjson-unfit-values", id, &format!("{path}/{what}"), message, sink);
        }
    }
}

/// Who is whose parent: from `parents`, and from `children` where an object names no parent.
struct Family {
    /// Whether each object of the file is a group.
    kinds: HashMap<String, bool>,
    parent_by_child: HashMap<String, String>,
}

impl Family {
    fn of(objects: &[(String, RawObject)]) -> Self {
        if objects.iter().all(|(_, o)| o.parents.is_empty() && o.children.is_empty()) {
            return Self { kinds: HashMap::new(), parent_by_child: HashMap::new() };
        }
        let kinds: HashMap<_, _> = objects.iter().map(|(id, o)| (id.clone(), o.kind == "CityObjectGroup")).collect();
        let without: std::collections::HashSet<&str> =
            objects.iter().filter(|(_, o)| o.parents.is_empty()).map(|(id, _)| id.as_str()).collect();
        let mut parent_by_child = HashMap::new();
        for (id, object) in objects.iter().filter(|(_, o)| o.kind != "CityObjectGroup") {
            for child in object.children.iter().filter(|c| without.contains(c.as_str()) && *c != id) {
                parent_by_child.entry(child.clone()).or_insert_with(|| id.clone());
            }
        }
        Self { kinds, parent_by_child }
    }

    /// The parents of an object without the groups it is a member of; nobody is their own parent.
    fn parents<'f>(&'f self, id: &str, stated: &'f [String]) -> Vec<&'f str> {
        let mut parents: Vec<&str> = stated.iter().map(String::as_str).filter(|p| *p != id && self.kinds.get(*p) != Some(&true)).collect();
        if parents.is_empty() {
            parents.extend(self.parent_by_child.get(id).map(String::as_str));
        }
        parents
    }
}
