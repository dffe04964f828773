//! The members of a document beside its city objects.

use super::{Told, VERSIONS, brief};
use qike_scene::{Attributes, Value};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::collections::HashMap;
use std::fmt;

/// Everything of a document but its city objects.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Header {
    /// `type`.
    #[serde(rename = "type")]
    pub kind: Value,
    /// `version`.
    pub version: Value,
    /// A feature's `id`.
    pub id: Value,
    /// `transform`.
    pub transform: Value,
    /// `extensions`.
    pub extensions: Value,
    metadata: Value,
    /// `appearance`.
    pub appearance: Value,
    #[serde(rename = "geometry-templates")]
    templates: Templates,
    /// `vertices`.
    pub vertices: Option<Vertices>,
    #[serde(rename = "CityObjects")]
    objects: Option<Shape>,
    /// Members that the format does not know.
    #[serde(flatten)]
    pub extra: Attributes,
}

/// Of the geometry templates what instances need.
#[derive(Default)]
pub struct Templates {
    /// The templates as they are; nothing where there are none.
    pub list: Vec<Value>,
    /// How many vertices they have.
    pub vertices: usize,
    given: bool,
    malformed: bool,
}

impl<'de> Deserialize<'de> for Templates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let list = value.get("templates").and_then(Value::as_array);
        let vertices = value.get("vertices-templates").and_then(Value::as_array);
        let malformed = list.is_none() || vertices.is_none();
        let vertices = vertices.map_or(0, Vec::len);
        Ok(Self { list: list.cloned().unwrap_or_default(), vertices, given: !value.is_null(), malformed })
    }
}

impl Header {
    /// The document's templates.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Checks a document's own members.
    pub fn check(&self, version: u32, told: &mut Told) {
        match self.version.as_str() {
            None => told.error("cj-schema", "", "/version", format!("the version is {}, not a text such as \"2.0\"", brief(&self.version))),
            Some(text) if !VERSIONS.iter().any(|v| text == *v || text.strip_prefix(v).is_some_and(|rest| rest.starts_with('.'))) => {
                told.error("cj-version", "", "/version", format!("version {text} has no schema here; 1.0, 1.1 and 2.0 have"));
            }
            Some(_) => {}
        }
        if self.objects.is_none() {
            told.error("cj-schema", "", "/CityObjects", "the member 'CityObjects' is missing");
        } else if self.objects == Some(Shape::Other) {
            told.error("cj-schema", "", "/CityObjects", "the member 'CityObjects' is no object");
        }
        if version >= 11 || !self.transform.is_null() {
            self.check_transform(told);
        }
        self.check_vertices(told);
        super::appearance::check(&self.appearance, told);
        self.check_metadata(version, told);
        if self.templates.given && self.templates.malformed {
            told.error("cj-schema", "", "/geometry-templates", "geometry templates need the arrays 'templates' and 'vertices-templates'");
        }
        for key in self.extra.keys().filter(|key| !key.starts_with('+')) {
            let message = format!("the member '{key}' is not CityJSON's; other programs may not keep it");
            told.warn("cj-extra-root-property", "", &format!("/{key}"), message);
        }
    }

    /// Checks the members of a line of a sequence.
    pub fn check_feature(&self, told: &mut Told) {
        for (key, value) in [("version", &self.version), ("transform", &self.transform), ("metadata", &self.metadata), ("extensions", &self.extensions)] {
            if !value.is_null() {
                told.error("cj-schema", "", &format!("/{key}"), format!("a feature has no member '{key}'; it stands in the first line"));
            }
        }
        if self.objects.is_none() {
            told.error("cj-schema", "", "/CityObjects", "the member 'CityObjects' is missing");
        }
        self.check_vertices(told);
        super::appearance::check(&self.appearance, told);
    }

    fn check_transform(&self, told: &mut Told) {
        if self.transform.is_null() {
            told.error("cj-schema", "", "/transform", "the member 'transform' is missing");
            return;
        }
        for key in ["scale", "translate"] {
            let three = self.transform.get(key).and_then(Value::as_array).is_some_and(|list| list.len() == 3 && list.iter().all(Value::is_number));
            if !three {
                told.error("cj-schema", "", &format!("/transform/{key}"), format!("'{key}' is not three numbers"));
            }
        }
    }

    fn check_vertices(&self, told: &mut Told) {
        match &self.vertices {
            None => told.error("cj-schema", "", "/vertices", "the member 'vertices' is missing"),
            Some(vertices) => {
                if let Some(first) = vertices.bad.first() {
                    let message = format!("{} vertices are not three numbers, the first is vertex {first}", vertices.bad_count);
                    told.error("cj-schema", "", "/vertices", message);
                }
                if vertices.duplicates > 0 {
                    let message = format!("{} vertices stand more than once in the list, vertex {} among them", vertices.duplicates, vertices.first_duplicate);
                    told.warn("cj-duplicate-vertices", "", "/vertices", message);
                }
            }
        }
    }

    fn check_metadata(&self, version: u32, told: &mut Told) {
        if self.metadata.is_null() {
            return;
        }
        let Some(metadata) = self.metadata.as_object() else {
            return told.error("cj-schema", "", "/metadata", "the member 'metadata' is no object");
        };
        if let Some(system) = metadata.get("referenceSystem") {
            let good = system.as_str().is_some_and(|text| match version {
                10 => text.starts_with("urn:ogc:def:crs:") || text.starts_with("http"),
                _ => ["http://www.opengis.net/def/crs/", "https://www.opengis.net/def/crs/"].iter().any(|start| text.starts_with(start)),
            });
            if !good {
                let message = format!("{} is no reference system as CityJSON writes it: https://www.opengis.net/def/crs/EPSG/0/7415", brief(system));
                told.error("cj-schema", "", "/metadata/referenceSystem", message);
            }
        }
        for key in ["geographicalExtent", "geographicExtent"] {
            let six = |v: &Value| v.as_array().is_some_and(|list| list.len() == 6 && list.iter().all(Value::is_number));
            if metadata.get(key).is_some_and(|v| !six(v)) {
                told.error("cj-schema", "", &format!("/metadata/{key}"), "the extent is not six numbers");
            }
        }
    }
}

/// Is a member an object?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Object,
    Other,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct See;
        impl<'de> Visitor<'de> for See {
            type Value = Shape;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Shape::Object)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Shape::Other)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
            fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
            fn visit_unit<E>(self) -> Result<Shape, E> {
                Ok(Shape::Other)
            }
        }
        deserializer.deserialize_any(See)
    }
}

/// What is to know of the list of vertices.
#[derive(Default)]
pub struct Vertices {
    /// How many there are.
    pub count: usize,
    bad: Vec<usize>,
    bad_count: usize,
    duplicates: usize,
    first_duplicate: usize,
}

impl<'de> Deserialize<'de> for Vertices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Vertices;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of vertices")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vertices, A::Error> {
                let mut out = Vertices::default();
                let mut known: HashMap<[u64; 3], ()> = HashMap::new();
                while let Some(value) = seq.next_element::<Value>()? {
                    let numbers: Vec<f64> = value.as_array().map(|list| list.iter().filter_map(Value::as_f64).collect()).unwrap_or_default();
                    match numbers[..] {
                        [x, y, z] if value.as_array().is_some_and(|list| list.len() == 3) => {
                            if known.insert([x, y, z].map(|c| (c + 0.0).to_bits()), ()).is_some() {
                                if out.duplicates == 0 {
                                    out.first_duplicate = out.count;
                                }
                                out.duplicates += 1;
                            }
                        }
                        _ => {
                            out.bad_count += 1;
                            if out.bad.is_empty() {
                                out.bad.push(out.count);
                            }
                        }
                    }
                    out.count += 1;
                }
                Ok(out)
            }
        }
        deserializer.deserialize_seq(List)
    }
}
