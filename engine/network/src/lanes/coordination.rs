//! Signals along main roads in step: one cycle for all that follow each other closely, and offsets by the time it takes from one to
//! the next.
//!
//! A platoon that leaves one signal at the beginning of green comes to the next one `t` later. Where the road is one-way the next
//! green begins then. Where it goes both ways the other direction needs the opposite, so greens begin together or half a cycle
//! apart, whichever is nearer to `t` (the two solutions that serve both directions alike; HCM 2010, ch. 29).

use crate::ix::{ConnIx, LinkIx, ProgramIx};
use crate::lane::{JunctionKind, LaneNetwork, RoadKind, SignalState, Turn};
use std::collections::BTreeMap;

/// Signals further apart do not stay in step: platoons spread, m.
const APART_M: f64 = 800.0;
/// No common cycle is longer, ms.
const LONGEST_MS: u64 = 120_000;
/// A platoon drives at that share of the limit.
const PLATOON: f64 = 0.9;

/// From a signal along a main road to the next one.
struct Stretch {
    to: usize,
    seconds: f64,
    /// Where green for those who start begins in the first one's cycle, and for those who arrive in the other's, ms.
    greens: [u64; 2],
    both_ways: bool,
}

/// Sets cycles and offsets of all programmes that stand along main roads.
pub(crate) fn coordinate(net: &mut LaneNetwork) {
    let found = stretches(net);
    let groups = groups(net.programs.len(), &found);
    for group in groups.values().filter(|g| g.len() > 1) {
        let longest = group.iter().map(|p| net.programs[*p].cycle_ms()).max().unwrap_or(0);
        if longest > LONGEST_MS {
            continue;
        }
        let cycle = longest.div_ceil(5_000) * 5_000;
        group.iter().for_each(|p| stretch(net, *p, cycle));
    }
    // Beginnings of green have moved with the cycles.
    let found = stretches(net);
    for group in groups.values().filter(|g| g.len() > 1) {
        let cycle = net.programs[group[0]].cycle_ms();
        if group.iter().any(|p| net.programs[*p].cycle_ms() != cycle) {
            continue;
        }
        let mut set: BTreeMap<usize, u64> = BTreeMap::from([(group[0], 0)]);
        let mut open = std::collections::VecDeque::from([group[0]]);
        while let Some(at) = open.pop_front() {
            let own = set.get(&at).copied().unwrap_or(0);
            for s in &found[at] {
                if set.contains_key(&s.to) {
                    continue;
                }
                let ms = (s.seconds * 1000.0) as u64 % cycle;
                let later = match s.both_ways {
                    false => ms,
                    true if ms < cycle / 4 || ms > cycle - cycle / 4 => 0,
                    true => cycle / 2,
                };
                set.insert(s.to, (own + s.greens[0] + later + cycle - s.greens[1] % cycle) % cycle);
                open.push_back(s.to);
            }
        }
        for (program, offset) in set {
            // To whole seconds, as signals are set.
            net.programs[program].offset_ms = (offset / 1000 * 1000) as u32;
        }
    }
}

/// The programmes that hang together, by the least of each group; each sorted.
fn groups(count: usize, found: &[Vec<Stretch>]) -> BTreeMap<usize, Vec<usize>> {
    let mut group: Vec<usize> = (0..count).collect();
    fn root(group: &[usize], mut at: usize) -> usize {
        while group[at] != at {
            at = group[at];
        }
        at
    }
    for (from, stretches) in found.iter().enumerate() {
        for s in stretches {
            let (a, b) = (root(&group, from), root(&group, s.to));
            group[a.max(b)] = a.min(b);
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..count).for_each(|p| members.entry(root(&group, p)).or_default().push(p));
    members
}

/// Makes a programme's cycle so long: what is missing is shared out to its phases of green.
fn stretch(net: &mut LaneNetwork, program: usize, cycle: u64) {
    let program = &mut net.programs[program];
    let missing = cycle.saturating_sub(program.cycle_ms());
    let is_green = |states: &[SignalState]| !states.contains(&SignalState::Yellow) && states.iter().any(|s| matches!(s, SignalState::Green | SignalState::GreenYield));
    let greens: Vec<usize> = (0..program.phases.len()).filter(|p| is_green(&program.phases[*p].states)).collect();
    let all: u64 = greens.iter().map(|p| u64::from(program.phases[*p].duration_ms)).sum();
    let mut left = missing;
    for (n, &p) in greens.iter().enumerate() {
        let own = u64::from(program.phases[p].duration_ms);
        // In whole seconds; the last one takes what is left.
        let more = if n + 1 == greens.len() { left } else { (missing * own / all.max(1) / 1000 * 1000).min(left) };
        program.phases[p].duration_ms += more as u32;
        left -= more;
    }
}

/// For each programme the ways along main roads to the next ones.
fn stretches(net: &LaneNetwork) -> Vec<Vec<Stretch>> {
    let mut found: Vec<Vec<Stretch>> = net.programs.iter().map(|_| Vec::new()).collect();
    for (p, program) in net.programs.iter().enumerate() {
        let connections = net.junctions[program.junction.ix()].connections.clone().map(ConnIx);
        let mut seen = Vec::new();
        for c in connections.filter(|c| net.connection(*c).turn == Turn::Straight) {
            let link = net.lane(net.connection(c).to_lane).link;
            if !main(net, link) || seen.contains(&link) {
                continue;
            }
            seen.push(link);
            let Some((to, arrival, seconds)) = follow(net, link) else { continue };
            if to.ix() == p {
                continue;
            }
            let Some(start) = green(net, c) else { continue };
            let Some(end) = green(net, arrival) else { continue };
            let both_ways = net.link(link).reverse.is_some();
            found[p].push(Stretch { to: to.ix(), seconds, greens: [start, end], both_ways });
        }
    }
    found
}

fn main(net: &LaneNetwork, link: LinkIx) -> bool {
    net.link(link).priority >= RoadKind::Secondary.priority() && !net.link(link).roundabout
}

/// From a link on along the road to the next signal: its programme, the connection straight over it, and the time until there.
fn follow(net: &LaneNetwork, mut link: LinkIx) -> Option<(ProgramIx, ConnIx, f64)> {
    let (mut metres, mut seconds) = (0.0, 0.0);
    while metres <= APART_M {
        let at = net.link(link);
        metres += at.length_m;
        seconds += at.length_m / (at.speed_mps * PLATOON).max(1.0);
        let on = at.lanes.clone().flat_map(|l| net.outgoing_of(crate::LaneIx(l)).to_vec()).find(|c| net.connection(*c).turn == Turn::Straight)?;
        let connection = net.connection(on);
        if let Some(signal) = connection.signal {
            return Some((signal.program, on, seconds));
        }
        if net.junctions[connection.junction.ix()].kind == JunctionKind::Roundabout {
            return None;
        }
        metres += connection.length_m.max(0.1);
        link = net.lane(connection.to_lane).link;
        if !main(net, link) {
            return None;
        }
    }
    None
}

/// When green for a connection begins in its programme's cycle, ms.
fn green(net: &LaneNetwork, c: ConnIx) -> Option<u64> {
    let signal = net.connection(c).signal?;
    let phases = &net.programs[signal.program.ix()].phases;
    let on = |p: usize| phases.get(p).and_then(|p| p.states.get(usize::from(signal.group))).is_some_and(|s| matches!(s, SignalState::Green | SignalState::GreenYield));
    let first = (0..phases.len()).find(|p| on(*p) && !on((*p + phases.len() - 1) % phases.len()))?;
    Some(phases[..first].iter().map(|p| u64::from(p.duration_ms)).sum())
}
