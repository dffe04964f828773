//! A loose quadtree over the middles of objects: first of boxes alone, then, where the objects of a tile turn out to be heavy, of these.

use crate::ExportError;
use crate::gltf::picture::Album;
use qike_core::Bounds3;
use qike_scene::{CityObject, ImageId};
use std::collections::BTreeSet;

/// Corners of triangles a tile may have before it is split.
const MAX_CORNERS: u64 = 150_000;
/// Objects a tile may have before it is split.
const MAX_OBJECTS: usize = 2_000;
/// Bytes of pictures a tile may have before it is split. (One object's may be more: nothing here makes pictures smaller.)
const MAX_PICTURES: u64 = 8 << 20;
/// Tiles are not split below this edge, metres.
const MIN_EDGE_M: f64 = 32.0;
const MAX_DEPTH: usize = 16;

/// A square on the ground.
#[derive(Clone, Copy, Debug)]
pub struct Square {
    /// South-western corner.
    pub corner: [f64; 2],
    /// Length of the edge, metres.
    pub edge: f64,
    /// How often it was split.
    pub depth: usize,
}

impl Square {
    /// The square around a box.
    pub fn around(bounds: &Bounds3) -> Self {
        let (centre, size) = (bounds.centre(), bounds.size());
        let edge = if bounds.is_empty() { 0.0 } else { size[0].max(size[1]).max(1.0) };
        Self { corner: [centre[0] - edge / 2.0, centre[1] - edge / 2.0], edge, depth: 0 }
    }

    /// Its quadrants: south-west, south-east, north-west, north-east; `None` where it is small enough for anything.
    pub fn quadrants(&self) -> Option<[Self; 4]> {
        let half = self.edge / 2.0;
        let [x, y] = self.corner;
        let quadrant = |x: f64, y: f64| Self { corner: [x, y], edge: half, depth: self.depth + 1 };
        (half >= MIN_EDGE_M && self.depth < MAX_DEPTH).then(|| [quadrant(x, y), quadrant(x + half, y), quadrant(x, y + half), quadrant(x + half, y + half)])
    }

    /// Sorts things by the quadrants their middles lie in; what is as large as a quadrant stays with the square itself.
    pub fn sort<T>(&self, things: Vec<T>, bounds: impl Fn(&T) -> Bounds3) -> (Vec<T>, [Vec<T>; 4]) {
        let half = self.edge / 2.0;
        let mut own = Vec::new();
        let mut quadrants: [Vec<T>; 4] = Default::default();
        for thing in things {
            let b = bounds(&thing);
            let (middle, size) = (b.centre(), b.size());
            // What has no place on the ground stays too.
            if size[0].is_nan() || size[1].is_nan() || size[0].max(size[1]) >= half {
                own.push(thing);
                continue;
            }
            let east = usize::from(middle[0] >= self.corner[0] + half);
            let north = usize::from(middle[1] >= self.corner[1] + half);
            quadrants[2 * north + east].push(thing);
        }
        (own, quadrants)
    }
}

/// True where so many objects are more than a tile should have, whatever they are.
pub fn are_many(count: usize) -> bool {
    count > MAX_OBJECTS
}

/// True where the objects are more than a tile should have: corners, pictures.
pub fn are_heavy(objects: &[CityObject], album: &Album) -> Result<bool, ExportError> {
    let corners: u64 = objects.iter().map(|o| o.geometries.iter().map(|g| g.indices.len() as u64).max().unwrap_or(0)).sum();
    Ok(corners > MAX_CORNERS || picture_bytes(objects, album)? > MAX_PICTURES)
}

/// Bytes of the pictures that objects wear.
pub fn picture_bytes(objects: &[CityObject], album: &Album) -> Result<u64, ExportError> {
    let ids: BTreeSet<ImageId> = objects.iter().flat_map(|o| &o.geometries).flat_map(|g| g.textures()).filter_map(|t| t.image).collect();
    let mut sum = 0;
    for id in ids {
        sum += album.look_up(id)?.map_or(0, |known| known.bytes);
    }
    Ok(sum)
}
