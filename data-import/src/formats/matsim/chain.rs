//! From a plan to departures. An activity ends at its `end_time`, or so long after one came as it lasts; when one comes is known only
//! in a run, and is taken here as by free speeds, or as the plan itself says. Legs of modes that are not simulated on links take as
//! long as MATSim's teleportation says (beeline × 1.3 over the speed of the mode), and only move what follows.

use crate::formats::sumo::log::Log;
use crate::formats::sumo::{given_kind, shown};
use qike_core::fast_map::FastMap;
use qike_core::Severity;
use qike_scene::traffic::{Arrival, DepartLane, DepartPos, DepartSpeed, Path, PathRef, Place, Release, RoadUsers, TrafficScenario, Travel, TypeRef, VehicleKind};
use std::collections::BTreeMap;

/// The way is so much longer than the beeline (`beelineDistanceFactor`).
const DETOUR: f64 = 1.3;
/// Modes that are driven on links, and the kind of vehicle that they are.
const DRIVEN: &[(&str, &str)] = &[("car", "DEFAULT_VEHTYPE"), ("truck", "truck"), ("freight", "truck"), ("taxi", "DEFAULT_TAXITYPE"), ("drt", "DEFAULT_TAXITYPE")];
/// Speeds of others, m/s (`teleportedModeSpeed`): those of MATSim's defaults.
const SPEEDS: &[(&str, f64)] = &[("walk", 3.0 / 3.6), ("access_walk", 3.0 / 3.6), ("transit_walk", 3.0 / 3.6), ("bike", 15.0 / 3.6), ("bicycle", 15.0 / 3.6)];
/// Of all the rest: twice as slow as a car that is free to drive, about.
const OTHER_MPS: f64 = 6.0;

/// An activity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Activity {
    pub link: Option<String>,
    pub position: Option<[f64; 2]>,
    pub end_ms: Option<i64>,
    pub duration_ms: Option<i64>,
}

/// A leg.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Leg {
    pub mode: String,
    pub depart_ms: Option<i64>,
    pub travel_ms: Option<i64>,
    pub distance_m: Option<f64>,
    pub links: Option<Vec<String>>,
    pub nodes: Option<Vec<String>>,
    pub line: u64,
}

/// A part of a plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Activity(Activity),
    Leg(Leg),
}

/// Makes vehicles of plans.
pub(super) struct Chain<'s> {
    scenario: &'s mut TrafficScenario,
    links: FastMap<String, u32>,
    nodes: FastMap<String, u32>,
    between: FastMap<(u32, u32), u32>,
    kinds: BTreeMap<&'static str, Option<u32>>,
    paths: FastMap<Vec<u32>, u32>,
    nearest: Nearest,
    departures: Vec<i64>,
    persons: u64,
    beside: BTreeMap<String, (u64, f64)>,
    nowhere: u64,
    guessed: u64,
}

impl<'s> Chain<'s> {
    pub fn new(scenario: &'s mut TrafficScenario) -> Self {
        let map = &scenario.map;
        let links = (0..).zip(&map.edges).map(|(n, e)| (e.id.clone(), n)).collect();
        let nodes = (0..).zip(&map.junctions).map(|(n, j)| (j.id.clone(), n)).collect();
        let mut between: FastMap<(u32, u32), u32> = FastMap::default();
        for (n, edge) in (0..).zip(&map.edges) {
            if let Some(pair) = edge.from.zip(edge.to) {
                between.entry(pair).or_insert(n);
            }
        }
        let nearest = Nearest::new(scenario);
        let departures = scenario.demand.vehicles.iter().map(|(_, r, _)| if let Release::At(ms) = r { *ms } else { 0 }).collect();
        Self {
            scenario,
            links,
            nodes,
            between,
            kinds: BTreeMap::new(),
            paths: FastMap::default(),
            nearest,
            departures,
            persons: 0,
            beside: BTreeMap::new(),
            nowhere: 0,
            guessed: 0,
        }
    }

    /// Takes up a person's plan.
    pub fn person(&mut self, id: &str, line: u64, plan: &[Part], log: &mut Log) {
        self.persons += 1;
        let (mut at, mut came_ms, mut count) = (None::<(u32, Activity)>, 0_i64, 0_u32);
        let mut parts = plan.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Activity(activity) => {
                    let link = match activity.link.as_ref() {
                        Some(name) => self.links.get(name).copied(),
                        None => activity.position.and_then(|p| self.nearest.find(p)),
                    };
                    let Some(link) = link else {
                        log.error("unknown-link", line, || format!("person '{}' has an activity on link '{}', which is not in the network; the rest of the plan is left out", shown(id), shown(activity.link.as_deref().unwrap_or("none"))));
                        return;
                    };
                    at = Some((link, activity.clone()));
                }
                Part::Leg(leg) => {
                    let Some(Part::Activity(next)) = parts.peek() else {
                        log.error("plan-broken", leg.line, || format!("a leg of person '{}' leads to no activity; the rest of the plan is left out", shown(id)));
                        return;
                    };
                    let Some((from, before)) = at.take() else {
                        log.error("plan-broken", leg.line, || format!("a leg of person '{}' follows no activity; the rest of the plan is left out", shown(id)));
                        return;
                    };
                    let depart_ms = match (before.end_ms, before.duration_ms, leg.depart_ms) {
                        (Some(end), ..) => end.max(came_ms),
                        (None, Some(duration), _) => {
                            self.guessed += u64::from(came_ms > 0);
                            came_ms.saturating_add(duration)
                        }
                        (None, None, Some(depart)) => depart.max(came_ms),
                        (None, None, None) => {
                            log.error("no-end", leg.line, || format!("an activity of person '{}' has neither an end nor a duration; the rest of the plan is left out", shown(id)));
                            return;
                        }
                    };
                    let to = match next.link.as_ref() {
                        Some(name) => self.links.get(name).copied(),
                        None => next.position.and_then(|p| self.nearest.find(p)),
                    };
                    let Some(to) = to else { continue };
                    came_ms = depart_ms.saturating_add(self.leg(id, leg, [from, to], [before.position, next.position], depart_ms, &mut count, log));
                }
            }
        }
    }

    /// Takes up a leg; how long it takes, ms.
    #[allow(clippy::too_many_arguments)] // The leg, its two ends, its time.
    fn leg(&mut self, id: &str, leg: &Leg, [from, to]: [u32; 2], ends: [Option<[f64; 2]>; 2], depart_ms: i64, count: &mut u32, log: &mut Log) -> i64 {
        let Some((_, kind)) = DRIVEN.iter().find(|(mode, _)| *mode == leg.mode) else {
            let metres = leg.distance_m.or(ends[0].zip(ends[1]).map(|(a, b)| (b[0] - a[0]).hypot(b[1] - a[1]) * DETOUR)).unwrap_or(0.0);
            let speed = SPEEDS.iter().find(|(mode, _)| *mode == leg.mode).map_or(OTHER_MPS, |(_, v)| *v);
            let seconds = leg.travel_ms.map_or(metres / speed, |ms| ms as f64 / 1000.0);
            let sums = self.beside.entry(shown(&leg.mode)).or_default();
            sums.0 += 1;
            sums.1 += seconds;
            return (seconds.clamp(0.0, 1e6) * 1000.0) as i64;
        };
        if from == to && leg.links.as_ref().is_none_or(|l| l.len() < 2) {
            self.nowhere += 1;
            return 0;
        }
        let stated = match (&leg.links, &leg.nodes) {
            (Some(links), _) => Some(self.by_links(links)),
            (None, Some(nodes)) => Some(self.by_nodes(nodes, from, to)),
            (None, None) => None,
        };
        let path = match stated {
            Some(Ok(edges)) if edges.first() == Some(&from) && edges.last() == Some(&to) => Some(edges),
            Some(Ok(_)) => {
                log.warn("route-elsewhere", leg.line, || format!("the route of a leg of person '{}' does not lead from activity to activity; another is found", shown(id)));
                None
            }
            Some(Err(name)) => {
                log.warn("route-broken", leg.line, || format!("the route of a leg of person '{}' is broken at '{}'; another is found", shown(id), shown(&name)));
                None
            }
            None => None,
        };
        let Some(kind) = self.kind(kind) else { return 0 };
        let seconds = match &path {
            // One begins at the end of the first link.
            Some(edges) => edges.iter().skip(1).map(|e| self.seconds(*e)).sum(),
            None => {
                let ends = [from, to].map(|e| self.end(e));
                (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1]) * DETOUR / 14.0
            }
        };
        let path = match path {
            Some(edges) => PathRef::Path(self.path(edges)),
            None => PathRef::Find { from: Place::Edge(from), via: Vec::new(), to: Place::Edge(to) },
        };
        *count += 1;
        let name = if *count == 1 { id.to_owned() } else { format!("{id}.{count}") };
        let travel = Travel {
            kind: TypeRef::Kind(kind),
            path,
            lane: DepartLane::default(),
            at: DepartPos::default(),
            speed: DepartSpeed::default(),
            arrival: Arrival::default(),
            stops: Vec::new(),
            line: None,
            speed_factor: None,
        };
        self.scenario.demand.vehicles.push((name, Release::At(depart_ms), travel));
        self.departures.push(depart_ms);
        leg.travel_ms.unwrap_or((seconds.clamp(0.0, 1e6) * 1000.0) as i64)
    }

    fn by_links(&self, names: &[String]) -> Result<Vec<u32>, String> {
        let edges: Vec<u32> = names.iter().map(|n| self.links.get(n).copied().ok_or_else(|| n.clone())).collect::<Result<_, _>>()?;
        match edges.windows(2).position(|w| self.ends(w[0]).1 != self.ends(w[1]).0) {
            Some(n) => Err(names.get(n + 1).cloned().unwrap_or_default()),
            None => Ok(edges),
        }
    }

    /// Nodes between the end of the first link and the beginning of the last.
    fn by_nodes(&self, names: &[String], from: u32, to: u32) -> Result<Vec<u32>, String> {
        let nodes: Vec<u32> = names.iter().map(|n| self.nodes.get(n).copied().ok_or_else(|| n.clone())).collect::<Result<_, _>>()?;
        let mut edges = vec![from];
        for (n, w) in nodes.windows(2).enumerate() {
            let pair = (w.first().copied().unwrap_or_default(), w.get(1).copied().unwrap_or_default());
            edges.push(self.between.get(&pair).copied().ok_or_else(|| names.get(n + 1).cloned().unwrap_or_default())?);
        }
        if nodes.first().is_some_and(|n| self.ends(from).1 != Some(*n)) || nodes.last().is_some_and(|n| self.ends(to).0 != Some(*n)) {
            return Err(names.first().cloned().unwrap_or_default());
        }
        edges.push(to);
        Ok(edges)
    }

    fn ends(&self, edge: u32) -> (Option<u32>, Option<u32>) {
        self.scenario.map.edges.get(edge as usize).map_or((None, None), |e| (e.from, e.to))
    }

    fn end(&self, edge: u32) -> [f64; 3] {
        self.ends(edge).1.and_then(|n| self.scenario.map.junctions.get(n as usize)).map_or([0.0; 3], |j| j.position)
    }

    fn seconds(&self, edge: u32) -> f64 {
        let map = &self.scenario.map;
        let lane = map.edges.get(edge as usize).and_then(|e| map.lanes.get(e.lanes.start as usize));
        lane.map_or(0.0, |l| l.length_m / l.speed_mps.max(0.1))
    }

    fn path(&mut self, edges: Vec<u32>) -> u32 {
        if let Some(known) = self.paths.get(&edges) {
            return *known;
        }
        let place = self.scenario.demand.paths.len() as u32;
        self.scenario.demand.paths.push(Path { id: String::new(), edges: edges.clone(), stops: Vec::new() });
        self.paths.insert(edges, place);
        place
    }

    fn kind(&mut self, name: &'static str) -> Option<u32> {
        if let Some(known) = self.kinds.get(name) {
            return *known;
        }
        let base = given_kind(if name == "truck" { "DEFAULT_VEHTYPE" } else { name }).or_else(|| given_kind("DEFAULT_VEHTYPE"));
        let place = base.map(|kind| {
            let (id, user) = match name {
                "truck" => ("truck", RoadUsers::TRUCK),
                "DEFAULT_VEHTYPE" => ("car", RoadUsers::PASSENGER),
                _ => ("taxi", kind.user),
            };
            self.scenario.demand.kinds.push(VehicleKind { id: id.into(), user, ..kind });
            self.scenario.demand.kinds.len() as u32 - 1
        });
        self.kinds.insert(name, place);
        place
    }

    /// Vehicles in the order of departure, and what is to be said of the whole.
    pub fn finish(self, log: &mut Log) {
        let mut all: Vec<(i64, (String, Release, Travel))> = self.departures.into_iter().zip(std::mem::take(&mut self.scenario.demand.vehicles)).collect();
        all.sort_by_key(|(at, _)| *at);
        let cars = all.len();
        self.scenario.demand.vehicles = all.into_iter().map(|(_, vehicle)| vehicle).collect();
        let persons = self.persons;
        log.add(Severity::Info, "population", "", 0, || format!("{persons} persons, {cars} legs by car or lorry"));
        for (mode, (count, seconds)) in self.beside {
            let mean = seconds / count.max(1) as f64;
            log.add(Severity::Info, "teleported", &mode, 0, || format!("{count} legs by '{mode}' do not use the network: they take {mean:.0} s each by their mode's speed, and are not recorded"));
        }
        if self.nowhere > 0 {
            let count = self.nowhere;
            log.add(Severity::Info, "stays-on-link", "", 0, || format!("{count} legs begin and end on one link: nobody drives"));
        }
        if self.guessed > 0 {
            let count = self.guessed;
            log.add(Severity::Info, "departure-guessed", "", 0, || format!("{count} departures follow an activity that lasts a while after one came; the way there is taken as by free speeds"));
        }
    }
}

/// Finds the link nearest to a place, by its middle.
struct Nearest {
    cells: FastMap<(i64, i64), Vec<(u32, [f64; 2])>>,
    side: f64,
    most: i64,
}

impl Nearest {
    fn new(scenario: &TrafficScenario) -> Self {
        let map = &scenario.map;
        let node = |n: Option<u32>| n.and_then(|n| map.junctions.get(n as usize)).map(|j| j.position);
        let cars = |e: &qike_scene::traffic::MapEdge| map.lanes.get(e.lanes.start as usize).is_some_and(|l| l.allowed.meets(RoadUsers::PASSENGER));
        let middles: Vec<(u32, [f64; 2])> = (0..).zip(&map.edges).filter(|(_, e)| cars(e)).filter_map(|(n, e)| node(e.from).zip(node(e.to)).map(|(a, b)| (n, [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]))).collect();
        let extent = |axis: usize| {
            let value = |m: &(u32, [f64; 2])| m.1.get(axis).copied().unwrap_or_default();
            middles.iter().map(value).fold(f64::NEG_INFINITY, f64::max) - middles.iter().map(value).fold(f64::INFINITY, f64::min)
        };
        let side = (extent(0).max(extent(1)) / (middles.len() as f64).sqrt().max(1.0)).max(1.0);
        let mut nearest = Self { cells: FastMap::default(), side, most: (middles.len() as f64).sqrt() as i64 + 2 };
        for (n, p) in middles {
            let cell = nearest.cell(p);
            nearest.cells.entry(cell).or_default().push((n, p));
        }
        nearest
    }

    fn cell(&self, p: [f64; 2]) -> (i64, i64) {
        ((p[0] / self.side).floor() as i64, (p[1] / self.side).floor() as i64)
    }

    fn find(&self, p: [f64; 2]) -> Option<u32> {
        let (x, y) = self.cell(p);
        let mut best: Option<(f64, u32)> = None;
        for ring in 0..=self.most {
            if best.is_some_and(|(away, _)| away < (ring - 1) as f64 * self.side) {
                break;
            }
            for dx in -ring..=ring {
                let edge = dx.abs() == ring;
                for dy in (-ring..=ring).step_by(if edge || ring == 0 { 1 } else { 2 * ring as usize }) {
                    for (n, q) in self.cells.get(&(x.saturating_add(dx), y.saturating_add(dy))).into_iter().flatten() {
                        let away = (q[0] - p[0]).hypot(q[1] - p[1]);
                        if best.is_none_or(|b| (away, *n) < b) {
                            best = Some((away, *n));
                        }
                    }
                }
            }
        }
        best.map(|(_, n)| n)
    }
}
