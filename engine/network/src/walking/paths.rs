//! Footways as strips of their width, joined at shared nodes.
//!
//! Every stretch between two vertices becomes a convex strip. Where a path merely bends, two strips share a mitred edge; where
//! paths meet or bend sharply, the strips stop short and a small convex area joins them. Where a path shares a node with a road,
//! the part on the roadway is a crossing. What lies inside a square is left to the square.

use super::ground::{Ground, Kind};
use super::plane;
use super::squares::{self, Square};
use crate::ix::AreaIx;
use crate::lanes::{NodeKey, keyed_lines};
use crate::shape::{self, Point};
use crate::walk::AreaKind;
use qike_core::bounds::in_ring;
use qike_scene::{CityObject, Class, ObjectId, ObjectIx, SceneSnapshot};
use std::collections::{BTreeMap, HashMap};

/// Bends sharper than this are joined by an area, not by a mitre.
const SHARP: f64 = 0.55;
/// Vertices nearer together than this are one, unless something else meets there.
const FINE_M: f64 = 1.0;
/// Walking speed on stairs as a share of that on the flat (in plan; Weidmann 1993: 0.61–0.69 m/s).
pub(crate) const STAIR_FACTOR: f32 = 0.5;

/// A piece of path between two vertices.
struct Strip {
    way: usize,
    a: usize,
    b: usize,
    crossing: Option<NodeKey>,
}

struct Way {
    kind: Kind,
    width_m: f64,
    crossing: bool,
}

/// A crossing found on the paths: its areas and the line that walkers take.
pub(crate) struct Crossed {
    pub object: Option<ObjectId>,
    pub areas: Vec<AreaIx>,
    pub lines: Vec<[Point; 2]>,
}

fn refused(object: &CityObject) -> bool {
    let no = |key: &str| matches!(object.str(key), Some("no" | "private"));
    let yes = object.str("foot").is_some_and(|v| v != "no");
    no("foot") || (no("access") && !yes)
}

fn way_of(object: &CityObject, default_m: f64) -> Way {
    let steps = object.str("highway") == Some("steps");
    let mut kind = Kind::new(if steps { AreaKind::Stair } else { AreaKind::Footway }, &object.id);
    kind.layer = squares::layer(object);
    if steps {
        kind.speed_factor = STAIR_FACTOR;
    }
    let width_m = object.number("width").or(object.number("est_width")).filter(|w| (0.5..=60.0).contains(w)).unwrap_or(default_m);
    let crossing = ["footway", "path", "cycleway"].iter().any(|k| object.str(k) == Some("crossing"));
    Way { kind, width_m, crossing }
}

/// Half the width of the roadway at each node of a road.
fn road_nodes(scene: &SceneSnapshot, half_width: &HashMap<ObjectIx, f64>) -> HashMap<NodeKey, f64> {
    let mut nodes: HashMap<NodeKey, f64> = HashMap::new();
    for ix in scene.of_class(Class::Road) {
        let Some(half) = half_width.get(ix) else { continue };
        for (key, _) in keyed_lines(scene.get(*ix)).into_iter().flatten() {
            let known = nodes.entry(key).or_default();
            *known = known.max(*half);
        }
    }
    nodes
}

#[derive(Default)]
struct Paths {
    ways: Vec<Way>,
    points: Vec<Point>,
    by_key: HashMap<NodeKey, usize>,
    strips: Vec<Strip>,
}

impl Paths {
    fn vertex(&mut self, key: NodeKey, p: Point) -> usize {
        let next = self.points.len();
        let ix = *self.by_key.entry(key).or_insert(next);
        if ix == next {
            self.points.push(p);
        }
        ix
    }

    fn loose(&mut self, p: Point) -> usize {
        self.points.push(p);
        self.points.len() - 1
    }
}

/// Adds all paths; gives back where they cross roads.
pub(crate) fn add(
    scene: &SceneSnapshot,
    half_width: &HashMap<ObjectIx, f64>,
    squares: &[Square],
    path_width_m: f64,
    ground: &mut Ground,
) -> Vec<Crossed> {
    let roads = road_nodes(scene, half_width);
    let mut paths = Paths::default();
    let mut uses: HashMap<NodeKey, u32> = HashMap::new();
    let mut lines = vec![];
    for ix in scene.of_class(Class::Track) {
        let object = scene.get(*ix);
        if refused(object) {
            continue;
        }
        let way = paths.ways.len();
        paths.ways.push(way_of(object, path_width_m));
        for line in keyed_lines(object) {
            let last = line.len() - 1;
            line.iter().enumerate().for_each(|(i, (k, _))| *uses.entry(*k).or_default() += if i == 0 || i == last { 2 } else { 1 });
            lines.push((way, line));
        }
    }
    for (way, line) in &lines {
        let keep = |k: &NodeKey| uses.get(k).is_some_and(|n| *n > 1) || roads.contains_key(k);
        let line = coarsen(line, keep);
        add_line(&mut paths, *way, &line, &roads, squares);
    }
    build(paths, ground)
}

/// Drops vertices that stand closer together than matters.
fn coarsen(line: &[(NodeKey, Point)], keep: impl Fn(&NodeKey) -> bool) -> Vec<(NodeKey, Point)> {
    let mut kept: Vec<(NodeKey, Point)> = vec![];
    for (i, (key, p)) in line.iter().enumerate() {
        let fixed = i == 0 || i + 1 == line.len() || keep(key);
        let near = |q: &(NodeKey, Point)| shape::distance(q.1, *p) < FINE_M;
        if !fixed && (kept.last().is_some_and(near) || line.last().is_some_and(near)) {
            continue;
        }
        kept.push((*key, *p));
    }
    kept
}

/// Cuts a line at the edges of roadways and squares and adds its strips.
fn add_line(paths: &mut Paths, way: usize, line: &[(NodeKey, Point)], roads: &HashMap<NodeKey, f64>, squares: &[Square]) {
    let level = paths.ways[way].kind.layer;
    let mut here = paths.vertex(line[0].0, line[0].1);
    for w in line.windows(2) {
        let ((ka, a), (kb, b)) = (w[0], w[1]);
        let d = shape::distance(a, b);
        if d < 1e-6 {
            continue;
        }
        let (from, to) = (roads.get(&ka).map_or(0.0, |h| h / d), roads.get(&kb).map_or(1.0, |h| 1.0 - h / d));
        let mut cuts: Vec<f64> = vec![0.0, 1.0];
        cuts.extend([from, to].into_iter().filter(|t| (0.0..1.0).contains(t)));
        let around: Vec<&Square> = squares.iter().filter(|s| s.near(level, a, b)).collect();
        around.iter().for_each(|s| cuts.extend(ring_crossings(&s.rings, a, b)));
        cuts.sort_by(f64::total_cmp);
        cuts.dedup_by(|x, y| (*x - *y).abs() * d < 0.2);
        if let Some(last) = cuts.last_mut() {
            *last = 1.0;
        }
        for t in cuts.windows(2) {
            let end = if t[1] >= 1.0 { paths.vertex(kb, b) } else { paths.loose(shape::lerp(a, b, t[1])) };
            let middle = (t[0] + t[1]) / 2.0;
            let at = shape::lerp(a, b, middle);
            let inside = around.iter().any(|s| inside(&s.rings, at));
            let crossing = match (roads.contains_key(&ka) && middle < from, roads.contains_key(&kb) && middle > to) {
                (true, _) => Some(ka),
                (_, true) => Some(kb),
                _ => None,
            };
            if !inside {
                paths.strips.push(Strip { way, a: here, b: end, crossing });
            }
            here = end;
        }
    }
}

fn ring_crossings(rings: &[Vec<Point>], a: Point, b: Point) -> Vec<f64> {
    let edges = rings.iter().flat_map(|r| (0..r.len()).map(move |i| (r[i], r[(i + 1) % r.len()])));
    edges.filter_map(|(u, v)| shape::segments_cross(a, b, u, v).map(|(t, _)| t)).collect()
}

fn inside(rings: &[Vec<Point>], p: Point) -> bool {
    rings.iter().filter(|ring| in_ring(ring, p)).count() % 2 == 1
}

/// One end of a strip: how it is joined there.
#[derive(Clone, Copy)]
struct EndShape {
    left: Point,
    right: Point,
}

fn build(paths: Paths, ground: &mut Ground) -> Vec<Crossed> {
    let Paths { ways, points, strips, .. } = paths;
    let mut at: Vec<Vec<usize>> = vec![vec![]; points.len()];
    for (i, s) in strips.iter().enumerate() {
        at[s.a].push(i);
        at[s.b].push(i);
    }
    let direction = |s: &Strip, node: usize| {
        let (p, q) = if s.a == node { (points[s.a], points[s.b]) } else { (points[s.b], points[s.a]) };
        shape::unit([q[0] - p[0], q[1] - p[1]])
    };
    let length = |s: &Strip| shape::distance(points[s.a], points[s.b]);
    // For each node: a mitre, a hub, or nothing.
    let mitred: Vec<bool> = (0..points.len())
        .map(|n| {
            let &[i, j] = &at[n][..] else { return false };
            let (u, v) = (direction(&strips[i], n), direction(&strips[j], n));
            let same = ways[strips[i].way].kind.layer == ways[strips[j].way].kind.layer;
            i != j && same && shape::wrap(v[1].atan2(v[0]) - (-u[1]).atan2(-u[0])).abs() < SHARP
        })
        .collect();
    let back = |s: &Strip, node: usize| {
        if at[node].len() < 2 || mitred[node] {
            return 0.0;
        }
        let widest = at[node].iter().map(|o| ways[strips[*o].way].width_m).fold(0.0, f64::max);
        (widest * 0.6).min(length(s) * 0.4)
    };
    let end = |i: usize, node: usize| -> EndShape {
        let s = &strips[i];
        let d = direction(s, node);
        let half = ways[s.way].width_m / 2.0;
        let (p, z) = (points[node], points[node][2]);
        if mitred[node] {
            // Seen as one path through the node: in along the other strip, out along this one.
            let other = if at[node][0] == i { at[node][1] } else { at[node][0] };
            let u = direction(&strips[other], node);
            let m = shape::mitre([-u[0], -u[1]], d);
            let half = half.min(ways[strips[other].way].width_m / 2.0);
            return EndShape {
                left: [p[0] - m[0] * half, p[1] - m[1] * half, z],
                right: [p[0] + m[0] * half, p[1] + m[1] * half, z],
            };
        }
        let far = points[if s.a == node { s.b } else { s.a }];
        let c = shape::lerp(p, far, back(s, node) / length(s).max(1e-9));
        let n = [d[1] * half, -d[0] * half];
        EndShape { left: [c[0] - n[0], c[1] - n[1], c[2]], right: [c[0] + n[0], c[1] + n[1], c[2]] }
    };
    let mut crossed: BTreeMap<(Option<NodeKey>, usize), Crossed> = BTreeMap::new();
    let mut area_of: Vec<Option<AreaIx>> = vec![];
    for (i, s) in strips.iter().enumerate() {
        let way = &ways[s.way];
        let mut kind = way.kind.clone();
        let over = s.crossing.is_some() || way.crossing;
        if over {
            kind.kind = AreaKind::Crossing;
        }
        // `left` and `right` are seen leaving the node; from the far end they change places.
        let (e, f) = (end(i, s.a), end(i, s.b));
        let area = ground.area(&kind, plane::hull(&[e.right, f.left, f.right, e.left]));
        area_of.push(area);
        if let Some(area) = area.filter(|_| over) {
            // A way tagged as a crossing is one; else all strips around one node of a road are.
            let key = if way.crossing { (None, s.way) } else { (s.crossing, usize::MAX) };
            let object = if way.crossing { way.kind.object.clone() } else { s.crossing.map(|k| ObjectId::from(k.id())) };
            let entry = crossed.entry(key).or_insert_with(|| Crossed { object, areas: vec![], lines: vec![] });
            entry.areas.push(area);
            entry.lines.push([points[s.a], points[s.b]]);
        }
    }
    for (node, around) in at.iter().enumerate() {
        let real: Vec<(usize, AreaIx)> = around.iter().filter_map(|i| area_of[*i].map(|a| (*i, a))).collect();
        if mitred[node] {
            if let [(i, a), (_, b)] = real[..] {
                let e = end(i, node);
                ground.portal(a, b, [e.left, e.right], [e.left, e.right], None);
            }
            continue;
        }
        if real.len() < 2 {
            continue;
        }
        let ends: Vec<(AreaIx, usize, EndShape)> = real.iter().map(|(i, a)| (*a, *i, end(*i, node))).collect();
        let corners: Vec<Point> = ends.iter().flat_map(|(_, _, e)| [e.left, e.right]).collect();
        let mut kind = ways[strips[real[0].0].way].kind.clone();
        kind.kind = AreaKind::Footway;
        kind.speed_factor = 1.0;
        let crossing = crossing_of(&strips, &ways, &real);
        if crossing.is_some() {
            kind.kind = AreaKind::Crossing;
        }
        let Some(hub) = ground.area(&kind, plane::hull(&corners)) else { continue };
        if let Some(entry) = crossing.and_then(|key| crossed.get_mut(&key)) {
            entry.areas.push(hub);
        }
        for (area, _, e) in ends {
            ground.portal(area, hub, [e.left, e.right], [e.left, e.right], None);
        }
    }
    crossed.into_values().collect()
}

/// The crossing that a joint of strips belongs to: only if all of them do.
fn crossing_of(strips: &[Strip], ways: &[Way], real: &[(usize, AreaIx)]) -> Option<(Option<NodeKey>, usize)> {
    let key = |i: usize| {
        let s = &strips[i];
        if ways[s.way].crossing { Some((None, s.way)) } else { s.crossing.map(|k| (Some(k), usize::MAX)) }
    };
    let first = key(real.first()?.0)?;
    real.iter().all(|(i, _)| key(*i) == Some(first)).then_some(first)
}

/// Joins strips to the squares whose ground they reach.
pub(crate) fn join_squares(ground: &mut Ground, squares: std::ops::Range<usize>, strips: std::ops::Range<usize>) {
    let tree = ground.tree(|a| squares.contains(&a.ix()));
    for a in strips.map(AreaIx::new) {
        let ring = ground.rings[a.ix()].clone();
        for i in 0..ring.len() {
            let edge = [ring[i], ring[(i + 1) % ring.len()]];
            for b in Ground::near(&tree, edge[0], edge[1], 0.6) {
                if ground.layers[a.ix()] == ground.layers[b.ix()] {
                    ground.touch(a, edge, b, 0.6, 0.5);
                }
            }
        }
    }
}
