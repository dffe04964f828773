//! The bi-conjugate method of Frank and Wolfe: each direction is conjugate to the last two.

use crate::cost::Costs;
use crate::graph::{Graph, Origin};
use crate::search::{NONE, Search};
use crate::{AssignError, Assignment, Goal, Step};
use qike_core::Feedback;

/// A step as long as that leaves nothing to be conjugate to.
const WHOLE_STEP: f64 = 0.99;

/// All trips on the cheapest ways: flows, and the cost of all trips.
fn cheapest(graph: &Graph, origins: &[Origin], cost: &[f64], search: &mut Search, flows: &mut Vec<f64>) -> f64 {
    flows.clear();
    flows.resize(cost.len(), 0.0);
    let mut node_flow = vec![0.0; graph.nodes];
    let mut sum = 0.0;
    for origin in origins {
        search.run(graph, cost, origin.node);
        for (to, trips) in &origin.trips {
            node_flow[*to as usize] += trips;
            sum += search.cost[*to as usize] * trips;
        }
        for &node in search.order.iter().rev() {
            let flow = std::mem::take(&mut node_flow[node as usize]);
            let by = search.by[node as usize];
            if flow > 0.0 && by != NONE {
                flows[by as usize] += flow;
                node_flow[graph.ends[by as usize].0 as usize] += flow;
            }
        }
    }
    sum
}

/// Runs it.
pub(crate) fn run(graph: &Graph, costs: &Costs, origins: &[Origin], goal: &Goal, feedback: &Feedback) -> Result<Assignment, AssignError> {
    let links = costs.len();
    let mut search = Search::new(graph);
    let (mut cost, mut flows, mut aim) = (Vec::new(), Vec::new(), Vec::new());
    costs.all(&vec![0.0; links], &mut cost);
    cheapest(graph, origins, &cost, &mut search, &mut flows);
    costs.all(&flows, &mut cost);
    let task = feedback.task("assign", u64::from(goal.iterations));
    let mut result = Assignment::default();
    // Where the last two steps aimed at, the last one's length, and how many steps there were since the last plain one.
    let (mut last, mut before): (Vec<f64>, Vec<f64>) = (vec![0.0; links], vec![0.0; links]);
    let (mut length, mut conjugate) = (0.0, 0);
    for iteration in 1..=goal.iterations {
        feedback.check()?;
        let least = cheapest(graph, origins, &cost, &mut search, &mut aim);
        let total: f64 = flows.iter().zip(&cost).map(|(f, c)| f * c).sum();
        let gap = if total > 0.0 { ((total - least) / total).max(0.0) } else { 0.0 };
        result.steps.push(Step { iteration, gap, objective: costs.objective(&flows), total });
        task.advance(1);
        if gap <= goal.gap {
            result.converged = true;
            break;
        }
        let slopes: Vec<f64> = flows.iter().enumerate().map(|(link, flow)| costs.at(link, *flow).1).collect();
        let weights = mix(&flows, &aim, &last, &before, &slopes, length, conjugate);
        let target: Vec<f64> = (0..links).map(|n| weights[0] * aim[n] + weights[1] * last[n] + weights[2] * before[n]).collect();
        let mut direction: Vec<f64> = target.iter().zip(&flows).map(|(t, f)| t - f).collect();
        let falls = direction.iter().zip(&cost).map(|(d, c)| d * c).sum::<f64>() < 0.0;
        let plain = !falls || weights[0] == 1.0;
        let target = if falls { target } else { aim.clone() };
        if !falls {
            direction = target.iter().zip(&flows).map(|(t, f)| t - f).collect();
        }
        length = line(costs, &flows, &direction);
        conjugate = if length >= WHOLE_STEP { 0 } else if plain { 1 } else { 2.min(conjugate + 1) };
        for (flow, d) in flows.iter_mut().zip(&direction) {
            *flow = (*flow + length * d).max(0.0);
        }
        before = std::mem::replace(&mut last, target);
        costs.all(&flows, &mut cost);
    }
    result.flows = flows;
    result.costs = cost;
    Ok(result)
}

/// Weights of the cheapest ways, of the last aim and of the one before it (Mitradjieva, Lindberg 2013, section 3).
fn mix(flows: &[f64], aim: &[f64], last: &[f64], before: &[f64], slopes: &[f64], length: f64, conjugate: u32) -> [f64; 3] {
    let product = |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| (0..flows.len()).map(|n| slopes[n] * a(n) * b(n)).sum::<f64>();
    let to_aim = |n: usize| aim[n] - flows[n];
    let to_last = |n: usize| last[n] - flows[n];
    match conjugate {
        0 => [1.0, 0.0, 0.0],
        1 => {
            let (up, down) = (product(&to_last, &to_aim), product(&to_last, &|n| aim[n] - last[n]));
            let share = if down == 0.0 { 0.0 } else { (up / down).clamp(0.0, WHOLE_STEP) };
            [1.0 - share, share, 0.0]
        }
        _ => {
            let bar = |n: usize| length * last[n] - flows[n] + (1.0 - length) * before[n];
            let (up, down) = (product(&bar, &to_aim), product(&bar, &|n| before[n] - last[n]));
            let mu = if down == 0.0 { 0.0 } else { (-up / down).max(0.0) };
            let (up, down) = (product(&to_last, &to_aim), product(&to_last, &to_last));
            let nu = if down == 0.0 { 0.0 } else { (-up / down + mu * length / (1.0 - length)).max(0.0) };
            let plain = 1.0 / (1.0 + mu + nu);
            [plain, nu * plain, mu * plain]
        }
    }
}

/// How far along a direction the objective falls: the root of its derivative in 0..1, by Newton's steps between halves.
fn line(costs: &Costs, flows: &[f64], direction: &[f64]) -> f64 {
    let at = |step: f64| {
        let mut sums = (0.0, 0.0);
        for (link, (flow, d)) in flows.iter().zip(direction).enumerate() {
            if *d != 0.0 {
                let (cost, slope) = costs.at(link, flow + step * d);
                sums.0 += cost * d;
                sums.1 += slope * d * d;
            }
        }
        sums
    };
    let (mut low, mut high) = (0.0, 1.0);
    if at(1.0).0 <= 0.0 {
        return 1.0;
    }
    let mut step = 0.5;
    for _ in 0..60 {
        let (value, slope) = at(step);
        if value > 0.0 { high = step } else { low = step }
        let newton = step - value / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - step).abs() <= 1e-15 || value == 0.0 {
            break;
        }
        step = next;
    }
    step
}
