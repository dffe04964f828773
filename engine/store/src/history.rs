//! What was: the transactions of a store, the versions of its objects, and the city as of a moment.
//!
//! An object's rows say since which transaction they are as they are. When a transaction replaces or removes an object, what
//! it was goes to `qike_version`: nothing is written there for objects that are added or stay. Attributes and geometry that
//! the next version shares are left empty, so a history of attributes costs no geometry.

use crate::bytes::{Reader, put_varint};
use crate::codec;
use crate::encode::encode;
use crate::error::{At, StoreError};
use crate::read::ObjectKey;
use crate::report::ImportReport;
use crate::schema;
use crate::store::SceneStore;
use crate::when::{Moment, When};
use crate::writer::Writer;
use qike_core::Feedback;
use qike_scene::{CityObject, Class, ObjectId, SourceId};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A change of the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transaction {
    /// Its number, from 1.
    pub number: u64,
    /// `import` or `remove`.
    pub action: String,
    /// When it was made.
    pub recorded: Moment,
    /// As of when it holds.
    pub holds: Moment,
    /// The store's content afterwards.
    pub content_hash: String,
    /// What became of each source that took part.
    pub sources: Vec<SourceStep>,
}

/// What a transaction did to the objects of a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceStep {
    /// The source.
    pub path: String,
    /// Objects that were not there before.
    pub added: u64,
    /// Objects with another content.
    pub changed: u64,
    /// Objects that were there before.
    pub removed: u64,
    /// Objects that stayed as they were.
    pub unchanged: u64,
}

/// An object between two transactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The transaction that brought it.
    pub since: u64,
    /// As of when that holds.
    pub from: Moment,
    /// The transaction that replaced or removed it; `None` for the present one.
    pub ended: Option<u64>,
    /// As of when that holds.
    pub to: Option<Moment>,
    /// What it was.
    pub object: CityObject,
}

/// A row of `qike_version`.
struct Old {
    since: u64,
    ended: u64,
    object: CityObject,
    attributes: Option<String>,
    geometries: Option<Vec<u8>>,
}

const COLUMNS: &str = "object, since, ended, class, source, name, parent, valid_from, valid_to, attributes, geometries";

impl Old {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let class: u8 = row.get(3)?;
        let mut object = CityObject::new(row.get::<_, String>(0)?, Class::from_number(class).unwrap_or(Class::ALL[0]), SourceId(row.get(4)?));
        object.name = row.get(5)?;
        object.parent = row.get::<_, Option<String>>(6)?.map(ObjectId::from);
        object.valid_from = row.get(7)?;
        object.valid_to = row.get(8)?;
        Ok(Self { since: row.get(1)?, ended: row.get(2)?, object, attributes: row.get(9)?, geometries: row.get(10)? })
    }

    /// The whole object; what its row leaves open is as in `next`, the version after it. `Err` says what is broken.
    fn whole(self, next: Option<&CityObject>) -> Result<CityObject, String> {
        let mut object = self.object;
        let broken = |what: &str| format!("a former version of '{}' has {what}", object.id);
        let attributes = match (&self.attributes, next) {
            (Some(text), _) => serde_json::from_str(text).map_err(|_| broken("broken attributes"))?,
            (None, Some(next)) => next.attributes.clone(),
            (None, None) => return Err(broken("no attributes")),
        };
        let geometries = match (&self.geometries, next) {
            (Some(blob), _) => split(blob).ok_or_else(|| broken("broken geometries"))?.into_iter().map(codec::decode).collect::<Result<_, _>>().map_err(|e| broken(&e.to_string()))?,
            (None, Some(next)) => next.geometries.clone(),
            (None, None) => return Err(broken("no geometries")),
        };
        (object.attributes, object.geometries) = (attributes, geometries);
        Ok(object)
    }
}

/// All that a version keeps of an object, as it is stored.
pub(crate) struct Stored {
    pub id: String,
    pub class: u8,
    pub source: u32,
    pub hash: Vec<u8>,
    pub since: i64,
    pub name: Option<String>,
    pub parent: Option<String>,
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
    pub attributes: String,
    pub blobs: Vec<Vec<u8>>,
}

impl Stored {
    /// `None` where another program has removed the feature: nothing is left to keep.
    pub fn read(store: &SceneStore, oid: i64) -> Result<Option<Self>, StoreError> {
        let (conn, path) = (&store.conn, &store.path);
        let index: (String, u8, u32, Vec<u8>, i64) = conn
            .prepare_cached("SELECT id, class, source, hash, since FROM qike_object WHERE oid = ?1")
            .and_then(|mut s| s.query_row([oid], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))))
            .at(path)?;
        let (id, class, source, hash, since) = index;
        let Some(known) = Class::from_number(class) else { return Ok(None) };
        let sql = format!(r#"SELECT name, parent, valid_from, valid_to, attributes FROM "{}" WHERE fid = ?1"#, schema::table_name(known));
        let feature = conn
            .prepare_cached(&sql)
            .and_then(|mut s| s.query_row([oid], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))).optional())
            .at(path)?;
        let Some((name, parent, valid_from, valid_to, attributes)) = feature else { return Ok(None) };
        let blobs = conn
            .prepare_cached("SELECT data FROM qike_geometry WHERE gid BETWEEN ?1 AND ?2 ORDER BY gid")
            .and_then(|mut s| s.query_map([oid << 16, oid << 16 | 0xffff], |r| r.get(0))?.collect())
            .at(path)?;
        Ok(Some(Self { id, class, source, hash, since, name, parent, valid_from, valid_to, attributes, blobs }))
    }
}

/// Counts of sources in a copy of a store as of `?1`: those that came later are not there.
const RECOUNT: &str = "
UPDATE qike_source SET objects = 0;
UPDATE qike_source SET objects = o.n, removed = NULL FROM (SELECT source, count(*) AS n FROM qike_object GROUP BY source) o WHERE o.source + 1 = qike_source.source;
DELETE FROM qike_version;
DELETE FROM qike_change;";

/// What a source says of itself has no history: it is known of a moment `?1` only where the source has the same bytes as then.
const FORGET_ABOUT: &str = "
UPDATE qike_source SET about = NULL WHERE content_hash IS NOT
  (SELECT source_hash FROM qike_history h JOIN qike_import USING (import) WHERE h.source = qike_source.source AND holds <= ?1 ORDER BY import DESC LIMIT 1)";

/// An object's blobs as one.
pub(crate) fn join(blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(blobs.iter().map(|b| b.len() + 4).sum());
    for blob in blobs {
        put_varint(&mut out, blob.len() as u64);
        out.extend_from_slice(blob);
    }
    out
}

fn split(joined: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(joined);
    let mut blobs = Vec::new();
    while reader.left() > 0 {
        let length = reader.count()?;
        blobs.push(reader.take(length)?);
    }
    Some(blobs)
}

impl SceneStore {
    /// All transactions, the oldest first.
    pub fn transactions(&self) -> Result<Vec<Transaction>, StoreError> {
        let holds = if self.version < 2 { "at, 'import'" } else { "holds, action" };
        let mut statement = self.conn.prepare(&format!("SELECT import, at, content_hash, {holds} FROM qike_import ORDER BY import")).at(&self.path)?;
        let read = |r: &Row| {
            let (recorded, holds) = (Moment::stored(r.get(1)?), Moment::stored(r.get(3)?));
            Ok(Transaction { number: r.get(0)?, action: r.get(4)?, recorded, holds, content_hash: r.get(2)?, sources: vec![] })
        };
        let mut all: Vec<Transaction> = statement.query_map([], read).and_then(Iterator::collect).at(&self.path)?;
        let steps = "SELECT h.import, s.path, h.added, h.changed, h.removed, h.unchanged FROM qike_history h JOIN qike_source s USING (source) ORDER BY h.import, h.source";
        let mut statement = self.conn.prepare(steps).at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        while let Some(row) = rows.next().at(&self.path)? {
            let read = |r: &Row| Ok((r.get(0)?, SourceStep { path: r.get(1)?, added: r.get(2)?, changed: r.get(3)?, removed: r.get(4)?, unchanged: r.get(5)? }));
            let (number, step): (u64, SourceStep) = read(row).at(&self.path)?;
            if let Ok(at) = all.binary_search_by_key(&number, |t| t.number) {
                all[at].sources.push(step);
            }
        }
        Ok(all)
    }

    /// As of when each transaction holds.
    pub(crate) fn holds(&self) -> Result<BTreeMap<u64, Moment>, StoreError> {
        Ok(self.transactions()?.into_iter().map(|t| (t.number, t.holds)).collect())
    }

    /// All versions of an object, the oldest first; none where it never was.
    pub fn versions(&self, id: &str) -> Result<Vec<Version>, StoreError> {
        let holds = self.holds()?;
        let moment = |number: u64| holds.get(&number).cloned().unwrap_or_else(|| Moment::stored(String::new()));
        let mut versions = Vec::new();
        let mut next: Option<CityObject> = None;
        if let Some(key) = self.key_of(id)?
            && let Some(object) = self.load(key)?
        {
            let since = self.since(key)?;
            next = Some(object.clone());
            versions.push(Version { since, from: moment(since), ended: None, to: None, object });
        }
        for old in self.old_versions(id)? {
            let (since, ended) = (old.since, old.ended);
            let object = old.whole(next.as_ref()).map_err(|what| self.damaged(what))?;
            next = Some(object.clone());
            versions.push(Version { since, from: moment(since), ended: Some(ended), to: Some(moment(ended)), object });
        }
        versions.reverse();
        Ok(versions)
    }

    /// The transaction that brought the object as it is; 0 in stores of before there was a history.
    fn since(&self, key: ObjectKey) -> Result<u64, StoreError> {
        if self.version < 2 {
            return Ok(0);
        }
        self.conn.query_row("SELECT since FROM qike_object WHERE oid = ?1", [key.0], |r| r.get(0)).at(&self.path)
    }

    /// Former versions of an object, the newest first.
    fn old_versions(&self, id: &str) -> Result<Vec<Old>, StoreError> {
        if self.version < 2 {
            return Ok(vec![]);
        }
        let sql = format!("SELECT {COLUMNS} FROM qike_version WHERE object = ?1 ORDER BY ended DESC");
        self.conn.prepare_cached(&sql).and_then(|mut s| s.query_map([id], Old::read)?.collect()).at(&self.path)
    }

    /// What an object was before a transaction that replaced or removed it.
    pub(crate) fn before(&self, id: &str, transaction: i64) -> Result<Option<CityObject>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM qike_version WHERE object = ?1 AND ended = ?2");
        let old = self.conn.prepare_cached(&sql).and_then(|mut s| s.query_row(params![id, transaction], Old::read).optional()).at(&self.path)?;
        let next = self.object(id)?;
        old.map(|old| old.whole(next.as_ref()).map_err(|what| self.damaged(what))).transpose()
    }

    /// The city as it was at a moment, as a store of its own, which lies in a temporary folder and goes when it is dropped.
    ///
    /// Of each object it holds the version that held then. An object that says itself since when it exists is there since
    /// then, also where it was imported later; one that says until when it exists is there no longer.
    pub fn as_of(&self, at: &Moment, feedback: &Feedback) -> Result<SceneStore, StoreError> {
        let folder = tempfile::TempDir::with_prefix("qike-").map_err(|e| StoreError::io(&self.path, e))?;
        let file = folder.path().join("as-of.gpkg");
        self.copy_to(&file)?;
        let mut copy = Self::open(&file)?;
        let (gone, restored) = copy.difference(at)?;
        feedback.check()?;
        copy.become_then(&gone, restored, at)?;
        // Messages name the store that the user named.
        copy.path = self.path.clone();
        copy.folder = Some(folder);
        Ok(copy)
    }

    /// Numbers of objects that did not exist at a moment, or not as they are, and the versions that existed.
    fn difference(&self, at: &Moment) -> Result<(Vec<i64>, Vec<CityObject>), StoreError> {
        let holds = self.holds()?;
        // A transaction that nobody knows the time of was always there.
        let held = |number: u64| holds.get(&number).is_none_or(|m| m <= at);
        let lifespans = self.lifespans()?;
        let with_history: BTreeSet<String> = self.with_history()?;
        let (mut gone, mut restored, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        let since = if self.version < 2 { "0" } else { "since" };
        let mut statement = self.conn.prepare(&format!("SELECT oid, id, {since} FROM qike_object ORDER BY oid")).at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        while let Some(row) = rows.next().at(&self.path)? {
            let (oid, id, since): (i64, String, u64) = (row.get(0).at(&self.path)?, row.get(1).at(&self.path)?, row.get(2).at(&self.path)?);
            let none = (None, None);
            let (from, to) = lifespans.get(&oid).unwrap_or(&none);
            let old = with_history.contains(&id);
            // Knowledge that came later holds for the past where the object itself says so, and nothing older contradicts.
            let known = held(since) || !old && from.is_some();
            if !known || !at.within(from.as_deref(), to.as_deref()) {
                gone.push(oid);
            }
            if old && !held(since) {
                restored.extend(self.version_at(&id, at, &held)?);
            }
            seen.insert(id);
        }
        for id in with_history.iter().filter(|id| !seen.contains(*id)) {
            restored.extend(self.version_at(id, at, &held)?);
        }
        Ok((gone, restored))
    }

    /// Makes the changes that [`SceneStore::difference`] found, and forgets the history.
    fn become_then(&mut self, gone: &[i64], restored: Vec<CityObject>, at: &Moment) -> Result<(), StoreError> {
        let (path, srs) = (self.path.clone(), self.srs);
        let mut writer = Writer::begin(self, When { recorded: Moment::now(), holds: at.clone() })?;
        writer.forget();
        writer.look_for_objects()?;
        for oid in gone {
            writer.remove(*oid)?;
        }
        for object in restored {
            let source = object.source.0;
            // It was encoded once, so it can be again.
            if let Ok(encoded) = encode(object, None, srs) {
                writer.put(source, encoded)?;
            }
        }
        writer.flush_indexes()?;
        let conn = &writer.store.conn;
        conn.execute_batch(RECOUNT).at(&path)?;
        conn.execute(
            "UPDATE qike_source SET removed = 0 WHERE objects = 0 AND source IN
               (SELECT source FROM qike_history JOIN qike_import USING (import) GROUP BY source HAVING min(holds) > ?1)",
            [at.as_str()],
        )
        .at(&path)?;
        conn.execute(FORGET_ABOUT, [at.as_str()]).at(&path)?;
        conn.execute_batch("DELETE FROM qike_history; DELETE FROM qike_import").at(&path)?;
        writer.touch();
        writer.commit("as-of", &ImportReport::default())?;
        Ok(())
    }

    /// The former version of an object that held at a moment.
    fn version_at(&self, id: &str, at: &Moment, held: &dyn Fn(u64) -> bool) -> Result<Option<CityObject>, StoreError> {
        let mut next = match self.key_of(id)? {
            Some(key) => self.load(key)?,
            None => None,
        };
        let versions = self.old_versions(id)?;
        let oldest = versions.len().saturating_sub(1);
        for (number, old) in versions.into_iter().enumerate() {
            let (since, ended) = (held(old.since), held(old.ended));
            let own = number == oldest && old.object.valid_from.is_some();
            let object = old.whole(next.as_ref()).map_err(|what| self.damaged(what))?;
            if ended {
                return Ok(None);
            }
            if since || own {
                return Ok(Some(object).filter(|o| at.within(o.valid_from.as_deref(), o.valid_to.as_deref())));
            }
            next = Some(object);
        }
        Ok(None)
    }

    /// Ids of objects with former versions.
    fn with_history(&self) -> Result<BTreeSet<String>, StoreError> {
        if self.version < 2 {
            return Ok(BTreeSet::new());
        }
        let mut statement = self.conn.prepare("SELECT DISTINCT object FROM qike_version").at(&self.path)?;
        statement.query_map([], |r| r.get(0)).and_then(Iterator::collect).at(&self.path)
    }

    /// First and last day of the objects that say so themselves.
    fn lifespans(&self) -> Result<BTreeMap<i64, (Option<String>, Option<String>)>, StoreError> {
        let mut all = BTreeMap::new();
        for class in schema::tables(&self.conn).at(&self.path)? {
            let sql = format!(
                r#"SELECT fid, valid_from, valid_to FROM "{}" WHERE valid_from IS NOT NULL OR valid_to IS NOT NULL"#,
                schema::table_name(class)
            );
            let mut statement = self.conn.prepare(&sql).at(&self.path)?;
            let mut rows = statement.query([]).at(&self.path)?;
            while let Some(row) = rows.next().at(&self.path)? {
                let read = |r: &Row| Ok((r.get(0)?, (r.get(1)?, r.get(2)?)));
                let (oid, span) = read(row).at(&self.path)?;
                all.insert(oid, span);
            }
        }
        Ok(all)
    }
}
