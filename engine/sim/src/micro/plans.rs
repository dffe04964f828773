//! What all plan and decide in a step, side by side in the order in which they move, so that going through it does not jump about in
//! memory. Planning and deciding only read the world: both are shared out over threads, lane by lane, and the result is the same.

use super::act::Deed;
use super::cars::{Item, Items};
use super::world::World;
use rayon::prelude::*;

/// Fewer vehicles than that are planned on one thread.
const SHARED: usize = 1024;
/// Parts for each thread.
const PARTS: usize = 4;

/// What one plans.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// First of its items, and how many.
    items: (u32, u32),
    /// Distance to its next stop, m.
    stop_dist: f64,
}

/// What all plan. It is of one step alone: a clone has none.
#[derive(Default)]
pub struct Plans {
    items: Items,
    plans: Vec<Plan>,
    deeds: Vec<Deed>,
    parts: Vec<Plans>,
}

impl Clone for Plans {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Plans {
    /// Items of the one in that place.
    #[inline]
    pub fn items(&self, n: usize) -> &[Item] {
        let (first, count) = self.plans[n].items;
        &self.items[first as usize..(first + count) as usize]
    }

    /// Where they are.
    pub fn place(&self, n: usize) -> (u32, u32) {
        self.plans[n].items
    }

    /// Distance to the next stop of the one in that place, m.
    #[inline]
    pub fn stop_dist(&self, n: usize) -> f64 {
        self.plans[n].stop_dist
    }

    /// What the one in that place does.
    #[inline]
    pub fn deed(&self, n: usize) -> Deed {
        self.deeds[n]
    }

    /// All items; another list's are taken in exchange.
    pub fn swap_items(&mut self, items: &mut Items) {
        std::mem::swap(&mut self.items, items);
    }

    fn clear(&mut self) {
        self.items.clear();
        self.plans.clear();
    }

    /// Those on some lanes plan.
    fn plan_lanes(&mut self, world: &World, lanes: &[u32]) {
        for &lane in lanes {
            world.plan_lane(lane, &mut |_, slot, leader, before| {
                let first = self.items.len() as u32;
                let stop_dist = world.plan(slot, leader, before, &mut self.items);
                self.plans.push(Plan { items: (first, self.items.len() as u32 - first), stop_dist });
            });
        }
    }

    /// All on these lanes plan; `count`: how many that are.
    pub(super) fn plan(&mut self, world: &World, lanes: &[u32], count: usize, pool: Option<&rayon::ThreadPool>) {
        self.clear();
        let Some(pool) = pool.filter(|_| count >= SHARED) else { return self.plan_lanes(world, lanes) };
        let most = pool.current_num_threads() * PARTS;
        let mut shares: Vec<&[u32]> = Vec::with_capacity(most);
        let (mut from, mut held) = (0, 0);
        for (n, &lane) in lanes.iter().enumerate() {
            held += world.on[lane as usize].cars.len();
            if held * most >= count || n + 1 == lanes.len() {
                shares.push(&lanes[from..=n]);
                (from, held) = (n + 1, 0);
            }
        }
        self.parts.resize_with(shares.len().max(self.parts.len()), Plans::default);
        pool.install(|| {
            self.parts.par_iter_mut().zip(shares.par_iter()).for_each(|(part, lanes)| {
                part.clear();
                part.plan_lanes(world, lanes);
            });
        });
        for part in &self.parts[..shares.len()] {
            let before = self.items.len() as u32;
            self.items.extend_from_slice(&part.items);
            self.plans.extend(part.plans.iter().map(|p| Plan { items: (p.items.0 + before, p.items.1), ..*p }));
        }
    }

    /// All decide.
    pub(super) fn decide(&mut self, world: &World, active: &[u32], pool: Option<&rayon::ThreadPool>) {
        let mut deeds = std::mem::take(&mut self.deeds);
        deeds.resize(active.len(), Deed::default());
        let decide = |n: usize| world.decide(active[n], self.items(n), self.plans[n].stop_dist);
        match pool.filter(|_| active.len() >= SHARED) {
            Some(pool) => pool.install(|| deeds.par_iter_mut().with_min_len(256).enumerate().for_each(|(n, deed)| *deed = decide(n))),
            None => deeds.iter_mut().enumerate().for_each(|(n, deed)| *deed = decide(n)),
        }
        self.deeds = deeds;
    }
}
