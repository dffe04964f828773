//! Whole vehicles of flows.

use super::{Counted, Passages};

/// Passes over all columns; few are needed, for each step brings the model nearer to the counts.
const PASSES: usize = 20;

/// Rounds flows by column. Along the columns in `order` (similar ones beside each other), fractions are carried on, so that sums over
/// neighbours stay right; then single vehicles are added or taken while the sum over counts of (model − count)² / count falls, but no flow
/// leaves its own value by more than one vehicle, and those that pass no count stay.
pub fn round(passages: &Passages, counts: &[Counted], flows: &[f64], order: &[usize]) -> Vec<u64> {
    let mut whole = vec![0_u64; flows.len()];
    let (mut sum, mut given) = (0.5, 0_u64);
    for column in order {
        sum += flows[*column];
        let number = (sum.floor() as u64).saturating_sub(given);
        whole[*column] = number;
        given += number;
    }
    let as_flows: Vec<f64> = whole.iter().map(|n| *n as f64).collect();
    let mut off: Vec<f64> = passages.passing(&as_flows).iter().zip(counts).map(|(m, c)| m - c.vehicles).collect();
    let weights: Vec<f64> = counts.iter().map(|c| 1.0 / c.vehicles.max(1.0)).collect();
    for _ in 0..PASSES {
        let mut moved = false;
        for column in order {
            let gain = |step: f64| passages.column(*column).map(|(n, share)| weights[n] * (share * step) * (2.0 * off[n] + share * step)).sum::<f64>();
            let value = whole[*column] as f64;
            let step = [1.0, -1.0].into_iter().find(|step| value + step >= 0.0 && (value + step - flows[*column]).abs() < 1.0 && gain(*step) < -1e-9);
            if let Some(step) = step {
                passages.column(*column).for_each(|(n, share)| off[n] += share * step);
                whole[*column] = (value + step) as u64;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    whole
}
