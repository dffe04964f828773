//! What a model of a traffic scenario gives to whoever runs and records it, so that lane-level vehicles, queues and both together
//! go through one path.

use crate::micro::{Counts, OnRoad, TripRow};
use qike_core::Diagnostic;
use qike_network::streets::Streets;
use qike_record::SignalLamp;
use std::sync::Arc;

/// What happened on an edge: sums that only grow; an interval is the difference of two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EdgeSums {
    /// Vehicle-seconds with any part on it.
    pub sampled_s: f64,
    /// Way of those in that time, m.
    pub travelled_m: f64,
    /// Vehicle-seconds with the front on it.
    pub front_s: f64,
    /// Way of fronts on it, m.
    pub front_m: f64,
    /// Vehicle-seconds at a stand with any part on it.
    pub waiting_s: f64,
    /// Vehicle-seconds at a stand with the front on it.
    pub front_waiting_s: f64,
    /// Lost against driving as fast as wished, s.
    pub loss_s: f64,
    /// Length of lane that is covered, m·s.
    pub covered_ms: f64,
    /// Lengths of vehicles over the time they were on it, m·s.
    pub length_ms: f64,
    /// Began their journey.
    pub departed: u64,
    /// Ended it.
    pub arrived: u64,
    /// Came from another edge.
    pub entered: u64,
    /// Went to another edge.
    pub left: u64,
    /// Changed to another of its lanes.
    pub changed: u64,
}

impl EdgeSums {
    /// What was added since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            sampled_s: self.sampled_s - before.sampled_s,
            travelled_m: self.travelled_m - before.travelled_m,
            front_s: self.front_s - before.front_s,
            front_m: self.front_m - before.front_m,
            waiting_s: self.waiting_s - before.waiting_s,
            front_waiting_s: self.front_waiting_s - before.front_waiting_s,
            loss_s: self.loss_s - before.loss_s,
            covered_ms: self.covered_ms - before.covered_ms,
            length_ms: self.length_ms - before.length_ms,
            departed: self.departed - before.departed,
            arrived: self.arrived - before.arrived,
            entered: self.entered - before.entered,
            left: self.left - before.left,
            changed: self.changed - before.changed,
        }
    }
}

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
    /// Puts everybody who is on the road now into a list that is empty, always in the same order.
    fn everybody(&self, into: &mut Vec<OnRoad>);
    /// One who has departed and has not arrived.
    fn traveller(&self, vehicle: u32) -> Option<Traveller<'_>>;
    /// What happened on each edge until now, where the model measures that itself; none where it is to be measured by looking at
    /// everybody in each step.
    fn edge_sums(&self) -> Option<Vec<EdgeSums>> {
        None
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
}
