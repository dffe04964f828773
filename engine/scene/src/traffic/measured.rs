//! What is measured at detectors and on edges over an interval: plain figures, for those who measure and those who write them.

use serde::{Deserialize, Serialize};

/// Sums of one edge or lane. They only grow; what an interval adds is a difference ([`EdgeSums::since`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeSums {
    /// Vehicle-seconds with any part on it.
    pub sampled_s: f64,
    /// Way of those in that time, m.
    pub travelled_m: f64,
    /// Vehicle-seconds with the front on it.
    pub front_s: f64,
    /// Way of fronts on it, m.
    pub front_m: f64,
    /// Vehicle-seconds at a stand with any part on it.
    pub waiting_s: f64,
    /// Vehicle-seconds at a stand with the front on it.
    pub front_waiting_s: f64,
    /// Lost against driving as fast as wished, s.
    pub loss_s: f64,
    /// Length of lane that is covered, m·s.
    pub covered_ms: f64,
    /// Lengths of vehicles over the time they were on it, m·s.
    pub length_ms: f64,
    /// Began their journey.
    pub departed: u64,
    /// Ended it.
    pub arrived: u64,
    /// Came from another edge.
    pub entered: u64,
    /// Went to another edge.
    pub left: u64,
    /// Changed to another of its lanes.
    pub changed: u64,
}

impl EdgeSums {
    /// What was added since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            sampled_s: self.sampled_s - before.sampled_s,
            travelled_m: self.travelled_m - before.travelled_m,
            front_s: self.front_s - before.front_s,
            front_m: self.front_m - before.front_m,
            waiting_s: self.waiting_s - before.waiting_s,
            front_waiting_s: self.front_waiting_s - before.front_waiting_s,
            loss_s: self.loss_s - before.loss_s,
            covered_ms: self.covered_ms - before.covered_ms,
            length_ms: self.length_ms - before.length_ms,
            departed: self.departed - before.departed,
            arrived: self.arrived - before.arrived,
            entered: self.entered - before.entered,
            left: self.left - before.left,
            changed: self.changed - before.changed,
        }
    }
}

/// What a loop measures in an interval. Means are `None` where nobody passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopFigures {
    /// Vehicles that passed it wholly.
    pub passed: u64,
    /// Vehicles whose front came onto it.
    pub entered: u64,
    /// Those that passed, an hour.
    pub flow_per_h: f64,
    /// Share of the time that somebody was on it, %.
    pub occupancy_percent: f64,
    /// Mean of their speeds, m/s.
    pub speed_mps: Option<f64>,
    /// Harmonic mean of their speeds, m/s.
    pub harmonic_speed_mps: Option<f64>,
    /// Mean of their lengths, m.
    pub length_m: Option<f64>,
}

/// What an area detector measures in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AreaFigures {
    /// Vehicle-seconds on it.
    pub sampled_s: f64,
    /// Came onto it.
    pub entered: u64,
    /// Left it.
    pub left: u64,
    /// Were on it at any time.
    pub seen: u64,
    /// Mean speed over vehicle-seconds, m/s.
    pub speed_mps: Option<f64>,
    /// Seconds that each of those seen lost in the mean.
    pub loss_s: Option<f64>,
    /// Covered share of its length, %: mean.
    pub occupancy_percent: f64,
    /// … and greatest.
    pub occupancy_max_percent: f64,
    /// Longest queue of a step, vehicles: mean.
    pub queue_vehicles: f64,
    /// … in metres.
    pub queue_m: f64,
    /// … greatest, vehicles.
    pub queue_max_vehicles: u64,
    /// … greatest, m.
    pub queue_max_m: f64,
    /// All queues of all steps, vehicles.
    pub queue_sum_vehicles: u64,
    /// … in metres.
    pub queue_sum_m: f64,
    /// Halts: how long they took, whenever they began.
    pub halts: Halts,
    /// … their part in this interval.
    pub halts_within: Halts,
    /// Halts that began.
    pub halts_begun: u64,
    /// Vehicles on it: mean.
    pub vehicles: f64,
    /// … greatest number.
    pub vehicles_max: u64,
}

/// Durations of halts, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halts {
    /// How many.
    pub count: u64,
    /// All together.
    pub sum_ms: i64,
    /// The longest.
    pub max_ms: i64,
}

impl Halts {
    /// One more.
    pub fn add(&mut self, ms: i64) {
        self.count += 1;
        self.sum_ms += ms;
        self.max_ms = self.max_ms.max(ms);
    }

    /// Their mean in whole milliseconds; 0 without any.
    pub fn mean_ms(&self) -> i64 {
        if self.count == 0 { 0 } else { self.sum_ms / self.count as i64 }
    }
}

/// What a detector of entries and exits measures in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CrossingFigures {
    /// Vehicles that went through and left.
    pub passed: u64,
    /// From the front's entry to the front's exit, s: mean of those.
    pub travel_time_s: Option<f64>,
    /// … to the rear's exit.
    pub overlap_travel_time_s: Option<f64>,
    /// Mean of their mean speeds, m/s.
    pub speed_mps: Option<f64>,
    /// Halts of each.
    pub halts: Option<f64>,
    /// Seconds each lost.
    pub loss_s: Option<f64>,
    /// Vehicles inside at the interval's end.
    pub within: u64,
    /// Mean of their mean speeds so far, m/s.
    pub speed_within_mps: Option<f64>,
    /// Halts of each so far.
    pub halts_within: Option<f64>,
    /// How long they have been inside, s.
    pub duration_within_s: Option<f64>,
    /// Mean of their mean speeds in the interval, m/s.
    pub interval_speed_within_mps: Option<f64>,
    /// Halts of each in the interval.
    pub interval_halts_within: Option<f64>,
    /// How long they were inside in the interval, s.
    pub interval_duration_within_s: Option<f64>,
    /// Seconds each lost in the interval.
    pub loss_within_s: Option<f64>,
}

/// What a detector measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Figures {
    /// A loop.
    Loop(LoopFigures),
    /// A stretch of lanes.
    Area(AreaFigures),
    /// Entries and exits.
    EntryExit(CrossingFigures),
}

/// What a vehicle does at a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PassageState {
    /// Its front comes.
    Enter,
    /// It is on it at the end of a step.
    Stay,
    /// Its rear goes, or it leaves the lane.
    Leave,
}

/// A vehicle at a loop that tells of each one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// What it does.
    pub state: PassageState,
    /// When, s.
    pub time_s: f64,
    /// Its number.
    pub vehicle: u32,
    /// Its kind.
    pub kind: u32,
    /// Its speed, m/s.
    pub speed_mps: f64,
    /// Its length, m.
    pub length_m: f64,
    /// Of one who comes: seconds since the last one left. Of one who passed: seconds it was there.
    pub since_s: Option<f64>,
}
