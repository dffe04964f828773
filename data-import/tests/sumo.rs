//! Scenarios of SUMO: the Bologna one as it lies there, and small ones for each kind of thing and fault.

mod common;

use qike_core::{Feedback, testdata};
use qike_import::sumo;
use qike_scene::traffic::{EdgeFile, EdgeKind, PathRef, TrafficScenario, TypeRef};

/// What Bologna's files hold, by their manifest.
#[test]
fn bologna_is_read_wholly() {
    let Some(path) = testdata::path("traffic/sumo/bologna/acosta/run.sumocfg") else { return };
    let scenario = sumo::read_scenario(&path, &Feedback::silent()).unwrap();
    let TrafficScenario { map, demand, extras, settings, findings, .. } = &scenario;
    assert_eq!((map.edges.len(), map.lanes.len(), map.connections.len(), map.junctions.len()), (472, 650, 735, 145));
    assert_eq!(map.edges.iter().filter(|e| e.kind == EdgeKind::Normal).count(), 178);
    assert_eq!(map.junctions.iter().map(|j| j.requests.len()).sum::<usize>(), 351);
    assert_eq!((map.lights.len(), map.plans.len(), map.plans.iter().map(|p| p.phases.len()).sum::<usize>()), (7, 14, 54 + 101));
    assert_eq!(demand.vehicles.len(), 8622 + 157);
    assert_eq!(demand.vehicles.iter().map(|(_, _, travel)| travel.stops.len()).sum::<usize>(), 542);
    assert_eq!((demand.kinds.len(), demand.kind_choices.len()), (13, 2));
    assert_eq!((extras.stops.len(), extras.detectors.len()), (35, 58));
    assert_eq!(settings.outputs, [("tripinfo-output".to_owned(), "tripinfos.xml".to_owned())]);
    assert!(findings.is_empty(), "{findings:#?}");
    // Both files together, in the order of departure.
    let times: Vec<_> = demand.vehicles.iter().map(|(_, release, _)| format!("{release:?}")).collect();
    assert_eq!((times.first().map(String::as_str), times.last().map(String::as_str)), (Some("At(0)"), Some("At(3600000)")));
    let (id, _, bus) = demand.vehicles.iter().find(|v| v.0 == "bus_130_0").unwrap();
    let (TypeRef::Kind(kind), PathRef::Path(route)) = (bus.kind, &bus.path) else { panic!("{id}: {bus:?}") };
    assert_eq!((demand.kinds[kind as usize].length_m, demand.kinds[kind as usize].changing.cooperative), (12.0, 0.0));
    let edges: Vec<&str> = demand.paths[*route as usize].edges.iter().map(|e| map.edges[*e as usize].id.as_str()).collect();
    assert_eq!(edges, ["121", "m2", "54"]);
}

/// A main road with a side road joining at a signal `J`, by hand: `main` (two lanes), `side`, then `out`; a walkers' lane on `out`.
const NET: &str = include_str!("common/junction.net.xml");

/// A folder with the network, and what is given.
struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let case = Self { dir: tempfile::tempdir().unwrap() };
        case.write("x.net.xml", NET);
        case
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn scenario(&self, additionals: &str, routes: &str) -> TrafficScenario {
        self.write("x.add.xml", &format!("<additional>\n{additionals}\n</additional>"));
        self.write("x.rou.xml", &format!("<routes>\n{routes}\n</routes>"));
        let config = "<configuration><input><net-file value=\"x.net.xml\"/><additional-files value=\"x.add.xml\"/><route-files value=\"x.rou.xml\"/></input></configuration>";
        sumo::read_scenario(&self.write("x.sumocfg", config), &Feedback::silent()).unwrap()
    }
}

fn codes(scenario: &TrafficScenario) -> Vec<&str> {
    scenario.findings.iter().map(|f| f.code.as_ref()).collect()
}

fn told(scenario: &TrafficScenario, part: &str) -> bool {
    scenario.findings.iter().any(|f| f.message.contains(part))
}

#[test]
fn a_network_keeps_all_that_counts_for_driving() {
    use qike_scene::traffic::{NodeKind, RightOfWay, RoadUsers, SwitchRule, TurnKind};
    let case = Case::new();
    let scenario = sumo::read_net(&case.dir.path().join("x.net.xml"), &Feedback::silent()).unwrap();
    assert!(scenario.findings.is_empty(), "{:#?}", scenario.findings);
    let map = &scenario.map;
    let edge = |id: &str| map.edges.iter().find(|e| e.id == id).unwrap();
    let lane = |id: &str| map.lanes.iter().find(|l| l.id == id).unwrap();
    let id = |at: u32| map.lanes[at as usize].id.as_str();
    assert!(map.left_hand);
    assert_eq!(map.location, Some(("+proj=utm +zone=32 +ellps=WGS84".to_owned(), [100.5, 200.0])));
    let main = edge("main");
    assert_eq!((main.priority, main.name.as_deref(), main.road_type.as_deref(), main.lanes.len(), main.roundabout), (3, Some("Main Street"), Some("highway.primary"), 2, false));
    assert_eq!((main.from.map(|j| map.junctions[j as usize].id.as_str()), main.to.map(|j| map.junctions[j as usize].id.as_str())), (Some("A"), Some("J")));
    assert!(edge("out").roundabout);
    assert_eq!((edge(":J_0").kind, edge(":J_c0").kind, edge(":J_0").from), (EdgeKind::Internal, EdgeKind::Crossing, None));
    let (right, left) = (lane("main_0"), lane("main_1"));
    assert_eq!((right.width_m, left.width_m, left.acceleration, left.index), (3.2, 3.0, true, 1));
    assert_eq!(right.allowed, RoadUsers::ALL);
    assert!(!left.allowed.meets(RoadUsers::BUS) && left.allowed.contains(RoadUsers::PASSENGER) && left.allowed.contains(RoadUsers::IGNORING));
    assert_eq!(left.change_right.names().collect::<Vec<_>>(), ["taxi"]);
    assert_eq!(left.shape, [[0.0, 3.0, 0.0], [100.0, 3.0, 1.5]]);
    let (offset, who) = right.stop_offset.unwrap();
    assert!(offset == 2.0 && !who.meets(RoadUsers::BICYCLE) && who.contains(RoadUsers::PASSENGER));
    let junction = map.junctions.iter().find(|j| j.id == "J").unwrap();
    assert_eq!((junction.kind, junction.requests.len(), junction.shape.len()), (NodeKind::Signal, 4, 3));
    assert_eq!(junction.incoming.iter().map(|l| id(*l)).collect::<Vec<_>>(), ["main_0", "main_1", "side_0"]);
    let row = &junction.requests[2];
    assert_eq!((row.gives_way[0], row.meets[0], row.waits_inside), (0b0001, 0b1001, true));
    assert_eq!(map.junctions[4].kind, NodeKind::Internal);
    let links: Vec<_> = map.connections.iter().map(|c| (id(c.from), id(c.to), c.via.map(id), c.turn, c.right_of_way, c.light)).collect();
    assert_eq!(links[0], ("main_0", "out_1", Some(":J_0_0"), TurnKind::Straight, RightOfWay::Signal, Some((0, 0))));
    assert_eq!((links[3].0, links[3].1, links[4].0, links[4].1), (":J_0_0", "out_1", ":J_0_1", "out_2"), "numbered twice");
    assert_eq!(links[5], (":J_2_0", "out_1", Some(":J_3_0"), TurnKind::Right, RightOfWay::Minor, None));
    assert_eq!((map.connections[1].keep_clear, map.connections[1].pass, map.connections[0].keep_clear, map.connections[2].visibility_m), (false, true, true, Some(12.0)));
    let plan = &map.plans[0];
    assert_eq!(plan.rule, SwitchRule::Actuated { max_gap_s: 2.5, detector_gap_s: 2.0, passing_time_s: 1.9 });
    assert_eq!((plan.offset_ms, plan.phases[0].bounds_ms, plan.phases[1].bounds_ms, plan.phases[2].next.as_slice()), (12_500, Some((5000, 45_000)), Some((3000, 3000)), &[0, 1][..]));
    assert_eq!(plan.phases[2].bounds_ms, Some((5000, 2_147_483_647)));
}

#[test]
fn types_have_sumos_defaults_and_their_own_values() {
    use qike_scene::traffic::{CarFollowing, SpeedFactor};
    let routes = r#"<vType id="car" speedFactor="normc(1.1,0.2,0.5,1.5)" decel="9.5" sigma="0.3" lcStrategic="-1" jmIgnoreKeepClearTime="-1" jmDriveAfterRedTime="2" impatience="off" color="red"/>
        <vType id="bus" vClass="bus" speedDev="0.05" carFollowModel="IDM" tau="1.4" delta="3" stepping="0.5" maxSpeed="-3"/>
        <vType id="old" vClass="truck"><carFollowing-ACC accel="1" gapControlGainSpace="0.3"/></vType>
        <vType id="w" carFollowModel="Wiedemann"/><vType id="w2" carFollowModel="Wiedemann"/><vType id="e" carFollowModel="EIDM" wobble="3"/>
        <vTypeDistribution id="mix" vTypes="car bus" probabilities="0.25 0.75"/>
        <vTypeDistribution id="nest"><vType id="n1" probability="3"/><vType refId="car" probability="2"/></vTypeDistribution>
        <trip id="t" depart="0" from="main" to="out" type="mix"/><trip id="u" depart="1" from="main" to="out"/>"#;
    let scenario = Case::new().scenario("", routes);
    let kind = |id: &str| scenario.demand.kinds.iter().find(|k| k.id == id).unwrap();
    let (car, bus, old, given) = (kind("car"), kind("bus"), kind("old"), kind("DEFAULT_VEHTYPE"));
    assert_eq!(car.speed_factor, SpeedFactor { mean: 1.1, deviation: 0.2, min: 0.5, max: 1.5 });
    assert_eq!((car.decel, car.emergency_decel, car.apparent_decel, car.sigma, car.changing.strategic), (9.5, 9.5, 9.5, 0.3, -1.0));
    assert_eq!((car.manners.ignore_keep_clear_s, car.manners.drive_after_red_s, car.minor_patience_s, car.color), (None, Some(2.0), 0.0, Some([255, 0, 0, 255])));
    assert_eq!((bus.length_m, bus.tau_s, bus.speed_factor.deviation, bus.following), (12.0, 1.4, 0.05, CarFollowing::Idm { delta: 3.0, steps: 2.0 }));
    assert!((bus.max_speed_mps - 100.0 / 3.6).abs() < 1e-9, "the default, as -3 cannot be");
    assert_eq!((old.accel, old.following), (1.0, CarFollowing::Acc { speed: 0.4, closing: [0.8, 0.04], keeping: [0.07, 0.3], avoiding: [0.23, 0.8] }));
    assert_eq!((given.length_m, given.speed_factor, given.minor_patience_s), (5.0, SpeedFactor { mean: 1.0, deviation: 0.1, min: 0.2, max: 2.0 }, 180.0));
    let choice = |id: &str| &scenario.demand.kind_choices.iter().find(|c| c.id == id).unwrap().members;
    assert_eq!(choice("mix").iter().map(|m| m.1).collect::<Vec<_>>(), [0.25, 0.75]);
    assert_eq!(choice("nest").iter().map(|m| m.1).collect::<Vec<_>>(), [3.0, 2.0]);
    assert_eq!(codes(&scenario), ["bad-number", "not-supported", "not-supported", "not-supported"]);
    assert!(told(&scenario, "car-following model 'Wiedemann' is not supported: types that have it follow by Krauss (2 such: also at line 5)"), "{:#?}", scenario.findings);
    assert!(told(&scenario, "attribute 'wobble' of vehicle types"));
}

#[test]
fn vehicles_trips_and_flows_in_all_their_words() {
    use qike_scene::traffic::{DepartLane, DepartPos, DepartSpeed, Parking, Place, Release, Spacing, StopPlace};
    let additionals = r#"<busStop id="halt" lane="out_1" startPos="10" endPos="-20" name="Market" lines="10 11"/>
        <parkingArea id="lot" lane="out_1" roadsideCapacity="3" startPos="70" endPos="75"><space x="1" y="2"/></parkingArea>
        <taz id="zone" edges="main side"><tazSource id="main" weight="2"/></taz>"#;
    let routes = r#"<route id="r" edges="main out"/>
        <route id="twice" edges="main out"><stop lane="out_1" endPos="30" until="100"/></route>
        <routeDistribution id="some" routes="r twice" probabilities="1 2"/>
        <vehicle id="a" route="r" depart="0:00:10" departLane="best" departPos="-5" departSpeed="max" arrivalPos="random" arrivalSpeed="3" arrivalLane="1" line="10">
            <stop busStop="halt" duration="20" parking="true"/><stop parkingArea="lot" until="1:00:00"/><stop lane="out_1" startPos="-15" endPos="-5" speed="4" triggered="true"/>
        </vehicle>
        <vehicle id="b" route="some" depart="20.5" departLane="0" departPos="random_free" departSpeed="desired"/>
        <vehicle id="c" depart="triggered" speedFactor="1.3"><route edges="main out"/></vehicle>
        <trip id="d" depart="30" fromTaz="zone" toJunction="C" via="main"/>
        <flow id="f" begin="0" end="100" number="10" from="main" to="out"/>
        <flow id="g" begin="0" vehsPerHour="1800" route="r"/>
        <flow id="h" begin="5" end="9" period="exp(0.5)" route="r"/>
        <flow id="i" begin="5" probability="0.25" number="7" route="r"/>
        <flow id="nobody" begin="5" end="9" number="0" route="r"/>
        <interval begin="100" end="200"><flow id="j" number="2"><route edges="side out"/></flow></interval>
        <person id="p" depart="0"><walk edges="out"/></person><person id="q" depart="0"><walk edges="out"/></person>"#;
    let scenario = Case::new().scenario(additionals, routes);
    let demand = &scenario.demand;
    assert_eq!(demand.vehicles.iter().map(|v| v.0.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    let lane = |id: &str| u32::try_from(scenario.map.lanes.iter().position(|l| l.id == id).unwrap()).unwrap();
    let (_, release, a) = &demand.vehicles[0];
    assert_eq!((*release, a.lane, a.at, a.speed), (Release::At(10_000), DepartLane::Best, DepartPos::At(-5.0), DepartSpeed::Max));
    assert_eq!((a.arrival.random, a.arrival.speed_mps, a.arrival.lane, a.line.as_deref()), (true, Some(3.0), Some(1), Some("10")));
    assert_eq!((a.stops[0].place, a.stops[0].duration_ms, a.stops[0].parking), (StopPlace::Stop(0), Some(20_000), Parking::Beside));
    assert_eq!((a.stops[1].place, a.stops[1].until_ms, a.stops[1].parking), (StopPlace::Parking(0), Some(3_600_000), Parking::Beside));
    assert_eq!(a.stops[2].place, StopPlace::Lane { lane: lane("out_1"), from_m: 75.0, to_m: 85.0 });
    assert_eq!((a.stops[2].speed_mps, a.stops[2].triggered), (Some(4.0), true));
    let b = &demand.vehicles[1].2;
    assert_eq!((b.path.clone(), b.lane, b.at, b.speed), (PathRef::Choice(0), DepartLane::Lane(0), DepartPos::RandomFree, DepartSpeed::Desired));
    // Where nothing is said, SUMO 1.28 takes a lane that leads on and the greatest speed that is safe.
    let (_, release, c) = &demand.vehicles[2];
    assert_eq!((*release, c.speed, c.lane, c.at, c.speed_factor), (Release::Triggered, DepartSpeed::Average, DepartLane::Likely, DepartPos::Base, Some(1.3)));
    let PathRef::Find { from, via, to } = &demand.vehicles[3].2.path else { panic!() };
    assert!(matches!((from, to), (Place::Zone(0), Place::Junction(_))) && via.len() == 1);
    let flows: Vec<_> = demand.flows.iter().map(|f| (f.id.as_str(), f.begin_ms, f.end_ms, f.number, f.spacing)).collect();
    assert_eq!(flows, [
        ("f", 0, Some(100_000), Some(10), Spacing::Number(10)),
        ("g", 0, None, None, Spacing::Period(2000.0)),
        ("h", 5000, Some(9000), None, Spacing::Poisson(0.5)),
        ("i", 5000, None, Some(7), Spacing::Probability(0.25)),
        ("j", 100_000, Some(200_000), Some(2), Spacing::Number(2)),
    ]);
    assert_eq!(demand.paths[1].stops[0].place, StopPlace::Lane { lane: lane("out_1"), from_m: 29.8, to_m: 30.0 });
    let extras = &scenario.extras;
    assert_eq!((extras.stops[0].from_m, extras.stops[0].to_m, extras.stops[0].lines.len(), extras.parking[0].capacity), (10.0, 70.0, 2, 4));
    assert_eq!((extras.zones[0].sources.len(), extras.zones[0].sinks.len(), extras.zones[0].sources[2].1), (3, 2, 2.0));
    assert_eq!(codes(&scenario), ["flow-without-end", "flow-of-nobody", "not-supported"]);
    assert!(told(&scenario, "element 'person' is not supported: they do not travel (2 such"));
}

#[test]
fn what_stands_beside_the_road_is_read() {
    use qike_scene::traffic::{DetectorKind, RoadUsers, SwitchRule};
    let additionals = r#"<inductionLoop id="e1" lane="main_0" pos="-10" period="60" file="o.xml" vTypes="a b"/>
        <e2Detector id="e2" lane="main_0" endPos="90" length="30" freq="30" file="o.xml"/>
        <laneAreaDetector id="e2b" lanes="main_0 :J_0_0 out_1" pos="10" endPos="20" file="o.xml"/>
        <entryExitDetector id="e3" file="o.xml" freq="900"><detEntry lane="main_0" pos="5"/><detExit lane="out_1" pos="-5"/></entryExitDetector>
        <edgeData id="m" file="edges.xml" begin="0" end="3600" period="900"/>
        <tlLogic id="J" type="static" programID="night"><phase duration="60" state="oooo"/></tlLogic>
        <tlLogic id="J" programID="off"/>
        <WAUT refTime="10" id="w" startProg="0"><wautSwitch time="100" to="night"/></WAUT><wautJunction wautID="w" junctionID="J"/>
        <route id="r" edges="main out"/>
        <rerouter id="R" edges="main" probability="0.5"><interval begin="0" end="1:00:00"><closingReroute id="out" disallow="truck"/><closingLaneReroute id="out_1"/>
            <destProbReroute id="keepDestination" probability="3"/><destProbReroute id="side"/><routeProbReroute id="r"/></interval></rerouter>
        <variableSpeedSign id="v" lanes="main_0 main_1"><step time="60" speed="8"/><step time="120" speed="-1"/></variableSpeedSign>
        <poly id="p" shape="0,0 1,1 2,0"/><calibrator id="c" edge="main"/><vaporizer id="out" begin="0" end="1"/>"#;
    let scenario = Case::new().scenario(additionals, "");
    let (extras, map) = (&scenario.extras, &scenario.map);
    let lane = |id: &str| u32::try_from(map.lanes.iter().position(|l| l.id == id).unwrap()).unwrap();
    let detectors: Vec<_> = extras.detectors.iter().map(|d| (&d.kind, d.every_ms)).collect();
    assert_eq!(detectors, [
        (&DetectorKind::Loop { lane: lane("main_0"), at_m: 90.0 }, Some(60_000)),
        (&DetectorKind::Area { lanes: vec![lane("main_0")], from_m: 60.0, to_m: 90.0, light: None }, Some(30_000)),
        (&DetectorKind::Area { lanes: ["main_0", ":J_0_0", "out_1"].map(lane).to_vec(), from_m: 10.0, to_m: 20.0, light: None }, None),
        (&DetectorKind::EntryExit { entries: vec![(lane("main_0"), 5.0)], exits: vec![(lane("out_1"), 85.0)] }, Some(900_000)),
    ]);
    assert_eq!(extras.detectors[0].kinds, ["a", "b"]);
    let file = EdgeFile { id: "m".into(), file: "edges.xml".into(), begin_ms: Some(0), end_ms: Some(3_600_000), every_ms: Some(900_000), ..EdgeFile::default() };
    assert_eq!(extras.edge_data, [file]);
    assert_eq!(map.plans.iter().map(|p| (p.program.as_str(), p.rule == SwitchRule::Off)).collect::<Vec<_>>(), [("0", false), ("night", false), ("off", true)]);
    assert_eq!(map.switches.iter().map(|s| (s.at_ms, s.plan)).collect::<Vec<_>>(), [(0, 0), (110_000, 1)]);
    let interval = &extras.rerouters[0].intervals[0];
    assert_eq!((extras.rerouters[0].probability, interval.end_ms, interval.destinations.len(), interval.paths.len()), (0.5, 3_600_000, 2, 1));
    let (edge_closed, lane_closed) = (interval.closed_edges[0].1, interval.closed_lanes[0].1);
    assert!(!edge_closed.meets(RoadUsers::TRUCK) && edge_closed.meets(RoadUsers::PASSENGER) && !lane_closed.meets(RoadUsers::PASSENGER));
    assert_eq!(interval.destinations[0], (None, 3.0));
    assert_eq!(extras.signs[0].steps, [(60_000, Some(8.0)), (120_000, None)]);
    assert_eq!(codes(&scenario), ["not-supported", "not-supported"], "{:#?}", scenario.findings);
}

#[test]
fn faults_are_told_and_cost_what_they_are_about() {
    let routes = r#"<vehicle id="ok" depart="0"><route edges="main out"/></vehicle>
        <vehicle id="edge" depart="0"><route edges="main nowhere"/></vehicle>
        <vehicle id="type" type="horse" depart="0"><route edges="main out"/></vehicle>
        <vehicle id="gap" depart="0"><route edges="out main"/></vehicle>
        <vehicle id="nan" depart="nan"><route edges="main out"/></vehicle>
        <vehicle id="early" depart="-5"><route edges="main out"/></vehicle>
        <vehicle id="ok" depart="1"><route edges="main out"/></vehicle>
        <vehicle id="stop" depart="2" departLane="horse"><route edges="main out"/><stop busStop="none"/><stop lane="side_0" duration="5"/></vehicle>
        <vehicle id="none" depart="3"/>
        <flow id="back" begin="50" end="20" number="3"><route edges="main out"/></flow>
        <flow id="endless" begin="50"><route edges="main out"/></flow>
        <vehicle id="late" depart="1"><route edges="main out"/></vehicle>
        <vType id="walker" vClass="tram"/><vehicle id="tram" type="walker" depart="4"><route edges="side out"/></vehicle>"#;
    let scenario = Case::new().scenario("", routes);
    assert_eq!(scenario.demand.vehicles.iter().map(|v| v.0.as_str()).collect::<Vec<_>>(), ["ok", "late", "stop"], "in order of departure");
    assert!(scenario.demand.flows.is_empty());
    assert!(scenario.demand.vehicles[2].2.stops.is_empty());
    for code in [
        "unknown-edge", "unknown-type", "route-disconnected", "bad-time", "duplicate-id", "bad-value", "unknown-stop", "stop-not-on-route", "route-missing", "end-before-begin",
        "flow-without-number", "not-in-order",
    ] {
        assert!(codes(&scenario).contains(&code), "{code}: {:#?}", scenario.findings);
    }
    assert!(told(&scenario, "vehicle 'gap' cannot drive its route: there is no connection from edge 'out' to edge 'main'; it is left out (2 such: also at line 14)"), "{:#?}", scenario.findings);
    assert!(scenario.findings.iter().all(|f| f.place.line.is_some() && f.place.file.as_deref().is_some_and(|f| f.ends_with("x.rou.xml"))));
}

#[test]
fn a_file_cut_off_keeps_what_came_before() {
    let case = Case::new();
    let whole = case.scenario("", r#"<route id="r" edges="main out"/><vehicle id="a" depart="0" route="r"/><vehicle id="b" depart="1" route="r"/>"#);
    assert_eq!(whole.demand.vehicles.len(), 2);
    let mut scenario = sumo::read_net(&case.dir.path().join("x.net.xml"), &Feedback::silent()).unwrap();
    let cut = case.write("cut.rou.xml", "<routes>\n<route id=\"r\" edges=\"main out\"/>\n<vehicle id=\"a\" depart=\"0\" route=\"r\"/>\n<vehicle id=\"b\" dep");
    sumo::read_routes(&cut, &mut scenario, &Feedback::silent()).unwrap();
    assert_eq!((scenario.demand.vehicles.len(), codes(&scenario)), (1, vec!["file-cut-off"]));
    // More files go on where that one ended.
    let more = case.write("more.rou.xml", "<routes><vehicle id=\"a\" depart=\"0\" route=\"r\"/><vehicle id=\"c\" depart=\"7\" route=\"r\"/></routes>");
    sumo::read_routes(&more, &mut scenario, &Feedback::silent()).unwrap();
    assert_eq!((scenario.demand.vehicles.len(), codes(&scenario)), (2, vec!["file-cut-off", "duplicate-id"]));
    for (name, text, part) in [("n.net.xml", "<net><junction id=\"A\" type=\"priority\" x=\"0\" y=\"0\"/></net>", "no edges"), ("r.xml", "<routes/>", "'routes', not 'net'"), ("e.xml", "", "empty")] {
        let error = sumo::read_net(&case.write(name, text), &Feedback::silent()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let edge = "<net><edge id=\"e\" from=\"A\" to=\"B\"><lane id=\"e_0\" index=\"0\" speed=\"1\" length=\"1\" shape=\"0,0 1,0\"/></edge></net>";
    assert!(sumo::read_net(&case.write("j.net.xml", edge), &Feedback::silent()).unwrap_err().to_string().contains("no junctions"));
}

#[test]
fn a_configuration_says_how_it_is_run() {
    let case = Case::new();
    case.write("x.rou.xml", "<routes/>");
    let gz = std::fs::File::create(case.dir.path().join("x.net.xml.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(gz, flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, NET.as_bytes()).unwrap();
    gz.finish().unwrap();
    let config = r#"<?xml version="1.0"?><sumoConfiguration>
        <input><n value="x.net.xml.gz"/><route-files value="x.rou.xml, missing.rou.xml"/></input>
        <output><output-prefix value="run1_"/><tripinfo-output value="out/trips.xml"/><fcd-output value="fcd.xml"/></output>
        <time><begin value="1:00:00"/><end value="7200"/><step-length value="0.5"/></time>
        <processing><time-to-teleport value="-1"/><max-depart-delay value="60"/><collision.action value="warn"/><lateral-resolution value="0.8"/><scale value="nan"/></processing>
        <mesosim value="true"/><random_number><seed>42</seed></random_number>
        <routing><device.rerouting.probability value="0.5"/><device.rerouting.period value="60"/></routing>
        <report><verbose value="true"/><no-step-log value="true"/></report><gui_only><breakpoints value="1"/><whatever value="1"/></gui_only>
        <fancy.option value="7"/>
        </sumoConfiguration>"#;
    let scenario = sumo::read_scenario(&case.write("x.sumocfg", config), &Feedback::silent()).unwrap();
    let s = &scenario.settings;
    assert_eq!((s.begin_ms, s.end_ms, s.step_ms, s.seed, s.scale), (3_600_000, Some(7_200_000), 500, 42, 1.0));
    assert_eq!((s.teleport_after_ms, s.max_depart_delay_ms, s.collisions_teleport, s.queues, s.queue_junctions), (None, Some(60_000), false, true, false));
    assert_eq!(s.rerouting, Some((0.5, 60_000)));
    assert_eq!(s.outputs, [("tripinfo-output".to_owned(), "out/run1_trips.xml".to_owned()), ("fcd-output".to_owned(), "run1_fcd.xml".to_owned())]);
    assert_eq!(scenario.name, "x.sumocfg");
    assert_eq!(scenario.map.edges.len(), 7);
    assert_eq!(codes(&scenario), ["not-supported", "bad-option", "not-supported", "file-missing"], "{:#?}", scenario.findings);
    assert!(told(&scenario, "option 'fancy.option' (7)"));
    let error = sumo::read_scenario(&case.write("y.sumocfg", "<configuration><input/></configuration>"), &Feedback::silent()).unwrap_err();
    assert!(error.to_string().contains("no network"), "{error}");
}

/// Files cut, with bytes changed, doubled or taken out: no panic, and no more than a file's worth of findings.
#[test]
fn damaged_files_never_panic() {
    let case = Case::new();
    let routes = r#"<routes><vType id="car" vClass="passenger" speedFactor="normc(1,0.1,0.2,2)" length="4"/><route id="r" edges="main out" repeat="2" cycleTime="100"><stop lane="out_1" endPos="30" until="100"/></route>
        <busStop id="halt" lane="out_1" startPos="10" endPos="-20"/><vehicle id="a" type="car" route="r" depart="0:00:10" departPos="-5"><stop busStop="halt" duration="20"/></vehicle>
        <flow id="f" begin="0" end="100" vehsPerHour="600" from="main" to="out"/><e2Detector id="e2" lane="main_0" endPos="90" length="30" freq="30" file="o"/>
        <tlLogic id="J" programID="n" type="actuated"><phase duration="60" minDur="5" maxDur="50" state="oooo" next="0"/></tlLogic><rerouter id="R" edges="main"><interval begin="0" end="10"><closingReroute id="out"/></interval></rerouter></routes>"#;
    let mut rng = 0x1234_5678_9ABC_DEF1_u64;
    let mut random = |below: usize| {
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        (rng % below.max(1) as u64) as usize
    };
    let bits: [&[u8]; 12] = [b"\"", b"<", b">", b"-", b"9999999999999999999", b"1e308", b"nan", b"&#0;", b"\xFF\xFE", b"/", b"", b"-1"];
    for round in 0..1500 {
        let net = round % 2 == 0;
        let mut bytes = if net { NET } else { routes }.as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at),
                1 => {
                    let to = (at + random(20)).min(bytes.len());
                    bytes.drain(at..to);
                }
                2 => {
                    // In place of a value, where that is likely to be read.
                    let start = bytes[at..].iter().position(|b| *b == b'"').map_or(at, |q| at + q + 1).min(bytes.len());
                    let end = bytes[start..].iter().position(|b| *b == b'"').map_or(start, |q| start + q);
                    bytes.splice(start..end, bits[random(bits.len())].iter().copied());
                }
                _ => {
                    bytes.splice(at..at, bits[random(bits.len())].iter().copied());
                }
            }
        }
        let path = case.dir.path().join("fuzz.xml");
        std::fs::write(&path, &bytes).unwrap();
        if net {
            let _ = sumo::read_net(&path, &Feedback::silent());
        } else {
            let mut scenario = sumo::read_net(&case.dir.path().join("x.net.xml"), &Feedback::silent()).unwrap();
            let _ = sumo::read_additionals(&path, &mut scenario, &Feedback::silent());
            assert_eq!(scenario.map.edges.len(), 7);
        }
    }
}

#[test]
fn a_network_becomes_city_objects() {
    use qike_scene::Class;
    let Some(path) = testdata::path("traffic/sumo/bologna/acosta/acosta_buslanes.net.xml") else { return };
    let (sink, report) = common::import(&[path]);
    assert_eq!(report.left_out(), 0);
    assert_eq!((common::count(&sink, Class::Road), common::count(&sink, Class::Intersection)), (178, 112), "{:?}", common::codes(&sink));
    assert_eq!(sink.objects.iter().filter(|o| o.str("function") == Some("traffic_signals")).count(), 16, "seven signals control sixteen junctions");
    // In UTM 32, at Bologna.
    let at = common::object(&sink, "sumo:junction/1").bounds().min;
    assert!((at[0] - 684_500.0).abs() < 2000.0 && (at[1] - 4_929_500.0).abs() < 2000.0, "{at:?}");
    let case = Case::new();
    let (sink, _) = common::import_with(&[case.dir.path().join("x.net.xml")], &qike_import::SourceOptions::default(), Some("EPSG:32632"));
    let main = common::object(&sink, "sumo:edge/main");
    assert_eq!((main.str("highway"), main.str("oneway"), main.str("lanes"), main.str("maxspeed"), main.name.as_deref()), (Some("primary"), Some("yes"), Some("2"), Some("50"), Some("Main Street")));
    assert_eq!(main.str("turn:lanes"), Some("through|through"));
    assert_eq!(common::object(&sink, "sumo:edge/out").str("lanes"), Some("2"), "without the walkers' lane");
    // Roads meet in the junction's point: the road into it and the one out of it.
    let ends = |id: &str| common::object(&sink, id).geometries[0].ring_points(0);
    assert_eq!(ends("sumo:edge/main").last(), ends("sumo:edge/out").first());
    assert_eq!(common::object(&sink, "sumo:lane/main_1").parent.as_ref().map(|p| p.as_str()), Some("sumo:edge/main"));
    assert_eq!(common::object(&sink, "sumo:junction/J").str("control"), Some("signal"));
}
