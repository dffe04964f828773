//! A geometry in numbers: how large it is and where its middle lies, so that two versions can be compared at a glance.

use crate::triangulate::triangulate;
use crate::{Geometry, GeometryKind};
use serde::Serialize;

/// Sizes of a geometry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Number of vertices.
    pub vertices: usize,
    /// Number of surfaces (of triangles, for meshes).
    pub surfaces: usize,
    /// Area of all surfaces, square metres.
    pub area_m2: f64,
    /// What it encloses, cubic metres; `None` for what is no solid or mesh.
    pub volume_m3: Option<f64>,
    /// Mean of its vertices, in the system of its coordinates; the origin where it has none.
    pub middle: [f64; 3],
}

/// Measures a geometry. The volume is the sum of the signed tetrahedra between a point and each triangle (divergence theorem):
/// right for closed shells, whichever way they face.
pub fn measure(g: &Geometry) -> Measures {
    let Some(first) = g.vertices.first().copied() else { return Measures::default() };
    let n = g.vertices.len() as f64;
    let from = |p: &[f64; 3]| [0, 1, 2].map(|k| p[k] - first[k]);
    let sum = g.vertices.iter().map(from).fold([0.0; 3], |s, p| [0, 1, 2].map(|k| s[k] + p[k]));
    let middle = [0, 1, 2].map(|k| first[k] + sum[k] / n);
    let triangles = triangulate(g);
    let (mut area, mut volume) = (0.0, 0.0);
    for corners in &triangles.indices {
        let [Some(a), Some(b), Some(c)] = corners.map(|i| g.vertices.get(i as usize).map(from)) else { continue };
        let (u, v) = ([0, 1, 2].map(|k| b[k] - a[k]), [0, 1, 2].map(|k| c[k] - a[k]));
        let normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        area += 0.5 * normal.iter().map(|x| x * x).sum::<f64>().sqrt();
        volume += (a[0] * normal[0] + a[1] * normal[1] + a[2] * normal[2]) / 6.0;
    }
    let encloses = matches!(g.kind, GeometryKind::Solid | GeometryKind::MultiSolid | GeometryKind::CompositeSolid | GeometryKind::Mesh);
    let surfaces = if g.kind == GeometryKind::Mesh { g.indices.len() / 3 } else { g.surface_ends.len() };
    Measures { vertices: g.vertices.len(), surfaces, area_m2: area, volume_m3: encloses.then_some(volume.abs()), middle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GeometryBuilder, Lod};

    #[test]
    fn a_box_has_its_area_volume_and_middle() {
        let p = |x: f64, y: f64, z: f64| [684_000.0 + x, 3_420_000.0 + y, z];
        let (a, b, c, d) = (p(0., 0., 0.), p(4., 0., 0.), p(4., 3., 0.), p(0., 3., 0.));
        let up = |q: [f64; 3]| [q[0], q[1], 5.0];
        let (e, f, g, h) = (up(a), up(b), up(c), up(d));
        let mut builder = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        for face in [[a, d, c, b], [e, f, g, h], [a, b, f, e], [b, c, g, f], [c, d, h, g], [d, a, e, h]] {
            builder.surface(&[face.to_vec()], None);
        }
        let m = measure(&builder.build());
        assert_eq!((m.vertices, m.surfaces), (8, 6));
        assert!((m.area_m2 - 94.0).abs() < 1e-6 && (m.volume_m3.unwrap() - 60.0).abs() < 1e-6, "{m:?}");
        assert!((m.middle[0] - 684_002.0).abs() < 1e-6 && (m.middle[2] - 2.5).abs() < 1e-9, "{m:?}");
        assert_eq!(measure(&Geometry::point(Lod::ZERO, p(1., 2., 3.))).volume_m3, None);
    }
}
