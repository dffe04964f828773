//! Bus services: their stops placed on their routes, and their journeys as trips.

use super::fleet::{Fleet, Trip};
use crate::demand::{TransitService, VehicleKind};

/// A stop on a service's route.
#[derive(Clone, Debug)]
pub struct Stop {
    /// Which link of the route.
    pub at: u32,
    /// Distance from the link's start, m.
    pub position_m: f64,
    /// Least time at the stop, ms.
    pub dwell_ms: i64,
    /// Not before this long after the journey's departure, ms.
    pub not_before_ms: i64,
}

/// Finds each stop's link on the route, in order. A stop whose link does not follow is left out, as a bus could not serve it.
pub fn place_stops(service: &TransitService) -> Vec<Stop> {
    let mut from = 0usize;
    let mut last = f64::NEG_INFINITY;
    let mut stops = Vec::new();
    for stop in &service.stops {
        let same = stop.position_m >= last;
        let search = if same { from } else { from + 1 };
        let found = service.route.get(search..).and_then(|rest| rest.iter().position(|l| *l == stop.link)).map(|p| p + search);
        if let Some(at) = found {
            from = at;
            last = stop.position_m;
            stops.push(Stop { at: at as u32, position_m: stop.position_m.max(0.0), dwell_ms: stop.dwell.ms().max(0), not_before_ms: stop.not_before.ms() });
        }
    }
    stops
}

/// Adds the journeys of all services to the fleet.
pub fn add_journeys(fleet: &mut Fleet, services: &[TransitService]) {
    for (ix, service) in services.iter().enumerate() {
        for (number, departure) in service.departures.iter().enumerate() {
            let (Some(from), Some(to)) = (service.route.first(), service.route.last()) else { continue };
            fleet.add(Trip {
                demand: service.demand,
                trip: number as u32,
                depart_ms: departure.ms(),
                from: from.0,
                to: to.0,
                kind: VehicleKind::Bus,
                service: ix as u32,
                factor: 1.0,
                informed: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::ServiceStop;
    use qike_core::SimTime;
    use qike_network::LinkIx;

    #[test]
    fn stops_are_found_in_order_even_where_a_link_comes_twice() {
        let stop = |link, position_m| ServiceStop { link: LinkIx(link), position_m, dwell: SimTime::from_s(20), not_before: SimTime::ZERO };
        let service = TransitService {
            demand: 0,
            id: "gtfs:route/1".into(),
            route: [4, 7, 4, 9].map(LinkIx).to_vec(),
            stops: vec![stop(4, 50.0), stop(4, 10.0), stop(8, 1.0), stop(9, 5.0)],
            departures: vec![SimTime::ZERO],
        };
        let at: Vec<u32> = place_stops(&service).iter().map(|s| s.at).collect();
        assert_eq!(at, [0, 2, 3]);
    }
}
