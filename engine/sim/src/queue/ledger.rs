//! What is measured: edges as those who were on them leave, trips as they end.

use super::lane::{NEVER, Slot};
use super::{Agent, Given, LAST, Queues};
use crate::micro::TripRow;
use crate::traffic::EdgeSums;

/// Who was held up for longer counts to the queue of an edge, ms.
const QUEUES_MS: u32 = 5000;

impl Queues {
    /// One leaves a lane now, at whose end it could have been at `free_at`.
    #[inline]
    pub(super) fn measure(&mut self, given: &Given, n: u32, me: usize, free_at: u32) {
        let fix = &given.net.lanes[n as usize];
        let agent = &mut self.agents[me];
        let kind = &given.kinds[usize::from(agent.kind)];
        let late = self.now.saturating_sub(free_at);
        // Who is held up brakes and gains speed again first; the rest of the time it stands.
        let moves = (f64::from(agent.wish) * (kind.gain_ms + kind.brake_ms)) as u32;
        let stood = late.saturating_sub(moves);
        agent.stood += stood;
        agent.stands += u16::from(stood > 0 && agent.stands < u16::MAX);
        let after = given.paths[agent.at as usize];
        let end = if after & LAST != 0 { given.people[agent.number as usize].arrive_m.min(fix.length) } else { fix.length };
        let from = if agent.over == NEVER { agent.from } else { 0.0 };
        let alone = (end - from).max(0.0) / (agent.wish + kind.slow as f32);
        agent.way += end;
        agent.ideal += alone;
        let sums = &mut self.sums[fix.edge as usize];
        sums.left += 1;
        add(sums, f64::from(self.now.saturating_sub(agent.entered)) / 1000.0, f64::from((end - from).max(0.0)), f64::from(stood) / 1000.0, f64::from(alone), kind.length);
        if late > QUEUES_MS {
            let (most, now) = (&mut self.queue_max[fix.edge as usize], self.lanes[n as usize].count() + 1);
            *most = (*most).max(now);
        }
    }

    /// The first of a lane has come where its journey ends.
    pub(super) fn arrive(&mut self, given: &Given, n: u32, slot: Slot) {
        let me = slot.agent;
        self.leave(given, n);
        let agent = self.agents[me as usize];
        let sums = &mut self.sums[given.net.lanes[n as usize].edge as usize];
        (sums.left, sums.arrived) = (sums.left - 1, sums.arrived + 1);
        let mut row = self.row(given, &agent, self.now);
        row.arrival_ms = Some(given.begin_ms + i64::from(self.now));
        self.counts[1] += 1;
        self.ended.push(row);
        self.free.push(me);
    }

    /// The journey of one as it stands at a time.
    pub(super) fn row(&self, given: &Given, agent: &Agent, now: u32) -> TripRow {
        let person = &given.people[agent.number as usize];
        let depart_ms = given.begin_ms + i64::from(agent.departed);
        let spent = f64::from(now - agent.departed) / 1000.0;
        let fix = &given.net.lanes[agent.lane as usize];
        let last = given.paths[agent.at as usize] & LAST != 0;
        let first_edge = {
            let first = given.paths[person.path as usize];
            if first & LAST != 0 { first & !LAST } else { given.net.edge_before(first) }
        };
        TripRow {
            vehicle: person.number,
            id: person.id.clone(),
            kind: u32::from(person.kind),
            depart_ms,
            depart_lane: given.net.streets.edges[first_edge as usize].lanes.0,
            depart_pos_m: f64::from(agent.from),
            depart_speed_mps: given.kinds[usize::from(person.kind)].wish(f64::from(given.net.lanes[given.net.streets.edges[first_edge as usize].lanes.0 as usize].speed), f64::from(agent.factor)),
            depart_delay_ms: i64::from(agent.departed - person.depart),
            arrival_ms: None,
            arrival_lane: agent.lane,
            arrival_pos_m: if last { f64::from(person.arrive_m.min(fix.length)) } else { 0.0 },
            arrival_speed_mps: f64::from(agent.end),
            duration_ms: i64::from(now - agent.departed),
            length_m: f64::from(agent.way.max(0.0)),
            waiting_ms: i64::from(agent.stood),
            waiting_count: u32::from(agent.stands),
            stop_ms: i64::from(agent.stopped),
            loss_s: (spent - f64::from(agent.ideal) - f64::from(agent.stopped) / 1000.0).max(0.0),
            speed_factor: f64::from(agent.factor),
            teleports: u32::from(agent.taken_out),
            reroutes: 0,
        }
    }
}

/// Adds somebody's time on an edge to its sums.
pub(super) fn add(sums: &mut EdgeSums, seconds: f64, way: f64, stood: f64, alone: f64, length: f64) {
    sums.sampled_s += seconds;
    sums.front_s += seconds;
    sums.travelled_m += way;
    sums.front_m += way;
    sums.waiting_s += stood;
    sums.front_waiting_s += stood;
    sums.loss_s += (seconds - alone).max(0.0);
    sums.covered_ms += seconds * length;
    sums.length_ms += seconds * length;
}
