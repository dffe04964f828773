//! Lanes over a junction, the matrix of who heeds whom on it, and the places on it where those who turn across wait.

use super::{Rows, right_of_way, sense, users};
use crate::ix::{ConnIx, JunctionIx};
use crate::lane::{ConflictKind, JunctionKind, LaneNetwork, Turn};
use crate::shape;
use qike_scene::traffic::{EdgeKind, MapConnection, MapEdge, MapJunction, MapLane, NodeKind, Request, RightOfWay, RoadMap, RoadUsers};

/// A waiting place has at least that much of the way before it, and after it, m.
const ROOM_M: [f64; 2] = [3.0, 1.0];
/// Who waits inside stands that far from the side of the lane that he waits for, m.
const CLEAR_M: f64 = 0.5;

/// Adds the edges, lanes and connections over a junction and fills in its matrix; gives the junctions of its waiting places.
pub fn build(net: &LaneNetwork, map: &mut RoadMap, junction: JunctionIx, rows: &Rows) -> Vec<MapJunction> {
    let (Some(node), id) = (map.junctions.len().checked_sub(1), &net.junctions[junction.ix()].id) else { return Vec::new() };
    let kind = map.junctions[node].kind;
    let waits: Vec<Option<f64>> = rows.order.iter().map(|c| waiting_place(net, junction, *c)).collect();
    let requests: Vec<Request> = rows.order.iter().zip(&waits).map(|(c, wait)| request(net, rows, *c, wait.is_some())).collect();
    // First parts: one edge for the lanes from one road to another that follow each other.
    let mut first_parts = Vec::with_capacity(rows.order.len());
    let link_pair = |c: ConnIx| (net.lane(net.connection(c).from_lane).link, net.lane(net.connection(c).to_lane).link);
    for (row, c) in rows.order.iter().enumerate() {
        let joins = row > 0 && link_pair(rows.order[row - 1]) == link_pair(*c);
        if !joins {
            map.edges.push(over(format!(":{id}_{row}"), map.lanes.len() as u32));
        }
        first_parts.push(map.lanes.len() as u32);
        let until = waits[row].unwrap_or(f64::INFINITY);
        add_lane(net, map, *c, 0.0, until);
    }
    let mut places = Vec::new();
    let mut last_parts = first_parts.clone();
    for (row, c) in rows.order.iter().enumerate() {
        let Some(wait) = waits[row] else { continue };
        let edge = format!(":{id}_{}", rows.order.len() + places.len());
        map.edges.push(over(edge, map.lanes.len() as u32));
        last_parts[row] = map.lanes.len() as u32;
        add_lane(net, map, *c, wait, f64::INFINITY);
        places.push(place(net, map, rows, *c, &first_parts, last_parts[row]));
    }
    for (row, c) in rows.order.iter().enumerate() {
        let connection = net.connection(*c);
        let gives_way = requests[row].gives_way.iter().any(|w| *w != 0);
        let link = |from: u32, via: Option<u32>, way: RightOfWay| MapConnection {
            from,
            to: connection.to_lane.0,
            via,
            turn: sense(connection.turn),
            right_of_way: way,
            keep_clear: true,
            ..MapConnection::default()
        };
        let light = connection.signal.map(|s| (s.program.0, row as u16));
        map.connections.push(MapConnection { light, ..link(connection.from_lane.0, Some(first_parts[row]), right_of_way(kind, gives_way, connection.stops)) });
        if waits[row].is_some() {
            map.connections.push(link(first_parts[row], Some(last_parts[row]), RightOfWay::Minor));
        }
        map.connections.push(link(last_parts[row], None, RightOfWay::Major));
    }
    let node = &mut map.junctions[node];
    node.internal = last_parts;
    node.requests = requests;
    places
}

fn over(id: String, first: u32) -> MapEdge {
    MapEdge { id, kind: EdgeKind::Internal, priority: -1, lanes: first..first, ..MapEdge::default() }
}

/// Adds the part of a connection between two distances as a lane of the last edge.
fn add_lane(net: &LaneNetwork, map: &mut RoadMap, c: ConnIx, from_m: f64, to_m: f64) {
    let (connection, edge) = (net.connection(c), map.edges.len() as u32 - 1);
    let (from, to) = (net.lane(connection.from_lane), net.lane(connection.to_lane));
    let line = net.shape(&connection.shape);
    let whole = from_m <= 0.0 && to_m.is_infinite();
    let length_m = if whole { connection.length_m } else { (to_m.min(connection.length_m) - from_m).max(0.1) };
    let open = [from, to].into_iter().all(|lane| !lane.closed);
    let range = &mut map.edges[edge as usize].lanes;
    let index = (range.end - range.start) as u8;
    range.end += 1;
    map.lanes.push(MapLane {
        id: format!("{}_{index}", map.edges[edge as usize].id),
        edge,
        index,
        speed_mps: connection.speed_mps,
        length_m,
        width_m: from.width_m.min(to.width_m),
        allowed: users(if open { from.modes.intersection(to.modes) } else { crate::Modes::NONE }),
        change_left: RoadUsers::ALL,
        change_right: RoadUsers::ALL,
        shape: if whole { line.to_vec() } else { shape::cut(line, from_m, to_m.min(connection.length_m)) },
        ..MapLane::default()
    });
}

/// One row of the matrix.
fn request(net: &LaneNetwork, rows: &Rows, c: ConnIx, waits_inside: bool) -> Request {
    let words = rows.order.len().div_ceil(64);
    let bits = |of: &mut dyn Iterator<Item = ConnIx>| {
        let mut bits = vec![0_u64; words];
        for other in of.map(|other| rows.of(other)) {
            bits[other / 64] |= 1 << (other % 64);
        }
        bits
    };
    Request { gives_way: bits(&mut net.foes_of(c).iter().copied()), meets: bits(&mut net.conflicts_of(c).iter().map(|m| m.other)), waits_inside }
}

/// Where one who turns across waits on the junction for those who come towards him: the distance along his way. None where he turns
/// otherwise, waits for others too, or has no room there.
fn waiting_place(net: &LaneNetwork, junction: JunctionIx, c: ConnIx) -> Option<f64> {
    let connection = net.connection(c);
    let across = if net.left_hand { Turn::Right } else { Turn::Left };
    let kind = net.junctions[junction.ix()].kind;
    if connection.turn != across || !matches!(kind, JunctionKind::Signal | JunctionKind::Priority) {
        return None;
    }
    let heading = |c: ConnIx| net.end_heading(net.lane(net.connection(c).from_lane).link);
    let own = heading(c);
    let rank = |c: ConnIx| net.link(net.lane(net.connection(c).from_lane).link).priority;
    let mut at = f64::INFINITY;
    for meeting in net.conflicts_of(c).iter().filter(|m| net.foes_of(c).contains(&m.other)) {
        let oncoming = shape::wrap(heading(meeting.other) - own).abs() > 1.9;
        if !oncoming {
            // By signs he waits at the line for whoever comes from the side; lights hold those.
            if kind == JunctionKind::Priority && rank(meeting.other) >= rank(c) {
                return None;
            }
            continue;
        }
        if meeting.kind == ConflictKind::Crossing {
            let other = net.connection(meeting.other);
            let along = |c: &crate::Connection, at: f64| shape::pose(net.shape(&c.shape), at).1;
            let slant = (along(connection, meeting.at_m) - along(other, meeting.other_at_m)).sin().abs().max(0.3);
            at = at.min(meeting.at_m - 0.5 * net.lane(other.from_lane).width_m / slant - CLEAR_M);
        }
    }
    (at.is_finite() && at >= ROOM_M[0] && at <= connection.length_m - ROOM_M[1]).then_some(at)
}

/// The junction of a waiting place: who comes towards it is heeded there, on the lanes over the junction that meet the rest of the way.
fn place(net: &LaneNetwork, map: &RoadMap, rows: &Rows, c: ConnIx, first_parts: &[u32], second: u32) -> MapJunction {
    let mut incoming = vec![first_parts[rows.of(c)]];
    let mut internal = Vec::new();
    for meeting in net.conflicts_of(c) {
        internal.push(first_parts[rows.of(meeting.other)]);
        let lane = net.connection(meeting.other).from_lane.0;
        if net.foes_of(c).contains(&meeting.other) && !incoming.contains(&lane) {
            incoming.push(lane);
        }
    }
    internal.sort_unstable();
    let lane = &map.lanes[second as usize];
    MapJunction {
        id: lane.id.clone(),
        kind: NodeKind::Internal,
        position: lane.shape.first().copied().unwrap_or_default(),
        incoming,
        internal,
        ..MapJunction::default()
    }
}
