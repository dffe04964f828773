//! GTFS, the timetables of public transport: a folder of text tables, or a zip of them.
//!
//! A stop becomes a CityFurniture object `gtfs:stop/ID`. A route becomes a TransitLine `gtfs:route/ID` along the shape that
//! most of its trips follow, with the stops of a typical trip and all departures from its first stop. A route that runs both
//! ways has a second line `gtfs:route/ID/1` (the less frequent direction) as its child.

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use gtfs_structures::{LocationType, RawGtfs, RawStopTime, RawTrip, Route, RouteType};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, CityObject, Class, Geometry, Lod, ObjectSink, SourceId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most that the tables of a zip may unpack to, bytes.
const UNPACKED_LIMIT: u64 = 2 << 30;
/// Most departures a frequency table may stand for, for each trip.
const MAX_HEADWAYS: u32 = 10_000;

/// The importer.
pub struct Gtfs;

/// The tables that matter, each by id.
struct Feed {
    stops: Vec<gtfs_structures::Stop>,
    routes: Vec<Route>,
    trips: Vec<RawTrip>,
    times: BTreeMap<String, Vec<RawStopTime>>,
    shapes: BTreeMap<String, Vec<[f64; 3]>>,
    headways: BTreeMap<String, Vec<[u32; 3]>>,
    days: BTreeMap<String, String>,
}

/// Refuses a zip that unpacks to more than the limit. Sizes that an archive declares can lie, so it is unpacked into nothing.
fn check_zip(source: &Source) -> Result<(), ImportError> {
    let broken = |e: zip::result::ZipError| ImportError::corrupt(&source.name, "the archive", format!("broken or cut off zip: {e}"));
    let mut archive = zip::ZipArchive::new(source.open()?).map_err(broken)?;
    let mut total = 0u64;
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(broken)?;
        let (name, left) = (entry.name().to_owned(), UNPACKED_LIMIT - total);
        let copied = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        total += copied.map_err(|e| ImportError::corrupt(&source.name, format!("entry {name}"), format!("broken zip: {e}")))?;
        if total > UNPACKED_LIMIT {
            let reason = format!("the archive unpacks to more than {} MiB", UNPACKED_LIMIT >> 20);
            return Err(ImportError::corrupt(&source.name, format!("entry {name}"), reason));
        }
    }
    Ok(())
}

fn read(source: &Source) -> Result<Feed, ImportError> {
    let name = &source.name;
    if !source.path.is_dir() {
        check_zip(source)?;
    }
    let raw = RawGtfs::from_path(&source.path).map_err(|e| ImportError::corrupt(name, "the feed", e.to_string()))?;
    let table = |file: &str, e: gtfs_structures::Error| {
        let place = match &e {
            gtfs_structures::Error::CSVError { line_in_error: Some(line), .. } => format!("{file}: {}", line.values.join(",")),
            _ => file.to_owned(),
        };
        ImportError::corrupt(name, place, format!("broken table: {e}"))
    };
    let mut times: BTreeMap<String, Vec<RawStopTime>> = BTreeMap::new();
    for time in raw.stop_times.map_err(|e| table("stop_times.txt", e))? {
        times.entry(time.trip_id.clone()).or_default().push(time);
    }
    times.values_mut().for_each(|list| list.sort_by_key(|t| t.stop_sequence));
    let mut sequences: BTreeMap<String, Vec<(usize, [f64; 3])>> = BTreeMap::new();
    for p in raw.shapes.transpose().map_err(|e| table("shapes.txt", e))?.unwrap_or_default() {
        sequences.entry(p.id).or_default().push((p.sequence, [p.longitude, p.latitude, 0.0]));
    }
    let mut shapes = BTreeMap::new();
    for (id, mut points) in sequences {
        points.sort_by_key(|p| p.0);
        shapes.insert(id, points.into_iter().map(|p| p.1).collect());
    }
    let mut headways: BTreeMap<String, Vec<[u32; 3]>> = BTreeMap::new();
    for f in raw.frequencies.transpose().map_err(|e| table("frequencies.txt", e))?.unwrap_or_default() {
        headways.entry(f.trip_id).or_default().push([f.start_time, f.end_time, f.headway_secs]);
    }
    let mut days = BTreeMap::new();
    for c in raw.calendar.transpose().map_err(|e| table("calendar.txt", e))?.unwrap_or_default() {
        let week = [c.monday, c.tuesday, c.wednesday, c.thursday, c.friday, c.saturday, c.sunday];
        days.insert(c.id, week.map(|d| if d { '1' } else { '0' }).iter().collect());
    }
    let mut stops = raw.stops.map_err(|e| table("stops.txt", e))?;
    let mut routes = raw.routes.map_err(|e| table("routes.txt", e))?;
    let mut trips = raw.trips.map_err(|e| table("trips.txt", e))?;
    stops.sort_by(|a, b| a.id.cmp(&b.id));
    routes.sort_by(|a, b| a.id.cmp(&b.id));
    trips.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Feed { stops, routes, trips, times, shapes, headways, days })
}

fn stop_id(id: &str) -> String {
    format!("gtfs:stop/{id}")
}

/// The trips of a route in one direction.
struct Pattern<'a> {
    trips: Vec<&'a RawTrip>,
    typical: &'a RawTrip,
    times: &'a [RawStopTime],
}

/// The pattern of some trips: the typical trip is the longest among those of the most frequent shape.
fn pattern<'a>(feed: &'a Feed, trips: Vec<&'a RawTrip>) -> Option<Pattern<'a>> {
    let mut by_shape: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for trip in &trips {
        *by_shape.entry(trip.shape_id.as_deref()).or_default() += 1;
    }
    // Of equally frequent shapes the first by name; `max_by_key` would take the last.
    let most = by_shape.values().copied().max()?;
    let shape = by_shape.iter().find(|(_, n)| **n == most).map(|(s, _)| *s)?;
    let length = |t: &RawTrip| feed.times.get(&t.id).map_or(0, Vec::len);
    let longest = trips.iter().filter(|t| t.shape_id.as_deref() == shape).map(|t| length(t)).max()?;
    let typical = trips.iter().find(|t| t.shape_id.as_deref() == shape && length(t) == longest)?;
    let times = feed.times.get(&typical.id).map_or(&[][..], Vec::as_slice);
    Some(Pattern { typical, times, trips })
}

/// Seconds at each stop, arrival and departure; those between timed stops are spread evenly.
fn stop_seconds(times: &[RawStopTime]) -> Vec<[Option<u32>; 2]> {
    let mut all: Vec<[Option<u32>; 2]> =
        times.iter().map(|t| [t.arrival_time.or(t.departure_time), t.departure_time.or(t.arrival_time)]).collect();
    let timed: Vec<usize> = (0..all.len()).filter(|&i| all[i][0].is_some()).collect();
    for w in timed.windows(2) {
        let (Some(from), Some(to)) = (all[w[0]][1], all[w[1]][0]) else { continue };
        let span = i64::from(to) - i64::from(from);
        for i in w[0] + 1..w[1] {
            let at = i64::from(from) + span * (i - w[0]) as i64 / (w[1] - w[0]) as i64;
            all[i] = [u32::try_from(at).ok(); 2];
        }
    }
    all
}

/// Departures from the first stop by service, seconds after midnight, rising.
fn departures(feed: &Feed, trips: &[&RawTrip]) -> BTreeMap<String, Vec<u32>> {
    let mut by_service: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for trip in trips {
        let list = by_service.entry(trip.service_id.clone()).or_default();
        match feed.headways.get(&trip.id) {
            Some(spans) => {
                for [start, end, headway] in spans {
                    let count = end.saturating_sub(*start).div_ceil((*headway).max(1)).min(MAX_HEADWAYS);
                    list.extend((0..count).map(|i| start.saturating_add(i.saturating_mul(*headway))));
                }
            }
            None => list.extend(feed.times.get(&trip.id).and_then(|t| t.first()).and_then(|t| t.departure_time.or(t.arrival_time))),
        }
    }
    by_service.values_mut().for_each(|list| {
        list.sort_unstable();
        list.dedup();
    });
    by_service
}

fn route_type(route: &Route) -> String {
    match route.route_type {
        RouteType::Tramway => "tram".into(),
        RouteType::Subway => "subway".into(),
        RouteType::Rail => "rail".into(),
        RouteType::Bus => "bus".into(),
        RouteType::Ferry => "ferry".into(),
        RouteType::CableCar => "cable_car".into(),
        RouteType::Gondola => "gondola".into(),
        RouteType::Funicular => "funicular".into(),
        RouteType::Other(11) => "trolleybus".into(),
        RouteType::Other(12) => "monorail".into(),
        RouteType::Other(n) => n.to_string(),
        RouteType::Extended(extended) => match extended.to_standard_route_type() {
            RouteType::Rail => "rail".into(),
            RouteType::Subway => "subway".into(),
            RouteType::Bus => "bus".into(),
            RouteType::Tramway => "tram".into(),
            RouteType::Ferry => "ferry".into(),
            RouteType::Gondola => "gondola".into(),
            RouteType::Funicular => "funicular".into(),
            _ => (extended as i16).to_string(),
        },
    }
}

fn put(attributes: &mut Attributes, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        attributes.insert(key.to_owned(), value.into());
    }
}

fn stop_object(stop: &gtfs_structures::Stop, source: SourceId) -> CityObject {
    let mut object = CityObject::new(stop_id(&stop.id), Class::CityFurniture, source);
    let function = match stop.location_type {
        LocationType::StopPoint => "bus_stop",
        LocationType::StopArea => "station",
        LocationType::StationEntrance => "station_entrance",
        LocationType::BoardingArea => "boarding_area",
        LocationType::GenericNode | LocationType::Unknown(_) => "pathway_node",
    };
    object.name = stop.name.clone();
    object.parent = stop.parent_station.as_ref().map(|id| stop_id(id).into());
    let a = &mut object.attributes;
    put(a, "function", Some(function));
    put(a, "stop_id", Some(stop.id.clone()));
    put(a, "code", stop.code.clone());
    put(a, "description", stop.description.clone());
    put(a, "platform_code", stop.platform_code.clone());
    put(a, "level_id", stop.level_id.clone());
    object
}

impl Feed {
    fn line(&self, route: &Route, id: String, pattern: &Pattern<'_>, source: SourceId) -> (CityObject, Vec<[f64; 3]>) {
        let mut object = CityObject::new(id, Class::TransitLine, source);
        object.name = route.short_name.clone().or(route.long_name.clone());
        let seconds = stop_seconds(pattern.times);
        let stops: Vec<Value> = pattern
            .times
            .iter()
            .zip(&seconds)
            .map(|(t, [arrival, departure])| json!({ "id": stop_id(&t.stop_id), "arrival_s": arrival, "departure_s": departure }))
            .collect();
        let departures = departures(self, &pattern.trips);
        let days: BTreeMap<&String, &String> = departures.keys().filter_map(|s| self.days.get_key_value(s)).collect();
        let a = &mut object.attributes;
        put(a, "route_id", Some(route.id.clone()));
        put(a, "route_type", Some(route_type(route)));
        put(a, "short_name", route.short_name.clone());
        put(a, "long_name", route.long_name.clone());
        put(a, "colour", route.color.map(|c| format!("#{:02x}{:02x}{:02x}", c.r, c.g, c.b)));
        put(a, "headsign", pattern.typical.trip_headsign.clone());
        put(a, "trips", Some(pattern.trips.len()));
        put(a, "stops", Some(stops));
        put(a, "departures_s", Some(json!(departures)));
        put(a, "service_days", Some(json!(days)));
        let shape = pattern.typical.shape_id.as_ref().and_then(|id| self.shapes.get(id)).filter(|s| s.len() >= 2).cloned();
        let through_stops = || pattern.times.iter().filter_map(|t| self.stop_position(&t.stop_id)).collect();
        (object, shape.unwrap_or_else(through_stops))
    }

    fn stop_position(&self, id: &str) -> Option<[f64; 3]> {
        let stop = self.stops.binary_search_by(|s| s.id.as_str().cmp(id)).ok().and_then(|i| self.stops.get(i))?;
        Some([stop.longitude?, stop.latitude?, 0.0])
    }
}

impl Importer for Gtfs {
    fn name(&self) -> &'static str {
        "gtfs"
    }

    fn title(&self) -> &'static str {
        "a GTFS feed"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gtfs.zip", "gtfs"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let tables = ["stops.txt", "routes.txt", "trips.txt"];
        if path.is_dir() {
            return Confidence::of(false, tables.iter().all(|t| path.join(t).is_file()));
        }
        let listed = || -> Option<bool> {
            let archive = zip::ZipArchive::new(File::open(path).ok()?).ok()?;
            let has = |t: &str| archive.file_names().any(|n| Path::new(n).file_name().is_some_and(|f| f == t));
            Some(tables.iter().all(|t| has(t)))
        };
        Confidence::of(self.has_ending(path), head.starts_with(b"PK\x03\x04") && listed().unwrap_or(false))
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let feed = read(source)?;
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let all: Vec<[f64; 3]> = feed.stops.iter().filter_map(|s| Some([s.longitude?, s.latitude?, 0.0])).collect();
        Ok(Profile { centre_lonlat: crate::formats::features::centre_lonlat(&crs, all.into_iter()), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let feed = read(source)?;
        let crs = source.crs_or(None, || SourceCrs::Crs(Crs::wgs84()));
        let mut projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        let task = feedback.task(format!("read {}", source.name), (feed.stops.len() + feed.routes.len()) as u64);
        let known: BTreeSet<&str> = feed.stops.iter().map(|s| s.id.as_str()).collect();
        for stop in &feed.stops {
            feedback.check()?;
            task.advance(1);
            let mut object = stop_object(stop, id);
            // Nodes inside a station may have no position of their own.
            if let (Some(lon), Some(lat)) = (stop.longitude, stop.latitude) {
                let Some(p) = projector.project([lon, lat, 0.0], object.id.as_str()) else { continue };
                object.geometries.push(Geometry::point(Lod::ZERO, p));
            }
            sink.object(object)?;
        }
        let mut by_route: BTreeMap<&str, Vec<&RawTrip>> = BTreeMap::new();
        for trip in &feed.trips {
            by_route.entry(&trip.route_id).or_default().push(trip);
        }
        let (mut idle, mut dangling) = (Vec::new(), BTreeSet::new());
        for route in &feed.routes {
            feedback.check()?;
            task.advance(1);
            let trips = by_route.get(route.id.as_str()).cloned().unwrap_or_default();
            let (mut ways, main_id) = (directions(&feed, trips), format!("gtfs:route/{}", route.id));
            if ways.is_empty() {
                idle.push(route.id.clone());
            }
            for (n, pattern) in ways.drain(..).enumerate() {
                dangling.extend(pattern.times.iter().map(|t| t.stop_id.as_str()).filter(|s| !known.contains(s)).map(str::to_owned));
                let line_id = if n == 0 { main_id.clone() } else { format!("{main_id}/{n}") };
                let (mut object, points) = feed.line(route, line_id, &pattern, id);
                object.parent = (n > 0).then(|| main_id.as_str().into());
                let mut points = projector.project_all(&points, object.id.as_str());
                points.dedup();
                if points.len() >= 2 {
                    object.geometries.push(Geometry::line(Lod::ZERO, &points));
                }
                sink.object(object)?;
            }
        }
        if let Some(first) = idle.first() {
            let message = format!("{} routes have no trips and are left out; the first is '{first}'", idle.len());
            sink.diagnostic(Diagnostic::warning("route-without-trips", message).file(&source.name).path("routes.txt"));
        }
        if let Some(first) = dangling.first() {
            let message = format!("{} stops that trips call at are not in stops.txt; the first is '{first}'", dangling.len());
            sink.diagnostic(Diagnostic::warning("stop-missing", message).file(&source.name).path("stop_times.txt"));
        }
        projector.report(&source.name, "positions", sink);
        Ok(())
    }
}

/// The patterns of a route, the direction with more trips first.
fn directions<'a>(feed: &'a Feed, trips: Vec<&'a RawTrip>) -> Vec<Pattern<'a>> {
    let (back, out): (Vec<_>, Vec<_>) =
        trips.into_iter().partition(|t| matches!(t.direction_id, Some(gtfs_structures::DirectionType::Inbound)));
    let mut ways: Vec<Pattern<'a>> = [out, back].into_iter().filter_map(|trips| pattern(feed, trips)).collect();
    ways.sort_by_key(|p| std::cmp::Reverse(p.trips.len()));
    ways
}
