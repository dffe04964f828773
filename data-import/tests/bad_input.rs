//! What users feed in by mistake, and what attackers would: always a message, never a panic, never half a file.

mod common;

use common::{codes, import, import_with};
use proptest::prelude::*;
use qike_core::{Crs, Feedback, testdata};
use qike_import::{ImportError, SourceOptions, import_all, plan, sniff};
use qike_scene::sink::MemorySink;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn file(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

const OSM: &str = r#"<?xml version="1.0"?><osm version="0.6"><bounds minlat="30.8" minlon="121.8" maxlat="31" maxlon="122"/>
<node id="1" lat="30.9" lon="121.9"/><node id="2" lat="30.901" lon="121.9"/><node id="3" lat="30.901" lon="121.901"/>
<node id="4" lat="30.9" lon="121.901"><tag k="highway" v="traffic_signals"/></node>
<way id="10"><nd ref="1"/><nd ref="2"/><nd ref="99"/><tag k="highway" v="primary"/><tag k="name" v="A &amp; B"/></way>
<way id="11"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/><tag k="roof:shape" v="hipped"/></way>
<relation id="20"><member type="way" ref="10" role="from"/><member type="node" ref="2" role="via"/><member type="way" ref="12" role="to"/>
<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation></osm>"#;

const GEOJSON: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"class":"Road","name":"x"},
"geometry":{"type":"LineString","coordinates":[[121.9,30.9],[121.91,30.9]]}},{"type":"Feature","properties":{},"geometry":
{"type":"Polygon","coordinates":[[[121.9,30.9],[121.91,30.9],[121.91,30.91],[121.9,30.9]]]}}]}"#;

const CSV_MAP: &str = "file = \"t.csv\"\nformat = \"csv\"\n[[layer]]\nclass = \"Road\"\nid = \"{a}\"\nposition = { lon = \"x\", lat = \"y\" }\n";

#[test]
fn each_mistake_has_its_code_and_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let cases: Vec<(PathBuf, &str, &str)> = vec![
        (d.join("none.osm"), "file-missing", "no such file"),
        (file(d, "empty.osm.pbf", b""), "file-empty", "empty"),
        (file(d, "text.osm.pbf", b"hello, this is no map at all"), "file-wrong-kind", "OpenStreetMap"),
        (file(d, "xml.geojson", OSM.as_bytes()), "file-wrong-kind", "ending says GeoJSON, but the content is OpenStreetMap data"),
        (file(d, "picture.osm", b"\x89PNG\r\n\x1a\n0000"), "file-wrong-kind", "a picture"),
        (file(d, "notes.txt", b"hello"), "file-unknown-kind", "no importer"),
        (file(d, "table.csv", b"a,b\n1,2\n"), "file-unknown-kind", "no importer"),
        (file(d, "cut.osm", &OSM.as_bytes()[..600]), "file-corrupt", "cut off"),
        (file(d, "cut.geojson", &GEOJSON.as_bytes()[..150]), "file-corrupt", "cut off"),
        (file(d, "crs.geojson", GEOJSON.replacen('{', r#"{"crs":{"type":"name","properties":{"name":"EPSG:999999"}},"#, 1).as_bytes()), "crs-unknown", "999999"),
        (file(d, "cut.gtfs.zip", b"PK\x03\x04\x14\x00"), "file-wrong-kind", "GTFS"),
    ];
    for (path, code, message) in cases {
        let (sink, report) = import_with(std::slice::from_ref(&path), &SourceOptions::default(), Some("EPSG:4550"));
        assert_eq!(codes(&sink), [code], "{}", path.display());
        let d = &sink.diagnostics[0];
        assert!(d.message.contains(message), "{}: {d}", path.display());
        assert_eq!(d.place.file.as_deref(), path.to_str());
        assert_eq!((report.left_out(), sink.objects.len(), sink.sources.len()), (1, 0, 0), "{}", path.display());
    }
}

#[test]
fn one_bad_source_does_not_stop_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [file(dir.path(), "a.osm", &OSM.as_bytes()[..400]), file(dir.path(), "b.osm", OSM.as_bytes()), dir.path().join("c.osm")];
    let (sink, report) = import_with(&paths, &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!(report.sources.iter().map(|s| s.error.is_some()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(sink.objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["osm:node/4", "osm:way/10", "osm:way/11", "osm:relation/20"]);
    assert_eq!(common::object(&sink, "osm:relation/20").attributes["members"], serde_json::json!(["osm:way/10", "osm:node/2", "osm:way/12"]));
    assert_eq!(common::object(&sink, "osm:relation/20").attributes["roles"], serde_json::json!(["from", "via", "to"]));
    let road = common::object(&sink, "osm:way/10");
    assert_eq!(road.name.as_deref(), Some("A & B"));
    assert_eq!(road.attributes["restrictions"][0]["kind"], "no_left_turn");
    assert_eq!(road.attributes["osm_nodes"], serde_json::json!([1, 2]), "node 99 is not in the file");
    assert!(codes(&sink).contains(&"osm-node-missing".to_owned()));
}

#[test]
fn entity_bombs_and_deep_nesting_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><osm version="0.6"><node id="1" lat="1" lon="1"><tag k="name" v="&b;"/></node></osm>"#;
    let deep = format!("<osm version=\"0.6\">{}", "<a>".repeat(100_000));
    let nested = format!(r#"{{"type":"FeatureCollection","features":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (name, text, message) in [("bomb.osm", bomb.to_owned(), "document type"), ("deep.osm", deep, "nested deeper"), ("deep.geojson", nested, "nested too deeply")] {
        let (sink, _) = import_with(&[file(dir.path(), name, text.as_bytes())], &SourceOptions::default(), Some("EPSG:4550"));
        assert!(sink.diagnostics[0].message.contains(message), "{name}: {}", sink.diagnostics[0]);
    }
}

#[test]
fn bytes_that_mean_nothing_in_the_declared_encoding_are_told_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let text = |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>\n<CityModel xmlns=\"http://www.opengis.net/citygml/2.0\" xmlns:gml=\"http://www.opengis.net/gml\" xmlns:luse=\"http://www.opengis.net/citygml/landuse/2.0\">\n<cityObjectMember><luse:LandUse gml:id=\"a\">\n<gml:name>湖@</gml:name></luse:LandUse></cityObjectMember></CityModel>");
    for name in ["GBK", "UTF-8", "Shift_JIS"] {
        let encoded = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap().encode(&text(name)).0.into_owned();
        let bytes: Vec<u8> = encoded.iter().map(|b| if *b == b'@' { 0xff } else { *b }).collect();
        let (sink, report) = import_with(&[file(dir.path(), "x.gml", &bytes)], &SourceOptions::default(), Some("EPSG:4549"));
        assert_eq!((report.left_out(), sink.objects.len()), (0, 1), "{name}");
        let told: Vec<_> = sink.diagnostics.iter().filter(|d| d.code == "text-encoding").collect();
        assert_eq!((told.len(), told[0].place.line), (1, Some(4)), "{name}: {:?}", sink.diagnostics);
        assert!(name == "UTF-8" || told[0].message.contains(name), "{}", told[0].message);
        assert_eq!(sink.objects[0].name.as_deref(), Some("湖\u{FFFD}"), "{name}");
    }
}

#[test]
fn a_gzip_that_ends_early_and_one_that_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(OSM.as_bytes()).unwrap();
    let bytes = zipped.finish().unwrap();
    let (whole, _) = import(&[file(dir.path(), "a.osm.gz", &bytes)]);
    assert_eq!(whole.objects.len(), 4);
    let (cut, _) = import_with(&[file(dir.path(), "b.osm.gz", &bytes[..bytes.len() - 20])], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!((codes(&cut), cut.objects.len()), (vec!["file-corrupt".to_owned()], 0));
}

#[test]
fn a_pbf_cut_anywhere_gives_nothing() {
    let Some(path) = testdata::path("gis/pyrosm/test.osm.pbf") else { return };
    let bytes = fs::read(path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for cut in [1, 3, 10, 50, 200, 1_000, bytes.len() / 2, bytes.len() - 2, bytes.len() - 1] {
        let path = file(dir.path(), "cut.osm.pbf", &bytes[..cut]);
        let (sink, _) = import_with(&[path], &SourceOptions::default(), Some("EPSG:32635"));
        assert!(sink.objects.is_empty() && sink.diagnostics.len() == 1, "cut at {cut}: {:?}", sink.diagnostics);
    }
}

#[test]
fn exchanged_coordinates_are_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let swapped = GEOJSON.replace("[121.9,30.9]", "[30.9,121.9]").replace("[121.91,30.9]", "[30.9,121.91]");
    let (sink, _) = import_with(&[file(dir.path(), "s.geojson", swapped.as_bytes())], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!(codes(&sink), ["crs-outside-area", "lat-lon-swapped"]);
    let text = OSM.replace("lat=\"30.9\"", "lat=\"NaN\"");
    let (sink, _) = import_with(&[file(dir.path(), "nan.osm", text.as_bytes())], &SourceOptions::default(), Some("EPSG:4550"));
    assert!(codes(&sink).contains(&"not-finite".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let locked = dir.path().join("locked");
    fs::create_dir(&locked).unwrap();
    file(&locked, "a.osm", OSM.as_bytes());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything; then there is nothing to refuse.
    let planned = plan(&[locked.join("a.osm")], &SourceOptions::default());
    let readable = fs::read_dir(&locked).is_ok();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(readable || planned[0].importer.as_ref().is_err_and(|e| matches!(e, ImportError::Denied { .. })));
}

#[test]
fn cancelling_ends_the_import() {
    let dir = tempfile::tempdir().unwrap();
    let planned = plan(&[file(dir.path(), "a.osm", OSM.as_bytes())], &SourceOptions::default());
    let feedback = Feedback::silent();
    feedback.cancel();
    let mut sink = MemorySink::new(Crs::parse("EPSG:4550").unwrap());
    assert!(matches!(import_all(&planned, &mut sink, &feedback), Err(ImportError::Cancelled(_))));
}

/// Changes, drops and repeats bytes.
fn mutate(bytes: &[u8], changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for (at, kind, value) in changes {
        let i = at % out.len().max(1);
        match kind % 4 {
            _ if out.is_empty() => out.push(*value),
            0 => out[i] = *value,
            1 => out[i] ^= 1 << (value % 8),
            2 => out.truncate(i),
            _ => out.insert(i, *value),
        }
    }
    out
}

fn import_mutated(name: &str, bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), name, bytes);
    if name == "t.csv" {
        file(dir.path(), "t.map.toml", CSV_MAP.as_bytes());
    }
    let path = if name == "t.csv" { dir.path().join("t.map.toml") } else { path };
    let _found = sniff(&path);
    let (sink, report) = import_with(&[path], &SourceOptions::default(), Some("EPSG:4550"));
    for object in &sink.objects {
        assert!(object.geometries.iter().all(|g| g.is_consistent() && g.is_finite()));
    }
    assert!(report.left_out() == 0 || !sink.diagnostics.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_text_never_panics(changes in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..8)) {
        import_mutated("m.osm", &mutate(OSM.as_bytes(), &changes));
        import_mutated("m.geojson", &mutate(GEOJSON.as_bytes(), &changes));
        import_mutated("t.csv", &mutate(b"a,x,y\n1,121.9,30.9\n2,121.9,30.91\n", &changes));
        import_mutated("m.map.toml", &mutate(CSV_MAP.as_bytes(), &changes));
    }

    #[test]
    fn mutated_pbf_never_panics(changes in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..8)) {
        if let Some(path) = testdata::path("gis/pyrosm/test.osm.pbf") {
            let bytes = fs::read(path).unwrap();
            import_mutated("m.osm.pbf", &mutate(&bytes, &changes));
        }
    }
}
