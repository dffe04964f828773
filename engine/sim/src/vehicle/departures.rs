//! Getting onto the road: trips that are due wait in line at their first link until there is room.

use super::VehicleModel;
use super::changing::entry_speed;
use super::fleet::{Fleet, NO_SERVICE, Trip};
use super::following::{KINDS, SKIN_M, kind, stopping};
use super::rerouting::{Rerouting, Routers};
use super::roads::{NONE, Roads};
use super::state::{Body, VehicleState};
use crate::demand::{Demand, VehicleKind};
use crate::options::Options;
use qike_core::SimTime;
use qike_network::LinkIx;
use qike_record::{Event, TripStatus};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Vehicles that are not on the road yet.
pub struct Departures {
    /// Vehicles by departure; those before `due` are in line or gone.
    order: Vec<u32>,
    due: usize,
    /// Vehicles in line, by link.
    lines: Vec<VecDeque<u32>>,
    /// Links with a line, sorted.
    waiting: Vec<u32>,
    transfers: u64,
}

/// Adds the demand's trips to the fleet.
pub fn add_trips(fleet: &mut Fleet, demand: &Demand, options: &Options) {
    for trip in &demand.vehicles {
        let (factor, informed) =
            Fleet::character(options.seed, trip.demand, trip.trip, options.speed_deviation, options.informed_share);
        fleet.add(Trip {
            demand: trip.demand,
            trip: trip.trip,
            depart_ms: trip.depart.ms(),
            from: trip.from.0,
            to: trip.to.0,
            kind: trip.kind,
            service: NO_SERVICE,
            factor,
            informed,
        });
    }
}

/// Numbers the vehicles by departure, so that agents' numbers do not depend on how the demand was written.
pub fn order(fleet: &mut Fleet) {
    fleet.trips.sort_by_key(|t| (t.depart_ms, t.demand, t.trip, t.service));
}

impl Departures {
    /// Finds every vehicle's first route (in parallel, on free travel times). Trips without one are reported and never loaded;
    /// their number is returned.
    pub(super) fn new(
        roads: &Roads,
        routers: &Routers,
        fleet: &mut Fleet,
        demand: &Demand,
        rerouting: &Rerouting,
        (events, ended): (&mut Vec<Event>, &mut Vec<qike_record::Trip>),
    ) -> (Self, u64) {
        let routes: Vec<Option<Vec<u32>>> = fleet
            .trips
            .par_iter()
            .map(|trip| {
                if trip.service != NO_SERVICE {
                    return Some(demand.services[trip.service as usize].route.iter().map(|l| l.0).collect());
                }
                routers.route(trip.kind, trip.from, trip.to, &rerouting.free)
            })
            .collect();
        let mut order = Vec::with_capacity(routes.len());
        for (vehicle, route) in routes.iter().enumerate() {
            if let Some(route) = route {
                fleet.set_route(vehicle as u32, route);
                order.push(vehicle as u32);
                continue;
            }
            let trip = &fleet.trips[vehicle];
            events.push(Event {
                time: SimTime::from_ms(trip.depart_ms),
                kind: Cow::Borrowed("unroutable"),
                agent: Some(vehicle as u32),
                link: trip.from,
                value: f64::NAN,
                text: format!("no way from {} to {}", roads.net.link(LinkIx(trip.from)).id, roads.net.link(LinkIx(trip.to)).id),
            });
            ended.push(super::observe::trip_record(fleet, vehicle as u32, TripStatus::Unroutable, None, 0.0));
        }
        let unroutable = (routes.len() - order.len()) as u64;
        let lines = vec![VecDeque::new(); roads.net.links.len()];
        (Self { order, due: 0, lines, waiting: Vec::new(), transfers: 0 }, unroutable)
    }

    /// True when nobody is still to come or in line.
    pub fn is_empty(&self) -> bool {
        self.due == self.order.len() && self.waiting.is_empty()
    }

    /// Vehicles that were taken out of a jam and wait to be put back.
    pub fn in_transfer(&self) -> u64 {
        self.transfers
    }

    /// Puts a vehicle at the end (or, for one in transfer, the head) of the line at a link.
    pub fn enqueue(&mut self, link: u32, vehicle: u32, first: bool) {
        if first {
            self.lines[link as usize].push_front(vehicle);
            self.transfers += 1;
        } else {
            self.lines[link as usize].push_back(vehicle);
        }
        if let Err(at) = self.waiting.binary_search(&link) {
            self.waiting.insert(at, link);
        }
    }

    /// Vehicles that are due and in line, and those never due, in the order of their numbers, with whether they are due.
    pub fn outside(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.lines.iter().flatten().copied().collect();
        all.sort_unstable();
        all
    }
}

impl VehicleModel {
    /// Loads what is due, and puts onto the road whoever is first in line where there is room.
    pub(super) fn depart(&mut self, now: SimTime, state: &VehicleState) {
        let end = now + SimTime::from_ms(self.options.vehicle_step_ms);
        while let Some(&vehicle) = self.departures.order.get(self.departures.due) {
            let trip = &self.fleet.trips[vehicle as usize];
            if trip.depart_ms > now.ms() {
                break;
            }
            self.departures.due += 1;
            self.counts.loaded += 1;
            let (from, informed) = (trip.from, trip.informed);
            if informed || self.rerouting.any_closed(self.fleet.rest(vehicle)) {
                self.find_better(vehicle, now);
            }
            self.departures.enqueue(from, vehicle, false);
        }
        let waiting = std::mem::take(&mut self.departures.waiting);
        let mut still = Vec::with_capacity(waiting.len());
        for link in waiting {
            while let Some(&vehicle) = self.departures.lines[link as usize].front() {
                if self.rerouting.closed[link as usize] || !self.enter(vehicle, link, end, state) {
                    break;
                }
                self.departures.lines[link as usize].pop_front();
            }
            if !self.departures.lines[link as usize].is_empty() {
                still.push(link);
            }
        }
        self.departures.waiting = still;
    }

    /// Puts a vehicle onto the best lane of a link, if one has room; its tail is then just inside the lane.
    fn enter(&mut self, vehicle: u32, link: u32, end: SimTime, state: &VehicleState) -> bool {
        let trip_kind = self.fleet.trips[vehicle as usize].kind;
        let params = kind(trip_kind);
        let mode = trip_kind.mode();
        let mut best: Option<(bool, u32, u32, f64, f64)> = None;
        for lane in self.roads.net.link(LinkIx(link)).lanes.clone() {
            if !self.roads.open_to(lane, mode) || self.scratch.changed[lane as usize] == self.step + 1 {
                continue;
            }
            let x = (params.length_m + SKIN_M).min(self.roads.length[lane as usize] - 0.05);
            let Some(v) = self.room_to_enter(vehicle, lane, x, state) else { continue };
            let next = self.fleet.way_on(&self.roads, vehicle, lane, 0);
            let rank = (next == NONE, state.on(lane).len() as u32, lane);
            if best.is_none_or(|b| rank < (b.0, b.1, b.2)) {
                best = Some((rank.0, rank.1, rank.2, x, v));
            }
        }
        let Some((_, _, lane, x, v)) = best else { return false };
        let mut body = Body {
            vehicle,
            length: params.length_m as f32,
            factor: self.fleet.trips[vehicle as usize].factor as f32,
            kind: trip_kind as u8,
            ..Body::default()
        };
        self.fleet.settle_on(&self.roads, &mut body, lane, self.roads.length[lane as usize] - x);
        let journey = &mut self.fleet.journeys[vehicle as usize];
        if journey.in_transfer {
            journey.in_transfer = false;
            self.departures.transfers -= 1;
        } else {
            journey.inserted_ms = end.ms();
            self.counts.inserted += 1;
        }
        // The odometer counts from the place of entry; segments are measured from their start.
        journey.base_m -= x;
        journey.free_s -= x / (self.roads.speed[lane as usize] * f64::from(body.factor)).min(params.max_speed_mps);
        journey.entered_link_ms = end.ms();
        self.intervals.entered(link);
        self.scratch.push(lane, x, v, body);
        self.scratch.changed[lane as usize] = self.step + 1;
        true
    }

    /// The speed at which a vehicle can enter a lane at `x`, if nobody is in the way: neither those on it nor those who come.
    fn room_to_enter(&self, vehicle: u32, lane: u32, x: f64, state: &VehicleState) -> Option<f64> {
        let trip = &self.fleet.trips[vehicle as usize];
        let params = &KINDS[trip.kind as usize];
        let dt = self.options.vehicle_step_ms as f64 / 1000.0;
        let length = self.roads.length[lane as usize];
        let mut wished = (self.roads.speed[lane as usize] * trip.factor).min(params.max_speed_mps);
        if trip.kind == VehicleKind::Bus {
            wished = 0.0; // from the terminus
        }
        let tail = self.junctions.tails[lane as usize];
        let leader = state.last_on(lane).map(|j| (state.rear(j), state.speed[j]));
        let leader = leader.unwrap_or((tail.rear.min(length), if tail.rear < length { tail.speed } else { 0.0 }));
        let leader_gap = leader.0 - x;
        let empty = state.last_on(lane).is_none() && tail.rear >= length;
        // On an empty lane the end counts as a wall, so a vehicle that enters can stop before the line.
        let gap = if empty { (length - x).max(SKIN_M + 1e-3) } else { leader_gap };
        if !empty && gap < params.gap_m {
            return None;
        }
        let v = entry_speed(wished, gap, leader.1)?;
        let rear = x - params.length_m;
        let view = super::plan::View {
            roads: &self.roads,
            state,
            junctions: &self.junctions,
            signals: &self.signals,
            fleet: &self.fleet,
            seen: &self.seen_nobody,
            closed: &self.rerouting.closed,
            options: &self.options,
            stops: &self.stops,
            dt,
            now_ms: 0,
            step: self.step,
        };
        let safe = stopping(v) <= gap - SKIN_M + stopping(leader.1) || v == 0.0;
        (safe && view.follower_is_safe(lane, state.on(lane).start, rear, v, 4.0)).then_some(v)
    }
}
