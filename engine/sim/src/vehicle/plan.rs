//! What each vehicle intends for the coming step. Reads the frozen state only, so vehicles are planned in any order, in parallel.

use super::fleet::Fleet;
use super::following::{self, Bound, Kind, KINDS, SKIN_M};
use super::roads::{END, NONE, Roads};
use super::signals::{Shown, Signals};
use super::state::{Junctions, VehicleState};
use crate::exchange::Exchange;
use crate::options::Options;

/// All that planning reads.
pub struct View<'a> {
    /// Segments.
    pub roads: &'a Roads,
    /// Vehicles.
    pub state: &'a VehicleState,
    /// Holders and tails.
    pub junctions: &'a Junctions,
    /// Signals.
    pub signals: &'a Signals,
    /// Trips and routes.
    pub fleet: &'a Fleet,
    /// What the walkers showed.
    pub seen: &'a Exchange,
    /// Links closed just now.
    pub closed: &'a [bool],
    /// Options.
    pub options: &'a Options,
    /// Stops of the services.
    pub stops: &'a [Vec<super::transit::Stop>],
    /// Length of the step, s.
    pub dt: f64,
    /// Time at its beginning, ms.
    pub now_ms: i64,
    /// Number of the step.
    pub step: u64,
}

/// What a vehicle intends.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Way in the step, m.
    pub dx: f64,
    /// Speed at its end, m/s.
    pub v: f64,
    /// The same if the request is not granted.
    pub refused_dx: f64,
    /// The same if the request is not granted.
    pub refused_v: f64,
    /// The connection it must get to hold for `dx`, as a segment; [`NONE`] when it needs none.
    pub request: u32,
    /// Free room on the lane behind the requested connection, m.
    pub room: f32,
    /// Lane to change to, or [`NONE`].
    pub change: u32,
    /// Of the connections it holds ahead of it, how many it keeps.
    pub keep: u8,
    /// It gives way at the requested connection.
    pub yields: bool,
}

/// What lies ahead, on one lane.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Wished acceleration.
    pub accel: f64,
    /// Bounds if the first line that is not held may be passed.
    pub go: Bound,
    /// Bounds if it may not.
    pub stop: Bound,
    /// The first connection ahead that is not held, as a segment, or [`NONE`].
    pub line: u32,
    /// Distance to its stop line, m.
    pub line_m: f64,
    /// Whether it may be entered as things are.
    pub open: bool,
    /// Free room behind it, m.
    pub room: f32,
    /// It gives way there.
    pub yields: bool,
    /// Of the connections held, how many are kept.
    pub keep: u8,
}

/// A vehicle as planning sees it: itself, or itself on another lane.
#[derive(Clone, Copy)]
pub struct Ego<'a> {
    /// Its index in the state.
    pub ix: usize,
    /// Segment.
    pub segment: u32,
    /// Position there.
    pub x: f64,
    /// Speed.
    pub v: f64,
    /// Next segment.
    pub next: u32,
    /// Connections held ahead.
    pub ahead: u8,
    /// Parameters.
    pub kind: &'a Kind,
    /// Share of the speed limit.
    pub factor: f64,
}

impl View<'_> {
    /// The vehicle as it is.
    pub fn ego(&self, ix: usize) -> Ego<'static> {
        let body = &self.state.body[ix];
        Ego {
            ix,
            segment: self.state.segment[ix],
            x: self.state.position[ix],
            v: self.state.speed[ix],
            next: body.next,
            ahead: body.ahead,
            kind: &KINDS[usize::from(body.kind)],
            factor: f64::from(body.factor),
        }
    }

    /// Speed that a vehicle wants on a segment.
    #[inline]
    pub fn wished(&self, ego: &Ego, segment: u32) -> f64 {
        (self.roads.speed[segment as usize] * ego.factor).min(ego.kind.max_speed_mps)
    }

    /// Looks ahead along the vehicle's way. `leader` is the next vehicle on the same segment.
    pub fn outlook(&self, ego: &Ego, leader: Option<usize>) -> Outlook {
        let (roads, state, dt, v, kind) = (self.roads, self.state, self.dt, ego.v, ego.kind);
        let vehicle = state.body[ego.ix].vehicle;
        let stopping = following::stopping(v);
        let mut out = Outlook {
            accel: following::free(kind, v, self.wished(ego, ego.segment)),
            go: Bound::NONE,
            stop: Bound::NONE,
            line: NONE,
            line_m: f64::INFINITY,
            open: false,
            room: 0.0,
            yields: false,
            keep: ego.ahead,
        };
        let mut nearest = 0.0f64; // the strongest interaction so far
        let mut meet = |bound: &mut Bound, gap: f64, speed: f64| {
            nearest = nearest.min(following::interaction(kind, v, gap, speed));
            *bound = bound.and(Bound::behind(v, gap, speed, dt));
        };
        let mut found = leader.is_some();
        if let Some(j) = leader {
            meet(&mut out.go, state.rear(j) - ego.x, state.speed[j]);
        }
        let tail = self.junctions.tails[ego.segment as usize];
        if tail.rear < f64::INFINITY && !found {
            meet(&mut out.go, tail.rear - ego.x, tail.speed);
        }
        // Where the vehicle should stop without being forced to: in front of a closed line, at a bus stop, at a crossing.
        let mut halt = f64::INFINITY;
        if let Some(d) = self.crossing_ahead(ego, ego.segment, 0.0, ego.x) {
            halt = d;
        }
        let comfort = v * v / (2.0 * kind.brake);
        let horizon = comfort + 1.5 * v + 8.0;
        let mut d = roads.length[ego.segment as usize] - ego.x;
        let look = if found { stopping + 2.5 * v * dt + 3.0 + comfort * 0.6 } else { horizon + v + 10.0 };
        let (mut next, mut steps, mut held) = (ego.next, 0u32, 0u8);
        while d < look {
            if next == END {
                break;
            }
            if next == NONE {
                // The lane does not lead on along the route: stop at its end, and change lanes before that.
                out.go = out.go.and(Bound::to_reach(v, d - SKIN_M, dt));
                halt = halt.min(d);
                break;
            }
            if !roads.is_lane(next) && roads.held[roads.connection(next)] {
                if held < out.keep {
                    if stopping <= d && self.must_release(ego, next, d, &mut out) {
                        out.keep = held;
                        (out.line, out.line_m, out.open) = (next, d, false);
                        halt = halt.min(d);
                        break;
                    }
                    held += 1;
                } else if out.line == NONE {
                    (out.line, out.line_m) = (next, d);
                    if d < horizon {
                        let heads = leader.is_none_or(|j| state.body[j].ahead > 0 || state.body[j].next != next);
                        out.open = self.may_enter(ego, next, d, heads, &mut out);
                        if !out.open {
                            halt = halt.min(d);
                            break;
                        }
                    }
                } else {
                    // A second line: not before the first is held.
                    out.go = out.go.and(Bound::to_reach(v, d - SKIN_M, dt));
                    if matches!(self.signals.of(roads.connection(next)), Shown::Red | Shown::Yellow { .. }) {
                        halt = halt.min(d);
                    }
                    break;
                }
            }
            let limit = self.wished(ego, next);
            if limit < v {
                let needed = (v * v - limit * limit) / (2.0 * d.max(0.5));
                if needed > 0.6 * kind.brake {
                    out.accel = out.accel.min(-needed);
                }
            }
            if let Some(at) = self.crossing_ahead(ego, next, d, 0.0) {
                halt = halt.min(at);
            }
            if !found {
                if let Some(j) = state.last_on(next) {
                    meet(&mut out.go, d + state.rear(j), state.speed[j]);
                    found = true;
                } else {
                    let tail = self.junctions.tails[next as usize];
                    if tail.rear < f64::INFINITY {
                        meet(&mut out.go, d + tail.rear, tail.speed);
                    }
                }
            }
            d += roads.length[next as usize];
            let current = next;
            next = if roads.is_lane(current) {
                steps += 1;
                self.fleet.way_on(roads, vehicle, current, steps)
            } else {
                roads.to_lane[roads.connection(current)]
            };
        }
        if let Some(at) = self.stop_ahead(ego, vehicle) {
            halt = halt.min(at);
        }
        if halt < f64::INFINITY {
            // The IDM would stand its standing gap in front of a wall; a stop line is approached to half a metre.
            nearest = nearest.min(following::interaction(kind, v, halt + kind.gap_m - 0.5, 0.0));
        }
        out.accel += nearest;
        out.stop = if out.line == NONE { out.go } else { out.go.and(Bound::to_reach(v, out.line_m - SKIN_M, dt)) };
        out
    }

    /// Where to stop for people on the nearest crossing of a segment: those on the road, and those who wait where they go first.
    /// `base` is the distance to the segment's start. None when it is clear, or too near to stop for.
    fn crossing_ahead(&self, ego: &Ego, segment: u32, base: f64, from: f64) -> Option<f64> {
        for &(at, crossing) in self.roads.crossings_on(segment) {
            let d = base + at - from - 2.0;
            if at <= from || d < 0.0 {
                continue;
            }
            let facts = self.seen.crossings.get(crossing as usize)?;
            let waiting = facts.walkers_waiting > 0 && self.roads.walkers_first[crossing as usize];
            if (facts.walkers_on > 0 || waiting) && ego.v * ego.v <= 2.0 * 4.0 * d {
                return Some(d);
            }
        }
        None
    }

    /// Distance to the next stop of a service on this link.
    fn stop_ahead(&self, ego: &Ego, vehicle: u32) -> Option<f64> {
        let trip = &self.fleet.trips[vehicle as usize];
        if trip.service == super::fleet::NO_SERVICE || !self.roads.is_lane(ego.segment) {
            return None;
        }
        let journey = &self.fleet.journeys[vehicle as usize];
        let stop = self.stops[trip.service as usize].get(journey.stop as usize)?;
        let here = journey.cursor - journey.route.start == stop.at;
        here.then(|| (stop.position_m.min(self.roads.length[ego.segment as usize] - 1.0) - ego.x).max(0.0))
    }

    /// The intention of vehicle `ix`.
    pub fn plan(&self, ix: usize) -> Plan {
        let state = self.state;
        let ego = self.ego(ix);
        let body = &state.body[ix];
        if body.dwelling == 1 {
            return Plan { keep: body.ahead, ..STAY };
        }
        let leader = (ix + 1 < state.len() && state.segment[ix + 1] == ego.segment).then_some(ix + 1);
        let mut out = self.outlook(&ego, leader);
        self.let_in(&ego, &mut out);
        let (v_go, dx_go) = following::advance(ego.v, out.accel, out.go, self.dt);
        let (v_stop, dx_stop) = following::advance(ego.v, out.accel, out.stop, self.dt);
        let mut plan = Plan {
            dx: dx_go,
            v: v_go,
            refused_dx: dx_stop,
            refused_v: v_stop,
            request: NONE,
            room: out.room,
            change: NONE,
            keep: out.keep,
            yields: out.yields,
        };
        let passes = out.line != NONE && dx_go + following::stopping(v_go) > out.line_m - SKIN_M;
        if passes {
            if out.open {
                plan.request = out.line;
            } else {
                (plan.dx, plan.v) = (dx_stop, v_stop);
            }
        }
        if body.settle == 0 && body.ahead == 0 && body.tail == 0 && self.roads.is_lane(ego.segment) {
            self.consider_change(&ego, body, &out, &mut plan);
        }
        plan
    }
}

/// Stand still and ask for nothing.
pub const STAY: Plan =
    Plan { dx: 0.0, v: 0.0, refused_dx: 0.0, refused_v: 0.0, request: NONE, room: 0.0, change: NONE, keep: 0, yields: false };
