//! Pipes and cables as tubes along their lines, in the colours of utility maps.

use super::lines::{P, clean};
use super::{Builder, Kind, Paint, add_scaled, cross, sub, unit};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use crate::model::palette;
use qike_scene::{CityObject, Geometry, ObjectIx};

const SIDES: usize = 8;

/// Adds the tube of one pipe; a line without heights lies at the object's `depth_m` below the ground.
pub fn add_pipe(b: &mut Builder, object: &CityObject, ix: ObjectIx, line: &Geometry, frame: &SceneFrame, ground: &Ground) {
    let diameter = object.number("diameter_m").map(|d| d as f32).filter(|d| (0.01..10.0).contains(d)).unwrap_or(0.4);
    let depth = object.number("depth_m").map(|d| d as f32).filter(|d| (0.0..100.0).contains(d)).unwrap_or(1.5);
    let plane = super::surfaces::is_plane(line);
    let colour = palette::pipe(object.str("network").unwrap_or_default());
    let paint = Paint { colour, kind: Kind::Plain, object: ix.0, foot: f32::MIN };
    for points in line.lines() {
        let place = |p: [f64; 3]| {
            let [x, y, z] = frame.to_scene(p);
            [x, if plane { ground.at(x, z) - depth } else { y }, z]
        };
        // Small pipes are drawn a little thicker, so that they are seen at all.
        tube(b, &clean(&points.into_iter().map(place).collect::<Vec<_>>()), (diameter / 2.0).max(0.12), &paint);
    }
}

fn tube(b: &mut Builder, points: &[P], radius: f32, paint: &Paint) {
    let mut rings: Vec<[u32; SIDES]> = Vec::with_capacity(points.len());
    for (i, p) in points.iter().enumerate() {
        let before = points[i.saturating_sub(1)];
        let after = points[(i + 1).min(points.len() - 1)];
        let along = unit(sub(after, before));
        let side = unit(cross(along, if along[1].abs() > 0.95 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] }));
        let up = cross(side, along);
        rings.push(std::array::from_fn(|k| {
            let (sin, cos) = (k as f32 / SIDES as f32 * std::f32::consts::TAU).sin_cos();
            let normal = [0, 1, 2].map(|axis| side[axis] * cos + up[axis] * sin);
            b.vertex(add_scaled(*p, normal, radius), normal, 1.0, paint)
        }));
    }
    for pair in rings.windows(2) {
        for k in 0..SIDES {
            let next = (k + 1) % SIDES;
            b.triangle(pair[0][k], pair[1][next], pair[0][next]);
            b.triangle(pair[0][k], pair[1][k], pair[1][next]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::dot;
    use qike_scene::{Class, Lod, SourceId};

    #[test]
    fn a_tube_looks_outwards_and_lies_at_its_depth() {
        let mut object = CityObject::new("p", Class::UtilityNetworkElement, SourceId(0));
        object.attributes.insert("diameter_m".into(), 1.0.into());
        object.attributes.insert("depth_m".into(), 3.0.into());
        let line = Geometry::line(Lod::ZERO, &[[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]);
        let mut builder = Builder::default();
        add_pipe(&mut builder, &object, ObjectIx(0), &line, &SceneFrame::new([0.0; 3]), &Ground::flat(5.0));
        let mesh = builder.finish().unwrap();
        assert!((mesh.min[1] - 1.5).abs() < 1e-4 && (mesh.size[1] - 1.0).abs() < 1e-4);
        for t in mesh.indices.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(t[k]));
            assert!(dot(cross(sub(b, a), sub(c, a)), sub(a, [a[0], 2.0, 0.0])) > 0.0);
        }
    }
}
