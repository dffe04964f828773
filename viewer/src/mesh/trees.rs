//! Trees: a trunk and a crown of few triangles, merged into the mesh of their tile.

use super::{Builder, Kind, Paint, chance, unit};
use crate::model::palette;
use qike_scene::{CityObject, ObjectIx};

/// How much of a tree is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A trunk and a round crown.
    Full,
    /// A crown of eight triangles, for far away and for woods.
    Simple,
}

/// Adds one tree that stands at `p`. Its size comes from its attributes, else by chance from `index`; `ix` is the object.
pub fn add_tree(b: &mut Builder, object: &CityObject, ix: ObjectIx, index: u32, p: [f32; 3], detail: Detail) {
    let species = format!("{} {}", object.str("species").unwrap_or_default(), object.str("genus").unwrap_or_default());
    let needles = object.str("leaf_type") == Some("needleleaved")
        || ["Metasequoia", "Pinus", "Taxodium", "Cedrus"].iter().any(|genus| species.contains(genus));
    let height = object.number("height").map(|h| h as f32).filter(|h| (1.0..60.0).contains(h));
    let height = height.unwrap_or(6.5 + 4.0 * chance(index, 1));
    let radius = object.number("diameter_crown").map(|d| d as f32 / 2.0).filter(|r| (0.4..15.0).contains(r));
    let radius = radius.unwrap_or(height * if needles { 0.2 } else { 0.34 } * (0.9 + 0.25 * chance(index, 2)));
    let trunk = if needles { height * 0.12 } else { height * 0.3 };
    let green: [[u8; 3]; 4] = if needles {
        [[74, 118, 84], [82, 126, 86], [68, 110, 82], [90, 130, 84]]
    } else {
        [[110, 154, 76], [124, 164, 82], [98, 146, 78], [136, 168, 84]]
    };
    let colour = green[((chance(index, 6) * 4.0) as usize).min(3)];
    let leaves = Paint { colour, kind: Kind::Leaves, object: ix.0, foot: p[1] };
    let turn = chance(index, 7) * 6.0;
    if detail == Detail::Simple {
        let low = if needles { 0.1 } else { 0.2 };
        crown(b, [p[0], p[1] + height * low, p[2]], height * (1.0 - low), radius, &[(0.4, 1.0)], 4, turn, &leaves);
        return;
    }
    let bark = Paint { colour: palette::TRUNK, kind: Kind::Plain, object: ix.0, foot: p[1] };
    b.cuboid(p, [-0.14, 0.0, -0.14], [0.14, trunk + 0.4, 0.14], turn, &bark);
    // Rings of the crown: height and radius as parts of the crown's.
    let rings: &[(f32, f32)] = if needles { &[(0.05, 1.0), (0.5, 0.55)] } else { &[(0.22, 0.86), (0.62, 1.0), (0.9, 0.55)] };
    crown(b, [p[0], p[1] + trunk, p[2]], height - trunk, radius, rings, 6, turn, &leaves);
}

/// A closed crown of rings with `sides` corners between a lowest and a highest point.
#[expect(clippy::too_many_arguments, reason = "they are one shape, used twice above")]
fn crown(b: &mut Builder, foot: [f32; 3], height: f32, radius: f32, rings: &[(f32, f32)], sides: usize, turn: f32, paint: &Paint) {
    let mut vertex = |part: f32, wide: f32, side: usize| {
        let (sin, cos) = (turn + side as f32 / sides as f32 * std::f32::consts::TAU).sin_cos();
        let p = [foot[0] + cos * radius * wide, foot[1] + height * part, foot[2] + sin * radius * wide];
        b.vertex(p, unit([cos * wide, (part - 0.4) * 1.6, sin * wide]), 0.62 + 0.38 * part, paint)
    };
    let bottom = vertex(0.0, 0.0, 0);
    let top = vertex(1.0, 0.0, 0);
    let rows: Vec<Vec<u32>> = rings.iter().map(|(part, wide)| (0..sides).map(|s| vertex(*part, *wide, s)).collect()).collect();
    for side in 0..sides {
        let next = (side + 1) % sides;
        if let (Some(low), Some(high)) = (rows.first(), rows.last()) {
            b.triangle(bottom, low[side], low[next]);
            b.triangle(top, high[next], high[side]);
        }
        for pair in rows.windows(2) {
            b.triangle(pair[0][side], pair[1][side], pair[1][next]);
            b.triangle(pair[0][side], pair[1][next], pair[0][next]);
        }
    }
}

/// Places of the trees that stand for a wood: on a jittered grid of `spacing` metres inside the triangles given.
pub fn scatter(triangles: &[[[f32; 3]; 3]], spacing: f32, limit: usize) -> Vec<[f32; 3]> {
    let mut places = Vec::new();
    for t in triangles {
        let low = |axis: usize| t.iter().map(|p| p[axis]).fold(f32::INFINITY, f32::min);
        let high = |axis: usize| t.iter().map(|p| p[axis]).fold(f32::NEG_INFINITY, f32::max);
        let cells = |axis: usize| (low(axis) / spacing).floor() as i64..=(high(axis) / spacing).ceil() as i64;
        for (i, j) in cells(0).flat_map(|i| cells(2).map(move |j| (i, j))) {
            let salt = (i as u32).wrapping_mul(73_856_093) ^ (j as u32).wrapping_mul(19_349_663);
            let x = (i as f32 + 0.8 * chance(salt, 1)) * spacing;
            let z = (j as f32 + 0.8 * chance(salt, 2)) * spacing;
            if let Some(y) = height_in(t, x, z) {
                places.push([x, y, z]);
                if places.len() >= limit {
                    return places;
                }
            }
        }
    }
    places
}

fn height_in(t: &[[f32; 3]; 3], x: f32, z: f32) -> Option<f32> {
    let [a, b, c] = t;
    let area = (b[0] - a[0]) * (c[2] - a[2]) - (c[0] - a[0]) * (b[2] - a[2]);
    let weight = |p: &[f32; 3], q: &[f32; 3]| ((q[0] - p[0]) * (z - p[2]) - (x - p[0]) * (q[2] - p[2])) / area;
    let (wa, wb, wc) = (weight(b, c), weight(c, a), weight(a, b));
    (wa >= 0.0 && wb >= 0.0 && wc >= 0.0).then(|| wa * a[1] + wb * b[1] + wc * c[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{cross, dot, sub};
    use qike_scene::{Class, SourceId};

    #[test]
    fn a_tree_is_as_high_as_it_says_and_closed_to_the_outside() {
        let mut object = CityObject::new("t", Class::SolitaryVegetationObject, SourceId(0));
        object.attributes.insert("height".into(), "9".into());
        let mut builder = Builder::default();
        add_tree(&mut builder, &object, ObjectIx(5), 5, [10.0, 2.0, 3.0], Detail::Full);
        let mesh = builder.finish().unwrap();
        assert!((mesh.min[1] - 2.0).abs() < 1e-4 && (mesh.size[1] - 9.0).abs() < 1e-3);
        for t in mesh.indices.chunks(3).filter(|t| mesh.vertices[t[0] as usize].normal[3] == Kind::Leaves as i8) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(t[k]));
            assert!(dot(cross(sub(b, a), sub(c, a)), sub(a, [10.0, 8.0, 3.0])) > 0.0);
        }
    }

    #[test]
    fn scattered_trees_stay_inside_and_in_place() {
        let t = [[[0.0, 1.0, 0.0], [100.0, 1.0, 0.0], [0.0, 1.0, 100.0]]];
        let places = scatter(&t, 8.0, 10_000);
        assert!((60..110).contains(&places.len()), "{}", places.len());
        assert!(places.iter().all(|p| p[0] + p[2] <= 100.001 && (p[1] - 1.0).abs() < 1e-4));
        assert_eq!(places, scatter(&t, 8.0, 10_000));
    }
}
