//! Semantic surfaces, read without a JSON tree in between: every building has a few.

use qike_scene::{Attributes, Value};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A semantic surface as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawSurface {
    /// Its type; empty where there is none.
    pub kind: String,
    /// Number of the surface it is part of.
    pub parent: Option<u64>,
    /// All else but its children, who say again what they say themselves.
    pub attributes: Attributes,
}

/// Values of kinds that say nothing here are as good as absent.
macro_rules! nothing_else {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

impl<'de> Deserialize<'de> for RawSurface {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = RawSurface;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a semantic surface")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawSurface, A::Error> {
                let mut out = RawSurface::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => out.kind = text_if(map.next_value()?),
                        "parent" => out.parent = map.next_value::<Value>()?.as_u64(),
                        "children" => drop(map.next_value::<IgnoredAny>()?),
                        _ => drop(out.attributes.insert(key, map.next_value()?)),
                    }
                }
                Ok(out)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawSurface, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(RawSurface::default())
            }
            nothing_else!();
        }
        deserializer.deserialize_any(One)
    }
}

/// An array of semantic surfaces; none where it is no array.
#[derive(Debug, Default)]
pub struct Surfaces(pub Vec<RawSurface>);

impl<'de> Deserialize<'de> for Surfaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Surfaces;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of semantic surfaces")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Surfaces, A::Error> {
                let mut surfaces = Vec::new();
                while let Some(surface) = seq.next_element()? {
                    surfaces.push(surface);
                }
                Ok(Surfaces(surfaces))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Surfaces, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Surfaces::default())
            }
            nothing_else!();
        }
        deserializer.deserialize_any(List)
    }
}

/// Text; empty for the rest.
fn text_if(value: Value) -> String {
    match value {
        Value::String(text) => text,
        _ => String::new(),
    }
}
