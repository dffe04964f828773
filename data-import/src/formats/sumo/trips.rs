//! Journeys as SUMO states them (`tripinfo-output`).

use super::log::Log;
use super::names::Ids;
use super::values::{number, time};
use super::xml::{Tag, Xml, shown};
use crate::ImportError;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{RoadMap, StatedTrip, Travellers};
use std::path::Path;

/// Reads all journeys of a file into `travellers`.
///
/// # Errors
/// Where it cannot be opened, or is no such file.
pub fn read_trips(path: &Path, map: &RoadMap, travellers: &mut Travellers, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?;
    let mut log = Log::of(&name);
    let task = feedback.task(format!("read {name}"), 0);
    match xml.child(0) {
        Ok(Some(root)) if root.name == b"tripinfos" => {}
        Ok(Some(root)) => return Err(ImportError::corrupt(&name, format!("line {}", root.line()), format!("these are no journeys of SUMO: the root is '{}', not 'tripinfos'", root.title()))),
        Ok(None) => return Err(ImportError::corrupt(&name, "line 1", "there is no element in it")),
        Err(broken) => return Err(ImportError::corrupt(&name, format!("line {}", broken.line), broken.reason)),
    }
    let lanes = Ids::of(&map.lanes, |l| &l.id);
    loop {
        match xml.child(1) {
            Ok(Some(tag)) if tag.name == b"tripinfo" => {
                feedback.check()?;
                task.advance(1);
                trip(&tag, map, &lanes, travellers, &mut log);
            }
            Ok(Some(tag)) => {
                log.unsupported(&format!("element '{}'", tag.title()), tag.line(), "it is left out");
            }
            Ok(None) => break,
            Err(broken) => {
                log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
                break;
            }
        }
    }
    travellers.trips_known = true;
    Ok(log.finish())
}

fn trip(tag: &Tag<'_>, map: &RoadMap, lanes: &Ids, travellers: &mut Travellers, log: &mut Log) {
    let id = tag.or_empty(b"id");
    let ms = |key: &[u8]| tag.get(key).and_then(|v| time(&v));
    let real = |key: &[u8]| tag.get(key).and_then(|v| number(&v)).unwrap_or(0.0);
    let Some(depart_ms) = ms(b"depart").filter(|ms| *ms >= 0 && !id.is_empty()) else {
        log.error("bad-trip", tag.line(), || format!("the journey of '{}' has no id or no departure, and is left out", shown(&id)));
        return;
    };
    let lane = |key: &[u8]| tag.get(key).and_then(|v| lanes.get(&v, |at| map.lanes.get(at as usize).map_or("", |l| &l.id)));
    let agent = travellers.agent(&id);
    let kind = travellers.kind(&tag.or_empty(b"vType"), None);
    travellers.state(agent, StatedTrip {
        kind,
        depart_ms,
        delay_ms: ms(b"departDelay").unwrap_or(0).max(0),
        lanes: [lane(b"departLane"), lane(b"arrivalLane")],
        // One who is still under way has -1, and one who was taken out is not there.
        arrival_ms: ms(b"arrival").filter(|ms| *ms >= depart_ms),
        arrival_pos_m: real(b"arrivalPos").max(0.0),
        arrival_speed_mps: real(b"arrivalSpeed").max(0.0),
        length_m: real(b"routeLength").max(0.0),
        waiting_s: real(b"waitingTime").max(0.0),
        loss_s: real(b"timeLoss"),
        reroutes: real(b"rerouteNo").clamp(0.0, 65_535.0) as u16,
    });
}
