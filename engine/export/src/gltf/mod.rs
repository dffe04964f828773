//! What the tiles and the single glTF file share: the binary file, looks, triangles by look, the table of properties.

pub mod batch;
pub mod buffer;
pub mod look;
pub mod picture;
pub mod table;
