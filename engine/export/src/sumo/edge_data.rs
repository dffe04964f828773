//! `edgedata-output`, and the files of `edgeData` elements: what happened on each edge in each interval.
//!
//! Formulas as in SUMO's `MSMeanData_Net`: what is called *overlap…*, and `sampledSeconds`, `speed`, `occupancy`, `waitingTime` and
//! `timeLoss`, count a vehicle as long as any part of it is on the edge; `density`, `traveltime`, `flow` and `distance` follow the
//! front bumper.

use super::xml::{Document, Line};
use qike_scene::traffic::EdgeSums;
use std::io::{self, Write};

/// The travel time of an edge on which nobody moved, s.
const MAX_TRAVEL_TIME_S: f64 = 100_000.0;

/// An edge and its sums over an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EdgeValues<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its length, m.
    pub length_m: f64,
    /// Its lanes.
    pub lanes: u32,
    /// Its limit, m/s.
    pub limit_mps: f64,
    /// Nobody was there: it has the speed and travel time of a free road.
    pub free_figures: bool,
    /// What was measured.
    pub sums: EdgeSums,
}

/// Writes intervals.
#[derive(Debug)]
pub struct EdgeData<W>(Document<W>);

impl<W: Write> EdgeData<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(out: W) -> io::Result<Self> {
        Document::new(out, "meandata", "meandata_file.xsd").map(Self)
    }

    /// An interval with all its edges.
    ///
    /// # Errors
    /// Those of writing.
    pub fn interval<'a>(&mut self, id: &str, begin_ms: i64, end_ms: i64, edges: impl IntoIterator<Item = EdgeValues<'a>>) -> io::Result<()> {
        self.0.open(1, "interval", |line| {
            line.time("begin", begin_ms).time("end", end_ms).text("id", id);
        })?;
        let period = ((end_ms - begin_ms) as f64 / 1000.0).max(1e-3);
        for e in edges {
            self.0.element(2, "edge", |line| attributes(line, &e, period))?;
        }
        self.0.close(1, "interval")
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

fn attributes(line: &mut Line, e: &EdgeValues<'_>, period: f64) {
    let d = &e.sums;
    let some = d.sampled_s > 1e-9;
    line.text("id", e.id).number("sampledSeconds", d.sampled_s);
    let length = e.length_m.max(1e-3);
    if some {
        let per_km = |seconds: f64| seconds / period * 1000.0 / length;
        let time = |way: f64, seconds: f64, metres: f64| if metres > 1e-9 { (way * seconds / metres).min(MAX_TRAVEL_TIME_S) } else { MAX_TRAVEL_TIME_S };
        let speed = d.travelled_m / d.sampled_s;
        let lanes = f64::from(e.lanes.max(1));
        line.number("traveltime", time(length, d.front_s, d.front_m))
            .number("overlapTraveltime", time(length + d.length_ms / d.sampled_s, d.sampled_s, d.travelled_m))
            .number("density", per_km(d.front_s))
            .number("overlapDensity", per_km(d.sampled_s))
            .number("laneDensity", per_km(d.front_s) / lanes)
            .number("occupancy", d.covered_ms / period / length / lanes * 100.0)
            .number("waitingTime", d.waiting_s)
            .number("timeLoss", d.loss_s)
            .number("speed", speed)
            .number("speedRelative", speed / e.limit_mps.max(1e-3));
    } else if e.free_figures {
        line.number("traveltime", length / e.limit_mps.max(1e-3)).number("speed", e.limit_mps).number("speedRelative", 1.0);
    }
    line.whole("departed", d.departed)
        .whole("arrived", d.arrived)
        .whole("entered", d.entered)
        .whole("left", d.left)
        .whole("laneChangedFrom", d.changed)
        .whole("laneChangedTo", d.changed);
    if some {
        line.number("flow", d.front_m / length / period * 3600.0);
    }
    line.number("distance", d.front_m);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edge `:0_0` of SUMO's own run of Bologna: its sums, and what SUMO writes of them.
    #[test]
    fn values_follow_from_sums_as_in_sumo() {
        let edge = EdgeValues {
            id: ":0_0",
            length_m: 10.58,
            lanes: 2,
            limit_mps: 13.89,
            free_figures: false,
            sums: EdgeSums { sampled_s: 419.5, travelled_m: 419.5 * 11.85, front_s: 301.7, front_m: 3445.94, length_ms: 419.5 * 4.8, entered: 318, left: 318, ..EdgeSums::default() },
        };
        let mut file = EdgeData::new(Vec::new()).unwrap();
        file.interval("all", 0, 5_635_000, [edge]).unwrap();
        let text = String::from_utf8(file.0.out).unwrap();
        for part in ["begin=\"0.00\" end=\"5635.00\" id=\"all\"", "sampledSeconds=\"419.50\"", "traveltime=\"0.93\"", "overlapTraveltime=\"1.30\"", "density=\"5.06\"", "overlapDensity=\"7.04\"", "laneDensity=\"2.53\"", "speed=\"11.85\"", "speedRelative=\"0.85\"", "flow=\"208.", "distance=\"3445.94\""] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
