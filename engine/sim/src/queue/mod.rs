//! Vehicles as queues on lanes: event by event, with storage, spill-back and waves that run back through the queues.
//!
//! A vehicle that comes onto a lane may be at its end when it has driven there freely. There it waits for its light, for a gap, for
//! room beyond, and for those before it; each lane is first in, first out, so that one who waits to turn holds up only those of his
//! lane. One who leaves makes a hole, which runs back against the traffic and is room at the lane's start only when it gets there: the
//! model is Newell's simplified kinematic waves (Transp. Res. B 27 (1993) 281) vehicle by vehicle, as in Charypar, Axhausen, Nagel
//! (Transp. Res. Rec. 2003 (2007) 35), with lanes. A lane is touched only when something is due there; time is whole milliseconds.
//!
//! Which lane one takes is chosen when one comes onto an edge, among those that lead on: the one with the most room. The state is flat
//! lists of plain numbers; what the scenario says and never changes is shared.

mod act;
pub(crate) mod border;
pub(crate) mod calendar;
mod edited;
mod gaps;
pub(crate) mod kinds;
mod lane;
mod ledger;
mod lights;
mod net;
mod saved;
mod sight;
mod source;

use crate::micro::TripRow;
use crate::micro::departing::{Departures, departures};
use crate::micro::follow::Kind as Driving;
use crate::traffic::EdgeSums;
use calendar::Calendar;
use kinds::Kind;
use lane::{Lane, NEVER, Slot};
use lights::{Lights, Running};
use net::Net;
use qike_core::{Diagnostic, StateHasher};
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use serde::{Deserialize, Serialize};
use source::Person;
use std::sync::Arc;

/// Somebody on the road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Agent {
    /// Place of its next movement in the list of paths.
    at: u32,
    /// Its lane; it left the lane before and comes onto this one at these times.
    lane: u32,
    left: u32,
    entered: u32,
    /// The link by which it came; [`NEVER`]: it departed here.
    over: u32,
    departed: u32,
    /// Among those of the scenario.
    number: u32,
    /// Speed that it wants on this lane, and that it has at its end if nobody is before it, m/s.
    wish: f32,
    end: f32,
    factor: f32,
    /// Where on its lane it departed, m.
    from: f32,
    /// Way up to the start of its lane, m, and the time that it would have taken alone, s.
    way: f32,
    ideal: f32,
    /// Stood, and stood at stops, ms.
    stood: u32,
    stopped: u32,
    kind: u16,
    stands: u16,
    taken_out: u16,
    /// Stops made.
    stops: u16,
}

/// The last place of a path: the journey ends on that edge.
const LAST: u32 = 1 << 31;

/// What a scenario says, for all models that are made of it.
#[derive(Clone)]
struct Given {
    net: Net,
    kinds: Vec<Kind>,
    lights: Lights,
    /// Movements of each path, one after the other; the last place of each is [`LAST`] and the edge. Of the scenario so many; further
    /// ones were found on the way by another model.
    paths: Vec<u32>,
    own_paths: usize,
    people: Vec<Person>,
    /// Place in `people` of each number of the scenario; [`NEVER`] for those who do not depart.
    by_number: Vec<u32>,
    /// Those who depart on an edge, in their order.
    queues: Vec<u32>,
    /// All by time, to know who is due.
    times: Vec<u32>,
    begin_ms: i64,
    end_ms: i64,
    step_ms: u32,
    give_up_ms: u32,
    /// Gridlock is resolved after that, ms.
    patience_ms: u32,
    loaded: u64,
    findings: Vec<Diagnostic>,
}

/// The model. A clone goes on from where it was cloned, by itself; what never changes is shared between them.
#[derive(Clone)]
pub struct Queues {
    given: Arc<Given>,
    /// By lane; then, by edge, those who are to depart there.
    lanes: Vec<Lane>,
    slots: Vec<Slot>,
    agents: Vec<Agent>,
    free: Vec<u32>,
    /// When everybody of the scenario departed.
    departed: Vec<u32>,
    lights: Vec<Running>,
    /// Lanes that wait for green at an actuated light.
    asleep: Vec<Vec<u32>>,
    /// When each link was used last.
    used: Vec<u32>,
    /// First of those who wait for room on each edge.
    waiting: Vec<u32>,
    calendar: Calendar,
    sums: Vec<EdgeSums>,
    queue_max: Vec<u32>,
    ended: Vec<TripRow>,
    now: u32,
    events: u64,
    /// Departed, arrived, taken out of a gridlock, given up; whose time has come.
    counts: [u64; 4],
    due: usize,
    /// By lane, room that is taken on it where another model runs it, cm; empty where none does.
    beyond: Vec<i32>,
    /// On their way to lanes that another model runs; who came from such, and who went there.
    crossing: Vec<border::Crossing>,
    came: u64,
    went: u64,
}

impl Queues {
    /// A model of a scenario.
    ///
    /// # Errors
    /// What is wrong with the map, in words.
    pub fn new(scenario: &TrafficScenario, seed: u64) -> Result<Self, String> {
        let (streets, findings) = Streets::from_map(&scenario.map)?;
        let listed = departures(scenario, &Self::driving(scenario), &streets, seed);
        Ok(Self::of(scenario, (Arc::new(streets), findings), listed, Vec::new()))
    }

    fn driving(scenario: &TrafficScenario) -> Vec<Driving> {
        let step_ms = scenario.settings.step_ms.clamp(1, 3_600_000);
        scenario.demand.kinds.iter().map(|k| Driving::new(k, step_ms as f64 / 1000.0)).collect()
    }

    /// A model on streets that are laid out, with what was found doubtful about them, for those on a list; `outside`: by lane, whether
    /// another model runs it (empty: none).
    pub(crate) fn of(scenario: &TrafficScenario, (streets, mut findings): (Arc<Streets>, Vec<Diagnostic>), listed: Departures, outside: Vec<bool>) -> Self {
        let settings = &scenario.settings;
        let step_ms = settings.step_ms.clamp(1, 3_600_000);
        let driving = Self::driving(scenario);
        let kinds: Vec<Kind> = driving.iter().zip(&scenario.demand.kinds).map(|(d, k)| Kind::new(d, k.startup_delay_s)).collect();
        let numbers = listed.loaded as usize;
        let mut net = Net::new(streets.clone(), &kinds);
        net.outside = outside;
        let (lights, running) = Lights::new(&scenario.map, settings.begin_ms);
        let sources = source::Sources::new(&net, listed, settings.begin_ms, &mut findings);
        let until = |ms: i64| u32::try_from(ms).unwrap_or(NEVER);
        let (lanes, edges) = (streets.lanes.len(), streets.edges.len());
        let mut all: Vec<Lane> = net.lanes.iter().map(|l| Lane::empty(l.room as i32)).collect();
        all.extend(sources.ranges.iter().map(|(first, end)| Lane { head: *first, tail: *end, ..Lane::empty(0) }));
        let given = Given {
            kinds,
            lights,
            own_paths: sources.paths.len(),
            paths: sources.paths,
            by_number: {
                let mut places = vec![NEVER; numbers];
                sources.people.iter().enumerate().for_each(|(n, p)| places[p.number as usize] = n as u32);
                places
            },
            people: sources.people,
            queues: sources.queues,
            times: sources.times,
            begin_ms: settings.begin_ms,
            end_ms: settings.end_ms.unwrap_or(i64::MAX),
            step_ms: step_ms as u32,
            give_up_ms: settings.max_depart_delay_ms.map_or(NEVER, |ms| until(ms.max(0))),
            patience_ms: settings.teleport_after_ms.filter(|ms| *ms > 0).map_or(NEVER, until),
            loaded: sources.loaded,
            findings,
            net,
        };
        let mut model = Self {
            lanes: all,
            slots: vec![Slot::default(); given.net.slots],
            agents: Vec::new(),
            free: Vec::new(),
            departed: vec![0; given.people.len()],
            asleep: vec![Vec::new(); running.len()],
            lights: running,
            used: vec![0; streets.links.len()],
            waiting: vec![NEVER; edges],
            calendar: Calendar::new(lanes),
            sums: vec![EdgeSums::default(); edges],
            queue_max: vec![0; edges],
            ended: Vec::new(),
            now: 0,
            events: 0,
            counts: [0, 0, 0, sources.discarded],
            due: 0,
            beyond: vec![0; given.net.outside.len()],
            crossing: Vec::new(),
            came: 0,
            went: 0,
            given: Arc::new(given),
        };
        model.first_dates();
        model
    }

    /// Everybody's first date: departures and actuated lights.
    fn first_dates(&mut self) {
        let (lanes, edges) = (self.given.net.lanes.len(), self.waiting.len());
        for edge in 0..edges {
            let lane = &self.lanes[lanes + edge];
            if lane.count() > 0 {
                let first = self.given.people[self.given.queues[lane.head as usize] as usize].depart;
                self.set(lanes as u32 + edge as u32, first);
            }
        }
        for light in 0..self.lights.len() {
            if self.given.lights.actuated(light, &self.lights[light]) {
                self.calendar.set(self.lights[light].until, (lanes + edges + light) as u32);
            }
        }
    }

    /// Sets a lane's date.
    #[inline]
    fn set(&mut self, lane: u32, time: u32) {
        let l = &mut self.lanes[lane as usize];
        if l.due != time {
            l.due = time;
            if time != NEVER {
                self.calendar.set(time, lane);
            }
        }
    }

    /// Goes on until a time, ms since the begin.
    fn run_until(&mut self, end: u32) {
        let given = self.given.clone();
        let (lanes, edges) = (given.net.lanes.len() as u32, self.waiting.len() as u32);
        while let Some((time, who)) = self.calendar.next(end) {
            self.now = time;
            if who >= lanes + edges {
                self.events += 1;
                self.light(&given, (who - lanes - edges) as usize);
                continue;
            }
            // Another date was set since.
            if self.lanes[who as usize].due != time {
                continue;
            }
            self.lanes[who as usize].due = NEVER;
            self.events += 1;
            if who >= lanes { self.depart(&given, who) } else { self.serve(&given, who) }
        }
        self.now = end;
        while given.times.get(self.due).is_some_and(|t| *t < end) {
            self.due += 1;
        }
    }

    /// An actuated light's date: green goes on where somebody comes, or the next phase begins.
    fn light(&mut self, given: &Given, light: usize) {
        let (now, mut run) = (self.now, self.lights[light]);
        given.lights.advance(light, &mut run, now);
        if run.until <= now && given.lights.actuated(light, &run) {
            match given.lights.may_last(light, &run, now) {
                Some(gap) if self.comes(given, light, &run, gap) => run.until = now + given.step_ms,
                _ => given.lights.next(light, &mut run, now),
            }
            for lane in std::mem::take(&mut self.asleep[light]) {
                self.set(lane, now + act::START_MS);
            }
        }
        self.lights[light] = run;
        self.calendar.set(run.until.max(now + 1), (given.net.lanes.len() + self.waiting.len() + light) as u32);
    }

    /// Whether somebody comes to a green of an actuated light within a gap.
    fn comes(&self, given: &Given, light: usize, run: &Running, gap_ms: u32) -> bool {
        use crate::micro::world::shown;
        given.net.links.iter().zip(&given.net.streets.links).filter(|(l, _)| l.light == light as u32).any(|(l, street)| {
            let lane = &self.lanes[street.from as usize];
            let green = matches!(given.lights.says(light, run, l.light_index), lights::Says::Go(bits, _) if bits & shown::GREEN != 0);
            green && lane.count() > 0 && lane.ready <= self.now + gap_ms
        })
    }

    /// Hash of the whole state: equal runs have equal hashes.
    pub fn hash(&self) -> u64 {
        let mut hasher = StateHasher::new();
        hasher.u64(u64::from(self.now));
        for (n, lane) in self.lanes.iter().enumerate() {
            hasher.u64(u64::from(lane.head) << 32 | u64::from(lane.tail));
            if lane.count() > 0 || lane.head != lane.hole {
                hasher.u64(u64::from(lane.ready) << 32 | lane.free as u32 as u64);
                hasher.u64(u64::from(lane.due) << 32 | u64::from(lane.since));
            }
            let Some(fix) = self.given.net.lanes.get(n) else { continue };
            for place in 0..lane.tail.wrapping_sub(lane.hole) {
                let slot = &self.slots[(fix.ring + (lane.hole.wrapping_add(place) & fix.mask)) as usize];
                hasher.u64(u64::from(slot.at) << 32 | u64::from(slot.agent));
            }
        }
        for agent in &self.agents {
            hasher.u64(u64::from(agent.number) << 32 | u64::from(agent.at));
            hasher.u64(u64::from(agent.entered) << 32 | u64::from(agent.end.to_bits()));
        }
        for c in &self.crossing {
            hasher.u64(u64::from(c.agent) << 32 | u64::from(c.lane));
            hasher.u64(u64::from(c.at) << 32 | u64::from(c.speed.to_bits()));
        }
        for light in &self.lights {
            hasher.u64(u64::from(light.phase) << 32 | u64::from(light.until));
        }
        hasher.finish()
    }
}
