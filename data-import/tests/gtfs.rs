//! GTFS feeds: real ones, a small one with known times, and zips.

mod common;

use common::{codes, count, import, import_with, object};
use qike_core::testdata;
use qike_import::SourceOptions;
use qike_scene::Class;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;

const TABLES: &[(&str, &str)] = &[
    ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\nA,Lingang Bus,http://example.org,Asia/Shanghai\n"),
    ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\nS1,Metro,30.90,121.92\nS2,Lake,30.905,121.925\nS3,Beach,30.91,121.94\n"),
    ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type,route_color\nR1,A,1085,Metro - Beach,3,00AA88\nR2,A,X,Idle,3,\n"),
    ("trips.txt", "route_id,service_id,trip_id,direction_id,shape_id\nR1,WD,T1,0,P\nR1,WD,T2,0,P\nR1,WE,T3,0,P\nR1,WD,B1,1,\n"),
    ("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,08:00:00,08:00:30,S1,1\nT1,,,S2,2\nT1,08:10:30,08:10:30,S3,3\nT2,07:00:00,07:00:00,S1,1\nT3,25:00:00,25:00:00,S1,1\nB1,09:00:00,09:00:00,S3,1\nB1,09:10:00,09:10:00,S1,2\n"),
    ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nP,30.91,121.94,30\nP,30.90,121.92,10\nP,30.905,121.93,20\n"),
    ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nWD,1,1,1,1,1,0,0,20250101,20251231\nWE,0,0,0,0,0,1,1,20250101,20251231\n"),
];

fn write_folder(dir: &Path) {
    for (name, text) in TABLES {
        fs::write(dir.join(name), text).unwrap();
    }
}

#[test]
fn stops_lines_times_and_departures() {
    let dir = tempfile::tempdir().unwrap();
    write_folder(dir.path());
    let (sink, report) = import(&[dir.path().to_owned()]);
    assert_eq!((report.left_out(), codes(&sink)), (0, vec!["route-without-trips".to_owned()]));
    assert_eq!((count(&sink, Class::CityFurniture), count(&sink, Class::TransitLine)), (3, 2));
    let line = object(&sink, "gtfs:route/R1");
    assert_eq!(line.attributes["departures_s"], json!({ "WD": [25200, 28830], "WE": [90000] }));
    assert_eq!(line.attributes["stops"][1], json!({ "id": "gtfs:stop/S2", "arrival_s": 29130, "departure_s": 29130 }), "halfway in time");
    assert_eq!((line.str("route_type"), line.str("colour"), line.name.as_deref()), (Some("bus"), Some("#00aa88"), Some("1085")));
    assert_eq!(line.attributes["service_days"]["WE"], "0000011");
    let shape = line.geometries[0].ring_points(0);
    assert!(shape.len() == 3 && shape.windows(2).all(|w| w[0][0] < w[1][0]), "sorted by sequence: {shape:?}");
    let back = object(&sink, "gtfs:route/R1/1");
    assert_eq!((back.parent.as_ref().map(|p| p.as_str()), back.geometries[0].vertices.len()), (Some("gtfs:route/R1"), 2));
    assert_eq!(object(&sink, "gtfs:stop/S1").str("function"), Some("bus_stop"));
}

#[test]
fn a_zip_is_the_same_as_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("feed.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, text) in TABLES {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    assert_eq!(import(std::slice::from_ref(&path)).0.objects, import(&[folder.path().to_owned()]).0.objects);
    let bytes = fs::read(&path).unwrap();
    let cut = dir.path().join("cut.gtfs.zip");
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let (sink, _) = import_with(&[cut], &SourceOptions::default(), Some("EPSG:4550"));
    assert!(sink.objects.is_empty() && codes(&sink) == ["file-wrong-kind"]);
}

#[test]
fn a_broken_table_names_its_file() {
    let dir = tempfile::tempdir().unwrap();
    write_folder(dir.path());
    fs::write(dir.path().join("stop_times.txt"), "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,soon,08:00:30,S1,1\n").unwrap();
    let (sink, _) = import_with(&[dir.path().to_owned()], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!((codes(&sink), sink.objects.len()), (vec!["file-corrupt".to_owned()], 0));
    assert!(sink.diagnostics[0].to_string().contains("stop_times.txt"), "{}", sink.diagnostics[0]);
}

#[test]
fn real_feeds() {
    for (name, stops, routes) in [("amazon-2017-08-06", 35, 50), ("caltrain-2017-07-24", 64, 4)] {
        let Some(path) = testdata::path(&format!("traffic/gtfs/{name}")) else { return };
        let (sink, report) = import(&[path]);
        assert_eq!(report.left_out(), 0, "{:?}", sink.diagnostics);
        assert_eq!(count(&sink, Class::CityFurniture), stops, "{name}");
        let lines = sink.objects.iter().filter(|o| o.class == Class::TransitLine && o.parent.is_none()).count();
        let idle = sink.diagnostics.iter().find(|d| d.code == "route-without-trips").map_or(0, |d| d.message.split(' ').next().unwrap().parse().unwrap());
        assert_eq!(lines + idle, routes, "{name}");
        assert!(sink.objects.iter().filter(|o| o.class == Class::TransitLine).all(|o| o.geometries.len() == 1));
    }
}
