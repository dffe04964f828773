//! What lies between the streets: water, parks, the promenade, the beach, squares, fields; and the paths through them.

use super::curve::Curve;
use super::lingang::*;
use super::street::Class;
use super::water::{ISLANDS, Water};
use crate::geo::{P, add, angle, band, contains, dist, ellipse, len, lerp, polar, scale, sub};
use crate::out::osm::{Doc, tags};
use crate::rng::Rng;
use std::f64::consts::TAU;

/// The footway along the water, the band of paving around it.
pub const PROMENADE: f64 = 1274.0;
const PAVED: (f64, f64) = (1255.0, 1292.0);
/// Circles about the coast's centre: sea-wall walk, top of the beach, walk on the sand.
pub const SEA_WALL: f64 = 5914.0;
const BEACH_TOP: f64 = 5922.0;
const SAND_WALK: f64 = 5962.0;
/// Half the beach's length, radians about the coast's centre.
const BEACH_HALF: f64 = 0.16;

/// Named places that people walk to.
#[derive(Clone, Debug)]
pub struct Goal {
    pub id: &'static str,
    pub name: (&'static str, &'static str),
    pub at: P,
    /// Id of the area in the city model.
    pub object: String,
    /// Share of a train's passengers who go there.
    pub share: f64,
    /// Visitors of an ordinary day, and the hour at which most are there.
    pub visitors: (f64, f64),
}

/// Id, direction seen from the lake, names, share, visitors of the squares on the promenade that are goals.
const SHORES: [(&str, f64, (&str, &str), f64, (f64, f64)); 3] = [
    ("lake-west", 170.0, ("西岸观景台", "West Shore"), 0.56, (9000.0, 15.5)),
    ("lake-north", 130.0, ("北岸观景台", "North Shore"), 0.18, (4200.0, 16.0)),
    ("lake-south", 226.0, ("南岸观景台", "South Shore"), 0.18, (3600.0, 16.5)),
];

/// Draws everything that is not a street or a building. `entrances` are the station's street ends with the point outside each.
pub fn draw(plan: &Plan, water: &Water, doc: &mut Doc, entrances: &[(String, P)], seed: u64) -> Vec<Goal> {
    draw_water(water, doc);
    draw_parks(plan, doc);
    let mut goals = promenade(plan, water, doc);
    goals.extend(beach(plan, doc));
    goals.extend(station_square(plan, doc, entrances));
    goals.push(ocean_park(doc));
    islands(water, doc);
    fields(water, doc);
    trees(plan, water, doc, seed);
    goals
}

fn draw_water(water: &Water, doc: &mut Doc) {
    let name = tags(&[("natural", "water"), ("water", "lake"), ("name", "滴水湖"), ("name:en", "Dishui Lake")]);
    doc.multipolygon(&water.lake, &water.islands, name);
    let names = [("春涟河", "Chunlian Canal"), ("海燕河", "Haiyan Canal"), ("绿丽港", "Lüligang Canal"), ("夏涟河", "Xialian Canal"), ("橄榄河", "Ganlan Canal")];
    for (ring, (zh, en)) in water.canals.iter().zip(names) {
        doc.area(ring, tags(&[("natural", "water"), ("water", "canal"), ("name", zh), ("name:en", en)]));
    }
    doc.area(&water.sea, tags(&[("natural", "water"), ("water", "sea"), ("name", "东海"), ("name:en", "East China Sea")]));
}

/// Parks either side of the ring canal, in the wedges, between lake and Ring 1, and in what the sea leaves of the bands.
fn draw_parks(plan: &Plan, doc: &mut Doc) {
    let s = &plan.streets;
    for cell in &plan.cells {
        let lines: Vec<Curve> = cell.sides.iter().map(|(r, side)| s.roads[*r].pavement(*side).offset(side * 1.5)).collect();
        let wedge = is_wedge(cell.sector);
        let name = format!("{}公园", sector_name(cell.sector));
        let park = tags(&[("leisure", "park"), ("name", &name)]);
        let canal = CANALS.iter().find(|c| (c.0 / 20.0) as usize == cell.sector).map(|c| c.0);
        let rings = match (cell.band, canal) {
            (Band::Park, None) => split_by_ring_canal(&lines, cell),
            (Band::Park, Some(deg)) => {
                split_by_canal(&lines, cell, deg).iter().flat_map(|(l, c)| split_by_ring_canal(l, c)).collect()
            }
            (_, Some(deg)) if wedge && lines.len() == 4 => {
                split_by_canal(&lines, cell, deg).into_iter().filter_map(|(l, c)| outline(&l, crate::geo::centroid(&c.corners))).map(|o| o.1).collect()
            }
            (Band::OceanPark, _) => {
                let name = tags(&[("tourism", "theme_park"), ("name", "海洋公园"), ("name:en", "Ocean Park")]);
                doc.area(&cell.ring, name);
                vec![]
            }
            (Band::Open, Some(_)) => open_with_canal(cell, &lines),
            (Band::Open, None) => outline(&lines, crate::geo::centroid(&cell.corners)).map(|o| o.1).into_iter().collect(),
            _ => {
                let use_tag = match cell.band {
                    Band::Lakeside if (5..=9).contains(&cell.sector) || cell.sector == 11 => "commercial",
                    Band::Edge if (6..=9).contains(&cell.sector) => "industrial",
                    Band::Seaside => "retail",
                    _ => "residential",
                };
                let ring = outline(&lines, crate::geo::centroid(&cell.ring)).map(|o| o.1);
                if let Some(ring) = ring {
                    doc.area(&ring, tags(&[("landuse", use_tag)]));
                }
                vec![]
            }
        };
        for ring in rings {
            doc.area(&ring, park.clone());
            if len(crate::geo::centroid(&ring)) > 2200.0 && crate::geo::area(&ring) > 60_000.0 {
                let wood: Vec<P> = ellipse_in(&ring);
                doc.area(&wood, tags(&[("natural", "wood"), ("leaf_type", "mixed")]));
            }
        }
    }
}

/// A round wood that fills the middle of a green.
fn ellipse_in(ring: &[P]) -> Vec<P> {
    let c = crate::geo::centroid(ring);
    let r = crate::geo::to_ring(c, ring) * 0.86;
    (0..60)
        .map(|i| {
            let a = TAU * f64::from(i) / 60.0;
            add(c, polar(r * (1.0 + 0.05 * (2.0 * a + c[0]).sin() + 0.05 * (3.0 * a + c[1]).cos()), a))
        })
        .collect()
}

fn split_by_ring_canal(lines: &[Curve], cell: &Cell) -> Vec<Vec<P>> {
    let bank = CANAL_HALF + 1.0;
    let (mut below, mut above) = (lines.to_vec(), lines.to_vec());
    below[1] = ring(RING_CANAL - bank);
    above[3] = ring(RING_CANAL + bank);
    let guess = |r: f64| polar(r, angle(crate::geo::centroid(&cell.ring)));
    [outline(&below, guess(1970.0)), outline(&above, guess(2120.0))].into_iter().flatten().map(|o| o.1).collect()
}

fn split_by_canal(lines: &[Curve], cell: &Cell, deg: f64) -> Vec<(Vec<Curve>, Cell)> {
    let bank = CANAL_HALF + 1.0;
    let (mut right, mut left) = (lines.to_vec(), lines.to_vec());
    right[2] = ray(deg, -bank);
    left[0] = ray(deg, bank);
    [right, left]
        .into_iter()
        .filter_map(|l| {
            let guess = crate::geo::centroid(&cell.corners);
            let (corners, ring) = outline(&l, guess)?;
            Some((l, Cell { corners, ring, ..cell.clone() }))
        })
        .collect()
}

/// The two banks of a wedge whose outer edge is partly ring and partly sea road.
fn open_with_canal(cell: &Cell, lines: &[Curve]) -> Vec<Vec<P>> {
    let guess = crate::geo::centroid(&cell.corners);
    if lines.len() != 5 {
        return outline(lines, guess).map(|o| o.1).into_iter().collect();
    }
    let deg = if cell.sector == 0 { CANALS[0].0 } else { CANALS[3].0 };
    let bank = CANAL_HALF + 1.0;
    // The corner between ring and sea road lies on one side of the canal only; the other side has four edges.
    let corner_left = crate::geo::cross(polar(1.0, deg.to_radians()), cell.corners[1]) > 0.0;
    let (mut right, mut left) = (lines.to_vec(), lines.to_vec());
    right[3] = ray(deg, -bank);
    left[0] = ray(deg, bank);
    if corner_left {
        right.remove(2);
    } else {
        left.remove(1);
    }
    [right, left].iter().filter_map(|l| outline(l, guess)).map(|o| o.1).collect()
}

/// The walk around the lake, paved squares along it, and a path to Ring 1 at every radial.
fn promenade(plan: &Plan, water: &Water, doc: &mut Doc) -> Vec<Goal> {
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
        if (d % 20.0) == 0.0 {
            t[0].1 = "pedestrian".into();
        }
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
        let shore = SHORES.iter().find(|s| s.1 > *d0 && s.1 < d1);
        if let Some((.., (zh, en), _, _)) = shore {
            name.retain(|(k, _)| *k != "name");
            name.extend(tags(&[("name", zh), ("name:en", en)]));
        }
        let way = doc.area(&ring, name);
        if let Some(&(id, deg, name, share, visitors)) = shore {
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

/// The drawn node nearest to `p` within `reach`, or `p` itself.
fn near_vertex(doc: &Doc, p: P, reach: f64) -> P {
    let best = doc
        .ways
        .iter()
        .filter(|w| w.tags.iter().any(|(k, v)| *k == "footway" && v == "sidewalk"))
        .flat_map(|w| &w.nodes)
        .map(|n| doc.nodes[*n].at)
        .min_by(|a, b| dist(*a, p).total_cmp(&dist(*b, p)));
    best.filter(|q| dist(*q, p) < reach).unwrap_or(p)
}

/// Sea wall walk along the whole coast, sand with paths in the middle of it.
fn beach(plan: &Plan, doc: &mut Doc) -> Vec<Goal> {
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

/// The square above the station: paving, a path from every entrance to the four pavements around it.
fn station_square(plan: &Plan, doc: &mut Doc, entrances: &[(String, P)]) -> Option<Goal> {
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
    doc.line(&line, tags(&[("highway", "pedestrian"), ("name", "站前大街"), ("name:en", "Station Promenade"), ("surface", "granite")]));
    for (name, p) in entrances {
        let n = doc.node(*p);
        doc.nodes[n].tags = tags(&[("entrance", "yes"), ("railway", "subway_entrance"), ("name", name), ("ref", name)]);
        let near = spine[1..7].iter().min_by(|a, b| dist(**a, *p).total_cmp(&dist(**b, *p))).copied().unwrap_or(centre);
        doc.line(&[*p, near], tags(&[("highway", "footway"), ("surface", "granite")]));
        let out = add(*p, scale(sub(*p, near), 60.0 / dist(*p, near).max(1.0)));
        let side = near_vertex(doc, polar(len(out), angle(out)), 260.0);
        if contains(&cell.ring, lerp(*p, side, 0.5)) {
            doc.line(&[*p, side], tags(&[("highway", "footway"), ("surface", "granite")]));
        }
    }
    for (i, deg) in [161.6, 164.0, 176.0, 178.2].into_iter().enumerate() {
        for r in [1450.0, 1540.0, 1630.0] {
            let lawn = crate::build::facing(polar(r, f64::to_radians(deg)), 26.0, 60.0);
            if i != 3 && lawn.iter().all(|p| contains(&cell.ring, *p)) {
                doc.area(&lawn, tags(&[("landuse", "grass")]));
            }
        }
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

/// The ocean park's squares and walks.
fn ocean_park(doc: &mut Doc) -> Goal {
    let at = |deg: f64, r: f64| polar(r, deg.to_radians());
    let square = |r0: f64, r1: f64| band([0.0; 2], r0, r1, 248.2f64.to_radians(), 250.8f64.to_radians(), 6);
    let paved = |zh: &str, en: &str| tags(&[("highway", "pedestrian"), ("area", "yes"), ("place", "square"), ("name", zh), ("name:en", en)]);
    doc.area(&square(2408.0, 2446.0), paved("海洋公园中心广场", "Ocean Park Plaza"));
    let way = doc.area(&square(2367.0, 2384.0), paved("海洋公园入口广场", "Ocean Park Forecourt"));
    let start = near_vertex(doc, at(249.5, 2364.5), 30.0);
    let walk = tags(&[("highway", "pedestrian"), ("name", "海洋大道"), ("surface", "paving_stones")]);
    doc.line(&[start, at(250.3, 2376.0), at(250.5, 2396.0), at(249.5, 2425.0), at(249.6, 2525.0), at(249.6, 2650.0), at(249.0, 2820.0)], walk);
    let path = tags(&[("highway", "footway"), ("surface", "paving_stones")]);
    let arc = |r: f64, d0: f64, d1: f64| -> Vec<P> { (0..=6).map(|i| at(d0 + (d1 - d0) * f64::from(i) / 6.0, r)).collect() };
    doc.line(&arc(2650.0, 249.6, 244.8), path.clone());
    doc.line(&arc(2525.0, 249.6, 255.0), path.clone());
    doc.line(&[at(244.8, 2650.0), at(243.6, 2520.0), at(245.6, 2440.0), at(249.5, 2425.0)], path.clone());
    doc.line(&[at(255.0, 2525.0), at(253.8, 2450.0), at(249.5, 2425.0)], path);
    let object = format!("osm:way/{}", way + 1);
    Goal { id: "ocean-park", name: ("海洋公园", "Ocean Park"), at: at(250.3, 2376.0), object, share: 0.0, visitors: (12000.0, 13.0) }
}

/// Islands: gardens with a ring path and a footbridge to the promenade.
fn islands(water: &Water, doc: &mut Doc) {
    for (ring, ((deg, r), (rx, ry), turn)) in water.islands.iter().zip(ISLANDS) {
        doc.area(&crate::build::solid::scaled(ring, 0.97), tags(&[("leisure", "park"), ("name", "湖心岛")]));
        let c = polar(r, f64::to_radians(deg));
        let path = ellipse(c, rx * 0.72, ry * 0.72, f64::to_radians(turn), 32);
        doc.area(&path, tags(&[("highway", "footway")]));
        let shore = polar(PROMENADE, f64::to_radians(deg));
        let gate = path.iter().copied().min_by(|a, b| dist(*a, shore).total_cmp(&dist(*b, shore))).unwrap_or(c);
        doc.line(&[shore, gate], tags(&[("highway", "footway"), ("bridge", "yes"), ("layer", "1"), ("name", "长堤")]));
    }
}

/// Woods around the city and fields beyond them, with gaps for the roads and canals that lead out.
fn fields(water: &Water, doc: &mut Doc) {
    let kinds = [("landuse", "farmland"), ("landuse", "meadow"), ("landuse", "orchard"), ("landuse", "farmland"), ("natural", "wetland")];
    let cuts = [60.0, 90.0, 120.0, 180.0, 210.0, 220.0];
    for k in 0..52u32 {
        let d0 = 28.0 + f64::from(k) * 4.3;
        for (row, (r0, r1)) in [(3195.0, 3330.0), (3345.0, 3560.0), (3572.0, 3790.0), (3802.0, 4040.0), (4052.0, 4300.0)].into_iter().enumerate() {
            // The free parts of the field's span, between the roads and canals that cross it.
            let clear = (36.0f64 / r0).to_degrees();
            let mut parts = vec![(d0, d0 + 4.3 - (12.0f64 / r0).to_degrees())];
            for c in cuts {
                parts = parts.into_iter().flat_map(|(a, b)| [(a, b.min(c - clear)), (a.max(c + clear), b)]).filter(|(a, b)| b - a > 0.4).collect();
            }
            parts.dedup();
            for (a, b) in parts {
                let ring = band([0.0; 2], r0, r1, a.to_radians(), b.to_radians(), 4);
                if water.touches(&ring, 60.0) {
                    continue;
                }
                let (key, value) = if row == 0 { ("landuse", "forest") } else { kinds[((k * 7 + row as u32 * 3) % 5) as usize] };
                doc.area(&ring, tags(&[(key, value)]));
            }
        }
    }
}

/// Street trees in rows, trees in the lakeside lawns and parks.
fn trees(plan: &Plan, water: &Water, doc: &mut Doc, seed: u64) {
    let species = [("Cinnamomum camphora", "香樟"), ("Ginkgo biloba", "银杏"), ("Platanus acerifolia", "悬铃木"), ("Metasequoia glyptostroboides", "水杉")];
    let mut plant = |doc: &mut Doc, p: P, kind: usize, height: f64| {
        let (latin, zh) = species[kind % 4];
        let mut t = tags(&[("natural", "tree"), ("species", latin), ("species:zh", zh)]);
        t.push(("height", format!("{height:.1}")));
        doc.point(p, t);
    };
    for (i, road) in plan.streets.roads.iter().enumerate().filter(|(_, r)| r.class >= Class::Tertiary) {
        let rng = &mut Rng::new(seed, "street trees", i as u64);
        for side in [1.0, -1.0] {
            let line = road.curve.offset(side * if road.is_median(side) { AXIS_HALF - 3.0 } else { road.half_width() + 2.0 });
            let every = if road.class == Class::Primary { 16.0 } else { 20.0 };
            let n = (road.length() / every) as usize;
            for k in 0..n {
                let t = road.from + (road.to - road.from) * (k as f64 + 0.5) / n as f64;
                let p = line.at(t);
                let near_junction = plan.streets.junctions.iter().any(|j| dist(j.at, p) < 24.0);
                let on_bridge = water.canals.iter().any(|c| contains(c, p) || crate::geo::to_ring(p, c) < 8.0);
                if !near_junction && !on_bridge && len(p) < 3250.0 {
                    plant(doc, p, i, rng.range(6.0, 10.0));
                }
            }
        }
    }
    let rng = &mut Rng::new(seed, "park trees", 0);
    for k in 0..720 {
        let a = TAU * f64::from(k) / 720.0;
        for r in [1316.0, 1372.0] {
            let off_path = CANALS.iter().all(|c| (a - c.0.to_radians()).abs() * r > 28.0) && ((a.to_degrees() / 5.0).fract() - 0.5).abs() < 0.43;
            if off_path && k % 2 == 0 {
                plant(doc, polar(r + rng.range(-3.0, 3.0), a), k as usize / 90, rng.range(6.0, 12.0));
            }
        }
    }
    for _ in 0..3400 {
        let p = polar(rng.range(1925.0, 2175.0), rng.range(22.0, 258.0).to_radians());
        let clear = water.canals.iter().all(|c| !contains(c, p) && crate::geo::to_ring(p, c) > 6.0);
        let off_street = plan.cells.iter().any(|c| c.band == Band::Park && contains(&c.ring, p) && crate::geo::to_ring(p, &c.ring) > 4.0);
        // Groves: trees gather where a slow wave is high.
        let grove = (p[0] / 46.0).sin() + (p[1] / 39.0).cos() > 0.2;
        if clear && off_street && grove {
            plant(doc, p, rng.int(0, 3) as usize, rng.range(5.0, 13.0));
        }
    }
}
