//! Ways on foot: shortest in time over areas and portals, towards a goal that many walkers share.
//!
//! A wide portal is not one point: it is sampled, so that a way across a plaza is nearly straight. For one goal a
//! [`WalkField`] holds the time from every sample, by one search backwards from the goal; any number of walkers read it.

use crate::ix::{AreaIx, PortalIx};
use crate::shape::{self, Point};
use crate::walk::WalkNetwork;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Speed on the flat that times are counted with, m/s (Weidmann 1993).
pub const WALK_MPS: f64 = 1.34;
/// Distance of samples along a wide portal.
const SAMPLE_M: f64 = 6.0;
/// Samples on one portal.
const MOST_SAMPLES: usize = 6;

/// Where walkers want to get.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Into any of these areas.
    Areas(Vec<AreaIx>),
    /// To a place in an area.
    Place(AreaIx, Point),
}

/// Portals of a network with their samples, ready for searches. Make a new one after closing anything.
#[derive(Debug)]
pub struct WalkRouter {
    /// For each portal, plus one: start of its samples.
    starts: Vec<u32>,
    /// Each sample on the ground of the portal's area a and b.
    samples: Vec<[Point; 2]>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, u32>>,
}

/// Times and directions to one goal.
#[derive(Clone, Debug, PartialEq)]
pub struct WalkField {
    goal: Goal,
    /// For each sample and side: seconds to the goal for one who stands there in area a (0) or b (1) and goes on from there.
    cost_s: Vec<[f64; 2]>,
    /// Whether one who stands there goes on through the portal: nobody should come from the other side only to turn back.
    through: Vec<[bool; 2]>,
    starts: Vec<u32>,
}

/// What a walker does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Pass this portal, best near this point (on the ground of the walker's area).
    Portal(PortalIx, Point),
    /// The goal is in this area: walk there.
    Arrive(Point),
}

struct Entry(f64, u32, u8);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then((other.1, other.2).cmp(&(self.1, self.2)))
    }
}

/// Seconds to walk from one place of an area to another; infinite against the direction of an escalator.
fn seconds(net: &WalkNetwork, area: AreaIx, from: Point, to: Point) -> f64 {
    let a = net.area(area);
    let d = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    let length = d[0].hypot(d[1]).hypot(d[2]);
    let mut speed = WALK_MPS * f64::from(a.speed_factor).max(0.01);
    if let Some(way) = a.one_way {
        let along = d[0] * way[0] + d[1] * way[1];
        if along < -0.5 {
            return f64::INFINITY;
        }
        speed += f64::from(a.belt_mps);
    }
    length / speed + f64::from(a.delay_s)
}

fn relax(cost: &mut [[f64; 2]], heap: &mut BinaryHeap<Entry>, s: usize, side: usize, c: f64) -> bool {
    let better = c < cost[s][side];
    if better {
        cost[s][side] = c;
        heap.push(Entry(c, s as u32, side as u8));
    }
    better
}

impl WalkRouter {
    /// Samples the portals of a network.
    pub fn new(net: &WalkNetwork) -> WalkRouter {
        let mut starts = vec![0];
        let mut samples = vec![];
        for p in &net.portals {
            let length = shape::distance(p.p, p.q);
            let n = ((length / SAMPLE_M).ceil() as usize).clamp(1, MOST_SAMPLES);
            for k in 0..n {
                let t = (k as f64 + 0.5) / n as f64;
                samples.push([shape::lerp(p.p, p.q, t), shape::lerp(p.p_b, p.q_b, t)]);
            }
            starts.push(samples.len() as u32);
        }
        let entry = |i: usize| {
            let b = qike_core::Bounds3::of(net.ring(AreaIx::new(i))).flat();
            GeomWithData::new(Rectangle::from_corners(b.min, b.max), i as u32)
        };
        let tree = RTree::bulk_load((0..net.areas.len()).map(entry).collect());
        WalkRouter { starts, samples, tree }
    }

    /// The area at a place: of those that contain it in plan, the one nearest in height (within 2.5 m); else the nearest area
    /// within `within_m`, and the nearest point in it. Equally near: the lowest number.
    pub fn locate(&self, net: &WalkNetwork, p: Point, within_m: f64) -> Option<(AreaIx, Point)> {
        let window = AABB::from_corners([p[0] - within_m, p[1] - within_m], [p[0] + within_m, p[1] + within_m]);
        let mut best: Option<((f64, u32), Point)> = None;
        for entry in self.tree.locate_in_envelope_intersecting(&window) {
            let area = AreaIx(entry.data);
            let near = crate::walking::plane::clamp_into(net.ring(area), p);
            let away = shape::distance(near, p);
            let z = net.height(area, near[0], near[1]);
            let up = (z - p[2]).abs();
            if away > within_m || (up > 2.5 && away < 1e-9) || up > 2.5 + within_m {
                continue;
            }
            let key = (away + up * 0.5, entry.data);
            if best.is_none_or(|(b, _)| key < b) {
                best = Some((key, [near[0], near[1], z]));
            }
        }
        best.map(|((_, area), q)| (AreaIx(area), q))
    }

    fn range(&self, portal: PortalIx) -> std::ops::Range<usize> {
        self.starts[portal.ix()] as usize..self.starts[portal.ix() + 1] as usize
    }

    /// Times to a goal from everywhere.
    pub fn field(&self, net: &WalkNetwork, goal: &Goal) -> WalkField {
        let mut cost = vec![[f64::INFINITY; 2]; self.samples.len()];
        let mut through = vec![[false; 2]; self.samples.len()];
        let mut owner = vec![PortalIx(0); self.samples.len()];
        (0..net.portals.len()).for_each(|p| self.range(PortalIx::new(p)).for_each(|s| owner[s] = PortalIx::new(p)));
        let mut heap = BinaryHeap::new();
        // Who stands at a portal of the goal's area, inside of it.
        let ends: Vec<(AreaIx, Option<Point>)> = match goal {
            Goal::Areas(areas) => areas.iter().map(|a| (*a, None)).collect(),
            Goal::Place(area, p) => vec![(*area, Some(*p))],
        };
        for (area, place) in ends.into_iter().filter(|(a, _)| a.ix() < net.areas.len() && !net.area(*a).closed) {
            for &portal in net.portals_of(area) {
                let side = usize::from(net.portal(portal).a != area);
                for s in self.range(portal) {
                    let c = place.map_or(0.0, |p| seconds(net, area, self.samples[s][side], p));
                    if c < cost[s][side] {
                        cost[s][side] = c;
                        heap.push(Entry(c, s as u32, side as u8));
                    }
                }
            }
        }
        while let Some(Entry(c, s, side)) = heap.pop() {
            let (s, side) = (s as usize, usize::from(side));
            if c > cost[s][side] {
                continue;
            }
            // One who stands on this side came through the portal from the other side …
            let portal = net.portal(owner[s]);
            let (here, before) = if side == 0 { (portal.a, portal.b) } else { (portal.b, portal.a) };
            if portal.passable_from(before) && !net.area(before).closed {
                let other = 1 - side;
                let gap = shape::distance(self.samples[s][0], self.samples[s][1]) / WALK_MPS;
                if relax(&mut cost, &mut heap, s, other, c + gap) {
                    through[s][other] = true;
                }
            }
            // … or walked here across this area from another of its portals.
            for &from in net.portals_of(here) {
                let from_side = usize::from(net.portal(from).a != here);
                for t in self.range(from) {
                    if owner[t] != owner[s] {
                        let walk = seconds(net, here, self.samples[t][from_side], self.samples[s][side]);
                        if relax(&mut cost, &mut heap, t, from_side, c + walk) {
                            through[t][from_side] = false;
                        }
                    }
                }
            }
        }
        WalkField { goal: goal.clone(), cost_s: cost, through, starts: self.starts.clone() }
    }

    /// What one who stands at a place in an area does next, and the seconds to the goal; `None` where there is no way.
    pub fn next(&self, net: &WalkNetwork, field: &WalkField, area: AreaIx, p: Point) -> Option<(Step, f64)> {
        match &field.goal {
            Goal::Areas(areas) if areas.contains(&area) => return Some((Step::Arrive(p), 0.0)),
            Goal::Place(goal, place) if *goal == area => return Some((Step::Arrive(*place), seconds(net, area, p, *place))),
            _ => {}
        }
        let mut best: Option<(f64, usize, PortalIx, Point)> = None;
        for &portal in net.portals_of(area) {
            let it = net.portal(portal);
            let (side, other) = if it.a == area { (0, 1) } else { (1, 0) };
            if !it.passable_from(area) || net.area(it.other(area)).closed {
                continue;
            }
            for s in self.range(portal) {
                let here = self.samples[s][side];
                let gap = shape::distance(self.samples[s][0], self.samples[s][1]) / WALK_MPS;
                let total = field.cost_s[s][other] + gap + seconds(net, area, p, here);
                if !field.through[s][other] && total.is_finite() && best.is_none_or(|b| total < b.0) {
                    best = Some((total, s, portal, here));
                }
            }
        }
        best.map(|(total, _, portal, here)| (Step::Portal(portal, here), total))
    }

    /// The portals from a place to a goal, in order; `None` where there is no way.
    pub fn route(&self, net: &WalkNetwork, area: AreaIx, p: Point, goal: &Goal) -> Option<Vec<PortalIx>> {
        let field = self.field(net, goal);
        let (mut area, mut p) = (area, p);
        let mut way = vec![];
        // Each step lowers the time to the goal, so a way is never longer than there are portal sides.
        for _ in 0..=2 * net.portals.len() {
            match self.next(net, &field, area, p)?.0 {
                Step::Arrive(_) => return Some(way),
                Step::Portal(portal, at) => {
                    let it = net.portal(portal);
                    let (from, to) = (it.segment(area), it.segment(it.other(area)));
                    let width = shape::distance(from.0, from.1);
                    let t = if width > 0.0 { shape::distance(from.0, at) / width } else { 0.5 };
                    p = shape::lerp(to.0, to.1, t);
                    area = it.other(area);
                    way.push(portal);
                }
            }
        }
        None
    }
}

impl WalkField {
    /// The least seconds to the goal for one who stands at a portal in the area on its side a (0) or b (1).
    pub fn at_portal(&self, portal: PortalIx, side: usize) -> f64 {
        let range = self.starts[portal.ix()] as usize..self.starts[portal.ix() + 1] as usize;
        self.cost_s[range].iter().map(|c| c[side.min(1)]).fold(f64::INFINITY, f64::min)
    }

    /// The goal.
    pub fn goal(&self) -> &Goal {
        &self.goal
    }
}
