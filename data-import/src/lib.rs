//! Importers of foreign formats: one module a format under [`formats`], one line each in [`IMPORTERS`].
//!
//! An importer reads a [`Source`] and hands objects, in the coordinates that the sink asks for, to the scene's
//! `ObjectSink`. It knows no store, no network and no model. Bad input is a `Diagnostic` given to the sink, or an
//! [`ImportError`] where the whole source is unreadable; it is never a panic.

mod ahead;
pub mod archive;
pub mod error;
pub mod formats;
mod gather;
mod images;
pub mod importer;
pub mod observed;
pub mod plan;
pub mod prefix;
pub mod projector;
pub mod source;
pub mod text;

pub use error::ImportError;
pub use formats::area::read_area;
pub use importer::{Confidence, IMPORTERS, Importer, Profile, sniff};
pub use observed::{Observed, observed, read_roads, read_traffic};
pub use plan::{ImportReport, PlannedSource, SourceOutcome, import_all, plan, plan_with, suggest_crs};
pub use projector::Projector;
pub use formats::{fixes, matsim, od, sumo};
pub use source::{Place, Source, SourceOptions};
