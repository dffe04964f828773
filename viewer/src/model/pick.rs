//! Which object lies under a point of the picture: a ray against the triangles that are drawn, exactly.

use crate::mesh::{TileMesh, cross, dot, sub};
use crate::model::city::{City, NO_OBJECT};
use crate::model::layer::Layer;
use qike_scene::ObjectIx;

/// A half-line in the picture's frame.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    /// Start.
    pub from: [f32; 3],
    /// Direction, length 1.
    pub along: [f32; 3],
}

/// What a ray met first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The object; `None` for the bare ground.
    pub object: Option<ObjectIx>,
    /// Metres from the ray's start.
    pub distance: f32,
    /// The place in the picture's frame.
    pub at: [f32; 3],
}

/// The nearest hit among the layers that `seen` allows; parts of the interior above `cut` are not there.
pub fn pick(city: &City, ray: Ray, cut: f32, seen: impl Fn(Layer) -> bool) -> Option<Hit> {
    let mut best: Option<(f32, u32)> = None;
    for tile in city.tiles.iter().filter(|tile| seen(tile.layer)) {
        let limit = if tile.layer == Layer::Interior { cut } else { f32::INFINITY };
        if let Some(found) = pick_mesh(&tile.near, ray, limit, best.map_or(f32::INFINITY, |(d, _)| d)) {
            best = Some(found);
        }
    }
    best.map(|(distance, object)| Hit {
        object: (object != NO_OBJECT).then_some(ObjectIx(object)),
        distance,
        at: [0, 1, 2].map(|axis| ray.from[axis] + ray.along[axis] * distance),
    })
}

/// The nearest hit in one mesh that is nearer than `nearest`: distance and object number.
fn pick_mesh(mesh: &TileMesh, ray: Ray, cut: f32, mut nearest: f32) -> Option<(f32, u32)> {
    if box_distance(mesh, ray)? > nearest {
        return None;
    }
    let mut found = None;
    for t in mesh.indices.chunks_exact(3) {
        let [a, b, c] = [t[0], t[1], t[2]].map(|v| mesh.position(v));
        let Some(distance) = triangle_distance([a, b, c], ray).filter(|d| *d < nearest) else { continue };
        if ray.from[1] + ray.along[1] * distance <= cut {
            nearest = distance;
            found = mesh.vertices.get(t[0] as usize).map(|v| (distance, v.object));
        }
    }
    found
}

/// Distance to a mesh's box; 0 from inside, `None` where the ray misses it.
fn box_distance(mesh: &TileMesh, ray: Ray) -> Option<f32> {
    let (mut enter, mut leave) = (0.0_f32, f32::INFINITY);
    for axis in 0..3 {
        let (low, high) = (mesh.min[axis] - 0.01, mesh.min[axis] + mesh.size[axis] + 0.01);
        if ray.along[axis].abs() < 1e-12 {
            if ray.from[axis] < low || ray.from[axis] > high {
                return None;
            }
            continue;
        }
        let (a, b) = ((low - ray.from[axis]) / ray.along[axis], (high - ray.from[axis]) / ray.along[axis]);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    (enter <= leave).then_some(enter)
}

/// Distance to a triangle from either side (Möller and Trumbore 1997).
fn triangle_distance([a, b, c]: [[f32; 3]; 3], ray: Ray) -> Option<f32> {
    let (ab, ac) = (sub(b, a), sub(c, a));
    let p = cross(ray.along, ac);
    let det = dot(ab, p);
    if det.abs() < 1e-12 {
        return None;
    }
    let s = sub(ray.from, a);
    let u = dot(s, p) / det;
    let q = cross(s, ab);
    let v = dot(ray.along, q) / det;
    let distance = dot(ac, q) / det;
    (u >= 0.0 && v >= 0.0 && u + v <= 1.0 && distance > 0.0).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Builder, Kind, Paint};

    #[test]
    fn the_nearest_object_is_hit_and_what_is_cut_away_is_not() {
        let mut builder = Builder::default();
        for (object, z) in [(1, 0.0), (2, -20.0)] {
            let paint = Paint { colour: [0; 3], kind: Kind::Plain, object, foot: 0.0 };
            builder.cuboid([0.0, 0.0, z], [-5.0, 0.0, -5.0], [5.0, 10.0, 5.0], 0.0, &paint);
        }
        let mesh = builder.finish().unwrap();
        let ray = Ray { from: [0.0, 5.0, 50.0], along: [0.0, 0.0, -1.0] };
        let (distance, object) = pick_mesh(&mesh, ray, f32::INFINITY, f32::INFINITY).unwrap();
        assert!((distance - 45.0).abs() < 0.01 && object == 1);
        assert_eq!(pick_mesh(&mesh, ray, 4.0, f32::INFINITY), None);
        assert_eq!(pick_mesh(&mesh, ray, f32::INFINITY, 40.0), None);
        let past = Ray { from: [30.0, 5.0, 50.0], ..ray };
        assert_eq!(pick_mesh(&mesh, past, f32::INFINITY, f32::INFINITY), None);
    }
}
