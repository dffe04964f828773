//! Which objects somebody wants, by class and place, with all that is part of them; and reading such in pieces, so that a city
//! of any size passes through little memory.

use crate::error::{At, StoreError};
use crate::read::ObjectKey;
use crate::schema;
use crate::store::SceneStore;
use qike_core::{Bounds2, Bounds3};
use qike_scene::{Attributes, CityObject, Class};
use rayon::prelude::*;
use std::collections::BTreeSet;

impl SceneStore {
    /// Numbers of the objects of these classes (all, where none is named) whose box meets the window in plan, and of all that is
    /// part of them, rising.
    pub fn select(&self, classes: &[Class], window: Option<&Bounds2>) -> Result<Vec<ObjectKey>, StoreError> {
        let mut statement = self.conn.prepare("SELECT oid, class FROM qike_object ORDER BY oid").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let inside = window.map(|w| self.window(w)).transpose()?;
        let mut chosen = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let key = ObjectKey(row.get(0).at(&self.path)?);
            let class = Class::from_number(row.get(1).at(&self.path)?);
            let is_wanted = classes.is_empty() || class.is_some_and(|c| classes.contains(&c));
            if is_wanted && inside.as_ref().is_none_or(|keys| keys.binary_search(&key).is_ok()) {
                chosen.push(key);
            }
        }
        if classes.is_empty() && window.is_none() {
            return Ok(chosen);
        }
        self.with_parts(chosen)
    }

    /// The same with all that is part of them, over any number of steps.
    fn with_parts(&self, chosen: Vec<ObjectKey>) -> Result<Vec<ObjectKey>, StoreError> {
        let mut pairs: Vec<(i64, i64)> = Vec::new();
        for class in schema::tables(&self.conn).at(&self.path)? {
            let sql = format!(r#"SELECT o.oid, f.fid FROM "{}" f JOIN qike_object o ON o.id = f.parent WHERE f.parent NOT NULL"#, schema::table_name(class));
            let mut statement = self.conn.prepare(&sql).at(&self.path)?;
            let found = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).and_then(|rows| rows.collect::<rusqlite::Result<Vec<_>>>());
            pairs.extend(found.at(&self.path)?);
        }
        pairs.sort_unstable();
        let mut all: BTreeSet<ObjectKey> = chosen.iter().copied().collect();
        let mut open = chosen;
        while let Some(key) = open.pop() {
            let first = pairs.partition_point(|(parent, _)| *parent < key.0);
            let parts = pairs[first..].iter().take_while(|(parent, _)| *parent == key.0);
            open.extend(parts.map(|(_, part)| ObjectKey(*part)).filter(|part| all.insert(*part)));
        }
        Ok(all.into_iter().collect())
    }

    /// The objects of these numbers in their order, decoded on all cores; numbers of no object are passed over.
    pub fn load_all(&self, keys: &[ObjectKey]) -> Result<Vec<CityObject>, StoreError> {
        let raw = keys.iter().filter_map(|key| self.raw(*key).transpose()).collect::<Result<Vec<_>, _>>()?;
        let decoded: Result<Vec<CityObject>, String> = raw.into_par_iter().map(|raw| raw.decode()).collect();
        decoded.map_err(|what| self.damaged(what))
    }

    /// Shows the attributes of each of these objects; `keys` rise.
    pub fn each_attributes(&self, keys: &[ObjectKey], see: &mut dyn FnMut(&Attributes)) -> Result<(), StoreError> {
        for class in schema::tables(&self.conn).at(&self.path)? {
            let sql = format!(r#"SELECT fid, id, attributes FROM "{}" WHERE attributes <> '{{}}' ORDER BY fid"#, schema::table_name(class));
            let mut statement = self.conn.prepare(&sql).at(&self.path)?;
            let mut rows = statement.query([]).at(&self.path)?;
            while let Some(row) = rows.next().at(&self.path)? {
                if keys.binary_search(&ObjectKey(row.get(0).at(&self.path)?)).is_err() {
                    continue;
                }
                let text = row.get_ref(2).at(&self.path)?.as_str().unwrap_or_default();
                let attributes = serde_json::from_str(text).map_err(|e| {
                    let id: String = row.get(1).unwrap_or_default();
                    self.damaged(format!("object '{id}': the attributes are no JSON object ({e})"))
                })?;
                see(&attributes);
            }
        }
        Ok(())
    }

    /// Number and exact box of each of these objects that has geometry; `keys` rise.
    pub fn boxes_of(&self, keys: &[ObjectKey]) -> Result<Vec<(ObjectKey, Bounds3)>, StoreError> {
        let mut statement =
            self.conn.prepare("SELECT oid, minx, miny, minz, maxx, maxy, maxz FROM qike_object WHERE minx NOT NULL ORDER BY oid").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let key = ObjectKey(row.get(0).at(&self.path)?);
            if keys.binary_search(&key).is_ok() {
                let mut corner = [0.0; 6];
                for (n, c) in corner.iter_mut().enumerate() {
                    *c = row.get(1 + n).at(&self.path)?;
                }
                let [x, y, z, xx, yy, zz] = corner;
                found.push((key, Bounds3 { min: [x, y, z], max: [xx, yy, zz] }));
            }
        }
        Ok(found)
    }
}
