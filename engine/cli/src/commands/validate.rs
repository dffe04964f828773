//! `qike validate`: faults of a store or a source file.

use crate::Done;
use crate::failure::Failure;
use crate::input::{self, Input, SourceContent};
use crate::output::Output;
use qike_core::{Diagnostic, Severity};
use serde::Serialize;
use std::collections::BTreeMap;
use qike_scene::SceneSnapshot;
use std::path::{Path, PathBuf};

/// Check a store or a source file for faults.
///
/// Checks that the file is whole, that its tables fit each other, and of every object that its rings, surfaces and shells are
/// sound and its parent exists. Geometry has val3dity's codes and default tolerances: 101–104 rings, 201–208 polygons, 301–307
/// shells, 401–405 solids, 501–502 composites. Exit code 1 where a fault was found.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike validate demo/city.gpkg
  qike validate delft.city.json --json | jq '.errors | group_by(.code)[] | {code: .[0].code, n: length}'")]
pub struct Args {
    /// A store, or a source file of a known kind.
    #[arg(value_name = "CITY.gpkg|FILE")]
    path: PathBuf,
    /// The CRS of a source file that does not say it.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// A file whose solid is a hollow in that of the first, for formats that hold one shell a file (.poly). May be given several times.
    #[arg(long, value_name = "FILE")]
    inner_shell: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    objects: u64,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let (objects, faults) = match input::open(&args.path, args.source_crs.as_deref(), output)? {
        Input::Store(store) => (store.info()?.objects.total, store.validate(&output.feedback)?),
        Input::Source(mut source) => {
            for path in &args.inner_shell {
                hollow(&mut source, path, args, output)?;
            }
            let mut faults = source.diagnostics.clone();
            let file = args.path.display().to_string();
            faults.extend(qike_store::validate_snapshot(&source.snapshot).into_iter().map(|d| d.file(file.as_str())));
            (source.snapshot.objects().len() as u64, faults)
        }
    };
    let (errors, rest): (Vec<_>, Vec<_>) = faults.into_iter().partition(|d| d.severity == Severity::Error);
    let warnings = rest.into_iter().filter(|d| d.severity == Severity::Warning).collect();
    let report = Report { valid: errors.is_empty(), objects, errors, warnings };
    output.diagnostics(report.errors.iter().chain(&report.warnings));
    output.result(&report, || describe(args, &report))?;
    Ok(if report.valid { Done::Wholly } else { Done::No })
}

/// Puts the shell of another file into the only solid of a source.
fn hollow(source: &mut SourceContent, path: &Path, args: &Args, output: &Output) -> Result<(), Failure> {
    let refuse = |why: &str| Failure::usage(format!("--inner-shell {}: {why}", path.display()));
    let Input::Source(inner) = input::open(path, args.source_crs.as_deref(), output)? else { return Err(refuse("a store is no shell")) };
    let [shell] = inner.snapshot.objects() else { return Err(refuse("it holds more than one object")) };
    let [object] = source.snapshot.objects() else { return Err(refuse("the file it goes into holds more than one object")) };
    let mut object = object.clone();
    let (Some(solid), Some(shell)) = (object.geometries.first_mut(), shell.geometries.first()) else { return Err(refuse("there is no solid")) };
    if !solid.add_shell(shell) {
        return Err(refuse("both must hold one solid"));
    }
    source.snapshot = SceneSnapshot::new(source.snapshot.crs().clone(), source.snapshot.sources().to_vec(), vec![object], vec![]);
    Ok(())
}

fn describe(args: &Args, report: &Report) -> String {
    let mut counts: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
    for fault in report.errors.iter().chain(&report.warnings) {
        *counts.entry((fault.severity, &fault.code)).or_default() += 1;
    }
    let lines: String = counts.iter().rev().map(|((severity, code), n)| format!("{severity}[{code}]  {n}\n")).collect();
    let verdict = if report.valid { "valid" } else { "not valid" };
    format!("{lines}{}: {verdict} ({} objects, {} errors, {} warnings)", args.path.display(), report.objects, report.errors.len(), report.warnings.len())
}
