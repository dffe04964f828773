//! Checks of objects' geometry: rings, surfaces, shells. The comments name val3dity's error numbers where the case is the same.

use qike_core::Diagnostic;
use qike_scene::triangulate::newell;
use qike_scene::{CityObject, Geometry, GeometryKind};
use std::collections::BTreeMap;

/// How far a vertex may lie from its surface's plane, metres (val3dity's default).
pub const PLANE_TOLERANCE_M: f64 = 0.01;
/// A surface with less area than this, in square metres, has none.
const LEAST_AREA: f64 = 1e-6;
/// Rings with more corners are not searched for crossings: the search takes the square of their number.
const CROSSING_LIMIT: usize = 2000;

/// All faults of an object's geometry. Coordinates are finite and indices good in what a store holds; objects from elsewhere
/// are checked for that too.
pub fn check_object(object: &CityObject) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (number, g) in object.geometries.iter().enumerate() {
        let place = format!("geometry {number} (LOD {})", g.lod);
        let mut report = |code: &'static str, part: &str, message: String, position: Option<[f64; 3]>| {
            let path = if part.is_empty() { place.clone() } else { format!("{place}, {part}") };
            let mut fault = Diagnostic::error(code, message).object(object.id.as_str()).path(path);
            fault.place.position = position;
            faults.push(fault);
        };
        if !g.is_consistent() {
            report("geometry-broken", "", "the geometry refers to vertices or parts it does not have".into(), None);
            continue;
        }
        if let Some(v) = g.vertices.iter().find(|v| !v.iter().all(|c| c.is_finite())) {
            report("coordinate-not-finite", "", format!("a vertex ({}, {}, {}) is no position", v[0], v[1], v[2]), None);
            continue;
        }
        check_lines(g, &mut report);
        check_surfaces(g, &mut report);
        check_shells(g, &mut report);
    }
    faults
}

type Report<'a> = dyn FnMut(&'static str, &str, String, Option<[f64; 3]>) + 'a;

fn check_lines(g: &Geometry, report: &mut Report) {
    for (number, line) in g.lines().enumerate() {
        if line.len() < 2 || line.iter().all(|p| p == &line[0]) {
            report("line-too-short", &format!("line {number}"), "a line needs two points".into(), line.first().copied());
        }
    }
}

fn check_surfaces(g: &Geometry, report: &mut Report) {
    for surface in g.surfaces() {
        let part = format!("surface {}", surface.index);
        let mut sound = true;
        for ring in surface.rings() {
            sound &= check_ring(g, ring, &part, report);
        }
        let Some(exterior) = surface.rings().next() else {
            report("surface-without-ring", &part, "a surface needs a ring".into(), None);
            continue;
        };
        if !sound {
            continue;
        }
        let normal = newell(g, exterior);
        let length = norm(normal);
        if length / 2.0 < LEAST_AREA {
            report("surface-without-area", &part, format!("the surface has an area of {:.1e} m²", length / 2.0), first(g, exterior));
            continue;
        }
        // 203: distance from the plane through the middle of the corners.
        let normal = normal.map(|c| c / length);
        let origin = g.vertices[exterior[0] as usize];
        let offsets: Vec<f64> =
            surface.rings().flatten().map(|&i| dot(sub(g.vertices[i as usize], origin), normal)).collect();
        let middle = offsets.iter().sum::<f64>() / offsets.len() as f64;
        let worst = offsets.iter().map(|o| (o - middle).abs()).fold(0.0, f64::max);
        if worst > PLANE_TOLERANCE_M {
            report("surface-not-planar", &part, format!("a corner lies {worst:.3} m off the surface's plane"), first(g, exterior));
        }
        for ring in surface.rings() {
            if let Some(p) = crossing(g, ring, normal) {
                report("ring-crosses-itself", &part, "the ring crosses itself".into(), Some(p));
            }
        }
    }
}

/// 101 and 102: three corners or more, none twice in a row. True where the ring is worth looking at further.
fn check_ring(g: &Geometry, ring: &[u32], part: &str, report: &mut Report) -> bool {
    let at = |i: usize| g.vertices[ring[i % ring.len()] as usize];
    let mut corners: Vec<[u64; 3]> = ring.iter().map(|&i| g.vertices[i as usize].map(|c| (c + 0.0).to_bits())).collect();
    corners.sort_unstable();
    corners.dedup();
    if corners.len() < 3 {
        report("ring-too-few-points", part, format!("the ring has {} different corners, 3 are needed", corners.len()), first(g, ring));
        return false;
    }
    if let Some(i) = (0..ring.len()).find(|&i| at(i) == at(i + 1)) {
        report("ring-repeated-point", part, "the ring has the same corner twice in a row".into(), Some(at(i)));
        return false;
    }
    true
}

/// 104: a place where two sides of a ring cross that are not neighbours; seen along the normal's greatest axis.
fn crossing(g: &Geometry, ring: &[u32], normal: [f64; 3]) -> Option<[f64; 3]> {
    let n = ring.len();
    if !(4..=CROSSING_LIMIT).contains(&n) {
        return None;
    }
    let size = normal.map(f64::abs);
    let axis = if size[2] >= size[0] && size[2] >= size[1] { 2 } else if size[0] >= size[1] { 0 } else { 1 };
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let origin = g.vertices[ring[0] as usize];
    let flat: Vec<[f64; 2]> = ring.iter().map(|&i| sub(g.vertices[i as usize], origin)).map(|p| [p[u], p[v]]).collect();
    let side = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    for i in 0..n {
        let (a, b) = (flat[i], flat[(i + 1) % n]);
        for j in i + 2..n {
            if i == 0 && j == n - 1 {
                continue;
            }
            let (c, d) = (flat[j], flat[(j + 1) % n]);
            let apart = |k: usize| a[k].max(b[k]) < c[k].min(d[k]) || c[k].max(d[k]) < a[k].min(b[k]);
            if !apart(0) && !apart(1) && side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0 {
                return Some(g.vertices[ring[i] as usize]);
            }
        }
    }
    None
}

/// 302, 303, 307, 308: every edge of a shell belongs to two surfaces, once in each direction, and outer shells face outwards.
fn check_shells(g: &Geometry, report: &mut Report) {
    if !g.kind.is_solid() {
        if g.kind == GeometryKind::Mesh && g.indices.is_empty() {
            report("mesh-empty", "", "the mesh has no triangles".into(), None);
        }
        return;
    }
    let outer: Vec<usize> = std::iter::once(0).chain(g.solid_ends.iter().map(|e| *e as usize)).collect();
    // Equal positions are one corner here, also where a source has written them twice.
    let mut corners: BTreeMap<[u64; 3], u32> = BTreeMap::new();
    let corner: Vec<u32> = g
        .vertices
        .iter()
        .map(|v| {
            let next = corners.len() as u32;
            *corners.entry(v.map(|c| (c + 0.0).to_bits())).or_insert(next)
        })
        .collect();
    for (number, shell) in g.shells().enumerate() {
        let part = format!("shell {number}");
        let mut edges: BTreeMap<(u32, u32), [u32; 2]> = BTreeMap::new();
        let (mut volume, mut origin) = (0.0, None);
        for surface in g.surfaces().skip(shell.start).take(shell.len()) {
            for ring in surface.rings() {
                let around = newell(g, ring);
                if let Some(&i) = ring.first() {
                    let p = g.vertices[i as usize];
                    volume += dot(sub(p, *origin.get_or_insert(p)), around) / 6.0;
                }
                for (k, &i) in ring.iter().enumerate() {
                    let (a, b) = (corner[i as usize], corner[ring[(k + 1) % ring.len()] as usize]);
                    let count = edges.entry((a.min(b), a.max(b))).or_default();
                    count[usize::from(a > b)] += 1;
                }
            }
        }
        let place = |edge: u32| corner.iter().position(|c| *c == edge).map(|i| g.vertices[i]);
        let mut fault = |code: &'static str, what: &str, is: fn(&[u32; 2]) -> bool| {
            let bad: Vec<_> = edges.iter().filter(|(_, count)| is(count)).map(|(edge, _)| edge.0).collect();
            if let Some(edge) = bad.first() {
                report(code, &part, format!("{} of {} edges {what}", bad.len(), edges.len()), place(*edge));
            }
            bad.is_empty()
        };
        let closed = fault("shell-not-closed", "belong to one surface only", |c| c[0] + c[1] == 1);
        let manifold = fault("shell-not-manifold", "belong to more than two surfaces", |c| c[0] + c[1] > 2);
        let turned = fault("shell-surface-turned", "are run through twice in one direction", |c| c[0] + c[1] == 2 && c[0] != 1);
        let is_outer = outer.contains(&number);
        if closed && manifold && turned && !edges.is_empty() && (volume < 0.0) == is_outer {
            let what = if is_outer { "the outer shell's surfaces face inwards" } else { "an inner shell's surfaces face outwards" };
            report("shell-inside-out", &part, what.into(), None);
        }
    }
}

fn first(g: &Geometry, ring: &[u32]) -> Option<[f64; 3]> {
    ring.first().and_then(|&i| g.vertices.get(i as usize)).copied()
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{Class, GeometryBuilder, Lod, SourceId};

    type Ring = Vec<[f64; 3]>;

    /// A box with outward faces, in millions of metres as real coordinates are.
    fn faces() -> Vec<Ring> {
        let p = |x: f64, y: f64, z: f64| [684_000.0 + x, 3_420_000.0 + y, z];
        let (a, b, c, d) = (p(0., 0., 0.), p(4., 0., 0.), p(4., 3., 0.), p(0., 3., 0.));
        let up = |q: [f64; 3]| [q[0], q[1], 5.0];
        let (e, f, g, h) = (up(a), up(b), up(c), up(d));
        vec![vec![a, d, c, b], vec![e, f, g, h], vec![a, b, f, e], vec![b, c, g, f], vec![c, d, h, g], vec![d, a, e, h]]
    }

    fn codes(faces: &[Ring], kind: GeometryKind) -> Vec<String> {
        let mut b = GeometryBuilder::new(Lod::TWO, kind);
        for face in faces {
            b.surface(std::slice::from_ref(face), None);
        }
        let mut object = CityObject::new("b", Class::Building, SourceId(0));
        object.geometries.push(b.build());
        check_object(&object).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn a_box_is_sound_and_each_fault_has_its_code() {
        let good = faces();
        assert!(codes(&good, GeometryKind::Solid).is_empty());
        assert_eq!(codes(&good[1..], GeometryKind::Solid), ["shell-not-closed"]);
        let mut turned = good.clone();
        turned[1].reverse();
        assert_eq!(codes(&turned, GeometryKind::Solid), ["shell-surface-turned"]);
        let inside_out: Vec<Ring> = good.iter().map(|f| f.iter().rev().copied().collect()).collect();
        assert_eq!(codes(&inside_out, GeometryKind::Solid), ["shell-inside-out"]);
        let twice: Vec<Ring> = good.iter().chain(&good[..1]).cloned().collect();
        assert_eq!(codes(&twice, GeometryKind::Solid), ["shell-not-manifold"]);
        let mut bent = good[1].clone();
        bent[2][2] += 0.1;
        assert_eq!(codes(&[bent], GeometryKind::MultiSurface), ["surface-not-planar"]);
        let bow = [(0., 0.), (4., 0.), (4., 3.), (2., -1.), (0., 3.)].map(|(x, y): (f64, f64)| [x, y, 0.0]).to_vec();
        assert_eq!(codes(&[bow], GeometryKind::MultiSurface), ["ring-crosses-itself"]);
        assert_eq!(codes(&[good[0][..2].to_vec()], GeometryKind::MultiSurface), ["ring-too-few-points"]);
        let mut stutter = good[0].clone();
        stutter.insert(1, stutter[0]);
        assert_eq!(codes(&[stutter], GeometryKind::MultiSurface), ["ring-repeated-point"]);
        let line = vec![[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]];
        assert_eq!(codes(&[line], GeometryKind::MultiSurface), ["surface-without-area"]);
        let mut nan = good[0].clone();
        nan[0][2] = f64::NAN;
        assert_eq!(codes(&[nan], GeometryKind::MultiSurface), ["coordinate-not-finite"]);
    }

    #[test]
    fn lines_need_two_points() {
        let mut object = CityObject::new("r", Class::Road, SourceId(0));
        object.geometries.push(Geometry::line(Lod::ZERO, &[[1.0, 2.0, 0.0]]));
        assert_eq!(check_object(&object)[0].code, "line-too-short");
    }
}
