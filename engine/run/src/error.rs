//! Why a run, a comparison or a sweep did not take place.

use qike_scene::scenario::ScenarioError;
use std::fmt;
use std::path::{Path, PathBuf};

/// A fault in a table that a scenario names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFault {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

fn lines<T: fmt::Display>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join("\n")
}

/// A fault of a run; messages name the file and what is near.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The call makes no sense (exit code 2 of the command).
    #[error("{0}")]
    Usage(String),
    /// The scenario file.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The store that a scenario names.
    #[error("{scenario}: {source}")]
    Store {
        /// The scenario.
        scenario: String,
        /// What the store says.
        source: Box<qike_store::StoreError>,
    },
    /// The network cannot be derived.
    #[error("{scenario}: {source}")]
    Network {
        /// The scenario.
        scenario: String,
        /// What is wrong.
        source: qike_network::NetworkError,
    },
    /// Edits that do not fit their base, one a line.
    #[error("{scenario}: {}", lines(errors))]
    Edits {
        /// The scenario.
        scenario: String,
        /// All faults.
        errors: Vec<qike_scene::edit::EditError>,
    },
    /// OD tables, one fault a line.
    #[error("{}", lines(.0))]
    Tables(Vec<TableFault>),
    /// A demand that the city cannot meet.
    #[error("{scenario}: demand '{demand}': {message}")]
    Demand {
        /// The scenario.
        scenario: String,
        /// The demand's name.
        demand: String,
        /// What is wrong.
        message: String,
    },
    /// A traffic scenario that cannot be run.
    #[error("{scenario}: {message}")]
    Traffic {
        /// The scenario.
        scenario: String,
        /// What is wrong.
        message: String,
    },
    /// A checkpoint that cannot be written or gone on from.
    #[error("{}: {message}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The simulation refuses its input.
    #[error(transparent)]
    Simulation(#[from] qike_sim::SimError),
    /// The recording.
    #[error(transparent)]
    Record(#[from] qike_record::RecordError),
    /// The user asked to stop; what was recorded stays, as an unfinished run.
    #[error("stopped: {} holds what was recorded until then", .0.display())]
    Cancelled(PathBuf),
}

impl RunError {
    /// A file that could not be read or written.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
        let path = path.to_owned();
        move |source| RunError::Io { path, source }
    }
}
