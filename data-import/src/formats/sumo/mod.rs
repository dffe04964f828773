//! Scenarios of SUMO (Simulation of Urban MObility) as they are: network, demand, what stands beside the road, settings.
//!
//! A `.sumocfg` names the files; each is read as a stream into a [`TrafficScenario`]: first the network, then the additional
//! files, then the routes, as SUMO does. Elements of routes and of additional files may stand in either. What SUMO would end
//! with an error over (an unknown edge, a route that is not connected) costs the vehicle or the object it is about, and is told;
//! what is not supported is told once for each kind of thing. After <https://sumo.dlr.de/docs/> of version 1.20 and later.

mod classes;
mod config;
mod detected;
mod edge_data;
mod extras;
mod fcd;
mod flows;
mod importer;
mod junctions;
mod kinds;
mod links;
mod loading;
pub(crate) mod log;
mod models;
mod names;
mod net;
mod options;
mod paths;
mod rerouters;
mod signals;
mod stops;
mod switches;
mod travel;
mod trips;
pub(crate) mod values;
mod vehicles;
mod weights;
mod whereabouts;
pub(crate) mod xml;
mod zones;

pub use detected::read_detected;
pub use edge_data::read_edge_data;
pub use fcd::Fcd;
pub use importer::{SumoNet, write_map};
pub(crate) use fcd::is_header as is_fcd_table;
pub(crate) use importer::{Writer, place as place_of, renamed, root};
pub(crate) use xml::shown;
pub use trips::read_trips;

use crate::ImportError;
use loading::Loading;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{EdgeTimes, RoadUsers, TrafficScenario, VehicleKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads the scenario that a configuration (`X.sumocfg`) names. Names of files in it are relative to its own folder; any of them
/// may be compressed (gzip, bzip2). What was wrong or is not supported is in [`TrafficScenario::findings`].
///
/// # Errors
/// Where the configuration or the network cannot be read, or the network has no edges or no junctions.
pub fn read_scenario(path: &Path, feedback: &Feedback) -> Result<TrafficScenario, ImportError> {
    let mut loading = Loading::new(TrafficScenario::default(), feedback);
    config::read(&mut loading, path)?;
    Ok(loading.finish())
}

/// Reads a network (`X.net.xml`) alone: a scenario in which nobody travels yet.
///
/// # Errors
/// Where it cannot be read or has no edges or no junctions.
pub fn read_net(path: &Path, feedback: &Feedback) -> Result<TrafficScenario, ImportError> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut loading = Loading::new(TrafficScenario { name, ..TrafficScenario::default() }, feedback);
    net::read(&mut loading, path, &path.display().to_string())?;
    Ok(loading.finish())
}

/// Adds the vehicles, trips and flows of a file of routes to a scenario that has a network.
///
/// # Errors
/// Where the file cannot be opened. The scenario then is as it was.
pub fn read_routes(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    read_into(path, scenario, feedback)
}

/// Adds what an additional file holds (stops, detectors, signal plans, rerouters …) to a scenario that has a network. Of a
/// signal's plans the one that was added last runs.
///
/// # Errors
/// Where the file cannot be opened. The scenario then is as it was.
pub fn read_additionals(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    read_into(path, scenario, feedback)
}

/// Reads how long edges take by interval (`edgeData` with `traveltime`), for a scenario that has a network; and what was wrong in it.
///
/// # Errors
/// Where the file cannot be opened, or holds something else.
pub fn read_edge_times(path: &Path, scenario: &TrafficScenario, feedback: &Feedback) -> Result<(EdgeTimes, Vec<Diagnostic>), ImportError> {
    weights::read(path, scenario, feedback)
}

/// File and line of vehicles, trips and flows of those ids, in a file of routes or in those that a configuration names.
pub fn places_of(path: &Path, ids: &BTreeSet<&str>) -> BTreeMap<String, (String, u64)> {
    whereabouts::find(path, ids)
}

/// A type of vehicles that SUMO knows without being told (`DEFAULT_VEHTYPE` and the like).
pub fn given_kind(id: &str) -> Option<VehicleKind> {
    let feedback = Feedback::silent();
    kinds::given(&mut Loading::new(TrafficScenario::default(), &feedback), id)
}

/// A type of vehicles with what SUMO assumes of that class.
pub fn kind_of_class(id: &str, class: RoadUsers) -> VehicleKind {
    let feedback = Feedback::silent();
    kinds::of_class(&mut Loading::new(TrafficScenario::default(), &feedback), id, class)
}

fn read_into(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    let name = path.display().to_string();
    // Opened before anything is taken out of the scenario.
    let xml = xml::Xml::open(path, &name)?;
    let mut loading = Loading::new(std::mem::take(scenario), feedback);
    let read = loading.elements(xml);
    *scenario = loading.finish();
    read
}
