//! What the parts of a hierarchy over a network cost: `routes NET.net.xml [QUESTIONS]`.
//!
//! Prints one line a part: order and structure, costs (customizing, again in the same memory), sharpening, and questions between
//! random edges. All of them with one thread, for the bench of routes beside duarouter.

use qike_core::{CounterRng, Feedback};
use qike_network::routing::{Costs, Driver, Hierarchy, Penalties, RouteFinder, RouteGraph};
use qike_network::traffic::{EdgeKind, RoadUsers};
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().expect("a net.xml");
    let questions: usize = args.next().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let map = qike_import::sumo::read_net(std::path::Path::new(&path), &Feedback::default()).expect("a network").map;
    let graph_edges: Vec<u32> = (0..map.edges.len() as u32).filter(|e| map.edges[*e as usize].kind == EdgeKind::Normal).collect();
    let car = Driver { users: RoadUsers::PASSENGER, max_speed_mps: 50.0, speed_factor: 1.0 };
    let mut begin = Instant::now();
    let mut lap = |what: &str, units: usize| {
        println!("{what}: {:.1} ms, {units}", begin.elapsed().as_secs_f64() * 1e3);
        begin = Instant::now();
    };
    let graph = RouteGraph::new(&map, &Penalties::default());
    lap("graph, edges", graph.len());
    let hierarchy = Hierarchy::new(&graph);
    lap("hierarchy, arcs", hierarchy.arcs());
    let costs = Costs::free(&graph, &car);
    lap("costs, turns", graph.turns());
    let mut metric = hierarchy.customize(&graph, &costs);
    lap("customizing first, arcs", hierarchy.arcs());
    for _ in 0..3 {
        hierarchy.customize_into(&graph, &costs, &mut metric);
        lap("customizing again, arcs", hierarchy.arcs());
    }
    metric.sharpen(&hierarchy);
    lap("sharpening, arcs", hierarchy.arcs());
    let mut finder = RouteFinder::new(&graph, None, questions);
    let mut rng = CounterRng::new(1, 0, 0);
    let mut edge = || graph_edges[rng.below(graph_edges.len() as u64) as usize];
    // The finder makes its hierarchy and metric at the first question.
    finder.route(&car, 0, edge(), &[], edge());
    lap("finder, edges", graph.len());
    let (mut found, mut long) = (0, 0);
    for n in 0..questions {
        if n == 400 {
            lap("first questions, of", n);
        }
        if let Some(route) = finder.route(&car, 0, edge(), &[], edge()) {
            found += 1;
            long += route.edges.len();
        }
    }
    lap("questions, routes", found);
    println!("edges a route: {:.1}", long as f64 / found.max(1) as f64);
}
