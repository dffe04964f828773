//! Detectors and mean values by edge.

use super::loading::Loading;
use super::values::{along, boolean, number, time, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Detector, DetectorKind};

/// What all detectors state; none where one is left out.
fn common(loading: &mut Loading<'_>, tag: &Tag<'_>, kind: DetectorKind) -> Option<Detector> {
    let (id, line) = (tag.or_empty(b"id"), tag.line());
    if id.is_empty() {
        loading.log.error("id-missing", line, || "a detector without an id is left out".to_owned());
        return None;
    }
    let every = tag.get(b"period").or_else(|| tag.get(b"freq"));
    let every_ms = every.as_ref().and_then(|t| time(t)).filter(|t| *t > 0);
    if let (Some(text), None) = (&every, every_ms)
        && time(text).is_none_or(|t| t != 0 && t != -1000)
    {
        loading.log.error("bad-time", line, || format!("detector '{}' has the interval '{}', which is no time above 0; it measures the whole run", shown(&id), shown(text)));
    }
    for key in [&b"nextEdges"[..], b"detectPersons", b"tl", b"to", b"timeThreshold", b"speedThreshold", b"jamThreshold", b"openEntry", b"expectArrival"] {
        if tag.get(key).is_some_and(|v| !v.is_empty()) {
            let name = String::from_utf8_lossy(key);
            loading.log.unsupported(&format!("attribute '{name}' of detectors"), line, "they measure without it");
        }
    }
    let kinds = tag.get(b"vTypes").map(|list| words(&list).map(str::to_owned).collect()).unwrap_or_default();
    Some(Detector { id: id.into_owned(), kind, every_ms, file: tag.or_empty(b"file").into_owned(), kinds })
}

fn add(loading: &mut Loading<'_>, detector: Detector, line: u64) {
    let kind = std::mem::discriminant(&detector.kind);
    if !loading.detectors.insert((kind, detector.id.clone())) {
        loading.log.error("duplicate-id", line, || format!("there is a detector '{}' of that kind already; this one is left out", shown(&detector.id)));
        return;
    }
    loading.scenario.extras.detectors.push(detector);
}

/// A lane and a position on it; what is off the lane is moved onto it and told.
fn spot(loading: &mut Loading<'_>, tag: &Tag<'_>, lane: &str, key: &[u8], missing_m: Option<f64>) -> Option<(u32, f64)> {
    let line = tag.line();
    let Some(at) = loading.lane(lane) else {
        loading.log.error("unknown-lane", line, || format!("a detector is on the lane '{}', which the network does not have; it is left out", shown(lane)));
        return None;
    };
    let length = loading.scenario.map.lanes.get(at as usize)?.length_m;
    let text = tag.get(key);
    let position = match &text {
        Some(text) => number(text).map(|p| along(p, length)),
        None => missing_m,
    };
    let Some(position) = position else {
        let (id, key) = (shown(&tag.or_empty(b"id")), String::from_utf8_lossy(key));
        loading.log.error("bad-number", line, || format!("detector '{id}' has no number as '{key}'; it is left out"));
        return None;
    };
    let inside = position.clamp(0.0, length);
    if (inside - position).abs() > 1e-6 && !tag.get(b"friendlyPos").and_then(|v| boolean(&v)).unwrap_or(false) {
        loading.log.warn("position-off-lane", line, || format!("a detector at {position:.2} m does not lie on its lane '{}' of {length:.2} m; it is moved to {inside:.2} m", shown(lane)));
    }
    Some((at, inside))
}

/// A loop.
pub fn point(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    if let Some((lane, at_m)) = spot(loading, tag, &tag.or_empty(b"lane"), b"pos", None)
        && let Some(detector) = common(loading, tag, DetectorKind::Loop { lane, at_m })
    {
        add(loading, detector, tag.line());
    }
}

/// A stretch of lanes.
pub fn area(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    let list = tag.get(b"lanes").or_else(|| tag.get(b"lane")).unwrap_or_default();
    let ids: Vec<&str> = words(&list).collect();
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
        loading.log.error("unknown-lane", tag.line(), || "an area detector names no lane; it is left out".to_owned());
        return;
    };
    let length_of = |loading: &Loading<'_>, id: &str| loading.lane(id).and_then(|at| loading.scenario.map.lanes.get(at as usize)).map(|l| l.length_m);
    let stretch = tag.get(b"length").and_then(|l| number(&l)).filter(|l| *l > 0.0);
    let single = ids.len() == 1;
    // On one lane any two of start, end and length say it.
    let end_m = tag.get(b"endPos").and_then(|e| number(&e)).zip(length_of(loading, last)).map(|(e, length)| along(e, length));
    let start_m = tag.get(b"pos").and_then(|e| number(&e)).zip(length_of(loading, first)).map(|(e, length)| along(e, length));
    let start_else = match (end_m, stretch) {
        (Some(end), Some(stretch)) if single => (end - stretch).max(0.0),
        (None, Some(stretch)) if single && start_m.is_none() => length_of(loading, last).map_or(0.0, |length| (length - stretch).max(0.0)),
        _ => 0.0,
    };
    let Some((_, from_m)) = spot(loading, tag, first, b"pos", Some(start_else)) else { return };
    let end_else = match (start_m, stretch) {
        (Some(start), Some(stretch)) if single => length_of(loading, last).map(|length| (start + stretch).min(length)),
        _ => length_of(loading, last),
    };
    let Some((_, to_m)) = spot(loading, tag, last, b"endPos", end_else) else { return };
    let lanes: Vec<u32> = ids.iter().filter_map(|id| loading.lane(id)).collect();
    if lanes.len() < ids.len() || (single && from_m >= to_m) {
        let id = shown(&tag.or_empty(b"id"));
        loading.log.error("bad-detector", tag.line(), || format!("detector '{id}' has unknown lanes or ends before it begins; it is left out"));
        return;
    }
    if let Some(detector) = common(loading, tag, DetectorKind::Area { lanes, from_m, to_m }) {
        add(loading, detector, tag.line());
    }
}

/// A detector of entries and exits from its opening tag.
pub fn entry_exit(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<(Detector, u64)> {
    common(loading, tag, DetectorKind::EntryExit { entries: Vec::new(), exits: Vec::new() }).map(|d| (d, tag.line()))
}

/// Reads its entries and exits, and adds it.
pub fn entries(loading: &mut Loading<'_>, xml: &mut Xml, begun: Option<(Detector, u64)>) -> Result<(), Broken> {
    let level = xml.depth();
    let (mut ins, mut outs) = (Vec::new(), Vec::new());
    while let Some(tag) = xml.child(level)? {
        match tag.name {
            b"detEntry" => ins.extend(spot(loading, &tag, &tag.or_empty(b"lane"), b"pos", None)),
            b"detExit" => outs.extend(spot(loading, &tag, &tag.or_empty(b"lane"), b"pos", None)),
            _ => {}
        }
    }
    if let Some((mut detector, line)) = begun {
        detector.kind = DetectorKind::EntryExit { entries: ins, exits: outs };
        add(loading, detector, line);
    }
    Ok(())
}

/// Mean values by edge.
pub fn edge_data(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    let line = tag.line();
    for key in [&b"type"[..], b"vTypes", b"excludeEmpty", b"withInternal", b"edges", b"edgesFile", b"aggregate", b"trackVehicles", b"maxTraveltime", b"minSamples", b"speedThreshold", b"writeAttributes"] {
        if tag.get(key).is_some_and(|v| !v.is_empty() && boolean(&v) != Some(false)) {
            let name = String::from_utf8_lossy(key);
            loading.log.unsupported(&format!("attribute '{name}' of edgeData"), line, "the file is written without it");
        }
    }
    let mut read = |key: &[u8]| {
        let text = tag.get(key)?;
        let at = time(&text);
        if at.is_none() {
            loading.log.error("bad-time", line, || format!("an edgeData has the time '{}', which is none; the run's is taken", shown(&text)));
        }
        at.filter(|t| *t >= 0)
    };
    let (begin, end) = (read(b"begin"), read(b"end"));
    let every = read(b"period").or_else(|| read(b"freq")).filter(|t| *t > 0);
    loading.scenario.extras.edge_data.push((tag.or_empty(b"file").into_owned(), begin, end, every));
}
