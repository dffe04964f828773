//! Rows to columns: what the writer has gathered becomes one record batch of a table.

use crate::columns::Table;
use crate::recorder::{DetectorInterval, DetectorKind, Event, LinkInterval, NOWHERE, Places, SignalChange, SignalLamp, TrackPoint, Trip};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow_schema::ArrowError;
use qike_core::SimTime;
use std::collections::HashMap;
use std::sync::Arc;

/// A column of repeated text from numbers and what they stand for. Texts are numbered in the order in which they first come.
fn repeated<'a>(numbers: impl Iterator<Item = u32>, text: impl Fn(u32) -> Option<&'a str>) -> Result<ArrayRef, ArrowError> {
    let mut keys: HashMap<u32, Option<i32>> = HashMap::new();
    let mut texts: Vec<&str> = Vec::new();
    let column: Int32Array = numbers
        .map(|number| {
            *keys.entry(number).or_insert_with(|| {
                texts.push(text(number)?);
                Some(texts.len() as i32 - 1)
            })
        })
        .collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(column, Arc::new(StringArray::from(texts)))?))
}

/// A number to round coordinates by, or nothing to leave them as they are. A power of two keeps the rounded number exact, and
/// the bits below it zero, so that they cost nothing on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantum(pub(crate) f64);

impl Quantum {
    fn round(self, value: f64) -> f64 {
        if self.0 > 0.0 { (value / self.0).round() * self.0 } else { value }
    }
}

pub(crate) fn tracks(rows: &[(SimTime, TrackPoint)], places: &Places, quantum: Quantum) -> Result<RecordBatch, ArrowError> {
    let axis = |axis: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, p)| quantum.round(p.position[axis]))))
    };
    RecordBatch::try_new(Table::Tracks.schema(), vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(t, _)| t.ms()))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, p)| p.agent))),
        repeated(rows.iter().map(|(_, p)| p.kind as u32), |k| Some(crate::AgentKind::ALL[k as usize].name()))?,
        axis(0),
        axis(1),
        axis(2),
        // A thousandth of a radian and a millimetre a second are finer than anybody can see; the zero bits below pack away.
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|(_, p)| (p.heading * 1024.0).round() / 1024.0))),
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|(_, p)| (p.speed_mps * 1024.0).round() / 1024.0))),
        repeated(rows.iter().map(|(_, p)| p.link), |l| places.id(l))?,
    ])
}

pub(crate) fn links(rows: &[(SimTime, SimTime, LinkInterval)], places: &Places) -> Result<RecordBatch, ArrowError> {
    let number = |f: &dyn Fn(&LinkInterval) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, _, row)| f(row))))
    };
    let count = |f: &dyn Fn(&LinkInterval) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, _, row)| f(row))))
    };
    let speed = |row: &LinkInterval| (row.time_spent_s > 0.0).then(|| row.distance_m / row.time_spent_s);
    let flow = |(from, until, row): &(SimTime, SimTime, LinkInterval)| {
        let hours = (*until - *from).as_s() / 3600.0;
        if hours > 0.0 { f64::from(row.left) / hours } else { 0.0 }
    };
    RecordBatch::try_new(Table::Links.schema(), vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(from, _, _)| from.ms()))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, until, _)| until.ms()))),
        repeated(rows.iter().map(|(_, _, row)| row.link), |l| places.id(l))?,
        Arc::new(BooleanArray::from_iter(rows.iter().map(|(_, _, row)| Some(row.link != NOWHERE && row.link >= places.first_area)))),
        count(&|row| row.entered),
        count(&|row| row.left),
        number(&|row| row.time_spent_s),
        number(&|row| row.distance_m),
        number(&|row| row.waiting_s),
        number(&|row| row.queue_mean),
        count(&|row| row.queue_max),
        Arc::new(Float64Array::from_iter(rows.iter().map(|(_, _, row)| speed(row)))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(flow))),
    ])
}

pub(crate) fn trips(rows: &[(Trip, Option<Box<str>>)], places: &Places, demands: &[String]) -> Result<RecordBatch, ArrowError> {
    let number = |f: &dyn Fn(&Trip) -> Option<f64>| -> ArrayRef { Arc::new(Float64Array::from_iter(rows.iter().map(|(r, _)| f(r)))) };
    let delay = |trip: &Trip| trip.departed.map(|left| (left - trip.planned).as_s());
    RecordBatch::try_new(Table::Trips.schema(), vec![
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(r, _)| r.agent))),
        repeated(rows.iter().map(|(r, _)| r.kind as u32), |k| Some(crate::AgentKind::ALL[k as usize].name()))?,
        repeated(rows.iter().map(|(r, _)| r.demand), |d| Some(demands.get(d as usize).map_or("", String::as_str)))?,
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(r, _)| r.trip))),
        repeated(rows.iter().map(|(r, _)| r.status as u32), |s| Some(crate::TripStatus::ALL[s as usize].name()))?,
        repeated(rows.iter().map(|(r, _)| r.origin), |p| places.id(p))?,
        repeated(rows.iter().map(|(r, _)| r.destination), |p| places.id(p))?,
        number(&|r| Some(r.planned.as_s())),
        number(&|r| r.departed.map(SimTime::as_s)),
        number(&|r| r.arrived.map(SimTime::as_s)),
        number(&Trip::duration_s),
        number(&delay),
        number(&|r| Some(r.route_length_m)),
        number(&|r| Some(r.time_loss_s)),
        number(&|r| Some(r.waiting_s)),
        Arc::new(UInt16Array::from_iter_values(rows.iter().map(|(r, _)| r.reroutes))),
        Arc::new(UInt16Array::from_iter_values(rows.iter().map(|(r, _)| r.teleports))),
        Arc::new(StringArray::from_iter(rows.iter().map(|(_, id)| id.as_deref()))),
    ])
}

pub(crate) fn detectors(rows: &[(SimTime, SimTime, DetectorInterval)], names: &[String]) -> Result<RecordBatch, ArrowError> {
    let number = |f: &dyn Fn(&DetectorInterval) -> Option<f64>| -> ArrayRef { Arc::new(Float64Array::from_iter(rows.iter().map(|(_, _, row)| f(row)))) };
    let count = |f: &dyn Fn(&DetectorInterval) -> Option<u32>| -> ArrayRef { Arc::new(UInt32Array::from_iter(rows.iter().map(|(_, _, row)| f(row)))) };
    let kinds = [DetectorKind::Loop, DetectorKind::Area, DetectorKind::EntryExit];
    RecordBatch::try_new(Table::Detectors.schema(), vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(from, _, _)| from.ms()))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, until, _)| until.ms()))),
        repeated(rows.iter().map(|(_, _, row)| row.detector), |d| Some(names.get(d as usize).map_or("", String::as_str)))?,
        repeated(rows.iter().map(|(_, _, row)| row.kind as u32), |k| kinds.get(k as usize).map(|k| k.name()))?,
        count(&|row| row.entered),
        count(&|row| row.passed),
        number(&|row| row.flow_per_h),
        number(&|row| row.occupancy_percent),
        number(&|row| row.speed_mps),
        number(&|row| row.harmonic_speed_mps),
        number(&|row| row.length_m),
        number(&|row| row.travel_time_s),
        number(&|row| row.time_loss_s),
        number(&|row| row.halts),
        number(&|row| row.vehicles_mean),
        count(&|row| row.vehicles_max),
        count(&|row| row.vehicles_within),
        number(&|row| row.queue_mean_m),
        number(&|row| row.queue_max_m),
        count(&|row| row.queue_max_vehicles),
    ])
}

/// An event, or the hash of a state.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Event(Event),
    Hash(SimTime, u64),
}

pub(crate) fn events(rows: &[Happening], places: &Places) -> Result<RecordBatch, ArrowError> {
    let event = |row: &Happening| match row {
        Happening::Event(event) => Some(event.clone()),
        Happening::Hash(..) => None,
    };
    let events: Vec<Option<Event>> = rows.iter().map(event).collect();
    let time = |row: &Happening| match row {
        Happening::Event(event) => event.time.ms(),
        Happening::Hash(time, _) => time.ms(),
    };
    let hash = |row: &Happening| match row {
        Happening::Event(_) => None,
        Happening::Hash(_, hash) => Some(*hash),
    };
    let kinds: Vec<&str> = events.iter().map(|e| e.as_ref().map_or("state_hash", |e| &e.kind)).collect();
    let mut names: Vec<&str> = kinds.clone();
    names.sort_unstable();
    names.dedup();
    let number = |kind: &&str| names.binary_search(kind).unwrap_or_default() as u32;
    RecordBatch::try_new(Table::Events.schema(), vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(time))),
        repeated(kinds.iter().map(number), |k| names.get(k as usize).copied())?,
        Arc::new(UInt32Array::from_iter(events.iter().map(|e| e.as_ref().and_then(|e| e.agent)))),
        repeated(events.iter().map(|e| e.as_ref().map_or(NOWHERE, |e| e.link)), |l| places.id(l))?,
        Arc::new(Float64Array::from_iter(events.iter().map(|e| e.as_ref().map(|e| e.value).filter(|v| !v.is_nan())))),
        Arc::new(StringArray::from_iter_values(events.iter().map(|e| e.as_ref().map_or("", |e| e.text.as_str())))),
        Arc::new(UInt64Array::from_iter(rows.iter().map(hash))),
    ])
}

pub(crate) fn signals(rows: &[(SimTime, SignalChange)], places: &Places) -> Result<RecordBatch, ArrowError> {
    let axis = |axis: usize| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, c)| c.position[axis]))) };
    RecordBatch::try_new(Table::Signals.schema(), vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(t, _)| t.ms()))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(_, c)| c.head))),
        repeated(rows.iter().map(|(_, c)| c.shows as u32), |k| Some(SignalLamp::ALL[k as usize].name()))?,
        repeated(rows.iter().map(|(_, c)| c.link), |l| places.id(l))?,
        axis(0),
        axis(1),
        axis(2),
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|(_, c)| c.heading))),
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|(_, c)| c.width_m))),
    ])
}
