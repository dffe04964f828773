//! Randomness as a function of (seed, agent, step): no state is carried, so the result is the same for any number of
//! threads and any order of the agents.

/// A counter-based generator. Each draw mixes (seed, stream, counter) with the finaliser of SplitMix64
/// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), applied twice.
#[derive(Clone, Copy, Debug)]
pub struct CounterRng {
    key: u64,
    counter: u64,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The SplitMix64 finaliser: a bijection of 64 bits with good avalanche.
#[inline]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl CounterRng {
    /// The generator of `agent` at `step` in a run with `seed`; successive draws differ.
    #[inline]
    pub const fn new(seed: u64, agent: u64, step: u64) -> Self {
        let key = mix(mix(seed.wrapping_add(GOLDEN)) ^ mix(agent.wrapping_mul(GOLDEN).wrapping_add(1)));
        Self { key, counter: mix(step.wrapping_add(GOLDEN)) }
    }

    /// 64 random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(mix(self.counter) ^ self.key)
    }

    /// Uniform in [0, 1), with 53 random bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in 0..n; 0 for n = 0. The bias is below n/2^64.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// Normal with the given mean and standard deviation (Box–Muller).
    pub fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        mean + sd * radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Exponential with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_independence() {
        let n = 200_000u64;
        let (mut sum, mut square, mut cross) = (0.0, 0.0, 0.0);
        for agent in 0..n {
            let a = CounterRng::new(7, agent, 3).normal(0.0, 1.0);
            let b = CounterRng::new(7, agent, 4).normal(0.0, 1.0);
            sum += a;
            square += a * a;
            cross += a * b;
        }
        let n = n as f64;
        assert!((sum / n).abs() < 0.01, "mean {}", sum / n);
        assert!((square / n - 1.0).abs() < 0.02, "variance {}", square / n);
        assert!((cross / n).abs() < 0.01, "correlation of steps {}", cross / n);
    }

    #[test]
    fn below_stays_below() {
        let mut rng = CounterRng::new(1, 2, 3);
        assert!((0..10_000).all(|_| rng.below(7) < 7));
        assert_eq!(rng.below(0), 0);
    }
}
