//! From the objects of a scene to elements and joints.

use super::{Element, Joint, Role, UtilityKind, UtilityNetwork, read};
use qike_scene::{Class, SceneSnapshot, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How near is joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UtilityOptions {
    /// Ends no further apart than this in plan are joined, metres.
    pub tolerance_m: f64,
    /// And no further than this in height, metres, where no point stands at the place: pipes that cross are not joined.
    pub height_m: f64,
}

impl Default for UtilityOptions {
    fn default() -> Self {
        Self { tolerance_m: 0.05, height_m: 1.0 }
    }
}

/// An end of a line, or a point, that is to be joined by its place.
struct End {
    at: [f64; 3],
    element: u32,
    /// 0 the first end of a line, 1 its last; `None` for a point.
    end: Option<u8>,
}

impl UtilityNetwork {
    /// The networks of a scene; the same for the same scene.
    pub fn from_scene(scene: &SceneSnapshot, options: &UtilityOptions) -> Self {
        let objects = scene.of_class(Class::UtilityNetworkElement);
        let mut this = Self { elements: objects.iter().map(|ix| read::element(scene, *ix)).collect(), ..Self::default() };
        let mut joints = BTreeSet::new();
        let mut ends = Vec::new();
        for (i, ix) in objects.iter().enumerate() {
            let number = i as u32;
            let attributes = &scene.get(*ix).attributes;
            let named = this.named(number, attributes, &mut joints);
            let Some(element) = this.elements.get(i) else { continue };
            match element.ends {
                Some(line) => {
                    let free = (0..2u8).filter(|end| !named[usize::from(*end)]);
                    ends.extend(free.map(|end| End { at: line[usize::from(end)], element: number, end: Some(end) }));
                }
                // What is joined by its ports needs no place.
                None if element.role == Role::Node && !named[0] => ends.extend(element.position.map(|at| End { at, element: number, end: None })),
                None => {}
            }
        }
        this.by_place(ends, scene, options, &mut joints);
        this.joints = joints.into_iter().collect();
        this.index();
        this
    }

    /// Joints by ids. Says which ends of the line need no other; for a list of neighbours, both.
    fn named(&mut self, number: u32, attributes: &qike_scene::Attributes, joints: &mut BTreeSet<Joint>) -> [bool; 2] {
        let mut named = [false; 2];
        let flow = attributes.get("flow_direction");
        for (end, keys) in [["from_node", "from"], ["to_node", "to"]].iter().enumerate() {
            let Some(id) = keys.iter().find_map(|key| attributes.get(*key)?.as_str()) else { continue };
            named[end] = true;
            match self.find(id) {
                Some(other) => drop(joints.insert(at_end(number, other, end as u8, flow))),
                None => self.unknown.push((number, id.to_owned())),
            }
        }
        if let Some(neighbours) = attributes.get("connected_to").and_then(Value::as_array) {
            let flows = flow.and_then(Value::as_array);
            for (i, id) in neighbours.iter().enumerate().filter_map(|(i, id)| Some((i, id.as_str()?))) {
                let word = flows.and_then(|f| f.get(i)).and_then(Value::as_str).unwrap_or_default();
                match self.find(id) {
                    Some(other) if other != number => drop(joints.insert(match word {
                        "out" => Joint { from: number, to: other, directed: true },
                        "in" => Joint { from: other, to: number, directed: true },
                        _ => undirected(number, other),
                    })),
                    Some(_) => {}
                    None => self.unknown.push((number, id.to_owned())),
                }
            }
            named = [true; 2];
        }
        named
    }

    /// Joints of ends that lie together, and the ends that lie alone.
    fn by_place(&mut self, mut ends: Vec<End>, scene: &SceneSnapshot, options: &UtilityOptions, joints: &mut BTreeSet<Joint>) {
        ends.retain(|end| end.at.iter().all(|c| c.is_finite()));
        let key = |end: &End| (end.end.is_some(), end.element, end.end);
        // Points first, so that ends gather around objects and not around each other.
        ends.sort_by(|a, b| key(a).0.cmp(&key(b).0).then(order(a.at, b.at)).then(key(a).cmp(&key(b))));
        let tolerance = options.tolerance_m.max(1e-9);
        let cell = |at: [f64; 3]| [(at[0] / tolerance).floor() as i64, (at[1] / tolerance).floor() as i64];
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut grid: BTreeMap<[i64; 2], Vec<usize>> = BTreeMap::new();
        for (i, end) in ends.iter().enumerate() {
            let [x, y] = cell(end.at);
            let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| [x.saturating_add(dx), y.saturating_add(dy)]));
            let near = around.filter_map(|c| grid.get(&c)).flatten().copied().find(|place: &usize| {
                let first = &ends[places[*place][0]];
                // A manhole's point is its cover: pipes meet in it at any depth.
                let level = first.end.is_none() || near_in_height(first.at[2], end.at[2], options.height_m);
                level && (first.at[0] - end.at[0]).hypot(first.at[1] - end.at[1]) <= tolerance
            });
            match near {
                Some(place) => places[place].push(i),
                None => {
                    places.push(vec![i]);
                    grid.entry([x, y]).or_default().push(places.len() - 1);
                }
            }
        }
        for place in places {
            let members: Vec<&End> = place.iter().map(|i| &ends[*i]).collect();
            let point = members.iter().find(|m| m.end.is_none()).map(|m| m.element);
            let hub = match (point, members.as_slice()) {
                (None, [alone]) => {
                    self.loose.extend(alone.end.map(|end| (alone.element, end)));
                    continue;
                }
                (Some(point), _) => point,
                (None, _) => self.place(&members),
            };
            // Points that lie together are not joined for that: a pump's two nodes may be drawn at one place.
            for (member, end) in members.iter().filter(|m| m.element != hub).filter_map(|m| Some((m.element, m.end?))) {
                let object = self.elements.get(member as usize).and_then(|e| scene.find(e.object.as_ref()?.as_str()));
                joints.insert(at_end(member, hub, end, object.and_then(|ix| scene.get(ix).attributes.get("flow_direction"))));
            }
        }
        self.loose.sort_unstable();
    }

    /// A new element for the place where ends meet.
    fn place(&mut self, members: &[&End]) -> u32 {
        let kinds: BTreeSet<UtilityKind> = members.iter().filter_map(|m| self.elements.get(m.element as usize)).map(|e| e.kind).collect();
        let kind = if kinds.len() == 1 { kinds.into_iter().next().unwrap_or(UtilityKind::Other) } else { UtilityKind::Other };
        let position = members.first().map(|m| m.at);
        self.elements.push(Element {
            object: None,
            role: Role::Node,
            kind,
            function: None,
            diameter_m: None,
            depth_m: None,
            material: None,
            length_m: 0.0,
            ends: None,
            position,
            gravity: kind.falls(),
            ports: 0,
        });
        self.elements.len() as u32 - 1
    }

    /// Joints by element, and components.
    fn index(&mut self) {
        let n = self.elements.len();
        let mut starts = vec![0u32; n + 1];
        for joint in &self.joints {
            for end in [joint.from, joint.to] {
                starts[end as usize + 1] += 1;
            }
        }
        for i in 0..n {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        self.around = vec![0; self.joints.len() * 2];
        for (j, joint) in self.joints.iter().enumerate() {
            for end in [joint.from, joint.to] {
                let slot = &mut next[end as usize];
                self.around[*slot as usize] = j as u32;
                *slot += 1;
            }
        }
        self.starts = starts;
        self.component = vec![u32::MAX; n];
        self.components = 0;
        for first in 0..n {
            if self.component[first] != u32::MAX {
                continue;
            }
            let number = self.components as u32;
            self.components += 1;
            self.component[first] = number;
            let mut open = vec![first as u32];
            while let Some(element) = open.pop() {
                let beside: Vec<u32> = self.joints_of(element).map(|j| if j.from == element { j.to } else { j.from }).collect();
                for other in beside {
                    if self.component[other as usize] == u32::MAX {
                        self.component[other as usize] = number;
                        open.push(other);
                    }
                }
            }
        }
    }
}

/// Heights of zero are none: plans without heights lie there.
fn near_in_height(a: f64, b: f64, tolerance: f64) -> bool {
    a == 0.0 || b == 0.0 || (a - b).abs() <= tolerance
}

fn order(a: [f64; 3], b: [f64; 3]) -> std::cmp::Ordering {
    (0..3).map(|k| a[k].total_cmp(&b[k])).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

fn undirected(a: u32, b: u32) -> Joint {
    Joint { from: a.min(b), to: a.max(b), directed: false }
}

/// The joint at an end of a line: flow enters at its first and leaves at its last, unless it says otherwise.
fn at_end(line: u32, other: u32, end: u8, flow: Option<&Value>) -> Joint {
    let word = flow.and_then(Value::as_str).unwrap_or_default().to_lowercase();
    if matches!(word.as_str(), "both" | "unknown") {
        return undirected(line, other);
    }
    let reversed = matches!(word.as_str(), "reverse" | "backward" | "against");
    if (end == 0) != reversed { Joint { from: other, to: line, directed: true } } else { Joint { from: line, to: other, directed: true } }
}
