//! Dijkstra's search over the graph, with travel times that change over the day, and towards bounds where there are any (A*).

use super::{NONE, RouteGraph, Timetable};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A place in the heap: by key, then by node, so that the answer does not depend on the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    key: f64,
    cost: f64,
    node: u32,
}

impl Eq for Entry {}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.total_cmp(&other.key).then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Memory for searches, used again from one to the next.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// By node: round in which it was reached, seconds until one enters it, the node before.
    reached: Vec<(u32, f64, u32)>,
    round: u32,
    heap: BinaryHeap<Reverse<Entry>>,
}

impl Search {
    /// The cheapest route between two nodes for one who enters the first at `ms`, both included, into `route`; its seconds, or
    /// infinity where there is none. `bound`: no more than what remains from entering a node to the end of the last one.
    pub(super) fn route(&mut self, graph: &RouteGraph, table: &Timetable, (from, to): (u32, u32), ms: f64, mut bound: impl FnMut(u32) -> f64, route: &mut Vec<u32>) -> f64 {
        route.clear();
        self.heap.clear();
        if self.round == u32::MAX || self.reached.len() != graph.len() {
            self.reached = vec![(0, 0.0, NONE); graph.len()];
            self.round = 0;
        }
        self.round += 1;
        self.reached[from as usize] = (self.round, 0.0, NONE);
        self.heap.push(Reverse(Entry { key: bound(from), cost: 0.0, node: from }));
        while let Some(Reverse(Entry { cost, node, key })) = self.heap.pop() {
            if cost > self.reached[node as usize].1 {
                continue;
            }
            if key == f64::INFINITY {
                break;
            }
            let left = cost + table.seconds(node, ms + cost * 1000.0);
            if left == f64::INFINITY {
                continue;
            }
            if node == to {
                let mut at = to;
                while at != NONE {
                    route.push(at);
                    at = self.reached[at as usize].2;
                }
                route.reverse();
                return left;
            }
            for arc in graph.arcs(node) {
                let (head, cost) = (graph.heads[arc], left + table.turn(arc));
                let known = &mut self.reached[head as usize];
                if cost < f64::INFINITY && (known.0 != self.round || cost < known.1) {
                    *known = (self.round, cost, node);
                    self.heap.push(Reverse(Entry { key: cost + bound(head), cost, node: head }));
                }
            }
        }
        f64::INFINITY
    }
}
