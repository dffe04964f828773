//! How a run is to be computed. Every option has one place, here; files and flags are turned into it by others.

use qike_core::SimTime;
use serde::{Deserialize, Serialize};

/// Options of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Seed of all randomness.
    pub seed: u64,
    /// Threads of the pool; 0 = as many as the machine has. Results do not depend on it.
    pub threads: usize,
    /// The run begins at this time of day.
    pub begin: SimTime,
    /// The run ends here at the latest.
    pub end: SimTime,
    /// Step of the vehicles, ms.
    pub vehicle_step_ms: i64,
    /// Step of the walkers, ms.
    pub walker_step_ms: i64,
    /// Key frames of every agent are recorded at this distance, ms; 0 records none.
    pub track_interval_ms: i64,
    /// Link intervals, ms; 0 records none.
    pub link_interval_ms: i64,
    /// Share of drivers who look for a better route while they drive.
    pub informed_share: f64,
    /// Informed drivers look that often, ms; 0 = never.
    pub reroute_interval_ms: i64,
    /// Standard deviation of the drivers' share of the speed limit (mean 1).
    pub speed_deviation: f64,
    /// One who waits at a junction that long, s, no longer gives way to vehicles that stand themselves.
    pub patience_s: f64,
    /// A vehicle that has stood at the head of its lane that long, s, is taken out and put on the next link of its route
    /// where there is room. 0 = never.
    pub teleport_after_s: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            threads: 0,
            begin: SimTime::ZERO,
            end: SimTime::from_s(3600),
            vehicle_step_ms: 500,
            walker_step_ms: 100,
            track_interval_ms: 1000,
            link_interval_ms: 300_000,
            informed_share: 0.3,
            reroute_interval_ms: 300_000,
            speed_deviation: 0.08,
            patience_s: 8.0,
            teleport_after_s: 300.0,
        }
    }
}
