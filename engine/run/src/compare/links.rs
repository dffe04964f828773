//! The links that changed most between two runs.

use super::figures::Seed;
use serde::Serialize;
use std::collections::BTreeMap;

/// The GEH statistic of two hourly flows (Geoffrey E. Havers): √(2 (a − b)² / (a + b)). Below 5, planners take two flows for
/// alike.
pub fn geh(a_per_h: f64, b_per_h: f64) -> f64 {
    let sum = a_per_h + b_per_h;
    if sum > 0.0 { (2.0 * (a_per_h - b_per_h).powi(2) / sum).sqrt() } else { 0.0 }
}

/// How a link changed; means over all seeds and the whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkChange {
    /// The link or area.
    pub link: String,
    /// Agents an hour, base.
    pub flow_base_per_h: f64,
    /// Agents an hour, this run.
    pub flow_per_h: f64,
    /// GEH of the two.
    pub geh: f64,
    /// Space-mean speed, base; null where nobody was there.
    pub speed_base_mps: Option<f64>,
    /// Space-mean speed, this run.
    pub speed_mps: Option<f64>,
    /// Mean number that stood, base.
    pub queue_base: f64,
    /// Mean number that stood, this run.
    pub queue: f64,
    /// Greatest queue, base.
    pub queue_max_base: u32,
    /// Greatest queue, this run.
    pub queue_max: u32,
}

/// What counts as a notable change of each: GEH 5, 2 m/s, 3 agents in the queue. The rank is the greatest multiple of those.
impl LinkChange {
    fn weight(&self) -> f64 {
        let speed = self.speed_base_mps.zip(self.speed_mps).map_or(0.0, |(a, b)| (a - b).abs());
        (self.geh / 5.0).max(speed / 2.0).max((self.queue - self.queue_base).abs() / 3.0)
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    left: f64,
    time_s: f64,
    distance_m: f64,
    waiting_s: f64,
    queue_max: u32,
}

/// Sums by link over all seeds, and the seconds they are over.
fn sums(seeds: &[Seed], areas: bool) -> (BTreeMap<&str, Sums>, f64) {
    let mut links: BTreeMap<&str, Sums> = BTreeMap::new();
    for row in seeds.iter().flat_map(|seed| &seed.links).filter(|row| row.is_area == areas) {
        let sums = links.entry(&row.link).or_default();
        sums.left += f64::from(row.left);
        sums.time_s += row.time_spent_s;
        sums.distance_m += row.distance_m;
        sums.waiting_s += row.waiting_s;
        sums.queue_max = sums.queue_max.max(row.queue_max);
    }
    (links, seeds.iter().map(|seed| seed.seconds).sum())
}

/// The ten links (or walkable areas) that changed most, the greatest change first; equal ones by id.
pub(super) fn most_changed(base: &[Seed], run: &[Seed], areas: bool) -> Vec<LinkChange> {
    let ((before, before_s), (after, after_s)) = (sums(base, areas), sums(run, areas));
    let mut ids: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let over = |value: f64, seconds: f64| if seconds > 0.0 { value / seconds } else { 0.0 };
    let speed = |sums: &Sums| (sums.time_s > 0.0).then(|| sums.distance_m / sums.time_s);
    let mut changes: Vec<LinkChange> = ids
        .into_iter()
        .map(|id| {
            let (a, b) = (before.get(id).copied().unwrap_or_default(), after.get(id).copied().unwrap_or_default());
            let (fa, fb) = (over(a.left * 3600.0, before_s), over(b.left * 3600.0, after_s));
            LinkChange {
                link: id.to_owned(),
                flow_base_per_h: fa,
                flow_per_h: fb,
                geh: geh(fa, fb),
                speed_base_mps: speed(&a),
                speed_mps: speed(&b),
                queue_base: over(a.waiting_s, before_s),
                queue: over(b.waiting_s, after_s),
                queue_max_base: a.queue_max,
                queue_max: b.queue_max,
            }
        })
        .filter(|change| change.weight() > 0.0)
        .collect();
    changes.sort_by(|a, b| b.weight().total_cmp(&a.weight()).then_with(|| a.link.cmp(&b.link)));
    changes.truncate(10);
    changes
}
