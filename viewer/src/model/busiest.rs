//! The busiest place of a recording at an instant: where most vehicles are near one another.

use super::cameras::View;
use super::frame::SceneFrame;
use qike_record::{AgentKind, TrackPoint};
use std::collections::BTreeMap;

/// Side of a square in which vehicles are counted, metres.
const SQUARE_M: f64 = 70.0;
/// From how far the place is seen, metres.
const DISTANCE_M: f32 = 120.0;

/// A view of the place with most vehicles, along the way that most of them take there. `None` without vehicles.
pub fn busiest(agents: &[TrackPoint], frame: &SceneFrame) -> Option<View> {
    let mut squares: BTreeMap<[i64; 2], Vec<&TrackPoint>> = BTreeMap::new();
    for agent in agents.iter().filter(|a| a.kind != AgentKind::Walker) {
        let square = [0, 1].map(|k| (agent.position[k] / SQUARE_M).floor() as i64);
        squares.entry(square).or_default().push(agent);
    }
    // Of equal squares the first in order: the same recording gives the same picture.
    let there = squares.into_values().reduce(|most, next| if next.len() > most.len() { next } else { most })?;
    let count = there.len() as f64;
    let middle = [0, 1, 2].map(|k| there.iter().map(|a| a.position[k]).sum::<f64>() / count);
    // The heading whose neighbours within a quarter turn are most.
    let alike = |heading: f32| there.iter().filter(|a| (a.heading - heading).cos() > 0.8).count();
    let heading = there.iter().map(|a| a.heading).max_by_key(|h| alike(*h))?;
    let [x, y, z] = frame.to_scene(middle);
    Some(View { target: [x, y + 1.0, z], distance: DISTANCE_M, yaw: std::f32::consts::FRAC_PI_2 - heading + 0.22, pitch: 0.36 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn car(x: f64, y: f64, heading: f32) -> TrackPoint {
        TrackPoint { agent: 0, kind: AgentKind::Car, link: 0, position: [x, y, 0.0], heading, speed_mps: 0.0 }
    }

    #[test]
    fn the_queue_is_seen_along_its_way_and_walkers_do_not_count() {
        let frame = SceneFrame::new([0.0; 3]);
        let mut agents: Vec<_> = (0..5).map(|i| car(110.0 + 6.0 * f64::from(i), 120.0, 0.0)).collect();
        agents.extend([car(500.0, 500.0, 1.0), car(110.0, 110.0, 1.5)]);
        agents.extend((0..30).map(|_| TrackPoint { kind: AgentKind::Walker, ..car(900.0, 900.0, 0.0) }));
        let view = busiest(&agents, &frame).unwrap();
        assert!((view.target[0] - 120.0).abs() < 5.0, "{view:?}");
        assert!((view.yaw - std::f32::consts::FRAC_PI_2).abs() < 0.3, "east: {view:?}");
        assert!(busiest(&agents[7..], &frame).is_none());
    }
}
