//! The ground: heights of terrain at any place, and objects set on it.
//!
//! A [`Ground`] is made of the triangles of `Relief` objects. Of several that lie over one another the one with the finest
//! triangles tells the height, so that it does not matter in which order they came.
//!
//! Plans without heights (OSM, GeoJSON, most tables) lie at zero; [`Ground::set`] lifts them:
//! - buildings and other solid things rigidly, to the lowest ground under their footprint, so that no wall hangs in the air;
//! - lines vertex by vertex, but bridges and tunnels straight from end to end; pipes with a depth lie that much below;
//! - points to the ground at their place;
//! - water and squares level, to the lowest ground under them.
//!
//! Areas of land use and of plants stay where they are: their few vertices say nothing of the ground within them.

mod set;
mod sheet;

pub use set::{Kept, Set, raise};

use crate::{CityObject, Class};
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};
use sheet::Sheet;

type Entry = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// Terrain that can be asked for heights.
#[derive(Default)]
pub struct Ground {
    sheets: Vec<Sheet>,
    ids: Vec<String>,
    tree: Option<RTree<Entry>>,
}

impl Ground {
    /// No ground yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the triangles of a `Relief` object; other objects are no ground.
    pub fn add(&mut self, object: &CityObject) {
        if object.class != Class::Relief {
            return;
        }
        for geometry in &object.geometries {
            if let Some(sheet) = Sheet::new(geometry) {
                self.sheets.push(sheet);
                self.ids.push(object.id.as_str().to_owned());
                self.tree = None;
            }
        }
    }

    /// True where there is no ground at all.
    pub fn is_empty(&self) -> bool {
        self.sheets.is_empty()
    }

    /// How many sheets of terrain there are.
    pub fn len(&self) -> usize {
        self.sheets.len()
    }

    /// Forgets the sheets that came after the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.sheets.truncate(len);
        self.ids.truncate(len);
        self.tree = None;
    }

    /// Makes ready for questions; to be called after the last [`Ground::add`].
    pub fn index(&mut self) {
        let entry = |(i, s): (usize, &Sheet)| Entry::new(Rectangle::from_corners(s.bounds.min, s.bounds.max), i as u32);
        self.tree = Some(RTree::bulk_load(self.sheets.iter().enumerate().map(entry).collect()));
    }

    /// The height of the ground; `None` where there is none.
    pub fn height(&self, at: [f64; 2]) -> Option<f64> {
        if !at.iter().all(|c| c.is_finite()) {
            return None;
        }
        self.sheets_at(at, at).into_iter().find_map(|sheet| self.sheets.get(sheet)?.height(at))
    }

    /// The sheets whose box meets a window, the finest first.
    fn sheets_at(&self, min: [f64; 2], max: [f64; 2]) -> Vec<usize> {
        let Some(tree) = &self.tree else { return vec![] };
        let mut found: Vec<usize> = tree.locate_in_envelope_intersecting(&AABB::from_corners(min, max)).map(|e| e.data as usize).collect();
        let grain = |i: usize| self.sheets.get(i).map_or(f64::MAX, |s| s.grain_m2);
        found.sort_by(|a, b| grain(*a).total_cmp(&grain(*b)).then_with(|| self.ids.get(*a).cmp(&self.ids.get(*b))));
        found
    }

    /// Corners of the ground's triangles in a window, of the finest sheet that has some there.
    fn corners_in(&self, min: [f64; 2], max: [f64; 2]) -> Vec<[f64; 3]> {
        let corners = self.sheets_at(min, max).into_iter().filter_map(|i| Some(self.sheets.get(i)?.corners_in(min, max)));
        corners.into_iter().find(|c| !c.is_empty()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
