//! Plausible fixed-time signal programmes for junctions that have lights, where no measured one is known.
//!
//! Approaches that face one another run together. Those who turn across have a phase of their own where they have a lane of
//! their own, else they go with the rest and give way. Green by the number of lanes served; yellow by speed, and then all red for
//! as long as those who passed last take over the junction. Signals along main roads are put in step by [`super::coordination`].

use super::turns::Ends;
use crate::ix::{ConnIx, JunctionIx, LaneIx, LinkIx, ProgramIx};
use crate::lane::{JunctionKind, LaneNetwork, Phase, SignalProgram, SignalRef, SignalState, Turn};
use crate::shape;
use qike_scene::ObjectId;
use std::collections::BTreeMap;

/// Yellow, s: time to react and time to brake from the limit (ITE: 1 s and 3.05 m/s²), at least and at most.
const YELLOW_S: [f64; 2] = [3.0, 5.0];
/// All red, s, at least and at most.
const ALL_RED_S: [f64; 2] = [1.0, 4.0];
/// A vehicle is so long, m.
const VEHICLE_M: f64 = 5.0;
/// Where only walkers have lights: green for the road, then red for their way over it.
const MID_BLOCK_MS: [u32; 2] = [35_000, 18_000];

/// One approach: its two groups and what it serves.
struct Approach {
    link: LinkIx,
    heading: f64,
    lanes: u32,
    priority: u8,
    /// Group of those who go on or turn to the kerb side.
    main: Option<u16>,
    /// Group of those who turn across or back.
    across: Option<u16>,
    /// Every lane of the across group serves nobody else.
    own_lane: bool,
    /// Speed limit.
    speed_mps: f64,
    /// Longest way over the junction.
    over_m: f64,
}

/// A time in which a set of groups has green.
struct Stage {
    green: Vec<u16>,
    yielding: Vec<u16>,
    duration_ms: u32,
    /// Yellow and all red after it.
    clear_ms: [u32; 2],
}

/// Gives every junction of kind `Signal` a programme, and its connections their groups.
pub(crate) fn build(net: &mut LaneNetwork, ends: &[Ends], lights: &[Vec<ObjectId>]) {
    for (j, (ends, lights)) in ends.iter().zip(lights).enumerate() {
        if net.junctions[j].kind == JunctionKind::Signal && !net.junctions[j].connections.is_empty() {
            build_one(net, JunctionIx::new(j), ends, lights);
        }
    }
}

fn across(turn: Turn, left_hand: bool) -> bool {
    turn == Turn::UTurn || turn == if left_hand { Turn::Right } else { Turn::Left }
}

fn build_one(net: &mut LaneNetwork, junction: JunctionIx, ends: &Ends, lights: &[ObjectId]) {
    let program = ProgramIx::new(net.programs.len());
    let mut by_link: BTreeMap<LinkIx, Vec<ConnIx>> = BTreeMap::new();
    for c in net.junctions[junction.ix()].connections.clone().map(ConnIx) {
        by_link.entry(net.lane(net.connection(c).from_lane).link).or_default().push(c);
    }
    let mut groups = 0u16;
    let mut approaches = vec![];
    for end in &ends.ins {
        let Some(connections) = by_link.get(&end.link) else { continue };
        let a = approach(net, end.link, connections, &mut groups);
        for c in connections {
            let group = if across(net.connection(*c).turn, net.left_hand) { a.across } else { a.main };
            net.connections[c.ix()].signal = group.map(|group| SignalRef { program, group });
        }
        approaches.push(a);
    }
    let stages = stages(&approaches);
    let mut phases = phases(&stages, groups);
    protect(net, junction, &mut phases);
    let id = net.junctions[junction.ix()].id.clone();
    net.junctions[junction.ix()].program = Some(program);
    net.programs.push(SignalProgram { id, junction, objects: lights.to_vec(), offset_ms: 0, groups, phases });
}

fn approach(net: &LaneNetwork, link: LinkIx, connections: &[ConnIx], groups: &mut u16) -> Approach {
    let turns_across = |c: &&ConnIx| across(net.connection(**c).turn, net.left_hand);
    let lanes = |mine: bool| -> Vec<LaneIx> {
        connections.iter().filter(|c| turns_across(c) == mine).map(|c| net.connection(*c).from_lane).collect()
    };
    let (main, over) = (lanes(false), lanes(true));
    let mut group = |lanes: &[LaneIx]| {
        (!lanes.is_empty()).then(|| {
            *groups += 1;
            *groups - 1
        })
    };
    let first = net.links[link.ix()].lanes.start as usize;
    Approach {
        link,
        heading: shape::end_heading(net.shape(&net.lanes[first].shape), 12.0),
        lanes: net.links[link.ix()].lanes.len() as u32,
        priority: net.links[link.ix()].priority,
        main: group(&main),
        across: group(&over),
        own_lane: !over.is_empty() && over.iter().all(|l| !main.contains(l)),
        speed_mps: net.links[link.ix()].speed_mps,
        over_m: connections.iter().map(|c| net.connection(*c).length_m).fold(0.0, f64::max),
    }
}

/// Pairs approaches that face one another (within 45° of opposite), the best matches first.
fn pairs(approaches: &[Approach]) -> Vec<Vec<usize>> {
    let mut candidates = vec![];
    for i in 0..approaches.len() {
        for j in i + 1..approaches.len() {
            let off = std::f64::consts::PI - shape::wrap(approaches[i].heading - approaches[j].heading).abs();
            if off < std::f64::consts::FRAC_PI_4 {
                candidates.push((off, i, j));
            }
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = vec![false; approaches.len()];
    let mut paired = vec![];
    for (_, i, j) in candidates {
        if !taken[i] && !taken[j] {
            (taken[i], taken[j]) = (true, true);
            paired.push(vec![i, j]);
        }
    }
    paired.extend((0..approaches.len()).filter(|i| !taken[*i]).map(|i| vec![i]));
    // The greater road first; the order of approaches settles the rest.
    paired.sort_by_key(|p| (std::cmp::Reverse(p.iter().map(|i| approaches[*i].priority).max()), p.first().map(|i| approaches[*i].link)));
    paired
}

fn stages(approaches: &[Approach]) -> Vec<Stage> {
    let mut stages = vec![];
    for pair in pairs(approaches) {
        let of = |f: &dyn Fn(&Approach) -> Option<u16>| -> Vec<u16> { pair.iter().filter_map(|i| f(&approaches[*i])).collect() };
        let lanes = pair.iter().map(|i| approaches[*i].lanes).max().unwrap_or(1);
        let priority = pair.iter().map(|i| approaches[*i].priority).max().unwrap_or(0);
        let clear_ms = clear(pair.iter().map(|i| &approaches[*i]));
        let green_ms = (12 + 4 * lanes + u32::from(priority)).clamp(15, 45) * 1_000;
        if let [only] = pair[..] {
            let a = &approaches[only];
            stages.push(Stage { green: a.main.into_iter().chain(a.across).collect(), yielding: vec![], duration_ms: green_ms, clear_ms });
            continue;
        }
        let with = |a: &Approach| a.across.filter(|_| !a.own_lane);
        let alone = |a: &Approach| a.across.filter(|_| a.own_lane);
        let (shared, own) = (of(&with), of(&alone));
        stages.push(Stage { green: of(&|a| a.main), yielding: shared, duration_ms: green_ms, clear_ms });
        if !own.is_empty() {
            stages.push(Stage { green: own, yielding: vec![], duration_ms: (green_ms / 2_000 * 1_000).clamp(10_000, 20_000), clear_ms });
        }
    }
    // Nobody may have nothing to show.
    stages.retain(|s| !s.green.is_empty() || !s.yielding.is_empty());
    stages
}

/// Yellow and all red after these approaches, in whole seconds.
fn clear<'a>(approaches: impl Iterator<Item = &'a Approach>) -> [u32; 2] {
    let (speed, over) = approaches.fold((0.0_f64, 0.0_f64), |(speed, over), a| (speed.max(a.speed_mps), over.max(a.over_m)));
    let whole = |seconds: f64, [least, most]: [f64; 2]| (seconds.clamp(least, most).round() * 1_000.0) as u32;
    [whole(1.0 + speed / (2.0 * 3.05), YELLOW_S), whole((over + VEHICLE_M) / speed.max(8.0) - 1.0, ALL_RED_S)]
}

fn phases(stages: &[Stage], groups: u16) -> Vec<Phase> {
    let state = |stage: &Stage, group: u16| {
        if stage.green.contains(&group) {
            SignalState::Green
        } else if stage.yielding.contains(&group) {
            SignalState::GreenYield
        } else {
            SignalState::Red
        }
    };
    let mut phases = vec![];
    for (i, stage) in stages.iter().enumerate() {
        let show = |f: &dyn Fn(u16) -> SignalState| (0..groups).map(f).collect::<Vec<_>>();
        phases.push(Phase { duration_ms: stage.duration_ms, states: show(&|g| state(stage, g)) });
        let next = &stages[(i + 1) % stages.len()];
        let ends = |g: u16| stages.len() == 1 || state(next, g) == SignalState::Red;
        let shown = |then: SignalState| {
            show(&|g| match state(stage, g) {
                SignalState::Red => SignalState::Red,
                _ if ends(g) => then,
                on => on,
            })
        };
        phases.push(Phase { duration_ms: stage.clear_ms[0], states: shown(SignalState::Yellow) });
        let last = if stages.len() == 1 { MID_BLOCK_MS[1] } else { stage.clear_ms[1] };
        phases.push(Phase { duration_ms: last, states: shown(SignalState::Red) });
    }
    if stages.len() == 1 {
        phases[0].duration_ms = phases[0].duration_ms.max(MID_BLOCK_MS[0]);
    }
    phases
}

/// Where two conflicting groups have green in one phase, the one that gives way is shown so.
fn protect(net: &LaneNetwork, junction: JunctionIx, phases: &mut [Phase]) {
    for c in net.junctions[junction.ix()].connections.clone().map(ConnIx) {
        let Some(mine) = net.connection(c).signal else { continue };
        for foe in net.foes_of(c) {
            let Some(other) = net.connection(*foe).signal else { continue };
            if other.group == mine.group {
                continue;
            }
            for phase in phases.iter_mut() {
                let [m, o] = [mine, other].map(|s| usize::from(s.group));
                if phase.states[m] == SignalState::Green && phase.states[o] == SignalState::Green {
                    phase.states[m] = SignalState::GreenYield;
                }
            }
        }
    }
}
