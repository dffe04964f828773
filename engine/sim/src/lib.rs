//! Mobility models on one clock: lane-level vehicles and walkers.
//!
//! A model reads the frozen state of its agents and writes the next one ([`MobilityModel`]); the [`Clock`] steps all models and
//! lets them see of each other only what was true before the tick. All randomness is a function of (seed, traveller, purpose) and
//! all conflicts are resolved in a fixed order, so a run gives the same bits for any number of threads.
//!
//! What this crate refuses to do: it reads no files, knows no scenario, and never prints. Networks and demand come in, rows go out
//! through a [`qike_record::Recorder`].
//!
//! Adding a model: write a module that implements [`MobilityModel`], and add one line to the list in [`Simulation::new`].

pub mod clock;
pub mod demand;
mod edited;
pub mod exchange;
pub mod hybrid;
mod intervals;
pub mod metropolis;
pub mod micro;
pub mod model;
pub mod options;
pub mod queue;
pub mod simulation;
pub mod state;
pub mod stats;
pub mod traffic;
pub mod vehicle;
pub mod walker;

pub use clock::Clock;
pub use demand::{
    Closure, Demand, ServiceStop, SpeedClass, TrainArrival, TransitService, VehicleKind, VehicleTrip, WalkPlace, WalkTrip,
};
pub use model::MobilityModel;
pub use options::Options;
pub use simulation::Simulation;
pub use stats::Statistics;
pub use traffic::TrafficModel;

/// Why a simulation cannot be set up or go on.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The demand does not fit the networks.
    #[error("demand: {0}")]
    Demand(String),
    /// An option has a value that makes no sense.
    #[error("option {name}: {reason}")]
    Option {
        /// The option.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Threads cannot be started.
    #[error("the thread pool cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The recording cannot be written.
    #[error(transparent)]
    Record(#[from] qike_record::RecordError),
}
