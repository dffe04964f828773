//! `summary.json`: the key figures of a run. It is written last, so a directory without it holds an unfinished run.

use crate::RecordError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How many vehicles got how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleCounts {
    /// Trips that were due.
    pub loaded: u64,
    /// Trips that began.
    pub inserted: u64,
    /// Trips that ended.
    pub arrived: u64,
    /// Trips on their way at the end.
    pub running: u64,
    /// Times that a stuck vehicle was moved on.
    pub teleported: u64,
    /// Trips that were given up before they began: no way, or no room in time.
    #[serde(default)]
    pub discarded: u64,
}

/// How many people on foot got how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalkerCounts {
    /// Trips that were due.
    pub loaded: u64,
    /// Trips that ended.
    pub arrived: u64,
    /// Trips on their way at the end.
    pub running: u64,
    /// Mean seconds from departure to arrival of those that arrived; null where none did.
    pub mean_duration_s: Option<f64>,
}

/// What was run: tells whether two recordings can be compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The scenario's name.
    pub scenario: String,
    /// Its title in English.
    #[serde(default)]
    pub title_en: String,
    /// Its title in Chinese.
    #[serde(default)]
    pub title_zh: String,
    /// Path of the store, relative to the run directory where it can be.
    #[serde(default)]
    pub store: String,
    /// Hash of the store's content.
    #[serde(default)]
    pub store_hash: String,
    /// CRS of all coordinates.
    #[serde(default)]
    pub crs: String,
    /// Seconds after midnight at which the run starts.
    #[serde(default)]
    pub start_s: f64,
    /// Hash of the ids of all links and areas: equal for runs on the same network.
    #[serde(default)]
    pub network_hash: String,
    /// Seconds of a link interval.
    #[serde(default)]
    pub link_interval_s: f64,
    /// Seconds between key frames; 0: no tracks.
    #[serde(default)]
    pub track_interval_s: f64,
    /// Seconds after midnight at which a run that goes on from a checkpoint took it up: the recording begins there, and the summary's
    /// figures are of the whole run; none: it began itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_from_s: Option<f64>,
}

/// The key figures of a run. Means are null where there is nothing to take a mean of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The models, joined by `+`: `idm-lanes+walkers`.
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// Threads used; no result depends on them.
    pub threads: u32,
    /// Length of the run in simulated seconds.
    pub sim_seconds: f64,
    /// Seconds on the wall clock that the simulation took.
    pub wall_s: f64,
    /// Processor seconds of all threads during that.
    pub cpu_s: f64,
    /// Vehicles moved, summed over all steps.
    pub vehicle_updates: u64,
    /// Vehicles.
    pub vehicles: VehicleCounts,
    /// Mean seconds from departure to arrival of vehicles that arrived.
    pub mean_duration_s: Option<f64>,
    /// Mean seconds that those lost against free travel.
    pub mean_time_loss_s: Option<f64>,
    /// Mean seconds that those stood.
    pub mean_waiting_s: Option<f64>,
    /// Mean seconds between wish and departure of all vehicles that left.
    pub mean_depart_delay_s: Option<f64>,
    /// Mean metres of the vehicles that arrived.
    pub mean_route_length_m: Option<f64>,
    /// Metres of those over the seconds they took.
    pub mean_speed_mps: Option<f64>,
    /// People on foot.
    pub walkers: WalkerCounts,
    /// Hash of the last state, 16 hex digits.
    pub state_hash: String,
    /// What was run.
    pub run: RunInfo,
}

impl Summary {
    /// Reads `summary.json` in a run directory; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is no summary.
    pub fn read(dir: &Path) -> Result<Option<Summary>, RecordError> {
        let path = dir.join(crate::FILE_SUMMARY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(RecordError::io(&path)(e)),
        };
        serde_json::from_str(&text).map(Some).map_err(|e| RecordError::content(&path, e.to_string()))
    }

    /// Writes `summary.json`, whole or not at all.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), RecordError> {
        let path = dir.join(crate::FILE_SUMMARY);
        let text = serde_json::to_string_pretty(self).map_err(|e| RecordError::content(&path, e.to_string()))?;
        let temporary = dir.join("summary.json.tmp");
        std::fs::write(&temporary, text + "\n").map_err(RecordError::io(&temporary))?;
        std::fs::rename(&temporary, &path).map_err(RecordError::io(&path))
    }
}
