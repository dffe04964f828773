//! The lane network: what vehicles move on.
//!
//! Nodes are joined by directed links; a link has one or more lanes; a connection leads from the end of a lane over a junction
//! to the start of a lane of the next link. Everything is kept in flat arrays that are addressed by typed indices and ranges, so
//! that a model can walk over them without chasing pointers.
//!
//! Conventions: metres and m/s in the store's projected CRS; lane 0 is the one next to the kerb (the rightmost where traffic
//! keeps right); shapes run in the direction of travel.

use crate::ix::{ConnIx, JunctionIx, LaneIx, LinkIx, NodeIx, ProgramIx, span};
use qike_core::Diagnostic;
use qike_scene::ObjectId;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Which vehicles may use a lane: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modes(pub u8);

impl Modes {
    /// Nobody.
    pub const NONE: Modes = Modes(0);
    /// Passenger cars.
    pub const CAR: Modes = Modes(1);
    /// Buses of public transport.
    pub const BUS: Modes = Modes(2);
    /// Bicycles.
    pub const BICYCLE: Modes = Modes(4);
    /// Lorries.
    pub const TRUCK: Modes = Modes(8);
    /// All motor vehicles.
    pub const MOTOR: Modes = Modes(1 | 2 | 8);

    /// Whether all modes of `other` are in this set.
    #[inline]
    pub const fn contains(self, other: Modes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Modes) -> Modes {
        Modes(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Modes) -> Modes {
        Modes(self.0 & other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn without(self, other: Modes) -> Modes {
        Modes(self.0 & !other.0)
    }

    /// Whether nobody is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The kind of a road by OSM's `highway` values, from the greatest to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadKind {
    /// Motorway.
    Motorway,
    /// Ramp of a motorway.
    MotorwayLink,
    /// Trunk road.
    Trunk,
    /// Ramp of a trunk road.
    TrunkLink,
    /// Primary road.
    Primary,
    /// Ramp of a primary road.
    PrimaryLink,
    /// Secondary road.
    Secondary,
    /// Ramp of a secondary road.
    SecondaryLink,
    /// Tertiary road.
    Tertiary,
    /// Ramp of a tertiary road.
    TertiaryLink,
    /// Minor road that is not residential.
    Unclassified,
    /// Residential street.
    Residential,
    /// Road for buses only.
    Busway,
    /// Street where walkers come first.
    LivingStreet,
    /// Access road, driveway, alley.
    Service,
}

/// A point where links meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `osm:node/5`, or a name made of its coordinates where the source has no nodes.
    pub id: String,
    /// Where it is.
    pub position: [f64; 3],
    /// The junction it belongs to. Several nodes may belong to one junction.
    pub junction: JunctionIx,
}

/// One direction of a road between two nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Object, number of the piece, direction: `osm:way/12#3>` along the road's geometry, `osm:way/12#3<` against it.
    pub id: String,
    /// The road it comes from.
    pub object: ObjectId,
    /// Where it begins.
    pub from: NodeIx,
    /// Where it ends.
    pub to: NodeIx,
    /// Its lanes, from the kerb to the middle.
    pub lanes: Range<u32>,
    /// Length of its lanes (they are cut back at junctions), always above zero.
    pub length_m: f64,
    /// Speed limit.
    pub speed_mps: f64,
    /// Right of way: the greater goes first. From the road's kind.
    pub priority: u8,
    /// What people call it.
    pub name: Option<String>,
    /// Kind of road.
    pub kind: RoadKind,
    /// Part of a roundabout.
    pub roundabout: bool,
    /// The same road in the other direction, where it has one.
    pub reverse: Option<LinkIx>,
}

/// One lane of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// The link it belongs to.
    pub link: LinkIx,
    /// 0 = next to the kerb.
    pub index: u8,
    /// Length along its shape.
    pub length_m: f64,
    /// Width.
    pub width_m: f64,
    /// Speed limit.
    pub speed_mps: f64,
    /// Who may use it.
    pub modes: Modes,
    /// Its centreline in [`LaneNetwork::points`], two points or more.
    pub shape: Range<u32>,
    /// Closed by an edit.
    pub closed: bool,
}

/// The sense of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// To the right.
    Right,
    /// On.
    Straight,
    /// To the left.
    Left,
    /// Back.
    UTurn,
}

/// The signal that a connection obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignalRef {
    /// Programme.
    pub program: ProgramIx,
    /// Group in the programme: its place in [`Phase::states`].
    pub group: u16,
}

/// A way from the end of a lane over a junction to the start of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// From the end of this lane.
    pub from_lane: LaneIx,
    /// To the start of this lane.
    pub to_lane: LaneIx,
    /// Over this junction.
    pub junction: JunctionIx,
    /// Length of its shape; may be very short where a road merely goes on, but never zero.
    pub length_m: f64,
    /// Speed at which it can be driven: the limit, less in bends.
    pub speed_mps: f64,
    /// In [`LaneNetwork::points`].
    pub shape: Range<u32>,
    /// Sense.
    pub turn: Turn,
    /// Signal, where it has one.
    pub signal: Option<SignalRef>,
    /// A sign says to stop before giving way.
    pub stops: bool,
    /// The connections it gives way to: a range of [`LaneNetwork::foes`]. Never mutual. At a signal it holds where both are
    /// shown [`SignalState::GreenYield`] or one of them is, and when the signal is off.
    pub yields_to: Range<u32>,
    /// All connections it crosses or merges with: a range of [`LaneNetwork::conflicts`], sorted by `other`.
    pub conflicts: Range<u32>,
}

/// How two connections touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// They cross.
    Crossing,
    /// They end on the same lane.
    Merging,
}

/// A place where a connection meets another one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The other connection, which has the mirrored entry.
    pub other: ConnIx,
    /// Distance from this connection's start to the conflict.
    pub at_m: f64,
    /// Distance from the other's start to the conflict.
    pub other_at_m: f64,
    /// How they touch.
    pub kind: ConflictKind,
}

/// How right of way is decided at a junction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JunctionKind {
    /// By lights.
    Signal,
    /// By the roads' ranks or signs.
    Priority,
    /// Who comes from the right (where traffic keeps right) goes first.
    RightBeforeLeft,
    /// Who is in the roundabout goes first.
    Roundabout,
    /// The road ends.
    DeadEnd,
    /// A road goes on, or changes its lanes; nobody meets anybody.
    Passing,
}

/// A place where vehicles pass from link to link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Junction {
    /// Its first node's id.
    pub id: String,
    /// How right of way is decided.
    pub kind: JunctionKind,
    /// Middle of its nodes.
    pub position: [f64; 3],
    /// Its connections: a range of [`LaneNetwork::connections`].
    pub connections: Range<u32>,
    /// Its signal programme.
    pub program: Option<ProgramIx>,
}

/// What a signal group is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Stop.
    Red,
    /// Stop where that is possible.
    Yellow,
    /// Go; nobody who is in conflict has green too.
    Green,
    /// Go, but give way to conflicting connections that have green.
    GreenYield,
}

/// A part of a signal's cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// How long it lasts.
    pub duration_ms: u32,
    /// One state for each group.
    pub states: Vec<SignalState>,
}

/// A fixed-time signal programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalProgram {
    /// The junction's id.
    pub id: String,
    /// The junction it controls.
    pub junction: JunctionIx,
    /// The signals of the scene that belong to it.
    pub objects: Vec<ObjectId>,
    /// The first phase begins at this time of every cycle.
    pub offset_ms: u32,
    /// Number of groups.
    pub groups: u16,
    /// Its phases, repeated for ever; never empty, and their durations add up to more than zero.
    pub phases: Vec<Phase>,
}

impl SignalProgram {
    /// Length of the whole cycle.
    pub fn cycle_ms(&self) -> u64 {
        self.phases.iter().map(|p| u64::from(p.duration_ms)).sum()
    }

    /// The phase at a time, and how long it still lasts then.
    pub fn phase_at(&self, time_ms: i64) -> (usize, u64) {
        let cycle = self.cycle_ms().max(1);
        let mut left = (time_ms - i64::from(self.offset_ms)).rem_euclid(cycle as i64) as u64;
        for (ix, phase) in self.phases.iter().enumerate() {
            let duration = u64::from(phase.duration_ms);
            if left < duration {
                return (ix, duration - left);
            }
            left -= duration;
        }
        (0, 1)
    }
}

/// The whole lane network. Immutable while a model runs, except for what [`crate::overrides`] changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneNetwork {
    /// Traffic keeps to the left side of the road.
    pub left_hand: bool,
    /// Nodes, sorted by id.
    pub nodes: Vec<Node>,
    /// Links, sorted by object, piece and direction.
    pub links: Vec<Link>,
    /// Lanes, link by link.
    pub lanes: Vec<Lane>,
    /// Points of all shapes.
    pub points: Vec<[f64; 3]>,
    /// Connections, junction by junction.
    pub connections: Vec<Connection>,
    /// Targets of [`Connection::yields_to`].
    pub foes: Vec<ConnIx>,
    /// Targets of [`Connection::conflicts`].
    pub conflicts: Vec<Conflict>,
    /// For each lane, plus one: start of its outgoing connections in [`Self::outgoing`].
    pub outgoing_starts: Vec<u32>,
    /// Connections by the lane they leave.
    pub outgoing: Vec<ConnIx>,
    /// For each lane, plus one: start of its incoming connections in [`Self::incoming`].
    pub incoming_starts: Vec<u32>,
    /// Connections by the lane they enter.
    pub incoming: Vec<ConnIx>,
    /// Junctions.
    pub junctions: Vec<Junction>,
    /// Signal programmes.
    pub programs: Vec<SignalProgram>,
    /// What was doubtful in the scene: restrictions without a target, pieces that hang together with nothing.
    pub faults: Vec<Diagnostic>,
}

impl LaneNetwork {
    /// A lane.
    #[inline]
    pub fn lane(&self, lane: LaneIx) -> &Lane {
        &self.lanes[lane.ix()]
    }

    /// A link.
    #[inline]
    pub fn link(&self, link: LinkIx) -> &Link {
        &self.links[link.ix()]
    }

    /// A connection.
    #[inline]
    pub fn connection(&self, connection: ConnIx) -> &Connection {
        &self.connections[connection.ix()]
    }

    /// The lanes of a link, from the kerb to the middle.
    pub fn lanes_of(&self, link: LinkIx) -> &[Lane] {
        &self.lanes[span(&self.links[link.ix()].lanes)]
    }

    /// The connections that leave a lane, sorted.
    #[inline]
    pub fn outgoing_of(&self, lane: LaneIx) -> &[ConnIx] {
        &self.outgoing[self.outgoing_starts[lane.ix()] as usize..self.outgoing_starts[lane.ix() + 1] as usize]
    }

    /// The connections that enter a lane, sorted.
    #[inline]
    pub fn incoming_of(&self, lane: LaneIx) -> &[ConnIx] {
        &self.incoming[self.incoming_starts[lane.ix()] as usize..self.incoming_starts[lane.ix() + 1] as usize]
    }

    /// Those that a connection gives way to.
    #[inline]
    pub fn foes_of(&self, connection: ConnIx) -> &[ConnIx] {
        &self.foes[span(&self.connections[connection.ix()].yields_to)]
    }

    /// All conflicts of a connection.
    #[inline]
    pub fn conflicts_of(&self, connection: ConnIx) -> &[Conflict] {
        &self.conflicts[span(&self.connections[connection.ix()].conflicts)]
    }

    /// The points of a lane's or a connection's shape.
    #[inline]
    pub fn shape(&self, range: &Range<u32>) -> &[[f64; 3]] {
        &self.points[span(range)]
    }

    /// The state that a signal group is shown at a time; `Green` for a connection without a signal is the caller's matter.
    pub fn signal_state(&self, signal: SignalRef, time_ms: i64) -> SignalState {
        let program = &self.programs[signal.program.ix()];
        let (phase, _) = program.phase_at(time_ms);
        program.phases[phase].states[usize::from(signal.group)]
    }

    /// Position, and heading in radians from east counter-clockwise, at a distance along a shape.
    pub fn pose(&self, shape: &Range<u32>, distance_m: f64) -> ([f64; 3], f64) {
        crate::shape::pose(self.shape(shape), distance_m)
    }

    /// The link of that exact id.
    pub fn find_link(&self, id: &str) -> Option<LinkIx> {
        self.links.iter().position(|link| link.id == id).map(LinkIx::new)
    }
}
