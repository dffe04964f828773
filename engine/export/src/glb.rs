//! glTF 2.0, binary: one node an object, f32 metres from the model's centre, y up. The node says id, class and attributes.

use crate::selection::objects;
use crate::ExportError;
use qike_core::{Bounds3, LocalFrame};
use qike_scene::geometry::NONE;
use qike_scene::triangulate::triangulate;
use qike_scene::{Class, ObjectIx, SceneSnapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

const FLOAT: u32 = 5126;
const UNSIGNED_INT: u32 = 5125;
/// The greatest length that the header can state.
const LIMIT: u64 = u32::MAX as u64;

/// Writes the finest geometry of each object that has surfaces.
pub fn write(snapshot: &SceneSnapshot, chosen: &[ObjectIx], out: &mut dyn Write) -> Result<(), ExportError> {
    let mut bounds = Bounds3::EMPTY;
    chosen.iter().for_each(|ix| bounds.merge(&snapshot.bounds_of(*ix)));
    let origin = if bounds.is_empty() { [0.0; 3] } else { [bounds.centre()[0], bounds.centre()[1], bounds.min[2]].map(f64::floor) };
    let mut model = Model::new(LocalFrame::new(origin));
    for (_, object) in objects(snapshot, chosen) {
        let Some(g) = object.geometries.iter().filter(|g| g.kind.has_surfaces() || !g.indices.is_empty()).max_by_key(|g| g.lod) else { continue };
        let triangles = triangulate(g);
        // Triangles by material, so that each primitive has one.
        let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (indices, surface) in triangles.indices.iter().zip(&triangles.surface) {
            let material = match (g.surface_material.as_slice(), g.materials.len()) {
                ([], 1) => 0,
                (list, _) => list.get(*surface as usize).copied().unwrap_or(NONE),
            };
            parts.entry(material).or_default().extend(indices);
        }
        let primitives: Vec<Value> = parts
            .into_iter()
            .map(|(material, indices)| {
                let colour = g.materials.get(material as usize).map_or_else(|| colour_of(object.class), |m| m.colour);
                model.primitive(&g.vertices, &indices, colour)
            })
            .collect();
        if !primitives.is_empty() {
            model.meshes.push(json!({ "primitives": primitives }));
            model.nodes.push(json!({
                "mesh": model.meshes.len() - 1, "name": object.id.as_str(),
                "extras": { "class": object.class.name(), "name": object.name, "parent": object.parent, "lod": g.lod, "attributes": object.attributes },
            }));
        }
    }
    if model.nodes.is_empty() {
        return Err(ExportError::new("no object has surfaces: there is nothing to write as glTF"));
    }
    model.finish(snapshot.crs().definition(), out)
}

struct Model {
    frame: LocalFrame,
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
    materials: Vec<Value>,
    known: BTreeMap<[u32; 4], usize>,
    meshes: Vec<Value>,
    nodes: Vec<Value>,
}

impl Model {
    fn new(frame: LocalFrame) -> Self {
        let (views, accessors, materials, meshes, nodes) = (vec![], vec![], vec![], vec![], vec![]);
        Self { frame, bytes: vec![], views, accessors, materials, known: BTreeMap::new(), meshes, nodes }
    }

    /// Flat-shaded: every triangle has corners and a normal of its own.
    fn primitive(&mut self, vertices: &[[f64; 3]], indices: &[u32], colour: [f32; 4]) -> Value {
        let (mut positions, mut normals, mut triangles) = (Vec::new(), Vec::new(), Vec::new());
        for corner in indices.chunks_exact(3) {
            let p: Vec<[f32; 3]> = corner
                .iter()
                .filter_map(|i| vertices.get(*i as usize))
                .map(|v| self.frame.local_from_city(*v))
                // East, north, up become x, -z, y.
                .map(|[x, y, z]| [x, z, -y])
                .collect();
            let [a, b, c] = p[..] else { continue };
            let (e1, e2) = (sub(b, a), sub(c, a));
            let n = [e1[1] * e2[2] - e1[2] * e2[1], e1[2] * e2[0] - e1[0] * e2[2], e1[0] * e2[1] - e1[1] * e2[0]];
            let length = n.iter().map(|c| c * c).sum::<f32>().sqrt();
            if length <= 0.0 {
                continue;
            }
            triangles.extend((0..3).map(|k| positions.len() as u32 + k));
            positions.extend([a, b, c]);
            normals.extend([n.map(|c| c / length); 3]);
        }
        let fold = |f: fn(f32, f32) -> f32, start: f32| [0, 1, 2].map(|k| positions.iter().map(|p| p[k]).fold(start, f));
        let (min, max) = (fold(f32::min, f32::INFINITY), fold(f32::max, f32::NEG_INFINITY));
        let floats = |list: &[[f32; 3]]| list.iter().flatten().flat_map(|c| c.to_le_bytes()).collect::<Vec<u8>>();
        let position = self.accessor(floats(&positions), json!({ "componentType": FLOAT, "count": positions.len(), "type": "VEC3", "min": min, "max": max }), 34962);
        let normal = self.accessor(floats(&normals), json!({ "componentType": FLOAT, "count": normals.len(), "type": "VEC3" }), 34962);
        let bytes = triangles.iter().flat_map(|i| i.to_le_bytes()).collect();
        let index = self.accessor(bytes, json!({ "componentType": UNSIGNED_INT, "count": triangles.len(), "type": "SCALAR" }), 34963);
        json!({ "attributes": { "POSITION": position, "NORMAL": normal }, "indices": index, "material": self.material(colour) })
    }

    fn accessor(&mut self, bytes: Vec<u8>, mut accessor: Value, target: u32) -> usize {
        self.views.push(json!({ "buffer": 0, "byteOffset": self.bytes.len(), "byteLength": bytes.len(), "target": target }));
        self.bytes.extend(bytes);
        accessor["bufferView"] = json!(self.views.len() - 1);
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    fn material(&mut self, colour: [f32; 4]) -> usize {
        let materials = &mut self.materials;
        *self.known.entry(colour.map(f32::to_bits)).or_insert_with(|| {
            let [r, g, b, a] = colour;
            let mut material = json!({
                "pbrMetallicRoughness": { "baseColorFactor": [linear(r), linear(g), linear(b), a], "metallicFactor": 0.0, "roughnessFactor": 0.9 },
                "doubleSided": true,
            });
            if a < 1.0 {
                material["alphaMode"] = "BLEND".into();
            }
            materials.push(material);
            materials.len() - 1
        })
    }

    fn finish(self, crs: &str, out: &mut dyn Write) -> Result<(), ExportError> {
        let nodes: Vec<usize> = (0..self.nodes.len()).collect();
        let document = json!({
            "asset": { "version": "2.0", "generator": "Qike", "extras": { "crs": crs, "origin": self.frame.origin } },
            "scene": 0, "scenes": [{ "nodes": nodes }], "nodes": self.nodes, "meshes": self.meshes, "materials": self.materials,
            "accessors": self.accessors, "bufferViews": self.views, "buffers": [{ "byteLength": self.bytes.len() }],
        });
        let mut text = serde_json::to_vec(&document).map_err(ExportError::new)?;
        text.resize(text.len().next_multiple_of(4), b' ');
        let mut bytes = self.bytes;
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let total = 12 + 8 + text.len() as u64 + 8 + bytes.len() as u64;
        if total > LIMIT {
            return Err(ExportError::new("the model is larger than the 4 GiB that one .glb can hold").help("write fewer classes with --class"));
        }
        let mut put = |bytes: &[u8]| out.write_all(bytes).map_err(ExportError::new);
        put(b"glTF")?;
        put(&2u32.to_le_bytes())?;
        put(&(total as u32).to_le_bytes())?;
        for (kind, chunk) in [(b"JSON", &text), (b"BIN\0", &bytes)] {
            put(&(chunk.len() as u32).to_le_bytes())?;
            put(kind)?;
            put(chunk)?;
        }
        Ok(())
    }
}

fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// glTF wants linear colours; ours are sRGB.
pub(crate) fn linear(c: f32) -> f32 {
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// A plain colour for what has no material.
pub(crate) fn colour_of(class: Class) -> [f32; 4] {
    match class {
        Class::WaterBody | Class::Waterway => [0.42, 0.62, 0.78, 1.0],
        Class::PlantCover | Class::SolitaryVegetationObject => [0.47, 0.66, 0.42, 1.0],
        Class::Road | Class::Track | Class::Railway | Class::Square | Class::TrafficSpace | Class::TrafficArea => [0.55, 0.55, 0.56, 1.0],
        Class::LandUse | Class::Relief => [0.80, 0.78, 0.70, 1.0],
        _ => [0.86, 0.84, 0.80, 1.0],
    }
}
