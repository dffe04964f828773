//! A bound on the work that one element's geometry may take, and a net under the library that computes it.
//!
//! The geometry library calls a hook at every boolean operation, triangulation step and exact predicate of note. Counting
//! those calls bounds an element by its *work*, so the same file gives the same geometry on a fast and on a slow machine; a
//! clock would not. A far longer clock is kept as the last resort, for work that passes no hook. The hook ends the element by
//! unwinding; nothing is printed.

use ifc_lite_geometry::progress;
use qike_core::Feedback;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// What an element may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Calls of the library's hook.
    pub steps: u64,
    /// The last resort.
    pub clock: Duration,
}

/// Why an element ended early.
#[derive(Debug, PartialEq)]
pub enum Stopped {
    /// It took more than its budget.
    Slow,
    /// The library panicked, with this message.
    Panicked(String),
}

/// What unwinds when a budget is used up.
struct Overrun;

#[derive(Clone, Copy)]
struct Left {
    steps: u64,
    until: Instant,
}

thread_local! {
    // The library's hook is a plain function without arguments: what it counts can only live with the thread.
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
    static USED: Cell<u64> = const { Cell::new(0) };
    static CANCEL: RefCell<Option<Feedback>> = const { RefCell::new(None) };
}

fn step() {
    LEFT.with(|cell| {
        let Some(mut left) = cell.get() else { return };
        USED.with(|used| used.set(used.get() + 1));
        left.steps = left.steps.saturating_sub(1);
        let cancelled = CANCEL.with(|feedback| feedback.borrow().as_ref().is_some_and(Feedback::is_cancelled));
        let over = left.steps == 0 || cancelled || Instant::now() >= left.until;
        cell.set((!over).then_some(left));
        if over && !std::thread::panicking() {
            resume_unwind(Box::new(Overrun));
        }
    });
}

/// Runs `work` on this thread within a budget, until it is done, slow or cancelled. The second result is the number of steps it
/// took.
pub fn within<T>(budget: Budget, feedback: &Feedback, work: impl FnOnce() -> T) -> (Result<T, Stopped>, u64) {
    // The first installation stays; every later call finds it there.
    progress::set_hook(step);
    LEFT.with(|cell| cell.set(Some(Left { steps: budget.steps, until: Instant::now() + budget.clock })));
    USED.with(|used| used.set(0));
    CANCEL.with(|cancel| *cancel.borrow_mut() = Some(feedback.clone()));
    let result = catch_unwind(AssertUnwindSafe(work));
    LEFT.with(|cell| cell.set(None));
    CANCEL.with(|cancel| *cancel.borrow_mut() = None);
    let used = USED.with(Cell::get);
    let result = result.map_err(|payload| {
        if payload.is::<Overrun>() {
            return Stopped::Slow;
        }
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| payload.downcast_ref::<String>().cloned());
        Stopped::Panicked(text.unwrap_or_else(|| "no message".to_owned()))
    });
    (result, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Budget = Budget { steps: 1000, clock: Duration::from_secs(600) };

    #[test]
    fn work_within_its_budget_passes_and_is_counted() {
        let (result, used) = within(WIDE, &Feedback::silent(), || (0..999).for_each(|_| progress::tick()));
        assert_eq!((result, used), (Ok(()), 999));
    }

    #[test]
    fn too_much_work_is_stopped_and_leaves_the_thread_usable() {
        let (result, used) = within(WIDE, &Feedback::silent(), || (0..5000).for_each(|_| progress::tick()));
        assert_eq!((result, used), (Err(Stopped::Slow), 1000));
        progress::tick();
        assert_eq!(within(WIDE, &Feedback::silent(), || 7).0, Ok(7));
    }

    #[test]
    fn cancelling_stops_an_element_on_its_way() {
        let feedback = Feedback::silent();
        let (result, used) = within(WIDE, &feedback, || {
            progress::tick();
            feedback.cancel();
            (0..100).for_each(|_| progress::tick());
        });
        assert_eq!((result, used), (Err(Stopped::Slow), 2));
    }

    #[test]
    fn the_clock_is_the_last_resort() {
        let none = Budget { steps: u64::MAX, clock: Duration::ZERO };
        assert_eq!(within(none, &Feedback::silent(), progress::tick).0, Err(Stopped::Slow));
    }
}
