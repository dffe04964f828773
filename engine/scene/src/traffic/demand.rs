//! Who travels: kinds of vehicles, paths, single vehicles and flows of them, their stops.

use super::RoadUsers;
use serde::{Deserialize, Serialize};

/// A driver's share of the speed limit: a normal distribution, cut off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedFactor {
    /// Mean.
    pub mean: f64,
    /// Deviation.
    pub deviation: f64,
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
}

/// How a vehicle follows another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum CarFollowing {
    /// Krauss: as fast as is safe, less a share of chance.
    Krauss,
    /// Intelligent driver model: exponent of the free acceleration, and iterations within a second.
    Idm {
        /// Exponent.
        delta: f64,
        /// Steps a second at least.
        steps: f64,
    },
    /// Adaptive cruise control: gains of speed control, closing in, keeping the gap, avoiding collisions (Milanés, Shladover 2014).
    Acc {
        /// Of the difference to the wished speed, 1/s.
        speed: f64,
        /// Closing in: of the speed difference 1/s, of the gap 1/s².
        closing: [f64; 2],
        /// Keeping the gap.
        keeping: [f64; 2],
        /// Avoiding a collision.
        avoiding: [f64; 2],
    },
}

/// Eagerness to change lanes, for each reason (SUMO's `lc…` parameters).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneChanging {
    /// For the route; below 0: never.
    pub strategic: f64,
    /// To help others.
    pub cooperative: f64,
    /// For speed.
    pub speed_gain: f64,
    /// To keep right.
    pub keep_right: f64,
    /// Looks that much further ahead towards the middle.
    pub lookahead_left: f64,
    /// Threshold towards the kerb against the other side.
    pub speed_gain_right: f64,
    /// Accepts gaps that much smaller.
    pub assertive: f64,
    /// Adapts speed for others.
    pub cooperative_speed: Option<f64>,
    /// Uses inner lanes of roundabouts.
    pub cooperative_roundabout: Option<f64>,
}

impl Default for LaneChanging {
    fn default() -> Self {
        Self {
            strategic: 1.0,
            cooperative: 1.0,
            speed_gain: 1.0,
            keep_right: 1.0,
            lookahead_left: 2.0,
            speed_gain_right: 0.1,
            assertive: 1.0,
            cooperative_speed: None,
            cooperative_roundabout: None,
        }
    }
}

/// Manners at junctions (SUMO's `jm…` parameters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JunctionManners {
    /// Enters blocked junctions after waiting that long, s.
    pub ignore_keep_clear_s: Option<f64>,
    /// Passes red for that long after it came, s.
    pub drive_after_red_s: Option<f64>,
    /// Passes yellow for that long, s.
    pub drive_after_yellow_s: Option<f64>,
    /// Speed at which it does, m/s.
    pub drive_red_speed_mps: Option<f64>,
    /// Heedless of those slower than that, m/s.
    pub ignore_foe_speed_mps: f64,
    /// With this probability.
    pub ignore_foe_probability: f64,
    /// Chance on minor links.
    pub sigma_minor: Option<f64>,
    /// Least time gap before one that goes first, s.
    pub gap_minor_s: Option<f64>,
    /// Stops that far before the line, m.
    pub stop_line_gap_m: Option<f64>,
}

/// A kind of vehicle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleKind {
    /// Its id.
    pub id: String,
    /// Who it is on the road: one bit.
    pub user: RoadUsers,
    /// Length, m.
    pub length_m: f64,
    /// Gap to the one before it when standing, m.
    pub gap_m: f64,
    /// Width, m.
    pub width_m: f64,
    /// Greatest speed, m/s.
    pub max_speed_mps: f64,
    /// Speed that drivers want at most, m/s.
    pub desired_speed_mps: f64,
    /// Share of the limit.
    pub speed_factor: SpeedFactor,
    /// Acceleration, m/s².
    pub accel: f64,
    /// Comfortable braking, m/s².
    pub decel: f64,
    /// Hardest braking, m/s².
    pub emergency_decel: f64,
    /// Braking that others expect of it, m/s².
    pub apparent_decel: f64,
    /// Imperfection, 0 to 1.
    pub sigma: f64,
    /// Headway, s.
    pub tau_s: f64,
    /// Hesitation of one who starts, s.
    pub startup_delay_s: f64,
    /// How it follows.
    pub following: CarFollowing,
    /// How it changes lanes.
    pub changing: LaneChanging,
    /// How it crosses junctions.
    pub manners: JunctionManners,
    /// Willingness to squeeze in, 0 to 1, before waiting adds to it.
    pub impatience: f64,
    /// Time to grow fully impatient, s; 0 or below: never.
    pub minor_patience_s: f64,
    /// Seats.
    pub persons: u32,
    /// Colour, where the source states one.
    pub color: Option<[u8; 4]>,
}

/// A choice between some, with weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Places and weights.
    pub members: Vec<(u32, f64)>,
}

/// A kind or a choice of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeRef {
    /// A place in [`Demand::kinds`].
    Kind(u32),
    /// A place in [`Demand::kind_choices`].
    Choice(u32),
}

/// A path over edges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// Its id; empty where it belongs to one vehicle.
    pub id: String,
    /// Edges, in order.
    pub edges: Vec<u32>,
    /// Stops of everybody on it.
    pub stops: Vec<Stop>,
}

/// Where a trip goes when its path is still to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// An edge.
    Edge(u32),
    /// A junction.
    Junction(u32),
    /// A zone: a place in [`super::Extras::zones`].
    Zone(u32),
}

/// A path, a choice of paths, or places between which one is to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PathRef {
    /// A place in [`Demand::paths`].
    Path(u32),
    /// A place in [`Demand::path_choices`].
    Choice(u32),
    /// From, over, to.
    Find {
        /// Start.
        from: Place,
        /// Edges on the way.
        via: Vec<u32>,
        /// End.
        to: Place,
    },
}

/// Lane at departure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DepartLane {
    /// That lane.
    Lane(u8),
    /// The rightmost that may be used.
    First,
    /// Any.
    Random,
    /// With the fewest vehicles on it.
    Free,
    /// With the fewest of those that lead on furthest.
    Allowed,
    /// The one that leads on furthest, with the fewest vehicles on it.
    Best,
    /// As [`Self::Best`] (what SUMO does since 1.28 where nothing is said).
    #[default]
    Likely,
}

/// Position at departure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum DepartPos {
    /// The rear bumper at the lane's start.
    #[default]
    Base,
    /// That front position, m; from the end where negative.
    At(f64),
    /// Any.
    Random,
    /// A free one.
    Free,
    /// Some random ones, then a free one.
    RandomFree,
    /// Behind the last vehicle.
    Last,
    /// At the first stop.
    Stop,
}

/// Speed at departure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum DepartSpeed {
    /// Exactly that, m/s.
    At(f64),
    /// Any up to the limit.
    Random,
    /// As fast as is safe.
    Max,
    /// What the driver wants.
    Desired,
    /// The limit.
    Limit,
    /// That of the last vehicle, or the limit.
    Last,
    /// Mean of the lane, or the limit where nobody is on it (what SUMO does since 1.28 where nothing is said).
    #[default]
    Average,
}

/// Where and how a trip ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// On that lane only.
    pub lane: Option<u8>,
    /// Position on the last edge, m; from its end where negative; none: its end.
    pub at_m: Option<f64>,
    /// At any position.
    pub random: bool,
    /// At that speed, m/s.
    pub speed_mps: Option<f64>,
}

/// Where a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum StopPlace {
    /// On a lane, from and to, m.
    Lane {
        /// The lane.
        lane: u32,
        /// From, m.
        from_m: f64,
        /// To, m.
        to_m: f64,
    },
    /// At a bus stop or the like: a place in [`super::Extras::stops`].
    Stop(u32),
    /// In a car park: a place in [`super::Extras::parking`].
    Parking(u32),
}

/// How one stands at a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parking {
    /// On the lane.
    #[default]
    OnRoad,
    /// Beside it.
    Beside,
    /// Beside it where there is room.
    Opportunistic,
}

/// A stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Where.
    pub place: StopPlace,
    /// At least that long, ms.
    pub duration_ms: Option<i64>,
    /// Not before, ms.
    pub until_ms: Option<i64>,
    /// How it stands.
    pub parking: Parking,
    /// Waits for somebody to board.
    pub triggered: bool,
    /// Passes at that speed instead of stopping, m/s.
    pub speed_mps: Option<f64>,
}

/// What all of a vehicle's or a flow's trips have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Travel {
    /// Kind.
    pub kind: TypeRef,
    /// Way.
    pub path: PathRef,
    /// Lane at departure.
    pub lane: DepartLane,
    /// Position at departure.
    pub at: DepartPos,
    /// Speed at departure.
    pub speed: DepartSpeed,
    /// The end.
    pub arrival: Arrival,
    /// Stops, in order.
    pub stops: Vec<Stop>,
    /// Line of public transport.
    pub line: Option<String>,
    /// Own share of the speed limit.
    pub speed_factor: Option<f64>,
}

/// When a single one departs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Release {
    /// Then, ms.
    At(i64),
    /// When somebody boards.
    Triggered,
}

/// How the vehicles of a flow follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Spacing {
    /// That many, evenly.
    Number(u64),
    /// Every so many ms.
    Period(f64),
    /// With that probability each second.
    Probability(f64),
    /// A Poisson process, a second.
    Poisson(f64),
}

/// Vehicles that depart one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Id: its vehicles are called `id.0`, `id.1` ….
    pub id: String,
    /// From, ms.
    pub begin_ms: i64,
    /// To, ms; none: to the end of the run.
    pub end_ms: Option<i64>,
    /// At most that many.
    pub number: Option<u64>,
    /// How they follow each other.
    pub spacing: Spacing,
    /// What they have in common.
    pub travel: Travel,
}

/// Who travels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Kinds.
    pub kinds: Vec<VehicleKind>,
    /// Choices of kinds.
    pub kind_choices: Vec<Choice>,
    /// Paths.
    pub paths: Vec<Path>,
    /// Choices of paths.
    pub path_choices: Vec<Choice>,
    /// Single vehicles: id, departure, travel; in the order of the source.
    pub vehicles: Vec<(String, Release, Travel)>,
    /// Flows.
    pub flows: Vec<Flow>,
}
