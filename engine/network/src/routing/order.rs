//! The order of a hierarchy: nested dissection of the map.
//!
//! Nodes of the graph are edges of the map. What separates two parts of a city are the streets between them, so junctions are cut
//! into two sets with as few streets between them as there can be, and the edges of those streets come last; then each set is cut,
//! and so on (Buchhold, Wagner, Zeitz, Zündorf: Customizable Contraction Hierarchies with Turn Costs, ATMOS 2020). Cuts are those of
//! inertial flow (Schild, Sommer: On Balanced Separators in Road Networks, SEA 2015).
//!
//! A junction here is where edges end and begin between which one can turn: what the map calls one may be several.

use super::RouteGraph;
use super::cuts::Cutter;
use std::ops::Range;

/// Junctions and the streets between them.
#[derive(Debug, Default)]
struct Streets {
    /// Ends of each.
    ends: Vec<[u32; 2]>,
    /// Edges between the same two junctions, by (ends, node).
    edges: Vec<([u32; 2], u32)>,
    /// First edge of each, and the end.
    starts: Vec<usize>,
    /// Place of each junction: the mean of its edges' middles.
    places: Vec<[f32; 2]>,
}

/// Cells are known down to so many cuts.
const DEPTH: u32 = 6;

/// An order, and the parts of the map that were cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Nodes of the graph, the least important first.
    pub nodes: Vec<u32>,
    /// Ranks of each part: the whole is number 1, those into which number n was cut are 2 n and 2 n + 1, and stand before what
    /// separates them. Nodes of one have no way to those of the other but over what comes after both.
    pub cells: Vec<Option<Range<u32>>>,
}

/// The order for a graph.
pub(super) fn of(graph: &RouteGraph) -> Order {
    let map = Streets::of(graph);
    let mut cutter = Cutter::new(&map.ends, &map.places);
    // The most important street first.
    let mut order: Vec<u32> = Vec::with_capacity(map.ends.len());
    let mut cells = vec![None; 1 << (DEPTH + 1)];
    let mut sets = vec![(1_usize, (0..map.places.len() as u32).collect::<Vec<u32>>(), (0..map.ends.len() as u32).collect::<Vec<u32>>())];
    while let Some((cell, junctions, streets)) = sets.pop() {
        if let Some(cell) = cells.get_mut(cell) {
            *cell = Some(order.len()..order.len() + streets.len());
        }
        if junctions.len() < 2 || streets.len() < 2 {
            order.extend(streets);
            continue;
        }
        cutter.cut(&junctions, &streets);
        let mut parts = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
        for j in junctions {
            parts[usize::from(cutter.beyond(j))].0.push(j);
        }
        for s in streets {
            let [a, b] = map.ends[s as usize].map(|j| cutter.beyond(j));
            if a == b { parts[usize::from(a)].1.push(s) } else { order.push(s) }
        }
        // Number 0, of no meaning, for parts of parts that are not known.
        let numbers = [2 * cell, 2 * cell + 1].map(|c| if cell > 0 && c < cells.len() { c } else { 0 });
        sets.extend(numbers.into_iter().zip(parts).map(|(number, (junctions, streets))| (number, junctions, streets)));
    }
    order.reverse();
    let mut ranks = vec![0];
    let mut nodes = Vec::with_capacity(graph.len());
    for street in &order {
        nodes.extend(map.edges[map.starts[*street as usize]..map.starts[*street as usize + 1]].iter().map(|e| e.1));
        ranks.push(nodes.len() as u32);
    }
    let ranked = |c: Range<usize>| ranks[order.len() - c.end]..ranks[order.len() - c.start];
    Order { nodes, cells: cells.into_iter().map(|c| c.map(ranked)).collect() }
}

impl Streets {
    fn of(graph: &RouteGraph) -> Self {
        // Ends of edges: where node n begins is 2 n, where it ends 2 n + 1. Each turn joins two.
        let mut same: Vec<u32> = (0..2 * graph.len() as u32).collect();
        for node in 0..graph.len() as u32 {
            for turn in graph.arcs(node) {
                let (a, b) = (root(&mut same, 2 * node + 1), root(&mut same, 2 * graph.heads[turn]));
                same[a.max(b) as usize] = a.min(b);
            }
        }
        let mut number = vec![u32::MAX; same.len()];
        let mut sums: Vec<([f64; 2], f64)> = Vec::new();
        let mut map = Self::default();
        for (node, middle) in (0..).zip(&graph.middles) {
            let ends = [2 * node, 2 * node + 1].map(|end| {
                let known = &mut number[root(&mut same, end) as usize];
                if *known == u32::MAX {
                    *known = sums.len() as u32;
                    sums.push(([0.0; 2], 0.0));
                }
                let sum = &mut sums[*known as usize];
                *sum = ([sum.0[0] + f64::from(middle[0]), sum.0[1] + f64::from(middle[1])], sum.1 + 1.0);
                *known
            });
            map.edges.push(([ends[0].min(ends[1]), ends[0].max(ends[1])], node));
        }
        map.places = sums.iter().map(|(sum, n)| sum.map(|s| (s / n) as f32)).collect();
        map.edges.sort_unstable();
        for (at, (ends, _)) in map.edges.iter().enumerate() {
            if map.ends.last() != Some(ends) {
                map.ends.push(*ends);
                map.starts.push(at);
            }
        }
        map.starts.push(map.edges.len());
        map
    }
}

/// The least end that is joined with one.
fn root(same: &mut [u32], mut end: u32) -> u32 {
    while same[end as usize] != end {
        same[end as usize] = same[same[end as usize] as usize];
        end = same[end as usize];
    }
    end
}
