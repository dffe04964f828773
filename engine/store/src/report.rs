//! What an import did, source by source.

use qike_core::{Diagnostic, Severity};
use qike_scene::diff::Change;
use serde::Serialize;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// False where the store is as it was, byte for byte.
    pub changed: bool,
    /// The store's content hash afterwards.
    pub content_hash: String,
    /// One each, in the order of the import.
    pub sources: Vec<SourceChanges>,
    /// Findings that belong to no source.
    pub diagnostics: Vec<Diagnostic>,
}

/// What came of one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceChanges {
    /// As the user named it.
    pub path: String,
    /// The importer's name.
    pub format: String,
    /// Number in the store.
    #[serde(skip)]
    pub source: u32,
    /// Hash of its bytes.
    #[serde(skip)]
    pub source_hash: String,
    /// Objects it has in the store now.
    pub objects: u64,
    /// Objects that were not there before.
    pub added: u64,
    /// Objects whose content is another now.
    pub changed: u64,
    /// Objects that the source no longer holds.
    pub removed: u64,
    /// Objects that are as they were; nothing was written for them.
    pub unchanged: u64,
    /// What it says of itself and said otherwise before; nothing where it is new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Change>,
    /// What was wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

impl ImportReport {
    /// All findings.
    pub fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.sources.iter().flat_map(|s| &s.diagnostics))
    }

    /// True where some input was left out.
    pub fn has_errors(&self) -> bool {
        self.all_diagnostics().any(|d| d.severity == Severity::Error)
    }
}
