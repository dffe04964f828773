//! When people step onto a road: by the signal, or when the next vehicle that does not give way is far enough.

use super::WalkerModel;
use super::ground::distance;
use super::state::WalkerState;
use crate::exchange::Exchange;
use qike_network::{AreaIx, ConnIx, Crossing, LaneNetwork, SignalState, WalkNetwork};

/// Links are crossed together with the connections that start or end on them within this distance, m.
const NEAR_M: f64 = 25.0;
/// Time kept free beyond what crossing takes, s.
const MARGIN_S: f64 = 1.0;

/// What is needed to decide about a crossing.
pub struct Rule {
    /// Signalled connections that cross it.
    signals: Vec<qike_network::SignalRef>,
    /// Time to cross, s.
    crossing_s: f64,
    /// People here at a kerb wait since, ms; `i64::MAX` when nobody waits.
    since_ms: i64,
}

/// Rules of all crossings.
pub fn rules(lanes: &LaneNetwork, walk: &WalkNetwork) -> Vec<Rule> {
    walk.crossings.iter().map(|c| Rule { signals: signals(lanes, c), crossing_s: length_m(walk, c) / 1.2, since_ms: i64::MAX }).collect()
}

fn signals(lanes: &LaneNetwork, crossing: &Crossing) -> Vec<qike_network::SignalRef> {
    if crossing.program.is_none() {
        return Vec::new();
    }
    let mut connections: Vec<ConnIx> = crossing.connections.iter().map(|c| c.0).filter(|c| c.ix() < lanes.connections.len()).collect();
    for (link, at) in crossing.links.iter().filter(|(l, _)| l.ix() < lanes.links.len()) {
        let it = lanes.link(*link);
        for lane in it.lanes.clone().map(qike_network::LaneIx) {
            if *at > it.length_m - NEAR_M {
                connections.extend_from_slice(lanes.outgoing_of(lane));
            }
            if *at < NEAR_M {
                connections.extend_from_slice(lanes.incoming_of(lane));
            }
        }
    }
    let mut signals: Vec<_> = connections.into_iter().filter_map(|c| lanes.connection(c).signal).collect();
    signals.sort_unstable();
    signals.dedup();
    signals
}

fn length_m(walk: &WalkNetwork, crossing: &Crossing) -> f64 {
    let of = |area: &AreaIx| {
        let ring = walk.ring(*area);
        let pairs = ring.iter().enumerate().flat_map(|(i, a)| ring[i + 1..].iter().map(move |b| distance([a[0], a[1]], [b[0], b[1]])));
        pairs.fold(0.0, f64::max)
    };
    crossing.areas.iter().filter(|a| a.ix() < walk.areas.len()).map(of).sum::<f64>().clamp(2.0, 40.0)
}

impl WalkerModel {
    /// Decides for every crossing whether one may step onto it now.
    pub(super) fn decide_crossings(&mut self, now_ms: i64, seen: &Exchange) {
        for (ix, rule) in self.rules.iter().enumerate() {
            let facts = seen.crossings.get(ix).copied().unwrap_or_default();
            let red = rule.signals.iter().all(|s| self.lanes.signal_state(*s, now_ms) == SignalState::Red);
            let priority = self.net.crossings[ix].priority;
            let waited_s = if rule.since_ms == i64::MAX { 0.0 } else { (now_ms - rule.since_ms) as f64 / 1000.0 };
            // Who has waited a minute takes a gap in which the next vehicle can brake in comfort.
            let needed_s = if priority || waited_s > 60.0 { 0.5 * rule.crossing_s } else { rule.crossing_s + MARGIN_S };
            self.may_cross[ix] = red && !facts.vehicle_on && facts.vehicle_in_s > needed_s;
        }
    }

    /// Shows the vehicles who walks on crossings and who waits at them.
    pub(super) fn show(&mut self, now_ms: i64, state: &WalkerState, shown: &mut Exchange) {
        for facts in &mut shown.crossings {
            (facts.walkers_on, facts.walkers_waiting) = (0, 0);
        }
        if shown.crossings.is_empty() {
            return;
        }
        for ix in 0..state.len() {
            let area = state.area[ix];
            let on = self.ground.crossing[area as usize];
            if on != u32::MAX {
                shown.crossings[on as usize].walkers_on += 1;
            }
            let person = &self.people.persons[state.who[ix] as usize];
            if person.cursor < person.way.end {
                let opening = self.ground.opening(qike_network::PortalIx(self.people.ways[person.cursor as usize]), area);
                let next = self.ground.crossing[opening.other as usize];
                let near = distance([state.x[ix], state.y[ix]], super::ground::at_share(opening.ends, 0.5)) < 2.5 + opening.width_m;
                // Where walkers do not go first, waiting is no reason for vehicles to stop.
                if next != u32::MAX && next != on && near {
                    shown.crossings[next as usize].walkers_waiting += 1;
                }
            }
        }
        for (rule, facts) in self.rules.iter_mut().zip(&mut shown.crossings) {
            if facts.walkers_waiting == 0 {
                rule.since_ms = i64::MAX;
            } else if rule.since_ms == i64::MAX {
                rule.since_ms = now_ms;
            }
        }
    }
}
