//! Routing and edits on small lane networks.

mod common;

use common::{Town, cross, divided};
use proptest::prelude::*;
use qike_network::*;
use qike_scene::edit::{Direction, EditBase, EditValue, Property, Target};

const MAIN: [(&str, &str); 2] = [("highway", "secondary"), ("lanes", "4")];

fn build(town: &Town) -> LaneNetwork {
    LaneNetwork::from_scene(&town.scene(), &NetworkOptions::default()).unwrap()
}

fn link(net: &LaneNetwork, id: &str) -> LinkIx {
    net.find_link(id).unwrap()
}

/// A block of streets: node 3·row + column, 100 m apart.
fn grid(side: i64) -> Town {
    let mut town = Town::default();
    for i in 0..side * side {
        town.node(i, (i % side) as f64 * 100.0, (i / side) as f64 * 100.0);
    }
    let mut number = 0;
    for i in 0..side * side {
        for (next, there) in [(i + 1, i % side + 1 < side), (i + side, i / side + 1 < side)] {
            if there {
                town.road(number, &[i, next], &MAIN);
                number += 1;
            }
        }
    }
    town
}

#[test]
fn a_forbidden_turn_makes_a_detour_and_a_closure_another() {
    let mut town = grid(3);
    // From node 0 east to 1; left there would be north to 4.
    let free = build(&town);
    let router = Router::new(&free, Modes::CAR);
    let ways: Vec<&Link> = free.links.iter().filter(|l| l.from == NodeIx(1) && l.to == NodeIx(4)).collect();
    let (from, to) = (link(&free, "osm:way/0#0>"), link(&free, &ways[0].id));
    let short = router.route(from, to, &router.free_flow()).unwrap();
    assert_eq!(short, [from, to]);
    town.restrict(0, "no_left_turn", "osm:node/1", ways[0].object.as_str().trim_start_matches("osm:way/").parse().unwrap());
    let net = build(&town);
    let router = Router::new(&net, Modes::CAR);
    let long = router.route(from, to, &router.free_flow()).unwrap();
    assert!(long.len() > 2 && router.cost(&long, &router.free_flow()).is_some());
    assert!(router.cost(&short, &router.free_flow()).is_none());
    let mut closed = free.clone();
    let mut walks = WalkNetwork::default();
    let target = Target::Object { id: ways[0].object.clone(), direction: Some(Direction::Forward) };
    overrides::apply(&mut closed, &mut walks, &target, Property::Closed, &EditValue::Flag(true)).unwrap();
    let router = Router::new(&closed, Modes::CAR);
    assert!(router.route(from, to, &router.free_flow()).is_none());
    assert!(router.is_open(closed.link(to).reverse.unwrap()), "the other direction stays open");
}

#[test]
fn lanes_speeds_and_signals_can_be_edited_and_read_back() {
    let mut net = build(&divided());
    let mut walks = WalkNetwork::default();
    let lane = |index| Target::Lane { id: "osm:way/1".into(), direction: Direction::Forward, index };
    overrides::apply(&mut net, &mut walks, &lane(0), Property::Closed, &EditValue::Flag(true)).unwrap();
    let first = net.lanes_of(link(&net, "osm:way/1#0>"));
    assert_eq!(first.iter().map(|l| l.closed).collect::<Vec<_>>(), [true, false, false]);
    let none = overrides::apply(&mut net, &mut walks, &lane(3), Property::Closed, &EditValue::Flag(true)).unwrap_err();
    assert_eq!(none.to_string(), "'osm:way/1' has no lane 3; its lanes are 0 to 2");
    let road = Target::Object { id: "osm:way/2".into(), direction: None };
    overrides::apply(&mut net, &mut walks, &road, Property::SpeedLimitMps, &EditValue::Number(8.0)).unwrap();
    let signal = Target::Signal { id: "osm:node/13".into() };
    let base = overrides::Networks { lanes: &net, walks: &walks };
    assert_eq!(base.value(&road, Property::SpeedLimitMps), Ok(EditValue::Number(8.0)));
    let EditValue::Numbers(mut seconds) = base.value(&signal, Property::PhaseDurationsS).unwrap() else { panic!() };
    seconds[0] += 7.0;
    let before = net.programs[0].cycle_ms();
    overrides::apply(&mut net, &mut walks, &signal, Property::PhaseDurationsS, &EditValue::Numbers(seconds)).unwrap();
    assert_eq!(net.programs[0].cycle_ms(), before + 7_000);
    let wrong = overrides::apply(&mut net, &mut walks, &signal, Property::PhaseDurationsS, &EditValue::Numbers(vec![5.0]));
    assert!(wrong.unwrap_err().to_string().contains("one for each phase"));
    let near = overrides::links_of(&net, "osm:way/9", None).unwrap_err();
    assert!(near.to_string().contains("did you mean 'osm:way/1'"), "{near}");
    let backward = overrides::links_of(&net, "osm:way/1", Some(Direction::Backward));
    assert!(backward.unwrap_err().to_string().contains("not driven in that direction"));
}

#[test]
fn the_nearest_link_is_on_the_right_hand_side() {
    let net = build(&cross(&MAIN, &MAIN));
    let nearest = NearestLinks::new(&net);
    let found = nearest.nearest([-50.0, -10.0], 50.0, |_| true).unwrap();
    assert_eq!(net.link(found.link).id, "osm:way/1#0>");
    assert!((found.at_m - 49.5).abs() < 0.1 && (found.away_m - 5.125).abs() < 1e-6, "{found:?}");
    let north = nearest.nearest([-50.0, 10.0], 50.0, |_| true).unwrap();
    assert_eq!(net.link(north.link).id, "osm:way/1#0<");
    assert!(nearest.nearest([-50.0, 500.0], 50.0, |_| true).is_none());
}

#[test]
fn signal_time_goes_round() {
    let net = build(&divided());
    let program = &net.programs[0];
    let cycle = program.cycle_ms() as i64;
    let first = u64::from(program.phases[0].duration_ms);
    assert_eq!(program.phase_at(0), (0, first));
    // Yellow is longer than 3 s where one may drive 60 km/h.
    assert_eq!(program.phase_at(first as i64), (1, 4_000));
    assert_eq!(program.phase_at(-1), program.phase_at(cycle - 1));
    assert_eq!(program.phase_at(5 * cycle + 10), program.phase_at(10));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A* to one link finds what the whole tree says, for any weights.
    #[test]
    fn one_way_and_the_whole_tree_agree(weights in prop::collection::vec(1.0f64..60.0, 80), from in 0u32..80, to in 0u32..80) {
        let net = build(&grid(5));
        prop_assert_eq!(net.links.len(), 80);
        let router = Router::new(&net, Modes::CAR);
        let tree = router.tree(LinkIx(from), &weights).unwrap();
        let way = router.route(LinkIx(from), LinkIx(to), &weights).unwrap();
        let cost = router.cost(&way, &weights).unwrap();
        prop_assert!((cost - tree.cost_s[to as usize]).abs() < 1e-9 * cost);
        prop_assert!(way.first() == Some(&LinkIx(from)) && way.last() == Some(&LinkIx(to)));
    }
}
