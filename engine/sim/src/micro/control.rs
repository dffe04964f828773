//! What changes on the road while the run goes on: limits by speed signs, lanes that are closed for a while.

use super::Micro;
use super::world::World;
use crate::state::{Exchange, StateError, must};
use qike_network::traffic::{RoadUsers, TrafficScenario};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One change.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// A limit of a lane, m/s; none: that of the map.
    Limit(u32, Option<f64>),
    /// A lane is closed by a closure of that number, but for some.
    Close(u32, u32, RoadUsers),
    /// The closure of that number is over for a lane.
    Open(u32, u32),
}

/// All changes to come, and closures that hold.
#[derive(Clone)]
pub(super) struct Control {
    /// In the order of their times.
    changes: Arc<[(i64, Change)]>,
    done: usize,
    /// By lane: who may use it by the map, and closures with those exempt.
    closed: BTreeMap<u32, (RoadUsers, Vec<(u32, RoadUsers)>)>,
}

impl Control {
    /// Of a scenario. What began before the run holds from its begin.
    pub fn new(scenario: &TrafficScenario) -> Self {
        let mut changes = Vec::new();
        for sign in &scenario.extras.signs {
            changes.extend(sign.lanes.iter().flat_map(|lane| sign.steps.iter().map(|(at, speed)| (*at, Change::Limit(*lane, *speed)))));
        }
        let intervals = scenario.extras.rerouters.iter().flat_map(|r| &r.intervals);
        for (n, interval) in (0u32..).zip(intervals) {
            for (lane, exempt) in &interval.closed_lanes {
                changes.push((interval.begin_ms, Change::Close(*lane, n, *exempt)));
                changes.push((interval.end_ms, Change::Open(*lane, n)));
            }
        }
        let lanes = scenario.map.lanes.len() as u32;
        changes.retain(|(_, change)| matches!(change, Change::Limit(lane, _) | Change::Close(lane, ..) | Change::Open(lane, _) if *lane < lanes));
        changes.sort_by_key(|(at, _)| *at);
        Self { changes: changes.into(), done: 0, closed: BTreeMap::new() }
    }

    /// Makes what is due happen; tells whether who may use which lane has changed.
    fn update(&mut self, world: &mut World) -> bool {
        let mut touched: Vec<u32> = Vec::new();
        while let Some((_, change)) = self.changes.get(self.done).filter(|(at, _)| *at <= world.now_ms) {
            self.done += 1;
            match *change {
                Change::Limit(lane, speed) => world.limit[lane as usize] = speed.unwrap_or(world.streets.lanes[lane as usize].speed).max(0.1),
                Change::Close(lane, closure, exempt) => {
                    let by_map = world.streets.lanes[lane as usize].allowed;
                    self.closed.entry(lane).or_insert_with(|| (by_map, Vec::new())).1.push((closure, exempt));
                    touched.push(lane);
                }
                Change::Open(lane, closure) => {
                    if let Some((_, closures)) = self.closed.get_mut(&lane) {
                        closures.retain(|(n, _)| *n != closure);
                        touched.push(lane);
                    }
                }
            }
        }
        if touched.is_empty() {
            return false;
        }
        self.bar(world, &touched);
        true
    }

    /// Lets only those use some lanes whom no closure keeps out. Whoever else holds the streets keeps them as the map has them.
    fn bar(&self, world: &mut World, lanes: &[u32]) {
        let streets = Arc::make_mut(&mut world.streets);
        for lane in lanes {
            if let Some((by_map, closures)) = self.closed.get(lane) {
                let allowed = closures.iter().fold(by_map.0, |users, (_, exempt)| users & exempt.0);
                streets.lanes[*lane as usize].allowed = RoadUsers(allowed);
            }
        }
    }

    /// Goes on with the changes of another scenario: all of them that are due happen again, in their order.
    pub(super) fn change(&mut self, new: Self, world: &mut World) {
        let streets = Arc::make_mut(&mut world.streets);
        for (lane, (by_map, _)) in &self.closed {
            streets.lanes[*lane as usize].allowed = *by_map;
        }
        for (_, change) in self.changes.iter() {
            if let Change::Limit(lane, _) = change {
                world.limit[*lane as usize] = streets.lanes[*lane as usize].speed;
            }
        }
        *self = new;
    }

    /// Its part of the state. Lanes that were closed and are open again have an empty list of closures.
    pub(super) fn exchange(&mut self, world: &mut World, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { changes, done, closed } = self;
        if with.loads() {
            closed.values_mut().for_each(|(_, closures)| closures.clear());
            for (lane, (by_map, _)) in closed.iter() {
                Arc::make_mut(&mut world.streets).lanes[*lane as usize].allowed = *by_map;
            }
        }
        with.part("changes of streets", done)?;
        with.part("closed lanes", closed)?;
        must(*done <= changes.len() && closed.keys().all(|lane| (*lane as usize) < world.streets.lanes.len()), "closed lanes", "names lanes that are not there")?;
        if with.loads() && !self.closed.is_empty() {
            let lanes: Vec<u32> = self.closed.keys().copied().collect();
            self.bar(world, &lanes);
        }
        Ok(())
    }
}

impl Micro {
    /// Signs and closures of this moment.
    pub(super) fn control(&mut self) {
        if self.control.update(&mut self.world) {
            self.look_at_lanes_again();
        }
    }

    /// Who may use which lane has changed.
    pub(super) fn look_at_lanes_again(&mut self) {
        self.world.memo = super::memo::Memo::default();
        let on: Vec<u32> = self.world.busy_lanes().flat_map(|on| on.cars.iter().copied()).collect();
        for slot in on {
            self.world.find_lanes(slot);
        }
        self.queue.forget_lanes();
    }
}
