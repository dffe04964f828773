//! Sources that change, go and come back: what the commands say of it, and what a store keeps.

mod common;
use common::*;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// A store of 250 houses and two lamps as of 1 January 2024.
fn city() -> Place {
    let place = Place::new();
    place.write("houses.city.json", cityjson(250, 10.0));
    place.write("lamps.geojson", points(&[("lamp/1", 121.93, 30.90), ("lamp/2", 121.94, 30.90)]));
    place.qike("import houses.city.json lamps.geojson --store city.gpkg --date 2024-01-01").expect(0, &[]);
    place
}

/// Checks the exit code, and that the text has these words.
#[track_caller]
fn says(said: &Said, code: i32, words: &[&str]) {
    said.expect(code, &[]);
    for word in words {
        assert!(said.stdout.contains(word), "'{word}' is not in\n{}", said.stdout);
    }
}

fn total(place: &Place, options: &str) -> u64 {
    place.qike(&format!("info city.gpkg --json {options}")).json()["objects"]["total"].as_u64().unwrap()
}

#[test]
fn a_dry_run_says_what_would_change() {
    let place = city();
    let before = place.bytes("city.gpkg");
    let mut model: Value = serde_json::from_str(&cityjson(250, 10.0)).unwrap();
    model["CityObjects"]["b7"]["attributes"]["height"] = 12.into();
    model["CityObjects"].as_object_mut().unwrap().remove("b9");
    for corner in 8..16 {
        let z = model["vertices"][corner][2].as_i64().unwrap();
        model["vertices"][corner][2] = if z > 0 { 14_000.into() } else { z.into() };
    }
    place.write("houses.city.json", model.to_string());
    let said = place.qike("import houses.city.json --store city.gpkg --dry-run --changes changes.geojson");
    says(&said, 0, &["~ Building b7", "attribute height: 10.0 → 12", "- Building b9", "~ Building b1", "moved by 2.000 m", "1080.00 → 1512.00 m³"]);
    let report = place.qike("import houses.city.json --store city.gpkg --dry-run --json").json();
    assert_eq!(report["changes"]["total"], 3);
    let solid = &report["changes"]["objects"][0]["geometry"][0];
    assert_eq!((&report["changes"]["objects"][0]["id"], &solid["lod"], solid["after"]["volume_m3"].as_f64().unwrap().round()), (&"b1".into(), &"2".into(), 1512.0));
    assert!(place.bytes("city.gpkg") == before);
    let places: Value = serde_json::from_slice(&place.bytes("changes.geojson")).unwrap();
    let kinds: Vec<_> = places["features"].as_array().unwrap().iter().map(|f| (f["id"].as_str().unwrap(), f["properties"]["change"].as_str().unwrap())).collect();
    assert_eq!(kinds, [("b1", "changed"), ("b7", "changed"), ("b9", "removed")]);
    assert_eq!(places["features"][2]["geometry"]["type"], "Polygon");
    // What was foretold happens.
    let wet = place.qike("import houses.city.json --store city.gpkg --json").json();
    assert_eq!(wet["content_hash"], report["content_hash"]);
    assert!(wet.get("changes").is_none());
}

#[test]
fn the_city_as_of_a_day() {
    let place = city();
    place.write("lamps.geojson", points(&[("lamp/2", 121.95, 30.90), ("lamp/3", 121.96, 30.90)]));
    place.qike("import lamps.geojson --store city.gpkg --date 2024-06-01").expect(0, &[]);
    let ids = |options: &str| -> Vec<String> {
        let found = place.qike(&format!("find city.gpkg --class CityFurniture --json {options}")).json();
        found["objects"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(""), ["lamp/2", "lamp/3"]);
    assert_eq!(ids("--as-of 2024-05-31"), ["lamp/1", "lamp/2"]);
    assert_eq!(ids("--as-of 2024-06-01"), ["lamp/2", "lamp/3"]);
    assert_eq!(ids("--as-of 2024-05-31 --near 121.94,30.90,10"), ["lamp/2"]);
    assert_eq!((total(&place, "--as-of 2024-02-01"), total(&place, "--as-of 2023-12-31")), (252, 0));
    let checked = |day: &str| place.qike(&format!("validate city.gpkg --json --as-of {day}")).json()["objects"].clone();
    assert_eq!((checked("2024-02-01"), checked("2023-12-31")), (serde_json::json!(252), serde_json::json!(0)));
    place.qike("validate houses.city.json --as-of 2024-02-01").expect(2, &["only a store has a history"]);
    place.qike("info city.gpkg --as-of 2023-12-31").expect(0, &["history begins at 2024-01-01"]);
    says(&place.qike("export city.gpkg then.city.json --as-of 2024-02-01"), 0, &["252 objects"]);
    place.qike("export city.gpkg then.store.gpkg --as-of 2024-02-01").expect(0, &[]);
    assert_eq!(place.qike("info then.store.gpkg --json").json()["objects"]["total"], 252);
    let said = place.qike("diff city.gpkg city.gpkg --as-of-a 2024-02-01");
    says(&said, 1, &["- lamp/1", "+ lamp/3", "~ lamp/2", "1 removed, 1 added, 1 changed, 250 the same"]);
    says(&place.qike("diff city.gpkg then.store.gpkg --as-of-a 2024-02-01"), 0, &["are the same"]);
    place.qike("info city.gpkg --as-of yesterday").expect(2, &["--as-of", "yesterday", "2024-05-01"]);
    place.qike("import lamps.geojson --store city.gpkg --date 2024-13-01").expect(2, &["--date", "2024-13-01"]);
    place.qike("import lamps.geojson --store city.gpkg --date 2024-01-01").expect(1, &["lamps.geojson", "2024-06-01"]);
    let history = place.qike("history city.gpkg --json").json();
    assert_eq!(history["transactions"][1]["sources"][0]["removed"], 1);
    says(&place.qike("history city.gpkg"), 0, &["2024-01-01", "2024-06-01", "lamps.geojson", "2 changes"]);
    says(&place.qike("history city.gpkg --id lamp/2"), 0, &["2024-01-01  came", "moved by", "2 versions"]);
    says(&place.qike("history city.gpkg --id lamp/1"), 0, &["removed (change 2)"]);
    place.qike("history city.gpkg --id lamp/9").expect(1, &["lamp/9", "never was"]);
    assert_eq!(place.files().len(), 5, "{:?}", place.files());
}

#[test]
fn the_clock_can_be_named() {
    let place = Place::new();
    place.write("lamps.geojson", points(&[("lamp/1", 121.93, 30.90)]));
    let run = |clock: &str| place.command().env("SOURCE_DATE_EPOCH", clock).args(["import", "lamps.geojson", "--store", "city.gpkg"]).output().unwrap();
    assert!(run("1704067200").status.success());
    assert_eq!(place.qike("history city.gpkg --json").json()["transactions"][0]["recorded"], "2024-01-01T00:00:00Z");
    assert_eq!(Said::of(run("soon")).code, 2);
}

#[test]
fn sources_are_removed() {
    let place = city();
    let before = place.bytes("city.gpkg");
    says(&place.qike("remove city.gpkg lamps.geojson --dry-run"), 0, &["lamps.geojson", "2", "dry run"]);
    place.qike("remove city.gpkg lamp.geojson").expect(1, &["lamp.geojson", "did you mean 'lamps.geojson'?"]);
    place.qike("remove city.gpkg lamps.geojson none.json").expect(1, &["none.json", "nothing was removed"]);
    assert!(place.bytes("city.gpkg") == before);
    let report = place.qike("remove city.gpkg lamps.geojson --json").json();
    assert_eq!((&report["objects"], &report["sources"][0]["objects"]), (&2.into(), &2.into()));
    assert_eq!(total(&place, ""), 250);
    assert_eq!(place.qike("info city.gpkg --json").json()["sources"].as_array().unwrap().len(), 1);
    assert_eq!(total(&place, "--as-of 2024-02-01"), 252);
    place.qike("validate city.gpkg").expect(0, &[]);
    place.qike("remove city.gpkg lamps.geojson").expect(1, &["lamps.geojson"]);
    place.qike("import lamps.geojson --store city.gpkg").expect(0, &[]);
    assert_eq!(total(&place, ""), 252);
    says(&place.qike("history city.gpkg"), 0, &["remove", "3 changes"]);
    says(&place.qike("remove city.gpkg *"), 0, &["2 sources with 252 objects"]);
    assert_eq!(total(&place, ""), 0);
}

/// The process is killed at many moments of a removal; whoever opens the store next finds all of the source or nothing.
#[cfg(unix)]
#[test]
fn killed_in_the_middle_of_a_removal() {
    let place = city();
    place.write("large.city.json", cityjson(6000, 10.0).replace("\"b", "\"c"));
    place.qike("import large.city.json --store city.gpkg").expect(0, &[]);
    let mut seen = [0, 0];
    for wait_ms in [0, 20, 60, 120, 250, 500, 4000] {
        std::fs::copy(place.at("city.gpkg"), place.at("work.gpkg")).unwrap();
        let mut child = place.command().args(["remove", "work.gpkg", "large.city.json"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = place.qike("info work.gpkg --json").json()["objects"]["total"].as_u64().unwrap();
        assert!(left == 252 || left == 6252, "{left} objects after {wait_ms} ms");
        seen[usize::from(left == 252)] += 1;
        place.qike("validate work.gpkg").expect(0, &[]);
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(place.at(&format!("work.gpkg{ending}")));
        }
    }
    assert!(seen[0] > 0, "no removal was killed early enough");
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_what_was() {
    let place = city();
    let before = place.bytes("city.gpkg");
    let script = format!("trap '' XFSZ; ulimit -f 60; exec '{}' remove city.gpkg houses.city.json", env!("CARGO_BIN_EXE_qike"));
    let said = Said::of(std::process::Command::new("sh").args(["-c", &script]).current_dir(place.path()).output().unwrap());
    said.expect(1, &["city.gpkg", "could not be written", "disk full"]);
    assert!(place.bytes("city.gpkg") == before);
    place.qike("validate city.gpkg").expect(0, &[]);
    assert_eq!(total(&place, ""), 252);
}

#[test]
fn archives_import_again_without_a_change_and_go_by_their_name() {
    let place = Place::new();
    std::fs::create_dir(place.at("tiles")).unwrap();
    place.write("tiles/a.city.json", cityjson(3, 10.0));
    place.write("tiles/b.geojson", points(&[("lamp/1", 121.93, 30.90)]));
    let zipped = std::process::Command::new("python3").args(["-m", "zipfile", "-c", "tiles.zip", "tiles"]).current_dir(place.path()).status();
    if !zipped.is_ok_and(|s| s.success()) {
        eprintln!("skipped: no python3 to make an archive");
        return;
    }
    std::fs::remove_dir_all(place.at("tiles")).unwrap();
    says(&place.qike("import tiles.zip --store city.gpkg"), 0, &["tiles.zip/tiles/a.city.json", "tiles.zip/tiles/b.geojson"]);
    let before = place.bytes("city.gpkg");
    // From elsewhere, under another name of the same file.
    std::fs::create_dir(place.at("sub")).unwrap();
    let again = place.command().current_dir(place.at("sub")).args(["import", "../tiles.zip", "--store", "../city.gpkg", "--json"]).output().unwrap();
    let again = Said::of(again);
    again.expect(0, &[]);
    assert_eq!(again.json()["changed"], false);
    assert!(place.bytes("city.gpkg") == before);
    says(&place.qike("remove city.gpkg tiles.zip"), 0, &["2 sources with 4 objects"]);
    place.write("list.txt", "# of today\n\ntiles.zip\n");
    says(&place.qike("import --sources-from list.txt --store city.gpkg"), 0, &["tiles.zip/tiles/a.city.json"]);
    place.write("empty.txt", "# nothing\n");
    place.qike("import --sources-from empty.txt --store city.gpkg").expect(2, &["empty.txt"]);
    place.qike("import *.gml --store city.gpkg").expect(1, &["*.gml", "no file fits"]);
}

#[test]
fn a_copy_of_a_source_is_another_source_and_a_moved_one_is_not() {
    let place = Place::new();
    for folder in ["one", "two"] {
        std::fs::create_dir(place.at(folder)).unwrap();
        place.write(&format!("{folder}/a.city.json"), cityjson(3, 10.0));
    }
    place.qike("import one two --store city.gpkg").expect(3, &["duplicate-id"]);
    let before = place.bytes("city.gpkg");
    assert_eq!(place.qike("import one two --store city.gpkg --json").json()["changed"], false);
    assert!(place.bytes("city.gpkg") == before);
    assert_eq!(place.qike("info city.gpkg --json").json()["sources"].as_array().unwrap().len(), 2);
    std::fs::remove_dir_all(place.at("two")).unwrap();
    std::fs::rename(place.at("one"), place.at("three")).unwrap();
    assert_eq!(place.qike("import three --store city.gpkg --json").json()["sources"][0]["unchanged"], 3);
}

#[test]
fn every_format_writes_the_city_as_of_a_day() {
    let place = city();
    place.write("lamps.geojson", points(&[("lamp/2", 121.94, 30.90)]));
    place.qike("import lamps.geojson --store city.gpkg --date 2024-06-01").expect(0, &[]);
    for out in ["a.gml", "a.city.json", "a.city.jsonl", "a.geojson", "a.gpkg", "a.store.gpkg", "a.glb", "web/tileset.json"] {
        let objects = |options: &str| place.qike(&format!("export city.gpkg {out} --json {options}")).json()["objects"].as_u64();
        assert_eq!(objects("--as-of 2024-02-01"), Some(252), "{out}");
        assert_eq!(objects(""), Some(251), "{out}");
    }
    place.qike("export city.gpkg a.gml --as-of then").expect(2, &["--as-of", "then"]);
}
