//! What a scenario may change while a city is running, as far as both models ask.

use qike_network::streets::Streets;
use qike_network::traffic::{RoadMap, TrafficScenario};

/// Whether streets of a changed map are built as those of a running city: only then do places on them mean the same.
pub(crate) fn built_alike(is: &Streets, new: &Streets) -> Result<(), String> {
    let lanes = is.lanes.len() == new.lanes.len() && is.lanes.iter().zip(&new.lanes).all(|(a, b)| (a.edge, a.links, a.length, a.inside, a.beside) == (b.edge, b.links, b.length, b.inside, b.beside));
    let links = is.links.len() == new.links.len() && is.links.iter().zip(&new.links).all(|(a, b)| (a.from, a.next, a.to, a.light, a.light_index) == (b.from, b.next, b.to, b.light, b.light_index));
    let ids = is.edges.len() == new.edges.len() && is.edges.iter().zip(&new.edges).all(|(a, b)| a.id == b.id);
    if lanes && links && ids { Ok(()) } else { Err("roads cannot be built or taken away while the city is running: run this scenario from its beginning".into()) }
}

/// Lights whose plans differ, by their place in both maps.
pub(crate) fn other_plans(was: &RoadMap, is: &RoadMap) -> Vec<usize> {
    let of = |map: &RoadMap, light: &str| map.plans.iter().filter(|p| p.light == light).cloned().collect::<Vec<_>>();
    let changed: std::collections::BTreeSet<&str> = was.plans.iter().zip(&is.plans).filter(|(a, b)| a != b).flat_map(|(a, b)| [a.light.as_str(), b.light.as_str()]).collect();
    let all = was.plans.len() != is.plans.len();
    is.lights.iter().enumerate().filter(|(_, light)| all && of(was, light) != of(is, light) || changed.contains(light.as_str())).map(|(n, _)| n).collect()
}

/// What cannot change under any model.
pub(crate) fn changeable(was: &TrafficScenario, is: &TrafficScenario) -> Result<(), String> {
    let (a, b) = (&was.settings, &is.settings);
    if (a.begin_ms, a.step_ms) != (b.begin_ms, b.step_ms) {
        return Err("the city runs since its own begin, in steps of its own: leave [time] and the step as they are".into());
    }
    if !is.demand.kinds.starts_with(&was.demand.kinds) {
        return Err("kinds of vehicles cannot change while the city is running: run this scenario from its beginning".into());
    }
    Ok(())
}
