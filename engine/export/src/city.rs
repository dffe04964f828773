//! Where drawings take a city from: boxes first, objects in pieces, pictures one by one, so that a city of any size passes through
//! little memory.

use crate::ExportError;
use qike_core::{Bounds3, Crs};
use qike_scene::{Attributes, CityObject, Image, ImageId};

/// The objects that are written, wherever they are kept.
pub trait City {
    /// The system of all coordinates.
    fn crs(&self) -> &Crs;

    /// Numbers and boxes of all objects that have geometry.
    fn boxes(&self) -> Result<Vec<(i64, Bounds3)>, ExportError>;

    /// The objects of these numbers.
    fn load(&self, numbers: &[i64]) -> Result<Vec<CityObject>, ExportError>;

    /// Shows the attributes of every object, whether it has geometry or not.
    fn attributes(&self, see: &mut dyn FnMut(&Attributes)) -> Result<(), ExportError>;

    /// A picture; `None` where it is not there.
    fn image(&self, id: ImageId) -> Result<Option<Image>, ExportError>;
}
