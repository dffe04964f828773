//! Materials and textures: the lists of a document, and what geometries take from them.

use super::{Told, brief};
use qike_scene::Value;

/// How many entries geometries may refer to.
#[derive(Clone, Copy, Default)]
pub struct Lists {
    /// Materials.
    pub materials: usize,
    /// Textures.
    pub textures: usize,
    /// Positions in textures.
    pub places: usize,
}

impl Lists {
    /// Of an appearance.
    pub fn of(appearance: &Value) -> Self {
        let count = |key: &str| appearance.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        Self { materials: count("materials"), textures: count("textures"), places: count("vertices-texture") }
    }
}

/// Checks the lists themselves.
pub fn check(appearance: &Value, told: &mut Told) {
    if appearance.is_null() {
        return;
    }
    let Some(members) = appearance.as_object() else { return told.error("cj-schema", "", "/appearance", "the member 'appearance' is no object") };
    for (key, value) in members {
        let path = format!("/appearance/{key}");
        match key.as_str() {
            "default-theme-texture" | "default-theme-material" => {
                if !value.is_string() {
                    told.error("cj-schema", "", &path, format!("{} is no theme's name", brief(value)));
                }
            }
            "materials" | "textures" | "vertices-texture" => match value.as_array() {
                None => told.error("cj-schema", "", &path, "it is no array"),
                Some(list) => list.iter().enumerate().for_each(|(i, entry)| check_entry(key, entry, &format!("{path}/{i}"), told)),
            },
            _ => told.error("cj-schema", "", &path, format!("an appearance has no member '{key}'")),
        }
    }
}

fn check_entry(list: &str, entry: &Value, path: &str, told: &mut Told) {
    let mut fault = |key: &str, message: &str| told.error("cj-schema", "", &format!("{path}{}{key}", if key.is_empty() { "" } else { "/" }), message);
    let numbers = |v: &Value, least: usize, most: usize| v.as_array().is_some_and(|l| (least..=most).contains(&l.len()) && l.iter().all(Value::is_number));
    if list == "vertices-texture" {
        if !numbers(entry, 2, 2) {
            fault("", "a position in a texture is two numbers");
        }
        return;
    }
    let Some(members) = entry.as_object() else { return fault("", "it is no object") };
    if list == "materials" && !members.contains_key("name") {
        fault("name", "a material needs a name");
    }
    for (key, value) in members {
        let good = match (list, key.as_str()) {
            ("materials", "name") | ("textures", "image") => value.is_string(),
            ("materials", "ambientIntensity" | "shininess" | "transparency") => value.is_number(),
            ("materials", "diffuseColor" | "emissiveColor" | "specularColor") => numbers(value, 3, 3),
            ("materials", "isSmooth") => value.is_boolean(),
            ("textures", "type") => matches!(value.as_str(), Some("PNG" | "JPG")),
            ("textures", "wrapMode") => matches!(value.as_str(), Some("none" | "wrap" | "mirror" | "clamp" | "border")),
            ("textures", "textureType") => matches!(value.as_str(), Some("unknown" | "specific" | "typical")),
            ("textures", "borderColor") => numbers(value, 3, 4),
            _ => false,
        };
        if !good {
            fault(key, &format!("'{key}' cannot be {}", brief(value)));
        }
    }
}

/// The materials of a geometry: the shape of each theme's values, and that each material is there. `depth` is how deep the arrays
/// are that hold one value a surface.
pub fn check_materials(theme: &Value, boundaries: &Value, depth: usize, lists: &Lists) -> Option<String> {
    let missing = |value: &Value| value.as_u64().is_none_or(|n| n >= lists.materials as u64);
    match (theme.get("value"), theme.get("values")) {
        (Some(one), None) => missing(one).then(|| format!("there is no material {}, only {}", brief(one), lists.materials)),
        (None, Some(values)) => fits(values, boundaries, depth, &|value| missing(value).then(|| format!("there is no material {}, only {}", brief(value), lists.materials))),
        _ => Some("a theme has either 'value' or 'values'".into()),
    }
}

/// The textures of a geometry: each ring has none (`null`), or a texture and a position in it for each of its corners.
pub fn check_textures(values: &Value, boundaries: &Value, depth: usize, lists: &Lists) -> Option<String> {
    let (Some(values), Some(boundaries)) = (values.as_array(), boundaries.as_array()) else { return Some("its nesting is not that of the boundaries".into()) };
    if depth > 0 {
        // A surface without texture may say so once for all its rings.
        let bare = |ring: &Value| ring.is_null() || ring.as_array().is_some_and(|list| list.iter().all(Value::is_null));
        if depth == 1 && values.iter().all(bare) {
            return None;
        }
        if values.len() != boundaries.len() {
            return Some(format!("{} values stand where the boundaries have {}", values.len(), boundaries.len()));
        }
        return values.iter().zip(boundaries).find_map(|(v, b)| check_textures(v, b, depth - 1, lists));
    }
    if values.iter().all(Value::is_null) {
        return None;
    }
    if values.len() != boundaries.len() + 1 {
        return Some(format!("a ring of {} corners has {} values; a texture and one position a corner are needed", boundaries.len(), values.len()));
    }
    let most = |i: usize| if i == 0 { lists.textures } else { lists.places };
    let bad = values.iter().enumerate().find(|(i, v)| v.as_u64().is_none_or(|n| n >= most(*i) as u64))?;
    let what = if bad.0 == 0 { "texture" } else { "position in a texture" };
    Some(format!("there is no {what} {}, only {}", brief(bad.1), most(bad.0)))
}

/// Have values the shape of the boundaries down to one value a surface? `null` may stand for a whole array. `wrong` says what is
/// wrong with a value.
pub fn fits(values: &Value, boundaries: &Value, depth: usize, wrong: &dyn Fn(&Value) -> Option<String>) -> Option<String> {
    if values.is_null() {
        return None;
    }
    if depth == 0 {
        return wrong(values);
    }
    let (Some(list), Some(parts)) = (values.as_array(), boundaries.as_array()) else { return Some("its nesting is not that of the boundaries".into()) };
    if list.len() != parts.len() {
        return Some(format!("{} values stand where the boundaries have {}", list.len(), parts.len()));
    }
    list.iter().zip(parts).find_map(|(v, b)| fits(v, b, depth - 1, wrong))
}
