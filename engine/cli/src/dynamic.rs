//! `qike assign X.sumocfg`: routes and runs in turn.

use crate::Done;
use crate::commands::assign;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::routes::Wanted;
use qike_core::{Diagnostic, Severity};
use qike_run::traffic::{Checkpoints, Equilibrium, EquilibriumOptions, ModelChoice, Swapping, TrafficOptions, equilibrate};
use serde_json::json;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Without --out, results go into a folder of that name beside the configuration.
const FOLDER: &str = "assigned";
/// A link interval of the last run, ms.
const LINKS_MS: i64 = 300_000;

/// Options that only scenarios have.
#[derive(clap::Args)]
#[command(next_help_heading = "For scenarios of SUMO (X.sumocfg)")]
pub struct Args {
    /// What runs it.
    #[arg(long, value_name = "MODEL", value_parser = ["lanes", "queues"])]
    model: Option<String>,
    /// Seconds of a period: in each an edge has one travel time. Without it 300.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    period: Option<u32>,
    /// Who changes to the quickest route: each with the share of time to be won as probability (gap), or one of n after the n-th
    /// run (averages).
    #[arg(long, value_name = "RULE", value_parser = ["gap", "averages"])]
    swap: Option<String>,
    /// This seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads to use; no result depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

impl Args {
    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [("--model", self.model.is_some()), ("--period", self.period.is_some()), ("--swap", self.swap.is_some()), ("--seed", self.seed.is_some()), ("--threads", self.threads.is_some())];
        given.into_iter().find(|(_, is)| *is).map(|(name, _)| name)
    }
}

/// Runs the command.
pub fn run(args: &assign::Args, output: &Output) -> Result<Done, Failure> {
    if let Some(trips) = &args.trips {
        return Err(Failure::usage(format!("{}: a configuration of SUMO names its trips itself", trips.display())));
    }
    let mut scenario = qike_import::sumo::read_scenario(&args.network, &output.feedback)?;
    let mut findings = std::mem::take(&mut scenario.findings);
    let out = args.out.clone().unwrap_or_else(|| args.network.with_file_name(FOLDER));
    std::fs::create_dir_all(&out).map_err(|e| Failure::new(format!("{} cannot be made: {e}", out.display())))?;
    let runs = TrafficOptions {
        model: match args.runs.model.as_deref() {
            Some("queues") => Some(ModelChoice::Queues),
            Some(_) => Some(ModelChoice::Lanes),
            None => None,
        },
        out: out.join("run"),
        source: args.network.display().to_string(),
        store: String::new(),
        seed: args.runs.seed,
        threads: args.runs.threads.map(|n| n as usize),
        until: None,
        track_interval_ms: 0,
        checkpoints: Checkpoints::default(),
        link_interval_ms: LINKS_MS,
    };
    let options = EquilibriumOptions {
        iterations: args.iterations.unwrap_or(20),
        gap: args.gap.unwrap_or(0.01),
        period_ms: i64::from(args.runs.period.unwrap_or(300)) * 1000,
        swapping: if args.runs.swap.as_deref() == Some("averages") { Swapping::Averages } else { Swapping::Gap },
    };
    let found = equilibrate(scenario, &options, &runs, &output.feedback)?;
    findings.extend(found.report.findings.iter().cloned());
    findings.extend(without(&found, &args.network));
    if !found.converged {
        let gap = found.steps.get(found.best).map_or(f64::NAN, |s| s.gap);
        findings.push(Diagnostic::warning("not-converged", format!("after {} runs the least relative gap is {gap:.4}, not {:.4}", found.steps.len(), options.gap)).help("give more --iterations"));
    }
    output.diagnostics(&findings);
    let routes = out.join("routes.rou.xml");
    write(&found, &out, &routes, output).map_err(|e| Failure::new(format!("{} cannot be written: {e}", out.display())))?;
    let document = json!({
        "out": out,
        "routes": routes,
        "iterations": found.steps.len(),
        "converged": found.converged,
        "gap": found.steps.get(found.best).map(|s| s.gap),
        "best_iteration": found.best + 1,
        "convergence": found.steps,
        "summary": found.report.summary,
        "findings": findings,
    });
    output.result(&document, || describe(&found, &routes))?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Those who have no way at all.
fn without(found: &Equilibrium, config: &Path) -> Option<Diagnostic> {
    let first = found.without.first()?;
    let places = qike_import::sumo::places_of(config, &[first.as_str()].into());
    let fault = Diagnostic::error("route-not-found", format!("{} vehicles have no way for their type, the first is '{first}'; they stay at home", found.without.len()));
    Some(match places.get(first) {
        Some((file, line)) => fault.file(file.clone()).line(*line),
        None => fault,
    })
}

fn write(found: &Equilibrium, out: &Path, routes: &Path, output: &Output) -> Result<(), Box<dyn std::error::Error>> {
    let file = BufWriter::with_capacity(1 << 20, File::create(routes)?);
    Wanted { scenario: &found.scenario, times: None, costs: false }.write(file, &output.feedback)?;
    let mut steps = csv::Writer::from_path(out.join("convergence.csv"))?;
    steps.write_record(["run", "relative_gap", "mean_route_s", "mean_duration_s", "arrived", "changing"])?;
    for s in &found.steps {
        let duration = s.mean_duration_s.map_or(String::new(), |d| d.to_string());
        steps.write_record([s.iteration.to_string(), s.gap.to_string(), s.mean_route_s.to_string(), duration, s.arrived.to_string(), s.changing.to_string()])?;
    }
    steps.flush()?;
    Ok(())
}

fn describe(found: &Equilibrium, routes: &Path) -> String {
    let mut rows = vec![["run", "relative gap", "mean route", "mean duration", "arrived", "change"].map(str::to_owned).to_vec()];
    for s in &found.steps {
        let duration = s.mean_duration_s.map_or("–".to_owned(), |d| format!("{d:.1} s"));
        rows.push(vec![s.iteration.to_string(), format!("{:.4}", s.gap), format!("{:.1} s", s.mean_route_s), duration, s.arrived.to_string(), s.changing.to_string()]);
    }
    format!("{}\nroutes of run {}: {}", table(&rows), found.best + 1, routes.display())
}
