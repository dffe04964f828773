//! The comparison as text: columns that line up, units, and what the intervals were drawn from.

use super::{Basis, Change, Comparison, Difference, LinkChange};
use std::fmt::Write as _;

/// Lines up columns: the first to the left, all others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| columns_of(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[column] - columns_of(cell));
            if column == 0 {
                let _ = write!(line, "  {cell}{gap}");
            } else {
                let _ = write!(line, "  {gap}{cell}");
            }
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Columns on a terminal: Chinese characters take two.
fn columns_of(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}') { 2 } else { 1 }).sum()
}

/// Four digits or so, whatever the size.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 || (size.fract() == 0.0 && size < 1000.0) => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

fn signed(value: Option<f64>) -> String {
    match value {
        Some(value) if value > 0.0 => format!("+{}", number(value)),
        other => maybe(other),
    }
}

fn change_row(change: &Change) -> Vec<String> {
    let percent = change.change_percent.map_or_else(String::new, |p| format!("{p:+.1} %"));
    let interval = change.interval.map_or_else(String::new, |i| {
        format!("[{}, {}]{}", signed(Some(i.low)), signed(Some(i.high)), if i.excludes_zero() { " *" } else { "  " })
    });
    let name = change.key.replace('_', " ");
    vec![name, change.unit.to_owned(), maybe(change.base), maybe(change.value), signed(change.change), percent, interval]
}

fn link_row(change: &LinkChange) -> Vec<String> {
    let pair = |a: String, b: String| format!("{a} → {b}");
    vec![
        change.link.clone(),
        pair(number(change.flow_base_per_h.round()), number(change.flow_per_h.round())),
        number(change.geh),
        pair(maybe(change.speed_base_mps), maybe(change.speed_mps)),
        pair(number(change.queue_base), number(change.queue)),
        pair(change.queue_max_base.to_string(), change.queue_max.to_string()),
    ]
}

fn links(out: &mut String, title: &str, list: &[LinkChange]) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    let head = ["", "flow 1/h", "GEH", "speed m/s", "mean queue", "max queue"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(list.iter().map(link_row));
    out.push_str(&aligned(&rows));
}

fn basis(difference: &Difference) -> String {
    let first = difference.figures.iter().find_map(|change| Some((change.basis?, change.interval?.of)));
    match first {
        Some((Basis::PairedSeeds, of)) => format!("95 % bootstrap interval of the change over {of} pairs of runs with the same seed"),
        Some((Basis::Seeds, of)) => format!("95 % bootstrap interval of the change over seeds ({of} or more each)"),
        Some((Basis::PairedTrips, _)) => {
            "95 % bootstrap interval of the mean change of the travellers that arrived in both runs (one seed: run more for the spread \
             between days)"
                .to_owned()
        }
        None => String::new(),
    }
}

pub(super) fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    for warning in &comparison.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    for difference in &comparison.differences {
        let _ = writeln!(out, "{} against {}\n", difference.run, difference.base);
        let head = |first: &str| [first, "unit", "base", "this run", "change", "", "95 % interval"].map(str::to_owned).to_vec();
        let mut rows = vec![head("")];
        rows.extend(difference.figures.iter().map(change_row));
        out.push_str(&aligned(&rows));
        let basis = basis(difference);
        if !basis.is_empty() {
            let _ = writeln!(out, "  {basis}; * where it excludes 0");
        }
        for (name, changes) in difference.demand.iter().filter(|(_, changes)| !changes.is_empty()) {
            let _ = writeln!(out, "\ndemand {name}");
            let short = changes.iter().filter(|c| !c.key.contains("throughput"));
            out.push_str(&aligned(&short.map(change_row).collect::<Vec<_>>()));
        }
        links(&mut out, "links that changed most", &difference.links);
        links(&mut out, "walkable areas that changed most", &difference.areas);
        out.push('\n');
    }
    out
}
