//! An area of a road map: polygons in the map's coordinates, within which something holds.

use super::{EdgeKind, RoadMap};
use serde::{Deserialize, Serialize};

/// Corners that an area may have in all: crossings are looked for pair by pair.
const MOST_CORNERS: usize = 10_000;

/// Polygons, each a ring and the holes in it; rings are not closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    polygons: Vec<Vec<Vec<[f64; 2]>>>,
}

/// Why a polygon is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AreaError {
    /// There is none at all.
    #[error("there is no polygon in it")]
    Empty,
    /// A ring of too few corners.
    #[error("a ring of it has {0} corners; it takes three that differ")]
    Few(usize),
    /// Too many corners.
    #[error("it has {0} corners; {MOST_CORNERS} are the most")]
    Many(usize),
    /// A coordinate that is no number.
    #[error("corner {0} has no finite coordinates")]
    NoNumber(usize),
    /// Two sides of a ring meet.
    #[error("its sides cross each other: that from ({:.2}, {:.2}) to ({:.2}, {:.2}) and that from ({:.2}, {:.2}) to ({:.2}, {:.2})", .0[0][0], .0[0][1], .0[1][0], .0[1][1], .1[0][0], .1[0][1], .1[1][0], .1[1][1])]
    Crossing([[f64; 2]; 2], [[f64; 2]; 2]),
    /// All corners on a line.
    #[error("its corners lie on a line, so that there is nothing within")]
    Flat,
    /// Text that is no list of corners.
    #[error("'{0}' is no corner: write x,y x,y x,y, numbers with a point")]
    Text(String),
}

impl Area {
    /// Of polygons, each a ring and the holes in it, closed or not.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn new(mut polygons: Vec<Vec<Vec<[f64; 2]>>>) -> Result<Self, AreaError> {
        polygons.retain(|rings| !rings.is_empty());
        if polygons.is_empty() {
            return Err(AreaError::Empty);
        }
        let corners: usize = polygons.iter().flatten().map(Vec::len).sum();
        if corners > MOST_CORNERS {
            return Err(AreaError::Many(corners));
        }
        for ring in polygons.iter_mut().flatten() {
            if let Some(n) = ring.iter().position(|p| !p.iter().all(|c| c.is_finite() && c.abs() < 1e12)) {
                return Err(AreaError::NoNumber(n + 1));
            }
            ring.dedup();
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            sound(ring)?;
        }
        Ok(Self { polygons })
    }

    /// Of a text: `x,y x,y x,y …`.
    ///
    /// # Errors
    /// Text that is no corner; a polygon that is none.
    pub fn parse(text: &str) -> Result<Self, AreaError> {
        let corner = |word: &str| {
            let (x, y) = word.split_once(',')?;
            Some([x.trim().parse().ok()?, y.trim().parse().ok()?])
        };
        let ring = text.split_whitespace().map(|word| corner(word).ok_or_else(|| AreaError::Text(word.chars().take(40).collect()))).collect::<Result<Vec<_>, _>>()?;
        Self::new(if ring.is_empty() { Vec::new() } else { vec![vec![ring]] })
    }

    /// Whether a point lies within.
    pub fn contains(&self, p: [f64; 2]) -> bool {
        self.polygons.iter().any(|rings| rings.iter().filter(|ring| is_within(ring, p)).count() % 2 == 1)
    }

    /// Smallest and greatest coordinates.
    pub fn bounds(&self) -> [[f64; 2]; 2] {
        bounds(self.polygons.iter().flatten().flatten().copied())
    }

    /// The polygons: each a ring and the holes in it.
    pub fn polygons(&self) -> &[Vec<Vec<[f64; 2]>>] {
        &self.polygons
    }

    /// By junction of a map, whether it lies within.
    pub fn junctions(&self, map: &RoadMap) -> Vec<bool> {
        map.junctions.iter().map(|j| self.contains([j.position[0], j.position[1]])).collect()
    }

    /// What is doubtful about an area of this map, in words: none of the map is there, or no street ends there.
    ///
    /// # Errors
    /// Always that.
    pub fn check(&self, map: &RoadMap) -> Result<(), String> {
        let streets = || map.edges.iter().filter(|e| e.kind == EdgeKind::Normal);
        let ends: Vec<[f64; 2]> = streets().flat_map(|e| [e.from, e.to]).flatten().filter_map(|j| map.junctions.get(j as usize)).map(|j| [j.position[0], j.position[1]]).collect();
        let ([low, high], [from, to]) = (bounds(ends.into_iter()), self.bounds());
        let apart = (0..2).any(|i| to[i] < low[i] || from[i] > high[i]);
        if apart {
            return Err(format!("it spans {:.1},{:.1} to {:.1},{:.1} in the network's coordinates, and all of the network's streets {:.1},{:.1} to {:.1},{:.1}", from[0], from[1], to[0], to[1], low[0], low[1], high[0], high[1]));
        }
        let inside = self.junctions(map);
        if !streets().any(|e| e.to.is_some_and(|j| inside[j as usize])) {
            return Err("no junction lies within it: a street goes with the junction at its end".into());
        }
        Ok(())
    }
}

fn bounds(points: impl Iterator<Item = [f64; 2]>) -> [[f64; 2]; 2] {
    points.fold([[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], |[low, high], p| [[low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]])
}

/// Whether a ring is one: corners that span something, sides that do not meet.
fn sound(ring: &[[f64; 2]]) -> Result<(), AreaError> {
    if ring.len() < 3 {
        return Err(AreaError::Few(ring.len()));
    }
    let side = |n: usize| [ring[n], ring[(n + 1) % ring.len()]];
    let [low, high] = bounds(ring.iter().copied());
    let nothing = 1e-12 * (high[0] - low[0]).max(high[1] - low[1]).powi(2);
    if ring.iter().all(|p| turn(ring[0], ring[1], *p).abs() <= nothing) {
        return Err(AreaError::Flat);
    }
    for n in 0..ring.len() {
        for m in n + 1..ring.len() {
            let (a, b) = (side(n), side(m));
            let neighbours = m == n + 1 || n == 0 && m + 1 == ring.len();
            if if neighbours { runs_back(a, b, n + 1 == m) } else { meet(a, b) } {
                return Err(AreaError::Crossing(a, b));
            }
        }
    }
    Ok(())
}

fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
}

/// Whether one of two sides that share a corner runs back over the other.
fn runs_back(a: [[f64; 2]; 2], b: [[f64; 2]; 2], ahead: bool) -> bool {
    let (from, corner, to) = if ahead { (a[0], a[1], b[1]) } else { (b[0], b[1], a[1]) };
    let along = (from[0] - corner[0]) * (to[0] - corner[0]) + (from[1] - corner[1]) * (to[1] - corner[1]);
    turn(from, corner, to) == 0.0 && along > 0.0
}

/// Whether two sides have a point in common.
fn meet(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> bool {
    let on = |s: [[f64; 2]; 2], p: [f64; 2]| (0..2).all(|i| p[i] >= s[0][i].min(s[1][i]) && p[i] <= s[0][i].max(s[1][i]));
    let (d1, d2, d3, d4) = (turn(a[0], a[1], b[0]), turn(a[0], a[1], b[1]), turn(b[0], b[1], a[0]), turn(b[0], b[1], a[1]));
    d1 * d2 < 0.0 && d3 * d4 < 0.0 || d1 == 0.0 && on(a, b[0]) || d2 == 0.0 && on(a, b[1]) || d3 == 0.0 && on(b, a[0]) || d4 == 0.0 && on(b, a[1])
}

fn is_within(ring: &[[f64; 2]], p: [f64; 2]) -> bool {
    let mut inside = false;
    let mut before = ring[ring.len() - 1];
    for &at in ring {
        if (at[1] > p[1]) != (before[1] > p[1]) && p[0] < (before[0] - at[0]) * (p[1] - at[1]) / (before[1] - at[1]) + at[0] {
            inside = !inside;
        }
        before = at;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_within_or_not() {
        let area = Area::parse("0,0 10,0 10,10 0,10 0,0").unwrap();
        assert!(area.contains([5.0, 5.0]) && !area.contains([15.0, 5.0]) && !area.contains([-1.0, 5.0]));
        let ring = |a: f64, b: f64| vec![[a, a], [b, a], [b, b], [a, b]];
        let holed = Area::new(vec![vec![ring(0.0, 10.0), ring(4.0, 6.0)], vec![ring(20.0, 21.0)]]).unwrap();
        assert!(holed.contains([2.0, 2.0]) && !holed.contains([5.0, 5.0]) && holed.contains([20.5, 20.5]));
        assert_eq!(holed.bounds(), [[0.0, 0.0], [21.0, 21.0]]);
    }

    #[test]
    fn what_is_no_polygon_is_told() {
        let told = |text: &str| Area::parse(text).unwrap_err().to_string();
        assert_eq!(told("  "), "there is no polygon in it");
        assert_eq!(told("0,0 1,1"), "a ring of it has 2 corners; it takes three that differ");
        assert_eq!(told("0,0 10,0 0,10 10,10"), "its sides cross each other: that from (10.00, 0.00) to (0.00, 10.00) and that from (10.00, 10.00) to (0.00, 0.00)");
        assert_eq!(told("0,0 5,5 10,10"), "its corners lie on a line, so that there is nothing within");
        assert_eq!(told("0,0 5;5 10,10"), "'5;5' is no corner: write x,y x,y x,y, numbers with a point");
        assert_eq!(told("0,0 NaN,1 10,10"), "corner 2 has no finite coordinates");
        assert!(told("0,0 10,0 5,0 5,10").contains("cross"));
        let many: String = (0..10_001).map(|n| format!("{n},{} ", n * n)).collect();
        assert_eq!(told(&many), "it has 10001 corners; 10000 are the most");
    }
}
