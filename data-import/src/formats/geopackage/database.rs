//! A foreign GeoPackage as a database that nobody trusts: opened read-only and immutable, with limits, without views,
//! triggers and functions that its schema may bring along.

use crate::ImportError;
use qike_core::{Crs, SourceCrs};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Largest row or value, bytes.
const LARGEST: i32 = 256 << 20;
/// Most layers read.
const MOST_LAYERS: usize = 10_000;

/// A table of features.
#[derive(Debug)]
pub struct Layer {
    /// Its name.
    pub table: String,
    /// Column of the geometry.
    pub geometry: String,
    /// The number of its system in the file.
    pub srs: i64,
}

/// A system as the file describes it.
#[derive(Debug, PartialEq)]
pub enum System {
    /// One that PROJ knows.
    Known(SourceCrs),
    /// Degrees of no stated datum.
    UndefinedDegrees,
    /// Metres of no stated place.
    UndefinedMetres,
    /// None that can be used: why.
    Unusable(String),
}

/// A column of a layer.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its declared type, capitals.
    pub declared: String,
    /// True for the primary key.
    pub key: bool,
}

/// Maps SQLite's errors to ours.
pub fn fail(name: &str, error: &rusqlite::Error) -> ImportError {
    ImportError::corrupt(name, "the database", format!("SQLite cannot read it: {error}"))
}

/// Opens the file. `Err` where it is no database or a store of Qike's own.
pub fn open(path: &Path, name: &str) -> Result<Connection, ImportError> {
    let absolute = path.canonicalize().map_err(|e| ImportError::io(name, e))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let fail = |e: rusqlite::Error| fail(name, &e);
    let conn = Connection::open_with_flags(uri(&absolute), flags).map_err(fail)?;
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, LARGEST),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_COLUMN, 2_000),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 50),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    ] {
        conn.set_limit(limit, value).map_err(fail)?;
    }
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        conn.set_db_config(config, value).map_err(fail)?;
    }
    conn.pragma_update(None, "cell_size_check", true).map_err(fail)?;
    let own: i64 = conn.query_row("SELECT count(*) FROM sqlite_master WHERE name = 'qike_object'", [], |r| r.get(0)).map_err(fail)?;
    if own > 0 {
        let reason = "this is a store of Qike's own, not a file to import; its objects are already in it (qike export writes them as a GeoPackage of layers)";
        return Err(ImportError::corrupt(name, "the table qike_object", reason));
    }
    Ok(conn)
}

/// The path as SQLite's URI, with everything escaped that could mean something in it.
fn uri(path: &Path) -> String {
    let mut out = String::from("file:");
    for b in path.as_os_str().as_encoded_bytes() {
        match b {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(*b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out.push_str("?mode=ro&immutable=1");
    out
}

/// A name between quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The layers of features that are tables, by name; and what else the file lists: name and why it is not read.
pub fn layers(conn: &Connection) -> rusqlite::Result<(Vec<Layer>, Vec<(String, String)>)> {
    let mut statement = conn.prepare(
        "SELECT c.table_name, c.data_type, g.column_name, coalesce(g.srs_id, c.srs_id, -1), m.type, m.sql
         FROM gpkg_contents c
         LEFT JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
         LEFT JOIN sqlite_master m ON lower(m.name) = lower(c.table_name) AND m.type IN ('table', 'view')
         ORDER BY c.table_name LIMIT ?1",
    )?;
    let (mut found, mut others) = (Vec::new(), Vec::new());
    let mut rows = statement.query([MOST_LAYERS as i64])?;
    while let Some(row) = rows.next()? {
        let text = |i: usize| row.get::<_, Option<String>>(i);
        let table = text(0)?.unwrap_or_default();
        let (kind, geometry, what, sql) = (text(1)?.unwrap_or_default(), text(2)?, text(4)?, text(5)?.unwrap_or_default());
        let reason = match (kind.as_str(), geometry, what.as_deref()) {
            ("features", Some(geometry), Some("table")) if !sql.get(..14).is_some_and(|s| s.eq_ignore_ascii_case("CREATE VIRTUAL")) => {
                found.push(Layer { table, geometry, srs: row.get::<_, Option<i64>>(3)?.unwrap_or(-1) });
                continue;
            }
            ("features", _, None) => "the file lists it, but has no such table".to_owned(),
            ("features", None, _) => "the file does not say which column holds its geometry".to_owned(),
            ("features", ..) => "it is computed by SQL that comes with the file (a view), which is not run; save it as a table first".to_owned(),
            (kind, ..) => format!("it holds {kind}, no features"),
        };
        others.push((table, reason));
    }
    Ok((found, others))
}

/// The columns of a table.
pub fn columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = conn.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let all = statement.query_map([table], |row| {
        let declared: Option<String> = row.get(1)?;
        Ok(Column { name: row.get(0)?, declared: declared.unwrap_or_default().to_ascii_uppercase(), key: row.get::<_, i64>(2)? == 1 })
    })?;
    all.collect()
}

/// The system with a number in `gpkg_spatial_ref_sys`.
pub fn system(conn: &Connection, srs: i64) -> System {
    match srs {
        -1 => return System::UndefinedMetres,
        0 => return System::UndefinedDegrees,
        _ => {}
    }
    let sql = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found = conn.query_row(sql, [srs], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<String>>(2)?)));
    let Ok((organization, code, definition)) = found else { return System::Unusable(format!("the file does not describe its system {srs}")) };
    if let (Some(organization), Some(code)) = (organization, code)
        && organization.eq_ignore_ascii_case("EPSG")
        && let Ok(crs) = Crs::parse(&format!("EPSG:{code}"))
    {
        return System::Known(SourceCrs::Crs(crs));
    }
    match SourceCrs::parse(definition.as_deref().unwrap_or_default()) {
        Ok(crs) => System::Known(crs),
        Err(error) => System::Unusable(error.to_string()),
    }
}
