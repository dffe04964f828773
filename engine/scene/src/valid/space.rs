//! Positions and triangles in space: snapping, exact sides, intersections.

use std::collections::HashMap;

/// A position.
pub type P3 = [f64; 3];

/// Numbers of vertices such that those no further apart than `tolerance` have the same; below 0, only those at the same place.
pub fn snap(vertices: &[P3], tolerance: f64) -> Vec<u32> {
    let tolerance = tolerance.max(0.0);
    let cell = tolerance.max(1e-9);
    let key = |p: &P3| p.map(|c| (c / cell).floor() as i64);
    let mut cells: HashMap<[i64; 3], Vec<u32>> = HashMap::new();
    let mut out: Vec<u32> = Vec::with_capacity(vertices.len());
    for (i, p) in vertices.iter().enumerate() {
        let [x, y, z] = key(p);
        // Positions so far off that the cells' numbers end have the last cell in common.
        let beside = |c: i64, d: i64| c.saturating_add(d);
        let near = (-1..=1).flat_map(|dx| (-1..=1).flat_map(move |dy| (-1..=1).map(move |dz| [beside(x, dx), beside(y, dy), beside(z, dz)])));
        let mut known = near.filter_map(|k| cells.get(&k)).flatten().copied();
        let same = known.find(|j| vertices.get(*j as usize).is_some_and(|q| distance(*p, *q) <= tolerance));
        match same {
            Some(j) => out.push(j),
            None => {
                cells.entry([x, y, z]).or_default().push(i as u32);
                out.push(i as u32);
            }
        }
    }
    out
}

/// `a` without `b`.
pub fn sub(a: P3, b: P3) -> P3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Inner product.
pub fn dot(a: P3, b: P3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Outer product.
pub fn cross(a: P3, b: P3) -> P3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Length.
pub fn norm(a: P3) -> f64 {
    dot(a, a).sqrt()
}

/// Distance of two positions.
pub fn distance(a: P3, b: P3) -> f64 {
    norm(sub(a, b))
}

/// The side of `d` of the plane through three positions, exact: above 0 where the triangle runs clockwise seen from it.
pub fn side(a: P3, b: P3, c: P3, d: P3) -> f64 {
    let p = |q: P3| robust::Coord3D { x: q[0], y: q[1], z: q[2] };
    robust::orient3d(p(a), p(b), p(c), p(d))
}

/// How near a position may come to a surface's rim to count as on it, metres.
const ON_RIM_M: f64 = 1e-7;

/// A triangle of a surface.
#[derive(Clone, Copy, Debug)]
pub struct Triangle {
    /// Its corners.
    pub at: [P3; 3],
    /// Their snapped numbers.
    pub corner: [u32; 3],
    /// The surface it is part of.
    pub surface: usize,
    /// Which of its sides, from a corner to the next, are sides of the surface's rings.
    pub rim: [bool; 3],
}

/// How two triangles meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meeting {
    /// They go through one another, or cover one another in part.
    Through(P3),
    /// They only touch, at a position that is no corner of both.
    Touch(P3),
}

impl Triangle {
    /// Least and greatest corner.
    pub fn bounds(&self) -> [P3; 2] {
        let axis = |f: fn(f64, f64) -> f64| [0, 1, 2].map(|k| f(f(self.at[0][k], self.at[1][k]), self.at[2][k]));
        [axis(f64::min), axis(f64::max)]
    }

    /// Its normal; the length is twice its area.
    pub fn normal(&self) -> P3 {
        cross(sub(self.at[1], self.at[0]), sub(self.at[2], self.at[0]))
    }

    /// Does a position of the triangle lie on the rim of its surface?
    fn on_rim(&self, p: P3) -> bool {
        let near = |i: usize| {
            let (a, b) = (self.at[i], self.at[(i + 1) % 3]);
            let d = sub(b, a);
            let t = (dot(sub(p, a), d) / dot(d, d).max(1e-300)).clamp(0.0, 1.0);
            distance(p, [0, 1, 2].map(|k| a[k] + t * d[k])) <= ON_RIM_M
        };
        (0..3).any(|i| distance(p, self.at[i]) <= ON_RIM_M || (self.rim[i] && near(i)))
    }

    /// Is a position of the triangle's plane in it, its sides included?
    pub fn covers(&self, p: P3) -> bool {
        let normal = self.normal();
        let slack = 1e-9 * dot(normal, normal);
        (0..3).all(|i| dot(cross(sub(self.at[(i + 1) % 3], self.at[i]), sub(p, self.at[i])), normal) >= -slack)
    }
}

/// How two triangles meet; `None` where they do not, or only at corners that both of their surfaces have. `has` says whether the
/// surface of a triangle has a corner: triangulation leaves out corners on a straight side.
pub fn meet(a: &Triangle, b: &Triangle, tolerance: f64, has: [&dyn Fn(usize, u32) -> bool; 2]) -> Option<Meeting> {
    let shared = a.corner.iter().filter(|c| b.corner.contains(c)).count();
    let sides = |of: &Triangle, to: &Triangle| to.at.map(|p| side(of.at[0], of.at[1], of.at[2], p));
    let (of_b, of_a) = (sides(a, b), sides(b, a));
    if of_b.iter().all(|s| *s == 0.0) || nearly_flat(a, b, 1e-7) {
        return covered(a, b);
    }
    let mut touches: Vec<P3> = Vec::new();
    for (from, to, heights, has) in [(a, b, of_a, has[1]), (b, a, of_b, has[0])] {
        for i in 0..3 {
            let (p, q) = (from.at[i], from.at[(i + 1) % 3]);
            let (hp, hq) = (heights[i], heights[(i + 1) % 3]);
            if (hp > 0.0 && hq < 0.0) || (hp < 0.0 && hq > 0.0) {
                let share = hp / (hp - hq);
                let at = [0, 1, 2].map(|k| p[k] + share * (q[k] - p[k]));
                if to.covers(at) {
                    // Neighbours whose common corner is a hair off their plane do not cross there.
                    if shared > 0 && a.at.iter().chain(&b.at).any(|corner| distance(*corner, at) <= tolerance) {
                        continue;
                    }
                    if !to.on_rim(at) {
                        return Some(Meeting::Through(at));
                    }
                    touches.push(at);
                }
            }
            if hp == 0.0 && to.covers(p) && !has(to.surface, from.corner[i]) {
                touches.push(p);
            }
        }
    }
    touches.first().map(|p| Meeting::Touch(*p))
}

/// Do two triangles of one plane cover one another in part? `tolerance` is how far off they may be, metres.
pub fn share_area(a: &Triangle, b: &Triangle, tolerance: f64) -> bool {
    nearly_flat(a, b, tolerance) && covered(a, b).is_some()
}

/// Positions where sides of one triangle go through the other; none for triangles in one plane.
pub fn crossings(a: &Triangle, b: &Triangle) -> Vec<P3> {
    let sides = |of: &Triangle, to: &Triangle| to.at.map(|p| side(of.at[0], of.at[1], of.at[2], p));
    let mut found = Vec::new();
    for (from, to, heights) in [(a, b, sides(b, a)), (b, a, sides(a, b))] {
        for i in 0..3 {
            let (p, q, hp, hq) = (from.at[i], from.at[(i + 1) % 3], heights[i], heights[(i + 1) % 3]);
            if (hp >= 0.0 && hq < 0.0) || (hp <= 0.0 && hq > 0.0) {
                let share = hp / (hp - hq);
                let at = [0, 1, 2].map(|k| p[k] + share * (q[k] - p[k]));
                found.extend(to.covers(at).then_some(at));
            }
        }
    }
    found
}

/// Triangles in one plane, as far as numbers tell.
fn nearly_flat(a: &Triangle, b: &Triangle, tolerance: f64) -> bool {
    let (na, nb) = (a.normal(), b.normal());
    let off = |of: &Triangle, n: P3, p: P3| dot(n, sub(p, of.at[0])).abs() / norm(n).max(1e-300);
    let parallel = norm(cross(na, nb)) <= 1e-7 * norm(na) * norm(nb);
    parallel && b.at.iter().all(|p| off(a, na, *p) <= tolerance)
}

/// Triangles of one plane: do they cover one another in part?
fn covered(a: &Triangle, b: &Triangle) -> Option<Meeting> {
    let normal = a.normal();
    let size = normal.map(f64::abs);
    let axis = if size[2] >= size[0] && size[2] >= size[1] { 2 } else if size[0] >= size[1] { 0 } else { 1 };
    let origin = a.at[0];
    let flat = |p: P3| {
        let p = sub(p, origin);
        [p[(axis + 1) % 3], p[(axis + 2) % 3]]
    };
    let (mut clip, by) = (a.at.map(flat).to_vec(), b.at.map(flat));
    let area = |ring: &[[f64; 2]]| {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next).map(|(p, q)| p[0] * q[1] - p[1] * q[0]).sum::<f64>() / 2.0
    };
    let turn = area(&by).signum();
    // Sutherland and Hodgman: what of `a` is inside `b`.
    for i in 0..3 {
        let (p, q) = (by[i], by[(i + 1) % 3]);
        let inside = |c: [f64; 2]| turn * ((q[0] - p[0]) * (c[1] - p[1]) - (q[1] - p[1]) * (c[0] - p[0]));
        let mut kept = Vec::new();
        for (k, &c) in clip.iter().enumerate() {
            let d = clip[(k + 1) % clip.len()];
            let (hc, hd) = (inside(c), inside(d));
            if hc >= 0.0 {
                kept.push(c);
            }
            if (hc > 0.0 && hd < 0.0) || (hc < 0.0 && hd > 0.0) {
                let share = hc / (hc - hd);
                kept.push([c[0] + share * (d[0] - c[0]), c[1] + share * (d[1] - c[1])]);
            }
        }
        clip = kept;
    }
    let least = 1e-7 * area(&a.at.map(flat)).abs().min(area(&by).abs());
    (clip.len() > 2 && area(&clip).abs() > least.max(1e-10)).then(|| {
        let middle = [0, 1, 2].map(|k| (a.at[0][k] + a.at[1][k] + a.at[2][k]) / 3.0);
        Meeting::Through(middle)
    })
}

/// Calls `found` for each pair of triangles whose boxes meet: of one list, or one of each; stops where it says so.
pub fn pairs(a: &[Triangle], b: Option<&[Triangle]>, mut found: impl FnMut(&Triangle, &Triangle) -> bool) {
    let mut order: Vec<(bool, &Triangle, [P3; 2])> = a.iter().map(|t| (true, t, t.bounds())).collect();
    order.extend(b.into_iter().flatten().map(|t| (false, t, t.bounds())));
    order.sort_by(|x, y| x.2[0][0].total_cmp(&y.2[0][0]));
    for (i, (first, x, bx)) in order.iter().enumerate() {
        for (other, y, by) in order.iter().skip(i + 1) {
            if by[0][0] > bx[1][0] {
                break;
            }
            let apart = (1..3).any(|k| by[0][k] > bx[1][k] || by[1][k] < bx[0][k]);
            if apart || (b.is_some() && first == other) {
                continue;
            }
            let (x, y) = if *first { (*x, *y) } else { (*y, *x) };
            if found(x, y) {
                return;
            }
        }
    }
}
