//! CityJSONSeq: a header on the first line, then one feature a line, so that a file of any size needs the memory of its
//! largest feature. A line that cannot be read is left out with its number; the others stay.

use super::document;
use super::family::Family;
use super::json::{self, Json, Unread};
use super::maps::Maps;
use super::model::{RawAppearance, RawObject};
use super::objects::{Objects, Shared, Within};
use super::vertices::Vertices;
use super::window::{Fault, Window};
use crate::{ImportError, Source};
use qike_scene::ObjectSink;
use std::fs::File;
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

/// One feature, in the memory of those before it.
#[derive(Default)]
struct Feature {
    kind: String,
    id: String,
    vertices: Vertices,
    appearance: RawAppearance,
    /// Objects; more than there are now, where a feature before had more.
    objects: Vec<(String, RawObject)>,
    count: usize,
    family: Family,
}

impl Feature {
    fn read(&mut self, json: &mut Json) -> Result<(), Unread> {
        self.kind.clear();
        self.id.clear();
        self.vertices.raw.clear();
        self.appearance = RawAppearance::default();
        self.count = 0;
        let is_object = json.members(|json, key| self.member(json, key))?;
        if is_object && json.is_over() { Ok(()) } else { Err(Unread) }
    }

    fn member(&mut self, json: &mut Json, key: &[u8]) -> Result<(), Unread> {
        match key {
            b"type" => json.text()?.as_ref().clone_into(&mut self.kind),
            b"id" => json.text()?.as_ref().clone_into(&mut self.id),
            b"appearance" => self.appearance = RawAppearance::read(json)?,
            b"vertices" => {
                if !self.vertices.raw.read(json)? {
                    return Err(Unread);
                }
            }
            b"CityObjects" => {
                self.count = 0;
                let is_object = json.members(|json, id| {
                    if self.count == self.objects.len() {
                        self.objects.push(Default::default());
                    }
                    let (name, object) = &mut self.objects[self.count];
                    name.clear();
                    name.push_str(std::str::from_utf8(id).map_err(|_| Unread)?);
                    self.count += 1;
                    if object.read(json)? { Ok(()) } else { Err(Unread) }
                })?;
                if !is_object {
                    return Err(Unread);
                }
            }
            _ => json.pass()?,
        }
        Ok(())
    }

    /// Finds out who is whose parent.
    fn relate(&mut self) {
        self.family.clear();
        let objects = &self.objects[..self.count];
        for (id, object) in objects {
            self.family.add(id, &object.kind, &object.parents, &object.children);
        }
        if self.family.is_empty() {
            return;
        }
        let unknown: Vec<&(String, RawObject)> = {
            let unknown = self.family.unknown();
            objects.iter().filter(|(id, _)| unknown.contains(id.as_str())).collect()
        };
        for (id, object) in unknown {
            self.family.add_named(id, &object.kind);
        }
        self.family.complete();
    }
}

/// Gives out the features that begin at `offset`, behind a header that ended on line 1.
pub fn give(source: &Source, offset: u64, maps: &mut Maps, objects: &mut Objects, shared: &Shared, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut window = document::from(source, offset)?;
    let task = objects.feedback.task(format!("read {file}"), 0);
    let (mut number, mut feature) = (0, Feature::default());
    while let Some((length, end)) = line(&mut window).map_err(|fault| super::told(fault, source, window.offset()))? {
        number += 1;
        let text = window.bytes().get(..length).unwrap_or_default().trim_ascii();
        if !text.is_empty() {
            task.advance(1);
            objects.findings.line = Some(number);
            if feature.read(&mut Json::new(text, maps)).is_err() {
                let error = json::fault(text);
                let message = format!("the line is left out: {} at column {}", super::reason(&error), error.column());
                objects.findings.error("cityjsonseq-bad-line", "", "", message, sink);
            } else if feature.kind != "CityJSONFeature" {
                let message = format!("the line is left out: its type is '{}', not CityJSONFeature", feature.kind);
                objects.findings.error("cityjsonseq-bad-line", &feature.id, "/type", message, sink);
            } else {
                feature.relate();
                give_one(&mut feature, objects, shared, sink)?;
            }
        }
        window.pass_over(end);
    }
    objects.findings.line = None;
    Ok(())
}

/// Brings a line into the window: its length without and with its end; `None` at the end of the file.
fn line(window: &mut Window<File>) -> Result<Option<(usize, usize)>, Fault> {
    let mut seen = 0;
    loop {
        let bytes = window.bytes();
        if let Some(length) = memchr::memchr(b'\n', bytes.get(seen..).unwrap_or_default()) {
            return Ok(Some((seen + length, seen + length + 1)));
        }
        seen = bytes.len();
        if !window.more()? {
            return Ok((seen > 0).then_some((seen, seen)));
        }
    }
}

fn give_one(feature: &mut Feature, objects: &mut Objects, shared: &Shared, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    let Feature { vertices, appearance, objects: all, count, family, .. } = feature;
    // A feature may have materials and textures of its own.
    let own = objects.looks(appearance, sink)?;
    vertices.renew(shared.transform);
    let mut within = Within { vertices, family, looks: own.or(&shared.looks), templates: &shared.templates };
    all[..*count].iter_mut().try_for_each(|(id, raw)| objects.give(id, raw, &mut within, sink))
}
