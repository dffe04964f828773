//! Rooms: their floors, and where two of them touch without a wall.

use super::floors;
use super::ground::{Ground, Kind};
use crate::ix::AreaIx;
use crate::walk::AreaKind;
use qike_core::Diagnostic;
use qike_scene::{CityObject, Class, ObjectId, ObjectIx, SceneSnapshot};

/// Rooms nearer together than this have no wall between them.
const OPEN_M: f64 = 0.06;
/// Floors of joined rooms may differ by a step of this height.
const STEP_M: f64 = 0.25;

/// A room with its areas.
pub(crate) struct Room {
    pub object: ObjectIx,
    pub areas: Vec<AreaIx>,
}

/// The storey that an object is on.
pub(crate) fn storey_of(scene: &SceneSnapshot, ix: ObjectIx) -> Option<ObjectId> {
    let mut here = Some(ix);
    // Parents form a tree; a bad file may close a circle.
    for _ in 0..16 {
        let object = scene.get(here?);
        if object.class == Class::Storey {
            return Some(object.id.clone());
        }
        here = scene.parent(here?);
    }
    None
}

fn kind_of(object: &CityObject) -> AreaKind {
    let mut words: Vec<String> = ["object_type", "ObjectType", "function", "LongName", "predefined_type"]
        .iter()
        .filter_map(|k| object.text(k))
        .collect();
    words.extend(object.name.clone());
    let text = words.join(" ").to_lowercase();
    let has = |list: &[&str]| list.iter().any(|w| text.contains(w));
    if has(&["platform", "站台", "bahnsteig"]) {
        AreaKind::Platform
    } else if has(&["corridor", "hall", "lobby", "passage", "concourse", "foyer", "vestibule", "flur", "diele", "走廊", "通道", "站厅", "大厅"]) {
        AreaKind::Corridor
    } else {
        AreaKind::Room
    }
}

/// Adds the floors of all rooms.
pub(crate) fn add(scene: &SceneSnapshot, ground: &mut Ground) -> Vec<Room> {
    let mut rooms = vec![];
    let classes = [Class::BuildingRoom, Class::BridgeRoom, Class::HollowSpace];
    for ix in classes.iter().flat_map(|c| scene.of_class(*c)) {
        let object = scene.get(*ix);
        let Some(body) = floors::body(object) else { continue };
        let mut kind = Kind::new(kind_of(object), &object.id);
        kind.storey = storey_of(scene, *ix);
        let areas: Vec<AreaIx> = floors::outlines(body).iter().flat_map(|rings| ground.polygon(&kind, rings)).collect();
        if areas.is_empty() {
            let message = format!("the room '{}' has no floor that one could stand on", object.id);
            ground.faults.push(Diagnostic::warning("room-without-floor", message).object(object.id.as_str()));
        } else {
            rooms.push(Room { object: *ix, areas });
        }
    }
    rooms
}

/// Joins rooms that touch.
pub(crate) fn join(ground: &mut Ground, rooms: std::ops::Range<usize>) {
    let tree = ground.tree(|a| rooms.contains(&a.ix()));
    for a in rooms.map(AreaIx::new) {
        let ring = ground.rings[a.ix()].clone();
        for i in 0..ring.len() {
            let edge = [ring[i], ring[(i + 1) % ring.len()]];
            for b in Ground::near(&tree, edge[0], edge[1], OPEN_M) {
                // Both have the edge in common; the lower number makes the portal. Where one overlaps the other, so it does too.
                if a < b && ground.areas[a.ix()].object != ground.areas[b.ix()].object {
                    ground.touch(a, edge, b, OPEN_M, STEP_M);
                }
            }
        }
    }
}
