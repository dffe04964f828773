//! Dynamic assignment: routes and runs in turn, until hardly anybody has a quicker route than the one taken.
//!
//! A run with everybody's present routes gives travel times by edge and period. By these, each traveller's route and the quickest
//! one are timed from the departure on; the relative gap is the sum of the differences over the sum of the times. Then some change
//! to the quickest: a share that falls from run to run (the method of successive averages), or each with a probability that is the
//! share of time to be won. The routes of the run with the least gap are kept.

use super::{Moment, TrafficOptions, TrafficReport, Watcher, run_traffic};
use crate::RunError;
use qike_core::{CounterRng, Feedback};
use qike_network::routing::{Driver, Penalties, Route, RouteFinder, RouteGraph};
use qike_scene::traffic::{EdgeTimes, Path, PathRef, Release, Spacing, TrafficScenario, TypeRef};
use serde::Serialize;

/// Nobody is taken to be slower over an edge than that, m/s.
const CREEP_MPS: f64 = 0.1;

/// Flows are taken apart as long as there are no more travellers than that.
const MOST_OF_FLOWS: usize = 20_000_000;

/// Who changes to the quickest route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapping {
    /// One of n after the n-th run.
    Averages,
    /// Each with the share of time to be won as probability.
    Gap,
}

/// How to iterate.
#[derive(Clone, Copy, Debug)]
pub struct EquilibriumOptions {
    /// Runs at most.
    pub iterations: u32,
    /// Stop at this relative gap.
    pub gap: f64,
    /// Length of a period, ms.
    pub period_ms: i64,
    /// Who changes.
    pub swapping: Swapping,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct EquilibriumStep {
    /// Its number, from 1.
    pub iteration: u32,
    /// Relative gap of its routes.
    pub gap: f64,
    /// Mean time of the routes by the run's travel times, s.
    pub mean_route_s: f64,
    /// Mean duration of the trips that ended in the run, s.
    pub mean_duration_s: Option<f64>,
    /// Trips that ended.
    pub arrived: u64,
    /// Travellers who change their route after it.
    pub changing: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Equilibrium {
    /// The scenario with routes for all who had none.
    pub scenario: TrafficScenario,
    /// All runs.
    pub steps: Vec<EquilibriumStep>,
    /// Whose routes are kept: a place in `steps`.
    pub best: usize,
    /// The gap was reached.
    pub converged: bool,
    /// The last run.
    pub report: TrafficReport,
    /// Travellers who have no way at all, by id.
    pub without: Vec<String>,
}

/// One whose route is to be found.
struct Seeker {
    vehicle: usize,
    driver: Driver,
    depart_ms: i64,
    from: Vec<u32>,
    via: Vec<u32>,
    to: Vec<u32>,
    route: Vec<u32>,
}

/// Looks at a run, and gives travel times by edge and period.
struct Times {
    period_ms: i64,
    began_ms: i64,
    before: Vec<super::EdgeSums>,
    lengths: Vec<f64>,
    times: EdgeTimes,
}

impl Times {
    fn take(&mut self, now: i64, sums: &[super::EdgeSums]) {
        let most = 2.0 * self.period_ms as f64 / 1000.0;
        let seconds = (0..sums.len()).map(|edge| {
            let during = self.before.get(edge).map_or(sums[edge], |before| sums[edge].since(before));
            let length = self.lengths.get(edge).copied().unwrap_or(0.0);
            if during.front_s > 0.0 { (length / (during.front_m / during.front_s).max(CREEP_MPS)).min(most) as f32 } else { f32::NAN }
        });
        self.times.periods.push((self.began_ms, now, seconds.collect()));
        self.began_ms = now;
        self.before = sums.to_vec();
    }
}

impl Watcher for Times {
    fn looks_at_everybody(&self) -> bool {
        false
    }

    fn step(&mut self, moment: &Moment<'_>) -> Result<(), RunError> {
        let now = moment.time_ms + moment.step_ms;
        if now - self.began_ms >= self.period_ms {
            self.take(now, &moment.edge_sums());
        }
        Ok(())
    }

    fn end(&mut self, moment: &Moment<'_>, _: &[super::TripRow]) -> Result<(), RunError> {
        let now = moment.time_ms + moment.step_ms;
        if now > self.began_ms {
            self.take(now, &moment.edge_sums());
        }
        Ok(())
    }
}

/// Iterates. Flows that have no route are taken apart into single vehicles first, but for those that depart by chance.
///
/// # Errors
/// Those of a run.
pub fn equilibrate(mut scenario: TrafficScenario, options: &EquilibriumOptions, runs: &TrafficOptions, feedback: &Feedback) -> Result<Equilibrium, RunError> {
    let graph = RouteGraph::new(&scenario.map, &Penalties::default());
    expand(&mut scenario);
    let seed = runs.seed.unwrap_or(scenario.settings.seed);
    let mut seekers = seekers(&scenario);
    let mut without = Vec::new();
    let mut finder = RouteFinder::new(&graph, None, seekers.len());
    seekers.retain_mut(|s| match finder.best(&s.driver, s.depart_ms, &s.from, &s.via, &s.to) {
        Some(route) => {
            s.route = route.edges;
            true
        }
        None => {
            without.push(scenario.demand.vehicles[s.vehicle].0.clone());
            false
        }
    });
    let place = scenario.demand.paths.len();
    for (n, s) in seekers.iter().enumerate() {
        scenario.demand.paths.push(Path { edges: s.route.clone(), ..Path::default() });
        scenario.demand.vehicles[s.vehicle].2.path = PathRef::Path((place + n) as u32);
    }
    let lengths: Vec<f64> = scenario.map.edges.iter().map(|e| scenario.map.lanes.get(e.lanes.start as usize).map_or(0.0, |l| l.length_m)).collect();
    let mut steps: Vec<EquilibriumStep> = Vec::new();
    let mut best: Option<(usize, Vec<Vec<u32>>)> = None;
    let task = feedback.task("runs", u64::from(options.iterations));
    loop {
        let iteration = steps.len() as u32 + 1;
        let mut times = Times { period_ms: options.period_ms.max(1000), began_ms: scenario.settings.begin_ms, before: Vec::new(), lengths: lengths.clone(), times: EdgeTimes::default() };
        let report = run_traffic(scenario.clone(), runs, &mut [&mut times], feedback)?;
        let mut finder = RouteFinder::new(&graph, Some(&times.times), seekers.len());
        let (mut taken, mut least) = (0.0, 0.0);
        let mut better: Vec<Option<(Route, f64)>> = Vec::with_capacity(seekers.len());
        for s in &seekers {
            let now = finder.seconds(&s.driver, s.depart_ms, &s.route);
            let quickest = finder.best(&s.driver, s.depart_ms, &s.from, &s.via, &s.to).filter(|r| r.seconds < now);
            taken += now;
            least += quickest.as_ref().map_or(now, |r| r.seconds);
            better.push(quickest.map(|r| {
                let share = (now - r.seconds) / now;
                (r, share)
            }));
        }
        let gap = if taken > 0.0 { (taken - least) / taken } else { 0.0 };
        let converged = gap <= options.gap;
        let over = converged || iteration >= options.iterations.max(1) || feedback.is_cancelled();
        if best.as_ref().is_none_or(|(n, _)| gap < steps[*n].gap) {
            best = Some((steps.len(), seekers.iter().map(|s| s.route.clone()).collect()));
        }
        let mut changing = 0;
        if !over {
            for (s, (quickest, share)) in seekers.iter_mut().zip(better).filter_map(|(s, b)| Some((s, b?))) {
                let chance = match options.swapping {
                    Swapping::Averages => 1.0 / f64::from(iteration + 1),
                    Swapping::Gap => share,
                };
                if quickest.edges != s.route && CounterRng::new(seed, s.vehicle as u64, u64::from(iteration)).uniform() < chance {
                    s.route = quickest.edges;
                    changing += 1;
                }
            }
        }
        let mean = taken / seekers.len().max(1) as f64;
        steps.push(EquilibriumStep { iteration, gap, mean_route_s: mean, mean_duration_s: report.summary.mean_duration_s, arrived: report.summary.vehicles.arrived, changing });
        task.advance(1);
        feedback.message(&format!("run {iteration}: relative gap {gap:.4}, mean route {mean:.1} s, {changing} change"));
        for (n, s) in seekers.iter().enumerate() {
            scenario.demand.paths[place + n].edges.clone_from(&s.route);
        }
        if over {
            let (best, routes) = best.unwrap_or_default();
            for (n, route) in routes.into_iter().enumerate() {
                scenario.demand.paths[place + n].edges = route;
            }
            return Ok(Equilibrium { scenario, steps, best, converged, report, without });
        }
    }
}

/// All vehicles whose routes are to be found.
fn seekers(scenario: &TrafficScenario) -> Vec<Seeker> {
    let demand = &scenario.demand;
    let mut now = scenario.settings.begin_ms;
    let mut seekers = Vec::new();
    for (vehicle, (_, release, travel)) in demand.vehicles.iter().enumerate() {
        if let Release::At(at) = release {
            now = *at;
        }
        let PathRef::Find { from, via, to } = &travel.path else { continue };
        let kind = match travel.kind {
            TypeRef::Kind(kind) => Some(kind),
            TypeRef::Choice(choice) => demand.kind_choices.get(choice as usize).and_then(|c| c.members.first()).map(|m| m.0),
        };
        let Some(mut driver) = kind.and_then(|k| demand.kinds.get(k as usize)).map(Driver::of) else { continue };
        driver.speed_factor = travel.speed_factor.unwrap_or(driver.speed_factor);
        let (from, to) = (scenario.edges_at(*from, true), scenario.edges_at(*to, false));
        seekers.push(Seeker { vehicle, driver, depart_ms: now, from, via: via.clone(), to, route: Vec::new() });
    }
    seekers
}

/// Flows whose routes are to be found become single vehicles, so that each can change; not those that depart by chance.
fn expand(scenario: &mut TrafficScenario) {
    let end = scenario.settings.end_ms;
    let demand = &mut scenario.demand;
    let mut left = MOST_OF_FLOWS.saturating_sub(demand.vehicles.len());
    let mut kept = Vec::new();
    for flow in std::mem::take(&mut demand.flows) {
        let until = flow.end_ms.or(end).unwrap_or(flow.begin_ms.saturating_add(86_400_000));
        let span = until.saturating_sub(flow.begin_ms).max(0) as f64;
        let (number, each) = match flow.spacing {
            Spacing::Number(number) => (number, span / number.max(1) as f64),
            Spacing::Period(ms) if ms >= 1.0 => (((span / ms).ceil() as u64).min(flow.number.unwrap_or(u64::MAX)), ms),
            _ => (u64::MAX, 0.0),
        };
        if !matches!(flow.travel.path, PathRef::Find { .. }) || number > left as u64 {
            kept.push(flow);
            continue;
        }
        left -= number as usize;
        for n in 0..number {
            let at = flow.begin_ms.saturating_add((n as f64 * each) as i64);
            demand.vehicles.push((format!("{}.{n}", flow.id), Release::At(at), flow.travel.clone()));
        }
    }
    demand.flows = kept;
    let mut now = i64::MIN;
    let times: Vec<i64> = demand.vehicles.iter().map(|(_, release, _)| {
        if let Release::At(at) = release {
            now = *at;
        }
        now
    }).collect();
    if !times.is_sorted() {
        let mut all: Vec<_> = times.into_iter().zip(std::mem::take(&mut demand.vehicles)).collect();
        all.sort_by_key(|(at, _)| *at);
        demand.vehicles = all.into_iter().map(|(_, vehicle)| vehicle).collect();
    }
}
