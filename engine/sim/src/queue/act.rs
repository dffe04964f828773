//! What the first of a lane does when it is due: it goes on, or learns when to try again.

use super::gaps::Gap;
use super::lane::{NEVER, Slot};
use super::lights::Says;
use super::{Agent, Given, LAST, Queues};
use crate::micro::world::shown;

/// Between a light's green and the first one over the line, ms.
pub(super) const START_MS: u32 = 500;
/// Who was told to come later to a lane and comes within that time has the next place on it, ms.
const CLAIM_MS: u32 = 200;
/// Of the headway, what must be between two who come onto a lane from different ones.
pub(super) const MERGING: f64 = 0.95;
/// A vehicle more on a lane than on another counts as much as so many lanes to change, cm.
pub(super) const CHANGE_CM: i32 = 300;
/// One who must stop by sign stands for that long, ms.
const STOP_MS: u32 = 1000;
/// Who gives way comes with that speed, so that he can stop when he sees who goes first, m/s.
const UNSEEN_MPS: f64 = 6.0;
/// Longest chain of queues that is looked through for a gridlock.
const CHAIN: usize = 4096;

/// Where one goes on.
pub(super) enum Next {
    /// On this lane.
    Lane(u32),
    /// Nowhere before that time.
    At(u32),
    /// Nowhere until somebody makes room on the edge.
    Full,
}

impl Queues {
    /// A lane is due.
    pub(super) fn serve(&mut self, given: &Given, n: u32) {
        let (now, lane) = (self.now, self.lanes[n as usize]);
        if lane.count() == 0 {
            return;
        }
        if lane.ready > now {
            return self.set(n, lane.ready);
        }
        let fix = &given.net.lanes[n as usize];
        let slot = self.slots[(fix.ring + (lane.head & fix.mask)) as usize];
        if slot.link == NEVER {
            return self.arrive(given, n, slot);
        }
        let link = &given.net.links[slot.link as usize];
        let mut show = link.unlit;
        if super::net::lit(link) {
            let light = link.light as usize;
            let mut run = self.lights[light];
            given.lights.advance(light, &mut run, now);
            self.lights[light] = run;
            let mut says = given.lights.says(light, &run, link.light_index);
            if let Says::Go(bits, since) = says
                && bits & shown::YELLOW != 0
                && f64::from(now - since) > self.passes_yellow(given, &slot)
            {
                says = given.lights.closed_until(light, &run, link.light_index);
            }
            match says {
                Says::Go(bits, _) => show = bits,
                Says::Nothing => {}
                Says::Stop(NEVER) => {
                    if given.lights.actuated(light, &run) {
                        self.asleep[light].push(n);
                    }
                    return;
                }
                Says::Stop(until) => return self.set(n, until + START_MS + given.kinds[self.agents[slot.agent as usize].kind as usize].start_ms),
            }
        }
        let minor = show & shown::FIRST == 0 && !self.came_first(given, link.entry);
        if minor && link.place == NEVER {
            if show & (shown::STOPS | shown::ALL_STOP) != 0 && lane.yields == NEVER {
                self.lanes[n as usize].yields = now;
                return self.set(n, now + STOP_MS);
            }
            if let Gap::Retry(at) = self.gap(given, n, slot.link, lane.ready < now) {
                if lane.yields == NEVER {
                    self.lanes[n as usize].yields = now;
                }
                return self.set(n, at);
            }
        }
        let agent = self.agents[slot.agent as usize];
        if link.place != NEVER {
            // Onto the junction, to wait there.
            self.make_room(given, link.place, now);
            let place = &self.lanes[link.place as usize];
            if place.free >= slot.room as i32 || place.count() == 0 && place.head == place.hole {
                let speed = self.leave(given, n);
                return self.enter(given, link.place, slot.agent, slot.link, speed);
            }
            let hole = self.next_hole(given, link.place);
            return self.blocked(given, n, given.net.lanes[link.place as usize].edge, hole.map_or(Next::Full, Next::At));
        }
        let movement = given.paths[agent.at as usize];
        let edge = given.net.moves[movement as usize].to;
        // It needs its room when it is over the junction.
        let over = link.over[usize::from(lane.ready < now || lane.pass < 2.0)];
        match self.choose(given, n, edge, given.paths[agent.at as usize + 1], link.to, &agent, (slot.room, over, link.length)) {
            Next::Lane(to) => {
                let speed = self.leave(given, n);
                self.agents[slot.agent as usize].at += 1;
                self.enter(given, to, slot.agent, slot.link, speed);
            }
            other => self.blocked(given, n, edge, other),
        }
    }

    /// Whether those on a waiting place of the junction came onto it by a link that goes first, or at its yellow.
    fn came_first(&mut self, given: &Given, entry: u32) -> bool {
        if entry == NEVER {
            return false;
        }
        let link = &given.net.links[entry as usize];
        if !super::net::lit(link) {
            return link.unlit & shown::FIRST != 0;
        }
        let mut run = self.lights[link.light as usize];
        given.lights.advance(link.light as usize, &mut run, self.now);
        self.lights[link.light as usize] = run;
        match given.lights.says(link.light as usize, &run, link.light_index) {
            Says::Go(bits, _) => bits & (shown::FIRST | shown::YELLOW) != 0,
            _ => false,
        }
    }

    /// For how long after green one goes on at yellow: as long as it cannot stop, ms.
    fn passes_yellow(&self, given: &Given, slot: &Slot) -> f64 {
        let agent = &self.agents[slot.agent as usize];
        f64::from(agent.wish) * given.kinds[agent.kind as usize].brake_ms
    }

    /// The lane of an edge that one takes who goes on by `after`: the one with the most room of those that lead there.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn choose(&mut self, given: &Given, me: u32, edge: u32, after: u32, straight: u32, agent: &Agent, (room, over, way): (u32, u32, f32)) -> Next {
        let (now, user) = (self.now, given.kinds[agent.kind as usize].user);
        let (mut best, mut least) = (NEVER, i32::MAX);
        let (mut hole, mut known) = (NEVER, false);
        let net = &given.net;
        let (first, count) = net.streets.edges[edge as usize].lanes;
        let choices = if after & LAST == 0 { net.choices_of(after) } else { &[] };
        let number = if after & LAST == 0 { choices.len() as u32 } else { count };
        for strict in [true, false] {
            for k in 0..number {
                let lane = if after & LAST == 0 { choices[k as usize].0 } else { first + k };
                let fix = &net.lanes[lane as usize];
                if strict && fix.users & user == 0 {
                    continue;
                }
                known = true;
                self.make_room(given, lane, now + over);
                let l = &self.lanes[lane as usize];
                if l.free < room as i32 && (net.is_outside(lane) || !(l.count() == 0 && l.head == l.hole)) {
                    let at = self.next_room(given, lane, room as i32, (way * 100.0) as i32);
                    if at > now + over {
                        hole = hole.min(at);
                        continue;
                    }
                }
                let score = self.taken_on(given, lane) + (lane as i32 - straight as i32).abs() * CHANGE_CM;
                if score < least {
                    (best, least) = (lane, score);
                }
            }
            // A path over lanes that are closed to it is driven all the same, as the lane-level model does.
            if known {
                break;
            }
        }
        if best == NEVER {
            return if hole == NEVER { Next::Full } else { Next::At(hole.saturating_sub(over).max(now + 1)) };
        }
        let l = &self.lanes[best as usize];
        let rival = l.claimed;
        // One who is about to go there and was told to come later before us goes first.
        let claimed = rival != NEVER && rival != me && {
            let other = &self.lanes[rival as usize];
            other.claims == best && other.count() > 0 && other.yields == NEVER && other.due <= now + CLAIM_MS
        };
        if l.open > now || claimed {
            let at = if l.open > now { l.open } else { now + CLAIM_MS };
            if !claimed {
                self.lanes[best as usize].claimed = me;
                self.lanes[me as usize].claims = best;
            }
            return Next::At(at);
        }
        Next::Lane(best)
    }

    /// One cannot go on: it tries again at a time, or when there is room.
    pub(super) fn blocked(&mut self, given: &Given, n: u32, edge: u32, next: Next) {
        let now = self.now;
        match next {
            Next::Lane(_) => {}
            Next::At(at) => self.set(n, at),
            Next::Full => {
                let since = self.lanes[n as usize].stuck.min(now);
                self.lanes[n as usize].stuck = since;
                if given.patience_ms != NEVER && now - since >= given.patience_ms {
                    if self.ring(given, n) {
                        return self.squeeze(given, n);
                    }
                    self.lanes[n as usize].stuck = now - given.patience_ms / 2;
                }
                self.wait_for(n, edge);
                if given.patience_ms != NEVER {
                    self.set(n, self.lanes[n as usize].stuck.saturating_add(given.patience_ms).max(now + 1));
                }
            }
        }
    }

    /// Puts a lane last into the list of those who wait for room on an edge.
    fn wait_for(&mut self, n: u32, edge: u32) {
        if self.lanes[n as usize].waits_for == edge {
            return;
        }
        self.waits_no_more(n);
        self.lanes[n as usize].waits_for = edge;
        let mut at = self.waiting[edge as usize];
        if at == NEVER {
            self.waiting[edge as usize] = n;
            return;
        }
        while self.lanes[at as usize].next_waiting != NEVER {
            at = self.lanes[at as usize].next_waiting;
        }
        self.lanes[at as usize].next_waiting = n;
    }

    /// Takes a lane out of the list it waits in.
    pub(super) fn waits_no_more(&mut self, n: u32) {
        let lane = &mut self.lanes[n as usize];
        let (edge, next) = (std::mem::replace(&mut lane.waits_for, NEVER), std::mem::replace(&mut lane.next_waiting, NEVER));
        if edge == NEVER {
            return;
        }
        let mut at = self.waiting[edge as usize];
        if at == n {
            self.waiting[edge as usize] = next;
            return;
        }
        while at != NEVER {
            let after = self.lanes[at as usize].next_waiting;
            if after == n {
                self.lanes[at as usize].next_waiting = next;
                return;
            }
            at = after;
        }
    }

    /// Whether those for whom a lane waits wait for it in their turn.
    fn ring(&self, given: &Given, n: u32) -> bool {
        let mut at = n;
        for _ in 0..CHAIN {
            let Some(next) = self.before(given, at) else { return false };
            if next == n {
                return true;
            }
            at = next;
        }
        false
    }

    /// The lane whose room the first of a lane waits for.
    fn before(&self, given: &Given, n: u32) -> Option<u32> {
        let (net, lane) = (&given.net, &self.lanes[n as usize]);
        if lane.count() == 0 || lane.stuck == NEVER || n as usize >= net.lanes.len() {
            return None;
        }
        let fix = &net.lanes[n as usize];
        let slot = &self.slots[(fix.ring + (lane.head & fix.mask)) as usize];
        if slot.link == NEVER {
            return None;
        }
        let link = &net.links[slot.link as usize];
        if link.place != NEVER {
            return Some(link.place);
        }
        let agent = &self.agents[slot.agent as usize];
        let after = given.paths[agent.at as usize + 1];
        if after & LAST != 0 { Some(link.to) } else { net.choices_of(after).first().map(|c| c.0) }
    }

    /// The first of a lane that is part of a gridlock goes on though there is no room; counted.
    fn squeeze(&mut self, given: &Given, n: u32) {
        let fix = &given.net.lanes[n as usize];
        let slot = self.slots[(fix.ring + (self.lanes[n as usize].head & fix.mask)) as usize];
        let Some(to) = self.before(given, n) else { return };
        let (size, target) = (given.net.lanes[to as usize].mask + 1, &self.lanes[to as usize]);
        if target.tail.wrapping_sub(target.hole) >= size {
            return self.set(n, self.now + 10_000);
        }
        self.counts[2] += 1;
        let speed = self.leave(given, n);
        let agent = &mut self.agents[slot.agent as usize];
        agent.taken_out = agent.taken_out.saturating_add(1);
        agent.at += u32::from(given.net.links[slot.link as usize].place == NEVER);
        self.enter(given, to, slot.agent, slot.link, speed);
    }

    /// Holes that will have got to a lane's start by a time become room.
    #[inline]
    pub(super) fn make_room(&mut self, given: &Given, n: u32, by: u32) {
        let fix = &given.net.lanes[n as usize];
        let lane = &mut self.lanes[n as usize];
        while lane.hole != lane.head {
            let slot = &self.slots[(fix.ring + (lane.hole & fix.mask)) as usize];
            if slot.at > by {
                break;
            }
            lane.free += slot.room as i32;
            lane.hole = lane.hole.wrapping_add(1);
        }
    }

    /// When the next hole gets to a lane's start.
    #[inline]
    fn next_hole(&self, given: &Given, n: u32) -> Option<u32> {
        let (fix, lane) = (&given.net.lanes[n as usize], &self.lanes[n as usize]);
        (lane.hole != lane.head).then(|| self.slots[(fix.ring + (lane.hole & fix.mask)) as usize].at)
    }

    /// When there will be room at a lane's start for one who needs so much: by holes that run there, and by those who drive on it
    /// and have not been held up so far, as far as they can be seen to go on. Those who come in their wake have, should they be held
    /// up after all, the way over the junction to stand on, and no more. All in cm.
    pub(super) fn next_room(&self, given: &Given, n: u32, room: i32, way: i32) -> u32 {
        let (fix, lane) = (&given.net.lanes[n as usize], &self.lanes[n as usize]);
        let slot = |place: u32| &self.slots[(fix.ring + (place & fix.mask)) as usize];
        let mut free = lane.free;
        let mut at = NEVER;
        for place in lane.hole..lane.head {
            (free, at) = (free + slot(place).room as i32, slot(place).at);
            if free >= room {
                return at;
            }
        }
        if lane.free - room < -way || lane.ready <= self.now || lane.tail.wrapping_sub(lane.hole) >= fix.mask || !self.goes_on(given, slot(lane.head)) {
            return at;
        }
        let mut leaves = lane.ready;
        for place in lane.head..lane.tail {
            let (slot, first) = (slot(place), place == lane.head);
            if !first {
                let agent = &self.agents[slot.agent as usize];
                leaves = slot.at.max(leaves + given.kinds[usize::from(agent.kind)].headway(f64::from(agent.wish)));
            }
            free += slot.room as i32;
            if free >= room {
                return leaves.saturating_add(fix.hole);
            }
        }
        at
    }

    /// Whether nothing is seen that will hold up one on its way to a lane's end: neither a light nor somebody to give way to.
    fn goes_on(&self, given: &Given, slot: &Slot) -> bool {
        let Some(link) = given.net.links.get(slot.link as usize) else { return true };
        if !super::net::lit(link) {
            return link.unlit & shown::FIRST != 0;
        }
        let mut run = self.lights[link.light as usize];
        given.lights.advance(link.light as usize, &mut run, self.now);
        match given.lights.says(link.light as usize, &run, link.light_index) {
            Says::Go(bits, _) => bits & shown::FIRST != 0 && bits & shown::YELLOW == 0,
            Says::Stop(_) => false,
            Says::Nothing => link.unlit & shown::FIRST != 0,
        }
    }

    /// The first of a lane leaves it; gives the speed with which it does. Those behind move up.
    pub(super) fn leave(&mut self, given: &Given, n: u32) -> f64 {
        let now = self.now;
        let fix = &given.net.lanes[n as usize];
        let lane = &mut self.lanes[n as usize];
        let slot = &mut self.slots[(fix.ring + (lane.head & fix.mask)) as usize];
        let (agent, free_at, room) = (slot.agent as usize, slot.at, slot.room);
        let kind = &given.kinds[self.agents[agent].kind as usize];
        let hole = now.saturating_add(fix.hole);
        slot.at = hole;
        lane.head = lane.head.wrapping_add(1);
        if slot.link != NEVER {
            self.used[slot.link as usize] = now;
        }
        let late = now - lane.ready.min(now);
        let speed = kind.held(f64::from(lane.pass), f64::from(late));
        if speed < 0.5 {
            (lane.since, lane.gone) = (now, room);
        } else if lane.since != NEVER {
            lane.since = lane.since.saturating_add(late);
            lane.gone = lane.gone.saturating_add(room);
        }
        (lane.stuck, lane.yields) = (NEVER, NEVER);
        let waits = lane.waits_for != NEVER;
        let claims = std::mem::replace(&mut lane.claims, NEVER);
        if claims != NEVER && self.lanes[claims as usize].claimed == n {
            self.lanes[claims as usize].claimed = NEVER;
        }
        if waits {
            self.waits_no_more(n);
        }
        self.measure(given, n, agent, free_at);
        self.next_of(given, n);
        self.wake(fix.edge, hole.saturating_sub(fix.lead).max(now + 1));
        speed
    }

    /// Works out when the new first of a lane may leave.
    fn next_of(&mut self, given: &Given, n: u32) {
        let now = self.now;
        let fix = &given.net.lanes[n as usize];
        let lane = &mut self.lanes[n as usize];
        if lane.tail == lane.head {
            lane.ready = now + given.kinds.first().map_or(0, |k| k.headway(f64::from(fix.speed)));
            (lane.due, lane.since) = (NEVER, NEVER);
            return;
        }
        let slot = &self.slots[(fix.ring + (lane.head & fix.mask)) as usize];
        let agent = &self.agents[slot.agent as usize];
        let kind = &given.kinds[agent.kind as usize];
        let wish = f64::from(agent.wish);
        let mut ready = slot.at.max(now + kind.headway(wish));
        lane.pass = agent.end;
        if lane.since != NEVER {
            match kind.follows(f64::from(lane.gone) / 100.0, lane.since, slot.at, wish) {
                Some((at, speed)) => {
                    ready = ready.max(at);
                    lane.pass = (speed as f32).min(agent.end.max(1.0));
                }
                None => lane.since = NEVER,
            }
        }
        lane.ready = ready;
        self.set(n, ready);
    }

    /// Those who wait for room on an edge try again when the hole is there, one after the other.
    pub(super) fn wake(&mut self, edge: u32, at: u32) {
        let mut next = std::mem::replace(&mut self.waiting[edge as usize], NEVER);
        let mut nth = 0;
        while next != NEVER {
            let lane = next;
            let l = &mut self.lanes[lane as usize];
            next = std::mem::replace(&mut l.next_waiting, NEVER);
            l.waits_for = NEVER;
            let date = l.due.min(at + nth);
            self.set(lane, date);
            nth += 1;
        }
    }

    /// Somebody comes onto a lane over a link, with a speed at the line before it.
    pub(super) fn enter(&mut self, given: &Given, to: u32, me: u32, over: u32, speed: f64) {
        let net = &given.net;
        let agent = &mut self.agents[me as usize];
        let kind = &given.kinds[agent.kind as usize];
        let factor = f64::from(agent.factor);
        let link = &net.links[over as usize];
        let (ms, v) = kind.drive(f64::from(link.length), speed, kind.wish(f64::from(link.speed), factor));
        (agent.left, agent.over) = (self.now, over);
        agent.way += link.length;
        agent.ideal += link.length / (kind.wish(f64::from(link.speed), factor) + kind.slow) as f32;
        if link.place == to {
            // The waiting place is that way: it is there at its end.
            self.put(given, to, me, self.now, self.now + ms as u32, v as f32);
        } else if net.is_outside(to) {
            self.cross(given, to, me, self.now + ms as u32, v);
        } else {
            self.drive_onto(given, to, me, self.now + ms as u32, 0.0, v);
        }
    }

    /// Drives from a place on a lane, where it is at a time with a speed, to the lane's end.
    pub(super) fn drive_onto(&mut self, given: &Given, to: u32, me: u32, at: u32, from_m: f64, speed: f64) {
        let net = &given.net;
        let (fix, agent) = (&net.lanes[to as usize], &mut self.agents[me as usize]);
        let kind = &given.kinds[agent.kind as usize];
        let wish = kind.wish(f64::from(fix.speed), f64::from(agent.factor));
        agent.wish = wish as f32;
        let after = given.paths[agent.at as usize];
        let length = if after & LAST != 0 { f64::from(given.people[agent.number as usize].arrive_m).min(f64::from(fix.length)) } else { f64::from(fix.length) };
        let (mut ms, mut end) = kind.drive((length - from_m).max(0.0), speed, wish);
        if after & LAST == 0 {
            let link = net.link_by(to, after);
            if link != NEVER {
                // Braking for the turn.
                let l = &net.links[link as usize];
                let unseen = !super::net::lit(l) && l.unlit & shown::FIRST == 0;
                let turn = kind.wish(f64::from(l.speed), f64::from(agent.factor)).min(if unseen { UNSEEN_MPS } else { f64::MAX });
                if turn < end {
                    ms += (end - turn) * (end - turn) * kind.brake_ms / end;
                    end = turn;
                }
            }
        }
        let mut arrive = at + ms as u32;
        let person = &given.people[agent.number as usize];
        while let Some(stop) = person.stops.get(usize::from(agent.stops)).filter(|s| s.at <= agent.at) {
            if stop.at == agent.at {
                let leaves = (arrive + stop.duration).max(stop.until);
                agent.stopped += leaves - arrive;
                (arrive, end) = (leaves, 0.0);
            }
            agent.stops += 1;
        }
        self.put(given, to, me, at, arrive, end as f32);
    }

    /// Puts one into the ring of a lane.
    fn put(&mut self, given: &Given, to: u32, me: u32, entered: u32, arrive: u32, end: f32) {
        let net = &given.net;
        let (fix, agent) = (&net.lanes[to as usize], &mut self.agents[me as usize]);
        let kind = &given.kinds[agent.kind as usize];
        (agent.lane, agent.entered, agent.end) = (to, entered, end);
        let after = given.paths[agent.at as usize];
        let link = if net.streets.lanes[to as usize].inside {
            agent.wish = kind.wish(f64::from(fix.speed), f64::from(agent.factor)) as f32;
            net.streets.lanes[to as usize].links.0
        } else if after & LAST != 0 {
            NEVER
        } else {
            net.link_by(to, after)
        };
        let lane = &mut self.lanes[to as usize];
        self.slots[(fix.ring + (lane.tail & fix.mask)) as usize] = Slot { at: arrive, agent: me, link, room: kind.room_cm };
        let alone = lane.count() == 0;
        lane.tail = lane.tail.wrapping_add(1);
        lane.free -= kind.room_cm as i32;
        lane.open = self.now + (f64::from(kind.headway(f64::from(fix.speed))) * MERGING) as u32;
        if alone {
            lane.ready = lane.ready.max(arrive);
            lane.pass = end;
            let ready = lane.ready;
            self.set(to, ready);
        }
        let sums = &mut self.sums[fix.edge as usize];
        sums.entered += 1;
    }
}
