//! The mathematics of an alignment: where a horizontal layout of lines, arcs and transition curves leads, how high the vertical
//! layout runs, how much the track is canted. Lengths in metres, angles in radians, headings counter-clockwise from the x axis.
//!
//! Transition curves are given by the share of the change of curvature that is done at a share `u` of their length; formulas
//! after ISO 16739-1:2024, IfcAlignmentHorizontalSegment. The heading is their integral in closed form, the position the
//! integral of its sine and cosine by Gauss-Legendre quadrature.

use std::f64::consts::PI;

/// How curvature passes from the start of a segment to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Linear in length (clothoid; a cubic parabola or cubic spiral up to the third order).
    Linear,
    /// Bloss: 3u² − 2u³.
    Bloss,
    /// Cosine curve: (1 − cos πu) / 2.
    Cosine,
    /// Sine curve (Klein): u − sin 2πu / 2π.
    Sine,
    /// Helmert (Schramm): two parabolas.
    Helmert,
    /// Viennese bend: 35u⁴ − 84u⁵ + 70u⁶ − 20u⁷, without the share that its cant has.
    Viennese,
}

impl Transition {
    /// From the predefined type of a segment.
    pub fn of(kind: &str) -> Self {
        match kind {
            "BLOSSCURVE" => Self::Bloss,
            "COSINECURVE" => Self::Cosine,
            "SINECURVE" => Self::Sine,
            "HELMERTCURVE" => Self::Helmert,
            "VIENNESEBEND" => Self::Viennese,
            _ => Self::Linear,
        }
    }

    /// The share of the change that is done at `u` in 0…1.
    pub fn share(self, u: f64) -> f64 {
        match self {
            Self::Linear => u,
            Self::Bloss => u * u * (3.0 - 2.0 * u),
            Self::Cosine => (1.0 - (PI * u).cos()) / 2.0,
            Self::Sine => u - (2.0 * PI * u).sin() / (2.0 * PI),
            Self::Helmert if u <= 0.5 => 2.0 * u * u,
            Self::Helmert => 1.0 - 2.0 * (1.0 - u).powi(2),
            Self::Viennese => u.powi(4) * (35.0 + u * (-84.0 + u * (70.0 - 20.0 * u))),
        }
    }

    /// The integral of [`Self::share`] from 0 to `u`.
    fn integral(self, u: f64) -> f64 {
        match self {
            Self::Linear => u * u / 2.0,
            Self::Bloss => u.powi(3) - u.powi(4) / 2.0,
            Self::Cosine => u / 2.0 - (PI * u).sin() / (2.0 * PI),
            Self::Sine => u * u / 2.0 + ((2.0 * PI * u).cos() - 1.0) / (4.0 * PI * PI),
            Self::Helmert if u <= 0.5 => 2.0 * u.powi(3) / 3.0,
            Self::Helmert => u - 0.5 + 2.0 / 3.0 * (1.0 - u).powi(3),
            Self::Viennese => u.powi(5) * (7.0 + u * (-14.0 + u * (10.0 - 2.5 * u))),
        }
    }
}

/// A segment of a horizontal layout.
#[derive(Clone, Copy, Debug)]
pub struct Horizontal {
    /// Where it begins, as the file says it (not where the one before ends).
    pub start: [f64; 2],
    /// The heading there.
    pub heading: f64,
    /// Curvatures at its ends, 1/m; positive to the left.
    pub curvature: [f64; 2],
    /// Its length.
    pub length: f64,
    /// How curvature passes between its ends.
    pub transition: Transition,
}

impl Horizontal {
    fn heading_at(&self, s: f64) -> f64 {
        let [k0, k1] = self.curvature;
        self.heading + k0 * s + (k1 - k0) * self.length * self.transition.integral(s / self.length)
    }

    /// The position at a distance along the segment, 0…length.
    pub fn at(&self, s: f64) -> [f64; 2] {
        if s <= 0.0 || self.length <= 0.0 {
            return self.start;
        }
        let bend = self.curvature.iter().fold(0.0_f64, |most, k| most.max(k.abs()));
        // Each piece turns by less than a quarter radian: five points are exact to the micrometre.
        let pieces = (bend * s / 0.25).ceil().clamp(1.0, 4096.0);
        let half = s / pieces / 2.0;
        let mut p = self.start;
        for piece in 0..pieces as usize {
            let middle = half * (2.0 * piece as f64 + 1.0);
            for (x, weight) in GAUSS {
                let heading = self.heading_at(middle + half * x);
                p = [p[0] + half * weight * heading.cos(), p[1] + half * weight * heading.sin()];
            }
        }
        p
    }

    /// How far apart points may stand so that the line between them strays by no more than `tolerance`.
    pub fn step(&self, tolerance: f64) -> f64 {
        let bend = self.curvature.iter().fold(0.0_f64, |most, k| most.max(k.abs()));
        if bend > 0.0 { (8.0 * tolerance / bend).sqrt() } else { f64::INFINITY }
    }
}

/// Nodes and weights of Gauss-Legendre quadrature of degree 9 on −1…1.
const GAUSS: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

/// A segment of a vertical layout.
#[derive(Clone, Copy, Debug)]
pub struct Vertical {
    /// Where it begins along the horizontal layout.
    pub from: f64,
    /// Its length in plan.
    pub length: f64,
    /// Height where it begins.
    pub height: f64,
    /// Gradients at its ends (rise over run).
    pub gradient: [f64; 2],
    /// A circular arc; else a parabola, whose gradient is linear in length.
    pub circular: bool,
}

impl Vertical {
    /// The height at a distance in plan from the segment's start.
    pub fn at(&self, x: f64) -> f64 {
        let [g0, g1] = self.gradient;
        let (from, to) = (g0.atan(), g1.atan());
        if self.circular && (to.sin() - from.sin()).abs() > 1e-12 && self.length > 0.0 {
            let radius = self.length / (to.sin() - from.sin());
            let sine = (from.sin() + x / radius).clamp(-1.0, 1.0);
            return self.height + radius * (from.cos() - (1.0 - sine * sine).sqrt());
        }
        let change = if self.length > 0.0 { (g1 - g0) / (2.0 * self.length) } else { 0.0 };
        self.height + g0 * x + change * x * x
    }

    /// As [`Horizontal::step`], in height.
    pub fn step(&self, tolerance: f64) -> f64 {
        let bend = if self.length > 0.0 { (self.gradient[1] - self.gradient[0]).abs() / self.length } else { 0.0 };
        if bend > 0.0 { (8.0 * tolerance / bend).sqrt() } else { f64::INFINITY }
    }
}

/// A segment of a cant layout: how much each rail is raised.
#[derive(Clone, Copy, Debug)]
pub struct Cant {
    /// Where it begins along the horizontal layout.
    pub from: f64,
    /// Its length in plan.
    pub length: f64,
    /// Rise of the left rail at its ends.
    pub left: [f64; 2],
    /// Rise of the right rail at its ends.
    pub right: [f64; 2],
    /// How it passes between its ends.
    pub transition: Transition,
}

impl Cant {
    /// Rise of the left and the right rail at a distance from the segment's start.
    pub fn at(&self, x: f64) -> [f64; 2] {
        let u = if self.length > 0.0 { (x / self.length).clamp(0.0, 1.0) } else { 0.0 };
        let share = self.transition.share(u);
        [self.left, self.right].map(|[a, b]| a + (b - a) * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Transition; 6] =
        [Transition::Linear, Transition::Bloss, Transition::Cosine, Transition::Sine, Transition::Helmert, Transition::Viennese];

    #[test]
    fn transitions_go_from_none_to_all_and_turn_by_half() {
        for t in ALL {
            assert!(t.share(0.0).abs() < 1e-12 && (t.share(1.0) - 1.0).abs() < 1e-12, "{t:?}");
            assert!((t.integral(1.0) - 0.5).abs() < 1e-12, "{t:?}: all are symmetric");
            let sum: f64 = (0..10_000).map(|i| t.share((f64::from(i) + 0.5) / 10_000.0 * 0.7) * 0.7 / 10_000.0).sum();
            assert!((sum - t.integral(0.7)).abs() < 1e-6, "{t:?}: the integral is the share's");
        }
    }

    #[test]
    fn arcs_and_clothoids_lead_where_they_must() {
        let arc = Horizontal { start: [1.0, 2.0], heading: 0.0, curvature: [0.01; 2], length: 50.0 * PI, transition: Transition::Linear };
        let end = arc.at(arc.length);
        assert!((end[0] - 101.0).abs() < 1e-9 && (end[1] - 102.0).abs() < 1e-9, "a quarter to the left: {end:?}");
        // Series of the Fresnel integrals: x = L − L⁵/(40A⁴), y = L³/(6A²) − L⁷/(336A⁶), A² = RL.
        let (l, r) = (60.0_f64, 300.0_f64);
        let clothoid = Horizontal { start: [0.0; 2], heading: 0.0, curvature: [0.0, -1.0 / r], length: l, transition: Transition::Linear };
        let end = clothoid.at(l);
        let (x, y) = (l - l.powi(3) / (40.0 * r * r) + l.powi(5) / (3456.0 * r.powi(4)), l * l / (6.0 * r) - l.powi(4) / (336.0 * r.powi(3)));
        assert!((end[0] - x).abs() < 1e-6 && (end[1] + y).abs() < 1e-4, "{end:?} {x} {y}");
    }

    #[test]
    fn heights_of_parabola_and_arc() {
        let parabola = Vertical { from: 0.0, length: 100.0, height: 10.0, gradient: [0.02, -0.02], circular: false };
        assert!((parabola.at(50.0) - 10.5).abs() < 1e-12 && (parabola.at(100.0) - 10.0).abs() < 1e-12);
        let arc = Vertical { circular: true, ..parabola };
        assert!((arc.at(100.0) - 10.0).abs() < 1e-9 && (arc.at(50.0) - 10.5).abs() < 1e-3);
        let level = Vertical { from: 0.0, length: 0.0, height: 3.0, gradient: [0.1, 0.1], circular: true };
        assert!((level.at(10.0) - 4.0).abs() < 1e-12, "runs on past its end");
    }

    #[test]
    fn cant_raises_the_outer_rail() {
        let cant = Cant { from: 0.0, length: 10.0, left: [0.0, 0.0], right: [0.0, 0.16], transition: Transition::Cosine };
        assert_eq!(cant.at(0.0), [0.0, 0.0]);
        assert!((cant.at(5.0)[1] - 0.08).abs() < 1e-12 && (cant.at(99.0)[1] - 0.16).abs() < 1e-12);
    }
}
