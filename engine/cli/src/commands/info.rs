//! `qike info`: what a store, a source file or a recording holds.

use crate::Done;
use crate::failure::Failure;
use crate::commands::network::Utilities;
use crate::input::{self, Input};
use crate::output::{Output, table};
use qike_network::{LaneNetwork, NetworkOptions};
use qike_import::Place;
use qike_scene::{SceneSnapshot, Value};
use qike_store::Info;
use serde::Serialize;
use std::path::PathBuf;

/// Count what a store, a source file or a run directory holds.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike info demo/city.gpkg
  qike info --json building.ifc | jq .objects.by_class
  qike info --json city.gpkg | jq '.sources[].about.metadata.title'")]
pub struct Args {
    /// A store, a source file of a known kind, or a run directory.
    #[arg(value_name = "CITY.gpkg|FILE|RUN")]
    path: PathBuf,
    /// The CRS of a source file that does not say it.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// Where the point (0, 0, 0) of an IFC model stands, whatever its file says (as for `qike import`).
    #[arg(long, value_name = "LON,LAT[,HEIGHT[,NORTH]]", allow_hyphen_values = true)]
    place: Option<Place>,
    /// The store as it was on that day, or at that moment in UTC (2024-05-01T08:30:00Z).
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

/// Sources whose words about themselves are in the text, and how much of each.
const SHOWN: usize = 5;
const LINE: usize = 100;

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    info: Info,
    network: Network,
    /// What building models say of their place, and which of it is used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    georeferencing: Vec<Georeferencing>,
    /// Pipes and cables, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    utilities: Option<Utilities>,
}

/// What is said of one model's place.
#[derive(Serialize)]
struct Georeferencing {
    /// The object that carries it: the model's first, as a rule its site.
    object: String,
    statements: Value,
}

/// Size of the lane network that the roads make.
#[derive(Default, Serialize)]
struct Network {
    nodes: usize,
    links: usize,
    lanes: usize,
    signals: usize,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    if let Some(done) = crate::recording::info(&args.path, output) {
        return done;
    }
    let (info, network, georeferencing, utilities) = match match &args.as_of {
        Some(_) => Input::Store(crate::past::open(&args.path, args.as_of.as_deref(), output)?),
        None => input::open_at(&args.path, args.source_crs.as_deref(), args.place, output)?,
    } {
        Input::Store(store) => {
            let snapshot = store.snapshot(&output.feedback)?;
            (store.info()?, network(&snapshot)?, georeferencing(&snapshot), Utilities::of(&snapshot))
        }
        Input::Source(source) => {
            output.diagnostics(&source.diagnostics);
            (source.info(), network(&source.snapshot)?, georeferencing(&source.snapshot), Utilities::of(&source.snapshot))
        }
    };
    let report = Report { info, network, georeferencing, utilities };
    output.result(&report, || describe(&report))?;
    Ok(Done::Wholly)
}

fn georeferencing(scene: &SceneSnapshot) -> Vec<Georeferencing> {
    let told = scene.objects().iter().filter_map(|o| Some((o, o.attributes.get("georeferencing").filter(|v| v.is_array())?)));
    told.map(|(object, statements)| Georeferencing { object: object.id.to_string(), statements: statements.clone() }).collect()
}

fn network(scene: &SceneSnapshot) -> Result<Network, Failure> {
    if scene.of_class(qike_scene::Class::Road).is_empty() {
        return Ok(Network::default());
    }
    let net = LaneNetwork::from_scene(scene, &NetworkOptions::default()).map_err(Failure::new)?;
    Ok(Network { nodes: net.nodes.len(), links: net.links.len(), lanes: net.lanes.len(), signals: net.programs.len() })
}

fn describe(report: &Report) -> String {
    let Report { info, network, georeferencing, utilities } = report;
    let mut text = format!("CRS      {} ({})\n", info.crs, info.crs_name);
    if let Some([x, y, z, xx, yy, zz]) = info.bounds {
        text += &format!("bounds   {x:.1} … {xx:.1} east, {y:.1} … {yy:.1} north, {z:.1} … {zz:.1} up\n");
    }
    text += &format!("network  {} nodes, {} links, {} lanes, {} signals\n", network.nodes, network.links, network.lanes, network.signals);
    if let Some(utilities) = utilities {
        text += &utilities.describe();
    }
    text += &format!("series   {}\n\n", info.series);
    for model in georeferencing {
        let mut rows = vec![["place by", "longitude", "latitude", "height", "y axis°", "apart m", "used"].map(str::to_owned).to_vec()];
        for statement in model.statements.as_array().into_iter().flatten() {
            let cell = |key: &str| statement.get(key).map_or(String::new(), |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            let used = if statement["used"] == true { "yes" } else { "" };
            rows.push(["by", "lon", "lat", "height_m", "y_axis_deg", "distance_m"].map(cell).into_iter().chain([used.to_owned()]).collect());
        }
        text += &format!("{}\n\n", table(&rows));
    }
    let mut rows = vec![vec!["class".to_owned(), "objects".to_owned()]];
    rows.extend(info.objects.by_class.iter().map(|(class, n)| vec![(*class).to_owned(), n.to_string()]));
    rows.extend(info.objects.by_lod.iter().map(|(lod, n)| vec![format!("at LOD {lod}"), n.to_string()]));
    rows.push(vec!["total".into(), info.objects.total.to_string()]);
    text += &table(&rows);
    let mut rows = vec![["source", "format", "objects", "findings"].map(str::to_owned).to_vec()];
    rows.extend(info.sources.iter().map(|s| vec![s.path.clone(), s.format.clone(), s.objects.to_string(), s.diagnostics.to_string()]));
    text + "\n\n" + &table(&rows) + &said(info)
}

/// What sources say of themselves, the first of them: their members as lines, long ones cut short.
fn said(info: &Info) -> String {
    let mut text = String::new();
    let saying: Vec<_> = info.sources.iter().filter(|s| !s.about.is_empty()).collect();
    for source in saying.iter().take(SHOWN) {
        text += &format!("\n\n{} says of itself", source.path);
        // Members of `metadata` are what is asked for most; they stand without it.
        let (metadata, others): (Vec<_>, Vec<_>) = source.about.iter().partition(|(key, value)| *key == "metadata" && value.is_object());
        let metadata = metadata.into_iter().filter_map(|(_, value)| value.as_object()).flatten();
        let members: Vec<_> = metadata.chain(others).collect();
        let width = members.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, value) in members {
            let text_of = value.as_str().map_or_else(|| value.to_string(), |text| text.split_whitespace().collect::<Vec<_>>().join(" "));
            text += &format!("\n  {key:width$}  {}", cut(&text_of));
        }
    }
    if saying.len() > SHOWN {
        text += &format!("\n\n… and {} more sources; --json has all", saying.len() - SHOWN);
    }
    text
}

/// A text short enough for a line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
