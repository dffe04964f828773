//! What a thing is made of: names of its materials (`material`), and where the file knows them its layers with thickness
//! (`material_layers`), its constituents with their share, the profiles of its members.

use super::file::{IfcFile, references, text};
use super::properties::Properties;
use ifc_lite_core::{DecodedEntity, EntityDecoder, IfcType};
use qike_scene::{Attributes, Value};

/// A usage names a set, a set its layers, a layer its material: deeper than this it goes in a circle.
const DEEPEST: usize = 4;

/// Reads materials.
pub struct Materials<'a, 'd> {
    /// The file.
    pub file: &'a IfcFile,
    /// For lengths in metres.
    pub properties: &'a Properties<'a>,
    /// Its decoder.
    pub decoder: &'a EntityDecoder<'d>,
}

impl Materials<'_, '_> {
    /// Adds what is known of a material to an object's attributes.
    pub fn describe(&self, id: u32, attributes: &mut Attributes) {
        let mut names = Vec::new();
        self.names(id, 0, &mut names);
        match names.as_slice() {
            [] => {}
            [one] => drop(attributes.insert("material".into(), one.as_str().into())),
            _ => drop(attributes.insert("material".into(), names.into())),
        }
        let Some(mut set) = self.file.entity(self.decoder, id) else { return };
        if matches!(set.ifc_type, IfcType::IfcMaterialLayerSetUsage | IfcType::IfcMaterialProfileSetUsage | IfcType::IfcMaterialProfileSetUsageTapering) {
            if let Some(direction) = set.get(1).and_then(|v| v.as_enum()).filter(|_| set.ifc_type == IfcType::IfcMaterialLayerSetUsage) {
                attributes.insert("material_layer_axis".into(), direction.trim_start_matches("AXIS").into());
            }
            let Some(inner) = set.get_ref(0).and_then(|id| self.file.entity(self.decoder, id)) else { return };
            set = inner;
        }
        // Key of the parts, slot of the parts, slot of the set's name.
        let (key, parts, name) = match set.ifc_type {
            IfcType::IfcMaterialLayerSet => ("material_layers", 0, 1),
            IfcType::IfcMaterialConstituentSet => ("material_constituents", 2, 0),
            IfcType::IfcMaterialProfileSet => ("material_profiles", 2, 0),
            _ => return,
        };
        if let Some(name) = text(&set, name) {
            attributes.insert("material_set".into(), name.into());
        }
        let list: Vec<Value> = references(&set, parts).into_iter().filter_map(|part| self.part(part)).map(Value::Object).collect();
        if !list.is_empty() {
            attributes.insert(key.into(), list.into());
        }
    }

    /// One layer, constituent or profile.
    fn part(&self, id: u32) -> Option<Attributes> {
        let part = self.file.entity(self.decoder, id)?;
        let mut said = Attributes::new();
        let mut say = |key: &str, value: Option<Value>| {
            if let Some(value) = value.filter(|v| !v.is_null()) {
                said.insert(key.into(), value);
            }
        };
        let (material, name, category) = match part.ifc_type {
            IfcType::IfcMaterialLayer | IfcType::IfcMaterialLayerWithOffsets => {
                say("thickness_m", part.get_float(1).map(|t| self.properties.length(t)));
                say("ventilated", part.get(2).map(|v| self.properties.value(Some(v), None)));
                (0, 3, 5)
            }
            IfcType::IfcMaterialConstituent => {
                say("fraction", part.get_float(3).map(Value::from));
                (2, 0, 4)
            }
            IfcType::IfcMaterialProfile | IfcType::IfcMaterialProfileWithOffsets => {
                let profile = part.get_ref(3).and_then(|id| self.file.entity(self.decoder, id));
                say("profile", profile.as_ref().and_then(|p| text(p, 1)).map(Value::from));
                say("profile_type", profile.map(|p| p.ifc_type.name().into()));
                (2, 0, 5)
            }
            _ => return None,
        };
        say("material", part.get_ref(material).and_then(|id| self.file.entity(self.decoder, id)).and_then(|m| text(&m, 0)).map(Value::from));
        say("name", text(&part, name).map(Value::from));
        say("category", text(&part, category).map(Value::from));
        Some(said)
    }

    /// Names of the materials, each once, in the order of layers.
    fn names(&self, id: u32, depth: usize, names: &mut Vec<String>) {
        let Some(entity) = self.file.entity(self.decoder, id).filter(|_| depth < DEEPEST) else { return };
        let Some(slot) = slot_of_parts(&entity) else { return };
        if entity.ifc_type == IfcType::IfcMaterial {
            names.extend(text(&entity, slot).filter(|name| !names.contains(name)));
            return;
        }
        for part in references(&entity, slot) {
            self.names(part, depth + 1, names);
        }
    }
}

/// Where each kind of material keeps its parts, and a plain one its name.
fn slot_of_parts(entity: &DecodedEntity) -> Option<usize> {
    match entity.ifc_type {
        IfcType::IfcMaterial
        | IfcType::IfcMaterialList
        | IfcType::IfcMaterialLayer
        | IfcType::IfcMaterialLayerWithOffsets
        | IfcType::IfcMaterialLayerSet
        | IfcType::IfcMaterialLayerSetUsage
        | IfcType::IfcMaterialProfileSetUsage
        | IfcType::IfcMaterialProfileSetUsageTapering => Some(0),
        IfcType::IfcMaterialConstituent
        | IfcType::IfcMaterialConstituentSet
        | IfcType::IfcMaterialProfile
        | IfcType::IfcMaterialProfileWithOffsets
        | IfcType::IfcMaterialProfileSet => Some(2),
        _ => None,
    }
}
