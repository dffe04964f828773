//! Elements to objects: cells, boundaries, layers, states, transitions; each with its geometry, its properties and its links.

use super::names::{attribute, class_of, is_geometry, pairs};
use crate::formats::citygml::appearance::Appearances;
use crate::formats::citygml::attributes::{self, number_or_text};
use crate::formats::citygml::document::Document;
use crate::formats::citygml::geometry::{Builder, open_rings};
use crate::formats::citygml::shapes::{self, Shapes};
use crate::formats::citygml::systems::Systems;
use crate::formats::citygml::tree::{Ix, Names, Tree};
use crate::formats::features::stem;
use crate::formats::findings::Findings;
use crate::{ImportError, Source};
use qike_core::Feedback;
use qike_core::fast_map::FastMap;
use qike_scene::{CityObject, Class, Lod, ObjectId, ObjectSink, SourceId, Value};
use std::collections::HashSet;

/// The level of cells and boundaries in space: that of rooms with what is in them, as IFC's spaces have it.
const IN_SPACE: Lod = Lod::THREE;

/// Reads the features of one document.
pub struct Reader<'a> {
    source: SourceId,
    stem: String,
    names: &'a Names,
    /// Prefixes of IndoorGML's and GML's own namespaces.
    own: Vec<String>,
    systems: Systems,
    findings: Findings,
    nothing: Appearances,
    building: ObjectId,
    objects: Vec<CityObject>,
}

impl<'a> Reader<'a> {
    /// For a document whose system is known.
    pub fn new(source: &Source, number: SourceId, document: &Document, names: &'a Names, systems: Systems) -> Self {
        let stem = stem(&source.path);
        let own = document.namespaces.iter().filter(|(_, uri)| uri.contains("indoorgml") || uri.contains("/gml")).map(|(prefix, _)| prefix.clone());
        Self {
            source: number,
            names,
            own: own.collect(),
            systems,
            findings: Findings::new(&source.name),
            nothing: Appearances::default(),
            building: ObjectId::new(document.id.as_deref().unwrap_or(&stem)),
            stem,
            objects: Vec::new(),
        }
    }

    /// The object of the whole: a building, named and described as the document is.
    pub fn model(&mut self, about: &[Tree]) {
        let mut building = CityObject::new(self.building.clone(), Class::Building, self.source);
        building.attributes.insert("indoorgml_type".into(), "IndoorFeatures".into());
        for tree in about {
            self.plain(tree, 0, &mut building);
        }
        self.objects.push(building);
    }

    /// All features of one half of the document.
    pub fn half(&mut self, tree: &Tree, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let building = self.building.clone();
        self.inside(tree, 0, &building, sink).map(drop)
    }

    /// Finds features below an element; gives the ids of the nearest.
    fn inside(&mut self, tree: &Tree, ix: Ix, parent: &ObjectId, sink: &mut dyn ObjectSink) -> Result<Vec<ObjectId>, ImportError> {
        let mut found = Vec::new();
        for child in tree.children(ix) {
            match class_of(tree.local(child, self.names)) {
                Some(class) => found.push(self.feature(tree, child, class, parent, sink)?),
                None => found.extend(self.inside(tree, child, parent, sink)?),
            }
        }
        Ok(found)
    }

    fn feature(&mut self, tree: &Tree, ix: Ix, class: Class, parent: &ObjectId, sink: &mut dyn ObjectSink) -> Result<ObjectId, ImportError> {
        let names = self.names;
        let local = tree.local(ix, names);
        let id = tree.id(ix, names).map_or_else(|| format!("{}/{local}-L{}", self.stem, tree.line(ix)), str::to_owned);
        let mut object = CityObject::new(id.as_str(), class, self.source);
        object.parent = Some(parent.clone());
        object.attributes.insert("indoorgml_type".into(), local.into());
        // Features inside others (a state given where a link could stand) are kept with the outer one's place.
        let place = self.objects.len();
        let inner_parent = if local == "SpaceLayer" { object.id.clone() } else { parent.clone() };
        for property in tree.children(ix) {
            let name = tree.local(property, names);
            if is_geometry(name) {
                self.geometry(tree, property, &mut object, sink)?;
                continue;
            }
            let (key, _) = attribute(name);
            let inner = self.inside(tree, property, &inner_parent, sink)?;
            if inner.is_empty() {
                self.plain(tree, property, &mut object);
            } else if !matches!(name, "nodes" | "edges") {
                inner.iter().for_each(|id| attributes::put(&mut object.attributes, key, id.as_str().into()));
            }
        }
        lists(&mut object);
        if let Some(description) = object.str("description").map(str::to_owned) {
            for (key, value) in pairs(&description) {
                object.attributes.entry(key).or_insert_with(|| number_or_text(value));
            }
        }
        let id = object.id.clone();
        self.objects.insert(place, object);
        Ok(id)
    }

    /// A property without features and geometry.
    fn plain(&self, tree: &Tree, property: Ix, object: &mut CityObject) {
        let names = self.names;
        let local = tree.local(property, names);
        if local == "boundedBy" {
            return;
        }
        if local == "name" && object.name.is_none() {
            object.name = Some(tree.own_text(property).to_owned()).filter(|name| !name.is_empty());
            return;
        }
        let qualified = tree.qualified(property, names);
        let prefix = qualified.split_once(':').map_or("", |(prefix, _)| prefix);
        let key = if self.own.iter().any(|own| own == prefix) { attribute(local).0 } else { qualified };
        if key == "weight" {
            attributes::put(&mut object.attributes, key, number_or_text(tree.own_text(property)));
        } else if !attributes::simple(tree, names, property, key, &mut object.attributes) {
            for child in tree.children(property) {
                attributes::put(&mut object.attributes, key, attributes::json(tree, names, child));
            }
        }
    }

    fn geometry(&mut self, tree: &Tree, property: Ix, object: &mut CityObject, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let names = self.names;
        // A cell may be given in the plane and in space, each in an element of its own below the property.
        let flat = |ix: Ix| tree.local(ix, names).to_ascii_lowercase().ends_with("2d");
        let forms: Vec<Ix> = tree.children(property).filter(|child| is_geometry(tree.local(*child, names))).collect();
        let forms = if forms.is_empty() { vec![property] } else { forms };
        let system = self.systems.fallback()?;
        for form in forms {
            let shapes = shapes::collect(tree, names, &mut self.systems, form, system)?;
            self.tell(tree, form, object.id.as_str(), &shapes, sink);
            let surfaces = !shapes.solids.is_empty() || !shapes.faces.is_empty();
            let mut builder = Builder {
                tree,
                names,
                systems: &mut self.systems,
                lod: if surfaces && !flat(form) { IN_SPACE } else { Lod::ZERO },
                object: object.id.as_str(),
                semantics: &[],
                owner: &FastMap::default(),
                appearances: [&self.nothing, &self.nothing],
                mesh: false,
                exact: false,
                degenerate: 0,
                short: 0,
                unmapped: 0,
                open: Default::default(),
                used: HashSet::new(),
            };
            let mut made = Vec::new();
            builder.build(&shapes, &mut made);
            let (degenerate, short, open) = (builder.degenerate, builder.short, open_rings(&builder.open));
            self.findings.line = Some(tree.line(form));
            for told in open {
                self.findings.warn_at("ring-not-closed", object.id.as_str(), tree.qualified(form, names), told, sink);
            }
            object.geometries.extend(made);
            if degenerate > 0 {
                let message = format!("{degenerate} rings are left out: a ring needs three points");
                self.warn("indoorgml-degenerate", tree, form, object.id.as_str(), message, sink);
            }
            if short > 0 {
                let message = format!("{short} lines are left out: a line needs two points");
                self.warn("line-too-short", tree, form, object.id.as_str(), message, sink);
            }
        }
        Ok(())
    }

    fn tell(&mut self, tree: &Tree, ix: Ix, object: &str, shapes: &Shapes, sink: &mut dyn ObjectSink) {
        for id in &shapes.missing {
            let message = format!("a link leads to '#{id}', which is not in this half of the document; what it stands for is left out");
            self.warn("indoorgml-broken-link", tree, ix, object, message, sink);
        }
        if shapes.circular {
            let message = "links lead round in a circle, or to one another without end; they are followed no further".to_owned();
            self.warn("indoorgml-circular-link", tree, ix, object, message, sink);
        }
        if shapes.curved > 0 {
            let message = format!("{} curved segments or surfaces are left out", shapes.curved);
            self.warn("indoorgml-curved", tree, ix, object, message, sink);
        }
    }

    fn warn(&mut self, code: &'static str, tree: &Tree, ix: Ix, object: &str, message: String, sink: &mut dyn ObjectSink) {
        self.findings.line = Some(tree.line(ix));
        self.findings.warn(code, object, tree.qualified(ix, self.names), message, sink);
    }

    /// Gives out all objects, and what is to be told of the document.
    pub fn give(mut self, loss: Option<(u64, String)>, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        self.findings.line = None;
        if self.objects.len() < 2 {
            self.findings.warn("indoorgml-empty", "", "/IndoorFeatures", "the document has neither cells nor a graph".to_owned(), sink);
        }
        if let Some((line, message)) = loss {
            self.findings.line = Some(line);
            self.findings.warn("text-encoding", "", "", message, sink);
        }
        for (number, object) in self.objects.into_iter().enumerate() {
            crate::formats::features::check_every(number + 1, feedback)?;
            sink.object(object)?;
        }
        self.findings.finish(sink);
        self.systems.finish(sink);
        Ok(())
    }
}

/// Makes lists of links that came once.
fn lists(object: &mut CityObject) {
    for (key, value) in object.attributes.iter_mut().filter(|(_, value)| !value.is_array()) {
        if matches!(key.as_str(), "connects" | "inter_connects" | "connected_layers" | "boundaries") {
            *value = Value::Array(vec![value.take()]);
        }
    }
}
