//! Small real files to damage: for each importer, those of the test data that it takes for its own.

use qike_core::testdata;
use qike_import::{IMPORTERS, Source, sniff};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files with more bytes than this, all of one source together, are left to other tests: damage to them is spread too thin.
const LARGEST: u64 = 200 << 10;

/// Sources for one importer.
const EACH: usize = 12;

/// A source as its files: the first is what is imported, or a folder's first file.
pub type Fixture = Vec<(PathBuf, Vec<u8>)>;

/// Written by hand where the data has no small file of the kind.
const WRITTEN: &[(&str, &[(&str, &str)])] = &[
    ("osm", &[("a.osm", r#"<?xml version="1.0"?><osm version="0.6"><bounds minlat="30.8" minlon="121.8" maxlat="31" maxlon="122"/><node id="1" lat="30.9" lon="121.9"/><node id="2" lat="30.901" lon="121.9"/><node id="3" lat="30.901" lon="121.901"/><node id="4" lat="30.9" lon="121.901"><tag k="highway" v="traffic_signals"/></node><way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="lanes" v="3"/></way><way id="11"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/><tag k="height" v="20 m"/><tag k="roof:shape" v="hipped"/></way><relation id="20"><member type="way" ref="11" role="outer"/><tag k="type" v="multipolygon"/><tag k="natural" v="water"/></relation></osm>"#)]),
    ("geojson", &[("a.geojson", r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"class":"Road","name":"x"},"geometry":{"type":"LineString","coordinates":[[121.9,30.9],[121.91,30.9]]}},{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":[[[[121.9,30.9],[121.91,30.9],[121.91,30.91],[121.9,30.9]]]]}}]}"#)]),
    ("obj", &[("a.obj", "mtllib a.mtl\no a\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0.5\nusemtl red\nf 1 2 3\nf -4/1/1 -2//2 -1\nl 1 2 3\np 1\n")]),
    ("table", &[
        ("t.map.toml", "file = \"t.csv\"\nformat = \"csv\"\ncrs = \"EPSG:4326\"\n[[layer]]\nclass = \"CityFurniture\"\nid = \"lamp:{a}\"\nname = \"{b}\"\nposition = { lon = \"x\", lat = \"y\", z = \"h\" }\n[layer.set]\nfunction = \"street_lamp\"\n[[series]]\nobject = \"lamp:{a}\"\nquantity = \"q\"\nunit = \"h\"\ntime = \"t\"\nvalue = \"h\"\n"),
        ("t.csv", "a,b,x,y,h,t\n1,one,121.9,30.9,4,2025-01-01T00:00:00\n2,two,121.91,30.9,5,1735700000000\n"),
    ]),
    ("gtfs", &[
        ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\n1,A,http://a.example,Asia/Shanghai\n"),
        ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\ns1,One,30.9,121.9\ns2,Two,30.91,121.91\n"),
        ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type,route_color\nr,1,R,Red,3,FF0000\n"),
        ("trips.txt", "route_id,service_id,trip_id,shape_id\nr,w,t1,p\n"),
        ("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt1,08:00:00,08:00:30,s1,1\nt1,25:10:00,25:10:30,s2,2\n"),
        ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nw,1,1,1,1,1,0,0,20250101,20251231\n"),
        ("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\np,30.9,121.9,1\np,30.91,121.91,2\n"),
    ]),
];

/// The fixtures of each importer, by its name.
pub fn all() -> BTreeMap<&'static str, Vec<Fixture>> {
    let mut found: BTreeMap<&'static str, Vec<Fixture>> = IMPORTERS.iter().map(|i| (i.name(), Vec::new())).collect();
    for (importer, files) in WRITTEN {
        if let Some(list) = found.get_mut(importer) {
            list.push(files.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec())).collect());
        }
    }
    for root in ["citymodel", "bim", "gis", "lingang", "iot", "traffic/gtfs"] {
        if let Some(root) = testdata::path(root) {
            gather(&root, &mut found, 0);
        }
    }
    found
}

/// Walks a folder in the order of names.
fn gather(folder: &Path, found: &mut BTreeMap<&'static str, Vec<Fixture>>, depth: usize) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let folder = path.is_dir();
        if folder && depth < 5 {
            gather(&path, found, depth + 1);
        }
        if !folder && path.metadata().map_or(true, |m| m.len() > LARGEST) {
            continue;
        }
        let Ok(importer) = sniff(&path) else { continue };
        let Some(list) = found.get_mut(importer.name()) else { continue };
        // Kinds of files of one format differ most by their endings and folders.
        let alike = |f: &Fixture| f[0].0.extension() == path.extension() && f[0].0.parent() == path.parent();
        if list.len() < EACH && list.iter().filter(|f| alike(f)).count() < 3 {
            list.extend(read(&path, &importer.consumes(&Source::new(&path))));
        }
    }
}

/// A source with the files it needs: those in it, where it is a folder; else those with the same stem, and those it names.
fn read(path: &Path, consumed: &[PathBuf]) -> Option<Fixture> {
    let mut paths = if path.is_dir() { Vec::new() } else { vec![path.to_path_buf()] };
    let inside = if path.is_dir() { path } else { path.parent()? };
    let stem = |p: &Path| p.file_name().map(|n| n.to_string_lossy().split('.').next().unwrap_or_default().to_owned());
    let mut beside: Vec<PathBuf> = std::fs::read_dir(inside).ok()?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    beside.sort();
    paths.extend(beside.into_iter().filter(|p| p != path && (path.is_dir() || stem(p) == stem(path) || consumed.contains(p))));
    let total: u64 = paths.iter().filter_map(|p| Some(p.metadata().ok()?.len())).sum();
    if total > LARGEST || paths.is_empty() {
        return None;
    }
    paths.into_iter().map(|p| Some((p.clone(), std::fs::read(p).ok()?))).collect()
}
