use super::*;
use crate::{GeometryBuilder, Lod};

type Ring = Vec<[f64; 3]>;

/// A box with surfaces that look outwards, far from the origin as real coordinates are.
fn cuboid(min: [f64; 3], max: [f64; 3]) -> Vec<Ring> {
    let p = |x: usize, y: usize, z: usize| {
        let pick = |k: usize, far: usize| if far == 1 { max[k] } else { min[k] };
        [684_000.0 + pick(0, x), 3_420_000.0 + pick(1, y), pick(2, z)]
    };
    let (a, b, c, d) = (p(0, 0, 0), p(1, 0, 0), p(1, 1, 0), p(0, 1, 0));
    let (e, f, g, h) = (p(0, 0, 1), p(1, 0, 1), p(1, 1, 1), p(0, 1, 1));
    vec![vec![a, d, c, b], vec![e, f, g, h], vec![a, b, f, e], vec![b, c, g, f], vec![c, d, h, g], vec![d, a, e, h]]
}

fn inwards(faces: Vec<Ring>) -> Vec<Ring> {
    faces.into_iter().map(|face| face.into_iter().rev().collect()).collect()
}

/// The codes of solids, each of shells, each of faces.
fn codes(kind: GeometryKind, solids: &[Vec<Vec<Ring>>]) -> Vec<u16> {
    let mut b = GeometryBuilder::new(Lod::TWO, kind);
    for shells in solids {
        for shell in shells {
            for face in shell {
                b.surface(std::slice::from_ref(face), None);
            }
            b.end_shell();
        }
        b.end_solid();
    }
    check(&b.build(), &Tolerances::default()).into_iter().map(|f| f.code).collect()
}

fn polygon(rings: &[Ring]) -> Vec<u16> {
    check(&Geometry::polygon(Lod::TWO, rings), &Tolerances::default()).into_iter().map(|f| f.code).collect()
}

fn flat(points: &[(f64, f64)]) -> Ring {
    points.iter().map(|(x, y)| [*x, *y, 5.0]).collect()
}

#[test]
fn boxes_and_their_faults() {
    let good = cuboid([0.0; 3], [4.0, 3.0, 5.0]);
    let solid = |faces: &[Ring]| codes(GeometryKind::Solid, &[vec![faces.to_vec()]]);
    assert!(solid(&good).is_empty());
    assert_eq!(solid(&good[1..]), [302]);
    assert_eq!(solid(&good[..3]), [301]);
    let mut turned = good.clone();
    turned[1].reverse();
    assert_eq!(solid(&turned), [307]);
    assert_eq!(solid(&inwards(good.clone())), [405]);
    let twice: Vec<Ring> = good.iter().chain(&good[..1]).cloned().collect();
    assert_eq!(solid(&twice), [303]);
    let apart: Vec<Ring> = good.iter().cloned().chain(cuboid([9.0, 0.0, 0.0], [10.0, 1.0, 1.0])).collect();
    assert_eq!(solid(&apart), [305]);
    // Two boxes that have one corner in common.
    let pinched: Vec<Ring> = good.iter().cloned().chain(cuboid([4.0, 3.0, 5.0], [5.0, 4.0, 6.0])).collect();
    assert_eq!(solid(&pinched), [303]);
}

#[test]
fn hollows_and_composites() {
    let outer = || cuboid([0.0; 3], [4.0; 3]);
    let hollow = |min: f64, max: f64| codes(GeometryKind::Solid, &[vec![outer(), inwards(cuboid([min; 3], [max; 3]))]]);
    assert!(hollow(1.0, 2.0).is_empty());
    assert_eq!(hollow(3.0, 5.0), [401]);
    assert_eq!(hollow(5.0, 6.0), [403]);
    assert_eq!(codes(GeometryKind::Solid, &[vec![outer(), cuboid([1.0; 3], [2.0; 3])]]), [405]);
    assert_eq!(codes(GeometryKind::Solid, &[vec![outer(), outer()]]), [402, 405]);
    let pair = |min: f64| codes(GeometryKind::CompositeSolid, &[vec![outer()], vec![cuboid([min, 0.0, 0.0], [min + 4.0, 4.0, 4.0])]]);
    assert!(pair(4.0).is_empty(), "a common wall");
    assert_eq!(pair(3.0), [501]);
    assert_eq!(pair(0.0), [502]);
}

#[test]
fn rings_and_polygons() {
    let square = flat(&[(0., 0.), (10., 0.), (10., 10.), (0., 10.)]);
    let hole = |x: f64, y: f64, side: f64| flat(&[(x, y), (x, y + side), (x + side, y + side), (x + side, y)]);
    assert!(polygon(&[square.clone(), hole(2.0, 2.0, 2.0)]).is_empty());
    assert!(polygon(&[square.clone(), hole(0.0, 2.0, 2.0)]) == [201], "along the rim");
    assert_eq!(polygon(&[square[..2].to_vec()]), [101]);
    assert_eq!(polygon(&[flat(&[(0., 0.), (0., 0.), (4., 0.), (4., 3.)])]), [102]);
    assert_eq!(polygon(&[flat(&[(0., 0.), (4., 0.), (4., 3.), (2., -1.), (0., 3.)])]), [104]);
    assert_eq!(polygon(&[flat(&[(0., 0.), (4., 0.), (8., 0.)])]), [104], "no area");
    assert_eq!(polygon(&[flat(&[(0., 0.), (4., 0.), (4., 3.), (4., 6.), (4., 3.), (0., 3.)])]), [104], "a spike");
    let mut bent = square.clone();
    bent[2][2] += 0.1;
    assert_eq!(polygon(&[bent]), [203]);
    assert_eq!(polygon(&[square.clone(), hole(8.0, 8.0, 4.0)]), [201]);
    assert_eq!(polygon(&[square.clone(), hole(2.0, 2.0, 2.0), hole(2.0, 2.0, 2.0)]), [202]);
    assert_eq!(polygon(&[square.clone(), hole(12.0, 2.0, 2.0)]), [206]);
    assert_eq!(polygon(&[square.clone(), hole(2.0, 2.0, 6.0), hole(3.0, 3.0, 2.0)]), [207]);
    let same_way: Ring = hole(2.0, 2.0, 2.0).into_iter().rev().collect();
    assert_eq!(polygon(&[square.clone(), same_way]), [208]);
    // Two holes that reach from one side to the other.
    let left = flat(&[(0., 5.), (5., 6.), (5., 5.)]);
    let right = flat(&[(5., 5.), (5.5, 6.), (10., 5.)]);
    assert_eq!(polygon(&[square.clone(), left.clone(), right]), [205]);
    assert!(polygon(&[square, left]).is_empty(), "one that touches at a point");
}
