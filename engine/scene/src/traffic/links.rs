//! Networks of links with costs that rise with flow, and trips between zones: the input of static assignment.

use serde::{Deserialize, Serialize};

/// A directed link: it costs `free · (1 + b · (flow / capacity)^power) + fixed` (the function of the Bureau of Public Roads).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostLink {
    /// Node where it begins.
    pub from: u32,
    /// Node where it ends.
    pub to: u32,
    /// Capacity, in the unit of trips.
    pub capacity: f64,
    /// Cost without flow, 0 or more.
    pub free: f64,
    /// Factor, 0 or more.
    pub b: f64,
    /// Exponent, 0 or more.
    pub power: f64,
    /// Cost that flow does not change: a toll, a distance; 0 or more.
    pub fixed: f64,
    /// Length, in the unit of the source.
    pub length: f64,
}

/// A network of links. The first nodes are zones: trips begin and end there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkNetwork {
    /// How many nodes there are.
    pub nodes: u32,
    /// How many of them are zones: nodes 0 to this.
    pub zones: u32,
    /// Nodes below this one begin and end trips only: nobody drives through them.
    pub first_through: u32,
    /// Links.
    pub links: Vec<CostLink>,
    /// What nodes are called; empty: their places from 1 on.
    pub names: Vec<String>,
}

impl LinkNetwork {
    /// What a node is called.
    pub fn name(&self, node: u32) -> String {
        self.names.get(node as usize).cloned().unwrap_or_else(|| (u64::from(node) + 1).to_string())
    }
}

/// Trips between zones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TripTable {
    /// From, to (zones), how many (above 0): by from, then by to, no pair twice.
    pub trips: Vec<(u32, u32, f64)>,
}

impl TripTable {
    /// Sum of all trips.
    pub fn total(&self) -> f64 {
        self.trips.iter().map(|t| t.2).sum()
    }
}
