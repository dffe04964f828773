//! Ids to places. An id is looked up by its hash and compared where it lies, so that no id is stored twice.

use qike_core::fast_map::{FastHasher, FastMap};
use std::hash::{BuildHasher, BuildHasherDefault};

/// Ids of the things in one vector.
#[derive(Default)]
pub struct Ids {
    by_hash: FastMap<u64, u32>,
    /// Ids whose hash another one has.
    others: FastMap<Box<str>, u32>,
}

/// The quick hash of a text.
pub fn hash(text: &str) -> u64 {
    BuildHasherDefault::<FastHasher>::default().hash_one(text)
}

impl Ids {
    /// Of all that are there.
    pub fn of<T>(all: &[T], id: impl Fn(&T) -> &str) -> Self {
        let mut ids = Self::default();
        for (place, one) in (0..u32::MAX).zip(all) {
            ids.insert(id(one), place, |at| all.get(at as usize).map_or("", &id));
        }
        ids
    }

    /// The place of an id; `name` gives the id at a place.
    pub fn get<'n>(&self, id: &str, name: impl FnOnce(u32) -> &'n str) -> Option<u32> {
        let &place = self.by_hash.get(&hash(id))?;
        if name(place) == id { Some(place) } else { self.others.get(id).copied() }
    }

    /// Adds an id; gives the place that it has already, where it has one.
    pub fn insert<'n>(&mut self, id: &str, place: u32, name: impl FnOnce(u32) -> &'n str) -> Option<u32> {
        match self.by_hash.entry(hash(id)) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(place);
                None
            }
            std::collections::hash_map::Entry::Occupied(taken) if name(*taken.get()) == id => Some(*taken.get()),
            std::collections::hash_map::Entry::Occupied(_) => match self.others.get(id) {
                Some(there) => Some(*there),
                None => {
                    self.others.insert(id.into(), place);
                    None
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_duplicates_told() {
        let all: Vec<String> = (0..5000).map(|n| format!("edge{n}#{}", n % 7)).collect();
        let mut ids = Ids::of(&all, String::as_str);
        let name = |at: u32| all[at as usize].as_str();
        for (place, id) in (0..).zip(&all) {
            assert_eq!(ids.get(id, name), Some(place));
        }
        assert_eq!(ids.get("edge5", name), None);
        assert_eq!(ids.insert("edge9#2", 70_000, name), Some(9));
    }

    #[test]
    fn equal_hashes_do_no_harm() {
        let all = ["a", "b"];
        let name = |at: u32| all[at as usize];
        let mut ids = Ids::default();
        ids.by_hash.insert(hash("b"), 0);
        assert_eq!(ids.get("b", name), None);
        assert_eq!(ids.insert("b", 1, name), None);
        assert_eq!(ids.get("b", name), Some(1));
        assert_eq!(ids.insert("b", 2, name), Some(1));
    }
}
