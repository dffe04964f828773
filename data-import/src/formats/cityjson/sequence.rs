//! CityJSONSeq: a header on the first line, then one feature a line, so that a file of any size needs the memory of its
//! largest feature. A line that cannot be read is left out with its number; the others stay.

use crate::formats::findings::Findings;
use super::json;
use super::model::Document;
use super::objects::Objects;
use crate::images::Images;
use super::vertices::{resolve_crs, usable_transform};
use super::{NAME, header_checks};
use crate::{ImportError, Projector, Source};
use qike_core::Feedback;
use qike_scene::ObjectSink;
use std::io::BufRead;
use std::sync::mpsc::{SyncSender, sync_channel};

/// A line longer than this is no feature.
const LINE_LIMIT: u64 = 1 << 30;

/// Text that is parsed before it is handed on, and how many such batches may wait.
const BATCH_BYTES: usize = 256 << 10;
const AHEAD: usize = 4;

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
    source: &Source, header: Document, mut reader: impl BufRead + Send, sink: &mut dyn ObjectSink, feedback: &Feedback,
) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut findings = Findings::new(file);
    header_checks(&header, &mut findings, sink);
    let crs = resolve_crs(source, &header.metadata, sink)?;
    let projector = Projector::new(&crs, sink.crs(), file)?;
    let transform = usable_transform(&header);
    let number = source.begin(NAME, &crs.to_string(), sink)?;
    let mut objects = Objects::new(number, projector, findings, Images::new(source), feedback);
    let mut header = header;
    let appearance = std::mem::take(&mut header.appearance);
    let shared = objects.shared(transform, &appearance, std::mem::take(&mut header.templates), sink)?;
    // The header may hold objects of its own.
    objects.give(header, &shared, sink)?;

    let task = feedback.task(format!("read {file}"), 0);
    // Another thread reads and parses ahead, a few batches at most; dropping its receiver ends it.
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || parse_ahead(&mut reader, file, &sender));
        for batch in receiver {
            feedback.check()?;
            for (line, text_or_feature) in batch? {
                task.advance(1);
                objects.findings.line = Some(line);
                match text_or_feature {
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
        }
        Ok::<(), ImportError>(())
    })?;
    objects.findings.line = None;
    objects.finish(file, sink);
    Ok(())
}

/// Lines with their numbers, and what they hold.
type Batch = Vec<(u64, Result<Document, serde_json::Error>)>;

/// Reads the features after line 1 in batches, until the file ends or nobody wants more.
fn parse_ahead(reader: &mut impl BufRead, file: &str, to: &SyncSender<Result<Batch, ImportError>>) {
    let (mut line, mut number, mut batch, mut bytes) = (Vec::new(), 1, Batch::new(), 0);
    loop {
        let text = match read_line(reader, &mut line, file) {
            Ok(Some(text)) => text,
            Ok(None) => break,
            Err(error) => {
                let _ = to.send(Ok(batch)).and_then(|()| to.send(Err(error)));
                return;
            }
        };
        number += 1;
        if text.is_empty() {
            continue;
        }
        batch.push((number, json::from_slice(text)));
        bytes += text.len();
        if bytes >= BATCH_BYTES {
            bytes = 0;
            if to.send(Ok(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
    }
    // Who left meanwhile wants no more.
    let _ = to.send(Ok(batch));
}
