//! Sums over trips, and figures of the moment.

use super::{Counts, OnRoad, STANDS_MPS, TrafficModel, TripRow};
use crate::summary::Cost;
use serde::{Deserialize, Serialize};
use qike_record::{RunInfo, Summary, VehicleCounts};

/// Vehicles whose time to depart has come, whether they could or not.
pub fn due(counts: &Counts) -> u64 {
    counts.inserted + counts.waiting + counts.discarded
}

/// Trips so far, and who is on the road now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Trips that arrived.
    pub arrived: u64,
    /// Seconds from departure to arrival of those.
    pub duration_s: f64,
    /// Seconds that they lost.
    pub loss_s: f64,
    /// Seconds that they stood.
    pub waiting_s: f64,
    /// Their way, m.
    pub length_m: f64,
    /// Departures so far, and seconds between wish and departure of all of them.
    pub departed: u64,
    /// Of all that departed, s.
    pub delay_s: f64,
    /// Vehicles on the road now.
    pub on_road: u64,
    /// Of those, slower than 0.1 m/s.
    pub halting: u64,
    /// Of those, faster.
    pub moving: u64,
    /// Of those, at a stop.
    pub at_stops: u64,
    /// Sum of their speeds, m/s.
    pub speed_mps: f64,
    /// Sum of their speeds over the limits of their lanes.
    pub relative_speed: f64,
    /// Whether each has departed, by number.
    seen: Vec<bool>,
}

impl Totals {
    /// One has arrived.
    pub(crate) fn ended(&mut self, row: &TripRow) {
        self.departure(row.vehicle, row.depart_delay_ms);
        self.arrived += 1;
        self.duration_s += row.duration_ms as f64 / 1000.0;
        self.loss_s += row.loss_s;
        self.waiting_s += row.waiting_ms as f64 / 1000.0;
        self.length_m += row.length_m;
    }

    /// One departed that much later than it wanted.
    pub(crate) fn departure(&mut self, vehicle: u32, delay_ms: i64) {
        let n = vehicle as usize;
        if self.seen.len() <= n {
            self.seen.resize(n + 1, false);
        }
        if !std::mem::replace(&mut self.seen[n], true) {
            self.departed += 1;
            self.delay_s += delay_ms as f64 / 1000.0;
        }
    }

    /// A step was done; `limits`: of lanes, m/s.
    pub(crate) fn step(&mut self, model: &dyn TrafficModel, everybody: &[OnRoad], limits: &[f64]) {
        (self.on_road, self.halting, self.moving, self.at_stops) = (0, 0, 0, 0);
        (self.speed_mps, self.relative_speed) = (0.0, 0.0);
        for on in everybody {
            let v = on.way.speed_mps;
            self.on_road += 1;
            self.halting += u64::from(v < STANDS_MPS);
            self.moving += u64::from(v >= STANDS_MPS);
            self.at_stops += u64::from(on.stopped);
            self.speed_mps += v;
            self.relative_speed += v / limits[on.way.lane as usize].max(1e-3);
            if !self.seen.get(on.way.vehicle as usize).copied().unwrap_or(false)
                && let Some(who) = model.traveller(on.way.vehicle)
            {
                self.departure(on.way.vehicle, who.depart_delay_ms);
            }
        }
    }

    /// The summary's part that is known here.
    pub(crate) fn summary(&self, counts: &Counts, running: u64, cost: &Cost, run: RunInfo) -> Summary {
        let (wall_s, cpu_s) = cost.end();
        let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
        Summary {
            wall_s,
            cpu_s,
            vehicles: VehicleCounts { loaded: due(counts), inserted: counts.inserted, arrived: counts.arrived, running, teleported: counts.teleported, discarded: counts.discarded },
            mean_duration_s: mean(self.duration_s, self.arrived),
            mean_time_loss_s: mean(self.loss_s, self.arrived),
            mean_waiting_s: mean(self.waiting_s, self.arrived),
            mean_depart_delay_s: mean(self.delay_s, self.departed),
            mean_route_length_m: mean(self.length_m, self.arrived),
            mean_speed_mps: (self.duration_s > 0.0).then(|| self.length_m / self.duration_s),
            run,
            ..Summary::default()
        }
    }
}
