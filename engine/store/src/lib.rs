//! The scene store: one GeoPackage file. The only crate that knows SQLite.
//!
//! QGIS, GDAL and DuckDB open the file as it is and see one layer of plans for each class of objects; Qike keeps 3D
//! geometry, a 3D R*-tree, sources and history beside them (the tables are described in [`schema`]). It knows no format:
//! objects come in through `ObjectSink`, which [`ImportTransaction`] implements.
//!
//! What other programs may do to a store: read everything, and edit features' names and attributes. 3D geometry follows no
//! edit of a plan; features added elsewhere are no objects of Qike.

mod boxes;
mod bytes;
pub mod check;
pub mod codec;
mod digits;
mod encode;
mod error;
mod family;
mod filters;
pub mod footprint;
pub mod gpb;
mod hit;
mod images;
pub mod history;
mod import;
pub mod layers;
mod looks;
mod pick;
mod query;
mod read;
mod remove;
mod report;
mod rows;
pub mod schema;
mod select;
mod silhouette;
mod store;
mod terms;
mod totals;
mod validate;
pub mod when;
mod writer;

pub use error::StoreError;
pub use footprint::Footprint;
pub use images::ImageEntry;
pub use history::{SourceStep, Transaction, Version};
pub use import::{ImportTransaction, Step};
pub use pick::PickHit;
pub use hit::{AttributeText, Hit};
pub use query::Query;
pub use read::ObjectKey;
pub use report::{ImportReport, SourceChanges};
pub use validate::{repair_snapshot, validate_snapshot};
pub use remove::Removal;
pub use when::{Moment, When};
pub use store::{Info, ObjectCounts, SceneStore, SourceCounts};
