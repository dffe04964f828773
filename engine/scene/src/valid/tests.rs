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
    assert_eq!(pair(9.0), [503]);
    // Only an edge in common.
    assert_eq!(codes(GeometryKind::CompositeSolid, &[vec![outer()], vec![cuboid([4.0, 4.0, 0.0], [5.0, 5.0, 4.0])]]), [503]);
    assert_eq!(codes(GeometryKind::Solid, &[vec![]]), [902]);
    // A third solid joins the two others.
    let chain = [vec![outer()], vec![cuboid([8.0, 0.0, 0.0], [9.0, 4.0, 4.0])], vec![cuboid([4.0, 0.0, 0.0], [8.0, 4.0, 4.0])]];
    assert!(codes(GeometryKind::CompositeSolid, &chain).is_empty());
}

/// Bars that cross like a plus: no corner of one is in the other.
#[test]
fn bars_that_cross_overlap_also_at_one_height() {
    let bar = || cuboid([0.0, 4.0, 0.0], [10.0, 6.0, 2.0]);
    let across = |low: f64, high: f64| cuboid([4.0, 0.0, low], [6.0, 10.0, high]);
    for (low, high, expected) in [(0.0, 2.0, vec![501]), (0.5, 1.5, vec![501]), (-1.0, 3.0, vec![501]), (2.0, 3.0, vec![]), (2.5, 3.0, vec![503])] {
        assert_eq!(codes(GeometryKind::CompositeSolid, &[vec![bar()], vec![across(low, high)]]), expected, "{low} to {high}");
    }
}

#[test]
fn rooms_may_reach_into_one_another_as_deep_as_is_allowed() {
    let room = |id: &str, min: f64| {
        let mut b = GeometryBuilder::new(Lod::THREE, GeometryKind::Solid);
        for face in cuboid([min, 0.0, 0.0], [min + 4.0, 4.0, 3.0]) {
            b.surface(&[face], None);
        }
        let mut object = crate::CityObject::new(id, crate::Class::BuildingRoom, crate::SourceId(0));
        object.geometries.push(b.build());
        object
    };
    let (a, b, c) = (room("a", 0.0), room("b", 3.95), room("c", 7.95));
    let overlaps = |allowed: f64| {
        let tolerances = Tolerances { overlap_m: allowed, ..Tolerances::default() };
        let found = together::check(&[&a, &b, &c], together::Kind::Rooms, &tolerances);
        found.into_iter().map(|o| (o.object, o.fault.code)).collect::<Vec<_>>()
    };
    assert_eq!(overlaps(-1.0), [(1, 701)]);
    assert!(overlaps(0.06).is_empty());
}

/// A torus glued with a twist has one side only; a box with a face turned has two.
#[test]
fn surfaces_with_one_side_are_no_shells() {
    // Klein's bottle as a grid of 4 × 4 squares in abstract positions: only the order of corners counts here.
    let at = |i: usize, j: usize| {
        let (i, j) = if i == 4 { (0, (4 - j) % 4) } else { (i, j % 4) };
        let (u, v) = (i as f64 * 1.57, j as f64 * 1.57);
        [(3.0 + v.cos()) * u.cos() * 10.0, (3.0 + v.cos()) * u.sin() * 10.0, v.sin() * 10.0 + 0.1 * i as f64]
    };
    let mut faces: Vec<Ring> = Vec::new();
    for i in 0..4 {
        for j in 0..4 {
            let (a, b, c, d) = (at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1));
            faces.extend([vec![a, b, c], vec![a, c, d]]);
        }
    }
    assert_eq!(codes(GeometryKind::Solid, &[vec![faces]]), [300]);
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

fn solid_of(faces: &[Ring]) -> Geometry {
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    for face in faces {
        b.surface(std::slice::from_ref(face), Some("WallSurface"));
    }
    b.build()
}

#[test]
fn each_repair_mends_its_fault_and_leaves_the_rest() {
    use repair::{Repair, repair};
    let good = cuboid([0.0; 3], [4.0, 3.0, 5.0]);
    let done = |g: &Geometry| repair(g, &Repair::ALL, &Tolerances::default()).map(|r| r.steps.iter().map(|(repair, n)| (repair.name(), *n)).collect::<Vec<_>>());
    assert_eq!(done(&solid_of(&good)), None, "nothing is wrong");
    assert_eq!(done(&solid_of(&inwards(good.clone()))), Some(vec![("flip-shell", 1)]));
    let mut turned = good.clone();
    turned[1].reverse();
    assert_eq!(done(&solid_of(&turned)), Some(vec![("orient-faces", 1)]));
    turned[0].reverse();
    turned[2].reverse();
    turned[3].reverse();
    assert!(done(&solid_of(&turned)).is_some_and(|steps| steps[0].0 == "orient-faces"));
    let twice: Vec<Ring> = good.iter().chain(&good[2..3]).cloned().collect();
    assert_eq!(done(&solid_of(&twice)), Some(vec![("drop-duplicate-faces", 1)]));
    let mut stutter = good.clone();
    let corner = stutter[0][0];
    stutter[0].insert(0, corner);
    // The builder opens rings, so that the corner stands in the middle.
    stutter[0].rotate_left(2);
    assert_eq!(done(&solid_of(&stutter)), Some(vec![("drop-duplicate-vertices", 1)]));
    let bent = |faces: &[Ring]| -> Vec<Ring> {
        let lift = |p: &[f64; 3]| if (p[0], p[1], p[2]) == (684_004.0, 3_420_003.0, 5.0) { [p[0], p[1], 5.4] } else { *p };
        faces.iter().map(|face| face.iter().map(lift).collect()).collect()
    };
    let fixed = repair(&solid_of(&bent(&good)), &Repair::ALL, &Tolerances::default()).unwrap();
    assert_eq!(fixed.steps, [(Repair::SplitNonPlanar, 1)]);
    assert_eq!((fixed.geometry.surface_ends.len(), fixed.geometry.surface_semantic.len()), (7, 7));
    assert!(check(&fixed.geometry, &Tolerances::default()).is_empty());
    // Two faults at once, and one that no repair mends.
    assert!(done(&solid_of(&inwards(bent(&good)))).is_some_and(|steps| steps.len() == 2));
    assert_eq!(done(&solid_of(&good[1..])), None);
    assert_eq!(repair(&solid_of(&inwards(good)), &[Repair::OrientFaces], &Tolerances::default()), None, "only what is allowed");
}
