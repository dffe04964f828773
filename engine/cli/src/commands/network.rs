//! `qike network`: pipes and cables as networks, and traces through them.

use crate::Done;
use crate::failure::Failure;
use crate::input::{self, Input};
use crate::output::{Output, table};
use qike_core::Diagnostic;
use qike_network::utility::{CheckOptions, Element, UtilityCounts, check};
use qike_network::{Direction, RoadCheckOptions, UtilityNetwork, UtilityOptions, check_roads};
use qike_scene::{Class, SceneSnapshot};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Show the networks of pipes and cables, or trace what lies upstream or downstream of an element.
///
/// The networks are derived from the objects of class UtilityNetworkElement: joined by the ids they name, else where ends meet.
/// Flow runs from a line's first node to its last; in a pressure network that is only the direction in which flow counts as
/// positive. Joints whose direction is not known are followed both ways.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike network city.gpkg
  qike network sewer.inp --downstream sewer/node/J3
  qike network city.gpkg --upstream 'pipe:42' --json | jq -r '.trace[].id'")]
pub struct Args {
    /// A store, or a source file of a known kind.
    #[arg(value_name = "CITY.gpkg|FILE")]
    path: PathBuf,
    /// What feeds the element with this id.
    #[arg(long, value_name = "ID", conflicts_with = "downstream")]
    upstream: Option<String>,
    /// Where that which leaves the element with this id goes.
    #[arg(long, value_name = "ID")]
    downstream: Option<String>,
    /// Ends of lines no further apart than this are joined.
    #[arg(long, value_name = "METRES", default_value_t = UtilityOptions::default().tolerance_m, value_parser = metres)]
    tolerance: f64,
    /// The CRS of a source file that does not say it.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
}

fn metres(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|m: &f64| m.is_finite() && *m >= 0.0).ok_or_else(|| "write metres, 0 or more".to_owned())
}

/// Counts of pipes and cables, as `qike info` shows them too.
#[derive(Serialize)]
pub struct Utilities {
    #[serde(flatten)]
    all: UtilityCounts,
    by_kind: BTreeMap<&'static str, UtilityCounts>,
}

#[derive(Serialize)]
struct Report {
    utilities: Utilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<Step>>,
}

/// An object of a trace.
#[derive(Serialize)]
struct Step {
    id: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diameter_m: Option<f64>,
    length_m: f64,
    position: Option<[f64; 3]>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let scene = match input::open(&args.path, args.source_crs.as_deref(), output)? {
        Input::Store(store) => store.snapshot(&output.feedback)?,
        Input::Source(source) => {
            output.diagnostics(&source.diagnostics);
            source.snapshot
        }
    };
    let network = UtilityNetwork::from_scene(&scene, &UtilityOptions { tolerance_m: args.tolerance, ..UtilityOptions::default() });
    let asked = args.upstream.as_deref().map(|id| (id, Direction::Upstream)).or(args.downstream.as_deref().map(|id| (id, Direction::Downstream)));
    let trace = asked.map(|(id, direction)| trace(&scene, &network, id, direction)).transpose()?;
    let report = Report { utilities: Utilities::counted(&network), trace };
    output.result(&report, || describe(&report))?;
    Ok(Done::Wholly)
}

fn trace(scene: &SceneSnapshot, network: &UtilityNetwork, id: &str, direction: Direction) -> Result<Vec<Step>, Failure> {
    let Some(start) = network.find(id) else {
        let failure = match scene.find(id) {
            Some(ix) => Failure::new(format!("'{id}' is a {}, no part of a network", scene.get(ix).class)),
            None => Failure::new(format!("there is no object '{id}'")),
        };
        let ids = network.elements.iter().filter_map(|e| e.object.as_ref().map(|o| o.as_str()));
        let near = ids.map(|other| (strsim::jaro_winkler(id, other), other)).filter(|(l, _)| *l > 0.7);
        return Err(match near.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))) {
            Some((_, near)) => failure.help(format!("did you mean '{near}'?")),
            None => failure.help("an element is an object of class UtilityNetworkElement"),
        });
    };
    let step = |e: &Element| {
        let id = e.object.as_ref()?.as_str().to_owned();
        Some(Step { id, kind: e.kind.name(), function: e.function.clone(), diameter_m: e.diameter_m, length_m: e.length_m, position: e.position })
    };
    let reached = network.trace(start, direction);
    Ok(reached.into_iter().filter_map(|i| step(network.elements.get(i as usize)?)).collect())
}

/// Classes whose objects networks are derived from.
pub const CLASSES: [Class; 5] = [Class::Road, Class::Track, Class::CityFurniture, Class::UtilityNetwork, Class::UtilityNetworkElement];

/// The findings about the networks of a scene: pipes and cables, then roads.
pub fn faults(scene: &SceneSnapshot) -> Vec<Diagnostic> {
    let mut faults = check(&UtilityNetwork::from_scene(scene, &UtilityOptions::default()), &CheckOptions::default());
    faults.extend(check_roads(scene, &RoadCheckOptions::default()));
    faults
}

impl Utilities {
    /// Of a scene; `None` where it has no pipes and cables.
    pub fn of(scene: &SceneSnapshot) -> Option<Self> {
        let network = UtilityNetwork::from_scene(scene, &UtilityOptions::default());
        (!network.is_empty()).then(|| Self::counted(&network))
    }

    fn counted(network: &UtilityNetwork) -> Self {
        Self { all: network.counts(), by_kind: network.by_kind() }
    }

    /// A line for each kind.
    pub fn describe(&self) -> String {
        let line = |name: &str, c: &UtilityCounts| {
            let (km, parts) = (c.length_m / 1000.0, if c.components == 1 { "part" } else { "parts" });
            format!("pipes    {name}: {} lines ({km:.2} km), {} nodes, {} {parts}, {} loose ends\n", c.pipes, c.nodes, c.components, c.loose_ends)
        };
        self.by_kind.iter().map(|(kind, counts)| line(kind, counts)).collect()
    }
}

fn describe(report: &Report) -> String {
    let mut text = report.utilities.describe();
    let Some(trace) = &report.trace else {
        return if text.is_empty() { "no pipes and no cables".to_owned() } else { text.trim_end().to_owned() };
    };
    let mut rows = vec![["id", "kind", "function", "diameter", "length"].map(str::to_owned).to_vec()];
    for step in trace {
        let metres = |m: f64| if m > 0.0 { format!("{m:.2} m") } else { String::new() };
        let diameter = step.diameter_m.map(|d| format!("{d:.3} m")).unwrap_or_default();
        rows.push(vec![step.id.clone(), step.kind.into(), step.function.clone().unwrap_or_default(), diameter, metres(step.length_m)]);
    }
    let length: f64 = trace.iter().map(|s| s.length_m).sum();
    text += &format!("\n{}\n{} elements, {:.2} km", table(&rows), trace.len(), length / 1000.0);
    text
}
