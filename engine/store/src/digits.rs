//! Sorting by whole numbers, digit by digit: of many short entries a comparing sort takes several times as long.

use std::mem;

/// Fewer than this are compared.
const MANY: usize = 256;
/// Bits of a digit.
const BITS: u32 = 11;

/// Sorts by the first of each, rising. Stable.
pub fn sort<T: Copy>(entries: &mut Vec<(u64, T)>) {
    if entries.len() < MANY {
        entries.sort_by_key(|entry| entry.0);
        return;
    }
    let (all, none) = entries.iter().fold((u64::MAX, 0), |(all, any), entry| (all & entry.0, any | entry.0));
    // Bits in which no two differ need no look.
    let mut left = all ^ none;
    let mut other = entries.clone();
    while left != 0 {
        let shift = left.trailing_zeros();
        let mask = (1u64 << BITS) - 1;
        let digit = |key: u64| (key >> shift & mask) as usize;
        let mut places = [0usize; 1 << BITS];
        entries.iter().for_each(|entry| places[digit(entry.0)] += 1);
        let mut sum = 0;
        for place in &mut places {
            sum += mem::replace(place, sum);
        }
        for entry in &*entries {
            let place = &mut places[digit(entry.0)];
            other[*place] = *entry;
            *place += 1;
        }
        mem::swap(entries, &mut other);
        left &= !(mask << shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::CounterRng;

    #[test]
    fn as_a_stable_sort_sorts() {
        for (count, mask) in [(0, 0), (3, u64::MAX), (255, 7), (256, 7), (5_000, 0), (5_000, 0xfff), (5_000, u64::MAX), (5_000, 0xf000_0000_0000_00f0)] {
            let mut rng = CounterRng::new(9, count as u64, mask);
            let mut entries: Vec<(u64, usize)> = (0..count).map(|n| (((rng.range(0.0, 1.0) * 1e18) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask, n)).collect();
            let mut expected = entries.clone();
            expected.sort_by_key(|e| e.0);
            sort(&mut entries);
            assert_eq!(entries, expected, "{count} with {mask:x}");
        }
    }
}
