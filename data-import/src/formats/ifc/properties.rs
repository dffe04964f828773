//! Property sets and quantities as nested attribute maps: `"Pset_DoorCommon": {"FireRating": "T30"}`. Lengths, areas and
//! volumes come in metres, whatever the file's unit; other measures stay in the file's unit.

use super::file::{IfcFile, references, text};
use ifc_lite_core::{AttributeValue, DecodedEntity, EntityDecoder, IfcType, ProjectUnits, resolve_unit_by_ref};
use qike_scene::{Attributes, Value};
use std::collections::HashMap;

/// Complex properties nest; deeper than this they go in a circle.
const DEEPEST: usize = 8;

/// Reads sets, each once.
pub struct Properties<'f> {
    file: &'f IfcFile,
    units: ProjectUnits,
    sets: HashMap<u32, Option<(String, Attributes)>>,
}

impl<'f> Properties<'f> {
    /// For a file, with its units.
    pub fn new(file: &'f IfcFile, decoder: &mut EntityDecoder<'_>) -> Self {
        let units = file.project.map(|project| ProjectUnits::resolve(decoder, project)).unwrap_or_default();
        Self { file, units, sets: HashMap::new() }
    }

    /// Adds a set to an object's attributes; what is there already stays (an occurrence overrides its type).
    pub fn add_to(&mut self, attributes: &mut Attributes, set: u32, decoder: &mut EntityDecoder<'_>) {
        if !self.sets.contains_key(&set) {
            let read = self.read_set(set, decoder);
            self.sets.insert(set, read);
        }
        let Some(Some((name, values))) = self.sets.get(&set) else { return };
        let entry = attributes.entry(name.clone()).or_insert_with(|| Value::Object(Attributes::new()));
        if let Value::Object(known) = entry {
            for (key, value) in values {
                known.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
    }

    fn read_set(&self, set: u32, decoder: &mut EntityDecoder<'_>) -> Option<(String, Attributes)> {
        let entity = self.file.entity(decoder, set)?;
        let slot = match entity.ifc_type {
            IfcType::IfcPropertySet => 4,
            IfcType::IfcElementQuantity => 5,
            _ => return None,
        };
        let name = text(&entity, 2)?;
        let mut values = Attributes::new();
        for member in references(&entity, slot) {
            self.read_member(member, &mut values, 0, decoder);
        }
        (!values.is_empty()).then_some((name, values))
    }

    fn read_member(&self, id: u32, into: &mut Attributes, depth: usize, decoder: &mut EntityDecoder<'_>) {
        let Some(entity) = self.file.entity(decoder, id) else { return };
        let Some(name) = text(&entity, 0) else { return };
        let value = match entity.ifc_type {
            IfcType::IfcPropertySingleValue => self.value(entity.get(2), self.unit(&entity, 3, decoder)),
            IfcType::IfcPropertyEnumeratedValue => self.value(entity.get(2), None),
            IfcType::IfcPropertyListValue => self.value(entity.get(2), self.unit(&entity, 3, decoder)),
            IfcType::IfcPropertyBoundedValue => self.bounded(&entity, decoder),
            IfcType::IfcComplexProperty | IfcType::IfcPhysicalComplexQuantity if depth < DEEPEST => {
                let slot = if entity.ifc_type == IfcType::IfcComplexProperty { 3 } else { 2 };
                let mut nested = Attributes::new();
                for member in references(&entity, slot) {
                    self.read_member(member, &mut nested, depth + 1, decoder);
                }
                Value::Object(nested)
            }
            IfcType::IfcQuantityLength => self.quantity(&entity, "IFCLENGTHMEASURE", decoder),
            IfcType::IfcQuantityArea => self.quantity(&entity, "IFCAREAMEASURE", decoder),
            IfcType::IfcQuantityVolume => self.quantity(&entity, "IFCVOLUMEMEASURE", decoder),
            IfcType::IfcQuantityCount | IfcType::IfcQuantityWeight | IfcType::IfcQuantityTime => self.value(entity.get(3), None),
            _ => Value::Null,
        };
        if !value.is_null() {
            into.entry(name).or_insert(value);
        }
    }

    fn bounded(&self, entity: &DecodedEntity, decoder: &mut EntityDecoder<'_>) -> Value {
        let unit = self.unit(entity, 4, decoder);
        let mut bounds = Attributes::new();
        for (key, slot) in [("upper", 2), ("lower", 3), ("set_point", 5)] {
            let value = self.value(entity.get(slot), unit);
            if !value.is_null() {
                bounds.insert(key.into(), value);
            }
        }
        if bounds.is_empty() { Value::Null } else { Value::Object(bounds) }
    }

    fn quantity(&self, entity: &DecodedEntity, measure: &str, decoder: &mut EntityDecoder<'_>) -> Value {
        let factor = self.unit(entity, 2, decoder).or_else(|| self.factor(measure)).unwrap_or(1.0);
        number(entity.get_float(3).map(|value| value * factor))
    }

    /// The factor to SI of a unit that a property names for itself.
    fn unit(&self, entity: &DecodedEntity, slot: usize, decoder: &mut EntityDecoder<'_>) -> Option<f64> {
        let id = entity.get_ref(slot)?;
        resolve_unit_by_ref(decoder, id).map(|(_, unit, _)| unit.si_scale)
    }

    /// The factor to metres of a length, area or volume in the project's unit; `None` for other measures.
    fn factor(&self, measure: &str) -> Option<f64> {
        is_spatial(measure).then(|| self.units.unit_for_measure(measure).map(|unit| unit.si_scale))?
    }

    /// A length in the project's unit, in metres.
    pub fn length(&self, value: f64) -> Value {
        number(Some(value * self.factor("IFCLENGTHMEASURE").unwrap_or(1.0)))
    }

    /// A value as JSON. `unit` is the factor of the property's own unit.
    pub fn value(&self, value: Option<&AttributeValue>, unit: Option<f64>) -> Value {
        match value {
            None | Some(AttributeValue::Null | AttributeValue::Derived | AttributeValue::EntityRef(_)) => Value::Null,
            Some(AttributeValue::String(text) | AttributeValue::Binary(text)) => Value::from(text.as_str()),
            Some(AttributeValue::Integer(n)) => Value::from(*n),
            Some(AttributeValue::Float(n)) => number(Some(*n)),
            Some(AttributeValue::Enum(name)) => match name.as_str() {
                "T" => Value::Bool(true),
                "F" => Value::Bool(false),
                "U" => Value::Null,
                other => Value::from(other),
            },
            Some(AttributeValue::List(items)) => items.iter().map(|item| self.value(Some(item), unit)).collect(),
            Some(AttributeValue::Typed { name, value }) => {
                let factor = is_spatial(name).then(|| unit.or_else(|| self.factor(name))).flatten();
                match (factor, value.as_float()) {
                    (Some(factor), Some(n)) if factor != 1.0 => number(Some(n * factor)),
                    _ => self.value(Some(value), None),
                }
            }
        }
    }
}

/// Measures that are given in metres.
fn is_spatial(measure: &str) -> bool {
    matches!(
        measure,
        "IFCLENGTHMEASURE" | "IFCPOSITIVELENGTHMEASURE" | "IFCNONNEGATIVELENGTHMEASURE" | "IFCAREAMEASURE" | "IFCVOLUMEMEASURE"
    )
}

/// A finite number, without the last bits that a change of units leaves.
fn number(value: Option<f64>) -> Value {
    let Some(value) = value.filter(|n| n.is_finite()) else { return Value::Null };
    let rounded = (value * 1e9).round() / 1e9;
    Value::from(if (rounded - value).abs() <= 1e-12 * value.abs() { rounded } else { value })
}
