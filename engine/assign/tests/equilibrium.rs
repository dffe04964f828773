//! Equilibria that can be worked out by hand, and what must hold on any network.

use proptest::prelude::*;
use qike_assign::{AssignError, Assignment, Goal, Method, assign};
use qike_core::Feedback;
use qike_network::traffic::{CostLink, LinkNetwork, TripTable};

/// A link of cost `free + slope · flow`.
fn linear(from: u32, to: u32, free: f64, slope: f64) -> CostLink {
    // Next to nothing stands for no free cost: the function's rise is a multiple of it.
    let base = 1e-6;
    CostLink { from, to, capacity: 1.0, free: base, b: slope / base, power: 1.0, fixed: free - base, length: 1.0 }
}

fn net(nodes: u32, zones: u32, links: Vec<CostLink>) -> LinkNetwork {
    LinkNetwork { nodes, zones, first_through: 0, links, names: vec![] }
}

fn solve(network: &LinkNetwork, trips: &[(u32, u32, f64)], method: Method, gap: f64) -> Assignment {
    assign(network, &TripTable { trips: trips.to_vec() }, method, &Goal { gap, iterations: 20_000 }, &Feedback::silent()).unwrap()
}

fn near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * b.abs().max(1.0)
}

#[test]
fn two_parallel_ways_share_so_that_both_cost_the_same() {
    // 10 + x = 15 + (20 - x) / 2: 10 on the first, and both cost 20. Beckmann: 100 + 50 + 150 + 25.
    let network = net(2, 2, vec![linear(0, 1, 10.0, 1.0), linear(0, 1, 15.0, 0.5)]);
    for method in [Method::Bushes, Method::Bfw] {
        let result = solve(&network, &[(0, 1, 20.0)], method, 1e-10);
        assert!(result.converged && near(result.flows[0], 10.0, 1e-6) && near(result.costs[0], 20.0, 1e-6) && near(result.costs[1], 20.0, 1e-6), "{result:?}");
        assert!(near(result.steps.last().unwrap().objective, 325.0, 1e-8));
    }
}

/// Braess: 6 trips; 10 x up and down, 50 + x across; the bridge costs 10 + x.
fn braess(bridge: bool) -> LinkNetwork {
    let mut links = vec![linear(0, 2, 0.0, 10.0), linear(0, 3, 50.0, 1.0), linear(2, 1, 50.0, 1.0), linear(3, 1, 0.0, 10.0)];
    links.iter_mut().for_each(|l| l.fixed = l.fixed.max(0.0));
    if bridge {
        links.push(linear(2, 3, 10.0, 1.0));
    }
    net(4, 2, links)
}

#[test]
fn braess_pays_for_the_bridge() {
    for method in [Method::Bushes, Method::Bfw] {
        let without = solve(&braess(false), &[(0, 1, 6.0)], method, 1e-9);
        assert!(near(without.steps.last().unwrap().total / 6.0, 83.0, 1e-5), "{:?}", without.steps.last());
        let with = solve(&braess(true), &[(0, 1, 6.0)], method, 1e-9);
        assert!(near(with.steps.last().unwrap().total / 6.0, 92.0, 1e-5), "{:?}", with.steps.last());
        for (flow, expected) in with.flows.iter().zip([4.0, 2.0, 2.0, 4.0, 2.0]) {
            assert!(near(*flow, expected, 1e-4), "{:?}", with.flows);
        }
    }
}

#[test]
fn nobody_drives_through_a_zone_and_those_without_a_way_are_told() {
    // 0 → 1 → 2 is short, but 1 is a zone; 0 → 3 → 2 is long. From 2 nobody comes away.
    let links = vec![linear(0, 1, 1.0, 0.0), linear(1, 2, 1.0, 0.0), linear(0, 3, 5.0, 0.1), linear(3, 2, 5.0, 0.1)];
    let network = LinkNetwork { first_through: 3, ..net(4, 3, links) };
    for method in [Method::Bushes, Method::Bfw] {
        let result = solve(&network, &[(0, 0, 9.0), (0, 1, 2.0), (0, 2, 10.0), (1, 2, 1.0), (2, 0, 4.0)], method, 1e-8);
        assert_eq!(result.unreached, [(2, 0, 4.0)]);
        for (flow, expected) in result.flows.iter().zip([2.0, 1.0, 10.0, 10.0]) {
            assert!(near(*flow, expected, 1e-9), "{:?}", result.flows);
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let fault = |network: &LinkNetwork, trips: &[(u32, u32, f64)]| assign(network, &TripTable { trips: trips.to_vec() }, Method::Bushes, &Goal { gap: 1e-6, iterations: 5 }, &Feedback::silent());
    let good = net(2, 2, vec![linear(0, 1, 1.0, 1.0)]);
    assert!(fault(&good, &[(0, 1, 1.0)]).is_ok());
    assert!(fault(&good, &[]).unwrap().converged);
    for trips in [[(0, 7, 1.0), (1, 0, 1.0)], [(0, 1, f64::NAN), (1, 0, 1.0)], [(0, 1, 1.0), (0, 1, 1.0)]] {
        assert!(matches!(fault(&good, &trips), Err(AssignError::Input(_))));
    }
    for link in [linear(0, 9, 1.0, 1.0), CostLink { capacity: 0.0, ..linear(0, 1, 1.0, 1.0) }, CostLink { free: -1.0, ..linear(0, 1, 1.0, 1.0) }, CostLink { power: f64::INFINITY, ..linear(0, 1, 1.0, 1.0) }] {
        assert!(matches!(fault(&net(2, 2, vec![link]), &[]), Err(AssignError::Input(_))), "{link:?}");
    }
    assert!(fault(&net(2, 3, vec![]), &[]).is_err());
}

prop_compose! {
    /// A ring, so that all is reached, and other links; powers and capacities of all kinds, links of no cost, tolls.
    fn any_network()(n in 3..12_u32)(
        links in prop::collection::vec((0..n, 0..n, 0.5..20.0, 0.0..5.0, prop_oneof![Just(0.0), Just(0.15), Just(1.0)], prop_oneof![Just(1.0), Just(4.0), Just(2.5), Just(0.0)], 0.0..2.0), 0..40),
        zones in 2..=n,
        trips in prop::collection::btree_map((0..n, 0..n), 0.1..30.0, 1..20),
        n in Just(n),
    ) -> (LinkNetwork, Vec<(u32, u32, f64)>) {
        let ring = (0..n).map(|a| CostLink { from: a, to: (a + 1) % n, capacity: 10.0, free: 3.0, b: 0.15, power: 4.0, fixed: 0.0, length: 1.0 });
        let more = links.into_iter().map(|(from, to, capacity, free, b, power, fixed)| CostLink { from, to, capacity, free: if free < 0.3 { 0.0 } else { free }, b, power, fixed, length: 1.0 });
        let network = net(n, zones, ring.chain(more).collect());
        (network, trips.into_iter().filter(|((a, b), _)| *a < zones && *b < zones).map(|((a, b), t)| (a, b, t)).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn both_methods_come_to_the_same_and_no_trip_is_lost((network, trips) in any_network()) {
        let bushes = solve(&network, &trips, Method::Bushes, 1e-11);
        prop_assert!(bushes.converged, "{:?}", bushes.steps.last());
        let bfw = solve(&network, &trips, Method::Bfw, 1e-5);
        let (a, b) = (bushes.steps.last().unwrap(), bfw.steps.last().unwrap());
        // The objective at a gap lies above the least by no more than gap times cost.
        prop_assert!(a.objective <= b.objective + 1e-9 * b.total.max(1.0) && b.objective <= a.objective + (b.gap + 1e-9) * b.total.max(1.0), "{a:?} {b:?}");
        for result in [&bushes, &bfw] {
            for node in 0..network.nodes {
                let sum = |key: fn(&CostLink) -> u32| network.links.iter().zip(&result.flows).filter(|(l, _)| key(l) == node && l.from != l.to).map(|(_, f)| f).sum::<f64>();
                let born: f64 = trips.iter().filter(|t| t.0 != t.1).map(|t| if t.0 == node { t.2 } else if t.1 == node { -t.2 } else { 0.0 }).sum();
                prop_assert!((sum(|l| l.from) - sum(|l| l.to) - born).abs() < 1e-6, "node {node}: {:?}", result.flows);
            }
        }
        let again = solve(&network, &trips, Method::Bushes, 1e-11);
        prop_assert_eq!(&again.flows, &bushes.flows);
    }
}
