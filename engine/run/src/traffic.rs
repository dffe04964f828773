//! Runs a traffic scenario of another simulator, by whatever [`TrafficModel`], to its end: into a run directory like any other run's, and before the
//! eyes of whoever writes further outputs ([`Watcher`]).
//!
//! Links are the scenario's edges, by their ids; a trip's demand is its kind of vehicle and its number that in the order of the
//! source, so that runs of one scenario are compared traveller by traveller. Tracks are in the CRS that the scenario states, or in
//! its own coordinates where it states none.

mod detect;
mod equilibrium;
mod heads;
mod lacking;
mod meter;
pub(crate) mod rows;
mod totals;
mod what_if;

pub use detect::{Detectors, Reading, Readings, Shown};
pub use equilibrium::{Equilibrium, EquilibriumOptions, EquilibriumStep, Swapping, equilibrate};
pub use meter::{EdgeMeter, STANDS_MPS};
pub use qike_sim::micro::{Counts, Micro, OnRoad, TripRow, Way};
pub use qike_sim::queue::Queues;
pub use qike_sim::traffic::{EdgeSums, Stayed, TrafficModel};
pub use totals::{Totals, due};
pub use what_if::apply_what_if;

use crate::RunError;
use crate::summary::{Cost, network_hash};
use qike_core::{Diagnostic, Feedback, SimTime};
use qike_record::{Header, LinkInterval, Places, Recorder, RunInfo, RunWriter, Summary};
use qike_scene::traffic::{Release, TrafficScenario};
use heads::Heads;
use rows::Rows;
use serde::Serialize;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

/// So many link intervals are gathered before they are put on disk.
const INTERVALS_A_PART: u32 = 12;
/// Where nobody moves, departs or arrives for that long and all have been due, the run is over, ms.
const STANDSTILL_MS: i64 = 3_600_000;

/// Which model runs a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// Vehicles lane by lane.
    Lanes,
    /// Vehicles as queues on lanes.
    Queues,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct TrafficOptions {
    /// By this model; none: queues where the scenario asks for them (SUMO's `mesosim`), else lane by lane.
    pub model: Option<ModelChoice>,
    /// The run directory.
    pub out: PathBuf,
    /// The scenario's file, for messages and the recording.
    pub source: String,
    /// The store that shows the streets, as the recording is to name it: relative to the run directory. Empty: none.
    pub store: String,
    /// This seed instead of the scenario's.
    pub seed: Option<u64>,
    /// Threads; `None`: as many as the machine has. No result depends on it.
    pub threads: Option<usize>,
    /// Only so much simulated time from the beginning.
    pub until: Option<SimTime>,
    /// Between two key frames of everybody's position, ms; 0: none are recorded.
    pub track_interval_ms: i64,
    /// Of a link interval, ms.
    pub link_interval_ms: i64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct TrafficReport {
    /// The run directory.
    pub out: PathBuf,
    /// The key figures.
    pub summary: Summary,
    /// Vehicles that wanted to depart at the end and found no room.
    pub waiting: u64,
    /// Times that two vehicles overlapped.
    pub overlaps: u64,
    /// Times that one could only stop abruptly.
    pub emergency_stops: u64,
    /// What the source asks for and was not done, and what was wrong in it.
    pub findings: Vec<Diagnostic>,
}

/// The run at a moment between two steps.
pub struct Moment<'a> {
    /// Begin of the step that was just done, ms.
    pub time_ms: i64,
    /// Length of a step, ms.
    pub step_ms: i64,
    /// The model.
    pub model: &'a dyn TrafficModel,
    /// Everybody on the road; empty where no watcher looks at them and the model measures edges itself.
    pub everybody: &'a [OnRoad],
    meter: &'a EdgeMeter,
    /// Trips so far.
    pub totals: &'a Totals,
    /// Who arrived in the step.
    pub ended: &'a [TripRow],
    /// What detectors found.
    pub found: &'a Readings,
}

impl Moment<'_> {
    /// What happened on each edge so far.
    pub fn edge_sums(&self) -> Cow<'_, [EdgeSums]> {
        self.model.edge_sums().map_or(Cow::Borrowed(self.meter.sums()), Cow::Owned)
    }
}

/// Looks on, and writes what it likes.
pub trait Watcher {
    /// Whether it needs to see everybody in each step, or sums of them ([`Totals`] of the moment).
    fn looks_at_everybody(&self) -> bool {
        true
    }
    /// A step was done.
    ///
    /// # Errors
    /// What keeps it from writing; the run stops.
    fn step(&mut self, moment: &Moment<'_>) -> Result<(), RunError>;
    /// The run is over; `under_way`: journeys that it cuts off.
    ///
    /// # Errors
    /// What keeps it from writing.
    fn end(&mut self, moment: &Moment<'_>, under_way: &[TripRow]) -> Result<(), RunError>;
}

/// Runs a scenario.
///
/// # Errors
/// A map that cannot be run, a disk that is full; [`RunError::Cancelled`] where the user stopped it (what was recorded stays).
pub fn run_traffic(mut scenario: TrafficScenario, options: &TrafficOptions, watchers: &mut [&mut dyn Watcher], feedback: &Feedback) -> Result<TrafficReport, RunError> {
    let step_ms = scenario.settings.step_ms.max(1);
    let begin = scenario.settings.begin_ms;
    if let Some(until) = options.until {
        if until <= SimTime::ZERO {
            return Err(RunError::Usage("the time to run must be longer than 0".into()));
        }
        let end = begin.saturating_add(until.ms());
        scenario.settings.end_ms = Some(scenario.settings.end_ms.map_or(end, |e| e.min(end)));
    }
    if (scenario.settings.scale - 1.0).abs() > 1e-12 {
        scenario.demand.scale(scenario.settings.scale, &|_, _| true);
    }
    let seed = options.seed.unwrap_or(scenario.settings.seed);
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let fault = |message: String| RunError::Traffic { scenario: options.source.clone(), message };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| fault(format!("{threads} threads cannot be started: {e}")))?;
    let choice = options.model.unwrap_or(if scenario.settings.queues { ModelChoice::Queues } else { ModelChoice::Lanes });
    let pool = (threads > 1).then(|| Arc::new(pool));
    let mut model: Box<dyn TrafficModel> = match choice {
        ModelChoice::Lanes => Box::new(Micro::new(&scenario, seed, pool).map_err(fault)?),
        ModelChoice::Queues => Box::new(Queues::new(&scenario, seed).map_err(fault)?),
    };
    let measures = model.edge_sums().is_some();
    let looks = !measures || !scenario.extras.detectors.is_empty() || watchers.iter().any(|w| w.looks_at_everybody());
    let mut everybody = Vec::new();
    let streets = model.streets().clone();
    let mut findings = std::mem::take(&mut scenario.findings);
    findings.extend(model.findings().iter().cloned());
    findings.extend(lacking::lacking(&scenario, choice == ModelChoice::Queues));

    let places = Places::new(streets.edges.iter().map(|e| e.id.clone()), []);
    let info = info(&scenario, options, &places);
    let demands = scenario.demand.kinds.iter().map(|k| k.id.clone()).collect();
    let detected = scenario.extras.detectors.iter().map(|d| d.id.clone()).collect();
    let header = Header { intervals_a_part: INTERVALS_A_PART, detectors: detected, ..Header::new(places, demands, resolved(options, seed, &scenario)) };
    let mut writer = RunWriter::create(&options.out, header)?;
    let mut rows = Rows::new(&scenario, streets.clone());
    let mut heads = Heads::new(&streets, rows::crs(&scenario).1);
    let mut detectors = Detectors::new(&scenario, &streets);
    let mut meter = EdgeMeter::new(streets);
    let mut totals = Totals::default();
    let due = last_departure(&scenario);
    let timed = scenario.settings.end_ms.map(|end| end.saturating_sub(begin));
    let task = feedback.task("simulate", timed.map_or(model.counts().loaded, |ms| (ms / 1000).max(1) as u64));
    let (mut told, mut since, mut before) = (0u64, begin, model.counts());
    let (mut links_from, mut tracks_at) = (begin, begin);
    let cost = Cost::begin();
    let mut last = begin;
    while !model.finished() && !feedback.is_cancelled() {
        let time_ms = model.now_ms();
        last = time_ms;
        let done_before = model.updates();
        model.step();
        let ended = model.take_trips();
        let tracked = options.track_interval_ms > 0 && time_ms >= tracks_at;
        everybody.clear();
        if looks || tracked {
            model.everybody(&mut everybody);
        }
        if !measures {
            meter.step(&*model, &everybody, &scenario.demand.kinds, &ended, step_ms as f64 / 1000.0);
        }
        let factor = |vehicle| model.traveller(vehicle).map_or(1.0, |who| who.speed_factor);
        detectors.step(&everybody, &Shown { time_ms, step_ms, ended: &ended, factor: &factor, light: &|link| model.lamp(link) });
        rows::record(&mut writer, detectors.found())?;
        for row in &ended {
            totals.ended(row);
            writer.trip_of(&rows.trip(row, None), &row.id)?;
        }
        if looks {
            totals.step(&*model, &everybody, &rows.limits);
        }
        let counts = model.counts();
        if counts.teleported > before.teleported {
            writer.event(&rows.teleports(time_ms, counts.teleported - before.teleported))?;
        }
        let now = model.now_ms();
        if options.track_interval_ms > 0 {
            writer.signals(SimTime(time_ms), heads.changes(|link| model.lamp(link)))?;
        }
        if tracked {
            writer.tracks(SimTime(time_ms), rows.tracks(&everybody))?;
            while tracks_at <= time_ms {
                tracks_at += options.track_interval_ms;
            }
        }
        if now - links_from >= options.link_interval_ms.max(step_ms) {
            writer.hash(SimTime(now), model.hash())?;
            writer.links(SimTime(links_from), SimTime(now), &links(&mut *model, &mut meter, &mut rows, now - links_from))?;
            links_from = now;
        }
        let moment = Moment { time_ms, step_ms, model: &*model, everybody: &everybody, meter: &meter, totals: &totals, ended: &ended, found: detectors.found() };
        for watcher in watchers.iter_mut() {
            watcher.step(&moment)?;
        }
        let done = timed.map_or(totals.arrived + counts.discarded, |_| ((now - begin) / 1000) as u64);
        task.advance(done.saturating_sub(told));
        told = told.max(done);
        let moves = totals.moving > 0 || totals.at_stops > 0 || measures && model.updates() > done_before || (counts.inserted, counts.arrived, counts.teleported, counts.discarded) != (before.inserted, before.arrived, before.teleported, before.discarded);
        if moves || now <= due {
            since = now;
        } else if now - since >= STANDSTILL_MS {
            let help = "look at the last key frame for where they block each other; teleporting (time-to-teleport) or an end of the run resolves it";
            let text = format!("nobody has moved for {} s; the run is ended with {} vehicles on the road and {} that found no room", STANDSTILL_MS / 1000, counts.running, counts.waiting);
            findings.push(Diagnostic::error("standstill", text).help(help));
            break;
        }
        before = counts;
    }
    drop(task);
    if feedback.is_cancelled() {
        writer.checkpoint()?;
        return Err(RunError::Cancelled(options.out.clone()));
    }
    let now = model.now_ms();
    let under_way = model.under_way();
    for (row, destination) in &under_way {
        totals.departure(row.vehicle, row.depart_delay_ms);
        writer.trip_of(&rows.trip(row, Some(*destination)), &row.id)?;
    }
    for stayed in model.stayed() {
        writer.trip_of(&rows.stayed(&stayed), &stayed.id)?;
    }
    if now > links_from {
        writer.links(SimTime(links_from), SimTime(now), &links(&mut *model, &mut meter, &mut rows, now - links_from))?;
    }
    detectors.end(now);
    rows::record(&mut writer, detectors.found())?;
    let hash = model.hash();
    writer.hash(SimTime(now), hash)?;
    let cut_off: Vec<TripRow> = under_way.into_iter().map(|(row, _)| row).collect();
    let moment = Moment { time_ms: last, step_ms, model: &*model, everybody: &everybody, meter: &meter, totals: &totals, ended: &[], found: detectors.found() };
    for watcher in watchers.iter_mut() {
        watcher.end(&moment, &cut_off)?;
    }
    let counts = model.counts();
    let sim_seconds = (now - begin) as f64 / 1000.0;
    let mut summary = totals.summary(&counts, cut_off.len() as u64, &cost, info);
    (summary.model, summary.seed, summary.threads, summary.sim_seconds) = (model.name().to_owned(), seed, threads as u32, sim_seconds);
    (summary.vehicle_updates, summary.state_hash) = (model.updates(), format!("{hash:016x}"));
    writer.finish(&summary)?;
    let (overlaps, emergency_stops) = (counts.overlaps, counts.emergency_stops);
    Ok(TrafficReport { out: options.out.clone(), summary, waiting: counts.waiting, overlaps, emergency_stops, findings })
}

/// What happened on edges since the last call.
fn links(model: &mut dyn TrafficModel, meter: &mut EdgeMeter, rows: &mut Rows, ms: i64) -> Vec<LinkInterval> {
    match model.edge_sums() {
        Some(sums) => rows.links(&sums, &model.take_queue_max(), ms),
        None => {
            let most = meter.take_queue_max();
            rows.links(meter.sums(), &most, ms)
        }
    }
}

/// From when on nobody new is due, ms.
fn last_departure(scenario: &TrafficScenario) -> i64 {
    let single = scenario.demand.vehicles.iter().filter_map(|(_, release, _)| match release {
        Release::At(ms) => Some(*ms),
        Release::Triggered => None,
    });
    let day = 86_400_000;
    let flows = scenario.demand.flows.iter().map(|f| f.end_ms.or(scenario.settings.end_ms).unwrap_or(f.begin_ms.saturating_add(day)));
    single.chain(flows).max().unwrap_or(scenario.settings.begin_ms)
}

fn info(scenario: &TrafficScenario, options: &TrafficOptions, places: &Places) -> RunInfo {
    RunInfo {
        scenario: scenario.name.clone(),
        store: options.store.clone(),
        crs: rows::crs(scenario).0,
        start_s: scenario.settings.begin_ms as f64 / 1000.0,
        network_hash: network_hash(places),
        link_interval_s: options.link_interval_ms as f64 / 1000.0,
        track_interval_s: options.track_interval_ms.max(0) as f64 / 1000.0,
        ..RunInfo::default()
    }
}

/// What was run, as a text beside the recording.
fn resolved(options: &TrafficOptions, seed: u64, scenario: &TrafficScenario) -> String {
    #[derive(Serialize)]
    struct Resolved<'a> {
        source: &'a str,
        seed: u64,
        begin_s: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        end_s: Option<f64>,
        step_s: f64,
    }
    let s = |ms: i64| ms as f64 / 1000.0;
    let settings = &scenario.settings;
    let resolved = Resolved { source: &options.source, seed, begin_s: s(settings.begin_ms), end_s: settings.end_ms.map(s), step_s: s(settings.step_ms) };
    format!("# A scenario of SUMO; `qike run` runs its configuration.\n{}", toml::to_string(&resolved).unwrap_or_default())
}
