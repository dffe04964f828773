//! Routes that follow the traffic: travel times smoothed over the run, closures, and drivers who look for a better way.
//!
//! Once a minute each link's travel time moves half of the way towards what those who passed it needed; where vehicles stand and
//! nobody passes, towards the age of the queue; where nobody is, back to the free travel time. Informed drivers look at these
//! times every `reroute_interval_ms` (not all at once), and take another way where it saves a tenth or more.

use super::VehicleModel;
use super::fleet::NO_SERVICE;
use super::following::stopping;
use super::roads::{NONE, Roads};
use super::state::{Body, VehicleState};
use crate::demand::{Demand, VehicleKind};
use qike_core::SimTime;
use qike_network::{LaneIx, LaneNetwork, LinkIx, Router};
use qike_record::Event;
use rayon::prelude::*;
use std::borrow::Cow;

/// How often travel times are brought up to date.
const UPDATE_MS: i64 = 60_000;
/// How often those whose way is closed look for another.
const DETOUR_MS: i64 = 5_000;
/// A new route must cost less than this share of the old one.
const WORTH_IT: f64 = 0.9;

/// Routers for those who choose their way; buses keep to their line.
pub struct Routers {
    car: Router,
    truck: Router,
}

impl Routers {
    /// For the network as it is.
    pub fn new(net: &LaneNetwork) -> Self {
        Self { car: Router::new(net, VehicleKind::Car.mode()), truck: Router::new(net, VehicleKind::Truck.mode()) }
    }

    /// The router of a kind.
    pub fn of(&self, kind: VehicleKind) -> &Router {
        if kind == VehicleKind::Truck { &self.truck } else { &self.car }
    }

    /// The quickest way by these travel times, both ends included.
    pub fn route(&self, kind: VehicleKind, from: u32, to: u32, cost: &[f64]) -> Option<Vec<u32>> {
        let way = self.of(kind).route(LinkIx(from), LinkIx(to), cost)?;
        Some(way.into_iter().map(|l| l.0).collect())
    }

    /// What a way takes after its first link; infinite where it is broken.
    fn rest_cost(&self, kind: VehicleKind, way: &[u32], cost: &[f64]) -> f64 {
        let way: Vec<LinkIx> = way.iter().map(|l| LinkIx(*l)).collect();
        let own = way.first().map_or(0.0, |l| cost[l.ix()]);
        // A closed first link is no matter: the vehicle is on it.
        if own.is_finite() { self.of(kind).cost(&way, cost).map_or(f64::INFINITY, |c| c - own) } else { 0.0 }
    }
}

/// Travel times and closures.
pub struct Rerouting {
    /// Free travel time of each link, s.
    pub free: Vec<f64>,
    /// Present travel time of each link, s; infinite where it is closed.
    pub cost: Vec<f64>,
    /// Links closed now.
    pub closed: Vec<bool>,
    time: Vec<f64>,
    sums: Vec<(f64, u32)>,
    closures: Vec<(SimTime, bool, u32)>,
    done: usize,
}

impl Rerouting {
    /// Nothing known yet but the limits.
    pub fn new(roads: &Roads, demand: &Demand) -> Self {
        let free: Vec<f64> = roads.net.links.iter().map(|link| link.length_m / link.speed_mps.max(0.1)).collect();
        let mut closures: Vec<(SimTime, bool, u32)> =
            demand.closures.iter().flat_map(|c| [(c.from, true, c.link.0), (c.to, false, c.link.0)]).collect();
        closures.sort_unstable();
        let links = free.len();
        Self {
            cost: free.clone(),
            time: free.clone(),
            free,
            closed: vec![false; links],
            sums: vec![(0.0, 0); links],
            closures,
            done: 0,
        }
    }

    /// A vehicle needed that long from entering a link to its end.
    pub fn passed(&mut self, link: u32, seconds: f64) {
        let sum = &mut self.sums[link as usize];
        sum.0 += seconds;
        sum.1 += 1;
    }

    /// Whether a route has a closed link after its first.
    pub fn any_closed(&self, rest: &[u32]) -> bool {
        rest.iter().skip(1).any(|l| self.closed[*l as usize])
    }

    /// Closes and opens links whose time has come.
    pub fn open_and_close(&mut self, now: SimTime, events: &mut Vec<Event>) {
        while let Some(&(time, closes, link)) = self.closures.get(self.done).filter(|c| c.0 <= now) {
            self.done += 1;
            self.closed[link as usize] = closes;
            self.cost[link as usize] = if closes { f64::INFINITY } else { self.time[link as usize] };
            let kind = if closes { "closed" } else { "opened" };
            events.push(Event { time, kind: Cow::Borrowed(kind), agent: None, link, value: f64::NAN, text: String::new() });
        }
    }

    fn bring_up_to_date(&mut self, ages: &[(f64, u32)]) {
        for link in 0..self.time.len() {
            let (sum, passes) = self.sums[link];
            let (age, there) = ages[link];
            let mean_age = if there > 0 { age / f64::from(there) } else { 0.0 };
            let time = &mut self.time[link];
            let towards = match (passes, there) {
                (0, 0) => self.free[link],
                (0, _) => time.max(mean_age),
                _ => (sum / f64::from(passes)).max(self.free[link]),
            };
            *time += 0.5 * (towards - *time);
            self.cost[link] = if self.closed[link] { f64::INFINITY } else { *time };
            self.sums[link] = (0.0, 0);
        }
    }
}

impl VehicleModel {
    /// Whether a vehicle can still choose another way at the end of its lane.
    fn is_free_to_choose(&self, state: &VehicleState, ix: usize) -> bool {
        let (body, segment) = (&state.body[ix], state.segment[ix]);
        let left = if self.roads.is_lane(segment) { self.roads.length[segment as usize] - state.position[ix] } else { 0.0 };
        body.ahead == 0
            && self.fleet.trips[body.vehicle as usize].service == NO_SERVICE
            && left > stopping(state.speed[ix]) + 2.0 * state.speed[ix] + 1.0
    }

    /// Lets drivers look for better routes, when it is time for that.
    pub(super) fn reroute(&mut self, now: SimTime, state: &mut VehicleState) {
        let since = (now - self.options.begin).ms();
        let minute = since % UPDATE_MS == 0;
        if minute {
            let mut ages = vec![(0.0, 0u32); self.roads.net.links.len()];
            for ix in 0..state.len() {
                let age = &mut ages[self.roads.link[state.segment[ix] as usize] as usize];
                let entered = self.fleet.journeys[state.body[ix].vehicle as usize].entered_link_ms;
                *age = (age.0 + (now.ms() - entered) as f64 / 1000.0, age.1 + 1);
            }
            self.rerouting.bring_up_to_date(&ages);
        }
        let blocked = since % DETOUR_MS == 0 && self.rerouting.closed.contains(&true);
        let interval = self.options.reroute_interval_ms;
        if !(blocked || minute && interval > 0) {
            return;
        }
        let turns = (interval / UPDATE_MS).max(1);
        let turn = since / UPDATE_MS % turns;
        let looking: Vec<usize> = (0..state.len())
            .filter(|&ix| {
                let vehicle = state.body[ix].vehicle;
                let periodic = minute
                    && interval > 0
                    && self.fleet.trips[vehicle as usize].informed
                    && i64::from(vehicle) % turns == turn;
                let must = blocked && self.rerouting.any_closed(self.fleet.rest(vehicle));
                (periodic || must) && self.is_free_to_choose(state, ix)
            })
            .collect();
        let routes: Vec<Option<Vec<u32>>> = self.pool.install(|| {
            looking
                .par_iter()
                .map(|&ix| {
                    let here = self.roads.link[state.segment[ix] as usize];
                    let trip = &self.fleet.trips[state.body[ix].vehicle as usize];
                    self.routers.route(trip.kind, here, trip.to, &self.rerouting.cost)
                })
                .collect()
        });
        for (ix, route) in looking.into_iter().zip(routes) {
            let Some(route) = route else { continue };
            let vehicle = state.body[ix].vehicle;
            if self.is_better(vehicle, &route) {
                self.take_route(vehicle, &route, now);
                let segment = state.segment[ix];
                let left = self.roads.length[segment as usize] - state.position[ix];
                self.fleet.settle_on(&self.roads, &mut state.body[ix], segment, left);
            }
        }
    }

    fn is_better(&self, vehicle: u32, route: &[u32]) -> bool {
        let (old, kind) = (self.fleet.rest(vehicle), self.fleet.trips[vehicle as usize].kind);
        let cost = |way: &[u32]| self.routers.rest_cost(kind, way, &self.rerouting.cost);
        old != route && cost(route) < WORTH_IT * cost(old)
    }

    fn take_route(&mut self, vehicle: u32, route: &[u32], now: SimTime) {
        let first = route.get(1).copied().unwrap_or(NONE);
        self.fleet.set_route(vehicle, route);
        self.fleet.journeys[vehicle as usize].rerouted += 1;
        self.counts.rerouted += 1;
        self.events.push(Event {
            time: now,
            kind: Cow::Borrowed("reroute"),
            agent: Some(vehicle),
            link: super::place(first),
            value: route.len() as f64,
            text: String::new(),
        });
    }

    /// A driver about to depart looks at the present travel times.
    pub(super) fn find_better(&mut self, vehicle: u32, now: SimTime) {
        let trip = &self.fleet.trips[vehicle as usize];
        if trip.service != NO_SERVICE {
            return;
        }
        if let Some(route) = self.routers.route(trip.kind, trip.from, trip.to, &self.rerouting.cost)
            && self.is_better(vehicle, &route)
        {
            self.take_route(vehicle, &route, now);
        }
    }

    /// One who is stranded at the end of a lane that does not lead on takes the best way that this lane has.
    pub(super) fn take_another_way(&mut self, now: SimTime, lane: u32, x: f64, body: &mut Body) {
        let trip = &self.fleet.trips[body.vehicle as usize];
        if trip.service != NO_SERVICE {
            return; // a bus keeps to its line and waits to be let in
        }
        let (to, kind) = (trip.to, trip.kind);
        let mut best: Option<(f64, Vec<u32>)> = None;
        for connection in self.roads.net.outgoing_of(LaneIx(lane)) {
            let target = self.roads.to_lane[connection.ix()];
            let first = self.roads.link[target as usize];
            if !self.roads.open_to(target, kind.mode()) || self.rerouting.closed[first as usize] {
                continue;
            }
            if let Some(way) = self.routers.route(kind, first, to, &self.rerouting.cost) {
                let cost = self.rerouting.cost[first as usize] + self.routers.rest_cost(kind, &way, &self.rerouting.cost);
                if best.as_ref().is_none_or(|b| cost < b.0) {
                    best = Some((cost, way));
                }
            }
        }
        if let Some((_, way)) = best {
            let mut route = vec![self.roads.link[lane as usize]];
            route.extend(way);
            self.take_route(body.vehicle, &route, now);
            self.fleet.settle_on(&self.roads, body, lane, self.roads.length[lane as usize] - x);
        }
    }

    /// Takes a vehicle out of a jam; it waits first in line at the next link of its route.
    pub(super) fn take_out(&mut self, end: SimTime, segment: u32, x: f64, body: &mut Body) {
        self.vanish(body);
        let link = self.roads.link[segment as usize];
        self.intervals.left(link);
        self.counts.teleported += 1;
        let vehicle = body.vehicle;
        let next = self.fleet.upcoming(vehicle, 1).unwrap_or(link);
        let journey = &mut self.fleet.journeys[vehicle as usize];
        journey.base_m += x;
        journey.waited_s += f64::from(body.wait);
        journey.teleported += 1;
        journey.in_transfer = true;
        if journey.cursor + 1 < journey.route.end {
            journey.cursor += 1;
        }
        self.events.push(Event {
            time: end,
            kind: Cow::Borrowed("teleport"),
            agent: Some(vehicle),
            link,
            value: f64::from(body.wait),
            text: format!("to {}", self.roads.net.link(LinkIx(next)).id),
        });
        self.departures.enqueue(next, vehicle, true);
    }
}
