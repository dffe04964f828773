//! Woods and fields around the city, street trees in rows, groves in the parks.

use crate::geo::{Near, P, band, contains, dist, len, polar, to_ring};
use crate::out::osm::{Doc, tags};
use crate::plan::lingang::*;
use crate::plan::street::Class;
use crate::plan::water::Water;
use crate::rng::Rng;
use std::f64::consts::TAU;

/// Woods around the city and fields beyond them, with gaps for the roads and canals that lead out.
pub fn fields(water: &Water, doc: &mut Doc) {
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
pub fn trees(plan: &Plan, water: &Water, doc: &mut Doc, built: &Near, seed: u64) {
    let species = [("Cinnamomum camphora", "香樟"), ("Ginkgo biloba", "银杏"), ("Platanus acerifolia", "悬铃木"), ("Metasequoia glyptostroboides", "水杉")];
    let plant = |doc: &mut Doc, p: P, kind: usize, height: f64| {
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
                let on_bridge = water.canals.iter().any(|c| contains(c, p) || to_ring(p, c) < 8.0);
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
        let clear = water.canals.iter().all(|c| !contains(c, p) && to_ring(p, c) > 6.0);
        let off_street = plan.cells.iter().any(|c| c.band == Band::Park && contains(&c.ring, p) && to_ring(p, &c.ring) > 4.0);
        if clear && off_street && in_grove(p) {
            plant(doc, p, rng.int(0, 3) as usize, rng.range(5.0, 13.0));
        }
    }
    for cell in plan.cells.iter().filter(|c| (is_wedge(c.sector) && c.band != Band::Park) || matches!(c.band, Band::Open | Band::OceanPark)) {
        let rng = &mut Rng::new(seed, "wedge trees", (cell.sector * 16) as u64 + cell.band as u64);
        let b = crate::geo::bounds(&cell.ring);
        let tries = (crate::geo::area(&cell.ring) / 420.0) as u32;
        for _ in 0..tries {
            let p = [rng.range(b[0], b[2]), rng.range(b[1], b[3])];
            let inside = contains(&cell.ring, p) && to_ring(p, &cell.ring) > 6.0;
            let dry = water.canals.iter().all(|c| !contains(c, p) && to_ring(p, c) > 18.0);
            if inside && dry && in_grove(p) && built.is_clear(&[p], 4.0) {
                plant(doc, p, rng.int(0, 3) as usize, rng.range(6.0, 14.0));
            }
        }
    }
}

/// Trees gather in groves where two slow waves are high together.
fn in_grove(p: P) -> bool {
    (p[0] / 46.0).sin() + (p[1] / 39.0).cos() > 0.2
}
