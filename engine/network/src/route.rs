//! Ways through the lane network.
//!
//! The graph's vertices are links and its edges are the turns that connections allow, so that a forbidden turn is simply not
//! there. Costs are travel times in seconds, given by the caller for every link, so that models can route on what they measured.

use crate::ix::LinkIx;
use crate::lane::{LaneNetwork, Modes, Turn};
use rstar::{AABB, PointDistance, RTree, RTreeObject};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What a turn costs beyond its length, s: waiting, braking.
const LEFT_S: f64 = 2.0;
const U_TURN_S: f64 = 10.0;

/// Routes one kind of vehicle over the network as it was when the router was made; make a new one after closing anything.
#[derive(Clone, Debug)]
pub struct Router {
    starts: Vec<u32>,
    /// Next link, and seconds over the junction.
    next: Vec<(LinkIx, f64)>,
    open: Vec<bool>,
    free_flow: Vec<f64>,
    /// Positions of the junctions at both ends, for the bound of A*.
    ends: Vec<[[f64; 2]; 2]>,
}

/// Cheapest ways from one link to all others.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteTree {
    /// Seconds from the start of the first link to the end of each link; infinite where it cannot be reached.
    pub cost_s: Vec<f64>,
    before: Vec<u32>,
    from: LinkIx,
}

impl RouteTree {
    /// The way to a link, both ends included.
    pub fn route_to(&self, to: LinkIx) -> Option<Vec<LinkIx>> {
        if !self.cost_s.get(to.ix())?.is_finite() {
            return None;
        }
        let mut way = vec![to];
        let mut here = to;
        while here != self.from {
            here = LinkIx(self.before[here.ix()]);
            way.push(here);
        }
        way.reverse();
        Some(way)
    }
}

#[derive(PartialEq)]
struct Entry {
    bound: f64,
    link: u32,
}

impl Eq for Entry {}

impl Ord for Entry {
    // Reversed: the heap gives the least. Equal costs go by number, so that the answer does not depend on the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound).then(other.link.cmp(&self.link))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Router {
    /// A router for vehicles of these modes (all bits must be allowed on a lane).
    pub fn new(net: &LaneNetwork, modes: Modes) -> Router {
        let usable = |lane: &crate::Lane| !lane.closed && lane.modes.contains(modes);
        let open: Vec<bool> = (0..net.links.len()).map(|i| net.lanes_of(LinkIx::new(i)).iter().any(usable)).collect();
        let mut starts = vec![0u32];
        let mut next: Vec<(LinkIx, f64)> = vec![];
        for link in &net.links {
            let first = next.len();
            for lane in crate::ix::span(&link.lanes).filter(|l| usable(&net.lanes[*l])) {
                for c in net.outgoing_of(crate::LaneIx::new(lane)) {
                    let c = net.connection(*c);
                    let to = net.lane(c.to_lane);
                    if !usable(to) {
                        continue;
                    }
                    let wait = match c.turn {
                        Turn::UTurn => U_TURN_S,
                        Turn::Left if !net.left_hand => LEFT_S,
                        Turn::Right if net.left_hand => LEFT_S,
                        _ => 0.0,
                    };
                    next.push((to.link, c.length_m / c.speed_mps.max(0.1) + wait));
                }
            }
            next[first..].sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut kept = first;
            for i in first..next.len() {
                if i == first || next[i].0 != next[kept - 1].0 {
                    next[kept] = next[i];
                    kept += 1;
                }
            }
            next.truncate(kept);
            starts.push(next.len() as u32);
        }
        let free_flow = net.links.iter().map(|l| l.length_m / l.speed_mps.max(0.1)).collect();
        let at = |node: crate::NodeIx| {
            let p = net.junctions[net.nodes[node.ix()].junction.ix()].position;
            [p[0], p[1]]
        };
        let ends = net.links.iter().map(|l| [at(l.from), at(l.to)]).collect();
        Router { starts, next, open, free_flow, ends }
    }

    /// Travel times of empty roads, s, one a link: a start for weights.
    pub fn free_flow(&self) -> Vec<f64> {
        self.free_flow.clone()
    }

    /// Whether these vehicles may use a link at all.
    pub fn is_open(&self, link: LinkIx) -> bool {
        self.open.get(link.ix()).copied().unwrap_or(false)
    }

    /// The links that follow a link, rising, with the seconds over the junction.
    pub fn next(&self, link: LinkIx) -> &[(LinkIx, f64)] {
        &self.next[self.starts[link.ix()] as usize..self.starts[link.ix() + 1] as usize]
    }

    /// The quickest way from the start of one link to the end of another, both included. `weights` are seconds per link, positive.
    pub fn route(&self, from: LinkIx, to: LinkIx, weights: &[f64]) -> Option<Vec<LinkIx>> {
        self.search(from, Some(to), weights).and_then(|tree| tree.route_to(to))
    }

    /// The quickest ways from one link to all others.
    pub fn tree(&self, from: LinkIx, weights: &[f64]) -> Option<RouteTree> {
        self.search(from, None, weights)
    }

    /// Seconds that a way takes, or `None` where two of its links do not follow one another.
    pub fn cost(&self, way: &[LinkIx], weights: &[f64]) -> Option<f64> {
        let mut cost = way.first().and_then(|l| weights.get(l.ix())).copied()?;
        for w in way.windows(2) {
            let turn = self.next(w[0]).iter().find(|(link, _)| *link == w[1])?;
            cost += turn.1 + weights.get(w[1].ix())?;
        }
        Some(cost)
    }

    fn search(&self, from: LinkIx, to: Option<LinkIx>, weights: &[f64]) -> Option<RouteTree> {
        let n = self.open.len();
        if weights.len() != n || !self.is_open(from) || to.is_some_and(|to| !self.is_open(to)) {
            return None;
        }
        let goal = to.map(|to| self.ends[to.ix()][0]);
        let pace = if goal.is_some() { self.least_pace(weights) } else { 0.0 };
        // The bound is a hair below the truth, so that rounding does not make it inconsistent.
        let bound = |link: usize| goal.map_or(0.0, |g| 0.999_999 * pace * away(self.ends[link][1], g));
        let mut tree = RouteTree { cost_s: vec![f64::INFINITY; n], before: vec![u32::MAX; n], from };
        let mut done = vec![false; n];
        let mut heap = BinaryHeap::new();
        tree.cost_s[from.ix()] = weights[from.ix()];
        heap.push(Entry { bound: 0.0, link: from.0 });
        while let Some(Entry { link, .. }) = heap.pop() {
            if std::mem::replace(&mut done[link as usize], true) {
                continue;
            }
            if to == Some(LinkIx(link)) {
                break;
            }
            let here = tree.cost_s[link as usize];
            for &(next, turn) in self.next(LinkIx(link)) {
                let cost = here + turn + weights[next.ix()];
                let known = tree.cost_s[next.ix()];
                if cost < known || (cost == known && link < tree.before[next.ix()] && !done[next.ix()]) {
                    tree.cost_s[next.ix()] = cost;
                    tree.before[next.ix()] = link;
                    let ahead = if to == Some(next) { 0.0 } else { bound(next.ix()) };
                    heap.push(Entry { bound: cost + ahead, link: next.0 });
                }
            }
        }
        Some(tree)
    }

    /// Least seconds per metre between the ends of any link: nothing is quicker.
    fn least_pace(&self, weights: &[f64]) -> f64 {
        let pace = self.ends.iter().zip(weights).map(|([a, b], w)| {
            let d = away(*a, *b);
            if d > 0.0 { w / d } else { f64::INFINITY }
        });
        let least = pace.fold(f64::INFINITY, f64::min);
        if least.is_finite() { least.max(0.0) } else { 0.0 }
    }
}

fn away(a: [f64; 2], b: [f64; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

struct Piece {
    a: [f64; 2],
    b: [f64; 2],
    link: LinkIx,
    start_m: f64,
}

impl Piece {
    fn nearest(&self, p: &[f64; 2]) -> (f64, f64) {
        crate::shape::project(&[[self.a[0], self.a[1], 0.0], [self.b[0], self.b[1], 0.0]], *p)
    }
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.a, self.b)
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, p: &[f64; 2]) -> f64 {
        self.nearest(p).0.powi(2)
    }
}

/// Finds the link nearest to a place.
pub struct NearestLinks {
    tree: RTree<Piece>,
}

/// A place on a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnLink {
    /// The link.
    pub link: LinkIx,
    /// Distance from the link's start.
    pub at_m: f64,
    /// Distance of the place asked for from the lane next to the kerb.
    pub away_m: f64,
}

impl NearestLinks {
    /// Indexes the kerb lanes of all links.
    pub fn new(net: &LaneNetwork) -> NearestLinks {
        let mut pieces = vec![];
        for (i, link) in net.links.iter().enumerate() {
            let lane = &net.lanes[link.lanes.start as usize];
            let line = net.shape(&lane.shape);
            let scale = lane.length_m / crate::shape::length(line).max(1e-9);
            let mut at = 0.0;
            for w in line.windows(2) {
                let [a, b] = [[w[0][0], w[0][1]], [w[1][0], w[1][1]]];
                pieces.push(Piece { a, b, link: LinkIx::new(i), start_m: at * scale });
                at += away(a, b);
            }
        }
        NearestLinks { tree: RTree::bulk_load(pieces) }
    }

    /// The nearest link that `accept` takes, within `within_m`. Of links equally near, the lowest number.
    pub fn nearest(&self, p: [f64; 2], within_m: f64, accept: impl Fn(LinkIx) -> bool) -> Option<OnLink> {
        let mut best: Option<OnLink> = None;
        for (piece, squared) in self.tree.nearest_neighbor_iter_with_distance_2(&p) {
            let away_m = squared.sqrt();
            if away_m > within_m || best.is_some_and(|b| away_m > b.away_m) {
                break;
            }
            if accept(piece.link) && best.is_none_or(|b| piece.link < b.link) {
                best = Some(OnLink { link: piece.link, at_m: piece.start_m + piece.nearest(&p).1, away_m });
            }
        }
        best
    }
}
