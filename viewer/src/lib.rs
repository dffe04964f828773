//! The desktop viewer of Qike: it draws a city and what moves in it, in a window or into a picture.
pub mod mesh;
pub mod model;
