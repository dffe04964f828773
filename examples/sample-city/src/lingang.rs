//! The sample city at Dishui Lake: puts plan, buildings, station and data together and writes them.

use crate::build::{Building, Site, fill, landmark};
use crate::data::{components, demand, gtfs, parking, visitors, zones};
use crate::files::Files;
use crate::geo::{Near, band};
use crate::out::{cityjson, osm::Doc};
use crate::place::Place;
use crate::plan::lingang::{Plan, plan};
use crate::plan::water::{Water, water};
use crate::plan::{draw, ground};
use crate::{Options, Report, SampleError, station};
use qike_core::Feedback;
use std::collections::BTreeMap;
use std::path::Path;

/// Longitude and latitude of the lake's centre.
const CENTRE: (f64, f64) = (121.93, 30.90);

/// Raises every building of the city.
pub fn buildings(plan: &Plan, water: &Water, seed: u64) -> (Vec<Building>, Near) {
    let mut site = Site::new(water);
    let s = &plan.streets;
    site.reserve(&band([0.0; 2], 1440.0, 1700.0, 166f64.to_radians(), 174f64.to_radians(), 12));
    for park in parking::car_parks() {
        site.reserve(&park.ring);
    }
    site.reserve(&ground::lagoon());
    landmark::place(&mut site);
    for cell in &plan.cells {
        let lines: Vec<_> = cell.sides.iter().map(|(r, side)| s.roads[*r].pavement(*side)).collect();
        fill::fill(&mut site, cell, &lines, seed);
    }
    (site.buildings, site.taken)
}

/// Keeps `wanted` of the buildings: all landmarks, and of the others evenly many everywhere.
fn thin(all: Vec<Building>, wanted: Option<u32>) -> Result<Vec<Building>, SampleError> {
    let Some(wanted) = wanted else { return Ok(all) };
    let holds = all.len() as u32;
    if wanted > holds {
        return Err(SampleError::TooMany { asked: wanted, holds });
    }
    let named = all.iter().filter(|b| b.name.is_some()).count() as u32;
    let (rest, room) = (u64::from(holds - named), u64::from(wanted.saturating_sub(named)));
    let mut seen = 0u64;
    let mut kept: Vec<Building> = all
        .into_iter()
        .filter(|b| {
            if b.name.is_some() {
                return true;
            }
            seen += 1;
            seen * room / rest.max(1) > (seen - 1) * room / rest.max(1)
        })
        .collect();
    kept.truncate(wanted as usize);
    Ok(kept)
}

/// Writes all files of the city.
pub fn write(dir: &Path, options: &Options, feedback: &Feedback) -> Result<Report, SampleError> {
    let task = feedback.task("sample city lingang", 6);
    let (plan, water, place) = (plan(), water(), Place::at(CENTRE.0, CENTRE.1));
    let (all, taken) = buildings(&plan, &water, options.seed);
    let all = thin(all, options.buildings)?;
    feedback.check()?;
    task.advance(1);
    let mut files = Files::below(dir)?;
    files.write("sources/buildings.city.json", |w| cityjson::write(&all, &place, "Dishui Lake sample city", w))?;
    task.advance(1);

    let mut doc = Doc::default();
    let drawn = draw::draw(&plan, &water, &mut doc);
    let goals = ground::draw(&plan, &water, &mut doc, &station::entrances(), &taken, options.seed);
    files.write("sources/city.osm.gz", |w| doc.write(&place, w))?;
    feedback.check()?;
    task.advance(1);

    let station = station::model();
    files.text("sources/station.ifc", &station.step(&place))?;
    task.advance(1);

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let lamps = components::lamps(&plan, &water, &place);
    let boxes = components::boxes(&plan, &place);
    let pipes = components::pipes(&plan, &place);
    let parks = parking::features(&place);
    let hoods = zones::neighbourhoods(&all);
    let hood_features = zones::neighbourhood_features(&hoods, &place);
    let grid = zones::grid_features(&plan, &place);
    for (name, features, map) in [
        ("lamps", &lamps, include_str!("maps/lamps.map.toml")), ("components", &boxes, include_str!("maps/components.map.toml")),
        ("pipes", &pipes, include_str!("maps/pipes.map.toml")), ("car-parks", &parks, include_str!("maps/car-parks.map.toml")),
        ("neighbourhoods", &hood_features, include_str!("maps/neighbourhoods.map.toml")), ("grid", &grid, include_str!("maps/grid.map.toml")),
    ] {
        files.geojson(&format!("sources/{name}.geojson"), features)?;
        files.text(&format!("sources/{name}.map.toml"), map)?;
        counts.insert(name.replace('-', "_"), features.len() as u64);
    }
    files.write("sources/buses.gtfs.zip", |w| gtfs::write(&plan, &place, w))?;
    let counted: Vec<_> = goals.iter().filter(|g| g.visitors.0 > 0.0).map(|g| (g.object.clone(), g.visitors.0, g.visitors.1)).collect();
    files.csv("sources/visitors.csv", &["place", "time", "count"], &visitors::rows(&counted, options.seed))?;
    files.text("sources/visitors.map.toml", include_str!("maps/visitors.map.toml"))?;
    feedback.check()?;
    task.advance(1);

    let car_parks = parking::car_parks();
    let inputs = demand::Inputs {
        plan: &plan, doc: &doc, drawn: &drawn, car_parks: &car_parks, neighbourhoods: &hoods, goals: &goals,
        platforms: &station.platforms(), seed: options.seed,
    };
    let demand = demand::demand(&inputs);
    files.csv("demand/cars.csv", demand::header(), &demand.vehicles)?;
    files.csv("demand/walks.csv", demand::header(), &demand.walks)?;
    files.text("holiday.toml", &demand.base)?;
    files.text("holiday-bridge-closed.toml", &demand.bridge_closed)?;
    task.advance(1);

    let trips = |rows: &[Vec<String>]| rows.iter().filter_map(|r| r[4].parse::<u64>().ok()).sum::<u64>();
    for (name, n) in [
        ("buildings", all.len() as u64), ("landmarks", all.iter().filter(|b| b.lod == "3").count() as u64),
        ("osm_nodes", doc.nodes.len() as u64), ("osm_ways", doc.ways.len() as u64), ("signals", drawn.signals.len() as u64),
        ("crossings", drawn.crossings.len() as u64), ("bus_lines", gtfs::line_count(&plan) as u64), ("station_products", station.products() as u64),
        ("vehicle_trips", trips(&demand.vehicles)), ("walks", trips(&demand.walks)),
    ] {
        counts.insert(name.into(), n);
    }
    Ok(Report { name: "lingang".into(), files: files.finish()?, counts })
}

#[cfg(test)]
mod tests;
