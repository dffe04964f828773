//! glTF 2.0, binary: one node an object, f32 metres from the model's centre, y up. The node says id, class and attributes; the corners
//! say their feature, and a table (EXT_structural_metadata) what each feature is. Pictures of textures are in the file.

use crate::ExportError;
use crate::city::City;
use crate::gltf::batch::{self, Batches};
use crate::gltf::buffer::{Glb, too_large};
use crate::gltf::look::Looks;
use crate::gltf::picture::Album;
use crate::gltf::table::Schema;
use crate::tiles::Summary;
use crate::tiles::shapes;
use qike_core::{Bounds3, Feedback, LocalFrame};
use qike_scene::GeometryKind;
use serde_json::{Map, Value, json};
use std::io::Write;

/// Objects that are in memory with their geometry at a time.
const PIECE: usize = 1024;
/// Features that a float can number exactly.
const MOST_FEATURES: usize = 1 << 24;

/// Writes the finest geometry of each object that has surfaces.
pub fn write(city: &dyn City, out: &mut dyn Write, feedback: &Feedback) -> Result<Summary, ExportError> {
    let boxes = city.boxes()?;
    let mut bounds = Bounds3::EMPTY;
    boxes.iter().for_each(|(_, own)| bounds.merge(own));
    let origin = if bounds.is_empty() { [0.0; 3] } else { [bounds.centre()[0], bounds.centre()[1], bounds.min[2]].map(f64::floor) };
    let frame = LocalFrame::new(origin);
    let album = Album::new(city);
    let schema = Schema::of(city)?;
    let (mut glb, mut looks, mut features) = (Glb::default(), Looks::default(), Vec::new());
    let (mut meshes, mut nodes): (Vec<Value>, Vec<Value>) = Default::default();
    let numbers: Vec<i64> = boxes.iter().map(|(number, _)| *number).collect();
    let task = feedback.task("write glTF", numbers.len() as u64);
    for piece in numbers.chunks(PIECE) {
        feedback.check()?;
        for mut object in city.load(piece)? {
            let Some(g) = shapes::drawn(&object, false).filter(|g| g.is_finite() && !matches!(g.kind, GeometryKind::MultiPoint | GeometryKind::MultiLine)) else { continue };
            // East, north, up become x, z, −y.
            let corner = |i: u32| g.vertices.get(i as usize).map(|v| frame.local_from_city(*v)).map(|[x, y, z]| [x, z, -y]);
            let mut batches = Batches::new();
            batch::add_triangles(g, object.class, features.len(), &corner, Some(&album), &mut batches)?;
            let lod = g.lod;
            // How many features there are is known at the end.
            let primitives = batch::primitives(batches, false, &Value::Null, &mut looks, &album, &mut glb)?;
            if primitives.is_empty() {
                continue;
            }
            if glb.len() as u64 > u64::from(u32::MAX) {
                return Err(too_large());
            }
            if features.len() >= MOST_FEATURES {
                return Err(ExportError::new("the model has more objects than one .glb can number").help("write fewer classes with --class, or tileset.json"));
            }
            meshes.push(json!({ "primitives": primitives }));
            nodes.push(json!({
                "mesh": meshes.len() - 1, "name": object.id.as_str(),
                "extras": { "class": object.class.name(), "name": object.name, "parent": object.parent, "lod": lod, "attributes": object.attributes },
            }));
            object.geometries = Vec::new();
            features.push(object);
        }
        task.advance(piece.len() as u64);
    }
    if nodes.is_empty() {
        return Err(ExportError::new("no object has surfaces: there is nothing to write as glTF"));
    }
    let ids = batch::feature_ids(features.len());
    for primitive in meshes.iter_mut().filter_map(|mesh| mesh["primitives"].as_array_mut()).flatten() {
        primitive["extensions"]["EXT_mesh_features"] = ids.clone();
    }
    let table = schema.extension(&features.iter().collect::<Vec<_>>(), &mut glb);
    let mut document = Map::new();
    document.insert("asset".into(), json!({ "version": "2.0", "generator": "Qike", "extras": { "crs": city.crs().definition(), "origin": frame.origin } }));
    let required = looks.finish(&mut document);
    let used: Vec<&str> = ["EXT_mesh_features", "EXT_structural_metadata"].into_iter().chain(required).collect();
    document.insert("extensionsUsed".into(), json!(used));
    if let Some(required) = required {
        document.insert("extensionsRequired".into(), json!([required]));
    }
    document.insert("extensions".into(), json!({ "EXT_structural_metadata": table }));
    document.insert("scene".into(), 0.into());
    document.insert("scenes".into(), json!([{ "nodes": (0..nodes.len()).collect::<Vec<_>>() }]));
    document.insert("nodes".into(), nodes.into());
    document.insert("meshes".into(), meshes.into());
    let bytes = glb.finish(document, out)?;
    Ok(Summary { features: features.len() as u64, tiles: 1, bytes, refused: album.refused() })
}
