//! Vehicle trips from an OD table.

use super::City;
use super::od::Row;
use super::roads::Roads;
use super::spread::Lot;
use crate::RunError;
use crate::error::TableFault;
use qike_scene::scenario::VehicleKind as Written;
use qike_sim::{VehicleKind, VehicleTrip};

/// How often another end is drawn where both ends are one link.
const TRIES: usize = 8;
/// Faults of one table that are told.
const MOST_FAULTS: usize = 20;

/// Draws the trips of a table. Every row with a zone that is not there, or that has no road, is told with its line.
pub(super) fn draw(city: &City, file: &str, rows: &[Row], kind: Written, lot: &Lot) -> Result<Vec<VehicleTrip>, RunError> {
    let kind = match kind {
        Written::Car => VehicleKind::Car,
        Written::Truck => VehicleKind::Truck,
        Written::Bus => VehicleKind::Bus,
    };
    let mut roads = Roads::new(city, kind.mode());
    let mut trips = Vec::new();
    let mut faults = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        match one_row(&mut roads, number, rows.len(), row, kind, lot) {
            Ok(some) => trips.extend(some),
            Err(message) => faults.push(TableFault { file: file.to_owned(), line: row.line, message }),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(trips) } else { Err(RunError::Tables(faults)) }
}

fn one_row(roads: &mut Roads, number: usize, rows: usize, row: &Row, kind: VehicleKind, lot: &Lot) -> Result<Vec<VehicleTrip>, String> {
    let from = roads.ends(&row.from).clone()?.origins.ok_or_else(|| format!("from '{}' no road leads into the network", row.from))?;
    let to = roads.ends(&row.to).clone()?.destinations.ok_or_else(|| format!("to '{}' no road leads out of the network", row.to))?;
    let draws = lot.row(number, rows, row.trips, row.start, row.end).ok_or("there are more trips than can be numbered")?;
    let trip = |mut draw: super::spread::Draw| {
        let (mut a, mut b) = (from.draw(&mut draw.rng), to.draw(&mut draw.rng));
        for _ in 0..TRIES {
            if a != b {
                break;
            }
            (a, b) = (from.draw(&mut draw.rng), to.draw(&mut draw.rng));
        }
        VehicleTrip { demand: lot.demand, trip: draw.trip, depart: draw.depart, from: a, to: b, kind }
    };
    Ok(draws.into_iter().map(trip).collect())
}
