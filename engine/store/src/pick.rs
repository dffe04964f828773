//! What a ray meets first: by steps through the R*-tree, exact on triangles in f64.

use crate::error::StoreError;
use crate::read::ObjectKey;
use crate::store::SceneStore;
use qike_core::Bounds3;
use qike_scene::triangulate::triangulate;
use qike_scene::{Class, Lod};
use std::collections::BTreeSet;

/// Shortest step along the ray, metres.
const STEP_M: f64 = 50.0;

/// What a ray met.
#[derive(Clone, Debug, PartialEq)]
pub struct PickHit {
    /// Number of the object.
    pub key: ObjectKey,
    /// Its id.
    pub id: String,
    /// Its class.
    pub class: Class,
    /// LOD of the geometry that was met.
    pub lod: Lod,
    /// Number of the surface that was met (of the triangle, for meshes).
    pub surface: u32,
    /// What the surface is: `RoofSurface`.
    pub semantic: Option<String>,
    /// Where, in the store's CRS.
    pub position: [f64; 3],
    /// Metres from the origin.
    pub distance_m: f64,
}

impl SceneStore {
    /// The first surface that a ray meets, among the finest geometry of each object; `None` where it meets none.
    /// `direction` need not have length 1.
    pub fn pick(&self, origin: [f64; 3], direction: [f64; 3]) -> Result<Option<PickHit>, StoreError> {
        let length = direction.iter().map(|c| c * c).sum::<f64>().sqrt();
        let bounds = self.bounds()?;
        if !length.is_normal() || bounds.is_empty() || !origin.iter().all(|c| c.is_finite()) {
            return Ok(None);
        }
        let direction = direction.map(|c| c / length);
        let Some((start, end)) = clip(&bounds, origin, direction) else { return Ok(None) };
        let at = |t: f64| [0, 1, 2].map(|a| origin[a] + t * direction[a]);
        let mut seen = BTreeSet::new();
        let mut best: Option<PickHit> = None;
        let (mut near, mut step) = (start, STEP_M);
        // A hit nearer than the end of a step cannot be beaten by a later step.
        while near <= end && best.as_ref().is_none_or(|b| b.distance_m > near) {
            let far = (near + step).min(end);
            let (a, b) = (at(near), at(far));
            let stretch = Bounds3::of(&[a, b]);
            for key in self.window3(&stretch)? {
                if seen.insert(key) && self.bounds_of(key)?.is_some_and(|b| clip(&b, origin, direction).is_some()) {
                    let limit = best.as_ref().map_or(f64::INFINITY, |b| b.distance_m);
                    if let Some(hit) = self.pick_object(key, origin, direction, limit)? {
                        best = Some(hit);
                    }
                }
            }
            if far >= end {
                break;
            }
            near = far;
            // A ray that starts far off passes much empty air: steps grow, and with them only the number of candidates.
            step *= 1.25;
        }
        Ok(best)
    }

    fn pick_object(&self, key: ObjectKey, origin: [f64; 3], direction: [f64; 3], limit: f64) -> Result<Option<PickHit>, StoreError> {
        let Some(object) = self.load(key)? else { return Ok(None) };
        let Some(g) = object.finest() else { return Ok(None) };
        let triangles = triangulate(g);
        let corner = |i: u32| g.vertices.get(i as usize).map(|v| [0, 1, 2].map(|a| v[a] - origin[a]));
        let mut best = (limit, None);
        for (number, [a, b, c]) in triangles.indices.iter().enumerate() {
            let (Some(a), Some(b), Some(c)) = (corner(*a), corner(*b), corner(*c)) else { continue };
            if let Some(t) = meet(direction, a, b, c).filter(|t| *t < best.0) {
                best = (t, triangles.surface.get(number).copied());
            }
        }
        let (distance_m, Some(surface)) = best else { return Ok(None) };
        let semantic = g.surface_semantic.get(surface as usize).and_then(|s| g.semantics.get(*s as usize)).map(|s| s.kind.clone());
        Ok(Some(PickHit {
            key,
            id: object.id.as_str().to_owned(),
            class: object.class,
            lod: g.lod,
            surface,
            semantic,
            position: [0, 1, 2].map(|a| origin[a] + distance_m * direction[a]),
            distance_m,
        }))
    }
}

/// The stretch of a ray that lies in a box (slab method); `None` where there is none.
fn clip(bounds: &Bounds3, origin: [f64; 3], direction: [f64; 3]) -> Option<(f64, f64)> {
    let (mut near, mut far) = (0.0f64, f64::INFINITY);
    for axis in 0..3 {
        if direction[axis] == 0.0 {
            if !(bounds.min[axis]..=bounds.max[axis]).contains(&origin[axis]) {
                return None;
            }
            continue;
        }
        let a = (bounds.min[axis] - origin[axis]) / direction[axis];
        let b = (bounds.max[axis] - origin[axis]) / direction[axis];
        near = near.max(a.min(b));
        far = far.min(a.max(b));
    }
    // A flat box has no depth: a little slack keeps it from being missed by rounding.
    (near <= far + 1e-9 * (1.0 + far.abs())).then_some((near, far.max(near)))
}

/// Distance along a ray from the origin (0, 0, 0) to a triangle, either side: Möller and Trumbore, Fast, minimum storage
/// ray/triangle intersection, 1997.
fn meet(d: [f64; 3], a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> Option<f64> {
    let sub = |p: [f64; 3], q: [f64; 3]| [0, 1, 2].map(|i| p[i] - q[i]);
    let dot = |p: [f64; 3], q: [f64; 3]| p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
    let cross = |p: [f64; 3], q: [f64; 3]| [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    let (e1, e2) = (sub(b, a), sub(c, a));
    let p = cross(d, e2);
    let det = dot(e1, p);
    if det.abs() < 1e-14 {
        return None;
    }
    let s = a.map(|v| -v);
    let u = dot(s, p) / det;
    let q = cross(s, e1);
    let v = dot(d, q) / det;
    // Rays along a shared edge must not fall between its triangles.
    let slack = -1e-9;
    let t = dot(e2, q) / det;
    (u >= slack && v >= slack && u + v <= 1.0 - slack && t >= 0.0).then_some(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_meet_triangles_from_both_sides() {
        let (a, b, c) = ([-1.0, -1.0, 5.0], [1.0, -1.0, 5.0], [0.0, 1.0, 5.0]);
        assert_eq!(meet([0.0, 0.0, 1.0], a, b, c), Some(5.0));
        assert_eq!(meet([0.0, 0.0, 1.0], a, c, b), Some(5.0));
        assert_eq!(meet([0.0, 0.0, -1.0], a, b, c), None);
        assert_eq!(meet([1.0, 0.0, 0.0], a, b, c), None);
    }

    #[test]
    fn flat_and_passed_boxes() {
        let flat = Bounds3 { min: [0.0, 0.0, 3.0], max: [10.0, 10.0, 3.0] };
        assert!(clip(&flat, [5.0, 5.0, 100.0], [0.0, 0.0, -1.0]).is_some());
        assert!(clip(&flat, [5.0, 5.0, 100.0], [0.0, 0.0, 1.0]).is_none());
        assert!(clip(&flat, [50.0, 5.0, 100.0], [0.0, 0.0, -1.0]).is_none());
    }
}
