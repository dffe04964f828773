//! Fixes: where somebody was now and then, with an error of some metres. They are sorted by traveller and time, matched onto the roads,
//! and become journeys, tracks and what happened on links; memory holds one traveller's fixes at a time.

use super::sorted::{Scratch, Sorter, value, word};
use super::{nothing, Ground, ReplayOptions, ReplayReport, Writing};
use crate::RunError;
use qike_core::{Diagnostic, Feedback, SimTime, StateHasher};
use qike_network::matching::{MatchOptions, Matched, Matcher, Roads};
use qike_record::{LinkInterval, NOWHERE, Recorder, TrackPoint, Trip, TripStatus};
use qike_scene::traffic::{Fixes, RoadUsers, Travellers};
use std::collections::BTreeMap;

/// Between two key frames where nothing is said, ms.
const TRACKS_MS: i64 = 5_000;
/// Below that one stands, m/s.
const STANDS_MPS: f64 = 0.5;
/// Fixes of one traveller that are matched together at most; more are cut into pieces.
const TOGETHER: usize = 500_000;

/// A piece of a way between two fixes: from and to in time (ms) and along the way (m).
type Stretch = (i64, f64, i64, f64);

/// Records fixes.
///
/// # Errors
/// A disk that is full; a source without any fix; [`RunError::Cancelled`] where the user stopped it.
pub fn replay_fixes(fixes: &mut dyn Fixes, ground: &Ground, travellers: &mut Travellers, matching: &MatchOptions, options: &ReplayOptions, feedback: &Feedback) -> Result<ReplayReport, RunError> {
    std::fs::create_dir_all(&options.out).map_err(RunError::io(&options.out))?;
    let scratch = Scratch::new(&options.out)?;
    let mut sorter = Sorter::<4>::new(&scratch, "fixes");
    let (mut taken, mut first_ms, mut last_ms) = (0, i64::MAX, i64::MIN);
    while let Some(fix) = fixes.next(travellers) {
        (first_ms, last_ms) = (first_ms.min(fix.time_ms), last_ms.max(fix.time_ms));
        sorter.push([u64::from(fix.agent), word(fix.time_ms), fix.position[0].to_bits(), fix.position[1].to_bits()])?;
        taken += 1;
    }
    if feedback.is_cancelled() {
        return Err(RunError::Cancelled(options.out.clone()));
    }
    if taken == 0 {
        return Err(nothing(options, "there is no fix in it that can be used"));
    }
    let link_ms = options.link_interval_ms.max(1);
    let begin_ms = first_ms.div_euclid(link_ms) * link_ms;
    let track_ms = options.track_interval_ms.unwrap_or(TRACKS_MS);
    travellers.kind("vehicle", Some(RoadUsers::PASSENGER));
    let mut writing = Writing::begin(ground, options, "replay-fixes", begin_ms, track_ms)?;
    writing.demands(travellers);
    let kind = travellers.kind("vehicle", None);
    let roads = Roads::of_streets(&ground.streets, RoadUsers::PASSENGER.union(RoadUsers::BUS).union(RoadUsers::TRUCK));
    let mut laying = Laying {
        ground,
        roads: &roads,
        writing,
        kind,
        link_ms,
        track_ms,
        links: BTreeMap::new(),
        tracks: Sorter::new(&scratch, "tracks"),
        hash: StateHasher::new(),
    };
    let mut matcher = Matcher::new(&roads, *matching);
    let task = feedback.task("match", taken);
    let mut sorted = sorter.sorted()?;
    let (mut agent, mut trace) = (None, Vec::new());
    loop {
        let record = sorted.next()?;
        let next = record.map(|r| r[0] as u32);
        if next != agent || trace.len() >= TOGETHER {
            if let Some(agent) = agent.filter(|_| !trace.is_empty()) {
                feedback.check().map_err(|_| RunError::Cancelled(options.out.clone()))?;
                let pieces = if roads.is_empty() { Vec::new() } else { matcher.trace(&trace) };
                if roads.is_empty() {
                    laying.plain(agent, &trace, matching.gap_ms)?;
                }
                for piece in pieces {
                    laying.piece(agent, &trace, &piece)?;
                }
                task.advance(trace.len() as u64);
            }
            trace.clear();
            agent = next;
        }
        let Some(record) = record else { break };
        let fix = (value(record[1]), [f64::from_bits(record[2]), f64::from_bits(record[3])]);
        // Two at one moment: the first counts.
        if trace.last().is_none_or(|last: &(i64, [f64; 2])| last.0 < fix.0) {
            trace.push(fix);
        }
    }
    let counts = matcher.counts;
    let summary = laying.finish(last_ms.saturating_add(1000))?;
    let mut findings = Vec::new();
    if !roads.is_empty() {
        let text = format!("{} fixes: {} left out as outliers, {} with no road near, {} gaps", counts.fixes, counts.outliers, counts.off_road, counts.breaks);
        findings.push(Diagnostic::info("matching", text));
        if counts.off_road * 2 > counts.fixes {
            findings.push(Diagnostic::warning("off-road", "most fixes have no road near").help("the network may be another one's, or the coordinates in another system: name it with --source-crs; --sigma widens the search"));
        }
    }
    Ok(ReplayReport { out: options.out.clone(), summary, taken, findings })
}

struct Laying<'a> {
    ground: &'a Ground,
    roads: &'a Roads,
    writing: Writing,
    kind: u32,
    link_ms: i64,
    track_ms: i64,
    /// By interval and link.
    links: BTreeMap<(i64, u32), LinkInterval>,
    tracks: Sorter<'a, 5>,
    hash: StateHasher,
}

impl Laying<'_> {
    /// A matched piece of a trace.
    fn piece(&mut self, agent: u32, trace: &[(i64, [f64; 2])], piece: &Matched) -> Result<(), RunError> {
        let at = |p: &(u32, f64)| trace.get(p.0 as usize).map(|f| (f.0, p.1));
        let points: Vec<(i64, f64)> = piece.points.iter().filter_map(at).collect();
        let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else { return Ok(()) };
        let (Some(origin), Some(destination)) = (piece.roads.first().copied(), piece.roads.last().copied()) else { return Ok(()) };
        if points.len() < 2 {
            return Ok(());
        }
        let mut road = 0;
        let (mut waiting, mut free) = (0.0, 0.0);
        self.cell(first.0, origin).entered += 1;
        for w in points.windows(2) {
            let (a, b) = (w[0], w[1]);
            let speed = (b.1 - a.1) / ((b.0 - a.0) as f64 / 1000.0).max(1e-3);
            if speed < STANDS_MPS {
                waiting += (b.0 - a.0) as f64 / 1000.0;
            }
            // The way between two fixes, road by road, at an even speed.
            let mut from = a;
            while road + 1 < piece.roads.len() && piece.starts[road + 1] <= b.1 {
                let over = piece.starts[road + 1];
                let share = if b.1 > a.1 { ((over - a.1) / (b.1 - a.1)).clamp(0.0, 1.0) } else { 0.0 };
                let then = a.0 + ((b.0 - a.0) as f64 * share) as i64;
                self.spend(piece.roads[road], (from.0, from.1, then, over));
                self.cell(then, piece.roads[road]).left += 1;
                free += self.free_s(piece.roads[road], over - from.1.max(piece.starts[road]));
                road += 1;
                self.cell(then, piece.roads[road]).entered += 1;
                from = (then, over);
            }
            self.spend(piece.roads[road], (from.0, from.1, b.0, b.1));
            free += self.free_s(piece.roads[road], b.1 - from.1);
            self.frames(agent, piece, (a.0, a.1, b.0, b.1))?;
        }
        self.cell(last.0, destination).left += 1;
        for bits in [u64::from(agent), first.0 as u64, last.0 as u64, u64::from(origin), u64::from(destination), last.1.to_bits()] {
            self.hash.u64(bits);
        }
        let duration = (last.0 - first.0) as f64 / 1000.0;
        self.trip(agent, [origin, destination], [first.0, last.0], last.1 - first.1, (duration - free).max(0.0), waiting)
    }

    fn free_s(&self, road: u32, metres: f64) -> f64 {
        let edge = &self.ground.streets.edges[road as usize];
        let speed = self.ground.streets.lanes[edge.lanes.0 as usize].speed;
        metres.max(0.0) / speed.max(0.1)
    }

    fn trip(&mut self, agent: u32, ends: [u32; 2], times: [i64; 2], length_m: f64, loss_s: f64, waiting_s: f64) -> Result<(), RunError> {
        let trip = Trip {
            agent,
            kind: self.writing.kind(self.kind),
            demand: self.kind,
            trip: agent,
            status: TripStatus::Arrived,
            origin: ends[0],
            destination: ends[1],
            planned: SimTime(times[0]),
            departed: Some(SimTime(times[0])),
            arrived: Some(SimTime(times[1])),
            route_length_m: length_m,
            time_loss_s: loss_s,
            waiting_s,
            reroutes: 0,
            teleports: 0,
        };
        self.writing.trip(&trip)
    }

    fn cell(&mut self, at_ms: i64, link: u32) -> &mut LinkInterval {
        let from = at_ms.div_euclid(self.link_ms) * self.link_ms;
        self.links.entry((from, link)).or_insert(LinkInterval { link, ..LinkInterval::default() })
    }

    /// Time and way on a link, over the intervals that it lies in.
    fn spend(&mut self, link: u32, (from_ms, from_m, until_ms, until_m): Stretch) {
        let whole = (until_ms - from_ms) as f64;
        let stands = whole > 0.0 && (until_m - from_m) / (whole / 1000.0) < STANDS_MPS;
        let mut at = from_ms;
        while at < until_ms {
            let end = ((at.div_euclid(self.link_ms) + 1) * self.link_ms).min(until_ms);
            let seconds = (end - at) as f64 / 1000.0;
            let metres = (until_m - from_m) * (end - at) as f64 / whole;
            let cell = self.cell(at, link);
            cell.time_spent_s += seconds;
            cell.distance_m += metres.max(0.0);
            if stands {
                cell.waiting_s += seconds;
            }
            at = end;
        }
    }

    /// Key frames between two fixes.
    fn frames(&mut self, agent: u32, piece: &Matched, (from_ms, from_m, until_ms, until_m): Stretch) -> Result<(), RunError> {
        if self.track_ms <= 0 {
            return Ok(());
        }
        let speed = (until_m - from_m) / ((until_ms - from_ms) as f64 / 1000.0).max(1e-3);
        let mut at = from_ms.div_euclid(self.track_ms) * self.track_ms;
        at += if at < from_ms { self.track_ms } else { 0 };
        while at < until_ms {
            let metres = from_m + (until_m - from_m) * (at - from_ms) as f64 / (until_ms - from_ms) as f64;
            let n = piece.starts.partition_point(|s| *s <= metres).saturating_sub(1);
            let road = piece.roads[n];
            let (p, heading) = self.roads.at(road, metres - piece.starts[n]);
            self.frame(at, agent, road, p, heading, speed)?;
            at += self.track_ms;
        }
        Ok(())
    }

    fn frame(&mut self, at_ms: i64, agent: u32, link: u32, p: [f64; 2], heading: f64, speed: f64) -> Result<(), RunError> {
        let direction = u64::from((heading as f32).to_bits()) << 32 | u64::from((speed as f32).to_bits());
        self.tracks.push([word(at_ms), u64::from(agent) << 32 | u64::from(link), p[0].to_bits(), p[1].to_bits(), direction])
    }

    /// A trace without roads: straight from fix to fix.
    fn plain(&mut self, agent: u32, trace: &[(i64, [f64; 2])], gap_ms: i64) -> Result<(), RunError> {
        for part in trace.chunk_by(|a, b| b.0 - a.0 <= gap_ms) {
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            let mut length = 0.0;
            for w in part.windows(2) {
                let ((t0, a), (t1, b)) = (w[0], w[1]);
                let (way, seconds) = ((b[0] - a[0]).hypot(b[1] - a[1]), (t1 - t0) as f64 / 1000.0);
                length += way;
                let mut at = t0.div_euclid(self.track_ms.max(1)) * self.track_ms;
                at += if at < t0 { self.track_ms } else { 0 };
                while self.track_ms > 0 && at < t1 {
                    let t = (at - t0) as f64 / (t1 - t0) as f64;
                    self.frame(at, agent, NOWHERE, [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t], (b[1] - a[1]).atan2(b[0] - a[0]), way / seconds)?;
                    at += self.track_ms;
                }
            }
            self.trip(agent, [NOWHERE; 2], [first.0, last.0], length, 0.0, 0.0)?;
        }
        Ok(())
    }

    fn finish(mut self, end_ms: i64) -> Result<qike_record::Summary, RunError> {
        let offset = self.ground.offset;
        let mut tracks = self.tracks.sorted()?;
        let kind = self.writing.kind(self.kind);
        let mut points: Vec<TrackPoint> = Vec::new();
        let mut now = None;
        loop {
            let record = tracks.next()?;
            let time = record.map(|r| value(r[0]));
            if time != now {
                if let Some(at) = now {
                    points.dedup_by_key(|p| p.agent);
                    self.writing.writer.tracks(SimTime(at), &points)?;
                    points.clear();
                }
                now = time;
            }
            let Some([_, who, x, y, direction]) = record else { break };
            points.push(TrackPoint {
                agent: (who >> 32) as u32,
                kind,
                link: who as u32,
                position: [f64::from_bits(x) + offset[0], f64::from_bits(y) + offset[1], 0.0],
                heading: f32::from_bits((direction >> 32) as u32),
                speed_mps: f32::from_bits(direction as u32),
            });
        }
        let mut rows: Vec<LinkInterval> = Vec::new();
        let mut from = None;
        let seconds = self.link_ms as f64 / 1000.0;
        for ((begin, _), row) in &self.links {
            if from.is_some_and(|f| f != *begin) {
                let at = from.unwrap_or_default();
                self.writing.writer.links(SimTime(at), SimTime(at + self.link_ms), &rows)?;
                rows.clear();
            }
            from = Some(*begin);
            rows.push(LinkInterval { queue_mean: row.waiting_s / seconds, ..*row });
        }
        if let Some(at) = from {
            self.writing.writer.links(SimTime(at), SimTime(at + self.link_ms), &rows)?;
        }
        let hash = self.hash.finish();
        self.writing.finish(end_ms, hash)
    }
}
