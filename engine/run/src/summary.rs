//! The key figures of a finished simulation.

use crate::city::Base;
use crate::tally::Sums;
use qike_record::{Places, RunInfo, Summary, VehicleCounts, WalkerCounts};
use qike_scene::Scenario;
use qike_sim::Statistics;
use std::time::{Duration, Instant};

/// The models that a run uses, joined by `+`.
const MODEL: &str = "idm-lanes+csm-walkers";

/// What was measured of the computation.
pub(crate) struct Cost {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Cost {
    pub(crate) fn begin() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    /// Seconds on the wall clock, and processor seconds of all threads (the former where the system does not tell).
    pub(crate) fn end(&self) -> (f64, f64) {
        let wall = self.wall.elapsed().as_secs_f64();
        let cpu = self.cpu.zip(cpu_time()).map(|(begin, end)| end.saturating_sub(begin).as_secs_f64());
        (wall, cpu.unwrap_or(wall))
    }
}

/// Processor time of this process. Linux says it in hundredths of a second, the 14th and 15th field of its `stat`, which are
/// counted after the closing bracket of the program's name.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Hash of the ids of all places: equal for runs on the same network.
pub(crate) fn network_hash(places: &Places) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&places.first_area.to_le_bytes());
    for id in &places.ids {
        hasher.update(id.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// What of the run is already known before it begins.
pub(crate) fn info(base: &Base, scenario: &Scenario, places: &Places) -> RunInfo {
    RunInfo {
        scenario: scenario.name.clone(),
        title_en: scenario.title.en.clone(),
        title_zh: scenario.title.zh.clone(),
        store: scenario.base.store.clone(),
        store_hash: base.content_hash.clone(),
        crs: base.scene.crs().definition().to_owned(),
        start_s: scenario.time.start.as_s(),
        network_hash: network_hash(places),
        link_interval_s: scenario.output.links,
        track_interval_s: scenario.output.tracks,
        recorded_from_s: None,
    }
}

/// The summary of a run that reached its end.
#[allow(clippy::too_many_arguments)] // Each is a column of its own in the summary, and there is one caller.
pub(crate) fn summary(run: RunInfo, seed: u64, threads: u32, sim_seconds: f64, cost: &Cost, hash: u64, statistics: &Statistics, sums: [Sums; 2]) -> Summary {
    let [cars, people] = sums;
    let (wall_s, cpu_s) = cost.end();
    let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
    let counts = &statistics.vehicles;
    Summary {
        model: MODEL.to_owned(),
        seed,
        threads,
        sim_seconds,
        wall_s,
        cpu_s,
        vehicle_updates: statistics.vehicle_updates,
        vehicles: VehicleCounts {
            loaded: counts.loaded,
            inserted: counts.inserted,
            arrived: counts.arrived,
            running: counts.running,
            teleported: counts.teleported,
            discarded: 0,
        },
        mean_duration_s: mean(cars.duration_s, cars.arrived),
        mean_time_loss_s: mean(cars.time_loss_s, cars.arrived),
        mean_waiting_s: mean(cars.waiting_s, cars.arrived),
        mean_depart_delay_s: mean(cars.depart_delay_s, cars.departed),
        mean_route_length_m: mean(cars.route_length_m, cars.arrived),
        mean_speed_mps: (cars.duration_s > 0.0).then(|| cars.route_length_m / cars.duration_s),
        walkers: WalkerCounts {
            loaded: statistics.walkers.loaded,
            arrived: statistics.walkers.arrived,
            running: statistics.walkers.running,
            mean_duration_s: mean(people.duration_s, people.arrived),
        },
        state_hash: format!("{hash:016x}"),
        run,
    }
}
