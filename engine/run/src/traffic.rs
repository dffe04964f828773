//! Runs a traffic scenario of another simulator, by whatever [`TrafficModel`], to its end: into a run directory like any other run's, and before the
//! eyes of whoever writes further outputs ([`Watcher`]).
//!
//! Links are the scenario's edges, by their ids; a trip's demand is its kind of vehicle and its number that in the order of the
//! source, so that runs of one scenario are compared traveller by traveller. Tracks are in the CRS that the scenario states, or in
//! its own coordinates where it states none.

mod checkpoint;
mod detect;
mod equilibrium;
mod frozen;
mod heads;
mod lacking;
mod meter;
pub(crate) mod rows;
mod totals;
mod what_if;

pub use checkpoint::CheckpointHead;
pub use detect::{Detectors, Reading, Readings, Shown};
pub use equilibrium::{Equilibrium, EquilibriumOptions, EquilibriumStep, Swapping, equilibrate};
pub use frozen::Frozen;
pub use meter::{EdgeMeter, STANDS_MPS};
pub use qike_sim::hybrid::Hybrid;
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
use frozen::{Place, Recorded};
use heads::Heads;
use rows::Rows;
use serde::Serialize;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
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
    /// Lane by lane within the scenario's area, queues elsewhere.
    Hybrid,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct TrafficOptions {
    /// By this model; none: both where the scenario has an area for it, queues where the scenario asks for them (SUMO's `mesosim`), else lane by lane.
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
    /// Where it goes on from, and when it is saved.
    pub checkpoints: Checkpoints,
}

/// Running cities: gone on from, saved, put aside.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    /// Goes on from there, with what the scenario changes from then on; none: from the beginning.
    pub from: Option<Arc<Frozen>>,
    /// Writes a checkpoint into the run directory at the first step at or after each of these times, ms.
    pub save_at_ms: Vec<i64>,
    /// Puts the city aside as it is when the run is over: [`TrafficReport::frozen`].
    pub keep: bool,
}

/// The file of a checkpoint of that time (ms) in its run directory.
pub fn checkpoint_path(run: &Path, time_ms: i64) -> PathBuf {
    run.join(format!("checkpoint-{}.qike", time_ms as f64 / 1000.0))
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
    /// Streets that were run lane by lane, and all, where the others were run as queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streets_by_lanes: Option<[usize; 2]>,
    /// What the source asks for and was not done, and what was wrong in it.
    pub findings: Vec<Diagnostic>,
    /// Checkpoints that were written.
    pub checkpoints: Vec<PathBuf>,
    /// The city as it was at the end, where [`Checkpoints::keep`] asks for it.
    #[serde(skip)]
    pub frozen: Option<Arc<Frozen>>,
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
        sums(self.model, self.meter)
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
    /// What it must know to go on later; none: nothing.
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
    /// Goes on at a moment with what it [saved](Self::save) then; with nothing where it begins only now.
    ///
    /// # Errors
    /// What keeps it from writing.
    fn resume(&mut self, _saved: &[u8], _moment: &Moment<'_>) -> Result<(), RunError> {
        Ok(())
    }
}

/// What is done to a scenario before it is run.
fn prepare(scenario: &mut TrafficScenario) {
    if (scenario.settings.scale - 1.0).abs() > 1e-12 {
        scenario.demand.scale(scenario.settings.scale, &|_, _| true);
        scenario.settings.scale = 1.0;
    }
}

/// The model of a scenario; threads as in [`TrafficOptions`]; `by_lanes`: how many streets are run lane by lane, and all, where not all are.
fn make(scenario: &TrafficScenario, choice: ModelChoice, seed: u64, threads: Option<usize>, by_lanes: &mut Option<[usize; 2]>) -> Result<Box<dyn TrafficModel>, String> {
    let threads = threads_of(threads);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| format!("{threads} threads cannot be started: {e}"))?;
    let pool = (threads > 1).then(|| Arc::new(pool));
    Ok(match choice {
        ModelChoice::Lanes => Box::new(Micro::new(scenario, seed, pool)?),
        ModelChoice::Queues => Box::new(Queues::new(scenario, seed)?),
        ModelChoice::Hybrid => {
            let area = scenario.settings.lanes_inside.as_ref().ok_or("the hybrid model needs the area within which vehicles are run lane by lane")?;
            let hybrid = Hybrid::new(scenario, &area.junctions(&scenario.map), seed, pool)?;
            let (some, all) = hybrid.sides().counts(hybrid.streets());
            *by_lanes = Some([some, all]);
            Box::new(hybrid)
        }
    })
}

fn threads_of(threads: Option<usize>) -> usize {
    threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// Runs a scenario.
///
/// # Errors
/// A map that cannot be run, a disk that is full; [`RunError::Cancelled`] where the user stopped it (what was recorded stays).
pub fn run_traffic(mut scenario: TrafficScenario, options: &TrafficOptions, watchers: &mut [&mut dyn Watcher], feedback: &Feedback) -> Result<TrafficReport, RunError> {
    let step_ms = scenario.settings.step_ms.max(1);
    let begin = scenario.settings.begin_ms;
    let frozen = options.checkpoints.from.as_deref();
    let from = frozen.map_or(begin, |f| f.head.time_ms);
    let mut stop = i64::MAX;
    if let Some(until) = options.until {
        if until <= SimTime::ZERO {
            return Err(RunError::Usage("the time to run must be longer than 0".into()));
        }
        stop = from.saturating_add(until.ms());
        // Flows that state no end last until the run's; of a run that goes on it is what it was.
        if frozen.is_none() && options.checkpoints.save_at_ms.is_empty() && !options.checkpoints.keep {
            scenario.settings.end_ms = Some(scenario.settings.end_ms.map_or(stop, |e| e.min(stop)));
        }
    }
    prepare(&mut scenario);
    let seed = frozen.map_or(options.seed.unwrap_or(scenario.settings.seed), |f| f.head.seed);
    let threads = threads_of(options.threads);
    let fault = |message: String| RunError::Traffic { scenario: options.source.clone(), message };
    let choice = frozen.map(Frozen::choice).or(options.model).unwrap_or(match &scenario.settings {
        settings if settings.lanes_inside.is_some() => ModelChoice::Hybrid,
        settings if settings.queues => ModelChoice::Queues,
        _ => ModelChoice::Lanes,
    });
    if scenario.settings.lanes_inside.is_some() && frozen.is_some() {
        return Err(RunError::Usage("a run that goes on from a checkpoint goes on by the model that was saved: it cannot be given an area for lanes".into()));
    }
    if choice == ModelChoice::Hybrid && (!options.checkpoints.save_at_ms.is_empty() || options.checkpoints.keep) {
        return Err(RunError::Usage("a run with an area for lanes cannot be saved: run it lane by lane, or as queues".into()));
    }
    let changed = frozen.filter(|f| !f.is_of(&scenario));
    let mut by_lanes = None;
    let mut model: Box<dyn TrafficModel> = match frozen {
        Some(frozen) => frozen.model.fork(),
        None => make(&scenario, choice, seed, options.threads, &mut by_lanes).map_err(fault)?,
    };
    if let Some(frozen) = changed {
        if !options.checkpoints.save_at_ms.is_empty() {
            return Err(RunError::Usage("a run that changes a running city cannot be saved: save the city before it is changed".into()));
        }
        model.change(&frozen.scenario, &scenario).map_err(fault)?;
    }
    let mut saves: Vec<i64> = options.checkpoints.save_at_ms.clone();
    saves.sort_unstable_by(|a, b| b.cmp(a));
    saves.dedup();
    if let Some(early) = saves.last().filter(|at| **at < from) {
        return Err(RunError::Usage(format!("it cannot be saved at {} s: the run begins at {} s", *early as f64 / 1000.0, from as f64 / 1000.0)));
    }
    let measures = model.edge_sums().is_some();
    let looks = !measures || !scenario.extras.detectors.is_empty() || watchers.iter().any(|w| w.looks_at_everybody());
    let (mut everybody, mut seen) = (Vec::new(), Vec::new());
    let streets = model.streets().clone();
    let mut findings = std::mem::take(&mut scenario.findings);
    findings.extend(model.findings().iter().cloned());
    let looked_at = model.looked_at().map(<[bool]>::to_vec);
    let as_queues = |edge: u32| looked_at.as_ref().map_or(measures, |inside| !inside.get(edge as usize).is_some_and(|i| *i));
    findings.extend(lacking::lacking(&scenario, &as_queues));

    let places = Places::new(streets.edges.iter().map(|e| e.id.clone()), []);
    let mut info = info(&scenario, options, &places);
    info.recorded_from_s = frozen.map(|f| f.head.time_ms as f64 / 1000.0);
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
    let timed = scenario.settings.end_ms.filter(|end| *end < stop).or((stop < i64::MAX).then_some(stop)).map(|end| end.saturating_sub(from));
    let task = feedback.task("simulate", timed.map_or(model.counts().loaded, |ms| (ms / 1000).max(1) as u64));
    let (mut told, mut before) = (0u64, model.counts());
    let mut place = Place { links_from: begin, tracks_at: begin, since: begin };
    let cost = Cost::begin();
    let mut last = from;
    let mut written = Vec::new();
    if let Some(frozen) = frozen {
        let mut kept = Vec::new();
        let mut recorded = Recorded { place: &mut place, before: &mut before, totals: &mut totals, rows: &mut rows, detectors: &mut detectors, meter: &mut meter, watchers: &mut kept };
        recorded.load(&frozen.recorded).map_err(|e| fault(format!("the checkpoint cannot be gone on from: {e}")))?;
        // Frames may be wanted at other times than then.
        if options.track_interval_ms > 0 {
            place.tracks_at = place.tracks_at.min(from.saturating_add(options.track_interval_ms)).max(from);
        }
        last = from - step_ms;
        let moment = Moment { time_ms: last, step_ms, model: &*model, everybody: &everybody, meter: &meter, totals: &totals, ended: &[], found: detectors.found() };
        for (n, watcher) in watchers.iter_mut().enumerate() {
            watcher.resume(kept.get(n).map_or(&[], Vec::as_slice), &moment)?;
        }
    }
    loop {
        let time_ms = model.now_ms();
        let over = model.finished() || time_ms >= stop || feedback.is_cancelled();
        if saves.last().is_some_and(|at| *at <= time_ms) {
            saves.retain(|at| *at > time_ms);
            let mut kept = watchers.iter().map(|w| w.save()).collect();
            let mut recorded = Recorded { place: &mut place, before: &mut before, totals: &mut totals, rows: &mut rows, detectors: &mut detectors, meter: &mut meter, watchers: &mut kept };
            let recorded = recorded.save().map_err(|e| fault(e.to_string()))?;
            let path = checkpoint_path(&options.out, time_ms);
            Frozen::write(&path, &CheckpointHead::new(&scenario, choice, seed, time_ms, model.counts().running), &mut *model, recorded)?;
            written.push(path);
        }
        if over {
            break;
        }
        last = time_ms;
        let done_before = model.updates();
        model.step();
        let ended = model.take_trips();
        let tracked = options.track_interval_ms > 0 && time_ms >= place.tracks_at;
        everybody.clear();
        if looks || tracked {
            model.everybody(&mut everybody);
        }
        let dt_s = step_ms as f64 / 1000.0;
        if !measures {
            meter.step(&*model, &everybody, &scenario.demand.kinds, (&ended, &[]), dt_s);
        } else if looked_at.is_some() {
            seen.clear();
            model.everybody_looked_at(&mut seen);
            let crossed = model.take_crossed();
            meter.step(&*model, &seen, &scenario.demand.kinds, (&ended, &crossed), dt_s);
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
            while place.tracks_at <= time_ms {
                place.tracks_at += options.track_interval_ms;
            }
        }
        if now - place.links_from >= options.link_interval_ms.max(step_ms) {
            writer.hash(SimTime(now), model.hash())?;
            writer.links(SimTime(place.links_from), SimTime(now), &links(&mut *model, &mut meter, &mut rows, now - place.links_from))?;
            place.links_from = now;
        }
        let moment = Moment { time_ms, step_ms, model: &*model, everybody: &everybody, meter: &meter, totals: &totals, ended: &ended, found: detectors.found() };
        for watcher in watchers.iter_mut() {
            watcher.step(&moment)?;
        }
        let done = timed.map_or(totals.arrived + counts.discarded, |_| ((now - from) / 1000) as u64);
        task.advance(done.saturating_sub(told));
        told = told.max(done);
        let moves = totals.moving > 0 || totals.at_stops > 0 || measures && model.updates() > done_before || (counts.inserted, counts.arrived, counts.teleported, counts.discarded) != (before.inserted, before.arrived, before.teleported, before.discarded);
        if moves || now <= due {
            place.since = now;
        } else if now - place.since >= STANDSTILL_MS {
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
    if !saves.is_empty() {
        let times: Vec<String> = saves.iter().rev().map(|at| format!("{} s", *at as f64 / 1000.0)).collect();
        findings.push(Diagnostic::warning("not-saved", format!("the run was over at {} s, before it was to be saved: {}", model.now_ms() as f64 / 1000.0, times.join(", "))));
    }
    let now = model.now_ms();
    let mut kept = None;
    if options.checkpoints.keep && changed.is_none() {
        let mut held = watchers.iter().map(|w| w.save()).collect();
        let mut recorded = Recorded { place: &mut place, before: &mut before, totals: &mut totals, rows: &mut rows, detectors: &mut detectors, meter: &mut meter, watchers: &mut held };
        let recorded = recorded.save().map_err(|e| fault(e.to_string()))?;
        let head = CheckpointHead::new(&scenario, choice, seed, now, model.counts().running);
        kept = Some(Frozen { head, scenario: Arc::new(scenario.clone()), model: model.fork(), recorded });
    }
    let under_way = model.under_way();
    for (row, destination) in &under_way {
        totals.departure(row.vehicle, row.depart_delay_ms);
        writer.trip_of(&rows.trip(row, Some(*destination)), &row.id)?;
    }
    for stayed in model.stayed() {
        writer.trip_of(&rows.stayed(&stayed), &stayed.id)?;
    }
    if now > place.links_from {
        writer.links(SimTime(place.links_from), SimTime(now), &links(&mut *model, &mut meter, &mut rows, now - place.links_from))?;
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
    Ok(TrafficReport { out: options.out.clone(), summary, waiting: counts.waiting, overlaps, emergency_stops, streets_by_lanes: by_lanes, findings, checkpoints: written, frozen: kept.map(Arc::new) })
}

/// What happened on each edge so far: as the model measures it, and as the meter does where that does not.
fn sums<'a>(model: &dyn TrafficModel, meter: &'a EdgeMeter) -> Cow<'a, [EdgeSums]> {
    let Some(mut sums) = model.edge_sums() else { return Cow::Borrowed(meter.sums()) };
    if let Some(looked_at) = model.looked_at() {
        sums.iter_mut().zip(meter.sums()).zip(looked_at).filter(|(_, looked_at)| **looked_at).for_each(|((sum, seen), _)| *sum = *seen);
    }
    Cow::Owned(sums)
}

/// What happened on edges since the last call.
fn links(model: &mut dyn TrafficModel, meter: &mut EdgeMeter, rows: &mut Rows, ms: i64) -> Vec<LinkInterval> {
    let seen = meter.take_queue_max();
    let mut most = model.take_queue_max();
    if most.is_empty() {
        most = seen;
    } else if let Some(looked_at) = model.looked_at() {
        most.iter_mut().zip(seen).zip(looked_at).filter(|(_, looked_at)| **looked_at).for_each(|((most, seen), _)| *most = seen);
    }
    rows.links(&sums(model, meter), &most, ms)
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
        #[serde(skip_serializing_if = "Option::is_none")]
        lanes_inside: Option<&'a qike_scene::traffic::Area>,
    }
    let s = |ms: i64| ms as f64 / 1000.0;
    let settings = &scenario.settings;
    let resolved = Resolved { source: &options.source, seed, begin_s: s(settings.begin_ms), end_s: settings.end_ms.map(s), step_s: s(settings.step_ms), lanes_inside: settings.lanes_inside.as_ref() };
    format!("# A scenario of SUMO; `qike run` runs its configuration.\n{}", toml::to_string(&resolved).unwrap_or_default())
}
