//! Who walks: free speeds, ways through the portals, and the ledger of each walk.

use super::ways;
use crate::demand::{Demand, SpeedClass, WalkPlace, WalkTrip};
use crate::options::Options;
use qike_core::{CounterRng, SimTime};
use qike_network::{PortalIx, WalkNetwork};

/// A person and their walk so far.
#[derive(Clone, Debug)]
pub struct Person {
    /// Demand and number within it.
    pub demand: u32,
    /// Number within the demand.
    pub trip: u32,
    /// When they appear, ms.
    pub depart_ms: i64,
    /// Where.
    pub from: WalkPlace,
    /// Where to.
    pub to: WalkPlace,
    /// Speed on free flat ground, m/s.
    pub free_mps: f64,
    /// The speed is given, not drawn: areas change it by their share only.
    pub assigned: bool,
    /// Portals of their way: a range of [`People::ways`].
    pub way: std::ops::Range<u32>,
    /// Next portal: index into [`People::ways`].
    pub cursor: u32,
    /// When they appeared, ms; negative before.
    pub inserted_ms: i64,
    /// They stand in a lift or the like until then, ms.
    pub held_until_ms: i64,
    /// Way walked, m.
    pub length_m: f64,
    /// Time that way takes alone, s.
    pub free_s: f64,
    /// Time standing, s.
    pub waited_s: f64,
}

/// Everybody of a run, by departure.
#[derive(Default)]
pub struct People {
    /// Persons.
    pub persons: Vec<Person>,
    /// Portals of all ways, back to back.
    pub ways: Vec<u32>,
    /// Gates that can stand in for one another.
    pub alternatives: Vec<Vec<PortalIx>>,
}

/// Draws a free speed.
pub fn free_speed(class: SpeedClass, seed: u64, demand: u32, trip: u32) -> f64 {
    let mut rng = CounterRng::new(seed, u64::from(demand) << 32 | u64::from(trip), u64::MAX - 1);
    match class {
        SpeedClass::Adult => rng.normal(1.34, 0.26).clamp(0.5, 2.2),
        SpeedClass::Young => rng.range(0.58, 1.61),
        SpeedClass::Middle => rng.range(1.41, 1.54),
        SpeedClass::Senior => rng.range(0.68, 1.41),
        SpeedClass::Impaired => rng.range(0.46, 0.76),
        SpeedClass::Fixed(mmps) => f64::from(mmps.max(1)) / 1000.0,
    }
}

/// Passengers of trains as walks: spread over the doors; at each door one after another, 0.8 s apart (a door lets out about
/// 1.25 persons a second).
pub fn passengers(demand: &Demand, seed: u64) -> Vec<WalkTrip> {
    let mut walks = Vec::new();
    for train in &demand.trains {
        let total: f64 = train.destinations.iter().map(|d| d.1).sum();
        for number in 0..train.passengers {
            let trip = train.first_trip + number;
            let mut rng = CounterRng::new(seed, u64::from(train.demand) << 32 | u64::from(trip), u64::MAX - 2);
            let doors = train.doors.len() as u32;
            let mut pick = rng.uniform() * total;
            let to = train.destinations.iter().find(|(_, weight)| {
                pick -= weight;
                pick < 0.0
            });
            let Some((to, _)) = to.or(train.destinations.last()) else { continue };
            let (door, place_in_queue) = (number % doors, number / doors);
            let wait = SimTime::from_ms(i64::from(place_in_queue) * 800 + rng.below(400) as i64);
            walks.push(WalkTrip {
                demand: train.demand,
                trip,
                depart: train.time + wait,
                from: train.doors[door as usize],
                to: *to,
                speed: SpeedClass::Adult,
                group: None,
            });
        }
    }
    walks
}

impl People {
    /// The next portal of somebody's way; `u32::MAX` at its end.
    pub fn next(&self, who: u32) -> u32 {
        let person = &self.persons[who as usize];
        if person.cursor < person.way.end { self.ways[person.cursor as usize] } else { u32::MAX }
    }

    /// Everybody of the demand, sorted by departure, with their ways; the second value marks those for whom there is none.
    pub fn new(net: &WalkNetwork, demand: &Demand, options: &Options) -> (Self, Vec<bool>) {
        let mut walks = demand.walks.clone();
        walks.extend(passengers(demand, options.seed));
        walks.sort_by_key(|w| (w.depart, w.demand, w.trip));
        let mut speeds: Vec<f64> = walks.iter().map(|w| free_speed(w.speed, options.seed, w.demand, w.trip)).collect();
        let mut groups: Vec<(u32, u32, usize)> =
            walks.iter().enumerate().filter_map(|(i, w)| w.group.map(|g| (w.demand, g, i))).collect();
        groups.sort_unstable();
        for group in groups.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let slowest = group.iter().map(|g| speeds[g.2]).fold(f64::INFINITY, f64::min);
            group.iter().for_each(|g| speeds[g.2] = slowest);
        }
        let ways = ways::find(net, &walks);
        let mut people = Self { alternatives: ways.alternatives, ..Self::default() };
        let mut lost = Vec::with_capacity(walks.len());
        for ((walk, way), free_mps) in walks.iter().zip(ways.of_walks).zip(speeds) {
            lost.push(way.is_none());
            let start = people.ways.len() as u32;
            people.ways.extend(way.unwrap_or_default());
            people.persons.push(Person {
                demand: walk.demand,
                trip: walk.trip,
                depart_ms: walk.depart.ms(),
                from: walk.from,
                to: walk.to,
                free_mps,
                assigned: matches!(walk.speed, SpeedClass::Fixed(_)),
                way: start..people.ways.len() as u32,
                cursor: start,
                inserted_ms: -1,
                held_until_ms: 0,
                length_m: 0.0,
                free_s: 0.0,
                waited_s: 0.0,
            });
        }
        (people, lost)
    }
}
