//! Every kind of bad input ends with a message that names the file, the right exit code, and a store that is unchanged or whole.

mod common;
use common::*;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A place with a good store and the bytes it has.
fn with_store() -> (Place, Vec<u8>) {
    let place = Place::new();
    place.write("good.city.json", cityjson(3, 10.0));
    place.qike("import good.city.json --store city.gpkg").expect(0, &[]);
    let bytes = place.bytes("city.gpkg");
    (place, bytes)
}

/// The file fails to import: nothing changes in a store, and none appears.
#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>, options: &str, words: &[&str]) {
    let (place, before) = with_store();
    place.write(name, content);
    place.qike(&format!("import {name} --store city.gpkg {options}")).expect(1, &[&[name], words].concat());
    assert!(place.bytes("city.gpkg") == before, "the store has changed");
    place.qike(&format!("import {name} --store new.gpkg {options}")).expect(1, &[name]);
    assert!(!place.at("new.gpkg").exists(), "a store appeared");
    // Beside a good source it is left out, and the good one comes in.
    place.write("more.geojson", points(&[("p", 121.93, 30.9)]));
    let said = place.qike(&format!("import {name} more.geojson --store city.gpkg --json"));
    said.expect(3, &[]);
    let report = said.json();
    assert_eq!((report["left_out"].as_array().unwrap().len(), report["sources"][0]["added"].as_u64()), (1, Some(1)), "{report}");
    place.qike("validate city.gpkg").expect(0, &[]);
    assert_eq!(place.qike("info city.gpkg --json").json()["objects"]["total"], 4);
}

#[test]
fn truncated_json() {
    let text = cityjson(5, 10.0);
    refused("cut.city.json", &text[..text.len() * 2 / 3], "", &["line 1"]);
    let text = points(&[("a", 121.9, 30.9), ("b", 121.91, 30.9)]);
    refused("cut.geojson", &text[..text.len() - 20], "", &["line 1"]);
}

#[test]
fn truncated_ifc_and_pbf() {
    if let Some(path) = qike_core::testdata::path("bim/web-ifc/AC20-FZK-Haus.ifc") {
        let bytes = std::fs::read(path).unwrap();
        refused("cut.ifc", &bytes[..bytes.len() / 2], "", &[]);
    }
    if let Some(path) = qike_core::testdata::path("gis/graphhopper/andorra.osm.pbf") {
        let bytes = std::fs::read(path).unwrap();
        refused("cut.osm.pbf", &bytes[..bytes.len() / 2], "", &[]);
    }
}

#[test]
fn not_what_the_ending_says() {
    refused("lamps.osm.pbf", points(&[("a", 121.9, 30.9)]), "", &["GeoJSON"]);
    refused("house.ifc", "<osm version=\"0.6\"></osm>", "", &["OpenStreetMap"]);
    refused("picture.geojson", b"\x89PNG\r\n\x1a\n\0\0", "", &["picture"]);
}

#[test]
fn empty_and_missing_files() {
    refused("empty.city.json", "", "", &["empty"]);
    refused("empty.osm.pbf", "", "", &["empty"]);
    let (place, before) = with_store();
    place.qike("import nowhere.ifc --store city.gpkg").expect(1, &["nowhere.ifc", "no such file"]);
    place.qike("import good.city.json nowhere.ifc --store city.gpkg").expect(3, &["nowhere.ifc"]);
    assert!(place.bytes("city.gpkg") == before);
}

#[test]
fn unknown_crs() {
    let (place, before) = with_store();
    place.qike("import good.city.json --store city.gpkg --source-crs EPSG:999999").expect(2, &["--source-crs", "EPSG:999999"]);
    place.qike("import good.city.json --store new.gpkg --crs banana").expect(2, &["--crs", "banana"]);
    place.qike("import good.city.json --store new.gpkg --crs EPSG:4326").expect(2, &["--crs", "metres"]);
    place.qike("import good.city.json --store city.gpkg --crs EPSG:4528").expect(2, &["city.gpkg", "EPSG:4549", "EPSG:4528"]);
    assert!(place.bytes("city.gpkg") == before);
    assert_eq!(place.files(), ["city.gpkg", "good.city.json"]);
    refused("odd.city.json", cityjson(1, 3.0).replace("EPSG/0/4549", "EPSG/0/999999"), "", &["999999"]);
}

#[test]
fn positions_off_the_earth_and_not_a_number() {
    let (place, _) = with_store();
    place.write("far.geojson", points(&[("good", 121.93, 30.9), ("bad", 121.93, 95.0)]));
    let said = place.qike("import far.geojson --store city.gpkg --json");
    said.expect(3, &["far.geojson", "95"]);
    assert_eq!(said.json()["sources"][0]["added"], 1);
    place.write("nan.csv", "id,lon,lat\ngood2,121.93,30.9\nbad2,NaN,30.9\n");
    place.write("nan.map.toml", "file = \"nan.csv\"\nformat = \"csv\"\ncrs = \"EPSG:4326\"\n[[layer]]\nclass = \"CityFurniture\"\nid = \"{id}\"\nposition = { lon = \"lon\", lat = \"lat\" }\n");
    let said = place.qike("import nan.map.toml --store city.gpkg --json");
    said.expect(3, &["nan"]);
    assert_eq!(said.json()["sources"][0]["added"], 1);
    place.qike("validate city.gpkg").expect(0, &[]);
}

#[test]
fn swapped_axes_are_noticed() {
    let (place, _) = with_store();
    place.write("swapped.geojson", points(&[("a", 30.90, 121.93), ("b", 30.91, 121.92)]));
    let said = place.qike("import swapped.geojson --store city.gpkg --json");
    assert!(said.code == 3 || said.code == 1, "{}", said.stderr);
    said.expect(said.code, &["swapped.geojson"]);
    let text = said.stderr.to_lowercase() + &said.stdout.to_lowercase();
    assert!(text.contains("swap") || text.contains("latitude"), "{text}");
}

#[test]
fn duplicate_ids() {
    let (place, _) = with_store();
    place.write("twice.geojson", points(&[("x", 121.93, 30.9), ("x", 121.94, 30.9), ("b0", 121.95, 30.9)]));
    let said = place.qike("import twice.geojson --store city.gpkg --json");
    said.expect(3, &["twice.geojson", "duplicate-id", "good.city.json"]);
    let codes: Vec<_> = said.json()["sources"][0]["diagnostics"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, ["duplicate-id", "duplicate-id"]);
    assert_eq!(place.qike("find city.gpkg --id b0 --json").json()["objects"][0]["class"], "Building");
}

#[test]
fn places_where_no_store_can_be() {
    let place = Place::new();
    place.write("good.city.json", cityjson(1, 10.0));
    std::fs::create_dir(place.at("folder.gpkg")).unwrap();
    place.qike("import good.city.json --store folder.gpkg").expect(1, &["folder.gpkg", "folder"]);
    place.write("text.gpkg", "not a store");
    place.qike("import good.city.json --store text.gpkg").expect(1, &["text.gpkg", "no Qike store"]);
    assert_eq!(place.bytes("text.gpkg"), b"not a store");
    place.write("empty.gpkg", "");
    place.qike("import good.city.json --store empty.gpkg").expect(1, &["empty.gpkg", "empty"]);
    place.qike("import good.city.json --store nowhere/city.gpkg").expect(1, &["nowhere"]);
    place.qike("info nowhere.gpkg").expect(1, &["nowhere.gpkg"]);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("good.city.json", cityjson(1, 10.0));
    std::fs::create_dir(place.at("locked")).unwrap();
    std::fs::set_permissions(place.at("locked"), std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(place.at("locked/probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere");
        return;
    }
    place.qike("import good.city.json --store locked/city.gpkg").expect(1, &["locked/city.gpkg", "permission"]);
}

/// A limit on the size of files stands for a full disk: writing beyond it fails in the same way.
#[cfg(unix)]
#[test]
fn a_full_disk() {
    let (place, before) = with_store();
    place.write("large.city.json", cityjson(4000, 10.0));
    let limited = |store: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 400; exec '{}' import large.city.json --store {store}", env!("CARGO_BIN_EXE_qike"));
        Said::of(Command::new("sh").args(["-c", &script]).current_dir(place.path()).output().unwrap())
    };
    limited("city.gpkg").expect(1, &["city.gpkg", "could not be written", "disk full"]);
    assert_eq!(place.qike("info city.gpkg --json").json()["objects"]["total"], 3);
    place.qike("validate city.gpkg").expect(0, &[]);
    assert!(place.bytes("city.gpkg") == before);
    limited("new.gpkg").expect(1, &["new.gpkg", "could not be written"]);
    assert_eq!(place.files(), ["city.gpkg", "good.city.json", "large.city.json"]);
    place.qike("import large.city.json --store city.gpkg").expect(3, &["duplicate-id"]);
}

/// The process is killed at many moments of an import; whoever opens the store next finds the old one or the new one.
#[cfg(unix)]
#[test]
fn killed_in_the_middle() {
    let (place, _) = with_store();
    place.write("large.city.json", cityjson(6000, 10.0).replace("\"b", "\"c"));
    let mut seen = [0, 0];
    for wait_ms in [0, 20, 60, 120, 200, 300, 450, 700] {
        std::fs::copy(place.at("city.gpkg"), place.at("work.gpkg")).unwrap();
        let mut child = place.command().args(["import", "large.city.json", "--store", "work.gpkg"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let total = place.qike("info work.gpkg --json").json()["objects"]["total"].as_u64().unwrap();
        assert!(total == 3 || total == 6003, "{total} objects after {wait_ms} ms");
        seen[usize::from(total > 3)] += 1;
        place.qike("validate work.gpkg").expect(0, &[]);
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(place.at(&format!("work.gpkg{ending}")));
        }
    }
    assert!(seen[0] > 0, "no import was killed early enough");
}
