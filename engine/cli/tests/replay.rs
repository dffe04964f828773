//! `qike replay`: what was seen of traffic becomes a recording that equals the run it was seen in.

mod common;

use common::Place;
use qike_core::{SimTime, testdata};
use qike_record::Recording;
use std::collections::BTreeMap;

/// The first fifteen minutes of Bologna, run and written as FCD and tripinfo beside the recording.
fn bologna(place: &Place) -> Option<()> {
    let folder = testdata::path("traffic/sumo/bologna/acosta")?;
    let run = folder.join("run.sumocfg");
    let line = format!("run {} --out run --until 900 --tracks 1 --fcd-output fcd.xml --tripinfo-output trips.xml --json", run.display());
    assert!([0, 3].contains(&place.qike(&line).code));
    Some(())
}

#[test]
fn a_replay_of_a_runs_positions_equals_the_run() {
    let place = Place::new();
    if bologna(&place).is_none() {
        return;
    }
    let config = testdata::path("traffic/sumo/bologna/acosta").unwrap().join("run.sumocfg");
    let said = place.qike(&format!("replay fcd.xml trips.xml --net {} --out seen --json", config.display()));
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    let (run, seen) = (Recording::open(&place.at("run")).unwrap(), Recording::open(&place.at("seen")).unwrap());
    let (a, b) = (run.summary().unwrap(), seen.summary().unwrap());
    assert_eq!((b.model.as_str(), a.vehicles.inserted, a.vehicles.arrived, a.vehicles.running), ("replay-fcd", b.vehicles.inserted, b.vehicles.arrived, b.vehicles.running));
    assert_eq!((&a.run.network_hash, &a.run.crs, a.sim_seconds), (&b.run.network_hash, &b.run.crs, b.sim_seconds));

    // Positions to the two decimals of the file, and the recording's own step of 1/128 m; agents have the same numbers.
    let all = |r: &Recording| r.tracks_between(SimTime(0), SimTime(900_000)).unwrap();
    let (tracks, again) = (all(&run), all(&seen));
    assert_eq!((tracks.frames.len(), again.frames.len()), (900, 900));
    let mut compared = 0;
    for (a, b) in tracks.frames.iter().zip(&again.frames) {
        assert_eq!((a.time, a.agents.len()), (b.time, b.agents.len()));
        for (p, q) in a.agents.iter().zip(&b.agents) {
            assert_eq!((p.agent, p.kind, tracks.links.get(p.link as usize)), (q.agent, q.kind, again.links.get(q.link as usize)));
            assert!((0..2).all(|k| (p.position[k] - q.position[k]).abs() < 0.014), "{p:?} {q:?}");
            assert!((p.speed_mps - q.speed_mps).abs() < 0.0065, "{p:?} {q:?}");
            assert!((p.heading - q.heading).sin().abs() < 0.002, "{p:?} {q:?}");
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");

    // Counts on links are the same to the last one; sums of seconds and metres as far as two decimals go.
    let links = |r: &Recording| r.links().unwrap().into_iter().map(|row| ((row.begin, row.link.clone()), row)).collect::<BTreeMap<_, _>>();
    let (links, again) = (links(&run), links(&seen));
    assert_eq!(links.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
    let mut creeping = 0;
    for (key, a) in &links {
        let b = &again[key];
        assert_eq!((a.entered, a.left), (b.entered, b.left), "{key:?}");
        // One at 0.099 m/s stands, and is written as 0.10.
        assert!(a.queue_max.abs_diff(b.queue_max) <= 1, "{key:?} {a:?} {b:?}");
        let near = |x: f64, y: f64| (x - y).abs() < 0.02 + 2e-3 * x.abs() + 0.002 * f64::from(a.entered);
        assert!(near(a.distance_m, b.distance_m), "{key:?} {a:?} {b:?}");
        // Who creeps over a border by less than the file's last decimal may have spent that second on either side of it.
        if !near(a.time_spent_s, b.time_spent_s) {
            assert!((a.time_spent_s - b.time_spent_s).abs() < 1.0, "{key:?} {a:?} {b:?}");
            creeping += 1;
        }
    }

    assert!(creeping * 100 <= links.len(), "{creeping} of {}", links.len());

    // Trips are those of the run, one by one; of who never departed nothing was seen.
    let trips = |r: &Recording| r.trips().unwrap().into_iter().filter(|t| t.departed_s.is_some()).map(|t| (t.agent, t)).collect::<BTreeMap<_, _>>();
    let (trips, again) = (trips(&run), trips(&seen));
    assert_eq!(trips.len(), again.len());
    for (agent, a) in &trips {
        let b = &again[agent];
        assert_eq!((a.status, &a.origin, a.departed_s, a.arrived_s, &a.demand), (b.status, &b.origin, b.departed_s, b.arrived_s, &b.demand));
        // SUMO's journeys are those that ended.
        if a.arrived_s.is_some() {
            assert_eq!((&a.destination, a.planned_s), (&b.destination, b.planned_s));
            assert!((a.route_length_m - b.route_length_m).abs() < 0.01 && (a.time_loss_s - b.time_loss_s).abs() < 0.01, "{a:?} {b:?}");
        }
    }
    // And nothing has changed from one to the other.
    let compared = place.qike("compare run seen --json");
    compared.expect(0, &[]);
}

#[test]
fn sources_that_are_none_and_broken_ones_are_told() {
    let place = Place::new();
    place.write("a.txt", "hello\n");
    place.write("b.xml", "<other/>");
    place.write("fcd.xml", "<fcd-export>\n<timestep time=\"0\">\n<vehicle id=\"a\" x=\"1\" y=\"2\" speed=\"3\" angle=\"90\"/></timestep>\n<timestep time=\"1\">\n<vehicle id=\"a\" x=\"4\" y=\"2\" speed=\"3\" angle=\"90\"/></timestep>\n<timestep time=\"2\"><vehicle id=\"a\" x=");
    place.write("empty.xml", "<fcd-export></fcd-export>");
    place.qike("replay a.txt --out r").expect(1, &["a.txt", "nothing that can be replayed"]);
    place.qike("replay b.xml --out r").expect(1, &["b.xml", "the root 'other'"]);
    place.qike("replay none.xml --out r").expect(1, &["none.xml"]);
    place.qike("replay empty.xml --out r").expect(1, &["empty.xml", "no step"]);
    place.qike("replay fcd.xml --out r --links 0").expect(2, &["--links"]);
    let said = place.qike("replay fcd.xml --out r --json");
    said.expect(3, &["file-cut-off", "fcd.xml:6", "--net"]);
    let s = &said.json()["summary"];
    assert_eq!((s["vehicles"]["loaded"].as_u64(), s["sim_seconds"].as_f64()), (Some(1), Some(2.0)));
    place.qike("info r").expect(0, &[]);
}

/// SUMO's own outputs of the crossroads of `run_sumo.rs` (1.28; 40 vehicles, edge data every minute): counts are the same to the last one.
#[test]
fn counts_of_sumos_own_positions_are_those_of_its_edge_data() {
    let place = Place::new();
    let source = include_str!("run_sumo.rs");
    let net = source.split("const NET: &str = r#\"").nth(1).and_then(|rest| rest.split("\"#;").next()).unwrap();
    place.write("x.net.xml", net);
    place.write("fcd.xml.gz", include_bytes!("data/sumo_fcd.xml.gz"));
    place.write("trips.xml.gz", include_bytes!("data/sumo_trips.xml.gz"));
    place.write("edges.xml.gz", include_bytes!("data/sumo_edges.xml.gz"));
    place.qike("replay edges.xml.gz --net x.net.xml --out measured").expect(0, &[]);
    for sources in ["fcd.xml.gz trips.xml.gz", "fcd.xml.gz"] {
        place.qike(&format!("replay {sources} --net x.net.xml --out seen --links 60")).expect(0, &[]);
        let counted = |dir: &str| {
            let rows = Recording::open(&place.at(dir)).unwrap().links().unwrap();
            rows.into_iter().filter(|r| r.left > 0).map(|r| ((r.begin, r.link), r.left)).collect::<BTreeMap<_, _>>()
        };
        let (seen, measured) = (counted("seen"), counted("measured"));
        assert_eq!(seen, measured, "{sources}");
        assert_eq!(seen.iter().filter(|((_, link), _)| link == "e").map(|(_, n)| n).sum::<u32>(), 20);
        let compared = place.qike("compare measured seen --json").json();
        let changes = compared["runs"][0]["links"].as_array().or(compared["links"].as_array()).cloned().unwrap_or_default();
        assert!(changes.iter().all(|c| c["geh"].as_f64().unwrap_or(0.0) < 0.6), "{compared}");
    }
}
