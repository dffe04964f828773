//! Stopping places beside the road, and the stops that vehicles make.

use super::loading::Loading;
use super::values::{along, boolean, number, time, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Parking, ParkingArea, RoadUsers, Stop, StopPlace, StoppingPlace};

/// Shortest stopping place, m: SUMO's.
const SHORTEST_M: f64 = 0.2;

/// Places of different kinds may have the same id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopKind {
    /// Of buses.
    Bus,
    /// Of trains.
    Train,
    /// Of containers.
    Container,
    /// For charging.
    Charging,
    /// Car parks.
    Parking,
    /// Of a scenario that was read before.
    Any,
}

/// Lane and positions of a place; none where it is left out.
fn span(loading: &mut Loading<'_>, tag: &Tag<'_>, what: &str) -> Option<StoppingPlace> {
    let (id, lane, line) = (tag.or_empty(b"id"), tag.or_empty(b"lane"), tag.line());
    if id.is_empty() {
        loading.log.error("id-missing", line, || format!("a {what} without an id is left out"));
        return None;
    }
    let Some(at) = loading.lane(&lane) else {
        loading.log.error("unknown-lane", line, || format!("{what} '{}' is at the lane '{}', which the network does not have; it is left out", shown(&id), shown(&lane)));
        return None;
    };
    let (from_m, to_m) = positions(loading, tag, at, &format!("{what} '{}'", shown(&id)))?;
    Some(StoppingPlace {
        id: id.into_owned(),
        name: tag.get(b"name").map(|n| n.into_owned()).filter(|n| !n.is_empty()),
        lane: at,
        from_m,
        to_m,
        lines: tag.get(b"lines").map(|l| words(&l).map(str::to_owned).collect()).unwrap_or_default(),
    })
}

/// From and to on a lane, within it. Without a start it is the lane's (or, for stops of a vehicle, just before the end).
fn positions(loading: &mut Loading<'_>, tag: &Tag<'_>, lane: u32, what: &str) -> Option<(f64, f64)> {
    let length = loading.scenario.map.lanes.get(lane as usize)?.length_m;
    let stop = tag.name == b"stop";
    let read = |key: &[u8]| tag.get(key).map(|text| number(&text).ok_or_else(|| text.into_owned()));
    let (start, end) = (read(b"startPos"), read(b"endPos"));
    for bad in [&start, &end] {
        if let Some(Err(text)) = bad {
            loading.log.error("bad-number", tag.line(), || format!("{what} stands at '{}', which is no number; it is left out", shown(text)));
            return None;
        }
    }
    let to = end.and_then(Result::ok).map_or(length, |to| along(to, length));
    let from = match start.and_then(Result::ok) {
        Some(from) => along(from, length),
        None if stop => (to - SHORTEST_M).max(0.0),
        None => 0.0,
    };
    let friendly = tag.get(b"friendlyPos").and_then(|v| boolean(&v)).unwrap_or(false);
    let fits = from >= -1e-6 && to <= length + 1e-6 && from <= to - SHORTEST_M + 0.1 + 1e-6;
    let to = to.clamp(SHORTEST_M.min(length), length);
    let from = from.clamp(0.0, (to - SHORTEST_M).max(0.0));
    if !fits && !friendly {
        loading.log.warn("position-off-lane", tag.line(), || format!("{what} does not lie on its lane of {length:.2} m; it is moved onto it ({from:.2} to {to:.2} m)"));
    }
    Some((from, to))
}

/// A stop of buses, trains, containers, or for charging.
pub fn place(loading: &mut Loading<'_>, tag: &Tag<'_>, kind: StopKind) {
    let Some(place) = span(loading, tag, "stopping place") else { return };
    let Ok(at) = u32::try_from(loading.scenario.extras.stops.len()) else { return };
    if loading.stops.contains_key(&(kind, place.id.clone())) {
        loading.log.error("duplicate-id", tag.line(), || format!("there is a {} '{}' already; this one is left out", tag.title(), shown(&place.id)));
        return;
    }
    loading.stops.insert((kind, place.id.clone()), at);
    loading.scenario.extras.stops.push(place);
}

/// A car park from its opening tag.
pub fn parking(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<(ParkingArea, u64)> {
    let place = span(loading, tag, "car park")?;
    let text = tag.or_empty(b"roadsideCapacity");
    let capacity = if text.is_empty() { 0 } else { text.trim().parse().unwrap_or(u32::MAX) };
    if capacity == u32::MAX {
        loading.log.error("bad-number", tag.line(), || format!("car park '{}' has the capacity '{}', which is no count; it is taken as 0", shown(&place.id), shown(&text)));
    }
    let on_road = tag.get(b"onRoad").and_then(|v| boolean(&v)).unwrap_or(false);
    Some((ParkingArea { place, capacity: if capacity == u32::MAX { 0 } else { capacity }, on_road }, tag.line()))
}

/// Counts the spaces that a car park lists, and adds it.
pub fn spaces(loading: &mut Loading<'_>, xml: &mut Xml, begun: Option<(ParkingArea, u64)>) -> Result<(), Broken> {
    let level = xml.depth();
    let mut spaces = 0_u32;
    while let Some(tag) = xml.child(level)? {
        spaces = spaces.saturating_add(u32::from(tag.name == b"space"));
    }
    let Some((mut area, line)) = begun else { return Ok(()) };
    area.capacity = area.capacity.saturating_add(spaces);
    let key = (StopKind::Parking, area.place.id.clone());
    if loading.stops.contains_key(&key) {
        loading.log.error("duplicate-id", line, || format!("there is a car park '{}' already; this one is left out", shown(&area.place.id)));
    } else if let Ok(at) = u32::try_from(loading.scenario.extras.parking.len()) {
        loading.stops.insert(key, at);
        loading.scenario.extras.parking.push(area);
    }
    Ok(())
}

/// Where a stop is; none where that is unknown.
fn whereabouts(loading: &mut Loading<'_>, tag: &Tag<'_>, users: RoadUsers) -> Option<StopPlace> {
    let line = tag.line();
    for (key, kind) in [
        (&b"busStop"[..], StopKind::Bus),
        (b"trainStop", StopKind::Train),
        (b"containerStop", StopKind::Container),
        (b"chargingStation", StopKind::Charging),
        (b"parkingArea", StopKind::Parking),
    ] {
        let Some(id) = tag.get(key) else { continue };
        let any = if kind == StopKind::Parking { StopKind::Parking } else { StopKind::Any };
        let found = loading.stops.get(&(kind, id.as_ref().to_owned())).or_else(|| loading.stops.get(&(any, id.as_ref().to_owned()))).copied();
        if found.is_none() {
            let name = String::from_utf8_lossy(key).into_owned();
            loading.log.error("unknown-stop", line, || format!("a vehicle stops at the {name} '{}', which is not there; it passes without that stop", shown(&id)));
        }
        return found.map(if kind == StopKind::Parking { StopPlace::Parking } else { StopPlace::Stop });
    }
    let lane = if let Some(id) = tag.get(b"lane") {
        let lane = loading.lane(&id);
        if lane.is_none() {
            loading.log.error("unknown-lane", line, || format!("a vehicle stops on the lane '{}', which the network does not have; it passes without that stop", shown(&id)));
        }
        lane?
    } else if let Some(id) = tag.get(b"edge") {
        let map = &loading.scenario.map;
        let lanes = loading.edge(&id).and_then(|edge| map.edges.get(edge as usize)).map(|edge| edge.lanes.clone());
        let Some(mut lanes) = lanes else {
            loading.log.error("unknown-edge", line, || format!("a vehicle stops on the edge '{}', which the network does not have; it passes without that stop", shown(&id)));
            return None;
        };
        let first = lanes.start;
        lanes.find(|at| map.lanes.get(*at as usize).is_some_and(|l| l.allowed.meets(users))).unwrap_or(first)
    } else {
        loading.log.error("stop-without-place", line, || "a stop names no lane and no stopping place; it is left out".to_owned());
        return None;
    };
    let (from_m, to_m) = positions(loading, tag, lane, "a stop")?;
    Some(StopPlace::Lane { lane, from_m, to_m })
}

/// A stop of a vehicle or a route.
pub fn stop(loading: &mut Loading<'_>, tag: &Tag<'_>, users: RoadUsers) -> Option<Stop> {
    let line = tag.line();
    let place = whereabouts(loading, tag, users)?;
    let mut stop = Stop { place, duration_ms: None, until_ms: None, parking: Parking::OnRoad, triggered: false, speed_mps: None };
    if matches!(place, StopPlace::Parking(at) if loading.scenario.extras.parking.get(at as usize).is_some_and(|p| !p.on_road)) {
        stop.parking = Parking::Beside;
    }
    for (key, value) in tag.attributes() {
        let value = value.as_ref();
        let name = || String::from_utf8_lossy(key).into_owned();
        match key {
            b"duration" | b"until" => match time(value) {
                Some(at) if at >= 0 => *if key == b"duration" { &mut stop.duration_ms } else { &mut stop.until_ms } = Some(at),
                // SUMO's own way to say: not stated.
                Some(-1000) => {}
                _ => {
                    loading.log.error("bad-time", line, || format!("a stop has '{}' as its {}, which is no time from 0 on; it is left out there", shown(value), name()));
                }
            },
            b"parking" => match value {
                "opportunistic" => stop.parking = Parking::Opportunistic,
                text => {
                    if let Some(beside) = boolean(text) {
                        stop.parking = if beside { Parking::Beside } else { Parking::OnRoad };
                    }
                }
            },
            b"triggered" => {
                stop.triggered = boolean(value).unwrap_or(value == "person");
                if matches!(value, "container" | "join") {
                    loading.log.unsupported(&format!("triggered '{value}' of stops"), line, "one stops without it");
                }
            }
            b"speed" => match number(value).filter(|v| *v >= 0.0) {
                Some(speed) => stop.speed_mps = Some(speed).filter(|v| *v > 0.0),
                None => {
                    loading.log.error("bad-number", line, || format!("a stop has the speed '{}', which it cannot be; one stops", shown(value)));
                }
            },
            b"containerTriggered" | b"jump" | b"jumpUntil" | b"split" | b"join" | b"extension" | b"onDemand" | b"collision" if !matches!(value, "0" | "false" | "-1" | "") => {
                loading.log.unsupported(&format!("attribute '{}' of stops", name()), line, "one stops without it");
            }
            _ => {}
        }
    }
    Some(stop)
}
