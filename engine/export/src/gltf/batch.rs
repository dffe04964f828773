//! Triangles and lines of one look on their way into a primitive.

use super::buffer::Glb;
use super::look::{Look, Looks, surface_colour};
use super::picture::Album;
use crate::ExportError;
use qike_scene::triangulate::triangulate;
use qike_scene::{Class, Geometry};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Corners of triangles (or ends of lines) with all that belongs to each; y is up.
#[derive(Default)]
pub struct Batch {
    /// Positions.
    pub positions: Vec<[f32; 3]>,
    /// Normals; none for lines.
    pub normals: Vec<[f32; 3]>,
    /// Texture coordinates, downwards as glTF has them; none for plain looks.
    pub uv: Vec<[f32; 2]>,
    /// Numbers of features.
    pub features: Vec<f32>,
}

/// Batches by look.
pub type Batches = BTreeMap<Look, Batch>;

/// Adds the triangles of a geometry, flat-shaded: every triangle has corners and a normal of its own. `corner` gives the position of a
/// vertex; without an album no picture is put on.
pub fn add_triangles(
    g: &Geometry, class: Class, feature: usize, corner: &dyn Fn(u32) -> Option<[f32; 3]>, album: Option<&Album>, out: &mut Batches,
) -> Result<(), ExportError> {
    let split = triangulate(g);
    for ((indices, surface), places) in split.indices.iter().zip(&split.surface).zip(&split.corner) {
        let corners: Vec<_> = indices.iter().filter_map(|i| corner(*i)).collect();
        let Some(normal) = normal_of(&corners) else { continue };
        let (look, has_uv) = Look::of(g, *surface as usize, album, || surface_colour(g, *surface as usize, class))?;
        let batch = out.entry(look).or_default();
        batch.positions.extend(corners);
        batch.normals.extend([normal; 3]);
        batch.features.extend([feature as f32; 3]);
        if has_uv {
            // Ours go upwards, glTF's downwards.
            batch.uv.extend(places.map(|place| g.uv().get(place as usize).map_or([0.0; 2], |[u, v]| [*u, 1.0 - v])));
        }
    }
    Ok(())
}

/// The normal of a triangle; what has no area is not seen, and has none.
pub fn normal_of(corners: &[[f32; 3]]) -> Option<[f32; 3]> {
    let [a, b, c] = corners else { return None };
    let sub = |p: &[f32; 3], q: &[f32; 3]| [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    let (e, f) = (sub(b, a), sub(c, a));
    let n = [e[1] * f[2] - e[2] * f[1], e[2] * f[0] - e[0] * f[2], e[0] * f[1] - e[1] * f[0]];
    let length = n.iter().map(|c| c * c).sum::<f32>().sqrt();
    (length > 0.0 && length.is_finite()).then(|| n.map(|c| c / length))
}

/// The primitives of batches; `ids` is what EXT_mesh_features says of their features.
pub fn primitives(batches: Batches, lines: bool, ids: &Value, looks: &mut Looks, album: &Album, glb: &mut Glb) -> Result<Vec<Value>, ExportError> {
    let mut all = Vec::new();
    for (look, batch) in batches.into_iter().filter(|(_, batch)| !batch.positions.is_empty()) {
        let mut attributes = json!({ "POSITION": glb.vectors(&batch.positions, true), "_FEATURE_ID_0": glb.scalars(&batch.features) });
        if !lines {
            attributes["NORMAL"] = glb.vectors(&batch.normals, false).into();
        }
        if !batch.uv.is_empty() {
            attributes["TEXCOORD_0"] = glb.pairs(&batch.uv).into();
        }
        let material = looks.number(&look, lines, album, glb)?;
        all.push(json!({
            "attributes": attributes, "mode": if lines { 1 } else { 4 }, "material": material, "extensions": { "EXT_mesh_features": ids },
        }));
    }
    Ok(all)
}

/// What EXT_mesh_features says: `count` features, numbered by the attribute 0, described in the table 0.
pub fn feature_ids(count: usize) -> Value {
    json!({ "featureIds": [{ "featureCount": count, "attribute": 0, "propertyTable": 0 }] })
}
