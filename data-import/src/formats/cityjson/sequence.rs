//! CityJSONSeq: a header on the first line, then one feature a line, so that a file of any size needs the memory of its
//! largest feature. A line that cannot be read is left out with its number; the others stay.

use crate::formats::findings::Findings;
use super::model::Document;
use super::objects::{Objects, Shared};
use super::vertices::{resolve_crs, usable_transform};
use super::{NAME, header_checks};
use crate::{ImportError, Projector, Source};
use qike_core::Feedback;
use qike_scene::ObjectSink;
use std::io::BufRead;

/// A line longer than this is no feature.
const LINE_LIMIT: u64 = 1 << 30;

/// Reads one line without its end; `None` at the end of the file. Lines are refused beyond [`LINE_LIMIT`].
pub fn read_line<'l>(reader: &mut impl BufRead, line: &'l mut Vec<u8>, file: &str) -> Result<Option<&'l [u8]>, ImportError> {
    line.clear();
    let count = std::io::Read::take(&mut *reader, LINE_LIMIT).read_until(b'\n', line).map_err(|e| ImportError::io(file, e))?;
    if count as u64 == LINE_LIMIT {
        return Err(ImportError::corrupt(file, "a line", "the line is longer than 1 GiB"));
    }
    Ok((count > 0).then(|| line.trim_ascii()))
}

/// Imports the features after a header that was read already from line 1.
pub fn import(
    source: &Source, header: Document, mut reader: impl BufRead, sink: &mut dyn ObjectSink, feedback: &Feedback,
) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut findings = Findings::new(file);
    header_checks(&header, &mut findings, sink);
    let crs = resolve_crs(source, &header.metadata, sink)?;
    let projector = Projector::new(&crs, sink.crs(), file)?;
    let transform = usable_transform(&header);
    let number = source.begin(NAME, &crs.to_string(), sink)?;
    let mut objects = Objects::new(number, projector, findings, feedback);
    let mut header = header;
    let shared = Shared::new(transform, &header.appearance, std::mem::take(&mut header.templates));
    // The header may hold objects of its own.
    objects.give(header, &shared, sink)?;

    let task = feedback.task(format!("read {file}"), 0);
    let mut line = Vec::new();
    let mut count = 1;
    while let Some(text) = read_line(&mut reader, &mut line, file)? {
        count += 1;
        feedback.check()?;
        task.advance(1);
        if text.is_empty() {
            continue;
        }
        objects.findings.line = Some(count);
        match serde_json::from_slice::<Document>(text) {
            Ok(feature) if feature.kind == "CityJSONFeature" => objects.give(feature, &shared, sink)?,
            Ok(other) => {
                let message = format!("the line is left out: its type is '{}', not CityJSONFeature", other.kind);
                objects.findings.error("cityjsonseq-bad-line", other.id.as_deref().unwrap_or(""), "/type", message, sink);
            }
            Err(error) => {
                let message = format!("the line is left out: {} at column {}", super::reason(&error), error.column());
                objects.findings.error("cityjsonseq-bad-line", "", "", message, sink);
            }
        }
    }
    objects.findings.line = None;
    objects.finish(file, sink);
    Ok(())
}
