//! Geometries by the schema: nesting of boundaries, vertex numbers, semantics, levels of detail.

use super::appearance::{check_materials, check_textures, fits};
use super::object::Objects;
use super::{Told, brief};
use qike_scene::Value;

/// Types of geometry with the depth of arrays that hold a vertex number, and of those that hold one value a surface.
const KINDS: [(&str, usize, usize); 7] = [
    ("MultiPoint", 1, 1),
    ("MultiLineString", 2, 1),
    ("MultiSurface", 3, 1),
    ("CompositeSurface", 3, 1),
    ("Solid", 4, 2),
    ("MultiSolid", 5, 3),
    ("CompositeSolid", 5, 3),
];

/// Types of semantic surfaces.
const SURFACES: [&str; 18] = [
    "RoofSurface", "GroundSurface", "WallSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface", "Window", "Door", "InteriorWallSurface",
    "CeilingSurface", "FloorSurface", "WaterSurface", "WaterGroundSurface", "WaterClosureSurface", "TrafficArea", "AuxiliaryTrafficArea",
    "TransportationMarking", "TransportationHole",
];

/// Checks a geometry of an object, or a template (then `vertices` are the templates').
pub fn check(objects: &mut Objects, id: &str, path: &str, geometry: &Value, template: bool, told: &mut Told) {
    let Some(members) = geometry.as_object() else { return told.error("cj-schema", id, path, "a geometry is an object") };
    let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind == "GeometryInstance" && !template {
        return instance(objects, id, path, geometry, told);
    }
    let Some((_, depth, per_surface)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        let message = format!("{} is no type of geometry", brief(members.get("type").unwrap_or(&Value::Null)));
        return told.error("cj-schema", id, &format!("{path}/type"), message);
    };
    check_lod(objects.version(), id, path, members.get("lod"), told);
    for key in members.keys().filter(|key| !matches!(key.as_str(), "type" | "lod" | "boundaries" | "semantics" | "material" | "texture")) {
        told.error("cj-schema", id, &format!("{path}/{key}"), format!("a geometry has no member '{key}'"));
    }
    let Some(boundaries) = members.get("boundaries") else {
        return told.error("cj-schema", id, &format!("{path}/boundaries"), "the boundaries are missing");
    };
    let mut bad = Vec::new();
    let mut numbers = |n: &Value| match n.as_u64() {
        Some(n) => {
            objects.uses(n, template);
            None
        }
        None => {
            bad.push(brief(n));
            None
        }
    };
    if let Some(message) = nested(boundaries, *depth, &mut numbers) {
        return told.error("cj-schema", id, &format!("{path}/boundaries"), message);
    }
    if let Some(first) = bad.first() {
        told.error("cj-schema", id, &format!("{path}/boundaries"), format!("{first} is no vertex number"));
    }
    if let Some((worst, count)) = objects.beyond(template) {
        let message = format!("vertex {worst} is not there: there are {count}");
        told.error("cj-vertex-index", id, &format!("{path}/boundaries"), message);
    }
    if let Some(semantics) = members.get("semantics") {
        check_semantics(objects, id, &format!("{path}/semantics"), semantics, boundaries, *per_surface, told);
    }
    let lists = objects.lists();
    for (theme, values) in members.get("material").and_then(Value::as_object).into_iter().flatten() {
        if let Some(message) = check_materials(values, boundaries, *per_surface, &lists) {
            told.error("cj-material", id, &format!("{path}/material/{theme}"), message);
        }
    }
    for (theme, values) in members.get("texture").and_then(Value::as_object).into_iter().flatten() {
        // Rings lie one deeper than surfaces.
        let message = values.get("values").map(|values| check_textures(values, boundaries, per_surface + 1, &lists));
        if let Some(message) = message.unwrap_or_else(|| Some("the values are missing".into())) {
            told.error("cj-texture", id, &format!("{path}/texture/{theme}"), message);
        }
    }
}

/// Arrays in arrays of one depth, with a number in the innermost.
fn nested(value: &Value, depth: usize, number: &mut dyn FnMut(&Value) -> Option<String>) -> Option<String> {
    if depth == 0 {
        return if value.is_array() || value.is_object() { Some("the arrays are nested too deep for the geometry's type".into()) } else { number(value) };
    }
    match value.as_array() {
        Some(list) => list.iter().find_map(|inner| nested(inner, depth - 1, number)),
        None => Some(format!("{} stands where an array should: the nesting is not that of the geometry's type", brief(value))),
    }
}

fn check_lod(version: u32, id: &str, path: &str, lod: Option<&Value>, told: &mut Told) {
    let text = |t: &str| matches!(t.as_bytes(), [d] | [d, b'.', b'0'..=b'9'] if d.is_ascii_digit());
    let good = match lod {
        Some(Value::String(t)) => text(t),
        // Version 1.0 writes numbers.
        Some(Value::Number(_)) => version == 10,
        _ => false,
    };
    if !good {
        let message = format!("the LOD is {}; a text such as \"2\" or \"2.2\" is needed", brief(lod.unwrap_or(&Value::Null)));
        told.error("cj-schema", id, &format!("{path}/lod"), message);
    }
}

fn check_semantics(objects: &Objects, id: &str, path: &str, semantics: &Value, boundaries: &Value, depth: usize, told: &mut Told) {
    let Some(surfaces) = semantics.get("surfaces").and_then(Value::as_array) else {
        return told.error("cj-schema", id, &format!("{path}/surfaces"), "semantics need an array 'surfaces'");
    };
    for (i, surface) in surfaces.iter().enumerate() {
        let kind = surface.get("type").and_then(Value::as_str).unwrap_or_default();
        let at = format!("{path}/surfaces/{i}/type");
        if kind.starts_with('+') {
            objects.extensions().check_surface(objects.version(), id, &at, kind, surface, told);
        } else if !SURFACES.contains(&kind) {
            told.error("cj-schema", id, &at, format!("'{kind}' is no type of semantic surface"));
        }
        let links = surface.get("parent").into_iter().chain(surface.get("children").and_then(Value::as_array).into_iter().flatten());
        for link in links.filter(|link| link.as_u64().is_none_or(|n| n >= surfaces.len() as u64)) {
            // The validator of the format does not look at these; a reader that does runs off the list.
            told.warn("cj-semantics", id, &at, format!("surface {i} refers to surface {}, and there are {}", brief(link), surfaces.len()));
        }
    }
    let Some(values) = semantics.get("values") else {
        return told.error("cj-schema", id, &format!("{path}/values"), "semantics need 'values'");
    };
    let wrong = |value: &Value| match value.as_u64() {
        Some(n) if n < surfaces.len() as u64 => None,
        _ => Some(format!("there is no semantic surface {}, only {}", brief(value), surfaces.len())),
    };
    if let Some(message) = fits(values, boundaries, depth, &wrong) {
        told.error("cj-semantics", id, &format!("{path}/values"), message);
    }
}

fn instance(objects: &mut Objects, id: &str, path: &str, geometry: &Value, told: &mut Told) {
    let templates = objects.templates();
    let number = geometry.get("template").and_then(Value::as_u64);
    if number.is_none_or(|n| n >= templates as u64) {
        let message = format!("there is no template {}, only {templates}", brief(geometry.get("template").unwrap_or(&Value::Null)));
        told.error("cj-schema", id, &format!("{path}/template"), message);
    }
    let matrix = geometry.get("transformationMatrix").and_then(Value::as_array);
    if !matrix.is_some_and(|list| list.len() == 16 && list.iter().all(Value::is_number)) {
        told.error("cj-schema", id, &format!("{path}/transformationMatrix"), "the matrix is not 16 numbers");
    }
    match geometry.get("boundaries").and_then(Value::as_array).map(Vec::as_slice) {
        Some([anchor]) if anchor.is_u64() => {
            objects.uses(anchor.as_u64().unwrap_or_default(), false);
            if let Some((worst, count)) = objects.beyond(false) {
                told.error("cj-vertex-index", id, &format!("{path}/boundaries"), format!("vertex {worst} is not there: there are {count}"));
            }
        }
        _ => told.error("cj-schema", id, &format!("{path}/boundaries"), "the boundaries of an instance are one vertex number"),
    }
}
