//! The streets of a scenario as a store in the run directory, so that the viewer shows a run with nothing else at hand.

use crate::failure::Failure;
use qike_core::{Crs, Feedback};
use qike_import::ImportError;
use qike_scene::SourceInfo;
use qike_scene::traffic::RoadMap;
use qike_store::SceneStore;
use std::path::Path;

/// The store's name in the run directory.
pub const FILE: &str = "streets.gpkg";

/// Writes the store, in the CRS of the recording's tracks (`crs`, empty: the map's own coordinates); an older one is replaced.
pub fn write(map: &RoadMap, source: &str, crs: &str, dir: &Path, feedback: &Feedback) -> Result<(), Failure> {
    let path = dir.join(FILE);
    for ending in ["", "-wal", "-shm"] {
        let old = dir.join(format!("{FILE}{ending}"));
        if old.exists() {
            std::fs::remove_file(&old).map_err(|e| Failure::new(format!("{}: {e}", old.display())))?;
        }
    }
    let crs = Crs::parse(crs).unwrap_or_else(|_| Crs::local());
    let info = SourceInfo { path: source.to_owned(), format: "sumo".into(), content_hash: String::new(), crs: crs.definition().to_owned(), about: Default::default() };
    let mut store = SceneStore::create(&path, &crs)?;
    let mut transaction = store.import(feedback)?;
    qike_import::sumo::write_map(map, info, &mut transaction, feedback).map_err(|error| match error {
        ImportError::Sink(qike_scene::SinkError::Store(message)) => Failure::new(message),
        other => other.into(),
    })?;
    transaction.commit()?;
    Ok(())
}
