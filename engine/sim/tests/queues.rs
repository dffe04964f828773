//! The queue model beside theory of kinematic waves and beside the lane-level model, on small maps made here.

#[allow(dead_code)] // The maps are shared with other files of tests.
mod streets;

use qike_network::traffic::{TrafficScenario, VehicleKind};
use qike_sim::TrafficModel;
use qike_sim::micro::{Micro, OnRoad, TripRow};
use qike_sim::queue::Queues;
use streets::{LIMIT, arterials, car, exact, idm, merge, signalled, through_short};

/// Length and gap of a car, m.
const ROOM: f64 = 7.5;

/// Runs to the end; after each step `look` sees everybody and the time, s.
fn run(model: &mut dyn TrafficModel, mut look: impl FnMut(&[OnRoad], f64)) -> Vec<TripRow> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    while !model.finished() {
        model.step();
        all.clear();
        model.everybody(&mut all);
        look(&all, model.now_ms() as f64 / 1000.0);
        rows.extend(model.take_trips());
    }
    rows
}

fn queues(scenario: &TrafficScenario) -> Queues {
    Queues::new(scenario, 1).unwrap()
}

fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// Times at which the vehicles left the first lane, s, in order.
fn crossings(model: &mut dyn TrafficModel) -> Vec<f64> {
    let (mut before, mut times) = (Vec::new(), Vec::new());
    run(model, |all, at| {
        let now: Vec<u32> = all.iter().filter(|o| o.way.lane == 0).map(|o| o.way.vehicle).collect();
        times.extend(before.iter().filter(|v| !now.contains(v)).map(|_| at));
        before = now;
    });
    times
}

/// Flow over a line of vehicles that had queued, from the fifth on (HCM), per hour.
fn saturation(model: &mut dyn TrafficModel) -> f64 {
    let times: Vec<f64> = crossings(model).into_iter().filter(|t| *t > 300.0).collect();
    80.0 / (times[84] - times[4]) * 3600.0
}

#[test]
fn a_queue_leaves_a_light_as_fast_as_in_the_lane_level_model() {
    for (name, kind) in [("Krauss", exact(car())), ("Krauss without chance", exact(VehicleKind { sigma: 0.0, ..car() })), ("IDM", exact(idm())), ("slower to react", exact(VehicleKind { tau_s: 1.6, ..car() }))] {
        let scenario = signalled(kind, &[(300, "r"), (400, "G")], 150, 1.8);
        let mean = (1..=3).map(|seed| saturation(&mut Micro::new(&scenario, seed, None).unwrap())).sum::<f64>() / 3.0;
        let flow = saturation(&mut queues(&scenario));
        println!("{name}: {flow:.0} veh/h, lane by lane {mean:.0}");
        assert!((flow / mean - 1.0).abs() < 0.06, "{name}: {flow} veh/h, lane by lane {mean}");
    }
}

/// Edges shorter than a vehicle between two junctions are no bottlenecks: who drives over the one junction needs room beyond it only
/// when those before have driven over the next one.
#[test]
fn an_edge_of_one_metre_lets_as_many_through_as_a_long_one() {
    let phases = [(300, "r"), (400, "G")];
    let kind = exact(VehicleKind { sigma: 0.0, ..car() });
    let (long, short) = (saturation(&mut queues(&signalled(kind.clone(), &phases, 150, 1.8))), saturation(&mut queues(&through_short(kind, &phases, 150, 1.8))));
    println!("{short:.0} veh/h over a short edge, {long:.0} over a long one");
    assert!((short / long - 1.0).abs() < 0.05, "{short} veh/h over a short edge, {long} over a long one");
}

/// Who drove before on the road has left nothing behind that those after him are taken for.
#[test]
fn travellers_are_told_by_their_own_number() {
    let scenario = merge(60);
    let mut model = queues(&scenario);
    let mut delays = std::collections::BTreeMap::new();
    while !model.finished() {
        model.step();
        for row in model.take_trips() {
            delays.insert(row.vehicle, row.depart_delay_ms);
        }
        let mut all = Vec::new();
        model.everybody(&mut all);
        for on in &all {
            let one = model.traveller(on.way.vehicle).unwrap();
            assert_eq!(one.id, scenario.demand.vehicles[on.way.vehicle as usize].0);
            delays.entry(on.way.vehicle).and_modify(|d| assert_eq!(*d, one.depart_delay_ms)).or_insert(one.depart_delay_ms);
        }
        for (vehicle, delay) in &delays {
            assert_eq!(model.traveller(*vehicle).unwrap().depart_delay_ms, *delay);
        }
    }
    assert_eq!(delays.len(), 120);
}

/// The tail of a queue moves upstream at Δq/Δk between those who come and those who stand (Lighthill, Whitham 1955; Richards 1956).
#[test]
fn the_queue_grows_at_the_speed_of_the_shock() {
    let headway = 4.0;
    let scenario = signalled(exact(VehicleKind { sigma: 0.0, ..car() }), &[(600, "r"), (200, "G")], 120, headway);
    let mut tail = Vec::new();
    run(&mut queues(&scenario), |all, at| {
        let last = all.iter().filter(|o| o.way.lane == 0 && o.way.speed_mps < 0.1).map(|o| o.way.position_m).fold(f64::INFINITY, f64::min);
        if (200.0..500.0).contains(&at) && last.is_finite() {
            tail.push((at, last));
        }
    });
    let theory = (1.0 / headway) / (1.0 / headway / LIMIT - 1.0 / ROOM);
    let measured = slope(&tail);
    println!("tail {measured:.3} m/s, theory {theory:.3} m/s");
    assert!((measured / theory - 1.0).abs() < 0.05, "{measured}, theory {theory}");
}

/// Holes run back at the speed of the wave: a full road lets somebody in only when the start of its queue has got to its beginning.
#[test]
fn room_comes_back_with_the_wave() {
    let kind = exact(VehicleKind { sigma: 0.0, ..car() });
    let mut scenario = signalled(kind, &[(1500, "r"), (600, "G")], 240, 1.8);
    scenario.settings.max_depart_delay_ms = None;
    let (mut most, mut last, mut came) = (0, 0, None);
    run(&mut queues(&scenario), |all, at| {
        let on = all.iter().filter(|o| o.way.lane == 0).count();
        most = most.max(on);
        let newest = all.iter().map(|o| o.way.vehicle).max().unwrap_or(0);
        if at > 1400.0 && came.is_none() && newest > last {
            came = Some(at);
        }
        last = last.max(newest);
    });
    let storage = (1500.0 / ROOM) as usize;
    assert!(most <= storage && most + 1 >= storage, "{most} of {storage} places were taken");
    // Without chance a start takes a headway of 1 s for each vehicle.
    let theory = 1500.0 + 1500.0 / ROOM;
    let came = came.expect("those who waited come in");
    assert!((came - theory).abs() < 0.03 * 200.0 + 2.0, "{came} s, theory {theory} s");
}

/// Uniform delay d = (C − g)² / (2 C (1 − q/s)) (Webster 1958), with the green that counts.
#[test]
fn delay_at_a_light_is_websters() {
    let (green, cycle, headway) = (30.0, 70.0, 10.3);
    let kind = exact(VehicleKind { sigma: 0.0, ..car() });
    let mean = |phases: &[(i64, &str)]| {
        let rows = run(&mut queues(&signalled(kind.clone(), phases, 300, headway)), |_, _| {});
        assert_eq!(rows.len(), 300);
        rows.iter().map(|r| r.duration_ms as f64 / 1000.0).sum::<f64>() / 300.0
    };
    let delay = mean(&[(30, "G"), (3, "y"), (37, "r")]) - mean(&[(1000, "G")]);
    let (q, s) = (1.0 / headway, 1.0 / (1.0 + ROOM / LIMIT));
    let webster = |g: f64| (cycle - g).powi(2) / (2.0 * cycle * (1.0 - q / s));
    println!("delay {delay:.2} s; Webster {:.2} s at g = {green}", webster(green));
    // Starting takes some of the green, yellow adds to it, and who starts has to gain speed beyond the line.
    assert!(delay > webster(green + 2.0) && delay < webster(green - 4.0), "{delay}");
}

#[test]
fn a_lane_is_first_in_first_out_and_nobody_is_lost() {
    let slow = VehicleKind { max_speed_mps: 7.0, ..car() };
    let mut scenario = signalled(car(), &[(30, "G"), (3, "y"), (37, "r")], 150, 2.5);
    scenario.demand.kinds.push(slow);
    for (n, (_, _, travel)) in scenario.demand.vehicles.iter_mut().enumerate() {
        travel.kind = qike_network::traffic::TypeRef::Kind(u32::from(n % 7 == 3));
    }
    let mut model = queues(&scenario);
    let rows = run(&mut model, |_, _| {});
    assert!(rows.windows(2).all(|p| p[0].depart_ms < p[1].depart_ms));
    let c = model.counts();
    assert_eq!((c.loaded, c.inserted, c.arrived, c.running, c.waiting, c.discarded, c.teleported, rows.len()), (150, 150, 150, 0, 0, 0, 0, 150));
}

/// At each moment all who departed are on the road or have arrived, each once and between the ends of its lane.
#[test]
fn everybody_is_somewhere_and_only_there() {
    let mut model = queues(&arterials(4, 300));
    let streets = TrafficModel::streets(&model).clone();
    let (mut all, mut arrived) = (Vec::new(), 0);
    while !model.finished() {
        model.step();
        arrived += model.take_trips().len() as u64;
        all.clear();
        model.everybody(&mut all);
        let c = model.counts();
        assert_eq!((c.inserted, c.arrived), (all.len() as u64 + arrived, arrived));
        assert!(all.iter().all(|o| (0.0..=streets.lanes[o.way.lane as usize].length + 1e-6).contains(&o.way.position_m)));
        let mut numbers: Vec<u32> = all.iter().map(|o| o.way.vehicle).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|p| p[0] < p[1]));
        assert_eq!(model.under_way().len(), all.len());
    }
    assert_eq!(arrived, 1200);
    let sums = model.edge_sums().unwrap();
    assert_eq!(sums.iter().map(|s| (s.departed, s.arrived)).fold((0, 0), |a, s| (a.0 + s.0, a.1 + s.1)), (1200, 1200));
    assert!(sums.iter().all(|s| s.departed + s.entered == s.left + s.arrived));
}

/// At a merge near its capacity who goes first loses as little, and who gives way about as much, as in the lane-level model.
#[test]
fn who_gives_way_waits_and_comes_through() {
    let lost = |model: &mut dyn TrafficModel| {
        let rows = run(model, |_, _| {});
        assert_eq!(rows.len(), 300);
        let mean = |path: u32| rows.iter().filter(|r| r.vehicle % 2 == path).map(|r| r.loss_s).sum::<f64>() / 150.0;
        [mean(0), mean(1)]
    };
    let scenario = merge(150);
    let (of_queues, lanes) = (lost(&mut queues(&scenario)), lost(&mut Micro::new(&scenario, 1, None).unwrap()));
    println!("lost on the major and the minor road: {of_queues:.1?} s, lane by lane {lanes:.1?} s");
    assert!(of_queues[0] < lanes[0] + 5.0 && of_queues[1] > of_queues[0] + 5.0, "{of_queues:?} {lanes:?}");
    assert!((of_queues[1] / lanes[1]).ln().abs() < 0.7, "{of_queues:?} {lanes:?}");
}

/// The mean duration is that of the lane-level model, below capacity and with a queue that grows.
#[test]
fn durations_are_those_of_the_lane_level_model() {
    for headway in [4.5, 3.0] {
        let scenario = signalled(car(), &[(30, "G"), (3, "y"), (37, "r")], 200, headway);
        let mean = |rows: Vec<TripRow>| rows.iter().map(|r| r.duration_ms as f64 / 1000.0).sum::<f64>() / rows.len() as f64;
        let (lanes, of_queues) = (mean(run(&mut Micro::new(&scenario, 1, None).unwrap(), |_, _| {})), mean(run(&mut queues(&scenario), |_, _| {})));
        println!("every {headway} s: {of_queues:.1} s, lane by lane {lanes:.1} s");
        assert!((of_queues / lanes - 1.0).abs() < 0.1, "every {headway} s: {of_queues} s, lane by lane {lanes} s");
    }
}

/// A clone goes on as the original does, and neither knows of the other.
#[test]
fn a_fork_of_a_running_city_goes_on_bit_by_bit() {
    let mut model = queues(&arterials(4, 300));
    (0..60).for_each(|_| model.step());
    let mut fork = model.clone();
    let (here, there) = (run(&mut model, |_, _| {}), run(&mut fork, |_, _| {}));
    assert_eq!(here, there);
    assert_eq!(model.hash(), fork.hash());
    let mut again = queues(&arterials(4, 300));
    run(&mut again, |_, _| {});
    assert_eq!(again.hash(), model.hash());
}
