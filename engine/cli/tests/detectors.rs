//! Detectors beside SUMO 1.28: a map on which both drive alike (no chance, no lane changes), where every figure is SUMO's own.

mod common;

use common::Place;
use qike_core::testdata;
use std::path::Path;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names of elements with their attributes, in order.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let tag = |line: &str| {
        let inside = line.trim().trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
        let name = inside.split(' ').next().unwrap_or_default().to_owned();
        let parts: Vec<&str> = inside[name.len()..].split('"').collect();
        let attributes = parts.chunks_exact(2).map(|pair| (pair[0].trim().trim_end_matches('=').to_owned(), pair[1].to_owned())).collect();
        (name, attributes)
    };
    text.lines().filter(|l| l.trim_start().starts_with('<') && !l.contains("</") && !l.contains("<!") && !l.contains("<?")).map(tag).collect()
}

/// Both files say the same: numbers to the last of their two decimals.
fn same(name: &str, ours: &str, theirs: &str) {
    let (ours, theirs) = (elements(ours), elements(theirs));
    assert_eq!(ours.iter().map(|e| &e.0).collect::<Vec<_>>(), theirs.iter().map(|e| &e.0).collect::<Vec<_>>(), "{name}");
    for ((tag, ours), (_, theirs)) in ours.iter().zip(&theirs).skip(1) {
        assert_eq!(ours.iter().map(|a| &a.0).collect::<Vec<_>>(), theirs.iter().map(|a| &a.0).collect::<Vec<_>>(), "{name}: {theirs:?}");
        for ((key, our), (_, their)) in ours.iter().zip(theirs) {
            let equal = match (our.parse::<f64>(), their.parse::<f64>()) {
                (Ok(a), Ok(b)) => (a - b).abs() < 0.010_1,
                _ => our == their,
            };
            assert!(equal, "{name}: {tag} {key} is {our}, SUMO's {their}\n{ours:?}\n{theirs:?}");
        }
    }
}

#[test]
fn every_figure_is_sumos_where_both_drive_alike() {
    let place = Place::new();
    for name in ["x.net.xml", "x.rou.xml", "x.add.xml", "x.sumocfg"] {
        place.write(name, fixture(name));
    }
    place.qike("run x.sumocfg --out r --no-tracks").expect(3, &["mean values by lane", "written into the run directory: ", "e1.xml", "inst.xml"]);
    let read = |name: &str| String::from_utf8(place.bytes(&format!("r/{name}"))).unwrap();
    for name in ["e1.xml", "e1all.xml", "inst.xml", "e2.xml", "e2tl.xml", "e2tlto.xml", "e3.xml", "ef.xml"] {
        same(name, &read(name), &fixture(&format!("sumo/{name}")));
    }
    // Junctions are in it, and nobody's edges are not; who came and went is SUMO's.
    let counts = |text: &str| {
        let count = |(tag, attributes): (String, Vec<(String, String)>)| (tag, attributes.into_iter().filter(|(k, _)| ["id", "begin", "end", "departed", "arrived", "entered", "left"].contains(&k.as_str())).collect::<Vec<_>>());
        elements(text).into_iter().skip(1).map(count).collect::<Vec<_>>()
    };
    assert_eq!(counts(&read("ed.xml")), counts(&fixture("sumo/ed.xml")));
    assert!(place.at("r/detectors.parquet").is_file());
}

/// Loops of Bologna's acosta: SUMO's own runs of it differ by chance, so the figures are compared in sum.
#[test]
fn loops_of_bologna_count_what_sumo_counts() {
    let Some(config) = testdata::path("traffic/sumo/bologna/acosta/run.sumocfg") else { return };
    let place = Place::new();
    let mut command = place.command();
    command.arg("run").arg(&config).args(["--until", "1800", "--seed", "1", "--no-tracks", "--out", "r"]);
    let said = common::Said::of(command.output().unwrap());
    said.expect(0, &[]);
    let ours = elements(&String::from_utf8(place.bytes("r/e1_output.xml")).unwrap());
    let rows: Vec<_> = ours.iter().filter(|(tag, _)| tag == "interval").map(|(_, a)| a).collect();
    let value = |row: &[(String, String)], key: &str| row.iter().find(|(k, _)| k == key).unwrap().1.parse::<f64>().unwrap();
    assert_eq!(rows.len(), 58);
    let entered: f64 = rows.iter().map(|r| value(r, "nVehEntered")).sum();
    let occupancy: f64 = rows.iter().map(|r| value(r, "occupancy")).sum::<f64>() / 58.0;
    let counted = |r: &&&Vec<(String, String)>| value(r, "nVehContrib") > 0.0;
    let speed: f64 = rows.iter().filter(counted).map(|r| value(r, "nVehContrib") * value(r, "speed")).sum::<f64>() / rows.iter().map(|r| value(r, "nVehContrib")).sum::<f64>();
    // SUMO 1.28, seeds 1 to 3, first half hour.
    assert!((ENTERED * 0.95..=ENTERED * 1.05).contains(&entered), "{entered}");
    assert!((OCCUPANCY * 0.75..=OCCUPANCY * 1.25).contains(&occupancy), "{occupancy}");
    assert!((SPEED * 0.95..=SPEED * 1.05).contains(&speed), "{speed}");
}

/// SUMO's means over the seeds: fronts on all loops, mean occupancy (%), mean speed of those that passed (m/s).
const ENTERED: f64 = 10_035.0;
const OCCUPANCY: f64 = 10.65;
const SPEED: f64 = 11.12;
