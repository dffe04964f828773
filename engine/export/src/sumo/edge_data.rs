//! `edgedata-output`, and the files of `edgeData` elements: what happened on each edge in each interval.
//!
//! Formulas as in SUMO's `MSMeanData_Net`: what is called *overlap…*, and `sampledSeconds`, `speed`, `occupancy`, `waitingTime` and
//! `timeLoss`, count a vehicle as long as any part of it is on the edge; `density`, `traveltime`, `flow` and `distance` follow the
//! front bumper.

use super::xml::{Line, head};
use std::io::{self, Write};

/// The travel time of an edge on which nobody moved, s.
const MAX_TRAVEL_TIME_S: f64 = 100_000.0;

/// Sums of an edge over an interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeValues<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its length, m.
    pub length_m: f64,
    /// Its lanes.
    pub lanes: u32,
    /// Its limit, m/s.
    pub limit_mps: f64,
    /// Vehicle-seconds with any part on it.
    pub sampled_s: f64,
    /// Way of those in that time, m.
    pub travelled_m: f64,
    /// Vehicle-seconds with the front on it.
    pub front_s: f64,
    /// Way of fronts on it, m.
    pub front_m: f64,
    /// Vehicle-seconds at a stand.
    pub waiting_s: f64,
    /// Seconds lost against driving as fast as wished.
    pub loss_s: f64,
    /// Covered length over time, m·s.
    pub covered_ms: f64,
    /// Lengths of vehicles over their time on it, m·s.
    pub length_ms: f64,
    /// Began their journey.
    pub departed: u64,
    /// Ended it.
    pub arrived: u64,
    /// Came from another edge.
    pub entered: u64,
    /// Went to another edge.
    pub left: u64,
    /// Changed lanes.
    pub changed: u64,
}

/// Writes intervals.
#[derive(Debug)]
pub struct EdgeData<W> {
    out: W,
    line: Line,
}

impl<W: Write> EdgeData<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(mut out: W) -> io::Result<Self> {
        head(&mut out, "meandata", "meandata_file.xsd")?;
        Ok(Self { out, line: Line::default() })
    }

    /// An interval with all its edges.
    ///
    /// # Errors
    /// Those of writing.
    pub fn interval<'a>(&mut self, id: &str, begin_ms: i64, end_ms: i64, edges: impl IntoIterator<Item = EdgeValues<'a>>) -> io::Result<()> {
        self.line.element(1, "interval").time("begin", begin_ms).time("end", end_ms).text("id", id).open(&mut self.out)?;
        let period = ((end_ms - begin_ms) as f64 / 1000.0).max(1e-3);
        for e in edges {
            self.edge(&e, period)?;
        }
        self.out.write_all(b"    </interval>\n")
    }

    fn edge(&mut self, e: &EdgeValues<'_>, period: f64) -> io::Result<()> {
        let some = e.sampled_s > 1e-9;
        let line = self.line.element(2, "edge").text("id", e.id).number("sampledSeconds", e.sampled_s);
        let length = e.length_m.max(1e-3);
        if some {
            let per_km = |seconds: f64| seconds / period * 1000.0 / length;
            let time = |way: f64, seconds: f64, metres: f64| if metres > 1e-9 { (way * seconds / metres).min(MAX_TRAVEL_TIME_S) } else { MAX_TRAVEL_TIME_S };
            let speed = e.travelled_m / e.sampled_s;
            let lanes = f64::from(e.lanes.max(1));
            line.number("traveltime", time(length, e.front_s, e.front_m))
                .number("overlapTraveltime", time(length + e.length_ms / e.sampled_s, e.sampled_s, e.travelled_m))
                .number("density", per_km(e.front_s))
                .number("overlapDensity", per_km(e.sampled_s))
                .number("laneDensity", per_km(e.front_s) / lanes)
                .number("occupancy", e.covered_ms / period / length / lanes * 100.0)
                .number("waitingTime", e.waiting_s)
                .number("timeLoss", e.loss_s)
                .number("speed", speed)
                .number("speedRelative", speed / e.limit_mps.max(1e-3));
        }
        line.whole("departed", e.departed)
            .whole("arrived", e.arrived)
            .whole("entered", e.entered)
            .whole("left", e.left)
            .whole("laneChangedFrom", e.changed)
            .whole("laneChangedTo", e.changed);
        if some {
            line.number("flow", e.front_m / length / period * 3600.0);
        }
        line.number("distance", e.front_m).close(&mut self.out)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"</meandata>\n")?;
        self.out.flush()
    }
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
            sampled_s: 419.5,
            travelled_m: 419.5 * 11.85,
            front_s: 301.7,
            front_m: 3445.94,
            length_ms: 419.5 * 4.8,
            entered: 318,
            left: 318,
            ..EdgeValues::default()
        };
        let mut file = EdgeData::new(Vec::new()).unwrap();
        file.interval("all", 0, 5_635_000, [edge]).unwrap();
        let text = String::from_utf8(file.out).unwrap();
        for part in ["begin=\"0.00\" end=\"5635.00\" id=\"all\"", "sampledSeconds=\"419.50\"", "traveltime=\"0.93\"", "overlapTraveltime=\"1.30\"", "density=\"5.06\"", "overlapDensity=\"7.04\"", "laneDensity=\"2.53\"", "speed=\"11.85\"", "speedRelative=\"0.85\"", "flow=\"208.", "distance=\"3445.94\""] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
