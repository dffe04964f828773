//! Counts: how many passed where in an interval. Only links are recorded: nobody is followed.

use super::{nothing, Ground, ReplayOptions, ReplayReport, Writing};
use crate::RunError;
use qike_core::{SimTime, StateHasher};
use qike_record::{LinkInterval, Recorder};
use qike_scene::traffic::Count;
use std::collections::BTreeMap;

/// Name of the model of recordings of counts.
pub const MODEL_COUNTS: &str = "replay-counts";

/// What was counted on one lane (or on all of an edge) in one interval: number, seconds a metre times number, and how many detectors did.
type Lane = (f64, f64, u32);

/// Records counts. Detectors of one lane are averaged, lanes of one edge are added up.
///
/// # Errors
/// A disk that is full; no counts.
pub fn replay_counts(counts: &[Count], ground: &Ground, options: &ReplayOptions) -> Result<ReplayReport, RunError> {
    let (Some(begin), Some(end)) = (counts.iter().map(|c| c.from_ms).min(), counts.iter().map(|c| c.until_ms).max()) else {
        return Err(nothing(options, "there are no counts that are about links of the network"));
    };
    let mut intervals: BTreeMap<(i64, i64), BTreeMap<u32, BTreeMap<Option<u32>, Lane>>> = BTreeMap::new();
    for count in counts {
        let lane = intervals.entry((count.from_ms, count.until_ms)).or_default().entry(count.edge).or_default().entry(count.lane).or_default();
        lane.0 += count.vehicles;
        lane.1 += count.speed_mps.map_or(0.0, |v| count.vehicles / v.max(0.1));
        lane.2 += 1;
    }
    let mut writing = Writing::begin(ground, options, MODEL_COUNTS, begin, 0)?;
    writing.info.link_interval_s = intervals.keys().map(|(from, until)| until - from).min().unwrap_or(0) as f64 / 1000.0;
    let mut hash = StateHasher::new();
    for ((from, until), edges) in intervals {
        let mut rows = Vec::with_capacity(edges.len());
        for (edge, lanes) in edges {
            let each = |sum: fn(&Lane) -> f64| lanes.values().map(|lane| sum(lane) / f64::from(lane.2)).sum::<f64>();
            let length = ground.streets.edges.get(edge as usize).map_or(0.0, |e| e.length);
            let (vehicles, pace) = (each(|l| l.0), each(|l| l.1));
            let passed = vehicles.round().clamp(0.0, f64::from(u32::MAX)) as u32;
            for bits in [from as u64, until as u64, u64::from(edge), u64::from(passed)] {
                hash.u64(bits);
            }
            // Without speeds nothing is known of seconds, and then of metres nothing is said either: their ratio is the speed.
            let distance_m = if pace > 0.0 { vehicles * length } else { 0.0 };
            rows.push(LinkInterval { link: edge, entered: passed, left: passed, time_spent_s: pace * length, distance_m, ..LinkInterval::default() });
        }
        writing.writer.links(SimTime(from), SimTime(until), &rows)?;
    }
    let summary = writing.finish(end, hash.finish())?;
    Ok(ReplayReport { out: options.out.clone(), summary, taken: counts.len() as u64, findings: Vec::new() })
}
