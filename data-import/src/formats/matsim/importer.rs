//! A network of MATSim as city objects: roads with their lanes, and nodes.

use super::read_network;
use crate::formats::sumo::{Writer, place_of, renamed, root};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use std::path::Path;

/// The importer of `network.xml` and `network.xml.gz`.
pub struct MatsimNet;

impl Importer for MatsimNet {
    fn name(&self) -> &'static str {
        "matsim"
    }

    fn title(&self) -> &'static str {
        "a MATSim network"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["network.xml", "network.xml.gz"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let plain = crate::formats::osm::compressed::plain_head(head);
        let text = crate::text::xml_head(&plain);
        let xml = text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') && root(&text) == Some(b"network");
        // Others may call their files so too.
        if xml { Confidence::of(self.has_ending(path), true) } else { Confidence::No }
    }

    fn probe(&self, source: &Source, feedback: &Feedback) -> Result<Profile, ImportError> {
        let scenario = read_network(&source.path, feedback)?;
        let Some(crs) = source.options.source_crs.clone().or(place_of(&scenario.map).0) else { return Ok(Profile::default()) };
        let mut projector = Projector::new(&crs, &Crs::wgs84(), &source.name)?;
        let middle = scenario.map.junctions.get(scenario.map.junctions.len() / 2).map(|j| j.position);
        let centre_lonlat = middle.and_then(|p| projector.project(p, "")).map(|[lon, lat, _]| [lon, lat]);
        Ok(Profile { crs: Some(crs), centre_lonlat })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let scenario = read_network(&source.path, feedback).map_err(|error| renamed(error, source))?;
        let crs = match place_of(&scenario.map).0 {
            Some(stated) => source.crs_or(Some(stated), || SourceCrs::Crs(Crs::local())),
            None => source.crs_unstated(Some("attributes"), sink),
        };
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let number = source.begin(self.name(), &crs.to_string(), sink)?;
        for mut finding in scenario.findings.clone() {
            finding.place.file = Some(source.name.clone());
            sink.diagnostic(finding);
        }
        let mut writer = Writer { prefix: "matsim", map: &scenario.map, source: number, projector, offset: [0.0; 2] };
        writer.write(sink, feedback)?;
        writer.projector.report(&source.name, "points", sink);
        Ok(())
    }
}
