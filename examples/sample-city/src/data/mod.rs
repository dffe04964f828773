//! What a city's offices keep besides its map: components, pipes, car parks, zones, timetables, counts, demand.

pub mod components;
pub mod demand;
pub mod gtfs;
pub mod parking;
pub mod visitors;
pub mod zones;

use crate::geo::P;
use crate::place::Place;
use serde_json::{Value, json};

fn round7(v: f64) -> f64 {
    (v * 1e7).round() / 1e7
}

/// Longitude and latitude of a place, to a centimetre.
pub fn lon_lat(place: &Place, p: P) -> Value {
    let [lon, lat] = place.lon_lat(p);
    json!([round7(lon), round7(lat)])
}

pub fn feature(geometry: Value, properties: Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

/// A GeoJSON polygon of one ring.
pub fn polygon(place: &Place, ring: &[P]) -> Value {
    let points: Vec<Value> = ring.iter().chain(ring.first()).map(|p| lon_lat(place, *p)).collect();
    json!({ "type": "Polygon", "coordinates": [points] })
}
