//! Carrying the steps out: nobody leaves their area but through an opening that is theirs and free, and at most as many pass a door
//! as its capacity allows. One thread, in the order of the state.

use super::WalkerModel;
use super::ground::{Plan, RADIUS_M, at_share, distance, nearest_share, plan_share};
use super::state::WalkerState;
use super::steer::{DIAMETER_M, Move};
use qike_network::{AreaIx, AreaKind, PortalIx};
use qike_core::CounterRng;
use std::collections::BTreeMap;

/// Below this a walker stands, m/s.
const STANDING_MPS: f64 = 0.05;
/// The goal is reached within this distance, m.
const REACHED_M: f64 = 0.5;

/// Two who block each other within this distance may exchange places, m.
const EXCHANGE_M: f64 = 0.75;
/// Slower than this one is blocked, m/s.
const SLOW_MPS: f64 = 0.4;
/// Chance in a second of an exchange.
const EXCHANGES_PER_S: f64 = 3.0;

impl WalkerModel {
    /// Moves everybody into `self.moved`.
    pub(super) fn advance(&mut self, now_ms: i64, state: &WalkerState) {
        let dt = self.options.walker_step_ms as f64 / 1000.0;
        let end_ms = now_ms + self.options.walker_step_ms;
        let mut moved = std::mem::take(&mut self.moved);
        moved.clear();
        let partner = self.exchanges(now_ms, state);
        for ix in 0..state.len() {
            let step = self.moves[ix];
            let who = state.who[ix];
            let mut area = state.area[ix];
            let from = [state.x[ix], state.y[ix]];
            let mut to = self.kept[ix];
            let mut speed = step.speed;
            let held = self.people.persons[who as usize].held_until_ms > now_ms;
            let mut height = None;
            if let Some(&other) = partner.get(&(ix as u32)) {
                to = [state.x[other as usize], state.y[other as usize]];
                if state.area[other as usize] != area {
                    let portal = PortalIx(state.via[ix]);
                    self.intervals.left(area);
                    (area, to) = self.go_through(end_ms, who, area, portal, 0.5, to);
                    self.intervals.entered(area);
                }
            } else if !held {
                if let Some((portal, through)) = self.passes(who, area, from, to) {
                    if self.doors.admit(portal) {
                        self.intervals.left(area);
                        let (next, place) = self.go_through(end_ms, who, area, portal, through, to);
                        (area, to) = (next, place);
                        self.intervals.entered(area);
                    } else {
                        to = self.ground.clamp(area, to);
                        speed = 0.0;
                    }
                } else {
                    to = self.ground.clamp(area, to);
                }
            } else {
                height = Some(state.z[ix]);
            }
            let z = height.unwrap_or_else(|| self.net.height(AreaIx(area), to[0], to[1]));
            let way = if state.area[ix] == area {
                distance(from, to) / plan_share(&self.net, area, step.e)
            } else {
                distance(from, to)
            };
            let person = &mut self.people.persons[who as usize];
            person.length_m += way;
            person.free_s += if step.wished > 0.0 { way / step.wished } else { 0.0 };
            let stands = speed < STANDING_MPS;
            if stands {
                person.waited_s += dt;
            }
            self.intervals.moved(state.area[ix], dt, way, stands);
            let person = &self.people.persons[who as usize];
            if person.cursor == person.way.end && self.reached(who, area, to, stands) {
                self.arrive(end_ms, who, area);
                continue;
            }
            let via = self.people.next(who);
            moved.push([to[0], to[1], z], speed, step.wish, who, area, via);
        }
        self.intervals.end_step();
        self.moved = moved;
    }

    /// Who exchanges places with whom in this step.
    ///
    /// Two streams that meet or cross in a dense crowd would block each other for good; people then turn sideways and let each other
    /// through (place exchange: Blue and Adler, Transportation Research B 35 (2001) 293). Two that go different ways, hardly move, and
    /// are within reach exchange places with a chance of [`EXCHANGES_PER_S`].
    fn exchanges(&self, now_ms: i64, state: &WalkerState) -> BTreeMap<u32, u32> {
        let chance = EXCHANGES_PER_S * self.options.walker_step_ms as f64 / 1000.0;
        let mut partner = BTreeMap::new();
        for ix in 0..state.len() {
            let step = &self.moves[ix];
            let free = |i: usize| self.people.persons[state.who[i] as usize].held_until_ms <= now_ms && self.moves[i].speed < SLOW_MPS;
            if step.nearest > EXCHANGE_M || !free(ix) || partner.contains_key(&(ix as u32)) {
                continue;
            }
            if CounterRng::new(self.options.seed ^ 0x4558_4348, u64::from(state.who[ix]), self.step).uniform() >= chance {
                continue;
            }
            let mut best: Option<(f64, usize)> = None;
            state.around(state.x[ix], state.y[ix], |j| {
                let d = [state.x[j] - state.x[ix], state.y[j] - state.y[ix]];
                let s = (d[0] * d[0] + d[1] * d[1]).sqrt();
                let reach = s <= EXCHANGE_M && j != ix && (state.z[j] - state.z[ix]).abs() < 1.2 && best.is_none_or(|b| s < b.0);
                if !reach || !free(j) || partner.contains_key(&(j as u32)) || !state.crossing(ix, j, step.wish, self.moves[j].wish) {
                    return;
                }
                // The other is not put back by it, or goes the other way anyhow.
                let theirs = self.moves[j].wish;
                if d[0] * theirs[0] + d[1] * theirs[1] > 0.3 * s {
                    return;
                }
                let ahead = d[0] * step.wish[0] + d[1] * step.wish[1] > 0.5 * s;
                let through = state.via[ix] == state.via[j] && state.via[ix] != u32::MAX;
                if ahead && (state.area[ix] == state.area[j] || through) {
                    best = Some((s, j));
                }
            });
            if let Some((_, j)) = best {
                partner.insert(ix as u32, j as u32);
                partner.insert(j as u32, ix as u32);
            }
        }
        partner
    }

    /// The opening a step leads through, with the share of its length where.
    fn passes(&self, who: u32, area: u32, from: Plan, to: Plan) -> Option<(PortalIx, f64)> {
        let person = &self.people.persons[who as usize];
        let portal = (person.cursor < person.way.end).then(|| PortalIx(self.people.ways[person.cursor as usize]))?;
        let opening = self.ground.opening(portal, area);
        let crossing = self.ground.crossing[opening.other as usize];
        let onto = crossing != u32::MAX && self.ground.crossing[area as usize] != crossing;
        if onto && !self.may_cross[crossing as usize] {
            return None;
        }
        let side = |q: Plan| (q[0] - opening.ends[0][0]) * opening.out[0] + (q[1] - opening.ends[0][1]) * opening.out[1];
        let (before, after) = (side(from), side(to));
        if after < 0.0 {
            return None;
        }
        let t = if before < 0.0 { before / (before - after) } else { 0.0 };
        let at = [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
        let share = nearest_share(opening.ends, at);
        (distance(at_share(opening.ends, share), at) < RADIUS_M).then_some((portal, share))
    }

    /// The area behind an opening, and the place there.
    fn go_through(&mut self, end_ms: i64, who: u32, area: u32, portal: PortalIx, share: f64, to: Plan) -> (u32, Plan) {
        let opening = *self.ground.opening(portal, area);
        let person = &mut self.people.persons[who as usize];
        person.cursor += 1;
        let delay_s = f64::from(self.net.areas[opening.other as usize].delay_s);
        if delay_s > 0.0 && self.net.areas[area as usize].kind != AreaKind::Lift {
            person.held_until_ms = end_ms + (delay_s * 1000.0) as i64;
        }
        let here = at_share(opening.ends, share);
        let there = at_share(opening.beyond, share);
        let beyond = [there[0] + to[0] - here[0], there[1] + to[1] - here[1]];
        (opening.other, self.ground.clamp(opening.other, beyond))
    }

    /// Whether the goal is reached: near enough, or as near as a crowd lets one come.
    fn reached(&self, who: u32, area: u32, at: Plan, stands: bool) -> bool {
        let goal = self.ground.clamp(area, self.people.persons[who as usize].to.position);
        let left = distance(at, goal);
        left < REACHED_M || (stands && left < 2.0)
    }

    /// Lets those appear who are due, where there is a free spot near their start.
    pub(super) fn appear(&mut self, now_ms: i64, state: &WalkerState) {
        while let Some(&who) = self.order.get(self.due) {
            if self.people.persons[who as usize].depart_ms > now_ms {
                break;
            }
            self.due += 1;
            self.counts.loaded += 1;
            self.waiting.push(who);
        }
        let end_ms = now_ms + self.options.walker_step_ms;
        let mut still = Vec::new();
        let first_new = self.moved.len();
        for who in std::mem::take(&mut self.waiting) {
            let person = &self.people.persons[who as usize];
            let area = person.from.area;
            let mut rng = CounterRng::new(self.options.seed, u64::from(who), self.step);
            let spot = (0..4).find_map(|attempt| {
                let reach = 0.5 * f64::from(attempt);
                let p = [
                    person.from.position[0] + rng.range(-1.0, 1.0) * reach,
                    person.from.position[1] + rng.range(-1.0, 1.0) * reach,
                ];
                let p = self.ground.clamp(area.0, p);
                let z = self.net.height(area, p[0], p[1]);
                self.is_free(state, first_new, p, z).then_some([p[0], p[1], z])
            });
            let Some(p) = spot else {
                still.push(who);
                continue;
            };
            self.people.persons[who as usize].inserted_ms = end_ms;
            self.counts.inserted += 1;
            self.intervals.entered(area.0);
            let via = self.people.next(who);
            self.moved.push(p, 0.0, [1.0, 0.0], who, area.0, via);
        }
        self.waiting = still;
    }

    /// Whether nobody is or will be within a body's width, the newcomers of this step included.
    fn is_free(&self, state: &WalkerState, first_new: usize, p: Plan, z: f64) -> bool {
        let mut free = true;
        state.around(p[0], p[1], |j| {
            let close = distance(p, [state.x[j], state.y[j]]).min(distance(p, self.moves[j].to)) < DIAMETER_M + 0.05;
            if close && (state.z[j] - z).abs() < 1.2 {
                free = false;
            }
        });
        free && (first_new..self.moved.len()).all(|j| {
            distance(p, [self.moved.x[j], self.moved.y[j]]) > DIAMETER_M + 0.05 || (self.moved.z[j] - z).abs() > 1.2
        })
    }
}

/// How many may still pass each portal: capacity collects, up to a second's worth (at least one person).
pub struct Doors {
    tokens: Vec<f64>,
    capacity: Vec<f64>,
}

impl Doors {
    /// All open.
    pub fn new(net: &qike_network::WalkNetwork) -> Self {
        let capacity: Vec<f64> = net.portals.iter().map(|p| p.capacity_per_s.max(0.0)).collect();
        Self { tokens: capacity.iter().map(|c| c.max(1.0)).collect(), capacity }
    }

    /// A step of `dt` seconds passes.
    pub fn refill(&mut self, dt: f64) {
        for (tokens, capacity) in self.tokens.iter_mut().zip(&self.capacity) {
            *tokens = (*tokens + capacity * dt).min(capacity.max(1.0));
        }
    }

    fn admit(&mut self, portal: PortalIx) -> bool {
        let tokens = &mut self.tokens[portal.ix()];
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

/// An empty intention, to make room for as many as there are walkers.
pub const NO_MOVE: Move = Move { to: [0.0; 2], speed: 0.0, wished: 0.0, e: [1.0, 0.0], wish: [1.0, 0.0], nearest: 0.0 };
