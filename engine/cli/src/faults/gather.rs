//! From an input to its faults: of the file by the rules of its format, of what was imported, of objects and of their like.

use super::{Checked, Faults};
use crate::commands::network;
use crate::failure::Failure;
use crate::input::{self, SourceContent};
use crate::output::Output;
use qike_core::{Diagnostic, Severity};
use qike_import::{PlannedSource, SourceOptions};
use qike_scene::valid::{self, Tolerances};
use qike_store::{Query, SceneStore};
use qike_scene::{Class, Geometry, GeometryKind, SceneSnapshot};
use std::path::{Path, PathBuf};

/// Formats of mere polygons, whose faces are checked as what val3dity takes them for: solids.
const BARE: [&str; 1] = ["obj"];

/// What surfaces are checked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Primitive {
    /// Closed, with an inside.
    Solid,
    /// One sheet.
    CompositeSurface,
    /// Each for itself.
    MultiSurface,
}

/// How to check.
pub struct Rules<'a> {
    /// How far things may be off.
    pub tolerances: Tolerances,
    /// What surfaces are checked as, where the format does not say.
    pub primitive: Option<Primitive>,
    /// The CRS of sources that do not say it.
    pub source_crs: Option<&'a str>,
    /// The moment of a store that is checked; now, without it.
    pub as_of: Option<&'a str>,
    /// Files whose solids are hollows in the only solid of the input.
    pub inner_shells: &'a [PathBuf],
}

/// Checks a store or a source file.
pub fn gather(path: &Path, rules: &Rules, output: &Output) -> Result<(Checked, Faults), Failure> {
    if input::is_database(path) {
        let store = crate::past::open(path, rules.as_of, output)?;
        let mut faults = store.validate_with(&rules.tolerances, &output.feedback)?;
        let objects = store.info()?.objects;
        if [Class::UtilityNetworkElement, Class::Road].iter().any(|class| objects.by_class.contains_key(class.name())) {
            faults.extend(network::faults(&of_networks(&store)?));
        }
        let faults = Faults::of(objects.total, faults);
        return Ok((Checked::Store(store), faults));
    }
    if rules.as_of.is_some() {
        return Err(Failure::usage(format!("{}: only a store has a history; --as-of is for stores", path.display())));
    }
    let options = SourceOptions { source_crs: rules.source_crs.map(input::parse_source_crs).transpose()?, ..SourceOptions::default() };
    let planned = qike_import::plan(&[path.to_path_buf()], &options);
    if let [PlannedSource { importer: Err(error), .. }] = planned.as_slice()
        && matches!(error.code(), "file-missing" | "file-denied")
    {
        return Err(input::of_diagnostic(&error.diagnostic(&path.display().to_string())));
    }
    if planned.is_empty() {
        return Err(Failure::new(format!("{}: no file of a known kind is in there", path.display())));
    }
    let mut findings = Vec::new();
    for source in &planned {
        if let Ok(importer) = &source.importer {
            // A file that cannot be read is told of once, by its import.
            let checked = importer.check(&source.source, &output.feedback).unwrap_or_default();
            let name = source.source.name.as_str();
            findings.extend(checked.into_iter().map(|d| if d.place.file.is_none() { d.file(name) } else { d }));
        }
    }
    let SourceContent { mut snapshot, diagnostics, sources } = input::import_in_memory(&planned, output)?;
    findings.extend(diagnostics.into_iter().map(with_input_code));
    for path in rules.inner_shells {
        hollow(&mut snapshot, path, rules, output)?;
    }
    let bare = sources.iter().any(|source| BARE.contains(&source.format.as_str()));
    if let Some(primitive) = rules.primitive.or(bare.then_some(Primitive::Solid)) {
        snapshot = checked_as(&snapshot, primitive);
    }
    let file = path.display().to_string();
    let found = qike_store::validate_snapshot(&snapshot, &rules.tolerances).into_iter().chain(network::faults(&snapshot));
    findings.extend(found.map(|d| d.file(file.as_str())));
    let faults = Faults::of(snapshot.objects().len() as u64, findings);
    Ok((Checked::Memory(Box::new(snapshot)), faults))
}

/// The objects of a store that networks are derived from; a city's buildings need not be in memory for that.
fn of_networks(store: &SceneStore) -> Result<SceneSnapshot, Failure> {
    let mut objects = Vec::new();
    for class in network::CLASSES {
        for hit in store.find(&Query { class: Some(class), ..Query::default() })? {
            objects.extend(store.load(hit.key)?);
        }
    }
    Ok(SceneSnapshot::new(store.crs().clone(), store.sources()?, objects, vec![]))
}

/// val3dity's code for a file that cannot be read.
fn with_input_code(finding: Diagnostic) -> Diagnostic {
    // Only a JSON reader tells the column it stopped at.
    let json = finding.place.file.as_ref().is_some_and(|file| file.to_lowercase().contains("json")) && finding.message.contains(", column ");
    let code = match finding.code.as_ref() {
        "file-corrupt" if json => 905,
        "file-corrupt" | "file-empty" | "file-unreadable" => 901,
        // What an import leaves out or mends is not in the model any more: only the file shows it.
        "citygml-degenerate" | "cityjson-degenerate" | "indoorgml-degenerate" => 101,
        "ring-not-closed" => 103,
        "geometry-empty" => 902,
        "file-wrong-kind" | "file-unknown-kind" => 904,
        _ => return finding,
    };
    let message = format!("{}: {}", valid::name(code), finding.message);
    Diagnostic { code: valid::text(code).into(), severity: Severity::Error, message, ..finding }
}

/// Puts the shell of another file into the only solid of a source.
fn hollow(snapshot: &mut SceneSnapshot, path: &Path, rules: &Rules, output: &Output) -> Result<(), Failure> {
    let refuse = |why: &str| Failure::usage(format!("--inner-shell {}: {why}", path.display()));
    let input::Input::Source(inner) = input::open(path, rules.source_crs, output)? else { return Err(refuse("a store is no shell")) };
    let [shell] = inner.snapshot.objects() else { return Err(refuse("it holds more than one object")) };
    let [object] = snapshot.objects() else { return Err(refuse("the file it goes into holds more than one object")) };
    let mut object = object.clone();
    let (Some(solid), Some(shell)) = (object.geometries.first_mut(), shell.geometries.first()) else { return Err(refuse("there is no solid")) };
    if !solid.add_shell(shell) {
        return Err(refuse("both must hold one solid"));
    }
    *snapshot = SceneSnapshot::new(snapshot.crs().clone(), snapshot.sources().to_vec(), vec![object], vec![]);
    Ok(())
}

/// A copy in which all surfaces are of one kind.
fn checked_as(snapshot: &SceneSnapshot, primitive: Primitive) -> SceneSnapshot {
    let mut objects = snapshot.objects().to_vec();
    let surfaces = objects.iter_mut().flat_map(|o| &mut o.geometries).filter(|g| g.kind.has_surfaces() && g.solid_ends.len() < 2);
    for g in surfaces {
        change(g, primitive);
    }
    SceneSnapshot::new(snapshot.crs().clone(), snapshot.sources().to_vec(), objects, snapshot.series().to_vec())
}

fn change(g: &mut Geometry, primitive: Primitive) {
    g.kind = match primitive {
        Primitive::Solid => GeometryKind::Solid,
        Primitive::CompositeSurface => GeometryKind::CompositeSurface,
        Primitive::MultiSurface => GeometryKind::MultiSurface,
    };
    if !g.kind.is_solid() {
        g.shell_ends.clear();
        g.solid_ends.clear();
    } else if g.solid_ends.is_empty() {
        g.shell_ends = vec![g.surface_ends.len() as u32];
        g.solid_ends = vec![1];
    }
}
