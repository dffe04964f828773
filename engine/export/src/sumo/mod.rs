//! Results of traffic runs in SUMO's own XML, as its release 1.28 writes them: the same elements, attributes, units and two decimals,
//! so that scripts which read SUMO's outputs read these; and maps as its network files ([`net`]).
//!
//! Rows are written as they come; nothing is kept. Formats: <https://sumo.dlr.de/docs/Simulation/Output/>.

mod detectors;
mod edge_data;
mod fcd;
pub mod net;
mod routes;
mod summary;
mod tripinfo;
mod trips;
mod xml;

pub use detectors::{DetectorFile, DetectorOutput};
pub use edge_data::{EdgeData, EdgeValues};
pub use fcd::{Fcd, FcdVehicle};
pub use routes::{RouteFile, WrittenRoute};
pub use summary::{SummaryOutput, SummaryStep};
pub use tripinfo::{TripInfo, TripInfos};
pub use trips::{TripFile, WrittenFlow, WrittenTrip};
