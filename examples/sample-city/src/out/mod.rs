//! Writers of the file formats.

pub mod cityjson;
pub mod osm;
