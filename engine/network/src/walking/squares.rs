//! Open places where people walk: plazas, promenades, beaches, platforms, car parks.

use super::ground::{Ground, Kind};
use crate::ix::AreaIx;
use crate::shape::Point;
use crate::walk::AreaKind;
use qike_scene::{CityObject, Class, GeometryKind, SceneSnapshot};

/// The outline of one square.
pub(crate) struct Square {
    pub rings: Vec<Vec<Point>>,
    pub layer: i32,
    bounds: qike_core::Bounds2,
}

impl Square {
    /// Whether it may have to do with a segment: same level, boxes that meet.
    pub fn near(&self, layer: i32, a: Point, b: Point) -> bool {
        self.layer == layer && self.bounds.intersects(&qike_core::Bounds3::of(&[a, b]).flat())
    }
}

/// The level of a bridge or tunnel: what is not on one level does not meet.
pub(crate) fn layer(object: &CityObject) -> i32 {
    let tagged = object.number("layer").map(|l| l.round().clamp(-20.0, 20.0) as i32);
    let is = |key: &str| object.str(key).is_some_and(|v| v != "no");
    tagged.unwrap_or(i32::from(is("bridge")) - i32::from(is("tunnel")))
}

fn kind_of(object: &CityObject) -> AreaKind {
    match object.str("function").or_else(|| object.str("natural")).unwrap_or("") {
        "beach" | "sand" => AreaKind::Beach,
        "platform" => AreaKind::Platform,
        _ if object.str("public_transport") == Some("platform") || object.str("railway") == Some("platform") => AreaKind::Platform,
        _ => AreaKind::Plaza,
    }
}

/// Adds all squares of the scene.
pub(crate) fn add(scene: &SceneSnapshot, ground: &mut Ground) -> Vec<Square> {
    let mut squares = vec![];
    for ix in scene.of_class(Class::Square) {
        let object = scene.get(*ix);
        let closed = |key: &str| object.str(key) == Some("no");
        if closed("foot") || (closed("access") && object.str("foot").is_none()) {
            continue;
        }
        let Some(geometry) = object.coarsest().filter(|g| !matches!(g.kind, GeometryKind::MultiPoint | GeometryKind::MultiLine)) else {
            continue;
        };
        let layer = layer(object);
        let mut kind = Kind::new(kind_of(object), &object.id);
        kind.layer = layer;
        // Sand slows walkers to about seven tenths.
        kind.speed_factor = if kind.kind == AreaKind::Beach { 0.7 } else { 1.0 };
        for surface in geometry.surfaces() {
            let rings: Vec<Vec<Point>> =
                surface.rings().map(|r| r.iter().map(|i| geometry.vertices[*i as usize]).collect()).collect();
            if !ground.polygon(&kind, &rings).is_empty() {
                let bounds = qike_core::Bounds3::of(rings.iter().flatten()).flat();
                squares.push(Square { rings, layer, bounds });
            }
        }
    }
    squares
}

/// Joins squares that touch or overlap one another.
pub(crate) fn join(ground: &mut Ground, first: usize, last: usize) {
    let tree = ground.tree(|a| (first..last).contains(&a.ix()));
    for a in (first..last).map(AreaIx::new) {
        let ring = ground.rings[a.ix()].clone();
        for i in 0..ring.len() {
            let edge = [ring[i], ring[(i + 1) % ring.len()]];
            for b in Ground::near(&tree, edge[0], edge[1], 0.5) {
                let other = ground.areas[a.ix()].object != ground.areas[b.ix()].object;
                let level = ground.layers[a.ix()] == ground.layers[b.ix()];
                // Each pair is looked at from both sides; one portal is enough.
                let known = ground.portals.iter().rev().take(64).any(|p| (p.a, p.b) == (b, a));
                if other && level && !known {
                    ground.touch(a, edge, b, 0.5, 0.5);
                }
            }
        }
    }
}
