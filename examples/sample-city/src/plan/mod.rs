//! The plan: curves, streets, cells, water, and how they are drawn into OSM.

pub mod curve;
pub mod draw;
pub mod ground;
pub mod lingang;
pub mod street;
pub mod water;
