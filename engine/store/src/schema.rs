//! The tables of a store: GeoPackage 1.3's own, one feature table a class, and Qike's beside them (`qike_…`).
//!
//! A feature's `fid` is the object's number everywhere. Qike's tables:
//! - `qike_object`: the index of all objects: id, class, source, hash of the content, LODs, shape of the plan, exact 3D bounds;
//! - `qike_geometry`: one blob a geometry; its key is `oid × 65536 + position`, so an object's blobs lie together;
//! - `qike_rtree`: boxes in three dimensions, rounded outwards to 32 bits;
//! - `qike_term`: which objects may have an attribute's value ([`crate::filters`]);
//! - `qike_source`, `qike_diagnostic`, `qike_series`: what was imported and what it says of itself, what was wrong with it, values over time;
//! - `qike_import`, `qike_history`, `qike_change`: what each import added, changed and removed;
//! - `qike_version`: what objects were before they were replaced or removed ([`crate::history`]);
//! - `qike_image`, `qike_source_image`: pictures of textures, where there are any ([`crate::images`]);
//! - `qike_meta`: version, CRS, content hash.

use crate::filters::BLOCK_BITS;
use qike_core::Crs;
use qike_scene::Class;
use rusqlite::{Connection, Result, params};

/// `GPKG` in big-endian: the application id of a GeoPackage.
pub const APPLICATION_ID: i32 = 0x4750_4B47;
/// GeoPackage 1.3.0.
pub const USER_VERSION: i32 = 10_300;
/// Version of Qike's own tables.
pub const STORE_VERSION: u32 = 4;
/// srs_id of a CRS without an EPSG code.
const OWN_SRS: i32 = 100_000;

/// GeoPackage's own tables.
const GEOPACKAGE: &str = r#"
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
"#;

const TABLES: &str = r#"
CREATE TABLE qike_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE qike_source (
  source INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT NOT NULL, place TEXT NOT NULL, format TEXT NOT NULL,
  content_hash TEXT NOT NULL, crs TEXT NOT NULL, objects INTEGER NOT NULL, series INTEGER NOT NULL, diagnostics INTEGER NOT NULL,
  removed INTEGER, about TEXT);
CREATE TABLE qike_object (
  oid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, class INTEGER NOT NULL, source INTEGER NOT NULL, hash BLOB NOT NULL,
  lods INTEGER NOT NULL, shape INTEGER NOT NULL, minx REAL, miny REAL, minz REAL, maxx REAL, maxy REAL, maxz REAL,
  since INTEGER NOT NULL DEFAULT 0);
CREATE TABLE qike_geometry (gid INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE VIRTUAL TABLE qike_rtree USING rtree(oid, minx, maxx, miny, maxy, minz, maxz);
CREATE TABLE qike_series (
  source INTEGER NOT NULL, object TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL, date TEXT NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (object, quantity, date, source)) WITHOUT ROWID;
CREATE TABLE qike_diagnostic (
  source INTEGER NOT NULL, number INTEGER NOT NULL, code TEXT NOT NULL, severity TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (source, number)) WITHOUT ROWID;
CREATE TABLE qike_import (
  import INTEGER PRIMARY KEY, at TEXT NOT NULL, content_hash TEXT NOT NULL, holds TEXT NOT NULL DEFAULT '', action TEXT NOT NULL DEFAULT 'import');
CREATE TABLE qike_history (
  import INTEGER NOT NULL, source INTEGER NOT NULL, source_hash TEXT NOT NULL, added INTEGER NOT NULL, changed INTEGER NOT NULL,
  removed INTEGER NOT NULL, unchanged INTEGER NOT NULL, PRIMARY KEY (import, source)) WITHOUT ROWID;
CREATE TABLE qike_change (
  import INTEGER NOT NULL, object TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (import, object)) WITHOUT ROWID;
"#;

/// New with version 3. Version 2 had filters of another kind.
const TERMS: &str = "CREATE TABLE IF NOT EXISTS qike_term (block INTEGER PRIMARY KEY, entries BLOB NOT NULL)";
const FROM_VERSION_2: &str = r#"
DROP TABLE IF EXISTS qike_filter;
DELETE FROM gpkg_extensions WHERE table_name IN ('qike_filter', 'qike_term');
INSERT INTO gpkg_extensions VALUES ('qike_term', NULL, 'qike_scene', 'https://github.com/qike-city/qike', 'read-write');
"#;

/// Made in new stores, and in those of version 1 when they are first changed.
const VERSIONS: &str = r#"
CREATE TABLE qike_version (
  object TEXT NOT NULL, since INTEGER NOT NULL, ended INTEGER NOT NULL, class INTEGER NOT NULL, source INTEGER NOT NULL, hash BLOB NOT NULL,
  name TEXT, parent TEXT, valid_from TEXT, valid_to TEXT, attributes TEXT, geometries BLOB, PRIMARY KEY (object, ended));
INSERT INTO gpkg_extensions VALUES ('qike_version', NULL, 'qike_scene', 'https://github.com/qike-city/qike', 'read-write');
"#;

/// What version 1 lacks. Its imports held as of when they were made; an object is as it is since it was last listed as a
/// change, or else since its source came.
const FROM_VERSION_1: &str = r#"
ALTER TABLE qike_source ADD COLUMN removed INTEGER;
ALTER TABLE qike_object ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE qike_import ADD COLUMN holds TEXT NOT NULL DEFAULT '';
ALTER TABLE qike_import ADD COLUMN action TEXT NOT NULL DEFAULT 'import';
UPDATE qike_import SET holds = at;
UPDATE qike_object SET since = coalesce((SELECT min(import) FROM qike_history h WHERE h.source = qike_object.source + 1), 0);
UPDATE qike_object SET since = c.import FROM (SELECT object, max(import) AS import FROM qike_change WHERE kind <> 'removed' GROUP BY object) c
  WHERE c.object = qike_object.id;
"#;

/// New with version 4: what each source says of itself as a whole, as JSON ([`qike_scene::about`]).
const FROM_VERSION_3: &str = "ALTER TABLE qike_source ADD COLUMN about TEXT";

/// Brings a store of an earlier version to this one, inside the caller's transaction.
pub fn migrate(conn: &Connection, from: u32) -> Result<()> {
    if from < 2 {
        conn.execute_batch(VERSIONS)?;
        conn.execute_batch(FROM_VERSION_1)?;
    }
    if from < 3 {
        let classes = tables(conn)?;
        classes.iter().try_for_each(|class| drop_triggers(conn, *class))?;
        conn.execute_batch(TERMS)?;
        conn.execute_batch(FROM_VERSION_2)?;
        // Their triggers name the new table.
        create_triggers(conn, classes.into_iter())?;
    }
    conn.execute_batch(FROM_VERSION_3)?;
    set_meta(conn, "store_version", &STORE_VERSION.to_string())
}

/// Qike's own tables, which GeoPackage wants to be told of. `qike_source` is not among them: it is plain content, and other
/// programs would warn of an extension that they need for reading it.
const OWN_TABLES: &[&str] = &[
    "qike_meta", "qike_object", "qike_geometry", "qike_rtree", "qike_term", "qike_series", "qike_diagnostic", "qike_import",
    "qike_history", "qike_change",
];

/// Makes GeoPackage's own tables in an empty database, with WGS 84 and a system of the caller's. Gives the number of that system.
pub fn create_geopackage(conn: &Connection, crs: &Crs) -> Result<i32> {
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", USER_VERSION)?;
    conn.execute_batch(GEOPACKAGE)?;
    add_srs(conn, 4326, &Crs::wgs84())?;
    let srs = srs_id(crs);
    if srs > 0 && srs != 4326 {
        add_srs(conn, srs, crs)?;
    }
    Ok(srs)
}

/// Makes all tables in an empty database, inside the caller's transaction.
pub fn create(conn: &Connection, crs: &Crs) -> Result<()> {
    let srs = create_geopackage(conn, crs)?;
    conn.execute_batch(TABLES)?;
    conn.execute_batch(TERMS)?;
    for table in OWN_TABLES {
        conn.execute(
            "INSERT INTO gpkg_extensions VALUES (?1, NULL, 'qike_scene', 'https://github.com/qike-city/qike', 'read-write')",
            [table],
        )?;
    }
    conn.execute_batch(VERSIONS)?;
    // One registered table without geometry: readers then list it beside the layers, and none of the others.
    conn.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES ('qike_source', 'attributes', 'qike_source', 'Sources of the city model')",
        [],
    )?;
    set_meta(conn, "store_version", &STORE_VERSION.to_string())?;
    set_meta(conn, "crs", crs.definition())?;
    set_meta(conn, "srs_id", &srs.to_string())
}

/// The number by which geometries name the CRS.
pub fn srs_id(crs: &Crs) -> i32 {
    if crs.is_local() {
        return -1;
    }
    crs.epsg_code().and_then(|code| i32::try_from(code).ok()).unwrap_or(OWN_SRS)
}

fn add_srs(conn: &Connection, srs_id: i32, crs: &Crs) -> Result<()> {
    let organization = if srs_id == OWN_SRS { "NONE" } else { "EPSG" };
    conn.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?2, ?4, NULL)",
        params![crs.name(), srs_id, organization, crs.wkt().unwrap_or_else(|| "undefined".into())],
    )?;
    Ok(())
}

/// Reads a value of `qike_meta`.
pub fn meta(conn: &Connection, key: &str) -> Result<Option<String>> {
    use rusqlite::OptionalExtension;
    conn.query_row("SELECT value FROM qike_meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Writes a value of `qike_meta`.
pub fn set_meta(conn: &Connection, key: &str, value: &str) -> Result<()> {
    conn.execute("INSERT INTO qike_meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value", [key, value])?;
    Ok(())
}

/// The feature table of a class: `BuildingPart` → `building_part`.
pub fn table_name(class: Class) -> String {
    let mut name = String::with_capacity(24);
    for c in class.name().chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The classes that have a feature table, in the order of their numbers.
pub fn tables(conn: &Connection) -> Result<Vec<Class>> {
    let mut statement = conn.prepare("SELECT 1 FROM gpkg_geometry_columns WHERE table_name = ?1")?;
    let mut found = Vec::new();
    for class in Class::ALL {
        if statement.exists([table_name(*class)])? {
            found.push(*class);
        }
    }
    Ok(found)
}

/// Makes the feature table of a class and registers it; its triggers come with [`create_triggers`].
pub fn create_feature_table(conn: &Connection, class: Class, srs: i32) -> Result<()> {
    let table = table_name(class);
    conn.execute_batch(&format!(
        r#"CREATE TABLE "{table}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY, id TEXT NOT NULL, name TEXT, parent TEXT,
             lods TEXT NOT NULL, attributes TEXT NOT NULL, source INTEGER NOT NULL, valid_from TEXT, valid_to TEXT);
           CREATE VIRTUAL TABLE "rtree_{table}_geom" USING rtree(id, minx, maxx, miny, maxy);"#
    ))?;
    conn.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?1, 'features', ?1, ?2)", params![table, srs])?;
    conn.execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'GEOMETRY', ?2, 0, 0)", params![table, srs])?;
    conn.execute(
        "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec130/#extension_rtree', 'write-only')",
        [table],
    )?;
    Ok(())
}

/// Removes the triggers of a feature table, so that an import can fill table and index side by side.
pub fn drop_triggers(conn: &Connection, class: Class) -> Result<()> {
    let table = table_name(class);
    for name in ["insert", "update1", "update2", "update3", "update4", "delete"] {
        conn.execute_batch(&format!(r#"DROP TRIGGER IF EXISTS "rtree_{table}_geom_{name}""#))?;
    }
    conn.execute_batch(&format!(r#"DROP TRIGGER IF EXISTS "qike_{table}_edited""#))
}

/// The triggers of the RTree extension (OGC 12-128r17, F.3), by which edits in other programs keep the index of a table right: the name
/// of each, and what it does when.
fn rtree_triggers(t: &str) -> [(String, String); 6] {
    let r = format!("rtree_{t}_geom");
    let boxed = "NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)";
    let some = "(NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))";
    let none = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))";
    let put = format!(r#"INSERT OR REPLACE INTO "{r}" VALUES ({boxed})"#);
    let delete = format!(r#"DELETE FROM "{r}" WHERE id"#);
    [
        (format!("{r}_insert"), format!(r#"AFTER INSERT ON "{t}" WHEN {some} BEGIN {put}; END"#)),
        (format!("{r}_update1"), format!(r#"AFTER UPDATE OF geom ON "{t}" WHEN OLD.fid = NEW.fid AND {some} BEGIN {put}; END"#)),
        (format!("{r}_update2"), format!(r#"AFTER UPDATE OF geom ON "{t}" WHEN OLD.fid = NEW.fid AND {none} BEGIN {delete} = OLD.fid; END"#)),
        (format!("{r}_update3"), format!(r#"AFTER UPDATE ON "{t}" WHEN OLD.fid != NEW.fid AND {some} BEGIN {delete} = OLD.fid; {put}; END"#)),
        (format!("{r}_update4"), format!(r#"AFTER UPDATE ON "{t}" WHEN OLD.fid != NEW.fid AND {none} BEGIN {delete} IN (OLD.fid, NEW.fid); END"#)),
        (format!("{r}_delete"), format!(r#"AFTER DELETE ON "{t}" WHEN OLD.geom NOT NULL BEGIN {delete} = OLD.fid; END"#)),
    ]
}

/// Makes the triggers of a table's index.
pub fn create_rtree_triggers(conn: &Connection, table: &str) -> Result<()> {
    put_triggers(conn, rtree_triggers(table).map(|(name, body)| (table.to_owned(), name, body)))
}

/// Makes the triggers of classes' feature tables: those of their indexes, and one by which lists of attributes follow edits.
pub fn create_triggers(conn: &Connection, classes: impl Iterator<Item = Class>) -> Result<()> {
    let of_class = |class: Class| {
        let t = table_name(class);
        // What another program writes into a feature, no list knows.
        let edited = (format!("qike_{t}_edited"), format!(r#"AFTER UPDATE OF name, attributes ON "{t}" BEGIN DELETE FROM qike_term WHERE block = OLD.fid >> {BLOCK_BITS}; END"#));
        rtree_triggers(&t).into_iter().chain([edited]).map(move |(name, body)| (t.clone(), name, body))
    };
    put_triggers(conn, classes.flat_map(of_class))
}

/// Makes triggers, each of a table, with a name and a body. They go into the schema as rows: a trigger has no pages, and having SQLite
/// read a hundred of them one by one took as long as writing four thousand objects. The schema's number is raised, as SQLite asks of
/// whoever writes it.
fn put_triggers(conn: &Connection, all: impl IntoIterator<Item = (String, String, String)>) -> Result<()> {
    conn.pragma_update(None, "writable_schema", true)?;
    let put = || -> Result<()> {
        let mut statement = conn.prepare("INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('trigger', ?1, ?2, 0, ?3)")?;
        for (table, name, body) in all {
            statement.execute(params![name, table, format!(r#"CREATE TRIGGER "{name}" {body}"#)])?;
        }
        drop(statement);
        let version: i64 = conn.pragma_query_value(None, "schema_version", |r| r.get(0))?;
        conn.pragma_update(None, "schema_version", version + 1)
    };
    let done = put();
    conn.pragma_update(None, "writable_schema", false)?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_after_classes() {
        assert_eq!(table_name(Class::Building), "building");
        assert_eq!(table_name(Class::SolitaryVegetationObject), "solitary_vegetation_object");
        let mut names: Vec<_> = Class::ALL.iter().map(|c| table_name(*c)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }

    #[test]
    fn sqlite_reads_every_trigger_as_it_stands_in_the_schema() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(GEOPACKAGE).unwrap();
        conn.execute_batch(TABLES).unwrap();
        conn.execute_batch(TERMS).unwrap();
        create_feature_table(&conn, Class::Building, -1).unwrap();
        create_feature_table(&conn, Class::BuildingPart, -1).unwrap();
        conn.execute_batch("BEGIN").unwrap();
        create_triggers(&conn, [Class::Building, Class::BuildingPart].into_iter()).unwrap();
        conn.execute_batch("COMMIT").unwrap();
        let stored = |conn: &Connection| -> Vec<String> {
            let mut all = conn.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").unwrap();
            all.query_map([], |r| r.get(0)).unwrap().map(|r| r.unwrap()).collect()
        };
        let written = stored(&conn);
        assert_eq!(written.len(), 14);
        // Made by SQLite itself, they are the same.
        drop_triggers(&conn, Class::Building).unwrap();
        drop_triggers(&conn, Class::BuildingPart).unwrap();
        assert!(stored(&conn).is_empty());
        for sql in &written {
            conn.execute_batch(sql).unwrap();
        }
        assert_eq!(stored(&conn), written);
        // And they work: an edit drops the list of its block.
        conn.execute_batch("INSERT INTO qike_term VALUES (0, x'00'); INSERT INTO building (fid, id, lods, attributes, source) VALUES (3, 'a', '', '{}', 1)").unwrap_err();
        conn.create_scalar_function("ST_IsEmpty", 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, |_| Ok(false)).unwrap();
        for name in ["ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
            conn.create_scalar_function(name, 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, |_| Ok(7.0)).unwrap();
        }
        conn.execute_batch("INSERT INTO building (fid, geom, id, lods, attributes, source) VALUES (3, x'01', 'a', '', '{}', 1)").unwrap();
        conn.execute_batch("INSERT OR IGNORE INTO qike_term VALUES (0, x'00'); UPDATE building SET name = 'x'").unwrap();
        let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!((count("SELECT count(*) FROM qike_term"), count("SELECT count(*) FROM rtree_building_geom WHERE minx = 7")), (0, 1));
    }
}
