//! CityJSON by its rules (specification 1.0 to 2.0): what its schemas ask for, and what no schema can say – parents and children,
//! vertex numbers, the shape of semantics, materials and textures, extensions. The codes `cj-…` follow the kinds of findings of
//! cjval, the format's own validator.
//!
//! A document is read twice: first its header (vertices stand last), then object by object, so that memory holds one object.

mod appearance;
mod extension;
mod geometry;
mod header;
mod object;

use super::{VERSIONS, json_error, reason, sequence, skip_blank_lines, strip_bom};
use crate::{ImportError, Source};
use extension::Extensions;
use header::Header;
use object::Objects;
use qike_core::{Diagnostic, Feedback, Severity};
use qike_scene::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Read};

/// Findings of one code that are given out singly.
const SINGLY: u64 = 200;

/// Checks a document or a sequence.
pub fn check(source: &Source, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let file = source.name.as_str();
    let mut told = Told::default();
    let mut reader = source.open()?;
    let mut bytes = Vec::new();
    sequence::read_line(&mut reader, &mut bytes, file)?;
    let first: Result<Header, _> = serde_json::from_slice(strip_bom(&bytes));
    if let Ok(header) = first
        && skip_blank_lines(&mut reader, file)?
    {
        told.line = Some(1);
        let context = Context::new(header, source, &mut told);
        check_sequence(&context, reader, &mut told, feedback, file)?;
        return Ok(told.finish());
    }
    let limit = super::LIMIT.saturating_sub(bytes.len() as u64);
    reader.take(limit).read_to_end(&mut bytes).map_err(|e| ImportError::io(file, e))?;
    let bytes = strip_bom(&bytes);
    let header: Header = serde_json::from_slice(bytes).map_err(|e| json_error(file, &e))?;
    feedback.check()?;
    if header.kind.as_str() != Some("CityJSON") {
        told.error("cj-schema", "", "/type", format!("the type is {}, not \"CityJSON\"", brief(&header.kind)));
        return Ok(told.finish());
    }
    let context = Context::new(header, source, &mut told);
    let mut objects = Objects::new(&context);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Walk { objects: &mut objects, told: &mut told }.deserialize(&mut deserializer).map_err(|e| json_error(file, &e))?;
    objects.finish(&context.header, &mut told);
    Ok(told.finish())
}

/// The features of a sequence, each with vertices and an appearance of its own.
fn check_sequence(context: &Context, mut reader: impl BufRead, told: &mut Told, feedback: &Feedback, file: &str) -> Result<(), ImportError> {
    let (mut line, mut number) = (Vec::new(), 1);
    loop {
        feedback.check()?;
        line.clear();
        sequence::read_line(&mut reader, &mut line, file)?;
        if line.is_empty() {
            return Ok(());
        }
        number += 1;
        told.line = Some(number);
        if line.trim_ascii().is_empty() {
            continue;
        }
        let header: Header = match serde_json::from_slice(&line) {
            Ok(header) => header,
            Err(error) => {
                told.error("cj-syntax", "", "", format!("the line is no JSON: {}", reason(&error)));
                continue;
            }
        };
        if header.kind.as_str() != Some("CityJSONFeature") {
            told.error("cj-schema", "", "/type", format!("the type is {}, not \"CityJSONFeature\"", brief(&header.kind)));
            continue;
        }
        header.check_feature(told);
        let mut objects = Objects::new(context).of_feature(&header);
        let mut deserializer = serde_json::Deserializer::from_slice(&line);
        // The line was read whole before: it is JSON.
        if let Err(error) = (Walk { objects: &mut objects, told }).deserialize(&mut deserializer) {
            told.error("cj-schema", "", "", reason(&error));
        }
        if header.id.as_str().is_none_or(|id| !objects.has(id)) {
            told.error("cj-schema", "", "/id", format!("the feature's id {} is none of its city objects", brief(&header.id)));
        }
        objects.finish(&header, told);
    }
}

/// What a document or sequence says of itself.
pub(super) struct Context {
    header: Header,
    /// Digits of the version: 10, 11, 20.
    version: u32,
    extensions: Extensions,
}

impl Context {
    fn new(header: Header, source: &Source, told: &mut Told) -> Self {
        let version = match header.version.as_str() {
            Some(text) if text.starts_with("1.0") => 10,
            Some(text) if text.starts_with("1.1") => 11,
            _ => 20,
        };
        header.check(version, told);
        let extensions = Extensions::read(&header.extensions, source, told);
        extensions.check_root(&header.extra, told);
        Self { header, version, extensions }
    }
}

/// Findings, so many of each code singly.
#[derive(Default)]
pub(super) struct Told {
    list: Vec<Diagnostic>,
    counts: BTreeMap<(&'static str, Severity), u64>,
    line: Option<u64>,
}

impl Told {
    fn add(&mut self, severity: Severity, code: &'static str, object: &str, path: &str, message: String) {
        let count = self.counts.entry((code, severity)).or_default();
        *count += 1;
        if *count > SINGLY {
            return;
        }
        let mut finding = Diagnostic::new(severity, code, message);
        if !object.is_empty() {
            finding = finding.object(object);
        }
        if !path.is_empty() {
            finding = finding.path(path);
        }
        if let Some(line) = self.line {
            finding = finding.line(line);
        }
        self.list.push(finding);
    }

    fn error(&mut self, code: &'static str, object: &str, path: &str, message: impl Into<String>) {
        self.add(Severity::Error, code, object, path, message.into());
    }

    fn warn(&mut self, code: &'static str, object: &str, path: &str, message: impl Into<String>) {
        self.add(Severity::Warning, code, object, path, message.into());
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        for ((code, severity), count) in std::mem::take(&mut self.counts) {
            if count > SINGLY {
                self.list.push(Diagnostic::new(severity, code, format!("{} more findings of this kind are not listed", count - SINGLY)));
            }
        }
        self.list
    }
}

/// A value as it stands in the file, cut short.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// Goes through a document and gives out its city objects one by one.
struct Walk<'w, 'c> {
    objects: &'w mut Objects<'c>,
    told: &'w mut Told,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CityJSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "CityObjects" {
                map.next_value_seed(WalkObjects { objects: &mut *self.objects, told: &mut *self.told })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct WalkObjects<'w, 'c> {
    objects: &'w mut Objects<'c>,
    told: &'w mut Told,
}

impl<'de> DeserializeSeed<'de> for WalkObjects<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WalkObjects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of city objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((id, object)) = map.next_entry::<String, Value>()? {
            self.objects.check(&id, &object, self.told);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
