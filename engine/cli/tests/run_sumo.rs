//! `qike run X.sumocfg`: Bologna for ten minutes, a crossroads to its end, and what is wrong or not supported.

mod common;

use common::Place;
use qike_core::testdata;
use serde_json::Value;

/// Two one-way streets that cross at a light: `w` to `e`, `s` to `n`.
const NET: &str = r#"<net version="1.20">
    <location netOffset="-350000.00,-3400000.00" convBoundary="0,0,400,400" origBoundary="0,0,1,1" projParameter="+proj=utm +zone=51 +ellps=WGS84 +datum=WGS84 +units=m +no_defs"/>
    <edge id=":J_0" function="internal"><lane id=":J_0_0" index="0" speed="13.89" length="8.00" shape="201.60,196.00 201.60,204.00"/></edge>
    <edge id=":J_1" function="internal"><lane id=":J_1_0" index="0" speed="13.89" length="8.00" shape="196.00,198.40 204.00,198.40"/></edge>
    <edge id="w" from="W" to="J" priority="1"><lane id="w_0" index="0" speed="13.89" length="196.00" shape="0.00,198.40 196.00,198.40"/></edge>
    <edge id="e" from="J" to="E" priority="1"><lane id="e_0" index="0" speed="13.89" length="196.00" shape="204.00,198.40 400.00,198.40"/></edge>
    <edge id="s" from="S" to="J" priority="1"><lane id="s_0" index="0" speed="13.89" length="196.00" shape="201.60,0.00 201.60,196.00"/></edge>
    <edge id="n" from="J" to="N" priority="1"><lane id="n_0" index="0" speed="13.89" length="196.00" shape="201.60,204.00 201.60,400.00"/></edge>
    <tlLogic id="J" type="static" programID="0" offset="0">
        <phase duration="20" state="Gr"/><phase duration="4" state="yr"/><phase duration="20" state="rG"/><phase duration="4" state="ry"/>
    </tlLogic>
    <junction id="W" type="dead_end" x="0" y="198" incLanes="" intLanes="" shape="0,198 0,200"/>
    <junction id="S" type="dead_end" x="201" y="0" incLanes="" intLanes="" shape="200,0 203,0"/>
    <junction id="J" type="traffic_light" x="200" y="200" incLanes="s_0 w_0" intLanes=":J_0_0 :J_1_0" shape="196,196 204,196 204,204 196,204">
        <request index="0" response="00" foes="10" cont="0"/><request index="1" response="00" foes="01" cont="0"/>
    </junction>
    <junction id="E" type="dead_end" x="400" y="198" incLanes="e_0" intLanes="" shape="400,198 400,200"/>
    <junction id="N" type="dead_end" x="201" y="400" incLanes="n_0" intLanes="" shape="200,400 203,400"/>
    <connection from="s" to="n" fromLane="0" toLane="0" via=":J_0_0" tl="J" linkIndex="0" dir="s" state="O"/>
    <connection from="w" to="e" fromLane="0" toLane="0" via=":J_1_0" tl="J" linkIndex="1" dir="s" state="O"/>
    <connection from=":J_0" to="n" fromLane="0" toLane="0" dir="s" state="M"/>
    <connection from=":J_1" to="e" fromLane="0" toLane="0" dir="s" state="M"/>
</net>"#;

const ROUTES: &str = r#"<routes>
    <vType id="car&quot;1" length="4.5" sigma="0.3"/>
    <trip id="one" type="car&quot;1" depart="0" from="w" to="e"/>
    <flow id="we" type="car&quot;1" begin="1" end="121" number="20" from="w" to="e"/>
    <flow id="sn" begin="0" end="120" number="20" from="s" to="n"/>
</routes>"#;

const CONFIG: &str = r#"<configuration>
    <input><net-file value="x.net.xml"/><route-files value="x.rou.xml"/><additional-files value="x.add.xml"/></input>
    <output><tripinfo-output value="sub/trips.xml"/></output>
</configuration>"#;

fn crossroads(additional: &str) -> Place {
    let place = Place::new();
    place.write("x.net.xml", NET);
    place.write("x.rou.xml", ROUTES);
    place.write("x.add.xml", format!("<additional>{additional}</additional>"));
    place.write("x.sumocfg", CONFIG);
    place
}

/// Lines that begin an element of that name.
fn elements<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().map(str::trim_start).filter(move |l| l.strip_prefix('<').and_then(|l| l.strip_prefix(name)).is_some_and(|rest| rest.starts_with(' ')))
}

/// An attribute of such a line.
fn text<'a>(line: &'a str, name: &str) -> &'a str {
    let key = format!(" {name}=\"");
    let at = line.find(&key).unwrap_or_else(|| panic!("no {name} in {line}")) + key.len();
    &line[at..at + line[at..].find('"').unwrap()]
}

fn number(line: &str, name: &str) -> f64 {
    text(line, name).parse().unwrap_or_else(|e| panic!("{name} in {line}: {e}"))
}

fn read(place: &Place, name: &str) -> String {
    String::from_utf8(place.bytes(name)).unwrap()
}

fn summary(document: &Value) -> &Value {
    &document["runs"][0]["summary"]
}

#[test]
fn a_crossroads_is_run_to_its_end() {
    let place = crossroads(r#"<edgeData id="d" file="d.xml" period="60"/>"#);
    let said = place.qike("run x.sumocfg --out r --json --fcd-output f.xml --summary-output s.xml --edgedata-output e.xml");
    said.expect(0, &["written into the run directory: trips.xml, d.xml"]);
    let document = said.json();
    let s = summary(&document);
    assert_eq!((s["vehicles"]["loaded"].as_u64(), s["vehicles"]["arrived"].as_u64(), s["vehicles"]["running"].as_u64()), (Some(41), Some(41), Some(0)));
    assert_eq!((document["overlaps"].as_u64(), s["seed"].as_u64()), (Some(0), Some(23423)));
    assert!(s["run"]["crs"].as_str().unwrap().contains("zone=51"), "{s}");

    let trips = read(&place, "r/trips.xml");
    let rows: Vec<&str> = elements(&trips, "tripinfo").collect();
    assert_eq!(rows.len(), 41);
    let mean = |name: &str| rows.iter().map(|r| number(r, name)).sum::<f64>() / 41.0;
    for (attribute, field) in [("duration", "mean_duration_s"), ("timeLoss", "mean_time_loss_s"), ("waitingTime", "mean_waiting_s"), ("routeLength", "mean_route_length_m")] {
        assert!((mean(attribute) - s[field].as_f64().unwrap()).abs() < 0.01, "{field}: {} {}", mean(attribute), s[field]);
    }
    let one = rows.iter().find(|r| text(r, "id") == "one").unwrap();
    assert_eq!((text(one, "departLane"), text(one, "arrivalLane"), text(one, "vType"), text(one, "arrivalPos")), ("w_0", "e_0", "car&quot;1", "196.00"));

    // Nobody enters the junction at red: the light shows s green in the first 24 s of 48, then w.
    let fcd = read(&place, "f.xml");
    let mut time = 0.0;
    let mut inside: Vec<String> = Vec::new();
    for line in fcd.lines().map(str::trim_start) {
        if line.starts_with("<timestep") {
            time = number(line, "time");
            continue;
        }
        if line.starts_with("<vehicle") && text(line, "lane").starts_with(":J") {
            let (id, phase) = (text(line, "id").to_owned(), time % 48.0);
            if !inside.contains(&id) {
                assert_eq!(text(line, "lane") == ":J_0_0", phase < 24.0, "{time}: {line}");
                inside.push(id);
            }
        }
    }
    assert!(inside.len() > 20, "{}", inside.len());
    // Angles are clockwise from north.
    assert!(fcd.lines().any(|l| l.contains("lane=\"w_0\"") && l.contains("angle=\"90.00\"")) && fcd.lines().any(|l| l.contains("lane=\"s_0\"") && l.contains("angle=\"0.00\"")));

    // Edges: what the whole run says is the sum of the intervals, and vehicles are conserved.
    let (whole, parts) = (read(&place, "e.xml"), read(&place, "r/d.xml"));
    assert!(elements(&parts, "interval").count() >= 3);
    for (edge, count) in [("w", [21.0, 0.0, 0.0, 21.0]), ("e", [0.0, 21.0, 21.0, 0.0]), ("s", [20.0, 0.0, 0.0, 20.0]), ("n", [0.0, 20.0, 20.0, 0.0])] {
        for (name, value) in ["departed", "arrived", "entered", "left"].into_iter().zip(count) {
            let sum = |file: &str| elements(file, "edge").filter(|l| text(l, "id") == edge).map(|l| number(l, name)).sum::<f64>();
            assert_eq!((sum(&whole), sum(&parts)), (value, value), "{edge} {name}");
        }
    }
    let distance: f64 = elements(&whole, "edge").map(|l| number(l, "distance")).sum();
    let routes: f64 = rows.iter().map(|r| number(r, "routeLength")).sum();
    assert!((distance + 41.0 * 8.0 - routes).abs() < 1.0, "{distance} {routes}");

    let steps = read(&place, "s.xml");
    let last = elements(&steps, "step").last().unwrap();
    assert_eq!((text(last, "inserted"), text(last, "arrived"), text(last, "running")), ("41", "41", "0"));
    for file in ["trips.parquet", "links.parquet", "tracks.parquet", "events.parquet", "signals.parquet", "streets.gpkg", "summary.json", "scenario.toml"] {
        assert!(place.at("r").join(file).is_file(), "{file}");
    }
    assert!(!place.files().iter().any(|f| f.ends_with(".part")));
    // The recording knows what the light shows whom, and where; and the run directory has the streets, so that it can be looked at.
    let recorded = qike_record::Recording::open(&place.at("r")).unwrap().signals().unwrap();
    let seen: Vec<(i64, &str, &str)> = recorded.iter().map(|row| (row.time.ms() / 1000, row.link.as_deref().unwrap(), row.shows.name())).collect();
    assert_eq!(seen[..7], [(0, "w", "red"), (0, "s", "green"), (20, "s", "yellow"), (24, "w", "green"), (24, "s", "red"), (44, "w", "yellow"), (48, "w", "red")]);
    let south = recorded.iter().find(|row| row.link.as_deref() == Some("s")).unwrap();
    assert_eq!((south.position, south.width_m), ([350_201.6, 3_400_196.0, 0.0], 3.2));
    assert!((south.heading - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
    let streets = place.qike("info r/streets.gpkg --json").json();
    assert_eq!((streets["objects"]["by_class"]["Road"].as_u64(), streets["objects"]["by_class"]["TrafficSpace"].as_u64()), (Some(4), Some(4)), "{streets}");
    assert!(streets["bounds"][0].as_f64().unwrap() >= 350_000.0, "{streets}");
    // It runs again over itself, and is compared with itself.
    place.qike("run x.sumocfg --out r2 --no-tracks --seed 5").expect(0, &[]);
    place.qike("run x.sumocfg --out r").expect(0, &[]);
    place.qike("compare r r2").expect(0, &[]);
}

#[test]
fn what_is_not_supported_is_told() {
    let place = crossroads(r#"<laneData id="lanes" file="o.xml"/>"#);
    let said = place.qike("run x.sumocfg --out r");
    said.expect(3, &["output-not-written", "'lanes'"]);
    assert!(said.stdout.contains("vehicles due"), "{}", said.stdout);
    place.write("x.sumocfg", CONFIG.replace("<tripinfo-output value=\"sub/trips.xml\"/>", "<queue-output value=\"q.xml\"/>"));
    place.qike("run x.sumocfg --out r").expect(3, &["output-not-written", "queue-output"]);
}

#[test]
fn a_jam_for_ever_ends_with_a_report() {
    let place = crossroads("");
    let red = ["Gr", "yr", "rG", "ry"].iter().fold(NET.to_owned(), |net, state| net.replace(&format!("state=\"{state}\""), "state=\"rr\""));
    place.write("x.net.xml", red);
    place.write("x.sumocfg", CONFIG.replace("<output>", "<processing><time-to-teleport value=\"-1\"/></processing><output>"));
    let said = place.qike("run x.sumocfg --out r --json");
    said.expect(3, &["standstill", "nobody has moved for 3600 s"]);
    let document = said.json();
    let vehicles = &summary(&document)["vehicles"];
    assert_eq!((vehicles["arrived"].as_u64(), vehicles["running"].as_u64(), vehicles["teleported"].as_u64()), (Some(0), Some(41), Some(0)), "{vehicles}");
    assert_eq!(elements(&read(&place, "r/trips.xml"), "tripinfo").count(), 0);
}

#[test]
fn bad_calls_and_files_are_told() {
    let place = crossroads("");
    place.qike("run nowhere.sumocfg").expect(1, &["nowhere.sumocfg"]);
    place.write("cut.sumocfg", "<configuration><input><net-file value=\"x.n");
    place.qike("run cut.sumocfg").expect(1, &["cut.sumocfg"]);
    place.write("netless.sumocfg", CONFIG.replace("x.net.xml", "y.net.xml"));
    place.qike("run netless.sumocfg").expect(1, &["y.net.xml"]);
    place.qike("run x.sumocfg --until 0").expect(2, &["--until"]);
    place.qike("run x.sumocfg --tracks -1").expect(2, &[]);
    place.qike("run x.sumocfg --fcd-output no/such/f.xml").expect(2, &["--fcd-output", "no/such"]);
    place.write("a.toml", "version = 1\n");
    place.qike("run a.toml --fcd-output f.xml").expect(2, &["--fcd-output", "a.toml"]);
    // By its content where the ending says nothing.
    std::fs::copy(place.at("x.sumocfg"), place.at("x.cfg.xml")).unwrap();
    place.qike("run x.cfg.xml --until 20 --out r").expect(0, &[]);
}

#[test]
fn bologna_for_ten_minutes() {
    let Some(config) = testdata::path("traffic/sumo/bologna/acosta/run.sumocfg") else { return };
    let place = Place::new();
    let run = |threads: &str| {
        let out = format!("r{threads}");
        let mut command = place.command();
        command.arg("run").arg(&config).args(["--until", "600", "--seed", "1", "--json", "--no-tracks", "--threads", threads, "--out", &out]);
        let said = common::Said::of(command.output().unwrap());
        said.expect(0, &[]);
        said.json()
    };
    let (one, two) = (run("1"), run("2"));
    let (s, t) = (summary(&one), summary(&two));
    assert_eq!(s["state_hash"], t["state_hash"]);
    assert_eq!((s["vehicles"].clone(), s["vehicle_updates"].clone()), (t["vehicles"].clone(), t["vehicle_updates"].clone()));
    let count = |name: &str| s["vehicles"][name].as_u64().unwrap();
    // SUMO 1.28 with seed 1: 1396 inserted, 60 wait, 854 arrived.
    assert!((1350..=1456).contains(&count("inserted")) && (750..=950).contains(&count("arrived")), "{s}");
    assert_eq!(count("inserted"), count("arrived") + count("running"));
    assert_eq!(count("loaded"), count("inserted") + one["waiting"].as_u64().unwrap() + count("discarded"));
    for field in ["mean_duration_s", "mean_time_loss_s", "mean_waiting_s", "mean_depart_delay_s", "mean_route_length_m", "mean_speed_mps", "wall_s", "cpu_s", "sim_seconds"] {
        assert!(s[field].as_f64().is_some_and(|v| v >= 0.0), "{field} in {s}");
    }
    let trips = read(&place, "r1/tripinfos.xml");
    assert_eq!(elements(&trips, "tripinfo").count() as u64, count("arrived"));
    assert_eq!(trips, read(&place, "r2/tripinfos.xml"));
}
