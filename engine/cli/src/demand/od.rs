//! Trips of matrices of origins and destinations.

use super::{check_outputs, configuration, create, network, span, unwritten, users};
use crate::Done;
use crate::commands::demand::Args as Command;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_core::{Diagnostic, Severity};
use qike_demand::{Departures, Ends, OdTrip, Options, Piece, Profile, pieces, spread};
use qike_export::sumo::{TripFile, WrittenFlow, WrittenTrip};
use qike_scene::traffic::{OdMatrix, RoadUsers, TrafficScenario};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A day's hours, ms.
const HOUR_MS: i64 = 3_600_000;
/// Most trips of one matrix: more is a scale gone wrong.
const MOST_TRIPS: f64 = 200e6;

/// Options of matrices.
#[derive(clap::Args)]
#[command(next_help_heading = "Matrices")]
pub struct Args {
    /// Matrices: $V, $O, tazRelation, Amitran, or a table (from, to, hour or begin and end, count, kind).
    #[arg(long, value_name = "MATRIX", num_args = 1.., required_unless_present_any = ["counts", "persons", "from_buildings", "show_assumptions"])]
    pub od: Vec<PathBuf>,
    /// Zones (tazs), and other additional files, such as types of vehicles that the matrices name.
    #[arg(long, value_name = "ZONES.xml", num_args = 1..)]
    pub taz: Vec<PathBuf>,
    /// How each interval is shared by its hours: even, workday, workday-edge, weekend, lorries, or a file of 24 shares.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// All counts times this.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub scale: f64,
    /// Departures of an interval have the same time between them, instead of being drawn.
    #[arg(long)]
    pub even: bool,
    /// No trip begins and ends on the same edge, where its zones have others.
    #[arg(long)]
    pub different_ends: bool,
    /// Write flows between zones (a flow an interval) instead of trips between edges.
    #[arg(long)]
    pub flows: bool,
    /// What ids of trips begin with.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
}

/// A built-in profile, or one of a file.
pub fn profile(text: &str) -> Result<Profile, Failure> {
    if let Some(given) = Profile::given(text) {
        return Ok(given);
    }
    if !Path::new(text).exists() {
        let names = Profile::names().map(|(name, what)| format!("{name} ({what})")).collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(format!("--profile: '{text}' is neither a file nor a built-in profile")).help(format!("built in are {names}")));
    }
    let shares = qike_import::od::read_profile(Path::new(text))?;
    Profile::new(shares).ok_or_else(|| Failure::new(format!("{text}: these are no shares of a day")))
}

/// Reads matrices for a scenario's zones.
pub fn matrices(files: &[PathBuf], scenario: &TrafficScenario, findings: &mut Vec<Diagnostic>, output: &Output) -> Result<OdMatrix, Failure> {
    if scenario.extras.zones.is_empty() {
        return Err(Failure::usage("there are no zones").help("name a file of zones (<tazs><taz id=… edges=…/></tazs>) with --taz; SUMO's edgesInDistricts.py makes one of polygons"));
    }
    let mut matrix = OdMatrix::default();
    for file in files {
        findings.extend(qike_import::od::read(file, &scenario.extras.zones, &mut matrix, &output.feedback)?);
    }
    Ok(matrix)
}

/// What is made of a matrix.
struct Made<'a> {
    scenario: &'a TrafficScenario,
    matrix: &'a OdMatrix,
    prefix: &'a str,
}

/// Runs the command.
pub fn run(command: &Command, net: &Path, out: &Path, output: &Output) -> Result<Done, Failure> {
    let args = &command.od;
    let started = Instant::now();
    if !args.scale.is_finite() || args.scale < 0.0 {
        return Err(Failure::usage(format!("--scale: {} is no number of 0 or more", args.scale)));
    }
    let csv = out.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if csv && (args.flows || command.config.is_some()) {
        return Err(Failure::usage(format!("{}: flows and configurations need trips as XML", out.display())).help("name a file like trips.rou.xml with -o"));
    }
    let span = span(command.begin.as_deref(), command.end.as_deref())?;
    let inputs: Vec<&Path> = args.od.iter().chain(&args.taz).map(PathBuf::as_path).chain([net]).collect();
    check_outputs(&inputs, &[out].into_iter().chain(command.config.as_deref()).collect::<Vec<_>>())?;
    let day = args.profile.as_deref().map(profile).transpose()?;
    let mut scenario = network(net, &args.taz, output)?;
    let mut findings = std::mem::take(&mut scenario.findings);
    let matrix = matrices(&args.od, &scenario, &mut findings, output)?;
    let wanted = matrix.total() * args.scale;
    if wanted > MOST_TRIPS {
        return Err(Failure::new(format!("the matrices hold {wanted:.0} trips, more than the {MOST_TRIPS:.0} that are made at once")).help("look at their numbers and at --scale"));
    }
    let options = Options { profile: day.as_ref(), scale: args.scale, departures: if args.even { Departures::Even } else { Departures::Random }, differ: args.different_ends, seed: command.seed };
    let made = Made { scenario: &scenario, matrix: &matrix, prefix: &args.prefix };
    let kinds = made.new_kinds(&mut findings);
    let (trips, by_hour, outside) = if args.flows {
        made.flows(out, &kinds, &options, span)?
    } else {
        made.trips(out, csv, &kinds, &options, span, output)?
    };
    if let Some(config) = &command.config {
        if crate::traffic::is_configuration(net) {
            return Err(Failure::usage(format!("--config: {} is a configuration already", net.display())).help("name the network (X.net.xml) itself"));
        }
        configuration(config, net, &args.taz, out, span)?;
    }
    output.diagnostics(&findings);
    let pairs = matrix.cells.iter().map(|c| (c.from, c.to)).collect::<BTreeSet<_>>().len();
    let document = json!({
        "out": out,
        "config": command.config,
        "zones": scenario.extras.zones.len(),
        "pairs": pairs,
        "kinds": matrix.kinds,
        "wanted": wanted,
        "trips": trips,
        "outside": outside,
        "by_hour": by_hour,
        "wall_s": started.elapsed().as_secs_f64(),
        "findings": findings,
    });
    output.result(&document, || {
        let outside = if outside > 0 { format!("; {outside} depart before or after and are left out") } else { String::new() };
        let mut rows = vec![["hour", "trips"].map(str::to_owned).to_vec()];
        rows.extend(by_hour.iter().filter(|(_, n)| *n > 0).map(|(hour, n)| vec![format!("{hour:02}:00"), n.to_string()]));
        format!("{trips} trips between {pairs} pairs of {} zones{outside}\n{}\n{}", scenario.extras.zones.len(), table(&rows), out.display())
    })?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Trips written, how many by hour from midnight on, and how many depart before or after the span.
type Counted = (u64, Vec<(i64, u64)>, u64);

#[derive(Default)]
struct Hours {
    counts: std::collections::BTreeMap<i64, u64>,
    total: u64,
}

impl Hours {
    fn add(&mut self, ms: i64, number: u64) {
        *self.counts.entry(ms.div_euclid(HOUR_MS)).or_default() += number;
        self.total += number;
    }
}

impl Made<'_> {
    fn kind(&self, kind: Option<u32>) -> Option<&str> {
        self.matrix.kinds.get(kind? as usize).map(String::as_str)
    }

    fn zone(&self, zone: u32) -> &str {
        self.scenario.extras.zones.get(zone as usize).map_or("", |z| &z.id)
    }

    fn edge(&self, edge: u32) -> &str {
        self.scenario.map.edges.get(edge as usize).map_or("", |e| &e.id)
    }

    /// Kinds that are to be written as types of vehicles: those that nobody has stated, with their class.
    fn new_kinds(&self, findings: &mut Vec<Diagnostic>) -> Vec<(String, &'static str)> {
        let stated = |kind: &str| self.scenario.demand.kinds.iter().any(|k| k.id == kind) || self.scenario.demand.kind_choices.iter().any(|k| k.id == kind) || qike_import::sumo::given_kind(kind).is_some();
        self.matrix.kinds.iter().filter(|kind| !stated(kind)).map(|kind| {
            let class = RoadUsers::kind(kind).and_then(|u| u.names().next());
            if class.is_none() {
                let fault = Diagnostic::warning("unknown-type", format!("the type '{kind}' of a matrix is stated nowhere; it is written as a passenger car"));
                findings.push(fault.help("name the file that states it (vType) with --taz, too"));
            }
            (kind.clone(), class.unwrap_or("passenger"))
        }).collect()
    }

    fn trips(&self, out: &Path, csv: bool, kinds: &[(String, &'static str)], options: &Options<'_>, span: (i64, i64), output: &Output) -> Result<Counted, Failure> {
        let zones = &self.scenario.extras.zones;
        let of = |users| Ends::new(zones, &self.scenario.map, users);
        let by_kind: Vec<Ends> = self.matrix.kinds.iter().map(|kind| of(users(self.scenario, kind).unwrap_or(RoadUsers::PASSENGER))).collect();
        let cars = of(RoadUsers::PASSENGER);
        let all = spread(self.matrix, |kind| kind.and_then(|k| by_kind.get(k as usize)).unwrap_or(&cars), options);
        let within: Vec<&OdTrip> = all.iter().filter(|t| (span.0..span.1).contains(&t.depart_ms)).collect();
        let task = output.feedback.task("write trips", within.len() as u64);
        let mut hours = Hours::default();
        let mut write = || -> Result<(), Box<dyn std::error::Error>> {
            let mut file = create(out)?;
            let mut id = String::new();
            let mut next = |n: usize, trip: &OdTrip| {
                use std::fmt::Write;
                hours.add(trip.depart_ms, 1);
                task.advance(1);
                id.clear();
                let _ = write!(id, "{}{n}", self.prefix);
                id.clone()
            };
            if csv {
                let mut table = csv::Writer::from_writer(file);
                table.write_record(["id", "depart", "from_zone", "to_zone", "from_edge", "to_edge", "kind"])?;
                for (n, trip) in within.iter().enumerate() {
                    let id = next(n, trip);
                    let depart = format!("{:.2}", trip.depart_ms as f64 / 1000.0);
                    table.write_record([&id, &depart, self.zone(trip.from_zone), self.zone(trip.to_zone), self.edge(trip.from), self.edge(trip.to), self.kind(trip.kind).unwrap_or_default()])?;
                }
                table.flush()?;
                return Ok(());
            }
            let mut trips = TripFile::new(&mut file, kinds.iter().map(|(id, class)| (id.as_str(), *class)))?;
            for (n, trip) in within.iter().enumerate() {
                let id = next(n, trip);
                trips.trip(&WrittenTrip {
                    id: &id,
                    depart_ms: trip.depart_ms,
                    from: self.edge(trip.from),
                    to: self.edge(trip.to),
                    zones: Some((self.zone(trip.from_zone), self.zone(trip.to_zone))),
                    kind: self.kind(trip.kind),
                })?;
            }
            trips.finish()?;
            file.flush()?;
            Ok(())
        };
        write().map_err(|e| unwritten(out, &e))?;
        Ok((hours.total, hours.counts.into_iter().collect(), (all.len() - within.len()) as u64))
    }

    fn flows(&self, out: &Path, kinds: &[(String, &'static str)], options: &Options<'_>, span: (i64, i64)) -> Result<Counted, Failure> {
        let mut all: Vec<Piece> = pieces(self.matrix, options);
        all.sort_by_key(|p| p.begin_ms);
        let (mut hours, mut outside) = (Hours::default(), 0);
        let mut write = || -> std::io::Result<()> {
            let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
            let mut flows = TripFile::new(&mut file, kinds.iter().map(|(id, class)| (id.as_str(), *class)))?;
            for (n, piece) in all.iter().enumerate() {
                // A flow is in the span as a whole or not at all.
                if piece.begin_ms < span.0 || piece.begin_ms >= span.1 {
                    outside += piece.trips;
                    continue;
                }
                hours.add(piece.begin_ms, piece.trips);
                let id = format!("{}{n}", self.prefix);
                flows.flow(&WrittenFlow { id: &id, span_ms: (piece.begin_ms, piece.end_ms), number: piece.trips, zones: (self.zone(piece.from), self.zone(piece.to)), kind: self.kind(piece.kind) })?;
            }
            flows.finish()?;
            file.flush()
        };
        write().map_err(|e| unwritten(out, &e))?;
        Ok((hours.total, hours.counts.into_iter().collect(), outside))
    }
}
