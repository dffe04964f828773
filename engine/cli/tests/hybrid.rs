//! Lane by lane within an area and queues elsewhere, through the command line: what is measured on either side of the border, the ways
//! to say where it runs, and what is told of areas that are none. The road is straight: 3 km `a`, 500 m `b`, 500 m `c`, two lanes; loops
//! stand on `c`.

mod common;

use common::{Place, Said};
use serde_json::Value;

/// So many vehicles in ten minutes.
const VEHICLES: u64 = 200;

fn road() -> Place {
    let place = Place::new();
    let net = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/what_if/r.net.xml");
    place.write("r.net.xml", std::fs::read_to_string(net).unwrap());
    place.write("r.rou.xml", format!("<routes><vType id=\"car\" sigma=\"0.2\"/><flow id=\"f\" type=\"car\" from=\"a\" to=\"c\" begin=\"0\" end=\"600\" number=\"{VEHICLES}\" departLane=\"free\" departSpeed=\"max\"/></routes>"));
    let loops: String = (0..2).map(|n| format!("<inductionLoop id=\"l{n}\" lane=\"c_{n}\" pos=\"100\" period=\"900\" file=\"l.xml\"/>")).collect();
    place.write("r.add.xml", format!("<additional>{loops}</additional>"));
    place.write("r.sumocfg", "<configuration><input><net-file value=\"r.net.xml\"/><route-files value=\"r.rou.xml\"/><additional-files value=\"r.add.xml\"/></input></configuration>");
    place
}

/// The command with arguments that have spaces in them.
fn said(place: &Place, args: &[&str]) -> Said {
    Said::of(place.command().args(args).output().unwrap())
}

/// Sum of an attribute over the lines with a tag.
fn sum(text: &str, tag: &str, name: &str) -> f64 {
    let key = format!(" {name}=\"");
    let value = |line: &str| line.find(&key).map(|at| &line[at + key.len()..]).and_then(|rest| rest[..rest.find('"')?].parse::<f64>().ok());
    text.lines().filter(|l| l.contains(&format!("<{tag} ")) || l.contains(&format!("<{tag}>"))).filter_map(value).sum()
}

fn text(place: &Place, file: &str) -> String {
    String::from_utf8(place.bytes(file)).unwrap()
}

fn run(place: &Place, line: &str) -> Value {
    let said = place.qike(&format!("run {line} --json"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    serde_json::from_str(&said.stdout).unwrap()
}

fn hash(document: &Value) -> &str {
    document["runs"][0]["summary"]["state_hash"].as_str().unwrap()
}

fn duration(document: &Value) -> f64 {
    document["runs"][0]["summary"]["mean_duration_s"].as_f64().unwrap()
}

/// Around the end of `a`, and around the end of `b`: one side lane by lane, the other as queues, and the other way round.
const AREAS: [(&str, [u64; 2]); 3] = [("2900,-50 3100,-50 3100,50 2900,50", [1, 3]), ("3400,-50 3600,-50 3600,50 3400,50", [1, 3]), ("3400,-50 4600,-50 4600,50 3400,50", [2, 3])];

#[test]
fn edges_and_loops_count_everybody_once_on_both_sides_of_the_border() {
    let place = road();
    let lanes = duration(&run(&place, "r.sumocfg --out l --no-tracks"));
    let queues = duration(&run(&place, "r.sumocfg --out q --no-tracks --model queues"));
    for (n, (area, streets)) in AREAS.iter().enumerate() {
        place.write("area.txt", area);
        let document = run(&place, &format!("r.sumocfg --out h{n} --lanes-inside area.txt --tracks 5 --edgedata-output e{n}.xml --tripinfo-output t{n}.xml --fcd-output f{n}.xml"));
        assert_eq!(document["streets_by_lanes"], serde_json::json!(streets), "{area}");
        assert_eq!(document["runs"][0]["summary"]["model"], "hybrid");
        assert_eq!(document["runs"][0]["summary"]["vehicles"]["arrived"], VEHICLES);
        let is = duration(&document);
        assert!(is > 0.97 * lanes.min(queues) && is < 1.03 * lanes.max(queues), "{area}: {is} s, lane by lane {lanes} s, queues {queues} s");
        let edges = text(&place, &format!("e{n}.xml"));
        for (edge, counts) in [("a", ["departed", "left"]), ("b", ["entered", "left"]), ("c", ["entered", "arrived"])] {
            let line: String = edges.lines().filter(|l| l.contains(&format!("<edge id=\"{edge}\""))).collect::<Vec<_>>().join("\n");
            for count in counts {
                assert_eq!(sum(&line, "edge", count), VEHICLES as f64, "{area}: {count} of {edge}: {line}");
            }
            for none in ["departed", "entered", "left", "arrived"].iter().filter(|c| !counts.contains(c)) {
                assert_eq!(sum(&line, "edge", none), 0.0, "{area}: {none} of {edge}: {line}");
            }
            // Nobody is there twice or not at all: all time on the edges is that of the journeys.
            let seconds = sum(&line, "edge", "sampledSeconds") / VEHICLES as f64;
            let least = if edge == "a" { 150.0 } else { 25.0 };
            assert!((0.9 * least..1.5 * least).contains(&seconds), "{area}: {seconds} s on {edge}");
        }
        assert_eq!(sum(&text(&place, &format!("h{n}/l.xml")), "interval", "nVehContrib"), VEHICLES as f64, "{area}");
        let trips = text(&place, &format!("t{n}.xml"));
        assert_eq!(trips.matches("<tripinfo ").count() as u64, VEHICLES);
        for step in text(&place, &format!("f{n}.xml")).split("<timestep ").skip(1) {
            let mut ids: Vec<&str> = step.split("<vehicle id=\"").skip(1).map(|v| &v[..v.find('"').unwrap()]).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{area}: somebody is there twice: {step}");
        }
    }
}

#[test]
fn an_area_is_said_in_several_ways() {
    let place = road();
    let ring = "[[3400,-50],[3600,-50],[3600,50],[3400,50],[3400,-50]]";
    place.write("a.geojson", format!("{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}}}"));
    place.write("a.wkt", "POLYGON ((3400 -50, 3600 -50, 3600 50, 3400 50, 3400 -50))");
    place.write("w.toml", "version = 1\nname = \"centre\"\n[base]\nstore = \"r.sumocfg\"\n[models.hybrid]\ninside = \"a.geojson\"\n");
    let args = ["run", "r.sumocfg", "--out", "x", "--no-tracks", "--json", "--lanes-inside", AREAS[1].0];
    let inline = said(&place, &args);
    assert_eq!(inline.code, 0, "{}", inline.stderr);
    let inline = inline.json();
    for line in ["r.sumocfg --out g --model hybrid --lanes-inside a.geojson", "r.sumocfg --out k --lanes-inside a.wkt", "w.toml --out w"] {
        assert_eq!(hash(&run(&place, &format!("{line} --no-tracks"))), hash(&inline), "{line}");
    }
    assert!(text(&place, "x/scenario.toml").contains("lanes_inside"), "the recording says where");
    // A model on the command line overrules the file's.
    let (lanes, queues) = (run(&place, "r.sumocfg --out l --no-tracks"), run(&place, "r.sumocfg --out q --model queues --no-tracks"));
    assert_eq!(hash(&run(&place, "w.toml --out wl --no-tracks --model lanes")), hash(&lanes));
    // All of the network is the lane-level run.
    place.write("all.txt", "-500,-500 9000,-500 9000,500 -500,500");
    assert_eq!(hash(&run(&place, "r.sumocfg --out all --lanes-inside all.txt --no-tracks")), hash(&lanes));
    assert_ne!(hash(&queues), hash(&lanes));
}

#[test]
fn areas_that_are_none_are_told() {
    let place = road();
    place.write("line.geojson", "{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]}");
    place.write("cut.geojson", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1");
    place.write("empty.txt", "");
    let refused = |args: &[&str], words: &[&str]| {
        let told = said(&place, &[&["run", "r.sumocfg", "--out", "x"], args].concat());
        told.expect(2, words);
        assert!(!told.stderr.contains("panicked"));
    };
    refused(&["--lanes-inside", "3400,-50 3600,50 3600,-50 3400,50"], &["--lanes-inside", "sides cross each other"]);
    refused(&["--lanes-inside", "3400,-50 3600,50"], &["2 corners"]);
    refused(&["--lanes-inside", ""], &["no polygon"]);
    refused(&["--lanes-inside", "9400,-50 9600,-50 9600,50"], &["network's coordinates", "9400.0"]);
    refused(&["--lanes-inside", "100,-5 200,-5 200,5 100,5"], &["no junction lies within it"]);
    refused(&["--lanes-inside", "line.geojson"], &["line.geojson", "no polygon"]);
    refused(&["--lanes-inside", "cut.geojson"], &["cut.geojson", "cut off"]);
    refused(&["--lanes-inside", "nowhere.geojson"], &["nowhere.geojson"]);
    refused(&["--lanes-inside", "empty.txt"], &["empty"]);
    refused(&["--model", "hybrid"], &["within what area", "--lanes-inside"]);
    refused(&["--model", "queues", "--lanes-inside", AREAS[0].0], &["only --model hybrid"]);
    place.write("w.toml", "version = 1\nname = \"w\"\n[base]\nstore = \"r.sumocfg\"\n[models.hybrid]\ninside = \"../out.wkt\"\n");
    place.qike("run w.toml --out w").expect(2, &["w.toml", "stay inside the scenario's folder"]);
}
