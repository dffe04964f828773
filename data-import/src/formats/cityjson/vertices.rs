//! From a document's vertex numbers to positions in the store's CRS: transform, reference system, projection on first use.

use super::model::RawTransform;
use super::points::Points;
use crate::{ImportError, Projector, Source};
use qike_core::{Crs, SourceCrs};
use qike_scene::{ObjectSink, Value};

/// The reference system that metadata names, where it does. CityJSON 1.0 writes `urn:ogc:def:crs:EPSG::7415`, 1.1 and later
/// `https://www.opengis.net/def/crs/EPSG/0/7415`, drafts before 1.0 `{"crs": {"epsg": 7415}}`.
pub fn stated_crs(metadata: &Value) -> Option<String> {
    let system = metadata.get("referenceSystem").and_then(Value::as_str).map(str::to_owned);
    let epsg = || {
        let code = metadata.pointer("/crs/epsg")?;
        code.as_u64().map(|n| n.to_string()).or_else(|| code.as_str().map(str::to_owned))
    };
    system.or_else(epsg).filter(|text| !text.trim().is_empty())
}

/// The system to read coordinates in: the user's, the file's, or the store's own with a warning.
pub fn resolve_crs(source: &Source, metadata: &Value, sink: &mut dyn ObjectSink) -> Result<SourceCrs, ImportError> {
    match stated_crs(metadata).filter(|_| source.options.source_crs.is_none()) {
        Some(text) => Crs::parse(&text).map(SourceCrs::Crs).map_err(|e| ImportError::crs(&source.name, e)),
        None => Ok(source.crs_unstated(Some("/metadata/referenceSystem"), sink)),
    }
}

/// The vertices of a document (or of one feature).
#[derive(Default)]
pub struct Vertices {
    /// As written.
    pub raw: Points,
    transform: Option<RawTransform>,
    /// Positions in the store's CRS, where it takes work to find them: [`UNKNOWN`] where not asked for yet.
    projected: Vec<[f64; 3]>,
    /// A bit for each vertex that was found to have no place; empty while there is none.
    refused: Vec<u64>,
}

/// A position that was not asked for yet.
const UNKNOWN: f64 = f64::NEG_INFINITY;

impl Vertices {
    /// Takes over a document's vertices.
    pub fn new(raw: Points, transform: Option<RawTransform>) -> Self {
        Self { raw, transform, ..Self::default() }
    }

    /// To be called when `raw` is new.
    pub fn renew(&mut self, transform: Option<RawTransform>) {
        self.transform = transform;
        self.projected.clear();
        self.refused.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Vertex `index` in the source's CRS.
    pub fn original(&self, index: u32) -> Option<[f64; 3]> {
        let v = self.raw.get(index as usize)?;
        Some(match &self.transform {
            Some(t) => [0, 1, 2].map(|axis| v[axis] * t.scale[axis] + t.translate[axis]),
            None => v,
        })
    }

    /// Vertex `index` in the store's CRS; `None` where there is no such vertex or it has no place there. Each is projected once, so
    /// that the projector counts each once.
    pub fn position(&mut self, index: u32, projector: &mut Projector, object: &str) -> Option<[f64; 3]> {
        let (slot, at, bit) = (index as usize, index as usize / 64, 1u64 << (index % 64));
        let known = self.projected.get(slot).copied().filter(|p| p[0] != UNKNOWN);
        if known.is_some() || self.refused.get(at).is_some_and(|bits| bits & bit != 0) {
            return known;
        }
        let found = projector.project(self.original(index)?, object);
        match found {
            Some(position) if projector.moves() => {
                if self.projected.is_empty() {
                    self.projected.resize(self.raw.len(), [UNKNOWN; 3]);
                }
                self.projected[slot] = position;
            }
            Some(_) => {}
            None => {
                if self.refused.is_empty() {
                    self.refused.resize(self.raw.len().div_ceil(64), 0);
                }
                self.refused[at] |= bit;
            }
        }
        found
    }
}
