//! Vehicles, lane by lane: the intelligent driver model on structure-of-arrays state.
//!
//! A step plans every vehicle from the frozen state (in parallel), resolves who may enter the junctions by a fixed order, and
//! commits: fronts move, tails let go of junctions, and the vehicles are put in order again for the next step.
//!
//! Junctions rest on *holding*. A connection that meets others, or has a signal, may be entered only by one who holds it; it is
//! given only while nobody holds a connection in conflict, as late as the vehicle can still stop without it, and let go when the
//! tail has left. So no two vehicles of conflicting connections are ever on a junction together, whatever drivers intend.
//!
//! Gridlock: one who has waited longer than `patience_s` no longer gives way to vehicles that stand, which breaks rings of
//! mutual courtesy; one who has stood at the head of a lane for `teleport_after_s` is taken out and put back on the next link of
//! its route that has room. Each such transfer is counted and recorded.

mod changing;
mod commit;
mod departures;
mod fleet;
pub mod following;
mod observe;
mod plan;
mod rerouting;
mod resolve;
mod right_of_way;
mod roads;
mod signals;
mod state;
mod transit;

pub use state::{Body, VehicleState};

use crate::demand::Demand;
use crate::exchange::Exchange;
use crate::intervals::Intervals;
use crate::model::MobilityModel;
use crate::options::Options;
use crate::stats::{Statistics, TripSums, VehicleCounts};
use fleet::Fleet;
use plan::{Plan, View};
use qike_core::{SimTime, StateHasher};
use qike_network::LaneNetwork;
use qike_network::WalkNetwork;
use qike_record::{Event, LinkInterval, RecordError, Recorder, TrackPoint};
use rayon::prelude::*;
use roads::{NONE, Roads};
use rerouting::Routers;
use signals::Signals;
use state::Junctions;
use std::sync::Arc;

/// Vehicles planned by one task; fewer than two tasks' worth are planned on the calling thread.
const CHUNK: usize = 1024;

/// The vehicle model.
pub struct VehicleModel {
    options: Options,
    pool: Arc<rayon::ThreadPool>,
    roads: Roads,
    routers: Routers,
    signals: Signals,
    junctions: Junctions,
    fleet: Fleet,
    stops: Vec<Vec<transit::Stop>>,
    departures: departures::Departures,
    rerouting: rerouting::Rerouting,
    intervals: Intervals,
    plans: Vec<Plan>,
    requests: Vec<resolve::Request>,
    scratch: commit::Scratch,
    counts: VehicleCounts,
    sums: TripSums,
    updates: u64,
    step: u64,
    events: Vec<Event>,
    ended: Vec<qike_record::Trip>,
    crossings: Vec<observe::CrossingLanes>,
    seen_nobody: Exchange,
}

impl VehicleModel {
    /// A model of the demand's vehicles on the network, and its empty first state. Agents are numbered from 0 by departure.
    pub fn new(net: Arc<LaneNetwork>, walk: &WalkNetwork, demand: &Demand, options: &Options, pool: Arc<rayon::ThreadPool>) -> (Self, VehicleState) {
        let roads = Roads::new(net, walk);
        let routers = Routers::new(&roads.net);
        let signals = Signals::new(&roads.net);
        let junctions = Junctions::new(roads.lanes as usize, roads.to_lane.len());
        let rerouting = rerouting::Rerouting::new(&roads, demand);
        let mut fleet = Fleet::default();
        transit::add_journeys(&mut fleet, &demand.services);
        departures::add_trips(&mut fleet, demand, options);
        departures::order(&mut fleet);
        let mut events = Vec::new();
        let mut ended = Vec::new();
        let (departures, unroutable) =
            pool.install(|| departures::Departures::new(&roads, &routers, &mut fleet, demand, &rerouting, (&mut events, &mut ended)));
        let crossings = observe::crossing_lanes(&roads, walk);
        let state = VehicleState::empty(roads.segments());
        let intervals = Intervals::new(roads.net.links.len());
        let model = Self {
            options: options.clone(),
            pool,
            routers,
            signals,
            junctions,
            stops: demand.services.iter().map(transit::place_stops).collect(),
            departures,
            rerouting,
            intervals,
            plans: Vec::new(),
            requests: Vec::new(),
            scratch: commit::Scratch::default(),
            counts: VehicleCounts { unroutable, ..VehicleCounts::default() },
            sums: TripSums::default(),
            updates: 0,
            step: 0,
            events,
            ended,
            crossings,
            seen_nobody: Exchange::default(),
            fleet,
            roads,
        };
        (model, state)
    }

    /// Number of agents: numbers below it are this model's.
    pub fn agents(&self) -> u32 {
        self.fleet.trips.len() as u32
    }

    fn plan(&mut self, now: SimTime, state: &VehicleState, seen: &Exchange) {
        let view = View {
            roads: &self.roads,
            state,
            junctions: &self.junctions,
            signals: &self.signals,
            fleet: &self.fleet,
            seen,
            closed: &self.rerouting.closed,
            options: &self.options,
            stops: &self.stops,
            dt: self.options.vehicle_step_ms as f64 / 1000.0,
            now_ms: now.ms(),
            step: self.step,
        };
        let n = state.len();
        self.plans.resize(n, plan::STAY);
        if n < 2 * CHUNK || self.pool.current_num_threads() == 1 {
            for (ix, plan) in self.plans.iter_mut().enumerate() {
                *plan = view.plan(ix);
            }
        } else {
            let plans = &mut self.plans;
            self.pool.install(|| {
                plans.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, plans)| {
                    for (offset, plan) in plans.iter_mut().enumerate() {
                        *plan = view.plan(chunk * CHUNK + offset);
                    }
                });
            });
        }
    }
}

impl MobilityModel for VehicleModel {
    type State = VehicleState;

    fn name(&self) -> &'static str {
        "vehicles"
    }

    fn step_ms(&self) -> i64 {
        self.options.vehicle_step_ms
    }

    fn step(&mut self, now: SimTime, state: &VehicleState, next: &mut VehicleState, seen: &Exchange, shown: &mut Exchange) {
        self.signals.update(&self.roads.net, now.ms());
        self.rerouting.open_and_close(now, &mut self.events);
        self.plan(now, state, seen);
        self.resolve(state);
        self.commit(now, state);
        self.depart(now, state);
        self.arrange(next);
        self.reroute(now + SimTime::from_ms(self.options.vehicle_step_ms), next);
        self.show(next, seen, shown);
        self.updates += state.len() as u64;
        self.step += 1;
    }

    fn tracks(&self, state: &VehicleState, points: &mut Vec<TrackPoint>) {
        self.track_points(state, points);
    }

    fn intervals(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>) {
        self.intervals.take(seconds, rows);
    }

    fn report(&mut self, recorder: &mut dyn Recorder) -> Result<(), RecordError> {
        for event in self.events.drain(..) {
            recorder.event(&event)?;
        }
        for trip in self.ended.drain(..) {
            recorder.trip(&trip)?;
        }
        Ok(())
    }

    fn close(&mut self, now: SimTime, state: &VehicleState, recorder: &mut dyn Recorder) -> Result<(), RecordError> {
        self.report(recorder)?;
        self.cut_off(now, state).iter().try_for_each(|trip| recorder.trip(trip))
    }

    fn hash(&self, state: &VehicleState, hasher: &mut StateHasher) {
        hasher.u64(state.len() as u64);
        for ix in 0..state.len() {
            let body = &state.body[ix];
            hasher.u64(u64::from(state.segment[ix]) << 32 | u64::from(body.vehicle));
            hasher.f64(state.position[ix]);
            hasher.f64(state.speed[ix]);
            hasher.u64(u64::from(body.next) << 32 | u64::from(body.ahead) << 16 | u64::from(body.tail));
        }
        for (connection, holders) in self.junctions.holders.iter().enumerate().filter(|(_, h)| **h > 0) {
            hasher.u64((connection as u64) << 16 | u64::from(*holders));
        }
    }

    fn statistics(&self, state: &VehicleState, statistics: &mut Statistics) {
        let mut counts = self.counts;
        counts.waiting = counts.loaded - counts.inserted;
        counts.running = state.len() as u64 + self.departures.in_transfer();
        statistics.vehicles = counts;
        statistics.vehicle_trips = self.sums;
        statistics.vehicle_updates = self.updates;
    }

    fn finished(&self, state: &VehicleState) -> bool {
        state.is_empty() && self.departures.is_empty()
    }
}

/// The agent's kind in a recording.
fn agent_kind(kind: crate::demand::VehicleKind) -> qike_record::AgentKind {
    use crate::demand::VehicleKind;
    match kind {
        VehicleKind::Car => qike_record::AgentKind::Car,
        VehicleKind::Bus => qike_record::AgentKind::Bus,
        VehicleKind::Truck => qike_record::AgentKind::Truck,
    }
}

/// A place's number where there may be none.
fn place(link: u32) -> u32 {
    if link == NONE { qike_record::NOWHERE } else { link }
}
