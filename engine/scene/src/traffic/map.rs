//! The map: edges of lanes, connections between lanes, junctions with their right of way, signal plans.
//!
//! Indices are places in the vectors of [`RoadMap`]. The lanes over a junction ("internal" ones) are lanes like any other, on edges
//! of kind [`EdgeKind::Internal`]; a map may have none, then vehicles jump over its junctions.

use super::RoadUsers;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What an edge is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A road.
    #[default]
    Normal,
    /// Lanes over a junction.
    Internal,
    /// A walkers' crossing.
    Crossing,
    /// Where walkers stand and turn.
    WalkingArea,
}

/// A directed road between two junctions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapEdge {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: EdgeKind,
    /// Junction where it begins; none for edges over a junction.
    pub from: Option<u32>,
    /// Junction where it ends.
    pub to: Option<u32>,
    /// Rank.
    pub priority: i32,
    /// Name of the street.
    pub name: Option<String>,
    /// Kind of road as the source names it.
    pub road_type: Option<String>,
    /// Its lanes, from the kerb to the middle.
    pub lanes: Range<u32>,
    /// Part of a roundabout.
    pub roundabout: bool,
    /// Vehicles that can leave it in an hour, where the source states it.
    #[serde(default)]
    pub capacity_per_h: Option<f64>,
}

/// A lane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapLane {
    /// Its id.
    pub id: String,
    /// Its edge.
    pub edge: u32,
    /// 0 = next to the kerb.
    pub index: u8,
    /// Speed limit, m/s.
    pub speed_mps: f64,
    /// Length that counts for driving, m; the shape may be a little longer or shorter.
    pub length_m: f64,
    /// Width, m.
    pub width_m: f64,
    /// Who may drive on it.
    pub allowed: RoadUsers,
    /// Who may change from it towards the middle.
    pub change_left: RoadUsers,
    /// Who may change from it towards the kerb.
    pub change_right: RoadUsers,
    /// An acceleration lane.
    pub acceleration: bool,
    /// Stops that far before its end, m, and who does.
    pub stop_offset: Option<(f64, RoadUsers)>,
    /// Centreline.
    pub shape: Vec<[f64; 3]>,
}

/// Sense of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// On.
    #[default]
    Straight,
    /// To the right.
    Right,
    /// Half right.
    PartRight,
    /// To the left.
    Left,
    /// Half left.
    PartLeft,
    /// Back.
    Turn,
    /// No sense.
    None,
}

/// Right of way of a connection where no light says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightOfWay {
    /// Goes first.
    #[default]
    Major,
    /// Gives way.
    Minor,
    /// Who comes from the right goes first.
    Equal,
    /// Stops, then gives way.
    Stop,
    /// Everybody stops; who came first goes first.
    AllWayStop,
    /// One by one from two lanes.
    Zipper,
    /// The way ends.
    DeadEnd,
    /// A light says it.
    Signal,
}

/// A connection from the end of a lane to the start of another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapConnection {
    /// From the end of this lane.
    pub from: u32,
    /// To the start of this lane of a normal edge, in the end.
    pub to: u32,
    /// First lane over the junction on this way.
    pub via: Option<u32>,
    /// Sense.
    pub turn: TurnKind,
    /// Right of way.
    pub right_of_way: RightOfWay,
    /// Light and place in its states.
    pub light: Option<(u32, u16)>,
    /// The junction is kept clear by those who cannot leave it.
    pub keep_clear: bool,
    /// Passes without heeding anybody (SUMO's `pass`).
    pub pass: bool,
    /// Not controlled though its junction is.
    pub uncontrolled: bool,
    /// Distance before the junction from which those that go first are seen, m.
    pub visibility_m: Option<f64>,
    /// An indirect left turn, of bicycles.
    pub indirect: bool,
}

/// How right of way is decided at a junction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// By rank.
    #[default]
    Priority,
    /// By lights.
    Signal,
    /// By lights; at night or when off, from the right.
    SignalRightOnRed,
    /// Right before left.
    RightBeforeLeft,
    /// Left before right.
    LeftBeforeRight,
    /// Nobody gives way.
    Unregulated,
    /// All stop.
    AllWayStop,
    /// The minor roads stop.
    PriorityStop,
    /// Zipper.
    Zipper,
    /// A point within a junction where turners wait.
    Internal,
    /// The road ends.
    DeadEnd,
    /// Rail signal or crossing.
    Rail,
    /// Nobody meets.
    District,
}

/// What a connection heeds at its junction: one row of its matrix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Bit `n`: it gives way to the junction's connection `n`.
    pub gives_way: Vec<u64>,
    /// Bit `n`: it meets the junction's connection `n`.
    pub meets: Vec<u64>,
    /// One who gives way may wait on the junction.
    pub waits_inside: bool,
}

/// A junction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapJunction {
    /// Its id.
    pub id: String,
    /// How right of way is decided.
    pub kind: NodeKind,
    /// Where.
    pub position: [f64; 3],
    /// Lanes that lead to it; connections are numbered in their order, lane by lane.
    pub incoming: Vec<u32>,
    /// Lanes over it, in the order of its connections.
    pub internal: Vec<u32>,
    /// The matrix; as many rows as connections, or none.
    pub requests: Vec<Request>,
    /// Outline.
    pub shape: Vec<[f64; 3]>,
}

/// What a connection is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalLight {
    /// Stop.
    Red,
    /// Stop; green comes (SUMO's `u`).
    RedYellow,
    /// Stop where that is possible; those with right of way.
    YellowMajor,
    /// Stop where that is possible.
    YellowMinor,
    /// Go.
    GreenMajor,
    /// Go, and give way.
    GreenMinor,
    /// Turn right on red after a stop.
    StopThenGo,
    /// Off, blinking: give way by the signs.
    OffBlinking,
    /// Off: goes first.
    Off,
}

/// A phase of a signal plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalPhase {
    /// Length, ms; of an actuated plan, its start value.
    pub duration_ms: i64,
    /// Least and greatest length, ms, of an actuated plan.
    pub bounds_ms: Option<(i64, i64)>,
    /// One for each connection.
    pub lights: Vec<SignalLight>,
    /// Phases that may follow; none: the next.
    pub next: Vec<u32>,
}

/// How phases change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum SwitchRule {
    /// At fixed times.
    #[default]
    Static,
    /// By gaps between vehicles at detectors (SUMO's `actuated`).
    Actuated {
        /// Greatest gap that prolongs green, s.
        max_gap_s: f64,
        /// Detectors stand that many seconds of driving before the line.
        detector_gap_s: f64,
        /// A detector that was passed since then counts as passed, s.
        passing_time_s: f64,
    },
    /// By lost time of those in sight (SUMO's `delay_based`).
    DelayBased {
        /// Length of the road that is seen, m.
        range_m: f64,
        /// Least lost time that prolongs, s.
        min_loss_s: f64,
    },
    /// Never on.
    Off,
}

/// A signal plan (programme).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SignalPlan {
    /// Its id: which light it is for.
    pub light: String,
    /// Name among the plans of that light.
    pub program: String,
    /// How phases change.
    pub rule: SwitchRule,
    /// The first phase begins at this time of each cycle, ms.
    pub offset_ms: i64,
    /// Phases.
    pub phases: Vec<SignalPhase>,
}

/// Another plan from a time on (SUMO's WAUT).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SignalSwitch {
    /// The light.
    pub light: u32,
    /// When, ms.
    pub at_ms: i64,
    /// Which plan: a place in [`RoadMap::plans`].
    pub plan: u32,
}

/// Roads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoadMap {
    /// Traffic keeps to the left.
    pub left_hand: bool,
    /// CRS as the source states it (a PROJ text), and what is to be subtracted from its coordinates to get the map's.
    pub location: Option<(String, [f64; 2])>,
    /// Edges.
    pub edges: Vec<MapEdge>,
    /// Lanes, edge by edge.
    pub lanes: Vec<MapLane>,
    /// Connections, in the source's order; those of one lane in the order that counts at its junction.
    pub connections: Vec<MapConnection>,
    /// Junctions.
    pub junctions: Vec<MapJunction>,
    /// Ids of lights; connections and switches name them by place.
    pub lights: Vec<String>,
    /// Plans. Of a light's several, the last one loaded runs first.
    pub plans: Vec<SignalPlan>,
    /// Switches between plans.
    pub switches: Vec<SignalSwitch>,
}
