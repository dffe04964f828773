//! Files of detectors: induction loops, area detectors, detectors of entries and exits, and loops that tell of each vehicle.
//!
//! <https://sumo.dlr.de/docs/Simulation/Output/Induction_Loops_Detectors_(E1).html> and the pages beside it. A mean of nobody is -1.

use super::xml::{Document, Line};
use qike_scene::traffic::{AreaFigures, CrossingFigures, Figures, Halts, LoopFigures, Passage, PassageState};
use std::io::{self, Write};

/// What a file of detectors holds; SUMO has a root element and a schema for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetectorFile {
    /// Induction loops.
    Loops,
    /// Area detectors.
    Areas,
    /// Entries and exits.
    EntriesExits,
    /// Single passages.
    Passages,
}

/// Writes what detectors measured.
#[derive(Debug)]
pub struct DetectorOutput<W>(Document<W>);

impl<W: Write> DetectorOutput<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(out: W, kind: DetectorFile) -> io::Result<Self> {
        let (root, schema) = match kind {
            DetectorFile::Loops => ("detector", "det_e1_file.xsd"),
            DetectorFile::Areas => ("detector", "det_e2_file.xsd"),
            DetectorFile::EntriesExits => ("e3Detector", "det_e3_file.xsd"),
            DetectorFile::Passages => ("instantE1", "instant_e1_file.xsd"),
        };
        Document::new(out, root, schema).map(Self)
    }

    /// An interval of one.
    ///
    /// # Errors
    /// Those of writing.
    pub fn interval(&mut self, id: &str, begin_ms: i64, end_ms: i64, figures: &Figures) -> io::Result<()> {
        self.0.element(1, "interval", |line| {
            line.time("begin", begin_ms).time("end", end_ms).text("id", id);
            match figures {
                Figures::Loop(f) => of_loop(line, f),
                Figures::Area(f) => of_area(line, f),
                Figures::EntryExit(f) => of_gate(line, f),
            }
        })
    }

    /// A vehicle at a loop; `vehicle` and `kind`: their ids.
    ///
    /// # Errors
    /// Those of writing.
    pub fn passage(&mut self, id: &str, vehicle: &str, kind: &str, passage: &Passage) -> io::Result<()> {
        let (state, since) = match passage.state {
            PassageState::Enter => ("enter", "gap"),
            PassageState::Stay => ("stay", "occupancy"),
            PassageState::Leave => ("leave", "occupancy"),
        };
        self.0.element(1, "instantOut", |line| {
            line.text("id", id).number("time", passage.time_s).text("state", state).text("vehID", vehicle).number("speed", passage.speed_mps);
            line.number("length", passage.length_m).text("type", kind);
            if let Some(seconds) = passage.since_s {
                line.number(since, seconds);
            }
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

fn of_loop(line: &mut Line, f: &LoopFigures) {
    line.whole("nVehContrib", f.passed)
        .number("flow", f.flow_per_h)
        .number("occupancy", f.occupancy_percent)
        .mean("speed", f.speed_mps)
        .mean("harmonicMeanSpeed", f.harmonic_speed_mps)
        .mean("length", f.length_m)
        .whole("nVehEntered", f.entered);
}

fn of_area(line: &mut Line, f: &AreaFigures) {
    let halts = |line: &mut Line, [mean, max, sum]: [&str; 3], halts: &Halts| {
        line.time(mean, halts.mean_ms()).time(max, halts.max_ms).time(sum, halts.sum_ms);
    };
    line.number("sampledSeconds", f.sampled_s)
        .whole("nVehEntered", f.entered)
        .whole("nVehLeft", f.left)
        .whole("nVehSeen", f.seen)
        .mean("meanSpeed", f.speed_mps)
        .mean("meanTimeLoss", f.loss_s)
        .number("meanOccupancy", f.occupancy_percent)
        .number("maxOccupancy", f.occupancy_max_percent)
        .number("meanMaxJamLengthInVehicles", f.queue_vehicles)
        .number("meanMaxJamLengthInMeters", f.queue_m)
        .whole("maxJamLengthInVehicles", f.queue_max_vehicles)
        .number("maxJamLengthInMeters", f.queue_max_m)
        .whole("jamLengthInVehiclesSum", f.queue_sum_vehicles)
        .number("jamLengthInMetersSum", f.queue_sum_m);
    halts(line, ["meanHaltingDuration", "maxHaltingDuration", "haltingDurationSum"], &f.halts);
    halts(line, ["meanIntervalHaltingDuration", "maxIntervalHaltingDuration", "intervalHaltingDurationSum"], &f.halts_within);
    line.whole("startedHalts", f.halts_begun).number("meanVehicleNumber", f.vehicles).whole("maxVehicleNumber", f.vehicles_max);
}

fn of_gate(line: &mut Line, f: &CrossingFigures) {
    line.mean("meanTravelTime", f.travel_time_s)
        .mean("meanOverlapTravelTime", f.overlap_travel_time_s)
        .mean("meanSpeed", f.speed_mps)
        .mean("meanHaltsPerVehicle", f.halts)
        .mean("meanTimeLoss", f.loss_s)
        .whole("vehicleSum", f.passed)
        .mean("meanSpeedWithin", f.speed_within_mps)
        .mean("meanHaltsPerVehicleWithin", f.halts_within)
        .mean("meanDurationWithin", f.duration_within_s)
        .whole("vehicleSumWithin", f.within)
        .mean("meanIntervalSpeedWithin", f.interval_speed_within_mps)
        .mean("meanIntervalHaltsPerVehicleWithin", f.interval_halts_within)
        .mean("meanIntervalDurationWithin", f.interval_duration_within_s)
        .mean("meanTimeLossWithin", f.loss_within_s);
}
