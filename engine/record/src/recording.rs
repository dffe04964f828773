//! Reads a recording: by time for replay, as whole tables for key figures.

use crate::cells::Cells;
use crate::columns::Table;
use crate::recorder::{AgentKind, SignalLamp, TripStatus};
use crate::{FILE_SCENARIO, RecordError, Summary, parts};
use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::statistics::Statistics;
use qike_core::SimTime;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows of tracks that lie together in a file, and the times they span.
#[derive(Clone, Debug)]
struct TrackGroup {
    file: usize,
    group: usize,
    first: SimTime,
    last: SimTime,
}

/// An opened recording. Only what is asked for is read.
#[derive(Clone, Debug)]
pub struct Recording {
    dir: PathBuf,
    files: [Vec<PathBuf>; Table::ALL.len()],
    track_groups: Vec<TrackGroup>,
    summary: Option<Summary>,
}

/// One row of `trips.parquet`. Places and demands are texts here, so that runs of different networks can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct TripRow {
    /// The agent's number.
    pub agent: u32,
    /// What it is.
    pub kind: AgentKind,
    /// Name of its demand.
    pub demand: String,
    /// Number within its demand.
    pub trip: u32,
    /// How it ended.
    pub status: TripStatus,
    /// Place where it begins.
    pub origin: Option<String>,
    /// Place where it is to end.
    pub destination: Option<String>,
    /// When it wanted to leave.
    pub planned_s: f64,
    /// When it left.
    pub departed_s: Option<f64>,
    /// When it arrived.
    pub arrived_s: Option<f64>,
    /// Seconds from departure to arrival.
    pub duration_s: Option<f64>,
    /// Seconds between wish and departure.
    pub depart_delay_s: Option<f64>,
    /// Metres travelled.
    pub route_length_m: f64,
    /// Seconds lost against free travel.
    pub time_loss_s: f64,
    /// Seconds at a stand.
    pub waiting_s: f64,
    /// How often it took another route.
    pub reroutes: u16,
    /// How often it was moved on.
    pub teleports: u16,
}

/// One row of `links.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRow {
    /// Begin of the interval.
    pub begin: SimTime,
    /// End of the interval.
    pub end: SimTime,
    /// The link, or the walkable area.
    pub link: String,
    /// Whether it is a walkable area.
    pub is_area: bool,
    /// Agents that came in.
    pub entered: u32,
    /// Agents that went out.
    pub left: u32,
    /// Agent-seconds.
    pub time_spent_s: f64,
    /// Agent-metres.
    pub distance_m: f64,
    /// Agent-seconds at a stand.
    pub waiting_s: f64,
    /// Mean number that waits.
    pub queue_mean: f64,
    /// Greatest number that waited.
    pub queue_max: u32,
}

/// One row of `events.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// When.
    pub time: SimTime,
    /// What kind.
    pub kind: String,
    /// Whom.
    pub agent: Option<u32>,
    /// Where.
    pub link: Option<String>,
    /// A number that goes with it.
    pub value: Option<f64>,
    /// The rest, for people.
    pub text: String,
    /// The hash, for the kind `state_hash`.
    pub state_hash: Option<u64>,
}

/// One row of `signals.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalRow {
    /// From then on.
    pub time: SimTime,
    /// The signal head's number.
    pub head: u32,
    /// What it shows.
    pub shows: SignalLamp,
    /// Link of those it concerns.
    pub link: Option<String>,
    /// Middle of its part of the stop line, city coordinates, metres.
    pub position: [f64; 3],
    /// Sense of those it concerns, radians, counter-clockwise from east.
    pub heading: f32,
    /// Length of its part of the stop line, metres.
    pub width_m: f32,
}

impl Recording {
    /// Opens a run directory, finished or not.
    ///
    /// # Errors
    /// [`RecordError::NoRecording`]; a file that is missing, cut off or not Parquet.
    pub fn open(dir: &Path) -> Result<Recording, RecordError> {
        let summary = Summary::read(dir)?;
        let unfinished = dir.join(parts::DIRECTORY);
        let mut files: [Vec<PathBuf>; Table::ALL.len()] = Default::default();
        for (table, files) in Table::ALL.into_iter().zip(&mut files) {
            *files = if summary.is_some() {
                let file = dir.join(format!("{}.parquet", table.stem()));
                if table.is_always_there() || file.exists() { vec![file] } else { Vec::new() }
            } else if unfinished.is_dir() {
                parts::list(&unfinished, table)?
            } else {
                return Err(RecordError::NoRecording(dir.to_owned()));
            };
        }
        let mut recording = Recording { dir: dir.to_owned(), files, track_groups: Vec::new(), summary };
        recording.track_groups = recording.index_tracks()?;
        Ok(recording)
    }

    /// The run directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The key figures; `None` for an unfinished run.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// False for a run that was cut off (or still goes on): what it recorded up to its last part can be read.
    pub fn is_finished(&self) -> bool {
        self.summary.is_some()
    }

    /// The scenario's text, as it was run.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn scenario(&self) -> Result<String, RecordError> {
        let path = self.dir.join(FILE_SCENARIO);
        std::fs::read_to_string(&path).map_err(RecordError::io(&path))
    }

    /// Times of the first and the last key frame.
    pub fn track_span(&self) -> Option<(SimTime, SimTime)> {
        let first = self.track_groups.iter().map(|g| g.first).min()?;
        let last = self.track_groups.iter().map(|g| g.last).max()?;
        Some((first, last))
    }

    pub(crate) fn files(&self, table: Table) -> &[PathBuf] {
        &self.files[table as usize]
    }

    /// Row groups of tracks that touch [t0, t1], as (file, row groups), in order.
    pub(crate) fn track_groups(&self, t0: SimTime, t1: SimTime) -> Vec<(&Path, Vec<usize>)> {
        let mut out: Vec<(&Path, Vec<usize>)> = Vec::new();
        for group in self.track_groups.iter().filter(|g| g.first <= t1 && g.last >= t0) {
            let path = self.files(Table::Tracks)[group.file].as_path();
            match out.last_mut().filter(|(last, _)| *last == path) {
                Some((_, groups)) => groups.push(group.group),
                None => out.push((path, vec![group.group])),
            }
        }
        out
    }

    fn index_tracks(&self) -> Result<Vec<TrackGroup>, RecordError> {
        let mut groups = Vec::new();
        for (file, path) in self.files(Table::Tracks).iter().enumerate() {
            let source = File::open(path).map_err(RecordError::io(path))?;
            let metadata = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new()).map_err(RecordError::parquet(path))?;
            let times = metadata.schema().index_of("t_ms").map_err(|_| RecordError::content(path, "the column 't_ms' is missing"))?;
            for (group, about) in metadata.metadata().row_groups().iter().enumerate() {
                // Files of other writers may lack the statistics: their groups are then always looked into.
                let (first, last) = match about.columns().get(times).and_then(|c| c.statistics()) {
                    Some(Statistics::Int64(s)) => (s.min_opt().copied(), s.max_opt().copied()),
                    _ => (None, None),
                };
                let (first, last) = (SimTime(first.unwrap_or(i64::MIN)), SimTime(last.unwrap_or(i64::MAX)));
                groups.push(TrackGroup { file, group, first, last });
            }
        }
        Ok(groups)
    }

    fn table<T>(&self, table: Table, read: impl Fn(&Cells, &mut Vec<T>) -> Result<(), RecordError>) -> Result<Vec<T>, RecordError> {
        let mut rows = Vec::new();
        for path in self.files(table) {
            batches(path, None, None, |batch| read(&Cells { path, batch }, &mut rows))?;
        }
        Ok(rows)
    }

    /// All trips, in the order they were recorded.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn trips(&self) -> Result<Vec<TripRow>, RecordError> {
        self.table(Table::Trips, |cells, rows| {
            let (agent, trip) = (cells.whole::<u32>("agent")?, cells.whole::<u32>("trip")?);
            let (kind, status) = (cells.words("kind", AgentKind::parse)?, cells.words("status", TripStatus::parse)?);
            let (demand, origin, destination) = (cells.texts("demand")?, cells.texts("origin")?, cells.texts("destination")?);
            let planned = cells.f64("planned_s")?;
            let (departed, arrived) = (cells.maybe_f64("departed_s")?, cells.maybe_f64("arrived_s")?);
            let (duration, delay) = (cells.maybe_f64("duration_s")?, cells.maybe_f64("depart_delay_s")?);
            let (length, loss, waiting) = (cells.f64("route_length_m")?, cells.f64("time_loss_s")?, cells.f64("waiting_s")?);
            let (reroutes, teleports) = (cells.whole::<u16>("reroutes")?, cells.whole::<u16>("teleports")?);
            rows.extend((0..agent.len()).map(|r| TripRow {
                agent: agent[r],
                kind: kind[r],
                demand: demand.get(r).unwrap_or_default().to_owned(),
                trip: trip[r],
                status: status[r],
                origin: origin.get(r).map(str::to_owned),
                destination: destination.get(r).map(str::to_owned),
                planned_s: planned[r],
                departed_s: departed[r],
                arrived_s: arrived[r],
                duration_s: duration[r],
                depart_delay_s: delay[r],
                route_length_m: length[r],
                time_loss_s: loss[r],
                waiting_s: waiting[r],
                reroutes: reroutes[r],
                teleports: teleports[r],
            }));
            Ok(())
        })
    }

    /// All link intervals, by time.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn links(&self) -> Result<Vec<LinkRow>, RecordError> {
        self.table(Table::Links, |cells, rows| {
            let (begin, end) = (cells.whole::<i64>("begin_ms")?, cells.whole::<i64>("end_ms")?);
            let link = cells.texts("link")?;
            let area = cells.flags("is_area")?;
            let (entered, left, queue) = (cells.whole::<u32>("entered")?, cells.whole::<u32>("exited")?, cells.whole::<u32>("queue_max")?);
            let (time, distance) = (cells.f64("time_spent_s")?, cells.f64("distance_m")?);
            let (waiting, mean) = (cells.f64("waiting_s")?, cells.f64("queue_mean")?);
            rows.extend((0..begin.len()).map(|r| LinkRow {
                begin: SimTime(begin[r]),
                end: SimTime(end[r]),
                link: link.get(r).unwrap_or_default().to_owned(),
                is_area: area[r],
                entered: entered[r],
                left: left[r],
                time_spent_s: time[r],
                distance_m: distance[r],
                waiting_s: waiting[r],
                queue_mean: mean[r],
                queue_max: queue[r],
            }));
            Ok(())
        })
    }

    /// All events and state hashes, by time.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn events(&self) -> Result<Vec<EventRow>, RecordError> {
        self.table(Table::Events, |cells, rows| {
            let (time, agent) = (cells.whole::<i64>("t_ms")?, cells.maybe_whole::<u32>("agent")?);
            let (kind, link, text) = (cells.texts("kind")?, cells.texts("link")?, cells.texts("text")?);
            let (value, hash) = (cells.maybe_f64("value")?, cells.maybe_whole::<u64>("state_hash")?);
            rows.extend((0..time.len()).map(|r| EventRow {
                time: SimTime(time[r]),
                kind: kind.get(r).unwrap_or_default().to_owned(),
                agent: agent[r],
                link: link.get(r).map(str::to_owned),
                value: value[r],
                text: text.get(r).unwrap_or_default().to_owned(),
                state_hash: hash[r],
            }));
            Ok(())
        })
    }

    /// All changes of signal heads, by time; none where the recording has no signals.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn signals(&self) -> Result<Vec<SignalRow>, RecordError> {
        self.table(Table::Signals, |cells, rows| {
            let (time, head) = (cells.whole::<i64>("t_ms")?, cells.whole::<u32>("head")?);
            let (shows, link) = (cells.words("shows", SignalLamp::parse)?, cells.texts("link")?);
            let (x, y, z) = (cells.f64("x_m")?, cells.f64("y_m")?, cells.f64("z_m")?);
            let (heading, width) = (cells.f64("heading_rad")?, cells.f64("width_m")?);
            rows.extend((0..time.len()).map(|r| SignalRow {
                time: SimTime(time[r]),
                head: head[r],
                shows: shows[r],
                link: link.get(r).map(str::to_owned),
                position: [x[r], y[r], z[r]],
                heading: heading[r] as f32,
                width_m: width[r] as f32,
            }));
            Ok(())
        })
    }
}

/// Hands all batches of a file to `take`; of some row groups only, or of some columns only.
pub(crate) fn batches(
    path: &Path,
    groups: Option<Vec<usize>>,
    columns: Option<&[&str]>,
    mut take: impl FnMut(&RecordBatch) -> Result<(), RecordError>,
) -> Result<(), RecordError> {
    let source = File::open(path).map_err(RecordError::io(path))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(RecordError::parquet(path))?.with_batch_size(1 << 16);
    if let Some(groups) = groups {
        builder = builder.with_row_groups(groups);
    }
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    for batch in builder.build().map_err(RecordError::parquet(path))? {
        take(&batch.map_err(|e| RecordError::parquet(path)(e.into()))?)?;
    }
    Ok(())
}
