//! What relations tell of an object beside its place and properties: systems, zones and groups, classification codes,
//! documents, presentation layers, rooms that a door joins.

use super::file::{IfcFile, Product, reference, references, text};
use super::relations::Relations;
use ifc_lite_core::{EntityDecoder, IfcType};
use qike_scene::{Attributes, Value};
use std::collections::HashMap;

/// A chain of classification references longer than this goes in a circle.
const LONGEST: usize = 16;

/// Reads what relations tell.
pub struct Told<'a, 'd> {
    /// The file.
    pub file: &'a IfcFile,
    /// Its relations.
    pub relations: &'a Relations,
    /// Ids of what becomes an object.
    pub ids: &'a HashMap<u32, String>,
    /// Types of what becomes an object.
    pub kinds: &'a HashMap<u32, IfcType>,
    /// The file's decoder.
    pub decoder: &'a EntityDecoder<'d>,
}

impl Told<'_, '_> {
    /// `system` (its name; a list where there are several), `zones`, `groups` of a member.
    pub fn groups(&self, id: u32, attributes: &mut Attributes) {
        let (mut systems, mut zones, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for group in once(self.relations.groups.get(&id)) {
            let Some(kind) = self.kinds.get(&group) else { continue };
            let Some(name) = self.name(group) else { continue };
            if kind.is_subtype_of(IfcType::IfcSystem) && !kind.is_subtype_of(IfcType::IfcZone) {
                systems.push(Value::from(name));
            } else if kind.is_subtype_of(IfcType::IfcZone) || kind.is_subtype_of(IfcType::IfcSpatialElement) {
                zones.push(Value::from(name));
            } else {
                groups.push(Value::from(name));
            }
        }
        let system = if systems.len() > 1 { Some(systems.into()) } else { systems.pop() };
        let lists = [("zones", zones), ("groups", groups)].map(|(key, list)| (key, (!list.is_empty()).then(|| list.into())));
        for (key, value) in [("system", system)].into_iter().chain(lists) {
            if let Some(value) = value {
                attributes.insert(key.into(), value);
            }
        }
    }

    /// `members` of a zone, system or group, `serves` of a system: ids.
    pub fn members(&self, product: &Product, attributes: &mut Attributes) {
        let members = self.relations.members.get(&product.id);
        let referenced = self.relations.referenced.get(&product.id).filter(|_| product.kind.is_subtype_of(IfcType::IfcSpatialZone));
        self.list("members", once(members.or(referenced)), attributes);
        self.list("serves", once(self.relations.serves.get(&product.id)), attributes);
    }

    /// `rooms` at whose boundary a door or window stands: ids.
    pub fn rooms(&self, id: u32, attributes: &mut Attributes) {
        self.list("rooms", once(self.relations.rooms.get(&id)), attributes);
    }

    /// `classification`, `documents` and `layers`, of the object or of its type.
    pub fn references(&self, product: &Product, own_type: Option<u32>, attributes: &mut Attributes) {
        let both = |map: &HashMap<u32, Vec<u32>>| -> Vec<u32> {
            let ids: Vec<u32> = [Some(product.id), own_type].into_iter().flatten().filter_map(|id| map.get(&id)).flatten().copied().collect();
            once(Some(&ids))
        };
        let codes: Vec<Value> = both(&self.relations.classification).into_iter().filter_map(|id| self.classification(id)).collect();
        let documents: Vec<Value> = both(&self.relations.documents).into_iter().filter_map(|id| self.document(id)).collect();
        for (key, list) in [("classification", codes), ("documents", documents), ("layers", self.layers(product))] {
            if !list.is_empty() {
                attributes.insert(key.into(), list.into());
            }
        }
    }

    fn list(&self, key: &str, ids: Vec<u32>, attributes: &mut Attributes) {
        let list: Vec<Value> = ids.iter().filter_map(|id| self.ids.get(id)).map(|id| id.as_str().into()).collect();
        if !list.is_empty() {
            attributes.insert(key.into(), list.into());
        }
    }

    fn name(&self, id: u32) -> Option<String> {
        let entity = self.file.entity(self.decoder, id)?;
        text(&entity, 2).or_else(|| text(&entity, 0))
    }

    /// `{"code": "21-02 20", "name": "Exterior windows", "system": "OmniClass"}`.
    fn classification(&self, id: u32) -> Option<Value> {
        let mut entity = self.file.entity(self.decoder, id)?;
        let mut said = Attributes::new();
        if entity.ifc_type == IfcType::IfcClassificationReference {
            for (key, slot) in [("code", 1), ("name", 2), ("location", 0)] {
                if let Some(word) = text(&entity, slot) {
                    said.insert(key.into(), word.into());
                }
            }
        }
        // A reference may stand under another one; the system stands at the top.
        for _ in 0..LONGEST {
            if entity.ifc_type != IfcType::IfcClassificationReference {
                break;
            }
            let Some(up) = entity.get_ref(3).and_then(|id| self.file.entity(self.decoder, id)) else { break };
            entity = up;
        }
        if entity.ifc_type == IfcType::IfcClassification
            && let Some(system) = text(&entity, 3)
        {
            said.insert("system".into(), system.into());
        }
        (!said.is_empty()).then_some(Value::Object(said))
    }

    /// `{"name": "Data sheet", "location": "https://…"}`.
    fn document(&self, id: u32) -> Option<Value> {
        let entity = self.file.entity(self.decoder, id)?;
        let slots: &[(&str, usize)] = match entity.ifc_type {
            IfcType::IfcDocumentReference => &[("location", 0), ("identification", 1), ("name", 2)],
            IfcType::IfcDocumentInformation => &[("identification", 0), ("name", 1), ("description", 2), ("location", 3)],
            _ => return None,
        };
        let said: Attributes = slots.iter().filter_map(|(key, slot)| Some(((*key).to_owned(), text(&entity, *slot)?.into()))).collect();
        (!said.is_empty()).then_some(Value::Object(said))
    }

    /// Names of the presentation layers of an object's representations and their items.
    fn layers(&self, product: &Product) -> Vec<Value> {
        if self.relations.layers.is_empty() || !product.kind.is_subtype_of(IfcType::IfcProduct) {
            return Vec::new();
        }
        let mut names: Vec<&str> = Vec::new();
        let mut note = |id: &u32| {
            let layers = self.relations.layers.get(id).into_iter().flatten();
            for name in layers.filter_map(|layer| self.relations.layer_names.get(layer)) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
        };
        let shape = self.file.record(self.decoder, product.span).and_then(|p| reference(&p, 6)).and_then(|id| self.file.entity(self.decoder, id));
        for representation in shape.map(|s| references(&s, 2)).unwrap_or_default() {
            note(&representation);
            if let Some(entity) = self.file.entity(self.decoder, representation) {
                references(&entity, 3).iter().for_each(&mut note);
            }
        }
        names.into_iter().map(Value::from).collect()
    }
}

/// Each id once, in order.
fn once(ids: Option<&Vec<u32>>) -> Vec<u32> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().flatten().copied().filter(|id| seen.insert(*id)).collect()
}
