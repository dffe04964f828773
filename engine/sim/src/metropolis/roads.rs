//! Cars on links, event by event: the queue model with one queue for all lanes of a link.
//!
//! Headways, waves, gains of speed and the way in which a queue leaves a light are those of [`crate::queue`]; what differs: lanes of a
//! link share a queue and a room, crossings without lights are passed in turn or after the arterial, and holes are told of at the end
//! of a window.

use super::city::{CROSS_MS, City, Class, Crossing};
use super::part::{Driver, NEVER, Part, SLACK, Shared};
use super::plans::Mode;
use smallvec::SmallVec;

/// Of the headway, what must be between two who come onto a link from different ones.
const MERGING: f64 = 0.95;
/// One is squeezed in after it has found no room for that long, ms.
const PATIENCE_MS: u32 = 300_000;
/// Who departs, among those who wait for room.
const DEPARTS: u32 = 5;

/// What came of trying to go on to a link.
enum Tried {
    Went,
    /// Not before that time.
    At(u32),
    Full,
}

impl Part {
    /// All dates before a time.
    pub(super) fn drive(&mut self, shared: &Shared, end: u32) {
        let links = shared.city.links.len() as u32;
        while let Some((time, what)) = self.calendar.next(end) {
            if self.calendar.turned() {
                std::hint::black_box(self.touch(shared.city, self.calendar.open()));
            }
            self.now = time;
            self.sums.events += 1;
            if what < links {
                if self.down[what as usize].due == time {
                    self.down[what as usize].due = NEVER;
                    self.serve(shared, what);
                }
            } else if what < 2 * links {
                if self.up[(what - links) as usize].wakes == time {
                    self.wake(shared, what - links);
                }
            } else {
                self.depart(shared, what - 2 * links);
            }
        }
        self.now = end;
    }

    /// Looks at what the dates of a bucket are about, so that it comes from memory for many at once and not one after the other.
    fn touch(&self, city: &City, dates: &[u64]) -> u32 {
        let links = city.links.len() as u32;
        let link = |date: &u64| Some(*date as u32).filter(|what| *what < links);
        let mut seen = 0;
        for what in dates.iter().filter_map(link) {
            seen ^= self.down[what as usize].count ^ self.ring[what as usize];
        }
        for what in dates.iter().filter_map(link) {
            seen ^= self.drivers.get((self.ring[what as usize] + self.down[what as usize].head) as usize).map_or(0, |d| d.to);
        }
        for what in dates.iter().filter_map(link) {
            let driver = self.drivers.get((self.ring[what as usize] + self.down[what as usize].head) as usize).copied().unwrap_or_default();
            seen ^= self.up.get((city.links[what as usize].to * 4 + u32::from(driver.next & 3)) as usize).map_or(0, |u| u.open);
        }
        seen
    }

    fn date(&mut self, link: u32, time: u32) {
        let d = &mut self.down[link as usize];
        if d.due != time {
            d.due = time;
            self.calendar.set(time, link);
        }
    }

    /// The first of a link is due.
    fn serve(&mut self, shared: &Shared, link: u32) {
        let (city, now) = (shared.city, self.now);
        let fix = &city.links[link as usize];
        let d = self.down[link as usize];
        if d.count == 0 || d.ready > now {
            return;
        }
        let driver = self.drivers[(self.ring[link as usize] + d.head) as usize];
        if driver.to == fix.to || driver.next >= super::hops::NO_WAY {
            self.leave(shared, link);
            self.sums.lost += u64::from(driver.to != fix.to);
            return self.arrived(shared, Mode::Car, now, (driver.who, driver.trip), driver.departed, driver.way);
        }
        // It may have been held up until its light is red again.
        let green = city.green(link, now);
        if green > now {
            return self.date(link, green);
        }
        let crosses = self.crosses(city, link, &driver);
        if crosses > now {
            return self.date(link, crosses);
        }
        let out = fix.to * 4 + u32::from(driver.next);
        let force = d.stuck != NEVER && now - d.stuck >= PATIENCE_MS;
        match self.room(shared, out, force) {
            Tried::Went => {
                self.sums.squeezed += u64::from(force && self.up[out as usize].free < 0);
                let speed = self.leave(shared, link);
                self.last[fix.to as usize].at[link as usize % 2] = now.max(1);
                self.enter(shared, out, driver, speed);
            }
            Tried::At(at) => self.date(link, at),
            Tried::Full => {
                if !force && self.lets_by(shared, link) {
                    return self.serve(shared, link);
                }
                if d.stuck == NEVER {
                    self.down[link as usize].stuck = now;
                }
                let again = if force { now + PATIENCE_MS / 2 } else { self.down[link as usize].stuck + PATIENCE_MS };
                self.waits(shared, out, link % 4 + 1);
                self.date(link, again);
            }
        }
    }

    /// The first of a link finds no room: one who stands beside it on another lane, goes elsewhere and finds room there becomes the first.
    fn lets_by(&mut self, shared: &Shared, link: u32) -> bool {
        let fix = &shared.city.links[link as usize];
        let (d, size) = (self.down[link as usize], fix.room + SLACK);
        let place = |n: u32| (self.ring[link as usize] + (d.head + n) % size) as usize;
        let first = place(0);
        let beside: SmallVec<[usize; 4]> = (1..u32::from(fix.lanes).min(d.count)).map(place).collect();
        for other in beside {
            let driver = self.drivers[other];
            let arrives = driver.to == fix.to || driver.next >= super::hops::NO_WAY;
            if driver.at <= self.now && driver.next != self.drivers[first].next && (arrives || !matches!(self.room(shared, fix.to * 4 + u32::from(driver.next), false), Tried::Full)) {
                self.drivers.swap(first, other);
                return true;
            }
        }
        false
    }

    /// When one from a link may cross, as far as those of the other axis go. Who turns to the right only merges. Who gives way accepts
    /// the shorter a gap the longer it has waited.
    fn crosses(&self, city: &City, link: u32, driver: &Driver) -> u32 {
        let node = city.links[link as usize].to;
        let other = self.last[node as usize].at[(link as usize + 1) % 2];
        if other == 0 || (link + 3) % 4 == u32::from(driver.next) {
            return 0;
        }
        match city.crossings[node as usize] {
            Crossing::Free | Crossing::Signal => 0,
            Crossing::First => other + CROSS_MS,
            Crossing::Priority if city.links[link as usize].class >= Class::Arterial => 0,
            Crossing::Priority => other + CROSS_MS + CROSS_MS * PATIENCE_MS / 10 / (PATIENCE_MS / 10 + self.now - self.down[link as usize].ready.min(self.now)),
        }
    }

    /// Whether there is room now at a link's start.
    fn room(&mut self, shared: &Shared, out: u32, force: bool) -> Tried {
        let now = self.now;
        let fix = &shared.city.links[out as usize];
        let (size, ring) = (fix.room + SLACK, self.hole_ring[out as usize]);
        let up = &mut self.up[out as usize];
        while up.holes > 0 && self.holes[(ring + up.hole) as usize] <= now {
            up.hole = if up.hole + 1 == size { 0 } else { up.hole + 1 };
            (up.holes, up.free) = (up.holes - 1, up.free + 1);
        }
        if up.free <= 0 && !(force && up.free > 1 - SLACK as i32) {
            return Tried::Full;
        }
        if up.open > now { Tried::At(up.open) } else { Tried::Went }
    }

    /// Somebody waits for room on a link.
    fn waits(&mut self, shared: &Shared, out: u32, who: u32) {
        let up = &mut self.up[out as usize];
        let mut at = 0;
        while at < 30 && up.waiting >> at & 7 != 0 {
            if up.waiting >> at & 7 == who {
                return;
            }
            at += 3;
        }
        up.waiting |= who << at;
        self.watch(shared, out);
    }

    /// Sets the date of the next room, if somebody waits for it.
    fn watch(&mut self, shared: &Shared, out: u32) {
        let ring = self.hole_ring[out as usize];
        let up = &mut self.up[out as usize];
        if up.waiting != 0 && (up.free > 0 || up.holes > 0) {
            let at = if up.free > 0 { up.open } else { self.holes[(ring + up.hole) as usize] }.max(self.now + 1);
            if up.wakes > at {
                up.wakes = at;
                self.calendar.set(at, shared.city.links.len() as u32 + out);
            }
        }
    }

    /// There may be room on a link: the first who waits tries again.
    fn wake(&mut self, shared: &Shared, out: u32) {
        let up = &mut self.up[out as usize];
        up.wakes = NEVER;
        let who = up.waiting & 7;
        up.waiting >>= 3;
        if who == DEPARTS {
            self.depart(shared, out);
        } else if who != 0 {
            // It comes by the link in that direction that ends where this one begins.
            if let Some(before) = shared.city.neighbour(out / 4, (who - 1 + 2) % 4) {
                self.serve(shared, before * 4 + who - 1);
            }
        }
        self.watch(shared, out);
    }

    /// A hole will have come to a link's start at a time.
    pub(super) fn hole(&mut self, shared: &Shared, link: u32, at: u32) {
        let size = shared.city.links[link as usize].room + SLACK;
        let ring = self.hole_ring[link as usize];
        let up = &mut self.up[link as usize];
        // In the time that a hole takes no more come than find room in three quarters of the link: it makes no difference yet.
        if up.holes == 0 && up.free * 4 > (size - SLACK) as i32 * 3 && up.waiting == 0 {
            up.free += 1;
            return;
        }
        let place = (up.hole + up.holes) % size;
        self.holes[(ring + place) as usize] = at;
        up.holes += 1;
        self.watch(shared, link);
    }

    /// The first of those who depart onto a link.
    fn depart(&mut self, shared: &Shared, link: u32) {
        let now = self.now;
        let Some(driver) = self.sources[link as usize].front().copied() else { return };
        let sources = 2 * shared.city.links.len() as u32;
        match self.room(shared, link, false) {
            Tried::Went => {
                let source = &mut self.sources[link as usize];
                source.pop_front();
                if let Some(next) = source.front() {
                    self.calendar.set(next.at.max(now + 1), sources + link);
                }
                let speed = f64::from(shared.city.links[link as usize].speed);
                self.enter(shared, link, driver, speed);
            }
            Tried::At(at) => self.calendar.set(at, sources + link),
            Tried::Full => self.waits(shared, link, DEPARTS),
        }
    }

    /// The first of a link leaves it; gives its speed.
    fn leave(&mut self, shared: &Shared, link: u32) -> f64 {
        let (city, now) = (shared.city, self.now);
        let (fix, car) = (&city.links[link as usize], &city.car);
        let ring = self.ring[link as usize];
        let d = &mut self.down[link as usize];
        let late = now - d.ready.min(now);
        let speed = car.held(f64::from(d.pass), f64::from(late));
        let room = car.room_cm / u32::from(fix.lanes.max(1));
        if speed < 0.5 {
            (d.since, d.gone) = (now, room);
        } else if d.since != NEVER {
            (d.since, d.gone) = (d.since.saturating_add(late), d.gone.saturating_add(room));
        }
        d.stuck = NEVER;
        let spent = now.saturating_sub(self.drivers[(ring + d.head) as usize].at) + fix.free_ms;
        (d.took, d.left) = (d.took.saturating_add(spent / 125), d.left + 1);
        d.head = if d.head + 1 == fix.room + SLACK { 0 } else { d.head + 1 };
        d.count -= 1;
        self.sums.driven += 1;
        let above = usize::from(shared.part_of_row[(link / 4 / city.side) as usize]);
        self.post[above].holes.push((link, now + fix.hole_ms));
        let d = &mut self.down[link as usize];
        if d.count == 0 {
            (d.ready, d.due, d.since) = (now + fix.headway_ms, NEVER, NEVER);
            return speed;
        }
        let next = &self.drivers[(ring + d.head) as usize];
        let mut ready = next.at.max(now + fix.headway_ms);
        d.pass = next.end;
        if d.since != NEVER {
            match car.follows(f64::from(d.gone) / 100.0, d.since, next.at, f64::from(fix.speed)) {
                Some((at, speed)) => {
                    ready = ready.max(at);
                    d.pass = (speed as f32).min(next.end.max(1.0));
                }
                None => d.since = NEVER,
            }
        }
        d.ready = ready;
        self.date(link, city.green(link, ready));
        speed
    }

    /// Somebody comes onto a link with a speed.
    fn enter(&mut self, shared: &Shared, link: u32, mut driver: Driver, speed: f64) {
        let city = shared.city;
        let fix = &city.links[link as usize];
        let (ms, end) = city.car.drive(f64::from(fix.length), speed, f64::from(fix.speed));
        let up = &mut self.up[link as usize];
        up.free -= 1;
        up.open = self.now + (f64::from(fix.headway_ms) * MERGING) as u32;
        driver.at = self.now + ms as u32;
        driver.end = end as f32;
        driver.way += (fix.length * 10.0) as u32;
        driver.next = shared.hops.next(city, fix.to, driver.to);
        let part = usize::from(shared.part_of_row[(fix.to / city.side) as usize]);
        self.post[part].drivers.push((link, driver));
    }

    /// Puts somebody into the ring of a link.
    pub(super) fn put(&mut self, shared: &Shared, link: u32, driver: Driver) {
        let size = shared.city.links[link as usize].room + SLACK;
        let d = &mut self.down[link as usize];
        let place = d.head + d.count;
        let place = if place >= size { place - size } else { place };
        self.drivers[(self.ring[link as usize] + place) as usize] = driver;
        d.count += 1;
        if d.count == 1 {
            (d.ready, d.pass) = (d.ready.max(driver.at), driver.end);
            let ready = d.ready;
            self.date(link, shared.city.green(link, ready));
        }
    }
}
