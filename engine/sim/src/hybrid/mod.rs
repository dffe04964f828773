//! Lane by lane within an area, queues on lanes outside of it: one set of streets, one demand, one clock.
//!
//! Each of the two models holds the whole map and only those who are on its streets ([`Sides`]). In a step the lane-level model goes
//! first; who has driven out over the border is put into the queue of its lane with its speed and the time at which it passed. Then the
//! queues learn how much room there is at the start of each lane that leads in, run through the same time, and hand over who has got to
//! such a lane. What is beyond the border is seen from either side: the last vehicle of a queue is shown to those who come to it lane
//! by lane, as a vehicle that stands at the border while the queue is full; and a queue whose first one finds no room on a lane waits
//! as before any other full lane. So jams grow over the border both ways, and what they resolve by does.
//!
//! Where one side has no street there is only the other model, whose results are then the same bits as without a border.

mod saved;
mod sides;
mod view;

pub use sides::Sides;

use crate::micro::Micro;
use crate::micro::border::{Entrant, Last, Leaver};
use crate::micro::departing::{Departure, Departures, departures};
use crate::queue::Queues;
use crate::queue::border::Newcomer;
use crate::traffic::{Crossed, TrafficModel};
use qike_network::streets::{NONE, Streets};
use qike_network::traffic::TrafficScenario;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What a queue does not keep of one who has been in the lane-level model.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Origin {
    /// Lane, position (m) and speed (m/s) at departure.
    depart: (u32, f64, f64),
    reroutes: u32,
    /// Its path, and where that begins on the queues' list.
    path: u32,
    start: u32,
}

/// The model. A clone goes on from where it was cloned, by itself; what never changes is shared between them.
#[derive(Clone)]
pub struct Hybrid {
    /// None where no street is run lane by lane.
    lanes: Option<Micro>,
    /// None where all are.
    queues: Option<Queues>,
    sides: Sides,
    streets: Arc<Streets>,
    end_ms: i64,
    /// All who have a way, by number.
    people: Arc<[Departure]>,
    /// Lengths of the kinds, m.
    lengths: Vec<f64>,
    /// Those who came onto a lane beyond the border and found no room in its queue; those who were taken out of a gridlock before it.
    doors: BTreeMap<u32, VecDeque<Newcomer>>,
    beside: Vec<Newcomer>,
    /// By exit: the lane by which the last one came.
    behind: Vec<u32>,
    origins: BTreeMap<u32, Origin>,
    /// Where paths that were found on the way begin on the queues' list.
    laid: BTreeMap<u32, u32>,
    crossed: Vec<Crossed>,
}

impl Hybrid {
    /// A model of a scenario, lane by lane at those junctions that are `inside` (by junction of the map) and on the edges that end
    /// there; `pool`: threads for the lane-level part.
    ///
    /// # Errors
    /// What is wrong with the map, in words.
    pub fn new(scenario: &TrafficScenario, inside: &[bool], seed: u64, pool: Option<Arc<rayon::ThreadPool>>) -> Result<Self, String> {
        let (streets, findings) = Streets::from_map(&scenario.map)?;
        let streets = Arc::new(streets);
        let sides = Sides::new(&streets, inside);
        let listed = departures(scenario, &Micro::kinds(scenario), &streets, seed);
        let (some, all) = sides.counts(&streets);
        let mut model = Self {
            lanes: None,
            queues: None,
            people: Arc::default(),
            lengths: scenario.demand.kinds.iter().map(|k| k.length_m).collect(),
            doors: BTreeMap::new(),
            beside: Vec::new(),
            behind: vec![NONE; sides.exits.len()],
            origins: BTreeMap::new(),
            laid: BTreeMap::new(),
            crossed: Vec::new(),
            streets: streets.clone(),
            end_ms: scenario.settings.end_ms.unwrap_or(i64::MAX),
            sides,
        };
        if some == 0 {
            model.queues = Some(Queues::of(scenario, (streets, findings), listed, Vec::new()));
        } else if some == all {
            model.lanes = Some(Micro::of(scenario, (streets, findings), listed, seed, pool));
        } else {
            model.join(scenario, (streets, findings), listed, seed, pool);
        }
        Ok(model)
    }

    /// Both models, each with those who depart on its streets.
    fn join(&mut self, scenario: &TrafficScenario, (streets, findings): (Arc<Streets>, Vec<qike_core::Diagnostic>), listed: Departures, seed: u64, pool: Option<Arc<rayon::ThreadPool>>) {
        let sides = &self.sides;
        let mut people = listed.all.clone();
        people.sort_by_key(|d| d.number);
        self.people = people.into();
        let paths = listed.paths.clone();
        let first = |d: &Departure| paths[d.path as usize].first().is_some_and(|edge| sides.edges()[*edge as usize]);
        let of_lanes: Vec<Departure> = listed.all.iter().filter(|d| first(d)).cloned().collect();
        let queues = Queues::of(scenario, (streets.clone(), findings), listed, sides.lanes().to_vec());
        // Who has no way through the queues would be stuck at the border.
        let all: Vec<Departure> = of_lanes.into_iter().filter(|d| queues.path_of(d.number).is_some()).collect();
        let listed = Departures { loaded: all.len() as u64, all, paths, stayed: Vec::new() };
        let mut lanes = Micro::of(scenario, (streets, Vec::new()), listed, seed, pool);
        lanes.set_border(sides.lanes().iter().map(|inside| !inside).collect(), &sides.exits);
        (self.lanes, self.queues) = (Some(lanes), Some(queues));
    }

    /// Which model runs what.
    pub fn sides(&self) -> &Sides {
        &self.sides
    }

    /// A step of both.
    fn step_both(&mut self) {
        let (Some(lanes), Some(queues)) = (&mut self.lanes, &mut self.queues) else { return };
        lanes.step();
        for leaver in lanes.take_leavers() {
            let edges = lanes.path_of(leaver.path);
            let at = match self.people.binary_search_by_key(&leaver.row.vehicle, |d| d.number).ok().map(|n| &self.people[n]) {
                Some(who) if who.path == leaver.path => queues.path_of(who.number).unwrap_or_default(),
                // It was sent another way.
                _ => *self.laid.entry(leaver.path).or_insert_with(|| queues.lay_path(edges)),
            };
            if let Some(n) = leaver.lane.and_then(|lane| self.sides.exits.binary_search(&lane).ok()) {
                self.behind[n] = leaver.behind;
            }
            let on = leaver.lane.unwrap_or_else(|| self.streets.edges[edges[leaver.leg as usize] as usize].lanes.0);
            self.crossed.push(Crossed { vehicle: leaver.row.vehicle, lane: on, position_m: 0.0, inward: false });
            let Leaver { row, path, leg, lane, entered_ms, speed, .. } = leaver;
            self.origins.insert(row.vehicle, Origin { depart: (row.depart_lane, row.depart_pos_m, row.depart_speed_mps), reroutes: row.reroutes, path, start: at });
            let new = Newcomer { row, at: at + leg, lane, entered_ms, speed };
            match lane {
                Some(lane) => self.doors.entry(lane).or_default().push_back(new),
                None => self.beside.push(new),
            }
        }
        for line in self.doors.values_mut() {
            while line.front_mut().is_some_and(|new| let_in(queues, new)) {
                line.pop_front();
            }
        }
        self.doors.retain(|_, line| !line.is_empty());
        self.beside.retain_mut(|new| !let_in(queues, new));
        for &lane in &self.sides.entries {
            queues.set_room(lane, lanes.room_behind(lane), lanes.room_taken(lane));
        }
        queues.step();
        let (people, origins, crossed) = (&self.people, &mut self.origins, &mut self.crossed);
        queues.hand_over(&mut |queues, c| {
            let (mut row, at) = queues.journey_of(c);
            let Ok(n) = people.binary_search_by_key(&row.vehicle, |d| d.number) else { return false };
            let (who, vehicle) = (&people[n], row.vehicle);
            let (mut path, mut start) = (who.path, queues.path_of(who.number).unwrap_or_default());
            if let Some(origin) = origins.get(&vehicle) {
                origin.put_into(&mut row);
                (path, start) = (origin.path, origin.start);
            }
            let position_m = f64::from(c.speed) * queues.since_s(c.at);
            let came = lanes.drive_in(&Entrant { row, who, path, leg: at - start, lane: c.lane, position_m, speed: f64::from(c.speed) });
            if came {
                origins.remove(&vehicle);
                crossed.push(Crossed { vehicle, lane: c.lane, position_m, inward: true });
            }
            came
        });
        for (n, &lane) in self.sides.exits.iter().enumerate() {
            let last = match self.doors.get(&lane).and_then(VecDeque::back) {
                Some(new) => Some(Last { back_m: -self.lengths[new.row.kind as usize], speed: 0.0, kind: new.row.kind, full: true, behind: NONE }),
                None => queues.last_of(lane),
            };
            lanes.show_last(n, last.map(|l| Last { behind: self.behind[n], ..l }));
        }
    }
}

impl Origin {
    /// What the queues do not know of a journey.
    fn put_into(&self, row: &mut crate::micro::TripRow) {
        (row.depart_lane, row.depart_pos_m, row.depart_speed_mps) = self.depart;
        row.reroutes = self.reroutes;
    }
}

/// Puts one who came over the border into its queue, if there is room; who had to wait for it stood.
fn let_in(queues: &mut Queues, new: &mut Newcomer) -> bool {
    let waited_ms = queues.now_ms() - new.entered_ms;
    if waited_ms > 0 {
        (new.entered_ms, new.speed) = (queues.now_ms(), 0.0);
        new.row.waiting_ms += waited_ms;
        new.row.loss_s += waited_ms as f64 / 1000.0;
    }
    queues.admit(new)
}
