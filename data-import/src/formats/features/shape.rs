//! A feature's geometry as GIS formats have it: points, lines and areas, in the source's system.

use crate::formats::geojson::open_ring;
use qike_scene::{Geometry, GeometryBuilder, GeometryKind, Lod};

/// A position: x or longitude, y or latitude, height (0 where there is none).
pub type Position = [f64; 3];

/// Collections in collections deeper than this are refused, whatever the format.
pub const MAX_DEPTH: usize = 8;

/// A geometry before it is projected.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// One point or several.
    Points(Vec<Position>),
    /// One line or several.
    Lines(Vec<Vec<Position>>),
    /// One polygon or several: exterior ring, then holes, closed or open.
    Areas(Vec<Vec<Vec<Position>>>),
    /// Geometries of different kinds.
    Many(Vec<Shape>),
}

/// The highest dimension in a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Points only.
    Point,
    /// Lines, perhaps points.
    Line,
    /// Areas.
    Area,
}

impl Shape {
    /// Its highest dimension; `None` where it is empty.
    pub fn dimension(&self) -> Option<Dimension> {
        match self {
            Self::Points(all) => (!all.is_empty()).then_some(Dimension::Point),
            Self::Lines(all) => (!all.is_empty()).then_some(Dimension::Line),
            Self::Areas(all) => (!all.is_empty()).then_some(Dimension::Area),
            Self::Many(all) => all.iter().filter_map(Self::dimension).max(),
        }
    }

    /// Its first position.
    pub fn first(&self) -> Option<Position> {
        match self {
            Self::Points(all) => all.first().copied(),
            Self::Lines(all) => all.iter().find_map(|l| l.first().copied()),
            Self::Areas(all) => all.iter().flatten().find_map(|r| r.first().copied()),
            Self::Many(all) => all.iter().find_map(Self::first),
        }
    }

    /// Turns it into Qike's geometries, one a kind. `project` takes each position to the sink's system, or refuses it; what
    /// keeps too few positions for its kind is left out, so an empty list means that nothing is left.
    pub fn build(&self, lod: Lod, project: &mut dyn FnMut(Position) -> Option<Position>) -> Vec<Geometry> {
        let mut out = Vec::new();
        self.collect(lod, project, &mut out);
        out
    }

    fn collect(&self, lod: Lod, project: &mut dyn FnMut(Position) -> Option<Position>, out: &mut Vec<Geometry>) {
        let (mut any, kind) = match self {
            Self::Many(all) => return all.iter().for_each(|s| s.collect(lod, project, out)),
            Self::Points(_) => (false, GeometryKind::MultiPoint),
            Self::Lines(_) => (false, GeometryKind::MultiLine),
            Self::Areas(_) => (false, GeometryKind::MultiSurface),
        };
        let mut builder = GeometryBuilder::new(lod, kind);
        let mut image = |positions: &[Position]| positions.iter().filter_map(|p| project(*p)).collect::<Vec<_>>();
        match self {
            Self::Points(all) => {
                for p in image(all) {
                    builder.point(p);
                    any = true;
                }
            }
            Self::Lines(all) => {
                for line in all.iter().map(|l| image(l)).filter(|l| l.len() >= 2) {
                    builder.line(&line);
                    any = true;
                }
            }
            Self::Areas(all) => {
                for area in all {
                    let mut rings: Vec<_> = area.iter().map(|r| image(r)).collect();
                    rings.iter_mut().for_each(open_ring);
                    if rings.first().is_some_and(|exterior| exterior.len() >= 3) {
                        rings.retain(|r| r.len() >= 3);
                        builder.surface(&rings, None);
                        any = true;
                    }
                }
            }
            Self::Many(_) => {}
        }
        if any {
            out.push(builder.build());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_is_left_out() {
        let square = vec![[0.0; 3], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0; 3]];
        let shape = Shape::Many(vec![
            Shape::Areas(vec![vec![square.clone(), vec![[0.1; 3], [0.2; 3]]], vec![vec![[0.0; 3], [1.0; 3]]]]),
            Shape::Lines(vec![vec![[0.0; 3]]]),
            Shape::Points(vec![[5.0; 3]]),
        ]);
        let made = shape.build(Lod::ZERO, &mut Some);
        assert_eq!(made.iter().map(|g| g.kind).collect::<Vec<_>>(), [GeometryKind::MultiSurface, GeometryKind::MultiPoint]);
        assert_eq!((made[0].vertices.len(), made[0].ring_ends.len()), (3, 1));
        assert_eq!((shape.dimension(), shape.first()), (Some(Dimension::Area), Some([0.0; 3])));
        assert!(shape.build(Lod::ZERO, &mut |_| None).is_empty());
    }
}
