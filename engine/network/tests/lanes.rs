//! The lane network of small scenes, and what must hold of every one.

mod common;

use common::{Town, cross, divided};
use qike_network::*;
use std::collections::BTreeSet;

fn build(town: &Town) -> LaneNetwork {
    let scene = town.scene();
    let net = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap();
    check(&net);
    assert_eq!(net, LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap(), "two builds differ");
    net
}

/// What must hold of every lane network.
fn check(net: &LaneNetwork) {
    for (i, link) in net.links.iter().enumerate() {
        assert!(link.length_m > 0.0 && link.speed_mps > 0.0 && !link.lanes.is_empty(), "{}", link.id);
        for lane in net.lanes_of(LinkIx::new(i)) {
            assert!(lane.length_m == link.length_m && lane.shape.len() >= 2);
            assert!(net.shape(&lane.shape).iter().flatten().all(|c| c.is_finite()));
        }
        let led: usize = link.lanes.clone().map(|l| net.outgoing_of(LaneIx(l)).len()).sum();
        let outs = net.links.iter().filter(|o| net.nodes[o.from.ix()].junction == net.nodes[link.to.ix()].junction).count();
        assert!(led > 0 || outs == 0, "{} leads nowhere though {outs} links begin there", link.id);
    }
    for (i, c) in net.connections.iter().enumerate() {
        let (c_ix, from, to) = (ConnIx::new(i), net.link(net.lane(c.from_lane).link), net.link(net.lane(c.to_lane).link));
        assert!(c.length_m > 0.0 && c.speed_mps > 0.0);
        assert_eq!(net.nodes[from.to.ix()].junction, c.junction);
        assert_eq!(net.nodes[to.from.ix()].junction, c.junction);
        assert!(net.junctions[c.junction.ix()].connections.contains(&(i as u32)));
        assert!(net.outgoing_of(c.from_lane).contains(&c_ix) && net.incoming_of(c.to_lane).contains(&c_ix));
        for conflict in net.conflicts_of(c_ix) {
            let mirrored = net.conflicts_of(conflict.other).iter().find(|o| o.other == c_ix).unwrap();
            assert_eq!((mirrored.at_m, mirrored.kind), (conflict.other_at_m, conflict.kind));
            let yields = [net.foes_of(c_ix).contains(&conflict.other), net.foes_of(conflict.other).contains(&c_ix)];
            assert!(yields[0] != yields[1], "exactly one of two that conflict gives way");
        }
        for foe in net.foes_of(c_ix) {
            assert!(net.conflicts_of(c_ix).iter().any(|o| o.other == *foe));
        }
        assert_eq!(c.signal.is_some(), net.junctions[c.junction.ix()].kind == JunctionKind::Signal);
    }
    for (p, program) in net.programs.iter().enumerate() {
        assert!(program.cycle_ms() > 0 && program.phases.iter().all(|x| x.states.len() == usize::from(program.groups)));
        let mut ever_green = BTreeSet::new();
        for phase in &program.phases {
            let green = |c: ConnIx| {
                let s = net.connection(c).signal.unwrap();
                assert_eq!(s.program, ProgramIx::new(p));
                (phase.states[usize::from(s.group)] == SignalState::Green).then_some(s.group)
            };
            for c in net.junctions[program.junction.ix()].connections.clone().map(ConnIx) {
                let state = phase.states[usize::from(net.connection(c).signal.unwrap().group)];
                if matches!(state, SignalState::Green | SignalState::GreenYield) {
                    ever_green.insert(net.connection(c).signal.unwrap().group);
                }
                let Some(mine) = green(c) else { continue };
                for conflict in net.conflicts_of(c) {
                    assert!(green(conflict.other).is_none_or(|other| other == mine), "two protected greens conflict");
                }
            }
        }
        assert_eq!(ever_green.len(), usize::from(program.groups), "every group has green at some time");
    }
}

fn link(net: &LaneNetwork, id: &str) -> LinkIx {
    net.find_link(id).unwrap_or_else(|| panic!("no link {id} in {:?}", net.links.iter().map(|l| &l.id).collect::<Vec<_>>()))
}

fn turns(net: &LaneNetwork, from: &str) -> BTreeSet<(Turn, String)> {
    let lanes = net.link(link(net, from)).lanes.clone();
    let out = lanes.flat_map(|l| net.outgoing_of(LaneIx(l)).to_vec());
    out.map(|c| net.connection(c)).map(|c| (c.turn, net.link(net.lane(c.to_lane).link).id.clone())).collect()
}

const MAIN: [(&str, &str); 2] = [("highway", "secondary"), ("lanes", "4")];
const SIDE: [(&str, &str); 1] = [("highway", "residential")];

#[test]
fn a_crossing_has_twelve_ways_over_it_and_the_greater_road_goes_first() {
    let net = build(&cross(&MAIN, &SIDE));
    assert_eq!((net.links.len(), net.lanes.len(), net.nodes.len()), (8, 12, 5));
    let expect = [(Turn::Right, "osm:way/3#0<"), (Turn::Straight, "osm:way/2#0>"), (Turn::Left, "osm:way/4#0>")];
    assert_eq!(turns(&net, "osm:way/1#0>"), expect.map(|(t, l)| (t, l.to_owned())).into_iter().collect());
    let middle = net.junctions.iter().find(|j| j.kind == JunctionKind::Priority).unwrap();
    for c in middle.connections.clone().map(ConnIx) {
        let rank = |c: ConnIx| net.link(net.lane(net.connection(c).from_lane).link).priority;
        assert!(net.foes_of(c).iter().all(|f| rank(*f) >= rank(c)), "the greater road never waits for the lesser");
    }
    // The left turn off the main road gives way to those who come towards it.
    let left = net.connections.iter().position(|c| {
        c.turn == Turn::Left && net.lane(c.from_lane).link == link(&net, "osm:way/1#0>")
    });
    let foes = net.foes_of(ConnIx::new(left.unwrap()));
    assert!(foes.iter().any(|f| net.lane(net.connection(*f).from_lane).link == link(&net, "osm:way/2#0<")));
    assert_eq!(net.junctions.iter().filter(|j| j.kind == JunctionKind::DeadEnd).count(), 4);
}

#[test]
fn lanes_lie_on_the_right_and_end_before_the_crossing_road() {
    let net = build(&cross(&MAIN, &SIDE));
    let lanes = net.lanes_of(link(&net, "osm:way/1#0>"));
    let y = |l: &Lane| net.shape(&l.shape)[0][1];
    assert!((y(&lanes[0]) + 4.875).abs() < 1e-9 && (y(&lanes[1]) + 1.625).abs() < 1e-9);
    let end = net.shape(&lanes[0].shape).last().unwrap()[0];
    assert!((-9.0..-3.2).contains(&end), "{end}");
    let scene = cross(&MAIN, &SIDE).scene();
    let left = LaneNetwork::from_scene(&scene, &NetworkOptions { left_hand: true }).unwrap();
    check(&left);
    assert!(left.shape(&left.lanes_of(link(&left, "osm:way/1#0>"))[0].shape)[0][1] > 4.0);
}

#[test]
fn equals_give_way_to_the_right() {
    let net = build(&cross(&SIDE, &SIDE));
    let straight = |from: &str| {
        let of = link(&net, from);
        net.connections.iter().position(|c| c.turn == Turn::Straight && net.lane(c.from_lane).link == of).map(ConnIx::new).unwrap()
    };
    let (east, north) = (straight("osm:way/1#0>"), straight("osm:way/3#0>"));
    // Who drives north comes from the right of who drives east.
    assert!(net.foes_of(east).contains(&north) && !net.foes_of(north).contains(&east));
    assert!(net.junctions.iter().any(|j| j.kind == JunctionKind::RightBeforeLeft));
}

#[test]
fn signs_overrule_ranks() {
    let mut town = cross(&SIDE, &SIDE);
    town.node(9, 0., -8.);
    town.objects.retain(|o| o.id.as_str() != "osm:way/3");
    town.road(3, &[4, 9, 1], &SIDE);
    town.furniture(9, "give_way");
    let net = build(&town);
    let from = link(&net, "osm:way/3#0>");
    for (i, c) in net.connections.iter().enumerate().filter(|(_, c)| net.lane(c.from_lane).link == from) {
        assert_eq!(net.foes_of(ConnIx::new(i)).len(), net.conflicts_of(ConnIx::new(i)).len(), "{:?} gives way to all", c.turn);
    }
}

#[test]
fn restrictions_are_kept() {
    let mut town = cross(&MAIN, &MAIN);
    town.restrict(1, "no_left_turn", "osm:node/1", 4);
    town.restrict(3, "only_straight_on", "osm:node/1", 4);
    town.restrict(2, "no_left_turn", "osm:node/1", 99);
    let net = build(&town);
    let names = |from: &str| turns(&net, from).into_iter().map(|(t, _)| t).collect::<Vec<_>>();
    assert_eq!(names("osm:way/1#0>"), [Turn::Right, Turn::Straight]);
    assert_eq!(names("osm:way/3#0>"), [Turn::Straight]);
    assert_eq!(names("osm:way/2#0<").len(), 3);
}

#[test]
fn arrows_decide_which_lane_leads_where() {
    let tags = [("highway", "primary"), ("oneway", "yes"), ("lanes", "4"), ("turn:lanes", "left|left|through|through;right")];
    let mut town = cross(&MAIN, &MAIN);
    town.objects.retain(|o| o.id.as_str() != "osm:way/1");
    town.road(1, &[2, 1], &tags);
    let net = build(&town);
    let of = |lane: u32| -> Vec<Turn> {
        let first = net.link(link(&net, "osm:way/1#0>")).lanes.start;
        net.outgoing_of(LaneIx(first + lane)).iter().map(|c| net.connection(*c).turn).collect()
    };
    assert_eq!(of(0).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([Turn::Right, Turn::Straight]));
    assert_eq!([of(1), of(2), of(3)], [[Turn::Straight], [Turn::Left], [Turn::Left]]);
}

#[test]
fn a_divided_crossing_is_one_junction_with_one_programme() {
    let net = build(&divided());
    let signals: Vec<_> = net.junctions.iter().filter(|j| j.kind == JunctionKind::Signal).collect();
    assert_eq!((signals.len(), net.programs.len(), net.links.len()), (1, 1, 8));
    assert_eq!(net.programs[0].objects.len(), 4);
    // In from the west, one may leave to all four sides; back is the way round the median.
    let ways = turns(&net, "osm:way/1#0>");
    assert_eq!(ways.iter().map(|w| w.0).collect::<Vec<_>>(), [Turn::Right, Turn::Straight, Turn::Left, Turn::UTurn]);
    // Three lanes: the one at the median is for turning across, so there are protected phases.
    let greens = net.programs[0].phases.iter().filter(|p| p.duration_ms >= 10_000).count();
    assert_eq!(greens, 4);
    let program = &net.programs[0];
    assert!(program.phases.iter().any(|p| p.states.iter().all(|s| *s == SignalState::Red)));
    assert!((60_000..=160_000).contains(&program.cycle_ms()));
}

#[test]
fn lights_before_a_junction_are_the_junctions_and_lights_on_the_open_road_are_their_own() {
    let mut town = cross(&MAIN, &MAIN);
    town.node(6, -15., 0.).node(7, 60., 0.);
    town.objects.retain(|o| !matches!(o.id.as_str(), "osm:way/1" | "osm:way/2"));
    town.road(1, &[2, 6, 1], &MAIN);
    town.road(2, &[1, 7, 3], &MAIN);
    town.furniture(6, "traffic_signals");
    town.furniture(7, "traffic_signals");
    let net = build(&town);
    assert_eq!(net.programs.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["osm:node/1", "osm:node/7"]);
    assert!(net.find_link("osm:way/1#1>").is_none(), "the stop line does not cut the road");
    let lone = &net.programs[1];
    assert!(lone.phases.iter().any(|p| p.states.iter().all(|s| *s == SignalState::Red) && p.duration_ms >= 10_000), "walkers get time");
}

#[test]
fn in_the_roundabout_one_goes_first() {
    let mut town = Town::default();
    let ring = [("highway", "tertiary"), ("junction", "roundabout")];
    for (n, a) in (0..8).map(|k| (k, f64::from(k) * std::f64::consts::FRAC_PI_4)) {
        town.node(10 + i64::from(n), 25.0 * a.cos(), 25.0 * a.sin());
    }
    town.node(1, 120., 0.).node(2, 0., 120.).node(3, -120., 0.);
    town.road(1, &[10, 11, 12, 13, 14, 15, 16, 17, 10], &ring);
    town.road(2, &[1, 10], &[("highway", "primary")]);
    town.road(3, &[2, 12], &[("highway", "primary")]);
    town.road(4, &[3, 14], &[("highway", "primary")]);
    let net = build(&town);
    assert_eq!(net.junctions.iter().filter(|j| j.kind == JunctionKind::Roundabout).count(), 3);
    for (i, c) in net.connections.iter().enumerate() {
        let round = |c: &Connection| net.link(net.lane(c.from_lane).link).roundabout;
        assert!(!round(c) || net.foes_of(ConnIx::new(i)).iter().all(|f| round(net.connection(*f))));
    }
    let router = Router::new(&net, Modes::CAR);
    let way = router.route(link(&net, "osm:way/2#0>"), link(&net, "osm:way/4#0<"), &router.free_flow()).unwrap();
    assert!(way.iter().filter(|l| net.link(**l).roundabout).count() == 2, "counter-clockwise round half of it");
}

#[test]
fn pieces_and_odd_geometry_do_no_harm() {
    let mut town = cross(&MAIN, &SIDE);
    town.node(50, 500., 500.).node(51, 600., 500.).node(52, 500., 500.001).node(53, 550., 560.);
    town.road(50, &[50, 51], &SIDE);
    town.road(51, &[50, 52], &SIDE); // a millimetre long
    town.road(52, &[50, 53, 51, 50], &[("highway", "service"), ("oneway", "yes")]);
    town.road(53, &[51], &SIDE);
    town.node(54, f64::NAN, 0.);
    town.road(54, &[51, 54], &SIDE);
    let net = build(&town);
    assert_eq!(net.faults.iter().filter(|f| f.code == "network-piece").count(), 1);
    assert!(net.links.iter().all(|l| l.from != l.to));
}

#[test]
fn roads_without_node_numbers_join_where_they_end() {
    let mut town = cross(&MAIN, &SIDE);
    town.objects.iter_mut().for_each(|o| drop(o.attributes.remove("osm_nodes")));
    let net = build(&town);
    assert_eq!((net.nodes.len(), net.links.len()), (5, 8));
    assert_eq!(turns(&net, "osm:way/1#0>").len(), 3);
}

#[test]
fn degrees_are_refused() {
    let scene = qike_scene::SceneSnapshot::new(qike_core::Crs::wgs84(), vec![], vec![], vec![]);
    let refused = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap_err();
    assert!(matches!(refused, NetworkError::Geographic(_)) && refused.to_string().contains("--crs"));
}

mod property {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Whatever a grid's roads are like, all that must hold does.
        #[test]
        fn random_grids_keep_all_promises(
            roads in prop::collection::vec((0usize..7, 1usize..5, 0usize..4, any::<bool>()), 12),
            lights in prop::collection::vec(any::<bool>(), 9),
            shake in prop::collection::vec(-35.0f64..35.0, 18),
        ) {
            let mut town = Town::default();
            for i in 0..9i64 {
                let k = i as usize;
                town.node(i, (i % 3) as f64 * 120.0 + shake[2 * k], (i / 3) as f64 * 120.0 + shake[2 * k + 1]);
            }
            let kinds = ["motorway", "primary", "secondary", "tertiary", "residential", "service", "primary_link"];
            let ways = [(0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (0, 3), (3, 6), (1, 4), (4, 7), (2, 5), (5, 8)];
            for (n, ((a, b), (kind, lanes, oneway, bus))) in ways.into_iter().zip(&roads).enumerate() {
                let lanes = lanes.to_string();
                let oneway = ["no", "yes", "-1", "no"][*oneway];
                let mut tags = vec![("highway", kinds[*kind]), ("lanes", lanes.as_str()), ("oneway", oneway)];
                if *bus { tags.push(("lanes:bus", "1")); }
                town.road(n as i64, &[a, b], &tags);
            }
            for (n, _) in lights.iter().enumerate().filter(|(_, on)| **on) {
                town.furniture(n as i64, "traffic_signals");
            }
            build(&town);
        }
    }
}
