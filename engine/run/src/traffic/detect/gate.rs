//! Detectors of entries and exits: how long it takes to get through an area.

use super::Shown;
use super::riders::{Event, Ride, Why};
use qike_network::traffic::{CrossingFigures, Halting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One who is inside, or has left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Visit {
    entered_s: f64,
    front_left_s: f64,
    rear_left_s: f64,
    /// Speeds times seconds: since it came, and in this interval.
    way: f64,
    interval_way: f64,
    /// Since when it halts, ms.
    halts_since_ms: Option<i64>,
    halts: u64,
    interval_halts: u64,
    /// Seconds lost when it came, and when the interval began; of one who has left: inside.
    loss_s: f64,
    interval_loss_s: f64,
    /// By which entry.
    entry: u32,
}

/// A detector of entries and exits.
#[derive(Serialize, Deserialize)]
pub(super) struct Gate {
    /// Positions of entries, then of exits, on their lanes.
    entries: Vec<f64>,
    exits: Vec<f64>,
    halting: Halting,
    inside: BTreeMap<u32, Visit>,
    left: Vec<Visit>,
    since_s: f64,
}

impl Gate {
    pub fn new(entries: Vec<f64>, exits: Vec<f64>, halting: Halting) -> Self {
        Self { entries, exits, halting, inside: BTreeMap::new(), left: Vec::new(), since_s: f64::NEG_INFINITY }
    }

    /// Takes note of a vehicle; tells whether it wants to hear more of it.
    pub fn notice(&mut self, event: Event, ride: &Ride) -> bool {
        let part = ride.part as usize;
        match self.entries.get(part).copied() {
            Some(at) => self.at_entry(event, ride, at),
            None => self.exits.get(part - self.entries.len()).copied().is_some_and(|at| self.at_exit(event, ride, at)),
        }
    }

    fn at_entry(&mut self, event: Event, ride: &Ride, at: f64) -> bool {
        match event {
            Event::Comes(Why::Drove) => true,
            // Who changes lanes within the area was counted on the other lane.
            Event::Comes(_) => ride.to <= at || self.inside.get(&ride.vehicle).is_some_and(|v| v.entry == ride.part),
            Event::Moves => {
                if ride.to > at && !self.inside.contains_key(&ride.vehicle) {
                    if ride.from > at {
                        return false;
                    }
                    self.enter(ride, at);
                }
                true
            }
            Event::Goes(Why::Arrived) => {
                self.inside.remove(&ride.vehicle);
                false
            }
            Event::Goes(_) => true,
        }
    }

    fn enter(&mut self, ride: &Ride, at: f64) {
        let share = ride.step_s() - ride.passing(ride.from, at);
        let entered_s = ride.time_s() - share;
        let slow = ride.speed < self.halting.speed_mps;
        let halts = u64::from(slow && share * 1000.0 > self.halting.time_ms as f64);
        let way = ride.speed * share;
        let visit = Visit {
            entered_s,
            front_left_s: 0.0,
            rear_left_s: 0.0,
            way,
            interval_way: if entered_s >= self.since_s { way } else { 0.0 },
            halts_since_ms: slow.then_some((entered_s * 1000.0).round() as i64),
            halts,
            interval_halts: halts,
            loss_s: ride.loss_s,
            interval_loss_s: ride.loss_s,
            entry: ride.part,
        };
        self.inside.insert(ride.vehicle, visit);
    }

    fn at_exit(&mut self, event: Event, ride: &Ride, at: f64) -> bool {
        match event {
            Event::Comes(Why::Drove) => true,
            Event::Comes(_) => ride.to - ride.length <= at,
            Event::Moves => {
                if ride.to < at {
                    return true;
                }
                let step_began = ride.time_s() - ride.step_s();
                if ride.from < at
                    && let Some(visit) = self.inside.get_mut(&ride.vehicle)
                {
                    visit.front_left_s = step_began + ride.passing(ride.from, at);
                }
                let rear = ride.to - ride.length;
                if rear < at {
                    return true;
                }
                if let Some(mut visit) = self.inside.remove(&ride.vehicle) {
                    let before = ride.passing(ride.from - ride.length, at);
                    visit.rear_left_s = step_began + before;
                    visit.way -= ride.speed * (ride.step_s() - before);
                    visit.loss_s = ride.loss_s - visit.loss_s;
                    self.left.push(visit);
                }
                false
            }
            Event::Goes(Why::Arrived) => {
                self.inside.remove(&ride.vehicle);
                false
            }
            // To another lane of the same edge, where it is followed; or it stands beside the road and comes back.
            Event::Goes(_) => false,
        }
    }

    /// The step is done; `speed`: of a vehicle.
    pub fn update(&mut self, shown: &Shown<'_>, speed: &dyn Fn(u32) -> f64) {
        let step_s = shown.step_ms as f64 / 1000.0;
        for (vehicle, visit) in &mut self.inside {
            let v = speed(*vehicle);
            visit.way += v * step_s;
            visit.interval_way += v * step_s;
            if v >= self.halting.speed_mps {
                visit.halts_since_ms = None;
                continue;
            }
            let since = *visit.halts_since_ms.get_or_insert(shown.time_ms);
            let long = shown.time_ms - since;
            if long >= self.halting.time_ms && long < self.halting.time_ms + shown.step_ms {
                visit.halts += 1;
                visit.interval_halts += 1;
            }
        }
    }

    /// Ends an interval.
    pub fn take(&mut self, begin_ms: i64, end_ms: i64, loss_s: &dyn Fn(u32) -> f64) -> CrossingFigures {
        let (begin, end) = (begin_ms as f64 / 1000.0, end_ms as f64 / 1000.0);
        let left = std::mem::take(&mut self.left);
        let mean = |n: usize, of: &mut dyn Iterator<Item = f64>| (n > 0).then(|| of.sum::<f64>() / n as f64);
        let n = left.len();
        let mut figures = CrossingFigures {
            passed: n as u64,
            travel_time_s: mean(n, &mut left.iter().map(|v| v.front_left_s - v.entered_s)),
            overlap_travel_time_s: mean(n, &mut left.iter().map(|v| v.rear_left_s - v.entered_s)),
            speed_mps: mean(n, &mut left.iter().map(|v| v.way / (v.rear_left_s - v.entered_s).max(1e-9))),
            halts: mean(n, &mut left.iter().map(|v| v.halts as f64)),
            loss_s: mean(n, &mut left.iter().map(|v| v.loss_s)),
            within: self.inside.len() as u64,
            ..CrossingFigures::default()
        };
        let n = self.inside.len();
        let so_far = |v: &Visit| end - v.entered_s;
        let in_interval = |v: &Visit| (end - v.entered_s).min(end - begin);
        let inside = || self.inside.values();
        figures.speed_within_mps = mean(n, &mut inside().map(|v| if v.way > 0.0 { v.way / so_far(v).max(1e-9) } else { 0.0 }));
        figures.halts_within = mean(n, &mut inside().map(|v| v.halts as f64));
        figures.duration_within_s = mean(n, &mut inside().map(so_far));
        figures.interval_speed_within_mps = mean(n, &mut inside().map(|v| if v.interval_way > 0.0 { v.interval_way / in_interval(v).max(1e-9) } else { 0.0 }));
        figures.interval_halts_within = mean(n, &mut inside().map(|v| v.interval_halts as f64));
        figures.interval_duration_within_s = mean(n, &mut inside().map(in_interval));
        figures.loss_within_s = mean(n, &mut self.inside.iter().map(|(vehicle, v)| loss_s(*vehicle) - v.interval_loss_s));
        for (vehicle, visit) in &mut self.inside {
            (visit.interval_way, visit.interval_halts, visit.interval_loss_s) = (0.0, 0, loss_s(*vehicle));
        }
        self.since_s = end;
        figures
    }
}
