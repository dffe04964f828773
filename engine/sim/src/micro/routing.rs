//! What drivers who look for better ways know: how fast each edge was in the last minutes, as SUMO's rerouting devices do.

use super::world::World;
use crate::state::{Exchange, StateError, must};
use qike_core::CounterRng;
use qike_network::streets::WayFinder;

/// An edge's speed is its mean over so many steps (SUMO's `device.rerouting.adaptation-steps`).
const STEPS: usize = 180;
/// Between two looks at the edges, ms (SUMO's `device.rerouting.adaptation-interval`).
const EVERY_MS: i64 = 1000;

/// Who knows, and what.
#[derive(Clone)]
pub(super) struct Knowledge {
    share: f64,
    /// Between two looks for a better way, ms; 0: only at departure.
    period_ms: i64,
    /// Of each edge, step by step: mean speeds, m/s; the oldest is written over.
    past: Vec<f32>,
    at: usize,
    /// Sums of those, by edge.
    sums: Vec<f64>,
    /// Edges that are streets: their lengths; 0 over junctions.
    lengths: Vec<f64>,
    next_ms: i64,
    finder: WayFinder,
}

impl Knowledge {
    /// On streets where nobody is yet.
    pub fn new(world: &World, share: f64, period_ms: i64) -> Self {
        let edges = &world.streets.edges;
        let free: Vec<f32> = edges.iter().map(|e| world.limit[e.lanes.0 as usize] as f32).collect();
        let sums = free.iter().map(|v| f64::from(*v) * STEPS as f64).collect();
        Self { share, period_ms, past: free.repeat(STEPS), at: 0, sums, lengths: edges.iter().map(|e| e.length).collect(), next_ms: world.now_ms, finder: WayFinder::new(&world.streets) }
    }

    /// Its part of the state.
    pub fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { share: _, period_ms: _, past, at, sums, lengths: _, next_ms, finder: _ } = self;
        with.list("speeds of edges", past)?;
        with.part("place among them", at)?;
        with.list("sums of speeds", sums)?;
        with.part("next look", next_ms)?;
        must(*at < STEPS, "place among them", "is none")
    }

    /// Looks at the edges.
    pub fn look(&mut self, world: &World) {
        if world.now_ms < self.next_ms {
            return;
        }
        self.next_ms = world.now_ms + EVERY_MS;
        let edges = self.lengths.len();
        let row = &mut self.past[self.at * edges..(self.at + 1) * edges];
        for (n, edge) in world.streets.edges.iter().enumerate() {
            let lanes = edge.lanes.0 as usize..(edge.lanes.0 + edge.lanes.1) as usize;
            let (mut sum, mut count) = (0.0, 0u32);
            for slot in world.on[lanes.clone()].iter().flat_map(|on| &on.cars) {
                sum += world.cars[*slot as usize].speed;
                count += 1;
            }
            let speed = if count > 0 { (sum / f64::from(count)) as f32 } else { world.limit[lanes.start] as f32 };
            self.sums[n] += f64::from(speed) - f64::from(row[n]);
            row[n] = speed;
        }
        self.at = (self.at + 1) % STEPS;
    }

    /// One who finds ways by all of it.
    pub fn finder(&mut self) -> &mut WayFinder {
        for edge in 0..self.lengths.len() as u32 {
            let seconds = self.lengths[edge as usize] / (self.sums[edge as usize] / STEPS as f64).max(0.1);
            self.finder.set_known(edge, seconds);
        }
        &mut self.finder
    }

    /// Whether a vehicle is one of those who know.
    fn knows(&self, world: &World, vehicle: u32) -> bool {
        self.share >= 1.0 || CounterRng::new(world.seed, u64::from(vehicle), 0x5eec).uniform() < self.share
    }

    /// Slots of those who look for a better way now: who has just departed, and who did last a period ago.
    pub fn seekers(&mut self, world: &World) -> Vec<u32> {
        self.look(world);
        if self.share <= 0.0 {
            return Vec::new();
        }
        let on = world.busy_lanes().flat_map(|on| on.cars.iter().copied());
        on.filter(|slot| {
            let car = &world.cars[*slot as usize];
            let age = world.now_ms - world.dt_ms - car.departed_ms;
            let due = age == 0 || self.period_ms > 0 && age > 0 && age % self.period_ms < world.dt_ms;
            due && !car.stopped && self.knows(world, car.id)
        })
        .collect()
    }
}
