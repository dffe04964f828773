//! What a scenario asks for and the model does not do: said in the run's report, so that nothing is dropped in silence.

use qike_core::Diagnostic;
use qike_scene::traffic::{Release, Rerouter, Stop, StopPlace, TrafficScenario};

/// One finding for each kind of thing; `queues`: by edge, whether it is run by the queue model.
pub(crate) fn lacking(scenario: &TrafficScenario, queues: &dyn Fn(u32) -> bool) -> Vec<Diagnostic> {
    let TrafficScenario { demand, extras, settings, .. } = scenario;
    let mut found = Vec::new();
    let mut tell = |code: &'static str, count: usize, what: &str, first: Option<&str>, help: &str| {
        if count > 0 {
            let example = first.map_or(String::new(), |id| format!(" ('{id}'{})", if count > 1 { " and others" } else { "" }));
            found.push(Diagnostic::error(code, format!("{count} × {what}{example}")).help(help));
        }
    };
    let triggered: Vec<&str> = demand.vehicles.iter().filter(|v| v.1 == Release::Triggered).map(|v| v.0.as_str()).collect();
    tell("not-run-triggered", triggered.len(), "vehicle that waits for somebody to board; it does not depart", triggered.first().copied(), "give it a time of departure");
    let stops = || demand.vehicles.iter().flat_map(|v| &v.2.stops).chain(demand.flows.iter().flat_map(|f| &f.travel.stops)).chain(demand.paths.iter().flat_map(|p| &p.stops));
    tell("not-run-boarding", stops().filter(|s| s.triggered).count(), "stop that ends when somebody boards; it ends after its duration", None, "give it a duration");
    tell("not-run-waypoint", stops().filter(|s| s.speed_mps.is_some()).count(), "stop that is to be passed at a speed; the vehicle stops there", None, "leave its speed out to silence this");
    let edge_of = |lane: u32| scenario.map.lanes.get(lane as usize).map_or(0, |l| l.edge);
    let all = !scenario.map.edges.is_empty() && (0..scenario.map.edges.len() as u32).all(queues);
    let some = (0..scenario.map.edges.len() as u32).any(queues);
    let closes = |r: &Rerouter| r.intervals.iter().flat_map(|i| i.closed_edges.iter().map(|c| c.0).chain(i.closed_lanes.iter().map(|c| edge_of(c.0)))).any(queues);
    let rerouters: Vec<&Rerouter> = extras.rerouters.iter().filter(|r| all || r.edges.iter().any(|e| queues(*e)) || closes(r)).collect();
    let closed = "nobody is sent another way and no lane is closed by it there; run it with --model lanes, or with --lanes-inside around it";
    tell("not-run-rerouter", rerouters.len(), "rerouter that has no effect where vehicles are run as queues", rerouters.first().map(|r| r.id.as_str()), closed);
    let signs: Vec<&str> = extras.signs.iter().filter(|s| s.lanes.iter().any(|l| queues(edge_of(*l)))).map(|s| s.id.as_str()).collect();
    tell("not-run-speed-sign", signs.len(), "variable speed sign that has no effect where vehicles are run as queues", signs.first().copied(), "run it with --model lanes, or with --lanes-inside around it");
    let area = |s: &&Stop| if let StopPlace::Parking(n) = s.place { extras.parking.get(n as usize).is_some_and(|p| queues(edge_of(p.place.lane))) } else { false };
    tell("not-run-parking", stops().filter(area).count(), "stop in a parking area, whose capacity is not counted where vehicles are run as queues", extras.parking.first().map(|p| p.place.id.as_str()), "run it with --model lanes, or with --lanes-inside around it");
    let rerouting = usize::from(some && settings.rerouting.is_some());
    tell("not-run-rerouting", rerouting, "request that drivers look for better ways while driving, which they do not where they are run as queues", None, "run it with --model lanes");
    found
}
