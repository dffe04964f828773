//! What a building part's body says about the ground: floor outlines, footprints, inclined runs.

use super::plane;
use crate::shape::Point;
use qike_core::bounds::in_ring;
use qike_scene::triangulate::triangulate;
use qike_scene::{CityObject, Geometry};
use std::collections::BTreeMap;

/// A face is floor when its normal is within about 25° of vertical.
const UPRIGHT: f64 = 0.9;
/// Floors of one room lie within this height.
const THICK_M: f64 = 0.15;

type Key = (i64, i64);

fn key(p: Point) -> Key {
    ((p[0] * 1_000.0).round() as i64, (p[1] * 1_000.0).round() as i64)
}

/// The geometry that shows the inside best.
pub(crate) fn body(object: &CityObject) -> Option<&Geometry> {
    object.finest().filter(|g| !g.vertices.is_empty())
}

/// The outline of the lowest level faces of a body: exterior rings each with its holes. Where the faces do not chain into
/// rings, the hull of the whole footprint.
pub(crate) fn outlines(geometry: &Geometry) -> Vec<Vec<Vec<Point>>> {
    let corners = |t: &[u32; 3]| t.map(|i| geometry.vertices[i as usize]);
    let level: Vec<[Point; 3]> = triangulate(geometry).indices.iter().map(corners).filter(is_level).collect();
    let height = |t: &[Point; 3]| (t[0][2] + t[1][2] + t[2][2]) / 3.0;
    let Some(floor) = level.iter().map(height).min_by(f64::total_cmp) else { return hull_of(geometry) };
    let mut positions: BTreeMap<Key, Point> = BTreeMap::new();
    // An edge between two floor triangles is seen once in each direction; what remains is the boundary.
    let mut edges: BTreeMap<(Key, Key), i32> = BTreeMap::new();
    for t in level.iter().filter(|t| height(t) < floor + THICK_M) {
        let t = if plane::cross(t[0], t[1], t[2]) < 0.0 { [t[0], t[2], t[1]] } else { *t };
        for p in t {
            positions.entry(key(p)).or_insert([p[0], p[1], floor]);
        }
        for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
            *edges.entry((key(a), key(b))).or_default() += 1;
        }
    }
    // A face that is there twice (inner and outer skin) counts once.
    edges.values_mut().for_each(|n| *n = 1);
    let boundary: Vec<(Key, Key)> = edges.keys().copied().filter(|(a, b)| a != b && !edges.contains_key(&(*b, *a))).collect();
    let rings = chain(&boundary).map(|rings| {
        rings.into_iter().map(|r| r.iter().filter_map(|k| positions.get(k).copied()).collect::<Vec<_>>()).collect::<Vec<_>>()
    });
    match rings.map(|r| group(r.into_iter().map(simplify).collect())) {
        Some(found) if !found.is_empty() => found,
        _ => hull_of(geometry),
    }
}

fn is_level(t: &[Point; 3]) -> bool {
    let [a, b, c] = *t;
    let (u, v) = ([b[0] - a[0], b[1] - a[1], b[2] - a[2]], [c[0] - a[0], c[1] - a[1], c[2] - a[2]]);
    let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let size = n[0].hypot(n[1]).hypot(n[2]);
    size > 1e-9 && n[2].abs() > UPRIGHT * size
}

fn hull_of(geometry: &Geometry) -> Vec<Vec<Vec<Point>>> {
    let floor = geometry.vertices.iter().map(|p| p[2]).fold(f64::INFINITY, f64::min);
    let ring: Vec<Point> = plane::hull(&geometry.vertices).into_iter().map(|p| [p[0], p[1], floor]).collect();
    if ring.len() >= 3 && floor.is_finite() { vec![vec![ring]] } else { vec![] }
}

/// Directed edges into closed rings; `None` where an end is left over.
fn chain(edges: &[(Key, Key)]) -> Option<Vec<Vec<Key>>> {
    let mut next: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    edges.iter().rev().for_each(|(a, b)| next.entry(*a).or_default().push(*b));
    let mut rings = vec![];
    while let Some((&start, _)) = next.iter().find(|(_, to)| !to.is_empty()) {
        let (mut ring, mut here) = (vec![start], start);
        loop {
            here = next.get_mut(&here)?.pop()?;
            if here == start {
                break;
            }
            ring.push(here);
        }
        rings.push(ring);
    }
    Some(rings)
}

/// Leaves out corners on straight edges.
fn simplify(ring: Vec<Point>) -> Vec<Point> {
    let n = ring.len();
    let bends = |i: usize| {
        let (a, b, c) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        plane::cross(a, b, c).abs() > 1e-4 * crate::shape::distance(a, c).max(0.01)
    };
    (0..n).filter(|i| bends(*i)).map(|i| ring[i]).collect()
}

/// Rings into polygons: counter-clockwise ones are exteriors, each clockwise one is a hole of the smallest exterior around it.
fn group(rings: Vec<Vec<Point>>) -> Vec<Vec<Vec<Point>>> {
    let (mut outer, mut holes): (Vec<_>, Vec<_>) =
        rings.into_iter().filter(|r| plane::signed_area(r).abs() > 0.02).partition(|r| plane::signed_area(r) > 0.0);
    outer.sort_by(|a, b| plane::signed_area(a).total_cmp(&plane::signed_area(b)));
    holes.sort_by(|a, b| plane::signed_area(a).total_cmp(&plane::signed_area(b)));
    let mut polygons: Vec<Vec<Vec<Point>>> = outer.into_iter().map(|r| vec![r]).collect();
    for hole in holes {
        if let Some(home) = polygons.iter_mut().find(|p| in_ring(&p[0], hole[0])) {
            home.push(hole);
        }
    }
    polygons
}

/// A rectangle around a body in plan, turned to the body's own direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub centre: [f64; 2],
    /// Unit vector along the longer side.
    pub along: [f64; 2],
    /// Half extents along that, and across.
    pub half: [f64; 2],
    pub z: [f64; 2],
}

impl Frame {
    /// The smallest rectangle that has a side along an edge of the hull (which the smallest of all rectangles has).
    pub fn of(points: &[Point]) -> Option<Frame> {
        let hull = plane::hull(points);
        let z = points.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |z, p| [z[0].min(p[2]), z[1].max(p[2])]);
        let mut best: Option<(f64, Frame)> = None;
        for i in 0..hull.len() {
            let (a, b) = (hull[i], hull[(i + 1) % hull.len()]);
            let u = crate::shape::unit([b[0] - a[0], b[1] - a[1]]);
            let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
            for p in &hull {
                let c = [p[0] * u[0] + p[1] * u[1], -p[0] * u[1] + p[1] * u[0]];
                for k in 0..2 {
                    low[k] = low[k].min(c[k]);
                    high[k] = high[k].max(c[k]);
                }
            }
            let (mid, half) = ([0, 1].map(|k| (low[k] + high[k]) / 2.0), [0, 1].map(|k| (high[k] - low[k]) / 2.0));
            let centre = [mid[0] * u[0] - mid[1] * u[1], mid[0] * u[1] + mid[1] * u[0]];
            let frame = if half[0] >= half[1] {
                Frame { centre, along: u, half, z }
            } else {
                Frame { centre, along: [-u[1], u[0]], half: [half[1], half[0]], z }
            };
            let size = half[0] * half[1];
            if best.is_none_or(|b| size < b.0 - 1e-9) {
                best = Some((size, frame));
            }
        }
        best.map(|b| b.1)
    }

    /// A point of the plan: `s` metres along, `t` metres to the left, at height `z`.
    pub fn at(&self, s: f64, t: f64, z: f64) -> Point {
        [self.centre[0] + self.along[0] * s - self.along[1] * t, self.centre[1] + self.along[1] * s + self.along[0] * t, z]
    }

    /// Distance along of a point.
    pub fn along_of(&self, p: Point) -> f64 {
        (p[0] - self.centre[0]) * self.along[0] + (p[1] - self.centre[1]) * self.along[1]
    }
}
