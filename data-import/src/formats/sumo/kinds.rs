//! Vehicle types and choices between them.

use super::classes;
use super::loading::Loading;
use super::models::Model;
use super::net::users;
use super::values::{color, number, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Choice, JunctionManners, LaneChanging, RoadUsers, SpeedFactor, VehicleKind};

/// Types that are there without being stated, and whose they are.
const GIVEN: [(&str, &str); 6] = [
    ("DEFAULT_VEHTYPE", "passenger"),
    ("DEFAULT_PEDTYPE", "pedestrian"),
    ("DEFAULT_BIKETYPE", "bicycle"),
    ("DEFAULT_TAXITYPE", "taxi"),
    ("DEFAULT_RAILTYPE", "rail"),
    ("DEFAULT_CONTAINERTYPE", "container"),
];
/// Attributes that change nothing in how it drives on lanes.
const WITHOUT_EFFECT: &[&[u8]] = &[
    b"id", b"refId", b"vClass", b"probability", b"color", b"emissionClass", b"guiShape", b"imgFile", b"osgFile", b"height", b"mass", b"massFactor", b"containerCapacity",
    b"boardingDuration", b"loadingDuration", b"boardingFactor", b"maneuverAngleTimes", b"parkingBadges", b"minGapLat", b"maxSpeedLat", b"latAlignment", b"jmCrossingGap",
    b"lcSublane", b"lcPushy", b"lcPushyGap", b"lcImpatience", b"lcTimeToImpatience", b"lcAccelLat", b"lcTurnAlignmentDistance", b"lcMaxSpeedLatStanding", b"lcMaxSpeedLatFactor",
    b"lcMaxDistLatStanding", b"lcLaneDiscipline", b"lcSigma", b"carFollowModel", b"speedFactor", b"speedDev", b"impatience", b"lcOpposite", b"applyDriverState",
];

/// A type under way.
pub struct Begun {
    kind: VehicleKind,
    model: Model,
    emergency: Option<f64>,
    apparent: Option<f64>,
    weight: f64,
    line: u64,
}

/// The type of that id that is there without being stated.
pub fn given(loading: &mut Loading<'_>, id: &str) -> Option<VehicleKind> {
    let (_, class) = GIVEN.iter().find(|(name, _)| *name == id)?;
    let begun = plain(loading, id.to_owned(), RoadUsers::kind(class)?, 0);
    Some(finish(loading, begun))
}

/// A type of a class, with what holds for the class where nothing is said.
pub fn of_class(loading: &mut Loading<'_>, id: &str, class: RoadUsers) -> VehicleKind {
    let begun = plain(loading, id.to_owned(), class, 0);
    finish(loading, begun)
}

fn plain(loading: &Loading<'_>, id: String, user: RoadUsers, line: u64) -> Begun {
    let class = classes::of(user);
    let kind = VehicleKind {
        id,
        user,
        length_m: class.length_m,
        gap_m: class.gap_m,
        width_m: class.width_m,
        max_speed_mps: class.max_speed_mps,
        desired_speed_mps: class.desired_speed_mps,
        speed_factor: SpeedFactor { mean: 1.0, deviation: loading.defaults.speed_deviation.unwrap_or(class.deviation), min: 0.2, max: 2.0 },
        accel: class.accel,
        decel: class.decel,
        emergency_decel: class.emergency_decel,
        apparent_decel: class.decel,
        sigma: class.sigma,
        tau_s: 1.0,
        startup_delay_s: 0.0,
        following: qike_scene::traffic::CarFollowing::Krauss,
        changing: LaneChanging::default(),
        manners: JunctionManners::default(),
        impatience: 0.0,
        minor_patience_s: loading.defaults.patience_s,
        persons: class.persons,
        color: None,
    };
    Begun { kind, model: Model::new(loading.defaults.model.clone()), emergency: None, apparent: None, weight: 1.0, line }
}

/// A type from its opening tag; none where it has no id.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<Begun> {
    let line = tag.line();
    let id = tag.or_empty(b"id").into_owned();
    if id.is_empty() {
        loading.log.error("id-missing", line, || "a vehicle type without an id is left out".to_owned());
        return None;
    }
    let user = tag.get(b"vClass").map_or(RoadUsers::PASSENGER, |name| {
        RoadUsers::kind(name.trim()).unwrap_or_else(|| {
            users(loading, tag, &name);
            RoadUsers::PASSENGER
        })
    });
    let mut begun = plain(loading, id, user, line);
    for (key, value) in tag.attributes() {
        match key {
            b"speedFactor" => speed_factor(loading, &mut begun, &value),
            b"speedDev" => match number(&value).filter(|d| *d >= 0.0) {
                Some(deviation) => begun.kind.speed_factor.deviation = deviation,
                None => bad(loading, &begun, "speedDev", &value),
            },
            b"impatience" if value.trim() == "off" => begun.kind.minor_patience_s = 0.0,
            b"impatience" => match number(&value) {
                Some(n) => begun.kind.impatience = n,
                None => bad(loading, &begun, "impatience", &value),
            },
            b"carFollowModel" => begun.model.name = value.into_owned(),
            b"color" => begun.kind.color = color(&value),
            b"probability" => match number(&value).filter(|p| *p >= 0.0) {
                Some(weight) => begun.weight = weight,
                None => bad(loading, &begun, "probability", &value),
            },
            b"laneChangeModel" if !matches!(&*value, "default" | "LC2013") => {
                loading.log.unsupported(&format!("lane-change model '{}'", shown(&value)), line, "lanes are changed by reasons as LC2013 has them");
            }
            b"laneChangeModel" => {}
            _ => quantity(loading, &mut begun, key, &value),
        }
    }
    Some(begun)
}

fn bad(loading: &mut Loading<'_>, begun: &Begun, key: &str, value: &str) {
    loading.log.error("bad-number", begun.line, || format!("'{}' of the type '{}' is '{}', which it cannot be; the default is taken", shown(key), shown(&begun.kind.id), shown(value)));
}

/// A numeric attribute.
fn quantity(loading: &mut Loading<'_>, begun: &mut Begun, key: &[u8], text: &str) {
    if WITHOUT_EFFECT.contains(&key) {
        return;
    }
    let name = String::from_utf8_lossy(key).into_owned();
    let value = number(text);
    if begun.model.take(key, value.unwrap_or(f64::NAN)) {
        if value.is_none() {
            bad(loading, begun, &name, text);
            begun.model = Model::new(std::mem::take(&mut begun.model.name));
        }
        return;
    }
    let kind = &mut begun.kind;
    let (manners, changing) = (&mut kind.manners, &mut kind.changing);
    // What may be 0, what may not, what may be anything.
    let (to, least) = match key {
        b"length" => (&mut kind.length_m, f64::MIN_POSITIVE),
        b"minGap" => (&mut kind.gap_m, 0.0),
        b"width" => (&mut kind.width_m, f64::MIN_POSITIVE),
        b"maxSpeed" => (&mut kind.max_speed_mps, f64::MIN_POSITIVE),
        b"desiredMaxSpeed" => (&mut kind.desired_speed_mps, f64::MIN_POSITIVE),
        b"accel" => (&mut kind.accel, f64::MIN_POSITIVE),
        b"decel" => (&mut kind.decel, f64::MIN_POSITIVE),
        b"emergencyDecel" => (begun.emergency.insert(kind.emergency_decel), f64::MIN_POSITIVE),
        b"apparentDecel" => (begun.apparent.insert(kind.apparent_decel), f64::MIN_POSITIVE),
        b"sigma" => (&mut kind.sigma, 0.0),
        b"tau" => (&mut kind.tau_s, 0.0),
        b"startupDelay" => (&mut kind.startup_delay_s, 0.0),
        b"lcStrategic" => (&mut changing.strategic, f64::MIN),
        b"lcCooperative" => (&mut changing.cooperative, f64::MIN),
        b"lcSpeedGain" => (&mut changing.speed_gain, f64::MIN),
        b"lcKeepRight" => (&mut changing.keep_right, f64::MIN),
        b"lcLookaheadLeft" => (&mut changing.lookahead_left, 0.0),
        b"lcSpeedGainRight" => (&mut changing.speed_gain_right, 0.0),
        b"lcAssertive" => (&mut changing.assertive, f64::MIN_POSITIVE),
        b"jmIgnoreFoeSpeed" => (&mut manners.ignore_foe_speed_mps, 0.0),
        b"jmIgnoreFoeProb" => (&mut manners.ignore_foe_probability, 0.0),
        b"personCapacity" => {
            match text.trim().parse() {
                Ok(seats) => kind.persons = seats,
                Err(_) => bad(loading, begun, &name, text),
            }
            return;
        }
        _ => {
            let to = match key {
                b"lcCooperativeSpeed" => &mut changing.cooperative_speed,
                b"lcCooperativeRoundabout" => &mut changing.cooperative_roundabout,
                b"jmIgnoreKeepClearTime" => &mut manners.ignore_keep_clear_s,
                b"jmDriveAfterRedTime" => &mut manners.drive_after_red_s,
                b"jmDriveAfterYellowTime" => &mut manners.drive_after_yellow_s,
                b"jmDriveRedSpeed" => &mut manners.drive_red_speed_mps,
                b"jmSigmaMinor" => &mut manners.sigma_minor,
                b"jmTimegapMinor" => &mut manners.gap_minor_s,
                b"jmStoplineGap" => &mut manners.stop_line_gap_m,
                _ => {
                    let (name, line) = (shown(&name), begun.line);
                    loading.log.unsupported(&format!("attribute '{name}' of vehicle types"), line, "types that have it drive without it");
                    return;
                }
            };
            match value {
                // SUMO writes -1 for: not at all.
                Some(n) => *to = (n >= 0.0).then_some(n),
                None => bad(loading, begun, &name, text),
            }
            return;
        }
    };
    match value.filter(|n| *n >= least) {
        Some(n) => *to = n,
        None => bad(loading, begun, &name, text),
    }
}

/// A number, `norm(mean,dev)` or `normc(mean,dev,min,max)`.
fn speed_factor(loading: &mut Loading<'_>, begun: &mut Begun, text: &str) {
    let text = text.trim();
    let factor = &mut begun.kind.speed_factor;
    if let Some(mean) = number(text).filter(|m| *m > 0.0) {
        factor.mean = mean;
        return;
    }
    let inside = |name: &str| text.strip_prefix(name)?.strip_suffix(')');
    let (list, cut) = match (inside("normc("), inside("norm(")) {
        (Some(list), _) => (list, true),
        (None, Some(list)) => (list, false),
        (None, None) => return bad(loading, begun, "speedFactor", text),
    };
    let numbers: Option<Vec<f64>> = list.split(',').map(number).collect();
    let bounds = if cut { (0.2, 2.0) } else { (0.0, 1000.0) };
    let read = match numbers.as_deref() {
        Some(&[mean, deviation]) => SpeedFactor { mean, deviation, min: bounds.0, max: bounds.1 },
        Some(&[mean, deviation, min]) => SpeedFactor { mean, deviation, min, max: bounds.1 },
        Some(&[mean, deviation, min, max]) => SpeedFactor { mean, deviation, min, max },
        _ => return bad(loading, begun, "speedFactor", text),
    };
    if read.mean > 0.0 && read.deviation >= 0.0 && read.min <= read.max && read.max > 0.0 {
        *factor = read;
    } else {
        bad(loading, begun, "speedFactor", text);
    }
}

/// Reads what is nested in a type, and adds it; its place.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, begun: Option<Begun>) -> Result<Option<u32>, Broken> {
    let level = xml.depth();
    let Some(mut begun) = begun else {
        while xml.child(level)?.is_some() {}
        return Ok(None);
    };
    while let Some(tag) = xml.child(level)? {
        if tag.name.starts_with(b"carFollowing-") {
            begun.model.name = tag.title();
            for (key, value) in tag.attributes() {
                quantity(loading, &mut begun, key, &value);
            }
        } else if tag.name == b"param" {
            let key = tag.or_empty(b"key").into_owned();
            if key.starts_with("has.") || key.starts_with("device.") {
                loading.log.unsupported(&format!("parameter '{}'", shown(&key)), tag.line(), "nobody has that device by type");
            }
        }
    }
    let (weight, line) = (begun.weight, begun.line);
    let kind = finish(loading, begun);
    Ok(loading.add_kind(kind, weight, line))
}

fn finish(loading: &mut Loading<'_>, begun: Begun) -> VehicleKind {
    let Begun { mut kind, model, emergency, apparent, line, .. } = begun;
    kind.following = model.following(loading, line);
    kind.emergency_decel = emergency.unwrap_or(kind.emergency_decel.max(kind.decel));
    if kind.emergency_decel < kind.decel {
        let id = shown(&kind.id);
        loading.log.warn("bad-number", line, || format!("the type '{id}' has an emergencyDecel below its decel; it brakes with decel"));
        kind.emergency_decel = kind.decel;
    }
    kind.apparent_decel = apparent.unwrap_or(kind.decel);
    kind
}

/// A choice between types from its opening tag: id, members that it names, their weights.
pub fn choice(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (Choice, u64) {
    let mut choice = Choice { id: tag.or_empty(b"id").into_owned(), members: Vec::new() };
    let line = tag.line();
    if let Some(list) = tag.get(b"vTypes") {
        let weights: Vec<Option<f64>> = tag.get(b"probabilities").map(|list| words(&list).map(|w| number(w).filter(|w| *w >= 0.0)).collect()).unwrap_or_default();
        for (at, id) in words(&list).enumerate() {
            match loading.kind(id) {
                Some(kind) => {
                    let weight = weights.get(at).copied().flatten().unwrap_or_else(|| loading.weight(kind));
                    choice.members.push((kind, weight));
                }
                None => unknown(loading, id, line),
            }
        }
    }
    (choice, line)
}

fn unknown(loading: &mut Loading<'_>, id: &str, line: u64) {
    loading.log.error("unknown-type", line, || format!("a choice of types names the type '{}', which is not there (yet); it is left out of the choice", shown(id)));
}

/// Reads types nested in a choice, and adds it.
pub fn read_choice(loading: &mut Loading<'_>, xml: &mut Xml, (mut choice, line): (Choice, u64)) -> Result<(), Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if tag.name != b"vType" {
            continue;
        }
        if let (Some(id), false) = (tag.get(b"refId"), tag.has(b"id")) {
            let weight = tag.get(b"probability").and_then(|w| number(&w)).filter(|w| *w >= 0.0);
            match loading.kind(&id) {
                Some(kind) => choice.members.push((kind, weight.unwrap_or_else(|| loading.weight(kind)))),
                None => unknown(loading, &id, tag.line()),
            }
            continue;
        }
        let begun = begin(loading, &tag);
        if let Some(kind) = read(loading, xml, begun)? {
            choice.members.push((kind, loading.weight(kind)));
        }
    }
    if choice.members.iter().map(|(_, weight)| weight).sum::<f64>() > 0.0 {
        loading.add_kind_choice(choice, line);
    } else {
        let id = shown(&choice.id);
        loading.log.error("empty-choice", line, || format!("the choice of types '{id}' has no member with a weight above 0; it is left out"));
    }
    Ok(())
}
