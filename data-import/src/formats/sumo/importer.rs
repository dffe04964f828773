//! A network as city objects: roads with their lanes, junctions, lights; with the attributes that OSM's roads have, so that what
//! reads those reads these.

use super::read_net;
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::traffic::{EdgeKind, MapEdge, MapLane, NodeKind, RoadMap, RoadUsers, TurnKind};
use qike_scene::{CityObject, Class, Geometry, Lod, ObjectSink, SourceId, SourceInfo};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The importer of `X.net.xml`.
pub struct SumoNet;

impl Importer for SumoNet {
    fn name(&self) -> &'static str {
        "sumo"
    }

    fn title(&self) -> &'static str {
        "a SUMO network"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["net.xml", "net.xml.gz"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let plain = crate::formats::osm::compressed::plain_head(head);
        let text = crate::text::xml_head(&plain);
        let xml = text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
        Confidence::of(self.has_ending(path), xml && root(&text) == Some(b"net"))
    }

    fn probe(&self, source: &Source, feedback: &Feedback) -> Result<Profile, ImportError> {
        let scenario = read_net(&source.path, feedback)?;
        let (stated, offset) = place(&scenario.map);
        let Some(crs) = source.options.source_crs.clone().or(stated) else { return Ok(Profile::default()) };
        let mut projector = Projector::new(&crs, &Crs::wgs84(), &source.name)?;
        let middle = scenario.map.junctions.get(scenario.map.junctions.len() / 2).map(|j| [j.position[0] + offset[0], j.position[1] + offset[1], 0.0]);
        let centre_lonlat = middle.and_then(|p| projector.project(p, "")).map(|[lon, lat, _]| [lon, lat]);
        Ok(Profile { crs: Some(crs), centre_lonlat })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let scenario = read_net(&source.path, feedback).map_err(|error| renamed(error, source))?;
        let map = &scenario.map;
        let (stated, _) = place(map);
        let crs = match stated {
            Some(stated) => source.crs_or(Some(stated), || SourceCrs::Crs(Crs::local())),
            None => source.crs_unstated(Some("location"), sink),
        };
        let number = source.begin(self.name(), &crs.to_string(), sink)?;
        for mut finding in scenario.findings.clone() {
            finding.place.file = Some(source.name.clone());
            sink.diagnostic(finding);
        }
        write_objects(map, number, &source.name, &crs, sink, feedback)?;
        if map.left_hand {
            sink.diagnostic(Diagnostic::info("left-hand", "traffic keeps to the left in this network").file(source.name.as_str()));
        }
        Ok(())
    }
}

/// Hands a map's roads, lanes, junctions and lights to a sink, in its CRS, as the import of the network's file does; `info`: their source.
///
/// # Errors
/// What the sink refuses; a cancelled run.
pub fn write_map(map: &RoadMap, info: SourceInfo, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let crs = place(map).0.unwrap_or_else(|| SourceCrs::Crs(sink.crs().clone()));
    let name = info.path.clone();
    let number = sink.source(info)?;
    write_objects(map, number, &name, &crs, sink, feedback)
}

fn write_objects(map: &RoadMap, source: SourceId, name: &str, crs: &SourceCrs, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let projector = Projector::new(crs, sink.crs(), name)?;
    let mut writer = Writer { prefix: "sumo", map, source, projector, offset: place(map).1 };
    writer.write(sink, feedback)?;
    writer.projector.report(name, "points", sink);
    Ok(())
}

/// The name of the first element.
pub(crate) fn root(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        let at = memchr::memchr(b'<', rest)?;
        rest = rest.get(at + 1..)?;
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = comment.get(memchr::memmem::find(comment, b"-->")?..)?;
        } else if !rest.starts_with(b"?") && !rest.starts_with(b"!DOCTYPE") {
            return rest.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).next();
        }
    }
}

/// Messages name the file as the user did.
pub(crate) fn renamed(error: ImportError, source: &Source) -> ImportError {
    match error {
        ImportError::Corrupt { place, reason, .. } => ImportError::corrupt(&source.name, place, reason),
        other => other,
    }
}

/// The system of a network's coordinates where it has one, and what is to be added to them.
pub(crate) fn place(map: &RoadMap) -> (Option<SourceCrs>, [f64; 2]) {
    let Some((projection, offset)) = &map.location else { return (None, [0.0; 2]) };
    match projection.trim() {
        "" | "!" | "-" => (None, [0.0; 2]),
        text => (SourceCrs::parse(text).ok(), *offset),
    }
}

/// Writes a map as city objects.
pub(crate) struct Writer<'m> {
    /// What ids begin with.
    pub prefix: &'static str,
    /// The map.
    pub map: &'m RoadMap,
    /// The source that they come from.
    pub source: SourceId,
    /// To the sink's system.
    pub projector: Projector,
    /// Added to coordinates before.
    pub offset: [f64; 2],
}

impl Writer<'_> {
    /// Writes all of it.
    pub fn write(&mut self, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        self.roads(sink, feedback)?;
        self.junctions(sink)
    }

    fn points(&mut self, points: &[[f64; 3]], id: &str) -> Vec<[f64; 3]> {
        let moved: Vec<[f64; 3]> = points.iter().map(|[x, y, z]| [x + self.offset[0], y + self.offset[1], *z]).collect();
        self.projector.project_all(&moved, id)
    }

    fn roads(&mut self, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let map = self.map;
        let mut turns: BTreeMap<u32, Vec<TurnKind>> = BTreeMap::new();
        for link in &map.connections {
            turns.entry(link.from).or_default().push(link.turn);
        }
        for edge in map.edges.iter().filter(|e| e.kind == EdgeKind::Normal) {
            feedback.check()?;
            let lanes: Vec<(u32, &MapLane)> = edge.lanes.clone().filter_map(|at| Some((at, map.lanes.get(at as usize)?))).collect();
            let id = format!("{}:edge/{}", self.prefix, edge.id);
            let mut road = self.road(&id, edge, &lanes, &turns);
            let line = self.points(&centre(map, edge, &lanes), &id);
            if line.len() > 1 {
                road.geometries.push(Geometry::line(Lod::ZERO, &line));
            }
            sink.object(road)?;
            for (_, lane) in &lanes {
                let own = format!("{}:lane/{}", self.prefix, lane.id);
                let line = self.points(&lane.shape, &own);
                let mut space = CityObject::new(own, Class::TrafficSpace, self.source);
                space.parent = Some(id.clone().into());
                let mut set = |key: &str, value: Value| drop(space.attributes.insert(key.into(), value));
                set("function", json!("lane"));
                set("lane", json!(lane.index));
                set("width_m", json!(lane.width_m));
                set("length_m", json!(lane.length_m));
                set("speed_limit_mps", json!(lane.speed_mps));
                if lane.allowed != RoadUsers::ALL {
                    set("allowed", json!(lane.allowed.names().collect::<Vec<_>>()));
                }
                if line.len() > 1 {
                    space.geometries.push(Geometry::line(Lod::ZERO, &line));
                }
                sink.object(space)?;
            }
        }
        Ok(())
    }

    /// A road with its attributes: as an OSM way of one direction has them, and SUMO's own.
    fn road(&self, id: &str, edge: &MapEdge, lanes: &[(u32, &MapLane)], turns: &BTreeMap<u32, Vec<TurnKind>>) -> CityObject {
        let may = |name: &str| RoadUsers::kind(name).unwrap_or_default();
        let wheels = ["passenger", "bus", "truck", "delivery", "taxi", "motorcycle"].iter().fold(RoadUsers::NONE, |set, name| set.union(may(name)));
        let all = lanes.iter().fold(RoadUsers::NONE, |set, (_, lane)| set.union(lane.allowed));
        let motor: Vec<_> = lanes.iter().filter(|(_, lane)| lane.allowed.meets(wheels)).collect();
        let speed = lanes.iter().map(|(_, lane)| lane.speed_mps).fold(0.0, f64::max);
        let (class, key, value) = match edge.road_type.as_deref().and_then(|t| t.split('|').find_map(|part| part.strip_prefix("highway."))) {
            _ if motor.is_empty() && all.meets(may("tram").union(may("rail")).union(may("rail_urban")).union(may("rail_electric"))) => (Class::Railway, "railway", if all.meets(may("tram")) { "tram" } else { "rail" }),
            _ if motor.is_empty() && all.meets(may("bicycle")) => (Class::Road, "highway", "cycleway"),
            _ if motor.is_empty() => (Class::Track, "highway", "footway"),
            Some(kind) => (Class::Road, "highway", kind),
            None if speed > 25.0 => (Class::Road, "highway", "trunk"),
            None if speed > 16.0 => (Class::Road, "highway", "primary"),
            None if speed > 13.0 => (Class::Road, "highway", "tertiary"),
            None => (Class::Road, "highway", "residential"),
        };
        let mut road = CityObject::new(id, class, self.source);
        road.name.clone_from(&edge.name);
        let mut set = |key: &str, value: Value| drop(road.attributes.insert(key.into(), value));
        set(key, json!(value));
        set("oneway", json!("yes"));
        set(if self.prefix == "sumo" { "sumo_id" } else { "source_id" }, json!(edge.id));
        if let Some(capacity) = edge.capacity_per_h {
            set("capacity_per_h", json!(capacity));
        }
        set("priority", json!(edge.priority));
        if let Some(kind) = &edge.road_type {
            set("road_type", json!(kind));
        }
        if edge.roundabout {
            set("junction", json!("roundabout"));
        }
        set("maxspeed", json!(format!("{:.0}", speed * 3.6)));
        if !motor.is_empty() {
            set("lanes", json!(motor.len().to_string()));
            set("width", json!(motor.iter().map(|(_, lane)| lane.width_m).sum::<f64>()));
            for (key, name) in [("motorcar", "passenger"), ("hgv", "truck"), ("bus", "bus"), ("bicycle", "bicycle")] {
                if !all.meets(may(name)) {
                    set(key, json!("no"));
                }
            }
            // Tags go from left to right, lanes from the kerb to the middle.
            let across = |tag: &dyn Fn(&(u32, &MapLane)) -> String| {
                let mut words: Vec<String> = motor.iter().map(|lane| tag(lane)).collect();
                if !self.map.left_hand {
                    words.reverse();
                }
                words.join("|")
            };
            let buses = |lane: &MapLane| lane.allowed.meets(RoadUsers::BUS) && !lane.allowed.meets(RoadUsers::PASSENGER);
            if motor.iter().any(|(_, lane)| buses(lane)) && all.meets(RoadUsers::PASSENGER) {
                set("bus:lanes", json!(across(&|(_, lane)| if buses(lane) { "designated".into() } else { String::new() })));
            }
            if motor.iter().any(|(at, _)| turns.contains_key(at)) {
                set("turn:lanes", json!(across(&|(at, _)| arrows(turns.get(at).map_or(&[], Vec::as_slice)))));
            }
        }
        road
    }

    fn junctions(&mut self, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let map = self.map;
        for junction in map.junctions.iter().filter(|j| j.kind != NodeKind::Internal) {
            let id = format!("{}:junction/{}", self.prefix, junction.id);
            let mut object = CityObject::new(id.clone(), Class::Intersection, self.source);
            object.attributes.insert("control".into(), json!(junction.kind));
            let outline = self.points(&junction.shape, &id);
            let at = self.points(&[junction.position], &id);
            match at.first() {
                _ if outline.len() > 2 => object.geometries.push(Geometry::polygon(Lod::ZERO, &[outline])),
                Some(point) => object.geometries.push(Geometry::point(Lod::ZERO, *point)),
                None => {}
            }
            sink.object(object)?;
            if !matches!(junction.kind, NodeKind::Signal | NodeKind::SignalRightOnRed) {
                continue;
            }
            // One for the junction, where networks look for it, and one at each stop line.
            let mut lights = vec![(format!("{}:signals/{}", self.prefix, junction.id), "traffic_signals", at.first().copied())];
            for lane in junction.incoming.iter().filter_map(|at| map.lanes.get(*at as usize)) {
                if let Some(end) = lane.shape.last().filter(|_| map.edges.get(lane.edge as usize).is_some_and(|e| e.kind == EdgeKind::Normal)) {
                    let own = format!("{}:signal/{}", self.prefix, lane.id);
                    let point = self.points(&[*end], &own).first().copied();
                    lights.push((own, "traffic_light", point));
                }
            }
            for (own, function, point) in lights {
                let Some(point) = point else { continue };
                let mut light = CityObject::new(own, Class::CityFurniture, self.source);
                light.attributes.insert("function".into(), json!(function));
                light.parent = Some(id.clone().into());
                light.geometries.push(Geometry::point(Lod::ZERO, point));
                sink.object(light)?;
            }
        }
        Ok(())
    }
}

/// The middle of a road's lanes, from junction to junction, so that roads meet in points that they share.
fn centre(map: &RoadMap, edge: &MapEdge, lanes: &[(u32, &MapLane)]) -> Vec<[f64; 3]> {
    let node = |at: Option<u32>| at.and_then(|at| map.junctions.get(at as usize)).map(|j| j.position);
    let (Some((_, first)), Some((_, last))) = (lanes.first(), lanes.last()) else { return Vec::new() };
    // The outer lanes' mean where they have the same corners, else the one in the middle.
    let inner: Vec<[f64; 3]> = if first.shape.len() == last.shape.len() {
        first.shape.iter().zip(&last.shape).map(|(a, b)| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0, (a[2] + b[2]) / 2.0]).collect()
    } else {
        lanes.get(lanes.len() / 2).map(|(_, lane)| lane.shape.clone()).unwrap_or_default()
    };
    let mut line: Vec<[f64; 3]> = node(edge.from).into_iter().chain(inner).chain(node(edge.to)).collect();
    line.dedup_by(|a, b| (a[0] - b[0]).hypot(a[1] - b[1]) < 0.01);
    line
}

/// A lane's arrows as OSM writes them.
fn arrows(turns: &[TurnKind]) -> String {
    let all = [
        (TurnKind::Left, "left"),
        (TurnKind::PartLeft, "slight_left"),
        (TurnKind::Straight, "through"),
        (TurnKind::PartRight, "slight_right"),
        (TurnKind::Right, "right"),
        (TurnKind::Turn, "reverse"),
    ];
    all.iter().filter(|(turn, _)| turns.contains(turn)).map(|(_, word)| *word).collect::<Vec<_>>().join(";")
}
