//! Shadows and ambient light on a grid, computed once: for each place how high the shadow of the sun reaches there, and how
//! much of the sky the things around it leave. Every surface of the picture reads it, so that nothing needs a shadow map.

use crate::mesh::{Kind, cross, sub, unit};
use crate::model::city::Tile;
use crate::model::ground::{Ground, rasterise};
use crate::model::layer::Layer;

/// Direction towards the sun: from the south-east, a bright morning. (x east, y up, z south.)
pub const TO_SUN: [f32; 3] = [0.560_5, 0.650_8, 0.512_3];
/// Cells along the longer side at most, and the side of a cell at least, metres.
const LIMIT: (usize, f32) = (2048, 1.5);
/// How far around a thing it takes light from the ground, metres.
const AMBIENT_REACH_M: f32 = 11.0;
/// Depth below the ground of "no shadow".
const NO_SHADOW: f32 = -4.0;

/// The grid.
#[derive(Clone, Debug)]
pub struct Shade {
    /// Picture x and z of the first cell's centre.
    pub min: [f32; 2],
    /// Side of a cell, metres.
    pub cell: f32,
    /// Columns (x) and rows (z).
    pub size: [usize; 2],
    /// Height in the picture up to which the sun is hidden.
    pub shadow: Vec<f32>,
    /// Part of the sky that is open on the ground, 0–1.
    pub open: Vec<f32>,
}

impl Shade {
    /// Casts the shadows of buildings and trees.
    pub fn cast(tiles: &[Tile], ground: &Ground) -> Shade {
        let casters = || tiles.iter().filter(|t| matches!(t.layer, Layer::Buildings | Layer::Trees | Layer::Green | Layer::Interior));
        let solid = || tiles.iter().filter(|t| matches!(t.layer, Layer::Buildings | Layer::Trees));
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for tile in solid() {
            for (k, axis) in [0, 2].into_iter().enumerate() {
                low[k] = low[k].min(tile.near.min[axis]);
                high[k] = high[k].max(tile.near.min[axis] + tile.near.size[axis]);
            }
        }
        if low[0] > high[0] {
            (low, high) = ([-10.0; 2], [10.0; 2]);
        }
        let span = (high[0] - low[0]).max(high[1] - low[1]) + 200.0;
        let cell = (span / LIMIT.0 as f32).max(LIMIT.1);
        let min = [low[0] - 100.0, low[1] - 100.0];
        let size = [0, 1].map(|k| (((high[k] - low[k] + 200.0) / cell) as usize + 1).clamp(2, LIMIT.0));
        let floor: Vec<f32> = cells(size).map(|(i, j)| ground.at(min[0] + i as f32 * cell, min[1] + j as f32 * cell)).collect();
        let mut top = floor.clone();
        for tile in casters() {
            let mesh = &tile.near;
            for t in mesh.indices.chunks_exact(3) {
                // In mixed tiles (a wood's grass and its trees) only the crowns cast a shadow.
                let leaves = mesh.vertices.get(t[0] as usize).is_some_and(|v| v.normal[3] == Kind::Leaves as i8);
                if tile.layer == Layer::Green && !leaves {
                    continue;
                }
                let corners = [t[0], t[1], t[2]].map(|v| mesh.position(v));
                if unit(cross(sub(corners[1], corners[0]), sub(corners[2], corners[0])))[1] > 0.1 {
                    rasterise(&corners, min, cell, size, |i, y| top[i] = top[i].max(y));
                }
            }
        }
        let mut shadow = sweep(&top, &floor, size, cell);
        let mut open = ambient(&top, &floor, size, cell);
        // What lies outside reads the rim: nothing may stand there.
        for (at, (i, j)) in cells(size).enumerate() {
            if i < 2 || j < 2 || i + 2 >= size[0] || j + 2 >= size[1] {
                (shadow[at], open[at]) = (floor[at] + NO_SHADOW, 1.0);
            }
        }
        Shade { min, cell, size, shadow, open }
    }

    /// The grid as texels of two half floats: shadow height above `base`, and openness.
    pub fn texels(&self, base: f32) -> Vec<u8> {
        let pairs = self.shadow.iter().zip(&self.open);
        pairs.flat_map(|(s, o)| [half(s - base), half(*o)]).flat_map(u16::to_le_bytes).collect()
    }
}

fn cells(size: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..size[1]).flat_map(move |j| (0..size[0]).map(move |i| (i, j)))
}

/// Walks away from the sun row by row: the shadow that reaches a cell is what left the row before, a step lower.
fn sweep(top: &[f32], floor: &[f32], size: [usize; 2], cell: f32) -> Vec<f32> {
    let [width, depth] = size;
    // The sun stands to the south-east: rows are walked from high z to low, each looking back along +z and +x.
    let aside = TO_SUN[0] / TO_SUN[2];
    let drop = cell * TO_SUN[1] / TO_SUN[2];
    let mut arriving: Vec<f32> = floor.iter().map(|f| f + NO_SHADOW).collect();
    for j in (0..depth.saturating_sub(1)).rev() {
        for i in 0..width {
            let from = i as f32 + aside;
            let (a, t) = (from as usize, from.fract());
            let leaving = |i: usize| {
                let at = (j + 1) * width + i.min(width - 1);
                arriving[at].max(top[at])
            };
            let before = if a + 1 < width { leaving(a) * (1.0 - t) + leaving(a + 1) * t } else { f32::NEG_INFINITY };
            let here = j * width + i;
            arriving[here] = arriving[here].max(before - drop);
        }
    }
    arriving
}

/// Openness to the sky: what is covered nearby, blurred.
fn ambient(top: &[f32], floor: &[f32], size: [usize; 2], cell: f32) -> Vec<f32> {
    let mut covered: Vec<f32> = top.iter().zip(floor).map(|(t, f)| ((t - f - 0.5) / 9.0).clamp(0.0, 1.0)).collect();
    let radius = ((AMBIENT_REACH_M / 2.0 / cell).round() as usize).max(1);
    for _ in 0..2 {
        covered = blur(&covered, size, radius, true);
        covered = blur(&covered, size, radius, false);
    }
    covered.iter().map(|c| 1.0 - 0.62 * c.min(1.0)).collect()
}

fn blur(values: &[f32], size: [usize; 2], radius: usize, along_x: bool) -> Vec<f32> {
    let (lines, length) = if along_x { (size[1], size[0]) } else { (size[0], size[1]) };
    let at = |line: usize, k: usize| if along_x { line * size[0] + k } else { k * size[0] + line };
    let mut out = vec![0.0; values.len()];
    for line in 0..lines {
        let mut sum = 0.0_f64;
        for k in 0..length + radius {
            if k < length {
                sum += f64::from(values[at(line, k)]);
            }
            if k > 2 * radius {
                sum -= f64::from(values[at(line, k - 2 * radius - 1)]);
            }
            if k >= radius {
                out[at(line, k - radius)] = (sum / (2 * radius + 1) as f64) as f32;
            }
        }
    }
    out
}

/// The nearest half-precision number (IEEE 754 binary16), overflow to its greatest.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = value.abs().min(65_504.0);
    if magnitude.is_nan() || magnitude < 6.1e-5 {
        return sign | (magnitude * 16_777_216.0) as u16;
    }
    let rounded = magnitude.to_bits() + 0x0fff + ((magnitude.to_bits() >> 13) & 1);
    sign | ((((rounded >> 23) - 112) << 10) as u16) | ((rounded >> 13) & 0x3ff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Builder, Paint};
    use std::sync::Arc;

    #[test]
    fn half_floats_are_the_standard_ones() {
        for (value, bits) in [(0.0, 0), (1.0, 0x3c00), (-2.0, 0xc000), (0.5, 0x3800), (65_504.0, 0x7bff), (1e9, 0x7bff), (0.1, 0x2e66)] {
            assert_eq!(half(value), bits, "{value}");
        }
    }

    #[test]
    fn a_block_throws_its_shadow_away_from_the_sun_and_as_long_as_it_must() {
        let paint = Paint { colour: [0; 3], kind: Kind::Plain, object: 0, foot: 0.0 };
        let mut builder = Builder::default();
        builder.cuboid([0.0; 3], [-10.0, 0.0, -10.0], [10.0, 30.0, 10.0], 0.0, &paint);
        let tile = Tile { layer: Layer::Buildings, square: [0, 0], near: Arc::new(builder.finish().unwrap()), far: None };
        let shade = Shade::cast(&[tile], &Ground::flat(0.0));
        let at = |x: f32, z: f32| {
            let i = ((x - shade.min[0]) / shade.cell).round() as usize;
            let j = ((z - shade.min[1]) / shade.cell).round() as usize;
            shade.shadow[j * shade.size[0] + i]
        };
        // Length on the ground: 30 m / tan(elevation), towards the north-west.
        let flat = TO_SUN[0].hypot(TO_SUN[2]);
        let reach = 30.0 * flat / TO_SUN[1];
        let away = [-TO_SUN[0] / flat, -TO_SUN[2] / flat];
        let on_line = |d: f32| at(away[0] * d, away[1] * d);
        assert!(on_line(20.0) > 8.0, "{}", on_line(20.0));
        assert!(on_line(reach + 20.0) < 0.5, "{}", on_line(reach + 20.0));
        assert!(at(25.0, 25.0) < 0.0, "the sunny side");
        let middle = (shade.size[1] / 2) * shade.size[0] + shade.size[0] / 2;
        assert!(shade.open[middle] < 0.6 && shade.open[0] > 0.99);
        assert_eq!(shade.texels(0.0).len(), shade.shadow.len() * 4);
    }
}
