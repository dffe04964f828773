//! Draws the streets into OSM: carriageways with lanes and turn lanes, signals, pavements and crossings.

use super::lingang::{Plan, STATION, ray};
use super::street::{Class, Junction, Streets};
use super::water::Water;
use crate::geo::{P, cross, dot, len, polar, scale, sub};
use crate::out::osm::{Doc, Relation, Tags, tags};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

/// One way of a carriageway, between two junctions or one end of a bridge.
#[derive(Clone, Debug)]
pub struct Piece {
    pub road: usize,
    pub way: usize,
    pub bridge: bool,
    /// Middle of the piece.
    pub middle: P,
}

/// What the drawing leaves for others to refer to.
#[derive(Debug, Default)]
pub struct Drawn {
    pub pieces: Vec<Piece>,
    /// OSM node indices of junctions with signals.
    pub signals: Vec<usize>,
    /// OSM node indices of crossings.
    pub crossings: Vec<usize>,
}

struct Crossing {
    road: usize,
    ends: [P; 2],
    ends_in_median: [bool; 2],
    centre: P,
    signals: bool,
}

/// Draws all carriageways, pavements and crossings of the plan.
pub fn draw(plan: &Plan, water: &Water, doc: &mut Doc) -> Drawn {
    let s = &plan.streets;
    let mut drawn = Drawn::default();
    let mut crossings: Vec<Crossing> = s.junctions.iter().flat_map(|j| crossings_of(s, j)).collect();
    crossings.extend([0, 1].into_iter().filter_map(|r| station_crossing(plan, plan.rings[r])));
    let kept = pavements(plan, water, doc, crossings);
    carriageways(s, water, doc, &kept, &mut drawn);
    for j in s.junctions.iter().filter(|j| s.has_signals(j)) {
        let n = doc.node(j.at);
        if doc.nodes[n].tags.is_empty() {
            doc.nodes[n].tags = tags(&[("highway", "traffic_signals"), ("traffic_signals", "signal")]);
            drawn.signals.push(n);
        }
    }
    for c in &kept {
        let n = doc.node(c.centre);
        if doc.nodes[n].tags.is_empty() {
            let kind = if c.signals { "traffic_signals" } else { "uncontrolled" };
            doc.nodes[n].tags = tags(&[("highway", "crossing"), ("crossing", kind), ("crossing:markings", "zebra")]);
            drawn.crossings.push(n);
        }
        doc.line(&[c.ends[0], c.centre, c.ends[1]], tags(&[("highway", "footway"), ("footway", "crossing"), ("width", "5")]));
    }
    turns(s, doc, &drawn);
    drawn
}

/// The crossings at a junction: over each arm of each road, where the pavements of the other road pass.
fn crossings_of(s: &Streets, j: &Junction) -> Vec<Crossing> {
    let mut out = Vec::new();
    let signals = s.has_signals(j);
    for (x, y) in [(0, 1), (1, 0)] {
        let ((xi, tx), (yi, ty)) = (j.roads[x], j.roads[y]);
        let (rx, ry) = (&s.roads[xi], &s.roads[yi]);
        let h = ry.curve.heading(ty);
        let across = dot(rx.curve.heading(tx), [-h[1], h[0]]);
        for side in [1.0, -1.0] {
            let wanted = signals || rx.class <= ry.class || side > 0.0;
            if ry.is_median(side) || !s.goes_on(xi, tx, across.signum() * side) || !wanted {
                continue;
            }
            let walk = ry.pavement(side);
            let (Some(a), Some(b)) = (rx.pavement(1.0).meet(&walk, j.at), rx.pavement(-1.0).meet(&walk, j.at)) else { continue };
            let Some(centre) = rx.curve.meet(&walk, j.at) else { continue };
            out.push(Crossing { road: xi, ends: [a, b], ends_in_median: [rx.is_median(1.0), rx.is_median(-1.0)], centre, signals });
        }
    }
    out
}

/// The crossing of a ring in the axis of the station, between two junctions.
fn station_crossing(plan: &Plan, road: usize) -> Option<Crossing> {
    let r = &plan.streets.roads[road];
    let axis = ray(STATION.0, 0.0);
    let guess = polar(STATION.1, STATION.0.to_radians());
    let ends = [r.pavement(1.0).meet(&axis, guess)?, r.pavement(-1.0).meet(&axis, guess)?];
    Some(Crossing { road, ends, ends_in_median: [false; 2], centre: r.curve.meet(&axis, guess)?, signals: false })
}

/// Draws the pavements around every cell, along the lake and along the sea; returns the crossings that join two of them.
fn pavements(plan: &Plan, water: &Water, doc: &mut Doc, crossings: Vec<Crossing>) -> Vec<Crossing> {
    let s = &plan.streets;
    let mut used = vec![false; doc.nodes.len()];
    let mut lines: Vec<Vec<P>> = Vec::new();
    for cell in &plan.cells {
        let n = cell.sides.len();
        for (i, side) in cell.sides.iter().enumerate() {
            lines.push(pavement(s, *side, cell.corners[(i + n - 1) % n], cell.corners[i], &crossings));
        }
    }
    let lake_side = s.roads[plan.rings[0]].pavement(1.0);
    // A vertex every 5°, where the paths to the promenade begin.
    for k in 0..72 {
        let (a, b) = (TAU * f64::from(k) / 72.0, TAU * f64::from(k + 1) / 72.0);
        lines.push(pavement(s, (plan.rings[0], 1.0), lake_side.at(a), lake_side.at(b), &crossings));
    }
    let sea = &s.roads[plan.sea_road];
    let (from, to) = (sea.from + 0.02, sea.to - 0.02);
    for k in 0..48 {
        let at = |i: i32| sea.pavement(-1.0).at(from + (to - from) * f64::from(i) / 48.0);
        lines.push(pavement(s, (plan.sea_road, -1.0), at(k), at(k + 1), &crossings));
    }
    for line in &lines {
        for (part, bridge) in water.split(line) {
            let mut t = tags(&[("highway", "footway"), ("footway", "sidewalk"), ("surface", "paving_stones")]);
            if bridge {
                t.extend(tags(&[("bridge", "yes"), ("layer", "1")]));
            }
            let way = doc.line(&part, t);
            used.resize(doc.nodes.len(), false);
            for n in &doc.ways[way].nodes {
                used[*n] = true;
            }
        }
    }
    let on_pavement = |c: &Crossing| {
        (0..2).all(|i| c.ends_in_median[i] || doc.find(c.ends[i]).is_some_and(|n| used.get(n) == Some(&true)))
    };
    crossings.into_iter().filter(on_pavement).collect()
}

/// The line of a pavement from `a` to `b` with a vertex wherever a crossing begins.
fn pavement(s: &Streets, (road, side): (usize, f64), a: P, b: P, crossings: &[Crossing]) -> Vec<P> {
    let line = s.roads[road].pavement(side);
    let near = line.param(scale([a[0] + b[0], a[1] + b[1]], 0.5), (s.roads[road].from + s.roads[road].to) / 2.0);
    let (t0, t1) = (line.param(a, near), line.param(b, near));
    let mut at: Vec<(f64, P)> = line.samples(t0, t1).into_iter().map(|t| (t, line.at(t))).collect();
    let (lo, hi) = (t0.min(t1), t0.max(t1));
    for p in crossings.iter().flat_map(|c| c.ends) {
        let t = line.param(p, near);
        if t > lo && t < hi && len(sub(line.at(t), p)) < 0.005 {
            at.push((t, p));
        }
    }
    let sign = if t1 < t0 { -1.0 } else { 1.0 };
    at.sort_by(|x, y| (sign * x.0).total_cmp(&(sign * y.0)));
    let mut points: Vec<P> = Vec::new();
    for (_, p) in at {
        // A sample that falls beside a crossing's end would make a stub of a few centimetres.
        if points.last().is_none_or(|q| len(sub(*q, p)) > 0.02) {
            points.push(p);
        }
    }
    points
}

/// Draws each road as ways from junction to junction, split where bridges begin and end.
fn carriageways(s: &Streets, water: &Water, doc: &mut Doc, crossings: &[Crossing], drawn: &mut Drawn) {
    for (i, road) in s.roads.iter().enumerate() {
        let mut marks: Vec<(f64, P, bool)> = Vec::new();
        for j in &s.junctions {
            for (r, t) in j.roads {
                if r == i {
                    marks.push((t, j.at, true));
                }
            }
        }
        for c in crossings.iter().filter(|c| c.road == i) {
            if let Some(t) = road.param_of(c.centre) {
                marks.push((if road.closed { t.rem_euclid(TAU) } else { t }, c.centre, false));
            }
        }
        if road.closed {
            for m in &mut marks {
                m.0 = m.0.rem_euclid(TAU);
            }
        } else {
            marks.push((road.from, road.curve.at(road.from), true));
            marks.push((road.to, road.curve.at(road.to), true));
        }
        marks.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2)));
        let ends: Vec<(f64, P)> = {
            let mut e: Vec<(f64, P)> = marks.iter().filter(|m| m.2).map(|m| (m.0, m.1)).collect();
            e.dedup_by(|b, a| len(sub(a.1, b.1)) < 1.0);
            if road.closed && let Some(first) = e.first().copied() {
                e.push((first.0 + TAU, first.1));
            }
            e
        };
        for pair in ends.windows(2) {
            let ((t0, p0), (t1, p1)) = (pair[0], pair[1]);
            let mut at: Vec<(f64, P)> = road.curve.samples(t0, t1).into_iter().map(|t| (t, road.curve.at(t))).collect();
            for m in marks.iter().filter(|m| !m.2) {
                let t = if m.0 < t0 { m.0 + TAU } else { m.0 };
                if t > t0 && t < t1 && (road.closed || m.0 >= t0) {
                    at.retain(|(u, _)| (u - t).abs() * road.curve.metres() > 4.0 || *u == t0 || *u == t1);
                    at.push((t, m.1));
                }
            }
            at.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut points: Vec<P> = at.into_iter().map(|(_, p)| p).collect();
            if let (Some(first), n) = (points.first_mut(), p0) {
                *first = n;
            }
            if let Some(last) = points.last_mut() {
                *last = p1;
            }
            for (mut part, bridge) in water.split(&points) {
                let middle = part[part.len() / 2];
                if road.oneway == Some(false) {
                    part.reverse();
                }
                let way = doc.line(&part, road_tags(s, i, bridge));
                drawn.pieces.push(Piece { road: i, way, bridge, middle });
            }
        }
    }
}

fn road_tags(s: &Streets, i: usize, bridge: bool) -> Tags {
    let r = &s.roads[i];
    let lanes = if r.oneway.is_some() { r.lanes } else { 2 * r.lanes };
    let mut t = tags(&[("highway", r.class.tag()), ("name", &r.name), ("name:zh", &r.name), ("name:en", &r.name_en)]);
    t.push(("lanes", lanes.to_string()));
    t.push(("maxspeed", r.speed_kmh.to_string()));
    if r.oneway.is_some() {
        t.push(("oneway", "yes".into()));
        t.push(("dual_carriageway", "yes".into()));
    } else if r.lanes > 1 {
        t.push(("lanes:forward", r.lanes.to_string()));
        t.push(("lanes:backward", r.lanes.to_string()));
    }
    t.extend(tags(&[("surface", "asphalt"), ("lit", "yes"), ("sidewalk", "separate")]));
    if bridge {
        t.extend(tags(&[("bridge", "yes"), ("layer", "1")]));
        t.push(("bridge:name", format!("{}桥", r.name.trim_end_matches('路').trim_end_matches("大道"))));
    }
    t
}

/// An end of a carriageway at a junction node.
struct Arm {
    way: usize,
    /// The way's last node (its first, otherwise) is the junction.
    at_end: bool,
    away: P,
    may_leave: bool,
    may_arrive: bool,
    lanes: u32,
    class: Class,
    dual: bool,
}

/// Tags turn lanes at signals, and forbids left turns from the main axis into side streets.
fn turns(s: &Streets, doc: &mut Doc, drawn: &Drawn) {
    let signals: BTreeSet<usize> = drawn.signals.iter().copied().collect();
    let mut arms: BTreeMap<usize, Vec<Arm>> = BTreeMap::new();
    for p in &drawn.pieces {
        let nodes = &doc.ways[p.way].nodes;
        let r = &s.roads[p.road];
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { continue };
        for (node, next, at_end) in [(first, nodes[1], false), (last, nodes[nodes.len() - 2], true)] {
            if signals.contains(node) {
                let one = r.oneway.is_some();
                arms.entry(*node).or_default().push(Arm {
                    way: p.way, at_end, away: sub(doc.nodes[next].at, doc.nodes[*node].at), may_leave: !one || !at_end,
                    may_arrive: !one || at_end, lanes: r.lanes, class: r.class, dual: r.median.is_some(),
                });
            }
        }
    }
    for (node, list) in &arms {
        for a in list.iter().filter(|a| a.may_arrive) {
            let mut may = [false; 3];
            for b in list.iter().filter(|b| b.may_leave && b.way != a.way) {
                let turn = turn_of(a.away, b.away);
                if turn == 0 && a.dual && b.class == Class::Residential {
                    let members = vec![("way", a.way, "from"), ("node", *node, "via"), ("way", b.way, "to")];
                    doc.relations.push(Relation { members, tags: tags(&[("type", "restriction"), ("restriction", "no_left_turn")]) });
                } else {
                    may[turn] = true;
                }
            }
            if let Some(value) = lane_turns(a.lanes, may) {
                let one = doc.ways[a.way].tags.iter().any(|(k, _)| *k == "oneway");
                let key = match (one, a.at_end) {
                    (true, _) => "turn:lanes",
                    (false, true) => "turn:lanes:forward",
                    (false, false) => "turn:lanes:backward",
                };
                doc.ways[a.way].tags.push((key, value));
            }
        }
    }
}

/// 0 left, 1 through, 2 right, for one who arrives along `from` (given as seen from the junction) and leaves along `to`.
fn turn_of(from: P, to: P) -> usize {
    let heading = scale(from, -1.0);
    let a = cross(heading, to).atan2(dot(heading, to)).to_degrees();
    if a > 35.0 { 0 } else if a < -35.0 { 2 } else { 1 }
}

fn lane_turns(lanes: u32, may: [bool; 3]) -> Option<String> {
    let words = |m: &[usize]| {
        let names = ["left", "through", "right"];
        m.iter().filter(|i| may[**i]).map(|i| names[*i]).collect::<Vec<_>>().join(";")
    };
    let list = match (lanes, may) {
        (2, [true, true, _]) if !may[2] => vec![words(&[0]), words(&[1])],
        (2, [true, false, true]) => vec![words(&[0]), words(&[2])],
        (2, [true, true, true]) => vec![words(&[0, 1]), words(&[1, 2])],
        (2, [false, true, true]) => vec![words(&[1]), words(&[1, 2])],
        (3, [true, true, true]) => vec![words(&[0]), words(&[1]), words(&[1, 2])],
        (3, [false, true, true]) => vec![words(&[1]), words(&[1]), words(&[1, 2])],
        (3, [true, true, false]) => vec![words(&[0]), words(&[1]), words(&[1])],
        (3, [true, false, true]) => vec![words(&[0]), words(&[0]), words(&[2])],
        _ => return None,
    };
    Some(list.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_lanes_follow_the_arms() {
        assert_eq!(lane_turns(3, [true; 3]).as_deref(), Some("left|through|through;right"));
        assert_eq!(lane_turns(2, [true, false, true]).as_deref(), Some("left|right"));
        assert_eq!(lane_turns(1, [true; 3]), None);
        // Arriving from the south (the arm lies south), an arm to the west is a left turn.
        assert_eq!(turn_of([0.0, -1.0], [-1.0, 0.0]), 0);
        assert_eq!(turn_of([0.0, -1.0], [0.1, 1.0]), 1);
    }
}
