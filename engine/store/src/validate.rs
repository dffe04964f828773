//! Checks of a whole store: the file, its tables against each other, and every object.

use crate::check::{check_indoor, check_object, check_together};
use crate::codec;
use crate::encode::content_hash;
use crate::error::{At, StoreError};
use crate::family::{Crowd, Family, PAIRS_AT_ONCE, distinct};
use crate::read::ObjectKey;
use crate::schema;
use crate::store::SceneStore;
use qike_core::{Diagnostic, Feedback};
use qike_scene::valid::repair::{Repair, Repaired, repair};
use qike_scene::valid::Tolerances;
use qike_scene::{CityObject, ObjectIx, SceneSnapshot};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

impl SceneStore {
    /// All faults of the store: `Error` where something is wrong, `Warning` where another program has changed something.
    /// Sorted by object, then code.
    pub fn validate(&self, feedback: &Feedback) -> Result<Vec<Diagnostic>, StoreError> {
        self.validate_with(&Tolerances::default(), feedback)
    }

    /// As [`SceneStore::validate`], with tolerances of one's own.
    pub fn validate_with(&self, tolerances: &Tolerances, feedback: &Feedback) -> Result<Vec<Diagnostic>, StoreError> {
        let mut faults = self.check_file()?;
        if faults.is_empty() {
            faults.extend(self.check_tables()?);
            faults.extend(self.check_objects(tolerances, feedback)?);
        }
        let file = self.path.display().to_string();
        faults.iter_mut().for_each(|fault| fault.place.file = Some(file.clone()));
        faults.sort_by(|a, b| (&a.object, &a.code, &a.place.path, &a.message).cmp(&(&b.object, &b.code, &b.place.path, &b.message)));
        Ok(faults)
    }

    /// SQLite's own check of pages, indices and keys.
    fn check_file(&self) -> Result<Vec<Diagnostic>, StoreError> {
        let mut statement = self.conn.prepare("PRAGMA integrity_check(20)").at(&self.path)?;
        let lines: Vec<String> = statement.query_map([], |r| r.get(0)).and_then(Iterator::collect).at(&self.path)?;
        Ok(lines.into_iter().filter(|l| l != "ok").map(|l| Diagnostic::error("store-damaged", format!("the file is damaged: {l}"))).collect())
    }

    /// Index, features, boxes and layers against each other.
    fn check_tables(&self) -> Result<Vec<Diagnostic>, StoreError> {
        let mut faults = Vec::new();
        let mut each = |sql: &str, make: &dyn Fn(&str) -> Diagnostic| -> Result<(), StoreError> {
            let mut statement = self.conn.prepare(sql).at(&self.path)?;
            let ids: Vec<String> = statement.query_map([], |r| r.get(0)).and_then(Iterator::collect).at(&self.path)?;
            faults.extend(ids.iter().map(|id| make(id)));
            Ok(())
        };
        let classes = schema::tables(&self.conn).at(&self.path)?;
        for class in &classes {
            let table = schema::table_name(*class);
            each(&format!(r#"SELECT id FROM qike_object WHERE class = {} AND oid NOT IN (SELECT fid FROM "{table}")"#, class.number()), &|id| {
                Diagnostic::error("feature-missing", format!("the layer '{table}' has no feature for the object")).object(id)
            })?;
            each(&format!(r#"SELECT 'fid ' || fid FROM "{table}" WHERE fid NOT IN (SELECT oid FROM qike_object)"#), &|fid| {
                Diagnostic::warning("feature-foreign", format!("the layer '{table}' has a feature that another program added; Qike does not use it"))
                    .path(format!("{table}, {fid}"))
            })?;
            each(
                &format!(
                    r#"SELECT 'fid ' || fid FROM "{table}" WHERE (geom IS NOT NULL) <> (fid IN (SELECT id FROM "rtree_{table}_geom"))
                       UNION ALL SELECT 'fid ' || id FROM "rtree_{table}_geom" WHERE id NOT IN (SELECT fid FROM "{table}")"#
                ),
                &|fid| Diagnostic::error("index-stale", format!("the spatial index of the layer '{table}' does not fit it")).path(format!("{table}, {fid}")),
            )?;
        }
        each(
            "SELECT id FROM qike_object o LEFT JOIN qike_rtree r USING (oid) WHERE (o.minx IS NOT NULL) <> (r.oid IS NOT NULL)
               OR r.minx > o.minx OR r.maxx < o.maxx OR r.miny > o.miny OR r.maxy < o.maxy OR r.minz > o.minz OR r.maxz < o.maxz",
            &|id| Diagnostic::error("index-stale", "the object's box in the 3D index does not hold it").object(id),
        )?;
        each("SELECT 'object ' || (gid >> 16) FROM qike_geometry WHERE gid >> 16 NOT IN (SELECT oid FROM qike_object)", &|key| {
            Diagnostic::error("geometry-orphaned", "a geometry belongs to no object").path(key)
        })?;
        Ok(faults)
    }

    /// Every object: does it decode, is it as it was imported, is its geometry sound, does its parent exist?
    fn check_objects(&self, tolerances: &Tolerances, feedback: &Feedback) -> Result<Vec<Diagnostic>, StoreError> {
        let mut statement = self.conn.prepare("SELECT oid, id, hash FROM qike_object ORDER BY oid").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let task = feedback.task("validate", 0);
        let mut faults = Vec::new();
        let mut family = Family::default();
        loop {
            feedback.check()?;
            let mut batch: Vec<(CityObject, String, Vec<u8>)> = Vec::new();
            while batch.len() < 2048 {
                let Some(row) = rows.next().at(&self.path)? else { break };
                let (oid, id, hash): (i64, String, Vec<u8>) =
                    (row.get(0).at(&self.path)?, row.get(1).at(&self.path)?, row.get(2).at(&self.path)?);
                match self.load_with_text(ObjectKey(oid)) {
                    Ok(Some((object, attributes))) => {
                        family.add(&object);
                        batch.push((object, attributes, hash));
                    }
                    // Its feature is missing, which is reported already.
                    Ok(None) => {}
                    Err(StoreError::Damaged { what, .. }) => faults.push(Diagnostic::error("object-broken", what).object(id)),
                    Err(other) => return Err(other),
                }
            }
            if batch.is_empty() {
                break;
            }
            task.advance(batch.len() as u64);
            faults.par_extend(batch.par_iter().flat_map_iter(|(object, attributes, hash)| {
                let mut faults = check_object(object, tolerances);
                let blobs: Vec<Vec<u8>> = object.geometries.iter().map(codec::encode).collect();
                if content_hash(object, attributes, &blobs)[..] != hash[..] {
                    let message = "the object is not as it was imported: another program has edited it";
                    faults.push(Diagnostic::warning("object-edited", message).object(object.id.as_str()));
                }
                faults
            }));
        }
        faults.extend(check_parents(&family.parents));
        faults.extend(family.without_geometry());
        let load = |ids: &[&str]| -> Result<Vec<CityObject>, StoreError> { ids.iter().filter_map(|id| self.object(id).transpose()).collect() };
        for (kind, ids) in family.groups() {
            feedback.check()?;
            let objects = load(&ids)?;
            faults.extend(check_together(&objects.iter().collect::<Vec<_>>(), kind, tolerances));
        }
        for ids in family.graphs() {
            feedback.check()?;
            let objects = load(&ids)?;
            faults.extend(check_indoor(&objects.iter().collect::<Vec<_>>(), tolerances));
        }
        let mut crowd = Crowd::default();
        for pairs in family.neighbours(tolerances).chunks(PAIRS_AT_ONCE) {
            feedback.check()?;
            let objects = load(&distinct(pairs))?;
            crowd.check(pairs, &objects.iter().collect::<Vec<_>>(), tolerances);
        }
        faults.extend(crowd.finish());
        Ok(faults)
    }
}

/// Faults of objects that are in no store: geometry, parents, parts, rooms and buildings that overlap, and graphs of cells. Sorted by object, then code.
pub fn validate_snapshot(snapshot: &SceneSnapshot, tolerances: &Tolerances) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = snapshot.objects().par_iter().flat_map_iter(|object| check_object(object, tolerances)).collect();
    let mut family = Family::default();
    snapshot.objects().iter().for_each(|object| family.add(object));
    faults.extend(check_parents(&family.parents));
    faults.extend(family.without_geometry());
    faults.par_extend(family.groups().into_par_iter().flat_map_iter(|(kind, ids)| {
        let objects: Vec<&CityObject> = ids.iter().filter_map(|id| snapshot.find(id).map(|ix| snapshot.get(ix))).collect();
        check_together(&objects, kind, tolerances)
    }));
    let some = |ids: &[&str]| -> Vec<&CityObject> { ids.iter().filter_map(|id| snapshot.find(id).map(|ix| snapshot.get(ix))).collect() };
    faults.par_extend(family.graphs().into_par_iter().flat_map_iter(|ids| check_indoor(&some(&ids), tolerances)));
    let mut crowd = Crowd::default();
    for pairs in family.neighbours(tolerances).chunks(PAIRS_AT_ONCE) {
        crowd.check(pairs, &some(&distinct(pairs)), tolerances);
    }
    faults.extend(crowd.finish());
    faults.sort_by(|a, b| (&a.object, &a.code, &a.place.path, &a.message).cmp(&(&b.object, &b.code, &b.place.path, &b.message)));
    faults
}

/// Repairs of a model's geometries: object, number of the geometry, what it becomes. Nothing is changed yet.
pub fn repair_snapshot(snapshot: &SceneSnapshot, allowed: &[Repair], tolerances: &Tolerances) -> Vec<(ObjectIx, usize, Repaired)> {
    let of_object = |(ix, object): (usize, &CityObject)| -> Vec<(ObjectIx, usize, Repaired)> {
        let each = object.geometries.iter().enumerate();
        each.filter_map(|(g, geometry)| Some((ObjectIx(ix as u32), g, repair(geometry, allowed, tolerances)?))).collect()
    };
    snapshot.objects().par_iter().enumerate().flat_map_iter(of_object).collect()
}

/// Parents that do not exist, and objects that are part of themselves.
fn check_parents(parents: &BTreeMap<String, Option<String>>) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut sound: BTreeSet<&str> = BTreeSet::new();
    for (id, parent) in parents {
        let Some(parent) = parent else { continue };
        if !parents.contains_key(parent) {
            faults.push(Diagnostic::error("parent-missing", format!("the parent '{parent}' does not exist")).object(id));
        }
        let mut path = vec![id.as_str()];
        while let Some(Some(next)) = path.last().and_then(|last| parents.get(*last)) {
            if sound.contains(next.as_str()) {
                break;
            }
            if path.contains(&next.as_str()) {
                if next == id {
                    faults.push(Diagnostic::error("parent-cycle", format!("the object is part of itself, through '{parent}'")).object(id));
                }
                break;
            }
            path.push(next);
        }
        if path.last().and_then(|last| parents.get(*last)).is_none_or(|p| p.as_ref().is_none_or(|p| sound.contains(p.as_str()))) {
            sound.extend(path);
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_must_exist_and_lead_to_a_root() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(id, parent)| ((*id).to_owned(), (!parent.is_empty()).then(|| (*parent).to_owned()))).collect()
        };
        assert!(check_parents(&map(&[("room", "storey"), ("storey", "house"), ("house", "")])).is_empty());
        let faults = check_parents(&map(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "gone")]));
        let found: Vec<_> = faults.iter().map(|f| (f.code.as_ref(), f.object.as_deref().unwrap_or(""))).collect();
        assert_eq!(found, [("parent-cycle", "a"), ("parent-cycle", "b"), ("parent-cycle", "c"), ("parent-missing", "e")]);
    }
}
