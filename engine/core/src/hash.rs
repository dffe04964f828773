//! A hash of simulation states: equal states give equal hashes on every machine and for any number of threads.

use crate::rng::mix;

/// Order-dependent 64-bit hash. Not cryptographic: it tells runs apart, it does not resist an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateHasher(u64);

impl Default for StateHasher {
    fn default() -> Self {
        Self(0x51_7C_C1_B7_27_22_0A_95)
    }
}

impl StateHasher {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds 64 bits.
    pub fn u64(&mut self, value: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ value.wrapping_add(0x9E37_79B9_7F4A_7C15));
    }

    /// Adds a number by its bits; the two zeros are one.
    pub fn f64(&mut self, value: f64) {
        self.u64((value + 0.0).to_bits());
    }

    /// Adds a number by its bits; the two zeros are one.
    pub fn f32(&mut self, value: f32) {
        self.u64(u64::from((value + 0.0).to_bits()));
    }

    /// The hash of all that was added.
    pub fn finish(&self) -> u64 {
        mix(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_counts_and_zeros_are_one() {
        let hash = |values: &[f64]| {
            let mut h = StateHasher::new();
            values.iter().for_each(|v| h.f64(*v));
            h.finish()
        };
        assert_ne!(hash(&[1.0, 2.0]), hash(&[2.0, 1.0]));
        assert_eq!(hash(&[0.0]), hash(&[-0.0]));
        assert_ne!(hash(&[]), hash(&[0.0]));
    }
}
