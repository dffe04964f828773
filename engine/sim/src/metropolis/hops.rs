//! Ways as tables: the street to take at each node towards each zone, and inside a zone towards each of its nodes.
//!
//! Towards a zone the table holds a byte for each node within [`REACH`] zones of it: the cheapest way from there to any of its nodes, by
//! one search from all of them back, with the times that links took lately (a queue of buckets: Dial, Commun. ACM 12 (1969) 632). So
//! fifty million trips share some thousand searches, a traveller carries nothing but where it goes, and what it costs is known.

use super::city::{BLOCK, City, Class};
use rayon::prelude::*;

/// Nobody goes farther than so many zones in either axis.
pub const REACH: u32 = 12;
/// No street.
pub const NO_WAY: u8 = 4;
/// Units of cost, ms.
const UNIT: u32 = 250;
/// Buckets; a link costs less than that.
const BUCKETS: usize = 4096;
/// Share of links that must have changed for a table to be made anew.
const CHANGED: f64 = 0.01;
/// Nodes of a zone.
const CELLS: usize = (BLOCK * BLOCK) as usize;

/// One zone's table: a window of nodes.
#[derive(Clone, Debug)]
struct Window {
    x: u32,
    y: u32,
    wide: u32,
    ways: Vec<u8>,
    /// Links in it whose times have changed since it was made.
    changed: u32,
}

/// All tables.
#[derive(Clone)]
pub struct Hops {
    windows: Vec<Window>,
    /// By zone, from node, to node.
    inside: Vec<u8>,
}

/// Memory of a search.
#[derive(Default)]
struct Search {
    cost: Vec<u32>,
    buckets: Vec<Vec<(u32, u32)>>,
}

impl Hops {
    /// Tables for times without traffic.
    pub fn new(city: &City) -> Self {
        let windows = (0..city.zones * city.zones).map(|zone| {
            let (zx, zy) = (zone % city.zones, zone / city.zones);
            let span = |z: u32| (z.saturating_sub(REACH) * BLOCK, (z + REACH + 1).min(city.zones) * BLOCK);
            let ((x, east), (y, north)) = (span(zx), span(zy));
            Window { x, y, wide: east - x, ways: vec![NO_WAY; ((east - x) * (north - y)) as usize], changed: u32::MAX / 2 }
        });
        let mut hops = Self { windows: windows.collect(), inside: vec![NO_WAY; (city.zones * city.zones) as usize * CELLS * CELLS] };
        let costs: Vec<u32> = (0..city.links.len() as u32).map(|l| city.alone(l)).collect();
        hops.inside.par_chunks_mut(CELLS * CELLS).enumerate().for_each(|(zone, table)| inside(city, zone as u32, &costs, table));
        hops.update(city, &costs, &vec![0; (city.zones * city.zones) as usize]);
        hops
    }

    /// Tables for these times of links, ms, of which so many have changed in each zone. A table is made anew when a share of
    /// [`CHANGED`] of the links in it has.
    pub fn update(&mut self, city: &City, costs: &[u32], changed: &[u32]) {
        self.windows.par_iter_mut().enumerate().for_each_init(Search::default, |search, (zone, window)| {
            let (x, y, wide, tall) = (window.x / BLOCK, window.y / BLOCK, window.wide / BLOCK, window.ways.len() as u32 / window.wide / BLOCK);
            window.changed += (y..y + tall).flat_map(|b| (x..x + wide).map(move |a| changed[(b * city.zones + a) as usize])).sum::<u32>();
            if f64::from(window.changed) > CHANGED * 4.0 * window.ways.len() as f64 {
                window.changed = 0;
                search.run(city, zone as u32, window, costs);
            }
        });
    }

    /// The direction in which one goes on from a node to another; [`NO_WAY`] where it has arrived. Who is beyond the reach of a table
    /// goes towards a place between, which is nearer to the end the nearer one comes.
    #[inline]
    pub fn next(&self, city: &City, from: u32, to: u32) -> u8 {
        let (x, y) = (from % city.side, from / city.side);
        let (zx, zy) = (to % city.side / BLOCK, to / city.side / BLOCK);
        if x / BLOCK == zx && y / BLOCK == zy {
            return self.inside[((zy * city.zones + zx) as usize * CELLS + cell(city, from)) * CELLS + cell(city, to)];
        }
        let between = |at: u32, end: u32| end.clamp((at / BLOCK).saturating_sub(REACH), at / BLOCK + REACH);
        let window = &self.windows[(between(y, zy) * city.zones + between(x, zx)) as usize];
        window.ways[((y - window.y) * window.wide + x - window.x) as usize]
    }

    /// Bytes of the tables.
    pub fn bytes(&self) -> usize {
        self.inside.len() + self.windows.iter().map(|w| w.ways.len()).sum::<usize>()
    }
}

/// Place of a node in its zone.
#[inline]
fn cell(city: &City, node: u32) -> usize {
    (node / city.side % BLOCK * BLOCK + node % city.side % BLOCK) as usize
}

impl Search {
    fn run(&mut self, city: &City, zone: u32, window: &mut Window, costs: &[u32]) {
        let wide = window.wide;
        self.buckets.resize(BUCKETS, Vec::new());
        self.cost.clear();
        self.cost.resize(window.ways.len(), u32::MAX);
        let (zx, zy) = (zone % city.zones * BLOCK, zone / city.zones * BLOCK);
        let mut open = 0usize;
        for n in 0..BLOCK * BLOCK {
            let place = (zy + n / BLOCK - window.y) * wide + zx + n % BLOCK - window.x;
            self.cost[place as usize] = 0;
            self.buckets[0].push((0, place));
            open += 1;
        }
        let tall = window.ways.len() as u32 / wide;
        let mut now = 0u32;
        while open > 0 {
            let mut bucket = std::mem::take(&mut self.buckets[now as usize % BUCKETS]);
            for (cost, place) in bucket.drain(..) {
                open -= 1;
                if self.cost[place as usize] != cost {
                    continue;
                }
                let (x, y) = (place % wide, place / wide);
                // From where one comes here by going east, north, west, south.
                for way in 0..4u32 {
                    let before = match way {
                        0 if x > 0 => place - 1,
                        1 if y > 0 => place - wide,
                        2 if x + 1 < wide => place + 1,
                        3 if y + 1 < tall => place + wide,
                        _ => continue,
                    };
                    let node = (window.y + before / wide) * city.side + window.x + before % wide;
                    let link = (node * 4 + way) as usize;
                    if city.links[link].class == Class::None {
                        continue;
                    }
                    let reach = cost + (costs[link] / UNIT).clamp(1, BUCKETS as u32 - 1);
                    if reach < self.cost[before as usize] {
                        self.cost[before as usize] = reach;
                        window.ways[before as usize] = way as u8;
                        self.buckets[reach as usize % BUCKETS].push((reach, before));
                        open += 1;
                    }
                }
            }
            self.buckets[now as usize % BUCKETS] = bucket;
            now += 1;
        }
    }
}

/// Ways inside a zone: between all its nodes (Floyd and Warshall's way, over ever more nodes).
fn inside(city: &City, zone: u32, costs: &[u32], table: &mut [u8]) {
    let mut cost = [[u32::MAX / 2; CELLS]; CELLS];
    let node = |n: usize| (zone / city.zones * BLOCK + n as u32 / BLOCK) * city.side + zone % city.zones * BLOCK + n as u32 % BLOCK;
    for from in 0..CELLS {
        cost[from][from] = 0;
        for way in 0..4 {
            let link = &city.links[(node(from) * 4 + way) as usize];
            if link.class != Class::None && city.zone(link.to) == zone {
                let to = cell(city, link.to);
                (cost[from][to], table[from * CELLS + to]) = (costs[(node(from) * 4 + way) as usize], way as u8);
            }
        }
    }
    for over in 0..CELLS {
        for from in 0..CELLS {
            for to in 0..CELLS {
                let sum = cost[from][over] + cost[over][to];
                if sum < cost[from][to] {
                    (cost[from][to], table[from * CELLS + to]) = (sum, table[from * CELLS + over]);
                }
            }
        }
    }
}
