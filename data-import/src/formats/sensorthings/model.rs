//! The entities of a SensorThings service and what links them, from documents of any form.

use qike_scene::{Attributes, Value};
use serde_json::json;
use std::collections::BTreeMap;

/// A Thing with what hangs on it, by number.
#[derive(Default)]
pub struct Thing {
    /// Its own members.
    pub entity: Attributes,
    /// Where it is.
    pub locations: Vec<String>,
    /// What it measures.
    pub datastreams: Vec<String>,
}

/// A Datastream.
#[derive(Default)]
pub struct Datastream {
    /// Its own members.
    pub entity: Attributes,
    /// The Thing it belongs to.
    pub thing: Option<String>,
}

/// One Observation.
pub struct Observation {
    /// `phenomenonTime`.
    pub time: Value,
    /// `result`.
    pub result: Value,
}

/// All entities by their numbers.
#[derive(Default)]
pub struct Model {
    /// Things.
    pub things: BTreeMap<String, Thing>,
    /// Locations.
    pub locations: BTreeMap<String, Value>,
    /// Datastreams.
    pub datastreams: BTreeMap<String, Datastream>,
    /// Observations of each Datastream; under the empty text those of no known one.
    pub observations: BTreeMap<String, Vec<Observation>>,
    /// How many collections end with a link to a next page.
    pub more_pages: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Thing,
    Location,
    Datastream,
    Observation,
}

/// Collections by their name in a document or an expanded entity.
const NAMES: [(&str, Kind); 4] = [("Things", Kind::Thing), ("Locations", Kind::Location), ("Datastreams", Kind::Datastream), ("Observations", Kind::Observation)];

/// What an entity is, by members that only its kind has.
fn kind_of(entity: &Attributes) -> Option<Kind> {
    let has = |key: &str| entity.contains_key(key);
    if has("dataArray") || (has("result") && (has("phenomenonTime") || has("resultTime"))) {
        Some(Kind::Observation)
    } else if has("unitOfMeasurement") || has("observationType") || has("ObservedProperty") || has("Observations@iot.navigationLink") {
        Some(Kind::Datastream)
    } else if has("location") && has("encodingType") {
        Some(Kind::Location)
    } else if has("Datastreams") || has("Locations") || has("Datastreams@iot.navigationLink") || has("Locations@iot.navigationLink") || has("name") {
        Some(Kind::Thing)
    } else {
        None
    }
}

/// An entity's number or text of identity.
fn id(entity: &Attributes) -> Option<String> {
    match entity.get("@iot.id")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The entities of a collection: an array, or an object with `value`; a single one stands for itself.
fn members(value: Value) -> Vec<Attributes> {
    let object = |v: Value| if let Value::Object(o) = v { Some(o) } else { None };
    match value {
        Value::Array(all) => all.into_iter().filter_map(object).collect(),
        Value::Object(mut one) => match one.remove("value") {
            Some(Value::Array(all)) => all.into_iter().filter_map(object).collect(),
            _ => vec![one],
        },
        _ => vec![],
    }
}

impl Model {
    /// True where nothing was found.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty() && self.locations.is_empty() && self.datastreams.is_empty() && self.observations.is_empty()
    }

    /// Takes in a document: named collections, a collection, an array, an entity.
    pub fn document(&mut self, document: Value) {
        if let Value::Object(object) = &document {
            self.more_pages += usize::from(object.contains_key("@iot.nextLink"));
            if !object.contains_key("@iot.id") && !object.contains_key("value") && NAMES.iter().any(|(name, _)| object.contains_key(*name)) {
                let Value::Object(mut object) = document else { return };
                for (name, kind) in NAMES {
                    for entity in object.remove(name).map(members).unwrap_or_default() {
                        self.take(kind, entity, None);
                    }
                }
                return;
            }
        }
        for entity in members(document) {
            if let Some(kind) = kind_of(&entity) {
                self.take(kind, entity, None);
            }
        }
    }

    /// Takes in an entity; `owner` is the one it was expanded in. Gives its number.
    fn take(&mut self, kind: Kind, mut entity: Attributes, owner: Option<&str>) -> Option<String> {
        if kind == Kind::Observation {
            self.observation(entity, owner);
            return None;
        }
        let id = id(&entity)?;
        let mut expanded = Vec::new();
        for (name, kind) in NAMES {
            self.more_pages += usize::from(entity.contains_key(&format!("{name}@iot.nextLink")));
            expanded.extend(entity.remove(name).map(members).unwrap_or_default().into_iter().map(|e| (kind, e)));
        }
        let thing = entity.remove("Thing").map(members).and_then(|all| all.into_iter().next());
        match kind {
            Kind::Thing => {
                let known = self.things.entry(id.clone()).or_default();
                if known.entity.len() < entity.len() {
                    known.entity = entity;
                }
            }
            Kind::Location => {
                let known = self.locations.entry(id.clone()).or_insert(Value::Null);
                if known.get("location").is_none() {
                    *known = Value::Object(entity);
                }
            }
            _ => {
                let known = self.datastreams.entry(id.clone()).or_default();
                if known.entity.len() < entity.len() {
                    known.entity = entity;
                }
            }
        }
        if let Some(thing) = thing.and_then(|t| self.take(Kind::Thing, t, None)) {
            self.link(kind, &id, &thing);
        }
        for (other, entity) in expanded {
            if let Some(number) = self.take(other, entity, Some(&id)) {
                match (kind, other) {
                    (Kind::Thing, _) => self.link(other, &number, &id),
                    (_, Kind::Thing) => self.link(kind, &id, &number),
                    _ => {}
                }
            }
        }
        Some(id)
    }

    /// Ties a Location or Datastream to a Thing, once.
    fn link(&mut self, kind: Kind, id: &str, thing: &str) {
        let list = self.things.entry(thing.to_owned()).or_default();
        let list = match kind {
            Kind::Location => &mut list.locations,
            Kind::Datastream => {
                self.datastreams.entry(id.to_owned()).or_default().thing = Some(thing.to_owned());
                &mut list.datastreams
            }
            _ => return,
        };
        if !list.iter().any(|known| known == id) {
            list.push(id.to_owned());
        }
    }

    /// Takes in an Observation, or a data array of many.
    fn observation(&mut self, mut entity: Attributes, owner: Option<&str>) {
        let named = entity.remove("Datastream").map(members).and_then(|all| all.into_iter().next());
        let own = named.and_then(|d| self.take(Kind::Datastream, d, None));
        let stream = own.or(owner.map(str::to_owned)).unwrap_or_default();
        let list = self.observations.entry(stream).or_default();
        let Some(Value::Array(rows)) = entity.remove("dataArray") else {
            let time = entity.remove("phenomenonTime").or_else(|| entity.remove("resultTime")).unwrap_or(Value::Null);
            list.push(Observation { time, result: entity.remove("result").unwrap_or(Value::Null) });
            return;
        };
        let components: Vec<&str> = entity.get("components").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let at = |name: &str| components.iter().position(|c| *c == name);
        let (time, result) = (at("phenomenonTime").or(at("resultTime")), at("result"));
        for row in rows {
            let cell = |i: Option<usize>| i.and_then(|i| row.get(i)).cloned().unwrap_or(Value::Null);
            list.push(Observation { time: cell(time), result: cell(result) });
        }
    }
}

impl Datastream {
    fn text(&self, path: &str) -> Option<&str> {
        let mut parts = path.split('.');
        let first = self.entity.get(parts.next()?)?;
        parts.try_fold(first, |value, key| value.get(key))?.as_str().map(str::trim).filter(|t| !t.is_empty())
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// What is measured.
    pub fn quantity(&self) -> Option<&str> {
        self.text("ObservedProperty.name").or_else(|| self.name())
    }

    /// In which unit: its symbol, else its name.
    pub fn unit(&self) -> &str {
        self.text("unitOfMeasurement.symbol").or_else(|| self.text("unitOfMeasurement.name")).unwrap_or_default()
    }

    /// What an object's attribute `datastreams` says of it.
    pub fn summary(&self) -> Value {
        let all = [
            ("name", self.name()),
            ("observed_property", self.text("ObservedProperty.name")),
            ("unit", Some(self.unit()).filter(|u| !u.is_empty())),
            ("sensor", self.text("Sensor.name")),
            ("observation_type", self.text("observationType")),
        ];
        let mut out: Attributes = all.into_iter().filter_map(|(k, v)| Some((k.to_owned(), json!(v?)))).collect();
        out.extend(id(&self.entity).map(|id| ("id".to_owned(), json!(id))));
        Value::Object(out)
    }
}
