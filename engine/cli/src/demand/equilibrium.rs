//! Static equilibrium of matrices on a network of SUMO.

use super::{network, od, span};
use crate::Done;
use crate::commands::assign::{Args as Command, describe, lost, steps};
use crate::failure::Failure;
use crate::output::Output;
use qike_assign::{Assignment, Goal, Method, assign};
use qike_core::{Diagnostic, Severity};
use qike_demand::{Capacities, RoadLinks, road_links};
use qike_scene::traffic::{OdMatrix, RoadUsers, TrafficScenario, TripTable};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An hour, ms.
const HOUR_MS: f64 = 3_600_000.0;

/// Options of matrices on a network of SUMO.
#[derive(clap::Args)]
#[command(next_help_heading = "Matrices on a network of SUMO (X.net.xml)")]
pub struct Args {
    /// Matrices of trips between zones: all forms that `qike demand` reads.
    #[arg(long, value_name = "MATRIX", num_args = 1..)]
    pub od: Vec<PathBuf>,
    /// Zones (tazs).
    #[arg(long, value_name = "ZONES.xml", num_args = 1.., requires = "od")]
    pub taz: Vec<PathBuf>,
    /// Trips from then on: seconds, h:m or h:m:s. Without it from the first interval of the matrices on.
    #[arg(long, value_name = "TIME", requires = "od")]
    begin: Option<String>,
    /// Trips before then. Without it to the end of the last interval.
    #[arg(long, value_name = "TIME", requires = "od")]
    end: Option<String>,
    /// All counts times this.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
    /// Vehicles that pass a lane in an hour of green; who gives way passes at half of it.
    #[arg(long, value_name = "N", default_value_t = 1900.0)]
    saturation: f64,
    /// Factor and exponent of time over flow: free time × (1 + factor × (flow / capacity)^exponent).
    #[arg(long, value_name = "FACTOR,EXPONENT", default_value = "0.15,4", value_parser = function)]
    bpr: [f64; 2],
}

fn function(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
    let both = text.split_once(',').and_then(|(a, b)| Some([number(a)?, number(b)?]));
    both.ok_or_else(|| format!("'{text}' is no pair of numbers like 0.15,4"))
}

/// Trips an hour between zones, of the part of each cell that lies in the span, and from when to when.
fn rates(matrix: &OdMatrix, span: (i64, i64), scale: f64) -> Result<(TripTable, (i64, i64), f64), Failure> {
    let within = |c: &&qike_scene::traffic::OdCell| c.begin_ms < span.1 && c.end_ms > span.0;
    let first = matrix.cells.iter().filter(within).map(|c| c.begin_ms).min();
    let last = matrix.cells.iter().filter(within).map(|c| c.end_ms).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Failure::new("the matrices have no trips in that time").help("look at --begin and --end"));
    };
    let (begin, end) = (first.max(span.0), last.min(span.1));
    let hours = (end - begin) as f64 / HOUR_MS;
    let mut sums: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for c in matrix.cells.iter().filter(within) {
        let part = (c.end_ms.min(end) - c.begin_ms.max(begin)).max(0) as f64 / (c.end_ms - c.begin_ms) as f64;
        *sums.entry((c.from, c.to)).or_default() += c.count * part * scale / hours;
    }
    let inside: f64 = sums.iter().filter(|((a, b), _)| a == b).map(|(_, n)| n * hours).sum();
    let trips = sums.into_iter().filter(|((a, b), n)| a != b && *n > 0.0).map(|((a, b), n)| (a, b, n)).collect();
    Ok((TripTable { trips }, (begin, end), inside))
}

/// Runs the command.
pub fn run(command: &Command, output: &Output) -> Result<Done, Failure> {
    let args = &command.matrices;
    for (name, value) in [("--scale", args.scale), ("--saturation", args.saturation)] {
        if !value.is_finite() || value <= 0.0 {
            return Err(Failure::usage(format!("{name}: {value} is no number above 0")));
        }
    }
    if let Some(trips) = &command.trips {
        return Err(Failure::usage(format!("{}: trips between zones are in the matrices (--od)", trips.display())));
    }
    let span = span(args.begin.as_deref(), args.end.as_deref())?;
    let mut scenario = network(&command.network, &args.taz, output)?;
    let mut findings = std::mem::take(&mut scenario.findings);
    let matrix = od::matrices(&args.od, &scenario, &mut findings, output)?;
    let (trips, (begin, end), inside) = rates(&matrix, span, args.scale)?;
    if inside > 0.0 {
        findings.push(Diagnostic::info("trips-inside", format!("{inside:.0} trips stay in their zone and are not assigned")));
    }
    let started = Instant::now();
    let links = road_links(&scenario.map, &scenario.extras.zones, RoadUsers::PASSENGER, &Capacities { saturation_per_h: args.saturation, bpr: args.bpr, ..Capacities::default() });
    let goal = Goal { gap: command.gap.unwrap_or(1e-6), iterations: command.iterations.unwrap_or(5000) };
    let method = if command.method == "bfw" { Method::Bfw } else { Method::Bushes };
    let result = assign(&links.network, &trips, method, &goal, &output.feedback).map_err(Failure::new)?;
    let seconds = started.elapsed().as_secs_f64();
    findings.extend(lost(&links.network, &result, args.od.first().map_or(Path::new(""), PathBuf::as_path)));
    if !result.converged {
        let gap = result.steps.last().map_or(f64::NAN, |s| s.gap);
        findings.push(Diagnostic::warning("not-converged", format!("after {} iterations the relative gap is {gap:.3e}, not {:.3e}", result.steps.len(), goal.gap)).help("give more --iterations"));
    }
    output.diagnostics(&findings);
    if let Some(out) = &command.out {
        write(out, &scenario, &links, &result).map_err(|e| Failure::new(format!("{} cannot be written: {e}", out.display())))?;
    }
    let last = result.steps.last();
    let loaded = links.edges.iter().zip(&result.flows).zip(&links.network.links).filter(|((e, _), _)| e.is_some());
    let over = loaded.filter(|((_, flow), link)| **flow > link.capacity).count();
    let document = json!({
        "edges": links.edges.iter().flatten().count(),
        "zones": scenario.extras.zones.len(),
        "begin_s": begin as f64 / 1000.0,
        "end_s": end as f64 / 1000.0,
        "trips_per_h": trips.total(),
        "method": command.method,
        "iterations": result.steps.len(),
        "converged": result.converged,
        "gap": last.map(|s| s.gap),
        "objective": last.map(|s| s.objective),
        "mean_s": last.filter(|_| trips.total() > 0.0).map(|s| s.total / trips.total()),
        "edges_over_capacity": over,
        "wall_s": seconds,
        "out": command.out,
        "findings": findings,
    });
    output.result(&document, || {
        let mean = last.filter(|_| trips.total() > 0.0).map_or(0.0, |s| s.total / trips.total());
        format!("{:.0} trips an hour take {mean:.1} s on average; {over} edges are over capacity\n{}", trips.total(), describe(&links.network, &result, seconds))
    })?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Writes links.csv, with each edge's line as WKT in the system of the map, and convergence.csv.
fn write(out: &Path, scenario: &TrafficScenario, links: &RoadLinks, result: &Assignment) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(out)?;
    let map = &scenario.map;
    let offset = map.location.as_ref().map_or([0.0; 2], |l| l.1);
    let mut table = csv::Writer::from_path(out.join("links.csv"))?;
    table.write_record(["edge", "from", "to", "lanes", "length_m", "flow_per_h", "capacity_per_h", "saturation", "time_s", "free_s", "wkt"])?;
    for (((edge, link), flow), cost) in links.edges.iter().zip(&links.network.links).zip(&result.flows).zip(&result.costs) {
        let Some(edge) = edge.and_then(|e| map.edges.get(e as usize)) else { continue };
        let junction = |n: Option<u32>| n.and_then(|n| map.junctions.get(n as usize)).map_or("", |j| j.id.as_str());
        let shape = edge.lanes.clone().next().and_then(|l| map.lanes.get(l as usize)).map(|l| &l.shape[..]).unwrap_or_default();
        let points = shape.iter().map(|p| format!("{:.2} {:.2}", p[0] + offset[0], p[1] + offset[1])).collect::<Vec<_>>().join(", ");
        let numbers = [link.length, *flow, link.capacity, flow / link.capacity, *cost, link.free].map(|v| format!("{}", (v * 10_000.0).round() / 10_000.0));
        let lanes = edge.lanes.len().to_string();
        let wkt = format!("LINESTRING ({points})");
        table.write_record([edge.id.as_str(), junction(edge.from), junction(edge.to), &lanes].into_iter().chain(numbers.iter().map(String::as_str)).chain([wkt.as_str()]))?;
    }
    table.flush()?;
    steps(out, result)
}
