//! From city coordinates (f64, millions of metres from the origin) to local ones (f32, near zero) and back.

use serde::{Deserialize, Serialize};

/// A local frame: the same axes as the city's CRS, with its zero at `origin`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalFrame {
    /// City coordinates of the local zero.
    pub origin: [f64; 3],
}

impl LocalFrame {
    /// A frame with its zero at `origin`.
    pub const fn new(origin: [f64; 3]) -> Self {
        Self { origin }
    }

    /// City to local. The difference is taken in f64, so 1 cm survives within 80 km of the origin.
    pub fn local_from_city(&self, p: [f64; 3]) -> [f32; 3] {
        [0, 1, 2].map(|axis| (p[axis] - self.origin[axis]) as f32)
    }

    /// Local to city.
    pub fn city_from_local(&self, p: [f32; 3]) -> [f64; 3] {
        [0, 1, 2].map(|axis| f64::from(p[axis]) + self.origin[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_centimetres_far_from_the_crs_origin() {
        let frame = LocalFrame::new([684_000.0, 3_420_000.0, 4.0]);
        let p = [684_321.127, 3_421_987.983, 12.344];
        let back = frame.city_from_local(frame.local_from_city(p));
        for axis in 0..3 {
            assert!((back[axis] - p[axis]).abs() < 1e-3);
        }
    }
}
