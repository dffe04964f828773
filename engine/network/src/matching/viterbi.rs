//! The likeliest chain of places on roads.

use super::roads::Near;
use super::{MatchCounts, MatchOptions, Matched, Roads};
use crate::least::At;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Places that are looked at for a fix.
const CANDIDATES: usize = 20;
/// They lie within so many σ, and within this at least, m.
const WITHIN_SIGMAS: f64 = 5.0;
const WITHIN_M: f64 = 40.0;
/// The mean difference between the way over roads and the beeline, m, and what each second between fixes adds to it.
const BETA_M: f64 = 3.0;
const BETA_MPS: f64 = 0.25;
/// Fixes in a row to which no way leads, before the trace is broken.
const MOST_REFUSED: usize = 2;
/// Fixes on one road may lie so many σ behind each other.
const BACK_SIGMAS: f64 = 6.0;
/// Roads that a search takes up at most.
const REACH: usize = 20_000;

/// A search over roads; its memory is used again from one to the next.
pub(super) struct Search {
    /// Round, cost at the road's start (m), road before.
    reached: Vec<(u32, f64, u32)>,
    round: u32,
}

impl Search {
    pub fn new(roads: usize) -> Self {
        Self { reached: vec![(0, 0.0, u32::MAX); roads], round: 0 }
    }

    /// From the end of a road to the start of all within `limit` metres.
    fn beyond_end(&mut self, roads: &Roads, from: u32, limit: f64, wanted: &[Near]) {
        self.round += 1;
        let mut heap = BinaryHeap::new();
        let mut open = wanted.len();
        for (next, over, detour) in roads.next_of(from) {
            self.push(&mut heap, *next, over + detour, u32::MAX, limit);
        }
        let mut taken = 0;
        while let Some(Reverse(At(cost, road))) = heap.pop() {
            if self.reached[road as usize].1 < cost {
                continue;
            }
            open -= wanted.iter().filter(|near| near.road == road).count();
            taken += 1;
            if open == 0 || taken > REACH {
                return;
            }
            let through = cost + roads.length(road);
            for (next, over, detour) in roads.next_of(road) {
                self.push(&mut heap, *next, through + over + detour, road, limit);
            }
        }
    }

    fn push(&mut self, heap: &mut BinaryHeap<Reverse<At>>, road: u32, cost: f64, before: u32, limit: f64) {
        let known = &mut self.reached[road as usize];
        if cost <= limit && (known.0 != self.round || cost < known.1) {
            *known = (self.round, cost, before);
            heap.push(Reverse(At(cost, road)));
        }
    }

    /// Cost to the start of a road, where it was reached.
    fn cost(&self, road: u32) -> Option<f64> {
        self.reached.get(road as usize).filter(|r| r.0 == self.round).map(|r| r.1)
    }

    /// Roads between the one that the search began at and this one.
    fn between(&self, road: u32) -> Vec<u32> {
        let mut way = Vec::new();
        let mut at = self.reached[road as usize].2;
        while at != u32::MAX {
            way.push(at);
            at = self.reached[at as usize].2;
        }
        way.reverse();
        way
    }
}

/// A place that a fix may belong to.
struct State {
    near: Near,
    /// Logarithm of the likelihood of the best chain that ends here.
    best: f64,
    /// The state before on that chain, and the roads between the two.
    before: Option<usize>,
    way: Vec<u32>,
    /// The same road, without leaving it.
    stays: bool,
}

/// A fix and its places.
struct Layer {
    fix: u32,
    states: Vec<State>,
}

fn states(roads: &Roads, options: &MatchOptions, at: [f64; 2]) -> Vec<State> {
    let within = (WITHIN_SIGMAS * options.sigma_m).max(WITHIN_M);
    roads
        .near(at, within, CANDIDATES)
        .into_iter()
        .map(|near| State { near, best: -0.5 * (near.away_m / options.sigma_m).powi(2), before: None, way: Vec::new(), stays: false })
        .collect()
}

/// Matches one part of a trace; what comes of it is added to `found`.
pub(super) fn run(roads: &Roads, options: &MatchOptions, search: &mut Search, counts: &mut MatchCounts, fixes: &[(i64, [f64; 2])], part: &[u32], found: &mut Vec<Matched>) {
    let mut layers: Vec<Layer> = Vec::new();
    // Fixes between those that decide, which only tell when somebody was where.
    let mut between: Vec<Vec<u32>> = Vec::new();
    let mut refused = 0;
    for (k, fix) in part.iter().copied().enumerate() {
        let (time, at) = fixes[fix as usize];
        let last = layers.last().map(|l| l.fix);
        let moved = last.map_or(f64::INFINITY, |l| (at[0] - fixes[l as usize].1[0]).hypot(at[1] - fixes[l as usize].1[1]));
        if moved < 2.0 * options.sigma_m && k + 1 < part.len() {
            if let Some(list) = between.last_mut() {
                list.push(fix);
            }
            continue;
        }
        let mut new = states(roads, options, at);
        if new.is_empty() {
            counts.off_road += 1;
            continue;
        }
        let Some(before) = layers.last() else {
            layers.push(Layer { fix, states: new });
            between.push(Vec::new());
            continue;
        };
        let seconds = (time - fixes[before.fix as usize].0) as f64 / 1000.0;
        if link(roads, options, search, &before.states, &mut new, moved, seconds) {
            layers.push(Layer { fix, states: new });
            between.push(Vec::new());
            refused = 0;
        } else if refused < MOST_REFUSED {
            refused += 1;
            counts.outliers += 1;
        } else {
            refused = 0;
            counts.breaks += 1;
            found.extend(chain(roads, &layers, &between, fixes));
            new.iter_mut().for_each(|s| s.best = -0.5 * (s.near.away_m / options.sigma_m).powi(2));
            (layers, between) = (vec![Layer { fix, states: new }], vec![Vec::new()]);
        }
    }
    found.extend(chain(roads, &layers, &between, fixes));
}

/// Joins the places of a fix to those of the one before; false where no way leads to any.
fn link(roads: &Roads, options: &MatchOptions, search: &mut Search, before: &[State], new: &mut Vec<State>, beeline: f64, seconds: f64) -> bool {
    // What the errors of both fixes add to the distance between them, on average, is no way: E[d²] = way² + 4 σ².
    let beeline = (beeline * beeline - 4.0 * options.sigma_m * options.sigma_m).max(0.0).sqrt();
    let beta = BETA_M + BETA_MPS * seconds.max(0.0);
    let limit = (options.top_mps * seconds * 1.2).min(3.0 * beeline + 2000.0) + 6.0 * options.sigma_m + 30.0;
    let mut best: Vec<Option<(f64, usize, Vec<u32>, bool)>> = new.iter().map(|_| None).collect();
    let wanted: Vec<Near> = new.iter().map(|s| s.near).collect();
    for (from, state) in before.iter().enumerate() {
        search.beyond_end(roads, state.near.road, limit, &wanted);
        let left = roads.length(state.near.road) - state.near.at_m;
        for (to, near) in wanted.iter().enumerate() {
            let ahead = near.at_m - state.near.at_m;
            // Who seems to go backwards stands: the fix before was too far ahead, or this one lies too far behind.
            let stays = near.road == state.near.road && ahead > -BACK_SIGMAS * options.sigma_m;
            let way = if stays { Some(ahead.max(0.0)) } else { search.cost(near.road).map(|cost| left + cost + near.at_m) };
            let Some(way) = way else { continue };
            let likely = state.best - (beeline - way).abs() / beta;
            if best[to].as_ref().is_none_or(|b| likely > b.0) {
                best[to] = Some((likely, from, if stays { Vec::new() } else { search.between(near.road) }, stays));
            }
        }
    }
    let mut any = false;
    let kept: Vec<State> = std::mem::take(new);
    for (mut state, best) in kept.into_iter().zip(best) {
        match best {
            Some((likely, from, way, stays)) => {
                any = true;
                state.best += likely;
                (state.before, state.way, state.stays) = (Some(from), way, stays);
                new.push(state);
            }
            None if before.is_empty() => new.push(state),
            // Kept for a new beginning, should nothing lead here at all.
            None => new.push(State { best: f64::NEG_INFINITY, ..state }),
        }
    }
    if any {
        new.retain(|s| s.best > f64::NEG_INFINITY);
    }
    any
}

/// The best chain as a way.
fn chain(roads: &Roads, layers: &[Layer], between: &[Vec<u32>], fixes: &[(i64, [f64; 2])]) -> Option<Matched> {
    let last = layers.last()?;
    let mut at = (0..last.states.len()).max_by(|a, b| last.states[*a].best.total_cmp(&last.states[*b].best).then(b.cmp(a)))?;
    let mut picked = vec![at; layers.len()];
    for n in (1..layers.len()).rev() {
        at = layers[n].states[at].before?;
        picked[n - 1] = at;
    }
    let mut matched = Matched::default();
    for (n, layer) in layers.iter().enumerate() {
        let state = &layer.states[picked[n]];
        if n == 0 {
            matched.roads.push(state.near.road);
            matched.starts.push(0.0);
        } else if !state.stays {
            for road in state.way.iter().copied().chain([state.near.road]) {
                let (before, start) = (*matched.roads.last()?, *matched.starts.last()?);
                matched.starts.push(start + roads.length(before) + roads.between(before, road).unwrap_or(0.0));
                matched.roads.push(road);
            }
        }
        let along = matched.starts.last()? + state.near.at_m;
        let floor = matched.points.last().map_or(0.0, |p| p.1);
        let along = along.max(floor);
        if n > 0 {
            stragglers(roads, &mut matched, between.get(n - 1)?, fixes, (floor, along));
        }
        let floor = matched.points.last().map_or(along, |p| p.1);
        matched.points.push((layer.fix, along.max(floor)));
    }
    if let Some(rest) = between.get(layers.len() - 1) {
        let floor = matched.points.last()?.1;
        stragglers(roads, &mut matched, rest, fixes, (floor, floor));
    }
    Some(matched)
}

/// Puts fixes that decided nothing on the way between two places of it.
fn stragglers(roads: &Roads, matched: &mut Matched, list: &[u32], fixes: &[(i64, [f64; 2])], (from, to): (f64, f64)) {
    let mut floor = from;
    for fix in list {
        let p = fixes[*fix as usize].1;
        let mut best = (f64::INFINITY, floor);
        for (road, start) in matched.roads.iter().zip(&matched.starts).rev() {
            if start + roads.length(*road) < floor {
                break;
            }
            let near = roads.nearest_on(*road, p);
            if near.away_m < best.0 {
                best = (near.away_m, start + near.at_m);
            }
        }
        floor = best.1.clamp(floor, to.max(floor));
        matched.points.push((*fix, floor));
    }
}
