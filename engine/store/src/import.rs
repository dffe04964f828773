//! Imports: one transaction, in which each source is compared with what is there, object by object.
//!
//! Nothing is written for an object whose content is as it was, so importing the same sources again leaves the file as it
//! is, byte for byte. Dropping the transaction, a full disk, or the end of the process leave the store as it was.

use crate::encode::{Encoded, encode, encode_series};
use crate::error::{At, StoreError};
use crate::report::{ImportReport, SourceChanges};
use crate::store::SceneStore;
use crate::when::When;
use crate::writer::{Outcome, Writer};
use qike_core::fast_map::FastSet;
use qike_core::{Bounds3, Crs, Diagnostic, Feedback};
use qike_scene::diff::about_changes;
use qike_scene::{Attributes, CityObject, Image, ImageId, ObjectId, ObjectSink, Series, SinkError, SourceId, SourceInfo, Written};
use rayon::prelude::*;
use rusqlite::{OptionalExtension, params};
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// Objects that are encoded together, and written in the order of their places.
const BATCH: usize = 4096;
/// Batches that are encoded while another is written or read.
const AHEAD: usize = 2;
/// Vertices after which a batch ends early: IFC models have few objects with many. Long lists count too.
const BATCH_VERTICES: usize = 1 << 20;
/// Bytes of written attributes that count as one item of a list.
const WRITTEN: usize = 48;
/// Diagnostics of a source that the store keeps; all are counted and reported.
const KEPT_DIAGNOSTICS: usize = 10_000;

/// A running import into a store.
pub struct ImportTransaction<'s> {
    writer: Writer<'s>,
    feedback: Feedback,
    batch: Vec<(CityObject, Option<Written>)>,
    batch_vertices: usize,
    encoding: VecDeque<Receiver<std::thread::Result<Batch>>>,
    current: Option<Current>,
    report: ImportReport,
    part: Option<(crate::writer::Mark, ImportReport)>,
    open: bool,
}

/// Objects ready to be written, or why one cannot be.
type Batch = Vec<Result<Encoded, Box<Diagnostic>>>;

/// What an import does to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// What it was; `None` where it was not there.
    pub before: Option<CityObject>,
    /// What it is; `None` where it is removed.
    pub after: Option<CityObject>,
}

/// The source whose objects are coming.
struct Current {
    number: u32,
    info: SourceInfo,
    known_before: bool,
    /// Of each id that came, a hash that no two ids share: a tenth of the memory of the ids.
    seen: FastSet<u128>,
    seen_series: BTreeSet<(String, String, String)>,
    seen_images: BTreeSet<ImageId>,
    objects: u64,
    changes: SourceChanges,
}

impl SceneStore {
    /// Begins an import. One at a time: [`StoreError::Busy`] while another process has one running.
    pub fn import(&mut self, feedback: &Feedback) -> Result<ImportTransaction<'_>, StoreError> {
        self.import_at(When::now(), feedback)
    }

    /// As [`SceneStore::import`], for sources that hold as of another moment than now.
    pub fn import_at(&mut self, when: When, feedback: &Feedback) -> Result<ImportTransaction<'_>, StoreError> {
        let writer = Writer::begin(self, when)?;
        Ok(ImportTransaction {
            writer,
            feedback: feedback.clone(),
            batch: Vec::new(),
            batch_vertices: 0,
            encoding: VecDeque::new(),
            current: None,
            report: ImportReport::default(),
            part: None,
            open: true,
        })
    }
}

impl ImportTransaction<'_> {
    /// Begins a part that can be dropped alone, with [`ImportTransaction::drop_part`]: one for each source that a user named.
    pub fn begin_part(&mut self) -> Result<(), StoreError> {
        self.keep_part()?;
        self.part = Some((self.writer.savepoint()?, self.report.clone()));
        Ok(())
    }

    /// Keeps what came since [`ImportTransaction::begin_part`].
    pub fn keep_part(&mut self) -> Result<(), StoreError> {
        self.finish_source()?;
        if self.part.take().is_some() {
            self.writer.release()?;
        }
        Ok(())
    }

    /// Forgets what came since [`ImportTransaction::begin_part`].
    pub fn drop_part(&mut self) -> Result<(), StoreError> {
        self.batch.clear();
        self.batch_vertices = 0;
        self.encoding.clear();
        self.current = None;
        if let Some((mark, report)) = self.part.take() {
            self.report = report;
            self.writer.roll_back_to(mark)?;
        }
        Ok(())
    }

    /// Ends the import and makes it visible to all readers at once.
    pub fn commit(mut self) -> Result<ImportReport, StoreError> {
        self.keep_part()?;
        self.report.changed = self.writer.is_dirty();
        self.report.content_hash = self.writer.commit("import", &self.report)?;
        self.open = false;
        Ok(std::mem::take(&mut self.report))
    }

    /// Ends the import without keeping anything, and says what it would have changed.
    pub fn dry_run(mut self) -> Result<ImportReport, StoreError> {
        self.keep_part()?;
        self.report.changed = self.writer.is_dirty();
        self.report.content_hash = self.writer.content_hash()?;
        Ok(std::mem::take(&mut self.report))
    }

    /// What each object that this import adds to, changes in or removes from a source known before was and is, by id; the
    /// first `most` of them. Gives how many there are in all. Objects of a source that is new are not listed: all are added.
    pub fn changes(&mut self, most: usize, give: &mut dyn FnMut(Step)) -> Result<u64, StoreError> {
        self.keep_part()?;
        let (store, number) = (&*self.writer.store, self.writer.number());
        let path = &store.path;
        let all = store.conn.query_row("SELECT count(*) FROM qike_change WHERE import = ?1", [number], |r| r.get(0)).at(path)?;
        let mut statement = store.conn.prepare("SELECT object FROM qike_change WHERE import = ?1 ORDER BY object LIMIT ?2").at(path)?;
        let mut rows = statement.query(params![number, most as i64]).at(path)?;
        while let Some(row) = rows.next().at(path)? {
            let id: String = row.get(0).at(path)?;
            let (before, after) = (store.before(&id, number)?, store.object(&id)?);
            give(Step { id, before, after });
        }
        Ok(all)
    }

    fn path(&self) -> &Path {
        &self.writer.store.path
    }

    /// Has the batch encoded by other threads, and writes what they have done meanwhile.
    fn send_batch(&mut self) -> Result<(), StoreError> {
        self.feedback.check()?;
        let batch = std::mem::take(&mut self.batch);
        self.batch_vertices = 0;
        let (sender, receiver) = channel();
        let srs = self.writer.store.srs;
        rayon::spawn(move || {
            let work = || {
                let mut encoded: Batch = batch.into_par_iter().map(|(object, written)| encode(object, written, srs)).collect();
                sort_by_place(&mut encoded);
                encoded
            };
            // Nobody waits for a batch of a source that was given up.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        });
        self.encoding.push_back(receiver);
        while self.encoding.len() > AHEAD {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Encodes and writes all objects that came.
    fn flush(&mut self) -> Result<(), StoreError> {
        self.send_batch()?;
        while !self.encoding.is_empty() {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Writes the oldest batch in the order of places, so that neighbours lie together in the file.
    fn write_batch(&mut self) -> Result<(), StoreError> {
        let Some(receiver) = self.encoding.pop_front() else { return Ok(()) };
        let encoded = wait(&receiver).unwrap_or_else(|panic| resume_unwind(panic));
        let Some(current) = &mut self.current else { return Ok(()) };
        if self.writer.is_filling() {
            let mut batch = Vec::with_capacity(encoded.len());
            for outcome in encoded {
                match outcome {
                    Ok(object) => batch.push(object),
                    Err(problem) => current.changes.diagnostics.push(problem.file(current.info.path.as_str())),
                }
            }
            self.writer.fill(current.number, &batch)?;
            current.changes.added += batch.len() as u64;
            current.objects += batch.len() as u64;
            if current.known_before {
                batch.iter().try_for_each(|object| self.writer.log_change(&object.object.id, "added"))?;
            }
            return Ok(());
        }
        for outcome in encoded {
            let object = match outcome {
                Ok(object) => object,
                Err(problem) => {
                    current.changes.diagnostics.push(problem.file(current.info.path.as_str()));
                    continue;
                }
            };
            let id = object.object.id.clone();
            let (kind, count) = match self.writer.put(current.number, object)? {
                Outcome::Added => ("added", &mut current.changes.added),
                Outcome::Changed => ("changed", &mut current.changes.changed),
                Outcome::Unchanged => ("", &mut current.changes.unchanged),
                Outcome::OwnedBy(other) => {
                    let message = format!("the id '{id}' is already used by an object from '{other}'; the later object is left out");
                    let diagnostic = Diagnostic::error("duplicate-id", message).object(id.as_str()).file(current.info.path.as_str());
                    current.changes.diagnostics.push(diagnostic);
                    continue;
                }
            };
            *count += 1;
            current.objects += 1;
            // The first import of a source adds everything: only later ones are worth a list.
            if current.known_before && !kind.is_empty() {
                self.writer.log_change(&id, kind)?;
            }
        }
        Ok(())
    }

    /// Removes what the source no longer holds, and brings its row and its diagnostics up to date.
    fn finish_source(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let Some(mut current) = self.current.take() else { return Ok(()) };
        self.writer.flush_indexes()?;
        let number = current.number;
        if current.known_before {
            for (oid, id) in self.writer.objects_of(number)? {
                if !current.seen.contains(&fingerprint(&id)) {
                    self.writer.remove(oid)?;
                    self.writer.log_change(&ObjectId::new(&id), "removed")?;
                    current.changes.removed += 1;
                }
            }
            for key in self.writer.series_of(number)? {
                if !current.seen_series.contains(&key) {
                    self.writer.remove_series(number, &key)?;
                }
            }
        }
        self.writer.set_images(number, &current.seen_images)?;
        current.changes.diagnostics.sort_by(|a, b| (&a.object, &a.code, &a.message).cmp(&(&b.object, &b.code, &b.message)));
        let kept = &current.changes.diagnostics[..current.changes.diagnostics.len().min(KEPT_DIAGNOSTICS)];
        self.writer.set_diagnostics(number, kept)?;
        if current.known_before {
            current.changes.about = about_changes(&self.writer.about(number)?, &current.info.about);
        }
        let counts = [current.objects, current.seen_series.len() as u64, current.changes.diagnostics.len() as u64];
        self.writer.set_source(number, &current.info, counts)?;
        current.changes.path = current.info.path;
        current.changes.format = current.info.format;
        current.changes.source = number;
        current.changes.source_hash = current.info.content_hash;
        current.changes.objects = current.objects;
        self.report.sources.push(current.changes);
        Ok(())
    }

    fn begin_source(&mut self, info: SourceInfo) -> Result<SourceId, StoreError> {
        self.finish_source()?;
        self.writer.look_for_objects()?;
        let (number, known_before) = self.writer.source_number(&info)?;
        if known_before {
            self.writer.check_order(number)?;
        }
        let current = Current {
            number,
            info,
            known_before,
            seen: FastSet::default(),
            seen_series: BTreeSet::new(),
            seen_images: BTreeSet::new(),
            objects: 0,
            changes: SourceChanges::default(),
        };
        self.current = Some(current);
        Ok(SourceId(number))
    }

    /// Puts an object into the batch, and sends that on where it is full.
    fn take(&mut self, object: CityObject, written: Option<Written>) -> Result<(), SinkError> {
        let Some(current) = &mut self.current else {
            return Err(SinkError::Store(format!("object '{}' came before its source", object.id)));
        };
        if !current.seen.insert(fingerprint(object.id.as_str())) {
            let message = format!("the id '{}' came before in this source; the later object is left out", object.id);
            let diagnostic = Diagnostic::error("duplicate-id", message).object(object.id.as_str()).file(current.info.path.as_str());
            current.changes.diagnostics.push(diagnostic);
            return Ok(());
        }
        self.batch_vertices += weight(&object, written.as_ref());
        self.batch.push((object, written));
        if self.batch.len() >= BATCH || self.batch_vertices >= BATCH_VERTICES {
            self.send_batch().map_err(refuse)?;
        }
        Ok(())
    }

    fn put_series(&mut self, series: Series) -> Result<(), StoreError> {
        let path = self.path().to_path_buf();
        let Some(current) = &mut self.current else { return Ok(()) };
        let key = (series.object.as_str().to_owned(), series.quantity.clone(), series.date.clone());
        if !current.seen_series.insert(key.clone()) {
            let message = format!("the series '{}' of '{}' from {} came before; the later one is left out", key.1, key.0, key.2);
            current.changes.diagnostics.push(Diagnostic::error("duplicate-series", message).object(key.0).file(current.info.path.as_str()));
            return Ok(());
        }
        let data = encode_series(&series);
        let conn = &self.writer.store.conn;
        let same: Option<bool> = conn
            .prepare_cached("SELECT data = ?5 AND unit = ?6 FROM qike_series WHERE object = ?1 AND quantity = ?2 AND date = ?3 AND source = ?4")
            .and_then(|mut s| s.query_row(params![key.0, key.1, key.2, current.number, data, series.unit], |r| r.get(0)).optional())
            .at(&path)?;
        if same == Some(true) {
            return Ok(());
        }
        conn.prepare_cached("INSERT OR REPLACE INTO qike_series (source, object, quantity, unit, date, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .and_then(|mut s| s.execute(params![current.number, key.0, key.1, series.unit, key.2, data]))
            .at(&path)?;
        self.writer.touch();
        Ok(())
    }
}

impl ObjectSink for ImportTransaction<'_> {
    fn crs(&self) -> &Crs {
        &self.writer.store.crs
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        self.begin_source(info).map_err(refuse)
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        self.take(object, None)
    }

    fn written(&mut self, object: CityObject, attributes: Written) -> Result<(), SinkError> {
        self.take(object, Some(attributes))
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        self.put_series(series).map_err(refuse)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        let Some(current) = &mut self.current else {
            return Err(SinkError::Store(format!("picture '{}' came before its source", image.name)));
        };
        if current.seen_images.insert(image.id) {
            self.writer.put_image(&image).map_err(refuse)?;
        }
        Ok(())
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        if let Some(current) = &mut self.current {
            current.info.about = about;
        }
        Ok(())
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        match &mut self.current {
            Some(current) => current.changes.diagnostics.push(diagnostic),
            None => self.report.diagnostics.push(diagnostic),
        }
    }
}

impl Drop for ImportTransaction<'_> {
    fn drop(&mut self) {
        if self.open {
            self.writer.roll_back();
        }
    }
}

/// About how much memory an object takes, in vertices: a member of a list (relations of OSM have thousands) takes that of two.
fn weight(object: &CityObject, written: Option<&Written>) -> usize {
    let listed = written.map_or(0, |written| written.size() / WRITTEN) + object.attributes.values().filter_map(|value| value.as_array()).map(Vec::len).sum::<usize>();
    object.geometries.iter().map(|g| g.vertices.len()).sum::<usize>() + 2 * listed
}

fn refuse(error: StoreError) -> SinkError {
    match error {
        StoreError::Cancelled(cancelled) => SinkError::Cancelled(cancelled),
        other => SinkError::Store(other.to_string()),
    }
}

/// A batch that another thread encodes. A thread of the pool itself encodes meanwhile, or all of them might wait.
fn wait(receiver: &Receiver<std::thread::Result<Batch>>) -> std::thread::Result<Batch> {
    loop {
        match receiver.try_recv() {
            Ok(done) => return done,
            Err(TryRecvError::Empty) if rayon::yield_now().is_some() => {}
            Err(_) => return receiver.recv().unwrap_or_else(|lost| Err(Box::new(lost))),
        }
    }
}

/// 128 bits of BLAKE3.
fn fingerprint(id: &str) -> u128 {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(short)
}

/// Along a Z curve through the batch; what has no place comes first. Stable, so equal input gives equal files.
fn sort_by_place(batch: &mut Batch) {
    let mut all = Bounds3::EMPTY;
    batch.iter().flatten().for_each(|e| all.merge(&e.bounds));
    let size = all.size();
    let cell = |value: f64, axis: usize| {
        let share = if size[axis] > 0.0 { (value - all.min[axis]) / size[axis] } else { 0.0 };
        (share * 65_535.0) as u64 & 0xffff
    };
    let spread = |mut v: u64| {
        v = (v | v << 8) & 0x00ff_00ff;
        v = (v | v << 4) & 0x0f0f_0f0f;
        v = (v | v << 2) & 0x3333_3333;
        (v | v << 1) & 0x5555_5555
    };
    batch.sort_by_cached_key(|outcome| match outcome {
        Ok(e) if !e.bounds.is_empty() => {
            let centre = e.bounds.centre();
            1 + (spread(cell(centre[0], 0)) | spread(cell(centre[1], 1)) << 1)
        }
        _ => 0,
    });
}
