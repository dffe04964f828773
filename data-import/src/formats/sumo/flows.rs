//! Flows: vehicles that depart one after the other.

use super::loading::Loading;
use super::travel::Head;
use super::values::{number, time};
use super::vehicles::common;
use super::xml::{Tag, shown};
use qike_scene::traffic::{Flow, PathRef, Spacing, TypeRef};

/// When the vehicles of a flow depart.
#[derive(Default)]
pub struct Timing {
    begin_ms: Option<i64>,
    end_ms: Option<i64>,
    number: Option<u64>,
    spacing: Option<Spacing>,
}

/// From and to of an interval around flows.
pub fn interval(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (i64, Option<i64>) {
    let read = |key: &[u8]| tag.get(key).map(|t| time(&t));
    if matches!(read(b"begin"), Some(None)) || matches!(read(b"end"), Some(None)) {
        loading.log.error("bad-time", tag.line(), || "an interval begins or ends at what is no time; the run's is taken".to_owned());
    }
    (read(b"begin").flatten().unwrap_or(loading.scenario.settings.begin_ms), read(b"end").flatten())
}

/// Takes an attribute that only flows have; false where it is none.
pub fn attribute(loading: &mut Loading<'_>, head: &mut Head, key: &[u8], value: &str) -> bool {
    let per_hour = |text: &str| number(text).filter(|n| *n > 0.0).map(|n| Spacing::Period(3_600_000.0 / n));
    let name = || String::from_utf8_lossy(key).into_owned();
    match key {
        b"begin" | b"end" => match time(value) {
            Some(at) if at >= 0 => *if key == b"begin" { &mut head.timing.begin_ms } else { &mut head.timing.end_ms } = Some(at),
            _ if key == b"end" && value.trim() == "-1" => head.timing.end_ms = None,
            _ => head.leave_out(loading, "bad-time", &format!("has '{}' as its {}, which is no time from 0 on", shown(value), name())),
        },
        b"number" => match value.trim().parse() {
            Ok(number) => head.timing.number = Some(number),
            Err(_) => head.leave_out(loading, "bad-number", &format!("has the number '{}', which is no count", shown(value))),
        },
        b"period" | b"vehsPerHour" | b"perHour" | b"probability" => {
            let text = value.trim();
            let poisson = text.strip_prefix("exp(").and_then(|t| t.strip_suffix(')'));
            let spacing = match (key, poisson) {
                (b"period", Some(rate)) => number(rate).filter(|r| *r > 0.0).map(Spacing::Poisson),
                (b"period", None) => time(text).filter(|t| *t > 0).map(|_| Spacing::Period(number(text).map_or(0.0, |s| s * 1000.0))),
                (b"probability", _) => number(text).filter(|p| *p > 0.0 && *p <= 1.0).map(Spacing::Probability),
                _ => per_hour(text),
            };
            match spacing {
                Some(Spacing::Period(ms)) if ms <= 0.0 => head.timing.spacing = time(text).map(|t| Spacing::Period(t as f64)),
                Some(spacing) => head.timing.spacing = Some(spacing),
                // A flow of nobody.
                None if number(text) == Some(0.0) && key != b"period" => head.timing.number = Some(0),
                None => head.leave_out(loading, "bad-number", &format!("has '{}' as its {}, which it cannot be", shown(value), name())),
            }
        }
        _ => return false,
    }
    true
}

/// Adds a flow.
pub fn finish(loading: &mut Loading<'_>, mut head: Head, kind: TypeRef, path: PathRef) {
    let (outer_begin, outer_end) = loading.interval.unwrap_or((loading.scenario.settings.begin_ms, None));
    let begin_ms = head.timing.begin_ms.unwrap_or(outer_begin);
    let end_ms = head.timing.end_ms.or(outer_end);
    if end_ms.is_some_and(|end| end < begin_ms) {
        return head.leave_out(loading, "end-before-begin", "ends before it begins");
    }
    if head.timing.number == Some(0) || end_ms == Some(begin_ms) {
        let id = shown(&head.id);
        loading.log.add(qike_core::Severity::Info, "flow-of-nobody", "", head.line, || format!("flow '{id}' has no vehicles"));
        return;
    }
    let spacing = match (head.timing.spacing, head.timing.number) {
        (Some(spacing), _) => spacing,
        (None, Some(number)) => Spacing::Number(number),
        (None, None) => return head.leave_out(loading, "flow-without-number", "states neither number, period, vehsPerHour nor probability"),
    };
    let counted = head.timing.number.is_some() || matches!(spacing, Spacing::Number(_));
    if end_ms.is_none() && !counted && loading.scenario.settings.end_ms.is_none() {
        let id = shown(&head.id);
        loading.log.warn("flow-without-end", head.line, || format!("flow '{id}' has no end, and neither has the run; it goes on for a day"));
    }
    if !loading.take_flow_id(&head.id, head.line) {
        return;
    }
    let (id, number) = (std::mem::take(&mut head.id), head.timing.number);
    loading.scenario.demand.flows.push(Flow { id, begin_ms, end_ms, number, spacing, travel: common(head, kind, path) });
}
