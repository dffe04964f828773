//! How high the ground is: from the terrain of the model, or one height where it has none.

use crate::model::frame::SceneFrame;
use qike_scene::triangulate::triangulate;
use qike_scene::{Class, SceneSnapshot};

/// Cells along the longer side of the height grid.
const CELLS: usize = 1024;

/// Heights of the ground in the picture's frame.
#[derive(Clone, Debug)]
pub struct Ground {
    flat: f32,
    grid: Option<Grid>,
}

#[derive(Clone, Debug)]
struct Grid {
    min: [f32; 2],
    cell: f32,
    width: usize,
    heights: Vec<f32>,
}

impl Ground {
    /// One height everywhere.
    pub fn flat(height: f32) -> Self {
        Self { flat: height, grid: None }
    }

    /// From a snapshot: its Relief objects; else the height that most buildings stand on; else 0.
    pub fn of(snapshot: &SceneSnapshot, frame: &SceneFrame) -> Self {
        let mut feet: Vec<f32> = [Class::Building, Class::BuildingPart]
            .iter()
            .flat_map(|class| snapshot.of_class(*class))
            .map(|ix| snapshot.bounds_of(*ix))
            .filter(|bounds| !bounds.is_empty() && bounds.min.iter().all(|c| c.is_finite()))
            .map(|bounds| frame.to_scene(bounds.min)[1])
            .collect();
        feet.sort_by(f32::total_cmp);
        let flat = feet.get(feet.len() / 2).copied().unwrap_or(0.0);
        Self { flat, grid: Grid::of_relief(snapshot, frame, flat) }
    }

    /// The height at a place of the picture.
    pub fn at(&self, x: f32, z: f32) -> f32 {
        self.grid.as_ref().and_then(|grid| grid.at(x, z)).unwrap_or(self.flat)
    }

    /// The height outside the terrain.
    pub fn base(&self) -> f32 {
        self.flat
    }

    /// True where the model has terrain of its own.
    pub fn has_relief(&self) -> bool {
        self.grid.is_some()
    }
}

impl Grid {
    fn of_relief(snapshot: &SceneSnapshot, frame: &SceneFrame, flat: f32) -> Option<Grid> {
        let mut triangles: Vec<[[f32; 3]; 3]> = Vec::new();
        for ix in snapshot.of_class(Class::Relief) {
            let Some(geometry) = snapshot.get(*ix).finest().filter(|g| g.is_finite()) else { continue };
            for [a, b, c] in triangulate(geometry).indices {
                triangles.push([a, b, c].map(|v| frame.to_scene(geometry.vertices[v as usize])));
            }
        }
        let corners = || triangles.iter().flatten();
        let (x0, x1) = extent(corners().map(|p| p[0]))?;
        let (z0, z1) = extent(corners().map(|p| p[2]))?;
        let cell = ((x1 - x0).max(z1 - z0) / CELLS as f32).max(0.5);
        let (width, depth) = (((x1 - x0) / cell) as usize + 2, ((z1 - z0) / cell) as usize + 2);
        let mut grid = Grid { min: [x0, z0], cell, width, heights: vec![f32::NAN; width * depth] };
        for triangle in &triangles {
            rasterise(triangle, grid.min, cell, [width, depth], |index, height| grid.heights[index] = height);
        }
        for height in grid.heights.iter_mut().filter(|h| h.is_nan()) {
            *height = flat;
        }
        Some(grid)
    }

    fn at(&self, x: f32, z: f32) -> Option<f32> {
        let (u, v) = ((x - self.min[0]) / self.cell, (z - self.min[1]) / self.cell);
        if u < 0.0 || v < 0.0 {
            return None;
        }
        let (i, j) = (u as usize, v as usize);
        let depth = self.heights.len() / self.width;
        if i + 1 >= self.width || j + 1 >= depth {
            return None;
        }
        let (s, t) = (u - i as f32, v - j as f32);
        let at = |i: usize, j: usize| self.heights[j * self.width + i];
        let near = at(i, j) * (1.0 - s) + at(i + 1, j) * s;
        let far = at(i, j + 1) * (1.0 - s) + at(i + 1, j + 1) * s;
        Some(near * (1.0 - t) + far * t)
    }
}

fn extent(values: impl Iterator<Item = f32>) -> Option<(f32, f32)> {
    values.fold(None, |found, v| Some(found.map_or((v, v), |(lo, hi): (f32, f32)| (lo.min(v), hi.max(v)))))
}

/// Calls `put` with the index and the height of every grid corner (z-major) that a triangle covers in plan.
pub fn rasterise(t: &[[f32; 3]; 3], min: [f32; 2], cell: f32, size: [usize; 2], mut put: impl FnMut(usize, f32)) {
    let p = t.map(|v| [(v[0] - min[0]) / cell, (v[2] - min[1]) / cell, v[1]]);
    let area = (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1]);
    if area.abs() < 1e-9 || !area.is_finite() {
        return;
    }
    let low = |axis: usize| p.iter().map(|v| v[axis]).fold(f32::INFINITY, f32::min).ceil().max(0.0) as usize;
    let high = |axis: usize| p.iter().map(|v| v[axis]).fold(f32::NEG_INFINITY, f32::max).floor();
    let (x1, z1) = (high(0), high(1));
    if x1 < 0.0 || z1 < 0.0 {
        return;
    }
    for j in low(1)..=(z1 as usize).min(size[1] - 1) {
        for i in low(0)..=(x1 as usize).min(size[0] - 1) {
            let (x, z) = (i as f32, j as f32);
            let edge = |a: [f32; 3], b: [f32; 3]| ((b[0] - a[0]) * (z - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
            let (wa, wb, wc) = (edge(p[1], p[2]), edge(p[2], p[0]), edge(p[0], p[1]));
            if wa >= -1e-5 && wb >= -1e-5 && wc >= -1e-5 {
                put(j * size[0] + i, wa * p[0][2] + wb * p[1][2] + wc * p[2][2]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_read_back_at_grid_corners() {
        let mut heights = vec![f32::NAN; 11 * 11];
        for t in [
            [[0.0, 0.0, 0.0], [10.0, 10.0, 0.0], [10.0, 10.0, 10.0]],
            [[0.0, 0.0, 0.0], [10.0, 10.0, 10.0], [0.0, 0.0, 10.0]],
        ] {
            rasterise(&t, [0.0, 0.0], 1.0, [11, 11], |index, height| heights[index] = height);
        }
        assert!(heights.iter().enumerate().all(|(i, h)| (h - (i % 11) as f32).abs() < 1e-4));
        let grid = Grid { min: [0.0, 0.0], cell: 1.0, width: 11, heights };
        let ground = Ground { flat: 3.0, grid: Some(grid) };
        assert!((ground.at(4.5, 7.25) - 4.5).abs() < 1e-4);
        assert_eq!(ground.at(50.0, 0.0), 3.0);
        assert_eq!(ground.at(-1.0, 0.0), 3.0);
    }
}
