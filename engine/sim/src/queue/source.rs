//! Departures: who is to depart where and when, and coming onto the first edge.

use super::act::Next;
use super::lane::NEVER;
use super::net::Net;
use super::{Agent, Given, LAST, Queues};
use crate::micro::departing::{Departure, Departures};
use qike_core::{CounterRng, Diagnostic};
use qike_network::traffic::{DepartLane, DepartPos, DepartSpeed};

/// Findings of one kind that are told one by one.
const TOLD: usize = 8;

/// A stop on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// Place on the list of paths.
    pub at: u32,
    /// At least that long, and not before, ms.
    pub duration: u32,
    pub until: u32,
}

/// One who is to depart.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub id: String,
    pub number: u32,
    pub depart: u32,
    pub kind: u16,
    pub factor: f32,
    /// First place on the list of paths.
    pub path: u32,
    pub lane: Option<u8>,
    pub at: DepartPos,
    pub speed: DepartSpeed,
    /// Where it arrives on its last edge, m.
    pub arrive_m: f32,
    pub stops: Vec<Stop>,
}

/// All of them.
pub(super) struct Sources {
    pub paths: Vec<u32>,
    pub people: Vec<Person>,
    pub queues: Vec<u32>,
    /// By edge: a range of `queues`.
    pub ranges: Vec<(u32, u32)>,
    pub times: Vec<u32>,
    pub loaded: u64,
    pub discarded: u64,
}

impl Sources {
    /// Lays the list of departures out.
    pub fn new(net: &Net, listed: Departures, begin_ms: i64, findings: &mut Vec<Diagnostic>) -> Self {
        let mut all = Self { paths: Vec::new(), people: Vec::new(), queues: Vec::new(), ranges: vec![(0, 0); net.streets.edges.len()], times: Vec::new(), loaded: listed.loaded, discarded: listed.stayed.len() as u64 };
        let mut broken = 0;
        let starts: Vec<Option<u32>> = listed.paths.iter().map(|path| all.lay(net, path)).collect();
        for d in listed.all {
            let Some(path) = starts[d.path as usize] else {
                broken += 1;
                all.discarded += 1;
                if broken <= TOLD {
                    let text = format!("vehicle '{}' has edges on its way that no lane connects; it does not depart", d.id);
                    findings.push(Diagnostic::error("disconnected-route", text).object(&*d.id).help("mend the route, or give its first and last edge alone so that a way is found"));
                }
                continue;
            };
            let person = all.person(net, d, path, begin_ms);
            all.people.push(person);
        }
        if broken > TOLD {
            findings.push(Diagnostic::error("disconnected-route", format!("{} further vehicles have ways that no lane connects; they do not depart", broken - TOLD)));
        }
        let first = |p: &Person| all.paths[p.path as usize];
        let edge = |p: &Person| if first(p) & LAST != 0 { first(p) & !LAST } else { net.edge_before(first(p)) };
        let mut order: Vec<(u32, u32)> = all.people.iter().enumerate().map(|(n, p)| (edge(p), n as u32)).collect();
        // Those who depart where another model runs are not among ours.
        let people = order.len();
        order.retain(|o| !net.is_outside(net.streets.edges[o.0 as usize].lanes.0));
        all.loaded -= (people - order.len()) as u64;
        all.times = order.iter().map(|o| all.people[o.1 as usize].depart).collect();
        all.times.sort_unstable();
        // The list is by time; so it stays within an edge.
        order.sort_by_key(|o| o.0);
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let start = all.queues.len() as u32;
            all.queues.extend(group.iter().map(|g| g.1));
            all.ranges[group[0].0 as usize] = (start, all.queues.len() as u32);
        }
        all
    }

    /// Puts a path into the list; none where no movement leads from one of its edges to the next.
    fn lay(&mut self, net: &Net, path: &[u32]) -> Option<u32> {
        let start = self.paths.len();
        for pair in path.windows(2) {
            let Some(movement) = net.movement(pair[0], pair[1]) else {
                self.paths.truncate(start);
                return None;
            };
            self.paths.push(movement);
        }
        let last = *path.last()?;
        if net.streets.edges[last as usize].inside {
            self.paths.truncate(start);
            return None;
        }
        self.paths.push(last | LAST);
        Some(start as u32)
    }

    fn person(&self, net: &Net, d: Departure, path: u32, begin_ms: i64) -> Person {
        let time = |ms: i64| ms.saturating_sub(begin_ms).clamp(0, i64::from(NEVER - 1)) as u32;
        let mut end = path as usize;
        while self.paths[end] & LAST == 0 {
            end += 1;
        }
        let length = net.streets.edges[(self.paths[end] & !LAST) as usize].length;
        let arrive = match d.arrival.at_m {
            _ if d.arrival.random => CounterRng::new(u64::from(d.number), 3, 5).range(0.0, length),
            Some(at) if at < 0.0 => (length + at).max(0.0),
            Some(at) => at.min(length),
            None => length,
        };
        let stop = |h: &crate::micro::cars::Halt| Stop { at: path + h.leg, duration: h.duration_ms.clamp(0, 86_400_000) as u32, until: time(h.until_ms) };
        Person {
            number: d.number,
            depart: time(d.depart_ms),
            kind: d.kind.min(u32::from(u16::MAX)) as u16,
            factor: d.factor as f32,
            path,
            lane: if let DepartLane::Lane(n) = d.lane { Some(n) } else { None },
            at: d.at,
            speed: d.speed,
            arrive_m: arrive as f32,
            stops: d.stops.iter().map(stop).collect(),
            id: d.id,
        }
    }
}

impl Queues {
    /// The next of an edge's departures is due.
    pub(super) fn depart(&mut self, given: &Given, source: u32) {
        let now = self.now;
        let net = &given.net;
        let edge = source - net.lanes.len() as u32;
        let lane = self.lanes[source as usize];
        if lane.count() == 0 {
            return;
        }
        let who = given.queues[lane.head as usize];
        let person = &given.people[who as usize];
        let give_up = person.depart.saturating_add(given.give_up_ms);
        if given.give_up_ms != NEVER && now >= give_up && now > person.depart {
            self.counts[3] += 1;
            return self.next_departure(given, source);
        }
        let (kind, factor) = (person.kind, person.factor);
        let agent = Agent { at: person.path, departed: now, number: who, factor, kind, over: NEVER, left: now, ..Agent::default() };
        let (first, count) = net.streets.edges[edge as usize].lanes;
        let after = given.paths[person.path as usize];
        let straight = first + person.lane.map_or(0, u32::from).min(count - 1);
        let room = given.kinds[usize::from(kind)].room_cm;
        match self.choose(given, source, edge, after, straight, &agent, (room, 0, 0.0)) {
            Next::Lane(to) => {
                let me = self.agent(agent);
                let fix = &net.lanes[to as usize];
                let (length, k) = (f64::from(fix.length), &given.kinds[usize::from(kind)]);
                let wish = k.wish(f64::from(fix.speed), f64::from(factor));
                let base = k.length.min(length);
                let from = match person.at {
                    DepartPos::At(at) if at < 0.0 => (length + at).max(0.0),
                    DepartPos::At(at) => at.min(length),
                    DepartPos::Random | DepartPos::Free | DepartPos::RandomFree => CounterRng::new(u64::from(person.number), 7, 11).range(base, length.max(base + 0.1)).min(length),
                    DepartPos::Last => if self.lanes[to as usize].count() == 0 { length } else { base },
                    DepartPos::Base | DepartPos::Stop => base,
                };
                let speed = match person.speed {
                    DepartSpeed::At(v) => v.clamp(0.0, wish),
                    DepartSpeed::Random => CounterRng::new(u64::from(person.number), 13, 17).range(0.0, wish),
                    _ => wish,
                };
                let a = &mut self.agents[me as usize];
                (a.from, a.way) = (from as f32, -from as f32);
                self.departed[who as usize] = now;
                self.counts[0] += 1;
                self.sums[edge as usize].departed += 1;
                self.lanes[source as usize].claims = NEVER;
                self.drive_onto(given, to, me, now, from, speed);
                self.sums[edge as usize].entered -= 1;
                self.next_departure(given, source);
            }
            other => {
                self.blocked(given, source, edge, other);
                if given.give_up_ms != NEVER {
                    let date = self.lanes[source as usize].due.min(give_up);
                    self.set(source, date);
                }
            }
        }
    }

    /// The first of an edge's departures is done with.
    fn next_departure(&mut self, given: &Given, source: u32) {
        self.waits_no_more(source);
        let lane = &mut self.lanes[source as usize];
        (lane.head, lane.stuck) = (lane.head + 1, NEVER);
        if lane.count() > 0 {
            let next = given.people[given.queues[lane.head as usize] as usize].depart;
            self.set(source, next.max(self.now));
        }
    }

    /// A place for somebody new on the road.
    pub(super) fn agent(&mut self, agent: Agent) -> u32 {
        match self.free.pop() {
            Some(n) => {
                self.agents[n as usize] = agent;
                n
            }
            None => {
                self.agents.push(agent);
                self.agents.len() as u32 - 1
            }
        }
    }
}
