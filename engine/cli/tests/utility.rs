//! Networks of pipes: real files against what their own lines say, and small ones with one fault each.

mod common;

use common::Place;
use qike_core::{Crs, Feedback, testdata};
use qike_import::{SourceOptions, import_all, plan};
use qike_network::utility::{CheckOptions, Role, check};
use qike_network::{Direction, UtilityKind, UtilityNetwork, UtilityOptions};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, Geometry, Lod, SceneSnapshot, SourceId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn read(path: PathBuf) -> (SceneSnapshot, UtilityNetwork) {
    let sources = plan(&[path], &SourceOptions::default());
    let mut sink = MemorySink::new(Crs::local());
    let report = import_all(&sources, &mut sink, &Feedback::silent()).unwrap();
    assert_eq!(report.left_out(), 0);
    let MemorySink { sources, objects, series, .. } = sink;
    let scene = SceneSnapshot::new(Crs::local(), sources, objects, series);
    let network = UtilityNetwork::from_scene(&scene, &UtilityOptions::default());
    (scene, network)
}

fn codes(network: &UtilityNetwork) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for finding in check(network, &CheckOptions::default()) {
        *codes.entry(finding.code.to_string()).or_default() += 1;
    }
    codes
}

/// The lines of sections of an .inp file: names, and for links their two nodes, read without the importer.
fn sections(path: &PathBuf) -> BTreeMap<String, Vec<Vec<String>>> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let mut sections: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_uppercase();
        } else if !line.is_empty() {
            sections.entry(section.clone()).or_default().push(line.split_whitespace().map(str::to_owned).collect());
        }
    }
    sections
}

#[test]
fn water_networks_are_joined_as_their_files_say() {
    for (name, nodes, links) in [("Net1", 11, 13), ("Net3", 97, 119), ("ky4", 964, 1158)] {
        let Some(path) = testdata::path(&format!("gis/water_networks/{name}.inp")) else { return };
        let file = sections(&path);
        let links_of = ["PIPES", "PUMPS", "VALVES"].iter().filter_map(|s| file.get(*s)).flatten().collect::<Vec<_>>();
        let nodes_of: BTreeSet<&str> = ["JUNCTIONS", "RESERVOIRS", "TANKS"].iter().filter_map(|s| file.get(*s)).flatten().map(|l| l[0].as_str()).collect();
        // Parts of the file, by colouring until nothing changes.
        let mut colour: BTreeMap<&str, usize> = nodes_of.iter().enumerate().map(|(i, n)| (*n, i)).collect();
        loop {
            let mut changed = false;
            for link in &links_of {
                let (a, b) = (colour[link[1].as_str()], colour[link[2].as_str()]);
                if a != b {
                    colour.values_mut().filter(|c| **c == a.max(b)).for_each(|c| *c = a.min(b));
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let parts: BTreeSet<usize> = colour.values().copied().collect();
        let (_, network) = read(path.clone());
        let counts = network.counts();
        assert_eq!((counts.nodes, counts.pipes, counts.components), (nodes, links, parts.len()), "{name}");
        assert_eq!((nodes_of.len(), links_of.len()), (nodes, links), "{name}: the manifest");
        assert_eq!(network.joints.len(), 2 * links, "{name}: every link has two ends, and nothing else is joined");
        assert!(network.unknown.is_empty() && network.loose.is_empty());
        assert_eq!(network.by_kind().keys().copied().collect::<Vec<_>>(), ["water"]);
        let said: f64 = file["PIPES"].iter().map(|l| l[3].parse::<f64>().unwrap() * 0.3048).sum();
        let read: f64 = network.elements.iter().filter(|e| e.function.as_deref() == Some("pipe")).map(|e| e.length_m).sum();
        assert!((said - read).abs() < 1e-3 * links as f64, "{name}: {read} m of pipe, {said} by the file, however it is drawn");
        for link in links_of {
            let id = |kind: &str, n: &str| network.find(&format!("{name}/{kind}/{n}")).unwrap();
            let (pipe, from, to) = (id("link", &link[0]), id("node", &link[1]), id("node", &link[2]));
            let joints: Vec<_> = network.joints_of(pipe).map(|j| (j.from, j.to)).collect();
            assert!(joints.contains(&(from, pipe)) && joints.contains(&(pipe, to)), "{name}: link {}", link[0]);
        }
    }
    let Some(path) = testdata::path("gis/water_networks/Net3.inp") else { return };
    assert_eq!(read(path).1.components, 1, "Net3 is one network");
}

#[test]
fn drains_run_to_their_outfall() {
    let Some(path) = testdata::path("gis/sewer_swmm/Example1.inp") else { return };
    let (_, network) = read(path);
    let counts = network.counts();
    assert_eq!((counts.nodes, counts.pipes, counts.components), (14, 13, 1));
    let outfall = network.elements.iter().position(|e| e.function.as_deref() == Some("outfall")).unwrap() as u32;
    assert_eq!(network.trace(outfall, Direction::Upstream).len(), 27, "everything runs to the only outfall");
    assert_eq!(network.trace(outfall, Direction::Downstream), [outfall]);
    for (i, element) in network.elements.iter().enumerate().filter(|(_, e)| e.role == Role::Node) {
        assert_eq!(*network.trace(i as u32, Direction::Downstream).last().unwrap(), outfall, "{:?}", element.object);
    }
    assert!(!codes(&network).contains_key("network-uphill"), "{:?}", codes(&network));
    let Some(path) = testdata::path("gis/sewer_swmm/invalid_model.inp") else { return };
    let (_, network) = read(path);
    assert!(codes(&network)["network-unknown-node"] > 0, "{:?}", codes(&network));
}

fn pipe(id: &str, points: &[[f64; 3]], attributes: Value) -> CityObject {
    let mut object = CityObject::new(id, Class::UtilityNetworkElement, SourceId(0));
    object.attributes = attributes.as_object().unwrap().clone();
    object.geometries.push(match points {
        [p] => Geometry::point(Lod::ZERO, *p),
        line => Geometry::line(Lod::ZERO, line),
    });
    object
}

fn of(objects: Vec<CityObject>) -> UtilityNetwork {
    UtilityNetwork::from_scene(&SceneSnapshot::new(Crs::local(), vec![], objects, vec![]), &UtilityOptions::default())
}

#[test]
fn lines_without_ids_are_joined_where_they_meet() {
    let storm = || json!({"network": "雨水", "DN": "DN300", "材质": "PE"});
    let network = of(vec![
        pipe("a", &[[0.0, 0.0, 5.0], [10.0, 0.0, 4.9]], storm()),
        pipe("b", &[[10.03, 0.0, 4.8], [20.0, 0.0, 4.7]], storm()),
        pipe("c", &[[20.0, 0.0, 4.7], [30.0, 0.0, 4.6]], json!({"network": "storm", "flow_direction": "reverse"})),
        pipe("manhole", &[[20.0, 0.01, 6.0]], json!({"network": "storm"})),
        // Crosses at the same place in plan, 3 m below.
        pipe("deep", &[[10.0, 0.0, 1.0], [10.0, 50.0, 0.9]], json!({"network": "storm"})),
    ]);
    let id = |s: &str| network.find(s).unwrap();
    assert_eq!(network.counts().components, 2, "all but the one below");
    let a = network.elements[id("a") as usize].clone();
    assert_eq!((a.kind, a.material.as_deref(), a.gravity), (UtilityKind::Storm, Some("PE"), true));
    assert!((a.diameter_m.unwrap() - 0.3).abs() < 1e-12);
    assert_eq!(network.component[id("a") as usize], network.component[id("b") as usize]);
    assert_ne!(network.component[id("a") as usize], network.component[id("deep") as usize]);
    assert!(network.trace(id("a"), Direction::Downstream).contains(&id("b")));
    assert!(!network.trace(id("b"), Direction::Downstream).contains(&id("a")));
}

#[test]
fn pipes_meet_at_a_manhole_whose_cover_lies_above() {
    let network = of(vec![
        pipe("a", &[[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]], json!({"network": "sewage"})),
        pipe("b", &[[10.0, 0.0, 0.0], [20.0, 0.0, 0.0]], json!({"network": "sewage", "flow_direction": "reverse"})),
        pipe("m", &[[10.0, 0.02, 4.0]], json!({"network": "sewage"})),
    ]);
    assert_eq!((network.counts().components, network.joints.len()), (1, 2));
    let id = |s: &str| network.find(s).unwrap();
    assert_eq!(network.trace(id("m"), Direction::Upstream), [id("m"), id("a"), id("b")], "both run to it");
    assert_eq!(codes(&network).get("network-loose-end"), Some(&2));
}

#[test]
fn ports_join_elements_that_have_no_lines() {
    let part = |id: &str, more: Value| {
        let mut object = CityObject::new(id, Class::UtilityNetworkElement, SourceId(0));
        object.attributes = more.as_object().unwrap().clone();
        object
    };
    let network = of(vec![
        part("valve", json!({"ifc_type": "IfcValve", "system": ["Domestic Cold Water 1"], "connected_to": ["tap", "seg"], "flow_direction": ["out", "in"]})),
        part("seg", json!({"ifc_type": "IfcPipeSegment", "connected_to": ["valve"], "flow_direction": ["out"]})),
        part("tap", json!({"ifc_type": "IfcFlowTerminal", "connected_to": ["valve", "gone"], "flow_direction": ["in", "unknown"]})),
    ]);
    let id = |s: &str| network.find(s).unwrap();
    assert_eq!(network.joints.len(), 2, "both sides say the same joint: {:?}", network.joints);
    assert_eq!(network.trace(id("seg"), Direction::Downstream), [id("seg"), id("valve"), id("tap")]);
    assert_eq!(network.elements[id("valve") as usize].kind, UtilityKind::Water);
    assert_eq!(codes(&network), BTreeMap::from([("network-unknown-node".to_owned(), 1)]));
}

#[test]
fn each_fault_has_its_code() {
    let good = |id: &str, x: f64, d: f64| {
        let mut o = pipe(id, &[[x, 0.0, 5.0 - x / 100.0], [x + 10.0, 0.0, 4.9 - x / 100.0]], json!({"network": "storm", "diameter_m": d, "depth_m": 2.0}));
        o.attributes.insert("from_node".into(), format!("n{x}").into());
        o.attributes.insert("to_node".into(), format!("n{}", x + 10.0).into());
        o
    };
    let node = |x: f64, kind: &str| pipe(&format!("n{x}"), &[[x, 0.0, 5.0]], json!({ "network": kind }));
    let base = || vec![node(0.0, "storm"), node(10.0, "storm"), node(20.0, "storm"), good("p", 0.0, 0.4), good("q", 10.0, 0.4)];
    assert!(codes(&of(base())).is_empty(), "{:?}", codes(&of(base())));
    let with = |change: &dyn Fn(&mut Vec<CityObject>)| {
        let mut objects = base();
        change(&mut objects);
        codes(&of(objects)).into_keys().collect::<Vec<_>>()
    };
    assert_eq!(with(&|o| o[4] = good("q", 10.0, 0.2)), ["network-shrinks"]);
    assert_eq!(with(&|o| drop(o[4].attributes.insert("depth_m".into(), (-1.5).into()))), ["network-above-ground"]);
    assert_eq!(with(&|o| drop(o[4].attributes.insert("depth_m".into(), 0.5.into()))), ["network-shallow"]);
    assert_eq!(with(&|o| drop(o[2].attributes.insert("network".into(), "gas".into()))), ["network-kinds-differ"]);
    assert_eq!(with(&|o| drop(o[4].attributes.insert("to_node".into(), "nowhere".into()))), ["network-isolated", "network-unknown-node"]);
    assert_eq!(with(&|o| o[4].geometries[0].vertices[1][2] = 9.0), ["network-uphill"]);
    assert!(with(&|o| o[4].geometries[0].vertices.reverse()).is_empty(), "drawn against its nodes, it still falls");
    assert_eq!(with(&|o| o.push(pipe("w", &[[500.0, 0.0, 1.0], [510.0, 0.0, 1.0]], json!({"network": "water"})))), ["network-loose-end"]);
    // Pressure networks may rise.
    let rising = |o: &mut Vec<CityObject>| {
        o[4].geometries[0].vertices[1][2] = 9.0;
        o.iter_mut().for_each(|o| drop(o.attributes.insert("network".into(), "water".into())));
    };
    assert!(with(&rising).is_empty());
}

#[test]
fn the_command_counts_and_traces() {
    let Some(path) = testdata::path("gis/sewer_swmm/Example1.inp") else { return };
    let place = Place::new();
    std::fs::copy(path, place.at("drain.inp")).unwrap();
    place.qike("import drain.inp --store city.gpkg --crs LOCAL --quiet").expect(0, &[]);
    let info = place.qike("info city.gpkg --json").json();
    assert_eq!((&info["utilities"]["nodes"], &info["utilities"]["pipes"], &info["utilities"]["components"]), (&json!(14), &json!(13), &json!(1)));
    assert_eq!(info["utilities"]["by_kind"]["storm"]["pipes"], 13);
    let said = place.qike("network city.gpkg --upstream drain/node/18 --json");
    said.expect(0, &[]);
    assert_eq!(said.json()["trace"].as_array().unwrap().len(), 27);
    assert_eq!(place.qike("network drain.inp --downstream drain/node/18 --json").json()["trace"].as_array().unwrap().len(), 1);
    place.qike("network city.gpkg --upstream drain/node/99").expect(1, &["there is no object 'drain/node/99'", "did you mean"]);
    place.qike("network city.gpkg --upstream a --downstream b").expect(2, &["cannot be used with"]);
    place.qike("network city.gpkg --tolerance=-1").expect(2, &["write metres"]);
    assert!(place.qike("network city.gpkg").stdout.contains("storm: 13 lines"));
    let found = place.qike("validate city.gpkg --json").json();
    assert!(found["valid"].is_boolean());
}
