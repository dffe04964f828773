//! Roundabouts that are not tagged as such: short rings of one-way roads that turn the right way.

use super::topology::{Topology, arms};
use crate::shape;
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// A ring is no longer than that, m.
const LONGEST_M: f64 = 200.0;
/// From piece to piece it bends less than that, radians: a block of streets has corners.
const CORNER: f64 = 1.0;
/// Least share of the area of a circle of its length.
const ROUND: f64 = 0.6;
/// It has no more pieces than that.
const MOST_PIECES: usize = 32;

/// Marks the pieces of such rings as parts of roundabouts.
pub(crate) fn mark(top: &mut Topology, left_hand: bool) {
    let arms = arms(top);
    let mut of_spec: BTreeMap<u32, u32> = BTreeMap::new();
    let rings: Vec<Vec<u32>> = (0..top.segments.len() as u32).filter_map(|first| ring(top, &arms, first, left_hand)).collect();
    for ring in rings {
        for segment in ring {
            let spec = top.segments[segment as usize].spec;
            if top.specs[spec as usize].roundabout {
                continue;
            }
            let marked = *of_spec.entry(spec).or_insert_with(|| {
                let mut marked = top.specs[spec as usize].clone();
                marked.roundabout = true;
                top.specs.push(marked);
                top.specs.len() as u32 - 1
            });
            top.segments[segment as usize].spec = marked;
        }
    }
}

/// Where one drives on a one-way piece: from, to. None for others.
fn course(top: &Topology, segment: u32) -> Option<(u32, u32)> {
    let s = &top.segments[segment as usize];
    let spec = &top.specs[s.spec as usize];
    match (spec.forward.lanes.is_empty(), spec.backward.lanes.is_empty()) {
        (false, true) => Some((s.a, s.b)),
        (true, false) => Some((s.b, s.a)),
        _ => None,
    }
}

/// Headings at the beginning and the end of a piece as it is driven.
fn headings(top: &Topology, segment: u32) -> [f64; 2] {
    let s = &top.segments[segment as usize];
    let (start, end) = (shape::start_heading(&s.line, 6.0), shape::end_heading(&s.line, 6.0));
    if course(top, segment).is_some_and(|c| c.0 == s.a) { [start, end] } else { [end + PI, start + PI] }
}

/// The ring that begins with a piece, where it is its first one; none where there is no such ring.
fn ring(top: &Topology, arms: &[Vec<u32>], first: u32, left_hand: bool) -> Option<Vec<u32>> {
    let side = if left_hand { -1.0 } else { 1.0 };
    let (start, mut node) = course(top, first)?;
    let mut ring = vec![first];
    let mut length = top.segments[first as usize].length_m;
    while node != start {
        let end = headings(top, *ring.last()?)[1];
        let inward = |s: &u32| side * shape::wrap(headings(top, *s)[0] - end);
        let next = arms[node as usize].iter().copied().filter(|s| course(top, *s).is_some_and(|c| c.0 == node));
        let next = next.max_by(|a, b| inward(a).total_cmp(&inward(b)).then(b.cmp(a)))?;
        length += top.segments[next as usize].length_m;
        // A ring is found from its first piece.
        if inward(&next).abs() > CORNER || next < first || length > LONGEST_M || ring.len() >= MOST_PIECES || top.signs.signals.contains_key(&top.keys[node as usize]) {
            return None;
        }
        node = course(top, next)?.1;
        ring.push(next);
    }
    let joined = ring.iter().filter_map(|s| course(top, *s)).filter(|(from, _)| arms[*from as usize].len() > 2).count();
    let inward = side * shape::wrap(headings(top, first)[0] - headings(top, *ring.last()?)[1]);
    let mut twice = 0.0;
    for s in &ring {
        let s_line = &top.segments[*s as usize].line;
        let sign = if course(top, *s)?.0 == top.segments[*s as usize].a { 1.0 } else { -1.0 };
        let origin = top.positions[start as usize];
        twice += sign * s_line.windows(2).map(|w| (w[0][0] - origin[0]) * (w[1][1] - origin[1]) - (w[1][0] - origin[0]) * (w[0][1] - origin[1])).sum::<f64>();
    }
    let round = side * twice / 2.0 * 4.0 * PI / (length * length);
    (ring.len() > 1 && joined > 1 && inward.abs() <= CORNER && round >= ROUND && length <= LONGEST_M).then_some(ring)
}
