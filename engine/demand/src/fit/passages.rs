//! Which share of those who depart on a route in a slot of time passes each counted edge in each interval.

use super::Counted;
use qike_core::fast_map::FastMap;

/// A route that may be driven.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// Edges of the map, in order.
    pub edges: Vec<u32>,
    /// Seconds from departure to the end of each edge.
    pub seconds: Vec<f32>,
    /// How many drive it by slot, before anything is fitted; 0 or more.
    pub prior: Vec<f64>,
}

/// A slot of departure times, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// From.
    pub begin_ms: i64,
    /// To.
    pub end_ms: i64,
}

/// Shares by column (a route and a slot: `route * slots + slot`): which of the counts, and how much of the column's traffic.
#[derive(Clone, Debug, Default)]
pub struct Passages {
    /// Where each column begins in `counts` and `shares`.
    starts: Vec<usize>,
    counts: Vec<u32>,
    shares: Vec<f32>,
    /// How many counts there are.
    pub places: usize,
}

impl Passages {
    /// Of candidates; departures of a slot are even over it.
    pub fn new(candidates: &[Candidate], slots: &[Slot], counts: &[Counted]) -> Self {
        let mut by_edge: FastMap<u32, Vec<u32>> = FastMap::default();
        for (n, count) in (0..).zip(counts) {
            by_edge.entry(count.edge).or_default().push(n);
        }
        let mut all = Self { starts: vec![0], places: counts.len(), ..Self::default() };
        for candidate in candidates {
            for slot in slots {
                let length = (slot.end_ms - slot.begin_ms).max(1) as f64;
                for (edge, seconds) in candidate.edges.iter().zip(&candidate.seconds) {
                    let Some(here) = by_edge.get(edge) else { continue };
                    let later = f64::from(*seconds) * 1000.0;
                    for n in here {
                        let count = &counts[*n as usize];
                        let from = (slot.begin_ms as f64 + later).max(count.from_ms as f64);
                        let until = (slot.end_ms as f64 + later).min(count.until_ms as f64);
                        if until > from {
                            all.counts.push(*n);
                            all.shares.push(((until - from) / length) as f32);
                        }
                    }
                }
                all.starts.push(all.counts.len());
            }
        }
        all
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.starts.len() - 1
    }

    /// Counts and shares of a column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[column]..self.starts[column + 1];
        self.counts[range.clone()].iter().zip(&self.shares[range]).map(|(n, share)| (*n as usize, f64::from(*share)))
    }

    /// What passes each count under flows by column.
    pub fn passing(&self, flows: &[f64]) -> Vec<f64> {
        let mut passing = vec![0.0; self.places];
        for (column, flow) in flows.iter().enumerate().filter(|(_, f)| **f > 0.0) {
            for (n, share) in self.column(column) {
                passing[n] += share * flow;
            }
        }
        passing
    }
}
