//! A CityJSON document as it stands in the file, in compact form: attributes as JSON, everything geometric flat.
//!
//! Lenient where the damage stays local (a geometry of a wrong shape is marked, not fatal); only JSON that cannot be read on
//! ends the document.

use super::nested::Nested;
use super::points::Points;
use super::surfaces::{RawSurface, Surfaces};
use super::values::Values;
use qike_scene::{Attributes, Value};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Declares the keys of a JSON object that are looked for, and how they are told apart without allocation.
macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($text:literal => $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        enum $name { $($variant,)+ Other }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Key;
                impl Visitor<'_> for Key {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a key")
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok(match text { $($text => $name::$variant,)+ _ => $name::Other })
                    }
                }
                deserializer.deserialize_str(Key)
            }
        }
    };
}

/// A CityJSON document, or one feature of a CityJSONSeq.
#[derive(Debug, Default)]
pub struct Document {
    /// `CityJSON` or `CityJSONFeature`.
    pub kind: String,
    /// `1.0`, `1.1`, `2.0`.
    pub version: String,
    /// A feature's id.
    pub id: Option<String>,
    /// What multiplies and moves vertices.
    pub transform: Option<RawTransform>,
    /// Vertices as written.
    pub vertices: Vec<[f64; 3]>,
    /// City objects in the order of the file.
    pub objects: Vec<(String, RawObject)>,
    /// Metadata as it is.
    pub metadata: Value,
    /// Materials.
    pub appearance: RawAppearance,
    /// Geometries to be placed many times.
    pub templates: RawTemplates,
}

/// Integer vertices to coordinates: `v * scale + translate`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub struct RawTransform {
    /// Factor of each axis.
    pub scale: [f64; 3],
    /// Offset of each axis.
    pub translate: [f64; 3],
}

/// A city object as written.
#[derive(Debug, Default)]
pub struct RawObject {
    /// Type name.
    pub kind: String,
    /// Attributes.
    pub attributes: Attributes,
    /// All other members, extensions among them.
    pub others: Attributes,
    /// Ids of parents.
    pub parents: Vec<String>,
    /// Ids of children (of a group: its members).
    pub children: Vec<String>,
    /// Geometries.
    pub geometries: Vec<RawGeometry>,
}

/// A geometry as written.
#[derive(Debug, Default)]
pub struct RawGeometry {
    /// `Solid`, `GeometryInstance` ….
    pub kind: String,
    /// Level of detail as text.
    pub lod: Option<String>,
    /// Vertex numbers.
    pub boundaries: Nested,
    /// Semantic surfaces.
    pub surfaces: Vec<RawSurface>,
    /// Which surface has which semantic.
    pub surface_values: Option<Values>,
    /// Theme → which surface has which material.
    pub materials: Vec<(String, Values)>,
    /// Theme → for each ring its texture and texture coordinates.
    pub textures: Vec<(String, Values)>,
    /// Number of the template it places.
    pub template: Option<u32>,
    /// 4 × 4 matrix, row by row.
    pub matrix: Vec<f64>,
}

impl RawGeometry {
    /// A copy, for a template that is placed once more.
    pub fn copy(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            lod: self.lod.clone(),
            boundaries: self.boundaries.clone(),
            surfaces: self.surfaces.clone(),
            surface_values: self.surface_values.clone(),
            materials: self.materials.clone(),
            textures: self.textures.clone(),
            template: None,
            matrix: Vec::new(),
        }
    }
}

/// Appearance: the lists that geometries refer to.
#[derive(Debug, Default)]
pub struct RawAppearance {
    /// Materials as written.
    pub materials: Vec<Value>,
    /// Textures as written.
    pub textures: Vec<Value>,
    /// Texture coordinates.
    pub uv: Vec<[f64; 2]>,
    /// Theme of materials to draw where a geometry has several.
    pub default_material: Option<String>,
    /// The same of textures.
    pub default_texture: Option<String>,
}

/// Geometry templates and their own vertices.
#[derive(Debug, Default)]
pub struct RawTemplates {
    /// Geometries.
    pub templates: Vec<RawGeometry>,
    /// Real coordinates in metres around the template's origin.
    pub vertices: Vec<[f64; 3]>,
}

/// Implements `Deserialize` for a struct from a map, key by key.
macro_rules! from_map {
    ($type:ident, $expect:literal, $keys:ident, |$out:ident, $map:ident, $key:ident| $body:block) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct FromMap;
                impl<'de> Visitor<'de> for FromMap {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expect)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<$type, A::Error> {
                        let mut $out = $type::default();
                        while let Some($key) = $map.next_key::<$keys>()? $body
                        Ok($out)
                    }
                }
                deserializer.deserialize_map(FromMap)
            }
        }
    };
}

keys!(DocumentKey {
    "type" => Type, "version" => Version, "id" => Id, "transform" => Transform, "vertices" => Vertices,
    "CityObjects" => Objects, "metadata" => Metadata, "appearance" => Appearance, "geometry-templates" => Templates,
});
from_map!(Document, "a CityJSON object", DocumentKey, |out, map, key| {
    match key {
        DocumentKey::Type => out.kind = text_of(map.next_value()?),
        DocumentKey::Version => out.version = text_of(map.next_value()?),
        DocumentKey::Id => out.id = Some(text_of(map.next_value()?)),
        DocumentKey::Transform => out.transform = map.next_value()?,
        DocumentKey::Vertices => out.vertices = map.next_value::<Points>()?.0,
        DocumentKey::Objects => out.objects = map.next_value::<Entries<RawObject>>()?.0,
        DocumentKey::Metadata => out.metadata = map.next_value()?,
        DocumentKey::Appearance => out.appearance = map.next_value::<Option<_>>()?.unwrap_or_default(),
        DocumentKey::Templates => out.templates = map.next_value::<Option<_>>()?.unwrap_or_default(),
        DocumentKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

/// The keys of a city object; others are kept by name.
enum ObjectKey {
    Type,
    Attributes,
    Geometry,
    Parents,
    Children,
    Extent,
    Other(String),
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = ObjectKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, text: &str) -> Result<ObjectKey, E> {
                Ok(match text {
                    "type" => ObjectKey::Type,
                    "attributes" => ObjectKey::Attributes,
                    "geometry" => ObjectKey::Geometry,
                    "parents" => ObjectKey::Parents,
                    // Version 1.0 has the members of a group apart.
                    "children" | "members" => ObjectKey::Children,
                    "geographicalExtent" => ObjectKey::Extent,
                    _ => ObjectKey::Other(text.to_owned()),
                })
            }
        }
        deserializer.deserialize_str(Key)
    }
}

from_map!(RawObject, "a city object", ObjectKey, |out, map, key| {
    match key {
        ObjectKey::Type => out.kind = text_of(map.next_value()?),
        ObjectKey::Attributes => match map.next_value()? {
            Value::Object(attributes) => out.attributes = attributes,
            Value::Null => {}
            other => drop(out.others.insert("attributes".into(), other)),
        },
        ObjectKey::Geometry => out.geometries = map.next_value::<Option<_>>()?.unwrap_or_default(),
        ObjectKey::Parents => out.parents = texts_of(map.next_value()?),
        ObjectKey::Children => out.children.extend(texts_of(map.next_value()?)),
        ObjectKey::Extent => {
            map.next_value::<IgnoredAny>()?;
        }
        ObjectKey::Other(key) => {
            let value = map.next_value()?;
            out.others.insert(key, value);
        }
    }
});

keys!(GeometryKey {
    "type" => Type, "lod" => Lod, "boundaries" => Boundaries, "semantics" => Semantics, "material" => Material,
    "texture" => Texture, "template" => Template, "transformationMatrix" => Matrix,
});
from_map!(RawGeometry, "a geometry", GeometryKey, |out, map, key| {
    match key {
        GeometryKey::Type => out.kind = text_of(map.next_value()?),
        GeometryKey::Lod => out.lod = Some(text_of(map.next_value()?)).filter(|lod| !lod.is_empty()),
        GeometryKey::Boundaries => out.boundaries = map.next_value()?,
        GeometryKey::Semantics => {
            if let Some(semantics) = map.next_value::<Option<RawSemantics>>()? {
                (out.surfaces, out.surface_values) = (semantics.surfaces, semantics.values);
            }
        }
        GeometryKey::Material => {
            let themes = map.next_value::<Option<Entries<RawTheme>>>()?.unwrap_or_default().0;
            out.materials = themes.into_iter().filter_map(|(name, theme)| Some((name, theme.0?))).collect();
        }
        GeometryKey::Texture => {
            let themes = map.next_value::<Option<Entries<RawTheme>>>()?.unwrap_or_default().0;
            out.textures = themes.into_iter().filter_map(|(name, theme)| Some((name, theme.0?))).collect();
        }
        GeometryKey::Template => out.template = map.next_value::<Value>()?.as_u64().and_then(|n| u32::try_from(n).ok()),
        GeometryKey::Matrix => out.matrix = numbers_of(&map.next_value()?),
        GeometryKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

/// A geometry's semantics.
#[derive(Default)]
struct RawSemantics {
    surfaces: Vec<RawSurface>,
    values: Option<Values>,
}

keys!(SemanticsKey { "surfaces" => Surfaces, "values" => Values });
from_map!(RawSemantics, "semantics", SemanticsKey, |out, map, key| {
    match key {
        SemanticsKey::Surfaces => out.surfaces = map.next_value::<Surfaces>()?.0,
        SemanticsKey::Values => out.values = Some(map.next_value()?),
        SemanticsKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

/// The materials or textures of a geometry in one theme.
#[derive(Default)]
struct RawTheme(Option<Values>);

keys!(ThemeKey { "value" => One, "values" => Many });
from_map!(RawTheme, "a theme of materials or textures", ThemeKey, |out, map, key| {
    match key {
        ThemeKey::One => {
            let one = map.next_value::<Value>()?.as_u64().and_then(|n| u32::try_from(n).ok());
            out.0 = out.0.take().or(one.map(Values::all));
        }
        ThemeKey::Many => out.0 = Some(map.next_value()?),
        ThemeKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

keys!(AppearanceKey {
    "materials" => Materials, "textures" => Textures, "vertices-texture" => Uv, "default-theme-material" => DefaultMaterial,
    "default-theme-texture" => DefaultTexture,
});
from_map!(RawAppearance, "an appearance", AppearanceKey, |out, map, key| {
    match key {
        AppearanceKey::Materials => {
            if let Value::Array(materials) = map.next_value()? {
                out.materials = materials;
            }
        }
        AppearanceKey::Textures => {
            if let Value::Array(textures) = map.next_value()? {
                out.textures = textures;
            }
        }
        AppearanceKey::Uv => out.uv = map.next_value::<Points>()?.0.into_iter().map(|[u, v, _]| [u, v]).collect(),
        AppearanceKey::DefaultMaterial => out.default_material = Some(text_of(map.next_value()?)),
        AppearanceKey::DefaultTexture => out.default_texture = Some(text_of(map.next_value()?)),
        AppearanceKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

keys!(TemplatesKey { "templates" => Templates, "vertices-templates" => Vertices });
from_map!(RawTemplates, "geometry templates", TemplatesKey, |out, map, key| {
    match key {
        TemplatesKey::Templates => out.templates = map.next_value::<Option<_>>()?.unwrap_or_default(),
        TemplatesKey::Vertices => out.vertices = map.next_value::<Points>()?.0,
        TemplatesKey::Other => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

/// A JSON object as a list, in the file's order, with repeated keys kept.
struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Entries<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of named entries")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(List(std::marker::PhantomData))
    }
}

/// Text, or a number written out; empty for the rest.
fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Number(number) => number.as_i64().map_or_else(|| number.as_f64().unwrap_or(f64::NAN).to_string(), |n| n.to_string()),
        _ => String::new(),
    }
}

fn texts_of(value: Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.into_iter().map(text_of).filter(|text| !text.is_empty()).collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    }
}

fn numbers_of(value: &Value) -> Vec<f64> {
    value.as_array().map(|list| list.iter().map(|n| n.as_f64().unwrap_or(f64::NAN)).collect()).unwrap_or_default()
}
