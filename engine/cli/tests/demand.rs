//! `qike demand`: trips of matrices, which run; what is wrong with a matrix is told with its place.

mod common;

use common::Place;
use std::collections::BTreeMap;

/// A street of four edges in a row, one lane each.
fn net() -> String {
    let edges: String = (0..4).map(|n| {
        let (from, to) = (n * 110, n * 110 + 100);
        format!(
            "<edge id=\":{n}_0\" function=\"internal\"><lane id=\":{n}_0_0\" index=\"0\" speed=\"13.9\" length=\"10\" shape=\"{to},0 {},0\"/></edge>\
             <edge id=\"e{n}\" from=\"j{n}\" to=\"j{}\" priority=\"1\"><lane id=\"e{n}_0\" index=\"0\" speed=\"13.9\" length=\"100\" shape=\"{from},0 {to},0\"/></edge>",
            to + 10, n + 1
        )
    }).collect();
    let junctions: String = (0..5).map(|n| match n {
        0 | 4 => format!("<junction id=\"j{n}\" type=\"dead_end\" x=\"{}\" y=\"0\" incLanes=\"{}\" intLanes=\"\"/>", n * 110, if n == 4 { "e3_0" } else { "" }),
        _ => format!("<junction id=\"j{n}\" type=\"priority\" x=\"{}\" y=\"0\" incLanes=\"e{}_0\" intLanes=\":{}_0_0\"><request index=\"0\" response=\"0\" foes=\"0\" cont=\"0\"/></junction>", n * 110 - 5, n - 1, n - 1),
    }).collect();
    let connections: String = (0..3).map(|n| format!(
        "<connection from=\"e{n}\" to=\"e{0}\" fromLane=\"0\" toLane=\"0\" via=\":{n}_0_0\" dir=\"s\" state=\"M\"/><connection from=\":{n}_0\" to=\"e{0}\" fromLane=\"0\" toLane=\"0\" dir=\"s\" state=\"M\"/>", n + 1
    )).collect();
    let edges = edges.replace("<edge id=\":3_0\" function=\"internal\"><lane id=\":3_0_0\" index=\"0\" speed=\"13.9\" length=\"10\" shape=\"430,0 440,0\"/></edge>", "");
    format!("<net version=\"1.20\"><location netOffset=\"0,0\" convBoundary=\"0,0,440,10\" origBoundary=\"0,0,1,1\" projParameter=\"!\"/>{edges}{junctions}{connections}</net>")
}

const ZONES: &str = r#"<additional><tazs>
    <taz id="west" edges="e0 e1"/>
    <taz id="east"><tazSource id="e2" weight="1"/><tazSink id="e2" weight="1"/><tazSink id="e3" weight="3"/></taz>
    <taz id="bare"/>
</tazs></additional>"#;

const MATRIX: &str = "$V;D2\n* from to\n7.00 8.00\n* factor\n2\n* zones\n2\nwest east\n* west\n10 30\n* east\n0 5\n";

fn place() -> Place {
    let place = Place::new();
    place.write("x.net.xml", &net());
    place.write("x.taz.xml", ZONES);
    place.write("x.fma", MATRIX);
    place
}

fn trips(place: &Place, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = String::from_utf8(place.bytes(name)).unwrap();
    text.lines().filter(|l| l.trim_start().starts_with("<trip ")).map(|l| {
        let mut parts = l.split('"');
        let mut trip = BTreeMap::new();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            trip.insert(key.trim().trim_start_matches("<trip ").trim_end_matches('=').to_owned(), value.to_owned());
        }
        trip
    }).collect()
}

#[test]
fn a_matrix_becomes_trips_that_run() {
    let place = place();
    let said = place.qike(&["demand", "x.net.xml", "--od", "x.fma", "--taz", "x.taz.xml", "-o", "t.rou.xml", "--config", "t.sumocfg", "--json"].join(" "));
    said.expect(0, &[]);
    assert_eq!((said.json()["trips"].as_u64(), said.json()["wanted"].as_f64(), said.json()["by_hour"][0][1].as_u64()), (Some(90), Some(90.0), Some(90)));
    let trips = trips(&place, "t.rou.xml");
    let between = |from: &str, to: &str| trips.iter().filter(|t| t["fromTaz"] == from && t["toTaz"] == to).count();
    assert_eq!((between("west", "west"), between("west", "east"), between("east", "east")), (20, 60, 10));
    assert!(trips.iter().all(|t| (25_200.0..28_800.0).contains(&t["depart"].parse::<f64>().unwrap())));
    assert!(trips.iter().filter(|t| t["toTaz"] == "east").filter(|t| t["to"] == "e3").count() > 40);
    let run = place.qike(&["run", "t.sumocfg", "--out", "run", "--json"].join(" "));
    let summary = &run.json()["runs"][0]["summary"]["vehicles"];
    // A trip from e1 to e0 has no way: the street is one-way.
    let backward = trips.iter().filter(|t| t["from"] == "e1" && t["to"] == "e0").count() as u64;
    assert_eq!(summary["arrived"].as_u64(), Some(90 - backward), "{}", run.stderr);
    // The same again, and otherwise by another seed.
    place.qike(&["demand", "x.net.xml", "--od", "x.fma", "--taz", "x.taz.xml", "-o", "u.rou.xml"].join(" ")).expect(0, &[]);
    place.qike(&["demand", "x.net.xml", "--od", "x.fma", "--taz", "x.taz.xml", "-o", "v.rou.xml", "--seed", "7"].join(" ")).expect(0, &[]);
    assert_eq!(place.bytes("t.rou.xml"), place.bytes("u.rou.xml"));
    assert_ne!(place.bytes("t.rou.xml"), place.bytes("v.rou.xml"));
}

#[test]
fn flows_profiles_scales_spans_and_tables() {
    let place = place();
    place.write("day.csv", "from,to,count,kind\nwest,east,1000,truck\n");
    let said = place.qike(&["demand", "x.net.xml", "--od", "day.csv", "--taz", "x.taz.xml", "--profile", "workday", "--scale", "2", "--begin", "7:00", "--end", "9:00", "-o", "t.csv", "--json"].join(" "));
    said.expect(0, &[]);
    // 7.4 and 6.6 of 100.1 percent.
    let hours: Vec<u64> = said.json()["by_hour"].as_array().unwrap().iter().map(|h| h[1].as_u64().unwrap()).collect();
    assert!(hours.len() == 2 && hours[0].abs_diff(148) <= 1 && hours[1].abs_diff(132) <= 1, "{hours:?}");
    assert_eq!(said.json()["outside"].as_u64(), Some(2000 - hours[0] - hours[1]));
    let table = String::from_utf8(place.bytes("t.csv")).unwrap();
    assert!(table.starts_with("id,depart,from_zone,to_zone,from_edge,to_edge,kind\n0,252") && table.lines().nth(1).unwrap().ends_with(",truck"), "{}", &table[..200]);
    place.qike(&["demand", "x.net.xml", "--od", "x.fma", "day.csv", "--taz", "x.taz.xml", "--flows", "-o", "f.rou.xml"].join(" ")).expect(0, &[]);
    let flows = String::from_utf8(place.bytes("f.rou.xml")).unwrap();
    assert!(flows.contains("<vType id=\"truck\" vClass=\"truck\"/>"), "{flows}");
    assert!(flows.contains("begin=\"25200.00\" end=\"28800.00\" number=\"60\" fromTaz=\"west\" toTaz=\"east\""), "{flows}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let place = place();
    place.write("bad.csv", "from,to,hour,count\nwest,nowhere,7,5\nwest,east,25,5\nwest,bare,7,5\nwest,east,7,-3\nwest,east,7,2\n");
    let said = place.qike(&["demand", "x.net.xml", "--od", "bad.csv", "--taz", "x.taz.xml", "-o", "t.rou.xml", "--json"].join(" "));
    said.expect(3, &["bad.csv:2", "zone 'nowhere'", "name the file of zones with --taz", "bad.csv:3", "'25' is no hour", "bad.csv:4", "zone 'bare' has no edge", "bad.csv:5", "'-3'"]);
    assert_eq!(said.json()["trips"].as_u64(), Some(2));
    place.write("day.txt", "1 2 3");
    let base = ["demand", "x.net.xml", "--od", "x.fma", "-o", "t.rou.xml"];
    let with = |more: &[&str]| place.qike(&[&base[..], more].concat());
    with(&[]).expect(2, &["there are no zones", "--taz"]);
    with(&["--taz", "x.taz.xml", "--profile", "day.txt"]).expect(1, &["24 shares", "there are 3"]);
    with(&["--taz", "x.taz.xml", "--profile", "monday"]).expect(2, &["neither a file nor a built-in profile", "workday"]);
    with(&["--taz", "x.taz.xml", "--scale", "nan"]).expect(2, &["--scale"]);
    with(&["--taz", "x.taz.xml", "--scale", "1e12"]).expect(1, &["more than the"]);
    with(&["--taz", "x.taz.xml", "--begin", "9:00", "--end", "8:00"]).expect(2, &["--end"]);
    with(&["--taz", "missing.xml"]).expect(1, &["missing.xml"]);
    place.qike(&["demand", "x.net.xml", "--od", "x.fma", "--taz", "x.taz.xml", "-o", "x.fma"].join(" ")).expect(2, &["written over"]);
    place.write("types.csv", "from,to,count,kind\nwest,east,1,spaceship\n");
    place.qike(&["demand", "x.net.xml", "--od", "types.csv", "--taz", "x.taz.xml", "-o", "t.rou.xml"].join(" ")).expect(0, &["spaceship", "passenger car"]);
}
