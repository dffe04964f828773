//! The glTF document of a tile: triangles and lines by colour, points as instances of stand-ins, all with the numbers of their
//! features.

use super::glb::Glb;
use super::globe::Globe;
use super::shapes::{self, STAND_INS};
use super::table::Schema;
use crate::ExportError;
use crate::glb::{colour_of, linear};
use qike_core::Bounds3;
use qike_scene::geometry::NONE;
use qike_scene::triangulate::triangulate;
use qike_scene::{CityObject, Geometry, GeometryKind, ObjectIx, SceneSnapshot};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A tile's file.
pub struct Content {
    /// Its bytes.
    pub glb: Vec<u8>,
    /// The box around it in the frame.
    pub bounds: Bounds3,
    /// Number of features.
    pub features: usize,
}

/// Triangles or lines of one colour, corners relative to the tile's middle, y up.
#[derive(Default)]
struct Batch {
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    features: Vec<f32>,
}

/// Places of one stand-in.
#[derive(Default)]
struct Instances {
    places: Vec<[f32; 3]>,
    scales: Vec<[f32; 3]>,
    features: Vec<f32>,
}

/// Vertices of a geometry in the frame.
struct Placed<'a> {
    geometry: &'a Geometry,
    vertices: Vec<[f64; 3]>,
    feature: usize,
}

/// Builds the content; `None` where no object is drawn.
pub fn build(snapshot: &SceneSnapshot, objects: &[ObjectIx], coarse: bool, globe: &Globe, schema: &Schema) -> Result<Option<Content>, ExportError> {
    let mut features: Vec<&CityObject> = Vec::new();
    let mut placed = Vec::new();
    let mut bounds = Bounds3::EMPTY;
    for object in objects.iter().map(|ix| snapshot.get(*ix)) {
        let Some(geometry) = shapes::drawn(object, coarse) else { continue };
        let vertices = geometry.vertices.iter().map(|p| globe.place(*p)).collect::<Result<Vec<_>, _>>();
        let vertices = vertices.map_err(|e| ExportError::new(format!("object '{}': {e}", object.id)))?;
        geometry.indices.iter().filter_map(|i| vertices.get(*i as usize)).for_each(|p| bounds.grow(*p));
        if geometry.kind == GeometryKind::MultiPoint {
            let (_, [width, height]) = shapes::stand_in(object);
            for p in &vertices {
                let half = f64::from(width);
                bounds.grow([p[0] - half, p[1] - half, p[2]]);
                bounds.grow([p[0] + half, p[1] + half, p[2] + f64::from(height)]);
            }
        }
        placed.push(Placed { geometry, vertices, feature: features.len() });
        features.push(object);
    }
    if bounds.is_empty() {
        return Ok(None);
    }
    let middle = bounds.centre();
    // East, north, up become x, −z, y.
    let local = |p: [f64; 3]| [(p[0] - middle[0]) as f32, (p[2] - middle[2]) as f32, (middle[1] - p[1]) as f32];
    let mut triangles: BTreeMap<[u32; 4], Batch> = BTreeMap::new();
    let mut lines: BTreeMap<[u32; 4], Batch> = BTreeMap::new();
    let mut instances: [Instances; STAND_INS] = Default::default();
    for Placed { geometry, vertices, feature } in &placed {
        let Some(object) = features.get(*feature) else { continue };
        let corner = |i: u32| vertices.get(i as usize).map(|p| local(*p));
        match geometry.kind {
            GeometryKind::MultiPoint => {
                let (number, [width, height]) = shapes::stand_in(object);
                let Some(own) = instances.get_mut(number) else { continue };
                for p in geometry.indices.iter().filter_map(|i| corner(*i)) {
                    own.places.push(p);
                    own.scales.push([width, height, width]);
                    own.features.push(*feature as f32);
                }
            }
            GeometryKind::MultiLine => {
                let batch = lines.entry(colour_of(object.class).map(f32::to_bits)).or_default();
                for line in 0..geometry.ring_ends.len() {
                    for ends in geometry.ring(line).windows(2) {
                        let pair: Vec<_> = ends.iter().filter_map(|i| corner(*i)).collect();
                        if let [a, b] = pair[..] {
                            batch.positions.extend([a, b]);
                            batch.features.extend([*feature as f32; 2]);
                        }
                    }
                }
            }
            _ => add_triangles(geometry, object, *feature, &corner, &mut triangles),
        }
    }
    let glb = assemble(middle, &features, triangles, lines, &instances, schema)?;
    Ok(glb.map(|glb| Content { glb, bounds, features: features.len() }))
}

fn add_triangles(
    g: &Geometry, object: &CityObject, feature: usize, corner: &dyn Fn(u32) -> Option<[f32; 3]>, out: &mut BTreeMap<[u32; 4], Batch>,
) {
    let split = triangulate(g);
    for (indices, surface) in split.indices.iter().zip(&split.surface) {
        let material = match (g.surface_material.as_slice(), g.materials.len()) {
            ([], 1) => 0,
            (list, _) => list.get(*surface as usize).copied().unwrap_or(NONE),
        };
        let colour = g.materials.get(material as usize).map_or_else(|| surface_colour(g, *surface, object), |m| m.colour);
        let corners: Vec<_> = indices.iter().filter_map(|i| corner(*i)).collect();
        let [a, b, c] = corners[..] else { continue };
        let (e, f) = (sub(b, a), sub(c, a));
        let n = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
        let length = n.iter().map(|c| c * c).sum::<f32>().sqrt();
        // What has no area is not seen, and has no normal.
        if length.is_nan() || length <= 0.0 {
            continue;
        }
        let batch = out.entry(colour.map(f32::to_bits)).or_default();
        batch.positions.extend([a, b, c]);
        batch.normals.extend([n.map(|c| c / length); 3]);
        batch.features.extend([feature as f32; 3]);
    }
}

/// Roofs are darker than walls, so that shapes are seen without textures.
fn surface_colour(g: &Geometry, surface: u32, object: &CityObject) -> [f32; 4] {
    let kind = g.surface(surface as usize).and_then(|s| s.semantic()).map(|s| s.kind.as_str());
    match kind {
        Some("RoofSurface") => [0.66, 0.42, 0.34, 1.0],
        Some("Window" | "WindowSurface") => [0.55, 0.70, 0.82, 1.0],
        Some("Door" | "DoorSurface") => [0.50, 0.38, 0.28, 1.0],
        _ => colour_of(object.class),
    }
}

fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// The document; `None` where nothing is left to draw.
fn assemble(
    middle: [f64; 3], features: &[&CityObject], triangles: BTreeMap<[u32; 4], Batch>, lines: BTreeMap<[u32; 4], Batch>,
    instances: &[Instances; STAND_INS], schema: &Schema,
) -> Result<Option<Vec<u8>>, ExportError> {
    let mut glb = Glb::default();
    let (mut materials, mut meshes, mut nodes): (Vec<Value>, Vec<Value>, Vec<Value>) = Default::default();
    let ids = json!({ "featureIds": [{ "featureCount": features.len(), "attribute": 0, "propertyTable": 0 }] });
    let mut primitives = Vec::new();
    for (mode, batches) in [(4, triangles), (1, lines)] {
        for (colour, batch) in batches.into_iter().filter(|(_, batch)| !batch.positions.is_empty()) {
            let position = glb.vectors(&batch.positions, true);
            let mut attributes = json!({ "POSITION": position, "_FEATURE_ID_0": glb.scalars(&batch.features) });
            if mode == 4 {
                attributes["NORMAL"] = glb.vectors(&batch.normals, false).into();
            }
            materials.push(material(colour.map(f32::from_bits), mode == 1));
            primitives.push(json!({
                "attributes": attributes, "mode": mode, "material": materials.len() - 1, "extensions": { "EXT_mesh_features": ids },
            }));
        }
    }
    // The middle in y-up axes.
    let translation = [middle[0], middle[2], -middle[1]];
    if !primitives.is_empty() {
        meshes.push(json!({ "primitives": primitives }));
        nodes.push(json!({ "mesh": 0, "translation": translation }));
    }
    let mut instanced = false;
    for (number, own) in instances.iter().enumerate().filter(|(_, own)| !own.places.is_empty()) {
        instanced = true;
        let shape = shapes::shape_of(number);
        let (positions, normals) = flat_shaded(&shape);
        materials.push(material(shape.colour, false));
        let attributes = json!({ "POSITION": glb.vectors(&positions, true), "NORMAL": glb.vectors(&normals, false) });
        meshes.push(json!({ "primitives": [{ "attributes": attributes, "material": materials.len() - 1 }] }));
        let places = json!({
            "TRANSLATION": glb.vectors(&own.places, true), "SCALE": glb.vectors(&own.scales, false), "_FEATURE_ID_0": glb.scalars(&own.features),
        });
        nodes.push(json!({
            "mesh": meshes.len() - 1, "translation": translation,
            "extensions": { "EXT_mesh_gpu_instancing": { "attributes": places }, "EXT_instance_features": ids },
        }));
    }
    if nodes.is_empty() {
        return Ok(None);
    }
    let table = schema.extension(features, &mut glb);
    let mut used = vec!["EXT_mesh_features", "EXT_structural_metadata"];
    if instanced {
        used.extend(["EXT_mesh_gpu_instancing", "EXT_instance_features"]);
    }
    let mut document = Map::new();
    document.insert("asset".into(), json!({ "version": "2.0", "generator": "Qike" }));
    document.insert("extensionsUsed".into(), json!(used));
    if instanced {
        document.insert("extensionsRequired".into(), json!(["EXT_mesh_gpu_instancing"]));
    }
    document.insert("extensions".into(), json!({ "EXT_structural_metadata": table }));
    document.insert("scene".into(), 0.into());
    document.insert("scenes".into(), json!([{ "nodes": (0..nodes.len()).collect::<Vec<_>>() }]));
    document.insert("nodes".into(), nodes.into());
    document.insert("meshes".into(), meshes.into());
    document.insert("materials".into(), materials.into());
    glb.finish(document).map(Some)
}

/// Corners with normals of their own, y up.
fn flat_shaded(shape: &shapes::StandIn) -> (Vec<[f32; 3]>, Vec<[f32; 3]>) {
    let (mut positions, mut normals) = (Vec::new(), Vec::new());
    for triangle in shape.indices.chunks_exact(3) {
        let corners: Vec<[f32; 3]> = triangle.iter().filter_map(|i| shape.vertices.get(*i as usize)).map(|p| [p[0], p[2], -p[1]]).collect();
        let [a, b, c] = corners[..] else { continue };
        let (e, f) = (sub(b, a), sub(c, a));
        let n = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
        let length = n.iter().map(|c| c * c).sum::<f32>().sqrt();
        if length > 0.0 {
            positions.extend([a, b, c]);
            normals.extend([n.map(|c| c / length); 3]);
        }
    }
    (positions, normals)
}

fn material(colour: [f32; 4], unlit_line: bool) -> Value {
    let [r, g, b, a] = colour;
    let mut material = json!({
        "pbrMetallicRoughness": { "baseColorFactor": [linear(r), linear(g), linear(b), a], "metallicFactor": 0.0, "roughnessFactor": 0.9 },
        "doubleSided": true,
    });
    if unlit_line {
        material["emissiveFactor"] = json!([linear(r), linear(g), linear(b)]);
    }
    if a < 1.0 {
        material["alphaMode"] = "BLEND".into();
    }
    material
}
