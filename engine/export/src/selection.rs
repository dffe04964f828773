//! Which objects of a snapshot are written, and which of them stand for a whole.

use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot};
use std::collections::BTreeSet;

/// Parents further away than this are a circle.
const MAX_DEPTH: usize = 64;

/// The objects of the classes and all that is part of them, sorted; all objects, where no class is named.
pub fn of_classes(snapshot: &SceneSnapshot, classes: &[Class]) -> Vec<ObjectIx> {
    if classes.is_empty() {
        return (0..snapshot.objects().len() as u32).map(ObjectIx).collect();
    }
    let mut chosen: Vec<ObjectIx> = classes.iter().flat_map(|c| snapshot.of_class(*c)).copied().collect();
    let mut seen: BTreeSet<ObjectIx> = chosen.iter().copied().collect();
    while let Some(ix) = chosen.pop() {
        chosen.extend(snapshot.children(ix).iter().copied().filter(|child| seen.insert(*child)));
    }
    seen.into_iter().collect()
}

/// The object that stands for the whole an object is part of. A circle of parents ends where it began.
pub fn root(snapshot: &SceneSnapshot, ix: ObjectIx) -> ObjectIx {
    let mut at = ix;
    for _ in 0..MAX_DEPTH {
        match snapshot.parent(at) {
            Some(parent) if parent != ix => at = parent,
            _ => break,
        }
    }
    at
}

/// Objects with their numbers.
pub fn objects<'a>(snapshot: &'a SceneSnapshot, chosen: &'a [ObjectIx]) -> impl Iterator<Item = (ObjectIx, &'a CityObject)> + 'a {
    chosen.iter().map(|ix| (*ix, snapshot.get(*ix)))
}
