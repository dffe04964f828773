//! The graph: edges of streets as nodes, turns as arcs.

use super::NONE;
use qike_scene::traffic::{EdgeKind, MapEdge, RightOfWay, RoadMap, RoadUsers, TurnKind};

/// Seconds that ways over junctions cost beyond driving over them. Defaults are those of SUMO 1.28's routers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalties {
    /// Where one gives way.
    pub minor_s: f64,
    /// At a light.
    pub signal_s: f64,
    /// Turning back where there is no light.
    pub back_s: f64,
}

impl Default for Penalties {
    fn default() -> Self {
        Self { minor_s: 1.5, signal_s: 0.0, back_s: 5.0 }
    }
}

/// A stretch: an edge, or lanes over a junction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    /// Length, m.
    pub length: f64,
    /// Limit, m/s.
    pub speed: f64,
    /// Seconds beyond driving.
    pub penalty: f64,
}

/// A way over a junction from one edge to another.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// Who may take it: those whom the lane before, the lane over the junction and the lane after let pass.
    pub users: RoadUsers,
    /// First of its stretches over the junction, as an edge of the map; [`NONE`]: there are none.
    pub first: u32,
}

/// Edges of streets and the turns between them.
#[derive(Clone, Debug, Default)]
pub struct RouteGraph {
    /// For each node its edge of the map.
    pub(super) edges: Vec<u32>,
    /// For each edge of the map its node, or [`NONE`].
    pub(super) nodes: Vec<u32>,
    /// First arc of each node, and the end.
    pub(super) starts: Vec<u32>,
    /// Where arcs lead.
    pub(super) heads: Vec<u32>,
    /// First crossing of each arc, and the end.
    pub(super) ways: Vec<u32>,
    /// Crossings, arc by arc.
    pub(super) crossings: Vec<Crossing>,
    /// For each edge of the map.
    pub(super) stretches: Vec<Stretch>,
    /// Over a junction: the edge that follows on it, or [`NONE`].
    pub(super) follows: Vec<u32>,
    /// For each node: who may use one of its lanes.
    pub(super) users: Vec<RoadUsers>,
    /// For each node its middle.
    pub(super) middles: Vec<[f32; 2]>,
}

impl RouteGraph {
    /// Of a map. An edge is as long and as fast as its fastest lane.
    pub fn new(map: &RoadMap, penalties: &Penalties) -> Self {
        let edge_of = |lane: u32| map.lanes.get(lane as usize).map(|l| l.edge);
        let mut graph = Self { nodes: vec![NONE; map.edges.len()], follows: vec![NONE; map.edges.len()], ..Self::default() };
        for (at, edge) in (0..).zip(&map.edges) {
            graph.stretches.push(stretch(map, edge));
            if edge.kind == EdgeKind::Normal {
                graph.nodes[at as usize] = graph.edges.len() as u32;
                graph.edges.push(at);
                graph.users.push(lanes(map, edge).fold(RoadUsers::NONE, |all, lane| all.union(lane.allowed)));
                graph.middles.push(middle(map, edge));
            }
        }
        // Turns: from, to, over which lanes, for whom.
        let mut turns: Vec<(u32, u32, u32, RoadUsers)> = Vec::with_capacity(map.connections.len());
        for link in &map.connections {
            let (Some(from), Some(to)) = (edge_of(link.from), edge_of(link.to)) else { continue };
            let via = link.via.and_then(edge_of).unwrap_or(NONE);
            if via != NONE {
                // The penalty of lanes over a junction is that of the connection that leads onto them.
                let gives_way = matches!(link.right_of_way, RightOfWay::Minor | RightOfWay::Equal | RightOfWay::Stop | RightOfWay::AllWayStop);
                let seconds = match (link.turn, link.light) {
                    (_, Some(_)) => penalties.signal_s,
                    (TurnKind::Turn, None) => penalties.back_s,
                    _ if gives_way => penalties.minor_s,
                    _ => 0.0,
                };
                if seconds > 0.0 {
                    graph.stretches[via as usize].penalty = seconds;
                }
            }
            match (graph.nodes[from as usize], graph.nodes[to as usize]) {
                (NONE, _) => graph.follows[from as usize] = via,
                (_, NONE) => {}
                (a, b) => {
                    let allowed = |lane: u32| map.lanes[lane as usize].allowed.0;
                    let users = allowed(link.from) & allowed(link.to) & link.via.map_or(u64::MAX, allowed);
                    turns.push((a, b, via, RoadUsers(users)));
                }
            }
        }
        turns.sort_unstable_by_key(|t| (t.0, t.1, t.2));
        graph.starts.reserve(graph.edges.len() + 1);
        let mut last = (NONE, NONE, NONE);
        for (from, to, first, users) in turns {
            if (from, to, first) == last {
                if let Some(known) = graph.crossings.last_mut() {
                    known.users = known.users.union(users);
                }
                continue;
            }
            while graph.starts.len() <= from as usize {
                graph.starts.push(graph.heads.len() as u32);
            }
            if (from, to) != (last.0, last.1) {
                graph.heads.push(to);
                graph.ways.push(graph.crossings.len() as u32);
            }
            graph.crossings.push(Crossing { users, first });
            last = (from, to, first);
        }
        graph.starts.resize(graph.edges.len() + 1, graph.heads.len() as u32);
        graph.ways.push(graph.crossings.len() as u32);
        graph
    }

    /// How many edges of streets there are.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// How many turns there are.
    pub fn turns(&self) -> usize {
        self.heads.len()
    }

    /// The node of an edge of the map; none for edges over junctions and those that the map does not have.
    pub(super) fn node(&self, edge: u32) -> Option<u32> {
        self.nodes.get(edge as usize).copied().filter(|n| *n != NONE)
    }

    /// Arcs that leave a node.
    #[inline]
    pub(super) fn arcs(&self, node: u32) -> std::ops::Range<usize> {
        self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize
    }

    /// Stretches over the junction, from the first one of a crossing on.
    pub(super) fn over(&self, first: u32) -> impl Iterator<Item = &Stretch> + '_ {
        // No junction has more stretches one after the other than that; a broken map may lead in a circle.
        const MOST: usize = 16;
        std::iter::successors(Some(first), |at| self.follows.get(*at as usize).copied()).take_while(|at| *at != NONE).take(MOST).filter_map(|at| self.stretches.get(at as usize))
    }
}

fn lanes<'m>(map: &'m RoadMap, edge: &MapEdge) -> impl Iterator<Item = &'m qike_scene::traffic::MapLane> + use<'m> {
    map.lanes.get(edge.lanes.start as usize..edge.lanes.end as usize).unwrap_or_default().iter()
}

fn stretch(map: &RoadMap, edge: &MapEdge) -> Stretch {
    lanes(map, edge).fold(Stretch::default(), |best, lane| if lane.speed_mps > best.speed { Stretch { length: lane.length_m, speed: lane.speed_mps, penalty: 0.0 } } else { best })
}

fn middle(map: &RoadMap, edge: &MapEdge) -> [f32; 2] {
    let end = |junction: Option<u32>| junction.and_then(|j| map.junctions.get(j as usize)).map_or([0.0; 3], |j| j.position);
    let (a, b) = (end(edge.from), end(edge.to));
    [0, 1].map(|axis| {
        let at = ((a[axis] + b[axis]) / 2.0) as f32;
        if at.is_finite() { at } else { 0.0 }
    })
}
