//! Queues at rows of gates: who comes near takes another gate of the row where that one lets them through earlier.

use super::WalkerModel;
use super::ground::{at_share, distance};
use super::state::WalkerState;
use qike_network::PortalIx;

/// Everybody looks again that often, steps.
const EVERY: u64 = 10;
/// A gate has to be better by this much, s, or people would go to and fro between equal ones.
const WORTH_S: f64 = 1.5;
/// Speed in a queue's surroundings, m/s.
const APPROACH_MPS: f64 = 1.0;

/// Gates that can stand in for one another, and who heads for them.
pub struct Gates {
    alternatives: Vec<Vec<PortalIx>>,
    /// For each portal its group in `alternatives`; `u32::MAX` for none.
    group: Vec<u32>,
    /// For each portal in a group: how far those are who head for it next, rising.
    queue: Vec<Vec<f64>>,
}

impl Gates {
    /// With nobody there.
    pub fn new(portals: usize, alternatives: Vec<Vec<PortalIx>>) -> Self {
        let mut group = vec![u32::MAX; portals];
        for (ix, gates) in alternatives.iter().enumerate() {
            gates.iter().for_each(|gate| group[gate.ix()] = ix as u32);
        }
        Self { alternatives, group, queue: vec![Vec::new(); portals] }
    }
}

impl WalkerModel {
    /// Lets a tenth of all who head for a gate of a row think again, one after another.
    pub(super) fn choose_gates(&mut self, state: &WalkerState) {
        if self.gates.alternatives.is_empty() {
            return;
        }
        let next = |model: &Self, ix: usize| {
            let person = &model.people.persons[state.who[ix] as usize];
            let portal = (person.cursor < person.way.end).then(|| PortalIx(model.people.ways[person.cursor as usize]))?;
            (model.gates.group[portal.ix()] != u32::MAX).then_some((portal, person.cursor))
        };
        let mut queue = std::mem::take(&mut self.gates.queue);
        self.gates.alternatives.iter().flatten().for_each(|gate| queue[gate.ix()].clear());
        let away = |model: &Self, ix: usize, gate: PortalIx| {
            distance([state.x[ix], state.y[ix]], at_share(model.ground.opening(gate, state.area[ix]).ends, 0.5))
        };
        for ix in 0..state.len() {
            if let Some((gate, _)) = next(self, ix) {
                queue[gate.ix()].push(away(self, ix, gate));
            }
        }
        self.gates.alternatives.iter().flatten().for_each(|gate| queue[gate.ix()].sort_by(f64::total_cmp));
        for ix in 0..state.len() {
            if !(u64::from(state.who[ix]) + self.step).is_multiple_of(EVERY) {
                continue;
            }
            let Some((own, cursor)) = next(self, ix) else { continue };
            // Only those who are nearer to a gate are before one in its queue.
            let seconds = |gate: PortalIx| {
                let d = away(self, ix, gate);
                let before = queue[gate.ix()].partition_point(|other| *other < d);
                before as f64 / self.net.portal(gate).capacity_per_s.max(0.01) + d / APPROACH_MPS
            };
            let group = &self.gates.alternatives[self.gates.group[own.ix()] as usize];
            let best = group.iter().copied().min_by(|a, b| seconds(*a).total_cmp(&seconds(*b)).then(a.cmp(b))).unwrap_or(own);
            if best != own && seconds(best) < seconds(own) - WORTH_S {
                self.people.ways[cursor as usize] = best.0;
            }
        }
        self.gates.queue = queue;
    }
}
