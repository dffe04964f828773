use super::*;
use crate::geo::{P, bounds, contains, dist, edges, gap, to_ring, to_segment};
use crate::plan::street::Road;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

struct City {
    plan: Plan,
    water: Water,
    buildings: Vec<Building>,
    doc: Doc,
    drawn: draw::Drawn,
    goals: Vec<ground::Goal>,
}

/// One city for all tests, as it takes a second to build.
fn city() -> &'static City {
    static CITY: OnceLock<City> = OnceLock::new();
    CITY.get_or_init(build)
}

fn build() -> City {
    let (plan, water) = (plan(), water());
    let (buildings, taken) = buildings(&plan, &water, 1);
    let mut doc = Doc::default();
    let drawn = draw::draw(&plan, &water, &mut doc);
    let goals = ground::draw(&plan, &water, &mut doc, &station::entrances(), &taken, 1);
    City { plan, water, buildings, doc, drawn, goals }
}

#[test]
fn buildings_stand_apart_off_the_streets_and_dry() {
    let c = city();
    assert!(c.buildings.len() >= 3000, "{}", c.buildings.len());
    assert!(c.buildings.iter().filter(|b| b.lod == "3").count() >= 30);
    let boxes: Vec<[f64; 4]> = c.buildings.iter().map(|b| bounds(&b.footprint)).collect();
    for (i, a) in c.buildings.iter().enumerate() {
        for j in i + 1..c.buildings.len() {
            let (p, q) = (boxes[i], boxes[j]);
            if p[0] <= q[2] && q[0] <= p[2] && p[1] <= q[3] && q[1] <= p[3] {
                assert!(gap(&a.footprint, &c.buildings[j].footprint) > 1.0, "{:?} and {:?}", a.name, c.buildings[j].name);
            }
        }
        let off_street = |r: &Road| {
            let line: Vec<P> = r.curve.samples(r.from, r.to).into_iter().map(|t| r.curve.at(t)).collect();
            line.windows(2).all(|w| a.footprint.iter().all(|p| to_segment(*p, w[0], w[1]) > r.half_width() + 2.0))
        };
        assert!(c.plan.streets.roads.iter().all(off_street), "{:?} at {:?}", a.name, a.footprint[0]);
        let wet = c.water.canals.iter().chain([&c.water.sea]).any(|w| a.footprint.iter().any(|p| contains(w, *p)));
        let on_lake = a.footprint.iter().any(|p| contains(&c.water.lake, *p)) && !c.water.on_island(&a.footprint, 2.0);
        assert!(!wet && !on_lake, "{:?} at {:?}", a.name, a.footprint[0]);
    }
}

#[test]
fn no_landmark_was_refused_and_the_skyline_rises_in_the_west() {
    let c = city();
    for name in ["滴水湖莲花博物馆", "天文馆", "航海博物馆", "滴水湖歌剧院", "临港双塔·北塔", "临港双塔·南塔", "西岛新月酒店", "海洋馆穹顶", "鲸豚剧场", "南汇嘴灯塔", "滴水湖天地", "站前酒店"] {
        assert!(c.buildings.iter().any(|b| b.name.as_ref().is_some_and(|n| n.0 == name)), "{name}");
    }
    let mean = |west: bool| {
        let h: Vec<f64> = c.buildings.iter().filter(|b| (b.footprint[0][0] < -1300.0) == west).map(Building::height).collect();
        h.iter().sum::<f64>() / h.len() as f64
    };
    assert!(mean(true) > 1.3 * mean(false), "{} {}", mean(true), mean(false));
}

#[test]
fn footways_pass_by_buildings() {
    let c = city();
    let boxes: Vec<[f64; 4]> = c.buildings.iter().map(|b| bounds(&b.footprint)).collect();
    let mut through: Vec<String> = Vec::new();
    for w in c.doc.ways.iter().filter(|w| is_footway(&w.tags)) {
        for pair in w.nodes.windows(2) {
            let (a, b) = (c.doc.nodes[pair[0]].at, c.doc.nodes[pair[1]].at);
            let o = bounds(&[a, b]);
            for (f, q) in c.buildings.iter().zip(&boxes) {
                let near = o[0] <= q[2] && q[0] <= o[2] && o[1] <= q[3] && q[1] <= o[3];
                if near && edges(&f.footprint).any(|(p, q)| crate::geo::crossing(a, b, p, q).is_some()) {
                    through.push(format!("{:?} at {:?}: {:?} from {a:?} to {b:?}", f.name, f.footprint[0], w.tags));
                }
            }
        }
    }
    assert!(through.is_empty(), "{}", through.join("\n"));
}

fn is_footway(tags: &[(&str, String)]) -> bool {
    let walk = tags.iter().any(|(k, v)| *k == "highway" && matches!(v.as_str(), "footway" | "pedestrian" | "steps"));
    walk && !tags.iter().any(|(k, _)| *k == "area")
}

fn reached(start: usize, next: &BTreeMap<usize, Vec<usize>>) -> BTreeSet<usize> {
    let (mut seen, mut queue) = (BTreeSet::from([start]), VecDeque::from([start]));
    while let Some(n) = queue.pop_front() {
        for m in next.get(&n).into_iter().flatten() {
            if seen.insert(*m) {
                queue.push_back(*m);
            }
        }
    }
    seen
}

#[test]
fn one_walks_from_every_exit_to_every_goal() {
    let c = city();
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for w in c.doc.ways.iter().filter(|w| is_footway(&w.tags)) {
        for p in w.nodes.windows(2) {
            next.entry(p[0]).or_default().push(p[1]);
            next.entry(p[1]).or_default().push(p[0]);
        }
    }
    let exits = station::entrances();
    assert_eq!(exits.len(), 5);
    for (name, at) in &exits {
        let start = c.doc.find(*at).unwrap_or_else(|| panic!("no node at {name}"));
        assert!(c.doc.nodes[start].tags.iter().any(|(k, v)| *k == "railway" && v == "subway_entrance"));
        let seen = reached(start, &next);
        for g in c.goals.iter() {
            let near = seen.iter().map(|n| dist(c.doc.nodes[*n].at, g.at)).fold(f64::INFINITY, f64::min);
            assert!(near < 45.0, "{name} to {}: {near}", g.id);
        }
    }
    // Hardly anything lies apart from the rest.
    let all = reached(c.doc.find(exits[0].1).unwrap(), &next);
    assert!(all.len() * 100 > next.len() * 98, "{} of {}", all.len(), next.len());
}

#[test]
fn one_drives_from_everywhere_to_everywhere() {
    let c = city();
    let (mut on, mut back): (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, Vec<usize>>) = Default::default();
    for p in &c.drawn.pieces {
        let w = &c.doc.ways[p.way];
        let oneway = w.tags.iter().any(|(k, _)| *k == "oneway");
        for n in w.nodes.windows(2) {
            for (a, b) in [(n[0], n[1]), (n[1], n[0])].into_iter().take(if oneway { 1 } else { 2 }) {
                on.entry(a).or_default().push(b);
                back.entry(b).or_default().push(a);
            }
        }
    }
    let start = *c.drawn.signals.first().unwrap();
    let nodes: BTreeSet<usize> = on.keys().chain(back.keys()).copied().collect();
    let gates = nodes.iter().filter(|n| crate::geo::len(c.doc.nodes[**n].at) > 3900.0).count();
    assert_eq!(gates, 5);
    // The two ends of the main axis are where traffic enters and leaves the map.
    assert_eq!(reached(start, &on).len(), nodes.len() - 1);
    assert_eq!(reached(start, &back).len(), nodes.len() - 1);
}

#[test]
fn bridges_cross_water_and_the_closed_one_is_on_the_main_axis() {
    let c = city();
    let bridges: Vec<&draw::Piece> = c.drawn.pieces.iter().filter(|p| p.bridge).collect();
    assert!(bridges.len() >= 20, "{}", bridges.len());
    for b in &bridges {
        let wet = c.water.canals.iter().any(|w| contains(w, b.middle) || to_ring(b.middle, w) < 6.0);
        assert!(wet, "{:?}", b.middle);
    }
    let inputs = demand::Inputs {
        plan: &c.plan, doc: &c.doc, drawn: &c.drawn, car_parks: &parking::car_parks(), neighbourhoods: &[], goals: &c.goals, platforms: &[], seed: 1,
    };
    let closed = demand::axis_bridge(&inputs);
    assert_eq!(closed.len(), 2);
    for id in closed {
        let way: usize = id.trim_start_matches("osm:way/").parse().unwrap();
        let tags = &c.doc.ways[way - 1].tags;
        assert!(tags.iter().any(|(k, v)| *k == "bridge" && v == "yes") && tags.iter().any(|(k, v)| *k == "name" && v == "临港大道"));
    }
}

#[test]
fn thinning_keeps_landmarks_and_refuses_more_than_there_are() {
    let all = city().buildings.clone();
    let n = all.len() as u32;
    let few = thin(all.clone(), Some(500)).unwrap();
    assert_eq!(few.len(), 500);
    assert_eq!(few.iter().filter(|b| b.name.is_some()).count(), all.iter().filter(|b| b.name.is_some()).count());
    assert!(matches!(thin(all, Some(n + 1)), Err(SampleError::TooMany { holds, .. }) if holds == n));
}
