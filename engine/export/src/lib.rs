//! City models as files of other formats. Documents that name one object in another ([`citygml`], [`cityjson`]) take a snapshot and the
//! objects chosen from it; drawings ([`tiles`], [`glb`]) take a [`City`], which gives them objects in pieces. Where the bytes go, and
//! that a file appears only when it is whole, is the caller's. Results of traffic runs become SUMO's files in [`sumo`], days of people MATSim's in [`matsim`].

mod about;
pub mod city;
pub mod citygml;
pub mod cityjson;
pub mod error;
pub mod glb;
mod gltf;
pub mod matsim;
pub mod pictures;
pub mod selection;
pub mod sumo;
pub mod tiles;

pub use city::City;
pub use error::ExportError;
pub use pictures::Pictures;
