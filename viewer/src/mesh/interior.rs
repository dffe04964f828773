//! The inside of buildings: elements as they are modelled; of a room only its floor, so that one looks into it.

use super::surfaces::{add_solid, placed};
use super::{Builder, Kind, ON_GROUND, Paint};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use crate::model::palette;
use qike_scene::{CityObject, Class, Geometry, ObjectIx};

/// Height of a room's drawn floor above the modelled one, metres: it must not flicker through the slab's top.
const FLOOR_LIFT: f32 = 0.04;

/// Adds one object of the interior.
pub fn add(b: &mut Builder, object: &CityObject, ix: ObjectIx, geometry: &Geometry, frame: &SceneFrame, ground: &Ground) {
    let mut points = placed(geometry, frame, ground);
    if object.class == Class::BuildingRoom {
        // Turn the room inside out: what looks down from outside is the floor one walks on.
        let floor = palette::room(object, ix.0);
        let mut turned = Builder::default();
        for p in &mut points {
            p[1] += FLOOR_LIFT;
        }
        let paint = Paint { colour: floor, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
        add_solid(&mut turned, geometry, &points, &paint, |face| (face.normal[1] < -0.8).then_some((floor, Kind::Plain)));
        b.append_turned(turned);
        return;
    }
    let usual = palette::interior(object);
    let lowest = points.iter().map(|p| p[1]).fold(f32::INFINITY, f32::min);
    let paint = Paint { colour: usual, kind: Kind::Plain, object: ix.0, foot: lowest };
    add_solid(b, geometry, &points, &paint, |face| {
        let given = face.material.map(|m| [0, 1, 2].map(|c| (m[c] * 255.0) as u8));
        Some((given.unwrap_or(usual), Kind::Plain))
    });
}
