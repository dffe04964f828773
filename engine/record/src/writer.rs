//! Writes a recording into a run directory, part by part, and closes it with its summary.

use crate::columns::Table;
use crate::recorder::{DetectorInterval, Event, LinkInterval, Places, Recorder, SignalChange, TrackPoint, Trip};
use crate::rows::{self, Happening, Quantum};
use crate::{FILE_SCENARIO, FILE_SUMMARY, RecordError, Summary, parts};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use qike_core::SimTime;
use std::path::{Path, PathBuf};

/// Rows of all tables that are gathered before they become a part.
const ROWS_A_PART: usize = 250_000;

/// What a recording says of itself before the first row.
#[derive(Clone, Debug)]
pub struct Header {
    /// The places that rows refer to.
    pub places: Places,
    /// Names of the demands, in the order of their numbers.
    pub demands: Vec<String>,
    /// Names of detectors, in the order of their numbers.
    pub detectors: Vec<String>,
    /// Coordinates of tracks are rounded to a multiple of this many metres; 0: not at all. A power of two keeps them exact.
    pub position_quantum_m: f64,
    /// After so many link intervals what was recorded is put on disk, so that a run cut off loses no more than that.
    pub intervals_a_part: u32,
    /// The scenario's text.
    pub scenario: String,
}

impl Header {
    /// For places and demands, with coordinates rounded to 1/128 m, and each link interval put on disk when it is over.
    pub fn new(places: Places, demands: Vec<String>, scenario: String) -> Self {
        Self { places, demands, detectors: Vec::new(), position_quantum_m: 1.0 / 128.0, intervals_a_part: 1, scenario }
    }
}

/// A recording being written. Without [`RunWriter::finish`] it stays an unfinished one, readable up to its last part.
pub struct RunWriter {
    dir: PathBuf,
    parts: PathBuf,
    header: Header,
    next_part: u32,
    /// Link intervals since the last part.
    intervals: u32,
    tracks: Vec<(SimTime, TrackPoint)>,
    links: Vec<(SimTime, SimTime, LinkInterval)>,
    trips: Vec<(Trip, Option<Box<str>>)>,
    events: Vec<Happening>,
    signals: Vec<(SimTime, SignalChange)>,
    detectors: Vec<(SimTime, SimTime, DetectorInterval)>,
    last_hash: Option<u64>,
}

impl RunWriter {
    /// Begins a recording in `dir`, which is made where it is missing. An older recording in it is removed.
    ///
    /// # Errors
    /// [`RecordError::Occupied`] where the directory holds files but no recording; [`RecordError::Io`].
    pub fn create(dir: &Path, header: Header) -> Result<Self, RecordError> {
        std::fs::create_dir_all(dir).map_err(RecordError::io(dir))?;
        clear(dir)?;
        let parts = dir.join(parts::DIRECTORY);
        std::fs::create_dir(&parts).map_err(RecordError::io(&parts))?;
        let scenario = dir.join(FILE_SCENARIO);
        std::fs::write(&scenario, &header.scenario).map_err(RecordError::io(&scenario))?;
        Ok(Self {
            dir: dir.to_owned(),
            parts,
            header,
            next_part: 0,
            intervals: 0,
            tracks: Vec::new(),
            links: Vec::new(),
            trips: Vec::new(),
            events: Vec::new(),
            signals: Vec::new(),
            detectors: Vec::new(),
            last_hash: None,
        })
    }

    /// The run directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Adds a demand that came up under way; the numbers of those before stay.
    pub fn add_demand(&mut self, name: String) {
        self.header.demands.push(name);
    }

    /// The last hash that was recorded.
    pub fn last_hash(&self) -> Option<u64> {
        self.last_hash
    }

    fn part(&self, table: Table, batch: Result<RecordBatch, ArrowError>) -> Result<(), RecordError> {
        let path = self.parts.join(format!("{}-{:06}.parquet", table.stem(), self.next_part));
        let batch = batch.map_err(|e| RecordError::parquet(&path)(ParquetError::from(e)))?;
        if batch.num_rows() == 0 { Ok(()) } else { parts::write(table, &path, &batch) }
    }

    /// Puts everything recorded so far on disk.
    ///
    /// # Errors
    /// Disk full, no permission.
    pub fn checkpoint(&mut self) -> Result<(), RecordError> {
        let Header { places, demands, detectors, position_quantum_m, .. } = &self.header;
        self.part(Table::Tracks, rows::tracks(&self.tracks, places, Quantum(*position_quantum_m)))?;
        self.part(Table::Links, rows::links(&self.links, places))?;
        self.part(Table::Trips, rows::trips(&self.trips, places, demands))?;
        self.part(Table::Events, rows::events(&self.events, places))?;
        self.part(Table::Signals, rows::signals(&self.signals, places))?;
        self.part(Table::Detectors, rows::detectors(&self.detectors, detectors))?;
        self.next_part += 1;
        self.intervals = 0;
        self.tracks.clear();
        self.links.clear();
        self.trips.clear();
        self.events.clear();
        self.signals.clear();
        self.detectors.clear();
        Ok(())
    }

    fn checkpoint_when_full(&mut self) -> Result<(), RecordError> {
        let rows = self.tracks.len() + self.links.len() + self.trips.len() + self.events.len() + self.signals.len() + self.detectors.len();
        if rows >= ROWS_A_PART { self.checkpoint() } else { Ok(()) }
    }

    /// A trip of one who has an id of its own in the source.
    ///
    /// # Errors
    /// Disk full, no permission.
    pub fn trip_of(&mut self, trip: &Trip, id: &str) -> Result<(), RecordError> {
        self.trips.push((trip.clone(), Some(id.into())));
        self.checkpoint_when_full()
    }

    /// What a detector measured in an interval.
    ///
    /// # Errors
    /// Disk full, no permission.
    pub fn detector(&mut self, from: SimTime, until: SimTime, row: DetectorInterval) -> Result<(), RecordError> {
        self.detectors.push((from, until, row));
        self.checkpoint_when_full()
    }

    /// Joins the parts into one file a table and writes the summary, last of all.
    ///
    /// # Errors
    /// Disk full, no permission; what was recorded stays readable as an unfinished recording.
    pub fn finish(mut self, summary: &Summary) -> Result<(), RecordError> {
        self.checkpoint()?;
        for table in Table::ALL {
            let parts = parts::list(&self.parts, table)?;
            if table.is_always_there() || !parts.is_empty() {
                parts::merge(table, &parts, &self.dir.join(format!("{}.parquet", table.stem())))?;
            }
        }
        summary.write(&self.dir)?;
        std::fs::remove_dir_all(&self.parts).map_err(RecordError::io(&self.parts))
    }
}

/// Removes the recording in a directory, finished or not; other files stay, and so does the directory.
///
/// # Errors
/// No permission.
pub fn remove(dir: &Path) -> Result<(), RecordError> {
    // The summary goes first: from then on nobody takes the directory for a finished recording.
    let tables = Table::ALL.map(|table| format!("{}.parquet", table.stem()));
    let there = is_recording(dir);
    for name in [FILE_SUMMARY.to_owned(), FILE_SCENARIO.to_owned()].into_iter().chain(tables).filter(|_| there) {
        let path = dir.join(name);
        if path.exists() {
            std::fs::remove_file(&path).map_err(RecordError::io(&path))?;
        }
    }
    let parts = dir.join(parts::DIRECTORY);
    if parts.is_dir() { std::fs::remove_dir_all(&parts).map_err(RecordError::io(&parts)) } else { Ok(()) }
}

/// Removes an older recording; refuses a directory that holds files and no recording. Folders do not count: they are those of
/// seeds, or the tables of the demand.
fn clear(dir: &Path) -> Result<(), RecordError> {
    if is_recording(dir) {
        return remove(dir);
    }
    for entry in std::fs::read_dir(dir).map_err(RecordError::io(dir))? {
        if entry.map_err(RecordError::io(dir))?.path().is_file() {
            return Err(RecordError::Occupied(dir.to_owned()));
        }
    }
    Ok(())
}

/// Whether a directory holds a recording, finished or not.
pub fn is_recording(dir: &Path) -> bool {
    dir.join(FILE_SUMMARY).is_file() || dir.join(parts::DIRECTORY).is_dir()
}

impl Recorder for RunWriter {
    fn tracks(&mut self, time: SimTime, points: &[TrackPoint]) -> Result<(), RecordError> {
        self.tracks.extend(points.iter().map(|point| (time, *point)));
        self.checkpoint_when_full()
    }

    fn links(&mut self, from: SimTime, until: SimTime, rows: &[LinkInterval]) -> Result<(), RecordError> {
        self.links.extend(rows.iter().map(|row| (from, until, *row)));
        self.intervals += 1;
        if self.intervals >= self.header.intervals_a_part { self.checkpoint() } else { self.checkpoint_when_full() }
    }

    fn trip(&mut self, trip: &Trip) -> Result<(), RecordError> {
        self.trips.push((trip.clone(), None));
        self.checkpoint_when_full()
    }

    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        self.events.push(Happening::Event(event.clone()));
        self.checkpoint_when_full()
    }

    fn signals(&mut self, time: SimTime, changes: &[SignalChange]) -> Result<(), RecordError> {
        self.signals.extend(changes.iter().map(|change| (time, *change)));
        self.checkpoint_when_full()
    }

    fn hash(&mut self, time: SimTime, hash: u64) -> Result<(), RecordError> {
        self.last_hash = Some(hash);
        self.events.push(Happening::Hash(time, hash));
        self.checkpoint_when_full()
    }
}
