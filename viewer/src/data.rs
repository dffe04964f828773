//! Opens what the user named: a store, or run directories with the store they were run on.

use crate::replay::{Replay, Replays};
use qike_core::Feedback;
use qike_record::{FILE_SCENARIO, RecordError, Recording};
use qike_scene::{Scenario, SceneSnapshot};
use qike_store::{SceneStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum OpenError {
    /// No such file.
    #[error("{}: there is no such file or directory", .0.display())]
    #[diagnostic(code(qike::view::missing))]
    Missing(PathBuf),
    /// A file that is no store, a later store, a damaged one.
    #[error(transparent)]
    #[diagnostic(code(qike::view::store))]
    Store(#[from] StoreError),
    /// A directory that holds no run, or a damaged one.
    #[error(transparent)]
    #[diagnostic(code(qike::view::run))]
    Record(#[from] RecordError),
    /// The run's store is not where the run says.
    #[error("{}: the run was made on the store '{store}', which is not there", .run.display())]
    #[diagnostic(code(qike::view::run_without_store), help("put the store back, or name it first: qike view CITY.gpkg RUN_DIR"))]
    NoStore {
        /// The run.
        run: PathBuf,
        /// The store's path in it.
        store: String,
    },
    /// More than two runs.
    #[error("at most two runs can be shown side by side, and {0} are named")]
    #[diagnostic(code(qike::view::too_many))]
    TooMany(usize),
    /// Two stores.
    #[error("{} and {} are both stores; name one", .0.display(), .1.display())]
    #[diagnostic(code(qike::view::two_stores))]
    TwoStores(PathBuf, PathBuf),
    /// The store has nothing in it.
    #[error("{}: the store holds no objects; import something into it first", .0.display())]
    #[diagnostic(code(qike::view::empty), help("qike import SOURCE… --store CITY.gpkg"))]
    Empty(PathBuf),
}

/// What was opened.
pub struct Opened {
    /// The city.
    pub snapshot: Arc<SceneSnapshot>,
    /// Its runs.
    pub replays: Replays,
    /// What should be told and hinders nothing.
    pub warnings: Vec<String>,
}

/// Opens a store, runs, or both.
///
/// # Errors
/// [`OpenError`], each naming the file.
pub fn open(paths: &[PathBuf]) -> Result<Opened, OpenError> {
    let mut store: Option<PathBuf> = None;
    let (mut runs, mut warnings) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.exists() {
            return Err(OpenError::Missing(path.clone()));
        }
        if path.is_dir() {
            runs.push(path.clone());
        } else if let Some(other) = &store {
            return Err(OpenError::TwoStores(other.clone(), path.clone()));
        } else {
            store = Some(path.clone());
        }
    }
    if runs.len() > 2 {
        return Err(OpenError::TooMany(runs.len()));
    }
    let mut replays = Vec::new();
    for run in &runs {
        let recording = Recording::open(run)?;
        if !recording.is_finished() {
            warnings.push(format!("{}: the run was cut off; it is shown up to its last part", run.display()));
        }
        if store.is_none() {
            store = Some(store_of(run, &recording)?);
        }
        let title = recording.summary().map(|s| s.run.scenario.clone()).filter(|name| !name.is_empty());
        let title = title.unwrap_or_else(|| run.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()));
        let replay = Replay::new(recording, title)?;
        if replay.span().is_none() {
            warnings.push(format!("{}: the run recorded no tracks, so nothing moves", run.display()));
        }
        replays.push(replay);
    }
    let path = store.ok_or_else(|| OpenError::Missing(PathBuf::new()))?;
    let snapshot = SceneStore::open(&path)?.snapshot(&Feedback::silent())?;
    if snapshot.objects().is_empty() {
        return Err(OpenError::Empty(path));
    }
    Ok(Opened { snapshot: Arc::new(snapshot), replays: Replays(replays), warnings })
}

/// The store that a run was made on: as its summary says, or its scenario where it was cut off.
fn store_of(run: &Path, recording: &Recording) -> Result<PathBuf, OpenError> {
    let named = match recording.summary() {
        Some(summary) => summary.run.store.clone(),
        None => {
            let text = recording.scenario()?;
            let scenario = Scenario::parse(&text, FILE_SCENARIO);
            scenario.map(|s| s.base.store).unwrap_or_default()
        }
    };
    // A scenario names its store relative to itself; runs usually lie beside their scenario, or in a folder beside it.
    let near = [Some(run), run.parent(), run.parent().and_then(Path::parent)];
    let places = near.into_iter().flatten().map(|dir| dir.join(&named)).chain([PathBuf::from(&named)]);
    let mut places = places.filter(|_| !named.is_empty());
    places.find(|place| place.is_file()).ok_or(OpenError::NoStore { run: run.to_owned(), store: named })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_says_so_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere.gpkg");
        let told = |paths: &[PathBuf]| open(paths).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(told(&[missing]).contains("nowhere.gpkg: there is no such"));
        let text = folder.path().join("notes.gpkg");
        std::fs::write(&text, "these are notes, and no store").unwrap();
        assert!(told(std::slice::from_ref(&text)).contains("notes.gpkg"));
        assert!(told(&[text.clone(), text]).contains("are both stores"));
        let empty = folder.path().join("run");
        std::fs::create_dir(&empty).unwrap();
        assert!(told(std::slice::from_ref(&empty)).contains("holds no recording"));
        assert!(told(&[empty.clone(), empty.clone(), empty]).contains("at most two runs"));
    }
}
