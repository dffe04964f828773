//! `qike import`: sources into a store, in one transaction.

use crate::Done;
use crate::changes::{Changes, brief};
use crate::failure::Failure;
use crate::grounding::{self, GroundedSink, Grounding};
use crate::input::{check_place, of_diagnostic, parse_source_crs, target_crs};
use crate::output::{Output, table, to_json};
use crate::past;
use qike_core::{Diagnostic, Severity};
use qike_import::{ImportError, Place, PlannedSource, SourceOptions, plan_with};
use qike_scene::SinkError;
use qike_store::{ImportReport, ImportTransaction, SceneStore, SourceChanges, StoreError, When};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Bring source files into a store.
///
/// All sources go in together or, if the import fails, not at all. A source that cannot be read is left out and reported
/// (exit code 3); if none can be read, the import fails. Importing a source again changes only what changed in it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike import demo/sources/* --store demo/city.gpkg
  qike import campus.ifc --store city.gpkg --source-crs EPSG:4549
  qike import tower.ifc --store city.gpkg --place 121.9312,30.9005,4.2,-12.5
  qike import surveys/ plateau.zip 'tiles/**/*.gml.gz' --store city.gpkg
  qike import --sources-from today.txt --store city.gpkg
  qike import samples/ --store samples.gpkg --id-prefix auto
  qike import shared-bikes.json --map maps/shared-bikes.map.toml --store city.gpkg
  qike import N42E001.hgt.zip andorra.osm.pbf --store andorra.gpkg --ground --terrain-tolerance 1
  qike import helsinki.osm.pbf --store city.gpkg --dry-run --json")]
pub struct Args {
    /// Files, folders (with the folders in them), archives (.zip, .gz) or quoted patterns: city models, BIM, GIS, GTFS, pipes, terrain,
    /// or mapping files (NAME.map.toml) for tables.
    #[arg(required_unless_present = "sources_from", value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// A file with more sources, one a line; lines that begin with # say nothing. - is the standard input.
    #[arg(long, value_name = "FILE")]
    sources_from: Option<PathBuf>,
    /// Of a folder only the files directly in it.
    #[arg(long)]
    flat: bool,
    /// The store; made where it is not there.
    #[arg(long, short, value_name = "CITY.gpkg")]
    store: PathBuf,
    /// The CRS of a new store: EPSG:n, a PROJ string or WKT. Without it, one that suits the sources.
    #[arg(long)]
    crs: Option<String>,
    /// The CRS of the sources, where they do not say it or say it wrongly; also GCJ02 or BD09.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// Where the point (0, 0, 0) of an IFC model stands, whatever its file says: degrees of WGS 84, metres, and the direction of
    /// its y axis in degrees to the right of true north.
    #[arg(long, value_name = "LON,LAT[,HEIGHT[,NORTH]]", allow_hyphen_values = true)]
    place: Option<Place>,
    /// A mapping file to read the sources through, or a folder with one NAME.map.toml for each.
    #[arg(long, value_name = "FILE|DIR")]
    map: Option<PathBuf>,
    /// How far the ground may be off from the samples of a terrain raster: more metres, fewer triangles.
    #[arg(long, value_name = "METRES", default_value_t = 0.0, value_parser = tolerance)]
    terrain_tolerance: f64,
    /// Mesh every element of an IFC model as it is, however much work it takes. Without it, walls that take too much stand
    /// without their openings cut or as boxes, and are told.
    #[arg(long)]
    thorough: bool,
    /// Set what has no heights (plans from OSM, GeoJSON, tables) on the terrain of the store and of these sources.
    #[arg(long)]
    ground: bool,
    /// Also write the report, with all findings, as JSON to this file.
    #[arg(long, value_name = "R.json")]
    report: Option<PathBuf>,
    /// Read everything and say what would change in which object, but change nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: also write the plans of the objects that would change as GeoJSON to this file.
    #[arg(long, value_name = "C.geojson", requires = "dry_run")]
    changes: Option<PathBuf>,
    /// What stands before the ids of these sources' objects, for files that use the same id for different things; auto takes the name
    /// of each file
    #[arg(long, value_name = "TEXT|auto")]
    id_prefix: Option<String>,
    /// As of when the sources hold: a day or a moment in UTC. Without it, now. `--as-of` finds them by it.
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
}

/// A length that is no less than nothing.
fn tolerance(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|m: &f64| m.is_finite() && *m >= 0.0).ok_or_else(|| "write metres, 0 or more".to_owned())
}

/// The JSON document of an import.
#[derive(Serialize)]
struct Report {
    store: String,
    crs: String,
    dry_run: bool,
    changed: bool,
    content_hash: String,
    seconds: f64,
    sources: Vec<SourceChanges>,
    left_out: Vec<LeftOut>,
    diagnostics: Vec<Diagnostic>,
    /// Of a dry run: what would change in objects of sources that the store knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
}

/// A source that could not be read.
#[derive(Serialize)]
struct LeftOut {
    path: String,
    error: Diagnostic,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let start = Instant::now();
    let when = past::when(args.date.as_deref())?;
    let sources = sources(args)?;
    let mut planned = plan(args, &sources)?;
    check_place(&planned)?;
    if args.ground {
        grounding::sort(&mut planned);
    }
    if planned.is_empty() {
        let first = sources.first().map(|s| format!("{}: ", s.display())).unwrap_or_default();
        return Err(Failure::new(format!("{first}no file of a known kind is in there")));
    }
    let fresh = !args.store.exists();
    let mut store = open_store(args, &planned, output)?;
    let crs = store.crs().definition().to_owned();
    let (report, left_out, changes) = match fill(&mut store, &planned, when, args, output) {
        Ok(done) => done,
        Err(failure) => {
            // Nothing changed means: a store that was not there is not there.
            if fresh {
                store.discard();
            }
            return Err(failure);
        }
    };
    let left_out: Vec<LeftOut> = left_out.into_iter().map(|error| LeftOut { path: error.place.file.clone().unwrap_or_default(), error }).collect();
    if let (Some(path), Some(changes)) = (&args.changes, &changes) {
        changes.write_places(&store, path)?;
    }
    let ImportReport { changed, content_hash, sources, diagnostics } = report;
    let (store, dry_run, seconds) = (args.store.display().to_string(), args.dry_run, start.elapsed().as_secs_f64());
    let report = Report { store, crs, dry_run, changed, content_hash, seconds, sources, left_out, diagnostics, changes };
    output.diagnostics(report.sources.iter().flat_map(|s| &s.diagnostics).chain(&report.diagnostics).chain(report.left_out.iter().map(|l| &l.error)));
    if let Some(path) = &args.report {
        let written = std::fs::write(path, to_json(&report)?);
        written.map_err(|e| Failure::new(format!("{}: the report could not be written ({e}); the import itself is done", path.display())))?;
    }
    let skipped = !report.left_out.is_empty()
        || report.sources.iter().flat_map(|s| &s.diagnostics).chain(&report.diagnostics).any(|d| d.severity == Severity::Error);
    output.result(&report, || describe(&report))?;
    Ok(if skipped { Done::Skipping } else { Done::Wholly })
}

/// What the user named on the command line and in a list.
fn sources(args: &Args) -> Result<Vec<PathBuf>, Failure> {
    let mut sources = args.sources.clone();
    if let Some(list) = &args.sources_from {
        let refuse = |e: std::io::Error| Failure::usage(format!("--sources-from: {}: cannot be read ({e})", list.display()));
        let text = if list.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(list) }.map_err(refuse)?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        sources.extend(lines.map(PathBuf::from));
        if sources.is_empty() {
            return Err(Failure::usage(format!("--sources-from: {}: no source is named in there", list.display())));
        }
    }
    Ok(sources)
}

/// What to read and how, with the prefixes of ids.
fn plan(args: &Args, sources: &[PathBuf]) -> Result<Vec<PlannedSource>, Failure> {
    let mut planned = plan_mapped(args, sources)?;
    match args.id_prefix.as_deref() {
        Some("auto") => {
            let names: Vec<&str> = planned.iter().map(|p| p.source.name.as_str()).collect();
            let prefixes = qike_import::prefix::telling_apart(&names);
            planned.iter_mut().zip(prefixes).for_each(|(p, prefix)| p.source.options.id_prefix = prefix);
        }
        Some(prefix) => planned.iter_mut().for_each(|p| p.source.options.id_prefix = prefix.to_owned()),
        None => {}
    }
    Ok(planned)
}

/// What to read and how; `--map` with a folder gives each source its own mapping, where the folder has one.
fn plan_mapped(args: &Args, sources: &[PathBuf]) -> Result<Vec<PlannedSource>, Failure> {
    let source_crs = args.source_crs.as_deref().map(parse_source_crs).transpose()?;
    let options = |map: Option<PathBuf>| SourceOptions { source_crs: source_crs.clone(), map, place: args.place, terrain_tolerance_m: args.terrain_tolerance, thorough: args.thorough, ..SourceOptions::default() };
    let plan = |paths: &[PathBuf], map| plan_with(paths, &options(map), !args.flat);
    match &args.map {
        None => Ok(plan(sources, None)),
        Some(map) if !map.exists() => Err(Failure::usage(format!("--map: {}: there is no such file or folder", map.display()))),
        Some(folder) if folder.is_dir() => {
            let (mut planned, mut plain) = (Vec::new(), Vec::new());
            for source in sources {
                match mapping_of(folder, source) {
                    Some(map) => planned.extend(plan(std::slice::from_ref(source), Some(map))),
                    None => plain.push(source.clone()),
                }
            }
            planned.extend(plan(&plain, None));
            Ok(planned)
        }
        Some(file) => Ok(plan(sources, Some(file.clone()))),
    }
}

/// `FOLDER/NAME.map.toml` for a source `NAME.ending`.
fn mapping_of(folder: &Path, source: &Path) -> Option<PathBuf> {
    let map = folder.join(format!("{}.map.toml", source.file_stem()?.to_string_lossy()));
    map.is_file().then_some(map)
}

/// The store to fill: the one there is, a new one, or for a dry run one in memory.
fn open_store(args: &Args, planned: &[PlannedSource], output: &Output) -> Result<SceneStore, Failure> {
    if args.store.exists() {
        let store = SceneStore::open(&args.store)?;
        if let Some(wanted) = &args.crs {
            let wanted = target_crs(Some(wanted), planned, output)?;
            if &wanted != store.crs() {
                let message = format!("--crs: {} has the CRS {}, not {wanted}", args.store.display(), store.crs());
                return Err(Failure::usage(message).help("leave --crs out; sources are transformed into the store's CRS"));
            }
        }
        return Ok(store);
    }
    if let Some(folder) = args.store.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(Failure::new(format!("{}: the folder {} does not exist", args.store.display(), folder.display())));
    }
    let crs = target_crs(args.crs.as_deref(), planned, output)?;
    let made = if args.dry_run { SceneStore::in_memory(&crs) } else { SceneStore::create(&args.store, &crs) };
    made.map_err(|error| match error {
        StoreError::Crs { error, .. } if args.crs.is_some() => Failure::usage(format!("--crs: {error}")),
        other => other.into(),
    })
}

/// The report, the errors of sources left out, and for a dry run what would change.
type Filled = (ImportReport, Vec<Diagnostic>, Option<Changes>);

/// Imports each source as a part of one transaction. Gives the report and the errors of sources left out.
fn fill(store: &mut SceneStore, planned: &[PlannedSource], when: When, args: &Args, output: &Output) -> Result<Filled, Failure> {
    let mut grounding = args.ground.then(|| Grounding::of_store(store, planned)).transpose()?;
    let mut transaction = store.import_at(when, &output.feedback)?;
    let mut left_out = Vec::new();
    for source in planned {
        left_out.extend(import_one(&mut transaction, source, grounding.as_mut(), output)?);
    }
    if left_out.len() == planned.len() {
        let failure = left_out.first().map(of_diagnostic);
        if left_out.len() > 1 {
            output.diagnostics(&left_out);
            return Err(Failure::new("none of the sources could be read; nothing was imported"));
        }
        return Err(failure.unwrap_or_else(|| Failure::new("there is nothing to import")));
    }
    if args.dry_run {
        let changes = Changes::of(&mut transaction)?;
        return Ok((transaction.dry_run()?, left_out, Some(changes)));
    }
    Ok((transaction.commit()?, left_out, None))
}

/// Imports one source, or undoes it and says why.
fn import_one(
    transaction: &mut ImportTransaction, source: &PlannedSource, mut grounding: Option<&mut Grounding>, output: &Output,
) -> Result<Option<Diagnostic>, Failure> {
    transaction.begin_part()?;
    let source = std::slice::from_ref(source);
    let mark = grounding.as_ref().map(|g| g.mark());
    let outcome = match grounding.as_deref_mut() {
        None => qike_import::import_all(source, transaction, &output.feedback),
        Some(grounding) => {
            let mut sink = GroundedSink::new(transaction, grounding);
            let outcome = qike_import::import_all(source, &mut sink, &output.feedback);
            outcome.and_then(|report| sink.finish().map(|()| report).map_err(ImportError::Sink))
        }
    };
    match outcome {
        Ok(report) => match report.sources.into_iter().find_map(|s| s.error) {
            Some(error) => {
                if let (Some(grounding), Some(mark)) = (grounding, mark) {
                    grounding.forget(mark);
                }
                transaction.drop_part()?;
                Ok(Some(error))
            }
            None => {
                transaction.keep_part()?;
                Ok(None)
            }
        },
        Err(ImportError::Sink(SinkError::Store(message))) => Err(Failure::new(message)),
        Err(other) => Err(other.into()),
    }
}

fn describe(report: &Report) -> String {
    let mut rows = vec![["source", "format", "objects", "added", "changed", "removed", "as before", "findings"].map(str::to_owned).to_vec()];
    for s in &report.sources {
        let counts = [s.objects, s.added, s.changed, s.removed, s.unchanged, s.diagnostics.len() as u64];
        rows.push([s.path.clone(), s.format.clone()].into_iter().chain(counts.map(|n| n.to_string())).collect());
    }
    for l in &report.left_out {
        let what = if l.error.code == "files-passed-over" { "some left out" } else { "left out" };
        rows.push(vec![l.path.clone(), what.into()]);
    }
    let ending = match (report.dry_run, report.changed) {
        (true, true) => "would change (dry run: nothing was written)",
        (true, false) => "would stay as it is (dry run)",
        (false, true) => "is up to date",
        (false, false) => "is as it was: nothing new in the sources",
    };
    let mut changes = report.changes.as_ref().map(Changes::describe).unwrap_or_default();
    for source in report.sources.iter().filter(|s| !s.about.is_empty()) {
        changes += &format!("~ what {} says of itself\n", source.path);
        for change in &source.about {
            changes += &format!("    {}: {} → {}\n", change.what, brief(&change.before), brief(&change.after));
        }
    }
    format!("{changes}{}\n{} {ending} ({}, {:.1} s)", table(&rows), report.store, report.crs, report.seconds)
}
