//! A binary glTF document on its way: views, accessors, one buffer.

use crate::ExportError;
use serde_json::{Map, Value, json};
use std::io::Write;

/// Bytes that views begin at: what property tables want, and more than accessors do.
const ALIGNMENT: usize = 8;

const FLOAT: u32 = 5126;
const ARRAY_BUFFER: u32 = 34962;

/// The buffer and what lies in it.
#[derive(Default)]
pub struct Glb {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Glb {
    /// Bytes in the buffer.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Puts bytes into the buffer; gives the number of their view.
    pub fn view(&mut self, bytes: Vec<u8>, target: Option<u32>) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
        let mut view = json!({ "buffer": 0, "byteOffset": self.bytes.len(), "byteLength": bytes.len() });
        if let Some(target) = target {
            view["target"] = target.into();
        }
        self.bytes.extend(bytes);
        self.views.push(view);
        self.views.len() - 1
    }

    fn accessor(&mut self, bytes: Vec<u8>, target: u32, mut accessor: Value) -> usize {
        accessor["bufferView"] = self.view(bytes, Some(target)).into();
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    /// Vectors of vertices; positions say their bounds.
    pub fn vectors(&mut self, list: &[[f32; 3]], bounded: bool) -> usize {
        let mut accessor = json!({ "componentType": FLOAT, "count": list.len(), "type": "VEC3" });
        if bounded {
            let fold = |f: fn(f32, f32) -> f32, start: f32| [0, 1, 2].map(|k| list.iter().map(|p| p[k]).fold(start, f));
            accessor["min"] = json!(fold(f32::min, f32::INFINITY));
            accessor["max"] = json!(fold(f32::max, f32::NEG_INFINITY));
        }
        self.accessor(list.iter().flatten().flat_map(|c| c.to_le_bytes()).collect(), ARRAY_BUFFER, accessor)
    }

    /// Pairs of vertices.
    pub fn pairs(&mut self, list: &[[f32; 2]]) -> usize {
        let accessor = json!({ "componentType": FLOAT, "count": list.len(), "type": "VEC2" });
        self.accessor(list.iter().flatten().flat_map(|c| c.to_le_bytes()).collect(), ARRAY_BUFFER, accessor)
    }

    /// Numbers of vertices. (glTF allows no whole numbers of four bytes there; floats hold them up to 2²⁴.)
    pub fn scalars(&mut self, list: &[f32]) -> usize {
        let accessor = json!({ "componentType": FLOAT, "count": list.len(), "type": "SCALAR" });
        self.accessor(list.iter().flat_map(|c| c.to_le_bytes()).collect(), ARRAY_BUFFER, accessor)
    }

    /// Writes the file: the document with buffers, views and accessors put in. Gives its length.
    pub fn finish(mut self, mut document: Map<String, Value>, out: &mut dyn Write) -> Result<u64, ExportError> {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
        document.insert("accessors".into(), self.accessors.into());
        document.insert("bufferViews".into(), self.views.into());
        document.insert("buffers".into(), json!([{ "byteLength": self.bytes.len() }]));
        let mut text = serde_json::to_vec(&document).map_err(ExportError::new)?;
        // The binary chunk begins at a multiple of eight too: 12 bytes of header, 8 of the first chunk's, 8 of its own.
        while !(text.len() + 28).is_multiple_of(ALIGNMENT) {
            text.push(b' ');
        }
        let total = 12 + 8 + text.len() as u64 + 8 + self.bytes.len() as u64;
        let total = u32::try_from(total).map_err(|_| too_large())?;
        let mut put = |bytes: &[u8]| out.write_all(bytes);
        put(b"glTF")?;
        put(&2_u32.to_le_bytes())?;
        put(&total.to_le_bytes())?;
        for (kind, chunk) in [(b"JSON", &text), (b"BIN\0", &self.bytes)] {
            put(&(chunk.len() as u32).to_le_bytes())?;
            put(kind)?;
            put(chunk)?;
        }
        Ok(u64::from(total))
    }
}

/// The header states the length in 32 bits.
pub fn too_large() -> ExportError {
    ExportError::new("the model is larger than the 4 GiB that one .glb can hold").help("write fewer classes with --class, a part with --bbox, or tileset.json")
}
