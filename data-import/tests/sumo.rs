//! Scenarios of SUMO: the Bologna one as it lies there, and small ones for each kind of thing and fault.

use qike_core::{Feedback, testdata};
use qike_import::sumo;
use qike_scene::traffic::{EdgeKind, PathRef, TrafficScenario, TypeRef};

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
