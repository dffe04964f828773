//! Gridlock and overlaps: one who has waited too long is taken out and put back on its way where there is room; each time is counted.

use super::Micro;
use super::cars::NOBODY;
use serde::{Deserialize, Serialize};

/// One who was taken out.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Transfer {
    pub slot: u32,
    /// Place on its path from which on it looks for room.
    pub leg: u32,
    /// Next try, ms.
    pub at_ms: i64,
}

impl Micro {
    /// Counts those who overlap.
    pub(super) fn check_overlaps(&mut self) {
        let w = &self.world;
        for on in self.busy.iter().map(|l| &w.on[*l as usize]).filter(|on| on.cars.len() > 1) {
            for pair in on.cars.windows(2) {
                let (a, b) = (&w.cars[pair[0] as usize], &w.cars[pair[1] as usize]);
                if a.pos > b.pos - w.kind(b).length + 1e-3 {
                    self.trips.counts.overlaps += 1;
                }
            }
        }
    }

    /// Takes out who stands too long at the head of a lane, and puts back those for whom there is room.
    pub(super) fn teleport(&mut self) {
        self.put_back();
        if self.teleport_after_ms <= 0 || self.teleport_after_ms == i64::MAX {
            return;
        }
        for n in 0..self.busy.len() {
            let lane = self.busy[n] as usize;
            let Some(&slot) = self.world.on[lane].cars.last() else { continue };
            let car = &self.world.cars[slot as usize];
            if car.wait_ms <= self.teleport_after_ms || car.stopped {
                continue;
            }
            let (leg, id) = (car.leg, car.id);
            self.world.leave(lane as u32, slot);
            for behind in std::mem::take(&mut self.world.cars[slot as usize].behind) {
                self.world.on[behind as usize].partial.retain(|c| *c != slot);
            }
            self.world.planned_at[slot as usize] = (0, 0);
            self.trips.counts.teleported += 1;
            if let Some(journey) = self.trips.of(id) {
                journey.row.teleports += 1;
                journey.odometer += self.world.cars[slot as usize].pos;
            }
            self.transfer.push(Transfer { slot, leg: leg + 1, at_ms: self.world.now_ms });
        }
    }

    fn put_back(&mut self) {
        let mut waiting = std::mem::take(&mut self.transfer);
        waiting.retain_mut(|t| {
            let path = self.world.paths[self.world.cars[t.slot as usize].path as usize].clone();
            if t.at_ms > self.world.now_ms {
                return true;
            }
            let Some(&edge) = path.get(t.leg as usize) else {
                // Taken out before its last edge: it has arrived.
                self.trips.counts.arrived += 1;
                let car = &self.world.cars[t.slot as usize];
                let (id, at) = (car.id, self.world.now_ms + self.world.dt_ms);
                self.trips.end(id, &car.tally, |j| {
                    j.row.arrival_ms = Some(at);
                    j.row.duration_ms = at - j.row.depart_ms;
                    j.row.length_m = j.odometer;
                });
                self.free_slot(t.slot);
                return false;
            };
            if self.world.is_outside(self.world.streets.edges[edge as usize].lanes.0) {
                self.take_beside(t.slot, t.leg);
                return false;
            }
            if self.place(t.slot, edge, t.leg) {
                return false;
            }
            // It goes on beside the road with the edge's speed, and tries again there.
            let e = &self.world.streets.edges[edge as usize];
            let limit = self.world.limit[e.lanes.0 as usize].max(0.1);
            t.at_ms = self.world.now_ms + (e.length / limit * 1000.0) as i64;
            if t.leg as usize + 1 < path.len() {
                t.leg += 1;
            } else {
                t.at_ms = self.world.now_ms + self.world.dt_ms;
            }
            true
        });
        waiting.append(&mut self.transfer);
        self.transfer = waiting;
    }

    /// Puts a vehicle on a lane of an edge where there is room at its start.
    fn place(&mut self, slot: u32, edge: u32, leg: u32) -> bool {
        let (first, count) = self.world.streets.edges[edge as usize].lanes;
        let user = self.world.kind(&self.world.cars[slot as usize]).user;
        let length = self.world.kind(&self.world.cars[slot as usize]).length;
        let lanes = (first..first + count).filter(|l| self.world.streets.lanes[*l as usize].allowed.contains(user));
        let free = lanes.map(|l| (l, self.world.last_on(l))).find(|(l, last)| {
            *last == NOBODY && self.world.streets.lanes[*l as usize].length >= length.min(5.0)
                || *last != NOBODY && self.world.back_on(&self.world.cars[*last as usize], *l) > length + 2.5
        });
        let Some((lane, _)) = free else { return false };
        let pos = length.min(self.world.streets.lanes[lane as usize].length);
        if self.world.upstream(lane, pos - length, slot).is_some_and(|(_, gap)| gap < 0.0) {
            return false;
        }
        let car = &mut self.world.cars[slot as usize];
        (car.lane, car.leg, car.pos, car.speed, car.wait_ms) = (lane, leg, pos, 0.0, 0);
        while car.stop.is_some_and(|s| s.leg < leg) {
            car.stop = self.trips.of(car.id).and_then(|j| j.stops.pop_front());
        }
        self.world.find_lanes(slot);
        self.world.enter(lane, slot);
        true
    }
}
