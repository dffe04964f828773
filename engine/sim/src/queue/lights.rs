//! Lights for queues: those that run by the clock are asked only when somebody comes; actuated ones have dates of their own.

use super::lane::NEVER;
use crate::micro::lights::{lit, phase_at};
use crate::micro::world::shown;
use serde::{Deserialize, Serialize};
use qike_network::traffic::{RoadMap, SignalPhase, SwitchRule};

/// A plan: phases with what they show, one byte a place.
#[derive(Clone, Debug)]
struct Plan {
    off: bool,
    /// Greatest gap that prolongs green, ms, where it is actuated.
    gap_ms: Option<u32>,
    phases: Vec<SignalPhase>,
    shown: Vec<Vec<u8>>,
    source: qike_network::traffic::SignalPlan,
}

/// What runs at a light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Running {
    plan: u32,
    pub phase: u32,
    /// Began, and ends, ms since the run's begin.
    pub since: u32,
    pub until: u32,
    /// Switches between plans that were done.
    switched: u32,
}

/// All lights.
#[derive(Clone, Debug)]
pub(super) struct Lights {
    plans: Vec<Vec<Plan>>,
    /// Switches of each light: when, to which of its plans.
    switches: Vec<Vec<(u32, u32)>>,
    begin_ms: i64,
}

/// What a light says at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Bits of [`shown`], since when.
    Go(u8, u32),
    /// Closed until then, as far as is known ([`NEVER`]: until something wakes).
    Stop(u32),
    /// There is no plan: the signs count.
    Nothing,
}

impl Lights {
    /// Of a map.
    pub fn new(map: &RoadMap, begin_ms: i64) -> (Self, Vec<Running>) {
        let mut lights = Self { plans: vec![Vec::new(); map.lights.len()], switches: vec![Vec::new(); map.lights.len()], begin_ms };
        let mut places = Vec::new();
        for plan in &map.plans {
            let light = map.lights.iter().position(|l| *l == plan.light).filter(|_| !plan.phases.is_empty());
            places.push(light.map(|l| (l, lights.plans[l].len() as u32)));
            if let Some(l) = light {
                let gap_ms = match plan.rule {
                    SwitchRule::Actuated { max_gap_s, .. } => Some((max_gap_s * 1000.0) as u32),
                    SwitchRule::DelayBased { .. } => Some(3000),
                    SwitchRule::Static | SwitchRule::Off => None,
                };
                let shown = plan.phases.iter().map(|p| p.lights.iter().map(|l| lit(*l)).collect()).collect();
                lights.plans[l].push(Plan { off: plan.rule == SwitchRule::Off, gap_ms, phases: plan.phases.clone(), shown, source: plan.clone() });
            }
        }
        for s in &map.switches {
            if let Some((l, n)) = places.get(s.plan as usize).copied().flatten().filter(|(l, _)| *l == s.light as usize) {
                lights.switches[l].push((s.at_ms.saturating_sub(begin_ms).clamp(0, i64::from(NEVER - 1)) as u32, n));
            }
        }
        lights.switches.iter_mut().for_each(|s| s.sort_unstable());
        let running = (0..map.lights.len()).map(|l| lights.start(l, lights.plans[l].len().saturating_sub(1) as u32, 0, 0)).collect();
        (lights, running)
    }

    fn start(&self, light: usize, plan: u32, now: u32, switched: u32) -> Running {
        let Some(p) = self.plans[light].get(plan as usize) else { return Running { plan, phase: 0, since: 0, until: NEVER, switched } };
        let (phase, left) = match p.gap_ms {
            _ if p.off => (0, i64::from(NEVER)),
            Some(_) => (0, least(&p.phases[0])),
            None => phase_at(&p.source, self.begin_ms + i64::from(now)),
        };
        let spent = (p.phases[phase].duration_ms - left).clamp(0, i64::from(now));
        Running { plan, phase: phase as u32, since: now - spent as u32, until: u32::try_from(i64::from(now) + left.max(1)).unwrap_or(NEVER), switched }
    }

    /// A light begins its plan of the same place anew.
    pub fn begin(&self, light: usize, was: &Running, now: u32) -> Running {
        let last = self.plans[light].len().saturating_sub(1) as u32;
        self.start(light, was.plan.min(last), now, was.switched.min(self.switches[light].len() as u32))
    }

    /// Whether what runs at a light is there.
    pub fn knows(&self, light: usize, run: &Running) -> bool {
        let (plans, switches) = (&self.plans[light], &self.switches[light]);
        (plans.is_empty() || plans.get(run.plan as usize).is_some_and(|p| (run.phase as usize) < p.phases.len())) && run.switched as usize <= switches.len()
    }

    /// Whether a light's phases depend on who comes.
    pub fn actuated(&self, light: usize, run: &Running) -> bool {
        self.plans[light].get(run.plan as usize).is_some_and(|p| p.gap_ms.is_some())
    }

    /// Brings a light that runs by the clock to a time.
    #[inline]
    pub fn advance(&self, light: usize, run: &mut Running, now: u32) {
        while let Some(&(at, plan)) = self.switches[light].get(run.switched as usize).filter(|s| s.0 <= now) {
            *run = self.start(light, plan, at, run.switched + 1);
        }
        if run.until <= now && !self.actuated(light, run) {
            while run.until <= now {
                self.next(light, run, run.until);
            }
        }
    }

    /// The next phase begins.
    pub fn next(&self, light: usize, run: &mut Running, now: u32) {
        let Some(plan) = self.plans[light].get(run.plan as usize) else { return };
        let phase = &plan.phases[run.phase as usize];
        let to = phase.next.first().map_or((run.phase as usize + 1) % plan.phases.len(), |n| *n as usize % plan.phases.len());
        let new = &plan.phases[to];
        let lasts = if plan.gap_ms.is_some() { least(new) } else { new.duration_ms };
        (run.phase, run.since, run.until) = (to as u32, now, now.saturating_add(lasts.clamp(1, i64::from(NEVER)) as u32));
    }

    /// Whether an actuated light's green may go on, and the gap within which somebody must come for that, ms.
    pub fn may_last(&self, light: usize, run: &Running, now: u32) -> Option<u32> {
        let plan = self.plans[light].get(run.plan as usize)?;
        let (_, most) = plan.phases[run.phase as usize].bounds_ms?;
        plan.gap_ms.filter(|_| i64::from(now - run.since) < most)
    }

    /// What a place of a light's states shows.
    #[inline]
    pub fn says(&self, light: usize, run: &Running, index: u16) -> Says {
        let Some(plan) = self.plans[light].get(run.plan as usize).filter(|p| !p.off) else { return Says::Nothing };
        match plan.shown[run.phase as usize].get(usize::from(index)) {
            None => Says::Nothing,
            Some(bits) if bits & shown::RED == 0 => Says::Go(*bits, run.since),
            Some(_) => self.closed(plan, run, index, self.next_switch(light, run)),
        }
    }

    fn next_switch(&self, light: usize, run: &Running) -> u32 {
        self.switches[light].get(run.switched as usize).map_or(NEVER, |s| s.0)
    }

    /// Until when a place shows no green.
    pub fn closed_until(&self, light: usize, run: &Running, index: u16) -> Says {
        self.plans[light].get(run.plan as usize).map_or(Says::Nothing, |plan| self.closed(plan, run, index, self.next_switch(light, run)))
    }

    fn closed(&self, plan: &Plan, run: &Running, index: u16, switch: u32) -> Says {
        if plan.gap_ms.is_some() {
            return Says::Stop(switch);
        }
        let (mut phase, mut at) = (run.phase as usize, run.until);
        for _ in 0..plan.phases.len() {
            phase = plan.phases[phase].next.first().map_or((phase + 1) % plan.phases.len(), |n| *n as usize % plan.phases.len());
            if plan.shown[phase].get(usize::from(index)).is_none_or(|b| b & (shown::RED | shown::YELLOW) == 0) {
                return Says::Stop(at.min(switch));
            }
            at = at.saturating_add(plan.phases[phase].duration_ms.clamp(1, i64::from(NEVER)) as u32);
        }
        Says::Stop(switch)
    }
}

fn least(phase: &SignalPhase) -> i64 {
    phase.bounds_ms.map_or(phase.duration_ms, |b| b.0).max(1)
}
