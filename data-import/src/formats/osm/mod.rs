//! OpenStreetMap: PBF (`.osm.pbf`) and XML (`.osm`, `.osm.gz`, `.osm.bz2`).
//!
//! Every element whose tags say that it is a thing of the city becomes an object with the id `osm:way/123` and all its
//! tags. Roads and paths keep the ids of their nodes (`osm_nodes`), from which a network gets its topology. See
//! [`classify`] for what becomes what.

mod building;
mod classify;
mod compressed;
mod footprint;
mod load;
mod model;
mod objects;
mod parts;
mod pbf;
mod restriction;
mod rings;
mod roof;
pub(super) mod xml;

pub(super) use building::STOREY_M;
pub(super) use footprint::Footprint;
pub(super) use roof::{prism, prisms};

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use load::Encoding;
use model::{Chunk, Pass, degrees};
use qike_core::{Crs, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use std::path::Path;

/// The importer.
pub struct Osm;

fn encoding(source: &Source) -> Result<Encoding, ImportError> {
    use std::io::BufRead;
    let mut file = source.open()?;
    let head = file.fill_buf().map_err(|e| ImportError::io(&source.name, e))?;
    if head.is_empty() {
        return Err(ImportError::Empty { file: source.name.clone() });
    }
    Ok(if pbf::is_pbf(head) { Encoding::Pbf } else { Encoding::Xml })
}

impl Importer for Osm {
    fn name(&self) -> &'static str {
        "osm"
    }

    fn title(&self) -> &'static str {
        "OpenStreetMap data"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["osm", "osm.pbf", "pbf", "osm.gz", "osm.bz2", "osm.xml", "osm.xml.gz", "osm.xml.bz2"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let ending = self.has_ending(path);
        let content = pbf::is_pbf(head) || xml::is_osm_xml(&crate::text::xml_head(&compressed::plain_head(head))) || (ending && compressed::is_large_bzip2(head));
        Confidence::of(ending, content)
    }

    fn probe(&self, source: &Source, feedback: &Feedback) -> Result<Profile, ImportError> {
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        // Nodes with tags are enough to find the middle where the header has no bounds.
        let (mut sum, mut count) = ([0.0, 0.0], 0.0);
        let bounds = load::pass(source, encoding(source)?, Pass::Nodes(&[]), feedback, &mut |chunk: Chunk| {
            for p in chunk.nodes.iter().map(|n| degrees(n.at)).filter(|p| p[0].is_finite()) {
                sum = [sum[0] + p[0], sum[1] + p[1]];
                count += 1.0;
            }
            Ok(())
        })?;
        let centre = match bounds {
            Some([w, s, e, n]) => Some([0.5 * (w + e), 0.5 * (s + n)]),
            None => (count > 0.0).then(|| [sum[0] / count, sum[1] / count]),
        };
        Ok(Profile { crs: Some(crs), centre_lonlat: centre })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let osm = load::load(source, encoding(source)?, feedback)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        objects::Writer::new(osm, id, projector).write(source, sink, feedback)
    }
}
