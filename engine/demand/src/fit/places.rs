//! Counts of edges by interval, of counts of lanes and edges as files state them.

use qike_core::Diagnostic;
use qike_scene::traffic::{Count, RoadMap};
use std::collections::{BTreeMap, BTreeSet};

/// Edges that a finding names.
const NAMED: usize = 5;

/// How many passed an edge in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// The edge.
    pub edge: u32,
    /// From, ms.
    pub from_ms: i64,
    /// To, ms.
    pub until_ms: i64,
    /// Vehicles.
    pub vehicles: f64,
}

impl Counted {
    /// Length of the interval, h.
    pub fn hours(&self) -> f64 {
        (self.until_ms - self.from_ms) as f64 / 3_600_000.0
    }
}

/// Counts of whole edges in `[begin, end)`, by interval, then by edge. Counts of lanes are added up where all lanes on which cars may drive
/// have one; others are left out, and told. Where an edge was counted twice in an interval, the mean is taken.
pub fn gather(counts: &[Count], map: &RoadMap, span: (i64, i64)) -> (Vec<Counted>, Vec<Diagnostic>) {
    #[derive(Default)]
    struct Here {
        whole: Vec<f64>,
        lanes: BTreeMap<u32, Vec<f64>>,
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut places: BTreeMap<(i64, i64, u32), Here> = BTreeMap::new();
    for count in counts.iter().filter(|c| c.from_ms >= span.0 && c.until_ms <= span.1 && c.from_ms < c.until_ms) {
        let here = places.entry((count.from_ms, count.until_ms, count.edge)).or_default();
        match count.lane {
            Some(lane) => here.lanes.entry(lane).or_default().push(count.vehicles),
            None => here.whole.push(count.vehicles),
        }
    }
    let (mut all, mut partly, mut twice) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for ((from_ms, until_ms, edge), here) in places {
        let driven = map.edges.get(edge as usize).map(|e| e.lanes.clone()).unwrap_or_default();
        let driven = driven.filter(|l| map.lanes.get(*l as usize).is_some_and(|l| l.allowed.contains(qike_scene::traffic::RoadUsers::PASSENGER)));
        if here.whole.is_empty() && driven.into_iter().any(|lane| !here.lanes.contains_key(&lane)) {
            partly.insert(edge);
            continue;
        }
        if here.whole.len() > 1 || here.whole.is_empty() && here.lanes.values().any(|l| l.len() > 1) {
            twice.insert(edge);
        }
        let vehicles = if here.whole.is_empty() { here.lanes.values().map(|l| mean(l)).sum() } else { mean(&here.whole) };
        all.push(Counted { edge, from_ms, until_ms, vehicles });
    }
    let names = |edges: &BTreeSet<u32>| {
        let names = edges.iter().take(NAMED).filter_map(|e| map.edges.get(*e as usize)).map(|e| format!("'{}'", e.id)).collect::<Vec<_>>().join(", ");
        if edges.len() > NAMED { format!("{names}, …") } else { names }
    };
    let mut findings = Vec::new();
    if !partly.is_empty() {
        let fault = Diagnostic::error("lanes-not-counted", format!("{} edges have counts of some of their lanes only and are left out: {}", partly.len(), names(&partly)));
        findings.push(fault.help("give counts of all lanes, or of the edge as a whole"));
    }
    if !twice.is_empty() {
        findings.push(Diagnostic::warning("counted-twice", format!("{} edges have more than one count of the same interval, of which the mean is taken: {}", twice.len(), names(&twice))));
    }
    (all, findings)
}
