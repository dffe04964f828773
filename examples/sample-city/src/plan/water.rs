//! The lake, its islands, the canals and the sea; and what a line does when it crosses a canal: it becomes a bridge.

use super::curve::Curve;
use super::lingang::{CANAL_HALF, CANALS, COAST_RADIUS, LAKE_RADIUS, RING_CANAL, coast, outline, ray, ring};
use crate::geo::{P, band, bounds, contains, crossing, edges, ellipse, lerp, polar};

/// All water of the city as rings.
pub struct Water {
    pub lake: Vec<P>,
    pub islands: Vec<Vec<P>>,
    pub sea: Vec<P>,
    /// Ring canal first, then the radial ones.
    pub canals: Vec<Vec<P>>,
    banks: Vec<Vec<P>>,
}

/// How far the sea is drawn, metres from the lake's centre.
const HORIZON: f64 = 4700.0;

/// An island in the lake: direction and distance of its middle, half axes, turn; degrees and metres.
pub struct Island {
    pub deg: f64,
    pub r: f64,
    pub axes: (f64, f64),
    pub turn_deg: f64,
}

pub const ISLANDS: [Island; 3] = [
    Island { deg: 75.0, r: 760.0, axes: (150.0, 95.0), turn_deg: 160.0 },
    Island { deg: 195.0, r: 720.0, axes: (175.0, 110.0), turn_deg: 100.0 },
    Island { deg: 310.0, r: 700.0, axes: (120.0, 85.0), turn_deg: 30.0 },
];

impl Island {
    pub fn middle(&self) -> P {
        polar(self.r, self.deg.to_radians())
    }

    /// An ellipse in the island's proportions, `share` of its size.
    pub fn oval(&self, share: f64, points: usize) -> Vec<P> {
        ellipse(self.middle(), self.axes.0 * share, self.axes.1 * share, self.turn_deg.to_radians(), points)
    }
}

pub fn water() -> Water {
    let canals_of = |half: f64| -> Vec<Vec<P>> {
        let ends = (CANALS[0].0.to_radians(), CANALS[3].0.to_radians());
        let mut all = vec![band([0.0, 0.0], RING_CANAL - half, RING_CANAL + half, ends.0, ends.1, 160)];
        for (deg, end) in CANALS {
            let outer: Curve = if end > 9000.0 { coast(COAST_RADIUS + 5.0) } else { ring(end) };
            let sides = [ray(deg, -half), outer, ray(deg, half), ring(LAKE_RADIUS - 8.0)];
            let guess = polar(2400.0, deg.to_radians());
            all.extend(outline(&sides, guess).map(|(_, ring)| ring));
        }
        all
    };
    let sea = {
        // Between the shore and a circle about the lake, so that the map ends in a round horizon.
        let (c, horizon) = (coast(COAST_RADIUS), ring(HORIZON));
        let end = |deg: f64| c.meet(&horizon, polar(HORIZON, f64::to_radians(deg))).unwrap_or_default();
        let (from, to) = (end(-132.0), end(52.0));
        let arc = |curve: &Curve, a: P, b: P| {
            let (t0, t1) = (curve.param(a, -0.7), curve.param(b, -0.7));
            (0..=96).map(move |i| t0 + (t1 - t0) * f64::from(i) / 96.0).collect::<Vec<f64>>()
        };
        let shore: Vec<P> = arc(&c, from, to).into_iter().map(|t| c.at(t)).collect();
        let far = arc(&horizon, from, to).into_iter().map(|t| horizon.at(t));
        far.chain(shore.into_iter().rev().skip(1).take(95)).collect()
    };
    let islands = ISLANDS
        .iter()
        .map(|island| {
            let base = island.oval(1.0, 40);
            let centre = crate::geo::centroid(&base);
            // A little more on one side than on the other, so that an island does not look like an egg.
            base.iter().enumerate().map(|(i, p)| lerp(centre, *p, 1.0 + 0.09 * (f64::from(i as u32) * 0.471).sin())).collect()
        })
        .collect();
    Water {
        lake: ellipse([0.0, 0.0], LAKE_RADIUS, LAKE_RADIUS, 0.0, 144),
        islands,
        sea,
        canals: canals_of(CANAL_HALF),
        banks: canals_of(CANAL_HALF + 4.0),
    }
}

impl Water {
    /// Whether a ring touches water or comes nearer than `clear` metres to it.
    pub fn touches(&self, shape: &[P], clear: f64) -> bool {
        let b = bounds(shape);
        let near = |w: &[P]| {
            let o = bounds(w);
            let apart = o[0] > b[2] + clear || o[2] < b[0] - clear || o[1] > b[3] + clear || o[3] < b[1] - clear;
            !apart && crate::geo::gap(shape, w) <= clear
        };
        self.canals.iter().any(|c| near(c)) || near(&self.sea) || (near(&self.lake) && !self.on_island(shape, clear))
    }

    /// Whether a ring lies on one island, at least `clear` metres from its shore.
    pub fn on_island(&self, shape: &[P], clear: f64) -> bool {
        self.islands.iter().any(|i| shape.iter().all(|p| contains(i, *p) && crate::geo::to_ring(*p, i) >= clear))
    }

    /// Cuts a line where it enters and leaves a canal's banks; each part says whether it is a bridge.
    pub fn split(&self, line: &[P]) -> Vec<(Vec<P>, bool)> {
        let mut parts: Vec<(Vec<P>, bool)> = Vec::new();
        for pair in line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let mut cuts = vec![0.0, 1.0];
            for bank in &self.banks {
                cuts.extend(edges(bank).filter_map(|(c, d)| crossing(a, b, c, d)));
            }
            cuts.sort_by(f64::total_cmp);
            for c in cuts.windows(2).filter(|c| c[1] - c[0] > 1e-9) {
                let (p, q) = (lerp(a, b, c[0]), lerp(a, b, c[1]));
                let (p, q) = (if c[0] == 0.0 { a } else { p }, if c[1] == 1.0 { b } else { q });
                let wet = self.banks.iter().any(|bank| contains(bank, lerp(p, q, 0.5)));
                match parts.last_mut() {
                    Some((points, was)) if *was == wet => points.push(q),
                    _ => parts.push((vec![p, q], wet)),
                }
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_radial_crosses_the_ring_canal_on_one_bridge() {
        let w = water();
        let parts = w.split(&[polar(1400.0, 0.7), polar(2900.0, 0.7)]);
        assert_eq!(parts.iter().map(|p| p.1).collect::<Vec<_>>(), [false, true, false]);
        let bridge = crate::geo::dist(parts[1].0[0], parts[1].0[1]);
        assert!((bridge - 48.0).abs() < 1.0, "{bridge}");
    }

    #[test]
    fn islands_lie_in_the_lake_and_the_sea_does_not_reach_it() {
        let w = water();
        for i in &w.islands {
            assert!(i.iter().all(|p| contains(&w.lake, *p)));
            assert!(w.on_island(&crate::geo::rect(crate::geo::centroid(i), 20.0, 20.0, 0.0), 5.0));
        }
        assert!(crate::geo::gap(&w.lake, &w.sea) > 400.0);
        assert!(crate::geo::area(&w.sea) > 0.0);
    }
}
