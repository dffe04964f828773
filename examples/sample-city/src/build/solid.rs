//! Closed shells with CityGML semantics, made by lofting rings over heights.
//!
//! Towers, domes, petals, stepped blocks and overhanging roofs are all one thing: a stack of rings with equally many points,
//! joined by quadrilaterals. Surfaces are wound counter-clockwise as seen from outside.

use crate::geo::{P, add, centroid, dist, edges, lerp, scale, sub};

pub type Q = [f64; 3];

/// What a surface is (CityGML's thematic surfaces).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    Ground,
    Wall,
    Roof,
    OuterCeiling,
    Window,
    Door,
}

impl Face {
    pub fn citygml(self) -> &'static str {
        match self {
            Face::Ground => "GroundSurface",
            Face::Wall => "WallSurface",
            Face::Roof => "RoofSurface",
            Face::OuterCeiling => "OuterCeilingSurface",
            Face::Window => "Window",
            Face::Door => "Door",
        }
    }
}

/// A polygon in space: the outer ring, then holes.
#[derive(Clone, Debug)]
pub struct Surface {
    pub rings: Vec<Vec<Q>>,
    pub face: Face,
    /// For windows and doors: the index of the wall they are in.
    pub wall: Option<usize>,
}

/// A closed shell.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    pub surfaces: Vec<Surface>,
}

fn up(ring: &[P], z: f64) -> Vec<Q> {
    ring.iter().map(|p| [p[0], p[1], z]).collect()
}

fn down(ring: &[P], z: f64) -> Vec<Q> {
    ring.iter().rev().map(|p| [p[0], p[1], z]).collect()
}

/// A ring drawn in or out about its middle.
pub fn scaled(ring: &[P], k: f64) -> Vec<P> {
    let c = centroid(ring);
    ring.iter().map(|p| add(c, scale(sub(*p, c), k))).collect()
}

impl Shell {
    fn push(&mut self, rings: Vec<Vec<Q>>, face: Face) {
        self.surfaces.push(Surface { rings, face, wall: None });
    }

    fn by_slope(&mut self, ring: Vec<Q>) {
        let n = normal(&ring);
        let face = if n[2] > 0.35 {
            Face::Roof
        } else if n[2] < -0.35 {
            Face::OuterCeiling
        } else {
            Face::Wall
        };
        self.push(vec![ring], face);
    }

    /// Rings with the same number of points (counter-clockwise), from the ground upwards, closed below and above.
    pub fn loft(rings: &[(Vec<P>, f64)]) -> Shell {
        let mut s = Shell::default();
        let (Some(first), Some(last)) = (rings.first(), rings.last()) else { return s };
        s.push(vec![down(&first.0, first.1)], Face::Ground);
        for pair in rings.windows(2) {
            let ((a, z0), (b, z1)) = (&pair[0], &pair[1]);
            let n = a.len().min(b.len());
            for i in 0..n {
                let j = (i + 1) % n;
                let quad = [[a[i][0], a[i][1], *z0], [a[j][0], a[j][1], *z0], [b[j][0], b[j][1], *z1], [b[i][0], b[i][1], *z1]];
                if flat(&quad) {
                    s.by_slope(quad.to_vec());
                } else {
                    s.by_slope(vec![quad[0], quad[1], quad[2]]);
                    s.by_slope(vec![quad[0], quad[2], quad[3]]);
                }
            }
        }
        s.push(vec![up(&last.0, last.1)], Face::Roof);
        s
    }

    /// A block with a flat roof and, perhaps, a courtyard (a ring inside, counter-clockwise).
    pub fn prism(ring: &[P], court: Option<&[P]>, z0: f64, z1: f64) -> Shell {
        let mut s = Shell::default();
        let (mut ground, mut roof) = (vec![down(ring, z0)], vec![up(ring, z1)]);
        if let Some(c) = court {
            ground.push(up(c, z0));
            roof.push(down(c, z1));
        }
        s.push(ground, Face::Ground);
        for (a, b) in edges(ring) {
            s.push(vec![wall(a, b, z0, z1)], Face::Wall);
        }
        for (a, b) in court.into_iter().flat_map(edges) {
            s.push(vec![wall(b, a, z0, z1)], Face::Wall);
        }
        s.push(roof, Face::Roof);
        s
    }

    /// A rectangle (four corners, first edge along the ridge) under two roof planes; `inset` draws the ridge's ends in,
    /// 0 for a gable, half the depth for a hip of even slope.
    pub fn pitched(c: &[P; 4], z0: f64, eaves: f64, ridge: f64, inset: f64) -> Shell {
        let along = scale(sub(c[1], c[0]), inset / dist(c[0], c[1]).max(1e-6));
        let e0 = add(lerp(c[0], c[3], 0.5), along);
        let e1 = sub(lerp(c[1], c[2], 0.5), along);
        let at = |p: P, z: f64| [p[0], p[1], z];
        let (r0, r1) = (at(e0, ridge), at(e1, ridge));
        let mut s = Shell::default();
        s.push(vec![down(c, z0)], Face::Ground);
        s.push(vec![wall(c[0], c[1], z0, eaves)], Face::Wall);
        s.push(vec![wall(c[2], c[3], z0, eaves)], Face::Wall);
        s.push(vec![vec![at(c[0], eaves), at(c[1], eaves), r1, r0]], Face::Roof);
        s.push(vec![vec![at(c[2], eaves), at(c[3], eaves), r0, r1]], Face::Roof);
        if inset > 1e-6 {
            s.push(vec![wall(c[1], c[2], z0, eaves)], Face::Wall);
            s.push(vec![wall(c[3], c[0], z0, eaves)], Face::Wall);
            s.push(vec![vec![at(c[1], eaves), at(c[2], eaves), r1]], Face::Roof);
            s.push(vec![vec![at(c[3], eaves), at(c[0], eaves), r0]], Face::Roof);
        } else {
            s.push(vec![vec![at(c[1], z0), at(c[2], z0), at(c[2], eaves), r1, at(c[1], eaves)]], Face::Wall);
            s.push(vec![vec![at(c[3], z0), at(c[0], z0), at(c[0], eaves), r0, at(c[3], eaves)]], Face::Wall);
        }
        s
    }

    /// A rectangle under one slope, low along the first edge.
    pub fn skillion(c: &[P; 4], z0: f64, low: f64, high: f64) -> Shell {
        let at = |p: P, z: f64| [p[0], p[1], z];
        let mut s = Shell::default();
        s.push(vec![down(c, z0)], Face::Ground);
        s.push(vec![wall(c[0], c[1], z0, low)], Face::Wall);
        s.push(vec![vec![at(c[1], z0), at(c[2], z0), at(c[2], high), at(c[1], low)]], Face::Wall);
        s.push(vec![wall(c[2], c[3], z0, high)], Face::Wall);
        s.push(vec![vec![at(c[3], z0), at(c[0], z0), at(c[0], low), at(c[3], high)]], Face::Wall);
        s.push(vec![vec![at(c[0], low), at(c[1], low), at(c[2], high), at(c[3], high)]], Face::Roof);
        s
    }

    /// Cuts a band of glass into every upright rectangular wall for each storey, and a door into the longest wall at the ground.
    pub fn with_openings(mut self, storey_m: f64) -> Shell {
        let is_wall = |s: &Surface| s.face == Face::Wall && s.rings.len() == 1 && upright(&s.rings[0]);
        let width = |s: &Surface| dist([s.rings[0][0][0], s.rings[0][0][1]], [s.rings[0][1][0], s.rings[0][1][1]]);
        let lowest = self.surfaces.iter().filter(|s| is_wall(s)).map(|s| s.rings[0][0][2]).fold(f64::INFINITY, f64::min);
        let on_ground = |s: &Surface| is_wall(s) && s.rings[0][0][2] < lowest + 0.01 && width(s) > 4.0;
        let door_in = (0..self.surfaces.len())
            .filter(|i| on_ground(&self.surfaces[*i]))
            .max_by(|a, b| width(&self.surfaces[*a]).total_cmp(&width(&self.surfaces[*b])).then(b.cmp(a)));
        for i in 0..self.surfaces.len() {
            if !is_wall(&self.surfaces[i]) {
                continue;
            }
            let w = self.surfaces[i].rings[0].clone();
            let (a, b) = ([w[0][0], w[0][1]], [w[1][0], w[1][1]]);
            let (z0, z1, length) = (w[0][2], w[2][2], dist(a, b));
            if length < 3.0 {
                continue;
            }
            let rect = |from: f64, to: f64, lo: f64, hi: f64| wall(lerp(a, b, from / length), lerp(a, b, to / length), lo, hi);
            let storeys = ((z1 - z0) / storey_m + 0.05).floor() as u32;
            for n in 0..storeys {
                let floor = z0 + f64::from(n) * storey_m;
                let panes = (length / 24.0).ceil().max(1.0);
                for pane in 0..panes as u32 {
                    let (from, to) = (length * f64::from(pane) / panes, length * f64::from(pane + 1) / panes);
                    if Some(i) == door_in && n == 0 && pane == 0 {
                        self.open(i, rect((from + to) / 2.0 - 1.2, (from + to) / 2.0 + 1.2, floor + 0.1, floor + 2.5), Face::Door);
                    } else {
                        self.open(i, rect(from + 0.7, to - 0.7, floor + 0.9, floor + storey_m - 0.6), Face::Window);
                    }
                }
            }
        }
        self
    }

    fn open(&mut self, wall: usize, ring: Vec<Q>, face: Face) {
        self.surfaces[wall].rings.push(ring.iter().rev().copied().collect());
        self.surfaces.push(Surface { rings: vec![ring], face, wall: Some(wall) });
    }

    pub fn top(&self) -> f64 {
        self.surfaces.iter().flat_map(|s| s.rings.iter().flatten()).map(|q| q[2]).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// An upright wall over the edge a–b, seen from its right.
fn wall(a: P, b: P, z0: f64, z1: f64) -> Vec<Q> {
    vec![[a[0], a[1], z0], [b[0], b[1], z0], [b[0], b[1], z1], [a[0], a[1], z1]]
}

fn upright(r: &[Q]) -> bool {
    r.len() == 4
        && dist([r[0][0], r[0][1]], [r[3][0], r[3][1]]) < 1e-6
        && dist([r[1][0], r[1][1]], [r[2][0], r[2][1]]) < 1e-6
        && (r[0][2] - r[1][2]).abs() < 1e-6
        && (r[2][2] - r[3][2]).abs() < 1e-6
}

/// Newell's normal, unit length.
pub fn normal(ring: &[Q]) -> Q {
    let mut n = [0.0; 3];
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        n[0] += (a[1] - b[1]) * (a[2] + b[2]);
        n[1] += (a[2] - b[2]) * (a[0] + b[0]);
        n[2] += (a[0] - b[0]) * (a[1] + b[1]);
    }
    let l = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt().max(1e-12);
    n.map(|v| v / l)
}

fn flat(q: &[Q; 4]) -> bool {
    let n = normal(q);
    let d = |p: &Q| (0..3).map(|k| (p[k] - q[0][k]) * n[k]).sum::<f64>().abs();
    q.iter().all(|p| d(p) < 1e-4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{ellipse, rect};
    use std::collections::BTreeMap;

    /// In a closed shell every edge is used once in each direction (openings fill the holes of their walls).
    fn is_closed(s: &Shell) -> bool {
        let mut count: BTreeMap<[[i64; 3]; 2], i32> = BTreeMap::new();
        let key = |q: &Q| q.map(|v| (v * 1000.0).round() as i64);
        for ring in s.surfaces.iter().flat_map(|s| &s.rings) {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let (a, b) = (key(a), key(b));
                *count.entry(if a < b { [a, b] } else { [b, a] }).or_default() += if a < b { 1 } else { -1 };
            }
        }
        count.values().all(|n| *n == 0)
    }

    #[test]
    fn every_form_is_closed_and_faces_outwards() {
        let c = rect([3.0, 4.0], 20.0, 10.0, 0.4);
        let corners: [P; 4] = c.clone().try_into().unwrap();
        let forms = [
            Shell::prism(&c, Some(&rect([3.0, 4.0], 8.0, 3.0, 0.4)), 0.0, 12.0),
            Shell::pitched(&corners, 0.0, 6.0, 9.0, 0.0),
            Shell::pitched(&corners, 0.0, 6.0, 9.0, 5.0),
            Shell::skillion(&corners, 0.0, 5.0, 7.0),
            Shell::loft(&[(c.clone(), 0.0), (c.clone(), 9.0), (scaled(&c, 1.1), 9.0), (scaled(&c, 1.1), 9.4), (scaled(&c, 0.2), 12.0)]),
            Shell::loft(&[(ellipse([0.0; 2], 9.0, 9.0, 0.0, 12), 0.0), (ellipse([0.0; 2], 7.0, 7.0, 0.3, 12), 8.0)]),
            Shell::prism(&c, None, 0.0, 12.0).with_openings(3.0),
        ];
        for (i, f) in forms.iter().enumerate() {
            assert!(is_closed(f), "form {i}");
            assert!(f.surfaces.iter().filter(|s| s.face == Face::Roof).all(|s| normal(&s.rings[0])[2] > 0.0));
            assert!(f.surfaces.iter().filter(|s| s.face == Face::Ground).all(|s| normal(&s.rings[0])[2] < -0.9));
        }
        assert_eq!(forms[6].surfaces.iter().filter(|s| s.face == Face::Door).count(), 1);
        assert_eq!(forms[6].surfaces.iter().filter(|s| s.face == Face::Window).count(), 15);
    }
}
