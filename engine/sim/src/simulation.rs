//! A whole run: the models on their clock, and the recording of what they do.

use crate::clock::Clock;
use crate::demand::Demand;
use crate::model::{Buffered, Runner};
use crate::options::Options;
use crate::stats::Statistics;
use crate::vehicle::VehicleModel;
use crate::walker::WalkerModel;
use crate::SimError;
use qike_core::SimTime;
use qike_network::{LaneNetwork, WalkNetwork};
use qike_record::{Event, LinkInterval, Recorder, TrackPoint};
use std::borrow::Cow;
use std::sync::Arc;

/// The state hash is recorded that often.
const HASH_MS: i64 = 60_000;

/// A simulation that can be stepped.
///
/// Agents are numbered over all models: vehicles first, by departure, then walkers. Places are numbered as
/// [`qike_record::Places`] wants: links, then areas.
pub struct Simulation {
    clock: Clock,
    options: Options,
    tracks: Vec<TrackPoint>,
    rows: Vec<LinkInterval>,
    arrivals: Vec<(SimTime, u32)>,
    arrived_trains: usize,
    interval_began: SimTime,
    begun: bool,
    closed: bool,
}

impl Simulation {
    /// Sets a run up: checks options and demand, finds first routes.
    ///
    /// # Errors
    /// [`SimError`] for demand that does not fit, options out of range, or a pool that cannot be started.
    pub fn new(lanes: Arc<LaneNetwork>, walk: Arc<WalkNetwork>, demand: Demand, options: Options) -> Result<Self, SimError> {
        check(&options)?;
        demand.check(&lanes, &walk)?;
        let demand = demand.sorted();
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?);
        let (vehicles, vehicle_state) = VehicleModel::new(lanes.clone(), &walk, &demand, &options, pool.clone());
        let first_walker = vehicles.agents();
        let crossings = walk.crossings.len();
        let (walkers, walker_state) = WalkerModel::new(lanes, walk, &demand, &options, pool, first_walker);
        // The list of models.
        let models: Vec<Box<dyn Runner>> =
            vec![Box::new(Buffered::new(vehicles, vehicle_state)), Box::new(Buffered::new(walkers, walker_state))];
        Ok(Self {
            clock: Clock::new(options.begin, models, crossings),
            tracks: Vec::new(),
            rows: Vec::new(),
            arrivals: demand.trains.iter().map(|t| (t.time, t.passengers)).collect(),
            arrived_trains: 0,
            interval_began: options.begin,
            begun: false,
            closed: false,
            options,
        })
    }

    /// The time reached.
    pub fn now(&self) -> SimTime {
        self.clock.now()
    }

    /// One tick of the clock, recorded. Does nothing once the run is finished.
    ///
    /// # Errors
    /// What the recorder says; the state is consistent nevertheless.
    pub fn step(&mut self, recorder: &mut dyn Recorder) -> Result<(), SimError> {
        if self.finished() {
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            self.record_frame(recorder)?;
        }
        self.clock.tick();
        self.record_frame(recorder)
    }

    fn record_frame(&mut self, recorder: &mut dyn Recorder) -> Result<(), SimError> {
        let now = self.clock.now();
        let since = (now - self.options.begin).ms();
        let due = |interval: i64| interval > 0 && since % interval == 0;
        while let Some(&(time, passengers)) = self.arrivals.get(self.arrived_trains).filter(|a| a.0 <= now) {
            self.arrived_trains += 1;
            recorder.event(&Event {
                time,
                kind: Cow::Borrowed("train"),
                agent: None,
                link: qike_record::NOWHERE,
                value: f64::from(passengers),
                text: String::new(),
            })?;
        }
        for model in self.clock.models() {
            model.report(recorder)?;
        }
        if due(self.options.track_interval_ms) {
            self.tracks.clear();
            for model in self.clock.models() {
                model.tracks(&mut self.tracks);
            }
            recorder.tracks(now, &self.tracks)?;
        }
        if due(HASH_MS) {
            recorder.hash(now, self.clock.state_hash())?;
        }
        if due(self.options.link_interval_ms) && since > 0 {
            self.record_interval(recorder)?;
        }
        Ok(())
    }

    fn record_interval(&mut self, recorder: &mut dyn Recorder) -> Result<(), SimError> {
        let now = self.clock.now();
        let seconds = (now - self.interval_began).as_s();
        self.rows.clear();
        for model in self.clock.models() {
            model.intervals(seconds, &mut self.rows);
        }
        recorder.links(self.interval_began, now, &self.rows)?;
        self.interval_began = now;
        Ok(())
    }

    /// Ends the recording: the last interval, the last hash, and the trips that are cut off. Once only.
    ///
    /// # Errors
    /// What the recorder says.
    pub fn close(&mut self, recorder: &mut dyn Recorder) -> Result<(), SimError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let now = self.clock.now();
        if self.options.link_interval_ms > 0 && now > self.interval_began {
            self.record_interval(recorder)?;
        }
        for model in self.clock.models() {
            model.close(now, recorder)?;
        }
        recorder.hash(now, self.clock.state_hash())?;
        Ok(())
    }

    /// Steps until the run is finished, and closes it. `go_on` is asked after every simulated second and may end the run early.
    ///
    /// # Errors
    /// What the recorder says.
    pub fn run(&mut self, recorder: &mut dyn Recorder, mut go_on: impl FnMut(SimTime, &Statistics) -> bool) -> Result<(), SimError> {
        while !self.finished() {
            self.step(recorder)?;
            if (self.now() - self.options.begin).ms() % 1000 == 0 && !go_on(self.now(), &self.statistics()) {
                break;
            }
        }
        self.close(recorder)
    }

    /// Hash of the whole state: equal runs have equal hashes, for any number of threads.
    pub fn state_hash(&self) -> u64 {
        self.clock.state_hash()
    }

    /// True when the end of the run is reached, or nobody is left.
    pub fn finished(&self) -> bool {
        self.clock.now() >= self.options.end || self.clock.finished()
    }

    /// Counts and sums so far.
    pub fn statistics(&self) -> Statistics {
        self.clock.statistics()
    }
}

fn check(options: &Options) -> Result<(), SimError> {
    let fault = |name, reason: &str| Err(SimError::Option { name, reason: reason.to_owned() });
    if !(100..=2000).contains(&options.vehicle_step_ms) {
        return fault("vehicle_step_ms", "must be from 100 to 2000");
    }
    if !(20..=200).contains(&options.walker_step_ms) {
        return fault("walker_step_ms", "must be from 20 to 200");
    }
    if !(0.0..=1.0).contains(&options.informed_share) {
        return fault("informed_share", "must be from 0 to 1");
    }
    if !(0.0..=0.3).contains(&options.speed_deviation) {
        return fault("speed_deviation", "must be from 0 to 0.3");
    }
    if options.end < options.begin {
        return fault("end", "must not be before begin");
    }
    if options.track_interval_ms < 0 || options.link_interval_ms < 0 || options.reroute_interval_ms < 0 {
        return fault("intervals", "must not be negative");
    }
    if !(options.patience_s >= 0.0 && options.teleport_after_s >= 0.0) {
        return fault("patience_s, teleport_after_s", "must not be negative");
    }
    Ok(())
}
