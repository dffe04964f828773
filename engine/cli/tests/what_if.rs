//! What-if runs on scenarios of SUMO: a TOML file of edits on a configuration, checked by theory. The road is straight: 3 km `a`,
//! 500 m `b`, 500 m `c`, two lanes, 20 m/s; loops stand on `c`.

mod common;

use common::Place;
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The road, with so many vehicles an hour from the beginning to `until` (s).
fn road(per_hour: u32, until: u32) -> Place {
    let place = Place::new();
    place.write("r.net.xml", fixture("what_if/r.net.xml"));
    place.write("r.rou.xml", format!("<routes><vType id=\"car\" sigma=\"0.2\"/><vType id=\"van\" sigma=\"0.2\"/><flow id=\"f\" type=\"car\" from=\"a\" to=\"c\" begin=\"0\" end=\"{until}\" vehsPerHour=\"{per_hour}\" departLane=\"free\" departPos=\"last\" departSpeed=\"max\"/></routes>"));
    let loops: String = (0..2).map(|n| format!("<inductionLoop id=\"l{n}\" lane=\"c_{n}\" pos=\"100\" period=\"60\" file=\"l.xml\"/>")).collect();
    place.write("r.add.xml", format!("<additional>{loops}</additional>"));
    place.write("r.sumocfg", "<configuration><input><net-file value=\"r.net.xml\"/><route-files value=\"r.rou.xml\"/><additional-files value=\"r.add.xml\"/></input><processing><time-to-teleport value=\"-1\"/></processing></configuration>");
    place
}

/// Vehicles a minute over both loops, minute by minute.
fn minutes(place: &Place, run: &str) -> Vec<f64> {
    let text = String::from_utf8(place.bytes(&format!("{run}/l.xml"))).unwrap();
    let value = |line: &str, name: &str| -> f64 {
        let key = format!(" {name}=\"");
        let at = line.find(&key).unwrap() + key.len();
        line[at..at + line[at..].find('"').unwrap()].parse().unwrap()
    };
    let mut counts = Vec::new();
    for line in text.lines().filter(|l| l.contains("<interval ")) {
        let minute = (value(line, "begin") / 60.0) as usize;
        counts.resize(counts.len().max(minute + 1), 0.0);
        counts[minute] += value(line, "nVehEntered");
    }
    counts
}

fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

fn figures(document: &Value) -> (u64, f64) {
    let s = &document["runs"][0]["summary"];
    (s["vehicles"]["arrived"].as_u64().unwrap(), s["mean_duration_s"].as_f64().unwrap())
}

const HEAD: &str = "version = 1\nname = \"what-if\"\n[base]\nstore = \"r.sumocfg\"\n";

#[test]
fn a_closed_lane_halves_the_capacity() {
    // More than two lanes take.
    let place = road(6000, 1500);
    place.write("w.toml", format!("{HEAD}[[edits]]\nobject = \"b_1\"\nproperty = \"closed\"\nold = false\nnew = true\n"));
    place.qike("run r.sumocfg --out base --no-tracks --until 1500").expect(0, &[]);
    place.qike("run w.toml --out closed --no-tracks --until 1500").expect(0, &[]);
    let (open, closed) = (mean(&minutes(&place, "base")[8..24]), mean(&minutes(&place, "closed")[8..24]));
    let share = closed / open;
    assert!((0.42..0.58).contains(&share), "{open} a minute by two lanes, {closed} by one");
}

#[test]
fn an_incidents_queue_clears_as_the_kinematic_wave_says() {
    // For ten minutes one lane is blocked; 2,700 vehicles an hour come, more than one lane takes.
    let place = road(2700, 5400);
    place.write("w.toml", format!("{HEAD}[[edits]]\nobject = \"b_0\"\nproperty = \"closed\"\nold = false\nnew = true\nfrom = \"00:15\"\nuntil = \"00:25\"\n"));
    place.qike("run w.toml --out w --no-tracks --until 5400").expect(0, &[]);
    let flow = minutes(&place, "w");
    let arrivals = mean(&flow[6..14]);
    assert!((arrivals - 45.0).abs() < 1.5, "{arrivals}");
    // Discharge while the lane is blocked, and after it is free again until the queue is gone.
    let blocked = mean(&flow[17..25]);
    let after: Vec<f64> = flow[26..].to_vec();
    let gone = after.windows(3).position(|w| mean(w) < arrivals + 2.0).unwrap();
    let free = mean(&after[..gone.max(1)]);
    assert!(blocked < arrivals - 3.0 && free > arrivals + 5.0, "{blocked} {arrivals} {free}");
    // Vehicles that are held back are let go: T (q - c1) = t (c2 - q).
    let held = flow[15..26].iter().map(|f| arrivals - f).sum::<f64>();
    let clearing = held / (free - arrivals);
    assert!((gone as f64 - clearing).abs() <= 0.3 * clearing + 1.0, "gone after {gone} min, by theory {clearing} min: {flow:?}");
}

#[test]
fn a_broken_down_lorry_blocks_its_lane_where_it_stands() {
    // It stands on 12 m of one lane for ten minutes; 2,700 vehicles an hour come, more than the other lane takes.
    let place = road(2700, 5400);
    let edit = |new: &str, when: &str| format!("{HEAD}[[edits]]\nobject = \"b_0\"\nproperty = \"blocked_m\"\nold = false\nnew = {new}\n{when}");
    place.write("w.toml", edit("[240, 252]", "from = \"00:15\"\nuntil = \"00:25\"\n"));
    place.qike("run w.toml --out w --no-tracks --until 5400 --fcd-output f.xml --tripinfo-output t.xml").expect(0, &[]);
    let flow = minutes(&place, "w");
    let (arrivals, blocked) = (mean(&flow[6..14]), mean(&flow[17..25]));
    let most = flow[26..40].iter().fold(0.0f64, |a, b| a.max(*b));
    assert!((arrivals - 45.0).abs() < 1.5 && blocked < arrivals - 3.0 && most > arrivals + 5.0, "{arrivals} {blocked} {most}: {flow:?}");
    // Nobody is lost: what is held back goes later.
    assert!((flow.iter().sum::<f64>() - 2700.0 * 1.5).abs() < 60.0, "{}", flow.iter().sum::<f64>());
    let trips = String::from_utf8(place.bytes("t.xml")).unwrap();
    let lorry = trips.lines().find(|l| l.contains("what-if-blocked-0")).unwrap();
    assert!(lorry.contains("departLane=\"b_0\" departPos=\"252.00\"") && lorry.contains("arrivalLane=\"b_0\" arrivalPos=\"252.00\""), "{lorry}");
    // Between 15 and 25 minutes nobody else is where it stands.
    let fcd = String::from_utf8(place.bytes("f.xml")).unwrap();
    let (mut time, mut seen) = (0.0, 0);
    let value = |line: &str, name: &str| -> f64 { line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap() };
    for line in fcd.lines() {
        if line.contains("<timestep") {
            time = value(line, "time");
        } else if line.contains("lane=\"b_0\"") && (960.0..1490.0).contains(&time) {
            let at = value(line, "pos");
            seen += u32::from(line.contains("what-if-blocked-0"));
            assert!(line.contains("what-if-blocked-0") || !(240.0..256.9).contains(&at), "{time}: {line}");
        }
    }
    assert_eq!(seen, 530);
    let told = |name: &str, text: String, words: &[&str]| {
        place.write(name, text);
        place.qike(&format!("run {name} --out x")).expect(1, words);
    };
    told("long.toml", edit("[490, 510]", "until = 60\n"), &["long.toml", "'b_0' is 500.00 m long", "510 m"]);
    told("open.toml", edit("[10, 20]", ""), &["open.toml", "say with 'until'", "'b_0'"]);
    told("back.toml", edit("[20, 10]", "until = 60\n"), &["blocked_m", "begins and ends on the lane"]);
    told("edge.toml", edit("[10, 20]", "until = 60\n").replace("b_0", "b"), &["'b' is an edge of 2 lanes", "b_0, b_1"]);
}

#[test]
fn demand_speed_and_signals_change_and_are_compared() {
    let place = road(900, 600);
    let run = |file: &str, out: &str| place.qike(&format!("run {file} --out {out} --no-tracks --json"));
    let base = figures(&run("r.sumocfg", "base").json());
    let edit = |text: &str| place.write("w.toml", format!("{HEAD}[[edits]]\n{text}\n"));
    edit("demand = \"car\"\nproperty = \"scale\"\nold = 1.0\nnew = 0.5");
    assert_eq!(figures(&run("w.toml", "half").json()).0, base.0 / 2);
    edit("demand = \"a>c\"\nproperty = \"scale\"\nold = 1.0\nnew = 2.0");
    assert_eq!(figures(&run("w.toml", "twice").json()).0, base.0 * 2);
    edit("object = \"b\"\nproperty = \"speed_limit_mps\"\nold = 20.0\nnew = 10.0");
    let slow = figures(&run("w.toml", "slow").json());
    // 500 m at 10 instead of 20 m/s.
    assert!((slow.1 - base.1 - 25.0).abs() < 4.0, "{} {}", slow.1, base.1);
    let compared = place.qike("compare base slow");
    compared.expect(0, &[]);
    // What is not there, or is otherwise than the edit says.
    edit("object = \"bb\"\nproperty = \"closed\"\nold = false\nnew = true");
    place.qike("run w.toml --out x").expect(1, &["w.toml", "the network has no edge or lane 'bb'"]);
    edit("object = \"b\"\nproperty = \"speed_limit_mps\"\nold = 13.0\nnew = 10.0");
    place.qike("run w.toml --out x").expect(1, &["the base says 20, not 13"]);
    edit("demand = \"horse\"\nproperty = \"scale\"\nold = 1.0\nnew = 10.0");
    place.qike("run w.toml --out x").expect(1, &["nobody travels as 'horse'"]);
    edit("signal = \"J\"\nproperty = \"offset_s\"\nold = 0.0\nnew = 10.0");
    place.qike("run w.toml --out x").expect(1, &["no signal 'J'"]);
    place.write("w.toml", format!("{HEAD}[zones]\nz = [\"a\"]\n"));
    place.qike("run w.toml --out x").expect(1, &["[zones]"]);
    place.write("w.toml", "version = 1\nname = \"w\"\n[base]\nstore = \"none.sumocfg\"\n");
    place.qike("run w.toml --out x").expect(1, &["none.sumocfg"]);
}

#[test]
fn who_knows_of_a_closure_goes_another_way() {
    let place = Place::new();
    place.write("d.net.xml", fixture("rerouters/d.net.xml"));
    place.write("d.rou.xml", "<routes><vType id=\"car\" sigma=\"0\" speedDev=\"0\"/><flow id=\"f\" type=\"car\" begin=\"0\" end=\"300\" period=\"5\" departSpeed=\"max\" departLane=\"best\"><route edges=\"in u1 u2 out\"/></flow></routes>");
    place.write("r.sumocfg", "<configuration><input><net-file value=\"d.net.xml\"/><route-files value=\"d.rou.xml\"/></input></configuration>");
    // u2 is closed beyond the last fork: those who do not know of it stand before it until it opens.
    let closed = "[[edits]]\nobject = \"u2\"\nproperty = \"closed\"\nold = false\nnew = true\nfrom = \"00:01\"\nuntil = \"00:08\"\n";
    let duration = |name: &str, models: &str| {
        place.write("w.toml", format!("{HEAD}{models}{closed}"));
        let said = place.qike(&format!("run w.toml --out {name} --no-tracks --json"));
        let (arrived, duration) = figures(&said.json());
        assert_eq!(arrived, 60, "{}", said.stderr);
        duration
    };
    let nobody = duration("nobody", "");
    let half = duration("half", "[models.rerouting]\nshare = 0.5\nperiod = 30.0\n");
    let all = duration("all", "[models.rerouting]\nshare = 1.0\nperiod = 30.0\n");
    assert!(all < half && half < nobody, "{all} {half} {nobody}");
    assert!(all < 140.0, "{all}");
}
