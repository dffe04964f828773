//! Lines of products that are drawn, not built: the axis of a wall, the footprint of a house, a symbol. They are looked at only
//! where a product has no mesh.

use super::file::{IfcFile, Product, reference, references};
use ifc_lite_core::{EntityDecoder, IfcSchema, IfcType};
use ifc_lite_geometry::{GeometryRouter, ProfileProcessor, TessellationQuality};

/// A product's shape may name this many items, in sets of sets as deep as this.
const MOST_ITEMS: usize = 10_000;
const DEEPEST: usize = 8;

/// A drawing of more points is none of a city's.
const MOST_POINTS: usize = 200_000;

/// What is drawn of a product.
#[derive(Debug, Default, PartialEq)]
pub struct Drawing {
    /// Its lines in the file's coordinates, metres.
    pub lines: Vec<Vec<[f64; 3]>>,
    /// Its shape has something else than lines and points.
    pub has_more: bool,
}

/// Lines of a product's shape.
pub fn drawn(file: &IfcFile, product: &Product, metres: f64, decoder: &mut EntityDecoder<'_>) -> Drawing {
    let mut drawing = Drawing::default();
    let Some(record) = file.record(decoder, product.span) else { return drawing };
    let Some(shape) = reference(&record, 6).and_then(|id| file.entity(decoder, id)) else { return drawing };
    let Ok(frame) = GeometryRouter::with_scale(metres).resolve_scaled_placement(&record, decoder) else { return drawing };
    let curves = ProfileProcessor::new(IfcSchema::new());
    let representations = references(&shape, 2).into_iter().filter_map(|id| file.entity(decoder, id)).map(|r| references(&r, 3));
    let mut open: Vec<(u32, usize)> = representations.flatten().map(|item| (item, 0)).take(MOST_ITEMS).collect();
    // Taken from the end, told from the beginning.
    open.reverse();
    let (mut items, mut points) = (0, 0);
    while let Some((id, depth)) = open.pop() {
        items += 1;
        if items > MOST_ITEMS || points > MOST_POINTS {
            drawing.has_more = true;
            break;
        }
        let Some(item) = file.entity(decoder, id) else { continue };
        match item.ifc_type {
            IfcType::IfcGeometricSet | IfcType::IfcGeometricCurveSet if depth < DEEPEST => {
                open.extend(references(&item, 0).into_iter().rev().take(MOST_ITEMS).map(|id| (id, depth + 1)));
            }
            ref kind if kind.is_subtype_of(IfcType::IfcPoint) => {}
            // A line without ends is drawn by none.
            ref kind if kind.is_subtype_of(IfcType::IfcCurve) && *kind != IfcType::IfcLine => {
                let Ok(found) = curves.get_curve_points(&item, decoder, TessellationQuality::Medium) else {
                    drawing.has_more = true;
                    continue;
                };
                let mut line: Vec<[f64; 3]> = Vec::with_capacity(found.len());
                for p in found.iter().map(|p| [p.x * metres, p.y * metres, p.z * metres]) {
                    let q = [0, 1, 2].map(|r| frame[r] * p[0] + frame[4 + r] * p[1] + frame[8 + r] * p[2] + frame[12 + r]);
                    if q.iter().all(|c| c.is_finite()) && line.last() != Some(&q) {
                        line.push(q);
                    }
                }
                points += line.len();
                if line.len() > 1 {
                    drawing.lines.push(line);
                }
            }
            _ => drawing.has_more = true,
        }
    }
    drawing
}
