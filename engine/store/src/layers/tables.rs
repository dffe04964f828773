//! The tables of layers and what GeoPackage wants to be told of them (OGC 12-128r18).

use super::columns::{Columns, Kind, Seen};
use super::shape::Lifted;
use super::{Layer, extent};
use crate::boxes::Boxes;
use crate::schema;
use qike_core::{Bounds2, Crs};
use qike_scene::Class;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Result, params, params_from_iter};

/// Columns that every layer has, after `fid` and `geom`.
const FIXED: [(&str, &str); 9] = [
    ("id", "TEXT NOT NULL"),
    ("class", "TEXT NOT NULL"),
    ("name", "TEXT"),
    ("parent", "TEXT"),
    ("source", "TEXT"),
    ("valid_from", ""),
    ("valid_to", ""),
    ("z_min", "DOUBLE"),
    ("z_max", "DOUBLE"),
];

/// Titles of columns whose name is not the attribute's, and what texts are (extension "Schema").
const DATA_COLUMNS: &str = "
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC,
  max_is_inclusive BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT OR IGNORE INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec131/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec131/#extension_schema', 'read-write');
";

/// A layer that is being written.
pub struct Table {
    name: String,
    geometry: Option<&'static str>,
    /// Of the attributes.
    pub columns: Columns,
    insert: String,
    boxes: Boxes,
    bounds: Bounds2,
    features: u64,
}

impl Table {
    /// Makes the table and registers it; `geometry` is GeoPackage's word for the kind, with heights.
    pub fn create(conn: &Connection, name: String, geometry: Option<&'static str>, seen: Seen, srs: i32, changed: &str) -> Result<Self> {
        let valid = seen.valid.map(|kind| kind.unwrap_or(Kind::Text).sql());
        let taken: Vec<&str> = ["fid", "geom"].into_iter().chain(FIXED.iter().map(|(name, _)| *name)).collect();
        let columns = Columns::of(seen, &taken);
        let mut defined = vec!["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
        let mut names = vec!["fid".to_owned()];
        if let Some(kind) = geometry {
            defined.push(format!("geom {kind}"));
            names.push("geom".to_owned());
        }
        let fixed = FIXED.iter().map(|(name, kind)| match *name {
            "valid_from" => (*name, valid[0]),
            "valid_to" => (*name, valid[1]),
            name => (name, *kind),
        });
        let own = columns.list().iter().map(|c| (c.name.as_str(), c.kind.sql()));
        for (column, kind) in fixed.chain(own) {
            defined.push(format!("{} {kind}", quoted(column)));
            names.push(quoted(column));
        }
        let table = quoted(&name);
        conn.execute_batch(&format!("CREATE TABLE {table} ({})", defined.join(", ")))?;
        let kind = if geometry.is_some() { "features" } else { "attributes" };
        conn.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) VALUES (?1, ?2, ?1, ?3, ?4)",
            params![name, kind, changed, geometry.map(|_| srs)],
        )?;
        if let Some(kind) = geometry {
            conn.execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 1, 0)", params![name, kind, srs])?;
        }
        for column in columns.list() {
            let title = column.key.as_deref().filter(|key| *key != column.name);
            let mime = (column.kind == Kind::Json).then_some("application/json");
            if title.is_some() || mime.is_some() {
                conn.execute_batch(DATA_COLUMNS)?;
                conn.execute(
                    "INSERT INTO gpkg_data_columns (table_name, column_name, title, mime_type) VALUES (?1, ?2, ?3, ?4)",
                    params![name, column.name, title, mime],
                )?;
            }
        }
        let marks: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
        let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "));
        let boxes = Boxes::new(format!("rtree_{name}_geom"), 2);
        Ok(Self { name, geometry, columns, insert, boxes, bounds: Bounds2::default(), features: 0 })
    }

    /// Writes a row: the values of the fixed columns, then of the attributes'.
    pub fn put(&mut self, conn: &Connection, fid: i64, lifted: Option<Lifted>, values: Vec<Sql>, srs: i32) -> Result<()> {
        let mut row = vec![Sql::Integer(fid)];
        if let Some(kind) = self.geometry {
            row.push(match lifted {
                Some(lifted) => {
                    let bounds = lifted.bounds();
                    self.boxes.push2(fid, &bounds);
                    [bounds.min, bounds.max].into_iter().for_each(|p| self.bounds.grow(p));
                    Sql::Blob(lifted.blob(srs, kind == "MULTIPOINT"))
                }
                None => Sql::Null,
            });
        }
        row.extend(values);
        self.features += 1;
        conn.prepare_cached(&self.insert)?.execute(params_from_iter(row)).map(drop)
    }

    /// Writes the index and the extent.
    pub fn finish(mut self, conn: &Connection, class: Class) -> Result<Layer> {
        if self.geometry.is_some() {
            let rtree = quoted(&format!("rtree_{}_geom", self.name));
            conn.execute_batch(&format!("CREATE VIRTUAL TABLE {rtree} USING rtree(id, minx, maxx, miny, maxy)"))?;
            self.boxes.flush(conn)?;
            schema::create_rtree_triggers(conn, &self.name)?;
            conn.execute(
                "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec130/#extension_rtree', 'write-only')",
                [&self.name],
            )?;
        }
        let [x, y, xx, yy] = extent(&self.bounds);
        conn.execute("UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1", params![self.name, x, y, xx, yy])?;
        Ok(Layer { name: self.name, class: class.name(), geometry: self.geometry, features: self.features })
    }
}

/// Systems in both spellings: WKT 1 where older programs look, and WKT 2 beside it (extension "WKT for CRS").
pub fn describe_systems(conn: &Connection, srs: i32, crs: &Crs) -> Result<()> {
    conn.execute_batch(
        "ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN definition_12_063 TEXT NOT NULL DEFAULT 'undefined';
         INSERT INTO gpkg_extensions VALUES
           ('gpkg_spatial_ref_sys', 'definition_12_063', 'gpkg_crs_wkt', 'http://www.geopackage.org/spec131/#extension_crs_wkt', 'read-write');",
    )?;
    for (srs, crs) in [(4326, &Crs::wgs84()), (srs, crs)] {
        let Some(wkt) = crs.wkt() else { continue };
        let older = crs.wkt1().unwrap_or_else(|| wkt.clone());
        conn.execute("UPDATE gpkg_spatial_ref_sys SET definition = ?2, definition_12_063 = ?3 WHERE srs_id = ?1", params![srs, older, wkt])?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
