//! Everybody's way: the portals from start to end, shortest in time, with the gates of a row shared out by their queues.
//!
//! Walks with one goal share one search. Where a way leads through a row of ticket gates or turnstiles (narrow openings between the same
//! two rooms), everybody takes the gate that lets them arrive first, given those who chose before them: each gate serves one after
//! another at its capacity (a deterministic point queue). Each half of a row serves one direction, the right-hand one as one comes,
//! so that nobody meets others in a gate. Of several rows on one way the first is shared out.

use crate::demand::{WalkPlace, WalkTrip};
use qike_network::{AreaIx, Goal, PortalIx, Step, WalkField, WalkNetwork, WalkRouter};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Openings that let fewer persons through in a second are ones that people queue at, one by one.
const NARROW_PER_S: f64 = 0.8;

/// A way through one of several gates.
struct Choice {
    gate: PortalIx,
    /// Seconds from the start to the gate, and from there to the goal.
    seconds: [f64; 2],
    way: Vec<u32>,
}

/// What was found for a walk: nothing, one way, or one for each gate of a row.
enum Found {
    Nothing,
    Way(Vec<u32>),
    Choices(Vec<Choice>),
}

/// What [`find`] gives.
pub struct Ways {
    /// The portals from each walk's start to its end; `None` where there is no way.
    pub of_walks: Vec<Option<Vec<u32>>>,
    /// Gates that can stand in for one another: of one row, for one direction, between the same two areas.
    pub alternatives: Vec<Vec<PortalIx>>,
}

/// Finds the ways of all walks, which are sorted by departure.
pub fn find(net: &WalkNetwork, walks: &[WalkTrip]) -> Ways {
    let router = WalkRouter::new(net);
    let rows = Rows::new(net, &router);
    let mut order: Vec<usize> = (0..walks.len()).collect();
    order.sort_by_key(|i| (walks[*i].to.area, *i));
    let goals: Vec<&[usize]> = order.chunk_by(|a, b| walks[*a].to.area == walks[*b].to.area).collect();
    let found: Vec<Vec<(usize, Found)>> = goals
        .par_iter()
        .map(|members| {
            let area = walks[members[0]].to.area;
            let field = router.field(net, &Goal::Place(area, net.area(area).centre));
            let of = |&i: &usize| (i, rows.ways(net, &router, &field, &walks[i].from));
            members.iter().map(of).collect()
        })
        .collect();
    let mut by_walk: Vec<Found> = walks.iter().map(|_| Found::Nothing).collect();
    for (i, one) in found.into_iter().flatten() {
        by_walk[i] = one;
    }
    // One after another, by departure: who comes later sees the queues of those before.
    let mut free_at_s = vec![f64::NEG_INFINITY; net.portals.len()];
    let choose = |(walk, found): (&WalkTrip, Found)| match found {
        Found::Nothing => None,
        Found::Way(way) => Some(way),
        Found::Choices(choices) => {
            let at_gate = |c: &Choice| walk.depart.as_s() + c.seconds[0];
            let done = |c: &Choice| at_gate(c).max(free_at_s[c.gate.ix()]) + c.seconds[1];
            let best = choices.into_iter().min_by(|a, b| done(a).total_cmp(&done(b)).then(a.gate.cmp(&b.gate)))?;
            let served = at_gate(&best).max(free_at_s[best.gate.ix()]);
            free_at_s[best.gate.ix()] = served + 1.0 / net.portal(best.gate).capacity_per_s.max(0.01);
            Some(best.way)
        }
    };
    Ways { of_walks: walks.iter().zip(by_walk).map(choose).collect(), alternatives: rows.alternatives(net) }
}

/// The rows of gates of a network.
struct Rows {
    rows: Vec<Vec<PortalIx>>,
    /// For each gate its row.
    of: BTreeMap<PortalIx, usize>,
    /// Gates that are passed from their area a to b; the others of a row from b to a.
    from_a: BTreeSet<PortalIx>,
    /// For each gate, times to it from either side (a, b).
    fields: BTreeMap<PortalIx, [WalkField; 2]>,
}

impl Rows {
    fn new(net: &WalkNetwork, router: &WalkRouter) -> Self {
        let mut between: BTreeMap<[&str; 2], Vec<PortalIx>> = BTreeMap::new();
        for (ix, portal) in net.portals.iter().enumerate() {
            let narrow = portal.object.is_some() && !portal.closed && portal.capacity_per_s < NARROW_PER_S;
            if let (true, Some(a), Some(b)) = (narrow, room(net, portal.a), room(net, portal.b)) {
                between.entry(if a < b { [a, b] } else { [b, a] }).or_default().push(PortalIx::new(ix));
            }
        }
        let rows: Vec<Vec<PortalIx>> = between.into_values().filter(|row| row.len() > 1).collect();
        let from_a = rows.iter().flat_map(|row| forward(net, row)).collect();
        let of = rows.iter().enumerate().flat_map(|(ix, row)| row.iter().map(move |gate| (*gate, ix))).collect();
        let gates: Vec<PortalIx> = rows.iter().flatten().copied().collect();
        let to_gate = |gate: &PortalIx| {
            let it = net.portal(*gate);
            let side = |area: AreaIx| {
                let (p, q) = it.segment(area);
                router.field(net, &Goal::Place(area, [0, 1, 2].map(|k| 0.5 * (p[k] + q[k]))))
            };
            (*gate, [side(it.a), side(it.b)])
        };
        let fields = gates.par_iter().map(to_gate).collect::<Vec<_>>().into_iter().collect();
        Self { rows, of, from_a, fields }
    }

    fn alternatives(&self, net: &WalkNetwork) -> Vec<Vec<PortalIx>> {
        let mut groups: BTreeMap<[AreaIx; 2], Vec<PortalIx>> = BTreeMap::new();
        for gate in self.rows.iter().flatten() {
            let it = net.portal(*gate);
            let key = if self.from_a.contains(gate) { [it.a, it.b] } else { [it.b, it.a] };
            groups.entry(key).or_default().push(*gate);
        }
        groups.into_values().filter(|g| g.len() > 1).collect()
    }

    /// The ways from a place to a field's goal.
    fn ways(&self, net: &WalkNetwork, router: &WalkRouter, field: &WalkField, from: &WalkPlace) -> Found {
        let Some(way) = trace(net, router, field, from.area, from.position) else { return Found::Nothing };
        let mut area = from.area;
        for portal in &way {
            let gate = PortalIx(*portal);
            if let Some(row) = self.of.get(&gate) {
                let entered = room(net, area);
                let through = |gate: &PortalIx| self.through(net, router, field, from, *gate, entered);
                let choices: Vec<Choice> = self.rows[*row].iter().filter_map(through).collect();
                return if choices.is_empty() { Found::Way(way) } else { Found::Choices(choices) };
            }
            area = net.portal(gate).other(area);
        }
        Found::Way(way)
    }

    /// The way through one gate, entered from a room.
    fn through(
        &self,
        net: &WalkNetwork,
        router: &WalkRouter,
        field: &WalkField,
        from: &WalkPlace,
        gate: PortalIx,
        entered: Option<&str>,
    ) -> Option<Choice> {
        let it = net.portal(gate);
        let side = usize::from(room(net, it.a) != entered);
        let (near, far) = if side == 0 { (it.a, it.b) } else { (it.b, it.a) };
        if !it.passable_from(near) || self.from_a.contains(&gate) != (side == 0) {
            return None;
        }
        let to_gate = &self.fields.get(&gate)?[side];
        let start = [from.position[0], from.position[1], net.height(from.area, from.position[0], from.position[1])];
        let before = router.next(net, to_gate, from.area, start)?.1;
        let mut way = trace(net, router, to_gate, from.area, from.position)?;
        way.push(gate.0);
        let (p, q) = it.segment(far);
        let behind = into(net, far, [0, 1, 2].map(|k| 0.5 * (p[k] + q[k])));
        let after = router.next(net, field, far, behind)?.1;
        way.extend(trace(net, router, field, far, [behind[0], behind[1]])?);
        // A way that comes back through the row is none.
        let passes = way.iter().filter(|p| self.of.get(&PortalIx(**p)) == self.of.get(&gate)).count();
        (passes == 1).then_some(Choice { gate, seconds: [before, after], way })
    }
}

/// The gates of a row that are passed from their area a to their area b.
fn forward(net: &WalkNetwork, row: &[PortalIx]) -> Vec<PortalIx> {
    let first = room(net, net.portal(row[0]).a);
    // How far to the right a gate stands for one who comes from the first room.
    let right = |gate: &PortalIx| {
        let it = net.portal(*gate);
        let far = if room(net, it.a) == first { it.b } else { it.a };
        let middle = [0, 1].map(|k| 0.5 * (it.p[k] + it.q[k]));
        let along = [it.q[0] - it.p[0], it.q[1] - it.p[1]];
        let centre = net.area(far).centre;
        let goes_left = along[1] * (centre[0] - middle[0]) - along[0] * (centre[1] - middle[1]) < 0.0;
        let length = (along[0] * along[0] + along[1] * along[1]).sqrt().max(1e-9);
        let sign = if goes_left { -1.0 } else { 1.0 };
        sign * (along[0] * net.portal(row[0]).p[0] + along[1] * net.portal(row[0]).p[1] - along[0] * middle[0] - along[1] * middle[1]) / length
    };
    let mut sorted: Vec<(f64, PortalIx)> = row.iter().map(|gate| (right(gate), *gate)).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let serves_first = |rank: usize| rank < row.len().div_ceil(2);
    let from_a = |(rank, gate): (usize, PortalIx)| (serves_first(rank) == (room(net, net.portal(gate).a) == first)).then_some(gate);
    sorted.into_iter().map(|s| s.1).enumerate().filter_map(from_a).collect()
}

/// The room that an area is part of.
fn room(net: &WalkNetwork, area: AreaIx) -> Option<&str> {
    net.area(area).object.as_ref().map(|o| o.as_str())
}

/// A step into an area from a place on its edge: on the portal itself, going back through it costs as much as going on.
fn into(net: &WalkNetwork, area: AreaIx, p: [f64; 3]) -> [f64; 3] {
    let centre = net.area(area).centre;
    [0, 1, 2].map(|k| p[k] + 0.02 * (centre[k] - p[k]))
}

/// The portals from a place to a field's goal.
fn trace(net: &WalkNetwork, router: &WalkRouter, field: &WalkField, area: AreaIx, from: [f64; 2]) -> Option<Vec<u32>> {
    let mut area = area;
    let mut p = [from[0], from[1], net.height(area, from[0], from[1])];
    let mut way = Vec::new();
    for _ in 0..=2 * net.portals.len() {
        match router.next(net, field, area, p)?.0 {
            Step::Arrive(_) => return Some(way),
            Step::Portal(portal, here) => {
                let it = net.portal(portal);
                let (from, to) = (it.segment(area), it.segment(it.other(area)));
                let share = super::ground::nearest_share([[from.0[0], from.0[1]], [from.1[0], from.1[1]]], [here[0], here[1]]);
                area = it.other(area);
                p = into(net, area, [0, 1, 2].map(|k| to.0[k] + (to.1[k] - to.0[k]) * share));
                way.push(portal.0);
            }
        }
    }
    None
}
