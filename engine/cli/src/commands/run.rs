//! `qike run`: a scenario to a recording.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::traffic;
use qike_core::SimTime;
use qike_run::{RunError, RunOptions, RunReport};
use std::path::PathBuf;

/// Run a scenario: of Qike, or of SUMO or MATSim as it is.
///
/// Writes a run directory with summary.json, trips.parquet, links.parquet, tracks.parquet, events.parquet and the resolved
/// scenario; with several seeds, one such directory a seed. The same seed gives the same result for any number of threads.
///
/// A scenario of SUMO (its configuration) is run lane by lane. Outputs in SUMO's XML that it asks for itself are written into the
/// run directory. What it asks for and is not supported is listed, and the exit code is then 3. A configuration of MATSim is run in
/// the same way: the car legs of the plans that are selected in its file are driven once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike run demo/holiday.toml
  qike run demo/holiday-bridge-closed.toml --out runs/closed --seed 7
  qike run demo/holiday.toml --until 00:10:00 --threads 1 --json | jq .runs[0].summary.state_hash
  qike run bologna/bridge-closed.toml --out runs/closed  # its [base] store is 'run.sumocfg', its [[edits]] say what changes
  qike run equil/config.xml --out runs/equil
  qike run bologna/run.sumocfg --out runs/b --tripinfo-output trips.xml --edgedata-output edges.xml
  qike run bologna/run.sumocfg --out runs/q --model queues
  qike run bologna/run.sumocfg --out runs/h --lanes-inside \"200,300 900,300 900,800 200,800\"
  qike run bologna/run.sumocfg --out runs/h --lanes-inside centre.geojson
  qike run bologna/run.sumocfg --out runs/b --save-at 25500 --save-at 07:15:00
  qike run bologna/run.sumocfg --out runs/b2 --resume runs/b/checkpoint-25500.qike
  qike run bologna/closed-at-7.toml --out runs/closed  # its [base] has state = 'checkpoint-25500.qike': the edits hold from then on")]
pub struct Args {
    /// The scenario, or a configuration of SUMO or of MATSim.
    #[arg(value_name = "SCENARIO.toml|X.sumocfg|config.xml")]
    scenario: PathBuf,
    /// The run directory; without it, NAME-run beside the scenario.
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run this seed only.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads to use; no result depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Simulate only so long: seconds, or HH:MM:SS.
    #[arg(long, value_name = "S")]
    until: Option<String>,
    #[command(flatten)]
    sumo: traffic::Args,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let until = args.until.as_deref().map(|text| text.parse::<SimTime>().map_err(|e| Failure::usage(format!("--until: {e}")))).transpose()?;
    if until.is_some_and(|t| t <= SimTime::ZERO) {
        return Err(Failure::usage("--until: there is nothing to simulate"));
    }
    if traffic::is_configuration(&args.scenario) {
        let out = args.out.clone().unwrap_or_else(|| qike_run::default_out(&args.scenario));
        let common = traffic::Common { path: &args.scenario, out, seed: args.seed, threads: args.threads.map(|n| n as usize), until };
        return traffic::run(&common, None, &args.sumo, output);
    }
    if let Some(what_if) = traffic::what_if(&args.scenario)? {
        let path = qike_run::folder(&args.scenario).join(&what_if.base.store);
        let seed = match (args.seed, &what_if.seeds[..]) {
            (Some(seed), _) | (None, &[seed]) => Some(seed),
            (None, []) => None,
            (None, _) => return Err(Failure::usage(format!("{}: several seeds of a scenario of SUMO are several runs", args.scenario.display())).help("run it once for each, with --seed and --out")),
        };
        let out = args.out.clone().unwrap_or_else(|| qike_run::default_out(&args.scenario));
        let common = traffic::Common { path: &path, out, seed, threads: args.threads.map(|n| n as usize), until };
        return traffic::run(&common, Some((&what_if, &args.scenario)), &args.sumo, output);
    }
    if let Some(option) = args.sumo.given() {
        let message = format!("{option}: {} is no configuration of SUMO or MATSim", args.scenario.display());
        return Err(Failure::usage(message).help("a scenario of Qike says in its [output] what is recorded"));
    }
    let options = RunOptions { out: args.out.clone(), seed: args.seed, threads: args.threads.map(|n| n as usize), until };
    let report = qike_run::run(&args.scenario, &options, &output.feedback)?;
    output.warnings(&report.warnings);
    output.result(&report, || describe(&report))?;
    Ok(Done::Wholly)
}

fn describe(report: &RunReport) -> String {
    let mut rows = vec![["run", "simulated", "wall", "vehicles arrived", "on their way", "mean duration", "mean loss", "mean speed"].map(str::to_owned).to_vec()];
    for r in &report.runs {
        let s = &r.summary;
        let mean = |value: Option<f64>, unit: &str| value.map_or("–".to_owned(), |v| format!("{v:.1} {unit}"));
        rows.push(vec![
            format!("seed {}", r.seed),
            format!("{:.0} s", s.sim_seconds),
            format!("{:.1} s", s.wall_s),
            format!("{} of {}", s.vehicles.arrived, s.vehicles.loaded),
            s.vehicles.running.to_string(),
            mean(s.mean_duration_s, "s"),
            mean(s.mean_time_loss_s, "s"),
            mean(s.mean_speed_mps, "m/s"),
        ]);
    }
    format!("{}\n{}", table(&rows), report.out.display())
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Usage(message) => Failure::usage(message),
            RunError::Scenario(mut error) => {
                let help = error.help.take();
                Failure { help, ..Failure::new(error) }
            }
            other => Failure::new(other),
        }
    }
}
