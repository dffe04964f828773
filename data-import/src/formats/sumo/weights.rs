//! Weights: how long edges took, by interval (`edgeData` as SUMO writes it, or files made like it).

use super::log::Log;
use super::names::Ids;
use super::values::{number, time};
use super::xml::{Broken, Xml, shown};
use crate::ImportError;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{EdgeTimes, TrafficScenario};
use std::path::Path;

/// Intervals times edges that are kept: 1 GiB.
const MOST: usize = 1 << 28;

/// Reads one file.
pub fn read(path: &Path, scenario: &TrafficScenario, feedback: &Feedback) -> Result<(EdgeTimes, Vec<Diagnostic>), ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?;
    let mut log = Log::default();
    log.file.clone_from(&name);
    let edges = &scenario.map.edges;
    let ids = Ids::of(edges, |e| &e.id);
    let mut times = EdgeTimes::default();
    match xml.child(0) {
        Ok(Some(root)) if matches!(root.name, b"net" | b"routes" | b"additional" | b"configuration") => {
            return Err(ImportError::corrupt(&name, format!("line {}", root.line()), format!("its root is '{}': these are no weights of edges", root.title())));
        }
        Ok(Some(_)) => {}
        Ok(None) => return Err(ImportError::corrupt(&name, "line 1", "there is no element in it")),
        Err(Broken { reason, line, .. }) => return Err(ImportError::corrupt(&name, format!("line {line}"), reason)),
    }
    let read = (|| {
        while let Some(tag) = xml.child(1)? {
            if tag.name != b"interval" {
                continue;
            }
            let line = tag.line();
            let bound = |key: &[u8]| tag.get(key).and_then(|text| time(&text));
            let (Some(begin), Some(end)) = (bound(b"begin"), bound(b"end")) else {
                log.error("bad-time", line, || "an interval without a begin and an end in seconds is left out".to_owned());
                while xml.child(2)?.is_some() {}
                continue;
            };
            if begin >= end || times.periods.iter().any(|(b, e, _)| begin < *e && *b < end) {
                log.error("bad-interval", line, || format!("the interval from {} to {} s is empty or overlaps another one; it is left out", begin / 1000, end / 1000));
                while xml.child(2)?.is_some() {}
                continue;
            }
            if (times.periods.len() + 1).saturating_mul(edges.len().max(1)) > MOST {
                log.error("too-many-intervals", line, || format!("more than {} intervals are too many for {} edges; the rest is left out", times.periods.len(), edges.len()));
                return Ok(());
            }
            let mut seconds = vec![f32::NAN; edges.len()];
            while let Some(tag) = xml.child(2)? {
                if tag.name != b"edge" {
                    continue;
                }
                let (id, line) = (tag.or_empty(b"id"), tag.line());
                let Some(text) = tag.get(b"traveltime") else { continue };
                match (ids.get(&id, |at| edges.get(at as usize).map_or("", |e| &e.id)), number(&text).filter(|s| *s >= 0.0)) {
                    (Some(edge), Some(value)) => seconds[edge as usize] = value as f32,
                    (None, _) => {
                        log.error("unknown-edge", line, || format!("weights name the edge '{}', which the network does not have; it is left out", shown(&id)));
                    }
                    (_, None) => {
                        log.error("bad-number", line, || format!("the edge '{}' takes '{}' seconds, which cannot be; it is taken as free", shown(&id), shown(&text)));
                    }
                }
            }
            times.periods.push((begin, end, seconds));
            if feedback.is_cancelled() {
                break;
            }
        }
        Ok::<(), Broken>(())
    })();
    feedback.check()?;
    if let Err(Broken { reason, line, cut_off }) = read {
        log.error(if cut_off { "file-cut-off" } else { "file-broken" }, line, || format!("{reason}; the intervals before it are kept"));
    }
    times.periods.sort_by_key(|p| p.0);
    log.help("unknown-edge", "the weights may belong to another version of the network");
    Ok((times, log.finish()))
}
