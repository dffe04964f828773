//! Objects beside each other: parts of a building (601) and rooms (701) must not fill the same space, nor should buildings.

use super::{Body, Fault, Tolerances};
use crate::{CityObject, Lod};
use qike_core::Bounds3;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// What may not overlap with its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Buildings and their parts: 601.
    Parts,
    /// Rooms of one building, the cells of IndoorGML: 701.
    Rooms,
}

/// A pair of objects that overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// The object that the fault is told of, by its place in the list.
    pub object: usize,
    /// What is wrong; its part names the geometry.
    pub fault: Fault,
}

/// Pairs of boxes that could overlap by more than `tolerances` allow, the lesser number first, sorted.
pub fn near(boxes: &[Bounds3], tolerances: &Tolerances) -> Vec<(usize, usize)> {
    let depth = tolerances.depth();
    let finite = |b: &Bounds3| b.min.iter().chain(&b.max).all(|c| c.is_finite());
    let leaf = |(i, b): (usize, &Bounds3)| finite(b).then(|| GeomWithData::new(Rectangle::from_corners(b.min, b.max), i));
    let tree = RTree::bulk_load(boxes.iter().enumerate().filter_map(leaf).collect());
    let mut pairs = Vec::new();
    for (i, b) in boxes.iter().enumerate().filter(|(_, b)| finite(b)) {
        let deep = |j: usize| boxes.get(j).is_some_and(|o| (0..3).all(|k| b.max[k].min(o.max[k]) - b.min[k].max(o.min[k]) > depth));
        let others = tree.locate_in_envelope_intersecting(&AABB::from_corners(b.min, b.max)).map(|leaf| leaf.data);
        pairs.extend(others.filter(|j| *j > i && deep(*j)).map(|j| (i, j)));
    }
    pairs.sort_unstable();
    pairs
}

/// The bodies of an object with their levels, for [`overlap`].
pub fn bodies(object: &CityObject, tolerances: &Tolerances) -> Vec<(Lod, Body)> {
    object.geometries.iter().flat_map(|g| Body::all_of(g, tolerances).into_iter().map(|body| (g.lod, body))).collect()
}

/// Where two objects overlap at a level that both have: the first such level, and a place.
pub fn overlap(a: &[(Lod, Body)], b: &[(Lod, Body)], tolerances: &Tolerances) -> Option<(Lod, [f64; 3])> {
    let pairs = a.iter().flat_map(|(lod, body)| b.iter().filter(move |(other, _)| other == lod).map(move |(_, other)| (*lod, body, other)));
    pairs.into_iter().find_map(|(lod, body, other)| Some((lod, body.overlap(other, tolerances)?)))
}

/// Objects of one building that overlap at the same level of detail. Pairs are told once, of the later object.
pub fn check(objects: &[&CityObject], kind: Kind, tolerances: &Tolerances) -> Vec<Overlap> {
    let mut bodies: Vec<(usize, Lod, Body)> = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        for geometry in &object.geometries {
            bodies.extend(Body::all_of(geometry, tolerances).into_iter().map(|body| (number, geometry.lod, body)));
        }
    }
    // From west to east, so that only neighbours are compared.
    bodies.sort_by(|a, b| a.2.bounds().min[0].total_cmp(&b.2.bounds().min[0]).then(a.0.cmp(&b.0)).then(a.1.cmp(&b.1)));
    let mut found: Vec<Overlap> = Vec::new();
    for (i, (a, lod, body)) in bodies.iter().enumerate() {
        let near = bodies.iter().skip(i + 1).take_while(|(.., other)| other.bounds().min[0] < body.bounds().max[0]);
        for (b, _, other) in near.filter(|(b, other_lod, _)| b != a && other_lod == lod) {
            let Some(position) = body.overlap(other, tolerances) else { continue };
            let (first, object) = (*a.min(b), *a.max(b));
            let (code, what) = match kind {
                Kind::Parts => (601, "its inside overlaps that of"),
                Kind::Rooms => (701, "the room overlaps the room"),
            };
            let message = format!("{what} '{}'", objects[first].id);
            let fault = Fault { code, part: format!("LOD {lod}"), message, position: Some(position) };
            if !found.iter().any(|o| o.object == object && o.fault.message == fault.message && o.fault.part == fault.part) {
                found.push(Overlap { object, fault });
            }
        }
    }
    found.sort_by(|a, b| (a.object, &a.fault.part, &a.fault.message).cmp(&(b.object, &b.fault.part, &b.fault.message)));
    found
}
