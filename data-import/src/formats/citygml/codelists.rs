//! Code lists: the words that codes stand for, from `gml:Dictionary` files of the dataset (`codelists/Building_usage.xml`).
//!
//! An attribute keeps its code; the word comes beside it: `usage: "401"`, `usage_codespace: "../../codelists/Building_usage.xml"`,
//! `usage_text: "業務施設"` (a list where the attribute is one). In elements kept as JSON it is the member `@text` beside `@codeSpace`.
//! A list is read once, from the folder tree of the dataset only; one that is not there is told once, and its codes stay alone.

use crate::formats::findings::Findings;
use crate::{Source, text};
use qike_core::Severity;
use qike_scene::{Attributes, ObjectSink, Value};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// A list of more bytes is not read.
const LIMIT: u64 = 32 << 20;
/// How far above the source's folder a dataset may begin.
const LEVELS: usize = 4;
/// Deeper attributes are left as they are.
const MAX_DEPTH: usize = 64;

type List = HashMap<String, String>;

/// The lists of one source.
pub struct CodeLists {
    folder: PathBuf,
    known: HashMap<String, Option<List>>,
}

impl CodeLists {
    /// None read yet.
    pub fn new(source: &Source) -> Self {
        Self { folder: source.folder(), known: HashMap::new() }
    }

    /// Puts words beside the codes of an object.
    pub fn resolve(&mut self, attributes: &mut Attributes, findings: &mut Findings, sink: &mut dyn ObjectSink) {
        self.map(attributes, 0, findings, sink);
    }

    fn map(&mut self, attributes: &mut Attributes, depth: usize, findings: &mut Findings, sink: &mut dyn ObjectSink) {
        let mut words: Vec<(String, Value)> = Vec::new();
        for (key, value) in attributes.iter() {
            let (code, target) = match key.strip_suffix("_codespace") {
                Some(name) => (attributes.get(name), format!("{name}_text")),
                None if key == "@codeSpace" => (attributes.get("#text"), "@text".to_owned()),
                None => continue,
            };
            let (Some(code), Some(space)) = (code, value.as_str()) else { continue };
            if let Some(word) = self.words(space, code, findings, sink) {
                words.push((target, word));
            }
        }
        attributes.extend(words);
        if depth < MAX_DEPTH {
            for value in attributes.values_mut() {
                self.inside(value, depth + 1, findings, sink);
            }
        }
    }

    fn inside(&mut self, value: &mut Value, depth: usize, findings: &mut Findings, sink: &mut dyn ObjectSink) {
        match value {
            Value::Object(map) => self.map(map, depth, findings, sink),
            Value::Array(list) if depth < MAX_DEPTH => list.iter_mut().for_each(|v| self.inside(v, depth + 1, findings, sink)),
            _ => {}
        }
    }

    /// The word of a code, or those of several; `None` where the list has none of them.
    fn words(&mut self, space: &str, code: &Value, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Option<Value> {
        let list = self.list(space, findings, sink)?;
        let word = |code: &Value| {
            let text = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
            list.get(text.trim()).map(|word| Value::from(word.as_str()))
        };
        match code {
            Value::Array(codes) => {
                let words: Vec<Option<Value>> = codes.iter().map(word).collect();
                words.iter().any(Option::is_some).then(|| words.into_iter().map(Option::unwrap_or_default).collect())
            }
            Value::Object(_) | Value::Null => None,
            one => word(one),
        }
    }

    fn list(&mut self, space: &str, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Option<&List> {
        // Lists in the network have addresses; they are not fetched, and nothing is wrong with them.
        if space.contains("://") || !space.to_ascii_lowercase().ends_with(".xml") {
            return None;
        }
        if !self.known.contains_key(space) {
            let read = find(&self.folder, space).and_then(|path| read(&path));
            if let Err(why) = &read {
                let message = format!("the code list '{space}' {why}; its codes stay without their words");
                findings.add(Severity::Info, "codelist-missing", "", "", message, sink);
            }
            self.known.insert(space.to_owned(), read.ok());
        }
        self.known.get(space)?.as_ref()
    }
}

/// The file of a list: inside the nearest folder above the source that has a folder of code lists.
fn find(folder: &Path, space: &str) -> Result<PathBuf, &'static str> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let missing = |_| "is not there";
    let base = folder.canonicalize().map_err(missing)?;
    let root = base.ancestors().take(LEVELS + 1).find(|up| up.join("codelists").is_dir()).unwrap_or(&base);
    let relative = space.replace('\\', "/");
    if relative.starts_with('/') || relative.as_bytes().get(1) == Some(&b':') {
        return Err("lies outside the dataset and is not read");
    }
    let path = base.join(relative).canonicalize().map_err(missing)?;
    match path.starts_with(root) {
        true if path.is_file() => Ok(path),
        true => Err("is not there"),
        false => Err("lies outside the dataset and is not read"),
    }
}

/// Codes (`gml:name`) and words (`gml:description`) of a dictionary.
fn read(path: &Path) -> Result<List, &'static str> {
    let unreadable = "cannot be read";
    let file = File::open(path).map_err(|_| unreadable)?;
    let input = text::xml(Box::new(BufReader::new(file.take(LIMIT)))).map_err(|_| unreadable)?;
    let mut reader = Reader::from_reader(input);
    let (mut buffer, mut list) = (Vec::new(), List::new());
    let (mut code, mut word, mut current) = (String::new(), String::new(), None);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| "is broken XML")? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"Definition" | b"DefinitionProxy" => (code, word) = Default::default(),
                b"name" => current = Some(true),
                b"description" => current = Some(false),
                _ => current = None,
            },
            Event::Text(piece) => append(current, &mut code, &mut word, &String::from_utf8_lossy(&piece)),
            Event::CData(piece) => append(current, &mut code, &mut word, &String::from_utf8_lossy(&piece)),
            Event::GeneralRef(reference) => {
                let named = |name: &[u8]| match name {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => None,
                };
                let character = reference.resolve_char_ref().ok().flatten().or_else(|| named(&reference));
                if let Some(character) = character {
                    append(current, &mut code, &mut word, character.encode_utf8(&mut [0; 4]));
                }
            }
            Event::End(tag) => {
                current = None;
                if tag.local_name().as_ref() == b"Definition" && !code.trim().is_empty() && !word.trim().is_empty() {
                    list.entry(code.trim().to_owned()).or_insert_with(|| word.trim().to_owned());
                }
            }
            Event::DocType(_) => return Err("has a document type declaration, which is not accepted"),
            Event::Eof => return Ok(list),
            _ => {}
        }
    }
}

fn append(current: Option<bool>, code: &mut String, word: &mut String, piece: &str) {
    match current {
        Some(true) => code.push_str(piece),
        Some(false) => word.push_str(piece),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::Crs;
    use qike_scene::sink::MemorySink;
    use serde_json::json;

    #[test]
    fn words_come_beside_codes_from_inside_the_dataset_only() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("city");
        std::fs::create_dir_all(data.join("udx/bldg")).unwrap();
        std::fs::create_dir_all(data.join("codelists")).unwrap();
        let dictionary = "<gml:Dictionary xmlns:gml='http://www.opengis.net/gml'><gml:name>Usage</gml:name><gml:dictionaryEntry><gml:Definition>\
            <gml:description>A &amp; B</gml:description><gml:name>401</gml:name></gml:Definition></gml:dictionaryEntry><gml:dictionaryEntry><gml:Definition>\
            <gml:description>業務施設</gml:description><gml:name>402</gml:name></gml:Definition></gml:dictionaryEntry></gml:Dictionary>";
        std::fs::write(data.join("codelists/Usage.xml"), dictionary).unwrap();
        std::fs::write(outer.path().join("Outside.xml"), dictionary).unwrap();
        let mut lists = CodeLists::new(&Source::new(data.join("udx/bldg/a.gml")));
        let (mut sink, mut findings) = (MemorySink::new(Crs::local()), Findings::new("a.gml"));
        let space = "../../codelists/Usage.xml";
        let Value::Object(mut attributes) = json!({
            "usage": "401", "usage_codespace": space,
            "more": ["402", "9"], "more_codespace": space,
            "risk": [{"rank": {"@codeSpace": space, "#text": "402"}}],
            "gone": "1", "gone_codespace": "../../codelists/Gone.xml",
            "away": "401", "away_codespace": "../../../Outside.xml",
            "net": "1", "net_codespace": "http://www.sig3d.org/codelists/x.xml",
        }) else { panic!() };
        lists.resolve(&mut attributes, &mut findings, &mut sink);
        lists.resolve(&mut attributes.clone(), &mut findings, &mut sink);
        assert_eq!(attributes["usage_text"], json!("A & B"));
        assert_eq!(attributes["more_text"], json!(["業務施設", null]));
        assert_eq!(attributes["risk"], json!([{"rank": {"@codeSpace": space, "#text": "402", "@text": "業務施設"}}]));
        assert!(!attributes.contains_key("gone_text") && !attributes.contains_key("away_text") && !attributes.contains_key("net_text"));
        assert_eq!(sink.diagnostics.len(), 2, "one a list: {:?}", sink.diagnostics);
        assert!(sink.diagnostics.iter().any(|d| d.message.contains("outside")));
    }
}
