//! Looking ahead: what speed the way before a vehicle allows, link by link, if it may pass each, and if it must wait.

use super::cars::{Car, Item, Items, NOBODY};
use super::follow::{EPS, HALT, Kind, STEP_M};
use super::world::{World, shown};
use qike_network::streets::kind as bits;

/// Who expects to go first soon stops that far before the line, m.
const BEFORE_LINE_M: f64 = 1.0;
/// At yellow one brakes at least that hard where needed, m/s².
const YELLOW_DECEL: f64 = 3.0;
/// Looks that many own lengths beyond a junction for room.
const ROOM_LENGTHS: f64 = 5.0;
/// Links further away than braking distance and so many seconds are not looked at.
const FAR_S: f64 = 8.0;
/// One who has stood that long on a junction does not count as about to leave it, ms.
const BLOCKED_MS: i64 = 5000;

/// What a look ahead carries along.
pub(super) struct Look<'a> {
    /// The vehicle.
    pub me: u32,
    /// It.
    pub car: &'a Car,
    /// Its kind.
    pub kind: &'a Kind,
    /// Speed that all so far allows.
    pub v: f64,
    /// Upper bound of the speed at the next link.
    pub pass: f64,
    /// Distance to the end of the lane that is looked at, m.
    pub seen: f64,
    /// Plans so far: its own, behind those of others.
    pub items: &'a mut Items,
    /// Place of its first.
    pub first: usize,
    /// The last item is of a link that was passed.
    pub passed: bool,
}

impl World {
    /// Calls `plan` for all on a lane, the first in the queue first: its place in that order, itself, who is before it, and lengths and
    /// gaps of all before it.
    pub(super) fn plan_lane(&self, lane: u32, plan: &mut dyn FnMut(usize, u32, u32, f64)) {
        let cars = &self.on[lane as usize].cars;
        if cars.is_empty() {
            return;
        }
        let (mut leader, mut before) = (self.partial_on(lane), 0.0);
        for (n, &slot) in cars.iter().rev().enumerate() {
            plan(n, slot, leader, before);
            before += self.kind(&self.cars[slot as usize]).room;
            leader = slot;
        }
    }

    /// Whether a vehicle stands behind one who stands on the same lane, too near to move; then it need not look any further.
    fn is_queued(&self, car: &Car, k: &Kind, leader: u32) -> bool {
        if car.speed > 0.0 || leader == NOBODY || car.stopped {
            return false;
        }
        let other = &self.cars[leader as usize];
        if other.speed > 0.0 || other.lane != car.lane {
            return false;
        }
        let gap = other.pos - self.kind(other).length - car.pos - k.gap;
        gap < EPS || gap < 1.0 && k.follow(0.0, gap, 0.0, self.kind(other).apparent, self.wish(car.lane, car)) < EPS
    }

    /// Plans a vehicle's next step; what it plans is added to `items`. `leader`: the one before it on its lane, or reaching back onto it. `before_m`: lengths and gaps of
    /// all before it on its lane. Gives the distance to its next stop.
    pub(super) fn plan(&self, me: u32, leader: u32, before_m: f64, items: &mut Items) -> f64 {
        let first = items.len();
        let car = &self.cars[me as usize];
        let k = self.kind(car);
        if self.is_queued(car, k, leader) && !self.streets.lanes[car.lane as usize].inside {
            items.push(Item::end(0.0, self.streets.lanes[car.lane as usize].length - car.pos));
            return car.stop_dist;
        }
        let v_min = k.next_min(car.speed);
        let max_v = k.next_max(car.speed);
        let mut lane = car.lane;
        let mut lane_v = self.wish(lane, car).max(v_min);
        let wish = self.wish(car.lane, car);
        let horizon = max_v * self.dt + k.brake_gap(max_v);
        let way = self.way(car, lane);
        // The next road on the way has that number; the lane that is looked at is one before it, or on the way to it.
        let (mut view, mut over_road) = (1, false);
        let inside = self.streets.lanes[lane as usize].inside;
        let mut stop_dist = f64::INFINITY;
        let v = max_v.min(lane_v);
        let seen = self.streets.lanes[lane as usize].length - car.pos;
        let pass = k.speed_after_at_most(seen, v, k.accel, lane_v);
        let (mut seen_inside, mut seen_road) = (if inside { seen } else { 0.0 }, 0.0);
        let mut slowed = false;
        let mut ahead = leader;
        let path_end = self.path(car).len();
        let mut look = Look { me, car, kind: k, v, pass, seen, items, first, passed: false };
        loop {
            if ahead != NOBODY && ahead != me {
                self.heed_leader(&mut look, lane, ahead, wish);
            }
            if look.passed
                && let Some(last) = look.items.last_mut()
            {
                last.wait = last.wait.min(look.v);
            }
            let leg = car.leg as usize + view - 1;
            // A stop on this lane's edge: no need to look further.
            if let Some(stop) = car.stop.filter(|s| !car.stopped && s.leg as usize == leg && self.streets.lanes[s.lane as usize].edge == self.streets.lanes[lane as usize].edge) {
                let end = self.stop_end(&stop, me, car, k) + EPS;
                stop_dist = look.seen + end - self.streets.lanes[lane as usize].length;
                let v = k.stand(car.speed, stop_dist, wish).max(v_min);
                if look.passed
                    && let Some(last) = look.items.last_mut()
                {
                    last.leave_at_most(k.stand(look.pass, end, wish));
                }
                look.v = look.v.min(v);
                let end = Item::end(look.v, stop_dist);
                look.items.push(end);
                break;
            }
            if leg + 1 == path_end && !self.streets.lanes[lane as usize].inside {
                let arrive_v = car.arrive_v.unwrap_or(lane_v);
                let dist = look.seen + car.arrive_at - self.streets.lanes[lane as usize].length - arrive_v * self.dt;
                let v = k.free(car.speed, dist, arrive_v, wish, false).max(EPS);
                look.v = look.v.min(v);
                if look.passed
                    && let Some(last) = look.items.last_mut()
                {
                    last.leave_at_most(v);
                }
                let mut end = Item::end(look.v, look.seen);
                end.space = if self.streets.edges[self.streets.lanes[lane as usize].edge as usize].fringe { 1000.0 } else { 0.0 };
                look.items.push(end);
                break;
            }
            // What is so far away need not be known yet, by nobody, but for whether one will have to give way there. On a junction others
            // may be in the way long before the link.
            if look.seen > horizon + FAR_S * max_v && !self.streets.lanes[lane as usize].inside {
                let far = self.next_link(car, lane, view, way).map(|l| self.shown[l as usize]);
                let is = |bits: u8| far.map(|f| f & bits != 0);
                let shut = is(shown::RED | shown::YELLOW) == Some(true);
                let end = Item::far(look.v, look.seen, is(shown::FIRST) == Some(true) && !shut, is(shown::FIRST) == Some(false) && !shut);
                look.items.push(end);
                break;
            }
            let Some(link) = self.next_link(car, lane, view, way) else {
                let v = k.stand(car.speed, look.seen, wish);
                if look.passed
                    && let Some(last) = look.items.last_mut()
                {
                    last.leave_at_most(v);
                }
                look.v = look.v.min(v);
                let end = Item::end(look.v, look.seen);
                look.items.push(end);
                break;
            };
            let l = &self.streets.links[link as usize];
            let show = self.shown[link as usize];
            let red_or_yellow = show & (shown::RED | shown::YELLOW) != 0;
            let goes_first = show & shown::FIRST != 0;
            let from = &self.streets.lanes[lane as usize];
            let line = if from.stop_offset > 0.0 && from.stop_users.contains(k.user) { from.stop_offset } else { 0.0 };
            let expect = k.manners.stop_line_gap_m.unwrap_or(BEFORE_LINE_M).max(line);
            let decel = if red_or_yellow { YELLOW_DECEL.min(k.emergency).max(k.decel) } else { k.decel };
            let brake = k.brake_gap_by(car.speed, decel, 0.0);
            let mut offset = if red_or_yellow {
                expect
            } else if goes_first {
                expect.min(l.visibility - STEP_M)
            } else {
                line.min(l.visibility - STEP_M)
            };
            if look.seen >= brake {
                offset = offset.min(look.seen - brake);
            }
            let stop_at = (look.seen - offset.max(STEP_M)).max(0.0);
            let leaving = inside && !look.passed && look.items.len() == first;
            let aborted = slowed && l.kind & (bits::EXIT | bits::INSIDE) == 0;
            let mut request = look.v > EPS && !aborted || leaving;
            let mut wait = k.stand_by_at_most(car.speed, stop_at, decel, wish, look.v);
            if red_or_yellow && look.seen - line >= brake && !self.ignores_red(car, link, true) {
                if from.inside {
                    self.heed_junction(&mut look, link, lane, &mut wait, &mut request, wish);
                }
                let item = Item { link, pass: look.v, wait, dist: look.seen, arrive_ms: 0, arrive_v: wait, leave_v: -1.0, brake_v: 0.0, space: 0.0, request: false, stands: false };
                look.items.push(item);
                break;
            }
            if from.inside {
                self.heed_junction(&mut look, link, lane, &mut wait, &mut request, wish);
            }
            if look.passed
                && let Some(last) = look.items.last_mut()
            {
                last.leave_at_most(lane_v);
            }
            let mut arrive_v = look.pass;
            let minor = !goes_first && brake < look.seen && !self.came_first(link);
            if minor && look.seen > l.visibility {
                // Slow enough to stop if somebody comes into sight, but no slower.
                let seeing = k.safe_stand(car.speed, l.visibility, k.decel);
                arrive_v = look.pass.min(k.speed_after(l.visibility, seeing, k.accel));
                slowed = true;
            } else if show & shown::EQUAL != 0 && car.wait_ms > 0 && self.waits_in_a_ring(link) {
                let least = if l.turn == qike_network::traffic::TurnKind::Straight { 0.25 } else { 0.75 };
                request &= self.chance(car, 1) >= least;
            }
            slowed |= minor && l.kind & bits::ROUNDABOUT != 0;
            // When and how fast it passes matters only where it gives way, or somebody else may have to.
            let known = request && l.kind & bits::WATCHED != 0 || !goes_first || show & shown::ZIPPER != 0;
            let (mut arrive_ms, mut brake_v, mut leave_v) = (0, 0.0, -1.0);
            if known {
                arrive_ms = self.arrival(car, k, look.seen, look.v, arrive_v);
                brake_v = if look.seen < k.brake_gap(look.v) && !car.stopped { k.slowest_at(look.seen, look.v).min(arrive_v) } else { 0.0 };
                leave_v = k.speed_after_at_most(l.length, arrive_v, k.accel, self.wish(l.next, car));
            }
            let (to_road, next) = (!self.streets.lanes[l.next as usize].inside, l.next);
            let item = Item { link, pass: look.v, wait, dist: look.seen, arrive_ms, arrive_v, leave_v, brake_v, space: 0.0, request, stands: false };
            look.items.push(item);
            if to_road {
                over_road = true;
                view += 1;
            }
            let enough = (k.length * ROOM_LENGTHS).max(k.length + seen_inside);
            if (!request || look.v <= 0.0 || look.seen > horizon) && over_road && seen_road > enough {
                break;
            }
            lane = next;
            lane_v = self.wish(lane, car);
            let v = k.free_at_most(car.speed, look.seen, lane_v, wish, look.v);
            look.v = look.v.min(v.max(v_min));
            let length = self.streets.lanes[lane as usize].length;
            if to_road { seen_road += length } else { seen_inside += length }
            ahead = self.last_on(lane);
            look.seen += length;
            look.pass = k.speed_after_at_most(length, look.v, k.accel, lane_v);
            look.passed = true;
        }
        self.keep_clear(me, car, k, before_m, &mut items[first..]);
        stop_dist
    }

    /// When a vehicle arrives at a place, ms.
    fn arrival(&self, car: &Car, k: &Kind, dist: f64, v: f64, arrive_v: f64) -> i64 {
        let standing = if car.stopped { car.stop.map_or(0, |s| s.left_ms.max(0)) } else { 0 };
        self.now_ms - self.dt_ms + (k.arrival_s(dist, v, arrive_v) * 1000.0) as i64 + standing
    }

    /// Heeds the last vehicle on a lane that is looked at.
    fn heed_leader(&self, look: &mut Look, lane: u32, leader: u32, wish: f64) {
        let (other, k) = (&self.cars[leader as usize], look.kind);
        let lead = self.kind(other);
        let back = self.back_on(other, lane);
        let gap = if look.passed { back + look.seen - self.streets.lanes[lane as usize].length - k.gap } else { back - look.car.pos - k.gap };
        let mut safe = 0.0;
        let mut behind = true;
        if gap < 0.0 && look.passed {
            // It reaches further back than this lane: is its rear on the way, or does it come from elsewhere?
            let rear = other.behind.last().copied().unwrap_or(other.lane);
            behind = rear == lane || rear == look.car.lane || look.items[look.first..].iter().any(|i| i.link != NOBODY && self.streets.links[i.link as usize].next == rear);
            if !behind {
                let last = look.items.last().map_or(NOBODY, |i| i.link);
                let mut stop = look.seen - self.streets.lanes[lane as usize].length - STEP_M;
                if last != NOBODY && self.streets.links[last as usize].kind & (bits::EXIT | bits::INSIDE) != 0 {
                    // Not onto the place where they meet.
                    stop -= self.streets.lanes[self.streets.links[last as usize].from as usize].length;
                }
                safe = k.stand(look.car.speed, stop, wish);
            }
        }
        if behind {
            safe = k.follow_at_most(look.car.speed, gap, other.speed, lead.apparent, wish, look.v.max(look.pass));
        }
        // With what speed one leaves a link matters where somebody gives way.
        if look.passed
            && let Some(last) = look.items.last_mut()
            && (self.streets.links[last.link as usize].kind & bits::WATCHED != 0 || !self.shows(last.link, shown::FIRST))
        {
            let most = if last.leave_v < 0.0 { f64::INFINITY } else { last.leave_v };
            last.leave_at_most(k.follow_at_most(last.leave(), gap, other.speed, lead.apparent, wish, most));
        }
        look.v = look.v.min(safe);
        look.pass = look.pass.min(safe);
    }

    /// Heeds vehicles on the junction whose way meets the one off it by `link`.
    fn heed_junction(&self, look: &mut Look, link: u32, lane: u32, wait: &mut f64, request: &mut bool, wish: f64) {
        let k = look.kind;
        let v0 = look.car.speed;
        self.on_junction(look.me, link, look.seen, &mut |leader| {
            let other = &self.cars[leader.car as usize];
            if !(leader.in_the_way || self.is_first(look.me, link, leader.car, leader.gap)) {
                return;
            }
            let mut safe = if leader.gap >= 0.0 {
                k.follow(v0, leader.gap, other.speed, self.kind(other).apparent, wish)
            } else {
                k.stand(v0, look.seen - self.streets.lanes[lane as usize].length - STEP_M, wish)
            };
            if let Some(to) = leader.to_crossing {
                let stand = k.stand(v0, to - k.gap, wish);
                if leader.gap == f64::NEG_INFINITY {
                    safe = safe.max(stand);
                } else {
                    // It may come as near as it likes if it gets there only after the other has gone past.
                    let past = (to - leader.gap) / other.speed.max(HALT);
                    let last = (2.0 * (to - k.gap) / past - v0).max(v0);
                    safe = safe.max(stand.min(v0 + (last - v0) / past * self.dt));
                }
            }
            if look.passed
                && let Some(last) = look.items.last_mut()
            {
                last.leave_at_most(safe);
            }
            look.v = look.v.min(safe);
            look.pass = look.pass.min(safe);
            if look.passed
                && let Some(last) = look.items.last()
            {
                // It can always drive up to the line before.
                look.v = look.v.max(last.wait);
            }
            let before = |l: u32| self.streets.lanes[l as usize].before;
            let same = before(other.lane) == before(look.car.lane) && before(other.lane) != qike_network::streets::NONE;
            let from_mine = before(other.lane) == look.car.lane;
            if look.v < HALT && (same || from_mine || other.stopped || other.wait_ms > BLOCKED_MS) {
                *request = false;
                if look.passed
                    && from_mine
                    && let Some(last) = look.items.last_mut()
                {
                    last.request = false;
                }
            }
        });
        *wait = wait.min(look.v);
    }

    /// Where a vehicle has to stand at a stop, m.
    fn stop_end(&self, stop: &super::cars::Halt, me: u32, car: &Car, k: &Kind) -> f64 {
        if stop.place == NOBODY {
            return stop.to;
        }
        // Behind those who stand there already.
        let on_lane = |c: &u32| self.cars[*c as usize].stopped && !self.cars[*c as usize].parked;
        let last = self.at_stop[stop.place as usize].iter().filter(|(c, _)| *c != me && on_lane(c)).map(|(c, front)| {
            let other = &self.cars[*c as usize];
            front - self.kind(other).length - k.gap
        });
        let free = last.fold(stop.to, f64::min);
        let nearest = if car.lane == stop.lane { car.pos + k.brake_gap_by(car.speed, k.decel, 0.0) } else { 0.0 };
        free.max(nearest.min(stop.to)).min(stop.to)
    }
}
