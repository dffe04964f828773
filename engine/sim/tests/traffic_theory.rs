//! Figures of traffic theory that the vehicle model must reproduce.

mod common;

use common::{Rule, line, shared};
use qike_core::SimTime;
use qike_network::{LaneNetwork, LinkIx};
use qike_record::MemoryRecorder;
use qike_sim::{Demand, Options, Simulation, VehicleKind, VehicleTrip};

fn cars(departures: impl IntoIterator<Item = f64>, to: u32) -> Demand {
    let trip = |(trip, depart): (usize, f64)| VehicleTrip {
        demand: 0,
        trip: trip as u32,
        depart: SimTime::from_s_f64(depart),
        from: LinkIx(0),
        to: LinkIx(to),
        kind: VehicleKind::Car,
    };
    Demand { vehicles: departures.into_iter().enumerate().map(trip).collect(), ..Demand::default() }
}

fn run(net: LaneNetwork, demand: Demand, options: Options) -> MemoryRecorder {
    let (lanes, walk) = shared(net);
    let mut simulation = Simulation::new(lanes, walk, demand, Options { speed_deviation: 0.0, informed_share: 0.0, ..options }).unwrap();
    let mut recorder = MemoryRecorder::default();
    simulation.run(&mut recorder, |_, _| true).unwrap();
    recorder
}

/// Flow of a standing queue at a green light that stays green: SUMO's IDM has 1,806 veh/h/lane.
#[test]
fn saturation_flow_is_that_of_the_idm() {
    for (step, lanes) in [(500, 1), (1000, 1), (500, 2)] {
        let red_s = 200.0;
        let rule = Rule::Signal { green: [red_s as u32 * 1000, 400_000], yellow: 3_000, red: 2_000 };
        let net = line(&[800.0, 600.0], &[lanes, lanes], 13.9, rule);
        // All who come in the first red wait in a queue of more than 60 vehicles.
        let demand = cars((0..90 * lanes).map(|i| f64::from(i) * 2.0 / f64::from(lanes)), 1);
        let recorder = run(net, demand, Options { vehicle_step_ms: step, end: SimTime::from_s(1200), link_interval_ms: 1000, ..Options::default() });
        let green = red_s + 5.0;
        let left: Vec<f64> = recorder.links.iter().flat_map(|(_, until, rows)| rows.iter().filter(|r| r.link == 0).flat_map(|r| vec![until.as_s(); r.left as usize])).collect();
        let after: Vec<f64> = left.into_iter().filter(|t| *t > green).collect();
        // HCM: from the fifth vehicle in the queue on.
        let (first, last) = (4 * lanes as usize, 44 * lanes as usize);
        let flow = (last - first) as f64 / (after[last] - after[first]) * 3600.0 / f64::from(lanes);
        println!("step {step} ms, {lanes} lane(s): saturation flow {flow:.0} veh/h/lane");
        assert!((1650.0..1950.0).contains(&flow), "step {step}, {lanes} lanes: {flow}");
    }
}

/// Uniform delay d = (C − g)² / (2C (1 − q/s)) at low demand (Webster 1958), with the effective green.
#[test]
fn delay_at_a_fixed_time_signal_is_websters() {
    let (green, cycle) = (30.0, 70.0);
    // Node 1's second axis (east–west) is ours: its green begins 35 s into the cycle and lasts 30 s.
    let rule = Rule::Signal { green: [30_000, 30_000], yellow: 3_000, red: 2_000 };
    let speed = 13.9;
    let trips = 400;
    let headway = 18.0;
    let net = |rule| line(&[600.0, 600.0], &[1, 1], speed, rule);
    let demand = || cars((0..trips).map(|i| f64::from(i) * headway + 0.5 * f64::from(i % 7)), 1);
    let options = || Options { end: SimTime::from_s(9000), track_interval_ms: 0, ..Options::default() };
    let mean = |r: &MemoryRecorder| r.trips.iter().filter_map(|t| t.duration_s()).sum::<f64>() / r.trips.len() as f64;
    let delay = mean(&run(net(rule), demand(), options())) - mean(&run(net(Rule::Free), demand(), options()));
    let (q, s) = (1.0 / headway, 1800.0 / 3600.0);
    let webster = |g: f64| (cycle - g).powi(2) / (2.0 * cycle * (1.0 - q / s));
    println!("delay {delay:.1} s; Webster {:.1} s at g = {green}, {:.1} s at g = {}", webster(green), webster(green - 4.0), green - 4.0);
    // Braking, reaction of the queue and starting take a few seconds of the green.
    assert!(delay > webster(green + 3.0) && delay < webster(green - 6.0), "{delay}");
}

/// The tail of a queue in front of a red light moves upstream at Δq/Δk (Lighthill, Whitham 1955; Richards 1956).
#[test]
fn the_queue_grows_at_the_speed_of_the_shock() {
    let rule = Rule::Signal { green: [900_000, 10_000], yellow: 3_000, red: 2_000 };
    let headway = 4.0;
    let net = line(&[3000.0, 100.0], &[1, 1], 13.9, rule);
    let recorder = run(net, cars((0..200).map(|i| f64::from(i) * headway), 1), Options { end: SimTime::from_s(700), ..Options::default() });
    let tail = |at: i64| {
        let (_, points) = recorder.tracks.iter().find(|(t, _)| *t == SimTime::from_s(at)).unwrap();
        points.iter().filter(|p| p.speed_mps < 0.5).map(|p| p.position[0]).fold(f64::INFINITY, f64::min)
    };
    let measured = (tail(600) - tail(350)) / 250.0;
    let (q, jam) = (1.0 / headway, 1.0 / 6.5);
    let free = q / 13.5;
    let theory = q / (free - jam);
    println!("shock {measured:.3} m/s, theory {theory:.3} m/s");
    assert!((measured - theory).abs() < 0.15 * theory.abs(), "{measured} against {theory}");
}
