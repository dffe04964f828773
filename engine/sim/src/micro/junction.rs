//! At junctions: who goes first, whether a gap is large enough, and who is in the way on the junction itself.

use super::cars::{Approach, Car, NEVER, NOBODY};
use super::follow::{EPS, HALT, Kind, STEP_M};
use super::plans::Plans;
use super::world::{World, shown};
use qike_network::streets::{NONE, StreetConflict, kind as bits};

/// Least time between two who pass one place, ms; at zippers.
const APART_MS: (i64, i64) = (1000, 16_000);
/// One stands at least that long at a stop sign, and where all stop, ms.
const AT_STOP_SIGN_MS: i64 = 3000;
const AT_ALL_STOP_MS: i64 = 1000;
/// One of whom it is not known where it stops is taken to stop that much later, ms.
const STOPS_LATER_MS: i64 = 30_000;

/// One on the junction whose way meets ours.
pub(super) struct Leader {
    /// Who.
    pub car: u32,
    /// Gap, as if it drove before us; minus infinity: stop before the place where we meet.
    pub gap: f64,
    /// Distance to that place, where we may drive up to it.
    pub to_crossing: Option<f64>,
    /// It is in the way, whoever goes first.
    pub in_the_way: bool,
}

/// What one intends at a link.
#[derive(Clone, Copy)]
pub(super) struct Passing {
    /// Arrives, ms.
    pub arrive_ms: i64,
    /// Arrives with, m/s.
    pub arrive_v: f64,
    /// Leaves with, m/s.
    pub leave_v: f64,
    /// Impatience.
    pub impatience: f64,
    /// Has waited, ms.
    pub wait_ms: i64,
}

impl World {
    /// Whether a vehicle that could stop at a red or yellow light does not. `can`: it could.
    pub(super) fn ignores_red(&self, car: &Car, link: u32, can: bool) -> bool {
        let manners = &self.kind(car).manners;
        let show = self.shown[link as usize];
        match (manners.drive_after_red_s, manners.drive_after_yellow_s) {
            (Some(_), _) if show & shown::YELLOW != 0 => true,
            (Some(after), _) if show & shown::RED != 0 => !can || after > 1e6,
            (None, Some(_)) if show & shown::YELLOW != 0 => !can,
            _ => false,
        }
    }

    /// Whether who leaves a waiting place inside the junction had come onto it by right, or at yellow.
    pub(super) fn came_first(&self, link: u32) -> bool {
        let l = &self.streets.links[link as usize];
        if l.kind & bits::INSIDE == 0 {
            return false;
        }
        self.shows(l.entry, shown::FIRST | shown::YELLOW)
    }

    /// Whether each of those who meet here waits for the next one, round to this link.
    pub(super) fn waits_in_a_ring(&self, link: u32) -> bool {
        let from = self.streets.links[link as usize].from;
        let mut at = link;
        for _ in 0..100 {
            let (mut nearest, mut next) = (f64::INFINITY, None);
            for &foe in self.streets.foes_of(at) {
                if self.streets.links[foe as usize].from == from && !self.approaches[foe as usize].is_empty() {
                    return true;
                }
                for a in &self.approaches[foe as usize] {
                    if a.dist < nearest {
                        nearest = a.dist;
                        next = a.request.then_some(foe).or(next);
                    }
                }
            }
            match next {
                None => return false,
                Some(foe) if foe == link => return true,
                Some(foe) => at = foe,
            }
        }
        false
    }

    /// Whether a link may be passed: no red, and nobody who goes first comes too soon.
    pub(super) fn opened(&self, me: u32, link: u32, p: Passing, ignore_red: bool) -> bool {
        let l = &self.streets.links[link as usize];
        let show = self.shown[link as usize];
        if show & shown::RED != 0 && !ignore_red {
            return false;
        }
        if l.kind & bits::WAITS_INSIDE != 0 && show & shown::ALL_STOP == 0 {
            return true;
        }
        let after = l.kind & bits::INSIDE != 0;
        let green_entry = after && self.shows(l.entry, shown::GREEN) && self.shows(l.entry, shown::FIRST);
        if (show & shown::FIRST != 0 || green_entry) && show & shown::ZIPPER == 0 {
            return true;
        }
        let least = if show & shown::STOPS != 0 { AT_STOP_SIGN_MS } else { AT_ALL_STOP_MS };
        if show & (shown::STOPS | shown::ALL_STOP) != 0 && p.wait_ms < least {
            return false;
        }
        let red_entry = after && self.shows(l.entry, shown::RED);
        let k = self.kind(&self.cars[me as usize]);
        let leave_ms = p.arrive_ms + leave_after(l.length, k.length, p.arrive_v, p.leave_v);
        self.streets.foes_of(link).iter().all(|foe| {
            let same = self.streets.links[*foe as usize].to == l.to;
            self.approaches[*foe as usize].iter().all(|a| a.car == me || red_entry && a.speed <= HALT || self.heedless(me, a) || !self.blocks(a, show, k, p, leave_ms, same))
        })
    }

    fn heedless(&self, me: u32, a: &Approach) -> bool {
        let car = &self.cars[me as usize];
        let m = &self.kind(car).manners;
        m.ignore_foe_probability > 0.0 && m.ignore_foe_speed_mps >= a.speed && m.ignore_foe_probability >= self.chance(car, 2)
    }

    /// Whether one who comes to another link is in the way of who passes this one.
    fn blocks(&self, a: &Approach, show: u8, k: &Kind, p: Passing, leave_ms: i64, same_target: bool) -> bool {
        if !a.request {
            return false;
        }
        if show & shown::ALL_STOP != 0 && (p.wait_ms > a.wait_ms || p.wait_ms == a.wait_ms && p.arrive_ms < a.arrive_ms) {
            return false;
        }
        let other = self.kind(&self.cars[a.car as usize]);
        let (mut arrives, mut brake_v) = (a.arrive_ms, a.brake_v);
        if p.impatience > 0.0 && p.arrive_ms < a.arrive_ms {
            let (later, v) = self.braking_arrival(p.arrive_ms, a, other, p.impatience);
            brake_v = v;
            arrives = ((1.0 - p.impatience) * a.arrive_ms as f64 + p.impatience * later as f64) as i64;
        }
        let apart = if show & shown::ZIPPER != 0 { APART_MS.1 } else { k.manners.gap_minor_s.map_or(APART_MS.0, |s| (s * 1000.0) as i64) };
        if a.leave_ms < p.arrive_ms {
            same_target && (p.arrive_ms - a.leave_ms < apart || unsafe_merge(a.leave_v, p.arrive_v, other.decel, k.decel))
        } else if arrives > leave_ms + apart {
            same_target && unsafe_merge(p.leave_v, brake_v, k.decel, other.decel)
        } else {
            true
        }
    }

    /// When one arrives who brakes because somebody went before it, and how fast.
    fn braking_arrival(&self, my_arrival: i64, a: &Approach, other: &Kind, impatience: f64) -> (i64, f64) {
        if my_arrival - my_arrival.rem_euclid(self.dt_ms) == a.arrive_ms - a.arrive_ms.rem_euclid(self.dt_ms) {
            return (a.arrive_ms, a.brake_v);
        }
        let m = other.decel * impatience;
        let dt = (a.arrive_ms - my_arrival) as f64 / 1000.0;
        let (d, back) = (dt * m, dt * dt * m / 2.0);
        let v = a.dist / ((a.arrive_ms - self.now_ms + self.dt_ms) as f64 / 1000.0).max(EPS);
        let dist = a.dist - v * (my_arrival - self.now_ms) as f64 / 1000.0;
        let root = 4.0 * (v - d) * (v - d) - 8.0 * m * back;
        if 0.5 * v * v / m <= dist || root < 0.0 {
            return (a.arrive_ms + STOPS_LATER_MS, 0.0);
        }
        let x = (-0.5 * root.sqrt() - d + v) / m;
        (a.arrive_ms + (x * 1000.0) as i64, v - (dt + x) * m)
    }

    /// Calls `give` for everybody on the junction whose way meets the one off it by `link`, `dist` before its end.
    pub(super) fn on_junction(&self, me: u32, link: u32, dist: f64, give: &mut dyn FnMut(Leader)) {
        for c in self.streets.conflicts_of(link) {
            if !self.touched.has(c.lane) {
                continue;
            }
            let on = &self.on[c.lane as usize];
            let to = dist - c.behind;
            if to + c.size < 0.0 && !c.same_target {
                continue;
            }
            for &other in on.cars.iter().chain(&on.partial) {
                if other != me
                    && let Some(leader) = self.in_conflict(me, link, c, to, other)
                {
                    give(leader);
                }
            }
        }
    }

    /// Whether a vehicle on another lane over the junction matters to one `to` before the place where they meet.
    fn in_conflict(&self, me: u32, link: u32, c: &StreetConflict, to: f64, other: u32) -> Option<Leader> {
        let (car, foe) = (&self.cars[me as usize], &self.cars[other as usize]);
        let (k, fk) = (self.kind(car), self.kind(foe));
        let l = &self.streets.links[link as usize];
        let exit = &self.streets.links[c.exit as usize];
        let foe_lane = &self.streets.lanes[c.lane as usize];
        let foe_to = if c.apart { foe_lane.length + 1e4 } else { foe_lane.length - c.other_behind };
        if c.apart && !c.same_source && !c.same_target && !c.other_waits {
            return None;
        }
        let back = self.back_on(foe, c.lane);
        let rear = foe_to - back;
        let sagitta = if l.radius.is_finite() {
            let half = 0.5 * (k.length + 2.0);
            if half < l.radius { l.radius - (l.radius * l.radius - half * half).sqrt() } else { l.radius }
        } else {
            0.0
        };
        let past = rear + c.other_size + sagitta < 0.0;
        let reached = rear < fk.length;
        let must_heed = c.other_waits || c.same_target || c.same_source;
        let in_the_way = (!past && to > 0.0 || c.same_target && to > rear - fk.length) && reached && exit.kind & bits::INSIDE == 0;
        let front_on = foe.lane == c.lane;
        if !in_the_way {
            if c.other_waits && self.both_green(l.entry, exit.entry) {
                return None;
            }
            if to < -STEP_M {
                return None;
            }
        }
        if c.same_source && self.streets.lanes[car.lane as usize].edge == self.streets.lanes[l.from as usize].edge && back + fk.length < car.pos - k.length {
            return None;
        }
        let asks = self.planned_by(other).iter().find(|i| i.link == c.exit).map_or(c.same_target, |i| i.request);
        if (!must_heed || foe.stopped || c.same_target) && !asks && front_on && !in_the_way {
            return None;
        }
        let gap = if c.other_waits && !c.same_source {
            f64::NEG_INFINITY
        } else {
            if past && !c.same_target {
                return None;
            }
            let mut rear = rear;
            if c.same_target && rear < 0.0 {
                rear += (c.other_behind - c.behind).max(0.0);
            }
            to - k.gap - rear - c.other_size
        };
        let at_once = if front_on { must_heed } else { c.same_target || c.same_source };
        Some(Leader { car: other, gap, to_crossing: (!at_once && to >= 0.0).then_some(to), in_the_way })
    }

    /// Both came onto the junction by green, from different lanes.
    fn both_green(&self, entry: u32, other: u32) -> bool {
        self.shows(entry, shown::GREEN) && self.shows(other, shown::GREEN) && self.streets.links[entry as usize].from != self.streets.links[other as usize].from
    }

    /// Whether `other`, who is on the junction too, goes before `me` where their ways meet.
    pub(super) fn is_first(&self, me: u32, link: u32, other: u32, gap: f64) -> bool {
        let (car, foe) = (&self.cars[me as usize], &self.cars[other as usize]);
        let junction = self.streets.links[link as usize].junction;
        let at = |c: &Car| {
            let lane = &self.streets.lanes[c.lane as usize];
            if lane.inside && lane.entry != NONE { self.streets.links[lane.entry as usize].junction } else { NONE }
        };
        if at(car) != junction || at(foe) != junction {
            return true;
        }
        let (mine, theirs) = (self.streets.links[link as usize].entry, self.streets.lanes[foe.lane as usize].entry);
        let (mut my_time, mut their_time) = (car.conflict_ms, foe.entered_ms);
        let edge = |entry: u32| self.streets.lanes[self.streets.links[entry as usize].from as usize].edge;
        if edge(mine) == edge(theirs) {
            (my_time, their_time) = (car.entered_first_ms, foe.entered_first_ms);
        } else {
            let (i_yield, they_yield) = self.yields(mine, theirs, car, foe, gap);
            if !i_yield {
                (my_time, their_time) = (car.entered_ms, foe.conflict_ms);
            } else if they_yield {
                (my_time, their_time) = (car.conflict_ms, foe.conflict_ms);
            }
        }
        if my_time != their_time {
            return my_time > their_time;
        }
        if car.speed == foe.speed { car.id > foe.id } else { car.speed < foe.speed }
    }

    /// Of two who are on a junction: whether each gives way to the other, by lights, signs, or the matrix.
    fn yields(&self, mine: u32, theirs: u32, car: &Car, foe: &Car, gap: f64) -> (bool, bool) {
        let (a, b) = (self.shown[mine as usize], self.shown[theirs as usize]);
        let is = |show: u8, bit: u8| show & bit != 0;
        if is(a | b, shown::RED) {
            if !is(b, shown::RED) && foe.speed > HALT && gap < 0.0 {
                let fk = self.kind(foe);
                let must = -gap - fk.length < fk.brake_gap(foe.speed);
                return (must, !must);
            }
            return (is(b, shown::RED), is(a, shown::RED));
        }
        if is(a, shown::FIRST) != is(b, shown::FIRST) {
            return (!is(a, shown::FIRST), !is(b, shown::FIRST));
        }
        if is(a & b, shown::YELLOW) {
            return (foe.speed >= car.speed, car.speed >= foe.speed);
        }
        let (l, m) = (&self.streets.links[mine as usize], &self.streets.links[theirs as usize]);
        (self.streets.row_gives_way(l.junction, l.row, m.row), self.streets.row_gives_way(l.junction, m.row, l.row))
    }

    /// Who comes to which link, worked out anew from what everybody has planned.
    pub(super) fn note_approaches(&mut self, active: &[u32], plans: &Plans, touched: &mut Vec<u32>) {
        for link in touched.drain(..) {
            self.approaches[link as usize].clear();
        }
        for (n, &me) in active.iter().enumerate() {
            let car = &self.cars[me as usize];
            let k = &self.kinds[car.kind as usize];
            for item in plans.items(n).iter().filter(|i| i.link != NOBODY) {
                let l = &self.streets.links[item.link as usize];
                if l.kind & bits::WATCHED == 0 {
                    continue;
                }
                // Who does not ask to pass is in nobody's way, whenever it comes.
                let leave_v = item.leave();
                let takes = if item.request { leave_after(l.length, k.length, item.arrive_v, leave_v) } else { 0 };
                let list = &mut self.approaches[item.link as usize];
                if list.is_empty() {
                    touched.push(item.link);
                }
                list.push(Approach {
                    car: me,
                    request: item.request,
                    arrive_ms: item.arrive_ms,
                    leave_ms: item.arrive_ms.saturating_add(takes),
                    leave_v,
                    brake_v: item.brake_v,
                    dist: item.dist,
                    wait_ms: car.wait_ms,
                    speed: car.speed,
                });
            }
        }
    }
}

/// Time from arriving at a link to having left it, ms.
fn leave_after(link: f64, length: f64, arrive_v: f64, leave_v: f64) -> i64 {
    ((link + length) / (0.5 * (arrive_v + leave_v)).max(EPS) * 1000.0) as i64
}

/// Whether one who comes with `follower_v` onto a lane behind one with `leader_v` gets too near.
fn unsafe_merge(leader_v: f64, follower_v: f64, leader_decel: f64, follower_decel: f64) -> bool {
    follower_v * follower_v / follower_decel >= leader_v * leader_v / leader_decel
}

/// The claim of one who gave it up.
pub(super) const GIVEN_UP: i64 = NEVER;
