//! The state of all vehicles on the road, as a structure of arrays sorted by segment and position: the leader is the next index.

use super::roads::NONE;
use bytemuck::{Pod, Zeroable};

/// What a vehicle carries besides position and speed.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Body {
    /// The vehicle: index into the fleet.
    pub vehicle: u32,
    /// Next segment on its way: a connection from a lane, a lane from a connection, or one of the two marks.
    pub next: u32,
    /// Length, m.
    pub length: f32,
    /// Share of the speed limit it wants.
    pub factor: f32,
    /// Time it has been standing, s.
    pub wait: f32,
    /// Acceleration of the last step, m/s².
    pub accel: f32,
    /// Kind, as [`crate::demand::VehicleKind`].
    pub kind: u8,
    /// How many of the next connections that must be held it holds.
    pub ahead: u8,
    /// How many segments behind it its tail is still on.
    pub tail: u8,
    /// Steps until it may change lanes again.
    pub settle: u8,
    /// Lanes it wants to move for its route (positive: away from the kerb).
    pub want: i8,
    /// 1 while it is held at a stop.
    pub dwelling: u8,
    /// Zero.
    pub pad: [u8; 2],
}

/// All vehicles on the road.
#[derive(Clone, Debug, Default)]
pub struct VehicleState {
    /// Segment.
    pub segment: Vec<u32>,
    /// Front bumper's distance from the segment's start, m.
    pub position: Vec<f64>,
    /// Speed, m/s.
    pub speed: Vec<f64>,
    /// The rest.
    pub body: Vec<Body>,
    /// For each segment, plus one: where its vehicles start.
    pub starts: Vec<u32>,
}

impl VehicleState {
    /// Nobody on so many segments.
    pub fn empty(segments: usize) -> Self {
        Self { starts: vec![0; segments + 1], ..Self::default() }
    }

    /// Number of vehicles on the road.
    #[inline]
    pub fn len(&self) -> usize {
        self.segment.len()
    }

    /// True when the roads are empty.
    pub fn is_empty(&self) -> bool {
        self.segment.is_empty()
    }

    /// The vehicles on a segment, the last in the queue first.
    #[inline]
    pub fn on(&self, segment: u32) -> std::ops::Range<usize> {
        self.starts[segment as usize] as usize..self.starts[segment as usize + 1] as usize
    }

    /// The one furthest back on a segment.
    #[inline]
    pub fn last_on(&self, segment: u32) -> Option<usize> {
        let on = self.on(segment);
        (on.start < on.end).then_some(on.start)
    }

    /// Position of a vehicle's rear bumper; negative where its tail is on the segment before.
    #[inline]
    pub fn rear(&self, ix: usize) -> f64 {
        self.position[ix] - f64::from(self.body[ix].length)
    }

    /// The first vehicle on `segment` whose front is ahead of `x`, as an index (the range's end when there is none).
    #[inline]
    pub fn first_ahead(&self, segment: u32, x: f64) -> usize {
        let on = self.on(segment);
        on.start + self.position[on].partition_point(|p| *p <= x)
    }
}

/// The rearmost tail that reaches back onto a segment from the segments after it.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    /// Position of the rear bumper on this segment.
    pub rear: f64,
    /// Speed of the vehicle.
    pub speed: f64,
}

impl Tail {
    /// Nobody.
    pub const NONE: Tail = Tail { rear: f64::INFINITY, speed: 0.0 };
}

/// Who holds what at the junctions, and what hangs over. Changed only between steps.
#[derive(Clone, Debug, Default)]
pub struct Junctions {
    /// For each connection: vehicles that hold it, from before its stop line until their tail has left it.
    pub holders: Vec<u16>,
    /// For each lane: room taken by vehicles that hold a connection to it and are not wholly on it, m.
    pub pending: Vec<f32>,
    /// For each segment: the tail that reaches onto it.
    pub tails: Vec<Tail>,
    /// Segments with a tail, to clear them again.
    pub tailed: Vec<u32>,
    /// For each lane: a standing or slow vehicle beside it that must get in for its route, as (position, speed); NaN when none.
    pub merging: Vec<(f32, f32)>,
    /// Lanes with one.
    pub merged: Vec<u32>,
}

impl Junctions {
    /// Nobody anywhere.
    pub fn new(lanes: usize, connections: usize) -> Self {
        Self {
            holders: vec![0; connections],
            pending: vec![0.0; lanes],
            tails: vec![Tail::NONE; lanes + connections],
            tailed: Vec::new(),
            merging: vec![(f32::NAN, 0.0); lanes],
            merged: Vec::new(),
        }
    }
}

/// A segment that a vehicle's front has left, with the odometer reading at its end.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Segment.
    pub segment: u32,
    /// Odometer when the front passed its end, m.
    pub end_m: f64,
}

impl Trace {
    /// None.
    pub const NONE: Trace = Trace { segment: NONE, end_m: 0.0 };
}

/// Most segments that one vehicle's tail can be on; older ones are let go.
pub const TRACES: usize = 6;
