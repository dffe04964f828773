//! One origin's bush: an acyclic network of links that holds all its trips, and the flow on each link.

use crate::cost::Costs;
use crate::graph::{Graph, Origin};
use crate::search::{NONE, Search};

/// A share of a node's flow below that is a trace.
const TRACE: f64 = 1e-13;

/// A bush.
#[derive(Debug)]
pub(crate) struct Bush {
    origin: u32,
    /// By link.
    member: Vec<bool>,
    pub flow: Vec<f64>,
    /// Nodes that the bush reaches, each after those before it.
    order: Vec<u32>,
}

/// Labels of one bush, in memory that all share.
#[derive(Debug)]
pub(crate) struct Labels {
    /// Least cost from the origin over the bush, and the link by which it comes.
    least: Vec<f64>,
    least_by: Vec<u32>,
    /// Greatest cost over links that the bush uses, and the link.
    most: Vec<f64>,
    most_by: Vec<u32>,
    /// Place in the bush's order.
    place: Vec<u32>,
    /// Links of the two ways to a node, from it back.
    cheap: Vec<u32>,
    dear: Vec<u32>,
}

impl Labels {
    pub fn new(graph: &Graph) -> Self {
        let n = graph.nodes;
        Self { least: vec![0.0; n], least_by: vec![NONE; n], most: vec![0.0; n], most_by: vec![NONE; n], place: vec![NONE; n], cheap: Vec::new(), dear: Vec::new() }
    }
}

/// Flows and costs of all origins together, kept while flow moves.
#[derive(Debug)]
pub(crate) struct State {
    pub flow: Vec<f64>,
    pub cost: Vec<f64>,
    pub slope: Vec<f64>,
}

impl State {
    pub fn new(costs: &Costs) -> Self {
        let mut state = Self { flow: vec![0.0; costs.len()], cost: vec![0.0; costs.len()], slope: vec![0.0; costs.len()] };
        state.refresh(costs);
        state
    }

    /// Works out costs anew.
    pub fn refresh(&mut self, costs: &Costs) {
        for link in 0..costs.len() {
            (self.cost[link], self.slope[link]) = costs.at(link, self.flow[link]);
        }
    }

    #[inline]
    fn change(&mut self, costs: &Costs, link: usize, by: f64) {
        self.flow[link] = (self.flow[link] + by).max(0.0);
        (self.cost[link], self.slope[link]) = costs.at(link, self.flow[link]);
    }
}

impl Bush {
    /// With all trips on the cheapest ways.
    pub fn new(graph: &Graph, costs: &Costs, origin: &Origin, search: &mut Search, state: &mut State) -> Self {
        let links = state.flow.len();
        search.run(graph, &state.cost, origin.node);
        let mut bush = Self { origin: origin.node, member: vec![false; links], flow: vec![0.0; links], order: search.order.clone() };
        let mut node_flow = vec![0.0; graph.nodes];
        for (to, trips) in &origin.trips {
            node_flow[*to as usize] += trips;
        }
        for &node in search.order.iter().rev() {
            let by = search.by[node as usize];
            if by != NONE {
                let flow = node_flow[node as usize];
                bush.member[by as usize] = true;
                bush.flow[by as usize] = flow;
                state.change(costs, by as usize, flow);
                node_flow[graph.ends[by as usize].0 as usize] += flow;
            }
        }
        bush
    }

    /// Least and greatest costs to all nodes.
    fn label(&self, graph: &Graph, state: &State, l: &mut Labels) {
        for &node in &self.order {
            let n = node as usize;
            let (mut least, mut least_by, mut most, mut most_by) = (f64::INFINITY, NONE, f64::NEG_INFINITY, NONE);
            for &link in graph.incoming(node) {
                let at = link as usize;
                if !self.member[at] {
                    continue;
                }
                let from = graph.ends[at].0 as usize;
                let cost = l.least[from] + state.cost[at];
                if cost < least {
                    (least, least_by) = (cost, link);
                }
                if self.flow[at] > 0.0 {
                    let cost = l.most[from] + state.cost[at];
                    if cost > most {
                        (most, most_by) = (cost, link);
                    }
                }
            }
            if node == self.origin {
                (least, least_by, most, most_by) = (0.0, NONE, 0.0, NONE);
            }
            // Where nobody comes, nobody has a dearer way than the cheapest.
            l.least[n] = least;
            l.least_by[n] = least_by;
            l.most[n] = if most_by == NONE { least } else { most };
            l.most_by[n] = most_by;
        }
    }

    /// Takes out links that nobody uses and takes in those that shorten a way; gives whether any came in.
    pub fn improve(&mut self, graph: &Graph, state: &State, l: &mut Labels) -> bool {
        self.label(graph, state, l);
        for (link, (_, to)) in graph.ends.iter().enumerate() {
            if self.member[link] && self.flow[link] <= 0.0 && l.least_by[*to as usize] != link as u32 {
                self.member[link] = false;
            }
        }
        // Greatest costs over all links of the bush, used or not: a link that leads from a lower one to a higher one closes no circle.
        for &node in &self.order {
            if node != self.origin {
                let members = graph.incoming(node).iter().filter(|link| self.member[**link as usize]);
                l.most[node as usize] = members.map(|link| l.most[graph.ends[*link as usize].0 as usize] + state.cost[*link as usize]).fold(f64::NEG_INFINITY, f64::max);
            }
        }
        for (place, node) in (0..).zip(&self.order) {
            l.place[*node as usize] = place;
        }
        let mut grown = false;
        for shorter in [true, false] {
            for (link, &(from, to)) in graph.ends.iter().enumerate() {
                let (a, b) = (from as usize, to as usize);
                // Links that nobody may take: out of zones, into the origin, from where the bush does not go.
                if self.member[link] || to == self.origin || l.place[a] == NONE || l.place[b] == NONE || from < graph.first_through && from != self.origin {
                    continue;
                }
                let cost = state.cost[link];
                // First those that shorten the least way; where there are none, those that shorten the greatest.
                let takes = if shorter { l.least[a] + cost < l.least[b] && l.most[a] < l.most[b] } else { l.most[a] + cost < l.most[b] };
                if takes {
                    self.member[link] = true;
                    grown = true;
                }
            }
            if grown {
                break;
            }
        }
        for node in &self.order {
            l.place[*node as usize] = NONE;
        }
        self.sort(graph, l);
        grown
    }

    /// Orders nodes so that each comes after those before it.
    fn sort(&mut self, graph: &Graph, l: &mut Labels) {
        let reached = self.order.len();
        for node in &self.order {
            l.place[*node as usize] = graph.incoming(*node).iter().filter(|link| self.member[**link as usize]).count() as u32;
        }
        self.order.clear();
        self.order.push(self.origin);
        let mut next = 0;
        while let Some(&node) = self.order.get(next) {
            next += 1;
            for &link in graph.outgoing(node) {
                if self.member[link as usize] {
                    let to = graph.ends[link as usize].1;
                    let left = &mut l.place[to as usize];
                    *left -= 1;
                    if *left == 0 {
                        self.order.push(to);
                    }
                }
            }
        }
        debug_assert_eq!(self.order.len(), reached, "a bush has a circle");
        for node in &self.order {
            l.place[*node as usize] = NONE;
        }
    }

    /// Moves flow from the dearest used way to the cheapest at each node, from the last node to the first. Gives the sum over nodes
    /// of what was moved times the difference in cost: how far from equal they were.
    pub fn shift(&mut self, graph: &Graph, costs: &Costs, state: &mut State, l: &mut Labels) -> f64 {
        self.label(graph, state, l);
        for (place, node) in (0..).zip(&self.order) {
            l.place[*node as usize] = place;
        }
        let mut moved = 0.0;
        for at in (1..self.order.len()).rev() {
            let node = self.order[at];
            let n = node as usize;
            if l.most_by[n] == NONE || l.most_by[n] == l.least_by[n] {
                continue;
            }
            // Both ways back to where they part.
            l.cheap.clear();
            l.dear.clear();
            let (mut a, mut b) = (node, node);
            loop {
                let (pa, pb) = (l.place[a as usize], l.place[b as usize]);
                if pa >= pb {
                    let by = l.least_by[a as usize];
                    l.cheap.push(by);
                    a = graph.ends[by as usize].0;
                }
                if pb >= pa {
                    // Where rounding left flow after a node but none before it, there is nothing to move.
                    let by = if l.most_by[b as usize] == NONE { l.least_by[b as usize] } else { l.most_by[b as usize] };
                    l.dear.push(by);
                    b = graph.ends[by as usize].0;
                }
                if a == b {
                    break;
                }
            }
            moved += self.equalise(costs, state, &l.cheap, &l.dear);
        }
        for node in &self.order {
            l.place[*node as usize] = NONE;
        }
        moved
    }

    /// Makes flows add up to the trips again, node by node from the last one, in the shares that they have; traces are dropped.
    pub fn settle(&mut self, graph: &Graph, origin: &Origin, l: &mut Labels) {
        let need = &mut l.most;
        self.order.iter().for_each(|node| need[*node as usize] = 0.0);
        for (to, trips) in &origin.trips {
            need[*to as usize] += trips;
        }
        for &node in self.order.iter().skip(1).rev() {
            let wanted = need[node as usize];
            let members = || graph.incoming(node).iter().map(|link| *link as usize).filter(|link| self.member[*link]);
            let sum: f64 = members().map(|link| self.flow[link]).sum();
            let kept: f64 = members().map(|link| self.flow[link]).filter(|flow| *flow > TRACE * sum).sum();
            let by = l.least_by[node as usize];
            for &link in graph.incoming(node) {
                let at = link as usize;
                if !self.member[at] {
                    continue;
                }
                let flow = &mut self.flow[at];
                *flow = if wanted <= 0.0 || *flow <= TRACE * sum { 0.0 } else { *flow * (wanted / kept) };
                if wanted > 0.0 && kept <= 0.0 && link == by {
                    *flow = wanted;
                }
                need[graph.ends[at].0 as usize] += *flow;
            }
        }
    }

    /// Moves flow between two ways until they cost the same or the dear one has none.
    fn equalise(&mut self, costs: &Costs, state: &mut State, cheap: &[u32], dear: &[u32]) -> f64 {
        let most = dear.iter().map(|link| self.flow[*link as usize]).fold(f64::INFINITY, f64::min);
        let sum = |state: &State| {
            let mut difference = 0.0;
            let mut slope = 0.0;
            for link in dear {
                difference += state.cost[*link as usize];
                slope += state.slope[*link as usize];
            }
            for link in cheap {
                difference -= state.cost[*link as usize];
                slope += state.slope[*link as usize];
            }
            (difference, slope)
        };
        let (difference, slope) = sum(state);
        if difference <= 0.0 || most <= 0.0 {
            return 0.0;
        }
        let step = if slope * most <= difference { most } else { difference / slope };
        self.apply(costs, state, cheap, dear, step, most);
        let mut total = step;
        // Where costs curve, one step of Newton's goes too far: back along the line between its ends.
        let (mut low, mut at_low, mut high) = (0.0, difference, step);
        for _ in 0..4 {
            let (now, slope) = sum(state);
            if now.abs() <= difference * 0.1 || now > 0.0 && total >= most {
                break;
            }
            let next = if now < 0.0 {
                high = total;
                low + (high - low) * at_low / (at_low - now)
            } else {
                (low, at_low) = (total, now);
                if high > total { (total + now / slope).min(0.5 * (total + high)) } else { (total + now / slope.max(f64::MIN_POSITIVE)).min(most) }
            };
            if !next.is_finite() || next == total {
                break;
            }
            let next = next.clamp(0.0, most);
            self.apply(costs, state, cheap, dear, next - total, most - total);
            total = next;
        }
        total * difference
    }

    /// Moves that much from one way to the other; all that there is, where it is as good as all.
    fn apply(&mut self, costs: &Costs, state: &mut State, cheap: &[u32], dear: &[u32], step: f64, most: f64) {
        for link in dear {
            let at = *link as usize;
            let flow = &mut self.flow[at];
            let before = *flow;
            *flow = if step >= most && before <= step * (1.0 + 1e-12) { 0.0 } else { (before - step).max(0.0) };
            state.change(costs, at, *flow - before);
        }
        for link in cheap {
            self.flow[*link as usize] += step;
            state.change(costs, *link as usize, step);
        }
    }
}
