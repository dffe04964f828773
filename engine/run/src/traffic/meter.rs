//! Measures edges: who came, who went, how long they were there and how fast. Sums only grow; an interval is the difference of two.
//!
//! A vehicle is on an edge while any part of it is, as SUMO's edge data count it; times within a step are shares of the step, as if
//! its speed were even. What is about the front bumper alone says so.

use qike_network::streets::{StreetLane, Streets};
use qike_network::traffic::VehicleKind;
use qike_sim::TrafficModel;
use qike_sim::micro::{OnRoad, TripRow};
use qike_sim::traffic::{Crossed, EdgeSums};
use qike_sim::state::{Exchange, StateError, must};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Below that one stands, m/s.
pub const STANDS_MPS: f64 = 0.1;
/// Lanes over junctions that may be passed within one step.
const REACH: usize = 8;

/// Where a vehicle is and was: edges it still touches, and where each begins on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trail {
    edges: VecDeque<(u32, f64)>,
    /// Front bumper on its way, m.
    at: f64,
    lane: u32,
    /// Front bumper on its lane, m.
    pos: f64,
    length: f64,
    /// Share of the limit, and the greatest speed, that it wants.
    factor: f64,
    top: f64,
}

/// Measures all edges.
#[derive(Debug)]
pub struct EdgeMeter {
    streets: Arc<Streets>,
    sums: Vec<EdgeSums>,
    trails: Vec<Option<Box<Trail>>>,
    standing: Vec<u32>,
    queue_max: Vec<u32>,
    touched: Vec<u32>,
}

impl EdgeMeter {
    /// For a map on which nobody is yet.
    pub fn new(streets: Arc<Streets>) -> Self {
        let n = streets.edges.len();
        Self { streets, sums: vec![EdgeSums::default(); n], trails: Vec::new(), standing: vec![0; n], queue_max: vec![0; n], touched: Vec::new() }
    }

    /// Its part of a run's state.
    pub(super) fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { streets, sums, trails, standing, queue_max, touched: _ } = self;
        with.list("sums of edges", sums)?;
        with.part("vehicles on edges", trails)?;
        with.list("standing on edges", standing)?;
        with.list("queues on edges", queue_max)?;
        let known = |t: &Trail| (t.lane as usize) < streets.lanes.len() && t.edges.iter().all(|(e, _)| (*e as usize) < streets.edges.len());
        must(trails.iter().flatten().all(|t| known(t)), "vehicles on edges", "names edges that are not there")
    }

    /// Sums since the beginning, by edge.
    pub fn sums(&self) -> &[EdgeSums] {
        &self.sums
    }

    /// The greatest number that stood on an edge at once since the last call.
    pub fn take_queue_max(&mut self) -> Vec<u32> {
        let n = self.queue_max.len();
        std::mem::replace(&mut self.queue_max, vec![0; n])
    }

    /// Takes up a step: where everybody is after it, who arrived in it, and who crossed the border to edges that are measured by
    /// the model itself, or from them.
    pub fn step(&mut self, model: &dyn TrafficModel, everybody: &[OnRoad], kinds: &[VehicleKind], (ended, crossed): (&[TripRow], &[Crossed]), dt_s: f64) {
        for on in everybody {
            let about = || {
                let (length, top) = kinds.get(on.kind as usize).map_or((5.0, f64::MAX), |k| (k.length_m, k.max_speed_mps.min(k.desired_speed_mps)));
                (length, top, model.traveller(on.way.vehicle).map_or(1.0, |who| who.speed_factor))
            };
            let way = &on.way;
            self.moved(way.vehicle, way.lane, way.position_m, way.speed_mps, about, dt_s);
        }
        for row in ended {
            self.gone(row.vehicle, row.arrival_lane, row.arrival_pos_m, row.arrival_speed_mps, row.teleports > 0, dt_s);
        }
        for c in crossed {
            self.crossed(c, dt_s);
        }
        self.end_step();
    }

    /// One has come from an edge that the model measures itself, or gone there.
    fn crossed(&mut self, c: &Crossed, dt_s: f64) {
        let edge = self.streets.lanes[c.lane as usize].edge as usize;
        if c.inward {
            // It was taken for one who departs there.
            self.sums[edge].departed = self.sums[edge].departed.saturating_sub(1);
            self.sums[edge].entered += 1;
        } else if let Some(mut trail) = self.trails.get_mut(c.vehicle as usize).and_then(Option::take) {
            trail.drive(&self.streets, &mut self.sums, c.lane, c.position_m, dt_s);
        }
    }

    /// A step is over in which all who are on the road have moved.
    pub(crate) fn end_step(&mut self) {
        for edge in self.touched.drain(..) {
            let (now, most) = (&mut self.standing[edge as usize], &mut self.queue_max[edge as usize]);
            *most = (*most).max(*now);
            *now = 0;
        }
    }

    /// One is at a place after a step; `about`: its length (m), its greatest speed (m/s) and its share of limits.
    pub(crate) fn moved(&mut self, vehicle: u32, lane: u32, position_m: f64, speed_mps: f64, about: impl FnOnce() -> (f64, f64, f64), dt_s: f64) {
        let n = vehicle as usize;
        if self.trails.len() <= n {
            self.trails.resize_with(n + 1, || None);
        }
        let edge = self.streets.lanes[lane as usize].edge;
        if speed_mps < STANDS_MPS {
            self.standing[edge as usize] += 1;
            self.touched.push(edge);
        }
        if let Some(trail) = &mut self.trails[n] {
            trail.drive(&self.streets, &mut self.sums, lane, position_m, dt_s);
        } else {
            self.sums[edge as usize].departed += 1;
            let (length, top, factor) = about();
            let edges = VecDeque::from([(edge, -position_m)]);
            self.trails[n] = Some(Box::new(Trail { edges, at: 0.0, lane, pos: position_m, length, factor, top }));
        }
    }

    /// One has arrived at a place within a step.
    pub(crate) fn gone(&mut self, vehicle: u32, lane: u32, position_m: f64, speed_mps: f64, teleported: bool, dt_s: f64) {
        let Some(mut trail) = self.trails.get_mut(vehicle as usize).and_then(Option::take) else { return };
        // Put aside for good while it was taken out: it is where it was last.
        let same_or_after = self.streets.lanes[lane as usize].edge != self.streets.lanes[trail.lane as usize].edge || position_m >= trail.pos;
        if !teleported || same_or_after {
            let left = if speed_mps > 0.0 && lane == trail.lane { ((position_m - trail.pos) / speed_mps).clamp(0.0, dt_s) } else { dt_s };
            trail.drive(&self.streets, &mut self.sums, lane, position_m, left);
        }
        let edge = self.streets.lanes[trail.lane as usize].edge;
        self.sums[edge as usize].arrived += 1;
    }
}

impl Trail {
    /// Moves on to a place, and adds what that means to the edges.
    fn drive(&mut self, streets: &Streets, all: &mut [EdgeSums], lane: u32, pos: f64, dt_s: f64) {
        let lanes = &streets.lanes;
        if lane == self.lane && pos >= self.pos && self.edges.len() == 1 && self.at - self.length >= self.edges[0].1 {
            return self.drive_within(&lanes[lane as usize], all, pos, dt_s);
        }
        let (old, new) = (lanes[self.lane as usize].edge, lanes[lane as usize].edge);
        let way = if old == new && pos >= self.pos - 1e-6 {
            if lane != self.lane {
                all[new as usize].changed += 1;
            }
            pos - self.pos
        } else if let Some((passed, last)) = passed(streets, self.lane, new) {
            let mut way = lanes[self.lane as usize].length - self.pos;
            all[old as usize].left += 1;
            for between in passed {
                let edge = lanes[between as usize].edge;
                self.edges.push_back((edge, self.at + way));
                way += lanes[between as usize].length;
                all[edge as usize].entered += 1;
                all[edge as usize].left += 1;
            }
            self.edges.push_back((new, self.at + way));
            all[new as usize].entered += 1;
            if last != lane {
                all[new as usize].changed += 1;
            }
            way + pos
        } else {
            // It was taken out and put back there.
            all[old as usize].left += 1;
            all[new as usize].entered += 1;
            self.edges.clear();
            self.edges.push_back((new, self.at - pos));
            (self.lane, self.pos) = (lane, pos);
            return;
        };
        let (from, to) = (self.at, self.at + way.max(0.0));
        let speed = if dt_s > 0.0 { (to - from) / dt_s } else { 0.0 };
        // Of all its edges, by the limit where its front is, as SUMO has it.
        let wish = (lanes[lane as usize].speed * self.factor).min(self.top).max(1e-3);
        let loss = (1.0 - speed / wish).max(0.0);
        for n in 0..self.edges.len() {
            let (edge, start) = self.edges[n];
            let end = self.edges.get(n + 1).map_or(f64::INFINITY, |e| e.1);
            // Most are on one edge alone.
            let whole = from >= start && end == f64::INFINITY;
            let front = if whole { dt_s } else { share(from, to, start, end) * dt_s };
            let any = if whole { dt_s } else { share(from, to, start, end + self.length) * dt_s };
            let covered = |x: f64| (x.min(end) - (x - self.length).max(start)).max(0.0);
            let sums = &mut all[edge as usize];
            sums.sampled_s += any;
            sums.travelled_m += any * speed;
            sums.front_s += front;
            sums.front_m += front * speed;
            sums.length_ms += any * self.length;
            sums.covered_ms += (covered(from) + 4.0 * covered(f64::midpoint(from, to)) + covered(to)) / 6.0 * dt_s;
            sums.loss_s += any * loss;
            if speed < STANDS_MPS {
                sums.waiting_s += any;
                sums.front_waiting_s += front;
            }
        }
        (self.at, self.lane, self.pos) = (to, lane, pos);
        while self.edges.get(1).is_some_and(|next| to - self.length >= next.1) {
            self.edges.pop_front();
        }
    }

    /// The same for most: they stay on one lane, with their whole length.
    #[inline]
    fn drive_within(&mut self, lane: &StreetLane, all: &mut [EdgeSums], pos: f64, dt_s: f64) {
        let way = pos - self.pos;
        let speed = if dt_s > 0.0 { way / dt_s } else { 0.0 };
        let wish = (lane.speed * self.factor).min(self.top).max(1e-3);
        let sums = &mut all[lane.edge as usize];
        sums.sampled_s += dt_s;
        sums.travelled_m += way;
        sums.front_s += dt_s;
        sums.front_m += way;
        sums.length_ms += self.length * dt_s;
        sums.covered_ms += self.length * dt_s;
        sums.loss_s += (1.0 - speed / wish).max(0.0) * dt_s;
        if speed < STANDS_MPS {
            sums.waiting_s += dt_s;
            sums.front_waiting_s += dt_s;
        }
        (self.at, self.pos) = (self.at + way, pos);
    }
}

/// Share of the way `from`…`to` that lies in `start`…`end`; of one who stands, all or nothing.
fn share(from: f64, to: f64, start: f64, end: f64) -> f64 {
    let way = to - from;
    if way > 1e-9 { ((to.min(end) - from.max(start)) / way).clamp(0.0, 1.0) } else { f64::from(u8::from(from >= start && from < end)) }
}

/// Lanes over which one comes from a lane to an edge, and the lane of that edge; none where links do not lead there.
pub(super) fn passed(streets: &Streets, from: u32, edge: u32) -> Option<(Vec<u32>, u32)> {
    // Most come to the next lane.
    if let Some(next) = streets.links_of(from).map(|link| streets.links[link as usize].next).find(|next| streets.lanes[*next as usize].edge == edge) {
        return Some((Vec::new(), next));
    }
    let mut open: VecDeque<(u32, Vec<u32>)> = VecDeque::from([(from, Vec::new())]);
    while let Some((lane, way)) = open.pop_front() {
        for link in streets.links_of(lane) {
            let next = streets.links[link as usize].next;
            if streets.lanes[next as usize].edge == edge {
                return Some((way, next));
            }
            if way.len() < REACH {
                let mut longer = way.clone();
                longer.push(next);
                open.push_back((next, longer));
            }
        }
        if open.len() > 4096 {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_shared_between_the_edges_it_touches() {
        assert!((share(8.0, 12.0, 0.0, 10.0) - 0.5).abs() < 1e-12);
        assert!((share(8.0, 12.0, 10.0, f64::INFINITY) - 0.5).abs() < 1e-12);
        assert_eq!((share(5.0, 5.0, 0.0, 10.0), share(10.0, 10.0, 0.0, 10.0), share(10.0, 10.0, 10.0, 20.0)), (1.0, 0.0, 1.0));
    }
}
