//! A file named on the command line: a store, or a source that is imported in memory.

use crate::failure::Failure;
use crate::output::Output;
use qike_core::{Bounds3, Crs, Diagnostic, SourceCrs};
use qike_import::{ImportReport, Place, PlannedSource, SourceOptions};
use qike_scene::sink::MemorySink;
use qike_scene::{Class, SceneSnapshot};
use qike_store::{Info, ObjectCounts, SceneStore, SourceCounts, StoreError};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a path holds.
pub enum Input {
    /// A store.
    Store(SceneStore),
    /// Objects of a source, with the findings about it.
    Source(Box<SourceContent>),
}

/// A source in memory.
pub struct SourceContent {
    /// Everything in it.
    pub snapshot: SceneSnapshot,
    /// What was wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// What came from where.
    pub sources: Vec<SourceCounts>,
}

/// Opens a store, or imports a source in memory.
pub fn open(path: &Path, source_crs: Option<&str>, output: &Output) -> Result<Input, Failure> {
    open_at(path, source_crs, None, output)
}

/// As [`open`], with the place of a building model as the user says it.
pub fn open_at(path: &Path, source_crs: Option<&str>, place: Option<Place>, output: &Output) -> Result<Input, Failure> {
    if is_database(path) {
        match SceneStore::open(path) {
            // A GeoPackage of another program is a source.
            Err(StoreError::NotAStore { .. }) if qike_import::sniff(path).is_ok() => {}
            store => return Ok(Input::Store(store?)),
        }
    }
    let options = SourceOptions { source_crs: source_crs.map(parse_source_crs).transpose()?, place, ..SourceOptions::default() };
    let planned = qike_import::plan(&[path.to_path_buf()], &options);
    check_place(&planned)?;
    let (content, report) = imported(&planned, output)?;
    if let Some(error) = report.sources.iter().find_map(|s| s.error.as_ref()).filter(|_| report.left_out() == report.sources.len()) {
        return Err(of_diagnostic(error));
    }
    Ok(Input::Source(Box::new(content)))
}

/// Imports sources in memory; one that cannot be read is only a finding.
pub fn import_in_memory(planned: &[PlannedSource], output: &Output) -> Result<SourceContent, Failure> {
    imported(planned, output).map(|(content, _)| content)
}

fn imported(planned: &[PlannedSource], output: &Output) -> Result<(SourceContent, ImportReport), Failure> {
    let crs = target_crs(None, planned, output)?;
    let mut sink = MemorySink::new(crs.clone());
    let report = qike_import::import_all(planned, &mut sink, &output.feedback)?;
    let MemorySink { sources: infos, objects, series, diagnostics, .. } = sink;
    let sources = report.sources.iter().map(|s| SourceCounts {
        path: s.path.clone(),
        format: s.format.unwrap_or_default().to_owned(),
        objects: s.objects,
        diagnostics: s.diagnostics,
        about: infos.iter().find(|info| info.path == s.path).map(|info| info.about.clone()).unwrap_or_default(),
    });
    let sources = sources.collect();
    Ok((SourceContent { snapshot: SceneSnapshot::new(crs, infos, objects, series), diagnostics, sources }, report))
}

impl SourceContent {
    /// The same counts as a store has.
    pub fn info(&self) -> Info {
        let mut objects = ObjectCounts { total: self.snapshot.objects().len() as u64, ..ObjectCounts::default() };
        for class in Class::ALL {
            let count = self.snapshot.of_class(*class).len() as u64;
            if count > 0 {
                objects.by_class.insert(class.name(), count);
            }
        }
        for object in self.snapshot.objects() {
            let mut lods: Vec<_> = object.geometries.iter().map(|g| g.lod).collect();
            lods.sort_unstable();
            lods.dedup();
            for lod in lods {
                *objects.by_lod.entry(lod.to_string()).or_default() += 1;
            }
        }
        Info {
            objects,
            crs: self.snapshot.crs().definition().to_owned(),
            crs_name: self.snapshot.crs().name(),
            bounds: corners(&self.snapshot.bounds()),
            sources: self.sources.clone(),
            series: self.snapshot.series().len() as u64,
            content_hash: String::new(),
        }
    }
}

/// minx, miny, minz, maxx, maxy, maxz; `None` for an empty box.
pub fn corners(b: &Bounds3) -> Option<[f64; 6]> {
    (!b.is_empty()).then_some([b.min[0], b.min[1], b.min[2], b.max[0], b.max[1], b.max[2]])
}

/// The CRS to import into: what the user says, else what suits the sources.
pub fn target_crs(wanted: Option<&str>, planned: &[PlannedSource], output: &Output) -> Result<Crs, Failure> {
    match wanted {
        Some(text) => Crs::parse(text).map_err(|e| Failure::usage(format!("--crs: {e}"))),
        None => Ok(qike_import::suggest_crs(planned, &output.feedback)),
    }
}

/// The value of `--source-crs`.
pub fn parse_source_crs(text: &str) -> Result<SourceCrs, Failure> {
    SourceCrs::parse(text).map_err(|e| Failure::usage(format!("--source-crs: {e}")))
}

/// `--place` is for building models: on anything else it would do nothing, without a word.
pub fn check_place(planned: &[PlannedSource]) -> Result<(), Failure> {
    let other = planned.iter().find(|p| p.source.options.place.is_some() && p.format().is_some_and(|format| format != "ifc"));
    match other {
        None => Ok(()),
        Some(p) => {
            let message = format!("--place: {} is not an IFC model", p.source.name);
            Err(Failure::usage(message).help("import models without a place one by one; --source-crs names the system of other files"))
        }
    }
}

/// The failure that an `Error` finding about the only source makes.
pub fn of_diagnostic(diagnostic: &Diagnostic) -> Failure {
    let failure = Failure::new(Diagnostic { help: None, ..diagnostic.clone() });
    Failure { help: diagnostic.help.clone(), ..failure }
}

/// True for SQLite's files, which only a store can be.
pub fn is_database(path: &Path) -> bool {
    let mut head = [0; 15];
    File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && &head == b"SQLite format 3"
}
