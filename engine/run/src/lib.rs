//! From a scenario to a recording, and from recordings to a comparison.
//!
//! - [`run`]: one scenario, all its seeds → a run directory (or one with a folder for each seed).
//! - [`sweep`]: a study: scenarios × parameters × seeds → many run directories and a table.
//! - [`traffic`]: a traffic scenario of another simulator → a run directory, and whatever else is written as it runs.
//! - [`replay`]: what was seen of traffic, on the street or in another simulator → a run directory.
//! - [`compare`]: two run directories or more → what changed, and how sure that is.
//!
//! The viewer, the command and CI all come through here: there is no other way to run anything. Nothing here prints; what takes
//! long tells its [`qike_core::Feedback`].

mod apply;
mod city;
pub mod compare;
mod demand;
mod error;
mod load;
pub mod replay;
mod run;
mod summary;
mod sweep;
mod tally;
pub mod traffic;

pub use compare::{Comparison, compare, geh, seed_folders};
pub use error::{RunError, TableFault};
pub use load::{folder, load};
pub use run::{RunOptions, RunReport, SeedReport, default_out, run};
pub use sweep::{ReadTraffic, SweepOptions, SweepReport, SweepRow, sweep, sweep_with};
