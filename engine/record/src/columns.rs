//! The columns of the tables. Names carry units; all times are simulated time in seconds after midnight, as exact
//! milliseconds in `t_ms` where rows are found by time.

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// One of the recording's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Tracks,
    Links,
    Trips,
    Events,
    Signals,
    /// Only in runs with detectors.
    Detectors,
}

/// Text that repeats: stored once, referred to by number.
pub(crate) fn repeated() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl Table {
    pub(crate) const ALL: [Table; 6] = [Table::Tracks, Table::Links, Table::Trips, Table::Events, Table::Signals, Table::Detectors];

    /// Whether every recording has it. One without signals or detectors has no table of them, nor have those of before they were recorded.
    pub(crate) const fn is_always_there(self) -> bool {
        !matches!(self, Table::Signals | Table::Detectors)
    }

    /// The file's name without its ending.
    pub(crate) const fn stem(self) -> &'static str {
        match self {
            Table::Tracks => "tracks",
            Table::Links => "links",
            Table::Trips => "trips",
            Table::Events => "events",
            Table::Signals => "signals",
            Table::Detectors => "detectors",
        }
    }

    pub(crate) fn schema(self) -> SchemaRef {
        use DataType::{Float32, Float64, Int64, UInt16, UInt32, Utf8};
        let is = |name: &str, kind: DataType| Field::new(name, kind, false);
        let maybe = |name: &str, kind: DataType| Field::new(name, kind, true);
        Arc::new(Schema::new(match self {
            Table::Tracks => vec![
                is("t_ms", Int64),
                is("agent", UInt32),
                is("kind", repeated()),
                is("x_m", Float64),
                is("y_m", Float64),
                is("z_m", Float64),
                is("heading_rad", Float32),
                is("speed_mps", Float32),
                maybe("link", repeated()),
            ],
            Table::Links => vec![
                is("begin_ms", Int64),
                is("end_ms", Int64),
                is("link", repeated()),
                is("is_area", DataType::Boolean),
                is("entered", UInt32),
                is("exited", UInt32),
                is("time_spent_s", Float64),
                is("distance_m", Float64),
                is("waiting_s", Float64),
                is("queue_mean", Float64),
                is("queue_max", UInt32),
                maybe("speed_mps", Float64),
                is("flow_per_h", Float64),
            ],
            Table::Trips => vec![
                is("agent", UInt32),
                is("kind", repeated()),
                is("demand", repeated()),
                is("trip", UInt32),
                is("status", repeated()),
                maybe("origin", repeated()),
                maybe("destination", repeated()),
                is("planned_s", Float64),
                maybe("departed_s", Float64),
                maybe("arrived_s", Float64),
                maybe("duration_s", Float64),
                maybe("depart_delay_s", Float64),
                is("route_length_m", Float64),
                is("time_loss_s", Float64),
                is("waiting_s", Float64),
                is("reroutes", UInt16),
                is("teleports", UInt16),
                // As the source calls it; none of those that only have numbers.
                maybe("id", Utf8),
            ],
            Table::Events => vec![
                is("t_ms", Int64),
                is("kind", repeated()),
                maybe("agent", UInt32),
                maybe("link", repeated()),
                maybe("value", Float64),
                is("text", Utf8),
                maybe("state_hash", DataType::UInt64),
            ],
            Table::Signals => vec![
                is("t_ms", Int64),
                is("head", UInt32),
                is("shows", repeated()),
                maybe("link", repeated()),
                is("x_m", Float64),
                is("y_m", Float64),
                is("z_m", Float64),
                is("heading_rad", Float32),
                is("width_m", Float32),
            ],
            Table::Detectors => vec![
                is("begin_ms", Int64),
                is("end_ms", Int64),
                is("detector", repeated()),
                is("kind", repeated()),
                maybe("entered", UInt32),
                maybe("passed", UInt32),
                maybe("flow_per_h", Float64),
                maybe("occupancy_percent", Float64),
                maybe("speed_mps", Float64),
                maybe("harmonic_speed_mps", Float64),
                maybe("length_m", Float64),
                maybe("travel_time_s", Float64),
                maybe("time_loss_s", Float64),
                maybe("halts", Float64),
                maybe("vehicles_mean", Float64),
                maybe("vehicles_max", UInt32),
                maybe("vehicles_within", UInt32),
                maybe("queue_mean_m", Float64),
                maybe("queue_max_m", Float64),
                maybe("queue_max_vehicles", UInt32),
            ],
        }))
    }
}
