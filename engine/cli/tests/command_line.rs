//! What each subcommand prints, its exit codes, and the form of its JSON documents: scripts depend on all three.

mod common;
use common::*;
use serde_json::Value;

fn city() -> Place {
    let place = Place::new();
    place.write("houses.city.json", cityjson(250, 10.0));
    place.write("lamps.geojson", points(&[("lamp/1", 121.93, 30.90), ("lamp/2", 121.94, 30.90)]));
    place.qike("import houses.city.json lamps.geojson --store city.gpkg").expect(0, &[]);
    place
}

#[test]
fn the_same_again_changes_no_byte_and_a_new_version_only_what_is_new() {
    let place = city();
    let before = place.bytes("city.gpkg");
    let report = place.qike("import houses.city.json lamps.geojson --store city.gpkg --json").json();
    assert_eq!((report["changed"].as_bool(), report["sources"][0]["unchanged"].as_u64()), (Some(false), Some(250)), "{report}");
    assert!(place.bytes("city.gpkg") == before);

    place.write("lamps.geojson", points(&[("lamp/1", 121.93, 30.90), ("lamp/2", 121.95, 30.90), ("lamp/3", 121.94, 30.90)]));
    let dry = place.qike("import lamps.geojson --store city.gpkg --dry-run --json").json();
    assert!(place.bytes("city.gpkg") == before);
    let wet = place.qike("import lamps.geojson --store city.gpkg --json").json();
    for report in [&dry, &wet] {
        let counts = ["added", "changed", "removed", "unchanged"].map(|k| report["sources"][0][k].as_u64().unwrap());
        assert_eq!(counts, [1, 1, 0, 1]);
    }
    assert_eq!(dry["content_hash"], wet["content_hash"]);
    assert_eq!(place.files(), ["city.gpkg", "houses.city.json", "lamps.geojson"]);
}

#[test]
fn json_documents_keep_their_form() {
    let place = city();
    let report = place.qike("import lamps.geojson --store city.gpkg --json --report r.json").json();
    assert_eq!(keys(&report), keys(&serde_json::from_slice(&place.bytes("r.json")).unwrap()));
    insta::assert_snapshot!(keys(&report), @"{store crs dry_run changed content_hash seconds sources[{path format objects added changed removed unchanged diagnostics[]}] left_out[] diagnostics[]}");
    insta::assert_snapshot!(keys(&place.qike("info city.gpkg --json").json()), @"{objects{total by_class{Building CityFurniture} by_lod{0 2}} crs crs_name bounds[] sources[{path format objects diagnostics about{metadata{referenceSystem}}}] series content_hash network{nodes links lanes signals}}");
    insta::assert_snapshot!(keys(&place.qike("find city.gpkg --id b7 --json").json()), @"{count crs objects[{id class name parent lods[] source bounds[] distance_m attributes{height number}}]}");
    insta::assert_snapshot!(keys(&place.qike("validate city.gpkg --json").json()), @"{valid objects errors[] warnings[]}");
    insta::assert_snapshot!(keys(&place.qike("info none.gpkg --json").json()), @"{error{message help exit_code}}");
    insta::assert_snapshot!(keys(&place.qike("export city.gpkg out.geojson --json").json()), @"{out objects bytes}");
}

#[test]
fn info_counts_stores_and_files_alike() {
    let place = city();
    let store = place.qike("info city.gpkg --json").json();
    assert_eq!((store["objects"]["total"].as_u64(), store["objects"]["by_lod"]["2"].as_u64(), store["crs"].as_str()), (Some(252), Some(250), Some("EPSG:4549")));
    let file = place.qike("info houses.city.json --json").json();
    assert_eq!((&file["objects"]["by_class"]["Building"], &file["objects"]["by_lod"]["2"]), (&store["objects"]["by_class"]["Building"], &store["objects"]["by_lod"]["2"]));
    assert_eq!(file["bounds"], serde_json::json!([684000.0, 3420000.0, 4.0, 685992.0, 3420049.0, 14.0]));
    assert!(place.qike("info city.gpkg").stdout.contains("CGCS2000"));
}

#[test]
fn find_answers_and_helps() {
    let place = city();
    let count = |line: &str| place.qike(&format!("find city.gpkg --json {line}")).json()["count"].as_u64().unwrap();
    assert_eq!(count("--class building"), 250);
    assert_eq!(count("--near 121.93,30.90,5"), 1);
    assert_eq!(count("--near 121.93,30.90,2000 --class CityFurniture"), 2);
    assert_eq!(count("--bbox 121.935,30.89,121.945,30.91 --class CityFurniture"), 1);
    // In metres, and in space: every house stands between 4 and 14 m.
    let houses = count("--bbox 683990,3419990,684100,3420060 --metres --class Building");
    assert!((1..250).contains(&houses), "{houses}");
    assert_eq!(count("--bbox 683990,3419990,-10,684100,3420060,4.5 --metres --class Building"), houses);
    assert_eq!(count("--bbox 683990,3419990,14.5,684100,3420060,90 --metres --class Building"), 0);
    place.qike("find city.gpkg --bbox 1,2,9,3,4,5").expect(2, &["lower height"]);
    assert_eq!(count("--where function=street_lamp --limit 1"), 1);
    assert_eq!(count("--where number=17"), 1);
    assert_eq!(count("--id b1*"), 111);
    assert_eq!(count("--id b* --where number=400"), 0);
    place.qike("find city.gpkg --class Bulding").expect(2, &["Bulding", "did you mean Building?"]);
    place.qike("find city.gpkg --id lmap/1").expect(1, &["city.gpkg", "lmap/1", "did you mean 'lamp/1'?"]);
    place.qike("find city.gpkg --near 1,2").expect(2, &["--near", "1,2"]);
    place.qike("find city.gpkg --near 30.9,121.93,5").expect(2, &["longitude comes first"]);
    place.qike("find city.gpkg --where height").expect(2, &["--where"]);
    let csv = place.qike("find city.gpkg --class CityFurniture --format csv");
    assert_eq!(csv.stdout.lines().count(), 3);
    let geojson = place.qike("find city.gpkg --id lamp/2 --format geojson").json();
    assert_eq!(geojson["features"][0]["geometry"], serde_json::json!({ "type": "Point", "coordinates": [121.94, 30.9] }));
}

#[test]
fn exports_come_back_through_the_importers() {
    let place = city();
    for out in ["out.city.json", "out.city.jsonl", "out.gml"] {
        place.qike(&format!("export city.gpkg {out}")).expect(0, &[]);
        place.qike(&format!("import {out} --store {out}.gpkg")).expect(0, &[]);
        let (a, b) = (place.qike("info city.gpkg --json").json(), place.qike(&format!("info {out}.gpkg --json")).json());
        assert_eq!((&a["objects"], &a["crs"]), (&b["objects"], &b["crs"]), "{out}");
        let picked = |store: &str| place.qike(&format!("find {store} --id b42 --json")).json()["objects"][0]["bounds"].clone();
        assert_eq!(picked("city.gpkg"), picked(&format!("{out}.gpkg")));
        place.qike(&format!("validate {out}.gpkg")).expect(0, &[]);
    }
    place.qike("export city.gpkg copy.store.gpkg").expect(0, &[]);
    assert_eq!(place.qike("info copy.store.gpkg --json").json(), place.qike("info city.gpkg --json").json());
    place.qike("export city.gpkg lamps_out.geojson --class CityFurniture").expect(0, &[]);
    let geojson: Value = serde_json::from_slice(&place.bytes("lamps_out.geojson")).unwrap();
    assert_eq!(geojson["features"].as_array().unwrap().len(), 2);
    place.qike("export city.gpkg out.glb --class Building").expect(0, &[]);
    let glb = place.bytes("out.glb");
    let word = |at: usize| u32::from_le_bytes(glb[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&glb[..4], word(4), word(8), &glb[16..20]), (&b"glTF"[..], 2, glb.len(), &b"JSON"[..]));
    let scene: Value = serde_json::from_slice(&glb[20..20 + word(12)]).unwrap();
    // Twelve triangles a house, in one primitive a colour.
    let corners: u64 = scene["meshes"][0]["primitives"].as_array().unwrap().iter().map(|p| p["attributes"]["POSITION"].as_u64().unwrap() as usize).map(|a| scene["accessors"][a]["count"].as_u64().unwrap()).sum();
    assert_eq!((scene["nodes"].as_array().unwrap().len(), corners), (250, 36));
    place.qike("export city.gpkg out.dwg").expect(2, &["out.dwg", ".city.jsonl"]);
}

#[test]
fn exports_are_chosen_by_place_and_level_and_leave_nothing_half() {
    let place = city();
    place.qike("diff city.gpkg city.gpkg").expect(0, &[]);
    place.qike("export city.gpkg all.gml").expect(0, &[]);
    place.qike("diff city.gpkg all.gml").expect(0, &[]);
    let objects = |line: &str| place.qike(&format!("export city.gpkg {line} --json")).json()["objects"].as_u64();
    assert_eq!(objects("east.gml --bbox 121.935,30.89,121.945,30.91 --class CityFurniture"), Some(1));
    assert_eq!(objects("east.geojson --bbox 121.935,30.89,121.945,30.91 --class CityFurniture"), Some(1));
    objects("blocks.city.json --lod 1");
    assert_eq!(place.qike("info blocks.city.json --json").json()["objects"]["by_lod"], serde_json::json!({}));
    objects("roofs.city.json --lod 2 --lod 0");
    assert_eq!(place.qike("info roofs.city.json --json").json()["objects"]["by_lod"], place.qike("info city.gpkg --json").json()["objects"]["by_lod"]);
    place.qike("export city.gpkg x.gml --lod two").expect(2, &["--lod", "two"]);
    place.qike("export city.gpkg x.geojson --lod 2").expect(2, &["--lod", "plans"]);
    place.qike("export city.gpkg x.store.gpkg --bbox 121,30,122,31").expect(2, &["--bbox", "everything"]);
    place.qike("export city.gpkg x.gml --bbox 122,30,121,31").expect(2, &["--bbox", "west"]);

    // A tileset takes the place of an earlier one, and of nothing else.
    for _ in 0..2 {
        place.qike("export city.gpkg web/tileset.json").expect(0, &[]);
    }
    std::fs::create_dir_all(place.at("mine/tiles")).unwrap();
    std::fs::write(place.at("mine/tiles/photo.jpg"), "x").unwrap();
    place.qike("export city.gpkg mine/tileset.json").expect(1, &["mine", "tiles", "folder of its own"]);
    assert!(place.at("mine/tiles/photo.jpg").exists() && !place.at("mine/tileset.json").exists());
    let empty = place.qike("export city.gpkg none.glb --bbox 121.0,30.0,121.1,30.1");
    empty.expect(1, &["nothing to write"]);
    let left: Vec<String> = place.files().into_iter().filter(|name| name.contains("part-") || name == "none.glb").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn validate_says_what_is_wrong_where() {
    let place = city();
    place.qike("validate city.gpkg").expect(0, &[]);
    let mut broken: Value = serde_json::from_str(&cityjson(2, 10.0)).unwrap();
    broken["CityObjects"]["b1"]["geometry"][0]["boundaries"][0].as_array_mut().unwrap().pop();
    broken["CityObjects"]["b1"]["geometry"][0]["semantics"]["values"][0].as_array_mut().unwrap().pop();
    place.write("open.city.json", broken.to_string());
    let report = place.qike("validate open.city.json --json");
    report.expect(1, &["open.city.json", "302", "SHELL_NOT_CLOSED"]);
    let report = report.json();
    assert_eq!((report["valid"].as_bool(), &report["errors"][0]["code"], &report["errors"][0]["object"]), (Some(false), &"302".into(), &"b1".into()));
    assert!(report["errors"][0]["where"]["path"].as_str().unwrap().contains("shell 0"));
}

#[test]
fn usage_errors_have_code_2() {
    let place = Place::new();
    for line in ["", "fly", "import", "import a.json", "info", "find", "compare one", "sample"] {
        assert_eq!(place.qike(line).code, 2, "{line}");
    }
    place.qike("sample atlantis dir").expect(2, &["atlantis", "lingang"]);
    place.qike("run none.toml --until soon").expect(2, &["--until"]);
    place.qike("run none.toml").expect(1, &["none.toml"]);
    place.qike("compare none-a none-b").expect(1, &["none-a"]);
    place.qike("sweep none.toml").expect(1, &["none.toml"]);
    for command in ["import", "info", "find", "validate", "export", "run", "compare", "sweep", "view", "sample"] {
        let help = place.qike(&format!("{command} --help"));
        assert!(help.code == 0 && help.stdout.contains("Examples:"), "{command}");
    }
    assert_eq!(place.files(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn view_hands_its_arguments_to_the_viewer() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let program = place.at("bin/qike");
    std::fs::create_dir(place.at("bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_qike"), &program).unwrap();
    let run = |path: &str| {
        let arguments = ["view", "city.gpkg", "--screenshot", "a.png", "--size", "640x360"];
        Said::of(std::process::Command::new(&program).args(arguments).env("PATH", path).output().unwrap())
    };
    run("/nowhere").expect(1, &["qike-viewer", "cargo build"]);
    place.write("bin/qike-viewer", "#!/bin/sh\necho \"$@\"\nexit 3\n");
    std::fs::set_permissions(place.at("bin/qike-viewer"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = run("/usr/bin:/bin");
    assert_eq!((said.code, said.stdout.as_str()), (3, "city.gpkg --screenshot a.png --size 640x360\n"));
}

#[test]
fn a_round_trip_through_cityjson_loses_nothing() {
    let place = city();
    for out in ["out.city.json", "out.city.jsonl"] {
        place.qike(&format!("export city.gpkg {out}")).expect(0, &[]);
        let said = place.qike(&format!("diff city.gpkg {out} --json"));
        said.expect(0, &[]);
        assert_eq!(said.json()["equal"], true, "{}", said.stdout);
    }
    // And what is different is said.
    place.write("other.city.json", cityjson(2, 11.0));
    place.qike("import other.city.json --store other.gpkg").expect(0, &[]);
    let said = place.qike("diff city.gpkg other.gpkg --json");
    assert_eq!((said.code, said.json()["equal"].as_bool()), (1, Some(false)), "{}", said.stdout);
    place.qike("diff city.gpkg").expect(2, &[]);
}

#[test]
fn a_round_trip_keeps_every_material_and_texture() {
    let folders = ["citymodel/cjio/rotterdam", "citymodel/cjio/material", "citymodel/cjio/dummy", "citymodel/citygml4j/datasets"];
    let mut trips = 0;
    for folder in folders {
        let Some(folder) = qike_core::testdata::path(folder) else { return };
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| ["json", "jsonl", "gml"].iter().any(|known| e == *known)));
        files.sort();
        for file in files {
            let place = Place::new();
            let file = file.display().to_string();
            // Files without a place get one: a store needs metres.
            let stored = place.qike(&format!("import {file} --store city.gpkg --crs EPSG:28992 --source-crs EPSG:28992"));
            if stored.code == 1 {
                continue; // The invalid document of the set.
            }
            for out in ["out.city.json", "out.city.jsonl"] {
                place.qike(&format!("export city.gpkg {out}")).expect(0, &[]);
                let said = place.qike(&format!("diff city.gpkg {out} --source-crs EPSG:28992 --json"));
                assert_eq!(said.code, 0, "{file} {out}: {}", said.json()["counts"]);
                trips += 1;
            }
            let names = |folder: &str| std::fs::read_dir(place.at(folder)).map_or(0, Iterator::count);
            if file.ends_with("rotterdam_subset.json") {
                assert_eq!(names("appearances"), 1, "{file}");
            }
        }
    }
    assert!(trips >= 30, "{trips}");
}
