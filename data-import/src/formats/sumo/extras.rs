//! Detectors and mean values by edge.

use super::loading::Loading;
use super::values::{along, boolean, milliseconds, number, time, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Detector, DetectorKind, EdgeFile, Halting};

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
    // Who comes or ends unseen costs a warning of SUMO's, no more: `openEntry` and `expectArrival` change no figure.
    for key in [&b"nextEdges"[..], b"detectPersons"] {
        if tag.get(key).is_some_and(|v| !matches!(&*v, "" | "none")) {
            let name = String::from_utf8_lossy(key);
            loading.log.unsupported(&format!("attribute '{name}' of detectors"), line, "they measure without it");
        }
    }
    let mut halting = Halting::default();
    let mut threshold = |key: &[u8], into: &mut dyn FnMut(f64)| {
        let Some(text) = tag.get(key) else { return };
        match number(&text).filter(|n| *n >= 0.0) {
            Some(n) => into(n),
            None => {
                let key = String::from_utf8_lossy(key);
                loading.log.error("bad-number", line, || format!("detector '{}' has '{}' as {key}, not a number of 0 or more; the default is taken", shown(&id), shown(&text)));
            }
        }
    };
    threshold(b"speedThreshold", &mut |v| halting.speed_mps = v);
    threshold(b"timeThreshold", &mut |s| halting.time_ms = milliseconds(s).unwrap_or(halting.time_ms));
    threshold(b"jamThreshold", &mut |m| halting.gap_m = m);
    threshold(b"jamDistThreshold", &mut |m| halting.gap_m = m);
    let file = tag.or_empty(b"file").into_owned();
    Some(Detector { id: id.into_owned(), kind, every_ms, file, kinds: names(tag), halting })
}

/// Kinds of vehicles that alone count.
fn names(tag: &Tag<'_>) -> Vec<String> {
    tag.get(b"vTypes").map(|list| words(&list).map(str::to_owned).collect()).unwrap_or_default()
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

/// A loop; `instant`: one that tells of each vehicle.
pub fn point(loading: &mut Loading<'_>, tag: &Tag<'_>, instant: bool) {
    let Some((lane, at_m)) = spot(loading, tag, &tag.or_empty(b"lane"), b"pos", None) else { return };
    let kind = if instant { DetectorKind::Instant { lane, at_m } } else { DetectorKind::Loop { lane, at_m } };
    if let Some(detector) = common(loading, tag, kind) {
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
    // On one lane any two of start, end and length say it; with its length it may go on over the lanes before or after.
    let stretch = tag.get(b"length").and_then(|l| number(&l)).filter(|l| *l > 0.0 && ids.len() == 1);
    let given = |key: &[u8]| tag.get(key).is_some_and(|text| !text.is_empty());
    let (from_m, to_m) = match stretch {
        Some(stretch) if !given(b"pos") => {
            let Some((_, to)) = spot(loading, tag, last, b"endPos", length_of(loading, last)) else { return };
            (to - stretch, to)
        }
        Some(stretch) if !given(b"endPos") => {
            let Some((_, from)) = spot(loading, tag, first, b"pos", Some(0.0)) else { return };
            (from, from + stretch)
        }
        _ => {
            let Some((_, from)) = spot(loading, tag, first, b"pos", Some(0.0)) else { return };
            let Some((_, to)) = spot(loading, tag, last, b"endPos", length_of(loading, last)) else { return };
            (from, to)
        }
    };
    let lanes: Vec<u32> = ids.iter().filter_map(|id| loading.lane(id)).collect();
    if lanes.len() < ids.len() || (lanes.len() == 1 && from_m >= to_m) {
        let id = shown(&tag.or_empty(b"id"));
        loading.log.error("bad-detector", tag.line(), || format!("detector '{id}' has unknown lanes or ends before it begins; it is left out"));
        return;
    }
    let light = match light(loading, tag) {
        Ok(light) => light,
        Err(what) => {
            let id = shown(&tag.or_empty(b"id"));
            loading.log.error("bad-detector", tag.line(), || format!("detector '{id}' goes by {what}, which the network does not have; it is left out")).help("bad-detector", "a signal is named by its tlLogic's id, a lane by the lane's id");
            return;
        }
    };
    if let Some(detector) = common(loading, tag, DetectorKind::Area { lanes, from_m, to_m, light }) {
        add(loading, detector, tag.line());
    }
}

/// The light, and the lane beyond it, that an area detector's intervals follow; fails with what is unknown.
fn light(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Result<Option<(u32, Option<u32>)>, String> {
    let Some(id) = tag.get(b"tl").filter(|id| !id.is_empty()) else { return Ok(None) };
    let light = loading.known_light(&id).ok_or_else(|| format!("the signal '{}'", shown(&id)))?;
    let to = match tag.get(b"to").filter(|id| !id.is_empty()) {
        Some(lane) => Some(loading.lane(&lane).ok_or_else(|| format!("the lane '{}'", shown(&lane)))?),
        None => None,
    };
    Ok(Some((light, to)))
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

/// A file of mean values by edge, or by lane.
pub fn edge_data(loading: &mut Loading<'_>, tag: &Tag<'_>, lanes: bool) {
    let line = tag.line();
    if tag.get(b"type").is_some_and(|t| !matches!(&*t, "" | "traffic" | "performance")) {
        let text = tag.or_empty(b"type").into_owned();
        loading.log.unsupported(&format!("type '{}' of edgeData", shown(&text)), line, "the file is not written");
        return;
    }
    for key in [&b"edgesFile"[..], b"aggregate", b"trackVehicles", b"maxTraveltime", b"minSamples", b"speedThreshold", b"writeAttributes", b"detectPersons"] {
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
    let (begin_ms, end_ms) = (read(b"begin"), read(b"end"));
    let every_ms = read(b"period").or_else(|| read(b"freq")).filter(|t| *t > 0);
    let empty = tag.or_empty(b"excludeEmpty");
    let mut file = EdgeFile { id: tag.or_empty(b"id").into_owned(), file: tag.or_empty(b"file").into_owned(), begin_ms, end_ms, every_ms, lanes, kinds: names(tag), ..EdgeFile::default() };
    file.free_figures = matches!(&*empty, "default" | "defaults");
    file.used_only = boolean(&empty).unwrap_or(false);
    file.inside = tag.get(b"withInternal").and_then(|v| boolean(&v)).unwrap_or(false);
    for id in words(&tag.or_empty(b"edges")) {
        match loading.edge(id) {
            Some(edge) => file.edges.push(edge),
            None => {
                loading.log.error("unknown-edge", line, || format!("an edgeData names the edge '{}', which the network does not have; the others are written", shown(id)));
            }
        }
    }
    loading.scenario.extras.edge_data.push(file);
}
