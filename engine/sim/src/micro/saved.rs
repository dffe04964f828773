//! What the lane-level model's state is made of. Each list names all that a struct has, so that something new does not compile before
//! it is said whether it is state, comes from the scenario, or is worked out anew in each step.

use super::Micro;
use super::best::Best;
use super::cars::{Car, Halt, NOBODY};
use super::world::World;
use crate::state::{Exchange, StateError, must};
use std::collections::HashMap;
use std::sync::Arc;

impl Micro {
    /// Writes or takes up the state.
    pub(super) fn exchange_state(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        // Scratch of a step: plans, active, busy, wide, moved_on, changes. Of the scenario: teleport_after_ms, end_ms, findings.
        let Self { world, lights, queue, trips, active: _, busy: _, free, plans: _, touched, wide: _, moved_on: _, changes: _, transfer, parked, control, rerouters, knowledge, teleport_after_ms: _, pool: _, updates, end_ms: _, findings: _, border } = self;
        with.part("updates", updates)?;
        rerouters.exchange(world, with)?;
        world.exchange(with)?;
        lights.exchange(with)?;
        queue.exchange(world.streets.edges.len(), world.paths.len(), with)?;
        control.exchange(world, with)?;
        if let Some(knowledge) = knowledge {
            knowledge.exchange(with)?;
        }
        with.part("journeys", trips)?;
        with.part("free places", free)?;
        border.exchange(with)?;
        with.part("approached links", touched)?;
        with.part("taken out", transfer)?;
        with.part("beside the road", parked)?;
        let waiting = queue.due.values_mut().flatten().map(|w| &mut w.best);
        lanes_ahead(&mut world.cars, waiting, with)?;
        if with.loads() { self.check() } else { Ok(()) }
    }

    /// Whether what is named is there: a state of another scenario, or of another version of the models, is told here at the latest.
    fn check(&self) -> Result<(), StateError> {
        let (w, slots) = (&self.world, self.world.cars.len());
        let slot = |n: &u32| (*n as usize) < slots;
        must(self.free.iter().chain(&self.parked).all(slot) && self.transfer.iter().all(|t| slot(&t.slot)), "free places", "names vehicles that are not there")?;
        must(self.touched.iter().all(|l| (*l as usize) < w.approaches.len()), "approached links", "names links that are not there")?;
        let halts = self.trips.journeys.iter().flatten().flat_map(|j| &j.stops).chain(w.cars.iter().filter_map(|c| c.stop.as_ref()));
        let lanes = w.streets.lanes.len();
        let known = |h: &Halt| (h.lane as usize) < lanes && (h.place == NOBODY || (h.place as usize) < w.at_stop.len()) && (h.area == NOBODY || (h.area as usize) < w.in_area.len());
        must(halts.into_iter().all(known), "journeys", "names stops that are not there")?;
        let on_road = w.on.iter().zip(0..).filter(|(_, lane)| !w.is_outside(*lane)).flat_map(|(on, _)| &on.cars).chain(&self.parked);
        must(self.border.tails.iter().all(|t| slot(&t.slot)), "last ones beyond the border", "names vehicles that are not there")?;
        must(on_road.into_iter().all(|s| self.trips.journeys.get(w.cars[*s as usize].id as usize).is_some_and(Option::is_some)), "journeys", "lacks somebody who is on the road")
    }
}

impl World {
    /// Its part of the state.
    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        // Of the scenario: streets, kinds, steps, choices, heeded, outside; paths beyond those come with the rerouters. Remembered: memo.
        let Self {
            streets: _, kinds: _, paths: _, cars, on, room, room_ahead, measured, any_stopped, busy, touched, on_lanes, planned, planned_at, approaches, shown, limit, at_stop, now_ms,
            dt_ms: _, dt: _, fading: _, choice: _, seed, memo, heeded: _, came, in_area, outside: _,
        } = self;
        let same = *seed;
        with.part("seed", seed)?;
        must(same == *seed, "seed", "is another one")?;
        with.part("time", now_ms)?;
        with.part("vehicles", cars)?;
        with.list("lanes", on)?;
        with.list("room", room)?;
        with.list("room ahead", room_ahead)?;
        with.part("lanes measured", measured)?;
        with.part("somebody at a stop", any_stopped)?;
        with.part("busy lanes", busy)?;
        with.part("lanes touched", touched)?;
        with.part("how many", on_lanes)?;
        with.part("plans", planned)?;
        with.part("whose plans", planned_at)?;
        with.list("approaches", approaches)?;
        with.list("shown", shown)?;
        with.list("limits", limit)?;
        with.list("at stops", at_stop)?;
        with.part("came to rerouters", came)?;
        with.list("in car parks", in_area)?;
        if with.loads() {
            *memo = super::memo::Memo::default();
            self.check()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StateError> {
        let (lanes, slots) = (self.streets.lanes.len(), self.cars.len());
        let lane = |n: &u32| (*n as usize) < lanes;
        let slot = |n: &u32| (*n as usize) < slots;
        let sound = |c: &Car| {
            let path = self.paths.get(c.path as usize).map_or(0, |p| p.len());
            let number = [c.pos, c.speed, c.accel, c.factor].iter().all(|v| v.is_finite());
            lane(&c.lane) && (c.kind as usize) < self.kinds.len() && (c.leg as usize) < path && (c.best_leg as usize) < path && c.behind.iter().all(lane) && number
        };
        must(self.cars.iter().all(sound), "vehicles", "names lanes, kinds or ways that are not there")?;
        must(self.on.iter().all(|on| on.cars.iter().chain(&on.partial).all(slot)), "lanes", "names vehicles that are not there")?;
        must(self.on_lanes == self.on.iter().zip(0..).filter(|(_, lane)| !self.is_outside(*lane)).map(|(on, _)| on.cars.len()).sum::<usize>(), "how many", "is another number than are on lanes")?;
        must(self.measured.iter().all(lane), "lanes measured", "names lanes that are not there")?;
        let full = (0..lanes as u32).all(|l| self.is_outside(l) || self.busy.has(l) != self.on[l as usize].cars.is_empty());
        must(self.busy.fits(lanes) && self.touched.fits(lanes) && full, "busy lanes", "are not those with somebody on them")?;
        let planned = |(first, count): &(u32, u32)| (*first as usize).saturating_add(*count as usize) <= self.planned.len();
        must(self.planned_at.len() == slots && self.planned_at.iter().all(planned), "whose plans", "names plans that are not there")?;
        must(self.planned.iter().all(|i| i.link == NOBODY || (i.link as usize) < self.approaches.len()), "plans", "names links that are not there")?;
        must(self.approaches.iter().flatten().all(|a| slot(&a.car)) && self.came.iter().all(slot), "approaches", "names vehicles that are not there")?;
        must(self.at_stop.iter().flatten().all(|(n, _)| slot(n)), "at stops", "names vehicles that are not there")
    }
}

/// How the lanes lead on for each vehicle, and for each that waits to depart: many share an answer, so each is written once, in the
/// order in which they come.
fn lanes_ahead<'a>(cars: &mut [Car], waiting: impl Iterator<Item = &'a mut Option<Arc<Best>>>, with: &mut Exchange<'_>) -> Result<(), StateError> {
    let mut waiting: Vec<_> = waiting.collect();
    let (mut all, mut of_cars, mut of_waiting): (Vec<Best>, Vec<u32>, Vec<Option<u32>>) = Default::default();
    if !with.loads() {
        let mut at: HashMap<*const Best, u32> = HashMap::new();
        let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut place = |best: &Arc<Best>| {
            *at.entry(Arc::as_ptr(best)).or_insert_with(|| {
                // Those that are equal are one, whether or not they are one in memory.
                let key = postcard::to_stdvec(&**best).unwrap_or_default();
                *known.entry(key).or_insert_with(|| {
                    all.push((**best).clone());
                    all.len() as u32 - 1
                })
            })
        };
        of_cars = cars.iter().map(|c| place(&c.best)).collect();
        of_waiting = waiting.iter().map(|w| w.as_ref().map(&mut place)).collect();
    }
    with.part("lanes ahead", &mut all)?;
    with.part("lanes ahead of vehicles", &mut of_cars)?;
    with.part("lanes ahead of those who wait", &mut of_waiting)?;
    if with.loads() {
        let all: Vec<Arc<Best>> = all.into_iter().map(Arc::new).collect();
        let known = |n: &u32| (*n as usize) < all.len();
        must(of_cars.len() == cars.len() && of_cars.iter().all(known), "lanes ahead of vehicles", "has other vehicles")?;
        must(of_waiting.len() == waiting.len() && of_waiting.iter().flatten().all(known), "lanes ahead of those who wait", "has other vehicles")?;
        cars.iter_mut().zip(of_cars).for_each(|(car, n)| car.best = all[n as usize].clone());
        waiting.iter_mut().zip(of_waiting).for_each(|(best, n)| **best = n.map(|n| all[n as usize].clone()));
    }
    Ok(())
}
