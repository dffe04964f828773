//! Signal programmes as plans that state a light for each connection.

use super::Rows;
use crate::ix::ConnIx;
use crate::lane::{LaneNetwork, Phase, SignalProgram, SignalState};
use qike_scene::traffic::{SignalLight, SignalPhase, SignalPlan};

/// The plan of a programme.
pub fn plan(net: &LaneNetwork, program: &SignalProgram, rows: &Rows) -> SignalPlan {
    let phase = |phase: &Phase| SignalPhase {
        duration_ms: i64::from(phase.duration_ms),
        bounds_ms: None,
        lights: rows.order.iter().map(|c| light(net, phase, *c)).collect(),
        next: Vec::new(),
    };
    SignalPlan {
        light: program.id.clone(),
        program: "0".to_owned(),
        offset_ms: i64::from(program.offset_ms),
        phases: program.phases.iter().map(phase).collect(),
        ..SignalPlan::default()
    }
}

fn state(net: &LaneNetwork, phase: &Phase, c: ConnIx) -> SignalState {
    let group = net.connection(c).signal.map_or(0, |s| usize::from(s.group));
    phase.states.get(group).copied().unwrap_or(SignalState::Red)
}

/// Green is full green for one who gives way to nobody that has green too.
fn light(net: &LaneNetwork, phase: &Phase, c: ConnIx) -> SignalLight {
    let goes = |state: SignalState| matches!(state, SignalState::Green | SignalState::GreenYield);
    match state(net, phase, c) {
        SignalState::Red => SignalLight::Red,
        SignalState::Yellow => SignalLight::YellowMinor,
        _ if net.foes_of(c).iter().any(|foe| goes(state(net, phase, *foe))) => SignalLight::GreenMinor,
        _ => SignalLight::GreenMajor,
    }
}
