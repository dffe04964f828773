//! MATSim: its networks as city objects, its scenarios run, its events and counts replayed; fixes on such a network.

mod common;

use common::Place;
use qike_core::testdata;
use qike_record::Recording;
use std::collections::BTreeMap;

/// The equil scenario with the names that its configuration has.
fn equil() -> Option<Place> {
    let folder = testdata::path("traffic/matsim")?;
    let place = Place::new();
    for (from, to) in [("equil_config.xml", "config.xml"), ("equil_network.xml", "network.xml"), ("equil_plans100.xml", "plans100.xml")] {
        place.write(to, std::fs::read(folder.join(from)).unwrap());
    }
    Some(place)
}

#[test]
fn a_network_becomes_city_objects() {
    let Some(place) = equil() else { return };
    let info = place.qike("info network.xml --json").json();
    let classes = &info["objects"]["by_class"];
    assert_eq!((classes["Road"].as_u64(), classes["Intersection"].as_u64(), classes["TrafficSpace"].as_u64()), (Some(23), Some(15), Some(23)), "{info}");
    place.qike("import network.xml --store city.gpkg --crs LOCAL").expect(0, &[]);
    let link = place.qike("find city.gpkg --id matsim:edge/6 --json").json().to_string();
    assert!(link.contains("\"capacity_per_h\":3600.0") && link.contains("\"lanes\":\"1\""), "{link}");
}

#[test]
fn the_equil_scenario_runs() {
    let Some(place) = equil() else { return };
    let said = place.qike("run config.xml --out r --json --tracks 60");
    // Iterations are asked for and not done: a warning; the plans are driven.
    said.expect(0, &["100 persons", "lastIteration"]);
    let document = said.json();
    let s = &document["runs"][0]["summary"];
    // Three legs each, of which the one in the middle stays on its link for those who have it.
    let legs = s["vehicles"]["loaded"].as_u64().unwrap();
    assert_eq!((s["vehicles"]["arrived"].as_u64(), s["vehicles"]["running"].as_u64(), s["vehicles"]["teleported"].as_u64()), (Some(legs), Some(0), Some(0)));
    assert_eq!(legs, 200, "to work and back");
    // All pass link 1 on the way home and link 20 at work; nobody is faster than freely (25 km there, 65 km back).
    let links = Recording::open(&place.at("r")).unwrap().links().unwrap();
    let left = |id: &str| links.iter().filter(|l| l.link == id).map(|l| l.left).sum::<u32>();
    assert_eq!((left("1"), left("20"), left("21"), left("6")), (200, 200, 100, 100));
    let trips = Recording::open(&place.at("r")).unwrap().trips().unwrap();
    assert!(trips.iter().all(|t| t.route_length_m / t.duration_s.unwrap() <= 27.79 * 1.2 + 1e-6));

    // Broken and missing files say so.
    place.write("bad.xml", "<config><module name=\"network\"><param name=\"inputNetworkFile\" value=\"nowhere.xml\"/></module></config>");
    place.qike("run bad.xml --out q").expect(1, &["nowhere.xml", "line 1"]);
    place.write("bad.xml", "<config></config>");
    place.qike("run bad.xml --out q").expect(1, &["inputNetworkFile"]);
    place.write("network.xml", "<network><nodes><node id=\"1\" x=\"0\" y=\"0\"/></nodes><links><link id=\"a\" from=\"1\" to=\"9\" length=\"1\" freespeed=\"1\"/></links></network>");
    place.qike("run config.xml --out q").expect(1, &["no links"]);
    place.write("network.xml", "<!DOCTYPE network [<!ENTITY a \"b\">]><network/>");
    place.qike("run config.xml --out q").expect(1, &["document type"]);
}

/// Two who drive 1, 6, 15, 20: the first freely, the second waits 100 s at the end of link 6; one walks.
const EVENTS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<events version="1.0">
<event time="21600.0" type="actend" person="1" link="1" actType="h"/>
<event time="21600.0" type="departure" person="1" link="1" legMode="car"/>
<event time="21600.0" type="vehicle enters traffic" person="1" link="1" vehicle="1" networkMode="car" relativePosition="1.0"/>
<event time="21601.0" type="left link" link="1" vehicle="1"/>
<event time="21601.0" type="entered link" link="6" vehicle="1"/>
<event time="21700.0" type="departure" person="2" link="1" legMode="car"/>
<event time="21700.0" type="departure" person="3" link="1" legMode="walk"/>
<event time="21710.0" type="vehicle enters traffic" person="2" link="1" vehicle="veh2" networkMode="car" relativePosition="1.0"/>
<event time="21711.0" type="left link" link="1" vehicle="veh2"/>
<event time="21711.0" type="entered link" link="6" vehicle="veh2"/>
<event time="21961.0" type="left link" link="6" vehicle="1"/>
<event time="21961.0" type="entered link" link="15" vehicle="1"/>
<event time="22171.0" type="left link" link="6" vehicle="veh2"/>
<event time="22171.0" type="entered link" link="15" vehicle="veh2"/>
<event time="22200.0" type="arrival" person="3" link="6" legMode="walk"/>
<event time="22400.0" type="vehicle leaves traffic" person="1" link="15" vehicle="1" networkMode="car" relativePosition="1.0"/>
<event time="22400.0" type="arrival" person="1" link="15" legMode="car"/>
<event time="22300.0" type="left link" link="15" vehicle="veh2"/>
<event time="22600.0" type="stuckAndAbort" person="2" vehicle="veh2" link="15" legMode="car"/>
</events>"#;

#[test]
fn events_become_a_recording() {
    let Some(place) = equil() else { return };
    place.write("events.xml", EVENTS);
    let said = place.qike("replay events.xml --net network.xml --out r --json --links 3600");
    // The event out of order is told with its line.
    said.expect(3, &["time-order", "events.xml:20"]);
    let s = &said.json()["summary"];
    assert_eq!((s["model"].as_str(), s["vehicles"]["inserted"].as_u64(), s["vehicles"]["arrived"].as_u64(), s["walkers"]["arrived"].as_u64()), (Some("replay-events"), Some(2), Some(1), Some(1)));
    let recording = Recording::open(&place.at("r")).unwrap();
    let links: BTreeMap<String, _> = recording.links().unwrap().into_iter().map(|l| (l.link.clone(), l)).collect();
    let six = &links["6"];
    assert_eq!((six.entered, six.left, six.time_spent_s, six.distance_m), (2, 2, 360.0 + 460.0, 20_000.0));
    // 10 km at 27.78 m/s take 359.97 s.
    assert!((six.waiting_s - 100.0).abs() < 0.2 && six.queue_max == 1, "{six:?}");
    let trips = recording.trips().unwrap();
    let one = trips.iter().find(|t| t.destination.as_deref() == Some("15") && t.arrived_s.is_some() && t.kind.is_vehicle()).unwrap();
    assert_eq!((one.planned_s, one.departed_s, one.arrived_s, one.origin.as_deref()), (21_600.0, Some(21_600.0), Some(22_400.0), Some("1")));
    let two = trips.iter().find(|t| t.arrived_s.is_none()).unwrap();
    assert_eq!((two.planned_s, two.departed_s), (21_700.0, Some(21_710.0)), "it set off earlier than it came into traffic");
    assert!(recording.events().unwrap().iter().any(|e| e.kind == "stuck"));
    // Half way along link 6, which leads from (-15000, 0) to (-5000, 0) on the equil network.
    let tracks = recording.tracks_between(qike_core::SimTime(21_780_000), qike_core::SimTime(21_781_000)).unwrap();
    let first = tracks.frames[0].agents[0];
    assert!((f64::from(first.speed_mps) - 27.78).abs() < 0.01 && tracks.frames[0].agents.len() == 2, "{first:?}");
    place.qike("info r").expect(0, &[]);

    // Compressed and cut off: what came before is there.
    place.write("cut.xml", &EVENTS[..EVENTS.len() - 400]);
    place.qike("replay cut.xml --net network.xml --out q").expect(3, &["file-cut-off"]);
    place.write("other.xml", EVENTS.replace("link=\"6\"", "link=\"nowhere\""));
    place.qike("replay other.xml --net network.xml --out q").expect(3, &["unknown-link", "--net"]);
}

#[test]
fn counts_become_a_recording() {
    let Some(berlin) = testdata::path("traffic/matsim_berlin") else { return };
    let place = Place::new();
    let said = place.qike(&format!("replay {} --out r --json", berlin.join("berlin-v6.1-counts-vmz.xml.gz").display()));
    let document = said.json();
    assert_eq!((document["summary"]["model"].as_str(), document["summary"]["sim_seconds"].as_f64()), (Some("replay-counts"), Some(86_400.0)));
    let links = Recording::open(&place.at("r")).unwrap().links().unwrap();
    let first: Vec<u32> = links.iter().filter(|l| l.link == "100105").map(|l| l.left).take(3).collect();
    assert_eq!(first, [227, 147, 127]);

    place.write("c.csv", "edge,hour,volume,speed_kmh\n1,7,300,36\n1,8,x,50\n6,7,100,\nnone,7,5,1\n1,9,50,72\n");
    let Some(equil) = equil() else { return };
    place.write("network.xml", equil.bytes("network.xml"));
    let said = place.qike("replay c.csv --net network.xml --out c --json");
    said.expect(3, &["bad-count", "c.csv:3", "unknown-link", "c.csv:5"]);
    let rows = Recording::open(&place.at("c")).unwrap().links().unwrap();
    let row = rows.iter().find(|l| l.link == "1" && l.begin.as_s() == 25_200.0).unwrap();
    assert_eq!((row.left, (row.distance_m / row.time_spent_s).round()), (300, 10.0));
    assert_eq!(rows.len(), 3);
}

#[test]
fn fixes_are_matched_onto_a_network() {
    let Some(place) = equil() else { return };
    // One drives from the middle of link 1 over 6 (straight on) to the middle of 15, a fix a minute, some metres off; one row is broken.
    let mut csv = "Vehicle ID;Time;X;Y\n".to_owned();
    for n in 0..35 {
        let x = -17_500.0 + f64::from(n) * 400.0;
        csv += &format!("a;{};{};{}\n", 25_200 + 60 * n, x, if n % 2 == 0 { 6.0 } else { -8.0 });
    }
    csv += "a;later;0;0\n";
    place.write("gps.csv", &csv);
    let said = place.qike("replay gps.csv --net network.xml --out r --json --links 86400 --sigma 10");
    said.expect(3, &["bad-time", "gps.csv:37"]);
    let recording = Recording::open(&place.at("r")).unwrap();
    let trips = recording.trips().unwrap();
    assert_eq!((trips.len(), trips[0].origin.as_deref(), trips[0].destination.as_deref()), (1, Some("1"), Some("15")));
    let links = recording.links().unwrap();
    let ids: Vec<&str> = links.iter().map(|l| l.link.as_str()).collect();
    assert_eq!(ids, ["1", "6", "15"]);
    // Lengths of links are twice what lies between their nodes: metres are along the link.
    assert!(links.iter().all(|l| (l.entered, l.left) == (1, 1)), "{links:?}");
    let seconds: f64 = links.iter().map(|l| l.time_spent_s).sum();
    assert!((seconds - 34.0 * 60.0).abs() < 0.1, "{seconds}");
    // Without a network: tracks and journeys.
    place.qike("replay gps.csv --out q").expect(3, &["--net"]);
    assert!(Recording::open(&place.at("q")).unwrap().track_span().is_some());
    place.write("none.csv", "a,b\n1,2\n");
    place.qike("replay none.csv --net network.xml --out q").expect(1, &["a,b"]);
    place.write("none.csv", "who,when,east,north\nz,1,0,0\n");
    place.qike("replay none.csv --columns id=who,time=when,x=east,y=north --net network.xml --out q2").expect(0, &[]);
}
