//! Outlines of buildings in metres: cleaning, orientation, the directions a roof needs.

/// A position in the plane, metres.
pub type P2 = [f64; 2];

/// A polygon in metres: exterior counter-clockwise, holes clockwise, rings not closed, no vertex twice in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// The ring around it.
    pub exterior: Vec<P2>,
    /// Courtyards.
    pub holes: Vec<Vec<P2>>,
}

/// Twice the signed area of a ring; counter-clockwise is positive. Summed about its first vertex, to keep the digits.
pub fn area2(ring: &[P2]) -> f64 {
    let Some(&o) = ring.first() else { return 0.0 };
    let shifted = |p: P2| [p[0] - o[0], p[1] - o[1]];
    edges(ring).map(|(a, b)| (shifted(a), shifted(b))).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// The edges of an open ring, the closing one included.
pub fn edges(ring: &[P2]) -> impl Iterator<Item = (P2, P2)> + '_ {
    (0..ring.len()).map(move |i| (ring[i], ring[(i + 1) % ring.len()]))
}

/// Even-odd rule, for an open ring.
pub fn contains(ring: &[P2], p: P2) -> bool {
    edges(ring).filter(|(a, b)| (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]).count() % 2 == 1
}

fn cleaned(ring: &[P2], counter_clockwise: bool) -> Option<Vec<P2>> {
    let mut out: Vec<P2> = Vec::with_capacity(ring.len());
    for p in ring {
        let near = |q: &P2| (p[0] - q[0]).hypot(p[1] - q[1]) < 1e-3;
        if !out.last().is_some_and(near) {
            out.push(*p);
        }
    }
    while out.len() > 1 && (out[0][0] - out[out.len() - 1][0]).hypot(out[0][1] - out[out.len() - 1][1]) < 1e-3 {
        out.pop();
    }
    let area = area2(&out);
    if out.len() < 3 || area.abs() < 0.02 {
        return None;
    }
    if (area > 0.0) != counter_clockwise {
        out.reverse();
    }
    Some(out)
}

impl Footprint {
    /// From rings in any direction, closed or not; `None` where nothing is enclosed. Holes without area are dropped.
    pub fn new(exterior: &[P2], holes: &[Vec<P2>]) -> Option<Self> {
        let exterior = cleaned(exterior, true)?;
        Some(Self { exterior, holes: holes.iter().filter_map(|h| cleaned(h, false)).collect() })
    }

    /// Square metres, holes taken off.
    pub fn area(&self) -> f64 {
        0.5 * (area2(&self.exterior) + self.holes.iter().map(|h| area2(h)).sum::<f64>())
    }

    /// Centre of gravity of the exterior.
    pub fn centroid(&self) -> P2 {
        let o = self.exterior[0];
        let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
        for (a, b) in edges(&self.exterior) {
            let (a, b) = ([a[0] - o[0], a[1] - o[1]], [b[0] - o[0], b[1] - o[1]]);
            let cross = a[0] * b[1] - b[0] * a[1];
            x += (a[0] + b[0]) * cross;
            y += (a[1] + b[1]) * cross;
            sum += cross;
        }
        [o[0] + x / (3.0 * sum), o[1] + y / (3.0 * sum)]
    }

    /// The exterior without vertices that lie on the line of their neighbours (within 5 cm).
    pub fn corners(&self) -> Vec<P2> {
        let ring = &self.exterior;
        let n = ring.len();
        let corner = |i: usize| {
            let (a, b, c) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
            let (ux, uy) = (c[0] - a[0], c[1] - a[1]);
            let length = ux.hypot(uy);
            length < 1e-9 || ((b[0] - a[0]) * uy - (b[1] - a[1]) * ux).abs() / length > 0.05
        };
        let kept: Vec<P2> = (0..n).filter(|&i| corner(i)).map(|i| ring[i]).collect();
        if kept.len() >= 3 && area2(&kept) > 0.02 { kept } else { ring.clone() }
    }

    /// The smallest rectangle around it among those along its edges: unit vector of its longer side, length, width.
    pub fn long_side(&self) -> (P2, f64, f64) {
        let mut best = ([1.0, 0.0], 0.0, 0.0);
        let mut least = f64::INFINITY;
        for (a, b) in edges(&self.exterior) {
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            if length < 0.2 {
                continue;
            }
            let u = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
            let (along, across) = (extent(&self.exterior, u), extent(&self.exterior, [-u[1], u[0]]));
            let (l, w) = (along.1 - along.0, across.1 - across.0);
            // A little better is no reason to turn: the first edge of a rectangle decides.
            if l * w < least * 0.999 {
                least = l * w;
                best = if l >= w { (u, l, w) } else { ([-u[1], u[0]], w, l) };
            }
        }
        best
    }

    /// True where every vertex of the exterior sees `p` (turning one way around it) and there is no courtyard.
    pub fn is_star_about(&self, p: P2) -> bool {
        self.holes.is_empty()
            && edges(&self.exterior).all(|(a, b)| (a[0] - p[0]) * (b[1] - p[1]) - (b[0] - p[0]) * (a[1] - p[1]) > 1e-6)
    }
}

/// Least and greatest coordinate of the points along a direction.
pub fn extent(points: &[P2], u: P2) -> (f64, f64) {
    points.iter().map(|p| p[0] * u[0] + p[1] * u[1]).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), d| (lo.min(d), hi.max(d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_cleaned_and_turned() {
        let f = Footprint::new(&[[0.0, 0.0], [0.0, 4.0], [0.0, 4.0], [5.0, 4.0], [10.0, 4.0], [10.0, 0.0], [0.0, 0.0]], &[]).unwrap();
        assert_eq!(f.exterior.len(), 5);
        assert!(area2(&f.exterior) > 0.0 && (f.area() - 40.0).abs() < 1e-9);
        assert_eq!(f.corners().len(), 4);
        let (u, l, w) = f.long_side();
        assert!(u[0].abs() > 0.999 && (l - 10.0).abs() < 1e-9 && (w - 4.0).abs() < 1e-9);
        let c = f.centroid();
        assert!((c[0] - 5.0).abs() < 1e-9 && (c[1] - 2.0).abs() < 1e-9);
        assert!(f.is_star_about(c) && !f.is_star_about([20.0, 0.0]));
        assert_eq!(Footprint::new(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], &[]), None);
    }
}
