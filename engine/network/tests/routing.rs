//! Routes cost what Dijkstra's search finds, on random maps: with turns that are not there or not for all, edges of no length,
//! closed ones, maps in pieces, and travel times that change over the day.

use proptest::prelude::*;
use qike_network::routing::{Costs, Driver, Hierarchy, Penalties, Query, RouteFinder, RouteGraph};
use qike_network::traffic::{EdgeKind, EdgeTimes, MapConnection, MapEdge, MapJunction, MapLane, RightOfWay, RoadMap, RoadUsers, TurnKind};

const CAR: Driver = Driver { users: RoadUsers::PASSENGER, max_speed_mps: 30.0, speed_factor: 1.0 };

/// An edge: length, speed, who may use it. A turn: from, to, right of way, who.
#[derive(Clone, Debug)]
struct Plan {
    edges: Vec<(f64, f64, bool)>,
    turns: Vec<(usize, usize, RightOfWay, bool)>,
    spots: Vec<[f64; 2]>,
}

fn users(all: bool) -> RoadUsers {
    if all { RoadUsers::ALL } else { RoadUsers::BUS }
}

impl Plan {
    /// Edge after edge, each turn over a lane of its own on the junction.
    fn map(&self) -> RoadMap {
        let mut map = RoadMap::default();
        for spot in &self.spots {
            map.junctions.push(MapJunction { position: [spot[0], spot[1], 0.0], ..MapJunction::default() });
        }
        let junctions = self.spots.len() as u32;
        let lane = |map: &mut RoadMap, kind: EdgeKind, length_m: f64, speed_mps: f64, allowed: RoadUsers| {
            let (edge, at) = (map.edges.len() as u32, map.lanes.len() as u32);
            let end = |n: u32| (kind == EdgeKind::Normal && junctions > 0).then(|| (edge + n) % junctions);
            map.edges.push(MapEdge { id: format!("e{edge}"), kind, from: end(0), to: end(1), lanes: at..at + 1, ..MapEdge::default() });
            map.lanes.push(MapLane { id: format!("e{edge}_0"), edge, speed_mps, length_m, allowed, ..MapLane::default() });
            at
        };
        for (length, speed, all) in &self.edges {
            lane(&mut map, EdgeKind::Normal, *length, *speed, users(*all));
        }
        for (from, to, right_of_way, all) in &self.turns {
            let via = lane(&mut map, EdgeKind::Internal, 5.0 + (from % 7) as f64, 10.0, users(*all));
            map.connections.push(MapConnection { from: *from as u32, to: *to as u32, via: Some(via), right_of_way: *right_of_way, turn: TurnKind::Straight, ..MapConnection::default() });
        }
        map
    }

    /// Seconds of a turn for a car, by the same rules said anew: the way over the junction, 1.5 s for giving way.
    fn turn(&self, from: usize, way: RightOfWay) -> f64 {
        (5.0 + (from % 7) as f64) / 10.0 + if way == RightOfWay::Minor { 1.5 } else { 0.0 }
    }

    /// Bellman and Ford: as often as needed over all turns. `along`: seconds of an edge that one enters after so many seconds.
    fn reference(&self, from: usize, along: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let mut enter = vec![f64::INFINITY; self.edges.len()];
        enter[from] = 0.0;
        loop {
            let mut changed = false;
            for (a, b, way, all) in &self.turns {
                if *all && self.edges[*a].2 && self.edges[*b].2 && enter[*a].is_finite() {
                    let then = enter[*a] + along(*a, enter[*a]) + self.turn(*a, *way);
                    if then < enter[*b] - 1e-12 {
                        enter[*b] = then;
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        (0..enter.len()).map(|e| if enter[e].is_finite() && self.edges[e].2 { enter[e] + along(e, enter[e]) } else { f64::INFINITY }).collect()
    }

    fn free(&self, edge: usize) -> f64 {
        self.edges[edge].0 / self.edges[edge].1.min(30.0)
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    (2..28_usize).prop_flat_map(|n| {
        let length = prop_oneof![1 => Just(0.0), 5 => 1.0..500.0];
        let edge = (length, 1.0..40.0, prop::bool::weighted(0.9));
        let way = prop_oneof![Just(RightOfWay::Major), Just(RightOfWay::Minor)];
        let turn = (0..n, 0..n, way, prop::bool::weighted(0.85));
        (prop::collection::vec(edge, n), prop::collection::vec(turn, 0..4 * n), prop::collection::vec([-1e3..1e3, -1e3..1e3], 0..6)).prop_map(|(edges, turns, spots)| Plan { edges, turns, spots })
    })
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(1.0)
}

/// What a route costs, edge by edge, or none where a turn of it is not there.
fn driven(plan: &Plan, edges: &[u32], along: impl Fn(usize, f64) -> f64) -> Option<f64> {
    let mut now = 0.0;
    for (n, e) in edges.iter().enumerate() {
        if n > 0 {
            let a = edges[n - 1] as usize;
            let open = plan.turns.iter().filter(|t| t.0 == a && t.1 == *e as usize && t.3).map(|t| plan.turn(a, t.2));
            now += open.min_by(f64::total_cmp)?;
        }
        if !plan.edges[*e as usize].2 {
            return None;
        }
        now += along(*e as usize, now);
    }
    Some(now)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_hierarchy_the_search_and_the_table_cost_what_dijkstra_costs(plan in plan()) {
        let map = plan.map();
        let graph = RouteGraph::new(&map, &Penalties::default());
        let (mut few, mut many) = (RouteFinder::new(&graph, None, 1), RouteFinder::new(&graph, None, 1_000_000));
        let hierarchy = Hierarchy::new(&graph);
        let mut metric = hierarchy.customize(&graph, &Costs::free(&graph, &CAR));
        let all: Vec<u32> = (0..plan.edges.len() as u32).collect();
        let table = Query::new(&hierarchy).table(&hierarchy, &graph, &metric, &all, &all);
        // Without the arcs that nothing needs: the finder is asked so often that it leaves them out, too.
        metric.sharpen(&hierarchy);
        prop_assert_eq!(&table, &Query::new(&hierarchy).table(&hierarchy, &graph, &metric, &all, &all));
        for _ in 0..500 {
            many.route(&CAR, 0, 0, &[], 1);
        }
        for from in 0..plan.edges.len() {
            let costs = plan.reference(from, |e, _| plan.free(e));
            for to in 0..plan.edges.len() {
                // One who may not be on the first edge does not drive.
                let expected = if plan.edges[from].2 { costs[to] } else { f64::INFINITY };
                prop_assert!(near(table[from * all.len() + to], expected), "table {from}->{to}: {} for {expected}", table[from * all.len() + to]);
                for finder in [&mut few, &mut many] {
                    let route = finder.route(&CAR, 0, from as u32, &[], to as u32);
                    prop_assert!(near(route.as_ref().map_or(f64::INFINITY, |r| r.seconds), expected), "{from}->{to}: {route:?} for {expected}");
                    if let Some(route) = route {
                        prop_assert_eq!((route.edges[0], route.edges[route.edges.len() - 1]), (from as u32, to as u32));
                        let sum = driven(&plan, &route.edges, |e, _| plan.free(e));
                        prop_assert!(sum.is_some_and(|s| near(s, route.seconds)), "{route:?} is driven in {sum:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn with_times_that_change_routes_are_the_earliest(plan in plan(), factors in prop::collection::vec(prop::collection::vec(0.5..6.0, 28), 1..4), depart in 0..300_i64) {
        let map = plan.map();
        let graph = RouteGraph::new(&map, &Penalties::default());
        // Periods of 100 s from 100 s on; the last one lasts, before the first roads are free.
        let slow = |p: usize, e: usize| plan.free(e).max(f64::from((plan.free(e) * factors[p][e]) as f32));
        let period = |p: usize| (0..plan.edges.len()).map(|e| (plan.free(e) * factors[p][e]) as f32).collect::<Vec<_>>();
        let times = EdgeTimes { periods: (0..factors.len()).map(|p| ((p as i64 + 1) * 100_000, (p as i64 + 2) * 100_000, period(p))).collect() };
        let cost = |p: usize, e: usize| if p == 0 { plan.free(e) } else { slow(p - 1, e) };
        // In at any time from then on, out as early as can be.
        let along = |e: usize, after: f64| {
            let now = depart as f64 + after;
            let here = (((now + 1e-9) / 100.0) as usize).min(factors.len());
            (here..=factors.len()).map(|p| if p == here { cost(p, e) } else { p as f64 * 100.0 - now + cost(p, e) }).fold(f64::INFINITY, f64::min)
        };
        let (mut few, mut many) = (RouteFinder::new(&graph, Some(&times), 1), RouteFinder::new(&graph, Some(&times), 1_000_000));
        for from in (0..plan.edges.len()).filter(|e| plan.edges[*e].2) {
            let costs = plan.reference(from, along);
            for to in 0..plan.edges.len() {
                for finder in [&mut few, &mut many] {
                    let route = finder.route(&CAR, depart * 1000, from as u32, &[], to as u32);
                    let seconds = route.as_ref().map_or(f64::INFINITY, |r| r.seconds);
                    prop_assert!((seconds - costs[to]).abs() < 1e-6 || seconds == costs[to], "{from}->{to}: {route:?} for {}", costs[to]);
                }
            }
        }
    }
}

#[test]
fn a_street_a_bus_lane_and_a_way_over_a_third_edge() {
    // 0 -> 1 -> 3 is short and for buses; 0 -> 2 -> 3 is for all.
    let plan = Plan {
        edges: vec![(100.0, 10.0, true), (10.0, 10.0, false), (300.0, 10.0, true), (100.0, 10.0, true)],
        turns: vec![(0, 1, RightOfWay::Major, true), (1, 3, RightOfWay::Major, true), (0, 2, RightOfWay::Minor, true), (2, 3, RightOfWay::Major, true), (3, 0, RightOfWay::Major, true)],
        spots: vec![],
    };
    let map = plan.map();
    let graph = RouteGraph::new(&map, &Penalties::default());
    let bus = Driver { users: RoadUsers::BUS, max_speed_mps: 5.0, speed_factor: 1.0 };
    for routes in [1, 1000] {
        let mut finder = RouteFinder::new(&graph, None, routes);
        // 10 + 0.5 + 1.5 (gives way) + 30 + 0.7 + 10.
        let car = finder.route(&CAR, 0, 0, &[], 3).unwrap();
        assert_eq!(car.edges, [0, 2, 3]);
        assert!((car.seconds - 52.7).abs() < 1e-9, "{}", car.seconds);
        // At 5 m/s: 20 + 1 + 2 + 1.2 + 20.
        let by_bus = finder.route(&bus, 0, 0, &[], 3).unwrap();
        assert_eq!(by_bus.edges, [0, 1, 3]);
        assert!((by_bus.seconds - 44.2).abs() < 1e-9, "{}", by_bus.seconds);
        // Round over edge 2 and home again: the edge in the middle counts once.
        let round = finder.route(&CAR, 0, 0, &[3, 2], 3).unwrap();
        assert_eq!(round.edges, [0, 2, 3, 0, 2, 3]);
        assert!((round.seconds - (52.7 + 0.8 + 52.7)).abs() < 1e-9, "{}", round.seconds);
        assert_eq!(finder.route(&CAR, 0, 0, &[], 1), None, "a bus lane");
        assert_eq!(finder.route(&CAR, 0, 0, &[], 77), None, "an edge that is not there");
    }
}

#[test]
fn nothing_is_found_on_an_empty_map() {
    let graph = RouteGraph::new(&RoadMap::default(), &Penalties::default());
    assert!(graph.is_empty());
    assert_eq!(RouteFinder::new(&graph, None, 10_000).route(&CAR, 0, 0, &[], 0), None);
}
