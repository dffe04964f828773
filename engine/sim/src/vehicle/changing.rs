//! Lane changes: for the route (strategic), for advantage (MOBIL), and making room for others who must get in.
//!
//! MOBIL: Kesting, Treiber, Helbing: General lane-changing model MOBIL for car-following models. Transp. Res. Rec. 1999 (2007) 86.
//!
//! Steps alternate: in even steps vehicles change away from the kerb only, in odd ones towards it, so that two can never meet
//! in one gap from both sides, nor swap. The follower on the new lane does not know of the change in that step; so a change is
//! allowed only where the follower stays behind even if it accelerates as hard as it can.

use super::following::{self, HARD_BRAKING, KINDS, SKIN_M};
use super::plan::{Ego, Outlook, Plan, View};
use super::roads::NONE;
use super::state::Body;

/// Advantage below which nobody changes, m/s².
const THRESHOLD: f64 = 0.25;
/// Braking that a change may ask of the new follower, m/s²: for advantage, and for the route.
const SAFE_BRAKING: (f64, f64) = (2.0, 4.0);
/// Room that one who gets in takes, behind their front bumper, m.
const MERGES_M: f64 = 6.0;
/// A change ends at least this far before the end of the lane, m: nearer than where the stranded stand, who would wait for ever.
const LINE_M: f64 = 0.1;
/// No vehicle accelerates harder, m/s².
const HARDEST_ACCEL: f64 = 1.8;

impl View<'_> {
    /// Brakes gently for one beside this lane who must get in and is just ahead.
    pub(super) fn let_in(&self, ego: &Ego, out: &mut Outlook) {
        if !self.roads.is_lane(ego.segment) {
            return;
        }
        let (x, speed) = self.junctions.merging[ego.segment as usize];
        let (x, speed) = (f64::from(x), f64::from(speed));
        // NaN compares false: nobody there.
        // Who is beside it already makes no room by stopping: it goes on, and the next one lets in.
        if x > ego.x + MERGES_M + 1.0 && x < ego.x + 40.0 {
            let next = self.state.first_ahead(ego.segment, ego.x);
            let mine = next >= self.state.on(ego.segment).end || self.state.position[next] > x;
            if mine {
                let gap = (x - MERGES_M - ego.x).max(1.0);
                let wish = following::interaction(ego.kind, ego.v, gap, speed);
                out.accel = out.accel.min((following::free(ego.kind, ego.v, ego.v.max(3.0)) + wish).max(-ego.kind.brake));
            }
        }
    }

    /// Decides on a change and, if there is one, takes it into the plan.
    pub(super) fn consider_change(&self, ego: &Ego, body: &Body, out: &Outlook, plan: &mut Plan) {
        let outward = self.step.is_multiple_of(2);
        let side: i64 = if outward { 1 } else { -1 };
        let link = self.roads.net.link(qike_network::LinkIx(self.roads.link[ego.segment as usize]));
        let target = i64::from(ego.segment) + side;
        if target < i64::from(link.lanes.start) || target >= i64::from(link.lanes.end) {
            return;
        }
        let target = target as u32;
        let mode = self.fleet.mode(body.vehicle);
        if !self.roads.open_to(target, mode) {
            return;
        }
        let needed = i64::from(body.want) * side > 0;
        let hurt = i64::from(body.want) * side < 0;
        let left = self.roads.length[ego.segment as usize] - ego.x;
        if !needed {
            // Advantage is looked for about every two seconds, and not where the way to the right lane would get short.
            let period = ((2.0 / self.dt) as u64).max(2);
            let turn = (self.step / 2 + u64::from(body.vehicle)).is_multiple_of(period.div_ceil(2));
            if !turn || hurt || left < 30.0 + 4.0 * ego.v || ego.v < 1.0 {
                return;
            }
        }
        let scale = self.roads.length[target as usize] / self.roads.length[ego.segment as usize];
        let x = ego.x * scale;
        if x < f64::from(body.length) + SKIN_M {
            return;
        }
        let next = self.fleet.way_on(self.roads, body.vehicle, target, 0);
        if next == NONE && !needed {
            return;
        }
        let state = self.state;
        let on = state.on(target);
        let ahead = state.first_ahead(target, x);
        let leader = (ahead < on.end).then_some(ahead);
        if leader.is_some_and(|j| state.rear(j) - x < SKIN_M + 0.3) {
            return;
        }
        let there = Ego { segment: target, x, next, ahead: 0, ..*ego };
        let new = self.outlook(&there, leader);
        if !needed {
            let gain = new.accel - out.accel;
            let others = self.others_gain(ego, x, target, ahead);
            if gain + ego.kind.politeness * others < THRESHOLD || gain < 0.1 {
                return;
            }
        }
        // The step must suit both lanes; no line is passed in it.
        let bound = out.stop.and(new.stop);
        let (v, dx) = following::advance(ego.v, out.accel.min(new.accel), bound, self.dt);
        let reach = dx + following::stopping(v);
        let passes = |o: &Outlook| o.line != NONE && reach > o.line_m - SKIN_M;
        let behind = |j: usize| reach <= state.rear(j) - x - SKIN_M + following::stopping(state.speed[j]);
        if passes(out) || passes(&new) || !leader.is_none_or(behind) || (x + dx) >= self.roads.length[target as usize] - LINE_M {
            return;
        }
        let tail = self.junctions.tails[target as usize];
        let into_tail = x + dx > tail.rear - 4.0 * SKIN_M || reach > tail.rear - x - SKIN_M + following::stopping(tail.speed);
        if leader.is_none() && into_tail {
            return;
        }
        let rear = x + dx - f64::from(body.length);
        let comfort = if needed { SAFE_BRAKING.1 } else { SAFE_BRAKING.0 };
        if !self.follower_is_safe(target, ahead, rear, v, comfort) {
            return;
        }
        *plan = Plan { dx, v, refused_dx: dx, refused_v: v, request: NONE, room: 0.0, change: target, keep: 0, yields: false };
    }

    /// What the followers on both lanes gain, m/s²: MOBIL's politeness term.
    fn others_gain(&self, ego: &Ego, x: f64, target: u32, ahead: usize) -> f64 {
        let state = self.state;
        let length = f64::from(state.body[ego.ix].length);
        let mut gain = 0.0;
        if ahead > state.on(target).start {
            let f = ahead - 1;
            let kind = &KINDS[usize::from(state.body[f].kind)];
            let now = if ahead < state.on(target).end {
                following::interaction(kind, state.speed[f], state.rear(ahead) - state.position[f], state.speed[ahead])
            } else {
                0.0
            };
            gain += following::interaction(kind, state.speed[f], x - length - state.position[f], ego.v) - now;
        }
        if ego.ix > 0 && state.segment[ego.ix - 1] == ego.segment {
            let f = ego.ix - 1;
            let kind = &KINDS[usize::from(state.body[f].kind)];
            let leader = (ego.ix + 1 < state.len() && state.segment[ego.ix + 1] == ego.segment).then_some(ego.ix + 1);
            let then = leader.map_or(0.0, |j| {
                following::interaction(kind, state.speed[f], state.rear(j) - state.position[f], state.speed[j])
            });
            gain += then - following::interaction(kind, state.speed[f], ego.x - length - state.position[f], ego.v);
        }
        gain
    }

    /// Whether whoever follows on the target lane, on it or on its way to it over a junction, stays behind `rear`.
    pub(super) fn follower_is_safe(&self, target: u32, ahead: usize, rear: f64, v: f64, comfort: f64) -> bool {
        let state = self.state;
        let check = |j: usize, gap_now: f64| {
            let vf = state.speed[j];
            let faster = vf + HARDEST_ACCEL * self.dt;
            let way = 0.5 * (vf + faster) * self.dt;
            let gap = gap_now - way - SKIN_M;
            let kind = &KINDS[usize::from(state.body[j].kind)];
            gap > 0.0
                && following::stopping(faster) <= gap + following::stopping(v)
                && following::interaction(kind, vf, gap_now.max(0.1), v) > -comfort.max(0.5) - kind.accel
        };
        if ahead > state.on(target).start {
            return check(ahead - 1, rear - state.position[ahead - 1]);
        }
        self.upstream_is_safe(target, rear, 4, &check)
    }

    /// The same for those on their way to `lane`, over its connections and the lanes before them. One who can stop before a line
    /// that must be held is no danger; `rear` is measured from the lane's start.
    fn upstream_is_safe(&self, lane: u32, rear: f64, depth: u32, check: &impl Fn(usize, f64) -> bool) -> bool {
        if depth == 0 || rear > 90.0 {
            return true;
        }
        let state = self.state;
        self.roads.net.incoming_of(qike_network::LaneIx(lane)).iter().all(|&c| {
            let segment = self.roads.segment(c);
            let over = rear + self.roads.length[segment as usize];
            let on = state.on(segment);
            if on.start < on.end {
                return check(on.end - 1, over - state.position[on.end - 1]);
            }
            let from = self.roads.net.connections[c.ix()].from_lane.0;
            let length = self.roads.length[from as usize];
            let mut queue = state.on(from).rev().peekable();
            if queue.peek().is_none() {
                return self.upstream_is_safe(from, over + length, depth - 1, check);
            }
            let comes = queue.find(|&j| state.body[j].next == segment);
            comes.is_none_or(|j| {
                let left = length - state.position[j];
                let reaches = following::stopping(state.speed[j]) + (state.speed[j] + HARDEST_ACCEL) * self.dt >= left;
                let bound = self.roads.held[c.ix()] && state.body[j].ahead == 0 && !reaches;
                bound || check(j, over + length - state.position[j])
            })
        })
    }
}

/// The bound of a vehicle that enters at `x` with a leader `gap` ahead: the greatest speed at which it can still stop behind it.
pub fn entry_speed(wished: f64, gap: f64, leader_v: f64) -> Option<f64> {
    let gap = gap - SKIN_M;
    (gap > 0.0).then(|| wished.min((2.0 * HARD_BRAKING * (gap + following::stopping(leader_v))).sqrt() * 0.7))
}

