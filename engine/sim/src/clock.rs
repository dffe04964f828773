//! The one clock that steps all models.
//!
//! A tick is as long as the greatest common divisor of the models' steps; a model moves in the ticks at which its own step begins.
//! Models see each other as they were before the tick, so their order in the list does not matter.

use crate::exchange::Exchange;
use crate::model::Runner;
use crate::stats::Statistics;
use qike_core::{SimTime, StateHasher};

/// Time and the models that move in it.
pub struct Clock {
    now: SimTime,
    begin: SimTime,
    tick_ms: i64,
    models: Vec<Box<dyn Runner>>,
    seen: Exchange,
    shown: Exchange,
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Clock {
    /// At `begin`, with these models.
    pub fn new(begin: SimTime, models: Vec<Box<dyn Runner>>, crossings: usize) -> Self {
        let tick_ms = models.iter().fold(0, |t, m| gcd(t, m.step_ms())).max(1);
        Self { now: begin, begin, tick_ms, models, seen: Exchange::new(crossings), shown: Exchange::new(crossings) }
    }

    /// The time that the models have reached.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Length of a tick, ms.
    pub fn tick_ms(&self) -> i64 {
        self.tick_ms
    }

    /// One tick.
    pub fn tick(&mut self) {
        let since = (self.now - self.begin).ms();
        for model in &mut self.models {
            if since % model.step_ms() == 0 {
                model.step(self.now, &self.seen, &mut self.shown);
            }
        }
        self.seen.crossings.copy_from_slice(&self.shown.crossings);
        self.now += SimTime::from_ms(self.tick_ms);
    }

    /// The models, in the order of the list.
    pub fn models(&mut self) -> &mut [Box<dyn Runner>] {
        &mut self.models
    }

    /// Hash of all states.
    pub fn state_hash(&self) -> u64 {
        let mut hasher = StateHasher::new();
        hasher.u64(self.now.ms() as u64);
        for model in &self.models {
            model.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// True when no model has anything left to move.
    pub fn finished(&self) -> bool {
        self.models.iter().all(|m| m.finished())
    }

    /// Counts of all models.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        for model in &self.models {
            model.statistics(&mut statistics);
        }
        statistics
    }
}
