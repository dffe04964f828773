//! The rows of an import: the only place that changes objects in a store.

mod fill;

use crate::boxes::Boxes;
use crate::encode::Encoded;
use crate::error::{At, StoreError};
use crate::filters::Filters;
use crate::gpb::Shape;
use crate::history::{self, join};
use crate::images;
use crate::totals::{Tally, Totals, totals};
use crate::report::ImportReport;
use crate::schema;
use crate::store::{SceneStore, read_about};
use crate::when::When;
use qike_core::Diagnostic;
use qike_scene::{Attributes, Class, Image, ImageId, ObjectId, SourceInfo};
use rusqlite::{OptionalExtension, ffi, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Boxes that are kept back before the R*-trees are brought up to date: 32 bytes each.
const MOST_BOXES: usize = 4 << 20;
/// Of SQLite's page cache while importing, in KiB (negative, as SQLite wants it).
const IMPORT_CACHE: i64 = -262_144;

/// What became of an object.
pub enum Outcome {
    /// It was not there.
    Added,
    /// It was there with another content.
    Changed,
    /// It was there as it is; nothing was written.
    Unchanged,
    /// Its id belongs to an object of another source, named here; nothing was written.
    OwnedBy(String),
}

/// State in memory at a savepoint.
pub struct Mark {
    open: BTreeMap<Class, Arc<Sql>>,
    dirty: bool,
    next_oid: i64,
}

/// Statements of one feature table.
struct Sql {
    insert: String,
    update: String,
    delete: String,
    unindex: String,
}

impl Sql {
    fn of(class: Class) -> Self {
        let t = schema::table_name(class);
        Self {
            insert: format!(r#"INSERT INTO "{t}" (fid, geom, id, name, parent, lods, attributes, source, valid_from, valid_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#),
            update: format!(r#"UPDATE "{t}" SET geom = ?2, id = ?3, name = ?4, parent = ?5, lods = ?6, attributes = ?7, source = ?8, valid_from = ?9, valid_to = ?10 WHERE fid = ?1"#),
            delete: format!(r#"DELETE FROM "{t}" WHERE fid = ?1"#),
            unindex: format!(r#"DELETE FROM "rtree_{t}_geom" WHERE id = ?1"#),
        }
    }
}

/// Writes inside one transaction.
pub struct Writer<'s> {
    /// The store; its connection is in a transaction.
    pub store: &'s mut SceneStore,
    /// Feature tables that this import writes to: their triggers are gone until the commit.
    open: BTreeMap<Class, Arc<Sql>>,
    /// Boxes of this source's objects that no R*-tree has yet: of the one in space, and of each class's.
    space: Boxes,
    plans: BTreeMap<Class, Boxes>,
    filters: Filters,
    /// Nothing was in the store when this source began, so its objects cannot be there.
    was_empty: bool,
    /// What is in the store as a whole, while all of it came by [`Writer::fill`].
    tally: Option<Tally>,
    dirty: bool,
    next_oid: i64,
    import: i64,
    when: When,
    /// False while a copy is made what the store was: that is no history.
    remembers: bool,
}

impl<'s> Writer<'s> {
    /// Begins the transaction.
    pub fn begin(store: &'s mut SceneStore, when: When) -> Result<Self, StoreError> {
        let path = store.path.clone();
        store.conn.pragma_update(None, "cache_size", IMPORT_CACHE).at(&path)?;
        store.conn.execute_batch("BEGIN IMMEDIATE").at(&path)?;
        if store.version < schema::STORE_VERSION
            && let Err(error) = schema::migrate(&store.conn, store.version)
        {
            let _ = store.conn.execute_batch("ROLLBACK");
            return Err(StoreError::sql(&path, &error));
        }
        let number = |sql: &str| store.conn.query_row(sql, [], |r| r.get::<_, i64>(0));
        // Features that other programs added have numbers too; ours must not meet them.
        let next_oid = number("SELECT 1 + max((SELECT coalesce(max(oid), 0) FROM qike_object), (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name <> 'qike_source'))");
        let import = number("SELECT 1 + coalesce(max(import), 0) FROM qike_import");
        match (next_oid, import) {
            (Ok(next_oid), Ok(import)) => {
                let space = Boxes::new("qike_rtree", 3);
                Ok(Self { store, open: BTreeMap::new(), space, plans: BTreeMap::new(), filters: Filters::default(), was_empty: false, tally: None, dirty: false, next_oid, import, when, remembers: true })
            }
            (Err(error), _) | (_, Err(error)) => {
                let _ = store.conn.execute_batch("ROLLBACK");
                Err(StoreError::sql(&path, &error))
            }
        }
    }

    fn path(&self) -> &Path {
        &self.store.path
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.store.conn.prepare_cached(sql).and_then(|mut s| s.execute(values)).at(self.path())
    }

    /// True once anything was written.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Says that something was written beside this writer.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// The statements of a class's table, which is made where it is missing and opened for writing.
    fn table(&mut self, class: Class) -> Result<Arc<Sql>, StoreError> {
        if let Some(sql) = self.open.get(&class) {
            return Ok(sql.clone());
        }
        let conn = &self.store.conn;
        let known = conn.prepare_cached("SELECT 1 FROM gpkg_geometry_columns WHERE table_name = ?1");
        if known.and_then(|mut s| s.exists([schema::table_name(class)])).at(self.path())? {
            schema::drop_triggers(conn, class).at(self.path())?;
        } else {
            schema::create_feature_table(conn, class, self.store.srs).at(self.path())?;
        }
        self.dirty = true;
        Ok(self.open.entry(class).or_insert_with(|| Arc::new(Sql::of(class))).clone())
    }

    /// Adds an object, or brings it up to date where its content is another.
    pub fn put(&mut self, source: u32, e: Encoded) -> Result<Outcome, StoreError> {
        let found: Option<(i64, u8, u32, bool)> = self
            .store
            .conn
            .prepare_cached("SELECT oid, class, source, hash = ?2 FROM qike_object WHERE id = ?1")
            .and_then(|mut s| s.query_row(params![e.object.id.as_str(), e.hash], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).optional())
            .at(self.path())?;
        match found {
            None => self.add(source, &e),
            Some((_, _, owner, _)) if owner != source => {
                let path = self.store.conn.query_row("SELECT path FROM qike_source WHERE source = ?1", [owner + 1], |r| r.get(0));
                Ok(Outcome::OwnedBy(path.at(self.path())?))
            }
            Some((_, _, _, true)) => Ok(Outcome::Unchanged),
            Some((oid, class, _, false)) => {
                self.remember(oid, Some(&e))?;
                self.write(oid, source, &e, Class::from_number(class))?;
                Ok(Outcome::Changed)
            }
        }
    }

    fn add(&mut self, source: u32, e: &Encoded) -> Result<Outcome, StoreError> {
        let oid = self.next_oid;
        self.next_oid += 1;
        self.write(oid, source, e, None)?;
        Ok(Outcome::Added)
    }

    /// Writes all rows of an object; `before` is the class it had, where it was there.
    fn write(&mut self, oid: i64, source: u32, e: &Encoded, before: Option<Class>) -> Result<(), StoreError> {
        let o = &e.object;
        self.tally = None;
        let sql = self.table(o.class)?;
        let bound = |value: f64| (!e.bounds.is_empty()).then_some(value);
        let (min, max) = (e.bounds.min.map(bound), e.bounds.max.map(bound));
        self.run(
            "INSERT OR REPLACE INTO qike_object (oid, id, class, source, hash, lods, shape, minx, miny, minz, maxx, maxy, maxz, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![oid, o.id.as_str(), o.class.number(), source, e.hash, e.lods, e.shape as u8, min[0], min[1], min[2], max[0], max[1], max[2], self.import],
        )?;
        if before.is_some_and(|class| class != o.class) {
            self.remove_feature(oid, before)?;
        }
        let statement = if before == Some(o.class) { &sql.update } else { &sql.insert };
        let parent = o.parent.as_ref().map(ObjectId::as_str);
        self.run(statement, params![oid, e.plan, o.id.as_str(), o.name, parent, e.lods_text, e.attributes, source, o.valid_from, o.valid_to])?;
        if before.is_some() {
            self.run(&sql.unindex, [oid])?;
            self.remove_geometry(oid)?;
        }
        for (position, blob) in e.blobs.iter().enumerate() {
            self.run("INSERT INTO qike_geometry (gid, data) VALUES (?1, ?2)", params![oid << 16 | position as i64, blob])?;
        }
        self.filters.add(oid, &e.terms, &self.store.conn).at(&self.store.path)?;
        if e.shape != Shape::None {
            let tree = || Boxes::new(format!("rtree_{}_geom", schema::table_name(o.class)), 2);
            self.plans.entry(o.class).or_insert_with(tree).push2(oid, &e.plan_bounds);
        }
        if !e.bounds.is_empty() {
            self.space.push3(oid, &e.bounds);
        }
        if self.space.len() >= MOST_BOXES {
            self.flush_indexes()?;
        }
        Ok(())
    }

    /// Notes whether the store is empty, for the source that begins.
    pub fn look_for_objects(&mut self) -> Result<(), StoreError> {
        let known = self.store.conn.prepare_cached("SELECT 1 FROM qike_object LIMIT 1");
        self.was_empty = !known.and_then(|mut s| s.exists([])).at(&self.store.path)?;
        if self.was_empty {
            self.tally = Some(Tally::default());
        }
        Ok(())
    }

    /// Brings R*-trees and filters up to date with what was written: at the end of each source, before anything is removed.
    pub fn flush_indexes(&mut self) -> Result<(), StoreError> {
        self.filters.flush(&self.store.conn).at(&self.store.path)?;
        let mut all = std::iter::once(&mut self.space).chain(self.plans.values_mut());
        all.try_for_each(|boxes| boxes.flush(&self.store.conn)).at(&self.store.path)
    }

    fn remove_feature(&mut self, oid: i64, class: Option<Class>) -> Result<(), StoreError> {
        if let Some(class) = class {
            let sql = self.table(class)?;
            self.run(&sql.delete, [oid])?;
            self.run(&sql.unindex, [oid])?;
        }
        Ok(())
    }

    fn remove_geometry(&mut self, oid: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM qike_geometry WHERE gid BETWEEN ?1 AND ?2", [oid << 16, oid << 16 | 0xffff])?;
        self.run("DELETE FROM qike_rtree WHERE oid = ?1", [oid])?;
        Ok(())
    }

    /// Removes an object.
    pub fn remove(&mut self, oid: i64) -> Result<(), StoreError> {
        let class: u8 = self.store.conn.query_row("SELECT class FROM qike_object WHERE oid = ?1", [oid], |r| r.get(0)).at(self.path())?;
        self.tally = None;
        self.remember(oid, None)?;
        self.remove_feature(oid, Class::from_number(class))?;
        self.remove_geometry(oid)?;
        self.run("DELETE FROM qike_object WHERE oid = ?1", [oid])?;
        Ok(())
    }

    /// Keeps what an object was before it becomes `next`, or is removed.
    fn remember(&mut self, oid: i64, next: Option<&Encoded>) -> Result<(), StoreError> {
        if !self.remembers {
            return Ok(());
        }
        let Some(old) = history::Stored::read(self.store, oid)? else { return Ok(()) };
        let attributes = Some(&old.attributes).filter(|text| next.is_none_or(|e| e.attributes != **text));
        let geometries = next.is_none_or(|e| e.blobs != old.blobs).then(|| join(&old.blobs));
        if old.since == self.import {
            // It came in this very transaction: no moment saw it. What the version before it shares with it, that must keep.
            self.run(
                "UPDATE qike_version SET attributes = coalesce(attributes, ?3), geometries = coalesce(geometries, ?4) WHERE object = ?1 AND ended = ?2",
                params![old.id, self.import, attributes, geometries],
            )?;
            return Ok(());
        }
        self.run(
            "INSERT OR REPLACE INTO qike_version (object, since, ended, class, source, hash, name, parent, valid_from, valid_to, attributes, geometries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                old.id, old.since, self.import, old.class, old.source, old.hash, old.name, old.parent, old.valid_from, old.valid_to, attributes, geometries
            ],
        )?;
        Ok(())
    }

    /// The number of this transaction.
    pub fn number(&self) -> i64 {
        self.import
    }

    /// From now on nothing is kept of what objects were.
    pub fn forget(&mut self) {
        self.remembers = false;
    }

    /// Notes that a source is no longer part of the city.
    pub fn retire_source(&mut self, source: u32) -> Result<(), StoreError> {
        self.dirty = true;
        self.run("UPDATE qike_source SET objects = 0, series = 0, diagnostics = 0, about = NULL, removed = ?2 WHERE source = ?1", params![source + 1, self.import])?;
        Ok(())
    }

    /// When the source was last changed, it held as of then: an older state cannot come after it.
    pub fn check_order(&self, source: u32) -> Result<(), StoreError> {
        let last: Option<String> = self
            .store
            .conn
            .query_row(
                "SELECT max(holds) FROM qike_import JOIN qike_history USING (import) WHERE source = ?1 AND added + changed + removed > 0",
                [source + 1],
                |r| r.get(0),
            )
            .at(self.path())?;
        match last.filter(|last| last.as_str() > self.when.holds.as_str()) {
            Some(last) => {
                let source = self.store.conn.query_row("SELECT path FROM qike_source WHERE source = ?1", [source + 1], |r| r.get(0)).at(self.path())?;
                Err(StoreError::OutOfOrder { path: self.path().into(), source_path: source, last, asked: self.when.holds.to_string() })
            }
            None => Ok(()),
        }
    }

    /// Numbers and ids of a source's objects.
    pub fn objects_of(&self, source: u32) -> Result<Vec<(i64, String)>, StoreError> {
        let mut statement = self.store.conn.prepare_cached("SELECT oid, id FROM qike_object WHERE source = ?1 ORDER BY oid").at(self.path())?;
        statement.query_map([source], |r| Ok((r.get(0)?, r.get(1)?))).and_then(Iterator::collect).at(self.path())
    }

    /// Object, quantity and date of a source's series.
    pub fn series_of(&self, source: u32) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut statement = self.store.conn.prepare_cached("SELECT object, quantity, date FROM qike_series WHERE source = ?1").at(self.path())?;
        statement.query_map([source], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).and_then(Iterator::collect).at(self.path())
    }

    /// Removes a series.
    pub fn remove_series(&mut self, source: u32, key: &(String, String, String)) -> Result<(), StoreError> {
        self.dirty = true;
        self.run("DELETE FROM qike_series WHERE source = ?1 AND object = ?2 AND quantity = ?3 AND date = ?4", params![source, key.0, key.1, key.2])?;
        Ok(())
    }

    /// Keeps a picture.
    pub fn put_image(&mut self, image: &Image) -> Result<(), StoreError> {
        self.dirty |= images::put(&self.store.conn, image).at(&self.store.path)?;
        Ok(())
    }

    /// Notes which pictures a source shows, and lets go of those that none does.
    pub fn set_images(&mut self, source: u32, shown: &BTreeSet<ImageId>) -> Result<(), StoreError> {
        self.dirty |= images::set(&self.store.conn, source, shown).at(&self.store.path)?;
        Ok(())
    }

    /// The number of a source, and whether it was there: under the same name, at the same place, or (a folder that moved)
    /// under the same file name with the same bytes. Rows count from 1, [`qike_scene::SourceId`] from 0.
    pub fn source_number(&mut self, info: &SourceInfo) -> Result<(u32, bool), StoreError> {
        let place = place_of(&info.path);
        let file = format!("%/{}", place.rsplit('/').next().unwrap_or_default().replace(['%', '_'], "_"));
        let found: Option<(u32, String, bool)> = self
            .store
            .conn
            .prepare_cached(
                "SELECT source, place, path = ?2 OR place = ?3 FROM qike_source WHERE format = ?1 AND (path = ?2 OR place = ?3 OR (content_hash = ?4 AND place LIKE ?5))
                 ORDER BY path = ?2 DESC, place = ?3 DESC, source LIMIT 1",
            )
            .and_then(|mut s| s.query_row(params![info.format, info.path, place, info.content_hash, file], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional())
            .at(self.path())?;
        // What still lies where it lay has not moved: this is a copy, and a source of its own.
        let found = found.filter(|(_, place, same)| *same || !Path::new(place).ancestors().any(Path::is_file)).map(|(number, ..)| number);
        if let Some(number) = found {
            return Ok((number - 1, true));
        }
        self.dirty = true;
        self.run(
            "INSERT INTO qike_source (path, place, format, content_hash, crs, objects, series, diagnostics) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
            params![info.path, place, info.format, info.content_hash, info.crs],
        )?;
        Ok(((self.store.conn.last_insert_rowid() - 1) as u32, false))
    }

    /// What a source said of itself so far.
    pub fn about(&self, source: u32) -> Result<Attributes, StoreError> {
        let stored = self.store.conn.query_row("SELECT about FROM qike_source WHERE source = ?1", [source + 1], |r| r.get(0)).at(self.path())?;
        Ok(read_about(stored))
    }

    /// Brings a source's row up to date; `counts` are objects, series, diagnostics.
    pub fn set_source(&mut self, number: u32, info: &SourceInfo, counts: [u64; 3]) -> Result<(), StoreError> {
        let about = (!info.about.is_empty()).then(|| serde_json::to_string(&info.about)).transpose().unwrap_or_default();
        let changed = self.run(
            "UPDATE qike_source SET content_hash = ?2, crs = ?3, objects = ?4, series = ?5, diagnostics = ?6, about = ?7, removed = NULL WHERE source = ?1
             AND (content_hash, crs, objects, series, diagnostics, about, removed) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, NULL)",
            params![number + 1, info.content_hash, info.crs, counts[0], counts[1], counts[2], about],
        )?;
        self.dirty |= changed > 0;
        Ok(())
    }

    /// Replaces a source's diagnostics, where they are others.
    pub fn set_diagnostics(&mut self, source: u32, diagnostics: &[Diagnostic]) -> Result<(), StoreError> {
        let bodies: Vec<String> = diagnostics.iter().map(|d| serde_json::to_string(d).unwrap_or_default()).collect();
        let mut statement = self.store.conn.prepare_cached("SELECT body FROM qike_diagnostic WHERE source = ?1 ORDER BY number").at(self.path())?;
        let stored: Vec<String> = statement.query_map([source], |r| r.get(0)).and_then(Iterator::collect).at(self.path())?;
        drop(statement);
        if stored == bodies {
            return Ok(());
        }
        self.dirty = true;
        self.run("DELETE FROM qike_diagnostic WHERE source = ?1", [source])?;
        for (number, (d, body)) in diagnostics.iter().zip(&bodies).enumerate() {
            self.run("INSERT INTO qike_diagnostic VALUES (?1, ?2, ?3, ?4, ?5)", params![source, number, d.code, d.severity.to_string(), body])?;
        }
        Ok(())
    }

    /// Notes that this import added, changed or removed an object.
    pub fn log_change(&mut self, id: &ObjectId, kind: &str) -> Result<(), StoreError> {
        // An object that moves from one source to another in one import is removed and added: that is a change.
        self.run(
            "INSERT INTO qike_change VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET kind = 'changed'",
            params![self.import, id.as_str(), kind],
        )?;
        Ok(())
    }

    /// Begins what can be rolled back alone.
    pub fn savepoint(&mut self) -> Result<Mark, StoreError> {
        self.store.conn.execute_batch("SAVEPOINT part").at(self.path())?;
        Ok(Mark { open: self.open.clone(), dirty: self.dirty, next_oid: self.next_oid })
    }

    /// Keeps what came since the savepoint.
    pub fn release(&mut self) -> Result<(), StoreError> {
        self.store.conn.execute_batch("RELEASE part").at(self.path())
    }

    /// Undoes what came since the savepoint.
    pub fn roll_back_to(&mut self, mark: Mark) -> Result<(), StoreError> {
        std::iter::once(&mut self.space).chain(self.plans.values_mut()).for_each(Boxes::clear);
        self.filters.clear();
        self.tally = None;
        self.store.conn.execute_batch("ROLLBACK TO part; RELEASE part").at(self.path())?;
        (self.open, self.dirty, self.next_oid) = (mark.open, mark.dirty, mark.next_oid);
        Ok(())
    }

    /// Undoes everything. SQLite may have done so already after an error; then there is nothing to undo.
    pub fn roll_back(&mut self) {
        let _ = self.store.conn.execute_batch("ROLLBACK");
    }

    /// The hash the store has with what was written so far.
    pub fn content_hash(&self) -> Result<String, StoreError> {
        Ok(totals(self.store)?.content_hash)
    }

    /// Registers what was written, notes the history, and ends the transaction. Gives the content hash.
    pub fn commit(&mut self, action: &str, report: &ImportReport) -> Result<String, StoreError> {
        if !self.dirty {
            self.roll_back();
            return self.store.content_hash();
        }
        let totals = match self.tally.take() {
            Some(tally) => tally.totals(self.store)?,
            None => totals(self.store)?,
        };
        self.register_tables(&totals)?;
        self.store.record(&totals)?;
        let hash = totals.content_hash;
        let (recorded, holds) = (self.when.recorded.as_str(), self.when.holds.as_str());
        self.run("INSERT INTO qike_import (import, at, content_hash, holds, action) VALUES (?1, ?2, ?3, ?4, ?5)", params![self.import, recorded, hash, holds, action])?;
        let mut merged: BTreeMap<u32, (&str, [u64; 4])> = BTreeMap::new();
        for s in &report.sources {
            let entry = merged.entry(s.source).or_insert((&s.source_hash, [0; 4]));
            for (sum, n) in entry.1.iter_mut().zip([s.added, s.changed, s.removed, s.unchanged]) {
                *sum += n;
            }
        }
        for (source, (source_hash, n)) in merged {
            self.run("INSERT INTO qike_history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", params![self.import, source + 1, source_hash, n[0], n[1], n[2], n[3]])?;
        }
        // Last of all: SQLite reads the whole schema anew for whatever comes after them.
        schema::create_triggers(&self.store.conn, self.open.keys().copied()).at(self.path())?;
        self.store.conn.execute_batch("COMMIT").at(self.path())?;
        self.store.version = schema::STORE_VERSION;
        // The import is safe in the log now; moving it into the main file can also happen later.
        // (Not by a pragma, which would read the whole schema for it.)
        // SAFETY: the connection is alive and in no transaction; null stands for all databases, and for numbers that nobody wants.
        let _ = unsafe {
            let nowhere = std::ptr::null_mut();
            ffi::sqlite3_wal_checkpoint_v2(self.store.conn.handle(), std::ptr::null(), ffi::SQLITE_CHECKPOINT_PASSIVE, nowhere, nowhere)
        };
        Ok(hash)
    }

    /// Extents and kinds of geometry of the tables this import wrote to.
    fn register_tables(&mut self, totals: &Totals) -> Result<(), StoreError> {
        let path = self.store.path.clone();
        let conn = &self.store.conn;
        for class in self.open.keys() {
            let (plan, shapes) = totals.classes.get(&class.number()).cloned().unwrap_or_default();
            let b = if plan.is_empty() { [None; 4] } else { [plan.min[0], plan.min[1], plan.max[0], plan.max[1]].map(Some) };
            let (table, shapes) = (schema::table_name(*class), shapes.into_iter().filter(|s| *s != Shape::None as i64).collect::<Vec<_>>());
            conn.execute(
                "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5, last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?1",
                params![table, b[0], b[1], b[2], b[3]],
            )
            .at(&path)?;
            conn.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ?2 WHERE table_name = ?1", params![table, Shape::table_type(&shapes)]).at(&path)?;
        }
        Ok(())
    }
}

/// Where a source lies, spelt in one way: a file in an archive (`tiles.zip/a.gml`) lies where its archive does. Its name
/// where there is no such file.
pub(crate) fn place_of(path: &str) -> String {
    let whole = Path::new(path);
    let real = whole.ancestors().filter(|p| p.is_file() || *p == whole).find_map(|p| {
        let real = p.canonicalize().ok()?;
        Some(whole.strip_prefix(p).ok().filter(|rest| !rest.as_os_str().is_empty()).map_or(real.clone(), |rest| real.join(rest)))
    });
    real.map_or_else(|| format!("/{path}"), |p| p.display().to_string())
}
