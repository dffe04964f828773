//! From a map to streets: lanes and links in flat arrays, right of way, waiting places inside junctions.

use super::conflicts::{self, Meeting};
use super::{NONE, StreetEdge, StreetLane, StreetLink, Streets, kind};
use qike_core::Diagnostic;
use qike_scene::traffic::{EdgeKind, MapJunction, NodeKind, Request, RightOfWay, RoadMap};

/// Distance from which those who go first are seen, m, where the map says nothing; of zippers.
const VISIBILITY_M: (f64, f64) = (4.5, 100.0);

fn bit(words: &[u64], n: usize) -> bool {
    words.get(n / 64).is_some_and(|w| w >> (n % 64) & 1 == 1)
}

impl Streets {
    /// Lays a map out. Every index in the map must be within its vectors; importers see to that, and [`Streets::check`] tests it.
    ///
    /// # Errors
    /// The first index that is not, in words.
    pub fn from_map(map: &RoadMap) -> Result<(Self, Vec<Diagnostic>), String> {
        check(map)?;
        let mut findings = Vec::new();
        let mut streets = Streets { lights: map.lights.len() as u32, ..Streets::default() };
        lanes(&mut streets, map);
        links(&mut streets, map);
        streets.targets = streets.links.iter().map(|l| l.to).collect();
        backward(&mut streets);
        let meetings = right_of_way(&mut streets, map, &mut findings);
        conflicts::settle(&mut streets, meetings);
        watched(&mut streets);
        Ok((streets, findings))
    }
}

/// Refuses indices that lead nowhere.
fn check(map: &RoadMap) -> Result<(), String> {
    let within = |n: u32, len: usize, what: &str, of: &str| if (n as usize) < len { Ok(()) } else { Err(format!("{of} names {what} {n} of {len}")) };
    for edge in &map.edges {
        let (lanes, junctions) = (map.lanes.len(), map.junctions.len());
        if edge.lanes.end as usize > lanes || edge.lanes.start >= edge.lanes.end {
            return Err(format!("edge '{}' has no lanes, or such as do not exist", edge.id));
        }
        edge.from.iter().chain(&edge.to).try_for_each(|j| within(*j, junctions, "junction", &edge.id))?;
    }
    for lane in &map.lanes {
        within(lane.edge, map.edges.len(), "edge", &lane.id)?;
        if !(lane.length_m.is_finite() && lane.length_m > 0.0 && lane.speed_mps.is_finite() && lane.speed_mps > 0.0) {
            return Err(format!("lane '{}' has no length or no speed", lane.id));
        }
    }
    for (n, c) in map.connections.iter().enumerate() {
        let of = format!("connection {n}");
        [Some(c.from), Some(c.to), c.via].into_iter().flatten().try_for_each(|l| within(l, map.lanes.len(), "lane", &of))?;
        c.light.iter().try_for_each(|(l, _)| within(*l, map.lights.len(), "light", &of))?;
    }
    for junction in &map.junctions {
        junction.incoming.iter().chain(&junction.internal).try_for_each(|l| within(*l, map.lanes.len(), "lane", &junction.id))?;
    }
    Ok(())
}

fn lanes(streets: &mut Streets, map: &RoadMap) {
    let mut entered = vec![false; map.junctions.len()];
    let mut left = vec![false; map.junctions.len()];
    for edge in map.edges.iter().filter(|e| e.kind == EdgeKind::Normal) {
        edge.from.iter().for_each(|j| left[*j as usize] = true);
        edge.to.iter().for_each(|j| entered[*j as usize] = true);
    }
    for edge in &map.edges {
        let length = map.lanes[edge.lanes.start as usize].length_m;
        let fringe = edge.kind == EdgeKind::Normal && (edge.from.is_some_and(|j| !entered[j as usize]) || edge.to.is_some_and(|j| !left[j as usize]));
        streets.edges.push(StreetEdge {
            id: edge.id.clone(),
            lanes: (edge.lanes.start, edge.lanes.end - edge.lanes.start),
            length,
            inside: edge.kind != EdgeKind::Normal,
            roundabout: edge.roundabout,
            fringe,
            to: edge.to.unwrap_or(NONE),
        });
    }
    for (n, lane) in map.lanes.iter().enumerate() {
        let n = n as u32;
        let edge = &map.edges[lane.edge as usize];
        let inside = edge.kind != EdgeKind::Normal;
        let (offset, users) = lane.stop_offset.unwrap_or_default();
        streets.lane_ids.push(lane.id.clone());
        streets.shapes.push(lane.shape.clone());
        streets.lanes.push(StreetLane {
            length: lane.length_m,
            speed: lane.speed_mps,
            allowed: lane.allowed,
            change: [lane.change_left, lane.change_right],
            edge: lane.edge,
            links: (0, 0),
            beside: [if n + 1 < edge.lanes.end { n + 1 } else { NONE }, if n > edge.lanes.start { n - 1 } else { NONE }],
            before: NONE,
            entry: NONE,
            road_before: n,
            stop_offset: offset,
            stop_users: users,
            width: lane.width_m,
            index: lane.index,
            inside,
        });
    }
}

fn links(streets: &mut Streets, map: &RoadMap) {
    let mut order: Vec<u32> = (0..map.connections.len() as u32).collect();
    order.sort_by_key(|c| map.connections[*c as usize].from);
    for c in order {
        let c = &map.connections[c as usize];
        let from_inside = streets.lanes[c.from as usize].inside;
        let to_edge = &streets.edges[streets.lanes[c.to as usize].edge as usize];
        let mut bits = if c.keep_clear { kind::KEEP_CLEAR } else { 0 };
        bits |= if to_edge.roundabout { kind::ROUNDABOUT } else { 0 };
        bits |= match (from_inside, c.via.is_some()) {
            (false, true) => kind::ENTRY,
            (true, false) => kind::EXIT,
            (true, true) => kind::INSIDE,
            (false, false) => 0,
        };
        let here = streets.links.len() as u32;
        let lane = &mut streets.lanes[c.from as usize];
        lane.links = if lane.links.1 == 0 { (here, 1) } else { (lane.links.0, lane.links.1 + 1) };
        streets.links.push(StreetLink {
            from: c.from,
            next: c.via.unwrap_or(c.to),
            to: c.to,
            length: c.via.map_or(0.0, |v| map.lanes[v as usize].length_m),
            visibility: c.visibility_m.unwrap_or(if c.right_of_way == RightOfWay::Zipper { VISIBILITY_M.1 } else { VISIBILITY_M.0 }),
            radius: f64::INFINITY,
            light: c.light.map_or(NONE, |l| l.0),
            light_index: c.light.map_or(0, |l| l.1),
            kind: bits,
            way: if c.pass || c.uncontrolled { RightOfWay::Major } else { c.right_of_way },
            turn: c.turn,
            junction: map.edges[map.lanes[c.from as usize].edge as usize].to.unwrap_or(NONE),
            row: 0,
            entry: here,
            inside_entry: NONE,
            foes: (0, 0),
            conflicts: (0, 0),
        });
    }
}

/// What leads to each lane, and by which link one came onto a junction.
fn backward(streets: &mut Streets) {
    let mut starts = vec![0u32; streets.lanes.len() + 1];
    for link in &streets.links {
        starts[link.next as usize + 1] += 1;
    }
    for n in 1..starts.len() {
        starts[n] += starts[n - 1];
    }
    let mut next = starts.clone();
    let mut incoming = vec![0u32; streets.links.len()];
    for (n, link) in streets.links.iter().enumerate() {
        let at = &mut next[link.next as usize];
        incoming[*at as usize] = n as u32;
        *at += 1;
    }
    (streets.incoming_starts, streets.incoming) = (starts, incoming);
    for lane in 0..streets.lanes.len() as u32 {
        let best = streets.incoming_of(lane).iter().copied().min_by_key(|l| {
            let link = &streets.links[*l as usize];
            (link.turn != qike_scene::traffic::TurnKind::Straight, *l)
        });
        streets.lanes[lane as usize].before = best.map_or(NONE, |l| streets.links[l as usize].from);
    }
    // Ways over junctions are two lanes long at most; whatever loops, ends.
    for lane in 0..streets.lanes.len() as u32 {
        if !streets.lanes[lane as usize].inside {
            continue;
        }
        let (mut at, mut entry, mut road) = (lane, NONE, lane);
        for _ in 0..8 {
            let Some(&link) = streets.incoming_of(at).first() else { break };
            (entry, at) = (link, streets.links[link as usize].from);
            if !streets.lanes[at as usize].inside {
                road = at;
                break;
            }
        }
        let junction = if entry == NONE { NONE } else { streets.links[entry as usize].junction };
        (streets.lanes[lane as usize].entry, streets.lanes[lane as usize].road_before) = (entry, road);
        for link in streets.links_of(lane) {
            let before = streets.lanes[lane as usize].before;
            let after_inside = before != NONE && streets.lanes[before as usize].inside;
            let onto = streets.incoming_of(lane).first().copied().unwrap_or(NONE);
            let link = &mut streets.links[link as usize];
            link.entry = if entry == NONE { link.entry } else { entry };
            link.junction = junction;
            if link.kind & kind::EXIT != 0 && after_inside {
                link.kind |= kind::EXIT_AFTER_INSIDE;
                link.inside_entry = onto;
            }
            if link.kind & kind::INSIDE != 0 {
                link.inside_entry = onto;
            }
        }
    }
}

/// The links of a junction in the order of its matrix.
fn rows(streets: &Streets, map: &RoadMap, junction: &MapJunction) -> Vec<u32> {
    let kind_of = |lane: u32| map.edges[map.lanes[lane as usize].edge as usize].kind;
    let mut rows = Vec::new();
    for &lane in &junction.incoming {
        for link in streets.links_of(lane) {
            let to = kind_of(streets.links[link as usize].to);
            if to == EdgeKind::WalkingArea || kind_of(lane) == EdgeKind::WalkingArea && to != EdgeKind::Crossing {
                continue;
            }
            rows.push(link);
        }
    }
    rows
}

/// Right of way of all junctions; gives what is to be settled by geometry: for a link, the lanes it may meet others of.
fn right_of_way(streets: &mut Streets, map: &RoadMap, findings: &mut Vec<Diagnostic>) -> Vec<Meeting> {
    let mut meetings = Vec::new();
    streets.gives_way = map.junctions.iter().map(|j| j.requests.iter().map(|r| r.gives_way.clone()).collect()).collect();
    let mut foes_of: Vec<Vec<u32>> = vec![Vec::new(); streets.links.len()];
    for junction in map.junctions.iter().filter(|j| j.kind != NodeKind::Internal && !j.requests.is_empty()) {
        let rows = rows(streets, map, junction);
        if rows.len() != junction.requests.len() {
            let message = format!("junction '{}' has {} connections and {} rows of right of way; rows beyond the shorter count are left out", junction.id, rows.len(), junction.requests.len());
            findings.push(Diagnostic::warning("junction-matrix", message).object(&*junction.id));
        }
        let meets = junction.requests.iter().any(|r| r.meets.iter().any(|w| *w != 0));
        for (row, (&link, request)) in rows.iter().zip(&junction.requests).enumerate() {
            foes_of[link as usize] = yielded(streets, &rows, request);
            let lanes = met(streets, &rows, junction, request);
            let next = streets.links[link as usize].next;
            let has_via = streets.links[link as usize].kind & kind::ENTRY != 0;
            let l = &mut streets.links[link as usize];
            l.row = row as u16;
            l.kind |= if meets { kind::MEETS } else { 0 } | if request.waits_inside { kind::WAITS_INSIDE } else { 0 };
            if has_via && !request.waits_inside {
                for exit in streets.links_of(next).take(1) {
                    streets.links[exit as usize].row = row as u16;
                    meetings.push(Meeting { link: exit, lanes: lanes.clone() });
                }
            }
        }
    }
    for junction in map.junctions.iter().filter(|j| j.kind == NodeKind::Internal) {
        waiting_place(streets, junction, &mut foes_of, &mut meetings);
    }
    for link in &mut streets.links {
        let first_conflict = link.kind & kind::ENTRY != 0 && link.kind & kind::WAITS_INSIDE == 0 || link.kind & kind::INSIDE != 0;
        link.kind |= if first_conflict { kind::CONFLICT_ENTRY } else { 0 };
    }
    for (link, foes) in foes_of.into_iter().enumerate() {
        streets.links[link].foes = (streets.foes.len() as u32, foes.len() as u32);
        streets.foes.extend(foes);
    }
    meetings
}

/// Links that a row gives way to, with those from waiting places on the same ways.
fn yielded(streets: &Streets, rows: &[u32], request: &Request) -> Vec<u32> {
    let mut foes = Vec::new();
    for (_, &foe) in rows.iter().enumerate().filter(|(c, _)| bit(&request.gives_way, *c)) {
        foes.push(foe);
        let link = &streets.links[foe as usize];
        if link.kind & kind::ENTRY != 0 {
            foes.extend(streets.links_of(link.next).take(1).filter(|l| streets.links[*l as usize].kind & kind::INSIDE != 0));
        }
    }
    foes
}

/// Lanes over the junction that a row meets.
fn met(streets: &Streets, rows: &[u32], junction: &MapJunction, request: &Request) -> Vec<u32> {
    let mut lanes = Vec::new();
    for c in (0..rows.len()).filter(|c| bit(&request.meets, *c)) {
        let Some(&lane) = junction.internal.get(c) else { continue };
        lanes.push(lane);
        if bit(&request.gives_way, c)
            && let [only] = streets.incoming_of(lane)
        {
            let before = streets.links[*only as usize].from;
            if streets.lanes[before as usize].inside {
                lanes.push(before);
            }
        }
    }
    lanes
}

/// A place inside a junction where turners wait: its first lane leads to it; of the others those to which it gives way
/// are heeded there.
fn waiting_place(streets: &mut Streets, junction: &MapJunction, foes_of: &mut [Vec<u32>], meetings: &mut Vec<Meeting>) {
    let Some(&lane) = junction.incoming.first() else { return };
    let Some(this) = streets.links_of(lane).next() else { return };
    let entry = streets.lanes[lane as usize].entry;
    if entry == NONE {
        return;
    }
    let (parent, row) = (streets.links[entry as usize].junction, streets.links[entry as usize].row);
    let mut lanes = Vec::new();
    for &inside in &junction.internal {
        for link in streets.links_of(inside) {
            let l = &streets.links[link as usize];
            if l.kind & kind::INSIDE != 0 {
                let other = streets.lanes[inside as usize].entry;
                if other != NONE && streets.row_gives_way(parent, row, streets.links[other as usize].row) {
                    lanes.push(inside);
                }
                lanes.push(l.next);
            } else {
                lanes.push(inside);
            }
        }
    }
    let heeded = |link: &u32| {
        let l = &streets.links[*link as usize];
        junction.internal.contains(&l.next) && streets.row_gives_way(parent, row, l.row)
    };
    foes_of[this as usize] = junction.incoming[1..].iter().flat_map(|l| streets.links_of(*l)).filter(heeded).collect();
    let rest = streets.links[this as usize].next;
    streets.links[this as usize].row = row;
    streets.links[this as usize].kind |= kind::MEETS;
    meetings.push(Meeting { link: this, lanes: lanes.clone() });
    if let Some(exit) = streets.links_of(rest).next() {
        streets.links[exit as usize].row = row;
        meetings.push(Meeting { link: exit, lanes });
    }
}

/// Marks the links whose approaches anybody looks for.
fn watched(streets: &mut Streets) {
    for foe in std::mem::take(&mut streets.foes) {
        streets.links[foe as usize].kind |= kind::WATCHED;
        streets.foes.push(foe);
    }
}
