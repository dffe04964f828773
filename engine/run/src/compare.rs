//! What-if comparison: two or more runs, each perhaps with several seeds, in key figures with their uncertainty.
//!
//! The first run is the base; every other is set against it. Key figures come from the recordings alone, so a recording of
//! measurements compares like one of a simulation.
//!
//! How sure a change is, is said by a bootstrap interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993: the
//! percentile interval, 95 %). What is drawn again depends on what there is, and every change says which it was:
//! - both runs have at least two seeds in common: pairs of runs with the same seed ([`Basis::PairedSeeds`]);
//! - both have several seeds, but other ones: the seeds of each ([`Basis::Seeds`]);
//! - else, for means over trips: the trips that arrived in both runs, pair by pair ([`Basis::PairedTrips`]). This tells how
//!   evenly a change meets the travellers, not how another day would turn out.

mod bootstrap;
mod figures;
mod links;
mod table;

pub use bootstrap::Interval;
pub use figures::{DemandFigures, Figure, FigureKind, RunFigures};
pub use links::{LinkChange, geh};

use crate::RunError;
use figures::Seed;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a bootstrap interval was drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Pairs of runs with the same seed.
    PairedSeeds,
    /// The seeds of each run by themselves.
    Seeds,
    /// Trips that arrived in both runs.
    PairedTrips,
}

/// How one figure changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Name of the figure, as in [`Figure`].
    pub key: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Mean over the base's seeds; null where there is nothing to take a mean of.
    pub base: Option<f64>,
    /// Mean over this run's seeds.
    pub value: Option<f64>,
    /// Difference.
    pub change: Option<f64>,
    /// Difference in percent of the base.
    pub change_percent: Option<f64>,
    /// 95 % interval of the difference.
    pub interval: Option<Interval>,
    /// What the interval was drawn from. For paired trips its middle is the mean difference of those that arrived in both.
    pub basis: Option<Basis>,
}

/// One run against the base.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Name of the run.
    pub run: String,
    /// Name of the base.
    pub base: String,
    /// All figures, in their order.
    pub figures: Vec<Change>,
    /// Figures by demand.
    pub demand: Vec<(String, Vec<Change>)>,
    /// The ten links that changed most.
    pub links: Vec<LinkChange>,
    /// The ten walkable areas that changed most.
    pub areas: Vec<LinkChange>,
}

/// The whole comparison; `--json` writes it as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// All runs, the base first.
    pub runs: Vec<RunFigures>,
    /// Every run but the base against it.
    pub differences: Vec<Difference>,
    /// What makes the runs hard to compare: other networks, other lengths, unfinished.
    pub warnings: Vec<String>,
}

/// A run directory, or one with a folder for each seed.
struct Run {
    name: String,
    dir: PathBuf,
    seeds: Vec<Seed>,
}

/// Compares runs; the first is the base.
///
/// # Errors
/// Fewer than two directories, or one without a recording.
pub fn compare(dirs: &[PathBuf]) -> Result<Comparison, RunError> {
    if dirs.len() < 2 {
        return Err(RunError::Usage("a comparison needs two run directories or more".into()));
    }
    let mut runs = Vec::new();
    for dir in dirs {
        runs.push(open(dir)?);
    }
    rename_twins(&mut runs);
    let warnings = warnings(&runs);
    let base = &runs[0];
    let differences = runs[1..].iter().map(|run| difference(base, run)).collect();
    let runs = runs.iter().map(|run| RunFigures::new(&run.name, &run.dir, &run.seeds)).collect();
    Ok(Comparison { runs, differences, warnings })
}

impl Comparison {
    /// As text for people: a table of all figures with units, and one of the links.
    pub fn to_text(&self) -> String {
        table::text(self)
    }
}

fn open(dir: &Path) -> Result<Run, RunError> {
    let mut folders = seed_folders(dir)?;
    if folders.is_empty() {
        folders.push(dir.to_owned());
    }
    let mut seeds = Vec::new();
    for folder in &folders {
        seeds.push(Seed::read(folder)?);
    }
    seeds.sort_by_key(|seed| seed.seed);
    let name = match seeds.first().map(|seed| seed.scenario.clone()).filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => dir.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned()),
    };
    Ok(Run { name, dir: dir.to_owned(), seeds })
}

/// The folders `seed-N` of a run over several seeds; none for a run over one.
pub fn seed_folders(dir: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(RunError::io(dir))? {
        let path = entry.map_err(RunError::io(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(seed) = name.strip_prefix("seed-").and_then(|seed| seed.parse::<u64>().ok())
            && qike_record::is_recording(&path)
        {
            folders.push((seed, path));
        }
    }
    folders.sort();
    Ok(folders.into_iter().map(|(_, path)| path).collect())
}

/// Two runs of one scenario are told apart by their directories.
fn rename_twins(runs: &mut [Run]) {
    for at in 0..runs.len() {
        if runs.iter().filter(|run| run.name == runs[at].name).count() > 1 {
            let dir = runs[at].dir.display().to_string();
            for run in runs.iter_mut().filter(|run| run.dir.display().to_string() == dir) {
                run.name = format!("{} ({dir})", run.name);
            }
        }
    }
}

fn warnings(runs: &[Run]) -> Vec<String> {
    let mut found = Vec::new();
    for run in runs {
        for seed in run.seeds.iter().filter(|seed| !seed.finished) {
            found.push(format!("{} did not finish: its figures end where it was cut off", seed.dir.display()));
        }
    }
    let Some(base) = runs.first().and_then(|run| run.seeds.first()) else { return found };
    for run in &runs[1..] {
        let Some(seed) = run.seeds.first() else { continue };
        let mut differs = |what: &str, a: String, b: String| {
            if a != b {
                found.push(format!("{} and {} differ in {what}: {a} and {b}", runs[0].name, run.name));
            }
        };
        differs("network", base.network.clone(), seed.network.clone());
        differs("length", format!("{} s", base.seconds), format!("{} s", seed.seconds));
        differs("start", format!("{} s", base.start_s), format!("{} s", seed.start_s));
        differs("models", base.model.clone(), seed.model.clone());
        let list = |run: &Run| run.seeds.iter().map(|s| s.seed.to_string()).collect::<Vec<_>>().join(", ");
        differs("seeds", list(&runs[0]), list(run));
    }
    found
}

fn difference(base: &Run, run: &Run) -> Difference {
    let changes = |demand: Option<&str>| -> Vec<Change> {
        FigureKind::ALL
            .iter()
            .filter(|kind| demand.is_none() || kind.of_demand())
            .map(|kind| change(*kind, demand, base, run))
            .filter(|change| change.base.is_some() || change.value.is_some())
            .collect()
    };
    let mut demands: Vec<String> = base.seeds.iter().chain(&run.seeds).flat_map(Seed::demands).collect();
    demands.sort();
    demands.dedup();
    Difference {
        run: run.name.clone(),
        base: base.name.clone(),
        figures: changes(None),
        demand: demands.into_iter().map(|name| (name.clone(), changes(Some(&name)))).collect(),
        links: links::most_changed(&base.seeds, &run.seeds, false),
        areas: links::most_changed(&base.seeds, &run.seeds, true),
    }
}

fn change(kind: FigureKind, demand: Option<&str>, base: &Run, run: &Run) -> Change {
    let of = |run: &Run| -> Vec<(u64, f64)> {
        run.seeds.iter().filter_map(|seed| Some((seed.seed, seed.figure(kind, demand)?))).collect()
    };
    let (left, right) = (of(base), of(run));
    let mean = |values: &[(u64, f64)]| (!values.is_empty()).then(|| values.iter().map(|v| v.1).sum::<f64>() / values.len() as f64);
    let (a, b) = (mean(&left), mean(&right));
    let difference = a.zip(b).map(|(a, b)| b - a);
    let (interval, basis) = interval(kind, demand, base, run, &left, &right);
    Change {
        key: kind.key(),
        unit: kind.unit(),
        base: a,
        value: b,
        change: difference,
        change_percent: a.zip(difference).filter(|(a, _)| *a != 0.0).map(|(a, d)| 100.0 * d / a),
        interval,
        basis,
    }
}

fn interval(
    kind: FigureKind,
    demand: Option<&str>,
    base: &Run,
    run: &Run,
    left: &[(u64, f64)],
    right: &[(u64, f64)],
) -> (Option<Interval>, Option<Basis>) {
    let pairs: Vec<f64> = left.iter().filter_map(|(seed, a)| Some(right.iter().find(|r| r.0 == *seed)?.1 - a)).collect();
    if pairs.len() >= 2 {
        return (bootstrap::of_mean(&pairs), Some(Basis::PairedSeeds));
    }
    if left.len() >= 2 && right.len() >= 2 {
        let values = |list: &[(u64, f64)]| list.iter().map(|v| v.1).collect::<Vec<f64>>();
        return (bootstrap::of_difference(&values(left), &values(right)), Some(Basis::Seeds));
    }
    let (Some(a), Some(b)) = (base.seeds.first(), run.seeds.first()) else { return (None, None) };
    let pairs = figures::paired_trips(kind, demand, a, b);
    match bootstrap::of_mean(&pairs) {
        Some(interval) => (Some(interval), Some(Basis::PairedTrips)),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests;
