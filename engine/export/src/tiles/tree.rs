//! A loose quadtree over the middles of objects.

use qike_core::Bounds3;
use qike_scene::{ObjectIx, SceneSnapshot};

/// Corners of triangles a tile may have before it is split.
const MAX_WEIGHT: u64 = 150_000;
/// Objects a tile may have before it is split.
const MAX_OBJECTS: usize = 2_000;
/// Tiles are not split below this edge, metres.
const MIN_EDGE_M: f64 = 32.0;
const MAX_DEPTH: usize = 16;

/// A tile: its own objects, and four smaller tiles or none.
pub struct Node {
    /// Objects that are drawn with this tile, rising.
    pub objects: Vec<ObjectIx>,
    /// Four quadrants (south-west, south-east, north-west, north-east), or none.
    pub children: Vec<Node>,
    /// Length of the square's edge, metres.
    pub edge: f64,
}

/// All tiles.
pub struct Tree {
    root: Node,
    bounds: Bounds3,
    objects: usize,
}

struct Entry {
    ix: ObjectIx,
    middle: [f64; 2],
    size: f64,
    weight: u64,
}

impl Tree {
    /// Sorts the objects that have a place into tiles.
    pub fn of(snapshot: &SceneSnapshot, chosen: &[ObjectIx]) -> Self {
        let mut bounds = Bounds3::EMPTY;
        let mut entries = Vec::new();
        for ix in chosen {
            let own = snapshot.bounds_of(*ix);
            let object = snapshot.get(*ix);
            if own.is_empty() || !object.geometries.iter().all(|g| g.is_finite()) {
                continue;
            }
            bounds.merge(&own);
            let (centre, size) = (own.centre(), own.size());
            let weight = object.geometries.iter().map(|g| g.indices.len() as u64).max().unwrap_or(0);
            entries.push(Entry { ix: *ix, middle: [centre[0], centre[1]], size: size[0].max(size[1]), weight });
        }
        let objects = entries.len();
        let (centre, size) = (bounds.centre(), bounds.size());
        let edge = if bounds.is_empty() { 0.0 } else { size[0].max(size[1]).max(1.0) };
        let corner = [centre[0] - edge / 2.0, centre[1] - edge / 2.0];
        Self { root: split(entries, corner, edge, 0), bounds, objects }
    }

    /// The tile with everything.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The box around all objects, in the model's system.
    pub fn bounds(&self) -> &Bounds3 {
        &self.bounds
    }

    /// Number of objects.
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// True where no object has a place.
    pub fn is_empty(&self) -> bool {
        self.objects == 0
    }
}

fn split(entries: Vec<Entry>, corner: [f64; 2], edge: f64, depth: usize) -> Node {
    let weight: u64 = entries.iter().map(|e| e.weight).sum();
    let small = weight <= MAX_WEIGHT && entries.len() <= MAX_OBJECTS;
    if small || edge / 2.0 < MIN_EDGE_M || depth >= MAX_DEPTH {
        return Node { objects: entries.iter().map(|e| e.ix).collect(), children: Vec::new(), edge };
    }
    let half = edge / 2.0;
    let mut own = Vec::new();
    let mut quadrants: [Vec<Entry>; 4] = Default::default();
    for entry in entries {
        // What is as large as the smaller tiles stays here.
        if entry.size >= half {
            own.push(entry.ix);
            continue;
        }
        let east = usize::from(entry.middle[0] >= corner[0] + half);
        let north = usize::from(entry.middle[1] >= corner[1] + half);
        quadrants[2 * north + east].push(entry);
    }
    let corners = [corner, [corner[0] + half, corner[1]], [corner[0], corner[1] + half], [corner[0] + half, corner[1] + half]];
    let children = quadrants.into_iter().zip(corners).map(|(entries, corner)| split(entries, corner, half, depth + 1)).collect();
    Node { objects: own, children, edge }
}
