//! What is to be moved: vehicle trips, walks, transit services, train arrivals, closures during the run.
//!
//! The order of the lists does not matter: [`Demand::sorted`] puts them in the one order that a run uses, so that two ways of
//! writing the same demand give the same run.

use crate::SimError;
use qike_core::SimTime;
use qike_network::{AreaIx, LinkIx};
use qike_network::{LaneNetwork, Modes};
use qike_network::WalkNetwork;
use serde::{Deserialize, Serialize};

/// Kind of a vehicle: it decides size and driving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VehicleKind {
    /// Passenger car.
    #[default]
    Car,
    /// Bus of a transit line.
    Bus,
    /// Lorry.
    Truck,
}

impl VehicleKind {
    /// The bit a lane must allow.
    pub const fn mode(self) -> Modes {
        match self {
            VehicleKind::Car => Modes::CAR,
            VehicleKind::Bus => Modes::BUS,
            VehicleKind::Truck => Modes::TRUCK,
        }
    }
}

/// A vehicle's trip from the start of a link to the end of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VehicleTrip {
    /// The demand it comes from: a number in the recording's table of demands.
    pub demand: u32,
    /// Number within its demand. (demand, trip) also decides the traveller's character, so that it is the same in every run.
    pub trip: u32,
    /// When it wants to enter the first link.
    pub depart: SimTime,
    /// First link.
    pub from: LinkIx,
    /// Last link; the trip ends at its end.
    pub to: LinkIx,
    /// Kind of vehicle.
    pub kind: VehicleKind,
}

/// A place in the walking network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkPlace {
    /// The area.
    pub area: AreaIx,
    /// A position in it (x, y); clamped into the area where it lies outside.
    pub position: [f64; 2],
}

/// Who walks: decides the distribution of the free speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeedClass {
    /// Anybody: normal with mean 1.34 m/s and deviation 0.26 m/s (Weidmann 1993), kept within 0.5–2.2 m/s.
    #[default]
    Adult,
    /// Under 30 years: 0.58–1.61 m/s (RiMEA 7).
    Young,
    /// 30–50 years: 1.41–1.54 m/s.
    Middle,
    /// Over 50 years: 0.68–1.41 m/s.
    Senior,
    /// Impaired: 0.46–0.76 m/s.
    Impaired,
    /// Exactly this many mm/s: for tests and calibrated runs.
    Fixed(u16),
}

/// One person's walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkTrip {
    /// The demand it comes from: a number in the recording's table of demands.
    pub demand: u32,
    /// Number within its demand. (demand, trip) also decides the traveller's character, so that it is the same in every run.
    pub trip: u32,
    /// When the person appears.
    pub depart: SimTime,
    /// Where.
    pub from: WalkPlace,
    /// Where to.
    pub to: WalkPlace,
    /// Speed.
    pub speed: SpeedClass,
    /// People of one group walk at the speed of its slowest member.
    pub group: Option<u32>,
}

/// A stop of a transit service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceStop {
    /// Link of the stop; it must be on the service's route, in order.
    pub link: LinkIx,
    /// Distance from the link's start.
    pub position_m: f64,
    /// Least time at the stop.
    pub dwell: SimTime,
    /// Not before this span after the departure from the start of the line.
    pub not_before: SimTime,
}

/// A bus line in one direction: all its journeys of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitService {
    /// The demand it comes from; the journeys are its trips, in order of departure.
    pub demand: u32,
    /// The line's id, for messages and events.
    pub id: String,
    /// Links from first to last; consecutive ones are connected.
    pub route: Vec<LinkIx>,
    /// Stops along the route.
    pub stops: Vec<ServiceStop>,
    /// Departures at the first link.
    pub departures: Vec<SimTime>,
}

/// A train that lets people out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainArrival {
    /// The demand it comes from.
    pub demand: u32,
    /// Number of its first passenger within the demand; the others follow.
    pub first_trip: u32,
    /// When the doors open.
    pub time: SimTime,
    /// Where people step out: one place a door.
    pub doors: Vec<WalkPlace>,
    /// How many get off.
    pub passengers: u32,
    /// Where they go, with weights.
    pub destinations: Vec<(WalkPlace, f64)>,
}

/// A link that is closed for a while during the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closure {
    /// The link.
    pub link: LinkIx,
    /// First moment.
    pub from: SimTime,
    /// First moment after it.
    pub to: SimTime,
}

/// All of a run's demand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Trips by car and lorry.
    pub vehicles: Vec<VehicleTrip>,
    /// Bus lines.
    pub services: Vec<TransitService>,
    /// Walks.
    pub walks: Vec<WalkTrip>,
    /// Trains.
    pub trains: Vec<TrainArrival>,
    /// Closures while it runs (those of a whole run are edits of the network).
    pub closures: Vec<Closure>,
}

impl Demand {
    /// Checks every index and number against the networks.
    ///
    /// # Errors
    /// [`SimError::Demand`] names the first thing that is wrong.
    pub fn check(&self, lanes: &LaneNetwork, walk: &WalkNetwork) -> Result<(), SimError> {
        let fault = |what: String| Err(SimError::Demand(what));
        let link = |ix: LinkIx| ix.ix() < lanes.links.len();
        let place = |p: &WalkPlace| p.area.ix() < walk.areas.len() && p.position.iter().all(|c| c.is_finite());
        for trip in &self.vehicles {
            if !link(trip.from) || !link(trip.to) {
                return fault(format!("vehicle trip {} of demand {} names a link that does not exist", trip.trip, trip.demand));
            }
        }
        for trip in &self.walks {
            if !place(&trip.from) || !place(&trip.to) {
                return fault(format!("walk {} of demand {} names an unknown area or a position that is no number", trip.trip, trip.demand));
            }
        }
        for service in &self.services {
            let stops = service.stops.iter().all(|s| link(s.link) && s.position_m.is_finite());
            if service.route.is_empty() || !service.route.iter().all(|l| link(*l)) || !stops {
                return fault(format!("service '{}' has an empty route or names a link that does not exist", service.id));
            }
        }
        for train in &self.trains {
            let weights = train.destinations.iter().all(|(p, w)| place(p) && w.is_finite() && *w >= 0.0);
            let empty = train.passengers > 0 && (train.doors.is_empty() || train.destinations.is_empty());
            if empty || !weights || !train.doors.iter().all(place) {
                return fault(format!("the train at {} has no doors or destinations, or names a place that does not exist", train.time));
            }
        }
        match self.closures.iter().find(|c| !link(c.link)) {
            Some(closure) => fault(format!("a closure at {} names a link that does not exist", closure.from)),
            None => Ok(()),
        }
    }

    /// The same demand in the order of a run: by departure, then id.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.vehicles.sort_by_key(|t| (t.depart, t.demand, t.trip));
        self.walks.sort_by_key(|t| (t.depart, t.demand, t.trip));
        self.services.sort_by(|a, b| (a.demand, &a.id, &a.route).cmp(&(b.demand, &b.id, &b.route)));
        for service in &mut self.services {
            service.departures.sort();
        }
        self.trains.sort_by_key(|t| (t.time, t.demand, t.first_trip));
        self.closures.sort_by_key(|c| (c.from, c.link));
        self
    }
}
