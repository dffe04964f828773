//! Car following: the intelligent driver model, and the bounds that keep vehicles apart whatever it wants.
//!
//! Treiber, Hennecke, Helbing: Congested traffic states in empirical observations and microscopic simulations. Phys. Rev. E 62
//! (2000) 1805. The acceleration is held for a step (ballistic update; Treiber, Kanagaraj 2015), and a vehicle that would pass
//! zero speed stops within the step.
//!
//! The bounds rest on one idea. Nobody brakes harder than [`HARD_BRAKING`], so a vehicle's *reach* x + v²/2B can only grow. A
//! follower whose own reach stays behind the rear's reach can always stop behind it. Each step bounds the new reach by the
//! leader's present one, so the order holds by induction, for any step length and any leader.

use crate::demand::VehicleKind;

/// Nobody brakes harder than this, m/s².
pub const HARD_BRAKING: f64 = 8.0;

/// Kept between bodies by the bounds, m. It also absorbs rounding.
pub const SKIN_M: f64 = 0.1;

/// Parameters of a kind of vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Length, m.
    pub length_m: f64,
    /// Greatest speed, m/s.
    pub max_speed_mps: f64,
    /// Acceleration, m/s².
    pub accel: f64,
    /// Comfortable braking, m/s².
    pub brake: f64,
    /// Gap when standing, m.
    pub gap_m: f64,
    /// Time headway, s.
    pub headway_s: f64,
    /// Share of others' advantage that counts in a lane change (MOBIL's politeness).
    pub politeness: f64,
}

/// Parameters by [`VehicleKind`]. City values: Treiber, Kesting: Traffic Flow Dynamics (2013), tables 11.2 and 12.1; the car's
/// headway of 1.0 s and acceleration of 1.8 m/s² give the saturation flow of about 1,800 veh/h that the IDM has at a signal.
pub const KINDS: [Kind; 3] = [
    Kind { length_m: 4.5, max_speed_mps: 50.0, accel: 1.8, brake: 2.0, gap_m: 2.0, headway_s: 1.0, politeness: 0.2 },
    Kind { length_m: 12.0, max_speed_mps: 25.0, accel: 1.2, brake: 1.8, gap_m: 2.5, headway_s: 1.3, politeness: 0.3 },
    Kind { length_m: 10.0, max_speed_mps: 25.0, accel: 1.0, brake: 1.8, gap_m: 2.5, headway_s: 1.5, politeness: 0.2 },
];

/// The parameters of a kind.
#[inline]
pub fn kind(kind: VehicleKind) -> &'static Kind {
    &KINDS[kind as usize]
}

/// Acceleration on a free road: a(1 − (v/v0)⁴), and comfortable braking at most where v is above v0.
#[inline]
pub fn free(k: &Kind, v: f64, v0: f64) -> f64 {
    let r = v / v0.max(0.1);
    let r2 = r * r;
    (k.accel * (1.0 - r2 * r2)).max(-k.brake)
}

/// The part of the IDM's acceleration that is due to a leader: −a (s*/s)², with s* = s0 + max(0, vT + v Δv / 2√(ab)).
#[inline]
pub fn interaction(k: &Kind, v: f64, gap: f64, leader_v: f64) -> f64 {
    let wish = k.gap_m + (v * k.headway_s + v * (v - leader_v) / (2.0 * (k.accel * k.brake).sqrt())).max(0.0);
    let r = wish / gap.max(0.1);
    -k.accel * r * r
}

/// Distance needed to stop at full braking.
#[inline]
pub fn stopping(v: f64) -> f64 {
    v * v / (2.0 * HARD_BRAKING)
}

/// Bounds on the coming step: the speed at its end and the way in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Greatest speed at the end, m/s.
    pub v: f64,
    /// Greatest way, m.
    pub dx: f64,
}

impl Bound {
    /// No bound.
    pub const NONE: Bound = Bound { v: f64::INFINITY, dx: f64::INFINITY };

    /// Both bounds together.
    #[inline]
    #[must_use]
    pub fn and(self, other: Bound) -> Bound {
        Bound { v: self.v.min(other.v), dx: self.dx.min(other.dx) }
    }

    /// So that the reach at the end is at most `reach` ahead of the present position.
    #[inline]
    pub fn to_reach(v: f64, reach: f64, dt: f64) -> Bound {
        // (v + v')/2·dt + v'²/2B = reach, solved for v'.
        let half = 0.5 * dt;
        let q = half * half + (2.0 * reach - v * dt) / HARD_BRAKING;
        if q >= half * half {
            Bound { v: HARD_BRAKING * (q.sqrt() - half), dx: f64::INFINITY }
        } else {
            Bound { v: 0.0, dx: reach.max(0.0) }
        }
    }

    /// Behind a leader whose rear is `gap` ahead and who drives at `leader_v`.
    #[inline]
    pub fn behind(v: f64, gap: f64, leader_v: f64, dt: f64) -> Bound {
        let gap = gap - SKIN_M;
        let slowed = (leader_v - HARD_BRAKING * dt).max(0.0);
        let leader_dx = if slowed > 0.0 { 0.5 * (leader_v + slowed) * dt } else { stopping(leader_v) };
        let mut bound = Self::to_reach(v, gap + stopping(leader_v), dt);
        let dx = (gap + leader_dx).max(0.0);
        bound.dx = bound.dx.min(dx);
        bound.v = bound.v.min((2.0 * dx / dt - v).max(0.0));
        bound
    }
}

/// Speed at the end of a step and the way in it, for a wished acceleration within bounds.
#[inline]
pub fn advance(v: f64, accel: f64, bound: Bound, dt: f64) -> (f64, f64) {
    let hardest = (v - HARD_BRAKING * dt).max(0.0);
    let hardest_dx = if hardest > 0.0 { 0.5 * (v + hardest) * dt } else { stopping(v) };
    let wished = v + accel.max(-HARD_BRAKING) * dt;
    let (v1, dx) = if wished <= 0.0 && bound.v >= 0.0 {
        (0.0, if v > 0.0 { v * v / (2.0 * (-accel).clamp(1e-9, HARD_BRAKING)) } else { 0.0 })
    } else {
        let v1 = wished.min(bound.v);
        (v1, 0.5 * (v + v1) * dt)
    };
    let v1 = v1.max(hardest);
    (v1, dx.min(bound.dx).max(hardest_dx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_platoon_settles_at_the_equilibrium_gap() {
        let k = kind(VehicleKind::Car);
        for (v0, lead) in [(13.9, 10.0), (30.0, 20.0), (8.0, 3.0)] {
            let (mut x, mut v, mut leader) = (0.0, lead, 60.0);
            for _ in 0..4000 {
                let gap = leader - k.length_m - x;
                let a = free(k, v, v0) + interaction(k, v, gap, lead);
                let (v1, dx) = advance(v, a, Bound::behind(v, gap, lead, 0.5), 0.5);
                (x, v, leader) = (x + dx, v1, leader + lead * 0.5);
            }
            let expected = (k.gap_m + lead * k.headway_s) / (1.0 - (lead / v0).powi(4)).sqrt();
            let gap = leader - k.length_m - x;
            assert!((gap - expected).abs() < 0.01 * expected, "v0 {v0}, v {lead}: gap {gap}, theory {expected}");
        }
    }

    proptest! {
        /// Followers with any wish behind leaders with any braking never touch them.
        #[test]
        fn nobody_ever_touches(seed in any::<u64>(), dt in prop::sample::select(vec![0.1, 0.5, 1.0])) {
            let mut rng = qike_core::CounterRng::new(seed, 0, 0);
            let (mut xl, mut vl) = (40.0, rng.range(0.0, 30.0));
            let (mut x, mut v) = (0.0, 0.0);
            for _ in 0..300 {
                let bound = Bound::behind(v, xl - x, vl, dt);
                let (v1, dx) = advance(v, rng.range(-3.0, 6.0), bound, dt);
                let (vl1, dxl) = advance(vl, rng.range(-12.0, 3.0), Bound::NONE, dt);
                prop_assert!(v1 >= v - HARD_BRAKING * dt - 1e-9 && v1 >= 0.0 && dx >= 0.0);
                (x, v, xl, vl) = (x + dx, v1, xl + dxl, vl1.min(33.0));
                prop_assert!(xl - x > -1e-9, "gap {} at speeds {v} {vl}", xl - x);
            }
        }
    }
}
