//! Runs a scenario: store → snapshot → edits → networks → demand → simulation → recording.

use crate::apply::apply;
use crate::city::Base;
use crate::demand::{City, draw};
use crate::summary::{Cost, info, summary};
use crate::tally::Tally;
use crate::{RunError, load};
use qike_core::{Feedback, SimTime};
use qike_record::{Header, Places, RunWriter, Summary};
use qike_scene::Scenario;
use qike_scene::scenario::DemandKind;
use qike_sim::{Options, Simulation};
use serde::Serialize;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a call may say beyond the scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunOptions {
    /// The run directory; `None`: [`default_out`].
    pub out: Option<PathBuf>,
    /// This seed only, whatever the scenario says.
    pub seed: Option<u64>,
    /// Threads; `None`: as many as the machine has. No result depends on it.
    pub threads: Option<usize>,
    /// Only so much simulated time from the start, where that is less than the scenario's duration.
    pub until: Option<SimTime>,
}

/// One seed's run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedReport {
    /// The seed.
    pub seed: u64,
    /// Its run directory.
    pub dir: PathBuf,
    /// Its key figures.
    pub summary: Summary,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// The run directory; with several seeds, the one that holds the folders `seed-N`.
    pub out: PathBuf,
    /// One for each seed, in the scenario's order.
    pub runs: Vec<SeedReport>,
    /// What the user should know: another base than the scenario was written for, bus lines that do not run.
    pub warnings: Vec<String>,
}

/// `<scenario's stem>-run` beside the scenario.
pub fn default_out(scenario: &Path) -> PathBuf {
    let stem = scenario.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
    load::folder(scenario).join(format!("{stem}-run"))
}

/// Runs a scenario file with all its seeds, one after another, each into a run directory.
///
/// # Errors
/// Whatever is wrong with the scenario, its store, its tables or the disk; see [`RunError`]. Faults of the input are found before
/// anything is written. A run that is cancelled or cut off leaves a recording that can be read up to its last part.
pub fn run(scenario: &Path, options: &RunOptions, feedback: &Feedback) -> Result<RunReport, RunError> {
    let written = load::load(scenario)?;
    if written.base.is_traffic() {
        return Err(RunError::Usage(format!("{}: its base is a traffic scenario; run it by itself", scenario.display())));
    }
    let folder = load::folder(scenario);
    let name = scenario.display().to_string();
    let base = Base::load(&folder.join(&written.base.store), &name, feedback)?;
    let out = options.out.clone().unwrap_or_else(|| default_out(scenario));
    run_on(&base, written, &Origin { name: &name, folder: &folder }, &out, options, feedback)
}

/// Where a scenario comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// What messages call it.
    pub(crate) name: &'a str,
    /// What its paths are relative to.
    pub(crate) folder: &'a Path,
}

/// Runs a scenario on a base that is loaded.
pub(crate) fn run_on(
    base: &Base,
    mut scenario: Scenario,
    origin: &Origin,
    out: &Path,
    options: &RunOptions,
    feedback: &Feedback,
) -> Result<RunReport, RunError> {
    if scenario.models.hybrid.is_some() {
        return Err(RunError::Usage(format!("{}: [models.hybrid] is for scenarios whose [base] is one of SUMO; a city's vehicles are run lane by lane everywhere", origin.name)));
    }
    if let Some(seed) = options.seed {
        scenario.seeds = vec![seed];
    }
    if let Some(until) = options.until {
        if until <= SimTime::ZERO {
            return Err(RunError::Usage("the time to run must be longer than 0".into()));
        }
        scenario.time.duration = scenario.time.duration.min(until);
    }
    let mut warnings = Vec::new();
    if let Some(hash) = scenario.base.content_hash.as_ref().filter(|hash| **hash != base.content_hash) {
        let now = if base.content_hash.is_empty() { "has none" } else { &base.content_hash };
        warnings.push(format!("{}: the store is not the one the scenario was written for (content hash {hash}, now {now})", origin.name));
    }
    let edited = apply(base, &scenario, origin.name)?;
    let (lanes, walks) = (Arc::new(edited.lanes), Arc::new(edited.walks));
    let places = Places::new(lanes.links.iter().map(|l| l.id.clone()), walks.areas.iter().map(|a| a.id.clone()));
    let seeds = scenario.seeds.clone();
    let several = seeds.len() > 1;
    prepare_out(out)?;
    let mut runs = Vec::new();
    for seed in seeds {
        let dir = if several { out.join(format!("seed-{seed}")) } else { out.to_owned() };
        let city = City { scenario: &scenario, file: origin.name, folder: origin.folder, scene: &base.scene, lanes: &lanes, walks: &walks };
        let mut drawn = draw(&city, &edited.scales, seed)?;
        if runs.is_empty() {
            warnings.append(&mut drawn.notes);
        }
        drawn.demand.closures = edited.closures.clone();
        let mut events = drawn.events;
        events.extend(edited.events.iter().cloned());
        events.sort_by_key(|event| event.time);
        let settings = settings(&scenario, seed, options.threads);
        let mut simulation = Simulation::new(lanes.clone(), walks.clone(), drawn.demand, settings)?;
        let resolved = resolved(base, &scenario, seed, &dir)?;
        let mut writer = RunWriter::create(&dir, Header::new(places.clone(), drawn.names, resolved.to_toml()))?;
        copy_tables(&scenario, origin.folder, &dir)?;
        let cost = Cost::begin();
        let mut tally = Tally::new(&mut writer, events);
        let label = if several { format!("simulate seed {seed}") } else { "simulate".to_owned() };
        let task = feedback.task(label, (scenario.time.duration.ms() / 1000).max(1) as u64);
        simulation.run(&mut tally, |_, _| {
            task.advance(1);
            !feedback.is_cancelled()
        })?;
        drop(task);
        let sums = [tally.vehicles, tally.walkers];
        if feedback.is_cancelled() {
            writer.checkpoint()?;
            return Err(RunError::Cancelled(dir));
        }
        let seconds = (simulation.now() - scenario.time.start).as_s();
        let threads = options.threads.map_or_else(available, |n| n.max(1));
        let run = info(base, &resolved, &places);
        let summary = summary(run, seed, threads as u32, seconds, &cost, simulation.state_hash(), &simulation.statistics(), sums);
        writer.finish(&summary)?;
        runs.push(SeedReport { seed, dir, summary });
    }
    Ok(RunReport { out: out.to_owned(), runs, warnings })
}

fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The simulation's options: the scenario's, and the models' defaults for what it leaves open.
fn settings(scenario: &Scenario, seed: u64, threads: Option<usize>) -> Options {
    let ms = |seconds: f64| (seconds * 1000.0).round() as i64;
    let mut options = Options { seed, begin: scenario.time.start, end: scenario.time.end(), ..Options::default() };
    options.threads = threads.map_or_else(available, |n| n.max(1));
    options.track_interval_ms = ms(scenario.output.tracks);
    options.link_interval_ms = ms(scenario.output.links).max(1);
    if let Some(vehicles) = &scenario.models.vehicles {
        options.vehicle_step_ms = vehicles.step.map_or(options.vehicle_step_ms, ms);
        options.speed_deviation = vehicles.speed_deviation.unwrap_or(options.speed_deviation);
        options.patience_s = vehicles.patience.unwrap_or(options.patience_s);
        options.teleport_after_s = vehicles.teleport_after.unwrap_or(options.teleport_after_s);
    }
    if let Some(walkers) = &scenario.models.walkers {
        options.walker_step_ms = walkers.step.map_or(options.walker_step_ms, ms);
    }
    if let Some(rerouting) = &scenario.models.rerouting {
        options.informed_share = rerouting.share.unwrap_or(options.informed_share);
        options.reroute_interval_ms = rerouting.period.map_or(options.reroute_interval_ms, ms);
    }
    options
}

/// Removes what an earlier run with another number of seeds left, so that nobody compares it with this one's.
fn prepare_out(out: &Path) -> Result<(), RunError> {
    if !out.is_dir() {
        return Ok(());
    }
    qike_record::remove(out)?;
    for folder in crate::compare::seed_folders(out)? {
        qike_record::remove(&folder)?;
    }
    Ok(())
}

/// The scenario as it is run, as a file that can itself be run from the run directory.
fn resolved(base: &Base, scenario: &Scenario, seed: u64, dir: &Path) -> Result<Scenario, RunError> {
    let mut resolved = scenario.clone();
    resolved.seeds = vec![seed];
    resolved.base.content_hash = Some(base.content_hash.clone()).filter(|hash| !hash.is_empty());
    std::fs::create_dir_all(dir).map_err(RunError::io(dir))?;
    if let (Ok(store), Ok(dir)) = (base.store.canonicalize(), dir.canonicalize()) {
        resolved.base.store = relative(&store, &dir).to_string_lossy().into_owned();
    }
    Ok(resolved)
}

/// `path` as seen from `dir`; both whole. Unchanged where they share nothing but the root.
fn relative(path: &Path, dir: &Path) -> PathBuf {
    let (p, d): (Vec<Component>, Vec<Component>) = (path.components().collect(), dir.components().collect());
    let shared = p.iter().zip(&d).take_while(|(a, b)| a == b).count();
    if shared <= 1 {
        return path.to_owned();
    }
    let up = d[shared..].iter().map(|_| Component::ParentDir);
    up.chain(p[shared..].iter().copied()).collect()
}

/// Copies the tables that the scenario names into the run directory.
fn copy_tables(scenario: &Scenario, folder: &Path, dir: &Path) -> Result<(), RunError> {
    for demand in &scenario.demand {
        if let DemandKind::VehicleOd { file, .. } | DemandKind::WalkOd { file } = &demand.kind {
            let (from, to) = (folder.join(file), dir.join(file));
            let same = from.canonicalize().ok().zip(to.canonicalize().ok()).is_some_and(|(a, b)| a == b);
            if same {
                continue;
            }
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).map_err(RunError::io(parent))?;
            }
            std::fs::copy(&from, &to).map_err(RunError::io(&to))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_one_folder_to_another() {
        assert_eq!(relative(Path::new("/a/b/c.gpkg"), Path::new("/a/b/run")), Path::new("../c.gpkg"));
        assert_eq!(relative(Path::new("/a/b/c.gpkg"), Path::new("/a/b/run/seed-1")), Path::new("../../c.gpkg"));
        assert_eq!(relative(Path::new("/a/b/run/c.gpkg"), Path::new("/a/b/run")), Path::new("c.gpkg"));
        assert_eq!(relative(Path::new("/x/c.gpkg"), Path::new("/a/run")), Path::new("/x/c.gpkg"));
    }

    #[test]
    fn the_run_lies_beside_its_scenario() {
        assert_eq!(default_out(Path::new("city/holiday.toml")), Path::new("city/holiday-run"));
        assert_eq!(default_out(Path::new("holiday.toml")), Path::new("./holiday-run"));
    }
}
