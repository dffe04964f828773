//! What stands beside the road or acts on it: stops, car parks, detectors, closures, speed signs, zones.

use super::RoadUsers;
use serde::{Deserialize, Serialize};

/// A bus stop, tram stop, charging station or the like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoppingPlace {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Lane.
    pub lane: u32,
    /// From, m.
    pub from_m: f64,
    /// To, m.
    pub to_m: f64,
    /// Lines that serve it.
    pub lines: Vec<String>,
}

/// A car park at a lane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParkingArea {
    /// The place.
    pub place: StoppingPlace,
    /// Cars it holds.
    pub capacity: u32,
    /// They stand on the lane.
    pub on_road: bool,
}

/// What a detector measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DetectorKind {
    /// A loop: flow, speed, occupancy at a point of a lane, m.
    Loop {
        /// Lane.
        lane: u32,
        /// Where, m.
        at_m: f64,
    },
    /// A loop that tells of each vehicle instead of means.
    Instant {
        /// Lane.
        lane: u32,
        /// Where, m.
        at_m: f64,
    },
    /// A stretch of lanes: density, queue.
    Area {
        /// Lanes in order; those over junctions between them may be left out.
        lanes: Vec<u32>,
        /// From, m on the first; below 0: so far back on the lanes before it.
        from_m: f64,
        /// To, m on the last; beyond its end: so far on along the lanes after it.
        to_m: f64,
        /// Measures from change to change of this light; with a lane, only while the way there is red.
        light: Option<(u32, Option<u32>)>,
    },
    /// Entries and exits: travel time between them; each a lane and a position, m.
    EntryExit {
        /// Where one enters.
        entries: Vec<(u32, f64)>,
        /// Where one leaves.
        exits: Vec<(u32, f64)>,
    },
}

/// Who counts as halting at a detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Halting {
    /// Slower than that, m/s.
    pub speed_mps: f64,
    /// For longer than that, ms.
    pub time_ms: i64,
    /// In one queue with those that stand no further apart, m.
    pub gap_m: f64,
}

impl Default for Halting {
    /// SUMO's: 5 km/h, 1 s, 10 m.
    fn default() -> Self {
        Self { speed_mps: 5.0 / 3.6, time_ms: 1000, gap_m: 10.0 }
    }
}

/// A detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    /// Its id.
    pub id: String,
    /// What it measures.
    pub kind: DetectorKind,
    /// Interval, ms; none: the whole run.
    pub every_ms: Option<i64>,
    /// File it writes to.
    pub file: String,
    /// Only these kinds of vehicles, by id; empty: all.
    pub kinds: Vec<String>,
    /// Who counts as halting.
    pub halting: Halting,
}

/// What holds for a while at a rerouter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// From, ms.
    pub begin_ms: i64,
    /// To, ms.
    pub end_ms: i64,
    /// Closed edges, and who may pass all the same.
    pub closed_edges: Vec<(u32, RoadUsers)>,
    /// Closed lanes, and who may pass all the same.
    pub closed_lanes: Vec<(u32, RoadUsers)>,
    /// Other destinations with weights; none stands for one's own.
    pub destinations: Vec<(Option<u32>, f64)>,
    /// Other paths with weights: places in [`super::Demand::paths`].
    pub paths: Vec<(u32, f64)>,
    /// Other car parks with weights, and whether it is seen from afar how full they are.
    pub parking: Vec<(u32, f64, bool)>,
}

/// Sends those who come by another way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rerouter {
    /// Its id.
    pub id: String,
    /// Edges where it works.
    pub edges: Vec<u32>,
    /// Share of those who obey.
    pub probability: f64,
    /// When and what.
    pub intervals: Vec<Interval>,
}

/// A speed limit that changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpeedSign {
    /// Its id.
    pub id: String,
    /// Lanes.
    pub lanes: Vec<u32>,
    /// From when (ms), how fast (m/s; none: as before).
    pub steps: Vec<(i64, Option<f64>)>,
}

/// A zone of demand: edges with weights, where one leaves and where one arrives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Its id.
    pub id: String,
    /// Where trips begin.
    pub sources: Vec<(u32, f64)>,
    /// Where they end.
    pub sinks: Vec<(u32, f64)>,
}

/// A file of mean values by edge or lane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeFile {
    /// Its id.
    pub id: String,
    /// The file.
    pub file: String,
    /// From, ms; none: the run's begin.
    pub begin_ms: Option<i64>,
    /// To, ms; none: the run's end.
    pub end_ms: Option<i64>,
    /// Interval, ms; none: the whole run.
    pub every_ms: Option<i64>,
    /// By lane.
    pub lanes: bool,
    /// Edges on which nobody was are left out.
    pub used_only: bool,
    /// Edges on which nobody was have the figures of a free road.
    pub free_figures: bool,
    /// Edges over junctions are in it.
    pub inside: bool,
    /// Only these edges; empty: all.
    pub edges: Vec<u32>,
    /// Only these kinds of vehicles, by id; empty: all.
    pub kinds: Vec<String>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extras {
    /// Stops.
    pub stops: Vec<StoppingPlace>,
    /// Car parks.
    pub parking: Vec<ParkingArea>,
    /// Detectors.
    pub detectors: Vec<Detector>,
    /// Rerouters.
    pub rerouters: Vec<Rerouter>,
    /// Speed signs.
    pub signs: Vec<SpeedSign>,
    /// Zones.
    pub zones: Vec<Zone>,
    /// Files of mean values by edge or lane.
    pub edge_data: Vec<EdgeFile>,
}
