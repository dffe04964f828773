//! Alignments of roads and railways: their layouts (IfcAlignmentHorizontal, -Vertical, -Cant) as one line in space, sampled to a
//! centimetre, with segments and stations as attributes; and what is placed along them.
//!
//! An alignment without layouts (a curve only, as IFC4x1 has them) is sampled by the geometry library.

use super::curve::{Cant, Horizontal, Transition, Vertical};
use super::file::{IfcFile, Product, reference, references, text};
use super::relations::Relations;
use ifc_lite_core::{DecodedEntity, EntityDecoder, IfcType};
use ifc_lite_geometry::{AlignmentSamplingOptions, GeometryRouter, sample_alignment_axes};
use qike_scene::{Attributes, Value};
use std::collections::HashMap;

/// How far the line may stray from the curve, metres.
const TOLERANCE: f64 = 0.01;
/// More points than this, and they stand farther apart.
const MOST_POINTS: usize = 20_000;
/// A curve may be based on another one; longer chains go in a circle.
const LONGEST_CHAIN: usize = 8;

/// One alignment as a line.
pub struct Axis {
    /// Points in the file's coordinates, metres; empty where no line can be made.
    pub points: Vec<[f64; 3]>,
    /// Segments, stations, length.
    pub attributes: Attributes,
    /// It has a cant: it is a railway's.
    pub canted: bool,
}

/// The alignments of a file.
pub struct Alignments<'f> {
    file: &'f IfcFile,
    /// Metres per unit of length.
    metres: f64,
    /// Radians per unit of angle.
    radians: f64,
    /// Curve record → the alignment whose shape it is.
    curves: HashMap<u32, u32>,
    /// Lines of alignments without layouts, by record; made when first asked for.
    sampled: Option<HashMap<u32, Vec<[f64; 3]>>>,
}

impl<'f> Alignments<'f> {
    /// Finds which curve is which alignment's.
    pub fn new(file: &'f IfcFile, metres: f64, radians: f64, decoder: &EntityDecoder<'_>) -> Self {
        let mut curves = HashMap::new();
        for product in file.products.iter().filter(|p| p.kind == IfcType::IfcAlignment) {
            let shape = file.record(decoder, product.span).and_then(|e| reference(&e, 6)).and_then(|id| file.entity(decoder, id));
            for representation in shape.map(|s| references(&s, 2)).unwrap_or_default() {
                let items = file.entity(decoder, representation).map(|r| references(&r, 3)).unwrap_or_default();
                for item in items {
                    let mut at = Some(item);
                    for _ in 0..LONGEST_CHAIN {
                        let Some(curve) = at else { break };
                        curves.entry(curve).or_insert(product.id);
                        // Gradient and reference curves stand on a base curve.
                        at = file.entity(decoder, curve).and_then(|c| c.get_ref(2));
                    }
                }
            }
        }
        Self { file, metres, radians, curves, sampled: None }
    }

    /// The line and the layouts of an alignment.
    pub fn axis(&mut self, product: &Product, relations: &Relations, decoder: &mut EntityDecoder<'_>) -> Option<Axis> {
        let record = self.file.record(decoder, product.span)?;
        let (mut horizontal, mut vertical, mut cant) = (vec![], vec![], vec![]);
        let mut attributes = Attributes::new();
        let (mut horizontals, mut verticals, mut cants) = (vec![], vec![], vec![]);
        let mut distance = 0.0;
        for layout in relations.nested.get(&product.id).into_iter().flatten() {
            let Some(kind) = self.file.entity(decoder, *layout).map(|e| e.ifc_type) else { continue };
            for segment in relations.nested.get(layout).into_iter().flatten() {
                let design = self.file.entity(decoder, *segment).and_then(|s| self.file.entity(decoder, s.get_ref(7)?));
                let Some(design) = design else { continue };
                match kind {
                    IfcType::IfcAlignmentHorizontal => {
                        if let Some(part) = self.horizontal(&design, decoder) {
                            horizontals.push(told(&design, distance, part.length, &[("start_radius_m", radius(part.curvature[0])), ("end_radius_m", radius(part.curvature[1]))]));
                            horizontal.push((distance, part));
                            distance += part.length;
                        }
                    }
                    IfcType::IfcAlignmentVertical => {
                        if let Some(part) = self.vertical(&design) {
                            verticals.push(told(&design, part.from, part.length, &[("start_gradient", Some(part.gradient[0])), ("end_gradient", Some(part.gradient[1])), ("start_height_m", Some(part.height))]));
                            vertical.push(part);
                        }
                    }
                    IfcType::IfcAlignmentCant => {
                        if let Some(part) = self.cant(&design) {
                            cants.push(told(&design, part.from, part.length, &[("start_left_m", Some(part.left[0])), ("end_left_m", Some(part.left[1])), ("start_right_m", Some(part.right[0])), ("end_right_m", Some(part.right[1]))]));
                            cant.push(part);
                        }
                    }
                    _ => {}
                }
            }
        }
        let canted = !cant.is_empty();
        vertical.sort_by(|a, b| a.from.total_cmp(&b.from));
        cant.sort_by(|a, b| a.from.total_cmp(&b.from));
        let points = if horizontal.iter().any(|(_, part)| part.length > 0.0) {
            let router = GeometryRouter::with_scale(self.metres);
            let frame = router.resolve_scaled_placement(&record, decoder).ok();
            let line = line(&horizontal, &vertical, &cant);
            line.into_iter().map(|p| frame.as_ref().map_or(p, |m| [0, 1, 2].map(|r| m[r] * p[0] + m[4 + r] * p[1] + m[8 + r] * p[2] + m[12 + r]))).collect()
        } else {
            self.sampled().remove(&product.id).unwrap_or_default()
        };
        let length = if distance > 0.0 { distance } else { points.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum() };
        attributes.insert("length_m".into(), rounded(length));
        for (key, list) in [("horizontal", horizontals), ("vertical", verticals), ("cant", cants)] {
            if !list.is_empty() {
                attributes.insert(key.into(), list.into());
            }
        }
        self.stations(product.id, relations, &mut attributes, decoder);
        let points = if points.iter().flatten().all(|c| c.is_finite()) { points } else { Vec::new() };
        Some(Axis { points, attributes, canted })
    }

    fn sampled(&mut self) -> &mut HashMap<u32, Vec<[f64; 3]>> {
        let file = self.file;
        self.sampled.get_or_insert_with(|| {
            let options = AlignmentSamplingOptions { spacing_m: 5.0, max_samples_per_axis: MOST_POINTS, max_total_samples: 50 * MOST_POINTS };
            let axes = sample_alignment_axes(&file.bytes, options).map(|report| report.axes).unwrap_or_default();
            axes.into_iter().map(|axis| (axis.express_id, axis.samples.iter().map(|s| s.point).collect())).collect()
        })
    }

    fn horizontal(&self, design: &DecodedEntity, decoder: &EntityDecoder<'_>) -> Option<Horizontal> {
        let point = self.file.entity(decoder, design.get_ref(2)?)?;
        let coordinates = point.get_list(0)?;
        let at = |i: usize| coordinates.get(i).and_then(|c| c.as_float()).map(|c| c * self.metres);
        let curvature = |slot: usize| design.get_float(slot).map_or(0.0, |r| if r == 0.0 { 0.0 } else { 1.0 / (r * self.metres) });
        let part = Horizontal {
            start: [at(0)?, at(1)?],
            heading: design.get_float(3)? * self.radians,
            curvature: match kind(design) {
                "LINE" => [0.0; 2],
                _ => [curvature(4), curvature(5)],
            },
            length: (design.get_float(6)? * self.metres).abs(),
            transition: Transition::of(kind(design)),
        };
        let finite = part.start.iter().chain(&part.curvature).chain([&part.heading, &part.length]).all(|c| c.is_finite());
        (finite && part.length < 1e7).then_some(part)
    }

    fn vertical(&self, design: &DecodedEntity) -> Option<Vertical> {
        let part = Vertical {
            from: design.get_float(2)? * self.metres,
            length: (design.get_float(3)? * self.metres).abs(),
            height: design.get_float(4)? * self.metres,
            gradient: [design.get_float(5)?, design.get_float(6).or(design.get_float(5))?],
            circular: kind(design) == "CIRCULARARC",
        };
        [part.from, part.length, part.height, part.gradient[0], part.gradient[1]].iter().all(|c| c.is_finite()).then_some(part)
    }

    fn cant(&self, design: &DecodedEntity) -> Option<Cant> {
        let at = |slot: usize| design.get_float(slot).map(|c| c * self.metres);
        let (left, right) = (at(4)?, at(6)?);
        let part = Cant {
            from: at(2)?,
            length: at(3)?.abs(),
            left: [left, at(5).unwrap_or(left)],
            right: [right, at(7).unwrap_or(right)],
            transition: Transition::of(kind(design)),
        };
        [part.from, part.length].iter().chain(&part.left).chain(&part.right).all(|c| c.is_finite()).then_some(part)
    }

    /// Referents along the alignment: `stations`, and `start_station_m` where one says what the beginning is called.
    fn stations(&self, id: u32, relations: &Relations, attributes: &mut Attributes, decoder: &EntityDecoder<'_>) {
        let mut stations = Vec::new();
        for referent in relations.nested.get(&id).into_iter().flatten() {
            let Some(entity) = self.file.entity(decoder, *referent).filter(|e| e.ifc_type == IfcType::IfcReferent) else { continue };
            let mut said = Attributes::new();
            if let Some(name) = text(&entity, 2) {
                said.insert("name".into(), name.into());
            }
            if let Some(predefined) = entity.get(7).and_then(|v| v.as_enum()) {
                said.insert("kind".into(), predefined.into());
            }
            let distance = self.along(&entity, decoder).map(|(_, offsets)| offsets[0]);
            if let Some(distance) = distance {
                said.insert("distance_m".into(), rounded(distance));
            }
            if let Some(station) = self.station(*referent, relations, decoder) {
                said.insert("station_m".into(), rounded(station));
                if distance == Some(0.0) {
                    attributes.insert("start_station_m".into(), rounded(station));
                }
            }
            stations.push(Value::Object(said));
        }
        if !stations.is_empty() {
            attributes.insert("stations".into(), stations.into());
        }
    }

    /// `Pset_Stationing.Station` of a referent, metres.
    fn station(&self, referent: u32, relations: &Relations, decoder: &EntityDecoder<'_>) -> Option<f64> {
        let sets = relations.properties.get(&referent)?;
        let sets = sets.iter().filter_map(|set| self.file.entity(decoder, *set));
        let set = sets.into_iter().find(|s| text(s, 2).as_deref() == Some("Pset_Stationing"))?;
        let members = references(&set, 4).into_iter().filter_map(|m| self.file.entity(decoder, m));
        let station = members.into_iter().find(|p| text(p, 0).as_deref() == Some("Station"))?;
        station.get_float(2).map(|s| s * self.metres)
    }

    /// Where a linear placement puts an object: its alignment, and the distance along, to the left and upwards, metres.
    fn along(&self, entity: &DecodedEntity, decoder: &EntityDecoder<'_>) -> Option<(Option<u32>, [f64; 3])> {
        let placement = self.file.entity(decoder, entity.get_ref(5)?).filter(|p| p.ifc_type == IfcType::IfcLinearPlacement)?;
        let axes = self.file.entity(decoder, placement.get_ref(1)?)?;
        let point = self.file.entity(decoder, axes.get_ref(0)?).filter(|p| p.ifc_type == IfcType::IfcPointByDistanceExpression)?;
        let offset = |slot: usize| point.get_float(slot).map(|d| d * self.metres);
        let alignment = point.get_ref(4).and_then(|curve| self.curves.get(&curve)).copied();
        Some((alignment, [offset(0)?, offset(1).unwrap_or(0.0), offset(2).unwrap_or(0.0)]))
    }

    /// Adds the place along an alignment to an object's attributes. `ids` are the ids of what becomes an object.
    pub fn place(&self, product: &Product, ids: &HashMap<u32, String>, attributes: &mut Attributes, decoder: &EntityDecoder<'_>) {
        if self.curves.is_empty() {
            return;
        }
        let Some((alignment, [along, left, up])) = self.file.record(decoder, product.span).and_then(|e| self.along(&e, decoder)) else { return };
        if let Some(alignment) = alignment.and_then(|id| ids.get(&id)) {
            attributes.insert("alignment".into(), alignment.as_str().into());
        }
        for (key, value) in [("distance_along_m", along), ("offset_left_m", left), ("offset_up_m", up)] {
            attributes.insert(key.into(), rounded(value));
        }
    }
}

/// The line of the layouts, before the alignment's placement.
fn line(horizontal: &[(f64, Horizontal)], vertical: &[Vertical], cant: &[Cant]) -> Vec<[f64; 3]> {
    let total = horizontal.last().map_or(0.0, |(from, part)| from + part.length);
    let steps = vertical.iter().map(|v| v.step(TOLERANCE)).filter(|_| !vertical.is_empty());
    let least = total / MOST_POINTS as f64;
    let vertical_step = steps.fold(f64::INFINITY, f64::min).max(least);
    let mut points: Vec<[f64; 3]> = Vec::new();
    for (from, part) in horizontal {
        // Ends of segments are exact; between them, points stand where line or height bends.
        let step = part.step(TOLERANCE).max(least).min(vertical_step).min(part.length.max(1e-3));
        let pieces = (part.length / step).ceil().clamp(1.0, MOST_POINTS as f64) as usize;
        let mut stations: Vec<f64> = (0..=pieces).map(|i| part.length * i as f64 / pieces as f64).collect();
        let ends = vertical.iter().flat_map(|v| [v.from, v.from + v.length]).chain(cant.iter().flat_map(|c| [c.from, c.from + c.length]));
        stations.extend(ends.map(|end| end - from).filter(|s| *s > 0.0 && *s < part.length));
        stations.sort_by(f64::total_cmp);
        for s in stations {
            let [x, y] = part.at(s);
            let p = [x, y, height(from + s, vertical) + lift(from + s, cant)];
            let same = points.last().is_some_and(|q| (0..3).all(|axis| (q[axis] - p[axis]).abs() < 1e-6));
            if !same {
                points.push(p);
            }
        }
    }
    points
}

/// The segment at a distance: the last that begins before it, else the first.
fn at<T>(parts: &[T], distance: f64, from: impl Fn(&T) -> f64) -> Option<&T> {
    let next = parts.partition_point(|part| from(part) <= distance + 1e-9);
    parts.get(next.saturating_sub(1))
}

fn height(distance: f64, vertical: &[Vertical]) -> f64 {
    at(vertical, distance, |v| v.from).map_or(0.0, |v| v.at(distance - v.from))
}

/// A canted track's axis lies between its rails.
fn lift(distance: f64, cant: &[Cant]) -> f64 {
    at(cant, distance, |c| c.from).map_or(0.0, |c| c.at(distance - c.from).iter().sum::<f64>() / 2.0)
}

fn kind(design: &DecodedEntity) -> &str {
    design.get(8).and_then(|v| v.as_enum()).unwrap_or_default()
}

/// A radius, where there is a curvature.
fn radius(curvature: f64) -> Option<f64> {
    (curvature != 0.0).then(|| 1.0 / curvature)
}

/// A segment as an attribute.
fn told(design: &DecodedEntity, from: f64, length: f64, more: &[(&str, Option<f64>)]) -> Value {
    let mut said = Attributes::new();
    said.insert("kind".into(), kind(design).to_ascii_lowercase().into());
    said.insert("from_m".into(), rounded(from));
    said.insert("length_m".into(), rounded(length));
    for (key, value) in more {
        if let Some(value) = value {
            said.insert((*key).into(), rounded(*value));
        }
    }
    Value::Object(said)
}

/// A number without what arithmetic left in its last digits.
fn rounded(value: f64) -> Value {
    Value::from((value * 1e9).round() / 1e9)
}
