//! Networks: nodes and links.

use super::{number, open, time};
use crate::ImportError;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::shown;
use crate::formats::sumo::xml::Tag;
use qike_core::Feedback;
use qike_core::fast_map::FastMap;
use qike_scene::traffic::{MapConnection, MapEdge, MapJunction, MapLane, NodeKind, RightOfWay, RoadMap, RoadUsers, TrafficScenario, TurnKind};
use std::path::Path;

/// Width of a lane, m (`effectivelanewidth` where it is stated).
const LANE_M: f64 = 3.75;
/// Lanes of one link at most.
const MOST_LANES: f64 = 30.0;
/// Pairs of links at one node at most.
const MOST_PAIRS: usize = 40_000;

/// Reads a network into an empty scenario.
pub(super) fn read(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    let (mut xml, mut log) = open(path, &[b"network"], "network")?;
    let task = feedback.task(format!("read {}", log.file), 0);
    let mut reading = Reading { map: RoadMap::default(), nodes: FastMap::default(), links: FastMap::default(), period_s: 3600.0, width_m: LANE_M };
    loop {
        feedback.check()?;
        let section = match xml.child(1) {
            Ok(Some(tag)) => match tag.name {
                b"nodes" => b'n',
                b"links" => {
                    reading.period_s = time(&tag, b"capperiod").filter(|ms| *ms > 0).map_or(3600.0, |ms| ms as f64 / 1000.0);
                    reading.width_m = number(&tag, b"effectivelanewidth").filter(|w| (1.0..=20.0).contains(w)).unwrap_or(LANE_M);
                    b'l'
                }
                b"attributes" => b'a',
                _ => {
                    log.unsupported(&format!("element '{}'", tag.title()), tag.line(), "it is left out");
                    b'x'
                }
            },
            Ok(None) => break,
            Err(broken) => {
                log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
                break;
            }
        };
        if section == b'x' {
            continue;
        }
        let ended = loop {
            match xml.child(2) {
                Ok(Some(tag)) => {
                    task.advance(1);
                    match (section, tag.name) {
                        (b'n', b"node") => reading.node(&tag, &mut log),
                        (b'l', b"link") => reading.link(&tag, &mut log),
                        (b'a', b"attribute") if tag.get(b"name").as_deref() == Some("coordinateReferenceSystem") => match xml.text() {
                            Ok(text) => reading.map.location = Some((text.trim().to_owned(), [0.0; 2])),
                            Err(broken) => break Some(broken),
                        },
                        _ => {}
                    }
                }
                Ok(None) => break None,
                Err(broken) => break Some(broken),
            }
        };
        if let Some(broken) = ended {
            log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
            break;
        }
    }
    if reading.map.edges.is_empty() {
        return Err(ImportError::corrupt(&log.file, "the file", "the network has no links"));
    }
    join(&mut reading.map, &mut log);
    scenario.map = reading.map;
    scenario.findings.extend(log.finish());
    Ok(())
}

struct Reading {
    map: RoadMap,
    nodes: FastMap<String, u32>,
    links: FastMap<String, u32>,
    period_s: f64,
    width_m: f64,
}

impl Reading {
    fn node(&mut self, tag: &Tag<'_>, log: &mut Log) {
        let id = tag.or_empty(b"id").into_owned();
        let Some((x, y)) = number(tag, b"x").zip(number(tag, b"y")).filter(|_| !id.is_empty()) else {
            log.error("bad-node", tag.line(), || format!("node '{}' has no id or no position, and is left out", shown(&id)));
            return;
        };
        let Ok(place) = u32::try_from(self.map.junctions.len()) else { return };
        if self.nodes.contains_key(&id) {
            log.error("duplicate-id", tag.line(), || format!("there is a node '{}' already; this one is left out", shown(&id)));
            return;
        }
        self.map.junctions.push(MapJunction { id: id.clone(), kind: NodeKind::Unregulated, position: [x, y, number(tag, b"z").unwrap_or(0.0)], ..MapJunction::default() });
        self.nodes.insert(id, place);
    }

    fn link(&mut self, tag: &Tag<'_>, log: &mut Log) {
        let id = tag.or_empty(b"id").into_owned();
        let node = |key: &[u8]| tag.get(key).and_then(|n| self.nodes.get(n.as_ref()).copied());
        let (Some(from), Some(to)) = (node(b"from"), node(b"to")) else {
            log.error("unknown-node", tag.line(), || format!("link '{}' begins or ends at a node that is not there, and is left out", shown(&id)));
            return;
        };
        if id.is_empty() || self.links.contains_key(&id) {
            log.error("duplicate-id", tag.line(), || format!("a link has no id, or that of another ('{}'), and is left out", shown(&id)));
            return;
        }
        let (Ok(edge), Ok(first)) = (u32::try_from(self.map.edges.len()), u32::try_from(self.map.lanes.len())) else { return };
        let at = |n: u32| self.map.junctions.get(n as usize).map_or([0.0; 3], |j| j.position);
        let (a, b) = (at(from), at(to));
        let beeline = (b[0] - a[0]).hypot(b[1] - a[1]);
        let stated = number(tag, b"length").filter(|l| *l > 0.0);
        if stated.is_none() {
            log.warn("no-length", tag.line(), || format!("link '{}' has no length above 0; its beeline counts", shown(&id)));
        }
        let speed = number(tag, b"freespeed").filter(|v| *v > 0.0);
        if speed.is_none() {
            log.error("bad-speed", tag.line(), || format!("link '{}' has no free speed above 0, and is left out", shown(&id)));
            return;
        }
        let lanes = number(tag, b"permlanes").unwrap_or(1.0).round().clamp(1.0, MOST_LANES) as u32;
        let allowed = tag.get(b"modes").map_or(users("car"), |modes| modes.split(',').fold(RoadUsers::NONE, |set, mode| set.union(users(mode.trim()))));
        // The line from node to node is the left edge of the lanes, so that both directions lie side by side.
        let unit = if beeline > 0.0 { [(b[0] - a[0]) / beeline, (b[1] - a[1]) / beeline] } else { [1.0, 0.0] };
        for index in 0..lanes {
            let right = (f64::from(lanes - 1 - index) + 0.5) * self.width_m;
            let moved = |p: [f64; 3]| [p[0] + unit[1] * right, p[1] - unit[0] * right, p[2]];
            self.map.lanes.push(MapLane {
                id: format!("{id}_{index}"),
                edge,
                index: index as u8,
                speed_mps: speed.unwrap_or(1.0).min(200.0),
                length_m: stated.unwrap_or(beeline).max(0.1),
                width_m: self.width_m,
                allowed,
                change_left: RoadUsers::ALL,
                change_right: RoadUsers::ALL,
                shape: vec![moved(a), moved(b)],
                ..MapLane::default()
            });
        }
        let capacity_per_h = number(tag, b"capacity").filter(|c| *c >= 0.0).map(|c| c * 3600.0 / self.period_s);
        let road_type = tag.get(b"type").map(|t| t.into_owned());
        self.map.edges.push(MapEdge { id: id.clone(), from: Some(from), to: Some(to), priority: 1, road_type, lanes: first..first + lanes, capacity_per_h, ..MapEdge::default() });
        self.links.insert(id, edge);
    }
}

/// Who has a mode.
fn users(mode: &str) -> RoadUsers {
    let kind = |name: &str| RoadUsers::kind(name).unwrap_or_default();
    match mode {
        "car" | "ride" => ["passenger", "private", "taxi", "hov", "evehicle", "motorcycle", "moped", "delivery"].iter().fold(RoadUsers::PASSENGER, |set, name| set.union(kind(name))),
        "taxi" | "drt" | "av" => kind("taxi"),
        "truck" | "freight" | "hgv" | "lkw" => kind("truck").union(kind("trailer")).union(kind("delivery")),
        "bus" | "pt" => kind("bus").union(kind("coach")),
        "bike" | "bicycle" => kind("bicycle"),
        "walk" | "access_walk" | "transit_walk" => kind("pedestrian"),
        "tram" => kind("tram"),
        "rail" | "train" | "subway" | "metro" | "stopFacilityLink" | "artificial" => kind("rail").union(kind("rail_urban")).union(kind("subway")),
        _ => kind("custom1"),
    }
}

/// Every link leads to every link that begins where it ends; lanes keep their side.
fn join(map: &mut RoadMap, log: &mut Log) {
    let mut ends: Vec<(Vec<u32>, Vec<u32>)> = vec![Default::default(); map.junctions.len()];
    for (n, edge) in (0..).zip(&map.edges) {
        for (node, out) in [(edge.from, true), (edge.to, false)] {
            if let Some((into, from)) = node.and_then(|at| ends.get_mut(at as usize)) {
                if out { from.push(n) } else { into.push(n) }
            }
        }
    }
    let heading = |edge: &MapEdge| {
        let at = |n: Option<u32>| n.and_then(|n| map.junctions.get(n as usize)).map_or([0.0; 3], |j| j.position);
        let (a, b) = (at(edge.from), at(edge.to));
        (b[1] - a[1]).atan2(b[0] - a[0])
    };
    let mut connections = Vec::new();
    let mut incoming: Vec<Vec<u32>> = vec![Vec::new(); map.junctions.len()];
    for (node, (into, from)) in ends.iter().enumerate() {
        if into.len().saturating_mul(from.len()) > MOST_PAIRS {
            let id = map.junctions.get(node).map_or("", |j| &j.id);
            log.add(qike_core::Severity::Error, "too-many-links", "", 0, || format!("{} links end and {} begin at node '{}': they are not joined", into.len(), from.len(), shown(id)));
            continue;
        }
        for a in into.iter().filter_map(|n| map.edges.get(*n as usize)) {
            if let Some(list) = incoming.get_mut(node) {
                list.extend(a.lanes.clone());
            }
            for b in from.iter().filter_map(|n| map.edges.get(*n as usize)) {
                let turn = (heading(b) - heading(a)).sin().atan2((heading(b) - heading(a)).cos()).to_degrees();
                let turn = match turn {
                    _ if b.to == a.from && a.from.is_some() => TurnKind::Turn,
                    t if t.abs() < 45.0 => TurnKind::Straight,
                    t if t > 0.0 => TurnKind::Left,
                    _ => TurnKind::Right,
                };
                let (have, want) = (a.lanes.len() as u32, b.lanes.len() as u32);
                for lane in 0..have.max(1) {
                    let to = b.lanes.start + lane.min(want.saturating_sub(1));
                    connections.push(MapConnection { from: a.lanes.start + lane, to, turn, right_of_way: RightOfWay::Major, keep_clear: false, ..MapConnection::default() });
                }
            }
        }
    }
    for (junction, lanes) in map.junctions.iter_mut().zip(incoming) {
        junction.incoming = lanes;
    }
    // In the order of lanes, as the source of a map has them.
    connections.sort_by_key(|c| (c.from, c.to));
    map.connections = connections;
}
