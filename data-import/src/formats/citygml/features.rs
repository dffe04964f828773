//! Features of a member to objects: nested features become children, thematic surfaces become semantics, everything else
//! becomes geometry or attributes.

use super::appearance::Appearances;
use super::attributes::{self, put};
use super::codelists::CodeLists;
use super::classes::{class_of, is_surface, lod_of};
use super::dynamizer;
use super::geometry::{Builder, open_rings};
use super::own::{self, Noted, Own};
use super::shapes::{self, Face, Shapes};
use super::systems::Systems;
use super::tree::{Ix, Names, Tree};
use crate::ImportError;
use crate::formats::findings::Findings;
use crate::images::Images;
use qike_scene::geometry::NONE;
use qike_scene::{Attributes, CityObject, Class, Geometry, Lod, ObjectId, ObjectSink, Semantic, SourceId, Value};
use qike_core::fast_map::{FastMap, FastSet};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Turns members into objects.
pub struct Converter {
    /// Number of the source.
    pub source: SourceId,
    /// Prefix of ids where the document gives none.
    pub stem: String,
    /// Reference systems.
    pub systems: Systems,
    /// What is wrong so far.
    pub findings: Findings,
    /// Materials and textures of the whole document.
    pub appearances: Appearances,
    /// Pictures of textures.
    pub images: Images,
    /// Words of codes.
    pub codes: CodeLists,
}

/// A thematic surface on its way to become a semantic.
struct Surface {
    semantic: Semantic,
    by_lod: Vec<(u8, Vec<Face>)>,
}

/// What a feature is made of.
#[derive(Default)]
struct Parts {
    /// Geometry properties by level of detail.
    properties: BTreeMap<u8, Vec<Ix>>,
    surfaces: Vec<Surface>,
    /// The semantic of faces.
    owner: FastMap<Ix, u32>,
    /// What Qike's own export says beside the schemas.
    own: Own,
    /// Features inside, with the id of the surface they open.
    nested: Vec<(Ix, Class, Option<String>)>,
}

/// The objects of one member, and which feature refers to which.
#[derive(Default)]
struct Made {
    objects: Vec<CityObject>,
    /// A storey and a room in it.
    storeys: Vec<(ObjectId, String)>,
}

/// One member at work.
struct Member<'a> {
    converter: &'a mut Converter,
    tree: &'a Tree,
    names: &'a Names,
    /// Materials and textures that the member brings itself.
    own: Appearances,
    made: Made,
    sink: &'a mut dyn ObjectSink,
}

impl Converter {
    /// Gives out the objects of a member.
    pub fn member(&mut self, tree: &Tree, names: &Names, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let mut own = Appearances::default();
        own.read(tree, names);
        own.load(&mut self.images, &mut self.findings, sink)?;
        self.appearances.georeferenced += own.georeferenced;
        let mut member = Member { converter: self, tree, names, own, made: Made::default(), sink };
        for ix in tree.children(0) {
            let class = class_of(tree.local(ix, names)).unwrap_or_else(|| extended_class(tree, names, ix));
            member.feature(ix, class, None, 0, None)?;
        }
        let Made { mut objects, storeys } = member.made;
        set_storeys(&mut objects, &storeys);
        for mut object in objects {
            self.codes.resolve(&mut object.attributes, &mut self.findings, sink);
            sink.object(object)?;
        }
        for series in dynamizer::series(tree, names) {
            sink.series(series)?;
        }
        Ok(())
    }
}

/// A room that a storey refers to is part of the storey; both are in the building.
fn set_storeys(objects: &mut [CityObject], storeys: &[(ObjectId, String)]) {
    let place: HashMap<String, usize> = objects.iter().enumerate().map(|(i, o)| (o.id.to_string(), i)).collect();
    for (storey, room) in storeys {
        let Some(index) = place.get(room) else { continue };
        if let Some(object) = objects.get_mut(*index).filter(|o| o.id != *storey) {
            object.parent = Some(storey.clone());
        }
    }
}

impl Member<'_> {
    fn local(&self, ix: Ix) -> &str {
        self.tree.local(ix, self.names)
    }

    fn feature(&mut self, ix: Ix, class: Class, parent: Option<&ObjectId>, ordinal: usize, surface: Option<String>) -> Result<(), ImportError> {
        let (tree, names) = (self.tree, self.names);
        let local = self.local(ix).to_owned();
        let own = Own::of(tree, names, ix).unwrap_or_default();
        let class = own.class().unwrap_or(class);
        let told = own.id().or_else(|| own::identifier(tree, names, ix));
        let id = match (told.or_else(|| tree.id(ix, names)), parent) {
            (Some(id), _) => id.to_owned(),
            (None, Some(parent)) => format!("{parent}/{local}-{ordinal}"),
            (None, None) => format!("{}/{local}-L{}", self.converter.stem, tree.line(ix)),
        };
        let mut object = CityObject::new(id.as_str(), class, self.converter.source);
        object.parent = own.parent().map(ObjectId::new).or_else(|| parent.cloned());
        object.name = own.name().map(str::to_owned);
        object.valid_from = own.day("valid_from").map(str::to_owned);
        object.valid_to = own.day("valid_to").map(str::to_owned);
        object.attributes = own.attributes().cloned().unwrap_or_default();
        if local != class.name() && own.class().is_none() {
            object.attributes.insert("citygml_type".into(), attributes::key(tree.qualified(ix, names)).into());
        }
        if let Some(surface) = surface {
            object.attributes.insert("surface".into(), surface.into());
        }
        let mut parts = Parts { own, ..Parts::default() };
        for property in tree.children(ix) {
            self.property(property, &mut object, &mut parts)?;
        }
        self.geometries(ix, &mut object, &parts)?;
        let id = object.id.clone();
        self.made.objects.push(object);
        for (ordinal, (nested, class, surface)) in parts.nested.into_iter().enumerate() {
            self.feature(nested, class, Some(&id), ordinal + 1, surface)?;
        }
        Ok(())
    }

    fn property(&mut self, property: Ix, object: &mut CityObject, parts: &mut Parts) -> Result<(), ImportError> {
        let (tree, names) = (self.tree, self.names);
        let local = self.local(property);
        if let Some(lod) = lod_of(local) {
            parts.properties.entry(lod).or_default().push(property);
            return Ok(());
        }
        if parts.own.is_derived(local) {
            return Ok(());
        }
        match local {
            "identifier" if own::identifier(tree, names, tree.parent(property).unwrap_or(property)).is_some() => return Ok(()),
            "name" if object.name.is_none() => {
                object.name = Some(tree.own_text(property).to_owned()).filter(|name| !name.is_empty());
                return Ok(());
            }
            "validFrom" | "validTo" => {
                let text = tree.own_text(property);
                let day = attributes::day(text);
                // What says more than the day stays an attribute too.
                let is_day = day.as_deref().is_some_and(|day| text == day || text.strip_prefix(day) == Some("T00:00:00"));
                *(if local == "validFrom" { &mut object.valid_from } else { &mut object.valid_to }) = day;
                if is_day {
                    return Ok(());
                }
            }
            // When it exists in the world counts; else since when the model knows it.
            "creationDate" if object.valid_from.is_none() => object.valid_from = attributes::day(tree.own_text(property)),
            "terminationDate" if object.valid_to.is_none() => object.valid_to = attributes::day(tree.own_text(property)),
            // The box is that of the geometry; materials were read before.
            "boundedBy" if tree.child(property, "Envelope", names).is_some() => return Ok(()),
            "appearance" | "appearanceMember" => return Ok(()),
            "tin" | "reliefPoints" | "ridgeOrValleyLines" | "breaklines" => {
                let lod = tree.parent(property).and_then(|feature| tree.child(feature, "lod", names));
                let lod = lod.and_then(|lod| tree.own_text(lod).parse::<u8>().ok()).filter(|lod| *lod <= 4).unwrap_or(0);
                parts.properties.entry(lod).or_default().push(property);
                return Ok(());
            }
            "buildingRoom" | "room" if object.class == Class::Storey => {
                if let Some(room) = tree.link(property, names) {
                    self.made.storeys.push((object.id.clone(), room.to_owned()));
                }
            }
            _ => {}
        }
        if attributes::generic(tree, names, property, &mut object.attributes) {
            return Ok(());
        }
        let key = match attributes::key(tree.qualified(property, names)) {
            "groupMember" => "members",
            key => key,
        };
        if attributes::simple(tree, names, property, key, &mut object.attributes) {
            return Ok(());
        }
        for child in tree.children(property) {
            let local = self.local(child);
            let own = Own::of(tree, names, child).unwrap_or_default();
            if own.is_carrier() {
                continue;
            }
            if is_surface(local) || own.kind().is_some() {
                self.surface(child, own.inside(), parts)?;
            } else if let Some(class) = class_of(local) {
                parts.nested.push((child, class, None));
            } else if !attributes::generic(tree, names, child, &mut object.attributes) {
                put(&mut object.attributes, key, attributes::json(tree, names, child));
                self.extensions(child, parts);
            }
        }
        Ok(())
    }

    /// Features of an application extension that lie inside an element: whatever has geometry is an object.
    fn extensions(&self, ix: Ix, parts: &mut Parts) {
        let (tree, names) = (self.tree, self.names);
        if tree.children(ix).any(|property| lod_of(tree.local(property, names)).is_some()) {
            parts.nested.push((ix, extended_class(tree, names, ix), None));
            return;
        }
        for child in tree.children(ix) {
            self.extensions(child, parts);
        }
    }

    /// Takes a thematic surface, and the openings in it.
    fn surface(&mut self, ix: Ix, parent: Option<u32>, parts: &mut Parts) -> Result<(), ImportError> {
        let (tree, names) = (self.tree, self.names);
        let number = parts.surfaces.len() as u32;
        let own = Own::of(tree, names, ix).unwrap_or_default();
        let kind = own.kind().unwrap_or(self.local(ix)).to_owned();
        let mut semantic = Semantic { kind, parent, attributes: own.attributes().cloned().unwrap_or_default() };
        if let Some(id) = tree.id(ix, names) {
            semantic.attributes.insert("id".into(), id.into());
        }
        parts.surfaces.push(Surface { semantic, by_lod: Vec::new() });
        for property in tree.children(ix) {
            let local = self.local(property);
            if let Some(lod) = lod_of(local) {
                self.own_faces(property, lod, number, parts)?;
                continue;
            }
            if local == "boundedBy" && tree.child(property, "Envelope", names).is_some() {
                continue;
            }
            let mut said = Attributes::new();
            let key = attributes::key(tree.qualified(property, names));
            if !attributes::generic(tree, names, property, &mut said) && !attributes::simple(tree, names, property, key, &mut said) {
                for child in tree.children(property) {
                    let local = self.local(child);
                    if is_surface(local) {
                        self.surface(child, Some(number), parts)?;
                    } else if let Some(class) = class_of(local) {
                        self.opening(child, class, number, parts)?;
                    } else if !attributes::generic(tree, names, child, &mut said) && !matches!(local, "Appearance") {
                        put(&mut said, key, attributes::json(tree, names, child));
                    }
                }
            }
            if let Some(surface) = parts.surfaces.get_mut(number as usize) {
                surface.semantic.attributes.extend(said);
            }
        }
        Ok(())
    }

    /// A door or window in a surface: an object of its own, and a semantic for those of its faces that a solid uses.
    fn opening(&mut self, ix: Ix, class: Class, wall: u32, parts: &mut Parts) -> Result<(), ImportError> {
        let wall_id = parts.surfaces.get(wall as usize).and_then(|s| s.semantic.attributes.get("id")).and_then(Value::as_str).map(str::to_owned);
        parts.nested.push((ix, class, wall_id));
        let number = parts.surfaces.len() as u32;
        let mut semantic = Semantic { kind: class.name().to_owned(), parent: Some(wall), attributes: Attributes::new() };
        if let Some(id) = self.tree.id(ix, self.names) {
            semantic.attributes.insert("id".into(), id.into());
        }
        parts.surfaces.push(Surface { semantic, by_lod: Vec::new() });
        for property in self.tree.children(ix) {
            if lod_of(self.local(property)).is_some() {
                let shapes = shapes::collect(self.tree, self.names, &mut self.converter.systems, property, 0)?;
                parts.owner.extend(shapes.all_faces().map(|face| (face.node, number)));
            }
        }
        Ok(())
    }

    fn own_faces(&mut self, property: Ix, lod: u8, number: u32, parts: &mut Parts) -> Result<(), ImportError> {
        let system = self.converter.systems.fallback()?;
        let shapes = shapes::collect(self.tree, self.names, &mut self.converter.systems, property, system)?;
        parts.owner.extend(shapes.all_faces().map(|face| (face.node, number)));
        self.tell(property, &shapes);
        if let Some(surface) = parts.surfaces.get_mut(number as usize) {
            surface.by_lod.push((lod, shapes.all_faces().copied().collect()));
        }
        Ok(())
    }

    fn geometries(&mut self, feature: Ix, object: &mut CityObject, parts: &Parts) -> Result<(), ImportError> {
        let mut lods: Vec<u8> = parts.properties.keys().copied().collect();
        lods.extend(parts.surfaces.iter().flat_map(|s| s.by_lod.iter().map(|(lod, _)| *lod)));
        lods.sort_unstable();
        lods.dedup();
        let system = if lods.is_empty() && !parts.own.has_geometries() { 0 } else { self.system_of(feature)? };
        let noted = own::noted(&parts.own, self.tree, self.names, &mut self.converter.systems, feature, system)?;
        let known: FastSet<Ix> = noted.iter().flat_map(|n| n.shapes.nodes()).collect();
        let semantics: Vec<&Semantic> = parts.surfaces.iter().map(|s| &s.semantic).collect();
        let mut used_semantics = HashSet::new();
        for Noted { lod, kind, shapes } in &noted {
            let id = object.id.to_string();
            let mut builder = self.builder(*lod, &id, &semantics, parts, object.class);
            builder.used = used_semantics;
            object.geometries.extend(builder.noted(*kind, shapes));
            used_semantics = builder.used;
        }
        for lod in lods {
            let mut all = Shapes::default();
            for property in parts.properties.get(&lod).into_iter().flatten() {
                let shapes = shapes::collect(self.tree, self.names, &mut self.converter.systems, *property, system)?;
                self.tell(*property, &shapes);
                all.composite |= shapes.composite;
                all.solids.extend(shapes.solids);
                all.faces.extend(shapes.faces);
                all.lines.extend(shapes.lines);
                all.points.extend(shapes.points);
                all.implicit.extend(shapes.implicit);
            }
            all.forget(&known);
            let mut used: FastSet<Ix> = known.iter().copied().chain(all.all_faces().map(|face| face.node)).collect();
            let at_lod = parts.surfaces.iter().flat_map(|s| s.by_lod.iter().filter(|(l, _)| *l == lod)).flat_map(|(_, faces)| faces);
            all.faces.extend(at_lod.filter(|face| used.insert(face.node)));
            let id = object.id.to_string();
            let mut builder = self.builder(Lod::new(lod), &id, &semantics, parts, object.class);
            builder.used = std::mem::take(&mut used_semantics);
            builder.build(&all, &mut object.geometries);
            let broken = builder.implicit(&all.implicit, system, object)?;
            let (degenerate, short, unmapped, open) = (builder.degenerate, builder.short, builder.unmapped, open_rings(&builder.open));
            used_semantics = builder.used;
            broken.iter().for_each(|(prototype, shapes)| self.tell(*prototype, shapes));
            for told in open {
                self.converter.findings.line = Some(self.tree.line(feature));
                let path = path_of(self.tree, self.names, feature);
                self.converter.findings.warn_at("ring-not-closed", &id, &path, told, self.sink);
            }
            if degenerate > 0 {
                let message = format!("{degenerate} rings are left out: a ring needs three points");
                self.warn("citygml-degenerate", feature, &id, message);
            }
            if short > 0 {
                let message = format!("{short} lines are left out: a line needs two points");
                self.warn("line-too-short", feature, &id, message);
            }
            if unmapped > 0 {
                let message = format!("{unmapped} surfaces have a texture but no coordinates on it for all of their rings; they stay without");
                self.warn("citygml-texture-unmapped", feature, &id, message);
            }
        }
        keep_unused(&semantics, &used_semantics, &mut object.geometries);
        Ok(())
    }

    /// What builds the geometries of a feature at a level.
    fn builder<'b>(&'b mut self, lod: Lod, id: &'b str, semantics: &'b [&'b Semantic], parts: &'b Parts, class: Class) -> Builder<'b> {
        Builder {
            tree: self.tree,
            names: self.names,
            systems: &mut self.converter.systems,
            lod,
            object: id,
            semantics,
            owner: &parts.owner,
            appearances: [&self.own, &self.converter.appearances],
            mesh: class == Class::Relief,
            exact: false,
            degenerate: 0,
            short: 0,
            unmapped: 0,
            open: Default::default(),
            used: HashSet::new(),
        }
    }

    /// The reference system around a feature: that of its own box, or of the document.
    fn system_of(&mut self, feature: Ix) -> Result<usize, ImportError> {
        let envelope = self.tree.child(feature, "boundedBy", self.names).and_then(|b| self.tree.child(b, "Envelope", self.names));
        match envelope.and_then(|envelope| self.tree.get(envelope, "srsName", self.names)) {
            Some(name) => self.converter.systems.named(name),
            None => self.converter.systems.fallback(),
        }
    }

    fn tell(&mut self, property: Ix, shapes: &Shapes) {
        for id in &shapes.missing {
            let message = format!("a link leads to '#{id}', which is not in the document; what it stands for is left out");
            self.warn("citygml-broken-link", property, "", message);
        }
        if shapes.circular {
            let message = "links lead round in a circle, or to one another without end; they are followed no further".to_owned();
            self.warn("citygml-circular-link", property, "", message);
        }
        if shapes.curved > 0 {
            let message = format!("{} curved segments or surfaces are left out", shapes.curved);
            self.warn("citygml-curved", property, "", message);
        }
    }

    fn warn(&mut self, code: &'static str, ix: Ix, object: &str, message: String) {
        let path = path_of(self.tree, self.names, ix);
        self.converter.findings.line = Some(self.tree.line(ix));
        self.converter.findings.warn(code, object, &path, message, self.sink);
    }
}

/// The class of an extension's feature: that of the module whose properties it has, as it is a kind of its features.
fn extended_class(tree: &Tree, names: &Names, ix: Ix) -> Class {
    let module = |property: Ix| {
        Some(match tree.qualified(property, names).split_once(':')?.0 {
            "bldg" => Class::Building,
            "brid" => Class::Bridge,
            "tun" => Class::Tunnel,
            "tran" => Class::Road,
            "wtr" => Class::WaterBody,
            "frn" => Class::CityFurniture,
            // Plan layers of PLATEAU's urban planning extension: use districts, fire zones, project areas.
            "luse" | "urf" => Class::LandUse,
            _ => return None,
        })
    };
    tree.children(ix).find_map(module).unwrap_or(Class::GenericCityObject)
}

/// The names from the member down to an element.
fn path_of(tree: &Tree, names: &Names, ix: Ix) -> String {
    let mut path = Vec::new();
    let mut at = Some(ix);
    while let Some(ix) = at {
        path.push(tree.qualified(ix, names));
        at = tree.parent(ix);
    }
    path.reverse();
    format!("/{}", path.join("/"))
}

/// Surfaces without faces of their own (a wall that is all window) are kept in the finest geometry.
fn keep_unused(semantics: &[&Semantic], used: &HashSet<u32>, geometries: &mut [Geometry]) {
    let Some(last) = geometries.iter_mut().rev().find(|g| g.kind.has_surfaces()) else { return };
    for (number, semantic) in semantics.iter().enumerate() {
        // Openings are objects of their own.
        if !used.contains(&(number as u32)) && !matches!(semantic.kind.as_str(), "Door" | "Window") {
            last.semantics.push(Semantic { parent: None, ..(*semantic).clone() });
        }
    }
}

/// The numbers of semantics in a geometry that uses only some of them.
pub struct Renumber<'a> {
    semantics: &'a [&'a Semantic],
    numbers: FastMap<u32, u32>,
}

impl<'a> Renumber<'a> {
    /// None used yet.
    pub fn new(semantics: &'a [&'a Semantic]) -> Self {
        Self { semantics, numbers: FastMap::default() }
    }

    /// The numbers of those that were used.
    pub fn used(&self) -> impl Iterator<Item = u32> + '_ {
        self.numbers.keys().copied()
    }

    /// The number in the geometry; parents are taken in with their children.
    pub fn number(&mut self, of: u32, builder: &mut qike_scene::GeometryBuilder) -> u32 {
        if let Some(number) = self.numbers.get(&of) {
            return *number;
        }
        let Some(semantic) = self.semantics.get(of as usize) else { return NONE };
        let parent = semantic.parent.filter(|parent| *parent < of).map(|parent| self.number(parent, builder)).filter(|p| *p != NONE);
        let number = builder.add_semantic(Semantic { parent, ..(*semantic).clone() });
        self.numbers.insert(of, number);
        number
    }
}
