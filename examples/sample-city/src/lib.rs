//! Sample cities written as the ordinary files that cities have: OSM, CityJSON, IFC, GeoJSON, GTFS, CSV.
//!
//! The generator knows nothing of Qike's scene and its importers: what it writes goes through them like anybody's data. It is
//! deterministic: the same name, seed and size give the same bytes. Everything is laid out in metres on a plane about the
//! city's centre; a [`place`] turns that into EPSG:4549 and into longitude and latitude as a file is written.

mod build;
mod data;
mod files;
mod geo;
mod lingang;
mod metropolis;
mod out;
mod place;
mod plan;
mod rng;
mod station;
mod tmerc;

use qike_core::{Cancelled, Feedback};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The cities that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleName {
    /// The demo: a city around a round lake by the sea.
    Lingang,
    /// A city of any size, for tests of scale.
    Metropolis,
}

impl SampleName {
    /// All names, as the command line knows them.
    pub const ALL: [(&'static str, SampleName); 2] = [("lingang", SampleName::Lingang), ("metropolis", SampleName::Metropolis)];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            SampleName::Lingang => "lingang",
            SampleName::Metropolis => "metropolis",
        }
    }
}

impl FromStr for SampleName {
    type Err = SampleError;

    fn from_str(s: &str) -> Result<Self, SampleError> {
        let found = SampleName::ALL.iter().find(|(n, _)| *n == s);
        found.map(|(_, name)| *name).ok_or_else(|| SampleError::UnknownName { name: s.into() })
    }
}

/// What may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many buildings; `None`: as many as the plan holds (lingang), 10,000 (metropolis).
    pub buildings: Option<u32>,
    /// Another seed gives another city on the same plan.
    pub seed: u64,
    /// Of metropolis: how many buildings in a hundred have a LOD2; the others are LOD1 blocks.
    pub lod2_percent: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { buildings: None, seed: 1, lod2_percent: 100 }
    }
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The city's name.
    pub name: String,
    /// Files (relative to the folder, sorted) and their sizes in bytes.
    pub files: Vec<(String, u64)>,
    /// How many there are of what ("buildings", "street_lamps", …).
    pub counts: BTreeMap<String, u64>,
}

/// Why a city could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// There is no such sample.
    #[error("there is no sample city \"{name}\"; there are lingang and metropolis")]
    UnknownName {
        /// What was asked for.
        name: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The plan of this city has room for fewer buildings.
    #[error("{asked} buildings were asked for, but the plan of lingang holds {holds}; metropolis grows to any size")]
    TooMany {
        /// Buildings asked for.
        asked: u32,
        /// Buildings that fit.
        holds: u32,
    },
    /// No buildings were asked for.
    #[error("a city needs at least one building")]
    NoBuildings,
    /// The user stopped the work.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Writes the sample city `name` below `dir` (made if need be): `sources/`, `demand/` and scenario files.
///
/// # Errors
/// When a file cannot be written, when more buildings are asked for than the plan holds, and when the user cancels.
pub fn write(name: SampleName, dir: &Path, options: &Options, feedback: &Feedback) -> Result<Report, SampleError> {
    if options.buildings == Some(0) {
        return Err(SampleError::NoBuildings);
    }
    match name {
        SampleName::Lingang => lingang::write(dir, options, feedback),
        SampleName::Metropolis => metropolis::write(dir, options, feedback),
    }
}
