//! What a store holds as a whole: its content hash, its box, and what of each class.

use crate::error::{At, StoreError};
use crate::store::SceneStore;
use qike_core::{Bounds2, Bounds3};
use std::collections::{BTreeMap, BTreeSet};

/// What a store holds as a whole.
pub(crate) struct Totals {
    /// Hash of all content: of objects a sum, so that the order of imports does not matter.
    pub content_hash: String,
    /// The box around everything.
    pub bounds: Bounds3,
    /// By class: the box in the plane, and the kinds of plan ([`Shape`](crate::gpb::Shape)).
    pub classes: BTreeMap<u8, (Bounds2, BTreeSet<i64>)>,
}

/// The part of [`Totals`] that comes from objects, one by one.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    sum: u128,
    count: u64,
    bounds: Option<Bounds3>,
    classes: BTreeMap<u8, (Bounds2, BTreeSet<i64>)>,
}

impl Tally {
    /// Adds an object; its box is `None` where it has no geometry.
    pub fn add(&mut self, hash: [u8; 16], class: u8, shape: i64, bounds: Option<&Bounds3>) {
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(hash));
        self.count += 1;
        let (plan, shapes) = self.classes.entry(class).or_default();
        if let Some(b) = bounds {
            self.bounds.get_or_insert(Bounds3::EMPTY).merge(b);
            plan.grow([b.min[0], b.min[1]]);
            plan.grow([b.max[0], b.max[1]]);
        }
        if !shapes.contains(&shape) {
            shapes.insert(shape);
        }
    }

    /// With the store's system and series.
    pub fn totals(self, store: &SceneStore) -> Result<Totals, StoreError> {
        let path = &store.path;
        let mut hasher = blake3::Hasher::new();
        hasher.update(store.crs.definition().as_bytes());
        hasher.update(&self.sum.to_le_bytes());
        hasher.update(&self.count.to_le_bytes());
        let mut statement = store.conn.prepare("SELECT object, quantity, unit, date, data FROM qike_series ORDER BY 1, 2, 4, 3, 5").at(path)?;
        let mut rows = statement.query([]).at(path)?;
        while let Some(row) = rows.next().at(path)? {
            for column in 0..5 {
                let bytes = row.get_ref(column).at(path)?;
                let bytes = bytes.as_bytes().unwrap_or_default();
                hasher.update(&(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
        let content_hash = hasher.finalize().to_hex()[..32].to_owned();
        Ok(Totals { content_hash, bounds: self.bounds.unwrap_or(Bounds3::EMPTY), classes: self.classes })
    }
}

/// Reads all objects' rows once.
pub(crate) fn totals(store: &SceneStore) -> Result<Totals, StoreError> {
    let path = &store.path;
    let mut tally = Tally::default();
    let mut statement = store.conn.prepare("SELECT hash, class, shape, minx, miny, minz, maxx, maxy, maxz FROM qike_object").at(path)?;
    let mut rows = statement.query([]).at(path)?;
    while let Some(row) = rows.next().at(path)? {
        let hash = row.get_ref(0).at(path)?.as_blob().ok().and_then(|b| <[u8; 16]>::try_from(b).ok());
        let mut corners = [0.0; 6];
        let mut has_place = true;
        for (n, corner) in corners.iter_mut().enumerate() {
            match row.get::<_, Option<f64>>(3 + n).at(path)? {
                Some(value) => *corner = value,
                None => has_place = false,
            }
        }
        let [x, y, z, xx, yy, zz] = corners;
        let bounds = Bounds3 { min: [x, y, z], max: [xx, yy, zz] };
        tally.add(hash.unwrap_or_default(), row.get(1).at(path)?, row.get(2).at(path)?, has_place.then_some(&bounds));
    }
    tally.totals(store)
}
