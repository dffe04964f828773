//! Departures: vehicles wait at their first edge, in the order of their times, until there is room.

use super::Micro;
use super::best::{Best, Target};
use super::cars::{Car, Change, Halt, NEVER, NOBODY, Tally};
use super::follow::STEP_M;
use super::trips::{Journey, TripRow, Trips};
use super::world::World;
use super::departing::{Departure, Departures};
use crate::traffic::Stayed;
use qike_core::CounterRng;
use qike_network::routing::Driver;
use qike_network::traffic::{DepartLane, DepartPos, DepartSpeed, TrafficScenario};
use crate::state::{Exchange, StateError, must};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Lanes that lead on further than that are all as good, m.
const FAR_ENOUGH_M: f64 = 3000.0;
/// Who waits to depart looks for a way that often, ms (SUMO's `device.rerouting.pre-period`).
const SEEK_MS: i64 = 60_000;
/// Tries of a random position.
const TRIES: u64 = 10;

/// One who is due and has not departed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Its place in the list of all.
    place: u32,
    #[serde(skip)]
    who: Arc<Departure>,
    /// Its path, as of now.
    pub(super) path: u32,
    /// The lanes of its first edge, once they were looked at.
    #[serde(skip)]
    pub(super) best: Option<Arc<Best>>,
}

impl std::ops::Deref for Waiting {
    type Target = Departure;

    fn deref(&self) -> &Departure {
        &self.who
    }
}

impl Waiting {
    fn stayed(&self, world: &World) -> Stayed {
        let path = &world.paths[self.path as usize];
        let way = path.first().copied().zip(path.last().copied());
        Stayed { vehicle: self.number, id: self.id.clone(), kind: self.kind, planned_ms: self.depart_ms, way }
    }
}

/// All who have not departed.
#[derive(Clone)]
pub(super) struct Queue {
    /// By time.
    pub(super) all: Arc<[Arc<Departure>]>,
    /// So many of them have been due.
    pub(super) next: usize,
    /// By first edge, in order.
    pub(super) due: BTreeMap<u32, VecDeque<Waiting>>,
    give_up_after_ms: i64,
}

impl Queue {
    /// All of a scenario.
    pub fn new(scenario: &TrafficScenario, listed: Departures, world: &mut World, trips: &mut Trips) -> Self {
        (trips.counts.loaded, trips.counts.discarded) = (listed.loaded, listed.stayed.len() as u64);
        trips.stayed = listed.stayed;
        world.paths = listed.paths;
        let all = listed.all.into_iter().map(Arc::new).collect();
        Self { all, next: 0, due: BTreeMap::new(), give_up_after_ms: scenario.settings.max_depart_delay_ms.unwrap_or(i64::MAX) }
    }

    /// Nobody is waiting, now or later.
    pub fn is_empty(&self) -> bool {
        self.next == self.all.len() && self.due.is_empty()
    }

    /// Whether anybody finds its way when it departs.
    pub fn seeks(&self) -> bool {
        self.all.iter().any(|w| !w.goals.is_empty())
    }

    /// Those who are due.
    pub fn due(&self, world: &World) -> impl Iterator<Item = Stayed> {
        self.due.values().flatten().map(|w| w.stayed(world))
    }

    /// Its part of the state.
    pub fn exchange(&mut self, edges: usize, paths: usize, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { all, next, due, give_up_after_ms: _ } = self;
        with.part("departures", next)?;
        with.part("waiting to depart", due)?;
        must(*next <= all.len() && due.keys().all(|edge| (*edge as usize) < edges), "departures", "counts more than there are")?;
        for w in due.values_mut().flatten() {
            must((w.place as usize) < *next, "waiting to depart", "names somebody whose time has not come")?;
            must((w.path as usize) < paths, "waiting to depart", "names a way that is not there")?;
            w.who = all[w.place as usize].clone();
        }
        Ok(())
    }

    /// What was worked out about lanes holds no more.
    pub fn forget_lanes(&mut self) {
        self.due.values_mut().flatten().for_each(|w| w.best = None);
    }

    /// How many want to depart and could not yet.
    pub fn waiting(&self) -> u64 {
        self.due.values().map(|q| q.len() as u64).sum()
    }
}

impl Micro {
    /// Lets those depart whose time has come and who find room.
    pub(super) fn depart(&mut self) {
        let now = self.world.now_ms;
        while let Some(who) = self.queue.all.get(self.queue.next).filter(|who| who.depart_ms <= now) {
            let first = self.world.paths[who.path as usize][0];
            let w = Waiting { place: self.queue.next as u32, who: who.clone(), path: who.path, best: None };
            self.queue.due.entry(first).or_default().push_back(w);
            self.queue.next += 1;
        }
        self.find_ways();
        let mut due = std::mem::take(&mut self.queue.due);
        due.retain(|edge, queue| {
            // A lane that had no room for one has none for those after it.
            let (mut full, all) = (0u64, (1u64 << self.world.streets.edges[*edge as usize].lanes.1.min(63)) - 1);
            let mut n = 0;
            while n < queue.len() && full & all != all {
                match self.try_depart(*edge, &mut queue[n], full) {
                    Ok(()) => {
                        queue.remove(n);
                        self.trips.counts.inserted += 1;
                    }
                    Err(lanes) => {
                        full |= lanes;
                        if now - queue[n].depart_ms >= self.queue.give_up_after_ms {
                            if let Some(w) = queue.remove(n) {
                                self.trips.stayed.push(w.stayed(&self.world));
                            }
                            self.trips.counts.discarded += 1;
                        } else {
                            n += 1;
                        }
                    }
                }
            }
            !queue.is_empty()
        });
        self.queue.due = due;
    }

    /// Who finds its way by the traffic does so when it is to depart, and every so often while it waits.
    fn find_ways(&mut self) {
        let Some(mut knowledge) = self.knowledge.take() else { return };
        let (now, dt) = (self.world.now_ms, self.world.dt_ms);
        let mut due = std::mem::take(&mut self.queue.due);
        let mut seekers = due.values_mut().flatten().filter(|w| !w.goals.is_empty() && (now - w.depart_ms) % SEEK_MS < dt).peekable();
        if seekers.peek().is_some() {
            let finder = knowledge.finder();
            for w in seekers {
                let k = &self.world.kinds[w.kind as usize];
                let driver = Driver { users: k.user, max_speed_mps: k.max_speed, speed_factor: w.factor };
                let mut way = vec![w.goals[0]];
                let whole = w.goals.windows(2).all(|leg| finder.find(leg[0], leg[1], &driver).map(|piece| way.extend(piece.into_iter().skip(1))).is_some());
                if whole && way[..] != *self.world.paths[w.path as usize] {
                    (w.path, w.best) = (self.number_of(&way.into()), None);
                }
            }
        }
        self.queue.due = due;
        self.knowledge = Some(knowledge);
    }

    /// A slot for a new vehicle.
    pub(super) fn slot(&mut self, car: Car) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.world.cars[slot as usize] = car;
                slot
            }
            None => {
                self.world.cars.push(car);
                self.world.planned_at.push((0, 0));
                self.world.cars.len() as u32 - 1
            }
        }
    }

    /// Lets one depart, or tells which lanes have no room; `full`: those of which that is known.
    fn try_depart(&mut self, edge: u32, w: &mut Waiting, full: u64) -> Result<(), u64> {
        let target = w.stops.front().map(|s| Target { edges: s.leg as usize, lane: s.lane, at: s.from });
        let lanes = w.best.take().unwrap_or_else(|| self.world.lanes_of(w.kind, w.path, 0, target));
        let world = &self.world;
        let k = &world.kinds[w.kind as usize];
        let (first, count) = world.streets.edges[edge as usize].lanes;
        let mut rng = CounterRng::new(world.seed, u64::from(w.number), (world.now_ms as u64) << 3 | 7);
        let open = |l: u32| world.streets.lanes[l as usize].allowed.contains(k.user);
        // The lane whose last vehicle is furthest on; the first of several.
        let way_on = |l: u32| world.on[l as usize].cars.first().map_or(world.streets.lanes[l as usize].length, |c| world.cars[*c as usize].pos);
        let freest = |choice: &mut dyn Iterator<Item = u32>| choice.fold(None, |best: Option<u32>, l| if best.is_some_and(|b| way_on(l) <= way_on(b)) { best } else { Some(l) });
        let lane = match w.lane {
            DepartLane::Lane(n) => (u32::from(n) < count).then_some(first + u32::from(n)),
            DepartLane::First => (first..first + count).find(|l| open(*l)),
            DepartLane::Random => {
                let all: SmallVec<[u32; 6]> = (first..first + count).filter(|l| open(*l)).collect();
                (!all.is_empty()).then(|| all[rng.below(all.len() as u64) as usize])
            }
            DepartLane::Free => freest(&mut (first..first + count).filter(|l| open(*l))),
            DepartLane::Allowed => freest(&mut lanes.lanes.iter().filter(|b| b.leads && open(b.lane)).map(|b| b.lane)),
            DepartLane::Best | DepartLane::Likely => {
                let most = lanes.lanes.iter().map(|b| b.length).fold(0.0, f64::max).min(FAR_ENOUGH_M);
                freest(&mut lanes.lanes.iter().filter(|b| b.length >= most && open(b.lane)).map(|b| b.lane))
            }
        };
        let Some(lane) = lane else { return Err(0) };
        let bit = 1u64 << (lane - first).min(63);
        if full & bit != 0 {
            w.best = Some(lanes);
            return Err(0);
        }
        let wish = (world.limit[lane as usize] * w.factor).min(k.max_speed);
        let last = world.last_on(lane);
        let (speed, patch) = match w.speed {
            DepartSpeed::At(v) => (v, false),
            DepartSpeed::Random => (rng.range(0.0, wish), true),
            DepartSpeed::Max | DepartSpeed::Desired => (wish, w.speed == DepartSpeed::Max),
            DepartSpeed::Limit => (world.limit[lane as usize].min(k.max_speed), false),
            DepartSpeed::Last => (if last == NOBODY { wish } else { world.cars[last as usize].speed.min(wish) }, true),
            DepartSpeed::Average => {
                // Who stands at a stop does not count where one may drive around it.
                let moving = world.on[lane as usize].cars.iter().map(|c| &world.cars[*c as usize]).filter(|c| count == 1 || !c.stopped);
                let (sum, n) = moving.fold((0.0, 0u32), |(sum, n), c| (sum + c.speed, n + 1));
                (if n == 0 { wish } else { (sum / f64::from(n)).min(wish) }, last == NOBODY)
            }
        };
        let length = world.streets.lanes[lane as usize].length;
        let base = (k.length + STEP_M).min(length);
        let mut places: SmallVec<[(f64, f64, bool); 12]> = SmallVec::new();
        let mut place = |pos: f64| places.push((pos, speed, patch));
        match w.at {
            DepartPos::Base => place(base),
            DepartPos::At(at) => place(if at < 0.0 { length + at } else { at }.clamp(0.0, length)),
            DepartPos::Random => place(rng.range(0.0, length)),
            DepartPos::RandomFree => {
                (0..TRIES).for_each(|_| place(rng.range(0.0, length)));
                world.free_places(w, lane, speed, &mut places);
            }
            DepartPos::Free => world.free_places(w, lane, speed, &mut places),
            DepartPos::Last => place(if last == NOBODY {
                length
            } else {
                let gap = k.secure_gap(speed, world.cars[last as usize].speed, world.kind(&world.cars[last as usize]).decel);
                (world.back_on(&world.cars[last as usize], lane) - k.gap - gap).clamp(0.0, length)
            }),
            DepartPos::Stop => place(w.stops.front().filter(|s| s.lane == lane).map_or(base, |s| s.to)),
        }
        let fits = places.into_iter().find_map(|(pos, speed, patch)| world.room_for(w, &lanes, lane, pos, speed, patch).map(|v| (pos, v)));
        let Some((pos, speed)) = fits else {
            w.best = Some(lanes);
            return Err(bit);
        };
        self.enter_new(w, lanes, lane, pos, speed);
        Ok(())
    }

    fn enter_new(&mut self, w: &Waiting, lanes: Arc<Best>, lane: u32, pos: f64, speed: f64) {
        let mut stops = w.stops.clone();
        let mut car = self.world.new_car(w, lanes, (lane, 0, pos, speed), stops.pop_front());
        car.path = w.path;
        let now = self.world.now_ms;
        let row = TripRow {
            vehicle: w.number,
            id: w.id.clone(),
            kind: w.kind,
            depart_ms: now,
            depart_lane: lane,
            depart_pos_m: pos,
            depart_speed_mps: speed,
            depart_delay_ms: now - w.depart_ms,
            arrival_ms: None,
            arrival_lane: lane,
            arrival_pos_m: pos,
            arrival_speed_mps: speed,
            duration_ms: 0,
            length_m: 0.0,
            waiting_ms: 0,
            waiting_count: 0,
            stop_ms: 0,
            loss_s: 0.0,
            speed_factor: w.factor,
            teleports: 0,
            reroutes: 0,
        };
        if self.trips.journeys.len() <= w.number as usize {
            self.trips.journeys.resize_with(w.number as usize + 1, || None);
        }
        self.trips.journeys[w.number as usize] = Some(Box::new(Journey { row, stops, odometer: -pos }));
        let slot = self.slot(car);
        self.world.planned_at[slot as usize] = (0, 0);
        self.world.enter(lane, slot);
        self.world.reach_back(slot);
        self.world.note_arrival(slot);
    }
}

impl World {
    /// One who comes onto a lane, at the edge of its path with number `leg`, at a position with a speed.
    pub(super) fn new_car(&self, w: &Departure, lanes: Arc<Best>, (lane, leg, pos, speed): (u32, u32, f64, f64), stop: Option<Halt>) -> Car {
        let path = &self.paths[w.path as usize];
        let length = path.last().map_or(0.0, |last| self.streets.edges[*last as usize].length);
        let arrive_at = match w.arrival.at_m {
            _ if w.arrival.random => CounterRng::new(self.seed, u64::from(w.number), 3).range(0.0, length),
            Some(at) if at < 0.0 => (length + at).max(0.0),
            Some(at) => at.min(length),
            None => length,
        };
        Car {
            pos,
            speed,
            accel: 0.0,
            factor: w.factor,
            lane,
            kind: w.kind,
            id: w.number,
            path: w.path,
            leg,
            best_leg: leg,
            wait_ms: 0,
            entered_ms: NEVER,
            entered_first_ms: NEVER,
            conflict_ms: NEVER,
            stop_dist: f64::INFINITY,
            departed_ms: self.now_ms,
            stop,
            arrive_at,
            arrive_v: w.arrival.speed_mps,
            must_wait: false,
            stopped: false,
            parked: false,
            behind: SmallVec::new(),
            change: Change::default(),
            best: lanes,
            tally: Tally::default(),
        }
    }
}
