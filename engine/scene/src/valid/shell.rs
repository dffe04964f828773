//! Shells: 300–307, and what solids need to know of them.

use super::Fault;
use super::space::{Meeting, P3, Triangle, cross, dot, meet, norm, pairs, sub};
use crate::triangulate::triangulate;
use crate::{Geometry, GeometryKind, Lod};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A shell with its corners snapped.
pub struct Shell {
    /// Its surfaces: rings of corners.
    faces: Vec<Vec<Vec<u32>>>,
    /// Number of its first surface in the geometry.
    first: usize,
    /// All its triangles.
    pub triangles: Vec<Triangle>,
    /// Sides: from the lesser corner to the greater, the surfaces that run along and against it.
    edges: BTreeMap<(u32, u32), [Vec<usize>; 2]>,
    /// Positions of corners.
    place: BTreeMap<u32, P3>,
}

impl Shell {
    /// The shell of a span of surfaces.
    pub fn new(g: &Geometry, corners: &[u32], span: Range<usize>) -> Self {
        let first = span.start;
        let corner = |i: u32| corners.get(i as usize).copied().unwrap_or(i);
        let at = |i: u32| g.vertices.get(corner(i) as usize).copied().unwrap_or_default();
        let mut alone = Geometry::empty(Lod::ZERO, GeometryKind::MultiSurface);
        let mut faces = Vec::with_capacity(span.len());
        let mut numbers: Vec<u32> = Vec::new();
        let mut edges: BTreeMap<(u32, u32), [Vec<usize>; 2]> = BTreeMap::new();
        let mut place = BTreeMap::new();
        for surface in span.filter_map(|index| g.surface(index)) {
            let mut rings = Vec::new();
            for ring in surface.rings() {
                // Vertices as the rings name them: a geometry may have thousands of shells.
                alone.indices.extend((alone.vertices.len()..alone.vertices.len() + ring.len()).map(|i| i as u32));
                alone.vertices.extend(ring.iter().map(|i| at(*i)));
                numbers.extend(ring.iter().map(|i| corner(*i)));
                alone.ring_ends.push(alone.indices.len() as u32);
                let ring: Vec<u32> = ring.iter().map(|i| corner(*i)).collect();
                for (k, a) in ring.iter().enumerate() {
                    let b = ring[(k + 1) % ring.len()];
                    edges.entry((*a.min(&b), *a.max(&b))).or_default()[usize::from(*a > b)].push(faces.len());
                    place.insert(*a, at(*a));
                }
                rings.push(ring);
            }
            alone.surface_ends.push(alone.ring_ends.len() as u32);
            faces.push(rings);
        }
        let meshed = triangulate(&alone);
        let rim = |a: u32, b: u32| edges.contains_key(&(a.min(b), a.max(b)));
        let triangles = meshed.indices.iter().zip(&meshed.surface).map(|(t, surface)| {
            let corner = t.map(|i| numbers.get(i as usize).copied().unwrap_or(i));
            let rim = [0, 1, 2].map(|i| rim(corner[i], corner[(i + 1) % 3]));
            Triangle { at: t.map(|i| alone.vertices.get(i as usize).copied().unwrap_or_default()), corner, surface: *surface as usize, rim }
        });
        let triangles = triangles.filter(|t| norm(t.normal()) > 0.0).collect();
        Self { faces, first, triangles, edges, place }
    }

    /// Checks it; with `closed` also that it encloses something.
    pub fn check(&self, closed: bool, part: &str, faults: &mut Vec<Fault>) {
        let mut fault = |code: u16, message: String, position: Option<P3>| {
            faults.push(Fault { code, part: part.to_owned(), message, position });
        };
        if closed && self.faces.len() < 4 {
            fault(301, format!("the shell has {} polygons, 4 are needed", self.faces.len()), self.place.values().next().copied());
            return;
        }
        let where_is = |corner: u32| self.place.get(&corner).copied();
        let parts = self.parts();
        if parts.len() > 1 {
            let message = format!("the shell is made of {} parts that have no corner in common", parts.len());
            fault(305, message, parts.get(1).and_then(|corner| where_is(*corner)));
            return;
        }
        let crowded: Vec<_> = self.edges.iter().filter(|(_, run)| run[0].len() + run[1].len() > 2).map(|(edge, _)| edge.0).collect();
        if let Some(corner) = crowded.first() {
            fault(303, format!("{} sides belong to more than two polygons", crowded.len()), where_is(*corner));
            return;
        }
        if let Some(corner) = self.pinched() {
            fault(303, "parts of the shell hang together at a corner only".into(), where_is(corner));
            return;
        }
        let turned: Vec<_> = self.edges.iter().filter(|(_, run)| run.iter().any(|side| side.len() == 2)).map(|(edge, _)| edge.0).collect();
        if let Some(corner) = turned.first().filter(|_| self.is_one_sided()) {
            let message = "no way of turning its polygons gives the shell an inside and an outside".to_owned();
            fault(300, message, where_is(*corner));
        } else if let Some(corner) = turned.first() {
            let message = format!("{} sides are run through twice in one direction: a polygon is the wrong way round", turned.len());
            fault(307, message, where_is(*corner));
        }
        let open: Vec<_> = self.edges.iter().filter(|(_, run)| run[0].len() + run[1].len() == 1).map(|(edge, _)| edge.0).collect();
        if let Some(corner) = open.first().filter(|_| closed) {
            fault(302, format!("{} of {} sides belong to one polygon only", open.len(), self.edges.len()), where_is(*corner));
        }
        if !turned.is_empty() || (closed && !open.is_empty()) {
            return;
        }
        let mut met = None;
        pairs(&self.triangles, None, |a, b| {
            let has = |surface, corner| self.has_corner(surface, corner);
            let found = if a.surface == b.surface { None } else { meet(a, b, 1e-6, [&has, &has]) };
            met = found.map(|meeting| (a.surface.min(b.surface), a.surface.max(b.surface), meeting));
            met.is_some()
        });
        if let Some((a, b, Meeting::Through(p) | Meeting::Touch(p))) = met {
            fault(306, format!("surfaces {} and {} meet where they should not", self.first + a, self.first + b), Some(p));
        }
    }

    /// Which faces to turn for all sides to be run through once in each direction; `None` where that cannot be (as of Klein's
    /// bottle). The first face of each part stays as it is.
    pub fn turns(&self) -> Option<Vec<bool>> {
        let mut beside: Vec<Vec<(usize, bool)>> = vec![Vec::new(); self.faces.len()];
        for [along, against] in self.edges.values() {
            let all: Vec<(usize, bool)> = along.iter().map(|f| (*f, false)).chain(against.iter().map(|f| (*f, true))).collect();
            if let [(a, x), (b, y)] = all[..] {
                beside[a].push((b, x == y));
                beside[b].push((a, x == y));
            }
        }
        let mut turned: Vec<Option<bool>> = vec![None; self.faces.len()];
        for start in 0..self.faces.len() {
            if turned[start].is_some() {
                continue;
            }
            turned[start] = Some(false);
            let mut todo = vec![start];
            while let Some(face) = todo.pop() {
                let own = turned[face] == Some(true);
                for (other, differ) in &beside[face] {
                    match turned[*other] {
                        None => {
                            turned[*other] = Some(own != *differ);
                            todo.push(*other);
                        }
                        Some(known) if known != (own != *differ) => return None,
                        Some(_) => {}
                    }
                }
            }
        }
        Some(turned.into_iter().map(|turn| turn == Some(true)).collect())
    }

    /// Does every side belong to two polygons?
    pub fn is_closed(&self) -> bool {
        self.faces.len() > 3 && self.edges.values().all(|run| run[0].len() + run[1].len() == 2)
    }

    fn is_one_sided(&self) -> bool {
        self.turns().is_none()
    }

    /// Does a surface have a corner?
    pub fn has_corner(&self, surface: usize, corner: u32) -> bool {
        self.faces.get(surface).is_some_and(|face| face.iter().flatten().any(|c| *c == corner))
    }

    /// A corner of each part; parts have no corner in common.
    fn parts(&self) -> Vec<u32> {
        let mut group: BTreeMap<u32, u32> = self.place.keys().map(|corner| (*corner, *corner)).collect();
        fn root(group: &mut BTreeMap<u32, u32>, mut corner: u32) -> u32 {
            while let Some(&up) = group.get(&corner).filter(|up| **up != corner) {
                let above = group.get(&up).copied().unwrap_or(up);
                group.insert(corner, above);
                corner = up;
            }
            corner
        }
        for face in &self.faces {
            let mut corners = face.iter().flatten();
            let Some(first) = corners.next() else { continue };
            let first = root(&mut group, *first);
            for corner in corners {
                let other = root(&mut group, *corner);
                group.insert(other, first);
            }
        }
        let corners: Vec<u32> = group.keys().copied().collect();
        let roots: BTreeSet<u32> = corners.into_iter().map(|corner| root(&mut group, corner)).collect();
        roots.into_iter().collect()
    }

    /// A corner around which the polygons form more than one fan.
    fn pinched(&self) -> Option<u32> {
        let mut around: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (f, face) in self.faces.iter().enumerate() {
            for corner in face.iter().flatten() {
                around.entry(*corner).or_default().push(f);
            }
        }
        let neighbours = |edge: (u32, u32)| self.edges.get(&edge).map(|run| run[0].iter().chain(&run[1]).copied().collect::<Vec<_>>()).unwrap_or_default();
        for (corner, faces) in around {
            let mut left: BTreeSet<usize> = faces.iter().copied().collect();
            let mut todo: Vec<usize> = left.pop_first().into_iter().collect();
            while let Some(face) = todo.pop() {
                for ring in self.faces.get(face).into_iter().flatten() {
                    for (k, a) in ring.iter().enumerate() {
                        let b = ring[(k + 1) % ring.len()];
                        if *a == corner || b == corner {
                            todo.extend(neighbours((*a.min(&b), *a.max(&b))).into_iter().filter(|f| left.remove(f)));
                        }
                    }
                }
            }
            if !left.is_empty() {
                return Some(corner);
            }
        }
        None
    }

    /// Signed volume: above 0 where surfaces look outwards.
    pub fn volume(&self) -> f64 {
        let origin = self.place.values().next().copied().unwrap_or_default();
        let six = |t: &Triangle| {
            let [a, b, c] = t.at.map(|p| sub(p, origin));
            dot(a, cross(b, c))
        };
        self.triangles.iter().map(six).sum::<f64>() / 6.0
    }

    /// How often the shell goes round a position: ±1 inside, 0 outside, between where it lies on the shell.
    pub fn winding(&self, p: P3) -> f64 {
        // Van Oosterom and Strackee (1983): the solid angle of a triangle.
        let angle = |t: &Triangle| {
            let [a, b, c] = t.at.map(|q| sub(q, p));
            let [la, lb, lc] = [norm(a), norm(b), norm(c)];
            let below = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb;
            2.0 * dot(a, cross(b, c)).atan2(below)
        };
        self.triangles.iter().map(angle).sum::<f64>() / (4.0 * std::f64::consts::PI)
    }

    /// Its corners with their positions.
    pub fn corners(&self) -> impl Iterator<Item = (u32, P3)> + '_ {
        self.place.iter().map(|(corner, p)| (*corner, *p))
    }

    /// Its sides as positions, with their corners.
    pub fn sides(&self) -> impl Iterator<Item = [(u32, P3); 2]> + '_ {
        self.edges.keys().filter_map(|(a, b)| Some([(*a, *self.place.get(a)?), (*b, *self.place.get(b)?)]))
    }

    /// The corners of each surface, sorted: equal for equal shells.
    pub fn outline(&self) -> Vec<Vec<u32>> {
        let mut all: Vec<Vec<u32>> = self.faces.iter().map(|face| {
            let mut corners: Vec<u32> = face.iter().flatten().copied().collect();
            corners.sort_unstable();
            corners
        }).collect();
        all.sort_unstable();
        all
    }

    /// The surfaces a position lies on.
    pub fn surfaces_at(&self, p: P3, tolerance: f64) -> BTreeSet<usize> {
        let on = |t: &&Triangle| {
            let n = t.normal();
            let off = dot(n, sub(p, t.at[0])) / norm(n);
            let foot = [0, 1, 2].map(|k| p[k] - off * n[k] / norm(n));
            off.abs() <= tolerance && (t.covers(foot) || t.at.iter().any(|q| norm(sub(p, *q)) <= tolerance))
        };
        self.triangles.iter().filter(on).map(|t| t.surface).collect()
    }
}
