//! `summary-output`: how many did what, step by step.

use super::xml::Document;
use std::io::{self, Write};

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SummaryStep {
    /// Its begin.
    pub time_ms: i64,
    /// Vehicles known so far.
    pub loaded: u64,
    /// Departed.
    pub inserted: u64,
    /// On the road.
    pub running: u64,
    /// Found no room to depart.
    pub waiting: u64,
    /// Arrived.
    pub arrived: u64,
    /// Times that two overlapped.
    pub collisions: u64,
    /// Times that one was taken out and put back.
    pub teleports: u64,
    /// Slower than 0.1 m/s.
    pub halting: u64,
    /// At stops.
    pub stopped: u64,
    /// Mean of the seconds that those who departed had waited for it.
    pub mean_waiting_s: Option<f64>,
    /// Mean duration of journeys that have ended.
    pub mean_duration_s: Option<f64>,
    /// Mean speed of those on the road.
    pub mean_speed_mps: Option<f64>,
    /// The same, of speeds over limits.
    pub mean_relative_speed: Option<f64>,
    /// Given up.
    pub discarded: u64,
    /// Wall-clock time that the step took, ms.
    pub wall_ms: u64,
}

/// Writes steps.
#[derive(Debug)]
pub struct SummaryOutput<W>(Document<W>);

impl<W: Write> SummaryOutput<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(out: W) -> io::Result<Self> {
        Document::new(out, "summary", "summary_file.xsd").map(Self)
    }

    /// Adds one.
    ///
    /// # Errors
    /// Those of writing.
    pub fn step(&mut self, s: &SummaryStep) -> io::Result<()> {
        self.0.element(1, "step", |line| {
            line.time("time", s.time_ms)
                .whole("loaded", s.loaded)
                .whole("inserted", s.inserted)
                .whole("running", s.running)
                .whole("waiting", s.waiting)
                .whole("ended", s.arrived)
                .whole("arrived", s.arrived)
                .whole("collisions", s.collisions)
                .whole("teleports", s.teleports)
                .whole("halting", s.halting)
                .whole("stopped", s.stopped)
                .mean("meanWaitingTime", s.mean_waiting_s)
                .mean("meanTravelTime", s.mean_duration_s)
                .mean("meanSpeed", s.mean_speed_mps)
                .mean("meanSpeedRelative", s.mean_relative_speed)
                .whole("discarded", s.discarded)
                .whole("duration", s.wall_ms);
        })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
