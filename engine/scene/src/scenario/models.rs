//! Parameters of the mobility models. Every key is optional: a model owns its defaults, a scenario says what differs.

use super::range;
use serde::{Deserialize, Serialize};

/// `[models]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Models {
    /// Vehicles on lanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicles: Option<VehicleModel>,
    /// People on foot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walkers: Option<WalkerModel>,
    /// Vehicles lane by lane within an area, as queues elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hybrid: Option<HybridModel>,
    /// Who looks for a better way during the trip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerouting: Option<Rerouting>,
}

/// `[models.vehicles]`: the intelligent driver model on lanes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VehicleModel {
    /// Time step in seconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub step: Option<f64>,
    /// Standard deviation between drivers of the desired speed over the limit (its mean is 1).
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    pub speed_deviation: Option<f64>,
    /// Seconds at a junction after which a driver no longer gives way to vehicles that stand themselves.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    pub patience: Option<f64>,
    /// Seconds at a stand after which a stuck vehicle is moved on along its route; 0: never.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    pub teleport_after: Option<f64>,
}

/// `[models.walkers]`: the collision-free speed model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalkerModel {
    /// Time step in seconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub step: Option<f64>,
}

/// `[models.rerouting]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rerouting {
    /// Share of drivers who look for a better way during their trip, 0…1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_share")]
    pub share: Option<f64>,
    /// Seconds between two looks.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub period: Option<f64>,
}

/// `[models.hybrid]`, for traffic scenarios: lane by lane at the junctions within an area and on the streets that end there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HybridModel {
    /// Corners in the network's coordinates (`x,y x,y x,y`), or a file of GeoJSON or well-known text, relative to the scenario's and
    /// inside its folder.
    pub inside: String,
}
