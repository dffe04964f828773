//! Speeds with an upper bound that is known beforehand: most of what a vehicle looks at is so far away that it does not slow it, and
//! that is seen by the way that stopping from that bound takes, without a root. All give exactly what the formula gives.

use super::follow::{EPS, Kind};
use super::stopping::Bound;
use qike_network::traffic::CarFollowing;

/// By so much further away, m, than would be just enough: so that rounding decides nothing.
const MARGIN_M: f64 = 1e-6;
/// The same for squares of speeds, as a share.
const MARGIN: f64 = 1.0 + 1e-12;

impl Kind {
    /// Whether one stands, or leads, so far ahead that a speed of `v` is safe for sure; `gap` holds the leader's own way to a stand.
    #[inline]
    fn far_enough(&self, headway: bool, gap: f64, v: f64) -> bool {
        gap > self.way_to_stand(headway, v) + EPS + MARGIN_M
    }

    /// [`Kind::follow`], at most `most`.
    #[inline]
    pub fn follow_at_most(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, wish: f64, most: f64) -> f64 {
        if self.model == CarFollowing::Krauss && gap >= 0.0 && self.far_enough(true, gap + self.brake_gap_by(leader_v, self.decel.at_least(leader_decel), 0.0), most) {
            return self.next_max(v).at_most(most);
        }
        self.follow(v, gap, leader_v, leader_decel, wish).at_most(most)
    }

    /// [`Kind::safe_follow`] when a change is only thought of, at most `most`.
    #[inline]
    pub fn safe_looking_at_most(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, most: f64) -> f64 {
        if self.far_enough(true, gap + self.brake_gap_by(leader_v, self.decel.at_least(leader_decel), 0.0), most) {
            return most;
        }
        self.safe_follow(v, gap, leader_v, leader_decel, true).at_most(most)
    }

    /// [`Kind::follow_looking`], at most `most`.
    #[inline]
    pub fn follow_looking_at_most(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, wish: f64, most: f64) -> f64 {
        match self.model {
            CarFollowing::Idm { .. } => self.follow_looking(v, gap, leader_v, leader_decel, wish).at_most(most),
            _ => self.safe_looking_at_most(v, gap, leader_v, leader_decel, most).at_most(self.next_max(v)),
        }
    }

    /// [`Kind::stand_by`], at most `most`.
    #[inline]
    pub fn stand_by_at_most(&self, v: f64, gap: f64, decel: f64, wish: f64, most: f64) -> f64 {
        if !matches!(self.model, CarFollowing::Idm { .. }) && decel == self.decel && self.far_enough(false, gap, most) {
            return self.next_max(v).at_most(most);
        }
        self.stand_by(v, gap, decel, wish).at_most(most)
    }

    /// [`Kind::free`] of one who moves in this step, at most `most`.
    #[inline]
    pub fn free_at_most(&self, v: f64, dist: f64, target: f64, wish: f64, most: f64) -> f64 {
        if !matches!(self.model, CarFollowing::Idm { .. }) {
            if target >= most {
                return most;
            }
            // In so many whole steps of braking it comes from more than `most` to the target.
            let steps = self.steps_down(most - target) + 1.0;
            let b = self.decel * self.dt * self.dt;
            if dist > (steps * steps + steps) * 0.5 * b + steps * target * self.dt + MARGIN_M {
                return most;
            }
        }
        self.free(v, dist, target, wish, false).at_most(most)
    }

    /// [`Kind::speed_after`], at most `most`.
    #[inline]
    pub fn speed_after_at_most(&self, dist: f64, v: f64, accel: f64, most: f64) -> f64 {
        if 2.0 * dist * accel + v * v > most * most * MARGIN {
            return self.max_speed.at_most(most);
        }
        self.speed_after(dist, v, accel).at_most(most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::follow::sample;
    use qike_core::CounterRng;
    use qike_network::traffic::CarFollowing;

    /// Random situations, many of them close to where bounds begin to count: not a bit differs.
    #[test]
    fn bounded_speeds_are_those_of_the_formula() {
        let models = [CarFollowing::Krauss, CarFollowing::Idm { delta: 4.0, steps: 4.0 }, CarFollowing::Acc { speed: 0.4, closing: [0.8, 0.04], keeping: [0.07, 0.23], avoiding: [0.8, 0.23] }];
        for (n, model) in models.into_iter().enumerate() {
            for dt in [1.0, 0.5, 0.1] {
                let k = sample(model, dt);
                let mut rng = CounterRng::new(5, n as u64, (dt * 10.0) as u64);
                for round in 0..60_000 {
                    let (v, lead, most) = (rng.range(0.0, 40.0), rng.range(0.0, 40.0), rng.range(0.0, 45.0));
                    let (v, most) = if round % 3 == 0 { ((v / 4.5).floor() * 4.5, (most / 4.5).floor() * 4.5) } else { (v, most) };
                    let at = k.way_to_stand(round % 2 == 0, most) - k.brake_gap_by(lead, k.decel, 0.0) + 0.001;
                    let gap = if round % 5 == 0 { at + rng.range(-1e-5, 1e-5) } else { rng.range(-3.0, 300.0) };
                    let most = most.min(k.next_max(v));
                    let same = |a: f64, b: f64, what: &str| assert_eq!(a.to_bits(), b.to_bits(), "{what}: v {v} gap {gap} leader {lead} most {most}: {a} {b}");
                    same(k.follow_at_most(v, gap, lead, 4.5, 30.0, most), k.follow(v, gap, lead, 4.5, 30.0).min(most), "follow");
                    same(k.follow_looking_at_most(v, gap, lead, 4.5, 30.0, most), k.follow_looking(v, gap, lead, 4.5, 30.0).min(most), "looking");
                    same(k.stand_by_at_most(v, gap, k.decel, 30.0, most), k.stand_by(v, gap, k.decel, 30.0).min(most), "stand");
                    same(k.free_at_most(v, gap, lead, 30.0, most), k.free(v, gap, lead, 30.0, false).min(most), "free");
                    same(k.speed_after_at_most(gap.abs(), v, k.accel, most), k.speed_after(gap.abs(), v, k.accel).min(most), "after");
                }
            }
        }
    }
}
