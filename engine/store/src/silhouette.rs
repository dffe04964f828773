//! What a triangle mesh covers when seen from above.
//!
//! Where two triangles meet, the edge between them bounds nothing: laid anticlockwise, one runs along it forwards and the other
//! backwards. What is left when such pairs are struck out are closed outlines, few beside the triangles; how often they wind
//! around a place is the number of triangles above it, so the places around which they wind at all are the plan.

use crate::footprint::LEAST_AREA;
use geo::algorithm::bool_ops::FillRule;
use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
use qike_scene::Geometry;
use std::collections::{BTreeMap, HashMap};

/// Corners within this (metres) of each other are one: exporters round the same corner differently in each face.
const WELD: f64 = 1e-4;
/// Above this number of edges in the outlines the overlay of them takes longer than the plan is worth.
const EDGE_LIMIT: usize = 4096;

/// A corner in multiples of [`WELD`].
type Corner = [i64; 2];

/// The area a mesh covers; `None` where that is nothing (a wall, seen edge-on) or its outlines have too many edges.
///
/// A closed mesh covers what its faces towards the ground cover; of one that is open, or whose faces point anywhere, all faces
/// count.
pub(crate) fn silhouette(g: &Geometry) -> Option<MultiPolygon> {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let (mut up_area, mut down_area) = (0.0, 0.0);
    for corners in g.indices.chunks_exact(3) {
        let [Some(a), Some(b), Some(c)] = [0, 1, 2].map(|i| g.vertices.get(corners[i] as usize)) else { continue };
        let area = 0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
        if area.abs() <= LEAST_AREA {
            continue;
        }
        let [a, b, c] = [a, b, c].map(weld);
        if area > 0.0 {
            up.push([a, b, c]);
            up_area += area;
        } else {
            down.push([a, c, b]);
            down_area -= area;
        }
    }
    let closed = (up_area - down_area).abs() <= 1e-3 * (up_area + down_area);
    let mut faces = down;
    if !closed || faces.is_empty() {
        faces.append(&mut up);
    }
    let edges = boundary(&faces);
    if edges.is_empty() || edges.len() > EDGE_LIMIT {
        return None;
    }
    let outlines = MultiPolygon(trace(&edges).into_iter().map(|o| Polygon::new(o, vec![])).collect());
    let union = outlines.union_with_fill_rule(&MultiPolygon(vec![]), FillRule::NonZero);
    (union.unsigned_area() > LEAST_AREA).then_some(union)
}

fn weld(v: &[f64; 3]) -> Corner {
    [v[0], v[1]].map(|c| (c / WELD).round() as i64)
}

fn coord(corner: Corner) -> Coord {
    // By division, so that 12.3 is 12.3 again.
    let [x, y] = corner.map(|c| c as f64 / WELD.recip());
    Coord { x, y }
}

/// The directed edges of anticlockwise triangles that no triangle runs along backwards, each as often as it is left over.
fn boundary(faces: &[[Corner; 3]]) -> Vec<(Corner, Corner)> {
    let mut net: HashMap<(Corner, Corner), i32> = HashMap::with_capacity(faces.len() * 2);
    for &[a, b, c] in faces {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            match from.cmp(&to) {
                std::cmp::Ordering::Less => *net.entry((from, to)).or_default() += 1,
                std::cmp::Ordering::Greater => *net.entry((to, from)).or_default() -= 1,
                std::cmp::Ordering::Equal => {}
            }
        }
    }
    let mut edges: Vec<(Corner, Corner)> = net
        .into_iter()
        .flat_map(|((a, b), n)| std::iter::repeat_n(if n > 0 { (a, b) } else { (b, a) }, n.unsigned_abs() as usize))
        .collect();
    edges.sort_unstable();
    edges
}

/// Closed outlines that run along every edge once. As many edges enter a corner as leave it, so a walk ends where it began.
fn trace(edges: &[(Corner, Corner)]) -> Vec<LineString> {
    let mut leaving: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for &(from, to) in edges {
        leaving.entry(from).or_default().push(to);
    }
    let mut outlines = Vec::new();
    for start in edges.iter().map(|e| e.0) {
        let mut outline = vec![coord(start)];
        let mut at = start;
        while let Some(next) = leaving.get_mut(&at).and_then(Vec::pop) {
            outline.push(coord(next));
            at = next;
        }
        if outline.len() > 3 {
            outlines.push(LineString(outline));
        }
    }
    outlines
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::Lod;

    /// Closed boxes from corner to corner, each with vertices of its own.
    fn boxes(of: &[([f64; 3], [f64; 3])]) -> Geometry {
        let (mut vertices, mut indices) = (Vec::new(), Vec::new());
        for (low, high) in of {
            let first = vertices.len() as u32;
            for corner in 0..8 {
                vertices.push([0, 1, 2].map(|axis| if corner >> axis & 1 == 0 { low[axis] } else { high[axis] }));
            }
            let faces = [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4], [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]];
            indices.extend(faces.iter().flatten().map(|i| first + i));
        }
        Geometry::mesh(Lod::THREE, vertices, indices)
    }

    #[test]
    fn the_edges_between_triangles_bound_nothing() {
        // A floor of 100 by 100 squares, cut into 20,000 triangles, with one square missing.
        let n = 100u32;
        let vertices = (0..=n).flat_map(|y| (0..=n).map(move |x| [f64::from(x), f64::from(y), 0.0])).collect();
        let at = |x: u32, y: u32| y * (n + 1) + x;
        let squares = (0..n * n).map(|i| (i % n, i / n)).filter(|s| *s != (40, 40));
        let indices = squares.flat_map(|(x, y)| [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y), at(x + 1, y + 1), at(x, y + 1)]).collect();
        let plan = silhouette(&Geometry::mesh(Lod::THREE, vertices, indices)).unwrap();
        assert_eq!((plan.0.len(), plan.0[0].interiors().len()), (1, 1));
        assert_eq!(plan.unsigned_area(), 9999.0);
        assert_eq!(plan.0[0].exterior().0.len(), 5, "{plan:?}");
    }

    #[test]
    fn what_lies_over_each_other_counts_once() {
        let stair: Vec<_> = (0..30).map(|i| (f64::from(i) * 0.3, f64::from(i) * 0.17)).map(|(x, z)| ([x, 0.0, 0.0], [x + 0.35, 1.2, z + 0.17])).collect();
        let plan = silhouette(&boxes(&stair)).unwrap();
        assert_eq!(plan.0.len(), 1);
        assert!((plan.unsigned_area() - 1.2 * (29.0 * 0.3 + 0.35)).abs() < 1e-6, "{}", plan.unsigned_area());
        // Two that meet in an edge are one area, two apart are two, one within another is nothing more.
        let two = [([0.0; 3], [1.0; 3]), ([1.0, 0.0, 0.0], [2.0, 1.0, 1.0]), ([5.0, 0.0, 0.0], [6.0, 1.0, 1.0]), ([5.2, 0.2, 2.0], [5.4, 0.4, 3.0])];
        let plan = silhouette(&boxes(&two)).unwrap();
        assert_eq!((plan.0.len(), plan.unsigned_area()), (2, 3.0));
    }

    #[test]
    fn corners_that_differ_by_rounding_are_one() {
        let mut mesh = boxes(&[([0.0; 3], [1.0; 3]), ([1.0, 0.0, 0.0], [2.0, 1.0, 1.0])]);
        for (i, v) in mesh.vertices.iter_mut().enumerate() {
            v[0] += 1e-6 * (i % 3) as f64;
        }
        let plan = silhouette(&mesh).unwrap();
        assert_eq!((plan.0.len(), plan.0[0].exterior().0.len()), (1, 5));
    }

    #[test]
    fn a_wall_seen_edge_on_covers_nothing() {
        let wall = Geometry::mesh(Lod::THREE, vec![[0.0, 0.0, 0.0], [4.0, 3.0, 0.0], [4.0, 3.0, 5.0]], vec![0, 1, 2]);
        assert_eq!(silhouette(&wall), None);
    }
}
