//! Small maps with demand, made by hand: a line, a line with a light, two roads that merge, an arterial of three lanes with a light.

use qike_network::traffic::{
    Arrival, CarFollowing, DepartLane, DepartPos, DepartSpeed, EdgeKind, JunctionManners, LaneChanging, MapConnection, MapEdge, MapJunction, MapLane, NodeKind, Path, PathRef, Release,
    Request, RightOfWay, RoadMap, RoadUsers, SignalLight, SignalPhase, SignalPlan, SpeedFactor, TrafficScenario, Travel, TypeRef, VehicleKind,
};

/// Speed limit of all lanes, m/s.
pub const LIMIT: f64 = 13.89;

/// A passenger car with SUMO's defaults.
pub fn car() -> VehicleKind {
    VehicleKind {
        id: "car".into(),
        user: RoadUsers::PASSENGER,
        length_m: 5.0,
        gap_m: 2.5,
        width_m: 1.8,
        max_speed_mps: 55.55,
        desired_speed_mps: 2777.78,
        speed_factor: SpeedFactor { mean: 1.0, deviation: 0.1, min: 0.2, max: 2.0 },
        accel: 2.6,
        decel: 4.5,
        emergency_decel: 9.0,
        apparent_decel: 4.5,
        sigma: 0.5,
        tau_s: 1.0,
        startup_delay_s: 0.0,
        following: CarFollowing::Krauss,
        changing: LaneChanging::default(),
        manners: JunctionManners::default(),
        impatience: 0.0,
        minor_patience_s: 300.0,
        persons: 4,
        color: None,
    }
}

/// The same, by the IDM.
pub fn idm() -> VehicleKind {
    VehicleKind { following: CarFollowing::Idm { delta: 4.0, steps: 4.0 }, ..car() }
}

/// One that drives exactly at the limit.
pub fn exact(kind: VehicleKind) -> VehicleKind {
    VehicleKind { speed_factor: SpeedFactor { mean: 1.0, deviation: 0.0, min: 1.0, max: 1.0 }, ..kind }
}

/// A vehicle on the first path.
pub fn vehicle(n: u32, depart_s: f64, kind: u32) -> (String, Release, Travel) {
    let travel = Travel {
        kind: TypeRef::Kind(kind),
        path: PathRef::Path(0),
        lane: DepartLane::default(),
        at: DepartPos::default(),
        speed: DepartSpeed::default(),
        arrival: Arrival::default(),
        stops: Vec::new(),
        line: None,
        speed_factor: None,
    };
    (format!("v{n}"), Release::At((depart_s * 1000.0) as i64), travel)
}

/// Puts an edge of so many lanes into a map; gives its number.
fn edge(map: &mut RoadMap, id: &str, kind: EdgeKind, ends: [Option<u32>; 2], count: u8, shape: [[f64; 3]; 2]) -> u32 {
    let (n, first) = (map.edges.len() as u32, map.lanes.len() as u32);
    let (dx, dy) = (shape[1][0] - shape[0][0], shape[1][1] - shape[0][1]);
    let length = dx.hypot(dy);
    for index in 0..count {
        // Lane 0 is the one on the right.
        let off = (f64::from(count - 1) / 2.0 - f64::from(index)) * 3.2;
        let shape = shape.iter().map(|p| [p[0] + dy / length * off, p[1] - dx / length * off, p[2]]).collect();
        map.lanes.push(MapLane {
            id: format!("{id}_{index}"),
            edge: n,
            index,
            speed_mps: LIMIT,
            length_m: length,
            width_m: 3.2,
            allowed: RoadUsers::ALL,
            change_left: RoadUsers::ALL,
            change_right: RoadUsers::ALL,
            shape,
            ..MapLane::default()
        });
    }
    map.edges.push(MapEdge { id: id.into(), kind, from: ends[0], to: ends[1], priority: 1, lanes: first..first + u32::from(count), ..MapEdge::default() });
    n
}

fn junction(id: &str, kind: NodeKind, position: [f64; 3]) -> MapJunction {
    MapJunction { id: id.into(), kind, position, ..MapJunction::default() }
}

fn scenario(map: RoadMap, kinds: Vec<VehicleKind>, paths: &[&[u32]]) -> TrafficScenario {
    let mut s = TrafficScenario { name: "test".into(), map, ..TrafficScenario::default() };
    s.demand.kinds = kinds;
    s.demand.paths = paths.iter().map(|edges| Path { edges: edges.to_vec(), ..Path::default() }).collect();
    s
}

/// Parallel roads from the west to the east, each of so many lanes, with a light between for so many s each; the path of a number is
/// that of the road of this number. Without phases a road is one edge. The first lanes of the map are those before the first light.
fn roads(copies: u32, kinds: Vec<VehicleKind>, length: f64, lanes: u8, phases: &[(i64, &str)]) -> TrafficScenario {
    let mut map = RoadMap::default();
    let paths: Vec<Vec<u32>> = (0..copies).map(|n| road(&mut map, f64::from(n) * 100.0, length, lanes, phases)).collect();
    scenario(map, kinds, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Puts one of them into a map; gives its edges.
fn road(map: &mut RoadMap, y: f64, length: f64, lanes: u8, phases: &[(i64, &str)]) -> Vec<u32> {
    let west = map.junctions.len() as u32;
    map.junctions.push(junction("west", NodeKind::DeadEnd, [0.0, y, 0.0]));
    if phases.is_empty() {
        map.junctions.push(junction("east", NodeKind::DeadEnd, [length, y, 0.0]));
        return vec![edge(map, "only", EdgeKind::Normal, [Some(west), Some(west + 1)], lanes, [[0.0, y, 0.0], [length, y, 0.0]])];
    }
    let (over, end) = (length + 12.0, length + 412.0);
    map.junctions.push(junction("light", NodeKind::Signal, [length + 6.0, y, 0.0]));
    map.junctions.push(junction("east", NodeKind::DeadEnd, [end, y, 0.0]));
    let (n, first, light) = (u32::from(lanes), map.lanes.len() as u32, map.lights.len() as u32);
    let before = edge(map, "before", EdgeKind::Normal, [Some(west), Some(west + 1)], lanes, [[0.0, y, 0.0], [length, y, 0.0]]);
    let after = edge(map, "after", EdgeKind::Normal, [Some(west + 1), Some(west + 2)], lanes, [[over, y, 0.0], [end, y, 0.0]]);
    edge(map, ":light_0", EdgeKind::Internal, [None, None], lanes, [[length, y, 0.0], [over, y, 0.0]]);
    for from in first..first + n {
        let (to, via, light) = (from + n, Some(from + 2 * n), Some((light, (from - first) as u16)));
        map.connections.push(MapConnection { from, to, via, right_of_way: RightOfWay::Signal, light, ..MapConnection::default() });
    }
    map.connections.extend((first..first + n).map(|lane| MapConnection { from: lane + 2 * n, to: lane + n, ..MapConnection::default() }));
    let crossing = &mut map.junctions[west as usize + 1];
    crossing.incoming = (first..first + n).collect();
    crossing.internal = (first + 2 * n..first + 3 * n).collect();
    crossing.requests = (0..n).map(|_| Request { gives_way: vec![0], meets: vec![0], waits_inside: false }).collect();
    let shown = |c: &str| match c {
        "G" => SignalLight::GreenMajor,
        "y" => SignalLight::YellowMajor,
        _ => SignalLight::Red,
    };
    let phases = phases.iter().map(|(s, c)| SignalPhase { duration_ms: s * 1000, bounds_ms: None, lights: vec![shown(c); lanes.into()], next: Vec::new() }).collect();
    map.lights.push(format!("light{light}"));
    map.plans.push(SignalPlan { light: format!("light{light}"), program: "0".into(), phases, ..SignalPlan::default() });
    vec![before, after]
}

/// One lane.
pub fn line(kinds: Vec<VehicleKind>, length: f64, phases: &[(i64, &str)]) -> TrafficScenario {
    roads(1, kinds, length, 1, phases)
}

/// One lane of 1,500 m with a light at its end and so many vehicles that come at this headway.
pub fn signalled(kind: VehicleKind, phases: &[(i64, &str)], vehicles: u32, headway_s: f64) -> TrafficScenario {
    let mut s = line(vec![kind], 1500.0, phases);
    s.settings.teleport_after_ms = None;
    s.demand.vehicles = (0..vehicles).map(|n| vehicle(n, f64::from(n) * headway_s, 0)).collect();
    s
}

/// The same, but beyond the light there is an edge of 1 m between two junctions, as roundabouts have them.
#[allow(dead_code)]
pub fn through_short(kind: VehicleKind, phases: &[(i64, &str)], vehicles: u32, headway_s: f64) -> TrafficScenario {
    let mut s = signalled(kind, phases, vehicles, headway_s);
    let map = &mut s.map;
    let (x, over) = (map.lanes[1].shape[0][0] + 1.0, map.lanes[1].shape[0][0] + 17.0);
    (map.lanes[1].length_m, map.lanes[1].shape) = (1.0, vec![[x - 1.0, 0.0, 0.0], [x, 0.0, 0.0]]);
    let (ring, end) = (map.junctions.len() as u32, map.junctions.len() as u32 + 1);
    map.junctions.push(junction("ring", NodeKind::Priority, [x + 8.0, 0.0, 0.0]));
    map.junctions.push(junction("end", NodeKind::DeadEnd, [over + 400.0, 0.0, 0.0]));
    map.edges[1].to = Some(ring);
    let beyond = edge(map, "beyond", EdgeKind::Normal, [Some(ring), Some(end)], 1, [[over, 0.0, 0.0], [over + 400.0, 0.0, 0.0]]);
    edge(map, ":ring_0", EdgeKind::Internal, [None, None], 1, [[x, 0.0, 0.0], [over, 0.0, 0.0]]);
    map.connections.push(MapConnection { from: 1, to: 3, via: Some(4), right_of_way: RightOfWay::Major, ..MapConnection::default() });
    map.connections.push(MapConnection { from: 4, to: 3, ..MapConnection::default() });
    let meet = &mut map.junctions[ring as usize];
    (meet.incoming, meet.internal) = (vec![1], vec![4]);
    meet.requests = vec![Request { gives_way: vec![0], meets: vec![0], waits_inside: false }];
    s.demand.paths[0].edges.push(beyond);
    s
}

/// Parallel roads of three lanes, each with a light, fast cars, slow cars and lorries, two each second on each road.
pub fn arterials(copies: u32, vehicles: u32) -> TrafficScenario {
    let slow = VehicleKind { id: "slow".into(), max_speed_mps: 9.0, ..car() };
    let lorry = VehicleKind { id: "lorry".into(), user: RoadUsers::TRUCK, length_m: 12.0, max_speed_mps: 11.0, accel: 1.3, decel: 4.0, apparent_decel: 4.0, ..car() };
    let mut s = roads(copies, vec![car(), slow, lorry], 1200.0, 3, &[(10, "G"), (3, "y"), (37, "r")]);
    s.settings.teleport_after_ms = None;
    let one = |n: u32| {
        let (id, at, travel) = vehicle(n, f64::from(n / copies / 2), [0, 1, 0, 0, 2, 0, 0][(n / copies) as usize % 7]);
        (id, at, Travel { path: PathRef::Path(n % copies), ..travel })
    };
    s.demand.vehicles = (0..copies * vehicles).map(one).collect();
    s
}

/// A minor road (lane 1) joins a major one (lane 0) by right of way; so many vehicles on each.
pub fn merge(vehicles: u32) -> TrafficScenario {
    let mut map = RoadMap::default();
    let at = [[0.0, 0.0, 0.0], [300.0, -295.0, 0.0], [305.0, 0.0, 0.0], [710.0, 0.0, 0.0]];
    let kinds = [NodeKind::DeadEnd, NodeKind::DeadEnd, NodeKind::Priority, NodeKind::DeadEnd];
    map.junctions = ["west", "south", "meet", "east"].iter().zip(kinds).zip(at).map(|((id, kind), at)| junction(id, kind, at)).collect();
    edge(&mut map, "major", EdgeKind::Normal, [Some(0), Some(2)], 1, [[0.0, 0.0, 0.0], [298.0, 0.0, 0.0]]);
    edge(&mut map, "minor", EdgeKind::Normal, [Some(1), Some(2)], 1, [[304.0, -295.0, 0.0], [304.0, -8.0, 0.0]]);
    edge(&mut map, "east", EdgeKind::Normal, [Some(2), Some(3)], 1, [[310.0, 0.0, 0.0], [710.0, 0.0, 0.0]]);
    edge(&mut map, ":meet_0", EdgeKind::Internal, [None, None], 1, [[298.0, 0.0, 0.0], [310.0, 0.0, 0.0]]);
    edge(&mut map, ":meet_1", EdgeKind::Internal, [None, None], 1, [[304.0, -8.0, 0.0], [310.0, 0.0, 0.0]]);
    for (from, via, way) in [(0, 3, RightOfWay::Major), (1, 4, RightOfWay::Minor)] {
        map.connections.push(MapConnection { from, to: 2, via: Some(via), right_of_way: way, ..MapConnection::default() });
    }
    map.connections.extend([3, 4].map(|from| MapConnection { from, to: 2, ..MapConnection::default() }));
    map.junctions[2].incoming = vec![0, 1];
    map.junctions[2].internal = vec![3, 4];
    map.junctions[2].requests = vec![
        Request { gives_way: vec![0], meets: vec![0b10], waits_inside: false },
        Request { gives_way: vec![0b01], meets: vec![0b01], waits_inside: false },
    ];
    let mut s = scenario(map, vec![car()], &[&[0, 2], &[1, 2]]);
    s.settings.teleport_after_ms = None;
    let on = |n: u32, path: u32, every: f64| {
        let (id, at, travel) = vehicle(n, f64::from(n / 2) * every, 0);
        (id, at, Travel { path: PathRef::Path(path), ..travel })
    };
    s.demand.vehicles = (0..2 * vehicles).map(|n| on(n, n % 2, 4.0)).collect();
    s
}

/// Edges of these lengths one after the other, each of so many lanes, with a light before the last of them for so many s each and
/// nothing to wait for at the other junctions; junction 0 is where the first edge begins, junction n where the n-th ends. So many
/// vehicles come at this headway.
pub fn chain(kind: VehicleKind, lengths: &[f64], lanes: u8, phases: &[(i64, &str)], vehicles: u32, headway_s: f64) -> TrafficScenario {
    const OVER: f64 = 10.0;
    let (mut map, n, count) = (RoadMap::default(), lengths.len() as u32, u32::from(lanes));
    let mut x = 0.0;
    for (i, length) in (0u32..).zip(lengths) {
        map.junctions.push(junction(&format!("j{i}"), if i == 0 { NodeKind::DeadEnd } else { NodeKind::Priority }, [x, 0.0, 0.0]));
        edge(&mut map, &format!("e{i}"), EdgeKind::Normal, [Some(i), Some(i + 1)], lanes, [[x, 0.0, 0.0], [x + length, 0.0, 0.0]]);
        x += length + OVER;
    }
    map.junctions.push(junction("end", NodeKind::DeadEnd, [x, 0.0, 0.0]));
    let shown = |c: &str| match c {
        "G" => SignalLight::GreenMajor,
        "y" => SignalLight::YellowMajor,
        _ => SignalLight::Red,
    };
    for i in 1..n {
        let at = map.lanes[(i * count) as usize].shape[0][0];
        let via = map.lanes.len() as u32;
        edge(&mut map, &format!(":j{i}_0"), EdgeKind::Internal, [None, None], lanes, [[at - OVER, 0.0, 0.0], [at, 0.0, 0.0]]);
        let lit = i == n - 1 && !phases.is_empty();
        for lane in 0..count {
            let light = lit.then_some((0, lane as u16));
            let way = if lit { RightOfWay::Signal } else { RightOfWay::Major };
            map.connections.push(MapConnection { from: (i - 1) * count + lane, to: i * count + lane, via: Some(via + lane), right_of_way: way, light, ..MapConnection::default() });
        }
        map.connections.extend((0..count).map(|lane| MapConnection { from: via + lane, to: i * count + lane, ..MapConnection::default() }));
        let crossing = &mut map.junctions[i as usize];
        crossing.incoming = ((i - 1) * count..i * count).collect();
        crossing.internal = (via..via + count).collect();
        crossing.requests = (0..count).map(|_| Request { gives_way: vec![0], meets: vec![0], waits_inside: false }).collect();
        if lit {
            crossing.kind = NodeKind::Signal;
        }
    }
    if !phases.is_empty() {
        let phases = phases.iter().map(|(s, c)| SignalPhase { duration_ms: s * 1000, bounds_ms: None, lights: vec![shown(c); lanes.into()], next: Vec::new() }).collect();
        map.lights.push("light".into());
        map.plans.push(SignalPlan { light: "light".into(), program: "0".into(), phases, ..SignalPlan::default() });
    }
    let edges: Vec<u32> = (0..n).collect();
    let mut s = scenario(map, vec![kind], &[&edges]);
    s.settings.teleport_after_ms = None;
    s.demand.vehicles = (0..vehicles).map(|n| vehicle(n, f64::from(n) * headway_s, 0)).collect();
    s
}

/// A ring of four edges of 250 m, and so many vehicles that begin at rest, evenly spaced, and go round for ten minutes.
#[allow(dead_code)]
pub fn ring(kind: VehicleKind, vehicles: u32) -> TrafficScenario {
    const SIDE: f64 = 250.0;
    let mut map = RoadMap::default();
    let corners = [[0.0, 0.0, 0.0], [SIDE, 0.0, 0.0], [SIDE, SIDE, 0.0], [0.0, SIDE, 0.0]];
    map.junctions = (0..4).map(|n| junction(&format!("corner{n}"), NodeKind::Priority, corners[n])).collect();
    for n in 0..4u32 {
        let next = (n + 1) % 4;
        edge(&mut map, &format!("side{n}"), EdgeKind::Normal, [Some(n), Some(next)], 1, [corners[n as usize], corners[next as usize]]);
        map.connections.push(MapConnection { from: n, to: next, right_of_way: RightOfWay::Major, ..MapConnection::default() });
    }
    let laps = |first: u32| (0..48).map(|n| (first + n) % 4).collect::<Vec<u32>>();
    let paths = [laps(0), laps(1), laps(2), laps(3)];
    let mut s = scenario(map, vec![kind], &[&paths[0], &paths[1], &paths[2], &paths[3]]);
    s.settings.teleport_after_ms = None;
    s.settings.end_ms = Some(600_000);
    let one = |n: u32| {
        let at = f64::from(n) * 4.0 * SIDE / f64::from(vehicles) + 0.2;
        let (id, time, travel) = vehicle(n, 0.0, 0);
        let side = (at / SIDE) as u32;
        (id, time, Travel { path: PathRef::Path(side), at: DepartPos::At(at - f64::from(side) * SIDE), speed: DepartSpeed::At(0.0), ..travel })
    };
    s.demand.vehicles = (0..vehicles).map(one).collect();
    s
}
