//! Everybody's day: where one lives, works and spends time, in which order, until when, and by what one goes.
//!
//! Homes are by density of zones, persons of a zone are neighbours in the list. Places are chosen by gravity: attraction times
//! exp(−d/λ) over all zones within reach. A person's chain of activities is its own; when one leaves depends on when one came.

use super::city::{BLOCK, City, SPACING};
use super::hops::REACH;
use qike_core::CounterRng;
use rayon::prelude::*;

/// Scale of distance to work, and to other places, m.
const TO_WORK: f64 = 4200.0;
const TO_OTHER: f64 = 1800.0;
/// One walks that far, and rides a bicycle that far, m.
const WALKS: f64 = 1400.0;
const CYCLES: f64 = 4500.0;
/// One stays for at least that long, ms.
const STAYS_MS: u32 = 300_000;
/// Trips of a day at most.
pub const TRIPS: usize = 4;

/// How one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Drives a car.
    Car,
    /// Takes the train, on foot to the station and from it.
    Rail,
    /// Rides a bicycle.
    Bicycle,
    /// Walks.
    Walk,
}

/// Places of the chains: 0 home, 1 work or school, 2 another place; with the shares of persons, in hundredths, without and with work.
const CHAINS: [(&[u8], u64, u64); 7] =
    [(&[], 14, 6), (&[1, 0], 0, 44), (&[1, 2, 0], 0, 20), (&[1, 0, 2, 0], 0, 16), (&[1, 2, 1, 0], 0, 14), (&[2, 0], 58, 0), (&[2, 0, 2, 0], 28, 0)];

/// A person: where it lives, works, and goes besides; when it means to leave, in units of 2 s, for each trip.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    places: [u32; 3],
    leaves: [u16; TRIPS],
    chain: u8,
    /// Has a car (1), a bicycle (2).
    owns: u8,
}

/// A trip.
#[derive(Clone, Copy, Debug)]
pub struct Trip {
    /// The node where it begins.
    pub from: u32,
    /// The node where it ends.
    pub to: u32,
    /// How.
    pub mode: Mode,
}

impl Plan {
    /// The node where one lives.
    #[inline]
    pub fn home(&self) -> u32 {
        self.places[0]
    }

    /// How many trips.
    #[inline]
    pub fn trips(&self) -> usize {
        CHAINS[usize::from(self.chain)].0.len()
    }

    /// One of them.
    #[inline]
    pub fn trip(&self, city: &City, n: usize) -> Trip {
        let chain = CHAINS[usize::from(self.chain)].0;
        let place = |n: usize| self.places[usize::from(chain[n])];
        let from = if n == 0 { self.places[0] } else { place(n - 1) };
        let to = place(n);
        let far = city.apart(from, to);
        // Who has a car takes it for the whole day, unless all is near.
        let drives = self.owns & 1 != 0 && (0..chain.len()).any(|n| city.apart(if n == 0 { self.places[0] } else { place(n - 1) }, place(n)) > WALKS);
        let mode = match far {
            _ if drives => Mode::Car,
            far if far <= WALKS => Mode::Walk,
            far if far <= CYCLES && self.owns & 2 != 0 => Mode::Bicycle,
            _ => Mode::Rail,
        };
        Trip { from, to, mode }
    }

    /// When the next trip begins of one who has come to where it begins, ms.
    #[inline]
    pub fn leaves(&self, n: usize, came: u32) -> u32 {
        let means = u32::from(self.leaves[n]) * 2000;
        if n == 0 { means } else { means.max(came + STAYS_MS) }
    }
}

/// Zones within reach of one and the sums of their weights.
struct Choice {
    sums: Vec<f32>,
    x: u32,
    y: u32,
    wide: u32,
}

impl Choice {
    fn new(city: &City, zone: u32, scale: f64, weight: impl Fn(usize) -> f64) -> Self {
        let (zx, zy) = (zone % city.zones, zone / city.zones);
        let span = |z: u32| (z.saturating_sub(REACH), (z + REACH + 1).min(city.zones));
        let ((x, east), (y, north)) = (span(zx), span(zy));
        let mut sum = 0.0;
        let sums = (y..north).flat_map(|b| (x..east).map(move |a| (a, b))).map(|(a, b)| {
            let far = f64::from(a.abs_diff(zx) + b.abs_diff(zy)) * f64::from(BLOCK) * SPACING;
            sum += weight((b * city.zones + a) as usize) * (-far.max(700.0) / scale).exp();
            sum as f32
        });
        Self { sums: sums.collect(), x, y, wide: east - x }
    }

    /// A node in one of them.
    fn node(&self, city: &City, rng: &mut CounterRng) -> u32 {
        let all = self.sums.last().copied().unwrap_or(0.0);
        let drawn = (rng.uniform() as f32) * all;
        let n = self.sums.partition_point(|s| *s <= drawn).min(self.sums.len().saturating_sub(1)) as u32;
        node(city, (self.y + n / self.wide) * city.zones + self.x + n % self.wide, rng)
    }
}

/// A node of a zone.
fn node(city: &City, zone: u32, rng: &mut CounterRng) -> u32 {
    let n = rng.below(u64::from(BLOCK * BLOCK)) as u32;
    (zone / city.zones * BLOCK + n / BLOCK) * city.side + zone % city.zones * BLOCK + n % BLOCK
}

/// Plans of all persons, by zone of home.
pub fn plans(city: &City, persons: u64, seed: u64) -> Vec<Plan> {
    let mut all = vec![Plan::default(); persons as usize];
    // Persons of each zone: whole numbers that add up.
    let (mut rest, mut parts, mut sum) = (&mut all[..], Vec::new(), 0.0);
    let mut before = 0;
    for (zone, share) in city.homes.iter().enumerate() {
        sum += share;
        let end = if zone + 1 == city.homes.len() { persons } else { ((sum * persons as f64).round() as u64).min(persons) };
        let (part, after) = rest.split_at_mut((end - before) as usize);
        parts.push((zone as u32, before, part));
        (rest, before) = (after, end);
    }
    parts.into_par_iter().for_each(|(zone, first, part)| {
        let (work, other) = (Choice::new(city, zone, TO_WORK, |z| city.jobs[z]), Choice::new(city, zone, TO_OTHER, |z| city.jobs[z] + city.homes[z]));
        for (n, plan) in part.iter_mut().enumerate() {
            *plan = person(city, zone, &work, &other, &mut CounterRng::new(seed, first + n as u64, 0x9A));
        }
    });
    all
}

fn person(city: &City, zone: u32, work: &Choice, other: &Choice, rng: &mut CounterRng) -> Plan {
    let works = rng.below(100) < 62;
    let places = [node(city, zone, rng), work.node(city, rng), other.node(city, rng)];
    let mut drawn = rng.below(100);
    let share = |c: &(&[u8], u64, u64)| if works { c.2 } else { c.1 };
    let chain = CHAINS.iter().position(|c| if drawn < share(c) { true } else { drawn -= share(c); false }).unwrap_or(0);
    let owns = u8::from(rng.below(100) < if works { 38 } else { 25 }) | u8::from(rng.below(100) < 60) << 1;
    let hour = |mean: f64, sd: f64, rng: &mut CounterRng| rng.normal(mean, sd);
    // Work: mostly in the morning; one in eight in shifts through the day.
    let (begin, lasts) = if works { (if rng.below(8) == 0 { rng.range(5.0, 16.0) } else { hour(7.8, 1.0, rng) }, hour(9.2, 1.0, rng)) } else { (rng.range(7.5, 17.0), rng.exponential(1.5) + 0.4) };
    let end = begin + lasts;
    let hours: [f64; TRIPS] = match chain {
        1 => [begin, end, 0.0, 0.0],
        2 => [begin, end, end + rng.exponential(1.2) + 0.5, 0.0],
        3 => [begin, end, end + rng.exponential(0.8) + 1.2, end + 3.0 + rng.exponential(0.7)],
        4 => [begin, hour(12.2, 0.4, rng).max(begin + 0.5), hour(13.3, 0.3, rng).max(begin + 1.2), end.max(begin + 2.0)],
        5 => [begin, end, 0.0, 0.0],
        _ => [begin, end, end + 0.5 + rng.exponential(1.5), end + 2.5 + rng.exponential(1.0)],
    };
    let leaves = hours.map(|h| (h.clamp(0.0, 24.0) * 1800.0) as u16);
    Plan { places, leaves, chain: chain as u8, owns }
}
