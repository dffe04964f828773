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
    /// Desired time gap to the leader in seconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub desired_headway: Option<f64>,
    /// Gap to the leader at standstill in metres.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub minimum_gap: Option<f64>,
    /// Greatest acceleration in m/s².
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub acceleration: Option<f64>,
    /// Comfortable deceleration in m/s².
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub deceleration: Option<f64>,
    /// Mean of the drivers' desired speed over the limit.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub speed_factor: Option<f64>,
    /// Standard deviation of that factor between drivers.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    pub speed_deviation: Option<f64>,
}

/// `[models.walkers]`: the collision-free speed model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalkerModel {
    /// Time step in seconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub step: Option<f64>,
    /// Mean free speed in m/s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub desired_speed: Option<f64>,
    /// Standard deviation of the free speed between people, m/s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_not_negative")]
    pub speed_deviation: Option<f64>,
    /// Body radius in metres.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub radius: Option<f64>,
    /// Time gap to the person ahead in seconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "range::some_above_zero")]
    pub time_gap: Option<f64>,
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
