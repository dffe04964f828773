//! Room for those who depart: where on a lane one may come onto it, and how fast.

use super::best::Best;
use super::cars::NOBODY;
use super::depart::Waiting;
use super::follow::STEP_M;
use super::world::{World, shown};
use smallvec::SmallVec;

impl World {
    /// Places on a lane where there may be room, each with the speed there and whether that may be lower: at the lane's start, and behind
    /// those who are on it, the last first.
    pub(super) fn free_places(&self, w: &Waiting, lane: u32, speed: f64, places: &mut SmallVec<[(f64, f64, bool); 12]>) {
        let k = &self.kinds[w.kind as usize];
        let length = self.streets.lanes[lane as usize].length;
        let most = w.stops.front().filter(|s| self.streets.lanes[s.lane as usize].edge == self.streets.lanes[lane as usize].edge).map_or(length, |s| s.to.max(0.0));
        let cars = &self.on[lane as usize].cars;
        let Some(&first) = cars.last() else {
            return places.push((0.0, speed, true));
        };
        // As in SUMO, it is the first one of all on the lane who says how fast one comes onto its start.
        let first = &self.cars[first as usize];
        let decel = self.kind(first).decel;
        let needed = k.secure_gap(first.speed, first.speed, decel) + k.gap;
        if self.back_on(first, lane) >= needed {
            places.push((0.0, k.follow(speed, needed, first.speed, decel, k.max_speed).min(speed), true));
        }
        for (n, &behind) in cars.iter().enumerate() {
            let ahead = cars.get(n + 1).copied().unwrap_or_else(|| self.partial_on(lane));
            let (mut v, mut front) = (speed, most);
            if ahead != NOBODY {
                let other = &self.cars[ahead as usize];
                v = v.min(other.speed);
                front = self.back_on(other, lane) - k.secure_gap(v, other.speed, self.kind(other).decel) - k.gap;
            }
            let follower = &self.cars[behind as usize];
            let fk = self.kind(follower);
            let pos = follower.pos + fk.gap + fk.secure_gap(follower.speed, 0.0, k.decel) + k.length + STEP_M;
            if front > 0.0 && pos < front {
                places.push((pos, v, true));
            }
        }
    }

    /// Whether anybody is on a lane over the junction that the way onto it by `link` meets.
    fn crossed(&self, link: u32) -> bool {
        let l = &self.streets.links[link as usize];
        let exit = if self.streets.lanes[l.next as usize].inside { self.streets.links_of(l.next).next() } else { None };
        let meets = exit.map_or(&[][..], |exit| self.streets.conflicts_of(exit));
        meets.iter().filter(|c| !c.same_source).any(|c| !self.on[c.lane as usize].cars.is_empty() || !self.on[c.lane as usize].partial.is_empty())
    }

    /// The speed with which a vehicle may come onto a lane at a position; none where there is no room.
    pub(super) fn room_for(&self, w: &Waiting, lanes: &Best, lane: u32, pos: f64, speed: f64, patch: bool) -> Option<f64> {
        let k = &self.kinds[w.kind as usize];
        let length = self.streets.lanes[lane as usize].length;
        let mut v = speed;
        let mut dist = k.brake_gap(v) + k.gap;
        let mut at_most = |allowed: f64, v: &mut f64| {
            if allowed < *v {
                if !patch && *v > 0.0 {
                    return false;
                }
                *v = allowed;
                dist = k.brake_gap(*v) + k.gap;
            }
            true
        };
        if let Some(stop) = w.stops.front().filter(|s| s.lane == lane)
            && !at_most(k.stand(v, stop.to - pos, k.max_speed), &mut v)
        {
            return None;
        }
        // The one ahead first: what is further on may ask for less speed still, but does not let one in behind him.
        let on = &self.on[lane as usize];
        let ahead = on.cars.iter().copied().find(|c| self.cars[*c as usize].pos >= pos);
        let ahead = ahead.unwrap_or_else(|| self.partial_on(lane));
        if ahead != NOBODY {
            let other = &self.cars[ahead as usize];
            let gap = self.back_on(other, lane) - pos - k.gap;
            if gap < 0.0 || !at_most(k.follow(v, gap, other.speed, self.kind(other).decel, k.max_speed), &mut v) {
                return None;
            }
        }
        let way = lanes.lanes.iter().find(|b| b.lane == lane).map_or(&[][..], |b| &b.way);
        let path = &self.paths[w.path as usize];
        let (mut seen, mut at, mut view) = (length - pos, lane, 1);
        while seen < k.brake_gap(v) + k.gap {
            if view >= path.len() && !self.streets.lanes[at as usize].inside {
                break;
            }
            let inside = self.streets.lanes[at as usize].inside;
            let link = if inside { self.streets.links_of(at).next() } else { way.get(view).and_then(|to| self.streets.link_to(at, *to)) };
            let Some(link) = link.filter(|l| inside || self.shows(*l, shown::FIRST) && !self.shows(*l, shown::RED)) else {
                if !at_most(k.stand(v, seen, k.max_speed), &mut v) {
                    return None;
                }
                break;
            };
            let l = &self.streets.links[link as usize];
            let last = self.last_on(l.next);
            if last != NOBODY {
                let other = &self.cars[last as usize];
                let gap = seen + self.back_on(other, l.next) - k.gap;
                if gap < 0.0 || !at_most(k.follow(v, gap, other.speed, self.kind(other).decel, k.max_speed), &mut v) {
                    return None;
                }
            }
            let limit = (self.limit[l.next as usize] * w.factor).min(k.max_speed);
            v = v.min(k.free(v, seen, limit, k.max_speed, true));
            if self.crossed(link) && !at_most(k.stand(v, seen, k.max_speed), &mut v) {
                return None;
            }
            seen += self.streets.lanes[l.next as usize].length;
            at = l.next;
            view += usize::from(!self.streets.lanes[at as usize].inside);
        }
        let back = pos - k.length;
        let behind = on.cars.iter().rev().copied().find(|c| self.cars[*c as usize].pos < pos);
        let follower = match behind {
            Some(c) => Some((c, back - self.cars[c as usize].pos - self.kind(&self.cars[c as usize]).gap)),
            None if self.cars.is_empty() => None,
            None => self.upstream_of(lane, back, v, k.decel, NOBODY),
        };
        if let Some((c, gap)) = follower {
            let other = &self.cars[c as usize];
            if gap < self.kind(other).secure_gap(other.speed, v, k.decel) {
                return None;
            }
        }
        (v >= 0.0).then_some(v)
    }
}
