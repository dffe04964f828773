//! Laws of following other than Krauss': IDM and ACC (see [`super::follow`] for sources and units).

use super::follow::{EPS, Kind};
use super::stopping::Bound;

impl Kind {
    /// IDM in `steps` rounds a second. `gap`: without the gap that one keeps, which is `keep`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn idm(&self, v: f64, gap: f64, leader_v: f64, wish: f64, delta: f64, steps: f64, keep: f64) -> f64 {
        let rounds = (steps * self.dt).round().at_least(1.0);
        let (mut new, mut left) = (v, gap);
        let root = 2.0 * (self.accel * self.decel).sqrt();
        for _ in 0..rounds as u32 {
            left = left.at_least(EPS);
            let s = (new * self.tau + new * (new - leader_v) / root).at_least(0.0) + keep;
            let ratio = new / wish.at_least(EPS);
            let free = if delta == 4.0 { (ratio * ratio) * (ratio * ratio) } else { ratio.powf(delta) };
            let acc = self.accel * (1.0 - free - (s * s) / (left * left));
            new = (new + acc * self.dt / rounds).at_least(0.0);
            left -= ((new - leader_v) * self.dt / rounds).at_least(0.0);
        }
        new.at_least(0.0)
    }

    /// ACC, by the law that gap and speeds call for; each has its gains.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn acc(&self, v: f64, gap: f64, leader_v: f64, wish: f64, speed: f64, closing: [f64; 2], keeping: [f64; 2], avoiding: [f64; 2]) -> f64 {
        let by_speed = speed * (wish - v);
        let error = gap - self.tau * v;
        let dv = leader_v - v;
        let gap_law = |g: [f64; 2]| g[0] * dv + g[1] * error;
        let a = if gap > 120.0 {
            by_speed
        } else if gap < 0.0 {
            gap_law(avoiding)
        } else if error.abs() < 0.2 && dv.abs() < 0.1 {
            gap_law(keeping)
        } else if gap > 100.0 {
            by_speed.at_most(gap_law(closing))
        } else {
            gap_law(closing).at_most(by_speed)
        };
        (v + a.clamp(-self.emergency, self.accel) * self.dt).at_least(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::follow::sample;
    use qike_network::traffic::CarFollowing;

    #[test]
    fn idm_keeps_its_equilibrium_gap() {
        // s(v) = (s0 + v T) / sqrt(1 - (v / v0)^4), Treiber et al. 2000.
        let k = sample(CarFollowing::Idm { delta: 4.0, steps: 10.0 }, 0.1);
        for v in [5.0, 12.0, 20.0] {
            let (mut x, mut speed, mut lead) = (0.0, v, 60.0);
            for _ in 0..20_000 {
                speed = k.follow(speed, lead - x - k.gap, v, 4.5, 30.0);
                x += speed * 0.1;
                lead += v * 0.1;
            }
            let expected = (k.gap + v * k.tau) / (1.0 - (v / 30.0f64).powi(4)).sqrt();
            assert!((lead - x - expected).abs() < 0.02 * expected, "{v}: {} and not {expected}", lead - x);
        }
    }
}
