//! Moving on: from lane to lane, at stops, off the road at the journey's end.

use super::Micro;
use super::cars::{NEVER, NOBODY};
use super::follow::{EPS, HALT};
use super::junction::GIVEN_UP;
use super::world::{World, shown};
use qike_network::streets::kind as bits;

impl Micro {
    /// All move by what they decided.
    pub(super) fn advance(&mut self) {
        // Those who leave their lane come onto the next one when all have moved.
        let mut entered: Vec<(u32, u32)> = Vec::new();
        let mut any_stopped = false;
        for n in 0..self.active.len() {
            let slot = self.active[n];
            let from = self.world.cars[slot as usize].lane;
            let gone = self.move_one(n, slot);
            self.world.planned_at[slot as usize] = self.plans.place(n);
            let to = self.world.cars[slot as usize].lane;
            let parks = self.world.cars[slot as usize].parked;
            any_stopped |= self.world.cars[slot as usize].stopped;
            if gone || parks || to != from {
                self.world.leave(from, slot);
                if gone {
                    self.free_slot(slot);
                } else if parks {
                    for lane in std::mem::take(&mut self.world.cars[slot as usize].behind) {
                        self.world.on[lane as usize].partial.retain(|c| *c != slot);
                    }
                    self.world.planned_at[slot as usize] = (0, 0);
                    self.parked.push(slot);
                } else if self.world.is_outside(to) {
                    self.drive_out(slot);
                } else {
                    entered.push((to, slot));
                }
            }
        }
        self.lanes_of_those_who_came();
        self.plans.swap_items(&mut self.world.planned);
        self.world.any_stopped = any_stopped;
        for (lane, slot) in entered {
            self.world.enter(lane, slot);
        }
        self.check_overlaps();
        self.teleport();
        self.leave_parking();
    }

    /// Those who have stood beside the road long enough come back onto it where there is room.
    fn leave_parking(&mut self) {
        let mut parked = std::mem::take(&mut self.parked);
        parked.retain(|&slot| {
            Self::serve(&mut self.world, slot, false, &mut self.trips);
            let car = &mut self.world.cars[slot as usize];
            car.tally.stop_ms += self.world.dt_ms;
            let car = &self.world.cars[slot as usize];
            if car.stopped || !self.world.has_room(slot) {
                return true;
            }
            let lane = car.lane;
            self.world.cars[slot as usize].parked = false;
            self.world.enter(lane, slot);
            self.world.reach_back(slot);
            false
        });
        self.parked = parked;
    }

    pub(super) fn free_slot(&mut self, slot: u32) {
        for lane in std::mem::take(&mut self.world.cars[slot as usize].behind) {
            self.world.on[lane as usize].partial.retain(|c| *c != slot);
        }
        self.world.planned_at[slot as usize] = (0, 0);
        self.free.push(slot);
    }

    /// One moves; tells whether it has arrived.
    fn move_one(&mut self, n: usize, slot: u32) -> bool {
        let deed = self.plans.deed(n);
        let stop_dist = self.plans.stop_dist(n);
        let w = &mut self.world;
        let (now, dt, dt_ms) = (w.now_ms, w.dt, w.dt_ms);
        let car = &mut w.cars[slot as usize];
        car.accel = (deed.v - car.speed) / dt;
        car.must_wait = deed.must_wait;
        car.stop_dist = stop_dist;
        if deed.gives_up {
            (car.entered_ms, car.conflict_ms) = (GIVEN_UP, GIVEN_UP);
        }
        let standing = deed.v <= HALT && !car.stopped && car.accel <= 0.5 * w.kinds[car.kind as usize].accel;
        let began = standing && car.wait_ms == 0;
        car.wait_ms = if standing { car.wait_ms + dt_ms } else { 0 };
        let was_stopped = car.stopped;
        Self::serve(w, slot, deed.reaches_stop, &mut self.trips);
        let car = &mut w.cars[slot as usize];
        car.speed = deed.v;
        car.pos += deed.v * dt;
        car.change.last_step = deed.v * dt;
        let lane_before = car.lane;
        let mut arrived = false;
        // Over as many lanes as the step reaches.
        let mut next = self.plans.items(n).iter();
        loop {
            let car = &w.cars[slot as usize];
            let length = w.streets.lanes[car.lane as usize].length;
            let last = car.leg as usize + 1 == w.paths[car.path as usize].len() && !w.streets.lanes[car.lane as usize].inside;
            if last && car.pos > car.arrive_at - super::follow::STEP_M && car.stop.is_none() {
                arrived = true;
                break;
            }
            if car.pos <= length {
                break;
            }
            let item = next.next().filter(|i| i.link != NOBODY && !last);
            let held = item.is_some_and(|i| w.shown[i.link as usize] & shown::RED != 0 && !w.ignores_red(car, i.link, false) && i.dist >= 0.0);
            let Some(item) = item.filter(|_| !held) else {
                // It cannot go on and did not brake in time.
                let car = &mut w.cars[slot as usize];
                if car.pos > length + EPS {
                    self.trips.counts.emergency_stops += 1;
                    (car.speed, car.accel) = (0.0, 0.0);
                }
                car.pos = length;
                break;
            };
            w.pass(slot, item.link, length, now, &mut self.trips);
            if w.is_outside(w.cars[slot as usize].lane) {
                break;
            }
        }
        let car = &w.cars[slot as usize];
        let wish = w.wish(car.lane, car);
        let moved = car.lane != lane_before;
        let car = &mut w.cars[slot as usize];
        if standing {
            car.tally.waiting_ms += dt_ms;
            car.tally.waiting_count += u32::from(began);
        }
        if was_stopped {
            car.tally.stop_ms += dt_ms;
        } else {
            car.tally.loss_s += dt * (wish - car.speed) / wish.max(EPS);
        }
        if arrived {
            self.arrive(slot);
            return true;
        }
        if moved {
            self.moved_on.push(slot);
        }
        let w = &mut self.world;
        if moved || !w.cars[slot as usize].behind.is_empty() {
            w.draw_in(slot);
        }
        let alone = w.streets.edges[w.streets.lanes[lane_before as usize].edge as usize].lanes.1 < 2;
        let c = &mut w.cars[slot as usize].change;
        if alone && c.advice.is_empty() && c.state & (super::cars::want::AM_BLOCKING_LEADER) == 0 {
            // Where there is but one lane, what one was inclined to is forgotten.
            (c.state, c.speed_gain, c.keep_right, c.look_ahead) = (0, 0.0, 0.0, 0.0);
        }
        // Small remainders go the same way on any machine.
        for inclination in [&mut c.speed_gain, &mut c.keep_right] {
            if *inclination != 0.0 {
                *inclination = (*inclination * 1e5).ceil() * 1e-5;
            }
        }
        c.state = if c.state & super::cars::want::STRATEGIC != 0 { c.state & super::cars::want::CHANGE } else { 0 };
        (c.blocker, c.left_space, c.no_braking, c.changed) = (0.0, 0.0, false, false);
        c.advice.clear();
        false
    }

    /// The journey's end.
    fn arrive(&mut self, slot: u32) {
        let w = &self.world;
        let car = &w.cars[slot as usize];
        let (lane, pos, speed, at) = (car.lane, car.arrive_at.min(car.pos), car.speed, w.now_ms);
        self.trips.counts.arrived += 1;
        self.trips.end(car.id, &car.tally, |j| {
            j.row.arrival_ms = Some(at);
            (j.row.arrival_lane, j.row.arrival_pos_m, j.row.arrival_speed_mps) = (lane, pos, speed);
            j.row.duration_ms = at - j.row.depart_ms;
            j.row.length_m = j.odometer + pos;
        });
    }

    /// Standing at a stop, coming to one, leaving it.
    fn serve(w: &mut World, slot: u32, reaches: bool, trips: &mut super::trips::Trips) {
        let (now, dt_ms) = (w.now_ms, w.dt_ms);
        let car = &mut w.cars[slot as usize];
        let Some(mut stop) = car.stop else { return };
        if car.stopped {
            stop.left_ms -= dt_ms;
            car.stop = Some(stop);
            if stop.left_ms <= 0 {
                car.stopped = false;
                car.wait_ms = 0;
                if stop.place != NOBODY {
                    w.at_stop[stop.place as usize].retain(|(c, _)| *c != slot);
                }
                if stop.area != NOBODY {
                    w.in_area[stop.area as usize].0 -= 1;
                }
                w.cars[slot as usize].stop = trips.of(w.cars[slot as usize].id).and_then(|j| j.stops.pop_front());
                w.find_lanes(slot);
            }
        } else if reaches && (stop.area == NOBODY || w.in_area[stop.area as usize].0 < w.in_area[stop.area as usize].1) {
            if stop.area != NOBODY {
                w.in_area[stop.area as usize].0 += 1;
            }
            car.stopped = true;
            car.parked = stop.beside;
            stop.left_ms = stop.duration_ms.max(stop.until_ms - now).max(0);
            car.stop = Some(stop);
            let front = car.pos;
            if stop.place != NOBODY {
                w.at_stop[stop.place as usize].push((slot, front));
            }
        }
    }
}

impl World {
    /// Onto the next lane by a link.
    fn pass(&mut self, slot: u32, link: u32, length: f64, now: i64, trips: &mut super::trips::Trips) {
        let l = &self.streets.links[link as usize];
        let (next, kind) = (l.next, l.kind);
        let to_road = !self.streets.lanes[next as usize].inside;
        let car = &mut self.cars[slot as usize];
        let from = car.lane;
        car.pos -= length;
        car.lane = next;
        car.behind.insert(0, from);
        self.reach_onto(from, slot);
        let car = &mut self.cars[slot as usize];
        if kind & bits::ENTRY != 0 {
            (car.entered_ms, car.entered_first_ms) = (now, now);
        }
        if kind & bits::CONFLICT_ENTRY != 0 {
            car.conflict_ms = now;
            car.entered_ms = car.entered_first_ms;
        }
        if kind & bits::EXIT != 0 {
            (car.entered_ms, car.entered_first_ms, car.conflict_ms) = (NEVER, NEVER, NEVER);
        }
        if let Some(journey) = trips.of(car.id) {
            journey.odometer += length;
        }
        if to_road {
            car.leg += 1;
            // A stop that was passed by is a stop no more.
            while car.stop.is_some_and(|s| s.leg < car.leg) {
                car.stop = trips.of(car.id).and_then(|j| j.stops.pop_front());
            }
            self.note_arrival(slot);
        }
    }

    /// Whether a vehicle beside its lane could stand on it where it is, and those behind could stop.
    fn has_room(&self, slot: u32) -> bool {
        let car = &self.cars[slot as usize];
        let k = self.kind(car);
        let on = &self.on[car.lane as usize];
        let back = car.pos - k.length;
        let at = on.cars.partition_point(|c| self.cars[*c as usize].pos < car.pos);
        let ahead = on.cars.get(at).copied().unwrap_or_else(|| self.partial_on(car.lane));
        let free = ahead == NOBODY || self.back_on(&self.cars[ahead as usize], car.lane) - car.pos >= k.gap;
        let behind = match at.checked_sub(1) {
            Some(n) => Some((on.cars[n], back - self.cars[on.cars[n] as usize].pos - self.kind(&self.cars[on.cars[n] as usize]).gap)),
            None => self.upstream(car.lane, back, slot),
        };
        free && behind.is_none_or(|(c, gap)| {
            let other = &self.cars[c as usize];
            gap >= self.kind(other).secure_gap(other.speed, 0.0, k.decel)
        })
    }

    /// Lets go of lanes behind that a vehicle does not reach onto any more.
    fn draw_in(&mut self, slot: u32) {
        let car = &self.cars[slot as usize];
        let mut left = self.kinds[car.kind as usize].length - car.pos;
        let mut keep = 0;
        for lane in &car.behind {
            if left <= 0.0 {
                break;
            }
            keep += 1;
            left -= self.streets.lanes[*lane as usize].length;
        }
        while self.cars[slot as usize].behind.len() > keep {
            if let Some(lane) = self.cars[slot as usize].behind.pop() {
                // It may be there twice, on its way round.
                let on = &mut self.on[lane as usize].partial;
                if let Some(at) = on.iter().position(|c| *c == slot) {
                    on.remove(at);
                }
            }
        }
    }
}
