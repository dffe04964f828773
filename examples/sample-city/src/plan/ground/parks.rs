//! Parks in the wedges and along the ring canal, woods in them, and walks along the canals.

use super::near_vertex;
use crate::geo::{P, add, angle, area, centroid, len, polar, to_ring};
use crate::out::osm::{Doc, tags};
use crate::plan::curve::Curve;
use crate::plan::lingang::*;
use crate::plan::water::Water;
use std::f64::consts::TAU;

/// Parks either side of the ring canal, in the wedges, between lake and Ring 1, and in what the sea leaves of the bands.
pub fn draw(plan: &Plan, doc: &mut Doc) {
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
                split_by_canal(&lines, cell, deg).into_iter().filter_map(|(l, c)| outline(&l, centroid(&c.corners))).map(|o| o.1).collect()
            }
            (Band::OceanPark, _) => {
                let name = tags(&[("leisure", "park"), ("tourism", "theme_park"), ("name", "海洋公园"), ("name:en", "Ocean Park")]);
                doc.area(&cell.ring, name);
                vec![]
            }
            (Band::Open, Some(_)) => open_with_canal(cell, &lines),
            (Band::Open, None) => outline(&lines, centroid(&cell.corners)).map(|o| o.1).into_iter().collect(),
            _ => {
                let use_tag = match cell.band {
                    Band::Lakeside if (5..=9).contains(&cell.sector) || cell.sector == 11 => "commercial",
                    Band::Edge if (6..=9).contains(&cell.sector) => "industrial",
                    Band::Seaside => "retail",
                    _ => "residential",
                };
                let ring = outline(&lines, centroid(&cell.ring)).map(|o| o.1);
                if let Some(ring) = ring {
                    doc.area(&ring, tags(&[("landuse", use_tag)]));
                }
                vec![]
            }
        };
        for ring in rings {
            doc.area(&ring, park.clone());
            if len(centroid(&ring)) > 2200.0 && area(&ring) > 60_000.0 {
                let wood: Vec<P> = ellipse_in(&ring);
                doc.area(&wood, tags(&[("natural", "wood"), ("leaf_type", "mixed")]));
            }
        }
    }
}

/// A round wood that fills the middle of a green.
fn ellipse_in(ring: &[P]) -> Vec<P> {
    let c = centroid(ring);
    let r = to_ring(c, ring) * 0.86;
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
    let guess = |r: f64| polar(r, angle(centroid(&cell.ring)));
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
            let guess = centroid(&cell.corners);
            let (corners, ring) = outline(&l, guess)?;
            Some((l, Cell { corners, ring, ..cell.clone() }))
        })
        .collect()
}

/// The two banks of a wedge whose outer edge is partly ring and partly sea road.
fn open_with_canal(cell: &Cell, lines: &[Curve]) -> Vec<Vec<P>> {
    let guess = centroid(&cell.corners);
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

/// Walks on both banks of the canals, tied to the pavements at the streets that they meet.
pub fn paths(plan: &Plan, water: &Water, doc: &mut Doc) {
    let tag = tags(&[("highway", "footway"), ("surface", "gravel")]);
    let walk = CANAL_HALF + 12.0;
    let draw = |doc: &mut Doc, line: Vec<P>| {
        if let (Some(a), Some(b)) = (line.first().copied(), line.last().copied()) {
            let mut points = vec![near_vertex(doc, a, 90.0)];
            points.extend(line);
            points.push(near_vertex(doc, b, 90.0));
            for (part, bridge) in water.split(&points) {
                let mut t = tag.clone();
                if bridge {
                    t.extend(tags(&[("bridge", "yes"), ("layer", "1")]));
                }
                doc.line(&part, t);
            }
        }
    };
    for cell in plan.cells.iter().filter(|c| c.band == Band::Park) {
        for r in [RING_CANAL - walk, RING_CANAL + walk] {
            let (a0, a1) = ((20.0 * cell.sector as f64).to_radians() + 60.0 / r, (20.0 * (cell.sector + 1) as f64).to_radians() - 60.0 / r);
            // The walk swings towards the trees and back to the water.
            let at = |i: u32| {
                let t = f64::from(i) / 24.0;
                let away = if r < RING_CANAL { -1.0 } else { 1.0 };
                polar(r + away * 34.0 * (TAU * t).cos().abs(), a0 + (a1 - a0) * t)
            };
            draw(doc, (0..=24).map(at).collect());
        }
    }
    for (deg, end) in CANALS {
        let stops: &[f64] = if end > 9000.0 { &[1412.0, 1736.0] } else { &[1412.0, 1736.0, 1764.0, 1899.0, 2201.0, 2336.0, 2364.0, 2644.0, 2656.0, 2938.0, 2962.0, 3160.0] };
        for pair in stops.chunks_exact(2) {
            for side in [-1.0, 1.0] {
                let line = ray(deg, side * walk);
                draw(doc, vec![line.at(pair[0] + 6.0), line.at((pair[0] + pair[1]) / 2.0), line.at(pair[1] - 6.0)]);
            }
        }
    }
}
