//! The glTF document of a tile: triangles and lines by look, points as instances of stand-ins, all with the numbers of their
//! features.

use super::globe::Globe;
use super::shapes::{self, STAND_INS};
use crate::ExportError;
use crate::gltf::batch::{self, Batches};
use crate::gltf::buffer::Glb;
use crate::gltf::look::{Look, Looks, colour_of};
use crate::gltf::picture::Album;
use crate::gltf::table::Schema;
use qike_core::Bounds3;
use qike_scene::{CityObject, Geometry, GeometryKind};
use serde_json::{Map, Value, json};

/// A tile's file.
pub struct Content {
    /// Its bytes.
    pub glb: Vec<u8>,
    /// The box around it in the frame.
    pub bounds: Bounds3,
    /// Number of features.
    pub features: usize,
}

/// What a tile draws of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Only what is seen from afar, and of that the coarsest shapes.
    pub coarse: bool,
    /// With the pictures of textures.
    pub pictures: bool,
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
pub fn build(objects: &[CityObject], detail: Detail, globe: &Globe, schema: &Schema, album: &Album) -> Result<Option<Content>, ExportError> {
    let mut features: Vec<&CityObject> = Vec::new();
    let mut placed = Vec::new();
    let mut bounds = Bounds3::EMPTY;
    for object in objects {
        let Some(geometry) = shapes::drawn(object, detail.coarse).filter(|g| g.is_finite()) else { continue };
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
    let (mut triangles, mut lines) = (Batches::new(), Batches::new());
    let mut instances: [Instances; STAND_INS] = Default::default();
    let worn = Some(album).filter(|_| detail.pictures);
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
                let batch = lines.entry(Look::plain(colour_of(object.class))).or_default();
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
            _ => batch::add_triangles(geometry, object.class, *feature, &corner, worn, &mut triangles)?,
        }
    }
    let glb = assemble(middle, &features, triangles, lines, &instances, schema, album)?;
    Ok(glb.map(|glb| Content { glb, bounds, features: features.len() }))
}

/// The document; `None` where nothing is left to draw.
fn assemble(
    middle: [f64; 3], features: &[&CityObject], triangles: Batches, lines: Batches, instances: &[Instances; STAND_INS], schema: &Schema, album: &Album,
) -> Result<Option<Vec<u8>>, ExportError> {
    let (mut glb, mut looks) = (Glb::default(), Looks::default());
    let (mut meshes, mut nodes): (Vec<Value>, Vec<Value>) = Default::default();
    let ids = batch::feature_ids(features.len());
    let mut primitives = batch::primitives(triangles, false, &ids, &mut looks, album, &mut glb)?;
    primitives.extend(batch::primitives(lines, true, &ids, &mut looks, album, &mut glb)?);
    // The middle in y-up axes.
    let translation = [middle[0], middle[2], -middle[1]];
    if !primitives.is_empty() {
        meshes.push(json!({ "primitives": primitives }));
        nodes.push(json!({ "mesh": 0, "translation": translation }));
    }
    let mut extensions = vec!["EXT_mesh_features", "EXT_structural_metadata"];
    let mut required = Vec::new();
    for (number, own) in instances.iter().enumerate().filter(|(_, own)| !own.places.is_empty()) {
        if required.is_empty() {
            extensions.extend(["EXT_mesh_gpu_instancing", "EXT_instance_features"]);
            required.push("EXT_mesh_gpu_instancing");
        }
        let shape = shapes::shape_of(number);
        let (positions, normals) = flat_shaded(&shape);
        let attributes = json!({ "POSITION": glb.vectors(&positions, true), "NORMAL": glb.vectors(&normals, false) });
        let material = looks.number(&Look::plain(shape.colour), false, album, &mut glb)?;
        meshes.push(json!({ "primitives": [{ "attributes": attributes, "material": material }] }));
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
    let mut document = Map::new();
    document.insert("asset".into(), json!({ "version": "2.0", "generator": "Qike" }));
    if let Some(extension) = looks.finish(&mut document) {
        extensions.push(extension);
        required.push(extension);
    }
    document.insert("extensionsUsed".into(), json!(extensions));
    if !required.is_empty() {
        document.insert("extensionsRequired".into(), json!(required));
    }
    document.insert("extensions".into(), json!({ "EXT_structural_metadata": table }));
    document.insert("scene".into(), 0.into());
    document.insert("scenes".into(), json!([{ "nodes": (0..nodes.len()).collect::<Vec<_>>() }]));
    document.insert("nodes".into(), nodes.into());
    document.insert("meshes".into(), meshes.into());
    let mut file = Vec::new();
    glb.finish(document, &mut file)?;
    Ok(Some(file))
}

/// Corners with normals of their own, y up.
fn flat_shaded(shape: &shapes::StandIn) -> (Vec<[f32; 3]>, Vec<[f32; 3]>) {
    let (mut positions, mut normals) = (Vec::new(), Vec::new());
    for triangle in shape.indices.chunks_exact(3) {
        let corners: Vec<[f32; 3]> = triangle.iter().filter_map(|i| shape.vertices.get(*i as usize)).map(|p| [p[0], p[2], -p[1]]).collect();
        if let Some(normal) = batch::normal_of(&corners) {
            positions.extend(corners);
            normals.extend([normal; 3]);
        }
    }
    (positions, normals)
}
