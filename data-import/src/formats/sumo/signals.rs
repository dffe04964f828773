//! Signal plans, of the network and of additional files.

use super::loading::Loading;
use super::values::{number, time};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{SignalLight, SignalPhase, SignalPlan, SwitchRule};

/// Length of a phase without a greatest length, ms: SUMO's own.
const ENDLESS_MS: i64 = 2_147_483_647;
/// Connections of one light.
const MOST_LIGHTS: usize = 65_536;
/// Length of a phase that states a wrong one, ms.
const ONE_SECOND_MS: i64 = 1000;

/// A plan from its opening tag; none where it is left out.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<(SignalPlan, u64)> {
    let mut plan = SignalPlan { light: tag.or_empty(b"id").into_owned(), program: tag.or_empty(b"programID").into_owned(), ..SignalPlan::default() };
    let line = tag.line();
    if plan.light.is_empty() {
        loading.log.error("id-missing", line, || "a signal plan without an id is left out".to_owned());
        return None;
    }
    let offset = tag.or_empty(b"offset");
    plan.offset_ms = match &*offset {
        "" => 0,
        "begin" => loading.scenario.settings.begin_ms,
        text => time(text).unwrap_or_else(|| {
            loading.log.warn("bad-time", line, || format!("a signal plan's offset is '{}', not a time; it is taken as 0", shown(text)));
            0
        }),
    };
    let actuated = || SwitchRule::Actuated { max_gap_s: 3.0, detector_gap_s: 2.0, passing_time_s: 1.9 };
    plan.rule = match &*tag.or_empty(b"type") {
        _ if plan.program == "off" => SwitchRule::Off,
        "static" | "" => SwitchRule::Static,
        "actuated" => actuated(),
        "delay_based" => SwitchRule::DelayBased { range_m: 100.0, min_loss_s: 1.0 },
        "NEMA" | "swarm" | "sotl_phase" | "sotl_platoon" | "sotl_request" | "sotl_wave" | "sotl_marching" | "rail_signal" | "rail_crossing" | "deterministic" | "off" => {
            let name = tag.or_empty(b"type");
            loading.log.unsupported(&format!("a signal of the type '{name}'"), line, "its phases run at fixed times");
            SwitchRule::Static
        }
        other => {
            loading.log.warn("unknown-signal-type", line, || format!("a signal has the type '{}'; its phases run at fixed times", shown(other)));
            SwitchRule::Static
        }
    };
    Some((plan, line))
}

/// Reads its phases and parameters, and adds it.
pub fn plan(loading: &mut Loading<'_>, xml: &mut Xml, begun: Option<(SignalPlan, u64)>) -> Result<(), Broken> {
    let level = xml.depth();
    let Some((mut plan, line)) = begun else {
        while xml.child(level)?.is_some() {}
        return Ok(());
    };
    while let Some(tag) = xml.child(level)? {
        match tag.name {
            b"phase" => {
                let phase = phase(loading, &tag, &plan);
                plan.phases.push(phase);
            }
            b"param" => parameter(loading, &tag, &mut plan.rule),
            _ => {}
        }
    }
    if plan.phases.is_empty() && plan.rule != SwitchRule::Off {
        let id = shown(&plan.light);
        loading.log.error("signal-without-phases", line, || format!("a plan of the signal '{id}' has no phases; it is left out"));
        return Ok(());
    }
    if loading.scenario.map.plans.iter().any(|other| other.light == plan.light && other.program == plan.program) {
        let (id, program) = (shown(&plan.light), shown(&plan.program));
        loading.log.error("duplicate-id", line, || format!("the signal '{id}' has a plan '{program}' already; this one is left out"));
        return Ok(());
    }
    loading.light(&plan.light);
    loading.scenario.map.plans.push(plan);
    Ok(())
}

fn parameter(loading: &mut Loading<'_>, tag: &Tag<'_>, rule: &mut SwitchRule) {
    let key = tag.or_empty(b"key");
    let to = match (rule, &*key) {
        (SwitchRule::Actuated { max_gap_s, .. }, "max-gap") => max_gap_s,
        (SwitchRule::Actuated { detector_gap_s, .. }, "detector-gap") => detector_gap_s,
        (SwitchRule::Actuated { passing_time_s, .. }, "passing-time") => passing_time_s,
        (SwitchRule::DelayBased { range_m, .. }, "detectorRange") => range_m,
        (SwitchRule::DelayBased { min_loss_s, .. }, "minTimeLoss") => min_loss_s,
        (SwitchRule::Actuated { .. } | SwitchRule::DelayBased { .. }, "show-detectors" | "file" | "freq" | "vTypes") => return,
        (SwitchRule::Actuated { .. } | SwitchRule::DelayBased { .. }, other) => {
            let other = shown(other);
            loading.log.unsupported(&format!("parameter '{other}' of a signal"), tag.line(), "the signal runs without it");
            return;
        }
        // Of a fixed plan they are notes.
        _ => return,
    };
    let text = tag.or_empty(b"value");
    match number(&text).filter(|n| *n >= 0.0) {
        Some(value) => *to = value,
        None => {
            loading.log.warn("bad-number", tag.line(), || format!("the parameter '{}' of a signal is '{}', not a number of 0 or more", shown(&key), shown(&text)));
        }
    }
}

fn phase(loading: &mut Loading<'_>, tag: &Tag<'_>, plan: &SignalPlan) -> SignalPhase {
    let line = tag.line();
    let mut phase = SignalPhase { duration_ms: 0, bounds_ms: None, lights: Vec::new(), next: Vec::new() };
    let (mut duration, mut least, mut most) = (None, None, None);
    for (key, value) in tag.attributes() {
        match key {
            b"duration" => duration = time(&value),
            b"minDur" => least = time(&value).filter(|t| *t >= 0),
            b"maxDur" => most = time(&value).filter(|t| *t >= 0),
            b"state" => {
                if value.len() > MOST_LIGHTS {
                    loading.log.error("signal-state", line, || "a phase has a state of too many characters; it is left empty".to_owned());
                    continue;
                }
                phase.lights.extend(value.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| {
                    light(c).unwrap_or_else(|| {
                        loading.log.warn("signal-state", line, || format!("'{c}' in the state of the signal '{}' is unknown; it is taken as red", shown(&plan.light)));
                        SignalLight::Red
                    })
                }));
            }
            b"next" => phase.next.extend(value.split_ascii_whitespace().filter_map(|n| n.parse::<u32>().ok())),
            b"name" | b"yellow" | b"red" => {}
            b"earliestEnd" | b"latestEnd" | b"earlyTarget" | b"finalTarget" | b"vehext" | b"targetLanes" | b"type" => {
                let name = String::from_utf8_lossy(key);
                loading.log.unsupported(&format!("attribute '{name}' of phases"), line, "the signal runs without it");
            }
            _ => {}
        }
    }
    phase.duration_ms = duration.or(least).filter(|d| *d > 0).unwrap_or_else(|| {
        loading.log.error("bad-time", line, || format!("a phase of the signal '{}' has no duration above 0; it is taken as one second", shown(&plan.light)));
        ONE_SECOND_MS
    });
    if matches!(plan.rule, SwitchRule::Actuated { .. } | SwitchRule::DelayBased { .. }) {
        let low = least.unwrap_or(phase.duration_ms);
        let high = most.unwrap_or(if least.is_some() { ENDLESS_MS } else { phase.duration_ms });
        if high < low {
            loading.log.warn("bad-time", line, || format!("a phase of the signal '{}' has a greatest length below its least; both are the least", shown(&plan.light)));
        }
        phase.bounds_ms = Some((low, high.max(low)));
    }
    phase
}

fn light(c: char) -> Option<SignalLight> {
    Some(match c {
        'r' => SignalLight::Red,
        'u' => SignalLight::RedYellow,
        'Y' => SignalLight::YellowMajor,
        'y' => SignalLight::YellowMinor,
        'G' => SignalLight::GreenMajor,
        'g' => SignalLight::GreenMinor,
        's' => SignalLight::StopThenGo,
        'o' => SignalLight::OffBlinking,
        'O' => SignalLight::Off,
        _ => return None,
    })
}

/// States must be as long as their light has connections, phases must name phases that are there.
pub fn check(loading: &mut Loading<'_>) {
    let map = &mut loading.scenario.map;
    let mut needed = vec![0_usize; map.lights.len()];
    for (light, index) in map.connections.iter().filter_map(|c| c.light) {
        if let Some(most) = needed.get_mut(light as usize) {
            *most = (*most).max(usize::from(index) + 1);
        }
    }
    for plan in map.plans.iter_mut().skip(loading.checked_plans) {
        let needed = loading.lights.get(&plan.light, |at| map.lights.get(at as usize).map_or("", String::as_str)).and_then(|at| needed.get(at as usize)).copied().unwrap_or(0);
        let phases = plan.phases.len();
        if needed == 0 {
            loading.log.warn("unknown-signal", 0, || format!("there is a plan for the signal '{}', which controls no connection", shown(&plan.light)));
        }
        for phase in &mut plan.phases {
            if phase.lights.len() < needed {
                let has = phase.lights.len();
                loading.log.error("signal-state", 0, || {
                    format!("plan '{}' of the signal '{}' has states of {has} characters for {needed} connections; the others blink", shown(&plan.program), shown(&plan.light))
                });
                phase.lights.resize(needed, SignalLight::OffBlinking);
            }
            let before = phase.next.len();
            phase.next.retain(|n| (*n as usize) < phases);
            if phase.next.len() < before {
                loading.log.error("signal-next", 0, || format!("a phase of the signal '{}' is to be followed by one that is not there", shown(&plan.light)));
            }
        }
    }
    loading.checked_plans = map.plans.len();
}
