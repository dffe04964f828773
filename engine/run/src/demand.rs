//! From the scenario's `[[demand]]` to the trips of a run.
//!
//! Every draw is a function of the seed, the demand's name, the row of the table and the number of the trip, so that the same
//! traveller appears in the base and in the what-if, however their scales and their other demands differ. That is what lets a
//! comparison follow travellers one by one.

mod area;
mod ground;
mod od;
mod people;
mod roads;
mod spread;
mod transit;
mod vehicles;

use crate::RunError;
use qike_core::SimTime;
use qike_network::{LaneNetwork, WalkNetwork};
use qike_record::Event;
use qike_scene::scenario::{Demand as Written, DemandKind, nearest};
use qike_scene::{ObjectIx, Scenario, SceneSnapshot};
use std::path::Path;

/// What demand is drawn on.
pub(crate) struct City<'a> {
    pub(crate) scenario: &'a Scenario,
    /// Name of the scenario in messages.
    pub(crate) file: &'a str,
    /// Folder of the scenario's tables.
    pub(crate) folder: &'a Path,
    pub(crate) scene: &'a SceneSnapshot,
    pub(crate) lanes: &'a LaneNetwork,
    pub(crate) walks: &'a WalkNetwork,
}

/// A run's demand, drawn.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// For the simulation.
    pub(crate) demand: qike_sim::Demand,
    /// Names by number.
    pub(crate) names: Vec<String>,
    /// Trains that arrive, for the recording.
    pub(crate) events: Vec<Event>,
    /// What the user should know: lines that could not be matched to roads.
    pub(crate) notes: Vec<String>,
}

impl City<'_> {
    fn fault(&self, demand: &Written, message: impl Into<String>) -> RunError {
        RunError::Demand { scenario: self.file.to_owned(), demand: demand.name.clone(), message: message.into() }
    }

    /// The objects that a name stands for: those of a zone, or the one of that id.
    fn objects(&self, name: &str) -> Result<Vec<ObjectIx>, String> {
        let find = |id: &str| {
            self.scene.find(id).ok_or_else(|| {
                let zones = self.scenario.zones.keys().map(String::as_str);
                let near = nearest(id, zones).or_else(|| self.scene.nearest_id(id));
                let help = near.map_or_else(String::new, |near| format!(" — did you mean '{near}'?"));
                format!("there is no zone or object '{id}'{help}")
            })
        };
        match self.scenario.zones.get(name) {
            Some(ids) if ids.is_empty() => Err(format!("the zone '{name}' is empty")),
            Some(ids) => ids.iter().map(|id| find(id.as_str()).map_err(|e| format!("zone '{name}': {e}"))).collect(),
            None => Ok(vec![find(name)?]),
        }
    }
}

/// Draws the trips of all demands. Their scale is the scenario's, as its edits left it.
pub(crate) fn draw(city: &City, scales: &[f64], seed: u64) -> Result<Drawn, RunError> {
    let mut drawn = Drawn { names: city.scenario.demand.iter().map(|d| d.name.clone()).collect(), ..Drawn::default() };
    let end = city.scenario.time.end();
    let mut ground = ground::Ground::new(city);
    for (number, (demand, scale)) in city.scenario.demand.iter().zip(scales).enumerate() {
        let lot = spread::Lot::new(number as u32, &demand.name, *scale, seed);
        match &demand.kind {
            DemandKind::VehicleOd { file, vehicle } => {
                let rows = od::read(&city.folder.join(file), file)?;
                drawn.demand.vehicles.extend(vehicles::draw(city, file, &rows, *vehicle, &lot)?);
            }
            DemandKind::WalkOd { file } => {
                let rows = od::read(&city.folder.join(file), file)?;
                drawn.demand.walks.extend(people::from_table(&mut ground, file, &rows, &lot)?);
            }
            DemandKind::Trains { .. } => {
                let (walks, trains) = people::from_trains(&mut ground, demand, &lot, end).map_err(|e| city.fault(demand, e))?;
                drawn.demand.walks.extend(walks);
                drawn.events.extend(trains);
            }
            DemandKind::Transit { lines } => {
                let services = transit::services(city, lines, number as u32, &mut drawn.notes).map_err(|e| city.fault(demand, e))?;
                drawn.demand.services.extend(services);
            }
        }
    }
    keep_within(&mut drawn, city.scenario.time.start, end);
    drawn.events.sort_by_key(|event| event.time);
    Ok(drawn)
}

/// Trips that begin before or after the run are not loaded.
fn keep_within(drawn: &mut Drawn, start: SimTime, end: SimTime) {
    let within = |t: SimTime| start <= t && t < end;
    drawn.demand.vehicles.retain(|trip| within(trip.depart));
    drawn.demand.walks.retain(|trip| within(trip.depart));
    for service in &mut drawn.demand.services {
        service.departures.retain(|t| within(*t));
    }
    drawn.demand.services.retain(|service| !service.departures.is_empty());
    drawn.events.retain(|event| within(event.time));
}
