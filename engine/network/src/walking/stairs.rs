//! Stairs, ramps, escalators and lifts: areas that join storeys.

use super::doors::{self, Finder};
use super::floors::{self, Frame};
use super::ground::{Ground, Kind};
use super::paths::STAIR_FACTOR;
use super::{plane, rooms};
use crate::ix::AreaIx;
use crate::shape::{self, Point};
use crate::walk::AreaKind;
use qike_core::Diagnostic;
use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot, Value};

/// Waiting for a lift and riding it take this long, s: half a cycle of a car that serves a few storeys, and the ride.
const LIFT_DELAY_S: f32 = 60.0;
/// Persons in a second through a lift's door: a car for 13 every 80 s or so.
const LIFT_PER_S: f64 = 0.16;
/// Speed of an escalator's belt along its slope, m/s (EN 115: 0.5 to 0.75).
const BELT_MPS: f64 = 0.5;
/// From the end of a run to the floor it serves, m.
const LANDING_M: f64 = 1.6;

#[derive(Clone, Copy, PartialEq)]
enum Run {
    Stair,
    Ramp,
    Escalator,
    Lift,
}

fn run_of(scene: &SceneSnapshot, ix: ObjectIx, object: &CityObject) -> Option<Run> {
    let ifc = object.str("ifc_type").unwrap_or("");
    let function = object.str("function").unwrap_or("");
    let mut words: Vec<String> = ["predefined_type", "object_type", "ObjectType"].iter().filter_map(|k| object.text(k)).collect();
    words.extend(object.name.clone());
    let text = words.join(" ").to_lowercase();
    let parts = |kind: &str| {
        scene.children(ix).iter().any(|c| scene.get(*c).str("ifc_type").is_some_and(|t| t.starts_with(kind)) && floors::body(scene.get(*c)).is_some())
    };
    match ifc {
        "IfcStairFlight" => Some(Run::Stair),
        "IfcStair" if !parts("IfcStairFlight") => Some(Run::Stair),
        "IfcRampFlight" => Some(Run::Ramp),
        "IfcRamp" if !parts("IfcRampFlight") => Some(Run::Ramp),
        "IfcTransportElement" if text.contains("escalator") || text.contains("movingwalkway") || text.contains("扶梯") => Some(Run::Escalator),
        "IfcTransportElement" => Some(Run::Lift),
        _ => match function {
            "stair" | "stairs" => Some(Run::Stair),
            "ramp" => Some(Run::Ramp),
            "escalator" => Some(Run::Escalator),
            "elevator" | "lift" => Some(Run::Lift),
            _ => None,
        },
    }
}

/// Whether an escalator runs up (`true`) or down, where any property or its name says so.
fn runs_up(object: &CityObject) -> Option<bool> {
    let mut texts: Vec<String> = vec![];
    for (name, value) in &object.attributes {
        match value {
            Value::Object(set) => {
                let of = |(k, v): (&String, &Value)| k.to_lowercase().contains("direction").then(|| v.as_str().map(str::to_owned)).flatten();
                texts.extend(set.iter().filter_map(of));
            }
            Value::String(text) if name.to_lowercase().contains("direction") || name.to_lowercase().ends_with("type") => texts.push(text.clone()),
            _ => {}
        }
    }
    texts.extend(object.name.clone());
    texts.iter().find_map(|t| {
        let words: Vec<String> = t.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
        if has(&["up", "upward", "ascending", "上行"]) {
            Some(true)
        } else if has(&["down", "downward", "descending", "下行"]) {
            Some(false)
        } else {
            None
        }
    })
}

/// The direction a body climbs: its frame turned so that `along` points up, or `None` where it does not climb.
fn climbing(points: &[Point]) -> Option<Frame> {
    let mut frame = Frame::of(points)?;
    // Only the upper side counts: of each slice along the run the highest point, railings and all.
    let n = points.len() as f64;
    let (ms, mz) = (points.iter().map(|p| frame.along_of(*p)).sum::<f64>() / n, points.iter().map(|p| p[2]).sum::<f64>() / n);
    let (mut sz, mut ss) = (0.0, 0.0);
    for p in points {
        let s = frame.along_of(*p) - ms;
        sz += s * (p[2] - mz);
        ss += s * s;
    }
    let rise = if ss > 0.0 { sz / ss * 2.0 * frame.half[0] } else { 0.0 };
    // The regression's rise must be a good part of the whole height, else it is a spiral or turns half-way.
    if rise.abs() < 0.35 * (frame.z[1] - frame.z[0]) {
        return None;
    }
    if rise < 0.0 {
        frame.along = [-frame.along[0], -frame.along[1]];
    }
    Some(frame)
}

/// One end of a run: the place just beyond it and the edge there.
fn edge(frame: &Frame, high: bool, z: f64) -> [Point; 2] {
    let s = if high { frame.half[0] } else { -frame.half[0] };
    let half = (frame.half[1] - 0.1).max(0.25);
    [frame.at(s, half, z), frame.at(s, -half, z)]
}

/// The area that a run's end leads onto.
fn landing(ground: &Ground, finder: &Finder, frame: &Frame, high: bool, z: f64, step: f64) -> Option<AreaIx> {
    let sign = if high { 1.0 } else { -1.0 };
    [0.25, 0.05, 0.6, 1.0, LANDING_M, -0.2].iter().find_map(|beyond| {
        let p = frame.at(sign * (frame.half[0] + beyond), 0.0, z);
        finder.indoor(ground, p, step, |_| true)
    })
}

/// Adds all stairs, ramps and escalators, then the lifts.
pub(crate) fn add(scene: &SceneSnapshot, ground: &mut Ground, finder: &Finder, within: f64) {
    let classes = [Class::BuildingConstructiveElement, Class::BuildingInstallation];
    let mut open_ends = vec![];
    for ix in classes.iter().flat_map(|c| scene.of_class(*c)) {
        let object = scene.get(*ix);
        let Some(run) = run_of(scene, *ix, object) else { continue };
        let Some(body) = floors::body(object) else { continue };
        match climbing(&body.vertices).filter(|_| run != Run::Lift) {
            Some(frame) => inclined(scene, ground, finder, *ix, run, &frame, &mut open_ends),
            None => upright(scene, ground, finder, *ix, run, &body.vertices),
        }
    }
    join_flights(ground, &mut open_ends);
    for end in open_ends {
        let object = &scene.get(end.object).id;
        if doors::entrance(ground, finder, end.area, end.edge, object, within).is_none() {
            let where_ = if end.high { "upper" } else { "lower" };
            let message = format!("the {where_} end of '{object}' leads nowhere");
            let at = shape::lerp(end.edge[0], end.edge[1], 0.5);
            ground.faults.push(Diagnostic::warning("stair-ends-nowhere", message).object(object.as_str()).position(at));
        }
    }
}

struct OpenEnd {
    object: ObjectIx,
    area: AreaIx,
    edge: [Point; 2],
    high: bool,
}

fn inclined(
    scene: &SceneSnapshot,
    ground: &mut Ground,
    finder: &Finder,
    ix: ObjectIx,
    run: Run,
    frame: &Frame,
    open_ends: &mut Vec<OpenEnd>,
) {
    let object = scene.get(ix);
    let kind = match run {
        Run::Escalator => AreaKind::Escalator,
        Run::Ramp => AreaKind::Ramp,
        _ => AreaKind::Stair,
    };
    // Balustrades stand above an escalator's steps, and slabs hang below a flight: floors near the ends say where it leads.
    let step = if run == Run::Escalator { 1.7 } else { 0.7 };
    let ends = [false, true].map(|high| {
        let z = frame.z[usize::from(high)];
        let area = landing(ground, finder, frame, high, z, step);
        let at = frame.at(if high { frame.half[0] } else { -frame.half[0] }, 0.0, z);
        (area, area.map_or(z, |a| ground.height(a, at)))
    });
    let mut k = Kind::new(kind, &object.id);
    k.storey = rooms::storey_of(scene, ix);
    k.speed_factor = if run == Run::Ramp { 0.8 } else { STAIR_FACTOR };
    if run == Run::Escalator {
        if let Some(up) = runs_up(object) {
            let sign = if up { 1.0 } else { -1.0 };
            k.one_way = Some([frame.along[0] * sign, frame.along[1] * sign]);
        }
        let rise = ends[1].1 - ends[0].1;
        let length = 2.0 * frame.half[0];
        k.belt_mps = (BELT_MPS * length / length.hypot(rise)) as f32;
    }
    let (low, high) = (edge(frame, false, ends[0].1), edge(frame, true, ends[1].1));
    let Some(area) = ground.area(&k, plane::hull(&[low[0], low[1], high[0], high[1]])) else { return };
    for ((found, _), (edge, is_high)) in ends.into_iter().zip([(low, false), (high, true)]) {
        let Some(other) = found else {
            open_ends.push(OpenEnd { object: ix, area, edge, high: is_high });
            continue;
        };
        let onto = edge.map(|p| {
            let q = plane::clamp_into(&ground.rings[other.ix()], p);
            [q[0], q[1], ground.height(other, q)]
        });
        let made = ground.portal(area, other, edge, onto, Some(object.id.clone()));
        // An escalator is entered at one end and left at the other.
        if let (Some(portal), Some(way)) = (made, k.one_way) {
            let leaves_here = (way[0] * frame.along[0] + way[1] * frame.along[1] > 0.0) == is_high;
            let p = &mut ground.portals[portal.ix()];
            p.one_way = true;
            if !leaves_here {
                std::mem::swap(&mut p.a, &mut p.b);
                std::mem::swap(&mut p.p, &mut p.p_b);
                std::mem::swap(&mut p.q, &mut p.q_b);
            }
        }
    }
}

/// Joins the open ends of flights that meet at a landing.
fn join_flights(ground: &mut Ground, ends: &mut Vec<OpenEnd>) {
    let mut left: Vec<OpenEnd> = vec![];
    while let Some(end) = ends.pop() {
        let middle = |e: &OpenEnd| shape::lerp(e.edge[0], e.edge[1], 0.5);
        let fits = |o: &OpenEnd| {
            o.area != end.area && shape::distance(middle(o), middle(&end)) < 3.0 && (middle(o)[2] - middle(&end)[2]).abs() < 0.5
        };
        let mut joined = false;
        for other in ends.iter().filter(|o| fits(o)) {
            let mut kind = Kind::new(AreaKind::Corridor, &match &ground.areas[end.area.ix()].object {
                Some(id) => id.clone(),
                None => continue,
            });
            kind.storey = ground.areas[end.area.ix()].storey.clone();
            let corners = [end.edge[0], end.edge[1], other.edge[0], other.edge[1]];
            let Some(landing) = ground.area(&kind, plane::hull(&corners)) else {
                joined |= ground.portal(end.area, other.area, end.edge, other.edge, kind.object.clone()).is_some();
                continue;
            };
            ground.portal(end.area, landing, end.edge, end.edge, None);
            ground.portal(other.area, landing, other.edge, other.edge, None);
            joined = true;
        }
        if joined {
            // The partners have found their way on as well.
            let done: Vec<(AreaIx, bool)> = ends.iter().filter(|o| fits(o)).map(|o| (o.area, o.high)).collect();
            ends.retain(|o| !done.contains(&(o.area, o.high)));
        } else {
            left.push(end);
        }
    }
    left.reverse();
    *ends = left;
}

/// Lifts, and stairs that turn within their own footprint: joined to every floor that they touch.
fn upright(scene: &SceneSnapshot, ground: &mut Ground, finder: &Finder, ix: ObjectIx, run: Run, points: &[Point]) {
    let object = scene.get(ix);
    let Some(frame) = Frame::of(points) else { return };
    let mut kind = Kind::new(if run == Run::Lift { AreaKind::Lift } else { AreaKind::Stair }, &object.id);
    kind.storey = rooms::storey_of(scene, ix);
    let rise = frame.z[1] - frame.z[0];
    // Time upstairs: about 0.25 m of height in a second (0.5 m/s at 30°).
    kind.delay_s = if run == Run::Lift { LIFT_DELAY_S } else { (rise / 0.25) as f32 };
    let [s, t] = frame.half;
    let corner = |a: f64, b: f64| frame.at(a * s, b * t, frame.z[0]);
    let ring = vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    let served: Vec<AreaIx> = (finder.around(ground, &ring, 1.2).into_iter())
        .filter(|a| {
            let z = ground.areas[a.ix()].centre[2];
            z > frame.z[0] - 0.7 && z < frame.z[1] + 0.7
        })
        .collect();
    // Of a room's pieces the nearest is enough.
    let mut by_object: std::collections::BTreeMap<_, (f64, AreaIx)> = Default::default();
    let middle = [frame.centre[0], frame.centre[1], frame.z[0]];
    for a in served {
        let away = plane::distance_to(&ground.rings[a.ix()], middle);
        let best = by_object.entry(ground.areas[a.ix()].object.clone()).or_insert((away, a));
        if away < best.0 {
            *best = (away, a);
        }
    }
    if by_object.len() < 2 {
        let message = format!("'{}' joins fewer than two floors", object.id);
        ground.faults.push(Diagnostic::warning("stair-ends-nowhere", message).object(object.id.as_str()).position(middle));
    }
    let Some(area) = ground.area(&kind, ring) else { return };
    for (_, other) in by_object.into_values() {
        let q = plane::clamp_into(&ground.rings[other.ix()], middle);
        let p = plane::clamp_into(&ground.rings[area.ix()], q);
        let half = t.clamp(0.3, 0.6);
        let d = shape::unit([q[0] - middle[0], q[1] - middle[1]]);
        let side = if d == [0.0, 0.0] { [half, 0.0] } else { [-d[1] * half, d[0] * half] };
        let z = ground.height(other, q);
        let spread = |c: Point, z: f64| [[c[0] + side[0], c[1] + side[1], z], [c[0] - side[0], c[1] - side[1], z]];
        let made = ground.portal(area, other, spread(p, frame.z[0]), spread(q, z), Some(object.id.clone()));
        if let (Some(portal), Run::Lift) = (made, run) {
            ground.portals[portal.ix()].capacity_per_s = LIFT_PER_S;
        }
    }
}
