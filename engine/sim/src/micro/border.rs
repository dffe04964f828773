//! The border to streets that another model runs: who drives out over it is handed over, who comes in is put on a lane where there is
//! room, and the last vehicle beyond it is seen as any other, by a stand-in that does not move by itself.

use super::Micro;
use super::best::Target;
use super::cars::{Car, Change, Halt, NEVER, NOBODY, Tally};
use super::departing::Departure;
use super::follow::{HALT, Kind, STEP_M};
use super::trips::{Journey, TripRow};
use super::world::{World, shown};
use crate::state::{Exchange, StateError};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// Room beyond a lane is looked at where so much is not enough to stop on, m.
const NEAR_M: f64 = 30.0;

/// The stand-in for the last vehicle on a lane beyond the border.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tail {
    pub lane: u32,
    pub slot: u32,
}

/// The border.
#[derive(Clone, Debug, Default)]
pub(super) struct Border {
    /// One for each lane by which one leaves.
    pub tails: Vec<Tail>,
    /// Who left since the last call.
    left: Vec<Leaver>,
}

/// One who has left.
#[derive(Clone, Debug)]
pub(crate) struct Leaver {
    /// Its journey so far; its length is that up to the start of the lane.
    pub row: TripRow,
    /// Its path, and the edge's number on it.
    pub path: u32,
    pub leg: u32,
    /// The lane that it came onto; none: it was taken out of a gridlock, and is beside the road.
    pub lane: Option<u32>,
    /// The lane before that, onto which it may reach back.
    pub behind: u32,
    /// When its front passed the border, ms, and how fast, m/s.
    pub entered_ms: i64,
    pub speed: f64,
}

/// One who comes in.
#[derive(Clone, Debug)]
pub(crate) struct Entrant<'a> {
    /// Its journey so far; its length is that up to the start of the lane.
    pub row: TripRow,
    /// Who.
    pub who: &'a Departure,
    /// Its path, and the edge's number on it.
    pub path: u32,
    pub leg: u32,
    /// The lane, how far it could have come on it, m, and how fast, m/s.
    pub lane: u32,
    pub position_m: f64,
    pub speed: f64,
}

/// The last vehicle on a lane beyond the border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Last {
    /// Its rear, m from the lane's start; negative where it reaches back over the border.
    pub back_m: f64,
    pub speed: f64,
    pub kind: u32,
    /// Nobody may come in behind it for now.
    pub full: bool,
    /// The lane behind, onto which it may reach back.
    pub behind: u32,
}

impl Border {
    /// Its part of the state. Who left is taken away in each step.
    pub(super) fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { tails, left: _ } = self;
        with.list("last ones beyond the border", tails)
    }
}

impl World {
    /// Whether another model runs a lane.
    #[inline]
    pub(super) fn is_outside(&self, lane: u32) -> bool {
        self.outside.get(lane as usize).is_some_and(|o| *o)
    }

    /// Room on a lane for those who come onto it, and where that is short beyond it, m; `before`: what is before the lane.
    fn room_on(&self, lane: u32, before: f64) -> f64 {
        let last = self.last_on(lane);
        if last != NOBODY {
            let (car, k) = (&self.cars[last as usize], self.kind(&self.cars[last as usize]));
            return before + self.back_on(car, lane) + k.brake_gap_by(car.speed, k.decel, 0.0);
        }
        let whole = before + self.streets.lanes[lane as usize].length;
        let next = self.streets.links_of(lane).map(|link| self.streets.links[link as usize].next);
        if whole > NEAR_M { f64::INFINITY } else { next.map(|next| self.room_on(next, whole)).reduce(f64::max).unwrap_or(f64::INFINITY) }
    }

    /// The speed of one who comes onto a lane at a position, `seen` m before its end, so that it can stop before those who are beyond
    /// the end, and where it has to give way; none where somebody there is too near.
    fn speed_onto(&self, k: &Kind, way: &[u32], lane: u32, mut seen: f64, speed: f64) -> Option<f64> {
        let (mut at, mut view) = (lane, 1);
        while seen < k.brake_gap_by(speed, k.decel, 0.0) + k.gap {
            let inside = self.streets.lanes[at as usize].inside;
            if !inside && view >= way.len() {
                break;
            }
            let link = if inside { self.streets.links_of(at).next() } else { way.get(view).and_then(|to| self.streets.link_to(at, *to)) };
            let Some(link) = link.filter(|l| inside || self.shows(*l, shown::FIRST) && !self.shows(*l, shown::RED)) else {
                return Some(speed.min(k.stand(speed, seen, k.max_speed)).max(0.0));
            };
            at = self.streets.links[link as usize].next;
            let last = self.last_on(at);
            if last != NOBODY {
                let other = &self.cars[last as usize];
                let gap = seen + self.back_on(other, at) - k.gap;
                let safe = k.follow(speed, gap, other.speed, self.kind(other).decel, k.max_speed);
                return (gap >= 0.0).then(|| speed.min(safe).max(0.0));
            }
            view += usize::from(!self.streets.lanes[at as usize].inside);
            seen += self.streets.lanes[at as usize].length;
        }
        Some(speed)
    }

    /// Where one has to stand so that those who are about to come onto a lane can stop behind him without braking hard: at `back_m`,
    /// or further on. Who cannot stop before the border any more comes in.
    fn stops_behind(&self, lane: u32, back_m: f64) -> f64 {
        let first = |link: &u32| {
            let from = self.streets.links[*link as usize].from;
            let car = &self.cars[*self.on[from as usize].cars.last()? as usize];
            let k = self.kind(car);
            let needs = k.brake_gap_by(car.speed, k.decel, 0.0) + k.gap + STEP_M;
            (car.speed > HALT).then(|| car.pos + needs - self.streets.lanes[from as usize].length)
        };
        self.streets.incoming_of(lane).iter().filter_map(first).fold(back_m, f64::max)
    }
}

impl Micro {
    /// From now on another model runs the lanes that are `outside`; `exits`: those of them onto which one drives out.
    pub(crate) fn set_border(&mut self, outside: Vec<bool>, exits: &[u32]) {
        self.world.outside = outside;
        for &lane in exits {
            let slot = self.slot(Car {
                pos: 0.0,
                speed: 0.0,
                accel: 0.0,
                factor: 1.0,
                lane,
                kind: 0,
                id: u32::MAX,
                path: 0,
                leg: 0,
                best_leg: 0,
                wait_ms: 0,
                entered_ms: NEVER,
                entered_first_ms: NEVER,
                conflict_ms: NEVER,
                stop_dist: f64::INFINITY,
                departed_ms: self.world.now_ms,
                stop: None,
                arrive_at: 0.0,
                arrive_v: None,
                must_wait: false,
                stopped: false,
                parked: false,
                behind: SmallVec::new(),
                change: Change::default(),
                best: Arc::default(),
                tally: Tally::default(),
            });
            self.border.tails.push(Tail { lane, slot });
        }
    }

    /// One who has left its lane has come onto one beyond the border.
    pub(super) fn drive_out(&mut self, slot: u32) {
        let car = &self.world.cars[slot as usize];
        // It was at the border so much before the end of the step.
        let since_ms = if car.speed > HALT { (car.pos / car.speed * 1000.0).min(self.world.dt_ms as f64) as i64 } else { 0 };
        let entered_ms = self.world.now_ms + self.world.dt_ms - since_ms;
        let behind = car.behind.first().copied().unwrap_or(car.lane);
        let (lane, leg) = (car.lane, car.leg);
        self.hand_over(slot, Some(lane), leg, behind, entered_ms);
    }

    /// One who was taken out of a gridlock would be put back beyond the border.
    pub(super) fn take_beside(&mut self, slot: u32, leg: u32) {
        self.hand_over(slot, None, leg, NOBODY, self.world.now_ms + self.world.dt_ms);
    }

    fn hand_over(&mut self, slot: u32, lane: Option<u32>, leg: u32, behind: u32, entered_ms: i64) {
        let car = &self.world.cars[slot as usize];
        let journey = self.trips.journeys.get_mut(car.id as usize).and_then(Option::take);
        if let Some(journey) = journey {
            let mut row = journey.row;
            row.sum_up(&car.tally);
            row.length_m = journey.odometer;
            let speed = if lane.is_some() { car.speed } else { 0.0 };
            self.border.left.push(Leaver { row, path: car.path, leg, lane, behind, entered_ms, speed });
        }
        self.free_slot(slot);
    }

    /// Who has left since the last call, in the order in which they moved.
    pub(crate) fn take_leavers(&mut self) -> Vec<Leaver> {
        std::mem::take(&mut self.border.left)
    }

    /// How many paths there are.
    pub(crate) fn paths(&self) -> usize {
        self.world.paths.len()
    }

    /// A path's edges.
    pub(crate) fn path_of(&self, path: u32) -> &[u32] {
        &self.world.paths[path as usize]
    }

    /// Shows the last vehicle on the exit with number `n`, or that there is none.
    pub(crate) fn show_last(&mut self, n: usize, last: Option<Last>) {
        let Tail { lane, slot } = self.border.tails[n];
        let w = &mut self.world;
        for behind in std::mem::take(&mut w.cars[slot as usize].behind) {
            w.on[behind as usize].partial.retain(|c| *c != slot);
        }
        w.on[lane as usize].cars.clear();
        let length = w.streets.lanes[lane as usize].length;
        let Some(last) = last else {
            w.room_ahead[lane as usize] = (length, false);
            return;
        };
        let back_m = if last.speed < HALT { w.stops_behind(lane, last.back_m) } else { last.back_m };
        let last = Last { back_m, ..last };
        let k = &w.kinds[last.kind as usize];
        w.room_ahead[lane as usize] = if last.speed < HALT { (last.back_m, true) } else { (length - k.room, false) };
        let pos = last.back_m + k.length;
        let car = &mut w.cars[slot as usize];
        (car.pos, car.speed, car.kind, car.must_wait) = (pos, last.speed, last.kind, last.full);
        w.on[lane as usize].cars.push(slot);
        if last.back_m < 0.0 && last.behind != NOBODY {
            car.behind.push(last.behind);
            w.reach_onto(last.behind, slot);
        }
    }

    /// Room for those who come in by a lane: up to the last one on it, and where it would stand if it braked now, m; infinite where
    /// there is nobody.
    pub(crate) fn room_behind(&self, lane: u32) -> f64 {
        self.world.room_on(lane, 0.0)
    }

    /// Lengths and gaps of those on a lane, m.
    pub(crate) fn room_taken(&self, lane: u32) -> f64 {
        self.world.room[lane as usize]
    }

    /// Puts one who comes in on its lane, as far on and as fast as those before it allow; tells whether there is room.
    pub(crate) fn drive_in(&mut self, new: &Entrant<'_>) -> bool {
        let w = &self.world;
        let (k, lane) = (&w.kinds[new.who.kind as usize], &w.streets.lanes[new.lane as usize]);
        let (mut pos, mut speed) = (new.position_m.clamp(0.0, lane.length), new.speed);
        let last = w.last_on(new.lane);
        if last != NOBODY {
            let other = &w.cars[last as usize];
            let most = w.back_on(other, new.lane) - k.gap;
            if most < 0.0 {
                return false;
            }
            pos = pos.min(most);
            speed = speed.min(k.follow(speed, most - pos, other.speed, w.kind(other).decel, k.max_speed)).max(0.0);
        }
        let mut stops: VecDeque<Halt> = new.who.stops.iter().filter(|s| s.leg >= new.leg && new.path == new.who.path).copied().collect();
        let stop = stops.pop_front();
        let target = stop.map(|s| Target { edges: (s.leg - new.leg) as usize, lane: s.lane, at: s.from });
        let best = self.world.lanes_of(new.who.kind, new.path, new.leg, target);
        if last == NOBODY {
            let way = best.lanes.iter().find(|b| b.lane == new.lane).map_or(&[][..], |b| &b.way);
            let (k, seen) = (&self.world.kinds[new.who.kind as usize], self.world.streets.lanes[new.lane as usize].length - pos);
            match self.world.speed_onto(k, way, new.lane, seen, speed) {
                Some(safe) => speed = safe,
                None => return false,
            }
        }
        let mut car = self.world.new_car(new.who, best, (new.lane, new.leg, pos, speed), stop);
        let row = &new.row;
        (car.path, car.departed_ms) = (new.path, row.depart_ms);
        car.tally = Tally { loss_s: row.loss_s, waiting_ms: row.waiting_ms, stop_ms: row.stop_ms, waiting_count: row.waiting_count };
        let n = row.vehicle as usize;
        if self.trips.journeys.len() <= n {
            self.trips.journeys.resize_with(n + 1, || None);
        }
        self.trips.journeys[n] = Some(Box::new(Journey { row: row.clone(), stops, odometer: row.length_m }));
        let slot = self.slot(car);
        self.world.planned_at[slot as usize] = (0, 0);
        self.world.enter(new.lane, slot);
        self.world.note_arrival(slot);
        true
    }
}
