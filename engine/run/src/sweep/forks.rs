//! Studies of what-ifs on scenarios of SUMO: each run changes the same city. Where the study says so, the city is run up to a time once,
//! put aside as it is then, and each run goes on from there by itself; or each goes on from the checkpoint that its scenario names.

use super::{Planned, SweepReport, SweepRow, label, write_table};
use crate::traffic::{CheckpointHead, Checkpoints, Frozen, TrafficOptions, apply_what_if, run_traffic};
use crate::{RunError, load};
use qike_core::{Feedback, SimTime};
use qike_scene::scenario::ScenarioError;
use qike_scene::traffic::TrafficScenario;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a scenario of another simulator.
pub type ReadTraffic<'r> = &'r dyn Fn(&Path) -> Result<TrafficScenario, RunError>;

/// A link interval, ms.
const LINKS_MS: i64 = 300_000;
/// Where the part that all runs have in common is recorded.
const FIRST: &str = "until-the-fork";

/// What the runs of a study have in common.
pub(super) struct Study<'a> {
    pub name: &'a str,
    pub out: &'a Path,
    pub threads: Option<usize>,
    pub read: ReadTraffic<'a>,
    /// The city is run up to then once, ms.
    pub fork_at: Option<i64>,
}

/// A run: its folder's parts, its parameters, its seed, its city and what is changed.
struct Run {
    file: PathBuf,
    parameters: Vec<(String, String)>,
    scenario: qike_scene::Scenario,
    store: PathBuf,
    seed: Option<u64>,
    dir: PathBuf,
}

impl Study<'_> {
    fn fault(&self, message: String) -> RunError {
        RunError::Scenario(ScenarioError::new(self.name, message))
    }

    fn options(&self, run: &Run, dir: PathBuf, checkpoints: Checkpoints) -> TrafficOptions {
        TrafficOptions {
            model: None,
            out: dir,
            source: run.store.display().to_string(),
            store: String::new(),
            seed: run.seed,
            threads: self.threads,
            until: None,
            track_interval_ms: 0,
            link_interval_ms: LINKS_MS,
            checkpoints,
        }
    }

    /// Runs all.
    pub fn run(&self, plan: Vec<Planned>, report: &mut SweepReport, feedback: &Feedback) -> Result<(), RunError> {
        let mut cities: BTreeMap<PathBuf, TrafficScenario> = BTreeMap::new();
        let mut runs = Vec::new();
        for (file, parameters, scenario) in plan {
            let store = load::folder(&file).join(&scenario.base.store);
            if !cities.contains_key(&store) {
                cities.insert(store.clone(), (self.read)(&store)?);
            }
            if self.fork_at.is_some() && scenario.base.state.is_some() {
                return Err(self.fault(format!("{}: it goes on from a checkpoint ([base] state), and 'fork_at' says another time: leave one of them out", file.display())));
            }
            // All that can be said before the first run is said.
            apply_what_if(&mut cities[&store].clone(), &scenario, &file.display().to_string())?;
            let folder = self.out.join(&scenario.name).join(label(&parameters));
            let seeds: Vec<Option<u64>> = if scenario.seeds.is_empty() { vec![None] } else { scenario.seeds.iter().map(|s| Some(*s)).collect() };
            let several = seeds.len() > 1;
            for seed in seeds {
                let dir = seed.filter(|_| several).map_or(folder.clone(), |seed| folder.join(format!("seed-{seed}")));
                runs.push(Run { file: file.clone(), parameters: parameters.clone(), scenario: scenario.clone(), store: store.clone(), seed, dir });
            }
        }
        let mut frozen: BTreeMap<(PathBuf, Option<u64>), Arc<Frozen>> = BTreeMap::new();
        let task = feedback.task("study", runs.len() as u64);
        for run in runs {
            let from = self.begins(&run, &cities[&run.store], &mut frozen, feedback)?;
            let mut scenario = cities[&run.store].clone();
            apply_what_if(&mut scenario, &run.scenario, &run.file.display().to_string())?;
            let options = self.options(&run, run.dir.clone(), Checkpoints { from, ..Checkpoints::default() });
            let done = run_traffic(scenario, &options, &mut [], feedback)?;
            report.warnings.extend(done.findings.iter().map(|f| f.message.clone()));
            report.rows.push(SweepRow { scenario: run.scenario.name.clone(), parameters: run.parameters, dir: run.dir, summary: done.summary });
            write_table(report)?;
            task.advance(1);
        }
        Ok(())
    }

    /// The city from which a run goes on, each read or run once.
    fn begins(&self, run: &Run, city: &TrafficScenario, known: &mut BTreeMap<(PathBuf, Option<u64>), Arc<Frozen>>, feedback: &Feedback) -> Result<Option<Arc<Frozen>>, RunError> {
        let state = run.scenario.base.state.as_ref().map(|state| load::folder(&run.file).join(state));
        let key = (state.clone().unwrap_or_else(|| run.store.clone()), run.seed);
        if let Some(frozen) = known.get(&key) {
            return Ok(Some(frozen.clone()));
        }
        let frozen = match (state, self.fork_at) {
            (None, None) => return Ok(None),
            (Some(path), _) => {
                let head = CheckpointHead::read(&path)?;
                if let Some(seed) = run.seed.filter(|seed| *seed != head.seed) {
                    return Err(self.fault(format!("the seed {seed} is not that of the checkpoint {} ({}): leave 'seeds' out", path.display(), head.seed)));
                }
                Arc::new(Frozen::read(&path, city.clone(), self.threads)?)
            }
            (None, Some(at)) => {
                let begin = city.settings.begin_ms;
                if at <= begin {
                    return Err(self.fault(format!("fork_at: {} s is not after the begin of {}, {} s", at as f64 / 1000.0, run.store.display(), begin as f64 / 1000.0)));
                }
                // One for each city and seed.
                let dir = self.out.join(format!("{FIRST}-{}", known.len() + 1));
                let options = TrafficOptions { until: Some(SimTime(at - begin)), ..self.options(run, dir, Checkpoints { keep: true, ..Checkpoints::default() }) };
                let done = run_traffic(city.clone(), &options, &mut [], feedback)?;
                let frozen = done.frozen.filter(|f| f.head().time_ms >= at);
                frozen.ok_or_else(|| self.fault(format!("fork_at: the run of {} is over before {} s", run.store.display(), at as f64 / 1000.0)))?
            }
        };
        known.insert(key, frozen.clone());
        Ok(Some(frozen))
    }
}
