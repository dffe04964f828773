//! What of a kind of vehicle matters to queues: how densely they stand, how they leave a queue, how waves run back through them.
//!
//! In the plane of flow and density each kind has a triangle or less (Newell, Transp. Res. B 27 (1993) 281): standing, a vehicle takes
//! its length and its gap; a start runs back through a queue by one vehicle each `wave_s`; leaving at a speed, vehicles follow each
//! other at a headway. Krauss: the headway is `wave_s` and the time to drive the room of one; `wave_s` is the driver's headway and half
//! of the imperfection (measured on our lane-level model at 1 s steps, see the tests). IDM: the greatest flow that the equilibrium gaps
//! s(v) = (s0 + v T)/√(1 − (v/v0)^δ) (Treiber, Hennecke, Helbing 2000) allow below the limit.

use crate::micro::follow::Kind as Driving;
use qike_network::traffic::CarFollowing;

/// Headways are tabled by limits in steps of that, m/s.
const STEP: f64 = 0.5;
/// Limits up to that many steps.
const STEPS: usize = 120;
/// Of the imperfection, what adds to the time by which a start runs back, s.
const DAWDLE_S: f64 = 0.5;
/// What the wave of the IDM needs besides the headway, s (SUMO's own wave: 7.01 m/s with a room of 7.5 m).
const IDM_WAVE_S: f64 = 0.07;

/// A kind.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Length, m.
    pub length: f64,
    /// Length with the gap when standing, cm.
    pub room_cm: u32,
    /// Acceleration, m/s².
    pub accel: f64,
    /// Loss of time in ms, times m/s, for each (m/s)² of speed that is to be gained; and lost.
    pub gain_ms: f64,
    pub brake_ms: f64,
    /// What chance takes of the wished speed on average, m/s.
    pub slow: f64,
    /// Greatest speed, m/s.
    pub max_speed: f64,
    /// A wave runs back through one metre of queue in that time, ms.
    pub wave_ms: f64,
    /// Hesitation at a light, ms.
    pub start_ms: u32,
    /// Bits of users.
    pub user: u64,
    /// Headway of vehicles that leave a queue at a speed, ms, by speed.
    headway: Vec<u32>,
}

impl Kind {
    /// From one of the lane-level model's.
    pub fn new(k: &Driving, startup_s: f64) -> Self {
        let dt = k.dt;
        let krauss = matches!(k.model, CarFollowing::Krauss);
        let wave_s = match k.model {
            CarFollowing::Krauss => k.tau.max(dt * 0.5) + DAWDLE_S * k.sigma,
            CarFollowing::Idm { .. } => k.tau + IDM_WAVE_S,
            CarFollowing::Acc { .. } => k.tau,
        };
        let headway = |v: f64| match k.model {
            CarFollowing::Idm { delta, .. } => {
                let flow = (1..200).map(|n| f64::from(n) * v / 200.0).map(|u| u / ((k.gap + u * k.tau) / (1.0 - (u / v).powf(delta)).sqrt() + k.length));
                1.0 / flow.fold(1e-3, f64::max)
            }
            _ => wave_s + k.room / v,
        };
        Self {
            length: k.length,
            room_cm: (k.room * 100.0).round().clamp(1.0, 1e7) as u32,
            accel: k.accel,
            gain_ms: 500.0 / k.accel.max(0.05),
            brake_ms: 500.0 / k.decel.max(0.05),
            slow: if krauss { 0.5 * k.sigma * k.accel * dt } else { 0.0 },
            max_speed: k.max_speed,
            wave_ms: wave_s / k.room.max(0.1) * 1000.0,
            start_ms: (startup_s.clamp(0.0, 60.0) * 1000.0) as u32,
            user: k.user.0,
            headway: (0..STEPS).map(|n| (headway((n as f64 * STEP).max(0.5)) * 1000.0) as u32).collect(),
        }
    }

    /// Headway of vehicles that leave a queue at a speed, ms.
    #[inline]
    pub fn headway(&self, v: f64) -> u32 {
        self.headway[((v * (1.0 / STEP) + 0.5) as usize).min(STEPS - 1)]
    }

    /// Speed that one wants where that much is allowed.
    #[inline]
    pub fn wish(&self, limit: f64, factor: f64) -> f64 {
        ((limit * factor).min(self.max_speed) - self.slow).max(0.3)
    }

    /// Time to drive a way that is begun with a speed by one who wants another, ms, and the speed at its end.
    #[inline]
    pub fn drive(&self, way: f64, from: f64, wish: f64) -> (f64, f64) {
        if from >= wish {
            return (way / wish * 1000.0, wish);
        }
        let to_gain = (wish * wish - from * from) / (2.0 * self.accel);
        if to_gain <= way {
            let lost = (wish - from) * (wish - from) * self.gain_ms / wish;
            (way / wish * 1000.0 + lost, wish)
        } else {
            let end = (from * from + 2.0 * self.accel * way).sqrt();
            ((end - from) / self.accel * 1000.0, end)
        }
    }

    /// When and how fast one comes to the line who stood so many metres behind it in a queue that has been leaving since a time, ms;
    /// none if it comes there later than the wave that starts the queue, as it could be at the line only at `at`.
    #[inline]
    pub fn follows(&self, x: f64, since: u32, at: u32, wish: f64) -> Option<(u32, f64)> {
        let wave = f64::from(since) + x * self.wave_ms;
        if f64::from(at) - x / wish * 1000.0 >= wave {
            return None;
        }
        let (ms, speed) = self.drive(x, 0.0, wish);
        Some(((wave + ms) as u32, speed))
    }

    /// Speed at the line of one who wants `v` and was held up there for so many ms: first it brakes, so as to come later and moving.
    #[inline]
    pub fn held(&self, v: f64, ms: f64) -> f64 {
        (v - (ms * v / (self.gain_ms + self.brake_ms)).sqrt()).max(0.0)
    }
}
