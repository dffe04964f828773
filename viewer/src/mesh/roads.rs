//! Roads: asphalt of the right width, pavements, lane markings, stop gaps at junctions, crossings; footways and rails.

use super::lines::{P, clean, dashes, disc, lengths, piece, strip};
use super::{Builder, Kind, ON_GROUND, Paint};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use crate::model::layer::Layer;
use crate::model::palette;
use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot};
use std::collections::HashMap;

/// Width of a lane where the source says nothing, metres.
const LANE_M: f32 = 3.25;

/// The cross-section of a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Carriageway, edge to edge, metres.
    pub width: f32,
    /// Lanes against the line's direction, on its left.
    pub backward: u32,
    /// Lanes along the line's direction.
    pub forward: u32,
    /// Pavement on both sides.
    pub pavement: bool,
    /// For cycles only.
    pub cycle: bool,
}

/// The cross-section by the tags of a road.
pub fn profile(object: &CityObject) -> Profile {
    let highway = object.str("highway").unwrap_or("residential");
    let base = highway.strip_suffix("_link").unwrap_or(highway);
    let oneway = matches!(object.str("oneway"), Some("yes" | "1" | "true" | "-1"))
        || base == "motorway"
        || object.str("junction") == Some("roundabout");
    let usual: f64 = match base {
        "motorway" => 3.0,
        "trunk" | "primary" => if oneway { 2.0 } else { 4.0 },
        "secondary" => if oneway { 2.0 } else { 4.0 },
        "cycleway" | "service" | "living_street" => 1.0,
        _ => if oneway { 1.0 } else { 2.0 },
    };
    let lanes = object.number("lanes").filter(|n| (1.0..=16.0).contains(n)).unwrap_or(usual) as u32;
    let given = |key: &str| object.number(key).filter(|n| (0.0..=16.0).contains(n)).map(|n| n as u32);
    let (mut forward, mut backward) = if oneway { (lanes, 0) } else { (lanes.div_ceil(2), lanes / 2) };
    if let (false, Some(f)) = (oneway, given("lanes:forward")) {
        (forward, backward) = (f, given("lanes:backward").unwrap_or(lanes.saturating_sub(f)));
    }
    if object.str("oneway") == Some("-1") {
        std::mem::swap(&mut forward, &mut backward);
    }
    let cycle = base == "cycleway";
    let natural = match base {
        "cycleway" => 2.5,
        "service" => 4.0,
        "living_street" => 5.0,
        _ => (forward + backward).max(1) as f32 * LANE_M + 0.6,
    };
    let width = object.number("width").map(|w| w as f32).filter(|w| (1.0..80.0).contains(w)).unwrap_or(natural);
    let pavement = matches!(base, "primary" | "secondary" | "tertiary" | "residential" | "unclassified" | "trunk");
    Profile { width, backward, forward, pavement, cycle }
}

/// A place where a road passes or ends.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Road ends and passages here: 2 for a road that goes on, 3 and more for a junction.
    pub arms: u32,
    /// Half the width of the widest road here, metres.
    pub half_width: f32,
    /// Direction of the widest road in plan.
    pub direction: [f32; 2],
}

/// All roads by the places of their vertices, so that markings stop at junctions and signs stand beside the road.
#[derive(Default)]
pub struct Roads {
    nodes: HashMap<[i64; 2], Node>,
    /// The same places by squares of [`NEAR_M`].
    squares: HashMap<[i32; 2], Vec<(P, Node)>>,
}

/// How far a road is looked for beside a thing, metres.
const NEAR_M: f32 = 32.0;

fn square(p: P) -> [i32; 2] {
    [(p[0] / NEAR_M).floor() as i32, (p[2] / NEAR_M).floor() as i32]
}

fn key(p: P) -> [i64; 2] {
    [(f64::from(p[0]) * 20.0).round() as i64, (f64::from(p[2]) * 20.0).round() as i64]
}

impl Roads {
    /// Reads the roads of a snapshot.
    pub fn of(snapshot: &SceneSnapshot, frame: &SceneFrame, ground: &Ground) -> Self {
        let mut roads = Roads::default();
        for ix in snapshot.of_class(Class::Road) {
            let object = snapshot.get(*ix);
            let profile = profile(object);
            for line in axis_lines(object, frame, ground) {
                roads.add(&line, &profile);
            }
        }
        roads
    }

    fn add(&mut self, line: &[P], profile: &Profile) {
        for i in 0..line.len() {
            let end = i == 0 || i + 1 == line.len();
            let (a, b) = if i + 1 < line.len() { (line[i], line[i + 1]) } else { (line[i - 1], line[i]) };
            let length = (b[0] - a[0]).hypot(b[2] - a[2]).max(1e-3);
            let arm = Node {
                arms: if profile.cycle { 0 } else if end { 1 } else { 2 },
                half_width: profile.width / 2.0,
                direction: [(b[0] - a[0]) / length, (b[2] - a[2]) / length],
            };
            if !profile.cycle {
                self.squares.entry(square(line[i])).or_default().push((line[i], arm));
            }
            self.nodes
                .entry(key(line[i]))
                .and_modify(|node| {
                    node.arms += arm.arms;
                    if arm.half_width > node.half_width {
                        (node.half_width, node.direction) = (arm.half_width, arm.direction);
                    }
                })
                .or_insert(arm);
        }
    }

    /// The nearest vertex of a road within [`NEAR_M`].
    pub fn near(&self, p: P) -> Option<(P, Node)> {
        let [x, z] = square(p);
        let away = |q: &P| (q[0] - p[0]).hypot(q[2] - p[2]);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dz| [x + dx, z + dz]));
        let found = around.filter_map(|k| self.squares.get(&k)).flatten().filter(|(q, _)| away(q) <= NEAR_M);
        found.min_by(|(a, _), (b, _)| away(a).total_cmp(&away(b)).then(a[0].total_cmp(&b[0]))).copied()
    }

    /// The road at a place, to within 5 cm.
    pub fn at(&self, p: P) -> Option<Node> {
        let [x, z] = key(p);
        (-1..=1).flat_map(|dx| (-1..=1).map(move |dz| [x + dx, z + dz])).find_map(|k| self.nodes.get(&k).copied())
    }
}

/// The lines of an object's coarsest line geometry in the picture's frame.
pub fn axis_lines(object: &CityObject, frame: &SceneFrame, ground: &Ground) -> Vec<Vec<P>> {
    let Some(geometry) = object.coarsest().filter(|g| g.is_finite() && g.is_consistent()) else { return Vec::new() };
    let plane = super::surfaces::is_plane(geometry);
    let place = |p: [f64; 3]| {
        let [x, y, z] = frame.to_scene(p);
        [x, if plane { ground.at(x, z) } else { y }, z]
    };
    let lines = geometry.lines().map(|line| clean(&line.into_iter().map(place).collect::<Vec<_>>()));
    lines.filter(|line| line.len() > 1).collect()
}

/// Adds a road: pavement below, asphalt above, markings on top.
pub fn add_road(b: &mut Builder, object: &CityObject, ix: ObjectIx, roads: &Roads, frame: &SceneFrame, ground: &Ground) {
    let profile = profile(object);
    let lift = palette::lift(Layer::Roads);
    let paint = |colour, kind| Paint { colour, kind, object: ix.0, foot: ON_GROUND };
    let half = profile.width / 2.0;
    let surface = paint(if profile.cycle { palette::CYCLEWAY } else { palette::ASPHALT }, Kind::Asphalt);
    let paved = paint(palette::PAVEMENT, Kind::Plain);
    for line in axis_lines(object, frame, ground) {
        let (height, rank) = (lift + profile.width.min(40.0) * 0.001, profile.pavement);
        if rank {
            strip(b, &line, -half - 2.6, half + 2.6, lift - 0.14, &paved);
        }
        strip(b, &line, -half, half, height, &surface);
        let sum = lengths(&line);
        let mut gaps: Vec<(f32, f32)> = Vec::new();
        for (p, s) in line.iter().zip(&sum) {
            let Some(node) = roads.at(*p) else { continue };
            if node.arms >= 3 {
                if rank {
                    disc(b, *p, node.half_width + 2.6, lift - 0.15, 16, &paved);
                }
                disc(b, *p, node.half_width.min(half + 2.0), height, 16, &surface);
                gaps.push((s - node.half_width - 2.5, s + node.half_width + 2.5));
            }
        }
        if !profile.cycle && half > 2.4 {
            add_markings(b, &line, &sum, &gaps, &profile, height + 0.03, ix);
        }
    }
}

fn add_markings(b: &mut Builder, line: &[P], sum: &[f32], gaps: &[(f32, f32)], profile: &Profile, lift: f32, ix: ObjectIx) {
    let white = Paint { colour: palette::MARKING, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
    let yellow = Paint { colour: palette::MARKING_CENTRE, ..white };
    let total = sum.last().copied().unwrap_or(0.0);
    let mut open = vec![(0.0_f32, total)];
    for gap in gaps {
        open = open.iter().flat_map(|(a, z)| [(*a, z.min(gap.0)), (a.max(gap.1), *z)]).filter(|(a, z)| z - a > 3.0).collect();
    }
    let lanes = profile.forward + profile.backward;
    let lane = profile.width / lanes.max(1) as f32;
    let edge = profile.width / 2.0 - 0.3;
    let mut paint_strip = |from: f32, to: f32, at: f32, half: f32, paint: &Paint| {
        strip(b, &piece(line, sum, from, to), at - half, at + half, lift, paint);
    };
    for (from, to) in open {
        for i in 1..lanes {
            // From left to right: backward lanes come first.
            let at = -profile.width / 2.0 + lane * i as f32;
            if i == profile.backward {
                let wide = lanes >= 4;
                for shift in if wide { &[-0.16, 0.16][..] } else { &[0.0][..] } {
                    paint_strip(from, to, at + shift, 0.08, &yellow);
                }
            } else {
                dashes(from, to, 4.0, 6.0, |a, z| paint_strip(a, z, at, 0.08, &white));
            }
        }
        if lanes >= 2 && profile.width > 6.0 {
            paint_strip(from, to, -edge, 0.07, &white);
            paint_strip(from, to, edge, 0.07, &white);
        }
        // A stop line across the lanes that run towards the junction at either end of the stretch.
        if profile.width > 6.0 {
            let half = profile.width / 2.0 - 0.2;
            let split = -profile.width / 2.0 + lane * profile.backward as f32;
            if to < total - 0.5 && profile.forward > 0 {
                paint_strip(to - 0.4, to, (split + half) / 2.0, (half - split) / 2.0, &white);
            }
            if from > 0.5 && profile.backward > 0 {
                paint_strip(from, from + 0.4, (split - half) / 2.0, (split + half) / 2.0, &white);
            }
        }
    }
}

/// Adds a zebra crossing where a crossing lies on a road; false where there is no road.
pub fn add_crossing(b: &mut Builder, p: P, ix: ObjectIx, roads: &Roads) -> bool {
    let Some(node) = roads.at(p).filter(|node| node.half_width > 2.4) else { return false };
    let paint = Paint { colour: palette::MARKING, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
    let [dx, dz] = node.direction;
    let lift = palette::lift(Layer::Roads) + 0.09;
    let mut across = -node.half_width + 0.5;
    while across < node.half_width - 0.4 {
        let middle = [p[0] - dz * across, p[1], p[2] + dx * across];
        let ends = [-2.0_f32, 2.0].map(|s| [middle[0] + dx * s, middle[1], middle[2] + dz * s]);
        strip(b, &ends, -0.25, 0.25, lift, &paint);
        across += 1.0;
    }
    true
}

/// Adds a path for walkers.
pub fn add_footway(b: &mut Builder, object: &CityObject, ix: ObjectIx, frame: &SceneFrame, ground: &Ground) {
    let steps = object.str("highway") == Some("steps");
    let crossing = object.str("footway") == Some("crossing");
    if crossing {
        return;
    }
    let width = object.number("width").map(|w| w as f32).filter(|w| (0.5..40.0).contains(w)).unwrap_or(2.4);
    let colour = if steps { palette::PAVEMENT } else { palette::FOOTWAY };
    let paint = Paint { colour, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
    for line in axis_lines(object, frame, ground) {
        strip(b, &line, -width / 2.0, width / 2.0, palette::lift(Layer::Footways), &paint);
    }
}

/// Adds a track: ballast and two rails.
pub fn add_rail(b: &mut Builder, object: &CityObject, ix: ObjectIx, frame: &SceneFrame, ground: &Ground) {
    let paint = |colour| Paint { colour, kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
    // A tunnel without heights lies 5 m deeper for each level that its `layer` tag is below the ground.
    let level = object.number("layer").filter(|level| (-8.0..0.0).contains(level)).unwrap_or(0.0) as f32;
    let tunnel = object.str("tunnel").is_some_and(|tunnel| tunnel != "no");
    let sunk = if tunnel { 5.0 * level.min(-1.0) } else { 0.0 };
    for line in axis_lines(object, frame, ground) {
        let flat = object.coarsest().is_some_and(super::surfaces::is_plane);
        let lift = palette::lift(Layer::Rail) + if flat { sunk } else { 0.0 };
        strip(b, &line, -1.7, 1.7, lift, &paint(palette::BALLAST));
        for side in [-0.72_f32, 0.72] {
            strip(b, &line, side - 0.06, side + 0.06, lift + 0.12, &paint(palette::STEEL));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::SourceId;

    fn road(tags: &[(&str, &str)]) -> CityObject {
        let mut object = CityObject::new("r", Class::Road, SourceId(0));
        for (key, value) in tags {
            object.attributes.insert((*key).into(), (*value).into());
        }
        object
    }

    #[test]
    fn lanes_and_widths_come_from_tags() {
        let primary = profile(&road(&[("highway", "primary"), ("lanes", "5"), ("lanes:forward", "3")]));
        assert_eq!((primary.forward, primary.backward), (3, 2));
        assert!((primary.width - 5.0 * LANE_M - 0.6).abs() < 1e-4);
        let back = profile(&road(&[("highway", "tertiary"), ("oneway", "-1"), ("lanes", "2")]));
        assert_eq!((back.forward, back.backward), (0, 2));
        assert_eq!(profile(&road(&[("highway", "service"), ("width", "6.5")])).width, 6.5);
        assert!(profile(&road(&[("highway", "tertiary"), ("lanes", "-3"), ("width", "1e9")])).width < 10.0);
    }

    #[test]
    fn a_place_where_three_roads_meet_is_a_junction() {
        let mut roads = Roads::default();
        let wide = profile(&road(&[("highway", "primary")]));
        let narrow = profile(&road(&[("highway", "residential")]));
        roads.add(&[[-50.0, 0.0, 0.0], [0.0, 0.0, 0.0], [50.0, 0.0, 0.0]], &wide);
        roads.add(&[[0.0, 0.0, 0.0], [0.0, 0.0, 80.0]], &narrow);
        let node = roads.at([0.02, 0.0, -0.02]).unwrap();
        assert_eq!((node.arms, node.half_width), (3, wide.width / 2.0));
        assert_eq!(node.direction, [1.0, 0.0]);
        assert!(roads.at([3.0, 0.0, 0.0]).is_none());
        assert_eq!(roads.near([44.0, 0.0, 9.0]).map(|(p, _)| p), Some([50.0, 0.0, 0.0]));
        assert!(roads.near([200.0, 0.0, 0.0]).is_none());
        let mut builder = Builder::default();
        assert!(add_crossing(&mut builder, [0.0; 3], ObjectIx(0), &roads));
        assert!(!add_crossing(&mut builder, [3.0, 0.0, 0.0], ObjectIx(0), &roads));
    }
}
