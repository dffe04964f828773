//! `qike run X.sumocfg`: a scenario of SUMO or of MATSim, run lane by lane, with outputs in Parquet and in SUMO's XML.

mod area;
mod edges;
mod outputs;
mod streets;
mod wanted;

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use outputs::Outputs;
use qike_core::{Severity, SimTime};
use qike_run::traffic::{CheckpointHead, Checkpoints, Frozen, ModelChoice, TrafficOptions, TrafficReport, apply_what_if, run_traffic};
use qike_scene::Scenario;
use qike_scene::traffic::TrafficScenario;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanted::Wanted;

/// Scenarios of more vehicles than that are recorded with key frames further apart.
const MANY: usize = 20_000;
/// A link interval, ms.
const LINKS_MS: i64 = 300_000;
/// So much of a file is looked at to tell what it is.
const HEAD: u64 = 4096;

/// A model of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ModelName {
    /// Vehicles lane by lane.
    Lanes,
    /// Vehicles as queues on lanes.
    Queues,
    /// Lane by lane within an area (--lanes-inside), as queues elsewhere.
    Hybrid,
}

/// Options that only scenarios of SUMO have.
#[derive(clap::Args)]
#[command(next_help_heading = "For scenarios of SUMO (X.sumocfg)")]
pub struct Args {
    /// Run vehicles lane by lane (lanes), or as queues on lanes, tens of times as fast and less exact where traffic jams (queues).
    /// Without it lanes, or queues where the configuration asks for SUMO's mesoscopic model.
    #[arg(long, value_enum)]
    pub model: Option<ModelName>,
    /// Run vehicles lane by lane at the junctions within this area and on the streets that end there, as queues elsewhere (hybrid):
    /// corners in the network's coordinates, "x,y x,y x,y", or a file of GeoJSON (longitude and latitude, or the network's
    /// coordinates), of well-known text or of such corners.
    #[arg(long, value_name = "AREA", allow_hyphen_values = true)]
    pub lanes_inside: Option<String>,
    /// Write each journey, as SUMO does.
    #[arg(long, value_name = "FILE")]
    pub tripinfo_output: Option<PathBuf>,
    /// Write how many did what in each step, as SUMO does.
    #[arg(long, value_name = "FILE")]
    pub summary_output: Option<PathBuf>,
    /// Write what happened on each edge over the whole run, as SUMO does.
    #[arg(long, value_name = "FILE")]
    pub edgedata_output: Option<PathBuf>,
    /// Write where everybody is in each step, as SUMO does.
    #[arg(long, value_name = "FILE")]
    pub fcd_output: Option<PathBuf>,
    /// Seconds between two key frames of tracks.parquet; 0: no tracks. Without it 1, with more than 20000 vehicles 10.
    #[arg(long, value_name = "S", conflicts_with = "no_tracks")]
    pub tracks: Option<f64>,
    /// Record no tracks.
    #[arg(long)]
    pub no_tracks: bool,
    /// Save the running city at this time, seconds or HH:MM:SS, as checkpoint-TIME.qike in the run directory (also several times).
    #[arg(long, value_name = "TIME")]
    pub save_at: Vec<SimTime>,
    /// Go on from a checkpoint of this scenario: what it would have done, to the last bit. The recording begins there.
    #[arg(long, value_name = "FILE.qike")]
    pub resume: Option<PathBuf>,
}

impl Args {
    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let files = [("--tripinfo-output", &self.tripinfo_output), ("--summary-output", &self.summary_output), ("--edgedata-output", &self.edgedata_output), ("--fcd-output", &self.fcd_output)];
        let file = files.into_iter().find(|(_, file)| file.is_some()).map(|(name, _)| name);
        let file = file.or_else(|| self.model.map(|_| "--model")).or_else(|| self.resume.as_ref().map(|_| "--resume")).or_else(|| self.save_at.first().map(|_| "--save-at")).or_else(|| self.lanes_inside.as_ref().map(|_| "--lanes-inside"));
        file.or_else(|| self.tracks.map(|_| "--tracks")).or_else(|| self.no_tracks.then_some("--no-tracks"))
    }
}

/// What scenarios of both kinds have.
pub struct Common<'a> {
    /// The configuration.
    pub path: &'a Path,
    /// The run directory.
    pub out: PathBuf,
    /// This seed.
    pub seed: Option<u64>,
    /// So many threads.
    pub threads: Option<usize>,
    /// So long.
    pub until: Option<SimTime>,
}

/// Whether a file is a configuration of SUMO or of MATSim: by its ending, or by its root element.
pub fn is_configuration(path: &Path) -> bool {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sumocfg")) {
        return true;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(HEAD).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    read.is_ok() && ["<configuration", "<sumoConfiguration", "<config>", "<config ", "<!DOCTYPE config "].iter().any(|root| text.contains(root))
}

/// The scenario in a file of Qike whose base is one of SUMO; none where it has another.
pub fn what_if(path: &Path) -> Result<Option<Scenario>, Failure> {
    // Whatever is wrong with the file is told where it is read to be run.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    if !text.contains(".sumocfg") && !text.contains("extends") {
        return Ok(None);
    }
    Ok(Some(qike_run::load(path)?).filter(|scenario| scenario.base.is_traffic()))
}

/// Runs the command; `what_if`: what is changed, and the file that says so.
pub fn run(common: &Common<'_>, what_if: Option<(&Scenario, &Path)>, args: &Args, output: &Output) -> Result<Done, Failure> {
    let tracks_ms = match args.tracks {
        Some(s) if s.is_finite() && (0.0..=86_400.0).contains(&s) => Some((s * 1000.0).round() as i64),
        Some(s) => return Err(Failure::usage(format!("--tracks: {s} is no number of seconds between 0 and 86400"))),
        None => args.no_tracks.then_some(0),
    };
    let mut scenario = qike_import::read_traffic(common.path, &output.feedback)?;
    let begun = what_if.and_then(|(w, file)| w.base.state.as_ref().map(|state| qike_run::folder(file).join(state)));
    if begun.is_some() && args.resume.is_some() {
        return Err(Failure::usage("--resume: the what-if goes on from a state of its own ([base] state)"));
    }
    let mut from = begun.map(|path| frozen(&path, &scenario, common, args)).transpose()?;
    if let Some((what_if, file)) = what_if {
        apply_what_if(&mut scenario, what_if, &file.display().to_string())?;
    }
    scenario.settings.lanes_inside = area::area(args, what_if, &scenario.map)?;
    if let Some(path) = &args.resume {
        from = Some(frozen(path, &scenario, common, args)?);
    }
    let save_at_ms = if args.save_at.is_empty() { scenario.settings.save_at_ms.clone() } else { args.save_at.iter().map(|at| at.ms()).collect() };
    let wanted = Wanted::of(&scenario, args, &common.out)?;
    let mut outputs = Outputs::new(&scenario, &wanted);
    let tracks_ms = tracks_ms.unwrap_or(if scenario.demand.vehicles.len() > MANY { 10_000 } else { 1000 });
    // Only runs with tracks are looked at.
    let map = (tracks_ms > 0).then(|| scenario.map.clone());
    let options = TrafficOptions {
        model: args.model.map(|m| match m {
            ModelName::Lanes => ModelChoice::Lanes,
            ModelName::Queues => ModelChoice::Queues,
            ModelName::Hybrid => ModelChoice::Hybrid,
        }),
        out: common.out.clone(),
        source: common.path.display().to_string(),
        store: map.as_ref().map(|_| streets::FILE.to_owned()).unwrap_or_default(),
        seed: common.seed,
        threads: common.threads,
        until: common.until,
        track_interval_ms: tracks_ms,
        link_interval_ms: LINKS_MS,
        checkpoints: Checkpoints { from, save_at_ms, keep: false },
    };
    let mut report = run_traffic(scenario, &options, &mut [&mut outputs], &output.feedback)?;
    if let Some(map) = &map {
        streets::write(map, &options.source, &report.summary.run.crs, &common.out, &output.feedback)?;
    }
    report.findings.extend(wanted.findings.iter().cloned());
    output.diagnostics(&report.findings);
    output.warnings(&wanted.moved);
    let files: Vec<_> = wanted.files.iter().map(|f| json!({ "kind": f.kind, "file": f.path })).collect();
    let document = json!({
        "out": report.out,
        "runs": [{ "seed": report.summary.seed, "dir": report.out, "summary": report.summary }],
        "waiting": report.waiting,
        "overlaps": report.overlaps,
        "emergency_stops": report.emergency_stops,
        "streets_by_lanes": report.streets_by_lanes,
        "findings": report.findings,
        "checkpoints": report.checkpoints,
        "outputs": files,
    });
    output.result(&document, || describe(&report, &wanted))?;
    let skipped = report.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// The running city of a checkpoint.
fn frozen(path: &Path, scenario: &TrafficScenario, common: &Common<'_>, args: &Args) -> Result<Arc<Frozen>, Failure> {
    let head = CheckpointHead::read(path)?;
    if common.seed.is_some_and(|seed| seed != head.seed) {
        return Err(Failure::usage(format!("--seed: {} goes on with its own seed, {}", path.display(), head.seed)));
    }
    if args.model.is_some_and(|m| (m == ModelName::Queues) != head.queues) {
        return Err(Failure::usage(format!("--model: {} goes on with its own model, {}", path.display(), if head.queues { "queues" } else { "lanes" })));
    }
    Ok(Arc::new(Frozen::read(path, scenario.clone(), common.threads)?))
}

fn describe(report: &TrafficReport, wanted: &Wanted) -> String {
    let s = &report.summary;
    let mean = |value: Option<f64>, unit: &str| value.map_or("–".to_owned(), |v| format!("{v:.2} {unit}"));
    let mut rows = vec![
        ["simulated".to_owned(), format!("{:.0} s in {:.2} s (seed {}, {} threads)", s.sim_seconds, s.wall_s, s.seed, s.threads)],
        ["vehicles due".to_owned(), s.vehicles.loaded.to_string()],
        ["departed".to_owned(), s.vehicles.inserted.to_string()],
        ["arrived".to_owned(), s.vehicles.arrived.to_string()],
        ["on the road".to_owned(), s.vehicles.running.to_string()],
        ["no room to depart".to_owned(), report.waiting.to_string()],
    ];
    if let Some([lanes, all]) = report.streets_by_lanes {
        rows.insert(1, ["lane by lane".to_owned(), format!("{lanes} of {all} streets; the others as queues")]);
    }
    let counts = [("given up", s.vehicles.discarded), ("teleports", s.vehicles.teleported), ("overlaps", report.overlaps), ("abrupt stops", report.emergency_stops)];
    rows.extend(counts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| [name.to_owned(), n.to_string()]));
    rows.extend([
        ["mean duration".to_owned(), mean(s.mean_duration_s, "s")],
        ["mean time loss".to_owned(), mean(s.mean_time_loss_s, "s")],
        ["mean waiting".to_owned(), mean(s.mean_waiting_s, "s")],
        ["mean depart delay".to_owned(), mean(s.mean_depart_delay_s, "s")],
        ["mean route length".to_owned(), mean(s.mean_route_length_m, "m")],
        ["mean speed".to_owned(), mean(s.mean_speed_mps, "m/s")],
        ["state hash".to_owned(), s.state_hash.clone()],
    ]);
    if let Some(from) = s.run.recorded_from_s {
        rows.push(["recorded from".to_owned(), format!("{from} s; the figures are of the whole run")]);
    }
    let saved = report.checkpoints.iter().map(|path| format!("saved → {}\n", path.display()));
    let files = wanted.files.iter().map(|f| format!("{} → {}\n", f.kind, f.path.display())).chain(saved).collect::<String>();
    format!("{}\n{files}{}", table(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()), report.out.display())
}
