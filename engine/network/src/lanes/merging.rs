//! Which lanes belong to whom where roads run together or part: on-ramps that bring lanes of their own, forks whose lanes are those of
//! the two roads behind them.

use super::turns::{Movement, open_lanes};
use crate::ix::LinkIx;
use crate::lane::{LaneNetwork, Turn};
use crate::shape;
use std::collections::BTreeMap;

/// What lanes of the links out of a junction are whose.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// By link out and link in, of links out that several lead straight on to: the first of its lanes (from the kerb) for that one.
    first: BTreeMap<(LinkIx, LinkIx), usize>,
    /// Only one link leads into the junction.
    one_in: bool,
}

impl Shares {
    /// Of all movements over a junction.
    pub fn new(net: &LaneNetwork, all: &[(LinkIx, Vec<Movement>)]) -> Self {
        let mut into: BTreeMap<LinkIx, Vec<LinkIx>> = BTreeMap::new();
        for (from, moves) in all {
            for m in moves.iter().filter(|m| m.turn == Turn::Straight) {
                into.entry(m.to).or_default().push(*from);
            }
        }
        let mut shares = Self { one_in: all.len() == 1, ..Self::default() };
        for (to, mut ins) in into.into_iter().filter(|(_, ins)| ins.len() > 1) {
            let line = net.shape(&net.lanes[net.links[to.ix()].lanes.start as usize].shape);
            let Some(&start) = line.first() else { continue };
            let (sin, cos) = shape::start_heading(line, 12.0).sin_cos();
            // How far to the kerb's side of the link out a link in ends.
            let aside = |from: LinkIx| {
                let own = net.shape(&net.lanes[net.links[from.ix()].lanes.start as usize].shape);
                let p = shape::pose(own, (shape::length(own) - 20.0).max(0.0)).0;
                let right = (p[0] - start[0]) * sin - (p[1] - start[1]) * cos;
                if net.left_hand { -right } else { right }
            };
            ins.sort_by(|a, b| aside(*b).total_cmp(&aside(*a)).then(a.cmp(b)));
            let (lanes, count) = (open_lanes(net, to).len(), ins.len());
            let mut used = 0;
            for (n, from) in ins.into_iter().enumerate() {
                let own = open_lanes(net, from).len();
                // Each beside the one before; the last at the far side; whoever has no room left shares.
                let at = if n + 1 == count { lanes.saturating_sub(own) } else { used.min(lanes.saturating_sub(own)) };
                shares.first.insert((to, from), at);
                used += own;
            }
        }
        shares
    }

    /// The first lane for those who come from a link where others come too.
    pub fn first(&self, from: LinkIx, to: LinkIx) -> Option<usize> {
        self.first.get(&(to, from)).copied()
    }

    /// Where a road of so many lanes parts into two that have as many together: the lanes for each.
    pub fn parted(&self, net: &LaneNetwork, lanes: usize, moves: &[Movement]) -> Option<Vec<Vec<usize>>> {
        let [near, far] = moves else { return None };
        let own = [near, far].map(|m| open_lanes(net, m.to).len());
        let parts = self.one_in && own[0] + own[1] == lanes && [near, far].iter().all(|m| m.turn != Turn::UTurn);
        parts.then(|| vec![(0..own[0]).collect(), (own[0]..lanes).collect()])
    }
}
