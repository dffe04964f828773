//! Each test case of val3dity reports its code.

mod common;

use common::Place;
use qike_core::testdata;
use serde_json::{Value, json};

/// The codes that `qike validate` gives for a file, with hollows in it.
fn codes(place: &Place, file: &str, hollows: &[&str]) -> Option<Vec<String>> {
    let path = |name: &str| testdata::path(&format!("citymodel/val3dity/{name}"));
    let mut line = format!("validate {} --json", path(file)?.display());
    for hollow in hollows {
        line += &format!(" --inner-shell {}", path(hollow)?.display());
    }
    let said = place.qike(&line);
    let report = said.json();
    let codes: Vec<String> = report["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!((said.code == 0, report["valid"].as_bool()), (codes.is_empty(), Some(codes.is_empty())), "{file}: {}", said.stderr);
    Some(codes)
}

#[test]
fn every_case_reports_its_code() {
    let place = Place::new();
    let mut wrong = Vec::new();
    let mut expect = |file: &str, hollows: &[&str], code: &[&str]| {
        let Some(found) = codes(&place, file, hollows) else { return };
        let fits = if code.is_empty() { found.is_empty() } else { found.iter().any(|c| code.contains(&c.as_str())) };
        if !fits {
            wrong.push(format!("{file} {hollows:?}: {found:?}, expected {code:?}"));
        }
    };
    for code in [101, 102, 104, 201, 202, 203, 205, 206, 207, 208, 301, 302, 303, 305, 306, 307, 405] {
        // A file may report what its manifest allows instead.
        let allowed = match code {
            202 | 206 => "201",
            307 => "303",
            _ => "",
        };
        expect(&format!("{code}.poly"), &[], &[&code.to_string(), allowed]);
    }
    for code in [401, 403, 404] {
        expect("basecube.poly", &[&format!("{code}.poly")], &[&code.to_string()]);
    }
    // The second cube of both names a corner twice in a row: the manifest speaks of files whose name is no code in general.
    for file in ["two_objects_1.obj", "two_objects_2.obj"] {
        expect(file, &[], &["102"]);
    }
    for file in ["basecube.obj", "self_fold.obj", "basecube.poly", "basecube_large_coords.poly", "closed_top.poly", "composite_solid.json", "multi_solid.json"] {
        expect(file, &[], &[]);
    }
    for hollows in [
        &["inner_shell.poly"][..],
        &["inner_shell_1.poly"],
        &["inner_shell.poly", "inner_shell_2.poly"],
        &["inner_shell_3.poly", "inner_shell.poly"],
        &["inner_shell_4.poly", "inner_shell.poly"],
    ] {
        expect("basecube.poly", hollows, &[]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A CityJSON file of solids: each object with its type, its parent and boxes by least and greatest corner.
fn boxes(kind: &str, objects: &[(&str, &str, &str, &[[i64; 6]])]) -> String {
    let (mut vertices, mut all) = (Vec::new(), serde_json::Map::new());
    for (id, class, parent, list) in objects {
        let solid = |b: &[i64; 6], vertices: &mut Vec<[i64; 3]>| {
            let base = vertices.len();
            for z in [b[2], b[5]] {
                vertices.extend([[b[0], b[1], z], [b[3], b[1], z], [b[3], b[4], z], [b[0], b[4], z]]);
            }
            let ring = |r: [usize; 4]| json!([r.map(|k| base + k)]);
            let faces = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]].map(ring);
            json!([faces])
        };
        let solids: Vec<_> = list.iter().map(|b| solid(b, &mut vertices)).collect();
        let boundaries = if kind == "Solid" { solids[0].clone() } else { json!(solids) };
        let mut object = json!({ "type": class, "geometry": [{ "type": kind, "lod": "2", "boundaries": boundaries }] });
        if !parent.is_empty() {
            object["parents"] = json!([parent]);
        }
        let children: Vec<_> = objects.iter().filter(|(.., up, _)| up == id).map(|(child, ..)| *child).collect();
        if !children.is_empty() {
            object["children"] = json!(children);
        }
        all.insert((*id).to_owned(), object);
    }
    let transform = json!({ "scale": [1.0, 1.0, 1.0], "translate": [684000.0, 3420000.0, 0.0] });
    let metadata = json!({ "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549" });
    json!({ "type": "CityJSON", "version": "2.0", "metadata": metadata, "transform": transform, "CityObjects": all, "vertices": vertices }).to_string()
}

#[test]
fn objects_together_and_unreadable_files() {
    let place = Place::new();
    let house = ("house", "Building", "", &[[0, 0, 0, 9, 9, 9]][..]);
    let part = |to: i64| [[9, 0, 0, to, 9, 9]];
    let (inside, beside) = ([[5, 5, 0, 15, 9, 9]], part(15));
    place.write("parts.city.json", boxes("Solid", &[house, ("tower", "BuildingPart", "house", &inside)]));
    place.write("walls.city.json", boxes("Solid", &[house, ("tower", "BuildingPart", "house", &beside)]));
    place.write("rooms.city.json", boxes("Solid", &[house, ("a", "BuildingRoom", "house", &[[1, 1, 0, 5, 5, 3]]), ("b", "BuildingRoom", "house", &[[4, 1, 0, 8, 5, 3]])]));
    place.write("apart.city.json", boxes("CompositeSolid", &[("g", "Building", "", &[[0, 0, 0, 2, 2, 2], [5, 0, 0, 7, 2, 2]])]));
    let whole = boxes("Solid", &[house]);
    place.write("cut.city.json", &whole[..whole.len() / 2]);
    place.write("cut.poly", "8 3 0 0\n0 1 2 3\n");
    place.write("picture.city.json", b"\x89PNG\r\n\x1a\n0000");
    place.write("empty.obj", "# nothing\nv 0 0 0\n");
    for (file, expected) in [
        ("parts.city.json", &["601"][..]),
        ("walls.city.json", &[]),
        ("rooms.city.json", &["701"]),
        ("apart.city.json", &["503"]),
        ("cut.city.json", &["905"]),
        ("cut.poly", &["901"]),
        ("picture.city.json", &["904"]),
        ("empty.obj", &["901"]),
    ] {
        let said = place.qike(&format!("validate {file} --json"));
        let report = said.json();
        let codes: Vec<&str> = report["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
        assert_eq!((codes.as_slice(), said.code), (expected, i32::from(!expected.is_empty())), "{file}: {report}");
    }
    // The same in a store.
    place.qike("import parts.city.json --store parts.gpkg").expect(0, &[]);
    let report = place.qike("validate parts.gpkg --json").json();
    assert_eq!((report["errors"][0]["code"].as_str(), report["errors"][0]["object"].as_str()), (Some("601"), Some("tower")));
    // Four metres of overlap are allowed to who asks for it; wrong tolerances are wrong usage.
    place.qike("validate rooms.city.json --overlap-tol 1.5").expect(0, &[]);
    place.qike("validate rooms.city.json --planarity-n 200").expect(2, &["903", "200"]);
    place.qike("validate rooms.city.json --snap-tol NaN").expect(2, &["903"]);
    place.qike("validate nowhere.obj").expect(1, &["nowhere.obj"]);
}

#[test]
fn faults_have_places_on_a_map() {
    let place = Place::new();
    let mut bent: Value = serde_json::from_str(&boxes("Solid", &[("b", "Building", "", &[[0, 0, 0, 10, 10, 10]])])).unwrap();
    bent["vertices"][6][2] = json!(11);
    place.write("bent.city.json", bent.to_string());
    let said = place.qike("validate bent.city.json --report-geojson faults.geojson");
    said.expect(1, &[]);
    assert!(said.stdout.starts_with("error[203] NON_PLANAR_POLYGON_DISTANCE_PLANE: 1\n"), "{}", said.stdout);
    let map: Value = serde_json::from_slice(&place.bytes("faults.geojson")).unwrap();
    assert_eq!(map["features"].as_array().unwrap().len(), 1);
    let feature = &map["features"][0];
    assert_eq!((&feature["properties"]["code"], &feature["properties"]["object"]), (&json!("203"), &json!("b")));
    let corner = &feature["geometry"]["coordinates"][0][0];
    // The zone's middle is 120° E; 684 km is 184 km east of it.
    assert!((corner[0].as_f64().unwrap() - 121.92).abs() < 0.05 && (corner[1].as_f64().unwrap() - 30.9).abs() < 0.05, "{corner}");
    let printed = place.qike("validate bent.city.json --format geojson");
    assert_eq!(printed.json(), map);
}

/// A model with a shell that looks inwards, a bent roof, and a building that no repair mends.
fn broken() -> String {
    let mut model: Value = serde_json::from_str(&boxes("Solid", &[
        ("inwards", "Building", "", &[[0, 0, 0, 10, 10, 10]]),
        ("bent", "Building", "", &[[20, 0, 0, 30, 10, 10]]),
        ("open", "Building", "", &[[40, 0, 0, 50, 10, 10]]),
        ("sound", "Building", "", &[[60, 0, 0, 70, 10, 10]]),
    ]))
    .unwrap();
    for face in model["CityObjects"]["inwards"]["geometry"][0]["boundaries"][0].as_array_mut().unwrap() {
        face[0].as_array_mut().unwrap().reverse();
    }
    model["vertices"][8 + 6][2] = json!(11);
    model["CityObjects"]["open"]["geometry"][0]["boundaries"][0].as_array_mut().unwrap().pop();
    model.to_string()
}

#[test]
fn repairs_are_named_counted_and_can_be_undone() {
    let place = Place::new();
    place.write("broken.city.json", broken());
    place.qike("import broken.city.json --store city.gpkg").expect(0, &[]);
    let hash = |store: &str| place.qike(&format!("info {store} --json")).json()["content_hash"].as_str().unwrap().to_owned();
    let plan = place.qike("validate city.gpkg --dry-run --json");
    assert_eq!(plan.json()["repairs"]["counts"], json!({ "flip-shell": 1, "split-non-planar": 1 }));
    let before = hash("city.gpkg");
    place.qike("validate city.gpkg --repair mended.gpkg").expect(1, &[]);
    assert_eq!(hash("city.gpkg"), before, "the input stays as it is");
    let left = place.qike("validate mended.gpkg --json").json();
    let codes: Vec<_> = left["errors"].as_array().unwrap().iter().map(|e| (e["object"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
    assert_eq!(codes, [("open", "302")]);
    let changed = place.qike("diff city.gpkg mended.gpkg --json").json();
    let ids: Vec<_> = changed["changed"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["bent", "inwards"]);
    place.qike("validate mended.gpkg --undo mended.gpkg.repairs.json --to again.gpkg").expect(0, &[]);
    assert_eq!(hash("again.gpkg"), before);
    place.qike("diff city.gpkg again.gpkg --tolerance 0").expect(0, &[]);
    // Only what is named; never over a file that is there; only on the store that was repaired.
    place.qike("validate city.gpkg --repair some.gpkg --repairs flip-shell").expect(1, &[]);
    let journal: Value = serde_json::from_slice(&place.bytes("some.gpkg.repairs.json")).unwrap();
    assert_eq!((journal["counts"].clone(), journal["repairs"][0]["object"].clone()), (json!({ "flip-shell": 1 }), json!("inwards")));
    place.qike("validate city.gpkg --repair mended.gpkg").expect(2, &["there already"]);
    place.qike("validate city.gpkg --repair x.gpkg --repairs melt").expect(2, &["melt", "orient-rings"]);
    place.qike("validate city.gpkg --undo mended.gpkg.repairs.json --to y.gpkg").expect(1, &["was changed"]);
    assert!(!place.files().contains(&"y.gpkg".to_owned()) && !place.files().contains(&"x.gpkg".to_owned()));
    // A source file is repaired into a store as well.
    place.qike("validate broken.city.json --repair direct.gpkg").expect(1, &[]);
    place.qike("diff mended.gpkg direct.gpkg").expect(0, &[]);
}
