//! Demand of traffic: who wants to travel from where to where, and when.
//!
//! - [`spread()`] makes trips of a matrix of origins and destinations: how many is exact, when and on which edges is drawn.
//! - [`fit`] finds how often routes are driven, so that what passes is what was counted.
//! - [`gravity()`] shares trips out between zones; [`population`] makes the people of a scene, and their days.
//! - [`road_links`] makes a network of costs of a road map, for static assignment.
//! - [`Profile`] is how a day's traffic is shared by its hours.
//!
//! Every draw is a function of the seed and of what it is for ([`qike_core::CounterRng`]): the same input gives the same trips.

mod ends;
pub mod fit;
pub mod gravity;
mod links;
pub mod population;
mod profile;
mod spread;

pub use ends::Ends;
pub use gravity::gravity;
pub use links::{Capacities, RoadLinks, road_links};
pub use profile::Profile;
pub use spread::{Departures, OdTrip, Options, Piece, pieces, spread};
