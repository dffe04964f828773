//! Walks from an OD table, and of people who leave trains.

use super::ground::{Ground, Spot};
use super::od::Row;
use super::spread::{Lot, Weighted};
use crate::RunError;
use crate::error::TableFault;
use qike_core::SimTime;
use qike_record::{Event, NOWHERE};
use qike_scene::scenario::{Demand, DemandKind};
use qike_sim::{SpeedClass, WalkTrip};

/// Faults of one table that are told.
const MOST_FAULTS: usize = 20;

/// Walks of a table. Every row with a zone that is not there, or where nobody can walk, is told with its line.
pub(super) fn from_table(ground: &mut Ground, file: &str, rows: &[Row], lot: &Lot) -> Result<Vec<WalkTrip>, RunError> {
    let (mut walks, mut faults) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        match one_row(ground, number, rows.len(), row, lot) {
            Ok(some) => walks.extend(some),
            Err(message) => faults.push(TableFault { file: file.to_owned(), line: row.line, message }),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(walks) } else { Err(RunError::Tables(faults)) }
}

fn one_row(ground: &mut Ground, number: usize, rows: usize, row: &Row, lot: &Lot) -> Result<Vec<WalkTrip>, String> {
    let (from, to) = (ground.spots(&row.from)?, ground.spots(&row.to)?);
    let draws = lot.row(number, rows, row.trips, row.start, row.end).ok_or("there are more walks than can be numbered")?;
    let walk = |mut draw: super::spread::Draw| WalkTrip {
        demand: lot.demand,
        trip: draw.trip,
        depart: draw.depart,
        from: ground.place(&from, &mut draw.rng),
        to: ground.place(&to, &mut draw.rng),
        speed: SpeedClass::Adult,
        group: None,
    };
    Ok(draws.into_iter().map(walk).collect())
}

/// Walks of people who leave trains, and the trains themselves as events.
pub(super) fn from_trains(ground: &mut Ground, demand: &Demand, lot: &Lot, end: SimTime) -> Result<(Vec<WalkTrip>, Vec<Event>), String> {
    let DemandKind::Trains { platforms, every, first, last, passengers, alighting, to } = &demand.kind else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut doors = Vec::new();
    for platform in platforms {
        doors.push(ground.train_doors(platform.as_str())?);
    }
    let mut goals: Vec<(usize, Weighted<Spot>)> = Vec::new();
    for (number, goal) in to.iter().enumerate() {
        goals.push((number, ground.spots(goal.object.as_str())?));
    }
    let shares = Weighted::new(goals.iter().map(|(number, _)| (*number, to[*number].share))).ok_or("no destination has a share")?;
    let last = last.unwrap_or(end).min(end);
    let count = if last < *first { 0 } else { (last - *first).ms() / every.ms() + 1 };
    let (mut walks, mut events) = (Vec::new(), Vec::new());
    for train in 0..count as usize {
        let time = *first + SimTime::from_ms(every.ms().saturating_mul(train as i64));
        let doors = &doors[train % doors.len()];
        let open = time + SimTime::from_s_f64(*alighting);
        let draws = lot.row(train, count as usize, *passengers, time, open).ok_or("there are more passengers than can be numbered")?;
        events.push(Event {
            time,
            kind: "train".into(),
            agent: None,
            link: NOWHERE,
            value: draws.len() as f64,
            text: format!("{}: {} leave at {}", demand.name, draws.len(), platforms[train % platforms.len()]),
        });
        for mut draw in draws {
            let door = doors[draw.rng.below(doors.len() as u64) as usize];
            let (_, goal) = &goals[shares.draw(&mut draw.rng)];
            let to = ground.place(goal, &mut draw.rng);
            let (demand, trip, depart) = (lot.demand, draw.trip, draw.depart);
            walks.push(WalkTrip { demand, trip, depart, from: door, to, speed: SpeedClass::Adult, group: None });
        }
    }
    Ok((walks, events))
}
