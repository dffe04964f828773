//! Everything that vehicles see: streets, each other, lights, who comes to which link.

use super::cars::{Approach, Car, Item, Items, NOBODY, OnLane};
use super::follow::{HALT, Kind};
use super::lanes::LaneSet;
use super::memo::Memo;
use qike_core::CounterRng;
use qike_network::routing::Driver;
use qike_network::streets::Streets;
use std::sync::Arc;

/// What a link shows: bits.
pub mod shown {
    /// Stop.
    pub const RED: u8 = 1;
    /// Stop where that is possible.
    pub const YELLOW: u8 = 1 << 1;
    /// Go.
    pub const GREEN: u8 = 1 << 2;
    /// Goes first.
    pub const FIRST: u8 = 1 << 3;
    /// Stop first, then go.
    pub const STOPS: u8 = 1 << 4;
    /// Everybody stops; who came first goes first.
    pub const ALL_STOP: u8 = 1 << 5;
    /// One by one.
    pub const ZIPPER: u8 = 1 << 6;
    /// Right before left.
    pub const EQUAL: u8 = 1 << 7;
}

/// The world as it is at the beginning of a step.
#[derive(Clone)]
pub struct World {
    /// Streets.
    pub streets: Arc<Streets>,
    /// Kinds of vehicles.
    pub kinds: Vec<Kind>,
    /// Paths over edges.
    pub paths: Vec<Arc<[u32]>>,
    /// Vehicles, by slot; a slot of one that is gone is used again.
    pub cars: Vec<Car>,
    /// Who is on which lane.
    pub on: Vec<OnLane>,
    /// Of each lane: sum of lengths and gaps of those whose front is on it, m.
    pub room: Vec<f64>,
    /// Of each lane: what [`Self::room_to_last`] gives, as of the beginning of the step.
    pub room_ahead: Vec<(f64, bool)>,
    /// Lanes that had somebody on them then.
    pub measured: Vec<u32>,
    /// Somebody on a lane stands at a stop.
    pub any_stopped: bool,
    /// Lanes with somebody's front on them.
    pub busy: LaneSet,
    /// Lanes that anybody is on, or reaches back onto; and some that were left in this step.
    pub touched: LaneSet,
    /// How many are on lanes.
    pub on_lanes: usize,
    /// What all planned in the step before.
    pub planned: Items,
    /// Which of it is each slot's: the first, and how many.
    pub planned_at: Vec<(u32, u32)>,
    /// Who comes to which link, as of the step before; only of those that somebody watches.
    pub approaches: Vec<Vec<Approach>>,
    /// What each link shows.
    pub shown: Vec<u8>,
    /// Speed limit of each lane now, m/s.
    pub limit: Vec<f64>,
    /// Vehicles at each bus stop: slot, and the front's position.
    pub at_stop: Vec<Vec<(u32, f64)>>,
    /// Time of this step, ms.
    pub now_ms: i64,
    /// Step, ms.
    pub dt_ms: i64,
    /// Step, s.
    pub dt: f64,
    /// What is left of an inclination after a step that speaks against it, and after one that says nothing.
    pub fading: [f64; 2],
    /// Edges with lanes between which one may change.
    pub choice: Vec<bool>,
    /// Seed of all chance.
    pub seed: u64,
    /// How lanes lead on, as far as it is known.
    pub memo: Memo,
    /// By edge, whether rerouters heed who comes to it; empty where there are none.
    pub heeded: Vec<bool>,
    /// Who came to such an edge in this step, by slot.
    pub came: Vec<u32>,
    /// By lane, whether another model runs it; empty where this one runs all.
    pub outside: Vec<bool>,
    /// By car park: cars in it, and its room.
    pub in_area: Vec<(u32, u32)>,
}

impl World {
    /// A vehicle's kind.
    #[inline]
    pub fn kind(&self, car: &Car) -> &Kind {
        &self.kinds[car.kind as usize]
    }

    /// Greatest speed that a vehicle wants on a lane.
    #[inline]
    pub fn wish(&self, lane: u32, car: &Car) -> f64 {
        (self.limit[lane as usize] * car.factor).min(self.kind(car).max_speed)
    }

    /// What a vehicle planned in the step before.
    #[inline]
    pub fn planned_by(&self, slot: u32) -> &[Item] {
        let (first, count) = self.planned_at[slot as usize];
        &self.planned[first as usize..(first + count) as usize]
    }

    /// Notes that a vehicle has come to the edge of its path where it now is, for those rerouters that work there.
    #[inline]
    pub fn note_arrival(&mut self, slot: u32) {
        let car = &self.cars[slot as usize];
        if !self.heeded.is_empty() && self.heeded[self.paths[car.path as usize][car.leg as usize] as usize] {
            self.came.push(slot);
        }
    }

    /// A vehicle as one who looks for a way.
    pub fn driver(&self, car: &Car) -> Driver {
        let k = self.kind(car);
        Driver { users: k.user, max_speed_mps: k.max_speed, speed_factor: car.factor }
    }

    /// A vehicle's edges.
    #[inline]
    pub fn path(&self, car: &Car) -> &[u32] {
        &self.paths[car.path as usize]
    }

    /// Where a vehicle's rear bumper is on a lane that it is on, wholly or in part; negative where it reaches further back.
    pub fn back_on(&self, car: &Car, lane: u32) -> f64 {
        let length = self.kind(car).length;
        if car.lane == lane {
            return car.pos - length;
        }
        let lanes = &self.streets.lanes;
        if lanes[car.lane as usize].edge == lanes[lane as usize].edge {
            return car.pos - length + (lanes[lane as usize].length - lanes[car.lane as usize].length).min(0.0);
        }
        let mut left = length - car.pos;
        for &behind in &car.behind {
            left -= lanes[behind as usize].length;
            if behind == lane {
                return -left;
            }
        }
        -left
    }

    /// The vehicle furthest back on a lane, in part or wholly.
    #[inline]
    pub fn last_on(&self, lane: u32) -> u32 {
        let on = &self.on[lane as usize];
        match on.cars.first() {
            Some(&car) => car,
            None => self.partial_on(lane),
        }
    }

    /// Of those who reach back onto a lane, the one furthest back.
    #[inline]
    pub fn partial_on(&self, lane: u32) -> u32 {
        match self.on[lane as usize].partial[..] {
            [] => NOBODY,
            [only] => only,
            ref many => many.iter().copied().min_by(|a, b| self.back_on(&self.cars[*a as usize], lane).total_cmp(&self.back_on(&self.cars[*b as usize], lane))).unwrap_or(NOBODY),
        }
    }

    /// The link by which a vehicle goes on from a lane, `view` edges further along its path; none where the lane leads elsewhere.
    #[inline]
    pub fn next_link(&self, car: &Car, lane: u32, view: usize, way: &[u32]) -> Option<u32> {
        let l = &self.streets.lanes[lane as usize];
        if l.inside {
            return (l.links.1 > 0).then_some(l.links.0);
        }
        match way.get(view) {
            Some(&to) => self.streets.link_to(lane, to),
            None => {
                let next = *self.path(car).get(car.leg as usize + view)?;
                let user = self.kind(car).user;
                self.streets.links_of(lane).find(|k| {
                    let to = &self.streets.lanes[self.streets.links[*k as usize].to as usize];
                    to.edge == next && to.allowed.contains(user)
                })
            }
        }
    }

    /// The lanes by which the lane that a vehicle is on leads on, itself first, or the road's lane before it.
    #[inline]
    pub fn way<'a>(&'a self, car: &'a Car, lane: u32) -> &'a [u32] {
        let of = |lane: u32| car.best.lanes.iter().find(|b| b.lane == lane);
        let l = &self.streets.lanes[lane as usize];
        let found = of(lane).or_else(|| if l.inside { of(l.road_before).or_else(|| of(l.before)) } else { None });
        found.map_or(&[], |b| &b.way)
    }

    /// How much a vehicle has lost patience, 0 to 1.
    #[inline]
    pub fn impatience(&self, car: &Car) -> f64 {
        let k = self.kind(car);
        let waiting = if k.patience > 0.0 { car.wait_ms as f64 / 1000.0 / k.patience } else { 0.0 };
        (k.impatience + waiting).clamp(0.0, 1.0)
    }

    /// Chance for a vehicle in this step; `draw` tells several apart.
    #[inline]
    pub fn chance(&self, car: &Car, draw: u64) -> f64 {
        CounterRng::new(self.seed, u64::from(car.id), (self.now_ms as u64) << 3 | draw).uniform()
    }

    /// Bits of [`shown`] of a link.
    #[inline]
    pub fn shows(&self, link: u32, bits: u8) -> bool {
        self.shown[link as usize] & bits != 0
    }

    /// Room on a lane up to the last vehicle that stands, m, less what those behind it take, and whether one does.
    #[inline]
    pub fn room_to_last(&self, lane: u32, me: u32) -> (f64, bool) {
        if self.cars[me as usize].lane == lane { self.room_to_last_but(lane, me) } else { self.room_ahead[lane as usize] }
    }

    /// The same for all, lane by lane, once a step.
    pub fn measure_room(&mut self, lanes: &[u32]) {
        for &lane in &self.measured {
            self.room_ahead[lane as usize] = (self.streets.lanes[lane as usize].length, false);
        }
        for &lane in lanes {
            self.room_ahead[lane as usize] = self.room_to_last_but(lane, NOBODY);
        }
        self.measured.clear();
        self.measured.extend_from_slice(lanes);
    }

    fn room_to_last_but(&self, lane: u32, me: u32) -> (f64, bool) {
        let mut taken = 0.0;
        for &other in &self.on[lane as usize].cars {
            let car = &self.cars[other as usize];
            let k = self.kind(car);
            if car.speed < HALT && other != me {
                return (car.pos - k.length + k.brake_gap(car.speed) - taken, true);
            }
            taken += k.room;
        }
        (self.streets.lanes[lane as usize].length - taken, false)
    }
}
