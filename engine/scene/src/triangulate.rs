//! Triangles of any geometry with area, for drawing, picking and areas.

use crate::{Geometry, GeometryKind};
use earcut::Earcut;

/// Triangles by vertex number, each with the surface it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Triangles {
    /// Vertex numbers of the geometry; the winding is the surface's (counter-clockwise seen from outside).
    pub indices: Vec<[u32; 3]>,
    /// For each triangle the number of its surface (for a mesh: of itself).
    pub surface: Vec<u32>,
    /// For each corner its place in the geometry's `indices`, where texture coordinates belong.
    pub corner: Vec<[u32; 3]>,
}

impl Triangles {
    /// Adds a triangle of a surface whose vertex numbers are `numbers`, the first of them the geometry's corner `first`.
    fn push(&mut self, numbers: &[u32], first: u32, at: [usize; 3]) {
        self.indices.push(at.map(|i| numbers[i]));
        self.corner.push(at.map(|i| first + i as u32));
    }
}

/// Cuts all surfaces into triangles by ear clipping in the plane each fits best (Newell's normal); points and lines give
/// none. Surfaces with fewer than three distinct points or without area give none.
pub fn triangulate(geometry: &Geometry) -> Triangles {
    let mut out = Triangles::default();
    if geometry.kind == GeometryKind::Mesh {
        for (t, corner) in geometry.indices.chunks_exact(3).enumerate() {
            out.indices.push([corner[0], corner[1], corner[2]]);
            out.surface.push(t as u32);
            out.corner.push([0, 1, 2].map(|k| 3 * t as u32 + k));
        }
        return out;
    }
    let mut earcut = Earcut::new();
    let (mut numbers, mut flat, mut holes, mut cut) = (Vec::<u32>::new(), Vec::<[f64; 2]>::new(), Vec::<u32>::new(), Vec::<u32>::new());
    for surface in geometry.surfaces() {
        numbers.clear();
        holes.clear();
        let mut normal = [0.0; 3];
        // The rings of a surface lie back to back.
        let first = surface.first_corner();
        for (r, ring) in surface.rings().enumerate() {
            if r == 0 {
                normal = newell(geometry, ring);
            } else {
                holes.push(numbers.len() as u32);
            }
            numbers.extend_from_slice(ring);
        }
        let count = out.indices.len();
        match numbers.len() {
            0..=2 => continue,
            3 if holes.is_empty() => out.push(&numbers, first, [0, 1, 2]),
            4 if holes.is_empty() && convex_quad(geometry, &numbers, normal) => {
                out.push(&numbers, first, [0, 1, 2]);
                out.push(&numbers, first, [0, 2, 3]);
            }
            _ => {
                let (u, v) = plane_axes(normal);
                flat.clear();
                flat.extend(numbers.iter().map(|&i| project(geometry, i, u, v)));
                if flat.iter().flatten().any(|c| !c.is_finite()) {
                    continue;
                }
                earcut.earcut(flat.iter().copied(), &holes, &mut cut);
                for t in cut.chunks_exact(3) {
                    let [a, b, c] = [t[0], t[1], t[2]].map(|i| i as usize);
                    // Ear clipping keeps no winding: turn each triangle to the surface's side.
                    let area = (flat[b][0] - flat[a][0]) * (flat[c][1] - flat[a][1]) - (flat[b][1] - flat[a][1]) * (flat[c][0] - flat[a][0]);
                    let (b, c) = if area >= 0.0 { (b, c) } else { (c, b) };
                    out.push(&numbers, first, [a, b, c]);
                }
            }
        }
        out.surface.resize(out.indices.len(), surface.index as u32);
        debug_assert!(out.indices.len() >= count);
    }
    out
}

fn at(geometry: &Geometry, index: u32) -> [f64; 3] {
    geometry.vertices.get(index as usize).copied().unwrap_or([f64::NAN; 3])
}

/// Twice the area vector of a ring (Newell's method), taken about its first point for precision far from the origin.
pub fn newell(geometry: &Geometry, ring: &[u32]) -> [f64; 3] {
    let Some(&first) = ring.first() else { return [0.0; 3] };
    let origin = at(geometry, first);
    let mut normal = [0.0; 3];
    for (k, &i) in ring.iter().enumerate() {
        let p = at(geometry, i);
        let q = at(geometry, ring[(k + 1) % ring.len()]);
        let (p, q) = ([0, 1, 2].map(|a| p[a] - origin[a]), [0, 1, 2].map(|a| q[a] - origin[a]));
        normal[0] += p[1] * q[2] - p[2] * q[1];
        normal[1] += p[2] * q[0] - p[0] * q[2];
        normal[2] += p[0] * q[1] - p[1] * q[0];
    }
    normal
}

/// Two axes of the coordinate box whose plane the surface covers most, ordered so that the winding is kept.
fn plane_axes(normal: [f64; 3]) -> (usize, usize) {
    let size = normal.map(f64::abs);
    let axis = if size[2] >= size[0] && size[2] >= size[1] { 2 } else if size[0] >= size[1] { 0 } else { 1 };
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    if normal[axis] >= 0.0 { (u, v) } else { (v, u) }
}

fn project(geometry: &Geometry, index: u32, u: usize, v: usize) -> [f64; 2] {
    let p = at(geometry, index);
    [p[u], p[v]]
}

/// True when the quad has no reflex corner, so that it may be cut along its first diagonal.
fn convex_quad(geometry: &Geometry, quad: &[u32], normal: [f64; 3]) -> bool {
    let (u, v) = plane_axes(normal);
    (0..4).all(|k| {
        let [a, b, c] = [k, k + 1, k + 2].map(|i| project(geometry, quad[i % 4], u, v));
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GeometryBuilder, Lod};
    use proptest::prelude::*;

    fn area(g: &Geometry, t: &Triangles) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for corner in &t.indices {
            let n = newell(g, corner);
            (0..3).for_each(|a| sum[a] += 0.5 * n[a]);
        }
        sum
    }

    #[test]
    fn a_wall_with_a_window_keeps_area_and_side() {
        let at = |y: f64, z: f64| [684_000.0, 3_420_000.0 + y, z];
        let wall = vec![at(0.0, 0.0), at(10.0, 0.0), at(10.0, 3.0), at(0.0, 3.0)];
        let window = vec![at(4.0, 1.0), at(4.0, 2.0), at(6.0, 2.0), at(6.0, 1.0)];
        let g = Geometry::polygon(Lod::THREE, &[wall, window]);
        let t = triangulate(&g);
        let sum = area(&g, &t);
        assert!((sum[0] - 28.0).abs() < 1e-6 && sum[1].abs() < 1e-6, "{sum:?}");
        assert_eq!(t.surface, vec![0; t.indices.len()]);
        let named: Vec<[u32; 3]> = t.corner.iter().map(|c| c.map(|i| g.indices[i as usize])).collect();
        assert_eq!(named, t.indices, "corners are those of the rings");
    }

    proptest! {
        /// The area vectors of the triangles add up to the polygon's, for star-shaped polygons in any plane.
        #[test]
        fn area_is_kept(radii in proptest::collection::vec(1.0f64..20.0, 3..30), tilt in -3.0f64..3.0, lean in -3.0f64..3.0) {
            let n = radii.len() as f64;
            let ring: Vec<[f64; 3]> = radii.iter().enumerate().map(|(k, r)| {
                let angle = std::f64::consts::TAU * k as f64 / n;
                let (x, y) = (r * angle.cos(), r * angle.sin());
                [x, y, tilt * x + lean * y]
            }).collect();
            let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiSurface);
            b.surface(&[ring], None);
            let g = b.build();
            let whole = newell(&g, &g.indices);
            let sum = area(&g, &triangulate(&g));
            for a in 0..3 {
                prop_assert!((sum[a] - 0.5 * whole[a]).abs() < 1e-6 * (1.0 + whole[a].abs()), "{:?} {:?}", sum, whole);
            }
        }
    }
}
