//! What those who run and record the model ask of it. Where vehicles are between two events is worked out: on the way by share of its
//! time, in a queue by the room of those before.

use super::ledger::add;
use super::lights::Says;
use super::{Given, LAST, Queues};
use crate::micro::world::shown;
use crate::state::{Exchange, StateError};
use crate::micro::{Counts, OnRoad, TripRow, Way};
use crate::traffic::{EdgeSums, TrafficModel, Traveller};
use qike_core::Diagnostic;
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use qike_record::SignalLamp;
use std::sync::Arc;

impl Queues {
    /// Everybody, lane by lane from the front: who, on which lane, where (m), how fast (m/s), standing for how long (ms).
    fn each(&self, given: &Given, give: &mut dyn FnMut(u32, u32, f64, f64, u32)) {
        let now = self.now;
        for (n, fix) in given.net.lanes.iter().enumerate() {
            let lane = &self.lanes[n];
            let mut room = f64::from(fix.length);
            for place in 0..lane.count() {
                let slot = &self.slots[(fix.ring + (lane.head.wrapping_add(place) & fix.mask)) as usize];
                let agent = &self.agents[slot.agent as usize];
                if now < agent.entered {
                    // Over the junction.
                    let via = given.net.streets.links[agent.over as usize].next;
                    let on = &given.net.streets.lanes[via as usize];
                    if on.inside {
                        let share = f64::from(now.saturating_sub(agent.left)) / f64::from((agent.entered - agent.left).max(1));
                        let speed = on.length / (f64::from((agent.entered - agent.left).max(1)) / 1000.0);
                        give(slot.agent, via, share * on.length, speed, 0);
                    } else {
                        give(slot.agent, n as u32, 0.0, f64::from(agent.end), 0);
                    }
                    continue;
                }
                let from = f64::from(if agent.over == super::NEVER { agent.from } else { 0.0 });
                let takes = f64::from(slot.at.saturating_sub(agent.entered).max(1));
                let way = f64::from(fix.length) - from;
                let free = from + way * (f64::from(now - agent.entered) / takes).min(1.0);
                let at = free.min(room).max(0.0);
                let stands = free >= room - 1e-9 && (now >= slot.at || place > 0);
                let speed = if stands { 0.0 } else { way / takes * 1000.0 };
                give(slot.agent, n as u32, at, speed, if stands { now.saturating_sub(slot.at) } else { 0 });
                room = at - f64::from(slot.room) / 100.0;
            }
        }
    }
}

impl TrafficModel for Queues {
    fn name(&self) -> &'static str {
        "queues"
    }

    fn now_ms(&self) -> i64 {
        self.given.begin_ms + i64::from(self.now)
    }

    fn finished(&self) -> bool {
        let done = self.counts[0] + self.came == self.counts[1] + self.went && self.due >= self.given.times.len() && self.counts[0] + self.counts[3] >= self.given.loaded;
        done || self.now_ms() >= self.given.end_ms
    }

    fn step(&mut self) {
        let end = self.now.saturating_add(self.given.step_ms);
        self.run_until(end);
    }

    fn counts(&self) -> Counts {
        let [inserted, arrived, teleported, discarded] = self.counts;
        // Those who have no way count as given up from the beginning, whether they are due or not.
        let never = self.given.loaded - self.given.times.len() as u64;
        let waiting = (self.due as u64).saturating_sub(inserted + discarded - never);
        Counts { loaded: self.given.loaded, inserted, arrived, running: inserted + self.came - arrived - self.went, waiting, teleported, discarded, ..Counts::default() }
    }

    fn updates(&self) -> u64 {
        self.events
    }

    fn lamp(&self, link: u32) -> SignalLamp {
        let Some(l) = self.given.net.links.get(link as usize).filter(|l| super::net::lit(l)) else { return SignalLamp::Off };
        let mut run = self.lights[l.light as usize];
        self.given.lights.advance(l.light as usize, &mut run, self.now);
        match self.given.lights.says(l.light as usize, &run, l.light_index) {
            Says::Stop(_) => SignalLamp::Red,
            Says::Go(bits, _) if bits & shown::YELLOW != 0 => SignalLamp::Yellow,
            Says::Go(bits, _) if bits & shown::GREEN != 0 => if bits & shown::FIRST != 0 { SignalLamp::Green } else { SignalLamp::GreenMinor },
            _ => SignalLamp::Off,
        }
    }

    fn take_trips(&mut self) -> Vec<TripRow> {
        std::mem::take(&mut self.ended)
    }

    fn under_way(&self) -> Vec<(TripRow, u32)> {
        let mut rows = Vec::new();
        let mut give = |n: u32, lane: u32, at: f64, speed: f64, _: u32| {
            let agent = &self.agents[n as usize];
            let mut row = self.row(&self.given, agent, self.now);
            (row.arrival_lane, row.arrival_pos_m, row.arrival_speed_mps) = (lane, at, speed);
            row.length_m = (f64::from(agent.way) + at).max(0.0);
            let mut end = agent.at as usize;
            while self.given.paths[end] & LAST == 0 {
                end += 1;
            }
            rows.push((row, self.given.paths[end] & !LAST));
        };
        self.each(&self.given, &mut give);
        self.each_crossing(&mut give);
        rows.sort_by_key(|(row, _)| row.vehicle);
        rows
    }

    fn everybody(&self, into: &mut Vec<OnRoad>) {
        let mut give = |n: u32, lane: u32, at: f64, speed: f64, wait_ms: u32| {
            let agent = &self.agents[n as usize];
            let vehicle = self.given.people[agent.number as usize].number;
            let way = Way { vehicle, lane, position_m: at, speed_mps: speed, accel: 0.0, wait_ms: i64::from(wait_ms) };
            into.push(OnRoad { way, kind: u32::from(agent.kind), stopped: false, loss_s: 0.0 });
        };
        self.each(&self.given, &mut give);
        self.each_crossing(&mut give);
    }

    fn traveller(&self, vehicle: u32) -> Option<Traveller<'_>> {
        let n = self.given.by_number.get(vehicle as usize).copied().filter(|n| *n != super::NEVER)?;
        let person = &self.given.people[n as usize];
        Some(Traveller { id: &person.id, speed_factor: f64::from(person.factor), depart_delay_ms: i64::from(self.departed[n as usize].saturating_sub(person.depart)) })
    }

    fn edge_sums(&self) -> Option<Vec<EdgeSums>> {
        let mut sums = self.sums.clone();
        let given = &self.given;
        self.each(given, &mut |n, lane, at, speed, wait_ms| {
            let agent = &self.agents[n as usize];
            let edge = given.net.streets.lanes[lane as usize].edge;
            if agent.entered <= self.now {
                let from = f64::from(if agent.over == super::NEVER { agent.from } else { 0.0 });
                let way = (at - from).max(0.0);
                let spent = f64::from(self.now - agent.entered) / 1000.0;
                let wish = f64::from(agent.wish) + given.kinds[usize::from(agent.kind)].slow;
                let stood = if speed == 0.0 { f64::from(wait_ms) / 1000.0 } else { 0.0 };
                add(&mut sums[edge as usize], spent, way, stood, way / wish, given.kinds[usize::from(agent.kind)].length);
            }
        });
        Some(sums)
    }

    fn take_queue_max(&mut self) -> Vec<u32> {
        let n = self.queue_max.len();
        std::mem::replace(&mut self.queue_max, vec![0; n])
    }

    fn findings(&self) -> &[Diagnostic] {
        &self.given.findings
    }

    fn streets(&self) -> &Arc<Streets> {
        &self.given.net.streets
    }

    fn hash(&self) -> u64 {
        Queues::hash(self)
    }

    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        self.exchange_state(with)
    }

    fn change(&mut self, was: &TrafficScenario, scenario: &TrafficScenario) -> Result<(), String> {
        self.change_to(was, scenario)
    }

    fn fork(&self) -> Box<dyn TrafficModel> {
        Box::new(self.clone())
    }
}
