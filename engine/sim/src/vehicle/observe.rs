//! What is seen of the vehicles: key frames, trips, and who is near the walkers' crossings.

use super::fleet::Fleet;
use super::following::{KINDS, kind, stopping};
use super::roads::Roads;
use super::state::{Body, VehicleState};
use super::{VehicleModel, agent_kind};
use crate::exchange::Exchange;
use qike_core::SimTime;
use qike_network::WalkNetwork;
use qike_record::{NOWHERE, TrackPoint, Trip, TripStatus};

/// How far before a crossing vehicles are looked for, s and m.
const SIGHT: (f64, f64) = (8.0, 120.0);

/// The segments that one crossing of walkers crosses, and where.
pub struct CrossingLanes {
    places: Vec<(u32, f64)>,
    /// Walkers go first.
    priority: bool,
}

/// The segments of all crossings, in the walking network's order.
pub fn crossing_lanes(roads: &Roads, walk: &WalkNetwork) -> Vec<CrossingLanes> {
    let of = |crossing: &qike_network::Crossing| {
        let links = crossing.links.iter().filter(|(l, _)| l.ix() < roads.net.links.len());
        let lanes = links.flat_map(|(l, at)| roads.net.link(*l).lanes.clone().map(|lane| (lane, *at)));
        let connections = crossing.connections.iter().filter(|(c, _)| c.ix() < roads.net.connections.len());
        let mut places: Vec<(u32, f64)> = lanes.chain(connections.map(|(c, at)| (roads.segment(*c), *at))).collect();
        places.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        CrossingLanes { places, priority: crossing.priority && crossing.program.is_none() }
    };
    walk.crossings.iter().map(of).collect()
}

/// The row of a trip.
pub fn trip_record(fleet: &Fleet, vehicle: u32, status: TripStatus, arrived: Option<SimTime>, at_m: f64) -> Trip {
    let (trip, journey) = (&fleet.trips[vehicle as usize], &fleet.journeys[vehicle as usize]);
    let departed = (journey.inserted_ms >= 0).then(|| SimTime::from_ms(journey.inserted_ms));
    Trip {
        agent: vehicle,
        kind: agent_kind(trip.kind),
        demand: trip.demand,
        trip: trip.trip,
        status,
        origin: trip.from,
        destination: trip.to,
        planned: SimTime::from_ms(trip.depart_ms),
        departed,
        arrived,
        route_length_m: if departed.is_some() { journey.base_m + at_m } else { 0.0 },
        time_loss_s: 0.0,
        waiting_s: journey.waited_s,
        reroutes: journey.rerouted,
        teleports: journey.teleported,
    }
}

impl VehicleModel {
    /// A trip as it stands at `now`, with its vehicle on `segment` at `x`.
    fn trip_so_far(&self, now: SimTime, status: TripStatus, segment: u32, x: f64, body: &Body) -> Trip {
        let arrived = (status == TripStatus::Arrived).then_some(now);
        let mut trip = trip_record(&self.fleet, body.vehicle, status, arrived, x);
        let journey = &self.fleet.journeys[body.vehicle as usize];
        let wished = self.roads.speed[segment as usize] * f64::from(body.factor);
        let free_s = journey.free_s + x / wished.min(KINDS[usize::from(body.kind)].max_speed_mps);
        trip.time_loss_s = ((now.ms() - journey.inserted_ms) as f64 / 1000.0 - free_s).max(0.0);
        trip.waiting_s += f64::from(body.wait);
        trip
    }

    /// A trip ends at the end of its last link.
    pub(super) fn arrive(&mut self, end: SimTime, segment: u32, x: f64, body: &Body) {
        let mut body = *body;
        self.vanish(&mut body);
        let x = x.min(self.roads.length[segment as usize]);
        let trip = self.trip_so_far(end, TripStatus::Arrived, segment, x, &body);
        self.intervals.left(self.roads.link[segment as usize]);
        self.counts.arrived += 1;
        self.sums.duration_s += trip.duration_s().unwrap_or(0.0);
        self.sums.time_loss_s += trip.time_loss_s;
        self.sums.waiting_s += trip.waiting_s;
        self.sums.depart_delay_s += trip.depart_delay_s(end);
        self.sums.route_length_m += trip.route_length_m;
        self.ended.push(trip);
    }

    /// The trips that the end of the run cuts off, by agent.
    pub(super) fn cut_off(&self, now: SimTime, state: &VehicleState) -> Vec<Trip> {
        let on_road = (0..state.len())
            .map(|ix| self.trip_so_far(now, TripStatus::Running, state.segment[ix], state.position[ix], &state.body[ix]));
        let mut trips: Vec<Trip> = on_road.collect();
        trips.extend(self.departures.outside().into_iter().map(|vehicle| {
            let running = self.fleet.journeys[vehicle as usize].in_transfer;
            trip_record(&self.fleet, vehicle, if running { TripStatus::Running } else { TripStatus::Waiting }, None, 0.0)
        }));
        trips.sort_by_key(|t| t.agent);
        trips
    }

    /// Adds the key frame of all vehicles on the road, by agent.
    pub(super) fn track_points(&self, state: &VehicleState, points: &mut Vec<TrackPoint>) {
        let first = points.len();
        let net = &self.roads.net;
        for ix in 0..state.len() {
            let (segment, body) = (state.segment[ix], &state.body[ix]);
            let (shape, link) = if self.roads.is_lane(segment) {
                let lane = &net.lanes[segment as usize];
                (&lane.shape, lane.link.0)
            } else {
                (&net.connections[self.roads.connection(segment)].shape, NOWHERE)
            };
            let (position, heading) = net.pose(shape, state.position[ix]);
            points.push(TrackPoint {
                agent: body.vehicle,
                kind: agent_kind(self.fleet.trips[body.vehicle as usize].kind),
                link,
                position,
                heading: heading as f32,
                speed_mps: state.speed[ix] as f32,
            });
        }
        points[first..].sort_unstable_by_key(|p| p.agent);
    }

    /// Shows the walkers who comes: at every crossing where somebody waits or walks.
    pub(super) fn show(&self, state: &VehicleState, seen: &Exchange, shown: &mut Exchange) {
        for (ix, crossing) in self.crossings.iter().enumerate() {
            let facts = seen.crossings[ix];
            let shown = &mut shown.crossings[ix];
            (shown.vehicle_on, shown.vehicle_in_s) = (false, f64::INFINITY);
            if facts.walkers_waiting == 0 && facts.walkers_on == 0 {
                continue;
            }
            for &(segment, at) in &crossing.places {
                self.look_back(state, segment, at, 0.0, crossing.priority, shown, 2);
            }
        }
    }

    /// Vehicles that come to a place `at` on a segment, `beyond` metres before the crossing, and on the segments before it.
    #[allow(clippy::too_many_arguments)]
    fn look_back(
        &self,
        state: &VehicleState,
        segment: u32,
        at: f64,
        beyond: f64,
        priority: bool,
        shown: &mut crate::exchange::CrossingFacts,
        depth: u32,
    ) {
        for j in state.on(segment).rev() {
            let d = at - state.position[j] + beyond;
            let v = state.speed[j];
            if d < -f64::from(state.body[j].length) - 1.0 {
                continue;
            }
            if d < 1.5 {
                shown.vehicle_on = true;
                continue;
            }
            if d > SIGHT.1 {
                return;
            }
            let comfortable = kind(self.fleet.trips[state.body[j].vehicle as usize].kind).brake;
            let yields = (priority && v * v / (2.0 * comfortable) < d - 2.0) || v < 0.3;
            if !yields {
                shown.vehicle_in_s = shown.vehicle_in_s.min(d / v.max(0.3));
            }
            if stopping(v) < d {
                break; // those behind it are later
            }
        }
        let back = beyond + at;
        if depth == 0 || back > SIGHT.0 * self.roads.speed[segment as usize] {
            return;
        }
        if self.roads.is_lane(segment) {
            for &c in self.roads.net.incoming_of(qike_network::LaneIx(segment)) {
                let before = self.roads.segment(c);
                if self.junctions.holders[c.ix()] > 0 || !self.roads.held[c.ix()] {
                    self.look_back(state, before, self.roads.length[before as usize], back, priority, shown, depth - 1);
                }
            }
        } else {
            let connection = self.roads.connection(segment);
            let lane = self.roads.net.connections[connection].from_lane.0;
            let coming = !self.roads.held[connection] || self.junctions.holders[connection] > 0
                || !matches!(self.signals.of(connection), super::signals::Shown::Red);
            if coming {
                self.look_back(state, lane, self.roads.length[lane as usize], back, priority, shown, depth - 1);
            }
        }
    }
}
