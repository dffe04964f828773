//! From the paths a user names to the sources that are imported, in an order that depends on their names alone.

use crate::archive::Unpacked;
use crate::gather::Gathering;
use crate::prefix::{Ids, Prefixed};
use crate::{ImportError, Importer, Source, SourceOptions};
use qike_core::crs::CrsKind;
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, CityObject, Image, ObjectSink, Series, SinkError, SourceId, SourceInfo, Written};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A source with the importer that will read it, or with the reason why none will.
pub struct PlannedSource {
    /// What to read.
    pub source: Source,
    /// Who reads it.
    pub importer: Result<&'static dyn Importer, ImportError>,
    /// Where the archive it came out of is unpacked: the files are there as long as this is.
    pub held: Option<Arc<Unpacked>>,
}

impl PlannedSource {
    /// The importer's name, or nothing.
    pub fn format(&self) -> Option<&'static str> {
        self.importer.as_ref().ok().map(|i| i.name())
    }
}

/// As [`plan_with`], with the folders in folders.
pub fn plan(paths: &[PathBuf], options: &SourceOptions) -> Vec<PlannedSource> {
    plan_with(paths, options, true)
}

/// Finds the sources among `paths`, which may be files, folders, archives and patterns (`tiles/**/*.gml`).
///
/// A folder or zip archive that is not itself a source (a GTFS feed is) stands for the files in it that an importer knows;
/// without `recursive`, folders in a folder are passed over. A file in an archive is called `archive.zip/inner/file.gml`,
/// one compressed with gzip by the name it has. Data files that a listed mapping file reads are dropped, as is a path listed
/// twice. With `options.map`, every listed table (CSV, JSON, GeoJSON) is read through that mapping. What cannot be read has
/// its place in the plan too, with the reason.
pub fn plan_with(paths: &[PathBuf], options: &SourceOptions, recursive: bool) -> Vec<PlannedSource> {
    let mut gathering = Gathering::new(options, recursive);
    let mut sorted: Vec<&PathBuf> = paths.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.into_iter().for_each(|path| gathering.add(path));
    let consumed: BTreeSet<PathBuf> = gathering
        .planned
        .iter()
        .filter_map(|p| p.importer.as_ref().ok().map(|i| i.consumes(&p.source)))
        .flatten()
        .filter_map(|p| p.canonicalize().ok())
        .collect();
    gathering.tell_unknown(&consumed);
    let mut planned = gathering.planned;
    // By name: where an archive is unpacked is another place each time.
    planned.sort_by(|a, b| Path::new(&a.source.name).cmp(Path::new(&b.source.name)));
    let mut seen = BTreeSet::new();
    planned.retain(|p| match p.source.path.canonicalize() {
        // A folder that is named for the files nobody reads in it may be a source too, or be named twice.
        Ok(real) => seen.insert((real.clone(), p.importer.is_err())) && !consumed.contains(&real),
        Err(_) => true,
    });
    planned
}

/// The system a new store for these sources should have: that of the first source in a projected one, else the zone that
/// suits the first source with a place, else `LOCAL`.
pub fn suggest_crs(sources: &[PlannedSource], feedback: &Feedback) -> Crs {
    let mut centre = None;
    for source in sources {
        let Some(profile) = source.importer.as_ref().ok().and_then(|i| i.probe(&source.source, feedback).ok()) else { continue };
        if let Some(SourceCrs::Crs(crs)) = &profile.crs
            && matches!(crs.kind(), Ok(CrsKind::Projected))
        {
            // Of two codes the store takes the first: a city's heights need not be over the level of one of its sources.
            return if crs.epsg_code().is_some() { crs.clone() } else { crs.horizontal() };
        }
        centre = centre.or(profile.centre_lonlat);
    }
    centre.and_then(|[lon, lat]| Crs::suggest(lon, lat).ok()).unwrap_or_else(Crs::local)
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
            Ok(importer) => match import_one(*importer, &planned.source, &mut counting, feedback) {
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

/// Imports one source, under its prefix where it has one.
fn import_one(importer: &dyn Importer, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let prefix = source.options.id_prefix.as_str();
    if prefix.is_empty() {
        return importer.import(source, sink, feedback);
    }
    let mut known = Ids { crs: sink.crs(), ids: HashSet::new() };
    importer.import(source, &mut known, feedback)?;
    let ids = known.ids;
    importer.import(source, &mut Prefixed { sink, prefix, ids: &ids }, feedback)
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

    fn written(&mut self, object: CityObject, attributes: Written) -> Result<(), SinkError> {
        self.objects += 1;
        self.sink.written(object, attributes)
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        self.sink.series(series)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        self.sink.image(image)
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        self.sink.about(about)
    }

    fn diagnostic(&mut self, mut diagnostic: Diagnostic) {
        self.diagnostics += 1;
        diagnostic.place.file.get_or_insert_with(|| self.file.to_owned());
        self.sink.diagnostic(diagnostic);
    }
}
