//! The city model in memory: objects with classes, LODs and geometry; immutable snapshots; what-if scenarios as data.
//!
//! No input or output here: importers write to [`ObjectSink`], the store keeps what comes through it, and everything that
//! computes or draws reads a [`SceneSnapshot`].

pub mod about;
pub mod appearance;
pub mod builder;
pub mod class;
pub mod diff;
pub mod edit;
pub mod geometry;
pub mod ground;
pub mod image;
pub mod lod;
pub mod measure;
pub mod object;
pub mod scenario;
pub mod sink;
pub mod snapshot;
pub mod traffic;
pub mod triangulate;
pub mod valid;
pub mod written;

pub use appearance::{Appearance, Material, Shading, Texture, TextureKind, Theme, Wrap};
pub use builder::GeometryBuilder;
pub use class::Class;
pub use edit::Edit;
pub use geometry::{Geometry, GeometryKind, Semantic};
pub use ground::Ground;
pub use image::{Image, ImageId};
pub use lod::Lod;
pub use object::{Attributes, CityObject, ObjectId, Series, Value};
pub use scenario::Scenario;
pub use sink::{ObjectSink, SinkError, SourceId, SourceInfo};
pub use snapshot::{ObjectIx, SceneSnapshot};
pub use written::Written;
