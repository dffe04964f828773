//! What is wrong with an input, where, and what to do about it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How bad it is. `Error` means that something of the input was left out (exit code 3 of the command).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Doubtful, but kept.
    Warning,
    /// Left out.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// Where in the input it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Path inside the file: a JSON or XML path, a STEP `#123`, `record 17`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Coordinates in the store's CRS, to show it on a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<[f64; 3]>,
}

/// One finding about an input, with a stable code that scripts may rely on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable, kebab-case: `crs-unknown`, `duplicate-id`.
    pub code: Cow<'static, str>,
    /// How bad.
    pub severity: Severity,
    /// A whole sentence with the offending value in it.
    pub message: String,
    /// What the user can do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Id of the object it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: Place,
}

impl Diagnostic {
    /// A diagnostic of the given severity without a place.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code: Cow::Borrowed(code), severity, message, help: None, object: None, place: Place::default() }
    }

    /// Something of the input was left out.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Kept, but doubtful.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Worth knowing.
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, code, message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the object's id.
    #[must_use]
    pub fn object(mut self, id: impl Into<String>) -> Self {
        self.object = Some(id.into());
        self
    }

    /// Adds the file.
    #[must_use]
    pub fn file(mut self, file: impl Into<String>) -> Self {
        self.place.file = Some(file.into());
        self
    }

    /// Adds the line, from 1.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.place.line = Some(line);
        self
    }

    /// Adds the path inside the file.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.place.path = Some(path.into());
        self
    }

    /// Adds the coordinates.
    #[must_use]
    pub fn position(mut self, position: [f64; 3]) -> Self {
        self.place.position = Some(position);
        self
    }
}

impl fmt::Display for Diagnostic {
    /// `warning[code] file:line path: message (object …) — help`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.severity, self.code)?;
        if let Some(file) = &self.place.file {
            write!(f, " {file}")?;
            if let Some(line) = self.place.line {
                write!(f, ":{line}")?;
            }
        }
        if let Some(path) = &self.place.path {
            write!(f, " {path}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(object) = &self.object {
            write!(f, " (object {object})")?;
        }
        if let Some(help) = &self.help {
            write!(f, " — {help}")?;
        }
        Ok(())
    }
}
