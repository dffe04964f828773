//! What a road's tags say: who may drive, how fast, on how many lanes, with which arrows on them.
//!
//! Tag meanings after the OpenStreetMap wiki (Key:lanes, Key:turn:lanes, Key:maxspeed, Key:access); defaults for what is not
//! tagged follow Chinese urban practice (GB 51038: 60/50/40/30 km/h by rank).

use crate::lane::{Modes, RoadKind};
use qike_scene::CityObject;

/// Arrows of a lane: a set of bits; empty where the lane has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrows(pub u8);

impl Arrows {
    pub const RIGHT: u8 = 1;
    pub const THROUGH: u8 = 2;
    pub const LEFT: u8 = 4;
    pub const REVERSE: u8 = 8;

    fn parse(text: &str) -> Arrows {
        let bit = |word: &str| match word.trim() {
            "through" => Self::THROUGH,
            "left" | "slight_left" | "sharp_left" => Self::LEFT,
            "right" | "slight_right" | "sharp_right" => Self::RIGHT,
            "reverse" => Self::REVERSE,
            _ => 0,
        };
        Arrows(text.split(';').map(bit).fold(0, |a, b| a | b))
    }
}

/// One lane as tagged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LaneSpec {
    pub modes: Modes,
    pub arrows: Arrows,
}

/// One direction of a road; lanes from the kerb to the middle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SideSpec {
    pub lanes: Vec<LaneSpec>,
    pub speed_mps: f64,
}

/// A road as tagged. A direction without lanes may not be driven.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoadSpec {
    pub kind: RoadKind,
    pub roundabout: bool,
    pub forward: SideSpec,
    pub backward: SideSpec,
    pub lane_width_m: f64,
}

fn kind_of(highway: &str) -> Option<RoadKind> {
    Some(match highway {
        "motorway" => RoadKind::Motorway,
        "motorway_link" => RoadKind::MotorwayLink,
        "trunk" => RoadKind::Trunk,
        "trunk_link" => RoadKind::TrunkLink,
        "primary" => RoadKind::Primary,
        "primary_link" => RoadKind::PrimaryLink,
        "secondary" => RoadKind::Secondary,
        "secondary_link" => RoadKind::SecondaryLink,
        "tertiary" => RoadKind::Tertiary,
        "tertiary_link" => RoadKind::TertiaryLink,
        "unclassified" | "road" => RoadKind::Unclassified,
        "residential" => RoadKind::Residential,
        "busway" | "bus_guideway" => RoadKind::Busway,
        "living_street" => RoadKind::LivingStreet,
        "service" => RoadKind::Service,
        _ => return None,
    })
}

impl RoadKind {
    /// Rank at junctions: the greater goes first. A ramp ranks below the road of its class.
    pub(crate) fn priority(self) -> u8 {
        match self {
            RoadKind::Motorway => 14,
            RoadKind::MotorwayLink => 13,
            RoadKind::Trunk => 12,
            RoadKind::TrunkLink => 11,
            RoadKind::Primary => 10,
            RoadKind::PrimaryLink => 9,
            RoadKind::Secondary => 8,
            RoadKind::SecondaryLink => 7,
            RoadKind::Tertiary => 6,
            RoadKind::TertiaryLink => 5,
            RoadKind::Unclassified | RoadKind::Residential | RoadKind::Busway => 4,
            RoadKind::LivingStreet => 2,
            RoadKind::Service => 1,
        }
    }

    fn default_kmh(self) -> f64 {
        match self {
            RoadKind::Motorway => 120.0,
            RoadKind::Trunk => 80.0,
            RoadKind::MotorwayLink | RoadKind::TrunkLink | RoadKind::Primary => 60.0,
            RoadKind::PrimaryLink | RoadKind::Secondary | RoadKind::Busway => 50.0,
            RoadKind::SecondaryLink | RoadKind::Tertiary | RoadKind::TertiaryLink | RoadKind::Unclassified => 40.0,
            RoadKind::Residential => 30.0,
            RoadKind::Service => 20.0,
            RoadKind::LivingStreet => 15.0,
        }
    }

    fn default_lanes(self, oneway: bool) -> usize {
        match self {
            RoadKind::Motorway | RoadKind::Trunk => 2,
            RoadKind::Primary if oneway => 2,
            _ => 1,
        }
    }
}

/// A `maxspeed` value in m/s: plain km/h, `mph`, `knots`, `walk`, or a zone such as `CN:urban`. `None` where it says nothing.
pub(crate) fn speed(text: &str) -> Option<f64> {
    let text = text.split(';').next().unwrap_or("").trim();
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0 && *v < 500.0);
    let kmh = if let Some(t) = text.strip_suffix("mph") {
        number(t)? * 1.609_344
    } else if let Some(t) = text.strip_suffix("knots") {
        number(t)? * 1.852
    } else if let Some(t) = text.strip_suffix("km/h").or_else(|| text.strip_suffix("kmh")) {
        number(t)?
    } else {
        match text.rsplit(':').next().unwrap_or("") {
            "walk" | "living_street" => 7.0,
            "urban" => 50.0,
            "rural" => 80.0,
            "motorway" => 120.0,
            "none" => 130.0,
            plain => number(plain)?,
        }
    };
    Some(kmh / 3.6)
}

fn refused(value: Option<&str>) -> Option<bool> {
    match value? {
        "no" | "private" | "agricultural" | "forestry" | "use_sidepath" => Some(true),
        _ => Some(false),
    }
}

/// Who may drive on a road by its access tags; the more special tag wins.
fn modes_of(object: &CityObject, kind: RoadKind) -> Modes {
    let tag = |key| refused(object.str(key));
    let general = tag("motor_vehicle").or(tag("vehicle")).or(tag("access")).unwrap_or(kind == RoadKind::Busway);
    let mut modes = Modes::NONE;
    let mut allow = |refused: bool, mode: Modes| modes = if refused { modes } else { modes.union(mode) };
    allow(tag("motorcar").unwrap_or(general), Modes::CAR);
    allow(tag("hgv").unwrap_or(general), Modes::TRUCK);
    allow(tag("bus").or(tag("psv")).unwrap_or(general && kind != RoadKind::Busway), Modes::BUS);
    let no_cycling = matches!(kind, RoadKind::Motorway | RoadKind::MotorwayLink);
    allow(tag("bicycle").or(tag("vehicle")).or(tag("access")).unwrap_or(no_cycling), Modes::BICYCLE);
    modes
}

/// Direction of travel on a road: (along its line, against it).
fn directions(object: &CityObject, kind: RoadKind, roundabout: bool) -> (bool, bool) {
    let implied = roundabout || matches!(kind, RoadKind::Motorway | RoadKind::MotorwayLink);
    match object.str("oneway").or_else(|| object.str("oneway:motor_vehicle")) {
        Some("yes" | "true" | "1") => (true, false),
        Some("-1" | "reverse") => (false, true),
        Some("no" | "false" | "0") => (true, true),
        _ => (true, !implied),
    }
}

fn count(object: &CityObject, key: &str) -> Option<usize> {
    let number = object.number(key).filter(|n| *n >= 0.0)?;
    Some((number.round() as usize).min(12))
}

/// The entries of a per-lane tag for one direction, from left to right as drivers see it.
fn per_lane<'a>(object: &'a CityObject, key: &str, side: &str, oneway: bool) -> Option<Vec<&'a str>> {
    let own = object.str(&format!("{key}:{side}"));
    let text = own.or_else(|| if oneway { object.str(key) } else { None })?;
    Some(text.split('|').take(12).collect())
}

fn lanes_of(object: &CityObject, side: &str, number: usize, oneway: bool, road: Modes, left_hand: bool) -> Vec<LaneSpec> {
    // Built from left to right, as the tags are; turned round at the end where the kerb is on the right.
    let mut lanes = vec![LaneSpec { modes: road, arrows: Arrows::default() }; number];
    if let Some(arrows) = per_lane(object, "turn:lanes", side, oneway) {
        lanes.iter_mut().zip(arrows).for_each(|(lane, text)| lane.arrows = Arrows::parse(text));
    }
    for key in ["access:lanes", "vehicle:lanes", "motor_vehicle:lanes"] {
        let Some(entries) = per_lane(object, key, side, oneway) else { continue };
        for (lane, text) in lanes.iter_mut().zip(entries) {
            if matches!(text.trim(), "no" | "private") {
                lane.modes = Modes::NONE;
            }
        }
    }
    let buses = Modes::BUS;
    for key in ["bus:lanes", "psv:lanes"] {
        let Some(entries) = per_lane(object, key, side, oneway) else { continue };
        for (lane, text) in lanes.iter_mut().zip(entries) {
            match text.trim() {
                "designated" => lane.modes = buses,
                "yes" if road.contains(buses) => lane.modes = lane.modes.union(buses),
                _ => {}
            }
        }
    }
    if !left_hand {
        lanes.reverse();
    }
    let kerb_buses = count(object, &format!("lanes:bus:{side}"))
        .or_else(|| count(object, &format!("lanes:psv:{side}")))
        .or_else(|| if oneway { count(object, "lanes:bus").or_else(|| count(object, "lanes:psv")) } else { None });
    if per_lane(object, "bus:lanes", side, oneway).is_none() && per_lane(object, "psv:lanes", side, oneway).is_none() {
        // A lane for buses alone only where another is left for the rest.
        let free = number.saturating_sub(1);
        lanes.iter_mut().take(kerb_buses.unwrap_or(0).min(free)).for_each(|lane| lane.modes = buses);
    }
    lanes
}

/// What the tags of a road say; `None` where no motor vehicle may use it at all.
pub(crate) fn road(object: &CityObject, left_hand: bool) -> Option<RoadSpec> {
    let kind = kind_of(object.str("highway")?)?;
    let modes = modes_of(object, kind);
    if modes.intersection(Modes::MOTOR).is_empty() || object.str("area") == Some("yes") {
        return None;
    }
    let roundabout = matches!(object.str("junction"), Some("roundabout" | "circular"));
    let (along, against) = directions(object, kind, roundabout);
    let oneway = along != against;
    // Buses may drive against a one-way road on a lane of their own, which counts among its lanes.
    let no = |key| object.str(key) == Some("no");
    let opposite = ["busway", "busway:left", "busway:right", "busway:both"].iter().any(|key| object.str(key).is_some_and(|v| v.starts_with("opposite")));
    let against_buses = oneway && !roundabout && (no("oneway:bus") || no("oneway:psv") || opposite);
    let total = count(object, "lanes").filter(|n| *n > 0).map(|n| if against_buses { n.saturating_sub(1).max(1) } else { n });
    let both = count(object, "lanes:both_ways").unwrap_or(0);
    let own = |side: &str| {
        count(object, &format!("lanes:{side}"))
            .filter(|n| *n > 0)
            .or_else(|| per_lane(object, "turn:lanes", side, oneway).map(|t| t.len()))
    };
    let (own_forward, own_backward) = (own("forward"), own("backward"));
    let shared = |forward: bool, other: Option<usize>| match (total, other) {
        (Some(total), _) if oneway => total,
        (Some(total), Some(other)) => total.saturating_sub(other + both).max(1),
        // Of an odd number the direction along the line has one more.
        (Some(total), None) if forward => total.saturating_sub(both).div_ceil(2).max(1),
        (Some(total), None) => (total.saturating_sub(both) / 2).max(1),
        // A ring has no more lanes than are drawn.
        (None, _) => kind.default_lanes(oneway && !roundabout),
    };
    let kmh = object.str("maxspeed").and_then(speed).unwrap_or(kind.default_kmh() / 3.6);
    let side = |name: &str, open: bool, own: Option<usize>, other: Option<usize>| {
        let number = own.unwrap_or_else(|| shared(name == "forward", other)).clamp(1, 12);
        let lanes = if open { lanes_of(object, name, number, oneway, modes, left_hand) } else { vec![] };
        let speed_mps = object.str(&format!("maxspeed:{name}")).and_then(speed).unwrap_or(kmh);
        SideSpec { lanes, speed_mps }
    };
    let mut forward = side("forward", along, own_forward, own_backward);
    let mut backward = side("backward", against, own_backward, own_forward);
    if against_buses {
        let free = if along { &mut backward } else { &mut forward };
        free.lanes = vec![LaneSpec { modes: Modes::BUS, arrows: Arrows::default() }];
    }
    let number = forward.lanes.len() + backward.lanes.len();
    let tagged = object.number("width").map(|w| w / number.max(1) as f64).filter(|w| (2.5..=4.5).contains(w));
    Some(RoadSpec { kind, roundabout, forward, backward, lane_width_m: tagged.unwrap_or(3.25) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{Class, SourceId};

    fn tagged(tags: &[(&str, &str)]) -> CityObject {
        let mut object = CityObject::new("osm:way/1", Class::Road, SourceId(0));
        tags.iter().for_each(|(k, v)| drop(object.attributes.insert((*k).into(), (*v).into())));
        object
    }

    fn counts(tags: &[(&str, &str)]) -> (usize, usize) {
        let spec = road(&tagged(tags), false).unwrap();
        (spec.forward.lanes.len(), spec.backward.lanes.len())
    }

    #[test]
    fn lane_counts_follow_the_tags() {
        assert_eq!(counts(&[("highway", "residential")]), (1, 1));
        assert_eq!(counts(&[("highway", "primary"), ("oneway", "yes")]), (2, 0));
        assert_eq!(counts(&[("highway", "primary"), ("oneway", "-1"), ("lanes", "3")]), (0, 3));
        assert_eq!(counts(&[("highway", "secondary"), ("lanes", "4")]), (2, 2));
        assert_eq!(counts(&[("highway", "secondary"), ("lanes", "3")]), (2, 1));
        assert_eq!(counts(&[("highway", "secondary"), ("lanes", "3"), ("lanes:both_ways", "1")]), (1, 1));
        assert_eq!(counts(&[("highway", "secondary"), ("lanes", "5"), ("lanes:forward", "3")]), (3, 2));
        assert_eq!(counts(&[("highway", "tertiary"), ("lanes", "3"), ("turn:lanes:forward", "left|through")]), (2, 1));
        assert_eq!(counts(&[("highway", "tertiary"), ("junction", "roundabout")]), (1, 0));
        assert_eq!(counts(&[("highway", "primary"), ("junction", "roundabout")]), (1, 0));
        let against = [("highway", "primary"), ("oneway", "yes"), ("oneway:bus", "no"), ("lanes", "3")];
        assert_eq!(counts(&against), (2, 1));
        let spec = road(&tagged(&against), false).unwrap();
        assert_eq!((spec.backward.lanes[0].modes, spec.forward.lanes[0].modes.contains(Modes::CAR)), (Modes::BUS, true));
    }

    #[test]
    fn speeds_have_units() {
        let near = |text, kmh: f64| assert!((speed(text).unwrap() * 3.6 - kmh).abs() < 0.01, "{text}");
        near("50", 50.0);
        near("30 mph", 48.28);
        near("CN:urban", 50.0);
        near("60;40", 60.0);
        assert_eq!(speed("signals"), None);
        assert_eq!(speed("-5"), None);
        let spec = road(&tagged(&[("highway", "primary"), ("maxspeed", "60"), ("maxspeed:backward", "40")]), false).unwrap();
        assert!((spec.forward.speed_mps * 3.6 - 60.0).abs() < 1e-9 && (spec.backward.speed_mps * 3.6 - 40.0).abs() < 1e-9);
    }

    #[test]
    fn arrows_are_counted_from_the_kerb_on_the_side_traffic_keeps_to() {
        let object = tagged(&[("highway", "primary"), ("oneway", "yes"), ("lanes", "2"), ("turn:lanes", "left|through;right")]);
        let right = road(&object, false).unwrap();
        assert_eq!(right.forward.lanes[0].arrows.0, Arrows::THROUGH | Arrows::RIGHT);
        let left = road(&object, true).unwrap();
        assert_eq!(left.forward.lanes[0].arrows.0, Arrows::LEFT);
    }

    #[test]
    fn access_and_bus_lanes() {
        assert!(road(&tagged(&[("highway", "service"), ("access", "private")]), false).is_none());
        assert!(road(&tagged(&[("highway", "cycleway")]), false).is_none());
        let busway = road(&tagged(&[("highway", "service"), ("access", "no"), ("bus", "yes")]), false).unwrap();
        assert_eq!(busway.forward.lanes[0].modes.intersection(Modes::MOTOR), Modes::BUS);
        let tags = [("highway", "primary"), ("oneway", "yes"), ("lanes", "3"), ("bus:lanes", "||designated")];
        let lanes = road(&tagged(&tags), false).unwrap().forward.lanes;
        assert_eq!(lanes[0].modes, Modes::BUS);
        assert!(lanes[1].modes.contains(Modes::CAR));
        let counted = [("highway", "primary"), ("oneway", "yes"), ("lanes", "2"), ("lanes:bus", "1")];
        assert_eq!(road(&tagged(&counted), false).unwrap().forward.lanes[0].modes, Modes::BUS);
    }
}
