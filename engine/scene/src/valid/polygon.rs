//! Rings and polygons: 101–104 and 201–208.

use super::space::{P3, cross, distance, dot, norm, sub};
use super::{Fault, Tolerances};
use crate::geometry::SurfaceRef;
use crate::triangulate::{newell, triangulate};
use crate::{Geometry, GeometryKind, Lod};
use std::collections::BTreeMap;

type P2 = [f64; 2];

/// How near a corner may come to a side that is not its own, metres: nearer, it lies on it.
const ON_SIDE_M: f64 = 1e-6;

/// A ring in the polygon's plane.
struct Flat {
    at: Vec<P2>,
    corner: Vec<u32>,
}

/// Checks a polygon and its rings.
pub fn check(g: &Geometry, corners: &[u32], surface: SurfaceRef<'_>, tolerances: &Tolerances, faults: &mut Vec<Fault>) {
    let part = format!("surface {}", surface.index);
    let mut fault = |code: u16, message: String, position: Option<P3>| {
        faults.push(Fault { code, part: part.clone(), message, position });
    };
    let rings: Vec<&[u32]> = surface.rings().collect();
    let place = |i: u32| g.vertices.get(i as usize).copied().unwrap_or_default();
    let snapped = |i: u32| corners.get(i as usize).copied().unwrap_or(i);
    let mut sound = !rings.is_empty();
    for ring in &rings {
        let mut different: Vec<u32> = ring.iter().map(|i| snapped(*i)).collect();
        let twice = (0..ring.len()).find(|k| snapped(ring[*k]) == snapped(ring[(k + 1) % ring.len()]));
        different.sort_unstable();
        different.dedup();
        if ring.len() < 3 || (different.len() < 3 && twice.is_none()) {
            fault(101, format!("the ring has {} points, 3 are needed", different.len()), ring.first().map(|i| place(*i)));
            sound = false;
        } else if let Some(k) = twice {
            fault(102, "the ring has the same point twice in a row".into(), Some(place(ring[k])));
            sound = false;
        }
    }
    let Some(outer) = rings.first().filter(|_| sound) else {
        if rings.is_empty() {
            fault(101, "the polygon has no ring".into(), None);
        }
        return;
    };
    let normal = newell(g, outer);
    let length = norm(normal);
    let longest = (0..outer.len()).map(|k| distance(place(outer[k]), place(outer[(k + 1) % outer.len()]))).fold(0.0, f64::max);
    // A ring without a width is a line that runs back on itself.
    if length / longest.max(1e-12) < ON_SIDE_M {
        fault(104, "the ring has no area".into(), Some(place(outer[0])));
        return;
    }
    let normal = normal.map(|c| c / length);
    // In the plane's own axes, so that distances are true.
    let helper = if normal[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let u = cross(helper, normal);
    let u = u.map(|c| c / norm(u));
    let v = cross(normal, u);
    let origin = place(outer[0]);
    let flat: Vec<Flat> = rings
        .iter()
        .map(|ring| Flat {
            at: ring.iter().map(|i| sub(place(*i), origin)).map(|p| [dot(p, u), dot(p, v)]).collect(),
            corner: ring.iter().map(|i| snapped(*i)).collect(),
        })
        .collect();
    let lift = |p: P2| [0, 1, 2].map(|k| origin[k] + p[0] * u[k] + p[1] * v[k]);
    for ring in &flat {
        if let Some(p) = crosses_itself(ring) {
            fault(104, "the ring crosses or touches itself".into(), Some(lift(p)));
            sound = false;
        }
    }
    if !sound {
        return;
    }
    let offsets: Vec<f64> = rings.iter().copied().flatten().map(|i| dot(sub(place(*i), origin), normal)).collect();
    let middle = offsets.iter().sum::<f64>() / offsets.len() as f64;
    let furthest = offsets.iter().map(|o| (o - middle).abs()).fold(0.0, f64::max);
    if furthest > tolerances.planarity_m {
        fault(203, format!("a point lies {furthest:.3} m off the polygon's plane, {} m are allowed", tolerances.planarity_m), Some(origin));
        return;
    }
    let turned = most_turned(g, &rings, normal, tolerances.snap_m);
    if turned > tolerances.normals_deg {
        fault(204, format!("a part of the polygon is turned {turned:.1}° against its plane, {}° are allowed", tolerances.normals_deg), Some(origin));
        return;
    }
    rings_together(&flat, &mut |code, message, p: P2| fault(code, message, Some(lift(p))));
}

/// The greatest angle between the polygon's normal and that of one of its triangles, degrees. Slivers have no direction.
fn most_turned(g: &Geometry, rings: &[&[u32]], normal: P3, snap: f64) -> f64 {
    if rings.len() == 1 && rings[0].len() == 3 {
        return 0.0;
    }
    let mut alone = Geometry { lod: Lod::ZERO, vertices: vec![], ..Geometry::empty(Lod::ZERO, GeometryKind::MultiSurface) };
    for ring in rings {
        for i in *ring {
            alone.indices.push(alone.vertices.len() as u32);
            alone.vertices.push(g.vertices.get(*i as usize).copied().unwrap_or_default());
        }
        alone.ring_ends.push(alone.indices.len() as u32);
    }
    alone.surface_ends.push(alone.ring_ends.len() as u32);
    let mut worst = 0.0_f64;
    for triangle in triangulate(&alone).indices {
        let [a, b, c] = triangle.map(|i| alone.vertices.get(i as usize).copied().unwrap_or_default());
        let own = cross(sub(b, a), sub(c, a));
        let longest = distance(a, b).max(distance(b, c)).max(distance(c, a));
        if norm(own) / longest.max(1e-12) > 2.0 * snap {
            worst = worst.max((dot(own, normal) / norm(own)).clamp(-1.0, 1.0).acos().to_degrees());
        }
    }
    worst
}

fn area2(a: P2, b: P2, c: P2) -> f64 {
    let p = |q: P2| robust::Coord { x: q[0], y: q[1] };
    robust::orient2d(p(a), p(b), p(c))
}

/// How far `p` is from the stretch between two points, and where along it the nearest point lies, 0–1.
fn to_side(p: P2, a: P2, b: P2) -> (f64, f64) {
    let d = [b[0] - a[0], b[1] - a[1]];
    let along = ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]).max(1e-300);
    let t = along.clamp(0.0, 1.0);
    ((p[0] - a[0] - t * d[0]).hypot(p[1] - a[1] - t * d[1]), along)
}

fn sides_of(ring: &Flat) -> impl Iterator<Item = (usize, P2, P2)> + '_ {
    let n = ring.at.len();
    (0..n).map(move |i| (i, ring.at[i], ring.at[(i + 1) % n]))
}

/// Strictly: each has its ends on both sides of the other.
fn cross_strictly(a: P2, b: P2, c: P2, d: P2) -> bool {
    area2(a, b, c) * area2(a, b, d) < 0.0 && area2(c, d, a) * area2(c, d, b) < 0.0
}

/// Pairs of sides whose boxes meet, in order of their beginnings from the left.
fn near_sides(all: &[(usize, P2, P2)]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    let left = |i: usize| all[i].1[0].min(all[i].2[0]) - ON_SIDE_M;
    let right = |i: usize| all[i].1[0].max(all[i].2[0]) + ON_SIDE_M;
    order.sort_by(|a, b| left(*a).total_cmp(&left(*b)).then(a.cmp(b)));
    let mut out = Vec::new();
    for (k, &i) in order.iter().enumerate() {
        for &j in order.iter().skip(k + 1) {
            if left(j) > right(i) {
                break;
            }
            let span = |s: usize| [all[s].1[1].min(all[s].2[1]) - ON_SIDE_M, all[s].1[1].max(all[s].2[1]) + ON_SIDE_M];
            if span(i)[0] <= span(j)[1] && span(j)[0] <= span(i)[1] {
                out.push((i.min(j), i.max(j)));
            }
        }
    }
    out
}

/// 104: a place where a ring meets itself.
fn crosses_itself(ring: &Flat) -> Option<P2> {
    let n = ring.at.len();
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    for (i, corner) in ring.corner.iter().enumerate() {
        if seen.insert(*corner, i).is_some() {
            return Some(ring.at[i]);
        }
    }
    let sides: Vec<_> = sides_of(ring).collect();
    for (i, j) in near_sides(&sides) {
        let (a, b, c, d) = (sides[i].1, sides[i].2, sides[j].1, sides[j].2);
        if (i + 1) % n == j || (j + 1) % n == i {
            // Neighbours: one may run back along the other.
            let (tip, from, to) = if (i + 1) % n == j { (c, a, d) } else { (a, c, b) };
            let ahead = (from[0] - tip[0]) * (to[0] - tip[0]) + (from[1] - tip[1]) * (to[1] - tip[1]);
            let back = ahead > 0.0 && (to_side(to, tip, from).0 < ON_SIDE_M || to_side(from, tip, to).0 < ON_SIDE_M);
            if back {
                return Some(tip);
            }
            continue;
        }
        if cross_strictly(a, b, c, d) {
            return Some(a);
        }
        for (p, (q, r)) in [(a, (c, d)), (b, (c, d)), (c, (a, b)), (d, (a, b))] {
            if to_side(p, q, r).0 < ON_SIDE_M {
                return Some(p);
            }
        }
    }
    None
}

/// Is a point inside a ring? Not for points on it.
fn inside(p: P2, ring: &[P2]) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crossings = ring.iter().zip(next).filter(|(a, b)| (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]);
    crossings.count() % 2 == 1
}

/// 201, 202, 205–208: how the rings of a polygon lie to each other.
fn rings_together(rings: &[Flat], fault: &mut dyn FnMut(u16, String, P2)) {
    if rings.len() < 2 {
        return;
    }
    let before = std::cell::Cell::new(0);
    let mut tell = |code, message: String, p| {
        before.set(before.get() + 1);
        fault(code, message, p);
    };
    let mut touches: Vec<(usize, usize, P2)> = Vec::new();
    for a in 0..rings.len() {
        for b in a + 1..rings.len() {
            let sorted = |ring: &Flat| {
                let mut corners = ring.corner.clone();
                corners.sort_unstable();
                corners
            };
            if sorted(&rings[a]) == sorted(&rings[b]) {
                tell(202, format!("rings {a} and {b} are the same"), rings[b].at[0]);
                continue;
            }
            match between(&rings[a], &rings[b]) {
                Err(p) => tell(201, format!("rings {a} and {b} cross or share a stretch"), p),
                Ok(points) => touches.extend(points.into_iter().map(|p| (a, b, p))),
            }
        }
    }
    if before.get() > 0 {
        return;
    }
    // Corners of `b` that do not lie on `a`: all on the same side, as the rings do not cross.
    let off = |a: &Flat, b: &Flat| b.at.iter().copied().find(|p| sides_of(a).all(|(_, q, r)| to_side(*p, q, r).0 > ON_SIDE_M));
    for (h, hole) in rings.iter().enumerate().skip(1) {
        if let Some(p) = off(&rings[0], hole).filter(|p| !inside(*p, &rings[0].at)) {
            tell(206, format!("inner ring {h} lies outside the outer one"), p);
        }
        for (o, other) in rings.iter().enumerate().skip(1).filter(|(o, _)| *o != h) {
            if let Some(p) = off(other, hole).filter(|p| inside(*p, &other.at)) {
                tell(207, format!("inner ring {h} lies inside inner ring {o}"), p);
            }
        }
    }
    if before.get() > 0 {
        return;
    }
    if let Some(p) = closed_chain(rings.len(), &touches) {
        tell(205, "rings that touch cut the polygon's inside in two".into(), p);
        return;
    }
    let area = |ring: &Flat| sides_of(ring).map(|(_, p, q)| p[0] * q[1] - p[1] * q[0]).sum::<f64>();
    let around = area(&rings[0]).signum();
    for (h, hole) in rings.iter().enumerate().skip(1) {
        if area(hole).signum() == around {
            tell(208, format!("inner ring {h} runs the same way round as the outer one"), hole.at[0]);
        }
    }
}

/// Points where two rings touch; `Err` with a place where they cross or share a stretch.
fn between(a: &Flat, b: &Flat) -> Result<Vec<P2>, P2> {
    let first = a.at.len();
    let sides: Vec<_> = sides_of(a).chain(sides_of(b)).collect();
    let mut touches: Vec<P2> = Vec::new();
    for (i, j) in near_sides(&sides).into_iter().filter(|(i, j)| (*i < first) != (*j < first)) {
        let (p, q, r, s) = (sides[i].1, sides[i].2, sides[j].1, sides[j].2);
        if cross_strictly(p, q, r, s) {
            let ends = [(p, (r, s)), (q, (r, s)), (r, (p, q)), (s, (p, q))];
            // A corner that is on the other side's line only touches it, however the last digit falls.
            if !ends.iter().any(|(c, (x, y))| to_side(*c, *x, *y).0 < ON_SIDE_M) {
                return Err(p);
            }
        }
        let on: Vec<P2> = [(p, (r, s)), (q, (r, s)), (r, (p, q)), (s, (p, q))]
            .into_iter()
            .filter(|(c, (x, y))| to_side(*c, *x, *y).0 < ON_SIDE_M)
            .map(|(c, _)| c)
            .collect();
        let apart = |x: P2, y: P2| (x[0] - y[0]).hypot(x[1] - y[1]) > 10.0 * ON_SIDE_M;
        if let Some(first) = on.first() {
            if on.iter().any(|c| apart(*c, *first)) {
                return Err(*first);
            }
            if touches.iter().all(|t| apart(*t, *first)) {
                touches.push(*first);
            }
        }
    }
    Ok(touches)
}

/// 205: a chain of touching rings that comes back to where it began. Rings and touching points are the nodes of a graph.
fn closed_chain(rings: usize, touches: &[(usize, usize, P2)]) -> Option<P2> {
    let mut points: Vec<P2> = Vec::new();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (a, b, p) in touches {
        let known = points.iter().position(|q| (q[0] - p[0]).hypot(q[1] - p[1]) <= 10.0 * ON_SIDE_M);
        let at = known.unwrap_or_else(|| {
            points.push(*p);
            points.len() - 1
        });
        edges.extend([(*a, rings + at), (*b, rings + at)]);
    }
    edges.sort_unstable();
    edges.dedup();
    let mut group: Vec<usize> = (0..rings + points.len()).collect();
    fn root(group: &mut [usize], mut i: usize) -> usize {
        while group[i] != i {
            group[i] = group[group[i]];
            i = group[i];
        }
        i
    }
    for (ring, point) in edges {
        let (x, y) = (root(&mut group, ring), root(&mut group, point));
        if x == y {
            return points.get(point - rings).copied();
        }
        group[x] = y;
    }
    None
}
