//! Ids of a document: those of objects where XML allows them, near ones where it does not, and numbers for what has none.

use super::xml::{is_ncname, to_ncname};
use qike_core::fast_map::FastSet;
use qike_scene::{ObjectIx, SceneSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Ids that begin so are made up for one document.
const PREFIX: &str = "QIKE_";

/// The ids of one document.
pub struct Ids<'a> {
    snapshot: &'a SceneSnapshot,
    /// Ids of objects whose own XML does not allow.
    near: BTreeMap<ObjectIx, String>,
    /// Hashes of the ids that surfaces have: one that seems taken is written as an attribute, which is never wrong.
    taken: FastSet<u64>,
    next: u64,
}

impl<'a> Ids<'a> {
    /// Finds an id for each object that is written.
    pub fn new(snapshot: &'a SceneSnapshot, chosen: &[ObjectIx]) -> Self {
        let mut near = BTreeMap::new();
        let mut used: BTreeSet<String> = BTreeSet::new();
        for ix in chosen {
            let id = snapshot.get(*ix).id.as_str();
            if is_ncname(id) && !id.starts_with(PREFIX) {
                continue;
            }
            let stem = to_ncname(id);
            let stem = if stem.starts_with(PREFIX) { format!("_{stem}") } else { stem };
            let free = |candidate: &String| snapshot.find(candidate).is_none() && !used.contains(candidate);
            let found = Some(stem.clone()).filter(free).or_else(|| (2..u32::MAX).map(|n| format!("{stem}.{n}")).find(free));
            if let Some(found) = found {
                used.insert(found.clone());
                near.insert(*ix, found);
            }
        }
        let taken = near.values().map(|id| hash(id)).collect();
        Self { snapshot, near, taken, next: 0 }
    }

    /// The id an object has in the document; the second is true where that is not its own.
    pub fn of(&self, ix: ObjectIx) -> (&str, bool) {
        match self.near.get(&ix) {
            Some(near) => (near, true),
            None => (self.snapshot.get(ix).id.as_str(), false),
        }
    }

    /// Takes an id for a surface; false where something else has it.
    pub fn take(&mut self, id: &str) -> bool {
        !id.starts_with(PREFIX) && self.snapshot.find(id).is_none() && self.taken.insert(hash(id))
    }

    /// An id that nothing else has.
    pub fn fresh(&mut self) -> String {
        self.next += 1;
        format!("{PREFIX}{}", self.next)
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
