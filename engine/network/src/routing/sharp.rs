//! A metric without the arcs that no cheapest way needs, for many questions to the same costs.
//!
//! An arc is left out where a way over a node above its lower end costs no more (perfect customization: Dibbelt, Strasser, Wagner
//! 2016, section 6). Ties are left out, too, where the other way's second arc costs something: then its first arc is cheaper than
//! the arc itself, and no two arcs stand for each other.

use super::{Hierarchy, Metric, NONE};

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

impl Metric {
    /// Leaves out what is not needed. Answers stay the same.
    pub fn sharpen(&mut self, h: &Hierarchy) {
        if self.sharp.is_some() {
            return;
        }
        let (mut up, mut down) = (self.up.clone(), self.down.clone());
        let mut kept = [vec![true; up.len()], vec![true; up.len()]];
        let mut arc_to = vec![NONE; h.rank.len()];
        for x in (0..h.rank.len() as u32).rev() {
            for arc in h.up(x) {
                arc_to[h.up_heads[arc] as usize] = arc as u32;
            }
            for xy in h.up(x) {
                for yz in h.up(h.up_heads[xy]) {
                    let xz = arc_to[h.up_heads[yz] as usize];
                    if xz == NONE {
                        continue;
                    }
                    let xz = xz as usize;
                    let (rise, fall) = (up[yz], down[yz]);
                    // x→z→y, z→y→x … for each of the four arcs the way over the third node.
                    let over = |cost: &mut f64, kept: &mut bool, first: f64, second: f64| {
                        let sum = first + second;
                        if sum < *cost || sum == *cost && second > 0.0 {
                            *cost = sum;
                            *kept = false;
                        }
                    };
                    let (there, back) = (up[xz], down[xz]);
                    over(&mut up[xy], &mut kept[0][xy], there, fall);
                    over(&mut down[xy], &mut kept[1][xy], back, rise);
                    let (there, back) = (up[xy], down[xy]);
                    over(&mut up[xz], &mut kept[0][xz], there, rise);
                    over(&mut down[xz], &mut kept[1][xz], back, fall);
                }
            }
            for arc in h.up(x) {
                arc_to[h.up_heads[arc] as usize] = NONE;
            }
        }
        let side = |cost: &[f64], kept: &[bool]| {
            let mut side = Side { starts: Vec::with_capacity(h.rank.len() + 1), arcs: Vec::new() };
            for x in 0..h.rank.len() as u32 {
                side.starts.push(side.arcs.len() as u32);
                side.arcs.extend(h.up(x).filter(|arc| kept[*arc] && cost[*arc] < f64::INFINITY).map(|arc| (h.up_heads[arc], arc as u32, cost[arc])));
            }
            side.starts.push(side.arcs.len() as u32);
            side
        };
        self.sharp = Some(Box::new([side(&up, &kept[0]), side(&down, &kept[1])]));
    }
}
