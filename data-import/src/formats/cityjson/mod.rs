//! CityJSON 1.0, 1.1 and 2.0, and CityJSONSeq: all levels of detail, all geometry types, semantics, materials, templates,
//! textures, attributes and extensions.
//!
//! A document is passed through twice, because its vertices stand after everything that uses them: once for all but its objects
//! ([`layout`]), then object by object ([`document`]); a sequence is read line by line ([`sequence`]). JSON is read by [`json`],
//! nested arrays of numbers by [`arrays`].

mod appearance;
mod arrays;
mod check;
mod classes;
mod document;
mod family;
mod geometry;
mod instance;
mod json;
mod layout;
mod maps;
mod model;
mod nested;
mod numbers;
mod objects;
mod points;
mod probe;
mod sequence;
mod skip;
mod surfaces;
mod values;
mod vertices;
mod window;

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use crate::ahead::ahead;
use crate::formats::findings::Findings;
use crate::images::Images;
use document::Lines;
use layout::Layout;
use maps::Maps;
use model::Head;
use objects::{Objects, Within};
use qike_core::{Diagnostic, Feedback};
use qike_scene::ObjectSink;
use serde::Deserialize;
use std::io::{BufRead, Read};
use std::path::Path;
use vertices::{Vertices, resolve_crs};
use window::{Fault, Window};

/// The importer's short name.
pub const NAME: &str = "cityjson";

/// A document of more bytes than this is not checked (a sequence may be of any size).
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
        ahead(sink, |sink| import(source, sink, feedback))
    }

    fn check(&self, source: &Source, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
        check::check(source, feedback)
    }
}

/// Both passes.
fn import(source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut maps = Maps::default();
    let mut window = Window::new(Hashing { from: source.open()?, hasher: blake3::Hasher::new() }, 0);
    if !window.more().map_err(|fault| told(fault, source, 0))? {
        return Err(ImportError::Empty { file: file.to_owned() });
    }
    let layout = Layout::read(&mut window, &mut maps).map_err(|fault| told(fault, source, window.offset()))?;
    let end = window.offset();
    let over = window.peek().map_err(|fault| told(fault, source, end))?.is_none();
    // A header on a line of its own, and something after it: a sequence.
    let is_sequence = !over && Lines::new(source).of(end)?.0 == 1 && Lines::new(source).of(window.offset())?.0 > 1;
    if !over && !is_sequence {
        return Err(told(Fault::Json, source, window.offset()));
    }
    check_kind(&layout.head, file)?;
    let hash = if over { Some(window.into_inner().hasher.finalize().to_hex().to_string()) } else { None };
    feedback.check()?;
    Import { source, end: is_sequence.then_some(end), hash, maps }.run(layout, sink, feedback)
}

/// An import after the first pass.
struct Import<'s> {
    source: &'s Source,
    /// Where features follow, in a sequence.
    end: Option<u64>,
    /// Of the file's bytes, where they were all seen.
    hash: Option<String>,
    maps: Maps,
}

impl Import<'_> {
    fn run(mut self, mut layout: Layout, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let source = self.source;
        let file = source.name.as_str();
        let mut findings = Findings::new(file);
        header_checks(&layout.head, &mut findings, sink);
        let crs = resolve_crs(source, &layout.head.metadata, sink)?;
        let projector = Projector::new(&crs, sink.crs(), file)?;
        let number = match self.hash.take() {
            Some(hash) => source.begin_hashed(NAME, &crs.to_string(), hash, sink)?,
            None => source.begin(NAME, &crs.to_string(), sink)?,
        };
        source.tell(layout.head.about(), sink)?;
        let mut objects = Objects::new(number, projector, findings, Images::new(source), feedback);
        self.give(layout, &mut objects, sink)?;
        objects.finish(file, sink);
        Ok(())
    }

    /// Gives out the document's objects, then the features of a sequence.
    fn give(&mut self, mut layout: Layout, objects: &mut Objects, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let source = self.source;
        if let Some(offset) = layout.objects.filter(|_| !layout.family.unknown().is_empty()) {
            let mut window = document::from(source, offset)?;
            layout.find_unknown(&mut window, &mut self.maps).map_err(|fault| told(fault, source, window.offset()))?;
        }
        layout.family.complete();
        let Layout { head, vertices, family, objects: offset, .. } = layout;
        let shared = objects.shared(head.transform, &head.appearance, head.templates, sink)?;
        if let Some(offset) = offset {
            let mut vertices = Vertices::new(vertices, shared.transform);
            let mut within = Within { vertices: &mut vertices, family: &family, looks: shared.looks.lists(), templates: &shared.templates };
            document::give(source, offset, &mut self.maps, objects, &mut within, sink)?;
        }
        match self.end {
            Some(end) => sequence::give(source, end, &mut self.maps, objects, &shared, sink),
            None => Ok(()),
        }
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    from: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}

/// What is doubtful about a document as a whole.
fn header_checks(head: &Head, findings: &mut Findings, sink: &mut dyn ObjectSink) {
    let version = head.version.as_str();
    if !VERSIONS.iter().any(|known| version == *known || version.starts_with(&format!("{known}."))) {
        let message = format!("the version is '{version}'; it is read like 2.0 (known are {})", VERSIONS.join(", "));
        findings.warn("cityjson-version", "", "/version", message, sink);
    }
    for (key, why) in &head.left_out {
        let message = format!("'{key}', a property of the file as a whole, is left out: {why}");
        findings.warn("cityjson-root-property", "", &format!("/{key}"), message, sink);
    }
    if head.bad_transform {
        let message = "the transform is not six numbers, three of a scale and three of a translation; vertices are taken as they are".to_owned();
        findings.error("cityjson-bad-transform", "", "/transform", message, sink);
    }
}

/// Refuses JSON that is no CityJSON document.
fn check_kind(head: &Head, file: &str) -> Result<(), ImportError> {
    match head.kind.as_str() {
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

/// A fault with its place; `offset` is where the window began.
fn told(fault: Fault, source: &Source, offset: u64) -> ImportError {
    let file = source.name.as_str();
    let place = |error: Option<&serde_json::Error>| match (Lines::new(source).of(offset), error) {
        (Ok(place), Some(error)) => document::within(place, error),
        (Ok(place), None) => place,
        (Err(_), _) => (1, 1),
    };
    let corrupt = |(line, column), reason: String| ImportError::corrupt(file, format!("line {line}, column {column}"), reason);
    match fault {
        Fault::Io(error) => ImportError::io(file, error),
        Fault::TooLarge => corrupt(place(None), format!("the value is larger than {} MiB", window::LARGEST >> 20)),
        Fault::Kind(path, what) => {
            let (line, column) = place(None);
            ImportError::corrupt(file, path, format!("it is not {what} (line {line}, column {column})"))
        }
        Fault::Value(error) => corrupt(place(Some(&error)), reason(&error)),
        Fault::Json => match syntax_error(source) {
            Some(error) => json_error(file, &error),
            None => corrupt(place(None), "the JSON cannot be read here".to_owned()),
        },
    }
}

/// What serde_json says is wrong with a file.
fn syntax_error(source: &Source) -> Option<serde_json::Error> {
    let mut reader = source.open().ok()?;
    let bom = reader.fill_buf().ok()?.starts_with(b"\xEF\xBB\xBF");
    reader.consume(if bom { 3 } else { 0 });
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    serde::de::IgnoredAny::deserialize(&mut deserializer).and_then(|_| deserializer.end()).err()
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
