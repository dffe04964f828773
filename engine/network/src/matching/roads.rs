//! Roads as a matcher sees them: lines with a direction, what follows what, and which are near a place.

use crate::streets::Streets;
use qike_core::fast_map::FastMap;
use qike_scene::traffic::{RoadUsers, TurnKind};

/// Side of a cell of the index at least, m, and cells across the whole at most.
const CELL_M: f64 = 60.0;
const CELLS: f64 = 4000.0;
/// A turn back counts as such a detour, m.
const TURN_BACK_M: f64 = 60.0;

/// A place on a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The road.
    pub road: u32,
    /// m from its start.
    pub at_m: f64,
    /// m away.
    pub away_m: f64,
}

/// Roads.
#[derive(Clone, Debug, Default)]
pub struct Roads {
    shapes: Vec<Vec<[f64; 2]>>,
    /// Lengths that count for driving, m.
    lengths: Vec<f64>,
    starts: Vec<u32>,
    /// Road that follows, m over the junction between, and detour that it counts as beside.
    next: Vec<(u32, f64, f64)>,
    cells: FastMap<(i32, i32), Vec<(u32, u32)>>,
    cell_m: f64,
}

impl Roads {
    /// The edges of streets that any of `users` may use, by their numbers; lanes over junctions are no roads of their own.
    pub fn of_streets(streets: &Streets, users: RoadUsers) -> Self {
        let mut roads = Self { cell_m: CELL_M, ..Self::default() };
        for edge in &streets.edges {
            let lanes = edge.lanes.0..edge.lanes.0 + edge.lanes.1;
            let mut own: Vec<u32> = lanes.filter(|l| !edge.inside && streets.lanes[*l as usize].allowed.meets(users)).collect();
            roads.starts.push(roads.next.len() as u32);
            roads.lengths.push(edge.length.max(0.01));
            let middle = own.get(own.len() / 2).map(|l| streets.shapes[*l as usize].iter().map(|p| [p[0], p[1]]).collect::<Vec<_>>());
            roads.shapes.push(middle.filter(|s| s.len() > 1 && s.iter().flatten().all(|v| v.is_finite())).unwrap_or_default());
            let first = roads.next.len();
            own.dedup();
            for link in own.iter().flat_map(|l| streets.links_of(*l)).map(|l| &streets.links[l as usize]) {
                let to = streets.lanes[link.to as usize].edge;
                let detour = if link.turn == TurnKind::Turn { TURN_BACK_M } else { 0.0 };
                if streets.lanes[link.to as usize].allowed.meets(users) && !roads.next[first..].iter().any(|n| n.0 == to) {
                    roads.next.push((to, link.length.max(0.0), detour));
                }
            }
        }
        roads.starts.push(roads.next.len() as u32);
        roads.index();
        roads
    }

    fn index(&mut self) {
        let all = || self.shapes.iter().flatten();
        let extent = |axis: usize| all().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max) - all().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
        self.cell_m = CELL_M.max(extent(0).max(extent(1)) / CELLS);
        let mut cells: FastMap<(i32, i32), Vec<(u32, u32)>> = FastMap::default();
        for (road, shape) in (0..).zip(&self.shapes) {
            for (n, w) in (0..).zip(shape.windows(2)) {
                // Along the segment cell by cell; a cell is never left out, as each step is half a cell at most, and one more around.
                let length = (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
                let steps = (2.0 * length / self.cell_m).ceil().clamp(1.0, 4.0 * CELLS) as u32;
                let mut last = None;
                for k in 0..=steps {
                    let t = f64::from(k) / f64::from(steps);
                    let cell = self.cell([w[0][0] + (w[1][0] - w[0][0]) * t, w[0][1] + (w[1][1] - w[0][1]) * t]);
                    if last != Some(cell) {
                        cells.entry(cell).or_default().push((road, n));
                        last = Some(cell);
                    }
                }
            }
        }
        self.cells = cells;
    }

    fn cell(&self, p: [f64; 2]) -> (i32, i32) {
        ((p[0] / self.cell_m).floor() as i32, (p[1] / self.cell_m).floor() as i32)
    }

    /// How many there are; those that nobody may use count.
    pub fn len(&self) -> usize {
        self.shapes.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// Length of a road, m.
    pub fn length(&self, road: u32) -> f64 {
        self.lengths[road as usize]
    }

    /// Metres over the junction from one road to the next, where one follows the other.
    pub fn between(&self, road: u32, next: u32) -> Option<f64> {
        self.next_of(road).iter().find(|n| n.0 == next).map(|n| n.1)
    }

    /// What follows a road: number, m over the junction, and the detour that it counts as.
    pub fn next_of(&self, road: u32) -> &[(u32, f64, f64)] {
        &self.next[self.starts[road as usize] as usize..self.starts[road as usize + 1] as usize]
    }

    /// Place and heading (radians from east) on a road.
    pub fn at(&self, road: u32, at_m: f64) -> ([f64; 2], f64) {
        let shape = &self.shapes[road as usize];
        let whole: f64 = shape.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum();
        let mut left = (at_m / self.lengths[road as usize]).clamp(0.0, 1.0) * whole;
        for (n, w) in shape.windows(2).enumerate() {
            let length = (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
            if (left <= length || n + 2 == shape.len()) && length > 0.0 {
                let t = (left / length).min(1.0);
                return ([w[0][0] + (w[1][0] - w[0][0]) * t, w[0][1] + (w[1][1] - w[0][1]) * t], (w[1][1] - w[0][1]).atan2(w[1][0] - w[0][0]));
            }
            left -= length;
        }
        (shape.last().copied().unwrap_or_default(), 0.0)
    }

    /// Where a road is nearest to a place.
    pub fn nearest_on(&self, road: u32, p: [f64; 2]) -> Near {
        let shape = &self.shapes[road as usize];
        let mut best = Near { road, at_m: 0.0, away_m: f64::INFINITY };
        let mut before = 0.0;
        for w in shape.windows(2) {
            let (length, along, away) = to_segment(p, w[0], w[1]);
            if away < best.away_m {
                best = Near { road, at_m: before + along, away_m: away };
            }
            before += length;
        }
        // The shape may be a little longer or shorter than what counts.
        best.at_m = if before > 0.0 { best.at_m / before * self.lengths[road as usize] } else { 0.0 };
        best
    }

    /// The nearest place of each road within a distance, the nearest first.
    pub fn near(&self, p: [f64; 2], within_m: f64, most: usize) -> Vec<Near> {
        let (low, high) = (self.cell([p[0] - within_m - self.cell_m / 2.0, p[1] - within_m - self.cell_m / 2.0]), self.cell([p[0] + within_m + self.cell_m / 2.0, p[1] + within_m + self.cell_m / 2.0]));
        let mut roads: Vec<u32> = Vec::new();
        for x in low.0..=high.0 {
            for y in low.1..=high.1 {
                roads.extend(self.cells.get(&(x, y)).into_iter().flatten().map(|(road, _)| *road));
            }
        }
        roads.sort_unstable();
        roads.dedup();
        let mut found: Vec<Near> = roads.into_iter().map(|road| self.nearest_on(road, p)).filter(|near| near.away_m <= within_m).collect();
        found.sort_by(|a, b| a.away_m.total_cmp(&b.away_m).then(a.road.cmp(&b.road)));
        found.truncate(most);
        found
    }
}

/// Length of a segment, m along it to where it is nearest, and how far that is.
fn to_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> (f64, f64, f64) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy);
    let t = if length > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
    (length, t * length, (a[0] + t * dx - p[0]).hypot(a[1] + t * dy - p[1]))
}
