//! A road map as a network of links with costs that rise with flow, for static assignment.
//!
//! Each edge is a link from where it begins to where it ends; each way over a junction is one, too, so that forbidden turns are not
//! there; zones are joined to the beginnings of their sources and the ends of their sinks, and nobody drives through them. Seconds
//! along an edge rise with flow by the function of the Bureau of Public Roads; its capacity is that of its lanes, of which signals let
//! through what their green time allows, and who gives way half.

use qike_scene::traffic::{CostLink, EdgeKind, LinkNetwork, RightOfWay, RoadMap, RoadUsers, SignalLight, Zone};

/// What edges can carry, and how much longer they take when they do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacities {
    /// Vehicles that pass a lane in an hour of green (Highway Capacity Manual: 1900).
    pub saturation_per_h: f64,
    /// Part of it for those who give way.
    pub minor: f64,
    /// Factor and exponent of the function.
    pub bpr: [f64; 2],
}

impl Default for Capacities {
    fn default() -> Self {
        Self { saturation_per_h: 1900.0, minor: 0.5, bpr: [0.15, 4.0] }
    }
}

/// A network, and which edge each of its links is.
#[derive(Clone, Debug, Default)]
pub struct RoadLinks {
    /// The network: zones are its first nodes.
    pub network: LinkNetwork,
    /// By link: the edge; none: a way over a junction, or to or from a zone.
    pub edges: Vec<Option<u32>>,
}

/// Part of the time in which a light shows green to a connection; all of it without a plan.
fn green(map: &RoadMap, light: u32, place: u16) -> f64 {
    let Some(plan) = map.lights.get(light as usize).and_then(|id| map.plans.iter().rfind(|p| p.light == *id)) else { return 1.0 };
    let (mut open, mut cycle) = (0.0, 0.0);
    for phase in &plan.phases {
        let length = phase.duration_ms as f64;
        cycle += length;
        if matches!(phase.lights.get(usize::from(place)), Some(SignalLight::GreenMajor | SignalLight::GreenMinor | SignalLight::OffBlinking | SignalLight::Off)) {
            open += length;
        }
    }
    if cycle > 0.0 { open / cycle } else { 1.0 }
}

/// Makes one of a map and zones, for one kind of road user.
pub fn road_links(map: &RoadMap, zones: &[Zone], users: RoadUsers, capacities: &Capacities) -> RoadLinks {
    let zone_count = zones.len() as u32;
    let mut all = RoadLinks::default();
    // Where each edge begins; it ends at the next node.
    let mut begins = vec![None; map.edges.len()];
    let mut nodes = zone_count;
    let open = |lane: &u32| map.lanes.get(*lane as usize).is_some_and(|l| l.allowed.contains(users));
    // What part of an edge's capacity its best way on has.
    let mut part = vec![None::<f64>; map.edges.len()];
    let edge_of = |lane: u32| map.lanes.get(lane as usize).map(|l| l.edge);
    let normal = |edge: u32| map.edges.get(edge as usize).is_some_and(|e| e.kind == EdgeKind::Normal);
    let mut turns: Vec<(u32, u32, f64)> = Vec::new();
    for connection in map.connections.iter().filter(|c| open(&c.from) && open(&c.to)) {
        let (Some(from), Some(to)) = (edge_of(connection.from), edge_of(connection.to)) else { continue };
        if !normal(from) || !normal(to) {
            continue;
        }
        let over = connection.via.and_then(|l| map.lanes.get(l as usize)).map_or(0.0, |l| l.length_m.max(0.0) / l.speed_mps.max(0.1));
        turns.push((from, to, over));
        let way = match connection.light {
            Some((light, place)) => green(map, light, place),
            None => match connection.right_of_way {
                RightOfWay::Minor | RightOfWay::Stop | RightOfWay::AllWayStop | RightOfWay::Equal | RightOfWay::Zipper => capacities.minor,
                _ => 1.0,
            },
        };
        let best = &mut part[from as usize];
        *best = Some(best.map_or(way, |b| b.max(way)));
    }
    for (n, edge) in (0_u32..).zip(&map.edges).filter(|(_, e)| e.kind == EdgeKind::Normal) {
        let lanes: Vec<u32> = edge.lanes.clone().filter(open).collect();
        let Some(first) = lanes.first().and_then(|l| map.lanes.get(*l as usize)) else { continue };
        begins[n as usize] = Some(nodes);
        let share = part[n as usize].unwrap_or(1.0).max(0.05);
        let capacity = edge.capacity_per_h.filter(|c| *c > 0.0).unwrap_or(capacities.saturation_per_h * lanes.len() as f64 * share);
        let [b, power] = capacities.bpr;
        all.network.links.push(CostLink { from: nodes, to: nodes + 1, capacity, free: first.length_m.max(0.0) / first.speed_mps.max(0.1), b, power, fixed: 0.0, length: first.length_m });
        all.edges.push(Some(n));
        nodes += 2;
    }
    let mut join = |from: u32, to: u32, free: f64| {
        all.network.links.push(CostLink { from, to, capacity: 1.0, free, b: 0.0, power: 0.0, fixed: 0.0, length: 0.0 });
        all.edges.push(None);
    };
    // Of several lanes' ways between two edges the quickest.
    turns.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    turns.dedup_by_key(|t| (t.0, t.1));
    for (from, to, seconds) in turns {
        if let (Some(a), Some(b)) = (begins[from as usize], begins[to as usize]) {
            join(a + 1, b, seconds);
        }
    }
    for (zone, z) in (0_u32..).zip(zones) {
        for (ends, source) in [(&z.sources, true), (&z.sinks, false)] {
            let mut edges: Vec<u32> = ends.iter().filter(|(_, w)| *w > 0.0).map(|(e, _)| *e).collect();
            edges.sort_unstable();
            edges.dedup();
            for begin in edges.into_iter().filter_map(|e| begins.get(e as usize).copied().flatten()) {
                if source { join(zone, begin, 0.0) } else { join(begin + 1, zone, 0.0) }
            }
        }
    }
    all.network.nodes = nodes;
    all.network.zones = zone_count;
    all.network.first_through = zone_count;
    all.network.names = zones.iter().map(|z| z.id.clone()).collect();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::traffic::{MapConnection, MapEdge, MapLane, SignalPhase, SignalPlan};

    #[test]
    fn turns_zones_and_green_time() {
        let lane = |edge, allowed| MapLane { edge, allowed, length_m: 100.0, speed_mps: 10.0, ..MapLane::default() };
        let connection = |from, to, light, right_of_way| MapConnection { from, to, light, right_of_way, ..MapConnection::default() };
        let phase = |duration_ms, light| SignalPhase { duration_ms, bounds_ms: None, lights: vec![light], next: vec![] };
        let map = RoadMap {
            edges: (0..4).map(|n| MapEdge { id: format!("e{n}"), lanes: n..n + 1, ..MapEdge::default() }).collect(),
            lanes: vec![lane(0, RoadUsers::ALL), lane(1, RoadUsers::ALL), lane(2, RoadUsers::ALL), lane(3, RoadUsers::PEDESTRIAN)],
            connections: vec![
                connection(0, 1, Some((0, 0)), RightOfWay::Signal),
                connection(0, 1, Some((0, 0)), RightOfWay::Signal),
                connection(1, 2, None, RightOfWay::Minor),
                connection(1, 3, None, RightOfWay::Major),
            ],
            lights: vec!["s".into()],
            plans: vec![SignalPlan { light: "s".into(), phases: vec![phase(30_000, SignalLight::GreenMajor), phase(60_000, SignalLight::Red)], ..SignalPlan::default() }],
            ..RoadMap::default()
        };
        let zones = [Zone { id: "a".into(), sources: vec![(0, 1.0), (3, 1.0)], sinks: vec![] }, Zone { id: "b".into(), sources: vec![], sinks: vec![(2, 2.0)] }];
        let links = road_links(&map, &zones, RoadUsers::PASSENGER, &Capacities::default());
        let n = &links.network;
        assert_eq!((n.nodes, n.zones, n.first_through, n.links.len()), (2 + 6, 2, 2, 3 + 2 + 2));
        // A third of the time is green; who gives way has half; the last goes where it likes.
        let capacities: Vec<f64> = n.links[..3].iter().map(|l| l.capacity).collect();
        assert!((capacities[0] - 1900.0 / 3.0).abs() < 1e-9 && capacities[1] == 950.0 && capacities[2] == 1900.0, "{capacities:?}");
        assert_eq!(n.links.iter().map(|l| (l.from, l.to)).collect::<Vec<_>>(), [(2, 3), (4, 5), (6, 7), (3, 4), (5, 6), (0, 2), (7, 1)]);
        assert_eq!(links.edges[..4], [Some(0), Some(1), Some(2), None]);
        assert_eq!((n.links[0].free, n.name(1)), (10.0, "b".to_owned()));
    }
}
