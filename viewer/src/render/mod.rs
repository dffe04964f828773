//! The city on the graphics card: materials, tiles, agents, cameras, and pictures without a display.

pub mod agents;
pub mod camera;
pub mod material;
pub mod picture;
pub mod signals;
pub mod sky;
pub mod tiles;
