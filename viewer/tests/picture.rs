//! The picture of a tiny city against a kept one, drawn by whatever adapter the machine has (lavapipe in CI).

mod common;

use clap::Parser;
use qike_core::SimTime;
use qike_record::{AgentKind, Header, Places, Recorder, Recording, RunWriter, SignalChange, SignalLamp, TrackPoint};
use qike_viewer::app::{ShowError, has_adapter, picture, prepare};
use qike_viewer::model::city::City;
use qike_viewer::options::Options;
use qike_viewer::replay::{Replay, Replays};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Share of pixels that may differ, and by how much (of 255): drivers round differently at edges.
const TOLERANCE: (f64, u8) = (0.03, 24);

type Picture = (u32, u32, Vec<u8>);

fn draw(city: &Arc<City>, mut replays: Replays, line: &str) -> Picture {
    let options = Options::try_parse_from(format!("v city {line}").split_whitespace()).expect("options");
    let viewer = prepare(city, &mut replays, &options).expect("a view");
    picture(city.clone(), replays, viewer, &options, Instant::now()).expect("a picture").picture.expect("pixels")
}

/// True where pictures can be drawn; CI must be able to.
fn can_draw() -> bool {
    let can = has_adapter();
    assert!(can || std::env::var_os("QIKE_REQUIRE_DATA").is_none(), "no Vulkan adapter (install mesa-vulkan-drivers)");
    if !can {
        eprintln!("skipped: no Vulkan adapter (install mesa-vulkan-drivers)");
    }
    can
}

/// Share of the pixels in a range of columns that differ between two pictures.
fn difference(a: &Picture, b: &Picture, columns: std::ops::Range<u32>) -> f64 {
    let differs = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > TOLERANCE.1);
    let pixels = a.2.chunks(3).zip(b.2.chunks(3)).enumerate().filter(|(i, _)| columns.contains(&(*i as u32 % a.0)));
    pixels.filter(|(_, pair)| differs(*pair)).count() as f64 / f64::from(columns.len() as u32 * a.1)
}

/// What is wrong with a picture, if anything.
fn compare(name: &str, drawn: &Picture, written: &Path) -> Option<String> {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.png"));
    let Ok(bytes) = std::fs::read(&kept) else { return Some(format!("{} is missing; the new picture is {}", kept.display(), written.display())) };
    let image = bevy::image::Image::from_buffer(
        &bytes,
        bevy::image::ImageType::Extension("png"),
        Default::default(),
        true,
        Default::default(),
        bevy::asset::RenderAssetUsages::MAIN_WORLD,
    );
    let image = image.expect("a PNG").try_into_dynamic().expect("pixels").to_rgb8();
    assert_eq!((image.width(), image.height()), (drawn.0, drawn.1));
    let share = difference(&(drawn.0, drawn.1, image.into_raw()), drawn, 0..drawn.0);
    (share > TOLERANCE.0).then(|| format!("{name}: {:.1} % of the pixels differ; the new picture is {}", share * 100.0, written.display()))
}

#[test]
fn pictures_look_as_they_did() {
    if !can_draw() {
        return;
    }
    let city = Arc::new(City::build(Arc::new(common::city())));
    assert!(city.broken.is_empty());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut wrong = Vec::new();
    for (name, line) in [
        ("overview", "--camera overview"),
        ("inside", "--camera station-inside --storey 1 --legend --lang zh"),
        ("underground", "--camera station --underground"),
    ] {
        let file = folder.join(format!("{name}.png"));
        let drawn = draw(&city, Replays::default(), &format!("{line} --size 640x360 --screenshot {}", file.display()));
        wrong.extend(compare(name, &drawn, &file));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A recording of a convoy of buses and people beside it on the avenue, or of nobody.
fn recording(folder: &Path, somebody: bool) -> Replay {
    let header = Header::new(Places::new(["avenue>".into()], []), vec!["all".into()], "version = 1\n".into());
    let mut writer = RunWriter::create(folder, header).expect("a folder");
    for second in 0..20 {
        let agent = |agent: u32| TrackPoint {
            agent,
            kind: if agent < 6 { AgentKind::Bus } else { AgentKind::Walker },
            link: 0,
            position: [589_000.0 + 34.0 + f64::from(agent % 6) * 2.0, 3_420_000.0 + 8.0 + f64::from(agent % 6) * 14.0 + second as f64 * 3.0, 0.0],
            heading: 1.25,
            speed_mps: 3.0,
        };
        let agents: Vec<TrackPoint> = (0..12).map(agent).take(if somebody { 12 } else { 0 }).collect();
        writer.tracks(SimTime::from_s(second), &agents).expect("written");
    }
    writer.checkpoint().expect("written");
    Replay::new(Recording::open(folder).expect("a recording"), "run".into()).expect("its times")
}

#[test]
fn vehicles_and_people_move_and_two_runs_stand_side_by_side() {
    if !can_draw() {
        return;
    }
    let city = Arc::new(City::build(Arc::new(common::city())));
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, somebody: bool| {
        let path = folder.path().join(name);
        let _ = qike_record::remove(&path);
        recording(&path, somebody)
    };
    let line = |time: &str| format!("--camera 589000,3419960,60,20,-40 --size 320x180 --time {time}");
    let empty = draw(&city, Replays::default(), &line("00:00:02"));
    let early = draw(&city, Replays(vec![run("a", true)]), &line("00:00:02"));
    let between = draw(&city, Replays(vec![run("b", true)]), &line("00:00:09"));
    assert!(difference(&empty, &early, 0..320) > 0.004, "{}", difference(&empty, &early, 0..320));
    assert!(difference(&early, &between, 0..320) > 0.004, "they move");
    let both = draw(&city, Replays(vec![run("c", true), run("d", false)]), &line("00:00:02"));
    let neither = draw(&city, Replays(vec![run("e", false), run("f", false)]), &line("00:00:02"));
    assert!(difference(&both, &neither, 0..158) > 0.004 && difference(&both, &neither, 162..320) == 0.0, "each run on its side");
}

#[test]
fn signals_show_what_they_were_recorded_to_show() {
    if !can_draw() {
        return;
    }
    let city = Arc::new(City::build(Arc::new(common::city())));
    let folder = tempfile::tempdir().expect("a folder");
    let header = Header::new(Places::new(["avenue>".into()], []), vec!["all".into()], "version = 1\n".into());
    let mut writer = RunWriter::create(folder.path(), header).expect("a folder");
    for (second, shows) in [(0, SignalLamp::Red), (10, SignalLamp::Green)] {
        let head = |head: u32| SignalChange {
            head,
            shows,
            link: 0,
            position: [589_000.0 + 34.0 + f64::from(head) * 3.0, 3_420_000.0 + 8.0, 0.0],
            heading: 1.25,
            width_m: 3.0,
        };
        writer.signals(SimTime::from_s(second), &[head(0), head(1), head(2)]).expect("written");
        writer.tracks(SimTime::from_s(second), &[TrackPoint { agent: 0, kind: AgentKind::Car, link: 0, position: [588_000.0, 3_419_000.0, 0.0], heading: 0.0, speed_mps: 0.0 }]).expect("written");
    }
    writer.checkpoint().expect("written");
    let picture = |time: &str| {
        let replay = Replay::new(Recording::open(folder.path()).expect("a recording"), "run".into()).expect("its times");
        draw(&city, Replays(vec![replay]), &format!("--camera 589020,3419980,20,20,-30 --size 320x180 --time {time}"))
    };
    // Pixels that are clearly red, and clearly green.
    let count = |picture: &Picture, strong: usize| {
        let most = |p: &&[u8]| (0..3).all(|k| k == strong || i32::from(p[strong]) > i32::from(p[k]) + 90);
        picture.2.chunks(3).filter(most).count()
    };
    let (red, green) = (picture("00:00:03"), picture("00:00:10"));
    assert!(count(&red, 0) > 40 && count(&red, 1) == 0, "{} red and {} green pixels", count(&red, 0), count(&red, 1));
    assert!(count(&green, 1) > 40 && count(&green, 0) == 0, "{} green and {} red pixels", count(&green, 1), count(&green, 0));
}

/// Peak memory of drawing some frames, bytes.
#[cfg(target_os = "linux")]
fn peak(city: &Arc<City>, frames: u32) -> u64 {
    let line = format!("v city --bench --frames {frames} --camera overview --size 64x36");
    let options = Options::try_parse_from(line.split_whitespace()).expect("options");
    let viewer = prepare(city, &mut Replays::default(), &options).expect("a view");
    let outcome = picture(city.clone(), Replays::default(), viewer, &options, Instant::now()).expect("a picture");
    outcome.peak_memory_bytes.expect("the system says how much memory a process uses")
}

#[test]
#[cfg(target_os = "linux")]
fn a_frame_leaves_nothing_behind() {
    if !can_draw() {
        return;
    }
    let city = Arc::new(City::build(Arc::new(common::city())));
    let few = peak(&city, 10);
    let many = peak(&city, 160);
    assert!(many < few + (100 << 20), "150 more frames took {} MiB more", (many - few) >> 20);
}

#[test]
fn places_that_are_not_there_are_refused() {
    let city = City::build(Arc::new(common::city()));
    let refused = |line: &str| {
        let options = Options::try_parse_from(format!("v city {line}").split_whitespace()).expect("options");
        prepare(&city, &mut Replays::default(), &options).err()
    };
    assert!(matches!(refused("--storey 9"), Some(ShowError::NoStorey(9, 2))));
    assert!(refused("--camera beach").is_none());
    assert!(refused("--camera lake").is_none());
    assert!(matches!(refused("--camera traffic"), Some(ShowError::NoCamera(_))), "nothing moves without a run");
}
