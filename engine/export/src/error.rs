//! Why nothing was written.

use qike_core::Cancelled;
use std::fmt;

/// A failed export: what happened, and what the user can do.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ExportError {
    /// A sentence that says what is wrong.
    pub message: String,
    /// What to do about it, where something can be done.
    pub help: Option<String>,
}

impl ExportError {
    /// A failure with this message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), help: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<Cancelled> for ExportError {
    fn from(error: Cancelled) -> Self {
        Self::new(error)
    }
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("cannot be written ({error})"))
    }
}
