//! `qike routes`: the quickest ways for trips, written as SUMO's `rou.xml`.

use crate::Done;
use crate::failure::Failure;
use crate::output::Output;
use crate::routes::{Found, Wanted};
use qike_core::Severity;
use qike_scene::traffic::{EdgeTimes, TrafficScenario};
use serde_json::json;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Find routes for trips on a network of SUMO, and write them as routes that SUMO runs.
///
/// Trips and flows between edges, junctions or zones get the quickest way for their type of vehicle: by free speeds, or by the
/// travel times of a file of weights (edgeData with traveltime; the last interval lasts). Ways over junctions count; who gives way
/// pays 1.5 s, who turns back 5 s, as in SUMO's duarouter. Vehicles that have routes keep them. A trip that cannot be driven is
/// told with its file and line, and left out; the exit code is then 3.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike routes city.sumocfg --out city.rou.xml
  qike routes --net city.net.xml --trips am.trips.xml --out am.rou.xml
  qike routes --net city.net.xml --additional zones.add.xml --trips am.trips.xml --out am.rou.xml --weights edges.xml --costs
  qike routes --net city.net.xml --trips am.trips.xml --out am.rou.xml --json | jq .mean_seconds")]
pub struct Args {
    /// A configuration of SUMO, which names network, additional files and trips.
    #[arg(value_name = "X.sumocfg", required_unless_present = "net", conflicts_with_all = ["net", "trips", "additional"])]
    config: Option<PathBuf>,
    /// The network.
    #[arg(long, value_name = "X.net.xml", requires = "trips")]
    net: Option<PathBuf>,
    /// Files of trips, flows, vehicles and their types.
    #[arg(long, value_name = "T.xml", num_args = 1.., requires = "net")]
    trips: Vec<PathBuf>,
    /// Additional files: types, stops, zones.
    #[arg(long, value_name = "A.xml", num_args = 1.., requires = "net")]
    additional: Vec<PathBuf>,
    /// The file to write.
    #[arg(long, short, value_name = "OUT.rou.xml")]
    out: PathBuf,
    /// Travel times of edges by interval (edgeData with traveltime).
    #[arg(long, value_name = "EDGES.xml")]
    weights: Option<PathBuf>,
    /// Write the seconds that each route takes (the attribute cost).
    #[arg(long)]
    costs: bool,
}

/// Reads what the trips are on.
fn read(args: &Args, output: &Output) -> Result<TrafficScenario, Failure> {
    let feedback = &output.feedback;
    let Some(net) = &args.net else {
        let config = args.config.as_deref().unwrap_or(Path::new(""));
        return Ok(qike_import::sumo::read_scenario(config, feedback)?);
    };
    let mut scenario = qike_import::sumo::read_net(net, feedback)?;
    for file in &args.additional {
        qike_import::sumo::read_additionals(file, &mut scenario, feedback)?;
    }
    for file in &args.trips {
        qike_import::sumo::read_routes(file, &mut scenario, feedback)?;
    }
    Ok(scenario)
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let inputs = args.config.iter().chain(&args.net).chain(&args.trips).chain(&args.additional).chain(&args.weights);
    for input in inputs {
        if same(input, &args.out) {
            return Err(Failure::usage(format!("--out: {} is read, too; it would be written over", args.out.display())));
        }
    }
    let started = Instant::now();
    let mut scenario = read(args, output)?;
    let mut findings = std::mem::take(&mut scenario.findings);
    let times = match &args.weights {
        Some(file) => {
            let (times, faults) = qike_import::sumo::read_edge_times(file, &scenario, &output.feedback)?;
            findings.extend(faults);
            Some(times)
        }
        None => None::<EdgeTimes>,
    };
    let read_s = started.elapsed().as_secs_f64();
    let files: Vec<&Path> = args.config.iter().chain(&args.trips).map(PathBuf::as_path).collect();
    let wanted = Wanted { scenario: &scenario, times: times.as_ref(), costs: args.costs };
    let file = File::create(&args.out).map_err(|e| Failure::new(format!("{} cannot be written: {e}", args.out.display())))?;
    let found = wanted.write(BufWriter::with_capacity(1 << 20, file), &output.feedback).map_err(|e| Failure::new(format!("{} cannot be written: {e}", args.out.display())))?;
    findings.extend(found.faults(&files));
    output.diagnostics(&findings);
    let Found { with_route, found: new, without, seconds, .. } = &found;
    let mean = if *new > 0 { Some(seconds / *new as f64) } else { None };
    let document = json!({
        "out": args.out,
        "routes_found": new,
        "routes_kept": with_route,
        "without_route": without.len(),
        "seconds": seconds,
        "mean_seconds": mean,
        "read_s": read_s,
        "wall_s": started.elapsed().as_secs_f64(),
        "findings": findings,
    });
    output.result(&document, || {
        let mean = mean.map_or(String::new(), |m| format!(", {m:.1} s on average"));
        let kept = if *with_route > 0 { format!("; {with_route} had one") } else { String::new() };
        let without = if without.is_empty() { String::new() } else { format!("; {} have none", without.len()) };
        format!("{new} routes found{mean}{kept}{without}\n{}", args.out.display())
    })?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Two names of one file.
pub fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
