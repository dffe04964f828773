//! `fcd-output`: where everybody is, step by step.

use super::xml::{Line, head};
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
pub struct Fcd<W> {
    out: W,
    line: Line,
}

impl<W: Write> Fcd<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(mut out: W) -> io::Result<Self> {
        head(&mut out, "fcd-export", "fcd_file.xsd")?;
        Ok(Self { out, line: Line::default() })
    }

    /// A step, with its vehicles in the order in which they are to be written.
    ///
    /// # Errors
    /// Those of writing.
    pub fn step<'a>(&mut self, time_ms: i64, vehicles: impl IntoIterator<Item = FcdVehicle<'a>>) -> io::Result<()> {
        let mut vehicles = vehicles.into_iter().peekable();
        self.line.element(1, "timestep").time("time", time_ms);
        if vehicles.peek().is_none() {
            return self.line.close(&mut self.out);
        }
        self.line.open(&mut self.out)?;
        for v in vehicles {
            // SUMO counts angles clockwise from north.
            let angle = (90.0 - v.heading.to_degrees()).rem_euclid(360.0);
            let line = self.line.element(2, "vehicle").text("id", v.id).number("x", v.position[0]).number("y", v.position[1]);
            if let Some(z) = v.z {
                line.number("z", z);
            }
            line.number("angle", if angle >= 359.995 { 0.0 } else { angle })
                .text("type", v.kind)
                .number("speed", v.speed_mps)
                .number("pos", v.pos_m)
                .text("lane", v.lane)
                .number("slope", v.slope.to_degrees())
                .close(&mut self.out)?;
        }
        self.out.write_all(b"    </timestep>\n")
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"</fcd-export>\n")?;
        self.out.flush()
    }
}
