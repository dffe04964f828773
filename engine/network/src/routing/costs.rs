//! What edges and turns cost a driver, by period of the day.

use super::RouteGraph;
use qike_scene::traffic::{EdgeTimes, RoadUsers, VehicleKind};

/// Nobody drives slower than that, m/s: an edge without a speed is not an edge without an end.
const SLOWEST_MPS: f64 = 0.01;

/// Who drives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    /// Where that may be.
    pub users: RoadUsers,
    /// Greatest speed, m/s.
    pub max_speed_mps: f64,
    /// Share of the limit.
    pub speed_factor: f64,
}

impl Driver {
    /// A driver of that kind of vehicle, with its mean share of the limit.
    pub fn of(kind: &VehicleKind) -> Self {
        Self { users: kind.user, max_speed_mps: kind.max_speed_mps.min(kind.desired_speed_mps), speed_factor: kind.speed_factor.mean }
    }

    /// Seconds along a stretch.
    fn seconds(&self, stretch: &super::graph::Stretch) -> f64 {
        stretch.length.max(0.0) / self.max_speed_mps.min(self.speed_factor * stretch.speed).max(SLOWEST_MPS) + stretch.penalty
    }
}

/// Seconds by node and by arc; infinite where one may not drive. A route costs its edges and the turns between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// Along edges, by node.
    pub edges: Vec<f64>,
    /// Over junctions, by arc.
    pub turns: Vec<f64>,
}

impl Costs {
    /// Of free roads.
    pub fn free(graph: &RouteGraph, driver: &Driver) -> Self {
        let along = |node: usize| if graph.users[node].contains(driver.users) { driver.seconds(&graph.stretches[graph.edges[node] as usize]) } else { f64::INFINITY };
        let over = |arc: usize| {
            let ways = &graph.crossings[graph.ways[arc] as usize..graph.ways[arc + 1] as usize];
            let open = ways.iter().filter(|way| way.users.contains(driver.users));
            open.map(|way| graph.over(way.first).map(|s| driver.seconds(s)).sum()).fold(f64::INFINITY, f64::min)
        };
        Self { edges: (0..graph.len()).map(along).collect(), turns: (0..graph.turns()).map(over).collect() }
    }
}

/// Costs by period: edges take the time that was measured in the period in which one enters them, but no less than on a free road.
/// Before the first period and between two roads are free; the last one lasts.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// Costs of free roads: those over junctions hold always.
    free: Costs,
    /// When each of `periods` begins, ms; the first always has.
    begins_ms: Vec<i64>,
    /// Seconds by node for each period.
    periods: Vec<Vec<f64>>,
}

impl Timetable {
    /// Of measured times; without any, of free roads.
    pub fn new(graph: &RouteGraph, driver: &Driver, times: Option<&EdgeTimes>) -> Self {
        let free = Costs::free(graph, driver);
        let (mut begins_ms, mut periods, mut until) = (Vec::new(), Vec::new(), i64::MIN);
        for (begin, end, seconds) in times.map_or(&[][..], |t| &t.periods[..]) {
            if until < *begin {
                begins_ms.push(until);
                periods.push(free.edges.clone());
            }
            begins_ms.push(*begin);
            let at = |node: usize| seconds.get(graph.edges[node] as usize).map(|s| f64::from(*s)).filter(|s| s.is_finite()).map_or(free.edges[node], |s| s.max(free.edges[node]));
            periods.push((0..graph.len()).map(at).collect());
            until = *end;
        }
        if periods.is_empty() {
            begins_ms.push(i64::MIN);
            periods.push(free.edges.clone());
        }
        Self { free, begins_ms, periods }
    }

    /// The period of a moment, ms.
    pub fn period(&self, ms: f64) -> usize {
        self.begins_ms.partition_point(|b| *b as f64 <= ms).saturating_sub(1)
    }

    /// When a period ends, ms.
    pub fn end_ms(&self, period: usize) -> f64 {
        self.begins_ms.get(period + 1).map_or(f64::INFINITY, |b| *b as f64)
    }

    /// Costs as they are in one period, as if it lasted.
    pub fn costs(&self, period: usize) -> Costs {
        Costs { edges: self.periods.get(period).unwrap_or(&self.free.edges).clone(), turns: self.free.turns.clone() }
    }

    /// The least that edges and turns cost at any time.
    pub fn least(&self) -> Costs {
        let mut least = self.costs(0);
        for period in &self.periods[1..] {
            least.edges.iter_mut().zip(period).for_each(|(a, b)| *a = a.min(*b));
        }
        least
    }

    /// Seconds over a junction.
    #[inline]
    pub(super) fn turn(&self, arc: usize) -> f64 {
        self.free.turns[arc]
    }

    /// Seconds along an edge that one enters at that moment. Who enters late in a slow period is not later at its end than one who
    /// enters when the next one begins (first in, first out).
    pub(super) fn seconds(&self, node: u32, ms: f64) -> f64 {
        let mut period = self.period(ms);
        let mut best = self.periods[period][node as usize];
        loop {
            let wait = (self.end_ms(period) - ms) / 1000.0;
            if wait >= best {
                return best;
            }
            period += 1;
            best = best.min(wait + self.periods[period][node as usize]);
        }
    }
}
