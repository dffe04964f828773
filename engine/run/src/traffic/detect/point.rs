//! Loops: at one point of a lane.

use super::riders::{Event, Ride, Why};
use qike_network::traffic::{LoopFigures, Passage, PassageState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One who was on it.
#[derive(Serialize, Deserialize)]
struct Passed {
    from_s: f64,
    to_s: f64,
    length_m: f64,
    /// It left the lane before its rear had passed.
    early: bool,
}

/// A loop.
#[derive(Serialize, Deserialize)]
pub(super) struct Point {
    at_m: f64,
    /// It tells of each vehicle.
    pub instant: bool,
    /// Who is on it, since when, s.
    on: BTreeMap<u32, f64>,
    passed: Vec<Passed>,
    entered: u64,
    /// When the last one left, s.
    last_left_s: Option<f64>,
}

/// Shorter times on a loop count as that, s.
const SHORTEST_S: f64 = 1e-3;

impl Point {
    pub fn new(at_m: f64, instant: bool) -> Self {
        Self { at_m, instant, on: BTreeMap::new(), passed: Vec::new(), entered: 0, last_left_s: None }
    }

    /// Takes note of a vehicle; tells whether it wants to hear more of it.
    pub fn notice(&mut self, event: Event, ride: &Ride, told: &mut Vec<(u32, Passage)>) -> bool {
        match event {
            Event::Comes(Why::Drove) => true,
            Event::Comes(_) => {
                if ride.to - ride.length >= self.at_m {
                    return false;
                }
                if ride.to >= self.at_m && !self.instant {
                    self.on.insert(ride.vehicle, ride.time_s());
                    self.entered += 1;
                }
                true
            }
            Event::Moves => self.moves(ride, told),
            Event::Goes(_) => {
                if let Some(from_s) = self.on.remove(&ride.vehicle) {
                    if self.instant {
                        told.push(self.passage(ride, PassageState::Leave, ride.time_s(), None));
                    } else {
                        self.passed.push(Passed { from_s, to_s: ride.time_s() + ride.step_s(), length_m: ride.length, early: true });
                    }
                }
                false
            }
        }
    }

    fn passage(&self, ride: &Ride, state: PassageState, time_s: f64, since_s: Option<f64>) -> (u32, Passage) {
        (ride.detector, Passage { state, time_s, vehicle: ride.vehicle, kind: ride.kind, speed_mps: ride.speed, length_m: ride.length, since_s })
    }

    fn moves(&mut self, ride: &Ride, told: &mut Vec<(u32, Passage)>) -> bool {
        if ride.to < self.at_m {
            return true;
        }
        // Times of loops are those of the step's begin on; those of single passages end with the step.
        let step = if self.instant { ride.time_s() - ride.step_s() } else { ride.time_s() };
        if ride.from < self.at_m {
            let at = step + ride.passing(ride.from, self.at_m);
            if self.instant {
                told.push(self.passage(ride, PassageState::Enter, at, self.last_left_s.map(|left| at - left)));
            }
            self.on.insert(ride.vehicle, at);
            self.entered += 1;
        }
        let (old_rear, rear) = (ride.from - ride.length, ride.to - ride.length);
        if rear <= self.at_m {
            if self.instant {
                told.push(self.passage(ride, PassageState::Stay, ride.time_s(), None));
            }
            return true;
        }
        if let Some(from_s) = self.on.remove(&ride.vehicle) {
            let to_s = step + ride.passing(old_rear, self.at_m);
            if self.instant {
                told.push(self.passage(ride, PassageState::Leave, to_s, Some(to_s - from_s)));
                self.last_left_s = Some(to_s);
            } else if old_rear <= self.at_m {
                self.passed.push(Passed { from_s, to_s, length_m: ride.length, early: false });
            }
        }
        false
    }

    /// Ends an interval.
    pub fn take(&mut self, begin_ms: i64, end_ms: i64) -> LoopFigures {
        let (begin, end) = (begin_ms as f64 / 1000.0, end_ms as f64 / 1000.0);
        let seconds = (end - begin).max(1e-3);
        let mut figures = LoopFigures { entered: std::mem::take(&mut self.entered), ..LoopFigures::default() };
        let (mut busy, mut speeds, mut slowness, mut lengths) = (0.0, 0.0, 0.0, 0.0);
        for one in self.passed.drain(..) {
            busy += (one.to_s - one.from_s.max(begin)).min(seconds);
            if !one.early {
                let speed = one.length_m / (one.to_s - one.from_s).max(SHORTEST_S);
                (speeds, slowness, lengths) = (speeds + speed, slowness + 1.0 / speed, lengths + one.length_m);
                figures.passed += 1;
            }
        }
        busy += self.on.values().map(|from| end - from.max(begin)).sum::<f64>();
        figures.occupancy_percent = busy * 100.0 / seconds;
        figures.flow_per_h = figures.passed as f64 / seconds * 3600.0;
        if figures.passed > 0 {
            let n = figures.passed as f64;
            (figures.speed_mps, figures.harmonic_speed_mps, figures.length_m) = (Some(speeds / n), Some(n / slowness), Some(lengths / n));
        }
        figures
    }
}
