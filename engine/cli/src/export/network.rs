//! The lane network of a store as a file of SUMO.

use super::{Written, to_stream};
use crate::failure::Failure;
use qike_core::{Feedback, Severity};
use qike_network::{LaneNetwork, NetworkOptions};
use qike_store::SceneStore;
use serde::Serialize;
use std::path::Path;

/// What a network has.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Roads, each direction for itself.
    pub links: usize,
    /// Their lanes.
    pub lanes: usize,
    /// Ways over junctions, lane by lane.
    pub connections: usize,
    /// Places where roads meet, go on or end.
    pub junctions: usize,
    /// Junctions with lights.
    pub signals: usize,
}

/// Derives the network and writes it.
pub fn write(store: &SceneStore, left_hand: bool, out: &Path, feedback: &Feedback) -> Result<Written, Failure> {
    let snapshot = store.snapshot(feedback)?;
    let network = LaneNetwork::from_scene(&snapshot, &NetworkOptions { left_hand }).map_err(Failure::new)?;
    if network.links.is_empty() {
        return Err(Failure::new("the store has no road that motor vehicles may use: there is no network to write").help("roads are objects of class Road with OSM's attribute 'highway'"));
    }
    for fault in network.faults.iter().filter(|fault| fault.severity >= Severity::Warning) {
        feedback.message(&fault.to_string());
    }
    let mut map = network.road_map();
    map.location = store.crs().proj_text().map(|text| (text, [0.0; 2]));
    to_stream(out, |w| qike_export::sumo::net::write(&map, w).map_err(|e| Failure::new(format!("{}: cannot be written ({e})", out.display()))))?;
    let counts = Counts {
        links: network.links.len(),
        lanes: network.lanes.len(),
        connections: network.connections.len(),
        junctions: network.junctions.len(),
        signals: network.programs.len(),
    };
    Ok(Written { objects: network.links.len() as u64, network: Some(counts), ..Written::default() })
}
