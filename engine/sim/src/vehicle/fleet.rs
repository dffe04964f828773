//! What is known of each vehicle besides its motion: trip, route, and the ledger of its journey. Touched when a vehicle changes
//! segment, not in every step.

use super::roads::{END, NONE, Roads};
use super::state::{Body, TRACES, Trace};
use crate::demand::VehicleKind;
use qike_core::CounterRng;
use qike_network::Modes;

/// No transit service.
pub const NO_SERVICE: u32 = u32::MAX;

/// A vehicle's trip.
#[derive(Clone, Debug)]
pub struct Trip {
    /// The demand it comes from.
    pub demand: u32,
    /// Number within its demand.
    pub trip: u32,
    /// When it wants to depart, ms.
    pub depart_ms: i64,
    /// First and last link.
    pub from: u32,
    /// Last link.
    pub to: u32,
    /// Kind.
    pub kind: VehicleKind,
    /// Transit service, or [`NO_SERVICE`].
    pub service: u32,
    /// Wants that share of the speed limit.
    pub factor: f64,
    /// Looks for better routes under way.
    pub informed: bool,
}

/// A vehicle's journey so far.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Its route in [`Fleet::routes`].
    pub route: std::ops::Range<u32>,
    /// The link it is on, or has left last while it is on a junction: index into [`Fleet::routes`].
    pub cursor: u32,
    /// Odometer at the start of its segment, m.
    pub base_m: f64,
    /// When it entered the network, ms; negative before that.
    pub inserted_ms: i64,
    /// When it entered its link, ms.
    pub entered_link_ms: i64,
    /// Time all segments left behind would have taken on a free road, s.
    pub free_s: f64,
    /// Time it stood, stands that are over only, s.
    pub waited_s: f64,
    /// The segments behind it, newest first.
    pub traces: [Trace; TRACES],
    /// Next stop of its service.
    pub stop: u32,
    /// Held at a stop until then, ms.
    pub dwell_until_ms: i64,
    /// It is between being taken out of a jam and being put back.
    pub in_transfer: bool,
    /// Times it changed its route.
    pub rerouted: u16,
    /// Times it was taken out of a jam.
    pub teleported: u16,
}

/// All vehicles of a run, by index.
#[derive(Default)]
pub struct Fleet {
    /// Trips.
    pub trips: Vec<Trip>,
    /// Journeys.
    pub journeys: Vec<Journey>,
    /// Links of all routes, back to back; a changed route is added at the end.
    pub routes: Vec<u32>,
}

impl Fleet {
    /// Adds a trip; the order of calls gives the indices.
    pub fn add(&mut self, trip: Trip) -> u32 {
        self.journeys.push(Journey {
            route: 0..0,
            cursor: 0,
            base_m: 0.0,
            inserted_ms: -1,
            entered_link_ms: 0,
            free_s: 0.0,
            waited_s: 0.0,
            traces: [Trace::NONE; TRACES],
            stop: 0,
            dwell_until_ms: 0,
            in_transfer: false,
            rerouted: 0,
            teleported: 0,
        });
        self.trips.push(trip);
        (self.trips.len() - 1) as u32
    }

    /// The bit that lanes must allow.
    #[inline]
    pub fn mode(&self, vehicle: u32) -> Modes {
        self.trips[vehicle as usize].kind.mode()
    }

    /// The link `steps` after the present one on the route.
    #[inline]
    pub fn upcoming(&self, vehicle: u32, steps: u32) -> Option<u32> {
        let journey = &self.journeys[vehicle as usize];
        let at = journey.cursor + steps;
        (at < journey.route.end).then(|| self.routes[at as usize])
    }

    /// Gives a vehicle the links from now on; the first is the one it is on or starts from.
    pub fn set_route(&mut self, vehicle: u32, links: &[u32]) {
        let start = self.routes.len() as u32;
        self.routes.extend_from_slice(links);
        let journey = &mut self.journeys[vehicle as usize];
        journey.route = start..start + links.len() as u32;
        journey.cursor = start;
    }

    /// The rest of its route, beginning with the present link.
    pub fn rest(&self, vehicle: u32) -> &[u32] {
        let journey = &self.journeys[vehicle as usize];
        &self.routes[journey.cursor as usize..journey.route.end as usize]
    }

    /// What follows a lane for a vehicle that is `steps` links further than now when it is on that lane.
    #[inline]
    pub fn way_on(&self, roads: &Roads, vehicle: u32, lane: u32, steps: u32) -> u32 {
        match self.upcoming(vehicle, steps + 1) {
            None => END,
            Some(next) => roads.way(lane, next, self.upcoming(vehicle, steps + 2), self.mode(vehicle)),
        }
    }

    /// Sets what depends on the lane a vehicle is on now: what follows, and how many lanes it must move.
    pub fn settle_on(&self, roads: &Roads, body: &mut Body, lane: u32, left_m: f64) {
        let vehicle = body.vehicle;
        body.next = self.way_on(roads, vehicle, lane, 0);
        body.want = match self.upcoming(vehicle, 1) {
            None => 0,
            Some(next) => {
                let far = body.next == NONE || left_m > 40.0;
                let lanes = roads.lanes_to_move(lane, next, self.upcoming(vehicle, 2), self.mode(vehicle), far);
                lanes.clamp(-100, 100) as i8
            }
        };
    }

    /// Randomness of one vehicle's character: drawn once, the same in every run with the seed.
    pub fn character(seed: u64, demand: u32, trip: u32, deviation: f64, informed_share: f64) -> (f64, bool) {
        let mut rng = CounterRng::new(seed, u64::from(demand) << 32 | u64::from(trip), u64::MAX);
        let factor = if deviation > 0.0 { rng.normal(1.0, deviation).clamp(0.75, 1.25) } else { 1.0 };
        (factor, rng.uniform() < informed_share)
    }
}
