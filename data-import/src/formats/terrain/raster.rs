//! A grid of heights and the place of its samples.

/// Most samples that a raster may have: four bytes each here and as much again while it is meshed.
pub const MOST_SAMPLES: usize = 1 << 27;

/// From column and row of a sample to a position: origin + column · `column` + row · `row`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Where the sample (0, 0) is.
    pub origin: [f64; 2],
    /// The step from one column to the next.
    pub column: [f64; 2],
    /// The step from one row to the next.
    pub row: [f64; 2],
}

impl Affine {
    /// The position of a sample; halves are between samples.
    pub fn at(&self, column: f64, row: f64) -> [f64; 2] {
        [0, 1].map(|axis| self.origin[axis] + column * self.column[axis] + row * self.row[axis])
    }

    /// The same grid, where the numbers told of corners of cells and samples lie in their middles.
    #[must_use]
    pub fn to_middles(self) -> Self {
        Self { origin: self.at(0.5, 0.5), ..self }
    }

    /// Positive where rows run north: column × row.
    pub fn turn(&self) -> f64 {
        self.column[0] * self.row[1] - self.column[1] * self.row[0]
    }

    /// True where samples have distinct, finite places.
    pub fn is_sound(&self) -> bool {
        let parts = [self.origin, self.column, self.row];
        parts.iter().flatten().all(|c| c.is_finite()) && self.turn() != 0.0
    }
}

/// Heights in rows, metres; NaN where there is none. Kept as 32-bit floats: exact to 0.1 mm at 1000 m.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row.
    pub heights: Vec<f32>,
    /// Where they are.
    pub place: Affine,
}

impl Raster {
    /// The height of a sample; `None` outside the raster and where there is none.
    pub fn get(&self, column: usize, row: usize) -> Option<f32> {
        let inside = column < self.width && row < self.height;
        inside.then(|| self.heights.get(row * self.width + column).copied()).flatten().filter(|h| !h.is_nan())
    }

    /// Lowest and highest height and the number of samples without one; `None` where no sample has one.
    pub fn range(&self) -> (Option<[f32; 2]>, usize) {
        let mut range: Option<[f32; 2]> = None;
        let mut voids = 0;
        for h in &self.heights {
            match (h.is_nan(), &mut range) {
                (true, _) => voids += 1,
                (false, Some([low, high])) => (*low, *high) = (low.min(*h), high.max(*h)),
                (false, none) => *none = Some([*h, *h]),
            }
        }
        (range, voids)
    }
}

/// A sample as a height: NaN where it is the value for no data, no number, or further from the sea than any ground
/// (a value for no data that was rounded on its way into the file).
pub fn height(value: f64, nodata: Option<f64>) -> f32 {
    const HIGHEST_M: f64 = 1e6;
    let height = value as f32;
    let none = nodata.is_some_and(|n| n == value || n as f32 == height);
    if none || value.is_nan() || value.abs() > HIGHEST_M { f32::NAN } else { height }
}

/// Checks a raster's size: at least two by two samples and no more than fit into memory.
pub fn check_size(width: usize, height: usize) -> Result<usize, String> {
    if width < 2 || height < 2 {
        return Err(format!("{width} × {height} samples make no surface"));
    }
    match width.checked_mul(height).filter(|n| *n <= MOST_SAMPLES) {
        Some(samples) => Ok(samples),
        None => Err(format!("{width} × {height} samples are more than the {} million that are read at once; cut the raster into sheets", MOST_SAMPLES >> 20)),
    }
}
