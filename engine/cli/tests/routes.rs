//! `qike routes`: ways by free speeds and by weights, those who have none, files that end too soon; what is written is read again.

mod common;

use common::Place;

/// From `a` to `d` over `b` (short) or over `c` (long), where one gives way; nobody comes to `x`.
const NET: &str = r#"<net version="1.20">
    <location netOffset="0,0" convBoundary="0,0,400,400" origBoundary="0,0,1,1" projParameter="!"/>
    <edge id=":J_0" function="internal"><lane id=":J_0_0" index="0" speed="10.00" length="5.00" shape="100,0 105,0"/></edge>
    <edge id=":J_1" function="internal"><lane id=":J_1_0" index="0" speed="10.00" length="5.00" shape="100,0 105,5"/></edge>
    <edge id=":K_0" function="internal"><lane id=":K_0_0" index="0" speed="10.00" length="5.00" shape="205,0 210,0"/></edge>
    <edge id=":K_1" function="internal"><lane id=":K_1_0" index="0" speed="10.00" length="5.00" shape="205,5 210,0"/></edge>
    <edge id="a" from="A" to="J" priority="1"><lane id="a_0" index="0" speed="10.00" length="100.00" shape="0,0 100,0"/></edge>
    <edge id="b" from="J" to="K" priority="1"><lane id="b_0" index="0" speed="10.00" length="100.00" shape="105,0 205,0"/></edge>
    <edge id="c" from="J" to="K" priority="1"><lane id="c_0" index="0" speed="10.00" length="200.00" shape="105,5 150,50 205,5"/></edge>
    <edge id="d" from="K" to="D" priority="1"><lane id="d_0" index="0" speed="10.00" length="100.00" disallow="truck" shape="210,0 310,0"/></edge>
    <edge id="x" from="X" to="Y" priority="1"><lane id="x_0" index="0" speed="10.00" length="100.00" shape="0,300 100,300"/></edge>
    <junction id="A" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape="0,0 0,3"/>
    <junction id="J" type="priority" x="102" y="0" incLanes="a_0" intLanes=":J_0_0 :J_1_0" shape="100,0 105,0 105,5">
        <request index="0" response="00" foes="00" cont="0"/><request index="1" response="00" foes="00" cont="0"/>
    </junction>
    <junction id="K" type="priority" x="207" y="0" incLanes="b_0 c_0" intLanes=":K_0_0 :K_1_0" shape="205,0 210,0 205,5">
        <request index="0" response="00" foes="10" cont="0"/><request index="1" response="01" foes="01" cont="0"/>
    </junction>
    <junction id="D" type="dead_end" x="310" y="0" incLanes="d_0" intLanes="" shape="310,0 310,3"/>
    <junction id="X" type="dead_end" x="0" y="300" incLanes="" intLanes="" shape="0,300 0,303"/>
    <junction id="Y" type="dead_end" x="100" y="300" incLanes="x_0" intLanes="" shape="100,300 100,303"/>
    <connection from="a" to="b" fromLane="0" toLane="0" via=":J_0_0" dir="s" state="M"/>
    <connection from="a" to="c" fromLane="0" toLane="0" via=":J_1_0" dir="l" state="M"/>
    <connection from="b" to="d" fromLane="0" toLane="0" via=":K_0_0" dir="s" state="M"/>
    <connection from="c" to="d" fromLane="0" toLane="0" via=":K_1_0" dir="s" state="m"/>
    <connection from=":J_0" to="b" fromLane="0" toLane="0" dir="s" state="M"/>
    <connection from=":J_1" to="c" fromLane="0" toLane="0" dir="l" state="M"/>
    <connection from=":K_0" to="d" fromLane="0" toLane="0" dir="s" state="M"/>
    <connection from=":K_1" to="d" fromLane="0" toLane="0" dir="s" state="M"/>
</net>"#;

const TRIPS: &str = r#"<routes>
    <vType id="slow &amp; long" vClass="bus" maxSpeed="5" length="12"/>
    <vType id="lorry" vClass="truck"/>
    <trip id="one" depart="0" from="a" to="d" departLane="best" arrivalPos="50"/>
    <trip id="two" depart="1.5" type="slow &amp; long" from="a" to="d" via="c"/>
    <trip id="three" depart="2" type="lorry" from="a" to="d"/>
    <vehicle id="four" depart="3"><route edges="c d"/><stop lane="d_0" startPos="10" endPos="30" duration="20"/></vehicle>
    <trip id="five" depart="4" from="a" to="x"/>
    <trip id="six" depart="4" from="a" to="nowhere"/>
    <trip id="seven" depart="4" fromJunction="J" toJunction="D"/>
    <flow id="many" begin="10" end="100" number="9" from="a" to="d"/>
</routes>"#;

fn place() -> Place {
    let place = Place::new();
    place.write("x.net.xml", NET);
    place.write("x.trips.xml", TRIPS);
    place
}

fn read(place: &Place, name: &str) -> String {
    String::from_utf8(place.bytes(name)).unwrap()
}

/// The line with the route after the one that names this vehicle or flow.
fn route<'t>(text: &'t str, id: &str) -> &'t str {
    let mut lines = text.lines().skip_while(|l| !l.contains(&format!("id=\"{id}\"")));
    lines.nth(1).unwrap_or_else(|| panic!("no '{id}' in\n{text}")).trim()
}

#[test]
fn trips_get_the_quickest_way_and_those_without_one_are_told() {
    let place = place();
    let said = place.qike("routes --net x.net.xml --trips x.trips.xml --out out.rou.xml --costs --json");
    // The lorry may not drive on d; x is not connected; nowhere is not there: each with its line.
    said.expect(3, &["x.trips.xml:6: vehicle 'three' cannot drive from edge 'a' to edge 'd'", "x.trips.xml:8: vehicle 'five' cannot drive from edge 'a' to edge 'x'", "x.trips.xml:9", "nowhere"]);
    let json = said.json();
    assert_eq!((json["routes_found"].as_u64(), json["routes_kept"].as_u64(), json["without_route"].as_u64()), (Some(4), Some(1), Some(2)));
    let text = read(&place, "out.rou.xml");
    // 10 + 0.5 + 10 + 0.5 + 10.
    assert_eq!(route(&text, "one"), r#"<route cost="31.000000" edges="a b d"/>"#);
    // Over c, at 5 m/s: 20 + 1 + 40 + 1 + 1.5 (gives way) + 20.
    assert_eq!(route(&text, "two"), r#"<route cost="83.500000" edges="a c d"/>"#);
    assert_eq!(route(&text, "four"), r#"<route edges="c d"/>"#);
    assert_eq!(route(&text, "seven"), r#"<route cost="20.500000" edges="b d"/>"#);
    assert_eq!(route(&text, "many"), r#"<route cost="31.000000" edges="a b d"/>"#);
    assert!(!text.contains("\"three\"") && !text.contains("\"five\"") && !text.contains("DEFAULT"), "{text}");
    assert!(text.contains(r#"<vType id="slow &amp; long" vClass="bus" length="12" "#), "{text}");
    assert!(text.contains(r#"<vehicle id="one" depart="0.00" departLane="best" arrivalPos="50">"#), "{text}");
    assert!(text.contains(r#"<stop lane="d_0" startPos="10" endPos="30" duration="20.00"/>"#), "{text}");
    assert!(text.contains(r#"<flow id="many" begin="10.00" end="100.00" number="9">"#), "{text}");
    // What was written is read and written again, byte for byte but for the costs that nobody asks for and the type that nobody has.
    place.qike("routes --net x.net.xml --trips out.rou.xml --out again.rou.xml").expect(0, &[]);
    let plain = text.lines().filter(|l| !l.contains("id=\"lorry\"")).map(|l| l.split(" cost=\"").enumerate().map(|(n, p)| if n == 0 { p.to_owned() } else { p[p.find('"').unwrap() + 1..].to_owned() }).collect::<String>() + "\n");
    assert_eq!(read(&place, "again.rou.xml"), plain.collect::<String>());
}

#[test]
fn weights_by_interval_lead_round_and_their_faults_are_told() {
    let place = place();
    place.write("w.xml", r#"<meandata>
    <interval begin="0" end="2" id="w"><edge id="b" traveltime="5"/></interval>
    <interval begin="2" end="200" id="w"><edge id="b" traveltime="100"/><edge id="zz" traveltime="1"/><edge id="c" traveltime="-3"/></interval>
    <interval begin="100" end="300" id="w"/>
</meandata>"#);
    let said = place.qike("routes --net x.net.xml --trips x.trips.xml --out out.rou.xml --costs --weights w.xml");
    said.expect(3, &["w.xml:3", "'zz'", "'-3'", "w.xml:4", "overlaps"]);
    let text = read(&place, "out.rou.xml");
    // It enters b in the second interval: round over c, 10 + 0.5 + 20 + 0.5 + 1.5 + 10.
    assert_eq!(route(&text, "one"), r#"<route cost="42.500000" edges="a c d"/>"#);
    assert_eq!(route(&text, "many"), r#"<route cost="42.500000" edges="a c d"/>"#);
}

#[test]
fn broken_input_and_wrong_usage() {
    let place = place();
    place.write("cut.xml", &TRIPS[..TRIPS.find("<vehicle id=\"four\"").unwrap() + 30]);
    place.qike("routes --net x.net.xml --trips cut.xml --out out.rou.xml").expect(3, &["file-cut-off", "cut.xml:7"]);
    assert!(read(&place, "out.rou.xml").contains("id=\"two\""));
    place.qike("routes --net x.net.xml --trips x.trips.xml --out x.trips.xml").expect(2, &["written over"]);
    place.qike("routes --net x.net.xml --trips x.trips.xml --out no/where.xml").expect(1, &["no/where.xml cannot be written"]);
    place.qike("routes --net x.net.xml --trips x.trips.xml --out o.xml --weights x.net.xml").expect(1, &["these are no weights"]);
    place.qike("routes --out o.xml").expect(2, &[]);
    place.write("x.sumocfg", r#"<configuration><input><net-file value="x.net.xml"/><route-files value="x.trips.xml"/></input></configuration>"#);
    place.qike("routes x.sumocfg --out of-config.rou.xml").expect(3, &["x.trips.xml:6: vehicle 'three'"]);
    place.qike("routes --net x.net.xml --trips x.trips.xml --out plain.rou.xml");
    assert_eq!(place.bytes("of-config.rou.xml"), place.bytes("plain.rou.xml"));
}

#[test]
fn routes_and_runs_in_turn() {
    let place = place();
    place.write("x.trips.xml", r#"<routes><flow id="many" begin="0" end="400" number="200" from="a" to="d"/><trip id="lost" depart="500" from="a" to="x"/></routes>"#);
    place.write("x.sumocfg", r#"<configuration><input><net-file value="x.net.xml"/><route-files value="x.trips.xml"/></input></configuration>"#);
    for model in ["lanes", "queues"] {
        let said = place.qike(&format!("assign x.sumocfg --model {model} --iterations 4 --gap 0.0001 --period 60 --out {model} --json"));
        let json = said.expect(3, &["1 vehicles have no way for their type, the first is 'lost'", "x.trips.xml:1"]).json();
        let gaps: Vec<f64> = json["convergence"].as_array().unwrap().iter().map(|s| s["gap"].as_f64().unwrap()).collect();
        assert!((1..=4).contains(&gaps.len()) && gaps.iter().all(|g| (0.0..1.0).contains(g)), "{gaps:?}");
        // Those of the best run are kept.
        assert_eq!(json["gap"].as_f64().unwrap(), gaps.iter().copied().fold(1.0, f64::min));
        assert_eq!(read(&place, &format!("{model}/convergence.csv")).lines().count(), 1 + gaps.len());
        let text = read(&place, &format!("{model}/routes.rou.xml"));
        assert_eq!(text.matches("<vehicle ").count(), 200, "{text}");
        assert_eq!(text.matches("edges=\"a b d\"").count() + text.matches("edges=\"a c d\"").count(), 200, "{text}");
        place.qike(&format!("routes --net x.net.xml --trips {model}/routes.rou.xml --out again.xml")).expect(0, &[]);
        let again = place.qike(&format!("assign x.sumocfg --model {model} --iterations 4 --gap 0.0001 --period 60 --out again --threads 1 --json"));
        assert_eq!(again.json()["convergence"], json["convergence"]);
        assert_eq!(place.bytes("again/routes.rou.xml"), text.into_bytes());
    }
    place.qike("assign x.sumocfg x.trips.xml").expect(2, &["names its trips itself"]);
    place.qike("assign x.net.xml").expect(2, &["TRIPS.tntp is missing"]);
    place.qike("assign x.net.xml x.trips.xml --model lanes").expect(2, &["--model"]);
}
