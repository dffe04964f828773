//! Vehicles, what they plan, and the lanes they are on.

use super::best::Best;
use crate::state::small;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;

/// Never.
pub const NEVER: i64 = i64::MAX;
/// No vehicle.
pub const NOBODY: u32 = u32::MAX;

/// What a vehicle wants of its lanes, and why: bits.
pub mod want {
    /// Stay.
    pub const STAY: u32 = 1;
    /// To the middle.
    pub const LEFT: u32 = 1 << 1;
    /// To the kerb.
    pub const RIGHT: u32 = 1 << 2;
    /// For the route.
    pub const STRATEGIC: u32 = 1 << 3;
    /// To help.
    pub const COOPERATIVE: u32 = 1 << 4;
    /// For speed.
    pub const SPEED: u32 = 1 << 5;
    /// To keep right.
    pub const KEEP_RIGHT: u32 = 1 << 6;
    /// Soon.
    pub const URGENT: u32 = 1 << 7;
    /// The leader there is too near.
    pub const BLOCKED_LEADER: u32 = 1 << 8;
    /// The follower there is too near.
    pub const BLOCKED_FOLLOWER: u32 = 1 << 9;
    /// Somebody is beside it.
    pub const OVERLAPPING: u32 = 1 << 10;
    /// It is in the way of one before it who wants in, by his word.
    pub const AM_BLOCKING_LEADER: u32 = 1 << 16;
    /// … of one behind it.
    pub const AM_BLOCKING_FOLLOWER: u32 = 1 << 17;
    /// Whom it is in the way of changes towards the middle.
    pub const OTHER_LEFT: u32 = 1 << 18;
    /// … towards the kerb.
    pub const OTHER_RIGHT: u32 = 1 << 19;
    /// What others have told it.
    pub const TOLD: u32 = 0xffff_0000;
    /// Any reason to change.
    pub const CHANGE: u32 = LEFT | RIGHT;
    /// Anything that keeps it from changing.
    pub const BLOCKED: u32 = BLOCKED_LEADER | BLOCKED_FOLLOWER | OVERLAPPING;
}

/// A vehicle on the road. What others look at comes first, then what each step needs, so that few lines of the cache hold it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(C, align(64))]
pub struct Car {
    /// Front bumper's distance from the lane's start, m.
    pub pos: f64,
    /// Speed, m/s.
    pub speed: f64,
    /// Acceleration of the last step, m/s².
    pub accel: f64,
    /// Own share of the speed limit.
    pub factor: f64,
    /// Standing since, ms.
    pub wait_ms: i64,
    /// Lane of the front bumper.
    pub lane: u32,
    /// Kind.
    pub kind: u32,
    /// Number among all vehicles of the run.
    pub id: u32,
    /// Its path: a place in [`super::world::World::paths`].
    pub path: u32,
    /// Place on its path of the edge it is on, or was on last.
    pub leg: u32,
    /// Place on its path of the edge from which on [`Self::best`] was worked out.
    pub best_leg: u32,
    /// It must wait at the next link.
    pub must_wait: bool,
    /// It stands at a stop.
    pub stopped: bool,
    /// It stands beside the lane.
    pub parked: bool,
    /// The lanes of its edge, and how well they lead on.
    #[serde(skip)]
    pub best: Arc<Best>,
    /// Lanes behind that it still reaches onto, the nearest first.
    #[serde(with = "small")]
    pub behind: SmallVec<[u32; 4]>,
    /// Distance to its next stop, m, as planned last.
    pub stop_dist: f64,
    /// Position on the last edge where it arrives, m.
    pub arrive_at: f64,
    /// Changing lanes.
    pub change: Change,
    /// What its journey's row adds up step by step.
    pub tally: Tally,
    /// Its next stop.
    pub stop: Option<Halt>,
    /// Speed with which it arrives, where that matters.
    pub arrive_v: Option<f64>,
    /// Since when it is on the junction; [`NEVER`] where it gave its claim up.
    pub entered_ms: i64,
    /// The same, never given up.
    pub entered_first_ms: i64,
    /// Since when it is where others may meet it.
    pub conflict_ms: i64,
    /// When it departed.
    pub departed_ms: i64,
}

/// Sums over a journey.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Lost against driving as fast as wished, s.
    pub loss_s: f64,
    /// Standing (but for stops), ms.
    pub waiting_ms: i64,
    /// Standing at stops, ms.
    pub stop_ms: i64,
    /// Times it came to a stand.
    pub waiting_count: u32,
}

/// A stop that is next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Halt {
    /// Place on the path of its edge.
    pub leg: u32,
    /// Lane.
    pub lane: u32,
    /// From, m.
    pub from: f64,
    /// To, m.
    pub to: f64,
    /// At least that long, ms.
    pub duration_ms: i64,
    /// Not before, ms.
    pub until_ms: i64,
    /// The bus stop, or [`NOBODY`].
    pub place: u32,
    /// The car park, or [`NOBODY`]: one waits before it until there is room.
    pub area: u32,
    /// It stands beside the lane.
    pub beside: bool,
    /// Time that is left when standing, ms.
    pub left_ms: i64,
}

/// What a vehicle remembers of its lane changing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Change {
    /// Bits of [`want`].
    pub state: u32,
    /// Inclination to change for speed: towards the middle above 0.
    pub speed_gain: f64,
    /// Inclination to keep right, below 0.
    pub keep_right: f64,
    /// Speed that decides how far it looks ahead.
    pub look_ahead: f64,
    /// Room it keeps for one who must change the other way, m.
    pub blocker: f64,
    /// Room up to the place where it must have changed, m.
    pub left_space: f64,
    /// Accelerations that others, or itself, advise.
    #[serde(with = "small")]
    pub advice: SmallVec<[f64; 2]>,
    /// It does not brake for them.
    pub no_braking: bool,
    /// It has changed in this step.
    pub changed: bool,
    /// Distance of its last step, m.
    pub last_step: f64,
}

/// What a vehicle plans for a link that is ahead of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Item {
    /// The link, or [`NOBODY`] where the way ends.
    pub link: u32,
    /// Speed if it may pass, m/s.
    pub pass: f64,
    /// Speed if it must wait before it, m/s.
    pub wait: f64,
    /// Distance to it, m.
    pub dist: f64,
    /// It would arrive then, ms.
    pub arrive_ms: i64,
    /// With that speed.
    pub arrive_v: f64,
    /// It would leave it with that speed.
    pub leave_v: f64,
    /// If it braked from now on, with that speed.
    pub brake_v: f64,
    /// Room beyond, m.
    pub space: f64,
    /// It asks to pass; where the way is not looked at any further, it will be free to.
    pub request: bool,
    /// Somebody stands beyond; where the way is not looked at any further, it will have to give way.
    pub stands: bool,
}

impl Item {
    /// The way ends.
    pub fn end(v: f64, dist: f64) -> Self {
        Self { link: NOBODY, pass: v, wait: v, dist, arrive_ms: 0, arrive_v: 0.0, leave_v: -1.0, brake_v: 0.0, space: 0.0, request: false, stands: false }
    }

    /// The next link is too far away to be looked at: whether it `goes_first` there, or `gives_way`.
    pub fn far(v: f64, dist: f64, goes_first: bool, gives_way: bool) -> Self {
        Self { request: goes_first, stands: gives_way, ..Self::end(v, dist) }
    }

    /// Lowers the speed with which it leaves.
    #[inline]
    pub fn leave_at_most(&mut self, v: f64) {
        self.leave_v = if self.leave_v < 0.0 { v } else { self.leave_v.min(v) };
    }

    /// With what speed it leaves.
    #[inline]
    pub fn leave(&self) -> f64 {
        if self.leave_v < 0.0 { self.pass } else { self.leave_v }
    }
}

/// All that a vehicle plans.
pub type Items = Vec<Item>;

/// One who comes to a link, as others see it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Approach {
    /// Who.
    pub car: u32,
    /// Asks to pass.
    pub request: bool,
    /// Arrives, ms.
    pub arrive_ms: i64,
    /// Has left, ms.
    pub leave_ms: i64,
    /// Leaves with that speed, m/s.
    pub leave_v: f64,
    /// Arrives with that speed if it brakes from now on, m/s.
    pub brake_v: f64,
    /// Distance, m.
    pub dist: f64,
    /// Waiting for, ms.
    pub wait_ms: i64,
    /// Speed now.
    pub speed: f64,
}

/// Who is on a lane.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OnLane {
    /// Vehicles whose front is on it, the last in the queue first.
    pub cars: Vec<u32>,
    /// Vehicles that reach back onto it.
    pub partial: Vec<u32>,
}
