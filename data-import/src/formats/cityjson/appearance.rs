//! Materials and semantics of surfaces: from a document's lists to the few that a geometry uses.

use super::values::Values;
use super::surfaces::RawSurface;
use qike_scene::geometry::NONE;
use qike_scene::{Material, Semantic, Value};

/// CityJSON's material as the scene keeps it: diffuse colour and opacity. Light grey where it gives no colour.
pub fn material(value: &Value) -> Material {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).filter(|n| n.is_finite()).map(|n| n.clamp(0.0, 1.0) as f32);
    let channel = |i: usize| number(value.get("diffuseColor").and_then(|colour| colour.get(i)));
    let colour = match (channel(0), channel(1), channel(2)) {
        (Some(r), Some(g), Some(b)) => [r, g, b],
        _ => [0.8; 3],
    };
    let alpha = 1.0 - number(value.get("transparency")).unwrap_or(0.0);
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Material::new(name, [colour[0], colour[1], colour[2], alpha])
}

/// The theme to show: the file's default, else the first that the geometry has.
pub fn theme<'v>(themes: &'v [(String, Values)], default: Option<&str>) -> Option<&'v Values> {
    let preferred = default.and_then(|name| themes.iter().find(|(theme, _)| theme == name));
    preferred.or(themes.first()).map(|(_, values)| values)
}

/// Semantic surfaces as the scene keeps them.
pub fn semantics(surfaces: Vec<RawSurface>) -> Vec<Semantic> {
    let count = surfaces.len() as u64;
    let semantic = |RawSurface { kind, parent, attributes }| Semantic {
        kind: if kind.is_empty() { "Surface".to_owned() } else { kind },
        parent: parent.filter(|p| *p < count).map(|p| p as u32),
        attributes,
    };
    surfaces.into_iter().map(semantic).collect()
}

/// Keeps of `all` what `used` refers to, in the order of `all`, and renumbers `used`. A number that nothing has becomes
/// [`NONE`]; the second result counts those.
pub fn keep_used<T>(all: Vec<T>, used: &mut [u32]) -> (Vec<T>, usize) {
    let mut number = vec![NONE; all.len()];
    let mut wrong = 0;
    for entry in used.iter_mut().filter(|entry| **entry != NONE) {
        match number.get_mut(*entry as usize) {
            Some(slot) => *slot = 0,
            None => {
                *entry = NONE;
                wrong += 1;
            }
        }
    }
    let mut kept = Vec::new();
    for (item, slot) in all.into_iter().zip(&mut number) {
        if *slot == 0 {
            *slot = kept.len() as u32;
            kept.push(item);
        }
    }
    for entry in used.iter_mut().filter(|entry| **entry != NONE) {
        *entry = number[*entry as usize];
    }
    (kept, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_entries_go_and_wrong_numbers_are_counted() {
        let mut used = [2, NONE, 0, 9, 2];
        let (kept, wrong) = keep_used(vec!["a", "b", "c"], &mut used);
        assert_eq!((kept, wrong), (vec!["a", "c"], 1));
        assert_eq!(used, [1, NONE, 0, NONE, 1]);
    }

    #[test]
    fn a_material_without_colour_is_grey_and_opaque() {
        assert_eq!(material(&serde_json::json!({"name": "x"})).colour, [0.8, 0.8, 0.8, 1.0]);
        let glass = material(&serde_json::json!({"name": "g", "diffuseColor": [0.1, 2, 0.3], "transparency": 0.75}));
        assert_eq!(glass.colour, [0.1, 1.0, 0.3, 0.25]);
    }
}
