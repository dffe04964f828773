//! Which lanes of an edge, or of several side by side over a junction, lead on along a vehicle's path, how far, and how many lanes one has to move.

use qike_network::streets::{NONE, Streets};
use qike_network::traffic::{RightOfWay, RoadUsers};
use crate::state::small;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Edges looked at: at least so many, or so far (m) on wide roads, or in towns.
const FAR: (usize, f64) = (4, 3000.0);
const NEAR: (usize, f64) = (8, 200.0);

/// A lane of the edge a vehicle is on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BestLane {
    /// The lane.
    pub lane: u32,
    /// One can drive so far on it without changing, from the start of the edge, m.
    pub length: f64,
    /// Lanes to move (above 0: towards the middle).
    pub offset: i32,
    /// It leads on.
    pub leads: bool,
    /// Lanes of this edge and the next ones by which it leads on.
    #[serde(with = "small")]
    pub way: SmallVec<[u32; 9]>,
    /// Place of the first of them on a roundabout; [`usize::MAX`]: none is.
    pub ring: usize,
}

/// The lanes of the edge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Best {
    /// Its lanes.
    #[serde(with = "small")]
    pub lanes: SmallVec<[BestLane; 3]>,
    /// Those of the edge after it, seen from here; none where that is not known.
    #[serde(skip)]
    pub onward: Option<SmallVec<[BestLane; 3]>>,
}

/// A place that one must reach.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// How many edges ahead.
    pub edges: usize,
    /// The lane.
    pub lane: u32,
    /// Position, m.
    pub at: f64,
}

struct Row {
    edge: u32,
    lanes: SmallVec<[Cell; 4]>,
}

struct Cell {
    lane: u32,
    length: f64,
    own: f64,
    offset: i32,
    leads: bool,
    /// Place on the next edge of the lane by which it leads on, and that lane.
    next: Option<(usize, u32)>,
    /// Right of way of the link there: 1 first, 0 gives way, -1 there is none.
    rank: i32,
}

fn allows(streets: &Streets, lane: u32, user: RoadUsers) -> bool {
    streets.lanes[lane as usize].allowed.contains(user)
}

/// Whether a lane leads to a lane of a road.
fn leads_to(streets: &Streets, lane: u32, to: u32) -> bool {
    streets.link_to(lane, to).is_some()
}

/// Right of way of the link from a lane to one of the next edge.
fn rank(streets: &Streets, lane: u32, to: u32) -> i32 {
    let Some(link) = streets.link_to(lane, to) else { return -1 };
    let link = &streets.links[link as usize];
    // Behind a light, whoever has green for sure counts as first.
    i32::from(link.light != NONE || matches!(link.way, RightOfWay::Major | RightOfWay::Zipper))
}

/// How many of a path's edges are looked at.
pub fn look(streets: &Streets, path: &[u32], target: Option<Target>, far: f64) -> usize {
    let mut seen = 0.0;
    for (n, &edge) in path.iter().enumerate() {
        seen += streets.edges[edge as usize].length;
        let count = n + 1;
        let ends = target.is_some_and(|t| t.edges == n);
        if ends || !(count <= FAR.0 || seen < far.max(FAR.1)) || !(count <= NEAR.0 || seen < far.max(NEAR.1)) {
            return count;
        }
    }
    path.len()
}

/// Works the lanes out for a path from its first edge on. `far`: braking distance of the vehicle, m.
pub fn best(streets: &Streets, path: &[u32], user: RoadUsers, target: Option<Target>, far: f64) -> Best {
    let rows = rows(streets, path, user, target, far);
    Best { lanes: lanes_of(streets, &rows), onward: Some(lanes_of(streets, rows.get(1..).unwrap_or_default())) }
}

/// The lanes of the first row, with those by which they lead on.
fn lanes_of(streets: &Streets, rows: &[Row]) -> SmallVec<[BestLane; 3]> {
    let lane = |c: &Cell| {
        let mut way = SmallVec::from_slice(&[c.lane]);
        lead_on(rows, c, &mut way);
        BestLane { lane: c.lane, length: c.length, offset: c.offset, leads: c.leads, ring: ring(streets, &way), way }
    };
    rows.first().map(|row| row.lanes.iter().map(lane).collect()).unwrap_or_default()
}

/// The same for one who is on the way over a junction to the edge at the place `next` of its path: of the lanes side by side there,
/// those that `inside` names, by the lanes to which they lead; none where one of them leads elsewhere.
pub fn best_inside(streets: &Streets, path: &[u32], user: RoadUsers, target: Option<Target>, far: f64, next: usize, inside: std::ops::Range<u32>) -> Option<Best> {
    let rows = rows(streets, path, user, target, far);
    over_junction(streets, &lanes_of(streets, rows.get(next..)?), inside)
}

/// The same for one of whom the lanes of the next edge are known.
pub fn over_junction(streets: &Streets, onward: &[BestLane], inside: std::ops::Range<u32>) -> Option<Best> {
    let mut lanes: SmallVec<[BestLane; 3]> = SmallVec::new();
    for lane in inside {
        let to = streets.links[streets.links_of(lane).next()? as usize].to;
        let there = onward.iter().find(|b| b.lane == to)?;
        let mut way = SmallVec::from_slice(&[lane]);
        way.extend_from_slice(&there.way);
        lanes.push(BestLane { lane, length: there.length, offset: there.offset, leads: there.leads, ring: ring(streets, &way), way });
    }
    let last = lanes.len() as i32 - 1;
    for (n, lane) in lanes.iter_mut().enumerate() {
        lane.offset = lane.offset.clamp(-(n as i32), last - n as i32);
    }
    Some(Best { lanes, onward: None })
}

/// Adds the lanes by which one of the first row leads on.
fn lead_on<A: smallvec::Array<Item = u32>>(rows: &[Row], cell: &Cell, way: &mut SmallVec<A>) {
    let mut at = cell.next;
    for row in rows.iter().skip(1) {
        let Some((n, lane)) = at else { break };
        way.push(lane);
        at = row.lanes.get(n).and_then(|c| c.next);
    }
}

/// Place on a way of the first lane of a roundabout.
fn ring(streets: &Streets, way: &[u32]) -> usize {
    way.iter().position(|l| *l != NONE && streets.edges[streets.lanes[*l as usize].edge as usize].roundabout).unwrap_or(usize::MAX)
}

/// What each edge of the path that is looked at says of its lanes.
fn rows(streets: &Streets, path: &[u32], user: RoadUsers, target: Option<Target>, far: f64) -> SmallVec<[Row; 10]> {
    let mut rows: SmallVec<[Row; 10]> = SmallVec::new();
    for (n, &edge) in path.iter().enumerate().take(look(streets, path, target, far)) {
        let next = path.get(n + 1);
        let (first, count) = streets.edges[edge as usize].lanes;
        let length = streets.edges[edge as usize].length;
        let mut row = Row { edge, lanes: SmallVec::new() };
        for lane in first..first + count {
            let open = allows(streets, lane, user);
            let leads = next.is_none_or(|next| {
                open && streets.links_of(lane).any(|l| {
                    let to = streets.links[l as usize].to;
                    streets.lanes[to as usize].edge == *next && allows(streets, to, user)
                })
            });
            let own = if open { length } else { 0.0 };
            row.lanes.push(Cell { lane, length: own, own, offset: 0, leads, next: None, rank: -1 });
        }
        if let Some(target) = target.filter(|t| t.edges == n) {
            let at = target.at.min(streets.lanes[target.lane as usize].length - 0.2).max(0.1);
            for cell in row.lanes.iter_mut().filter(|c| c.lane != target.lane) {
                cell.leads = false;
                (cell.length, cell.own) = (at, at);
            }
        }
        rows.push(row);
    }
    if let Some(last) = rows.last_mut() {
        let longest = last.lanes.iter().map(|c| c.length).fold(-1.0, f64::max);
        let (low, high) = span(&last.lanes, |c| c.length == longest);
        settle(streets, &mut last.lanes, low, high, user, |c| c.length < longest, true);
    }
    for n in (0..rows.len().saturating_sub(1)).rev() {
        let (before, after) = rows.split_at_mut(n + 1);
        back(streets, &mut before[n], &after[0], user);
    }
    rows
}

fn span(lanes: &[Cell], is: impl Fn(&Cell) -> bool) -> (usize, usize) {
    let first = lanes.iter().position(&is).unwrap_or(0);
    (first, lanes.iter().rposition(&is).unwrap_or(first))
}

/// Takes over into a row what the next one says.
fn back(streets: &Streets, row: &mut Row, next: &Row, user: RoadUsers) {
    let comes = |to: u32| streets.incoming_of_road(to).any(|from| streets.lanes[from as usize].edge == row.edge);
    let connected = next.lanes.iter().filter(|c| comes(c.lane)).map(|c| c.length).fold(-1.0, f64::max);
    let longest = next.lanes.iter().map(|c| c.length).fold(-1.0, f64::max);
    if connected <= 0.0 {
        apart(streets, row, next);
        return;
    }
    for cell in &mut row.lanes {
        let mut found: Option<(usize, &Cell)> = None;
        if cell.leads {
            for (n, m) in next.lanes.iter().enumerate().filter(|(_, m)| allows(streets, m.lane, user) && leads_to(streets, cell.lane, m.lane)) {
                if found.is_none_or(|(_, f)| f.length < m.length || f.length == m.length && f.offset.abs() > m.offset.abs()) {
                    found = Some((n, m));
                }
            }
        }
        match found {
            Some((n, f)) => {
                cell.length += if f.length == connected && f.offset.abs() < 2 { longest } else { f.length };
                cell.offset = f.offset;
                if f.leads || f.length > 0.0 {
                    (cell.next, cell.rank) = (Some((n, f.lane)), rank(streets, cell.lane, f.lane));
                } else {
                    cell.leads = false;
                }
            }
            None => cell.leads = false,
        }
    }
    let (mut low, mut high) = (0, 0);
    for n in 0..row.lanes.len() {
        let (best, this) = (&row.lanes[low], &row.lanes[n]);
        let (a, b) = (best.offset.abs(), this.offset.abs());
        let (ra, rb) = (best.rank, this.rank);
        if best.length < this.length || best.length == this.length && (a > b || a == b && ra < rb) {
            (low, high) = (n, n);
        } else if best.length == this.length && a == b && ra == rb {
            high = n;
        }
    }
    let (length, offset, first) = (row.lanes[low].length, row.lanes[low].offset.abs(), row.lanes[low].rank);
    for cell in &mut row.lanes {
        let behind = cell.rank < first;
        if !(cell.length < length || cell.length == length && cell.offset.abs() > offset || behind) {
            cell.offset = 0;
        } else {
            cell.offset = i32::MAX;
            if behind {
                cell.length = cell.own;
            }
        }
    }
    settle(streets, &mut row.lanes, low, high, user, |c| c.offset == i32::MAX, false);
}

/// The path is broken here: the lane that comes nearest.
fn apart(streets: &Streets, row: &mut Row, next: &Row) {
    let (mut best, mut to, mut least) = (0, 0, row.lanes.len() as i32);
    for (n, cell) in row.lanes.iter().enumerate().filter(|(_, c)| c.leads) {
        for (m, other) in next.lanes.iter().enumerate() {
            if leads_to(streets, cell.lane, other.lane) && least > other.offset.abs() {
                (best, to, least) = (n, m, other.offset.abs());
            }
        }
    }
    if let (Some(cell), Some(other)) = (row.lanes.get_mut(best), next.lanes.get(to)) {
        cell.length += other.length;
        cell.next = Some((to, other.lane));
    }
    for (n, cell) in row.lanes.iter_mut().enumerate() {
        cell.offset = best as i32 - n as i32;
    }
}

/// Says of all lanes that are not best how far the best ones are; those from which one may not change that way are worth nothing.
fn settle(streets: &Streets, lanes: &mut [Cell], low: usize, high: usize, user: RoadUsers, worse: impl Fn(&Cell) -> bool, last: bool) {
    let mut stuck_right = false;
    let mut stuck_left = None;
    for n in 0..lanes.len() {
        if !worse(&lanes[n]) {
            continue;
        }
        let cell = &mut lanes[n];
        cell.offset = if low.abs_diff(n) < high.abs_diff(n) { low as i32 - n as i32 } else { high as i32 - n as i32 };
        let lane = &streets.lanes[cell.lane as usize];
        let shut = |side: usize| !lane.change[side].contains(user) || lane.beside[side] == NONE || !allows(streets, lane.beside[side], user);
        if cell.offset < 0 && (shut(1) || stuck_right) {
            stuck_right = true;
            if last || cell.length == cell.own {
                cell.length = 0.0;
            }
        } else if cell.offset > 0 && shut(0) {
            stuck_left = Some(n);
        }
    }
    for cell in lanes.iter_mut().take(stuck_left.map_or(0, |n| n + 1)) {
        if last || cell.length == cell.own {
            cell.length = 0.0;
        }
    }
}
