//! `qike validate`: faults of a store or a source file.

use crate::Done;
use crate::export;
use crate::failure::Failure;
use crate::faults::gather::{Primitive, Rules, gather};
use crate::faults::repair::{self, Journal};
use crate::faults::{Faults, places, text};
use crate::output::{Output, to_json};
use qike_core::Diagnostic;
use qike_scene::valid::{self, Tolerances};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Check a store or a source file for faults.
///
/// Checks that the file is whole, that it keeps the rules of its format, that its tables fit each other, and of every object that
/// its rings, surfaces and shells are sound and its parent exists. Geometry has val3dity's codes and default tolerances: 101–104
/// rings, 201–208 polygons, 300–307 shells, 401–405 solids, 501–503 composites, 601 parts of a building that overlap, 701 rooms
/// that overlap, 702–704 graphs of rooms (IndoorGML), 901–999 files; buildings that overlap others are a warning
/// (buildings-overlap). CityJSON is also checked by its schema (codes cj-…), IFC by its structure (ifc-…), pipes and cables as
/// networks (network-…), roads too (road-…, restriction-…). Exit code 1 where an error was found.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike validate demo/city.gpkg
  qike validate delft.city.json --json | jq '.errors | group_by(.code)[] | {code: .[0].code, n: length}'
  qike validate town.gml --planarity-d2p 0.05 --report-geojson faults.geojson     (open it in QGIS)
  qike validate city.gpkg --format geojson > faults.geojson
  qike validate city.gpkg --as-of 2024-05-01                         (as the city was then)
  qike validate city.gpkg --dry-run                                  (which repairs there are)
  qike validate city.gpkg --repair mended.gpkg --repairs flip-shell,orient-faces
  qike validate mended.gpkg --undo mended.gpkg.repairs.json --to city-again.gpkg")]
pub struct Args {
    /// A store, or a source file of a known kind.
    #[arg(value_name = "CITY.gpkg|FILE")]
    path: PathBuf,
    /// The CRS of a source file that does not say it.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,
    /// Check the store as it was at the end of this day, 2024-05-01, or moment, 2024-05-01T08:30:00Z.
    #[arg(long, value_name = "DATE", conflicts_with_all = ["repair", "undo"])]
    as_of: Option<String>,
    /// A file whose solid is a hollow in that of the first, for formats that hold one shell a file (.poly). May be given several times.
    #[arg(long, value_name = "FILE")]
    inner_shell: Vec<PathBuf>,
    /// What surfaces are checked as; without it, as the file says (faces of an .obj file: as solids).
    #[arg(long, value_name = "KIND")]
    primitive: Option<Primitive>,
    /// Vertices no further apart are one, metres; -1: only those at the same place.
    #[arg(long, value_name = "METRES", default_value_t = Tolerances::default().snap_m, allow_negative_numbers = true)]
    snap_tol: f64,
    /// How far a vertex may lie from its polygon's plane, metres.
    #[arg(long, value_name = "METRES", default_value_t = Tolerances::default().planarity_m, allow_negative_numbers = true)]
    planarity_d2p: f64,
    /// How far the normals of a polygon's triangles may be turned against its plane's, degrees.
    #[arg(long, value_name = "DEGREES", default_value_t = Tolerances::default().normals_deg, allow_negative_numbers = true)]
    planarity_n: f64,
    /// How deep solids that only may touch may reach into one another, metres; -1: not at all.
    #[arg(long, value_name = "METRES", default_value_t = Tolerances::default().overlap_m, allow_negative_numbers = true)]
    overlap_tol: f64,
    /// List every fault, not only the first few of each code.
    #[arg(long)]
    all: bool,
    /// What to print: text, the JSON report, or the places of the faults as GeoJSON. `--json` means json.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Also write the places of the faults as GeoJSON to this file.
    #[arg(long, value_name = "F.geojson")]
    report_geojson: Option<PathBuf>,
    /// Repair what can be made valid, into this new store, with a journal OUT.gpkg.repairs.json beside it. The input stays as it is.
    #[arg(long, value_name = "OUT.gpkg", conflicts_with = "undo")]
    repair: Option<PathBuf>,
    /// The repairs that may be made, instead of all but snap-vertices: drop-duplicate-vertices, snap-vertices, orient-rings,
    /// split-non-planar, drop-duplicate-faces, orient-faces, flip-shell.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    repairs: Vec<String>,
    /// List the repairs that would be made, but make none.
    #[arg(long, conflicts_with_all = ["repair", "undo"])]
    dry_run: bool,
    /// Undo the repairs of this journal in a store that --repair wrote; the store as it was before is written to --to.
    #[arg(long, value_name = "JOURNAL", requires = "to")]
    undo: Option<PathBuf>,
    /// The store that --undo writes.
    #[arg(long, value_name = "OUT.gpkg", requires = "undo")]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Geojson,
}

#[derive(Serialize)]
struct Report<'a> {
    valid: bool,
    objects: u64,
    errors: &'a [Diagnostic],
    warnings: &'a [Diagnostic],
    /// Repairs that were made, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<&'a Journal>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let tolerances = Tolerances { snap_m: args.snap_tol, planarity_m: args.planarity_d2p, normals_deg: args.planarity_n, overlap_m: args.overlap_tol };
    if let Some(fault) = tolerances.fault() {
        return Err(Failure::usage(format!("[903] {}: {fault}", valid::name(903))));
    }
    if let (Some(journal), Some(to)) = (&args.undo, &args.to) {
        let count = repair::undo(&args.path, journal, to, output)?;
        let text = || format!("{}: {count} geometries are as they were before their repair", to.display());
        output.result(&serde_json::json!({ "undone": count, "store": to.display().to_string() }), text)?;
        return Ok(Done::Wholly);
    }
    let rules = Rules { tolerances, primitive: args.primitive, source_crs: args.source_crs.as_deref(), as_of: args.as_of.as_deref(), inner_shells: &args.inner_shell };
    let (model, faults) = gather(&args.path, &rules, output)?;
    let format = if output.is_json() { Format::Json } else { args.format };
    if let Some(path) = &args.report_geojson {
        let places = places::collection(&faults, &model)?;
        export::to_stream(path, |w| serde_json::to_writer(w, &places).map_err(Failure::new))?;
    }
    let allowed = repair::chosen(&args.repairs)?;
    let journal = match &args.repair {
        Some(out) => Some(repair::repair_into(&args.path, args.source_crs.as_deref(), out, &allowed, &tolerances, output)?),
        None if args.dry_run => Some(repair::plan(&model, &args.path, &allowed, &tolerances, output)?),
        None => None,
    };
    let valid = faults.errors.is_empty();
    match format {
        Format::Text => {
            let repairs = journal.as_ref().map(|journal| repair::describe(journal, args.repair.as_deref(), args.all)).unwrap_or_default();
            output.print(&format!("{}{repairs}", describe(&args.path, &faults, args.all)))?;
        }
        Format::Json => {
            output.diagnostics(faults.all());
            output.print(&to_json(&Report { valid, objects: faults.objects, errors: &faults.errors, warnings: &faults.warnings, repairs: journal.as_ref() })?)?;
        }
        Format::Geojson => output.print(&to_json(&places::collection(&faults, &model)?)?)?,
    }
    Ok(if valid { Done::Wholly } else { Done::No })
}

fn describe(path: &Path, faults: &Faults, all: bool) -> String {
    let verdict = if faults.errors.is_empty() { "valid" } else { "not valid" };
    let (errors, warnings) = (faults.errors.len(), faults.warnings.len());
    format!("{}{}: {verdict} ({} objects, {errors} errors, {warnings} warnings)", text::listing(faults, all), path.display(), faults.objects)
}
