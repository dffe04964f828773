//! A box in the place of an element whose geometry takes too long or fails: around the points of its shape, in the element's own
//! axes. It knows extrusions, primitives, mapped shapes and boolean operations (of which it takes the first operand, or both of
//! a union); of everything else it takes the points.

use super::file::{IfcFile, Product, reference, references};
use ifc_lite_core::{DecodedEntity, EntityDecoder, IfcType};
use ifc_lite_geometry::GeometryRouter;
use std::collections::HashSet;

/// A shape may name this many records; the box is of those that were seen by then.
const MOST_RECORDS: usize = 200_000;
/// Shapes nest; deeper than this they go in a circle.
const DEEPEST: usize = 64;

/// Corners of each triangle of a box, by number: bit 0 is x, bit 1 y, bit 2 z. Outward, counter-clockwise.
const TRIANGLES: [u32; 36] =
    [0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6, 0, 1, 5, 0, 5, 4, 2, 6, 7, 2, 7, 3, 0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5];

/// Rows of an affine map.
type Affine = [[f64; 4]; 3];

const IDENTITY: Affine = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];

/// Vertices and triangles of a product's box, in the file's coordinates, metres.
pub fn boxed(file: &IfcFile, product: &Product, metres: f64, decoder: &mut EntityDecoder<'_>) -> Option<(Vec<[f64; 3]>, Vec<u32>)> {
    let record = file.record(decoder, product.span)?;
    let shape = reference(&record, 6).and_then(|id| file.entity(decoder, id))?;
    let mut walk = Walk { file, decoder, min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3], left: MOST_RECORDS };
    for representation in references(&shape, 2) {
        for item in file.entity(walk.decoder, representation).map(|r| references(&r, 3)).unwrap_or_default() {
            walk.item(item, &IDENTITY, 0);
        }
    }
    let (min, max) = (walk.min, walk.max);
    if !min.iter().chain(&max).all(|c| c.is_finite()) {
        return None;
    }
    let m = GeometryRouter::with_scale(metres).resolve_scaled_placement(&record, decoder).ok()?;
    let corners = (0..8).map(|number| {
        let p = [0, 1, 2].map(|axis| if number >> axis & 1 == 0 { min[axis] } else { max[axis] } * metres);
        [0, 1, 2].map(|r| m[r] * p[0] + m[4 + r] * p[1] + m[8 + r] * p[2] + m[12 + r])
    });
    Some((corners.collect(), TRIANGLES.to_vec()))
}

struct Walk<'a, 'd> {
    file: &'a IfcFile,
    decoder: &'a EntityDecoder<'d>,
    min: [f64; 3],
    max: [f64; 3],
    left: usize,
}

impl Walk<'_, '_> {
    fn entity(&mut self, id: u32) -> Option<DecodedEntity> {
        self.left = self.left.checked_sub(1)?;
        self.file.entity(self.decoder, id)
    }

    fn grow(&mut self, m: &Affine, p: [f64; 3]) {
        for (axis, row) in m.iter().enumerate() {
            let c = row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3];
            self.min[axis] = self.min[axis].min(c);
            self.max[axis] = self.max[axis].max(c);
        }
    }

    fn grow_box(&mut self, m: &Affine, min: [f64; 3], max: [f64; 3]) {
        for number in 0..8 {
            self.grow(m, [0, 1, 2].map(|axis| if number >> axis & 1 == 0 { min[axis] } else { max[axis] }));
        }
    }

    fn item(&mut self, id: u32, m: &Affine, depth: usize) {
        let Some(mut item) = self.entity(id).filter(|_| depth < DEEPEST) else { return };
        // Chains of differences are long: what is cut from their first operand makes it no larger.
        while matches!(item.ifc_type, IfcType::IfcBooleanResult | IfcType::IfcBooleanClippingResult) {
            if item.get(0).and_then(|v| v.as_enum()) == Some("UNION")
                && let Some(second) = item.get_ref(2)
            {
                self.item(second, m, depth + 1);
            }
            let Some(first) = item.get_ref(1).and_then(|id| self.entity(id)) else { return };
            item = first;
        }
        let float = |slot: usize| item.get_float(slot).unwrap_or(0.0);
        match item.ifc_type {
            IfcType::IfcMappedItem => {
                let shape = item.get_ref(0).and_then(|id| self.entity(id)).and_then(|map| self.entity(map.get_ref(1)?));
                let target = item.get_ref(1).map_or(IDENTITY, |id| self.operator(id));
                let inner = product(m, &target);
                for part in shape.map(|s| references(&s, 3)).unwrap_or_default() {
                    self.item(part, &inner, depth + 1);
                }
            }
            IfcType::IfcCsgSolid => {
                if let Some(root) = item.get_ref(0) {
                    self.item(root, m, depth + 1);
                }
            }
            IfcType::IfcExtrudedAreaSolid | IfcType::IfcExtrudedAreaSolidTapered => {
                let at = self.placed(&item, 1, m);
                let direction = item.get_ref(2).and_then(|id| self.direction(id)).unwrap_or([0.0, 0.0, 1.0]);
                let depth = float(3);
                if let Some([x0, y0, x1, y1]) = item.get_ref(0).and_then(|id| self.profile(id)) {
                    for (x, y) in [(x0, y0), (x1, y0), (x0, y1), (x1, y1)] {
                        self.grow(&at, [x, y, 0.0]);
                        self.grow(&at, [x + direction[0] * depth, y + direction[1] * depth, direction[2] * depth]);
                    }
                }
            }
            IfcType::IfcBlock => {
                let at = self.placed(&item, 0, m);
                self.grow_box(&at, [0.0; 3], [float(1), float(2), float(3)]);
            }
            IfcType::IfcRectangularPyramid => {
                let at = self.placed(&item, 0, m);
                self.grow_box(&at, [0.0; 3], [float(1), float(2), float(3)]);
            }
            IfcType::IfcSphere => {
                let (at, r) = (self.placed(&item, 0, m), float(1));
                self.grow_box(&at, [-r; 3], [r; 3]);
            }
            IfcType::IfcRightCircularCylinder | IfcType::IfcRightCircularCone => {
                let (at, r) = (self.placed(&item, 0, m), float(2));
                self.grow_box(&at, [-r, -r, 0.0], [r, r, float(1)]);
            }
            IfcType::IfcRevolvedAreaSolid => {
                let at = self.placed(&item, 1, m);
                let centre = item.get_ref(2).and_then(|id| self.entity(id)).and_then(|axis| self.point(axis.get_ref(0)?)).unwrap_or([0.0; 3]);
                if let Some([x0, y0, x1, y1]) = item.get_ref(0).and_then(|id| self.profile(id)) {
                    let far = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| (x - centre[0]).hypot(y - centre[1]));
                    let r = far.into_iter().fold(0.0, f64::max);
                    self.grow_box(&at, centre.map(|c| c - r), centre.map(|c| c + r));
                }
            }
            IfcType::IfcHalfSpaceSolid | IfcType::IfcPolygonalBoundedHalfSpace | IfcType::IfcBoxedHalfSpace => {}
            _ => self.points(&item, m),
        }
    }

    /// All points below a record, placements left out.
    fn points(&mut self, from: &DecodedEntity, m: &Affine) {
        let mut seen: HashSet<u32> = HashSet::new();
        let mut open: Vec<DecodedEntity> = vec![from.clone()];
        while let Some(entity) = open.pop() {
            match entity.ifc_type {
                IfcType::IfcCartesianPoint => {
                    if let Some(p) = coordinates(entity.get_list(0).unwrap_or_default()) {
                        self.grow(m, p);
                    }
                    continue;
                }
                IfcType::IfcCartesianPointList2D | IfcType::IfcCartesianPointList3D => {
                    for p in entity.get_list(0).unwrap_or_default().iter().filter_map(|p| coordinates(p.as_list()?)) {
                        self.grow(m, p);
                    }
                    continue;
                }
                IfcType::IfcAxis2Placement3D | IfcType::IfcAxis2Placement2D | IfcType::IfcAxis1Placement | IfcType::IfcDirection => continue,
                _ => {}
            }
            let lists = entity.attributes.iter().flat_map(|value| match value.as_list() {
                Some(list) => list.iter().filter_map(|v| v.as_entity_ref()).collect(),
                None => value.as_entity_ref().into_iter().collect::<Vec<_>>(),
            });
            let new: Vec<u32> = lists.filter(|id| seen.insert(*id)).collect();
            for id in new {
                let Some(next) = self.entity(id) else { break };
                open.push(next);
            }
        }
    }

    /// West, south, east, north of a profile in its plane.
    fn profile(&mut self, id: u32) -> Option<[f64; 4]> {
        let mut profile = self.entity(id)?;
        for _ in 0..DEEPEST {
            if profile.ifc_type != IfcType::IfcDerivedProfileDef {
                break;
            }
            profile = profile.get_ref(2).and_then(|id| self.entity(id))?;
        }
        let radius = match profile.ifc_type {
            IfcType::IfcCircleProfileDef | IfcType::IfcCircleHollowProfileDef => Some([profile.get_float(3)?; 2]),
            IfcType::IfcRectangleProfileDef | IfcType::IfcRectangleHollowProfileDef | IfcType::IfcRoundedRectangleProfileDef => {
                Some([profile.get_float(3)? / 2.0, profile.get_float(4)? / 2.0])
            }
            ref kind if kind.is_subtype_of(IfcType::IfcParameterizedProfileDef) => {
                let half = profile.get_float(3)?.max(profile.get_float(4).unwrap_or(0.0)) / 2.0;
                Some([half; 2])
            }
            _ => None,
        };
        let mut inner = Walk { file: self.file, decoder: self.decoder, min: [f64::INFINITY; 3], max: [f64::NEG_INFINITY; 3], left: self.left };
        match radius {
            Some([x, y]) => {
                let at = profile.get_ref(2).map_or(IDENTITY, |id| inner.placement(id));
                inner.grow_box(&at, [-x, -y, 0.0], [x, y, 0.0]);
            }
            None => inner.points(&profile, &IDENTITY),
        }
        self.left = inner.left;
        (inner.min[0].is_finite() && inner.max[1].is_finite()).then_some([inner.min[0], inner.min[1], inner.max[0], inner.max[1]])
    }

    fn placed(&mut self, item: &DecodedEntity, slot: usize, m: &Affine) -> Affine {
        let at = item.get_ref(slot).map_or(IDENTITY, |id| self.placement(id));
        product(m, &at)
    }

    /// A placement of two or three dimensions.
    fn placement(&mut self, id: u32) -> Affine {
        let Some(placement) = self.entity(id) else { return IDENTITY };
        let origin = placement.get_ref(0).and_then(|id| self.point(id)).unwrap_or([0.0; 3]);
        let (axis, towards) = match placement.ifc_type {
            IfcType::IfcAxis2Placement2D => (None, placement.get_ref(1)),
            _ => (placement.get_ref(1), placement.get_ref(2)),
        };
        let z = axis.and_then(|id| self.direction(id)).unwrap_or([0.0, 0.0, 1.0]);
        let x = towards.and_then(|id| self.direction(id)).unwrap_or(if z[0].abs() < 0.9 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] });
        frame(x, z, 1.0, origin)
    }

    /// A transformation operator: the target of a mapped shape.
    fn operator(&mut self, id: u32) -> Affine {
        let Some(operator) = self.entity(id) else { return IDENTITY };
        let origin = operator.get_ref(2).and_then(|id| self.point(id)).unwrap_or([0.0; 3]);
        let x = operator.get_ref(0).and_then(|id| self.direction(id)).unwrap_or([1.0, 0.0, 0.0]);
        let z = operator.get_ref(4).and_then(|id| self.direction(id)).unwrap_or([0.0, 0.0, 1.0]);
        frame(x, z, operator.get_float(3).unwrap_or(1.0), origin)
    }

    fn point(&mut self, id: u32) -> Option<[f64; 3]> {
        coordinates(self.entity(id)?.get_list(0)?)
    }

    fn direction(&mut self, id: u32) -> Option<[f64; 3]> {
        let [x, y, z] = self.point(id)?;
        let length = (x * x + y * y + z * z).sqrt();
        (length > 1e-12).then(|| [x / length, y / length, z / length])
    }
}

/// Two or three coordinates.
fn coordinates(list: &[ifc_lite_core::AttributeValue]) -> Option<[f64; 3]> {
    let at = |i: usize| list.get(i).and_then(|c| c.as_float());
    Some([at(0)?, at(1)?, at(2).unwrap_or(0.0)])
}

/// Axes from an x direction and a z axis, with a scale and an origin.
fn frame(x: [f64; 3], z: [f64; 3], scale: f64, origin: [f64; 3]) -> Affine {
    let cross = |a: [f64; 3], b: [f64; 3]| [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let y = cross(z, x);
    let length = (y[0] * y[0] + y[1] * y[1] + y[2] * y[2]).sqrt();
    let y = if length > 1e-12 { y.map(|c| c / length) } else { [0.0, 1.0, 0.0] };
    let x = cross(y, z);
    [0, 1, 2].map(|r| [x[r] * scale, y[r] * scale, z[r] * scale, origin[r]])
}

fn product(a: &Affine, b: &Affine) -> Affine {
    [0, 1, 2].map(|r| {
        let at = |c: usize| a[r][0] * b[0][c] + a[r][1] * b[1][c] + a[r][2] * b[2][c];
        [at(0), at(1), at(2), at(3) + a[r][3]]
    })
}
