//! The mapping file as written: `NAME.map.toml`, beside the data that it maps. Unknown keys are refused, with the nearest
//! known one in the message.

use super::template::Template;
use crate::ImportError;
use qike_core::SourceCrs;
use qike_scene::{Class, Lod};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// The data file, relative to the mapping.
    pub file: String,
    /// How to read it.
    pub format: Format,
    /// System of its positions.
    #[serde(default)]
    pub crs: Option<String>,
    /// What objects to make of it.
    #[serde(default)]
    pub layer: Vec<Layer>,
    /// What time series to make of it.
    #[serde(default)]
    pub series: Vec<SeriesSpec>,
}

/// How a data file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Features; their properties are the fields.
    Geojson,
    /// A table with a header row.
    Csv,
    /// Arrays of records.
    Json,
    /// Features; the columns of the table beside them are the fields.
    Shapefile,
    /// Features of a layer, which `select` names where there are several.
    Geopackage,
    /// Features.
    Flatgeobuf,
}

/// Objects of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Dotted path to the array of records.
    #[serde(default)]
    pub select: String,
    /// The selected array is one record with the single field `value`.
    #[serde(default)]
    pub whole: bool,
    /// Overrides the file's.
    #[serde(default)]
    pub crs: Option<String>,
    /// A class name, or a lookup.
    pub class: TextOrLookup,
    /// Identity.
    pub id: Template,
    /// What people call it.
    #[serde(default)]
    pub name: Option<Template>,
    /// The object it is part of.
    #[serde(default)]
    pub parent: Option<Template>,
    /// First day it holds, a template of a date.
    #[serde(default)]
    pub valid_from: Option<Template>,
    /// First day it no longer holds.
    #[serde(default)]
    pub valid_to: Option<Template>,
    /// Where it is; absent: the feature's geometry.
    #[serde(default)]
    pub position: Option<PositionSpec>,
    /// Level of detail of the geometry.
    #[serde(default = "zero")]
    pub lod: Lod,
    /// Attributes added.
    #[serde(default)]
    pub set: BTreeMap<String, ConstantOrLookup>,
    /// New name → field; absent: all fields under their names.
    #[serde(default)]
    pub attributes: Option<BTreeMap<String, String>>,
}

fn zero() -> Lod {
    Lod::ZERO
}

/// A value looked up by a field's text.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The field.
    pub field: String,
    /// From its text to the value.
    pub map: BTreeMap<String, toml::Value>,
    /// For other texts; without it they are a fault.
    #[serde(default)]
    pub default: Option<toml::Value>,
}

/// A text, or a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum TextOrLookup {
    /// Always this.
    Text(String),
    /// By a field.
    Lookup(Lookup),
}

impl<'de> Deserialize<'de> for TextOrLookup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = TextOrLookup;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or { field, map, default }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextOrLookup, E> {
                Ok(TextOrLookup::Text(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextOrLookup, A::Error> {
                Lookup::deserialize(de::value::MapAccessDeserializer::new(map)).map(TextOrLookup::Lookup)
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// A constant of any type, or a lookup.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstantOrLookup {
    /// Always this.
    Constant(toml::Value),
    /// By a field.
    Lookup(Lookup),
}

impl<'de> Deserialize<'de> for ConstantOrLookup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let is_lookup = value.as_table().is_some_and(|t| t.contains_key("field") && t.contains_key("map"));
        match is_lookup {
            true => value.try_into().map(Self::Lookup).map_err(|e: toml::de::Error| de::Error::custom(e.message())),
            false => Ok(Self::Constant(value)),
        }
    }
}

/// Where a record lies. One of: `lon`/`lat`, `x`/`y` (with `z` where there is one), or `text`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PositionSpec {
    /// Field of the longitude.
    pub lon: Option<String>,
    /// Field of the latitude.
    pub lat: Option<String>,
    /// Field of the easting.
    pub x: Option<String>,
    /// Field of the northing.
    pub y: Option<String>,
    /// Field of the height.
    pub z: Option<String>,
    /// Field that holds positions as text.
    pub text: Option<String>,
    /// What the numbers of a position are: `lon,lat,z`; `_` skips one.
    pub order: Option<String>,
    /// Between the numbers of a position.
    pub number_separator: Option<String>,
    /// Between positions.
    pub point_separator: Option<String>,
    /// What the positions make.
    #[serde(rename = "as")]
    pub shape: Option<PositionShape>,
    /// A record without a position is an object without geometry, and no fault.
    pub optional: bool,
}

/// What positions make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionShape {
    /// A point (several: a multi-point).
    #[default]
    Point,
    /// A line.
    Line,
    /// The ring around an area.
    Polygon,
}

/// Values over time of one quantity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesSpec {
    /// Dotted path to the array of records.
    #[serde(default)]
    pub select: String,
    /// The object they belong to.
    pub object: Template,
    /// What is counted.
    pub quantity: String,
    /// In which unit.
    pub unit: String,
    /// Field of the time: ISO text in local time, or milliseconds since 1970 UTC.
    pub time: String,
    /// Field of the value.
    pub value: String,
    /// Added to times given as milliseconds, to make them local: `+08:00`.
    #[serde(default)]
    pub utc_offset: Option<String>,
}

/// Reads and checks a mapping.
pub fn parse(text: &str, name: &str) -> Result<MappingFile, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mapping: MappingFile = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        let place = line.map_or("the mapping".to_owned(), |n| format!("line {n}"));
        ImportError::corrupt(name, place, with_nearest(e.message()))
    })?;
    check(&mapping).map_err(|(place, reason)| ImportError::corrupt(name, place, reason))?;
    Ok(mapping)
}

fn check(mapping: &MappingFile) -> Result<(), (String, String)> {
    if mapping.layer.is_empty() && mapping.series.is_empty() {
        return Err(("the mapping".into(), "it has neither a [[layer]] nor a [[series]]".into()));
    }
    for (i, layer) in mapping.layer.iter().enumerate() {
        let place = format!("layer {}", i + 1);
        let fail = |reason: String| Err((place.clone(), reason));
        let names: Vec<&str> = match &layer.class {
            TextOrLookup::Text(name) => vec![name],
            TextOrLookup::Lookup(l) => l.map.values().chain(&l.default).map(|v| v.as_str().unwrap_or("")).collect(),
        };
        for name in names {
            if Class::parse(name).is_none() {
                let near = nearest(name, Class::ALL.iter().map(|c| c.name()));
                return fail(format!("'{name}' is no class{}", near.map_or(String::new(), |n| format!("; did you mean '{n}'?"))));
            }
        }
        if matches!(mapping.format, Format::Csv | Format::Json) && layer.position.is_none() {
            return fail("'position' is missing (csv and json have no geometries of their own)".into());
        }
        if layer.whole && mapping.format != Format::Json {
            return fail("'whole' is for json only".into());
        }
        if mapping.format == Format::Csv && !layer.select.is_empty() {
            return fail("'select' is for json and geopackage only".into());
        }
        if let Some(p) = &layer.position {
            let given = [p.lon.is_some() && p.lat.is_some(), p.x.is_some() && p.y.is_some(), p.text.is_some()];
            let halves = p.lon.is_some() != p.lat.is_some() || p.x.is_some() != p.y.is_some();
            if given.iter().filter(|g| **g).count() != 1 || halves {
                return fail("'position' needs exactly one of lon and lat, x and y, or text".into());
            }
            let known = ["lon", "lat", "x", "y", "z", "_"];
            let order: Vec<&str> = p.order.as_deref().unwrap_or("lon,lat,z").split(',').map(str::trim).collect();
            if let Some(bad) = order.iter().find(|o| !known.contains(o)) {
                return fail(format!("'order' has '{bad}'; it may have lon, lat (or x, y), z and _"));
            }
        }
    }
    Ok(())
}

/// Adds the nearest of the expected keys to a message of the kind "unknown field `x`, expected one of `a`, `b`".
fn with_nearest(message: &str) -> String {
    let message = message.trim();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, [unknown, expected @ ..]) = (message.starts_with("unknown"), quoted.as_slice())
        && let Some(near) = nearest(unknown, expected.iter().copied())
    {
        return format!("{message}; did you mean `{near}`?");
    }
    message.to_owned()
}

/// The nearest of some names by edits, case aside.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let scored = names.map(|n| (strsim::damerau_levenshtein(&lower, &n.to_lowercase()), n));
    scored.min_by_key(|(d, _)| *d).filter(|(d, n)| *d <= n.len().max(3) / 2).map(|(_, n)| n)
}

/// The data file of a mapping: it must lie in the mapping's folder, or below it, and no link may lead out.
pub fn data_path(map: &Path, file: &str, name: &str) -> Result<PathBuf, ImportError> {
    let refuse = |why: &str| ImportError::corrupt(name, "key 'file'", format!("'{file}' {why}; it must lie beside the mapping file"));
    let relative = Path::new(file);
    if file.is_empty() || relative.is_absolute() || !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(refuse("leads out of the folder"));
    }
    let folder = map.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = folder.join(relative);
    let shown = path.display().to_string();
    let real = path.canonicalize().map_err(|e| ImportError::io(&shown, e))?;
    let inside = folder.canonicalize().map_err(|e| ImportError::io(&shown, e))?;
    if real.starts_with(inside) { Ok(path) } else { Err(refuse("is a link out of the folder")) }
}

/// Parses a system's name, with the place it stands.
pub fn crs(text: &str, name: &str) -> Result<SourceCrs, ImportError> {
    SourceCrs::parse(text).map_err(|e| ImportError::crs(name, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> String {
        parse(text, "x.map.toml").unwrap_err().to_string()
    }

    const HEAD: &str = "file = \"a.csv\"\nformat = \"csv\"\n";

    #[test]
    fn faults_name_the_line_and_the_nearest_key() {
        for (text, expected) in [
            (format!("{HEAD}crss = \"EPSG:4326\"\n"), "did you mean `crs`?"),
            (format!("{HEAD}crss = \"EPSG:4326\"\n"), "line 3"),
            (format!("{HEAD}[[layer]]\nclas = \"Road\"\nid = \"{{a}}\"\n"), "did you mean `class`?"),
            (format!("{HEAD}[[layer]]\nclass = \"Bulding\"\nid = \"{{a}}\"\n"), "did you mean 'Building'?"),
            (format!("{HEAD}[[layer]]\nclass = \"Road\"\nid = \"{{a\"\n"), "is not closed"),
            (format!("{HEAD}[[layer]]\nclass = \"Road\"\nid = \"x\"\n"), "'position' is missing"),
            (format!("{HEAD}[[layer]]\nclass = \"Road\"\nid = \"x\"\nposition = {{ lon = \"a\" }}\n"), "exactly one of"),
            (format!("{HEAD}[[layer]]\nclass = \"Road\"\nid = \"x\"\nposition = {{ long = \"a\", lat = \"b\" }}\n"), "did you mean `lon`?"),
            (HEAD.to_owned(), "neither a [[layer]] nor a [[series]]"),
            ("file = \"a\"\nformat = \"xlsx\"\n".to_owned(), "unknown variant"),
            ("file = 1".to_owned(), "line 1"),
        ] {
            assert!(fails(&text).contains(expected), "{text}: {}", fails(&text));
        }
    }

    #[test]
    fn the_data_stays_in_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("in");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(dir.path().join("secret.csv"), "a\n").unwrap();
        std::fs::write(folder.join("sub/ok.csv"), "a\n").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret.csv"), folder.join("link.csv")).unwrap();
        let map = folder.join("x.map.toml");
        assert!(data_path(&map, "sub/ok.csv", "m").is_ok());
        for bad in ["../secret.csv", "/etc/passwd", "sub/../../secret.csv", "link.csv", ""] {
            assert!(matches!(data_path(&map, bad, "m"), Err(ImportError::Corrupt { .. })), "{bad}");
        }
        assert!(matches!(data_path(&map, "none.csv", "m"), Err(ImportError::Missing { .. })));
    }
}
