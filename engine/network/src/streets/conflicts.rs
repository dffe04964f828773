//! Where lanes over a junction meet: they cross, they end on one lane, or they begin on one and have not parted yet.

use super::geometry::{along, crossings, dist, length, together};
use super::{NONE, StreetConflict, Streets, kind};
use qike_scene::traffic::TurnKind;

/// Two lanes that are nearer to each other than this are in each other's way, m.
const APART_M: f64 = 2.5;

/// A link, and the lanes that the lane before it may meet.
pub struct Meeting {
    /// It leads off a lane over a junction.
    pub link: u32,
    /// The other lanes.
    pub lanes: Vec<u32>,
}

/// Works out all meetings.
pub fn settle(streets: &mut Streets, meetings: Vec<Meeting>) {
    let mut of: Vec<Vec<StreetConflict>> = vec![Vec::new(); streets.links.len()];
    for meeting in meetings {
        let found: Vec<StreetConflict> = meeting.lanes.iter().filter_map(|lane| conflict(streets, meeting.link, *lane)).collect();
        of[meeting.link as usize] = with_siblings(streets, meeting.link, found);
        bend(streets, meeting.link);
    }
    for (link, found) in of.into_iter().enumerate() {
        streets.links[link].conflicts = (streets.conflicts.len() as u32, found.len() as u32);
        streets.conflicts.extend(found);
    }
}

/// How the lane before `link` meets `other`.
fn conflict(streets: &Streets, link: u32, other: u32) -> Option<StreetConflict> {
    let exit = streets.links_of(other).next()?;
    let (this, that) = (&streets.links[link as usize], &streets.links[exit as usize]);
    let inside = |l: &super::StreetLink| l.kind & kind::INSIDE != 0;
    let before = |lane: u32| streets.lanes[lane as usize].before;
    let same_target = this.to == that.to && !inside(this) && !inside(that);
    let same_source = before(this.from) == before(other);
    let (mut behind, size, apart) = met(streets, link, exit);
    let waited = before(this.from) != NONE && streets.lanes[before(this.from) as usize].inside;
    if waited && !apart && (this.to != that.to || inside(that)) {
        // One waits at the waiting place for those whose way one crosses after it, not halfway across.
        behind = streets.lanes[this.from as usize].length;
    }
    let (other_behind, other_size, _) = met(streets, exit, link);
    let wide = |size: f64| if same_target || same_source { 0.0 } else { size };
    Some(StreetConflict {
        lane: other,
        exit,
        behind,
        other_behind,
        size: wide(size),
        other_size: wide(other_size),
        same_target,
        same_source,
        other_waits: inside(that) && this.kind & (kind::INSIDE | kind::EXIT_AFTER_INSIDE) == 0,
        apart,
    })
}

/// From where the lane before `link` meets the one before `exit` to its own end, the extent, and whether they do not meet.
fn met(streets: &Streets, link: u32, exit: u32) -> (f64, f64, bool) {
    let (this, that) = (&streets.links[link as usize], &streets.links[exit as usize]);
    let (lane, other) = (&streets.lanes[this.from as usize], &streets.lanes[that.from as usize]);
    let (a, b) = (&streets.shapes[this.from as usize], &streets.shapes[that.from as usize]);
    let scale = lane.length / length(a).max(0.01);
    let crossed = crossings(a, b);
    let inside = |l: &super::StreetLink| l.kind & kind::INSIDE != 0;
    if this.to == that.to && !inside(this) && (!inside(that) || crossed.is_empty()) {
        let apart = APART_M.min(0.5 * (lane.width + other.width));
        let far = a.last().zip(b.last()).is_none_or(|(x, y)| dist(*x, *y) >= apart);
        let back = |s: &[[f64; 3]]| s.iter().rev().copied().collect::<Vec<_>>();
        return (if far { 0.0 } else { together(&back(a), &back(b), apart) * scale }, other.width, false);
    }
    let Some(&last) = crossed.last() else { return (0.0, 0.0, true) };
    let there = crossings(b, a).last().copied().unwrap_or_default();
    let turn = (along(a, last).1 - along(b, there).1).sin().abs();
    let size = (other.width * (2.0 / turn.max(0.2) - 1.0)).min(lane.length);
    (lane.length - (last - size / 2.0).max(0.0) * scale, size, false)
}

/// Adds the lanes that begin on the same lane: one follows the other until they part.
fn with_siblings(streets: &Streets, link: u32, mut found: Vec<StreetConflict>) -> Vec<StreetConflict> {
    let lane = streets.links[link as usize].from;
    let before = streets.lanes[lane as usize].before;
    if before == NONE {
        return found;
    }
    for sibling in streets.links_of(before).map(|l| streets.links[l as usize].next).filter(|s| *s != lane && streets.lanes[*s as usize].inside) {
        let Some(exit) = streets.links_of(sibling).next() else { continue };
        let Some((behind, size)) = parted(streets, lane, sibling) else { continue };
        let (other_behind, _) = parted(streets, sibling, lane).unwrap_or((0.0, size));
        let (this, that) = (&streets.links[link as usize], &streets.links[exit as usize]);
        let same_target = this.to == that.to && (this.kind | that.kind) & kind::INSIDE == 0;
        let other_waits = that.kind & kind::INSIDE != 0 && this.kind & (kind::INSIDE | kind::EXIT_AFTER_INSIDE) == 0;
        let new = StreetConflict { lane: sibling, exit, behind, other_behind, size: 0.0, other_size: 0.0, same_target, same_source: true, other_waits, apart: false };
        match found.iter_mut().find(|c| c.lane == sibling) {
            Some(c) => *c = new,
            None => found.push(new),
        }
    }
    found
}

/// From where a lane and its sibling have parted to its end, m, and the sibling's width.
fn parted(streets: &Streets, lane: u32, sibling: u32) -> Option<(f64, f64)> {
    let (l, s) = (&streets.lanes[lane as usize], &streets.lanes[sibling as usize]);
    let (a, b) = (&streets.shapes[lane as usize], &streets.shapes[sibling as usize]);
    let apart = APART_M.min(0.5 * (l.width + s.width));
    if a.first().zip(b.first()).is_none_or(|(x, y)| dist(*x, *y) >= apart) {
        return None;
    }
    let run = together(a, b, apart);
    let scale = if l.length == s.length && l.edge == s.edge { 1.0 } else { l.length / length(a).max(0.01) };
    Some(((l.length - run * scale).max(0.0), s.width))
}

/// Radius of left turns, for how far a long vehicle cuts the corner.
fn bend(streets: &mut Streets, link: u32) {
    let l = &streets.links[link as usize];
    if matches!(l.turn, TurnKind::Straight | TurnKind::Right | TurnKind::None) {
        return;
    }
    let heading = |shape: &[[f64; 3]], n: usize| shape.get(n).zip(shape.get(n + 1)).map(|(a, b)| (b[1] - a[1]).atan2(b[0] - a[0]));
    let road = &streets.shapes[streets.lanes[l.from as usize].road_before as usize];
    let (Some(from), Some(to)) = (heading(road, road.len().saturating_sub(2)), heading(&streets.shapes[l.to as usize], 0)) else { return };
    let angle = (to - from).sin().atan2((to - from).cos()).abs();
    if angle <= 0.0 {
        return;
    }
    let before = streets.lanes[l.from as usize].before;
    let mut run = length(&streets.shapes[l.from as usize]);
    if before != NONE && streets.lanes[before as usize].inside {
        run += length(&streets.shapes[before as usize]);
    }
    streets.links[link as usize].radius = run / angle;
}
