//! Progress, messages and cancelling for long work: libraries never print, they get a [`Feedback`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Receives what long work reports. The command draws bars, the viewer a panel, tests nothing.
pub trait Listener: Send + Sync {
    /// `done` of `total` units of the named task (`total` is 0 while it is unknown). Called at most some hundred times a task.
    fn progress(&self, task: &str, done: u64, total: u64);
    /// The named task is over.
    fn finished(&self, task: &str);
    /// A remark for the user.
    fn message(&self, text: &str);
}

struct Silent;

impl Listener for Silent {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn finished(&self, _: &str) {}
    fn message(&self, _: &str) {}
}

/// The user asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Handle to a [`Listener`] and to the wish to cancel; cheap to clone and to send to other threads.
#[derive(Clone)]
pub struct Feedback {
    listener: Arc<dyn Listener>,
    cancel: Arc<AtomicBool>,
}

impl Default for Feedback {
    fn default() -> Self {
        Self::silent()
    }
}

impl Feedback {
    /// Reports to `listener`.
    pub fn new(listener: Arc<dyn Listener>) -> Self {
        Self { listener, cancel: Arc::new(AtomicBool::new(false)) }
    }

    /// Reports to nobody.
    pub fn silent() -> Self {
        Self::new(Arc::new(Silent))
    }

    /// Asks the work to stop at its next check.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// True once [`Feedback::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// `Err` once the user wants to stop: `feedback.check()?` in every long loop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// A remark for the user.
    pub fn message(&self, text: &str) {
        self.listener.message(text);
    }

    /// Starts a task of `total` units (0: unknown). It ends when the task is dropped.
    pub fn task(&self, name: impl Into<String>, total: u64) -> Task {
        let task = Task { listener: self.listener.clone(), name: name.into(), total, done: AtomicU64::new(0), shown: AtomicU64::new(0) };
        task.listener.progress(&task.name, 0, total);
        task
    }
}

/// A running task; dropping it ends it.
pub struct Task {
    listener: Arc<dyn Listener>,
    name: String,
    total: u64,
    done: AtomicU64,
    shown: AtomicU64,
}

impl Task {
    /// Adds `units` of work done. The listener hears of it about every 0.5 % (every 1,000 units while the total is unknown).
    pub fn advance(&self, units: u64) {
        let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
        let every = if self.total == 0 { 1_000 } else { (self.total / 200).max(1) };
        let shown = self.shown.load(Ordering::Relaxed);
        if done >= shown + every && self.shown.compare_exchange(shown, done, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.listener.progress(&self.name, done, self.total);
        }
    }

    /// Units done so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.listener.finished(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Log(Mutex<Vec<String>>);
    impl Listener for Log {
        fn progress(&self, task: &str, done: u64, total: u64) {
            self.0.lock().unwrap().push(format!("{task} {done}/{total}"));
        }
        fn finished(&self, task: &str) {
            self.0.lock().unwrap().push(format!("{task} end"));
        }
        fn message(&self, _: &str) {}
    }

    #[test]
    fn reports_sparsely_and_ends_on_drop() {
        let log = Arc::new(Log::default());
        let feedback = Feedback::new(log.clone());
        let task = feedback.task("read", 10_000);
        (0..10_000).for_each(|_| task.advance(1));
        drop(task);
        let lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 202);
        assert_eq!(lines.last().unwrap(), "read end");
    }

    #[test]
    fn cancel_reaches_clones() {
        let feedback = Feedback::silent();
        let other = feedback.clone();
        assert_eq!(other.check(), Ok(()));
        feedback.cancel();
        assert_eq!(other.check(), Err(Cancelled));
    }
}
