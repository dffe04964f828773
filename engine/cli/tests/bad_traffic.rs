//! Bad scenarios of SUMO through the command line: each fault has its message with file, line and what to do, and the rest is run.

mod common;

use common::Place;

/// The map of the tests beside SUMO.
fn net() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rerouters/d.net.xml");
    std::fs::read_to_string(path).unwrap()
}

const KIND: &str = "<vType id=\"car\" sigma=\"0\"/>";
const GOOD: &str = "<vehicle id=\"good\" type=\"car\" depart=\"0\"><route edges=\"in u1 u2 out\"/></vehicle>";

/// What the command says of a scenario, and its exit code; times of the machine are taken out.
fn said(net: &str, routes: &str, additional: &str) -> String {
    let place = Place::new();
    place.write("x.net.xml", net);
    place.write("x.rou.xml", routes);
    place.write("x.add.xml", additional);
    place.write("x.sumocfg", "<configuration>\n<input>\n<net-file value=\"x.net.xml\"/>\n<route-files value=\"x.rou.xml\"/>\n<additional-files value=\"x.add.xml\"/>\n</input>\n</configuration>");
    let said = place.qike("run x.sumocfg --out r --no-tracks --threads 1");
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
    let arrived: String = said.stdout.lines().filter(|l| l.starts_with("arrived")).map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    format!("{}exit code {}; {}", said.stderr, said.code, if arrived.is_empty() { "nothing was run" } else { &arrived })
}

fn routes(lines: &str) -> String {
    format!("<routes>\n{KIND}\n{GOOD}\n{lines}\n</routes>")
}

fn of_routes(lines: &str) -> String {
    said(&net(), &routes(lines), "<additional/>")
}

fn of_additional(lines: &str) -> String {
    said(&net(), &routes(""), &format!("<additional>\n{lines}\n</additional>"))
}

#[test]
fn travellers() {
    insta::assert_snapshot!("unknown_type", of_routes("<vehicle id=\"a\" type=\"horse\" depart=\"1\"><route edges=\"in u1\"/></vehicle>"));
    insta::assert_snapshot!("unknown_edge", of_routes("<vehicle id=\"a\" type=\"car\" depart=\"1\"><route edges=\"in u3\"/></vehicle>"));
    insta::assert_snapshot!("unknown_stop", of_routes("<vehicle id=\"a\" type=\"car\" depart=\"1\"><route edges=\"in u1\"/><stop busStop=\"B\" duration=\"5\"/></vehicle>"));
    insta::assert_snapshot!("disconnected_route", of_routes("<vehicle id=\"a\" type=\"car\" depart=\"1\"><route edges=\"in u2 out\"/></vehicle>"));
    insta::assert_snapshot!("negative_speed", of_routes("<vType id=\"back\" maxSpeed=\"-3\"/>\n<vehicle id=\"a\" type=\"back\" depart=\"1\" departSpeed=\"-5\"><route edges=\"in u1\"/></vehicle>"));
    insta::assert_snapshot!("not_a_number", of_routes("<vType id=\"odd\" accel=\"nan\" length=\"inf\"/>\n<vehicle id=\"a\" type=\"odd\" depart=\"NaN\"><route edges=\"in u1\"/></vehicle>"));
    insta::assert_snapshot!("flow_without_end", of_routes("<flow id=\"f\" type=\"car\" begin=\"0\" number=\"3\"><route edges=\"in u1\"/></flow>\n<flow id=\"g\" type=\"car\" begin=\"0\"><route edges=\"in u1\"/></flow>"));
    let cut = routes("<vehicle id=\"a\" type=\"car\" depart=\"1\"><route edges=\"in u1\"/></vehicle>");
    insta::assert_snapshot!("routes_cut_off", said(&net(), &cut[..cut.len() - 40], "<additional/>"));
}

#[test]
fn things_beside_the_road() {
    insta::assert_snapshot!("unknown_signal", of_additional("<laneAreaDetector id=\"q\" lane=\"in_0\" pos=\"0\" length=\"50\" tl=\"X\" file=\"q.xml\"/>\n<WAUT id=\"w\" refTime=\"0\" startProg=\"0\"><wautSwitch time=\"5\" to=\"1\"/></WAUT>\n<wautJunction wautID=\"w\" junctionID=\"X\"/>"));
    insta::assert_snapshot!("unknown_lane", of_additional("<inductionLoop id=\"l\" lane=\"in_7\" pos=\"3\" period=\"60\" file=\"l.xml\"/>\n<inductionLoop id=\"m\" lane=\"in_0\" pos=\"x\" file=\"l.xml\"/>\n<inductionLoop id=\"n\" lane=\"in_0\" pos=\"3\" period=\"-4\" file=\"l.xml\"/>"));
    insta::assert_snapshot!("unknown_in_rerouter", of_additional("<rerouter id=\"r\" edges=\"in nowhere\">\n<interval begin=\"9\" end=\"3\"><closingReroute id=\"u1\"/></interval>\n<interval begin=\"0\" end=\"30\"><closingReroute id=\"u9\"/><parkingAreaReroute id=\"P\"/></interval>\n</rerouter>"));
    insta::assert_snapshot!("not_supported", of_additional("<calibrator id=\"c\" edge=\"in\" pos=\"0\"/>\n<laneData id=\"l\" file=\"l.xml\"/>\n<edgeData id=\"e\" type=\"emissions\" file=\"e.xml\"/>"));
}

#[test]
fn networks() {
    let whole = net();
    let part = |text: &str| said(text, &routes(""), "<additional/>");
    insta::assert_snapshot!("network_cut_off", part(&whole[..whole.len() * 2 / 3]));
    let without: String = whole.lines().scan(false, |inside, line| {
        *inside |= line.trim_start().starts_with("<junction");
        let keep = !*inside;
        *inside &= !(line.contains("</junction>") || line.contains("<junction") && line.trim_end().ends_with("/>"));
        Some(if keep { format!("{line}\n") } else { String::new() })
    }).collect();
    insta::assert_snapshot!("network_without_junctions", part(&without));
    insta::assert_snapshot!("negative_limit", part(&whole.replace("speed=\"13.89\" length=\"3", "speed=\"-13.89\" length=\"3")));
}
