//! `qike assign`: two parallel ways whose equilibrium is known, written flows, faults with their lines.

mod common;

use common::Place;

/// 10 + x and 15 + x / 2 from 1 to 2; a road from 2 to 3 that nobody needs.
const NET: &str = "<NUMBER OF ZONES> 3\n<NUMBER OF NODES> 4\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 4\n<END OF METADATA>\n~ from to capacity length free b power\n\
    1 2 10 1 10 1 1 0 0 1 ;\n1 4 30 1 15 1 1 0 0 1 ;\n4 2 1 1 0 0 1 0 0 1 ;\n2 3 5 1 7 0.15 4 0 0 1 ;\n";

fn place(trips: &str) -> Place {
    let place = Place::new();
    place.write("a_net.tntp", NET);
    place.write("a_trips.tntp", trips);
    place
}

#[test]
fn flows_costs_and_convergence() {
    let place = place("<NUMBER OF ZONES> 3\n<TOTAL OD FLOW> 20\n<END OF METADATA>\nOrigin 1\n 2 : 20.0;\n");
    for method in ["bushes", "bfw"] {
        let said = place.qike(&format!("assign a_net.tntp a_trips.tntp --gap 1e-10 --method {method} --out {method} --json"));
        let json = said.expect(0, &[]).json();
        let number = |key: &str| json[key].as_f64().unwrap();
        assert!((number("objective") - 325.0).abs() < 1e-6 && number("gap") <= 1e-10 && (number("total_cost") - 400.0).abs() < 1e-4, "{json}");
        assert_eq!(json["converged"], true);
        let links = String::from_utf8(place.bytes(&format!("{method}/links.csv"))).unwrap();
        let flows: Vec<f64> = links.lines().skip(1).map(|l| l.split(',').nth(2).unwrap().parse().unwrap()).collect();
        for (flow, expected) in flows.iter().zip([10.0, 10.0, 10.0, 0.0]) {
            assert!((flow - expected).abs() < 1e-4, "{links}");
        }
        assert_eq!(String::from_utf8(place.bytes(&format!("{method}/convergence.csv"))).unwrap().lines().count() as u64, 1 + json["iterations"].as_u64().unwrap());
    }
    let text = place.qike("assign a_net.tntp a_trips.tntp").expect(0, &[]).stdout.clone();
    assert!(text.contains("relative gap") && text.contains("325.0"), "{text}");
}

#[test]
fn faults_have_their_lines_and_the_rest_is_assigned() {
    let place = place("<END OF METADATA>\nOrigin 1\n 2 : 20.0; 9 : 3;\nOrigin 3\n1 : 5;\n");
    place.qike("assign a_net.tntp a_trips.tntp --gap 1e-8 --json").expect(3, &["a_trips.tntp:3", "'9 : 3'", "5 trips between 1 pairs of zones have no way, the first from 3 to 1"]);
    place.qike("assign a_net.tntp a_trips.tntp --gap 1e-9 --method bfw --iterations 1").expect(3, &["not-converged"]);
    place.write("broken.tntp", NET.replace("1 4 30", "1 4 -30"));
    place.qike("assign broken.tntp a_trips.tntp").expect(3, &["broken.tntp:8", "broken.tntp:10", "the metadata state 4 links, and 3 are there"]);
    place.qike("assign a_trips.tntp a_trips.tntp").expect(1, &["a_trips.tntp", "this is no network"]);
    place.qike("assign nowhere.tntp a_trips.tntp").expect(1, &["nowhere.tntp"]);
    place.qike("assign a_net.tntp a_trips.tntp --gap nan").expect(2, &["--gap"]);
    place.qike("assign a_net.tntp a_trips.tntp --iterations 0").expect(2, &[]);
}
