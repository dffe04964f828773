//! What one who must change lanes soon does about it: it keeps room, adapts its speed, and tells those in its way to do so.
//!
//! After J. Erdmann, Lane-changing model in SUMO (2014), as [`super::wish`].

use super::cars::{Car, Change, want};
use super::follow::{EPS, Kind};
use super::turns::Changes;
use super::wish::Beside;
use super::world::World;

/// Speed by which one lets another overtake, or falls behind, m/s.
pub(super) const OVERTAKE: f64 = 10.0 / 3.6;
const FALL_BEHIND: f64 = 7.0 / 3.6;
/// From that speed on one lets those on the left go first, m/s; ramps are shorter than that, m.
const CUT_IN: f64 = 27.0;
const RAMP_M: f64 = 200.0;
/// Changes for the route are hurried that much.
const URGENCY: f64 = 2.0;

/// A word to another vehicle: to drive with that speed, and why.
#[derive(Clone)]
pub(super) struct Word {
    /// To whom.
    pub to: u32,
    /// Speed, m/s.
    pub speed: f64,
    /// Bits of [`want`].
    pub state: u32,
    /// Instead of all that: to keep so much room, m.
    pub keep: f64,
}

impl World {
    /// Slows for one who stands before it and cannot get in.
    pub(super) fn slow_for(&self, car: &Car, c: &mut Change, k: &Kind, blocked: u32) {
        let other = &self.cars[blocked as usize];
        let gap = other.pos - self.kind(other).length - car.pos - k.gap;
        if gap > super::follow::STEP_M && car.speed < k.decel {
            let v = k.follow_looking(car.speed, gap - super::follow::STEP_M, other.speed, self.kind(other).decel, self.wish(car.lane, car));
            c.advice.push((v - car.speed) / self.dt);
        }
    }

    /// Prepares a change that must be made soon: keeps room, adapts speed, tells those in the way.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn hurry(&self, car: &Car, c: &mut Change, k: &Kind, b: &Beside, offset: i32, left: f64, many: bool, leads_on: bool, first_blocked: u32, changes: &mut Changes) {
        let right = b.side < 0;
        c.left_space = left;
        if many {
            c.blocker = c.blocker.max(if right { 20.0 } else { 40.0 });
        }
        let counter = if right { want::LEFT } else { want::RIGHT };
        let mut can = true;
        let ahead = b.ahead.map(|a| a.0);
        for other in ahead.into_iter().chain(Some(first_blocked).filter(|f| *f != super::cars::NOBODY && Some(*f) != ahead)) {
            can &= self.keep_room(car, c, k, other, counter, left, leads_on, changes);
        }
        c.no_braking |= !can && leads_on;
        let lanes = f64::from(offset.abs().max(1));
        let seconds = (left / c.look_ahead.max(EPS) / lanes / URGENCY).max(self.dt);
        let speed = self.tell_leader(car, c, k, b, seconds, changes);
        if let Some(speed) = speed {
            self.tell_follower(car, c, k, b, seconds, speed, changes);
        }
    }

    /// Keeps room for one ahead who changes the other way, or has it keep room; false where neither can.
    #[allow(clippy::too_many_arguments)]
    fn keep_room(&self, car: &Car, c: &mut Change, k: &Kind, other: u32, counter: u32, left: f64, leads_on: bool, changes: &mut Changes) -> bool {
        let o = &self.cars[other as usize];
        let (state, its) = (changes.memory(self, other).state, changes.memory(self, other).left_space);
        if state & counter == 0 {
            return true;
        }
        let ok = self.kind(o);
        if ok.room <= left - k.brake_gap_by(car.speed, k.decel, 0.0) {
            c.blocker = c.blocker.max(ok.room);
            return true;
        }
        if k.room <= its - ok.brake_gap_by(o.speed, ok.decel, 0.0) || its > left {
            changes.tell(self, Word { to: other, speed: 0.0, state: 0, keep: k.room });
            return true;
        }
        !leads_on
    }

    /// Adapts to the one ahead on the lane beside; gives the speed planned, or none when it is to be overtaken.
    fn tell_leader(&self, car: &Car, c: &mut Change, k: &Kind, b: &Beside, seconds: f64, changes: &mut Changes) -> Option<f64> {
        let wish = self.wish(car.lane, car);
        let (left, blocker) = (c.left_space, c.blocker);
        let mut plan = car.speed.min(k.stand(car.speed, left - blocker, wish));
        for a in c.advice.iter().filter(|a| **a >= -k.decel) {
            plan = plan.min(car.speed + a * self.dt);
        }
        let Some((lead, gap)) = b.ahead else { return Some(plan) };
        let other = &self.cars[lead as usize];
        let ok = self.kind(other);
        let next_v = other.speed - self.dt * (-other.accel).max(1.0);
        let next_gap = gap + (next_v - plan) * self.dt;
        let behind = |w: &World| k.next_min(car.speed).max(k.follow_looking(car.speed, next_gap, next_v, ok.decel, w.wish(b.lane, car)));
        if b.blocked & want::BLOCKED_LEADER == 0 {
            let target = behind(self);
            c.advice.push((target - car.speed) / self.dt);
            return Some(target.min(plan));
        }
        let way = (gap + ok.room + k.length + ok.secure_gap(other.speed, car.speed, k.decel)).max(0.0);
        let dv = plan - other.speed;
        let time = if dv > 0.0 { way / dv } else { seconds + 1.0 };
        let told = if b.side < 0 { want::OTHER_RIGHT } else { want::OTHER_LEFT };
        let cannot = dv < 0.0 || b.side > 0 && !self.congested(car) || left - blocker - k.brake_gap(car.speed) < way || seconds < time;
        if cannot && !other.stopped {
            changes.tell(self, Word { to: lead, speed: f64::INFINITY, state: told | want::AM_BLOCKING_LEADER, keep: 0.0 });
            let target = behind(self);
            if target < car.speed {
                let decel = k.decel.min(FALL_BEHIND.max((car.speed - target) / seconds));
                let next = plan.min((car.speed - decel * self.dt).max(0.0));
                c.advice.push((next - car.speed) / self.dt);
                return Some(next);
            }
            c.advice.push((target - car.speed) / self.dt);
            return Some(plan);
        }
        changes.tell(self, Word { to: lead, speed: other.speed, state: told | want::AM_BLOCKING_LEADER, keep: 0.0 });
        None
    }

    /// Asks the one behind on the lane beside to let it in, or lets it overtake.
    #[allow(clippy::too_many_arguments)]
    fn tell_follower(&self, car: &Car, c: &mut Change, k: &Kind, b: &Beside, seconds: f64, plan: f64, changes: &mut Changes) {
        let Some((follow, gap)) = b.behind else { return };
        let other = &self.cars[follow as usize];
        let ok = self.kind(other);
        let right = b.side < 0;
        let told = if right { want::OTHER_RIGHT } else { want::OTHER_LEFT };
        let wish = self.wish(b.lane, other);
        if b.blocked & want::BLOCKED_FOLLOWER == 0 {
            if b.blocked & want::BLOCKED_LEADER != 0 {
                let first = ok.follow_looking(other.speed, gap + plan * self.dt, plan, k.decel, wish);
                let safe = ok.follow_looking(other.speed, gap + (plan - first) * self.dt, plan, k.decel, wish);
                changes.tell(self, Word { to: follow, speed: safe, state: told, keep: 0.0 });
            }
            return;
        }
        let mut ask = |speed: f64| changes.tell(self, Word { to: follow, speed, state: told | want::AM_BLOCKING_FOLLOWER, keep: 0.0 });
        if plan - other.speed >= OVERTAKE {
            let need = ok.secure_gap(other.speed, plan, k.decel);
            if (need - gap) / seconds < plan - other.speed {
                ask(plan - OVERTAKE);
                return;
            }
        }
        let help = ok.decel;
        let new_v = (other.speed - help * self.dt).max(0.0);
        let new_v1 = (other.speed - help).max(0.0);
        let dv = plan - new_v1;
        let left = gap + dv;
        let secure = ok.secure_gap(new_v1, plan, k.decel);
        if left > 0.0 && left >= secure {
            // If it helps, one gets in at once.
            let first = new_v.max(ok.follow_looking(other.speed, gap + plan * self.dt, plan, k.decel, wish));
            let safe = new_v.max(ok.follow_looking(other.speed, gap + (plan - first) * self.dt, plan, k.decel, wish));
            ask(safe);
        } else if dv > 0.0 && dv * seconds > secure - left + super::follow::STEP_M {
            ask(new_v);
        } else if right && !self.congested(other) {
            ask(new_v.max(OVERTAKE));
        } else {
            let mut help_v = other.speed.max(car.speed + OVERTAKE);
            let long = self.streets.lanes[car.lane as usize].length > RAMP_M;
            if other.speed > car.speed && (right || plan > CUT_IN || long) {
                help_v = new_v.max(car.speed + OVERTAKE);
                if (other.speed - car.speed) / help < seconds {
                    ask(help_v);
                    return;
                }
            }
            ask(help_v);
            let over = (gap + k.room + ok.length + k.secure_gap(plan, help_v, ok.decel)).max(0.0);
            let v = (help_v - over / seconds).max(car.speed - k.decel * self.dt);
            c.advice.push((v - car.speed) / self.dt);
        }
    }
}
