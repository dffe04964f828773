//! Who departs when, on which path and in what manner: a scenario's single vehicles and flows as one list by time.

use super::cars::{Halt, NOBODY};
use super::follow::Kind;
use crate::traffic::Stayed;
use qike_core::CounterRng;
use qike_network::routing::{Driver, Penalties, RouteFinder, RouteGraph};
use qike_network::streets::Streets;
use qike_network::traffic::{Arrival, DepartLane, DepartPos, DepartSpeed, EdgeKind, PathRef, Place, Release, Spacing, Stop, StopPlace, TrafficScenario, Travel, TypeRef};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One who is to depart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departure {
    pub id: String,
    pub number: u32,
    pub depart_ms: i64,
    pub kind: u32,
    /// A place in [`Departures::paths`].
    pub path: u32,
    pub factor: f64,
    pub lane: DepartLane,
    pub at: DepartPos,
    pub speed: DepartSpeed,
    pub arrival: Arrival,
    pub stops: VecDeque<Halt>,
    /// Where the way begins, what it leads over, where it ends, of one who finds its way by the traffic when it departs; empty: by free
    /// roads, or the way is given.
    pub goals: Vec<u32>,
}

/// All who are to depart.
pub(crate) struct Departures {
    /// By time, then by number.
    pub all: Vec<Departure>,
    /// Paths over edges.
    pub paths: Vec<Arc<[u32]>>,
    /// Vehicles of the scenario.
    pub loaded: u64,
    /// Those of them who have no way, by number.
    pub stayed: Vec<Stayed>,
}

/// One of a weighted list, by a number in 0..1.
pub(crate) fn pick(members: &[(u32, f64)], at: f64) -> u32 {
    let sum: f64 = members.iter().map(|m| m.1).sum();
    let mut left = at * sum;
    for (member, weight) in members {
        if left < *weight {
            return *member;
        }
        left -= weight;
    }
    members.last().map_or(0, |m| m.0)
}

/// A driver's share of the speed limit.
fn share(k: &Kind, rng: &mut CounterRng) -> f64 {
    let f = &k.factor;
    if f.deviation <= 0.0 {
        return f.mean;
    }
    (0..100).map(|_| rng.normal(f.mean, f.deviation)).find(|v| (f.min..=f.max).contains(v)).unwrap_or(f.mean.clamp(f.min, f.max))
}

/// All of a scenario.
pub(crate) fn departures(scenario: &TrafficScenario, kinds: &[Kind], streets: &Streets, seed: u64) -> Departures {
    let listed = Departures { all: Vec::new(), paths: Vec::new(), loaded: 0, stayed: Vec::new() };
    let demand = &scenario.demand;
    let found = |travel: &Travel| usize::from(matches!(travel.path, PathRef::Find { .. }));
    let routes: usize = demand.vehicles.iter().map(|v| found(&v.2)).chain(demand.flows.iter().map(|f| found(&f.travel))).sum();
    let graph = if routes > 0 { RouteGraph::new(&scenario.map, &Penalties::default()) } else { RouteGraph::default() };
    let ways = RouteFinder::new(&graph, None, routes);
    let mut builder = Builder { scenario, kinds, streets, listed, known: BTreeMap::new(), found: BTreeMap::new(), ways, seed, number: 0 };
    for (id, release, travel) in &scenario.demand.vehicles {
        // Who would have departed before the run begins is no part of it.
        if let Release::At(ms) = release
            && *ms >= scenario.settings.begin_ms
        {
            builder.add(id.clone(), *ms, travel);
        }
    }
    for flow in &scenario.demand.flows {
        let end = flow.end_ms.or(scenario.settings.end_ms).unwrap_or(flow.begin_ms + 86_400_000);
        let span = (end - flow.begin_ms).max(0) as f64;
        let most = flow.number.unwrap_or(u64::MAX);
        let mut rng = CounterRng::new(seed, qike_core::rng::mix(flow.id.bytes().fold(7, |h, b| h * 31 + u64::from(b))), 0);
        let (mut at, mut n) = (flow.begin_ms as f64, 0u64);
        while n < most {
            let (time, next) = match flow.spacing {
                Spacing::Number(number) => (flow.begin_ms as f64 + span * n as f64 / number.max(1) as f64, 0.0),
                Spacing::Period(ms) => (at, ms.max(1.0)),
                Spacing::Poisson(rate) => (at + rng.exponential(1000.0 / rate.max(1e-9)), -1.0),
                Spacing::Probability(_) => (at, 1000.0),
            };
            if time >= end as f64 || matches!(flow.spacing, Spacing::Number(number) if n >= number) {
                break;
            }
            at = if next < 0.0 { time } else { at + next };
            if matches!(flow.spacing, Spacing::Probability(p) if rng.uniform() >= p) {
                continue;
            }
            if (time as i64) < scenario.settings.begin_ms {
                n += 1;
                continue;
            }
            builder.add(format!("{}.{n}", flow.id), time as i64, &flow.travel);
            n += 1;
        }
    }
    let mut listed = builder.listed;
    listed.all.sort_by_key(|w| (w.depart_ms, w.number));
    listed
}

/// Makes the list of those who will depart.
struct Builder<'s> {
    scenario: &'s TrafficScenario,
    kinds: &'s [Kind],
    streets: &'s Streets,
    listed: Departures,
    /// Paths that several share, by their place in the scenario.
    known: BTreeMap<u32, u32>,
    /// Paths that were found: from, over, to, for whom.
    found: BTreeMap<(Vec<u32>, u32), Option<u32>>,
    ways: RouteFinder<'s>,
    seed: u64,
    number: u32,
}

impl Builder<'_> {
    fn add(&mut self, id: String, depart_ms: i64, travel: &Travel) {
        let number = self.number;
        self.number += 1;
        self.listed.loaded += 1;
        let mut rng = CounterRng::new(self.seed, u64::from(number), u64::MAX);
        let demand = &self.scenario.demand;
        let kind = match travel.kind {
            TypeRef::Kind(kind) => kind,
            TypeRef::Choice(choice) => pick(&demand.kind_choices[choice as usize].members, rng.uniform()),
        };
        let given = |n: u32| (!demand.paths[n as usize].edges.is_empty()).then_some(n);
        let (mut path, mut goals) = (None, Vec::new());
        let place = match &travel.path {
            PathRef::Path(n) => given(*n),
            PathRef::Choice(choice) => given(pick(&demand.path_choices[*choice as usize].members, rng.uniform())),
            PathRef::Find { from, via, to } => {
                if let Some((from, to)) = self.edge_at(*from, true, &mut rng).zip(self.edge_at(*to, false, &mut rng)) {
                    goals = std::iter::once(from).chain(via.iter().copied()).chain([to]).collect();
                    path = self.find(&goals, kind);
                }
                None
            }
        };
        let known = place.map(|place| {
            *self.known.entry(place).or_insert_with(|| {
                self.listed.paths.push(Arc::from(&demand.paths[place as usize].edges[..]));
                self.listed.paths.len() as u32 - 1
            })
        });
        let Some(path) = known.or(path) else {
            // Who has no way stays at home.
            self.listed.stayed.push(Stayed { vehicle: number, id, kind, planned_ms: depart_ms, way: None });
            return;
        };
        let factor = travel.speed_factor.unwrap_or_else(|| share(&self.kinds[kind as usize], &mut rng));
        let stops = self.halts(path, travel.stops.iter().chain(place.map(|p| &demand.paths[p as usize].stops[..]).unwrap_or_default()));
        if !stops.is_empty() {
            // The way over stops stays as it is.
            goals.clear();
        }
        self.listed.all.push(Departure { goals, id, number, depart_ms, kind, path, factor, lane: travel.lane, at: travel.at, speed: travel.speed, arrival: travel.arrival, stops });
    }

    /// The quickest way over free roads, as SUMO's vehicles find it.
    fn find(&mut self, goals: &[u32], kind: u32) -> Option<u32> {
        let (from, via, to) = match goals {
            [from, via @ .., to] => (*from, via, *to),
            _ => return None,
        };
        if let Some(known) = self.found.get(&(goals.to_vec(), kind)) {
            return *known;
        }
        let driver = Driver::of(self.scenario.demand.kinds.get(kind as usize)?);
        let found = self.ways.route(&driver, 0, from, via, to).map(|route| {
            self.listed.paths.push(Arc::from(&route.edges[..]));
            self.listed.paths.len() as u32 - 1
        });
        self.found.insert((goals.to_vec(), kind), found);
        found
    }

    /// An edge of a place: where one leaves, or where one arrives.
    fn edge_at(&self, place: Place, leaves: bool, rng: &mut CounterRng) -> Option<u32> {
        let map = &self.scenario.map;
        match place {
            Place::Edge(edge) => Some(edge),
            Place::Junction(junction) => {
                let at = |e: &qike_network::traffic::MapEdge| e.kind == EdgeKind::Normal && if leaves { e.from } else { e.to } == Some(junction);
                map.edges.iter().position(at).map(|n| n as u32)
            }
            Place::Zone(zone) => {
                let zone = self.scenario.extras.zones.get(zone as usize)?;
                let edges = if leaves { &zone.sources } else { &zone.sinks };
                (!edges.is_empty()).then(|| pick(edges, rng.uniform()))
            }
        }
    }

    /// Stops, in the order of the path.
    fn halts<'a>(&self, path: u32, stops: impl Iterator<Item = &'a Stop>) -> VecDeque<Halt> {
        let path = &self.listed.paths[path as usize];
        let extras = &self.scenario.extras;
        let mut leg = 0;
        stops
            .filter_map(|s| {
                let area = if let StopPlace::Parking(n) = s.place { n } else { NOBODY };
                let (lane, from, to, place) = match s.place {
                    StopPlace::Lane { lane, from_m, to_m } => (lane, from_m, to_m, NOBODY),
                    StopPlace::Stop(n) => extras.stops.get(n as usize).map(|p| (p.lane, p.from_m, p.to_m, n))?,
                    StopPlace::Parking(n) => extras.parking.get(n as usize).map(|p| (p.place.lane, p.place.from_m, p.place.to_m, NOBODY))?,
                };
                let edge = self.streets.lanes[lane as usize].edge;
                let found = path.iter().skip(leg).position(|e| *e == edge)?;
                leg += found;
                let beside = s.parking == qike_network::traffic::Parking::Beside;
                let until = s.until_ms.unwrap_or(i64::MIN / 4);
                Some(Halt { leg: leg as u32, lane, from, to, duration_ms: s.duration_ms.unwrap_or(0), until_ms: until, place, area, beside, left_ms: 0 })
            })
            .collect()
    }
}
