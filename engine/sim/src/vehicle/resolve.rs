//! Who gets to hold a junction's connections: requests in a fixed order, each granted if nobody holds a connection in conflict.

use super::VehicleModel;
use super::following::KINDS;
use super::roads::NONE;
use super::state::VehicleState;
use qike_network::ConnIx;

/// A vehicle's request for a connection, in the order of being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    junction: u32,
    /// Those who give way come last.
    yields: bool,
    /// Who has waited longer comes first: whole seconds, counted down.
    patience: u32,
    connection: u32,
    /// On one lane, the one in front comes first: index counted down.
    order: u32,
    /// Index in the state.
    ix: u32,
}

impl VehicleModel {
    /// Lets go of what is not kept, and grants or refuses what is asked for. A refused plan becomes its cautious alternative.
    pub(super) fn resolve(&mut self, state: &VehicleState) {
        self.requests.clear();
        for ix in 0..state.len() {
            let plan = &self.plans[ix];
            let body = &state.body[ix];
            if plan.keep < body.ahead {
                self.release_ahead(state, ix, plan.keep);
            }
            let plan = &self.plans[ix];
            if plan.request != NONE {
                let connection = self.roads.connection(plan.request) as u32;
                self.requests.push(Request {
                    junction: self.roads.net.connections[connection as usize].junction.0,
                    yields: plan.yields,
                    patience: u32::MAX - body.wait as u32,
                    connection,
                    order: u32::MAX - ix as u32,
                    ix: ix as u32,
                });
            }
        }
        self.requests.sort_unstable();
        for at in 0..self.requests.len() {
            let request = self.requests[at];
            let ix = request.ix as usize;
            let connection = request.connection as usize;
            let lane = self.roads.to_lane[connection] as usize;
            let body = &state.body[ix];
            let need = body.length + KINDS[usize::from(body.kind)].gap_m as f32;
            let conflicts = self.roads.net.conflicts_of(ConnIx::new(connection));
            let free = conflicts.iter().all(|c| self.junctions.holders[c.other.ix()] == 0);
            let room = conflicts.is_empty() || self.junctions.pending[lane] + need <= self.plans[ix].room;
            let plan = &mut self.plans[ix];
            if free && room {
                self.junctions.holders[connection] += 1;
                self.junctions.pending[lane] += need;
                plan.keep += 1;
            } else {
                plan.request = NONE;
                (plan.dx, plan.v) = (plan.refused_dx, plan.refused_v);
            }
        }
    }

    /// Lets go of the connections ahead of a vehicle that it holds, beyond the first `keep`.
    fn release_ahead(&mut self, state: &VehicleState, ix: usize, keep: u8) {
        let body = &state.body[ix];
        let (mut segment, mut seen, mut steps) = (body.next, 0u8, 0u32);
        let need = body.length + KINDS[usize::from(body.kind)].gap_m as f32;
        while seen < body.ahead && segment < super::roads::END {
            if self.roads.is_lane(segment) {
                steps += 1;
                segment = self.fleet.way_on(&self.roads, body.vehicle, segment, steps);
                continue;
            }
            let connection = self.roads.connection(segment);
            let lane = self.roads.to_lane[connection];
            if self.roads.held[connection] {
                if seen >= keep {
                    self.junctions.holders[connection] -= 1;
                    self.junctions.pending[lane as usize] -= need;
                }
                seen += 1;
            }
            segment = lane;
        }
    }
}
