//! Keeping junctions clear: nobody drives onto one whom the road beyond has no room for.

use super::cars::{Car, Item, NOBODY};
use super::follow::{Kind, STEP_M};
use super::junction::Passing;
use super::world::{World, shown};
use qike_network::streets::kind as bits;

impl World {
    /// Whether a vehicle keeps the junction behind a link clear.
    fn heeds(&self, link: u32, car: &Car, k: &Kind) -> bool {
        let l = &self.streets.links[link as usize];
        l.kind & bits::MEETS != 0 && l.kind & bits::KEEP_CLEAR != 0 && (car.wait_ms as f64) < k.keeps_clear_ms
    }

    /// Takes back requests for links beyond which there is no room.
    pub(super) fn keep_clear(&self, me: u32, car: &Car, k: &Kind, before_m: f64, items: &mut [Item]) {
        let lane = &self.streets.lanes[car.lane as usize];
        if self.streets.edges[lane.edge as usize].roundabout || items.len() < 2 {
            return;
        }
        let mut room = -before_m;
        let mut stands = false;
        for item in items.iter_mut() {
            if item.link == NOBODY || stands {
                item.space = if stands { room } else { item.space + room };
                continue;
            }
            let l = &self.streets.links[item.link as usize];
            if self.streets.lanes[l.next as usize].inside {
                if self.heeds(item.link, car, k) {
                    room -= self.room[l.next as usize];
                    if l.next == car.lane {
                        room += k.room;
                    }
                } else {
                    let (space, found) = self.room_to_last(l.next, me);
                    room += space;
                    stands |= found;
                }
                item.space = room;
                continue;
            }
            let last = self.last_on(l.next);
            let length = self.streets.lanes[l.next as usize].length;
            if last == NOBODY || last == me {
                if length > k.length || self.heeds(item.link, car, k) {
                    room += length;
                }
            } else {
                let (space, found) = self.room_to_last(l.next, me);
                room += space;
                let other = &self.cars[last as usize];
                if found || other.must_wait || other.stopped {
                    (stands, item.stands) = (true, true);
                }
            }
            item.space = room;
        }
        if !self.carry_room_back(me, car, k, items, stands) {
            return;
        }
        let first = items.iter().position(|i| i.link != NOBODY && i.space - k.room < 0.0 && self.heeds(i.link, car, k));
        let Some(first) = first.filter(|n| !(*n == 0 && lane.inside)) else { return };
        let brake = k.brake_gap_by(car.speed, k.decel, 0.0);
        for n in first..items.len() {
            if items[n].link == NOBODY {
                break;
            }
            items[n].pass = items[n].wait;
            let exit = self.streets.links[items[n].link as usize].kind & bits::EXIT != 0;
            if items[n].dist >= brake + STEP_M && !(exit && n > 0 && items[n - 1].request) {
                items[n].request = false;
            }
        }
    }

    /// Room beyond a link counts for the one before it, where one can drive through. Tells whether anybody stands, or something is shut.
    fn carry_room_back(&self, me: u32, car: &Car, k: &Kind, items: &mut [Item], mut stands: bool) -> bool {
        for n in (1..items.len()).rev() {
            let (item, next) = (items[n - 1], items[n]);
            let l = (item.link != NOBODY).then(|| &self.streets.links[item.link as usize]);
            let can_leave = l.is_none_or(|l| !self.streets.lanes[l.next as usize].inside) || next.link == NOBODY || next.request;
            let open = item.link != NOBODY && can_leave && (self.shows(item.link, shown::FIRST) || n == 1 || self.opened(me, item.link, self.passing(car, k, &item), false));
            let waits = |link: u32| link != NOBODY && self.streets.links[link as usize].kind & bits::WAITS_INSIDE != 0;
            let mut through = (item.link == NOBODY || waits(item.link) || open) && !item.stands;
            if !open && item.link != NOBODY {
                stands = true;
                through |= n > 1 && waits(items[n - 2].link);
            }
            if through {
                items[n - 1].space = next.space;
            }
        }
        stands
    }

    /// What a vehicle intends at a link.
    pub(super) fn passing(&self, car: &Car, _k: &Kind, item: &Item) -> Passing {
        Passing { arrive_ms: item.arrive_ms, arrive_v: item.arrive_v, leave_v: item.leave(), impatience: self.impatience(car), wait_ms: car.wait_ms }
    }
}
