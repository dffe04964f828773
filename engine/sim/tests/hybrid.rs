//! Lane by lane within an area and queues outside of it: nobody gets lost at the border, and jams cross it as they cross any other line.

#[allow(dead_code)] // The maps are shared with other files of tests.
mod streets;

use qike_network::traffic::{TrafficScenario, VehicleKind};
use qike_sim::TrafficModel;
use qike_sim::hybrid::Hybrid;
use qike_sim::micro::{Micro, OnRoad, TripRow};
use qike_sim::queue::Queues;
use qike_sim::state::Exchange;
use std::sync::Arc;
use streets::{LIMIT, arterials, car, chain, exact, merge, signalled};

/// Length and gap of a car, m.
const ROOM: f64 = 7.5;

fn pool(threads: usize) -> Option<Arc<rayon::ThreadPool>> {
    (threads > 1).then(|| Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()))
}

/// Lane by lane at the junctions of these numbers.
fn hybrid(scenario: &TrafficScenario, junctions: &[usize]) -> Hybrid {
    let inside: Vec<bool> = (0..scenario.map.junctions.len()).map(|n| junctions.contains(&n)).collect();
    Hybrid::new(scenario, &inside, 1, None).unwrap()
}

/// Runs to the end; after each step `look` sees everybody and the time, s. Whoever departed is on the road once, or has arrived.
fn run(model: &mut dyn TrafficModel, mut look: impl FnMut(&[OnRoad], f64)) -> Vec<TripRow> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    let streets = model.streets().clone();
    while !model.finished() {
        model.step();
        rows.extend(model.take_trips());
        all.clear();
        model.everybody(&mut all);
        let (c, at) = (model.counts(), model.now_ms() as f64 / 1000.0);
        assert!(at < 20_000.0, "it does not end: {c:?}");
        let mut numbers: Vec<u32> = all.iter().map(|o| o.way.vehicle).chain(rows.iter().map(|r| r.vehicle)).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|p| p[0] < p[1]), "at {at}: somebody is there twice");
        assert_eq!((numbers.len() as u64, c.running, c.arrived), (c.inserted, all.len() as u64, rows.len() as u64), "at {at}: {c:?}");
        assert_eq!(model.under_way().len(), all.len(), "at {at}");
        assert!(all.iter().all(|o| (0.0..=streets.lanes[o.way.lane as usize].length + 1e-6).contains(&o.way.position_m)), "at {at}");
        look(&all, at);
    }
    rows
}

fn mean(rows: &[TripRow], what: impl Fn(&TripRow) -> f64) -> f64 {
    rows.iter().map(what).sum::<f64>() / rows.len() as f64
}

fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Two models step by step: the same hashes, the same trips.
fn same(a: &mut dyn TrafficModel, b: &mut dyn TrafficModel) {
    while !a.finished() {
        a.step();
        b.step();
        assert_eq!((a.hash(), a.counts(), a.updates()), (b.hash(), b.counts(), b.updates()), "at {}", a.now_ms());
        assert_eq!(a.take_trips(), b.take_trips());
    }
    assert!(b.finished());
}

#[test]
fn with_everything_inside_it_is_the_lane_level_model() {
    for scenario in [arterials(2, 200), merge(80), signalled(car(), &[(30, "G"), (37, "r")], 60, 3.0)] {
        let all: Vec<usize> = (0..scenario.map.junctions.len()).collect();
        let mut model = hybrid(&scenario, &all);
        assert!(model.edge_sums().is_none());
        same(&mut model, &mut Micro::new(&scenario, 1, None).unwrap());
    }
}

#[test]
fn with_nothing_inside_it_is_the_queue_model() {
    for scenario in [arterials(2, 200), merge(80), signalled(car(), &[(30, "G"), (37, "r")], 60, 3.0)] {
        let (mut model, mut queues) = (hybrid(&scenario, &[]), Queues::new(&scenario, 1).unwrap());
        same(&mut model, &mut queues);
        assert_eq!(model.edge_sums(), queues.edge_sums());
    }
}

/// Five edges with a light before the last.
const EDGES: [f64; 5] = [400.0, 300.0, 300.0, 300.0, 400.0];

/// Nobody is lost, doubled or run over at borders, below capacity and in a jam that crosses them, and journeys are about as long.
#[test]
fn everybody_crosses_the_border_once_each_way() {
    let lorry = VehicleKind { length_m: 14.0, gap_m: 3.0, accel: 1.2, ..car() };
    for (kind, lanes) in [(car(), 1), (car(), 3), (lorry, 1)] {
        for headway in [4.5, 2.5] {
            let scenario = chain(kind.clone(), &EDGES, lanes, &[(30, "G"), (3, "y"), (27, "r")], 250, headway / f64::from(lanes));
            let lanes_only = run(&mut Micro::new(&scenario, 1, None).unwrap(), |_, _| {});
            let queues_only = run(&mut Queues::new(&scenario, 1).unwrap(), |_, _| {});
            let duration = |rows: &[TripRow]| mean(rows, |r| r.duration_ms as f64 / 1000.0 + r.depart_delay_ms as f64 / 1000.0);
            let range = [duration(&lanes_only), duration(&queues_only)];
            for inside in [&[3usize][..], &[2, 3], &[4], &[1], &[1, 2], &[2, 4], &[1, 3]] {
                let mut model = hybrid(&scenario, inside);
                let rows = run(&mut model, |_, _| {});
                let c = model.counts();
                assert_eq!((rows.len(), c.loaded, c.inserted, c.arrived, c.running, c.waiting), (250, 250, 250, 250, 0, 0));
                assert_eq!((c.overlaps, c.teleported, c.discarded), (0, 0, 0), "{inside:?}: {c:?}");
                let is = duration(&rows);
                println!("{:.0} m every {headway} s on {lanes} lanes, {inside:?}: {is:.1} s, lane by lane {:.1}, queues {:.1}; abrupt stops {}", kind.length_m, range[0], range[1], c.emergency_stops);
                assert!(is > 0.95 * range[0].min(range[1]) && is < 1.05 * range[0].max(range[1]) || (is / range[0] - 1.0).abs() < 0.1, "{inside:?}: {is}, {range:?}");
                let length: f64 = EDGES.iter().sum::<f64>() + 40.0 - kind.length_m;
                assert!(rows.iter().all(|r| (r.length_m - length).abs() < 1.0), "{inside:?}: {:?}", rows.iter().map(|r| r.length_m).fold(0.0, f64::max));
                assert!(rows.iter().all(|r| r.arrival_ms == Some(r.depart_ms + r.duration_ms)));
                // What was lost is what the journey took longer than alone.
                let alone = length / LIMIT;
                let lost = mean(&rows, |r| r.duration_ms as f64 / 1000.0 - r.loss_s);
                assert!((lost / alone - 1.0).abs() < 0.06, "{inside:?}: alone it would take {lost} s, {alone}");
            }
        }
    }
}

/// The tail of a queue crosses the border at the speed of the shock, whichever model it comes from (Lighthill, Whitham 1955).
#[test]
fn a_queue_grows_over_the_border_at_the_speed_of_the_shock() {
    let (headway, kind) = (4.0, exact(VehicleKind { sigma: 0.0, ..car() }));
    let scenario = chain(kind, &EDGES, 1, &[(1500, "r"), (600, "G")], 200, headway);
    let theory = (1.0 / headway) / (1.0 / headway / LIMIT - 1.0 / ROOM);
    let starts: Vec<f64> = (0..EDGES.len()).map(|n| EDGES[..n].iter().sum::<f64>() + 10.0 * n as f64).collect();
    // The queue begins inside and grows out; begins outside and grows in; both.
    for inside in [&[3usize, 4][..], &[1, 2], &[2, 3], &[1, 4], &[3], &[]] {
        let mut tail = Vec::new();
        let mut model = hybrid(&scenario, inside);
        for _ in 0..900 {
            model.step();
            let mut all = Vec::new();
            model.everybody(&mut all);
            let at = model.now_ms() as f64 / 1000.0;
            let place = |o: &OnRoad| starts.get(o.way.lane as usize).map(|s| s + o.way.position_m);
            let last = all.iter().filter(|o| o.way.speed_mps < 0.1).filter_map(place).fold(f64::INFINITY, f64::min);
            if (100.0..1200.0).contains(&last) {
                tail.push((at, last));
            }
        }
        let measured = slope(&tail);
        println!("{inside:?}: tail {measured:.3} m/s, theory {theory:.3} m/s");
        assert!((measured / theory - 1.0).abs() < 0.05, "{inside:?}: {measured}, theory {theory}");
    }
}

/// A queue that crosses the border starts from its head to its tail in a headway a vehicle (1 s without chance), whichever model it is in.
#[test]
fn a_start_runs_back_over_the_border() {
    let kind = exact(VehicleKind { sigma: 0.0, ..car() });
    let scenario = chain(kind, &EDGES, 1, &[(700, "r"), (600, "G")], 150, 4.0);
    let ends: Vec<f64> = (0..EDGES.len() - 1).map(|n| EDGES[..=n].iter().sum::<f64>() + 10.0 * n as f64).collect();
    for inside in [&[3usize, 4][..], &[1, 2], &[2, 3], &[1, 4], &[3], &[], &[1, 2, 3, 4, 5]] {
        let mut model = hybrid(&scenario, inside);
        // When the first one over each line passes it after the light's green.
        let (mut before, mut passed): (Vec<u32>, Vec<(f64, f64)>) = (Vec::new(), Vec::new());
        while model.now_ms() < 900_000 {
            model.step();
            let mut all = Vec::new();
            model.everybody(&mut all);
            let at = model.now_ms() as f64 / 1000.0;
            let first: Vec<u32> = (0..ends.len() as u32).map(|lane| all.iter().filter(|o| o.way.lane == lane).map(|o| o.way.vehicle).min().unwrap_or(u32::MAX)).collect();
            for (n, end) in ends.iter().enumerate() {
                if at > 700.0 && first[n] != before[n] && !passed.iter().any(|p| p.1 == *end) {
                    passed.push((at, *end));
                }
            }
            before = first;
        }
        let measured = slope(&passed);
        println!("{inside:?}: start {measured:.3} m/s, theory {:.3} m/s", -ROOM);
        assert!(passed.len() == 4 && (measured / -ROOM - 1.0).abs() < 0.1, "{inside:?}: {measured}, {passed:?}");
    }
}

/// The same bits for any number of threads.
#[test]
fn the_state_is_the_same_for_any_number_of_threads() {
    let scenario = arterials(16, 400);
    let inside: Vec<bool> = scenario.map.junctions.iter().map(|j| j.id == "light").collect();
    let hashes = |threads: usize, seed: u64| {
        let mut model = Hybrid::new(&scenario, &inside, seed, pool(threads)).unwrap();
        let mut most = 0;
        let hashes: Vec<u64> = (0..200)
            .map(|_| {
                model.step();
                most = most.max(model.counts().running);
                model.hash()
            })
            .collect();
        assert!(most > 2500, "enough vehicles for several threads: {most}");
        hashes
    };
    let alone = hashes(1, 7);
    for threads in [2, 8] {
        assert!(hashes(threads, 7) == alone, "{threads} threads");
    }
    assert_ne!(hashes(1, 8).last(), alone.last());
}

/// A run that is saved within a jam over the border and taken up again, and a fork of it, go on with the same bits.
#[test]
fn it_is_saved_resumed_and_forked_to_the_last_bit() {
    let scenario = chain(car(), &EDGES, 2, &[(30, "G"), (3, "y"), (57, "r")], 300, 1.2);
    let mut model = hybrid(&scenario, &[2, 4]);
    while model.now_ms() < 250_000 {
        model.step();
    }
    let mut state = Vec::new();
    model.exchange(&mut Exchange::Save(&mut state)).unwrap();
    let mut resumed = hybrid(&scenario, &[2, 4]);
    resumed.exchange(&mut Exchange::Load(&mut &state[..])).unwrap();
    let mut again = Vec::new();
    resumed.exchange(&mut Exchange::Save(&mut again)).unwrap();
    assert!(state == again, "what is read is written again");
    let mut fork = model.fork();
    assert!(model.counts().running > 150);
    let _ = (model.take_trips(), resumed.take_trips(), fork.take_trips());
    while !model.finished() {
        model.step();
        resumed.step();
        fork.step();
        assert_eq!((model.hash(), model.hash()), (resumed.hash(), fork.hash()), "at {}", model.now_ms());
        let trips = model.take_trips();
        assert_eq!((&trips, &trips), (&resumed.take_trips(), &fork.take_trips()));
    }
    // Another area, and a file cut off.
    let told = |inside: &[usize], bytes: &[u8]| hybrid(&scenario, inside).exchange(&mut Exchange::Load(&mut &bytes[..])).unwrap_err().to_string();
    assert_eq!(told(&[3], &state), "its part 'border' is that of another area");
    for n in 1..20 {
        assert!(!told(&[2, 4], &state[..state.len() * n / 20]).is_empty());
    }
}
