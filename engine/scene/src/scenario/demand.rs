//! Who travels: `[[demand]]` tables.

use super::{clock, range};
use crate::ObjectId;
use qike_core::SimTime;
use serde::{Deserialize, Serialize};

/// One source of trips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Demand {
    /// Unique in the scenario; edits and key figures refer to it.
    pub name: String,
    /// Factor on the counts (a fraction of a trip is drawn by chance, from the seed).
    pub scale: f64,
    /// What kind, with its parameters.
    pub kind: DemandKind,
}

/// The kinds of demand and their parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum DemandKind {
    /// Vehicles between zones, from an OD table.
    VehicleOd {
        /// The CSV, relative to the scenario file and inside its folder.
        file: String,
        /// Which vehicles.
        vehicle: VehicleKind,
    },
    /// People on foot between zones, from an OD table.
    WalkOd {
        /// The CSV, relative to the scenario file and inside its folder.
        file: String,
    },
    /// People leaving trains.
    Trains {
        /// Where doors open; trains take them in turn.
        platforms: Vec<ObjectId>,
        /// Time between trains.
        every: SimTime,
        /// The first train.
        first: SimTime,
        /// No train after this; `None`: to the end of the run.
        last: Option<SimTime>,
        /// People leaving each train.
        passengers: f64,
        /// Seconds over which they leave it.
        alighting: f64,
        /// Where they go.
        to: Vec<Destination>,
    },
    /// Public transport by its timetable.
    Transit {
        /// TransitLine objects; empty: all.
        lines: Vec<ObjectId>,
    },
}

/// A place people go to, and how many of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// An area, a building, a stop; or a name of `[zones]`.
    pub object: ObjectId,
    /// Relative to the other destinations' shares.
    #[serde(deserialize_with = "range::above_zero")]
    pub share: f64,
}

/// What drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VehicleKind {
    /// A passenger car.
    #[default]
    Car,
    /// A lorry.
    Truck,
    /// A bus or coach.
    Bus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    VehicleOd,
    WalkOd,
    Trains,
    Transit,
}

/// The table as it stands in the file; which keys belong together is decided by `kind`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    kind: Kind,
    #[serde(default = "one", deserialize_with = "range::not_negative")]
    scale: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vehicle: Option<VehicleKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platforms: Option<Vec<ObjectId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "clock::option")]
    every: Option<SimTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "clock::option")]
    first: Option<SimTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "clock::option")]
    last: Option<SimTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    passengers: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    alighting: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Vec<Destination>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<ObjectId>>,
}

fn one() -> f64 {
    1.0
}

impl Table {
    fn empty(name: String, scale: f64, kind: Kind) -> Self {
        Table {
            name,
            kind,
            scale,
            file: None,
            vehicle: None,
            platforms: None,
            every: None,
            first: None,
            last: None,
            passengers: None,
            alighting: None,
            to: None,
            lines: None,
        }
    }

    /// The keys that are there and belong to one kind only.
    fn given(&self) -> Vec<&'static str> {
        let all = [
            ("file", self.file.is_some()),
            ("vehicle", self.vehicle.is_some()),
            ("platforms", self.platforms.is_some()),
            ("every", self.every.is_some()),
            ("first", self.first.is_some()),
            ("last", self.last.is_some()),
            ("passengers", self.passengers.is_some()),
            ("alighting", self.alighting.is_some()),
            ("to", self.to.is_some()),
            ("lines", self.lines.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::VehicleOd => "vehicle_od",
            Kind::WalkOd => "walk_od",
            Kind::Trains => "trains",
            Kind::Transit => "transit",
        }
    }

    /// The keys it needs, and those it may have.
    const fn keys(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Kind::VehicleOd => (&["file"], &["vehicle"]),
            Kind::WalkOd => (&["file"], &[]),
            Kind::Trains => (&["platforms", "every", "first", "passengers", "to"], &["last", "alighting"]),
            Kind::Transit => (&[], &["lines"]),
        }
    }
}

impl TryFrom<Table> for Demand {
    type Error = String;

    fn try_from(table: Table) -> Result<Demand, String> {
        let kind = table.kind.name();
        let about = |text: String| format!("demand '{}': {text}", table.name);
        if table.name.trim().is_empty() {
            return Err("a demand needs a name".into());
        }
        let (needed, allowed) = table.kind.keys();
        let given = table.given();
        if let Some(key) = given.iter().find(|key| !needed.contains(key) && !allowed.contains(key)) {
            return Err(about(format!("the kind '{kind}' has no key '{key}'")));
        }
        let missing = |key: &str| about(format!("the kind '{kind}' needs the key '{key}'"));
        if let Some(key) = needed.iter().find(|key| !given.contains(key)) {
            return Err(missing(key));
        }
        let file = || table.file.clone().ok_or_else(|| missing("file"));
        let kind = match table.kind {
            Kind::VehicleOd => DemandKind::VehicleOd { file: file()?, vehicle: table.vehicle.unwrap_or_default() },
            Kind::WalkOd => DemandKind::WalkOd { file: file()? },
            Kind::Transit => DemandKind::Transit { lines: table.lines.clone().unwrap_or_default() },
            Kind::Trains => {
                let platforms = table.platforms.clone().filter(|list| !list.is_empty());
                let to = table.to.clone().filter(|list| !list.is_empty());
                let every = table.every.filter(|every| *every > SimTime::ZERO);
                DemandKind::Trains {
                    platforms: platforms.ok_or_else(|| about("'platforms' is empty".into()))?,
                    every: every.ok_or_else(|| about("'every' must be longer than 0".into()))?,
                    first: table.first.ok_or_else(|| missing("first"))?,
                    last: table.last,
                    passengers: table.passengers.ok_or_else(|| missing("passengers"))?,
                    alighting: table.alighting.unwrap_or(30.0),
                    to: to.ok_or_else(|| about("'to' is empty".into()))?,
                }
            }
        };
        if let DemandKind::VehicleOd { file, .. } | DemandKind::WalkOd { file } = &kind {
            super::confined(file).map_err(about)?;
        }
        Ok(Demand { name: table.name, scale: table.scale, kind })
    }
}

impl From<Demand> for Table {
    fn from(demand: Demand) -> Table {
        let table = |kind| Table::empty(demand.name.clone(), demand.scale, kind);
        match demand.kind {
            DemandKind::VehicleOd { file, vehicle } => {
                Table { file: Some(file), vehicle: Some(vehicle), ..table(Kind::VehicleOd) }
            }
            DemandKind::WalkOd { file } => Table { file: Some(file), ..table(Kind::WalkOd) },
            DemandKind::Transit { lines } => Table { lines: Some(lines), ..table(Kind::Transit) },
            DemandKind::Trains { platforms, every, first, last, passengers, alighting, to } => Table {
                platforms: Some(platforms),
                every: Some(every),
                first: Some(first),
                last,
                passengers: Some(passengers),
                alighting: Some(alighting),
                to: Some(to),
                ..table(Kind::Trains)
            },
        }
    }
}
