//! One module a format. To add one: write the module, add its importer to [`crate::IMPORTERS`].

pub mod cityjson;
pub mod geojson;
pub mod gtfs;
pub mod ifc;
pub mod osm;
pub mod table;
