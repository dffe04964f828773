//! What a scenario asks for and the lane-level model does not do: said in the run's report, so that nothing is dropped in silence.

use qike_core::Diagnostic;
use qike_scene::traffic::{Release, StopPlace, TrafficScenario};

/// One finding for each kind of thing.
pub(crate) fn lacking(scenario: &TrafficScenario) -> Vec<Diagnostic> {
    let TrafficScenario { demand, extras, settings, .. } = scenario;
    let mut found = Vec::new();
    let mut tell = |code: &'static str, count: usize, what: &str, first: Option<&str>, help: &str| {
        if count > 0 {
            let example = first.map_or(String::new(), |id| format!(" ('{id}'{})", if count > 1 { " and others" } else { "" }));
            found.push(Diagnostic::error(code, format!("{count} × {what}{example}")).help(help));
        }
    };
    let closed = "nobody is sent another way and no edge is closed by it; take closed edges out of the network, or give routes that avoid them";
    tell("not-run-rerouter", extras.rerouters.len(), "rerouter that has no effect", extras.rerouters.first().map(|r| r.id.as_str()), closed);
    tell("not-run-speed-sign", extras.signs.len(), "variable speed sign that has no effect", extras.signs.first().map(|s| s.id.as_str()), "lanes keep the limits of the network");
    let triggered: Vec<&str> = demand.vehicles.iter().filter(|v| v.1 == Release::Triggered).map(|v| v.0.as_str()).collect();
    tell("not-run-triggered", triggered.len(), "vehicle that waits for somebody to board; it does not depart", triggered.first().copied(), "give it a time of departure");
    let stops = || demand.vehicles.iter().flat_map(|v| &v.2.stops).chain(demand.flows.iter().flat_map(|f| &f.travel.stops)).chain(demand.paths.iter().flat_map(|p| &p.stops));
    tell("not-run-boarding", stops().filter(|s| s.triggered).count(), "stop that ends when somebody boards; it ends after its duration", None, "give it a duration");
    tell("not-run-waypoint", stops().filter(|s| s.speed_mps.is_some()).count(), "stop that is to be passed at a speed; the vehicle stops there", None, "leave its speed out to silence this");
    let parked = stops().filter(|s| matches!(s.place, StopPlace::Parking(_))).count();
    tell("not-run-parking", parked, "stop in a parking area, whose capacity is not counted", extras.parking.first().map(|p| p.place.id.as_str()), "the stop itself is made at its place");
    tell("not-run-rerouting", usize::from(settings.rerouting.is_some()), "request that drivers look for better ways while driving", None, "all keep the way they began with");
    tell("not-run-scale", usize::from((settings.scale - 1.0).abs() > 1e-12), "factor of demand (scale)", None, "everybody travels once");
    found
}
