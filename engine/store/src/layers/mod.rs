//! A store as a plain GeoPackage of layers, as GIS programs expect one: a table a class (a table a class and kind of geometry where a
//! class has several), geometry with heights, a typed column an attribute, R*-trees, extents, systems. Nothing of Qike's own tables.
//!
//! Objects pass in pieces, twice: once to find the columns and their types, once to be written. In memory are one piece and 32 bytes
//! for each feature of the layer that is being written.

mod columns;
mod shape;
mod tables;

use crate::error::{At, StoreError};
use crate::footprint::Footprint;
use crate::gpb::{self, Shape};
use crate::read::ObjectKey;
use crate::schema;
use crate::store::SceneStore;
use columns::Seen;
use qike_core::{Bounds2, Feedback, Task};
use qike_scene::{Attributes, CityObject, Class, Lod};
use rayon::prelude::*;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use tables::Table;

/// Objects that pass at a time.
const PIECE: usize = 2048;
/// Of these, how many a task takes.
const SHARE: usize = 128;

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// The table.
    pub name: String,
    /// The class of its objects.
    pub class: &'static str,
    /// GeoPackage's word for the geometry; none where no object of the class has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry: Option<&'static str>,
    /// Rows.
    pub features: u64,
}

/// Kinds of geometry that have a layer each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Areas,
    Lines,
    Points,
}

impl Group {
    fn of(shape: Shape) -> Option<Self> {
        match shape {
            Shape::None => None,
            Shape::Point | Shape::MultiPoint => Some(Self::Points),
            Shape::Lines => Some(Self::Lines),
            Shape::Areas => Some(Self::Areas),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Areas => "polygon",
            Self::Lines => "line",
            Self::Points => "point",
        }
    }

    fn type_name(self, several: bool) -> &'static str {
        match self {
            Self::Areas => "MULTIPOLYGON",
            Self::Lines => "MULTILINESTRING",
            Self::Points if several => "MULTIPOINT",
            Self::Points => "POINT",
        }
    }
}

/// What the first pass saw of the objects with one kind of geometry.
#[derive(Default)]
struct Part {
    seen: Seen,
    count: u64,
    several: bool,
}

impl Part {
    fn append(&mut self, other: Part) {
        self.seen.append(other.seen);
        self.count += other.count;
        self.several |= other.several;
    }
}

type Parts = BTreeMap<Option<Group>, Part>;

/// A row without its table.
struct Row {
    group: Option<Group>,
    fid: i64,
    lifted: Option<shape::Lifted>,
    object: CityObject,
    heights: [Option<f64>; 2],
}

impl SceneStore {
    /// Writes these objects (their numbers rise) as layers into a file that must not be there yet. Of each the coarsest geometry is
    /// taken; with `lods` the coarsest of these levels. Gives the layers in the order of classes.
    pub fn write_layers(&self, path: &Path, keys: &[ObjectKey], lods: &[Lod], feedback: &Feedback) -> Result<Vec<Layer>, StoreError> {
        if path.exists() {
            return Err(StoreError::Exists { path: path.into() });
        }
        let conn = Connection::open(path).at(path)?;
        // Nobody sees the file before it is whole: no journal is needed.
        conn.pragma_update(None, "journal_mode", "OFF").at(path)?;
        conn.pragma_update(None, "synchronous", "OFF").at(path)?;
        conn.pragma_update(None, "cache_size", -65_536).at(path)?;
        conn.execute_batch("BEGIN").at(path)?;
        let srs = schema::create_geopackage(&conn, &self.crs).at(path)?;
        tables::describe_systems(&conn, srs, &self.crs).at(path)?;
        let layers = Layers { store: self, out: &conn, path, srs, lods, sources: self.source_paths()?, changed: self.last_change()? };
        let task = feedback.task("write layers", 2 * keys.len() as u64);
        let mut written = Vec::new();
        for (class, keys) in self.by_class(keys)? {
            written.extend(layers.write(class, &keys, &task, feedback)?);
        }
        conn.execute_batch("COMMIT").at(path)?;
        conn.close().map_err(|(_, e)| StoreError::sql(path, &e))?;
        Ok(written)
    }

    fn by_class(&self, keys: &[ObjectKey]) -> Result<BTreeMap<Class, Vec<ObjectKey>>, StoreError> {
        let mut statement = self.conn.prepare("SELECT oid, class FROM qike_object ORDER BY oid").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        let mut all: BTreeMap<Class, Vec<ObjectKey>> = BTreeMap::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let key = ObjectKey(row.get(0).at(&self.path)?);
            if let (Ok(_), Some(class)) = (keys.binary_search(&key), Class::from_number(row.get(1).at(&self.path)?)) {
                all.entry(class).or_default().push(key);
            }
        }
        Ok(all)
    }

    fn source_paths(&self) -> Result<BTreeMap<u32, String>, StoreError> {
        let mut statement = self.conn.prepare("SELECT source - 1, path FROM qike_source").at(&self.path)?;
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).and_then(Iterator::collect).at(&self.path)
    }

    /// When the store was last changed, as GeoPackage writes moments: the same store gives the same bytes.
    fn last_change(&self) -> Result<String, StoreError> {
        let last: Option<String> = self.conn.query_row("SELECT max(at) FROM qike_import", [], |r| r.get(0)).at(&self.path)?;
        let last = last.filter(|t| !t.is_empty()).unwrap_or_else(|| "1970-01-01T00:00:00Z".into());
        Ok(last.strip_suffix('Z').map_or(last.clone(), |whole| format!("{whole}.000Z")))
    }
}

/// What all layers of an export share.
struct Layers<'a> {
    store: &'a SceneStore,
    out: &'a Connection,
    path: &'a Path,
    srs: i32,
    lods: &'a [Lod],
    sources: BTreeMap<u32, String>,
    changed: String,
}

impl Layers<'_> {
    fn write(&self, class: Class, keys: &[ObjectKey], task: &Task, feedback: &Feedback) -> Result<Vec<Layer>, StoreError> {
        let mut parts = Parts::new();
        for piece in keys.chunks(PIECE) {
            feedback.check()?;
            self.look(class, piece, &mut parts)?;
            task.advance(piece.len() as u64);
        }
        // What has no geometry stands with what most of the class is.
        let bare = parts.remove(&None);
        let main = parts.iter().max_by_key(|(group, part)| (part.count, std::cmp::Reverse(**group))).and_then(|(group, _)| *group);
        if let Some(bare) = bare {
            parts.entry(main).or_default().append(bare);
        }
        let name = schema::table_name(class);
        let several = parts.len() > 1;
        let mut tables = BTreeMap::new();
        for (group, part) in parts {
            let name = match group {
                Some(group) if several => format!("{name}_{}", group.suffix()),
                _ => name.clone(),
            };
            let geometry = group.map(|group| group.type_name(part.several));
            tables.insert(group, Table::create(self.out, name, geometry, part.seen, self.srs, &self.changed).at(self.path)?);
        }
        for piece in keys.chunks(PIECE) {
            feedback.check()?;
            for row in self.rows(class, piece)? {
                let group = if tables.contains_key(&row.group) { row.group } else { main };
                if let Some(table) = tables.get_mut(&group) {
                    self.put(table, row).at(self.path)?;
                }
            }
            task.advance(piece.len() as u64);
        }
        tables.into_values().map(|table| table.finish(self.out, class).at(self.path)).collect()
    }

    fn put(&self, table: &mut Table, row: Row) -> rusqlite::Result<()> {
        let Row { fid, lifted, mut object, heights, .. } = row;
        let text = |text: Option<String>| text.map_or(Sql::Null, Sql::Text);
        let number = |n: Option<f64>| n.map_or(Sql::Null, Sql::Real);
        let attributes = std::mem::take(&mut object.attributes);
        let mut values = vec![
            Sql::Text(object.id.as_str().to_owned()),
            Sql::Text(object.class.name().to_owned()),
            text(object.name.clone()),
            text(object.parent.map(|p| p.as_str().to_owned())),
            text(self.sources.get(&object.source.0).cloned()),
            text(object.valid_from),
            text(object.valid_to),
            number(heights[0]),
            number(heights[1]),
        ];
        values.extend(table.columns.values(attributes, object.name.as_deref()));
        table.put(self.out, fid, lifted, values, self.srs)
    }

    /// The first pass over some objects.
    fn look(&self, class: Class, keys: &[ObjectKey], parts: &mut Parts) -> Result<(), StoreError> {
        let found: Vec<Parts> = if self.lods.is_empty() {
            let sql = format!(r#"SELECT attributes, name, valid_from, valid_to, geom FROM "{}" WHERE fid = ?1"#, schema::table_name(class));
            let mut statement = self.store.conn.prepare_cached(&sql).at(&self.store.path)?;
            let mut features: Vec<(String, Option<String>, [Option<String>; 2], Option<Vec<u8>>)> = Vec::with_capacity(keys.len());
            for key in keys {
                let row = statement.query_row([key.0], |r| Ok((r.get(0)?, r.get(1)?, [r.get(2)?, r.get(3)?], r.get(4)?)));
                features.extend(row.optional().at(&self.store.path)?);
            }
            let look = |share: &[(String, Option<String>, [Option<String>; 2], Option<Vec<u8>>)]| {
                let mut parts = Parts::new();
                for (attributes, name, valid, plan) in share {
                    let plan = plan.as_deref().and_then(gpb::read).unwrap_or(Footprint::None);
                    let attributes: Attributes = serde_json::from_str(attributes).unwrap_or_default();
                    see(&mut parts, Shape::of(&plan), &attributes, name.as_deref(), valid);
                }
                parts
            };
            features.par_chunks(SHARE).map(look).collect()
        } else {
            let rows = self.rows(class, keys)?;
            let look = |share: &[Row]| {
                let mut parts = Parts::new();
                for Row { lifted, object: o, .. } in share {
                    let shape = lifted.as_ref().map_or(Shape::None, shape::Lifted::shape);
                    see(&mut parts, shape, &o.attributes, o.name.as_deref(), &[o.valid_from.clone(), o.valid_to.clone()]);
                }
                parts
            };
            rows.par_chunks(SHARE).map(look).collect()
        };
        for (group, part) in found.into_iter().flatten() {
            parts.entry(group).or_default().append(part);
        }
        Ok(())
    }

    /// Some objects with the geometry that is written of them.
    fn rows(&self, class: Class, keys: &[ObjectKey]) -> Result<Vec<Row>, StoreError> {
        let sql = format!(r#"SELECT geom FROM "{}" WHERE fid = ?1"#, schema::table_name(class));
        let mut statement = self.store.conn.prepare_cached(&sql).at(&self.store.path)?;
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(raw) = self.store.raw(*key)? else { continue };
            let plan: Option<Vec<u8>> = match self.lods {
                [] => statement.query_row([key.0], |r| r.get(0)).optional().at(&self.store.path)?.flatten(),
                _ => None,
            };
            all.push((key.0, raw, plan));
        }
        let row = |(fid, raw, plan): (i64, crate::read::Raw, Option<Vec<u8>>)| -> Result<Row, String> {
            let mut object = raw.decode()?;
            let plan = if self.lods.is_empty() {
                plan.and_then(|blob| gpb::read(&blob)).unwrap_or(Footprint::None)
            } else {
                object.geometries.retain(|g| self.lods.iter().any(|lod| lod.covers(g.lod)));
                Footprint::of(&object)
            };
            let lifted = object.coarsest().and_then(|g| shape::lift(g, &plan));
            let bounds = object.bounds();
            let heights = [bounds.min[2], bounds.max[2]].map(|z| (!bounds.is_empty()).then_some(z));
            object.geometries = Vec::new();
            Ok(Row { group: lifted.as_ref().and_then(|l| Group::of(l.shape())), fid, lifted, object, heights })
        };
        let rows: Result<Vec<Row>, String> = all.into_par_iter().map(row).collect();
        rows.map_err(|what| self.store.damaged(what))
    }
}

fn see(parts: &mut Parts, shape: Shape, attributes: &Attributes, name: Option<&str>, valid: &[Option<String>; 2]) {
    let part = parts.entry(Group::of(shape)).or_default();
    part.count += 1;
    part.several |= shape == Shape::MultiPoint;
    part.seen.add(attributes, name, [valid[0].as_deref(), valid[1].as_deref()]);
}

/// The box that a layer says it fills.
fn extent(bounds: &Bounds2) -> [Option<f64>; 4] {
    [bounds.min[0], bounds.min[1], bounds.max[0], bounds.max[1]].map(|c| (!bounds.is_empty()).then_some(c))
}
