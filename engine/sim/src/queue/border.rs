//! The border to streets that another model runs: who is to go there drives over the junction and is then handed over, if there is
//! room; who comes from there is put into the queue of its lane, if the queue has room; what of the queue is seen from there.

use super::act::{CHANGE_CM, MERGING};
use super::lane::NEVER;
use super::{Agent, Given, LAST, Queues};
use crate::micro::border::Last;
use crate::micro::{OnRoad, TripRow, Way};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who comes to the border is let in where there will be room within that time, ms.
const AHEAD_MS: u32 = 1000;

/// One on the way over a junction, or waiting at its end, to a lane that another model runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crossing {
    /// Who: a place in the list of agents.
    pub agent: u32,
    pub lane: u32,
    /// When it is at the lane's start, ms, and how fast, m/s.
    pub at: u32,
    pub speed: f32,
}

/// One who comes from a lane that another model runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Newcomer {
    /// Its journey so far; its length is that up to the start of the lane.
    pub row: TripRow,
    /// The place on the list of paths from which it goes on.
    pub at: u32,
    /// The lane that it came onto; none: any will do.
    pub lane: Option<u32>,
    /// When it came there, ms, and how fast, m/s.
    pub entered_ms: i64,
    pub speed: f64,
}

impl Queues {
    /// Over the junction to a lane that another model runs.
    pub(super) fn cross(&mut self, given: &Given, lane: u32, me: u32, at: u32, speed: f64) {
        let agent = &mut self.agents[me as usize];
        let kind = &given.kinds[usize::from(agent.kind)];
        (agent.lane, agent.entered, agent.end) = (lane, at, speed as f32);
        let l = &mut self.lanes[lane as usize];
        l.free -= kind.room_cm as i32;
        self.beyond[lane as usize] += kind.room_cm as i32;
        l.open = self.now + (f64::from(kind.headway(f64::from(given.net.lanes[lane as usize].speed))) * MERGING) as u32;
        self.crossing.push(Crossing { agent: me, lane, at, speed: speed as f32 });
    }

    /// Those who are at the start of their lanes by now, in that order, until `takes` has no room for one: he and those behind him wait.
    pub(crate) fn hand_over(&mut self, takes: &mut dyn FnMut(&Self, &Crossing) -> bool) {
        let mut crossing = std::mem::take(&mut self.crossing);
        crossing.sort_by_key(|c| c.at);
        let mut held: Vec<u32> = Vec::new();
        crossing.retain(|c| {
            if c.at > self.now || held.contains(&c.lane) || !takes(self, c) {
                held.push(c.lane);
                return true;
            }
            self.went += 1;
            self.free.push(c.agent);
            false
        });
        self.crossing = crossing;
    }

    /// The journey so far of one who comes onto a lane, its place on the list of paths, and its share of limits.
    pub(crate) fn journey_of(&self, c: &Crossing) -> (TripRow, u32) {
        let agent = &self.agents[c.agent as usize];
        let mut row = self.row(&self.given, agent, c.at.max(agent.departed));
        row.length_m = f64::from(agent.way.max(0.0));
        // Who had to wait before the lane stood there.
        let stood = self.now.saturating_sub(c.at);
        if stood >= self.given.step_ms {
            row.waiting_ms += i64::from(stood);
            row.waiting_count += 1;
            row.loss_s += f64::from(stood) / 1000.0;
        }
        (row, agent.at)
    }

    /// Says how much room there is at the start of a lane that another model runs, and how much those on it take, m. Those on their way
    /// there have their share of both.
    pub(crate) fn set_room(&mut self, lane: u32, room_m: f64, taken_m: f64) {
        let given = self.given.clone();
        let fix = &given.net.lanes[lane as usize];
        let most = given.kinds.iter().map(|k| k.room_cm).max().unwrap_or(0).max(fix.room);
        let mut free = (room_m * 100.0).clamp(-1e9, f64::from(most)) as i32;
        let mut taken = (taken_m * 100.0).clamp(0.0, 1e9) as i32;
        for c in self.crossing.iter().filter(|c| c.lane == lane) {
            let room = given.kinds[usize::from(self.agents[c.agent as usize].kind)].room_cm as i32;
            (free, taken) = (free - room, taken + room);
        }
        self.beyond[lane as usize] = taken;
        let before = std::mem::replace(&mut self.lanes[lane as usize].free, free);
        if free > before && self.waiting[fix.edge as usize] != NEVER {
            self.wake(fix.edge, self.now);
        }
    }

    /// Room that those on a lane take, cm.
    #[inline]
    pub(super) fn taken_on(&self, given: &Given, lane: u32) -> i32 {
        if given.net.is_outside(lane) { self.beyond[lane as usize] } else { given.net.lanes[lane as usize].room as i32 - self.lanes[lane as usize].free }
    }

    /// Lets one in who comes from another model; tells whether there is room.
    pub(crate) fn admit(&mut self, new: &Newcomer) -> bool {
        let given = self.given.clone();
        let row = &new.row;
        let Some(&number) = given.by_number.get(row.vehicle as usize).filter(|n| **n != NEVER) else { return false };
        let kind = row.kind as usize;
        let since = |ms: i64| u32::try_from(ms - given.begin_ms).unwrap_or(0);
        let after = given.paths[new.at as usize];
        let room = given.kinds[kind].room_cm;
        let mut lanes: Vec<u32> = if after & LAST != 0 {
            let (first, count) = given.net.streets.edges[(after & !LAST) as usize].lanes;
            (first..first + count).collect()
        } else {
            given.net.choices_of(after).iter().map(|c| c.0).collect()
        };
        lanes.dedup();
        for &lane in &lanes {
            self.make_room(&given, lane, self.now);
        }
        // Who has passed the border could not stop before it: what is missing of its room is owed. As whoever comes onto an edge it goes
        // where the fewest are, but no more lanes aside than that is worth.
        let has_room = |lane: &u32| {
            let (l, fix) = (&self.lanes[*lane as usize], &given.net.lanes[*lane as usize]);
            l.tail.wrapping_sub(l.hole) <= fix.mask && (l.free > 0 || l.tail == l.hole || self.next_room(&given, *lane, room as i32, 0) <= self.now + AHEAD_MS)
        };
        let aside = |lane: u32| new.lane.map_or(0, |own| (lane as i32 - own as i32).abs() * CHANGE_CM);
        let Some(lane) = lanes.into_iter().filter(has_room).min_by_key(|l| (self.taken_on(&given, *l) + aside(*l), *l)) else { return false };
        let entered = since(new.entered_ms);
        let departed = since(row.depart_ms);
        let agent = Agent {
            at: new.at,
            lane,
            left: entered,
            entered,
            over: given.net.streets.incoming_of(lane).first().copied().unwrap_or(NEVER),
            departed,
            number,
            factor: row.speed_factor as f32,
            way: row.length_m as f32,
            ideal: (f64::from(entered.saturating_sub(departed)) / 1000.0 - row.stop_ms as f64 / 1000.0 - row.loss_s) as f32,
            stood: row.waiting_ms.max(0) as u32,
            stopped: row.stop_ms.max(0) as u32,
            kind: kind as u16,
            stands: row.waiting_count.min(u32::from(u16::MAX)) as u16,
            taken_out: row.teleports.min(u32::from(u16::MAX)) as u16,
            ..Agent::default()
        };
        let me = self.agent(agent);
        self.departed[number as usize] = departed;
        self.came += 1;
        self.drive_onto(&given, lane, me, entered, 0.0, new.speed);
        true
    }

    /// The last vehicle on a lane and the room behind it, as those see it who come from another model.
    pub(crate) fn last_of(&mut self, n: u32) -> Option<Last> {
        let given = self.given.clone();
        self.make_room(&given, n, self.now);
        let (fix, lane) = (&given.net.lanes[n as usize], &self.lanes[n as usize]);
        let least = given.kinds.first().map_or(750, |k| k.room_cm) as i32;
        // Nobody who comes to the border now would find room when it gets there.
        let full = lane.tail.wrapping_sub(lane.hole) > fix.mask || lane.tail != lane.hole && lane.free < least && self.next_room(&given, n, least, 0) > self.now + AHEAD_MS;
        // It stands there at last, if those before it do not go on.
        let limit = if full { 0.0 } else { f64::from(lane.free.max(least)) / 100.0 };
        if lane.count() == 0 {
            return full.then_some(Last { back_m: limit, speed: 0.0, kind: 0, full, behind: NEVER });
        }
        let slot = &self.slots[(fix.ring + (lane.tail.wrapping_sub(1) & fix.mask)) as usize];
        let agent = &self.agents[slot.agent as usize];
        let kind = &given.kinds[usize::from(agent.kind)];
        let last = Last { back_m: limit, speed: 0.0, kind: u32::from(agent.kind), full, behind: NEVER };
        if slot.at <= self.now {
            return Some(last);
        }
        let from = f64::from(if agent.over == NEVER { agent.from } else { 0.0 });
        let speed = (f64::from(fix.length) - from) / f64::from(slot.at.saturating_sub(agent.entered).max(1)) * 1000.0;
        let back_m = (from + speed * f64::from(self.now.saturating_sub(agent.entered)) / 1000.0 - kind.length).min(limit);
        let decel = 500.0 / kind.brake_ms;
        Some(Last { back_m, speed: speed.min((2.0 * decel * (limit - back_m)).sqrt()), ..last })
    }

    /// Those on their way to a lane that another model runs.
    pub(super) fn each_crossing(&self, give: &mut dyn FnMut(u32, u32, f64, f64, u32)) {
        let streets = &self.given.net.streets;
        for c in &self.crossing {
            let agent = &self.agents[c.agent as usize];
            let via = if agent.over == NEVER { c.lane } else { streets.links[agent.over as usize].next };
            let on = &streets.lanes[via as usize];
            let takes = c.at.saturating_sub(agent.left).max(1);
            if !on.inside {
                give(c.agent, c.lane, 0.0, 0.0, self.now.saturating_sub(c.at));
            } else if self.now < c.at {
                let share = f64::from(self.now.saturating_sub(agent.left)) / f64::from(takes);
                give(c.agent, via, share * on.length, on.length / f64::from(takes) * 1000.0, 0);
            } else {
                give(c.agent, via, on.length, 0.0, self.now - c.at);
            }
        }
    }

    /// One who has come from another model and finds no room: it stands at the start of its lane.
    pub(crate) fn at_the_door(new: &Newcomer, lane: u32, now_ms: i64) -> OnRoad {
        let wait_ms = (now_ms - new.entered_ms).max(0);
        let way = Way { vehicle: new.row.vehicle, lane, position_m: 0.0, speed_mps: 0.0, accel: 0.0, wait_ms };
        OnRoad { way, kind: new.row.kind, stopped: false, loss_s: new.row.loss_s }
    }

    /// Where the path of one who is to depart begins on the list of paths; none: it has no way.
    pub(crate) fn path_of(&self, vehicle: u32) -> Option<u32> {
        let n = self.given.by_number.get(vehicle as usize).filter(|n| **n != NEVER)?;
        Some(self.given.people[*n as usize].path)
    }

    /// The edge at a place on the list of paths.
    pub(crate) fn edge_at(&self, at: u32) -> u32 {
        let movement = self.given.paths[at as usize];
        if movement & LAST != 0 { movement & !LAST } else { self.given.net.edge_before(movement) }
    }

    /// The edge where a path ends that goes on at a place on the list.
    pub(crate) fn destination(&self, at: u32) -> u32 {
        let rest = &self.given.paths[at as usize..];
        rest.iter().find(|m| **m & LAST != 0).map_or(0, |m| m & !LAST)
    }

    /// Time since one of its own times, s.
    pub(crate) fn since_s(&self, at: u32) -> f64 {
        f64::from(self.now.saturating_sub(at)) / 1000.0
    }

    /// Whether somebody and a place on the list of paths are there.
    pub(crate) fn knows(&self, vehicle: u32, at: u32) -> bool {
        self.path_of(vehicle).is_some() && self.is_place(at)
    }

    /// Whether a place on the list of paths is there.
    pub(crate) fn is_place(&self, at: u32) -> bool {
        (at as usize) < self.given.paths.len()
    }

    /// Lays a further path over edges, as far as movements lead; gives its place on the list.
    pub(crate) fn lay_path(&mut self, edges: &[u32]) -> u32 {
        let given = Arc::make_mut(&mut self.given);
        let start = given.paths.len() as u32;
        for pair in edges.windows(2) {
            let Some(movement) = given.net.movement(pair[0], pair[1]) else {
                given.paths.push(pair[0] | LAST);
                return start;
            };
            given.paths.push(movement);
        }
        given.paths.extend(edges.last().map(|edge| edge | LAST));
        start
    }
}
