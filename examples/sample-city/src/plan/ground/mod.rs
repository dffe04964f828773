//! What lies between the streets: water, parks, the promenade, the beach, squares, fields; and the paths through them.

mod green;
mod parks;
mod shore;
mod squares;

pub use squares::lagoon;

use super::lingang::Plan;
use super::water::Water;
use crate::geo::{Near, P, dist};
use crate::out::osm::{Doc, tags};

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

/// Draws everything that is not a street or a building. `entrances` are the station's street ends with the point outside each,
/// `built` the footprints on which no tree may stand.
pub fn draw(plan: &Plan, water: &Water, doc: &mut Doc, entrances: &[(String, P)], built: &Near, seed: u64) -> Vec<Goal> {
    draw_water(water, doc);
    parks::draw(plan, doc);
    parks::paths(plan, water, doc);
    let mut goals = shore::promenade(plan, water, doc);
    goals.extend(shore::beach(plan, doc));
    goals.extend(squares::station(plan, doc, entrances));
    goals.push(squares::ocean_park(doc));
    squares::islands(water, doc);
    green::fields(water, doc);
    green::trees(plan, water, doc, built, seed);
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

