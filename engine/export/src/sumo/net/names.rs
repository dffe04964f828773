//! Ids as SUMO takes them, each once.

use qike_scene::traffic::{EdgeKind, NodeKind, RoadMap};
use std::collections::{HashMap, HashSet};

/// The names of a map's parts, by place.
pub struct Names {
    edges: Vec<String>,
    lanes: Vec<String>,
    junctions: Vec<String>,
    lights: Vec<String>,
    /// Names of lights by id, for their plans.
    of_light: HashMap<String, String>,
}

impl Names {
    /// Names everything.
    pub fn new(map: &RoadMap) -> Self {
        let mut taken = HashSet::new();
        let mut junctions: Vec<String> = map.junctions.iter().map(|j| if j.kind == NodeKind::Internal { String::new() } else { once(clean(&j.id), &mut taken) }).collect();
        let known: HashMap<&str, &str> = map.junctions.iter().zip(&junctions).map(|(j, name)| (j.id.as_str(), name.as_str())).collect();
        let mut taken = HashSet::new();
        let edges: Vec<String> = map
            .edges
            .iter()
            .map(|edge| {
                // Edges over a junction are called by it: SUMO looks for the junction in their names.
                let over = (edge.kind != EdgeKind::Normal).then(|| edge.id.strip_prefix(':')?.rsplit_once('_')).flatten();
                let name = match over {
                    Some((junction, number)) => format!(":{}_{number}", known.get(junction).map_or_else(|| clean(junction), |name| (*name).to_owned())),
                    None if edge.kind != EdgeKind::Normal => format!(":{}", clean(&edge.id)),
                    None => clean(&edge.id),
                };
                once(name, &mut taken)
            })
            .collect();
        let lanes: Vec<String> = map.lanes.iter().map(|lane| format!("{}_{}", edges.get(lane.edge as usize).map_or("", String::as_str), lane.index)).collect();
        // The junction of a waiting place has the name of the lane that begins there.
        let own: HashMap<&str, &str> = map.lanes.iter().zip(&lanes).map(|(lane, name)| (lane.id.as_str(), name.as_str())).collect();
        for (junction, name) in map.junctions.iter().zip(&mut junctions).filter(|(j, _)| j.kind == NodeKind::Internal) {
            *name = own.get(junction.id.as_str()).map_or_else(|| format!(":{}", clean(&junction.id)), |name| (*name).to_owned());
        }
        let mut taken = HashSet::new();
        let lights: Vec<String> = map.lights.iter().map(|id| once(clean(id), &mut taken)).collect();
        let of_light = map.lights.iter().cloned().zip(lights.iter().cloned()).collect();
        Self { edges, lanes, junctions, lights, of_light }
    }

    /// Of all edges, by place.
    pub fn into_edges(self) -> Vec<String> {
        self.edges
    }

    /// Of an edge.
    pub fn edge(&self, at: u32) -> &str {
        self.edges.get(at as usize).map_or("", String::as_str)
    }

    /// Of a lane.
    pub fn lane(&self, at: u32) -> &str {
        self.lanes.get(at as usize).map_or("", String::as_str)
    }

    /// Of a junction.
    pub fn junction(&self, at: u32) -> &str {
        self.junctions.get(at as usize).map_or("", String::as_str)
    }

    /// Of a light.
    pub fn light(&self, at: u32) -> &str {
        self.lights.get(at as usize).map_or("", String::as_str)
    }

    /// Of the light of that id.
    pub fn plan(&self, light: &str) -> &str {
        self.of_light.get(light).map_or("", String::as_str)
    }
}

/// An id without what SUMO does not allow in ids; one that it allows stays as it is.
pub fn clean(id: &str) -> String {
    let (id, back) = match (id.strip_suffix('>'), id.strip_suffix('<')) {
        (Some(id), _) => (id, false),
        (_, Some(id)) => (id, true),
        _ => (id, false),
    };
    let id = id.strip_prefix("osm:way/").or_else(|| id.strip_prefix("osm:node/")).unwrap_or(id);
    let allowed = |c: char| if c.is_whitespace() || c.is_control() || "|\\'\";,:<>&*?".contains(c) { '_' } else { c };
    let id: String = id.chars().map(allowed).collect();
    format!("{}{}", if back { "-" } else { "" }, if id.is_empty() { "_" } else { &id })
}

/// A name that no other has yet.
fn once(name: String, taken: &mut HashSet<String>) -> String {
    let mut free = name.clone();
    let mut number = 1;
    while !taken.insert(free.clone()) {
        number += 1;
        free = format!("{name}.{number}");
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_such_as_sumo_takes() {
        for (id, name) in [("osm:way/12#3>", "12#3"), ("osm:way/12#3<", "-12#3"), ("osm:node/-5", "-5"), ("at:1.00,2.00,0.00", "at_1.00_2.00_0.00"), ("gneE1", "gneE1"), ("", "_"), ("a b&c", "a_b_c")] {
            assert_eq!(clean(id), name);
        }
        let mut taken = HashSet::new();
        assert_eq!(["a", "a", "a"].map(|n| once(n.into(), &mut taken)), ["a", "a.2", "a.3"]);
    }
}
