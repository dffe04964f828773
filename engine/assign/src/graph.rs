//! Links by the nodes where they begin and end.

use crate::cost::Costs;
use crate::search::Search;
use qike_network::traffic::{LinkNetwork, TripTable};

/// A network by its nodes.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Nodes.
    pub nodes: usize,
    /// Nodes below begin and end trips only.
    pub first_through: u32,
    /// For each link where it begins and ends.
    pub ends: Vec<(u32, u32)>,
    /// First outgoing link of each node in `out`, and the end.
    out_starts: Vec<u32>,
    out: Vec<u32>,
    /// The same of incoming links.
    in_starts: Vec<u32>,
    into: Vec<u32>,
}

impl Graph {
    pub fn new(network: &LinkNetwork) -> Self {
        let nodes = network.nodes as usize;
        let by = |key: fn(&qike_network::traffic::CostLink) -> u32| {
            let mut starts = vec![0_u32; nodes + 1];
            for link in &network.links {
                starts[key(link) as usize + 1] += 1;
            }
            for n in 0..nodes {
                starts[n + 1] += starts[n];
            }
            let (mut free, mut all) = (starts.clone(), vec![0_u32; network.links.len()]);
            for (n, link) in (0..).zip(&network.links) {
                let at = &mut free[key(link) as usize];
                all[*at as usize] = n;
                *at += 1;
            }
            (starts, all)
        };
        let ((out_starts, out), (in_starts, into)) = (by(|l| l.from), by(|l| l.to));
        Self { nodes, first_through: network.first_through, ends: network.links.iter().map(|l| (l.from, l.to)).collect(), out_starts, out, in_starts, into }
    }

    /// Links that leave a node.
    #[inline]
    pub fn outgoing(&self, node: u32) -> &[u32] {
        &self.out[self.out_starts[node as usize] as usize..self.out_starts[node as usize + 1] as usize]
    }

    /// Links that lead to a node.
    #[inline]
    pub fn incoming(&self, node: u32) -> &[u32] {
        &self.into[self.in_starts[node as usize] as usize..self.in_starts[node as usize + 1] as usize]
    }
}

/// Trips of one origin: to, how many.
#[derive(Debug)]
pub(crate) struct Origin {
    pub node: u32,
    pub trips: Vec<(u32, f64)>,
}

/// Trips by origin without those that stay in their zone, and those for which there is no way.
pub(crate) fn reachable(graph: &Graph, costs: &Costs, trips: &TripTable) -> (Vec<Origin>, Vec<(u32, u32, f64)>) {
    let (mut origins, mut unreached) = (Vec::<Origin>::new(), Vec::new());
    let (mut free, mut search) = (Vec::new(), Search::new(graph));
    costs.all(&vec![0.0; costs.len()], &mut free);
    for &(from, to, trips) in trips.trips.iter().filter(|t| t.2 > 0.0 && t.0 != t.1) {
        if search.origin() != Some(from) {
            search.run(graph, &free, from);
        }
        if search.cost[to as usize] == f64::INFINITY {
            unreached.push((from, to, trips));
            continue;
        }
        match origins.last_mut().filter(|o| o.node == from) {
            Some(origin) => origin.trips.push((to, trips)),
            None => origins.push(Origin { node: from, trips: vec![(to, trips)] }),
        }
    }
    (origins, unreached)
}
