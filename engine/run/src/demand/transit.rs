//! Bus lines: TransitLine objects put on the roads, with their stops and departures.
//!
//! A line's stops are matched to the nearest road that runs their way, and joined by the way that keeps nearest to the line's
//! shape. A line that cannot be matched is left out and told; it does not end the run.

use super::City;
use super::area::centre;
use qike_core::SimTime;
use qike_network::{LinkIx, Modes, NearestLinks, Router};
use qike_scene::scenario::nearest;
use qike_scene::{CityObject, Class, ObjectId, Value};
use qike_sim::{ServiceStop, TransitService};

/// A stop farther than this from a road is not on it.
const STOP_WITHIN_M: f64 = 80.0;
/// Links within this of the shape are on it.
const SHAPE_WITHIN_M: f64 = 40.0;
/// How much dearer a link off the shape is.
const OFF_SHAPE: f64 = 4.0;
/// Time at a stop where the timetable gives none.
const DWELL_S: f64 = 20.0;

/// The services of the lines with these ids (of all lines, where there are none), as demand `number`.
pub(super) fn services(city: &City, lines: &[ObjectId], number: u32, notes: &mut Vec<String>) -> Result<Vec<TransitService>, String> {
    let mut chosen: Vec<&CityObject> = Vec::new();
    for id in lines {
        let found = city.scene.find(id.as_str()).map(|ix| city.scene.get(ix)).filter(|o| o.class == Class::TransitLine);
        chosen.push(found.ok_or_else(|| {
            let all = city.scene.of_class(Class::TransitLine).iter().map(|ix| city.scene.get(*ix).id.as_str());
            let help = nearest(id.as_str(), all).map_or_else(String::new, |near| format!(" — did you mean '{near}'?"));
            format!("there is no transit line '{id}'{help}")
        })?);
    }
    if lines.is_empty() {
        // Rails and ferries are not on the roads.
        let bus = |line: &CityObject| line.str("route_type").is_none_or(|kind| ["bus", "trolleybus"].contains(&kind));
        chosen.extend(city.scene.of_class(Class::TransitLine).iter().map(|ix| city.scene.get(*ix)).filter(|line| bus(line)));
    }
    let router = Router::new(city.lanes, Modes::BUS);
    let near = NearestLinks::new(city.lanes);
    let mut services = Vec::new();
    for line in chosen {
        match service(city, &router, &near, line, number) {
            Ok(service) => services.push(service),
            Err(reason) => notes.push(format!("the line '{}' does not run: {reason}", line.id)),
        }
    }
    Ok(services)
}

/// A stop of the timetable, on its road.
struct Stop {
    link: LinkIx,
    at_m: f64,
    arrival_s: f64,
    departure_s: f64,
}

fn service(city: &City, router: &Router, near: &NearestLinks, line: &CityObject, demand: u32) -> Result<TransitService, String> {
    let departures = departures(line, city.scenario.time.date.as_deref().and_then(weekday));
    if departures.is_empty() {
        return Err("it has no departures".into());
    }
    let shape = shape(line);
    let stops = stops(city, router, near, line, &shape)?;
    let weights = weights(city, router, &shape);
    let mut route = vec![stops[0].link];
    let mut kept: Vec<&Stop> = vec![&stops[0]];
    for stop in &stops[1..] {
        let (here, from) = (*route.last().unwrap_or(&stop.link), kept[kept.len() - 1]);
        if here == stop.link {
            if stop.at_m > from.at_m {
                kept.push(stop);
            }
            continue;
        }
        // A stop that no road leads to is passed over.
        let Some(way) = router.route(here, stop.link, &weights) else { continue };
        route.extend(&way[1..]);
        kept.push(stop);
    }
    if kept.len() < 2 {
        return Err("no road joins its stops".into());
    }
    let begin = kept[0].departure_s;
    let service_stop = |stop: &&Stop| ServiceStop {
        link: stop.link,
        position_m: stop.at_m,
        dwell: SimTime::from_s_f64(if stop.departure_s > stop.arrival_s { stop.departure_s - stop.arrival_s } else { DWELL_S }),
        not_before: SimTime::from_s_f64((stop.departure_s - begin).max(0.0)),
    };
    Ok(TransitService { demand, id: line.id.to_string(), route, stops: kept.iter().map(service_stop).collect(), departures })
}

/// Departures at the first stop: a list, or one list a service. Of those, the services that run on the weekday (`service_days`:
/// seven digits from Monday, `1` where it runs) count; where none does, or there is no date, the fullest one.
fn departures(line: &CityObject, weekday: Option<usize>) -> Vec<SimTime> {
    let list = |value: &Value| -> Vec<SimTime> {
        let numbers = value.as_array().into_iter().flatten().filter_map(Value::as_f64);
        numbers.filter(|n| n.is_finite() && *n >= 0.0).map(SimTime::from_s_f64).collect()
    };
    let runs = |service: &str| -> bool {
        let days = line.attributes.get("service_days").and_then(|days| days.get(service)).and_then(Value::as_str);
        days.zip(weekday).is_some_and(|(days, day)| days.as_bytes().get(day) == Some(&b'1'))
    };
    let mut times: Vec<SimTime> = match line.attributes.get("departures_s") {
        Some(Value::Object(services)) => {
            let today: Vec<SimTime> = services.iter().filter(|(service, _)| runs(service)).flat_map(|(_, value)| list(value)).collect();
            if today.is_empty() { services.values().map(list).max_by_key(Vec::len).unwrap_or_default() } else { today }
        }
        Some(value) => list(value),
        None => Vec::new(),
    };
    times.sort_unstable();
    times.dedup();
    times
}

/// The weekday of `YYYY-MM-DD`, 0 for Monday (Zeller's congruence).
fn weekday(date: &str) -> Option<usize> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    // 0 is Saturday in Zeller's count.
    let h = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400).rem_euclid(7);
    Some(((h + 5) % 7) as usize)
}

fn shape(line: &CityObject) -> Vec<[f64; 2]> {
    let Some(geometry) = line.coarsest() else { return Vec::new() };
    geometry.lines().flatten().map(|p| [p[0], p[1]]).collect()
}

fn stops(city: &City, router: &Router, near: &NearestLinks, line: &CityObject, shape: &[[f64; 2]]) -> Result<Vec<Stop>, String> {
    let written = line.attributes.get("stops").and_then(Value::as_array).ok_or("it has no stops")?;
    let mut placed = Vec::new();
    for stop in written {
        let Some(id) = stop.get("id").and_then(Value::as_str) else { continue };
        let ix = city.scene.find(id).or_else(|| city.scene.find(&format!("gtfs:stop/{id}")));
        let Some(at) = ix.and_then(|ix| centre(city.scene, ix)) else { continue };
        let seconds = |key: &str| stop.get(key).and_then(Value::as_f64).filter(|s| s.is_finite());
        let arrival = seconds("arrival_s").or_else(|| seconds("departure_s"));
        placed.push(([at[0], at[1]], arrival.unwrap_or(0.0), seconds("departure_s").or(arrival).unwrap_or(0.0)));
    }
    let mut stops = Vec::new();
    for (number, (at, arrival_s, departure_s)) in placed.iter().enumerate() {
        let (before, after) = (placed[number.saturating_sub(1)].0, placed[(number + 1).min(placed.len() - 1)].0);
        let heading = heading_at(shape, *at).unwrap_or([after[0] - before[0], after[1] - before[1]]);
        let runs_that_way = |link: LinkIx| {
            let lane = &city.lanes.lanes_of(link)[0];
            let points = city.lanes.shape(&lane.shape);
            let (a, b) = (points[0], points[points.len() - 1]);
            router.is_open(link) && (b[0] - a[0]) * heading[0] + (b[1] - a[1]) * heading[1] > 0.0
        };
        if let Some(found) = near.nearest(*at, STOP_WITHIN_M, runs_that_way) {
            stops.push(Stop { link: found.link, at_m: found.at_m, arrival_s: *arrival_s, departure_s: *departure_s });
        }
    }
    if stops.len() < 2 { Err(format!("{} of its {} stops lie at a road for buses", stops.len(), written.len())) } else { Ok(stops) }
}

fn distance2(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let along = if length2 > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (a[0] + along * dx - p[0]).powi(2) + (a[1] + along * dy - p[1]).powi(2)
}

/// Which way the shape runs where it passes a place.
fn heading_at(shape: &[[f64; 2]], p: [f64; 2]) -> Option<[f64; 2]> {
    let pieces = shape.windows(2).filter(|w| w[0] != w[1]);
    let nearest = pieces.min_by(|u, v| distance2(p, u[0], u[1]).total_cmp(&distance2(p, v[0], v[1])))?;
    Some([nearest[1][0] - nearest[0][0], nearest[1][1] - nearest[0][1]])
}

/// Free travel times, dearer off the line's shape.
fn weights(city: &City, router: &Router, shape: &[[f64; 2]]) -> Vec<f64> {
    let mut weights = router.free_flow();
    if shape.len() < 2 {
        return weights;
    }
    let low = [0, 1].map(|axis| shape.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min) - SHAPE_WITHIN_M);
    let high = [0, 1].map(|axis| shape.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max) + SHAPE_WITHIN_M);
    for (link, weight) in weights.iter_mut().enumerate() {
        let lane = &city.lanes.lanes_of(LinkIx::new(link))[0];
        let (middle, _) = city.lanes.pose(&lane.shape, lane.length_m / 2.0);
        let p = [middle[0], middle[1]];
        let in_box = (0..2).all(|axis| low[axis] <= p[axis] && p[axis] <= high[axis]);
        let on_it = in_box && shape.windows(2).any(|w| distance2(p, w[0], w[1]) <= SHAPE_WITHIN_M * SHAPE_WITHIN_M);
        if !on_it {
            *weight *= OFF_SHAPE;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::SourceId;

    #[test]
    fn the_services_of_the_weekday_run() {
        assert_eq!(weekday("2026-10-03"), Some(5), "a Saturday");
        assert_eq!(weekday("2024-02-29"), Some(3), "a Thursday");
        assert_eq!(weekday("2000-01-03"), Some(0), "a Monday");
        let mut line = CityObject::new("gtfs:route/1", Class::TransitLine, SourceId(0));
        let services: Value = serde_json::json!({ "workday": [60, 30, 90], "weekend": [45], "school": [50] });
        line.attributes.insert("departures_s".into(), services);
        line.attributes.insert("service_days".into(), serde_json::json!({ "workday": "1111100", "school": "1000000", "weekend": "0000011" }));
        let seconds = |day| departures(&line, day).iter().map(|t| t.as_s()).collect::<Vec<_>>();
        assert_eq!(seconds(Some(5)), [45.0]);
        assert_eq!(seconds(Some(0)), [30.0, 50.0, 60.0, 90.0]);
        assert_eq!(seconds(None), [30.0, 60.0, 90.0]);
    }
}
