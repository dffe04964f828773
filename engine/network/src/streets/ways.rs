//! Ways over edges: the quickest by what is known of travel times now, for those who look for a way while traffic runs.
//!
//! Costs are those of SUMO's rerouting devices: an edge, and each stretch over a junction, takes the time that is known, but no less than
//! on a free road with the penalties of [`Penalties`].

use super::{NONE, Streets};
use crate::least::At;
use crate::routing::{Driver, Penalties};
use qike_scene::traffic::{RightOfWay, RoadUsers, TurnKind};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// A junction has no more stretches one after the other than that.
const MOST_STRETCHES: usize = 16;

/// Where an edge leads.
#[derive(Clone, Copy, Debug)]
struct Next {
    to: u32,
    users: RoadUsers,
    /// First stretch over the junction, as an edge; [`NONE`]: there is none.
    via: u32,
}

/// Finds ways; its memory is used again from one to the next.
#[derive(Clone, Debug)]
pub struct WayFinder {
    streets: Arc<Streets>,
    /// Edges that one comes to from each edge: start of each edge's.
    starts: Vec<u32>,
    next: Vec<Next>,
    /// Of a stretch over a junction, the next one there, or [`NONE`].
    follows: Vec<u32>,
    /// Limit, m/s, and seconds beyond driving, by edge.
    free: Vec<(f64, f64)>,
    /// Seconds that each edge is known to take; 0: nothing is known.
    known: Vec<f64>,
    reached: Vec<(u32, f64, u32)>,
    round: u32,
}

impl WayFinder {
    /// Over these streets.
    pub fn new(streets: &Arc<Streets>) -> Self {
        let penalties = Penalties::default();
        let count = streets.edges.len();
        let (mut starts, mut next) = (Vec::with_capacity(count + 1), Vec::<Next>::new());
        let (mut follows, mut free) = (vec![NONE; count], Vec::with_capacity(count));
        let via = |lane: u32| if streets.lanes[lane as usize].inside { streets.lanes[lane as usize].edge } else { NONE };
        for (n, edge) in streets.edges.iter().enumerate() {
            let first = next.len();
            starts.push(first as u32);
            let lanes = edge.lanes.0..edge.lanes.0 + edge.lanes.1;
            let mut extra = 0.0;
            if edge.inside {
                follows[n] = streets.links_of(edge.lanes.0).next().map_or(NONE, |l| via(streets.links[l as usize].next));
                let onto = streets.incoming_of(edge.lanes.0).first().map(|l| &streets.links[*l as usize]);
                extra = onto.map_or(0.0, |link| match (link.light, link.way, link.turn) {
                    (NONE, RightOfWay::Minor | RightOfWay::Equal | RightOfWay::Stop | RightOfWay::AllWayStop, TurnKind::Turn) => penalties.back_s,
                    (NONE, RightOfWay::Minor | RightOfWay::Equal | RightOfWay::Stop | RightOfWay::AllWayStop, _) => penalties.minor_s,
                    (NONE, ..) => 0.0,
                    _ => penalties.signal_s,
                });
            }
            free.push((streets.lanes[edge.lanes.0 as usize].speed, extra));
            for link in lanes.filter(|_| !edge.inside).flat_map(|l| streets.links_of(l)) {
                let link = &streets.links[link as usize];
                let users = RoadUsers(streets.lanes[link.from as usize].allowed.0 & streets.lanes[link.to as usize].allowed.0);
                let (to, via) = (streets.lanes[link.to as usize].edge, via(link.next));
                match next[first..].iter_mut().find(|n| n.to == to && n.via == via) {
                    Some(known) => known.users = known.users.union(users),
                    None => next.push(Next { to, users, via }),
                }
            }
        }
        starts.push(next.len() as u32);
        Self { streets: streets.clone(), starts, next, follows, free, known: vec![0.0; count], reached: vec![(0, 0.0, 0); count], round: 0 }
    }

    /// Seconds that an edge is known to take; 0: nothing is known.
    pub fn known(&self, edge: u32) -> f64 {
        self.known[edge as usize]
    }

    /// States the seconds that an edge is known to take; infinite: nobody comes to it.
    pub fn set_known(&mut self, edge: u32, seconds: f64) {
        self.known[edge as usize] = seconds;
    }

    /// Seconds that an edge, or a stretch over a junction, takes a driver.
    fn along(&self, edge: u32, driver: &Driver) -> f64 {
        let (limit, extra) = self.free[edge as usize];
        let free = self.streets.edges[edge as usize].length / driver.max_speed_mps.min(driver.speed_factor * limit).max(0.01) + extra;
        free.max(self.known[edge as usize])
    }

    /// Seconds over a junction, from the first stretch on.
    fn over(&self, via: u32, driver: &Driver) -> f64 {
        let stretches = std::iter::successors(Some(via), |v| self.follows.get(*v as usize).copied()).take_while(|v| *v != NONE);
        stretches.take(MOST_STRETCHES).map(|v| self.along(v, driver)).sum()
    }

    fn leads(&self, edge: u32) -> &[Next] {
        &self.next[self.starts[edge as usize] as usize..self.starts[edge as usize + 1] as usize]
    }

    /// Seconds that a way takes; infinite where it leads on nowhere.
    pub fn seconds(&self, way: &[u32], driver: &Driver) -> f64 {
        let turns = way.windows(2).map(|w| {
            let ways = self.leads(w[0]).iter().filter(|n| n.to == w[1] && n.users.contains(driver.users));
            ways.map(|n| self.over(n.via, driver)).fold(f64::INFINITY, f64::min)
        });
        way.iter().map(|e| self.along(*e, driver)).sum::<f64>() + turns.sum::<f64>()
    }

    /// The quickest way from one edge to another for such a driver, both included; none where there is none.
    pub fn find(&mut self, from: u32, to: u32, driver: &Driver) -> Option<Vec<u32>> {
        let open = |e: u32| {
            let (first, count) = self.streets.edges[e as usize].lanes;
            (first..first + count).any(|l| self.streets.lanes[l as usize].allowed.contains(driver.users))
        };
        if !open(from) || !open(to) {
            return None;
        }
        self.round += 1;
        let mut heap = BinaryHeap::new();
        self.reached[from as usize] = (self.round, 0.0, NONE);
        heap.push(Reverse(At(0.0, from)));
        while let Some(Reverse(At(so_far, edge))) = heap.pop() {
            if edge == to {
                let mut way = vec![to];
                let mut at = self.reached[to as usize].2;
                while at != NONE {
                    way.push(at);
                    at = self.reached[at as usize].2;
                }
                way.reverse();
                return Some(way);
            }
            if self.reached[edge as usize].1 < so_far {
                continue;
            }
            let left = so_far + self.along(edge, driver);
            for n in self.starts[edge as usize] as usize..self.starts[edge as usize + 1] as usize {
                let Next { to: next, users, via } = self.next[n];
                if !users.contains(driver.users) || self.known[next as usize] == f64::INFINITY {
                    continue;
                }
                let sum = left + self.over(via, driver);
                let known = &mut self.reached[next as usize];
                if known.0 != self.round || sum < known.1 {
                    *known = (self.round, sum, edge);
                    heap.push(Reverse(At(sum, next)));
                }
            }
        }
        None
    }
}
