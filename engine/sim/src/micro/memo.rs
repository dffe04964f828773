//! How lanes lead on, remembered: many vehicles come to the same edge with the same edges before them.

use super::Micro;
use super::best::{Best, Target, best, best_inside, look, over_junction};
use super::follow::Kind;
use super::world::World;
use qike_network::streets::{NONE, Streets};
use qike_network::traffic::RoadUsers;
use rayon::prelude::*;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// So many answers are kept at most; then all are forgotten (who uses one still has it).
const MOST: usize = 1 << 12;
/// Fewer who came onto another lane than that are looked at on one thread.
const SHARED: usize = 64;

/// What an answer is known by: for whom, over which edges.
type Key = SmallVec<[u32; 13]>;

/// What was worked out. All depends on the streets alone: where these change, it must be forgotten.
#[derive(Clone, Default)]
pub struct Memo {
    known: HashMap<Key, Arc<Best>, BuildHasherDefault<Mixed>>,
}

/// A quick hash of a few numbers: what is in the map is never gone through, so that it decides nothing.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut whole = [0; 8];
            whole[..word.len()].copy_from_slice(word);
            self.write_u64(u64::from_le_bytes(whole));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

impl Memo {
    /// The lanes of a path's first edge (see [`best`]); with what they are to be kept by, where they were not known.
    fn best(&self, streets: &Streets, path: &[u32], user: RoadUsers, target: Option<Target>, far: f64) -> (Arc<Best>, Option<Key>) {
        if target.is_some() {
            return (Arc::new(best(streets, path, user, target, far)), None);
        }
        // What is beyond the last edge that is looked at matters no more, but for where that leads.
        let edges = look(streets, path, None, far);
        let mut key = Key::new();
        key.extend_from_slice(&[user.0 as u32, (user.0 >> 32) as u32]);
        key.extend_from_slice(&path[..edges]);
        key.push(path.get(edges).copied().unwrap_or(NONE));
        match self.known.get(&key) {
            Some(known) => (known.clone(), None),
            None => (Arc::new(best(streets, path, user, None, far)), Some(key)),
        }
    }

    fn keep(&mut self, key: Option<Key>, best: &Arc<Best>) {
        if let Some(key) = key {
            if self.known.len() >= MOST {
                self.known.clear();
            }
            self.known.insert(key, best.clone());
        }
    }
}

/// How the lanes lead on for one: they, the place on its path from which on they were looked at, and what they are kept by.
struct Found(Arc<Best>, u32, Option<Key>);

impl Micro {
    /// How the lanes lead on for all who came onto another lane.
    pub(super) fn lanes_of_those_who_came(&mut self) {
        let world = &self.world;
        let look = |slot: &u32| world.lanes_here(*slot);
        let found: Vec<Option<Found>> = match self.pool.as_deref().filter(|_| self.moved_on.len() >= SHARED) {
            Some(pool) => pool.install(|| self.moved_on.par_iter().with_min_len(SHARED / 4).map(look).collect()),
            None => self.moved_on.iter().map(look).collect(),
        };
        for (slot, found) in self.moved_on.drain(..).zip(found) {
            self.world.take_lanes(slot, found);
        }
    }
}

impl World {
    /// Works out anew how the lanes of a vehicle's edge, or those side by side over a junction, lead on: its way or its stop changed.
    pub(super) fn find_lanes(&mut self, slot: u32) {
        let car = &mut self.cars[slot as usize];
        if car.best.onward.is_some() && self.streets.lanes[car.lane as usize].inside {
            // What was seen of the next edge from the one before need not hold any more.
            Arc::make_mut(&mut car.best).onward = None;
        }
        let found = self.lanes_here(slot);
        self.take_lanes(slot, found);
    }

    fn take_lanes(&mut self, slot: u32, found: Option<Found>) {
        if let Some(Found(best, leg, key)) = found {
            self.memo.keep(key, &best);
            let car = &mut self.cars[slot as usize];
            (car.best, car.best_leg) = (best, leg);
        }
    }

    /// How the lanes lead on where a vehicle now is; none where what is known holds on.
    fn lanes_here(&self, slot: u32) -> Option<Found> {
        let car = &self.cars[slot as usize];
        let lane = &self.streets.lanes[car.lane as usize];
        let (first, count) = self.streets.edges[lane.edge as usize].lanes;
        // On a junction what was known before it holds on.
        let from = if lane.inside { car.best_leg.min(car.leg) } else { car.leg };
        if lane.inside && !self.choice[lane.edge as usize] && from == car.leg {
            return None;
        }
        let target = car.stop.filter(|s| s.leg >= from).map(|s| Target { edges: (s.leg - from) as usize, lane: s.lane, at: s.from });
        let path = &self.paths[car.path as usize][from as usize..];
        let far = self.far(self.kind(car), path[0]);
        let user = self.kind(car).user;
        if !lane.inside {
            let (best, key) = self.memo.best(&self.streets, path, user, target, far);
            return Some(Found(best, from, key));
        }
        let (next, inside) = ((car.leg + 1 - from) as usize, first..first + count);
        let found = match &car.best.onward {
            Some(onward) if next == 1 && from == car.best_leg => over_junction(&self.streets, onward, inside),
            _ => best_inside(&self.streets, path, user, target, far, next, inside),
        };
        found.map(|best| Found(Arc::new(best), car.best_leg, None))
    }

    /// How far one who comes to an edge looks at least, m.
    fn far(&self, k: &Kind, edge: u32) -> f64 {
        self.streets.edges[edge as usize].length + k.tau * k.max_speed + k.brake_gap(k.max_speed) + k.gap
    }

    /// How the lanes of an edge of a path lead on, for a kind of vehicle.
    pub(super) fn lanes_of(&mut self, kind: u32, path: u32, leg: u32, target: Option<Target>) -> Arc<Best> {
        let k = &self.kinds[kind as usize];
        let path = &self.paths[path as usize][leg as usize..];
        let (best, key) = self.memo.best(&self.streets, path, k.user, target, self.far(k, path[0]));
        self.memo.keep(key, &best);
        best
    }
}
