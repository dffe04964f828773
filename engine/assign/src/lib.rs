//! Static assignment: which ways trips take when nobody can do better by another one (Wardrop's user equilibrium).
//!
//! The equilibrium is the least of Beckmann's objective, the sum over links of the integral of cost over flow. Two methods find it:
//!
//! - [`Method::Bushes`] keeps for each origin the acyclic network of links that its trips use, and moves flow from the dearest used
//!   way to the cheapest (Dial, *A path-based user-equilibrium traffic assignment algorithm that obviates path storage and
//!   enumeration*, TR-B 40, 2006; Nie, *A class of bush-based algorithms for the traffic assignment problem*, TR-B 44, 2010).
//!   It goes to any gap that numbers of 64 bits can hold. Memory: origins times links.
//! - [`Method::Bfw`] is the bi-conjugate method of Frank and Wolfe (Mitradjieva, Lindberg, Transportation Science 47, 2013). Memory:
//!   a few numbers a link.
//!
//! The relative gap is (cost of all trips − cost if all had the cheapest way) / cost of all trips. All is done in one thread and in
//! the order of the input: the same input gives the same flows to the last bit.

mod bfw;
mod bush;
mod bushes;
mod cost;
mod graph;
mod search;

use cost::Costs;
use graph::Graph;
use qike_core::Feedback;
use qike_network::traffic::{LinkNetwork, TripTable};

/// How the equilibrium is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Bushes by origin.
    #[default]
    Bushes,
    /// Bi-conjugate Frank-Wolfe.
    Bfw,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// At this relative gap.
    pub gap: f64,
    /// After so many iterations.
    pub iterations: u32,
}

/// One iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its number, from 1.
    pub iteration: u32,
    /// Relative gap after it.
    pub gap: f64,
    /// Beckmann's objective.
    pub objective: f64,
    /// Cost of all trips.
    pub total: f64,
}

/// Flows at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// By link.
    pub flows: Vec<f64>,
    /// By link, at these flows.
    pub costs: Vec<f64>,
    /// All iterations.
    pub steps: Vec<Step>,
    /// The gap was reached.
    pub converged: bool,
    /// Trips for which there is no way, as (from, to, how many): they are left out.
    pub unreached: Vec<(u32, u32, f64)>,
}

/// Why nothing can be assigned.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AssignError {
    /// A link or a trip names a node that there is not, or a number cannot be what it is.
    #[error("{0}")]
    Input(String),
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] qike_core::Cancelled),
}

/// Assigns trips to a network.
///
/// # Errors
/// Where the input contradicts itself, or the user stops it.
pub fn assign(network: &LinkNetwork, trips: &TripTable, method: Method, goal: &Goal, feedback: &Feedback) -> Result<Assignment, AssignError> {
    check(network, trips)?;
    let graph = Graph::new(network);
    let costs = Costs::new(network);
    let (trips, unreached) = graph::reachable(&graph, &costs, trips);
    let mut result = match method {
        Method::Bushes => bushes::run(&graph, &costs, &trips, goal, feedback)?,
        Method::Bfw => bfw::run(&graph, &costs, &trips, goal, feedback)?,
    };
    result.unreached = unreached;
    Ok(result)
}

fn check(network: &LinkNetwork, trips: &TripTable) -> Result<(), AssignError> {
    let fault = |text: String| Err(AssignError::Input(text));
    if network.zones > network.nodes {
        return fault(format!("there are {} zones and only {} nodes", network.zones, network.nodes));
    }
    for (n, link) in network.links.iter().enumerate() {
        let ends = link.from < network.nodes && link.to < network.nodes;
        let numbers = [link.free, link.b, link.power, link.fixed].iter().all(|v| v.is_finite() && *v >= 0.0) && (link.b == 0.0 || link.capacity.is_finite() && link.capacity > 0.0);
        if !ends || !numbers {
            return fault(format!("link {} from node {} to node {} has an end that there is not, or a cost below 0 or no capacity", n + 1, network.name(link.from), network.name(link.to)));
        }
    }
    let mut last = None;
    for (from, to, trips) in &trips.trips {
        if *from >= network.zones || *to >= network.zones || !trips.is_finite() || *trips < 0.0 || last >= Some((*from, *to)) {
            return fault(format!("{trips} trips from zone {} to zone {}: there is no such zone, or such number, or the pair is there twice or out of order", network.name(*from), network.name(*to)));
        }
        last = Some((*from, *to));
    }
    Ok(())
}
