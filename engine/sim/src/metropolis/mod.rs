//! A metropolis: every person of a large city through a whole day, each with a chain of activities of its own.
//!
//! City and demand are generated ([`city`], [`plans`]). Cars drive through the links as queues with storage, holes that run back and
//! lights ([`roads`]; the formulas are those of [`crate::queue`]); those who walk or cycle go from node to node; trains run by a timetable,
//! are boarded and may be full ([`rail`]). Drivers find their ways by tables towards zones ([`hops`]) that follow what links took lately.
//!
//! The state is cut into parts of the city that run beside each other ([`part`]): what comes of a run does not depend on their number.

pub mod city;
pub mod hops;
mod part;
pub mod plans;
mod rail;
mod roads;

pub use part::Sums;

use crate::SimError;
use city::City;
use hops::Hops;
use part::{DAY_MS, NEVER, Part, Post, Shared, WINDOW_MS};
use plans::Plan;
use rail::Rail;
use rayon::prelude::*;
use std::sync::Arc;

/// Ways follow the times of links so often: in the rush hours and else, ms.
const OFTEN_MS: u32 = 1_800_000;
const SELDOM_MS: u32 = 3_600_000;
/// What was known of a link's time counts as much as so many who tell what it took.
const KNOWN: u64 = 16;
/// Most persons: numbers of persons and trips share a word.
pub const MOST: u64 = 1 << 28;

/// The city and everybody in it. A clone goes on by itself; what does not change is shared.
#[derive(Clone)]
pub struct Metropolis {
    city: Arc<City>,
    plans: Arc<Vec<Plan>>,
    hops: Arc<Hops>,
    part_of_row: Arc<Vec<u8>>,
    pool: Arc<rayon::ThreadPool>,
    parts: Vec<Part>,
    rail: Rail,
    /// Times of links, and those that drivers know of, ms.
    costs: Vec<u32>,
    told: Vec<u32>,
    window: usize,
}

/// What a day came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Sums over all parts.
    pub sums: Sums,
    /// On the road, waiting to depart, walking or cycling, in stations and trains, staying somewhere before another trip.
    pub now: [u64; 5],
    /// Boarded, left behind by full trains, stops of trains, most on a train.
    pub rail: [u64; 4],
}

impl Metropolis {
    /// A city of so many persons at midnight.
    ///
    /// # Errors
    /// Numbers that make no sense, and threads that cannot be started.
    pub fn new(persons: u64, seed: u64, threads: usize) -> Result<Self, SimError> {
        if !(1000..=MOST).contains(&persons) {
            return Err(SimError::Option { name: "persons", reason: format!("{persons} persons; a city has 1000 to {MOST}") });
        }
        if !(1..=64).contains(&threads) {
            return Err(SimError::Option { name: "threads", reason: format!("{threads} threads; 1 to 64 can be used") });
        }
        Self::in_city(City::new(persons, seed), persons, seed, threads)
    }

    /// So many persons in a city that is there, at midnight; so few or many that it may jam.
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn in_city(city: City, persons: u64, seed: u64, threads: usize) -> Result<Self, SimError> {
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?);
        let (plans, hops) = pool.install(|| (plans::plans(&city, persons, seed), Hops::new(&city)));
        let part_of_row = rows(&city, threads);
        let shared = Shared { city: &city, plans: &plans, hops: &hops, part_of_row: &part_of_row };
        let parts = pool.install(|| (0..threads).into_par_iter().map(|n| Part::new(&shared, n, threads)).collect());
        let (rail, costs) = (Rail::new(&city), (0..city.links.len() as u32).map(|l| city.alone(l)).collect::<Vec<_>>());
        Ok(Self { city: Arc::new(city), plans: Arc::new(plans), hops: Arc::new(hops), part_of_row: Arc::new(part_of_row), pool, parts, rail, told: costs.clone(), costs, window: 0 })
    }

    /// Time of the day, ms.
    pub fn now_ms(&self) -> u32 {
        self.window as u32 * WINDOW_MS
    }

    /// Whether the day is over.
    pub fn finished(&self) -> bool {
        self.now_ms() >= DAY_MS
    }

    /// Goes on until a time of the day, ms: by whole windows of [`WINDOW_MS`].
    pub fn run_until(&mut self, until_ms: u32) {
        self.pool.clone().install(|| {
            while self.now_ms() < until_ms && !self.finished() {
                self.step();
            }
        });
    }

    fn step(&mut self) {
        let now = self.now_ms();
        let busy = (21_600_000..79_200_000).contains(&now);
        if now > 0 && now.is_multiple_of(if busy { OFTEN_MS } else { SELDOM_MS }) {
            self.learn();
        }
        let (window, city) = (self.window, self.city.clone());
        let shared = Shared { city: &city, plans: &self.plans, hops: &self.hops, part_of_row: &self.part_of_row };
        let (parts, rail) = (&mut self.parts, &mut self.rail);
        rayon::join(|| parts.par_iter_mut().for_each(|p| p.run(&shared, window)), || rail.run(&city, window));
        // What came over borders: from all to each, in order.
        let mut post: Vec<Vec<Post>> = parts.iter_mut().map(|p| std::mem::take(&mut p.post)).collect();
        for part in parts.iter_mut() {
            part.to_rail.drain(..).for_each(|p| rail.enters(p));
        }
        for walker in rail.out.drain(..) {
            parts[usize::from(self.part_of_row[(walker.node / city.side) as usize])].walks(walker);
        }
        // The post of all to each, side by side; the lists go back to be used again.
        let mut by_reader: Vec<Vec<Post>> = (0..parts.len()).map(|to| post.iter_mut().map(|from| std::mem::take(&mut from[to])).collect()).collect();
        parts.par_iter_mut().zip(&mut by_reader).for_each(|(part, read)| read.iter_mut().for_each(|from| part.receive(&shared, from)));
        for (to, read) in by_reader.into_iter().enumerate() {
            for (from, list) in read.into_iter().enumerate() {
                post[from][to] = list;
            }
        }
        parts.iter_mut().zip(post).for_each(|(part, post)| part.post = post);
        self.window += 1;
    }

    /// Ways follow what links took.
    /// Drivers learn of changes by a tenth.
    fn learn(&mut self) {
        let city = &self.city;
        let mut changed = vec![0; (city.zones * city.zones) as usize];
        for (link, fix) in city.links.iter().enumerate().filter(|(_, fix)| fix.room > 0) {
            let part = usize::from(self.part_of_row[(fix.to / city.side) as usize]);
            let (down, cost) = (&mut self.parts[part].down[link], &mut self.costs[link]);
            // What few tell counts for little; where nobody drives, it is forgotten by half.
            *cost = match (down.left, down.count) {
                (0, 0) => *cost / 2 + city.alone(link as u32) / 2,
                (0, _) => cost.saturating_mul(2).min(3_600_000),
                (left, _) => ((u64::from(down.took) * 125 + u64::from(*cost) * KNOWN) / (u64::from(left) + KNOWN)).min(3_600_000) as u32,
            }
            .max(fix.free_ms);
            (down.took, down.left) = (0, 0);
            let told = &mut self.told[link];
            if cost.abs_diff(*told) > *told / 10 {
                *told = *cost;
                changed[city.zone(fix.to) as usize] += 1;
            }
        }
        Arc::make_mut(&mut self.hops).update(city, &self.told, &changed);
    }

    /// What happened so far, and where everybody is.
    pub fn figures(&self) -> Figures {
        let (mut sums, mut now) = (Sums::default(), [0; 5]);
        for part in &self.parts {
            sums.add(&part.sums);
            let [drive, depart, walk] = part.under_way();
            (now[0], now[1], now[2], now[4]) = (now[0] + drive, now[1] + depart, now[2] + walk, now[4] + part.staying());
        }
        now[3] = self.rail.under_way();
        Figures { sums, now, rail: [self.rail.boarded, self.rail.left_behind, self.rail.called, self.rail.most] }
    }

    /// Nodes, links, and bytes of the tables of ways.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.city.crossings.len(), self.city.links.iter().filter(|l| l.room > 0).count(), self.hops.bytes())
    }
}

/// Rows of nodes for so many parts, so that as many live and work in each.
fn rows(city: &City, parts: usize) -> Vec<u8> {
    let zone_row = |row: u32| (0..city.zones).map(|x| (row / city::BLOCK * city.zones + x) as usize).map(|z| city.homes[z] + city.jobs[z]).sum::<f64>();
    let all: Vec<f64> = (0..city.side).map(zone_row).collect();
    let sum: f64 = all.iter().sum();
    let mut so_far = 0.0;
    all.iter().map(|w| {
        let part = (so_far + w / 2.0) / sum * parts as f64;
        so_far += w;
        (part as usize).min(parts - 1) as u8
    }).collect()
}

const _: () = assert!(DAY_MS.is_multiple_of(WINDOW_MS) && NEVER > DAY_MS);
