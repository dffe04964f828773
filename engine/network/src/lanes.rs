//! Derives the lane network from the roads, signs and signals of a scene.
//!
//! In steps, each in a module of its own: what the tags say; where roads meet; which nodes are one junction; links and lanes
//! with shapes; which lane leads where; who crosses whom and gives way; lights.

mod check;
mod conflicts;
mod coordination;
mod junctions;
mod links;
mod merging;
mod restrictions;
mod right_of_way;
mod rings;
mod signals;
mod tags;
mod topology;
mod turns;

pub use check::{RoadCheckOptions, check_roads};
pub(crate) use topology::{NodeKey, keyed_lines};

use crate::error::NetworkError;
use crate::ix::{JunctionIx, NodeIx};
use crate::lane::{Junction, JunctionKind, LaneNetwork};
use qike_core::Diagnostic;
use qike_core::crs::CrsKind;
use qike_scene::SceneSnapshot;
use std::collections::BTreeSet;
use tags::Arrows;
use turns::{Context, Ends};

/// What the scene cannot say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkOptions {
    /// Traffic keeps to the left (Britain, Japan, Hong Kong).
    pub left_hand: bool,
}

/// Refuses coordinates that are not metres.
pub(crate) fn metric(scene: &SceneSnapshot) -> Result<(), NetworkError> {
    match scene.crs().kind() {
        Ok(CrsKind::Geographic) => Err(NetworkError::Geographic(scene.crs().definition().to_owned())),
        _ => Ok(()),
    }
}

impl LaneNetwork {
    /// Builds the network of all roads in the scene that motor vehicles may use. The same scene gives the same network.
    ///
    /// # Errors
    /// When the scene's coordinates are not metres. Faults of single roads are in [`LaneNetwork::faults`].
    pub fn from_scene(scene: &SceneSnapshot, options: &NetworkOptions) -> Result<LaneNetwork, NetworkError> {
        metric(scene)?;
        let mut net = LaneNetwork { left_hand: options.left_hand, ..LaneNetwork::default() };
        let top = topology::collect(scene, options.left_hand);
        let arms = topology::arms(&top);
        let joined = junctions::join(&top, &arms);
        let of_segment = links::build(scene, &top, &arms, &joined, &mut net);
        let rules = restrictions::Rules::new(scene, &top, &mut net.faults);
        report_ways(scene, &rules, &top, &joined, &mut net.faults);
        let arrows = lane_arrows(&top, &of_segment, net.lanes.len(), &net);
        let cx = Context { top: &top, joined: &joined, arms: &arms, of_segment: &of_segment, rules: &rules, arrows };
        let ends = turns::ends(&cx);
        for (j, ends) in ends.iter().enumerate() {
            junction(&mut net, &cx, JunctionIx::new(j), ends);
        }
        signals::build(&mut net, &ends, &joined.lights);
        conflicts::index(&mut net);
        coordination::coordinate(&mut net);
        report_pieces(&mut net);
        Ok(net)
    }
}

fn lane_arrows(top: &topology::Topology, of_segment: &links::SegmentLinks, lanes: usize, net: &LaneNetwork) -> Vec<Arrows> {
    let mut arrows = vec![Arrows::default(); lanes];
    for (s, links) in top.segments.iter().zip(of_segment) {
        let spec = &top.specs[s.spec as usize];
        for (link, side) in links.iter().zip([&spec.forward, &spec.backward]) {
            let Some(link) = link else { continue };
            for (lane, tagged) in net.links[link.ix()].lanes.clone().zip(&side.lanes) {
                arrows[lane as usize] = tagged.arrows;
            }
        }
    }
    arrows
}

fn junction(net: &mut LaneNetwork, cx: &Context, j: JunctionIx, ends: &Ends) {
    let nodes = &cx.joined.nodes[j.ix()];
    let count = nodes.len().max(1) as f64;
    let sum = |k: usize| nodes.iter().map(|n| cx.top.positions[*n as usize][k]).sum::<f64>() / count;
    let position = [sum(0), sum(1), sum(2)];
    let arms: usize = nodes
        .iter()
        .map(|n| cx.arms[*n as usize].iter().filter(|s| !cx.joined.internal(&cx.top.segments[**s as usize])).count())
        .sum();
    let rules = right_of_way::Manners::new(net, cx, ends, arms);
    let kind = conflicts::kind_of(net, ends, arms, !cx.joined.lights[j.ix()].is_empty(), &rules);
    let first = net.connections.len() as u32;
    let all: Vec<_> = ends.ins.iter().map(|end| (end.link, turns::movements(net, cx, ends, end))).collect();
    let shares = merging::Shares::new(net, &all);
    for (from, moves) in &all {
        for (from, to, turn) in turns::lane_pairs(net, &cx.arrows, *from, moves, &shares) {
            conflicts::connect(net, j, from, to, turn, kind == JunctionKind::Passing);
        }
    }
    let connections = first..net.connections.len() as u32;
    let id = nodes.first().map(|n| cx.top.keys[*n as usize].id()).unwrap_or_default();
    net.junctions.push(Junction { id, kind, position, connections: connections.clone(), program: None });
    let met = conflicts::meetings(net, connections.clone());
    conflicts::settle(net, j, &met, &rules);
    for c in connections {
        let c = &mut net.connections[c as usize];
        c.stops = kind != JunctionKind::Signal && rules.stops.contains(&net.lanes[c.from_lane.ix()].link) && (rules.all_stop || !c.yields_to.is_empty());
    }
}

/// Restrictions over a way hold only where that way lies inside a junction; elsewhere the user should know that they do not.
fn report_ways(
    scene: &SceneSnapshot,
    rules: &restrictions::Rules,
    top: &topology::Topology,
    joined: &junctions::Junctions,
    faults: &mut Vec<Diagnostic>,
) {
    let inside: BTreeSet<_> = top.segments.iter().filter(|s| joined.internal(s)).map(|s| s.object).collect();
    let mut open: Vec<_> = rules.ways().filter(|(_, way)| !inside.contains(way)).collect();
    open.sort();
    for (from, way) in open {
        let (from, way) = (&scene.get(from).id, &scene.get(way).id);
        let message = format!("a turn restriction over the road '{way}' is not kept: it is no part of a junction");
        faults.push(Diagnostic::info("restriction-over-way", message).object(from.as_str()));
    }
}

/// Reports pieces of the network that hang together with nothing else.
fn report_pieces(net: &mut LaneNetwork) {
    let mut piece: Vec<u32> = (0..net.junctions.len() as u32).collect();
    fn root(piece: &mut [u32], mut i: u32) -> u32 {
        while piece[i as usize] != i {
            piece[i as usize] = piece[piece[i as usize] as usize];
            i = piece[i as usize];
        }
        i
    }
    let of = |net: &LaneNetwork, node: NodeIx| net.nodes[node.ix()].junction.0;
    for link in &net.links {
        let (a, b) = (root(&mut piece, of(net, link.from)), root(&mut piece, of(net, link.to)));
        piece[a.max(b) as usize] = a.min(b);
    }
    let mut sizes = vec![0usize; net.junctions.len()];
    for link in &net.links {
        sizes[root(&mut piece, of(net, link.from)) as usize] += 1;
    }
    let Some(largest) = (0..sizes.len()).max_by_key(|i| (sizes[*i], std::cmp::Reverse(*i))) else { return };
    for (i, links) in sizes.iter().enumerate().filter(|(i, n)| **n > 0 && *i != largest) {
        let at = &net.junctions[i];
        let message = format!("{links} links around '{}' hang together with no other road", at.id);
        net.faults.push(Diagnostic::info("network-piece", message).position(at.position));
    }
}
