//! `rou.xml`: types of vehicles, vehicles and flows with the edges of their routes.
//!
//! What SUMO takes where nothing is said is not said.

use super::xml::{Line, head};
use qike_scene::traffic::{CarFollowing, DepartLane, DepartPos, DepartSpeed, Flow, JunctionManners, LaneChanging, Parking, Release, Spacing, Stop, StopPlace, TrafficScenario, Travel, TypeRef, VehicleKind};
use std::fmt::Display;
use std::io::{self, Write};

/// A desired speed above that is none.
const ANY_SPEED_MPS: f64 = 1000.0;

/// A way to write: its edges and, where that is to be written, its seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct WrittenRoute<'a> {
    /// Edges of the map.
    pub edges: &'a [u32],
    /// Seconds.
    pub seconds: Option<f64>,
    /// Weight among several of one vehicle.
    pub weight: f64,
}

/// Writes routes of a scenario's vehicles.
pub struct RouteFile<'s, W> {
    scenario: &'s TrafficScenario,
    out: W,
    line: Line,
    text: String,
}

impl<'s, W: Write> RouteFile<'s, W> {
    /// Begins a file with those types of vehicles (places among the scenario's) and all choices between types.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(scenario: &'s TrafficScenario, kinds: &[u32], mut out: W) -> io::Result<Self> {
        head(&mut out, "routes", "routes_file.xsd")?;
        let mut file = Self { scenario, out, line: Line::default(), text: String::new() };
        for kind in kinds.iter().filter_map(|k| scenario.demand.kinds.get(*k as usize)) {
            file.kind(kind)?;
        }
        for choice in &scenario.demand.kind_choices {
            let names = choice.members.iter().filter_map(|(k, _)| scenario.demand.kinds.get(*k as usize)).map(|k| k.id.as_str()).collect::<Vec<_>>().join(" ");
            let weights = choice.members.iter().map(|(_, w)| w.to_string()).collect::<Vec<_>>().join(" ");
            file.line.element(1, "vTypeDistribution").text("id", &choice.id).text("vTypes", &names).text("probabilities", &weights).close(&mut file.out)?;
        }
        Ok(file)
    }

    fn kind(&mut self, k: &VehicleKind) -> io::Result<()> {
        let l = self.line.element(1, "vType").text("id", &k.id);
        if let Some(class) = k.user.names().next() {
            l.text("vClass", class);
        }
        l.whole("length", k.length_m).whole("minGap", k.gap_m).whole("width", k.width_m).whole("maxSpeed", k.max_speed_mps);
        if k.desired_speed_mps < ANY_SPEED_MPS {
            l.whole("desiredMaxSpeed", k.desired_speed_mps);
        }
        let f = &k.speed_factor;
        l.text("speedFactor", &format!("normc({},{},{},{})", f.mean, f.deviation, f.min, f.max));
        l.whole("accel", k.accel).whole("decel", k.decel).whole("emergencyDecel", k.emergency_decel);
        if k.apparent_decel != k.decel {
            l.whole("apparentDecel", k.apparent_decel);
        }
        l.whole("sigma", k.sigma).whole("tau", k.tau_s);
        if k.startup_delay_s > 0.0 {
            l.whole("startupDelay", k.startup_delay_s);
        }
        match k.following {
            CarFollowing::Krauss => {}
            CarFollowing::Idm { delta, steps } => {
                l.text("carFollowModel", "IDM").whole("delta", delta).whole("stepping", 1.0 / steps);
            }
            CarFollowing::Acc { speed, closing, keeping, avoiding } => {
                l.text("carFollowModel", "ACC").whole("speedControlGain", -speed);
                for (name, [speed, space]) in [("gapClosingControlGain", closing), ("gapControlGain", keeping), ("collisionAvoidanceGain", avoiding)] {
                    l.whole(&format!("{name}Speed"), speed).whole(&format!("{name}Space"), space);
                }
            }
        }
        changing(l, &k.changing);
        manners(l, &k.manners);
        if k.impatience != 0.0 {
            l.whole("impatience", k.impatience);
        }
        l.whole("personCapacity", k.persons);
        if let Some([r, g, b, a]) = k.color {
            l.text("color", &format!("{r},{g},{b},{a}"));
        }
        l.close(&mut self.out)
    }

    /// A vehicle with its routes: one, or several with weights.
    ///
    /// # Errors
    /// Those of writing.
    pub fn vehicle(&mut self, id: &str, release: Release, travel: &Travel, routes: &[WrittenRoute<'_>]) -> io::Result<()> {
        self.line.element(1, "vehicle").text("id", id);
        match release {
            Release::At(ms) => self.line.whole("depart", Seconds(ms)),
            Release::Triggered => self.line.text("depart", "triggered"),
        };
        self.travel(travel)?;
        self.routes(routes)?;
        self.stops(&travel.stops)?;
        self.out.write_all(b"    </vehicle>\n")
    }

    /// A flow with its routes.
    ///
    /// # Errors
    /// Those of writing.
    pub fn flow(&mut self, flow: &Flow, routes: &[WrittenRoute<'_>]) -> io::Result<()> {
        self.line.element(1, "flow").text("id", &flow.id).whole("begin", Seconds(flow.begin_ms));
        if let Some(end) = flow.end_ms {
            self.line.whole("end", Seconds(end));
        }
        match flow.spacing {
            Spacing::Number(number) => self.line.whole("number", number),
            Spacing::Period(ms) => self.line.whole("period", ms / 1000.0),
            Spacing::Probability(p) => self.line.whole("probability", p),
            Spacing::Poisson(rate) => self.line.text("period", &format!("exp({rate})")),
        };
        if let (Some(number), false) = (flow.number, matches!(flow.spacing, Spacing::Number(_))) {
            self.line.whole("number", number);
        }
        self.travel(&flow.travel)?;
        self.routes(routes)?;
        self.stops(&flow.travel.stops)?;
        self.out.write_all(b"    </flow>\n")
    }

    /// Attributes that vehicles and flows have in common, and the end of the tag.
    fn travel(&mut self, travel: &Travel) -> io::Result<()> {
        let demand = &self.scenario.demand;
        let kind = match travel.kind {
            TypeRef::Kind(k) => demand.kinds.get(k as usize).map(|k| k.id.as_str()),
            TypeRef::Choice(c) => demand.kind_choices.get(c as usize).map(|c| c.id.as_str()),
        };
        let l = &mut self.line;
        if let Some(kind) = kind.filter(|k| *k != "DEFAULT_VEHTYPE") {
            l.text("type", kind);
        }
        match travel.lane {
            DepartLane::Likely => {}
            DepartLane::Lane(n) => _ = l.whole("departLane", n),
            DepartLane::First => _ = l.text("departLane", "first"),
            DepartLane::Random => _ = l.text("departLane", "random"),
            DepartLane::Free => _ = l.text("departLane", "free"),
            DepartLane::Allowed => _ = l.text("departLane", "allowed"),
            DepartLane::Best => _ = l.text("departLane", "best"),
        }
        match travel.at {
            DepartPos::Base => {}
            DepartPos::At(at) => _ = l.whole("departPos", at),
            DepartPos::Random => _ = l.text("departPos", "random"),
            DepartPos::Free => _ = l.text("departPos", "free"),
            DepartPos::RandomFree => _ = l.text("departPos", "random_free"),
            DepartPos::Last => _ = l.text("departPos", "last"),
            DepartPos::Stop => _ = l.text("departPos", "stop"),
        }
        match travel.speed {
            DepartSpeed::Average => {}
            DepartSpeed::At(v) => _ = l.whole("departSpeed", v),
            DepartSpeed::Random => _ = l.text("departSpeed", "random"),
            DepartSpeed::Desired => _ = l.text("departSpeed", "desired"),
            DepartSpeed::Limit => _ = l.text("departSpeed", "speedLimit"),
            DepartSpeed::Last => _ = l.text("departSpeed", "last"),
            DepartSpeed::Max => _ = l.text("departSpeed", "max"),
        }
        if let Some(lane) = travel.arrival.lane {
            l.whole("arrivalLane", lane);
        }
        match travel.arrival.at_m {
            _ if travel.arrival.random => _ = l.text("arrivalPos", "random"),
            Some(at) => _ = l.whole("arrivalPos", at),
            None => {}
        }
        if let Some(v) = travel.arrival.speed_mps {
            l.whole("arrivalSpeed", v);
        }
        if let Some(line) = &travel.line {
            l.text("line", line);
        }
        if let Some(factor) = travel.speed_factor {
            l.whole("speedFactor", factor);
        }
        l.open(&mut self.out)
    }

    fn routes(&mut self, routes: &[WrittenRoute<'_>]) -> io::Result<()> {
        let several = routes.len() > 1;
        if several {
            self.line.element(2, "routeDistribution").open(&mut self.out)?;
        }
        for route in routes {
            self.text.clear();
            for edge in route.edges.iter().filter_map(|e| self.scenario.map.edges.get(*e as usize)) {
                if !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.text.push_str(&edge.id);
            }
            let l = self.line.element(2 + usize::from(several), "route");
            if let Some(seconds) = route.seconds {
                l.text("cost", &format!("{seconds:.6}"));
            }
            if several {
                l.whole("probability", route.weight);
            }
            l.text("edges", &self.text).close(&mut self.out)?;
        }
        if several { self.out.write_all(b"        </routeDistribution>\n") } else { Ok(()) }
    }

    fn stops(&mut self, stops: &[Stop]) -> io::Result<()> {
        let (extras, map) = (&self.scenario.extras, &self.scenario.map);
        for stop in stops {
            let l = self.line.element(2, "stop");
            match stop.place {
                StopPlace::Lane { lane, from_m, to_m } => {
                    let Some(lane) = map.lanes.get(lane as usize) else { continue };
                    l.text("lane", &lane.id).whole("startPos", from_m).whole("endPos", to_m);
                }
                StopPlace::Stop(n) => {
                    let Some(place) = extras.stops.get(n as usize) else { continue };
                    l.text("busStop", &place.id);
                }
                StopPlace::Parking(n) => {
                    let Some(area) = extras.parking.get(n as usize) else { continue };
                    l.text("parkingArea", &area.place.id);
                }
            }
            if let Some(ms) = stop.duration_ms {
                l.whole("duration", Seconds(ms));
            }
            if let Some(ms) = stop.until_ms {
                l.whole("until", Seconds(ms));
            }
            match stop.parking {
                // In a car park one stands beside the lane anyway.
                _ if matches!(stop.place, StopPlace::Parking(_)) => {}
                Parking::OnRoad => {}
                Parking::Beside => _ = l.text("parking", "true"),
                Parking::Opportunistic => _ = l.text("parking", "opportunistic"),
            }
            if stop.triggered {
                l.text("triggered", "true");
            }
            if let Some(v) = stop.speed_mps {
                l.whole("speed", v);
            }
            l.close(&mut self.out)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"</routes>\n")?;
        self.out.flush()
    }
}

fn changing(l: &mut Line, c: &LaneChanging) {
    let usual = LaneChanging::default();
    let all = [
        ("lcStrategic", c.strategic, usual.strategic),
        ("lcCooperative", c.cooperative, usual.cooperative),
        ("lcSpeedGain", c.speed_gain, usual.speed_gain),
        ("lcKeepRight", c.keep_right, usual.keep_right),
        ("lcLookaheadLeft", c.lookahead_left, usual.lookahead_left),
        ("lcSpeedGainRight", c.speed_gain_right, usual.speed_gain_right),
        ("lcAssertive", c.assertive, usual.assertive),
    ];
    for (name, value, _) in all.into_iter().filter(|(_, value, usual)| value != usual) {
        l.whole(name, value);
    }
    for (name, value) in [("lcCooperativeSpeed", c.cooperative_speed), ("lcCooperativeRoundabout", c.cooperative_roundabout)] {
        if let Some(value) = value {
            l.whole(name, value);
        }
    }
}

fn manners(l: &mut Line, m: &JunctionManners) {
    let all = [
        ("jmIgnoreKeepClearTime", m.ignore_keep_clear_s),
        ("jmDriveAfterRedTime", m.drive_after_red_s),
        ("jmDriveAfterYellowTime", m.drive_after_yellow_s),
        ("jmDriveRedSpeed", m.drive_red_speed_mps),
        ("jmIgnoreFoeSpeed", Some(m.ignore_foe_speed_mps).filter(|v| *v != 0.0)),
        ("jmIgnoreFoeProb", Some(m.ignore_foe_probability).filter(|v| *v != 0.0)),
        ("jmSigmaMinor", m.sigma_minor),
        ("jmTimegapMinor", m.gap_minor_s),
        ("jmStoplineGap", m.stop_line_gap_m),
    ];
    for (name, value) in all {
        if let Some(value) = value {
            l.whole(name, value);
        }
    }
}

/// Milliseconds as seconds, with as many decimals as it needs and two at least.
pub(super) struct Seconds(pub i64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 1000, (self.0 % 1000).unsigned_abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        if rest % 10 == 0 { write!(f, "{sign}{whole}.{:02}", rest / 10) } else { write!(f, "{sign}{whole}.{rest:03}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_their_milliseconds() {
        let shown = [0, 90, 1_005, -500, 3_600_000, -1_234].map(|ms| Seconds(ms).to_string());
        assert_eq!(shown, ["0.00", "0.09", "1.005", "-0.50", "3600.00", "-1.234"]);
    }
}
