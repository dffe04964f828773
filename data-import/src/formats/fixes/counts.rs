//! Counts: how many passed a place in an interval, one a row.

use super::names::{self, ColumnNames};
use super::{Clock, Log};
use crate::formats::features::delimited::Rows;
use crate::formats::osm::compressed;
use crate::formats::sumo::values::number;
use crate::formats::sumo::shown;
use crate::{ImportError, Source};
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{Count, LinkNames};
use std::path::Path;

const HOUR_MS: i64 = 3_600_000;

/// Reads a table of counts.
///
/// # Errors
/// Where it cannot be read or lacks a column.
pub fn read_counts(path: &Path, names: &ColumnNames, links: &mut LinkNames, counts: &mut Vec<Count>, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let name = path.display().to_string();
    let rows = Rows::new(compressed::open(&Source::new(path))?).map_err(|e| ImportError::corrupt(&name, "line 1", e))?;
    let columns = names::counts(&rows.header, names)
        .ok_or_else(|| ImportError::corrupt(&name, "line 1", "there is no column for the link, the time or the count; name them with --columns id=…,time=…,count=…"))?;
    let mut log = Log::of(&name);
    let task = feedback.task(format!("read {name}"), 0);
    let mut clock = Clock::default();
    for row in rows {
        feedback.check()?;
        task.advance(1);
        let (line, fields) = match row {
            Ok(row) => row,
            Err((line, reason)) => {
                log.error("bad-row", line, || format!("{reason}; the row is left out"));
                continue;
            }
        };
        let field = |at: usize| fields.get(at).map_or("", |f| f.trim());
        let begin = field(columns.begin);
        let from = if columns.hours { number(begin).map(|h| (h * HOUR_MS as f64).round() as i64).filter(|ms| ms.abs() < 1 << 40) } else { clock.ms(begin) };
        let Some(from_ms) = from else {
            log.error("bad-time", line, || format!("'{}' is no time; the row is left out", shown(begin)));
            continue;
        };
        let until_ms = columns.end.and_then(|at| clock.ms(field(at))).filter(|until| *until > from_ms).unwrap_or(from_ms + HOUR_MS);
        let Some(stated) = number(field(columns.count)).filter(|n| (0.0..=1e9).contains(n)) else {
            log.error("bad-count", line, || format!("'{}' is no number of vehicles; the row is left out", shown(field(columns.count))));
            continue;
        };
        let Some((edge, lane)) = links.place(field(columns.link)) else {
            log.error("unknown-link", line, || format!("link or detector '{}' is not in the network; its counts are left out", shown(field(columns.link))));
            continue;
        };
        let vehicles = if columns.hourly { stated * (until_ms - from_ms) as f64 / HOUR_MS as f64 } else { stated };
        let speed_mps = columns.speed.and_then(|(at, factor)| number(field(at)).map(|v| v * factor)).filter(|v| *v > 0.0);
        counts.push(Count { from_ms, until_ms, edge, lane, vehicles, speed_mps });
    }
    clock.tell(&mut log);
    log.help("unknown-link", "the counts may belong to another network");
    Ok(log.finish())
}
