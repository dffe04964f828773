//! MATSim (Multi-Agent Transport Simulation): networks, plans, configurations, events and counts.
//!
//! A configuration names the files; the network becomes a map whose links are edges of as many lanes as `permlanes` says, joined
//! without lanes over junctions, and the car legs of the selected plans become vehicles. MATSim simulates whole days and finds plans
//! over many iterations; here the plans that are in the file are driven once. After the file formats of version 2024
//! (network v1, v2; population v4 to v6; config v1, v2; counts v1, v2; events v1).

mod chain;
mod config;
mod counts;
mod events;
mod importer;
mod network;
mod plans;

pub use counts::read_counts;
pub use events::Events;
pub use importer::MatsimNet;

use super::sumo::log::Log;
use super::sumo::xml::{Tag, Xml};
use crate::ImportError;
use qike_core::Feedback;
use qike_scene::traffic::TrafficScenario;
use std::path::Path;

/// Reads the scenario of a configuration. What was wrong or is not supported is in [`TrafficScenario::findings`].
///
/// # Errors
/// Where the configuration or the network cannot be read, or the network has no links.
pub fn read_scenario(path: &Path, feedback: &Feedback) -> Result<TrafficScenario, ImportError> {
    config::read(path, feedback)
}

/// Reads a network alone: a scenario in which nobody travels yet.
///
/// # Errors
/// Where it cannot be read or has no links.
pub fn read_network(path: &Path, feedback: &Feedback) -> Result<TrafficScenario, ImportError> {
    let mut scenario = TrafficScenario { name: file_name(path), ..TrafficScenario::default() };
    network::read(path, &mut scenario, feedback)?;
    Ok(scenario)
}

/// Adds the car legs of a population's selected plans to a scenario that has a network of MATSim.
///
/// # Errors
/// Where the file cannot be opened.
pub fn read_plans(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    plans::read(path, scenario, feedback)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Opens a file whose root must be one of these.
fn open(path: &Path, roots: &[&[u8]], what: &str) -> Result<(Xml, Log), ImportError> {
    let name = path.display().to_string();
    let mut xml = Xml::open(path, &name)?.with_doctype();
    let fault = match xml.child(0) {
        Ok(Some(root)) if roots.contains(&root.name) => None,
        Ok(Some(root)) => Some((root.line(), format!("this is no {what} of MATSim: its root is '{}'", root.title()))),
        Ok(None) => Some((1, "there is no element in it".to_owned())),
        Err(broken) => Some((broken.line, broken.reason)),
    };
    match fault {
        Some((line, reason)) => Err(ImportError::corrupt(&name, format!("line {line}"), reason)),
        None => Ok((xml, Log::of(&name))),
    }
}

/// A time in ms: `h:m:s`, or seconds; none where it is `undefined`.
fn time(tag: &Tag<'_>, key: &[u8]) -> Option<i64> {
    tag.get(key).and_then(|text| super::sumo::values::time(&text)).filter(|ms| *ms >= 0)
}

/// A finite number.
fn number(tag: &Tag<'_>, key: &[u8]) -> Option<f64> {
    tag.get(key).and_then(|text| super::sumo::values::number(&text))
}
