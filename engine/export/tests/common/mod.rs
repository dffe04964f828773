//! A model in memory as a city to draw, and binary glTF as its readers see it.

#![allow(dead_code)] // Each test program uses its own part of this.

use qike_core::{Bounds3, Crs};
use qike_export::{City, ExportError};
use qike_scene::{Attributes, CityObject, Image, ImageId, ObjectIx, SceneSnapshot};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A model and its pictures.
pub struct Model<'a> {
    snapshot: &'a SceneSnapshot,
    images: BTreeMap<ImageId, Image>,
}

impl<'a> Model<'a> {
    pub fn of(snapshot: &'a SceneSnapshot) -> Self {
        Self { snapshot, images: BTreeMap::new() }
    }

    pub fn with(self, images: BTreeMap<ImageId, Image>) -> Self {
        Self { images, ..self }
    }
}

impl City for Model<'_> {
    fn crs(&self) -> &Crs {
        self.snapshot.crs()
    }

    fn boxes(&self) -> Result<Vec<(i64, Bounds3)>, ExportError> {
        let all = (0..self.snapshot.objects().len() as u32).map(|n| (i64::from(n), self.snapshot.bounds_of(ObjectIx(n))));
        Ok(all.filter(|(_, bounds)| !bounds.is_empty()).collect())
    }

    fn load(&self, numbers: &[i64]) -> Result<Vec<CityObject>, ExportError> {
        Ok(numbers.iter().map(|n| self.snapshot.objects()[*n as usize].clone()).collect())
    }

    fn attributes(&self, see: &mut dyn FnMut(&Attributes)) -> Result<(), ExportError> {
        self.snapshot.objects().iter().for_each(|o| see(&o.attributes));
        Ok(())
    }

    fn image(&self, id: ImageId) -> Result<Option<Image>, ExportError> {
        Ok(self.images.get(&id).cloned())
    }
}

/// A file, taken apart.
pub struct Glb {
    pub json: Value,
    pub bin: Vec<u8>,
}

impl Glb {
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], u32_at(4), u32_at(8)), (&b"glTF"[..], 2, bytes.len()));
        let text = u32_at(12);
        let binary = u32_at(20 + text);
        assert_eq!(28 + text + binary, bytes.len());
        assert!((28 + text).is_multiple_of(8) && binary.is_multiple_of(8));
        Self { json: serde_json::from_slice(&bytes[20..20 + text]).unwrap(), bin: bytes[28 + text..].to_vec() }
    }

    pub fn view(&self, number: &Value) -> &[u8] {
        let view = &self.json["bufferViews"][number.as_u64().unwrap() as usize];
        let (start, length) = (view["byteOffset"].as_u64().unwrap() as usize, view["byteLength"].as_u64().unwrap() as usize);
        assert!(start.is_multiple_of(8) && length > 0 && start + length <= self.bin.len());
        &self.bin[start..start + length]
    }

    pub fn floats(&self, accessor: &Value, width: usize) -> Vec<Vec<f64>> {
        let accessor = &self.json["accessors"][accessor.as_u64().unwrap() as usize];
        let numbers: Vec<f64> = self.view(&accessor["bufferView"]).chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect();
        assert_eq!(numbers.len(), accessor["count"].as_u64().unwrap() as usize * width);
        numbers.chunks_exact(width).map(<[f64]>::to_vec).collect()
    }

    pub fn texts(&self, property: &str) -> Vec<String> {
        let column = &self.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["properties"][property];
        let (bytes, offsets) = (self.view(&column["values"]), self.view(&column["stringOffsets"]));
        let ends: Vec<usize> = offsets.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()) as usize).collect();
        ends.windows(2).map(|w| String::from_utf8(bytes[w[0]..w[1]].to_vec()).unwrap()).collect()
    }

    /// All corners in the frame of the tileset, with the feature of each.
    pub fn corners(&self) -> Vec<([f64; 3], usize)> {
        let mut out = Vec::new();
        for node in self.json["nodes"].as_array().unwrap() {
            let t: Vec<f64> = node["translation"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
            // Tiles are z up: x, −z, y of glTF.
            let place = |p: &[f64]| [p[0] + t[0], -(p[2] + t[2]), p[1] + t[1]];
            if let Some(places) = node.pointer("/extensions/EXT_mesh_gpu_instancing/attributes") {
                let (at, ids) = (self.floats(&places["TRANSLATION"], 3), self.floats(&places["_FEATURE_ID_0"], 1));
                out.extend(at.iter().zip(ids).map(|(p, id)| (place(p), id[0] as usize)));
                continue;
            }
            for primitive in self.json["meshes"][node["mesh"].as_u64().unwrap() as usize]["primitives"].as_array().unwrap() {
                let attributes = &primitive["attributes"];
                let (at, ids) = (self.floats(&attributes["POSITION"], 3), self.floats(&attributes["_FEATURE_ID_0"], 1));
                assert_eq!(at.len(), ids.len());
                if attributes.get("NORMAL").is_some() {
                    assert!(self.floats(&attributes["NORMAL"], 3).iter().all(|n| (n.iter().map(|c| c * c).sum::<f64>() - 1.0).abs() < 1e-3));
                }
                out.extend(at.iter().zip(ids).map(|(p, id)| (place(p), id[0] as usize)));
            }
        }
        out
    }
}
