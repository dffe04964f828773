//! From roads as drawn to pieces between the points where they meet.
//!
//! Roads are joined where their lines share a node of the source (`osm_nodes`), never merely where they cross in plan: a bridge
//! shares no node with the road below it. Lines without source nodes are joined by equal coordinates (to a centimetre).

use super::tags::{self, RoadSpec};
use crate::shape::{self, Point};
use qike_scene::{CityObject, Class, ObjectId, ObjectIx, SceneSnapshot, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What identifies a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NodeKey {
    /// Number of an OSM node.
    Osm(i64),
    /// Coordinates in centimetres.
    At(i64, i64, i64),
}

impl NodeKey {
    pub fn id(self) -> String {
        match self {
            NodeKey::Osm(n) => format!("osm:node/{n}"),
            NodeKey::At(x, y, z) => format!("at:{:.2},{:.2},{:.2}", x as f64 / 100.0, y as f64 / 100.0, z as f64 / 100.0),
        }
    }

    pub fn at(p: Point) -> NodeKey {
        NodeKey::At((p[0] * 100.0).round() as i64, (p[1] * 100.0).round() as i64, (p[2] * 100.0).round() as i64)
    }

    /// From an id or a number as importers write them.
    pub fn parse(text: &str) -> Option<NodeKey> {
        text.strip_prefix("osm:node/").unwrap_or(text).parse().ok().map(NodeKey::Osm)
    }
}

/// The vertices of a road or path with the keys of their nodes, line by line.
pub(crate) fn keyed_lines(object: &CityObject) -> Vec<Vec<(NodeKey, Point)>> {
    let Some(geometry) = object.coarsest() else { return vec![] };
    let lines: Vec<Vec<Point>> = geometry.lines().collect();
    let vertices: usize = lines.iter().map(Vec::len).sum();
    let listed = object.attributes.get("osm_nodes").and_then(Value::as_array);
    let keys: Option<Vec<NodeKey>> = listed.filter(|l| l.len() == vertices).and_then(|list| {
        list.iter().map(|v| v.as_i64().map(NodeKey::Osm).or_else(|| v.as_str().and_then(NodeKey::parse))).collect()
    });
    let mut next = 0;
    lines
        .into_iter()
        .map(|line| {
            let first = next;
            next += line.len();
            let key = |i: usize, p: Point| keys.as_ref().map_or_else(|| NodeKey::at(p), |k| k[first + i]);
            let mut keyed: Vec<_> = line.into_iter().enumerate().map(|(i, p)| (key(i, p), p)).collect();
            keyed.retain(|(_, p)| p.iter().all(|c| c.is_finite()));
            keyed.dedup_by_key(|(k, _)| *k);
            keyed
        })
        .filter(|line: &Vec<_>| line.len() >= 2)
        .collect()
}

/// A road between two nodes, before it has lanes.
#[derive(Debug)]
pub(crate) struct Segment {
    pub object: ObjectIx,
    pub piece: u32,
    pub spec: u32,
    pub a: u32,
    pub b: u32,
    pub line: Vec<Point>,
    pub length_m: f64,
    /// Keys of the vertices between its ends, where signals and signs may stand.
    pub inner: Vec<(NodeKey, f64)>,
}

/// A turn restriction as its road has it.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub from: ObjectIx,
    pub kind: String,
    pub via: String,
    pub to: String,
}

/// A sign to stop or to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    /// The direction along the way it is for (true: along it), where it is tagged.
    pub forward: Option<bool>,
    /// One has to stop.
    pub stop: bool,
    /// On all ways into the junction.
    pub all: bool,
}

/// Signs and signals that stand on nodes of roads.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    /// With the direction along the way they are for, where it is tagged.
    pub signals: BTreeMap<NodeKey, (ObjectId, Option<bool>)>,
    pub give_way: BTreeMap<NodeKey, Sign>,
}

/// All that the later steps need of the scene.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    pub specs: Vec<RoadSpec>,
    pub keys: Vec<NodeKey>,
    pub positions: Vec<Point>,
    pub segments: Vec<Segment>,
    pub restrictions: Vec<Restriction>,
    pub signs: Signs,
    /// Nodes of roads that paths for walkers share.
    pub crossings: HashSet<NodeKey>,
}

fn signs(scene: &SceneSnapshot) -> Signs {
    let mut signs = Signs::default();
    for ix in scene.of_class(Class::CityFurniture) {
        let object = scene.get(*ix);
        let function = object.str("function").or_else(|| object.str("highway"));
        let kind = function.unwrap_or("");
        if !matches!(kind, "traffic_signals" | "stop" | "give_way") {
            continue;
        }
        let point = object.coarsest().and_then(|g| g.vertices.first().copied());
        let Some(key) = NodeKey::parse(object.id.as_str()).or_else(|| point.map(NodeKey::at)) else { continue };
        let way = |tag: &str| match object.str(tag) {
            Some("forward") => Some(true),
            Some("backward") => Some(false),
            _ => None,
        };
        if kind == "traffic_signals" {
            signs.signals.insert(key, (object.id.clone(), way("traffic_signals:direction").or(way("direction"))));
        } else {
            let stop = kind == "stop";
            signs.give_way.insert(key, Sign { forward: way("direction"), stop, all: stop && object.str("stop") == Some("all") });
        }
    }
    signs
}

fn restrictions(object: &CityObject, from: ObjectIx, out: &mut Vec<Restriction>) {
    let Some(list) = object.attributes.get("restrictions").and_then(Value::as_array) else { return };
    for entry in list {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(kind), Some(via), Some(to)) = (text("kind"), text("via"), text("to")) {
            out.push(Restriction { from, kind, via, to });
        }
    }
}

/// Reads all roads of the scene and cuts them where they meet.
pub(crate) fn collect(scene: &SceneSnapshot, left_hand: bool) -> Topology {
    let mut top = Topology { signs: signs(scene), ..Topology::default() };
    let mut roads = Vec::new();
    let mut uses: HashMap<NodeKey, u32> = HashMap::new();
    for ix in scene.of_class(Class::Road) {
        let object = scene.get(*ix);
        let Some(spec) = tags::road(object, left_hand) else { continue };
        restrictions(object, *ix, &mut top.restrictions);
        top.specs.push(spec);
        let lines = keyed_lines(object);
        for line in &lines {
            for (i, (key, _)) in line.iter().enumerate() {
                let end = i == 0 || i + 1 == line.len();
                *uses.entry(*key).or_default() += if end { 2 } else { 1 };
            }
        }
        roads.push((*ix, top.specs.len() as u32 - 1, lines));
    }
    let paths = scene.of_class(Class::Track).iter().flat_map(|ix| keyed_lines(scene.get(*ix)));
    top.crossings = paths.flatten().map(|(key, _)| key).filter(|key| uses.contains_key(key)).collect();
    cut_all(&mut top, &roads, &uses, &BTreeSet::new());
    let lone = lone_signals(&top);
    if !lone.is_empty() {
        cut_all(&mut top, &roads, &uses, &lone);
    }
    super::rings::mark(&mut top, left_hand);
    top
}

type Lines = Vec<Vec<(NodeKey, Point)>>;

/// Cuts all roads at nodes with more than one use and at `extra` ones.
fn cut_all(top: &mut Topology, roads: &[(ObjectIx, u32, Lines)], uses: &HashMap<NodeKey, u32>, extra: &BTreeSet<NodeKey>) {
    // Line ends count twice, so a plain inner vertex is the only thing used once.
    let mut splits: BTreeMap<NodeKey, Point> = BTreeMap::new();
    for (key, p) in roads.iter().flat_map(|(_, _, lines)| lines.iter().flatten()) {
        if uses.get(key).is_some_and(|n| *n >= 2) || extra.contains(key) {
            splits.entry(*key).or_insert(*p);
        }
    }
    // A line that comes back to its own node without another cut between needs one: a link may not begin where it ends.
    for line in roads.iter().flat_map(|(_, _, lines)| lines) {
        let cuts: Vec<usize> = (0..line.len()).filter(|i| splits.contains_key(&line[*i].0)).collect();
        for pair in cuts.windows(2) {
            if line[pair[0]].0 == line[pair[1]].0 && pair[1] - pair[0] >= 2 {
                let (key, p) = line[(pair[0] + pair[1]) / 2];
                splits.insert(key, p);
            }
        }
    }
    let number: HashMap<NodeKey, u32> = splits.keys().enumerate().map(|(i, k)| (*k, i as u32)).collect();
    top.keys = splits.keys().copied().collect();
    top.positions = splits.values().copied().collect();
    top.segments.clear();
    for (object, spec, lines) in roads {
        let mut piece = 0;
        for line in lines {
            cut_line(line, *object, *spec, &number, &mut piece, &mut top.segments);
        }
    }
}

/// How far before a junction its stop line may be.
pub(crate) const STOP_LINE_M: f64 = 45.0;
/// How far behind a junction with lights those of a crossing may be that run with it.
const BEHIND_M: f64 = 30.0;

/// For each node the segments that touch it.
pub(crate) fn arms(top: &Topology) -> Vec<Vec<u32>> {
    let mut arms = vec![Vec::new(); top.keys.len()];
    for (i, s) in top.segments.iter().enumerate() {
        arms[s.a as usize].push(i as u32);
        arms[s.b as usize].push(i as u32);
    }
    arms
}

impl Topology {
    /// Whether one may drive on a segment away from one of its nodes.
    fn leads_from(&self, segment: u32, node: u32) -> bool {
        let s = &self.segments[segment as usize];
        let spec = &self.specs[s.spec as usize];
        !(if s.a == node { &spec.forward } else { &spec.backward }).lanes.is_empty()
    }

    /// The next node where roads meet, along a segment towards one of its nodes that lies `away` metres off, and on over nodes where a
    /// road merely goes on; with its distance. `travel`: as one drives; else against it.
    fn follow(&self, arms: &[Vec<u32>], mut segment: u32, mut node: u32, mut away: f64, travel: bool, most: f64) -> Option<(u32, f64)> {
        loop {
            let s = &self.segments[segment as usize];
            let back = if s.a == node { s.b } else { s.a };
            if away > most || !self.leads_from(segment, if travel { back } else { node }) {
                return None;
            }
            match arms[node as usize][..] {
                [a, b] => segment = if a == segment { b } else { a },
                [_] | [] => return None,
                _ => return Some((node, away)),
            }
            let next = &self.segments[segment as usize];
            node = if next.a == node { next.b } else { next.a };
            away += next.length_m;
        }
    }

    /// The junction that lights between the ends of a segment are for: one ahead of drivers, within the stop-line distance.
    pub fn lights_of(&self, arms: &[Vec<u32>], segment: u32, at_m: f64, forward: Option<bool>) -> Option<u32> {
        let s = &self.segments[segment as usize];
        let ends = [(s.b, s.length_m - at_m, true), (s.a, at_m, false)];
        let asked = ends.into_iter().filter(|(.., along)| forward.is_none_or(|f| f == *along));
        let found = asked.filter_map(|(node, away, _)| self.follow(arms, segment, node, away, true, STOP_LINE_M));
        found.min_by(|x, y| x.1.total_cmp(&y.1)).map(|x| x.0)
    }

    /// The same for lights at a node where a road merely goes on: the junction ahead, or one of those with lights that lies shortly
    /// behind.
    pub fn lights_at(&self, arms: &[Vec<u32>], node: u32, lit: &dyn Fn(u32) -> bool) -> Option<u32> {
        let seek = |travel: bool, most: f64| {
            let found = arms[node as usize].iter().filter_map(|segment| {
                let s = &self.segments[*segment as usize];
                self.follow(arms, *segment, if s.a == node { s.b } else { s.a }, s.length_m, travel, most)
            });
            found.filter(|(far, _)| travel || lit(*far)).min_by(|x, y| x.1.total_cmp(&y.1)).map(|x| x.0)
        };
        seek(true, STOP_LINE_M).or_else(|| seek(false, BEHIND_M))
    }
}

/// Signals on the open road that no junction claims: walkers cross there.
fn lone_signals(top: &Topology) -> BTreeSet<NodeKey> {
    let arms = arms(top);
    let inner = (0..).zip(&top.segments).flat_map(|(i, s)| s.inner.iter().map(move |(key, at)| (i, *key, *at)));
    inner
        .filter(|(i, key, at)| top.signs.signals.get(key).is_some_and(|(_, forward)| top.lights_of(&arms, *i, *at, *forward).is_none()))
        .map(|(_, key, _)| key)
        .collect()
}

fn cut_line(
    line: &[(NodeKey, Point)],
    object: ObjectIx,
    spec: u32,
    number: &HashMap<NodeKey, u32>,
    piece: &mut u32,
    out: &mut Vec<Segment>,
) {
    let mut start = 0;
    for i in 1..line.len() {
        let Some(&b) = number.get(&line[i].0) else { continue };
        let Some(&a) = number.get(&line[start].0) else { continue };
        let part: Vec<Point> = line[start..=i].iter().map(|(_, p)| *p).collect();
        let length_m = shape::length(&part);
        if a != b && length_m > 0.01 {
            let mut at = 0.0;
            let mut inner = Vec::new();
            for (k, p) in part.iter().enumerate().skip(1) {
                at += shape::distance(part[k - 1], *p);
                if k + 1 < part.len() {
                    inner.push((line[start + k].0, at));
                }
            }
            out.push(Segment { object, piece: *piece, spec, a, b, line: part, length_m, inner });
            *piece += 1;
        }
        start = i;
    }
}
