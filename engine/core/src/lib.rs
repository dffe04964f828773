//! What every other crate of Qike speaks: time, coordinate systems, bounds, diagnostics, progress, randomness, hashes.
//!
//! It knows no city object, no file format and no store. The only foreign code it links is PROJ, so that there is one
//! place where coordinates change their system.

pub mod bounds;
pub mod calendar;
mod common;
pub mod crs;
pub mod datum_shift;
pub mod diagnostic;
pub mod fast_map;
pub mod feedback;
pub mod frame;
pub mod hash;
mod projection;
pub mod rng;
pub mod testdata;
pub mod time;
mod tmerc;
mod transform;
pub mod vertical;

pub use bounds::{Bounds2, Bounds3};
pub use crs::{Crs, CrsError, SourceCrs};
pub use transform::Transform;
pub use diagnostic::{Diagnostic, Place, Severity};
pub use feedback::{Cancelled, Feedback, Listener, Task};
pub use frame::LocalFrame;
pub use hash::StateHasher;
pub use rng::CounterRng;
pub use time::SimTime;
pub use vertical::{HeightChange, VerticalCrs};
