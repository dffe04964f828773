//! Deeds: who came onto which link when, and left it (events of MATSim).
//!
//! Between coming and leaving nothing is said of where one is. As in the queue model that makes such events, everybody drives freely to
//! the end of the link, or of those who stand there, and waits for its turn; metres, seconds at a stand and tracks follow from that.

use super::{nothing, Ground, ReplayOptions, ReplayReport, Writing};
use crate::RunError;
use qike_core::{Diagnostic, Feedback, SimTime, StateHasher};
use qike_network::streets::{along, shape_length};
use qike_record::{AgentKind, Event, LinkInterval, NOWHERE, Recorder, TrackPoint, Trip, TripStatus};
use qike_scene::traffic::{Act, Deed, Deeds, Travellers};
use std::collections::VecDeque;

/// Between two key frames where nothing is said, ms.
const TRACKS_MS: i64 = 10_000;
/// Length of road that one who waits takes up, m.
const WAITS_M: f64 = 7.5;

/// One in traffic.
#[derive(Clone, Copy, Debug)]
struct Driver {
    kind: u32,
    edge: u32,
    /// Came onto the link, ms; so many metres from its start.
    since_ms: i64,
    from_m: f64,
    /// Sums of links know of it until then, ms.
    counted_ms: i64,
    /// Place in the list of those in traffic.
    slot: usize,
    planned_ms: i64,
    depart_ms: i64,
    origin: u32,
    length_m: f64,
    waiting_s: f64,
}

/// A link.
#[derive(Clone, Debug, Default)]
struct Road {
    length_m: f64,
    speed_mps: f64,
    lanes: f64,
    /// Metres of shape for a metre of link.
    stretch: f64,
    /// Those on it, in the order in which they came.
    on: VecDeque<u32>,
    sums: LinkInterval,
    touched: bool,
}

/// Records deeds.
///
/// # Errors
/// A disk that is full; a source without any deed; [`RunError::Cancelled`] where the user stopped it.
pub fn replay_deeds(deeds: &mut dyn Deeds, ground: &Ground, travellers: &mut Travellers, options: &ReplayOptions, feedback: &Feedback) -> Result<ReplayReport, RunError> {
    let Some(first) = deeds.next(travellers) else {
        return Err(if feedback.is_cancelled() { RunError::Cancelled(options.out.clone()) } else { nothing(options, "nobody does anything in it") });
    };
    let link_ms = options.link_interval_ms.max(1);
    let begin_ms = first.time_ms.div_euclid(link_ms) * link_ms;
    let track_ms = options.track_interval_ms.unwrap_or(TRACKS_MS);
    let mut replay = DeedReplay::new(ground, options, begin_ms, track_ms)?;
    let mut next = Some(first);
    let (mut taken, mut last_ms) = (0, begin_ms);
    while let Some(deed) = next {
        replay.until(deed.time_ms)?;
        replay.writing.demands(travellers);
        replay.take(&deed)?;
        last_ms = deed.time_ms;
        taken += 1;
        next = deeds.next(travellers);
    }
    if feedback.is_cancelled() {
        replay.writing.writer.checkpoint()?;
        return Err(RunError::Cancelled(options.out.clone()));
    }
    let (summary, findings) = replay.finish(last_ms.saturating_add(1000))?;
    Ok(ReplayReport { out: options.out.clone(), summary, taken, findings })
}

struct DeedReplay<'g> {
    ground: &'g Ground,
    writing: Writing,
    drivers: Vec<Option<Box<Driver>>>,
    on_road: Vec<u32>,
    roads: Vec<Road>,
    touched: Vec<u32>,
    links_from: i64,
    link_ms: i64,
    tracks_at: i64,
    track_ms: i64,
    hash: StateHasher,
    odd: u64,
}

impl<'g> DeedReplay<'g> {
    fn new(ground: &'g Ground, options: &ReplayOptions, begin_ms: i64, track_ms: i64) -> Result<Self, RunError> {
        let streets = &ground.streets;
        let road = |edge: &qike_network::streets::StreetEdge| {
            let lane = &streets.lanes[edge.lanes.0 as usize];
            let stretch = if lane.length > 0.0 { shape_length(&streets.shapes[edge.lanes.0 as usize]) / lane.length } else { 1.0 };
            Road { length_m: edge.length, speed_mps: lane.speed.max(0.1), lanes: f64::from(edge.lanes.1), stretch, ..Road::default() }
        };
        Ok(Self {
            ground,
            writing: Writing::begin(ground, options, "replay-events", begin_ms, track_ms)?,
            drivers: Vec::new(),
            on_road: Vec::new(),
            roads: streets.edges.iter().map(road).collect(),
            touched: Vec::new(),
            links_from: begin_ms,
            link_ms: options.link_interval_ms.max(1),
            tracks_at: begin_ms,
            track_ms,
            hash: StateHasher::new(),
            odd: 0,
        })
    }

    /// Writes what is due before a moment.
    fn until(&mut self, now_ms: i64) -> Result<(), RunError> {
        loop {
            let links_due = self.links_from.saturating_add(self.link_ms);
            let tracks_due = if self.track_ms > 0 { self.tracks_at } else { i64::MAX };
            // A key frame shows what all deeds of its moment have done.
            if tracks_due < now_ms && tracks_due < links_due {
                self.tracks(tracks_due)?;
                // Nothing moves where nobody is: those frames are left out.
                self.tracks_at = if self.on_road.is_empty() { now_ms.div_euclid(self.track_ms) * self.track_ms } else { tracks_due + self.track_ms }.max(tracks_due + self.track_ms);
            } else if links_due <= now_ms {
                self.links(links_due)?;
                if self.on_road.is_empty() && self.touched.is_empty() {
                    self.links_from = self.links_from.max(now_ms.div_euclid(self.link_ms) * self.link_ms);
                }
            } else {
                return Ok(());
            }
        }
    }

    /// Metres from the start of its link of one who is alone there.
    fn free_m(road: &Road, driver: &Driver, at_ms: i64) -> f64 {
        (driver.from_m + road.speed_mps * (at_ms - driver.since_ms).max(0) as f64 / 1000.0).min(road.length_m)
    }

    /// When one who is alone is at the end of its link, ms.
    fn there_ms(road: &Road, driver: &Driver) -> i64 {
        driver.since_ms.saturating_add(((road.length_m - driver.from_m) / road.speed_mps * 1000.0).min(1e12) as i64)
    }

    /// Adds to a link's sums what one did on it since they were last added to.
    fn account(road: &mut Road, driver: &mut Driver, now_ms: i64, leaves: bool) {
        let since = driver.counted_ms;
        let there = Self::there_ms(road, driver);
        let before = Self::free_m(road, driver, since);
        let after = if leaves { road.length_m } else { Self::free_m(road, driver, now_ms) };
        let seconds = (now_ms - since).max(0) as f64 / 1000.0;
        let waits = (now_ms - there.max(since)).max(0) as f64 / 1000.0;
        road.sums.time_spent_s += seconds;
        road.sums.distance_m += (after - before).max(0.0);
        road.sums.waiting_s += waits;
        driver.length_m += (after - before).max(0.0);
        driver.waiting_s += waits;
        driver.counted_ms = now_ms;
    }

    fn touch(&mut self, edge: u32) {
        let road = &mut self.roads[edge as usize];
        if !std::mem::replace(&mut road.touched, true) {
            self.touched.push(edge);
        }
    }

    fn queue(&mut self, edge: u32, now_ms: i64) {
        let Self { roads, drivers, .. } = self;
        let road = &mut roads[edge as usize];
        let waits = |agent: &u32| drivers.get(*agent as usize).and_then(|d| d.as_deref()).is_some_and(|d| Self::there_ms(road, d) < now_ms);
        let count = road.on.iter().take_while(|agent| waits(agent)).count() as u32;
        road.sums.queue_max = road.sums.queue_max.max(count);
    }

    fn take(&mut self, deed: &Deed) -> Result<(), RunError> {
        for bits in [deed.time_ms as u64, u64::from(deed.agent), deed.act as u64, deed.edge.map_or(u64::MAX, u64::from)] {
            self.hash.u64(bits);
        }
        let n = deed.agent as usize;
        if self.drivers.len() <= n {
            self.drivers.resize_with(n + 1, || None);
        }
        let edge = deed.edge.filter(|e| (*e as usize) < self.roads.len());
        match deed.act {
            Act::Depart | Act::Enter => {
                let Some(edge) = edge else { return Ok(()) };
                let old = self.leave(deed.agent, deed.time_ms, None)?;
                let from_m = if deed.act == Act::Depart { self.roads[edge as usize].length_m } else { 0.0 };
                let fresh = Driver {
                    kind: deed.kind,
                    edge,
                    since_ms: deed.time_ms,
                    from_m,
                    counted_ms: deed.time_ms,
                    slot: 0,
                    planned_ms: deed.since.map_or(deed.time_ms, |(ms, _)| ms),
                    depart_ms: deed.time_ms,
                    origin: edge,
                    length_m: 0.0,
                    waiting_s: 0.0,
                };
                let mut driver = match old {
                    Some(mut driver) if deed.act == Act::Enter => {
                        (driver.edge, driver.since_ms, driver.from_m, driver.counted_ms) = (edge, deed.time_ms, from_m, deed.time_ms);
                        driver
                    }
                    Some(driver) => {
                        // It comes into traffic anew without having left it.
                        self.odd += 1;
                        self.record(deed.agent, &driver, TripStatus::Arrived, deed.time_ms, driver.edge, 0)?;
                        fresh
                    }
                    None => fresh,
                };
                driver.slot = self.on_road.len();
                self.on_road.push(deed.agent);
                self.drivers[n] = Some(Box::new(driver));
                let road = &mut self.roads[edge as usize];
                road.on.push_back(deed.agent);
                road.sums.entered += 1;
                self.touch(edge);
            }
            Act::Leave => {
                // It stays in the books without a link until it comes onto the next.
                if let Some(driver) = self.leave(deed.agent, deed.time_ms, edge)? {
                    self.drivers[n] = Some(Box::new(Driver { slot: usize::MAX, ..driver }));
                }
            }
            Act::Arrive | Act::Stuck => {
                if let Some(driver) = self.leave(deed.agent, deed.time_ms, edge)? {
                    let stuck = deed.act == Act::Stuck;
                    let (status, at) = (if stuck { TripStatus::Running } else { TripStatus::Arrived }, edge.unwrap_or(driver.edge));
                    self.record(deed.agent, &driver, status, deed.time_ms, at, 0)?;
                    if stuck {
                        let event = Event { time: SimTime(deed.time_ms), kind: "stuck".into(), agent: Some(deed.agent), link: at, value: f64::NAN, text: "gave up".into() };
                        self.writing.writer.event(&event)?;
                    }
                }
            }
            Act::GetThere => {
                let kind = match self.writing.kind(deed.kind) {
                    AgentKind::Bicycle => AgentKind::Bicycle,
                    _ => AgentKind::Walker,
                };
                let (since_ms, from) = deed.since.unwrap_or((deed.time_ms, None));
                let trip = Trip {
                    agent: deed.agent,
                    kind,
                    demand: deed.kind,
                    trip: deed.agent,
                    status: TripStatus::Arrived,
                    origin: from.unwrap_or(NOWHERE),
                    destination: edge.unwrap_or(NOWHERE),
                    planned: SimTime(since_ms),
                    departed: Some(SimTime(since_ms)),
                    arrived: Some(SimTime(deed.time_ms)),
                    route_length_m: 0.0,
                    time_loss_s: 0.0,
                    waiting_s: 0.0,
                    reroutes: 0,
                    teleports: 0,
                };
                self.writing.trip(&trip)?;
            }
        }
        Ok(())
    }

    /// Takes one off its link, where it is on one.
    fn leave(&mut self, agent: u32, now_ms: i64, stated: Option<u32>) -> Result<Option<Driver>, RunError> {
        let Some(mut driver) = self.drivers.get_mut(agent as usize).and_then(Option::take).map(|d| *d) else { return Ok(None) };
        if driver.slot == usize::MAX {
            return Ok(Some(driver));
        }
        if stated.is_some_and(|edge| edge != driver.edge) {
            self.odd += 1;
        }
        let edge = driver.edge;
        self.drivers[agent as usize] = Some(Box::new(driver));
        self.queue(edge, now_ms);
        let road = &mut self.roads[edge as usize];
        Self::account(road, &mut driver, now_ms, true);
        road.sums.left += 1;
        if let Some(at) = road.on.iter().position(|a| *a == agent) {
            road.on.remove(at);
        }
        self.touch(edge);
        self.drivers[agent as usize] = None;
        self.on_road.swap_remove(driver.slot);
        if let Some(moved) = self.on_road.get(driver.slot).copied()
            && let Some(other) = self.drivers[moved as usize].as_deref_mut()
        {
            other.slot = driver.slot;
        }
        Ok(Some(driver))
    }

    fn record(&mut self, agent: u32, driver: &Driver, status: TripStatus, now_ms: i64, destination: u32, teleports: u16) -> Result<(), RunError> {
        let trip = Trip {
            agent,
            kind: self.writing.kind(driver.kind),
            demand: driver.kind,
            trip: agent,
            status,
            origin: driver.origin,
            destination,
            planned: SimTime(driver.planned_ms),
            departed: Some(SimTime(driver.depart_ms)),
            arrived: (status == TripStatus::Arrived).then_some(SimTime(now_ms)),
            route_length_m: driver.length_m,
            time_loss_s: driver.waiting_s,
            waiting_s: driver.waiting_s,
            reroutes: 0,
            teleports,
        };
        self.writing.trip(&trip)
    }

    fn links(&mut self, until_ms: i64) -> Result<(), RunError> {
        for agent in self.on_road.clone() {
            if let Some(driver) = self.drivers[agent as usize].as_deref_mut() {
                let edge = driver.edge;
                Self::account(&mut self.roads[edge as usize], driver, until_ms, false);
                self.touch(edge);
            }
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        let seconds = ((until_ms - self.links_from) as f64 / 1000.0).max(1e-3);
        let mut rows = Vec::with_capacity(touched.len());
        for edge in touched {
            self.queue(edge, until_ms);
            let road = &mut self.roads[edge as usize];
            road.touched = false;
            let sums = std::mem::take(&mut road.sums);
            rows.push(LinkInterval { link: edge, queue_mean: sums.waiting_s / seconds, ..sums });
        }
        self.writing.writer.hash(SimTime(until_ms), self.hash.finish())?;
        self.writing.writer.links(SimTime(self.links_from), SimTime(until_ms), &rows)?;
        self.links_from = until_ms;
        Ok(())
    }

    fn tracks(&mut self, at_ms: i64) -> Result<(), RunError> {
        let ground = self.ground;
        let streets = &ground.streets;
        let mut edges: Vec<u32> = self.on_road.iter().filter_map(|a| Some(self.drivers[*a as usize].as_deref()?.edge)).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut points = Vec::with_capacity(self.on_road.len());
        for edge in edges {
            let road = &self.roads[edge as usize];
            let (first, lanes) = streets.edges[edge as usize].lanes;
            for (place, agent) in road.on.iter().enumerate() {
                let Some(driver) = self.drivers[*agent as usize].as_deref() else { continue };
                let behind = (place as f64 / road.lanes.max(1.0)).floor() * WAITS_M;
                let free = Self::free_m(road, driver, at_ms);
                let at = free.min((road.length_m - behind).max(0.0));
                let lane = (first + place as u32 % lanes.max(1)) as usize;
                let (p, heading) = along(&streets.shapes[lane], at * road.stretch);
                let moves = free <= at && Self::there_ms(road, driver) > at_ms;
                points.push(TrackPoint {
                    agent: *agent,
                    kind: self.writing.kind(driver.kind),
                    link: edge,
                    position: [p[0] + ground.offset[0], p[1] + ground.offset[1], p[2]],
                    heading: heading as f32,
                    speed_mps: if moves { road.speed_mps as f32 } else { 0.0 },
                });
            }
        }
        points.sort_unstable_by_key(|p| p.agent);
        self.writing.writer.tracks(SimTime(at_ms), &points)?;
        Ok(())
    }

    /// The source is at its end.
    fn finish(mut self, end_ms: i64) -> Result<(qike_record::Summary, Vec<Diagnostic>), RunError> {
        self.until(end_ms)?;
        if end_ms > self.links_from {
            self.links(end_ms)?;
        }
        let left: Vec<(u32, Driver)> = (0..).zip(&self.drivers).filter_map(|(n, d)| Some((n, **d.as_ref()?))).collect();
        for (agent, driver) in left {
            self.record(agent, &driver, TripStatus::Running, end_ms, driver.edge, 0)?;
        }
        let mut findings = Vec::new();
        if self.odd > 0 {
            findings.push(Diagnostic::warning("odd-events", format!("{} times one left another link than it was on, or came into traffic while it was there", self.odd)).help("events may be missing, or out of order"));
        }
        let hash = self.hash.finish();
        Ok((self.writing.finish(end_ms, hash)?, findings))
    }
}
