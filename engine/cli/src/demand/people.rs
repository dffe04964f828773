//! People of a store's scene: plans of their days, or the trips of one mode.

use super::{check_outputs, create, span, unwritten};
use crate::Done;
use crate::commands::demand::Args as Command;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_core::{Diagnostic, Severity};
use qike_demand::population::{Assumptions, Options, Population, Site, populate, sites};
use qike_export::matsim::{Plans, WrittenStay};
use qike_export::sumo::{TripFile, WrittenTrip};
use qike_network::{LaneNetwork, LinkIx, Modes, NearestLinks, NetworkOptions, Reach, Router, reach};
use qike_scene::SceneSnapshot;
use qike_store::SceneStore;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An hour, ms.
const HOUR_MS: i64 = 3_600_000;
/// A minute, ms.
const MINUTE_MS: i64 = 60_000;
/// What MATSim calls modes, where it calls them otherwise.
const MATSIM: [(&str, &str); 2] = [("bicycle", "bike"), ("bus", "pt")];
/// A road farther than this from a building is none of its own, m.
const WITHIN_M: f64 = 500.0;
/// Most persons that are made at once.
const MOST: u64 = 50_000_000;

/// Options of populations.
#[derive(clap::Args)]
#[command(next_help_heading = "People of a store (CITY.gpkg)")]
pub struct Args {
    /// So many persons, shared out among the buildings by their floors.
    #[arg(long, value_name = "N", conflicts_with_all = ["od", "counts"])]
    pub persons: Option<u64>,
    /// As many persons as live in the buildings: what these state, or what their floors hold.
    #[arg(long, conflicts_with_all = ["od", "counts", "persons"])]
    pub from_buildings: bool,
    /// A file of what is assumed of buildings and people, instead of the built-in one.
    #[arg(long, value_name = "FILE.toml")]
    pub assumptions: Option<PathBuf>,
    /// Print the built-in assumptions, to be changed and named with --assumptions.
    #[arg(long, exclusive = true)]
    pub show_assumptions: bool,
    /// Side of the zones between which places are shared out, m.
    #[arg(long, value_name = "M", default_value_t = 500.0)]
    pub zone_size: f64,
    /// The mode whose ways are written as trips or as a table.
    #[arg(long, value_name = "MODE", default_value = "car")]
    pub mode: String,
    /// Write a table of the zones: place, residents, jobs, ways that begin and end there.
    #[arg(long, value_name = "ZONES.csv")]
    pub zone_table: Option<PathBuf>,
}

impl Args {
    /// People are asked for.
    pub fn wanted(&self) -> bool {
        self.persons.is_some() || self.from_buildings
    }
}

/// A way between two sites.
#[derive(Clone, Copy)]
struct Way {
    depart_ms: i64,
    from: u32,
    to: u32,
    mode: u32,
    person: u32,
}

/// What people are made of.
struct City<'a> {
    scene: &'a SceneSnapshot,
    sites: &'a [Site],
    assumptions: &'a Assumptions,
    population: &'a Population,
}

/// Reads what is assumed.
fn assumptions(file: Option<&Path>) -> Result<Assumptions, Failure> {
    let Some(file) = file else { return Assumptions::given().map_err(Failure::new) };
    let text = std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    Assumptions::parse(&text).map_err(|e| Failure::new(format!("{}: {e}", file.display())).help("qike demand --show-assumptions prints a file that holds together"))
}

/// Runs the command.
pub fn run(command: &Command, store_file: &Path, out: &Path, output: &Output) -> Result<Done, Failure> {
    let (args, started) = (&command.people, Instant::now());
    if !args.zone_size.is_finite() || !(10.0..=100_000.0).contains(&args.zone_size) {
        return Err(Failure::usage(format!("--zone-size: {} is no number of metres between 10 and 100000", args.zone_size)));
    }
    if args.persons.is_some_and(|n| n > MOST) {
        return Err(Failure::usage(format!("--persons: more than {MOST} are not made at once")));
    }
    if !crate::input::is_database(store_file) {
        return Err(Failure::usage(format!("{}: people live in the buildings of a store", store_file.display())).help("name a store that `qike import … --store CITY.gpkg` has made"));
    }
    let span = span(command.begin.as_deref(), command.end.as_deref())?;
    let inputs: Vec<&Path> = args.assumptions.iter().map(PathBuf::as_path).chain([store_file]).collect();
    check_outputs(&inputs, &[out].into_iter().chain(args.zone_table.as_deref()).chain(command.config.as_deref()).collect::<Vec<_>>())?;
    let assumed = assumptions(args.assumptions.as_deref())?;
    let Some(mode) = (0_u32..).zip(&assumed.modes).find(|(_, m)| m.name == args.mode).map(|m| m.0) else {
        let names = assumed.modes.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(format!("--mode: '{}' is none of {names}", args.mode)));
    };
    if command.config.is_some() {
        return Err(Failure::usage("--config: it is for trips on a network of SUMO").help("write the store's network with `qike export CITY.gpkg CITY.net.xml`, and name it and the trips in a configuration"));
    }
    let store = SceneStore::open(store_file)?;
    let scene = store.snapshot(&output.feedback)?;
    let found = sites(&scene, &assumed);
    if found.sites.iter().all(|s| s.residents <= 0.0) {
        return Err(Failure::new(format!("{}: nobody lives in any of its {} buildings", store_file.display(), scene.of_class(qike_scene::Class::Building).len()))
            .help("import buildings, or say with --assumptions which of their words mean homes"));
    }
    let residents: f64 = found.sites.iter().map(|s| s.residents).sum();
    if args.persons.is_none() && residents > MOST as f64 {
        return Err(Failure::new(format!("{}: {residents:.0} persons live in its buildings; more than {MOST} are not made at once", store_file.display())).help("say how many with --persons"));
    }
    let options = Options { persons: args.persons, zone_m: args.zone_size, seed: command.seed };
    let mut population = populate(&found.sites, &assumed, &options, &output.feedback)?;
    let mut findings = std::mem::take(&mut population.findings);
    let city = City { scene: &scene, sites: &found.sites, assumptions: &assumed, population: &population };
    let ways = city.ways();
    let chosen: Vec<Way> = ways.iter().copied().filter(|w| w.mode == mode && (span.0..span.1).contains(&w.depart_ms)).collect();
    let name = out.to_string_lossy().to_lowercase();
    let written = if name.ends_with(".csv") {
        city.table(out, &chosen, &mut findings)?
    } else if name.ends_with(".rou.xml") || name.ends_with(".trips.xml") {
        city.trips(out, &chosen, &mut findings)?
    } else if name.ends_with(".xml") {
        city.plans(out)?
    } else {
        return Err(Failure::usage(format!("{}: its ending says nothing of what to write", out.display())).help("plans are written as NAME.xml, trips as NAME.rou.xml, a table for a scenario's demand as NAME.csv"));
    };
    if let Some(file) = &args.zone_table {
        city.zones(file, &ways).map_err(|e| unwritten(file, &e))?;
    }
    output.diagnostics(&findings);
    let count = |role| population.persons.iter().filter(|p| p.role == role).count();
    use qike_demand::population::Role;
    let modes: BTreeMap<&str, u64> = assumed.modes.iter().zip(0_u32..).map(|(m, n)| (m.name.as_str(), ways.iter().filter(|w| w.mode == n).count() as u64)).collect();
    let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
    ways.iter().for_each(|w| *by_hour.entry(w.depart_ms / HOUR_MS).or_default() += 1);
    let distances: BTreeMap<&str, _> = population.distances.iter().map(|(a, d)| {
        (a.name(), json!({ "number": d.number, "wanted_km": d.wanted, "zones_km": d.zones, "buildings_km": d.buildings, "beta_per_km": d.beta }))
    }).collect();
    let (jobs, pupils): (f64, f64) = (found.sites.iter().map(|s| s.jobs).sum(), found.sites.iter().map(|s| s.pupils).sum());
    let document = json!({
        "out": out,
        "zone_table": args.zone_table,
        "buildings": scene.of_class(qike_scene::Class::Building).len(),
        "uses": found.uses,
        "stated": found.stated,
        "zones": population.grid.zones.len(),
        "zone_size_m": population.grid.side_m,
        "jobs": jobs,
        "places_of_learning": pupils,
        "persons": population.persons.len(),
        "households": population.households,
        "workers": count(Role::Worker),
        "pupils": count(Role::Pupil),
        "ways": ways.len(),
        "written": written,
        "modes": modes,
        "by_hour": by_hour.iter().collect::<Vec<_>>(),
        "distances": distances,
        "wall_s": started.elapsed().as_secs_f64(),
        "findings": findings,
    });
    output.result(&document, || {
        let mut rows = vec![["", "number", "mean km wanted", "between zones", "between buildings"].map(str::to_owned).to_vec()];
        rows.extend(population.distances.iter().map(|(a, d)| vec![a.name().to_owned(), d.number.to_string(), format!("{:.2}", d.wanted), format!("{:.2}", d.zones), format!("{:.2}", d.buildings)]));
        let all = ways.len().max(1) as f64;
        let modes = modes.iter().map(|(name, n)| format!("{name} {:.1} %", 100.0 * *n as f64 / all)).collect::<Vec<_>>().join(", ");
        format!(
            "{} persons in {} households, {} workers and {jobs:.0} jobs, {} pupils; {} ways a day: {modes}\n{}\n{written} written to {}",
            population.persons.len(), population.households, count(Role::Worker), count(Role::Pupil), ways.len(), table(&rows), out.display()
        )
    })?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// The roads of a scene, for cars.
struct Roads {
    network: LaneNetwork,
    router: Router,
    nearest: NearestLinks,
    reach: Reach,
}

impl Roads {
    fn new(scene: &SceneSnapshot) -> Result<Self, Failure> {
        let network = LaneNetwork::from_scene(scene, &NetworkOptions::default()).map_err(Failure::new)?;
        if network.links.is_empty() {
            return Err(Failure::new("the store has no road that motor vehicles may use: there is nothing to drive on").help("write plans (NAME.xml) instead, or import roads"));
        }
        let (router, nearest) = (Router::new(&network, Modes::CAR), NearestLinks::new(&network));
        let reach = reach(&router, network.links.len());
        Ok(Self { network, router, nearest, reach })
    }

    /// The nearest road on which one can come and go.
    fn link(&self, at: [f64; 2]) -> Option<LinkIx> {
        self.nearest.nearest(at, WITHIN_M, |l| self.router.is_open(l) && self.reach.origin[l.ix()] && self.reach.destination[l.ix()]).map(|l| l.link)
    }

    /// Whether a scenario's trips may begin, and end, at a building: on the nearest road, in one of its directions.
    fn ends(&self, at: [f64; 2]) -> [bool; 2] {
        let usable = |l: LinkIx| self.router.is_open(l) && (self.reach.origin[l.ix()] || self.reach.destination[l.ix()]);
        let Some(found) = self.nearest.nearest(at, WITHIN_M, usable) else { return [false; 2] };
        let both = || std::iter::once(found.link).chain(self.network.link(found.link).reverse.filter(|l| usable(*l)));
        [both().any(|l| self.reach.origin[l.ix()]), both().any(|l| self.reach.destination[l.ix()])]
    }
}

/// Ways that are left out for want of a road.
fn far_off(ways: u64) -> Option<Diagnostic> {
    (ways > 0).then(|| Diagnostic::error("no-road", format!("{ways} ways begin or end where no road within {WITHIN_M} m leads into the network or out of it; they are left out")))
}

impl City<'_> {
    /// All ways, by departure.
    fn ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        for (person, p) in (0_u32..).zip(&self.population.persons) {
            for pair in p.stays.windows(2) {
                if let (Some(depart_ms), Some(mode)) = (pair[0].until_ms, pair[0].mode) {
                    ways.push(Way { depart_ms, from: pair[0].site, to: pair[1].site, mode, person });
                }
            }
        }
        ways.sort_by_key(|w| (w.depart_ms, w.person));
        ways
    }

    fn name(&self, site: u32) -> &str {
        self.scene.get(self.sites[site as usize].object).id.as_str()
    }

    /// The demand of a scenario (`kind = "vehicle_od"`): from building to building, minute by minute.
    fn table(&self, out: &Path, ways: &[Way], findings: &mut Vec<Diagnostic>) -> Result<u64, Failure> {
        let roads = Roads::new(self.scene)?;
        let mut known: BTreeMap<u32, [bool; 2]> = BTreeMap::new();
        let mut ends = |site: u32| *known.entry(site).or_insert_with(|| roads.ends(self.sites[site as usize].at));
        let between: Vec<&Way> = ways.iter().filter(|w| w.from != w.to).collect();
        let (some, far): (Vec<&Way>, Vec<&Way>) = between.into_iter().partition(|w| ends(w.from)[0] && ends(w.to)[1]);
        findings.extend(far_off(far.len() as u64));
        let clock = |ms: i64| format!("{:02}:{:02}", ms / HOUR_MS, ms / MINUTE_MS % 60);
        let write = || -> Result<(), Box<dyn std::error::Error>> {
            let mut table = csv::Writer::from_writer(create(out)?);
            table.write_record(["from", "to", "start", "end", "trips"])?;
            for way in &some {
                let minute = way.depart_ms / MINUTE_MS * MINUTE_MS;
                table.write_record([self.name(way.from), self.name(way.to), &clock(minute), &clock(minute + MINUTE_MS), "1"])?;
            }
            Ok(table.flush()?)
        };
        write().map_err(|e| unwritten(out, &e))?;
        Ok(some.len() as u64)
    }

    /// Trips on the network that `qike export CITY.gpkg X.net.xml` writes of the same store.
    fn trips(&self, out: &Path, ways: &[Way], findings: &mut Vec<Diagnostic>) -> Result<u64, Failure> {
        let roads = Roads::new(self.scene)?;
        // Links are the first edges of the network's map.
        let names = qike_export::sumo::net::edge_names(&roads.network.road_map());
        let mut known: BTreeMap<u32, Option<LinkIx>> = BTreeMap::new();
        let mut link = |site: u32| *known.entry(site).or_insert_with(|| roads.link(self.sites[site as usize].at));
        let (mut written, mut far) = (0_u64, 0_u64);
        let mut write = || -> Result<(), Box<dyn std::error::Error>> {
            let mut file = create(out)?;
            let mut trips = TripFile::new(&mut file, [])?;
            for (n, way) in ways.iter().enumerate() {
                let (Some(from), Some(to)) = (link(way.from), link(way.to)) else {
                    far += 1;
                    continue;
                };
                let name = |link: LinkIx| names.get(link.ix()).map_or("", String::as_str);
                trips.trip(&WrittenTrip { id: &n.to_string(), depart_ms: way.depart_ms / 10 * 10, from: name(from), to: name(to), zones: None, kind: None })?;
                written += 1;
            }
            trips.finish()?;
            Ok(file.flush()?)
        };
        write().map_err(|e| unwritten(out, &e))?;
        findings.extend(far_off(far));
        Ok(written)
    }

    /// Plans of all persons.
    fn plans(&self, out: &Path) -> Result<u64, Failure> {
        let write = || -> Result<(), Box<dyn std::error::Error>> {
            let mut file = create(out)?;
            let mut plans = Plans::new(&mut file, self.scene.crs().definition())?;
            for (n, person) in self.population.persons.iter().enumerate() {
                let mode = |n: u32| {
                    let name = self.assumptions.modes[n as usize].name.as_str();
                    MATSIM.iter().find(|(own, _)| *own == name).map_or(name, |(_, theirs)| theirs)
                };
                let role = format!("{:?}", person.role).to_lowercase();
                let stays = person.stays.iter().map(|s| WrittenStay {
                    activity: s.activity.name(),
                    at: self.sites[s.site as usize].at,
                    leaves: s.until_ms.zip(s.mode).map(|(ms, n)| (ms, mode(n))),
                });
                plans.person(n, &[("age", u32::from(person.age)), ("household", person.household)], &[("role", &role)], stays)?;
            }
            plans.finish()?;
            Ok(file.flush()?)
        };
        write().map_err(|e| unwritten(out, &e))?;
        Ok(self.population.persons.len() as u64)
    }

    /// Zones with what is in them and how many ways begin and end there.
    fn zones(&self, out: &Path, ways: &[Way]) -> Result<(), Box<dyn std::error::Error>> {
        let grid = &self.population.grid;
        let mut counts = vec![[0_u64; 3]; grid.zones.len()];
        for person in &self.population.persons {
            counts[grid.of[person.stays[0].site as usize] as usize][0] += 1;
        }
        for way in ways {
            counts[grid.of[way.from as usize] as usize][1] += 1;
            counts[grid.of[way.to as usize] as usize][2] += 1;
        }
        let mut table = csv::Writer::from_writer(create(out)?);
        table.write_record(["zone", "x", "y", "buildings", "residents", "jobs", "places_of_learning", "shopping", "leisure", "ways_from", "ways_to"])?;
        for (n, (zone, counts)) in grid.zones.iter().zip(&counts).enumerate() {
            let sum = |of: fn(&Site) -> f64| zone.sites.iter().map(|s| of(&self.sites[*s as usize])).sum::<f64>();
            let numbers = [zone.at[0], zone.at[1], zone.sites.len() as f64, counts[0] as f64, sum(|s| s.jobs), sum(|s| s.pupils), sum(|s| s.shopping), sum(|s| s.leisure), counts[1] as f64, counts[2] as f64];
            table.write_record(std::iter::once(n.to_string()).chain(numbers.map(|v| format!("{}", (v * 100.0).round() / 100.0))))?;
        }
        Ok(table.flush()?)
    }
}
