//! Populations: persons, their selected plans, activities and legs.

use super::chain::{Activity, Chain, Leg, Part};
use super::{number, open, time};
use crate::ImportError;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::shown;
use crate::formats::sumo::xml::{Broken, Xml};
use qike_core::Feedback;
use qike_scene::traffic::TrafficScenario;
use std::path::Path;

/// Activities and legs of one plan at most.
const MOST_PARTS: usize = 1000;

/// Reads a population into a scenario.
pub(super) fn read(path: &Path, scenario: &mut TrafficScenario, feedback: &Feedback) -> Result<(), ImportError> {
    let (mut xml, mut log) = open(path, &[b"population", b"plans"], "population")?;
    let task = feedback.task(format!("read {}", log.file), 0);
    let mut chain = Chain::new(scenario);
    loop {
        feedback.check()?;
        let person = match xml.child(1) {
            Ok(Some(tag)) if tag.name == b"person" => Ok((tag.or_empty(b"id").into_owned(), tag.line())),
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(broken) => Err(broken),
        };
        let done = person.and_then(|(id, line)| {
            let plan = selected(&mut xml, &mut log)?;
            Ok((id, line, plan))
        });
        match done {
            Ok((id, line, _)) if id.is_empty() => {
                log.error("no-id", line, || "a person has no id, and stays at home".into());
            }
            Ok((id, line, plan)) => {
                task.advance(1);
                chain.person(&id, line, &plan, &mut log);
            }
            Err(broken) => {
                log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; the persons before are kept", broken.reason));
                break;
            }
        }
    }
    chain.finish(&mut log);
    log.help("unknown-link", "the plans may belong to another network");
    scenario.findings.extend(log.finish());
    Ok(())
}

/// The selected plan of the person that was just opened, or the first.
fn selected(xml: &mut Xml, log: &mut Log) -> Result<Vec<Part>, Broken> {
    let (mut kept, mut sure) = (Vec::new(), false);
    let mut any = false;
    while let Some(tag) = xml.child(2)? {
        if tag.name != b"plan" {
            continue;
        }
        let is_selected = tag.get(b"selected").is_some_and(|s| s == "yes" || s == "true");
        let plan = plan(xml, log)?;
        if !any || is_selected && !sure {
            kept = plan;
            sure = is_selected;
        }
        any = true;
    }
    Ok(kept)
}

fn plan(xml: &mut Xml, log: &mut Log) -> Result<Vec<Part>, Broken> {
    let mut parts = Vec::new();
    while let Some(tag) = xml.child(3)? {
        let line = tag.line();
        if parts.len() >= MOST_PARTS {
            log.error("plan-too-long", line, || format!("a plan has more than {MOST_PARTS} parts; the rest is left out"));
            continue;
        }
        match tag.name {
            b"act" | b"activity" => parts.push(Part::Activity(Activity {
                link: tag.get(b"link").map(|l| l.into_owned()),
                position: number(&tag, b"x").zip(number(&tag, b"y")).map(|(x, y)| [x, y]),
                end_ms: time(&tag, b"end_time"),
                duration_ms: time(&tag, b"max_dur").or_else(|| time(&tag, b"dur")),
            })),
            b"leg" => {
                let mut leg = Leg { mode: tag.or_empty(b"mode").into_owned(), depart_ms: time(&tag, b"dep_time"), travel_ms: time(&tag, b"trav_time"), line, ..Leg::default() };
                while let Some(inner) = xml.child(4)? {
                    if inner.name != b"route" {
                        continue;
                    }
                    let kind = inner.get(b"type").map(|t| t.into_owned());
                    leg.travel_ms = leg.travel_ms.or(time(&inner, b"trav_time"));
                    leg.distance_m = number(&inner, b"distance").or_else(|| number(&inner, b"dist"));
                    let text = xml.text()?;
                    let words = || text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                    match kind.as_deref() {
                        Some("links") => leg.links = Some(words()),
                        // Old files name the nodes between.
                        None if !text.trim().is_empty() => leg.nodes = Some(words()),
                        _ => {}
                    }
                }
                parts.push(Part::Leg(leg));
            }
            _ => {
                let name = tag.title();
                if name != "attributes" {
                    log.unsupported(&format!("element '{}'", shown(&name)), line, "it is left out");
                }
            }
        }
    }
    Ok(parts)
}
