//! What a model of a traffic scenario gives to whoever runs and records it, so that lane-level vehicles, queues and both together
//! go through one path.

use crate::micro::{Counts, OnRoad, TripRow};
use crate::state::{Exchange, StateError};
use qike_core::Diagnostic;
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
pub use qike_network::traffic::EdgeSums;
use qike_record::SignalLamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who somebody under way is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traveller<'a> {
    /// Id in the source.
    pub id: &'a str,
    /// Share of the limit that it wants.
    pub speed_factor: f64,
    /// It wanted to depart that much earlier, ms.
    pub depart_delay_ms: i64,
}

/// One who never departed, though it was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stayed {
    /// Its number.
    pub vehicle: u32,
    /// Id in the source.
    pub id: String,
    /// Kind: a place in the scenario's list.
    pub kind: u32,
    /// When it wanted to, ms.
    pub planned_ms: i64,
    /// Edges where it would have begun and ended; none: there is no way.
    pub way: Option<(u32, u32)>,
}

/// One who has come onto an edge that is measured by looking at who is there, from one that the model measures itself; or the other way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossed {
    /// Who.
    pub vehicle: u32,
    /// The lane that it came onto, and how far on it, m.
    pub lane: u32,
    /// Position there, m.
    pub position_m: f64,
    /// Onto an edge that is looked at.
    pub inward: bool,
}

/// A model that runs a traffic scenario, a step of its clock at a time.
pub trait TrafficModel {
    /// Name in summaries.
    fn name(&self) -> &'static str;
    /// Time of the next step, ms.
    fn now_ms(&self) -> i64;
    /// Everybody has arrived, or the end is reached.
    fn finished(&self) -> bool;
    /// One step.
    fn step(&mut self);
    /// Counts so far.
    fn counts(&self) -> Counts;
    /// Work done so far: steps of single vehicles, or events. It grows as long as anybody gets anywhere.
    fn updates(&self) -> u64;
    /// What the signal of a link shows.
    fn lamp(&self, link: u32) -> SignalLamp;
    /// Trips that have ended since the last call.
    fn take_trips(&mut self) -> Vec<TripRow>;
    /// Journeys under way as they stand now, by number, each with the edge where it is to end.
    fn under_way(&self) -> Vec<(TripRow, u32)>;
    /// Those who were due and have not departed, by number: there is no room for them, they were given up, or they have no way.
    fn stayed(&self) -> Vec<Stayed> {
        Vec::new()
    }
    /// Puts everybody who is on the road now into a list that is empty, always in the same order.
    fn everybody(&self, into: &mut Vec<OnRoad>);
    /// One who has departed and has not arrived.
    fn traveller(&self, vehicle: u32) -> Option<Traveller<'_>>;
    /// What happened on each edge until now, where the model measures that itself; none where it is to be measured by looking at
    /// everybody in each step.
    fn edge_sums(&self) -> Option<Vec<EdgeSums>> {
        None
    }
    /// By edge, whether it is to be measured by looking all the same, where the model measures others itself; none: none is.
    fn looked_at(&self) -> Option<&[bool]> {
        None
    }
    /// Of [`Self::everybody`] those on edges that are measured by looking.
    fn everybody_looked_at(&self, into: &mut Vec<OnRoad>) {
        self.everybody(into);
    }
    /// Who has come from edges of one sort onto those of the other since the last call.
    fn take_crossed(&mut self) -> Vec<Crossed> {
        Vec::new()
    }
    /// Where the model measures edges itself: the greatest number that stood on each at once since the last call.
    fn take_queue_max(&mut self) -> Vec<u32> {
        Vec::new()
    }
    /// What was doubtful in the map.
    fn findings(&self) -> &[Diagnostic];
    /// The streets.
    fn streets(&self) -> &Arc<Streets>;
    /// Hash of the whole state: equal runs have equal hashes, for any number of threads.
    fn hash(&self) -> u64;
    /// Writes all that has changed since the begin, or takes it up: a model that was made of the same scenario and takes up what another
    /// has written goes on from there as that one does, to the last bit.
    ///
    /// # Errors
    /// What keeps it from being written; what is no state of this scenario. The model is then of no more use.
    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError>;
    /// Goes on under a scenario that differs from the one it was made of (`was`) in what may change while a city is running: limits, signal
    /// plans, closures and signs, who departs from now on.
    ///
    /// # Errors
    /// In words, what cannot be changed while the model runs. The model is then of no more use.
    fn change(&mut self, was: &TrafficScenario, scenario: &TrafficScenario) -> Result<(), String>;
    /// Another model that goes on from here by itself. What never changes is shared between the two.
    fn fork(&self) -> Box<dyn TrafficModel>;
}
