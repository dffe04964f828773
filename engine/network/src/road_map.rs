//! The lane network as a [`RoadMap`], the form in which traffic models take maps and other programs exchange them.
//!
//! Roads become edges one for one, with the links' ids. What a [`RoadMap`] has beyond that is made here: lanes over junctions, with
//! places inside where those who turn across wait for a gap; the matrix of each junction; signal states connection by connection.

mod across;
mod plans;

use crate::ix::{ConnIx, JunctionIx, LaneIx, LinkIx};
use crate::lane::{JunctionKind, LaneNetwork, Modes, RoadKind, Turn};
use crate::shape::{self, Point};
use crate::walking::plane::hull;
use qike_scene::traffic::{EdgeKind, MapEdge, MapJunction, MapLane, NodeKind, RightOfWay, RoadMap, RoadUsers, TurnKind};

/// Kinds of road users by the network's modes: what drives where cars, buses, bicycles and lorries do.
const USERS: [(Modes, &str); 4] = [
    (Modes::CAR, "public private vip passenger hov taxi motorcycle moped evehicle custom1 custom2 authority army emergency"),
    (Modes::BUS, "bus coach authority army emergency"),
    (Modes::BICYCLE, "bicycle scooter"),
    (Modes::TRUCK, "delivery truck trailer"),
];

/// Who may drive where these modes may; nobody but those who ignore barriers where that is nobody.
pub fn users(modes: Modes) -> RoadUsers {
    let mut users = RoadUsers::IGNORING;
    for (_, names) in USERS.iter().filter(|(mode, _)| modes.contains(*mode)) {
        users = names.split(' ').filter_map(RoadUsers::kind).fold(users, RoadUsers::union);
    }
    users
}

/// A junction's connections in the order of its matrix, and which row each has.
struct Rows {
    order: Vec<ConnIx>,
    /// Row by place in the junction's range of connections.
    row: Vec<u16>,
    first: u32,
}

impl Rows {
    fn of(&self, c: ConnIx) -> usize {
        usize::from(self.row[(c.0 - self.first) as usize])
    }
}

impl LaneNetwork {
    /// The map of this network. Lanes have their places in [`LaneNetwork::lanes`], edges those of their links; edges and lanes over
    /// junctions follow them. Signals stand in the order of [`LaneNetwork::programs`], junctions in that of
    /// [`LaneNetwork::junctions`], those of waiting places after them. Closed lanes are open to nobody.
    pub fn road_map(&self) -> RoadMap {
        let mut map = RoadMap { left_hand: self.left_hand, ..RoadMap::default() };
        self.links.iter().enumerate().for_each(|(l, _)| self.road(LinkIx::new(l), &mut map));
        let ends = self.ends();
        let rows: Vec<Rows> = (0..self.junctions.len()).map(|j| self.rows(JunctionIx::new(j), &ends[j].0)).collect();
        let mut inside = Vec::new();
        for (j, rows) in rows.iter().enumerate() {
            let (ins, outs) = &ends[j];
            map.junctions.push(self.node(JunctionIx::new(j), ins, outs));
            let mut second = across::build(self, &mut map, JunctionIx::new(j), rows);
            inside.append(&mut second);
        }
        // Connections of roads come first, as in files of SUMO.
        let (mut roads, over): (Vec<_>, Vec<_>) = std::mem::take(&mut map.connections).into_iter().partition(|c| (c.from as usize) < self.lanes.len());
        roads.extend(over);
        map.connections = roads;
        map.junctions.extend(inside);
        map.lights = self.programs.iter().map(|p| p.id.clone()).collect();
        map.plans = self.programs.iter().map(|p| plans::plan(self, p, &rows[p.junction.ix()])).collect();
        map
    }

    fn road(&self, ix: LinkIx, map: &mut RoadMap) {
        let link = self.link(ix);
        map.edges.push(MapEdge {
            id: link.id.clone(),
            kind: EdgeKind::Normal,
            from: Some(self.nodes[link.from.ix()].junction.0),
            to: Some(self.nodes[link.to.ix()].junction.0),
            priority: i32::from(link.priority),
            name: link.name.clone(),
            road_type: Some(format!("highway.{}", link.kind.name())),
            lanes: link.lanes.clone(),
            roundabout: link.roundabout,
            ..MapEdge::default()
        });
        for lane in self.lanes_of(ix) {
            map.lanes.push(MapLane {
                id: format!("{}_{}", link.id, lane.index),
                edge: ix.0,
                index: lane.index,
                speed_mps: lane.speed_mps,
                length_m: lane.length_m,
                width_m: lane.width_m,
                allowed: users(if lane.closed { Modes::NONE } else { lane.modes }),
                change_left: RoadUsers::ALL,
                change_right: RoadUsers::ALL,
                shape: self.shape(&lane.shape).to_vec(),
                ..MapLane::default()
            });
        }
    }

    /// For each junction the links that end and that begin there; those that end there clockwise from the north by where they come from.
    fn ends(&self) -> Vec<(Vec<LinkIx>, Vec<LinkIx>)> {
        let mut ends = vec![(Vec::new(), Vec::new()); self.junctions.len()];
        for (l, link) in self.links.iter().enumerate() {
            ends[self.nodes[link.to.ix()].junction.ix()].0.push(LinkIx::new(l));
            ends[self.nodes[link.from.ix()].junction.ix()].1.push(LinkIx::new(l));
        }
        for (ins, _) in &mut ends {
            // Its heading at the end, turned so that north is 0 and angles grow clockwise; who heads south comes from the north.
            let from = |l: &LinkIx| (1.5 * std::f64::consts::PI - self.end_heading(*l)).rem_euclid(std::f64::consts::TAU);
            ins.sort_by(|a, b| from(a).total_cmp(&from(b)).then(a.cmp(b)));
        }
        ends
    }

    fn end_heading(&self, link: LinkIx) -> f64 {
        let lane = &self.lanes[self.link(link).lanes.start as usize];
        shape::end_heading(self.shape(&lane.shape), 12.0)
    }

    fn rows(&self, junction: JunctionIx, ins: &[LinkIx]) -> Rows {
        let range = self.junctions[junction.ix()].connections.clone();
        let mut order = Vec::with_capacity(range.len());
        for lane in ins.iter().flat_map(|l| self.link(*l).lanes.clone()) {
            let heading = self.end_heading(self.lanes[lane as usize].link);
            // From the kerb's side to the other; who turns back comes last.
            let key = |c: &ConnIx| {
                let to = self.lane(self.connection(*c).to_lane);
                let angle = shape::wrap(shape::start_heading(self.shape(&to.shape), 12.0) - heading);
                (self.connection(*c).turn == Turn::UTurn, if self.left_hand { -angle } else { angle }, to.link, to.index)
            };
            let mut own: Vec<ConnIx> = self.outgoing_of(LaneIx(lane)).to_vec();
            own.sort_by(|a, b| {
                let ((back_a, angle_a, to_a, lane_a), (back_b, angle_b, to_b, lane_b)) = (key(a), key(b));
                back_a.cmp(&back_b).then(angle_a.total_cmp(&angle_b)).then(to_a.cmp(&to_b)).then(lane_a.cmp(&lane_b))
            });
            order.extend(own);
        }
        let mut row = vec![0; range.len()];
        order.iter().enumerate().for_each(|(n, c)| row[(c.0 - range.start) as usize] = n as u16);
        Rows { order, row, first: range.start }
    }

    fn node(&self, ix: JunctionIx, ins: &[LinkIx], outs: &[LinkIx]) -> MapJunction {
        let junction = &self.junctions[ix.ix()];
        let stops = |all: bool| {
            let mut connections = junction.connections.clone().map(|c| self.connections[c as usize].stops);
            if all { connections.all(|stops| stops) } else { connections.any(|stops| stops) }
        };
        let kind = match junction.kind {
            _ if junction.connections.is_empty() => NodeKind::DeadEnd,
            JunctionKind::Signal => NodeKind::Signal,
            JunctionKind::RightBeforeLeft if stops(true) => NodeKind::AllWayStop,
            JunctionKind::Priority if stops(false) => NodeKind::PriorityStop,
            JunctionKind::RightBeforeLeft if self.left_hand => NodeKind::LeftBeforeRight,
            JunctionKind::RightBeforeLeft => NodeKind::RightBeforeLeft,
            JunctionKind::Priority | JunctionKind::Roundabout | JunctionKind::DeadEnd | JunctionKind::Passing => NodeKind::Priority,
        };
        let mut corners = Vec::new();
        for (links, at_end) in [(ins, true), (outs, false)] {
            for lane in links.iter().flat_map(|l| self.lanes_of(*l)) {
                corners.extend(self.corners(self.shape(&lane.shape), lane.width_m, at_end));
            }
        }
        let outline = hull(&corners);
        MapJunction {
            id: junction.id.clone(),
            kind,
            position: junction.position,
            incoming: ins.iter().flat_map(|l| self.link(*l).lanes.clone()).collect(),
            shape: if outline.len() > 2 { outline } else { Vec::new() },
            ..MapJunction::default()
        }
    }

    /// Both edges of a lane where it ends, or where it begins.
    fn corners(&self, line: &[Point], width_m: f64, at_end: bool) -> Vec<Point> {
        let Some(&p) = (if at_end { line.last() } else { line.first() }) else { return Vec::new() };
        let heading = if at_end { shape::end_heading(line, 5.0) } else { shape::start_heading(line, 5.0) };
        let (sin, cos) = heading.sin_cos();
        [-0.5, 0.5].map(|side| [p[0] - sin * width_m * side, p[1] + cos * width_m * side, p[2]]).to_vec()
    }
}

impl RoadKind {
    /// OSM's value of `highway`.
    pub const fn name(self) -> &'static str {
        match self {
            RoadKind::Motorway => "motorway",
            RoadKind::MotorwayLink => "motorway_link",
            RoadKind::Trunk => "trunk",
            RoadKind::TrunkLink => "trunk_link",
            RoadKind::Primary => "primary",
            RoadKind::PrimaryLink => "primary_link",
            RoadKind::Secondary => "secondary",
            RoadKind::SecondaryLink => "secondary_link",
            RoadKind::Tertiary => "tertiary",
            RoadKind::TertiaryLink => "tertiary_link",
            RoadKind::Unclassified => "unclassified",
            RoadKind::Residential => "residential",
            RoadKind::Busway => "busway",
            RoadKind::LivingStreet => "living_street",
            RoadKind::Service => "service",
        }
    }
}

fn sense(turn: Turn) -> TurnKind {
    match turn {
        Turn::Right => TurnKind::Right,
        Turn::Straight => TurnKind::Straight,
        Turn::Left => TurnKind::Left,
        Turn::UTurn => TurnKind::Turn,
    }
}

/// Right of way at a junction of that kind: of one that heeds nobody or somebody, and stops before or does not.
fn right_of_way(kind: NodeKind, gives_way: bool, stops: bool) -> RightOfWay {
    match kind {
        NodeKind::Signal => RightOfWay::Signal,
        NodeKind::AllWayStop => RightOfWay::AllWayStop,
        _ if stops => RightOfWay::Stop,
        _ if !gives_way => RightOfWay::Major,
        NodeKind::RightBeforeLeft | NodeKind::LeftBeforeRight => RightOfWay::Equal,
        _ => RightOfWay::Minor,
    }
}
