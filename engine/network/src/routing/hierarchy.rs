//! The hierarchy: an order of nodes by nested dissection, the arcs that it needs, and what they cost.
//!
//! Order and arcs come from the crate `cch`; they depend on the graph alone. Costs are 64-bit floats of our own, so that neither
//! long ways overflow nor short ones round: an arc may cost nothing, or be closed (infinite).

use super::{Costs, NONE, RouteGraph};

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
}

/// What all arcs cost one who drives up along them, or down.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// Up.
    pub(super) up: Vec<f64>,
    /// Down.
    pub(super) down: Vec<f64>,
    /// The node below over which each arc leads, up and down; [`NONE`]: it is a turn itself.
    pub(super) over: [Vec<u32>; 2],
    /// Along edges, by node of the graph.
    pub(super) edges: Vec<f64>,
    /// Up and down without what is not needed, once that pays.
    pub(super) sharp: Option<Box<[super::sharp::Side; 2]>>,
}

impl Hierarchy {
    /// Of a graph.
    pub fn new(graph: &RouteGraph) -> Self {
        let tails: Vec<u32> = (0..graph.len() as u32).flat_map(|node| graph.arcs(node).map(move |_| node)).collect();
        let (x, y): (Vec<f32>, Vec<f32>) = graph.middles.iter().map(|p| (p[0], p[1])).unzip();
        let order = if graph.is_empty() { Vec::new() } else { cch::inertial_order(graph.len() as u32, &tails, &graph.heads, &y, &x) };
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
        for side in [&mut metric.up, &mut metric.down] {
            side.clear();
            side.resize(self.arcs(), f64::INFINITY);
        }
        for over in &mut metric.over {
            over.clear();
            over.resize(self.arcs(), NONE);
        }
        metric.sharp = None;
        metric.edges.clone_from(&costs.edges);
        for node in 0..graph.len() as u32 {
            let along = costs.edges[node as usize];
            for turn in graph.arcs(node) {
                let arc = self.turn_arcs[turn];
                if arc != NONE {
                    let side = if self.turn_up[turn] { &mut metric.up } else { &mut metric.down };
                    let known = &mut side[arc as usize];
                    *known = known.min(along + costs.turns[turn] + if costs.edges[graph.heads[turn] as usize].is_finite() { 0.0 } else { f64::INFINITY });
                }
            }
        }
        // Lower triangles, from below: the way from x up to z over a node y below both.
        let mut arc_to = vec![NONE; self.rank.len()];
        for x in 0..self.rank.len() as u32 {
            for arc in self.up(x) {
                arc_to[self.up_heads[arc] as usize] = arc as u32;
            }
            for down in self.down(x) {
                let (y, bottom) = (self.down_heads[down], self.down_arcs[down] as usize);
                let (to_y, from_y) = (metric.down[bottom], metric.up[bottom]);
                // Arcs of y beyond the one to x.
                for mid in bottom + 1..self.up_starts[y as usize + 1] as usize {
                    let top = arc_to[self.up_heads[mid] as usize] as usize;
                    let (there, back) = (to_y + metric.up[mid], metric.down[mid] + from_y);
                    if there < metric.up[top] {
                        metric.up[top] = there;
                        metric.over[0][top] = y;
                    }
                    if back < metric.down[top] {
                        metric.down[top] = back;
                        metric.over[1][top] = y;
                    }
                }
            }
        }
    }
}
