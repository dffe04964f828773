//! Collects areas and portals while the walking network is built.

use super::plane;
use crate::ix::{AreaIx, PortalIx};
use crate::shape::{self, Point};
use crate::walk::{Anchor, AreaKind, Crossing, Portal, WalkArea, WalkNetwork};
use qike_core::Diagnostic;
use qike_scene::ObjectId;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

/// Persons that pass one metre of clear width in a second (Weidmann 1993: 1.22 on the flat).
const FLOW_PER_M_S: f64 = 1.22;
/// A gap narrower than this lets nobody through.
const NARROWEST_M: f64 = 0.5;

/// What is known of an area before it is added.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub kind: AreaKind,
    pub object: Option<ObjectId>,
    pub storey: Option<ObjectId>,
    pub speed_factor: f32,
    pub delay_s: f32,
    pub one_way: Option<[f64; 2]>,
    pub belt_mps: f32,
    /// Storeys of roads and paths: bridges and tunnels touch nothing at other levels.
    pub layer: i32,
}

impl Kind {
    pub fn new(kind: AreaKind, object: &ObjectId) -> Kind {
        let object = Some(object.clone());
        Kind { kind, object, storey: None, speed_factor: 1.0, delay_s: 0.0, one_way: None, belt_mps: 0.0, layer: 0 }
    }
}

pub(crate) type Entry = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// The network under construction.
#[derive(Default)]
pub(crate) struct Ground {
    pub areas: Vec<WalkArea>,
    pub layers: Vec<i32>,
    pub rings: Vec<Vec<Point>>,
    pub portals: Vec<Portal>,
    pub crossings: Vec<Crossing>,
    pub anchors: Vec<Anchor>,
    pub faults: Vec<Diagnostic>,
    /// Pieces by object, for the numbers in ids.
    counts: std::collections::HashMap<ObjectId, u32>,
}

fn slope(ring: &[Point], centre: Point) -> [f64; 2] {
    // Least squares through the corners.
    let (mut xx, mut xy, mut yy, mut xz, mut yz) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mean_z = ring.iter().map(|p| p[2]).sum::<f64>() / ring.len() as f64;
    for p in ring {
        let (x, y, z) = (p[0] - centre[0], p[1] - centre[1], p[2] - mean_z);
        xx += x * x;
        xy += x * y;
        yy += y * y;
        xz += x * z;
        yz += y * z;
    }
    let det = xx * yy - xy * xy;
    if det.abs() < 1e-9 { [0.0, 0.0] } else { [(xz * yy - yz * xy) / det, (yz * xx - xz * xy) / det] }
}

impl Ground {
    /// Adds one convex area; its ring is turned counter-clockwise. `None` where it has no extent.
    pub fn area(&mut self, kind: &Kind, mut ring: Vec<Point>) -> Option<AreaIx> {
        ring.dedup_by(|a, b| shape::distance(*a, *b) < 1e-6);
        while ring.len() > 1 && shape::distance(ring[0], ring[ring.len() - 1]) < 1e-6 {
            ring.pop();
        }
        if plane::signed_area(&ring) < 0.0 {
            ring.reverse();
        }
        let (area_m2, mut centre) = plane::centroid(&ring);
        if ring.len() < 3 || area_m2 < 0.01 || !ring.iter().flatten().all(|c| c.is_finite()) {
            return None;
        }
        let slope = slope(&ring, centre);
        // The plane goes through the middle of the corners; bring that to the centroid.
        let n = ring.len() as f64;
        let mid = [0, 1].map(|k| ring.iter().map(|p| p[k]).sum::<f64>() / n);
        centre[2] += slope[0] * (centre[0] - mid[0]) + slope[1] * (centre[1] - mid[1]);
        let number = kind.object.as_ref().map_or(self.areas.len() as u32, |o| {
            let count = self.counts.entry(o.clone()).or_default();
            *count += 1;
            *count - 1
        });
        let id = format!("{}#{number}", kind.object.as_ref().map_or("area", |o| o.as_str()));
        let ix = AreaIx::new(self.areas.len());
        self.areas.push(WalkArea {
            id,
            object: kind.object.clone(),
            kind: kind.kind,
            storey: kind.storey.clone(),
            ring: 0..0,
            slope,
            centre,
            area_m2,
            speed_factor: kind.speed_factor,
            delay_s: kind.delay_s,
            one_way: kind.one_way,
            belt_mps: kind.belt_mps,
            closed: false,
        });
        self.layers.push(kind.layer);
        self.rings.push(ring);
        Some(ix)
    }

    /// Adds a polygon with holes as convex areas with portals between them.
    pub fn polygon(&mut self, kind: &Kind, rings: &[Vec<Point>]) -> Vec<AreaIx> {
        let cut = plane::convex(rings);
        let added: Vec<Option<AreaIx>> =
            cut.pieces.iter().map(|p| self.area(kind, p.iter().map(|k| cut.corners[*k as usize]).collect())).collect();
        let mut owner = std::collections::HashMap::new();
        for (i, piece) in cut.pieces.iter().enumerate() {
            owner.extend(plane::edges(piece).map(|e| (e, i)));
        }
        for (i, piece) in cut.pieces.iter().enumerate() {
            for (a, b) in plane::edges(piece) {
                let other = owner.get(&(b, a)).copied().filter(|j| *j > i);
                if let (Some(x), Some(y)) = (added[i], other.and_then(|j| added[j])) {
                    let [p, q] = [a, b].map(|k| cut.corners[k as usize]);
                    self.portal(x, y, [p, q], [p, q], None);
                }
            }
        }
        added.into_iter().flatten().collect()
    }

    /// Joins two areas. The segments are where their walkers pass, on their own ground.
    pub fn portal(&mut self, a: AreaIx, b: AreaIx, on_a: [Point; 2], on_b: [Point; 2], object: Option<ObjectId>) -> Option<PortalIx> {
        let width_m = shape::distance(on_a[0], on_a[1]).min(shape::distance(on_b[0], on_b[1]).max(NARROWEST_M));
        if a == b || (object.is_none() && width_m < NARROWEST_M) {
            return None;
        }
        let [p, q] = on_a;
        let [p_b, q_b] = on_b;
        self.portals.push(Portal {
            a,
            b,
            p,
            q,
            p_b,
            q_b,
            width_m,
            capacity_per_s: width_m * FLOW_PER_M_S,
            object,
            one_way: false,
            closed: false,
        });
        Some(PortalIx::new(self.portals.len() - 1))
    }

    /// Height of an area's plane.
    pub fn height(&self, area: AreaIx, p: Point) -> f64 {
        let a = &self.areas[area.ix()];
        a.centre[2] + a.slope[0] * (p[0] - a.centre[0]) + a.slope[1] * (p[1] - a.centre[1])
    }

    /// An index of areas by their boxes in plan.
    pub fn tree(&self, accept: impl Fn(AreaIx) -> bool) -> RTree<Entry> {
        let entry = |i: usize| {
            let mut b = qike_core::Bounds3::of(&self.rings[i]).flat();
            if b.is_empty() {
                b.grow([0.0, 0.0]);
            }
            Entry::new(Rectangle::from_corners(b.min, b.max), i as u32)
        };
        RTree::bulk_load((0..self.areas.len()).filter(|i| accept(AreaIx::new(*i))).map(entry).collect())
    }

    /// Areas whose box is within `slack` of a segment, rising.
    pub fn near(tree: &RTree<Entry>, a: Point, b: Point, slack: f64) -> Vec<AreaIx> {
        let low = [a[0].min(b[0]) - slack, a[1].min(b[1]) - slack];
        let high = [a[0].max(b[0]) + slack, a[1].max(b[1]) + slack];
        let mut found: Vec<AreaIx> =
            tree.locate_in_envelope_intersecting(&AABB::from_corners(low, high)).map(|e| AreaIx(e.data)).collect();
        found.sort_unstable();
        found
    }

    /// Makes a portal along the part of an edge of `a` that lies on `b` (within `slack`), where the ground is at one height.
    pub fn touch(&mut self, a: AreaIx, edge: [Point; 2], b: AreaIx, slack: f64, step_m: f64) -> Option<PortalIx> {
        let ring = &self.rings[b.ix()];
        let (low, high) = plane::clip(ring, edge[0], edge[1], slack)?;
        let on_a = [shape::lerp(edge[0], edge[1], low), shape::lerp(edge[0], edge[1], high)];
        if shape::distance(on_a[0], on_a[1]) < NARROWEST_M {
            return None;
        }
        let on_b = on_a.map(|p| {
            let q = plane::clamp_into(ring, p);
            [q[0], q[1], self.height(b, q)]
        });
        let level = on_a.iter().zip(&on_b).all(|(p, q)| (p[2] - q[2]).abs() <= step_m);
        if level && shape::distance(on_b[0], on_b[1]) >= NARROWEST_M / 2.0 { self.portal(a, b, on_a, on_b, None) } else { None }
    }

    /// The finished network: portals sorted by their areas, tables filled.
    pub fn finish(mut self) -> WalkNetwork {
        let mut points = vec![];
        for (area, ring) in self.areas.iter_mut().zip(&self.rings) {
            let start = points.len() as u32;
            points.extend(ring.iter().copied());
            area.ring = start..points.len() as u32;
        }
        let key = |p: &Portal| (p.a, p.b);
        self.portals.sort_by(|x, y| {
            let place = |p: &Portal| [p.p[0], p.p[1], p.p[2]];
            let order = |u: [f64; 3], v: [f64; 3]| (0..3).map(|k| u[k].total_cmp(&v[k])).find(|o| o.is_ne());
            key(x).cmp(&key(y)).then(x.object.cmp(&y.object)).then(order(place(x), place(y)).unwrap_or(std::cmp::Ordering::Equal))
        });
        let mut starts = vec![0u32; self.areas.len() + 1];
        for p in &self.portals {
            starts[p.a.ix() + 1] += 1;
            starts[p.b.ix() + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut area_portals = vec![PortalIx(0); self.portals.len() * 2];
        for (i, p) in self.portals.iter().enumerate() {
            for area in [p.a, p.b] {
                area_portals[next[area.ix()] as usize] = PortalIx::new(i);
                next[area.ix()] += 1;
            }
        }
        WalkNetwork {
            areas: self.areas,
            points,
            portals: self.portals,
            area_portal_starts: starts,
            area_portals,
            crossings: self.crossings,
            anchors: self.anchors,
            faults: self.faults,
        }
    }
}
