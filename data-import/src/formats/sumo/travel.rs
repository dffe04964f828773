//! What vehicles, trips and flows have in common: type, way, and the words for departure and arrival.

use super::flows::Timing;
use super::loading::Loading;
use super::values::{number, time, words};
use super::xml::{Tag, shown};
use qike_scene::traffic::{Arrival, DepartLane, DepartPos, DepartSpeed, PathRef, Place, Release, Stop, TypeRef};

/// Attributes without effect on driving.
const WITHOUT_EFFECT: &[&[u8]] = &[
    b"color", b"guiShape", b"imgFile", b"arrival", b"departDelay", b"arrivalPosLat", b"departPosLat", b"personNumber", b"containerNumber", b"routeLength", b"reroute", b"vtype", b"parkingBadges",
];

/// A vehicle, trip or flow under way.
pub struct Head {
    /// `vehicle`, `trip` or `flow`.
    pub what: &'static str,
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub line: u64,
    /// It is left out, as was told.
    pub faulty: bool,
    /// Type.
    pub kind: Option<TypeRef>,
    /// Way.
    pub path: Option<PathRef>,
    /// Start of a way to be found.
    pub from: Option<Place>,
    /// End of it.
    pub to: Option<Place>,
    /// Edges on it.
    pub via: Vec<u32>,
    /// Departure.
    pub release: Option<Release>,
    /// Lane, position, speed at departure.
    pub depart: (DepartLane, DepartPos, DepartSpeed),
    /// Arrival.
    pub arrival: Arrival,
    /// Stops.
    pub stops: Vec<Stop>,
    /// Line.
    pub public_line: Option<String>,
    /// Own share of the limit.
    pub speed_factor: Option<f64>,
    /// Of flows.
    pub timing: Timing,
}

impl Head {
    /// Tells a fault for which it is left out.
    pub fn leave_out(&mut self, loading: &mut Loading<'_>, code: &'static str, why: &str) {
        if !self.faulty {
            let (what, id) = (self.what, shown(&self.id));
            loading.log.add(qike_core::Severity::Error, code, what, self.line, || format!("{what} '{id}' {why}; it is left out"));
            self.faulty = true;
        }
    }

    /// Tells a value that cannot be, and that is not taken.
    fn doubt(&self, loading: &mut Loading<'_>, key: &str, value: &str) {
        let (what, id) = (self.what, shown(&self.id));
        loading.log.add(qike_core::Severity::Error, "bad-value", key, self.line, || format!("'{key}' of the {what} '{id}' is '{}', which it cannot be; the default is taken", shown(value)));
    }
}

/// Takes all attributes of an opening tag.
pub fn head(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Head {
    let what = match tag.name {
        b"trip" => "trip",
        b"flow" => "flow",
        _ => "vehicle",
    };
    let mut head = Head {
        what,
        id: String::new(),
        line: tag.line(),
        faulty: false,
        kind: None,
        path: None,
        from: None,
        to: None,
        via: Vec::new(),
        release: None,
        // SUMO lets vehicles start from standing where nothing else is said.
        depart: <(DepartLane, DepartPos, DepartSpeed)>::default(),
        arrival: Arrival::default(),
        stops: Vec::new(),
        public_line: None,
        speed_factor: None,
        timing: Timing::default(),
    };
    if let Some(id) = tag.get(b"id") {
        head.id = id.into_owned();
    }
    if head.id.is_empty() {
        head.leave_out(loading, "id-missing", "has no id");
    }
    for (key, value) in tag.attributes() {
        let value = value.as_ref();
        match key {
            b"id" => {}
            b"type" => {
                head.kind = loading.kind_or_choice(value);
                if head.kind.is_none() {
                    head.leave_out(loading, "unknown-type", &format!("has the type '{}', which is not there", shown(value)));
                }
            }
            b"route" => {
                head.path = loading.path_or_choice(value);
                if head.path.is_none() {
                    head.leave_out(loading, "unknown-route", &format!("drives the route '{}', which is not there", shown(value)));
                }
            }
            b"depart" if what != "flow" => depart(loading, &mut head, value),
            b"from" | b"to" => match loading.edge(value) {
                Some(edge) => *if key == b"from" { &mut head.from } else { &mut head.to } = Some(Place::Edge(edge)),
                None => head.leave_out(loading, "unknown-edge", &format!("names the edge '{}', which the network does not have", shown(value))),
            },
            b"via" => {
                for id in words(value) {
                    match loading.edge(id) {
                        Some(edge) => head.via.push(edge),
                        None => head.leave_out(loading, "unknown-edge", &format!("names the edge '{}', which the network does not have", shown(id))),
                    }
                }
            }
            b"fromTaz" | b"toTaz" => match loading.zone(value) {
                Some(zone) => {
                    let to = if key == b"fromTaz" { &mut head.from } else { &mut head.to };
                    to.get_or_insert(Place::Zone(zone));
                }
                None => head.leave_out(loading, "unknown-zone", &format!("names the zone '{}', which is not there", shown(value))),
            },
            b"fromJunction" | b"toJunction" => match loading.junction(value) {
                Some(junction) => {
                    let to = if key == b"fromJunction" { &mut head.from } else { &mut head.to };
                    to.get_or_insert(Place::Junction(junction));
                }
                None => head.leave_out(loading, "unknown-junction", &format!("names the junction '{}', which the network does not have", shown(value))),
            },
            b"viaJunctions" | b"fromXY" | b"toXY" | b"viaXY" | b"fromLonLat" | b"toLonLat" | b"viaLonLat" => {
                let name = String::from_utf8_lossy(key).into_owned();
                head.leave_out(loading, "not-supported", &format!("has its way by '{name}', which is not supported (name edges, junctions or zones)"));
            }
            b"departLane" => match lane(value) {
                Some(lane) => head.depart.0 = lane,
                None => head.doubt(loading, "departLane", value),
            },
            b"departPos" => match position(value) {
                Some(position) => head.depart.1 = position,
                None => head.doubt(loading, "departPos", value),
            },
            b"departSpeed" => match speed(value) {
                Some(speed) => head.depart.2 = speed,
                None => head.doubt(loading, "departSpeed", value),
            },
            b"arrivalLane" => match (value.trim(), value.trim().parse::<u8>()) {
                (_, Ok(lane)) => head.arrival.lane = Some(lane),
                ("current", _) => head.arrival.lane = None,
                ("first" | "random", _) => {
                    loading.log.unsupported(&format!("arrivalLane '{}'", value.trim()), head.line, "one arrives on any lane");
                }
                _ => head.doubt(loading, "arrivalLane", value),
            },
            b"arrivalPos" => match (value.trim(), number(value)) {
                (_, Some(at)) => head.arrival.at_m = Some(at),
                ("random", _) => head.arrival.random = true,
                ("max", _) => head.arrival.at_m = None,
                ("center", _) => {
                    loading.log.unsupported("arrivalPos 'center'", head.line, "one arrives at the end");
                }
                _ => head.doubt(loading, "arrivalPos", value),
            },
            b"arrivalSpeed" => match (value.trim(), number(value).filter(|v| *v >= 0.0)) {
                (_, Some(speed)) => head.arrival.speed_mps = Some(speed),
                ("current", _) => head.arrival.speed_mps = None,
                _ => head.doubt(loading, "arrivalSpeed", value),
            },
            b"line" => head.public_line = Some(value.to_owned()).filter(|l| !l.is_empty()),
            b"speedFactor" => match number(value).filter(|f| *f > 0.0) {
                Some(factor) => head.speed_factor = Some(factor),
                None => head.doubt(loading, "speedFactor", value),
            },
            _ if what == "flow" && super::flows::attribute(loading, &mut head, key, value) => {}
            _ if WITHOUT_EFFECT.contains(&key) => {}
            _ => {
                let name = shown(&String::from_utf8_lossy(key));
                loading.log.unsupported(&format!("attribute '{name}' of a {what}"), head.line, "it travels without it");
            }
        }
    }
    head
}

fn depart(loading: &mut Loading<'_>, head: &mut Head, value: &str) {
    match value.trim() {
        "triggered" => head.release = Some(Release::Triggered),
        "now" | "begin" => head.release = Some(Release::At(loading.scenario.settings.begin_ms)),
        word @ ("containerTriggered" | "split") => head.leave_out(loading, "not-supported", &format!("departs '{word}', which is not supported")),
        text => match time(text) {
            Some(at) if at >= 0 => head.release = Some(Release::At(at)),
            Some(_) => head.leave_out(loading, "bad-time", &format!("departs at '{}', before 0", shown(text))),
            None => head.leave_out(loading, "bad-time", &format!("departs at '{}', which is no time", shown(text))),
        },
    }
}

fn lane(word: &str) -> Option<DepartLane> {
    Some(match word.trim() {
        "first" => DepartLane::First,
        "random" => DepartLane::Random,
        "free" => DepartLane::Free,
        "allowed" => DepartLane::Allowed,
        "best" => DepartLane::Best,
        "best_prob" => DepartLane::Likely,
        number => DepartLane::Lane(number.parse().ok()?),
    })
}

fn position(word: &str) -> Option<DepartPos> {
    Some(match word.trim() {
        "base" => DepartPos::Base,
        "random" => DepartPos::Random,
        "free" => DepartPos::Free,
        "random_free" => DepartPos::RandomFree,
        "last" => DepartPos::Last,
        "stop" => DepartPos::Stop,
        text => DepartPos::At(number(text)?),
    })
}

fn speed(word: &str) -> Option<DepartSpeed> {
    Some(match word.trim() {
        "max" => DepartSpeed::Max,
        "random" => DepartSpeed::Random,
        "desired" => DepartSpeed::Desired,
        "speedLimit" => DepartSpeed::Limit,
        "last" => DepartSpeed::Last,
        "avg" => DepartSpeed::Average,
        text => DepartSpeed::At(number(text).filter(|v| *v >= 0.0)?),
    })
}
