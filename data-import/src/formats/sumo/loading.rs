//! A scenario under way: what was read, where its ids are, and what was wrong.

mod places;

use super::log::Log;
use super::names::Ids;
use super::stops::StopKind;
use super::switches::{self, Follower, Timetable};
use super::xml::{Broken, Xml};
use super::{extras, flows, kinds, paths, rerouters, signals, stops, vehicles, zones};
use crate::ImportError;
use qike_core::fast_map::{FastMap, FastSet};
use qike_core::Feedback;
use std::mem::{Discriminant, discriminant};
use qike_scene::traffic::{DetectorKind, Release, RoadUsers, Travel, TrafficScenario};

/// What to do about faults, by their codes, where they do not say it themselves.
const HELP: [(&str, &str); 11] = [
    ("bad-number", "numbers are written like 13.89, without a unit"),
    ("bad-time", "times are seconds, or h:m:s"),
    ("bad-value", "see the page of that element in SUMO's documentation for what it may be"),
    ("unknown-stop", "stops and car parks must be loaded before what names them: state their file first among the additional files"),
    ("unknown-lane", "a lane's id is its edge's, '_' and its place from the kerb, from 0"),
    ("unknown-signal", "name the light and the plan as their tlLogic does"),
    ("unknown-junction", "the network may be cut off or of another version: build it anew with netconvert"),
    ("flow-without-number", "give it a number, or a period with an end"),
    ("flow-without-end", "give it an end or a number, or the configuration an end"),
    ("end-before-begin", "times are seconds from midnight of the first day, or h:m:s"),
    ("bad-lane", "lanes have a speed of 0 or more and a length above 0: build the network anew with netconvert"),
];

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
        for (code, help) in HELP {
            self.log.help(code, help);
        }
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
            b"tazs" => while self.element(xml, level + 1)? {},
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
}
