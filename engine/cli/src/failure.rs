//! Why a command fails, as the user sees it: what happened (with the file in it), what to do, and the exit code.

use std::fmt;

/// A failed command.
#[derive(Debug, PartialEq)]
pub struct Failure {
    /// A sentence that names the file and the place.
    pub message: String,
    /// What the user can do.
    pub help: Option<String>,
    /// 1: failed and nothing changed; 2: wrong usage.
    pub exit_code: u8,
}

impl Failure {
    /// The work failed; nothing was changed.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), help: None, exit_code: 1 }
    }

    /// The command line asks for something that does not exist or makes no sense.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit_code: 2, ..Self::new(message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl miette::Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

impl From<qike_store::StoreError> for Failure {
    fn from(error: qike_store::StoreError) -> Self {
        use qike_store::StoreError as E;
        let failure = Failure::new(&error);
        match error {
            E::NotAStore { .. } => failure.help("name a store that `qike import … --store FILE.gpkg` has made"),
            E::NotFound { .. } => failure.help("make one with `qike import SOURCE… --store FILE.gpkg`"),
            E::Full { .. } => failure.help("make room and run the command again"),
            E::Denied { .. } => failure.help("check who may read and write the file and its folder"),
            _ => failure,
        }
    }
}

impl From<qike_import::ImportError> for Failure {
    fn from(error: qike_import::ImportError) -> Self {
        Failure::new(error)
    }
}

impl From<qike_export::ExportError> for Failure {
    fn from(error: qike_export::ExportError) -> Self {
        Failure { help: error.help, ..Failure::new(error.message) }
    }
}

impl From<qike_core::Cancelled> for Failure {
    fn from(error: qike_core::Cancelled) -> Self {
        Failure::new(error)
    }
}
