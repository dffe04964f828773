//! Pictures of textures: each kept once by the hash of its bytes, for as long as some source shows it.
//!
//! The two tables are made when the first picture comes, so that a store without pictures has none of them:
//! - `qike_image`: identity, name, MIME type, bytes;
//! - `qike_source_image`: which sources show it.

use crate::error::{At, StoreError};
use crate::store::SceneStore;
use qike_scene::image::known_mime;
use qike_scene::{Image, ImageId};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::collections::BTreeSet;

const TABLES: &str = "
CREATE TABLE qike_image (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, mime TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE qike_source_image (source INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
INSERT INTO gpkg_extensions VALUES ('qike_image', NULL, 'qike_scene', 'https://github.com/qike-city/qike', 'read-write');
INSERT INTO gpkg_extensions VALUES ('qike_source_image', NULL, 'qike_scene', 'https://github.com/qike-city/qike', 'read-write');
";

/// A picture in a store, without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageEntry {
    /// Its identity.
    pub id: ImageId,
    /// The source's name of it.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
}

/// True once the store has had a picture.
fn has_tables(conn: &Connection) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM sqlite_master WHERE name = 'qike_image'")?.exists([])
}

/// Keeps a picture; true where it was not there.
pub fn put(conn: &Connection, image: &Image) -> Result<bool> {
    if !has_tables(conn)? {
        conn.execute_batch(TABLES)?;
    }
    let mut known = conn.prepare_cached("SELECT 1 FROM qike_image WHERE id = ?1")?;
    if known.exists([image.id.0])? {
        return Ok(false);
    }
    conn.prepare_cached("INSERT INTO qike_image VALUES (?1, ?2, ?3, ?4)")?.execute(params![image.id.0, image.name, image.mime, image.bytes])?;
    Ok(true)
}

/// Notes that a source (counted from 0) shows these pictures and no others, and lets go of those that no source shows any more.
/// True where that was not so before.
pub fn set(conn: &Connection, source: u32, shown: &BTreeSet<ImageId>) -> Result<bool> {
    if !has_tables(conn)? {
        return Ok(false);
    }
    let mut statement = conn.prepare_cached("SELECT id FROM qike_source_image WHERE source = ?1 ORDER BY id")?;
    let before: BTreeSet<ImageId> = statement.query_map([source], |r| r.get(0).map(ImageId))?.collect::<Result<_>>()?;
    if before == *shown {
        return Ok(false);
    }
    for id in before.difference(shown) {
        conn.prepare_cached("DELETE FROM qike_source_image WHERE source = ?1 AND id = ?2")?.execute(params![source, id.0])?;
        conn.prepare_cached("DELETE FROM qike_image WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM qike_source_image WHERE id = ?1)")?.execute([id.0])?;
    }
    for id in shown.difference(&before) {
        conn.prepare_cached("INSERT INTO qike_source_image VALUES (?1, ?2)")?.execute(params![source, id.0])?;
    }
    Ok(true)
}

impl SceneStore {
    /// A picture by its identity.
    pub fn image(&self, id: ImageId) -> std::result::Result<Option<Image>, StoreError> {
        if !has_tables(&self.conn).at(&self.path)? {
            return Ok(None);
        }
        let found: Option<(String, String, Vec<u8>)> = self
            .conn
            .prepare_cached("SELECT name, mime, data FROM qike_image WHERE id = ?1")
            .and_then(|mut s| s.query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional())
            .at(&self.path)?;
        let Some((name, mime, bytes)) = found else { return Ok(None) };
        let mime = known_mime(&mime).ok_or_else(|| self.damaged(format!("the picture {id} is of an unknown kind, '{mime}'")))?;
        Ok(Some(Image { id, name, mime, bytes }))
    }

    /// All pictures, by identity.
    pub fn images(&self) -> std::result::Result<Vec<ImageEntry>, StoreError> {
        if !has_tables(&self.conn).at(&self.path)? {
            return Ok(Vec::new());
        }
        let mut statement = self.conn.prepare("SELECT id, name, mime, length(data) FROM qike_image ORDER BY id").at(&self.path)?;
        let rows = statement.query_map([], |r| Ok(ImageEntry { id: ImageId(r.get(0)?), name: r.get(1)?, mime: r.get(2)?, bytes: r.get(3)? }));
        rows.and_then(Iterator::collect).at(&self.path)
    }
}
