//! Lights: which plan runs, which phase, and what each link shows.

use super::world::{World, shown};
use crate::state::{Exchange, StateError, must};
use qike_network::streets::NONE;
use qike_network::traffic::{RightOfWay, SignalLight, SignalPlan, SwitchRule};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A light that runs.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Light {
    /// Its plans, the active one.
    #[serde(skip)]
    plans: Arc<Vec<SignalPlan>>,
    active: usize,
    phase: usize,
    /// The phase ends then, ms.
    until_ms: i64,
    /// It began then.
    since_ms: i64,
    /// Links, with their place in the states.
    #[serde(skip)]
    links: Arc<Vec<(u32, u16)>>,
    /// For actuated plans: for each place in the states, lanes with a detector and its position.
    detectors: Vec<(u16, u32, f64)>,
    dirty: bool,
}

/// All lights, and switches between plans.
#[derive(Clone)]
pub(super) struct Lights {
    lights: Vec<Light>,
    /// When, light, plan's place among its own; sorted.
    switches: Arc<[(i64, u32, usize)]>,
    done: usize,
}

/// What a link shows by its right of way alone.
pub(crate) fn unlit(way: RightOfWay) -> u8 {
    match way {
        RightOfWay::Major => shown::FIRST,
        RightOfWay::Minor | RightOfWay::DeadEnd | RightOfWay::Signal => 0,
        RightOfWay::Equal => shown::EQUAL,
        RightOfWay::Stop => shown::STOPS,
        RightOfWay::AllWayStop => shown::ALL_STOP,
        RightOfWay::Zipper => shown::FIRST | shown::ZIPPER,
    }
}

/// What a link shows by its light.
pub(crate) fn lit(light: SignalLight) -> u8 {
    match light {
        SignalLight::Red | SignalLight::RedYellow => shown::RED,
        SignalLight::YellowMajor => shown::YELLOW | shown::FIRST,
        SignalLight::YellowMinor => shown::YELLOW,
        SignalLight::GreenMajor => shown::GREEN | shown::FIRST,
        SignalLight::GreenMinor => shown::GREEN,
        SignalLight::StopThenGo => shown::STOPS,
        SignalLight::OffBlinking => 0,
        SignalLight::Off => shown::FIRST,
    }
}

/// The phase at a time of a plan that runs by the clock, and how long it still lasts.
pub(crate) fn phase_at(plan: &SignalPlan, now_ms: i64) -> (usize, i64) {
    let cycle: i64 = plan.phases.iter().map(|p| p.duration_ms).sum();
    if cycle <= 0 {
        return (0, i64::MAX / 4);
    }
    let mut at = (now_ms - plan.offset_ms).rem_euclid(cycle);
    for (n, phase) in plan.phases.iter().enumerate() {
        if at < phase.duration_ms {
            return (n, phase.duration_ms - at);
        }
        at -= phase.duration_ms;
    }
    (0, 1)
}

impl Lights {
    /// Of a map: of a light's plans the last one stated runs first.
    pub(super) fn new(world: &World, map: &qike_network::traffic::RoadMap, now_ms: i64) -> Self {
        let mut lights: Vec<Light> = (0..map.lights.len()).map(|_| Light { plans: Arc::default(), active: 0, phase: 0, until_ms: now_ms, since_ms: now_ms, links: Arc::default(), detectors: Vec::new(), dirty: true }).collect();
        let mut place = Vec::new();
        for plan in &map.plans {
            let light = map.lights.iter().position(|l| *l == plan.light);
            place.push(light.map(|l| (l, lights[l].plans.len())));
            if let Some(l) = light.filter(|_| !plan.phases.is_empty()) {
                Arc::make_mut(&mut lights[l].plans).push(plan.clone());
            }
        }
        for (n, link) in world.streets.links.iter().enumerate().filter(|(_, l)| l.light != NONE) {
            Arc::make_mut(&mut lights[link.light as usize].links).push((n as u32, link.light_index));
        }
        for light in lights.iter_mut().filter(|l| !l.plans.is_empty()) {
            light.start(world, light.plans.len() - 1, now_ms);
        }
        let mut switches: Vec<(i64, u32, usize)> = map
            .switches
            .iter()
            .filter_map(|s| place.get(s.plan as usize).copied().flatten().filter(|(l, n)| *l == s.light as usize && *n < lights[*l].plans.len()).map(|(l, n)| (s.at_ms, l as u32, n)))
            .collect();
        switches.sort_unstable();
        Self { lights, switches: switches.into(), done: 0 }
    }

    /// Brings all lights to a time, and shows it.
    pub(super) fn update(&mut self, world: &mut World) {
        let now = world.now_ms;
        while let Some(&(at, light, plan)) = self.switches.get(self.done).filter(|s| s.0 <= now) {
            let _ = at;
            self.lights[light as usize].start(world, plan, now);
            self.done += 1;
        }
        for light in self.lights.iter_mut().filter(|l| !l.plans.is_empty()) {
            while light.until_ms <= now {
                light.next(world, now);
            }
            if std::mem::take(&mut light.dirty) {
                light.show(world);
            }
        }
    }

    /// Goes on as the lights of a changed map: those in the list anew, with the plan of the same place, the others as they run.
    pub(super) fn change(&mut self, new: Self, anew: &[usize], world: &World) {
        let old = std::mem::replace(&mut self.lights, new.lights);
        self.switches = new.switches;
        for (n, (light, old)) in self.lights.iter_mut().zip(old).enumerate() {
            if !anew.contains(&n) {
                let plans = light.plans.clone();
                *light = Light { plans, ..old };
            } else if old.active < light.plans.len() {
                light.start(world, old.active, world.now_ms);
            }
        }
    }

    /// Its part of the state.
    pub(super) fn exchange(&mut self, with: &mut Exchange<'_>) -> Result<(), StateError> {
        let Self { lights, switches, done } = self;
        let given: Vec<_> = lights.iter().map(|l| (l.plans.clone(), l.links.clone())).collect();
        with.list("lights", lights)?;
        with.part("switches of lights", done)?;
        for (light, (plans, links)) in lights.iter_mut().zip(given) {
            let runs = plans.is_empty() || plans.get(light.active).is_some_and(|p| light.phase < p.phases.len());
            must(runs, "lights", "names phases that are not there")?;
            (light.plans, light.links) = (plans, links);
        }
        must(*done <= switches.len(), "switches of lights", "counts more than there are")
    }

    /// Phases, for hashing.
    pub(super) fn phases(&self) -> impl Iterator<Item = (usize, usize, i64)> + '_ {
        self.lights.iter().map(|l| (l.active, l.phase, l.until_ms))
    }
}

impl Light {
    fn start(&mut self, world: &World, plan: usize, now_ms: i64) {
        self.active = plan;
        self.detectors.clear();
        let p = &self.plans[plan];
        let (phase, left) = match p.rule {
            SwitchRule::Actuated { detector_gap_s, .. } => {
                for &(link, at) in self.links.iter() {
                    let lane = world.streets.links[link as usize].from;
                    let l = &world.streets.lanes[lane as usize];
                    let pos = (l.length - detector_gap_s * l.speed).max(0.0);
                    if !self.detectors.iter().any(|d| d.1 == lane && d.0 == at) {
                        self.detectors.push((at, lane, pos));
                    }
                }
                (0, p.phases[0].duration_ms)
            }
            SwitchRule::Off => (0, i64::MAX / 4),
            _ => phase_at(p, now_ms),
        };
        (self.phase, self.until_ms, self.since_ms, self.dirty) = (phase, now_ms.saturating_add(left), now_ms, true);
    }

    fn next(&mut self, world: &World, now_ms: i64) {
        let plan = &self.plans[self.active];
        let phase = &plan.phases[self.phase];
        if let (SwitchRule::Actuated { max_gap_s, .. }, Some((_, most))) = (&plan.rule, phase.bounds_ms) {
            // Green goes on while vehicles come close after each other.
            let spent = now_ms - self.since_ms;
            if spent < most && self.comes_soon(world, phase, *max_gap_s) {
                self.until_ms = now_ms + world.dt_ms;
                return;
            }
        }
        let to = phase.next.first().map_or((self.phase + 1) % plan.phases.len(), |n| *n as usize % plan.phases.len());
        let new = &plan.phases[to];
        let least = match (&plan.rule, new.bounds_ms) {
            (SwitchRule::Actuated { .. } | SwitchRule::DelayBased { .. }, Some((least, _))) => least,
            _ => new.duration_ms,
        };
        (self.phase, self.since_ms, self.until_ms, self.dirty) = (to, now_ms, now_ms + least.max(world.dt_ms), true);
    }

    /// Whether a vehicle on a lane with green has passed its detector within the gap, or is about to.
    fn comes_soon(&self, world: &World, phase: &qike_network::traffic::SignalPhase, gap_s: f64) -> bool {
        self.detectors.iter().any(|(at, lane, pos)| {
            let green = phase.lights.get(usize::from(*at)).is_some_and(|l| matches!(l, SignalLight::GreenMajor | SignalLight::GreenMinor));
            green && world.on[*lane as usize].cars.iter().any(|c| {
                let car = &world.cars[*c as usize];
                let behind = car.pos - world.kind(car).length - pos;
                car.pos >= *pos && (behind <= 0.0 || behind <= gap_s * car.speed.max(0.1))
            })
        })
    }

    fn show(&self, world: &mut World) {
        let plan = &self.plans[self.active];
        for &(link, at) in self.links.iter() {
            world.shown[link as usize] = match (&plan.rule, plan.phases[self.phase].lights.get(usize::from(at))) {
                (SwitchRule::Off, _) | (_, None) => unlit(world.streets.links[link as usize].way),
                (_, Some(light)) => lit(*light),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_network::traffic::SignalPhase;

    #[test]
    fn a_plan_repeats_from_its_offset() {
        let phase = |ms| SignalPhase { duration_ms: ms, bounds_ms: None, lights: vec![], next: vec![] };
        let plan = SignalPlan { phases: vec![phase(30_000), phase(5000), phase(25_000)], offset_ms: 10_000, ..SignalPlan::default() };
        for (at, is) in [(10_000, (0, 30_000)), (39_999, (0, 1)), (40_000, (1, 5000)), (45_000, (2, 25_000)), (70_000, (0, 30_000)), (0, (2, 10_000))] {
            assert_eq!(phase_at(&plan, at), is, "{at}");
        }
    }
}
