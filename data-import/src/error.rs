//! Why a source cannot be read at all.

use qike_core::{Cancelled, CrsError, Diagnostic};
use qike_scene::SinkError;
use std::io;

/// Why a whole source is left out. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No such file.
    #[error("{file}: there is no such file or folder")]
    Missing {
        /// As the user named it.
        file: String,
    },
    /// The user may not read it.
    #[error("{file}: no permission to read it")]
    Denied {
        /// As the user named it.
        file: String,
    },
    /// Nothing in it.
    #[error("{file}: the file is empty")]
    Empty {
        /// As the user named it.
        file: String,
    },
    /// Reading failed on the way.
    #[error("{file}: {error}")]
    Io {
        /// As the user named it.
        file: String,
        /// The system's word.
        error: io::Error,
    },
    /// Its ending says one thing, its content another.
    #[error("{file}: the ending says {says}, but the content is {is}")]
    WrongKind {
        /// As the user named it.
        file: String,
        /// What the ending promises.
        says: String,
        /// What the content looks like.
        is: String,
    },
    /// No importer knows it.
    #[error("{file}: no importer reads this ({is})")]
    UnknownKind {
        /// As the user named it.
        file: String,
        /// What the content looks like.
        is: String,
    },
    /// A pattern (`tiles/*.gml`) that no file fits, or that is none.
    #[error("{file}: {reason}")]
    Pattern {
        /// The pattern.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Files of a folder or archive that no importer reads.
    #[error("{file}: no importer reads {count} {} in there: {names}", if *.count == 1 { "file" } else { "files" })]
    PassedOver {
        /// The folder or archive.
        file: String,
        /// How many.
        count: usize,
        /// The first of them.
        names: String,
    },
    /// Broken, cut off, or beyond a bound of safety.
    #[error("{file}: {reason} (at {place})")]
    Corrupt {
        /// As the user named it.
        file: String,
        /// Byte, line, entity or path.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Nothing says in which system its coordinates are, and they can be no degrees.
    #[error("{file}: {reason} (at {place})")]
    NoCrs {
        /// As the user named it.
        file: String,
        /// Where it would stand.
        place: String,
        /// What is missing.
        reason: String,
    },
    /// Its coordinate system is not known, or does not lead to the store's.
    #[error("{file}: {error}")]
    Crs {
        /// As the user named it.
        file: String,
        /// PROJ's word.
        error: CrsError,
    },
    /// The sink takes no more: the whole import ends.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The user wants to stop: the whole import ends.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl ImportError {
    /// Sorts a system error into missing, denied and the rest.
    pub fn io(file: &str, error: io::Error) -> Self {
        let file = file.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { file },
            io::ErrorKind::PermissionDenied => Self::Denied { file },
            io::ErrorKind::UnexpectedEof => Self::Corrupt { file, place: "its end".into(), reason: "the file is cut off".into() },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::Corrupt { file, place: "unknown byte".into(), reason: error.to_string() }
            }
            _ => Self::Io { file, error },
        }
    }

    /// Broken at a place.
    pub fn corrupt(file: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { file: file.to_owned(), place: place.into(), reason: reason.into() }
    }

    /// Metres, and no word on their system.
    pub fn no_crs(file: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::NoCrs { file: file.to_owned(), place: place.into(), reason: reason.into() }
    }

    /// A coordinate system that does not work, in this file.
    pub fn crs(file: &str, error: CrsError) -> Self {
        Self::Crs { file: file.to_owned(), error }
    }

    /// The file it is about; `None` where it is about none.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Missing { file }
            | Self::Denied { file }
            | Self::Empty { file }
            | Self::Io { file, .. }
            | Self::WrongKind { file, .. }
            | Self::UnknownKind { file, .. }
            | Self::Pattern { file, .. }
            | Self::PassedOver { file, .. }
            | Self::Corrupt { file, .. }
            | Self::NoCrs { file, .. }
            | Self::Crs { file, .. } => Some(file),
            Self::Sink(_) | Self::Cancelled(_) => None,
        }
    }

    /// Stable code of the diagnostic made of it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file-missing",
            Self::Denied { .. } => "file-denied",
            Self::Empty { .. } => "file-empty",
            Self::Io { .. } => "file-unreadable",
            Self::WrongKind { .. } => "file-wrong-kind",
            Self::UnknownKind { .. } => "file-unknown-kind",
            Self::Pattern { .. } => "pattern-without-files",
            Self::PassedOver { .. } => "files-passed-over",
            Self::Corrupt { .. } => "file-corrupt",
            Self::NoCrs { .. } | Self::Crs { error: CrsError::Unknown { .. } | CrsError::Unusable { .. }, .. } => "crs-unknown",
            Self::Crs { .. } => "crs-no-path",
            Self::Sink(_) => "store-failed",
            Self::Cancelled(_) => "cancelled",
        }
    }

    /// True where going on with other sources makes no sense.
    pub fn ends_everything(&self) -> bool {
        matches!(self, Self::Sink(_) | Self::Cancelled(_))
    }

    /// The diagnostic that reports a source left out.
    pub fn diagnostic(&self, file: &str) -> Diagnostic {
        let message = self.to_string();
        let message = message.strip_prefix(&format!("{file}: ")).map_or(message.clone(), str::to_owned);
        let message = if matches!(self, Self::PassedOver { .. }) { message } else { format!("the source is left out: {message}") };
        let mut diagnostic = Diagnostic::error(self.code(), message).file(file);
        if let Self::Corrupt { place, .. } = self {
            match place.strip_prefix("line ").and_then(|n| n.split(',').next()?.trim().parse().ok()) {
                Some(line) => diagnostic = diagnostic.line(line),
                None => diagnostic = diagnostic.path(place.clone()),
            }
        }
        match self {
            Self::UnknownKind { .. } | Self::PassedOver { .. } => diagnostic.help("tables without columns of positions (lon and lat, 经度 and 纬度) need a mapping file NAME.map.toml"),
            Self::Crs { .. } | Self::NoCrs { .. } => diagnostic.help("name the system of the source with --source-crs"),
            _ => diagnostic,
        }
    }
}
