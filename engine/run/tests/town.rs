//! A small town end to end: store → scenario → run directory → comparison.

use qike_core::{Crs, Feedback, SimTime};
use qike_record::{AgentKind, Recording};
use qike_run::{RunError, RunOptions, SweepOptions, compare, run, sweep};
use qike_scene::scenario::ScenarioFile;
use qike_scene::{CityObject, Class, Geometry, Lod, ObjectSink, SourceId, SourceInfo};
use qike_store::SceneStore;
use std::path::Path;

/// A grid of 4 × 4 crossings, 200 m apart, and a promenade between two squares.
fn objects() -> Vec<CityObject> {
    let at = |i: i64, j: i64| [700_000.0 + 200.0 * i as f64, 3_420_000.0 + 200.0 * j as f64, 4.0];
    let node = |i: i64, j: i64| 10 * i + j + 1;
    let mut objects = Vec::new();
    let mut road = |id: String, nodes: Vec<(i64, i64)>, highway: &str| {
        let mut object = CityObject::new(id, Class::Road, SourceId(0));
        let points: Vec<[f64; 3]> = nodes.iter().map(|(i, j)| at(*i, *j)).collect();
        object.geometries.push(Geometry::line(Lod::ZERO, &points));
        object.attributes.insert("osm_nodes".into(), nodes.iter().map(|(i, j)| node(*i, *j)).collect::<Vec<_>>().into());
        object.attributes.insert("highway".into(), highway.into());
        objects.push(object);
    };
    for k in 0..4 {
        let highway = if k == 1 { "secondary" } else { "residential" };
        road(format!("osm:way/{}", k + 1), (0..4).map(|i| (i, k)).collect(), highway);
        road(format!("osm:way/{}", k + 11), (0..4).map(|j| (k, j)).collect(), highway);
    }
    let mut square = |id: &str, x: f64, y: f64, w: f64, h: f64| {
        let mut object = CityObject::new(id, Class::Square, SourceId(0));
        let (x, y) = (700_000.0 + x, 3_420_000.0 + y);
        let ring = vec![[x, y, 4.0], [x + w, y, 4.0], [x + w, y + h, 4.0], [x, y + h, 4.0]];
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
        object.attributes.insert("function".into(), "plaza".into());
        objects.push(object);
    };
    square("plaza:west", 20.0, 20.0, 60.0, 60.0);
    square("plaza:promenade", 80.0, 40.0, 40.0, 10.0);
    square("plaza:east", 120.0, 20.0, 60.0, 60.0);
    objects
}

const CARS: &str = "from,to,start,end,trips\nosm:way/1,osm:way/14,08:00,08:10,60\nwest,osm:way/13,08:00,08:10,40.5\n";
const WALKS: &str = "from,to,start,end,trips\nplaza:west,plaza:east,08:00,08:08,30\n";
const SCENARIO: &str = "version = 1\nname = \"morning\"\ntitle = { en = \"Morning\", zh = \"早上\" }\nseed = 3\n\
    [base]\nstore = \"town.gpkg\"\n[time]\nstart = \"08:00\"\nduration = \"00:15\"\n[zones]\nwest = [\"osm:way/11\"]\n\
    [[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"demand/cars.csv\"\n\
    [[demand]]\nname = \"walks\"\nkind = \"walk_od\"\nfile = \"demand/walks.csv\"\n\
    [[demand]]\nname = \"train\"\nkind = \"trains\"\nplatforms = [\"plaza:east\"]\nevery = 300\nfirst = \"08:01\"\npassengers = 20\n\
    to = [{ object = \"plaza:west\", share = 1 }]\n[output]\ntracks = 1\nlinks = 60\n";

fn town(dir: &Path) {
    let mut store = SceneStore::create(dir.join("town.gpkg"), &Crs::epsg(4549).unwrap()).unwrap();
    let mut sink = store.import(&Feedback::silent()).unwrap();
    let hash = "0".repeat(64);
    sink.source(SourceInfo { path: "town".into(), format: "test".into(), content_hash: hash, crs: "EPSG:4549".into(), about: Default::default() }).unwrap();
    objects().into_iter().for_each(|object| sink.object(object).unwrap());
    sink.commit().unwrap();
    std::fs::create_dir(dir.join("demand")).unwrap();
    std::fs::write(dir.join("demand/cars.csv"), CARS).unwrap();
    std::fs::write(dir.join("demand/walks.csv"), WALKS).unwrap();
    std::fs::write(dir.join("morning.toml"), SCENARIO).unwrap();
}

fn go(scenario: &Path, options: &RunOptions) -> Result<qike_run::RunReport, RunError> {
    run(scenario, options, &Feedback::silent())
}

fn fault(dir: &Path, scenario: &str) -> String {
    std::fs::write(dir.join("wrong.toml"), scenario).unwrap();
    let error = go(&dir.join("wrong.toml"), &RunOptions::default()).expect_err("must be refused").to_string();
    assert!(!dir.join("wrong-run").exists(), "nothing is written before the input is known to be good");
    error.replace(&dir.display().to_string(), "DIR")
}

#[test]
fn a_run_is_recorded_compared_and_the_same_for_any_number_of_threads() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    town(dir);
    let scenario = dir.join("morning.toml");
    let with = |threads: usize, out: &str| RunOptions { threads: Some(threads), out: Some(dir.join(out)), ..RunOptions::default() };
    let one = go(&scenario, &with(1, "one")).unwrap();
    let two = go(&scenario, &with(2, "two")).unwrap();
    let (a, b) = (&one.runs[0].summary, &two.runs[0].summary);
    assert_eq!(a.state_hash, b.state_hash);
    assert_ne!(a.state_hash, "0000000000000000");
    for file in ["trips.parquet", "links.parquet", "tracks.parquet", "events.parquet", "scenario.toml"] {
        assert_eq!(std::fs::read(dir.join("one").join(file)).unwrap(), std::fs::read(dir.join("two").join(file)).unwrap(), "{file}");
    }
    assert_eq!(one.warnings, Vec::<String>::new());
    assert!((100..=101).contains(&a.vehicles.loaded), "{:?}", a.vehicles);
    assert!(a.vehicles.arrived > 90, "{:?}", a.vehicles);
    assert_eq!(a.walkers.loaded, 30 + 3 * 20);
    assert!(a.walkers.arrived > 60, "{:?}", a.walkers);

    let recording = Recording::open(&dir.join("one")).unwrap();
    let trips = recording.trips().unwrap();
    assert_eq!(trips.len() as u64, a.vehicles.loaded + a.walkers.loaded);
    let arrived: Vec<f64> = trips.iter().filter(|t| t.kind == AgentKind::Car).filter_map(|t| t.duration_s).collect();
    let mean = arrived.iter().sum::<f64>() / arrived.len() as f64;
    assert!((mean - a.mean_duration_s.unwrap()).abs() < 1e-6);
    let trains = recording.events().unwrap().into_iter().filter(|e| e.kind == "train").count();
    assert_eq!(trains, 3);
    let left: u32 = recording.links().unwrap().iter().filter(|l| l.link.starts_with("osm:way/14#")).map(|l| l.left).sum();
    assert!(left >= 60, "{left} left the destination's links");
    let noon = SimTime::from_s(8 * 3600 + 300);
    let frames = recording.tracks_between(noon, noon + SimTime::from_s(1)).unwrap();
    assert_eq!(frames.frames.len(), 2);
    assert!(frames.frames[0].agents.iter().any(|p| p.kind == AgentKind::Walker));

    // The run directory holds all that is needed to run it again.
    let again = go(&dir.join("one/scenario.toml"), &with(1, "again")).unwrap();
    assert_eq!(again.runs[0].summary.state_hash, a.state_hash);
    assert_eq!(again.warnings, Vec::<String>::new());
}

#[test]
fn a_closed_road_changes_the_run_and_the_comparison_tells() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    town(dir);
    let closed = "version = 1\nname = \"closed\"\nextends = \"morning.toml\"\nseeds = [3, 4]\n[[edits]]\nobject = \"osm:way/2\"\n\
                  property = \"closed\"\nold = false\nnew = true\n[[edits]]\ndemand = \"walks\"\nproperty = \"scale\"\nold = 1\nnew = 2\n";
    std::fs::write(dir.join("closed.toml"), closed).unwrap();
    go(&dir.join("morning.toml"), &RunOptions::default()).unwrap();
    let report = go(&dir.join("closed.toml"), &RunOptions { threads: Some(1), ..RunOptions::default() }).unwrap();
    assert_eq!(report.runs.len(), 2);
    assert_ne!(report.runs[0].summary.state_hash, report.runs[1].summary.state_hash, "seeds differ");
    assert_eq!(report.runs[0].summary.walkers.loaded, 60 + 3 * 20);
    let links = Recording::open(&dir.join("closed-run/seed-3")).unwrap().links().unwrap();
    assert!(links.iter().filter(|l| l.link.starts_with("osm:way/2#")).all(|l| l.entered == 0), "nobody drives on a closed road");
    let comparison = compare(&[dir.join("morning-run"), dir.join("closed-run")]).unwrap();
    assert!(comparison.differences[0].links.iter().any(|l| l.link.starts_with("osm:way/2#")), "{:?}", comparison.differences[0].links);
    assert!(comparison.warnings.iter().any(|w| w.contains("seeds")));
    let text = comparison.to_text();
    assert!(text.contains("mean duration") && text.contains("osm:way/2#"), "{text}");
    // One seed into the same directory: what the other seeds left is gone.
    go(&dir.join("closed.toml"), &RunOptions { seed: Some(3), until: Some(SimTime::from_s(60)), ..RunOptions::default() }).unwrap();
    assert_eq!(qike_run::seed_folders(&dir.join("closed-run")).unwrap(), Vec::<std::path::PathBuf>::new());
    assert_eq!(Recording::open(&dir.join("closed-run")).unwrap().summary().unwrap().sim_seconds, 60.0);
}

#[test]
fn faults_of_the_input_are_told_before_anything_is_written() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    town(dir);
    let with = |tail: &str| format!("{SCENARIO}{tail}");
    let edit = |target: &str, rest: &str| with(&format!("[[edits]]\n{target}\n{rest}\n"));
    let close = "property = \"closed\"\nold = false\nnew = true";
    std::fs::write(dir.join("demand/bad.csv"), "from,to,start,end,trips\nosm:way/1,osm:wy/14,08:00,08:10,5\nwset,osm:way/1,08:00,08:10,5\n").unwrap();
    let faults = [
        fault(dir, &SCENARIO.replace("town.gpkg", "twon.gpkg")),
        fault(dir, &SCENARIO.replace("demand/cars.csv", "demand/car.csv")),
        fault(dir, &SCENARIO.replace("demand/cars.csv", "demand/bad.csv")),
        fault(dir, &SCENARIO.replace("[\"plaza:east\"]", "[\"plaza:esat\"]")),
        fault(dir, &edit("object = \"osm:way/22\"", close)),
        fault(dir, &edit("object = \"osm:way/2\"\ndirection = \"forward\"\nlane = 7", close)),
        fault(dir, &edit("object = \"osm:way/2\"", "property = \"speed_limit_mps\"\nold = 99\nnew = 5")),
        fault(dir, &edit("object = \"plaza:promenade\"", &format!("{close}\nfrom = \"08:05\""))),
        fault(dir, &SCENARIO.replace("tracks = 1", "track = 1")),
    ];
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn a_cancelled_run_can_be_read() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    town(dir);
    let feedback = Feedback::silent();
    feedback.cancel();
    match run(&dir.join("morning.toml"), &RunOptions::default(), &feedback) {
        Err(RunError::Cancelled(out)) => assert!(!Recording::open(&out).unwrap().is_finished()),
        // A store that is asked for its objects may notice first.
        Err(RunError::Store { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_study_runs_every_combination() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    town(dir);
    let short = SCENARIO.replace("00:15", "00:02");
    std::fs::write(dir.join("morning.toml"), short).unwrap();
    std::fs::write(dir.join("study.toml"), "version = 1\nname = \"s\"\nscenarios = [\"morning.toml\"]\nseeds = [1, 2]\n\
                    [[parameter]]\npath = \"demand.cars.scale\"\nvalues = [0.0, 1.0]\n").unwrap();
    let report = sweep(&dir.join("study.toml"), &SweepOptions { threads: Some(1), ..SweepOptions::default() }, &Feedback::silent()).unwrap();
    assert_eq!(report.rows.len(), 4);
    assert_eq!(report.rows[0].summary.vehicles.loaded, 0);
    assert!(report.rows[2].summary.vehicles.loaded > 10);
    let table = std::fs::read_to_string(report.table).unwrap();
    assert_eq!(table.lines().count(), 5);
    assert!(table.starts_with("scenario,demand.cars.scale,seed,"));
    let comparison = compare(&[dir.join("study-sweep/morning/cars.scale=0.0"), dir.join("study-sweep/morning/cars.scale=1.0")]).unwrap();
    assert_eq!(comparison.runs[1].seeds, [1, 2]);
}

/// The viewer writes scenarios: what it writes is what it read.
#[test]
fn a_what_if_is_a_few_lines() {
    let file = ScenarioFile::parse(SCENARIO, "morning.toml").unwrap();
    assert_eq!(ScenarioFile::parse(&file.to_toml(), "morning.toml").unwrap().resolve(None), file.resolve(None));
}
