//! `fcd-output`: where everybody is, step by step.

use super::xml::Document;
use std::io::{self, Write};

/// A vehicle at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FcdVehicle<'a> {
    /// Its id.
    pub id: &'a str,
    /// Front bumper in the network's coordinates, m.
    pub position: [f64; 2],
    /// Height, where the network has heights.
    pub z: Option<f64>,
    /// Heading, radians counter-clockwise from east.
    pub heading: f64,
    /// Its kind's id.
    pub kind: &'a str,
    /// m/s.
    pub speed_mps: f64,
    /// On its lane, m.
    pub pos_m: f64,
    /// Its lane's id.
    pub lane: &'a str,
    /// Rise of the road, radians.
    pub slope: f64,
}

/// Writes positions.
#[derive(Debug)]
pub struct Fcd<W>(Document<W>);

impl<W: Write> Fcd<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(out: W) -> io::Result<Self> {
        Document::new(out, "fcd-export", "fcd_file.xsd").map(Self)
    }

    /// A step, with its vehicles in the order in which they are to be written.
    ///
    /// # Errors
    /// Those of writing.
    pub fn step<'a>(&mut self, time_ms: i64, vehicles: impl IntoIterator<Item = FcdVehicle<'a>>) -> io::Result<()> {
        let mut vehicles = vehicles.into_iter().peekable();
        if vehicles.peek().is_none() {
            return self.0.element(1, "timestep", |line| {
                line.time("time", time_ms);
            });
        }
        self.0.open(1, "timestep", |line| {
            line.time("time", time_ms);
        })?;
        for v in vehicles {
            // SUMO counts angles clockwise from north.
            let angle = (90.0 - v.heading.to_degrees()).rem_euclid(360.0);
            self.0.element(2, "vehicle", |line| {
                line.text("id", v.id).number("x", v.position[0]).number("y", v.position[1]);
                if let Some(z) = v.z {
                    line.number("z", z);
                }
                line.number("angle", if angle >= 359.995 { 0.0 } else { angle })
                    .text("type", v.kind)
                    .number("speed", v.speed_mps)
                    .number("pos", v.pos_m)
                    .text("lane", v.lane)
                    .number("slope", v.slope.to_degrees());
            })?;
        }
        self.0.close(1, "timestep")
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
