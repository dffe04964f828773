//! Multipolygons: joins member ways into rings by their shared end nodes, and sorts the rings into polygons with holes.
//!
//! Roles are not trusted: a ring inside an odd number of others is a hole, whatever it is called.

use super::model::Fixed;
use qike_core::fast_map::FastMap;

/// A closed ring of nodes, first and last the same.
pub type NodeRing = Vec<i64>;

/// What [`join`] made of the member ways.
#[derive(Debug, Default, PartialEq)]
pub struct Joined {
    /// Closed rings, in the order of their first member.
    pub rings: Vec<NodeRing>,
    /// Number of ways that belong to no closed ring.
    pub loose: usize,
}

/// Joins ways into rings. Deterministic: of several ways that could follow, the one listed first is taken.
pub fn join(ways: &[&[i64]]) -> Joined {
    let mut joined = Joined::default();
    let mut by_end: FastMap<i64, Vec<usize>> = FastMap::default();
    let mut used = vec![false; ways.len()];
    for (i, way) in ways.iter().enumerate() {
        match (way.first(), way.last()) {
            (Some(a), Some(b)) if a == b => {
                used[i] = true;
                if way.len() >= 4 { joined.rings.push(way.to_vec()) } else { joined.loose += 1 }
            }
            (Some(a), Some(b)) if way.len() >= 2 => {
                by_end.entry(*a).or_default().push(i);
                by_end.entry(*b).or_default().push(i);
            }
            _ => {
                used[i] = true;
                joined.loose += 1;
            }
        }
    }
    for i in 0..ways.len() {
        if used[i] {
            continue;
        }
        used[i] = true;
        let (mut ring, mut members) = (ways[i].to_vec(), 1);
        while ring.first() != ring.last() {
            let Some(&end) = ring.last() else { break };
            let next = by_end.get(&end).and_then(|at| at.iter().copied().find(|&j| !used[j]));
            let Some(j) = next else { break };
            used[j] = true;
            members += 1;
            if ways[j].first() == Some(&end) {
                ring.extend_from_slice(&ways[j][1..]);
            } else {
                ring.extend(ways[j].iter().rev().skip(1));
            }
        }
        if ring.first() == ring.last() && ring.len() >= 4 { joined.rings.push(ring) } else { joined.loose += members }
    }
    joined
}

/// A polygon: numbers of the exterior ring and of its holes.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    /// The ring around it.
    pub exterior: usize,
    /// The rings cut out of it.
    pub holes: Vec<usize>,
}

/// Sorts rings by which lies in which: even depth is an exterior, odd depth a hole of the smallest exterior around it.
pub fn nest(rings: &[Vec<Fixed>]) -> Vec<Polygon> {
    let boxes: Vec<[i32; 4]> = rings.iter().map(|r| bounds(r)).collect();
    let areas: Vec<f64> = rings.iter().map(|r| area2(r).abs()).collect();
    let around = |i: usize| -> Vec<usize> {
        let inside = |j: usize| {
            let (a, b) = (boxes[i], boxes[j]);
            j != i && areas[j] > areas[i] && b[0] <= a[0] && b[1] <= a[1] && b[2] >= a[2] && b[3] >= a[3] && lies_in(&rings[i], &rings[j])
        };
        (0..rings.len()).filter(|&j| inside(j)).collect()
    };
    let parents: Vec<Vec<usize>> = (0..rings.len()).map(around).collect();
    let mut polygons: Vec<Polygon> =
        (0..rings.len()).filter(|&i| parents[i].len().is_multiple_of(2)).map(|i| Polygon { exterior: i, holes: vec![] }).collect();
    for (i, around) in parents.iter().enumerate().filter(|(_, p)| p.len() % 2 == 1) {
        let nearest = around.iter().copied().filter(|&j| parents[j].len() + 1 == parents[i].len());
        let nearest = nearest.min_by(|&a, &b| areas[a].total_cmp(&areas[b]));
        if let Some(polygon) = polygons.iter_mut().find(|p| Some(p.exterior) == nearest) {
            polygon.holes.push(i);
        }
    }
    polygons
}

fn bounds(ring: &[Fixed]) -> [i32; 4] {
    ring.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// Twice the signed area; counter-clockwise is positive.
fn area2(ring: &[Fixed]) -> f64 {
    let Some(&o) = ring.first() else { return 0.0 };
    let at = |p: Fixed| [f64::from(p[0]) - f64::from(o[0]), f64::from(p[1]) - f64::from(o[1])];
    ring.windows(2).map(|w| (at(w[0]), at(w[1]))).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// Does `ring` lie in `other`? Told by its first vertex that is not a vertex of the other (rings may touch in nodes).
fn lies_in(ring: &[Fixed], other: &[Fixed]) -> bool {
    match ring.iter().find(|p| !other.contains(p)) {
        Some(p) => contains(other, [f64::from(p[0]), f64::from(p[1])]),
        None => false,
    }
}

/// Even-odd rule, for a closed ring.
fn contains(ring: &[Fixed], p: [f64; 2]) -> bool {
    let mut inside = false;
    for w in ring.windows(2) {
        let (a, b) = (w[0].map(f64::from), w[1].map(f64::from));
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i32, y: i32, half: i32) -> Vec<Fixed> {
        vec![[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half], [x - half, y - half]]
    }

    #[test]
    fn ways_in_any_direction_make_rings() {
        let joined = join(&[&[1, 2, 3], &[5, 4, 3], &[5, 1], &[10, 11, 12, 10], &[20, 21]]);
        assert_eq!(joined.rings, vec![vec![10, 11, 12, 10], vec![1, 2, 3, 4, 5, 1]]);
        assert_eq!(joined.loose, 1);
        assert_eq!(join(&[&[1, 1], &[], &[2]]), Joined { rings: vec![], loose: 3 });
    }

    #[test]
    fn an_island_in_a_lake_on_an_island() {
        let rings = vec![square(0, 0, 10), square(0, 0, 50), square(0, 0, 100), square(500, 0, 20), square(0, 0, 30)];
        let polygons = nest(&rings);
        let of = |exterior| polygons.iter().find(|p| p.exterior == exterior).map(|p| p.holes.clone());
        assert_eq!(of(2), Some(vec![1]));
        assert_eq!(of(4), Some(vec![0]));
        assert_eq!(of(3), Some(vec![]));
        assert_eq!(polygons.len(), 3);
    }
}
