//! Who gives way where no light says so: signs, ranks of roads, the road that goes on, who comes from the right.

use super::junctions::sign;
use super::turns::{Context, End, Ends};
use crate::ix::{ConnIx, JunctionIx, LinkIx};
use crate::lane::{Connection, JunctionKind, LaneNetwork, Turn};
use crate::shape;
use std::collections::{BTreeMap, BTreeSet};

/// Above that speed nobody minds who comes from the right: the road that goes on goes first, m/s (45 km/h).
const FAST_MPS: f64 = 12.5;
/// A road that goes on bends less than this, radians.
const BENDS: f64 = 0.8;

/// What the signs and the roads of a junction say.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    /// Links into the junction that give way, by a sign or as the lesser of equal roads.
    pub signed: BTreeSet<LinkIx>,
    /// Those of them with a sign to stop.
    pub stops: BTreeSet<LinkIx>,
    /// All ways into the junction have to stop.
    pub all_stop: bool,
    /// Links out of the junction on its main road, where it has one of two arms.
    pub main: BTreeSet<LinkIx>,
}

impl Manners {
    /// Reads the signs; finds the main road of a junction with so many arms.
    pub fn new(net: &LaneNetwork, cx: &Context, ends: &Ends, arms: usize) -> Self {
        let mut rules = Self::default();
        let mut signs = 0;
        for end in &ends.ins {
            let Some(sign) = sign(cx.top, end.segment, cx.top.segments[end.segment as usize].b == end.node) else { continue };
            signs += usize::from(sign.stop);
            rules.signed.insert(end.link);
            if sign.stop {
                rules.stops.insert(end.link);
            }
        }
        rules.all_stop = signs > 1 && signs == ends.ins.len();
        if arms > 2 && !rules.all_stop {
            rules.main_road(net, cx, ends, arms);
        }
        rules
    }

    /// The main road: the two arms of the highest rank without signs; of more such arms of a fast road, or of a fork of three, the two
    /// that go on into one another, and the others give way.
    fn main_road(&mut self, net: &LaneNetwork, cx: &Context, ends: &Ends, arms: usize) {
        let mut of: BTreeMap<(u32, u32), Vec<LinkIx>> = BTreeMap::new();
        for end in ends.ins.iter().chain(&ends.outs) {
            of.entry((end.segment, end.node)).or_default().push(end.link);
        }
        let free: Vec<(&(u32, u32), &Vec<LinkIx>)> = of.iter().filter(|(_, links)| !links.iter().any(|l| self.signed.contains(l))).collect();
        let rank = |links: &[LinkIx]| links.iter().map(|l| net.link(*l).priority).max();
        let Some(top) = free.iter().map(|(_, links)| rank(links)).max() else { return };
        let mut best: Vec<_> = free.into_iter().filter(|(_, links)| rank(links) == top).collect();
        if best.iter().any(|(_, links)| links.iter().any(|l| net.link(*l).roundabout)) {
            return;
        }
        if best.len() > 2 {
            let fast = best.iter().any(|(_, links)| links.iter().any(|l| net.link(*l).speed_mps > FAST_MPS));
            if !(fast || arms == 3) {
                return;
            }
            let heading = |arm: &(u32, u32)| super::links::heading_from(cx.top, arm.0, arm.1);
            let mut pairs = Vec::new();
            for (i, (a, _)) in best.iter().enumerate() {
                for (j, (b, _)) in best.iter().enumerate().skip(i + 1) {
                    let bend = std::f64::consts::PI - shape::wrap(heading(a) - heading(b)).abs();
                    let one_road = cx.top.segments[a.0 as usize].object == cx.top.segments[b.0 as usize].object;
                    if bend < BENDS {
                        pairs.push((if one_road { bend / 2.0 } else { bend }, i, j));
                    }
                }
            }
            let Some((_, i, j)) = pairs.into_iter().min_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2)))) else { return };
            let minor = best.iter().enumerate().filter(|(n, _)| ![i, j].contains(n)).flat_map(|(_, (_, links))| links.iter());
            let into: BTreeSet<LinkIx> = ends.ins.iter().map(|e: &End| e.link).collect();
            self.signed.extend(minor.filter(|l| into.contains(l)));
            best = vec![best[i], best[j]];
        }
        if let [(_, a), (_, b)] = best[..] {
            let out: BTreeSet<LinkIx> = ends.outs.iter().map(|e| e.link).collect();
            self.main = a.iter().chain(b).filter(|l| out.contains(l)).copied().collect();
        }
    }
}

/// Rank of a sense of travel against traffic from the opposite side: the greater gives way.
fn turn_rank(turn: Turn, left_hand: bool) -> u8 {
    match (turn, left_hand) {
        (Turn::Straight, _) => 0,
        (Turn::Right, false) | (Turn::Left, true) => 1,
        (Turn::Left, false) | (Turn::Right, true) => 2,
        (Turn::UTurn, _) => 3,
    }
}

/// Whether the first of two conflicting connections gives way to the second. Exactly one of the two does.
pub(crate) fn first_yields(net: &LaneNetwork, junction: JunctionIx, a: ConnIx, b: ConnIx, rules: &Manners) -> bool {
    let (ca, cb) = (net.connection(a), net.connection(b));
    let (la, lb) = (net.lane(ca.from_lane).link, net.lane(cb.from_lane).link);
    let (ra, rb) = (turn_rank(ca.turn, net.left_hand), turn_rank(cb.turn, net.left_hand));
    if la == lb {
        // From one link: who leaves the stream gives way to those who stay in it, then the lane that ends to the one that goes on.
        let index = |c: &Connection| (net.lane(c.from_lane).index.abs_diff(net.lane(c.to_lane).index), c.from_lane);
        return (ra, index(ca)) > (rb, index(cb));
    }
    let (ka, kb) = (net.link(la), net.link(lb));
    let kind = net.junctions[junction.ix()].kind;
    if kind != JunctionKind::Signal {
        if ka.roundabout != kb.roundabout {
            return kb.roundabout;
        }
        let sign = [la, lb].map(|l| rules.signed.contains(&l));
        if sign[0] != sign[1] {
            return sign[0];
        }
        if ka.priority != kb.priority {
            return ka.priority < kb.priority;
        }
        // Who leaves the main road gives way to those who stay on it, wherever it bends.
        let leaves = [ca, cb].map(|c| !rules.main.contains(&net.lane(c.to_lane).link));
        if !sign[0] && !rules.main.is_empty() && leaves[0] != leaves[1] {
            return leaves[0];
        }
    }
    let heading = |c: &Connection| shape::end_heading(net.shape(&net.lane(c.from_lane).shape), 12.0);
    let between = shape::wrap(heading(cb) - heading(ca));
    if between.abs() > 2.3 {
        // From opposite sides: who turns across gives way.
        return (ra, a) > (rb, b);
    }
    if kind == JunctionKind::Priority && ra != rb && ka.priority == kb.priority && (ra == 3 || rb == 3) {
        return ra > rb;
    }
    // b comes from the right of a when b's heading is turned to the left of a's.
    let from_right = between > 0.0;
    if between.abs() < 0.1 { a > b } else { from_right != net.left_hand }
}
