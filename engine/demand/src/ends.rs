//! On which edges trips of zones begin and end.

use qike_core::CounterRng;
use qike_scene::traffic::{RoadMap, RoadUsers, Zone};

/// Edges of zones by weight, for one kind of road user.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    sources: Vec<Weighted>,
    sinks: Vec<Weighted>,
}

/// Edges, each with the sum of weights up to it.
type Weighted = Vec<(u32, f64)>;

/// Draws of another pair of edges where both are the same.
const TRIES: u32 = 32;

impl Ends {
    /// Of zones, with the edges on which such users may drive at least one lane. A zone that has none keeps those it has: what is
    /// wrong with it is told where its trips find no way.
    pub fn new(zones: &[Zone], map: &RoadMap, users: RoadUsers) -> Self {
        let open = |edge: u32| {
            let lanes = map.edges.get(edge as usize).map(|e| e.lanes.start as usize..e.lanes.end as usize).unwrap_or_default();
            map.lanes.get(lanes).is_some_and(|lanes| lanes.iter().any(|l| l.allowed.contains(users)))
        };
        let weigh = |edges: &[(u32, f64)]| {
            let some = edges.iter().any(|(e, w)| *w > 0.0 && open(*e));
            let mut sum = 0.0;
            edges.iter().filter(|(e, w)| *w > 0.0 && (!some || open(*e))).map(|(edge, weight)| {
                sum += weight;
                (*edge, sum)
            }).collect()
        };
        Self { sources: zones.iter().map(|z| weigh(&z.sources)).collect(), sinks: zones.iter().map(|z| weigh(&z.sinks)).collect() }
    }

    /// A pair of edges; none where a zone has no edge. With `differ` they are not the same, where the zones allow that.
    pub fn draw(&self, from: u32, to: u32, differ: bool, rng: &mut CounterRng) -> Option<(u32, u32)> {
        let (sources, sinks) = (self.sources.get(from as usize)?, self.sinks.get(to as usize)?);
        let mut pair = (pick(sources, rng)?, pick(sinks, rng)?);
        if differ && (sources.len() > 1 || sinks.len() > 1) {
            for _ in 0..TRIES {
                if pair.0 != pair.1 {
                    break;
                }
                pair = (pick(sources, rng)?, pick(sinks, rng)?);
            }
        }
        Some(pair)
    }
}

fn pick(edges: &Weighted, rng: &mut CounterRng) -> Option<u32> {
    let at = rng.uniform() * edges.last()?.1;
    let place = edges.partition_point(|(_, sum)| *sum <= at);
    edges.get(place).or(edges.last()).map(|(edge, _)| *edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::traffic::{MapEdge, MapLane};

    #[test]
    fn edges_are_drawn_by_weight_and_only_where_one_may_drive() {
        let lane = |edge: u32, allowed| MapLane { edge, allowed, ..MapLane::default() };
        let map = RoadMap {
            edges: (0..3).map(|n| MapEdge { lanes: n..n + 1, ..MapEdge::default() }).collect(),
            lanes: vec![lane(0, RoadUsers::ALL), lane(1, RoadUsers::ALL), lane(2, RoadUsers::PEDESTRIAN)],
            ..RoadMap::default()
        };
        let zones = [Zone { id: "a".into(), sources: vec![(0, 3.0), (1, 1.0), (2, 100.0)], sinks: vec![(0, 1.0), (1, 0.0)] }];
        let ends = Ends::new(&zones, &map, RoadUsers::PASSENGER);
        let draws: Vec<_> = (0..10_000).map(|n| ends.draw(0, 0, false, &mut CounterRng::new(1, n, 0)).unwrap()).collect();
        let first = draws.iter().filter(|d| d.0 == 0).count();
        assert!((7350..7650).contains(&first), "{first}");
        assert!(draws.iter().all(|d| d.0 < 2 && d.1 == 0));
        assert!((0..1000).all(|n| ends.draw(0, 0, true, &mut CounterRng::new(1, n, 0)) == Some((1, 0))));
        assert_eq!(ends.draw(0, 7, false, &mut CounterRng::new(1, 0, 0)), None);
        let empty = Ends::new(&[Zone::default()], &map, RoadUsers::PASSENGER);
        assert_eq!(empty.draw(0, 0, true, &mut CounterRng::new(1, 0, 0)), None);
    }
}
