//! What SUMO measured on edges (`edgedata-output`, `edgeData` of additional files): how many left each in an interval, and how fast.

use super::log::Log;
use super::values::{number, time};
use super::xml::{Broken, Xml, shown};
use crate::ImportError;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{Count, LinkNames};
use std::path::Path;

/// Reads a file of edge data as counts of those who left, those who arrived there included.
///
/// # Errors
/// Where it cannot be opened, or is no such file.
pub fn read_edge_data(path: &Path, links: &mut LinkNames, counts: &mut Vec<Count>, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?;
    let mut log = Log::of(&name);
    let task = feedback.task(format!("read {name}"), 0);
    match xml.child(0) {
        Ok(Some(root)) if root.name == b"meandata" => {}
        Ok(Some(root)) => return Err(ImportError::corrupt(&name, format!("line {}", root.line()), format!("this is no edge data of SUMO: the root is '{}', not 'meandata'", root.title()))),
        Ok(None) => return Err(ImportError::corrupt(&name, "line 1", "there is no element in it")),
        Err(broken) => return Err(ImportError::corrupt(&name, format!("line {}", broken.line), broken.reason)),
    }
    loop {
        feedback.check()?;
        task.advance(1);
        match interval(&mut xml, links, counts, &mut log) {
            Ok(true) => {}
            Ok(false) => break,
            Err(broken) => {
                log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
                break;
            }
        }
    }
    log.help("unknown-link", "the file may belong to another network");
    Ok(log.finish())
}

fn interval(xml: &mut Xml, links: &mut LinkNames, counts: &mut Vec<Count>, log: &mut Log) -> Result<bool, Broken> {
    let Some(tag) = xml.child(1)? else { return Ok(false) };
    let span = tag.get(b"begin").and_then(|v| time(&v)).zip(tag.get(b"end").and_then(|v| time(&v))).filter(|(from, until)| from < until);
    if span.is_none() {
        log.error("bad-time", tag.line(), || "an interval has no begin before its end, and is left out".into());
    }
    while let Some(edge) = xml.child(2)? {
        let Some((from_ms, until_ms)) = span else { continue };
        let id = edge.or_empty(b"id");
        if edge.name != b"edge" {
            log.unsupported(&format!("element '{}'", edge.title()), edge.line(), "edges are taken");
            continue;
        }
        let Some((place, lane)) = links.place(&id) else {
            log.error("unknown-link", edge.line(), || format!("edge '{}' is not in the network; it is left out", shown(&id)));
            continue;
        };
        let real = |key: &[u8]| edge.get(key).and_then(|v| number(&v)).filter(|n| (0.0..=1e12).contains(n)).unwrap_or(0.0);
        let speed_mps = edge.get(b"speed").and_then(|v| number(&v)).filter(|v| *v > 0.0);
        counts.push(Count { from_ms, until_ms, edge: place, lane, vehicles: real(b"left") + real(b"arrived"), speed_mps });
    }
    Ok(true)
}
