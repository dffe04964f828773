//! What the queue model's state is made of. The list names all that the model has, so that something new does not compile before it is
//! said whether it is state or comes from the scenario.

use super::lane::{NEVER, Slot};
use super::{Agent, LAST, Queues};
use crate::state::{Exchange, StateError, must};

impl Queues {
    /// Writes or takes up the state.
    pub(super) fn exchange_state(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { given, lanes, slots, agents, free, departed, lights, asleep, used, waiting, calendar, sums, queue_max, ended, now, events, counts, due, beyond, crossing, came, went } = self;
        with.part("time", now)?;
        with.part("events", events)?;
        with.part("counts", counts)?;
        with.part("departures due", due)?;
        with.list("lanes", lanes)?;
        with.part("vehicles", agents)?;
        with.part("free places", free)?;
        with.list("times of departure", departed)?;
        with.list("lights", lights)?;
        with.list("lanes that wait for lights", asleep)?;
        with.list("links used", used)?;
        with.list("waiting for room", waiting)?;
        with.part("calendar", calendar)?;
        with.list("sums of edges", sums)?;
        with.list("longest queues", queue_max)?;
        with.part("journeys", ended)?;
        with.list("taken beyond the border", beyond)?;
        with.part("on the way over the border", crossing)?;
        with.part("came over the border", came)?;
        with.part("went over the border", went)?;
        let mut further = given.paths[given.own_paths..].to_vec();
        with.part("further ways", &mut further)?;
        if with.loads() {
            let known = |m: &u32| if m & LAST != 0 { ((m & !LAST) as usize) < waiting.len() } else { (*m as usize) < given.net.moves.len() };
            must(further.iter().all(known) && further.last().is_none_or(|m| m & LAST != 0), "further ways", "names streets that are not there")?;
            if given.paths.len() != given.own_paths + further.len() || given.paths[given.own_paths..] != further {
                let given = std::sync::Arc::make_mut(given);
                given.paths.truncate(given.own_paths);
                given.paths.extend(further);
            }
        }
        // Of the rings only what is in use.
        let rings = given.net.lanes.iter().zip(&*lanes);
        let count = |lane: &super::Lane| lane.tail.wrapping_sub(lane.hole);
        let sizes = rings.clone().all(|(fix, lane)| count(lane) <= fix.mask + 1 && lane.count() <= count(lane));
        must(sizes, "lanes", "holds more vehicles than there is room for")?;
        let places = || rings.clone().flat_map(|(fix, lane)| (0..count(lane)).map(|n| (fix.ring + (lane.hole.wrapping_add(n) & fix.mask)) as usize));
        must(places().all(|at| at < slots.len()), "lanes", "has vehicles where none can be")?;
        let mut held: Vec<Slot> = if with.loads() { Vec::new() } else { places().map(|at| slots[at]).collect() };
        with.part("places on lanes", &mut held)?;
        if with.loads() {
            must(places().count() == held.len(), "places on lanes", "is not as long as the lanes say")?;
            places().zip(held).for_each(|(at, slot)| slots[at] = slot);
            self.check()?;
        }
        Ok(())
    }

    /// Whether what is named is there: a state of another scenario, or of another version of the models, is told here at the latest.
    fn check(&self) -> Result<(), StateError> {
        let given = &self.given;
        let (roads, edges, links) = (given.net.lanes.len(), self.waiting.len(), given.net.links.len());
        let below = |n: u32, count: usize| (n as usize) < count;
        let or_none = |n: u32, count: usize| n == NEVER || below(n, count);
        let sound = |a: &Agent| {
            let person = given.people.get(a.number as usize);
            let path = person.is_some_and(|p| a.at as usize >= given.own_paths || a.at >= p.path && !given.paths.get(p.path as usize..a.at as usize).is_none_or(|before| before.iter().any(|m| m & LAST != 0)));
            path && below(a.at, given.paths.len()) && below(a.lane, roads) && or_none(a.over, links) && usize::from(a.kind) < given.kinds.len() && [a.wish, a.end, a.factor, a.from, a.way, a.ideal].iter().all(|v| v.is_finite())
        };
        must(self.agents.iter().all(sound), "vehicles", "names lanes, kinds or ways that are not there")?;
        must(self.free.iter().all(|n| below(*n, self.agents.len())), "free places", "names vehicles that are not there")?;
        must(self.crossing.iter().all(|c| below(c.agent, self.agents.len()) && below(c.lane, roads) && c.speed.is_finite()), "on the way over the border", "names vehicles or lanes that are not there")?;
        let all = self.lanes.len();
        let lanes = self.lanes.iter().enumerate().all(|(n, l)| {
            let source = n < roads || l.head <= l.tail && l.tail as usize <= given.queues.len();
            source && or_none(l.claims, all) && or_none(l.claimed, all) && or_none(l.waits_for, edges) && or_none(l.next_waiting, all) && l.pass.is_finite()
        });
        must(lanes, "lanes", "names others that are not there")?;
        must(self.waiting.iter().all(|n| or_none(*n, all)) && self.asleep.iter().flatten().all(|n| below(*n, all)), "waiting for room", "names lanes that are not there")?;
        must(self.lights.iter().enumerate().all(|(n, run)| given.lights.knows(n, run)), "lights", "names phases that are not there")?;
        must(self.calendar.all(|who| below(who, all + self.lights.len())), "calendar", "names lanes that are not there")?;
        let held = given.net.lanes.iter().zip(&self.lanes).flat_map(|(fix, lane)| (0..lane.tail.wrapping_sub(lane.hole)).map(move |n| (fix.ring + (lane.hole.wrapping_add(n) & fix.mask)) as usize));
        must(held.into_iter().all(|at| below(self.slots[at].agent, self.agents.len()) && or_none(self.slots[at].link, links)), "places on lanes", "names vehicles that are not there")
    }
}
