//! What the state is made of: that of both models, and of those between them.

use super::Hybrid;
use crate::state::{Exchange, StateError, must};
use crate::traffic::TrafficModel;

impl Hybrid {
    /// Writes or takes up the state.
    pub(super) fn exchange_state(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        // Of the scenario: sides, streets, end, people, lengths. Taken away in each step: crossed.
        let Self { lanes, queues, sides: _, streets: _, end_ms: _, people: _, lengths: _, doors, beside, behind, origins, laid, crossed: _ } = self;
        // Another area has other borders: that is told before anything is taken up.
        let mut border = self.sides.entries.clone();
        border.extend(&self.sides.exits);
        let own = border.clone();
        with.part("border", &mut border)?;
        must(border == own, "border", "is that of another area")?;
        if let Some(lanes) = lanes {
            lanes.exchange(with)?;
        }
        if let Some(queues) = queues {
            queues.exchange(with)?;
        }
        with.part("before full queues", doors)?;
        with.part("beside the road before queues", beside)?;
        with.list("lanes behind the border", behind)?;
        with.part("journeys over the border", origins)?;
        with.part("ways laid", laid)?;
        if with.loads() { self.check() } else { Ok(()) }
    }

    /// Whether what is named is there.
    fn check(&self) -> Result<(), StateError> {
        let (Some(lanes), Some(queues)) = (&self.lanes, &self.queues) else { return Ok(()) };
        let count = self.streets.lanes.len();
        let lane = |n: u32| (n as usize) < count;
        let known = |new: &crate::queue::border::Newcomer| queues.knows(new.row.vehicle, new.at) && (new.row.kind as usize) < self.lengths.len() && new.lane.is_none_or(lane) && new.speed.is_finite();
        let doors = self.doors.iter().all(|(n, line)| lane(*n) && line.iter().all(known));
        must(doors && self.beside.iter().all(known), "before full queues", "names vehicles or lanes that are not there")?;
        must(self.behind.iter().all(|n| *n == qike_network::streets::NONE || lane(*n)), "lanes behind the border", "names lanes that are not there")?;
        let origin = |(vehicle, o): (&u32, &super::Origin)| queues.knows(*vehicle, o.start) && (o.path as usize) < lanes.paths() && lane(o.depart.0);
        must(self.origins.iter().all(origin), "journeys over the border", "names ways that are not there")?;
        must(self.laid.iter().all(|(path, start)| (*path as usize) < lanes.paths() && queues.is_place(*start)), "ways laid", "names ways that are not there")
    }
}
