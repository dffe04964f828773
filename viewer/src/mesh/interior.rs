//! The inside of buildings: elements as they are modelled. Of a room among walls that are elements only its floor is drawn, so that one
//! looks into it; a room in a hull without such walls is hollowed out of it, and the cut shows what lies between as solid.

use super::surfaces::{add_solid, placed};
use super::{Builder, Kind, ON_GROUND, Paint};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use crate::model::palette;
use qike_scene::{Class, Geometry, GeometryKind, ObjectIx, SceneSnapshot};

/// Height of a room's drawn floor above the modelled one, metres: it must not flicker through the slab's top.
const FLOOR_LIFT: f32 = 0.04;
/// How deep objects may be nested in a building.
const DEPTH: usize = 16;

/// True for a building, or a part of one, with rooms that have a shape.
pub fn has_rooms(snapshot: &SceneSnapshot, building: ObjectIx) -> bool {
    matches!(snapshot.get(building).class, Class::Building | Class::BuildingPart) && any_room(snapshot, building, DEPTH)
}

fn any_room(snapshot: &SceneSnapshot, of: ObjectIx, depth: usize) -> bool {
    snapshot.children(of).iter().any(|child| {
        let object = snapshot.get(*child);
        let is_room = object.class == Class::BuildingRoom && !object.geometries.is_empty();
        is_room || depth > 0 && !matches!(object.class, Class::BuildingPart) && any_room(snapshot, *child, depth - 1)
    })
}

/// True for what belongs to a room, a storey, or a building that [`has_rooms`].
pub fn is_inside(snapshot: &SceneSnapshot, object: ObjectIx) -> bool {
    let mut above = snapshot.parent(object);
    for _ in 0..DEPTH {
        let Some(ix) = above else { return false };
        match snapshot.get(ix).class {
            Class::BuildingRoom | Class::Storey | Class::BuildingUnit => return true,
            Class::Building | Class::BuildingPart => return has_rooms(snapshot, ix),
            _ => above = snapshot.parent(ix),
        }
    }
    false
}

/// True where a door or window of the object is an object of its own, with a shape: it is drawn, and picked, as such.
pub fn has_own(snapshot: &SceneSnapshot, of: ObjectIx, class: Class) -> bool {
    snapshot.children(of).iter().map(|child| snapshot.get(*child)).any(|c| c.class == class && !c.geometries.is_empty())
}

/// Adds one object of the interior.
pub fn add(b: &mut Builder, snapshot: &SceneSnapshot, ix: ObjectIx, geometry: &Geometry, frame: &SceneFrame, ground: &Ground) {
    let object = snapshot.get(ix);
    let mut points = placed(geometry, frame, ground);
    if object.class == Class::BuildingRoom {
        // Turn the room inside out: what looks down from outside is the floor one walks on.
        let floor = palette::room(object, ix.0);
        let among_walls = object.attributes.contains_key("ifc_type");
        let mut turned = Builder::default();
        for p in &mut points {
            p[1] += if among_walls { FLOOR_LIFT } else { 0.0 };
        }
        let paint = Paint { colour: floor, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
        add_solid(&mut turned, geometry, &points, &paint, |face| match face.semantic {
            _ if face.normal[1] < -0.8 => Some((floor, Kind::Plain)),
            _ if among_walls => None,
            Some("Door") => (!has_own(snapshot, ix, Class::Door)).then_some((palette::DOOR, Kind::Sheet)),
            Some("Window") => (!has_own(snapshot, ix, Class::Window)).then_some((palette::WINDOW, Kind::Sheet)),
            _ => Some((palette::INNER_WALL, Kind::Plain)),
        });
        b.append_turned(turned);
        return;
    }
    let usual = palette::interior(object);
    let lowest = points.iter().map(|p| p[1]).fold(f32::INFINITY, f32::min);
    // Loose surfaces enclose nothing that a cut could go through.
    let loose = matches!(geometry.kind, GeometryKind::MultiSurface | GeometryKind::CompositeSurface);
    let kind = if loose { Kind::Sheet } else { Kind::Plain };
    let paint = Paint { colour: usual, kind, object: ix.0, foot: lowest };
    add_solid(b, geometry, &points, &paint, |face| {
        let given = face.material.map(|m| [0, 1, 2].map(|c| (m[c] * 255.0) as u8));
        Some((given.unwrap_or(usual), kind))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::Crs;
    use qike_scene::{CityObject, Lod, SourceId};

    fn object(id: &str, class: Class, parent: Option<&str>) -> CityObject {
        let mut object = CityObject::new(id, class, SourceId(0));
        object.parent = parent.map(Into::into);
        let ring = vec![[0.0, 0.0, 3.0], [4.0, 0.0, 3.0], [4.0, 3.0, 3.0], [0.0, 3.0, 3.0]];
        object.geometries.push(Geometry::polygon(Lod::THREE, &[ring]));
        object
    }

    #[test]
    fn what_belongs_to_a_building_with_rooms_is_inside() {
        let objects = vec![
            object("block", Class::Building, None),
            object("block-door", Class::Door, Some("block")),
            object("house", Class::Building, None),
            object("room", Class::BuildingRoom, Some("house")),
            object("chair", Class::BuildingFurniture, Some("room")),
            object("window", Class::Window, Some("house")),
        ];
        let snapshot = SceneSnapshot::new(Crs::epsg(4549).unwrap(), vec![], objects, vec![]);
        let ix = |id: &str| ObjectIx(snapshot.objects().iter().position(|o| o.id.as_str() == id).unwrap() as u32);
        assert!(has_rooms(&snapshot, ix("house")) && !has_rooms(&snapshot, ix("block")));
        let inside: Vec<&str> = ["block", "block-door", "house", "room", "chair", "window"].into_iter().filter(|id| is_inside(&snapshot, ix(id))).collect();
        assert_eq!(inside, ["room", "chair", "window"]);
        assert!(has_own(&snapshot, ix("house"), Class::Window) && !has_own(&snapshot, ix("house"), Class::Door));
    }
}
