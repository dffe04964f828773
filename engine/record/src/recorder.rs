//! What a model, or a reader of measurements, hands over to be recorded.
//!
//! Rows name their link by a number in the recording's table of places ([`Places`]): the links of the lane network first, then
//! the areas of the walking network. So a walker's `link` is `first_area + area`, and link intervals of areas count people.

use crate::RecordError;
use qike_core::SimTime;
use std::borrow::Cow;

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum AgentKind {
    /// A passenger car.
    Car = 0,
    /// A lorry.
    Truck = 1,
    /// A bus.
    Bus = 2,
    /// A bicycle.
    Bicycle = 3,
    /// A person on foot.
    Walker = 4,
    /// A train or tram.
    Train = 5,
}

impl AgentKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [AgentKind; 6] =
        [AgentKind::Car, AgentKind::Truck, AgentKind::Bus, AgentKind::Bicycle, AgentKind::Walker, AgentKind::Train];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        ["car", "truck", "bus", "bicycle", "walker", "train"][self as usize]
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True for all but walkers.
    pub const fn is_vehicle(self) -> bool {
        !matches!(self, AgentKind::Walker)
    }
}

/// The number of no place: a row that is on no link.
pub const NOWHERE: u32 = u32::MAX;

/// The table of places that rows refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Ids: the lane network's links in order, then the walking network's areas in order.
    pub ids: Vec<String>,
    /// Number of the first area; equals the number of links.
    pub first_area: u32,
}

impl Places {
    /// From the ids of links and of areas, each in their networks' order.
    pub fn new(links: impl IntoIterator<Item = String>, areas: impl IntoIterator<Item = String>) -> Self {
        let mut ids: Vec<String> = links.into_iter().collect();
        let first_area = ids.len() as u32;
        ids.extend(areas);
        Self { ids, first_area }
    }

    /// The id of a place; `None` for [`NOWHERE`] and for numbers outside the table.
    pub fn id(&self, place: u32) -> Option<&str> {
        self.ids.get(place as usize).map(String::as_str)
    }
}

/// Where one agent is at a key frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// The agent's number, unique in the recording over all kinds.
    pub agent: u32,
    /// What it is.
    pub kind: AgentKind,
    /// Its place in [`Places`], or [`NOWHERE`] (on a junction).
    pub link: u32,
    /// City coordinates of its middle (vehicles: of the front bumper), metres.
    pub position: [f64; 3],
    /// Radians, counter-clockwise from east.
    pub heading: f32,
    /// m/s.
    pub speed_mps: f32,
}

/// What a signal head shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum SignalLamp {
    /// Nothing: the signs count.
    Off = 0,
    /// Stop.
    Red = 1,
    /// Stop where that is possible.
    Yellow = 2,
    /// Go, and give way.
    GreenMinor = 3,
    /// Go.
    Green = 4,
}

impl SignalLamp {
    /// All, in the order of their numbers.
    pub const ALL: [SignalLamp; 5] = [SignalLamp::Off, SignalLamp::Red, SignalLamp::Yellow, SignalLamp::GreenMinor, SignalLamp::Green];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        ["off", "red", "yellow", "green_minor", "green"][self as usize]
    }

    /// What a name means.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lamp| lamp.name() == name)
    }
}

/// A signal head begins to show something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignalChange {
    /// Its number in the recording.
    pub head: u32,
    /// What it shows from then on.
    pub shows: SignalLamp,
    /// Whom it concerns: a place in [`Places`].
    pub link: u32,
    /// Middle of its part of the stop line, city coordinates, metres.
    pub position: [f64; 3],
    /// Sense of those it concerns, radians, counter-clockwise from east.
    pub heading: f32,
    /// Length of its part of the stop line, metres.
    pub width_m: f32,
}

/// What happened on one link (or walkable area) during an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkInterval {
    /// Place in [`Places`].
    pub link: u32,
    /// Agents that came in.
    pub entered: u32,
    /// Agents that went out, those that arrived here included.
    pub left: u32,
    /// Agent-seconds spent here.
    pub time_spent_s: f64,
    /// Agent-metres travelled here; divided by `time_spent_s`, it is the space-mean speed.
    pub distance_m: f64,
    /// Agent-seconds at less than 0.1 m/s (vehicles) or 0.05 m/s (walkers).
    pub waiting_s: f64,
    /// Mean over the interval of the number that wait.
    pub queue_mean: f64,
    /// Greatest number that waited at once.
    pub queue_max: u32,
}

/// How a trip ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TripStatus {
    /// It reached its destination.
    Arrived,
    /// It was on its way when the run ended.
    Running,
    /// It was due, but found no room to begin.
    Waiting,
    /// No route led to its destination.
    Unroutable,
}

impl TripStatus {
    /// All, in the order of their numbers.
    pub const ALL: [TripStatus; 4] = [TripStatus::Arrived, TripStatus::Running, TripStatus::Waiting, TripStatus::Unroutable];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        ["arrived", "running", "waiting", "unroutable"][self as usize]
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A whole trip, recorded once: at its arrival, or at the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// The agent's number.
    pub agent: u32,
    /// What it is.
    pub kind: AgentKind,
    /// The demand it comes from, a number in the recording's table of demands.
    pub demand: u32,
    /// Number within its demand. The same (demand, trip) is the same traveller in another run of the same demand.
    pub trip: u32,
    /// How it ended.
    pub status: TripStatus,
    /// Place where it begins.
    pub origin: u32,
    /// Place where it is to end.
    pub destination: u32,
    /// When it wanted to leave.
    pub planned: SimTime,
    /// When it left; `None` while it waits.
    pub departed: Option<SimTime>,
    /// When it arrived.
    pub arrived: Option<SimTime>,
    /// Metres travelled so far.
    pub route_length_m: f64,
    /// Seconds lost against free travel of the same way.
    pub time_loss_s: f64,
    /// Seconds at a stand.
    pub waiting_s: f64,
    /// How often it took another route.
    pub reroutes: u16,
    /// How often it was moved on because it was stuck.
    pub teleports: u16,
}

impl Trip {
    /// Seconds between wish and departure. For a trip that never left, up to `now`.
    pub fn depart_delay_s(&self, now: SimTime) -> f64 {
        (self.departed.unwrap_or(now.max(self.planned)) - self.planned).as_s()
    }

    /// Seconds from departure to arrival, for one that arrived.
    pub fn duration_s(&self) -> Option<f64> {
        Some((self.arrived? - self.departed?).as_s())
    }
}

/// What a detector measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetectorKind {
    /// A point of a lane.
    #[default]
    Loop,
    /// A stretch of lanes.
    Area,
    /// Entries and exits of an area.
    EntryExit,
}

impl DetectorKind {
    /// As tables name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::Area => "area",
            Self::EntryExit => "entry_exit",
        }
    }
}

/// What a detector measured in an interval; what its kind does not measure, or nobody was there for, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DetectorInterval {
    /// Its number in the header.
    pub detector: u32,
    /// What it is.
    pub kind: DetectorKind,
    /// Vehicles that came.
    pub entered: Option<u32>,
    /// Vehicles that passed wholly, or left.
    pub passed: Option<u32>,
    /// Those that passed, an hour.
    pub flow_per_h: Option<f64>,
    /// Share of time (a loop) or of length (an area) that is covered, %.
    pub occupancy_percent: Option<f64>,
    /// Mean speed, m/s.
    pub speed_mps: Option<f64>,
    /// Harmonic mean of speeds, m/s.
    pub harmonic_speed_mps: Option<f64>,
    /// Mean length of vehicles, m.
    pub length_m: Option<f64>,
    /// From entry to exit, s.
    pub travel_time_s: Option<f64>,
    /// Lost by each vehicle, s.
    pub time_loss_s: Option<f64>,
    /// Halts of each vehicle.
    pub halts: Option<f64>,
    /// Vehicles on it in the mean.
    pub vehicles_mean: Option<f64>,
    /// Vehicles on it at most.
    pub vehicles_max: Option<u32>,
    /// Vehicles inside at the end.
    pub vehicles_within: Option<u32>,
    /// Longest queue of a moment in the mean, m.
    pub queue_mean_m: Option<f64>,
    /// Longest queue, m.
    pub queue_max_m: Option<f64>,
    /// Longest queue, vehicles.
    pub queue_max_vehicles: Option<u32>,
}

/// Something worth a row: an edit that took hold, a teleport, a new route, a train that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub time: SimTime,
    /// Short, snake_case: `edit`, `teleport`, `reroute`, `train`, `unroutable`.
    pub kind: Cow<'static, str>,
    /// Whom it happened to.
    pub agent: Option<u32>,
    /// Where, a number in [`Places`] or [`NOWHERE`].
    pub link: u32,
    /// A number that goes with it (persons of a train), or NaN.
    pub value: f64,
    /// The rest, for people.
    pub text: String,
}

/// Takes what a simulation or a reader of measurements yields. Times never fall from call to call of one method.
pub trait Recorder {
    /// All agents at a key frame, sorted by number.
    fn tracks(&mut self, time: SimTime, points: &[TrackPoint]) -> Result<(), RecordError>;
    /// What happened on links during [from, until); links without any traffic may be left out. Everything recorded so far is
    /// safe on disk once this returns.
    fn links(&mut self, from: SimTime, until: SimTime, rows: &[LinkInterval]) -> Result<(), RecordError>;
    /// A trip that is over, or that the run's end cuts off.
    fn trip(&mut self, trip: &Trip) -> Result<(), RecordError>;
    /// An event.
    fn event(&mut self, event: &Event) -> Result<(), RecordError>;
    /// Signal heads that begin to show something at a time; all of them the first time.
    fn signals(&mut self, time: SimTime, changes: &[SignalChange]) -> Result<(), RecordError>;
    /// The hash of the whole state at a time.
    fn hash(&mut self, time: SimTime, hash: u64) -> Result<(), RecordError>;
}

/// Keeps everything in memory: for tests, and for calculations that need no files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryRecorder {
    /// Key frames.
    pub tracks: Vec<(SimTime, Vec<TrackPoint>)>,
    /// Link intervals.
    pub links: Vec<(SimTime, SimTime, Vec<LinkInterval>)>,
    /// Trips.
    pub trips: Vec<Trip>,
    /// Events.
    pub events: Vec<Event>,
    /// Changes of signals.
    pub signals: Vec<(SimTime, SignalChange)>,
    /// Hashes.
    pub hashes: Vec<(SimTime, u64)>,
}

impl Recorder for MemoryRecorder {
    fn tracks(&mut self, time: SimTime, points: &[TrackPoint]) -> Result<(), RecordError> {
        self.tracks.push((time, points.to_vec()));
        Ok(())
    }

    fn links(&mut self, from: SimTime, until: SimTime, rows: &[LinkInterval]) -> Result<(), RecordError> {
        self.links.push((from, until, rows.to_vec()));
        Ok(())
    }

    fn trip(&mut self, trip: &Trip) -> Result<(), RecordError> {
        self.trips.push(trip.clone());
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        self.events.push(event.clone());
        Ok(())
    }

    fn signals(&mut self, time: SimTime, changes: &[SignalChange]) -> Result<(), RecordError> {
        self.signals.extend(changes.iter().map(|change| (time, *change)));
        Ok(())
    }

    fn hash(&mut self, time: SimTime, hash: u64) -> Result<(), RecordError> {
        self.hashes.push((time, hash));
        Ok(())
    }
}
