//! Cheapest ways from one node to all others (Dijkstra).

use crate::graph::Graph;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No link.
pub(crate) const NONE: u32 = u32::MAX;

/// A place in the heap: costs are 0 or more, so that their bits are in their order; then the node.
type Entry = Reverse<(u64, u32)>;

/// Memory for searches.
#[derive(Debug)]
pub(crate) struct Search {
    /// From the origin to each node.
    pub cost: Vec<f64>,
    /// Link by which one comes to each node.
    pub by: Vec<u32>,
    /// Nodes in the order in which they were reached.
    pub order: Vec<u32>,
    heap: BinaryHeap<Entry>,
    origin: Option<u32>,
}

impl Search {
    pub fn new(graph: &Graph) -> Self {
        Self { cost: vec![f64::INFINITY; graph.nodes], by: vec![NONE; graph.nodes], order: Vec::with_capacity(graph.nodes), heap: BinaryHeap::new(), origin: None }
    }

    /// The origin of the last search.
    pub fn origin(&self) -> Option<u32> {
        self.origin
    }

    /// From one node to all others.
    pub fn run(&mut self, graph: &Graph, costs: &[f64], origin: u32) {
        self.cost.fill(f64::INFINITY);
        self.by.fill(NONE);
        self.order.clear();
        self.origin = Some(origin);
        self.cost[origin as usize] = 0.0;
        self.heap.push(Reverse((0, origin)));
        while let Some(Reverse((key, node))) = self.heap.pop() {
            let here = f64::from_bits(key);
            if here > self.cost[node as usize] {
                continue;
            }
            self.order.push(node);
            if node < graph.first_through && node != origin {
                continue;
            }
            for &link in graph.outgoing(node) {
                let to = graph.ends[link as usize].1 as usize;
                let cost = here + costs[link as usize];
                if cost < self.cost[to] {
                    self.cost[to] = cost;
                    self.by[to] = link;
                    self.heap.push(Reverse((cost.to_bits(), to as u32)));
                }
            }
        }
    }
}
