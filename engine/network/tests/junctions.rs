//! Who goes first at junctions, which nodes are one, which lights are whose, and the map that is made of it.

mod common;

use common::{Town, cross};
use qike_network::streets::Streets;
use qike_network::*;
use qike_scene::traffic::{EdgeKind, MapConnection, NodeKind, RightOfWay, RoadMap, SignalLight};

const SIDE: [(&str, &str); 1] = [("highway", "residential")];
const FAST: [(&str, &str); 2] = [("highway", "tertiary"), ("maxspeed", "60")];
const MAIN: [(&str, &str); 2] = [("highway", "secondary"), ("lanes", "4")];

fn build(town: &Town) -> LaneNetwork {
    LaneNetwork::from_scene(&town.scene(), &NetworkOptions::default()).unwrap()
}

fn link(net: &LaneNetwork, id: &str) -> LinkIx {
    net.find_link(id).unwrap_or_else(|| panic!("no link {id} in {:?}", net.links.iter().map(|l| &l.id).collect::<Vec<_>>()))
}

/// Ids of the links that a turn from one link gives way to.
fn yields(net: &LaneNetwork, from: &str, turn: Turn) -> Vec<String> {
    let from = link(net, from);
    let of = |c: &Connection| net.lane(c.from_lane).link;
    let own = net.connections.iter().position(|c| of(c) == from && c.turn == turn).unwrap();
    let mut ids: Vec<String> = net.foes_of(ConnIx::new(own)).iter().map(|f| net.link(of(net.connection(*f))).id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// A road from west to east with one that joins it from the south.
fn fork(side: &[(&str, &str)]) -> Town {
    let mut town = Town::default();
    town.node(1, 0., 0.).node(2, -150., 0.).node(3, 150., 10.).node(4, 5., -150.);
    town.road(1, &[2, 1], side);
    town.road(2, &[1, 3], side);
    town.road(3, &[4, 1], side);
    town
}

#[test]
fn at_a_fork_of_equals_the_road_that_goes_on_goes_first() {
    let net = build(&fork(&SIDE));
    assert!(net.junctions.iter().any(|j| j.kind == JunctionKind::Priority));
    assert_eq!(yields(&net, "osm:way/3#0>", Turn::Left), ["osm:way/1#0>", "osm:way/2#0<"]);
    assert_eq!(yields(&net, "osm:way/2#0<", Turn::Left), ["osm:way/1#0>"]);
    assert!(yields(&net, "osm:way/1#0>", Turn::Straight).is_empty());
    // Four slow streets have no main road; four fast ones do.
    let kind = |tags: &[(&str, &str)]| build(&cross(tags, tags)).junctions.iter().map(|j| j.kind).find(|k| !matches!(k, JunctionKind::DeadEnd)).unwrap();
    assert_eq!((kind(&SIDE), kind(&FAST)), (JunctionKind::RightBeforeLeft, JunctionKind::Priority));
}

#[test]
fn who_leaves_a_main_road_that_bends_gives_way_to_those_who_stay_on_it() {
    let mut town = Town::default();
    // The main road comes from the west and goes on to the south; the lesser one goes on to the east.
    town.node(1, 0., 0.).node(2, -150., 0.).node(3, 0., -150.).node(4, 150., 0.);
    town.road(1, &[2, 1], &MAIN);
    town.road(2, &[1, 3], &MAIN);
    town.road(3, &[1, 4], &SIDE);
    let net = build(&town);
    assert_eq!(yields(&net, "osm:way/1#0>", Turn::Straight), ["osm:way/2#0<"]);
    assert!(yields(&net, "osm:way/2#0<", Turn::Left).is_empty());
}

#[test]
fn stop_signs_are_in_the_map() {
    let sign = |nodes: &[(i64, f64, f64, i64)]| {
        let mut town = cross(&MAIN, &SIDE);
        for (node, x, y, way) in nodes {
            town.node(*node, *x, *y);
            let old = town.objects.iter().position(|o| o.id.as_str() == format!("osm:way/{way}")).unwrap();
            town.objects.remove(old);
            let far = [2, 3, 4, 5][*way as usize - 1];
            town.road(*way, &[far, *node, 1], if *way < 3 { &MAIN } else { &SIDE });
            town.furniture(*node, "stop");
        }
        build(&town)
    };
    let stops = |net: &LaneNetwork| net.connections.iter().filter(|c| c.stops).map(|c| net.link(net.lane(c.from_lane).link).id.clone()).collect::<std::collections::BTreeSet<_>>();
    let one = sign(&[(9, 0., -8., 3)]);
    assert_eq!(stops(&one).into_iter().collect::<Vec<_>>(), ["osm:way/3#0>"]);
    let map = one.road_map();
    assert_eq!(map.junctions.iter().filter(|j| j.kind == NodeKind::PriorityStop).count(), 1);
    let from = map.edges.iter().position(|e| e.id == "osm:way/3#0>").unwrap() as u32;
    let of = |c: &&MapConnection| map.lanes[c.from as usize].edge == from;
    assert!(map.connections.iter().filter(of).all(|c| c.right_of_way == RightOfWay::Stop));
    let all = sign(&[(9, 0., -8., 3), (10, 0., 8., 4), (11, -8., 0., 1), (12, 8., 0., 2)]).road_map();
    assert!(all.junctions.iter().any(|j| j.kind == NodeKind::AllWayStop), "{:?}", all.junctions.iter().map(|j| j.kind).collect::<Vec<_>>());
}

#[test]
fn lights_where_a_road_is_cut_before_the_junction_are_the_junctions() {
    let mut town = cross(&MAIN, &MAIN);
    // The way from the west is cut at its stop line, and the one to the east at the walkers' crossing behind the junction.
    town.node(6, -20., 0.).node(7, 15., 0.);
    town.objects.retain(|o| !matches!(o.id.as_str(), "osm:way/1" | "osm:way/2"));
    let one_way = [("highway", "secondary"), ("lanes", "2"), ("oneway", "yes")];
    town.road(1, &[2, 6], &one_way);
    town.road(11, &[6, 1], &one_way);
    town.road(2, &[1, 7], &one_way);
    town.road(12, &[7, 3], &one_way);
    town.furniture(6, "traffic_signals");
    town.furniture(7, "traffic_signals");
    let net = build(&town);
    assert_eq!(net.programs.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["osm:node/1"]);
    assert_eq!(net.programs[0].objects.len(), 2);
}

#[test]
fn a_light_for_one_direction_is_for_the_junction_that_way() {
    let mut town = cross(&MAIN, &MAIN);
    town.node(6, 25., 0.);
    town.objects.retain(|o| o.id.as_str() != "osm:way/2");
    town.node(8, 55., 0.).node(9, 55., 80.);
    town.road(2, &[1, 6, 8, 3], &MAIN);
    town.road(9, &[8, 9], &MAIN);
    town.furniture(6, "traffic_signals").attributes.insert("traffic_signals:direction".into(), "forward".into());
    let net = build(&town);
    assert_eq!(net.programs.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["osm:node/8"]);
}

#[test]
fn crossings_a_few_metres_apart_are_one_junction() {
    let staggered = |apart: f64| {
        let mut town = Town::default();
        town.node(1, 0., 0.).node(2, apart, 0.).node(3, -100., 0.).node(4, 100., 0.).node(5, 0., 100.).node(6, apart, -100.);
        town.road(1, &[3, 1, 2, 4], &MAIN);
        town.road(2, &[5, 1], &SIDE);
        town.road(3, &[6, 2], &SIDE);
        let net = build(&town);
        (net.junctions.len(), net.links.len())
    };
    assert_eq!((staggered(8.0), staggered(25.0)), ((5, 8), (6, 10)));
}

#[test]
fn rings_that_are_not_tagged_are_roundabouts_and_blocks_are_not() {
    let ring = |corners: usize, radius: f64, back: bool| {
        let mut town = Town::default();
        let n = corners as i64;
        for k in 0..n {
            let a = k as f64 / n as f64 * std::f64::consts::TAU;
            town.node(10 + k, radius * a.cos(), radius * a.sin()).node(50 + k, (radius + 80.) * a.cos(), (radius + 80.) * a.sin());
        }
        let mut nodes: Vec<i64> = (0..=n).map(|k| 10 + k % n).collect();
        if back {
            nodes.reverse();
        }
        town.road(1, &nodes, &[("highway", "tertiary"), ("oneway", "yes")]);
        for k in (0..n).step_by(if n > 4 { 2 } else { 1 }) {
            town.road(100 + k, &[50 + k, 10 + k], &SIDE);
        }
        build(&town).links.iter().filter(|l| l.roundabout).count()
    };
    assert_eq!(ring(8, 20., false), 4);
    assert_eq!([ring(8, 20., true), ring(4, 20., false), ring(8, 60., false)], [0, 0, 0], "the wrong way, with corners, too large");
}

fn light(map: &RoadMap, plan: usize, phase: usize, c: &MapConnection) -> SignalLight {
    map.plans[plan].phases[phase].lights[usize::from(c.light.unwrap().1)]
}

#[test]
fn the_map_of_a_crossing_with_lights_has_waiting_places_and_lights_for_each_connection() {
    let mut town = cross(&MAIN, &MAIN);
    town.furniture(1, "traffic_signals");
    let net = build(&town);
    let map = net.road_map();
    let (streets, findings) = Streets::from_map(&map).unwrap();
    assert!(findings.is_empty() && streets.lanes.len() == map.lanes.len());
    let road = |c: &&MapConnection| map.edges[map.lanes[c.from as usize].edge as usize].kind == EdgeKind::Normal && c.light.is_some();
    let rows: Vec<&MapConnection> = map.connections.iter().filter(road).collect();
    let node = map.junctions.iter().find(|j| j.kind == NodeKind::Signal).unwrap();
    assert_eq!((rows.len(), node.requests.len(), map.plans.len()), (net.connections.iter().filter(|c| c.signal.is_some()).count(), rows.len(), 1));
    // Four turn left, each with a place to wait for those who come towards him.
    assert_eq!(node.requests.iter().filter(|r| r.waits_inside).count(), 4);
    assert_eq!(map.junctions.iter().filter(|j| j.kind == NodeKind::Internal).count(), 4);
    let bit = |words: &[u64], n: usize| words[n / 64] >> (n % 64) & 1 == 1;
    for phase in 0..map.plans[0].phases.len() {
        for (n, c) in rows.iter().enumerate() {
            // Nobody has full green beside one whom he must heed.
            let heeds = |k: usize| bit(&node.requests[n].gives_way, k) && matches!(light(&map, 0, phase, rows[k]), SignalLight::GreenMajor | SignalLight::GreenMinor);
            assert!(light(&map, 0, phase, c) != SignalLight::GreenMajor || !(0..rows.len()).any(heeds));
        }
    }
}

#[test]
fn signals_along_a_main_road_are_in_step() {
    let mut town = Town::default();
    let one_way = [("highway", "primary"), ("oneway", "yes"), ("lanes", "3"), ("maxspeed", "50")];
    let mut road = vec![];
    for k in 0..4i64 {
        let x = 300.0 * k as f64;
        town.node(10 + k, x, 0.).node(20 + k, x, -100.).node(30 + k, x, 100.);
        road.push(10 + k);
    }
    town.node(1, -200., 0.).node(2, 1100., 0.);
    road.insert(0, 1);
    road.push(2);
    town.road(1, &road, &one_way);
    for k in 0..4i64 {
        // One side road is wider, so that its signal would have a cycle of its own.
        let lanes = if k == 2 { "4" } else { "2" };
        town.road(10 + k, &[20 + k, 10 + k, 30 + k], &[("highway", "tertiary"), ("lanes", lanes)]);
        town.furniture(10 + k, "traffic_signals");
    }
    let net = build(&town);
    let cycles: Vec<u64> = net.programs.iter().map(|p| p.cycle_ms()).collect();
    assert_eq!(cycles.len(), 4);
    assert!(cycles.iter().all(|c| *c == cycles[0] && c % 5000 == 0), "{cycles:?}");
    // Green for the main road begins at each signal when those come who left the last one at the beginning of theirs.
    let begins = |k: usize| -> f64 {
        let from = link(&net, &format!("osm:way/1#{k}>"));
        let c = net.connections.iter().find(|c| net.lane(c.from_lane).link == from && c.turn == Turn::Straight).unwrap();
        let s = c.signal.unwrap();
        let green = |t: i64| matches!(net.signal_state(s, t), SignalState::Green | SignalState::GreenYield);
        (0..cycles[0] as i64).step_by(500).find(|t| green(*t) && !green(*t - 500)).unwrap() as f64 / 1000.0
    };
    for k in 0..3 {
        let seconds = (begins(k + 1) - begins(k)).rem_euclid(cycles[0] as f64 / 1000.0);
        assert!((seconds - 300.0 / (50.0 / 3.6 * 0.9)).abs() < 4.0, "{k}: {seconds}");
    }
}

#[test]
fn in_a_ring_of_two_lanes_both_go_on_and_the_outer_one_leaves_too() {
    let mut town = Town::default();
    let ring = [("highway", "primary"), ("junction", "roundabout"), ("lanes", "2")];
    for (n, a) in (0..8).map(|k| (k, f64::from(k) * std::f64::consts::FRAC_PI_4)) {
        town.node(10 + i64::from(n), 18.0 * a.cos(), 18.0 * a.sin());
    }
    town.node(1, 120., 0.).node(2, 0., 120.).node(3, -120., 0.);
    town.road(1, &[10, 11, 12, 13, 14, 15, 16, 17, 10], &ring);
    for (way, nodes) in [(2, [1, 10]), (3, [2, 12]), (4, [3, 14])] {
        town.road(way, &nodes, &[("highway", "primary")]);
    }
    let net = build(&town);
    let of = |lane: LaneIx| net.lane(lane).link;
    for link in (0..net.links.len()).map(LinkIx::new).filter(|l| net.link(*l).roundabout) {
        for lane in net.link(link).lanes.clone().map(LaneIx) {
            let on = net.outgoing_of(lane).iter().map(|c| net.connection(*c)).filter(|c| net.link(of(c.to_lane)).roundabout);
            assert!(on.clone().count() == 1 && on.clone().all(|c| c.turn == Turn::Straight && net.lane(c.to_lane).index == net.lane(lane).index));
            let out = net.outgoing_of(lane).iter().map(|c| net.connection(*c)).filter(|c| !net.link(of(c.to_lane)).roundabout);
            assert!(out.clone().all(|c| c.turn == Turn::Right) && (out.count() == 0 || net.lane(lane).index == 0));
        }
    }
    // A ring without a number of lanes has one.
    town.objects.iter_mut().for_each(|o| drop(o.attributes.remove("lanes")));
    assert!(build(&town).links.iter().filter(|l| l.roundabout).all(|l| l.lanes.len() == 1));
}

/// From each lane of a link to the lanes that it leads to.
fn leads(net: &LaneNetwork, from: &str, to: &str) -> Vec<(u8, u8)> {
    let (from, to) = (link(net, from), link(net, to));
    let pair = |c: &Connection| (net.lane(c.from_lane), net.lane(c.to_lane));
    let mut found: Vec<(u8, u8)> = net.connections.iter().map(pair).filter(|(a, b)| a.link == from && b.link == to).map(|(a, b)| (a.index, b.index)).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_ramp_brings_its_lane_and_a_fork_shares_them_out() {
    let lanes = |n: &'static str| [("highway", "motorway"), ("lanes", n)];
    let ramp = [("highway", "motorway_link"), ("lanes", "1")];
    let mut town = Town::default();
    town.node(1, 0., 0.).node(2, -400., 0.).node(3, 400., 0.).node(4, -300., -60.).node(5, 800., 0.).node(6, 700., -60.);
    town.road(1, &[2, 1], &lanes("2"));
    town.road(2, &[4, 1], &ramp);
    town.road(3, &[1, 3], &lanes("3"));
    town.road(4, &[3, 5], &lanes("2"));
    town.road(5, &[3, 6], &ramp);
    let net = build(&town);
    assert_eq!(leads(&net, "osm:way/1#0>", "osm:way/3#0>"), [(0, 1), (1, 2)]);
    assert_eq!(leads(&net, "osm:way/2#0>", "osm:way/3#0>"), [(0, 0)]);
    assert!(net.connections.iter().all(|c| net.link(net.lane(c.from_lane).link).id != "osm:way/2#0>" || c.yields_to.is_empty()), "it heeds nobody");
    assert_eq!(leads(&net, "osm:way/3#0>", "osm:way/5#0>"), [(0, 0)]);
    assert_eq!(leads(&net, "osm:way/3#0>", "osm:way/4#0>"), [(1, 0), (2, 1)]);
    // Without a lane of its own it shares the one at the kerb, and gives way.
    town.objects.retain(|o| o.id.as_str() != "osm:way/3");
    town.road(3, &[1, 3], &lanes("2"));
    let net = build(&town);
    assert_eq!(leads(&net, "osm:way/1#0>", "osm:way/3#0>"), [(0, 0), (1, 1)]);
    assert_eq!(leads(&net, "osm:way/2#0>", "osm:way/3#0>"), [(0, 0)]);
    assert_eq!(yields(&net, "osm:way/2#0>", Turn::Straight), ["osm:way/1#0>"]);
}
