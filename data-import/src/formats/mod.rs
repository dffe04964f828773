//! One module a format. To add one: write the module, add its importer to [`crate::IMPORTERS`].

pub mod citygml;
pub mod cityjson;
mod findings;
pub mod geojson;
pub mod gtfs;
pub mod ifc;
pub mod inp;
pub mod obj;
pub mod osm;
pub mod poly;
pub mod table;
