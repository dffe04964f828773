//! Neighbourhoods and the management grid; who lives and works in each neighbourhood.

use super::{feature, polygon};
use crate::build::Building;
use crate::geo::{P, centroid, contains, polar};
use crate::place::Place;
use crate::plan::curve::Curve;
use crate::plan::lingang::*;
use serde_json::{Value, json};

/// A neighbourhood of one sector: its inner or its outer half.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    pub code: String,
    pub name: String,
    pub ring: Vec<P>,
    pub residents: u32,
    pub jobs: u32,
}

/// Neighbourhoods with the residents and jobs of the buildings in them.
pub fn neighbourhoods(buildings: &[Building]) -> Vec<Neighbourhood> {
    let mut all = Vec::new();
    let mut add = |k: usize, part: &str, suffix: &str, inner: f64, outer: Curve, guess: f64| {
        let (d0, d1) = (20.0 * k as f64, 20.0 * (k + 1) as f64);
        let lines = [ray(d0, 0.0), outer, ray(d1, 0.0), ring(inner)];
        if let Some((_, ring)) = outline(&lines, polar(guess, f64::to_radians((d0 + d1) / 2.0))) {
            let name = format!("{}{suffix}居委会", sector_name(k));
            all.push(Neighbourhood { code: format!("{k:02}{part}"), name, ring, residents: 0, jobs: 0 });
        }
    };
    for k in 0..18 {
        match k {
            1..=11 => {
                add(k, "a", "", RINGS[0], ring(RINGS[2]), 1900.0);
                if k > 1 {
                    add(k, "b", "新村", RINGS[2], ring(OUTER), 2700.0);
                }
            }
            12 => {
                add(k, "a", "", RINGS[0], ring(RINGS[2]), 1900.0);
            }
            14..=17 => add(k, "a", "", RINGS[0], coast(SEA_ROAD_RADIUS), 1700.0),
            _ => add(k, "a", "", RINGS[0], ring(2140.0), 1750.0),
        }
    }
    for b in buildings {
        let c = centroid(&b.footprint);
        let (residents, jobs) = b.people();
        if let Some(n) = all.iter_mut().find(|n| contains(&n.ring, c)) {
            n.residents += residents;
            n.jobs += jobs;
        }
    }
    all
}

pub fn neighbourhood_features(all: &[Neighbourhood], place: &Place) -> Vec<Value> {
    let one = |n: &Neighbourhood| {
        let more = json!({ "code": n.code, "name": n.name, "residents": n.residents, "jobs": n.jobs });
        feature(polygon(place, &n.ring), more)
    };
    all.iter().map(one).collect()
}

/// The grid that city management patrols: one field for each cell of the plan.
pub fn grid_features(plan: &Plan, place: &Place) -> Vec<Value> {
    let one = |(i, c): (usize, &Cell)| {
        let code = format!("310115{:06}", i + 1);
        let name = format!("{}网格{:02}", sector_name(c.sector), i % 100);
        feature(polygon(place, &c.ring), json!({ "code": code, "name": name, "area_m2": crate::geo::area(&c.ring).round() }))
    };
    plan.cells.iter().enumerate().map(one).collect()
}
