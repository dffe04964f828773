//! Car-following: what speed is safe, by the vehicle's model.
//!
//! Krauss: S. Krauß, Microscopic modeling of traffic flow (1998), in the discrete form in which a vehicle moves in a step with the speed
//! it has at the step's end. IDM: Treiber, Hennecke, Helbing, Phys. Rev. E 62 (2000) 1805. ACC: Milanés, Shladover, Transp. Res. C 48 (2014) 285.
//! Speeds m/s, distances m, times s, accelerations m/s². A gap is what is left after the gap that one keeps when standing.

use super::stopping::{Bound, Stopping, whole};
use qike_network::traffic::{CarFollowing, JunctionManners, LaneChanging, RoadUsers, SpeedFactor, VehicleKind};

/// Small distance, speed.
pub const EPS: f64 = 0.001;
/// Smallest distance that counts as one, m.
pub const STEP_M: f64 = 0.1;
/// Below that a vehicle stands, m/s.
pub const HALT: f64 = 0.1;
/// Emergency braking is begun that much harder than is just enough.
const HARDER: f64 = 1.2;

/// A kind of vehicle as the model uses it.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Length, m.
    pub length: f64,
    /// Gap when standing, m.
    pub gap: f64,
    /// Both.
    pub room: f64,
    /// Greatest speed, m/s.
    pub max_speed: f64,
    /// Acceleration.
    pub accel: f64,
    /// Braking.
    pub decel: f64,
    /// Hardest braking.
    pub emergency: f64,
    /// Braking that others expect.
    pub apparent: f64,
    /// Headway, s.
    pub tau: f64,
    /// Imperfection.
    pub sigma: f64,
    /// Model.
    pub model: CarFollowing,
    /// Step, s.
    pub dt: f64,
    /// Who it is.
    pub user: RoadUsers,
    /// An ambulance and the like, which overtakes on either side.
    pub hurries: bool,
    /// Lane changing.
    pub changing: LaneChanging,
    /// At junctions.
    pub manners: JunctionManners,
    /// Share of the limit.
    pub factor: SpeedFactor,
    /// Impatience from the beginning.
    pub impatience: f64,
    /// Time until fully impatient, s.
    pub patience: f64,
    /// One who has stood that long keeps junctions clear no more, ms; infinite: always does.
    pub keeps_clear_ms: f64,
    /// Inclinations for speed from which on it changes towards the kerb, and towards the middle.
    pub gain_at: [f64; 2],
    /// For stopping with its own braking after its headway, and after a step.
    stops: [Stopping; 2],
    /// One over the speed that it brakes away in a step, s/m.
    per_less: f64,
}

/// Inclinations for speed from which on one changes towards the kerb, and towards the middle.
fn gain_at(p: &LaneChanging) -> [f64; 2] {
    if p.speed_gain > 0.0 { [0.2 / p.speed_gain_right / p.speed_gain, 0.2 / p.speed_gain] } else { [f64::INFINITY; 2] }
}

impl Kind {
    /// From a scenario's kind.
    pub fn new(k: &VehicleKind, dt: f64) -> Self {
        Self {
            length: k.length_m,
            gap: k.gap_m,
            room: k.length_m + k.gap_m,
            max_speed: k.max_speed_mps.min(k.desired_speed_mps),
            accel: k.accel,
            decel: k.decel,
            emergency: k.emergency_decel.max(k.decel),
            apparent: k.apparent_decel,
            tau: k.tau_s,
            sigma: k.sigma,
            model: k.following,
            dt,
            user: k.user,
            hurries: RoadUsers::kind("emergency") == Some(k.user),
            changing: k.changing,
            manners: k.manners,
            factor: k.speed_factor,
            impatience: k.impatience,
            patience: k.minor_patience_s,
            keeps_clear_ms: k.manners.ignore_keep_clear_s.map_or(f64::INFINITY, |s| s * 1000.0),
            gain_at: gain_at(&k.changing),
            stops: [Stopping::new(k.decel, k.tau_s, dt), Stopping::new(k.decel, dt, dt)],
            per_less: 1.0 / (k.decel * dt),
        }
    }

    /// Way from a speed to a stand, m, after its headway, or after a step.
    #[inline]
    pub fn way_to_stand(&self, headway: bool, v: f64) -> f64 {
        self.stops[usize::from(!headway)].way(v, self.per_less)
    }

    /// Whole steps of braking that a difference of speeds takes; where it is just about so many, so many.
    #[inline]
    pub fn steps_down(&self, dv: f64) -> f64 {
        whole(dv * self.per_less + EPS * EPS)
    }

    /// Fastest it can be after a step.
    #[inline]
    pub fn next_max(&self, v: f64) -> f64 {
        (v + self.accel * self.dt).at_most(self.max_speed)
    }

    /// Slowest it can be after a step of comfortable braking.
    #[inline]
    pub fn next_min(&self, v: f64) -> f64 {
        (v - self.decel * self.dt).at_least(0.0)
    }

    /// Slowest it can be after a step of the hardest braking.
    #[inline]
    pub fn next_hardest(&self, v: f64) -> f64 {
        (v - self.emergency * self.dt).at_least(0.0)
    }

    /// Distance to a stand with `decel`, step by step, after `headway` s of going on.
    #[inline]
    pub fn brake_gap_by(&self, v: f64, decel: f64, headway: f64) -> f64 {
        let less = decel * self.dt;
        let steps = whole(if decel == self.decel { v * self.per_less } else { v / less });
        self.dt * (steps * v - less * steps * (steps + 1.0) * 0.5) + v * headway
    }

    /// Distance to a stand, with the headway.
    #[inline]
    pub fn brake_gap(&self, v: f64) -> f64 {
        self.brake_gap_by(v, self.decel, self.tau)
    }

    /// Speed after a distance with constant acceleration.
    #[inline]
    pub fn speed_after(&self, dist: f64, v: f64, accel: f64) -> f64 {
        (2.0 * dist * accel + v * v).at_least(0.0).sqrt().at_most(self.max_speed)
    }

    /// Braking that is needed so as not to run into one at `gap`.
    fn needed_decel(&self, gap: f64, v: f64, leader_v: f64, leader_decel: f64) -> f64 {
        if gap <= 0.0 {
            return self.emergency;
        }
        let way = 0.5 * leader_v * leader_v / leader_decel;
        let first = 0.5 * v * v / (gap + way);
        if first <= leader_decel { first } else { 0.5 * (v * v - leader_v * leader_v) / gap }
    }

    /// Where braking harder than is comfortable is asked for, no harder than is needed.
    #[inline]
    fn relax(&self, v: f64, safe: f64, gap: f64, leader_v: f64, leader_decel: f64) -> f64 {
        if v - safe <= (self.decel + EPS) * self.dt || self.decel == self.emergency {
            return safe;
        }
        let asked = (v - safe) / self.dt;
        let needed = (HARDER * self.needed_decel(gap, v, leader_v, leader_decel)).at_least(self.decel).at_most(asked);
        (v - needed * self.dt).at_least(0.0)
    }

    /// Krauss: the speed that is safe behind a leader. `looking` is set where a lane change is only thought of.
    #[inline]
    pub fn safe_follow(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, looking: bool) -> f64 {
        let safe = if gap >= 0.0 || looking {
            self.stops[0].speed(gap + self.brake_gap_by(leader_v, self.decel.at_least(leader_decel), 0.0))
        } else {
            (v - self.emergency * self.dt).at_least(0.0)
        };
        if looking { safe } else { self.relax(v, safe, gap, leader_v, leader_decel) }
    }

    /// Krauss: the speed that is safe before a place where one has to stand.
    #[inline]
    pub fn safe_stand(&self, v: f64, gap: f64, decel: f64) -> f64 {
        let safe = if decel == self.decel { self.stops[1] } else { Stopping::new(decel, self.dt, self.dt) }.speed(gap);
        self.relax(v, safe, gap, 0.0, decel)
    }

    /// Speed behind a leader in the coming step. `wish`: what the driver wants on this lane.
    #[inline]
    pub fn follow(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, wish: f64) -> f64 {
        match self.model {
            CarFollowing::Krauss => self.safe_follow(v, gap, leader_v, leader_decel, false).at_most(self.next_max(v)),
            CarFollowing::Idm { delta, steps } => self.idm(v, gap + self.gap, leader_v, wish, delta, steps, self.gap),
            CarFollowing::Acc { speed, closing, keeping, avoiding } => {
                let acc = self.acc(v, gap, leader_v, wish, speed, closing, keeping, avoiding);
                acc.at_most(self.safe_follow(v, gap, leader_v, leader_decel, false) + EPS).at_most(self.next_max(v))
            }
        }
    }

    /// The same when a change is only thought of: braking is as hard as it would have to be.
    #[inline]
    pub fn follow_looking(&self, v: f64, gap: f64, leader_v: f64, leader_decel: f64, wish: f64) -> f64 {
        match self.model {
            CarFollowing::Krauss | CarFollowing::Acc { .. } => self.safe_follow(v, gap, leader_v, leader_decel, true).at_most(self.next_max(v)),
            CarFollowing::Idm { .. } => self.follow(v, gap, leader_v, leader_decel, wish),
        }
    }

    /// Speed before a place to stand in the coming step.
    #[inline]
    pub fn stand(&self, v: f64, gap: f64, wish: f64) -> f64 {
        self.stand_by(v, gap, self.decel, wish)
    }

    /// The same with a braking of its own.
    #[inline]
    pub fn stand_by(&self, v: f64, gap: f64, decel: f64, wish: f64) -> f64 {
        match self.model {
            CarFollowing::Idm { delta, steps } => {
                if gap < 0.01 {
                    return 0.0;
                }
                // The last speed of the rounds holds for the whole step, with which one would come past the place;
                // nobody does who can help it by braking comfortably.
                let idm = self.idm(v, gap, 0.0, wish, delta, steps, 0.0).at_most((gap / self.dt).at_least(self.next_min(v)));
                // One who stands close before the place creeps up to it.
                if v < EPS && idm < EPS { Stopping::new(decel, self.dt, self.dt).speed(gap) } else { idm }
            }
            _ => self.safe_stand(v, gap, decel).at_most(self.next_max(v)),
        }
    }

    /// Speed with which one may drive on so as to have `target` after `dist`. `inserting`: it does not move in this step any more.
    #[inline]
    pub fn free(&self, v: f64, dist: f64, target: f64, wish: f64, inserting: bool) -> f64 {
        match self.model {
            CarFollowing::Idm { delta, steps } if !inserting => {
                let secure = (self.brake_gap(v) - self.brake_gap_by(target, self.decel, 0.0)).at_least(0.0);
                let free = if v <= target {
                    self.idm(v, 1e6, target, wish, delta, steps, 0.0)
                } else {
                    self.idm(v, dist.at_least(secure), 0.0, target, delta, steps, 0.0)
                };
                if dist < secure { free.at_most(target) } else { free }
            }
            _ => self.free_krauss(dist, target, inserting),
        }
    }

    #[inline]
    fn free_krauss(&self, dist: f64, target: f64, inserting: bool) -> f64 {
        let way = target * self.dt;
        if dist < way {
            return target;
        }
        let b = self.decel * self.dt * self.dt;
        let y = ((((b + 2.0 * way) * (b + 2.0 * way) + 8.0 * b * dist).sqrt() - b) * 0.5 - way) / b;
        let full = whole(y.at_least(0.0));
        let exact = (full * full + full) * 0.5 * b + full * way + if y > full { way } else { 0.0 };
        let gain = (full + f64::from(u8::from(inserting))) * self.decel * self.dt;
        (dist - exact).at_least(0.0) / (full + 1.0) / self.dt + gain + target
    }

    /// Gap that one needs behind a leader so that no braking of it is dangerous.
    #[inline]
    pub fn secure_gap(&self, v: f64, leader_v: f64, leader_decel: f64) -> f64 {
        match self.model {
            CarFollowing::Idm { .. } => {
                let dv = v - leader_v;
                let keep = (v * self.tau + v * dv / (2.0 * (self.accel * self.decel).sqrt())).at_least(0.0);
                keep.at_least(self.brake_gap_by(v, self.decel, self.tau) - self.brake_gap_by(leader_v, self.decel.at_least(leader_decel), 0.0)).at_least(0.0)
            }
            _ => (self.brake_gap(v) - self.brake_gap_by(leader_v, self.decel.at_least(leader_decel), 0.0)).at_least(0.0),
        }
    }

    /// The same for one who brakes already.
    #[inline]
    pub fn secure_gap_braking(&self, v: f64, leader_v: f64, leader_decel: f64) -> f64 {
        (self.brake_gap_by(v, self.decel, 0.0) - self.brake_gap_by(leader_v, self.decel.max(leader_decel), 0.0)).max(0.0)
    }

    /// Krauss' imperfection: what is left of a speed, by a random number in 0..1.
    #[inline]
    pub fn dawdle(&self, v: f64, sigma: f64, random: f64) -> f64 {
        // Who starts is not kept from starting.
        (v - self.dt * sigma * v.at_most(self.accel) * random).at_least(0.0)
    }

    /// Whether chance slows it.
    pub fn dawdles(&self) -> bool {
        matches!(self.model, CarFollowing::Krauss) && self.sigma > 0.0
    }

    /// Time, s, after which it can be `dist` further at the earliest, ending with `end_v`.
    #[inline]
    pub fn arrival_s(&self, dist: f64, v: f64, end_v: f64) -> f64 {
        let accel = if end_v >= v { self.accel } else { -self.decel };
        let change = (end_v - v) / accel;
        let way = change * (end_v + v) * 0.5;
        change + (dist - way).at_least(0.0) / v.at_least(end_v).at_least(HALT)
    }

    /// Slowest speed it can have after `dist` if it brakes from now on.
    #[inline]
    pub fn slowest_at(&self, dist: f64, v: f64) -> f64 {
        if dist < v {
            return f64::INFINITY;
        }
        let left = dist - v * self.tau;
        if v * v - 2.0 * left * self.decel >= 0.0 { self.speed_after(left, v, -self.decel) } else { self.decel }
    }
}

/// A car for tests.
#[cfg(test)]
pub(super) fn sample(model: CarFollowing, dt: f64) -> Kind {
    let factor = SpeedFactor { mean: 1.0, deviation: 0.0, min: 1.0, max: 1.0 };
    Kind {
        length: 5.0,
        gap: 2.5,
        room: 7.5,
        max_speed: 55.0,
        accel: 2.6,
        decel: 4.5,
        emergency: 9.0,
        apparent: 4.5,
        tau: 1.0,
        sigma: 0.0,
        model,
        dt,
        user: RoadUsers::PASSENGER,
        hurries: false,
        changing: LaneChanging::default(),
        manners: JunctionManners::default(),
        factor,
        impatience: 0.0,
        patience: 180.0,
        keeps_clear_ms: f64::INFINITY,
        gain_at: gain_at(&LaneChanging::default()),
        stops: [Stopping::new(4.5, 1.0, dt), Stopping::new(4.5, dt, dt)],
        per_less: 1.0 / (4.5 * dt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(model: CarFollowing) -> Kind {
        sample(model, 1.0)
    }

    #[test]
    fn one_who_drives_as_fast_as_is_safe_never_hits_a_leader_who_brakes() {
        let k = kind(CarFollowing::Krauss);
        for start in [0.0, 1.0, 5.0, 17.3, 40.0, 120.0] {
            for leader_start in [0.0, 8.0, 25.0] {
                let (mut x, mut v, mut lx, mut lv) = (0.0, 0.0, start, leader_start);
                for step in 0..200 {
                    let safe = k.follow(v, lx - x, lv, 4.5, 30.0);
                    if step > 20 {
                        lv = (lv - 4.5f64).max(0.0);
                    }
                    v = safe;
                    x += v;
                    lx += lv;
                    assert!(x <= lx + 1e-9, "start {start}, leader {leader_start}, step {step}: {x} > {lx}");
                }
            }
        }
    }

    #[test]
    fn one_stands_where_it_has_to_and_not_before() {
        for model in [CarFollowing::Krauss, CarFollowing::Idm { delta: 4.0, steps: 4.0 }] {
            let k = kind(model);
            for from in [0.5, 3.0, 9.9, 55.0, 200.0] {
                let (mut x, mut v) = (0.0, 0.0);
                for _ in 0..300 {
                    v = k.stand(v, from - x, 20.0);
                    x += v;
                }
                assert!(x <= from + 1e-6 && from - x < 1.6, "{model:?} from {from}: {x}");
            }
        }
    }

    #[test]
    fn a_slower_lane_ahead_is_reached_with_its_speed() {
        let k = kind(CarFollowing::Krauss);
        for dist in [3.0, 20.0, 77.0, 300.0] {
            let (mut x, mut v) = (0.0, 10.0);
            while x < dist {
                v = k.free(v, dist - x, 8.0, 30.0, false).min(k.next_max(v)).max(k.next_min(v));
                x += v;
            }
            assert!(v <= 8.0 + 2.6 + 1e-9, "{dist}: {v}");
        }
    }

    #[test]
    fn braking_distances_are_those_of_the_steps() {
        let k = kind(CarFollowing::Krauss);
        // 13.5 → 9, 4.5, 0: 13.5 m after the reaction.
        assert!((k.brake_gap_by(13.5, 4.5, 0.0) - 13.5).abs() < 1e-9);
        assert!((k.brake_gap(13.5) - 27.0).abs() < 1e-9);
        assert!((k.secure_gap(13.5, 13.5, 4.5) - 13.5).abs() < 1e-9);
    }
}
