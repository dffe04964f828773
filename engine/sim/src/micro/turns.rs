//! Who changes lanes when: on each edge the one furthest ahead first; who changes is seen by those behind it on the edge at once. Of
//! other edges all is seen as it was before anybody changed, so that edges may be shared out over threads: what each comes to is put
//! together in the order of the edges. Where two changes on different edges come too near to each other, the later one is not made.

use super::Micro;
use super::cars::{Car, Change, Item, NOBODY};
use super::words::Word;
use super::world::World;
use rayon::prelude::*;
use smallvec::SmallVec;

/// Fewer vehicles than that change on one thread.
const SHARED: usize = 1024;
/// Parts for each thread.
const PARTS: usize = 4;
/// One who rests in a queue thinks of changing lanes in one of so many steps.
const REST: i64 = 4;

/// A lane of the edge in turn.
pub(super) struct Side {
    pub lane: u32,
    /// Vehicles that were not in turn yet: so many, from the lane's start.
    pub left: usize,
    /// Position of the first of these, m; minus infinity: there is none.
    front: f64,
    /// The last one in turn that stayed.
    pub lead: u32,
    /// The last one that came over.
    pub hopped: u32,
    /// First and last of those who want in and cannot.
    pub first_blocked: u32,
    pub last_blocked: u32,
    /// Lengths and gaps of those in turn before, m.
    pub queue: f64,
}

/// A change: who, to which lane, and the edge.
#[derive(Clone)]
struct Hop {
    car: u32,
    to: u32,
    edge: u32,
}

/// What comes of the turns on some edges.
#[derive(Clone, Default)]
pub(super) struct Changes {
    /// What each one remembers afterwards, edge by edge.
    memories: Vec<(u32, Change)>,
    /// The first of them that is of the edge in turn.
    from: usize,
    /// Words to those on other edges.
    words: Vec<Word>,
    hops: Vec<Hop>,
}

impl Changes {
    /// What a vehicle remembers: of one on the edge in turn as it now is, of others as it was.
    pub fn memory<'a>(&'a self, world: &'a World, slot: u32) -> &'a Change {
        self.memories[self.from..].iter().find(|m| m.0 == slot).map_or(&world.cars[slot as usize].change, |m| &m.1)
    }

    /// Tells somebody something.
    pub fn tell(&mut self, world: &World, word: Word) {
        match self.memories[self.from..].iter_mut().find(|m| m.0 == word.to) {
            Some((_, memory)) => word.heard(memory, world.cars[word.to as usize].speed, world.dt),
            None => self.words.push(word),
        }
    }

    fn clear(&mut self) {
        self.memories.clear();
        self.words.clear();
        self.hops.clear();
    }
}

impl Word {
    fn heard(&self, memory: &mut Change, speed: f64, dt: f64) {
        if self.keep > 0.0 {
            memory.blocker = memory.blocker.max(self.keep);
            return;
        }
        memory.advice.push((self.speed - speed) / dt);
        memory.state |= self.state;
    }
}

impl Micro {
    /// All with a choice of lanes change.
    pub(super) fn change(&mut self) {
        let mut edges = std::mem::take(&mut self.wide);
        edges.clear();
        let mut count = 0;
        for lane in self.world.busy.iter() {
            let edge = self.world.streets.lanes[lane as usize].edge;
            if self.world.choice[edge as usize] {
                count += self.world.on[lane as usize].cars.len();
                if edges.last() != Some(&edge) {
                    edges.push(edge);
                }
            }
        }
        let pool = self.pool.as_deref().filter(|_| count >= SHARED);
        let parts = pool.map_or(1, |pool| (pool.current_num_threads() * PARTS).min(edges.len()).max(1));
        self.changes.resize_with(parts.max(self.changes.len()), Changes::default);
        let (world, changes) = (&self.world, &mut self.changes[..parts]);
        let share = |n: usize| &edges[edges.len() * n / parts..edges.len() * (n + 1) / parts];
        let work = |n: usize, changes: &mut Changes| {
            changes.clear();
            for &edge in share(n) {
                world.turns(edge, changes);
            }
        };
        match pool {
            Some(pool) => pool.install(|| changes.par_iter_mut().enumerate().for_each(|(n, c)| work(n, c))),
            None => changes.iter_mut().enumerate().for_each(|(n, c)| work(n, c)),
        }
        self.wide = edges;
        let mut changes = std::mem::take(&mut self.changes);
        for (slot, memory) in changes[..parts].iter_mut().flat_map(|c| c.memories.drain(..)) {
            self.world.cars[slot as usize].change = memory;
        }
        for word in changes[..parts].iter().flat_map(|c| &c.words) {
            let to = &mut self.world.cars[word.to as usize];
            word.heard(&mut to.change, to.speed, self.world.dt);
        }
        let mut first = None;
        for hop in changes[..parts].iter().flat_map(|c| &c.hops) {
            // Others have changed on other edges since it looked.
            if *first.get_or_insert(hop.edge) == hop.edge || self.world.still_can(hop) {
                self.world.hop(hop);
            } else {
                self.world.cars[hop.car as usize].change.changed = false;
            }
        }
        self.changes = changes;
    }
}

impl World {
    /// Turns of all on an edge.
    fn turns(&self, edge: u32, changes: &mut Changes) {
        let (first, count) = self.streets.edges[edge as usize].lanes;
        changes.from = changes.memories.len();
        // Memories lie lane by lane, in the order of the lanes' lists.
        let mut starts: SmallVec<[usize; 6]> = SmallVec::new();
        let mut sides: SmallVec<[Side; 5]> = SmallVec::new();
        for lane in first..first + count {
            let cars = &self.on[lane as usize].cars[..];
            starts.push(changes.memories.len());
            changes.memories.extend(cars.iter().map(|c| (*c, self.cars[*c as usize].change.clone())));
            sides.push(Side { lane, left: cars.len(), front: front_of(&self.cars, cars), lead: NOBODY, hopped: NOBODY, first_blocked: NOBODY, last_blocked: NOBODY, queue: 0.0 });
        }
        loop {
            let (mut n, mut furthest) = (usize::MAX, f64::NEG_INFINITY);
            for (at, side) in sides.iter().enumerate() {
                if side.front > furthest {
                    (n, furthest) = (at, side.front);
                }
            }
            let Some(side) = sides.get_mut(n) else { break };
            let cars = &self.on[side.lane as usize].cars;
            side.left -= 1;
            let me = cars[side.left];
            side.front = front_of(&self.cars, &cars[..side.left]);
            let place = starts[n] + side.left;
            match self.turn(me, n, place, &mut sides, changes) {
                Some(to) => changes.hops.push(Hop { car: me, to: sides[to].lane, edge }),
                None => {
                    sides[n].lead = me;
                    sides[n].queue += self.kinds[self.cars[me as usize].kind as usize].room;
                }
            }
        }
    }

    /// One vehicle's turn, whose memory has that place; gives the place of the lane it changes to.
    fn turn(&self, me: u32, n: usize, place: usize, sides: &mut [Side], changes: &mut Changes) -> Option<usize> {
        let (car, lanes) = (&self.cars[me as usize], &self.cars[me as usize].best.lanes);
        if car.stopped || car.change.changed {
            return None;
        }
        let rests = self.rests(me, car, &changes.memories[place].1);
        if rests && (self.now_ms / self.dt_ms + i64::from(car.id)) % REST != 0 {
            return None;
        }
        let steps = if rests { REST as i32 } else { 1 };
        let mut memory = std::mem::take(&mut changes.memories[place].1);
        let mine = Some(n).filter(|n| lanes.get(*n).is_some_and(|b| b.lane == car.lane)).or_else(|| lanes.iter().position(|b| b.lane == car.lane));
        let to = mine.and_then(|mine| self.choose(me, n, mine, steps, lanes, &mut memory, sides, changes));
        if let Some(to) = to {
            let new = Change { changed: true, last_step: memory.last_step, ..Default::default() };
            let arrived = lanes.get(to).is_none_or(|b| b.offset == 0);
            // Who is still not where it must go keeps room for others.
            memory = if arrived { new } else { Change { blocker: memory.blocker, left_space: memory.left_space, ..new } };
            sides[to].hopped = me;
            sides[to].queue += self.kinds[car.kind as usize].room;
        }
        changes.memories[place].1 = memory;
        to
    }

    /// Whether a vehicle has stood for a while behind one who stands, with no wish to change, and nobody asks it for anything: it thinks of
    /// changing in one of [`REST`] steps only, for as many.
    fn rests(&self, me: u32, car: &Car, memory: &Change) -> bool {
        let queued = || matches!(self.planned_by(me), [Item { link: NOBODY, wait: 0.0, request: false, stands: false, .. }]);
        let content = || memory.state == 0 && memory.advice.is_empty() && self.kind(car).gain_at.iter().all(|at| memory.speed_gain.abs() <= *at);
        car.speed == 0.0 && car.wait_ms >= REST * self.dt_ms && car.stop.is_none() && !self.any_stopped && content() && queued()
    }

    /// Whether a vehicle can change as it wanted to, now that others have.
    fn still_can(&self, hop: &Hop) -> bool {
        let car = &self.cars[hop.car as usize];
        let on = &self.on[hop.to as usize].cars;
        let left = on.partition_point(|c| self.cars[*c as usize].pos <= car.pos);
        let lead = on.get(left).copied().unwrap_or(NOBODY);
        let side = Side { lane: hop.to, left, front: 0.0, lead, hopped: NOBODY, first_blocked: NOBODY, last_blocked: NOBODY, queue: 0.0 };
        let ahead = self.ahead_on(car, &car.best.lanes, hop.car, &side);
        let behind = self.behind_on(car, hop.car, &side).filter(|behind| ahead.is_none_or(|a| a.0 != behind.0));
        self.blocked(car, ahead, behind) == 0
    }

    /// Moves a vehicle to the lane beside it.
    fn hop(&mut self, hop: &Hop) {
        let me = hop.car;
        self.leave(self.cars[me as usize].lane, me);
        self.cars[me as usize].lane = hop.to;
        self.enter(hop.to, me);
        self.reach_back(me);
    }
}

/// Position of the first of a queue.
#[inline]
fn front_of(cars: &[Car], queue: &[u32]) -> f64 {
    queue.last().map_or(f64::NEG_INFINITY, |c| cars[*c as usize].pos)
}
