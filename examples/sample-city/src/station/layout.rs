//! Halls, rooms, gates, platform: the plan of the station.

use super::{entrance, fittings};
use super::model::{Kind, Model, Product, Set, Solid, Storey, Value, rectangle};
use crate::geo::{P, dist, scale, sub};

pub const PLATFORM: usize = 0;
pub const CONCOURSE: usize = 1;
pub const STREET: usize = 2;
/// Heights of the storeys' floors above the square.
pub const ELEVATIONS: [f64; 3] = [-15.0, -8.0, 0.0];
/// Where one stands in front of the street lift's lobby.
pub const LIFT_OUTSIDE: P = [61.0, 21.2];

/// Half a wall.
const FACE: f64 = 0.1;
const HALL_HEIGHT: f64 = 5.0;
const PLATFORM_HEIGHT: f64 = 4.5;
/// x of the gate lines, the shop fronts, the ends.
const GATES_X: f64 = 34.0;
const SHOPS_X: f64 = 70.0;
const END_X: f64 = 80.0;
const SIDE_Y: f64 = 14.0;
const ROOMS_Y: f64 = 9.0;
const PLATFORM_Y: f64 = 6.0;
const PLATFORM_X: f64 = 72.0;
/// Top and bottom of the stairs to the platform.
const STAIR_TOP: f64 = 10.0;
const STAIR_FOOT: f64 = 22.25;
const STAIR_HALF: f64 = 2.8;

/// A hole in a wall: distance from the wall's start to its middle, and what fills it.
pub struct Hole {
    pub at: f64,
    pub width: f64,
    pub height: f64,
    pub door: Option<Leaf>,
}

/// A door to fill a hole.
pub struct Leaf {
    pub name: String,
    pub object_type: &'static str,
    pub external: bool,
    pub colour: &'static str,
}

pub fn door(at: f64, width: f64, height: f64, name: impl Into<String>, object_type: &'static str, external: bool) -> Hole {
    Hole { at, width, height, door: Some(Leaf { name: name.into(), object_type, external, colour: if external { "glass" } else { "door" } }) }
}

pub fn door_set(external: bool, fire_exit: bool) -> Set {
    ("Pset_DoorCommon", vec![
        ("IsExternal", Value::Bool(external)), ("FireExit", Value::Bool(fire_exit)), ("HandicapAccessible", Value::Bool(true)),
        ("SelfClosing", Value::Bool(!external)),
    ])
}

/// Where a wall stands: its storey, its ends, bottom and top.
pub struct Line {
    pub storey: usize,
    pub from: P,
    pub to: P,
    pub z: [f64; 2],
    pub colour: &'static str,
}

/// A straight wall 0.2 m thick about its line, with holes and the doors in them.
pub fn wall(m: &mut Model, name: &str, line: &Line, holes: Vec<Hole>) {
    let (a, b) = (line.from, line.to);
    let u = scale(sub(b, a), 1.0 / dist(a, b).max(1e-6));
    // A piece of the wall from s to t along it, `half` thick to either side.
    let piece = |s: f64, t: f64, half: f64| -> Vec<P> {
        let at = |d: f64, e: f64| [a[0] + u[0] * d - u[1] * e, a[1] + u[1] * d + u[0] * e];
        vec![at(s, -half), at(t, -half), at(t, half), at(s, half)]
    };
    let body = Solid::upright(piece(0.0, dist(a, b), FACE), vec![], line.z[0], line.z[1]);
    let wall = m.add(Product {
        kind: Kind::Wall, name: name.into(), object_type: None, storey: line.storey, solids: vec![body], colour: line.colour, host: None,
        sets: vec![("Pset_WallCommon", vec![("IsExternal", Value::Bool(name.contains("outer"))), ("LoadBearing", Value::Bool(line.colour == "concrete"))])],
    });
    for (n, h) in holes.into_iter().enumerate() {
        let (s, t) = (h.at - h.width / 2.0, h.at + h.width / 2.0);
        // Low holes start at the floor, whatever lies below it.
        let floor = line.z[0].max(0.0);
        let opening = m.add(Product {
            kind: Kind::Opening, name: format!("{name} opening {}", n + 1), object_type: None, storey: line.storey,
            solids: vec![Solid::upright(piece(s, t, FACE + 0.05), vec![], floor, floor + h.height)], colour: "door", sets: vec![], host: Some(wall),
        });
        if let Some(leaf) = h.door {
            m.add(Product {
                kind: Kind::Door { height: h.height, width: h.width, gate: false }, name: leaf.name, object_type: Some(leaf.object_type),
                storey: line.storey, solids: vec![Solid::upright(piece(s, t, FACE), vec![], floor, floor + h.height)], colour: leaf.colour,
                sets: vec![door_set(leaf.external, leaf.external)], host: Some(opening),
            });
        }
    }
}

/// A space with its floor on the storey's floor: its name, long name and kind, its outline, holes and height.
pub fn space(m: &mut Model, storey: usize, (name, long_name, kind): (&str, &str, &'static str), ring: Vec<P>, holes: Vec<Vec<P>>, height: f64) {
    let public = !matches!(kind, "room" | "equipment");
    let p = m.put(storey, Kind::Space { long_name: long_name.into() }, name, "space", vec![Solid::upright(ring, holes, 0.0, height)]);
    p.object_type = Some(kind);
    p.sets.push(("Pset_SpaceCommon", vec![
        ("IsExternal", Value::Bool(false)), ("PubliclyAccessible", Value::Bool(public)), ("HandicapAccessible", Value::Bool(public)),
    ]));
}

/// The whole station.
pub fn build() -> Model {
    let storeys = vec![
        Storey { name: "B2", long_name: "站台层 Platform level", elevation: ELEVATIONS[PLATFORM] },
        Storey { name: "B1", long_name: "站厅层 Concourse level", elevation: ELEVATIONS[CONCOURSE] },
        Storey { name: "F0", long_name: "地面层 Street level", elevation: ELEVATIONS[STREET] },
    ];
    let mut m = Model { storeys, products: vec![] };
    concourse(&mut m);
    gates(&mut m);
    platform(&mut m);
    stairs_to_platform(&mut m);
    lifts(&mut m);
    for e in &entrance::ENTRANCES {
        e.build(&mut m);
    }
    fittings::services(&mut m);
    fittings::furniture(&mut m);
    m
}

/// Mirrors an interval about 0.
pub fn flip(i: [f64; 2], side: f64) -> [f64; 2] {
    if side > 0.0 { i } else { [-i[1], -i[0]] }
}

fn stair_void(side: f64, from: f64) -> Vec<P> {
    rectangle(flip([from, STAIR_FOOT], side), [-STAIR_HALF, STAIR_HALF])
}

fn lift_void() -> Vec<P> {
    rectangle([-1.3, 1.3], [-1.3, 1.3])
}

fn concourse(m: &mut Model) {
    let s = CONCOURSE;
    let inside = |x: [f64; 2], y: [f64; 2]| rectangle([x[0] + FACE, x[1] - FACE], [y[0] + FACE, y[1] - FACE]);
    let voids = vec![stair_void(1.0, STAIR_TOP), stair_void(-1.0, STAIR_TOP), lift_void()];
    space(m, s, ("B1-PAID", "付费区站厅 Paid concourse", "hall"), inside([-GATES_X, GATES_X], [-ROOMS_Y, ROOMS_Y]), voids.clone(), HALL_HEIGHT);
    space(m, s, ("B1-EAST", "东站厅 East hall", "hall"), inside([GATES_X, SHOPS_X], [-SIDE_Y, SIDE_Y]), vec![], HALL_HEIGHT);
    space(m, s, ("B1-WEST", "西站厅 West hall", "hall"), inside([-SHOPS_X, -GATES_X], [-SIDE_Y, SIDE_Y]), vec![], HALL_HEIGHT);
    let z = [0.0, HALL_HEIGHT];
    let line = |from: P, to: P, colour| Line { storey: s, from, to, z, colour };
    let north = [("设备室 Plant room", "equipment"), ("配电室 Switch room", "equipment"), ("通信信号室 Signalling room", "equipment"), ("母婴室 Family room", "public")];
    let south = [("车站控制室 Station control", "room"), ("站长室 Station master", "room"), ("公共卫生间·女 Toilets (women)", "toilet"), ("公共卫生间·男 Toilets (men)", "toilet")];
    for (side, rooms) in [(1.0, north), (-1.0, south)] {
        let mut holes = Vec::new();
        let letter = if side > 0.0 { "N" } else { "S" };
        for (i, (long_name, kind)) in rooms.into_iter().enumerate() {
            let x = [-GATES_X + 17.0 * i as f64, -GATES_X + 17.0 * (i + 1) as f64];
            let name = format!("B1-{letter}{}", i + 1);
            space(m, s, (&name, long_name, kind), inside(x, flip([ROOMS_Y, SIDE_Y], side)), vec![], 3.2);
            holes.push(door(17.0 * i as f64 + 8.5, 1.2, 2.1, format!("Door {name}"), "room door", false));
        }
        wall(m, &format!("Wall rooms {letter}"), &line([-GATES_X, side * ROOMS_Y], [GATES_X, side * ROOMS_Y], "plaster"), holes);
        for i in 0..5 {
            let x = -GATES_X + 17.0 * f64::from(i);
            let (a, b) = (side * ROOMS_Y, side * SIDE_Y);
            wall(m, &format!("Wall {letter}{i}"), &line([x, a], [x, b], "plaster"), vec![]);
        }
        // Outer wall with the mouths of the passages, and of the street lift on the lake side.
        let mut mouths: Vec<Hole> = entrance::ENTRANCES
            .iter()
            .filter(|e| e.side * side > 0.0)
            .map(|e| door(e.x + END_X, 5.6, 3.0, format!("Shutter {}", e.letter), "roller shutter", false))
            .collect();
        if side > 0.0 {
            mouths.push(Hole { at: 61.0 + END_X, width: 2.4, height: 2.4, door: None });
        }
        wall(m, &format!("Wall outer {letter}"), &line([-END_X, side * SIDE_Y], [END_X, side * SIDE_Y], "concrete"), mouths);
    }
    let shops = [
        (1.0, [("B1-TICKET", "客服中心 Ticket office", "office"), ("B1-SHOP3", "书店 Bookshop", "shop")]),
        (-1.0, [("B1-SHOP1", "便利店 Convenience store", "shop"), ("B1-SHOP2", "咖啡店 Café", "shop")]),
    ];
    for (side, pair) in shops {
        let letter = if side > 0.0 { "E" } else { "W" };
        let mut holes = Vec::new();
        for ((name, long_name, kind), y) in pair.into_iter().zip([[-SIDE_Y, 0.0], [0.0, SIDE_Y]]) {
            space(m, s, (name, long_name, kind), inside(flip([SHOPS_X, END_X], side), y), vec![], 3.5);
            holes.push(door((y[0] + y[1]) / 2.0 + SIDE_Y, 3.0, 2.4, format!("Door {name}"), "shop door", false));
        }
        wall(m, &format!("Wall shops {letter}"), &line([side * SHOPS_X, -SIDE_Y], [side * SHOPS_X, SIDE_Y], "plaster"), holes);
        wall(m, &format!("Wall shops {letter} middle"), &line([side * SHOPS_X, 0.0], [side * END_X, 0.0], "plaster"), vec![]);
        wall(m, &format!("Wall outer {letter}"), &line([side * END_X, -SIDE_Y], [side * END_X, SIDE_Y], "concrete"), vec![]);
    }
    let whole = rectangle([-END_X - FACE, END_X + FACE], [-SIDE_Y - FACE, SIDE_Y + FACE]);
    m.put(s, Kind::Slab("FLOOR"), "Slab B1", "floor", vec![Solid::upright(whole.clone(), voids, -0.5, 0.0)]);
    m.put(s, Kind::Slab("ROOF"), "Slab B1 ceiling", "concrete", vec![Solid::upright(whole, vec![], HALL_HEIGHT, HALL_HEIGHT + 0.8)]);
    columns(m, s, 5.2, HALL_HEIGHT);
}

fn columns(m: &mut Model, storey: usize, y: f64, height: f64) {
    for i in 0..14 {
        let x = -65.0 + 10.0 * f64::from(i);
        // Not in the gate lines.
        if (x.abs() - GATES_X).abs() < 2.0 {
            continue;
        }
        for side in [-1.0, 1.0] {
            let name = format!("Column {}-{}{}", if storey == PLATFORM { "B2" } else { "B1" }, if side > 0.0 { "N" } else { "S" }, i + 1);
            let p = m.put(storey, Kind::Column, name, "concrete", vec![Solid::bar_z([x, side * y, 0.0], 0.35, height)]);
            p.sets.push(("Pset_ColumnCommon", vec![("LoadBearing", Value::Bool(true))]));
        }
    }
}

/// Ten ticket gates in each gate line, cabinets between them, glass fences beside them.
fn gates(m: &mut Model) {
    for (side, letter) in [(1.0, "E"), (-1.0, "W")] {
        let x = [side * GATES_X - FACE, side * GATES_X + FACE];
        for i in 0..10 {
            let y = -7.2 + 1.6 * f64::from(i);
            let leaf = Solid::block(x, [y - 0.45, y + 0.45], [0.0, 1.2]);
            let entry = i < 4;
            let p = m.put(CONCOURSE, Kind::Door { height: 1.2, width: 0.9, gate: true }, format!("Gate {letter}{}", i + 1), "gate", vec![leaf]);
            p.object_type = Some("ticket gate");
            p.sets.push(door_set(false, true));
            p.sets.push(("Station_Gate", vec![
                ("Direction", Value::Text(if entry { "in" } else { "out" }.into())), ("CapacityPerMinute", Value::Count(30)),
            ]));
        }
        for i in 0..=10 {
            let y = -8.0 + 1.6 * f64::from(i);
            let cabinet = Solid::block([x[0] - 0.7, x[1] + 0.7], [y - 0.16, y + 0.16], [0.0, 1.05]);
            m.put(CONCOURSE, Kind::Proxy, format!("Gate cabinet {letter}{}", i + 1), "steel", vec![cabinet]).object_type = Some("gate cabinet");
        }
        for (n, y) in [[-ROOMS_Y + FACE, -8.16], [8.16, ROOMS_Y - FACE]].into_iter().enumerate() {
            m.put(CONCOURSE, Kind::Railing, format!("Fence {letter}{}", n + 1), "glass", vec![Solid::block([x[0] + 0.06, x[1] - 0.06], y, [0.0, 1.3])]);
        }
    }
}

fn platform(m: &mut Model) {
    let s = PLATFORM;
    let floor = rectangle([-PLATFORM_X + FACE, PLATFORM_X - FACE], [-PLATFORM_Y, PLATFORM_Y]);
    let voids = vec![stair_void(1.0, 15.0), stair_void(-1.0, 15.0), lift_void()];
    space(m, s, ("B2-PLATFORM", "岛式站台 Island platform", "platform"), floor, voids, PLATFORM_HEIGHT);
    let z = [0.0, PLATFORM_HEIGHT];
    for (side, letter, long_name) in [(1.0, "E", "牵引变电所 Traction substation"), (-1.0, "W", "废水泵房 Pump room")] {
        let x = flip([PLATFORM_X + FACE, END_X - FACE], side);
        let name = format!("B2-{letter}");
        space(m, s, (&name, long_name, "equipment"), rectangle(x, [-PLATFORM_Y, PLATFORM_Y]), vec![], 3.6);
        let line = Line { storey: s, from: [side * PLATFORM_X, -PLATFORM_Y], to: [side * PLATFORM_X, PLATFORM_Y], z, colour: "plaster" };
        wall(m, &format!("Wall {name}"), &line, vec![door(PLATFORM_Y, 1.4, 2.1, format!("Door {name}"), "room door", false)]);
    }
    for (side, letter) in [(1.0, "N"), (-1.0, "S")] {
        let screens = (0..24)
            .map(|i| {
                let x = -64.4 + 5.6 * f64::from(i);
                let mut h = door(x + PLATFORM_X, 2.0, 2.1, format!("Screen door {letter}{:02}", i + 1), "platform screen door", false);
                if let Some(leaf) = &mut h.door {
                    leaf.colour = "glass";
                }
                h
            })
            .collect();
        let y = side * (PLATFORM_Y + FACE);
        let line = Line { storey: s, from: [-PLATFORM_X, y], to: [PLATFORM_X, y], z: [0.0, 2.6], colour: "glass" };
        wall(m, &format!("Platform screen {letter}"), &line, screens);
        let outer = Line { storey: s, from: [-END_X, side * 10.7], to: [END_X, side * 10.7], z: [-1.4, PLATFORM_HEIGHT], colour: "concrete" };
        wall(m, &format!("Wall outer B2 {letter}"), &outer, vec![]);
        for rail in [7.6, 9.035] {
            let bar = Solid::block([-END_X, END_X], flip([rail - 0.04, rail + 0.04], side), [-1.2, -1.03]);
            m.put(s, Kind::Proxy, format!("Rail {letter} {rail:.2}"), "steel", vec![bar]).object_type = Some("rail");
        }
    }
    let slab = rectangle([-END_X, END_X], [-PLATFORM_Y - 2.0 * FACE, PLATFORM_Y + 2.0 * FACE]);
    m.put(s, Kind::Slab("FLOOR"), "Slab B2 platform", "floor", vec![Solid::upright(slab, vec![], -0.4, 0.0)]);
    let base = rectangle([-END_X, END_X], [-10.8, 10.8]);
    m.put(s, Kind::Slab("BASESLAB"), "Slab B2 base", "concrete", vec![Solid::upright(base, vec![], -2.2, -1.2)]);
    columns(m, s, 3.9, PLATFORM_HEIGHT + 2.0);
}

/// Steps of `rise` metres over `run` metres as a profile in the upright plane, with a slab below them.
pub fn steps(rise: f64, run: f64) -> (Vec<P>, u32) {
    let n = (rise / 0.165).round().max(1.0);
    let (up, on) = (rise / n, run / n);
    let mut profile: Vec<P> = vec![[0.0, -0.3], [0.35, -0.3], [run, rise - 0.55], [run, rise]];
    for i in (0..n as u32).rev() {
        let (x, z) = (on * f64::from(i), up * f64::from(i));
        profile.push([x, z + up]);
        if i > 0 {
            profile.push([x, z]);
        }
    }
    (profile, n as u32)
}

/// Where a run of stairs or an escalator stands: storey of its foot, the foot's left corner, direction, width, rise and run.
pub struct Run {
    pub storey: usize,
    pub foot: P,
    pub dir: P,
    pub width: f64,
    pub rise: f64,
    pub run: f64,
}

pub fn stair(m: &mut Model, name: &str, r: &Run) {
    let (profile, risers) = steps(r.rise, r.run);
    let (riser_m, tread_m) = (r.rise / f64::from(risers), r.run / f64::from(risers));
    let stair = m.add(Product {
        kind: Kind::Stair, name: format!("Stair {name}"), object_type: None, storey: r.storey, solids: vec![], colour: "stair", host: None,
        sets: vec![("Pset_StairCommon", vec![
            ("NumberOfRiser", Value::Count(i64::from(risers))), ("RiserHeight", Value::Length(riser_m)), ("TreadLength", Value::Length(tread_m)),
            ("FireExit", Value::Bool(true)), ("HandicapAccessible", Value::Bool(false)),
        ])],
    });
    let body = Solid::along(profile, [r.foot[0], r.foot[1], 0.0], r.dir, r.width);
    let flight = m.put(r.storey, Kind::Flight { risers, riser_m, tread_m }, format!("Flight {name}"), "stair", vec![body]);
    flight.host = Some(stair);
}

pub fn escalator(m: &mut Model, name: &str, r: &Run, up: bool) {
    let truss = vec![[0.0, -0.4], [1.0, -0.4], [r.run, r.rise - 1.0], [r.run, r.rise], [0.0, 0.0]];
    let panel = vec![[0.0, 0.0], [r.run, r.rise], [r.run, r.rise + 0.95], [0.0, 0.95]];
    let right = [r.dir[1], -r.dir[0]];
    let at = |d: f64| [r.foot[0] + right[0] * d, r.foot[1] + right[1] * d, 0.0];
    let solids = vec![
        Solid::along(truss, at(0.08), r.dir, r.width - 0.16),
        Solid::along(panel.clone(), at(0.0), r.dir, 0.08),
        Solid::along(panel, at(r.width - 0.08), r.dir, 0.08),
    ];
    let p = m.put(r.storey, Kind::Transport("ESCALATOR"), format!("Escalator {name}"), "steel", solids);
    p.object_type = Some(if up { "escalator up" } else { "escalator down" });
    p.sets.push(("Station_Escalator", vec![
        ("Direction", Value::Text(if up { "up" } else { "down" }.into())), ("Speed", Value::Real(0.65)), ("CapacityPerMinute", Value::Count(120)),
    ]));
}

/// On either side of the middle: stairs between two escalators, from the paid hall down to the platform.
fn stairs_to_platform(m: &mut Model) {
    for (side, letter) in [(1.0, "E"), (-1.0, "W")] {
        let (rise, run) = (ELEVATIONS[CONCOURSE] - ELEVATIONS[PLATFORM], STAIR_FOOT - STAIR_TOP);
        // One climbs towards the middle of the station. The foot's corner is the one on the left of that direction: on the
        // lake side one climbs in −x, and the left is at the smaller y.
        let place = |y: f64, width: f64| Run {
            storey: PLATFORM, foot: [side * STAIR_FOOT, if side > 0.0 { y } else { y + width }], dir: [-side, 0.0], width, rise, run,
        };
        stair(m, &format!("platform {letter}"), &place(-1.3, 2.6));
        escalator(m, &format!("platform {letter} up"), &place(1.45, 1.25), true);
        escalator(m, &format!("platform {letter} down"), &place(-2.7, 1.25), false);
        // Railings around the void in the concourse, open at the top of the stairs.
        let x = flip([STAIR_TOP, STAIR_FOOT], side);
        for (n, (xs, ys)) in [(x, [-2.86, -2.8]), (x, [2.8, 2.86]), (flip([STAIR_FOOT, STAIR_FOOT + 0.06], side), [-2.86, 2.86])].into_iter().enumerate() {
            m.put(CONCOURSE, Kind::Railing, format!("Railing void {letter}{}", n + 1), "glass", vec![Solid::block(xs, ys, [0.0, 1.1])]);
        }
    }
}

fn lift(m: &mut Model, name: &str, storey: usize, x: [f64; 2], y: [f64; 2], height: f64) {
    let p = m.put(storey, Kind::Transport("ELEVATOR"), format!("Lift {name}"), "glass", vec![Solid::block(x, y, [0.0, height])]);
    p.object_type = Some("lift");
    p.sets.push(("Pset_TransportElementElevator", vec![("FireFightingLift", Value::Bool(false))]));
    p.sets.push(("Station_Lift", vec![("Persons", Value::Count(13)), ("Speed", Value::Real(1.0))]));
}

/// A lift in the paid hall, and one from the east hall to a lobby on the square.
fn lifts(m: &mut Model) {
    lift(m, "platform", PLATFORM, [-1.3, 1.3], [-1.3, 1.3], 11.0);
    lift(m, "street", CONCOURSE, [59.8, 62.2], [SIDE_Y - FACE, 16.5], 11.0);
    space(m, STREET, ("F0-LIFT", "无障碍电梯厅 Lift lobby", "lobby"), rectangle([58.1, 63.9], [16.5, 19.9]), vec![], 3.0);
    let z = [0.0, 3.2];
    let line = |from: P, to: P| Line { storey: STREET, from, to, z, colour: "glass" };
    wall(m, "Lift lobby front", &line([58.0, 20.0], [64.0, 20.0]), vec![door(3.0, 2.4, 2.3, "Street door lift", "street door", true)]);
    wall(m, "Lift lobby left", &line([58.0, 16.4], [58.0, 20.0]), vec![]);
    wall(m, "Lift lobby right", &line([64.0, 16.4], [64.0, 20.0]), vec![]);
    m.put(STREET, Kind::Slab("ROOF"), "Lift lobby roof", "roof", vec![Solid::block([57.6, 64.4], [14.0, 20.6], [3.2, 3.45])]);
    m.put(STREET, Kind::Slab("FLOOR"), "Lift lobby floor", "floor", vec![Solid::block([58.0, 64.0], [16.5, 20.1], [-0.3, 0.0])]);
}
