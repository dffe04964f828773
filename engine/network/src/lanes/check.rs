//! What is wrong with the roads of a scene as a network, or looks so. All findings are warnings: the roads are kept as they are.
//!
//! | Code | What |
//! |---|---|
//! | `road-no-length` | a road's line has no length |
//! | `road-gap` | a road ends a little beside another and is not joined to it |
//! | `road-node-not-shared` | two roads have a point at the same place and are not joined there: their nodes have different ids |
//! | `road-unreachable` | roads that hang together with no others |
//! | `road-one-way-out` | a one-way road from which no road leads on |
//! | `road-one-way-in` | a one-way road into which no road leads |
//! | `restriction-absent` | a turn restriction names a road that is not there, or a node that is not on its road |
//! | `restriction-unusable` | a turn restriction that cannot be kept |
//!
//! Where the data end, roads end too: what is found at its edge is no fault of the roads.

use super::topology::{NodeKey, keyed_lines};
use crate::lane::LaneNetwork;
use crate::lanes::NetworkOptions;
use crate::shape::{self, Point};
use qike_core::Diagnostic;
use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot, Value};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Line};
use std::collections::{BTreeMap, BTreeSet};

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoadCheckOptions {
    /// A road that ends no further than this from another is probably meant to meet it, metres.
    pub gap_m: f64,
    /// Roads this far above one another do not meet, metres.
    pub clear_m: f64,
    /// Findings of one code that are listed singly; the rest is counted.
    pub most: usize,
}

impl Default for RoadCheckOptions {
    fn default() -> Self {
        Self { gap_m: 1.0, clear_m: 2.0, most: 100 }
    }
}

/// A road's lines for vehicles of any kind, with the keys of their points.
struct Road {
    ix: ObjectIx,
    layer: i64,
    lines: Vec<Vec<(NodeKey, Point)>>,
}

/// A piece of a road's line; the number is the road's place in the list, the heights are those of its ends.
type Piece = GeomWithData<Line<[f64; 2]>, (usize, [f64; 2])>;

/// All findings about the roads of a scene, sorted by code and object. None where coordinates are not metres.
pub fn check_roads(scene: &SceneSnapshot, options: &RoadCheckOptions) -> Vec<Diagnostic> {
    if scene.of_class(Class::Road).is_empty() {
        return Vec::new();
    }
    let Ok(network) = LaneNetwork::from_scene(scene, &NetworkOptions::default()) else { return Vec::new() };
    let mut checks = Checks { scene, found: BTreeMap::new(), most: options.most };
    let roads = checks.roads();
    checks.joints(&roads);
    checks.gaps(&roads, options);
    checks.restrictions(&roads);
    checks.ways_on(&network);
    for fault in &network.faults {
        match fault.code.as_ref() {
            "restriction-unusable" => checks.put("restriction-unusable", fault.clone()),
            "network-piece" => {
                let finding = Diagnostic::warning("road-unreachable", fault.message.clone()).help("join them to the other roads, unless the data end there");
                checks.put("road-unreachable", Diagnostic { place: fault.place.clone(), ..finding });
            }
            _ => {}
        }
    }
    checks.finish()
}

/// On which level a road runs, by its tags: roads of different levels do not meet where they cross.
fn layer(object: &CityObject) -> i64 {
    let said = |key: &str| object.attributes.get(key).and_then(Value::as_str).filter(|text| *text != "no");
    let number = object.attributes.get("layer").and_then(|v| v.as_i64().or_else(|| v.as_str()?.trim().parse().ok()));
    number.unwrap_or(i64::from(said("bridge").is_some()) - i64::from(said("tunnel").is_some()))
}

struct Checks<'a> {
    scene: &'a SceneSnapshot,
    found: BTreeMap<&'static str, (usize, Vec<Diagnostic>)>,
    most: usize,
}

impl Checks<'_> {
    fn put(&mut self, code: &'static str, finding: Diagnostic) {
        let (count, list) = self.found.entry(code).or_default();
        *count += 1;
        if *count <= self.most {
            list.push(finding);
        }
    }

    fn add(&mut self, code: &'static str, road: ObjectIx, at: Option<Point>, message: String, help: &'static str) {
        let mut finding = Diagnostic::warning(code, message).object(self.scene.get(road).id.as_str());
        if let Some(at) = at {
            finding = finding.position(at);
        }
        self.put(code, if help.is_empty() { finding } else { finding.help(help) });
    }

    fn id(&self, road: ObjectIx) -> &str {
        self.scene.get(road).id.as_str()
    }

    /// Reads the roads; those drawn as lines without length are told.
    fn roads(&mut self) -> Vec<Road> {
        let mut roads = Vec::new();
        for ix in self.scene.of_class(Class::Road) {
            let object = self.scene.get(*ix);
            let lines = keyed_lines(object);
            let drawn = object.coarsest().is_some_and(|g| g.lines().next().is_some());
            let length: f64 = lines.iter().map(|line| shape::length(&line.iter().map(|(_, p)| *p).collect::<Vec<_>>())).sum();
            if drawn && length < 0.01 {
                let at = object.coarsest().and_then(|g| g.vertices.first().copied()).filter(|p| p.iter().all(|c| c.is_finite()));
                self.add("road-no-length", *ix, at, "the road's line has no length".into(), "remove the road, or draw its line");
            } else if !lines.is_empty() {
                roads.push(Road { ix: *ix, layer: layer(object), lines });
            }
        }
        roads
    }

    /// Points of different roads at one place that are not one node.
    fn joints(&mut self, roads: &[Road]) {
        let mut at: BTreeMap<(NodeKey, i64), BTreeMap<NodeKey, (usize, Point)>> = BTreeMap::new();
        for (number, road) in roads.iter().enumerate() {
            for (key, p) in road.lines.iter().flatten() {
                at.entry((NodeKey::at(*p), road.layer)).or_default().entry(*key).or_insert((number, *p));
            }
        }
        for keys in at.values().filter(|keys| keys.len() > 1) {
            let mut all = keys.iter();
            let Some((first_key, (first, _))) = all.next() else { continue };
            for (key, (number, p)) in all.filter(|(_, (number, _))| number != first) {
                let message = format!("its node '{}' lies where the node '{}' of the road '{}' lies, and the roads are not joined there", key.id(), first_key.id(), self.id(roads[*first].ix));
                self.add("road-node-not-shared", roads[*number].ix, Some(*p), message, "make them one node, or set the roads on different layers");
            }
        }
    }

    /// Ends of roads that lie a little beside another road.
    fn gaps(&mut self, roads: &[Road], options: &RoadCheckOptions) {
        let mut uses: BTreeMap<NodeKey, usize> = BTreeMap::new();
        let mut pieces: Vec<Piece> = Vec::new();
        for (number, road) in roads.iter().enumerate() {
            for line in &road.lines {
                line.iter().for_each(|(key, _)| *uses.entry(*key).or_default() += 1);
                let flat = |p: Point| [p[0], p[1]];
                pieces.extend(line.windows(2).map(|w| GeomWithData::new(Line::new(flat(w[0].1), flat(w[1].1)), (number, [w[0].1[2], w[1].1[2]]))));
            }
        }
        let tree = RTree::bulk_load(pieces);
        for (number, road) in roads.iter().enumerate() {
            let ends = road.lines.iter().flat_map(|line| [line.first(), line.last()]).flatten();
            let ends: BTreeMap<NodeKey, Point> = ends.filter(|(key, _)| uses.get(key) == Some(&1)).copied().collect();
            for (_, p) in ends {
                let beside = tree.locate_within_distance([p[0], p[1]], options.gap_m * options.gap_m).filter_map(|piece| {
                    let (other, heights) = piece.data;
                    let level = heights.iter().any(|z| (z - p[2]).abs() <= options.clear_m) && roads[other].layer == road.layer;
                    (other != number && level).then(|| (rstar::PointDistance::distance_2(piece.geom(), &[p[0], p[1]]).sqrt(), other))
                });
                let Some((gap, other)) = beside.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))) else { continue };
                // Points at one place are told as nodes that are not shared.
                if roads[other].lines.iter().flatten().any(|(_, q)| NodeKey::at(*q) == NodeKey::at(p)) {
                    continue;
                }
                let message = format!("it ends {gap:.2} m from the road '{}' and is not joined to it", self.id(roads[other].ix));
                self.add("road-gap", road.ix, Some(p), message, "end it in a node of that road");
            }
        }
    }

    /// Turn restrictions that name what is not there.
    fn restrictions(&mut self, roads: &[Road]) {
        for road in roads {
            let Some(list) = self.scene.get(road.ix).attributes.get("restrictions").and_then(Value::as_array) else { continue };
            let nodes: BTreeSet<NodeKey> = road.lines.iter().flatten().map(|(key, _)| *key).collect();
            for entry in list {
                let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
                let (kind, via, to) = (text("kind"), text("via"), text("to"));
                let mut absent = Vec::new();
                // Of one that forbids all but an absent road the network says more.
                if kind.starts_with("no_") && self.scene.find(to).is_none() {
                    absent.push(format!("leads to '{to}', which is not in the model"));
                }
                if via.starts_with("osm:way/") && self.scene.find(via).is_none() {
                    absent.push(format!("is over the road '{via}', which is not in the model"));
                } else if let Some(key) = NodeKey::parse(via).filter(|key| !via.starts_with("osm:way/") && !nodes.contains(key)) {
                    absent.push(format!("is at '{}', which is not on the road", key.id()));
                }
                for what in absent {
                    self.add("restriction-absent", road.ix, None, format!("its turn restriction {kind} {what}"), "correct the restriction, unless the data end there");
                }
            }
        }
    }

    /// One-way roads that lead nowhere, or into which nothing leads.
    fn ways_on(&mut self, network: &LaneNetwork) {
        let mut joined = vec![[false; 2]; network.links.len()];
        for connection in &network.connections {
            for (lane, side) in [(connection.from_lane, 1), (connection.to_lane, 0)] {
                let link = network.lanes.get(lane.ix()).map(|lane| lane.link.ix());
                if let Some(link) = link.and_then(|link| joined.get_mut(link)) {
                    link[side] = true;
                }
            }
        }
        for (link, [into, out]) in network.links.iter().zip(&joined).filter(|(link, _)| link.reverse.is_none()) {
            let Some(ix) = self.scene.find(link.object.as_str()) else { continue };
            let at = |node: crate::NodeIx| network.nodes.get(node.ix()).map(|n| n.position);
            if !out {
                self.add("road-one-way-out", ix, at(link.to), format!("no road leads on from the end of this one-way road ('{}')", link.id), "exchange its direction, or let it go both ways, unless the data end there");
            }
            if !into {
                self.add("road-one-way-in", ix, at(link.from), format!("no road leads to the beginning of this one-way road ('{}')", link.id), "exchange its direction, or let it go both ways, unless the data end there");
            }
        }
    }

    fn finish(self) -> Vec<Diagnostic> {
        let most = self.most;
        let each = self.found.into_iter().flat_map(|(code, (count, mut list))| {
            list.sort_by(|a, b| (&a.object, &a.message).cmp(&(&b.object, &b.message)));
            if count > most {
                list.push(Diagnostic::warning(code, format!("{} more findings of this kind are not listed", count - most)));
            }
            list
        });
        each.collect()
    }
}
