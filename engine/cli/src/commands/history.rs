//! `qike history`: what changed in a store, and when.

use crate::Done;
use crate::changes;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_store::{SceneStore, Transaction, Version};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// List the changes of a store, or the versions of one object.
///
/// A change holds as of a date: that of the import, or the one that `qike import --date` said. With that date, `--as-of` shows the
/// city as it was (`qike find`, `info`, `export`, `diff`).
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike history city.gpkg
  qike history city.gpkg --id osm:way/4711
  qike history city.gpkg --json | jq '.transactions[].holds'")]
pub struct Args {
    /// The store.
    #[arg(value_name = "CITY.gpkg")]
    store: PathBuf,
    /// The versions of this object.
    #[arg(long, short)]
    id: Option<String>,
}

#[derive(Serialize)]
struct Report {
    transactions: Vec<Transaction>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let store = SceneStore::open(&args.store)?;
    match &args.id {
        None => {
            let report = Report { transactions: store.transactions()? };
            output.result(&report, || describe(&report.transactions))?;
        }
        Some(id) => {
            let versions = store.versions(id)?;
            if versions.is_empty() {
                return Err(Failure::new(format!("{}: there is no object '{id}', and there never was", args.store.display())));
            }
            output.result(&document(id, &versions), || describe_versions(id, &versions))?;
        }
    }
    Ok(Done::Wholly)
}

fn describe(transactions: &[Transaction]) -> String {
    let mut rows = vec![["number", "holds as of", "action", "source", "added", "changed", "removed", "as before"].map(str::to_owned).to_vec()];
    for t in transactions {
        let head = [t.number.to_string(), t.holds.to_string(), t.action.clone()];
        for (n, s) in t.sources.iter().enumerate() {
            let head = if n == 0 { head.clone() } else { Default::default() };
            let counts = [s.added, s.changed, s.removed, s.unchanged].map(|n| n.to_string());
            rows.push(head.into_iter().chain([s.path.clone()]).chain(counts).collect());
        }
        if t.sources.is_empty() {
            rows.push(head.to_vec());
        }
    }
    format!("{}\n{} changes", table(&rows), transactions.len())
}

fn document(id: &str, versions: &[Version]) -> Value {
    let version = |(n, v): (usize, &Version)| {
        let before = n.checked_sub(1).and_then(|n| versions.get(n)).filter(|before| before.ended == Some(v.since));
        json!({
            "since": v.since, "from": v.from, "ended": v.ended, "to": v.to, "object": v.object,
            "difference": before.map(|before| changes::steps(&before.object, &v.object)),
        })
    };
    json!({ "id": id, "versions": versions.iter().enumerate().map(version).collect::<Vec<_>>() })
}

fn describe_versions(id: &str, versions: &[Version]) -> String {
    let mut text = String::new();
    let mut last: Option<&Version> = None;
    for v in versions {
        let what = match last.filter(|before| before.ended == Some(v.since)) {
            Some(before) => changes::words(&before.object, &v.object),
            None => "came".to_owned(),
        };
        text += &format!("{}  {} (change {})\n", v.from, what, v.since);
        last = Some(v);
    }
    if let Some(Version { ended: Some(number), to: Some(to), .. }) = last {
        text += &format!("{to}  removed (change {number})\n");
    }
    let n = versions.len();
    format!("{text}{id}: {n} {}", if n == 1 { "version" } else { "versions" })
}
