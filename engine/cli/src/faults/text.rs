//! Faults as text: counts for each code, the worst first, each with some examples.

use super::Faults;
use qike_core::{Diagnostic, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Faults of one code that are listed unless all are asked for.
const SHOWN: usize = 5;

/// One paragraph a code: its count, then its faults, all of them or the first few.
pub fn listing(faults: &Faults, all: bool) -> String {
    let mut groups: BTreeMap<(Severity, &str), Vec<&Diagnostic>> = BTreeMap::new();
    for fault in faults.all() {
        groups.entry((fault.severity, &fault.code)).or_default().push(fault);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((severity, code), list)| (std::cmp::Reverse(*severity), std::cmp::Reverse(list.len()), *code));
    let mut text = String::new();
    for ((severity, code), list) in groups {
        let name = code.parse().ok().map(qike_scene::valid::name).filter(|name| *name != "UNKNOWN").map(|name| format!(" {name}")).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{severity}[{code}]{name}: {}", list.len());
        let shown = if all { list.len() } else { SHOWN.min(list.len()) };
        for fault in list.iter().take(shown) {
            let _ = writeln!(text, "  {}", line(fault, name.trim()));
        }
        if shown < list.len() {
            let _ = writeln!(text, "  … {} more (--all lists them)", list.len() - shown);
        }
    }
    text
}

/// Object, place, what is wrong, what to do.
fn line(fault: &Diagnostic, name: &str) -> String {
    let place = &fault.place;
    let file_line = place.line.map(|line| format!("line {line}"));
    let at = place.position.map(|p| format!("at ({:.3}, {:.3}, {:.3})", p[0], p[1], p[2]));
    let place: Vec<String> = [fault.object.clone(), place.path.clone(), file_line, at].into_iter().flatten().collect();
    // The code's name stands in the heading already.
    let message = fault.message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&fault.message);
    let help = fault.help.as_ref().map(|help| format!(" — {help}")).unwrap_or_default();
    if place.is_empty() { format!("{message}{help}") } else { format!("{}: {message}{help}", place.join(", ")) }
}
