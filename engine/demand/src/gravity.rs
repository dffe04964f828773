//! The doubly constrained gravity model: how many go from each zone to each, so that all who begin somewhere do, all places are
//! taken, and ways are as long on average as they are known to be.
//!
//! T(i,j) = A(i) O(i) B(j) D(j) exp(−β c(i,j)): of all tables with these margins and this mean the likeliest one (Wilson: *A statistical
//! theory of spatial distribution models*, Transportation Research 1, 1967). A and B are found by scaling rows and columns in turn
//! (Furness), β by bisection between bounds that hold the mean: it falls as β rises.

/// What is to be met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// Mean of costs over all trips.
    pub mean: f64,
    /// Columns are met, too; otherwise they only attract.
    pub both: bool,
}

/// A table of trips.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Trips by row (from) and column (to).
    pub trips: Vec<f64>,
    /// Columns.
    pub columns: usize,
    /// Exponent, per unit of cost.
    pub beta: f64,
    /// Mean of costs that came out.
    pub mean: f64,
    /// The mean that was wanted lies within what these margins allow.
    pub met: bool,
}

impl Table {
    /// Trips from a zone, by zone.
    pub fn row(&self, from: usize) -> &[f64] {
        self.trips.get(from * self.columns..(from + 1) * self.columns).unwrap_or_default()
    }
}

/// Rounds of rows and columns for one exponent.
const ROUNDS: usize = 1000;
/// Margins of the table that is given differ by no more than this share; of those on the way to it, by no more than that.
const NEAR: f64 = 1e-9;
const NEARLY: f64 = 1e-4;
/// Exponent times the greatest cost: beyond it numbers of 64 bits hold no such tables.
const STEEPEST: f64 = 200.0;
/// Steps of bisection.
const STEPS: usize = 60;
/// The mean is met to this share.
const MEAN: f64 = 1e-4;

/// Trips for one exponent, and their mean cost. `b`: factors of columns to begin with, and those that came out.
fn table(rows: &[f64], columns: &[f64], costs: &[f64], beta: f64, (both, near): (bool, f64), b: &mut [f64]) -> (Vec<f64>, f64) {
    let width = columns.len();
    // The least cost of each row as zero: large exponents leave something of every row.
    let weights: Vec<f64> = costs.chunks(width.max(1)).flat_map(|row| {
        let least = if beta >= 0.0 { row.iter().copied().fold(f64::INFINITY, f64::min) } else { row.iter().copied().fold(f64::NEG_INFINITY, f64::max) };
        row.iter().map(move |c| (-beta * (c - least)).exp())
    }).collect();
    let mut a = vec![0.0; rows.len()];
    for _ in 0..if both { ROUNDS } else { 1 } {
        for ((a, row), want) in a.iter_mut().zip(weights.chunks(width.max(1))).zip(rows) {
            let sum: f64 = row.iter().zip(&*b).zip(columns).map(|((w, b), d)| w * b * d).sum();
            *a = if sum > 0.0 { want / sum } else { 0.0 };
        }
        if !both {
            break;
        }
        let mut sums = vec![0.0; width];
        for (row, a) in weights.chunks(width.max(1)).zip(&a) {
            sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += w * a);
        }
        let mut off = 0.0_f64;
        for ((b, sum), _) in b.iter_mut().zip(&sums).zip(columns).filter(|(_, d)| **d > 0.0) {
            if *sum > 0.0 {
                off = off.max((*b * sum - 1.0).abs());
                *b = 1.0 / sum;
            }
        }
        if off < near {
            break;
        }
    }
    let (mut trips, mut cost, mut total) = (Vec::with_capacity(costs.len()), 0.0, 0.0);
    for ((row, c), a) in weights.chunks(width.max(1)).zip(costs.chunks(width.max(1))).zip(&a) {
        for (((w, c), b), d) in row.iter().zip(c).zip(&*b).zip(columns) {
            let t = a * w * b * d;
            trips.push(t);
            cost += t * c;
            total += t;
        }
    }
    (trips, if total > 0.0 { cost / total } else { 0.0 })
}

/// Finds the table whose mean cost is as wished. `costs` row by row, `rows` by `columns`; columns are scaled so that their sum is that
/// of the rows. Where no exponent gives the mean, the nearest one is taken and [`Table::met`] is false.
pub fn gravity(rows: &[f64], columns: &[f64], costs: &[f64], wish: &Wish) -> Table {
    let (from, to): (f64, f64) = (rows.iter().sum(), columns.iter().sum());
    let scale = if to > 0.0 { from / to } else { 0.0 };
    let columns: Vec<f64> = columns.iter().map(|c| c * scale).collect();
    let largest = costs.iter().copied().fold(0.0, f64::max);
    if costs.len() != rows.len() * columns.len() {
        return Table::default();
    }
    let mut factors = vec![1.0; columns.len()];
    // Factors of one exponent are near those of the next.
    let mut mean_of = |beta: f64| table(rows, &columns, costs, beta, (wish.both, NEARLY), &mut factors).1;
    let free = mean_of(0.0);
    let (mut beta, mut met) = (0.0, (free - wish.mean).abs() <= 0.01 * wish.mean);
    if free > wish.mean && from > 0.0 && scale > 0.0 {
        // Between ways as long as they may be, and as short.
        let (mut low, mut high, most) = (0.0, 1.0 / largest, STEEPEST / largest);
        let mut mean = mean_of(high);
        while mean > wish.mean && high < most {
            low = high;
            high = (high * 2.0).min(most);
            mean = mean_of(high);
        }
        met = mean <= wish.mean;
        beta = high;
        for _ in 0..if met { STEPS } else { 0 } {
            if (mean - wish.mean).abs() <= MEAN * wish.mean {
                break;
            }
            beta = 0.5 * (low + high);
            mean = mean_of(beta);
            if mean > wish.mean { low = beta } else { high = beta }
        }
    }
    let (trips, mean) = table(rows, &columns, costs, beta, (wish.both, NEAR), &mut factors);
    Table { trips, columns: columns.len(), beta, mean, met }
}

/// Whole trips of a table: along rows fractions are carried on, so that each row's sum is right to one, and so are sums over columns
/// beside each other.
pub fn whole(table: &Table) -> Vec<u64> {
    let (mut sum, mut given) = (0.5, 0_u64);
    table.trips.iter().map(|t| {
        sum += t;
        let number = (sum.floor() as u64).saturating_sub(given);
        given += number;
        number
    }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::CounterRng;

    /// Zones at random places.
    fn city(n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let at = |i: usize| {
            let mut rng = CounterRng::new(3, i as u64, 0);
            [rng.range(0.0, 20.0), rng.range(0.0, 20.0), rng.range(1.0, 100.0), rng.range(1.0, 100.0)]
        };
        let zones: Vec<[f64; 4]> = (0..n).map(at).collect();
        let costs = zones.iter().flat_map(|a| zones.iter().map(move |b| (a[0] - b[0]).hypot(a[1] - b[1]).max(0.3))).collect();
        (zones.iter().map(|z| z[2]).collect(), zones.iter().map(|z| z[3]).collect(), costs)
    }

    #[test]
    fn margins_and_mean_are_met() {
        let (rows, columns, costs) = city(60);
        let scale = rows.iter().sum::<f64>() / columns.iter().sum::<f64>();
        for mean in [3.0, 5.0, 8.0] {
            let t = gravity(&rows, &columns, &costs, &Wish { mean, both: true });
            assert!(t.met && (t.mean - mean).abs() < 0.01 * mean, "{mean}: {}", t.mean);
            for (i, want) in rows.iter().enumerate() {
                assert!((t.row(i).iter().sum::<f64>() - want).abs() < 1e-6 * want);
            }
            for (j, want) in columns.iter().enumerate() {
                let sum: f64 = (0..60).map(|i| t.row(i)[j]).sum();
                assert!((sum - want * scale).abs() < 1e-6 * want, "{j}: {sum} {}", want * scale);
            }
        }
    }

    #[test]
    fn the_exponent_falls_with_the_mean_and_one_that_cannot_be_is_told() {
        let (rows, columns, costs) = city(30);
        let of = |mean| gravity(&rows, &columns, &costs, &Wish { mean, both: true });
        assert!(of(4.0).beta > of(6.0).beta && of(6.0).beta > of(9.0).beta);
        assert!(!of(100.0).met && of(100.0).beta == 0.0);
        assert!(!of(0.01).met && of(0.01).mean > 0.01);
        let single = gravity(&rows, &columns, &costs, &Wish { mean: 4.0, both: false });
        assert!(single.met && (single.row(3).iter().sum::<f64>() - rows[3]).abs() < 1e-9);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(gravity(&[], &[], &[], &Wish { mean: 1.0, both: true }).trips.is_empty());
        assert!(gravity(&[1.0], &[1.0], &[], &Wish { mean: 1.0, both: true }).trips.is_empty());
        assert_eq!(gravity(&[5.0], &[0.0], &[1.0], &Wish { mean: 1.0, both: true }).trips, [0.0]);
        let t = gravity(&[5.0], &[3.0], &[1.0], &Wish { mean: 1.0, both: true });
        assert_eq!((t.trips.clone(), whole(&t)), (vec![5.0], vec![5]));
    }

    #[test]
    fn a_two_by_two_has_the_known_ratio() {
        // Of two alike zones, the share that stays is e^(β c) times that which goes: ln(share / rest) / (c_far − c_near) is β.
        let t = gravity(&[100.0, 100.0], &[100.0, 100.0], &[1.0, 3.0, 3.0, 1.0], &Wish { mean: 1.5, both: true });
        assert!((t.trips[0] - 75.0).abs() < 0.05, "{:?}", t.trips);
        assert!((t.beta - 3.0_f64.ln() / 2.0).abs() < 1e-3, "{}", t.beta);
    }
}
