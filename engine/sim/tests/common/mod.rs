//! Generated networks and demand for tests and benchmarks: roads given by nodes and links, junctions made from their angles.
#![allow(dead_code)]

pub mod ground;

use qike_core::{CounterRng, SimTime};
use qike_network::*;
use qike_sim::{Demand, VehicleKind, VehicleTrip};
use std::sync::Arc;

/// How right of way is decided at a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    Free,
    /// North–south roads go first.
    Priority,
    /// Fixed time: green of north–south and of east–west, yellow and all-red, ms.
    Signal { green: [u32; 2], yellow: u32, red: u32 },
}

pub struct Road {
    pub from: usize,
    pub to: usize,
    pub lanes: u32,
    pub speed: f64,
}

fn sub(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}
fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// Builds a network. Lanes are cut back by `cut` metres at nodes with more than two roads.
pub fn build(nodes: &[[f64; 2]], roads: &[Road], rule: impl Fn(usize) -> Rule) -> LaneNetwork {
    let mut net = LaneNetwork::default();
    for (ix, p) in nodes.iter().enumerate() {
        net.nodes.push(Node { id: format!("node{ix}"), position: [p[0], p[1], 0.0], junction: JunctionIx::new(ix) });
    }
    let arms = |n: usize| roads.iter().filter(|r| r.to == n || r.from == n).count();
    for (ix, road) in roads.iter().enumerate() {
        let (a, b) = (nodes[road.from], nodes[road.to]);
        let d = sub(b, a);
        let length = d[0].hypot(d[1]);
        let u = [d[0] / length, d[1] / length];
        let right = [u[1], -u[0]];
        let cut = |n: usize| if arms(n) > 4 { 4.0 + 3.2 * f64::from(road.lanes) } else { 0.5 };
        let (start, end) = (cut(road.from), length - cut(road.to));
        let first = net.lanes.len() as u32;
        for lane in 0..road.lanes {
            let off = 1.6 + 3.2 * f64::from(road.lanes - 1 - lane);
            let at = |s: f64| [a[0] + u[0] * s + right[0] * off, a[1] + u[1] * s + right[1] * off, 0.0];
            let shape = net.points.len() as u32;
            net.points.extend([at(start), at(end)]);
            net.lanes.push(Lane {
                link: LinkIx::new(ix),
                index: lane as u8,
                length_m: end - start,
                width_m: 3.2,
                speed_mps: road.speed,
                modes: Modes::MOTOR,
                shape: shape..shape + 2,
                closed: false,
            });
        }
        net.links.push(Link {
            id: format!("link{ix}"),
            object: format!("road{ix}").into(),
            from: NodeIx::new(road.from),
            to: NodeIx::new(road.to),
            lanes: first..first + road.lanes,
            length_m: end - start,
            speed_mps: road.speed,
            priority: 1,
            name: None,
            kind: RoadKind::Primary,
            roundabout: false,
            reverse: None,
        });
    }
    for n in 0..nodes.len() {
        junction(&mut net, nodes, roads, n, rule(n));
    }
    index(&mut net);
    net
}

fn junction(net: &mut LaneNetwork, nodes: &[[f64; 2]], roads: &[Road], n: usize, rule: Rule) {
    let first = net.connections.len();
    let heading = |r: &Road| sub(nodes[r.to], nodes[r.from]);
    for (i, inn) in roads.iter().enumerate().filter(|(_, r)| r.to == n) {
        let outs: Vec<usize> = (0..roads.len()).filter(|o| roads[*o].from == n && roads[*o].to != inn.from).collect();
        for o in outs {
            let (a, b) = (heading(inn), heading(&roads[o]));
            let angle = cross(a, b).atan2(a[0] * b[0] + a[1] * b[1]);
            let turn = if angle > 0.6 { Turn::Left } else if angle < -0.6 { Turn::Right } else { Turn::Straight };
            let (li, lo) = (net.links[i].lanes.clone(), net.links[o].lanes.clone());
            let pairs: Vec<(u32, u32)> = match turn {
                Turn::Right => vec![(li.start, lo.start)],
                Turn::Left => vec![(li.end - 1, lo.end - 1)],
                _ => (0..(li.end - li.start).max(lo.end - lo.start))
                    .map(|k| (li.start + k.min(li.end - li.start - 1), lo.start + k.min(lo.end - lo.start - 1)))
                    .collect(),
            };
            for (from, to) in pairs {
                let p = net.points[net.lanes[from as usize].shape.end as usize - 1];
                let q = net.points[net.lanes[to as usize].shape.start as usize];
                let shape = net.points.len() as u32;
                net.points.extend([p, q]);
                net.connections.push(Connection {
                    from_lane: LaneIx(from),
                    to_lane: LaneIx(to),
                    junction: JunctionIx::new(n),
                    length_m: (q[0] - p[0]).hypot(q[1] - p[1]).max(0.5),
                    speed_mps: if turn == Turn::Straight { inn.speed } else { 6.0f64.min(inn.speed) },
                    shape: shape..shape + 2,
                    turn,
                    signal: None,
                    stops: false,
                    yields_to: 0..0,
                    conflicts: 0..0,
                });
            }
        }
    }
    let last = net.connections.len();
    let axis = |c: &Connection| {
        let h = heading(&roads[net.lanes[c.from_lane.ix()].link.ix()]);
        usize::from(h[0].abs() > h[1].abs())
    };
    let chord = |c: &Connection| {
        let s = net.shape(&c.shape);
        ([s[0][0], s[0][1]], [s[1][0], s[1][1]])
    };
    let meets = |a: &Connection, b: &Connection| {
        if a.from_lane == b.from_lane {
            return None;
        }
        if a.to_lane == b.to_lane {
            return Some(ConflictKind::Merging);
        }
        let ((p, q), (r, s)) = (chord(a), chord(b));
        let side = |o: [f64; 2], e: [f64; 2], x: [f64; 2]| cross(sub(e, o), sub(x, o));
        let crosses = side(p, q, r) * side(p, q, s) < 0.0 && side(r, s, p) * side(r, s, q) < 0.0;
        crosses.then_some(ConflictKind::Crossing)
    };
    let mut conflicts = Vec::new();
    let mut yields = Vec::new();
    for a in first..last {
        let (mut mine, mut foes) = (Vec::new(), Vec::new());
        let ca = &net.connections[a];
        for b in first..last {
            let cb = &net.connections[b];
            let Some(kind) = meets(ca, cb).filter(|_| a != b) else { continue };
            mine.push(Conflict { other: ConnIx::new(b), at_m: ca.length_m * 0.5, other_at_m: cb.length_m * 0.5, kind });
            let rank = |c: &Connection| (usize::from(rule == Rule::Priority) * axis(c), usize::from(c.turn == Turn::Left), c.from_lane);
            if rule != Rule::Free && rank(cb) < rank(ca) {
                foes.push(ConnIx::new(b));
            }
        }
        conflicts.push(mine);
        yields.push(foes);
    }
    if let Rule::Signal { green, yellow, red } = rule {
        let program = ProgramIx::new(net.programs.len());
        // Four groups: straight and right, left, by axis.
        let show = |axis: usize, state: SignalState| {
            let left = if state == SignalState::Green { SignalState::GreenYield } else { state };
            let mut states = vec![SignalState::Red; 4];
            (states[axis * 2], states[axis * 2 + 1]) = (state, left);
            states
        };
        let mut phases = Vec::new();
        for (axis, green) in green.into_iter().enumerate() {
            phases.push(Phase { duration_ms: green, states: show(axis, SignalState::Green) });
            phases.push(Phase { duration_ms: yellow, states: show(axis, SignalState::Yellow) });
            phases.push(Phase { duration_ms: red, states: vec![SignalState::Red; 4] });
        }
        net.programs.push(SignalProgram { id: format!("node{n}"), junction: JunctionIx::new(n), offset_ms: 0, groups: 4, phases, objects: Vec::new() });
        for c in first..last {
            let group = axis(&net.connections[c]) * 2 + usize::from(net.connections[c].turn == Turn::Left);
            net.connections[c].signal = Some(SignalRef { program, group: group as u16 });
        }
    }
    for c in first..last {
        let at = net.conflicts.len() as u32;
        net.conflicts.append(&mut conflicts[c - first]);
        net.connections[c].conflicts = at..net.conflicts.len() as u32;
        let at = net.foes.len() as u32;
        net.foes.append(&mut yields[c - first]);
        net.connections[c].yields_to = at..net.foes.len() as u32;
    }
    let kind = match rule {
        Rule::Free => JunctionKind::Passing,
        Rule::Priority => JunctionKind::Priority,
        Rule::Signal { .. } => JunctionKind::Signal,
    };
    net.junctions.push(Junction {
        id: format!("node{n}"),
        kind,
        position: [nodes[n][0], nodes[n][1], 0.0],
        connections: first as u32..last as u32,
        program: matches!(rule, Rule::Signal { .. }).then(|| ProgramIx::new(net.programs.len() - 1)),
    });
}

fn index(net: &mut LaneNetwork) {
    let by = |key: &dyn Fn(&Connection) -> usize| {
        let mut starts = vec![0u32; net.lanes.len() + 1];
        net.connections.iter().for_each(|c| starts[key(c) + 1] += 1);
        (0..net.lanes.len()).for_each(|i| starts[i + 1] += starts[i]);
        let mut order: Vec<ConnIx> = (0..net.connections.len()).map(ConnIx::new).collect();
        order.sort_by_key(|c| (key(&net.connections[c.ix()]), *c));
        (starts, order)
    };
    let (outgoing_starts, outgoing) = by(&|c| c.from_lane.ix());
    let (incoming_starts, incoming) = by(&|c| c.to_lane.ix());
    (net.outgoing_starts, net.outgoing) = (outgoing_starts, outgoing);
    (net.incoming_starts, net.incoming) = (incoming_starts, incoming);
}

/// A grid of `n` × `n` nodes, every street both ways.
pub fn grid(n: usize, spacing: f64, lanes: u32, speed: f64, rule: Rule) -> LaneNetwork {
    let nodes: Vec<[f64; 2]> = (0..n * n).map(|i| [(i % n) as f64 * spacing, (i / n) as f64 * spacing]).collect();
    let mut roads = Vec::new();
    for i in 0..n * n {
        let mut both = |j: usize| {
            roads.push(Road { from: i, to: j, lanes, speed });
            roads.push(Road { from: j, to: i, lanes, speed });
        };
        if i % n + 1 < n {
            both(i + 1);
        }
        if i / n + 1 < n {
            both(i + n);
        }
    }
    build(&nodes, &roads, |_| rule)
}

/// A road of several links one after another, one way, without junctions that matter; the rule holds at node 1.
pub fn line(lengths: &[f64], lanes: &[u32], speed: f64, rule: Rule) -> LaneNetwork {
    let mut nodes = vec![[0.0, 0.0]];
    let mut roads = Vec::new();
    for (i, (length, lanes)) in lengths.iter().zip(lanes).enumerate() {
        nodes.push([nodes[i][0] + length, 0.0]);
        roads.push(Road { from: i, to: i + 1, lanes: *lanes, speed });
    }
    build(&nodes, &roads, |n| if n == 1 { rule } else { Rule::Free })
}

/// Trips between random links, departures evenly over `seconds`.
pub fn random_trips(net: &LaneNetwork, trips: u32, seconds: f64, seed: u64) -> Demand {
    let links = net.links.len() as u64;
    let vehicles = (0..trips)
        .map(|trip| {
            let mut rng = CounterRng::new(seed, u64::from(trip), 77);
            let from = rng.below(links) as u32;
            let to = (from + 1 + rng.below(links - 1) as u32) % links as u32;
            let kind = match rng.below(20) {
                0 => VehicleKind::Truck,
                1 => VehicleKind::Bus,
                _ => VehicleKind::Car,
            };
            let depart = SimTime::from_s_f64(f64::from(trip) * seconds / f64::from(trips));
            VehicleTrip { demand: 0, trip, depart, from: LinkIx(from), to: LinkIx(to), kind }
        })
        .collect();
    Demand { vehicles, ..Demand::default() }
}

pub fn shared(net: LaneNetwork) -> (Arc<LaneNetwork>, Arc<WalkNetwork>) {
    (Arc::new(net), Arc::new(WalkNetwork { area_portal_starts: vec![0], ..WalkNetwork::default() }))
}
