//! Plain tables and records without a mapping file: CSV, TSV and other delimited text, JSON arrays of records, records of
//! one a line (JSONL), and Parquet.
//!
//! A file is one of these only where it says where its records lie ([`features::columns`] knows the names); any other table
//! needs a mapping. The positions' system is the user's word, else a datum in the columns' names (GCJ-02, BD-09), else
//! WGS 84; x and y in metres need the user's word.

mod json;
mod parquet;

use super::features::columns::{self, Columns};
use super::features::identity::Given;
use super::features::text_file::TextFile;
use super::features::{self, Feature, Layer, Writer, centre_lonlat, delimited, text};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink, SourceId, Value};
use std::io::Read;
use std::path::Path;

/// Largest file of JSON, or in another encoding than UTF-8, bytes: these are read as a whole.
const LIMIT: u64 = 512 << 20;
/// Records that tell where a table's records lie, and in what system.
const PROBED: usize = 10_000;
/// Coordinates in x and y that are degrees in truth do not go beyond these.
const DEGREES: [f64; 2] = [180.0, 90.0];

/// The importer.
pub struct Records;

/// Line and fields of a record, or line and reason of one left out.
type Row = Result<(Option<u64>, Attributes), (u64, String)>;

/// A file's records.
#[derive(Default)]
pub(super) struct Document {
    /// Names of the columns, where the file states them apart from its records.
    pub header: Vec<String>,
    /// Line and fields of each, or of the first ones.
    pub records: Vec<(Option<u64>, Attributes)>,
    /// Those after them, where the file is read as it goes.
    pub rest: Option<Box<dyn Iterator<Item = Row>>>,
    /// Line and reason of those left out.
    pub bad: Vec<(u64, String)>,
    /// Characters that could not be decoded.
    pub lost: usize,
    /// The system of its positions, where the file states one.
    pub crs: Option<String>,
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet") || e.eq_ignore_ascii_case("geoparquet"))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn read(source: &Source) -> Result<Document, ImportError> {
    if is_parquet(&source.path) {
        return parquet::read(source);
    }
    let mut head = Vec::new();
    source.open()?.take(4096).read_to_end(&mut head).map_err(|e| ImportError::io(&source.name, e))?;
    if is_json(&text::decode_head(&head)) {
        let bytes = source.read(LIMIT)?;
        let decoded = text::decode(&bytes);
        let mut document = json::read(&decoded.text, &source.name)?;
        document.lost = decoded.lost;
        return Ok(document);
    }
    let file = TextFile::open(source, LIMIT)?;
    let lost = file.lost();
    let rows = delimited::Rows::new(file.into_reader(&source.name)?).map_err(|reason| ImportError::corrupt(&source.name, "line 1", reason))?;
    let header = rows.header.clone();
    let named = header.clone();
    let mut rows = rows.map(move |row| row.map(|(line, row)| (Some(line), named.iter().cloned().zip(row.into_iter().map(Value::String)).collect())));
    let mut document = Document { header, lost, ..Document::default() };
    for row in rows.by_ref().take(PROBED) {
        match row {
            Ok(record) => document.records.push(record),
            Err(bad) => document.bad.push(bad),
        }
    }
    document.rest = Some(Box::new(rows));
    Ok(document)
}

impl Document {
    /// Where the records lie, by the names of the first ones' fields.
    pub fn columns(&self) -> Option<Columns> {
        let first: Vec<&Attributes> = self.records.iter().take(100).map(|(_, r)| r).collect();
        // Where no row is whole, the header still says what they should hold.
        columns::find_in(&first).or_else(|| columns::find(self.header.iter().map(String::as_str)).filter(|_| first.is_empty()))
    }
}

/// The columns of a document that must have some.
fn columns_of(document: &Document, name: &str) -> Result<Columns, ImportError> {
    document.columns().ok_or_else(|| {
        let first = document.records.first().into_iter().flat_map(|(_, r)| r.keys());
        let names: Vec<&str> = first.map(String::as_str).take(20).collect();
        let reason = format!("no columns of positions among: {}; name them lon and lat (经度, 纬度) or write a mapping file", names.join(", "));
        ImportError::corrupt(name, "the header", reason)
    })
}

/// The system of the positions.
fn crs_of(source: &Source, document: &Document, columns: &Columns) -> Result<SourceCrs, ImportError> {
    if let Some(said) = &source.options.source_crs {
        return Ok(said.clone());
    }
    if let Some(own) = &document.crs {
        return SourceCrs::parse(own).map_err(|e| ImportError::crs(&source.name, e));
    }
    if let Columns::LonLat { datum: Some(datum), .. } = columns {
        return Ok(datum.clone());
    }
    let mut first = positions(document, columns).take(100);
    let in_degrees = first.all(|p| p[0].abs() <= DEGREES[0] && p[1].abs() <= DEGREES[1]);
    if in_degrees || matches!(columns, Columns::LonLat { .. }) {
        return Ok(SourceCrs::Crs(Crs::wgs84()));
    }
    let reason = "the positions are no degrees, and nothing says in which system they are; name it with --source-crs EPSG:n";
    Err(ImportError::no_crs(&source.name, "the header", reason))
}

fn positions<'a>(document: &'a Document, columns: &'a Columns) -> impl Iterator<Item = [f64; 3]> + 'a {
    document.records.iter().filter_map(|(_, r)| columns.shape(r).ok()??.first())
}

impl Importer for Records {
    fn name(&self) -> &'static str {
        "records"
    }

    fn title(&self) -> &'static str {
        "a table with positions"
    }

    fn endings(&self) -> &'static [&'static str] {
        // Tables without positions have these endings too, and are not refused as something else: see `sniff`.
        &["csv", "tsv", "jsonl", "ndjson", "parquet", "geoparquet"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        if head.starts_with(parquet::MAGIC) {
            // Its columns stand at its end, out of sight here.
            return Confidence::of(self.has_ending(path), is_parquet(path));
        }
        if is_parquet(path) {
            return Confidence::Ending;
        }
        let text = text::decode_head(head);
        let content = if is_json(&text) {
            json::first_record(&text).is_some_and(|r| columns::find(r.keys().map(String::as_str)).is_some())
        } else {
            let ending = self.has_ending(path) || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("txt"));
            ending && !text.contains('\0') && columns::find(delimited::header(&text).iter().map(String::as_str)).is_some()
        };
        if content { Confidence::of(self.has_ending(path), true) } else { Confidence::No }
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let document = read(source)?;
        let columns = columns_of(&document, &source.name)?;
        let crs = crs_of(source, &document, &columns)?;
        // Zeros stand for "unknown" in many tables and would pull the middle away.
        let placed = positions(&document, &columns).filter(|p| p[0] != 0.0 || p[1] != 0.0);
        Ok(Profile { centre_lonlat: centre_lonlat(&crs, placed), crs: Some(crs) })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let document = read(source)?;
        let columns = columns_of(&document, &source.name)?;
        let crs = crs_of(source, &document, &columns)?;
        let projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let id = source.begin(self.name(), &crs.to_string(), sink)?;
        write(document, Some(&columns), projector, (source, id), sink, feedback)
    }
}

/// Where a document's records lie: its columns and their system; `None` where it has no positions.
pub(super) fn place(document: &Document, source: &Source) -> Result<Option<(Columns, SourceCrs, Option<[f64; 2]>)>, ImportError> {
    let Some(columns) = document.columns() else { return Ok(None) };
    let crs = crs_of(source, document, &columns)?;
    let centre = centre_lonlat(&crs, positions(document, &columns));
    Ok(Some((columns, crs, centre)))
}

/// Gives the objects of a document to the sink.
pub(super) fn write(
    document: Document, columns: Option<&Columns>, projector: Projector, (source, id): (&Source, SourceId), sink: &mut dyn ObjectSink, feedback: &Feedback,
) -> Result<(), ImportError> {
    TextFile::report(document.lost, &source.name, sink);
    let stem = features::stem(&source.path);
    let mut given = Given::default();
    let mut writer = Writer::new(Layer { name: &stem, prefix: &stem }, source, id, projector, &mut given);
    let known = if document.rest.is_some() { 0 } else { document.records.len() as u64 };
    let task = feedback.task(format!("read {}", source.name), known);
    let (mut nowhere, mut first_nowhere) = (0u64, None);
    let bad = document.bad.into_iter().map(Err);
    let rows = bad.chain(document.records.into_iter().map(Ok)).chain(document.rest.into_iter().flatten());
    let mut i = 0;
    for row in rows {
        let (line, attributes) = match row {
            Ok(record) => record,
            Err((line, reason)) => {
                writer.error("row-bad", "", Some(line), "", format!("{reason}; it is left out"), sink);
                continue;
            }
        };
        features::check_every(i, feedback)?;
        task.advance(1);
        i += 1;
        let mut feature = Feature { number: i, line, attributes, ..Default::default() };
        match columns.map_or(Ok(None), |c| c.shape(&feature.attributes)) {
            Ok(Some(shape)) => feature.shape = Some(shape),
            Ok(None) => {
                nowhere += 1;
                first_nowhere.get_or_insert_with(|| (writer.id(&feature), line));
            }
            Err(reason) => {
                let name = writer.id(&feature);
                writer.error("position-bad", &name, line, "", format!("{reason}; the record is left out"), sink);
                continue;
            }
        }
        if let Some(columns) = columns {
            feature.attributes.retain(|key, _| !columns.is_geometry_text(key));
        }
        writer.write(feature, sink)?;
    }
    if let Some((name, line)) = first_nowhere {
        let message = format!("{nowhere} records have no position; they are kept as objects without a shape");
        let mut diagnostic = Diagnostic::warning("position-missing", message).object(name).file(&source.name);
        if let Some(line) = line {
            diagnostic = diagnostic.line(line);
        }
        sink.diagnostic(diagnostic);
    }
    writer.finish(sink);
    Ok(())
}
