//! Theory that the lane-level model must agree with, on small maps made here: gaps, flows, waves, right of way, what is never lost.

#[allow(dead_code)] // The maps are shared with other files of tests.
mod streets;

use qike_network::traffic::{CarFollowing, SpeedFactor, TrafficScenario, VehicleKind};
use qike_sim::micro::Micro;
use std::collections::BTreeMap;
use std::sync::Arc;
use streets::{LIMIT, arterials, car, exact, idm, merge, ring, signalled};

fn model(scenario: &TrafficScenario, seed: u64) -> Micro {
    Micro::new(scenario, seed, None).unwrap()
}

/// Runs to the end; after each step `look` sees the model and the time at which the step began, s.
fn watch(scenario: &TrafficScenario, seed: u64, mut look: impl FnMut(&Micro, f64)) -> Micro {
    let mut model = model(scenario, seed);
    while !model.finished() {
        let at = model.now_ms() as f64 / 1000.0;
        model.step();
        look(&model, at);
    }
    model
}

/// When each vehicle left the first lane, s, in order.
fn crossings(scenario: &TrafficScenario, seed: u64) -> Vec<f64> {
    let (mut before, mut times) = (Vec::new(), Vec::new());
    watch(scenario, seed, |m, at| {
        let now: Vec<u32> = m.ways().filter(|w| w.lane == 0).map(|w| w.vehicle).collect();
        times.extend(before.iter().filter(|v| !now.contains(v)).map(|_| at));
        before = now;
    });
    times
}

/// Slope of the best line through points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Mean gap and flow (per hour) in a platoon behind a leader of that speed.
fn platoon(kind: VehicleKind, speed: f64) -> (f64, f64) {
    let leader = VehicleKind { max_speed_mps: speed, ..exact(kind.clone()) };
    let follower = exact(kind);
    let mut scenario = streets::line(vec![leader, follower.clone()], 6000.0, &[]);
    scenario.settings.end_ms = Some((4000.0 / speed * 1000.0) as i64);
    scenario.demand.vehicles = (0..12).map(|n| streets::vehicle(n, n as f64 * 3.0, u32::from(n > 0))).collect();
    let mut gaps = Vec::new();
    let end = scenario.settings.end_ms.unwrap() as f64 / 1000.0;
    watch(&scenario, 1, |m, at| {
        if at > end - 40.0 {
            let mut at: Vec<f64> = m.ways().filter(|w| w.lane == 0).map(|w| w.position_m).collect();
            at.sort_by(f64::total_cmp);
            gaps.extend(at.windows(2).map(|p| p[1] - p[0] - follower.length_m));
        }
    });
    assert!(gaps.len() >= 11 * 39, "the platoon is still on the road: {}", gaps.len());
    let gap = gaps.iter().sum::<f64>() / gaps.len() as f64;
    (gap, speed / (gap + follower.length_m) * 3600.0)
}

/// s(v) = (s0 + v T) / √(1 − (v/v0)⁴) (Treiber, Hennecke, Helbing 2000), and with it the flow at each speed: the fundamental diagram.
#[test]
fn gaps_in_a_platoon_are_those_of_the_idm() {
    for speed in [3.0, 6.0, 10.0, 12.0] {
        let (gap, flow) = platoon(idm(), speed);
        let theory = (2.5 + speed) / (1.0 - (speed / LIMIT).powi(4)).sqrt();
        println!("{speed} m/s: gap {gap:.3} m, theory {theory:.3} m; flow {flow:.0} veh/h");
        assert!((gap / theory - 1.0).abs() < 0.02, "{speed} m/s: {gap} m, theory {theory} m");
    }
}

/// A driver without imperfection follows at the gap that it covers in its headway, besides the standing gap (Krauss 1998).
#[test]
fn gaps_in_a_platoon_are_those_of_krauss() {
    for speed in [3.0, 6.0, 10.0, 12.0] {
        let (gap, flow) = platoon(VehicleKind { sigma: 0.0, ..car() }, speed);
        let theory = 2.5 + speed;
        println!("{speed} m/s: gap {gap:.3} m, theory {theory:.3} m; flow {flow:.0} veh/h");
        assert!((gap / theory - 1.0).abs() < 0.02, "{speed} m/s: {gap} m, theory {theory} m");
    }
}

/// On a ring the density is given, and the flow follows from it: drivers without imperfection go at the limit while there is room, and
/// else cover in a second what is free between them (a triangular diagram). With imperfection the flow is less where it is dense, and
/// it begins to stop and go.
#[test]
fn the_fundamental_diagram_of_a_ring_is_triangular() {
    let flow = |kind: VehicleKind, vehicles: u32| {
        let (mut sum, mut count) = (0.0, 0u32);
        watch(&ring(exact(kind), vehicles), 1, |m, at| {
            if at >= 300.0 {
                let speeds: Vec<f64> = m.ways().map(|w| w.speed_mps).collect();
                assert_eq!(speeds.len(), vehicles as usize, "all go round");
                sum += speeds.iter().sum::<f64>() / 1000.0;
                count += 1;
            }
        });
        sum / f64::from(count) * 3600.0
    };
    for vehicles in [10, 30, 46, 60, 80, 100, 120] {
        let (exact, human) = (flow(VehicleKind { sigma: 0.0, ..car() }, vehicles), flow(car(), vehicles));
        let spacing = 1000.0 / f64::from(vehicles);
        let theory = f64::from(vehicles) * LIMIT.min(spacing - 7.5) / 1000.0 * 3600.0;
        println!("{vehicles} veh/km: {exact:.0} veh/h, theory {theory:.0}, with imperfection {human:.0}");
        assert!((exact / theory - 1.0).abs() < 0.03, "{vehicles} veh/km: {exact} veh/h, theory {theory}");
        assert!(human < exact && human > 0.5 * theory, "{vehicles} veh/km: {human} veh/h with imperfection, {exact} without");
    }
}

/// Flow over the line per hour and lane once a long queue has got going, from its fifth vehicle on (HCM), mean of five seeds.
fn saturation(kind: VehicleKind) -> f64 {
    let of_seed = |seed| {
        let times: Vec<f64> = crossings(&signalled(kind.clone(), &[(300, "r"), (400, "G")], 150, 1.8), seed).into_iter().filter(|t| *t >= 300.0).collect();
        80.0 / (times[84] - times[4]) * 3600.0
    };
    (1..=5).map(of_seed).sum::<f64>() / 5.0
}

/// SUMO 1.28's figures are of this very road, demand and way of counting. Where drivers differ in the speed that they want, the slow
/// ones hold up those behind; so it is less than the flow of equal drivers.
#[test]
fn a_queue_leaves_a_light_as_fast_as_sumos() {
    for (name, kind, sumo) in [("Krauss", car(), 1831.0), ("Krauss, all at the limit", exact(car()), 1981.0), ("IDM", idm(), 1802.0), ("IDM, all at the limit", exact(idm()), 1834.0)] {
        let flow = saturation(kind);
        println!("{name}: {flow:.0} veh/h/lane, SUMO {sumo}");
        assert!((flow / sumo - 1.0).abs() < 0.05, "{name}: {flow} veh/h/lane, SUMO {sumo}");
    }
}

/// Times and places at which the vehicles behind a light did something for the first time.
fn firsts(scenario: &TrafficScenario, did: impl Fn(f64, f64) -> bool) -> Vec<(f64, f64)> {
    let mut first = BTreeMap::new();
    watch(scenario, 1, |m, at| {
        for w in m.ways().filter(|w| w.lane == 0 && did(at, w.speed_mps)) {
            first.entry(w.vehicle).or_insert((at, w.position_m));
        }
    });
    first.into_values().collect()
}

/// The tail of a queue moves upstream at Δq/Δk between those who come and those who stand (Lighthill, Whitham 1955; Richards 1956).
#[test]
fn the_queue_behind_a_light_grows_at_the_speed_of_the_shock() {
    let headway = 4.0;
    let kind = exact(VehicleKind { sigma: 0.0, ..car() });
    let stops = firsts(&signalled(kind, &[(600, "r"), (200, "G")], 120, headway), |at, v| at < 600.0 && v < 0.1);
    // Those that stood at the moment of departing are none: the queue does not reach the start.
    assert!(stops.len() > 60, "{}", stops.len());
    let (coming, standing) = ([1.0 / headway, 1.0 / headway / LIMIT], [0.0, 1.0 / 7.5]);
    let theory = (coming[0] - standing[0]) / (coming[1] - standing[1]);
    let measured = slope(&stops[10..60]);
    println!("tail {measured:.3} m/s, theory {theory:.3} m/s");
    assert!((measured / theory - 1.0).abs() < 0.05, "{measured}, theory {theory}");
}

/// When the light turns green, the start runs upstream at Δq/Δk between those who leave and those who stand: so with Krauss, whose
/// drivers leave at the limit. Those of the IDM are still gaining speed at capacity; there it is SUMO 1.28's own wave, 7.01 m/s.
#[test]
fn the_start_runs_through_the_queue_at_the_speed_of_the_wave() {
    let wave = |kind| {
        let scenario = signalled(exact(kind), &[(300, "r"), (400, "G")], 110, 1.8);
        let starts = firsts(&scenario, |at, v| at >= 300.0 && v > 1.0);
        let left: Vec<f64> = crossings(&scenario, 1).into_iter().filter(|t| *t >= 300.0).collect();
        (slope(&starts[10..70]), 60.0 / (left[70] - left[10]))
    };
    let (measured, flow) = wave(car());
    let theory = flow / (flow / LIMIT - 1.0 / 7.5);
    println!("Krauss {measured:.3} m/s, theory {theory:.3} m/s at {:.0} veh/h", flow * 3600.0);
    assert!((measured / theory - 1.0).abs() < 0.10, "{measured}, theory {theory}");
    let (measured, _) = wave(idm());
    println!("IDM {measured:.3} m/s, SUMO -7.01 m/s");
    assert!((measured / -7.01 - 1.0).abs() < 0.02, "{measured}");
}

/// Where nobody can overtake, all arrive in the order in which they departed.
#[test]
fn a_single_lane_is_first_in_first_out() {
    let slow = VehicleKind { max_speed_mps: 7.0, ..car() };
    let mut scenario = signalled(car(), &[(30, "G"), (3, "y"), (37, "r")], 150, 2.5);
    scenario.demand.kinds.push(slow);
    for (n, (_, _, travel)) in scenario.demand.vehicles.iter_mut().enumerate() {
        travel.kind = qike_network::traffic::TypeRef::Kind(u32::from(n % 7 == 3));
    }
    for seed in 1..=3 {
        let mut model = model(&scenario, seed);
        let mut arrived = Vec::new();
        while !model.finished() {
            model.step();
            arrived.extend(model.take_trips());
        }
        assert_eq!(arrived.len(), 150);
        assert!(arrived.windows(2).all(|p| p[0].depart_ms < p[1].depart_ms), "seed {seed}");
    }
}

/// Where a minor road joins a major one, and within a lane anywhere, no two vehicles are ever in the same place.
#[test]
fn nobody_overlaps_where_two_roads_merge() {
    let mut waited = 0.0;
    for seed in 1..=10 {
        let mut scenario = merge(150);
        scenario.demand.kinds[0].speed_factor = SpeedFactor { mean: 1.0, deviation: 0.2, min: 0.5, max: 1.5 };
        let mut on: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        let last = watch(&scenario, seed, |m, at| {
            on.values_mut().for_each(Vec::clear);
            m.ways().for_each(|w| on.entry(w.lane).or_default().push(w.position_m));
            for (lane, at_m) in &mut on {
                at_m.sort_by(f64::total_cmp);
                assert!(at_m.windows(2).all(|p| p[1] - p[0] >= 5.0 - 1e-6), "seed {seed}, {at} s, lane {lane}: {at_m:?}");
            }
            waited += m.ways().filter(|w| w.lane == 1 && w.speed_mps < 0.1).count() as f64;
        });
        let c = last.counts();
        assert_eq!((c.overlaps, c.teleported, c.emergency_stops, c.arrived), (0, 0, 0, 300), "seed {seed}: {c:?}");
    }
    assert!(waited > 0.0, "some had to give way");
}

/// Nobody crosses the line while it is red; all cross in green, or in the yellow after it.
#[test]
fn nobody_passes_red() {
    let cycle = 70.0;
    for kind in [car(), idm()] {
        for seed in 1..=5 {
            let times = crossings(&signalled(kind.clone(), &[(30, "G"), (3, "y"), (37, "r")], 150, 2.5), seed);
            assert_eq!(times.len(), 150);
            let late: Vec<f64> = times.into_iter().filter(|t| t % cycle >= 33.0).collect();
            assert!(late.is_empty(), "seed {seed}: passed red at {late:?}");
        }
    }
}

/// The same seed gives the same state, step by step, for any number of threads; another seed another one.
#[test]
fn the_state_is_the_same_for_any_number_of_threads() {
    let scenario = arterials(16, 400);
    let hashes = |threads: usize, seed: u64| {
        let pool = (threads > 0).then(|| Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()));
        let mut model = Micro::new(&scenario, seed, pool).unwrap();
        let mut most = 0;
        let hashes: Vec<u64> = (0..160)
            .map(|_| {
                model.step();
                most = most.max(model.counts().running);
                model.hash()
            })
            .collect();
        assert!(most > 2500, "enough vehicles for several threads: {most}");
        hashes
    };
    let alone = hashes(0, 7);
    for threads in [0, 1, 2, 8] {
        assert!(hashes(threads, 7) == alone, "{threads} threads");
    }
    assert_ne!(hashes(0, 8).last(), alone.last());
}

/// Keeping the gap, adaptive cruise control ends at headway times speed (Milanés, Shladover 2014), besides the standing gap.
#[test]
fn adaptive_cruise_control_keeps_its_headway() {
    let acc = CarFollowing::Acc { speed: 0.4, closing: [0.8, 0.04], keeping: [0.07, 0.23], avoiding: [0.23, 0.8] };
    let (gap, _) = platoon(VehicleKind { following: acc, sigma: 0.0, ..car() }, 10.0);
    println!("gap {gap:.3} m");
    assert!((gap / 12.5 - 1.0).abs() < 0.02, "{gap}");
}
