//! GeoPackages of layers: what QGIS and GDAL see in them, and what our own importer reads back.

mod common;
use common::*;
use serde_json::{Value, json};
use std::process::Command;

/// Two kinds of street furniture, a square with a hole, a pipe that drops, attributes of every type.
fn city() -> Place {
    let place = Place::new();
    place.write("houses.city.json", cityjson(250, 10.0));
    let feature = |id: &str, class: &str, geometry: Value, more: Value| {
        let mut properties = json!({ "class": class });
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "type": "Feature", "id": id, "properties": properties, "geometry": geometry })
    };
    let point = |lon: f64| json!({ "type": "Point", "coordinates": [lon, 30.9, 5.25] });
    let ring = |a: f64, b: f64| json!([[121.93 + a, 30.9 + a], [121.93 + b, 30.9 + a], [121.93 + b, 30.9 + b], [121.93 + a, 30.9 + b], [121.93 + a, 30.9 + a]]);
    let features = json!({ "type": "FeatureCollection", "features": [
        feature("lamp/1", "CityFurniture", point(121.93), json!({ "built": "2019-05-01", "watts": 40, "lit": true, "Watts": 1, "parts": ["pole"], "source": "survey" })),
        feature("lamp/2", "CityFurniture", point(121.94), json!({ "built": null, "watts": 62.5, "lit": false })),
        feature("fence/1", "CityFurniture", json!({ "type": "LineString", "coordinates": [[121.93, 30.9, 4.0], [121.931, 30.9, 7.5]] }), json!({ "function": "fence" })),
        feature("note/1", "CityFurniture", Value::Null, json!({ "watts": 5 })),
        feature("square/1", "Square", json!({ "type": "Polygon", "coordinates": [ring(0.0, 0.001), ring(0.0002, 0.0004)] }), json!({})),
    ] });
    place.write("things.geojson", features.to_string());
    place.qike("import houses.city.json things.geojson --store city.gpkg --date 2024-01-01").expect(0, &[]);
    place
}

#[test]
fn layers_are_typed_and_come_back() {
    let place = city();
    let report = place.qike("export city.gpkg out.gpkg --json").json();
    assert_eq!(report["objects"], 255);
    let layers: Vec<String> = report["layers"].as_array().unwrap().iter().map(|l| format!("{} {} {}", l["name"].as_str().unwrap(), l["geometry"].as_str().unwrap(), l["features"])).collect();
    assert_eq!(layers, ["building MULTIPOLYGON 250", "square MULTIPOLYGON 1", "city_furniture_line MULTILINESTRING 1", "city_furniture_point POINT 3"]);
    let said = place.qike("export city.gpkg out.gpkg");
    assert!(said.stdout.contains("building  250 MULTIPOLYGON"), "{}", said.stdout);
    // Same input, same bytes.
    place.qike("export city.gpkg again.gpkg").expect(0, &[]);
    assert!(place.bytes("out.gpkg") == place.bytes("again.gpkg"));

    place.qike("import out.gpkg --store back.gpkg").expect(0, &[]);
    let by_class = |store: &str| place.qike(&format!("info {store} --json")).json()["objects"]["by_class"].clone();
    assert_eq!(by_class("back.gpkg"), by_class("city.gpkg"));
    let found = |line: &str| place.qike(&format!("find back.gpkg --json {line}")).json();
    let lamp = &found("--id out/city_furniture_point:*")["objects"];
    assert_eq!(lamp, &json!([]), "ids are the objects' own");
    let lamp = found("--id lamp/1")["objects"][0].clone();
    for (column, value) in [("built", json!("2019-05-01")), ("watts", json!(40.0)), ("lit", json!(true)), ("Watts_2", json!(1)), ("parts", json!("[\"pole\"]")), ("source_2", json!("survey")), ("source", json!("things.geojson"))] {
        assert_eq!(lamp["attributes"][column], value, "{column}: {lamp}");
    }
    // Heights and places to the bit.
    let bounds = |store: &str, id: &str| place.qike(&format!("find {store} --id {id} --json")).json()["objects"][0]["bounds"].clone();
    for id in ["lamp/1", "lamp/2", "fence/1", "square/1"] {
        assert_eq!(bounds("back.gpkg", id), bounds("city.gpkg", id), "{id}");
    }
    let house = found("--id b42")["objects"][0].clone();
    assert_eq!((&house["bounds"][2], &house["attributes"]["z_min"], &house["attributes"]["z_max"]), (&json!(4.0), &json!(4.0), &json!(14.0)), "{house}");
    assert_eq!(found("--id note/1")["objects"][0]["bounds"], Value::Null);
}

#[test]
fn layers_are_chosen_by_class_place_level_and_day() {
    let place = city();
    let objects = |line: &str| place.qike(&format!("export city.gpkg {line} --json")).json()["objects"].as_u64();
    assert_eq!(objects("a.gpkg --class Square"), Some(1));
    assert_eq!(objects("b.gpkg --bbox 121.9395,30.89,121.9405,30.91"), Some(1));
    let report = place.qike("export city.gpkg c.gpkg --lod 0 --class Building --json").json();
    assert_eq!((report["layers"][0].get("geometry"), report["objects"].as_u64()), (None, Some(250)), "no house has a footprint of its own");
    place.write("things.geojson", points(&[("lamp/9", 121.95, 30.9)]));
    place.qike("import things.geojson --store city.gpkg --date 2024-06-01").expect(0, &[]);
    assert_eq!((objects("d.gpkg"), objects("e.gpkg --as-of 2024-03-01")), (Some(251), Some(255)));
    place.qike("export city.gpkg f.gpkg --bbox 10,10,11,11").expect(1, &["no object is chosen"]);
    assert!(!place.at("f.gpkg").exists());
    place.qike("export city.gpkg nowhere/f.gpkg").expect(1, &["no folder", "nowhere"]);
}

#[test]
fn gdal_reads_every_layer() {
    let place = city();
    place.qike("export city.gpkg out.gpkg").expect(0, &[]);
    let gdal = |arguments: &[&str]| Command::new("ogrinfo").args(arguments).current_dir(place.path()).output().map(Said::of);
    let Ok(said) = gdal(&["-ro", "-al", "-so", "out.gpkg"]) else {
        eprintln!("ogrinfo is not installed: what GDAL makes of layers is not checked");
        return;
    };
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{}", said.stdout);
    for line in [
        "Geometry: 3D Multi Polygon", "Geometry: 3D Point", "Geometry: 3D Multi Line String", "Feature Count: 250", "ID[\"EPSG\",4549]", "built: Date", "watts: Real", "Watts_2: Integer64",
        "lit: Integer(Boolean)", "number: Integer64", "Extent: (684000.000000, 3420000.000000) - (685992.000000, 3420049.000000)",
    ] {
        assert!(said.stdout.contains(line), "'{line}' is not in\n{}", said.stdout);
    }
    let window = gdal(&["-ro", "-so", "-spat", "684001", "3420001", "684031", "3420011", "out.gpkg", "building"]).unwrap();
    assert!(window.stdout.contains("Feature Count: 2"), "{}", window.stdout);
    let edited = gdal(&["out.gpkg", "-sql", "UPDATE building SET geom = NULL WHERE id = 'b0'"]).unwrap();
    assert_eq!((edited.code, edited.stderr.as_str()), (0, ""));
    let window = gdal(&["-ro", "-so", "-spat", "684001", "3420001", "684031", "3420011", "out.gpkg", "building"]).unwrap();
    assert!(window.stdout.contains("Feature Count: 1"), "the index follows edits: {}", window.stdout);
}

#[test]
fn a_city_grid_of_its_own_is_known_again() {
    let place = Place::new();
    place.write("houses.csv", "id,x,y,class\nlamp-a,120.5,340.25,CityFurniture\nlamp-b,900,-20,CityFurniture\n");
    let grid = "+proj=tmerc +lat_0=31.2354 +lon_0=121.4641 +k=1 +x_0=0 +y_0=0 +ellps=krass +units=m";
    let run = |arguments: &[&str]| Said::of(place.command().args(arguments).output().unwrap());
    run(&["import", "houses.csv", "--store", "city.gpkg", "--crs", grid, "--source-crs", grid]).expect(0, &[]);
    place.qike("export city.gpkg out.gpkg").expect(0, &[]);
    run(&["import", "out.gpkg", "--store", "back.gpkg", "--crs", grid]).expect(0, &[]);
    let bounds = |store: &str| place.qike(&format!("find {store} --id lamp-a --json")).json()["objects"][0]["bounds"].clone();
    let (a, b) = (bounds("city.gpkg"), bounds("back.gpkg"));
    for k in 0..3 {
        assert!((a[k].as_f64().unwrap() - b[k].as_f64().unwrap()).abs() < 1e-6, "{a} {b}");
    }
}
