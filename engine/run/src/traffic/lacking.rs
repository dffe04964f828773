//! What a scenario asks for and the model does not do: said in the run's report, so that nothing is dropped in silence.

use qike_core::Diagnostic;
use qike_scene::traffic::{Release, StopPlace, TrafficScenario};

/// One finding for each kind of thing; `queues`: of the queue model.
pub(crate) fn lacking(scenario: &TrafficScenario, queues: bool) -> Vec<Diagnostic> {
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
    if queues {
        let closed = "nobody is sent another way and no lane is closed by it; run it with --model lanes";
        tell("not-run-rerouter", extras.rerouters.len(), "rerouter that has no effect in the queue model", extras.rerouters.first().map(|r| r.id.as_str()), closed);
        tell("not-run-speed-sign", extras.signs.len(), "variable speed sign that has no effect in the queue model", extras.signs.first().map(|s| s.id.as_str()), "run it with --model lanes");
        let parked = stops().filter(|s| matches!(s.place, StopPlace::Parking(_))).count();
        tell("not-run-parking", parked, "stop in a parking area, whose capacity is not counted in the queue model", extras.parking.first().map(|p| p.place.id.as_str()), "run it with --model lanes");
        tell("not-run-rerouting", usize::from(settings.rerouting.is_some()), "request that drivers look for better ways while driving, which they do not in the queue model", None, "run it with --model lanes");
    }
    found
}
