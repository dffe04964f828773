//! What is recorded is read back equal, after a finished run and after one that was cut off.

use proptest::prelude::*;
use qike_core::SimTime;
use qike_record::*;
use std::path::Path;

fn places() -> Places {
    Places::new(["a>".into(), "a<".into()], ["hall#0".into(), "stair#0".into()])
}

fn point() -> impl Strategy<Value = TrackPoint> {
    let place = prop_oneof![0..4u32, Just(NOWHERE)];
    (0..6usize, place, -1e6..1e6f64, -1e7..1e7f64, -100.0..900.0f64, -7.0..7.0f32, 0.0..60.0f32).prop_map(
        |(kind, link, x, y, z, heading, speed_mps)| TrackPoint {
            agent: 0,
            kind: AgentKind::ALL[kind],
            link,
            position: [x, y, z],
            heading,
            speed_mps,
        },
    )
}

fn trip() -> impl Strategy<Value = Trip> {
    let time = || (0..100_000_000i64).prop_map(SimTime::from_ms);
    let numbers = (0.0..1e5f64, 0.0..1e4f64, 0.0..1e4f64);
    (any::<u32>(), 0..6usize, 0..2u32, any::<u32>(), 0..4usize, prop::option::of((time(), prop::option::of(time()))), time(), numbers, any::<u16>())
        .prop_map(|(agent, kind, demand, trip, status, times, planned, (length, loss, waiting), count)| Trip {
            agent,
            kind: AgentKind::ALL[kind],
            demand,
            trip,
            status: TripStatus::ALL[status],
            origin: 0,
            destination: if count % 2 == 0 { 3 } else { NOWHERE },
            planned,
            departed: times.map(|t| t.0),
            arrived: times.and_then(|t| t.1),
            route_length_m: length,
            time_loss_s: loss,
            waiting_s: waiting,
            reroutes: count,
            teleports: count / 2,
        })
}

fn interval() -> impl Strategy<Value = LinkInterval> {
    (0..4u32, any::<u32>(), any::<u32>(), 0.0..1e6f64, 0.0..1e6f64, 0.0..1e6f64, 0.0..1e3f64, any::<u32>()).prop_map(
        |(link, entered, left, time_spent_s, distance_m, waiting_s, queue_mean, queue_max)| LinkInterval {
            link,
            entered,
            left,
            time_spent_s,
            distance_m,
            waiting_s,
            queue_mean,
            queue_max,
        },
    )
}

fn lamp(shows: SignalLamp) -> SignalChange {
    SignalChange { head: 7, shows, link: 1, position: [512_000.25, 3.5, -1.0], heading: 1.5, width_m: 1.75 }
}

/// A recording of key frames every second, one link interval, trips and events.
fn record(dir: &Path, frames: &[Vec<TrackPoint>], rows: &[LinkInterval], trips: &[Trip]) -> RunWriter {
    let header = Header::new(places(), vec!["cars".into(), "people".into()], "version = 1\n".into());
    let mut writer = RunWriter::create(dir, header).unwrap();
    for (second, points) in frames.iter().enumerate() {
        writer.tracks(SimTime::from_s(second as i64), points).unwrap();
    }
    let end = SimTime::from_s(frames.len() as i64);
    trips.iter().for_each(|trip| writer.trip(trip).unwrap());
    let edit = Event { time: end, kind: "edit".into(), agent: None, link: 1, value: f64::NAN, text: "closed".into() };
    writer.event(&edit).unwrap();
    for (time, shows) in [(SimTime::ZERO, SignalLamp::Red), (end, SignalLamp::GreenMinor)] {
        writer.signals(time, &[lamp(shows)]).unwrap();
    }
    writer.hash(end, u64::MAX - 1).unwrap();
    writer.links(SimTime::ZERO, end, rows).unwrap();
    writer
}

/// What was read equals what was recorded.
fn compare(dir: &Path, frames: &[Vec<TrackPoint>], rows: &[LinkInterval], trips: &[Trip]) {
    let recording = Recording::open(dir).unwrap();
    let end = SimTime::from_s(frames.len() as i64);
    let tracks = recording.tracks_between(SimTime::ZERO, end).unwrap();
    let wanted: Vec<_> = frames.iter().enumerate().filter(|(_, points)| !points.is_empty()).collect();
    assert_eq!(tracks.frames.len(), wanted.len());
    assert_eq!(recording.frame_times().unwrap(), tracks.frames.iter().map(|f| f.time).collect::<Vec<_>>());
    for (frame, (second, points)) in tracks.frames.iter().zip(wanted) {
        assert_eq!(frame.time, SimTime::from_s(second as i64));
        assert_eq!(frame.agents.len(), points.len());
        for (read, written) in frame.agents.iter().zip(points) {
            assert_eq!((read.agent, read.kind), (written.agent, written.kind));
            assert_eq!(tracks.links.get(read.link as usize).map(String::as_str), places().id(written.link));
            for axis in 0..3 {
                assert!((read.position[axis] - written.position[axis]).abs() <= 0.5 / 128.0);
            }
            assert!((read.heading - written.heading).abs() <= 0.5 / 1024.0);
            assert!((read.speed_mps - written.speed_mps).abs() <= 0.5 / 1024.0);
        }
    }
    let read = recording.links().unwrap();
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(rows) {
        assert_eq!((read.begin, read.end, Some(read.link.as_str())), (SimTime::ZERO, end, places().id(row.link)));
        assert_eq!((read.is_area, read.entered, read.left, read.queue_max), (row.link >= 2, row.entered, row.left, row.queue_max));
        assert_eq!((read.time_spent_s, read.distance_m), (row.time_spent_s, row.distance_m));
        assert_eq!((read.waiting_s, read.queue_mean), (row.waiting_s, row.queue_mean));
    }
    let read = recording.signals().unwrap();
    assert_eq!(read.iter().map(|row| (row.time, row.shows)).collect::<Vec<_>>(), [(SimTime::ZERO, SignalLamp::Red), (end, SignalLamp::GreenMinor)]);
    let kept = lamp(SignalLamp::Red);
    assert!(read.iter().all(|row| (row.head, row.position, row.heading, row.width_m) == (kept.head, kept.position, kept.heading, kept.width_m)));
    assert!(read.iter().all(|row| row.link.as_deref() == places().id(kept.link)));
    let read = recording.trips().unwrap();
    assert_eq!(read.len(), trips.len());
    for (read, trip) in read.iter().zip(trips) {
        assert_eq!((read.agent, read.kind, read.trip, read.status), (trip.agent, trip.kind, trip.trip, trip.status));
        assert_eq!(read.demand, ["cars", "people"][trip.demand as usize]);
        assert_eq!((read.origin.as_deref(), read.destination.as_deref()), (Some("a>"), places().id(trip.destination)));
        assert_eq!(read.planned_s, trip.planned.as_s());
        assert_eq!((read.departed_s, read.arrived_s), (trip.departed.map(SimTime::as_s), trip.arrived.map(SimTime::as_s)));
        assert_eq!(read.duration_s, trip.duration_s());
        assert_eq!((read.route_length_m, read.time_loss_s, read.waiting_s), (trip.route_length_m, trip.time_loss_s, trip.waiting_s));
        assert_eq!((read.reroutes, read.teleports), (trip.reroutes, trip.teleports));
    }
    let events = recording.events().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].kind.as_str(), events[0].link.as_deref(), events[0].value), ("edit", Some("a<"), None));
    assert_eq!((events[1].kind.as_str(), events[1].state_hash), ("state_hash", Some(u64::MAX - 1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn round_trip(
        mut frames in prop::collection::vec(prop::collection::vec(point(), 0..20), 1..6),
        rows in prop::collection::vec(interval(), 0..5),
        trips in prop::collection::vec(trip(), 0..8),
    ) {
        for points in &mut frames {
            points.iter_mut().enumerate().for_each(|(i, p)| p.agent = i as u32 * 3);
        }
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("run");
        let writer = record(&dir, &frames, &rows, &trips);
        compare(&dir, &frames, &rows, &trips);
        prop_assert!(!Recording::open(&dir).unwrap().is_finished());
        writer.finish(&Summary { seed: 7, ..Summary::default() }).unwrap();
        compare(&dir, &frames, &rows, &trips);
        let recording = Recording::open(&dir).unwrap();
        prop_assert_eq!(recording.summary().unwrap().seed, 7);
        prop_assert_eq!(recording.scenario().unwrap(), "version = 1\n");
        let mut names: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        prop_assert_eq!(names, ["events.parquet", "links.parquet", "scenario.toml", "signals.parquet", "summary.json", "tracks.parquet", "trips.parquet"]);
    }
}

fn walker(agent: u32, x: f64) -> TrackPoint {
    TrackPoint { agent, kind: AgentKind::Walker, link: 2, position: [x, 0.0, 0.0], heading: 3.1, speed_mps: 1.0 }
}

#[test]
fn a_run_cut_off_is_readable_up_to_its_last_part() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("run");
    let mut writer = RunWriter::create(&dir, Header::new(places(), vec![], String::new())).unwrap();
    for second in 0..10 {
        writer.tracks(SimTime::from_s(second), &[walker(1, second as f64)]).unwrap();
        if second % 5 == 4 {
            writer.links(SimTime::from_s(second - 4), SimTime::from_s(second + 1), &[]).unwrap();
        }
    }
    writer.tracks(SimTime::from_s(10), &[walker(1, 10.0)]).unwrap();
    drop(writer);
    // A part that was being written when the power went.
    std::fs::write(dir.join("unfinished/tracks-000002.tmp"), b"PAR1 half").unwrap();
    let recording = Recording::open(&dir).unwrap();
    assert!(!recording.is_finished());
    assert_eq!(recording.track_span(), Some((SimTime::ZERO, SimTime::from_s(9))));
    assert_eq!(recording.tracks_between(SimTime::from_s(4), SimTime::from_s(5)).unwrap().frames.len(), 2);
    // The next run in the same directory begins anew.
    let writer = RunWriter::create(&dir, Header::new(places(), vec![], String::new())).unwrap();
    writer.finish(&Summary::default()).unwrap();
    assert_eq!(Recording::open(&dir).unwrap().track_span(), None);
}

#[test]
fn between_key_frames_agents_move_on_and_turn_the_short_way() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("run");
    let mut writer = RunWriter::create(&dir, Header::new(places(), vec![], String::new())).unwrap();
    writer.tracks(SimTime::from_s(0), &[walker(1, 0.0), walker(2, 5.0)]).unwrap();
    let turned = TrackPoint { heading: -3.1, ..walker(1, 4.0) };
    writer.tracks(SimTime::from_s(2), &[turned, walker(9, 7.0)]).unwrap();
    writer.finish(&Summary::default()).unwrap();
    let tracks = Recording::open(&dir).unwrap().tracks_between(SimTime::ZERO, SimTime::from_s(2)).unwrap();
    let now = tracks.at(SimTime::from_s(1));
    assert_eq!(now.iter().map(|p| (p.agent, p.position[0])).collect::<Vec<_>>(), [(1, 2.0), (2, 5.0)]);
    assert!((now[0].heading.abs() - std::f32::consts::PI).abs() < 0.01, "{}", now[0].heading);
    assert_eq!(tracks.at(SimTime::from_s(2)).len(), 2);
    assert!(tracks.at(SimTime::from_ms(-1)).is_empty());
}

#[test]
fn foreign_files_are_left_alone_and_faults_name_the_file() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("thesis.txt"), "years of work").unwrap();
    let header = || Header::new(places(), vec![], String::new());
    assert!(matches!(RunWriter::create(temp.path(), header()), Err(RecordError::Occupied(_))));
    assert!(matches!(Recording::open(temp.path()), Err(RecordError::NoRecording(_))));
    let dir = temp.path().join("run");
    RunWriter::create(&dir, header()).unwrap().finish(&Summary::default()).unwrap();
    let whole = std::fs::read(dir.join("tracks.parquet")).unwrap();
    std::fs::write(dir.join("tracks.parquet"), &whole[..whole.len() / 2]).unwrap();
    let message = Recording::open(&dir).unwrap_err().to_string();
    assert!(message.contains("tracks.parquet"), "{message}");
    std::fs::write(dir.join("summary.json"), "{").unwrap();
    assert!(Recording::open(&dir).unwrap_err().to_string().contains("summary.json"));
}
