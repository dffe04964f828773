//! Demand fitted to counts: which routes may be driven, and what is written of those that are.

use super::{check_outputs, configuration, create, network, od, span, unwritten};
use crate::Done;
use crate::commands::demand::Args as Command;
use crate::commands::replay::read_counts;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_core::{CounterRng, Diagnostic, Severity};
use qike_demand::fit::{Candidate, Counted, Goal, Passages, Slot, gather, geh, maximise, round};
use qike_demand::{Ends, Options, spread};
use qike_export::sumo::{RouteFile, WrittenRoute};
use qike_import::{Observed, sumo};
use qike_network::routing::{Driver, Penalties, RouteFinder, RouteGraph};
use qike_scene::traffic::{Arrival, DepartLane, DepartPos, DepartSpeed, EdgeTimes, LinkNames, PathRef, Place, Release, RoadUsers, Spacing, TrafficScenario, Travel, TypeRef};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A route that nobody drives in a slot may be driven there, if counts want that: its prior is this share of what an even spread of all
/// who drive it would be.
const FLOOR: f64 = 0.1;
/// How much dearer an edge may seem on another route than it is.
const NOISE: f64 = 1.0;
/// Vehicles of one flow that are taken for its prior.
const MOST_OF_FLOW: u64 = 1_000_000;
/// Who has this type has none of its own.
const USUAL: &str = "DEFAULT_VEHTYPE";

/// Options of counts.
#[derive(clap::Args)]
#[command(next_help_heading = "Counts")]
pub struct Args {
    /// Counts at edges, to which demand is fitted: edge data or E1 outputs of SUMO (with the file of the detectors), counts of MATSim, or a table (edge, hour or begin and end, count).
    #[arg(long, value_name = "COUNTS", num_args = 1..)]
    pub counts: Vec<PathBuf>,
    /// Routes, trips and flows that may be driven, instead of those between zones.
    #[arg(long, value_name = "R.rou.xml", num_args = 1.., requires = "counts")]
    pub routes: Vec<PathBuf>,
    /// So many ways between the same edges: the quickest, and those that are quickest when edges seem dearer by chance.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub ways: u32,
    /// Travel times of edges by interval (edgeData with traveltime), by which ways are found and vehicles pass counts.
    #[arg(long, value_name = "EDGES.xml", requires = "counts")]
    pub weights: Option<PathBuf>,
    /// Write each count with what passes before and after the fit, and their GEH.
    #[arg(long, value_name = "FIT.csv", requires = "counts")]
    pub report: Option<PathBuf>,
    /// Stop after so many iterations.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub iterations: u32,
}

/// Who may drive what: kind and edges, with the departures that are known.
type Routes = BTreeMap<(TypeRefKey, Vec<u32>), Vec<(i64, f64)>>;
/// [`TypeRef`] in an order.
type TypeRefKey = (bool, u32);

fn key(kind: TypeRef) -> TypeRefKey {
    match kind {
        TypeRef::Kind(k) => (false, k),
        TypeRef::Choice(c) => (true, c),
    }
}

fn kind(key: TypeRefKey) -> TypeRef {
    if key.0 { TypeRef::Choice(key.1) } else { TypeRef::Kind(key.1) }
}

/// Runs the command.
pub fn run(command: &Command, net: &Path, out: &Path, output: &Output) -> Result<Done, Failure> {
    let (args, started) = (&command.counts, Instant::now());
    let span = span(command.begin.as_deref(), command.end.as_deref())?;
    let inputs: Vec<&Path> = args.counts.iter().chain(&args.routes).chain(&args.weights).chain(&command.od.od).chain(&command.od.taz).map(PathBuf::as_path).chain([net]).collect();
    check_outputs(&inputs, &[out].into_iter().chain(command.config.as_deref()).chain(args.report.as_deref()).collect::<Vec<_>>())?;
    if args.routes.is_empty() == command.od.od.is_empty() {
        return Err(Failure::usage("--counts: name either what may be driven (--routes R.rou.xml) or who wants to (--od MATRIX --taz ZONES.xml)"));
    }
    let mut scenario = network(net, &command.od.taz, output)?;
    let kinds: Vec<(Observed, &Path)> = args.counts.iter().map(|path| Ok((qike_import::observed(path, &Default::default())?, path.as_path()))).collect::<Result<_, Failure>>()?;
    for (_, path) in kinds.iter().filter(|k| k.0 == Observed::Additional) {
        sumo::read_additionals(path, &mut scenario, &output.feedback)?;
    }
    for path in &args.routes {
        sumo::read_routes(path, &mut scenario, &output.feedback)?;
    }
    let mut findings = std::mem::take(&mut scenario.findings);
    let (mut links, mut read) = (LinkNames::of(&scenario), Vec::new());
    for (kind, path) in &kinds {
        findings.extend(read_counts(*kind, path, &Default::default(), &mut links, &mut read, output)?);
    }
    let (counts, faults) = gather(&read, &scenario.map, span);
    findings.extend(faults);
    if counts.is_empty() {
        output.diagnostics(&findings);
        return Err(Failure::new("no count is left to which demand could be fitted").help("look at the intervals of the counts, at --begin and --end, and at the ids of edges"));
    }
    let times = match &args.weights {
        Some(file) => {
            let (times, faults) = sumo::read_edge_times(file, &scenario, &output.feedback)?;
            findings.extend(faults);
            Some(times)
        }
        None => None,
    };
    let trips = if command.od.od.is_empty() { Vec::new() } else { wishes(command, &mut scenario, &mut findings, output)? };
    let routes = ways(&scenario, &trips, times.as_ref(), args.ways, command.seed, output, &mut findings)?;
    if routes.is_empty() {
        output.diagnostics(&findings);
        return Err(Failure::new("there is no route that anybody could drive"));
    }
    let passing = |edges: &[u32], ms: i64, kind: TypeRefKey| seconds(&scenario, times.as_ref(), edges, ms, kind);
    let longest = routes.keys().map(|(kind, edges)| passing(edges, counts[0].from_ms, *kind).last().copied().unwrap_or(0.0)).fold(0.0, f32::max);
    let slots = slots(&counts, f64::from(longest));
    let (candidates, before) = priors(&routes, &slots, passing);
    let passages = Passages::new(&candidates, &slots, &counts);
    let prior: Vec<f64> = candidates.iter().flat_map(|c| c.prior.iter().copied()).collect();
    let solution = maximise(&passages, &counts, &prior, &Goal { iterations: args.iterations, ..Goal::default() }, &output.feedback)?;
    // Routes are in the order of their edges: those beside each other have much in common.
    let order: Vec<usize> = (0..slots.len()).flat_map(|slot| (0..candidates.len()).map(move |c| (c, slot))).map(|(c, slot)| c * slots.len() + slot).collect();
    let whole = round(&passages, &counts, &solution.flows, &order);
    let (before, after) = (passages.passing(&before), passages.passing(&whole.iter().map(|n| *n as f64).collect::<Vec<_>>()));
    let reach = reachable(&passages, &prior);
    findings.extend(unreached(&counts, &reach, &scenario));
    let vehicles = write(out, &mut scenario, &routes, &slots, &whole, command)?;
    if let Some(config) = &command.config {
        configuration(config, net, &command.od.taz, out, (slots[0].begin_ms, i64::MAX))?;
    }
    if let Some(path) = &args.report {
        report(path, &counts, &before, &after, &scenario).map_err(|e| unwritten(path, &e))?;
    }
    output.diagnostics(&findings);
    let (first, last) = (figures(&counts, &before), figures(&counts, &after));
    let document = json!({
        "out": out,
        "report": args.report,
        "method": "Poisson likelihood by expectation maximisation from the prior, rounded to whole vehicles",
        "counts": counts.len(),
        "edges": counts.iter().map(|c| c.edge).collect::<BTreeSet<_>>().len(),
        "unreachable": reach.iter().filter(|r| !**r).count(),
        "routes": candidates.len(),
        "iterations": solution.iterations,
        "vehicles": vehicles,
        "before": first,
        "after": last,
        "wall_s": started.elapsed().as_secs_f64(),
        "findings": findings,
    });
    output.result(&document, || {
        let row = |name: &str, key: &str, digits: usize| {
            let number = |v: &Value| v[key].as_f64().map_or("–".to_owned(), |v| format!("{v:.digits$}"));
            vec![name.to_owned(), number(&first), number(&last)]
        };
        let rows = [
            ["", "before", "after"].map(str::to_owned).to_vec(), row("vehicles counted", "counted", 0), row("vehicles that pass", "passing", 0), row("mean GEH", "mean_geh", 2),
            row("greatest GEH", "greatest_geh", 1), row("counts with GEH < 5, %", "below_5_percent", 1),
        ];
        format!("{vehicles} vehicles on {} routes fit {} counts after {} iterations\n{}\n{}", candidates.len(), counts.len(), solution.iterations, table(&rows), out.display())
    })?;
    let skipped = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// Trips of matrices: kind, when, from, to.
fn wishes(command: &Command, scenario: &mut TrafficScenario, findings: &mut Vec<Diagnostic>, output: &Output) -> Result<Vec<(TypeRef, i64, u32, u32)>, Failure> {
    let matrix = od::matrices(&command.od.od, scenario, findings, output)?;
    let kinds: Vec<u32> = matrix.kinds.iter().map(|name| type_of(scenario, name)).collect();
    let usual = type_of(scenario, USUAL);
    let of = |kind: u32| Ends::new(&scenario.extras.zones, &scenario.map, scenario.demand.kinds.get(kind as usize).map_or(RoadUsers::PASSENGER, |k| k.user));
    let (ends, cars): (Vec<Ends>, Ends) = (kinds.iter().map(|k| of(*k)).collect(), of(usual));
    let day = command.od.profile.as_deref().map(od::profile).transpose()?;
    let options = Options { profile: day.as_ref(), scale: command.od.scale, seed: command.seed, ..Options::default() };
    let trips = spread(&matrix, |kind| kind.and_then(|k| ends.get(k as usize)).unwrap_or(&cars), &options);
    Ok(trips.iter().map(|t| (TypeRef::Kind(t.kind.and_then(|k| kinds.get(k as usize)).copied().unwrap_or(usual)), t.depart_ms, t.from, t.to)).collect())
}

/// The place of a type, which is added where it is not stated.
fn type_of(scenario: &mut TrafficScenario, name: &str) -> u32 {
    let kinds = &mut scenario.demand.kinds;
    let at = kinds.iter().position(|k| k.id == name).unwrap_or_else(|| {
        let class = RoadUsers::kind(name).unwrap_or(RoadUsers::PASSENGER);
        kinds.push(sumo::given_kind(name).unwrap_or_else(|| sumo::kind_of_class(name, class)));
        kinds.len() - 1
    });
    u32::try_from(at).unwrap_or(0)
}

/// All routes that may be driven: those that vehicles have, and ways between the ends of trips.
fn ways(
    scenario: &TrafficScenario, trips: &[(TypeRef, i64, u32, u32)], times: Option<&EdgeTimes>, ways: u32, seed: u64, output: &Output, findings: &mut Vec<Diagnostic>,
) -> Result<Routes, Failure> {
    let mut routes = Routes::new();
    let demand = &scenario.demand;
    let path = |n: u32| demand.paths.get(n as usize).map(|p| p.edges.clone()).filter(|e| !e.is_empty());
    // From, to and over which edges somebody wants to go, when, and how many.
    let mut wishes: BTreeMap<(TypeRefKey, Vec<u32>, Vec<u32>, Vec<u32>), Vec<(i64, f64)>> = BTreeMap::new();
    let mut take = |travel: &Travel, departs: &[(i64, f64)]| match &travel.path {
        PathRef::Path(n) => {
            if let Some(edges) = path(*n) {
                routes.entry((key(travel.kind), edges)).or_default().extend(departs);
            }
        }
        PathRef::Choice(n) => {
            let members = demand.path_choices.get(*n as usize).map(|c| &c.members[..]).unwrap_or_default();
            let sum: f64 = members.iter().map(|m| m.1).sum();
            for (n, weight) in members.iter().filter(|_| sum > 0.0) {
                if let Some(edges) = path(*n) {
                    routes.entry((key(travel.kind), edges)).or_default().extend(departs.iter().map(|(ms, number)| (*ms, number * weight / sum)));
                }
            }
        }
        PathRef::Find { from, via, to } => wishes.entry((key(travel.kind), scenario.edges_at(*from, true), via.clone(), scenario.edges_at(*to, false))).or_default().extend(departs),
    };
    let mut now = 0;
    for (_, release, travel) in &demand.vehicles {
        if let Release::At(ms) = release {
            now = *ms;
        }
        take(travel, &[(now, 1.0)]);
    }
    for flow in &demand.flows {
        take(&flow.travel, &departures(flow));
    }
    for (kind, ms, from, to) in trips {
        wishes.entry((key(*kind), vec![*from], Vec::new(), vec![*to])).or_default().push((*ms, 1.0));
    }
    let graph = RouteGraph::new(&scenario.map, &Penalties::default());
    let task = output.feedback.task("find ways", u64::from(ways) * wishes.len() as u64);
    let mut lost = 0.0;
    for way in 0..ways {
        let noisy = (way > 0).then(|| noise(scenario, times, seed, way));
        let mut finder = RouteFinder::new(&graph, noisy.as_ref().or(times), wishes.len());
        for ((kind, from, via, to), departs) in &wishes {
            output.feedback.check()?;
            task.advance(1);
            let driver = driver(scenario, *kind);
            match driver.and_then(|driver| finder.best(&driver, departs.first().map_or(0, |d| d.0), from, via, to)) {
                Some(route) => routes.entry((*kind, route.edges)).or_default().extend(departs.iter().map(|(ms, number)| (*ms, number / f64::from(ways)))),
                None if way == 0 => lost += departs.iter().map(|d| d.1).sum::<f64>(),
                None => {}
            }
        }
    }
    if lost > 0.0 {
        findings.push(Diagnostic::error("route-not-found", format!("{lost:.0} trips have no way between their ends, and are left out")).help("qike routes tells which of a file of trips have none"));
    }
    Ok(routes)
}

/// When the vehicles of a flow depart, in as many parts as its interval has quarters of an hour.
fn departures(flow: &qike_scene::traffic::Flow) -> Vec<(i64, f64)> {
    const QUARTER_MS: i64 = 900_000;
    let end = flow.end_ms.unwrap_or(flow.begin_ms + 96 * QUARTER_MS);
    let seconds = (end - flow.begin_ms).max(0) as f64 / 1000.0;
    let number = match flow.spacing {
        Spacing::Number(n) => n as f64,
        Spacing::Period(ms) => seconds * 1000.0 / ms.max(1.0),
        Spacing::Probability(p) | Spacing::Poisson(p) => seconds * p,
    };
    let number = flow.number.map_or(number, |n| number.min(n as f64)).min(MOST_OF_FLOW as f64);
    let parts = ((end - flow.begin_ms) / QUARTER_MS).clamp(1, 1000);
    (0..parts).map(|n| (flow.begin_ms + (end - flow.begin_ms) * n / parts, number / parts as f64)).collect()
}

fn driver(scenario: &TrafficScenario, key: TypeRefKey) -> Option<Driver> {
    let kind = match kind(key) {
        TypeRef::Kind(k) => k,
        TypeRef::Choice(c) => scenario.demand.kind_choices.get(c as usize)?.members.first()?.0,
    };
    scenario.demand.kinds.get(kind as usize).map(Driver::of)
}

/// Edges that seem dearer than they are, by chance.
fn noise(scenario: &TrafficScenario, times: Option<&EdgeTimes>, seed: u64, way: u32) -> EdgeTimes {
    let map = &scenario.map;
    let dearer = |edge: usize| 1.0 + NOISE * CounterRng::new(seed, edge as u64, u64::from(way)).uniform();
    let free = |edge: usize| map.edges[edge].lanes.clone().filter_map(|l| map.lanes.get(l as usize)).map(|l| l.length_m / l.speed_mps.max(0.1)).fold(f64::INFINITY, f64::min);
    let of = |known: Option<&[f32]>| (0..map.edges.len()).map(|e| {
        let known = known.and_then(|k| k.get(e)).map(|s| f64::from(*s)).filter(|s| s.is_finite());
        (known.unwrap_or_else(|| free(e)) * dearer(e)) as f32
    }).collect();
    let periods = match times {
        Some(times) if !times.periods.is_empty() => times.periods.iter().map(|(begin, end, seconds)| (*begin, *end, of(Some(seconds)))).collect(),
        _ => vec![(i64::MIN / 2, i64::MAX / 2, of(None))],
    };
    EdgeTimes { periods }
}

/// Seconds from departure to the end of each edge.
fn seconds(scenario: &TrafficScenario, times: Option<&EdgeTimes>, edges: &[u32], ms: i64, kind: TypeRefKey) -> Vec<f32> {
    let map = &scenario.map;
    let driver = driver(scenario, kind);
    let (most, factor) = driver.map_or((f64::INFINITY, 1.0), |d| (d.max_speed_mps, d.speed_factor));
    let mut sum = 0.0;
    edges.iter().map(|edge| {
        let now = ms.saturating_add((sum * 1000.0) as i64);
        let known = times.and_then(|t| t.periods.iter().find(|p| (p.0..p.1).contains(&now))).and_then(|p| p.2.get(*edge as usize)).map(|s| f64::from(*s)).filter(|s| s.is_finite());
        let lanes = map.edges.get(*edge as usize).map(|e| e.lanes.clone()).unwrap_or_default();
        let free = lanes.filter_map(|l| map.lanes.get(l as usize)).map(|l| l.length_m / most.min(l.speed_mps * factor).max(0.1)).fold(f64::INFINITY, f64::min);
        sum += known.unwrap_or(if free.is_finite() { free } else { 0.0 });
        sum as f32
    }).collect()
}

/// Slots of departure: the intervals of the counts; the first begins earlier, for those who are under way when counting begins.
fn slots(counts: &[Counted], longest_s: f64) -> Vec<Slot> {
    let bounds: BTreeSet<i64> = counts.iter().flat_map(|c| [c.from_ms, c.until_ms]).collect();
    let bounds: Vec<i64> = bounds.into_iter().collect();
    let mut slots: Vec<Slot> = bounds.windows(2).map(|w| Slot { begin_ms: w[0], end_ms: w[1] }).collect();
    // A gap between counts has traffic, too, if it is not longer than a day.
    slots.retain(|s| s.end_ms - s.begin_ms <= 86_400_000);
    let first = bounds[0];
    let lead = ((longest_s * 1000.0) as i64).min(bounds.get(1).map_or(0, |b| b - first)).min(first.max(0));
    if let Some(slot) = slots.first_mut() {
        slot.begin_ms -= lead;
    }
    slots
}

/// Candidates with their priors, and flows by column as they are without a fit.
fn priors(routes: &Routes, slots: &[Slot], seconds: impl Fn(&[u32], i64, TypeRefKey) -> Vec<f32>) -> (Vec<Candidate>, Vec<f64>) {
    let length: f64 = slots.iter().map(|s| (s.end_ms - s.begin_ms) as f64).sum();
    let (mut candidates, mut known) = (Vec::with_capacity(routes.len()), Vec::new());
    for ((kind, edges), departs) in routes {
        let number: f64 = departs.iter().map(|d| d.1).sum();
        let mut prior = vec![0.0; slots.len()];
        for (ms, number) in departs {
            if let Some(at) = slots.iter().position(|s| (s.begin_ms..s.end_ms).contains(ms)) {
                prior[at] += number;
            }
        }
        known.extend_from_slice(&prior);
        let even = |slot: &Slot| number * (slot.end_ms - slot.begin_ms) as f64 / length;
        prior.iter_mut().zip(slots).for_each(|(p, slot)| *p += FLOOR * even(slot));
        candidates.push(Candidate { edges: edges.clone(), seconds: seconds(edges, slots[0].begin_ms, *kind), prior });
    }
    if known.iter().all(|k| *k == 0.0) {
        // Their times have nothing to do with those of the counts.
        known = candidates.iter().flat_map(|c| c.prior.iter().map(|p| p / FLOOR)).collect();
    }
    (candidates, known)
}

/// Which counts any route passes.
fn reachable(passages: &Passages, prior: &[f64]) -> Vec<bool> {
    passages.passing(prior).iter().map(|p| *p > 0.0).collect()
}

/// Counts that no route passes.
fn unreached(counts: &[Counted], reach: &[bool], scenario: &TrafficScenario) -> Option<Diagnostic> {
    let without: BTreeSet<u32> = counts.iter().zip(reach).filter(|(c, r)| !**r && c.vehicles > 0.0).map(|(c, _)| c.edge).collect();
    let first = without.first().and_then(|e| scenario.map.edges.get(*e as usize))?;
    let message = format!("no route passes {} of the counted edges, the first is '{}'; their counts cannot be met", without.len(), first.id);
    Some(Diagnostic::warning("count-without-route", message).help("give more routes, more --ways, or zones on both sides of these edges"))
}

fn figures(counts: &[Counted], passing: &[f64]) -> Value {
    let all: Vec<f64> = counts.iter().zip(passing).map(|(c, m)| geh(*m, c.vehicles, c.hours())).collect();
    let share = all.iter().filter(|g| **g < 5.0).count() as f64 / all.len().max(1) as f64;
    let squares: f64 = counts.iter().zip(passing).map(|(c, m)| (m - c.vehicles).powi(2)).sum();
    json!({
        "counted": counts.iter().map(|c| c.vehicles).sum::<f64>(),
        "passing": passing.iter().sum::<f64>(),
        "mean_geh": all.iter().sum::<f64>() / all.len().max(1) as f64,
        "greatest_geh": all.iter().copied().fold(0.0, f64::max),
        "below_5_percent": 100.0 * share,
        "rmse": (squares / all.len().max(1) as f64).sqrt(),
    })
}

fn report(path: &Path, counts: &[Counted], before: &[f64], after: &[f64], scenario: &TrafficScenario) -> Result<(), Box<dyn std::error::Error>> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["edge", "begin", "end", "count", "before", "after", "geh_before", "geh_after"])?;
    for ((count, before), after) in counts.iter().zip(before).zip(after) {
        let edge = scenario.map.edges.get(count.edge as usize).map_or("", |e| &e.id);
        let numbers = [count.from_ms as f64 / 1000.0, count.until_ms as f64 / 1000.0, count.vehicles, *before, *after, geh(*before, count.vehicles, count.hours()), geh(*after, count.vehicles, count.hours())];
        table.write_record([edge.to_owned()].into_iter().chain(numbers.map(|v| format!("{}", (v * 1000.0).round() / 1000.0))))?;
    }
    Ok(table.flush()?)
}

/// Writes the vehicles of whole flows by departure; how many there are.
fn write(out: &Path, scenario: &mut TrafficScenario, routes: &Routes, slots: &[Slot], whole: &[u64], command: &Command) -> Result<u64, Failure> {
    let mut vehicles: Vec<(i64, usize)> = Vec::new();
    for (column, number) in whole.iter().enumerate() {
        let slot = slots[column % slots.len()];
        for n in 0..*number {
            let at = CounterRng::new(command.seed, column as u64, n).uniform();
            vehicles.push((slot.begin_ms + ((slot.end_ms - slot.begin_ms) as f64 * at) as i64 / 10 * 10, column / slots.len()));
        }
    }
    vehicles.sort_unstable();
    let used: BTreeSet<u32> = routes.keys().filter(|(k, _)| !k.0).map(|(k, _)| k.1).filter(|k| {
        // What additional files or SUMO itself state is not stated again.
        scenario.demand.kinds.get(*k as usize).is_some_and(|kind| sumo::given_kind(&kind.id).is_none_or(|given| given != *kind))
    }).collect();
    let scenario = &*scenario;
    let all: Vec<(&TypeRefKey, &Vec<u32>)> = routes.keys().map(|(kind, edges)| (kind, edges)).collect();
    let write = || -> std::io::Result<()> {
        let file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(out)?);
        let mut file = RouteFile::new(scenario, &used.into_iter().collect::<Vec<_>>(), file)?;
        for (n, (depart, route)) in vehicles.iter().enumerate() {
            let (key, edges) = all[*route];
            let travel = Travel {
                kind: kind(*key), path: PathRef::Find { from: Place::Edge(edges[0]), via: Vec::new(), to: Place::Edge(edges[0]) }, lane: DepartLane::Free, at: DepartPos::Base, speed: DepartSpeed::Max,
                arrival: Arrival::default(), stops: Vec::new(), line: None, speed_factor: None,
            };
            file.vehicle(&format!("{}{n}", command.od.prefix), Release::At(*depart), &travel, &[WrittenRoute { edges, seconds: None, weight: 1.0 }])?;
        }
        file.finish()
    };
    create(out)?;
    write().map_err(|e| unwritten(out, &e))?;
    Ok(vehicles.len() as u64)
}
