//! What must hold of vehicles whatever the network and the demand: nobody overlaps, nobody is lost, nobody runs a red light,
//! conflicting streams are never on a junction together, and the result does not depend on the number of threads.

mod common;

use common::{Rule, grid, line, random_trips, shared};
use qike_core::SimTime;
use qike_network::{ConnIx, LaneIx, LaneNetwork, SignalState};
use qike_record::MemoryRecorder;
use qike_sim::exchange::Exchange;
use qike_sim::model::{Buffered, Runner};
use qike_sim::vehicle::{VehicleModel, VehicleState};
use qike_sim::{Closure, Demand, Options, Simulation, Statistics};
use std::sync::Arc;

const SIGNAL: Rule = Rule::Signal { green: [25_000, 25_000], yellow: 3_000, red: 2_000 };

fn pool() -> Arc<rayon::ThreadPool> {
    Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap())
}

fn assert_apart(net: &LaneNetwork, state: &VehicleState, at: &str) {
    let lanes = net.lanes.len() as u32;
    for ix in 0..state.len() {
        let rear = state.position[ix] - f64::from(state.body[ix].length);
        if ix > 0 && state.segment[ix - 1] == state.segment[ix] {
            let gap = rear - state.position[ix - 1];
            assert!(gap > -1e-6, "{at}: vehicles {} and {} overlap by {}", state.body[ix].vehicle, state.body[ix - 1].vehicle, -gap);
        }
        // A tail that reaches back from a connection must not touch those on the lane before it.
        if state.segment[ix] >= lanes && rear < 0.0 {
            let from = net.connections[(state.segment[ix] - lanes) as usize].from_lane;
            if let Some(j) = state.on(from.0).last() {
                let gap = net.lane(from).length_m + rear - state.position[j];
                assert!(gap > -1e-6, "{at}: a tail overlaps the queue by {}", -gap);
            }
        }
    }
}

fn assert_junctions_exclusive(net: &LaneNetwork, state: &VehicleState, at: &str) {
    let lanes = net.lanes.len() as u32;
    for c in 0..net.connections.len() {
        if state.on(lanes + c as u32).is_empty() {
            continue;
        }
        for conflict in net.conflicts_of(ConnIx::new(c)) {
            assert!(state.on(lanes + conflict.other.0).is_empty(), "{at}: connections {c} and {} are both used", conflict.other.0);
        }
    }
}

/// Steps a demand through and checks everything that must hold in every step.
fn run_checked(net: LaneNetwork, demand: Demand, options: &Options) -> Statistics {
    let (lanes, walk) = shared(net);
    let (model, state) = VehicleModel::new(lanes.clone(), &walk, &demand.sorted(), options, pool());
    let mut runner = Buffered::new(model, state);
    let (seen, mut shown) = (Exchange::new(0), Exchange::new(0));
    let mut now = options.begin;
    let mut was: Vec<u32> = vec![u32::MAX; 100_000];
    let n = lanes.lanes.len() as u32;
    while now < options.end && !runner.finished() {
        for ix in 0..runner.state().len() {
            was[runner.state().body[ix].vehicle as usize] = runner.state().segment[ix];
        }
        runner.step(now, &seen, &mut shown);
        let at = now.to_string();
        let state = runner.state();
        assert_apart(&lanes, state, &at);
        assert_junctions_exclusive(&lanes, state, &at);
        for ix in 0..state.len() {
            let (before, here) = (was[state.body[ix].vehicle as usize], state.segment[ix]);
            if before < n && here >= n {
                let connection = &lanes.connections[(here - n) as usize];
                let red = connection.signal.is_some_and(|s| lanes.signal_state(s, now.ms()) == SignalState::Red);
                assert!(!red || connection.from_lane.0 != before, "{at}: vehicle {} ran a red light", state.body[ix].vehicle);
            }
        }
        let mut s = Statistics::default();
        Runner::statistics(&runner, &mut s);
        let v = s.vehicles;
        assert_eq!(v.loaded, v.inserted + v.waiting, "{at}: {v:?}");
        assert_eq!(v.inserted, v.running + v.arrived, "{at}: {v:?}");
        now += SimTime::from_ms(options.vehicle_step_ms);
    }
    let mut s = Statistics::default();
    Runner::statistics(&runner, &mut s);
    s
}

#[test]
fn invariants_hold_on_grids_of_all_kinds() {
    // A single lane without signals carries less; above about 600 trips it jams here.
    let cases = [(1, SIGNAL, 1, 500, 700), (2, SIGNAL, 3, 1000, 700), (3, Rule::Priority, 2, 500, 700), (4, Rule::Priority, 1, 1000, 500), (5, SIGNAL, 2, 200, 700)];
    for (seed, rule, lanes, step, trips) in cases {
        let net = grid(4, 120.0, lanes, 13.9, rule);
        let demand = random_trips(&net, trips, 600.0, seed);
        let options = Options { seed, end: SimTime::from_s(3600), vehicle_step_ms: step, ..Options::default() };
        let s = run_checked(net, demand, &options);
        println!("seed {seed} {rule:?} lanes {lanes} step {step}: {:?}", s.vehicles);
        assert!(s.vehicles.arrived + 10 >= u64::from(trips), "seed {seed}: {:?}", s.vehicles);
        assert!(s.vehicles.teleported <= 14, "seed {seed}: {:?}", s.vehicles);
    }
}

#[test]
fn invariants_hold_when_a_link_is_closed_and_opened() {
    let net = grid(4, 150.0, 2, 13.9, SIGNAL);
    let mut demand = random_trips(&net, 400, 600.0, 9);
    let link = qike_network::LinkIx(12);
    demand.vehicles.retain(|t| t.from != link && t.to != link);
    demand.closures.push(Closure { link, from: SimTime::from_s(200), to: SimTime::from_s(1200) });
    let options = Options { end: SimTime::from_s(3600), ..Options::default() };
    let (lanes, walk) = shared(net);
    let mut simulation = Simulation::new(lanes, walk, demand.clone(), options.clone()).unwrap();
    let mut recorder = MemoryRecorder::default();
    simulation.run(&mut recorder, |_, _| true).unwrap();
    let s = simulation.statistics();
    assert_eq!(s.vehicles.arrived as usize, demand.vehicles.len(), "{:?}", s.vehicles);
    let came_in: u32 = recorder.links.iter().filter(|l| l.0 >= SimTime::from_s(300) && l.1 <= SimTime::from_s(1200)).flat_map(|l| &l.2).filter(|r| r.link == link.0).map(|r| r.entered).sum();
    assert_eq!(came_in, 0, "vehicles entered the closed link");
    assert!(recorder.events.iter().any(|e| e.kind == "reroute"));
    run_checked(grid(4, 150.0, 2, 13.9, SIGNAL), demand, &options);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let net = grid(10, 100.0, 3, 13.9, SIGNAL);
    let demand = random_trips(&net, 6000, 400.0, 5);
    let (lanes, walk) = shared(net);
    let hashes: Vec<Vec<u64>> = [1, 2, 8]
        .into_iter()
        .map(|threads| {
            let options = Options { threads, end: SimTime::from_s(600), ..Options::default() };
            let mut simulation = Simulation::new(lanes.clone(), walk.clone(), demand.clone(), options).unwrap();
            let mut recorder = MemoryRecorder::default();
            simulation.run(&mut recorder, |_, _| true).unwrap();
            assert!(simulation.statistics().vehicles.running > 2500, "too few to be planned in parallel: {:?}", simulation.statistics().vehicles);
            recorder.hashes.iter().map(|h| h.1).collect()
        })
        .collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn another_seed_gives_another_run_and_the_order_of_trips_does_not() {
    let net = grid(4, 150.0, 2, 13.9, SIGNAL);
    let demand = random_trips(&net, 200, 200.0, 1);
    let mut turned = demand.clone();
    turned.vehicles.reverse();
    let (lanes, walk) = shared(net);
    let hash = |demand: &Demand, seed| {
        let options = Options { seed, end: SimTime::from_s(300), ..Options::default() };
        let mut simulation = Simulation::new(lanes.clone(), walk.clone(), demand.clone(), options).unwrap();
        simulation.run(&mut MemoryRecorder::default(), |_, _| true).unwrap();
        simulation.state_hash()
    };
    assert_eq!(hash(&demand, 1), hash(&turned, 1));
    assert_ne!(hash(&demand, 1), hash(&demand, 2));
}

#[test]
fn a_single_lane_is_first_in_first_out() {
    let net = line(&[300.0, 900.0], &[1, 1], 13.9, Rule::Free);
    let mut demand = random_trips(&net, 0, 1.0, 0);
    demand.vehicles = (0..200).map(|trip| qike_sim::VehicleTrip {
        demand: 0, trip, depart: SimTime::from_s(i64::from(trip)), from: qike_network::LinkIx(0), to: qike_network::LinkIx(1), kind: qike_sim::VehicleKind::Car,
    }).collect();
    let (lanes, walk) = shared(net);
    let mut simulation = Simulation::new(lanes.clone(), walk, demand, Options { speed_deviation: 0.2, ..Options::default() }).unwrap();
    let mut recorder = MemoryRecorder::default();
    simulation.run(&mut recorder, |_, _| true).unwrap();
    assert_eq!(recorder.trips.len(), 200);
    assert!(recorder.trips.windows(2).all(|w| w[0].agent < w[1].agent && w[0].arrived <= w[1].arrived));
    // The way from the place of entry to the end: both lanes and what joins them.
    let whole = lanes.lane(LaneIx(0)).length_m + lanes.lane(LaneIx(1)).length_m + lanes.connections[0].length_m;
    for trip in &recorder.trips {
        assert!((trip.route_length_m - (whole - 4.6)).abs() < 0.2, "{} of {whole}", trip.route_length_m);
        assert!(trip.time_loss_s >= 0.0 && trip.duration_s().unwrap() > whole / (13.9 * 1.25));
    }
}
