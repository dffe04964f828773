//! Open places where people walk: plazas, promenades, beaches, platforms, car parks.

use super::ground::{Ground, Kind};
use super::plane;
use crate::ix::AreaIx;
use crate::shape::{self, Point};
use crate::walk::AreaKind;
use qike_core::Diagnostic;
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

/// How far people cut across open ground from a car park or square without a mapped way to the next path, m.
const CUT_ACROSS_M: f64 = 100.0;
/// Width of such a trodden path, m.
const TRODDEN_M: f64 = 2.0;

/// Joins each square that nothing leads to with the nearest outdoor area of another object, by a trodden path, and says so. Maps and
/// plans often show a car park without the way from it to the pavement.
pub(crate) fn join_lonely(ground: &mut Ground, squares: std::ops::Range<usize>, outdoors: usize) {
    let mut joined = vec![false; outdoors];
    for p in &ground.portals {
        if ground.areas[p.a.ix()].object != ground.areas[p.b.ix()].object {
            (joined[p.a.ix()], joined[p.b.ix()]) = (true, true);
        }
    }
    let tree = ground.tree(|a| a.ix() < outdoors);
    let mut from = squares.start;
    while from < squares.end {
        let same = |a: &usize| ground.areas[*a].object == ground.areas[from].object && ground.layers[*a] == ground.layers[from];
        let to = (from..squares.end).find(|a| !same(a)).unwrap_or(squares.end);
        if !joined[from..to].contains(&true) {
            tread(ground, &tree, from..to);
        }
        from = to;
    }
}

/// Adds the trodden path from one square to what is nearest.
fn tread(ground: &mut Ground, tree: &rstar::RTree<super::ground::Entry>, square: std::ops::Range<usize>) {
    let mut best: Option<(f64, AreaIx, AreaIx, Point)> = None;
    for a in square.map(AreaIx::new) {
        let ring = &ground.rings[a.ix()];
        let bounds = qike_core::Bounds3::of(ring);
        let edges = (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]));
        let places: Vec<Point> = edges.flat_map(|(p, q)| [0.15, 0.5, 0.85].map(|t| shape::lerp(p, q, t))).collect();
        for b in Ground::near(tree, bounds.min, bounds.max, CUT_ACROSS_M) {
            if ground.areas[b.ix()].object == ground.areas[a.ix()].object || ground.layers[b.ix()] != ground.layers[a.ix()] {
                continue;
            }
            for p in &places {
                let away = plane::distance_to(&ground.rings[b.ix()], *p);
                if away <= CUT_ACROSS_M && best.is_none_or(|(least, ..)| away < least) {
                    best = Some((away, a, b, *p));
                }
            }
        }
    }
    let Some((away, a, b, p)) = best else { return };
    let q = plane::clamp_into(&ground.rings[b.ix()], p);
    let d = if away > 1e-6 { [(q[0] - p[0]) / away, (q[1] - p[1]) / away] } else { [1.0, 0.0] };
    let across = |at: Point| [-0.5, 0.5].map(|s| [at[0] - d[1] * s * TRODDEN_M, at[1] + d[0] * s * TRODDEN_M, at[2]]);
    let onto = |ground: &Ground, area: AreaIx, ends: [Point; 2]| {
        ends.map(|p| {
            let p = plane::clamp_into(&ground.rings[area.ix()], p);
            [p[0], p[1], ground.height(area, p)]
        })
    };
    let (near, far) = (across(p), across(q));
    let (on_a, on_b) = (onto(ground, a, near), onto(ground, b, far));
    let Some(object) = ground.areas[a.ix()].object.clone() else { return };
    if away < 0.3 {
        ground.portal(a, b, on_a, on_b, Some(object.clone()));
    } else {
        let mut kind = Kind::new(AreaKind::Footway, &object);
        kind.layer = ground.layers[a.ix()];
        let Some(strip) = ground.area(&kind, plane::hull(&[near[0], near[1], far[0], far[1]])) else { return };
        ground.portal(a, strip, on_a, near, Some(object.clone()));
        ground.portal(strip, b, far, on_b, Some(object.clone()));
    }
    let message = format!("no path leads to '{object}'; people are taken to cut across to the next one, {away:.0} m away");
    ground.faults.push(Diagnostic::info("square-without-path", message).object(object.as_str()).position(p));
}
