//! Studies: every combination of scenarios, parameters and seeds, run one after another, and one table of what came of it.
//!
//! ```toml
//! version = 1
//! name = "how-full"
//! scenarios = ["holiday.toml", "holiday-bridge-closed.toml"]
//! seeds = [1, 2, 3]                      # optional; default: each scenario's own
//!
//! [[parameter]]
//! path = "demand.cars.scale"             # any key of a scenario; `demand.<name>.…`, `edits.<number from 1>.…`
//! values = [0.8, 1.0, 1.2]
//! ```
//!
//! Scenarios may be what-ifs on a configuration of SUMO (`[base] store = "X.sumocfg"`). With `fork_at = "07:05:00"` (or seconds) the city is
//! then run up to that time once, and every run goes on from there: what they have in common is in memory once, and is run once.
//!
//! Each combination is a run directory `<scenario>/<parameter>=<value>,…` below the study's; `results.csv` has a row for each
//! seed of each, with the summary's figures.

mod forks;

pub use forks::ReadTraffic;

use crate::city::Base;
use crate::run::{Origin, run_on};
use crate::{RunError, RunOptions, load};
use qike_core::{Feedback, SimTime};
use qike_record::Summary;
use qike_scene::Scenario;
use qike_scene::scenario::{ScenarioError, confined, nearest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A run that is to be made: its folder, its parameters and their values, its scenario.
type Planned = (PathBuf, Vec<(String, String)>, Scenario);

/// What a call may say beyond the study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepOptions {
    /// Where the run directories go; `None`: `<study's stem>-sweep` beside it.
    pub out: Option<PathBuf>,
    /// Threads of each run; `None`: as many as the machine has.
    pub threads: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Study {
    version: u32,
    #[serde(default)]
    name: String,
    scenarios: Vec<String>,
    #[serde(default)]
    seeds: Option<Vec<u64>>,
    /// Seconds, or HH:MM:SS.
    #[serde(default)]
    fork_at: Option<toml::Value>,
    #[serde(default)]
    parameter: Vec<Parameter>,
}

impl Study {
    fn fork_at(&self) -> Result<Option<i64>, String> {
        let text = match &self.fork_at {
            None => return Ok(None),
            Some(toml::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        text.parse::<SimTime>().map(|at| Some(at.ms())).map_err(|e| format!("fork_at: {e}"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    path: String,
    values: Vec<toml::Value>,
}

/// One seed of one combination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepRow {
    /// The scenario's name.
    pub scenario: String,
    /// Values by parameter, in the study's order, as they stand in TOML.
    pub parameters: Vec<(String, String)>,
    /// The run directory.
    pub dir: PathBuf,
    /// Its key figures.
    pub summary: Summary,
}

/// What came of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepReport {
    /// The study's name.
    pub name: String,
    /// Where everything is.
    pub out: PathBuf,
    /// The table.
    pub table: PathBuf,
    /// Its rows.
    pub rows: Vec<SweepRow>,
    /// Warnings of the runs, each once.
    pub warnings: Vec<String>,
}

/// Runs a study.
///
/// # Errors
/// Faults of the study and of any combination are found before the first run; after that, what ends a run ends the study.
pub fn sweep(study: &Path, options: &SweepOptions, feedback: &Feedback) -> Result<SweepReport, RunError> {
    let none = |path: &Path| Err(RunError::Usage(format!("{}: scenarios of other simulators are not read here", path.display())));
    sweep_with(study, options, &none, feedback)
}

/// The same; `read` reads scenarios of other simulators.
///
/// # Errors
/// As [`sweep`].
pub fn sweep_with(study: &Path, options: &SweepOptions, read: ReadTraffic<'_>, feedback: &Feedback) -> Result<SweepReport, RunError> {
    let name = study.display().to_string();
    let fault = |message: String| RunError::Scenario(ScenarioError::new(&name, message));
    let text = std::fs::read_to_string(study).map_err(RunError::io(study))?;
    let said: Study = toml::from_str(&text).map_err(|e| ScenarioError::from_toml(&name, &text, &e))?;
    if said.version != 1 {
        return Err(fault(format!("the file's version is {}; this program reads version 1", said.version)));
    }
    if said.scenarios.is_empty() {
        return Err(fault("'scenarios' is empty".into()));
    }
    if let Some(parameter) = said.parameter.iter().find(|p| p.values.is_empty()) {
        return Err(fault(format!("the parameter '{}' has no values", parameter.path)));
    }
    let folder = load::folder(study);
    let mut plan: Vec<Planned> = Vec::new();
    for file in &said.scenarios {
        confined(file).map_err(|message| fault(format!("scenarios: {message}")))?;
        let path = folder.join(file);
        let mut scenario = load::load(&path)?;
        scenario.seeds = said.seeds.clone().unwrap_or(scenario.seeds);
        for values in combinations(&said.parameter) {
            let changed = change(&scenario, &values).map_err(|message| fault(format!("{file}: {message}")))?;
            let shown = values.iter().map(|(path, value)| ((*path).to_owned(), value.to_string())).collect();
            plan.push((path.clone(), shown, changed));
        }
    }
    let out = options.out.clone().unwrap_or_else(|| {
        let stem = study.file_stem().map_or_else(|| "study".into(), |stem| stem.to_string_lossy().into_owned());
        folder.join(format!("{stem}-sweep"))
    });
    let fork_at = said.fork_at().map_err(fault)?;
    let of_traffic = plan.iter().filter(|(_, _, s)| s.base.is_traffic()).count();
    if of_traffic > 0 && of_traffic < plan.len() {
        return Err(fault("a study is of cities of Qike, or of scenarios of SUMO: not of both".into()));
    }
    if of_traffic == 0 && fork_at.is_some() {
        return Err(fault("fork_at: only runs of a scenario of SUMO ([base] store is an X.sumocfg) are forked".into()));
    }
    let runs = RunOptions { threads: options.threads, ..RunOptions::default() };
    let mut bases: BTreeMap<PathBuf, Base> = BTreeMap::new();
    let mut report = SweepReport { name: said.name, table: out.join("results.csv"), out: out.clone(), rows: Vec::new(), warnings: Vec::new() };
    if of_traffic > 0 {
        let study = forks::Study { name: &name, out: &out, threads: options.threads, read, fork_at };
        study.run(plan, &mut report, feedback)?;
        report.warnings.sort();
        report.warnings.dedup();
        return Ok(report);
    }
    let task = feedback.task("study", plan.len() as u64);
    for (path, parameters, scenario) in plan {
        let origin = Origin { name: &path.display().to_string(), folder: &load::folder(&path) };
        let store = origin.folder.join(&scenario.base.store);
        if !bases.contains_key(&store) {
            bases.insert(store.clone(), Base::load(&store, origin.name, feedback)?);
        }
        let scenario_name = scenario.name.clone();
        let dir = out.join(&scenario_name).join(label(&parameters));
        let done = run_on(&bases[&store], scenario, &origin, &dir, &runs, feedback)?;
        report.warnings.extend(done.warnings);
        report.rows.extend(done.runs.into_iter().map(|run| SweepRow {
            scenario: scenario_name.clone(),
            parameters: parameters.clone(),
            dir: run.dir,
            summary: run.summary,
        }));
        // After every combination, so that a long study can be looked at while it goes on.
        write_table(&report)?;
        task.advance(1);
    }
    report.warnings.sort();
    report.warnings.dedup();
    Ok(report)
}

/// All combinations of values; the last parameter changes fastest.
fn combinations(parameters: &[Parameter]) -> Vec<Vec<(&str, &toml::Value)>> {
    let mut all = vec![Vec::new()];
    for parameter in parameters {
        let longer = |before: &Vec<(_, _)>| -> Vec<Vec<(&str, &toml::Value)>> {
            parameter.values.iter().map(|value| before.iter().copied().chain([(parameter.path.as_str(), value)]).collect()).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// The scenario with other values at some paths. It goes through its text, so a value is checked as if it stood in the file.
fn change(scenario: &Scenario, values: &[(&str, &toml::Value)]) -> Result<Scenario, String> {
    if values.is_empty() {
        return Ok(scenario.clone());
    }
    let mut table: toml::Table = toml::from_str(&scenario.to_toml()).map_err(|e| e.message().to_owned())?;
    for (path, value) in values {
        set(&mut table, path, value).map_err(|message| format!("parameter '{path}': {message}"))?;
    }
    let text = table.to_string();
    let names: Vec<&str> = values.iter().map(|(path, _)| *path).collect();
    Scenario::parse(&text, &names.join(", ")).map_err(|e| {
        // The line would be one of a file that nobody has seen.
        ScenarioError { at: None, ..e }.to_string()
    })
}

fn set(table: &mut toml::Table, path: &str, value: &toml::Value) -> Result<(), String> {
    let steps: Vec<&str> = path.split('.').collect();
    let Some((last, way)) = steps.split_last() else { return Err("is empty".into()) };
    let mut here = table;
    let mut at = 0;
    while let Some(step) = way.get(at) {
        // Tables that the scenario leaves to their defaults are made; a wrong name among them is refused when it is read.
        let next = here.entry((*step).to_owned()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        here = match next {
            toml::Value::Table(inner) => inner,
            toml::Value::Array(list) => {
                at += 1;
                let key = way.get(at).ok_or_else(|| format!("'{step}' is a list: name one of it"))?;
                element(list, key)?
            }
            _ => return Err(format!("'{step}' is a single value, no table")),
        };
        at += 1;
    }
    here.insert((*last).to_owned(), value.clone());
    Ok(())
}

/// A table of a list: by its `name`, or by its number from 1.
fn element<'a>(list: &'a mut [toml::Value], key: &str) -> Result<&'a mut toml::Table, String> {
    let name_of = |value: &toml::Value| value.get("name").and_then(toml::Value::as_str).map(str::to_owned);
    let names: Vec<String> = list.iter().filter_map(name_of).collect();
    let number = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|n| *n < list.len());
    let at = list.iter().position(|value| name_of(value).as_deref() == Some(key)).or(number);
    let found = at.and_then(|at| list.get_mut(at)).and_then(toml::Value::as_table_mut);
    found.ok_or_else(|| {
        let help = nearest(key, names.iter().map(String::as_str)).map_or_else(String::new, |near| format!(" — did you mean '{near}'?"));
        format!("there is no '{key}'{help}")
    })
}

/// A folder's name for a combination.
fn label(parameters: &[(String, String)]) -> String {
    if parameters.is_empty() {
        return "base".to_owned();
    }
    let part = |(path, value): &(String, String)| format!("{}={value}", path.rsplit('.').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("."));
    let text = parameters.iter().map(part).collect::<Vec<_>>().join(",");
    text.chars().map(|c| if c.is_alphanumeric() || "=,.-_".contains(c) { c } else { '_' }).collect()
}

fn write_table(report: &SweepReport) -> Result<(), RunError> {
    let table = &report.table;
    let failed = |e: csv::Error| RunError::Io { path: table.clone(), source: std::io::Error::other(e) };
    let mut writer = csv::Writer::from_path(table).map_err(failed)?;
    let parameters: Vec<&str> = report.rows.first().map(|row| row.parameters.iter().map(|p| p.0.as_str()).collect()).unwrap_or_default();
    let figures = [
        "seed", "sim_seconds", "wall_s", "loaded", "inserted", "arrived", "running", "teleported", "mean_duration_s", "mean_time_loss_s",
        "mean_waiting_s", "mean_depart_delay_s", "mean_route_length_m", "mean_speed_mps", "walkers_loaded", "walkers_arrived",
        "walkers_running", "walkers_mean_duration_s", "state_hash", "dir",
    ];
    let head: Vec<&str> = ["scenario"].into_iter().chain(parameters).chain(figures).collect();
    writer.write_record(&head).map_err(failed)?;
    for row in &report.rows {
        let s = &row.summary;
        let maybe = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let mut cells = vec![row.scenario.clone()];
        cells.extend(row.parameters.iter().map(|p| p.1.clone()));
        cells.extend([s.seed.to_string(), s.sim_seconds.to_string(), s.wall_s.to_string()]);
        let v = &s.vehicles;
        cells.extend([v.loaded, v.inserted, v.arrived, v.running, v.teleported].map(|n| n.to_string()));
        let means = [s.mean_duration_s, s.mean_time_loss_s, s.mean_waiting_s, s.mean_depart_delay_s, s.mean_route_length_m, s.mean_speed_mps];
        cells.extend(means.map(maybe));
        cells.extend([s.walkers.loaded, s.walkers.arrived, s.walkers.running].map(|n| n.to_string()));
        cells.extend([maybe(s.walkers.mean_duration_s), s.state_hash.clone(), row.dir.display().to_string()]);
        writer.write_record(&cells).map_err(failed)?;
    }
    writer.flush().map_err(RunError::io(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let text = "version = 1\nname = \"a\"\n[base]\nstore = \"c.gpkg\"\n[time]\nstart = 0\nduration = 60\n\
                    [[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"od.csv\"\n\
                    [[edits]]\nobject = \"r\"\nproperty = \"speed_limit_mps\"\nold = 10\nnew = 5\n";
        Scenario::parse(text, "a.toml").unwrap()
    }

    #[test]
    fn parameters_reach_demands_edits_and_tables_that_were_not_there() {
        let (two, three) = (toml::Value::Float(2.0), toml::Value::Integer(3));
        let changed = change(&scenario(), &[("demand.cars.scale", &two), ("edits.1.new", &three), ("models.vehicles.step", &two)]).unwrap();
        assert_eq!(changed.demand[0].scale, 2.0);
        assert_eq!(changed.edits[0].new, qike_scene::edit::EditValue::Number(3.0));
        assert_eq!(changed.models.vehicles.unwrap().step, Some(2.0));
    }

    #[test]
    fn wrong_parameters_are_told() {
        let fault = |path: &str, value: toml::Value| change(&scenario(), &[(path, &value)]).unwrap_err();
        let faults = [
            fault("demand.car.scale", toml::Value::Float(2.0)),
            fault("demand.cars.scal", toml::Value::Float(2.0)),
            fault("demand.cars.scale", toml::Value::Float(-2.0)),
            fault("model.vehicles.step", toml::Value::Float(2.0)),
            fault("edits.2.new", toml::Value::Float(2.0)),
            fault("name.x", toml::Value::Float(2.0)),
        ];
        insta::assert_snapshot!(faults.join("\n"));
    }

    #[test]
    fn combinations_multiply() {
        let parameter = |path: &str, n: i64| Parameter { path: path.into(), values: (0..n).map(toml::Value::Integer).collect() };
        let list = [parameter("a", 2), parameter("b", 3)];
        let all = combinations(&list);
        assert_eq!(all.len(), 6);
        let text = |c: &Vec<(&str, &toml::Value)>| label(&c.iter().map(|(p, v)| ((*p).to_owned(), v.to_string())).collect::<Vec<_>>());
        assert_eq!(all.iter().map(text).collect::<Vec<_>>(), ["a=0,b=0", "a=0,b=1", "a=0,b=2", "a=1,b=0", "a=1,b=1", "a=1,b=2"]);
        assert_eq!(combinations(&[]).len(), 1);
    }
}
