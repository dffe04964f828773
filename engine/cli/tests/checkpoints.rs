//! Checkpoints: what is saved goes on as if it had never stopped, in all that is written; what-ifs begin from it; files that are no such are told.

mod common;

use common::Place;
use qike_core::testdata;
use serde_json::Value;
use std::path::Path;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Elements of an output with their attributes, but for its root.
fn elements(place: &Place, file: &str) -> Vec<String> {
    let text = String::from_utf8(place.bytes(file)).unwrap();
    text.lines().map(str::trim).filter(|l| l.contains("=\"") && !l.contains("xmlns") && !l.starts_with("<?")).map(str::to_owned).collect()
}

/// The figures of a run, but for what it cost and where its recording begins.
fn figures(document: &Value) -> Value {
    let mut s = document["runs"][0]["summary"].clone();
    for cost in ["wall_s", "cpu_s", "threads"] {
        s[cost] = Value::Null;
    }
    s["run"]["recorded_from_s"] = Value::Null;
    s
}

/// Runs `x.sumocfg` with these options once, saved at some times, s, and goes on from each: in outputs, figures and what is saved again.
fn goes_on(place: &Place, options: &str, files: &[&str], times: &[u32]) {
    let saves: String = times.iter().map(|t| format!(" --save-at {t}")).collect();
    let run = |line: &str| {
        let said = place.qike(&format!("run x.sumocfg {options} --no-tracks --json {line}"));
        assert!([0, 3].contains(&said.code), "{}", said.stderr);
        said.json()
    };
    let plain = run("--out plain");
    let whole = run(&format!("--out whole{saves}"));
    assert_eq!(figures(&plain), figures(&whole), "saving changes nothing");
    assert_eq!(whole["checkpoints"].as_array().unwrap().len(), times.len());
    let (last, mut shorter) = (times[times.len() - 1], false);
    for (n, t) in times.iter().enumerate() {
        let later = if *t < last { format!(" --save-at {last}") } else { String::new() };
        // Two threads go on from where one was.
        let resumed = run(&format!("--threads {} --out r{t} --resume whole/checkpoint-{t}.qike{later}", 1 + n % 2));
        assert_eq!(figures(&resumed), figures(&whole), "from {t} s on");
        assert_eq!(resumed["runs"][0]["summary"]["run"]["recorded_from_s"].as_f64(), Some(f64::from(*t)));
        if *t < last {
            let name = format!("checkpoint-{last}.qike");
            assert!(place.bytes(&format!("r{t}/{name}")) == place.bytes(&format!("whole/{name}")), "what is saved at {last} s after {t} s");
        }
        for file in files {
            let (all, rest) = (elements(place, &format!("whole/{file}")), elements(place, &format!("r{t}/{file}")));
            assert!(all.ends_with(&rest), "{file} from {t} s on:\n{}\nis no end of\n{}", rest.join("\n"), all.join("\n"));
            shorter |= rest.len() < all.len();
        }
    }
    assert!(shorter, "what was written before is not written again");
}

#[test]
fn detectors_go_on_within_their_intervals() {
    let place = Place::new();
    for name in ["x.net.xml", "x.rou.xml", "x.add.xml", "x.sumocfg"] {
        place.write(name, fixture(&format!("detectors/{name}")));
    }
    let files = ["e1.xml", "inst.xml", "e2.xml", "e2tl.xml", "e2tlto.xml", "e3.xml", "ef.xml", "ed.xml"];
    goes_on(&place, "", &files, &[31, 77, 130]);
}

/// Two ways, closures, speed signs, a car park, stops, drivers who look for ways.
fn two_ways() -> Place {
    let place = Place::new();
    place.write("d.net.xml", fixture("rerouters/d.net.xml"));
    place.write("d.rou.xml", r#"<routes><vType id="car" sigma="0.5" speedDev="0.1"/><route id="up" edges="in u1 u2 out"/>
        <flow id="f" type="car" route="up" begin="0" end="200" period="4"/>
        <vehicle id="parks" type="car" route="up" depart="3"><stop parkingArea="P" duration="60"/></vehicle>
        <vehicle id="halts" type="car" route="up" depart="7"><stop busStop="B" duration="40"/></vehicle></routes>"#);
    place.write("d.add.xml", r#"<additional><busStop id="B" lane="u2_0" startPos="20" endPos="50"/>
        <parkingArea id="P" lane="u1_0" startPos="100" endPos="150" roadsideCapacity="2"/>
        <variableSpeedSign id="V" lanes="in_0 u1_0"><step time="30" speed="6"/><step time="90" speed="-1"/></variableSpeedSign>
        <rerouter id="R" edges="in"><interval begin="50" end="120"><closingReroute id="u1"/></interval></rerouter>
        <edgeData id="every" file="ed.xml" period="40"/></additional>"#);
    let input = r#"<net-file value="d.net.xml"/><route-files value="d.rou.xml"/><additional-files value="d.add.xml"/>"#;
    place.write("x.sumocfg", format!(r#"<configuration><input>{input}</input><output><tripinfo-output value="t.xml"/><summary-output value="s.xml"/></output><routing><device.rerouting.probability value="0.5"/><device.rerouting.period value="20"/></routing></configuration>"#));
    place
}

#[test]
fn closures_signs_stops_and_rerouters_go_on() {
    goes_on(&two_ways(), "", &["t.xml", "ed.xml"], &[20, 45, 60, 119, 150]);
}

#[test]
fn queues_go_on() {
    goes_on(&two_ways(), "--model queues", &["t.xml", "ed.xml"], &[20, 60, 150]);
}

#[test]
fn bologna_goes_on() {
    let Some(config) = testdata::path("traffic/sumo/bologna/acosta/run.sumocfg") else { return };
    let place = Place::new();
    let run = |line: &str| {
        let mut command = place.command();
        command.arg("run").arg(&config).args(line.split_whitespace());
        common::Said::of(command.args(["--no-tracks", "--json"]).output().unwrap())
    };
    for model in ["lanes", "queues"] {
        let whole = run(&format!("--out {model} --model {model} --until 600 --save-at 150 --save-at 00:05:00"));
        whole.expect(0, &[]);
        for (threads, at, rest) in [(1, 150, 450), (2, 300, 300)] {
            let resumed = run(&format!("--out r --threads {threads} --until {rest} --resume {model}/checkpoint-{at}.qike"));
            resumed.expect(0, &[]);
            assert_eq!(figures(&resumed.json()), figures(&whole.json()), "{model} from {at} s on");
            let (all, end) = (elements(&place, &format!("{model}/tripinfos.xml")), elements(&place, "r/tripinfos.xml"));
            assert!(all.ends_with(&end) && !end.is_empty() && end.len() < all.len(), "{model} from {at} s on: {} of {} trips", end.len(), all.len());
        }
    }
}

#[test]
fn what_is_no_checkpoint_of_this_scenario_is_told() {
    let place = two_ways();
    place.qike("run x.sumocfg --out a --no-tracks --save-at 40 --save-at 4000").expect(0, &["not-saved", "before it was to be saved: 4000 s"]);
    let whole = place.bytes("a/checkpoint-40.qike");
    let told = |name: &str, bytes: &[u8], words: &[&str]| {
        place.write(name, bytes);
        place.qike(&format!("run x.sumocfg --out b --resume {name}")).expect(1, &[&[name], words].concat());
    };
    told("cut.qike", &whole[..whole.len() - 100], &["was cut off or changed"]);
    told("short.qike", &whole[..30], &["was cut off or changed"]);
    told("empty.qike", b"", &["this is no checkpoint of Qike", "--save-at"]);
    told("sumo.xml", b"<snapshot version=\"1.20\" time=\"40\"></snapshot>", &["this is no checkpoint of Qike", "SUMO's own states are not read"]);
    for at in [22, 60, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        place.write("changed.qike", &changed);
        let said = place.qike("run x.sumocfg --out b --resume changed.qike");
        said.expect(1, &["changed.qike"]);
    }
    let newer = String::from_utf8_lossy(&whole[..200]).find("\"format\":1").unwrap();
    let at = whole.windows(10).position(|w| w == b"\"format\":1").unwrap();
    assert!(newer > 0);
    let mut changed = whole.clone();
    changed[at + 9] = b'7';
    told("newer.qike", &changed, &["is of version 7, and this program reads version 1"]);
    place.qike("run x.sumocfg --out b --resume nowhere.qike").expect(1, &["nowhere.qike"]);
    place.qike("run x.sumocfg --out b --seed 5 --resume a/checkpoint-40.qike").expect(2, &["--seed", "23423"]);
    place.qike("run x.sumocfg --out b --model queues --resume a/checkpoint-40.qike").expect(2, &["--model", "lanes"]);
    place.qike("run x.sumocfg --out b --resume a/checkpoint-40.qike --save-at 20").expect(2, &["cannot be saved at 20 s", "begins at 40 s"]);
    place.qike("run x.sumocfg --out b --save-at noon").expect(2, &["--save-at", "noon"]);
    place.write("d.rou.xml", String::from_utf8(place.bytes("d.rou.xml")).unwrap().replace("duration=\"40\"", "duration=\"41\""));
    place.qike("run x.sumocfg --out b --resume a/checkpoint-40.qike").expect(1, &["was saved of another state", "other now: demand"]);
}

#[test]
fn what_ifs_begin_from_a_running_city() {
    let place = two_ways();
    place.qike("run x.sumocfg --out a --no-tracks --save-at 60").expect(0, &[]);
    let head = "version = 1\nname = \"w\"\n[base]\nstore = \"x.sumocfg\"\nstate = \"a/checkpoint-60.qike\"\n";
    let run = |name: &str, edits: &str| {
        place.write(&format!("{name}.toml"), format!("{head}{edits}"));
        let said = place.qike(&format!("run {name}.toml --out {name} --no-tracks --json"));
        said.expect(0, &[]);
        said.json()
    };
    let edit = |object: &str, property: &str, old: &str, new: &str, when: &str| format!("[[edits]]\n{object}\nproperty = \"{property}\"\nold = {old}\nnew = {new}\n{when}");
    let base = place.qike("run x.sumocfg --out base --no-tracks --json").json();
    let same = run("same", "");
    // Nothing is changed: the city goes on as it would have.
    assert_eq!(figures(&same)["state_hash"], figures(&base)["state_hash"]);
    assert_eq!(figures(&same)["mean_duration_s"], figures(&base)["mean_duration_s"]);
    // A lower limit from then on: who comes later is slower, by how much the road is longer to drive.
    let slow = run("slow", &edit("object = \"out\"", "speed_limit_mps", "13.89", "5.0", "from = 80\n"));
    let duration = |d: &Value| figures(d)["mean_duration_s"].as_f64().unwrap();
    assert!(duration(&slow) > duration(&base) + 5.0, "{} {}", duration(&slow), duration(&base));
    // Twice the flow from then on: those who had departed are the same.
    let more = run("more", &edit("demand = \"f\"", "scale", "1.0", "2.0", ""));
    let loaded = |d: &Value| figures(d)["vehicles"]["loaded"].as_u64().unwrap();
    assert_eq!((loaded(&base), loaded(&more)), (52, 52 + 35), "{more}");
    assert_eq!(figures(&more)["vehicles"]["arrived"].as_u64(), Some(87));
    // A closure, begun before the city was saved: it holds from then on.
    let closed = run("closed", &edit("object = \"d1\"", "closed", "false", "true", "from = 30\nuntil = 150\n"));
    assert!((duration(&closed) - duration(&base)).abs() > 0.1, "{} {}", duration(&closed), duration(&base));
    // Each goes on by itself: once more gives the same.
    assert_eq!(figures(&run("slow", &edit("object = \"out\"", "speed_limit_mps", "13.89", "5.0", "from = 80\n"))), figures(&slow));
    place.qike("run slow.toml --out s --save-at 90").expect(2, &["cannot be saved"]);
    place.qike("run slow.toml --out s --resume a/checkpoint-60.qike").expect(2, &["--resume", "[base] state"]);
    place.write("time.toml", format!("{head}[time]\nstart = 10\nduration = 100\n"));
    place.qike("run time.toml --out s").expect(1, &["leave [time]"]);
}

#[test]
fn a_study_forks_the_running_city_once() {
    let place = two_ways();
    let write = |name: &str, edits: &str| place.write(&format!("{name}.toml"), format!("version = 1\nname = \"{name}\"\n[base]\nstore = \"x.sumocfg\"\n{edits}"));
    write("same", "");
    write("closed", "[[edits]]\nobject = \"d1\"\nproperty = \"closed\"\nold = false\nnew = true\nfrom = 70\nuntil = 150\n");
    let study = |text: &str| place.write("study.toml", text);
    let all = "version = 1\nname = \"s\"\nscenarios = [\"same.toml\", \"closed.toml\", \"same.toml\"]\n";
    study(&format!("{all}fork_at = \"00:01:00\"\n"));
    let said = place.qike("sweep study.toml --out s --json");
    said.expect(0, &[]);
    let rows = said.json()["rows"].clone();
    let base = place.qike("run x.sumocfg --out base --no-tracks --json").json();
    let done = |summary: &Value| ["state_hash", "vehicle_updates", "mean_duration_s", "mean_time_loss_s"].map(|name| summary[name].clone());
    let hash = |n: usize| done(&rows[n]["summary"]);
    // What changes nothing is the run that was never forked, before and after another has changed something.
    assert_eq!((hash(0), hash(2)), (done(&base["runs"][0]["summary"]), hash(0)));
    assert_ne!(hash(1), hash(0));
    assert_eq!(rows[0]["summary"]["run"]["recorded_from_s"].as_f64(), Some(60.0));
    let folders: Vec<bool> = ["s/until-the-fork-1", "s/until-the-fork-2", "s/same/base", "s/closed/base"].iter().map(|f| place.at(f).is_dir()).collect();
    assert_eq!(folders, [true, false, true, true], "the first part is run once");
    // A fork that changes something is what the what-if makes of a checkpoint of that time.
    place.qike("run x.sumocfg --out a --no-tracks --save-at 60").expect(0, &[]);
    place.write("closed.toml", String::from_utf8(place.bytes("closed.toml")).unwrap().replace("[[edits]]", "state = \"a/checkpoint-60.qike\"\n[[edits]]"));
    let from_file = place.qike("run closed.toml --out c --no-tracks --json").json();
    assert_eq!(done(&from_file["runs"][0]["summary"]), hash(1));
    place.qike("sweep study.toml --out s2").expect(1, &["closed.toml", "leave one of them out"]);
    study(all);
    let mixed = place.qike("sweep study.toml --out s3 --json");
    mixed.expect(0, &[]);
    assert_eq!(done(&mixed.json()["rows"][1]["summary"]), hash(1));
    for (fork, word) in [("\"noon\"", "fork_at"), ("-5", "fork_at"), ("0", "is not after the begin"), ("90000", "is over before 90000 s")] {
        write("closed", "");
        study(&format!("{all}fork_at = {fork}\n"));
        place.qike("sweep study.toml --out s4").expect(1, &[word]);
    }
}
