//! Rapid transit: lines on a grid of their own over the city, trains by a timetable, platforms, and who finds no room on a train.
//!
//! A line runs along each eighth street of both axes; each fourth node of it is a station, and lines cross at stations. Passengers wait
//! on platforms in order, board as many as a train holds, and change where lines cross; which line to take is worked out from where one
//! is. Trains run in parallel to the roads' parts and exchange passengers with them at the end of each window.

use super::city::City;
use super::part::{DAY_MS, Walker, WINDOW_MS};
use std::collections::VecDeque;

/// Streets from one line to the next, nodes from one station to the next.
const LINES: u32 = 8;
const STATIONS: u32 = 4;
/// From one station to the next, with the stop, ms.
const RIDE_MS: u32 = 95_000;
const STOP_MS: u32 = 30_000;
/// From the street to a platform, between platforms, and back to the street, ms.
const STAIRS_MS: u32 = 90_000;
/// First and last trains, ms, and time between two: in the rush hours and else.
const OPENS_MS: u32 = 5 * 3_600_000;
const CLOSES_MS: u32 = 23 * 3_600_000 + 1_800_000;
const OFTEN_MS: u32 = 180_000;
const SELDOM_MS: u32 = 360_000;
/// Persons on a train.
const HOLDS: usize = 1400;

/// A line's street in an axis of which there is one near a coordinate.
fn line_near(city: &City, at: u32) -> u32 {
    (at / LINES * LINES + LINES / 2).min((city.side - 1 - LINES / 2) / LINES * LINES + LINES / 2)
}

/// The place of a station on a line near a coordinate.
fn stop_near(city: &City, at: u32) -> u32 {
    ((at + STATIONS / 2) / STATIONS * STATIONS).min((city.side - 1) / STATIONS * STATIONS)
}

/// The node of the nearest station.
pub fn station(city: &City, node: u32) -> u32 {
    let (x, y) = (node % city.side, node / city.side);
    let (row, column) = (line_near(city, y), line_near(city, x));
    let (a, b) = ((stop_near(city, x), row), (column, stop_near(city, y)));
    let far = |(sx, sy): (u32, u32)| sx.abs_diff(x) + sy.abs_diff(y);
    let (sx, sy) = if far(a) <= far(b) { a } else { b };
    sy * city.side + sx
}

/// One who takes the train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passenger {
    /// At a station's door since then.
    pub at: u32,
    pub who: u32,
    pub trip: u8,
    /// Nodes of the station where it is or changes or alights next, and where it goes.
    pub station: u32,
    pub to: u32,
    pub departed: u32,
    pub way: u32,
}

/// A train: line and direction, number of the stop it is at, passengers.
#[derive(Clone, Debug, Default)]
struct Train {
    line: u32,
    stop: u32,
    on: Vec<Passenger>,
}

/// The railway.
#[derive(Clone)]
pub struct Rail {
    /// Lines of each axis, and stations of a line.
    lines: u32,
    stops: u32,
    /// By line (axis, street, direction) and stop.
    platforms: Vec<VecDeque<Passenger>>,
    trains: Vec<Train>,
    idle: Vec<u32>,
    /// By window: trains at stops, and passengers at platforms.
    calls: Vec<Vec<u64>>,
    comes: Vec<Vec<Passenger>>,
    /// Boarded, left behind by a full train, calls of trains.
    pub boarded: u64,
    pub left_behind: u64,
    pub called: u64,
    pub most: u64,
    /// Those who come to a platform on the next day.
    late: u64,
    /// Those who leave stations: by no part yet.
    pub out: Vec<Walker>,
}

impl Rail {
    /// Of a city.
    pub fn new(city: &City) -> Self {
        let lines = (city.side - 1 - LINES / 2) / LINES + 1;
        let stops = (city.side - 1) / STATIONS + 1;
        let windows = (DAY_MS / WINDOW_MS) as usize;
        Self {
            lines,
            stops,
            platforms: vec![VecDeque::new(); (lines * 4 * stops) as usize],
            trains: Vec::new(),
            idle: Vec::new(),
            calls: vec![Vec::new(); windows],
            comes: vec![Vec::new(); windows],
            boarded: 0,
            left_behind: 0,
            called: 0,
            most: 0,
            late: 0,
            out: Vec::new(),
        }
    }

    /// Somebody comes to a station's door.
    pub fn enters(&mut self, mut p: Passenger) {
        p.at += STAIRS_MS;
        if let Some(bucket) = self.comes.get_mut((p.at / WINDOW_MS) as usize) {
            bucket.push(p);
        } else {
            self.late += 1;
        }
    }

    /// Line and direction that lead on from a station, and the node where one leaves it; none at the end.
    fn leg(&self, city: &City, at: u32, to: u32) -> Option<(u32, u32)> {
        let ((x, y), (tx, ty)) = ((at % city.side, at / city.side), (to % city.side, to / city.side));
        let on = |c: u32| c % LINES == LINES / 2;
        // Along the street if it is a line and the end, or where one changes, is on it.
        let east = |gx: u32| (y / LINES * 4 + if gx > x { 0 } else { 1 }, y * city.side + gx);
        let north = |gy: u32| (x / LINES * 4 + if gy > y { 2 } else { 3 }, gy * city.side + x);
        if at == to {
            return None;
        }
        if y == ty && on(y) {
            return Some(east(tx));
        }
        if x == tx && on(x) {
            return Some(north(ty));
        }
        // Whether the end is on a line of rows; then one changes to that, or first to a line of columns that leads there.
        let (gx, gy) = (if on(tx) { tx } else { line_near(city, tx) }, if on(ty) { ty } else { line_near(city, ty) });
        if on(ty) && on(x) {
            return Some(north(ty));
        }
        if on(tx) && on(y) {
            return Some(east(tx));
        }
        if on(y) && gx != x {
            return Some(east(gx));
        }
        if on(x) && gy != y { Some(north(gy)) } else { None }
    }

    /// A passenger goes to the platform of the line that leads on, or out onto the street.
    fn routes(&mut self, city: &City, mut p: Passenger) {
        match self.leg(city, p.station, p.to) {
            Some((line, alights)) => {
                let at = p.station;
                let along = if line % 4 < 2 { at % city.side } else { at / city.side } / STATIONS;
                let stop = if line.is_multiple_of(2) { along } else { self.stops - 1 - along };
                p.way += (city.apart(at, alights) * 10.0) as u32;
                p.station = alights;
                self.platforms[(line * self.stops + stop) as usize].push_back(p);
            }
            None => self.out.push(Walker { at: p.at + STAIRS_MS, who: p.who, node: p.station, to: p.station, departed: p.departed, way: p.way, trip: p.trip, leg: 3 }),
        }
    }

    /// Goes on for a window.
    pub fn run(&mut self, city: &City, window: usize) {
        let begin = window as u32 * WINDOW_MS;
        // Trains start at both ends of all lines.
        let rush = |t: u32| (25_200_000..34_200_000).contains(&t) || (61_200_000..70_200_000).contains(&t);
        let every = if rush(begin) { OFTEN_MS } else { SELDOM_MS };
        if (OPENS_MS..CLOSES_MS).contains(&begin) && begin.is_multiple_of(every) {
            for line in 0..self.lines * 4 {
                let train = self.idle.pop().unwrap_or_else(|| {
                    self.trains.push(Train::default());
                    self.trains.len() as u32 - 1
                });
                let t = &mut self.trains[train as usize];
                (t.line, t.stop) = (line, 0);
                self.calls[window].push(u64::from(begin) << 32 | u64::from(train));
            }
        }
        // Who comes to a platform within a window is there before the trains of that window.
        let mut comes = std::mem::take(&mut self.comes[window]);
        comes.sort_unstable();
        for p in comes {
            self.routes(city, p);
        }
        let mut calls = std::mem::take(&mut self.calls[window]);
        calls.sort_unstable();
        for call in calls {
            self.call(city, (call >> 32) as u32, call as u32);
        }
    }

    /// A train is at a stop.
    fn call(&mut self, city: &City, now: u32, train: u32) {
        let mut t = std::mem::take(&mut self.trains[train as usize]);
        self.called += 1;
        let along = if t.line.is_multiple_of(2) { t.stop } else { self.stops - 1 - t.stop } * STATIONS;
        let street = t.line / 4 * LINES + LINES / 2;
        let node = if t.line % 4 < 2 { street * city.side + along } else { along * city.side + street };
        let mut stays = 0;
        for n in 0..t.on.len() {
            let mut p = t.on[n];
            if p.station == node {
                p.at = now;
                if p.to == node { self.routes(city, p) } else { self.enters(p) }
            } else {
                t.on[stays] = p;
                stays += 1;
            }
        }
        t.on.truncate(stays);
        let last = t.stop + 1 == self.stops;
        if !last {
            let platform = &mut self.platforms[(t.line * self.stops + t.stop) as usize];
            let boards = platform.len().min(HOLDS - stays.min(HOLDS));
            t.on.extend(platform.drain(..boards));
            self.boarded += boards as u64;
            self.left_behind += platform.len() as u64;
            self.most = self.most.max(t.on.len() as u64);
            t.stop += 1;
            let at = now + RIDE_MS + STOP_MS;
            if let Some(bucket) = self.calls.get_mut((at / WINDOW_MS) as usize) {
                bucket.push(u64::from(at) << 32 | u64::from(train));
            }
        } else {
            // Those who are still on it would go back; none are, as lines end at both borders of the city.
            for p in t.on.drain(..) {
                self.routes(city, Passenger { at: now, station: node, ..p });
            }
            self.idle.push(train);
        }
        self.trains[train as usize] = t;
    }

    /// How many are in stations and on trains.
    pub fn under_way(&self) -> u64 {
        let on: usize = self.trains.iter().map(|t| t.on.len()).sum();
        let waits: usize = self.platforms.iter().map(VecDeque::len).sum();
        (on + waits + self.comes.iter().map(Vec::len).sum::<usize>()) as u64 + self.late
    }
}
