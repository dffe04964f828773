//! Whether a connection may be entered: signal, room behind the junction, gaps in the streams that go first.
//!
//! These are wishes of the approaching vehicle, judged by what it can see. That two vehicles of conflicting connections are never
//! on a junction at once does not rest on them but on holding (see `resolve`).

use super::following;
use super::plan::{Ego, Outlook, View};
use super::signals::Shown;
use qike_network::{ConnIx, LaneIx};

/// Braking that a driver accepts in front of a yellow light, m/s².
const YELLOW_BRAKING: f64 = 3.0;
/// Time that must be left between a vehicle's leaving the conflict and the arrival of one that goes first, s.
const GAP_MARGIN_S: f64 = 1.5;
/// How far, in time, one looks along a stream that goes first, s.
const SIGHT_S: f64 = 9.0;

/// Time to cover a distance from speed `v`, accelerating at `a` up to `top`.
fn travel_time(distance: f64, v: f64, a: f64, top: f64) -> f64 {
    let top = top.max(v).max(0.5);
    let ramp = (top * top - v * v) / (2.0 * a);
    if ramp >= distance {
        ((v * v + 2.0 * a * distance).sqrt() - v) / a
    } else {
        (top - v) / a + (distance - ramp) / top
    }
}

impl View<'_> {
    /// Whether one who holds a connection but can still stop must let it go: its light has changed, or the exit has filled up.
    pub(super) fn must_release(&self, ego: &Ego, line: u32, d: f64, out: &mut Outlook) -> bool {
        let connection = self.roads.connection(line);
        match self.signals.of(connection) {
            Shown::Red => true,
            Shown::Yellow { until_ms } => !self.passes_on_yellow(ego, d, until_ms) && !self.clears_on_yellow(ego, connection, d, until_ms),
            _ => {
                // Its own share of the room is in `pending` already.
                out.room = self.room_behind(connection);
                let taken = self.junctions.pending[self.roads.to_lane[connection] as usize];
                self.keeps_clear(connection) && ego.v < 2.0 && taken > out.room
            }
        }
    }

    fn passes_on_yellow(&self, ego: &Ego, d: f64, until_ms: i64) -> bool {
        let left_s = (until_ms - self.now_ms) as f64 / 1000.0;
        ego.v * ego.v / (2.0 * d.max(0.1)) > YELLOW_BRAKING && ego.v * left_s > d + 1.0
    }

    /// Turners who gave way through the green would have waited on the junction, in reality, and left it as the others stop. Here
    /// they wait at the line; so one who has stood at its head for longer than a yellow lasts goes then, if the line can be passed
    /// before it turns red.
    fn clears_on_yellow(&self, ego: &Ego, connection: usize, d: f64, until_ms: i64) -> bool {
        let left_s = (until_ms - self.now_ms) as f64 / 1000.0;
        if travel_time(d + 0.2, ego.v, 0.7 * ego.kind.accel, 5.0) + self.dt > left_s {
            return false;
        }
        let body = &self.state.body[ego.ix];
        let starts = ego.v < 3.0 && body.accel > 0.3;
        self.gives_way_at(connection) && d < 4.0 && (body.wait > 4.0 || starts)
    }

    fn gives_way_at(&self, connection: usize) -> bool {
        !self.roads.net.foes_of(ConnIx::new(connection)).is_empty()
    }

    /// Junctions are kept clear where somebody else would be blocked.
    fn keeps_clear(&self, connection: usize) -> bool {
        !self.roads.net.connections[connection].conflicts.is_empty()
    }

    /// Room on the lane that a connection leads to, up to the last vehicle there, and what it will leave by moving on.
    fn room_behind(&self, connection: usize) -> f32 {
        let lane = self.roads.to_lane[connection];
        let (rear, v) = match self.state.last_on(lane) {
            Some(j) => (self.state.rear(j), self.state.speed[j]),
            None => {
                let tail = self.junctions.tails[lane as usize];
                if tail.rear == f64::INFINITY {
                    return f32::INFINITY;
                }
                (tail.rear, tail.speed)
            }
        };
        (rear + v * v / 4.0 + v) as f32
    }

    /// Whether `line` may be entered by a vehicle `d` in front of it. `heads`: it is the first who wants to.
    pub(super) fn may_enter(&self, ego: &Ego, line: u32, d: f64, heads: bool, out: &mut Outlook) -> bool {
        let connection = self.roads.connection(line);
        let shown = self.signals.of(connection);
        let gives_way = match shown {
            Shown::Red => return false,
            Shown::Yellow { until_ms } => {
                if !self.passes_on_yellow(ego, d, until_ms) && !self.clears_on_yellow(ego, connection, d, until_ms) {
                    return false;
                }
                false
            }
            Shown::Green => false,
            Shown::Off | Shown::GreenYield => true,
        };
        let target = self.roads.to_lane[connection];
        if self.closed[self.roads.link[target as usize] as usize] {
            return false;
        }
        if self.keeps_clear(connection) {
            out.room = self.room_behind(connection);
            let need = self.state.body[ego.ix].length + ego.kind.gap_m as f32;
            if self.junctions.pending[target as usize] + need > out.room {
                return false;
            }
        } else {
            out.room = f32::INFINITY;
        }
        // One of the others is on the junction: carry on only while there is time to see it leave.
        let near = d < ego.v * ego.v / (2.0 * ego.kind.brake) + 0.5 * ego.v + 1.0;
        let net = &self.roads.net;
        let this = ConnIx::new(connection);
        if near && net.conflicts_of(this).iter().any(|c| self.junctions.holders[c.other.ix()] > 0) {
            return false;
        }
        let foes = net.foes_of(this);
        if !gives_way || foes.is_empty() {
            return true;
        }
        out.yields = true;
        !heads || self.gap_is_enough(ego, line, d, foes)
    }

    fn gap_is_enough(&self, ego: &Ego, line: u32, d: f64, foes: &[ConnIx]) -> bool {
        let body = &self.state.body[ego.ix];
        let top = self.wished(ego, line);
        let way = d + self.roads.length[line as usize] + f64::from(body.length);
        let in_s = travel_time(d, ego.v, ego.kind.accel, top);
        let clear_s = travel_time(way, ego.v, ego.kind.accel, top);
        let impatient = f64::from(body.wait) > self.options.patience_s;
        foes.iter().all(|foe| {
            let foe = foe.ix();
            if matches!(self.signals.of(foe), Shown::Red | Shown::Yellow { .. }) {
                return true;
            }
            let lane = self.roads.net.connections[foe].from_lane;
            self.stream_is_clear(lane, self.roads.lanes + foe as u32, 0.0, (in_s, clear_s), impatient, 2)
        })
    }

    /// Whether no vehicle on `lane` (and before it, `depth` connections back) that will use `foe` is there too soon.
    fn stream_is_clear(&self, lane: LaneIx, foe: u32, base: f64, window: (f64, f64), impatient: bool, depth: u32) -> bool {
        let state = self.state;
        let length = self.roads.length[lane.ix()];
        for j in state.on(lane.0).rev() {
            let d = base + length - state.position[j];
            let v = state.speed[j];
            if d > SIGHT_S * v.max(8.0) {
                return true;
            }
            if state.body[j].next != foe {
                continue;
            }
            if v < 0.5 {
                // Standing: it is let go first only for a while, and not where it cannot go.
                if impatient || d > 12.0 || state.body[j].dwelling == 1 || f64::from(state.body[j].wait) > self.options.patience_s {
                    return true;
                }
            }
            let body = &state.body[j];
            let kind = &following::KINDS[usize::from(body.kind)];
            let top = self.roads.speed[lane.ix()] * f64::from(body.factor);
            let arrives_s = travel_time(d, v, kind.accel, top);
            let leaves_s = travel_time(d + self.roads.length[foe as usize] + f64::from(body.length), v, kind.accel, top);
            let after_me = arrives_s > window.1 + GAP_MARGIN_S;
            let before_me = leaves_s < window.0;
            if !after_me && !before_me {
                return false;
            }
            if after_me {
                return true;
            }
        }
        if depth == 0 || base + length > SIGHT_S * self.roads.speed[lane.ix()].max(8.0) {
            return true;
        }
        self.roads.net.incoming_of(lane).iter().all(|&c| {
            let segment = self.roads.segment(c);
            let onward = base + length;
            let on_it = state.on(segment).rev().all(|j| {
                let d = onward + self.roads.length[segment as usize] - state.position[j];
                d / state.speed[j].max(1.0) > window.1 + GAP_MARGIN_S
            });
            let from = self.roads.net.connections[c.ix()].from_lane;
            on_it && self.stream_is_clear(from, segment, onward + self.roads.length[segment as usize], window, true, depth - 1)
        })
    }
}
