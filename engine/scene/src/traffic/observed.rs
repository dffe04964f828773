//! What was seen of traffic, by another simulator or on the street: who was where, journeys, links that were entered and left, counts.
//!
//! Readers of files fill these; whoever records takes them one after the other, in the order of time, and holds no more than it needs.
//! Agents are numbered in the order in which their names come up ([`Travellers`]).

use super::RoadUsers;
use qike_core::fast_map::FastMap;

/// One of many at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sighting {
    /// Who: a number of [`Travellers`].
    pub agent: u32,
    /// What: a place in [`Travellers::kinds`].
    pub kind: u32,
    /// On foot.
    pub walker: bool,
    /// The lane that is stated, a place in the map's lanes.
    pub lane: Option<u32>,
    /// Front on that lane, m from its start.
    pub pos_m: f64,
    /// Front, in the map's own coordinates, m.
    pub position: Option<[f64; 3]>,
    /// Radians, counter-clockwise from east.
    pub heading: Option<f64>,
    /// m/s.
    pub speed_mps: Option<f64>,
}

/// All who were on the road at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// When, ms.
    pub time_ms: i64,
    /// Who was there.
    pub seen: Vec<Sighting>,
}

/// Frames in the order of time.
pub trait Frames {
    /// The next one, in place of what `frame` held; false where there is none.
    fn next(&mut self, frame: &mut Frame, travellers: &mut Travellers) -> bool;
}

/// A journey as its source states it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatedTrip {
    /// What: a place in [`Travellers::kinds`].
    pub kind: u32,
    /// Departed, ms.
    pub depart_ms: i64,
    /// It wanted to depart that much earlier, ms.
    pub delay_ms: i64,
    /// The lane at departure, and that at arrival.
    pub lanes: [Option<u32>; 2],
    /// Arrived, ms; none: it did not.
    pub arrival_ms: Option<i64>,
    /// Where on its last lane, m.
    pub arrival_pos_m: f64,
    /// How fast, m/s.
    pub arrival_speed_mps: f64,
    /// Way, m.
    pub length_m: f64,
    /// At a stand, s.
    pub waiting_s: f64,
    /// Lost, s.
    pub loss_s: f64,
    /// Times that it took another way.
    pub reroutes: u16,
}

/// Names and numbers of those who travel, and of their kinds.
#[derive(Clone, Debug, Default)]
pub struct Travellers {
    /// Kinds, by name, and whom the name tells of.
    pub kinds: Vec<(String, RoadUsers)>,
    /// Journeys that are stated, by agent.
    pub trips: Vec<Option<Box<StatedTrip>>>,
    /// Whether journeys are stated at all.
    pub trips_known: bool,
    agents: FastMap<Box<str>, u32>,
    kind_numbers: FastMap<Box<str>, u32>,
}

impl Travellers {
    /// The number of an agent; a new name gets the next.
    pub fn agent(&mut self, name: &str) -> u32 {
        if let Some(number) = self.agents.get(name) {
            return *number;
        }
        let number = self.agents.len().min(u32::MAX as usize - 1) as u32;
        self.agents.insert(name.into(), number);
        number
    }

    /// The number of an agent that has one.
    pub fn known(&self, name: &str) -> Option<u32> {
        self.agents.get(name).copied()
    }

    /// How many agents there are.
    pub fn count(&self) -> usize {
        self.agents.len()
    }

    /// The place of a kind; a new one is added. Whom it is about is told from its name where `user` does not say it.
    pub fn kind(&mut self, name: &str, user: Option<RoadUsers>) -> u32 {
        if let Some(number) = self.kind_numbers.get(name) {
            return *number;
        }
        let number = self.kinds.len().min(u32::MAX as usize - 1) as u32;
        self.kinds.push((name.to_owned(), user.unwrap_or_else(|| named(name))));
        self.kind_numbers.insert(name.into(), number);
        number
    }

    /// Keeps a stated journey.
    pub fn state(&mut self, agent: u32, trip: StatedTrip) {
        let n = agent as usize;
        if self.trips.len() <= n {
            self.trips.resize_with(n + 1, || None);
        }
        if let Some(place) = self.trips.get_mut(n) {
            *place = Some(Box::new(trip));
        }
    }

    /// The stated journey of an agent.
    pub fn trip(&self, agent: u32) -> Option<&StatedTrip> {
        self.trips.get(agent as usize)?.as_deref()
    }
}

/// Whom a type's name tells of: by the words in it.
fn named(name: &str) -> RoadUsers {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let kind = if has(&["bus", "coach"]) {
        "bus"
    } else if has(&["truck", "lorry", "trailer", "hgv", "freight", "delivery"]) {
        "truck"
    } else if has(&["bike", "bicycle", "cyclist", "scooter"]) {
        "bicycle"
    } else if has(&["tram", "train", "rail", "subway", "metro"]) {
        "rail"
    } else if has(&["pedestrian", "pedtype", "walk"]) {
        "pedestrian"
    } else {
        "passenger"
    };
    RoadUsers::kind(kind).unwrap_or(RoadUsers::PASSENGER)
}

/// What one did at a moment, in the words of event-driven models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Came into traffic, on this link.
    Depart,
    /// Came onto the link from its beginning.
    Enter,
    /// Went off the link at its end.
    Leave,
    /// Arrived, on this link.
    Arrive,
    /// Was stuck, and gave up.
    Stuck,
    /// Got there without having been in traffic: on foot, by a mode that does not use links.
    GetThere,
}

/// One act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When, ms.
    pub time_ms: i64,
    /// Who.
    pub agent: u32,
    /// What it is: a place in [`Travellers::kinds`].
    pub kind: u32,
    /// What it did.
    pub act: Act,
    /// Where: a place in the map's edges; none where it is not on the map.
    pub edge: Option<u32>,
    /// Of one who comes into traffic, and of one who got there: when it set off (ms), and where.
    pub since: Option<(i64, Option<u32>)>,
}

/// Deeds in the order of time.
pub trait Deeds {
    /// The next one.
    fn next(&mut self, travellers: &mut Travellers) -> Option<Deed>;
}

/// Where one was, as a receiver of satellites or the like says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fix {
    /// Who.
    pub agent: u32,
    /// When, ms.
    pub time_ms: i64,
    /// Where, in the map's own coordinates, m.
    pub position: [f64; 2],
}

/// Fixes in any order.
pub trait Fixes {
    /// The next one.
    fn next(&mut self, travellers: &mut Travellers) -> Option<Fix>;
}

/// How many passed in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// From, ms.
    pub from_ms: i64,
    /// To, ms.
    pub until_ms: i64,
    /// Where: a place in the map's edges.
    pub edge: u32,
    /// The lane of that edge, where a detector sees only one.
    pub lane: Option<u32>,
    /// Vehicles.
    pub vehicles: f64,
    /// Their speed (harmonic mean where the source has it), m/s.
    pub speed_mps: Option<f64>,
}

/// Ids of edges, lanes and detectors that counts name; without a map, each new name becomes a link of its own.
#[derive(Clone, Debug, Default)]
pub struct LinkNames {
    places: FastMap<Box<str>, (u32, Option<u32>)>,
    /// Links that were made up.
    pub made: Vec<String>,
    open: bool,
}

impl LinkNames {
    /// Of a scenario; one without a map takes any name.
    pub fn of(scenario: &super::TrafficScenario) -> Self {
        let mut places: FastMap<Box<str>, (u32, Option<u32>)> = FastMap::default();
        let map = &scenario.map;
        for detector in &scenario.extras.detectors {
            if let super::DetectorKind::Loop { lane, .. } = detector.kind
                && let Some(at) = map.lanes.get(lane as usize)
            {
                places.insert(detector.id.as_str().into(), (at.edge, Some(lane)));
            }
        }
        for (n, lane) in (0..).zip(&map.lanes) {
            places.insert(lane.id.as_str().into(), (lane.edge, Some(n)));
        }
        for (n, edge) in (0..).zip(&map.edges) {
            places.insert(edge.id.as_str().into(), (n, None));
        }
        Self { places, made: Vec::new(), open: map.edges.is_empty() }
    }

    /// The edge of a name, and the lane where it is of one.
    pub fn place(&mut self, name: &str) -> Option<(u32, Option<u32>)> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        if !self.open || name.is_empty() {
            return None;
        }
        let place = (u32::try_from(self.made.len()).ok()?, None);
        self.made.push(name.to_owned());
        self.places.insert(name.into(), place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_numbers_and_kinds() {
        let mut all = Travellers::default();
        assert_eq!((all.agent("a"), all.agent("b"), all.agent("a"), all.count()), (0, 1, 0, 2));
        let (bus, car) = (all.kind("citybus12", None), all.kind("x", None));
        assert_eq!((bus, car, all.kind("citybus12", None)), (0, 1, 0));
        assert_eq!((all.kinds[0].1, all.kinds[1].1), (RoadUsers::BUS, RoadUsers::PASSENGER));
        all.state(1, StatedTrip { depart_ms: 5, ..StatedTrip::default() });
        assert_eq!((all.trip(0), all.trip(1).map(|t| t.depart_ms), all.known("c")), (None, Some(5), None));
    }
}
