//! What was seen of traffic, by another simulator or on the street, becomes a recording like any run's.
//!
//! Links are the edges of the map that it is laid over, by their ids; a trip's demand is its kind of vehicle. Where the map is that of a
//! scenario whose vehicles were numbered first ([`number`]), a replay and a run of it are compared traveller by traveller.

mod counts;
mod deeds;
mod fixes;
mod frames;
mod sorted;

pub use counts::{MODEL_COUNTS, replay_counts};
pub use deeds::replay_deeds;
pub use fixes::replay_fixes;
pub use frames::replay_frames;
pub use qike_network::matching::MatchOptions;

use crate::RunError;
use crate::summary::{Cost, network_hash};
use crate::traffic::rows::crs;
use qike_core::{Diagnostic, SimTime};
use qike_network::streets::Streets;
use qike_record::{AgentKind, Header, Places, RunInfo, RunWriter, Summary, Trip, TripStatus};
use qike_scene::traffic::{Release, RoadUsers, TrafficScenario, Travellers};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// How to record.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The run directory.
    pub out: PathBuf,
    /// The sources, for the recording.
    pub sources: Vec<String>,
    /// Between two key frames, ms; none: as the source has them, or 1 s; 0: no tracks.
    pub track_interval_ms: Option<i64>,
    /// Of a link interval, ms.
    pub link_interval_ms: i64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayReport {
    /// The run directory.
    pub out: PathBuf,
    /// The key figures.
    pub summary: Summary,
    /// Moments, acts, fixes or counts that were taken up.
    pub taken: u64,
    /// What was wrong.
    pub findings: Vec<Diagnostic>,
}

/// The map that everything is laid over.
pub struct Ground {
    /// Streets, for who is on which lane.
    pub streets: Arc<Streets>,
    /// CRS of tracks, and what is to be added to the map's coordinates.
    crs: String,
    offset: [f64; 2],
    name: String,
    /// Links of counts without a map.
    links: Vec<String>,
}

impl Ground {
    /// Of a scenario; an empty map is no ground: everything then is recorded without links.
    ///
    /// # Errors
    /// A map that cannot be laid out.
    pub fn new(scenario: &TrafficScenario) -> Result<(Self, Vec<Diagnostic>), RunError> {
        let (crs, offset) = crs(scenario);
        if scenario.map.edges.is_empty() {
            return Ok((Self { streets: Arc::default(), crs, offset, name: scenario.name.clone(), links: Vec::new() }, Vec::new()));
        }
        let (streets, findings) = Streets::from_map(&scenario.map).map_err(|message| RunError::Traffic { scenario: scenario.name.clone(), message })?;
        Ok((Self { streets: Arc::new(streets), crs, offset, name: scenario.name.clone(), links: Vec::new() }, findings))
    }

    /// Without a map, the links that counts are about.
    #[must_use]
    pub fn with_links(self, links: Vec<String>) -> Self {
        Self { links, ..self }
    }

    fn places(&self) -> Places {
        Places::new(self.streets.edges.iter().map(|e| e.id.clone()).chain(self.links.iter().cloned()), [])
    }
}

/// Gives the single vehicles of a scenario the numbers that they have in a run of it.
pub fn number(scenario: &TrafficScenario, travellers: &mut Travellers) {
    for kind in &scenario.demand.kinds {
        travellers.kind(&kind.id, Some(kind.user));
    }
    let begin = scenario.settings.begin_ms;
    let departs = |release: &Release| matches!(release, Release::At(ms) if *ms >= begin);
    for (id, ..) in scenario.demand.vehicles.iter().filter(|(_, release, _)| departs(release)) {
        travellers.agent(id);
    }
}

/// A recording being made, and its sums.
struct Writing {
    writer: RunWriter,
    demands: usize,
    cost: Cost,
    info: RunInfo,
    model: &'static str,
    begin_ms: i64,
    loaded: u64,
    running: u64,
    arrived: u64,
    teleported: u64,
    walkers: [u64; 3],
    sums: [f64; 5],
    departed: u64,
    walked_s: f64,
    kinds: Vec<AgentKind>,
}

impl Writing {
    fn begin(ground: &Ground, options: &ReplayOptions, model: &'static str, begin_ms: i64, track_interval_ms: i64) -> Result<Self, RunError> {
        let places = ground.places();
        let info = RunInfo {
            scenario: ground.name.clone(),
            crs: ground.crs.clone(),
            start_s: begin_ms as f64 / 1000.0,
            network_hash: network_hash(&places),
            link_interval_s: options.link_interval_ms as f64 / 1000.0,
            track_interval_s: track_interval_ms.max(0) as f64 / 1000.0,
            ..RunInfo::default()
        };
        let writer = RunWriter::create(&options.out, Header::new(places, Vec::new(), resolved(options, model)))?;
        let cost = Cost::begin();
        Ok(Self { writer, demands: 0, cost, info, model, begin_ms, loaded: 0, running: 0, arrived: 0, teleported: 0, walkers: [0; 3], sums: [0.0; 5], departed: 0, walked_s: 0.0, kinds: Vec::new() })
    }

    /// Kinds that came up since the last call become demands.
    fn demands(&mut self, travellers: &Travellers) {
        for (name, users) in travellers.kinds.iter().skip(self.demands) {
            self.writer.add_demand(name.clone());
            self.kinds.push(agent_kind(*users));
        }
        self.demands = travellers.kinds.len();
    }

    /// What a kind is in recordings.
    fn kind(&self, kind: u32) -> AgentKind {
        self.kinds.get(kind as usize).copied().unwrap_or(AgentKind::Car)
    }

    fn trip(&mut self, trip: &Trip) -> Result<(), RunError> {
        use qike_record::Recorder;
        let arrived = trip.status == TripStatus::Arrived;
        if trip.kind.is_vehicle() {
            self.loaded += 1;
            self.teleported += u64::from(trip.teleports);
            if let Some(departed) = trip.departed {
                self.departed += 1;
                self.sums[4] += (departed - trip.planned).as_s();
            }
            if arrived {
                self.arrived += 1;
                for (sum, value) in self.sums.iter_mut().zip([trip.duration_s().unwrap_or(0.0), trip.time_loss_s, trip.waiting_s, trip.route_length_m]) {
                    *sum += value;
                }
            } else if trip.departed.is_some() {
                self.running += 1;
            }
        } else {
            self.walkers[0] += 1;
            self.walkers[if arrived { 1 } else { 2 }] += 1;
            self.walked_s += trip.duration_s().unwrap_or(0.0);
        }
        self.writer.trip(trip)?;
        Ok(())
    }

    /// Closes it.
    fn finish(mut self, end_ms: i64, hash: u64) -> Result<Summary, RunError> {
        use qike_record::{Recorder, VehicleCounts, WalkerCounts};
        self.writer.hash(SimTime(end_ms), hash)?;
        let (wall_s, cpu_s) = self.cost.end();
        let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
        let [duration, loss, waiting, length, delay] = self.sums;
        let summary = Summary {
            model: self.model.to_owned(),
            threads: 1,
            sim_seconds: (end_ms - self.begin_ms).max(0) as f64 / 1000.0,
            wall_s,
            cpu_s,
            vehicles: VehicleCounts { loaded: self.loaded, inserted: self.departed, arrived: self.arrived, running: self.running, teleported: self.teleported, discarded: 0 },
            mean_duration_s: mean(duration, self.arrived),
            mean_time_loss_s: mean(loss, self.arrived),
            mean_waiting_s: mean(waiting, self.arrived),
            mean_depart_delay_s: mean(delay, self.departed),
            mean_route_length_m: mean(length, self.arrived),
            mean_speed_mps: (duration > 0.0).then(|| length / duration),
            walkers: WalkerCounts { loaded: self.walkers[0], arrived: self.walkers[1], running: self.walkers[2], mean_duration_s: mean(self.walked_s, self.walkers[1]) },
            state_hash: format!("{hash:016x}"),
            run: self.info,
            ..Summary::default()
        };
        self.writer.finish(&summary)?;
        Ok(summary)
    }
}

/// There is nothing to record.
fn nothing(options: &ReplayOptions, message: &str) -> RunError {
    RunError::Traffic { scenario: options.sources.join(", "), message: message.to_owned() }
}

/// What kind of agent a kind is in recordings.
fn agent_kind(users: RoadUsers) -> AgentKind {
    if users == RoadUsers::PEDESTRIAN { AgentKind::Walker } else { crate::traffic::rows::agent_kind(users) }
}

/// What was replayed, as a text beside the recording.
fn resolved(options: &ReplayOptions, model: &str) -> String {
    #[derive(Serialize)]
    struct Resolved<'a> {
        model: &'a str,
        sources: &'a [String],
    }
    format!("# A replay; `qike replay` makes it of its sources.\n{}", toml::to_string(&Resolved { model, sources: &options.sources }).unwrap_or_default())
}
