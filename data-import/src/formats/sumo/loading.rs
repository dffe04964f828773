//! A scenario under way: what was read, where its ids are, and what was wrong.

use super::log::Log;
use super::names::{Ids, hash};
use super::stops::StopKind;
use super::switches::{self, Follower, Timetable};
use super::xml::{Broken, Xml, shown};
use super::{extras, flows, kinds, paths, rerouters, signals, stops, vehicles, zones};
use crate::ImportError;
use qike_core::fast_map::{FastMap, FastSet};
use qike_core::Feedback;
use std::mem::{Discriminant, discriminant};
use qike_scene::traffic::{Choice, DetectorKind, MapEdge, MapJunction, MapLane, Path, PathRef, Release, RoadUsers, Travel, TrafficScenario, TypeRef, VehicleKind};

/// What types have that state nothing, by the settings.
pub struct Defaults {
    /// Car-following model.
    pub model: String,
    /// Deviation of the share of the speed limit.
    pub speed_deviation: Option<f64>,
    /// Time to full impatience, s.
    pub patience_s: f64,
}

/// A scenario under way.
pub struct Loading<'f> {
    /// What was read.
    pub scenario: TrafficScenario,
    /// Progress, and the wish to stop.
    pub feedback: &'f Feedback,
    /// What was wrong.
    pub log: Log,
    /// By settings.
    pub defaults: Defaults,
    edges: Ids,
    lanes: Ids,
    junctions: Ids,
    /// Of signals.
    pub lights: Ids,
    kinds: Ids,
    kind_choices: Ids,
    paths: Ids,
    path_choices: Ids,
    vehicles: Ids,
    flows: Ids,
    zones: Ids,
    weights: Vec<f64>,
    /// Kinds and ids of detectors.
    pub detectors: FastSet<(Discriminant<DetectorKind>, String)>,
    /// By kind of place and id.
    pub stops: FastMap<(StopKind, String), u32>,
    /// Where each edge leads.
    pub ways: Option<paths::Ways>,
    /// By path: who may drive all of it.
    pub path_users: Vec<RoadUsers>,
    /// Paths without an id by the hash of their text.
    pub by_text: FastMap<u64, u32>,
    /// Timetables of plans, and lights that follow them.
    pub timetables: Vec<Timetable>,
    /// Lights that follow timetables.
    pub followers: Vec<Follower>,
    /// Plans whose states have been checked.
    pub checked_plans: usize,
    /// Lanes over junctions that have their connection.
    pub led_on: FastSet<u32>,
    /// By vehicle that has been read: when it departs, for putting files in order.
    pub departures: Vec<i64>,
    /// Latest departure of the file that is being read.
    pub latest: i64,
    /// From and to of the interval around flows of old files.
    pub interval: Option<(i64, Option<i64>)>,
}

impl<'f> Loading<'f> {
    /// Goes on with a scenario.
    pub fn new(scenario: TrafficScenario, feedback: &'f Feedback) -> Self {
        let (map, demand, extra) = (&scenario.map, &scenario.demand, &scenario.extras);
        let stops = (0..).zip(&extra.stops).map(|(at, stop)| ((StopKind::Any, stop.id.clone()), at));
        let parking = (0..).zip(&extra.parking).map(|(at, area)| ((StopKind::Parking, area.place.id.clone()), at));
        let departures = demand.vehicles.iter().scan(i64::MIN, |last, (_, release, _)| {
            if let Release::At(at) = release {
                *last = *at;
            }
            Some(*last)
        });
        Self {
            feedback,
            log: Log::default(),
            defaults: Defaults { model: String::new(), speed_deviation: None, patience_s: 180.0 },
            edges: Ids::of(&map.edges, |e| &e.id),
            lanes: Ids::of(&map.lanes, |l| &l.id),
            junctions: Ids::of(&map.junctions, |j| &j.id),
            lights: Ids::of(&map.lights, |l| l),
            kinds: Ids::of(&demand.kinds, |k| &k.id),
            kind_choices: Ids::of(&demand.kind_choices, |k| &k.id),
            paths: demand.paths.iter().zip(0..).filter(|(p, _)| !p.id.is_empty()).fold(Ids::default(), |mut ids, (path, at)| {
                ids.insert(&path.id, at, |other| demand.paths.get(other as usize).map_or("", |p| &p.id));
                ids
            }),
            path_choices: Ids::of(&demand.path_choices, |p| &p.id),
            vehicles: Ids::of(&demand.vehicles, |v| &v.0),
            flows: Ids::of(&demand.flows, |f| &f.id),
            zones: Ids::of(&extra.zones, |z| &z.id),
            weights: vec![1.0; demand.kinds.len()],
            detectors: extra.detectors.iter().map(|d| (discriminant(&d.kind), d.id.clone())).collect(),
            stops: stops.chain(parking).collect(),
            ways: None,
            path_users: Vec::new(),
            by_text: FastMap::default(),
            timetables: Vec::new(),
            followers: Vec::new(),
            checked_plans: map.plans.len(),
            led_on: FastSet::default(),
            departures: departures.collect(),
            latest: i64::MIN,
            interval: None,
            scenario,
        }
    }

    /// The scenario, with all findings.
    pub fn finish(mut self) -> TrafficScenario {
        switches::close(&mut self);
        signals::check(&mut self);
        self.order();
        self.log.help("unknown-edge", "the routes or additional files may belong to another version of the network");
        self.log.help("unknown-type", "types must be loaded before the vehicles that have them: name their file among the additional files");
        self.log.help("route-disconnected", "the network has no connection there for that kind of vehicle; duarouter --repair mends routes");
        self.log.help("file-cut-off", "what came before was read; get the whole file to have the rest");
        self.scenario.findings.extend(self.log.finish());
        self.scenario
    }

    /// Vehicles by departure; those of one moment stay as they were.
    fn order(&mut self) {
        if self.departures.is_sorted() || self.departures.len() != self.scenario.demand.vehicles.len() {
            return;
        }
        let mut all: Vec<(i64, (String, Release, Travel))> = self.departures.iter().copied().zip(std::mem::take(&mut self.scenario.demand.vehicles)).collect();
        all.sort_by_key(|(at, _)| *at);
        self.scenario.demand.vehicles = all.into_iter().map(|(_, vehicle)| vehicle).collect();
    }

    /// A file that cannot be read on: what was read stays.
    pub fn broken(&mut self, broken: &Broken) {
        let Broken { reason, line, cut_off } = broken;
        self.log.error(if *cut_off { "file-cut-off" } else { "file-broken" }, *line, || format!("{reason}; what came before is kept"));
    }

    /// Reads all elements of a file of routes or additional things.
    pub fn elements(&mut self, mut xml: Xml) -> Result<(), ImportError> {
        let file = xml.file.clone();
        self.log.file.clone_from(&file);
        self.latest = i64::MIN;
        let task = self.feedback.task(format!("read {file}"), 0);
        match xml.child(0) {
            Ok(Some(root)) if matches!(root.name, b"net" | b"configuration" | b"sumoConfiguration" | b"edges" | b"nodes" | b"data") => {
                return Err(ImportError::corrupt(&file, format!("line {}", root.line()), format!("its root is '{}': these are no routes and no additional objects", root.title())));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Err(ImportError::corrupt(&file, "line 1", "there is no element in it")),
            Err(broken) => {
                self.broken(&broken);
                return Ok(());
            }
        }
        let mut count = 0_u32;
        loop {
            count = count.wrapping_add(1);
            if count.is_multiple_of(4096) {
                self.feedback.check()?;
                task.advance(4096);
            }
            match self.element(&mut xml, 1) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(broken) => {
                    self.broken(&broken);
                    return Ok(());
                }
            }
        }
    }

    /// Reads the next element inside the one at `level`; false at its end.
    fn element(&mut self, xml: &mut Xml, level: usize) -> Result<bool, Broken> {
        let Some(tag) = xml.child(level)? else { return Ok(false) };
        match tag.name {
            b"vehicle" | b"trip" | b"flow" => {
                let head = vehicles::begin(self, &tag);
                vehicles::read(self, xml, head)?;
            }
            b"route" => {
                let begun = paths::begin(self, &tag);
                paths::read(self, xml, begun, true)?;
            }
            b"vType" => {
                let begun = kinds::begin(self, &tag);
                kinds::read(self, xml, begun)?;
            }
            b"vTypeDistribution" => {
                let begun = kinds::choice(self, &tag);
                kinds::read_choice(self, xml, begun)?;
            }
            b"routeDistribution" => {
                let begun = paths::choice(self, &tag);
                paths::read_choice(self, xml, begun, true)?;
            }
            b"interval" => {
                let interval = flows::interval(self, &tag);
                let before = self.interval.replace(interval);
                while self.element(xml, level + 1)? {}
                self.interval = before;
            }
            b"tlLogic" => {
                let plan = signals::begin(self, &tag);
                signals::plan(self, xml, plan)?;
            }
            b"WAUT" => {
                let begun = switches::begin(self, &tag);
                switches::read(self, xml, begun)?;
            }
            b"wautJunction" => switches::follower(self, &tag),
            b"busStop" => stops::place(self, &tag, StopKind::Bus),
            b"trainStop" => stops::place(self, &tag, StopKind::Train),
            b"containerStop" => stops::place(self, &tag, StopKind::Container),
            b"chargingStation" => stops::place(self, &tag, StopKind::Charging),
            b"parkingArea" => {
                let begun = stops::parking(self, &tag);
                stops::spaces(self, xml, begun)?;
            }
            b"e1Detector" | b"inductionLoop" => extras::point(self, &tag, false),
            b"instantInductionLoop" => extras::point(self, &tag, true),
            b"e2Detector" | b"laneAreaDetector" => extras::area(self, &tag),
            b"e3Detector" | b"entryExitDetector" => {
                let begun = extras::entry_exit(self, &tag);
                extras::entries(self, xml, begun)?;
            }
            b"edgeData" | b"laneData" => extras::edge_data(self, &tag, tag.name == b"laneData"),
            b"rerouter" => {
                let begun = rerouters::begin(self, &tag);
                rerouters::read(self, xml, begun)?;
            }
            b"variableSpeedSign" => {
                let begun = rerouters::sign(self, &tag);
                rerouters::steps(self, xml, begun)?;
            }
            b"taz" => {
                let zone = zones::begin(self, &tag);
                zones::read(self, xml, zone)?;
            }
            // A zone's ends outside of it, as old files have them.
            b"tazSource" | b"tazSink" => {}
            // Pictures and notes.
            b"poly" | b"polygon" | b"poi" | b"param" | b"location" | b"metadata" | b"type" => {}
            _ => {
                let (name, line) = (tag.title(), tag.line());
                let effect = match tag.name {
                    b"person" | b"personFlow" | b"container" | b"containerFlow" => "they do not travel",
                    _ => "it is left out",
                };
                self.log.unsupported(&format!("element '{name}'"), line, effect);
            }
        }
        Ok(true)
    }

    /// An edge's place.
    pub fn edge(&self, id: &str) -> Option<u32> {
        let edges = &self.scenario.map.edges;
        self.edges.get(id, |at| edges.get(at as usize).map_or("", |e| &e.id))
    }

    /// A lane's place.
    pub fn lane(&self, id: &str) -> Option<u32> {
        let lanes = &self.scenario.map.lanes;
        self.lanes.get(id, |at| lanes.get(at as usize).map_or("", |l| &l.id))
    }

    /// A junction's place.
    pub fn junction(&self, id: &str) -> Option<u32> {
        let junctions = &self.scenario.map.junctions;
        self.junctions.get(id, |at| junctions.get(at as usize).map_or("", |j| &j.id))
    }

    /// A zone's place.
    pub fn zone(&self, id: &str) -> Option<u32> {
        let zones = &self.scenario.extras.zones;
        self.zones.get(id, |at| zones.get(at as usize).map_or("", |z| &z.id))
    }

    /// A light's place, where the network has it.
    pub fn known_light(&self, id: &str) -> Option<u32> {
        let lights = &self.scenario.map.lights;
        self.lights.get(id, |at| lights.get(at as usize).map_or("", |l| l))
    }

    /// A light's place: it is made where it is new.
    pub fn light(&mut self, id: &str) -> Option<u32> {
        let lights = &mut self.scenario.map.lights;
        let place = u32::try_from(lights.len()).ok()?;
        match self.lights.insert(id, place, |at| lights.get(at as usize).map_or("", |l| l)) {
            Some(there) => Some(there),
            None => {
                lights.push(id.to_owned());
                Some(place)
            }
        }
    }

    /// A type's place; those that are there without being stated are made when they are asked for.
    pub fn kind(&mut self, id: &str) -> Option<u32> {
        let all = &self.scenario.demand.kinds;
        if let Some(at) = self.kinds.get(id, |at| all.get(at as usize).map_or("", |k| &k.id)) {
            return Some(at);
        }
        let kind = kinds::given(self, id)?;
        self.add_kind(kind, 1.0, 0)
    }

    /// A type or a choice of types.
    pub fn kind_or_choice(&mut self, id: &str) -> Option<TypeRef> {
        let choices = &self.scenario.demand.kind_choices;
        if let Some(at) = self.kind_choices.get(id, |at| choices.get(at as usize).map_or("", |k| &k.id)) {
            return Some(TypeRef::Choice(at));
        }
        self.kind(id).map(TypeRef::Kind)
    }

    /// A path or a choice of paths.
    pub fn path_or_choice(&self, id: &str) -> Option<PathRef> {
        let demand = &self.scenario.demand;
        let path = self.paths.get(id, |at| demand.paths.get(at as usize).map_or("", |p| &p.id)).map(PathRef::Path);
        path.or_else(|| self.path_choices.get(id, |at| demand.path_choices.get(at as usize).map_or("", |p| &p.id)).map(PathRef::Choice))
    }

    /// A type's weight in choices that state none.
    pub fn weight(&self, kind: u32) -> f64 {
        self.weights.get(kind as usize).copied().unwrap_or(1.0)
    }

    /// Who drives a type: all of them, of a choice.
    pub fn users(&self, kind: TypeRef) -> RoadUsers {
        let demand = &self.scenario.demand;
        let user = |at: u32| demand.kinds.get(at as usize).map_or(RoadUsers::NONE, |k| k.user);
        match kind {
            TypeRef::Kind(at) => user(at),
            TypeRef::Choice(at) => demand.kind_choices.get(at as usize).map_or(RoadUsers::NONE, |c| c.members.iter().fold(RoadUsers::NONE, |set, (at, _)| set.union(user(*at)))),
        }
    }

    fn duplicate(&mut self, what: &str, id: &str, line: u64) {
        self.log.add(qike_core::Severity::Error, "duplicate-id", what, line, || format!("there is a {what} '{}' already; this one is left out", shown(id)));
    }

    /// Adds an edge, whose id is new.
    pub fn add_edge(&mut self, edge: MapEdge) {
        let edges = &mut self.scenario.map.edges;
        let Ok(place) = u32::try_from(edges.len()) else { return };
        if self.edges.insert(&edge.id, place, |at| edges.get(at as usize).map_or("", |e| &e.id)).is_none() {
            edges.push(edge);
        }
    }

    /// Adds a lane; false where its id is taken.
    pub fn add_lane(&mut self, lane: MapLane, line: u64) -> bool {
        let lanes = &mut self.scenario.map.lanes;
        let Ok(place) = u32::try_from(lanes.len()) else { return false };
        if self.lanes.insert(&lane.id, place, |at| lanes.get(at as usize).map_or("", |l| &l.id)).is_some() {
            self.duplicate("lane", &lane.id, line);
            return false;
        }
        lanes.push(lane);
        true
    }

    /// Adds a junction; its place, where its id is new.
    pub fn add_junction(&mut self, junction: MapJunction, line: u64) -> Option<usize> {
        let junctions = &mut self.scenario.map.junctions;
        let place = junctions.len();
        if self.junctions.insert(&junction.id, u32::try_from(place).ok()?, |at| junctions.get(at as usize).map_or("", |j| &j.id)).is_some() {
            self.duplicate("junction", &junction.id, line);
            return None;
        }
        junctions.push(junction);
        Some(place)
    }

    /// Adds a type; its place, where its id is new.
    pub fn add_kind(&mut self, kind: VehicleKind, weight: f64, line: u64) -> Option<u32> {
        let kinds = &mut self.scenario.demand.kinds;
        let place = u32::try_from(kinds.len()).ok()?;
        if self.kinds.insert(&kind.id, place, |at| kinds.get(at as usize).map_or("", |k| &k.id)).is_some() {
            self.duplicate("vehicle type", &kind.id, line);
            return None;
        }
        kinds.push(kind);
        self.weights.push(weight);
        Some(place)
    }

    /// Adds a choice of types.
    pub fn add_kind_choice(&mut self, choice: Choice, line: u64) {
        let choices = &mut self.scenario.demand.kind_choices;
        let Ok(place) = u32::try_from(choices.len()) else { return };
        if self.kind_choices.insert(&choice.id, place, |at| choices.get(at as usize).map_or("", |k| &k.id)).is_some() {
            return self.duplicate("choice of types", &choice.id, line);
        }
        choices.push(choice);
    }

    /// Adds a path that `users` may drive; its place, where its id is new or it has none.
    pub fn add_path(&mut self, path: Path, users: RoadUsers, line: u64) -> Option<u32> {
        let paths = &mut self.scenario.demand.paths;
        let place = u32::try_from(paths.len()).ok()?;
        if !path.id.is_empty() && self.paths.insert(&path.id, place, |at| paths.get(at as usize).map_or("", |p| &p.id)).is_some() {
            self.duplicate("route", &path.id, line);
            return None;
        }
        paths.push(path);
        self.path_users.resize(place as usize, RoadUsers::ALL);
        self.path_users.push(users);
        Some(place)
    }

    /// Adds a choice of paths; its place.
    pub fn add_path_choice(&mut self, choice: Choice, line: u64) -> Option<u32> {
        let choices = &mut self.scenario.demand.path_choices;
        let place = u32::try_from(choices.len()).ok()?;
        if !choice.id.is_empty() && self.path_choices.insert(&choice.id, place, |at| choices.get(at as usize).map_or("", |k| &k.id)).is_some() {
            self.duplicate("choice of routes", &choice.id, line);
            return None;
        }
        choices.push(choice);
        Some(place)
    }

    /// Whether a vehicle's id is new; it is taken by the next one that is added.
    pub fn take_vehicle_id(&mut self, id: &str, line: u64) -> bool {
        let all = &self.scenario.demand.vehicles;
        let Ok(place) = u32::try_from(all.len()) else { return false };
        let there = self.vehicles.insert(id, place, |at| all.get(at as usize).map_or("", |v| &v.0));
        if there.is_some() {
            self.duplicate("vehicle", id, line);
        }
        there.is_none()
    }

    /// As [`Loading::take_vehicle_id`], for flows.
    pub fn take_flow_id(&mut self, id: &str, line: u64) -> bool {
        let all = &self.scenario.demand.flows;
        let Ok(place) = u32::try_from(all.len()) else { return false };
        let there = self.flows.insert(id, place, |at| all.get(at as usize).map_or("", |f| &f.id));
        if there.is_some() {
            self.duplicate("flow", id, line);
        }
        there.is_none()
    }

    /// Adds a zone.
    pub fn add_zone(&mut self, zone: qike_scene::traffic::Zone, line: u64) {
        let zones = &mut self.scenario.extras.zones;
        let Ok(place) = u32::try_from(zones.len()) else { return };
        if self.zones.insert(&zone.id, place, |at| zones.get(at as usize).map_or("", |z| &z.id)).is_some() {
            return self.duplicate("zone", &zone.id, line);
        }
        zones.push(zone);
    }

    /// The path without an id of that text, where there is one already.
    pub fn same_text(&self, text: &str) -> Option<u32> {
        let &at = self.by_text.get(&hash(text))?;
        let path = self.scenario.demand.paths.get(at as usize)?;
        let name = |edge: &u32| self.scenario.map.edges.get(*edge as usize).map(|e| e.id.as_str());
        let mut words = super::values::words(text);
        (path.edges.iter().all(|edge| words.next() == name(edge)) && words.next().is_none()).then_some(at)
    }
}
