//! Roads of the plan, where they meet, and where pavements and crossings lie.
//!
//! A road is a stretch of one [`Curve`]. Junctions, crossings and pavement corners all come from meeting curves and their
//! offsets, so that two ways that share a place share it to the last bit and become one OSM node.

use super::curve::Curve;
use crate::geo::{P, dist};

/// OSM's road classes, as far as the plan uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Residential,
    Tertiary,
    Secondary,
    Primary,
}

impl Class {
    pub fn tag(self) -> &'static str {
        match self {
            Class::Residential => "residential",
            Class::Tertiary => "tertiary",
            Class::Secondary => "secondary",
            Class::Primary => "primary",
        }
    }
}

/// One named road.
#[derive(Clone, Debug)]
pub struct Road {
    pub name: String,
    pub name_en: String,
    pub class: Class,
    pub curve: Curve,
    pub from: f64,
    pub to: f64,
    /// Lanes in each direction (of the one direction, on a one-way road).
    pub lanes: u32,
    pub speed_kmh: u32,
    /// `Some(true)`: traffic goes along the curve only; `Some(false)`: against it only.
    pub oneway: Option<bool>,
    /// Metres to the middle of a median on the left (+) or right (−), where the other carriageway lies.
    pub median: Option<f64>,
    /// Whether the curve closes on itself.
    pub closed: bool,
}

impl Road {
    /// Half the carriageway, metres.
    pub fn half_width(&self) -> f64 {
        let lanes = if self.oneway.is_some() { self.lanes } else { 2 * self.lanes };
        f64::from(lanes) * 3.25 / 2.0 + if self.class == Class::Residential { 0.25 } else { 0.75 }
    }

    /// Metres from the centre line to the pavement on a side (`+1` left, `-1` right). On a median side: to its middle.
    pub fn walk(&self, side: f64) -> f64 {
        match self.median {
            Some(m) if m * side > 0.0 => m.abs(),
            _ => self.half_width() + if self.class == Class::Residential { 3.0 } else { 4.5 },
        }
    }

    pub fn is_median(&self, side: f64) -> bool {
        self.median.is_some_and(|m| m * side > 0.0)
    }

    /// The line of the pavement on a side.
    pub fn pavement(&self, side: f64) -> Curve {
        self.curve.offset(side * self.walk(side))
    }

    /// The parameter of a point, if it lies within the road's stretch (to half a metre).
    pub fn param_of(&self, p: P) -> Option<f64> {
        let mid = (self.from + self.to) / 2.0;
        let t = self.curve.param(p, mid);
        let slack = 0.5 / self.curve.metres();
        (self.closed || (t >= self.from - slack && t <= self.to + slack)).then(|| t.clamp(self.from, self.to))
    }

    pub fn length(&self) -> f64 {
        (self.to - self.from).abs() * self.curve.metres()
    }
}

/// Two roads meeting at a point.
#[derive(Clone, Copy, Debug)]
pub struct Junction {
    pub at: P,
    /// Indices of the roads and the junction's parameter on each.
    pub roads: [(usize, f64); 2],
}

/// All roads and their junctions.
#[derive(Debug, Default)]
pub struct Streets {
    pub roads: Vec<Road>,
    pub junctions: Vec<Junction>,
}

impl Streets {
    pub fn push(&mut self, road: Road) -> usize {
        self.roads.push(road);
        self.roads.len() - 1
    }

    /// Finds every junction; call once, when all roads are there.
    pub fn connect(&mut self) {
        let mut found: Vec<Junction> = Vec::new();
        for (i, a) in self.roads.iter().enumerate() {
            for (j, b) in self.roads.iter().enumerate().skip(i + 1) {
                // Two curves meet in at most two points; each end and the middle of the shorter road finds the nearest one.
                let guesses = [a.curve.at(a.from), a.curve.at(a.to), b.curve.at(b.from), b.curve.at(b.to)];
                for g in guesses {
                    let Some(p) = a.curve.meet(&b.curve, g) else { continue };
                    let (Some(ta), Some(tb)) = (a.param_of(p), b.param_of(p)) else { continue };
                    let here = |q: &Junction| q.roads[0].0 == i && q.roads[1].0 == j && dist(q.at, p) < 1.0;
                    if !found.iter().any(here) {
                        found.push(Junction { at: p, roads: [(i, ta), (j, tb)] });
                    }
                }
            }
        }
        self.junctions = found;
    }

    /// Whether the road of index `road` goes on beyond parameter `t` in direction `side` (+1 along, −1 against).
    pub fn goes_on(&self, road: usize, t: f64, side: f64) -> bool {
        let r = &self.roads[road];
        r.closed || if side > 0.0 { (r.to - t) * r.curve.metres() > 20.0 } else { (t - r.from) * r.curve.metres() > 20.0 }
    }

    /// A junction has signals when two roads of the main network cross or end on one another.
    pub fn has_signals(&self, j: &Junction) -> bool {
        let [a, b] = j.roads.map(|(i, _)| self.roads[i].class);
        let (low, high) = (a.min(b), a.max(b));
        low >= Class::Tertiary || (high == Class::Primary && low == Class::Residential && self.roads_dual(j))
    }

    fn roads_dual(&self, j: &Junction) -> bool {
        j.roads.iter().any(|(i, _)| self.roads[*i].median.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road(curve: Curve, from: f64, to: f64, closed: bool) -> Road {
        let (name, name_en) = (String::new(), String::new());
        Road { name, name_en, class: Class::Tertiary, curve, from, to, lanes: 1, speed_kmh: 40, oneway: None, median: None, closed }
    }

    #[test]
    fn a_ring_and_two_rays_meet_twice() {
        let mut s = Streets::default();
        s.push(road(Curve::Circle { centre: [0.0, 0.0], radius: 100.0 }, 0.0, std::f64::consts::TAU, true));
        s.push(road(Curve::Ray { angle: 1.0, lateral: 0.0 }, 100.0, 300.0, false));
        s.push(road(Curve::Ray { angle: 2.0, lateral: 0.0 }, 50.0, 300.0, false));
        s.connect();
        assert_eq!(s.junctions.len(), 2);
        assert!(!s.goes_on(1, 100.0, -1.0) && s.goes_on(1, 100.0, 1.0) && s.goes_on(2, 100.0, -1.0));
        assert!(s.junctions.iter().all(|j| s.has_signals(j)));
    }
}
