//! The unedited base of runs: the store's snapshot and the networks derived from it. Several runs may share one.

use crate::RunError;
use qike_core::Feedback;
use qike_network::{LaneNetwork, NetworkOptions, WalkNetwork, WalkOptions};
use qike_scene::SceneSnapshot;
use qike_store::{SceneStore, StoreError};
use std::path::{Path, PathBuf};

/// A city, loaded.
pub(crate) struct Base {
    pub(crate) store: PathBuf,
    pub(crate) content_hash: String,
    pub(crate) scene: SceneSnapshot,
    pub(crate) lanes: LaneNetwork,
    pub(crate) walks: WalkNetwork,
}

impl Base {
    /// Opens the store and derives the networks. `scenario` is the file that asks for it, for messages.
    pub(crate) fn load(store: &Path, scenario: &str, feedback: &Feedback) -> Result<Self, RunError> {
        let fault = |source: StoreError| RunError::Store { scenario: scenario.to_owned(), source: Box::new(source) };
        let opened = SceneStore::open(store).map_err(fault)?;
        let content_hash = opened.content_hash().map_err(fault)?;
        let scene = opened.snapshot(feedback).map_err(fault)?;
        let mut base = Self::of_scene(scene, scenario, feedback)?;
        base.store = store.to_owned();
        base.content_hash = content_hash;
        Ok(base)
    }

    /// Of a scene that is in memory already.
    pub(crate) fn of_scene(scene: SceneSnapshot, scenario: &str, feedback: &Feedback) -> Result<Self, RunError> {
        let fault = |source| RunError::Network { scenario: scenario.to_owned(), source };
        let task = feedback.task("networks", 2);
        let lanes = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).map_err(fault)?;
        task.advance(1);
        let walks = WalkNetwork::from_scene(&scene, &lanes, &WalkOptions::default()).map_err(fault)?;
        task.advance(1);
        Ok(Self { store: PathBuf::new(), content_hash: String::new(), scene, lanes, walks })
    }
}
