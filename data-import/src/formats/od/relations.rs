//! Matrices as XML: of SUMO (`<interval id= begin= end=><tazRelation from= to= count=/>`, where the interval's id is the kind of vehicle),
//! and of Amitran (`<actorConfig id=><timeSlice startTime= duration=><odPair origin= destination= amount=/>`, times in ms).

use super::Cells;
use crate::ImportError;
use crate::formats::sumo::shown;
use crate::formats::sumo::values::time;
use crate::formats::sumo::xml::{Broken, Tag, Xml};
use qike_core::Feedback;
use std::path::Path;

/// Kinds that are none: SUMO's own, where nothing else is said.
const UNSAID: [&str; 2] = ["", "DEFAULT_VEHTYPE"];

/// Reads one.
pub fn read(path: &Path, cells: &mut Cells<'_>, feedback: &Feedback) -> Result<(), ImportError> {
    let mut xml = Xml::open(path, &cells.name)?;
    let amitran = match xml.child(0) {
        Ok(Some(root)) if matches!(root.name, b"data" | b"meandata" | b"tazRelations" | b"demand") => root.name == b"demand",
        Ok(Some(root)) => return Err(cells.corrupt(root.line(), format!("its root is '{}': a matrix has 'data' with tazRelation in intervals, or 'demand' of Amitran", root.title()))),
        Ok(None) => return Err(cells.corrupt(1, "there is no element in it")),
        Err(broken) => return Err(cells.corrupt(broken.line, broken.reason)),
    };
    loop {
        feedback.check()?;
        let more = if amitran { actor(&mut xml, cells) } else { interval(&mut xml, cells) };
        match more {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(broken) => {
                cells.log.error(if broken.cut_off { "file-cut-off" } else { "file-broken" }, broken.line, || format!("{}; what came before is kept", broken.reason));
                return Ok(());
            }
        }
    }
}

fn pair(cells: &mut Cells<'_>, tag: &Tag<'_>, names: [&[u8]; 3], span: (i64, i64), kind: Option<u32>) {
    let [from, to, count] = names.map(|name| tag.get(name));
    let (Some(from), Some(to), Some(count)) = (from, to, count) else {
        cells.log.error("bad-pair", tag.line(), || format!("a '{}' lacks '{}', '{}' or '{}', and is left out", tag.title(), text(names[0]), text(names[1]), text(names[2])));
        return;
    };
    cells.add(tag.line(), &from, &to, Some(span), count.trim().parse().unwrap_or(f64::NAN), kind);
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn interval(xml: &mut Xml, cells: &mut Cells<'_>) -> Result<bool, Broken> {
    let Some(tag) = xml.child(1)? else { return Ok(false) };
    if tag.name != b"interval" {
        cells.log.unsupported(&format!("element '{}'", tag.title()), tag.line(), "intervals are taken");
        return Ok(true);
    }
    let span = tag.get(b"begin").and_then(|v| time(&v)).zip(tag.get(b"end").and_then(|v| time(&v))).filter(|(from, until)| 0 <= *from && from < until);
    if span.is_none() {
        cells.log.error("bad-time", tag.line(), || format!("an interval from '{}' to '{}' is none, and is left out", shown(&tag.or_empty(b"begin")), shown(&tag.or_empty(b"end"))));
    }
    let kind = tag.get(b"id").filter(|id| !UNSAID.contains(&id.trim())).and_then(|id| cells.matrix.kind(&id));
    while let Some(relation) = xml.child(2)? {
        let Some(span) = span else { continue };
        if matches!(relation.name, b"tazRelation" | b"tazRel") {
            pair(cells, &relation, [b"from", b"to", b"count"], span, kind);
        } else {
            cells.log.unsupported(&format!("element '{}'", relation.title()), relation.line(), "tazRelation is taken");
        }
    }
    Ok(true)
}

fn actor(xml: &mut Xml, cells: &mut Cells<'_>) -> Result<bool, Broken> {
    let Some(tag) = xml.child(1)? else { return Ok(false) };
    if tag.name != b"actorConfig" {
        return Ok(true);
    }
    let kind = tag.get(b"id").filter(|id| !UNSAID.contains(&id.trim())).and_then(|id| cells.matrix.kind(&id));
    while let Some(slice) = xml.child(2)? {
        let ms = |key: &[u8]| slice.get(key).and_then(|v| v.trim().parse::<i64>().ok()).filter(|ms| (0..1 << 40).contains(ms));
        let span = ms(b"startTime").zip(ms(b"duration")).map(|(begin, length)| (begin, begin + length)).filter(|(from, until)| from < until);
        if span.is_none() {
            cells.log.error("bad-time", slice.line(), || "a time slice has no startTime and duration in ms, and is left out".into());
        }
        while let Some(od) = xml.child(3)? {
            if let (Some(span), b"odPair") = (span, od.name) {
                pair(cells, &od, [b"origin", b"destination", b"amount"], span, kind);
            }
        }
    }
    Ok(true)
}
