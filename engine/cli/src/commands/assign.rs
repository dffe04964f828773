//! `qike assign`: which ways trips take when nobody can do better by another one: on a network of links (static), or in runs of a
//! traffic scenario (dynamic, [`crate::dynamic`]).

use crate::Done;
use crate::demand::equilibrium;
use crate::dynamic;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_assign::{Assignment, Goal, Method, assign};
use qike_core::{Diagnostic, Severity};
use qike_import::formats::tntp::{self, Factors};
use qike_scene::traffic::LinkNetwork;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Assign trips to a network, so that nobody has a quicker way: statically, or in runs of a scenario of SUMO.
///
/// Reads a network and trips in the TNTP format, finds the flows at which nobody has a cheaper way (to a relative gap), and writes
/// with --out DIR the files links.csv (flow and cost of each link) and convergence.csv (each iteration's gap and objective).
///
/// Of a network of SUMO with matrices of origins and destinations (--od, --taz), links are its edges and turns: capacities are those of
/// lanes, green times and right of way; trips may begin and end on any edge of their zones. links.csv then has each edge's line as WKT.
///
/// Of a scenario of SUMO, routes are found and the scenario is run in turn: by each run's travel times some of those who have a
/// quicker route change to it. --out DIR then holds routes.rou.xml (the routes of the run with the least gap), convergence.csv and
/// the last run.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike assign SiouxFalls_net.tntp SiouxFalls_trips.tntp --gap 1e-6 --out sioux
  qike assign Anaheim_net.tntp Anaheim_trips.tntp --method bfw --gap 1e-4
  qike assign ChicagoSketch_net.tntp ChicagoSketch_trips.tntp --toll-factor 0.02 --distance-factor 0.04 --json | jq .objective
  qike assign city.net.xml --od am.fma --taz zones.taz.xml --begin 7:00 --end 8:00 --out am
  qike assign city.sumocfg --model queues --iterations 20 --gap 0.01 --out city-assigned")]
pub struct Args {
    /// The network, or a configuration of SUMO.
    #[arg(value_name = "NET.tntp|X.net.xml|X.sumocfg")]
    pub network: PathBuf,
    /// The trips on a network.
    #[arg(value_name = "TRIPS.tntp")]
    pub trips: Option<PathBuf>,
    /// Stop at this relative gap; without it 1e-6, of a scenario 0.01.
    #[arg(long, value_name = "GAP")]
    pub gap: Option<f64>,
    /// Stop after so many iterations; without it 5000, of a scenario 20.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub iterations: Option<u32>,
    /// How it is found: bushes goes to any gap, bfw (bi-conjugate Frank-Wolfe) needs least memory.
    #[arg(long, value_name = "METHOD", default_value = "bushes", value_parser = ["bushes", "bfw"])]
    pub method: String,
    /// What a unit of toll costs, in the unit of free costs.
    #[arg(long, value_name = "COST", default_value_t = 0.0)]
    toll_factor: f64,
    /// What a unit of length costs.
    #[arg(long, value_name = "COST", default_value_t = 0.0)]
    distance_factor: f64,
    /// Write links.csv and convergence.csv into this folder.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Of a network of SUMO: its matrices.
    #[command(flatten)]
    pub matrices: equilibrium::Args,
    /// Of a scenario: what runs it.
    #[command(flatten)]
    pub runs: dynamic::Args,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let gap = args.gap.unwrap_or(1e-6);
    for (name, value) in [("--gap", gap), ("--toll-factor", args.toll_factor), ("--distance-factor", args.distance_factor)] {
        if !value.is_finite() || value < 0.0 {
            return Err(Failure::usage(format!("{name}: {value} is no number of 0 or more")));
        }
    }
    if !args.matrices.od.is_empty() {
        if let Some(option) = args.runs.given() {
            return Err(Failure::usage(format!("{option}: matrices are assigned without runs")));
        }
        return equilibrium::run(args, output);
    }
    if crate::traffic::is_configuration(&args.network) {
        return dynamic::run(args, output);
    }
    let Some(trips_file) = &args.trips else {
        return Err(Failure::usage("TRIPS.tntp is missing").help("a network is assigned with its trips; a configuration of SUMO (X.sumocfg) names its own"));
    };
    if let Some(option) = args.runs.given() {
        return Err(Failure::usage(format!("{option}: {} is no configuration of SUMO", args.network.display())));
    }
    let method = if args.method == "bfw" { Method::Bfw } else { Method::Bushes };
    let (network, mut findings) = tntp::read_network(&args.network, &Factors { toll: args.toll_factor, distance: args.distance_factor })?;
    let (trips, more) = tntp::read_trips(trips_file, &network)?;
    findings.extend(more);
    let started = Instant::now();
    let goal = Goal { gap, iterations: args.iterations.unwrap_or(5000) };
    let result = assign(&network, &trips, method, &goal, &output.feedback).map_err(Failure::new)?;
    let seconds = started.elapsed().as_secs_f64();
    findings.extend(lost(&network, &result, trips_file));
    if !result.converged {
        let message = format!("after {} iterations the relative gap is {:.3e}, not {:.3e}", result.steps.len(), result.steps.last().map_or(f64::NAN, |s| s.gap), gap);
        findings.push(Diagnostic::warning("not-converged", message).help("give more --iterations, or use --method bushes"));
    }
    output.diagnostics(&findings);
    if let Some(out) = &args.out {
        write(out, &network, &result).map_err(|e| Failure::new(format!("{} cannot be written: {e}", out.display())))?;
    }
    let last = result.steps.last();
    let document = json!({
        "nodes": network.nodes,
        "zones": network.zones,
        "links": network.links.len(),
        "trips": trips.total(),
        "method": args.method,
        "iterations": result.steps.len(),
        "converged": result.converged,
        "gap": last.map(|s| s.gap),
        "objective": last.map(|s| s.objective),
        "total_cost": last.map(|s| s.total),
        "wall_s": seconds,
        "convergence": result.steps.iter().map(|s| json!({ "iteration": s.iteration, "gap": s.gap, "objective": s.objective, "total_cost": s.total })).collect::<Vec<_>>(),
        "out": args.out,
        "findings": findings,
    });
    output.result(&document, || describe(&network, &result, seconds))?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Trips for which there is no way.
pub fn lost(network: &LinkNetwork, result: &Assignment, trips: &Path) -> Option<Diagnostic> {
    let (from, to, _) = result.unreached.first()?;
    let sum: f64 = result.unreached.iter().map(|t| t.2).sum();
    let message = format!("{sum} trips between {} pairs of zones have no way, the first from {} to {}; they are left out", result.unreached.len(), network.name(*from), network.name(*to));
    Some(Diagnostic::error("no-way", message).file(trips.display().to_string()))
}

pub fn describe(network: &LinkNetwork, result: &Assignment, seconds: f64) -> String {
    let mut rows = vec![["iteration", "relative gap", "objective", "cost of all trips"].map(str::to_owned).to_vec()];
    // The first ten, then each tenth of the way, and the last.
    let (count, each) = (result.steps.len(), (result.steps.len() / 10).max(1));
    for (n, step) in result.steps.iter().enumerate().filter(|(n, _)| *n < 10 || n % each == 0 || n + 1 == count) {
        rows.push(vec![(n + 1).to_string(), format!("{:.3e}", step.gap), format!("{:.6}", step.objective), format!("{:.6}", step.total)]);
    }
    format!("{} links, {} iterations in {seconds:.2} s\n{}", network.links.len(), count, table(&rows))
}

/// Flows and the way to them.
fn write(out: &Path, network: &LinkNetwork, result: &Assignment) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(out)?;
    let mut links = csv::Writer::from_path(out.join("links.csv"))?;
    links.write_record(["from", "to", "flow", "cost", "free_cost", "capacity"])?;
    for ((link, flow), cost) in network.links.iter().zip(&result.flows).zip(&result.costs) {
        let numbers = [*flow, *cost, link.free + link.fixed, link.capacity].map(|v| v.to_string());
        links.write_record([network.name(link.from), network.name(link.to)].into_iter().chain(numbers))?;
    }
    links.flush()?;
    steps(out, result)
}

/// Writes convergence.csv.
pub fn steps(out: &Path, result: &Assignment) -> Result<(), Box<dyn std::error::Error>> {
    let mut steps = csv::Writer::from_path(out.join("convergence.csv"))?;
    steps.write_record(["iteration", "relative_gap", "objective", "total_cost"])?;
    for s in &result.steps {
        steps.write_record([s.iteration.to_string(), s.gap.to_string(), s.objective.to_string(), s.total.to_string()])?;
    }
    steps.flush()?;
    Ok(())
}
