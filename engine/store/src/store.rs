//! Opening and making stores; what one is told at a glance.

use crate::error::{At, StoreError};
use crate::totals::Totals;
use crate::schema;
use qike_core::crs::CrsKind;
use qike_core::{Bounds3, Crs, CrsError};
use qike_scene::{Attributes, Class, Lod, SourceInfo};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// A city on disk: one GeoPackage file.
///
/// Reading takes `&self` and works while another process reads or imports (it sees the state before that import).
/// A store is `Send` and not `Sync`: open it once a thread.
#[derive(Debug)]
pub struct SceneStore {
    pub(crate) path: PathBuf,
    pub(crate) conn: Connection,
    pub(crate) crs: Crs,
    pub(crate) srs: i32,
    /// Of its tables; those of an earlier version are brought up to date by the first change.
    pub(crate) version: u32,
    /// The folder it lies in, where it is only for now; dropped after the connection.
    pub(crate) folder: Option<tempfile::TempDir>,
}

/// Counts of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Info {
    /// Objects by class and LOD.
    pub objects: ObjectCounts,
    /// Definition of the CRS.
    pub crs: String,
    /// Its name.
    pub crs_name: String,
    /// minx, miny, minz, maxx, maxy, maxz; `None` without geometry.
    pub bounds: Option<[f64; 6]>,
    /// What was imported.
    pub sources: Vec<SourceCounts>,
    /// Number of time series.
    pub series: u64,
    /// Hash of all content: equal for equal models.
    pub content_hash: String,
}

/// Objects by class and LOD.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ObjectCounts {
    /// All.
    pub total: u64,
    /// By name of the class.
    pub by_class: BTreeMap<&'static str, u64>,
    /// Objects that have a geometry at the LOD.
    pub by_lod: BTreeMap<String, u64>,
}

/// A source and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceCounts {
    /// As the user named it.
    pub path: String,
    /// The importer's name.
    pub format: String,
    /// Objects it gave.
    pub objects: u64,
    /// Findings about it.
    pub diagnostics: u64,
    /// What it says of itself ([`qike_scene::about`]).
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub about: Attributes,
}

impl SceneStore {
    /// Makes an empty store in a file that must not be there yet. The CRS must be projected, or local.
    pub fn create(path: impl AsRef<Path>, crs: &Crs) -> Result<Self, StoreError> {
        let path = path.as_ref();
        check_crs(path, crs)?;
        if path.exists() {
            return Err(StoreError::Exists { path: path.into() });
        }
        // Made under another name: whoever looks at `path` sees a whole store or none.
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".new-{}", std::process::id()));
        let draft = path.with_file_name(name);
        let made = make(&draft, path, crs).and_then(|()| std::fs::rename(&draft, path).map_err(|e| StoreError::io(path, e)));
        if let Err(error) = made {
            remove(&draft);
            return Err(error);
        }
        Self::open(path)
    }

    /// An empty store in memory, for dry runs.
    pub fn in_memory(crs: &Crs) -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        check_crs(&path, crs)?;
        let conn = Connection::open_in_memory().at(&path)?;
        schema::create(&conn, crs).at(&path)?;
        Self::over(conn, path)
    }

    /// Opens a store for reading and, where the system allows, for importing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        look_at(path)?;
        let mut outcome = None;
        for (flags, immutable) in [
            (OpenFlags::SQLITE_OPEN_READ_WRITE, false),
            (OpenFlags::SQLITE_OPEN_READ_ONLY, false),
            // On a read-only disk there is no room for SQLite's shared memory; nobody can write there either.
            (OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI, true),
        ] {
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let conn = if immutable { Connection::open_with_flags(immutable_uri(path), flags) } else { Connection::open_with_flags(path, flags) };
            match conn.at(path).and_then(|conn| Self::over(conn, path.into())) {
                Err(error @ StoreError::Denied { .. }) => outcome = Some(error),
                done => return done,
            }
        }
        Err(outcome.unwrap_or_else(|| StoreError::NotFound { path: path.into() }))
    }

    /// Opens the store, or makes it where there is no file. An existing store must have the same CRS, where one is named.
    pub fn open_or_create(path: impl AsRef<Path>, crs: &Crs) -> Result<Self, StoreError> {
        if path.as_ref().exists() { Self::open(path) } else { Self::create(path, crs) }
    }

    /// Closes the store and removes its files: for a store that was just made, whose first import failed.
    pub fn discard(self) {
        let path = self.path.clone();
        drop(self);
        remove(&path);
    }

    /// Bytes by part: geometry blobs, attributes, plans, and the whole file.
    pub fn sizes(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let sum = |sql: &str| self.conn.query_row(sql, [], |r| r.get::<_, Option<u64>>(0)).at(&self.path).map(Option::unwrap_or_default);
        let (mut attributes, mut plans) = (0, 0);
        for class in schema::tables(&self.conn).at(&self.path)? {
            let table = schema::table_name(class);
            attributes += sum(&format!(r#"SELECT sum(length(CAST(attributes AS BLOB))) FROM "{table}""#))?;
            plans += sum(&format!(r#"SELECT sum(length(geom)) FROM "{table}""#))?;
        }
        Ok(vec![
            ("3D geometry", sum("SELECT sum(length(data)) FROM qike_geometry")?),
            ("attributes", attributes),
            ("plans", plans),
            ("file", sum("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")?),
        ])
    }

    /// Writes a copy of the store as it is now to a file that must not be there yet, compactly.
    pub fn copy_to(&self, path: impl AsRef<Path>) -> Result<(), StoreError> {
        let path = path.as_ref();
        if path.exists() {
            return Err(StoreError::Exists { path: path.into() });
        }
        self.conn.execute("VACUUM INTO ?1", [path.to_string_lossy()]).at(path)?;
        let copy = Connection::open(path).at(path)?;
        copy.pragma_update(None, "journal_mode", "WAL").at(path)?;
        copy.close().map_err(|(_, e)| StoreError::sql(path, &e))
    }

    fn over(conn: Connection, path: PathBuf) -> Result<Self, StoreError> {
        conn.busy_timeout(PATIENCE).at(&path)?;
        let application: i32 = conn.pragma_query_value(None, "application_id", |r| r.get(0)).at(&path)?;
        let has_meta = conn.prepare("SELECT 1 FROM sqlite_master WHERE name = 'qike_meta'").and_then(|mut s| s.exists([])).at(&path)?;
        if !has_meta {
            let what = if application == schema::APPLICATION_ID { "a GeoPackage of another program" } else { "an SQLite database of another program" };
            return Err(StoreError::NotAStore { path, reason: what.into() });
        }
        let broken = |what: &str| StoreError::Damaged { path: path.clone(), what: what.into() };
        let version = schema::meta(&conn, "store_version").at(&path)?;
        let version: u32 = version.and_then(|v| v.parse().ok()).ok_or_else(|| broken("it does not say its version"))?;
        if version > schema::STORE_VERSION {
            return Err(StoreError::Newer { path, found: version, known: schema::STORE_VERSION });
        }
        let crs = schema::meta(&conn, "crs").at(&path)?.ok_or_else(|| broken("it does not say its CRS"))?;
        let crs = Crs::known(&crs).map_err(|error| StoreError::Crs { path: path.clone(), error })?;
        // 64 MiB of cache make windows quick. The file is not mapped: a file cut off by others would end the process.
        conn.pragma_update(None, "cache_size", -65_536).at(&path)?;
        conn.pragma_update(None, "temp_store", "MEMORY").at(&path)?;
        conn.set_prepared_statement_cache_capacity(256);
        let srs = schema::srs_id(&crs);
        Ok(Self { path, conn, crs, srs, version, folder: None })
    }

    /// The CRS of all coordinates.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hash of all content (objects, series, CRS), hex: equal for equal models, whatever the order and time of their imports.
    pub fn content_hash(&self) -> Result<String, StoreError> {
        Ok(schema::meta(&self.conn, "content_hash").at(&self.path)?.unwrap_or_default())
    }

    /// The box around everything; empty for a store without geometry.
    pub fn bounds(&self) -> Result<Bounds3, StoreError> {
        let recorded = schema::meta(&self.conn, "bounds").at(&self.path)?;
        // Rust's own reading and writing of numbers gives back the same bits.
        let corners: Option<Vec<f64>> = recorded.and_then(|text| text.split(' ').map(|n| n.parse().ok()).collect());
        let corners: Option<[f64; 6]> = corners.and_then(|n| n.try_into().ok());
        Ok(corners.map_or(Bounds3::EMPTY, |[x, y, z, xx, yy, zz]| Bounds3 { min: [x, y, z], max: [xx, yy, zz] }))
    }

    /// Takes down the content hash and the box around everything, so that readers need not look at every object for them.
    pub(crate) fn record(&self, totals: &Totals) -> Result<(), StoreError> {
        let Bounds3 { min, max } = totals.bounds;
        let corners = if totals.bounds.is_empty() { vec![] } else { [min, max].concat() };
        let text: Vec<String> = corners.iter().map(f64::to_string).collect();
        schema::set_meta(&self.conn, "bounds", &text.join(" ")).at(&self.path)?;
        schema::set_meta(&self.conn, "content_hash", &totals.content_hash).at(&self.path)
    }

    /// The sources in the order of their numbers.
    pub fn sources(&self) -> Result<Vec<SourceInfo>, StoreError> {
        let sql = format!("SELECT path, format, content_hash, crs, {} FROM qike_source ORDER BY source", self.about_column());
        let mut statement = self.conn.prepare(&sql).at(&self.path)?;
        let rows = statement.query_map([], |r| Ok(SourceInfo { path: r.get(0)?, format: r.get(1)?, content_hash: r.get(2)?, crs: r.get(3)?, about: read_about(r.get(4)?) }));
        rows.and_then(Iterator::collect).at(&self.path)
    }

    /// The column with what sources say of themselves, which earlier versions do not have.
    pub(crate) fn about_column(&self) -> &'static str {
        if self.version < 4 { "NULL" } else { "about" }
    }

    /// Counts by class, LOD and source.
    pub fn info(&self) -> Result<Info, StoreError> {
        let mut objects = ObjectCounts::default();
        let mut statement = self.conn.prepare("SELECT class, lods, count(*) FROM qike_object GROUP BY class, lods").at(&self.path)?;
        let mut rows = statement.query([]).at(&self.path)?;
        while let Some(row) = rows.next().at(&self.path)? {
            let (class, lods, count): (u8, i64, u64) = (row.get(0).at(&self.path)?, row.get(1).at(&self.path)?, row.get(2).at(&self.path)?);
            objects.total += count;
            if let Some(class) = Class::from_number(class) {
                *objects.by_class.entry(class.name()).or_default() += count;
            }
            for lod in lods_of(lods) {
                *objects.by_lod.entry(lod.to_string()).or_default() += count;
            }
        }
        let bounds = self.bounds()?;
        let there = if self.version < 2 { "" } else { "WHERE removed IS NULL" };
        let mut statement = self.conn.prepare(&format!("SELECT path, format, objects, diagnostics, {} FROM qike_source {there} ORDER BY source", self.about_column())).at(&self.path)?;
        let sources = statement
            .query_map([], |r| Ok(SourceCounts { path: r.get(0)?, format: r.get(1)?, objects: r.get(2)?, diagnostics: r.get(3)?, about: read_about(r.get(4)?) }))
            .and_then(Iterator::collect)
            .at(&self.path)?;
        Ok(Info {
            objects,
            crs: self.crs.definition().to_owned(),
            crs_name: self.crs.name(),
            bounds: (!bounds.is_empty()).then_some([bounds.min[0], bounds.min[1], bounds.min[2], bounds.max[0], bounds.max[1], bounds.max[2]]),
            sources,
            series: self.conn.query_row("SELECT count(*) FROM qike_series", [], |r| r.get(0)).at(&self.path)?,
            content_hash: self.content_hash()?,
        })
    }
}

/// What a source says of itself, as it is stored. Another program may have written something else there: that is a text.
pub(crate) fn read_about(stored: Option<String>) -> Attributes {
    let Some(stored) = stored.filter(|text| !text.is_empty()) else { return Attributes::new() };
    serde_json::from_str(&stored).unwrap_or_else(|_| Attributes::from_iter([("text".to_owned(), stored.into())]))
}

/// The LODs of an object as bits of their codes: codes are below 55.
pub(crate) fn lod_bits(lods: impl IntoIterator<Item = Lod>) -> i64 {
    lods.into_iter().fold(0, |bits, lod| bits | 1i64 << lod.code())
}

/// The LODs of such bits, rising.
pub(crate) fn lods_of(bits: i64) -> impl Iterator<Item = Lod> {
    (0..55).filter(move |code| bits >> code & 1 == 1).filter_map(Lod::from_code)
}

fn check_crs(path: &Path, crs: &Crs) -> Result<(), StoreError> {
    let refuse = |error| StoreError::Crs { path: path.into(), error };
    match crs.kind().map_err(refuse)? {
        CrsKind::Geographic => Err(refuse(CrsError::Unusable {
            definition: crs.definition().into(),
            kind: "system of degrees; a store needs metres".into(),
        })),
        CrsKind::Projected | CrsKind::Local => Ok(()),
    }
}

fn make(draft: &Path, path: &Path, crs: &Crs) -> Result<(), StoreError> {
    let mut conn = Connection::open(draft).at(path)?;
    conn.pragma_update(None, "journal_mode", "WAL").at(path)?;
    let transaction = conn.transaction().at(path)?;
    schema::create(&transaction, crs).at(path)?;
    transaction.commit().at(path)?;
    conn.close().map_err(|(_, e)| StoreError::sql(path, &e))
}

/// Removes a database and what SQLite keeps beside it. What is not there need not be removed.
fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_os_string();
        file.push(ending);
        let _ = std::fs::remove_file(PathBuf::from(file));
    }
}

/// Tells a missing, empty or foreign file before SQLite does, in better words.
fn look_at(path: &Path) -> Result<(), StoreError> {
    let no = |reason: &str| StoreError::NotAStore { path: path.into(), reason: reason.into() };
    let meta = std::fs::metadata(path).map_err(|e| StoreError::io(path, e))?;
    if meta.is_dir() {
        return Err(no("it is a folder"));
    }
    let mut head = [0u8; 16];
    let mut file = File::open(path).map_err(|e| StoreError::io(path, e))?;
    match file.read_exact(&mut head) {
        Ok(()) if &head == b"SQLite format 3\0" => Ok(()),
        Ok(()) => Err(no("it is a file of another kind")),
        Err(_) if meta.len() == 0 => Err(no("the file is empty")),
        Err(_) => Err(no("the file is too short")),
    }
}

/// SQLite's URI of a file that nobody writes.
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri + "?immutable=1"
}
