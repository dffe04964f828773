//! Rerouters, closures, speed signs, car parks and drivers who look for better ways, beside SUMO 1.28 on a map with two ways from
//! `in` to `out`: `u1 u2` (653 m) and `d1 d2` (622 m). Drivers are without chance; the figures are those of SUMO's own runs.
//! An arrival is the end of its step here and the begin of it in SUMO: durations are one second longer.

mod common;

use common::Place;
use std::collections::BTreeMap;

const FLOW: &str = r#"<routes><vType id="car" sigma="0" speedDev="0"/><route id="up" edges="in u1 u2 out"/>
    <flow id="f" type="car" route="up" begin="0" end="200" period="5" departSpeed="max" departLane="best"/></routes>"#;

/// A run: mean duration and loss, s; reroutes of all; what entered each edge.
struct Ran {
    duration: f64,
    loss: f64,
    reroutes: u64,
    entered: BTreeMap<String, u64>,
    trips: Vec<(String, f64, f64)>,
}

fn value<'a>(line: &'a str, name: &str) -> &'a str {
    let key = format!(" {name}=\"");
    let at = line.find(&key).unwrap_or_else(|| panic!("no {name} in {line}")) + key.len();
    &line[at..at + line[at..].find('"').unwrap()]
}

fn run(routes: &str, additional: &str, options: &str) -> Ran {
    let place = Place::new();
    let net = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rerouters/d.net.xml");
    place.write("d.net.xml", std::fs::read_to_string(net).unwrap());
    place.write("d.rou.xml", routes);
    place.write("d.add.xml", format!("<additional>{additional}</additional>"));
    let input = r#"<net-file value="d.net.xml"/><route-files value="d.rou.xml"/><additional-files value="d.add.xml"/>"#;
    place.write("d.sumocfg", format!("<configuration><input>{input}</input>{options}</configuration>"));
    place.qike("run d.sumocfg --out r --no-tracks --tripinfo-output t.xml --edgedata-output e.xml").expect(0, &[]);
    let read = |name: &str| String::from_utf8(place.bytes(name)).unwrap();
    let trips = read("t.xml");
    let rows: Vec<&str> = trips.lines().filter(|l| l.contains("<tripinfo ")).collect();
    let number = |line: &str, name: &str| value(line, name).parse::<f64>().unwrap();
    let mean = |name: &str| rows.iter().map(|r| number(r, name)).sum::<f64>() / rows.len() as f64;
    let edges = read("e.xml");
    Ran {
        duration: mean("duration"),
        loss: mean("timeLoss"),
        reroutes: rows.iter().map(|r| number(r, "rerouteNo") as u64).sum(),
        entered: edges.lines().filter(|l| l.contains("<edge ")).map(|l| (value(l, "id").to_owned(), value(l, "entered").parse().unwrap())).collect(),
        trips: rows.iter().map(|r| (value(r, "id").to_owned(), number(r, "arrival"), number(r, "stopTime"))).collect(),
    }
}

fn near(what: &str, ours: f64, sumos: f64, by: f64) {
    assert!((ours - sumos).abs() <= by, "{what}: {ours}, SUMO's {sumos}");
}

#[test]
fn a_closed_road_is_gone_round() {
    let r = run(FLOW, r#"<rerouter id="R" edges="in"><interval begin="50" end="120"><closingReroute id="u1"/></interval></rerouter>"#, "");
    // SUMO: 22 by u1, 18 by d1 with one reroute each, mean duration 92.65 s.
    assert_eq!((r.entered["u1"], r.entered["d1"]), (22, 18));
    near("duration", r.duration, 92.65, 0.3);
    assert!((14..=18).contains(&r.reroutes), "{}", r.reroutes);
}

#[test]
fn a_speed_sign_slows_and_lets_go() {
    let r = run(FLOW, r#"<variableSpeedSign id="v" lanes="u1_0"><step time="60" speed="5"/><step time="140" speed="-1"/></variableSpeedSign>"#, "");
    near("duration", r.duration, 109.30, 0.6);
    near("loss", r.loss, 4.71, 0.6);
}

#[test]
fn other_ways_and_destinations_are_drawn() {
    let routes = r#"<route id="ru" edges="in u1 u2 out"/><route id="rd" edges="in d1 d2 out"/>"#;
    let r = run(FLOW, &format!(r#"{routes}<rerouter id="R" edges="in"><interval begin="0" end="1000"><routeProbReroute id="ru" probability="1"/><routeProbReroute id="rd" probability="3"/></interval></rerouter>"#), "");
    // Of 40 with a chance of 3/4 (SUMO: 28): within three deviations.
    assert!((22..=38).contains(&r.entered["d1"]) && r.entered["d1"] + r.entered["u1"] == 40, "{:?}", r.entered);
    let r = run(FLOW, r#"<rerouter id="R" edges="in" probability="0.5"><interval begin="0" end="1000"><destProbReroute id="d2" probability="1"/></interval></rerouter>"#, "");
    // Half of them end on d2 (SUMO: 24).
    assert!((11..=29).contains(&r.entered["d2"]) && r.entered["d2"] + r.entered["out"] == 40, "{:?}", r.entered);
    assert_eq!(r.reroutes, r.entered["d2"]);
}

#[test]
fn a_closed_lane_is_left_to_the_other() {
    let r = run(FLOW, r#"<rerouter id="R" edges="in"><interval begin="40" end="160"><closingLaneReroute id="out_0"/></interval></rerouter>"#, "");
    // SUMO: 94.00 s, as without the closure: one lane is enough for them.
    near("duration", r.duration, 94.0, 0.1);
    near("loss", r.loss, 2.39, 0.02);
    assert_eq!(r.reroutes, 0);
}

const PARKERS: &str = r#"<routes><vType id="car" sigma="0" speedDev="0"/><route id="up" edges="in u1 u2 out"/>
    <flow id="f" type="car" begin="0" end="100" period="10" route="up" departSpeed="max" departLane="best"><stop parkingArea="P" duration="200"/></flow></routes>"#;

/// Three car parks: of 3 places on the way, of 5 on the other way, of 20 behind both.
fn parks(seen: &str) -> String {
    let all = |ids: &str| ids.chars().map(|id| format!(r#"<parkingAreaReroute id="{id}" {seen}/>"#)).collect::<String>();
    let rerouter = |edge: &str, ids: &str| format!(r#"<rerouter id="R{edge}" edges="{edge}"><interval begin="0" end="1000">{}</interval></rerouter>"#, all(ids));
    format!(
        r#"<parkingArea id="P" lane="u1_0" startPos="100" endPos="150" roadsideCapacity="3"/><parkingArea id="Q" lane="d1_0" startPos="100" endPos="150" roadsideCapacity="5"/>
        <parkingArea id="S" lane="out_0" startPos="100" endPos="250" roadsideCapacity="20"/>{}{}{}{}"#,
        rerouter("in", "QSP"), rerouter("u1", "P"), rerouter("d1", "QS"), rerouter("out", "S")
    )
}

#[test]
fn a_full_car_park_is_waited_for_or_another_one_taken() {
    // How full it is, is not seen before one is there: all wait for its three places, turn by turn (SUMO: the last leaves at 898 s).
    let r = run(PARKERS, &parks(""), "");
    assert!(r.trips.iter().all(|t| t.2 >= 200.0), "{:?}", r.trips);
    let last = r.trips.iter().map(|t| t.1).fold(0.0, f64::max);
    near("last arrival", last, 898.0, 12.0);
    assert_eq!(r.entered.get("d1").copied().unwrap_or(0), 0);
    // It is seen: from the seventh on they go to the other one (SUMO: four of them, the last arrives at 526 s).
    let r = run(PARKERS, &parks("visible=\"true\""), "");
    let last = r.trips.iter().map(|t| t.1).fold(0.0, f64::max);
    near("last arrival", last, 526.0, 12.0);
    assert!(r.entered["d1"] >= 4, "{:?}", r.entered);
}

#[test]
fn who_looks_for_better_ways_finds_them() {
    let routes = r#"<routes><vType id="car" sigma="0" speedDev="0"/><route id="dn" edges="in d1 d2 out"/>
        <vehicle id="block" type="car" depart="0" departPos="200" departLane="best"><route edges="d1 d2 out"/><stop lane="d1_0" endPos="250" duration="200"/></vehicle>
        <flow id="f" type="car" begin="10" end="210" period="5" departSpeed="max" departLane="best" route="dn"/></routes>"#;
    let options = |share: &str| format!(r#"<routing><device.rerouting.probability value="{share}"/><device.rerouting.period value="30"/></routing>"#);
    let none = run(routes, "", "");
    assert_eq!((none.entered["d1"], none.reroutes), (40, 0));
    let all = run(routes, "", &options("1"));
    let half = run(routes, "", &options("0.5"));
    // SUMO: 0, 22 and 36 of 40 by the free way; mean durations of 203.4, 137.1 and 112.9 s.
    assert!((32..=40).contains(&all.entered["u1"]), "{:?}", all.entered);
    near("nobody knows", none.duration, 203.4, 10.0);
    near("all know", all.duration, 112.9, 8.0);
    assert!(half.entered["u1"] > 8 && half.entered["u1"] < all.entered["u1"], "{:?}", half.entered);
    assert!(all.duration < half.duration && half.duration < none.duration, "{} {} {}", all.duration, half.duration, none.duration);
}
