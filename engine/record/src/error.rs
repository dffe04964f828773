//! Why a recording cannot be written or read.

use std::path::{Path, PathBuf};

/// A fault of a run directory.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file cannot be opened, written, renamed (disk full, no permission).
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A Parquet file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: parquet::errors::ParquetError,
    },
    /// A Parquet file is whole, but not what a recording holds.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is missing or of another type.
        reason: String,
    },
    /// The directory holds no recording.
    #[error("{} holds no recording: there is neither summary.json nor a part of an unfinished run", .0.display())]
    NoRecording(PathBuf),
    /// The directory holds something else, which is not written over.
    #[error("{} holds files that are no recording; name another directory", .0.display())]
    Occupied(PathBuf),
}

impl RecordError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> RecordError {
        let path = path.to_owned();
        move |source| RecordError::Io { path, source }
    }

    pub(crate) fn parquet(path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> RecordError {
        let path = path.to_owned();
        move |source| RecordError::Parquet { path, source }
    }

    pub(crate) fn content(path: &Path, reason: impl Into<String>) -> RecordError {
        RecordError::Content { path: path.to_owned(), reason: reason.into() }
    }
}
