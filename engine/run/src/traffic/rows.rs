//! From the model to the recording's rows.

use super::{EdgeSums, OnRoad, Reading, Readings, Stayed, TripRow};
use qike_core::{Crs, SimTime};
use qike_network::streets::{Streets, along, shape_length};
use qike_record::{AgentKind, DetectorInterval, DetectorKind, Event, LinkInterval, NOWHERE, RecordError, RunWriter, TrackPoint, Trip, TripStatus};
use qike_scene::traffic::{Figures, RoadUsers, TrafficScenario};
use std::sync::Arc;

/// The CRS of tracks as a recording states it, and what is to be added to the map's coordinates to get there. A map that states
/// none, or one that is not known, keeps its own coordinates.
pub(crate) fn crs(scenario: &TrafficScenario) -> (String, [f64; 2]) {
    match &scenario.map.location {
        Some((text, offset)) => Crs::parse(text.trim()).map_or((String::new(), [0.0; 2]), |crs| (crs.definition().to_owned(), *offset)),
        None => (String::new(), [0.0; 2]),
    }
}

/// What a kind of vehicle is called in recordings.
pub(crate) fn agent_kind(user: RoadUsers) -> AgentKind {
    let is = |name: &str| RoadUsers::kind(name).is_some_and(|kind| kind == user);
    if is("truck") || is("trailer") || is("delivery") {
        AgentKind::Truck
    } else if is("bus") || is("coach") {
        AgentKind::Bus
    } else if is("bicycle") || is("scooter") {
        AgentKind::Bicycle
    } else if ["tram", "rail_urban", "rail", "rail_electric", "rail_fast", "subway"].iter().any(|name| is(name)) {
        AgentKind::Train
    } else {
        AgentKind::Car
    }
}

/// Records what detectors measured.
pub(super) fn record(writer: &mut RunWriter, found: &Readings) -> Result<(), RecordError> {
    found.intervals.iter().try_for_each(|r| writer.detector(SimTime(r.begin_ms), SimTime(r.end_ms), Rows::detector(r)))
}

/// What happened on edges since `before`, which becomes now; those without anybody are left out.
pub(crate) fn link_rows(sums: &[EdgeSums], queue_max: &[u32], before: &mut [EdgeSums], ms: i64) -> Vec<LinkInterval> {
    let seconds = (ms as f64 / 1000.0).max(1e-3);
    let mut rows = Vec::new();
    for (n, (sums, before)) in sums.iter().zip(before).enumerate() {
        let d = sums.since(before);
        *before = *sums;
        if d == EdgeSums::default() {
            continue;
        }
        rows.push(LinkInterval {
            link: n as u32,
            entered: (d.entered + d.departed) as u32,
            left: (d.left + d.arrived) as u32,
            time_spent_s: d.front_s,
            distance_m: d.front_m,
            waiting_s: d.front_waiting_s,
            queue_mean: d.front_waiting_s / seconds,
            queue_max: queue_max.get(n).copied().unwrap_or_default(),
        });
    }
    rows
}

/// Makes rows.
pub(super) struct Rows {
    streets: Arc<Streets>,
    kinds: Vec<AgentKind>,
    offset: [f64; 2],
    /// Metres of shape for a metre of lane.
    stretch: Vec<f64>,
    /// Speed limits of lanes, m/s.
    pub(super) limits: Vec<f64>,
    /// Sums as of the last link interval.
    pub(super) before: Vec<EdgeSums>,
    points: Vec<TrackPoint>,
}

impl Rows {
    pub(super) fn new(scenario: &TrafficScenario, streets: Arc<Streets>) -> Self {
        let stretch = streets.lanes.iter().zip(&streets.shapes).map(|(lane, shape)| if lane.length > 0.0 { shape_length(shape) / lane.length } else { 1.0 }).collect();
        Self {
            kinds: scenario.demand.kinds.iter().map(|k| agent_kind(k.user)).collect(),
            offset: crs(scenario).1,
            stretch,
            limits: streets.lanes.iter().map(|l| l.speed).collect(),
            before: vec![EdgeSums::default(); streets.edges.len()],
            points: Vec::new(),
            streets,
        }
    }

    fn kind(&self, kind: u32) -> AgentKind {
        self.kinds.get(kind as usize).copied().unwrap_or(AgentKind::Car)
    }

    fn edge(&self, lane: u32) -> u32 {
        self.streets.lanes.get(lane as usize).map_or(NOWHERE, |l| l.edge)
    }

    /// Where everybody is, sorted by number.
    pub(super) fn tracks(&mut self, everybody: &[OnRoad]) -> &[TrackPoint] {
        let mut points = std::mem::take(&mut self.points);
        points.clear();
        points.extend(everybody.iter().map(|on| {
            let lane = on.way.lane as usize;
            let (at, heading) = along(&self.streets.shapes[lane], on.way.position_m * self.stretch[lane]);
            TrackPoint {
                agent: on.way.vehicle,
                kind: self.kind(on.kind),
                link: self.streets.lanes[lane].edge,
                position: [at[0] + self.offset[0], at[1] + self.offset[1], at[2]],
                heading: heading as f32,
                speed_mps: on.way.speed_mps as f32,
            }
        }));
        points.sort_unstable_by_key(|p| p.agent);
        self.points = points;
        &self.points
    }

    /// What happened on edges since the last call; those without anybody are left out.
    pub(super) fn links(&mut self, sums: &[EdgeSums], queue_max: &[u32], ms: i64) -> Vec<LinkInterval> {
        link_rows(sums, queue_max, &mut self.before, ms)
    }

    /// A trip; `destination`: of one that the end cuts off.
    pub(super) fn trip(&self, row: &TripRow, destination: Option<u32>) -> Trip {
        Trip {
            agent: row.vehicle,
            kind: self.kind(row.kind),
            demand: row.kind,
            trip: row.vehicle,
            status: if row.arrival_ms.is_some() { TripStatus::Arrived } else { TripStatus::Running },
            origin: self.edge(row.depart_lane),
            destination: destination.unwrap_or_else(|| self.edge(row.arrival_lane)),
            planned: SimTime(row.depart_ms - row.depart_delay_ms),
            departed: Some(SimTime(row.depart_ms)),
            arrived: row.arrival_ms.map(SimTime),
            route_length_m: row.length_m,
            time_loss_s: row.loss_s,
            waiting_s: row.waiting_ms as f64 / 1000.0,
            reroutes: row.reroutes.min(u32::from(u16::MAX)) as u16,
            teleports: row.teleports.min(u32::from(u16::MAX)) as u16,
        }
    }

    /// The trip of one who never departed.
    pub(super) fn stayed(&self, stayed: &Stayed) -> Trip {
        let (origin, destination) = stayed.way.unwrap_or((NOWHERE, NOWHERE));
        Trip {
            agent: stayed.vehicle,
            kind: self.kind(stayed.kind),
            demand: stayed.kind,
            trip: stayed.vehicle,
            status: if stayed.way.is_some() { TripStatus::Waiting } else { TripStatus::Unroutable },
            origin,
            destination,
            planned: SimTime(stayed.planned_ms),
            departed: None,
            arrived: None,
            route_length_m: 0.0,
            time_loss_s: 0.0,
            waiting_s: 0.0,
            reroutes: 0,
            teleports: 0,
        }
    }

    /// What a detector measured.
    fn detector(reading: &Reading) -> DetectorInterval {
        let row = DetectorInterval { detector: reading.detector, ..DetectorInterval::default() };
        match &reading.figures {
            Figures::Loop(f) => DetectorInterval {
                kind: DetectorKind::Loop,
                entered: Some(f.entered as u32),
                passed: Some(f.passed as u32),
                flow_per_h: Some(f.flow_per_h),
                occupancy_percent: Some(f.occupancy_percent),
                speed_mps: f.speed_mps,
                harmonic_speed_mps: f.harmonic_speed_mps,
                length_m: f.length_m,
                ..row
            },
            Figures::Area(f) => DetectorInterval {
                kind: DetectorKind::Area,
                entered: Some(f.entered as u32),
                passed: Some(f.left as u32),
                occupancy_percent: Some(f.occupancy_percent),
                speed_mps: f.speed_mps,
                time_loss_s: f.loss_s,
                vehicles_mean: Some(f.vehicles),
                vehicles_max: Some(f.vehicles_max as u32),
                queue_mean_m: Some(f.queue_m),
                queue_max_m: Some(f.queue_max_m),
                queue_max_vehicles: Some(f.queue_max_vehicles as u32),
                ..row
            },
            Figures::EntryExit(f) => DetectorInterval {
                kind: DetectorKind::EntryExit,
                passed: Some(f.passed as u32),
                speed_mps: f.speed_mps,
                travel_time_s: f.travel_time_s,
                time_loss_s: f.loss_s,
                halts: f.halts,
                vehicles_within: Some(f.within as u32),
                ..row
            },
        }
    }

    /// Some were taken out and put back.
    pub(super) fn teleports(&self, time_ms: i64, count: u64) -> Event {
        Event { time: SimTime(time_ms), kind: "teleport".into(), agent: None, link: NOWHERE, value: count as f64, text: String::new() }
    }
}
