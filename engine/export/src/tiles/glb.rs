//! A binary glTF document on its way: views, accessors, one buffer.

use crate::ExportError;
use serde_json::{Map, Value, json};

/// Bytes that views begin at: what property tables want, and more than accessors do.
const ALIGNMENT: usize = 8;

pub const FLOAT: u32 = 5126;
pub const ARRAY_BUFFER: u32 = 34962;

/// The buffer and what lies in it.
#[derive(Default)]
pub struct Glb {
    bytes: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Glb {
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

    /// Numbers of vertices. (glTF allows no whole numbers of four bytes there; floats hold them up to 2²⁴.)
    pub fn scalars(&mut self, list: &[f32]) -> usize {
        let accessor = json!({ "componentType": FLOAT, "count": list.len(), "type": "SCALAR" });
        self.accessor(list.iter().flat_map(|c| c.to_le_bytes()).collect(), ARRAY_BUFFER, accessor)
    }

    /// The bytes of the file: the document with buffers, views and accessors put in.
    pub fn finish(mut self, mut document: Map<String, Value>) -> Result<Vec<u8>, ExportError> {
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
        let total = u32::try_from(total).map_err(|_| ExportError::new("a tile is larger than the 4 GiB that one file can hold"))?;
        let mut out = Vec::with_capacity(total as usize);
        out.extend_from_slice(b"glTF");
        out.extend_from_slice(&2_u32.to_le_bytes());
        out.extend_from_slice(&total.to_le_bytes());
        for (kind, chunk) in [(b"JSON", &text), (b"BIN\0", &self.bytes)] {
            out.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
            out.extend_from_slice(kind);
            out.extend_from_slice(chunk);
        }
        Ok(out)
    }
}
