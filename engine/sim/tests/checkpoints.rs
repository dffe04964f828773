//! Saved, resumed and forked runs go on as the uninterrupted one does, to the last bit.

#[allow(dead_code)] // The maps are shared with other files of tests.
mod streets;

use qike_network::traffic::{Interval, Parking, ParkingArea, Rerouter, RoadUsers, SpeedSign, Stop, StopPlace, StoppingPlace, SwitchRule, TrafficScenario};
use qike_sim::TrafficModel;
use qike_sim::micro::Micro;
use qike_sim::queue::Queues;
use qike_sim::state::Exchange;
use std::sync::Arc;
use streets::{arterials, merge};

type Made<'a> = &'a dyn Fn() -> Box<dyn TrafficModel>;

fn saved(model: &mut dyn TrafficModel) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.exchange(&mut Exchange::Save(&mut bytes)).unwrap();
    bytes
}

fn resumed(made: Made<'_>, mut bytes: &[u8]) -> Box<dyn TrafficModel> {
    let mut model = made();
    model.exchange(&mut Exchange::Load(&mut bytes)).unwrap();
    assert!(bytes.is_empty());
    model
}

/// Steps until a time; what each step gave.
fn steps(model: &mut dyn TrafficModel, until_ms: i64) -> Vec<String> {
    let (mut all, mut seen) = (Vec::new(), Vec::new());
    while !model.finished() && model.now_ms() < until_ms {
        model.step();
        seen.clear();
        model.everybody(&mut seen);
        all.push(format!("{} {:016x} {:?} {:?} {seen:?}", model.now_ms(), model.hash(), model.counts(), model.take_trips()));
    }
    all
}

/// Saves, resumes and forks at some times, s; all go on as one, and save the same bytes again.
fn goes_on(name: &str, made: Made<'_>, times: &[i64]) {
    for at in times {
        let (at, later) = (at * 1000, at * 1000 + 40_000);
        let mut whole = made();
        steps(&mut *whole, at);
        let bytes = saved(&mut *whole);
        let mut other = resumed(made, &bytes);
        assert!(saved(&mut *other) == bytes, "{name}: what is read at {at} ms is written as it was");
        let mut fork = whole.fork();
        let should = steps(&mut *whole, later);
        assert!(steps(&mut *other, later) == should, "{name}: resumed at {at} ms");
        assert!(steps(&mut *fork, later) == should, "{name}: forked at {at} ms");
        let end = saved(&mut *whole);
        assert!(saved(&mut *other) == end, "{name}: resumed at {at} ms, saved again");
        assert!(saved(&mut *fork) == end, "{name}: forked at {at} ms, saved again");
        assert!(steps(&mut *other, i64::MAX) == steps(&mut *whole, i64::MAX), "{name}: from {at} ms to the end");
    }
}

/// Closures, speed signs, stops, a car park, rerouters, drivers who look for ways, an actuated light, gridlock.
fn everything() -> TrafficScenario {
    let mut s = arterials(2, 90);
    let place = |lane, from_m: f64| StoppingPlace { id: format!("stop {lane}"), lane, from_m, to_m: from_m + 30.0, ..StoppingPlace::default() };
    s.extras.stops = vec![place(0, 400.0), place(3, 100.0)];
    s.extras.parking = vec![ParkingArea { place: place(0, 800.0), capacity: 2, on_road: false }];
    s.extras.signs = vec![SpeedSign { id: "slow".into(), lanes: vec![0, 1, 9], steps: vec![(20_000, Some(6.0)), (90_000, None)] }];
    let closed = Interval { begin_ms: 30_000, end_ms: 80_000, closed_lanes: vec![(1, RoadUsers::NONE), (10, RoadUsers::TRUCK)], ..Interval::default() };
    let sent = Interval { begin_ms: 50_000, end_ms: 200_000, paths: vec![(0, 1.0)], destinations: vec![(Some(0), 1.0), (None, 2.0)], ..Interval::default() };
    s.extras.rerouters = vec![Rerouter { id: "closed".into(), edges: vec![0], probability: 1.0, intervals: vec![closed] }, Rerouter { id: "sent".into(), edges: vec![0], probability: 0.5, intervals: vec![sent] }];
    let halts = [(StopPlace::Stop(0), Parking::OnRoad), (StopPlace::Parking(0), Parking::Beside), (StopPlace::Lane { lane: 2, from_m: 500.0, to_m: 520.0 }, Parking::OnRoad), (StopPlace::Stop(1), Parking::Beside)];
    for (n, (_, _, travel)) in s.demand.vehicles.iter_mut().enumerate().filter(|(n, _)| n % 10 == 0) {
        let (place, parking) = halts[n / 10 % 4];
        let stop = Stop { place, duration_ms: Some(25_000), until_ms: None, triggered: false, parking, speed_mps: None };
        travel.stops.push(stop);
    }
    s.settings.rerouting = Some((0.5, 15_000));
    s.settings.teleport_after_ms = Some(25_000);
    let plan = &mut s.map.plans[0];
    plan.rule = SwitchRule::Actuated { max_gap_s: 3.0, detector_gap_s: 2.0, passing_time_s: 1.9 };
    for phase in &mut plan.phases {
        phase.bounds_ms = Some((5000, 40_000));
    }
    s
}

fn pool() -> Arc<rayon::ThreadPool> {
    Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap())
}

#[test]
fn lanes_go_on_where_they_were_saved() {
    let all = everything();
    goes_on("everything", &|| Box::new(Micro::new(&all, 5, None).unwrap()), &[0, 1, 25, 61, 85, 150]);
    let merging = merge(60);
    goes_on("merge", &|| Box::new(Micro::new(&merging, 5, None).unwrap()), &[30, 100]);
}

#[test]
fn threads_make_no_difference_to_what_is_saved() {
    let many = arterials(12, 150);
    let mut one = Micro::new(&many, 5, None).unwrap();
    steps(&mut one, 70_000);
    let bytes = saved(&mut one);
    let mut two = resumed(&|| Box::new(Micro::new(&many, 5, Some(pool())).unwrap()), &bytes);
    assert!(one.counts().running > 1024, "so many that two threads share them: {:?}", one.counts());
    assert!(steps(&mut *two, 110_000) == steps(&mut one, 110_000));
    assert!(saved(&mut *two) == saved(&mut one));
}

#[test]
fn queues_go_on_where_they_were_saved() {
    let all = everything();
    goes_on("everything", &|| Box::new(Queues::new(&all, 5).unwrap()), &[0, 1, 25, 61, 85, 150]);
    let merging = merge(60);
    goes_on("merge", &|| Box::new(Queues::new(&merging, 5).unwrap()), &[30, 100]);
}

#[test]
fn a_state_of_another_scenario_is_told() {
    let (a, b) = (merge(60), arterials(1, 40));
    let told = |made: Made<'_>, bytes: &[u8]| made().exchange(&mut Exchange::Load(&mut &*bytes)).unwrap_err().to_string();
    let mut micro = Micro::new(&a, 5, None).unwrap();
    steps(&mut micro, 30_000);
    let bytes = saved(&mut micro);
    assert_eq!(told(&|| Box::new(Micro::new(&b, 5, None).unwrap()), &bytes), "its part 'lanes' has 5 places, and this scenario 9");
    assert_eq!(told(&|| Box::new(Micro::new(&a, 6, None).unwrap()), &bytes), "its part 'seed' is another one");
    let mut queues = Queues::new(&a, 5).unwrap();
    steps(&mut queues, 30_000);
    let bytes = saved(&mut queues);
    assert_eq!(told(&|| Box::new(Queues::new(&b, 5).unwrap()), &bytes), "its part 'lanes' has 10 places, and this scenario 12");
}

/// Whatever is changed in a state, reading it ends, in a model or in a message. (A file has a seal besides, over all that it holds.)
#[test]
fn changed_states_are_read_or_told() {
    let s = everything();
    let made: [Made<'_>; 2] = [&|| Box::new(Micro::new(&s, 5, None).unwrap()), &|| Box::new(Queues::new(&s, 5).unwrap())];
    for made in made {
        let mut model = made();
        steps(&mut *model, 61_000);
        let bytes = saved(&mut *model);
        let (mut told, mut rng) = (0, qike_core::CounterRng::new(7, 0, 0));
        for _ in 0..300 {
            let mut changed = bytes.clone();
            let at = rng.below(changed.len() as u64) as usize;
            changed[at] = changed[at].wrapping_add(1 + rng.below(255) as u8);
            told += i32::from(made().exchange(&mut Exchange::Load(&mut &changed[..])).is_err());
            changed.truncate(at);
            assert!(made().exchange(&mut Exchange::Load(&mut &changed[..])).is_err(), "cut off at {at}");
        }
        assert!(told > 20, "{told} of 300 were told");
    }
}
