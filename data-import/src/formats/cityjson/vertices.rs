//! From a document's vertex numbers to positions in the store's CRS: transform, reference system, projection on first use.

use super::model::{Document, RawTransform};
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

/// A finite transform, or none.
pub fn usable_transform(document: &Document) -> Option<RawTransform> {
    document.transform.filter(|t| t.scale.iter().chain(&t.translate).all(|c| c.is_finite()))
}

/// The vertices of a document (or of one feature).
pub struct Vertices {
    raw: Vec<[f64; 3]>,
    transform: Option<RawTransform>,
    /// Positions in the store's CRS; `None` where not asked for yet, NaN where it cannot be.
    projected: Vec<Option<[f64; 3]>>,
}

impl Vertices {
    /// Takes over a document's vertices.
    pub fn new(raw: Vec<[f64; 3]>, transform: Option<RawTransform>) -> Self {
        let projected = vec![None; raw.len()];
        Self { raw, transform, projected }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Vertex `index` in the source's CRS.
    pub fn original(&self, index: u32) -> Option<[f64; 3]> {
        let v = *self.raw.get(index as usize)?;
        Some(match &self.transform {
            Some(t) => [0, 1, 2].map(|axis| v[axis] * t.scale[axis] + t.translate[axis]),
            None => v,
        })
    }

    /// Vertex `index` in the store's CRS; `None` where there is no such vertex or it has no place there.
    pub fn position(&mut self, index: u32, projector: &mut Projector, object: &str) -> Option<[f64; 3]> {
        let known = *self.projected.get(index as usize)?;
        let position = match known {
            Some(position) => position,
            None => {
                let original = self.original(index)?;
                let position = projector.project(original, object).unwrap_or([f64::NAN; 3]);
                self.projected[index as usize] = Some(position);
                position
            }
        };
        position[0].is_finite().then_some(position)
    }
}
