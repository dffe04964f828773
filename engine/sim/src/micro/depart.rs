//! Departures: vehicles wait at their first edge, in the order of their times, until there is room.

use super::Micro;
use super::best::{Best, Target};
use super::cars::{Car, Change, Halt, NEVER, NOBODY, Tally};
use super::follow::{Kind, STEP_M};
use super::trips::{Journey, TripRow, Trips};
use super::world::{World, shown};
use qike_core::CounterRng;
use qike_network::streets::WayFinder;
use qike_network::traffic::{
    Arrival, DepartLane, DepartPos, DepartSpeed, EdgeKind, PathRef, Place, Release, RoadUsers, Spacing, Stop, StopPlace, TrafficScenario, Travel, TypeRef,
};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Lanes that lead on further than that are all as good, m.
const FAR_ENOUGH_M: f64 = 3000.0;
/// Tries of a random position.
const TRIES: u64 = 10;

/// One who has not departed.
struct Waiting {
    id: String,
    number: u32,
    depart_ms: i64,
    kind: u32,
    path: u32,
    factor: f64,
    lane: DepartLane,
    at: DepartPos,
    speed: DepartSpeed,
    arrival: Arrival,
    stops: VecDeque<Halt>,
    /// The lanes of its first edge, once they were looked at.
    best: Option<Arc<Best>>,
}

/// All who have not departed.
pub(super) struct Queue {
    /// By time, the last first.
    later: Vec<Waiting>,
    /// By first edge, in order.
    due: BTreeMap<u32, VecDeque<Waiting>>,
    give_up_after_ms: i64,
}

/// One of a weighted list, by a number in 0..1.
fn pick(members: &[(u32, f64)], at: f64) -> u32 {
    let sum: f64 = members.iter().map(|m| m.1).sum();
    let mut left = at * sum;
    for (member, weight) in members {
        if left < *weight {
            return *member;
        }
        left -= weight;
    }
    members.last().map_or(0, |m| m.0)
}

/// A driver's share of the speed limit.
fn share(k: &Kind, rng: &mut CounterRng) -> f64 {
    let f = &k.factor;
    if f.deviation <= 0.0 {
        return f.mean;
    }
    (0..100).map(|_| rng.normal(f.mean, f.deviation)).find(|v| (f.min..=f.max).contains(v)).unwrap_or(f.mean.clamp(f.min, f.max))
}

impl Queue {
    /// All of a scenario.
    pub fn new(scenario: &TrafficScenario, world: &mut World, trips: &mut Trips, seed: u64) -> Self {
        let mut all = Vec::new();
        let streets = world.streets.clone();
        let mut builder = Builder { scenario, paths: BTreeMap::new(), found: BTreeMap::new(), ways: WayFinder::new(&streets), seed, number: 0 };
        for (id, release, travel) in &scenario.demand.vehicles {
            // Who would have departed before the run begins is no part of it.
            if let Release::At(ms) = release
                && *ms >= scenario.settings.begin_ms
            {
                builder.add(world, trips, id.clone(), *ms, travel, &mut all);
            }
        }
        for flow in &scenario.demand.flows {
            let end = flow.end_ms.or(scenario.settings.end_ms).unwrap_or(flow.begin_ms + 86_400_000);
            let span = (end - flow.begin_ms).max(0) as f64;
            let most = flow.number.unwrap_or(u64::MAX);
            let mut rng = CounterRng::new(seed, qike_core::rng::mix(flow.id.bytes().fold(7, |h, b| h * 31 + u64::from(b))), 0);
            let (mut at, mut n) = (flow.begin_ms as f64, 0u64);
            while n < most {
                let (time, next) = match flow.spacing {
                    Spacing::Number(number) => (flow.begin_ms as f64 + span * n as f64 / number.max(1) as f64, 0.0),
                    Spacing::Period(ms) => (at, ms.max(1.0)),
                    Spacing::Poisson(rate) => (at + rng.exponential(1000.0 / rate.max(1e-9)), -1.0),
                    Spacing::Probability(_) => (at, 1000.0),
                };
                if time >= end as f64 || matches!(flow.spacing, Spacing::Number(number) if n >= number) {
                    break;
                }
                at = if next < 0.0 { time } else { at + next };
                if matches!(flow.spacing, Spacing::Probability(p) if rng.uniform() >= p) {
                    continue;
                }
                if (time as i64) < scenario.settings.begin_ms {
                    n += 1;
                    continue;
                }
                builder.add(world, trips, format!("{}.{n}", flow.id), time as i64, &flow.travel, &mut all);
                n += 1;
            }
        }
        all.sort_by_key(|w| std::cmp::Reverse((w.depart_ms, w.number)));
        Self { later: all, due: BTreeMap::new(), give_up_after_ms: scenario.settings.max_depart_delay_ms.unwrap_or(i64::MAX) }
    }

    /// Nobody is waiting, now or later.
    pub fn is_empty(&self) -> bool {
        self.later.is_empty() && self.due.is_empty()
    }

    /// How many want to depart and could not yet.
    pub fn waiting(&self) -> u64 {
        self.due.values().map(|q| q.len() as u64).sum()
    }
}

/// Makes the list of those who will depart.
struct Builder<'s> {
    scenario: &'s TrafficScenario,
    /// Paths that several share, by their place in the scenario.
    paths: BTreeMap<u32, u32>,
    /// Paths that were found: from, over, to, for whom.
    found: BTreeMap<(Vec<u32>, u64), Option<u32>>,
    ways: WayFinder<'s>,
    seed: u64,
    number: u32,
}

impl Builder<'_> {
    fn add(&mut self, world: &mut World, trips: &mut Trips, id: String, depart_ms: i64, travel: &Travel, all: &mut Vec<Waiting>) {
        let number = self.number;
        self.number += 1;
        trips.counts.loaded += 1;
        let mut rng = CounterRng::new(self.seed, u64::from(number), u64::MAX);
        let demand = &self.scenario.demand;
        let kind = match travel.kind {
            TypeRef::Kind(kind) => kind,
            TypeRef::Choice(choice) => pick(&demand.kind_choices[choice as usize].members, rng.uniform()),
        };
        let user = world.kinds[kind as usize].user;
        let given = |n: u32| (!demand.paths[n as usize].edges.is_empty()).then_some(n);
        let (place, path) = match &travel.path {
            PathRef::Path(n) => (given(*n), None),
            PathRef::Choice(choice) => (given(pick(&demand.path_choices[*choice as usize].members, rng.uniform())), None),
            PathRef::Find { from, via, to } => (None, self.find(world, *from, via, *to, user, &mut rng)),
        };
        let known = place.map(|place| {
            *self.paths.entry(place).or_insert_with(|| {
                world.paths.push(Arc::from(&demand.paths[place as usize].edges[..]));
                world.paths.len() as u32 - 1
            })
        });
        let Some(path) = known.or(path) else {
            // Who has no way stays at home.
            trips.counts.discarded += 1;
            return;
        };
        let factor = travel.speed_factor.unwrap_or_else(|| share(&world.kinds[kind as usize], &mut rng));
        let stops = self.halts(world, path, travel.stops.iter().chain(place.map(|p| &demand.paths[p as usize].stops[..]).unwrap_or_default()));
        all.push(Waiting { id, number, depart_ms, kind, path, factor, lane: travel.lane, at: travel.at, speed: travel.speed, arrival: travel.arrival, stops, best: None });
    }

    /// The quickest way between two places.
    fn find(&mut self, world: &mut World, from: Place, via: &[u32], to: Place, user: RoadUsers, rng: &mut CounterRng) -> Option<u32> {
        let from = self.edge_at(from, true, rng)?;
        let to = self.edge_at(to, false, rng)?;
        let points: Vec<u32> = std::iter::once(from).chain(via.iter().copied()).chain([to]).collect();
        if let Some(known) = self.found.get(&(points.clone(), user.0)) {
            return *known;
        }
        let mut way = vec![from];
        let whole = points.windows(2).all(|w| {
            let piece = self.ways.find(w[0], w[1], user);
            way.extend(piece.iter().flatten().skip(1));
            piece.is_some()
        });
        let found = whole.then(|| {
            world.paths.push(Arc::from(&way[..]));
            world.paths.len() as u32 - 1
        });
        self.found.insert((points, user.0), found);
        found
    }

    /// An edge of a place: where one leaves, or where one arrives.
    fn edge_at(&self, place: Place, leaves: bool, rng: &mut CounterRng) -> Option<u32> {
        let map = &self.scenario.map;
        match place {
            Place::Edge(edge) => Some(edge),
            Place::Junction(junction) => {
                let at = |e: &qike_network::traffic::MapEdge| e.kind == EdgeKind::Normal && if leaves { e.from } else { e.to } == Some(junction);
                map.edges.iter().position(at).map(|n| n as u32)
            }
            Place::Zone(zone) => {
                let zone = self.scenario.extras.zones.get(zone as usize)?;
                let edges = if leaves { &zone.sources } else { &zone.sinks };
                (!edges.is_empty()).then(|| pick(edges, rng.uniform()))
            }
        }
    }

    /// Stops, in the order of the path.
    fn halts<'a>(&self, world: &World, path: u32, stops: impl Iterator<Item = &'a Stop>) -> VecDeque<Halt> {
        let path = &world.paths[path as usize];
        let extras = &self.scenario.extras;
        let mut leg = 0;
        stops
            .filter_map(|s| {
                let (lane, from, to, place) = match s.place {
                    StopPlace::Lane { lane, from_m, to_m } => (lane, from_m, to_m, NOBODY),
                    StopPlace::Stop(n) => extras.stops.get(n as usize).map(|p| (p.lane, p.from_m, p.to_m, n))?,
                    StopPlace::Parking(n) => extras.parking.get(n as usize).map(|p| (p.place.lane, p.place.from_m, p.place.to_m, NOBODY))?,
                };
                let edge = world.streets.lanes[lane as usize].edge;
                let found = path.iter().skip(leg).position(|e| *e == edge)?;
                leg += found;
                let beside = s.parking == qike_network::traffic::Parking::Beside;
                let until = s.until_ms.unwrap_or(i64::MIN / 4);
                Some(Halt { leg: leg as u32, lane, from, to, duration_ms: s.duration_ms.unwrap_or(0), until_ms: until, place, beside, left_ms: 0 })
            })
            .collect()
    }
}

impl Micro {
    /// Lets those depart whose time has come and who find room.
    pub(super) fn depart(&mut self) {
        let now = self.world.now_ms;
        while self.queue.later.last().is_some_and(|w| w.depart_ms <= now) {
            let Some(w) = self.queue.later.pop() else { break };
            let first = self.world.paths[w.path as usize][0];
            self.queue.due.entry(first).or_default().push_back(w);
        }
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
                            queue.remove(n);
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

    /// A slot for a new vehicle.
    fn slot(&mut self, car: Car) -> u32 {
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
        let length = self.world.streets.edges[edge as usize].length;
        let lanes = w.best.take().unwrap_or_else(|| self.world.lanes_of(w.kind, w.path, 0, target, length));
        let world = &self.world;
        let k = &world.kinds[w.kind as usize];
        let (first, count) = world.streets.edges[edge as usize].lanes;
        let mut rng = CounterRng::new(world.seed, u64::from(w.number), (world.now_ms as u64) << 3 | 7);
        let open = |l: u32| world.streets.lanes[l as usize].allowed.contains(k.user);
        let freest = |choice: &mut dyn Iterator<Item = u32>| choice.min_by(|a, b| world.room[*a as usize].total_cmp(&world.room[*b as usize]));
        let lane = match w.lane {
            DepartLane::Lane(n) => (u32::from(n) < count).then_some(first + u32::from(n)),
            DepartLane::First => (first..first + count).find(|l| open(*l)),
            DepartLane::Random => {
                let all: SmallVec<[u32; 6]> = (first..first + count).filter(|l| open(*l)).collect();
                (!all.is_empty()).then(|| all[rng.below(all.len() as u64) as usize])
            }
            DepartLane::Free => freest(&mut (first..first + count).filter(|l| open(*l))),
            DepartLane::Allowed => freest(&mut lanes.lanes.iter().filter(|b| b.leads && open(b.lane)).map(|b| b.lane)),
            DepartLane::Best => {
                let most = lanes.lanes.iter().map(|b| b.length).fold(0.0, f64::max).min(FAR_ENOUGH_M);
                freest(&mut lanes.lanes.iter().filter(|b| b.length >= most && open(b.lane)).map(|b| b.lane))
            }
            DepartLane::Likely => {
                let most = lanes.lanes.iter().map(|b| b.length).fold(0.0, f64::max).min(FAR_ENOUGH_M);
                let all: SmallVec<[u32; 6]> = lanes.lanes.iter().filter(|b| b.length >= most && open(b.lane)).map(|b| b.lane).collect();
                (!all.is_empty()).then(|| all[rng.below(all.len() as u64) as usize])
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
                let cars = &world.on[lane as usize].cars;
                let mean = cars.iter().map(|c| world.cars[*c as usize].speed).sum::<f64>() / (cars.len().max(1)) as f64;
                (if cars.is_empty() { wish } else { mean.min(wish) }, true)
            }
        };
        let length = world.streets.lanes[lane as usize].length;
        let base = (k.length + STEP_M).min(length);
        let mut places: SmallVec<[f64; 12]> = SmallVec::new();
        match w.at {
            DepartPos::Base => places.push(base),
            DepartPos::At(at) => places.push(if at < 0.0 { length + at } else { at }.clamp(0.0, length)),
            DepartPos::Random => places.push(rng.range(0.0, length)),
            DepartPos::RandomFree | DepartPos::Free => {
                if w.at == DepartPos::RandomFree {
                    places.extend((0..TRIES).map(|_| rng.range(base.min(length), length)));
                }
                // Between any two who are on the lane, and behind the last.
                let gap_to = |c: u32| world.back_on(&world.cars[c as usize], lane) - k.gap - STEP_M;
                places.extend(world.on[lane as usize].cars.iter().map(|c| gap_to(*c)).filter(|p| *p > base));
                places.push(base);
            }
            DepartPos::Last => places.push(if last == NOBODY {
                length
            } else {
                let gap = k.secure_gap(speed, world.cars[last as usize].speed, world.kind(&world.cars[last as usize]).decel);
                (world.back_on(&world.cars[last as usize], lane) - k.gap - gap).clamp(0.0, length)
            }),
            DepartPos::Stop => places.push(w.stops.front().filter(|s| s.lane == lane).map_or(base, |s| s.to)),
        }
        let fits = places.into_iter().find_map(|pos| world.room_for(w, &lanes, lane, pos, speed, patch).map(|v| (pos, v)));
        let Some((pos, speed)) = fits else {
            w.best = Some(lanes);
            return Err(bit);
        };
        self.enter_new(w, lanes, lane, pos, speed);
        Ok(())
    }

    fn enter_new(&mut self, w: &Waiting, lanes: Arc<Best>, lane: u32, pos: f64, speed: f64) {
        let path = self.world.paths[w.path as usize].clone();
        let last_edge = path[path.len() - 1];
        let length = self.world.streets.edges[last_edge as usize].length;
        let arrive_at = match w.arrival.at_m {
            _ if w.arrival.random => CounterRng::new(self.world.seed, u64::from(w.number), 3).range(0.0, length),
            Some(at) if at < 0.0 => (length + at).max(0.0),
            Some(at) => at.min(length),
            None => length,
        };
        let mut stops = w.stops.clone();
        let car = Car {
            pos,
            speed,
            accel: 0.0,
            factor: w.factor,
            lane,
            kind: w.kind,
            id: w.number,
            path: w.path,
            leg: 0,
            wait_ms: 0,
            entered_ms: NEVER,
            entered_first_ms: NEVER,
            conflict_ms: NEVER,
            stop_dist: f64::INFINITY,
            stop: stops.pop_front(),
            arrive_at,
            arrive_v: w.arrival.speed_mps,
            must_wait: false,
            stopped: false,
            parked: false,
            behind: SmallVec::new(),
            change: Change::default(),
            best: lanes,
            tally: Tally::default(),
        };
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
        };
        if self.trips.journeys.len() <= w.number as usize {
            self.trips.journeys.resize_with(w.number as usize + 1, || None);
        }
        self.trips.journeys[w.number as usize] = Some(Box::new(Journey { row, stops, odometer: -pos }));
        let slot = self.slot(car);
        self.world.planned_at[slot as usize] = (0, 0);
        self.world.enter(lane, slot);
        self.world.reach_back(slot);
    }
}

impl World {
    /// The speed with which a vehicle may come onto a lane at a position; none where there is no room.
    fn room_for(&self, w: &Waiting, lanes: &Best, lane: u32, pos: f64, speed: f64, patch: bool) -> Option<f64> {
        let k = &self.kinds[w.kind as usize];
        let length = self.streets.lanes[lane as usize].length;
        let mut v = speed;
        let mut dist = k.brake_gap(v) + k.gap;
        let mut at_most = |allowed: f64, v: &mut f64| {
            if allowed < *v {
                if !patch && *v > 0.0 {
                    return false;
                }
                *v = allowed;
                dist = k.brake_gap(*v) + k.gap;
            }
            true
        };
        if let Some(stop) = w.stops.front().filter(|s| s.lane == lane)
            && !at_most(k.stand(v, stop.to - pos, k.max_speed), &mut v)
        {
            return None;
        }
        let way = lanes.lanes.iter().find(|b| b.lane == lane).map_or(&[][..], |b| &b.way);
        let path = &self.paths[w.path as usize];
        let (mut seen, mut at, mut view) = (length - pos, lane, 1);
        while seen < k.brake_gap(v) + k.gap {
            if view >= path.len() && !self.streets.lanes[at as usize].inside {
                break;
            }
            let inside = self.streets.lanes[at as usize].inside;
            let link = if inside { self.streets.links_of(at).next() } else { way.get(view).and_then(|to| self.streets.link_to(at, *to)) };
            let Some(link) = link.filter(|l| inside || self.shows(*l, shown::FIRST) && !self.shows(*l, shown::RED)) else {
                if !at_most(k.stand(v, seen, k.max_speed), &mut v) {
                    return None;
                }
                break;
            };
            let l = &self.streets.links[link as usize];
            let last = self.last_on(l.next);
            if last != NOBODY {
                let other = &self.cars[last as usize];
                let gap = seen + self.back_on(other, l.next) - k.gap;
                if gap < 0.0 || !at_most(k.follow(v, gap, other.speed, self.kind(other).decel, k.max_speed), &mut v) {
                    return None;
                }
            }
            let limit = (self.limit[l.next as usize] * w.factor).min(k.max_speed);
            v = v.min(k.free(v, seen, limit, k.max_speed, true));
            seen += self.streets.lanes[l.next as usize].length;
            at = l.next;
            view += usize::from(!self.streets.lanes[at as usize].inside);
        }
        let on = &self.on[lane as usize];
        let ahead = on.cars.iter().copied().find(|c| self.cars[*c as usize].pos >= pos);
        let ahead = ahead.unwrap_or_else(|| self.partial_on(lane));
        if ahead != NOBODY {
            let other = &self.cars[ahead as usize];
            let gap = self.back_on(other, lane) - pos - k.gap;
            if gap < 0.0 || !at_most(k.follow(v, gap, other.speed, self.kind(other).decel, k.max_speed), &mut v) {
                return None;
            }
        }
        let back = pos - k.length;
        let behind = on.cars.iter().rev().copied().find(|c| self.cars[*c as usize].pos < pos);
        let follower = match behind {
            Some(c) => Some((c, back - self.cars[c as usize].pos - self.kind(&self.cars[c as usize]).gap)),
            None if self.cars.is_empty() => None,
            None => self.upstream_of(lane, back, v, k.decel, NOBODY),
        };
        if let Some((c, gap)) = follower {
            let other = &self.cars[c as usize];
            if gap < self.kind(other).secure_gap(other.speed, v, k.decel) {
                return None;
            }
        }
        (v >= 0.0).then_some(v)
    }
}
