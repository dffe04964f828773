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
}

/// Text that repeats: stored once, referred to by number.
pub(crate) fn repeated() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl Table {
    pub(crate) const ALL: [Table; 5] = [Table::Tracks, Table::Links, Table::Trips, Table::Events, Table::Signals];

    /// Whether every recording has it. One without signals has no table of them, nor have those of before they were recorded.
    pub(crate) const fn is_always_there(self) -> bool {
        !matches!(self, Table::Signals)
    }

    /// The file's name without its ending.
    pub(crate) const fn stem(self) -> &'static str {
        match self {
            Table::Tracks => "tracks",
            Table::Links => "links",
            Table::Trips => "trips",
            Table::Events => "events",
            Table::Signals => "signals",
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
        }))
    }
}
