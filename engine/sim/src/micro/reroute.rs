//! Another way for one who is under way: at rerouters, and for those who look for better ways while driving.

use super::Micro;
use super::cars::NOBODY;
use super::world::World;
use crate::state::{Exchange, StateError, must};
use qike_core::CounterRng;
use qike_network::streets::WayFinder;
use qike_network::traffic::{Interval, Rerouter, TrafficScenario};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which draw of a vehicle's chance rerouters take.
const DRAW: u64 = 5;

/// Rerouters, and what they need.
#[derive(Clone)]
pub(super) struct Rerouters {
    all: Arc<[Rerouter]>,
    /// By edge: places of those that work there.
    at: Arc<BTreeMap<u32, Vec<u32>>>,
    /// Paths that they send on: edges.
    paths: Arc<[Vec<u32>]>,
    /// Of car parks: lane, from, to.
    areas: Vec<(u32, f64, f64)>,
    /// Paths of vehicles by their edges, so that equal ones are one.
    pub(super) known: BTreeMap<Arc<[u32]>, u32>,
    /// When roads are closed, in order: then those on the rerouters' edges are sent another way, too.
    closures: Vec<i64>,
    done: usize,
}

impl Rerouters {
    /// Of a scenario.
    pub fn new(scenario: &TrafficScenario) -> Self {
        let all = scenario.extras.rerouters.clone();
        let mut at: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (n, rerouter) in (0u32..).zip(&all) {
            // Those that close lanes only send nobody another way.
            let sends = |i: &Interval| !(i.closed_edges.is_empty() && i.destinations.is_empty() && i.paths.is_empty() && i.parking.is_empty());
            if rerouter.intervals.iter().any(sends) {
                rerouter.edges.iter().for_each(|edge| at.entry(*edge).or_default().push(n));
            }
        }
        let paths = if at.is_empty() { Vec::new() } else { scenario.demand.paths.iter().map(|p| p.edges.clone()).collect() };
        let areas = scenario.extras.parking.iter().map(|p| (p.place.lane, p.place.from_m, p.place.to_m)).collect();
        let mut closures: Vec<i64> = all.iter().flat_map(|r| &r.intervals).filter(|i| !i.closed_edges.is_empty()).map(|i| i.begin_ms).collect();
        closures.sort_unstable();
        let (all, at, paths) = (all.into(), Arc::new(at), paths.into());
        Self { all, at, paths, areas, known: BTreeMap::new(), closures, done: 0 }
    }

    /// Its part of the state: what has happened, and the paths on which they have sent vehicles.
    pub fn exchange(&mut self, world: &mut World, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { all: _, at: _, paths: _, areas: _, known, closures, done } = self;
        with.part("closures so far", done)?;
        must(*done <= closures.len(), "closures so far", "counts more than there are")?;
        let given = world.paths.len() - known.len();
        let mut found: Vec<Vec<u32>> = world.paths[given..].iter().map(|p| p.to_vec()).collect();
        with.part("ways found", &mut found)?;
        if with.loads() {
            world.paths.truncate(given);
            let edges = world.streets.edges.len();
            must(found.iter().all(|p| !p.is_empty() && p.iter().all(|e| (*e as usize) < edges)), "ways found", "names edges that are not there")?;
            world.paths.extend(found.into_iter().map(Arc::from));
            *known = (given..).zip(&world.paths[given..]).map(|(n, path)| (path.clone(), n as u32)).collect();
            must(world.paths.len() == given + known.len(), "ways found", "has the same way twice")?;
        }
        Ok(())
    }

    /// Edges on which they work.
    pub fn edges(&self) -> impl Iterator<Item = u32> + '_ {
        self.at.keys().copied()
    }
}

/// What a rerouter wants of a vehicle.
enum Wish {
    /// That way, from its edge on.
    Way(Vec<u32>),
    /// To that edge, without these.
    To(u32, Vec<u32>),
    /// To that car park.
    Park(u32),
}

impl Micro {
    /// Sends those another way who came to a rerouter's edge in the last step, and those who look for one.
    pub(super) fn reroute(&mut self) {
        let due = self.rerouters.closures[self.rerouters.done..].iter().take_while(|at| **at <= self.world.now_ms).count();
        if due > 0 {
            self.rerouters.done += due;
            let on: Vec<u32> = self.world.busy_lanes().flat_map(|on| on.cars.iter().copied()).collect();
            on.into_iter().for_each(|slot| self.world.note_arrival(slot));
        }
        let mut came = std::mem::take(&mut self.world.came);
        came.sort_unstable();
        came.dedup();
        let seekers = self.knowledge.as_mut().map_or(Vec::new(), |k| k.seekers(&self.world));
        if came.is_empty() && seekers.is_empty() {
            return;
        }
        if !came.is_empty() {
            let mut finder = WayFinder::new(&self.world.streets);
            for &slot in &came {
                if let Some(wish) = self.wish_at(slot, &mut finder) {
                    self.fulfil(slot, wish, &mut finder);
                }
            }
        }
        if let Some(mut knowledge) = self.knowledge.take() {
            if !seekers.is_empty() {
                let finder = knowledge.finder();
                seekers.into_iter().for_each(|slot| self.seek(slot, finder));
            }
            self.knowledge = Some(knowledge);
        }
    }

    /// What the rerouters of a vehicle's edge want of it now.
    fn wish_at(&self, slot: u32, finder: &mut WayFinder) -> Option<Wish> {
        let w = &self.world;
        let car = &w.cars[slot as usize];
        let path = &w.path(car)[car.leg as usize..];
        let edge = *path.first()?;
        let last = *path.last()?;
        let user = w.kind(car).user;
        for n in self.rerouters.at.get(&edge)? {
            let rerouter = &self.rerouters.all[*n as usize];
            let Some(interval) = rerouter.intervals.iter().find(|i| (i.begin_ms..i.end_ms).contains(&w.now_ms)) else { continue };
            let mut rng = CounterRng::new(w.seed, u64::from(car.id), (w.now_ms as u64) << 3 | DRAW);
            if rng.uniform() >= rerouter.probability {
                continue;
            }
            if !interval.parking.is_empty() {
                match self.other_park(slot, interval, finder) {
                    Some(area) => return Some(Wish::Park(area)),
                    None => continue,
                }
            }
            let closed: Vec<u32> = interval.closed_edges.iter().filter(|(_, exempt)| !exempt.contains(user)).map(|(e, _)| *e).collect();
            if !interval.closed_edges.is_empty() && !path[1..].iter().any(|e| closed.contains(e)) {
                continue;
            }
            if !interval.paths.is_empty() {
                let chosen = &self.rerouters.paths[super::departing::pick(&interval.paths, rng.uniform()) as usize];
                match chosen.iter().position(|e| *e == edge) {
                    Some(at) => return Some(Wish::Way(chosen[at..].to_vec())),
                    None => continue,
                }
            }
            // Where roads are closed, only those whose destination is one of them get another.
            let mut to = last;
            if !interval.destinations.is_empty() && (closed.is_empty() || closed.contains(&last)) {
                let places: Vec<(u32, f64)> = interval.destinations.iter().map(|(e, weight)| (e.unwrap_or(last), *weight)).collect();
                to = super::departing::pick(&places, rng.uniform());
            }
            if to != last || !closed.is_empty() {
                return Some(Wish::To(to, closed));
            }
        }
        None
    }

    /// Another car park for one whose own is full: the nearest with room.
    fn other_park(&self, slot: u32, interval: &Interval, finder: &mut WayFinder) -> Option<u32> {
        let w = &self.world;
        let car = &w.cars[slot as usize];
        let stop = car.stop.filter(|s| s.area != NOBODY && !car.stopped)?;
        // How full one is, is known where the rerouter says so, and to those who are beside it.
        let edge_of = |area: u32| self.rerouters.areas.get(area as usize).map(|(lane, ..)| w.streets.lanes[*lane as usize].edge);
        let here = w.path(car).get(car.leg as usize).copied();
        let seen = |area: u32| edge_of(area) == here || interval.parking.iter().any(|(a, _, seen)| *a == area && *seen);
        let full = |area: u32| seen(area) && w.in_area.get(area as usize).is_none_or(|(taken, room)| taken >= room);
        if !full(stop.area) {
            return None;
        }
        let driver = w.driver(car);
        let from = *w.path(car).get(car.leg as usize)?;
        let mut best: Option<(f64, u32)> = None;
        for (area, ..) in interval.parking.iter().filter(|(area, weight, _)| *weight > 0.0 && *area != stop.area && !full(*area)) {
            let Some(&(lane, ..)) = self.rerouters.areas.get(*area as usize) else { continue };
            let Some(way) = finder.find(from, w.streets.lanes[lane as usize].edge, &driver) else { continue };
            let length: f64 = way.iter().map(|e| w.streets.edges[*e as usize].length).sum();
            if best.is_none_or(|(least, _)| length < least) {
                best = Some((length, *area));
            }
        }
        best.map(|(_, area)| area)
    }

    fn fulfil(&mut self, slot: u32, wish: Wish, finder: &mut WayFinder) {
        match wish {
            Wish::Way(way) => self.redirect(slot, way),
            Wish::To(to, closed) => {
                let before: Vec<f64> = closed.iter().map(|e| finder.known(*e)).collect();
                closed.iter().for_each(|e| finder.set_known(*e, f64::INFINITY));
                if let Some(way) = self.way_to(slot, to, finder) {
                    self.redirect(slot, way);
                }
                closed.iter().zip(before).for_each(|(e, s)| finder.set_known(*e, s));
            }
            Wish::Park(area) => {
                let (lane, from, to) = self.rerouters.areas[area as usize];
                let car = &mut self.world.cars[slot as usize];
                let Some(before) = car.stop else { return };
                car.stop = Some(super::cars::Halt { area, lane, from, to, ..before });
                let last = self.world.path(&self.world.cars[slot as usize]).last().copied();
                match last.and_then(|last| self.way_to(slot, last, finder)) {
                    Some(way) => self.redirect(slot, way),
                    None => self.world.cars[slot as usize].stop = Some(before),
                }
            }
        }
    }

    /// The quickest way from where a vehicle can still turn, over its stops, to an edge; from its own edge on.
    fn way_to(&self, slot: u32, to: u32, finder: &mut WayFinder) -> Option<Vec<u32>> {
        let w = &self.world;
        let car = &w.cars[slot as usize];
        let path = &w.path(car)[car.leg as usize..];
        let lane = &w.streets.lanes[car.lane as usize];
        let (k, driver) = (w.kind(car), w.driver(car));
        // On a junction, or too near to it, the next edge is settled.
        let settled = lane.inside || lane.length - car.pos < k.brake_gap(car.speed);
        let mut way: Vec<u32> = path[..path.len().min(1 + usize::from(settled))].to_vec();
        let stops = car.stop.iter().chain(self.trips.journeys.get(car.id as usize)?.as_ref()?.stops.iter());
        let edges = stops.map(|s| w.streets.lanes[s.lane as usize].edge).collect::<Vec<_>>();
        for goal in edges.into_iter().chain([to]) {
            let here = *way.last()?;
            if here != goal {
                way.extend(finder.find(here, goal, &driver)?.into_iter().skip(1));
            }
        }
        Some(way)
    }

    /// One who looks for a better way.
    fn seek(&mut self, slot: u32, finder: &mut WayFinder) {
        let car = &self.world.cars[slot as usize];
        let path = self.world.path(car);
        let Some(&to) = path.last() else { return };
        let Some(way) = self.way_to(slot, to, finder) else { return };
        let (old, driver) = (&path[car.leg as usize..], self.world.driver(car));
        if way != old && (finder.seconds(&way, &driver) < finder.seconds(old, &driver) || !self.passable(slot)) {
            self.redirect(slot, way);
        }
    }

    /// Whether all of a vehicle's way is open to it.
    fn passable(&self, slot: u32) -> bool {
        let w = &self.world;
        let car = &w.cars[slot as usize];
        let user = w.kind(car).user;
        w.path(car)[car.leg as usize..].iter().all(|e| {
            let (first, count) = w.streets.edges[*e as usize].lanes;
            (first..first + count).any(|l| w.streets.lanes[l as usize].allowed.contains(user))
        })
    }

    /// The number of a way that was found.
    pub(super) fn number_of(&mut self, way: &Arc<[u32]>) -> u32 {
        let paths = &mut self.world.paths;
        *self.rerouters.known.entry(way.clone()).or_insert_with(|| {
            paths.push(way.clone());
            paths.len() as u32 - 1
        })
    }

    /// Puts a vehicle on another way, which begins with its edge. Stops that are not on it are left out.
    fn redirect(&mut self, slot: u32, way: Vec<u32>) {
        let way: Arc<[u32]> = way.into();
        let path = self.number_of(&way);
        let w = &mut self.world;
        let car = &w.cars[slot as usize];
        let (old_last, new_last) = (w.path(car).last().copied(), way.last().copied());
        let edge_of = |lane: u32| w.streets.lanes[lane as usize].edge;
        let mut from = 0usize;
        let mut place = |lane: u32| {
            let found = way[from..].iter().position(|e| *e == edge_of(lane))? + from;
            from = found;
            Some(found as u32)
        };
        let mut stop = car.stop.and_then(|mut s| {
            s.leg = place(s.lane)?;
            Some(s)
        });
        if let Some(journey) = self.trips.of(car.id) {
            let placed = |mut s: super::cars::Halt| {
                s.leg = place(s.lane)?;
                Some(s)
            };
            journey.stops = std::mem::take(&mut journey.stops).into_iter().filter_map(placed).collect();
            if stop.is_none() {
                stop = journey.stops.pop_front();
            }
            journey.row.reroutes += 1;
        }
        let end = new_last.map_or(0.0, |e| w.streets.edges[e as usize].length);
        let car = &mut w.cars[slot as usize];
        (car.path, car.leg, car.stop) = (path, 0, stop);
        if old_last != new_last {
            car.arrive_at = end;
        }
        w.find_lanes(slot);
    }
}
