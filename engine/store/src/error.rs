//! What can go wrong with a store, in words for the person who named the file.

use std::path::{Path, PathBuf};

/// Why a store cannot be opened, read or written. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("{}: there is no such store", .path.display())]
    NotFound {
        /// The store.
        path: PathBuf,
    },
    /// A file is there already.
    #[error("{}: a file of that name is there already", .path.display())]
    Exists {
        /// The store.
        path: PathBuf,
    },
    /// Something else than a store of Qike.
    #[error("{}: this is no Qike store: {reason}", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// Written by a later Qike.
    #[error("{}: the store has version {found}, this Qike knows versions up to {known}; use a newer Qike", .path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest version known here.
        known: u32,
    },
    /// Another process writes to it.
    #[error("{}: another program is writing to the store; wait for it to end", .path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// No room, or a limit on the size of files.
    #[error("{}: the store could not be written ({reason}); is the disk full? The store is as it was before", .path.display())]
    Full {
        /// The store.
        path: PathBuf,
        /// The system's word.
        reason: String,
    },
    /// The system does not let us.
    #[error("{}: no permission ({reason})", .path.display())]
    Denied {
        /// The store.
        path: PathBuf,
        /// The system's word.
        reason: String,
    },
    /// An import that holds as of an earlier moment than what the store has of the source.
    #[error("{}: the store has '{source_path}' as of {last}; what held at {asked} cannot come after it", .path.display())]
    OutOfOrder {
        /// The store.
        path: PathBuf,
        /// The source.
        source_path: String,
        /// As of when the store has it.
        last: String,
        /// As of when it was to be imported.
        asked: String,
    },
    /// The file is broken.
    #[error("{}: the store is damaged: {what}; `qike validate` tells more", .path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Its coordinate system is unknown to PROJ.
    #[error("{}: {error}", .path.display())]
    Crs {
        /// The store.
        path: PathBuf,
        /// What PROJ said.
        error: qike_core::CrsError,
    },
    /// The user wants to stop.
    #[error(transparent)]
    Cancelled(#[from] qike_core::Cancelled),
    /// SQLite, in a case that has no words of its own here.
    #[error("{}: {reason}", .path.display())]
    Sql {
        /// The store.
        path: PathBuf,
        /// SQLite's word.
        reason: String,
    },
    /// The file system.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The store.
        path: PathBuf,
        /// The system's word.
        error: std::io::Error,
    },
}

impl StoreError {
    /// Sorts SQLite's error codes into the cases above.
    pub(crate) fn sql(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_path_buf();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            Some(Code::DiskFull | Code::SystemIoFailure | Code::TooBig) => Self::Full { path, reason },
            Some(Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen | Code::AuthorizationForStatementDenied) => {
                Self::Denied { path, reason }
            }
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => Self::Damaged { path, what: reason },
            _ => Self::Sql { path, reason },
        }
    }

    /// Sorts the system's errors into the cases above.
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            std::io::ErrorKind::AlreadyExists => Self::Exists { path },
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, reason: error.to_string() }
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
                Self::Full { path, reason: error.to_string() }
            }
            _ => Self::Io { path, error },
        }
    }
}

/// Puts the store's path to SQLite's errors.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|e| StoreError::sql(path, &e))
    }
}
