//! How many trips, when: counts with fractions, spread evenly over a slice of time, the same at every scale.

use qike_core::{CounterRng, SimTime, StateHasher};

/// The fractional part of the golden ratio: multiples of it fill an interval evenly, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// A demand's own randomness.
pub(super) struct Lot {
    /// Number of the demand.
    pub(super) demand: u32,
    scale: f64,
    seed: u64,
    name: u64,
}

/// One trip of a row.
pub(super) struct Draw {
    /// Number within the demand.
    pub(super) trip: u32,
    /// When it departs.
    pub(super) depart: SimTime,
    /// For all else that is to be drawn for it.
    pub(super) rng: CounterRng,
}

impl Lot {
    pub(super) fn new(demand: u32, name: &str, scale: f64, seed: u64) -> Self {
        let mut hasher = StateHasher::new();
        name.bytes().for_each(|byte| hasher.u64(u64::from(byte)));
        Self { demand, scale, seed, name: hasher.finish() }
    }

    fn rng(&self, row: u64, trip: u64, purpose: u64) -> CounterRng {
        let mut hasher = StateHasher::new();
        [self.name, row, trip].into_iter().for_each(|part| hasher.u64(part));
        CounterRng::new(self.seed, hasher.finish(), purpose)
    }

    /// The trips of row `row` of `rows`: `count` times the demand's scale of them within [start, end). A fraction of a trip is
    /// one by chance. `None` where there are more trips than there are numbers.
    pub(super) fn row(&self, row: usize, rows: usize, count: f64, start: SimTime, end: SimTime) -> Option<Vec<Draw>> {
        let wanted = count * self.scale;
        let whole = wanted.floor();
        let chance = self.rng(row as u64, 0, 1).uniform() < wanted - whole;
        let trips = whole as u64 + u64::from(chance);
        let shift = self.rng(row as u64, 0, 2).uniform();
        let span = (end - start).ms() as f64;
        (0..trips)
            .map(|trip| {
                // Numbers of rows interleave: a trip keeps its number when the scale changes.
                let number = u32::try_from(trip * rows as u64 + row as u64).ok()?;
                let share = (shift + trip as f64 * GOLDEN).fract();
                let depart = start + SimTime::from_ms((share * span) as i64);
                Some(Draw { trip: number, depart, rng: self.rng(row as u64, trip, 3) })
            })
            .collect()
    }
}

/// A choice among things with weights.
#[derive(Clone, Debug)]
pub(super) struct Weighted<T> {
    items: Vec<T>,
    /// Running sums of the weights.
    sums: Vec<f64>,
}

impl<T: Copy> Weighted<T> {
    /// Things with a weight of zero or less are left out; `None` where none is left.
    pub(super) fn new(items: impl IntoIterator<Item = (T, f64)>) -> Option<Self> {
        let (mut kept, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (item, weight) in items.into_iter().filter(|(_, weight)| weight.is_finite() && *weight > 0.0) {
            sum += weight;
            kept.push(item);
            sums.push(sum);
        }
        (!kept.is_empty()).then_some(Self { items: kept, sums })
    }

    /// One of them.
    pub(super) fn draw(&self, rng: &mut CounterRng) -> T {
        let last = self.items.len() - 1;
        let at = rng.uniform() * self.sums[last];
        self.items[self.sums.partition_point(|sum| *sum <= at).min(last)]
    }

    /// All of them.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SimTime = SimTime::from_s(3600);
    const END: SimTime = SimTime::from_s(7200);

    #[test]
    fn fractions_are_kept_on_average_and_scale_keeps_travellers() {
        let total: usize = (0..2000).map(|seed| Lot::new(0, "a", 0.5, seed).row(0, 1, 4.5, START, END).unwrap().len()).sum();
        assert!((total as f64 / 2000.0 - 2.25).abs() < 0.03, "{total}");
        let key = |draws: Vec<Draw>| draws.into_iter().map(|mut d| (d.trip, d.depart, d.rng.next_u64())).collect::<Vec<_>>();
        let one = key(Lot::new(3, "a", 1.0, 9).row(2, 7, 10.0, START, END).unwrap());
        let two = key(Lot::new(5, "a", 2.0, 9).row(2, 7, 10.0, START, END).unwrap());
        assert_eq!(one[..], two[..10]);
        assert_ne!(one, key(Lot::new(3, "b", 1.0, 9).row(2, 7, 10.0, START, END).unwrap()));
    }

    #[test]
    fn departures_are_even() {
        let draws = Lot::new(0, "a", 1.0, 1).row(0, 1, 600.0, START, END).unwrap();
        for minute in 0..60 {
            let (from, to) = (START + SimTime::from_s(minute * 60), START + SimTime::from_s(minute * 60 + 60));
            let count = draws.iter().filter(|d| from <= d.depart && d.depart < to).count();
            assert!((8..=12).contains(&count), "{count} in minute {minute}");
        }
    }

    #[test]
    fn weights_decide() {
        let choice = Weighted::new([('a', 1.0), ('b', 0.0), ('c', 3.0), ('d', f64::NAN)]).unwrap();
        let c = (0..4000).filter(|i| choice.draw(&mut CounterRng::new(1, *i, 0)) == 'c').count();
        assert!((c as f64 / 4000.0 - 0.75).abs() < 0.03);
        assert_eq!(choice.items(), ['a', 'c']);
        assert!(Weighted::new([('a', 0.0)]).is_none());
    }
}
