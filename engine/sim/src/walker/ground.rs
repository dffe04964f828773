//! The walking network as the walker model reads it: walls and openings of each area, in the plane.

use qike_network::{AreaIx, AreaKind, PortalIx, WalkNetwork};

/// Two coordinates in plan.
pub type Plan = [f64; 2];

/// Half of a body's width, m (collision-free speed model: diameter 0.3 m and up; shoulders are wider than deep).
pub const RADIUS_M: f64 = 0.2;

/// An opening further from an edge than this is not in it, m.
const OFF_EDGE_M: f64 = 0.4;

/// A portal as one of its two areas sees it.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Ends on this area's ground.
    pub ends: [Plan; 2],
    /// Ends on the other area's ground.
    pub beyond: [Plan; 2],
    /// Out of this area, of length 1.
    pub out: Plan,
    /// Area on the other side.
    pub other: u32,
    /// Length in plan, m.
    pub width_m: f64,
}

/// Flat facts about areas and portals.
pub struct Ground {
    /// For each portal: as seen from area a, and from area b.
    pub openings: Vec<[Opening; 2]>,
    /// For each area, plus one: start of its walls.
    wall_starts: Vec<u32>,
    walls: Vec<[Plan; 2]>,
    /// For each area, plus one: start of its doors and gates in `doors`.
    door_starts: Vec<u32>,
    /// Openings that are objects: a wall for all whose way does not lead through them.
    doors: Vec<PortalIx>,
    /// For each area, plus one: start of its corners.
    ring_starts: Vec<u32>,
    ring: Vec<Plan>,
    /// Crossing that an area is part of; `u32::MAX` for none.
    pub crossing: Vec<u32>,
    /// Whether an area is a lift: who rides in one is in nobody's way.
    pub lift: Vec<bool>,
}

fn sub(a: Plan, b: Plan) -> Plan {
    [a[0] - b[0], a[1] - b[1]]
}

fn dot(a: Plan, b: Plan) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Distance between two places in plan.
pub fn distance(a: Plan, b: Plan) -> f64 {
    let d = [a[0] - b[0], a[1] - b[1]];
    (d[0] * d[0] + d[1] * d[1]).sqrt()
}

/// Where the nearest point of a segment is, as a share of its length.
pub fn nearest_share(s: [Plan; 2], p: Plan) -> f64 {
    let d = sub(s[1], s[0]);
    let square = dot(d, d);
    if square <= 0.0 { 0.0 } else { (dot(sub(p, s[0]), d) / square).clamp(0.0, 1.0) }
}

/// The point at a share of a segment's length.
pub fn at_share(s: [Plan; 2], t: f64) -> Plan {
    [s[0][0] + (s[1][0] - s[0][0]) * t, s[0][1] + (s[1][1] - s[0][1]) * t]
}

/// The part of an edge that an opening takes, as shares of its length. A wide opening may span a corner and take parts of two edges.
fn overlap(edge: [Plan; 2], opening: [Plan; 2]) -> Option<(f64, f64)> {
    let d = sub(edge[1], edge[0]);
    let square = dot(d, d);
    if square <= 0.0 {
        return None;
    }
    let along = opening.map(|e| dot(sub(e, edge[0]), d) / square);
    let (low, high) = (along[0].min(along[1]).max(0.0), along[0].max(along[1]).min(1.0));
    let off = |share: f64| {
        let p = at_share(edge, share);
        distance(p, at_share(opening, nearest_share(opening, p)))
    };
    (low < high && off(low) < OFF_EDGE_M && off(high) < OFF_EDGE_M).then_some((low, high))
}

impl Ground {
    /// Reads the network.
    pub fn new(net: &WalkNetwork) -> Self {
        let flat = |p: [f64; 3]| [p[0], p[1]];
        let mut ring_starts = vec![0u32];
        let mut ring: Vec<Plan> = Vec::new();
        for ix in 0..net.areas.len() {
            ring.extend(net.ring(AreaIx::new(ix)).iter().map(|p| flat(*p)));
            ring_starts.push(ring.len() as u32);
        }
        let opening = |ends: [Plan; 2], beyond: [Plan; 2], area: AreaIx, other: AreaIx| {
            let d = sub(ends[1], ends[0]);
            let width_m = d[0].hypot(d[1]);
            let normal = if width_m > 1e-9 { [d[1] / width_m, -d[0] / width_m] } else { [1.0, 0.0] };
            let centre = flat(net.area(area).centre);
            let outward = dot(normal, sub(at_share(ends, 0.5), centre)) >= 0.0;
            let out = if outward { normal } else { [-normal[0], -normal[1]] };
            Opening { ends, beyond, out, other: other.0, width_m }
        };
        let openings: Vec<[Opening; 2]> = net
            .portals
            .iter()
            .map(|p| {
                let (a, b) = ([flat(p.p), flat(p.q)], [flat(p.p_b), flat(p.q_b)]);
                [opening(a, b, p.a, p.b), opening(b, a, p.b, p.a)]
            })
            .collect();
        let mut crossing = vec![u32::MAX; net.areas.len()];
        for (ix, c) in net.crossings.iter().enumerate() {
            for area in &c.areas {
                if let Some(of) = crossing.get_mut(area.ix()) {
                    *of = ix as u32;
                }
            }
        }
        let lift = net.areas.iter().map(|a| a.kind == AreaKind::Lift).collect();
        let mut ground = Self { openings, wall_starts: vec![0], walls: Vec::new(), door_starts: vec![0], doors: Vec::new(), ring_starts, ring, crossing, lift };
        for ix in 0..net.areas.len() {
            ground.add_walls(net, AreaIx::new(ix));
        }
        ground
    }

    /// The edges of an area less what is open.
    fn add_walls(&mut self, net: &WalkNetwork, area: AreaIx) {
        let corners = self.corners(area.0).to_vec();
        for (ix, &from) in corners.iter().enumerate() {
            let edge = [from, corners[(ix + 1) % corners.len()]];
            let mut open: Vec<(f64, f64)> = Vec::new();
            for &portal in net.portals_of(area) {
                if !net.portal(portal).closed {
                    open.extend(overlap(edge, self.opening(portal, area.0).ends));
                }
            }
            open.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut at = 0.0;
            for (low, high) in open.into_iter().chain([(1.0, 1.0)]) {
                if low > at + 1e-6 {
                    self.walls.push([at_share(edge, at), at_share(edge, low)]);
                }
                at = f64::max(at, high);
            }
        }
        self.wall_starts.push(self.walls.len() as u32);
        self.doors.extend(net.portals_of(area).iter().filter(|p| net.portal(**p).object.is_some() && !net.portal(**p).closed));
        self.door_starts.push(self.doors.len() as u32);
    }

    /// A portal as seen from an area.
    pub fn opening(&self, portal: PortalIx, area: u32) -> &Opening {
        let both = &self.openings[portal.ix()];
        if both[1].other == area { &both[0] } else { &both[1] }
    }

    /// Doors and gates of an area.
    pub fn doors(&self, area: u32) -> &[PortalIx] {
        &self.doors[self.door_starts[area as usize] as usize..self.door_starts[area as usize + 1] as usize]
    }

    /// Walls of an area; the area lies on their left.
    pub fn walls(&self, area: u32) -> &[[Plan; 2]] {
        &self.walls[self.wall_starts[area as usize] as usize..self.wall_starts[area as usize + 1] as usize]
    }

    /// Corners of an area, counter-clockwise.
    pub fn corners(&self, area: u32) -> &[Plan] {
        &self.ring[self.ring_starts[area as usize] as usize..self.ring_starts[area as usize + 1] as usize]
    }

    /// Whether people in two areas are in each other's way.
    #[inline]
    pub fn together(&self, a: u32, b: u32) -> bool {
        !self.lift[a as usize] && !self.lift[b as usize]
    }

    /// The nearest place within a convex area.
    pub fn clamp(&self, area: u32, p: Plan) -> Plan {
        let corners = self.corners(area);
        let n = corners.len();
        let inside = (0..n).all(|i| {
            let (a, b) = (corners[i], corners[(i + 1) % n]);
            (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) >= 0.0
        });
        if inside || n == 0 {
            return p;
        }
        let mut best = (f64::INFINITY, p);
        for i in 0..n {
            let edge = [corners[i], corners[(i + 1) % n]];
            let q = at_share(edge, nearest_share(edge, p));
            let d = distance(p, q);
            if d < best.0 {
                best = (d, q);
            }
        }
        best.1
    }
}

/// How fast somebody with this free speed walks in an area, in direction `e`, m/s along the ground: the area's share of it, what a
/// belt adds, and for stairs upwards the range of handbooks (0.55–0.80 m/s by person).
pub fn wished_speed(net: &WalkNetwork, area: u32, free_mps: f64, assigned: bool, e: Plan) -> f64 {
    let it = &net.areas[area as usize];
    let v = free_mps * f64::from(it.speed_factor);
    let up = it.slope[0] * e[0] + it.slope[1] * e[1] > 0.05;
    let v = if it.kind == AreaKind::Stair && up && !assigned { v.clamp(0.55, 0.80).min(free_mps) } else { v };
    v + f64::from(it.belt_mps)
}

/// Length in plan of a metre along the ground in direction `e`.
pub fn plan_share(net: &WalkNetwork, area: u32, e: Plan) -> f64 {
    let slope = net.areas[area as usize].slope;
    let rise = slope[0] * e[0] + slope[1] * e[1];
    1.0 / (1.0 + rise * rise).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_take_their_part_of_each_edge() {
        let edge = [[0.0, 0.0], [10.0, 0.0]];
        let near = |found: Option<(f64, f64)>, low: f64, high: f64| found.is_some_and(|f| (f.0 - low).abs() < 1e-9 && (f.1 - high).abs() < 1e-9);
        assert!(near(overlap(edge, [[2.0, 0.0], [4.0, 0.1]]), 0.2, 0.4));
        assert!(near(overlap(edge, [[4.0, 0.0], [2.0, 0.0]]), 0.2, 0.4));
        // Half of it round a corner.
        assert!(near(overlap(edge, [[7.0, 0.0], [13.0, 0.3]]), 0.7, 1.0));
        assert!(overlap(edge, [[2.0, 3.0], [4.0, 3.0]]).is_none());
        assert!(overlap(edge, [[12.0, 0.0], [14.0, 0.0]]).is_none());
        assert!(overlap([[1.0, 1.0]; 2], [[1.0, 1.0], [2.0, 1.0]]).is_none());
    }
}
