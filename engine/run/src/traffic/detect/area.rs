//! Area detectors: a stretch of lanes, and the queues on it.

use super::riders::{Event, Ride, Why};
use qike_network::traffic::{AreaFigures, Halting};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One who is on its lanes.
#[derive(Serialize, Deserialize)]
struct Info {
    /// Where the vehicle's first lane of the detector begins, m from the detector's begin.
    offset: f64,
    /// The same of the lane it is on, and that lane's place.
    here: usize,
    /// Where it leaves the detector, m from its begin.
    exit: f64,
    entered: bool,
}

/// A vehicle's step on it.
#[derive(Serialize, Deserialize)]
struct Moved {
    vehicle: u32,
    to_end: f64,
    seconds: f64,
    loss_s: f64,
    covered: f64,
    speed: f64,
}

/// Vehicles that halt: since when, and how long in this interval, ms.
type Standing = BTreeMap<u32, (i64, i64)>;

/// An area detector.
#[derive(Serialize, Deserialize)]
pub(super) struct Area {
    /// Begins of its lanes, m from its begin; their lengths.
    offsets: Vec<f64>,
    lengths: Vec<f64>,
    length: f64,
    halting: Halting,
    on: BTreeMap<u32, Info>,
    moved: Vec<Moved>,
    gone: BTreeSet<u32>,
    standing: Standing,
    figures: AreaFigures,
    steps: u64,
    /// Sums over the interval: speed times seconds, lost seconds, occupancy, longest queues, vehicles.
    way: f64,
    loss: f64,
    occupancy: f64,
    queue_vehicles: u64,
    queue_m: f64,
    vehicles: u64,
    /// On it now, or seen in this interval.
    seen: u64,
}

impl Area {
    /// Over lanes of these lengths, from a position on the first to one on the last.
    pub fn new(lengths: &[f64], from: f64, to: f64, halting: Halting) -> Self {
        let mut at = -from;
        let mut offsets = Vec::with_capacity(lengths.len());
        for length in lengths {
            offsets.push(at);
            at += length;
        }
        let length = at - lengths.last().map_or(0.0, |last| last - to);
        Self {
            offsets,
            lengths: lengths.to_vec(),
            length: length.max(0.1),
            halting,
            on: BTreeMap::new(),
            moved: Vec::new(),
            gone: BTreeSet::new(),
            standing: BTreeMap::new(),
            figures: AreaFigures::default(),
            steps: 0,
            way: 0.0,
            loss: 0.0,
            occupancy: 0.0,
            queue_vehicles: 0,
            queue_m: 0.0,
            vehicles: 0,
            seen: 0,
        }
    }

    /// Takes note of a vehicle; tells whether it wants to hear more of it.
    pub fn notice(&mut self, event: Event, ride: &Ride) -> bool {
        match event {
            Event::Comes(why) => {
                let part = ride.part as usize;
                if let Some(info) = self.on.get_mut(&ride.vehicle) {
                    // On along its lanes: the tie to the first of them goes on.
                    info.here = part;
                    return false;
                }
                let offset = self.offsets[part];
                let beyond = part + 1 == self.offsets.len() && self.length - offset <= ride.to - ride.length;
                if why != Why::Drove && beyond {
                    return false;
                }
                self.on.insert(ride.vehicle, Info { offset, here: part, exit: self.length, entered: false });
                true
            }
            Event::Moves => self.moves(ride),
            Event::Goes(_) => {
                if self.on.remove(&ride.vehicle).is_some_and(|info| info.entered) {
                    self.figures.left += 1;
                }
                self.gone.remove(&ride.vehicle);
                false
            }
        }
    }

    fn moves(&mut self, ride: &Ride) -> bool {
        let Some(info) = self.on.get_mut(&ride.vehicle) else { return false };
        if ride.on.is_none() {
            // It is on a lane that is none of the detector's: it leaves where its last one ends.
            info.exit = info.exit.min(self.offsets[info.here] + self.lengths[info.here]);
        }
        let (from, to) = (ride.from + info.offset, ride.to + info.offset);
        if to <= 0.0 {
            return true;
        }
        if !info.entered {
            info.entered = true;
            self.figures.entered += 1;
            self.seen += 1;
        }
        let past = info.exit <= to - ride.length;
        if !(past && info.exit <= from - ride.length) {
            let (seconds, loss_s) = on_it(ride, from, to, info);
            let covered = (ride.length.min(to).max(0.0) + (info.exit - to).min(0.0)).max(0.0);
            self.moved.push(Moved { vehicle: ride.vehicle, to_end: self.length - to, seconds, loss_s, covered, speed: ride.speed });
        }
        if past {
            self.gone.insert(ride.vehicle);
        }
        !past
    }

    /// The step is done.
    pub fn update(&mut self, step_ms: i64) {
        self.moved.sort_by(|a, b| a.to_end.total_cmp(&b.to_end).then(a.vehicle.cmp(&b.vehicle)));
        let moved = std::mem::take(&mut self.moved);
        let mut standing = Standing::new();
        // First and last of each queue, in the order from the detector's end.
        let mut queues: Vec<(usize, usize)> = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        let mut covered = 0.0;
        for (n, m) in moved.iter().enumerate() {
            self.figures.sampled_s += m.seconds;
            self.loss += m.loss_s;
            self.way += m.speed * m.seconds;
            covered += m.covered;
            if self.jammed(m, step_ms, &mut standing) {
                open = Some((open.map_or(n, |o| o.0), n));
            } else {
                queues.extend(open.take());
            }
        }
        queues.extend(open);
        let (mut longest, mut longest_m) = (0, 0.0f64);
        for (first, last) in queues {
            let metres = moved[last].to_end.max(0.0) - moved[first].to_end.max(0.0) + moved[last].covered;
            let vehicles = (last - first + 1) as u64;
            (longest, longest_m) = (longest.max(vehicles), longest_m.max(metres));
            self.figures.queue_sum_vehicles += vehicles;
            self.figures.queue_sum_m += metres;
        }
        let occupancy = covered / self.length * 100.0;
        let f = &mut self.figures;
        self.steps += 1;
        self.occupancy += occupancy;
        f.occupancy_max_percent = f.occupancy_max_percent.max(occupancy);
        self.queue_vehicles += longest;
        self.queue_m += longest_m;
        (f.queue_max_vehicles, f.queue_max_m) = (f.queue_max_vehicles.max(longest), f.queue_max_m.max(longest_m));
        self.vehicles += moved.len() as u64;
        f.vehicles_max = f.vehicles_max.max(moved.len() as u64);
        self.standing = standing;
        for vehicle in std::mem::take(&mut self.gone) {
            self.on.remove(&vehicle);
            self.figures.left += 1;
        }
        self.moved = moved;
        self.moved.clear();
    }

    /// Whether one has halted long enough to be part of a queue.
    fn jammed(&mut self, m: &Moved, step_ms: i64, standing: &mut Standing) -> bool {
        let before = self.standing.remove(&m.vehicle);
        if m.speed < self.halting.speed_mps {
            let (so_far, here) = before.unwrap_or_default();
            let now = so_far + step_ms;
            self.figures.halts_begun += u64::from(before.is_none());
            standing.insert(m.vehicle, (now, here + step_ms));
            return now > self.halting.time_ms;
        }
        if let Some((so_far, here)) = before {
            self.figures.halts.add(so_far);
            self.figures.halts_within.add(here);
        }
        false
    }

    /// Ends an interval.
    pub fn take(&mut self) -> AreaFigures {
        let mut f = std::mem::take(&mut self.figures);
        let steps = self.steps.max(1) as f64;
        f.seen = self.seen;
        f.speed_mps = (f.sampled_s != 0.0).then(|| self.way / f.sampled_s);
        f.loss_s = (f.seen != 0).then(|| self.loss / f.seen as f64);
        f.occupancy_percent = self.occupancy / steps;
        f.queue_vehicles = self.queue_vehicles as f64 / steps;
        f.queue_m = self.queue_m / steps;
        f.vehicles = self.vehicles as f64 / steps;
        for (so_far, here) in self.standing.values_mut() {
            f.halts.add(*so_far);
            f.halts_within.add(*here);
            *here = 0;
        }
        self.seen -= f.left.min(self.seen);
        (self.steps, self.way, self.loss, self.occupancy, self.queue_vehicles, self.queue_m, self.vehicles) = (0, 0.0, 0.0, 0.0, 0, 0.0, 0);
        f
    }
}

/// Seconds of the step that a vehicle was on the detector, and how many of them it lost.
fn on_it(ride: &Ride, from: f64, to: f64, info: &Info) -> (f64, f64) {
    let step = ride.step_s();
    if from == to {
        return (step, step);
    }
    let entry = info.offset.max(0.0);
    let begin = if from < entry { ride.passing(from, entry) } else { 0.0 };
    let exit = to.min(info.exit + ride.length);
    let end = if exit < to { ride.passing(from, exit) } else { step };
    let wish = ride.wish.max(1e-3);
    let seconds = end - begin;
    (seconds, (seconds * (wish - ride.speed) / wish).max(0.0))
}
