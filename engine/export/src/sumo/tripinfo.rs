//! `tripinfo-output`: one line for each journey that has ended.

use super::xml::Document;
use std::io::{self, Write};

/// A journey. Times in ms, ways in m, speeds in m/s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TripInfo<'a> {
    /// The vehicle's id.
    pub id: &'a str,
    /// When it departed.
    pub depart_ms: i64,
    /// On which lane.
    pub depart_lane: &'a str,
    /// Where on it.
    pub depart_pos_m: f64,
    /// How fast.
    pub depart_speed_mps: f64,
    /// How much later than it wished.
    pub depart_delay_ms: i64,
    /// When it arrived.
    pub arrival_ms: i64,
    /// On which lane.
    pub arrival_lane: &'a str,
    /// Where on it.
    pub arrival_pos_m: f64,
    /// How fast.
    pub arrival_speed_mps: f64,
    /// From departure to arrival.
    pub duration_ms: i64,
    /// Its way.
    pub route_length_m: f64,
    /// Standing, but for stops.
    pub waiting_ms: i64,
    /// Times it came to a stand.
    pub waiting_count: u32,
    /// At stops.
    pub stop_ms: i64,
    /// Lost against driving as fast as wished, s.
    pub time_loss_s: f64,
    /// Its kind's id.
    pub kind: &'a str,
    /// Share of the limit it wants.
    pub speed_factor: f64,
    /// Put on another way.
    pub reroutes: u32,
    /// It is in the FCD output too.
    pub in_fcd: bool,
}

/// Writes journeys.
#[derive(Debug)]
pub struct TripInfos<W>(Document<W>);

impl<W: Write> TripInfos<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(out: W) -> io::Result<Self> {
        Document::new(out, "tripinfos", "tripinfo_file.xsd").map(Self)
    }

    /// Adds one.
    ///
    /// # Errors
    /// Those of writing.
    pub fn trip(&mut self, t: &TripInfo<'_>) -> io::Result<()> {
        let devices = if t.in_fcd { format!("tripinfo_{} fcd_{}", t.id, t.id) } else { format!("tripinfo_{}", t.id) };
        self.0.element(1, "tripinfo", |line| {
            line.text("id", t.id)
                .time("depart", t.depart_ms)
                .text("departLane", t.depart_lane)
                .number("departPos", t.depart_pos_m)
                .number("departSpeed", t.depart_speed_mps)
                .time("departDelay", t.depart_delay_ms)
                .time("arrival", t.arrival_ms)
                .text("arrivalLane", t.arrival_lane)
                .number("arrivalPos", t.arrival_pos_m)
                .number("arrivalSpeed", t.arrival_speed_mps)
                .time("duration", t.duration_ms)
                .number("routeLength", t.route_length_m)
                .time("waitingTime", t.waiting_ms)
                .whole("waitingCount", t.waiting_count)
                .time("stopTime", t.stop_ms)
                .number("timeLoss", t.time_loss_s)
                .whole("rerouteNo", t.reroutes)
                .text("devices", &devices)
                .text("vType", t.kind)
                .number("speedFactor", t.speed_factor)
                .text("vaporized", "");
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
