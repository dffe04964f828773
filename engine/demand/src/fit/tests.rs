//! Small networks with known answers.

use super::*;
use qike_core::Feedback;
use qike_scene::traffic::{Count, MapEdge, MapLane, RoadMap, RoadUsers};

const HOUR: i64 = 3_600_000;

fn candidate(edges: &[u32], prior: f64) -> Candidate {
    Candidate { edges: edges.to_vec(), seconds: vec![0.0; edges.len()], prior: vec![prior] }
}

fn counted(edge: u32, vehicles: f64) -> Counted {
    Counted { edge, from_ms: 0, until_ms: HOUR, vehicles }
}

fn fit(candidates: &[Candidate], counts: &[Counted]) -> (Passages, Solution) {
    let slots = [Slot { begin_ms: 0, end_ms: HOUR }];
    let passages = Passages::new(candidates, &slots, counts);
    let prior: Vec<f64> = candidates.iter().flat_map(|c| c.prior.clone()).collect();
    let solution = maximise(&passages, counts, &prior, &Goal { iterations: 20_000, change: 1e-12 }, &Feedback::silent()).unwrap();
    (passages, solution)
}

#[test]
fn counts_that_agree_are_met() {
    // Edge 2 is common to both; edge 9 nobody can reach; edge 3 lies on a route of its own, edge 4 is not counted.
    let candidates = [candidate(&[0, 2], 10.0), candidate(&[1, 2], 10.0), candidate(&[3], 1.0), candidate(&[4], 7.0)];
    let counts = [counted(0, 30.0), counted(2, 100.0), counted(3, 0.0), counted(9, 50.0)];
    let (_, solution) = fit(&candidates, &counts);
    for (flow, wanted) in solution.flows.iter().zip([30.0, 70.0, 0.0, 7.0]) {
        assert!((flow - wanted).abs() < 1e-3, "{:?}", solution.flows);
    }
    assert!(solution.likelihood.windows(2).all(|w| w[1] >= w[0] - 1e-9));
}

#[test]
fn counts_that_disagree_are_met_as_well_as_can_be() {
    // One route past two counts: the likeliest flow of Poisson counts is their mean.
    let (_, solution) = fit(&[candidate(&[0, 1], 1.0)], &[counted(0, 100.0), counted(1, 140.0)]);
    assert!((solution.flows[0] - 120.0).abs() < 1e-6, "{:?}", solution.flows);
}

#[test]
fn the_prior_decides_where_counts_do_not() {
    let (_, solution) = fit(&[candidate(&[0], 30.0), candidate(&[0], 10.0)], &[counted(0, 80.0)]);
    assert!((solution.flows[0] - 60.0).abs() < 1e-9 && (solution.flows[1] - 20.0).abs() < 1e-9);
}

#[test]
fn who_is_under_way_is_counted_later() {
    // A quarter of an hour of driving before the count.
    let late = Candidate { edges: vec![5], seconds: vec![900.0], prior: vec![100.0, 0.0] };
    let slots = [Slot { begin_ms: 0, end_ms: HOUR }, Slot { begin_ms: HOUR, end_ms: 2 * HOUR }];
    let counts = [counted(5, 1.0), Counted { from_ms: HOUR, until_ms: 2 * HOUR, ..counted(5, 1.0) }];
    let passages = Passages::new(&[late], &slots, &counts);
    assert_eq!(passages.passing(&[100.0, 0.0]), [75.0, 25.0]);
    assert_eq!(passages.passing(&[0.0, 100.0]), [0.0, 75.0]);
}

#[test]
fn whole_vehicles_keep_the_counts() {
    // A thousand routes of 0.7 vehicles over ten counted edges.
    let candidates: Vec<Candidate> = (0..1000).map(|n| candidate(&[n % 10, 100 + n], 0.7)).collect();
    let counts: Vec<Counted> = (0..10).map(|e| counted(e, 70.0)).collect();
    let (passages, solution) = fit(&candidates, &counts);
    let order: Vec<usize> = (0..1000).collect();
    let whole = round(&passages, &counts, &solution.flows, &order);
    assert!(whole.iter().all(|n| *n <= 1));
    let flows: Vec<f64> = whole.iter().map(|n| *n as f64).collect();
    assert_eq!(passages.passing(&flows), [70.0; 10]);
}

#[test]
fn lanes_make_edges() {
    let lane = |edge, allowed| MapLane { edge, allowed, ..MapLane::default() };
    let edge = |lanes| MapEdge { id: "e".into(), lanes, ..MapEdge::default() };
    let map = RoadMap {
        edges: vec![edge(0..3), edge(3..5)],
        lanes: vec![lane(0, RoadUsers::PEDESTRIAN), lane(0, RoadUsers::ALL), lane(0, RoadUsers::ALL), lane(1, RoadUsers::ALL), lane(1, RoadUsers::ALL)],
        ..RoadMap::default()
    };
    let count = |edge, lane, vehicles| Count { from_ms: 0, until_ms: HOUR, edge, lane, vehicles, speed_mps: None };
    let (counts, findings) = gather(&[count(0, Some(1), 5.0), count(0, Some(2), 7.0), count(0, Some(2), 9.0), count(1, Some(3), 4.0)], &map, (0, i64::MAX));
    assert_eq!(counts, [counted(0, 13.0)]);
    assert_eq!(findings.iter().map(|f| &*f.code).collect::<Vec<_>>(), ["lanes-not-counted", "counted-twice"]);
    assert_eq!(gather(&[count(1, None, 8.0)], &map, (0, i64::MAX)).0, [counted(1, 8.0)]);
    assert_eq!(gather(&[count(1, None, 8.0)], &map, (0, HOUR - 1)).0, []);
}

#[test]
fn geh_is_of_hours() {
    assert_eq!(geh(0.0, 0.0, 1.0), 0.0);
    assert!((geh(120.0, 100.0, 1.0) - (800.0_f64 / 220.0).sqrt()).abs() < 1e-12);
    assert!((geh(30.0, 25.0, 0.25) - geh(120.0, 100.0, 1.0)).abs() < 1e-12);
}
