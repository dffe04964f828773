//! Axis-aligned boxes in the plane and in space.

use serde::{Deserialize, Serialize};

/// A box in space: `min` and `max` corner, each x (east), y (north), z (up). Empty where `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds3 {
    /// The least corner.
    pub min: [f64; 3],
    /// The greatest corner.
    pub max: [f64; 3],
}

/// A box in the plane: `min` and `max` corner, each x, y. Empty where `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds2 {
    /// The least corner.
    pub min: [f64; 2],
    /// The greatest corner.
    pub max: [f64; 2],
}

impl Default for Bounds3 {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Default for Bounds2 {
    fn default() -> Self {
        Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] }
    }
}

impl Bounds3 {
    /// Holds nothing; growing it by a point gives that point.
    pub const EMPTY: Bounds3 = Bounds3 { min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3] };

    /// The smallest box around the points; NaN coordinates are left out.
    pub fn of<'a>(points: impl IntoIterator<Item = &'a [f64; 3]>) -> Self {
        let mut bounds = Self::EMPTY;
        for p in points {
            bounds.grow(*p);
        }
        bounds
    }

    /// Makes the box hold `p`.
    pub fn grow(&mut self, p: [f64; 3]) {
        for axis in 0..3 {
            self.min[axis] = self.min[axis].min(p[axis]);
            self.max[axis] = self.max[axis].max(p[axis]);
        }
    }

    /// Makes the box hold `other`.
    pub fn merge(&mut self, other: &Bounds3) {
        if !other.is_empty() {
            self.grow(other.min);
            self.grow(other.max);
        }
    }

    /// True when it holds no point.
    pub fn is_empty(&self) -> bool {
        (0..3).any(|axis| self.min[axis] > self.max[axis])
    }

    /// True when the boxes share a point, the faces included.
    pub fn intersects(&self, other: &Bounds3) -> bool {
        (0..3).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }

    /// True when `p` lies in the box, the faces included.
    pub fn contains(&self, p: [f64; 3]) -> bool {
        (0..3).all(|axis| self.min[axis] <= p[axis] && p[axis] <= self.max[axis])
    }

    /// The middle; meaningless for an empty box.
    pub fn centre(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| 0.5 * (self.min[axis] + self.max[axis]))
    }

    /// Extent along each axis; negative for an empty box.
    pub fn size(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.max[axis] - self.min[axis])
    }

    /// The box without its heights.
    pub fn flat(&self) -> Bounds2 {
        Bounds2 { min: [self.min[0], self.min[1]], max: [self.max[0], self.max[1]] }
    }
}

impl Bounds2 {
    /// Makes the box hold `p`.
    pub fn grow(&mut self, p: [f64; 2]) {
        for axis in 0..2 {
            self.min[axis] = self.min[axis].min(p[axis]);
            self.max[axis] = self.max[axis].max(p[axis]);
        }
    }

    /// True when it holds no point.
    pub fn is_empty(&self) -> bool {
        self.min[0] > self.max[0] || self.min[1] > self.max[1]
    }

    /// True when `p` lies in the box, the edges included.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        (0..2).all(|axis| self.min[axis] <= p[axis] && p[axis] <= self.max[axis])
    }

    /// True when the boxes share a point, the edges included.
    pub fn intersects(&self, other: &Bounds2) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }
}

/// True where a place lies in a ring (open or closed) in plan, by counting the sides it has to the east. Heights, where
/// there are any (`N` is 2 or 3), do not count.
pub fn in_ring<const N: usize>(ring: &[[f64; N]], p: [f64; N]) -> bool {
    let mut odd = false;
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            odd = !odd;
        }
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_grow_and_meet() {
        let a = Bounds3::of(&[[0.0, 0.0, 0.0], [2.0, 1.0, 3.0], [f64::NAN, 1.0, 1.0]]);
        assert_eq!(a.size(), [2.0, 1.0, 3.0]);
        assert!(a.contains([2.0, 1.0, 3.0]) && !a.contains([2.1, 0.0, 0.0]));
        assert!(a.intersects(&Bounds3 { min: [2.0; 3], max: [4.0; 3] }) == (1.0 >= 2.0));
        assert!(Bounds3::EMPTY.is_empty() && !Bounds3::EMPTY.intersects(&a));
        let mut b = Bounds3::EMPTY;
        b.merge(&Bounds3::EMPTY);
        assert!(b.is_empty());
    }

    #[test]
    fn a_place_in_a_notch_is_outside() {
        let ring = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 1.0], [0.0, 4.0]];
        assert!(in_ring(&ring, [0.5, 2.0]) && in_ring(&ring, [3.5, 2.0]) && !in_ring(&ring, [2.0, 2.0]) && !in_ring(&ring, [5.0, 1.0]));
        assert!(!in_ring(&[], [0.0, 0.0]));
    }
}
