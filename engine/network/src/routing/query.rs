//! Routes and tables of costs from a hierarchy.

use super::{Hierarchy, Metric, NONE, RouteGraph};

/// Memory for asking a hierarchy, used again from one question to the next.
#[derive(Clone, Debug)]
pub struct Query {
    /// Costs from the start, and from nodes to the end.
    from_start: Vec<f64>,
    to_end: Vec<f64>,
    /// Arcs by which one came.
    arc_up: Vec<u32>,
    arc_down: Vec<u32>,
    start: u32,
    end: u32,
}

impl Query {
    /// For a hierarchy.
    pub fn new(hierarchy: &Hierarchy) -> Self {
        let n = hierarchy.rank.len();
        Self { from_start: vec![f64::INFINITY; n], to_end: vec![f64::INFINITY; n], arc_up: vec![NONE; n], arc_down: vec![NONE; n], start: NONE, end: NONE }
    }

    /// The cheapest route between two nodes of the graph, both included, into `route`; its cost, or infinity where there is none.
    /// Between questions about different costs stands [`Self::forget`].
    pub(super) fn route(&mut self, h: &Hierarchy, metric: &mut Metric, from: u32, to: u32, route: &mut Vec<u32>) -> f64 {
        route.clear();
        let last = metric.edges[to as usize];
        if from == to {
            if last.is_finite() {
                route.push(from);
            }
            return last;
        }
        let (s, t) = (h.rank[from as usize], h.rank[to as usize]);
        self.climb(h, metric, s);
        let (cost, top) = self.meet(h, metric, t);
        if top == NONE {
            return f64::INFINITY;
        }
        // Arcs from the top down to the start, then unpacked from the start on.
        route.push(from);
        let mut stack: Vec<(u32, u32, u32, bool)> = Vec::new();
        let mut at = top;
        while at != s {
            let arc = self.arc_up[at as usize];
            let tail = h.tail(arc);
            stack.push((arc, tail, at, true));
            at = tail;
        }
        unpack(h, metric, &mut stack, route);
        at = top;
        while at != t {
            let arc = self.arc_down[at as usize];
            let tail = h.tail(arc);
            stack.push((arc, tail, at, false));
            unpack(h, metric, &mut stack, route);
            at = tail;
        }
        cost + last
    }

    /// The next question is about other costs.
    pub(super) fn forget(&mut self, h: &Hierarchy) {
        let mut x = self.start;
        while x != NONE {
            self.from_start[x as usize] = f64::INFINITY;
            x = h.parent[x as usize];
        }
        self.start = NONE;
    }

    /// Costs from a node to those above it; they stay as long as one asks from there and for the same costs.
    fn climb(&mut self, h: &Hierarchy, metric: &Metric, s: u32) {
        if self.start == s {
            return;
        }
        self.forget(h);
        self.start = s;
        self.from_start[s as usize] = 0.0;
        let mut x = s;
        while x != NONE {
            let here = self.from_start[x as usize];
            if here < f64::INFINITY {
                let reach = |head: u32, arc: u32, cost: f64| {
                    let known = &mut self.from_start[head as usize];
                    if here + cost < *known {
                        *known = here + cost;
                        self.arc_up[head as usize] = arc;
                    }
                };
                arcs_up(h, metric, 0, x, reach);
            }
            x = h.parent[x as usize];
        }
    }

    /// Costs from nodes above to one; the least sum and where it is.
    fn meet(&mut self, h: &Hierarchy, metric: &Metric, t: u32) -> (f64, u32) {
        let mut x = self.end;
        while x != NONE {
            self.to_end[x as usize] = f64::INFINITY;
            x = h.parent[x as usize];
        }
        self.end = t;
        self.to_end[t as usize] = 0.0;
        let mut best = (f64::INFINITY, NONE);
        x = t;
        while x != NONE {
            let here = self.to_end[x as usize];
            if here < best.0 {
                let sum = here + self.from_start[x as usize];
                if sum < best.0 {
                    best = (sum, x);
                }
                let reach = |head: u32, arc: u32, cost: f64| {
                    let known = &mut self.to_end[head as usize];
                    if here + cost < *known {
                        *known = here + cost;
                        self.arc_down[head as usize] = arc;
                    }
                };
                arcs_up(h, metric, 1, x, reach);
            }
            x = h.parent[x as usize];
        }
        best
    }

    /// Costs of the cheapest routes from each of some edges of the map to each of others, row by row; infinity where there is none.
    pub fn table(&mut self, h: &Hierarchy, graph: &RouteGraph, metric: &Metric, from: &[u32], to: &[u32]) -> Vec<f64> {
        self.forget(h);
        // All nodes above targets, from the top.
        let mut wanted: Vec<u32> = Vec::new();
        let mut known = vec![false; h.rank.len()];
        for target in to.iter().filter_map(|e| graph.node(*e)) {
            let mut x = h.rank[target as usize];
            while x != NONE && !std::mem::replace(&mut known[x as usize], true) {
                wanted.push(x);
                x = h.parent[x as usize];
            }
        }
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        let mut table = Vec::with_capacity(from.len() * to.len());
        let mut cost = vec![f64::INFINITY; h.rank.len()];
        for source in from {
            let Some(s) = graph.node(*source) else {
                table.resize(table.len() + to.len(), f64::INFINITY);
                continue;
            };
            self.climb(h, metric, h.rank[s as usize]);
            for &x in &wanted {
                let best = h.up(x).map(|arc| cost[h.up_heads[arc] as usize] + metric.costs[arc][1]).fold(self.from_start[x as usize], f64::min);
                cost[x as usize] = best;
            }
            table.extend(to.iter().map(|e| graph.node(*e).map_or(f64::INFINITY, |t| cost[h.rank[t as usize] as usize] + metric.edges[t as usize])));
        }
        self.forget(h);
        table
    }

    /// Prepares bounds of costs to an end: forgets those of the last one.
    pub(super) fn aim(&mut self, h: &Hierarchy, metric: &Metric, to: u32, bounds: &mut Bounds) {
        for x in bounds.touched.drain(..) {
            bounds.cost[x as usize] = f64::NAN;
        }
        bounds.cost.resize(h.rank.len(), f64::NAN);
        // Nothing is reached from anywhere: the sweep goes to the root.
        self.forget(h);
        self.meet(h, metric, h.rank[to as usize]);
        bounds.last = metric.edges[to as usize];
    }

    /// The least cost from a node of the graph to the end that was aimed at, both edges included.
    pub(super) fn bound(&self, h: &Hierarchy, metric: &Metric, node: u32, bounds: &mut Bounds) -> f64 {
        let start = h.rank[node as usize];
        let mut x = start;
        while x != NONE && bounds.cost[x as usize].is_nan() {
            bounds.chain.push(x);
            x = h.parent[x as usize];
        }
        while let Some(x) = bounds.chain.pop() {
            let down = self.to_end[x as usize];
            bounds.cost[x as usize] = h.up(x).map(|arc| metric.costs[arc][0] + bounds.cost[h.up_heads[arc] as usize]).fold(down, f64::min);
            bounds.touched.push(x);
        }
        bounds.cost[start as usize] + bounds.last
    }
}

/// All arcs up of a node (upper end, arc, cost), driven up (0) or down (1).
#[inline]
fn arcs_up(h: &Hierarchy, metric: &Metric, side: usize, x: u32, mut reach: impl FnMut(u32, u32, f64)) {
    match &metric.sharp {
        Some(sharp) => sharp[side].of(x).iter().for_each(|(head, arc, cost)| reach(*head, *arc, *cost)),
        None => {
            h.up(x).for_each(|arc| reach(h.up_heads[arc], arc as u32, metric.costs[arc][side]));
        }
    }
}

/// Lower bounds of costs to one end, worked out where they are asked for (Strasser, Zeitz: A* with CH potentials, 2021).
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    cost: Vec<f64>,
    touched: Vec<u32>,
    chain: Vec<u32>,
    last: f64,
}

/// Arcs (arc, lower end, upper end, driven up) as nodes of the graph, the last of the stack first; each arc adds where it leads.
fn unpack(h: &Hierarchy, metric: &mut Metric, stack: &mut Vec<(u32, u32, u32, bool)>, route: &mut Vec<u32>) {
    while let Some((arc, x, y, up)) = stack.pop() {
        let side = usize::from(!up);
        let z = if metric.direct[arc as usize] >> side & 1 == 1 { NONE } else { h.over(metric, arc, x, y, side) };
        if z == NONE {
            route.push(h.order[if up { y } else { x } as usize]);
            continue;
        }
        let (to_x, to_y) = ((h.arc(z, x), z, x), (h.arc(z, y), z, y));
        let (first, then) = if up { (to_x, to_y) } else { (to_y, to_x) };
        stack.extend([(then.0, then.1, then.2, true), (first.0, first.1, first.2, false)]);
    }
}
