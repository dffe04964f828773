//! Comparisons against numbers worked out by hand.

use super::*;
use qike_core::SimTime;
use qike_record::{AgentKind, Header, LinkInterval, Places, Recorder, RunInfo, RunWriter, Summary, Trip, TripStatus};

fn trip(number: u32, kind: AgentKind, duration_s: Option<i64>, loss: f64) -> Trip {
    Trip {
        agent: number,
        kind,
        demand: u32::from(kind == AgentKind::Walker),
        trip: number,
        status: if duration_s.is_some() { TripStatus::Arrived } else { TripStatus::Running },
        origin: 0,
        destination: 1,
        planned: SimTime::from_s(100),
        departed: Some(SimTime::from_s(104)),
        arrived: duration_s.map(|s| SimTime::from_s(104 + s)),
        route_length_m: 1000.0,
        time_loss_s: loss,
        waiting_s: loss / 2.0,
        reroutes: 0,
        teleports: 1,
    }
}

fn interval(link: u32, left: u32, time_spent_s: f64, distance_m: f64, waiting_s: f64, queue_max: u32) -> LinkInterval {
    LinkInterval { link, entered: left, left, time_spent_s, distance_m, waiting_s, queue_mean: waiting_s / 1800.0, queue_max }
}

/// A run of half an hour with these trips and intervals.
fn record(dir: &Path, seed: u64, network: &str, trips: &[Trip], rows: &[LinkInterval]) {
    let places = Places::new(["a".into(), "b".into()], ["hall".into()]);
    let names = vec!["cars".to_owned(), "people".to_owned()];
    let mut writer = RunWriter::create(dir, Header::new(places, names, String::new())).unwrap();
    trips.iter().for_each(|t| writer.trip(t).unwrap());
    writer.links(SimTime::ZERO, SimTime::from_s(1800), rows).unwrap();
    let scenario = dir.ancestors().find_map(|d| d.file_name().filter(|n| !n.to_string_lossy().starts_with("seed-"))).unwrap();
    let run = RunInfo { scenario: scenario.to_string_lossy().into_owned(), network_hash: network.into(), ..RunInfo::default() };
    writer.finish(&Summary { seed, sim_seconds: 1800.0, run, ..Summary::default() }).unwrap();
}

fn base_trips() -> Vec<Trip> {
    let car = |n, d: i64, loss| trip(n, AgentKind::Car, Some(d), loss);
    vec![car(0, 100, 10.0), car(1, 200, 20.0), car(2, 300, 30.0), trip(3, AgentKind::Car, None, 99.0), trip(4, AgentKind::Walker, Some(50), 5.0)]
}

fn figure(changes: &[Change], key: &str) -> Change {
    changes.iter().find(|c| c.key == key).unwrap_or_else(|| panic!("no {key}")).clone()
}

#[test]
fn figures_are_those_worked_out_by_hand() {
    let temp = tempfile::tempdir().unwrap();
    let (a, b) = (temp.path().join("base"), temp.path().join("closed"));
    let rows = [interval(0, 300, 3000.0, 30_000.0, 900.0, 4), interval(1, 100, 500.0, 5000.0, 0.0, 0), interval(2, 40, 400.0, 400.0, 0.0, 9)];
    record(&a, 1, "n", &base_trips(), &rows);
    let mut slower = base_trips();
    slower[0] = trip(0, AgentKind::Car, Some(130), 40.0);
    slower[1] = trip(1, AgentKind::Car, Some(210), 30.0);
    slower[2] = trip(2, AgentKind::Car, None, 0.0);
    let rows = [interval(0, 300, 3000.0, 30_000.0, 900.0, 4), interval(1, 400, 4000.0, 20_000.0, 3600.0, 12), interval(2, 40, 400.0, 400.0, 0.0, 9)];
    record(&b, 1, "n", &slower, &rows);
    let comparison = compare(&[a, b]).unwrap();
    assert_eq!(comparison.warnings, Vec::<String>::new());
    let d = &comparison.differences[0];
    let of = |key: &str| figure(&d.figures, key);
    let duration = of("mean_duration");
    // (100 + 200 + 300) / 3 and (130 + 210) / 2; the two that arrived in both lost 30 and 10.
    assert_eq!((duration.base, duration.value, duration.change, duration.change_percent), (Some(200.0), Some(170.0), Some(-30.0), Some(-15.0)));
    assert_eq!(duration.basis, Some(Basis::PairedTrips));
    let interval = duration.interval.unwrap();
    assert_eq!((interval.low, interval.mean, interval.high, interval.of), (10.0, 20.0, 30.0, 2));
    let pair = |key: &str| (of(key).base, of(key).value);
    assert_eq!(pair("mean_time_loss"), (Some(20.0), Some(35.0)));
    assert_eq!(pair("mean_waiting"), (Some(10.0), Some(17.5)));
    assert_eq!(pair("mean_depart_delay"), (Some(4.0), Some(4.0)));
    assert_eq!(pair("throughput"), (Some(6.0), Some(4.0)));
    assert_eq!(pair("arrived"), (Some(3.0), Some(2.0)));
    assert_eq!(pair("running"), (Some(1.0), Some(2.0)));
    assert_eq!(pair("loaded"), (Some(4.0), Some(4.0)));
    assert_eq!(pair("teleported"), (Some(4.0), Some(4.0)));
    assert_eq!(pair("mean_speed"), (Some(5.0), Some(2000.0 / 340.0)));
    // Waiting seconds of both links over 1,800 s; the hall's queue is none of vehicles.
    assert_eq!(pair("mean_queue"), (Some(0.5), Some(2.5)));
    assert_eq!(pair("max_queue"), (Some(4.0), Some(12.0)));
    assert_eq!(pair("walkers_mean_duration"), (Some(50.0), Some(50.0)));
    assert_eq!(pair("walkers_arrived"), (Some(1.0), Some(1.0)));
    let people = &d.demand.iter().find(|(name, _)| name == "people").unwrap().1;
    assert!(people.iter().all(|c| c.key.starts_with("walkers_")));
    assert_eq!(d.demand.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["cars", "people"]);
    // Only link b changed: 200 → 800 an hour, 10 → 5 m/s, no queue → 2 on average.
    assert_eq!(d.links.len(), 1);
    let b = &d.links[0];
    assert_eq!((b.link.as_str(), b.flow_base_per_h, b.flow_per_h), ("b", 200.0, 800.0));
    assert!((b.geh - (2.0 * 600.0f64.powi(2) / 1000.0).sqrt()).abs() < 1e-12);
    assert_eq!((b.speed_base_mps, b.speed_mps, b.queue_base, b.queue), (Some(10.0), Some(5.0), 0.0, 2.0));
    assert!(d.areas.is_empty());
}

#[test]
fn seeds_are_paired_where_they_can_be() {
    let temp = tempfile::tempdir().unwrap();
    let (a, b, c) = (temp.path().join("a"), temp.path().join("b"), temp.path().join("c"));
    for (seed, before, after) in [(1, 100, 110), (2, 200, 230), (10, 300, 320)] {
        record(&a.join(format!("seed-{seed}")), seed, "n", &[trip(0, AgentKind::Car, Some(before), 0.0)], &[]);
        record(&b.join(format!("seed-{seed}")), seed, "n", &[trip(0, AgentKind::Car, Some(after), 0.0)], &[]);
        record(&c.join(format!("seed-{}", seed + 50)), seed + 50, "other", &[trip(0, AgentKind::Car, Some(after), 0.0)], &[]);
    }
    let comparison = compare(&[a, b, c]).unwrap();
    assert_eq!(comparison.runs[0].seeds, [1, 2, 10]);
    let paired = figure(&comparison.differences[0].figures, "mean_duration");
    assert_eq!((paired.change, paired.basis), (Some(20.0), Some(Basis::PairedSeeds)));
    let interval = paired.interval.unwrap();
    assert!(interval.low >= 10.0 && interval.high <= 30.0 && interval.excludes_zero(), "{interval:?}");
    let unpaired = figure(&comparison.differences[1].figures, "mean_duration");
    assert_eq!((unpaired.change, unpaired.basis), (Some(20.0), Some(Basis::Seeds)));
    assert!(!unpaired.interval.unwrap().excludes_zero(), "days differ by more than the change");
    assert_eq!(comparison.warnings.len(), 2, "{:?}", comparison.warnings);
    assert!(comparison.warnings[0].contains("network") && comparison.warnings[1].contains("seeds"));
}

#[test]
fn the_table_lines_up() {
    let temp = tempfile::tempdir().unwrap();
    let (a, b) = (temp.path().join("base"), temp.path().join("closed"));
    record(&a, 1, "n", &base_trips(), &[interval(0, 300, 3000.0, 30_000.0, 900.0, 4)]);
    let mut slower = base_trips();
    slower[0] = trip(0, AgentKind::Car, Some(130), 40.0);
    record(&b, 1, "n", &slower, &[interval(0, 100, 3000.0, 10_000.0, 2700.0, 11)]);
    insta::assert_snapshot!(compare(&[a, b]).unwrap().to_text());
}

#[test]
fn what_is_no_run_is_refused_by_name() {
    let temp = tempfile::tempdir().unwrap();
    assert!(matches!(compare(&[temp.path().to_owned()]), Err(RunError::Usage(_))));
    let message = compare(&[temp.path().to_owned(), temp.path().join("none")]).unwrap_err().to_string();
    assert!(message.contains(&temp.path().display().to_string()), "{message}");
}

#[test]
fn geh_of_the_textbook() {
    // 1,000 counted against 1,200 modelled: √(2 · 200² / 2200) = 6.03.
    assert!((geh(1000.0, 1200.0) - 6.0302).abs() < 1e-4);
    assert_eq!(geh(0.0, 0.0), 0.0);
}
