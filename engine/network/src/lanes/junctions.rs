//! Which nodes form one junction, and which junctions have lights.
//!
//! Two dual carriageways that cross make four nodes a few metres apart; drivers see one junction with one set of lights. Such
//! nodes are joined when short roads link them and lights stand at one of them. Lights drawn at the stop lines, a little before
//! the junction, are taken to the junction they are for.

use super::topology::{NodeKey, STOP_LINE_M, Segment, Sign, Topology};
use crate::lane::RoadKind;
use qike_scene::ObjectId;

/// How far apart two nodes of one junction may be along the road between them.
const JOIN_M: f64 = 30.0;
/// The same where no lights tell that they are one.
const NEAR_M: f64 = 12.0;
/// A joined junction is never wider than this: with lights, without.
const WIDEST_M: [f64; 2] = [80.0, 40.0];

/// Nodes by junction.
#[derive(Debug)]
pub(crate) struct Junctions {
    /// For each node its junction.
    pub of_node: Vec<u32>,
    /// For each junction its nodes, rising.
    pub nodes: Vec<Vec<u32>>,
    /// Its lights: objects of the scene, sorted. Empty where it has none.
    pub lights: Vec<Vec<ObjectId>>,
}

impl Junctions {
    /// Whether a segment lies inside a junction and is no link of its own.
    pub fn internal(&self, s: &Segment) -> bool {
        self.of_node[s.a as usize] == self.of_node[s.b as usize] && s.length_m <= JOIN_M
    }
}

fn root(parent: &mut [u32], mut i: u32) -> u32 {
    while parent[i as usize] != i {
        parent[i as usize] = parent[parent[i as usize] as usize];
        i = parent[i as usize];
    }
    i
}

/// Joins nodes to junctions.
pub(crate) fn join(top: &Topology, arms: &[Vec<u32>]) -> Junctions {
    let n = top.keys.len();
    let objects = lights(top, arms);
    let mut lights: Vec<bool> = objects.iter().map(|o| !o.is_empty()).collect();
    let mut objects = objects;
    let mut parent: Vec<u32> = (0..n as u32).collect();
    let mut boxes: Vec<[f64; 4]> = top.positions.iter().map(|p| [p[0], p[1], p[0], p[1]]).collect();
    let mut order: Vec<u32> = (0..top.segments.len() as u32).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&top.segments[*a as usize], &top.segments[*b as usize]);
        a.length_m.total_cmp(&b.length_m)
    });
    let round: Vec<bool> = arms.iter().map(|arms| arms.iter().any(|s| top.specs[top.segments[*s as usize].spec as usize].roundabout)).collect();
    for i in order {
        let s = &top.segments[i as usize];
        let real = |node: u32| arms[node as usize].len() >= 3;
        let spec = &top.specs[s.spec as usize];
        if s.length_m > JOIN_M || spec.roundabout || !(real(s.a) && real(s.b)) {
            continue;
        }
        let (a, b) = (root(&mut parent, s.a), root(&mut parent, s.b));
        if a == b {
            continue;
        }
        let lit = lights[a as usize] || lights[b as usize];
        if !lit && (s.length_m > NEAR_M || spec.kind == RoadKind::Service || round[s.a as usize] || round[s.b as usize]) {
            continue;
        }
        // Both must have lights, unless one carriageway of a divided road was left without.
        let one_way = spec.forward.lanes.is_empty() || spec.backward.lanes.is_empty();
        if lit && !(one_way || lights[a as usize] && lights[b as usize]) && s.length_m > JOIN_M / 2.0 {
            continue;
        }
        let (u, v) = (boxes[a as usize], boxes[b as usize]);
        let both = [u[0].min(v[0]), u[1].min(v[1]), u[2].max(v[2]), u[3].max(v[3])];
        if (both[2] - both[0]).hypot(both[3] - both[1]) > WIDEST_M[usize::from(!lit)] {
            continue;
        }
        let (low, high) = (a.min(b), a.max(b));
        parent[high as usize] = low;
        boxes[low as usize] = both;
        lights[low as usize] = lit;
    }
    let mut number = vec![u32::MAX; n];
    let mut joined = Junctions { of_node: vec![0; n], nodes: vec![], lights: vec![] };
    for node in 0..n as u32 {
        let r = root(&mut parent, node) as usize;
        if number[r] == u32::MAX {
            number[r] = joined.nodes.len() as u32;
            joined.nodes.push(vec![]);
            joined.lights.push(vec![]);
        }
        joined.of_node[node as usize] = number[r];
        joined.nodes[number[r] as usize].push(node);
        joined.lights[number[r] as usize].append(&mut objects[node as usize]);
    }
    for lights in &mut joined.lights {
        lights.sort();
        lights.dedup();
    }
    joined
}

/// The lights of each node: those that stand there, and those drawn on the roads before it. Nodes where a road merely goes on give
/// theirs to the junction that they are for.
fn lights(top: &Topology, arms: &[Vec<u32>]) -> Vec<Vec<ObjectId>> {
    let mut objects: Vec<Vec<ObjectId>> = top.keys.iter().map(|k| top.signs.signals.get(k).map(|(object, _)| object.clone()).into_iter().collect()).collect();
    for (i, s) in (0..).zip(&top.segments) {
        for (key, at) in &s.inner {
            let Some((object, forward)) = top.signs.signals.get(key) else { continue };
            if let Some(node) = top.lights_of(arms, i, *at, *forward) {
                objects[node as usize].push(object.clone());
            }
        }
    }
    let passing: Vec<u32> = (0..objects.len() as u32).filter(|n| arms[*n as usize].len() < 3 && !objects[*n as usize].is_empty()).collect();
    // Those ahead first: they decide which junctions have lights.
    for behind in [false, true] {
        for &node in &passing {
            let lit = |other: u32| behind && !objects[other as usize].is_empty();
            if let Some(junction) = top.lights_at(arms, node, &lit).filter(|_| !objects[node as usize].is_empty()) {
                let mut moved = std::mem::take(&mut objects[node as usize]);
                objects[junction as usize].append(&mut moved);
            }
        }
    }
    objects
}

/// The sign to stop or give way that stands on a segment shortly before one of its ends (`at_b`: its last node), or at that end for
/// all.
pub(crate) fn sign(top: &Topology, segment: u32, at_b: bool) -> Option<Sign> {
    let s = &top.segments[segment as usize];
    let near = |(key, at): &(NodeKey, f64)| {
        let away = if at_b { s.length_m - at } else { *at };
        let nearer = away <= s.length_m - away;
        let sign = top.signs.give_way.get(key)?;
        (sign.forward.map_or(nearer, |forward| forward == at_b) && away < STOP_LINE_M).then_some(*sign)
    };
    let end = top.keys[if at_b { s.b } else { s.a } as usize];
    let of_all = top.signs.give_way.get(&end).filter(|sign| sign.all).copied();
    // One that says to stop counts before one that says to give way.
    s.inner.iter().filter_map(near).max_by_key(|sign| sign.stop).or(of_all)
}
