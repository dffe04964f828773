//! How much work the elements of a file may take, each and together.
//!
//! Work is counted in the geometry library's steps ([`super::budget`]), never in seconds. An element that takes few is never
//! short of them. Beyond that, each has a bound of its own, and all of them share what the file may take. Nobody knows before
//! what an element will take, and on many cores nobody knows which comes first: so elements are meshed without regard to the
//! file's bound at first, and only where they break it are they meshed anew, one after another, each with a share of what those
//! before it left. What an element gets then depends on the file alone.

use super::budget::Budget;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an element may take before it is meshed without its openings, and then once more before it is given up. A step is
/// 10 µs to 1 ms of work, so this is about two seconds.
const ELEMENT: u64 = 20_000;

/// The last resort for work that passes no step.
const CLOCK: Duration = Duration::from_secs(20);

/// What every element may take, whatever the others do: more than any of the walls, breps and curved pieces of the public
/// sample files takes.
const LIGHT: u64 = 500;

/// What the elements of a file may take together beyond [`LIGHT`] each: ten to forty seconds.
const FILE: u64 = 200_000;

/// And more for each element, a hundred times what those of the sample files take: large models are no broken ones.
const FILE_EACH: u64 = 200;

/// An element may take this part of what those before it left; so a few heavy ones do not take it all.
const PART: u64 = 4;

/// The work of one pass over a file's elements.
#[derive(Debug)]
pub struct Effort {
    limit: Option<u64>,
    spent: AtomicU64,
    shares: bool,
}

impl Effort {
    /// For a file of so many elements.
    pub fn new(elements: usize) -> Self {
        Self::bounded(FILE.saturating_add(FILE_EACH.saturating_mul(elements as u64)))
    }

    /// For a file whose elements may take so many steps beyond the light ones.
    pub fn bounded(limit: u64) -> Self {
        Self { limit: Some(limit), spent: AtomicU64::new(0), shares: false }
    }

    /// For a file whose elements may take what they want.
    pub fn unbounded() -> Self {
        Self { limit: None, spent: AtomicU64::new(0), shares: false }
    }

    /// For the same file anew, its elements one after another.
    pub fn sharing(&self) -> Self {
        Self { limit: self.limit, spent: AtomicU64::new(0), shares: true }
    }

    /// What the next element may take.
    pub fn budget(&self) -> Budget {
        let steps = match self.limit {
            None => return Budget { steps: u64::MAX, clock: Duration::from_secs(24 * 3600) },
            Some(_) if !self.shares => ELEMENT,
            Some(limit) => {
                let left = limit.saturating_sub(self.spent.load(Ordering::Relaxed));
                LIGHT.saturating_add(left / PART).min(ELEMENT)
            }
        };
        Budget { steps, clock: CLOCK }
    }

    /// Notes what an element took.
    pub fn spend(&self, steps: u64) {
        self.spent.fetch_add(steps.saturating_sub(LIGHT), Ordering::Relaxed);
    }

    /// The elements took more than they may together. Never so where they share it.
    pub fn is_overdrawn(&self) -> bool {
        !self.shares && self.limit.is_some_and(|limit| self.spent.load(Ordering::Relaxed) > limit)
    }

    /// A budget is less than an element has by itself.
    pub fn is_short(budget: Budget) -> bool {
        budget.steps < ELEMENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_elements_never_use_the_file_up() {
        let effort = Effort::new(10);
        (0..1_000_000).for_each(|_| effort.spend(LIGHT));
        assert!(!effort.is_overdrawn());
        (0..=(FILE + 10 * FILE_EACH) / (ELEMENT - LIGHT)).for_each(|_| effort.spend(ELEMENT));
        assert!(effort.is_overdrawn());
    }

    #[test]
    fn shares_shrink_but_stay_above_the_light_and_within_the_limit() {
        let first = Effort::new(1000);
        let effort = first.sharing();
        let (mut total, mut last) = (0, u64::MAX);
        for _ in 0..1000 {
            let steps = effort.budget().steps;
            assert!((LIGHT..=ELEMENT).contains(&steps) && steps <= last);
            effort.spend(steps);
            (total, last) = (total + steps - LIGHT, steps);
        }
        assert!(total <= FILE + 1000 * FILE_EACH, "{total}");
        assert!(Effort::is_short(effort.budget()) && !Effort::is_short(first.budget()) && !effort.is_overdrawn());
    }

    #[test]
    fn an_unbounded_effort_is_never_short() {
        let effort = Effort::unbounded();
        effort.spend(u64::MAX);
        assert!(!effort.is_overdrawn() && !Effort::is_short(effort.budget()));
    }
}
