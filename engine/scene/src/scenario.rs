//! Scenario files: what is run, on which base, with which changes, demand, models, seeds and outputs.
//!
//! One small TOML file says it all, and it is the only what-if mechanism: the viewer writes one, an analyst writes one, CI
//! runs one. Every key is known: an unknown one is an error that names the nearest valid key.
//!
//! ```toml
//! version = 1
//! name = "holiday"                                   # short, [a-z0-9-]; names the run
//! title = { en = "National Day at the lake", zh = "国庆滴水湖" }
//! seeds = [1, 2, 3]                                  # or: seed = 1 (default 1)
//!
//! [base]
//! store = "city.gpkg"                                # relative to this file
//! content_hash = "9f2c…"                             # optional; another hash is a warning of the run
//!
//! [time]
//! date = "2026-10-03"                                # optional; which GTFS service and which series count
//! start = "09:00"                                    # HH:MM[:SS], or seconds
//! duration = "01:00"
//!
//! [zones]                                            # optional names for sets of objects, usable in OD tables
//! lakeside = ["osm:way/11", "osm:way/12"]
//!
//! [[demand]]                                         # cars; CSV: from,to,start,end,trips
//! name = "visitors-by-car"
//! kind = "vehicle_od"
//! file = "demand/cars.csv"                           # relative to this file and inside its folder
//! vehicle = "car"                                    # car (default) | truck | bus
//! scale = 1.0
//!
//! [[demand]]                                         # people on foot; the same CSV
//! name = "strollers"
//! kind = "walk_od"
//! file = "demand/walks.csv"
//!
//! [[demand]]                                         # people leaving trains for places
//! name = "line-16"
//! kind = "trains"
//! platforms = ["platform-1-id"]                      # where the train doors open: rooms, storeys or squares
//! every = "00:05"
//! first = "09:02"
//! last = "10:00"                                     # optional; default: the end of the run
//! passengers = 400                                   # leaving each train
//! alighting = 30.0                                   # seconds over which they leave it (default 30)
//! to = [{ object = "beach-id", share = 0.7 }, { object = "plaza-id", share = 0.3 }]
//!
//! [[demand]]                                         # buses by their timetable
//! name = "buses"
//! kind = "transit"
//! lines = []                                         # ids of TransitLine objects; empty: all
//!
//! [models.vehicles]                                  # all keys optional; the models own the defaults
//! step = 0.5
//! speed_deviation = 0.08                             # between drivers, of desired speed over the limit
//! patience = 8.0                                     # s before one no longer gives way to those who stand themselves
//! teleport_after = 300.0                             # s before a stuck vehicle is moved on; 0: never
//! [models.walkers]
//! step = 0.1
//! [models.hybrid]                                    # of traffic scenarios only: lane by lane there, queues elsewhere
//! inside = "centre.geojson"                          # or corners in the network's coordinates: "x,y x,y x,y"
//! [models.rerouting]
//! share = 0.3                                        # of drivers who look for a better way …
//! period = 120.0                                     # … every so many seconds
//!
//! [[edits]]                                          # see `crate::edit`
//! object = "osm:way/2003"
//! property = "closed"
//! old = false
//! new = true
//!
//! [output]
//! tracks = 1.0                                       # seconds between key frames; 0: none
//! links = 300.0                                      # seconds of a link interval
//! ```
//!
//! A what-if on a traffic scenario of SUMO has its configuration as base (`[base] store = "run.sumocfg"`), no demand, zones or time
//! of its own, and edits whose `object` is the id of an edge or a lane, whose `signal` is that of a light, and whose `demand` is a kind
//! of vehicle, a flow, a vehicle, `FROM>TO`, or `all`. `[models.rerouting]` says how many drivers know of jams and closures.
//!
//! An OD table's `from` and `to` are names of `[zones]` or ids of objects (an area, a building or a point; what lies at it is
//! where trips begin and end); `start` and `end` are times like the above, and `trips` of them leave evenly in between.
//!
//! `extends = "holiday.toml"` builds a what-if on another scenario: its `[[edits]]` are added after the other's, a `[[demand]]`
//! with a name that the other has replaces it, others are added, zones are added or replaced by name, and each of the tables
//! `[base]`, `[time]`, `[models.…]`, `[output]` and the seeds, where given, replaces the other's as a whole:
//!
//! ```toml
//! version = 1
//! name = "holiday-bridge-closed"
//! title = { en = "The bridge is closed", zh = "大桥封闭" }
//! extends = "holiday.toml"
//! [[edits]]
//! object = "osm:way/2003"
//! property = "closed"
//! old = false
//! new = true
//! ```

use crate::{Edit, ObjectId};
use qike_core::SimTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) mod clock;
mod demand;
mod error;
mod file;
mod models;
mod range;

pub use demand::{Demand, DemandKind, Destination, VehicleKind};
pub use error::{ScenarioError, nearest};
pub use file::{ScenarioFile, confined};
pub use models::{HybridModel, Models, Rerouting, VehicleModel, WalkerModel};

/// The version of the format that this code writes and reads.
pub const VERSION: u32 = 1;

/// A text in English and, where there is one, in Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
    /// 中文.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zh: String,
}

/// The city that a scenario is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Path of the store, relative to the scenario file; or of a traffic scenario of SUMO (`X.sumocfg`).
    pub store: String,
    /// Hash of the store's content when the scenario was written. Another one makes the run warn, not fail: the `old` values
    /// of the edits say whether what matters is still the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// Of a traffic scenario: the checkpoint of a run of it from which this one goes on, relative to the scenario file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Base {
    /// It is a traffic scenario of SUMO.
    pub fn is_traffic(&self) -> bool {
        std::path::Path::new(&self.store).extension().is_some_and(|e| e.eq_ignore_ascii_case("sumocfg"))
    }
}

/// When the run takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Local date, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "range::date")]
    pub date: Option<String>,
    /// Time of day at which the run starts.
    #[serde(with = "clock")]
    pub start: SimTime,
    /// How long it lasts.
    #[serde(with = "clock::span")]
    pub duration: SimTime,
}

impl Time {
    /// As long as the base says: traffic scenarios have their own time.
    pub(crate) const OF_BASE: Self = Self { date: None, start: SimTime::ZERO, duration: SimTime::MAX };

    /// The first instant after the run.
    pub fn end(&self) -> SimTime {
        self.start + self.duration
    }
}

/// What is recorded how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// Seconds between key frames of the tracks; 0: no tracks.
    #[serde(deserialize_with = "range::not_negative")]
    pub tracks: f64,
    /// Seconds of a link interval.
    #[serde(deserialize_with = "range::above_zero")]
    pub links: f64,
}

impl Default for Output {
    fn default() -> Self {
        Self { tracks: 1.0, links: 300.0 }
    }
}

/// A complete scenario: what [`ScenarioFile::resolve`] makes of a file and of those it extends.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Short name, `[a-z0-9-]`.
    pub name: String,
    /// What people call it.
    pub title: Title,
    /// One run each; empty only where a traffic scenario's own seed counts.
    pub seeds: Vec<u64>,
    /// The city.
    pub base: Base,
    /// When.
    pub time: Time,
    /// Named sets of objects.
    pub zones: BTreeMap<String, Vec<ObjectId>>,
    /// Who travels; names are unique.
    pub demand: Vec<Demand>,
    /// Parameters of the models.
    pub models: Models,
    /// What is changed, in order.
    pub edits: Vec<Edit>,
    /// What is recorded.
    pub output: Output,
}

impl Scenario {
    /// Reads a file that extends no other. For one that may, see [`ScenarioFile`].
    ///
    /// # Errors
    /// With line and column: no TOML, an unknown or missing key, a value out of its range.
    pub fn parse(text: &str, file: &str) -> Result<Scenario, ScenarioError> {
        ScenarioFile::parse(text, file)?.resolve(None)
    }

    /// The scenario as a file that extends no other; [`Scenario::parse`] reads it back to an equal scenario.
    pub fn to_toml(&self) -> String {
        ScenarioFile::from(self.clone()).to_toml()
    }

    /// The time, where the file states one; else a traffic scenario's own counts.
    pub fn time_given(&self) -> Option<&Time> {
        Some(&self.time).filter(|time| **time != Time::OF_BASE)
    }

    /// The demand of a name.
    pub fn demand(&self, name: &str) -> Option<&Demand> {
        self.demand.iter().find(|d| d.name == name)
    }
}

#[cfg(test)]
mod tests;
