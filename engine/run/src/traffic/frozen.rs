//! A running city put aside: its model and what the recording of it holds, from which any number of runs go on, each by itself. It
//! comes from a checkpoint, or from a run that was just done; what never changes is shared by all that go on from it.

use super::checkpoint::{self, CheckpointHead};
use super::detect::Detectors;
use super::rows::Rows;
use super::{Counts, EdgeMeter, ModelChoice, Totals, TrafficModel, make, prepare};
use crate::RunError;
use qike_scene::traffic::TrafficScenario;
use qike_sim::state::{Exchange, StateError};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A running city put aside.
pub struct Frozen {
    pub(super) head: CheckpointHead,
    pub(super) scenario: Arc<TrafficScenario>,
    pub(super) model: Box<dyn TrafficModel>,
    /// What the recording held: see [`Recorded`].
    pub(super) recorded: Vec<u8>,
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Frozen").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Frozen {
    /// Reads a checkpoint of a scenario; `threads` as in [`super::TrafficOptions`].
    ///
    /// # Errors
    /// What is no checkpoint, was cut off or changed, or is of another scenario.
    pub fn read(path: &Path, mut scenario: TrafficScenario, threads: Option<usize>) -> Result<Self, RunError> {
        prepare(&mut scenario);
        checkpoint::read(path, |head, with| {
            let other = head.other(&scenario);
            if !other.is_empty() {
                let text = format!(
                    "it was saved of another state of '{}': other now: {}. Go on with the files as they were, or run the scenario from its beginning; changes to a running city are said in a what-if ([base] state)",
                    head.scenario,
                    other.join(", ")
                );
                return Err(RunError::Checkpoint { path: path.to_owned(), message: text });
            }
            let mut model = make(&scenario, head.model(), head.seed, threads, &mut None).map_err(|message| RunError::Traffic { scenario: scenario.name.clone(), message })?;
            let mut recorded = Vec::new();
            let read = model.exchange(with).and_then(|()| with.part("recording", &mut recorded));
            Ok(read.map(|()| Self { head, scenario: Arc::new(scenario), model, recorded }))
        })
    }

    /// Of which scenario, time and model it is.
    pub fn head(&self) -> &CheckpointHead {
        &self.head
    }

    /// Writes it as a checkpoint.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(super) fn write(path: &Path, head: &CheckpointHead, model: &mut dyn TrafficModel, mut recorded: Vec<u8>) -> Result<(), RunError> {
        checkpoint::write(path, head, |with| {
            model.exchange(with)?;
            with.part("recording", &mut recorded)
        })
    }

    /// Whether a scenario is the one of which it was made.
    pub(super) fn is_of(&self, scenario: &TrafficScenario) -> bool {
        self.head.other(scenario).is_empty()
    }

    /// The model that it runs.
    pub(super) fn choice(&self) -> ModelChoice {
        self.head.model()
    }
}

/// Where the recording of a run is in time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    /// Begin of the link interval under way, ms.
    pub links_from: i64,
    /// The next key frame, ms.
    pub tracks_at: i64,
    /// Nobody has moved since then, ms.
    pub since: i64,
}

/// What the recording of a run holds, beyond what it has written.
pub(super) struct Recorded<'a> {
    pub place: &'a mut Place,
    pub before: &'a mut Counts,
    pub totals: &'a mut Totals,
    pub rows: &'a mut Rows,
    pub detectors: &'a mut Detectors,
    pub meter: &'a mut EdgeMeter,
    /// What each watcher holds.
    pub watchers: &'a mut Vec<Vec<u8>>,
}

impl Recorded<'_> {
    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { place, before, totals, rows, detectors, meter, watchers } = self;
        with.part("place in time", *place)?;
        with.part("counts", *before)?;
        with.part("totals", *totals)?;
        with.list("link interval", &mut rows.before)?;
        detectors.exchange(with)?;
        meter.exchange(with)?;
        with.part("outputs", *watchers)
    }

    /// All of it.
    pub fn save(&mut self) -> Result<Vec<u8>, StateError> {
        let mut bytes = Vec::new();
        self.exchange(&mut Exchange::Save(&mut bytes))?;
        Ok(bytes)
    }

    /// Goes on from it.
    pub fn load(&mut self, mut bytes: &[u8]) -> Result<(), StateError> {
        self.exchange(&mut Exchange::Load(&mut bytes))
    }
}
