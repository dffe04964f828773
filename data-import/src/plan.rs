//! From the paths a user names to the sources that are imported, in an order that depends on their names alone.

use crate::formats::table::{Mapping, is_table};
use crate::{ImportError, Importer, Source, SourceOptions, sniff};
use qike_core::crs::CrsKind;
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{CityObject, Image, ObjectSink, Series, SinkError, SourceId, SourceInfo};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A source with the importer that will read it, or with the reason why none will.
pub struct PlannedSource {
    /// What to read.
    pub source: Source,
    /// Who reads it.
    pub importer: Result<&'static dyn Importer, ImportError>,
}

impl PlannedSource {
    /// The importer's name, or nothing.
    pub fn format(&self) -> Option<&'static str> {
        self.importer.as_ref().ok().map(|i| i.name())
    }
}

/// Finds the sources among `paths`. A folder that is not itself a source (a GTFS feed is) stands for the files in it that
/// an importer knows. Data files that a listed mapping file reads are dropped, as is a path listed twice. With
/// `options.map`, every listed table (CSV, JSON, GeoJSON) is read through that mapping.
pub fn plan(paths: &[PathBuf], options: &SourceOptions) -> Vec<PlannedSource> {
    let mut planned: Vec<PlannedSource> = Vec::new();
    let mut sorted: Vec<&PathBuf> = paths.iter().collect();
    sorted.sort();
    for path in sorted {
        let source = Source::new(path).with(options.clone());
        let mapped = options.map.is_some() && is_table(path);
        let importer = if mapped { Ok(&Mapping as &dyn Importer) } else { sniff(path) };
        match importer {
            Err(ImportError::UnknownKind { .. }) if path.is_dir() => expand(path, options, &mut planned),
            importer => planned.push(PlannedSource { source, importer }),
        }
    }
    planned.sort_by(|a, b| a.source.path.cmp(&b.source.path));
    let consumed: BTreeSet<PathBuf> = planned
        .iter()
        .filter_map(|p| p.importer.as_ref().ok().map(|i| i.consumes(&p.source)))
        .flatten()
        .filter_map(|p| p.canonicalize().ok())
        .collect();
    let mut seen = BTreeSet::new();
    planned.retain(|p| match p.source.path.canonicalize() {
        Ok(real) => seen.insert(real.clone()) && !consumed.contains(&real),
        Err(_) => true,
    });
    planned
}

/// The files of a folder (not of its folders) that some importer knows; also those refused for a reason worth telling.
fn expand(folder: &Path, options: &SourceOptions, planned: &mut Vec<PlannedSource>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let source = Source::new(folder).with(options.clone());
            let importer = Err(ImportError::io(&source.name, error));
            planned.push(PlannedSource { source, importer });
            return;
        }
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.sort();
    for path in files {
        match sniff(&path) {
            Err(ImportError::UnknownKind { .. }) => {}
            importer => planned.push(PlannedSource { source: Source::new(path).with(options.clone()), importer }),
        }
    }
}

/// The system a new store for these sources should have: that of the first source in a projected one, else the zone that
/// suits the first source with a place, else `LOCAL`.
pub fn suggest_crs(sources: &[PlannedSource], feedback: &Feedback) -> Crs {
    let profiles: Vec<_> = sources
        .iter()
        .filter_map(|p| p.importer.as_ref().ok().and_then(|i| i.probe(&p.source, feedback).ok()))
        .collect();
    let projected = profiles.iter().find_map(|p| match &p.crs {
        Some(SourceCrs::Crs(crs)) if matches!(crs.kind(), Ok(CrsKind::Projected)) => Some(crs.clone()),
        _ => None,
    });
    projected
        .or_else(|| profiles.iter().find_map(|p| p.centre_lonlat.and_then(|[lon, lat]| Crs::suggest(lon, lat).ok())))
        .unwrap_or_else(Crs::local)
}

/// What became of one source.
#[derive(Debug)]
pub struct SourceOutcome {
    /// As the user named it.
    pub path: String,
    /// The importer's name; `None` where none took it.
    pub format: Option<&'static str>,
    /// Objects given to the sink (it may have refused some, such as duplicates).
    pub objects: u64,
    /// Diagnostics given to the sink.
    pub diagnostics: u64,
    /// Why it was left out; this diagnostic was also given to the sink.
    pub error: Option<Diagnostic>,
}

/// What became of all sources.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// One each, in the order of the plan.
    pub sources: Vec<SourceOutcome>,
}

impl ImportReport {
    /// Sources left out wholly.
    pub fn left_out(&self) -> usize {
        self.sources.iter().filter(|s| s.error.is_some()).count()
    }

    /// Objects given to the sink.
    pub fn objects(&self) -> u64 {
        self.sources.iter().map(|s| s.objects).sum()
    }
}

/// Imports every source. One that cannot be read is left out with an `Error` diagnostic and the others go on; `Err` only
/// where the sink takes no more or the user cancels.
///
/// The sink decides what a failed source leaves behind: importers parse a file before they give out its objects, so an
/// unreadable one normally gave nothing. A store that wants all or nothing rolls back its transaction on `Err` here.
pub fn import_all(sources: &[PlannedSource], sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<ImportReport, ImportError> {
    let mut report = ImportReport::default();
    let task = feedback.task("import", sources.len() as u64);
    for planned in sources {
        feedback.check()?;
        let name = planned.source.name.as_str();
        let mut counting = Counting { sink, file: name, objects: 0, diagnostics: 0 };
        let error = match &planned.importer {
            Ok(importer) => match importer.import(&planned.source, &mut counting, feedback) {
                Ok(()) => None,
                Err(error) if error.ends_everything() => return Err(error),
                Err(error) => Some(error.diagnostic(name)),
            },
            Err(error) => Some(error.diagnostic(name)),
        };
        if let Some(diagnostic) = &error {
            counting.diagnostic(diagnostic.clone());
        }
        let (objects, diagnostics) = (counting.objects, counting.diagnostics);
        report.sources.push(SourceOutcome { path: name.to_owned(), format: planned.format(), objects, diagnostics, error });
        task.advance(1);
    }
    Ok(report)
}

/// Counts what goes through, and names the file in diagnostics that do not.
struct Counting<'a> {
    sink: &'a mut dyn ObjectSink,
    file: &'a str,
    objects: u64,
    diagnostics: u64,
}

impl ObjectSink for Counting<'_> {
    fn crs(&self) -> &Crs {
        self.sink.crs()
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        self.sink.source(info)
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        self.objects += 1;
        self.sink.object(object)
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        self.sink.series(series)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        self.sink.image(image)
    }

    fn diagnostic(&mut self, mut diagnostic: Diagnostic) {
        self.diagnostics += 1;
        diagnostic.place.file.get_or_insert_with(|| self.file.to_owned());
        self.sink.diagnostic(diagnostic);
    }
}
