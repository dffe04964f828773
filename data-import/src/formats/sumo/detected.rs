//! What SUMO's induction loops counted (E1 detectors' output).

use super::log::Log;
use super::values::{number, time};
use super::xml::{Xml, shown};
use crate::ImportError;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{Count, LinkNames};
use std::path::Path;

/// Reads a file of counts; where its detectors are, `links` knows.
///
/// # Errors
/// Where it cannot be opened, or is no such file.
pub fn read_detected(path: &Path, links: &mut LinkNames, counts: &mut Vec<Count>, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?;
    let mut log = Log::of(&name);
    let task = feedback.task(format!("read {name}"), 0);
    match xml.child(0) {
        Ok(Some(root)) if root.name == b"detector" => {}
        Ok(Some(root)) => return Err(ImportError::corrupt(&name, format!("line {}", root.line()), format!("these are no counts of detectors of SUMO: the root is '{}', not 'detector'", root.title()))),
        Ok(None) => return Err(ImportError::corrupt(&name, "line 1", "there is no element in it")),
        Err(broken) => return Err(ImportError::corrupt(&name, format!("line {}", broken.line), broken.reason)),
    }
    loop {
        let tag = match xml.child(1) {
            Ok(Some(tag)) => tag,
            Ok(None) => break,
            Err(broken) => {
                log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
                break;
            }
        };
        feedback.check()?;
        task.advance(1);
        let id = tag.or_empty(b"id");
        let real = |key: &[u8]| tag.get(key).and_then(|v| number(&v));
        let Some((edge, lane)) = links.place(&id) else {
            log.error("unknown-detector", tag.line(), || format!("it is not known where detector '{}' is; its counts are left out", shown(&id)));
            continue;
        };
        let span = tag.get(b"begin").and_then(|v| time(&v)).zip(tag.get(b"end").and_then(|v| time(&v))).filter(|(from, until)| from < until);
        let (Some((from_ms, until_ms)), Some(vehicles)) = (span, real(b"nVehContrib").filter(|n| (0.0..=1e9).contains(n))) else {
            log.error("bad-count", tag.line(), || format!("an interval of detector '{}' has no begin, end or number (nVehContrib), and is left out", shown(&id)));
            continue;
        };
        // -1 where nobody came.
        let speed_mps = real(b"harmonicMeanSpeed").or_else(|| real(b"speed")).filter(|v| *v > 0.0);
        counts.push(Count { from_ms, until_ms, edge, lane, vehicles, speed_mps });
    }
    log.help("unknown-detector", "name the additional file with the detectors too, or the configuration that names it with --net");
    Ok(log.finish())
}
