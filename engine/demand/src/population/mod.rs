//! People of a scene and their day: households in its buildings, ages, who works and who learns, where, when, and how they get about.
//!
//! How many live, work, learn and shop where comes from the buildings ([`sites()`]); what else is needed is stated in a file that users
//! can replace ([`Assumptions`]). Places of work and of learning are shared out by the doubly constrained gravity model, those of
//! shopping and free time by one whose origins are met, all between zones of a grid and with stated mean distances ([`crate::gravity()`]);
//! within a zone by what buildings offer. Modes are drawn by a logit over the distance from home, one for each way out and back.

mod assumptions;
mod day;
mod sites;
mod synthesis;
mod zones;

pub use assumptions::{Activity, Assumptions, Doing, GIVEN, Mode, Role};
pub use day::{Person, Stay};
pub use sites::{Site, Sites, sites};
pub use synthesis::{Distances, Options, Population, populate};
pub use zones::{Grid, PopulationZone, grid};
