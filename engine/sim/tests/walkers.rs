//! What must hold of walkers, and the first of RiMEA's tests (guideline 4.1.1).

mod common;

use common::ground::{Door, Room, build, walk};
use qike_core::{CounterRng, SimTime};
use qike_network::{AreaIx, AreaKind, LaneNetwork, WalkNetwork};
use qike_record::{MemoryRecorder, TripStatus};
use qike_sim::{Demand, Options, Simulation, SpeedClass, TrainArrival, WalkPlace, WalkTrip};
use std::sync::Arc;

fn run(net: WalkNetwork, demand: Demand, options: Options) -> (MemoryRecorder, qike_sim::Statistics) {
    let lanes = LaneNetwork { outgoing_starts: vec![0], incoming_starts: vec![0], ..LaneNetwork::default() };
    let mut simulation = Simulation::new(Arc::new(lanes), Arc::new(net), demand, options).unwrap();
    let mut recorder = MemoryRecorder::default();
    simulation.run(&mut recorder, |_, _| true).unwrap();
    (recorder, simulation.statistics())
}

fn walks(walks: Vec<WalkTrip>) -> Demand {
    Demand { walks, ..Demand::default() }
}

fn options(end_s: i64) -> Options {
    Options { end: SimTime::from_s(end_s), track_interval_ms: 500, ..Options::default() }
}

/// Least distance between two people at any key frame, and the share of time anybody is nearer than 0.3 m to another.
fn closest(recorder: &MemoryRecorder) -> f64 {
    let mut least = f64::INFINITY;
    for (_, points) in &recorder.tracks {
        for (i, a) in points.iter().enumerate() {
            for b in &points[i + 1..] {
                if (a.position[2] - b.position[2]).abs() < 1.0 {
                    least = least.min((a.position[0] - b.position[0]).hypot(a.position[1] - b.position[1]));
                }
            }
        }
    }
    least
}

#[test]
fn rimea_1_a_corridor_of_40_m_takes_26_to_34_s() {
    let net = build(&[Room([0.0, 0.0, 42.0, 2.0], AreaKind::Corridor)], &[]);
    let (recorder, _) = run(net, walks(vec![walk(0, 0.0, (0, [1.0, 1.0]), (0, [41.0, 1.0]), 1.33)]), options(100));
    let took = recorder.trips[0].duration_s().unwrap();
    println!("RiMEA 1: {took} s");
    assert!((26.0..34.0).contains(&took), "{took}");
}

#[test]
fn rimea_2_and_3_stairs_keep_the_assigned_speed() {
    for (up, share) in [(true, 0.5), (false, 0.6)] {
        let mut net = build(
            &[Room([0.0, 0.0, 4.0, 2.0], AreaKind::Corridor), Room([4.0, 0.0, 12.66, 2.0], AreaKind::Stair), Room([12.66, 0.0, 16.0, 2.0], AreaKind::Corridor)],
            &[Door(0, 1, [4.0, 0.0], [4.0, 2.0], 10.0), Door(1, 2, [12.66, 0.0], [12.66, 2.0], 10.0)],
        );
        // 10 m along the slope of 30°.
        net.areas[1].slope = [0.5774, 0.0];
        net.areas[1].centre[2] = 2.5;
        net.areas[2].centre[2] = 5.0;
        net.areas[1].speed_factor = share;
        let (from, to) = ((0, [2.0, 1.0]), (2, [14.5, 1.0]));
        let trip = if up { walk(0, 0.0, from, to, 1.2) } else { walk(0, 0.0, to, from, 1.2) };
        let (recorder, _) = run(net, walks(vec![trip]), Options { track_interval_ms: 100, ..options(100) });
        let on: Vec<&qike_record::TrackPoint> = recorder.tracks.iter().flat_map(|t| &t.1).filter(|p| p.link == 1).collect();
        let time = (on.len() - 1) as f64 * 0.1;
        let (a, b) = (on[0].position, on[on.len() - 1].position);
        let speed = (a[0] - b[0]).hypot(a[2] - b[2]) / time;
        println!("RiMEA {}: {speed:.3} m/s of {:.3}", if up { 2 } else { 3 }, 1.2 * share);
        assert!((speed / (1.2 * f64::from(share)) - 1.0).abs() < 0.05, "{speed}");
    }
}

#[test]
fn rimea_6_twenty_people_round_a_corner_cross_no_wall() {
    // An L of two corridors, 2 m wide; the corner belongs to the first.
    let rooms = [Room([0.0, 0.0, 12.0, 2.0], AreaKind::Corridor), Room([10.0, 2.0, 12.0, 12.0], AreaKind::Corridor)];
    let net = build(&rooms, &[Door(0, 1, [10.0, 2.0], [12.0, 2.0], 2.66)]);
    let people = (0..20).map(|i| walk(i, 0.0, (0, [0.5 + 0.6 * f64::from(i / 3), 0.5 + 0.5 * f64::from(i % 3)]), (1, [11.0, 11.0]), 1.3)).collect();
    let (recorder, s) = run(net, walks(people), Options { track_interval_ms: 100, ..options(200) });
    assert_eq!(s.walkers.arrived, 20);
    for (time, points) in &recorder.tracks {
        for p in points {
            let [x, y, _] = p.position;
            let e = 1e-6;
            let inside = (x >= -e && x <= 12.0 + e && y >= -e && y <= 2.0 + e) || (x >= 10.0 - e && x <= 12.0 + e && y >= 2.0 - e && y <= 12.0 + e);
            assert!(inside, "{time}: {x}, {y} is in the wall");
        }
    }
    let closest = closest(&recorder);
    println!("RiMEA 6: closest {closest:.2} m");
    assert!(closest > 0.25, "bodies overlap: {closest}");
}

/// 200 people leave a room through a door of 1 m: no more than NIST's 1.33 /m/s, and not much less.
#[test]
fn a_door_lets_out_what_its_capacity_says() {
    let rooms = [Room([0.0, 0.0, 15.0, 10.0], AreaKind::Room), Room([15.0, 0.0, 30.0, 10.0], AreaKind::Corridor)];
    let net = build(&rooms, &[Door(0, 1, [15.0, 4.5], [15.0, 5.5], 1.33)]);
    let people: Vec<WalkTrip> = (0..200).map(|i| walk(i, 0.0, (0, [0.5 + 0.7 * f64::from(i / 14), 0.5 + 0.7 * f64::from(i % 14)]), (1, [29.0, 5.0]), 1.3)).collect();
    let (recorder, s) = run(net, walks(people), Options { link_interval_ms: 10_000, ..options(600) });
    assert_eq!((s.walkers.arrived, s.walkers.running), (200, 0), "{:?}", s.walkers);
    let mut out: Vec<(f64, u32)> = recorder.links.iter().flat_map(|(_, until, rows)| rows.iter().filter(|r| r.link == 1).map(|r| (until.as_s(), r.entered))).collect();
    out.retain(|(t, _)| (20.0..=120.0).contains(t));
    let flow = out.iter().map(|o| f64::from(o.1)).sum::<f64>() / (out.len() as f64 * 10.0);
    let closest = closest(&recorder);
    println!("door flow {flow:.2} /s; closest {closest:.2} m; last at {}", recorder.trips.iter().filter_map(|t| t.arrived).max().unwrap());
    assert!(flow < 1.37 && flow > 1.0, "{flow}");
    assert!(closest > 0.25, "bodies overlap: {closest}");
}

/// Speed falls with density about as measured (Jülich, PedPy's data): 1.16 /m² → 1.18, 1.66 → 0.98, 2.98 → 0.30 m/s.
#[test]
fn people_walk_slower_where_it_is_crowded() {
    let mut last = f64::INFINITY;
    for (density, range) in [(0.3, 1.2..1.36), (1.0, 1.0..1.35), (2.0, 0.5..0.85), (3.0, 0.2..0.5)] {
        // A corridor of 60 m × 3 m, filled evenly; speed is measured in its middle during the first seconds.
        let net = build(&[Room([0.0, 0.0, 120.0, 3.0], AreaKind::Corridor)], &[]);
        let step = f64::sqrt(1.0 / density);
        let (columns, rows) = ((60.0 / step) as u32, (3.0 / step).round().max(1.0) as u32);
        let mut people = Vec::new();
        for c in 0..columns {
            for r in 0..rows {
                let mut rng = CounterRng::new(3, u64::from(c), u64::from(r));
                let at = [1.0 + f64::from(c) * step + rng.range(-0.05, 0.05), (f64::from(r) + 0.5) * 3.0 / f64::from(rows) + rng.range(-0.05, 0.05)];
                people.push(walk(c * rows + r, 0.0, (0, at), (0, [119.0, at[1]]), 1.34));
            }
        }
        let (recorder, _) = run(net, walks(people), options(12));
        let speeds: Vec<f64> = recorder.tracks.iter().filter(|t| t.0 >= SimTime::from_s(5)).flat_map(|t| &t.1).filter(|p| (15.0..40.0).contains(&p.position[0])).map(|p| f64::from(p.speed_mps)).collect();
        let mean = speeds.iter().sum::<f64>() / speeds.len() as f64;
        println!("density {density}: {mean:.2} m/s");
        assert!(range.contains(&mean), "density {density}: {mean}");
        assert!(mean < last, "speed must fall with density");
        last = mean;
    }
}

#[test]
fn a_train_lets_people_out_and_nobody_is_lost() {
    let rooms = [Room([0.0, 0.0, 60.0, 6.0], AreaKind::Platform), Room([60.0, 2.0, 80.0, 5.0], AreaKind::Corridor), Room([80.0, -10.0, 110.0, 15.0], AreaKind::Plaza)];
    let net = build(&rooms, &[Door(0, 1, [60.0, 2.0], [60.0, 5.0], 4.0), Door(1, 2, [80.0, 2.0], [80.0, 5.0], 4.0)]);
    let place = |area, position| WalkPlace { area: AreaIx(area), position };
    let train = TrainArrival {
        demand: 3,
        first_trip: 10,
        time: SimTime::from_s(60),
        doors: (0..8).map(|d| place(0, [4.0 + 7.0 * f64::from(d), 0.3])).collect(),
        passengers: 240,
        destinations: vec![(place(2, [105.0, -5.0]), 1.0), (place(2, [105.0, 10.0]), 2.0)],
    };
    let demand = Demand { trains: vec![train], ..Demand::default() };
    let (recorder, s) = run(net.clone(), demand.clone(), options(900));
    assert_eq!((s.walkers.loaded, s.walkers.arrived, s.walkers.running), (240, 240, 0), "{:?}", s.walkers);
    assert!(recorder.trips.iter().all(|t| t.status == TripStatus::Arrived && t.demand == 3 && t.departed.unwrap() >= SimTime::from_s(60)));
    assert!(recorder.events.iter().any(|e| e.kind == "train" && e.value == 240.0));
    // The same people in the same steps for any number of threads.
    let hashes: Vec<_> = [2, 8].map(|threads| run(net.clone(), demand.clone(), Options { threads, ..options(900) }).0.hashes).into();
    assert!(hashes.iter().all(|h| *h == recorder.hashes));
}

#[test]
fn a_goal_without_a_way_is_reported_and_nobody_disappears() {
    let net = build(&[Room([0.0, 0.0, 5.0, 5.0], AreaKind::Room), Room([9.0, 0.0, 14.0, 5.0], AreaKind::Room)], &[]);
    let mut trip = walk(7, 0.0, (0, [1.0, 1.0]), (1, [10.0, 1.0]), 1.3);
    trip.speed = SpeedClass::Senior;
    let (recorder, s) = run(net, walks(vec![trip, walk(8, 0.0, (0, [1.0, 1.0]), (0, [4.0, 4.0]), 1.3)]), options(60));
    assert_eq!((s.walkers.unroutable, s.walkers.arrived), (1, 1));
    assert!(recorder.trips.iter().any(|t| t.status == TripStatus::Unroutable && t.trip == 7));
}

#[test]
fn a_row_of_gates_is_shared_by_its_queues() {
    // Sixty people cross from one hall to the other; six gates of 0.5 persons a second lie between, at one end of the wall.
    let hall = |x0: f64, x1: f64| Room([x0, 0.0, x1, 20.0], AreaKind::Room);
    let gates: Vec<Door> = (0..6).map(|i| Door(0, 1, [20.0, f64::from(i)], [20.0, f64::from(i) + 0.6], 0.5)).collect();
    let mut net = build(&[hall(0.0, 20.0), hall(20.0, 40.0)], &gates);
    net.areas[0].object = Some("paid".into());
    net.areas[1].object = Some("free".into());
    net.portals.iter_mut().enumerate().for_each(|(i, p)| p.object = Some(format!("gate {i}").as_str().into()));
    let people = (0..60).map(|i| walk(i, 0.0, (0, [5.0 + f64::from(i % 10), 8.0 + f64::from(i / 10)]), (1, [35.0, 1.0]), 1.34));
    let (recorder, _) = run(net, walks(people.collect()), options(200));
    assert!(recorder.trips.iter().all(|t| t.status == TripStatus::Arrived));
    let last = recorder.trips.iter().filter_map(|t| t.duration_s()).fold(0.0, f64::max);
    // All through one gate would take two minutes and more; twenty through each of three take 40 s, besides 25 s of walking.
    println!("the last one took {last:.1} s");
    assert!((55.0..85.0).contains(&last), "{last}");
}

#[test]
fn streams_that_meet_in_a_corridor_pass_each_other() {
    let net = build(&[Room([0.0, 0.0, 60.0, 2.4], AreaKind::Corridor)], &[]);
    let person = |i: u32| {
        let (column, row) = (f64::from(i / 2 % 20), 0.4 + 0.8 * f64::from(i / 40));
        let (near, far) = (1.0 + 0.9 * column, 59.0 - 0.9 * column);
        if i.is_multiple_of(2) { walk(i, 0.0, (0, [near, row]), (0, [58.0, row]), 1.34) } else { walk(i, 0.0, (0, [far, row]), (0, [2.0, row]), 1.34) }
    };
    let (recorder, s) = run(net, walks((0..120).map(person).collect()), options(300));
    let last = recorder.trips.iter().filter_map(|t| t.duration_s()).fold(0.0, f64::max);
    println!("{:?}; the last one took {last:.0} s; closest {:.2} m", s.walkers, closest(&recorder));
    assert_eq!(s.walkers.arrived, 120);
    assert!(last < 150.0 && closest(&recorder) > 0.2);
}

#[test]
fn streams_pass_each_other_at_the_mouth_of_a_path() {
    // A path of 10 m opens onto a square; 300 people go each way in five minutes, to and from all over the square.
    let rooms = [Room([0.0, 0.0, 40.0, 10.0], AreaKind::Footway), Room([40.0, -40.0, 90.0, 50.0], AreaKind::Plaza)];
    let net = build(&rooms, &[Door(0, 1, [40.0, 0.0], [40.0, 10.0], 12.2)]);
    let person = |i: u32| {
        let mut rng = CounterRng::new(7, u64::from(i), 0);
        let square = (1, [rng.range(42.0, 88.0), rng.range(-38.0, 48.0)]);
        let path = (0, [1.0, rng.range(1.0, 9.0)]);
        let at = f64::from(i / 2);
        if i.is_multiple_of(2) { walk(i, at, path, square, 1.34) } else { walk(i, at, square, path, 1.34) }
    };
    let (recorder, s) = run(net, walks((0..600).map(person).collect()), options(500));
    let losses: Vec<f64> = recorder.trips.iter().map(|t| t.time_loss_s).collect();
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    println!("{:?}; mean loss {mean:.1} s", s.walkers);
    assert!(s.walkers.arrived == 600 && mean < 15.0, "{mean}");
}
