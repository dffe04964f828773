//! Doors, gates and entrances: what lies on either side of them.

use super::floors::Frame;
use super::ground::{Ground, Kind};
use super::{floors, plane};
use crate::ix::AreaIx;
use crate::shape::{self, Point};
use crate::walk::{Anchor, AnchorKind, AreaKind};
use qike_core::Diagnostic;
use qike_scene::{CityObject, Class, ObjectId, SceneSnapshot};

/// How far from a door's middle plane a room may begin (thick walls, doors in deep reveals).
const REACH_M: f64 = 0.9;
/// Height of a sill or step that people take at a door.
const STEP_M: f64 = 0.6;
/// Persons in a second through one ticket gate (about 30 a minute).
const GATE_PER_S: f64 = 0.5;

/// Areas indoors that a place may belong to, and those outdoors.
pub(crate) struct Finder {
    indoor: rstar::RTree<rstar::primitives::GeomWithData<rstar::primitives::Rectangle<[f64; 2]>, u32>>,
    outdoor: rstar::RTree<rstar::primitives::GeomWithData<rstar::primitives::Rectangle<[f64; 2]>, u32>>,
}

impl Finder {
    /// Indexes the areas as they are now; `split`: the first indoor one.
    pub fn new(ground: &Ground, outdoors: std::ops::Range<usize>) -> Finder {
        Finder {
            indoor: ground.tree(|a| !outdoors.contains(&a.ix())),
            outdoor: ground.tree(|a| outdoors.contains(&a.ix())),
        }
    }

    /// The indoor area at a place whose floor is within `step` of its height, best the one nearest in height.
    pub fn indoor(&self, ground: &Ground, p: Point, step: f64, accept: impl Fn(AreaIx) -> bool) -> Option<AreaIx> {
        let fits = |a: &AreaIx| accept(*a) && plane::in_convex(&ground.rings[a.ix()], [p[0], p[1]], 0.01);
        let up = |a: &AreaIx| (ground.height(*a, p) - p[2]).abs();
        let near = Ground::near(&self.indoor, p, p, 0.1);
        near.into_iter().filter(fits).filter(|a| up(a) <= step).min_by(|a, b| up(a).total_cmp(&up(b)).then(a.cmp(b)))
    }

    /// Indoor areas within a distance of a box, rising.
    pub fn around(&self, ground: &Ground, ring: &[Point], within: f64) -> Vec<AreaIx> {
        let bounds = qike_core::Bounds3::of(ring);
        let near = Ground::near(&self.indoor, bounds.min, bounds.max, within);
        let away = |a: &AreaIx| ground.rings[a.ix()].iter().map(|p| plane::distance_to(ring, *p)).fold(f64::INFINITY, f64::min);
        let touches = |a: &AreaIx| {
            let other = &ground.rings[a.ix()];
            let centre = plane::centroid(ring).1;
            plane::in_convex(other, [centre[0], centre[1]], 0.0)
                || away(a) <= within
                || ring.iter().any(|p| plane::distance_to(other, *p) <= within)
        };
        near.into_iter().filter(touches).collect()
    }

    /// The outdoor area nearest to a place, within a distance, at about its height.
    pub fn outdoor(&self, ground: &Ground, p: Point, within: f64, step: f64) -> Option<AreaIx> {
        let away = |a: &AreaIx| plane::distance_to(&ground.rings[a.ix()], p);
        let fits = |a: &AreaIx| away(a) <= within && (ground.height(*a, p) - p[2]).abs() <= step;
        let near = Ground::near(&self.outdoor, p, p, within);
        near.into_iter().filter(fits).min_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b)))
    }
}

/// Joins a threshold to the nearest outdoor area by a strip of ground of its own; gives back the entrance's anchor place.
pub(crate) fn entrance(
    ground: &mut Ground,
    finder: &Finder,
    inside: AreaIx,
    sill: [Point; 2],
    object: &ObjectId,
    within: f64,
) -> Option<AreaIx> {
    let middle = shape::lerp(sill[0], sill[1], 0.5);
    let outside = finder.outdoor(ground, middle, within, 1.5)?;
    let ring = ground.rings[outside.ix()].clone();
    let level = |ground: &Ground, p: Point| [p[0], p[1], ground.height(outside, p)];
    let far = sill.map(|p| level(ground, plane::clamp_into(&ring, p)));
    let door = Some(object.clone());
    let far_width = shape::distance(far[0], far[1]);
    let gap = sill.iter().zip(&far).map(|(p, q)| shape::distance(*p, *q)).fold(0.0, f64::max);
    if gap < 0.3 && far_width > 0.4 {
        ground.portal(inside, outside, sill, far, door);
    } else {
        // Where the outdoor ground is passed at a corner only, the strip ends as wide as the door around that place.
        let far = if far_width > 0.5 {
            far
        } else {
            let at = shape::lerp(far[0], far[1], 0.5);
            let d = [(sill[1][0] - sill[0][0]) / 2.0, (sill[1][1] - sill[0][1]) / 2.0];
            [[at[0] - d[0], at[1] - d[1], at[2]], [at[0] + d[0], at[1] + d[1], at[2]]]
        };
        let kind = Kind::new(AreaKind::Footway, object);
        let strip = ground.area(&kind, plane::hull(&[sill[0], sill[1], far[0], far[1]]))?;
        let onto = far.map(|p| level(ground, plane::clamp_into(&ring, p)));
        ground.portal(inside, strip, sill, sill, door.clone());
        ground.portal(strip, outside, far, onto, door);
    }
    let at = plane::clamp_into(&ring, middle);
    let position = level(ground, at);
    let id = format!("{object}#entrance");
    ground.anchors.push(Anchor { id, kind: AnchorKind::Entrance, object: Some(object.clone()), area: outside, position });
    Some(outside)
}

fn is_gate(object: &CityObject) -> bool {
    let words = ["predefined_type", "object_type", "ObjectType", "function"].iter().filter_map(|k| object.text(k));
    words.chain(object.name.clone()).any(|w| {
        let w = w.to_lowercase();
        w.contains("ticket gate") || w.contains("turnstile") || w == "gate" || w.contains("闸机") || w.contains("检票")
    })
}

/// Joins what lies on both sides of every door.
pub(crate) fn add(scene: &SceneSnapshot, ground: &mut Ground, finder: &Finder, within: f64) {
    for ix in scene.of_class(Class::Door) {
        let object = scene.get(*ix);
        let Some(frame) = floors::body(object).and_then(|g| Frame::of(&g.vertices)) else { continue };
        let z = frame.z[0];
        let side = |ground: &Ground, sign: f64, other: Option<AreaIx>| {
            // Step away from the door's plane until a floor is there.
            let first = frame.half[1] + 0.05;
            let steps = [0.0, 0.15, 0.3, 0.5, 0.7, REACH_M];
            steps.iter().find_map(|s| {
                let p = frame.at(0.0, sign * (first + s), z);
                finder.indoor(ground, p, STEP_M, |a| Some(a) != other)
            })
        };
        let left = side(ground, 1.0, None);
        let right = side(ground, -1.0, left);
        let half = (frame.half[0] - 0.05).max(0.3).min(frame.half[0].max(0.3));
        let sill = |ground: &Ground, area: AreaIx, sign: f64| {
            [-half, half].map(|s| {
                let p = frame.at(s, sign * frame.half[1], z);
                let q = plane::clamp_into(&ground.rings[area.ix()], p);
                let q = if shape::distance(q, p) > REACH_M { p } else { q };
                [q[0], q[1], ground.height(area, q)]
            })
        };
        let door = Some(object.id.clone());
        match (left, right) {
            (Some(a), Some(b)) => {
                let (on_a, on_b) = (sill(ground, a, 1.0), sill(ground, b, -1.0));
                if let Some(portal) = ground.portal(a, b, on_a, on_b, door) {
                    let portal = &mut ground.portals[portal.ix()];
                    portal.width_m = 2.0 * half;
                    portal.capacity_per_s = if is_gate(object) { GATE_PER_S } else { portal.width_m * 1.22 };
                }
            }
            (Some(a), None) | (None, Some(a)) => {
                let sign = if left.is_some() { 1.0 } else { -1.0 };
                let inner = sill(ground, a, sign);
                if ground.areas[a.ix()].kind == AreaKind::Platform {
                    let at = frame.at(0.0, sign * (frame.half[1] + 0.4), z);
                    let at = plane::clamp_into(&ground.rings[a.ix()], at);
                    let position = [at[0], at[1], ground.height(a, at)];
                    let id = format!("{}#train", object.id);
                    ground.anchors.push(Anchor { id, kind: AnchorKind::TrainDoor, object: door, area: a, position });
                } else {
                    entrance(ground, finder, a, inner, &object.id, within);
                }
            }
            (None, None) => {
                let message = format!("the door '{}' has no room on either side", object.id);
                let at = frame.at(0.0, 0.0, z);
                ground.faults.push(Diagnostic::info("door-without-room", message).object(object.id.as_str()).position(at));
            }
        }
    }
}
