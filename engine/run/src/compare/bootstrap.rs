//! Percentile bootstrap of a mean. The draws are a function of the values alone: the same recordings give the same interval.

use qike_core::CounterRng;
use serde::Serialize;

/// The 95 % interval of a difference, and its middle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// 2.5 % of the draws lie below.
    pub low: f64,
    /// The mean difference of what was drawn from.
    pub mean: f64,
    /// 2.5 % of the draws lie above.
    pub high: f64,
    /// How many values (pairs, seeds) were drawn from.
    pub of: usize,
}

impl Interval {
    /// True when zero lies outside.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Draws enough for steady percentiles, fewer for very many values, whose mean hardly varies between draws.
fn draws(values: usize) -> u64 {
    (20_000_000 / values.max(1)).clamp(400, 4000) as u64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of as many values drawn with replacement.
fn redraw(values: &[f64], rng: &mut CounterRng) -> f64 {
    let n = values.len() as u64;
    (0..n).map(|_| values[rng.below(n) as usize]).sum::<f64>() / n as f64
}

fn percentiles(mut means: Vec<f64>, centre: f64, of: usize) -> Interval {
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    Interval { low: at(0.025), mean: centre, high: at(0.975), of }
}

/// The interval of the mean; `None` for fewer than two values.
pub(super) fn of_mean(values: &[f64]) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let means = (0..draws(values.len())).map(|draw| redraw(values, &mut CounterRng::new(95, draw, 0))).collect();
    Some(percentiles(means, mean(values), values.len()))
}

/// The interval of mean(b) − mean(a), drawn from each by itself; `None` where one has fewer than two values.
pub(super) fn of_difference(a: &[f64], b: &[f64]) -> Option<Interval> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let draw = |draw: u64| redraw(b, &mut CounterRng::new(95, draw, 1)) - redraw(a, &mut CounterRng::new(95, draw, 0));
    let means = (0..draws(a.len() + b.len())).map(draw).collect();
    Some(percentiles(means, mean(b) - mean(a), a.len().min(b.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For normal values the interval is close to mean ± 1.96 s/√n, and covers the true mean in about 95 % of samples.
    #[test]
    fn interval_has_the_width_and_the_coverage_of_theory() {
        let mut covered = 0;
        for sample in 0..300 {
            let values: Vec<f64> = (0..100).map(|i| CounterRng::new(7, sample, i).normal(3.0, 2.0)).collect();
            let interval = of_mean(&values).unwrap();
            let width = interval.high - interval.low;
            let m = mean(&values);
            let s = (values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / 99.0).sqrt();
            assert!((width / (2.0 * 1.96 * s / 10.0) - 1.0).abs() < 0.15, "width {width}");
            covered += usize::from(interval.low < 3.0 && 3.0 < interval.high);
        }
        assert!((270..=297).contains(&covered), "covers {covered} of 300");
    }

    #[test]
    fn equal_values_have_no_spread_and_single_ones_no_interval() {
        let interval = of_mean(&[2.0; 5]).unwrap();
        assert_eq!((interval.low, interval.mean, interval.high, interval.of), (2.0, 2.0, 2.0, 5));
        assert!(interval.excludes_zero());
        assert_eq!(of_mean(&[1.0]), None);
        let difference = of_difference(&[1.0, 1.0], &[4.0, 4.0, 4.0]).unwrap();
        assert_eq!((difference.low, difference.high), (3.0, 3.0));
    }
}
