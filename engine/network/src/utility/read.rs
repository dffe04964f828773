//! An object as an element: what its source says of it, under the names that the formats use.

use super::{Element, Role, UtilityKind};
use qike_scene::{CityObject, Class, Geometry, GeometryKind, ObjectIx, SceneSnapshot, Value};

/// Attributes of a diameter with the metres in one of it.
const DIAMETERS: [(&str, f64); 7] =
    [("diameter_m", 1.0), ("height_m", 1.0), ("diameter_mm", 0.001), ("dn", 0.001), ("DN", 0.001), ("管径", 0.001), ("nominal_diameter_mm", 0.001)];
const DEPTHS: [&str; 3] = ["depth_m", "cover_depth_m", "埋深"];
const MATERIALS: [&str; 4] = ["material", "Material", "MATERIAL", "材质"];
const KINDS: [&str; 5] = ["network", "system", "utility", "medium", "管线类型"];
/// What carries although it may have no line.
const CARRIERS: [&str; 6] = ["segment", "pipe", "pump", "orifice", "weir", "conduit"];

/// The element that an object is.
pub fn element(scene: &SceneSnapshot, ix: ObjectIx) -> Element {
    let object = scene.get(ix);
    let function = ["function", "ifc_type", "type"].iter().find_map(|key| object.str(key)).map(str::to_owned);
    let line = object.geometries.iter().find(|g| g.kind == GeometryKind::MultiLine && !g.indices.is_empty());
    let ends = line.and_then(ends);
    let carries = function.as_deref().is_some_and(|f| CARRIERS.iter().any(|word| f.to_lowercase().contains(word)));
    let role = if ends.is_some() || carries { Role::Pipe } else { Role::Node };
    let kind = kind(scene, ix, object);
    let text = |key: &str| object.str(key).map(str::to_lowercase).unwrap_or_default();
    let lifted = text("function").contains("pump") || text("shape") == "force_main" || text("pressure") == "true";
    let bounds = scene.bounds_of(ix);
    Element {
        object: Some(object.id.clone()),
        role,
        kind,
        diameter_m: DIAMETERS.iter().find_map(|(key, unit)| Some(size(object, key)? * unit)).filter(|d| *d > 0.0),
        depth_m: DEPTHS.iter().find_map(|key| object.number(key)),
        material: MATERIALS.iter().find_map(|key| object.str(key)).map(str::to_owned),
        // Models of water networks are drawn schematically, and say how long their pipes are.
        length_m: object.number("length_m").filter(|m| *m > 0.0 && m.is_finite()).or_else(|| line.map(length)).unwrap_or(0.0),
        position: ends.map(|[a, _]| a).or_else(|| (!bounds.is_empty()).then(|| bounds.centre())),
        ends,
        gravity: kind.falls() && !lifted,
        ports: object.attributes.get("ports").and_then(Value::as_array).map_or(0, Vec::len),
        function,
    }
}

/// A number, also with letters before it: `DN300`.
fn size(object: &CityObject, key: &str) -> Option<f64> {
    object.number(key).or_else(|| object.str(key)?.trim_start_matches(|c: char| !c.is_ascii_digit()).trim().parse().ok().filter(|n: &f64| n.is_finite()))
}

/// What its own words say flows in it, else those of its ports, else those of the network it is part of.
fn kind(scene: &SceneSnapshot, ix: ObjectIx, object: &CityObject) -> UtilityKind {
    let words = |o: &CityObject| {
        let said = KINDS.iter().filter_map(|key| o.attributes.get(*key)).flat_map(texts).map(|text| UtilityKind::of(&text));
        said.into_iter().find(|kind| *kind != UtilityKind::Other)
    };
    let ports = || {
        let ports = object.attributes.get("ports")?.as_array()?;
        let kinds = ports.iter().filter_map(|port| port.get("system_type")?.as_str()).map(UtilityKind::of);
        kinds.into_iter().find(|kind| *kind != UtilityKind::Other)
    };
    let network = || {
        let parent = scene.get(scene.parent(ix)?);
        (parent.class == Class::UtilityNetwork).then(|| words(parent).or_else(|| parent.name.as_deref().map(UtilityKind::of)))?
    };
    words(object).or_else(ports).or_else(network).unwrap_or(UtilityKind::Other)
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    }
}

fn ends(line: &Geometry) -> Option<[[f64; 3]; 2]> {
    let at = |i: Option<&u32>| line.vertices.get(*i? as usize).copied();
    Some([at(line.indices.first())?, at(line.indices.last())?])
}

fn length(line: &Geometry) -> f64 {
    let step = |w: &[[f64; 3]]| (0..3).map(|k| (w[1][k] - w[0][k]).powi(2)).sum::<f64>().sqrt();
    line.lines().map(|points| points.windows(2).map(step).sum::<f64>()).sum()
}
