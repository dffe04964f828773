//! Expectation maximisation: each flow is multiplied by the mean of count over model along its way.

use super::{Counted, Passages};
use qike_core::{Cancelled, Feedback};

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// After so many iterations.
    pub iterations: u32,
    /// When no count's flow changes by more than this share of the count.
    pub change: f64,
}

impl Default for Goal {
    fn default() -> Self {
        Self { iterations: 2000, change: 1e-4 }
    }
}

/// Flows at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Solution {
    /// By column.
    pub flows: Vec<f64>,
    /// By count: what passes.
    pub passing: Vec<f64>,
    /// Iterations that were done.
    pub iterations: u32,
    /// Poisson likelihood of the counts, its logarithm without what does not depend on flows, before the first iteration and after each.
    pub likelihood: Vec<f64>,
}

/// Logarithm of the counts' likelihood, up to a constant; counts that no route can reach are left out.
fn likelihood(counts: &[Counted], passing: &[f64]) -> f64 {
    counts.iter().zip(passing).filter(|(_, m)| **m > 0.0).map(|(c, m)| c.vehicles * m.ln() - m).sum()
}

/// Finds the flows under which counts are most likely, from a prior by column.
///
/// # Errors
/// Where the user stops it.
pub fn maximise(passages: &Passages, counts: &[Counted], prior: &[f64], goal: &Goal, feedback: &Feedback) -> Result<Solution, Cancelled> {
    let task = feedback.task("fit to counts", u64::from(goal.iterations));
    let sums: Vec<f64> = (0..passages.columns()).map(|column| passages.column(column).map(|(_, share)| share).sum()).collect();
    let mut flows = prior.to_vec();
    let mut passing = passages.passing(&flows);
    let mut solution = Solution { likelihood: vec![likelihood(counts, &passing)], ..Solution::default() };
    let mut ratios = vec![0.0; counts.len()];
    for _ in 0..goal.iterations {
        feedback.check()?;
        task.advance(1);
        for ((ratio, count), model) in ratios.iter_mut().zip(counts).zip(&passing) {
            *ratio = if *model > 0.0 { count.vehicles / model } else { 1.0 };
        }
        for (column, flow) in flows.iter_mut().enumerate().filter(|(_, f)| **f > 0.0) {
            if sums[column] > 0.0 {
                let mean = passages.column(column).map(|(n, share)| share * ratios[n]).sum::<f64>() / sums[column];
                *flow *= mean;
            }
        }
        let now = passages.passing(&flows);
        let change = now.iter().zip(&passing).zip(counts).map(|((a, b), c)| (a - b).abs() / c.vehicles.max(1.0)).fold(0.0, f64::max);
        passing = now;
        solution.iterations += 1;
        solution.likelihood.push(likelihood(counts, &passing));
        if change < goal.change {
            break;
        }
    }
    solution.flows = flows;
    solution.passing = passing;
    Ok(solution)
}
