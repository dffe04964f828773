//! The network file: edges and their lanes; what else is in it has modules of its own.

use super::junctions;
use super::links;
use super::loading::Loading;
use super::signals;
use super::values::{boolean, number, shape, words};
use super::xml::{Broken, Tag, Xml, shown};
use super::zones;
use crate::ImportError;
use qike_core::Severity;
use qike_scene::traffic::{EdgeKind, MapEdge, MapLane, RoadUsers};
use std::path::Path;

/// Width of a lane where none is stated, m.
const WIDTH_M: f64 = 3.2;

/// Junctions of edges and roundabouts, which are looked up when all are read.
#[derive(Default)]
pub struct Pending {
    /// By edge: ids of the junctions where it begins and ends.
    pub ends: Vec<[String; 2]>,
    /// Edges of roundabouts.
    pub roundabouts: Vec<u32>,
}

/// Reads a network into an empty scenario.
pub fn read(loading: &mut Loading<'_>, path: &Path, name: &str) -> Result<(), ImportError> {
    let mut xml = Xml::open(path, name)?;
    loading.log.file = name.to_owned();
    let task = loading.feedback.task(format!("read {name}"), 0);
    match xml.child(0) {
        Ok(Some(root)) if root.name == b"net" => {
            loading.scenario.map.left_hand = root.get(b"lefthand").and_then(|v| boolean(&v)).unwrap_or(false);
        }
        Ok(Some(root)) => {
            return Err(ImportError::corrupt(name, format!("line {}", root.line()), format!("this is no SUMO network: its root is '{}', not 'net'", root.title())));
        }
        Ok(None) => return Err(ImportError::corrupt(name, "line 1", "there is no element in it")),
        Err(broken) => return Err(ImportError::corrupt(name, format!("line {}", broken.line), broken.reason)),
    }
    let mut pending = Pending::default();
    let mut count = 0_u64;
    loop {
        count += 1;
        if count.is_multiple_of(1024) {
            loading.feedback.check()?;
            task.advance(1024);
        }
        match element(loading, &mut xml, &mut pending) {
            Ok(true) => {}
            Ok(false) => break,
            Err(broken) => {
                loading.broken(&broken);
                break;
            }
        }
    }
    close(loading, &pending);
    let map = &loading.scenario.map;
    if map.edges.is_empty() {
        return Err(ImportError::corrupt(name, format!("line {}", xml.line()), "the network has no edges"));
    }
    if map.junctions.is_empty() {
        return Err(ImportError::corrupt(name, format!("line {}", xml.line()), "the network has no junctions"));
    }
    signals::check(loading);
    Ok(())
}

/// The next element of the network; false at its end.
fn element(loading: &mut Loading<'_>, xml: &mut Xml, pending: &mut Pending) -> Result<bool, Broken> {
    let Some(tag) = xml.child(1)? else { return Ok(false) };
    match tag.name {
        b"edge" => {
            let begun = xml_edge(loading, &tag);
            edge(loading, begun, xml, pending)?;
        }
        b"junction" => {
            let (at, line) = (junctions::begin(loading, &tag), tag.line());
            junctions::requests(loading, xml, at, line)?;
        }
        b"connection" => links::connection(loading, &tag),
        b"tlLogic" => {
            let plan = signals::begin(loading, &tag);
            signals::plan(loading, xml, plan)?;
        }
        b"location" => location(loading, &tag),
        b"roundabout" => {
            for id in words(&tag.or_empty(b"edges")) {
                match loading.edge(id) {
                    Some(at) => pending.roundabouts.push(at),
                    None => {
                        loading.log.warn("unknown-edge", tag.line(), || format!("a roundabout has the edge '{}', which the network does not have", shown(id)));
                    }
                }
            }
        }
        // Kinds of roads are written out at each edge and lane; prohibitions are in the junctions' matrices already.
        b"type" | b"prohibition" | b"param" => {}
        b"taz" => {
            let zone = zones::begin(loading, &tag);
            zones::read(loading, xml, zone)?;
        }
        other => {
            let (name, line) = (shown(&String::from_utf8_lossy(other)), tag.line());
            loading.log.unsupported(&format!("element '{name}' of networks"), line, "it is left out");
        }
    }
    Ok(true)
}

fn location(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    let mut offset = [0.0; 2];
    let text = tag.or_empty(b"netOffset");
    for (to, part) in offset.iter_mut().zip(text.split(',')) {
        match number(part) {
            // What SUMO adds to get the map's coordinates is taken off to get there.
            Some(n) => *to = 0.0 - n,
            None => {
                loading.log.warn("bad-number", tag.line(), || format!("netOffset is '{}', not two numbers; it is taken as 0", shown(&text)));
            }
        }
    }
    loading.scenario.map.location = Some((tag.or_empty(b"projParameter").into_owned(), offset));
}

/// An edge's own attributes, and its junctions' ids.
fn xml_edge(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (MapEdge, [String; 2], u64) {
    let mut edge = MapEdge { priority: -1, ..MapEdge::default() };
    let mut ends = [String::new(), String::new()];
    for (key, value) in tag.attributes() {
        match key {
            b"id" => edge.id = value.into_owned(),
            b"from" => ends[0] = value.into_owned(),
            b"to" => ends[1] = value.into_owned(),
            b"priority" => edge.priority = value.trim().parse().unwrap_or(-1),
            b"name" if !value.is_empty() => edge.name = Some(value.into_owned()),
            b"type" if !value.is_empty() => edge.road_type = Some(value.into_owned()),
            b"function" => {
                edge.kind = match &*value {
                    "normal" | "connector" => EdgeKind::Normal,
                    "internal" => EdgeKind::Internal,
                    "crossing" => EdgeKind::Crossing,
                    "walkingarea" => EdgeKind::WalkingArea,
                    other => {
                        loading.log.warn("unknown-function", tag.line(), || format!("an edge has the function '{}'; it is taken as a road", shown(other)));
                        EdgeKind::Normal
                    }
                };
            }
            b"bidi" => {
                loading.log.unsupported("bidirectional track (attribute 'bidi' of edges)", tag.line(), "both directions are tracks of their own");
            }
            _ => {}
        }
    }
    (edge, ends, tag.line())
}

fn edge(loading: &mut Loading<'_>, (mut edge, ends, line): (MapEdge, [String; 2], u64), xml: &mut Xml, pending: &mut Pending) -> Result<(), Broken> {
    let level = xml.depth();
    let first = place(loading.scenario.map.lanes.len());
    let at = place(loading.scenario.map.edges.len());
    let known = edge.id.is_empty() || loading.edge(&edge.id).is_some();
    if known {
        let id = shown(&edge.id);
        loading.log.error(if id.is_empty() { "id-missing" } else { "duplicate-id" }, line, || {
            if id.is_empty() { "an edge without an id is left out".to_owned() } else { format!("there is an edge '{id}' already; this one is left out") }
        });
    }
    let (mut offset, mut lanes) = (None, Vec::new());
    while let Some(tag) = xml.child(level)? {
        if known {
            continue;
        }
        match tag.name {
            b"lane" => {
                let lane = lane(loading, &tag, at, lanes.len());
                let (inner, line) = (level + 1, tag.line());
                let mut own = None;
                while let Some(tag) = xml.child(inner)? {
                    match tag.name {
                        b"stopOffset" => own = stop_offset(loading, &tag),
                        b"neigh" => {
                            loading.log.unsupported("overtaking on the oncoming lane (element 'neigh')", tag.line(), "nobody does");
                        }
                        _ => {}
                    }
                }
                if let Some(mut lane) = lane {
                    lane.stop_offset = own;
                    lanes.push((lane, line));
                }
            }
            b"stopOffset" => offset = stop_offset(loading, &tag),
            _ => {}
        }
    }
    if known {
        return Ok(());
    }
    lanes.sort_by_key(|(lane, _)| lane.index);
    // Of edges over junctions netconvert numbers lanes twice now and then; their order is right.
    if edge.kind == EdgeKind::Normal && lanes.iter().zip(0_u8..).any(|((lane, _), index)| lane.index != index) {
        let id = shown(&edge.id);
        loading.log.warn("lane-index", line, || format!("the lanes of edge '{id}' are not numbered 0, 1, 2 …; they are numbered anew"));
    }
    let mut index = 0;
    for (mut lane, line) in lanes {
        lane.index = index;
        lane.stop_offset = lane.stop_offset.or(offset);
        if loading.add_lane(lane, line) {
            index = index.saturating_add(1);
        }
    }
    edge.lanes = first..place(loading.scenario.map.lanes.len());
    if edge.lanes.is_empty() {
        let id = shown(&edge.id);
        loading.log.error("edge-without-lanes", line, || format!("edge '{id}' has no lane; it is left out"));
        return Ok(());
    }
    loading.add_edge(edge);
    pending.ends.push(ends);
    Ok(())
}

fn place(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn lane(loading: &mut Loading<'_>, tag: &Tag<'_>, edge: u32, count: usize) -> Option<MapLane> {
    let mut lane = MapLane { edge, width_m: WIDTH_M, allowed: RoadUsers::ALL, change_left: RoadUsers::ALL, change_right: RoadUsers::ALL, ..MapLane::default() };
    let (mut index, mut length, mut speed) = (None, None, None);
    let (mut allow, mut disallow) = (None, None);
    let positive = |text: &str| number(text).filter(|n| *n > 0.0);
    for (key, value) in tag.attributes() {
        match key {
            b"id" => lane.id = value.into_owned(),
            b"index" => index = value.trim().parse::<u8>().ok(),
            b"speed" => speed = number(&value).filter(|n| *n >= 0.0),
            b"length" => length = positive(&value),
            b"width" => lane.width_m = positive(&value).unwrap_or(WIDTH_M),
            b"allow" => allow = Some(value),
            b"disallow" => disallow = Some(value),
            b"changeLeft" => lane.change_left = users(loading, tag, &value),
            b"changeRight" => lane.change_right = users(loading, tag, &value),
            b"acceleration" => lane.acceleration = boolean(&value).unwrap_or(false),
            b"shape" => match shape(&value) {
                Some(points) => lane.shape = points,
                None => {
                    loading.log.error("bad-shape", tag.line(), || "a lane's shape is no list of points 'x,y x,y …'; it is left out".to_owned());
                }
            },
            _ => {}
        }
    }
    let fault = |what: &str| Some(what.to_owned());
    let problem = match (index, length, speed) {
        _ if lane.id.is_empty() => fault("has no id"),
        (None, ..) => fault("has no index from 0 to 255"),
        (_, None, _) => fault("has no length above 0"),
        (.., None) => fault("has no speed of 0 or more"),
        _ if count > 254 => fault("is one of more than 255"),
        _ => None,
    };
    if let Some(problem) = problem {
        let id = shown(&lane.id);
        loading.log.error("bad-lane", tag.line(), || format!("lane '{id}' {problem}; it is left out"));
        return None;
    }
    (lane.index, lane.length_m, lane.speed_mps) = (index?, length?, speed?);
    lane.allowed = permissions(loading, tag, allow.as_deref(), disallow.as_deref());
    Some(lane)
}

/// Who is let by a list of those allowed or one of those forbidden; both missing: everybody. One who ignores barriers always is.
pub fn permissions(loading: &mut Loading<'_>, tag: &Tag<'_>, allow: Option<&str>, disallow: Option<&str>) -> RoadUsers {
    match (allow, disallow) {
        (Some(list), _) if !list.is_empty() => users(loading, tag, list).union(RoadUsers::IGNORING),
        (_, Some(list)) if !list.is_empty() => RoadUsers::ALL.without(users(loading, tag, list)).union(RoadUsers::IGNORING),
        _ => RoadUsers::ALL,
    }
}

/// A list of kinds of road users; unknown ones are told and left out.
pub fn users(loading: &mut Loading<'_>, tag: &Tag<'_>, list: &str) -> RoadUsers {
    RoadUsers::parse(list).unwrap_or_else(|_| {
        words(list).fold(RoadUsers::NONE, |set, name| match RoadUsers::kind(name) {
            Some(user) => set.union(user),
            None if name == "all" => RoadUsers::ALL,
            None => {
                loading.log.add(Severity::Warning, "unknown-class", name, tag.line(), || format!("'{}' is no kind of road user that SUMO knows; it is left out", shown(name)));
                set
            }
        })
    })
}

fn stop_offset(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<(f64, RoadUsers)> {
    let text = tag.or_empty(b"value");
    let Some(value) = number(&text).filter(|v| *v >= 0.0) else {
        loading.log.warn("bad-number", tag.line(), || format!("stopOffset is '{}', not a length of 0 or more; it is left out", shown(&text)));
        return None;
    };
    let who = match (tag.get(b"vClasses"), tag.get(b"exceptions")) {
        (Some(list), _) => users(loading, tag, &list),
        (None, Some(list)) => RoadUsers::ALL.without(users(loading, tag, &list)),
        (None, None) => RoadUsers::ALL,
    };
    Some((value, who))
}

/// Looks up what edges and roundabouts name.
fn close(loading: &mut Loading<'_>, pending: &Pending) {
    for (edge, ends) in pending.ends.iter().enumerate() {
        let [from, to] = ends.each_ref().map(|id| if id.is_empty() { None } else { loading.junction(id) });
        for (id, found) in ends.iter().zip([from, to]) {
            if !id.is_empty() && found.is_none() {
                loading.log.error("unknown-junction", 0, || format!("an edge begins or ends at the junction '{}', which the network does not have", shown(id)));
            }
        }
        if let Some(edge) = loading.scenario.map.edges.get_mut(edge) {
            (edge.from, edge.to) = (from, to);
        }
    }
    for at in &pending.roundabouts {
        if let Some(edge) = loading.scenario.map.edges.get_mut(*at as usize) {
            edge.roundabout = true;
        }
    }
}
