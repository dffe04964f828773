//! Zones: squares of a grid that hold sites.

use super::Site;
use std::collections::BTreeMap;

/// More zones are too many for tables of all pairs.
const MOST: usize = 1200;

/// A zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PopulationZone {
    /// Mean place of its sites.
    pub at: [f64; 2],
    /// Its sites.
    pub sites: Vec<u32>,
}

/// Zones by place, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Zones.
    pub zones: Vec<PopulationZone>,
    /// Zone by site.
    pub of: Vec<u32>,
    /// Side of a square, m.
    pub side_m: f64,
}

/// Squares of that side, or of twice and twice that until there are not too many.
pub fn grid(sites: &[Site], side_m: f64) -> Grid {
    let mut side_m = side_m.max(1.0);
    loop {
        let mut cells: BTreeMap<(i64, i64), Vec<u32>> = BTreeMap::new();
        for (n, site) in (0..).zip(sites) {
            cells.entry(((site.at[1] / side_m).floor() as i64, (site.at[0] / side_m).floor() as i64)).or_default().push(n);
        }
        if cells.len() > MOST {
            side_m *= 2.0;
            continue;
        }
        let mut of = vec![0; sites.len()];
        let zones = (0_u32..).zip(cells.into_values()).map(|(zone, members)| {
            let mut at = [0.0; 2];
            for site in &members {
                of[*site as usize] = zone;
                (0..2).for_each(|k| at[k] += sites[*site as usize].at[k] / members.len() as f64);
            }
            PopulationZone { at, sites: members }
        }).collect();
        return Grid { zones, of, side_m };
    }
}

impl Grid {
    /// Distances between zones, km, row by row; within a zone half its side, as in a square of evenly spread places.
    pub fn distances(&self) -> Vec<f64> {
        let within = 0.52 * self.side_m;
        let between = |a: &PopulationZone, b: &PopulationZone| (a.at[0] - b.at[0]).hypot(a.at[1] - b.at[1]).max(within) / 1000.0;
        self.zones.iter().flat_map(|a| self.zones.iter().map(move |b| between(a, b))).collect()
    }
}
