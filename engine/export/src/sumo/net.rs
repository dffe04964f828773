//! A map as a network file (`X.net.xml`), which SUMO and its tools load.
//!
//! Ids that SUMO does not take are written otherwise, as netconvert names what it makes of OSM: the link `osm:way/12#3>` is the edge
//! `12#3`, the one against it `-12#3`, the junction `osm:node/5` is `5`; an edge's own id is its parameter `origId`. Coordinates are
//! moved to the lower left corner of the map, unless it states an offset already. Format: <https://sumo.dlr.de/docs/Networks/SUMO_Road_Networks.html>.

mod names;
mod signals;

use super::xml::{Line, head_with};
use names::Names;
use qike_scene::traffic::{EdgeKind, MapConnection, MapEdge, MapJunction, MapLane, NodeKind, RightOfWay, RoadMap, RoadUsers, TurnKind};
use std::fmt::Write as _;
use std::io::{self, Write};

/// The version of the format.
const VERSION: &str = "1.20";

/// What the edges of a map are called in its file, by place.
pub fn edge_names(map: &RoadMap) -> Vec<String> {
    Names::new(map).into_edges()
}

/// Writes a map.
///
/// # Errors
/// Those of `out`.
pub fn write(map: &RoadMap, out: &mut dyn Write) -> io::Result<()> {
    let mut net = Net { map, names: Names::new(map), origin: origin(map), line: Line::default(), text: String::new() };
    head_with(out, "net", "net_file.xsd", &format!(" version=\"{VERSION}\"{}", if map.left_hand { " lefthand=\"true\"" } else { "" }))?;
    net.location(out)?;
    for (at, edge) in map.edges.iter().enumerate() {
        net.edge(at, edge, out)?;
    }
    for plan in &map.plans {
        signals::plan(&mut net.line, &net.names, plan, out)?;
    }
    let gives_way = gives_way(map);
    for (at, junction) in map.junctions.iter().enumerate() {
        net.junction(at, junction, out)?;
    }
    for (connection, gives_way) in map.connections.iter().zip(gives_way) {
        net.connection(connection, gives_way, out)?;
    }
    net.roundabouts(out)?;
    out.write_all(b"</net>\n")
}

/// Where the map's coordinates begin in the file's.
fn origin(map: &RoadMap) -> [f64; 2] {
    if map.location.as_ref().is_some_and(|(_, offset)| *offset != [0.0; 2]) {
        return [0.0; 2];
    }
    let low = map.lanes.iter().flat_map(|l| &l.shape).fold([f64::INFINITY; 2], |low, p| [low[0].min(p[0]), low[1].min(p[1])]);
    if low.iter().all(|c| c.is_finite()) { low.map(|c| (c * 100.0).floor() / 100.0) } else { [0.0; 2] }
}

/// For each connection whether its row of its junction's matrix gives way to anybody.
fn gives_way(map: &RoadMap) -> Vec<bool> {
    let mut of_lane: Vec<Vec<usize>> = vec![Vec::new(); map.lanes.len()];
    for (n, c) in map.connections.iter().enumerate() {
        if let Some(list) = of_lane.get_mut(c.from as usize) {
            list.push(n);
        }
    }
    let mut gives = vec![false; map.connections.len()];
    for junction in map.junctions.iter().filter(|j| j.kind != NodeKind::Internal) {
        let rows = junction.incoming.iter().filter_map(|lane| of_lane.get(*lane as usize)).flatten();
        for (n, request) in rows.zip(&junction.requests) {
            gives[*n] = request.gives_way.iter().any(|w| *w != 0);
        }
    }
    gives
}

struct Net<'m> {
    map: &'m RoadMap,
    names: Names,
    origin: [f64; 2],
    line: Line,
    text: String,
}

impl Net<'_> {
    fn location(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let (system, offset) = self.map.location.clone().unwrap_or_default();
        let moved = [0, 1].map(|k| -(offset[k] + self.origin[k]) + 0.0);
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for p in self.map.lanes.iter().flat_map(|l| &l.shape) {
            let p = [p[0] - self.origin[0], p[1] - self.origin[1]];
            bounds = [bounds[0].min(p[0]), bounds[1].min(p[1]), bounds[2].max(p[0]), bounds[3].max(p[1])];
        }
        let bounds = if bounds.iter().all(|c| c.is_finite()) { bounds } else { [0.0; 4] };
        let list = |numbers: &[f64]| numbers.iter().map(|n| format!("{n:.2}")).collect::<Vec<_>>().join(",");
        let anywhere = [-1e10, -1e10, 1e10, 1e10];
        let line = self.line.element(1, "location").text("netOffset", &list(&moved)).text("convBoundary", &list(&bounds)).text("origBoundary", &list(&anywhere));
        line.text("projParameter", if system.is_empty() { "!" } else { &system }).close(out)
    }

    /// Points as SUMO writes them, into `self.text`; heights where there are any.
    fn points(&mut self, points: &[[f64; 3]]) {
        self.text.clear();
        let high = points.iter().any(|p| p[2].abs() >= 0.005);
        for p in points {
            let gap = if self.text.is_empty() { "" } else { " " };
            let [x, y] = [0, 1].map(|k| p[k] - self.origin[k] + 0.0);
            // Writing into memory does not fail.
            let _ = write!(self.text, "{gap}{x:.2},{y:.2}");
            if high {
                let _ = write!(self.text, ",{:.2}", p[2]);
            }
        }
    }

    fn edge(&mut self, at: usize, edge: &MapEdge, out: &mut dyn Write) -> io::Result<()> {
        let name = self.names.edge(at as u32);
        let line = self.line.element(1, "edge").text("id", name);
        match edge.kind {
            EdgeKind::Normal => {
                let end = |junction: Option<u32>| junction.map_or("", |j| self.names.junction(j));
                line.text("from", end(edge.from)).text("to", end(edge.to)).whole("priority", edge.priority);
                for (key, value) in [("name", &edge.name), ("type", &edge.road_type)] {
                    if let Some(value) = value {
                        line.text(key, value);
                    }
                }
            }
            EdgeKind::Internal => {
                line.text("function", "internal");
            }
            EdgeKind::Crossing => {
                line.text("function", "crossing");
            }
            EdgeKind::WalkingArea => {
                line.text("function", "walkingarea");
            }
        }
        line.open(out)?;
        for at in edge.lanes.clone() {
            if let Some(lane) = self.map.lanes.get(at as usize) {
                self.lane(at, lane, out)?;
            }
        }
        if edge.kind == EdgeKind::Normal && self.names.edge(at as u32) != edge.id {
            self.line.element(2, "param").text("key", "origId").text("value", &edge.id).close(out)?;
        }
        out.write_all(b"    </edge>\n")
    }

    fn lane(&mut self, at: u32, lane: &MapLane, out: &mut dyn Write) -> io::Result<()> {
        self.points(&lane.shape);
        let line = self.line.element(2, "lane").text("id", self.names.lane(at)).whole("index", lane.index);
        if let Some((key, list)) = permissions(lane.allowed) {
            line.text(key, &list);
        }
        for (key, users) in [("changeLeft", lane.change_left), ("changeRight", lane.change_right)] {
            if users != RoadUsers::ALL {
                line.text(key, &names_of(users));
            }
        }
        line.number("speed", lane.speed_mps).number("length", lane.length_m.max(0.01)).number("width", lane.width_m);
        if lane.acceleration {
            line.whole("acceleration", 1);
        }
        line.text("shape", &self.text);
        match lane.stop_offset {
            None => line.close(out),
            Some((value, users)) => {
                line.open(out)?;
                self.line.element(3, "stopOffset").number("value", value).text("vClasses", &names_of(users)).close(out)?;
                out.write_all(b"        </lane>\n")
            }
        }
    }

    fn junction(&mut self, at: usize, junction: &MapJunction, out: &mut dyn Write) -> io::Result<()> {
        self.points(&junction.shape);
        let lanes = |list: &[u32]| list.iter().map(|lane| self.names.lane(*lane)).collect::<Vec<_>>().join(" ");
        let [incoming, internal] = [lanes(&junction.incoming), lanes(&junction.internal)];
        let line = self.line.element(1, "junction").text("id", self.names.junction(at as u32)).text("type", kind(junction.kind));
        line.number("x", junction.position[0] - self.origin[0]).number("y", junction.position[1] - self.origin[1]);
        if junction.position[2].abs() >= 0.005 {
            line.number("z", junction.position[2]);
        }
        line.text("incLanes", &incoming).text("intLanes", &internal);
        if !self.text.is_empty() {
            line.text("shape", &self.text);
        }
        if junction.requests.is_empty() {
            return line.close(out);
        }
        line.open(out)?;
        let count = junction.requests.len();
        let bits = |words: &[u64]| (0..count).rev().map(|n| if words.get(n / 64).is_some_and(|w| w >> (n % 64) & 1 == 1) { '1' } else { '0' }).collect::<String>();
        for (n, row) in junction.requests.iter().enumerate() {
            let line = self.line.element(2, "request").whole("index", n).text("response", &bits(&row.gives_way)).text("foes", &bits(&row.meets));
            line.whole("cont", u8::from(row.waits_inside)).close(out)?;
        }
        out.write_all(b"    </junction>\n")
    }

    fn connection(&mut self, c: &MapConnection, gives_way: bool, out: &mut dyn Write) -> io::Result<()> {
        let place = |lane: u32| self.map.lanes.get(lane as usize).map(|lane| (self.names.edge(lane.edge), lane.index));
        let (Some((from, from_lane)), Some((to, to_lane))) = (place(c.from), place(c.to)) else { return Ok(()) };
        let line = self.line.element(1, "connection").text("from", from).text("to", to).whole("fromLane", from_lane).whole("toLane", to_lane);
        for (key, on) in [("pass", c.pass), ("indirect", c.indirect)] {
            if on {
                line.text(key, "1");
            }
        }
        if !c.keep_clear {
            line.text("keepClear", "0");
        }
        if let Some(visibility) = c.visibility_m {
            line.number("visibility", visibility);
        }
        if let Some(via) = c.via {
            line.text("via", self.names.lane(via));
        }
        if let Some((light, index)) = c.light {
            line.text("tl", self.names.light(light)).whole("linkIndex", index);
        } else if c.uncontrolled {
            line.text("uncontrolled", "1");
        }
        line.text("dir", sense(c.turn)).text("state", right_of_way(c.right_of_way, gives_way)).close(out)
    }

    /// The rings of edges marked as parts of roundabouts: those that meet at junctions belong together.
    fn roundabouts(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut ring: Vec<u32> = (0..self.map.junctions.len() as u32).collect();
        fn root(ring: &[u32], mut at: u32) -> u32 {
            while let Some(next) = ring.get(at as usize).filter(|next| **next != at) {
                at = *next;
            }
            at
        }
        let parts: Vec<(u32, u32, u32)> = (0..).zip(&self.map.edges).filter(|(_, e)| e.roundabout && e.kind == EdgeKind::Normal).filter_map(|(n, e)| Some((n, e.from?, e.to?))).collect();
        for (_, from, to) in &parts {
            let (a, b) = (root(&ring, *from), root(&ring, *to));
            if let Some(at) = ring.get_mut(a.max(b) as usize) {
                *at = a.min(b);
            }
        }
        let mut rings: std::collections::BTreeMap<u32, (Vec<&str>, Vec<&str>)> = std::collections::BTreeMap::new();
        for (edge, from, to) in &parts {
            let (nodes, edges) = rings.entry(root(&ring, *from)).or_default();
            edges.push(self.names.edge(*edge));
            nodes.extend([*from, *to].map(|j| self.names.junction(j)));
        }
        for (mut nodes, mut edges) in rings.into_values() {
            [&mut nodes, &mut edges].into_iter().for_each(|list| list.sort_unstable());
            nodes.dedup();
            self.line.element(1, "roundabout").text("nodes", &nodes.join(" ")).text("edges", &edges.join(" ")).close(out)?;
        }
        Ok(())
    }
}

/// Kinds that SUMO has no names for.
fn unnamed() -> RoadUsers {
    RoadUsers::IGNORING.union(RoadUsers::kind("public").unwrap_or_default())
}

fn names_of(users: RoadUsers) -> String {
    users.without(unnamed()).names().collect::<Vec<_>>().join(" ")
}

/// `allow` or `disallow` with its list; none where everybody may pass. A reader takes those who ignore barriers as allowed always, and
/// the kinds without names as allowed where some are forbidden.
fn permissions(allowed: RoadUsers) -> Option<(&'static str, String)> {
    let forbidden = names_of(RoadUsers::ALL.without(allowed));
    if forbidden.is_empty() {
        return None;
    }
    let named = names_of(allowed);
    let public = RoadUsers::kind("public").unwrap_or_default();
    Some(match () {
        () if named.is_empty() => ("disallow", "all".to_owned()),
        () if allowed.contains(public) => ("disallow", forbidden),
        () => ("allow", named),
    })
}

fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Priority => "priority",
        NodeKind::Signal => "traffic_light",
        NodeKind::SignalRightOnRed => "traffic_light_right_on_red",
        NodeKind::RightBeforeLeft => "right_before_left",
        NodeKind::LeftBeforeRight => "left_before_right",
        NodeKind::Unregulated => "unregulated",
        NodeKind::AllWayStop => "allway_stop",
        NodeKind::PriorityStop => "priority_stop",
        NodeKind::Zipper => "zipper",
        NodeKind::Internal => "internal",
        NodeKind::DeadEnd => "dead_end",
        NodeKind::Rail => "rail_signal",
        NodeKind::District => "district",
    }
}

fn sense(turn: TurnKind) -> &'static str {
    match turn {
        TurnKind::Straight => "s",
        TurnKind::Right => "r",
        TurnKind::PartRight => "R",
        TurnKind::Left => "l",
        TurnKind::PartLeft => "L",
        TurnKind::Turn => "t",
        TurnKind::None => "invalid",
    }
}

fn right_of_way(way: RightOfWay, gives_way: bool) -> &'static str {
    match way {
        RightOfWay::Major => "M",
        RightOfWay::Minor => "m",
        RightOfWay::Equal => "=",
        RightOfWay::Stop => "s",
        RightOfWay::AllWayStop => "w",
        RightOfWay::Zipper => "Z",
        RightOfWay::DeadEnd => "-",
        // What holds when the light is off.
        RightOfWay::Signal if gives_way => "o",
        RightOfWay::Signal => "O",
    }
}
