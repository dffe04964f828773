//! Mapping files over the real Lingang tables, and small ones for each fault.

mod common;

use common::{codes, count, import, import_with, object};
use qike_core::testdata;
use qike_import::{SourceOptions, plan};
use qike_scene::sink::MemorySink;
use qike_scene::{Class, GeometryKind};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// The example mappings beside copies of the data they name, as a user would lay them out.
fn lingang(names: &[&str]) -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    let dir = tempfile::tempdir().unwrap();
    let mut maps = Vec::new();
    for name in names {
        let data = testdata::path(&format!("lingang/{name}.json"))?;
        fs::copy(data, dir.path().join(format!("{name}.json"))).unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/mappings/{name}.map.toml"));
        let map = dir.path().join(format!("{name}.map.toml"));
        fs::copy(example, &map).unwrap();
        maps.push(map);
    }
    Some((dir, maps))
}

fn placed(sink: &MemorySink, prefix: &str) -> usize {
    sink.objects.iter().filter(|o| o.id.as_str().starts_with(prefix) && !o.geometries.is_empty()).count()
}

#[test]
fn iot_sensors_and_the_one_at_null_island() {
    let Some((_dir, maps)) = lingang(&["iot_sensors"]) else { return };
    let (sink, report) = import(&maps);
    assert_eq!((report.left_out(), sink.crs_text().as_str()), (0, "EPSG:4550"));
    assert_eq!((sink.objects.len(), placed(&sink, "sensor:")), (788, 788));
    assert_eq!(codes(&sink), ["crs-outside-area"]);
    assert!(sink.diagnostics[0].message.starts_with("1 positions") && sink.diagnostics[0].object.as_deref().unwrap().ends_with(":2497"), "{}", sink.diagnostics[0]);
    let count_of = |function: &str| sink.objects.iter().filter(|o| o.str("function") == Some(function)).count();
    assert_eq!(count_of("manhole_sensor") + count_of("door_sensor") + count_of("smoke_detector"), 102 + 102 + 480 - 1 + usize::from(count_of("smoke_detector") == 480));
}

trait CrsText {
    fn crs_text(&self) -> String;
}

impl CrsText for MemorySink {
    fn crs_text(&self) -> String {
        qike_scene::ObjectSink::crs(self).to_string()
    }
}

#[test]
fn parking_lots_with_outlines_and_series() {
    let Some((_dir, maps)) = lingang(&["parking_lots"]) else { return };
    let (sink, _) = import(&maps);
    assert_eq!((count(&sink, Class::Square), sink.diagnostics.len()), (4, 0), "{:?}", sink.diagnostics);
    let lot = object(&sink, "lot:P0004");
    assert_eq!((lot.attributes["capacity"].clone(), lot.str("function")), (json!(857), Some("car_park")));
    assert!(lot.geometries[0].kind == GeometryKind::MultiSurface && lot.bounds().max[2] == 0.0, "the third number is skipped");
    assert_eq!(sink.series.len(), 10, "five lots, occupied and free");
    let first = sink.series.iter().find(|s| s.object.as_str() == "lot:P0001" && s.quantity == "free").unwrap();
    assert_eq!((first.values.as_slice(), first.date.as_str()), (&[906.0][..], "2019-06-20"));
}

#[test]
fn grid_polygons_lines_and_swapped_offices() {
    let Some((_dir, maps)) = lingang(&["grid"]) else { return };
    let (sink, report) = import(&maps);
    // The first district lacks a separator between two of its vertices.
    assert_eq!((report.left_out(), codes(&sink)), (0, vec!["vertex-bad".to_owned()]), "{:?}", sink.diagnostics);
    assert_eq!((placed(&sink, "grid:1/"), placed(&sink, "grid:3/"), placed(&sink, "estate:")), (3, 31, 6));
    assert_eq!((placed(&sink, "coast:"), placed(&sink, "event-line:")), (1, 1));
    let bounds = |prefix: &str| {
        let mut all = qike_core::Bounds3::EMPTY;
        sink.objects.iter().filter(|o| o.id.as_str().starts_with(prefix)).for_each(|o| all.merge(&o.bounds()));
        all
    };
    assert!(bounds("grid:1/").flat().intersects(&bounds("work-station:").flat()), "the offices lie in the district");
}

#[test]
fn transit_in_two_datums() {
    let Some((_dir, maps)) = lingang(&["transit"]) else { return };
    let (sink, _) = import(&maps);
    assert_eq!((placed(&sink, "bus-stop:"), placed(&sink, "bus-arrival:")), (10, 30));
    let lines = sink.objects.iter().filter(|o| o.id.as_str().starts_with("bus-line:"));
    assert_eq!((lines.count(), placed(&sink, "bus-line:")), (12, 3));
    let at = |prefix: &str| {
        let named = |o: &&qike_scene::CityObject| o.id.as_str().starts_with(prefix) && o.name.as_deref() == Some("沪城环路银飞路");
        sink.objects.iter().find(named).unwrap().bounds().centre()
    };
    let (a, b) = (at("bus-stop:"), at("bus-arrival:"));
    assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 0.3, "the same stop in GCJ-02 and WGS 84");
}

#[test]
fn the_other_lingang_tables_that_have_places() {
    let Some((_dir, maps)) = lingang(&["community_events", "tourism_zone_events", "drones", "park_buildings", "crowd_reach"]) else { return };
    let (sink, report) = import(&maps);
    assert_eq!(report.left_out(), 0, "{:?}", sink.diagnostics);
    // Four of the hangars and all drones stand twice in the file.
    assert_eq!(codes(&sink), ["duplicate-id"; 8]);
    let of = |prefix: &str| (sink.objects.iter().filter(|o| o.id.as_str().starts_with(prefix)).count(), placed(&sink, prefix));
    assert_eq!((of("community-event:"), of("zone-event:")), ((24, 24), (402, 364)), "38 of the records are empty");
    assert_eq!((of("hangar:"), of("drone:")), ((7, 7), (4, 3)));
    assert_eq!((of("park-building:"), of("park-floors:"), of("park-poi:")), ((38, 38), (38, 0), (44, 44)));
    assert_eq!((4 + 8 + 5 + 5 + 5, of("reach:").1), (27, 27));
    let of_kind = |kind: Option<&str>| sink.objects.iter().filter(|o| o.id.as_str().starts_with("zone-event:") && o.str("flmc") == kind).count();
    assert_eq!((of_kind(Some("疑似渣土车")), of_kind(Some("疑似黑车")), of_kind(None)), (143, 221, 38));
    let floors = object(&sink, "park-floors:1500411190051283");
    assert_eq!((floors.parent.as_ref().map(|p| p.as_str()), floors.attributes["floor_names"].as_array().map(Vec::len)), (Some("park-building:1500411190051283"), Some(7)));
    assert_eq!(object(&sink, "community-event:3606").valid_from.as_deref(), Some("2019-03-21"));
}

struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new(data: (&str, &[u8]), map: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(data.0), data.1).unwrap();
        let format = data.0.rsplit('.').next().unwrap();
        let text = format!("file = \"{}\"\nformat = \"{format}\"\n{map}", data.0);
        fs::write(dir.path().join("a.map.toml"), text).unwrap();
        Self { dir }
    }

    fn import(&self) -> MemorySink {
        import_with(&[self.dir.path().join("a.map.toml")], &SourceOptions::default(), Some("EPSG:4550")).0
    }
}

const POINTS: &str = "crs = \"EPSG:4326\"\n[[layer]]\nclass = \"CityFurniture\"\nid = \"lamp:{code}\"\nposition = { lon = \"lon\", lat = \"lat\" }\n";

#[test]
fn faults_of_records_are_told_once_each_and_leave_the_rest() {
    let csv = "\u{feff}code,lon,lat\n1,121.9,30.9\n2,NaN,30.9\n3,,30.9\n4,abc,30.9\n,121.9,30.9\n5,30.9,121.9\n6,121.91,30.9\n1,121.9,30.9\n";
    let sink = Case::new(("a.csv", csv.as_bytes()), POINTS).import();
    let ids: Vec<&str> = sink.objects.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(ids, ["lamp:1", "lamp:6"]);
    assert_eq!(codes(&sink), ["duplicate-id", "field-missing", "position-bad", "position-missing", "not-finite", "crs-outside-area", "lat-lon-swapped"]);
    let bad = sink.diagnostics.iter().find(|d| d.code == "position-bad").unwrap();
    assert_eq!((bad.place.line, bad.place.path.as_deref()), (Some(5), Some("record 4")));
}

#[test]
fn broken_mappings_leave_the_source_out_and_name_the_place() {
    for (map, expected) in [
        ("crs = \"EPSG:999999\"\n[[layer]]\nclass = \"Road\"\nid = \"{a}\"\nposition = { lon = \"lon\", lat = \"lat\" }\n", "crs-unknown"),
        ("[[layer]]\nclass = \"Road\"\nid = \"{a}\"\nposition = { x = \"lon\", y = \"lat\" }\n", "crs-unknown"),
        ("[[layer]]\nclass = \"Road\"\nid = \"{a}\"\npositon = { x = \"lon\", y = \"lat\" }\n", "file-corrupt"),
    ] {
        let sink = Case::new(("a.csv", b"a,lon,lat\n1,121,30\n"), map).import();
        assert_eq!(codes(&sink), [expected], "{map}");
        assert!(sink.objects.is_empty());
    }
    let sink = Case::new(("a.json", b"{\"lots\": []}"), &format!("{POINTS}select = \"lot\"\n")).import();
    assert!(sink.diagnostics[0].message.contains("did you mean 'lots'?"), "{}", sink.diagnostics[0]);
}

#[test]
fn geojson_through_a_mapping_keeps_its_geometry_and_renames() {
    let data = json!({ "type": "FeatureCollection", "features": [
        { "type": "Feature", "properties": { "code": 7, "kind": "pole", "lot": 12 }, "geometry": { "type": "Point", "coordinates": [121.9, 30.9, 3.5] } },
        { "type": "Feature", "properties": { "code": 8, "kind": "tank" }, "geometry": null },
        { "type": "Feature", "properties": { "code": 9, "kind": "pole" }, "geometry": { "type": "Point", "coordinates": ["x"] } },
    ] });
    let map = "[[layer]]\nclass = { field = \"kind\", map = { pole = \"CityFurniture\" }, default = \"GenericCityObject\" }\nid = \"{#}:{code}\"\nlod = \"1\"\n[layer.set]\nfunction = \"lamp\"\nn = 3\n[layer.attributes]\ncapacity = \"lot\"\n";
    let sink = Case::new(("a.geojson", data.to_string().as_bytes()), map).import();
    assert_eq!(codes(&sink), ["geometry-bad"]);
    let pole = object(&sink, "1:7");
    assert_eq!((pole.class, pole.bounds().max[2], pole.geometries[0].lod.to_string()), (Class::CityFurniture, 3.5, "1".to_owned()));
    assert_eq!(serde_json::Value::Object(pole.attributes.clone()), json!({ "capacity": 12, "function": "lamp", "n": 3 }));
    assert!(object(&sink, "2:8").class == Class::GenericCityObject && object(&sink, "2:8").geometries.is_empty());
}

#[test]
fn series_are_grouped_sorted_and_their_faults_told() {
    let csv = "gate,time,n\nA,2025-10-01 09:00,5\nA,2025-10-01 08:00,3\nB,2025-10-01 08:00,\nA,2025-10-02 00:30,7\nA,2025-10-01 08:00,9\nA,soon,1\n";
    let map = "[[series]]\nobject = \"gate:{gate}\"\nquantity = \"visitors\"\nunit = \"persons/h\"\ntime = \"time\"\nvalue = \"n\"\n";
    let sink = Case::new(("a.csv", csv.as_bytes()), map).import();
    assert_eq!(codes(&sink), ["series-record-bad", "series-time-repeated"]);
    let a = &sink.series[0];
    assert_eq!((a.object.as_str(), a.date.as_str(), a.values.as_slice()), ("gate:A", "2025-10-01", &[3.0, 5.0, 7.0][..]));
    assert_eq!(a.times.iter().map(|t| t.to_string()).collect::<Vec<_>>(), ["08:00:00", "09:00:00", "24:30:00"]);
    assert!(sink.series[1].values[0].is_nan());
}

#[test]
fn data_files_of_listed_mappings_are_no_sources_and_map_option_reads_through() {
    let case = Case::new(("a.csv", b"code,lon,lat\n1,121.9,30.9\n"), POINTS);
    let (map, data) = (case.dir.path().join("a.map.toml"), case.dir.path().join("a.csv"));
    let both = plan(&[data.clone(), map.clone(), map.clone()], &SourceOptions::default());
    assert_eq!(both.iter().map(|p| p.source.path.clone()).collect::<Vec<_>>(), std::slice::from_ref(&map));
    let folder = plan(&[case.dir.path().to_owned()], &SourceOptions::default());
    assert_eq!(folder.iter().map(|p| p.format()).collect::<Vec<_>>(), [Some("table")]);
    let other = case.dir.path().join("other.csv");
    fs::copy(&data, &other).unwrap();
    let options = SourceOptions { map: Some(map), ..Default::default() };
    let (sink, report) = import_with(std::slice::from_ref(&other), &options, None);
    assert_eq!((sink.objects.len(), report.sources[0].path.as_str()), (1, other.to_str().unwrap()));
    // Alone, a table says by the names of its columns where its records lie; or needs a mapping.
    let alone = plan(&[data], &SourceOptions::default());
    assert_eq!(alone[0].format(), Some("records"));
    fs::write(&other, "code,where\n1,here\n").unwrap();
    let without = plan(&[other], &SourceOptions::default());
    assert!(without[0].importer.as_ref().is_err_and(|e| e.code() == "file-unknown-kind"));
}
