//! A metric without the arcs that no cheapest way needs, for many questions to the same costs.
//!
//! An arc is left out where a way over a node above its lower end costs no more (perfect customization: Dibbelt, Strasser, Wagner
//! 2016, section 6). Ties are left out, too, where all arcs cost something: then the other way's first arc is cheaper than the arc
//! itself, and no two arcs stand for each other.

use super::{Hierarchy, Metric};

/// Arcs that are left, for one direction, by their lower ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub starts: Vec<u32>,
    /// Upper end, the arc of the hierarchy, cost.
    pub arcs: Vec<(u32, u32, f64)>,
}

impl Side {
    /// Arcs of a node.
    #[inline]
    pub fn of(&self, node: u32) -> &[(u32, u32, f64)] {
        &self.arcs[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}

/// Costs of arcs above a cell, part by part: the first arc, and the costs from it on.
type Above<'a> = Vec<(usize, &'a [[f64; 2]])>;

impl Metric {
    /// Leaves out what is not needed. Answers stay the same.
    pub fn sharpen(&mut self, h: &Hierarchy) {
        if self.sharp.is_some() {
            return;
        }
        let mut costs = self.costs.clone();
        let mut lost = vec![[false; 2]; costs.len()];
        let ties = costs.iter().flatten().all(|cost| *cost > 0.0);
        compare(h, 1, &mut costs, &mut lost, ties, &Above::new());
        let side = |n: usize| {
            let mut side = Side { starts: Vec::with_capacity(h.rank.len() + 1), arcs: Vec::new() };
            for x in 0..h.rank.len() as u32 {
                side.starts.push(side.arcs.len() as u32);
                side.arcs.extend(h.up(x).filter(|arc| !lost[*arc][n] && costs[*arc][n] < f64::INFINITY).map(|arc| (h.up_heads[arc], arc as u32, costs[arc][n])));
            }
            side.starts.push(side.arcs.len() as u32);
            side
        };
        self.sharp = Some(Box::new([side(0), side(1)]));
    }
}

/// Compares arcs of a cell with the ways over nodes above, from the top; its parts at the same time. `costs` and `lost`: of all arcs
/// up of the cell's nodes. `ties`: ways that cost the same count.
fn compare(h: &Hierarchy, cell: usize, costs: &mut [[f64; 2]], lost: &mut [[bool; 2]], ties: bool, above: &Above<'_>) {
    let Some(ranks) = h.cell(cell) else { return };
    let first = h.up_starts[ranks.start as usize] as usize;
    let parts = h.parts(cell);
    let own = parts.as_ref().map_or(ranks.start, |[_, (_, part)]| part.end);
    // Where a node stands among those above x; one place more for those that do not.
    let mut place = vec![0_u32; h.rank.len()];
    let (mut known, mut other): (Vec<[f64; 2]>, Vec<[f64; 2]>) = (Vec::new(), Vec::new());
    for x in (own..ranks.end).rev() {
        let (begin, end) = (h.up(x).start - first, h.up(x).end - first);
        let (low, high) = costs.split_at_mut(end);
        let here = &mut low[begin..];
        let heads = &h.up_heads[h.up(x)];
        let Some(last) = heads.last() else { continue };
        for (n, head) in (1..).zip(heads) {
            place[*head as usize] = n;
        }
        known.clear();
        known.push([f64::INFINITY; 2]);
        known.extend_from_slice(here);
        other.clear();
        other.resize(known.len(), [f64::INFINITY; 2]);
        for (xy, y) in (1..).zip(heads) {
            let arcs = h.up(*y);
            let arcs = arcs.start..arcs.start + h.up_heads[arcs].partition_point(|z| z <= last);
            let of_y = if *y < ranks.end {
                &high[arcs.start - first - end..arcs.end - first - end]
            } else {
                let part = above.iter().find(|(first, costs)| (*first..first + costs.len()).contains(&arcs.start));
                part.map_or(&[][..], |(first, costs)| &costs[arcs.start - first..arcs.end - first])
            };
            // Up from x to y over z, which is above y, and up to z over y; down likewise. From x one goes up first, by an arc as it
            // is known; what follows is final.
            let ([there, back], mut best) = (known[xy], other[xy]);
            for (z, [rise, fall]) in h.up_heads[arcs].iter().zip(of_y) {
                let xz = place[*z as usize] as usize;
                let ([up, down], over) = (known[xz], &mut other[xz]);
                best = [best[0].min(up + fall), best[1].min(down + rise)];
                *over = [over[0].min(there + rise), over[1].min(back + fall)];
            }
            other[xy] = best;
        }
        for ((cost, lost), other) in here.iter_mut().zip(&mut lost[begin..end]).zip(&other[1..]) {
            for side in 0..2 {
                lost[side] = if ties { other[side] <= cost[side] } else { other[side] < cost[side] };
                cost[side] = cost[side].min(other[side]);
            }
        }
        for head in heads {
            place[*head as usize] = 0;
        }
    }
    if let Some([before, after]) = parts {
        let [border, end] = [after.1.start, own].map(|rank| h.up_starts[rank as usize] as usize - first);
        let (below, here) = costs.split_at_mut(end);
        let mut above = above.clone();
        above.push((end + first, here));
        let (low, high) = below.split_at_mut(border);
        let (lost_low, lost_high) = lost[..end].split_at_mut(border);
        rayon::join(|| compare(h, before.0, low, lost_low, ties, &above), || compare(h, after.0, high, lost_high, ties, &above));
    }
}
