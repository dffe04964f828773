//! Shapefiles: `.shp` with its `.dbf`, `.prj` and `.cpg` beside it, and a `.dbf` alone as a table.
//!
//! Only the `.shp` must be there. Without `.dbf` features have no attributes; without `.prj` coordinates that can be degrees
//! are taken for those of WGS 84; an index (`.shx`) is not needed. Each of these is told.

mod dbf;
mod encoding;
mod files;
mod shp;

use super::features::identity::Given;
use super::features::{self, Feature, Layer, Writer, centre_lonlat};
use super::records::{self, Document};
use crate::source::content_hash;
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use dbf::{Row, Table};
use files::Files;
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// The importer.
pub struct Shapefile;

/// A lone table with more rows than this is not held in memory.
const MOST_ROWS: usize = 5_000_000;

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("dbf"))
}

fn open(path: &Path, name: &str) -> Result<(File, u64), ImportError> {
    let file = File::open(path).map_err(|e| ImportError::io(name, e))?;
    let size = file.metadata().map_err(|e| ImportError::io(name, e))?.len();
    Ok((file, size))
}

/// The table of a set of files, with its own name for messages.
fn table(path: &Path, files: &Files, source: &Source) -> Result<(Table<File>, String), ImportError> {
    let name = source.name_beside(path);
    let (file, size) = open(path, &name)?;
    Table::open(file, size, files.encoding().0).map(|t| (t, name.clone())).map_err(|e| ImportError::io(&name, e))
}

/// The system of the coordinates: the user's word, the `.prj`, else WGS 84 where the box in the header can be degrees. The
/// flag says that it was guessed.
fn system(source: &Source, files: &Files, head: &[u8]) -> Result<(SourceCrs, bool), ImportError> {
    if let Some(said) = &source.options.source_crs {
        return Ok((said.clone(), false));
    }
    if let Some(wkt) = files.wkt() {
        let crs = SourceCrs::parse(authority(&wkt).as_deref().unwrap_or(&wkt)).or_else(|_| SourceCrs::parse(&wkt));
        return crs.map(|c| (c, false)).map_err(|e| ImportError::crs(&source.name, e));
    }
    let degrees = shp::extent(head).is_some_and(|[w, s, e, n]| w >= -180.0 && s >= -90.0 && e <= 180.0 && n <= 90.0);
    if degrees {
        return Ok((SourceCrs::Crs(Crs::wgs84()), true));
    }
    let reason = "there is no .prj beside it, and the coordinates are no degrees; name their system with --source-crs EPSG:n";
    Err(ImportError::no_crs(&source.name, "the missing .prj", reason))
}

/// The EPSG code that ends a definition: `…,AUTHORITY["EPSG","4549"]]`.
fn authority(wkt: &str) -> Option<String> {
    let squeezed: String = wkt.chars().filter(|c| !c.is_whitespace()).collect();
    let rest = squeezed.strip_suffix("\"]]").or_else(|| squeezed.strip_suffix("]]"))?;
    let (before, code) = rest.rsplit_once(',')?;
    let code = code.trim_matches('"');
    let named = before.ends_with("AUTHORITY[\"EPSG\"") || before.ends_with("ID[\"EPSG\"");
    (named && !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit())).then(|| format!("EPSG:{code}"))
}

fn head(source: &Source) -> Result<[u8; 100], ImportError> {
    use std::io::Read;
    let mut head = [0; 100];
    source.open()?.read_exact(&mut head).map_err(|e| ImportError::io(&source.name, e))?;
    Ok(head)
}

/// All rows of a lone table.
fn rows(source: &Source) -> Result<(Document, Vec<String>), ImportError> {
    let files = Files::of(&source.path);
    let (mut table, name) = table(&source.path, &files, source)?;
    let mut document = Document::default();
    while let Some(row) = table.next().map_err(|e| ImportError::io(&name, e))? {
        if document.records.len() >= MOST_ROWS {
            return Err(ImportError::corrupt(&name, format!("row {MOST_ROWS}"), "the table has more rows than are read without a geometry"));
        }
        if let Row::Fields(fields) = row {
            document.records.push((None, fields));
        }
    }
    Ok((document, table.findings))
}

impl Importer for Shapefile {
    fn name(&self) -> &'static str {
        "shapefile"
    }

    fn title(&self) -> &'static str {
        "a Shapefile"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["shp", "dbf"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let ending = self.has_ending(path);
        // A .shx begins like a .shp, so the content alone says nothing.
        let content = if is_table(path) { dbf::is_dbf(head) } else { ending && shp::is_shp(head) };
        Confidence::of(ending, content)
    }

    fn consumes(&self, source: &Source) -> Vec<PathBuf> {
        Files::of(&source.path).beside()
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        if is_table(&source.path) {
            let found = records::place(&rows(source)?.0, source)?;
            return Ok(found.map_or(Profile::default(), |(_, crs, centre_lonlat)| Profile { crs: Some(crs), centre_lonlat }));
        }
        let head = head(source)?;
        let (crs, _) = system(source, &Files::of(&source.path), &head)?;
        let middle = shp::extent(&head).map(|[w, s, e, n]| [0.5 * (w + e), 0.5 * (s + n), 0.0]);
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, middle.into_iter()), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        if is_table(&source.path) { import_table(source, sink, feedback) } else { import_shapes(source, sink, feedback) }
    }
}

fn import_table(source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let (document, findings) = rows(source)?;
    let place = records::place(&document, source)?;
    // Records without a position need no way to the sink's system.
    let crs = place.as_ref().map_or_else(|| SourceCrs::Crs(sink.crs().clone()), |(_, crs, _)| crs.clone());
    let projector = Projector::new(&crs, sink.crs(), &source.name)?;
    let id = source.begin(Shapefile.name(), &crs.to_string(), sink)?;
    tell("table-broken", findings, &source.name, sink);
    records::write(document, place.as_ref().map(|(columns, _, _)| columns), projector, (source, id), sink, feedback)
}

fn tell(code: &'static str, findings: Vec<String>, file: &str, sink: &mut dyn ObjectSink) {
    for message in findings {
        sink.diagnostic(Diagnostic::warning(code, message).file(file));
    }
}

/// The table beside a Shapefile; without one, or with a broken one, the shapes are imported all the same.
fn attributes(files: &Files, source: &Source, sink: &mut dyn ObjectSink) -> Option<(Table<File>, String)> {
    let Some(path) = files.part("dbf") else {
        let help = "look for the .dbf of the same name where the file came from";
        sink.diagnostic(Diagnostic::warning("shapefile-dbf-missing", "there is no .dbf beside it, so its features have no attributes").file(&source.name).help(help));
        return None;
    };
    match table(path, files, source) {
        Ok((mut table, name)) => {
            tell("table-broken", std::mem::take(&mut table.findings), &name, sink);
            Some((table, name))
        }
        Err(error) => {
            let message = format!("its table cannot be read, so its features have no attributes: {error}");
            sink.diagnostic(Diagnostic::error("table-broken", message).file(&source.name));
            None
        }
    }
}

fn import_shapes(source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let files = Files::of(&source.path);
    let (crs, guessed) = system(source, &files, &head(source)?)?;
    let projector = Projector::new(&crs, sink.crs(), &source.name)?;
    let (file, size) = open(&source.path, &source.name)?;
    let mut shapes = shp::Records::new(BufReader::with_capacity(256 * 1024, file), size).map_err(|end| match end {
        shp::End::Cut(at, reason) => ImportError::corrupt(&source.name, format!("byte {at}"), reason),
        shp::End::Io(error) => ImportError::io(&source.name, error),
    })?;
    let hash = content_hash(&files.read()).map_err(|e| ImportError::io(&source.name, e))?;
    let id = source.begin_hashed(Shapefile.name(), &crs.to_string(), hash, sink)?;
    if guessed {
        let message = "there is no .prj beside it; its coordinates are taken for degrees of WGS 84";
        sink.diagnostic(Diagnostic::warning("crs-missing", message).file(&source.name).help("name the system with --source-crs"));
    }
    if files.part("shx").is_none() {
        sink.diagnostic(Diagnostic::info("shapefile-shx-missing", "there is no .shx beside it; the shapes were read one after the other").file(&source.name));
    }
    if let (None, Some(text)) = files.encoding() {
        let message = format!("the .cpg names the encoding '{text}', which is not known; it was told by the texts");
        sink.diagnostic(Diagnostic::warning("text-encoding", message).file(&source.name));
    }
    let mut table = attributes(&files, source, sink);
    let stem = features::stem(&source.path);
    let mut given = Given::default();
    let mut writer = Writer::new(Layer { name: &stem, prefix: &stem }, source, id, projector, &mut given);
    let task = feedback.task(format!("read {}", source.name), size);
    let (mut number, mut without, mut deleted, mut measured) = (0usize, 0u64, 0u64, 0u64);
    while let Some(record) = shapes.next() {
        number += 1;
        features::check_every(number, feedback)?;
        let record = match record {
            Ok(record) => record,
            Err(shp::End::Io(error)) => return Err(ImportError::io(&source.name, error)),
            Err(shp::End::Cut(at, reason)) => {
                writer.error("file-cut", "", None, &format!("byte {at}"), format!("record {number}: {reason}; the rest of the file is left out"), sink);
                break;
            }
        };
        let fields = match row(&mut table) {
            Ok(Some(Row::Fields(fields))) => fields,
            Ok(Some(Row::Deleted)) => {
                deleted += 1;
                continue;
            }
            Ok(None) => {
                without += u64::from(table.is_some());
                Attributes::new()
            }
            Err(reason) => {
                writer.error("table-broken", "", None, &format!("row {number}"), format!("{reason}; the features from here on have no attributes"), sink);
                table = None;
                Attributes::new()
            }
        };
        let mut feature = Feature { number, attributes: fields, in_space: record.in_space, ..Default::default() };
        match record.shape {
            Ok(shape) => feature.shape = shape,
            Err(reason) => {
                let name = writer.id(&feature);
                writer.error("geometry-bad", &name, None, &format!("byte {}", record.at), format!("{reason}; the feature is left out"), sink);
                continue;
            }
        }
        measured += u64::from(record.measured);
        writer.write(feature, sink)?;
    }
    task.advance(size);
    let mut count = |code: &'static str, count: u64, what: &str| {
        if count > 0 {
            sink.diagnostic(Diagnostic::warning(code, format!("{count} {what}")).file(&source.name));
        }
    };
    count("table-short", without, "features have no row in the table and no attributes");
    count("records-deleted", deleted, "features are marked as deleted in the table and are left out");
    count("measures-dropped", measured, "features have measures (M), which are not kept");
    writer.finish(sink);
    Ok(())
}

fn row(table: &mut Option<(Table<File>, String)>) -> Result<Option<Row>, String> {
    match table {
        Some((table, name)) => table.next().map_err(|e| format!("{name}: {e}")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_at_the_end_of_a_definition() {
        let wkt = "PROJCS[\"x\",GEOGCS[\"y\",AUTHORITY[\"EPSG\",\"4490\"]],\n  AUTHORITY[\"EPSG\", \"4549\"] ]";
        assert_eq!(authority(wkt).as_deref(), Some("EPSG:4549"));
        assert_eq!(authority("PROJCS[\"x\",GEOGCS[\"y\",AUTHORITY[\"EPSG\",\"4490\"]],UNIT[\"m\",1]]"), None);
        assert_eq!(authority(""), None);
    }
}
