//! From pieces of road to links and lanes with shapes, cut back where carriageways would lie on one another.

use super::junctions::Junctions;
use super::topology::Topology;
use crate::ix::{JunctionIx, LaneIx, LinkIx, NodeIx};
use crate::lane::{Lane, LaneNetwork, Link, Node};
use crate::shape::{self, Point};
use qike_scene::SceneSnapshot;

/// Where a plain stretch of road goes on, its links stand this far back from the node, so that connections have a length.
const PASSING_M: f64 = 0.5;
/// No lane is cut back further than this.
const MOST_M: f64 = 30.0;
/// Lanes end this much before the edge of the crossing road.
const MARGIN_M: f64 = 2.0;

/// Vehicles stop this far before the middle of a crossing.
const CROSSING_M: f64 = 3.0;

/// Directed links of a segment.
pub(crate) type SegmentLinks = Vec<[Option<LinkIx>; 2]>;

fn half_width(top: &Topology, segment: u32) -> f64 {
    let spec = &top.specs[top.segments[segment as usize].spec as usize];
    (spec.forward.lanes.len() + spec.backward.lanes.len()) as f64 * spec.lane_width_m / 2.0
}

/// Heading of a segment as it leaves one of its nodes.
pub(crate) fn heading_from(top: &Topology, segment: u32, node: u32) -> f64 {
    let s = &top.segments[segment as usize];
    if s.a == node {
        shape::start_heading(&s.line, 12.0)
    } else {
        shape::wrap(shape::end_heading(&s.line, 12.0) + std::f64::consts::PI)
    }
}

/// How far the lanes of a segment stand back from one of its nodes.
fn set_back(top: &Topology, arms: &[u32], segment: u32, node: u32) -> f64 {
    if arms.len() < 2 {
        return PASSING_M;
    }
    let own = heading_from(top, segment, node);
    let w = half_width(top, segment);
    let mut back: f64 = PASSING_M;
    for &other in arms.iter().filter(|o| **o != segment) {
        let angle = shape::wrap(heading_from(top, other, node) - own).abs();
        let v = half_width(top, other);
        // Edges of two arms at an angle meet at this distance from the node (nothing to do where they point away).
        let meet = if angle.sin() > 0.05 { (v + w * angle.cos()) / angle.sin() } else if angle < 1.0 { MOST_M } else { 0.0 };
        let margin = if arms.len() > 2 { MARGIN_M } else { 0.0 };
        if arms.len() > 2 || angle < 2.3 {
            back = back.max(meet + margin);
        }
    }
    // Who stops at the junction stops before the walkers' crossing.
    let s = &top.segments[segment as usize];
    let crossing = (s.inner.iter())
        .filter(|(key, _)| top.crossings.contains(key))
        .map(|(_, at)| if s.a == node { *at } else { s.length_m - at })
        .filter(|away| *away < MOST_M - CROSSING_M)
        .fold(0.0, f64::max);
    if arms.len() > 2 && crossing > 0.0 {
        back = back.max(crossing + CROSSING_M);
    }
    back.min(MOST_M)
}

/// Makes nodes, links and lanes. Segments inside a junction make none.
pub(crate) fn build(
    scene: &SceneSnapshot,
    top: &Topology,
    arms: &[Vec<u32>],
    joined: &Junctions,
    net: &mut LaneNetwork,
) -> SegmentLinks {
    net.nodes = (top.keys.iter().zip(&top.positions).zip(&joined.of_node))
        .map(|((key, position), junction)| Node { id: key.id(), position: *position, junction: JunctionIx(*junction) })
        .collect();
    let mut of_segment = vec![[None; 2]; top.segments.len()];
    for (i, s) in top.segments.iter().enumerate() {
        if joined.internal(s) {
            continue;
        }
        let spec = &top.specs[s.spec as usize];
        let mut backs = [s.a, s.b].map(|node| set_back(top, &arms[node as usize], i as u32, node));
        // Something of the road must be left: at least half of it, or one metre of a short one.
        let most = (s.length_m - 1.0).max(s.length_m * 0.5).min(s.length_m * 0.9);
        let sum = backs[0] + backs[1];
        if sum > most {
            backs = backs.map(|b| b * most / sum);
        }
        let line = shape::cut(&s.line, backs[0], s.length_m - backs[1]);
        let length_m = shape::length(&line).max(0.05);
        let all = spec.forward.lanes.len() + spec.backward.lanes.len();
        let object = scene.get(s.object);
        for (d, side) in [&spec.forward, &spec.backward].into_iter().enumerate() {
            if side.lanes.is_empty() {
                continue;
            }
            let along = d == 0;
            let own_line: Vec<Point> = if along { line.clone() } else { line.iter().rev().copied().collect() };
            let link = LinkIx::new(net.links.len());
            of_segment[i][d] = Some(link);
            let first = net.lanes.len() as u32;
            for (index, lane) in side.lanes.iter().enumerate() {
                let from_kerb = (index as f64 + 0.5) * spec.lane_width_m;
                let right = all as f64 * spec.lane_width_m / 2.0 - from_kerb;
                let points = shape::shift(&own_line, if net.left_hand { -right } else { right });
                let start = net.points.len() as u32;
                net.points.extend(points);
                net.lanes.push(Lane {
                    link,
                    index: index as u8,
                    length_m,
                    width_m: spec.lane_width_m,
                    speed_mps: side.speed_mps,
                    modes: lane.modes,
                    shape: start..net.points.len() as u32,
                    closed: false,
                });
            }
            let (from, to) = if along { (s.a, s.b) } else { (s.b, s.a) };
            net.links.push(Link {
                id: format!("{}#{}{}", object.id, s.piece, if along { '>' } else { '<' }),
                object: object.id.clone(),
                from: NodeIx(from),
                to: NodeIx(to),
                lanes: first..net.lanes.len() as u32,
                length_m,
                speed_mps: side.speed_mps,
                priority: spec.kind.priority(),
                name: object.name.clone().or_else(|| object.text("name")),
                kind: spec.kind,
                roundabout: spec.roundabout,
                reverse: None,
            });
        }
        if let [Some(a), Some(b)] = of_segment[i] {
            net.links[a.ix()].reverse = Some(b);
            net.links[b.ix()].reverse = Some(a);
        }
    }
    of_segment
}

/// The lanes of a link as indices, from the kerb to the middle.
pub(crate) fn lanes(net: &LaneNetwork, link: LinkIx) -> impl Iterator<Item = LaneIx> + use<> {
    net.links[link.ix()].lanes.clone().map(LaneIx)
}
