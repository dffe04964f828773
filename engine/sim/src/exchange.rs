//! What models show each other between ticks. Today: who is at the places where walkers cross vehicles.

/// At one crossing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossingFacts {
    /// Persons on the roadway.
    pub walkers_on: u32,
    /// Persons at the kerb who want to cross.
    pub walkers_waiting: u32,
    /// A vehicle stands or drives on it.
    pub vehicle_on: bool,
    /// Seconds until the next vehicle that does not give way is there; infinity when there is none.
    pub vehicle_in_s: f64,
}

impl Default for CrossingFacts {
    fn default() -> Self {
        Self { walkers_on: 0, walkers_waiting: 0, vehicle_on: false, vehicle_in_s: f64::INFINITY }
    }
}

/// Facts for all crossings of the walking network, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// One for each crossing.
    pub crossings: Vec<CrossingFacts>,
}

impl Exchange {
    /// Nobody anywhere.
    pub fn new(crossings: usize) -> Self {
        Self { crossings: vec![CrossingFacts::default(); crossings] }
    }
}
