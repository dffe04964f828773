//! Frames: everybody's position, moment by moment (SUMO's FCD).
//!
//! Who is there in one frame and not in the next has arrived, unless its journey is stated and says otherwise: then it was taken out and
//! comes back, or it is where the statement says. Links are measured between frames by the meter that measures runs.

use super::{nothing, Ground, ReplayOptions, ReplayReport, Writing};
use crate::RunError;
use crate::traffic::rows::link_rows;
use crate::traffic::{EdgeMeter, EdgeSums, STANDS_MPS};
use qike_core::hash::StateHasher;
use qike_core::{Diagnostic, Feedback, SimTime};
use qike_network::streets::{NONE, along, shape_length};
use qike_record::{NOWHERE, Recorder, TrackPoint, Trip, TripStatus};
use std::collections::BTreeSet;
use qike_scene::traffic::{Frame, Frames, Sighting, StatedTrip, Travellers};

/// One who is or was on the road.
#[derive(Clone, Copy, Debug)]
struct Going {
    kind: u32,
    first_ms: i64,
    /// When it was seen last, and the frame's number.
    last_ms: i64,
    frame: u64,
    origin: u32,
    lane: u32,
    pos_m: f64,
    at: [f64; 3],
    heading: f64,
    speed_mps: f64,
    length_m: f64,
    waiting_s: f64,
    loss_s: f64,
    gaps: u16,
}

/// Records frames.
///
/// # Errors
/// A disk that is full; a source without any frame; [`RunError::Cancelled`] where the user stopped it.
pub fn replay_frames(frames: &mut dyn Frames, ground: &Ground, travellers: &mut Travellers, options: &ReplayOptions, feedback: &Feedback) -> Result<ReplayReport, RunError> {
    let (mut now, mut next) = (Frame::default(), Frame::default());
    if !frames.next(&mut now, travellers) {
        return Err(if feedback.is_cancelled() { RunError::Cancelled(options.out.clone()) } else { nothing(options, "there is no moment in it at which anybody is anywhere") });
    }
    let mut more = frames.next(&mut next, travellers);
    let begin_ms = now.time_ms;
    let mut step_ms = if more { next.time_ms - begin_ms } else { 1000 };
    let period = step_ms;
    let every = options.track_interval_ms.unwrap_or(period);
    let mut replay = FrameReplay::new(ground, options, begin_ms, every)?;
    let mut taken = 0;
    loop {
        replay.frame(&now, step_ms, travellers)?;
        taken += 1;
        if !more || feedback.is_cancelled() {
            break;
        }
        step_ms = next.time_ms - now.time_ms;
        std::mem::swap(&mut now, &mut next);
        more = frames.next(&mut next, travellers);
    }
    if feedback.is_cancelled() {
        replay.writing.writer.checkpoint()?;
        return Err(RunError::Cancelled(options.out.clone()));
    }
    let (summary, findings) = replay.finish(now.time_ms.saturating_add(period), travellers)?;
    Ok(ReplayReport { out: options.out.clone(), summary, taken, findings })
}

struct FrameReplay<'g> {
    ground: &'g Ground,
    writing: Writing,
    meter: EdgeMeter,
    before: Vec<EdgeSums>,
    stretch: Vec<f64>,
    going: Vec<Option<Box<Going>>>,
    present: Vec<u32>,
    frame: u64,
    last_ms: i64,
    links_from: i64,
    link_ms: i64,
    tracks_at: i64,
    track_ms: i64,
    points: Vec<TrackPoint>,
    hash: StateHasher,
    off_road: u64,
    /// Those who are not seen now and are said to arrive later: when.
    due: BTreeSet<(i64, u32)>,
}

impl<'g> FrameReplay<'g> {
    fn new(ground: &'g Ground, options: &ReplayOptions, begin_ms: i64, track_ms: i64) -> Result<Self, RunError> {
        let streets = &ground.streets;
        Ok(Self {
            ground,
            writing: Writing::begin(ground, options, "replay-fcd", begin_ms, track_ms)?,
            meter: EdgeMeter::new(streets.clone()),
            before: vec![EdgeSums::default(); streets.edges.len()],
            stretch: streets.lanes.iter().zip(&streets.shapes).map(|(lane, shape)| if lane.length > 0.0 { shape_length(shape) / lane.length } else { 1.0 }).collect(),
            going: Vec::new(),
            present: Vec::new(),
            frame: 0,
            last_ms: begin_ms,
            links_from: begin_ms,
            link_ms: options.link_interval_ms.max(1),
            tracks_at: begin_ms,
            track_ms,
            points: Vec::new(),
            hash: StateHasher::new(),
            off_road: 0,
            due: BTreeSet::new(),
        })
    }

    /// Takes up a frame; `step_ms`: since the one before it, or to the one after the first.
    fn frame(&mut self, frame: &Frame, step_ms: i64, travellers: &Travellers) -> Result<(), RunError> {
        self.writing.demands(travellers);
        self.frame += 1;
        let dt_s = step_ms as f64 / 1000.0;
        let time = SimTime(frame.time_ms);
        self.points.clear();
        let before = std::mem::take(&mut self.present);
        for seen in &frame.seen {
            self.seen(seen, frame.time_ms, dt_s);
            self.present.push(seen.agent);
        }
        for agent in before {
            self.missing(agent, frame.time_ms, step_ms, travellers)?;
        }
        // Some are said to arrive while they were taken out.
        while let Some((due_ms, agent)) = self.due.first().copied().filter(|(ms, _)| *ms <= frame.time_ms) {
            self.due.remove(&(due_ms, agent));
            if let Some(going) = self.going.get(agent as usize).and_then(|g| g.as_deref().copied()).filter(|g| g.frame < self.frame) {
                self.arrive(agent, &going, travellers.trip(agent), frame.time_ms, dt_s)?;
            }
        }
        self.meter.end_step();
        if self.track_ms > 0 && frame.time_ms >= self.tracks_at {
            self.points.sort_unstable_by_key(|p| p.agent);
            self.writing.writer.tracks(time, &self.points)?;
            while self.tracks_at <= frame.time_ms {
                self.tracks_at += self.track_ms;
            }
        }
        self.last_ms = frame.time_ms;
        let now = frame.time_ms.saturating_add(step_ms);
        if now - self.links_from >= self.link_ms {
            self.links(now)?;
        }
        Ok(())
    }

    fn links(&mut self, until_ms: i64) -> Result<(), RunError> {
        self.writing.writer.hash(SimTime(until_ms), self.hash.finish())?;
        let queue_max = self.meter.take_queue_max();
        let rows = link_rows(self.meter.sums(), &queue_max, &mut self.before, until_ms - self.links_from);
        self.writing.writer.links(SimTime(self.links_from), SimTime(until_ms), &rows)?;
        self.links_from = until_ms;
        Ok(())
    }

    fn seen(&mut self, seen: &Sighting, time_ms: i64, dt_s: f64) {
        let ground = self.ground;
        let lanes = &ground.streets.lanes;
        let lane = seen.lane.filter(|lane| (*lane as usize) < lanes.len());
        let n = seen.agent as usize;
        if self.going.len() <= n {
            self.going.resize_with(n + 1, || None);
        }
        let old = self.going[n].take();
        let on_lane = lane.map(|lane| {
            let at = lane as usize;
            along(&ground.streets.shapes[at], seen.pos_m * self.stretch[at])
        });
        let at = seen.position.or(on_lane.map(|(p, _)| p)).unwrap_or_default();
        let moved = old.as_ref().map(|o| [at[0] - o.at[0], at[1] - o.at[1]]);
        let way = moved.map_or(0.0, |[x, y]| x.hypot(y));
        let since_s = old.as_ref().map_or(0.0, |o| (time_ms - o.last_ms) as f64 / 1000.0);
        let speed_mps = seen.speed_mps.unwrap_or(if since_s > 0.0 { way / since_s } else { 0.0 });
        // One who only stands keeps its heading.
        let towards = moved.filter(|_| way > 0.05).map(|[x, y]| y.atan2(x));
        let heading = seen.heading.or(on_lane.map(|(_, heading)| heading)).or(towards).or(old.as_ref().map(|o| o.heading)).unwrap_or(0.0);
        let edge = lane.map_or(NOWHERE, |lane| lanes[lane as usize].edge);
        let kind = self.writing.kind(seen.kind);
        self.points.push(TrackPoint { agent: seen.agent, kind, link: edge, position: [at[0] + ground.offset[0], at[1] + ground.offset[1], at[2]], heading: heading as f32, speed_mps: speed_mps as f32 });
        for bits in [u64::from(seen.agent), time_ms as u64, at[0].to_bits(), at[1].to_bits(), speed_mps.to_bits()] {
            self.hash.u64(bits);
        }
        if !seen.walker {
            match lane {
                Some(lane) => self.meter.moved(seen.agent, lane, seen.pos_m, speed_mps, || (5.0, f64::MAX, 1.0), dt_s),
                None => self.off_road += 1,
            }
        }
        let gap = old.as_ref().is_some_and(|o| o.frame + 1 < self.frame);
        let mut going = old.map_or_else(
            || Going { kind: seen.kind, first_ms: time_ms, last_ms: time_ms, frame: self.frame, origin: edge, lane: NONE, pos_m: 0.0, at, heading, speed_mps, length_m: 0.0, waiting_s: 0.0, loss_s: 0.0, gaps: 0 },
            |old| {
                let mut going = *old;
                going.gaps += u16::from(gap);
                going.length_m += if gap { 0.0 } else { way };
                going.waiting_s += if speed_mps < STANDS_MPS && !gap { since_s } else { 0.0 };
                going.loss_s += lane.map_or(0.0, |lane| since_s * (1.0 - speed_mps / lanes[lane as usize].speed.max(1e-3)).max(0.0));
                going
            },
        );
        (going.last_ms, going.frame, going.at, going.heading, going.speed_mps) = (time_ms, self.frame, at, heading, speed_mps);
        if let Some(lane) = lane {
            (going.lane, going.pos_m) = (lane, seen.pos_m);
            if going.origin == NOWHERE {
                going.origin = edge;
            }
        }
        self.going[n] = Some(Box::new(going));
    }

    /// One who was there in the frame before is not in this one.
    fn missing(&mut self, agent: u32, time_ms: i64, step_ms: i64, travellers: &Travellers) -> Result<(), RunError> {
        let Some(going) = self.going.get(agent as usize).and_then(|g| g.as_deref().copied()).filter(|g| g.frame < self.frame) else { return Ok(()) };
        let stated = travellers.trip(agent);
        // A step may be called by its begin or by its end.
        if travellers.trips_known && stated.is_none_or(|t| t.arrival_ms.is_none_or(|ms| ms > time_ms.saturating_add(step_ms))) {
            // It is said to arrive later, or not to: it may come back.
            self.due.extend(stated.and_then(|t| t.arrival_ms).map(|ms| (ms, agent)));
            return Ok(());
        }
        self.arrive(agent, &going, stated, time_ms, step_ms as f64 / 1000.0)
    }

    fn arrive(&mut self, agent: u32, going: &Going, stated: Option<&StatedTrip>, time_ms: i64, dt_s: f64) -> Result<(), RunError> {
        let lanes = &self.ground.streets.lanes;
        if going.lane != NONE {
            let (lane, pos, speed) = match stated.and_then(|t| Some((t.lanes[1]?, t.arrival_pos_m, t.arrival_speed_mps))) {
                Some(stated) => stated,
                // As far as its speed takes it on the lane where it was last.
                None => (going.lane, (going.pos_m + going.speed_mps * dt_s).min(lanes[going.lane as usize].length), going.speed_mps),
            };
            let lane = if (lane as usize) < lanes.len() { lane } else { going.lane };
            let same = lanes[lane as usize].edge == lanes[going.lane as usize].edge;
            self.meter.gone(agent, lane, if same { pos.max(going.pos_m) } else { pos }, speed, false, dt_s);
        }
        let trip = self.trip(agent, going, stated, TripStatus::Arrived, time_ms);
        self.writing.trip(&trip)?;
        if let Some(place) = self.going.get_mut(agent as usize) {
            *place = None;
        }
        Ok(())
    }

    fn trip(&self, agent: u32, going: &Going, stated: Option<&StatedTrip>, status: TripStatus, time_ms: i64) -> Trip {
        let lanes = &self.ground.streets.lanes;
        let edge = |lane: Option<u32>| lane.and_then(|lane| lanes.get(lane as usize)).map(|l| l.edge);
        let arrived = status == TripStatus::Arrived;
        let departed = stated.map_or(going.first_ms, |t| t.depart_ms);
        Trip {
            agent,
            kind: self.writing.kind(going.kind),
            demand: going.kind,
            trip: agent,
            status,
            origin: stated.and_then(|t| edge(t.lanes[0])).unwrap_or(going.origin),
            destination: stated.filter(|_| arrived).and_then(|t| edge(t.lanes[1])).or(edge(Some(going.lane))).unwrap_or(NOWHERE),
            planned: SimTime(departed - stated.map_or(0, |t| t.delay_ms)),
            departed: Some(SimTime(departed)),
            arrived: arrived.then(|| SimTime(stated.and_then(|t| t.arrival_ms).unwrap_or(time_ms))),
            route_length_m: stated.filter(|_| arrived).map_or(going.length_m, |t| t.length_m),
            time_loss_s: stated.filter(|_| arrived).map_or(going.loss_s, |t| t.loss_s),
            waiting_s: stated.filter(|_| arrived).map_or(going.waiting_s, |t| t.waiting_s),
            reroutes: stated.map_or(0, |t| t.reroutes),
            teleports: going.gaps,
        }
    }

    /// The source is at its end.
    fn finish(mut self, end_ms: i64, travellers: &Travellers) -> Result<(qike_record::Summary, Vec<Diagnostic>), RunError> {
        let all: Vec<(u32, Going)> = (0..).zip(&self.going).filter_map(|(n, g)| Some((n, **g.as_ref()?))).collect();
        for (agent, going) in all {
            let stated = travellers.trip(agent);
            let trip = self.trip(agent, &going, stated, TripStatus::Running, end_ms);
            self.writing.trip(&trip)?;
        }
        if end_ms > self.links_from {
            self.links(end_ms)?;
        }
        let mut findings = Vec::new();
        if self.off_road > 0 && !self.ground.streets.edges.is_empty() {
            let text = format!("{} positions of vehicles are on no lane of the network; they are in the tracks, and count on no link", self.off_road);
            findings.push(Diagnostic::warning("off-road", text));
        }
        let hash = self.hash.finish();
        Ok((self.writing.finish(end_ms, hash)?, findings))
    }
}
