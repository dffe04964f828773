//! Which building a part belongs to: by a relation that says so, else by lying in an outline.

use super::footprint::{Footprint, P2, contains, extent};
use std::collections::BTreeMap;

/// Side of a cell of the search grid, metres.
const CELL: f64 = 100.0;

/// Outlines of buildings, found by position.
#[derive(Default)]
pub struct Outlines {
    /// Object id and footprints, in the order they were added.
    outlines: Vec<(String, Vec<Footprint>)>,
    cells: BTreeMap<(i64, i64), Vec<usize>>,
    by_id: BTreeMap<String, usize>,
}

fn cell(p: P2) -> (i64, i64) {
    ((p[0] / CELL).floor() as i64, (p[1] / CELL).floor() as i64)
}

impl Outlines {
    /// Adds a building.
    pub fn add(&mut self, id: String, footprints: Vec<Footprint>) {
        let index = self.outlines.len();
        for f in &footprints {
            let (x, y) = (extent(&f.exterior, [1.0, 0.0]), extent(&f.exterior, [0.0, 1.0]));
            let (low, high) = (cell([x.0, y.0]), cell([x.1, y.1]));
            // An outline of more than 10 km is no building; it would fill the grid.
            if high.0 - low.0 > 100 || high.1 - low.1 > 100 {
                continue;
            }
            for cx in low.0..=high.0 {
                for cy in low.1..=high.1 {
                    let list = self.cells.entry((cx, cy)).or_default();
                    if list.last() != Some(&index) {
                        list.push(index);
                    }
                }
            }
        }
        self.by_id.insert(id.clone(), index);
        self.outlines.push((id, footprints));
    }

    /// The smallest outline around a position: its number.
    pub fn around(&self, p: P2) -> Option<usize> {
        let candidates = self.cells.get(&cell(p))?;
        let hit = |i: &usize| self.outlines[*i].1.iter().any(|f| contains(&f.exterior, p));
        let area = |i: usize| self.outlines[i].1.iter().map(Footprint::area).sum::<f64>();
        candidates.iter().copied().filter(hit).min_by(|a, b| area(*a).total_cmp(&area(*b)).then(a.cmp(b)))
    }

    /// The number of a building by its object id.
    pub fn number_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Object id of an outline.
    pub fn id(&self, number: usize) -> &str {
        &self.outlines[number].0
    }

    /// Square metres of an outline.
    pub fn area(&self, number: usize) -> f64 {
        self.outlines[number].1.iter().map(Footprint::area).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_outline_around_counts() {
        let square = |x: f64, y: f64, s: f64| vec![Footprint::new(&[[x, y], [x + s, y], [x + s, y + s], [x, y + s]], &[]).unwrap()];
        let mut outlines = Outlines::default();
        outlines.add("big".into(), square(-10.0, -10.0, 300.0));
        outlines.add("small".into(), square(95.0, 95.0, 10.0));
        let name = |p| outlines.around(p).map(|i| outlines.id(i));
        assert_eq!((name([100.0, 100.0]), name([200.0, 5.0]), name([-50.0, 0.0])), (Some("small"), Some("big"), None));
    }
}
