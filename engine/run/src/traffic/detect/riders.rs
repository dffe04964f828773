//! Follows vehicles over lanes with detectors: who comes onto such a lane, moves, leaves it otherwise than by driving on.

use super::super::meter::passed;
use super::super::{OnRoad, TripRow};
use super::Shown;
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use qike_sim::state::{Exchange, StateError, must};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why a vehicle is on a lane, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It departed there, was put back there, or came from a place beside the road.
    Placed,
    /// It drove on.
    Drove,
    /// It changed lanes.
    Changed,
    /// It was taken out, or stands beside the road.
    Taken,
    /// It has arrived.
    Arrived,
}

/// What a vehicle does at a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It comes onto the lane.
    Comes(Why),
    /// It moved.
    Moves,
    /// It is off the lane otherwise than by driving on: on another lane of the edge, or away.
    Goes(Why),
}

/// A vehicle at a detector. Positions are the front's on the detector's lane, m: beyond its end where it drove on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ride {
    pub detector: u32,
    /// Which of the detector's lanes, entries, exits.
    pub part: u32,
    pub vehicle: u32,
    pub kind: u32,
    pub length: f64,
    /// Before the step, and now.
    pub from: f64,
    pub to: f64,
    /// Now, m/s.
    pub speed: f64,
    /// Greatest speed that it would like here.
    pub wish: f64,
    /// Seconds lost so far.
    pub loss_s: f64,
    /// The lane it now is on, of those that the same detector watches: their parts; none: another one.
    pub on: Option<u32>,
    pub time_ms: i64,
    pub step_ms: i64,
}

impl Ride {
    /// Seconds into the step at which it passes a position between `from` and `to`, given for the front or for the rear.
    pub fn passing(&self, from: f64, at: f64) -> f64 {
        let step = self.step_ms as f64 / 1000.0;
        if self.speed <= 0.0 { step } else { ((at - from) / self.speed).clamp(0.0, step) }
    }

    /// Begin of the step, s.
    pub fn time_s(&self) -> f64 {
        self.time_ms as f64 / 1000.0
    }

    /// Length of the step, s.
    pub fn step_s(&self) -> f64 {
        self.step_ms as f64 / 1000.0
    }
}

/// A vehicle's tie to a detector: `start`: where the detector's lane begins on the vehicle's way, m.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Tie {
    detector: u32,
    part: u32,
    start: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rider {
    lane: u32,
    pos: f64,
    /// Front bumper on its way, m.
    at: f64,
    speed: f64,
    kind: u32,
    factor: f64,
    loss_s: f64,
    seen_ms: i64,
    ties: Vec<Tie>,
}

/// Kinds, as far as detectors ask.
struct Kind {
    length: f64,
    top: f64,
}

/// All vehicles.
pub(super) struct Riders {
    streets: Arc<Streets>,
    kinds: Vec<Kind>,
    /// By lane: detectors and parts of them.
    watched: Vec<Vec<(u32, u32)>>,
    all: Vec<Option<Box<Rider>>>,
    /// Who has ties, by number.
    tied: Vec<u32>,
}

type Notice<'n> = &'n mut dyn FnMut(Event, &Ride) -> bool;

impl Riders {
    pub fn new(streets: Arc<Streets>, scenario: &TrafficScenario) -> Self {
        let kinds = scenario.demand.kinds.iter().map(|k| Kind { length: k.length_m, top: k.max_speed_mps.min(k.desired_speed_mps) }).collect();
        let watched = if scenario.extras.detectors.is_empty() { Vec::new() } else { vec![Vec::new(); streets.lanes.len()] };
        Self { streets, kinds, watched, all: Vec::new(), tied: Vec::new() }
    }

    /// Its part of the state.
    pub fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { streets, kinds: _, watched: _, all, tied } = self;
        with.part("vehicles at detectors", all)?;
        with.part("vehicles on detectors", tied)?;
        must(all.iter().flatten().all(|r| (r.lane as usize) < streets.lanes.len()), "vehicles at detectors", "names lanes that are not there")
    }

    /// Tells a detector of all on a lane.
    pub fn watch(&mut self, lane: u32, detector: u32, part: u32) {
        if let Some(list) = self.watched.get_mut(lane as usize) {
            list.push((detector, part));
        }
    }

    /// Seconds that a vehicle has lost so far.
    pub fn loss_s(&self, vehicle: u32) -> f64 {
        self.all.get(vehicle as usize).and_then(|r| r.as_ref()).map_or(0.0, |r| r.loss_s)
    }

    /// A vehicle's speed, m/s.
    pub fn speed(&self, vehicle: u32) -> f64 {
        self.all.get(vehicle as usize).and_then(|r| r.as_ref()).map_or(0.0, |r| r.speed)
    }

    /// Takes up a step; `notice` tells whether a detector wants to hear more of the vehicle.
    pub fn step(&mut self, everybody: &[OnRoad], shown: &Shown<'_>, notice: Notice<'_>) {
        for on in everybody {
            let n = on.way.vehicle as usize;
            if self.all.len() <= n {
                self.all.resize_with(n + 1, || None);
            }
            let rider = self.all[n].take();
            let follows = rider.as_ref().is_some_and(|r| r.seen_ms == shown.time_ms - shown.step_ms);
            let mut rider = rider.unwrap_or_else(|| {
                let (lane, pos) = (on.way.lane, on.way.position_m);
                Box::new(Rider { lane, pos, at: 0.0, speed: 0.0, kind: on.kind, factor: (shown.factor)(on.way.vehicle), loss_s: 0.0, seen_ms: i64::MIN, ties: Vec::new() })
            });
            rider.loss_s = on.loss_s;
            let had = !rider.ties.is_empty();
            let length = self.kinds.get(on.kind as usize).map_or(5.0, |k| k.length);
            let mut go = Going { this: self, rider: &mut rider, vehicle: on.way.vehicle, length, shown, notice };
            if follows {
                go.drive(on.way.lane, on.way.position_m, on.way.speed_mps);
            } else {
                go.appear(on.way.lane, on.way.position_m, on.way.speed_mps);
            }
            rider.seen_ms = shown.time_ms;
            if !had && !rider.ties.is_empty() {
                self.tied.push(on.way.vehicle);
            }
            self.all[n] = Some(rider);
        }
        for row in shown.ended {
            self.ended(row, shown, notice);
        }
        self.missing(shown, notice);
    }

    fn ended(&mut self, row: &TripRow, shown: &Shown<'_>, notice: Notice<'_>) {
        let Some(mut rider) = self.all.get_mut(row.vehicle as usize).and_then(Option::take) else { return };
        if rider.seen_ms == shown.time_ms - shown.step_ms {
            let length = self.kinds.get(row.kind as usize).map_or(5.0, |k| k.length);
            rider.loss_s = row.loss_s;
            let mut go = Going { this: self, rider: &mut rider, vehicle: row.vehicle, length, shown, notice };
            go.drive(row.arrival_lane, row.arrival_pos_m, row.arrival_speed_mps);
            go.leave(Why::Arrived);
        }
    }

    /// Those who had ties and are not there any more.
    fn missing(&mut self, shown: &Shown<'_>, notice: Notice<'_>) {
        let mut tied = std::mem::take(&mut self.tied);
        tied.retain(|&vehicle| {
            let Some(mut rider) = self.all.get_mut(vehicle as usize).and_then(Option::take) else { return false };
            if rider.seen_ms != shown.time_ms {
                let length = self.kinds.get(rider.kind as usize).map_or(5.0, |k| k.length);
                Going { this: self, rider: &mut rider, vehicle, length, shown, notice }.leave(Why::Taken);
            }
            let keep = !rider.ties.is_empty();
            self.all[vehicle as usize] = Some(rider);
            keep
        });
        self.tied = tied;
    }
}

/// One vehicle's step.
struct Going<'a, 's, 'n> {
    this: &'a Riders,
    rider: &'a mut Rider,
    vehicle: u32,
    length: f64,
    shown: &'a Shown<'s>,
    notice: &'n mut dyn FnMut(Event, &Ride) -> bool,
}

impl Going<'_, '_, '_> {
    fn ride(&self, tie: &Tie, before: f64) -> Ride {
        let r = &self.rider;
        let lane = &self.this.streets.lanes[r.lane as usize];
        let top = self.this.kinds.get(r.kind as usize).map_or(f64::MAX, |k| k.top);
        Ride {
            detector: tie.detector,
            part: tie.part,
            vehicle: self.vehicle,
            kind: r.kind,
            length: self.length,
            from: before - tie.start,
            to: r.at - tie.start,
            speed: r.speed,
            wish: (lane.speed * r.factor).min(top),
            loss_s: r.loss_s,
            on: self.this.watched.get(r.lane as usize).and_then(|w| w.iter().find(|(d, _)| *d == tie.detector)).map(|(_, part)| *part),
            time_ms: self.shown.time_ms,
            step_ms: self.shown.step_ms,
        }
    }

    /// It comes onto a lane that begins at `start` on its way.
    fn enter(&mut self, lane: u32, start: f64, why: Why) {
        let Some(watched) = self.this.watched.get(lane as usize) else { return };
        for &(detector, part) in watched {
            let tie = Tie { detector, part, start };
            let ride = self.ride(&tie, self.rider.at);
            if (self.notice)(Event::Comes(why), &ride) {
                self.rider.ties.push(tie);
            }
        }
    }

    fn tell(&mut self, event: Event, before: f64) {
        let mut ties = std::mem::take(&mut self.rider.ties);
        ties.retain(|tie| {
            let ride = self.ride(tie, before);
            (self.notice)(event, &ride)
        });
        self.rider.ties = ties;
    }

    fn leave(&mut self, why: Why) {
        self.tell(Event::Goes(why), self.rider.at);
    }

    fn appear(&mut self, lane: u32, pos: f64, speed: f64) {
        (self.rider.lane, self.rider.pos, self.rider.speed) = (lane, pos, speed);
        self.enter(lane, self.rider.at - pos, Why::Placed);
    }

    fn drive(&mut self, lane: u32, pos: f64, speed: f64) {
        let (old_lane, before) = (self.rider.lane, self.rider.at);
        let streets = self.this.streets.clone();
        let (old, new) = (streets.lanes[old_lane as usize].edge, streets.lanes[lane as usize].edge);
        let on = if old == new && pos >= self.rider.pos - 1e-6 {
            self.rider.at += pos - self.rider.pos;
            self.rider.speed = speed;
            old_lane
        } else if let Some((between, last)) = passed(&streets, old_lane, new) {
            let mut start = before - self.rider.pos + streets.lanes[old_lane as usize].length;
            self.rider.speed = speed;
            let whole: f64 = between.iter().map(|l| streets.lanes[*l as usize].length).sum();
            self.rider.at = start + whole + pos;
            for &l in &between {
                self.rider.lane = l;
                self.enter(l, start, Why::Drove);
                start += streets.lanes[l as usize].length;
            }
            self.rider.lane = last;
            self.enter(last, start, Why::Drove);
            last
        } else {
            self.leave(Why::Taken);
            return self.appear(lane, pos, speed);
        };
        self.rider.pos = pos;
        if !self.rider.ties.is_empty() {
            self.tell(Event::Moves, before);
        }
        if on != lane {
            self.rider.lane = lane;
            self.leave(Why::Changed);
            self.enter(lane, self.rider.at - pos, Why::Changed);
        }
    }
}
