//! What lies around the city to the horizon: a plain, and the open sea where the model's sea ends at its edge.

use crate::mesh::{Builder, Kind, ON_GROUND, Paint};
use crate::model::city::{NO_OBJECT, Tile};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use crate::model::layer::Layer;
use crate::model::palette;
use qike_core::Bounds3;
use qike_scene::{Class, SceneSnapshot};
use std::f32::consts::TAU;
use std::sync::Arc;

/// Where the picture ends, metres.
const HORIZON_M: f32 = 60_000.0;
/// Directions in which the sea's edge is looked for.
const DIRECTIONS: usize = 512;

/// The plain under and around the city, to the horizon: a fine grid below it and rings around.
pub fn plain(ground: &Ground, low: [f32; 3], high: [f32; 3]) -> Option<Tile> {
    let paint = Paint { colour: palette::GROUND, kind: Kind::Grass, object: NO_OBJECT, foot: ON_GROUND };
    // With terrain in the model the plain lies just below it, and shows only around it.
    let y = ground.base() - if ground.has_relief() { 2.0 } else { 0.0 };
    let cuts = |low: f32, high: f32| {
        let mut cuts = vec![low - 60_000.0, low - 20_000.0, low - 6_000.0, low - 2_000.0, low - 600.0];
        let steps = ((high - low) / 250.0).ceil().clamp(1.0, 200.0);
        cuts.extend((0..=steps as usize).map(|i| low + (high - low) * i as f32 / steps));
        cuts.extend([high + 600.0, high + 2_000.0, high + 6_000.0, high + 20_000.0, high + 60_000.0]);
        cuts
    };
    let (xs, zs) = (cuts(low[0], high[0]), cuts(high[2], low[2]));
    let mut b = Builder::default();
    let rows: Vec<Vec<u32>> =
        zs.iter().map(|z| xs.iter().map(|x| b.vertex([*x, y, *z], [0.0, 1.0, 0.0], 1.0, &paint)).collect()).collect();
    for pair in rows.windows(2) {
        for i in 1..xs.len() {
            b.triangle(pair[0][i - 1], pair[1][i - 1], pair[1][i]);
            b.triangle(pair[0][i - 1], pair[1][i], pair[0][i]);
        }
    }
    b.finish().map(|mesh| Tile { layer: Layer::Ground, square: [0, 0], near: Arc::new(mesh), far: None })
}

/// The sea beyond the model's: in every direction in which the model ends with sea, water from there to the horizon.
pub fn sea(snapshot: &SceneSnapshot, frame: &SceneFrame, ground: &Ground) -> Option<Tile> {
    let is_sea = |object: &qike_scene::CityObject| {
        matches!(object.str("water"), Some("sea" | "ocean" | "bay")) || matches!(object.str("natural"), Some("bay" | "strait" | "coastline"))
    };
    let waters = snapshot.of_class(Class::WaterBody).iter().map(|ix| snapshot.get(*ix)).filter(|object| is_sea(object));
    let mut edges: Vec<[[f32; 2]; 2]> = Vec::new();
    for geometry in waters.filter_map(|object| object.coarsest()).filter(|g| g.is_finite() && g.is_consistent()) {
        for r in 0..geometry.ring_ends.len() {
            let points: Vec<[f32; 3]> = geometry.ring_points(r).into_iter().map(|p| frame.to_scene(p)).collect();
            edges.extend((0..points.len()).map(|i| [points[i], points[(i + 1) % points.len()]].map(|p| [p[0], p[2]])));
        }
    }
    let size = snapshot.bounds().size();
    let near = 0.42 * size[0].min(size[1]) as f32;
    let reach: Vec<Option<f32>> = (0..DIRECTIONS)
        .map(|k| {
            let (sin, cos) = (k as f32 / DIRECTIONS as f32 * TAU).sin_cos();
            edges.iter().filter_map(|edge| meets([cos, sin], edge)).fold(None, |far: Option<f32>, t| Some(far.map_or(t, |f| f.max(t))))
        })
        .map(|far| far.filter(|far| *far > near))
        .collect();
    let paint = Paint { colour: [58, 132, 168], kind: Kind::Water, object: NO_OBJECT, foot: ON_GROUND };
    let y = ground.base() + palette::lift(Layer::Water);
    let mut b = Builder::default();
    for k in 0..DIRECTIONS {
        let next = (k + 1) % DIRECTIONS;
        let (Some(from), Some(to)) = (reach[k], reach[next]) else { continue };
        let at = |k: usize, r: f32| {
            let (sin, cos) = (k as f32 / DIRECTIONS as f32 * TAU).sin_cos();
            [r * cos, y, r * sin]
        };
        // Rings, so that no triangle is so long that its depth becomes coarse.
        let rings = [1.0, 1.5, 3.0, 8.0, HORIZON_M / from.max(1.0)];
        for ring in rings.windows(2) {
            // z runs south: rising angles turn clockwise seen from above.
            b.quad([at(next, to * ring[0]), at(next, to * ring[1]), at(k, from * ring[1]), at(k, from * ring[0])], &paint);
        }
    }
    b.finish().map(|mesh| Tile { layer: Layer::Water, square: [0, 0], near: Arc::new(mesh), far: None })
}

/// A pit around the underground part of a building: it is always there, and seen only where the ground above it is opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pit {
    /// Least x and z.
    pub min: [f32; 2],
    /// Greatest x and z.
    pub max: [f32; 2],
    /// Height of its floor.
    pub floor: f32,
}

impl Pit {
    /// The pit around a box of the city; `None` where nothing of it lies under the ground.
    pub fn around(bounds: &Bounds3, frame: &SceneFrame, ground: &Ground) -> Option<Pit> {
        if bounds.is_empty() {
            return None;
        }
        let (low, high) = (frame.to_scene(bounds.min), frame.to_scene(bounds.max));
        let margin = 6.0;
        let pit = Pit { min: [low[0] - margin, high[2] - margin], max: [high[0] + margin, low[2] + margin], floor: low[1] - 0.3 };
        (pit.floor < ground.base() - 1.5).then_some(pit)
    }

    /// Its floor and its sides, which show from inside only.
    pub fn tile(&self, ground: &Ground) -> Option<Tile> {
        let ([x0, z0], [x1, z1], low, top) = (self.min, self.max, self.floor, ground.base());
        let earth = |colour| Paint { colour, kind: Kind::Plain, object: NO_OBJECT, foot: ON_GROUND };
        let (floor, side) = (earth([188, 176, 152]), earth([206, 188, 156]));
        let mut b = Builder::default();
        b.quad([[x0, low, z1], [x1, low, z1], [x1, low, z0], [x0, low, z0]], &floor);
        for ([ax, az], [bx, bz]) in [([x0, z0], [x1, z0]), ([x1, z0], [x1, z1]), ([x1, z1], [x0, z1]), ([x0, z1], [x0, z0])] {
            b.quad([[ax, low, az], [bx, low, bz], [bx, top, bz], [ax, top, az]], &side);
        }
        b.finish().map(|mesh| Tile { layer: Layer::Ground, square: [0, 0], near: Arc::new(mesh), far: None })
    }
}

/// How far along a direction from the zero an edge is met.
fn meets(direction: [f32; 2], [a, b]: &[[f32; 2]; 2]) -> Option<f32> {
    let side = |p: &[f32; 2]| direction[0] * p[1] - direction[1] * p[0];
    let (sa, sb) = (side(a), side(b));
    if (sa > 0.0) == (sb > 0.0) {
        return None;
    }
    let t = sa / (sa - sb);
    let p = [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * t);
    let along = p[0] * direction[0] + p[1] * direction[1];
    (along > 0.0).then_some(along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{cross, sub};
    use qike_core::Crs;
    use qike_scene::{CityObject, Geometry, Lod, SourceId};

    #[test]
    fn a_pit_opens_upwards_and_inwards() {
        let bounds = Bounds3 { min: [0.0, 0.0, -15.0], max: [100.0, 40.0, 6.0] };
        let frame = SceneFrame::new([0.0; 3]);
        let pit = Pit::around(&bounds, &frame, &Ground::flat(0.0)).unwrap();
        assert_eq!((pit.min, pit.max), ([-6.0, -46.0], [106.0, 6.0]));
        let mesh = pit.tile(&Ground::flat(0.0)).unwrap().near;
        for t in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(t[k]));
            let inside = [50.0, -5.0, -20.0];
            assert!(crate::mesh::dot(cross(sub(b, a), sub(c, a)), sub(inside, a)) > 0.0);
        }
        assert_eq!(Pit::around(&Bounds3 { min: [0.0; 3], max: [9.0; 3] }, &frame, &Ground::flat(0.0)), None);
    }

    #[test]
    fn the_sea_goes_on_where_the_model_ends_with_it_and_only_there() {
        let object = |id: &str, class, tags: &[(&str, &str)], low: [f64; 2], high: [f64; 2]| {
            let mut object = CityObject::new(id, class, SourceId(0));
            tags.iter().for_each(|(k, v)| drop(object.attributes.insert((*k).into(), (*v).into())));
            let ring = vec![[low[0], low[1], 0.0], [high[0], low[1], 0.0], [high[0], high[1], 0.0], [low[0], high[1], 0.0]];
            object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
            object
        };
        // Land in the west, sea in the east; a pond in the west is no sea.
        let objects = vec![
            object("land", Class::LandUse, &[], [-5000.0, -5000.0], [1000.0, 5000.0]),
            object("sea", Class::WaterBody, &[("water", "sea")], [1000.0, -5000.0], [5000.0, 5000.0]),
            object("pond", Class::WaterBody, &[("water", "pond")], [-5000.0, -100.0], [-4000.0, 100.0]),
        ];
        let snapshot = SceneSnapshot::new(Crs::epsg(4549).unwrap(), vec![], objects, vec![]);
        let frame = crate::model::frame::centred(&snapshot.bounds());
        let mesh = sea(&snapshot, &frame, &Ground::flat(0.0)).unwrap().near;
        for t in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(t[k]));
            assert!(cross(sub(b, a), sub(c, a))[1] > 0.0, "it faces up");
            assert!((a[0] + b[0] + c[0]) / 3.0 > 900.0, "nothing in the west");
        }
        assert!((mesh.min[0] + mesh.size[0]) > 50_000.0);
    }
}
