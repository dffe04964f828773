//! Which objects of a snapshot are written, and which of them stand for a whole.

use qike_core::Bounds2;
use qike_scene::{CityObject, Class, Lod, ObjectIx, SceneSnapshot};
use std::collections::BTreeSet;

/// Parents further away than this are a circle.
const MAX_DEPTH: usize = 64;

/// The objects of the classes and all that is part of them, sorted; all objects, where no class is named.
pub fn of_classes(snapshot: &SceneSnapshot, classes: &[Class]) -> Vec<ObjectIx> {
    if classes.is_empty() {
        return (0..snapshot.objects().len() as u32).map(ObjectIx).collect();
    }
    with_parts(snapshot, classes.iter().flat_map(|c| snapshot.of_class(*c)).copied().collect())
}

/// The objects of the classes (all, where none is named) whose box meets the window in plan, and all that is part of them, sorted.
pub fn in_window(snapshot: &SceneSnapshot, classes: &[Class], window: &Bounds2) -> Vec<ObjectIx> {
    let mut found = snapshot.window(window);
    found.retain(|ix| classes.is_empty() || classes.contains(&snapshot.get(*ix).class));
    with_parts(snapshot, found)
}

/// The same city with the geometries of these levels only: a whole level stands for its refinements too.
pub fn of_levels(snapshot: &SceneSnapshot, lods: &[Lod]) -> SceneSnapshot {
    let wanted = |lod: Lod| lods.iter().any(|l| l.covers(lod));
    let objects = snapshot.objects().iter().map(|object| {
        let geometries = object.geometries.iter().filter(|g| wanted(g.lod)).cloned().collect();
        CityObject {
            geometries,
            id: object.id.clone(),
            name: object.name.clone(),
            attributes: object.attributes.clone(),
            parent: object.parent.clone(),
            valid_from: object.valid_from.clone(),
            valid_to: object.valid_to.clone(),
            ..*object
        }
    });
    SceneSnapshot::new(snapshot.crs().clone(), snapshot.sources().to_vec(), objects.collect(), snapshot.series().to_vec())
}

fn with_parts(snapshot: &SceneSnapshot, mut chosen: Vec<ObjectIx>) -> Vec<ObjectIx> {
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
