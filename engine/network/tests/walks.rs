//! The walking network of small scenes: paths, crossings, squares, rooms, doors, stairs, entrances.

mod common;

use common::{Town, cross};
use qike_network::*;
use qike_scene::Class;
use qike_scene::edit::{EditBase, EditValue, Property, Target};

const FOOT: [(&str, &str); 1] = [("highway", "footway")];

fn build(town: &Town) -> (LaneNetwork, WalkNetwork) {
    let scene = town.scene();
    let lanes = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap();
    let walks = WalkNetwork::from_scene(&scene, &lanes, &WalkOptions::default()).unwrap();
    check(&walks);
    assert_eq!(walks, WalkNetwork::from_scene(&scene, &lanes, &WalkOptions::default()).unwrap(), "two builds differ");
    (lanes, walks)
}

/// What must hold of every walking network.
fn check(net: &WalkNetwork) {
    for (i, area) in net.areas.iter().enumerate() {
        let ring = net.ring(AreaIx::new(i));
        let n = ring.len();
        assert!(n >= 3 && area.area_m2 > 0.0);
        for k in 0..n {
            let (a, b, c) = (ring[k], ring[(k + 1) % n], ring[(k + 2) % n]);
            let cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
            assert!(cross > -1e-6, "{} is not convex or not counter-clockwise", area.id);
        }
        assert!((net.height(AreaIx::new(i), ring[0][0], ring[0][1]) - ring[0][2]).abs() < 0.5, "{}", area.id);
        for p in net.portals_of(AreaIx::new(i)) {
            assert!(net.portal(*p).a == AreaIx::new(i) || net.portal(*p).b == AreaIx::new(i));
        }
    }
    for p in &net.portals {
        assert!(p.a != p.b && p.width_m > 0.0 && p.capacity_per_s > 0.0);
        for (area, s) in [(p.a, [p.p, p.q]), (p.b, [p.p_b, p.q_b])] {
            for end in s {
                assert!((net.height(area, end[0], end[1]) - end[2]).abs() < 1.0, "{} {:?}", net.area(area).id, end);
            }
        }
    }
}

fn area(net: &WalkNetwork, object: &str) -> AreaIx {
    *net.areas_of(object).first().unwrap_or_else(|| panic!("no area of {object} in {:?}", net.areas.iter().map(|a| &a.id).collect::<Vec<_>>()))
}

fn way(net: &WalkNetwork, from: &str, to: &str) -> Option<Vec<PortalIx>> {
    let from = area(net, from);
    WalkRouter::new(net).route(net, from, net.area(from).centre, &Goal::Areas(net.areas_of(to)))
}

#[test]
fn paths_that_share_a_node_are_one_way_through() {
    let mut town = Town::default();
    town.node(1, 0., 0.).node(2, 30., 0.).node(3, 60., 5.).node(4, 60., 60.).node(5, 60., -60.).node(6, 60., 200.);
    town.path(1, &[1, 2, 3], &FOOT);
    town.path(2, &[4, 3, 5], &[("highway", "path"), ("width", "4")]);
    town.path(3, &[6, 4], &[("highway", "footway"), ("foot", "no")]);
    let (_, net) = build(&town);
    assert!(net.areas_of("osm:way/3").is_empty());
    let portals = way(&net, "osm:way/1", "osm:way/2").unwrap();
    assert!(!portals.is_empty());
    // From one end to the other takes as long as the way is long.
    let router = WalkRouter::new(&net);
    let (goal, at) = router.locate(&net, [60., 59., 0.], 1.0).unwrap();
    let (start, p) = router.locate(&net, [1., 0., 0.], 1.0).unwrap();
    let field = router.field(&net, &Goal::Place(goal, at));
    let seconds = router.next(&net, &field, start, p).unwrap().1;
    let straight = (29.0 + 30.4 + 54.0) / 1.34;
    assert!((seconds / straight - 1.0).abs() < 0.05, "{seconds} against {straight}");
}

#[test]
fn a_path_over_a_road_is_a_crossing_that_knows_the_lanes() {
    let mut town = cross(&[("highway", "secondary"), ("lanes", "4")], &[("highway", "residential")]);
    town.node(6, -12., 0.).node(7, -12., 20.).node(8, -12., -20.).node(9, 60., 0.).node(10, 60., 20.).node(11, 60., -20.);
    town.objects.retain(|o| !matches!(o.id.as_str(), "osm:way/1" | "osm:way/2"));
    let tags = [("highway", "secondary"), ("lanes", "4")];
    town.road(1, &[2, 6, 1], &tags);
    town.road(2, &[1, 9, 3], &tags);
    town.path(10, &[7, 6, 8], &FOOT);
    town.path(11, &[10, 9, 11], &FOOT);
    town.furniture(1, "traffic_signals");
    town.furniture(9, "crossing").attributes.insert("crossing".into(), "zebra".into());
    let (lanes, net) = build(&town);
    assert_eq!(net.crossings.len(), 2);
    let at = |id: &str| net.crossings.iter().find(|c| c.object.as_ref().is_some_and(|o| o.as_str() == id)).unwrap();
    let (near, far) = (at("osm:node/6"), at("osm:node/9"));
    // Lanes end before the crossing at the lights, so that those who wait do not stand on it.
    assert!(near.links.is_empty() && !near.connections.is_empty() && near.program == Some(ProgramIx(0)) && !near.priority);
    assert!(far.program.is_none() && far.priority);
    let crossed: Vec<&str> = far.links.iter().map(|(l, _)| lanes.link(*l).id.as_str()).collect();
    assert_eq!(crossed, ["osm:way/2#0>", "osm:way/2#0<"]);
    let (link, s) = far.links[0];
    let shape = lanes.lanes_of(link)[0].shape.clone();
    let (p, _) = lanes.pose(&shape, s);
    assert!((p[0] - 60.0).abs() < 0.5, "{p:?}");
    assert!(way(&net, "osm:way/10", "osm:way/10").is_some());
    let router = WalkRouter::new(&net);
    let (start, p) = router.locate(&net, [60., 19., 0.], 1.0).unwrap();
    let (goal, _) = router.locate(&net, [60., -19., 0.], 1.0).unwrap();
    let route = router.route(&net, start, p, &Goal::Areas(vec![goal])).unwrap();
    assert!(route.iter().any(|x| net.area(net.portal(*x).a).kind == AreaKind::Crossing));
}

#[test]
fn a_path_ends_at_the_square_and_squares_touch() {
    let mut town = Town::default();
    town.node(1, -50., 10.).node(2, 10., 10.);
    town.path(1, &[1, 2], &FOOT);
    town.square("plaza", "plaza", &[[0., 0.], [40., 0.], [40., 20.], [20., 20.], [20., 40.], [0., 40.]]);
    town.square("beach", "beach", &[[40.2, -5.], [80., -5.], [80., 30.], [40.2, 30.]]);
    let (_, net) = build(&town);
    assert!(way(&net, "osm:way/1", "plaza").is_some() && way(&net, "osm:way/1", "beach").is_some());
    let strips = net.areas_of("osm:way/1");
    assert!(strips.iter().all(|a| net.ring(*a).iter().all(|p| p[0] < 0.01)), "what lies inside the plaza is the plaza's");
    let beach = net.area(area(&net, "beach"));
    assert!(beach.kind == AreaKind::Beach && beach.speed_factor < 1.0);
    assert!((net.areas_of("plaza").iter().map(|a| net.area(*a).area_m2).sum::<f64>() - 1200.0).abs() < 1e-6);
}

#[test]
fn a_car_park_without_a_path_is_left_across_open_ground() {
    let mut town = Town::default();
    town.node(1, -50., 30.).node(2, 90., 30.);
    town.path(1, &[1, 2], &FOOT);
    town.square("parking", "car_park", &[[0., 0.], [40., 0.], [40., 20.], [0., 20.]]);
    town.square("far away", "car_park", &[[0., 200.], [40., 200.], [40., 220.], [0., 220.]]);
    let (_, net) = build(&town);
    assert!(way(&net, "parking", "osm:way/1").is_some() && way(&net, "osm:way/1", "parking").is_some());
    assert!(way(&net, "far away", "osm:way/1").is_none(), "nobody walks 170 m across a field");
    let told: Vec<_> = net.faults.iter().filter(|f| f.code == "square-without-path").filter_map(|f| f.object.as_deref()).collect();
    assert_eq!(told, ["parking"]);
}

/// Two storeys: hall and shop with a door between, a stair to a cellar, a street door; a path 3 m before it; a sealed room.
fn house() -> Town {
    let mut town = Town::default();
    town.node(1, -20., -5.).node(2, 20., -5.);
    town.path(1, &[1, 2], &FOOT);
    let room = |town: &mut Town, id: &str, name: &str, low, high| town.block(id, Class::BuildingRoom, low, high, &[("object_type", name)]);
    room(&mut town, "hall", "hall", [0., 0., 0.], [10., 10., 3.]);
    room(&mut town, "shop", "shop", [10.2, 0., 0.], [20., 10., 3.]);
    room(&mut town, "cellar", "room", [0., 0., -4.], [10., 10., -1.]);
    room(&mut town, "annex", "room", [0., 10.0, 0.], [10., 14., 3.]);
    room(&mut town, "vault", "room", [30., 0., 0.], [34., 4., 3.]);
    town.block("street-door", Class::Door, [4., -0.2, 0.], [6., 0., 2.1], &[]);
    town.block("shop-door", Class::Door, [10., 4., 0.], [10.2, 5., 2.1], &[]);
    stair(&mut town, "stair", 2.0, "IfcStairFlight", "");
    town
}

/// A run from (2, y, −4) up to (7, y, 0), 1.5 m wide.
fn stair(town: &mut Town, id: &str, y: f64, kind: &str, name: &str) {
    let top = if kind == "IfcTransportElement" { 0.9 } else { 0.0 };
    let mut vertices = vec![];
    for t in [y, y + 1.5] {
        vertices.extend([[2., t, -4.], [7., t, -0.4], [7., t, top], [2., t, -4. + top]]);
    }
    let faces = [[0, 1, 2], [0, 2, 3], [4, 6, 5], [4, 7, 6], [0, 4, 5], [0, 5, 1], [3, 2, 6], [3, 6, 7], [1, 5, 6], [1, 6, 2], [0, 3, 7], [0, 7, 4]];
    let attributes = [("ifc_type", kind), ("predefined_type", "ESCALATOR"), ("object_type", name)];
    let class = if name.is_empty() { Class::BuildingConstructiveElement } else { Class::BuildingInstallation };
    town.body(id, class, vertices, faces.concat(), &attributes);
}

#[test]
fn from_the_street_through_the_door_and_down_the_stair() {
    let (_, net) = build(&house());
    let down = way(&net, "osm:way/1", "cellar").unwrap();
    let doors: Vec<_> = down.iter().filter_map(|p| net.portal(*p).object.as_ref().map(|o| o.as_str())).collect();
    assert_eq!(doors.first(), Some(&"street-door"));
    assert_eq!(doors.iter().filter(|d| **d == "stair").count(), 2);
    let stair = net.area(area(&net, "stair"));
    assert!(stair.kind == AreaKind::Stair && stair.slope[0].hypot(stair.slope[1]) > 0.5);
    assert!(way(&net, "shop", "annex").is_some(), "the annex touches the hall without a wall");
    assert!(net.anchors.iter().any(|a| a.kind == AnchorKind::Entrance && a.object.as_ref().is_some_and(|o| o.as_str() == "street-door")));
    let sealed: Vec<_> = net.faults.iter().map(|f| (f.code.as_ref(), f.object.as_deref().unwrap())).collect();
    assert_eq!(sealed, [("room-without-door", "vault")]);
    assert_eq!(net.area(area(&net, "hall")).kind, AreaKind::Corridor);
}

#[test]
fn a_closed_door_leaves_no_way() {
    let (mut lanes, mut net) = build(&house());
    let target = Target::Object { id: "street-door".into(), direction: None };
    overrides::apply(&mut lanes, &mut net, &target, Property::Closed, &EditValue::Flag(true)).unwrap();
    assert!(way(&net, "osm:way/1", "hall").is_none() && way(&net, "shop", "hall").is_some());
    let base = overrides::Networks { lanes: &lanes, walks: &net };
    assert_eq!(base.value(&target, Property::Closed), Ok(EditValue::Flag(true)));
    overrides::apply(&mut lanes, &mut net, &target, Property::Closed, &EditValue::Flag(false)).unwrap();
    assert!(way(&net, "osm:way/1", "hall").is_some());
    let wrong = Target::Object { id: "street-dor".into(), direction: None };
    let refused = overrides::apply(&mut lanes, &mut net, &wrong, Property::Closed, &EditValue::Flag(true)).unwrap_err();
    assert!(refused.to_string().contains("did you mean 'street-door'"), "{refused}");
}

#[test]
fn an_escalator_runs_one_way() {
    let mut town = house();
    town.objects.retain(|o| o.id.as_str() != "stair");
    stair(&mut town, "escalator", 5.0, "IfcTransportElement", "escalator up");
    let (_, net) = build(&town);
    assert!(way(&net, "cellar", "hall").is_some(), "{:?}", net.faults);
    assert!(way(&net, "hall", "cellar").is_none());
    let escalator = net.area(area(&net, "escalator"));
    assert!(escalator.kind == AreaKind::Escalator && escalator.belt_mps > 0.3 && escalator.one_way.is_some_and(|w| w[0] > 0.99));
}

#[test]
fn a_lift_joins_the_floors_it_passes_and_a_stair_into_nothing_is_reported() {
    let mut town = house();
    town.objects.retain(|o| o.id.as_str() != "stair");
    town.block("lift", Class::BuildingInstallation, [8., 8., -4.], [9.5, 9.5, 2.5], &[("ifc_type", "IfcTransportElement"), ("predefined_type", "ELEVATOR")]);
    let (_, net) = build(&town);
    assert!(way(&net, "hall", "cellar").is_some() && way(&net, "cellar", "hall").is_some());
    assert!(net.area(area(&net, "lift")).delay_s > 0.0);
    let mut lost = house();
    lost.objects.retain(|o| !matches!(o.id.as_str(), "cellar"));
    let (_, net) = build(&lost);
    let faults: Vec<_> = net.faults.iter().map(|f| (f.code.as_ref(), f.object.as_deref().unwrap())).collect();
    assert!(faults.contains(&("stair-ends-nowhere", "stair")), "{faults:?}");
}

#[test]
fn at_a_platform_screen_door_trains_are_boarded() {
    let mut town = house();
    town.block("platform", Class::BuildingRoom, [10.2, 0., -4.], [60., 10., -1.], &[("object_type", "platform")]);
    town.block("screen", Class::Door, [30., 10., -4.], [32., 10.2, -2.], &[]);
    let (_, net) = build(&town);
    let door = net.anchors.iter().find(|a| a.kind == AnchorKind::TrainDoor).unwrap();
    assert_eq!((door.id.as_str(), net.area(door.area).kind), ("screen#train", AreaKind::Platform));
    assert!((door.position[1] - 9.5).abs() < 0.3 && (door.position[2] + 4.0).abs() < 1e-6);
}
