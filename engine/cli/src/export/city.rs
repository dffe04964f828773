//! A store as the writers of drawings want it: boxes first, objects in pieces.

use qike_core::{Bounds3, Crs};
use qike_export::{City, ExportError};
use qike_scene::{Attributes, CityObject, Image, ImageId, Lod};
use qike_store::{ObjectKey, SceneStore, StoreError};

/// Chosen objects of a store.
pub struct StoredCity<'a> {
    /// The store.
    pub store: &'a SceneStore,
    /// Numbers of the objects, rising.
    pub keys: Vec<ObjectKey>,
    /// Geometries of these levels only; empty: of all.
    pub lods: &'a [Lod],
}

fn failed(error: StoreError) -> ExportError {
    ExportError::new(error)
}

impl City for StoredCity<'_> {
    fn crs(&self) -> &Crs {
        self.store.crs()
    }

    fn boxes(&self) -> Result<Vec<(i64, Bounds3)>, ExportError> {
        let boxes = self.store.boxes_of(&self.keys).map_err(failed)?;
        Ok(boxes.into_iter().map(|(key, bounds)| (key.0, bounds)).collect())
    }

    fn load(&self, numbers: &[i64]) -> Result<Vec<CityObject>, ExportError> {
        let keys: Vec<ObjectKey> = numbers.iter().map(|number| ObjectKey(*number)).collect();
        let mut objects = self.store.load_all(&keys).map_err(failed)?;
        if !self.lods.is_empty() {
            for object in &mut objects {
                object.geometries.retain(|g| self.lods.iter().any(|lod| lod.covers(g.lod)));
            }
        }
        Ok(objects)
    }

    fn attributes(&self, see: &mut dyn FnMut(&Attributes)) -> Result<(), ExportError> {
        self.store.each_attributes(&self.keys, see).map_err(failed)
    }

    fn image(&self, id: ImageId) -> Result<Option<Image>, ExportError> {
        self.store.image(id).map_err(failed)
    }
}
