//! Bodies: closed shells that may stand beside one another, and whether they overlap or share a wall.

use super::shell::Shell;
use super::space::{self, P3, Triangle, crossings, norm, share_area};
use super::{Tolerances, check};
use crate::{Geometry, GeometryKind};
use qike_core::Bounds3;

/// A solid's outer shell.
pub struct Body {
    shell: Shell,
    bounds: Bounds3,
    /// 1 where its surfaces look outwards, else -1.
    outwards: f64,
}

impl Body {
    /// From a shell that is closed.
    pub(super) fn of(shell: Shell) -> Self {
        let bounds = Bounds3::of(&shell.corners().map(|(_, p)| p).collect::<Vec<_>>());
        let outwards = if shell.volume() < 0.0 { -1.0 } else { 1.0 };
        Self { shell, bounds, outwards }
    }

    /// The outer shells of a geometry whose solids are valid, or of a mesh that is closed; nothing for others: what is unsound by
    /// itself says nothing about how it lies to its neighbours.
    pub fn all_of(geometry: &Geometry, tolerances: &Tolerances) -> Vec<Body> {
        if !geometry.is_consistent() || !geometry.is_finite() {
            return Vec::new();
        }
        if geometry.kind == GeometryKind::Mesh {
            let solid = solid_of_mesh(geometry);
            let corners = space::snap(&solid.vertices, tolerances.snap_m);
            let shell = Shell::new(&solid, &corners, 0..solid.surface_ends.len());
            return if shell.is_closed() { vec![Body::of(shell)] } else { Vec::new() };
        }
        if !geometry.kind.is_solid() || !check(geometry, tolerances).is_empty() {
            return Vec::new();
        }
        let corners = space::snap(&geometry.vertices, tolerances.snap_m);
        let spans: Vec<_> = geometry.shells().collect();
        let firsts = std::iter::once(0).chain(geometry.solid_ends.iter().map(|end| *end as usize)).take(geometry.solid_ends.len());
        firsts.filter_map(|first| spans.get(first)).map(|span| Body::of(Shell::new(geometry, &corners, span.clone()))).collect()
    }

    /// The box around it.
    pub fn bounds(&self) -> &Bounds3 {
        &self.bounds
    }

    /// Some place on it.
    pub fn some_corner(&self) -> Option<P3> {
        self.shell.corners().next().map(|(_, p)| p)
    }

    /// Made of the same corners and surfaces as another of the same geometry?
    pub(super) fn is_same(&self, other: &Body) -> bool {
        self.shell.outline() == other.shell.outline()
    }

    /// A place that lies in both, deeper than the tolerances allow.
    ///
    /// Where the insides of two polyhedra meet, either a corner (or the middle of a triangle) of one lies in the other, or their
    /// surfaces cross; beside a crossing the place behind both surfaces is in both.
    pub fn overlap(&self, other: &Body, tolerances: &Tolerances) -> Option<P3> {
        let depth = tolerances.depth();
        let common = self.common_box(other, depth)?;
        let deep = |body: &Body, p: P3| inside_box(&common, p) && body.shell.surfaces_at(p, depth).is_empty() && body.shell.winding(p).abs() > 0.5;
        for (of, within) in [(self, other), (other, self)] {
            let middles = of.shell.triangles.iter().map(|t| [0, 1, 2].map(|k| (t.at[0][k] + t.at[1][k] + t.at[2][k]) / 3.0));
            if let Some(p) = of.shell.corners().map(|(_, p)| p).chain(middles).find(|p| deep(within, *p)) {
                return Some(p);
            }
        }
        let unit = |body: &Body, t: &Triangle| t.normal().map(|c| body.outwards * c / norm(t.normal()).max(1e-300));
        let mut found = None;
        space::pairs(&self.shell.triangles, Some(&other.shell.triangles), |x, y| {
            let points = crossings(x, y);
            if points.is_empty() {
                return false;
            }
            let middle = [0, 1, 2].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / points.len() as f64);
            let (m, n) = (unit(self, x), unit(other, y));
            let between = [0, 1, 2].map(|k| m[k] + n[k]);
            let size = norm(between);
            // Surfaces that look at one another have nothing behind both.
            if size > 0.05 {
                let p = [0, 1, 2].map(|k| middle[k] - 3.0 * depth / (size * size) * between[k]);
                found = Some(p).filter(|p| deep(self, *p) && deep(other, *p));
            }
            found.is_some()
        });
        found
    }

    /// Does a place lie in it or on it?
    pub(super) fn holds(&self, p: P3, tolerances: &Tolerances) -> bool {
        self.shell.winding(p).abs() > 0.5 || !self.shell.surfaces_at(p, tolerances.depth()).is_empty()
    }

    /// Do their surfaces lie on one another somewhere?
    pub(super) fn shares_wall(&self, other: &Body, tolerances: &Tolerances) -> bool {
        let mut found = false;
        space::pairs(&self.shell.triangles, Some(&other.shell.triangles), |x, y| {
            found = share_area(x, y, tolerances.depth());
            found
        });
        found
    }

    /// Where both could be; `None` where that is thinner than `depth`.
    fn common_box(&self, other: &Body, depth: f64) -> Option<Bounds3> {
        let (a, b) = (&self.bounds, &other.bounds);
        let min = [0, 1, 2].map(|k| a.min[k].max(b.min[k]));
        let max = [0, 1, 2].map(|k| a.max[k].min(b.max[k]));
        (0..3).all(|k| max[k] - min[k] > depth).then_some(Bounds3 { min, max })
    }
}

fn inside_box(bounds: &Bounds3, p: P3) -> bool {
    (0..3).all(|k| p[k] >= bounds.min[k] && p[k] <= bounds.max[k])
}

/// A mesh as a solid of triangles.
fn solid_of_mesh(mesh: &Geometry) -> Geometry {
    let mut solid = Geometry::empty(mesh.lod, GeometryKind::Solid);
    solid.vertices.clone_from(&mesh.vertices);
    for triangle in mesh.indices.chunks_exact(3) {
        solid.indices.extend(triangle);
        solid.ring_ends.push(solid.indices.len() as u32);
        solid.surface_ends.push(solid.ring_ends.len() as u32);
    }
    solid.shell_ends.push(solid.surface_ends.len() as u32);
    solid.solid_ends.push(1);
    solid
}
