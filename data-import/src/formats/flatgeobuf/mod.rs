//! FlatGeobuf (`.fgb`), version 3: a header, an index that is passed over, features one after the other.
//!
//! The file is walked here, with every length checked against what is left; what is inside a header or a feature, the
//! FlatBuffers verifier checks before it is touched.

mod geometry;
mod properties;

use super::features::identity::Given;
use super::features::{self, Feature, Layer, Writer, centre_lonlat};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use ::flatgeobuf::{Header, size_prefixed_root_as_feature, size_prefixed_root_as_header};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The importer.
pub struct FlatGeobuf;

/// What a file begins with; the eighth byte is the patch version.
const MAGIC: &[u8] = b"fgb\x03fgb";
/// Largest header, bytes.
const LARGEST_HEADER: u64 = 10 << 20;
/// Largest feature, bytes.
const LARGEST_FEATURE: u64 = 256 << 20;
/// Size of a node of the index, bytes.
const NODE: u64 = 40;

/// A file under way.
struct Walk {
    input: BufReader<File>,
    at: u64,
    size: u64,
    header: Vec<u8>,
}

/// Why the features end before the file does, and at which byte.
type Cut = (u64, String);

impl Walk {
    fn open(source: &Source) -> Result<Self, ImportError> {
        let input = source.open()?;
        let size = input.get_ref().metadata().map_err(|e| ImportError::io(&source.name, e))?.len();
        let mut walk = Self { input, at: 0, size, header: vec![] };
        let mut magic = [0; 8];
        walk.input.read_exact(&mut magic).map_err(|e| ImportError::io(&source.name, e))?;
        if !magic.starts_with(MAGIC) {
            return Err(ImportError::corrupt(&source.name, "byte 0", "the file does not begin as FlatGeobuf 3 does"));
        }
        walk.at = 8;
        let corrupt = |(at, reason): Cut| ImportError::corrupt(&source.name, format!("byte {at}"), reason);
        walk.header = walk.block(LARGEST_HEADER).map_err(corrupt)?.ok_or_else(|| corrupt((8, "the file is cut off".into())))?;
        let header = size_prefixed_root_as_header(&walk.header).map_err(|e| corrupt((8, format!("the header is broken: {e}"))))?;
        let index = index_size(header.features_count(), header.index_node_size());
        let features = index.and_then(|i| i.checked_add(walk.at)).filter(|f| *f <= size);
        let Some(features) = features else {
            let reason = format!("the header announces {} features with an index larger than the file", header.features_count());
            return Err(corrupt((8, reason)));
        };
        walk.input.seek(SeekFrom::Start(features)).map_err(|e| ImportError::io(&source.name, e))?;
        walk.at = features;
        Ok(walk)
    }

    /// A length and as many bytes, together; `None` at the end of the file.
    fn block(&mut self, largest: u64) -> Result<Option<Vec<u8>>, Cut> {
        let left = self.size.saturating_sub(self.at);
        if left == 0 {
            return Ok(None);
        }
        let at = self.at;
        let mut prefix = [0; 4];
        self.input.read_exact(&mut prefix).map_err(|e| (at, e.to_string()))?;
        let length = u64::from(u32::from_le_bytes(prefix));
        if length > left.saturating_sub(4).min(largest) || length < 8 {
            return Err((at, format!("{length} bytes are announced, but {} are left of the file", left.saturating_sub(4))));
        }
        let mut bytes = vec![0; length as usize + 4];
        bytes[..4].copy_from_slice(&prefix);
        self.input.read_exact(&mut bytes[4..]).map_err(|e| (at, e.to_string()))?;
        self.at = at + 4 + length;
        Ok(Some(bytes))
    }
}

/// Bytes of the index of so many features; `None` where they do not fit a number.
fn index_size(features: u64, node_size: u16) -> Option<u64> {
    if features == 0 || node_size == 0 {
        return Some(0);
    }
    let node_size = u64::from(node_size.max(2));
    let (mut level, mut nodes) = (features, features);
    while level > 1 {
        level = level.div_ceil(node_size);
        nodes = nodes.checked_add(level)?;
    }
    // A single feature has a root all the same.
    let nodes = if features == 1 { 2 } else { nodes };
    nodes.checked_mul(NODE)
}

/// The system that a header states.
fn own_crs(header: &Header<'_>) -> Option<Result<SourceCrs, qike_core::CrsError>> {
    let crs = header.crs()?;
    let organization = crs.org().unwrap_or("EPSG");
    if crs.code() > 0
        && organization.eq_ignore_ascii_case("EPSG")
        && let Ok(known) = SourceCrs::parse(&format!("EPSG:{}", crs.code()))
    {
        return Some(Ok(known));
    }
    crs.wkt().filter(|w| !w.trim().is_empty()).or(crs.code_string()).map(SourceCrs::parse)
}

/// The system to read a file in; the flag says that it was guessed.
fn system(source: &Source, header: &Header<'_>) -> Result<(SourceCrs, bool), ImportError> {
    if let Some(said) = &source.options.source_crs {
        return Ok((said.clone(), false));
    }
    if let Some(own) = own_crs(header) {
        return own.map(|crs| (crs, false)).map_err(|e| ImportError::crs(&source.name, e));
    }
    let envelope: Vec<f64> = header.envelope().map(|e| e.iter().collect()).unwrap_or_default();
    if envelope.is_empty() || envelope.iter().take(4).all(|c| c.abs() <= 180.0) {
        return Ok((SourceCrs::Crs(Crs::wgs84()), true));
    }
    Err(ImportError::no_crs(&source.name, "the header", "it states no system, and the coordinates are no degrees; name it with --source-crs EPSG:n"))
}

impl Importer for FlatGeobuf {
    fn name(&self) -> &'static str {
        "flatgeobuf"
    }

    fn title(&self) -> &'static str {
        "FlatGeobuf"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["fgb"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        Confidence::of(self.has_ending(path), head.starts_with(MAGIC))
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let mut walk = Walk::open(source)?;
        let bytes = std::mem::take(&mut walk.header);
        let header = size_prefixed_root_as_header(&bytes).map_err(|e| ImportError::corrupt(&source.name, "byte 8", e.to_string()))?;
        let (crs, _) = system(source, &header)?;
        let mut first = Vec::new();
        while let (true, Ok(Some(block))) = (first.len() < 100, walk.block(LARGEST_FEATURE)) {
            let Ok(feature) = size_prefixed_root_as_feature(&block) else { break };
            let shape = feature.geometry().and_then(|g| geometry::shape(&g, header.geometry_type()).ok());
            first.extend(shape.and_then(|s| s.first()));
        }
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, first.into_iter()), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let mut walk = Walk::open(source)?;
        let bytes = std::mem::take(&mut walk.header);
        let header = size_prefixed_root_as_header(&bytes).map_err(|e| ImportError::corrupt(&source.name, "byte 8", e.to_string()))?;
        let (crs, guessed) = system(source, &header)?;
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let columns = properties::columns(header.columns().into_iter().flat_map(|c| c.iter()));
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        if guessed {
            let message = "the header states no system; the coordinates are taken for degrees of WGS 84";
            sink.diagnostic(Diagnostic::warning("crs-missing", message).file(&source.name).help("name the system with --source-crs"));
        }
        let stem = features::stem(&source.path);
        let name = header.name().filter(|n| !n.trim().is_empty()).unwrap_or(&stem).to_owned();
        let mut given = Given::default();
        let mut writer = Writer::new(Layer { name: &name, prefix: &stem }, source, id, projector, &mut given);
        let task = feedback.task(format!("read {}", source.name), header.features_count());
        let mut number = 0;
        loop {
            let at = walk.at;
            let block = match walk.block(LARGEST_FEATURE) {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err((at, reason)) => {
                    writer.error("file-cut", "", None, &format!("byte {at}"), format!("feature {}: {reason}; the rest of the file is left out", number + 1), sink);
                    break;
                }
            };
            number += 1;
            features::check_every(number, feedback)?;
            task.advance(1);
            let place = format!("byte {at}");
            let raw = match size_prefixed_root_as_feature(&block) {
                Ok(raw) => raw,
                Err(error) => {
                    writer.error("feature-broken", "", None, &place, format!("feature {number} is left out: {error}"), sink);
                    continue;
                }
            };
            let own = raw.columns().map(|c| properties::columns(c.iter()));
            let mut feature = Feature { number, ..Default::default() };
            match properties::read(raw.properties().map(|p| p.bytes()).unwrap_or_default(), own.as_ref().unwrap_or(&columns)) {
                Ok(attributes) => feature.attributes = attributes,
                Err((some, reason)) => {
                    feature.attributes = some;
                    let name = writer.id(&feature);
                    writer.error("properties-broken", &name, None, &place, format!("{reason}; the feature's other properties are left out"), sink);
                }
            }
            match raw.geometry().map(|g| geometry::shape(&g, header.geometry_type())).transpose() {
                Ok(shape) => feature.shape = shape,
                Err(reason) => {
                    let name = writer.id(&feature);
                    writer.error("geometry-bad", &name, None, &place, format!("{reason}; the feature is left out"), sink);
                    continue;
                }
            }
            writer.write(feature, sink)?;
        }
        if header.features_count() > number as u64 && header.features_count() > 0 {
            let message = format!("the header announces {} features, but the file holds {number}", header.features_count());
            sink.diagnostic(Diagnostic::warning("file-cut", message).file(&source.name));
        }
        writer.finish(sink);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_indexes() {
        // By the reference implementation: one leaf and one root, 16 and one, 17 and two and one.
        assert_eq!([0, 1, 16, 17].map(|n| index_size(n, 16)), [Some(0), Some(80), Some(17 * 40), Some(20 * 40)]);
        assert_eq!((index_size(5, 0), index_size(u64::MAX, 2)), (Some(0), None));
    }
}
