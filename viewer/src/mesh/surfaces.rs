//! Surfaces of objects: areas draped on the ground, and solids with walls and roofs.

use super::{Builder, Kind, Paint, cross, sub, unit};
use crate::model::frame::SceneFrame;
use crate::model::ground::Ground;
use qike_scene::Geometry;
use qike_scene::triangulate::triangulate;
use std::collections::HashMap;

/// True when a geometry has no heights of its own, as in all plane sources.
pub fn is_plane(geometry: &Geometry) -> bool {
    geometry.vertices.iter().all(|v| v[2].abs() < 1e-6)
}

/// The vertices in the picture's frame; those without a height are laid on the ground.
pub fn placed(geometry: &Geometry, frame: &SceneFrame, ground: &Ground) -> Vec<[f32; 3]> {
    let plane = is_plane(geometry);
    let place = |v: &[f64; 3]| {
        let [x, y, z] = frame.to_scene(*v);
        [x, if plane { ground.at(x, z) } else { y }, z]
    };
    geometry.vertices.iter().map(place).collect()
}

/// Adds an area facing up, `lift` metres above where it lies.
pub fn add_area(b: &mut Builder, geometry: &Geometry, frame: &SceneFrame, ground: &Ground, lift: f32, paint: &Paint) {
    let points = placed(geometry, frame, ground);
    let mut numbers = HashMap::new();
    for [i, j, k] in triangulate(geometry).indices {
        let corner = |v: u32| points[v as usize];
        let upwards = cross(sub(corner(j), corner(i)), sub(corner(k), corner(i)))[1] >= 0.0;
        let [a, c, d] = (if upwards { [i, j, k] } else { [i, k, j] }).map(|v| {
            *numbers.entry(v).or_insert_with(|| {
                let p = corner(v);
                b.vertex([p[0], p[1] + lift, p[2]], [0.0, 1.0, 0.0], 1.0, paint)
            })
        });
        b.triangle(a, c, d);
    }
}

/// What a surface of a solid looks like: colour and kind, or `None` to leave it out.
pub struct Face<'a> {
    /// Outward normal, y up.
    pub normal: [f32; 3],
    /// Its semantic class, where the source gives one.
    pub semantic: Option<&'a str>,
    /// Its own colour and opacity, where the source gives one.
    pub material: Option<[f32; 4]>,
}

/// Adds the surfaces of a solid or a mesh, each as `style` wants it.
pub fn add_solid(
    b: &mut Builder,
    geometry: &Geometry,
    points: &[[f32; 3]],
    paint: &Paint,
    style: impl Fn(&Face<'_>) -> Option<([u8; 3], Kind)>,
) {
    let triangles = triangulate(geometry);
    let mut numbers: HashMap<(u32, [i8; 3], u32), u32> = HashMap::new();
    let mut current: Option<(u32, [f32; 3], Option<Paint>)> = None;
    for (corners, surface) in triangles.indices.iter().zip(&triangles.surface) {
        let [p, q, r] = corners.map(|v| points[v as usize]);
        let area = cross(sub(q, p), sub(r, p));
        if area.iter().all(|c| c.abs() < 1e-9) {
            continue;
        }
        let normal = unit(area);
        let known = current.filter(|(s, n, _)| s == surface && near(n, &normal));
        let (_, _, look) = known.unwrap_or_else(|| {
            let semantic = geometry
                .surface_semantic
                .get(*surface as usize)
                .and_then(|s| geometry.semantics.get(*s as usize))
                .map(|s| s.kind.as_str());
            let material = geometry.material_of(*surface as usize).map(|m| m.colour);
            let look = style(&Face { normal, semantic, material });
            let look = look.map(|(colour, kind)| Paint { colour, kind, ..*paint });
            (*surface, normal, look)
        });
        current = Some((*surface, normal, look));
        let Some(look) = look else { continue };
        let key = normal.map(|c| (c * 127.0) as i8);
        let tint = u32::from_le_bytes([look.colour[0], look.colour[1], look.colour[2], look.kind as u8]);
        let [i, j, k] = corners.map(|v| {
            *numbers.entry((v, key, tint)).or_insert_with(|| b.vertex(points[v as usize], normal, 1.0, &look))
        });
        b.triangle(i, j, k);
    }
}

fn near(a: &[f32; 3], b: &[f32; 3]) -> bool {
    (0..3).all(|axis| (a[axis] - b[axis]).abs() < 0.02)
}

/// A building's surfaces from outside: walls with windows unless the model has its own, roofs, no undersides.
pub fn building_face(face: &Face<'_>, wall: [u8; 3], roof: [u8; 3], detailed: bool) -> Option<([u8; 3], Kind)> {
    let given = face.material.map(|m| [0, 1, 2].map(|c| (m[c] * 255.0) as u8));
    Some(match face.semantic {
        Some("GroundSurface") => return None,
        Some("Window") => ([118, 152, 178], Kind::Plain),
        Some("Door") => ([128, 96, 72], Kind::Plain),
        Some("RoofSurface" | "OuterFloorSurface" | "OuterCeilingSurface") => (given.unwrap_or(roof), Kind::Roof),
        Some("WallSurface") => (given.unwrap_or(wall), if detailed { Kind::Plain } else { Kind::Facade }),
        _ if face.normal[1] > 0.35 => (given.unwrap_or(roof), Kind::Roof),
        _ if face.normal[1] < -0.9 && !detailed => return None,
        _ => (given.unwrap_or(wall), if detailed { Kind::Plain } else { Kind::Facade }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{GeometryBuilder, GeometryKind, Lod};

    const PAINT: Paint = Paint { colour: [9; 3], kind: Kind::Plain, object: 3, foot: 0.0 };

    #[test]
    fn areas_face_up_whatever_their_winding_and_lie_on_the_ground() {
        let frame = SceneFrame::new([0.0; 3]);
        let ring = vec![[0.0, 0.0, 0.0], [0.0, 10.0, 0.0], [10.0, 10.0, 0.0], [10.0, 0.0, 0.0]];
        for ring in [ring.clone(), ring.into_iter().rev().collect()] {
            let mut builder = Builder::default();
            add_area(&mut builder, &Geometry::polygon(Lod::ZERO, &[ring]), &frame, &Ground::flat(4.0), 0.5, &PAINT);
            let mesh = builder.finish().unwrap();
            assert_eq!((mesh.vertices.len(), mesh.indices.len()), (4, 6));
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(mesh.indices[k]));
            assert!(cross(sub(b, a), sub(c, a))[1] > 0.0 && (a[1] - 4.5).abs() < 1e-5);
        }
    }

    #[test]
    fn a_block_has_walls_and_a_roof_and_no_underside() {
        let mut solid = GeometryBuilder::new(Lod::ONE, GeometryKind::Solid);
        let at = |x: f64, y: f64, z: f64| [x, y, z];
        solid.surface(&[vec![at(0., 0., 0.), at(0., 9., 0.), at(9., 9., 0.), at(9., 0., 0.)]], Some("GroundSurface"));
        solid.surface(&[vec![at(0., 0., 6.), at(9., 0., 6.), at(9., 9., 6.), at(0., 9., 6.)]], Some("RoofSurface"));
        solid.surface(&[vec![at(0., 0., 0.), at(9., 0., 0.), at(9., 0., 6.), at(0., 0., 6.)]], Some("WallSurface"));
        solid.end_shell().end_solid();
        let geometry = solid.build();
        let frame = SceneFrame::new([0.0; 3]);
        let points = placed(&geometry, &frame, &Ground::flat(0.0));
        let mut builder = Builder::default();
        add_solid(&mut builder, &geometry, &points, &PAINT, |face| building_face(face, [200; 3], [90; 3], false));
        let mesh = builder.finish().unwrap();
        assert_eq!(mesh.indices.len(), 12);
        let kinds: Vec<i8> = mesh.vertices.iter().map(|v| v.normal[3]).collect();
        assert_eq!(kinds.iter().filter(|k| **k == Kind::Roof as i8).count(), 4);
        assert_eq!(kinds.iter().filter(|k| **k == Kind::Facade as i8).count(), 4);
        let wall = mesh.vertices.iter().find(|v| v.normal[3] == Kind::Facade as i8).unwrap();
        assert_eq!(wall.normal[..3], [0, 0, 127], "the wall to the south looks south");
    }
}
