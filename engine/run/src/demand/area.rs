//! Objects as areas in plan: what lies inside, and where their middle is.

use qike_core::Bounds2;
use qike_core::bounds::in_ring;
use qike_scene::{CityObject, Class, GeometryKind, ObjectIx, SceneSnapshot};

/// The surfaces of an object, seen from above.
pub(super) struct Footprint {
    /// Rings of each surface, the outer one first.
    surfaces: Vec<Vec<Vec<[f64; 2]>>>,
    bounds: Bounds2,
}

impl Footprint {
    /// Of the object's simplest geometry with surfaces; `None` for points and lines.
    pub(super) fn of(object: &CityObject) -> Option<Self> {
        let flat = |g: &&qike_scene::Geometry| !matches!(g.kind, GeometryKind::MultiPoint | GeometryKind::MultiLine | GeometryKind::Mesh);
        let geometry = object.geometries.iter().filter(flat).min_by_key(|g| g.lod)?;
        let mut bounds = Bounds2::default();
        let mut surfaces = Vec::new();
        for surface in geometry.surfaces() {
            let mut rings = Vec::new();
            for ring in surface.rings() {
                let points: Vec<[f64; 2]> =
                    ring.iter().filter_map(|i| geometry.vertices.get(*i as usize)).map(|v| [v[0], v[1]]).collect();
                points.iter().for_each(|p| bounds.grow(*p));
                rings.push(points);
            }
            surfaces.push(rings);
        }
        (!surfaces.is_empty()).then_some(Self { surfaces, bounds })
    }

    /// Whether a place lies inside a surface (walls, seen from above, hold nothing).
    pub(super) fn contains(&self, p: [f64; 2]) -> bool {
        let odd = |rings: &Vec<Vec<[f64; 2]>>| rings.iter().filter(|ring| in_ring(ring, p)).count() % 2 == 1;
        self.surfaces.iter().any(odd)
    }

    pub(super) fn bounds(&self) -> &Bounds2 {
        &self.bounds
    }
}

/// The middle of an object's box; `None` without geometry (then of its children's boxes).
pub(super) fn centre(scene: &SceneSnapshot, ix: ObjectIx) -> Option<[f64; 3]> {
    let mut bounds = scene.bounds_of(ix);
    if bounds.is_empty() {
        scene.children(ix).iter().for_each(|child| bounds.merge(&scene.bounds_of(*child)));
    }
    (!bounds.is_empty()).then(|| [0, 1, 2].map(|axis| (bounds.min[axis] + bounds.max[axis]) / 2.0))
}

/// How many people live and work in a building, where its source says so.
pub(super) fn people(object: &CityObject) -> f64 {
    ["residents", "jobs", "population"].iter().filter_map(|key| object.number(key)).filter(|n| *n > 0.0).sum()
}

/// Buildings with people whose middle lies in an area.
pub(super) fn buildings(scene: &SceneSnapshot, area: &Footprint) -> Vec<(ObjectIx, f64)> {
    let found = scene.window(area.bounds()).into_iter().filter_map(|ix| {
        let object = scene.get(ix);
        let people = people(object);
        let middle = centre(scene, ix)?;
        (object.class == Class::Building && people > 0.0 && area.contains([middle[0], middle[1]])).then_some((ix, people))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{Geometry, Lod, SourceId};

    #[test]
    fn holes_are_outside() {
        let ring = |a: f64, b: f64| vec![[a, a, 0.0], [b, a, 0.0], [b, b, 0.0], [a, b, 0.0]];
        let mut object = CityObject::new("park", Class::LandUse, SourceId(0));
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring(0.0, 10.0), ring(4.0, 6.0)]));
        let area = Footprint::of(&object).unwrap();
        assert!(area.contains([1.0, 1.0]) && !area.contains([5.0, 5.0]) && !area.contains([11.0, 1.0]));
        let mut point = CityObject::new("lamp", Class::CityFurniture, SourceId(0));
        point.geometries.push(Geometry::point(Lod::ZERO, [1.0, 2.0, 3.0]));
        assert!(Footprint::of(&point).is_none());
    }
}
