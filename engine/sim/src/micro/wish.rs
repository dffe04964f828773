//! Whether a vehicle wants to change lanes: for its route, to help others, for speed, to keep right.
//!
//! After J. Erdmann, Lane-changing model in SUMO (2014): four motives in this order, an inclination for speed that grows and fades
//! with what the lanes beside allow, and words to those in the way, who adapt their speed.

use super::best::BestLane;
use super::cars::{Car, Change, want};
use super::follow::{EPS, HALT, Kind};
use super::turns::{Changes, Side};
use super::words::OVERTAKE;
use super::world::World;
use std::cell::Cell;

/// Looks that many seconds ahead.
const LOOK_AHEAD_S: f64 = 10.0;
/// The speed that decides it fades so slowly.
const MEMORY: f64 = 0.9;
/// Speed advantages are counted against at least this speed, m/s.
const LEAST_SPEED: f64 = 10.0;
/// After so many seconds without anybody on the right one goes there.
const KEEP_RIGHT_S: f64 = 5.0;
/// A lane that leads elsewhere within that distance is avoided, m.
const TURN_LANE_M: f64 = 200.0;
/// Stopped vehicles within that distance are driven around, m.
const STOPPED_M: f64 = 100.0;
/// Below that one overtakes on either side, m/s.
const SLOW: f64 = 60.0 / 3.6;
/// So many lanes on the way, of its own and then of the one beside, are looked at for a roundabout.
const SEEN: usize = 6;
/// Who will have to brake behind a slower one on the next lane within that time pulls out before, s.
const SOON_S: f64 = 8.0;

/// Lengths of the queues on the lanes by which those of an edge lead on, as far as they were asked for in a turn, m.
pub(super) type Queues = [Cell<Option<f64>>; 4];

/// Somebody near, and the gap to it, m.
pub(super) type Near = Option<(u32, f64)>;

/// What a vehicle sees around the lane beside it.
pub(super) struct Beside {
    /// Who looks.
    pub me: u32,
    /// -1: towards the kerb, 1: towards the middle.
    pub side: i32,
    /// Steps for which it looks.
    pub steps: i32,
    /// The lane.
    pub lane: u32,
    /// Place of its own lane on the edge.
    pub on: usize,
    /// Before it on its own lane, once it has looked ahead.
    pub leader: Near,
    /// Before it there, once it has looked ahead.
    pub ahead: Near,
    /// It has.
    pub ahead_seen: bool,
    /// Behind it there, once it has looked.
    pub behind: Near,
    /// What keeps it from changing, once it has looked.
    pub blocked: u32,
    /// It has.
    pub looked: bool,
}

impl Beside {
    /// Place of the lane beside on the edge.
    #[inline]
    pub fn to(&self) -> usize {
        if self.side < 0 { self.on - 1 } else { self.on + 1 }
    }
}

/// Whether the distance that is left is too short for so many changes.
fn too_short(dist: f64, lanes: i32, look: f64) -> bool {
    dist / f64::from(lanes.abs().max(1)) < look
}

impl World {
    /// Decides whether a vehicle wants to change to the lane beside it; gives bits of [`want`]. `lanes`: those of its edge, `mine` its own
    /// one's place. `blockers`: the first and the last of those who want in from that side and cannot.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn wants(&self, car: &Car, c: &mut Change, lanes: &[BestLane], sides: &[Side], mine: usize, b: &mut Beside, blockers: [u32; 2], queues: &Queues, changes: &mut Changes) -> u32 {
        let k = self.kind(car);
        let p = &k.changing;
        let right = b.side < 0;
        let Some(other) = mine.checked_add_signed(b.side as isize).filter(|n| *n < lanes.len()) else { return 0 };
        let (curr, neigh) = (&lanes[mine], &lanes[other]);
        let mut offset = curr.offset;
        if offset == 0 && neigh.offset == 0 {
            offset = b.side;
        }
        let to_best = right && offset < 0 || !right && offset > 0;
        let pos = car.pos;
        let (mut dist, mut neigh_dist) = (curr.length, neigh.length);
        let mut to_stop = f64::NEG_INFINITY;
        if car.stop.is_some_and(|s| !car.stopped && s.leg == car.leg && car.stop_dist.is_finite()) {
            to_stop = car.stop_dist;
            let at = pos + car.stop_dist - c.last_step;
            (dist, neigh_dist) = (dist.max(at), neigh_dist.max(at));
        }
        let lca = if right { want::RIGHT } else { want::LEFT };
        let mut ret = c.state & want::TOLD;
        let (v, dt) = (car.speed, self.dt * f64::from(b.steps));
        let steps = b.steps;
        let fade = |share: f64| if steps == 1 { share } else { share.powi(steps) };
        for blocked in dedup(blockers) {
            self.slow_for(car, c, k, blocked);
        }
        // Looking ahead grows at once and fades slowly.
        let memory = fade(MEMORY);
        c.look_ahead = if v > c.look_ahead { v } else { (memory * c.look_ahead + (1.0 - memory) * v).max(0.0) };
        let mut look = c.look_ahead * LOOK_AHEAD_S * p.strategic * if right { 1.0 } else { p.lookahead_left } + 2.0 * k.room;
        // Unless somebody stands at a stop, what is ahead matters only to one who may change.
        if self.any_stopped {
            self.look_ahead(car, lanes, sides, b);
        }
        let stopped = |near: Near| near.is_some_and(|(o, _)| self.cars[o as usize].stopped);
        let room_of = |near: Near| near.map_or(0.0, |(o, _)| self.kind(&self.cars[o as usize]).room);
        let gap_of = |near: Near| near.map_or(f64::INFINITY, |(_, gap)| gap);
        if offset == 0 && stopped(b.leader) && gap_of(b.leader) < dist - pos {
            look = 0.5 * (k.room + room_of(b.leader) + gap_of(b.leader));
        } else if offset == b.side && stopped(b.ahead) && gap_of(b.ahead) < dist - pos {
            look = k.room + room_of(b.ahead) + gap_of(b.ahead);
        }
        if p.strategic < 0.0 {
            look = -1e3;
        }
        let bonus = self.roundabout_bonus(car, p.cooperative_roundabout.unwrap_or(p.cooperative), curr, neigh);
        dist += bonus;
        neigh_dist += bonus;
        // Queues are added up only where they decide, and once for both sides.
        let queue = |n: usize| self.queue_along(lanes, sides, n, queues);
        let room = neigh_dist - pos;
        let neigh_left = || (room - queue(other).max(queue(mine))).max(0.0);
        let too_near = |lanes: i32| too_short(room.max(0.0), lanes, look) || too_short(neigh_left(), lanes, look);
        let soon = to_best && offset == curr.offset && {
            let best = Some(mine.saturating_add_signed(offset as isize)).filter(|n| *n < lanes.len()).unwrap_or(mine);
            too_short((dist - pos - queue(best)).max(to_stop), offset, look)
        };
        let wish = self.wish(car.lane, car);
        let neigh_wish = self.wish(b.lane, car);
        let mut here = wish;
        let mut pulls_out = false;
        // Who drives fast does not overtake on the side of the kerb.
        let keeps_behind = !self.congested(car) && !k.hurries;
        if soon {
            ret |= lca | want::STRATEGIC | want::URGENT;
        } else {
            if keeps_behind && !right {
                self.look_ahead(car, lanes, sides, b);
                if let Some((lead, gap)) = b.ahead {
                    (here, pulls_out) = self.stay_behind(car, c, k, b.lane, lead, gap, wish);
                }
            }
            let around = gap_of(b.leader) + k.length + room_of(b.leader);
            if stopped(b.leader)
                && gap_of(b.leader) < STOPPED_M
                && neigh_dist.min(dist) - pos > around
                && (!keeps_behind || !right)
                && (b.ahead.is_none() || !stopped(b.ahead) || gap_of(b.ahead) > around)
            {
                dist = pos + gap_of(b.leader);
                ret |= lca | want::STRATEGIC | want::URGENT;
            } else if !to_best && too_near(offset.abs() + 2)
                || offset == 0 && neigh_left() * 2.0 < look
                || offset == 0 && !stopped(b.leader) && self.leads_somewhere(neigh) && bonus == 0.0 && p.strategic >= 0.0 && neigh_dist < TURN_LANE_M
            {
                ret |= want::STAY | want::STRATEGIC;
            }
        }
        if ret & want::STAY != 0 {
            return ret;
        }
        let canceled = ret;
        self.look_ahead(car, lanes, sides, b);
        if ret & want::URGENT != 0 {
            let many = to_best && offset.abs() > 1;
            let ways = curr.way.len() > 1;
            self.look_behind(car, lanes, sides, b);
            self.hurry(car, c, k, b, offset, dist - pos, many, ways, blockers[0], changes);
            return canceled;
        }
        let accelerating = [b.leader, b.ahead].into_iter().flatten().any(|(o, _)| self.cars[o as usize].accel > 0.0);
        let there = neigh_wish.min(self.expected(car, k, b.ahead, neigh_dist, neigh_wish, accelerating));
        let here = here.min(self.expected(car, k, b.leader, dist, wish, accelerating));
        let [right_at, left_at] = k.gain_at;
        let inconvenience = if right { c.speed_gain / right_at } else { -c.speed_gain / left_at };
        let inconvenient = inconvenience.max(here / there.max(1e-9) - 1.0).min(1.0) > p.cooperative;
        if bonus > 0.0 {
            let req = if right { ret | want::STAY | want::COOPERATIVE } else { ret | lca | want::COOPERATIVE };
            return req;
        }
        let road = &self.streets.lanes[car.lane as usize];
        if right && offset == 0 && road.speed > 80.0 / 3.6 && c.look_ahead > HALT {
            return ret | want::STAY | want::STRATEGIC;
        }
        let told = if right { want::OTHER_RIGHT } else { want::OTHER_LEFT };
        if c.state & want::AM_BLOCKING_FOLLOWER != 0
            && !inconvenient
            && c.state & told != 0
            && (to_best || !too_short(neigh_dist - pos, offset.abs() + 1, look))
        {
            return ret | lca | want::COOPERATIVE | want::URGENT;
        }
        let gain = (there - here) / there.max(LEAST_SPEED);
        let far = neigh_dist / v.max(0.1) > 20.0;
        if right {
            if here - 5.0 / 3.6 > there {
                if c.speed_gain < 0.0 {
                    c.speed_gain *= fade(self.fading[0]);
                }
            } else {
                if c.speed_gain < 0.0 || gain > 0.0 {
                    c.speed_gain -= dt * gain;
                }
                let accept = 7.0 * (wish / road.speed) * v.max(1.0);
                let mut free = (neigh_dist - k.brake_gap(wish)).max(0.0);
                let mut seconds = accept.min(free / wish);
                if let Some((lead, gap)) = b.ahead {
                    let lead = &self.cars[lead as usize];
                    if lead.speed < wish {
                        free = free.min(gap - k.secure_gap(wish, lead.speed, self.kind(lead).decel)).max(0.0);
                        seconds = seconds.min(free / (wish - lead.speed));
                    }
                }
                if let Some((lead, gap)) = b.leader.filter(|_| keeps_behind) {
                    // One whom it cannot overtake there is no reason to go there.
                    let lead = &self.cars[lead as usize];
                    let its = self.wish(lead.lane, lead);
                    if its < wish {
                        free = free.min(gap);
                        seconds = seconds.min(free / (wish - lead.speed));
                        c.speed_gain += dt * (wish - its) / wish.max(LEAST_SPEED);
                    }
                }
                c.keep_right -= dt * right_at * (seconds / accept) / KEEP_RIGHT_S;
                if c.keep_right * p.keep_right < -right_at {
                    return ret | lca | want::KEEP_RIGHT;
                }
            }
            if c.speed_gain < -right_at && far {
                return ret | lca | want::SPEED;
            }
        } else {
            if here > there {
                if c.speed_gain > 0.0 {
                    c.speed_gain *= fade(self.fading[0]);
                }
            } else if here == there {
                if c.speed_gain > 0.0 {
                    c.speed_gain *= fade(self.fading[1]);
                }
            } else {
                c.speed_gain += dt * gain;
            }
            if c.speed_gain > left_at && (gain > EPS || pulls_out) && far {
                return ret | lca | want::SPEED;
            }
        }
        let inclined = if right { c.speed_gain < 0.0 } else { c.speed_gain > 0.0 };
        if to_best && offset == curr.offset && p.strategic >= 0.0 && gain >= 0.0 && inclined {
            return ret | lca | want::STRATEGIC;
        }
        ret
    }

    /// Length of the queue on a lane of the edge, as far as it is in turn already, and on those by which it leads on, m.
    fn queue_along(&self, lanes: &[BestLane], sides: &[Side], n: usize, known: &Queues) -> f64 {
        let further = || lanes[n].way.get(1..).unwrap_or_default().iter().map(|next| self.room[*next as usize]).fold(0.0, |sum, room| sum + room);
        let further = known.get(n).and_then(Cell::get).unwrap_or_else(further);
        if let Some(known) = known.get(n) {
            known.set(Some(further));
        }
        sides.get(n).map_or(0.0, |s| s.queue) + further
    }

    /// Adapts to a slower one ahead on the lane towards the middle, so as not to overtake it on the other side, and inclines to follow it
    /// there shortly before it would have to brake. Gives the speed that this leaves, and whether it inclines.
    #[allow(clippy::too_many_arguments)]
    fn stay_behind(&self, car: &Car, c: &mut Change, k: &Kind, lane: u32, lead: u32, gap: f64, wish: f64) -> (f64, bool) {
        let other = &self.cars[lead as usize];
        let decel = self.kind(other).decel;
        let faster = (wish - self.wish(lane, other)).max(car.speed - other.speed);
        if faster <= 0.0 {
            return (wish, false);
        }
        let follow = |gap: f64| k.follow_looking(car.speed, gap, other.speed, decel, wish);
        let (behind, hardest) = (follow(gap), (car.speed - k.decel * self.dt).max(0.0));
        let mut v = if behind >= hardest { behind } else { hardest.max(other.speed - OVERTAKE) };
        if c.speed_gain < k.gain_at[1] {
            v = v.max(other.speed);
        }
        c.advice.push((v - car.speed) / self.dt);
        let pulls_out = follow(gap - faster * SOON_S) < v;
        if pulls_out {
            c.speed_gain += self.dt * faster / wish.max(LEAST_SPEED);
        }
        (wish.min(v), pulls_out)
    }

    /// Whether a vehicle is in slow traffic, or on a slow road: there one overtakes on either side.
    pub(super) fn congested(&self, car: &Car) -> bool {
        car.speed < SLOW || self.streets.lanes[car.lane as usize].speed < SLOW + 0.1 / 3.6
    }

    /// Whether a lane's way ends where it could go on.
    fn leads_somewhere(&self, lane: &BestLane) -> bool {
        lane.way.last().is_some_and(|l| self.streets.lanes[*l as usize].links.1 > 0)
    }

    /// Distance that roundabouts ahead add: inner lanes are worth using.
    fn roundabout_bonus(&self, car: &Car, weight: f64, curr: &BestLane, neigh: &BestLane) -> f64 {
        let edge_of = |l: u32| &self.streets.edges[self.streets.lanes[l as usize].edge as usize];
        let seen = curr.way.len().min(SEEN);
        if curr.ring >= seen && neigh.ring >= SEEN - seen {
            return 0.0;
        }
        let count = |way: &[u32]| way.iter().take_while(|l| edge_of(**l).roundabout).count();
        // Only for those who are on it, or about to enter, and drive along more than one edge of it.
        let (here, there) = (count(&curr.way[usize::from(!edge_of(car.lane).roundabout)..]), count(&neigh.way[usize::from(!edge_of(car.lane).roundabout)..]));
        if here.max(there) > 1 { weight * self.streets.lanes[car.lane as usize].length.max(50.0) } else { 0.0 }
    }

    /// Speed that a lane allows a second from now.
    fn expected(&self, car: &Car, k: &Kind, near: Near, dist: f64, wish: f64, accelerating: bool) -> f64 {
        let (gap, v, decel) = match near {
            None => (dist, 0.0, k.decel),
            Some((lead, gap)) => (gap, self.cars[lead as usize].speed, self.kind(&self.cars[lead as usize]).decel),
        };
        if accelerating { k.follow_looking_at_most(car.speed, gap, v, decel, wish, wish) } else { k.safe_looking_at_most(car.speed, gap, v, decel, wish) }
    }
}

/// Both, or one, or none of two who want in.
fn dedup(blockers: [u32; 2]) -> impl Iterator<Item = u32> {
    let [first, last] = blockers;
    let nobody = super::cars::NOBODY;
    [Some(last).filter(|l| *l != nobody), Some(first).filter(|f| *f != nobody && *f != last)].into_iter().flatten()
}
