//! What `qike validate` finds: gathering it, telling it as text and as places on a map, and repairing what can be repaired.

pub mod gather;
pub mod places;
pub mod repair;
pub mod text;

use qike_core::{Diagnostic, Severity};
use qike_scene::{CityObject, SceneSnapshot};
use qike_store::SceneStore;

/// A model that was checked.
pub enum Checked {
    /// A store.
    Store(SceneStore),
    /// Objects in memory.
    Memory(Box<SceneSnapshot>),
}

impl Checked {
    /// One of its objects.
    pub fn object(&self, id: &str) -> Option<CityObject> {
        match self {
            Checked::Store(store) => store.object(id).ok().flatten(),
            Checked::Memory(snapshot) => snapshot.find(id).map(|ix| snapshot.get(ix).clone()),
        }
    }

    /// The system of its coordinates.
    pub fn crs(&self) -> &qike_core::Crs {
        match self {
            Checked::Store(store) => store.crs(),
            Checked::Memory(snapshot) => snapshot.crs(),
        }
    }
}

/// All findings about an input.
pub struct Faults {
    /// Objects that were checked.
    pub objects: u64,
    /// What is not valid.
    pub errors: Vec<Diagnostic>,
    /// What is doubtful.
    pub warnings: Vec<Diagnostic>,
}

impl Faults {
    /// Sorts findings by how bad they are; remarks are not faults.
    pub fn of(objects: u64, findings: Vec<Diagnostic>) -> Self {
        let (errors, rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(|d| d.severity == Severity::Error);
        Self { objects, errors, warnings: rest.into_iter().filter(|d| d.severity == Severity::Warning).collect() }
    }

    /// Errors, then warnings.
    pub fn all(&self) -> impl Iterator<Item = &Diagnostic> {
        self.errors.iter().chain(&self.warnings)
    }
}
