//! The generated city: a grid of streets with several centres, arterials, an expressway in each axis and square rings of them, a river.
//!
//! A street leads from each node to its neighbours; the link from node `n` in direction `d` (east, north, west, south) has the number
//! `4 n + d`, so that neither links nor ways through them need lists of neighbours. Blocks of [`BLOCK`] × [`BLOCK`] nodes are zones.
//! The city grows with its people at [`PER_NODE`] of them for each node (77 for each link), so that what it costs for each person can
//! be compared between sizes.

use crate::micro::follow::Kind as Driving;
use crate::queue::kinds::Kind;
use qike_core::CounterRng;
use qike_network::traffic::{CarFollowing, JunctionManners, LaneChanging, RoadUsers, SpeedFactor, VehicleKind};

/// Persons for each node on average.
pub const PER_NODE: u64 = 306;
/// Nodes on a side of a zone.
pub const BLOCK: u32 = 6;
/// Mean distance between nodes, m.
pub const SPACING: f64 = 350.0;
/// Each so many-th street is an arterial.
const ARTERIAL: u32 = 3;
/// Nodes from one ring to the next.
const RING: u32 = 24;
/// Cycle of a signal, ms; the second axis is green half of it later.
pub const CYCLE: u32 = 80_000;
/// How long it is green for either axis, ms.
pub const GREEN: u32 = 37_000;
/// Between a light's green and the first one over the line, ms.
const START: u32 = 500;
/// Time in which vehicles of one axis keep those of the other from crossing, ms.
pub const CROSS_MS: u32 = 1800;

/// What a street is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// There is none.
    None,
    /// One lane, 40 km/h.
    Local,
    /// Two lanes, 60 km/h.
    Arterial,
    /// Three lanes, 80 km/h, no crossings at grade.
    Express,
}

/// Who waits for whom at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// Nobody: the axes cross on bridges.
    Free,
    /// A signal with a fixed cycle.
    Signal,
    /// The arterial goes first.
    Priority,
    /// Who comes first.
    First,
}

/// What never changes of a link.
#[derive(Clone, Copy, Debug)]
pub struct LinkFix {
    /// Length, m.
    pub length: f32,
    /// Speed that is driven, m/s.
    pub speed: f32,
    /// Time from its start to its end, ms.
    pub free_ms: u32,
    /// Time of a hole from its end to its start, ms.
    pub hole_ms: u32,
    /// Time between two who leave it or come onto it, on all lanes, ms.
    pub headway_ms: u32,
    /// Vehicles that find room on it.
    pub room: u32,
    /// Node at its end.
    pub to: u32,
    /// Lanes.
    pub lanes: u8,
    /// What kind of street it is.
    pub class: Class,
}

/// The city.
pub struct City {
    /// Nodes on a side.
    pub side: u32,
    /// Zones on a side.
    pub zones: u32,
    /// Links.
    pub links: Vec<LinkFix>,
    /// What each node is.
    pub crossings: Vec<Crossing>,
    /// When the cycle of each signal begins.
    pub offsets: Vec<u32>,
    /// How many live in each zone, as shares.
    pub homes: Vec<f64>,
    /// How many jobs there are in each zone, as shares.
    pub jobs: Vec<f64>,
    /// What drives.
    pub(super) car: Kind,
}

/// A passenger car with SUMO's defaults, without chance.
pub fn car() -> VehicleKind {
    VehicleKind {
        id: "car".into(),
        user: RoadUsers::PASSENGER,
        length_m: 5.0,
        gap_m: 2.5,
        width_m: 1.8,
        max_speed_mps: 55.55,
        desired_speed_mps: 55.55,
        speed_factor: SpeedFactor { mean: 1.0, deviation: 0.0, min: 1.0, max: 1.0 },
        accel: 2.6,
        decel: 4.5,
        emergency_decel: 9.0,
        apparent_decel: 4.5,
        sigma: 0.5,
        tau_s: 1.0,
        startup_delay_s: 0.0,
        following: CarFollowing::Krauss,
        changing: LaneChanging::default(),
        manners: JunctionManners::default(),
        impatience: 0.0,
        minor_patience_s: 300.0,
        persons: 4,
        color: None,
    }
}

impl City {
    /// A city for so many persons.
    pub fn new(persons: u64, seed: u64) -> Self {
        let nodes = persons.min(1 << 28).div_ceil(PER_NODE) as f64;
        let zones = ((nodes.sqrt() / f64::from(BLOCK)).round() as u32).max(2);
        let side = zones * BLOCK;
        let count = (side * side) as usize;
        let car = Kind::new(&Driving::new(&car(), 1.0), 0.0);
        let mut city = Self { side, zones, links: Vec::with_capacity(count * 4), crossings: Vec::new(), offsets: Vec::new(), homes: Vec::new(), jobs: Vec::new(), car };
        for node in 0..side * side {
            for way in 0..4 {
                city.links.push(city.link(node, way, seed));
            }
        }
        city.crossings = (0..side * side).map(|n| city.crossing(n)).collect();
        // Greens follow each other along the axes, as fast as one drives there.
        city.offsets = (0..side * side).map(|n| ((n % side + n / side) * 21_000) % CYCLE).collect();
        city.settle(seed);
        city
    }

    /// The neighbour of a node in a direction.
    #[inline]
    pub fn neighbour(&self, node: u32, way: u32) -> Option<u32> {
        let (x, y) = (node % self.side, node / self.side);
        match way {
            0 if x + 1 < self.side => Some(node + 1),
            1 if y + 1 < self.side => Some(node + self.side),
            2 if x > 0 => Some(node - 1),
            3 if y > 0 => Some(node - self.side),
            _ => None,
        }
    }

    /// The zone of a node.
    #[inline]
    pub fn zone(&self, node: u32) -> u32 {
        node / self.side / BLOCK * self.zones + node % self.side / BLOCK
    }

    /// The way between two nodes along the grid, m, about.
    pub fn apart(&self, a: u32, b: u32) -> f64 {
        f64::from((a % self.side).abs_diff(b % self.side) + (a / self.side).abs_diff(b / self.side)) * SPACING
    }

    /// What the street between a node and its neighbour is.
    fn class(&self, node: u32, way: u32) -> Class {
        let middle = self.side / 2;
        let (x, y) = (node % self.side, node / self.side);
        // Along the axis: which street of its kind it is, and where on it.
        let (line, at) = if way.is_multiple_of(2) { (y, if way == 2 { x - 1 } else { x }) } else { (x, if way == 3 { y - 1 } else { y }) };
        let off = line.abs_diff(middle);
        let within = |far: u32| at + far >= middle && at < middle + far;
        if off == 0 || (off % RING == RING / 2 && within(off)) {
            return Class::Express;
        }
        // A river from south to north between two columns of zones, with a bridge for each arterial and one more in six streets.
        let river = self.zones / 3 * BLOCK;
        if way.is_multiple_of(2) && at + 1 == river && !line.is_multiple_of(ARTERIAL) && line % BLOCK != 1 {
            return Class::None;
        }
        if line.is_multiple_of(ARTERIAL) { Class::Arterial } else { Class::Local }
    }

    fn link(&self, node: u32, way: u32, seed: u64) -> LinkFix {
        let to = self.neighbour(node, way);
        let class = to.map_or(Class::None, |_| self.class(node, way));
        let to = to.unwrap_or(node);
        let (lanes, limit) = match class {
            Class::None => (0u8, 11.11),
            Class::Local => (1, 11.11),
            Class::Arterial => (2, 16.67),
            Class::Express => (3, 22.22),
        };
        // The same both ways.
        let length = SPACING * CounterRng::new(seed, u64::from(node.min(to)), 0x51 + u64::from(way % 2)).range(0.75, 1.25);
        let speed = self.car.wish(limit, 1.0);
        let room_m = f64::from(self.car.room_cm) / 100.0;
        LinkFix {
            length: length as f32,
            speed: speed as f32,
            free_ms: (length / speed * 1000.0) as u32,
            hole_ms: (length * self.car.wave_ms) as u32,
            headway_ms: self.car.headway(speed) / u32::from(lanes.max(1)),
            room: (length * f64::from(lanes) / room_m) as u32,
            to,
            lanes,
            class,
        }
    }

    fn crossing(&self, node: u32) -> Crossing {
        let class = |way: u32| self.links[(node * 4 + way) as usize].class.max(self.links[(node * 4 + way + 2) as usize].class);
        match (class(0), class(1)) {
            (Class::Express, _) | (_, Class::Express) => Crossing::Free,
            (Class::Arterial, Class::Arterial) => Crossing::Signal,
            (a, b) if a == b => Crossing::First,
            _ => Crossing::Priority,
        }
    }

    /// When the first vehicle on a link that could be at its end then may drive over the crossing, as far as its light goes, ms.
    #[inline]
    pub fn green(&self, link: u32, at: u32) -> u32 {
        let to = self.links[link as usize].to as usize;
        if self.crossings[to] != Crossing::Signal {
            return at;
        }
        let begin = (link % 2) * (CYCLE / 2) + self.offsets[to];
        let since = (at + 2 * CYCLE - begin) % CYCLE;
        if since < GREEN { at } else { at + (CYCLE - since) + START }
    }

    /// What a link takes on average without traffic, with the wait at its light, ms.
    pub fn alone(&self, link: u32) -> u32 {
        let fix = &self.links[link as usize];
        let red = CYCLE - GREEN;
        fix.free_ms + if self.crossings[fix.to as usize] == Crossing::Signal { red * red / (2 * CYCLE) } else { 0 }
    }

    /// Where people live and work: thinly everywhere, densely around several centres.
    fn settle(&mut self, seed: u64) {
        let n = f64::from(self.zones);
        let mut rng = CounterRng::new(seed, 0, 0xC1);
        // The first centre is in the middle; there are the more the larger the city is.
        let centres: Vec<(f64, f64, f64)> = (0..1 + self.zones / 8).map(|c| if c == 0 { (n / 2.0, n / 2.0, 1.0) } else { (rng.range(0.1, 0.9) * n, rng.range(0.1, 0.9) * n, rng.range(0.4, 0.8)) }).collect();
        let near = |x: u32, y: u32, reach: f64| {
            centres.iter().map(|(cx, cy, weight)| weight * (-((f64::from(x) + 0.5 - cx).hypot(f64::from(y) + 0.5 - cy)) / reach).exp()).sum::<f64>()
        };
        for zone in 0..self.zones * self.zones {
            let (x, y) = (zone % self.zones, zone / self.zones);
            self.homes.push(0.5 + near(x, y, 4.0));
            self.jobs.push(0.4 + 1.6 * near(x, y, 3.0));
        }
        for shares in [&mut self.homes, &mut self.jobs] {
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|s| *s /= all);
        }
    }
}
