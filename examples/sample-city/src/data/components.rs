//! City components (城市部件) with codes in the manner of GB/T 30428.2, and the pipes under the streets.
//!
//! A code has 18 digits: 6 for the district, 2 for the class, 2 for the subclass, 8 for the serial number.

use super::{feature, lon_lat};
use crate::geo::{P, dist, len};
use crate::place::Place;
use crate::plan::lingang::{Band, Plan, is_wedge};
use crate::plan::street::Class;
use crate::plan::water::Water;
use serde_json::{Value, json};

const DISTRICT: &str = "310115";

/// Class and subclass of a kind of component.
fn class_code(function: &str) -> &'static str {
    match function {
        "street_lamp" => "0120",
        "manhole" => "0103",
        "transformer_box" => "0117",
        "fire_hydrant" => "0112",
        "litter_bin" => "0402",
        _ => "0500",
    }
}

struct Components<'a> {
    place: &'a Place,
    features: Vec<Value>,
    serial: u32,
}

impl Components<'_> {
    fn add(&mut self, function: &str, p: P, mut more: Value) {
        self.serial += 1;
        more["component_code"] = json!(format!("{DISTRICT}{}{:08}", class_code(function), self.serial));
        more["function"] = json!(function);
        let at = json!({ "type": "Point", "coordinates": lon_lat(self.place, p) });
        self.features.push(feature(at, more));
    }
}

fn clear_of_junctions(plan: &Plan, p: P, metres: f64) -> bool {
    plan.streets.junctions.iter().all(|j| dist(j.at, p) > metres)
}

/// Street lamps every 35 m: on both sides of wide streets, on alternate sides of narrow ones.
pub fn lamps(plan: &Plan, water: &Water, place: &Place) -> Vec<Value> {
    let mut c = Components { place, features: Vec::new(), serial: 0 };
    for road in &plan.streets.roads {
        let wide = road.class >= Class::Secondary;
        let n = (road.length() / 35.0) as usize;
        for k in 0..n {
            let t = road.from + (road.to - road.from) * (k as f64 + 0.5) / n as f64;
            for side in [1.0, -1.0] {
                let alternate = (k % 2 == 0) == (side > 0.0);
                if road.is_median(side) || !(wide || alternate) {
                    continue;
                }
                let p = road.curve.offset(side * (road.half_width() + 0.8)).at(t);
                if clear_of_junctions(plan, p, road.half_width() + 6.0) {
                    let (height, watts) = if wide { (11.0, 150) } else { (8.0, 75) };
                    c.add("street_lamp", p, json!({ "road": road.name, "height_m": height, "power_w": watts, "lamp": "LED" }));
                }
            }
        }
    }
    for k in 0..180 {
        let p = crate::geo::polar(1291.0, (2.0 * f64::from(k) + 1.0).to_radians());
        if !water.canals.iter().any(|w| crate::geo::contains(w, p)) {
            c.add("street_lamp", p, json!({ "road": "环湖步道", "height_m": 4.5, "power_w": 40, "lamp": "LED" }));
        }
    }
    c.features
}

/// Manholes over the storm drains, transformer boxes, hydrants and litter bins.
pub fn boxes(plan: &Plan, place: &Place) -> Vec<Value> {
    let mut c = Components { place, features: Vec::new(), serial: 0 };
    for road in plan.streets.roads.iter().filter(|r| r.length() > 80.0) {
        let n = (road.length() / 60.0) as usize;
        let line = road.curve.offset(STORM_OFFSET);
        for k in 0..n {
            let t = road.from + (road.to - road.from) * (k as f64 + 0.5) / n as f64;
            c.add("manhole", line.at(t), json!({ "road": road.name, "network": "storm", "diameter_m": 0.7 }));
            let kerb = road.curve.offset(-(road.half_width() + 1.2)).at(t);
            if k % 3 == 1 && clear_of_junctions(plan, kerb, 14.0) {
                let what = if k % 2 == 0 { "fire_hydrant" } else { "litter_bin" };
                c.add(what, kerb, json!({ "road": road.name }));
            }
        }
    }
    for cell in plan.cells.iter().filter(|c| !is_wedge(c.sector) && c.band != Band::Park && c.band != Band::Open) {
        let inward = |p: P| crate::geo::lerp(p, crate::geo::centroid(&cell.corners), 4.0 / dist(p, crate::geo::centroid(&cell.corners)).max(8.0));
        for corner in [cell.corners[0], cell.corners[2 % cell.corners.len()]] {
            let kva = if len(corner) < 1800.0 { 1250 } else { 630 };
            c.add("transformer_box", inward(corner), json!({ "rated_kva": kva, "voltage_kv": 10 }));
        }
    }
    c.features
}

/// The storm drain runs this far to the left of the centre line, the water main as far to its right.
const STORM_OFFSET: f64 = 1.5;

/// Storm and water pipes from junction to junction, with the height of their axis below the street.
pub fn pipes(plan: &Plan, place: &Place) -> Vec<Value> {
    let mut features = Vec::new();
    for (i, road) in plan.streets.roads.iter().enumerate() {
        let mut cuts: Vec<f64> = plan.streets.junctions.iter().flat_map(|j| j.roads).filter(|(r, _)| *r == i).map(|(_, t)| t).collect();
        cuts.extend([road.from, road.to]);
        cuts.sort_by(f64::total_cmp);
        cuts.dedup_by(|a, b| (*a - *b).abs() * road.curve.metres() < 2.0);
        let rank = road.class as usize;
        for (n, pair) in cuts.windows(2).enumerate() {
            let metres = (pair[1] - pair[0]) * road.curve.metres();
            for (network, offset, diameter, cover, material) in [
                ("storm", STORM_OFFSET, [0.4, 0.6, 0.8, 1.2][rank], 1.6, "concrete"),
                ("water", -STORM_OFFSET, [0.15, 0.2, 0.3, 0.6][rank], 1.0, "ductile iron"),
            ] {
                // Storm drains fall by 1.5 in 1,000 from the middle of a road to its ends; mains lie level.
                let at_depth = |share: f64| {
                    let fall = if network == "storm" { 0.0015 * metres * share } else { 0.0 };
                    cover + diameter / 2.0 + fall
                };
                let line = road.curve.offset(offset);
                let samples = line.samples(pair[0], pair[1]);
                let last = (samples.len() - 1).max(1) as f64;
                let points: Vec<Value> = samples
                    .iter()
                    .enumerate()
                    .map(|(k, t)| {
                        let mut p = lon_lat(place, line.at(*t));
                        if let Some(a) = p.as_array_mut() {
                            a.push(json!(-(at_depth(k as f64 / last) * 1000.0).round() / 1000.0));
                        }
                        p
                    })
                    .collect();
                let depth = (at_depth(0.5) * 100.0).round() / 100.0;
                features.push(feature(
                    json!({ "type": "LineString", "coordinates": points }),
                    json!({
                        "code": format!("{}{:03}-{:02}", if network == "storm" { "YS" } else { "JS" }, i + 1, n + 1),
                        "network": network, "diameter_m": diameter, "depth_m": depth, "material": material, "road": road.name,
                    }),
                ));
            }
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{lingang::plan, water::water};

    #[test]
    fn codes_have_18_digits_and_are_unique() {
        let (p, w, place) = (plan(), water(), Place::at(121.93, 30.9));
        let all: Vec<Value> = lamps(&p, &w, &place).into_iter().chain(boxes(&p, &place)).collect();
        let mut codes: Vec<&str> = all.iter().filter_map(|f| f["properties"]["component_code"].as_str()).collect();
        assert!(codes.len() > 3000, "{}", codes.len());
        assert!(codes.iter().all(|c| c.len() == 18 && c.bytes().all(|b| b.is_ascii_digit())));
        let n = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), n);
    }

    #[test]
    fn pipes_lie_below_the_street() {
        let pipes = pipes(&plan(), &Place::at(121.93, 30.9));
        assert!(pipes.len() > 500);
        for p in &pipes {
            for c in p["geometry"]["coordinates"].as_array().unwrap() {
                let z = c[2].as_f64().unwrap();
                assert!((-6.0..-0.9).contains(&z), "{z}");
            }
        }
    }
}
