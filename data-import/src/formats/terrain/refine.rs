//! From a grid to triangles, no more than the ground needs: the right-triangulated irregular network.
//!
//! Triangles are halves of squares, halved again at the middle of their longest side where the ground is further from them than
//! the tolerance. The error of such a middle is the greatest distance (vertical) of any sample from the two triangles that share
//! the side, and at least that of every middle that depends on it. So a triangle that is left has no sample further away than
//! the tolerance, and two that meet at a side agree on its middle, also across tiles: the mesh has no cracks. With a
//! tolerance of zero it is the surface of the full grid; only flat ground has fewer triangles.
//!
//! After Evans, Kirkpatrick and Townsend 2001, "Right-triangulated irregular networks"; errors by samples inside instead
//! of at middles make the bound hold everywhere. Samples without a height are cut out: triangles around them are refined to
//! single cells, and those that touch one are left out.

use super::raster::{MOST_SAMPLES, Raster};

/// Cells along the side of a tile: a power of two.
pub const TILE: usize = 128;

/// The errors of all middles of a raster.
pub struct Refinement<'a> {
    raster: &'a Raster,
    /// Tiles side by side.
    pub tile_columns: usize,
    /// Tiles one below the other.
    pub tile_rows: usize,
    /// Samples in a row of the whole tiles.
    width: usize,
    height: usize,
    errors: Vec<f32>,
}

/// Three corners in columns and rows.
pub type Corners = [[usize; 2]; 3];

impl<'a> Refinement<'a> {
    /// Looks at the whole raster. `Err` where its tiles would be more than fit into memory.
    pub fn new(raster: &'a Raster) -> Result<Self, String> {
        let tiles = |samples: usize| samples.saturating_sub(1).div_ceil(TILE).max(1);
        let (tile_columns, tile_rows) = (tiles(raster.width), tiles(raster.height));
        let (width, height) = (tile_columns * TILE + 1, tile_rows * TILE + 1);
        // A raster of the greatest size, and the rims of its last tiles.
        let room = width.checked_mul(height).filter(|n| *n <= 2 * MOST_SAMPLES);
        let Some(room) = room else { return Err(format!("{} × {} samples are too long and thin a strip", raster.width, raster.height)) };
        let mut this = Self { raster, tile_columns, tile_rows, width, height, errors: vec![0.0; room] };
        let mut half = 1;
        while half < TILE {
            this.sides(half);
            this.squares(half);
            half *= 2;
        }
        Ok(this)
    }

    fn error(&self, column: usize, row: usize) -> f32 {
        self.errors.get(row * self.width + column).copied().unwrap_or(0.0)
    }

    fn raise(&mut self, column: usize, row: usize, error: f32) {
        if let Some(slot) = self.errors.get_mut(row * self.width + column) {
            *slot = slot.max(error);
        }
    }

    /// Middles of sides that run along columns or rows, `half` from either end.
    fn sides(&mut self, half: usize) {
        for row in (0..self.height).step_by(half) {
            let odd = (row / half) % 2 == 1;
            let first = if odd { 0 } else { half };
            for column in (first..self.width).step_by(2 * half) {
                // On odd rows the side is upright: its ends lie above and below.
                let ([ac, ar], [bc, br]) = if odd { ([column, row - half], [column, row + half]) } else { ([column - half, row], [column + half, row]) };
                let mut error: f32 = 0.0;
                for apex in neighbours([column, row], half, odd).into_iter().flatten() {
                    if apex[0] < self.width && apex[1] < self.height {
                        error = error.max(self.deviation(apex, [ac, ar], [bc, br]));
                    }
                }
                let quarter = half / 2;
                if quarter > 0 {
                    error = error.max(self.around([column, row], quarter, true));
                }
                self.raise(column, row, error);
            }
        }
    }

    /// Middles of squares, `half` from each side.
    fn squares(&mut self, half: usize) {
        for row in (half..self.height).step_by(2 * half) {
            for column in (half..self.width).step_by(2 * half) {
                let (w, e, n, s) = (column - half, column + half, row - half, row + half);
                let falling = (w / (2 * half) + n / (2 * half)).is_multiple_of(2) || 2 * half == TILE;
                let (a, b, apexes) = if falling { ([w, n], [e, s], [[e, n], [w, s]]) } else { ([w, s], [e, n], [[w, n], [e, s]]) };
                let mut error = self.around([column, row], half, false);
                for apex in apexes {
                    error = error.max(self.deviation(apex, a, b));
                }
                self.raise(column, row, error);
            }
        }
    }

    /// The greatest error of the four middles around one: diagonally, or along columns and rows.
    fn around(&self, [column, row]: [usize; 2], step: usize, diagonal: bool) -> f32 {
        let steps: [[isize; 2]; 4] = if diagonal { [[-1, -1], [1, -1], [-1, 1], [1, 1]] } else { [[-1, 0], [1, 0], [0, -1], [0, 1]] };
        let moved = |from: usize, by: isize| from.checked_add_signed(by * step as isize);
        steps
            .iter()
            .filter_map(|[x, y]| Some((moved(column, *x).filter(|c| *c < self.width)?, moved(row, *y).filter(|r| *r < self.height)?)))
            .fold(0.0, |most, (c, r)| most.max(self.error(c, r)))
    }

    /// How far the ground is from a triangle: infinite where it must be refined because something in it has no height,
    /// zero where there is nothing in it at all.
    fn deviation(&self, apex: [usize; 2], a: [usize; 2], b: [usize; 2]) -> f32 {
        let raster = self.raster;
        let corners = [apex, a, b];
        // A triangle that only touches the raster's last column or row has no ground in it.
        if corners.iter().all(|c| c[0] + 1 >= raster.width) || corners.iter().all(|c| c[1] + 1 >= raster.height) {
            return 0.0;
        }
        let planes = corners.map(|[c, r]| raster.get(c, r).map(f64::from));
        let (mut most, mut missing, mut there) = (0.0f64, planes.contains(&None), false);
        let plane = Plane::through(corners, planes.map(|h| h.unwrap_or(0.0)));
        let (first, last) = (apex[1].min(a[1]).min(b[1]), apex[1].max(a[1]).max(b[1]));
        for row in first..=last {
            let Some([from, to]) = span(corners, row) else { continue };
            for column in from..=to {
                match raster.get(column, row) {
                    Some(height) => {
                        there = true;
                        most = most.max((f64::from(height) - plane.at(column, row)).abs());
                    }
                    None => missing = true,
                }
            }
        }
        match (there, missing) {
            (false, _) => 0.0,
            (true, true) => f32::INFINITY,
            // Rounded up, or a tolerance could be kept by a hair that is none.
            (true, false) => (most as f32).next_up() * f32::from(most > 1e-6),
        }
    }

    /// The triangles of one tile, their corners counter-clockwise where columns run east and rows run north.
    pub fn triangles(&self, tile_column: usize, tile_row: usize, tolerance: f32, mut give: impl FnMut(Corners)) {
        let (w, n) = (tile_column * TILE, tile_row * TILE);
        let (e, s) = (w + TILE, n + TILE);
        let mut open: Vec<Corners> = vec![[[w, n], [e, s], [w, s]], [[e, s], [w, n], [e, n]]];
        while let Some([a, b, apex]) = open.pop() {
            let (column, row) = (a[0] + b[0], a[1] + b[1]);
            let whole = column.is_multiple_of(2) && row.is_multiple_of(2);
            let middle = [column / 2, row / 2];
            if whole && self.error(middle[0], middle[1]) > tolerance {
                open.push([apex, a, middle]);
                open.push([b, apex, middle]);
            } else if [a, b, apex].iter().all(|c| self.raster.get(c[0], c[1]).is_some()) {
                give(ccw([a, b, apex]));
            }
        }
    }
}

fn ccw([a, b, c]: Corners) -> Corners {
    let d = |p: [usize; 2], q: [usize; 2]| [q[0] as i64 - p[0] as i64, q[1] as i64 - p[1] as i64];
    let (u, v) = (d(a, b), d(a, c));
    if u[0] * v[1] - u[1] * v[0] > 0 { [a, b, c] } else { [a, c, b] }
}

/// The two points `half` beside a middle, across its side.
fn neighbours([column, row]: [usize; 2], half: usize, upright: bool) -> [Option<[usize; 2]>; 2] {
    match upright {
        true => [column.checked_sub(half).map(|c| [c, row]), Some([column + half, row])],
        false => [row.checked_sub(half).map(|r| [column, r]), Some([column, row + half])],
    }
}

/// The columns of a right isosceles triangle in a row, from and to.
fn span(corners: Corners, row: usize) -> Option<[usize; 2]> {
    let (mut from, mut to) = (usize::MAX, 0);
    for k in 0..3 {
        let ([c, r], [cc, rr]) = (corners[k], corners[(k + 1) % 3]);
        let (low, high) = (r.min(rr), r.max(rr));
        if row < low || row > high {
            continue;
        }
        if r == rr {
            (from, to) = (from.min(c.min(cc)), to.max(c.max(cc)));
        } else {
            // Sides run along columns, rows or diagonals: columns are whole on every row.
            let along = if r < rr { row - r } else { r - row };
            let column = match cc.cmp(&c) {
                std::cmp::Ordering::Less => c - along,
                std::cmp::Ordering::Equal => c,
                std::cmp::Ordering::Greater => c + along,
            };
            (from, to) = (from.min(column), to.max(column));
        }
    }
    (from <= to).then_some([from, to])
}

/// The plane through three samples.
struct Plane {
    base: [f64; 2],
    height: f64,
    slope: [f64; 2],
}

impl Plane {
    fn through(corners: Corners, h: [f64; 3]) -> Self {
        let [p, q, r] = corners.map(|c| c.map(|n| n as f64));
        let (u, v) = ([q[0] - p[0], q[1] - p[1]], [r[0] - p[0], r[1] - p[1]]);
        let (du, dv) = (h[1] - h[0], h[2] - h[0]);
        let turn = u[0] * v[1] - u[1] * v[0];
        Self { base: p, height: h[0], slope: [(du * v[1] - dv * u[1]) / turn, (dv * u[0] - du * v[0]) / turn] }
    }

    fn at(&self, column: usize, row: usize) -> f64 {
        self.height + self.slope[0] * (column as f64 - self.base[0]) + self.slope[1] * (row as f64 - self.base[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::terrain::raster::Affine;
    use std::collections::HashMap;

    fn raster(width: usize, height: usize, at: impl Fn(usize, usize) -> f32) -> Raster {
        let place = Affine { origin: [0.0; 2], column: [1.0, 0.0], row: [0.0, 1.0] };
        Raster { width, height, heights: (0..width * height).map(|i| at(i % width, i / width)).collect(), place }
    }

    fn hills(c: usize, r: usize) -> f32 {
        let (x, y) = (c as f32, r as f32);
        30.0 * (x / 17.0).sin() * (y / 23.0).cos() + if c > 90 { 12.0 } else { 0.0 } + ((c * 7919 + r * 104_729) % 13) as f32 * 0.05
    }

    fn all(refinement: &Refinement, tolerance: f32) -> Vec<Corners> {
        let mut out = vec![];
        for row in 0..refinement.tile_rows {
            for column in 0..refinement.tile_columns {
                refinement.triangles(column, row, tolerance, |t| out.push(t));
            }
        }
        out
    }

    fn area2(t: &Corners) -> i64 {
        let [p, q, r] = t.map(|c| c.map(|n| n as i64));
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    }

    /// Every side is shared by two triangles in opposite directions or lies on the rim: no cracks, no overlap.
    fn check_whole(triangles: &[Corners], rim: impl Fn([usize; 2], [usize; 2]) -> bool) {
        let mut sides: HashMap<([usize; 2], [usize; 2]), i32> = HashMap::new();
        for t in triangles {
            assert!(area2(t) > 0, "{t:?}");
            for k in 0..3 {
                let (a, b) = (t[k], t[(k + 1) % 3]);
                *sides.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
            }
        }
        for ((a, b), sum) in sides {
            assert!(sum == 0 || rim(a, b), "the side {a:?} {b:?} is open");
        }
    }

    #[test]
    fn no_cracks_and_no_sample_further_than_the_tolerance() {
        let raster = raster(300, 201, hills);
        let refinement = Refinement::new(&raster).unwrap();
        let mut before = usize::MAX;
        for tolerance in [0.0f32, 0.5, 2.0, 10.0] {
            let triangles = all(&refinement, tolerance);
            assert_eq!(triangles.iter().map(area2).sum::<i64>(), 2 * 299 * 200, "the whole rectangle is covered once");
            check_whole(&triangles, |a, b| (0..2).any(|k| a[k] == b[k] && (a[k] == 0 || a[k] == [299, 200][k])));
            for t in &triangles {
                let plane = Plane::through(*t, t.map(|c| f64::from(raster.get(c[0], c[1]).unwrap())));
                for row in t.iter().map(|c| c[1]).min().unwrap()..=t.iter().map(|c| c[1]).max().unwrap() {
                    let Some([from, to]) = span(*t, row) else { continue };
                    for column in from..=to {
                        let off = (f64::from(raster.get(column, row).unwrap()) - plane.at(column, row)).abs();
                        assert!(off <= f64::from(tolerance) + 1e-5, "{off} m at ({column}, {row}) with a tolerance of {tolerance}");
                    }
                }
            }
            assert!(triangles.len() < before, "{tolerance}: {}", triangles.len());
            before = triangles.len();
        }
        assert!(before < 20_000, "{before} of 119,600 triangles at 10 m");
    }

    #[test]
    fn flat_ground_has_few_triangles_and_loses_nothing() {
        let raster = raster(257, 257, |c, _| c as f32 * 0.25);
        let refinement = Refinement::new(&raster).unwrap();
        assert_eq!(all(&refinement, 0.0).len(), 8, "four tiles of two triangles");
    }

    #[test]
    fn what_has_no_height_is_cut_out_and_nothing_else() {
        let raster = raster(130, 130, |c, r| if (40..60).contains(&c) && (70..80).contains(&r) { f32::NAN } else { 5.0 });
        let refinement = Refinement::new(&raster).unwrap();
        let triangles = all(&refinement, 1.0);
        let area = triangles.iter().map(area2).sum::<i64>();
        // The hole is 21 × 11 cells; at each of its four corners half a cell may stay, by the way its diagonal runs.
        let whole = 2 * (129 * 129 - 21 * 11);
        assert!((whole..=whole + 4).contains(&area), "{area} of {whole}");
        assert!(triangles.iter().flatten().all(|c| raster.get(c[0], c[1]).is_some()));
        check_whole(&triangles, |a, b| {
            let hole = |p: [usize; 2]| (39..=60).contains(&p[0]) && (69..=80).contains(&p[1]);
            (0..2).any(|k| a[k] == b[k] && (a[k] == 0 || a[k] == 129)) || (hole(a) && hole(b))
        });
        let empty = self::raster(5, 5, |_, _| f32::NAN);
        assert!(all(&Refinement::new(&empty).unwrap(), 0.0).is_empty());
    }
}
