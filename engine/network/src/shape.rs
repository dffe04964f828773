//! Polylines: lengths, positions along them, cutting, shifting aside. Distances are taken in plan, heights go along.

/// A point with height.
pub type Point = [f64; 3];

/// Distance in plan.
#[inline]
pub fn distance(a: Point, b: Point) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

/// Length in plan.
pub fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|w| distance(w[0], w[1])).sum()
}

/// The point at share `t` of the way from `a` to `b`.
#[inline]
pub fn lerp(a: Point, b: Point, t: f64) -> Point {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

/// Position and heading (radians from east, counter-clockwise) at a distance along a line; clamped to its ends.
pub fn pose(line: &[Point], distance_m: f64) -> (Point, f64) {
    let mut left = distance_m.max(0.0);
    let mut last = None;
    for w in line.windows(2) {
        let d = distance(w[0], w[1]);
        if d <= 0.0 {
            continue;
        }
        let heading = (w[1][1] - w[0][1]).atan2(w[1][0] - w[0][0]);
        if left <= d {
            return (lerp(w[0], w[1], left / d), heading);
        }
        left -= d;
        last = Some((w[1], heading));
    }
    last.unwrap_or((line.first().copied().unwrap_or_default(), 0.0))
}

/// The part of a line between two distances from its start; at least two points where the line has two.
pub fn cut(line: &[Point], from_m: f64, to_m: f64) -> Vec<Point> {
    let mut part = vec![pose(line, from_m).0];
    let mut at = 0.0;
    for w in line.windows(2) {
        at += distance(w[0], w[1]);
        if at > from_m + 1e-6 && at < to_m - 1e-6 {
            part.push(w[1]);
        }
    }
    part.push(pose(line, to_m).0);
    part
}

/// The line shifted to the right of its direction (negative: left) by `right_m`, with mitred bends.
pub fn shift(line: &[Point], right_m: f64) -> Vec<Point> {
    let directions: Vec<[f64; 2]> = line.windows(2).map(|w| unit([w[1][0] - w[0][0], w[1][1] - w[0][1]])).collect();
    let Some((&first, &last)) = directions.first().zip(directions.last()) else { return line.to_vec() };
    line.iter()
        .enumerate()
        .map(|(i, p)| {
            let before = if i == 0 { first } else { directions[i - 1] };
            let after = directions.get(i).copied().unwrap_or(last);
            let m = mitre(before, after);
            [p[0] + m[0] * right_m, p[1] + m[1] * right_m, p[2]]
        })
        .collect()
}

/// The vector from a corner to the mitre point one metre to the right of both directions; bounded in sharp bends.
pub(crate) fn mitre(before: [f64; 2], after: [f64; 2]) -> [f64; 2] {
    let (n1, n2) = ([before[1], -before[0]], [after[1], -after[0]]);
    let sum = [n1[0] + n2[0], n1[1] + n2[1]];
    let square = sum[0] * sum[0] + sum[1] * sum[1];
    // At a sharp bend the mitre runs away; beyond twice the offset the plain normal does.
    if square < 1.0 { n2 } else { [2.0 * sum[0] / square, 2.0 * sum[1] / square] }
}

/// The vector at length one; zero stays zero.
#[inline]
pub fn unit(v: [f64; 2]) -> [f64; 2] {
    let l = v[0].hypot(v[1]);
    if l > 0.0 { [v[0] / l, v[1] / l] } else { [0.0, 0.0] }
}

/// Heading of the last `over_m` metres of a line.
pub fn end_heading(line: &[Point], over_m: f64) -> f64 {
    let whole = length(line);
    let (a, b) = (pose(line, (whole - over_m).max(0.0)).0, pose(line, whole).0);
    (b[1] - a[1]).atan2(b[0] - a[0])
}

/// Heading of the first `over_m` metres of a line.
pub fn start_heading(line: &[Point], over_m: f64) -> f64 {
    let (a, b) = (pose(line, 0.0).0, pose(line, over_m.min(length(line))).0);
    (b[1] - a[1]).atan2(b[0] - a[0])
}

/// An angle brought into (−π, π].
pub fn wrap(angle: f64) -> f64 {
    let turn = std::f64::consts::TAU;
    let a = angle.rem_euclid(turn);
    if a > turn / 2.0 { a - turn } else { a }
}

/// A smooth curve from `a` with heading `ha` to `b` with heading `hb`, as a polyline. The handles are those of a circular arc.
pub fn curve(a: Point, ha: f64, b: Point, hb: f64) -> Vec<Point> {
    let chord = distance(a, b);
    let bend = wrap(hb - ha).abs();
    if chord < 1e-9 || (bend < 0.02 && wrap((b[1] - a[1]).atan2(b[0] - a[0]) - ha).abs() < 0.02) {
        return vec![a, b];
    }
    let half = (bend / 2.0).sin();
    let handle = if half < 0.05 { chord / 3.0 } else { chord * (4.0 / 3.0) * (bend / 4.0).tan() / (2.0 * half) };
    let c = [a[0] + ha.cos() * handle, a[1] + ha.sin() * handle];
    let d = [b[0] - hb.cos() * handle, b[1] - hb.sin() * handle];
    let pieces = (3 + (bend * 4.0) as usize).min(12);
    (0..=pieces)
        .map(|i| {
            let t = i as f64 / pieces as f64;
            let s = 1.0 - t;
            let w = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
            let at = |k: usize| w[0] * a[k] + w[1] * c[k] + w[2] * d[k] + w[3] * b[k];
            [at(0), at(1), a[2] + (b[2] - a[2]) * t]
        })
        .collect()
}

/// The first place where two lines cross in plan: distances along each.
pub fn crossing(a: &[Point], b: &[Point]) -> Option<(f64, f64)> {
    let mut at_a = 0.0;
    for u in a.windows(2) {
        let mut at_b = 0.0;
        for v in b.windows(2) {
            if let Some((s, t)) = segments_cross(u[0], u[1], v[0], v[1]) {
                return Some((at_a + s * distance(u[0], u[1]), at_b + t * distance(v[0], v[1])));
            }
            at_b += distance(v[0], v[1]);
        }
        at_a += distance(u[0], u[1]);
    }
    None
}

/// Shares along two segments of the place where they cross in plan.
pub fn segments_cross(a: Point, b: Point, c: Point, d: Point) -> Option<(f64, f64)> {
    let (r, s) = ([b[0] - a[0], b[1] - a[1]], [d[0] - c[0], d[1] - c[1]]);
    let det = r[0] * s[1] - r[1] * s[0];
    if det.abs() < 1e-12 {
        return None;
    }
    let w = [c[0] - a[0], c[1] - a[1]];
    let t = (w[0] * s[1] - w[1] * s[0]) / det;
    let u = (w[0] * r[1] - w[1] * r[0]) / det;
    ((0.0..=1.0).contains(&t) && (0.0..=1.0).contains(&u)).then_some((t, u))
}

/// The nearest point of a line to `p` in plan: distance to it, and distance along the line.
pub fn project(line: &[Point], p: [f64; 2]) -> (f64, f64) {
    let mut best = (f64::INFINITY, 0.0);
    let mut at = 0.0;
    for w in line.windows(2) {
        let d = [w[1][0] - w[0][0], w[1][1] - w[0][1]];
        let square = d[0] * d[0] + d[1] * d[1];
        let t = if square > 0.0 { (((p[0] - w[0][0]) * d[0] + (p[1] - w[0][1]) * d[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
        let away = (w[0][0] + d[0] * t - p[0]).hypot(w[0][1] + d[1] * t - p[1]);
        if away < best.0 {
            best = (away, at + t * square.sqrt());
        }
        at += square.sqrt();
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    const BEND: [Point; 3] = [[0.0, 0.0, 0.0], [10.0, 0.0, 1.0], [10.0, 10.0, 2.0]];

    #[test]
    fn pose_cut_and_project_agree() {
        assert_eq!(length(&BEND), 20.0);
        let (p, heading) = pose(&BEND, 15.0);
        assert_eq!((p, heading), ([10.0, 5.0, 1.5], FRAC_PI_2));
        assert_eq!(project(&BEND, [12.0, 5.0]), (2.0, 15.0));
        assert_eq!(cut(&BEND, 5.0, 15.0), vec![[5.0, 0.0, 0.5], [10.0, 0.0, 1.0], [10.0, 5.0, 1.5]]);
        assert_eq!(pose(&BEND, 99.0).0, BEND[2]);
    }

    #[test]
    fn shifting_right_of_a_left_bend_goes_outside() {
        let right = shift(&BEND, 2.0);
        assert_eq!([right[0][1], right[2][0]], [-2.0, 12.0]);
        assert!((right[1][0] - 12.0).abs() < 1e-9 && (right[1][1] + 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_curve_of_a_quarter_turn_is_nearly_a_circle() {
        let line = curve([10.0, 0.0, 0.0], FRAC_PI_2, [0.0, 10.0, 0.0], 2.0 * FRAC_PI_2);
        assert!(line.iter().all(|p| (p[0].hypot(p[1]) - 10.0).abs() < 0.01));
        assert!((length(&line) - 5.0 * std::f64::consts::PI).abs() < 0.1);
    }

    #[test]
    fn lines_cross_where_they_do() {
        let (a, b) = crossing(&BEND, &[[8.0, 4.0, 0.0], [12.0, 4.0, 0.0]]).unwrap();
        assert!((a - 14.0).abs() < 1e-9 && (b - 2.0).abs() < 1e-9);
        assert_eq!(crossing(&BEND, &[[0.0, 1.0, 0.0], [9.0, 1.0, 0.0]]), None);
    }
}
