//! `trips.xml`: trips and flows whose ways are still to be found.

use super::routes::Seconds;
use super::xml::Document;
use std::io::{self, Write};

/// A trip between edges, of zones where they are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrittenTrip<'a> {
    /// Its id.
    pub id: &'a str,
    /// Departure, ms.
    pub depart_ms: i64,
    /// Edge where it begins.
    pub from: &'a str,
    /// Edge where it ends.
    pub to: &'a str,
    /// Zones.
    pub zones: Option<(&'a str, &'a str)>,
    /// Type of vehicle.
    pub kind: Option<&'a str>,
}

/// So many between two zones in an interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrittenFlow<'a> {
    /// Its id.
    pub id: &'a str,
    /// From and to, ms.
    pub span_ms: (i64, i64),
    /// How many.
    pub number: u64,
    /// Zones.
    pub zones: (&'a str, &'a str),
    /// Type of vehicle.
    pub kind: Option<&'a str>,
}

/// Writes trips and flows; they are to come in the order of departure.
#[derive(Debug)]
pub struct TripFile<W>(Document<W>);

impl<W: Write> TripFile<W> {
    /// Begins a file with types of vehicles: id and class.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new<'t>(out: W, kinds: impl IntoIterator<Item = (&'t str, &'t str)>) -> io::Result<Self> {
        let mut file = Document::new(out, "routes", "routes_file.xsd")?;
        for (id, class) in kinds {
            file.element(1, "vType", |l| _ = l.text("id", id).text("vClass", class))?;
        }
        Ok(Self(file))
    }

    /// A trip. It departs on the freest lane, as fast as is safe: as SUMO's od2trips writes them.
    ///
    /// # Errors
    /// Those of writing.
    pub fn trip(&mut self, trip: &WrittenTrip<'_>) -> io::Result<()> {
        self.0.element(1, "trip", |l| {
            l.text("id", trip.id).whole("depart", Seconds(trip.depart_ms)).text("from", trip.from).text("to", trip.to);
            if let Some((from, to)) = trip.zones {
                l.text("fromTaz", from).text("toTaz", to);
            }
            if let Some(kind) = trip.kind {
                l.text("type", kind);
            }
            l.text("departLane", "free").text("departSpeed", "max");
        })
    }

    /// A flow between zones.
    ///
    /// # Errors
    /// Those of writing.
    pub fn flow(&mut self, flow: &WrittenFlow<'_>) -> io::Result<()> {
        self.0.element(1, "flow", |l| {
            l.text("id", flow.id).whole("begin", Seconds(flow.span_ms.0)).whole("end", Seconds(flow.span_ms.1)).whole("number", flow.number);
            l.text("fromTaz", flow.zones.0).text("toTaz", flow.zones.1);
            if let Some(kind) = flow.kind {
                l.text("type", kind);
            }
            l.text("departLane", "free").text("departSpeed", "max");
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
