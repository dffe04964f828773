//! Objects out of a store: one, some, or all of them as a snapshot.

use crate::codec;
use crate::encode::decode_series;
use crate::error::{At, StoreError};
use crate::schema;
use crate::store::SceneStore;
use qike_core::Feedback;
use qike_scene::{Attributes, CityObject, Class, ObjectId, SceneSnapshot, Series, SourceId};
use rusqlite::{OptionalExtension, Row};
use std::sync::Mutex;

/// Objects that one task decodes.
const CHUNK: usize = 2048;

/// The number of an object in its store: quick to find by, and the `fid` of its feature. It stays while the object does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(pub i64);

/// An object's rows, not decoded yet.
pub(crate) struct Raw {
    oid: i64,
    class: Class,
    id: String,
    name: Option<String>,
    parent: Option<String>,
    attributes: String,
    source: u32,
    valid_from: Option<String>,
    valid_to: Option<String>,
    blobs: Vec<Vec<u8>>,
}

const COLUMNS: &str = "fid, id, name, parent, attributes, source, valid_from, valid_to";

impl Raw {
    fn read(class: Class, row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            oid: row.get(0)?,
            class,
            id: row.get(1)?,
            name: row.get(2)?,
            parent: row.get(3)?,
            attributes: row.get(4)?,
            source: row.get(5)?,
            valid_from: row.get(6)?,
            valid_to: row.get(7)?,
            blobs: Vec::new(),
        })
    }

    /// `Err` says what is broken.
    pub(crate) fn decode(self) -> Result<CityObject, String> {
        let broken = |what: String| format!("object '{}': {what}", self.id);
        let attributes: Attributes = match self.attributes.as_str() {
            "" | "{}" => Attributes::new(),
            text => serde_json::from_str(text).map_err(|e| broken(format!("the attributes are no JSON object ({e})")))?,
        };
        let geometries = self.blobs.iter().map(|b| codec::decode(b)).collect::<Result<Vec<_>, _>>().map_err(|e| broken(e.to_string()))?;
        Ok(CityObject {
            id: ObjectId::from(self.id),
            class: self.class,
            name: self.name,
            attributes,
            parent: self.parent.map(ObjectId::from),
            source: SourceId(self.source),
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            geometries,
        })
    }
}

/// Objects that one task has decoded, or why it could not.
type Decoded = Result<Vec<CityObject>, String>;

impl SceneStore {
    /// The object with that id.
    pub fn object(&self, id: &str) -> Result<Option<CityObject>, StoreError> {
        match self.key_of(id)? {
            Some(key) => self.load(key),
            None => Ok(None),
        }
    }

    /// The number of the object with that id.
    pub fn key_of(&self, id: &str) -> Result<Option<ObjectKey>, StoreError> {
        let found = self.conn.prepare_cached("SELECT oid FROM qike_object WHERE id = ?1");
        found.and_then(|mut s| s.query_row([id], |r| r.get(0).map(ObjectKey)).optional()).at(&self.path)
    }

    /// The object of that number; `None` where there is none, or where another program removed its feature.
    pub fn load(&self, key: ObjectKey) -> Result<Option<CityObject>, StoreError> {
        Ok(self.load_with_text(key)?.map(|(object, _)| object))
    }

    /// As [`SceneStore::load`], with the text of the attributes as it is stored.
    pub(crate) fn load_with_text(&self, key: ObjectKey) -> Result<Option<(CityObject, String)>, StoreError> {
        let Some(raw) = self.raw(key)? else { return Ok(None) };
        let text = raw.attributes.clone();
        raw.decode().map(|object| Some((object, text))).map_err(|what| self.damaged(what))
    }

    /// The rows of an object.
    pub(crate) fn raw(&self, key: ObjectKey) -> Result<Option<Raw>, StoreError> {
        let class: Option<u8> = self
            .conn
            .prepare_cached("SELECT class FROM qike_object WHERE oid = ?1")
            .and_then(|mut s| s.query_row([key.0], |r| r.get(0)).optional())
            .at(&self.path)?;
        let Some(class) = class.and_then(Class::from_number) else { return Ok(None) };
        let sql = format!(r#"SELECT {COLUMNS} FROM "{}" WHERE fid = ?1"#, schema::table_name(class));
        let raw = self.conn.prepare_cached(&sql).and_then(|mut s| s.query_row([key.0], |r| Raw::read(class, r)).optional()).at(&self.path)?;
        let Some(mut raw) = raw else { return Ok(None) };
        raw.blobs = self
            .conn
            .prepare_cached("SELECT data FROM qike_geometry WHERE gid BETWEEN ?1 AND ?2 ORDER BY gid")
            .and_then(|mut s| s.query_map([key.0 << 16, key.0 << 16 | 0xffff], |r| r.get(0))?.collect())
            .at(&self.path)?;
        Ok(Some(raw))
    }

    /// Everything, in memory. Blobs are decoded on all cores while the file is read.
    pub fn snapshot(&self, feedback: &Feedback) -> Result<SceneSnapshot, StoreError> {
        // One transaction, so that an import that ends meanwhile is seen wholly or not at all.
        let transaction = self.conn.unchecked_transaction().at(&self.path)?;
        let objects = self.all_objects(feedback)?;
        let series = self.all_series()?;
        let sources = self.sources()?;
        transaction.finish().at(&self.path)?;
        Ok(SceneSnapshot::new(self.crs.clone(), sources, objects, series))
    }

    fn all_objects(&self, feedback: &Feedback) -> Result<Vec<CityObject>, StoreError> {
        let mut features = self.all_features()?;
        let task = feedback.task("load", features.len() as u64);
        let done: Mutex<Vec<(usize, Decoded)>> = Mutex::new(Vec::new());
        let mut statement = self.conn.prepare("SELECT gid, data FROM qike_geometry ORDER BY gid").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let read = rayon::in_place_scope(|scope| -> Result<(), StoreError> {
            let mut next = rows.next().at(&self.path)?;
            let mut rest = features.drain(..);
            for number in 0.. {
                feedback.check()?;
                let mut chunk: Vec<Raw> = rest.by_ref().take(CHUNK).collect();
                if chunk.is_empty() {
                    break;
                }
                for feature in &mut chunk {
                    // Both run in the order of numbers; blobs of features that are gone are passed over.
                    while let Some(row) = next {
                        let oid = row.get::<_, i64>(0).at(&self.path)? >> 16;
                        if oid > feature.oid {
                            break;
                        }
                        if oid == feature.oid {
                            feature.blobs.push(row.get(1).at(&self.path)?);
                        }
                        next = rows.next().at(&self.path)?;
                    }
                }
                let (done, task) = (&done, &task);
                scope.spawn(move |_| {
                    let count = chunk.len() as u64;
                    let decoded = chunk.into_iter().map(Raw::decode).collect();
                    task.advance(count);
                    // A thread that panicked while it pushed cannot have left the list half-written.
                    done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((number, decoded));
                });
            }
            Ok(())
        });
        read?;
        let mut chunks = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        chunks.sort_by_key(|(number, _)| *number);
        let mut objects = Vec::new();
        for (_, chunk) in chunks {
            objects.extend(chunk.map_err(|what| self.damaged(what))?);
        }
        Ok(objects)
    }

    /// The features of all classes in the order of their numbers; those that other programs added are none of ours.
    fn all_features(&self) -> Result<Vec<Raw>, StoreError> {
        let mut features = Vec::new();
        for class in schema::tables(&self.conn).at(&self.path)? {
            let sql = format!(
                r#"SELECT {COLUMNS} FROM "{}" WHERE EXISTS (SELECT 1 FROM qike_object WHERE oid = fid)"#,
                schema::table_name(class)
            );
            let mut statement = self.conn.prepare(&sql).at(&self.path)?;
            let mut rows = statement.query([]).at(&self.path)?;
            while let Some(row) = rows.next().at(&self.path)? {
                features.push(Raw::read(class, row).at(&self.path)?);
            }
        }
        features.sort_unstable_by_key(|f| f.oid);
        Ok(features)
    }

    /// All time series, sorted by object, quantity and date.
    pub fn all_series(&self) -> Result<Vec<Series>, StoreError> {
        let mut statement =
            self.conn.prepare("SELECT object, quantity, unit, date, data FROM qike_series ORDER BY object, quantity, date, source").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let read = |r: &Row| -> rusqlite::Result<(String, String, String, String, Vec<u8>)> {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            };
            let (object, quantity, unit, date, blob) = read(row).at(&self.path)?;
            let (times, values) = decode_series(&blob).ok_or_else(|| self.damaged(format!("the series '{quantity}' of '{object}' is broken")))?;
            all.push(Series { object: object.into(), quantity, unit, date, times, values });
        }
        Ok(all)
    }

    pub(crate) fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), what }
    }
}
