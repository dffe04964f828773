//! The afternoon of a National Day holiday: who drives and who walks, as OD tables and scenarios.

use super::parking::CarPark;
use super::zones::Neighbourhood;
use crate::geo::{P, centroid, dist};
use crate::out::osm::Doc;
use crate::plan::draw::Drawn;
use crate::plan::ground::Goal;
use crate::plan::lingang::{Plan, RING_CANAL};
use crate::rng::Rng;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Vehicle trips of the hour.
const VEHICLE_TRIPS: f64 = 4200.0;
const HEADER: [&str; 5] = ["from", "to", "start", "end", "trips"];
const SLICES: [(&str, &str, f64); 4] =
    [("14:00", "14:15", 0.22), ("14:15", "14:30", 0.26), ("14:30", "14:45", 0.28), ("14:45", "15:00", 0.24)];

/// What the demand is made from.
pub struct Inputs<'a> {
    pub plan: &'a Plan,
    pub doc: &'a Doc,
    pub drawn: &'a Drawn,
    pub car_parks: &'a [CarPark],
    pub neighbourhoods: &'a [Neighbourhood],
    pub goals: &'a [Goal],
    /// Ids of the station's platform (where train doors open).
    pub platforms: &'a [String],
    pub seed: u64,
}

/// Tables and scenarios, by file name.
pub struct Demand {
    pub vehicles: Vec<Vec<String>>,
    pub walks: Vec<Vec<String>>,
    pub base: String,
    pub bridge_closed: String,
}

pub fn header() -> &'static [&'static str] {
    &HEADER
}

/// Named sets of roads: the gates at the city's edge, and the streets beside every car park.
fn zones(i: &Inputs) -> BTreeMap<String, Vec<String>> {
    let mut zones: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, deg) in [("gate-north-east", 60.0), ("gate-north", 120.0), ("gate-west", 180.0), ("gate-south-west", 220.0)] {
        let end = crate::geo::polar(4000.0, f64::to_radians(deg));
        let ways = i.drawn.pieces.iter().filter(|p| {
            let w = &i.doc.ways[p.way];
            let tip = |n: Option<&usize>| n.is_some_and(|n| dist(i.doc.nodes[*n].at, end) < 60.0);
            tip(w.nodes.first()) || tip(w.nodes.last())
        });
        zones.insert(name.into(), ways.map(|p| format!("osm:way/{}", p.way + 1)).collect());
    }
    for park in i.car_parks {
        zones.insert(park_zone(park), vec![nearest_street(i, park.at)]);
    }
    zones
}

fn park_zone(park: &CarPark) -> String {
    format!("streets-by-{}", park.code.to_lowercase())
}

/// The two-way street whose drawn line passes nearest to a point.
fn nearest_street(i: &Inputs, at: P) -> String {
    let away = |way: usize| {
        let n = &i.doc.ways[way].nodes;
        n.windows(2).map(|w| crate::geo::to_segment(at, i.doc.nodes[w[0]].at, i.doc.nodes[w[1]].at)).fold(f64::INFINITY, f64::min)
    };
    let open = i.drawn.pieces.iter().filter(|p| !p.bridge && i.plan.streets.roads[p.road].oneway.is_none());
    let best = open.min_by(|a, b| away(a.way).total_cmp(&away(b.way)));
    best.map_or_else(String::new, |p| format!("osm:way/{}", p.way + 1))
}

/// Relative trips between two kinds of ends; a gravity model with the ends' weights and a decay over 3 km.
struct End {
    name: String,
    at: P,
    sends: f64,
    draws: f64,
    gate: bool,
}

fn ends(i: &Inputs) -> Vec<End> {
    let mut ends = Vec::new();
    for (name, deg, weight) in [("gate-north-east", 60.0, 0.6), ("gate-north", 120.0, 1.0), ("gate-west", 180.0, 1.7), ("gate-south-west", 220.0, 0.8)] {
        let at = crate::geo::polar(4000.0, f64::to_radians(deg));
        ends.push(End { name: name.into(), at, sends: 7500.0 * weight, draws: 5200.0 * weight, gate: true });
    }
    for p in i.car_parks {
        let c = f64::from(p.capacity);
        ends.push(End { name: park_zone(p), at: p.at, sends: 15.0 * c, draws: 30.0 * c, gate: false });
    }
    for n in i.neighbourhoods {
        let (r, j) = (f64::from(n.residents), f64::from(n.jobs));
        ends.push(End { name: format!("nb:{}", n.code), at: centroid(&n.ring), sends: 0.55 * r + 0.1 * j, draws: 0.4 * r + 0.15 * j, gate: false });
    }
    ends
}

fn vehicle_rows(i: &Inputs) -> Vec<Vec<String>> {
    let ends = ends(i);
    let pull = |a: &End, b: &End| {
        if a.name == b.name || (a.gate && b.gate) {
            return 0.0;
        }
        a.sends * b.draws * (-dist(a.at, b.at) / 3000.0).exp() * if a.gate || b.gate { 4.0 } else { 1.0 }
    };
    let total: f64 = ends.iter().flat_map(|a| ends.iter().map(move |b| pull(a, b))).sum();
    let mut rows = Vec::new();
    let mut carried = 0.0;
    for a in &ends {
        for b in &ends {
            for (start, end, share) in SLICES {
                // What rounding takes from one row it gives to the next, so the sum stays true.
                let wanted = VEHICLE_TRIPS * share * pull(a, b) / total + carried;
                let trips = wanted.round().max(0.0);
                carried = wanted - trips;
                if trips > 0.0 {
                    rows.push(vec![a.name.clone(), b.name.clone(), start.into(), end.into(), format!("{trips}")]);
                }
            }
        }
    }
    rows
}

fn walk_rows(i: &Inputs) -> Vec<Vec<String>> {
    let rng = &mut Rng::new(i.seed, "walks", 0);
    let mut rows = Vec::new();
    for a in i.goals {
        for b in i.goals {
            let d = dist(a.at, b.at);
            // Strolls from view to view; nobody walks around the whole lake.
            if a.id == b.id || d > 1900.0 || a.id == "ocean-park" || b.id == "ocean-park" {
                continue;
            }
            for (start, end, share) in SLICES {
                let trips = (190.0 * share * (-d / 900.0).exp() * rng.range(0.85, 1.15)).round();
                if trips > 0.0 {
                    rows.push(vec![a.object.clone(), b.object.clone(), start.into(), end.into(), format!("{trips}")]);
                }
            }
        }
        for park in i.car_parks.iter().filter(|p| a.id.starts_with("beach") && dist(p.at, a.at) < 700.0) {
            for (start, end, share) in SLICES {
                let trips = (0.5 * f64::from(park.capacity) * share).round();
                rows.push(vec![format!("car-park:{}", park.code), a.object.clone(), start.into(), end.into(), format!("{trips}")]);
            }
        }
        if let Some(platform) = i.platforms.first().filter(|_| a.id.starts_with("lake")) {
            for (start, end, share) in SLICES {
                rows.push(vec![a.object.clone(), platform.clone(), start.into(), end.into(), format!("{}", (260.0 * share).round())]);
            }
        }
    }
    rows
}

/// OSM ids of both carriageways of the main axis on the bridge over the ring canal.
pub fn axis_bridge(i: &Inputs) -> Vec<String> {
    let over_canal = |p: P| (crate::geo::len(p) - RING_CANAL).abs() < 60.0;
    let ways = i.drawn.pieces.iter().filter(|p| p.bridge && i.plan.streets.roads[p.road].median.is_some() && over_canal(p.middle));
    ways.map(|p| format!("osm:way/{}", p.way + 1)).collect()
}

/// Makes the demand of the hour and both scenarios.
pub fn demand(i: &Inputs) -> Demand {
    let mut base = String::from(
        "# The third afternoon of the National Day holiday: full trains, full car parks, everyone at the water.\n\
         version = 1\nname = \"holiday\"\ntitle = { en = \"National Day at the lake\", zh = \"国庆滴水湖\" }\nseed = 1\n\n\
         [base]\nstore = \"city.gpkg\"\n\n[time]\ndate = \"2026-10-03\"\nstart = \"14:00\"\nduration = \"01:00\"\n\n[zones]\n",
    );
    for (name, objects) in zones(i) {
        let list: Vec<String> = objects.iter().map(|o| format!("\"{o}\"")).collect();
        let _ = writeln!(base, "{name} = [{}]", list.join(", "));
    }
    base.push_str(
        "\n[[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"demand/cars.csv\"\n\n\
         [[demand]]\nname = \"strollers\"\nkind = \"walk_od\"\nfile = \"demand/walks.csv\"\n\n\
         # Line 16 brings a train every five minutes; most of its passengers want to see the lake first.\n\
         [[demand]]\nname = \"line-16\"\nkind = \"trains\"\n",
    );
    let list: Vec<String> = i.platforms.iter().map(|o| format!("\"{o}\"")).collect();
    let _ = writeln!(base, "platforms = [{}]", list.join(", "));
    base.push_str("every = \"00:05\"\nfirst = \"14:01\"\npassengers = 160\nalighting = 40.0\nto = [\n");
    for g in i.goals.iter().filter(|g| g.share > 0.0) {
        let _ = writeln!(base, "  {{ object = \"{}\", share = {} }}, # {} {}", g.object, g.share, g.name.0, g.name.1);
    }
    base.push_str("]\n\n[[demand]]\nname = \"buses\"\nkind = \"transit\"\n");
    let mut closed = String::from(
        "# What if the bridge of the main avenue over the ring canal is closed to cars that afternoon?\n\
         version = 1\nname = \"holiday-bridge-closed\"\ntitle = { en = \"The avenue's bridge is closed\", zh = \"临港大道桥封闭\" }\n\
         extends = \"holiday.toml\"\n",
    );
    for way in axis_bridge(i) {
        let _ = write!(closed, "\n[[edits]]\nobject = \"{way}\"\nproperty = \"closed\"\nold = false\nnew = true\n");
    }
    Demand { vehicles: vehicle_rows(i), walks: walk_rows(i), base, bridge_closed: closed }
}
