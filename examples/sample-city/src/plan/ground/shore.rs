//! The promenade around the lake, the sea wall and the beach.

use super::{Goal, near_vertex};
use crate::geo::{P, band, polar};
use crate::out::osm::{Doc, tags};
use crate::plan::curve::Curve;
use crate::plan::lingang::*;
use crate::plan::water::Water;

/// The footway along the water, the band of paving around it.
pub const PROMENADE: f64 = 1274.0;
const PAVED: (f64, f64) = (1255.0, 1292.0);
/// Circles about the coast's centre: sea-wall walk, top of the beach, walk on the sand.
pub const SEA_WALL: f64 = 5914.0;
const BEACH_TOP: f64 = 5922.0;
const SAND_WALK: f64 = 5962.0;
/// Half the beach's length, radians about the coast's centre.
const BEACH_HALF: f64 = 0.16;

/// A square on the promenade that is a goal; `deg` is its direction from the lake's middle.
struct Shore {
    id: &'static str,
    deg: f64,
    name: (&'static str, &'static str),
    share: f64,
    visitors: (f64, f64),
}

const SHORES: [Shore; 3] = [
    Shore { id: "lake-west", deg: 170.0, name: ("西岸观景台", "West Shore"), share: 0.56, visitors: (9000.0, 15.5) },
    Shore { id: "lake-north", deg: 130.0, name: ("北岸观景台", "North Shore"), share: 0.18, visitors: (4200.0, 16.0) },
    Shore { id: "lake-south", deg: 225.0, name: ("南岸观景台", "South Shore"), share: 0.18, visitors: (3600.0, 16.5) },
];

/// The walk around the lake, paved squares along it, and a path to Ring 1 at every radial.
pub fn promenade(plan: &Plan, water: &Water, doc: &mut Doc) -> Vec<Goal> {
    let walk = ring(PROMENADE);
    let side = plan.streets.roads[plan.rings[0]].pavement(1.0);
    let Curve::Circle { radius: side_r, .. } = side else { return vec![] };
    let mouths: Vec<f64> = CANALS.iter().map(|c| c.0).collect();
    let spokes: Vec<f64> = (0..72).map(|i| 5.0 * f64::from(i)).filter(|d| mouths.iter().all(|m| (m - d).abs() > 2.0)).collect();
    for i in 0..72 {
        let (d0, d1) = (5.0 * f64::from(i), 5.0 * f64::from(i + 1));
        let points: Vec<P> = walk.samples(d0.to_radians(), d1.to_radians()).into_iter().map(|t| walk.at(t)).collect();
        for (part, bridge) in water.split(&points) {
            let mut t = tags(&[("highway", "pedestrian"), ("name", "环湖步道"), ("name:en", "Lake Promenade"), ("surface", "paving_stones")]);
            if bridge {
                t.extend(tags(&[("bridge", "yes"), ("layer", "1")]));
            }
            doc.line(&part, t);
        }
    }
    let cycle = ring(1304.0);
    for i in 0..36 {
        let (a, b) = (10f64.to_radians() * f64::from(i), 10f64.to_radians() * f64::from(i + 1));
        let points: Vec<P> = cycle.samples(a, b).into_iter().map(|t| cycle.at(t)).collect();
        for (part, bridge) in water.split(&points) {
            let mut t = tags(&[("highway", "cycleway"), ("name", "环湖骑行道"), ("foot", "no"), ("surface", "asphalt")]);
            if bridge {
                t.extend(tags(&[("bridge", "yes"), ("layer", "1")]));
            }
            doc.line(&part, t);
        }
    }
    for d in &spokes {
        let a = d.to_radians();
        // Every second radial has crossings beside it, so spokes start where a pavement vertex is: at its own angle.
        let start = near_vertex(doc, polar(side_r, a), 14.0);
        let mut t = tags(&[("highway", "footway"), ("surface", "paving_stones")]);
        let wide = (d % 20.0) == 0.0;
        if wide {
            t[0].1 = "pedestrian".into();
        }
        // The crowds of a holiday come this way.
        t.extend(tags(&[("width", if wide { "12" } else { "10" })]));
        doc.line(&[start, polar(1304.0, a), polar(PROMENADE, a)], t);
    }
    let mut goals = Vec::new();
    let name = tags(&[("highway", "pedestrian"), ("area", "yes"), ("place", "square"), ("name", "滴水湖滨水广场"), ("surface", "paving_stones")]);
    let sides: Vec<f64> = {
        let mut s: Vec<f64> = (0..18).map(|k| 20.0 * f64::from(k)).chain(mouths.iter().copied()).collect();
        s.sort_by(f64::total_cmp);
        s
    };
    for (i, d0) in sides.iter().enumerate() {
        let d1 = if i + 1 < sides.len() { sides[i + 1] } else { sides[0] + 360.0 };
        let cut = |d: f64, lateral: f64| if mouths.contains(&(d % 360.0)) { ray(d, lateral * (CANAL_HALF + 3.0)) } else { ray(d, lateral * 0.0) };
        let lines = [cut(*d0, 1.0), ring(PAVED.1), cut(d1, -1.0), ring(PAVED.0)];
        let Some((_, ring)) = outline(&lines, polar(PROMENADE, ((d0 + d1) / 2.0).to_radians())) else { continue };
        let mut name = name.clone();
        let shore = SHORES.iter().find(|s| s.deg > *d0 && s.deg < d1);
        if let Some(Shore { name: (zh, en), .. }) = shore {
            name.retain(|(k, _)| *k != "name");
            name.extend(tags(&[("name", zh), ("name:en", en)]));
        }
        let way = doc.area(&ring, name);
        if let Some(&Shore { id, deg, name, share, visitors }) = shore {
            goals.push(Goal { id, name, at: walk.at(deg.to_radians()), object: format!("osm:way/{}", way + 1), share, visitors });
        }
    }
    // Lawns between the promenade and Ring 1.
    for k in 0..36 {
        let (d0, d1) = (10.0 * f64::from(k), 10.0 * f64::from(k + 1));
        let cut = |d: f64, s: f64| if mouths.contains(&(d % 360.0)) { ray(d, s * (CANAL_HALF + 3.0)) } else { ray(d, s * 5.0) };
        let lines = [cut(d0, 1.0), ring(side_r - 3.0), cut(d1, -1.0), ring(1309.0)];
        if let Some((_, ring)) = outline(&lines, polar(1340.0, ((d0 + d1) / 2.0).to_radians())) {
            doc.area(&ring, tags(&[("leisure", "garden"), ("name", "湖滨绿带")]));
        }
    }
    goals
}

/// Sea wall walk along the whole coast, sand with paths in the middle of it.
pub fn beach(plan: &Plan, doc: &mut Doc) -> Vec<Goal> {
    let middle = (-40f64).to_radians();
    let sea = &plan.streets.roads[plan.sea_road];
    let (wall, sand) = (coast(SEA_WALL), coast(SAND_WALK));
    let wall_tags = tags(&[("highway", "footway"), ("name", "海堤步道"), ("name:en", "Sea Wall Walk"), ("surface", "concrete")]);
    let steps = 56;
    let at = |i: i32| middle - 0.42 + 0.84 * f64::from(i) / f64::from(steps);
    for i in 0..steps {
        doc.line(&[wall.at(at(i)), wall.at(at(i + 1))], wall_tags.clone());
    }
    for i in (0..=steps).step_by(2) {
        let start = near_vertex(doc, sea.pavement(-1.0).at(at(i)), 60.0);
        doc.line(&[start, wall.at(at(i))], tags(&[("highway", "footway"), ("surface", "concrete")]));
        if (at(i) - middle).abs() < BEACH_HALF - 0.01 {
            doc.line(&[wall.at(at(i)), coast(BEACH_TOP + 2.0).at(at(i))], tags(&[("highway", "steps"), ("step_count", "12")]));
            doc.line(&[coast(BEACH_TOP + 2.0).at(at(i)), sand.at(at(i))], tags(&[("highway", "footway"), ("surface", "sand")]));
        }
    }
    for i in 0..steps {
        if (at(i) - middle).abs() < BEACH_HALF - 0.01 && (at(i + 1) - middle).abs() < BEACH_HALF - 0.01 {
            doc.line(&[sand.at(at(i)), sand.at(at(i + 1))], tags(&[("highway", "footway"), ("surface", "sand"), ("name", "沙滩步道")]));
        }
    }
    let strip = |r0: f64, r1: f64, half: f64| band(coast_centre(), r0, r1, middle - half, middle + half, 48);
    let thirds = [("beach-south", ("沙滩南区", "South Beach"), 0.0), ("beach-middle", ("沙滩中区", "Middle Beach"), 0.04), ("beach-north", ("沙滩北区", "North Beach"), 0.04)];
    let mut goals = Vec::new();
    for (i, (id, name, share)) in thirds.into_iter().enumerate() {
        let (a, b) = (middle - BEACH_HALF + BEACH_HALF * 2.0 / 3.0 * i as f64, middle - BEACH_HALF + BEACH_HALF * 2.0 / 3.0 * (i + 1) as f64);
        let third = band(coast_centre(), BEACH_TOP, COAST_RADIUS, a, b, 16);
        let way = doc.area(&third, tags(&[("natural", "beach"), ("surface", "sand"), ("name", name.0), ("name:en", name.1)]));
        let visitors = if i == 1 { (7000.0, 14.5) } else { (0.0, 0.0) };
        goals.push(Goal { id, name, at: sand.at((a + b) / 2.0), object: format!("osm:way/{}", way + 1), share, visitors });
    }
    doc.area(&strip(SEA_WALL - 4.0, SEA_WALL + 4.0, 0.42), tags(&[("man_made", "breakwater"), ("name", "海堤"), ("name:en", "Sea Wall")]));
    for side in [-1.0, 1.0] {
        let (a, b) = (middle + side * (BEACH_HALF + 0.004), middle + side * 0.42);
        doc.area(&band(coast_centre(), BEACH_TOP, COAST_RADIUS, a.min(b), a.max(b), 30), tags(&[("natural", "shingle"), ("name", "护岸")]));
    }
    goals
}

