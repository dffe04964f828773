//! The triangles of one terrain object, in a grid of cells.

use crate::Geometry;
use crate::triangulate::triangulate;
use qike_core::{Bounds2, Bounds3};

/// Most cells of a sheet.
const MOST_CELLS: usize = 1 << 20;
/// How far outside a triangle still counts as in it, as a share of its area: on a shared side both may miss by rounding.
const SLACK: f64 = 1e-9;

/// Triangles by cells.
pub struct Sheet {
    pub bounds: Bounds2,
    /// Mean area of its triangles in plan.
    pub grain_m2: f64,
    vertices: Vec<[f64; 3]>,
    triangles: Vec<[u32; 3]>,
    columns: usize,
    rows: usize,
    cell: [f64; 2],
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Sheet {
    /// `None` for a geometry without triangles that cover ground.
    pub fn new(geometry: &Geometry) -> Option<Self> {
        if !geometry.is_finite() || !geometry.is_consistent() {
            return None;
        }
        let mut triangles = triangulate(geometry).indices;
        triangles.retain(|t| area(&geometry.vertices, t).abs() > 0.0);
        if triangles.is_empty() {
            return None;
        }
        let bounds = Bounds3::of(&geometry.vertices).flat();
        let size = [bounds.max[0] - bounds.min[0], bounds.max[1] - bounds.min[1]];
        // About two triangles a cell.
        let wanted = (triangles.len() / 2).clamp(1, MOST_CELLS) as f64;
        let side = (size[0] * size[1] / wanted).sqrt();
        let count = |length: f64| if side > 0.0 { ((length / side).ceil() as usize).clamp(1, 4096) } else { 1 };
        let (columns, rows) = (count(size[0]), count(size[1]));
        let cell = [size[0] / columns as f64, size[1] / rows as f64];
        let covered: f64 = triangles.iter().map(|t| area(&geometry.vertices, t).abs()).sum();
        let grain_m2 = covered / triangles.len() as f64;
        let mut this =
            Self { bounds, grain_m2, vertices: geometry.vertices.clone(), triangles, columns, rows, cell, starts: vec![], members: vec![] };
        this.fill();
        Some(this)
    }

    fn fill(&mut self) {
        let spans: Vec<[usize; 4]> = self.triangles.iter().map(|t| self.span(t)).collect();
        let mut starts = vec![0u32; self.columns * self.rows + 1];
        let columns = self.columns;
        let cells = |[c, cc, r, rr]: [usize; 4]| (r..=rr).flat_map(move |row| (c..=cc).map(move |column| row * columns + column));
        for span in &spans {
            cells(*span).for_each(|i| starts[i + 1] += 1);
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![0u32; starts.last().map_or(0, |n| *n as usize)];
        for (t, span) in spans.iter().enumerate() {
            for i in cells(*span) {
                members[next[i] as usize] = t as u32;
                next[i] += 1;
            }
        }
        (self.starts, self.members) = (starts, members);
    }

    /// The cell of a coordinate along an axis.
    fn cell_of(&self, value: f64, axis: usize) -> usize {
        let count = [self.columns, self.rows][axis];
        let share = (value - self.bounds.min[axis]) / self.cell[axis];
        if share.is_finite() { (share.max(0.0) as usize).min(count - 1) } else { 0 }
    }

    /// First and last column and row of a triangle.
    fn span(&self, triangle: &[u32; 3]) -> [usize; 4] {
        let b = Bounds3::of(&triangle.map(|i| self.vertices[i as usize]));
        [self.cell_of(b.min[0], 0), self.cell_of(b.max[0], 0), self.cell_of(b.min[1], 1), self.cell_of(b.max[1], 1)]
    }

    fn members_of(&self, column: usize, row: usize) -> &[u32] {
        let i = row * self.columns + column;
        let span = self.starts.get(i..i + 2).map_or(0..0, |s| s[0] as usize..s[1] as usize);
        self.members.get(span).unwrap_or_default()
    }

    /// The height at a place; of triangles over one another (a cave, an overhang) the highest.
    pub fn height(&self, at: [f64; 2]) -> Option<f64> {
        if !self.bounds.contains(at) {
            return None;
        }
        let members = self.members_of(self.cell_of(at[0], 0), self.cell_of(at[1], 1));
        let heights = members.iter().filter_map(|t| self.on(self.triangles.get(*t as usize)?, at));
        heights.max_by(f64::total_cmp)
    }

    /// The height of a triangle's plane where it covers a place.
    fn on(&self, triangle: &[u32; 3], p: [f64; 2]) -> Option<f64> {
        let [a, b, c] = triangle.map(|i| self.vertices[i as usize]);
        let whole = area(&self.vertices, triangle);
        let part = |u: [f64; 3], v: [f64; 3]| ((u[0] - p[0]) * (v[1] - p[1]) - (u[1] - p[1]) * (v[0] - p[0])) / whole;
        let (x, y, z) = (part(b, c), part(c, a), part(a, b));
        (x >= -SLACK && y >= -SLACK && z >= -SLACK).then_some(x * a[2] + y * b[2] + z * c[2])
    }

    /// Corners of triangles in a window.
    pub fn corners_in(&self, min: [f64; 2], max: [f64; 2]) -> Vec<[f64; 3]> {
        let mut found = Vec::new();
        for row in self.cell_of(min[1], 1)..=self.cell_of(max[1], 1) {
            for column in self.cell_of(min[0], 0)..=self.cell_of(max[0], 0) {
                for triangle in self.members_of(column, row).iter().filter_map(|t| self.triangles.get(*t as usize)) {
                    found.extend(triangle.iter().copied());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let corners = found.into_iter().filter_map(|i| self.vertices.get(i as usize).copied());
        corners.filter(|v| (0..2).all(|k| min[k] <= v[k] && v[k] <= max[k])).collect()
    }
}

/// Twice the signed area of a triangle in plan.
fn area(vertices: &[[f64; 3]], triangle: &[u32; 3]) -> f64 {
    let [a, b, c] = triangle.map(|i| vertices[i as usize]);
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}
