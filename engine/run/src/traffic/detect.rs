//! Detectors: loops, stretches of lanes, entries and exits, measured as SUMO measures them from what each step shows of everybody.
//!
//! A vehicle that comes onto a lane with detectors is followed until its rear has passed them. Within a step it drives evenly with
//! the speed that it has at the step's end; it changes lanes after it has moved. Definitions:
//! <https://sumo.dlr.de/docs/Simulation/Output/> (induction loops, lane area detectors, multi-entry-exit detectors).

mod area;
mod gate;
mod point;
mod riders;

use super::{OnRoad, TripRow};
use qike_record::SignalLamp;
use area::Area;
use gate::Gate;
use point::Point;
use qike_network::streets::{NONE, Streets};
use qike_network::traffic::{Detector, DetectorKind, Figures, Passage, TrafficScenario, VehicleKind};
use qike_sim::state::{Exchange, StateError, must};
use riders::Riders;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a detector measured in an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its place in the scenario's list.
    pub detector: u32,
    /// Begin of the interval, ms.
    pub begin_ms: i64,
    /// End, ms.
    pub end_ms: i64,
    /// What.
    pub figures: Figures,
}

/// What detectors found in a step.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// Of intervals that have ended.
    pub intervals: Vec<Reading>,
    /// Of those that tell of each vehicle: detector, passage.
    pub passages: Vec<(u32, Passage)>,
}

/// What a step shows.
pub struct Shown<'a> {
    /// Begin of the step, ms.
    pub time_ms: i64,
    /// Its length, ms.
    pub step_ms: i64,
    /// Who arrived in it.
    pub ended: &'a [TripRow],
    /// The share of the limit that a vehicle wants.
    pub factor: &'a dyn Fn(u32) -> f64,
    /// What a link shows.
    pub light: &'a dyn Fn(u32) -> SignalLamp,
}

/// What a detector measures with.
#[derive(Serialize, Deserialize)]
enum Sensor {
    Point(Point),
    Area(Area),
    Gate(Gate),
}

/// What ends a detector's intervals.
#[derive(Serialize, Deserialize)]
enum Pace {
    /// Only the run's end.
    Run,
    /// Every so many ms.
    Every(i64),
    /// A change of what these links show, as it was.
    Changes(Vec<u32>, Vec<SignalLamp>),
    /// While these links are red.
    Red(Vec<u32>, bool),
}

/// One detector at work.
#[derive(Serialize, Deserialize)]
struct Post {
    sensor: Sensor,
    pace: Pace,
    since_ms: i64,
    /// By kind of vehicle whether it counts.
    counts: Vec<bool>,
}

/// All detectors of a run.
pub struct Detectors {
    posts: Vec<Post>,
    /// The order in which they tell: those with shorter intervals first, as in SUMO's files.
    order: Vec<usize>,
    riders: Riders,
    found: Readings,
}

/// Lanes that an area covers, in order, with those over junctions; and where it begins on the first and ends on the last.
fn stretch(streets: &Streets, lanes: &[u32], from_m: f64, to_m: f64) -> Option<(Vec<u32>, f64, f64)> {
    let mut all = vec![*lanes.first()?];
    for &next in lanes.get(1..)? {
        let here = *all.last()?;
        if streets.links_of(here).any(|l| streets.links[l as usize].next == next) {
            all.push(next);
            continue;
        }
        // Over the junction.
        let mut at = streets.links_of(here).find(|l| streets.links[*l as usize].to == next).map(|l| streets.links[l as usize].next)?;
        while at != next {
            all.push(at);
            at = streets.links_of(at).next().map(|l| streets.links[l as usize].next)?;
        }
        all.push(next);
    }
    let (mut from, mut to) = (from_m, to_m - streets.lanes[*all.last()? as usize].length);
    // Where it reaches further than its lanes, on along those before and after.
    while from < 0.0 {
        let before = streets.lanes[all[0] as usize].before;
        if before == NONE || all.contains(&before) {
            from = 0.0;
        } else {
            all.insert(0, before);
            from += streets.lanes[before as usize].length;
        }
    }
    while to > 0.0 {
        let here = *all.last()?;
        let next = streets.links_of(here).map(|l| streets.links[l as usize].next).find(|n| !all.contains(n));
        match next {
            Some(next) => {
                all.push(next);
                to -= streets.lanes[next as usize].length;
            }
            None => to = 0.0,
        }
    }
    let end = streets.lanes[*all.last()? as usize].length + to;
    Some((all, from, end))
}

impl Detectors {
    /// Those of a scenario on a map where nobody is yet.
    pub fn new(scenario: &TrafficScenario, streets: &Arc<Streets>) -> Self {
        let mut riders = Riders::new(streets.clone(), scenario);
        let posts: Vec<Post> = (0u32..).zip(&scenario.extras.detectors).map(|(at, d)| Post::new(at, d, scenario, streets, &mut riders)).collect();
        let mut order: Vec<usize> = (0..posts.len()).collect();
        order.sort_by_key(|n| if let Pace::Every(ms) = posts[*n].pace { ms } else { i64::MAX });
        Self { posts, order, riders, found: Readings::default() }
    }

    /// Takes up a step: where everybody is after it, lane by lane.
    pub fn step(&mut self, everybody: &[OnRoad], shown: &Shown<'_>) {
        self.found.intervals.clear();
        self.found.passages.clear();
        if self.posts.is_empty() {
            return;
        }
        // Lights change before anybody moves.
        for n in 0..self.posts.len() {
            self.light(n, shown);
        }
        let Self { posts, riders, found, .. } = self;
        riders.step(everybody, shown, &mut |event, ride| {
            let Some(post) = posts.get_mut(ride.detector as usize).filter(|p| p.counts.get(ride.kind as usize).copied().unwrap_or(true)) else { return false };
            match &mut post.sensor {
                Sensor::Point(point) => point.notice(event, ride, &mut found.passages),
                Sensor::Area(area) => area.notice(event, ride),
                Sensor::Gate(gate) => gate.notice(event, ride),
            }
        });
        let now = shown.time_ms + shown.step_ms;
        for at in 0..self.order.len() {
            let n = self.order[at];
            let post = &mut self.posts[n];
            match &mut post.sensor {
                Sensor::Point(_) => {}
                Sensor::Area(area) => area.update(shown.step_ms),
                Sensor::Gate(gate) => gate.update(shown, &|vehicle| self.riders.speed(vehicle)),
            }
            if matches!(post.pace, Pace::Every(every) if now - post.since_ms >= every) {
                self.write(n, now);
            }
        }
    }

    /// Their part of a run's state.
    pub(super) fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { posts, order: _, riders, found: _ } = self;
        let count = |posts: &[Post]| posts.iter().map(|p| std::mem::discriminant(&p.sensor)).collect::<Vec<_>>();
        let before = count(posts);
        with.list("detectors", posts)?;
        must(count(posts) == before, "detectors", "has others than this scenario")?;
        riders.exchange(with)
    }

    /// The run is over.
    pub fn end(&mut self, now_ms: i64) {
        self.found.intervals.clear();
        self.found.passages.clear();
        for at in 0..self.order.len() {
            let n = self.order[at];
            if matches!(self.posts[n].pace, Pace::Run | Pace::Every(_)) && self.posts[n].since_ms < now_ms {
                self.write(n, now_ms);
            }
        }
    }

    /// What the last step gave.
    pub fn found(&self) -> &Readings {
        &self.found
    }

    fn light(&mut self, n: usize, shown: &Shown<'_>) {
        let now = shown.time_ms;
        let first = self.posts[n].since_ms == now;
        match &mut self.posts[n].pace {
            Pace::Run | Pace::Every(_) => {}
            Pace::Changes(links, before) => {
                let is: Vec<SignalLamp> = links.iter().map(|l| (shown.light)(*l)).collect();
                let changed = *before != is;
                *before = is;
                if changed && !first {
                    self.write(n, now);
                }
            }
            Pace::Red(links, was) => {
                let is = links.iter().all(|l| (shown.light)(*l) == SignalLamp::Red);
                let before = std::mem::replace(was, is);
                if before && !is && !first {
                    self.write(n, now);
                } else if is && !before {
                    // What was measured while it was not red counts for nothing.
                    let kept = self.found.intervals.len();
                    self.write(n, now);
                    self.found.intervals.truncate(kept);
                }
            }
        }
    }

    /// Ends an interval of a detector.
    fn write(&mut self, n: usize, now_ms: i64) {
        let post = &mut self.posts[n];
        let begin_ms = std::mem::replace(&mut post.since_ms, now_ms);
        let figures = match &mut post.sensor {
            Sensor::Point(point) if point.instant => return,
            Sensor::Point(point) => Figures::Loop(point.take(begin_ms, now_ms)),
            Sensor::Area(area) => Figures::Area(area.take()),
            Sensor::Gate(gate) => Figures::EntryExit(gate.take(begin_ms, now_ms, &|vehicle| self.riders.loss_s(vehicle))),
        };
        self.found.intervals.push(Reading { detector: n as u32, begin_ms, end_ms: now_ms, figures });
    }
}

impl Post {
    fn new(at: u32, detector: &Detector, scenario: &TrafficScenario, streets: &Streets, riders: &mut Riders) -> Self {
        let counts = |kind: &VehicleKind| detector.kinds.is_empty() || detector.kinds.contains(&kind.id);
        let mut pace = detector.every_ms.map_or(Pace::Run, |ms| Pace::Every(ms.max(1)));
        let halting = detector.halting;
        let sensor = match &detector.kind {
            DetectorKind::Loop { lane, at_m } | DetectorKind::Instant { lane, at_m } => {
                riders.watch(*lane, at, 0);
                Sensor::Point(Point::new(*at_m, matches!(detector.kind, DetectorKind::Instant { .. })))
            }
            DetectorKind::Area { lanes, from_m, to_m, light } => {
                if let Some((light, to)) = light {
                    let last = lanes.last().copied().unwrap_or(NONE);
                    let of_light = (0..streets.links.len() as u32).filter(|l| streets.links[*l as usize].light == *light);
                    pace = match to {
                        Some(to) => Pace::Red(of_light.filter(|l| streets.links[*l as usize].from == last && streets.links[*l as usize].to == *to).collect(), false),
                        None => Pace::Changes(of_light.collect(), Vec::new()),
                    };
                }
                let (lanes, from, to) = stretch(streets, lanes, *from_m, *to_m).unwrap_or_else(|| (lanes.clone(), *from_m, *to_m));
                let lengths: Vec<f64> = lanes.iter().map(|l| streets.lanes[*l as usize].length).collect();
                for (part, lane) in (0u32..).zip(&lanes) {
                    riders.watch(*lane, at, part);
                }
                Sensor::Area(Area::new(&lengths, from, to, halting))
            }
            DetectorKind::EntryExit { entries, exits } => {
                for (part, (lane, _)) in (0u32..).zip(entries.iter().chain(exits)) {
                    riders.watch(*lane, at, part);
                }
                Sensor::Gate(Gate::new(entries.iter().map(|e| e.1).collect(), exits.iter().map(|e| e.1).collect(), halting))
            }
        };
        Self { sensor, pace, since_ms: scenario.settings.begin_ms, counts: scenario.demand.kinds.iter().map(counts).collect() }
    }
}
