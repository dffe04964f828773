//! Features of GIS files that have an importer of their own: it reads them as they are, and the mapping says what they are.

use super::mapping::Format;
use super::records::Record;
use crate::formats::{flatgeobuf, geopackage, shapefile};
use crate::{ImportError, Importer, Source, SourceOptions};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::sink::MemorySink;
use qike_scene::{Geometry, GeometryKind};
use serde_json::{Value, json};
use std::path::Path;

/// Who reads a format, where it is not text.
pub fn importer(format: Format) -> Option<&'static dyn Importer> {
    match format {
        Format::Geojson | Format::Csv | Format::Json => None,
        Format::Shapefile => Some(&shapefile::Shapefile),
        Format::Geopackage => Some(&geopackage::GeoPackage),
        Format::Flatgeobuf => Some(&flatgeobuf::FlatGeobuf),
    }
}

/// What a file holds.
pub struct Read {
    /// Its layers by name, in its order.
    pub layers: Vec<(String, Vec<Record>)>,
    /// The system of all positions.
    pub crs: String,
    /// What was found about the file.
    pub told: Vec<Diagnostic>,
}

/// A data file as a source of its own.
pub fn source(path: &Path, crs: Option<SourceCrs>) -> Source {
    Source::new(path).with(SourceOptions { source_crs: crs, plain: true, ..SourceOptions::default() })
}

/// Reads a file of at most `limit` bytes; positions stay in the system they are in, or in the datum under an offset such as GCJ-02.
pub fn read(importer: &dyn Importer, source: &Source, limit: u64, feedback: &Feedback) -> Result<Read, ImportError> {
    let size = std::fs::metadata(&source.path).map_err(|e| ImportError::io(&source.name, e))?.len();
    if size > limit {
        let reason = format!("the file is larger than the {} MiB that are read through a mapping", limit >> 20);
        return Err(ImportError::corrupt(&source.name, format!("byte {limit}"), reason));
    }
    let crs = importer.probe(source, feedback)?.crs.map_or_else(Crs::wgs84, |crs| crs.base().clone());
    let mut sink = MemorySink::new(crs.clone());
    importer.import(source, &mut sink, feedback)?;
    let mut layers: Vec<(String, Vec<Record>)> = Vec::new();
    for object in sink.objects {
        let name = object.name.unwrap_or_default();
        let place = layers.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            layers.push((name, Vec::new()));
            layers.len() - 1
        });
        if let Some((_, records)) = layers.get_mut(place) {
            records.push(Record { number: records.len() + 1, line: None, fields: object.attributes, geometry: geojson_of(&object.geometries) });
        }
    }
    Ok(Read { layers, crs: crs.definition().to_owned(), told: sink.diagnostics })
}

/// Geometries in the form in which layers read them.
fn geojson_of(geometries: &[Geometry]) -> Option<Value> {
    let each = |g: &Geometry| {
        let at = |i: &u32| g.vertices.get(*i as usize).map(|p| json!(p));
        match g.kind {
            GeometryKind::MultiPoint => json!({ "type": "MultiPoint", "coordinates": g.indices.iter().filter_map(at).collect::<Vec<_>>() }),
            GeometryKind::MultiLine => json!({ "type": "MultiLineString", "coordinates": g.lines().collect::<Vec<_>>() }),
            _ => {
                let ring = |ring: &[u32]| -> Vec<Value> { ring.iter().chain(ring.first()).filter_map(at).collect() };
                let surfaces: Vec<Vec<Vec<Value>>> = g.surfaces().map(|surface| surface.rings().map(ring).collect()).collect();
                json!({ "type": "MultiPolygon", "coordinates": surfaces })
            }
        }
    };
    match geometries {
        [] => None,
        [one] => Some(each(one)),
        all => Some(json!({ "type": "GeometryCollection", "geometries": all.iter().map(each).collect::<Vec<_>>() })),
    }
}
