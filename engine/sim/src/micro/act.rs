//! From plans to speeds: which links may be passed, what chance and lane changing make of it, and moving on.

use super::cars::{Item, NOBODY};
use super::follow::{EPS, HALT, STEP_M};
use super::world::{World, shown};
use qike_network::streets::kind as bits;

/// What a vehicle does in a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deed {
    /// Speed.
    pub v: f64,
    /// It must wait at the next link.
    pub must_wait: bool,
    /// It gives up its claim to go first on the junction.
    pub gives_up: bool,
    /// Its stop is reached.
    pub reaches_stop: bool,
}

impl World {
    /// Decides a vehicle's speed by its plans and by who comes to the links on its way.
    pub(super) fn decide(&self, me: u32, items: &[Item], stop_dist: f64) -> Deed {
        let car = &self.cars[me as usize];
        let k = self.kind(car);
        if let [Item { link: NOBODY, wait: 0.0, request: false, stands: false, .. }] = items[..]
            && car.speed == 0.0
            && !car.stopped
        {
            // It stands, and stays where it is.
            let roundabout = self.streets.edges[self.streets.lanes[car.lane as usize].edge as usize].roundabout;
            return Deed { v: 0.0, must_wait: !roundabout, gives_up: false, reaches_stop: self.reaches(me, 0.0, stop_dist) };
        }
        let mut deed = Deed::default();
        let mut safe = f64::INFINITY;
        let (mut at_least, mut least_dist, mut could_stop) = (f64::NEG_INFINITY, 0.0, false);
        for item in items {
            let Some(l) = (item.link != NOBODY && item.request).then(|| &self.streets.links[item.link as usize]) else {
                let here = item.link != NOBODY && self.streets.links[item.link as usize].kind & (bits::EXIT | bits::INSIDE) != 0;
                deed.gives_up |= here && self.streets.lanes[car.lane as usize].inside && self.same_junction(item.link, car.lane);
                safe = item.wait;
                deed.must_wait |= if item.link == NOBODY && item.request {
                    // Where one goes first, who is kept slow waits all the same.
                    safe < k.decel && safe < k.next_max(car.speed)
                } else if item.link == NOBODY && item.stands {
                    true
                } else {
                    // Who slows for the end of its way waits at no link.
                    let at_link = item.link != NOBODY || stop_dist < self.streets.lanes[car.lane as usize].length - car.pos;
                    at_link && (safe < car.speed || safe < HALT)
                };
                break;
            };
            let show = self.shown[item.link as usize];
            if show & (shown::FIRST | shown::RED | shown::YELLOW | shown::ZIPPER) == shown::FIRST {
                // It goes first.
                safe = item.pass;
                deed.must_wait |= safe < k.decel && safe <= item.wait && safe < k.next_max(car.speed);
                continue;
            }
            let yellow = show & shown::YELLOW != 0;
            let can_stop = item.dist > k.brake_gap_by(car.speed, k.decel, 0.0) || car.speed < k.decel * self.dt;
            let lane = &self.streets.lanes[l.from as usize];
            let beyond = lane.stop_offset > 0.0 && lane.stop_users.contains(k.user) && item.dist < lane.stop_offset;
            let ignores = self.ignores_red(car, item.link, can_stop) || beyond;
            if yellow && can_stop && !ignores {
                (safe, deed.must_wait) = (item.wait, true);
                break;
            }
            let mut passing = self.passing(car, k, item);
            passing.impatience = if can_stop { passing.impatience } else { 1.0 };
            let open = yellow || self.opened(me, item.link, passing, ignores);
            let minor = show & shown::FIRST == 0 && !self.came_first(item.link) && l.kind & bits::WAITS_INSIDE == 0;
            if open && minor && !ignores {
                if item.dist > l.visibility && (can_stop || !yellow) {
                    (safe, deed.must_wait) = (item.wait, true);
                    break;
                }
                // Too late to stop: on, and fast enough to get across.
                least_dist = item.dist;
                at_least = ((least_dist + STEP_M) / self.dt).min(item.pass).min(k.next_max(car.speed));
                could_stop = can_stop;
            }
            if open {
                safe = item.pass;
                deed.must_wait |= safe < k.decel && safe <= item.wait && safe < k.next_max(car.speed);
            } else if show & shown::ZIPPER != 0 {
                safe = item.pass.min(self.zipper(me, item, l.visibility));
            } else if !can_stop && l.light == qike_network::streets::NONE && item.dist < k.brake_gap_by(car.speed, k.emergency, 0.0) {
                safe = item.pass;
            } else {
                (safe, deed.must_wait) = (item.wait, true);
                break;
            }
        }
        if safe + EPS < at_least {
            if could_stop && safe < car.speed {
                let stand = k.stand(car.speed, least_dist, self.wish(car.lane, car));
                safe = safe.min(k.next_min(car.speed).max(stand));
                at_least = 0.0;
                deed.must_wait = true;
            } else {
                at_least = safe;
            }
        }
        let on = &self.streets.lanes[car.lane as usize];
        if self.streets.edges[on.edge as usize].roundabout {
            deed.must_wait = false;
        }
        self.finish(me, safe, at_least, stop_dist, items, &mut deed);
        deed
    }

    fn same_junction(&self, link: u32, lane: u32) -> bool {
        let entry = self.streets.lanes[lane as usize].entry;
        entry != qike_network::streets::NONE && self.streets.links[entry as usize].junction == self.streets.links[link as usize].junction
    }

    /// Bounds by what the vehicle can do, chance, and what lane changing asks for.
    fn finish(&self, me: u32, safe: f64, at_least: f64, stop_dist: f64, items: &[Item], deed: &mut Deed) {
        let car = &self.cars[me as usize];
        let k = self.kind(car);
        // Who has stood long enough at the end of this step drives on in it.
        let stop = if car.stopped && car.stop.is_none_or(|s| s.left_ms > self.dt_ms) {
            0.0
        } else if car.stopped {
            safe
        } else {
            deed.reaches_stop = self.reaches(me, safe, stop_dist);
            safe
        };
        let lowest = k.next_min(car.speed).min(safe.max(k.next_hardest(car.speed)));
        let limit = self.wish(car.lane, car).max(safe.min(k.max_speed));
        let highest = limit.min(k.next_max(car.speed)).min(stop).max(lowest);
        let mut v = highest;
        if k.dawdles() {
            let sigma = match k.manners.sigma_minor {
                Some(minor) if self.passing_minor(car.lane, items) => minor,
                _ => k.sigma,
            };
            v = lowest.max(k.dawdle(highest, sigma, self.chance(car, 0)));
        }
        v = self.with_changing(me, lowest, v, highest);
        if v > 0.0 {
            v = v.max(at_least);
        }
        if v.abs() < EPS && stop_dist > STEP_M {
            v = 0.0;
        }
        deed.v = v.max(0.0);
    }

    fn passing_minor(&self, lane: u32, items: &[Item]) -> bool {
        let l = &self.streets.lanes[lane as usize];
        if l.inside && l.entry != qike_network::streets::NONE {
            return !self.shows(l.entry, shown::FIRST);
        }
        items.first().is_some_and(|i| i.link != NOBODY && !self.shows(i.link, shown::FIRST) && i.dist <= self.streets.links[i.link as usize].visibility)
    }

    /// Whether a vehicle stands where its stop is.
    fn reaches(&self, me: u32, v: f64, stop_dist: f64) -> bool {
        let car = &self.cars[me as usize];
        let Some(stop) = car.stop.filter(|s| s.leg == car.leg && s.lane == car.lane) else { return false };
        let target = car.pos + stop_dist;
        let from = if stop.place == NOBODY { stop.from } else { target - 10.0 };
        let fits = stop.place == NOBODY || car.pos - self.kind(car).length >= stop.from - STEP_M || car.pos >= stop.to - STEP_M;
        car.pos >= from - EPS && fits && v <= HALT
    }

    /// Speed at a zipper: as if it drove behind those who come before it on the other lane.
    fn zipper(&self, me: u32, item: &Item, visibility: f64) -> f64 {
        let car = &self.cars[me as usize];
        let k = self.kind(car);
        if item.dist > visibility.max(k.brake_gap_by(car.speed, k.decel, 0.0)) {
            return item.pass;
        }
        let wish = self.wish(car.lane, car);
        let mut v = item.pass;
        for foe in self.streets.foes_of(item.link) {
            for a in self.approaches[*foe as usize].iter().filter(|a| a.car != me) {
                let other = &self.cars[a.car as usize];
                let fk = self.kind(other);
                let before = a.dist < item.dist || a.dist == item.dist && other.id < car.id;
                if before {
                    let gap = item.dist - a.dist - fk.length - k.gap;
                    v = v.min(k.follow(car.speed, gap, other.speed, fk.apparent, wish).max(k.next_min(car.speed)));
                }
            }
        }
        v
    }

    /// What lane changing makes of a speed between `low` and `high`.
    fn with_changing(&self, me: u32, low: f64, wanted: f64, high: f64) -> f64 {
        use super::cars::want;
        let car = &self.cars[me as usize];
        let c = &car.change;
        let k = self.kind(car);
        let (mut low, mut high) = (low.max(0.0), high);
        let mut v = wanted;
        let mut advised = false;
        if c.blocker != 0.0 {
            let space = c.left_space - c.blocker - 1.0 - k.gap;
            if space > 0.0 {
                let hardest = k.next_hardest(car.speed);
                let safe = k.stand(car.speed, space, self.wish(car.lane, car));
                high = high.min(safe.max(hardest));
                if safe < wanted {
                    if safe < low && safe >= hardest {
                        low = hardest.max(safe);
                    }
                    (v, advised) = (low.max(safe), true);
                }
            }
        }
        let weight = k.changing.cooperative_speed.unwrap_or(k.changing.cooperative).clamp(0.0, 1.0);
        for a in &c.advice {
            let to = car.speed + a * self.dt;
            if to >= low && to <= high {
                v = v.min(to * weight + (1.0 - weight) * wanted);
                advised = true;
            }
        }
        if advised && !c.no_braking {
            return v;
        }
        let state = c.state;
        if state & want::CHANGE != 0 && state & want::BLOCKED != 0 {
            if state & want::STRATEGIC != 0 {
                return (high + wanted) / 2.0;
            }
            if state & want::COOPERATIVE != 0 {
                if state & want::BLOCKED_LEADER != 0 {
                    return (low + wanted) / 2.0;
                }
                if state & want::BLOCKED_FOLLOWER != 0 {
                    return (high + wanted) / 2.0;
                }
            }
        }
        // One whom somebody behind wants to get in after goes on as fast as may be.
        if state & want::AM_BLOCKING_LEADER != 0 { (high + wanted) / 2.0 } else { wanted }
    }
}
