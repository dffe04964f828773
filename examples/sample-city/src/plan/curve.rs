//! The two curves that the whole plan is drawn with: rays from the lake's centre and circles.

use crate::geo::{P, add, dist, dot, len, polar, scale, sub};

/// A directed curve with a parameter: metres along a ray, radians (counter-clockwise) along a circle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// From the centre outwards at `angle`, moved `lateral` metres to its left.
    Ray { angle: f64, lateral: f64 },
    /// Counter-clockwise.
    Circle { centre: P, radius: f64 },
}

impl Curve {
    pub fn at(&self, t: f64) -> P {
        match *self {
            Curve::Ray { angle, lateral } => {
                add(polar(t, angle), polar(lateral, angle + std::f64::consts::FRAC_PI_2))
            }
            Curve::Circle { centre, radius } => add(centre, polar(radius, t)),
        }
    }

    /// The same curve `d` metres to the left of its direction.
    pub fn offset(&self, d: f64) -> Curve {
        match *self {
            Curve::Ray { angle, lateral } => Curve::Ray { angle, lateral: lateral + d },
            Curve::Circle { centre, radius } => Curve::Circle { centre, radius: radius - d },
        }
    }

    /// The parameter of the curve's point nearest to `p`; for a circle the one nearest to the parameter `near`.
    pub fn param(&self, p: P, near: f64) -> f64 {
        match *self {
            Curve::Ray { angle, .. } => dot(p, polar(1.0, angle)),
            Curve::Circle { centre, .. } => {
                let d = sub(p, centre);
                let a = d[1].atan2(d[0]);
                a + ((near - a) / std::f64::consts::TAU).round() * std::f64::consts::TAU
            }
        }
    }

    /// Unit vector of travel at a parameter.
    pub fn heading(&self, t: f64) -> P {
        match *self {
            Curve::Ray { angle, .. } => polar(1.0, angle),
            Curve::Circle { .. } => polar(1.0, t + std::f64::consts::FRAC_PI_2),
        }
    }

    /// Metres for one unit of the parameter.
    pub fn metres(&self) -> f64 {
        match *self {
            Curve::Ray { .. } => 1.0,
            Curve::Circle { radius, .. } => radius,
        }
    }

    /// Parameters from `t0` to `t1`, both included, near enough for a smooth line (chords up to 30 m on circles).
    pub fn samples(&self, t0: f64, t1: f64) -> Vec<f64> {
        let n = match *self {
            Curve::Ray { .. } => 1,
            Curve::Circle { radius, .. } => (((t1 - t0).abs() * radius / 30.0).ceil() as usize).max(1),
        };
        (0..=n).map(|i| t0 + (t1 - t0) * i as f64 / n as f64).collect()
    }

    /// The point where two curves meet that is nearest to `guess`.
    pub fn meet(&self, other: &Curve, guess: P) -> Option<P> {
        let found = match (*self, *other) {
            (Curve::Ray { angle: a, .. }, Curve::Ray { angle: b, .. }) => {
                let (u, v) = (polar(1.0, a), polar(1.0, b));
                let den = u[0] * v[1] - u[1] * v[0];
                let w = sub(other.at(0.0), self.at(0.0));
                if den.abs() < 1e-9 { vec![] } else { vec![self.at((w[0] * v[1] - w[1] * v[0]) / den)] }
            }
            (Curve::Ray { angle, .. }, Curve::Circle { centre, radius }) => {
                let (o, u) = (sub(self.at(0.0), centre), polar(1.0, angle));
                let (b, c) = (dot(o, u), dot(o, o) - radius * radius);
                let h = b * b - c;
                if h < 0.0 { vec![] } else { vec![self.at(-b - h.sqrt()), self.at(-b + h.sqrt())] }
            }
            (Curve::Circle { .. }, Curve::Ray { .. }) => return other.meet(self, guess),
            (Curve::Circle { centre: c, radius: r }, Curve::Circle { centre: d, radius: s }) => {
                let between = sub(d, c);
                let l = len(between);
                let x = (l * l + r * r - s * s) / (2.0 * l.max(1e-9));
                let h = r * r - x * x;
                if l < 1e-9 || h < 0.0 {
                    vec![]
                } else {
                    let u = scale(between, 1.0 / l);
                    let foot = add(c, scale(u, x));
                    let n = scale([-u[1], u[0]], h.sqrt());
                    vec![add(foot, n), sub(foot, n)]
                }
            }
        };
        found.into_iter().min_by(|a, b| dist(*a, guess).total_cmp(&dist(*b, guess)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_meet_where_they_should() {
        let ray = Curve::Ray { angle: 0.0, lateral: 3.0 };
        let ring = Curve::Circle { centre: [0.0, 0.0], radius: 5.0 };
        let p = ray.meet(&ring, [5.0, 0.0]).unwrap();
        assert!(dist(p, [4.0, 3.0]) < 1e-9);
        let other = Curve::Circle { centre: [6.0, 0.0], radius: 5.0 };
        assert!(dist(ring.meet(&other, [0.0, 9.0]).unwrap(), [3.0, 4.0]) < 1e-9);
        assert!(dist(ring.offset(1.0).at(0.0), [4.0, 0.0]) < 1e-9);
        assert!(dist(ray.offset(1.0).at(2.0), [2.0, 4.0]) < 1e-9);
        assert!((ring.param([0.0, -5.0], 4.7) - 1.5 * std::f64::consts::PI).abs() < 1e-9);
    }
}
