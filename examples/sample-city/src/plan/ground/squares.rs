//! The station square, the ocean park, the islands in the lake.

use super::shore::PROMENADE;
use super::{Goal, near_vertex};
use crate::geo::{P, add, angle, band, contains, dist, ellipse, len, lerp, polar, scale, sub};
use crate::out::osm::{Doc, tags};
use crate::plan::lingang::*;
use crate::plan::water::{ISLANDS, Water};

/// The square above the station: paving, a path from every entrance to the four pavements around it.
pub fn station(plan: &Plan, doc: &mut Doc, entrances: &[(String, P)]) -> Option<Goal> {
    let cell = plan.cells.iter().find(|c| c.sector == 8 && c.band == Band::Lakeside)?;
    let square = band([0.0; 2], 1440.0, 1700.0, 166.0f64.to_radians(), 174.0f64.to_radians(), 12);
    let name = tags(&[("highway", "pedestrian"), ("area", "yes"), ("place", "square"), ("name", "滴水湖站前广场"), ("name:en", "Station Square"), ("surface", "granite")]);
    let way = doc.area(&square, name);
    let centre = polar(STATION.1, STATION.0.to_radians());
    let hub = |r: f64| polar(r, STATION.0.to_radians());
    let spine: Vec<P> = [1412.0, 1455.0, 1500.0, 1545.0, 1585.0, 1625.0, 1670.0, 1715.0].iter().map(|r| hub(*r)).collect();
    let mut line = vec![near_vertex(doc, hub(1412.0), 20.0)];
    line.extend(&spine[1..7]);
    line.push(near_vertex(doc, hub(1737.0), 20.0));
    doc.line(&line, tags(&[("highway", "pedestrian"), ("name", "站前大街"), ("name:en", "Station Promenade"), ("surface", "granite"), ("width", "14")]));
    for (name, p) in entrances {
        let n = doc.node(*p);
        doc.nodes[n].tags = tags(&[("entrance", "yes"), ("railway", "subway_entrance"), ("name", name), ("ref", name)]);
        let near = spine[1..7].iter().min_by(|a, b| dist(**a, *p).total_cmp(&dist(**b, *p))).copied().unwrap_or(centre);
        doc.line(&[*p, near], tags(&[("highway", "footway"), ("surface", "granite"), ("width", "6")]));
        let out = add(*p, scale(sub(*p, near), 60.0 / dist(*p, near).max(1.0)));
        let side = near_vertex(doc, polar(len(out), angle(out)), 260.0);
        if contains(&cell.ring, lerp(*p, side, 0.5)) {
            doc.line(&[*p, side], tags(&[("highway", "footway"), ("surface", "granite"), ("width", "6")]));
        }
    }
    for (d0, d1) in [(164.9, 165.8), (174.2, 175.1)] {
        doc.area(&band([0.0; 2], 1450.0, 1694.0, f64::to_radians(d0), f64::to_radians(d1), 8), tags(&[("landuse", "grass")]));
    }
    let axis = |d: f64| polar(d, 180f64.to_radians());
    let rail: Vec<P> = [1500.0, 1700.0, 2000.0, 2500.0, 3200.0, 4200.0].iter().map(|r| hub(*r)).collect();
    doc.line(&rail, tags(&[("railway", "subway"), ("name", "轨道交通16号线"), ("name:en", "Metro Line 16"), ("layer", "-3"), ("tunnel", "yes")]));
    // Lawn down the middle of the main axis.
    for (a, b) in [(1425.0, 1735.0), (1775.0, 1898.0), (1912.0, 2020.0), (2080.0, 2188.0), (2202.0, 2330.0), (2370.0, 2640.0), (2660.0, 2930.0), (2970.0, 3155.0)] {
        let half = AXIS_HALF - 6.5;
        let (p, q) = (axis(a), axis(b));
        doc.area(&[[p[0], half], [q[0], half], [q[0], -half], [p[0], -half]], tags(&[("landuse", "grass")]));
    }
    let object = format!("osm:way/{}", way + 1);
    Some(Goal { id: "station-square", name: ("滴水湖站前广场", "Station Square"), at: hub(1500.0), object, share: 0.0, visitors: (15000.0, 14.0) })
}

/// The ocean park's lagoon.
pub fn lagoon() -> Vec<P> {
    ellipse(polar(2560.0, 256.4f64.to_radians()), 74.0, 46.0, 0.9, 36)
}

/// The ocean park's squares and walks.
pub fn ocean_park(doc: &mut Doc) -> Goal {
    let at = |deg: f64, r: f64| polar(r, deg.to_radians());
    let square = |r0: f64, r1: f64| band([0.0; 2], r0, r1, 248.2f64.to_radians(), 250.8f64.to_radians(), 6);
    let paved = |zh: &str, en: &str| tags(&[("highway", "pedestrian"), ("area", "yes"), ("place", "square"), ("name", zh), ("name:en", en)]);
    doc.area(&square(2408.0, 2446.0), paved("海洋公园中心广场", "Ocean Park Plaza"));
    let way = doc.area(&square(2367.0, 2384.0), paved("海洋公园入口广场", "Ocean Park Forecourt"));
    let start = near_vertex(doc, at(249.5, 2364.5), 30.0);
    let walk = tags(&[("highway", "pedestrian"), ("name", "海洋大道"), ("surface", "paving_stones")]);
    doc.line(&[start, at(250.3, 2376.0), at(250.4, 2396.0), at(250.3, 2412.0), at(249.5, 2425.0), at(249.6, 2525.0), at(249.6, 2650.0), at(249.0, 2820.0)], walk);
    let path = tags(&[("highway", "footway"), ("surface", "paving_stones")]);
    let arc = |r: f64, d0: f64, d1: f64| -> Vec<P> { (0..=6).map(|i| at(d0 + (d1 - d0) * f64::from(i) / 6.0, r)).collect() };
    // Two loops, one around the aquarium, one around the lagoon.
    doc.line(&arc(2650.0, 249.6, 244.9), path.clone());
    doc.line(&[at(244.9, 2650.0), at(244.7, 2560.0), at(245.4, 2470.0), at(248.4, 2440.0), at(249.5, 2425.0)], path.clone());
    doc.line(&arc(2545.0, 249.6, 254.6), path.clone());
    doc.line(&[at(254.6, 2545.0), at(254.4, 2470.0), at(253.0, 2428.0), at(250.8, 2420.0), at(249.5, 2425.0)], path.clone());
    doc.line(&[at(254.6, 2545.0), at(254.5, 2640.0), at(252.6, 2672.0), at(249.6, 2650.0)], path);
    doc.area(&lagoon(), tags(&[("natural", "water"), ("water", "pond"), ("name", "海豚湾")]));
    let object = format!("osm:way/{}", way + 1);
    Goal { id: "ocean-park", name: ("海洋公园", "Ocean Park"), at: at(250.3, 2376.0), object, share: 0.0, visitors: (12000.0, 13.0) }
}

/// Islands: gardens with a ring path and a footbridge to the promenade.
pub fn islands(water: &Water, doc: &mut Doc) {
    for (ring, island) in water.islands.iter().zip(ISLANDS) {
        doc.area(&crate::build::solid::scaled(ring, 0.97), tags(&[("leisure", "park"), ("name", "湖心岛")]));
        let c = island.middle();
        let path = island.oval(0.72, 32);
        doc.area(&path, tags(&[("highway", "footway")]));
        let shore = polar(PROMENADE, island.deg.to_radians());
        let gate = path.iter().copied().min_by(|a, b| dist(*a, shore).total_cmp(&dist(*b, shore))).unwrap_or(c);
        doc.line(&[shore, gate], tags(&[("highway", "footway"), ("bridge", "yes"), ("layer", "1"), ("name", "长堤")]));
    }
}

