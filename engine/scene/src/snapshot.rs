//! The city as it stands: immutable, in memory, indexed. Everything that computes or draws reads one of these.

use crate::{CityObject, Class, Series, SourceInfo};
use qike_core::{Bounds2, Bounds3, Crs};
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};
use std::collections::HashMap;

/// The number of an object in its snapshot: objects are sorted by id, so the same store gives the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectIx(pub u32);

type Entry = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// All objects of a store at one moment, with indices by id, class, parent and place.
pub struct SceneSnapshot {
    crs: Crs,
    sources: Vec<SourceInfo>,
    objects: Vec<CityObject>,
    bounds: Vec<Bounds3>,
    whole: Bounds3,
    by_id: HashMap<crate::ObjectId, ObjectIx>,
    by_class: Vec<Vec<ObjectIx>>,
    parent: Vec<Option<ObjectIx>>,
    child_start: Vec<u32>,
    children: Vec<ObjectIx>,
    tree: RTree<Entry>,
    series: Vec<Series>,
}

impl SceneSnapshot {
    /// Indexes the objects. Of several with one id the first is kept; a parent that is not there is no parent.
    pub fn new(crs: Crs, sources: Vec<SourceInfo>, mut objects: Vec<CityObject>, mut series: Vec<Series>) -> Self {
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        objects.dedup_by(|later, earlier| later.id == earlier.id);
        series.sort_by(|a, b| (&a.object, &a.quantity, &a.date).cmp(&(&b.object, &b.quantity, &b.date)));
        let by_id: HashMap<_, _> = objects.iter().enumerate().map(|(i, o)| (o.id.clone(), ObjectIx(i as u32))).collect();
        let mut by_class = vec![Vec::new(); Class::ALL.len()];
        for (i, object) in objects.iter().enumerate() {
            by_class[usize::from(object.class.number())].push(ObjectIx(i as u32));
        }
        let parent: Vec<_> = objects.iter().map(|o| by_id.get(o.parent.as_ref()?).copied()).collect();
        let (child_start, children) = children_of(&parent);
        let bounds: Vec<_> = objects.iter().map(CityObject::bounds).collect();
        let mut whole = Bounds3::EMPTY;
        bounds.iter().for_each(|b| whole.merge(b));
        let entries = bounds.iter().enumerate().filter(|(_, b)| !b.is_empty());
        let entry = |(i, b): (usize, &Bounds3)| Entry::new(Rectangle::from_corners([b.min[0], b.min[1]], [b.max[0], b.max[1]]), i as u32);
        let tree = RTree::bulk_load(entries.map(entry).collect());
        Self { crs, sources, objects, bounds, whole, by_id, by_class, parent, child_start, children, tree, series }
    }

    /// The CRS of all coordinates.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The sources the objects came from; [`crate::SourceId`] counts into this.
    pub fn sources(&self) -> &[SourceInfo] {
        &self.sources
    }

    /// All objects, sorted by id.
    pub fn objects(&self) -> &[CityObject] {
        &self.objects
    }

    /// An object by its number.
    pub fn get(&self, ix: ObjectIx) -> &CityObject {
        &self.objects[ix.0 as usize]
    }

    /// The box around an object (children not included); empty where it has no geometry.
    pub fn bounds_of(&self, ix: ObjectIx) -> Bounds3 {
        self.bounds[ix.0 as usize]
    }

    /// The number of the object with that id.
    pub fn find(&self, id: &str) -> Option<ObjectIx> {
        self.by_id.get(id).copied()
    }

    /// The objects whose parent this is, rising.
    pub fn children(&self, ix: ObjectIx) -> &[ObjectIx] {
        let i = ix.0 as usize;
        &self.children[self.child_start[i] as usize..self.child_start[i + 1] as usize]
    }

    /// The object it is part of.
    pub fn parent(&self, ix: ObjectIx) -> Option<ObjectIx> {
        self.parent[ix.0 as usize]
    }

    /// All objects of a class, rising.
    pub fn of_class(&self, class: Class) -> &[ObjectIx] {
        &self.by_class[usize::from(class.number())]
    }

    /// All objects whose box meets the window in plan, rising.
    pub fn window(&self, window: &Bounds2) -> Vec<ObjectIx> {
        if window.is_empty() {
            return vec![];
        }
        let envelope = AABB::from_corners(window.min, window.max);
        let mut found: Vec<_> = self.tree.locate_in_envelope_intersecting(&envelope).map(|e| ObjectIx(e.data)).collect();
        found.sort_unstable();
        found
    }

    /// The box around everything.
    pub fn bounds(&self) -> Bounds3 {
        self.whole
    }

    /// All time series, sorted by object, quantity, date.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The id most like `text` (for "did you mean"), where one is at all alike.
    pub fn nearest_id(&self, text: &str) -> Option<&str> {
        let score = |o: &CityObject| strsim::jaro_winkler(o.id.as_str(), text);
        let best = self.objects.iter().map(|o| (score(o), o.id.as_str())).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
        (best.0 > 0.7).then_some(best.1)
    }
}

/// Children by parent in compressed rows.
fn children_of(parent: &[Option<ObjectIx>]) -> (Vec<u32>, Vec<ObjectIx>) {
    let mut start = vec![0u32; parent.len() + 1];
    for p in parent.iter().flatten() {
        start[p.0 as usize + 1] += 1;
    }
    for i in 1..start.len() {
        start[i] += start[i - 1];
    }
    let mut next = start.clone();
    let mut children = vec![ObjectIx(0); *start.last().unwrap_or(&0) as usize];
    for (i, p) in parent.iter().enumerate() {
        if let Some(p) = p {
            let slot = &mut next[p.0 as usize];
            children[*slot as usize] = ObjectIx(i as u32);
            *slot += 1;
        }
    }
    (start, children)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Geometry, Lod, SourceId};

    fn lamp(id: &str, x: f64, y: f64, parent: Option<&str>) -> CityObject {
        let mut o = CityObject::new(id, Class::CityFurniture, SourceId(0));
        o.geometries.push(Geometry::point(Lod::ZERO, [x, y, 0.0]));
        o.parent = parent.map(Into::into);
        o
    }

    #[test]
    fn finds_by_id_place_class_and_parent_whatever_the_order() {
        let mut objects: Vec<_> = (0..100).map(|i| lamp(&format!("lamp:{i:03}"), f64::from(i % 10), f64::from(i / 10), (i > 0).then_some("lamp:000"))).collect();
        objects.reverse();
        objects.push(lamp("lamp:000", 50.0, 50.0, None));
        let scene = SceneSnapshot::new(Crs::local(), vec![], objects, vec![]);
        assert_eq!(scene.objects().len(), 100);
        let root = scene.find("lamp:000").unwrap();
        assert_eq!(scene.children(root).len(), 99);
        assert_eq!(scene.parent(scene.find("lamp:042").unwrap()), Some(root));
        let hits = scene.window(&Bounds2 { min: [2.5, 3.5], max: [4.5, 5.0] });
        assert_eq!(hits.iter().map(|i| scene.get(*i).id.as_str()).collect::<Vec<_>>(), ["lamp:043", "lamp:044", "lamp:053", "lamp:054"]);
        assert_eq!(scene.of_class(Class::CityFurniture).len(), 100);
        assert_eq!(scene.nearest_id("lanp:042"), Some("lamp:042"));
        assert_eq!(scene.nearest_id("zzz"), None);
    }
}
