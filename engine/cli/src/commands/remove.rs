//! `qike remove`: sources out of a store, in one transaction.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::past;
use qike_store::{Removal, SceneStore};
use serde::Serialize;
use std::path::PathBuf;

/// Remove sources and all that came from them from a store.
///
/// All named sources go together, or none. What is removed stays in the history: `--as-of` a date before still shows it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike remove city.gpkg old-survey.gml --dry-run
  qike remove city.gpkg tiles.zip 'buildings/*.city.json'
  qike info city.gpkg --json | jq -r '.sources[].path'")]
pub struct Args {
    /// The store.
    #[arg(value_name = "CITY.gpkg")]
    store: PathBuf,
    /// Sources as `qike info` lists them; a folder or archive stands for all in it, * for any text.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// As of when they are gone: a day or a moment in UTC. Without it, now.
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Report {
    store: String,
    dry_run: bool,
    objects: u64,
    #[serde(flatten)]
    removal: Removal,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let when = past::when(args.date.as_deref())?;
    let mut store = SceneStore::open(&args.store)?;
    let mut numbers = Vec::new();
    for name in &args.sources {
        let found = store.sources_named(name)?;
        if found.is_empty() {
            let failure = Failure::new(format!("{}: no source is called '{name}'; nothing was removed", args.store.display()));
            let known: Vec<String> = store.info()?.sources.into_iter().map(|s| s.path).collect();
            let likeness = |path: &&String| (strsim::jaro_winkler(path, name) * 1e6) as u64;
            return Err(match known.iter().max_by_key(likeness) {
                Some(near) => failure.help(format!("did you mean '{near}'? `qike info` lists all")),
                None => failure.help("the store has no sources"),
            });
        }
        numbers.extend(found);
    }
    let removal = store.remove_sources(&numbers, when, args.dry_run, &output.feedback)?;
    if removal.orphans > 0 {
        let (n, ids) = (removal.orphans, removal.orphan_ids.iter().take(5).cloned().collect::<Vec<_>>().join(", "));
        output.warnings(&[format!("{n} objects of other sources were part of objects that are gone; they stay: {ids}")]);
    }
    let objects = removal.sources.iter().map(|s| s.objects).sum();
    let report = Report { store: args.store.display().to_string(), dry_run: args.dry_run, objects, removal };
    output.result(&report, || describe(&report))?;
    Ok(Done::Wholly)
}

fn describe(report: &Report) -> String {
    let mut rows = vec![["source", "format", "objects", "series"].map(str::to_owned).to_vec()];
    rows.extend(report.removal.sources.iter().map(|s| vec![s.path.clone(), s.format.clone(), s.objects.to_string(), s.series.to_string()]));
    let ending = if report.dry_run { "would be removed (dry run: nothing was written)" } else { "removed" };
    let n = report.removal.sources.len();
    let what = if n == 1 { "source" } else { "sources" };
    format!("{}\n{}: {n} {what} with {} objects {ending}", table(&rows), report.store, report.objects)
}
