//! Recordings of runs and of measurements: tracks, link intervals, trips, events, signals and state hashes, in columns.
//!
//! A recording is a directory: `summary.json`, `trips.parquet`, `links.parquet`, `tracks.parquet`, `events.parquet`, `signals.parquet`
//! and `detectors.parquet` (where there are any) and the scenario. DuckDB, pandas and Polars read the files without Qike. Nothing here knows a model or a network: a recording of
//! measured positions is written through the same [`Recorder`] and replayed by the same [`Recording`].

mod cells;
mod columns;
mod error;
mod parts;
pub mod recorder;
mod recording;
mod replay;
mod rows;
mod summary;
mod writer;

pub use error::RecordError;
pub use recorder::{AgentKind, DetectorInterval, DetectorKind, Event, LinkInterval, MemoryRecorder, NOWHERE, Places, Recorder, SignalChange, SignalLamp, TrackPoint, Trip, TripStatus};
pub use recording::{EventRow, LinkRow, Recording, SignalRow, TripRow};
pub use replay::{KeyFrame, Tracks};
pub use summary::{RunInfo, Summary, VehicleCounts, WalkerCounts};
pub use writer::{Header, RunWriter, is_recording, remove};

/// Name of the summary in a run directory.
pub const FILE_SUMMARY: &str = "summary.json";
/// Name of the scenario in a run directory.
pub const FILE_SCENARIO: &str = "scenario.toml";
