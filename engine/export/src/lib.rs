//! City models as files of other formats. Each writer takes a snapshot and the objects chosen from it; where the bytes go, and that
//! a file appears only when it is whole, is the caller's.

pub mod citygml;
pub mod cityjson;
pub mod error;
pub mod glb;
pub mod pictures;
pub mod selection;
pub mod tiles;

pub use error::ExportError;
pub use pictures::Pictures;
