//! Changing lanes: what is around a vehicle, and whether it can change to the lane beside it. Who is in turn when: [`super::turns`].

use super::best::BestLane;
use super::cars::{Car, Change, NOBODY, want};
use super::follow::EPS;
use super::junction::Passing;
use super::turns::{Changes, Side};
use super::wish::{Beside, Near, Queues};
use super::world::{World, shown};
use qike_network::streets::{NONE, Streets};
use qike_network::traffic::RightOfWay;
use smallvec::SmallVec;

/// Nobody drives faster than that many times the limit, or brakes less than that, m/s²: bounds how far back one looks.
const MOST_FACTOR: f64 = 1.5;
const USUAL_DECEL: f64 = 4.5;

/// One who brakes with more than that share of its braking goes on braking while it changes.
const HARD: f64 = 2.0 / 3.0;

/// Whether an edge has lanes between which one may change.
pub(super) fn has_choice(streets: &Streets, edge: u32) -> bool {
    let e = &streets.edges[edge as usize];
    let (first, count) = e.lanes;
    (first..first + count).zip(first + 1..first + count).any(|(a, b)| !e.inside || side_by_side(streets, a, b))
}

/// Whether one may change between two lanes over a junction: they are equally long, come from different lanes, and nobody of their edge
/// gives way.
fn side_by_side(streets: &Streets, a: u32, b: u32) -> bool {
    let (la, lb) = (&streets.lanes[a as usize], &streets.lanes[b as usize]);
    let (first, count) = streets.edges[la.edge as usize].lanes;
    let goes_first = |lane: u32| {
        let entry = streets.incoming_of(lane).first().map(|l| &streets.links[*l as usize]);
        entry.is_some_and(|l| l.light != NONE || matches!(l.way, RightOfWay::Major | RightOfWay::Zipper))
    };
    la.length == lb.length && la.before != lb.before && (first..first + count).all(goes_first)
}

impl World {
    /// Tries the lane towards the kerb, then the one towards the middle; `steps`: since it did last.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn choose(&self, me: u32, n: usize, mine: usize, steps: i32, lanes: &[BestLane], memory: &mut Change, sides: &mut [Side], changes: &mut Changes) -> Option<usize> {
        let car = &self.cars[me as usize];
        let user = self.kind(car).user;
        let (mut states, queues) = ([0u32; 2], Queues::default());
        let mut seen = [None, None];
        for (slot, side) in [-1i32, 1].into_iter().enumerate() {
            let Some(to) = n.checked_add_signed(side as isize).filter(|t| *t < sides.len()) else { continue };
            let from = &self.streets.lanes[car.lane as usize];
            let target = sides[to].lane;
            if !from.change[usize::from(side < 0)].contains(user) || !self.streets.lanes[target as usize].allowed.contains(user) || from.inside && !side_by_side(&self.streets, car.lane, target) {
                continue;
            }
            let mut beside = Beside { me, side, steps, lane: target, on: n, leader: None, ahead: None, ahead_seen: false, behind: None, blocked: 0, looked: false };
            let blockers = [sides[n].first_blocked, sides[n].last_blocked];
            let mut state = self.wants(car, memory, lanes, sides, mine, &mut beside, blockers, &queues, changes);
            let toward = if side < 0 { want::RIGHT } else { want::LEFT };
            if state & want::CHANGE != 0 {
                self.look_behind(car, lanes, sides, &mut beside);
                state |= beside.blocked;
                if beside.blocked == 0 && self.unsafe_ahead(car, lanes, me, target, beside.ahead) {
                    state |= want::BLOCKED_LEADER;
                }
            }
            states[slot] = state;
            seen[slot] = Some(beside);
            if state & toward != 0 && state & want::BLOCKED == 0 {
                return Some(to);
            }
            if state & toward != 0 && state & want::URGENT != 0 {
                sides[to].last_blocked = me;
                if sides[to].first_blocked == NOBODY {
                    sides[to].first_blocked = me;
                }
            }
        }
        if states[0] & want::URGENT != 0 && states[1] & want::URGENT != 0 {
            states[1] = 0;
        }
        memory.state = states[0] | states[1];
        // What is in the way on either side counts for one who wants to change, to whichever.
        if memory.state & want::CHANGE != 0 {
            for beside in seen.iter_mut().flatten().filter(|b| !b.looked) {
                self.look_behind(car, lanes, sides, beside);
                memory.state |= beside.blocked;
            }
        }
        None
    }

    /// Looks who is ahead on its lane and on the one beside: only where that matters.
    #[inline]
    pub(super) fn look_ahead(&self, car: &Car, lanes: &[BestLane], sides: &[Side], b: &mut Beside) {
        if !std::mem::replace(&mut b.ahead_seen, true) {
            b.leader = self.ahead_on(car, lanes, b.me, &sides[b.on]);
            b.ahead = self.ahead_on(car, lanes, b.me, &sides[b.to()]);
        }
    }

    /// Looks who is behind on the lane beside, and what keeps a vehicle from changing to it: only for those who have reason to.
    pub(super) fn look_behind(&self, car: &Car, lanes: &[BestLane], sides: &[Side], b: &mut Beside) {
        if !std::mem::replace(&mut b.looked, true) {
            self.look_ahead(car, lanes, sides, b);
            b.behind = self.behind_on(car, b.me, &sides[b.to()]).filter(|behind| b.ahead.is_none_or(|a| a.0 != behind.0));
            b.blocked = self.blocked(car, b.ahead, b.behind);
        }
    }

    /// What keeps a vehicle from changing between two.
    pub(super) fn blocked(&self, car: &Car, ahead: Near, behind: Near) -> u32 {
        let k = self.kind(car);
        let mut blocked = 0;
        let factor = 1.0 / k.changing.assertive;
        if let Some((follow, gap)) = behind {
            let other = &self.cars[follow as usize];
            let ok = self.kind(other);
            // One who brakes already needs no time to begin with it. Over a junction one may have to stop at once.
            let need = if self.streets.lanes[car.lane as usize].inside {
                ok.secure_gap(other.speed, 0.0, k.decel)
            } else if other.accel < 0.0 {
                ok.secure_gap_braking(other.speed, car.speed, k.decel)
            } else {
                ok.secure_gap(other.speed, car.speed, k.decel)
            };
            if gap < 0.0 {
                blocked |= want::BLOCKED_FOLLOWER | want::OVERLAPPING;
            } else if gap < need * factor {
                blocked |= want::BLOCKED_FOLLOWER;
            }
        }
        if let Some((lead, gap)) = ahead {
            let other = &self.cars[lead as usize];
            let v = if car.accel < -HARD * k.decel { (car.speed + car.accel * self.dt).max(0.0) } else { car.speed };
            if gap < 0.0 {
                blocked |= want::BLOCKED_LEADER | want::OVERLAPPING;
            } else if gap < k.secure_gap(v, other.speed, self.kind(other).decel) * factor {
                blocked |= want::BLOCKED_LEADER;
            }
        }
        blocked
    }

    /// Who is before a vehicle on a lane of its edge, or beyond it.
    pub(super) fn ahead_on(&self, car: &Car, lanes: &[BestLane], me: u32, side: &Side) -> Near {
        let k = self.kind(car);
        let mut lead = side.lead;
        if side.hopped != NOBODY {
            let pos = self.cars[side.hopped as usize].pos;
            if pos > car.pos && (lead == NOBODY || self.cars[lead as usize].pos > pos) {
                lead = side.hopped;
            }
        }
        if lead == me {
            lead = NOBODY;
        }
        if lead != NOBODY {
            let other = &self.cars[lead as usize];
            return Some((lead, other.pos - self.kind(other).length - car.pos - k.gap));
        }
        let partial = self.partial_on(side.lane);
        if partial != NOBODY && partial != me {
            return Some((partial, self.back_on(&self.cars[partial as usize], side.lane) - car.pos - k.gap));
        }
        let inside = |lane: u32| self.streets.lanes[lane as usize].inside;
        let mut seen = self.streets.lanes[car.lane as usize].length - car.pos;
        let mut dist = k.brake_gap(car.speed) + k.gap;
        if seen > dist && !inside(car.lane) {
            return None;
        }
        let way = way_of(lanes, side.lane);
        let (mut lane, mut view) = (side.lane, 1);
        let mut arrive_ms = self.now_ms + (seen / car.speed.max(EPS) * 1000.0) as i64;
        loop {
            let link = self.next_link(car, lane, view, way)?;
            let l = &self.streets.links[link as usize];
            let passing = Passing { arrive_ms, arrive_v: car.speed, leave_v: car.speed, impatience: self.impatience(car), wait_ms: 0 };
            if self.shows(link, shown::RED) || !self.opened(me, link, passing, false) {
                return None;
            }
            if inside(lane)
                && let Some(found) = self.crossing_ahead(me, link, seen)
            {
                return Some(found);
            }
            if !self.streets.lanes[l.next as usize].inside {
                view += 1;
            }
            lane = l.next;
            let last = self.last_on(lane);
            if last != NOBODY && last != me {
                return Some((last, seen + self.back_on(&self.cars[last as usize], lane) - k.gap));
            }
            let wish = self.wish(lane, car);
            if wish < car.speed {
                dist = k.brake_gap(wish);
            }
            let length = self.streets.lanes[lane as usize].length;
            seen += length;
            arrive_ms = arrive_ms.saturating_add((length / car.speed.max(EPS) * 1000.0) as i64);
            if seen > dist && !inside(lane) {
                return None;
            }
        }
    }

    /// Of those on the junction whose way meets the one off it by `link`, `seen` away, the one who will stand nearest.
    fn crossing_ahead(&self, me: u32, link: u32, seen: f64) -> Near {
        let (mut found, mut least): (Near, f64) = (None, f64::INFINITY);
        self.on_junction(me, link, seen, &mut |leader| {
            let other = &self.cars[leader.car as usize];
            let ok = self.kind(other);
            let stands = leader.gap + ok.brake_gap_by(other.speed, ok.decel, 0.0);
            if found.is_none() || stands < least {
                (found, least) = (Some((leader.car, leader.gap)), stands);
            }
        });
        found
    }

    /// Who is behind a vehicle on a lane of its edge, or on the way there.
    pub(super) fn behind_on(&self, car: &Car, me: u32, side: &Side) -> Near {
        let mut found = NOBODY;
        let cars = &self.on[side.lane as usize].cars;
        if side.left > 0 {
            found = cars[side.left - 1];
        }
        // Who came over may be nearer.
        let behind = |c: u32| c != NOBODY && self.cars[c as usize].pos <= car.pos;
        found = match (behind(found), behind(side.hopped)) {
            (false, false) => NOBODY,
            (true, false) => found,
            (false, true) => side.hopped,
            (true, true) if self.cars[found as usize].pos > self.cars[side.hopped as usize].pos => found,
            (true, true) => side.hopped,
        };
        if found == me {
            found = NOBODY;
        }
        let back = car.pos - self.kind(car).length;
        if found != NOBODY {
            let other = &self.cars[found as usize];
            return Some((found, back - other.pos - self.kind(other).gap));
        }
        self.upstream(side.lane, back, me)
    }

    /// Of those who come to a place on a lane from the lanes before it, the one who lacks most of the gap it needs.
    pub(super) fn upstream(&self, lane: u32, at: f64, me: u32) -> Near {
        let car = &self.cars[me as usize];
        self.upstream_of(lane, at, car.speed, self.kind(car).decel, me)
    }

    /// The same for one with that speed and braking who may not be there yet.
    pub(super) fn upstream_of(&self, lane: u32, at: f64, v: f64, decel: f64, me: u32) -> Near {
        let top = self.limit[lane as usize] * MOST_FACTOR;
        let far = (top * top * 0.5 / USUAL_DECEL).min(1000.0);
        let mut best: Near = None;
        let mut missing = f64::NEG_INFINITY;
        let mut open: SmallVec<[(u32, f64); 8]> = SmallVec::new();
        open.push((lane, at));
        while let Some((lane, dist)) = open.pop() {
            for &link in self.streets.incoming_of(lane) {
                let before = self.streets.links[link as usize].from;
                let length = self.streets.lanes[before as usize].length;
                let on = &self.on[before as usize];
                match on.cars.iter().rev().find(|c| **c != me) {
                    Some(&last) => {
                        let other = &self.cars[last as usize];
                        let ok = self.kind(other);
                        let gap = dist + length - other.pos - ok.gap;
                        let lacks = ok.secure_gap(other.speed, v, decel) - gap;
                        if lacks > missing {
                            (best, missing) = (Some((last, gap)), lacks);
                        }
                    }
                    None if dist + length < far => open.push((before, dist + length)),
                    None => {}
                }
            }
        }
        best
    }

    /// Whether one beyond the end of a lane, on any lane over the junction there, is too near for who changes to it.
    fn unsafe_ahead(&self, car: &Car, lanes: &[BestLane], me: u32, target: u32, ahead: Near) -> bool {
        let k = self.kind(car);
        let seen = self.streets.lanes[target as usize].length - car.pos;
        if ahead.is_none() || seen >= k.brake_gap(car.speed) + k.gap && !self.streets.lanes[car.lane as usize].inside {
            return false;
        }
        let way = way_of(lanes, target);
        let Some(link) = self.next_link(car, target, 1, way) else { return false };
        let next = self.streets.links[link as usize].next;
        let last = self.last_on(next);
        if last == NOBODY || last == me || ahead.is_some_and(|a| a.0 == last) {
            return false;
        }
        let other = &self.cars[last as usize];
        let gap = seen + self.back_on(other, next) - k.gap;
        gap < k.secure_gap(car.speed, other.speed, self.kind(other).decel) / k.changing.assertive
    }

    /// Works out anew which lanes behind a vehicle reaches onto, along the road it came.
    pub(super) fn reach_back(&mut self, me: u32) {
        let old = std::mem::take(&mut self.cars[me as usize].behind);
        for lane in &old {
            self.on[*lane as usize].partial.retain(|c| *c != me);
        }
        let length = self.kinds[self.cars[me as usize].kind as usize].length;
        let mut left = length - self.cars[me as usize].pos;
        let mut lane = self.cars[me as usize].lane;
        let mut n = 0;
        while left > 0.0 {
            // Along the lanes it came by, or beside them.
            let edge = old.get(n).map_or(NONE, |l| self.streets.lanes[*l as usize].edge);
            let came = self.streets.incoming_of(lane).iter().map(|l| self.streets.links[*l as usize].from).find(|f| self.streets.lanes[*f as usize].edge == edge);
            let Some(before) = came.or_else(|| old.get(n).copied()) else { break };
            self.cars[me as usize].behind.push(before);
            self.reach_onto(before, me);
            left -= self.streets.lanes[before as usize].length;
            lane = before;
            n += 1;
        }
    }
}

/// The lanes by which a lane leads on.
fn way_of(lanes: &[BestLane], lane: u32) -> &[u32] {
    lanes.iter().find(|b| b.lane == lane).map_or(&[], |b| &b.way)
}
