//! City objects by the schema: types, members, geometry types, parents and children, used vertices.

use super::appearance::Lists;
use super::extension::Extensions;
use super::header::Header;
use super::{Context, Told, brief, geometry};
use qike_scene::Value;
use std::collections::BTreeMap;

/// Vertex numbers beyond this are only counted as too great: no file has so many, and each needs a bit of memory.
const MOST_VERTICES: u64 = 1 << 32;

const POINT: u16 = 1;
const LINE: u16 = 2;
const SURFACES: u16 = 4;
const SHEET: u16 = 8;
const SOLID: u16 = 16;
const SOLIDS: u16 = 32;
const COMPOSITE: u16 = 64;
const INSTANCE: u16 = 128;
const ANY: u16 = 255;

/// The types of geometry by their bits.
const GEOMETRIES: [(&str, u16); 8] = [
    ("MultiPoint", POINT),
    ("MultiLineString", LINE),
    ("MultiSurface", SURFACES),
    ("CompositeSurface", SHEET),
    ("Solid", SOLID),
    ("MultiSolid", SOLIDS),
    ("CompositeSolid", COMPOSITE),
    ("GeometryInstance", INSTANCE),
];

/// A type of city object: its name, whether it is always part of another, the geometry it may have, the first version with it.
struct Kind(&'static str, bool, u16, u32);

const BODY: u16 = SURFACES | SHEET | SOLID | SOLIDS | COMPOSITE;
const KINDS: &[Kind] = &[
    Kind("Building", false, BODY, 10),
    Kind("BuildingPart", true, BODY, 10),
    Kind("BuildingInstallation", true, ANY, 10),
    Kind("BuildingFurniture", true, ANY, 11),
    Kind("BuildingConstructiveElement", true, ANY, 11),
    Kind("BuildingRoom", true, BODY, 11),
    Kind("BuildingStorey", true, BODY | INSTANCE, 11),
    Kind("BuildingUnit", true, BODY | INSTANCE, 11),
    Kind("Bridge", false, BODY, 10),
    Kind("BridgePart", true, BODY, 10),
    Kind("BridgeInstallation", true, ANY, 10),
    Kind("BridgeConstructionElement", true, ANY, 10),
    Kind("BridgeConstructiveElement", true, ANY, 11),
    Kind("BridgeRoom", true, BODY, 11),
    Kind("BridgeFurniture", true, ANY, 11),
    Kind("Tunnel", false, BODY, 10),
    Kind("TunnelPart", true, BODY, 10),
    Kind("TunnelInstallation", true, ANY, 10),
    Kind("TunnelConstructiveElement", true, ANY, 11),
    Kind("TunnelHollowSpace", true, ANY, 11),
    Kind("TunnelFurniture", true, ANY, 11),
    Kind("Road", false, SURFACES | SHEET | LINE, 10),
    Kind("Railway", false, SURFACES | SHEET | LINE, 10),
    Kind("Waterway", false, SURFACES | SHEET | LINE, 11),
    Kind("TransportSquare", false, SURFACES | SHEET | LINE, 10),
    Kind("TINRelief", false, SHEET, 10),
    Kind("WaterBody", false, BODY | LINE, 10),
    Kind("PlantCover", false, BODY, 10),
    Kind("SolitaryVegetationObject", false, ANY, 10),
    Kind("LandUse", false, SURFACES | SHEET, 10),
    Kind("CityFurniture", false, ANY, 10),
    Kind("GenericCityObject", false, ANY, 10),
    Kind("OtherConstruction", false, ANY, 11),
    Kind("CityObjectGroup", false, ANY, 10),
];

/// Who an object names as its parents and children.
#[derive(Default)]
struct Links {
    parents: Vec<String>,
    children: Vec<String>,
    group: bool,
}

/// The city objects of a document (or of a feature), as far as they were seen.
pub struct Objects<'c> {
    context: &'c Context,
    links: BTreeMap<String, Links>,
    /// One bit a vertex: is it used?
    used: Vec<u64>,
    /// Greatest number used by the geometry at hand, of vertices and of templates' vertices.
    greatest: [Option<u64>; 2],
    count: usize,
    lists: Lists,
}

impl<'c> Objects<'c> {
    /// Of a document; features bring vertices of their own with [`Objects::finish`].
    pub fn new(context: &'c Context) -> Self {
        let header = &context.header;
        let count = header.vertices.as_ref().map_or(0, |v| v.count);
        Self { context, links: BTreeMap::new(), used: Vec::new(), greatest: [None; 2], count, lists: Lists::of(&header.appearance) }
    }

    /// Digits of the version: 10, 11, 20.
    pub fn version(&self) -> u32 {
        self.context.version
    }

    /// What the document's extensions define.
    pub fn extensions(&self) -> &Extensions {
        &self.context.extensions
    }

    /// Sizes of the lists that geometries refer to.
    pub fn lists(&self) -> Lists {
        self.lists
    }

    /// Number of templates.
    pub fn templates(&self) -> usize {
        self.context.header.templates().list.len()
    }

    /// Is there such an object?
    pub fn has(&self, id: &str) -> bool {
        self.links.contains_key(id)
    }

    /// The vertices and the appearance of a feature, before its objects are checked.
    pub fn of_feature(mut self, feature: &Header) -> Self {
        self.count = feature.vertices.as_ref().map_or(0, |v| v.count);
        if !feature.appearance.is_null() {
            self.lists = Lists::of(&feature.appearance);
        }
        self
    }

    /// A geometry uses a vertex.
    pub fn uses(&mut self, number: u64, template: bool) {
        let greatest = &mut self.greatest[usize::from(template)];
        *greatest = Some(greatest.map_or(number, |g| g.max(number)));
        if !template && number < (self.count as u64).min(MOST_VERTICES) {
            let word = (number / 64) as usize;
            if self.used.len() <= word {
                self.used.resize(word + 1, 0);
            }
            self.used[word] |= 1 << (number % 64);
        }
    }

    /// The greatest number the geometry at hand used, where it is too great, and how many vertices there are.
    pub fn beyond(&mut self, template: bool) -> Option<(u64, usize)> {
        let count = if template { self.context.header.templates().vertices } else { self.count };
        self.greatest[usize::from(template)].take().filter(|n| *n >= count as u64).map(|n| (n, count))
    }

    /// Checks one city object.
    pub fn check(&mut self, id: &str, object: &Value, told: &mut Told) {
        let path = format!("/CityObjects/{id}");
        let Some(members) = object.as_object() else { return told.error("cj-schema", id, &path, "a city object is an object") };
        let name = members.get("type").and_then(Value::as_str).unwrap_or_default();
        let version = self.version();
        let known = KINDS.iter().find(|kind| kind.0 == name);
        let context = self.context;
        let mut allowed = ANY;
        match known {
            Some(kind) if kind.3 > version => {
                told.error("cj-schema", id, &format!("{path}/type"), format!("version 1.0 has no city object of the type '{name}'"));
            }
            // The generic type of 1.0 left the core in 1.1, came as an extension, and is back in 2.0.
            Some(kind) if kind.0 == "GenericCityObject" && version == 11 => {
                told.error("cj-schema", id, &format!("{path}/type"), "version 1.1 has no GenericCityObject of its own, only '+GenericCityObject' of an extension");
            }
            Some(kind) => {
                allowed = kind.2;
                if kind.1 && !members.contains_key("parents") && version >= 11 {
                    told.error("cj-schema", id, &format!("{path}/parents"), format!("a {name} is part of another object: 'parents' is missing"));
                }
            }
            None if name.starts_with('+') => context.extensions.check_object(id, &format!("{path}/type"), name, object, told),
            None => {
                let shown = brief(members.get("type").unwrap_or(&Value::Null));
                told.error("cj-schema", id, &format!("{path}/type"), format!("{shown} is no type of city object"));
            }
        }
        let mut links = Links { group: name == "CityObjectGroup", ..Links::default() };
        for (key, value) in members {
            let at = format!("{path}/{key}");
            match key.as_str() {
                "type" => {}
                "attributes" => match value.as_object() {
                    Some(attributes) => self.check_attributes(id, &at, name, attributes, told),
                    None => told.error("cj-schema", id, &at, "the attributes are no object"),
                },
                "parents" => links.parents = ids(id, &at, value, told),
                "children" | "members" => links.children.extend(ids(id, &at, value, told)),
                "geographicalExtent" => match value.as_array() {
                    Some(extent) if extent.len() == 6 && extent.iter().all(Value::is_number) => {}
                    _ => told.error("cj-schema", id, &at, "the extent is not six numbers"),
                },
                "geometry" => match value.as_array() {
                    None => told.error("cj-schema", id, &at, "the geometries are no array"),
                    Some(list) => {
                        for (i, one) in list.iter().enumerate() {
                            let kind = one.get("type").and_then(Value::as_str).unwrap_or_default();
                            let bit = GEOMETRIES.iter().find(|(geometry, _)| *geometry == kind).map_or(0, |(_, bit)| *bit);
                            if bit != 0 && bit & allowed == 0 {
                                told.error("cj-schema", id, &format!("{at}/{i}/type"), format!("a {name} has no geometry of the type {kind}"));
                            }
                            geometry::check(self, id, &format!("{at}/{i}"), one, false, told);
                        }
                    }
                },
                "address" => self.check_addresses(id, &at, value, told),
                "children_roles" if name == "CityObjectGroup" => {}
                key if key.starts_with('+') => context.extensions.check_member(id, &at, key, told),
                // The schemas leave city objects open, so that this is no fault of the file.
                _ if known.is_some() => told.warn("cj-extra-property", id, &at, format!("a {name} has no member '{key}'; other programs may not keep it")),
                _ => {}
            }
        }
        if name == "CityObjectGroup" && !members.contains_key("children") && !members.contains_key("members") {
            told.error("cj-schema", id, &path, "a group needs 'children'");
        }
        self.links.insert(id.to_owned(), links);
    }

    /// Attributes whose type the schemas fix, and those of extensions.
    fn check_attributes(&self, id: &str, path: &str, kind: &str, attributes: &qike_scene::Attributes, told: &mut Told) {
        for (key, value) in attributes {
            let building = matches!(kind, "Building" | "BuildingPart");
            let wanted = match key.as_str() {
                "class" | "function" | "usage" if !value.is_string() => "a text",
                "storeysAboveGround" | "storeysBelowGround" if building && !value.is_i64() => "a whole number",
                "storeyHeightsAboveGround" | "storeyHeightsBelowGround" if building && !value.is_array() => "an array of numbers",
                "averageHeight" if kind == "PlantCover" && !value.is_number() => "a number",
                "height" | "trunkDiameter" | "crownDiameter" if kind == "SolitaryVegetationObject" && !value.is_number() => "a number",
                _ => {
                    if key.starts_with('+') {
                        self.context.extensions.check_attribute(id, &format!("{path}/{key}"), kind, key, value, told);
                    }
                    continue;
                }
            };
            if !value.is_null() {
                told.error("cj-schema", id, &format!("{path}/{key}"), format!("'{key}' is {}; {wanted} is needed", brief(value)));
            }
        }
    }

    /// Addresses may have a place, which uses vertices.
    fn check_addresses(&mut self, id: &str, path: &str, value: &Value, told: &mut Told) {
        let list: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
        for (i, address) in list.into_iter().enumerate() {
            if !address.is_object() {
                told.error("cj-schema", id, &format!("{path}/{i}"), "an address is an object");
            } else if let Some(location) = address.get("location") {
                geometry::check(self, id, &format!("{path}/{i}/location"), location, false, told);
            }
        }
    }

    /// What can only be said when all objects were seen: parents and children, templates, vertices that nothing uses.
    pub fn finish(mut self, header: &Header, told: &mut Told) {
        for (id, links) in &self.links {
            for child in &links.children {
                match self.links.get(child) {
                    None => told.error("cj-parents-children", id, &format!("/CityObjects/{id}/children"), format!("the child '{child}' does not exist")),
                    // A group of version 1.0 knows its members, and they do not know it.
                    Some(_) if links.group && self.context.version == 10 => {}
                    Some(other) if !other.parents.contains(id) => {
                        let message = format!("its parent '{id}' is not among its parents");
                        told.error("cj-parents-children", child, &format!("/CityObjects/{child}/parents"), message);
                    }
                    Some(_) => {}
                }
            }
            for parent in &links.parents {
                match self.links.get(parent) {
                    None => told.error("cj-parents-children", id, &format!("/CityObjects/{id}/parents"), format!("the parent '{parent}' does not exist")),
                    Some(other) if !other.children.contains(id) => {
                        let message = format!("it is not among the children of its parent '{parent}'");
                        told.warn("cj-parents-children", id, &format!("/CityObjects/{id}/parents"), message);
                    }
                    Some(_) => {}
                }
            }
        }
        let templates = &self.context.header.templates().list;
        if std::ptr::eq(header, &self.context.header) {
            for (i, template) in templates.iter().enumerate() {
                geometry::check(&mut self, "", &format!("/geometry-templates/templates/{i}"), template, true, told);
            }
        }
        let used: u64 = self.used.iter().map(|word| u64::from(word.count_ones())).sum();
        let unused = (self.count as u64).saturating_sub(used);
        if unused > 0 {
            let first = (0..self.count).find(|i| self.used.get(i / 64).is_none_or(|word| word >> (i % 64) & 1 == 0)).unwrap_or(0);
            told.warn("cj-unused-vertices", "", "/vertices", format!("{unused} vertices are used by nothing, vertex {first} among them"));
        }
    }
}

fn ids(id: &str, path: &str, value: &Value, told: &mut Told) -> Vec<String> {
    let list = value.as_array().filter(|list| list.iter().all(Value::is_string));
    if list.is_none() {
        told.error("cj-schema", id, path, "it is no array of ids");
    }
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
