//! What is due when: a wheel of buckets of time, so that neither setting a date nor taking the next one depends on how many there are.

use serde::{Deserialize, Serialize};

/// Buckets of the wheel.
const BUCKETS: usize = 4096;

/// Dates: a time in ms and who is due, taken in the order of both.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Calendar {
    buckets: Vec<Vec<u64>>,
    /// Beyond the wheel.
    later: Vec<u64>,
    /// The open bucket's, the last first.
    open: Vec<u64>,
    /// Number of the open bucket since the beginning.
    at: u32,
    /// A bucket is two to that power of ms long.
    shift: u32,
    count: usize,
    /// A bucket was opened, and nobody has looked at it.
    turned: bool,
}

fn key(time: u32, who: u32) -> u64 {
    u64::from(time) << 32 | u64::from(who)
}

impl Calendar {
    /// Nothing is due; buckets are the shorter the more will be.
    pub fn new(expected: usize) -> Self {
        let shift = match expected {
            0..10_000 => 7,
            10_000..100_000 => 5,
            _ => 4,
        };
        Self::of(shift)
    }

    /// Nothing is due; a bucket is two to that power of ms long.
    pub fn of(shift: u32) -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS], later: Vec::new(), open: Vec::new(), at: 0, shift, count: 0, turned: false }
    }

    /// Whether a bucket has been opened since this was asked.
    #[inline]
    pub fn turned(&mut self) -> bool {
        std::mem::take(&mut self.turned)
    }

    /// The dates of the open bucket, the last first: who is due in the lower half of each.
    #[inline]
    pub fn open(&self) -> &[u64] {
        &self.open
    }

    /// Sets a date; one before now is due now.
    #[inline]
    pub fn set(&mut self, time: u32, who: u32) {
        let bucket = time >> self.shift;
        self.count += 1;
        if bucket <= self.at {
            let date = key(time, who);
            let place = self.open.iter().rposition(|d| *d > date).map_or(0, |n| n + 1);
            self.open.insert(place, date);
        } else if bucket - self.at < BUCKETS as u32 {
            self.buckets[bucket as usize % BUCKETS].push(key(time, who));
        } else {
            self.later.push(key(time, who));
        }
    }

    /// Takes the next date before a time.
    #[inline]
    pub fn next(&mut self, before: u32) -> Option<(u32, u32)> {
        loop {
            if let Some(&date) = self.open.last() {
                let time = (date >> 32) as u32;
                if time >= before {
                    return None;
                }
                self.open.pop();
                self.count -= 1;
                return Some((time, date as u32));
            }
            if self.count == 0 || (self.at + 1) << self.shift >= before {
                return None;
            }
            self.turn();
        }
    }

    /// Opens the next bucket.
    fn turn(&mut self) {
        self.at += 1;
        self.turned = true;
        std::mem::swap(&mut self.open, &mut self.buckets[self.at as usize % BUCKETS]);
        self.open.sort_unstable_by(|a, b| b.cmp(a));
        if (self.at as usize).is_multiple_of(BUCKETS) {
            // Once round: what has come near goes onto the wheel.
            for date in std::mem::take(&mut self.later) {
                self.count -= 1;
                self.set((date >> 32) as u32, date as u32);
            }
        }
    }

    /// Whether it is a wheel, and all who have dates on it are some of these.
    pub fn all(&self, who: impl Fn(u32) -> bool) -> bool {
        self.buckets.len() == BUCKETS && self.shift < 16 && self.buckets.iter().flatten().chain(&self.later).chain(&self.open).all(|date| who(*date as u32))
    }

    /// All dates in order.
    #[cfg(test)]
    pub fn dates(&self) -> Vec<(u32, u32)> {
        let mut all: Vec<u64> = self.buckets.iter().flatten().chain(&self.later).chain(&self.open).copied().collect();
        all.sort_unstable();
        all.into_iter().map(|d| ((d >> 32) as u32, d as u32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_in_order_however_far_apart() {
        let mut calendar = Calendar::new(0);
        let mut rng = qike_core::CounterRng::new(1, 2, 3);
        let mut known: Vec<(u32, u32)> = (0..5000).map(|who| (rng.below(if who % 10 == 0 { 5_000_000 } else { 90_000 }) as u32, who)).collect();
        known.iter().for_each(|(t, w)| calendar.set(*t, *w));
        known.sort_unstable();
        assert_eq!(calendar.dates(), known);
        let mut taken = Vec::new();
        let mut extra = Vec::new();
        for before in (0..=5_000_000).step_by(1000) {
            while let Some((time, who)) = calendar.next(before) {
                assert!(time < before && time + 1000 >= before);
                taken.push((time, who));
                if who < 5000 && who % 7 == 0 {
                    // Dates that are set while others are taken, at once and later.
                    let next = (time + who % 3 * 100, who + 5000);
                    calendar.set(next.0, next.1);
                    extra.push(next);
                }
            }
        }
        while let Some(date) = calendar.next(u32::MAX) {
            taken.push(date);
        }
        known.extend(extra);
        known.sort_unstable();
        assert_eq!(taken, known);
    }
}
