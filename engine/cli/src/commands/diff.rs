//! `qike diff`: what differs between two models.

use crate::Done;
use crate::changes::brief;
use crate::failure::Failure;
use crate::input::{self, Input};
use crate::output::Output;
use qike_scene::diff::{Diff, diff};
use qike_scene::SceneSnapshot;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Compare two models: stores or source files, in any format.
///
/// Objects are matched by id. Where each model is of one source, what these say of themselves (title, date, contact …) is compared
/// too. Exit code 1 where anything differs: a round trip through another format has lost nothing where this
/// says so.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike diff city.gpkg city.city.json
  qike diff city.gpkg city.gpkg --as-of-a 2024-05-01
  qike diff monday.gpkg friday.gpkg --json | jq '.changed[].id'")]
pub struct Args {
    /// The first model.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Positions no further apart are the same, metres.
    #[arg(long, default_value_t = 0.001, value_name = "METRES")]
    tolerance: f64,
    /// The CRS of source files that do not say it.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// The first model, a store, as it was on that day.
    #[arg(long, value_name = "DATE")]
    as_of_a: Option<String>,
    /// The second model, a store, as it was on that day.
    #[arg(long, value_name = "DATE")]
    as_of_b: Option<String>,
}

/// Objects named one by one in the text; the JSON has all.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Report {
    equal: bool,
    #[serde(flatten)]
    diff: Diff,
    /// How often each kind of change was found.
    counts: BTreeMap<String, u64>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    if !(args.tolerance.is_finite() && args.tolerance >= 0.0) {
        return Err(Failure::usage(format!("--tolerance: {} is no distance", args.tolerance)));
    }
    let a = snapshot(&args.a, args.as_of_a.as_deref(), args.source_crs.as_deref(), output)?;
    let b = snapshot(&args.b, args.as_of_b.as_deref(), args.source_crs.as_deref(), output)?;
    if a.crs().definition() != b.crs().definition() {
        let message = format!("{} is in {}, {} in {}: positions cannot be compared", args.a.display(), a.crs(), args.b.display(), b.crs());
        return Err(Failure::usage(message).help("import both into stores of one system (--crs) and compare those"));
    }
    let diff = diff(&a, &b, args.tolerance);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for change in diff.changed.iter().flat_map(|object| &object.changes) {
        // Of a surface only the kind of its change.
        let kind = change.what.split(" of surface ").next().unwrap_or(&change.what);
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    let report = Report { equal: diff.is_empty(), diff, counts };
    output.result(&report, || describe(args, &report))?;
    Ok(if report.equal { Done::Wholly } else { Done::No })
}

fn snapshot(path: &Path, as_of: Option<&str>, source_crs: Option<&str>, output: &Output) -> Result<SceneSnapshot, Failure> {
    if as_of.is_some() {
        return Ok(crate::past::open(path, as_of, output)?.snapshot(&output.feedback)?);
    }
    Ok(match input::open(path, source_crs, output)? {
        Input::Store(store) => store.snapshot(&output.feedback)?,
        Input::Source(source) => {
            output.diagnostics(&source.diagnostics);
            source.snapshot
        }
    })
}

fn describe(args: &Args, report: &Report) -> String {
    let diff = &report.diff;
    let mut text = String::new();
    for (sign, ids) in [("-", &diff.removed), ("+", &diff.added)] {
        for id in ids.iter().take(SHOWN) {
            text += &format!("{sign} {id}\n");
        }
        if ids.len() > SHOWN {
            text += &format!("{sign} … and {} more\n", ids.len() - SHOWN);
        }
    }
    for object in diff.changed.iter().take(SHOWN) {
        text += &format!("~ {}\n", object.id);
        for change in &object.changes {
            text += &format!("    {}: {} → {}\n", change.what, change.before, change.after);
        }
    }
    if diff.changed.len() > SHOWN {
        text += &format!("~ … and {} more\n", diff.changed.len() - SHOWN);
    }
    if !diff.about.is_empty() {
        text += "~ what the source says of itself\n";
    }
    for change in &diff.about {
        text += &format!("    {}: {} → {}\n", change.what, brief(&change.before), brief(&change.after));
    }
    for (what, count) in &report.counts {
        text += &format!("{count:>8} × {what}\n");
    }
    let shift = format!("positions agree within {:.6} m", diff.greatest_shift_m);
    let (a, b) = (args.a.display(), args.b.display());
    match report.equal {
        true => format!("{text}{a} and {b} are the same: {} objects; {shift}", diff.same),
        false => {
            let (removed, added, changed) = (diff.removed.len(), diff.added.len(), diff.changed.len());
            let about = if diff.about.is_empty() { String::new() } else { format!(", {} in what the source says of itself", diff.about.len()) };
            format!("{text}{a} → {b}: {removed} removed, {added} added, {changed} changed, {} the same{about}; {shift} where they are the same", diff.same)
        }
    }
}
