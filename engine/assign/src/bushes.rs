//! The equilibrium by bushes: origin by origin, better links come in and flow is evened out, until no trip has a better way.

use crate::bush::{Bush, Labels, State};
use crate::cost::Costs;
use crate::graph::{Graph, Origin};
use crate::search::Search;
use crate::{AssignError, Assignment, Goal, Step};
use qike_core::Feedback;

/// Times that a bush is evened out before the next one's turn.
const PASSES: u32 = 6;

/// Runs it.
pub(crate) fn run(graph: &Graph, costs: &Costs, origins: &[Origin], goal: &Goal, feedback: &Feedback) -> Result<Assignment, AssignError> {
    let mut state = State::new(costs);
    let (mut search, mut labels) = (Search::new(graph), Labels::new(graph));
    let mut bushes: Vec<Bush> = origins.iter().map(|origin| Bush::new(graph, costs, origin, &mut search, &mut state)).collect();
    let task = feedback.task("assign", u64::from(goal.iterations));
    let mut result = Assignment::default();
    for iteration in 1..=goal.iterations {
        feedback.check()?;
        for (bush, origin) in bushes.iter_mut().zip(origins) {
            bush.improve(graph, &state, &mut labels);
            let mut first = 0.0;
            for pass in 0..PASSES {
                let moved = bush.shift(graph, costs, &mut state, &mut labels);
                first = if pass == 0 { moved } else { first };
                if moved <= 0.01 * first {
                    break;
                }
            }
            bush.settle(graph, origin, &mut labels);
        }
        // Sums of many small steps are made anew, so that they stay true.
        state.flow.fill(0.0);
        for bush in &bushes {
            state.flow.iter_mut().zip(&bush.flow).for_each(|(sum, flow)| *sum += flow);
        }
        state.refresh(costs);
        let step = measure(graph, costs, origins, &state.flow, &state.cost, &mut search, iteration);
        result.steps.push(step);
        task.advance(1);
        if step.gap <= goal.gap {
            result.converged = true;
            break;
        }
    }
    result.flows = state.flow;
    result.costs = state.cost;
    Ok(result)
}

/// What flows are worth.
pub(crate) fn measure(graph: &Graph, costs: &Costs, origins: &[Origin], flows: &[f64], cost: &[f64], search: &mut Search, iteration: u32) -> Step {
    let total: f64 = flows.iter().zip(cost).map(|(f, c)| f * c).sum();
    let mut least = 0.0;
    for origin in origins {
        search.run(graph, cost, origin.node);
        least += origin.trips.iter().map(|(to, trips)| search.cost[*to as usize] * trips).sum::<f64>();
    }
    let gap = if total > 0.0 { ((total - least) / total).max(0.0) } else { 0.0 };
    Step { iteration, gap, objective: costs.objective(flows), total }
}
