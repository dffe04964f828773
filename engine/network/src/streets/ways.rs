//! Ways over edges: the quickest by free speeds, for trips that state only where they begin and end.

use super::Streets;
use qike_scene::traffic::RoadUsers;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Finds ways; its memory is used again from one to the next.
pub struct WayFinder<'s> {
    streets: &'s Streets,
    /// Edges that one comes to from each edge, with the lanes' users: start of each edge's.
    starts: Vec<u32>,
    next: Vec<(u32, RoadUsers)>,
    /// Seconds to drive along each edge.
    cost: Vec<f64>,
    reached: Vec<(u32, f64, u32)>,
    round: u32,
}

/// A place in the heap, ordered by cost, then by edge.
#[derive(PartialEq)]
struct At(f64, u32);

impl Eq for At {}

impl Ord for At {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<'s> WayFinder<'s> {
    /// Over these streets.
    pub fn new(streets: &'s Streets) -> Self {
        let (mut starts, mut next) = (Vec::with_capacity(streets.edges.len() + 1), Vec::<(u32, RoadUsers)>::new());
        let mut cost = Vec::with_capacity(streets.edges.len());
        for edge in &streets.edges {
            let first = next.len();
            starts.push(first as u32);
            let lanes = edge.lanes.0..edge.lanes.0 + edge.lanes.1;
            let speed = lanes.clone().map(|l| streets.lanes[l as usize].speed).fold(0.1, f64::max);
            cost.push(edge.length / speed);
            for link in lanes.filter(|_| !edge.inside).flat_map(|l| streets.links_of(l)) {
                let link = &streets.links[link as usize];
                let users = RoadUsers(streets.lanes[link.from as usize].allowed.0 & streets.lanes[link.to as usize].allowed.0);
                let to = streets.lanes[link.to as usize].edge;
                match next[first..].iter_mut().find(|n| n.0 == to) {
                    Some(known) => known.1 = known.1.union(users),
                    None => next.push((to, users)),
                }
            }
        }
        starts.push(next.len() as u32);
        Self { streets, starts, next, cost, reached: vec![(0, 0.0, 0); streets.edges.len()], round: 0 }
    }

    /// Seconds that an edge takes.
    pub fn seconds(&self, edge: u32) -> f64 {
        self.cost[edge as usize]
    }

    /// States the seconds that an edge takes; infinite: nobody comes to it.
    pub fn set_seconds(&mut self, edge: u32, seconds: f64) {
        self.cost[edge as usize] = seconds;
    }

    /// The quickest way from one edge to another for such a user, both included; none where there is none.
    pub fn find(&mut self, from: u32, to: u32, user: RoadUsers) -> Option<Vec<u32>> {
        let open = |e: u32| {
            let (first, count) = self.streets.edges[e as usize].lanes;
            (first..first + count).any(|l| self.streets.lanes[l as usize].allowed.contains(user))
        };
        if !open(from) || !open(to) {
            return None;
        }
        self.round += 1;
        let mut heap = BinaryHeap::new();
        self.reached[from as usize] = (self.round, 0.0, super::NONE);
        heap.push(Reverse(At(0.0, from)));
        while let Some(Reverse(At(so_far, edge))) = heap.pop() {
            if edge == to {
                let mut way = vec![to];
                let mut at = self.reached[to as usize].2;
                while at != super::NONE {
                    way.push(at);
                    at = self.reached[at as usize].2;
                }
                way.reverse();
                return Some(way);
            }
            if self.reached[edge as usize].1 < so_far {
                continue;
            }
            let sum = so_far + self.cost[edge as usize];
            for n in self.starts[edge as usize] as usize..self.starts[edge as usize + 1] as usize {
                let (next, users) = self.next[n];
                let known = &mut self.reached[next as usize];
                if users.contains(user) && self.cost[next as usize] < f64::INFINITY && (known.0 != self.round || sum < known.1) {
                    *known = (self.round, sum, edge);
                    heap.push(Reverse(At(sum, next)));
                }
            }
        }
        None
    }
}
