//! Between the simulation and the recording: counts trips for the summary, and puts in the events that the scenario knows of
//! (edits that take hold, trains that arrive) where their time comes.

use qike_core::SimTime;
use qike_record::{Event, LinkInterval, RecordError, Recorder, RunWriter, SignalChange, TrackPoint, Trip, TripStatus};
use std::collections::VecDeque;

/// Sums over trips.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) arrived: u64,
    pub(crate) duration_s: f64,
    pub(crate) time_loss_s: f64,
    pub(crate) waiting_s: f64,
    pub(crate) route_length_m: f64,
    /// Trips that left, whether they arrived or not.
    pub(crate) departed: u64,
    pub(crate) depart_delay_s: f64,
}

impl Sums {
    fn add(&mut self, trip: &Trip) {
        if let Some(departed) = trip.departed {
            self.departed += 1;
            self.depart_delay_s += (departed - trip.planned).as_s();
        }
        if let (TripStatus::Arrived, Some(duration)) = (trip.status, trip.duration_s()) {
            self.arrived += 1;
            self.duration_s += duration;
            self.time_loss_s += trip.time_loss_s;
            self.waiting_s += trip.waiting_s;
            self.route_length_m += trip.route_length_m;
        }
    }
}

/// A recorder in front of the writer.
pub(crate) struct Tally<'a> {
    writer: &'a mut RunWriter,
    pending: VecDeque<Event>,
    pub(crate) vehicles: Sums,
    pub(crate) walkers: Sums,
}

impl<'a> Tally<'a> {
    /// `events` must be sorted by time.
    pub(crate) fn new(writer: &'a mut RunWriter, events: Vec<Event>) -> Self {
        Self { writer, pending: events.into(), vehicles: Sums::default(), walkers: Sums::default() }
    }

    fn release(&mut self, time: SimTime) -> Result<(), RecordError> {
        while let Some(event) = self.pending.pop_front_if(|event| event.time <= time) {
            self.writer.event(&event)?;
        }
        Ok(())
    }
}

impl Recorder for Tally<'_> {
    fn tracks(&mut self, time: SimTime, points: &[TrackPoint]) -> Result<(), RecordError> {
        self.release(time)?;
        self.writer.tracks(time, points)
    }

    fn links(&mut self, from: SimTime, until: SimTime, rows: &[LinkInterval]) -> Result<(), RecordError> {
        self.release(until)?;
        self.writer.links(from, until, rows)
    }

    fn trip(&mut self, trip: &Trip) -> Result<(), RecordError> {
        let sums = if trip.kind.is_vehicle() { &mut self.vehicles } else { &mut self.walkers };
        sums.add(trip);
        self.writer.trip(trip)
    }

    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        self.release(event.time)?;
        self.writer.event(event)
    }

    fn signals(&mut self, time: SimTime, changes: &[SignalChange]) -> Result<(), RecordError> {
        self.release(time)?;
        self.writer.signals(time, changes)
    }

    fn hash(&mut self, time: SimTime, hash: u64) -> Result<(), RecordError> {
        self.release(time)?;
        self.writer.hash(time, hash)
    }
}
