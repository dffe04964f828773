//! Routes for all who travel in a scenario, written one after the other.

use qike_core::{Diagnostic, Feedback};
use qike_export::sumo::{RouteFile, WrittenRoute};
use qike_network::routing::{Driver, Penalties, Route, RouteFinder, RouteGraph};
use qike_scene::traffic::{EdgeTimes, PathRef, Place, Release, Stop, TrafficScenario, Travel, TypeRef};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// Vehicles without a route that are told one by one.
const TOLD: usize = 20;

/// So many vehicles' routes are found at a time, in the order of where they begin: what is known of a beginning serves all of them.
const AT_A_TIME: usize = 100_000;

/// What is to be written.
pub struct Wanted<'a> {
    /// Who travels, and where.
    pub scenario: &'a TrafficScenario,
    /// Measured travel times.
    pub times: Option<&'a EdgeTimes>,
    /// Costs are written, too.
    pub costs: bool,
}

/// What was.
#[derive(Default)]
pub struct Found {
    /// Who had a route.
    pub with_route: u64,
    /// Who got one.
    pub found: u64,
    /// Who has none: `vehicle` or `flow`, id, from where, to where.
    pub without: Vec<(&'static str, String, String, String)>,
    /// Sum over routes found.
    pub seconds: f64,
}

impl Wanted<'_> {
    /// Finds all routes and writes them.
    pub fn write(&self, out: impl Write, feedback: &Feedback) -> io::Result<Found> {
        let demand = &self.scenario.demand;
        let travels = || demand.vehicles.iter().map(|v| &v.2).chain(demand.flows.iter().map(|f| &f.travel));
        let graph = RouteGraph::new(&self.scenario.map, &Penalties::default());
        let to_find = travels().filter(|t| matches!(t.path, PathRef::Find { .. })).count();
        let mut finder = RouteFinder::new(&graph, self.times, to_find);
        let mut file = RouteFile::new(self.scenario, &self.kinds(travels()), out)?;
        let mut found = Found::default();
        let task = feedback.task("find routes", demand.vehicles.len() as u64);
        // Flows and vehicles together by departure, as SUMO wants them.
        let mut flows: Vec<usize> = (0..demand.flows.len()).collect();
        flows.sort_by_key(|f| demand.flows[*f].begin_ms);
        let mut flows = flows.into_iter().peekable();
        let mut now = i64::MIN;
        for some in demand.vehicles.chunks(AT_A_TIME) {
            let departs: Vec<i64> = some.iter().map(|(_, release, _)| {
                if let Release::At(at) = release {
                    now = *at;
                }
                now.max(self.scenario.settings.begin_ms)
            }).collect();
            let mut order: Vec<usize> = (0..some.len()).collect();
            order.sort_by_key(|n| match some[*n].2.path {
                PathRef::Find { from: Place::Edge(edge), .. } => edge,
                _ => u32::MAX,
            });
            let mut routes: Vec<Option<Vec<(Route, f64)>>> = vec![None; some.len()];
            for n in order {
                routes[n] = self.routes(&mut finder, &some[n].2, departs[n], &mut found);
                task.advance(1);
            }
            for (n, (id, release, travel)) in some.iter().enumerate() {
                while let Some(flow) = flows.next_if(|f| demand.flows[*f].begin_ms <= departs[n]) {
                    self.flow(&mut file, &mut finder, flow, &mut found)?;
                }
                match &routes[n] {
                    Some(routes) => file.vehicle(id, *release, travel, &self.written(routes))?,
                    None => found.without.push(("vehicle", id.clone(), self.ends(travel).0, self.ends(travel).1)),
                }
            }
        }
        for flow in flows {
            self.flow(&mut file, &mut finder, flow, &mut found)?;
        }
        file.finish()?;
        Ok(found)
    }

    fn flow<W: Write>(&self, file: &mut RouteFile<'_, W>, finder: &mut RouteFinder<'_>, flow: usize, found: &mut Found) -> io::Result<()> {
        let flow = &self.scenario.demand.flows[flow];
        match self.routes(finder, &flow.travel, flow.begin_ms, found) {
            Some(routes) => file.flow(flow, &self.written(&routes)),
            None => {
                found.without.push(("flow", flow.id.clone(), self.ends(&flow.travel).0, self.ends(&flow.travel).1));
                Ok(())
            }
        }
    }

    /// Types of vehicles to write: those that are not SUMO's own as they are.
    fn kinds<'t>(&self, travels: impl Iterator<Item = &'t Travel>) -> Vec<u32> {
        let demand = &self.scenario.demand;
        let mut used = BTreeSet::new();
        for travel in travels {
            match travel.kind {
                TypeRef::Kind(kind) => _ = used.insert(kind),
                TypeRef::Choice(choice) => used.extend(demand.kind_choices.get(choice as usize).into_iter().flat_map(|c| c.members.iter().map(|m| m.0))),
            }
        }
        used.extend(demand.kind_choices.iter().flat_map(|c| c.members.iter().map(|m| m.0)));
        used.retain(|k| demand.kinds.get(*k as usize).is_some_and(|kind| qike_import::sumo::given_kind(&kind.id).is_none_or(|given| given != *kind)));
        used.into_iter().collect()
    }

    /// A traveller's routes with weights: those that it has, or the quickest.
    fn routes(&self, finder: &mut RouteFinder<'_>, travel: &Travel, ms: i64, found: &mut Found) -> Option<Vec<(Route, f64)>> {
        let demand = &self.scenario.demand;
        let given = |path: u32| demand.paths.get(path as usize).filter(|p| !p.edges.is_empty()).map(|p| Route { edges: p.edges.clone(), seconds: f64::NAN });
        match &travel.path {
            PathRef::Path(path) => {
                let route = given(*path)?;
                found.with_route += 1;
                Some(vec![(route, 1.0)])
            }
            PathRef::Choice(choice) => {
                let members = &demand.path_choices.get(*choice as usize)?.members;
                let routes: Vec<(Route, f64)> = members.iter().filter_map(|(path, weight)| Some((given(*path)?, *weight))).collect();
                found.with_route += 1;
                (!routes.is_empty()).then_some(routes)
            }
            PathRef::Find { from, via, to } => {
                let kind = match travel.kind {
                    TypeRef::Kind(kind) => kind,
                    // The first of several is as good as any: routes are for those who may drive where it may.
                    TypeRef::Choice(choice) => demand.kind_choices.get(choice as usize)?.members.first()?.0,
                };
                let mut driver = Driver::of(demand.kinds.get(kind as usize)?);
                driver.speed_factor = travel.speed_factor.unwrap_or(driver.speed_factor);
                let (from, to) = (self.scenario.edges_at(*from, true), self.scenario.edges_at(*to, false));
                let stops;
                let via = if via.is_empty() && !travel.stops.is_empty() {
                    stops = self.stop_edges(&travel.stops, &from);
                    &stops
                } else {
                    via
                };
                let route = finder.best(&driver, ms, &from, via, &to)?;
                found.found += 1;
                found.seconds += route.seconds;
                Some(vec![(route, 1.0)])
            }
        }
    }

    fn written<'r>(&self, routes: &'r [(Route, f64)]) -> Vec<WrittenRoute<'r>> {
        routes.iter().map(|(route, weight)| WrittenRoute { edges: &route.edges, seconds: Some(route.seconds).filter(|s| self.costs && s.is_finite()), weight: *weight }).collect()
    }

    /// Edges of stops, which lie on the way.
    fn stop_edges(&self, stops: &[Stop], from: &[u32]) -> Vec<u32> {
        let mut edges: Vec<u32> = stops.iter().filter_map(|stop| self.scenario.stop_edge(stop)).collect();
        edges.dedup();
        if edges.first().is_some_and(|first| from == [*first]) {
            edges.remove(0);
        }
        edges
    }

    /// Names of the ends of a way.
    fn ends(&self, travel: &Travel) -> (String, String) {
        let map = &self.scenario.map;
        let name = |place: &Place| match place {
            Place::Edge(e) => map.edges.get(*e as usize).map(|e| format!("edge '{}'", e.id)),
            Place::Junction(j) => map.junctions.get(*j as usize).map(|j| format!("junction '{}'", j.id)),
            Place::Zone(z) => self.scenario.extras.zones.get(*z as usize).map(|z| format!("zone '{}'", z.id)),
        };
        match &travel.path {
            PathRef::Find { from, to, .. } => (name(from).unwrap_or_default(), name(to).unwrap_or_default()),
            _ => Default::default(),
        }
    }
}

impl Found {
    /// What is to be told of those without a route, with the places where they stand in the files.
    pub fn faults(&self, files: &[&Path]) -> Vec<Diagnostic> {
        let ids: BTreeSet<&str> = self.without.iter().take(TOLD).map(|w| w.1.as_str()).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let mut places: BTreeMap<String, (String, u64)> = BTreeMap::new();
        for file in files {
            for (id, place) in qike_import::sumo::places_of(file, &ids) {
                places.entry(id).or_insert(place);
            }
        }
        let mut faults: Vec<Diagnostic> = self.without.iter().take(TOLD).map(|(what, id, from, to)| {
            let message = if from.is_empty() { format!("{what} '{id}' has no edges to drive on; it is left out") } else { format!("{what} '{id}' cannot drive from {from} to {to}: there is no way for its type; it is left out") };
            let fault = Diagnostic::error("route-not-found", message).object(id.clone()).help("look for edges that are closed to that type, or for connections that the network lacks");
            match places.get(id) {
                Some((file, line)) => fault.file(file.clone()).line(*line),
                None => fault,
            }
        }).collect();
        if self.without.len() > TOLD {
            faults.push(Diagnostic::error("route-not-found", format!("{} more have no way and are left out", self.without.len() - TOLD)));
        }
        faults
    }
}
