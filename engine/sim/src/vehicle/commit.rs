//! Carrying the plans out: fronts pass from segment to segment, tails let go of junctions, trips end, and the vehicles are put in
//! order for the next step. One thread, in the order of the state, so ledgers change the same way however planning was shared out.

use super::VehicleModel;
use super::fleet::NO_SERVICE;
use super::following::KINDS;
use super::roads::{END, NONE};
use super::state::{Body, TRACES, Tail, Trace, VehicleState};
use qike_core::SimTime;

/// Below this a vehicle stands, m/s.
pub const STANDING_MPS: f64 = 0.1;
/// Seconds between two lane changes of one vehicle.
const SETTLE_S: f64 = 4.0;
/// One who has stood that long at the end of a lane that does not lead on takes another way, s.
const STRANDED_S: f32 = 12.0;

/// The moved vehicles before they are put in order; a segment of [`NONE`] marks one that is gone.
#[derive(Default)]
pub struct Scratch {
    pub segment: Vec<u32>,
    pub position: Vec<f64>,
    pub speed: Vec<f64>,
    pub body: Vec<Body>,
    /// For each lane: one more than the step in which a vehicle was last put beside those on it.
    pub changed: Vec<u64>,
}

impl Scratch {
    /// Adds a vehicle.
    pub fn push(&mut self, segment: u32, position: f64, speed: f64, body: Body) {
        self.segment.push(segment);
        self.position.push(position);
        self.speed.push(speed);
        self.body.push(body);
    }
}

impl VehicleModel {
    /// Moves every vehicle by its plan, into the scratch arrays.
    pub(super) fn commit(&mut self, now: SimTime, state: &VehicleState) {
        let dt = self.options.vehicle_step_ms as f64 / 1000.0;
        let end = now + SimTime::from_ms(self.options.vehicle_step_ms);
        for segment in self.junctions.tailed.drain(..) {
            self.junctions.tails[segment as usize] = Tail::NONE;
        }
        for lane in self.junctions.merged.drain(..) {
            self.junctions.merging[lane as usize] = (f32::NAN, 0.0);
        }
        let mut out = std::mem::take(&mut self.scratch);
        out.segment.clear();
        out.position.clear();
        out.speed.clear();
        out.body.clear();
        out.changed.resize(self.roads.lanes as usize, 0);
        for ix in 0..state.len() {
            let plan = self.plans[ix];
            let mut body = state.body[ix];
            let mut segment = state.segment[ix];
            let mut x = state.position[ix];
            body.accel = ((plan.v - state.speed[ix]) / dt) as f32;
            body.ahead = plan.keep;
            body.settle = body.settle.saturating_sub(1);
            if self.roads.is_lane(segment) {
                self.intervals.moved(self.roads.link[segment as usize], dt, plan.dx, plan.v < STANDING_MPS);
            }
            if plan.v < STANDING_MPS {
                body.wait += dt as f32;
            } else if body.wait > 0.0 {
                self.fleet.journeys[body.vehicle as usize].waited_s += f64::from(body.wait);
                body.wait = 0.0;
            }
            if plan.change != NONE {
                let moved = x * self.roads.length[plan.change as usize] / self.roads.length[segment as usize];
                self.fleet.journeys[body.vehicle as usize].base_m += x - moved;
                (segment, x) = (plan.change, moved);
                self.fleet.settle_on(&self.roads, &mut body, segment, self.roads.length[segment as usize] - x);
                body.settle = (SETTLE_S / dt).min(255.0) as u8;
                out.changed[segment as usize] = self.step + 1;
            }
            x += plan.dx;
            let mut gone = false;
            while x >= self.roads.length[segment as usize] {
                if body.next == END {
                    gone = true;
                    break;
                }
                if body.next == NONE {
                    x = self.roads.length[segment as usize] - 0.01;
                    break;
                }
                x -= self.roads.length[segment as usize];
                segment = self.pass(end, segment, &mut body);
            }
            if gone {
                self.arrive(end, segment, x, &body);
                out.push(NONE, 0.0, 0.0, body);
                continue;
            }
            if body.tail > 0 {
                self.draw_in_tail(x, plan.v, &mut body);
            }
            if self.roads.is_lane(segment) {
                if self.fleet.trips[body.vehicle as usize].service != NO_SERVICE {
                    self.serve_stop(end, segment, x, plan.v, &mut body);
                }
                if body.want != 0 || body.next == NONE {
                    self.ask_in(segment, x, plan.v, &body);
                    if body.next == NONE && body.wait > STRANDED_S {
                        self.take_another_way(end, segment, x, &mut body);
                    }
                }
                let limit = self.options.teleport_after_s;
                let heads = self.roads.length[segment as usize] - x < 12.0;
                if limit > 0.0 && f64::from(body.wait) > limit && heads && body.dwelling == 0 && body.ahead == 0 {
                    self.take_out(end, segment, x, &mut body);
                    out.push(NONE, 0.0, 0.0, body);
                    continue;
                }
            }
            out.push(segment, x, plan.v, body);
        }
        self.intervals.end_step();
        self.scratch = out;
    }

    /// A front passes the end of `segment` and enters the next one, which is returned.
    fn pass(&mut self, end: SimTime, segment: u32, body: &mut Body) -> u32 {
        let vehicle = body.vehicle as usize;
        let length = self.roads.length[segment as usize];
        if usize::from(body.tail) == TRACES {
            // A tail longer than all that can be remembered: the oldest segment is let go of.
            let oldest = self.fleet.journeys[vehicle].traces[TRACES - 1];
            self.let_go(oldest.segment, body);
            body.tail -= 1;
        }
        let wished = self.roads.speed[segment as usize] * f64::from(body.factor);
        let journey = &mut self.fleet.journeys[vehicle];
        journey.base_m += length;
        journey.free_s += length / wished.min(KINDS[usize::from(body.kind)].max_speed_mps);
        journey.traces.copy_within(0..TRACES - 1, 1);
        journey.traces[0] = Trace { segment, end_m: journey.base_m };
        body.tail += 1;
        let next = body.next;
        if self.roads.is_lane(next) {
            journey.cursor += 1;
            journey.entered_link_ms = end.ms();
            self.intervals.entered(self.roads.link[next as usize]);
            self.fleet.settle_on(&self.roads, body, next, self.roads.length[next as usize]);
        } else {
            let took_s = (end.ms() - journey.entered_link_ms) as f64 / 1000.0;
            self.rerouting.passed(self.roads.link[segment as usize], took_s);
            self.intervals.left(self.roads.link[segment as usize]);
            let connection = self.roads.connection(next);
            if self.roads.held[connection] {
                body.ahead -= 1;
            }
            body.next = self.roads.to_lane[connection];
            body.want = 0;
        }
        next
    }

    /// A tail has left a segment.
    fn let_go(&mut self, segment: u32, body: &Body) {
        if !self.roads.is_lane(segment) {
            let connection = self.roads.connection(segment);
            if self.roads.held[connection] {
                self.junctions.holders[connection] -= 1;
                let need = body.length + KINDS[usize::from(body.kind)].gap_m as f32;
                self.junctions.pending[self.roads.to_lane[connection] as usize] -= need;
            }
        }
    }

    /// Lets go of segments that the tail has left, and marks it on those it is still on.
    fn draw_in_tail(&mut self, x: f64, v: f64, body: &mut Body) {
        let journey = &self.fleet.journeys[body.vehicle as usize];
        let rear_m = journey.base_m + x - f64::from(body.length);
        let traces = journey.traces;
        while body.tail > 0 && traces[usize::from(body.tail) - 1].end_m <= rear_m {
            self.let_go(traces[usize::from(body.tail) - 1].segment, body);
            body.tail -= 1;
        }
        for trace in &traces[..usize::from(body.tail)] {
            let rear = self.roads.length[trace.segment as usize] - (trace.end_m - rear_m);
            let tail = &mut self.junctions.tails[trace.segment as usize];
            if tail.rear == f64::INFINITY {
                self.junctions.tailed.push(trace.segment);
            }
            if rear < tail.rear {
                *tail = Tail { rear, speed: v };
            }
        }
    }

    /// Lets go of everything a vehicle is on or holds; it leaves the road.
    pub(super) fn vanish(&mut self, body: &mut Body) {
        let traces = self.fleet.journeys[body.vehicle as usize].traces;
        for trace in &traces[..usize::from(body.tail)] {
            self.let_go(trace.segment, body);
        }
        body.tail = 0;
    }

    /// Marks one who must get into the lane beside it for its route.
    fn ask_in(&mut self, segment: u32, x: f64, v: f64, body: &Body) {
        if body.want == 0 {
            return;
        }
        let left = self.roads.length[segment as usize] - x;
        let lane = (segment as i64 + i64::from(body.want.signum())) as usize;
        if left > 60.0 && v > 5.0 || lane >= self.junctions.merging.len() {
            return;
        }
        let known = &mut self.junctions.merging[lane];
        if known.0.is_nan() {
            self.junctions.merged.push(lane as u32);
            *known = (x as f32, v as f32);
        } else if known.0 < x as f32 {
            *known = (x as f32, v as f32);
        }
    }

    /// Stops at stops: the doors open when the bus stands at one, and close when its time is over.
    fn serve_stop(&mut self, end: SimTime, segment: u32, x: f64, v: f64, body: &mut Body) {
        let trip = &self.fleet.trips[body.vehicle as usize];
        let journey = &mut self.fleet.journeys[body.vehicle as usize];
        let Some(stop) = self.stops[trip.service as usize].get(journey.stop as usize) else { return };
        let at = journey.cursor - journey.route.start;
        if body.dwelling == 1 {
            if end.ms() >= journey.dwell_until_ms {
                body.dwelling = 0;
                body.wait = 0.0;
                journey.stop += 1;
            }
        } else if at > stop.at {
            journey.stop += 1; // passed without stopping: put back behind it after a transfer
        } else if at == stop.at && v < 0.5 && (stop.position_m.min(self.roads.length[segment as usize] - 1.0) - x) < 2.0 {
            body.dwelling = 1;
            journey.dwell_until_ms = (end.ms() + stop.dwell_ms).max(trip.depart_ms + stop.not_before_ms);
        }
    }

    /// Puts the moved vehicles in order: by segment, then position.
    pub(super) fn arrange(&mut self, next: &mut VehicleState) {
        let moved = &self.scratch;
        let segments = self.roads.segments();
        next.starts.clear();
        next.starts.resize(segments + 1, 0);
        for &segment in moved.segment.iter().filter(|s| **s != NONE) {
            next.starts[segment as usize + 1] += 1;
        }
        let mut sum = 0u32;
        for start in &mut next.starts {
            sum += *start;
            *start = sum;
        }
        let n = sum as usize;
        next.segment.resize(n, 0);
        next.position.resize(n, 0.0);
        next.speed.resize(n, 0.0);
        next.body.resize(n, Body::default());
        // `starts` serves as the place to write and is shifted back afterwards.
        for ix in 0..moved.segment.len() {
            let segment = moved.segment[ix];
            if segment == NONE {
                continue;
            }
            let place = &mut next.starts[segment as usize];
            let at = *place as usize;
            *place += 1;
            next.segment[at] = segment;
            next.position[at] = moved.position[ix];
            next.speed[at] = moved.speed[ix];
            next.body[at] = moved.body[ix];
        }
        next.starts.copy_within(0..segments, 1);
        next.starts[0] = 0;
        // Those who stayed are in order; only those who came in may have to move up.
        for ix in 1..n {
            let mut at = ix;
            while at > 0 && next.segment[at - 1] == next.segment[at] && next.position[at - 1] > next.position[at] {
                next.position.swap(at - 1, at);
                next.speed.swap(at - 1, at);
                next.body.swap(at - 1, at);
                at -= 1;
            }
        }
    }
}
