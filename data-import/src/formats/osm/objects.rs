//! From elements to city objects, in the sink's coordinates: nodes, then ways, then relations, each by id.

use super::attributes::{Extra, Extras, add_members, element_id, function_of, written};
use super::building;
use super::classify::{Kind, Shape, node_kind, relation_kind, way_kind};
use super::footprint::{Footprint, P2};
use super::model::{Fixed, MemberKind, Osm, RawRelation, RawWay, Tags, WayIndex, degrees};
use super::parts::Outlines;
use super::restriction::{ByFromWay, gather, is_partial};
use super::rings::{join, nest};
use crate::{ImportError, Projector, Source};
use qike_core::crs::CrsKind;
use qike_core::{CrsError, Diagnostic, Feedback};
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, ObjectSink, SourceId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A polygon in the sink's coordinates: exterior, then holes; rings not closed.
type Rings = Vec<Vec<[f64; 3]>>;

/// A building or building part whose outline is known.
struct Prepared {
    footprints: Vec<Footprint>,
    /// Number of the outline that a part lies in.
    parent: Option<usize>,
}

/// How often something was found, and where first.
#[derive(Default)]
struct Tally(u64, Option<String>);

impl Tally {
    fn add(&mut self, object: &str) {
        self.0 += 1;
        self.1.get_or_insert_with(|| object.to_owned());
    }

    fn report(self, sink: &mut dyn ObjectSink, make: impl Fn(u64) -> Diagnostic) {
        if let Tally(count, Some(first)) = self {
            sink.diagnostic(make(count).object(first));
        }
    }
}

/// A node that was not asked for yet.
const UNPLACED: [f64; 3] = [f64::NAN; 3];

/// Writes what was loaded to the sink.
pub struct Writer {
    osm: Osm,
    source: SourceId,
    projector: Projector,
    /// Where nodes of ways are in the sink's coordinates, by their places in the list of positions: many ways share them.
    placed: Vec<[f64; 3]>,
    missing_nodes: Tally,
    open_rings: Tally,
    shapeless: Tally,
}

fn way_id(id: i64) -> String {
    element_id(MemberKind::Way, id)
}

fn relation_id(id: i64) -> String {
    element_id(MemberKind::Relation, id)
}

fn is_building(kind: &Kind) -> bool {
    matches!(kind.class, Class::Building | Class::BuildingPart)
}

impl Writer {
    /// For elements of a source, with the way to the sink's coordinates.
    pub fn new(osm: Osm, source: SourceId, projector: Projector) -> Self {
        let (missing_nodes, open_rings, shapeless) = Default::default();
        let placed = vec![UNPLACED; osm.positions.len()];
        Self { osm, source, projector, placed, missing_nodes, open_rings, shapeless }
    }

    /// Gives every object to the sink, then the findings.
    pub fn write(mut self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        if sink.crs().kind().map_err(|e| ImportError::crs(&source.name, e))? == CrsKind::Geographic {
            let kind = "geographic system, in degrees; buildings need metres".to_owned();
            return Err(ImportError::crs(&source.name, CrsError::Unusable { definition: sink.crs().to_string(), kind }));
        }
        let osm = std::mem::take(&mut self.osm);
        let task = feedback.task("objects", (osm.nodes.len() + osm.ways.len() + osm.relations.len()) as u64);
        let way_index = osm.way_index();
        let (restrictions, broken) = gather(osm.relations.iter());
        let partial: Vec<i64> = osm.relations.iter().filter(|r| is_partial(r)).map(|r| r.id).collect();
        let (prepared, outlines, covered) = self.prepare(&osm, &way_index);
        for node in &osm.nodes {
            let id = element_id(MemberKind::Node, node.id);
            if let Some(p) = self.projector.project(degrees(node.at), &id) {
                let (class, function) = node_kind(&node.tags);
                let mut object = self.object(id, class, &node.tags);
                object.geometries.push(Geometry::point(Lod::ZERO, p));
                sink.written(object, written(&node.tags, &function_of(&function)))?;
            }
            task.advance(1);
        }
        for way in &osm.ways {
            feedback.check()?;
            if let Some(kind) = way_kind(&way.tags, way.is_closed()) {
                let building = if is_building(&kind) { prepared.get(&way_id(way.id)) } else { None };
                let (object, extras) = match building {
                    Some(p) => self.building(way_id(way.id), &kind, &way.tags, p, &outlines, &covered),
                    None => self.way(way, &kind, &osm, &restrictions),
                };
                sink.written(object, written(&way.tags, &extras))?;
            }
            task.advance(1);
        }
        for relation in &osm.relations {
            feedback.check()?;
            if let Some(kind) = relation_kind(&relation.tags) {
                let id = relation_id(relation.id);
                let (object, extras) = match prepared.get(&id) {
                    Some(p) => self.building(id, &kind, &relation.tags, p, &outlines, &covered),
                    None => self.relation(relation, &kind, &osm, &way_index),
                };
                sink.written(object, written(&relation.tags, &extras))?;
            }
            task.advance(1);
        }
        let from_missing = restrictions.keys().filter(|id| !way_index.contains_key(id)).count();
        if let Some(first) = partial.first() {
            let message = format!("{} turn restrictions hold only for certain vehicles or at certain hours and bind nobody here", partial.len());
            sink.diagnostic(Diagnostic::info("restriction-partial", message).object(relation_id(*first)));
        }
        self.report(source, sink, &broken, from_missing);
        Ok(())
    }

    fn report(self, source: &Source, sink: &mut dyn ObjectSink, broken: &[i64], from_missing: usize) {
        self.missing_nodes.report(sink, |n| {
            Diagnostic::info("osm-node-missing", format!("{n} nodes that ways use are not in the file, as at the edge of an extract; the ways end before them"))
        });
        self.open_rings.report(sink, |n| {
            Diagnostic::warning("ring-open", format!("{n} area relations have ways that form no closed ring; what does close is kept"))
        });
        self.shapeless.report(sink, |n| Diagnostic::warning("geometry-missing", format!("{n} objects have no usable geometry and are kept without one")));
        if let Some(first) = broken.first() {
            let message = format!("{} turn restrictions lack a from, via or to member and are left out", broken.len());
            sink.diagnostic(Diagnostic::warning("restriction-broken", message).object(relation_id(*first)));
        }
        if from_missing > 0 {
            sink.diagnostic(Diagnostic::info("restriction-outside", format!("{from_missing} ways with turn restrictions are not in the file")));
        }
        self.projector.report(&source.name, "positions", sink);
    }

    /// A relation that is no building: an area, or what it holds together.
    fn relation<'e>(&mut self, relation: &'e RawRelation, kind: &'e Kind, osm: &Osm, way_index: &WayIndex) -> (CityObject, Extras<'e>) {
        let id = relation_id(relation.id);
        let polygons = if kind.shape == Shape::Area { self.relation_polygons(relation, osm, way_index) } else { vec![] };
        let logical = matches!(kind.class, Class::CityObjectGroup | Class::GenericLogicalSpace);
        if !polygons.is_empty() || !logical {
            let (object, mut extras) = self.area(id, kind, &relation.tags, &polygons);
            if logical {
                add_members(&mut extras, &relation.members);
            }
            return (object, extras);
        }
        let mut object = self.object(id, kind.class, &relation.tags);
        let mut extras = function_of(&kind.function);
        add_members(&mut extras, &relation.members);
        // A boundary that the extract has cut shows what is there of it; of a restriction its node says more than its ways.
        let (points, lines) = (self.member_points(relation, osm), self.member_lines(relation, osm, way_index));
        let chosen = if kind.shape == Shape::Points { points.or(lines) } else { lines.or(points) };
        object.geometries.extend(chosen);
        (object, extras)
    }

    /// The ways of a relation that are in the file, as lines.
    fn member_lines(&mut self, relation: &RawRelation, osm: &Osm, way_index: &WayIndex) -> Option<Geometry> {
        let mut b = GeometryBuilder::new(Lod::ZERO, GeometryKind::MultiLine);
        let mut any = false;
        let mut points: Vec<[f64; 3]> = Vec::new();
        let id = relation_id(relation.id);
        for member in relation.members.iter().filter(|m| m.kind == MemberKind::Way) {
            let Some(way) = way_index.get(&member.id).and_then(|i| osm.ways.get(*i)) else { continue };
            points.clear();
            points.extend(way.refs.iter().filter_map(|node| osm.positions.place(*node)).filter_map(|(place, at)| self.place(place, at, &id)));
            if points.len() >= 2 {
                b.line(&points);
                any = true;
            }
        }
        any.then(|| b.build())
    }

    /// The nodes of a relation that are in the file.
    fn member_points(&mut self, relation: &RawRelation, osm: &Osm) -> Option<Geometry> {
        let mut b = GeometryBuilder::new(Lod::ZERO, GeometryKind::MultiPoint);
        let mut any = false;
        let id = relation_id(relation.id);
        for member in relation.members.iter().filter(|m| m.kind == MemberKind::Node) {
            if let Some(p) = osm.positions.place(member.id).and_then(|(place, at)| self.place(place, at, &id)) {
                b.point(p);
                any = true;
            }
        }
        any.then(|| b.build())
    }

    fn object(&self, id: String, class: Class, tags: &Tags) -> CityObject {
        let mut object = CityObject::new(id, class, self.source);
        object.name = tags.get("name").map(str::to_owned);
        object
    }

    /// Where a node is in the sink's coordinates. What cannot be is counted each time that something wants it.
    fn place(&mut self, place: usize, at: Fixed, object: &str) -> Option<[f64; 3]> {
        match self.placed.get(place) {
            Some(known) if !known[0].is_nan() => Some(*known),
            _ => {
                let p = self.projector.project(degrees(at), object)?;
                if let Some(slot) = self.placed.get_mut(place) {
                    *slot = p;
                }
                Some(p)
            }
        }
    }

    /// The nodes of a way that have a usable position, and where they are.
    fn vertices(&mut self, way: &RawWay, id: &str, osm: &Osm) -> (Vec<i64>, Vec<[f64; 3]>) {
        let (mut ids, mut points) = (Vec::with_capacity(way.refs.len()), Vec::with_capacity(way.refs.len()));
        for node in &way.refs {
            match osm.positions.place(*node) {
                None => self.missing_nodes.add(id),
                Some((place, at)) => {
                    if let Some(p) = self.place(place, at, id) {
                        ids.push(*node);
                        points.push(p);
                    }
                }
            }
        }
        (ids, points)
    }

    fn way<'e>(&mut self, way: &RawWay, kind: &'e Kind, osm: &Osm, restrictions: &ByFromWay) -> (CityObject, Extras<'e>) {
        let id = way_id(way.id);
        let (ids, mut points) = self.vertices(way, &id, osm);
        if kind.shape == Shape::Area {
            if points.len() > 1 && ids.first() == ids.last() {
                points.pop();
            }
            let polygons = if points.len() >= 3 { vec![vec![points]] } else { vec![] };
            return self.area(id, kind, &way.tags, &polygons);
        }
        let mut object = self.object(id, kind.class, &way.tags);
        let mut extras = function_of(&kind.function);
        if points.len() >= 2 {
            object.geometries.push(Geometry::line(Lod::ZERO, &points));
        } else {
            self.shapeless.add(object.id.as_str());
        }
        if matches!(kind.class, Class::Road | Class::Track | Class::Railway) {
            extras.push(("osm_nodes", Extra::Nodes(ids)));
        }
        if let Some(list) = restrictions.get(&way.id).filter(|_| kind.class == Class::Road) {
            extras.push(("restrictions", Extra::Value(Value::Array(list.clone()))));
        }
        (object, extras)
    }

    fn area<'e>(&mut self, id: String, kind: &'e Kind, tags: &Tags, polygons: &[Rings]) -> (CityObject, Extras<'e>) {
        let mut object = self.object(id, kind.class, tags);
        let mut extras = function_of(&kind.function);
        if polygons.is_empty() {
            self.shapeless.add(object.id.as_str());
        } else {
            object.geometries.push(multi_surface(polygons));
        }
        if kind.function.as_deref() == Some("car_park")
            && let Some(spaces) = tags.number("capacity").filter(|n| (0.0..1e6).contains(n))
        {
            extras.push(("capacity", Extra::Value(json!(spaces as u64))));
        }
        (object, extras)
    }

    /// The polygons of a relation, by joining its member ways.
    fn relation_polygons(&mut self, relation: &RawRelation, osm: &Osm, way_index: &WayIndex) -> Vec<Rings> {
        let id = relation_id(relation.id);
        let members = relation.members.iter().filter(|m| m.kind == MemberKind::Way && !matches!(&*m.role, "label" | "part"));
        let mut absent = 0;
        let mut seen = std::collections::BTreeSet::new();
        let mut ways: Vec<Vec<i64>> = Vec::new();
        for member in members.filter(|m| seen.insert(m.id)) {
            match way_index.get(&member.id).and_then(|i| osm.ways.get(*i)) {
                Some(way) => ways.push(way.refs.iter().copied().filter(|n| osm.positions.get(*n).is_some()).collect()),
                None => absent += 1,
            }
        }
        let joined = join(&ways.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if joined.loose > 0 || absent > 0 {
            self.open_rings.add(&id);
        }
        let known: Vec<Vec<(usize, Fixed)>> = joined.rings.iter().map(|r| r.iter().filter_map(|n| osm.positions.place(*n)).collect()).collect();
        let fixed: Vec<Vec<Fixed>> = known.iter().map(|ring| ring.iter().map(|(_, at)| *at).collect()).collect();
        let mut project = |ring: usize| -> Vec<[f64; 3]> {
            let open = known[ring].split_last().map_or(&[][..], |(_, open)| open);
            open.iter().filter_map(|(place, at)| self.place(*place, *at, &id)).collect()
        };
        let mut polygons = Vec::new();
        for polygon in nest(&fixed) {
            let exterior = project(polygon.exterior);
            if exterior.len() >= 3 {
                let holes = polygon.holes.iter().map(|h| project(*h)).filter(|h| h.len() >= 3);
                polygons.push(std::iter::once(exterior).chain(holes).collect());
            }
        }
        polygons
    }

    /// Outlines of all buildings and parts, which part lies in which outline, and how much of it the parts cover (m²).
    fn prepare(&mut self, osm: &Osm, way_index: &WayIndex) -> (BTreeMap<String, Prepared>, Outlines, BTreeMap<usize, f64>) {
        let mut all: Vec<(String, Class, Vec<Footprint>)> = Vec::new();
        for way in &osm.ways {
            if let Some(kind) = way_kind(&way.tags, way.is_closed()).filter(is_building) {
                let id = way_id(way.id);
                let points: Vec<P2> = self.vertices(way, &id, osm).1.iter().map(|p| [p[0], p[1]]).collect();
                let footprint = if way.is_closed() { Footprint::new(&points, &[]) } else { None };
                all.push((id, kind.class, footprint.into_iter().collect()));
            }
        }
        for relation in &osm.relations {
            if let Some(kind) = relation_kind(&relation.tags).filter(is_building) {
                let polygons = self.relation_polygons(relation, osm, way_index);
                let flat = |ring: &Vec<[f64; 3]>| ring.iter().map(|p| [p[0], p[1]]).collect::<Vec<P2>>();
                let footprints = polygons.iter().filter_map(|rings| {
                    let (exterior, holes) = rings.split_first()?;
                    Footprint::new(&flat(exterior), &holes.iter().map(flat).collect::<Vec<_>>())
                });
                all.push((relation_id(relation.id), kind.class, footprints.collect()));
            }
        }
        let mut outlines = Outlines::default();
        for (id, _, footprints) in all.iter().filter(|a| a.1 == Class::Building) {
            outlines.add(id.clone(), footprints.clone());
        }
        let tied = tied_parts(&osm.relations);
        let (mut prepared, mut covered) = (BTreeMap::new(), BTreeMap::<usize, f64>::new());
        for (id, class, footprints) in all {
            let parent = match (class, footprints.first()) {
                (Class::BuildingPart, Some(first)) => {
                    let said = tied.get(&id).and_then(|outline| outlines.number_of(outline));
                    said.or_else(|| outlines.around(inside(first)))
                }
                _ => None,
            };
            if let Some(parent) = parent {
                *covered.entry(parent).or_default() += footprints.iter().map(Footprint::area).sum::<f64>();
            }
            prepared.insert(id, Prepared { footprints, parent });
        }
        (prepared, outlines, covered)
    }

    /// A building or part. An outline whose parts cover it keeps its footprint only: the parts are the building's shape.
    fn building(&mut self, id: String, kind: &Kind, tags: &Tags, p: &Prepared, outlines: &Outlines, covered: &BTreeMap<usize, f64>) -> (CityObject, Extras<'static>) {
        let number = outlines.number_of(&id).filter(|_| kind.class == Class::Building);
        let mut object = self.object(id, kind.class, tags);
        let mut extras = Extras::with_capacity(2);
        object.parent = p.parent.map(|number| outlines.id(number).into());
        if p.footprints.is_empty() {
            self.shapeless.add(object.id.as_str());
            return (object, extras);
        }
        let is_covered = number.is_some_and(|n| covered.get(&n).is_some_and(|area| *area >= 0.6 * outlines.area(n)));
        let (geometries, heights) = building::geometries(tags, &p.footprints);
        if is_covered {
            let lift = |ring: &Vec<P2>| ring.iter().map(|p| [p[0], p[1], 0.0]).collect::<Vec<_>>();
            let polygons: Vec<Rings> =
                p.footprints.iter().map(|f| std::iter::once(&f.exterior).chain(&f.holes).map(lift).collect()).collect();
            object.geometries.push(multi_surface(&polygons));
        } else {
            object.geometries = geometries;
        }
        if let Some((h, source)) = heights {
            if tags.get("height").is_none() {
                extras.push(("height", Extra::Value(json!(h.top))));
            }
            extras.push(("height_source", Extra::Text(source.name())));
        }
        (object, extras)
    }
}

/// A position inside the exterior: its centre of gravity, or the middle of an ear where that lies outside.
fn inside(f: &Footprint) -> P2 {
    let centre = f.centroid();
    if super::footprint::contains(&f.exterior, centre) {
        return centre;
    }
    let n = f.exterior.len();
    let ear = |i: usize| {
        let (a, b, c) = (f.exterior[i], f.exterior[(i + 1) % n], f.exterior[(i + 2) % n]);
        [(a[0] + b[0] + c[0]) / 3.0, (a[1] + b[1] + c[1]) / 3.0]
    };
    (0..n).map(ear).find(|p| super::footprint::contains(&f.exterior, *p)).unwrap_or(centre)
}

/// Areas seen from above: outlines counter-clockwise, holes clockwise, whichever way their ways were drawn.
fn multi_surface(polygons: &[Rings]) -> Geometry {
    let mut b = GeometryBuilder::new(Lod::ZERO, GeometryKind::MultiSurface);
    for rings in polygons {
        let turned: Rings = rings
            .iter()
            .enumerate()
            .map(|(i, ring)| {
                let plan: Vec<P2> = ring.iter().map(|p| [p[0], p[1]]).collect();
                let wrong = (super::footprint::area2(&plan) > 0.0) != (i == 0);
                if wrong { ring.iter().rev().copied().collect() } else { ring.clone() }
            })
            .collect();
        b.surface(&turned, None);
    }
    b.build()
}

/// From each part to its outline, where a relation of the type `building` says so.
fn tied_parts(relations: &[RawRelation]) -> BTreeMap<String, String> {
    let mut tied = BTreeMap::new();
    let name = |kind: MemberKind, id: i64| if kind == MemberKind::Relation { relation_id(id) } else { way_id(id) };
    for relation in relations.iter().filter(|r| r.tags.is("type", "building")) {
        let Some(outline) = relation.members.iter().find(|m| &*m.role == "outline") else { continue };
        for part in relation.members.iter().filter(|m| &*m.role == "part" && m.kind != MemberKind::Node) {
            tied.insert(name(part.kind, part.id), name(outline.kind, outline.id));
        }
    }
    tied
}
