//! What those who run and record the model ask of it: of both models together.

use super::Hybrid;
use crate::micro::{Counts, OnRoad, TripRow};
use crate::queue::Queues;
use crate::queue::border::Newcomer;
use crate::state::{Exchange, StateError};
use crate::traffic::{Crossed, EdgeSums, Stayed, TrafficModel, Traveller};
use qike_core::{Diagnostic, StateHasher};
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use qike_record::SignalLamp;
use std::sync::Arc;

impl Hybrid {
    /// The models there are.
    fn models(&self) -> impl Iterator<Item = &dyn TrafficModel> {
        let lanes = self.lanes.iter().map(|m| m as &dyn TrafficModel);
        lanes.chain(self.queues.iter().map(|m| m as &dyn TrafficModel))
    }

    /// Those between the models, each with the lane before which it stands.
    fn between(&self) -> impl Iterator<Item = (u32, &Newcomer)> {
        let lane_of = |new: &Newcomer| self.streets.edges[self.edge_of(new) as usize].lanes.0;
        let doors = self.doors.iter().flat_map(|(lane, line)| line.iter().map(|new| (*lane, new)));
        doors.chain(self.beside.iter().map(move |new| (lane_of(new), new)))
    }

    fn edge_of(&self, new: &Newcomer) -> u32 {
        self.queues.as_ref().map_or(0, |q| q.edge_at(new.at))
    }
}

impl TrafficModel for Hybrid {
    fn name(&self) -> &'static str {
        "hybrid"
    }

    fn now_ms(&self) -> i64 {
        self.models().next().map_or(0, TrafficModel::now_ms)
    }

    fn finished(&self) -> bool {
        self.models().all(TrafficModel::finished) && (self.between().next().is_none() || self.now_ms() >= self.end_ms)
    }

    fn step(&mut self) {
        match (&mut self.lanes, &mut self.queues) {
            (Some(lanes), None) => lanes.step(),
            (None, Some(queues)) => queues.step(),
            _ => self.step_both(),
        }
    }

    fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for c in self.models().map(TrafficModel::counts) {
            sum.loaded += c.loaded;
            sum.inserted += c.inserted;
            sum.arrived += c.arrived;
            sum.running += c.running;
            sum.waiting += c.waiting;
            sum.teleported += c.teleported;
            sum.overlaps += c.overlaps;
            sum.emergency_stops += c.emergency_stops;
            sum.discarded += c.discarded;
        }
        sum.running += self.between().count() as u64;
        sum
    }

    fn updates(&self) -> u64 {
        self.models().map(TrafficModel::updates).sum()
    }

    fn lamp(&self, link: u32) -> SignalLamp {
        let junction = self.streets.links.get(link as usize).map_or(u32::MAX, |l| l.junction);
        let by_lanes = self.lanes.as_ref().filter(|_| self.queues.is_none() || self.sides.at_junction(junction));
        by_lanes.map(|m| m.lamp(link)).or_else(|| self.queues.as_ref().map(|m| m.lamp(link))).unwrap_or(SignalLamp::Off)
    }

    fn take_trips(&mut self) -> Vec<TripRow> {
        let mut rows = self.lanes.as_mut().map(TrafficModel::take_trips).unwrap_or_default();
        for mut row in self.queues.as_mut().map(TrafficModel::take_trips).unwrap_or_default() {
            if let Some(origin) = self.origins.remove(&row.vehicle) {
                origin.put_into(&mut row);
            }
            rows.push(row);
        }
        rows
    }

    fn under_way(&self) -> Vec<(TripRow, u32)> {
        let mut rows = self.lanes.as_ref().map(TrafficModel::under_way).unwrap_or_default();
        let Some(queues) = &self.queues else { return rows };
        rows.extend(queues.under_way());
        rows.extend(self.between().map(|(_, new)| {
            let row = TripRow { duration_ms: self.now_ms() - new.row.depart_ms, ..new.row.clone() };
            (row, queues.destination(new.at))
        }));
        for (row, _) in &mut rows {
            if let Some(origin) = self.origins.get(&row.vehicle) {
                origin.put_into(row);
            }
        }
        rows.sort_by_key(|(row, _)| row.vehicle);
        rows
    }

    fn stayed(&self) -> Vec<Stayed> {
        let mut all: Vec<Stayed> = self.models().flat_map(TrafficModel::stayed).collect();
        all.sort_by_key(|s| s.vehicle);
        all
    }

    fn everybody(&self, into: &mut Vec<OnRoad>) {
        self.models().for_each(|m| m.everybody(into));
        into.extend(self.between().map(|(lane, new)| Queues::at_the_door(new, lane, self.now_ms())));
    }

    fn looked_at(&self) -> Option<&[bool]> {
        (self.lanes.is_some() && self.queues.is_some()).then(|| self.sides.edges())
    }

    fn everybody_looked_at(&self, into: &mut Vec<OnRoad>) {
        if let Some(lanes) = &self.lanes {
            lanes.everybody(into);
        }
    }

    fn take_crossed(&mut self) -> Vec<Crossed> {
        std::mem::take(&mut self.crossed)
    }

    fn traveller(&self, vehicle: u32) -> Option<Traveller<'_>> {
        let between = || self.between().find(|(_, new)| new.row.vehicle == vehicle).map(|(_, new)| &new.row);
        let waits = || between().map(|row| Traveller { id: &row.id, speed_factor: row.speed_factor, depart_delay_ms: row.depart_delay_ms });
        self.lanes.as_ref().and_then(|m| m.traveller(vehicle)).or_else(waits).or_else(|| self.queues.as_ref().and_then(|m| m.traveller(vehicle)))
    }

    fn edge_sums(&self) -> Option<Vec<EdgeSums>> {
        self.queues.as_ref().and_then(TrafficModel::edge_sums)
    }

    fn take_queue_max(&mut self) -> Vec<u32> {
        self.queues.as_mut().map(TrafficModel::take_queue_max).unwrap_or_default()
    }

    fn findings(&self) -> &[Diagnostic] {
        self.models().last().map_or(&[], TrafficModel::findings)
    }

    fn streets(&self) -> &Arc<Streets> {
        &self.streets
    }

    fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        self.exchange_state(with)
    }

    fn change(&mut self, _: &TrafficScenario, _: &TrafficScenario) -> Result<(), String> {
        Err("a city of which a part is run lane by lane cannot be changed while it is running: run this scenario from its beginning".into())
    }

    fn fork(&self) -> Box<dyn TrafficModel> {
        Box::new(self.clone())
    }

    fn hash(&self) -> u64 {
        let mut hashes = self.models().map(TrafficModel::hash);
        let (Some(lanes), Some(queues)) = (hashes.next(), hashes.next()) else { return self.models().next().map_or(0, TrafficModel::hash) };
        let mut hasher = StateHasher::new();
        hasher.u64(lanes);
        hasher.u64(queues);
        for (lane, new) in self.between() {
            hasher.u64(u64::from(lane) << 32 | u64::from(new.row.vehicle));
            hasher.u64(new.entered_ms as u64);
        }
        hasher.finish()
    }
}
