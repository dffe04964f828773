//! Plane geometry of lanes: lengths, crossings, where two lanes part.

/// Length of a shape in the plane, m.
pub fn length(shape: &[[f64; 3]]) -> f64 {
    shape.windows(2).map(|w| dist(w[0], w[1])).sum()
}

/// Distance in the plane, m.
pub fn dist(a: [f64; 3], b: [f64; 3]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Position and heading (radians from east, counter-clockwise) at a distance along a shape, m.
pub fn along(shape: &[[f64; 3]], at: f64) -> ([f64; 3], f64) {
    let mut left = at.max(0.0);
    for (n, w) in shape.windows(2).enumerate() {
        let len = dist(w[0], w[1]);
        if (left <= len || n + 2 == shape.len()) && len > 0.0 {
            let t = (left / len).min(1.0);
            let p = std::array::from_fn(|k| w[0][k] + (w[1][k] - w[0][k]) * t);
            return (p, (w[1][1] - w[0][1]).atan2(w[1][0] - w[0][0]));
        }
        left -= len;
    }
    (shape.last().copied().unwrap_or_default(), 0.0)
}

/// Distance from a point to a shape, m.
pub fn to_shape(p: [f64; 3], shape: &[[f64; 3]]) -> f64 {
    if let [only] = shape {
        return dist(p, *only);
    }
    shape.windows(2).map(|w| to_segment(p, w[0], w[1])).fold(f64::INFINITY, f64::min)
}

fn to_segment(p: [f64; 3], a: [f64; 3], b: [f64; 3]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let square = dx * dx + dy * dy;
    let t = if square > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    dist(p, [a[0] + t * dx, a[1] + t * dy, 0.0])
}

/// Distances along `a` where it crosses `b`, m, sorted.
pub fn crossings(a: &[[f64; 3]], b: &[[f64; 3]]) -> Vec<f64> {
    let mut found = Vec::new();
    let mut before = 0.0;
    for w in a.windows(2) {
        let len = dist(w[0], w[1]);
        for v in b.windows(2) {
            if let Some(t) = crossing(w[0], w[1], v[0], v[1]) {
                found.push(before + t * len);
            }
        }
        before += len;
    }
    found.sort_by(f64::total_cmp);
    found.dedup_by(|x, y| (*x - *y).abs() < 1e-6);
    found
}

/// Share of the way from `a` to `b` at which `c`–`d` is crossed.
fn crossing(a: [f64; 3], b: [f64; 3], c: [f64; 3], d: [f64; 3]) -> Option<f64> {
    let (rx, ry) = (b[0] - a[0], b[1] - a[1]);
    let (sx, sy) = (d[0] - c[0], d[1] - c[1]);
    let cross = rx * sy - ry * sx;
    if cross.abs() < 1e-12 {
        return None;
    }
    let (qx, qy) = (c[0] - a[0], c[1] - a[1]);
    let t = (qx * sy - qy * sx) / cross;
    let u = (qx * ry - qy * rx) / cross;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some(t)
}

/// How far two shapes that begin at one place run together until they are `apart` from each other, m.
pub fn together(a: &[[f64; 3]], b: &[[f64; 3]], apart: f64) -> f64 {
    let (la, lb) = (length(a), length(b));
    let (Some(ea), Some(eb)) = (a.last(), b.last()) else { return 0.0 };
    if dist(*ea, *eb) <= apart {
        return la.min(lb);
    }
    let from_a: Vec<f64> = a.iter().map(|p| to_shape(*p, b)).collect();
    let from_b: Vec<f64> = b.iter().map(|p| to_shape(*p, a)).collect();
    let (mut rest_a, mut rest_b) = (0.0, 0.0);
    if from_b.last().is_some_and(|d| *d > apart) && from_a.last().is_some_and(|d| *d > apart) {
        rest_a = beyond(a, &from_a, apart);
        rest_b = beyond(b, &from_b, apart);
    }
    (la - rest_a).max(lb - rest_b).min(la).min(lb)
}

/// Length of a shape's end that is further than `apart` away.
fn beyond(shape: &[[f64; 3]], away: &[f64], apart: f64) -> f64 {
    let mut sum = 0.0;
    for i in (0..shape.len() - 1).rev() {
        let len = dist(shape[i], shape[i + 1]);
        if away[i] > apart {
            sum += len;
        } else {
            sum += len - (apart - away[i]) * len / (away[i + 1] - away[i]);
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(points: &[[f64; 2]]) -> Vec<[f64; 3]> {
        points.iter().map(|p| [p[0], p[1], 0.0]).collect()
    }

    #[test]
    fn shapes_cross_where_they_cross() {
        let a = shape(&[[0., 0.], [10., 0.], [10., 10.]]);
        assert_eq!(crossings(&a, &shape(&[[4., -1.], [4., 1.]])), [4.0]);
        assert_eq!(crossings(&a, &shape(&[[4., -1.], [4., 5.], [12., 5.]])), [4.0, 15.0]);
        assert!(crossings(&a, &shape(&[[0., 1.], [5., 1.]])).is_empty());
        assert_eq!(length(&a), 20.0);
    }

    #[test]
    fn two_that_part_run_together_until_they_are_apart() {
        let straight = shape(&[[0., 0.], [20., 0.]]);
        let away = shape(&[[0., 0.], [20., 20.]]);
        let run = together(&straight, &away, 2.5);
        assert!((run - 3.53).abs() < 0.1, "{run}");
        assert_eq!(together(&straight, &straight, 2.5), 20.0);
    }

    #[test]
    fn a_place_along_a_shape() {
        let a = shape(&[[0., 0.], [10., 0.], [10., 10.]]);
        let (p, heading) = along(&a, 15.0);
        assert!((p[0] - 10.0).abs() < 1e-9 && (p[1] - 5.0).abs() < 1e-9 && (heading - std::f64::consts::FRAC_PI_2).abs() < 1e-9);
        assert_eq!(along(&a, 99.0).0, [10., 10., 0.]);
    }
}
