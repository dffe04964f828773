//! More or fewer travellers of the same demand.

use super::{Demand, Flow, Release, Spacing, Travel};

/// Shares are taken in thousandths, as SUMO's scaling does.
const RESOLUTION: u64 = 1000;
/// Greatest factor.
const MOST: f64 = 1000.0;

/// How often the `n`-th of those who are scaled by a factor travels: without chance, and so that the sum is right after any
/// thousand of them.
fn times(factor: f64, n: u64) -> u64 {
    let whole = factor.floor();
    let part = ((factor - whole) * RESOLUTION as f64).round() as u64;
    whole as u64 + u64::from((n + 1) * part % RESOLUTION < part)
}

impl Demand {
    /// Scales those travels that are meant. Who travels once more has its id with `.1`, `.2` … behind it.
    pub fn scale(&mut self, factor: f64, meant: &dyn Fn(&str, &Travel) -> bool) {
        let factor = if factor.is_finite() { factor.clamp(0.0, MOST) } else { 1.0 };
        let mut n = 0;
        let mut vehicles: Vec<(String, Release, Travel)> = Vec::with_capacity(self.vehicles.len());
        for (id, release, travel) in std::mem::take(&mut self.vehicles) {
            if !meant(&id, &travel) {
                vehicles.push((id, release, travel));
                continue;
            }
            for copy in 0..times(factor, n) {
                let id = if copy == 0 { id.clone() } else { format!("{id}.{copy}") };
                vehicles.push((id, release, travel.clone()));
            }
            n += 1;
        }
        self.vehicles = vehicles;
        for flow in &mut self.flows {
            if meant(&flow.id, &flow.travel) {
                scale_flow(flow, factor);
            }
        }
        self.flows.retain(|flow| !matches!(flow.spacing, Spacing::Number(0)) && flow.number != Some(0));
    }
}

fn scale_flow(flow: &mut Flow, factor: f64) {
    let count = |n: u64| (n as f64 * factor).round() as u64;
    flow.number = flow.number.map(count);
    flow.spacing = match flow.spacing {
        _ if factor <= 0.0 => Spacing::Number(0),
        Spacing::Number(n) => Spacing::Number(count(n)),
        Spacing::Period(ms) => Spacing::Period((ms / factor).max(1.0)),
        Spacing::Poisson(rate) => Spacing::Poisson(rate * factor),
        // More than one a second on average: not one draw a second any more.
        Spacing::Probability(p) if p * factor > 1.0 => Spacing::Poisson(p * factor),
        Spacing::Probability(p) => Spacing::Probability(p * factor),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_right_after_any_thousand() {
        for factor in [0.0, 0.3, 0.5, 0.999, 1.0, 1.25, 2.0, 3.7] {
            let sum: u64 = (0..2000).map(|n| times(factor, n)).sum();
            assert_eq!(sum, (factor * 2000.0f64).round() as u64, "{factor}");
        }
    }
}
