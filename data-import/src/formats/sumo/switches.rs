//! Times at which lights get other plans (SUMO's WAUT). Plans may be loaded later, so all is looked up at the end.

use super::loading::Loading;
use super::values::time;
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::SignalSwitch;

/// A timetable of plans.
pub struct Timetable {
    id: String,
    file: String,
    line: u64,
    /// From when (ms) which plan.
    steps: Vec<(i64, String)>,
}

/// A light that follows a timetable.
pub struct Follower {
    timetable: String,
    light: String,
    file: String,
    line: u64,
}

/// A timetable from its opening tag.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (Timetable, i64) {
    let line = tag.line();
    let reference = tag.get(b"refTime").map_or(Some(0), |t| time(&t)).unwrap_or_else(|| {
        loading.log.warn("bad-time", line, || "the refTime of a WAUT is no time; it is taken as 0".to_owned());
        0
    });
    let steps = tag.get(b"startProg").map(|plan| (loading.scenario.settings.begin_ms, plan.into_owned())).into_iter().collect();
    (Timetable { id: tag.or_empty(b"id").into_owned(), file: loading.log.file.clone(), line, steps }, reference)
}

/// Reads its steps.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, (mut timetable, reference): (Timetable, i64)) -> Result<(), Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if tag.name != b"wautSwitch" {
            continue;
        }
        match (time(&tag.or_empty(b"time")), tag.get(b"to")) {
            (Some(at), Some(plan)) => timetable.steps.push((at.saturating_add(reference), plan.into_owned())),
            _ => {
                loading.log.error("bad-time", tag.line(), || "a switch of a WAUT has no time or no plan; it is left out".to_owned());
            }
        }
    }
    loading.timetables.push(timetable);
    Ok(())
}

/// A light that follows a timetable.
pub fn follower(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    if tag.get(b"procedure").is_some_and(|p| !p.is_empty()) {
        loading.log.unsupported("attribute 'procedure' of wautJunction", tag.line(), "the light switches at once");
    }
    let (timetable, light) = (tag.or_empty(b"wautID").into_owned(), tag.or_empty(b"junctionID").into_owned());
    let file = loading.log.file.clone();
    loading.followers.push(Follower { timetable, light, file, line: tag.line() });
}

/// Looks up lights and plans.
pub fn close(loading: &mut Loading<'_>) {
    let (timetables, followers) = (std::mem::take(&mut loading.timetables), std::mem::take(&mut loading.followers));
    for follower in followers {
        let Some(timetable) = timetables.iter().find(|t| t.id == follower.timetable) else {
            loading.log.file.clone_from(&follower.file);
            loading.log.error("unknown-waut", follower.line, || format!("a light follows the WAUT '{}', which is not there", shown(&follower.timetable)));
            continue;
        };
        for (at_ms, program) in &timetable.steps {
            let map = &mut loading.scenario.map;
            let light = loading.lights.get(&follower.light, |at| map.lights.get(at as usize).map_or("", String::as_str));
            let plan = map.plans.iter().position(|plan| plan.light == follower.light && plan.program == *program);
            match (light, plan.and_then(|p| u32::try_from(p).ok())) {
                (Some(light), Some(plan)) => map.switches.push(SignalSwitch { light, at_ms: *at_ms, plan }),
                _ => {
                    loading.log.file.clone_from(&timetable.file);
                    loading.log.error("unknown-signal", timetable.line, || format!("there is no plan '{}' of the signal '{}' to switch to", shown(program), shown(&follower.light)));
                }
            }
        }
    }
    loading.scenario.map.switches.sort_by_key(|s| s.at_ms);
}
