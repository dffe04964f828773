//! Files of what was seen of traffic: what each is, told by its content.

use crate::ImportError;
use crate::formats::features::delimited;
use crate::formats::fixes::{self, ColumnNames};
use crate::formats::osm::compressed;
use std::io::Read;
use std::path::Path;

/// What a file of observations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Positions of everybody, step by step: SUMO's `fcd-output`.
    Fcd,
    /// Journeys: SUMO's `tripinfo-output`.
    Trips,
    /// Counts of induction loops: SUMO's E1 output.
    Loops,
    /// Edge data of SUMO.
    EdgeData,
    /// Things beside the road of SUMO: where detectors are.
    Additional,
    /// Events of MATSim.
    Events,
    /// Counts of MATSim.
    MatsimCounts,
    /// A table of fixes.
    Fixes,
    /// A table of counts.
    Counts,
}

/// The beginning of a file, as it lies there.
pub(crate) fn head(path: &Path, name: &str) -> Result<Vec<u8>, ImportError> {
    let mut head = Vec::new();
    let meta = std::fs::metadata(path).map_err(|e| ImportError::io(name, e))?;
    if !meta.is_file() {
        return Err(ImportError::corrupt(name, "the file", "this is no plain file"));
    }
    let file = std::fs::File::open(path).map_err(|e| ImportError::io(name, e))?;
    file.take(crate::importer::HEAD_BYTES as u64).read_to_end(&mut head).map_err(|e| ImportError::io(name, e))?;
    if head.is_empty() { Err(ImportError::Empty { file: name.to_owned() }) } else { Ok(head) }
}

/// What a file is.
///
/// # Errors
/// Where it cannot be read, or is none of them.
pub fn observed(path: &Path, names: &ColumnNames) -> Result<Observed, ImportError> {
    let name = path.display().to_string();
    let plain = compressed::plain_head(&head(path, &name)?);
    let text = crate::text::xml_head(&plain);
    let unknown = |is: String| ImportError::corrupt(&name, "its beginning", format!("{is} is nothing that can be replayed; known are FCD of SUMO (xml, csv), its tripinfo, edge data and E1 outputs, events and counts of MATSim, and tables of fixes (who, time, position) or counts (link, time, number)"));
    if text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') {
        return match crate::formats::sumo::root(&text) {
            Some(b"fcd-export") => Ok(Observed::Fcd),
            Some(b"tripinfos") => Ok(Observed::Trips),
            Some(b"meandata") => Ok(Observed::EdgeData),
            Some(b"detector") => Ok(Observed::Loops),
            Some(b"additional" | b"add" | b"routes") => Ok(Observed::Additional),
            Some(b"events") => Ok(Observed::Events),
            Some(b"counts") => Ok(Observed::MatsimCounts),
            root => Err(unknown(format!("XML with the root '{}'", String::from_utf8_lossy(root.unwrap_or_default()).chars().take(60).collect::<String>()))),
        };
    }
    let header = delimited::header(&String::from_utf8_lossy(&text));
    if crate::formats::sumo::is_fcd_table(&header) {
        Ok(Observed::Fcd)
    } else if fixes::is_fixes(&header, names) {
        Ok(Observed::Fixes)
    } else if fixes::is_counts(&header, names) {
        Ok(Observed::Counts)
    } else {
        Err(unknown(format!("a text that begins with '{}'", header.join(",").chars().take(60).collect::<String>())))
    }
}

/// Reads a scenario of another simulator from its configuration: of SUMO, or of MATSim.
///
/// # Errors
/// Where it cannot be read.
pub fn read_traffic(path: &Path, feedback: &qike_core::Feedback) -> Result<qike_scene::traffic::TrafficScenario, ImportError> {
    let plain = compressed::plain_head(&head(path, &path.display().to_string())?);
    if crate::formats::sumo::root(&crate::text::xml_head(&plain)) == Some(b"config") {
        crate::formats::matsim::read_scenario(path, feedback)
    } else {
        crate::formats::sumo::read_scenario(path, feedback)
    }
}

/// Reads a network of another simulator: of SUMO, or of MATSim.
///
/// # Errors
/// Where it cannot be read.
pub fn read_roads(path: &Path, feedback: &qike_core::Feedback) -> Result<qike_scene::traffic::TrafficScenario, ImportError> {
    let plain = compressed::plain_head(&head(path, &path.display().to_string())?);
    if crate::formats::sumo::root(&crate::text::xml_head(&plain)) == Some(b"network") {
        crate::formats::matsim::read_network(path, feedback)
    } else {
        crate::formats::sumo::read_net(path, feedback)
    }
}
