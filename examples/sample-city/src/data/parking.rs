//! Car parks of the places people drive to.

use super::{feature, polygon};
use crate::build::facing;
use crate::geo::{P, area, polar};
use crate::place::Place;
use serde_json::{Value, json};

/// One car park.
#[derive(Clone, Debug)]
pub struct CarPark {
    pub code: String,
    pub name: &'static str,
    pub name_en: &'static str,
    pub ring: Vec<P>,
    pub at: P,
    pub capacity: u32,
}

/// (degrees, radius, width along the ring, depth, name, English name)
const PLACES: [(f64, f64, f64, f64, &str, &str); 12] = [
    (162.9, 1640.0, 90.0, 74.0, "滴水湖站北停车场", "Station North Car Park"),
    (177.3, 1640.0, 84.0, 74.0, "滴水湖站南停车场", "Station South Car Park"),
    (244.2, 2396.0, 110.0, 40.0, "海洋公园北停车场", "Ocean Park North Car Park"),
    (255.2, 2398.0, 130.0, 44.0, "海洋公园南停车场", "Ocean Park South Car Park"),
    (251.0, 2712.0, 70.0, 40.0, "海洋公园内停车场", "Ocean Park Inner Car Park"),
    (294.5, 1868.0, 100.0, 44.0, "沙滩一号停车场", "Beach Car Park 1"),
    (306.0, 1846.0, 110.0, 38.0, "沙滩二号停车场", "Beach Car Park 2"),
    (314.0, 1842.0, 110.0, 38.0, "沙滩三号停车场", "Beach Car Park 3"),
    (326.0, 1850.0, 110.0, 38.0, "沙滩四号停车场", "Beach Car Park 4"),
    (204.0, 1682.0, 90.0, 56.0, "航海博物馆停车场", "Maritime Museum Car Park"),
    (84.2, 1686.0, 90.0, 56.0, "莲花博物馆停车场", "Lotus Museum Car Park"),
    (216.2, 1686.0, 90.0, 56.0, "歌剧院停车场", "Opera Car Park"),
];

pub fn car_parks() -> Vec<CarPark> {
    let mut all = Vec::new();
    for (i, (deg, r, along, deep, name, name_en)) in PLACES.into_iter().enumerate() {
        let at = polar(r, f64::to_radians(deg));
        let ring = facing(at, along, deep);
        // A space and its share of the aisles take 26 m².
        let capacity = (area(&ring) / 26.0).round() as u32;
        all.push(CarPark { code: format!("PK{:02}", i + 1), name, name_en, ring, at, capacity });
    }
    all
}

pub fn features(place: &Place) -> Vec<Value> {
    let one = |c: CarPark| {
        let more = json!({ "code": c.code, "name": c.name, "name:en": c.name_en, "capacity": c.capacity, "surface": "asphalt", "fee": "yes" });
        feature(polygon(place, &c.ring), more)
    };
    car_parks().into_iter().map(one).collect()
}
