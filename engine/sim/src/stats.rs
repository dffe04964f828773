//! Counts and means of a run, as `summary.json` wants them.

use serde::{Deserialize, Serialize};

/// Vehicles of a run. `loaded = inserted + waiting`, `inserted = running + arrived` hold at every step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VehicleCounts {
    /// Trips that were due.
    pub loaded: u64,
    /// Vehicles that entered the network.
    pub inserted: u64,
    /// Due trips that found no room yet.
    pub waiting: u64,
    /// Vehicles that are under way (those in transfer after a teleport included).
    pub running: u64,
    /// Trips that ended.
    pub arrived: u64,
    /// Times that a vehicle was taken out of a jam and put further along its route.
    pub teleported: u64,
    /// Trips without any route; they are not loaded.
    pub unroutable: u64,
    /// Routes changed under way.
    pub rerouted: u64,
}

/// Walkers of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalkerCounts {
    /// Walks that were due.
    pub loaded: u64,
    /// People who appeared.
    pub inserted: u64,
    /// Due people for whom there was no free spot yet.
    pub waiting: u64,
    /// People under way.
    pub running: u64,
    /// People who arrived.
    pub arrived: u64,
    /// Walks without any route; they are not loaded.
    pub unroutable: u64,
}

/// Sums over trips that ended; divide by the number of arrived ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TripSums {
    /// Time under way, s.
    pub duration_s: f64,
    /// Time lost against driving freely, s.
    pub time_loss_s: f64,
    /// Time standing (below 0.1 m/s), s.
    pub waiting_s: f64,
    /// Time between the wish to depart and the departure, s.
    pub depart_delay_s: f64,
    /// Way, m.
    pub route_length_m: f64,
}

/// All statistics of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Vehicle-steps computed.
    pub vehicle_updates: u64,
    /// Walker-steps computed.
    pub walker_updates: u64,
    /// Vehicles.
    pub vehicles: VehicleCounts,
    /// Sums over arrived vehicles.
    pub vehicle_trips: TripSums,
    /// Walkers.
    pub walkers: WalkerCounts,
    /// Sums over arrived walkers.
    pub walker_trips: TripSums,
}
