//! Lines in the plane: offsets to a side, pieces by length, strips. Used by roads, paths, rails and outlines.

use super::{Builder, Paint};

/// A place in the picture's frame.
pub type P = [f32; 3];

/// Direction from `a` to `b` in plan, length 1; `None` where they coincide.
fn direction(a: P, b: P) -> Option<[f32; 2]> {
    let (dx, dz) = (b[0] - a[0], b[2] - a[2]);
    let length = dx.hypot(dz);
    (length > 1e-4).then(|| [dx / length, dz / length])
}

/// The line without points that repeat the one before.
pub fn clean(points: &[P]) -> Vec<P> {
    let mut out: Vec<P> = Vec::with_capacity(points.len());
    for p in points {
        if out.last().is_none_or(|last| direction(*last, *p).is_some()) {
            out.push(*p);
        }
    }
    out
}

/// The line moved `distance` metres to the right of its direction (left where negative), with mitred corners.
pub fn offset(points: &[P], distance: f32) -> Vec<P> {
    let n = points.len();
    (0..n)
        .map(|i| {
            let before = (i > 0).then(|| direction(points[i - 1], points[i])).flatten();
            let after = (i + 1 < n).then(|| direction(points[i], points[i + 1])).flatten();
            let (a, b) = match (before, after) {
                (Some(a), Some(b)) => (a, b),
                (Some(a), None) | (None, Some(a)) => (a, a),
                (None, None) => return points[i],
            };
            // Right of east (1, 0) is south (0, 1).
            let (mx, mz) = (-(a[1] + b[1]), a[0] + b[0]);
            let length = mx.hypot(mz);
            let scale = if length < 0.5 { 1.0 } else { (2.0 / length).min(2.0) };
            let (nx, nz) = if length < 1e-3 { (-a[1], a[0]) } else { (mx / length, mz / length) };
            [points[i][0] + nx * distance * scale, points[i][1], points[i][2] + nz * distance * scale]
        })
        .collect()
}

/// Lengths along a line in plan: one a point, the first 0.
pub fn lengths(points: &[P]) -> Vec<f32> {
    let mut sum = 0.0;
    let mut out = Vec::with_capacity(points.len());
    for (i, p) in points.iter().enumerate() {
        if i > 0 {
            sum += (p[0] - points[i - 1][0]).hypot(p[2] - points[i - 1][2]);
        }
        out.push(sum);
    }
    out
}

/// The point at a length along a line, and the direction there in plan.
pub fn along(points: &[P], lengths: &[f32], s: f32) -> Option<(P, [f32; 2])> {
    let i = lengths.partition_point(|l| *l <= s).clamp(1, points.len().checked_sub(1)?.max(1));
    let (a, b) = (*points.get(i - 1)?, *points.get(i)?);
    let span = lengths[i] - lengths[i - 1];
    let t = if span > 0.0 { ((s - lengths[i - 1]) / span).clamp(0.0, 1.0) } else { 0.0 };
    let p = [0, 1, 2].map(|axis| a[axis] + (b[axis] - a[axis]) * t);
    Some((p, direction(a, b)?))
}

/// The piece of a line between two lengths.
pub fn piece(points: &[P], lengths: &[f32], from: f32, to: f32) -> Vec<P> {
    let mut out = Vec::new();
    if let Some((p, _)) = along(points, lengths, from) {
        out.push(p);
    }
    for (p, s) in points.iter().zip(lengths) {
        if *s > from + 1e-3 && *s < to - 1e-3 {
            out.push(*p);
        }
    }
    if let Some((p, _)) = along(points, lengths, to) {
        out.push(p);
    }
    clean(&out)
}

/// A flat strip between two offsets of a line (metres to the right), facing up.
pub fn strip(builder: &mut Builder, points: &[P], left: f32, right: f32, lift: f32, paint: &Paint) {
    if points.len() < 2 {
        return;
    }
    let (left, right) = (offset(points, left), offset(points, right));
    let mut previous: Option<[u32; 2]> = None;
    for (l, r) in left.iter().zip(&right) {
        let now = [l, r].map(|p| builder.vertex([p[0], p[1] + lift, p[2]], [0.0, 1.0, 0.0], 1.0, paint));
        if let Some([pl, pr]) = previous {
            builder.triangle(pl, pr, now[1]);
            builder.triangle(pl, now[1], now[0]);
        }
        previous = Some(now);
    }
}

/// A flat disc facing up.
pub fn disc(builder: &mut Builder, centre: P, radius: f32, lift: f32, sides: u32, paint: &Paint) {
    let at = |p: P| [p[0], p[1] + lift, p[2]];
    let middle = builder.vertex(at(centre), [0.0, 1.0, 0.0], 1.0, paint);
    let rim: Vec<u32> = (0..sides)
        .map(|i| {
            let (sin, cos) = (i as f32 / sides as f32 * std::f32::consts::TAU).sin_cos();
            builder.vertex(at([centre[0] + radius * cos, centre[1], centre[2] + radius * sin]), [0.0, 1.0, 0.0], 1.0, paint)
        })
        .collect();
    for i in 0..sides as usize {
        builder.triangle(middle, rim[(i + 1) % sides as usize], rim[i]);
    }
}

/// Calls `draw` with the start and end of every dash between two lengths.
pub fn dashes(from: f32, to: f32, on: f32, gap: f32, mut draw: impl FnMut(f32, f32)) {
    let mut s = from;
    while s + 0.5 * on < to {
        draw(s, (s + on).min(to));
        s += on + gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Kind, cross, sub};

    #[test]
    fn right_is_right_and_corners_are_mitred() {
        let line = [[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [10.0, 0.0, 10.0]];
        let moved = offset(&line, 1.0);
        assert_eq!(moved[0], [0.0, 0.0, 1.0]);
        assert!((moved[1][0] - 9.0).abs() < 1e-5 && (moved[1][2] - 1.0).abs() < 1e-5);
        assert_eq!(moved[2], [9.0, 0.0, 10.0]);
    }

    #[test]
    fn pieces_start_and_end_where_asked() {
        let line = [[0.0, 0.0, 0.0], [10.0, 2.0, 0.0], [10.0, 2.0, 10.0]];
        let lengths = lengths(&line);
        assert_eq!(lengths, [0.0, 10.0, 20.0]);
        assert_eq!(piece(&line, &lengths, 5.0, 15.0), [[5.0, 1.0, 0.0], [10.0, 2.0, 0.0], [10.0, 2.0, 5.0]]);
        assert!(along(&line[..1], &lengths[..1], 0.0).is_none());
    }

    #[test]
    fn strips_and_discs_face_up() {
        let paint = Paint { colour: [0; 3], kind: Kind::Plain, object: 0, foot: 0.0 };
        let mut builder = Builder::default();
        strip(&mut builder, &[[0.0, 0.0, 0.0], [9.0, 0.0, 3.0], [12.0, 0.0, 20.0]], -2.0, 2.0, 0.1, &paint);
        disc(&mut builder, [0.0; 3], 2.0, 0.1, 8, &paint);
        let mesh = builder.finish().unwrap();
        for t in mesh.indices.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(t[k]));
            assert!(cross(sub(b, a), sub(c, a))[1] > 0.0);
        }
    }

    #[test]
    fn dashes_cover_what_is_asked_and_no_more() {
        let mut drawn = Vec::new();
        dashes(0.0, 20.0, 6.0, 9.0, |a, b| drawn.push((a, b)));
        assert_eq!(drawn, [(0.0, 6.0), (15.0, 20.0)]);
    }
}
