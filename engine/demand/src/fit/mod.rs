//! Demand fitted to counts: how often each of some routes is driven, and when, so that what passes is what was counted.
//!
//! Routes are candidates with a prior: how many drive each of them by slot of departure time. Who departs in a slot passes an edge
//! the route's driving time later, so a slot's traffic falls into one or two of the count's intervals ([`Passages`]). Flows are those
//! under which the counts are most likely, if each is Poisson: found by expectation maximisation from the prior on (Vardi: *Network
//! tomography*, JASA 91, 1996; the likelihood never falls, flows stay positive, contradicting counts are met as well as they can be).
//! A route that passes no counted edge keeps its prior. Whole vehicles are made of flows by rounding along the sorted routes, then
//! single vehicles are added or taken while that brings the model nearer to the counts.

mod em;
mod passages;
mod places;
mod whole;

pub use em::{Goal, Solution, maximise};
pub use passages::{Candidate, Passages, Slot};
pub use places::{Counted, gather};
pub use whole::round;

/// GEH of a model's flow beside a count, both over the same `hours`: √(2 (m − c)² / (m + c)) of hourly values.
pub fn geh(model: f64, count: f64, hours: f64) -> f64 {
    let (m, c) = (model / hours, count / hours);
    if m + c > 0.0 { (2.0 * (m - c).powi(2) / (m + c)).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;
