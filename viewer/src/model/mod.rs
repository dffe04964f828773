//! What is drawn, without any graphics: layers, colours, tiles, shade, cameras, picking.

pub mod busiest;
pub mod cameras;
pub mod city;
pub mod frame;
pub mod ground;
pub mod horizon;
pub mod layer;
pub mod palette;
pub mod pick;
pub mod shade;
pub mod storeys;
