//! Walkers: the collision-free speed model inside the convex areas of the walking network.
//!
//! Everybody follows a way of portals found before (shortest in time). Within an area they walk straight towards the next portal,
//! pushed aside by neighbours and walls, and never faster than the room in front of them allows. Three things are certain by
//! construction, not by tuning: nobody leaves an area but through a portal on their way; no more people pass a door than its
//! capacity (the model alone lets about 5 /m/s through a door, people manage 1.33 at most: NIST TN 1822); nobody gets lost, since
//! every area on the way leads to the next.

mod advance;
mod apart;
mod crossing;
mod gates;
mod ground;
mod people;
mod state;
mod steer;
mod ways;

pub use state::WalkerState;

use crate::demand::Demand;
use crate::exchange::Exchange;
use crate::intervals::Intervals;
use crate::model::MobilityModel;
use crate::options::Options;
use crate::stats::{Statistics, TripSums, WalkerCounts};
use ground::Ground;
use people::People;
use qike_core::{SimTime, StateHasher};
use qike_network::{LaneNetwork, WalkNetwork};
use qike_record::{AgentKind, Event, LinkInterval, RecordError, Recorder, TrackPoint, Trip, TripStatus};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

/// Walkers steered by one task.
const CHUNK: usize = 256;

/// Walkers from which on they are steered in parallel: fewer are done sooner than another thread wakes up (measured: tens of
/// microseconds, twice for each step of a twentieth of a second).
const PARALLEL_FROM: usize = 4096;

/// The walker model.
pub struct WalkerModel {
    options: Options,
    pool: Arc<rayon::ThreadPool>,
    lanes: Arc<LaneNetwork>,
    net: Arc<WalkNetwork>,
    ground: Ground,
    people: People,
    /// Persons with a way, by departure; those before `due` wait or walk or are gone.
    order: Vec<u32>,
    due: usize,
    waiting: Vec<u32>,
    doors: advance::Doors,
    gates: gates::Gates,
    rules: Vec<crossing::Rule>,
    may_cross: Vec<bool>,
    moves: Vec<steer::Move>,
    /// Where everybody may step to.
    kept: Vec<[f64; 2]>,
    moved: WalkerState,
    intervals: Intervals,
    counts: WalkerCounts,
    sums: TripSums,
    updates: u64,
    step: u64,
    first_agent: u32,
    first_area: u32,
    events: Vec<Event>,
    ended: Vec<Trip>,
}

impl WalkerModel {
    /// A model of the demand's walks and of passengers of trains, and its empty first state. Agents are numbered from `first_agent`
    /// by departure.
    pub fn new(
        lanes: Arc<LaneNetwork>,
        net: Arc<WalkNetwork>,
        demand: &Demand,
        options: &Options,
        pool: Arc<rayon::ThreadPool>,
        first_agent: u32,
    ) -> (Self, WalkerState) {
        let ground = Ground::new(&net);
        let (mut people, lost) = pool.install(|| People::new(&net, demand, options));
        let first_area = lanes.links.len() as u32;
        let rules = crossing::rules(&lanes, &net);
        let mut model = Self {
            options: options.clone(),
            pool,
            doors: advance::Doors::new(&net),
            gates: gates::Gates::new(net.portals.len(), std::mem::take(&mut people.alternatives)),
            may_cross: vec![false; rules.len()],
            rules,
            order: (0..people.persons.len() as u32).filter(|p| !lost[*p as usize]).collect(),
            due: 0,
            waiting: Vec::new(),
            moves: Vec::new(),
            kept: Vec::new(),
            moved: WalkerState::empty(),
            intervals: Intervals::new(net.areas.len()),
            counts: WalkerCounts { unroutable: lost.iter().filter(|l| **l).count() as u64, ..WalkerCounts::default() },
            sums: TripSums::default(),
            updates: 0,
            step: 0,
            first_agent,
            first_area,
            events: Vec::new(),
            ended: Vec::new(),
            lanes,
            net,
            ground,
            people,
        };
        for who in (0..lost.len()).filter(|p| lost[*p]) {
            let person = &model.people.persons[who];
            let name = |area: qike_network::AreaIx| &model.net.area(area).id;
            model.events.push(Event {
                time: SimTime::from_ms(person.depart_ms),
                kind: Cow::Borrowed("unroutable"),
                agent: Some(first_agent + who as u32),
                link: first_area + person.from.area.0,
                value: f64::NAN,
                text: format!("no way from {} to {}", name(person.from.area), name(person.to.area)),
            });
            model.ended.push(model.trip(who as u32, TripStatus::Unroutable, None));
        }
        (model, WalkerState::empty())
    }

    /// Whether nobody waits to appear by `now_ms`.
    fn nobody_due(&self, now_ms: i64) -> bool {
        let next = self.order.get(self.due).map(|who| self.people.persons[*who as usize].depart_ms);
        self.waiting.is_empty() && next.is_none_or(|depart_ms| depart_ms > now_ms)
    }

    fn trip(&self, who: u32, status: TripStatus, now: Option<SimTime>) -> Trip {
        let person = &self.people.persons[who as usize];
        let departed = (person.inserted_ms >= 0).then(|| SimTime::from_ms(person.inserted_ms));
        let so_far = departed.zip(now).map_or(0.0, |(from, to)| (to - from).as_s());
        Trip {
            agent: self.first_agent + who,
            kind: AgentKind::Walker,
            demand: person.demand,
            trip: person.trip,
            status,
            origin: self.first_area + person.from.area.0,
            destination: self.first_area + person.to.area.0,
            planned: SimTime::from_ms(person.depart_ms),
            departed,
            arrived: now.filter(|_| status == TripStatus::Arrived),
            route_length_m: person.length_m,
            time_loss_s: (so_far - person.free_s).max(0.0),
            waiting_s: person.waited_s,
            reroutes: 0,
            teleports: 0,
        }
    }

    fn arrive(&mut self, end_ms: i64, who: u32, area: u32) {
        let now = SimTime::from_ms(end_ms);
        let trip = self.trip(who, TripStatus::Arrived, Some(now));
        self.intervals.left(area);
        self.counts.arrived += 1;
        self.sums.duration_s += trip.duration_s().unwrap_or(0.0);
        self.sums.time_loss_s += trip.time_loss_s;
        self.sums.waiting_s += trip.waiting_s;
        self.sums.depart_delay_s += trip.depart_delay_s(now);
        self.sums.route_length_m += trip.route_length_m;
        self.ended.push(trip);
    }

    fn steer(&mut self, now_ms: i64, state: &WalkerState) {
        let view = steer::View {
            net: &self.net,
            ground: &self.ground,
            state,
            people: &self.people,
            crossings: &self.may_cross,
            dt: self.options.walker_step_ms as f64 / 1000.0,
            now_ms,
            seed: self.options.seed ^ 0x5348_5546,
        };
        let mut moves = std::mem::take(&mut self.moves);
        moves.resize(state.len(), advance::NO_MOVE);
        self.each(&mut moves, |ix| view.steer(ix));
        self.moves = moves;
        let mut kept = std::mem::take(&mut self.kept);
        kept.resize(state.len(), [0.0; 2]);
        self.each(&mut kept, |ix| self.keep_apart(state, ix));
        self.kept = kept;
    }

    /// Computes something for every walker, in parallel where there are many.
    fn each<T: Send>(&self, all: &mut [T], of: impl Fn(usize) -> T + Sync) {
        if all.len() < PARALLEL_FROM || self.pool.current_num_threads() == 1 {
            all.iter_mut().enumerate().for_each(|(ix, to)| *to = of(ix));
            return;
        }
        self.pool.install(|| {
            all.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, part)| {
                part.iter_mut().enumerate().for_each(|(offset, to)| *to = of(chunk * CHUNK + offset));
            });
        });
    }
}

impl MobilityModel for WalkerModel {
    type State = WalkerState;

    fn name(&self) -> &'static str {
        "walkers"
    }

    fn step_ms(&self) -> i64 {
        self.options.walker_step_ms
    }

    fn step(&mut self, now: SimTime, state: &WalkerState, next: &mut WalkerState, seen: &Exchange, shown: &mut Exchange) {
        self.step += 1;
        if state.is_empty() && self.nobody_due(now.ms()) {
            if !next.is_empty() || next.starts.is_empty() {
                *next = WalkerState::empty();
            }
            return;
        }
        self.decide_crossings(now.ms(), seen);
        self.choose_gates(state);
        self.steer(now.ms(), state);
        self.doors.refill(self.options.walker_step_ms as f64 / 1000.0);
        self.advance(now.ms(), state);
        self.appear(now.ms(), state);
        next.arrange(&self.moved);
        self.show(now.ms(), next, shown);
        self.updates += state.len() as u64;
    }

    fn tracks(&self, state: &WalkerState, points: &mut Vec<TrackPoint>) {
        let first = points.len();
        points.extend((0..state.len()).map(|ix| TrackPoint {
            agent: self.first_agent + state.who[ix],
            kind: AgentKind::Walker,
            link: self.first_area + state.area[ix],
            position: [state.x[ix], state.y[ix], state.z[ix]],
            heading: state.ey[ix].atan2(state.ex[ix]) as f32,
            speed_mps: state.speed[ix] as f32,
        }));
        points[first..].sort_unstable_by_key(|p| p.agent);
    }

    fn intervals(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>) {
        let first = rows.len();
        self.intervals.take(seconds, rows);
        rows[first..].iter_mut().for_each(|row| row.link += self.first_area);
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

    fn close(&mut self, now: SimTime, state: &WalkerState, recorder: &mut dyn Recorder) -> Result<(), RecordError> {
        self.report(recorder)?;
        let mut trips: Vec<Trip> = state.who.iter().map(|who| self.trip(*who, TripStatus::Running, Some(now))).collect();
        trips.extend(self.waiting.iter().map(|who| self.trip(*who, TripStatus::Waiting, None)));
        trips.sort_by_key(|t| t.agent);
        trips.iter().try_for_each(|trip| recorder.trip(trip))
    }

    fn hash(&self, state: &WalkerState, hasher: &mut StateHasher) {
        hasher.u64(state.len() as u64);
        for ix in 0..state.len() {
            hasher.u64(u64::from(state.who[ix]) << 32 | u64::from(state.area[ix]));
            hasher.f64(state.x[ix]);
            hasher.f64(state.y[ix]);
            hasher.f64(state.speed[ix]);
        }
    }

    fn statistics(&self, state: &WalkerState, statistics: &mut Statistics) {
        let mut counts = self.counts;
        counts.waiting = self.waiting.len() as u64;
        counts.running = state.len() as u64;
        statistics.walkers = counts;
        statistics.walker_trips = self.sums;
        statistics.walker_updates = self.updates;
    }

    fn finished(&self, state: &WalkerState) -> bool {
        state.is_empty() && self.due == self.order.len() && self.waiting.is_empty()
    }
}
