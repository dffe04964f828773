//! What a mobility model is: something that reads the frozen state of its agents and writes the next one.
//!
//! A model may keep ledgers of its own (routes, departure queues), which no agent reads of another within a step. What one
//! model lets others see goes through the [`Exchange`], which is frozen during a step as well: no model sees half of another's step.

use crate::exchange::Exchange;
use crate::stats::Statistics;
use qike_core::{SimTime, StateHasher};
use qike_record::{LinkInterval, RecordError, Recorder, TrackPoint};

/// A model of some agents' movement.
pub trait MobilityModel: Send {
    /// All that decides how agents go on from here.
    type State: Default + Send;

    /// A short name for messages.
    fn name(&self) -> &'static str;

    /// Length of its step, ms; above zero, constant.
    fn step_ms(&self) -> i64;

    /// From `state` at `now` to `next`, one step later. `seen` is what all models showed at the end of the last tick; `shown` takes
    /// what this one shows. Must give the same bits for any number of threads.
    fn step(&mut self, now: SimTime, state: &Self::State, next: &mut Self::State, seen: &Exchange, shown: &mut Exchange);

    /// Adds where every agent is, in the order of the agents' numbers.
    fn tracks(&self, state: &Self::State, points: &mut Vec<TrackPoint>);

    /// Adds what happened on each place since the last call, in the order of the places.
    fn intervals(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>);

    /// Writes the trips that ended and the events since the last call.
    ///
    /// # Errors
    /// What the recorder says.
    fn report(&mut self, recorder: &mut dyn Recorder) -> Result<(), RecordError>;

    /// Writes the trips that the end of the run cuts off.
    ///
    /// # Errors
    /// What the recorder says.
    fn close(&mut self, now: SimTime, state: &Self::State, recorder: &mut dyn Recorder) -> Result<(), RecordError>;

    /// Adds the state to a hash.
    fn hash(&self, state: &Self::State, hasher: &mut StateHasher);

    /// Adds its counts.
    fn statistics(&self, state: &Self::State, statistics: &mut Statistics);

    /// True when nothing is left to move.
    fn finished(&self, state: &Self::State) -> bool;
}

/// A model with its two states, behind one face for the clock.
pub trait Runner: Send {
    /// See [`MobilityModel::name`].
    fn name(&self) -> &'static str;
    /// See [`MobilityModel::step_ms`].
    fn step_ms(&self) -> i64;
    /// Steps, and makes the next state the current one.
    fn step(&mut self, now: SimTime, seen: &Exchange, shown: &mut Exchange);
    /// See [`MobilityModel::tracks`].
    fn tracks(&self, points: &mut Vec<TrackPoint>);
    /// See [`MobilityModel::intervals`].
    fn intervals(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>);
    /// See [`MobilityModel::report`].
    ///
    /// # Errors
    /// What the recorder says.
    fn report(&mut self, recorder: &mut dyn Recorder) -> Result<(), RecordError>;
    /// See [`MobilityModel::close`].
    ///
    /// # Errors
    /// What the recorder says.
    fn close(&mut self, now: SimTime, recorder: &mut dyn Recorder) -> Result<(), RecordError>;
    /// See [`MobilityModel::hash`].
    fn hash(&self, hasher: &mut StateHasher);
    /// See [`MobilityModel::statistics`].
    fn statistics(&self, statistics: &mut Statistics);
    /// See [`MobilityModel::finished`].
    fn finished(&self) -> bool;
}

/// The two states of a model: one frozen, one being written.
pub struct Buffered<M: MobilityModel> {
    model: M,
    state: M::State,
    next: M::State,
}

impl<M: MobilityModel> Buffered<M> {
    /// Starts from `state`.
    pub fn new(model: M, state: M::State) -> Self {
        Self { model, state, next: M::State::default() }
    }

    /// The current state.
    pub fn state(&self) -> &M::State {
        &self.state
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }
}

impl<M: MobilityModel> Runner for Buffered<M> {
    fn name(&self) -> &'static str {
        self.model.name()
    }

    fn step_ms(&self) -> i64 {
        self.model.step_ms()
    }

    fn step(&mut self, now: SimTime, seen: &Exchange, shown: &mut Exchange) {
        self.model.step(now, &self.state, &mut self.next, seen, shown);
        std::mem::swap(&mut self.state, &mut self.next);
    }

    fn tracks(&self, points: &mut Vec<TrackPoint>) {
        self.model.tracks(&self.state, points);
    }

    fn intervals(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>) {
        self.model.intervals(seconds, rows);
    }

    fn report(&mut self, recorder: &mut dyn Recorder) -> Result<(), RecordError> {
        self.model.report(recorder)
    }

    fn close(&mut self, now: SimTime, recorder: &mut dyn Recorder) -> Result<(), RecordError> {
        self.model.close(now, &self.state, recorder)
    }

    fn hash(&self, hasher: &mut StateHasher) {
        self.model.hash(&self.state, hasher);
    }

    fn statistics(&self, statistics: &mut Statistics) {
        self.model.statistics(&self.state, statistics);
    }

    fn finished(&self) -> bool {
        self.model.finished(&self.state)
    }
}
