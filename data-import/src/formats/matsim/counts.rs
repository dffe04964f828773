//! Counts of vehicles by link and hour: versions 1 (`count`, `volume`) and 2 (`location`, `measurements`, `value`).

use super::{number, open, time};
use crate::ImportError;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::shown;
use crate::formats::sumo::xml::{Broken, Xml};
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{Count, LinkNames};
use std::path::Path;

const HOUR_MS: i64 = 3_600_000;

/// Reads a file of counts.
///
/// # Errors
/// Where it cannot be opened, or is no such file.
pub fn read_counts(path: &Path, links: &mut LinkNames, counts: &mut Vec<Count>, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let (mut xml, mut log) = open(path, &[b"counts"], "file of counts")?;
    let task = feedback.task(format!("read {}", log.file), 0);
    loop {
        feedback.check()?;
        let (link, line) = match xml.child(1) {
            Ok(Some(tag)) if matches!(tag.name, b"count" | b"location") => (tag.get(b"refId").or_else(|| tag.get(b"loc_id")).unwrap_or_default().into_owned(), tag.line()),
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(broken) => {
                cut(&mut log, &broken);
                break;
            }
        };
        task.advance(1);
        let place = links.place(&link);
        if place.is_none() {
            log.error("unknown-link", line, || format!("link '{}' is not in the network; its counts are left out", shown(&link)));
        }
        if let Err(broken) = station(&mut xml, place, &link, counts, &mut log) {
            cut(&mut log, &broken);
            break;
        }
    }
    log.help("unknown-link", "the counts may belong to another network");
    Ok(log.finish())
}

fn cut(log: &mut Log, broken: &Broken) {
    log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
}

/// What was counted at one place.
fn station(xml: &mut Xml, place: Option<(u32, Option<u32>)>, link: &str, counts: &mut Vec<Count>, log: &mut Log) -> Result<(), Broken> {
    while let Some(tag) = xml.child(2)? {
        match tag.name {
            // Version 1: hours are counted from 1.
            b"volume" => {
                let from = number(&tag, b"h").filter(|h| (1.0..=1e4).contains(h)).map(|h| (h as i64 - 1) * HOUR_MS);
                let read = from.zip(number(&tag, b"val").filter(|v| (0.0..=1e9).contains(v)));
                add(place, read, HOUR_MS, link, tag.line(), counts, log);
            }
            b"measurements" if tag.get(b"type").as_deref() == Some("volumes") => {
                let mode = tag.get(b"networkMode").unwrap_or("car".into()).into_owned();
                let every = time(&tag, b"interval").filter(|ms| *ms > 0).unwrap_or(HOUR_MS);
                while let Some(value) = xml.child(3)? {
                    if value.name == b"value" && mode == "car" {
                        let read = time(&value, b"t").zip(number(&value, b"val").filter(|v| (0.0..=1e9).contains(v)));
                        add(place, read, every, link, value.line(), counts, log);
                    }
                }
                if mode != "car" {
                    let line = xml.line();
                    log.unsupported(&format!("counts of mode '{}'", shown(&mode)), line, "those of cars are taken");
                }
            }
            b"measurements" => {
                let what = tag.or_empty(b"type").into_owned();
                log.unsupported(&format!("measurements of '{}'", shown(&what)), tag.line(), "volumes are taken");
            }
            _ => {}
        }
    }
    Ok(())
}

fn add(place: Option<(u32, Option<u32>)>, read: Option<(i64, f64)>, every_ms: i64, link: &str, line: u64, counts: &mut Vec<Count>, log: &mut Log) {
    let Some((from_ms, vehicles)) = read else {
        log.error("bad-count", line, || format!("a count of link '{}' has no time or no number, and is left out", shown(link)));
        return;
    };
    if let Some((edge, lane)) = place {
        counts.push(Count { from_ms, until_ms: from_ms.saturating_add(every_ms), edge, lane, vehicles, speed_mps: None });
    }
}
