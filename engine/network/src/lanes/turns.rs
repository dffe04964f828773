//! Which link leads to which, and from which lane into which.

use super::junctions::Junctions;
use super::links::{self, SegmentLinks};
use super::merging::Shares;
use super::restrictions::Rules;
use super::tags::Arrows;
use super::topology::Topology;
use crate::ix::{LaneIx, LinkIx};
use crate::lane::{LaneNetwork, Modes, Turn};
use crate::shape;
use std::collections::VecDeque;

/// An end of a segment at a junction, as a link that comes in or goes out there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub link: LinkIx,
    pub segment: u32,
    pub node: u32,
}

/// Links of a junction.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub ins: Vec<End>,
    pub outs: Vec<End>,
}

/// A possible way over a junction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movement {
    pub to: LinkIx,
    pub turn: Turn,
    /// Positive away from the kerb (left where traffic keeps right), radians.
    pub angle: f64,
}

/// What the lane allocation needs beside the network.
pub(crate) struct Context<'a> {
    pub top: &'a Topology,
    pub joined: &'a Junctions,
    pub arms: &'a [Vec<u32>],
    pub of_segment: &'a SegmentLinks,
    pub rules: &'a Rules,
    /// For each lane its arrows.
    pub arrows: Vec<Arrows>,
}

/// The links that come in and go out at each junction.
pub(crate) fn ends(cx: &Context) -> Vec<Ends> {
    let mut ends: Vec<Ends> = (0..cx.joined.nodes.len()).map(|_| Ends::default()).collect();
    for (i, s) in cx.top.segments.iter().enumerate() {
        let [forward, backward] = cx.of_segment[i];
        let segment = i as u32;
        for (link, from, to) in [(forward, s.a, s.b), (backward, s.b, s.a)] {
            let Some(link) = link else { continue };
            ends[cx.joined.of_node[from as usize] as usize].outs.push(End { link, segment, node: from });
            ends[cx.joined.of_node[to as usize] as usize].ins.push(End { link, segment, node: to });
        }
    }
    ends
}

/// Out-ends that can be reached from an in-end, through the inside of the junction where it has one, as restrictions allow.
fn reachable(cx: &Context, from: &End, outs: &[End]) -> Vec<usize> {
    let top = cx.top;
    let mut found = vec![];
    let mut seen = vec![(from.node, from.segment)];
    let mut queue = VecDeque::from([(from.node, from.segment, None::<u32>)]);
    while let Some((node, segment, before)) = queue.pop_front() {
        let legal = |to: u32| {
            cx.rules.allow(top, segment, node, to) && before.is_none_or(|b| cx.rules.allow_over(top, b, segment, to))
        };
        for (i, out) in outs.iter().enumerate() {
            if out.node == node && !found.contains(&i) && legal(out.segment) {
                found.push(i);
            }
        }
        for &next in &cx.arms[node as usize] {
            let s = &top.segments[next as usize];
            if next == segment || !cx.joined.internal(s) || !legal(next) {
                continue;
            }
            let spec = &top.specs[s.spec as usize];
            let (open, far) = if s.a == node { (&spec.forward, s.b) } else { (&spec.backward, s.a) };
            if !open.lanes.is_empty() && !seen.contains(&(far, next)) {
                seen.push((far, next));
                queue.push_back((far, next, Some(segment)));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The ways over a junction from one of its in-links, sorted from the kerb to the far side.
pub(crate) fn movements(net: &LaneNetwork, cx: &Context, ends: &Ends, from: &End) -> Vec<Movement> {
    let side = if net.left_hand { -1.0 } else { 1.0 };
    let line = |link: LinkIx| net.shape(&net.lanes[net.links[link.ix()].lanes.start as usize].shape);
    let heading = shape::end_heading(line(from.link), 12.0);
    let reverse = net.links[from.link.ix()].reverse;
    let several = ends.ins.iter().any(|e| e.node != from.node) || ends.outs.iter().any(|e| e.node != from.node);
    let mut all: Vec<Movement> = vec![];
    for i in reachable(cx, from, &ends.outs) {
        let to = ends.outs[i].link;
        let angle = side * shape::wrap(shape::start_heading(line(to), 12.0) - heading);
        let back = reverse == Some(to) || (several && angle.abs() > 2.6);
        let kerb = if net.left_hand { Turn::Left } else { Turn::Right };
        let round = [from.link, to].map(|l| net.links[l.ix()].roundabout);
        let turn = match angle {
            _ if back => Turn::UTurn,
            // Round is on, wherever the ring bends; out of it and into it is to the kerb's side.
            _ if round == [true, true] => Turn::Straight,
            _ if round[0] || round[1] => kerb,
            a if a.abs() < 0.6 => Turn::Straight,
            a if (a < 0.0) != net.left_hand => Turn::Right,
            _ => Turn::Left,
        };
        all.push(Movement { to, turn, angle });
    }
    // Turning back is for dead ends and for the openings of divided roads.
    let divided = |m: &Movement| several && reverse != Some(m.to);
    if all.iter().any(|m| m.turn != Turn::UTurn) {
        all.retain(|m| m.turn != Turn::UTurn || divided(m));
    }
    only_one_goes_on(net, from.link, &mut all);
    all.sort_by(|a, b| (a.turn == Turn::UTurn).cmp(&(b.turn == Turn::UTurn)).then(a.angle.total_cmp(&b.angle)).then(a.to.cmp(&b.to)));
    all
}

/// Of several ways nearly ahead, one goes on (the same road, else the straightest); the others fork off to its sides.
fn only_one_goes_on(net: &LaneNetwork, from: LinkIx, all: &mut [Movement]) {
    let own = &net.links[from.ix()];
    let rank = |m: &Movement| {
        let link = &net.links[m.to.ix()];
        let same = link.object == own.object || (link.name.is_some() && link.name == own.name);
        (!same, link.kind.max(own.kind) != own.kind.min(link.kind))
    };
    let ahead = all.iter().filter(|m| m.turn == Turn::Straight);
    let Some(best) = ahead.min_by(|a, b| rank(a).cmp(&rank(b)).then(a.angle.abs().total_cmp(&b.angle.abs()))).copied() else {
        return;
    };
    let (kerb, far) = if net.left_hand { (Turn::Left, Turn::Right) } else { (Turn::Right, Turn::Left) };
    for m in all.iter_mut().filter(|m| m.turn == Turn::Straight && m.to != best.to) {
        m.turn = if m.angle < best.angle { kerb } else { far };
    }
}

fn arrow_bit(turn: Turn) -> u8 {
    match turn {
        Turn::Right => Arrows::RIGHT,
        Turn::Straight => Arrows::THROUGH,
        Turn::Left => Arrows::LEFT,
        Turn::UTurn => Arrows::REVERSE,
    }
}

/// Lanes that cars may use, from the kerb to the middle; all lanes where cars may use none.
pub(crate) fn open_lanes(net: &LaneNetwork, link: LinkIx) -> Vec<LaneIx> {
    let cars: Vec<LaneIx> = links::lanes(net, link).filter(|l| net.lane(*l).modes.contains(Modes::CAR)).collect();
    if cars.is_empty() { links::lanes(net, link).collect() } else { cars }
}

/// Pairs of lanes that the movements of one link join.
pub(crate) fn lane_pairs(net: &LaneNetwork, arrows: &[Arrows], from: LinkIx, moves: &[Movement], shares: &Shares) -> Vec<(LaneIx, LaneIx, Turn)> {
    let own = open_lanes(net, from);
    let marked = own.iter().any(|l| arrows[l.ix()].0 != 0);
    let parted = || shares.parted(net, own.len(), moves).unwrap_or_else(|| by_default(net.left_hand, own.len(), moves));
    let used = if marked { by_arrows(&own, arrows, moves) } else { parted() };
    let mut pairs = vec![];
    for (m, lanes) in moves.iter().zip(&used) {
        let to = open_lanes(net, m.to);
        if let Some(first) = shares.first(from, m.to).filter(|_| m.turn == Turn::Straight && lanes.len() <= to.len()) {
            // Lanes that this road brings along; none opens beside them, for another road's lead there.
            pairs.extend(lanes.iter().enumerate().filter_map(|(k, i)| Some((own[*i], *to.get((first + k).min(to.len() - 1))?, m.turn))));
            continue;
        }
        for (i, target) in targets(net.left_hand, arrows, m, lanes, own.len(), &to) {
            pairs.push((own[i], target, m.turn));
        }
    }
    pairs.extend(bus_pairs(net, from, moves, &own));
    pairs.retain(|(a, b, _)| !net.lane(*a).modes.intersection(net.lane(*b).modes).is_empty());
    pairs.sort_by_key(|(a, b, _)| (*a, *b));
    pairs.dedup_by_key(|(a, b, _)| (*a, *b));
    pairs
}

/// For each movement the lanes (places in `own`) whose arrows allow it.
fn by_arrows(own: &[LaneIx], arrows: &[Arrows], moves: &[Movement]) -> Vec<Vec<usize>> {
    let n = own.len();
    let goes_on = moves.iter().any(|m| m.turn == Turn::Straight);
    let mask = |i: usize| {
        let bits = arrows[own[i].ix()].0;
        if bits == 0 && goes_on { Arrows::THROUGH } else { bits }
    };
    let mut used: Vec<Vec<usize>> =
        moves.iter().map(|m| (0..n).filter(|i| mask(*i) & arrow_bit(m.turn) != 0).collect()).collect();
    // An arrow may be missing, or mean a bend that is drawn straighter than it is: every way stays possible from some lane.
    for (m, lanes) in moves.iter().zip(&mut used) {
        if lanes.is_empty() {
            lanes.push(if m.angle < 0.0 && m.turn != Turn::UTurn { 0 } else { n - 1 });
        }
    }
    every_lane_leads_on(n, moves, &mut used);
    used
}

/// The same where no arrows are known.
fn by_default(left_hand: bool, n: usize, moves: &[Movement]) -> Vec<Vec<usize>> {
    let kerb = if left_hand { Turn::Left } else { Turn::Right };
    let is = |t: Turn| moves.iter().any(|m| m.turn == t);
    let far = moves.iter().any(|m| m.turn != kerb && m.turn != Turn::Straight && m.turn != Turn::UTurn);
    let (near, on) = (is(kerb), is(Turn::Straight));
    // From three lanes on, those who turn across have a lane of their own.
    let far_from = if on { n - 1 } else { n / 2 };
    let on_until = if far && n >= 3 { n - 1 } else { n };
    let near_until = if on || n == 1 { 1 } else if far { n.div_ceil(2).min(n - n / 2).max(1) } else { n };
    let mut used: Vec<Vec<usize>> = moves
        .iter()
        .map(|m| match m.turn {
            Turn::Straight => (0..on_until).collect(),
            Turn::UTurn => vec![n - 1],
            t if t == kerb => (0..near_until).collect(),
            _ if near || on => (far_from.min(n - 1)..n).collect(),
            _ => (0..n).collect(),
        })
        .collect();
    every_lane_leads_on(n, moves, &mut used);
    used
}

/// A lane without a way on gets the one of its neighbour nearer to the kerb, else of the next one.
fn every_lane_leads_on(n: usize, moves: &[Movement], used: &mut [Vec<usize>]) {
    for i in 0..n {
        if used.iter().any(|lanes| lanes.contains(&i)) {
            continue;
        }
        let away = |m: usize| {
            let turn_last = usize::from(moves[m].turn != Turn::Straight);
            used[m].iter().map(|l| l.abs_diff(i)).min().unwrap_or(n) * 2 + turn_last
        };
        if let Some(m) = (0..moves.len()).min_by_key(|m| (away(*m), *m)) {
            used[m].push(i);
            used[m].sort_unstable();
        }
    }
}

/// Which lane of the next link each lane of a movement leads into.
fn targets(
    left_hand: bool,
    arrows: &[Arrows],
    m: &Movement,
    lanes: &[usize],
    own: usize,
    to: &[LaneIx],
) -> Vec<(usize, LaneIx)> {
    let (u, t) = (lanes.len(), to.len());
    let kerb = if left_hand { Turn::Left } else { Turn::Right };
    if u == 0 || t == 0 {
        return vec![];
    }
    if m.turn == kerb {
        return lanes.iter().enumerate().map(|(k, i)| (*i, to[k.min(t - 1)])).collect();
    }
    if m.turn != Turn::Straight {
        return lanes.iter().rev().enumerate().map(|(k, i)| (*i, to[t - 1 - k.min(t - 1)])).collect();
    }
    if u > t {
        return lanes.iter().enumerate().map(|(k, i)| (*i, to[k * t / u])).collect();
    }
    // The road widens: a lane for turning may open at the kerb; otherwise lanes open towards the middle.
    let kerb_bit = arrow_bit(kerb);
    let opens_at_kerb = (0..t - u).all(|k| arrows[to[k].ix()].0 == kerb_bit) && u < t && own == u;
    let mut pairs: Vec<(usize, LaneIx)> = (lanes.iter().enumerate())
        .map(|(k, i)| (*i, to[if opens_at_kerb { k + t - u } else { (*i).min(k + t - u) }]))
        .collect();
    if own == u && u < t {
        let edge = if opens_at_kerb { lanes[0] } else { lanes[u - 1] };
        let opened = if opens_at_kerb { 0..t - u } else { u..t };
        pairs.extend(opened.map(|k| (edge, to[k])));
    }
    pairs
}

/// Lanes that cars may not use go straight on, else to the kerb side, preferably into a lane of their own kind.
fn bus_pairs(net: &LaneNetwork, from: LinkIx, moves: &[Movement], own: &[LaneIx]) -> Vec<(LaneIx, LaneIx, Turn)> {
    let mut pairs = vec![];
    for lane in links::lanes(net, from).filter(|l| !own.contains(l)) {
        let modes = net.lane(lane).modes;
        let usable = |m: &&Movement| links::lanes(net, m.to).any(|l| !net.lane(l).modes.intersection(modes).is_empty());
        let first = moves.iter().filter(usable).find(|m| m.turn == Turn::Straight);
        for m in first.into_iter().chain(moves.iter().filter(usable).filter(|m| m.turn != Turn::Straight && m.turn != Turn::UTurn)) {
            let fits = links::lanes(net, m.to).filter(|l| !net.lane(*l).modes.intersection(modes).is_empty());
            let index = net.lane(lane).index;
            let key = |l: &LaneIx| (net.lane(*l).modes != modes, net.lane(*l).index.abs_diff(index));
            pairs.extend(fits.min_by_key(key).map(|l| (lane, l, m.turn)));
        }
    }
    pairs
}
