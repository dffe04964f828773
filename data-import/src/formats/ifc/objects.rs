//! Products of a file to objects of the scene: identity, class, place in the spatial structure, attributes.

use super::alignment::Alignments;
use super::classes::{class_in, class_of};
use super::file::{IfcFile, Product, references, text};
use super::links::Links;
use super::materials::Materials;
use super::properties::Properties;
use super::relations::Relations;
use super::told::Told;
use ifc_lite_core::{DecodedEntity, EntityDecoder, IfcType, UnitScales};
use qike_scene::{Attributes, CityObject, Class, ObjectId, SourceId, Value};
use std::collections::HashMap;

/// Attributes of a product that are lengths.
const LENGTHS: [&str; 7] =
    ["OverallHeight", "OverallWidth", "Elevation", "ElevationWithFlooring", "ElevationOfRefHeight", "ElevationOfTerrain", "RefElevation"];

/// Attributes that say nothing of the thing itself, or that are said elsewhere.
const UNTOLD: [&str; 11] = [
    "GlobalId", "OwnerHistory", "Name", "ObjectPlacement", "Representation", "PredefinedType", "RefLatitude", "RefLongitude", "CompositionType",
    "RepresentationMaps", "HasPropertySets",
];

/// Makes objects.
pub struct Objects<'f> {
    file: &'f IfcFile,
    relations: Relations,
    properties: Properties<'f>,
    /// Entity number → object id, for all products that become objects.
    ids: HashMap<u32, String>,
    kinds: HashMap<u32, IfcType>,
    project: Option<String>,
    names: HashMap<String, Vec<(usize, &'static str)>>,
    links: Links,
    alignments: Alignments<'f>,
}

impl<'f> Objects<'f> {
    /// Reads relations and identities. `products` are those that become objects.
    pub fn new(file: &'f IfcFile, products: &[&Product], scales: &UnitScales, decoder: &mut EntityDecoder<'f>) -> Self {
        let relations = Relations::read(file, decoder);
        let properties = Properties::new(file, decoder);
        let mut ids = HashMap::new();
        let mut kinds = HashMap::new();
        for product in products {
            let global = file.record(decoder, product.span).and_then(|entity| text(&entity, 0));
            ids.insert(product.id, global.unwrap_or_else(|| format!("ifc:#{}", product.id)));
            kinds.insert(product.id, product.kind.clone());
        }
        let project = file.project.and_then(|id| file.entity(decoder, id));
        let project = project.and_then(|p| text(&p, 5).or_else(|| text(&p, 2)));
        let alignments = Alignments::new(file, scales.geometry_length_scale(), scales.plane_angle_to_radians, decoder);
        let links = Links::read(file, &relations, decoder);
        Self { file, relations, properties, ids, kinds, project, names: HashMap::new(), links, alignments }
    }

    /// The id of a product that becomes an object.
    pub fn id(&self, product: u32) -> Option<&str> {
        self.ids.get(&product).map(String::as_str)
    }

    /// The line of an alignment in the file's coordinates, metres; its layouts and stations go to the object, which becomes a
    /// railway where it is canted or the file has one, a road where the file has one.
    pub fn axis(&mut self, product: &Product, object: &mut CityObject, decoder: &mut EntityDecoder<'f>) -> Vec<[f64; 3]> {
        let Some(axis) = self.alignments.axis(product, &self.relations, decoder) else { return Vec::new() };
        let has = |facility: IfcType| self.file.products.iter().any(|p| p.kind == facility);
        object.class = match (axis.canted || has(IfcType::IfcRailway), has(IfcType::IfcRoad)) {
            (true, _) => Class::Railway,
            (false, true) => Class::Road,
            (false, false) => object.class,
        };
        object.attributes.extend(axis.attributes);
        axis.points
    }

    /// One object without its geometry; `None` where its record cannot be read.
    pub fn object(&mut self, product: &Product, source: SourceId, decoder: &mut EntityDecoder<'f>) -> Option<CityObject> {
        let entity = self.file.record(decoder, product.span)?;
        let own_type = self.relations.kind.get(&product.id).copied().and_then(|id| self.file.entity(decoder, id));
        let predefined = self.predefined(&entity, decoder).or_else(|| self.predefined(own_type.as_ref()?, decoder));
        let class = class_of(&product.kind, predefined.as_deref());
        let mut object = CityObject::new(self.id(product.id)?, class, source);
        object.name = self.name(&entity, class);

        let attributes = &mut object.attributes;
        attributes.insert("ifc_type".into(), Value::from(product.kind.name()));
        if let Some(predefined) = predefined {
            attributes.insert("predefined_type".into(), predefined.into());
        }
        if let Some(project) = self.project.as_ref().filter(|_| product.kind == IfcType::IfcSite) {
            attributes.insert("ifc_project".into(), project.as_str().into());
        }
        self.direct(&entity, class, attributes);
        if let Some(name) = own_type.as_ref().and_then(|entity| text(entity, 2)) {
            attributes.insert("type_name".into(), name.into());
        }
        self.material(product.id, attributes, decoder);
        for set in self.relations.properties.get(&product.id).cloned().unwrap_or_default() {
            self.properties.add_to(attributes, set, decoder);
        }
        if product.kind.is_subtype_of(IfcType::IfcTypeProduct) {
            attributes.insert("is_type".into(), true.into());
        }
        let typed = if product.maps.is_empty() { own_type } else { Some(entity) };
        for set in typed.map(|entity| references(&entity, 5)).unwrap_or_default() {
            self.properties.add_to(attributes, set, decoder);
        }

        let is_object = |id: u32| self.ids.contains_key(&id);
        if let Some(host) = self.relations.host(product.id).and_then(|host| self.ids.get(&host)) {
            attributes.insert("fills_opening_in".into(), host.as_str().into());
        }
        self.said(product, class, attributes, decoder);
        let above = self.relations.ancestors(product.id, is_object);
        object.class = class_in(class, above.iter().filter_map(|id| self.kinds.get(id)));
        object.parent = above.first().and_then(|id| self.ids.get(id)).map(ObjectId::new);
        let storey = above.iter().find(|id| self.kinds.get(id) == Some(&IfcType::IfcBuildingStorey));
        if let Some(storey) = storey.filter(|storey| above.first() != Some(storey)).and_then(|id| self.ids.get(id)) {
            attributes.insert("ifc_storey".into(), storey.as_str().into());
        }
        Some(object)
    }

    /// What the object is made of: its own material, else its type's.
    fn material(&self, product: u32, attributes: &mut Attributes, decoder: &EntityDecoder<'_>) {
        let own = self.relations.material.get(&product);
        let by_type = || self.relations.material.get(self.relations.kind.get(&product)?);
        if let Some(material) = own.or_else(by_type) {
            Materials { file: self.file, properties: &self.properties, decoder }.describe(*material, attributes);
        }
    }

    /// What relations say of an object: groups, systems and zones it is in, what it is joined to, codes, documents, layers.
    fn said(&self, product: &Product, class: Class, attributes: &mut Attributes, decoder: &EntityDecoder<'_>) {
        let Self { file, relations, ids, kinds, links, .. } = self;
        let told = Told { file, relations, ids, kinds, decoder };
        told.groups(product.id, attributes);
        told.members(product, attributes);
        told.references(product, self.relations.kind.get(&product.id).copied(), attributes);
        if matches!(class, Class::Door | Class::Window) {
            told.rooms(product.id, attributes);
        }
        links.describe(product.id, ids, attributes);
        self.alignments.place(product, ids, attributes, decoder);
    }

    /// A room is called by its long name (`Kitchen`), its short one (`A102`) stays an attribute; other things by their name.
    fn name(&self, entity: &DecodedEntity, class: Class) -> Option<String> {
        let short = text(entity, 2);
        match class {
            Class::BuildingRoom => text(entity, 7).or(short),
            _ => short,
        }
    }

    fn predefined(&self, entity: &DecodedEntity, decoder: &mut EntityDecoder<'_>) -> Option<String> {
        let slot = decoder.attribute_index(entity.ifc_type.as_str(), "PredefinedType")?;
        entity.get(slot)?.as_enum().filter(|name| *name != "NOTDEFINED").map(str::to_owned)
    }

    /// The record's own attributes under their IFC names.
    fn direct(&mut self, entity: &DecodedEntity, class: Class, attributes: &mut Attributes) {
        let schema = &self.file.schema;
        let slots = self.names.entry(entity.ifc_type.as_str().to_owned()).or_insert_with(|| {
            let known = ifc_lite_core::attribute_names_for_schema(schema, entity.ifc_type.as_str());
            let names: &'static [&'static str] = known.unwrap_or_else(|| entity.ifc_type.attribute_names());
            names.iter().copied().enumerate().filter(|(_, name)| !UNTOLD.contains(name)).collect()
        });
        for (slot, name) in slots.iter() {
            let value = match entity.get(*slot) {
                Some(value) if LENGTHS.contains(name) => match value.as_float() {
                    Some(length) => self.properties.length(length),
                    None => Value::Null,
                },
                value => self.properties.value(value, None),
            };
            let says = !value.is_null() && value.as_str() != Some("") && value.as_array().is_none_or(|list| !list.is_empty());
            if says {
                attributes.insert((*name).to_owned(), value);
            }
        }
        if class == Class::BuildingRoom
            && let Some(number) = text(entity, 2)
        {
            attributes.insert("Name".into(), number.into());
        }
    }
}
