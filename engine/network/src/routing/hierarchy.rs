//! The hierarchy: an order of nodes by nested dissection, the arcs that it needs, and what they cost.
//!
//! Order and arcs come from the crate `cch`; they depend on the graph alone. Costs are 64-bit floats of our own, so that neither
//! long ways overflow nor short ones round: an arc may cost nothing, or be closed (infinite).

use super::order::{self, Order};
use super::{Costs, NONE, RouteGraph};
use std::ops::Range;

/// Cells of fewer nodes are not worth a task of their own.
const SMALL: usize = 2000;

/// The order of nodes and the arcs between them, for all costs.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// Rank of each node. From here on nodes are called by rank.
    pub(super) rank: Vec<u32>,
    /// Node of each rank.
    pub(super) order: Vec<u32>,
    /// Least neighbour above: parent in the elimination tree, or [`NONE`].
    pub(super) parent: Vec<u32>,
    /// First arc up of each node, and the end.
    pub(super) up_starts: Vec<u32>,
    /// Heads of arcs up, rising.
    pub(super) up_heads: Vec<u32>,
    /// First arc down of each node, and the end.
    pub(super) down_starts: Vec<u32>,
    /// Heads of arcs down, rising.
    pub(super) down_heads: Vec<u32>,
    /// The arc up that an arc down is.
    pub(super) down_arcs: Vec<u32>,
    /// For each turn of the graph its arc up; [`NONE`] for turns from an edge to itself.
    turn_arcs: Vec<u32>,
    /// For each turn: it leads up.
    turn_up: Vec<bool>,
    /// Parts that can be worked on at the same time.
    pub(super) cells: Vec<Option<Range<u32>>>,
}

/// What all arcs cost one who drives up along them, or down.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// Up and down.
    pub(super) costs: Vec<[f64; 2]>,
    /// Bit 0: up, the arc is a turn itself; bit 1: down.
    pub(super) direct: Vec<u8>,
    /// One more than the node below over which each arc leads, as far as it was asked for; 0: not yet. Empty: nothing was.
    pub(super) over: Vec<[u32; 2]>,
    /// Along edges, by node of the graph.
    pub(super) edges: Vec<f64>,
    /// Up and down without what is not needed, once that pays.
    pub(super) sharp: Option<Box<[super::sharp::Side; 2]>>,
}

impl Hierarchy {
    /// Of a graph.
    pub fn new(graph: &RouteGraph) -> Self {
        let tails: Vec<u32> = (0..graph.len() as u32).flat_map(|node| graph.arcs(node).map(move |_| node)).collect();
        let Order { nodes: order, cells } = order::of(graph);
        let built = cch::Cch::build(&cch::graph::Graph { first_out: graph.starts.clone(), head: graph.heads.clone(), weight: Vec::new() }, &order);
        let turn_up = tails.iter().zip(&graph.heads).map(|(a, b)| built.rank[*a as usize] < built.rank[*b as usize]).collect();
        Self {
            rank: built.rank,
            order: built.order,
            parent: built.elimination_tree_parent,
            up_starts: built.up_first_out,
            up_heads: built.up_head,
            down_starts: built.down_first_out,
            down_heads: built.down_head,
            down_arcs: built.down_to_up,
            turn_arcs: built.input_arc_to_cch_arc,
            turn_up,
            cells,
        }
    }

    /// How many arcs it has.
    pub fn arcs(&self) -> usize {
        self.up_heads.len()
    }

    /// The lower end of an arc.
    pub(super) fn tail(&self, arc: u32) -> u32 {
        (self.up_starts.partition_point(|start| *start <= arc) - 1) as u32
    }

    /// The arc up between two nodes that have one.
    pub(super) fn arc(&self, lower: u32, upper: u32) -> u32 {
        let up = self.up(lower);
        (up.start + self.up_heads[up].partition_point(|head| *head < upper)) as u32
    }

    /// Arcs up of a node.
    #[inline]
    pub(super) fn up(&self, node: u32) -> std::ops::Range<usize> {
        self.up_starts[node as usize] as usize..self.up_starts[node as usize + 1] as usize
    }

    /// Arcs down of a node.
    #[inline]
    pub(super) fn down(&self, node: u32) -> std::ops::Range<usize> {
        self.down_starts[node as usize] as usize..self.down_starts[node as usize + 1] as usize
    }

    /// Puts costs on all arcs. An arc from one edge to the next costs the first edge and the turn.
    pub fn customize(&self, graph: &RouteGraph, costs: &Costs) -> Metric {
        let mut metric = Metric::default();
        self.customize_into(graph, costs, &mut metric);
        metric
    }

    /// The same, in the memory of an earlier metric.
    pub fn customize_into(&self, graph: &RouteGraph, costs: &Costs, metric: &mut Metric) {
        metric.costs.clear();
        metric.costs.resize(self.arcs(), [f64::INFINITY; 2]);
        metric.direct.clear();
        metric.direct.resize(self.arcs(), 0);
        metric.over.clear();
        metric.sharp = None;
        metric.edges.clone_from(&costs.edges);
        let turns = || {
            (0..graph.len() as u32).flat_map(|node| graph.arcs(node).map(move |turn| (node, turn))).filter(|(_, turn)| self.turn_arcs[*turn] != NONE).map(|(node, turn)| {
                let open = if costs.edges[graph.heads[turn] as usize].is_finite() { 0.0 } else { f64::INFINITY };
                (self.turn_arcs[turn] as usize, usize::from(!self.turn_up[turn]), costs.edges[node as usize] + costs.turns[turn] + open)
            })
        };
        for (arc, side, cost) in turns() {
            let known = &mut metric.costs[arc][side];
            *known = known.min(cost);
        }
        self.triangles(1, &mut metric.costs);
        for (arc, side, cost) in turns() {
            if metric.costs[arc][side] == cost {
                metric.direct[arc] |= 1 << side;
            }
        }
    }

    /// Lower triangles of a cell, from below: the way from x up to z over a node y below both. `costs`: of all arcs up of the cell's
    /// nodes. The parts of a cell know nothing of each other, so they are done at the same time.
    fn triangles(&self, cell: usize, costs: &mut [[f64; 2]]) {
        let Some(ranks) = self.cell(cell) else { return };
        let first = self.up_starts[ranks.start as usize] as usize;
        let mut own = ranks.start;
        if let Some([before, after]) = self.parts(cell) {
            own = after.1.end;
            let [border, end] = [after.1.start, own].map(|rank| self.up_starts[rank as usize] as usize - first);
            let (low, high) = costs[..end].split_at_mut(border);
            rayon::join(|| self.triangles(before.0, low), || self.triangles(after.0, high));
        }
        let mut arc_to = vec![0_u32; self.rank.len()];
        for x in own..ranks.end {
            for arc in self.up(x) {
                arc_to[self.up_heads[arc] as usize] = arc as u32 - self.up_starts[x as usize];
            }
            let at = self.up(x).start - first;
            let (below, here) = costs.split_at_mut(at);
            for down in self.down(x) {
                let (y, bottom) = (self.down_heads[down], self.down_arcs[down] as usize);
                let [from_y, to_y] = below[bottom - first];
                // Arcs of y beyond the one to x.
                let beyond = bottom + 1..self.up_starts[y as usize + 1] as usize;
                for (head, [rise, fall]) in self.up_heads[beyond.clone()].iter().zip(&below[beyond.start - first..beyond.end - first]) {
                    let top = &mut here[arc_to[*head as usize] as usize];
                    *top = [top[0].min(to_y + rise), top[1].min(fall + from_y)];
                }
            }
        }
    }

    /// A cell, where it is big enough to be worth a task of its own.
    pub(super) fn cell(&self, cell: usize) -> Option<Range<u32>> {
        self.cells.get(cell).cloned().flatten().filter(|ranks| cell == 1 || ranks.len() >= SMALL)
    }

    /// The two parts of a cell with their ranks, one after the other, where both are.
    pub(super) fn parts(&self, cell: usize) -> Option<[(usize, Range<u32>); 2]> {
        let part = |n: usize| Some((n, self.cell(n)?));
        let (a, b) = (part(2 * cell)?, part(2 * cell + 1)?);
        Some(if a.1.start <= b.1.start { [a, b] } else { [b, a] })
    }

    /// The node below over which an arc leads that is no turn, as a rank.
    pub(super) fn over(&self, metric: &mut Metric, arc: u32, x: u32, z: u32, side: usize) -> u32 {
        if metric.over.is_empty() {
            metric.over = vec![[0; 2]; self.arcs()];
        }
        let known = &mut metric.over[arc as usize][side];
        if *known != 0 {
            return *known - 1;
        }
        // Nodes below both ends; the first whose two arcs cost the same.
        let (mut a, mut b) = (self.down(x), self.down(z));
        let cost = metric.costs[arc as usize][side];
        while let (Some(one), Some(other)) = (a.clone().next(), b.clone().next()) {
            match self.down_heads[one].cmp(&self.down_heads[other]) {
                std::cmp::Ordering::Less => _ = a.next(),
                std::cmp::Ordering::Greater => _ = b.next(),
                std::cmp::Ordering::Equal => {
                    let (to_x, to_z) = (metric.costs[self.down_arcs[one] as usize], metric.costs[self.down_arcs[other] as usize]);
                    if cost == if side == 0 { to_x[1] + to_z[0] } else { to_z[1] + to_x[0] } {
                        *known = self.down_heads[one] + 1;
                        return self.down_heads[one];
                    }
                    a.next();
                    b.next();
                }
            }
        }
        NONE
    }
}
