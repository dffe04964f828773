//! What acts on those who drive: closures and other destinations for a while, speed signs.

use super::loading::Loading;
use super::net::permissions;
use super::stops::StopKind;
use super::values::{boolean, number, time, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Interval, PathRef, Rerouter, RoadUsers, SpeedSign};

/// A rerouter from its opening tag.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (Rerouter, u64) {
    let line = tag.line();
    let mut rerouter = Rerouter { id: tag.or_empty(b"id").into_owned(), probability: 1.0, ..Rerouter::default() };
    for id in words(&tag.or_empty(b"edges")) {
        match loading.edge(id) {
            Some(edge) => rerouter.edges.push(edge),
            None => {
                loading.log.error("unknown-edge", line, || format!("a rerouter works on the edge '{}', which the network does not have; it works on the others", shown(id)));
            }
        }
    }
    for key in [&b"vTypes"[..], b"timeThreshold", b"pos", b"file", b"off", b"optional", b"radius"] {
        if tag.get(key).is_some_and(|v| !matches!(&*v, "" | "0" | "false")) {
            let name = String::from_utf8_lossy(key);
            loading.log.unsupported(&format!("attribute '{name}' of rerouters"), line, "they work without it");
        }
    }
    rerouter.probability = weight(loading, tag);
    (rerouter, line)
}

fn weight(loading: &mut Loading<'_>, tag: &Tag<'_>) -> f64 {
    let Some(text) = tag.get(b"probability") else { return 1.0 };
    number(&text).filter(|p| *p >= 0.0).unwrap_or_else(|| {
        loading.log.error("bad-number", tag.line(), || format!("a probability is '{}', not a number of 0 or more; it is taken as 1", shown(&text)));
        1.0
    })
}

/// Who may still pass a closure: those it names, else only those on public authority.
fn exempt(loading: &mut Loading<'_>, tag: &Tag<'_>) -> RoadUsers {
    match (tag.get(b"allow"), tag.get(b"disallow")) {
        (None, None) => RoadUsers::kind("authority").unwrap_or_default().union(RoadUsers::IGNORING),
        (allow, disallow) => permissions(loading, tag, allow.as_deref(), disallow.as_deref()),
    }
}

/// Reads its intervals, and adds it.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, (mut rerouter, line): (Rerouter, u64)) -> Result<(), Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if tag.name != b"interval" {
            continue;
        }
        let bound = |key: &[u8], missing: i64| tag.get(key).map_or(Some(missing), |t| time(&t));
        let (begin, end, at) = (bound(b"begin", 0), bound(b"end", i64::MAX), tag.line());
        let mut interval = Interval { begin_ms: begin.unwrap_or(0), end_ms: end.unwrap_or(i64::MAX), ..Interval::default() };
        while let Some(tag) = xml.child(level + 1)? {
            measure(loading, &tag, &mut interval);
        }
        match (begin, end) {
            (Some(begin), Some(end)) if begin <= end => rerouter.intervals.push(interval),
            _ => {
                loading.log.error("end-before-begin", at, || "an interval of a rerouter has no times or ends before it begins; it is left out".to_owned());
            }
        }
    }
    if rerouter.id.is_empty() {
        loading.log.error("id-missing", line, || "a rerouter without an id is left out".to_owned());
    } else if loading.scenario.extras.rerouters.iter().any(|other| other.id == rerouter.id) {
        loading.log.error("duplicate-id", line, || format!("there is a rerouter '{}' already; this one is left out", shown(&rerouter.id)));
    } else {
        loading.scenario.extras.rerouters.push(rerouter);
    }
    Ok(())
}

/// What holds within an interval.
fn measure(loading: &mut Loading<'_>, tag: &Tag<'_>, interval: &mut Interval) {
    let (id, line) = (tag.or_empty(b"id"), tag.line());
    let unknown = |loading: &mut Loading<'_>, code: &'static str, what: &str| {
        loading.log.error(code, line, || format!("a rerouter names the {what} '{}', which is not there; it works without it", shown(&id)));
    };
    match tag.name {
        b"closingReroute" => match loading.edge(&id) {
            Some(edge) => interval.closed_edges.push((edge, exempt(loading, tag))),
            None => unknown(loading, "unknown-edge", "edge"),
        },
        b"closingLaneReroute" => match loading.lane(&id) {
            Some(lane) => interval.closed_lanes.push((lane, exempt(loading, tag))),
            None => unknown(loading, "unknown-lane", "lane"),
        },
        b"destProbReroute" if id == "keepDestination" => interval.destinations.push((None, weight(loading, tag))),
        b"destProbReroute" if id == "terminateRoute" => {
            loading.log.unsupported("destination 'terminateRoute' of rerouters", line, "nobody ends there");
        }
        b"destProbReroute" => match loading.edge(&id) {
            Some(edge) => interval.destinations.push((Some(edge), weight(loading, tag))),
            None => unknown(loading, "unknown-edge", "edge"),
        },
        b"routeProbReroute" => match loading.path_or_choice(&id) {
            Some(PathRef::Path(path)) => interval.paths.push((path, weight(loading, tag))),
            _ => unknown(loading, "unknown-route", "route"),
        },
        b"parkingAreaReroute" => match loading.stops.get(&(StopKind::Parking, id.as_ref().to_owned())).copied() {
            Some(area) => {
                let seen = tag.get(b"visible").and_then(|v| boolean(&v)).unwrap_or(false);
                interval.parking.push((area, weight(loading, tag), seen));
            }
            None => unknown(loading, "unknown-stop", "car park"),
        },
        b"param" => {}
        _ => {
            let name = tag.title();
            loading.log.unsupported(&format!("element '{name}' of rerouters"), line, "it is left out");
        }
    }
}

/// A speed sign from its opening tag.
pub fn sign(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (SpeedSign, u64) {
    let line = tag.line();
    let mut sign = SpeedSign { id: tag.or_empty(b"id").into_owned(), ..SpeedSign::default() };
    for id in words(&tag.or_empty(b"lanes")) {
        match loading.lane(id) {
            Some(lane) => sign.lanes.push(lane),
            None => {
                loading.log.error("unknown-lane", line, || format!("a speed sign stands at the lane '{}', which the network does not have; it holds for the others", shown(id)));
            }
        }
    }
    for id in words(&tag.or_empty(b"edges")) {
        match loading.edge(id).and_then(|edge| loading.scenario.map.edges.get(edge as usize)) {
            Some(edge) => sign.lanes.extend(edge.lanes.clone()),
            None => {
                loading.log.error("unknown-edge", line, || format!("a speed sign stands at the edge '{}', which the network does not have; it holds for the others", shown(id)));
            }
        }
    }
    for key in [&b"file"[..], b"vTypes"] {
        if tag.get(key).is_some_and(|v| !v.is_empty()) {
            let name = String::from_utf8_lossy(key);
            loading.log.unsupported(&format!("attribute '{name}' of speed signs"), line, "they hold without it");
        }
    }
    (sign, line)
}

/// Reads its steps, and adds it.
pub fn steps(loading: &mut Loading<'_>, xml: &mut Xml, (mut sign, line): (SpeedSign, u64)) -> Result<(), Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if tag.name != b"step" {
            continue;
        }
        let speed = tag.get(b"speed").map_or(Some(-1.0), |v| number(&v));
        match (time(&tag.or_empty(b"time")), speed) {
            // Below 0: as the road has it.
            (Some(at), Some(speed)) => sign.steps.push((at, Some(speed).filter(|v| *v >= 0.0))),
            _ => {
                loading.log.error("bad-number", tag.line(), || format!("a step of the speed sign '{}' has no time or no speed; it is left out", shown(&sign.id)));
            }
        }
    }
    sign.steps.sort_by_key(|(at, _)| *at);
    if sign.id.is_empty() || sign.lanes.is_empty() {
        loading.log.error("bad-sign", line, || format!("the speed sign '{}' has no id or no lane; it is left out", shown(&sign.id)));
    } else if loading.scenario.extras.signs.iter().any(|other| other.id == sign.id) {
        loading.log.error("duplicate-id", line, || format!("there is a speed sign '{}' already; this one is left out", shown(&sign.id)));
    } else {
        loading.scenario.extras.signs.push(sign);
    }
    Ok(())
}
