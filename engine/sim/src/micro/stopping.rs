//! How far one goes until one stands when braking step by step, and the greatest speed from which a stand is still reached.

use super::follow::EPS;

/// Bounds of numbers that are none but numbers: one instruction each, which minima and maxima that heed what is no number are not.
pub trait Bound {
    /// The lesser.
    fn at_most(self, most: Self) -> Self;
    /// The greater.
    fn at_least(self, least: Self) -> Self;
}

impl Bound for f64 {
    #[inline(always)]
    fn at_most(self, most: f64) -> f64 {
        if most < self { most } else { self }
    }

    #[inline(always)]
    fn at_least(self, least: f64) -> f64 {
        if least > self { least } else { self }
    }
}

/// Numbers from here on are whole.
const WHOLE: f64 = (1u64 << 52) as f64;

/// The whole part of a number below 2⁵²; of one below 0, and of what is no number, 0. Without a call, which rounding down is on plain
/// x86-64, and without turning it into a whole number and back.
#[inline]
pub(super) fn whole(x: f64) -> f64 {
    let x = if x > 0.0 { x } else { 0.0 };
    let near = (x + WHOLE) - WHOLE;
    if near > x { near - 1.0 } else { near }
}

/// What of the formula of the safe speed does not depend on the gap: steps are whole(`a` + `b` √(`c` + `d` gap)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stopping {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    /// Speed braked away in a step, m/s; headway, s; step, s.
    less: f64,
    headway: f64,
    step: f64,
}

impl Stopping {
    /// For a braking, after a headway, in steps of so many seconds.
    pub fn new(decel: f64, headway: f64, step: f64) -> Self {
        let root = step - 2.0 * headway;
        Self { a: 0.5 - headway / step, b: 0.5 / step, c: root * root, d: 8.0 * step / (decel * step), less: decel * step, headway, step }
    }

    /// Way from a speed to a stand, m: what [`Self::speed`] inverts, but for the small distance that it leaves. `per_less`: one over `less`.
    #[inline]
    pub fn way(&self, v: f64, per_less: f64) -> f64 {
        let n = whole(v * per_less);
        n * self.less * (0.5 * (n - 1.0) * self.step + self.headway) + (v - n * self.less) * (n * self.step + self.headway)
    }

    /// Greatest speed from which a stand after `gap` is reached, going on for the headway first and braking in steps.
    #[inline]
    pub fn speed(&self, gap: f64) -> f64 {
        let g = gap - EPS;
        if g < 0.0 {
            return 0.0;
        }
        let n = whole(self.a + self.b * (self.c + self.d * g).sqrt());
        let h = n * self.less * (0.5 * (n - 1.0) * self.step + self.headway);
        n * self.less + (g - h) / (n * self.step + self.headway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts() {
        let mut rng = qike_core::CounterRng::new(1, 2, 3);
        let numbers = (0..100_000).map(|n| rng.range(0.0, 1e4) * if n % 2 == 0 { 1e-4 } else { 1e3 });
        for x in numbers.chain([0.0, -0.0, -1e-17, -3.5, 0.5, 1.0, 1.0 - 1e-16, 1.5, 2.5, 3.0, 7.999_999_999_999_999, 1e15, f64::NAN]) {
            assert_eq!(whole(x).to_bits(), (x.max(0.0) as i64 as f64).to_bits(), "{x}");
        }
    }
}
