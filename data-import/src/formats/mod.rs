//! One module a format. To add one: write the module, add its importer to [`crate::IMPORTERS`].

pub(crate) mod area;
pub mod citygml;
pub mod cityjson;
pub(crate) mod features;
pub(crate) mod findings;
pub mod fixes;
pub mod flatgeobuf;
pub mod geojson;
pub mod geopackage;
pub mod gtfs;
pub mod ifc;
pub mod indoorgml;
pub mod inp;
pub mod matsim;
pub mod obj;
pub mod od;
pub mod osm;
pub mod poly;
pub mod records;
pub mod sensorthings;
pub mod shapefile;
pub mod table;
pub mod sumo;
pub mod terrain;
pub mod tntp;
