//! How long edges take, as it was measured or as a run gave it.

/// Travel times of edges by period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeTimes {
    /// From, to (ms), and seconds by edge of the map (not a number where nothing is known): rising, none overlaps another.
    pub periods: Vec<(i64, i64, Vec<f32>)>,
}
