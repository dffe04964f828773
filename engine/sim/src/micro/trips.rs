//! The ledger: each vehicle's journey, and how many did what.

use super::cars::{Halt, Tally};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many vehicles did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Known so far.
    pub loaded: u64,
    /// Departed.
    pub inserted: u64,
    /// Arrived.
    pub arrived: u64,
    /// On the road.
    pub running: u64,
    /// Wanting to depart.
    pub waiting: u64,
    /// Times that one was taken out and put back further on.
    pub teleported: u64,
    /// Times that two overlapped.
    pub overlaps: u64,
    /// Times that one could only stop abruptly at the end of its lane.
    pub emergency_stops: u64,
    /// Given up: no way, or not departed in time.
    pub discarded: u64,
}

/// A trip that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripRow {
    /// Number of the vehicle.
    pub vehicle: u32,
    /// Its id.
    pub id: String,
    /// Kind: a place in the scenario's list.
    pub kind: u32,
    /// Departed, ms.
    pub depart_ms: i64,
    /// Lane and position (m), speed (m/s) at departure.
    pub depart_lane: u32,
    /// Position at departure, m.
    pub depart_pos_m: f64,
    /// Speed at departure, m/s.
    pub depart_speed_mps: f64,
    /// It wanted to depart that much earlier, ms.
    pub depart_delay_ms: i64,
    /// Arrived, ms; none: it is still on the road at the end of the run.
    pub arrival_ms: Option<i64>,
    /// Lane at arrival.
    pub arrival_lane: u32,
    /// Position at arrival, m.
    pub arrival_pos_m: f64,
    /// Speed at arrival, m/s.
    pub arrival_speed_mps: f64,
    /// From departure to arrival, ms.
    pub duration_ms: i64,
    /// Way, m.
    pub length_m: f64,
    /// Standing (but for stops), ms.
    pub waiting_ms: i64,
    /// Times it came to a stand.
    pub waiting_count: u32,
    /// Standing at stops, ms.
    pub stop_ms: i64,
    /// Lost against driving as fast as wished, s.
    pub loss_s: f64,
    /// Share of the limit it wanted.
    pub speed_factor: f64,
    /// Taken out and put back.
    pub teleports: u32,
    /// Put on another way.
    pub reroutes: u32,
}

impl TripRow {
    /// Takes up what was added up while driving.
    pub(super) fn sum_up(&mut self, tally: &Tally) {
        (self.loss_s, self.waiting_ms, self.stop_ms, self.waiting_count) = (tally.loss_s, tally.waiting_ms, tally.stop_ms, tally.waiting_count);
    }
}

/// Where a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Number.
    pub vehicle: u32,
    /// Lane.
    pub lane: u32,
    /// Front bumper, m.
    pub position_m: f64,
    /// Speed.
    pub speed_mps: f64,
    /// Acceleration, m/s².
    pub accel: f64,
    /// Standing since, ms.
    pub wait_ms: i64,
}

/// A journey under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Journey {
    pub row: TripRow,
    pub stops: VecDeque<Halt>,
    /// Way up to the start of the lane it is on, m.
    pub odometer: f64,
}

/// All of them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Trips {
    pub counts: Counts,
    pub journeys: Vec<Option<Box<Journey>>>,
    ended: Vec<TripRow>,
    /// Given up for good.
    pub stayed: Vec<crate::traffic::Stayed>,
}

impl Trips {
    /// The journey of a vehicle.
    pub fn of(&mut self, vehicle: u32) -> Option<&mut Journey> {
        self.journeys.get_mut(vehicle as usize).and_then(|j| j.as_deref_mut())
    }

    /// A journey ends.
    pub fn end(&mut self, vehicle: u32, tally: &Tally, change: impl FnOnce(&mut Journey)) {
        if let Some(mut journey) = self.journeys.get_mut(vehicle as usize).and_then(Option::take) {
            journey.row.sum_up(tally);
            change(&mut journey);
            self.ended.push(journey.row);
        }
    }

    /// Those that have ended.
    pub fn take(&mut self) -> Vec<TripRow> {
        std::mem::take(&mut self.ended)
    }
}
