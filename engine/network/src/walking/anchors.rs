//! Named places that trips begin and end at: stops, the shore, car parks.

use super::ground::Ground;
use super::plane;
use crate::ix::AreaIx;
use crate::shape::{self, Point};
use crate::walk::{Anchor, AnchorKind, AreaKind};
use qike_scene::{Class, SceneSnapshot};

/// A stop serves paths within this distance.
const STOP_M: f64 = 25.0;
/// Beaches and promenades this near to the water have a shore.
const SHORE_M: f64 = 15.0;
/// Distance between shore points.
const SHORE_STEP_M: f64 = 25.0;

/// Adds the anchors of the outdoor areas.
pub(crate) fn add(scene: &SceneSnapshot, ground: &mut Ground, outdoors: usize) {
    let tree = ground.tree(|a| a.ix() < outdoors);
    let nearest = |ground: &Ground, p: Point, within: f64| {
        let away = |a: &AreaIx| plane::distance_to(&ground.rings[a.ix()], p);
        let near = Ground::near(&tree, p, p, within);
        near.into_iter().filter(|a| away(a) <= within).min_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b)))
    };
    let place = |ground: &Ground, area: AreaIx, p: Point| {
        let q = plane::clamp_into(&ground.rings[area.ix()], p);
        [q[0], q[1], ground.height(area, q)]
    };
    let mut anchors = vec![];
    for (class, function, kind) in
        [(Class::CityFurniture, "bus_stop", AnchorKind::Stop), (Class::TransitStop, "", AnchorKind::Stop), (Class::Square, "car_park", AnchorKind::CarPark)]
    {
        for ix in scene.of_class(class) {
            let object = scene.get(*ix);
            let bounds = scene.bounds_of(*ix);
            if bounds.is_empty() || (!function.is_empty() && object.str("function") != Some(function)) {
                continue;
            }
            let Some(area) = nearest(ground, bounds.centre(), STOP_M) else { continue };
            let position = place(ground, area, bounds.centre());
            anchors.push(Anchor { id: format!("{}#anchor", object.id), kind, object: Some(object.id.clone()), area, position });
        }
    }
    ground.anchors.extend(anchors);
    shore(scene, ground, outdoors);
}

/// Points along the edges of water where a beach, plaza or footway is near.
fn shore(scene: &SceneSnapshot, ground: &mut Ground, outdoors: usize) {
    let walked = |kind: AreaKind| matches!(kind, AreaKind::Beach | AreaKind::Plaza | AreaKind::Footway);
    let tree = ground.tree(|a| a.ix() < outdoors && walked(ground.areas[a.ix()].kind));
    for ix in scene.of_class(Class::WaterBody) {
        let object = scene.get(*ix);
        let Some(geometry) = object.coarsest() else { continue };
        let mut number = 0;
        for ring in geometry.surfaces().flat_map(|s| s.rings().map(<[u32]>::to_vec).collect::<Vec<_>>()) {
            let mut line: Vec<Point> = ring.iter().map(|i| geometry.vertices[*i as usize]).collect();
            line.extend(line.first().copied());
            let whole = shape::length(&line);
            for k in 0..(whole / SHORE_STEP_M) as usize {
                let p = shape::pose(&line, (k as f64 + 0.5) * SHORE_STEP_M).0;
                let away = |a: &AreaIx| plane::distance_to(&ground.rings[a.ix()], p);
                let near = Ground::near(&tree, p, p, SHORE_M).into_iter().filter(|a| away(a) <= SHORE_M);
                let Some(area) = near.min_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b))) else { continue };
                let q = plane::clamp_into(&ground.rings[area.ix()], p);
                let position = [q[0], q[1], ground.height(area, q)];
                let id = format!("{}#shore{number}", object.id);
                number += 1;
                ground.anchors.push(Anchor { id, kind: AnchorKind::Shore, object: Some(object.id.clone()), area, position });
            }
        }
    }
}
