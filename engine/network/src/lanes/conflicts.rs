//! Connections with shapes; where they cross or merge; how right of way is decided at a junction.

use super::right_of_way::{self, Manners};
use super::turns::Ends;
use crate::ix::{ConnIx, JunctionIx, LaneIx};
use crate::lane::{Conflict, ConflictKind, Connection, JunctionKind, LaneNetwork, Turn};
use crate::shape;

/// Sideways acceleration that drivers accept in a bend, m/s².
const SIDEWAYS_MPS2: f64 = 2.5;
/// The slowest that a connection is driven.
const SLOWEST_MPS: f64 = 2.5;

/// Headings are those of so much road before and behind the junction, m.
const HEADING_M: f64 = 5.0;

/// Makes a connection with a shape and appends it. `passing`: the road merely goes on there; then it is no slower than the road, whose
/// own bends slow nobody down either.
pub(crate) fn connect(net: &mut LaneNetwork, junction: JunctionIx, from: LaneIx, to: LaneIx, turn: Turn, passing: bool) {
    let (a, b) = (net.lane(from), net.lane(to));
    let (from_line, to_line) = (net.shape(&a.shape), net.shape(&b.shape));
    let (ha, hb) = (shape::end_heading(from_line, HEADING_M), shape::start_heading(to_line, HEADING_M));
    let (Some(&p), Some(&q)) = (from_line.last(), to_line.first()) else { return };
    let line = shape::curve(p, ha, q, hb);
    let length_m = shape::length(&line).max(0.1);
    let bend = shape::wrap(hb - ha).abs();
    let limit = a.speed_mps.min(b.speed_mps);
    // The bend is between the middles of the two stretches that the headings are of; one of a few degrees is no reason to slow down.
    let straight = bend < 0.15 || passing && turn == Turn::Straight;
    let radius = if straight { f64::INFINITY } else { (length_m + (HEADING_M.min(a.length_m) + HEADING_M.min(b.length_m)) / 2.0) / bend };
    let speed_mps = limit.min((SIDEWAYS_MPS2 * radius).sqrt()).max(SLOWEST_MPS.min(limit));
    let start = net.points.len() as u32;
    net.points.extend(line);
    net.connections.push(Connection {
        from_lane: from,
        to_lane: to,
        junction,
        length_m,
        speed_mps,
        shape: start..net.points.len() as u32,
        turn,
        signal: None,
        stops: false,
        yields_to: 0..0,
        conflicts: 0..0,
    });
}

/// A crossing or merging of two connections of one junction.
pub(crate) struct Meeting {
    pub a: ConnIx,
    pub b: ConnIx,
    at_a: f64,
    at_b: f64,
    kind: ConflictKind,
}

/// All pairs of connections of a junction that cross or merge.
pub(crate) fn meetings(net: &LaneNetwork, connections: std::ops::Range<u32>) -> Vec<Meeting> {
    let boxes: Vec<[f64; 4]> = connections
        .clone()
        .map(|c| {
            let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
            let grow = |b: [f64; 4], p: &[f64; 3]| [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])];
            net.shape(&net.connection(ConnIx(c)).shape).iter().fold(start, grow)
        })
        .collect();
    let mut met = vec![];
    for (i, a) in connections.clone().enumerate() {
        for (j, b) in connections.clone().enumerate().skip(i + 1) {
            let (ca, cb) = (net.connection(ConnIx(a)), net.connection(ConnIx(b)));
            if ca.from_lane == cb.from_lane {
                continue;
            }
            let (a, b) = (ConnIx(a), ConnIx(b));
            if ca.to_lane == cb.to_lane {
                met.push(Meeting { a, b, at_a: ca.length_m, at_b: cb.length_m, kind: ConflictKind::Merging });
                continue;
            }
            let (u, v) = (boxes[i], boxes[j]);
            if u[0] > v[2] || v[0] > u[2] || u[1] > v[3] || v[1] > u[3] {
                continue;
            }
            if let Some((at_a, at_b)) = shape::crossing(net.shape(&ca.shape), net.shape(&cb.shape)) {
                met.push(Meeting { a, b, at_a, at_b, kind: ConflictKind::Crossing });
            }
        }
    }
    met
}

/// Writes the conflicts and the right of way of a junction's connections.
pub(crate) fn settle(net: &mut LaneNetwork, junction: JunctionIx, met: &[Meeting], rules: &Manners) {
    let range = net.junctions[junction.ix()].connections.clone();
    let mut of: Vec<(Vec<Conflict>, Vec<ConnIx>)> = range.clone().map(|_| (vec![], vec![])).collect();
    for m in met {
        let [i, j] = [m.a, m.b].map(|c| (c.0 - range.start) as usize);
        of[i].0.push(Conflict { other: m.b, at_m: m.at_a, other_at_m: m.at_b, kind: m.kind });
        of[j].0.push(Conflict { other: m.a, at_m: m.at_b, other_at_m: m.at_a, kind: m.kind });
        if right_of_way::first_yields(net, junction, m.a, m.b, rules) { of[i].1.push(m.b) } else { of[j].1.push(m.a) }
    }
    for (c, (mut conflicts, mut yields)) in range.zip(of) {
        conflicts.sort_by_key(|c| c.other);
        yields.sort_unstable();
        let (c0, f0) = (net.conflicts.len() as u32, net.foes.len() as u32);
        net.conflicts.extend(conflicts);
        net.foes.extend(yields);
        let connection = &mut net.connections[c as usize];
        connection.conflicts = c0..net.conflicts.len() as u32;
        connection.yields_to = f0..net.foes.len() as u32;
    }
}

/// How right of way is decided at a junction, from its arms.
pub(crate) fn kind_of(net: &LaneNetwork, ends: &Ends, arms: usize, signal: bool, rules: &Manners) -> JunctionKind {
    let any = |f: &dyn Fn(&crate::lane::Link) -> bool| ends.ins.iter().any(|e| f(net.link(e.link)));
    let first = ends.ins.first().map(|e| net.link(e.link).priority);
    if arms <= 1 {
        JunctionKind::DeadEnd
    } else if signal && !ends.ins.is_empty() {
        JunctionKind::Signal
    } else if arms == 2 {
        JunctionKind::Passing
    } else if any(&|l| l.roundabout) {
        JunctionKind::Roundabout
    } else if !rules.all_stop && (!rules.signed.is_empty() || ends.ins.iter().any(|e| Some(net.link(e.link).priority) != first)) {
        JunctionKind::Priority
    } else {
        JunctionKind::RightBeforeLeft
    }
}

/// Fills the tables from lanes to the connections that leave and enter them.
pub(crate) fn index(net: &mut LaneNetwork) {
    let rows = |key: &dyn Fn(&Connection) -> LaneIx| {
        let mut starts = vec![0u32; net.lanes.len() + 1];
        net.connections.iter().for_each(|c| starts[key(c).ix() + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut order: Vec<ConnIx> = (0..net.connections.len()).map(ConnIx::new).collect();
        order.sort_by_key(|c| (key(net.connection(*c)), *c));
        (starts, order)
    };
    let (outgoing, incoming) = (rows(&|c| c.from_lane), rows(&|c| c.to_lane));
    (net.outgoing_starts, net.outgoing) = outgoing;
    (net.incoming_starts, net.incoming) = incoming;
}
