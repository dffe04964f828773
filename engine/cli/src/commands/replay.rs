//! `qike replay`: what was seen of traffic becomes a recording.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::traffic;
use qike_core::{Diagnostic, Severity};
use qike_import::fixes::ColumnNames;
use qike_import::{Observed, fixes, matsim, sumo};
use qike_run::replay::{Ground, MatchOptions, ReplayOptions, ReplayReport, number, replay_counts, replay_deeds, replay_fixes, replay_frames};
use qike_network::{LaneNetwork, NetworkOptions};
use qike_store::SceneStore;
use qike_scene::traffic::{Count, LinkNames, TrafficScenario, Travellers};
use std::path::{Path, PathBuf};

/// Make a recording of what was seen of traffic: by another simulator, or on the street.
///
/// Sources are told apart by their content: positions step by step (FCD of SUMO, as XML or CSV), with the journeys (tripinfo) of
/// the same run where they are at hand; events of MATSim; tables of fixes of GPS receivers (who, time, lon and lat or x and y), which
/// are matched onto the network; counts (of SUMO's E1 detectors and edge data, of MATSim, tables of link, time and number). All may be compressed.
/// The recording is like that of a run: `qike info`, `qike compare` and the viewer take it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike replay fcd.xml.gz tripinfo.xml --net bologna.net.xml --out seen
  qike replay fcd.xml --net run.sumocfg --out seen && qike compare seen run
  qike replay output_events.xml.gz --net output_network.xml.gz --out seen
  qike replay taxis.csv --net city.net.xml --sigma 15 --columns id=TaxiNo,time=When --out seen
  qike replay counts.xml.gz --net network.xml --out counted")]
pub struct Args {
    /// Files of what was seen.
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<PathBuf>,
    /// The run directory.
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// The network that the sources are about: of SUMO, of MATSim, or that of a store's roads; or a configuration of SUMO or MATSim,
    /// whose vehicles then have the numbers that they have in a run of it.
    #[arg(long, value_name = "X.net.xml|X.sumocfg|network.xml|config.xml|CITY.gpkg")]
    net: Option<PathBuf>,
    /// Seconds between two key frames of tracks.parquet; 0: no tracks. Without it as the source has them, of fixes 5, of events 10.
    #[arg(long, value_name = "S")]
    tracks: Option<f64>,
    /// Seconds of a link interval.
    #[arg(long, value_name = "S", default_value_t = 300.0)]
    links: f64,
    /// Columns of a table, where their names do not tell: id, time, x, y; of counts id, time, count.
    #[arg(long, value_name = "id=A,time=B,x=C,y=D", default_value = "")]
    columns: ColumnNames,
    /// The system of the coordinates of fixes: EPSG:n, GCJ02, BD09 …; without it, degrees are WGS 84 and metres those of the network.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// Standard deviation of a fix, metres.
    #[arg(long, value_name = "M", default_value_t = 10.0)]
    sigma: f64,
    /// Fixes further apart in time belong to two journeys, seconds.
    #[arg(long, value_name = "S", default_value_t = 300.0)]
    gap: f64,
}

/// A whole number of ms between bounds, s.
fn ms(option: &str, s: f64, least: f64) -> Result<i64, Failure> {
    let whole = s.is_finite() && (least..=86_400.0).contains(&s);
    if whole { Ok((s * 1000.0).round() as i64) } else { Err(Failure::usage(format!("{option}: {s} is no number of seconds between {least} and 86400"))) }
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let options = ReplayOptions {
        out: args.out.clone(),
        sources: args.sources.iter().map(|s| s.display().to_string()).collect(),
        track_interval_ms: args.tracks.map(|s| ms("--tracks", s, 0.0)).transpose()?,
        link_interval_ms: ms("--links", args.links, 1.0)?,
    };
    if !(args.sigma.is_finite() && (0.1..=500.0).contains(&args.sigma)) {
        return Err(Failure::usage(format!("--sigma: {} is no number of metres between 0.1 and 500", args.sigma)));
    }
    let matching = MatchOptions { sigma_m: args.sigma, gap_ms: ms("--gap", args.gap, 1.0)?, ..MatchOptions::default() };
    let kinds: Vec<(Observed, &Path)> = args.sources.iter().map(|path| Ok((qike_import::observed(path, &args.columns)?, path.as_path()))).collect::<Result<_, Failure>>()?;
    let mut scenario = args.net.as_deref().map(|path| net(path, output)).transpose()?.unwrap_or_default();
    let of = |kind: Observed| kinds.iter().filter(move |(k, _)| *k == kind).map(|(_, path)| *path);
    for path in of(Observed::Additional) {
        sumo::read_additionals(path, &mut scenario, &output.feedback)?;
    }
    let mut findings = std::mem::take(&mut scenario.findings);
    let mut travellers = Travellers::default();
    number(&scenario, &mut travellers);
    for path in of(Observed::Trips) {
        findings.extend(sumo::read_trips(path, &scenario.map, &mut travellers, &output.feedback)?);
    }
    let mut seen = kinds.iter().filter(|(k, _)| matches!(k, Observed::Fcd | Observed::Events | Observed::Fixes));
    let counted = kinds.iter().any(|(k, _)| matches!(k, Observed::Loops | Observed::EdgeData | Observed::MatsimCounts | Observed::Counts));
    let (ground, found) = Ground::new(&scenario)?;
    findings.extend(found);
    let done = match (seen.next(), seen.next()) {
        (None, _) if counted => count(&kinds, &scenario, ground, args, &options, &mut findings, output),
        (None, _) => return Err(Failure::usage("none of the sources says where anybody was, or how many").help("name a file of positions, events, fixes or counts")),
        (Some((_, first)), None) if counted => return Err(Failure::usage(format!("{}: what one saw of vehicles and what was counted make two recordings", first.display())).help("replay each into a folder of its own, then compare them")),
        (Some(_), Some((_, second))) => return Err(Failure::usage(format!("{}: only one file of positions, events or fixes makes one recording", second.display())).help("replay each into a folder of its own, then compare them")),
        (Some((kind, path)), None) => {
            if args.net.is_none() {
                findings.push(Diagnostic::warning("no-network", "no network is named: tracks and journeys are recorded, and nothing about links").help("name it with --net"));
            }
            moving(*kind, path, &scenario, &ground, &mut travellers, &matching, args, &options, &mut findings, output)
        }
    };
    // What was wrong with a file says more than that nothing came of it.
    let mut report = done.inspect_err(|_| output.diagnostics(&findings))?;
    findings.append(&mut report.findings);
    report.findings = findings;
    output.diagnostics(&report.findings);
    output.result(&report, || describe(&report))?;
    let skipped = report.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Positions, events or fixes.
#[allow(clippy::too_many_arguments)] // All that was made ready for the one place where it is used.
fn moving(
    kind: Observed, path: &Path, scenario: &TrafficScenario, ground: &Ground, travellers: &mut Travellers, matching: &MatchOptions, args: &Args, options: &ReplayOptions,
    findings: &mut Vec<Diagnostic>, output: &Output,
) -> Result<ReplayReport, Failure> {
    let feedback = &output.feedback;
    let done = match kind {
        Observed::Events => {
            let mut links = LinkNames::of(scenario);
            let mut events = matsim::Events::open(path, &mut links, feedback)?;
            let done = replay_deeds(&mut events, ground, travellers, options, feedback);
            findings.extend(events.finish());
            done
        }
        Observed::Fixes => {
            let crs = args.source_crs.as_deref().map(crate::input::parse_source_crs).transpose()?;
            let mut fixes = fixes::Gps::open(path, &scenario.map, &args.columns, crs.as_ref(), feedback)?;
            let done = replay_fixes(&mut fixes, ground, travellers, matching, options, feedback);
            findings.extend(fixes.finish());
            done
        }
        _ => {
            let mut fcd = sumo::Fcd::open(path, &scenario.map, feedback)?;
            let done = replay_frames(&mut fcd, ground, travellers, options, feedback);
            findings.extend(fcd.finish());
            done
        }
    };
    done.map_err(Failure::from)
}

/// Counts, of as many files as there are.
fn count(
    kinds: &[(Observed, &Path)], scenario: &TrafficScenario, ground: Ground, args: &Args, options: &ReplayOptions, findings: &mut Vec<Diagnostic>, output: &Output,
) -> Result<ReplayReport, Failure> {
    let (mut links, mut counts) = (LinkNames::of(scenario), Vec::new());
    for (kind, path) in kinds {
        findings.extend(read_counts(*kind, path, &args.columns, &mut links, &mut counts, output)?);
    }
    Ok(replay_counts(&counts, &ground.with_links(links.made), options)?)
}

/// Reads a file of counts; of a file that is none nothing is taken.
pub fn read_counts(kind: Observed, path: &Path, columns: &ColumnNames, links: &mut LinkNames, counts: &mut Vec<Count>, output: &Output) -> Result<Vec<Diagnostic>, Failure> {
    let feedback = &output.feedback;
    Ok(match kind {
        Observed::Loops => sumo::read_detected(path, links, counts, feedback)?,
        Observed::EdgeData => sumo::read_edge_data(path, links, counts, feedback)?,
        Observed::MatsimCounts => matsim::read_counts(path, links, counts, feedback)?,
        Observed::Counts => fixes::read_counts(path, columns, links, counts, feedback)?,
        _ => Vec::new(),
    })
}

/// Reads the network.
fn net(path: &Path, output: &Output) -> Result<TrafficScenario, Failure> {
    if crate::input::is_database(path) {
        let store = SceneStore::open(path)?;
        let network = LaneNetwork::from_scene(&store.snapshot(&output.feedback)?, &NetworkOptions::default()).map_err(Failure::new)?;
        if network.links.is_empty() {
            return Err(Failure::new(format!("{}: the store has no road that motor vehicles may use", path.display())).help("roads are objects of class Road with OSM's attribute 'highway'"));
        }
        let mut map = network.road_map();
        map.location = store.crs().proj_text().map(|text| (text, [0.0; 2]));
        return Ok(TrafficScenario { name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(), map, ..TrafficScenario::default() });
    }
    Ok(if traffic::is_configuration(path) { qike_import::read_traffic(path, &output.feedback)? } else { qike_import::read_roads(path, &output.feedback)? })
}

fn describe(report: &ReplayReport) -> String {
    let s = &report.summary;
    let mean = |value: Option<f64>, unit: &str| value.map_or("–".to_owned(), |v| format!("{v:.2} {unit}"));
    let mut rows = vec![
        ["recorded".to_owned(), format!("{:.0} s in {:.2} s ({})", s.sim_seconds, s.wall_s, s.model)],
        ["vehicles".to_owned(), s.vehicles.loaded.to_string()],
        ["arrived".to_owned(), s.vehicles.arrived.to_string()],
        ["under way at the end".to_owned(), s.vehicles.running.to_string()],
    ];
    let counts = [("gaps in tracks", s.vehicles.teleported), ("people on foot", s.walkers.loaded)];
    rows.extend(counts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| [name.to_owned(), n.to_string()]));
    rows.extend([
        ["mean duration".to_owned(), mean(s.mean_duration_s, "s")],
        ["mean time loss".to_owned(), mean(s.mean_time_loss_s, "s")],
        ["mean route length".to_owned(), mean(s.mean_route_length_m, "m")],
        ["mean speed".to_owned(), mean(s.mean_speed_mps, "m/s")],
    ]);
    format!("{}\n{}", table(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()), report.out.display())
}
