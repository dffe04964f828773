//! OpenStreetMap: PBF (`.osm.pbf`) and XML (`.osm`, `.osm.gz`, `.osm.bz2`).
//!
//! Every element whose tags tell something becomes an object with the id `osm:way/123` and all its tags: what no class fits is a
//! `GenericCityObject`, or a `GenericLogicalSpace` where it is a place, a boundary or an address. Relations that enclose no area
//! (routes, sites, restrictions) are a `CityObjectGroup` with their `members`. Roads and paths keep the ids of their nodes (`osm_nodes`), from which a network gets its topology. See
//! [`classify`] for what becomes what.

mod attributes;
mod block;
mod building;
mod classify;
pub(crate) mod compressed;
mod footprint;
mod load;
mod model;
mod objects;
mod parts;
mod pbf;
mod restriction;
mod rings;
mod roof;
mod wire;
pub(super) mod xml;

pub(super) use building::STOREY_M;
pub(super) use footprint::Footprint;
pub(super) use roof::{prism, prisms};

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use load::Reader;
use model::{Chunk, Pass, degrees};
use qike_core::{Crs, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use std::path::Path;

/// The importer.
pub struct Osm;

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
        let mut reader = Reader::open(source)?;
        // Nodes with tags are enough to find the middle where the header has no bounds.
        let (mut sum, mut count) = ([0.0, 0.0], 0.0);
        let bounds = match reader.bounds() {
            Some(bounds) => Some(bounds),
            None => reader.pass(Pass::Nodes(&[]), feedback, &mut |chunk: Chunk| {
                for p in chunk.nodes.iter().map(|n| degrees(n.at)).filter(|p| p[0].is_finite()) {
                    sum = [sum[0] + p[0], sum[1] + p[1]];
                    count += 1.0;
                }
                Ok(())
            })?,
        };
        let centre = match bounds {
            Some([w, s, e, n]) => Some([0.5 * (w + e), 0.5 * (s + n)]),
            None => (count > 0.0).then(|| [sum[0] / count, sum[1] / count]),
        };
        Ok(Profile { crs: Some(crs), centre_lonlat: centre })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let osm = load::load(&mut Reader::open(source)?, feedback)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        objects::Writer::new(osm, id, projector).write(source, sink, feedback)
    }
}
