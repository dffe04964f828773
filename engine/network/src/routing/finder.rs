//! Finds routes, by the hierarchy where it pays.

use super::query::Bounds;
use super::{Driver, Hierarchy, Metric, Query, RouteGraph, Search, Timetable};
use qike_scene::traffic::EdgeTimes;

/// From so many routes on, making a hierarchy takes less time than it saves.
const HIERARCHY_PAYS: usize = 500;
/// A metric that was asked so often is sharpened: then as much time was spent on asking it as sharpening saves and takes, measured
/// on grids of 6,000 and 100,000 edges. Once for so many nodes, and no less than some.
const SHARPEN_AFTER: u32 = 500;
const SHARPEN_AFTER_NODES: u32 = 25;
/// Metrics that are kept.
const METRICS: usize = 24;
/// Drivers whose costs are kept.
const DRIVERS: usize = 64;

/// A route over edges of the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Edges, in order.
    pub edges: Vec<u32>,
    /// Seconds from the start of the first to the end of the last.
    pub seconds: f64,
}

/// Which costs a metric has: driver, and period; none: the least of all.
type Key = (usize, Option<usize>);

/// A metric, and how often it was asked.
struct Kept {
    key: Key,
    metric: Metric,
    asked: u32,
}

/// Finds routes.
pub struct RouteFinder<'g> {
    graph: &'g RouteGraph,
    times: Option<&'g EdgeTimes>,
    hierarchy: Option<(Hierarchy, Query)>,
    drivers: Vec<(Driver, Timetable)>,
    /// The one used last stands last.
    metrics: Vec<Kept>,
    /// The metric that the last question was about.
    asked: Option<Key>,
    search: Search,
    bounds: Bounds,
    nodes: Vec<u32>,
}

impl<'g> RouteFinder<'g> {
    /// Over a graph, for about so many routes, with measured times or by free speeds.
    pub fn new(graph: &'g RouteGraph, times: Option<&'g EdgeTimes>, routes: usize) -> Self {
        let hierarchy = (routes >= HIERARCHY_PAYS).then(|| Hierarchy::new(graph)).map(|h| {
            let query = Query::new(&h);
            (h, query)
        });
        Self { graph, times, hierarchy, drivers: Vec::new(), metrics: Vec::new(), asked: None, search: Search::default(), bounds: Bounds::default(), nodes: Vec::new() }
    }

    /// The quickest route from one edge of the map over some to another, for one who departs at `ms`. None where there is none.
    pub fn route(&mut self, driver: &Driver, ms: i64, from: u32, via: &[u32], to: u32) -> Option<Route> {
        let driver = self.driver(driver);
        let mut at = self.graph.node(from)?;
        let mut route = Route { edges: vec![from], seconds: 0.0 };
        for (leg, next) in via.iter().chain([&to]).enumerate() {
            let end = self.graph.node(*next)?;
            let now = ms as f64 + route.seconds * 1000.0;
            let seconds = self.leg(driver, now, at, end);
            if seconds == f64::INFINITY {
                return None;
            }
            route.edges.extend(self.nodes.iter().skip(1).map(|n| self.graph.edges[*n as usize]));
            // The edge between two legs is driven once.
            route.seconds += seconds;
            if leg < via.len() {
                route.seconds -= self.last_edge(driver, now);
            }
            at = end;
        }
        Some(route)
    }

    /// Seconds that a route takes one who departs at `ms`; infinite where it cannot be driven.
    pub fn seconds(&mut self, driver: &Driver, ms: i64, edges: &[u32]) -> f64 {
        let driver = self.driver(driver);
        let table = &self.drivers[driver].1;
        let (mut seconds, mut before) = (0.0, None);
        for edge in edges {
            let Some(node) = self.graph.node(*edge) else { return f64::INFINITY };
            if let Some(before) = before {
                seconds += self.graph.arcs(before).find(|arc| self.graph.heads[*arc] == node).map_or(f64::INFINITY, |arc| table.turn(arc));
            }
            if seconds == f64::INFINITY {
                return seconds;
            }
            seconds += table.seconds(node, ms as f64 + seconds * 1000.0);
            before = Some(node);
        }
        seconds
    }

    /// Seconds along the last edge of the leg that was found last, for one who began it at `ms`.
    fn last_edge(&self, driver: usize, ms: f64) -> f64 {
        let table = &self.drivers[driver].1;
        let mut enter = 0.0;
        for pair in self.nodes.windows(2) {
            let turn = self.graph.arcs(pair[0]).find(|arc| self.graph.heads[*arc] == pair[1]).map_or(0.0, |arc| table.turn(arc));
            enter += table.seconds(pair[0], ms + enter * 1000.0) + turn;
        }
        self.nodes.last().map_or(0.0, |node| table.seconds(*node, ms + enter * 1000.0))
    }

    /// The quickest of the routes from one of some edges to one of others.
    pub fn best(&mut self, driver: &Driver, ms: i64, from: &[u32], via: &[u32], to: &[u32]) -> Option<Route> {
        if let ([from], [to]) = (from, to) {
            return self.route(driver, ms, *from, via, *to);
        }
        // Which ends are best, by the costs of the period in which one departs; over edges on the way, by the first and the last of them.
        let (first, last) = (via.first().map_or(to, std::slice::from_ref), via.last().map_or(from, std::slice::from_ref));
        let least = |table: Vec<f64>, row: bool, n: usize| {
            let at = table.iter().enumerate().filter(|(_, c)| c.is_finite()).min_by(|a, b| a.1.total_cmp(b.1))?.0;
            Some(if row { at / n } else { at % n })
        };
        let start = least(self.table(driver, ms, from, first), true, first.len().max(1))?;
        let end = least(self.table(driver, ms, if via.is_empty() { &from[start..=start] } else { last }, to), false, to.len().max(1))?;
        self.route(driver, ms, from[start], via, to[end])
    }

    /// Seconds of the quickest routes from each of some edges of the map to each of others, row by row, as the roads are in the
    /// period of a moment; infinity where there is none.
    pub fn table(&mut self, driver: &Driver, ms: i64, from: &[u32], to: &[u32]) -> Vec<f64> {
        let driver = self.driver(driver);
        let table = &self.drivers[driver].1;
        let (hierarchy, query) = self.hierarchy.get_or_insert_with(|| {
            let hierarchy = Hierarchy::new(self.graph);
            let query = Query::new(&hierarchy);
            (hierarchy, query)
        });
        let metric = metric(&mut self.metrics, hierarchy, self.graph, table, (driver, Some(table.period(ms as f64))));
        query.table(hierarchy, self.graph, metric, from, to)
    }

    fn driver(&mut self, driver: &Driver) -> usize {
        if let Some(known) = self.drivers.iter().position(|d| d.0 == *driver) {
            return known;
        }
        if self.drivers.len() >= DRIVERS {
            self.drivers.clear();
            self.metrics.clear();
            self.asked = None;
        }
        self.drivers.push((*driver, Timetable::new(self.graph, driver, self.times)));
        self.drivers.len() - 1
    }

    /// One leg's nodes, and its seconds.
    fn leg(&mut self, driver: usize, ms: f64, from: u32, to: u32) -> f64 {
        let table = &self.drivers[driver].1;
        let Some((hierarchy, query)) = &mut self.hierarchy else {
            return self.search.route(self.graph, table, (from, to), ms, |_| 0.0, &mut self.nodes);
        };
        let period = table.period(ms);
        let metric = metric(&mut self.metrics, hierarchy, self.graph, table, (driver, Some(period)));
        if self.asked.replace((driver, Some(period))) != Some((driver, Some(period))) {
            query.forget(hierarchy);
        }
        let seconds = query.route(hierarchy, metric, from, to, &mut self.nodes);
        // Who arrives before the period ends has not seen another one, and nobody who does can be earlier. Where nobody may drive
        // in one period, nobody may in another.
        if seconds == f64::INFINITY || ms + seconds * 1000.0 <= table.end_ms(period) {
            return seconds;
        }
        let metric = self::metric(&mut self.metrics, hierarchy, self.graph, table, (driver, None));
        query.aim(hierarchy, metric, to, &mut self.bounds);
        let bounds = &mut self.bounds;
        // A hair below the truth, so that rounding does not make it too much.
        self.search.route(self.graph, table, (from, to), ms, |node| query.bound(hierarchy, metric, node, bounds) * (1.0 - 1e-12), &mut self.nodes)
    }
}

/// A metric, made where it is not there.
fn metric<'m>(metrics: &'m mut Vec<Kept>, hierarchy: &Hierarchy, graph: &RouteGraph, table: &Timetable, key: Key) -> &'m mut Metric {
    match metrics.iter().position(|m| m.key == key) {
        Some(known) => {
            let metric = metrics.remove(known);
            metrics.push(metric);
        }
        None => {
            let mut metric = if metrics.len() >= METRICS { metrics.remove(0).metric } else { Metric::default() };
            let costs = key.1.map_or_else(|| table.least(), |period| table.costs(period));
            hierarchy.customize_into(graph, &costs, &mut metric);
            metrics.push(Kept { key, metric, asked: 0 });
        }
    }
    let last = metrics.len() - 1;
    let kept = &mut metrics[last];
    kept.asked = kept.asked.saturating_add(1);
    if kept.asked == SHARPEN_AFTER.max(graph.len() as u32 / SHARPEN_AFTER_NODES) {
        kept.metric.sharpen(hierarchy);
    }
    &mut kept.metric
}
