//! The plan of an object: what QGIS and other GeoPackage readers see of its 3D geometry.

use geo::{Area, Contains, ConvexHull, Coord, CoordsIter, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use crate::silhouette::silhouette;
use qike_core::Bounds2;
use qike_scene::triangulate::newell;
use qike_scene::{CityObject, Geometry, GeometryKind};

/// Above this number of surfaces the plan is their convex hull and not their union.
const UNION_LIMIT: usize = 512;
/// A ring whose plan is smaller (in square metres) is an edge-on wall.
pub(crate) const LEAST_AREA: f64 = 1e-6;

/// An object's plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Footprint {
    /// It has no geometry.
    None,
    /// Points.
    Points(MultiPoint<f64>),
    /// Lines.
    Lines(MultiLineString<f64>),
    /// Areas.
    Areas(MultiPolygon<f64>),
}

impl Footprint {
    /// The plan of an object: of its coarsest geometry, where an object has several.
    pub fn of(object: &CityObject) -> Self {
        object.coarsest().map_or(Footprint::None, Self::of_geometry)
    }

    /// The plan of one geometry. Solids and surfaces give the union of their ground surfaces (or of what faces down), meshes
    /// what their triangles cover, or their convex hull where their outlines are too many. Every coordinate must be finite.
    pub fn of_geometry(g: &Geometry) -> Self {
        match g.kind {
            GeometryKind::MultiPoint => {
                let points: Vec<Point> = g.indices.iter().filter_map(|&i| g.vertices.get(i as usize)).map(point).collect();
                if points.is_empty() { Footprint::None } else { Footprint::Points(MultiPoint(points)) }
            }
            GeometryKind::MultiLine => {
                let lines: Vec<LineString> = g.lines().map(|l| l.iter().map(coord).collect()).collect();
                let lines: Vec<LineString> = lines.into_iter().filter(|l: &LineString| l.0.len() > 1).collect();
                if lines.is_empty() { hull(g) } else { Footprint::Lines(MultiLineString(lines)) }
            }
            GeometryKind::Mesh => silhouette(g).map_or_else(|| hull(g), Footprint::Areas),
            _ => areas(g),
        }
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds2 {
        let mut bounds = Bounds2::default();
        let mut grow = |c: Coord| bounds.grow([c.x, c.y]);
        match self {
            Footprint::None => {}
            Footprint::Points(p) => p.coords_iter().for_each(&mut grow),
            Footprint::Lines(l) => l.coords_iter().for_each(&mut grow),
            Footprint::Areas(a) => a.exterior_coords_iter().for_each(&mut grow),
        }
        bounds
    }

    /// How many positions it has.
    pub fn corners(&self) -> usize {
        match self {
            Footprint::None => 0,
            Footprint::Points(p) => p.0.len(),
            Footprint::Lines(l) => l.coords_count(),
            Footprint::Areas(a) => a.coords_count(),
        }
    }

    /// Distance in the plane from a position, 0 inside an area; `None` where there is no geometry.
    pub fn distance_to(&self, p: [f64; 2]) -> Option<f64> {
        use geo::{Distance, Euclidean};
        let p = Point::new(p[0], p[1]);
        match self {
            Footprint::None => None,
            Footprint::Points(points) => points.iter().map(|q| Euclidean.distance(q, &p)).min_by(f64::total_cmp),
            Footprint::Lines(lines) => Some(Euclidean.distance(&p, lines)),
            Footprint::Areas(areas) if areas.contains(&p) => Some(0.0),
            Footprint::Areas(areas) => Some(Euclidean.distance(&p, areas)),
        }
    }
}

fn coord(v: &[f64; 3]) -> Coord {
    Coord { x: v[0], y: v[1] }
}

fn point(v: &[f64; 3]) -> Point {
    Point(coord(v))
}

/// The surfaces that make the plan, as polygons; their union where there are several.
fn areas(g: &Geometry) -> Footprint {
    let is_ground = |s: &qike_scene::geometry::SurfaceRef| {
        s.semantic().is_some_and(|s| matches!(s.kind.as_str(), "GroundSurface" | "OuterFloorSurface"))
    };
    let faces_down = |s: &qike_scene::geometry::SurfaceRef| {
        let n = s.rings().next().map_or([0.0; 3], |ring| newell(g, ring));
        n[2] < -0.3 * (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt()
    };
    let mut chosen: Vec<Polygon> = g.surfaces().filter(is_ground).filter_map(|s| plan(g, s)).collect();
    if chosen.is_empty() && g.kind.is_solid() {
        chosen = g.surfaces().filter(faces_down).filter_map(|s| plan(g, s)).collect();
    }
    if chosen.is_empty() {
        chosen = g.surfaces().filter_map(|s| plan(g, s)).collect();
    }
    match chosen.len() {
        0 => hull(g),
        1 => Footprint::Areas(MultiPolygon(chosen)),
        n if n > UNION_LIMIT => hull(g),
        _ => {
            let union = geo::unary_union(chosen.iter());
            if union.0.is_empty() { hull(g) } else { Footprint::Areas(union) }
        }
    }
}

/// A surface seen from above; `None` for walls, which are edge-on.
fn plan(g: &Geometry, surface: qike_scene::geometry::SurfaceRef) -> Option<Polygon> {
    let ring = |ring: &[u32]| -> Option<LineString> {
        let mut coords: Vec<Coord> = ring.iter().filter_map(|&i| g.vertices.get(i as usize)).map(coord).collect();
        coords.dedup();
        if coords.first() == coords.last() {
            coords.pop();
        }
        if coords.len() < 3 {
            return None;
        }
        coords.push(*coords.first()?);
        Some(LineString(coords))
    };
    let mut rings = surface.rings();
    let polygon = Polygon::new(ring(rings.next()?)?, rings.filter_map(ring).collect());
    (polygon.unsigned_area() > LEAST_AREA).then_some(polygon)
}

/// The convex hull of the vertices in use: an area, or a line or point where it has no width.
fn hull(g: &Geometry) -> Footprint {
    let mut used: Vec<Coord> = g.indices.iter().filter_map(|&i| g.vertices.get(i as usize)).map(coord).collect();
    used.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    used.dedup();
    match used.as_slice() {
        [] => Footprint::None,
        [one] => Footprint::Points(MultiPoint(vec![Point(*one)])),
        [first, .., last] => {
            let hull = MultiPoint(used.iter().map(|c| Point(*c)).collect()).convex_hull();
            if hull.unsigned_area() > LEAST_AREA {
                Footprint::Areas(MultiPolygon(vec![hull]))
            } else {
                Footprint::Lines(MultiLineString(vec![LineString(vec![*first, *last])]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{GeometryBuilder, Lod};

    fn solid(semantics: bool) -> Geometry {
        let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        let p = |x: f64, y: f64, z: f64| [x, y, z];
        let tag = |s: &'static str| semantics.then_some(s);
        b.surface(&[vec![p(0., 0., 0.), p(0., 4., 0.), p(6., 4., 0.), p(6., 0., 0.)]], tag("GroundSurface"));
        b.surface(&[vec![p(0., 0., 0.), p(6., 0., 0.), p(6., 0., 3.), p(0., 0., 3.)]], tag("WallSurface"));
        b.surface(&[vec![p(-1., -1., 3.), p(7., -1., 3.), p(7., 5., 3.), p(-1., 5., 3.)]], tag("RoofSurface"));
        b.build()
    }

    fn area(f: &Footprint) -> f64 {
        match f {
            Footprint::Areas(a) => a.unsigned_area(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_building_stands_on_its_ground_not_under_its_eaves() {
        assert_eq!(area(&Footprint::of_geometry(&solid(true))), 24.0);
        assert_eq!(area(&Footprint::of_geometry(&solid(false))), 24.0);
    }

    #[test]
    fn triangles_of_one_ground_become_one_area_with_its_hole() {
        let mut b = GeometryBuilder::new(Lod::ZERO, GeometryKind::MultiSurface);
        let ring = |x0: f64, y0: f64, x1: f64, y1: f64| vec![[x0, y0, 1.0], [x1, y0, 1.0], [x1, y1, 1.0], [x0, y1, 1.0]];
        for (x0, y0, x1, y1) in [(0., 0., 3., 1.), (0., 2., 3., 3.), (0., 1., 1., 2.), (2., 1., 3., 2.)] {
            b.surface(&[ring(x0, y0, x1, y1)], None);
        }
        let Footprint::Areas(areas) = Footprint::of_geometry(&b.build()) else { panic!() };
        assert_eq!((areas.0.len(), areas.0[0].interiors().len()), (1, 1));
        assert!((areas.unsigned_area() - 8.0).abs() < 1e-9);
    }

    /// A prism over an L of 4 m by 4 m with a notch of 2 m by 2 m.
    fn l_shaped() -> Geometry {
        let outline = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [2.0, 2.0], [2.0, 4.0], [0.0, 4.0]];
        let vertices = [0.0, 2.5].iter().flat_map(|z| outline.iter().map(move |p| [p[0], p[1], *z])).collect();
        let cap = [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5]];
        let mut indices: Vec<u32> = cap.iter().flat_map(|t| [t[0], t[2], t[1]]).collect();
        indices.extend(cap.iter().flatten().map(|i| i + 6));
        indices.extend((0..6u32).flat_map(|i| [i, (i + 1) % 6, (i + 1) % 6 + 6, i, (i + 1) % 6 + 6, i + 6]));
        Geometry::mesh(Lod::THREE, vertices, indices)
    }

    #[test]
    fn an_l_shaped_room_has_an_l_shaped_plan() {
        let room = l_shaped();
        assert!((area(&Footprint::of_geometry(&room)) - 12.0).abs() < 1e-6);
        let mut open = room.clone();
        open.indices.drain(..12);
        assert!((area(&Footprint::of_geometry(&open)) - 12.0).abs() < 1e-6, "without its floor, by its ceiling");
    }

    #[test]
    fn walls_and_posts_have_lines_and_points_as_plans() {
        let wall = Geometry::polygon(Lod::TWO, &[vec![[0., 0., 0.], [4., 3., 0.], [4., 3., 5.], [0., 0., 5.]]]);
        let Footprint::Lines(lines) = Footprint::of_geometry(&wall) else { panic!() };
        assert_eq!(lines.0[0].0.len(), 2);
        let post = Geometry::mesh(Lod::THREE, vec![[1., 2., 0.], [1., 2., 1.], [1., 2., 2.]], vec![0, 1, 2]);
        assert!(matches!(Footprint::of_geometry(&post), Footprint::Points(_)));
        assert_eq!(Footprint::of_geometry(&Geometry::empty(Lod::ONE, GeometryKind::Solid)), Footprint::None);
    }

    #[test]
    fn distance_is_to_the_area_not_to_its_box() {
        let triangle = Geometry::polygon(Lod::ZERO, &[vec![[0., 0., 0.], [10., 0., 0.], [0., 10., 0.]]]);
        let plan = Footprint::of_geometry(&triangle);
        assert_eq!(plan.distance_to([1.0, 1.0]), Some(0.0));
        let d = plan.distance_to([10.0, 10.0]).unwrap();
        assert!((d - 50f64.sqrt()).abs() < 1e-9, "{d}");
        assert_eq!(Footprint::None.distance_to([0.0, 0.0]), None);
    }
}
