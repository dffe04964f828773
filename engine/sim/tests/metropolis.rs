//! The metropolis beside theory, beside the queue model of scenarios, and beside itself with other numbers of threads.

use qike_sim::metropolis::Metropolis;
use qike_sim::metropolis::city::{City, Class, PER_NODE};
use qike_sim::metropolis::hops::{Hops, NO_WAY};
use qike_network::traffic::{
    Arrival, DepartLane, DepartPos, DepartSpeed, EdgeKind, MapConnection, MapEdge, MapJunction, MapLane, NodeKind, Path, PathRef, Release, Request, RightOfWay, RoadMap, RoadUsers,
    SignalLight, SignalPhase, SignalPlan, TrafficScenario, Travel, TypeRef,
};
use qike_sim::TrafficModel;
use qike_sim::metropolis::city::{CYCLE, Crossing, GREEN, car};
use qike_sim::metropolis::plans::{Mode, plans};
use qike_sim::queue::Queues;

const PERSONS: u64 = 40_000;

fn day(threads: usize) -> Metropolis {
    let mut city = Metropolis::new(PERSONS, 7, threads).unwrap();
    city.run_until(86_400_000);
    city
}

#[test]
fn a_day_is_the_same_for_1_2_and_8_threads() {
    let one = day(1).figures();
    assert_eq!(one, day(2).figures());
    assert_eq!(one, day(8).figures());
    assert!(one.sums.ended.iter().all(|n| *n > 1000), "all modes are used: {one:?}");
}

/// Everybody is somewhere at any time: done for the day, staying, or on the way; and each trip that began ends or is under way.
#[test]
fn nobody_is_lost_at_any_hour() {
    let mut city = Metropolis::new(PERSONS, 3, 2).unwrap();
    for hour in 1..=24 {
        city.run_until(hour * 3_600_000);
        let f = city.figures();
        let under_way: u64 = f.now[..4].iter().sum();
        assert_eq!(f.sums.begun.iter().sum::<u64>() - f.sums.ended.iter().sum::<u64>(), under_way, "at {hour}:00");
        assert_eq!(f.sums.done + f.now[4] + under_way, PERSONS, "at {hour}:00");
        assert_eq!(f.sums.lost, 0);
    }
}

#[test]
fn a_fork_of_the_running_city_goes_on_bit_by_bit() {
    let mut city = Metropolis::new(PERSONS, 5, 2).unwrap();
    city.run_until(8 * 3_600_000);
    let mut fork = city.clone();
    city.run_until(10 * 3_600_000);
    fork.run_until(10 * 3_600_000);
    assert_eq!(city.figures(), fork.figures());
}

/// What a way costs by the tables is what Bellman and Ford's repetition finds: to any node of the zone of the end, and inside it.
#[test]
fn ways_by_tables_cost_as_little_as_any() {
    let city = City::new(80_000, 1);
    let hops = Hops::new(&city);
    let nodes = city.side * city.side;
    for to in [0, nodes / 2 + city.side / 2, nodes - 1] {
        let mut least = vec![u32::MAX / 2; nodes as usize];
        (0..nodes).filter(|n| city.zone(*n) == city.zone(to)).for_each(|n| least[n as usize] = 0);
        let mut changed = true;
        while changed {
            changed = false;
            for (n, link) in city.links.iter().enumerate().filter(|(_, l)| l.class != Class::None) {
                let sum = least[link.to as usize] + city.alone(n as u32) / 250;
                if sum < least[n / 4] {
                    (least[n / 4], changed) = (sum, true);
                }
            }
        }
        for from in 0..nodes {
            let (mut at, mut cost, mut steps) = (from, 0, 0);
            while at != to {
                let way = hops.next(&city, at, to);
                assert!(way < NO_WAY && steps < nodes, "from {from} to {to}");
                let link = &city.links[(at * 4 + u32::from(way)) as usize];
                if city.zone(at) != city.zone(to) {
                    cost += city.alone(at * 4 + u32::from(way)) / 250;
                }
                (at, steps) = (link.to, steps + 1);
            }
            assert_eq!(cost, least[from as usize], "from {from} to {to}");
        }
    }
}

#[test]
fn the_city_has_links_in_proportion_to_its_people_and_people_go_where_there_are_jobs() {
    for persons in [100_000, 1_000_000] {
        let city = City::new(persons, 1);
        let nodes = f64::from(city.side * city.side);
        assert!((nodes * PER_NODE as f64 / persons as f64 - 1.0).abs() < 0.15);
    }
    let city = City::new(300_000, 1);
    let all = plans(&city, 300_000, 1);
    let trips: usize = all.iter().map(|p| p.trips()).sum();
    assert!((2.2..2.9).contains(&(trips as f64 / 300_000.0)), "{trips} trips");
    // Each chain ends at home, where it began, and who drives does so all day.
    for plan in all.iter().filter(|p| p.trips() > 0) {
        let last = plan.trip(&city, plan.trips() - 1);
        assert_eq!(last.to, plan.trip(&city, 0).from);
        let cars = (0..plan.trips()).filter(|n| plan.trip(&city, *n).mode == Mode::Car).count();
        assert!(cars == 0 || cars == plan.trips());
    }
}

#[test]
fn numbers_that_make_no_sense_are_told() {
    for (persons, threads, told) in [(10, 1, "persons"), (u64::MAX, 1, "persons"), (PERSONS, 0, "threads"), (PERSONS, 1000, "threads")] {
        let error = Metropolis::new(persons, 1, threads).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(told), "{error}");
    }
}

/// The streets of a city as a map of lanes: ways over junctions take no room, from all lanes one may go anywhere, lights as in the city.
fn map(city: &City) -> (RoadMap, Vec<u32>) {
    let (mut map, mut edges) = (RoadMap::default(), vec![u32::MAX; city.links.len()]);
    let at = |node: u32| [f64::from(node % city.side) * 400.0, f64::from(node / city.side) * 400.0, 0.0];
    for (n, crossing) in city.crossings.iter().enumerate() {
        let kind = if *crossing == Crossing::Signal { NodeKind::Signal } else { NodeKind::Priority };
        map.junctions.push(MapJunction { id: format!("n{n}"), kind, position: at(n as u32), ..MapJunction::default() });
    }
    for (n, link) in city.links.iter().enumerate().filter(|(_, l)| l.class != Class::None) {
        let (first, count, edge) = (map.lanes.len() as u32, link.lanes, map.edges.len() as u32);
        let limit = [11.11, 11.11, 16.67, 22.22][link.class as usize];
        for index in 0..count {
            let shape = vec![at(n as u32 / 4), at(link.to)];
            let lane = MapLane { id: format!("e{n}_{index}"), edge, index, speed_mps: limit, length_m: f64::from(link.length), width_m: 3.2, shape, ..MapLane::default() };
            map.lanes.push(MapLane { allowed: RoadUsers::ALL, change_left: RoadUsers::ALL, change_right: RoadUsers::ALL, ..lane });
        }
        edges[n] = edge;
        let ends = (Some(n as u32 / 4), Some(link.to));
        map.edges.push(MapEdge { id: format!("e{n}"), kind: EdgeKind::Normal, from: ends.0, to: ends.1, priority: 1, lanes: first..first + u32::from(count), ..MapEdge::default() });
        map.junctions[link.to as usize].incoming.extend(first..first + u32::from(count));
    }
    let mut index = vec![0u16; city.crossings.len()];
    let mut axes = vec![Vec::new(); city.crossings.len()];
    for lane in 0..map.lanes.len() {
        let from = map.lanes[lane].clone();
        let link = edges.iter().position(|e| *e == from.edge).unwrap();
        let node = city.links[link].to as usize;
        for out in (0..4).filter(|way| *way != (link + 2) % 4).map(|way| node * 4 + way).filter(|out| edges[*out] != u32::MAX) {
            let lanes = map.edges[edges[out] as usize].lanes.clone();
            let signal = city.crossings[node] == Crossing::Signal;
            let light = signal.then_some((0, index[node])).map(|(_, n)| (city.crossings[..node].iter().filter(|c| **c == Crossing::Signal).count() as u32, n));
            let way = if signal { RightOfWay::Signal } else { RightOfWay::Major };
            map.connections.push(MapConnection { from: lane as u32, to: lanes.start + u32::from(from.index).min(lanes.len() as u32 - 1), right_of_way: way, light, ..MapConnection::default() });
            axes[node].push(link % 2);
            index[node] += 1;
        }
    }
    for (node, axes) in axes.iter().enumerate() {
        map.junctions[node].requests = axes.iter().map(|_| Request { gives_way: vec![0; axes.len().div_ceil(64)], meets: vec![0; axes.len().div_ceil(64)], waits_inside: false }).collect();
        if city.crossings[node] == Crossing::Signal {
            let id = format!("n{node}");
            let phase = |ms: u32, green: Option<usize>| {
                let lights = axes.iter().map(|a| if Some(*a) == green { SignalLight::GreenMajor } else { SignalLight::Red }).collect();
                SignalPhase { duration_ms: i64::from(ms), bounds_ms: None, lights, next: Vec::new() }
            };
            let phases = vec![phase(GREEN, Some(0)), phase(CYCLE / 2 - GREEN, None), phase(GREEN, Some(1)), phase(CYCLE / 2 - GREEN, None)];
            map.lights.push(id.clone());
            map.plans.push(SignalPlan { light: id, program: "0".into(), phases, offset_ms: i64::from(city.offsets[node]), ..SignalPlan::default() });
        }
    }
    (map, edges)
}

/// Trips by car take as long as in the queue model of lanes, on the same streets with the same lights: as good as alone, and where
/// eighteen times as many live as the streets were built for; with twenty times as many queues spill back until the city jams.
#[test]
fn drivers_take_as_long_as_in_the_queue_model_of_lanes() {
    for (crowd, near) in [(1, 0.01), (18, 0.02)] {
        let persons = 20_000 * crowd;
        let mut city = City::new(20_000, 2);
        // The map has no signs: only lights and queues hold anybody up.
        city.crossings.iter_mut().filter(|c| **c != Crossing::Signal).for_each(|c| *c = Crossing::Free);
        let hops = Hops::new(&city);
        let (map, edges) = map(&city);
        let mut scenario = TrafficScenario { name: "city".into(), map, ..TrafficScenario::default() };
        scenario.demand.kinds = vec![car()];
        for (who, plan) in plans(&city, persons, 2).iter().enumerate() {
            let mut came = 0;
            for n in 0..plan.trips() {
                let trip = plan.trip(&city, n);
                let departs = plan.leaves(n, came);
                came = departs;
                if trip.mode != Mode::Car || trip.from == trip.to {
                    continue;
                }
                let (mut at, mut path) = (trip.from, Vec::new());
                while at != trip.to {
                    let link = at * 4 + u32::from(hops.next(&city, at, trip.to));
                    path.push(edges[link as usize]);
                    (at, came) = (city.links[link as usize].to, came + city.links[link as usize].free_ms);
                }
                if departs >= 86_400_000 {
                    break;
                }
                let number = scenario.demand.paths.len() as u32;
                scenario.demand.paths.push(Path { edges: path, ..Path::default() });
                let travel = Travel {
                    kind: TypeRef::Kind(0),
                    path: PathRef::Path(number),
                    lane: DepartLane::default(),
                    at: DepartPos::At(0.0),
                    speed: DepartSpeed::default(),
                    arrival: Arrival::default(),
                    stops: Vec::new(),
                    line: None,
                    speed_factor: None,
                };
                scenario.demand.vehicles.push((format!("p{who}t{n}"), Release::At(i64::from(departs)), travel));
            }
        }
        scenario.demand.vehicles.sort_by_key(|v| if let Release::At(at) = v.1 { at } else { 0 });
        let mut queues = Queues::new(&scenario, 1).unwrap();
        let mut rows = Vec::new();
        while !queues.finished() && queues.now_ms() < 100_000_000 {
            queues.step();
            rows.extend(queues.take_trips());
        }
        let theirs = rows.iter().map(|r| r.duration_ms as f64 / 1000.0).sum::<f64>() / rows.len() as f64;
        let mut ours = Metropolis::in_city(city, persons, 2, 1).unwrap();
        ours.run_until(86_400_000);
        let f = ours.figures().sums;
        let mean = f.took_ms[0] as f64 / 1000.0 / f.ended[0] as f64;
        let way = |m: f64, n: f64| m / n;
        println!("{persons} persons: {} trips of {mean:.1} s and {:.0} m; by lanes {} of {theirs:.1} s and {:.0} m; squeezed {}", f.ended[0], way(f.way_dm[0] as f64 / 10.0, f.ended[0] as f64), rows.len(), rows.iter().map(|r| r.length_m).sum::<f64>() / rows.len() as f64, f.squeezed);
        assert!(rows.len() as f64 / f.ended[0] as f64 > 0.97);
        assert!((mean / theirs - 1.0).abs() < near, "{mean} s, by lanes {theirs} s");
    }
}
