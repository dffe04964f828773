//! City objects: everything in the model that one can name, find and query.

use crate::{Class, Geometry, SourceId};
use qike_core::{Bounds3, SimTime};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// An attribute's value: JSON, as most sources have it.
pub type Value = serde_json::Value;
/// An object's attributes in the order of their source.
pub type Attributes = serde_json::Map<String, Value>;

/// The identity of an object: unique in a store and stable from one import to the next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(Arc<str>);

impl ObjectId {
    /// From any text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ObjectId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ObjectId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for ObjectId {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// One object of the city, from a river to a lamp post, from a tower to a door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CityObject {
    /// Identity.
    pub id: ObjectId,
    /// What it is.
    pub class: Class,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// All that its source says of it.
    #[serde(skip_serializing_if = "Attributes::is_empty", default)]
    pub attributes: Attributes,
    /// The object it is part of: room → storey → building.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<ObjectId>,
    /// The source it came from, as the sink numbered it.
    pub source: SourceId,
    /// First day it exists, `YYYY-MM-DD`; `None`: always did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_from: Option<String>,
    /// First day it no longer exists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_to: Option<String>,
    /// Its geometries, several where there are several LODs; coordinates in the store's CRS.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub geometries: Vec<Geometry>,
}

impl CityObject {
    /// An object with an id and a class, and nothing else yet.
    pub fn new(id: impl Into<ObjectId>, class: Class, source: SourceId) -> Self {
        Self {
            id: id.into(),
            class,
            name: None,
            attributes: Attributes::new(),
            parent: None,
            source,
            valid_from: None,
            valid_to: None,
            geometries: Vec::new(),
        }
    }

    /// The box around all its geometries; empty where it has none.
    pub fn bounds(&self) -> Bounds3 {
        let mut bounds = Bounds3::EMPTY;
        for geometry in &self.geometries {
            bounds.merge(&geometry.bounds());
        }
        bounds
    }

    /// An attribute as text: a JSON string as it is, numbers and booleans written out, nothing for the rest.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.attributes.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// An attribute as a borrowed JSON string.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.attributes.get(key)?.as_str()
    }

    /// An attribute as a finite number, also where the source wrote it as text.
    pub fn number(&self, key: &str) -> Option<f64> {
        let number = match self.attributes.get(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n: &f64| n.is_finite())
    }

    /// The geometry of the highest LOD.
    pub fn finest(&self) -> Option<&Geometry> {
        self.geometries.iter().max_by_key(|g| g.lod)
    }

    /// The geometry of the lowest LOD.
    pub fn coarsest(&self) -> Option<&Geometry> {
        self.geometries.iter().min_by_key(|g| g.lod)
    }
}

/// Values over time that belong to an object: counts at a gate, a sensor's readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The object it belongs to (which may come from another source, or never).
    pub object: ObjectId,
    /// What is counted: `visitors`, `vehicles_out`.
    pub quantity: String,
    /// In which unit: `persons/h`.
    pub unit: String,
    /// Local date of the first day, `YYYY-MM-DD`; times count from its midnight.
    pub date: String,
    /// Times, rising.
    pub times: Vec<SimTime>,
    /// One value a time; NaN where the source has a gap.
    pub values: Vec<f64>,
}
