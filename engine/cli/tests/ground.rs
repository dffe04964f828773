//! Terrain, plans that are set on it, and where positions end up in a store.

mod common;

use common::Place;
use qike_core::{Crs, SourceCrs, Transform, testdata};
use serde_json::{Value, json};

/// A slope in EPSG:4549: 41 × 41 samples of 10 m from (684000, 3421000) on; height = metres east / 10 + 20.
fn slope(place: &Place) {
    let rows: Vec<String> = (0..41).map(|_| (0..41).map(|c| (20 + c).to_string()).collect::<Vec<_>>().join(" ")).collect();
    let head = "ncols 41\nnrows 41\nxllcenter 684000\nyllcenter 3421000\ncellsize 10\n";
    place.write("dem.asc", format!("{head}{}\n", rows.join("\n")));
    place.write("dem.prj", Crs::parse("EPSG:4549").unwrap().wkt().unwrap());
}

fn lonlat(x: f64, y: f64) -> [f64; 2] {
    let to = Transform::new(&SourceCrs::parse("EPSG:4549").unwrap(), &Crs::wgs84()).unwrap();
    let p = to.apply([x, y, 0.0]).unwrap();
    [p[0], p[1]]
}

/// OSM: a house with a part above its first floor, a road, a lamp, on the slope; a lamp beside it.
fn osm() -> String {
    let at = |id: u32, x: f64, y: f64, tag: &str| {
        let [lon, lat] = lonlat(684_000.0 + x, 3_421_000.0 + y);
        format!("<node id=\"{id}\" version=\"1\" lat=\"{lat:.9}\" lon=\"{lon:.9}\">{tag}</node>")
    };
    let nodes = [
        at(1, 100.0, 100.0, ""), at(2, 120.0, 100.0, ""), at(3, 120.0, 120.0, ""), at(4, 100.0, 120.0, ""),
        at(5, 110.0, 102.0, ""), at(6, 118.0, 102.0, ""), at(7, 118.0, 110.0, ""), at(8, 110.0, 110.0, ""),
        at(9, 50.0, 200.0, ""), at(10, 150.0, 200.0, ""), at(11, 300.0, 200.0, ""),
        at(12, 205.0, 205.0, "<tag k=\"highway\" v=\"street_lamp\"/>"), at(13, 5_000.0, 205.0, "<tag k=\"highway\" v=\"street_lamp\"/>"),
    ];
    let way = |id: u32, refs: &[u32], tags: &[(&str, &str)]| {
        let nd: String = refs.iter().map(|n| format!("<nd ref=\"{n}\"/>")).collect();
        let tag: String = tags.iter().map(|(k, v)| format!("<tag k=\"{k}\" v=\"{v}\"/>")).collect();
        format!("<way id=\"{id}\" version=\"1\">{nd}{tag}</way>")
    };
    format!(
        "<?xml version=\"1.0\"?><osm version=\"0.6\">{}{}{}{}</osm>",
        nodes.concat(),
        way(1, &[1, 2, 3, 4, 1], &[("building", "yes"), ("height", "6")]),
        way(2, &[5, 6, 7, 8, 5], &[("building:part", "yes"), ("height", "15"), ("min_height", "6")]),
        way(3, &[9, 10, 11], &[("highway", "residential")])
    )
}

fn find(place: &Place, id: &str) -> Value {
    let said = place.qike(&format!("find city.gpkg --id {id} --json"));
    said.expect(0, &[]);
    said.json()["objects"][0].clone()
}

#[test]
fn a_plan_is_set_on_the_terrain_once_and_for_all() {
    let place = Place::new();
    slope(&place);
    place.write("town.osm", osm());
    // The plan is named first: terrain is read before it all the same.
    let said = place.qike("import town.osm dem.asc --store city.gpkg --crs EPSG:4549 --ground --json");
    said.expect(0, &[]);
    let report = said.json();
    let town = report["sources"].as_array().unwrap().iter().find(|s| s["path"] == "town.osm").unwrap();
    let set = town["diagnostics"].as_array().unwrap().iter().find(|d| d["code"] == "ground-set").unwrap();
    assert!(set["message"].as_str().unwrap().contains("; 1 lie beside it"), "{set}");
    // Ground at x = 100 is 30 m high.
    let house = find(&place, "osm:way/1");
    let z = |o: &Value, i: usize| o["bounds"][i].as_f64().unwrap();
    assert!((z(&house, 2) - 30.0).abs() < 0.01, "{house}");
    assert!((house["attributes"]["ground_height_m"].as_f64().unwrap() - 30.0).abs() < 0.01);
    // The part goes with its house: its floor is 6 m over the house's ground, not over its own.
    let part = find(&place, "osm:way/2");
    assert!((z(&part, 2) - z(&house, 2) - 6.0).abs() < 1e-6, "{part}");
    let road = find(&place, "osm:way/3");
    assert!((z(&road, 2) - 25.0).abs() < 0.01 && (z(&road, 5) - 50.0).abs() < 0.01, "{road}");
    let lamp = find(&place, "osm:node/12");
    assert!((z(&lamp, 2) - 40.5).abs() < 0.01, "{lamp}");
    assert_eq!(z(&find(&place, "osm:node/13"), 2), 0.0);
    // Again, with the terrain from the store alone: nothing changes.
    let again = place.qike("import town.osm --store city.gpkg --ground --json").json();
    assert_eq!((&again["changed"], &again["sources"][0]["changed"]), (&json!(false), &json!(0)), "{again}");
    let all = place.qike("import dem.asc town.osm --store city.gpkg --ground --json").json();
    assert_eq!(all["changed"], json!(false), "{all}");
}

#[test]
fn true_heights_stay_and_missing_terrain_is_told() {
    let place = Place::new();
    slope(&place);
    place.write("town.osm", osm());
    let said = place.qike("import town.osm --store none.gpkg --crs EPSG:4549 --ground --json").json();
    assert!(said["sources"][0]["diagnostics"].to_string().contains("ground-missing"), "{said}");
    // A model that stands at zero does so for a reason of its own.
    let point = |z: f64| json!({"type": "CityJSON", "version": "2.0", "transform": {"scale": [0.001, 0.001, 0.001], "translate": [684100.0, 3421100.0, z]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549"},
        "CityObjects": {"tower": {"type": "Building", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2]]]}]}},
        "vertices": [[0, 0, 0], [1000, 0, 0], [0, 1000, 0]]});
    place.write("tower.city.json", point(0.0).to_string());
    place.qike("import dem.asc tower.city.json --store city.gpkg --crs EPSG:4549 --ground --quiet").expect(0, &[]);
    assert_eq!(find(&place, "tower")["bounds"][2].as_f64(), Some(0.0));
    place.qike("import dem.asc --store x.gpkg --terrain-tolerance=-2").expect(2, &["write metres"]);
}

#[test]
fn a_reprojection_moves_extents_with_vertices() {
    let place = Place::new();
    let ring = [[121.90, 30.88], [121.94, 30.88], [121.94, 30.92], [121.90, 30.92], [121.90, 30.88]];
    place.write("a.geojson", json!({"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": "zone", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}).to_string());
    place.qike("import a.geojson --store city.gpkg --crs EPSG:4549 --quiet").expect(0, &[]);
    let to = Transform::new(&SourceCrs::Crs(Crs::wgs84()), &Crs::parse("EPSG:4549").unwrap()).unwrap();
    let at: Vec<[f64; 3]> = ring.iter().map(|p| to.apply([p[0], p[1], 0.0]).unwrap()).collect();
    let low = |k: usize| at.iter().map(|p| p[k]).fold(f64::MAX, f64::min);
    let high = |k: usize| at.iter().map(|p| p[k]).fold(f64::MIN, f64::max);
    let expected = [low(0), low(1), 0.0, high(0), high(1), 0.0];
    let info = place.qike("info city.gpkg --json").json();
    let found = place.qike("find city.gpkg --class GenericCityObject --json").json();
    for bounds in [&info["bounds"], &found["objects"][0]["bounds"]] {
        for (k, value) in expected.iter().enumerate() {
            assert!((bounds[k].as_f64().unwrap() - value).abs() < 1e-6, "{bounds} is not {expected:?}");
        }
    }
    // And it is found where it is, not where its degrees would be.
    assert_eq!(place.qike("find city.gpkg --near 121.92,30.90,10 --json").json()["count"], 1);
    assert_eq!(place.qike("find city.gpkg --near 121.80,30.90,10 --json").json()["count"], 0);
}

#[test]
fn andorra_stands_on_its_mountains() {
    let (Some(dem), Some(osm)) = (testdata::path("gis/graphhopper/N42E001.hgt.zip"), testdata::path("gis/graphhopper/andorra.osm.pbf")) else { return };
    let place = Place::new();
    let line = format!("import {} {} --store city.gpkg --ground --terrain-tolerance 5 --json", dem.display(), osm.display());
    let said = place.qike(&line);
    let report = said.json();
    let osm = report["sources"].as_array().unwrap().iter().find(|s| s["format"] == "osm").unwrap();
    let set = osm["diagnostics"].as_array().unwrap().iter().find(|d| d["code"] == "ground-set").unwrap_or_else(|| panic!("{report}"));
    let lifted: u64 = set["message"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(lifted > 1_000, "{set}");
    // Andorra la Vella lies at 1,000 m.
    let roads = place.qike("find city.gpkg --class Road --near 1.5218,42.5063,300 --json").json();
    let heights: Vec<f64> = roads["objects"].as_array().unwrap().iter().map(|o| o["bounds"][2].as_f64().unwrap()).collect();
    assert!(!heights.is_empty() && heights.iter().all(|z| (950.0..1250.0).contains(z)), "{heights:?}");
}
