//! Which lanes a crossing leads over, and who goes first there.

use super::ground::Ground;
use super::paths::Crossed;
use crate::ix::{ConnIx, LinkIx};
use crate::lane::{JunctionKind, LaneNetwork};
use crate::shape::{self, Point};
use crate::walk::Crossing;
use qike_scene::SceneSnapshot;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};
use std::collections::BTreeMap;

#[derive(Clone, Copy)]
enum Path {
    Lane(u32),
    Connection(u32),
}

/// Fills in the crossings of the network.
pub(crate) fn add(scene: &SceneSnapshot, lanes: &LaneNetwork, crossed: Vec<Crossed>, ground: &mut Ground) {
    if crossed.is_empty() {
        return;
    }
    let entry = |points: &[Point], path: Path| {
        let b = qike_core::Bounds3::of(points).flat();
        GeomWithData::new(Rectangle::from_corners(b.min, b.max), path)
    };
    let on_lanes = lanes.lanes.iter().enumerate().map(|(i, l)| entry(lanes.shape(&l.shape), Path::Lane(i as u32)));
    let over = lanes.connections.iter().enumerate().map(|(i, c)| entry(lanes.shape(&c.shape), Path::Connection(i as u32)));
    let tree = RTree::bulk_load(on_lanes.chain(over).collect::<Vec<_>>());
    for c in crossed {
        let mut links: BTreeMap<LinkIx, f64> = BTreeMap::new();
        let mut connections: BTreeMap<ConnIx, f64> = BTreeMap::new();
        for [a, b] in &c.lines {
            let window = AABB::from_corners([a[0].min(b[0]), a[1].min(b[1])], [a[0].max(b[0]), a[1].max(b[1])]);
            for found in tree.locate_in_envelope_intersecting(&window) {
                let line = match found.data {
                    Path::Lane(l) => lanes.shape(&lanes.lanes[l as usize].shape),
                    Path::Connection(k) => lanes.shape(&lanes.connections[k as usize].shape),
                };
                let Some((at, _)) = shape::crossing(line, &[*a, *b]) else { continue };
                let share = at / shape::length(line).max(1e-9);
                match found.data {
                    Path::Lane(l) => {
                        let lane = &lanes.lanes[l as usize];
                        links.entry(lane.link).or_insert(share * lane.length_m);
                    }
                    Path::Connection(k) => {
                        connections.entry(ConnIx(k)).or_insert(share * lanes.connections[k as usize].length_m);
                    }
                }
            }
        }
        if links.is_empty() && connections.is_empty() {
            continue;
        }
        let at = connections.keys().map(|k| lanes.connection(*k).junction).chain(links.keys().flat_map(|l| {
            // A crossing on a link's last metres belongs to the junction ahead, on its first to the one behind.
            let link = lanes.link(*l);
            let s = links[l];
            let ahead = (link.length_m - s < 15.0).then(|| lanes.nodes[link.to.ix()].junction);
            ahead.or((s < 15.0).then(|| lanes.nodes[link.from.ix()].junction))
        }));
        let program = at
            .map(|j| &lanes.junctions[j.ix()])
            .find(|j| j.kind == JunctionKind::Signal)
            .and_then(|j| j.program);
        let marked = c.object.as_ref().and_then(|id| scene.find(id.as_str())).is_some_and(|ix| {
            let kind = scene.get(ix).str("crossing").or_else(|| scene.get(ix).str("crossing_ref"));
            kind.is_some_and(|k| !matches!(k, "unmarked" | "no" | "informal"))
        });
        ground.crossings.push(Crossing {
            object: c.object,
            areas: c.areas,
            links: links.into_iter().collect(),
            connections: connections.into_iter().collect(),
            program,
            priority: program.is_none() && marked,
        });
    }
}
