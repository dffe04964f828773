//! Vehicles, lane by lane, with the parameters, junction rules and motives of lane changing that SUMO's scenarios state.
//!
//! A step: all plan from the world as it is (no vehicle sees what another does in this step); who comes to which link is written down;
//! all decide from that; then they move, in a fixed order; then they change lanes, edge by edge, with other edges as they
//! were before anybody changed; then the waiting ones depart. Chance is a function of (seed, vehicle, time), so that planning, deciding and
//! changing may be shared out to any number of threads.

mod act;
mod best;
pub(crate) mod border;
mod bounded;
pub(crate) mod cars;
mod change;
mod clear;
mod control;
mod depart;
mod edited;
pub(crate) mod departing;
pub(crate) mod follow;
mod junction;
mod lanes;
mod laws;
pub(crate) mod lights;
mod memo;
mod moving;
mod plan;
mod plans;
mod reroute;
mod room;
mod routing;
mod saved;
mod sight;
mod sorted;
mod stopping;
mod teleport;
mod trips;
mod turns;
mod wish;
mod words;
pub(crate) mod world;

pub use sight::OnRoad;
pub use trips::{Counts, TripRow, Way};

use cars::OnLane;
use depart::Queue;
use departing::{Departures, departures};
use lights::Lights;
use qike_core::{Diagnostic, StateHasher};
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use std::sync::Arc;
use world::World;

/// The model. A clone goes on from where it was cloned, by itself; what never changes is shared between them.
#[derive(Clone)]
pub struct Micro {
    world: World,
    lights: Lights,
    queue: Queue,
    trips: trips::Trips,
    /// Slots in use, lane by lane from the front, in the order in which they move.
    active: Vec<u32>,
    /// Lanes that somebody was on when the step began.
    busy: Vec<u32>,
    free: Vec<u32>,
    plans: plans::Plans,
    touched: Vec<u32>,
    /// Edges with somebody on them who has a choice of lanes.
    wide: Vec<u32>,
    /// Those who came onto another lane in this step.
    moved_on: Vec<u32>,
    /// What comes of changing lanes, by parts of these.
    changes: Vec<turns::Changes>,
    transfer: Vec<teleport::Transfer>,
    /// Those who stand beside the road.
    parked: Vec<u32>,
    control: control::Control,
    rerouters: reroute::Rerouters,
    knowledge: Option<routing::Knowledge>,
    teleport_after_ms: i64,
    pool: Option<Arc<rayon::ThreadPool>>,
    updates: u64,
    end_ms: i64,
    findings: Vec<Diagnostic>,
    border: border::Border,
}

impl Micro {
    /// A model of a scenario; `pool`: threads to plan on, none: this one alone.
    ///
    /// # Errors
    /// What is wrong with the map, in words.
    pub fn new(scenario: &TrafficScenario, seed: u64, pool: Option<Arc<rayon::ThreadPool>>) -> Result<Self, String> {
        let (streets, findings) = Streets::from_map(&scenario.map)?;
        let listed = departures(scenario, &Self::kinds(scenario), &streets, seed);
        Ok(Self::of(scenario, (Arc::new(streets), findings), listed, seed, pool))
    }

    /// The kinds of a scenario.
    pub(crate) fn kinds(scenario: &TrafficScenario) -> Vec<follow::Kind> {
        let dt = scenario.settings.step_ms.max(1) as f64 / 1000.0;
        scenario.demand.kinds.iter().map(|k| follow::Kind::new(k, dt)).collect()
    }

    /// A model on streets that are laid out, with what was found doubtful about them, for those on a list.
    pub(crate) fn of(scenario: &TrafficScenario, (streets, findings): (Arc<Streets>, Vec<Diagnostic>), listed: Departures, seed: u64, pool: Option<Arc<rayon::ThreadPool>>) -> Self {
        let settings = &scenario.settings;
        let dt_ms = settings.step_ms.max(1);
        let dt = dt_ms as f64 / 1000.0;
        let lanes = streets.lanes.len();
        let mut world = World {
            kinds: Self::kinds(scenario),
            paths: Vec::new(),
            cars: Vec::new(),
            on: vec![OnLane::default(); lanes],
            room: vec![0.0; lanes],
            room_ahead: streets.lanes.iter().map(|l| (l.length, false)).collect(),
            measured: Vec::new(),
            any_stopped: false,
            busy: lanes::LaneSet::new(lanes),
            touched: lanes::LaneSet::new(lanes),
            on_lanes: 0,
            planned: Vec::new(),
            planned_at: Vec::new(),
            approaches: vec![Vec::new(); streets.links.len()],
            shown: streets.links.iter().map(|l| lights::unlit(l.way)).collect(),
            limit: streets.lanes.iter().map(|l| l.speed).collect(),
            at_stop: vec![Vec::new(); scenario.extras.stops.len()],
            now_ms: settings.begin_ms,
            dt_ms,
            dt,
            fading: [0.5f64.powf(dt), 0.8f64.powf(dt)],
            seed,
            memo: memo::Memo::default(),
            heeded: Vec::new(),
            came: Vec::new(),
            outside: Vec::new(),
            in_area: scenario.extras.parking.iter().map(|p| (0, p.capacity)).collect(),
            choice: (0..streets.edges.len() as u32).map(|e| change::has_choice(&streets, e)).collect(),
            streets: streets.clone(),
        };
        let lights = Lights::new(&world, &scenario.map, settings.begin_ms);
        let mut trips = trips::Trips::default();
        let queue = Queue::new(scenario, listed, &mut world, &mut trips);
        let rerouters = reroute::Rerouters::new(scenario);
        if rerouters.edges().next().is_some() {
            world.heeded = vec![false; world.streets.edges.len()];
            rerouters.edges().for_each(|e| world.heeded[e as usize] = true);
        }
        // Who is to find its way when it departs knows how fast the roads are, too.
        let asked = settings.rerouting.or_else(|| queue.seeks().then_some((0.0, 0)));
        let knowledge = asked.map(|(share, period_ms)| routing::Knowledge::new(&world, share, period_ms));
        Self {
            world,
            lights,
            queue,
            trips,
            active: Vec::new(),
            busy: Vec::new(),
            free: Vec::new(),
            plans: plans::Plans::default(),
            touched: Vec::new(),
            wide: Vec::new(),
            moved_on: Vec::new(),
            changes: Vec::new(),
            transfer: Vec::new(),
            parked: Vec::new(),
            control: control::Control::new(scenario),
            rerouters,
            knowledge,
            teleport_after_ms: settings.teleport_after_ms.unwrap_or(i64::MAX),
            pool,
            updates: 0,
            findings,
            end_ms: settings.end_ms.unwrap_or(i64::MAX),
            border: border::Border::default(),
        }
    }

    /// Time of the next step, ms.
    pub fn now_ms(&self) -> i64 {
        self.world.now_ms
    }

    /// Everybody has arrived, or the end is reached.
    pub fn finished(&self) -> bool {
        self.world.now_ms >= self.end_ms || self.world.on_lanes == 0 && self.queue.is_empty() && self.transfer.is_empty() && self.parked.is_empty()
    }

    /// Counts so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.trips.counts;
        counts.running = (self.world.on_lanes + self.transfer.len() + self.parked.len()) as u64;
        counts.waiting = self.queue.waiting();
        counts
    }

    /// Steps of single vehicles so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Trips that have ended since the last call.
    pub fn take_trips(&mut self) -> Vec<TripRow> {
        self.trips.take()
    }

    /// What was doubtful in the map.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// The streets.
    pub fn streets(&self) -> &Arc<Streets> {
        &self.world.streets
    }

    /// Where everybody is.
    pub fn ways(&self) -> impl Iterator<Item = Way> + '_ {
        self.world.busy_lanes().flat_map(|on| on.cars.iter().rev()).map(|slot| {
            let car = &self.world.cars[*slot as usize];
            Way { vehicle: car.id, lane: car.lane, position_m: car.pos, speed_mps: car.speed, accel: car.accel, wait_ms: car.wait_ms }
        })
    }

    /// One step.
    pub fn step(&mut self) {
        self.sort_slots();
        self.lights.update(&mut self.world);
        self.control();
        self.reroute();
        self.order();
        let pool = self.pool.as_deref();
        self.plans.plan(&self.world, &self.busy, self.active.len(), pool);
        self.world.note_approaches(&self.active, &self.plans, &mut self.touched);
        self.plans.decide(&self.world, &self.active, pool);
        self.advance();
        self.change();
        self.depart();
        self.updates += self.active.len() as u64;
        self.world.now_ms += self.world.dt_ms;
    }

    /// Puts those on the road in the order in which they move.
    fn order(&mut self) {
        self.active.clear();
        self.busy.clear();
        self.busy.extend(self.world.busy.iter());
        for &lane in &self.busy {
            self.active.extend(self.world.on[lane as usize].cars.iter().rev());
        }
        self.world.measure_room(&self.busy);
        self.world.forget_left_lanes();
    }

    /// Hash of the whole state: equal runs have equal hashes, for any number of threads.
    pub fn hash(&self) -> u64 {
        let mut hasher = StateHasher::new();
        hasher.u64(self.world.now_ms as u64);
        for on in self.world.busy_lanes() {
            for slot in &on.cars {
                let car = &self.world.cars[*slot as usize];
                hasher.u64(u64::from(car.id) << 32 | u64::from(car.lane));
                for value in [car.pos, car.speed, car.change.speed_gain, car.change.keep_right] {
                    hasher.f64(value);
                }
                // What is in the way of a change that nobody wants is not looked for.
                let state = if car.change.state & cars::want::CHANGE == 0 { car.change.state & !cars::want::BLOCKED } else { car.change.state };
                hasher.u64(u64::from(car.leg) << 32 | u64::from(state));
                hasher.u64(car.wait_ms as u64);
            }
        }
        for (plan, phase, until) in self.lights.phases() {
            hasher.u64((plan as u64) << 32 | phase as u64);
            hasher.u64(until as u64);
        }
        hasher.finish()
    }
}
