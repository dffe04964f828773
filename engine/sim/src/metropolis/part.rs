//! A part of the city: some rows of nodes with the links that lead to them. Parts run beside each other for [`WINDOW_MS`] at a time and
//! then exchange who and what came over their borders.
//!
//! Nothing that happens at a node can be felt at another one sooner than that: a link takes longer to drive, and a hole to run back. So
//! what comes of a run does not depend on how many parts there are, if all holes are told of at the end of a window, those within
//! a part as well, and all who come onto links.

use super::city::City;
use super::hops::Hops;
use super::plans::{Mode, Plan, TRIPS};
use super::rail::Passenger;
use crate::queue::calendar::Calendar;
use qike_core::CounterRng;
use std::collections::VecDeque;

/// Parts exchange after that, ms.
pub const WINDOW_MS: u32 = 4000;
/// Never, nobody.
pub const NEVER: u32 = u32::MAX;

/// Somebody who drives, in the ring of a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct Driver {
    /// When it may be at the end of the link, ms.
    pub at: u32,
    pub who: u32,
    /// Node to which it drives.
    pub to: u32,
    pub departed: u32,
    /// Way so far, dm.
    pub way: u32,
    /// Speed at the end, m/s.
    pub end: f32,
    /// Which of its trips, and where it goes on at the end.
    pub trip: u8,
    pub next: u8,
}

/// Somebody on foot or on a bicycle, at a node.
#[derive(Clone, Copy, Debug)]
pub struct Walker {
    pub at: u32,
    pub who: u32,
    pub node: u32,
    pub to: u32,
    pub departed: u32,
    pub way: u32,
    pub trip: u8,
    /// 0: all the way on foot; 1: by bicycle; 2: to a station; 3: from it.
    pub leg: u8,
}

/// What changes of a link at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Down {
    /// First in the ring, and how many.
    pub head: u32,
    pub count: u32,
    /// The first may leave then, as far as the link itself goes; its date in the calendar.
    pub ready: u32,
    pub due: u32,
    /// A queue has been leaving since then, and what of it has left, cm of one lane.
    pub since: u32,
    pub gone: u32,
    /// The first has found no room since then.
    pub stuck: u32,
    /// Speed of the first at the end, m/s.
    pub pass: f32,
    /// Times that it took lately: sum, s/8, and number.
    pub took: u32,
    pub left: u32,
}

/// What changes of a link at its start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Up {
    pub free: i32,
    /// The next may come then.
    pub open: u32,
    /// First of the holes that run there, and how many.
    pub hole: u32,
    pub holes: u32,
    /// Those who wait for room, the first in the lowest three bits: directions from which they come plus one, 5: who departs here.
    pub waiting: u32,
    /// When that is looked at.
    pub wakes: u32,
}

/// What crossed there last: when, and on which axis.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    pub at: [u32; 2],
}

/// Sums of what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Trips begun, by mode (car, rail, bicycle, walk).
    pub begun: [u64; 4],
    /// Trips ended, by mode.
    pub ended: [u64; 4],
    /// Time of those that ended, ms, by mode.
    pub took_ms: [u64; 4],
    /// Way of those that ended, dm, by mode.
    pub way_dm: [u64; 4],
    /// Links driven over.
    pub driven: u64,
    /// Links walked or cycled over.
    pub walked: u64,
    /// Events.
    pub events: u64,
    /// Gridlocks resolved by squeezing somebody in.
    pub squeezed: u64,
    /// Trips whose way could not be found.
    pub lost: u64,
    /// Persons who are done for the day.
    pub done: u64,
    /// A hash of all arrivals that does not depend on their order.
    pub hash: u64,
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, o: &Self) {
        for m in 0..4 {
            self.begun[m] += o.begun[m];
            self.ended[m] += o.ended[m];
            self.took_ms[m] += o.took_ms[m];
            self.way_dm[m] += o.way_dm[m];
        }
        self.driven += o.driven;
        self.walked += o.walked;
        self.events += o.events;
        self.squeezed += o.squeezed;
        self.lost += o.lost;
        self.done += o.done;
        self.hash = self.hash.wrapping_add(o.hash);
    }
}

/// What all parts look things up in.
pub struct Shared<'s> {
    pub city: &'s City,
    pub plans: &'s [Plan],
    pub hops: &'s Hops,
    /// The part of each row of nodes.
    pub part_of_row: &'s [u8],
}

/// What goes from one part to another.
#[derive(Clone, Debug, Default)]
pub struct Post {
    pub drivers: Vec<(u32, Driver)>,
    pub holes: Vec<(u32, u32)>,
    pub walkers: Vec<Walker>,
}

/// A part.
#[derive(Clone)]
pub struct Part {
    pub(super) me: usize,
    pub(super) down: Vec<Down>,
    pub(super) up: Vec<Up>,
    pub(super) last: Vec<Last>,
    /// Where the ring of a link begins in `drivers`, and of its holes in `holes`; [`NEVER`]: another part's.
    pub(super) ring: Vec<u32>,
    pub(super) hole_ring: Vec<u32>,
    pub(super) drivers: Vec<Driver>,
    pub(super) holes: Vec<u32>,
    pub(super) sources: Vec<VecDeque<Driver>>,
    pub(super) calendar: Calendar,
    /// By window: when somebody leaves home, or where it spent time (time, person and trip); and walkers at nodes.
    pub(super) leaving: Vec<Vec<u64>>,
    pub(super) walking: Vec<Vec<Walker>>,
    pub(super) spare: (Vec<Vec<u64>>, Vec<Vec<Walker>>),
    /// For each part, and for the railway.
    pub post: Vec<Post>,
    pub to_rail: Vec<Passenger>,
    pub(super) now: u32,
    /// Those who walk or cycle into the next day.
    late: u64,
    pub sums: Sums,
}

/// Dates are gathered in buckets of two to that power of ms.
const DATES: u32 = 6;
/// Room in a ring beyond what a link holds: for those squeezed in.
pub(super) const SLACK: u32 = 8;
/// The last window of a day.
pub const DAY_MS: u32 = 86_400_000;

impl Part {
    /// One of so many.
    pub fn new(shared: &Shared, me: usize, parts: usize) -> Self {
        let city = shared.city;
        let (links, nodes) = (city.links.len(), (city.side * city.side) as usize);
        let mine = |node: u32| usize::from(shared.part_of_row[(node / city.side) as usize]) == me;
        let (mut ring, mut hole_ring) = (vec![NEVER; links], vec![NEVER; links]);
        let (mut drivers, mut holes) = (0u32, 0u32);
        for (n, link) in city.links.iter().enumerate().filter(|(_, l)| l.room > 0) {
            if mine(link.to) {
                ring[n] = drivers;
                drivers += link.room + SLACK;
            }
            if mine(n as u32 / 4) {
                hole_ring[n] = holes;
                holes += link.room + SLACK;
            }
        }
        let windows = (DAY_MS / WINDOW_MS) as usize;
        let mut part = Self {
            me,
            down: vec![Down { due: NEVER, since: NEVER, stuck: NEVER, ..Down::default() }; links],
            up: city.links.iter().map(|l| Up { free: l.room as i32, wakes: NEVER, ..Up::default() }).collect(),
            last: vec![Last::default(); nodes],
            ring,
            hole_ring,
            drivers: vec![Driver::default(); drivers as usize],
            holes: vec![0; holes as usize],
            sources: vec![VecDeque::new(); links],
            calendar: Calendar::of(DATES),
            leaving: vec![Vec::new(); windows],
            walking: vec![Vec::new(); windows],
            spare: Default::default(),
            post: vec![Post::default(); parts],
            to_rail: Vec::new(),
            now: 0,
            late: 0,
            sums: Sums::default(),
        };
        for (who, plan) in shared.plans.iter().enumerate() {
            if plan.trips() == 0 {
                // Counted once, by the part of its home.
                if mine(plan.home()) {
                    part.sums.done += 1;
                }
            } else if mine(plan.home()) {
                part.stays(plan.leaves(0, 0), who as u32, 0);
            }
        }
        part
    }

    /// Somebody stays somewhere until a time, and then makes a trip.
    fn stays(&mut self, until: u32, who: u32, trip: usize) {
        let window = (until / WINDOW_MS) as usize;
        if let Some(bucket) = self.leaving.get_mut(window) {
            if bucket.capacity() == 0
                && let Some(spare) = self.spare.0.pop()
            {
                *bucket = spare;
            }
            bucket.push(u64::from(until) << 32 | u64::from(who) << 3 | trip as u64);
        } else {
            // Not today any more.
            self.sums.done += 1;
        }
    }

    /// Somebody has come to where a trip ends.
    pub(super) fn arrived(&mut self, shared: &Shared, mode: Mode, at: u32, (who, trip): (u32, u8), departed: u32, way: u32) {
        let m = mode as usize;
        self.sums.ended[m] += 1;
        self.sums.took_ms[m] += u64::from(at - departed);
        self.sums.way_dm[m] += u64::from(way);
        self.sums.hash = self.sums.hash.wrapping_add(CounterRng::new(u64::from(who), u64::from(trip), u64::from(at)).next_u64());
        let (plan, next) = (&shared.plans[who as usize], usize::from(trip) + 1);
        if next < plan.trips().min(TRIPS) {
            self.stays(plan.leaves(next, at), who, next);
        } else {
            self.sums.done += 1;
        }
    }

    /// Goes on for a window; what others posted is in already.
    pub fn run(&mut self, shared: &Shared, window: usize) {
        let (begin, end) = (window as u32 * WINDOW_MS, (window as u32 + 1) * WINDOW_MS);
        self.now = begin;
        let mut leaving = std::mem::take(&mut self.leaving[window]);
        leaving.sort_unstable();
        let mut walking = std::mem::take(&mut self.walking[window]);
        for walker in walking.drain(..) {
            self.walk(shared, walker);
        }
        if walking.capacity() > 0 {
            self.spare.1.push(walking);
        }
        // Who leaves by car has a date among those who drive.
        for key in leaving.drain(..) {
            self.leave_place(shared, (key >> 32) as u32, (key as u32) >> 3, (key & 7) as u8);
        }
        if leaving.capacity() > 0 {
            self.spare.0.push(leaving);
        }
        self.drive(shared, end);
    }

    /// A trip begins.
    fn leave_place(&mut self, shared: &Shared, at: u32, who: u32, trip: u8) {
        let t = shared.plans[who as usize].trip(shared.city, usize::from(trip));
        self.sums.begun[t.mode as usize] += 1;
        let walker = Walker { at, who, node: t.from, to: t.to, departed: at, way: 0, trip, leg: 0 };
        match t.mode {
            _ if t.from == t.to => self.arrived(shared, t.mode, at, (who, trip), at, 0),
            Mode::Car => {
                let next = shared.hops.next(shared.city, t.from, t.to);
                if next >= super::hops::NO_WAY {
                    self.sums.lost += 1;
                    return self.arrived(shared, t.mode, at, (who, trip), at, 0);
                }
                let link = t.from * 4 + u32::from(next);
                self.sources[link as usize].push_back(Driver { at, who, to: t.to, departed: at, way: 0, end: 0.0, trip, next });
                if self.sources[link as usize].len() == 1 {
                    self.calendar.set(at, 2 * shared.city.links.len() as u32 + link);
                }
            }
            Mode::Walk => self.walk(shared, walker),
            Mode::Bicycle => self.walk(shared, Walker { leg: 1, ..walker }),
            Mode::Rail => self.walk(shared, Walker { leg: 2, to: super::rail::station(shared.city, t.from), ..walker }),
        }
    }

    /// Somebody on foot or on a bicycle is at a node and goes on.
    fn walk(&mut self, shared: &Shared, mut w: Walker) {
        let city = shared.city;
        if w.node == w.to {
            return self.walked(shared, w);
        }
        let next = shared.hops.next(city, w.node, w.to);
        if next >= super::hops::NO_WAY {
            self.sums.lost += 1;
            w.node = w.to;
            return self.walked(shared, w);
        }
        let link = &city.links[(w.node * 4 + u32::from(next)) as usize];
        self.sums.walked += 1;
        let speed = if w.leg == 1 { BICYCLE_MPS } else { WALK_MPS };
        w.at += ((f64::from(link.length) / speed * 1000.0) as u32).max(WINDOW_MS);
        w.way += (link.length * 10.0) as u32;
        w.node = link.to;
        let part = usize::from(shared.part_of_row[(link.to / city.side) as usize]);
        if part == self.me { self.walks(w) } else { self.post[part].walkers.push(w) }
    }

    /// Somebody will be at a node of this part.
    pub fn walks(&mut self, w: Walker) {
        if let Some(bucket) = self.walking.get_mut((w.at / WINDOW_MS) as usize) {
            if bucket.capacity() == 0
                && let Some(spare) = self.spare.1.pop()
            {
                *bucket = spare;
            }
            bucket.push(w);
        } else {
            self.late += 1;
        }
    }

    fn walked(&mut self, shared: &Shared, w: Walker) {
        match w.leg {
            2 => {
                let to = shared.plans[w.who as usize].trip(shared.city, usize::from(w.trip)).to;
                self.to_rail.push(Passenger { who: w.who, trip: w.trip, at: w.at, station: w.node, to: super::rail::station(shared.city, to), departed: w.departed, way: w.way });
            }
            leg => self.arrived(shared, [Mode::Walk, Mode::Bicycle, Mode::Rail, Mode::Rail][usize::from(leg & 3)], w.at, (w.who, w.trip), w.departed, w.way),
        }
    }

    /// What others have posted.
    pub fn receive(&mut self, shared: &Shared, from: &mut Post) {
        for (link, driver) in from.drivers.drain(..) {
            self.put(shared, link, driver);
        }
        for (link, at) in from.holes.drain(..) {
            self.hole(shared, link, at);
        }
        for walker in from.walkers.drain(..) {
            self.walks(walker);
        }
    }

    /// How many are on the roads, waiting to come onto them, and on foot or bicycle here.
    pub fn under_way(&self) -> [u64; 3] {
        let drives = self.down.iter().map(|d| u64::from(d.count)).sum();
        let departs = self.sources.iter().map(|s| s.len() as u64).sum();
        [drives, departs, self.late + self.walking.iter().map(|w| w.len() as u64).sum::<u64>()]
    }

    /// How many stay somewhere and will leave today.
    pub fn staying(&self) -> u64 {
        self.leaving.iter().map(|l| l.len() as u64).sum()
    }
}

/// Speeds of those who walk and who cycle, m/s.
const WALK_MPS: f64 = 1.34;
const BICYCLE_MPS: f64 = 4.2;
