//! The geometry of a feature: points and lines as they are, of everything else the plan, all with heights.
//!
//! A plan's corner stays where it is and gets the least height that the object has there, so that the plan of a building lies on its
//! ground; a corner that only the union of several surfaces made gets the least height of all.

use crate::footprint::Footprint;
use crate::gpb::Shape;
use geo::{Coord, LineString, Winding};
use qike_core::Bounds2;
use qike_scene::{Geometry, GeometryKind};
use std::collections::HashMap;

/// Corners of a union that come as near as this (metres) to a vertex are that vertex.
const SNAP_M: f64 = 0.001;

type Position = [f64; 3];

/// Positions by kind; lines and rings closed where they are closed.
#[derive(Debug, PartialEq)]
pub enum Lifted {
    /// Points.
    Points(Vec<Position>),
    /// Lines.
    Lines(Vec<Vec<Position>>),
    /// Polygons: exterior anticlockwise, then holes, clockwise.
    Areas(Vec<Vec<Vec<Position>>>),
}

/// What of a geometry is a feature's; `plan` is its plan. `None` where there is nothing.
pub fn lift(g: &Geometry, plan: &Footprint) -> Option<Lifted> {
    match (g.kind, plan) {
        (_, Footprint::None) => None,
        (GeometryKind::MultiPoint, Footprint::Points(points)) if points.0.len() == g.indices.len() => {
            Some(Lifted::Points(g.indices.iter().filter_map(|i| g.vertices.get(*i as usize).copied()).collect()))
        }
        (GeometryKind::MultiLine, Footprint::Lines(_)) => {
            let lines: Vec<_> = g.lines().filter(|line| line.len() > 1).collect();
            (!lines.is_empty()).then_some(Lifted::Lines(lines)).or_else(|| Some(Ground::of(g).lift(plan)))
        }
        _ => Some(Ground::of(g).lift(plan)),
    }
}

/// The least height of a geometry by place.
struct Ground {
    cells: HashMap<[i64; 2], Vec<Position>>,
    least: f64,
}

/// The cell of a place: none of its neighbours' places is nearer than an edge, which is twice the snap.
fn cell(x: f64, y: f64) -> [i64; 2] {
    [x, y].map(|c| (c / (2.0 * SNAP_M)).floor() as i64)
}

impl Ground {
    fn of(g: &Geometry) -> Self {
        let mut ground = Self { cells: HashMap::new(), least: f64::INFINITY };
        for p in g.indices.iter().filter_map(|i| g.vertices.get(*i as usize)) {
            ground.least = ground.least.min(p[2]);
            let there = ground.cells.entry(cell(p[0], p[1])).or_default();
            match there.iter_mut().find(|q| q[0] == p[0] && q[1] == p[1]) {
                Some(q) => q[2] = q[2].min(p[2]),
                None => there.push(*p),
            }
        }
        ground
    }

    /// A corner of the plan at the height of the vertex there, or else at the least height.
    fn at(&self, c: &Coord) -> Position {
        let mut best: Option<(f64, f64)> = None;
        let [i, j] = cell(c.x, c.y);
        for (di, dj) in (-1..=1).flat_map(|di| (-1..=1).map(move |dj| (di, dj))) {
            for p in self.cells.get(&[i.saturating_add(di), j.saturating_add(dj)]).into_iter().flatten() {
                let distance = (p[0] - c.x).hypot(p[1] - c.y);
                if distance <= SNAP_M && best.is_none_or(|known| (distance, p[2]) < known) {
                    best = Some((distance, p[2]));
                }
            }
        }
        [c.x, c.y, best.map_or(self.least, |(_, z)| z)]
    }

    fn lift(&self, plan: &Footprint) -> Lifted {
        let line = |l: &LineString| l.0.iter().map(|c| self.at(c)).collect::<Vec<_>>();
        let ring = |l: &LineString, anticlockwise: bool| {
            let mut ring = line(l);
            if l.is_ccw() != anticlockwise {
                ring.reverse();
            }
            ring
        };
        match plan {
            Footprint::None => Lifted::Points(Vec::new()),
            Footprint::Points(points) => Lifted::Points(points.0.iter().map(|p| self.at(&p.0)).collect()),
            Footprint::Lines(lines) => Lifted::Lines(lines.0.iter().map(line).collect()),
            Footprint::Areas(areas) => Lifted::Areas(
                areas.0.iter().map(|a| std::iter::once(ring(a.exterior(), true)).chain(a.interiors().iter().map(|r| ring(r, false))).collect()).collect(),
            ),
        }
    }
}

impl Lifted {
    /// Its shape.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Points(p) if p.len() == 1 => Shape::Point,
            Self::Points(_) => Shape::MultiPoint,
            Self::Lines(_) => Shape::Lines,
            Self::Areas(_) => Shape::Areas,
        }
    }

    fn positions(&self) -> Vec<&Position> {
        match self {
            Self::Points(p) => p.iter().collect(),
            Self::Lines(l) => l.iter().flatten().collect(),
            Self::Areas(a) => a.iter().flatten().flatten().collect(),
        }
    }

    /// The box around it in plan.
    pub fn bounds(&self) -> Bounds2 {
        let mut bounds = Bounds2::default();
        self.positions().into_iter().for_each(|p| bounds.grow([p[0], p[1]]));
        bounds
    }

    /// GeoPackage's blob: header, box (a point has none), ISO well-known binary with heights. `several`: a point, too, is a MultiPoint.
    pub fn blob(&self, srs: i32, several: bool) -> Vec<u8> {
        let single = !several && self.shape() == Shape::Point;
        let mut out = Vec::with_capacity(64 + 24 * self.positions().len());
        out.extend_from_slice(&[b'G', b'P', 0, if single { 0b001 } else { 0b011 }]);
        out.extend_from_slice(&srs.to_le_bytes());
        if !single {
            let b = self.bounds();
            [b.min[0], b.max[0], b.min[1], b.max[1]].iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        }
        match self {
            Self::Points(points) => {
                if !single {
                    head(&mut out, 1004, points.len());
                }
                for p in points {
                    out.push(1);
                    out.extend_from_slice(&1001_u32.to_le_bytes());
                    put(&mut out, p);
                }
            }
            Self::Lines(lines) => {
                head(&mut out, 1005, lines.len());
                for line in lines {
                    head(&mut out, 1002, line.len());
                    line.iter().for_each(|p| put(&mut out, p));
                }
            }
            Self::Areas(areas) => {
                head(&mut out, 1006, areas.len());
                for rings in areas {
                    head(&mut out, 1003, rings.len());
                    for ring in rings {
                        out.extend_from_slice(&(ring.len() as u32).to_le_bytes());
                        ring.iter().for_each(|p| put(&mut out, p));
                    }
                }
            }
        }
        out
    }
}

fn head(out: &mut Vec<u8>, kind: u32, count: usize) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn put(out: &mut Vec<u8>, p: &Position) {
    p.iter().for_each(|c| out.extend_from_slice(&c.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{GeometryBuilder, Lod};

    #[test]
    fn a_plan_lies_on_the_ground_it_was_made_of() {
        let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        let p = |x: f64, y: f64, z: f64| [684_000.0 + x, 3_420_000.0 + y, z];
        // A slope: two ground surfaces side by side, and a roof above.
        b.surface(&[vec![p(0., 0., 4.), p(0., 6., 4.5), p(3., 6., 5.5), p(3., 0., 5.)]], Some("GroundSurface"));
        b.surface(&[vec![p(3., 0., 5.), p(3., 6., 5.5), p(6., 6., 6.5), p(6., 0., 6.)]], Some("GroundSurface"));
        b.surface(&[vec![p(0., 0., 9.), p(6., 0., 9.), p(6., 6., 9.), p(0., 6., 9.)]], Some("RoofSurface"));
        let g = b.build();
        let Some(Lifted::Areas(areas)) = lift(&g, &Footprint::of_geometry(&g)) else { panic!() };
        assert_eq!((areas.len(), areas[0].len()), (1, 1));
        for corner in [p(0., 0., 4.), p(0., 6., 4.5), p(6., 6., 6.5), p(6., 0., 6.)] {
            let near = |p: &Position| (0..3).all(|k| (p[k] - corner[k]).abs() < SNAP_M);
            assert!(areas[0][0].iter().any(near), "{corner:?} is not in {:?}", areas[0][0]);
        }
    }

    #[test]
    fn lines_keep_every_height_and_points_their_number() {
        let drop = Geometry::line(Lod::ZERO, &[[1., 2., 5.], [1., 2., 3.], [4., 2., 3.]]);
        assert_eq!(lift(&drop, &Footprint::of_geometry(&drop)), Some(Lifted::Lines(vec![vec![[1., 2., 5.], [1., 2., 3.], [4., 2., 3.]]])));
        let point = Geometry::point(Lod::ZERO, [1., 2., 3.]);
        let lifted = lift(&point, &Footprint::of_geometry(&point)).unwrap();
        assert_eq!((lifted.blob(4549, false).len(), lifted.blob(4549, true).len()), (8 + 5 + 24, 8 + 32 + 9 + 5 + 24));
        let none = Geometry::empty(Lod::ZERO, GeometryKind::MultiPoint);
        assert_eq!(lift(&none, &Footprint::of_geometry(&none)), None);
    }
}
