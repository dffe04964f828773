//! Which streets are run lane by lane, and where one comes from one model to the other.
//!
//! It is decided junction by junction: an edge goes with the junction at its end, a lane over a junction with that junction. So all who
//! meet at a junction are in one model, which knows its signals and who gives way, and one goes over from one model to the other where
//! one comes off a junction onto the next edge. Junctions of one light belong together.

use qike_network::streets::{NONE, Streets};
use std::collections::BTreeMap;

/// Which model runs what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// By junction: run lane by lane.
    junctions: Vec<bool>,
    /// By edge, and by lane.
    edges: Vec<bool>,
    lanes: Vec<bool>,
    /// Lanes of roads that are run lane by lane and begin at a junction that is not.
    pub entries: Vec<u32>,
    /// The other way round.
    pub exits: Vec<u32>,
}

impl Sides {
    /// Of streets; `inside`: by junction, whether it lies within the area.
    pub fn new(streets: &Streets, inside: &[bool]) -> Self {
        let mut junctions = inside.to_vec();
        let last = streets.edges.iter().map(|e| e.to).chain(streets.links.iter().map(|l| l.junction)).filter(|j| *j != NONE).max();
        junctions.resize(junctions.len().max(last.map_or(0, |n| n as usize + 1)), false);
        let mut of_light: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for link in streets.links.iter().filter(|l| l.light != NONE && l.junction != NONE) {
            of_light.entry(link.light).or_default().push(link.junction);
        }
        loop {
            let mut grown = false;
            for together in of_light.values() {
                if together.iter().any(|j| junctions[*j as usize]) {
                    for j in together {
                        grown |= !std::mem::replace(&mut junctions[*j as usize], true);
                    }
                }
            }
            if !grown {
                break;
            }
        }
        let at = |j: u32| j != NONE && junctions[j as usize];
        let mut edges: Vec<bool> = streets.edges.iter().map(|e| !e.inside && at(e.to)).collect();
        for link in &streets.links {
            let next = &streets.lanes[link.next as usize];
            if next.inside {
                edges[next.edge as usize] = at(link.junction);
            }
        }
        let lanes: Vec<bool> = streets.lanes.iter().map(|l| edges[l.edge as usize]).collect();
        let crossings = |inward: bool| {
            let mut found: Vec<u32> = streets.links.iter().filter(|l| at(l.junction) != inward && lanes[l.to as usize] == inward).map(|l| l.to).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let (entries, exits) = (crossings(true), crossings(false));
        Self { junctions, edges, lanes, entries, exits }
    }

    /// Whether a junction is run lane by lane.
    pub fn at_junction(&self, junction: u32) -> bool {
        self.junctions.get(junction as usize).is_some_and(|j| *j)
    }

    /// By edge: run lane by lane.
    pub fn edges(&self) -> &[bool] {
        &self.edges
    }

    /// By lane: run lane by lane.
    pub fn lanes(&self) -> &[bool] {
        &self.lanes
    }

    /// Edges of roads that are run lane by lane, and all edges of roads.
    pub fn counts(&self, streets: &Streets) -> (usize, usize) {
        let roads = || streets.edges.iter().zip(&self.edges).filter(|(e, _)| !e.inside);
        (roads().filter(|(_, inside)| **inside).count(), roads().count())
    }
}
