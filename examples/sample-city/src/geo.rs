//! Plane geometry in metres: points, rings, clipping, and a grid that answers "what is near".

use std::collections::HashMap;

/// A point of the plan: metres east and north of the city's centre.
pub type P = [f64; 2];

pub fn add(a: P, b: P) -> P {
    [a[0] + b[0], a[1] + b[1]]
}
pub fn sub(a: P, b: P) -> P {
    [a[0] - b[0], a[1] - b[1]]
}
pub fn scale(a: P, k: f64) -> P {
    [a[0] * k, a[1] * k]
}
pub fn cross(a: P, b: P) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}
pub fn dot(a: P, b: P) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}
pub fn len(a: P) -> f64 {
    // Not `hypot`: coordinates here neither overflow nor underflow, and this is called a hundred million times.
    (a[0] * a[0] + a[1] * a[1]).sqrt()
}
pub fn dist(a: P, b: P) -> f64 {
    len(sub(a, b))
}
pub fn lerp(a: P, b: P, t: f64) -> P {
    add(scale(a, 1.0 - t), scale(b, t))
}
/// The point at radius `r` and angle `a` (radians from east, counter-clockwise).
pub fn polar(r: f64, a: f64) -> P {
    [r * a.cos(), r * a.sin()]
}
pub fn angle(p: P) -> f64 {
    p[1].atan2(p[0])
}

/// Twice-signed-area halved: positive for a counter-clockwise ring. Rings do not repeat their first point.
pub fn area(ring: &[P]) -> f64 {
    edges(ring).map(|(a, b)| cross(a, b)).sum::<f64>() / 2.0
}

pub fn centroid(ring: &[P]) -> P {
    let n = ring.len().max(1) as f64;
    let s = ring.iter().fold([0.0, 0.0], |s, p| add(s, *p));
    scale(s, 1.0 / n)
}

/// The edges of a closed ring.
pub fn edges(ring: &[P]) -> impl Iterator<Item = (P, P)> + '_ {
    ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| (*a, *b))
}

pub fn contains(ring: &[P], p: P) -> bool {
    let mut inside = false;
    for (a, b) in edges(ring) {
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            inside = !inside;
        }
    }
    inside
}

/// Distance from a point to a segment.
pub fn to_segment(p: P, a: P, b: P) -> f64 {
    let d = sub(b, a);
    let l2 = dot(d, d);
    let t = if l2 > 0.0 { (dot(sub(p, a), d) / l2).clamp(0.0, 1.0) } else { 0.0 };
    dist(p, add(a, scale(d, t)))
}

/// Distance from a point to the outline of a ring.
pub fn to_ring(p: P, ring: &[P]) -> f64 {
    edges(ring).map(|(a, b)| to_segment(p, a, b)).fold(f64::INFINITY, f64::min)
}

/// Where segment a–b crosses c–d, as the share of a–b.
pub fn crossing(a: P, b: P, c: P, d: P) -> Option<f64> {
    let (r, s) = (sub(b, a), sub(d, c));
    let den = cross(r, s);
    if den.abs() < 1e-12 {
        return None;
    }
    let t = cross(sub(c, a), s) / den;
    let u = cross(sub(c, a), r) / den;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

/// Smallest distance between two rings' outlines; 0 where they cross or one holds the other.
pub fn gap(a: &[P], b: &[P]) -> f64 {
    let crossed = edges(a).any(|(p, q)| edges(b).any(|(r, s)| crossing(p, q, r, s).is_some()));
    if crossed || a.first().is_some_and(|p| contains(b, *p)) || b.first().is_some_and(|p| contains(a, *p)) {
        return 0.0;
    }
    let ab = a.iter().map(|p| to_ring(*p, b)).fold(f64::INFINITY, f64::min);
    b.iter().map(|p| to_ring(*p, a)).fold(ab, f64::min)
}

/// A rectangle of `w` along direction `dir` (radians) and `d` across it, counter-clockwise.
pub fn rect(centre: P, w: f64, d: f64, dir: f64) -> Vec<P> {
    let (u, v) = (scale(polar(1.0, dir), w / 2.0), scale(polar(1.0, dir + std::f64::consts::FRAC_PI_2), d / 2.0));
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .iter()
        .map(|(i, j)| add(centre, add(scale(u, *i), scale(v, *j))))
        .collect()
}

/// A regular ring of `n` points with half axes `rx`, `ry`, turned by `dir`.
pub fn ellipse(centre: P, rx: f64, ry: f64, dir: f64, n: usize) -> Vec<P> {
    let (u, v) = (polar(1.0, dir), polar(1.0, dir + std::f64::consts::FRAC_PI_2));
    (0..n)
        .map(|i| {
            let t = std::f64::consts::TAU * i as f64 / n as f64;
            add(centre, add(scale(u, rx * t.cos()), scale(v, ry * t.sin())))
        })
        .collect()
}

/// The band between radii `r0` and `r1` from angle `a0` to `a1` about `c`, as a counter-clockwise ring with `n` chords a side.
pub fn band(c: P, r0: f64, r1: f64, a0: f64, a1: f64, n: usize) -> Vec<P> {
    let at = |r: f64, i: usize| add(c, polar(r, a0 + (a1 - a0) * i as f64 / n as f64));
    (0..=n).map(|i| at(r1, i)).chain((0..=n).rev().map(|i| at(r0, i))).collect()
}

/// Rings in a grid of square cells, for finding what lies near without looking at everything.
pub struct Near {
    cell: f64,
    rings: Vec<Vec<P>>,
    cells: HashMap<(i64, i64), Vec<usize>>,
}

impl Near {
    pub fn new(cell: f64) -> Self {
        Self { cell, rings: Vec::new(), cells: HashMap::new() }
    }

    fn span(&self, ring: &[P], pad: f64) -> impl Iterator<Item = (i64, i64)> + use<> {
        let b = bounds(ring);
        let k = |v: f64| (v / self.cell).floor() as i64;
        let (x0, y0, x1, y1) = (k(b[0] - pad), k(b[1] - pad), k(b[2] + pad), k(b[3] + pad));
        (x0..=x1).flat_map(move |x| (y0..=y1).map(move |y| (x, y)))
    }

    /// Whether every ring kept so far is at least `clear` away.
    pub fn is_clear(&self, ring: &[P], clear: f64) -> bool {
        let b = bounds(ring);
        self.span(ring, clear).all(|c| {
            self.cells.get(&c).into_iter().flatten().all(|i| {
                let o = bounds(&self.rings[*i]);
                let apart = o[0] > b[2] + clear || o[2] < b[0] - clear || o[1] > b[3] + clear || o[3] < b[1] - clear;
                apart || gap(ring, &self.rings[*i]) > clear
            })
        })
    }

    /// Keep a ring.
    pub fn keep(&mut self, ring: &[P]) {
        let i = self.rings.len();
        for c in self.span(ring, 0.0).collect::<Vec<_>>() {
            self.cells.entry(c).or_default().push(i);
        }
        self.rings.push(ring.to_vec());
    }
}

/// West, south, east, north of a set of points.
pub fn bounds(points: &[P]) -> [f64; 4] {
    points.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gap_is_zero_inside_and_across_and_true_beside() {
        let a = rect([0.0, 0.0], 10.0, 10.0, 0.0);
        assert_eq!(gap(&a, &rect([1.0, 0.0], 2.0, 2.0, 0.3)), 0.0);
        assert_eq!(gap(&a, &rect([5.0, 0.0], 40.0, 2.0, 0.0)), 0.0);
        assert!((gap(&a, &rect([10.0, 0.0], 4.0, 4.0, 0.0)) - 3.0).abs() < 1e-9);
        assert!((area(&a) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn near_sees_only_what_is_close() {
        let mut near = Near::new(50.0);
        near.keep(&rect([0.0, 0.0], 10.0, 10.0, 0.0));
        assert!(near.is_clear(&rect([20.0, 0.0], 10.0, 10.0, 0.0), 5.0));
        assert!(!near.is_clear(&rect([20.0, 0.0], 10.0, 10.0, 0.0), 12.0));
    }
}
