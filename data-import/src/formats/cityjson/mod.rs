//! CityJSON 1.0, 1.1 and 2.0, and CityJSONSeq: all levels of detail, all geometry types, semantics, materials, templates,
//! textures, attributes and extensions.
//!
//! A document is read whole, into flat arrays ([`model`], [`nested`]), because its vertices stand after everything that uses
//! them; a sequence is read line by line ([`sequence`]).

mod appearance;
mod check;
mod classes;
mod geometry;
mod instance;
mod json;
mod model;
mod nested;
mod objects;
mod points;
mod probe;
mod sequence;
mod surfaces;
mod values;
mod vertices;

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use crate::formats::findings::Findings;
use crate::images::Images;
use model::Document;
use objects::Objects;
use qike_core::{Diagnostic, Feedback};
use qike_scene::ObjectSink;
use std::io::{BufRead, Read};
use std::path::Path;
use vertices::{resolve_crs, usable_transform};

/// The importer's short name.
pub const NAME: &str = "cityjson";

/// A document of more bytes than this is refused (a sequence may be of any size).
const LIMIT: u64 = 16 << 30;

/// Versions whose structure this module reads.
const VERSIONS: [&str; 3] = ["1.0", "1.1", "2.0"];

/// CityJSON and CityJSONSeq.
pub struct CityJson;

impl Importer for CityJson {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "a CityJSON city model"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["city.json", "city.jsonl", "jsonl", "json"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let content = looks_like_cityjson(head);
        // `.json` alone says nothing: many formats end so.
        let named = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let ending = [".city.json", ".city.jsonl"].iter().any(|ending| named.ends_with(ending));
        Confidence::of(ending || content && self.has_ending(path), content)
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        probe::probe(source)
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = source.name.as_str();
        let mut reader = source.open()?;
        let mut first = Vec::new();
        sequence::read_line(&mut reader, &mut first, file)?;
        if first.is_empty() {
            return Err(ImportError::Empty { file: file.to_owned() });
        }
        let more = !reader.fill_buf().map_err(|e| ImportError::io(file, e))?.is_empty();
        if more {
            // A header on a line of its own: a sequence. (A document written over many lines does not end on its first.)
            if let Ok(header) = json::from_slice::<Document>(strip_bom(&first)) {
                let rest = skip_blank_lines(&mut reader, file)?;
                if rest {
                    check_kind(&header, file)?;
                    return sequence::import(source, header, reader, sink, feedback);
                }
            }
            let left = LIMIT.saturating_sub(first.len() as u64);
            Read::take(&mut reader, left).read_to_end(&mut first).map_err(|e| ImportError::io(file, e))?;
        }
        let task = feedback.task(format!("read {file}"), first.len() as u64);
        let document: Document = json::from_slice(strip_bom(&first)).map_err(|e| json_error(file, &e))?;
        task.advance(first.len() as u64);
        drop(first);
        drop(task);
        check_kind(&document, file)?;
        import_document(source, document, sink, feedback)
    }

    fn check(&self, source: &Source, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
        check::check(source, feedback)
    }
}

/// Imports a document that was read whole.
fn import_document(source: &Source, mut document: Document, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut findings = Findings::new(file);
    header_checks(&document, &mut findings, sink);
    let crs = resolve_crs(source, &document.metadata, sink)?;
    let projector = Projector::new(&crs, sink.crs(), file)?;
    let number = source.begin(NAME, &crs.to_string(), sink)?;
    let mut objects = Objects::new(number, projector, findings, Images::new(source), feedback);
    // Their lists are the document's own: as shared ones they are read once.
    let appearance = std::mem::take(&mut document.appearance);
    let shared = objects.shared(usable_transform(&document), &appearance, std::mem::take(&mut document.templates), sink)?;
    objects.give(document, &shared, sink)?;
    objects.finish(file, sink);
    Ok(())
}

/// What is doubtful about a document as a whole.
fn header_checks(document: &Document, findings: &mut Findings, sink: &mut dyn ObjectSink) {
    let version = document.version.as_str();
    if !VERSIONS.iter().any(|known| version == *known || version.starts_with(&format!("{known}."))) {
        let message = format!("the version is '{version}'; it is read like 2.0 (known are {})", VERSIONS.join(", "));
        findings.warn("cityjson-version", "", "/version", message, sink);
    }
    if document.transform.is_some() && usable_transform(document).is_none() {
        let message = "the transform holds something that is not a number; vertices are taken as they are".to_owned();
        findings.error("cityjson-bad-transform", "", "/transform", message, sink);
    }
}

/// Refuses JSON that is no CityJSON document.
fn check_kind(document: &Document, file: &str) -> Result<(), ImportError> {
    match document.kind.as_str() {
        "CityJSON" => Ok(()),
        "CityJSONFeature" => Err(ImportError::corrupt(
            file,
            "line 1",
            "a CityJSONFeature stands where the header of the sequence should; without its transform the feature has no place",
        )),
        "" => Err(ImportError::corrupt(file, "/type", "the document has no type; 'CityJSON' is needed")),
        other => Err(ImportError::corrupt(file, "/type", format!("the document's type is '{other}', not 'CityJSON'"))),
    }
}

/// Skips empty lines; true where something else follows.
fn skip_blank_lines(reader: &mut impl BufRead, file: &str) -> Result<bool, ImportError> {
    loop {
        let buffer = reader.fill_buf().map_err(|e| ImportError::io(file, e))?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let blank = buffer.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if blank < buffer.len() {
            // Whole blank lines only: a line's own indentation is harmless to lose.
            reader.consume(blank);
            return Ok(true);
        }
        reader.consume(blank);
    }
}

/// A JSON error with its place.
fn json_error(file: &str, error: &serde_json::Error) -> ImportError {
    let reason = if error.is_eof() { "the JSON is cut off".to_owned() } else { reason(error) };
    ImportError::corrupt(file, format!("line {}, column {}", error.line(), error.column()), reason)
}

/// serde_json's message without the place it appends.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn strip_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// A JSON object whose beginning has a `"type"` of `"CityJSON…"`, or CityJSON's other members where the type comes last.
fn looks_like_cityjson(head: &[u8]) -> bool {
    let head = strip_bom(head);
    if head.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return false;
    }
    let find = |needle: &[u8]| head.windows(needle.len()).position(|w| w == needle);
    let typed = || {
        let at = find(b"\"CityJSON")?;
        let before = head.get(..at)?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
        let after = head.get(at + 9..)?;
        let named = after.starts_with(b"\"") || after.starts_with(b"Feature\"");
        (before.ends_with(b"\"type\"") && named).then_some(())
    };
    typed().is_some() || find(b"\"CityObjects\"").is_some()
}
