//! What a search takes next: the least cost first.

use std::cmp::Ordering;

/// A place in the heap of a search, ordered by cost, then by number, so that the answer does not depend on the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct At(pub f64, pub u32);

impl Eq for At {}

impl Ord for At {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
