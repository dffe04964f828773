//! What outputs ask of the model between two steps.

use super::Micro;
use super::trips::{Counts, TripRow, Way};
use super::world::shown;
use crate::state::{Exchange, StateError};
use crate::traffic::{Stayed, TrafficModel, Traveller};
use qike_core::Diagnostic;
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use qike_record::SignalLamp;
use std::sync::Arc;

/// One who is on the road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnRoad {
    /// Where.
    pub way: Way,
    /// Kind: a place in the scenario's list.
    pub kind: u32,
    /// It stands at a stop.
    pub stopped: bool,
    /// Lost so far against driving as fast as it would like, s; 0 where the model does not keep it.
    pub loss_s: f64,
}

impl Micro {
    /// Everybody who is on the road now, lane by lane; who has just departed is among them, who has just arrived is not.
    pub fn on_road(&self) -> impl Iterator<Item = OnRoad> + '_ {
        self.world.busy_lanes().flat_map(|on| &on.cars).map(|slot| {
            let car = &self.world.cars[*slot as usize];
            let way = Way { vehicle: car.id, lane: car.lane, position_m: car.pos, speed_mps: car.speed, accel: car.accel, wait_ms: car.wait_ms };
            OnRoad { way, kind: car.kind, stopped: car.stopped, loss_s: car.tally.loss_s }
        })
    }

    /// The journey of one who has departed and has not arrived: its id, its kind, its departure.
    pub fn journey(&self, vehicle: u32) -> Option<&TripRow> {
        self.trips.journeys.get(vehicle as usize).and_then(|j| j.as_ref()).map(|j| &j.row)
    }

    /// Journeys under way as they stand now, by number, each with the edge where it is to end.
    pub fn under_way(&self) -> Vec<(TripRow, u32)> {
        let beside = self.transfer.iter().map(|t| (t.slot, false)).chain(self.parked.iter().map(|s| (*s, true)));
        let slots = self.world.busy_lanes().flat_map(|on| &on.cars).map(|slot| (*slot, true)).chain(beside);
        let mut rows: Vec<(TripRow, u32)> = slots
            .filter_map(|(slot, on_road)| {
                let car = &self.world.cars[slot as usize];
                let journey = self.trips.journeys.get(car.id as usize)?.as_ref()?;
                let mut row = journey.row.clone();
                row.sum_up(&car.tally);
                row.duration_ms = self.world.now_ms - row.depart_ms;
                row.length_m = journey.odometer + if on_road { car.pos } else { 0.0 };
                Some((row, *self.world.paths[car.path as usize].last()?))
            })
            .collect();
        rows.sort_by_key(|(row, _)| row.vehicle);
        rows
    }
}

impl TrafficModel for Micro {
    fn name(&self) -> &'static str {
        "micro-lanes"
    }

    fn now_ms(&self) -> i64 {
        Micro::now_ms(self)
    }

    fn finished(&self) -> bool {
        Micro::finished(self)
    }

    fn lamp(&self, link: u32) -> SignalLamp {
        let bits = self.world.shown.get(link as usize).copied().unwrap_or(0);
        let has = |bit: u8| bits & bit != 0;
        if has(shown::RED) {
            SignalLamp::Red
        } else if has(shown::YELLOW) {
            SignalLamp::Yellow
        } else if has(shown::GREEN) {
            if has(shown::FIRST) { SignalLamp::Green } else { SignalLamp::GreenMinor }
        } else {
            SignalLamp::Off
        }
    }

    fn step(&mut self) {
        Micro::step(self);
    }

    fn counts(&self) -> Counts {
        Micro::counts(self)
    }

    fn updates(&self) -> u64 {
        Micro::updates(self)
    }

    fn take_trips(&mut self) -> Vec<TripRow> {
        Micro::take_trips(self)
    }

    fn under_way(&self) -> Vec<(TripRow, u32)> {
        Micro::under_way(self)
    }

    fn stayed(&self) -> Vec<Stayed> {
        let mut all: Vec<Stayed> = self.trips.stayed.iter().cloned().chain(self.queue.due(&self.world)).collect();
        all.sort_by_key(|s| s.vehicle);
        all
    }

    fn everybody(&self, into: &mut Vec<OnRoad>) {
        into.extend(self.on_road());
    }

    fn traveller(&self, vehicle: u32) -> Option<Traveller<'_>> {
        self.journey(vehicle).map(|row| Traveller { id: &row.id, speed_factor: row.speed_factor, depart_delay_ms: row.depart_delay_ms })
    }

    fn findings(&self) -> &[Diagnostic] {
        Micro::findings(self)
    }

    fn streets(&self) -> &Arc<Streets> {
        Micro::streets(self)
    }

    fn hash(&self) -> u64 {
        Micro::hash(self)
    }

    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        self.exchange_state(with)
    }

    fn change(&mut self, was: &TrafficScenario, scenario: &TrafficScenario) -> Result<(), String> {
        self.change_to(was, scenario)
    }

    fn fork(&self) -> Box<dyn TrafficModel> {
        Box::new(self.clone())
    }
}
