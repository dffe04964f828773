//! Plane geometry of walkable ground: polygons into convex pieces, points in them, edges that touch.

use crate::shape::Point;
use qike_scene::triangulate::triangulate;
use qike_scene::{Geometry, Lod};
use std::collections::BTreeMap;

/// Twice the signed area of a triangle in plan: positive counter-clockwise.
#[inline]
pub(crate) fn cross(a: Point, b: Point, c: Point) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Signed area of a ring in plan.
pub(crate) fn signed_area(ring: &[Point]) -> f64 {
    let Some(first) = ring.first() else { return 0.0 };
    ring.windows(2).map(|w| cross(*first, w[0], w[1])).sum::<f64>() / 2.0
}

/// Area and centroid of a ring in plan; z is the mean of the corners.
pub(crate) fn centroid(ring: &[Point]) -> (f64, Point) {
    let Some(&o) = ring.first() else { return (0.0, [0.0; 3]) };
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for w in ring.windows(2) {
        let c = cross(o, w[0], w[1]);
        area += c;
        x += c * (w[0][0] + w[1][0] - 2.0 * o[0]);
        y += c * (w[0][1] + w[1][1] - 2.0 * o[1]);
    }
    let z = ring.iter().map(|p| p[2]).sum::<f64>() / ring.len() as f64;
    if area.abs() < 1e-12 {
        return (0.0, [o[0], o[1], z]);
    }
    (area / 2.0, [o[0] + x / (3.0 * area), o[1] + y / (3.0 * area), z])
}

/// Whether a point is in a convex counter-clockwise ring, or no further outside of it than `slack` metres from each edge's line.
pub(crate) fn in_convex(ring: &[Point], p: [f64; 2], slack: f64) -> bool {
    let q = [p[0], p[1], 0.0];
    (0..ring.len()).all(|i| {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        cross(a, b, q) >= -slack * crate::shape::distance(a, b)
    })
}

/// The part of segment a–b within `slack` of a convex ring, as shares of the segment.
pub(crate) fn clip(ring: &[Point], a: Point, b: Point, slack: f64) -> Option<(f64, f64)> {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for i in 0..ring.len() {
        let (u, v) = (ring[i], ring[(i + 1) % ring.len()]);
        let room = slack * crate::shape::distance(u, v);
        let (at_a, at_b) = (cross(u, v, a) + room, cross(u, v, b) + room);
        if at_a < 0.0 && at_b < 0.0 {
            return None;
        }
        if at_a < 0.0 {
            low = low.max(at_a / (at_a - at_b));
        } else if at_b < 0.0 {
            high = high.min(at_a / (at_a - at_b));
        }
    }
    (high > low).then_some((low, high))
}

/// The point of a convex ring nearest to `p` in plan (p itself where it is inside); z is left as it is.
pub(crate) fn clamp_into(ring: &[Point], p: Point) -> Point {
    if in_convex(ring, [p[0], p[1]], 0.0) {
        return p;
    }
    let mut best = (f64::INFINITY, p);
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        let (away, at) = crate::shape::project(&[a, b], [p[0], p[1]]);
        if away < best.0 {
            let q = crate::shape::pose(&[a, b], at).0;
            best = (away, [q[0], q[1], p[2]]);
        }
    }
    best.1
}

/// Distance in plan from a point to a convex ring, 0 inside.
pub(crate) fn distance_to(ring: &[Point], p: Point) -> f64 {
    crate::shape::distance(p, clamp_into(ring, p))
}

/// Convex hull, counter-clockwise.
pub(crate) fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup_by(|a, b| crate::shape::distance(*a, *b) < 1e-4);
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = &Point>| {
        let mut chain: Vec<Point> = vec![];
        for p in points {
            while chain.len() >= 2 && cross(chain[chain.len() - 2], chain[chain.len() - 1], *p) <= 1e-9 {
                chain.pop();
            }
            chain.push(*p);
        }
        chain.pop();
        chain
    };
    let mut ring = half(&mut sorted.iter());
    ring.extend(half(&mut sorted.iter().rev()));
    ring
}

/// A polygon as convex counter-clockwise pieces over one list of corners; neighbours share two corners.
pub(crate) struct Pieces {
    pub corners: Vec<Point>,
    pub pieces: Vec<Vec<u32>>,
}

/// Cuts a polygon with holes into convex pieces: triangles, merged over edges as long as the result stays convex
/// (Hertel and Mehlhorn, 1983: at most four times the least number).
pub(crate) fn convex(rings: &[Vec<Point>]) -> Pieces {
    let geometry = Geometry::polygon(Lod::ZERO, rings);
    let mut pieces: Vec<Vec<u32>> = triangulate(&geometry)
        .indices
        .iter()
        .map(|t| {
            let [a, b, c] = t.map(|i| geometry.vertices[i as usize]);
            if cross(a, b, c) >= 0.0 { t.to_vec() } else { vec![t[0], t[2], t[1]] }
        })
        .filter(|t| cross(geometry.vertices[t[0] as usize], geometry.vertices[t[1] as usize], geometry.vertices[t[2] as usize]) > 1e-6)
        .collect();
    let corners = geometry.vertices;
    // Each directed edge belongs to one piece; the neighbour has it the other way round.
    let mut owner: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (i, piece) in pieces.iter().enumerate() {
        owner.extend(edges(piece).map(|e| (e, i)));
    }
    let inner: Vec<(u32, u32)> = owner.keys().copied().filter(|(a, b)| a < b && owner.contains_key(&(*b, *a))).collect();
    for (a, b) in inner {
        let (Some(&i), Some(&j)) = (owner.get(&(a, b)), owner.get(&(b, a))) else { continue };
        if i == j {
            continue;
        }
        let Some(merged) = merge(&pieces[i], &pieces[j], a, b) else { continue };
        let ring: Vec<Point> = merged.iter().map(|k| corners[*k as usize]).collect();
        let n = ring.len();
        if (0..n).all(|k| cross(ring[k], ring[(k + 1) % n], ring[(k + 2) % n]) > -1e-9) {
            owner.remove(&(a, b));
            owner.remove(&(b, a));
            owner.extend(edges(&merged).map(|e| (e, i)));
            pieces[i] = merged;
            pieces[j].clear();
        }
    }
    pieces.retain(|p| p.len() >= 3);
    Pieces { corners, pieces }
}

pub(crate) fn edges(piece: &[u32]) -> impl Iterator<Item = (u32, u32)> + '_ {
    (0..piece.len()).map(|i| (piece[i], piece[(i + 1) % piece.len()]))
}

/// The ring of two pieces that share the edge a–b (in this direction in the first).
fn merge(first: &[u32], second: &[u32], a: u32, b: u32) -> Option<Vec<u32>> {
    let rotated = |piece: &[u32], start: u32| -> Option<Vec<u32>> {
        let at = piece.iter().position(|k| *k == start)?;
        Some(piece[at..].iter().chain(&piece[..at]).copied().collect())
    };
    // From b round the first to a, then round the second from a to b without those two.
    let mut ring = rotated(first, b)?;
    let other = rotated(second, a)?;
    if ring.last() != Some(&a) || other.last() != Some(&b) {
        return None;
    }
    ring.extend(&other[1..other.len() - 1]);
    let mut unique = ring.clone();
    unique.sort_unstable();
    unique.dedup();
    (unique.len() == ring.len()).then_some(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_l_shape_with_a_hole_becomes_convex_pieces_of_the_same_area() {
        let l = vec![[0., 0., 0.], [10., 0., 0.], [10., 4., 0.], [4., 4., 0.], [4., 10., 0.], [0., 10., 0.]];
        let hole = vec![[1., 1., 0.], [1., 2., 0.], [2., 2., 0.], [2., 1., 0.]];
        for (rings, area, most) in [(vec![l.clone()], 64.0, 3), (vec![l, hole], 63.0, 8)] {
            let cut = convex(&rings);
            let ring = |p: &Vec<u32>| p.iter().map(|k| cut.corners[*k as usize]).collect::<Vec<_>>();
            let total: f64 = cut.pieces.iter().map(|p| signed_area(&ring(p))).sum();
            assert!((total - area).abs() < 1e-6 && cut.pieces.len() <= most, "{total} {}", cut.pieces.len());
        }
    }

    #[test]
    fn clipping_and_clamping() {
        let square = [[0., 0., 0.], [4., 0., 0.], [4., 4., 0.], [0., 4., 0.]];
        assert_eq!(clip(&square, [-4., 2., 0.], [4., 2., 0.], 0.0), Some((0.5, 1.0)));
        assert_eq!(clip(&square, [-4., 5., 0.], [4., 5., 0.], 0.0), None);
        assert!(clip(&square, [0., 4.3, 0.], [4., 4.3, 0.], 0.5).is_some());
        assert_eq!(clamp_into(&square, [6., 2., 1.]), [4., 2., 1.]);
        assert_eq!(hull(&[[1., 1., 0.], square[0], square[1], square[2], square[3]]).len(), 4);
    }
}
