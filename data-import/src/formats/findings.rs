//! Findings about a document, a hundred of each kind at most: a damaged file has as many faults as objects.

use qike_core::{Diagnostic, Severity};
use qike_scene::ObjectSink;
use std::collections::BTreeMap;

/// How many findings of one code are given out singly.
const SINGLY: u64 = 100;

/// Passes findings on to a sink and counts those it keeps back.
pub struct Findings {
    file: String,
    counts: BTreeMap<&'static str, (u64, Severity)>,
    /// Where the current feature stands, in a file of many lines.
    pub line: Option<u64>,
    /// What the finding under way is about.
    place: Option<[f64; 3]>,
}

impl Findings {
    /// None yet, about `file`.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), counts: BTreeMap::new(), line: None, place: None }
    }

    /// One finding about an object (or about none, where `object` is empty).
    pub fn add(&mut self, severity: Severity, code: &'static str, object: &str, path: &str, message: String, sink: &mut dyn ObjectSink) {
        let (count, _) = self.counts.entry(code).or_insert((0, severity));
        *count += 1;
        if *count > SINGLY {
            return;
        }
        let mut diagnostic = Diagnostic::new(severity, code, message).file(self.file.as_str());
        if !object.is_empty() {
            diagnostic = diagnostic.object(object);
        }
        if !path.is_empty() {
            diagnostic = diagnostic.path(path);
        }
        if let Some(line) = self.line {
            diagnostic = diagnostic.line(line);
        }
        if let Some(position) = self.place {
            diagnostic = diagnostic.position(position);
        }
        sink.diagnostic(diagnostic);
    }

    /// As [`Findings::warn`], about a place.
    pub fn warn_at(&mut self, code: &'static str, object: &str, path: &str, (position, message): ([f64; 3], String), sink: &mut dyn ObjectSink) {
        self.place = Some(position);
        self.warn(code, object, path, message, sink);
        self.place = None;
    }

    /// As [`Findings::add`], kept but doubtful.
    pub fn warn(&mut self, code: &'static str, object: &str, path: &str, message: String, sink: &mut dyn ObjectSink) {
        self.add(Severity::Warning, code, object, path, message, sink);
    }

    /// As [`Findings::add`], something was left out.
    pub fn error(&mut self, code: &'static str, object: &str, path: &str, message: String, sink: &mut dyn ObjectSink) {
        self.add(Severity::Error, code, object, path, message, sink);
    }

    /// Tells how many were kept back.
    pub fn finish(self, sink: &mut dyn ObjectSink) {
        for (code, (count, severity)) in self.counts {
            if count > SINGLY {
                let message = format!("{} more findings of this kind are not listed", count - SINGLY);
                sink.diagnostic(Diagnostic::new(severity, code, message).file(self.file.as_str()));
            }
        }
    }
}
