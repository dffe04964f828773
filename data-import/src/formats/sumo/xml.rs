//! SUMO's files as a stream of elements: attributes are looked at where they lie, nothing is copied that is not kept.
//!
//! Entities other than the five predefined ones and characters by number are not expanded, a document type declaration is
//! refused, depth and pieces are bounded: a file of a few bytes cannot grow in memory.

use crate::formats::osm::compressed;
use crate::{ImportError, Source};
use memchr::{memchr, memchr_iter};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::borrow::Cow;
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::path::Path;

/// Elements deeper than this are refused; SUMO's own go to five.
const MAX_DEPTH: usize = 32;
/// Bytes read at a time.
const BLOCK: usize = 256 * 1024;

/// Why a file cannot be read further.
#[derive(Debug)]
pub struct Broken {
    /// What is wrong.
    pub reason: String,
    /// Where.
    pub line: u64,
    /// It just ends.
    pub cut_off: bool,
}

/// A document under way.
pub struct Xml {
    reader: Reader<Lines>,
    buffer: Vec<u8>,
    spans: Vec<[u32; 4]>,
    depth: usize,
    /// A document type may be named (its file is not looked at).
    doctype: bool,
    /// As messages call the file.
    pub file: String,
}

impl Xml {
    /// Opens a plain file, which may be compressed.
    ///
    /// # Errors
    /// Where it cannot be read, is empty, or is no plain file.
    pub fn open(path: &Path, name: &str) -> Result<Self, ImportError> {
        let meta = std::fs::metadata(path).map_err(|e| ImportError::io(name, e))?;
        if !meta.is_file() {
            return Err(ImportError::corrupt(name, "the file", "this is no plain file"));
        }
        if meta.len() == 0 {
            return Err(ImportError::Empty { file: name.to_owned() });
        }
        let source = Source { name: name.to_owned(), ..Source::new(path) };
        let input = crate::text::xml(compressed::open(&source)?).map_err(|e| ImportError::io(name, e))?;
        Ok(Self::of(input, name))
    }

    /// Reads what is there already.
    pub fn of(input: Box<dyn BufRead>, name: &str) -> Self {
        let mut reader = Reader::from_reader(Lines { inner: input, block: vec![0; BLOCK], at: 0, end: 0, counted: Cell::new((0, 0)), sign: b'\n' });
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), spans: Vec::new(), depth: 0, doctype: false, file: name.to_owned() }
    }

    /// A document type may be named, as MATSim's files do; one that states entities of its own is refused all the same.
    #[must_use]
    pub fn with_doctype(mut self) -> Self {
        self.doctype = true;
        self
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The line that was read last.
    pub fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// The next element directly inside the one at `level`; `None` at its end. What lies deeper and was not looked at is passed over.
    pub fn child(&mut self, level: usize) -> Result<Option<Tag<'_>>, Broken> {
        let Some((length, whole)) = self.advance(level)? else { return Ok(None) };
        let lines = self.reader.get_ref();
        let start = tag_start(&self.buffer);
        let text = self.buffer.get(start..start + whole).unwrap_or_default();
        let (name, rest) = text.split_at(length.min(text.len()));
        if !spans(rest, &mut self.spans) {
            return Err(Broken { reason: format!("the attributes of '{}' are broken", shown(&String::from_utf8_lossy(name))), line: lines.line(), cut_off: false });
        }
        Ok(Some(Tag { name: local(name), text: rest, spans: &self.spans, lines }))
    }

    /// Goes on to the next element directly inside the one at `level`: the length of its name, and of its whole tag.
    fn advance(&mut self, level: usize) -> Result<Option<(usize, usize)>, Broken> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let lines = self.reader.get_ref();
            let broken = |reason: String, cut_off: bool| Broken { reason, line: lines.line(), cut_off };
            match event {
                Ok(Event::Start(tag)) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(broken(format!("elements are nested deeper than {MAX_DEPTH}"), false));
                    }
                    if self.depth == level + 1 {
                        return Ok(Some((tag.name().as_ref().len(), tag.len())));
                    }
                }
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth < level {
                        return Ok(None);
                    }
                }
                Ok(Event::Eof) if self.depth == 0 && level == 0 => return Ok(None),
                Ok(Event::Eof) => return Err(broken("the file is cut off: elements are still open".into(), true)),
                Ok(Event::DocType(text)) if self.doctype && memchr(b'[', &text).is_none() => {}
                Ok(Event::DocType(_)) => return Err(broken("a document type declaration is not accepted".into(), false)),
                Ok(_) => {}
                Err(error) => {
                    let cut_off = matches!(&error, quick_xml::Error::Syntax(_)) || matches!(&error, quick_xml::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof);
                    return Err(broken(format!("broken XML: {error}"), cut_off));
                }
            }
        }
    }

    /// The text directly inside the element that was just opened, to its end.
    pub fn text(&mut self) -> Result<String, Broken> {
        let level = self.depth;
        let mut text = String::new();
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let line = self.reader.get_ref().line();
            match event.map_err(|e| Broken { reason: format!("broken XML: {e}"), line, cut_off: matches!(e, quick_xml::Error::Syntax(_)) })? {
                Event::Start(_) if self.depth >= MAX_DEPTH => return Err(Broken { reason: format!("elements are nested deeper than {MAX_DEPTH}"), line, cut_off: false }),
                Event::Start(_) => self.depth += 1,
                Event::Text(piece) if self.depth == level => text.push_str(&String::from_utf8_lossy(&piece)),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth < level {
                        return Ok(text);
                    }
                }
                Event::Eof => return Err(Broken { reason: "the file is cut off: elements are still open".into(), line, cut_off: true }),
                _ => {}
            }
        }
    }
}

/// quick-xml puts `<` before a tag's bytes into the buffer where it had to look for it.
fn tag_start(buffer: &[u8]) -> usize {
    usize::from(buffer.first() == Some(&b'<'))
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name).and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

/// Finds the attributes: from and to of key and value; false where they are none.
fn spans(text: &[u8], into: &mut Vec<[u32; 4]>) -> bool {
    into.clear();
    let mut at = 0;
    loop {
        while text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if at >= text.len() {
            return true;
        }
        let key = at;
        while text.get(at).is_some_and(|b| *b != b'=' && !b.is_ascii_whitespace()) {
            at += 1;
        }
        let key_end = at;
        while text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if text.get(at) != Some(&b'=') {
            return false;
        }
        at += 1;
        while text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let Some(&quote @ (b'"' | b'\'')) = text.get(at) else { return false };
        let value = at + 1;
        let Some(length) = memchr(quote, text.get(value..).unwrap_or_default()) else { return false };
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        into.push([place(key), place(key_end), place(value), place(value + length)]);
        at = value + length + 1;
    }
}

/// An opening tag.
#[derive(Clone, Copy)]
pub struct Tag<'x> {
    /// Its name without a prefix.
    pub name: &'x [u8],
    text: &'x [u8],
    spans: &'x [[u32; 4]],
    lines: &'x Lines,
}

impl<'x> Tag<'x> {
    /// The line it ends on.
    pub fn line(&self) -> u64 {
        self.lines.line()
    }

    /// Its name, for messages.
    pub fn title(&self) -> String {
        shown(&String::from_utf8_lossy(self.name))
    }

    /// Keys and values as they stand.
    pub fn raw(&self) -> impl Iterator<Item = (&'x [u8], &'x [u8])> + use<'x> {
        let text = self.text;
        let piece = move |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or_default();
        self.spans.iter().map(move |[key, key_end, value, value_end]| (piece(*key, *key_end), piece(*value, *value_end)))
    }

    /// Keys and values as text.
    pub fn attributes(&self) -> impl Iterator<Item = (&'x [u8], Cow<'x, str>)> + use<'x> {
        self.raw().map(|(key, value)| (key, text(value)))
    }

    /// A value, where the attribute stands there.
    pub fn get(&self, key: &[u8]) -> Option<Cow<'x, str>> {
        self.raw().find(|(k, _)| *k == key).map(|(_, value)| text(value))
    }

    /// A value or nothing.
    pub fn or_empty(&self, key: &[u8]) -> Cow<'x, str> {
        self.get(key).unwrap_or_default()
    }

    /// Whether the attribute stands there.
    pub fn has(&self, key: &[u8]) -> bool {
        self.raw().any(|(k, _)| k == key)
    }
}

/// Bytes of a value as text, with the predefined entities and characters by number resolved.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let raw = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    if memchr(b'&', raw.as_bytes()).is_none() {
        return raw;
    }
    match quick_xml::escape::unescape(&raw) {
        Ok(plain) => Cow::Owned(plain.into_owned()),
        Err(_) => raw,
    }
}

/// A piece of a file for a message: not longer than a line.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Counts lines, but only when somebody asks, and from where it was asked last.
struct Lines {
    inner: Box<dyn BufRead>,
    block: Vec<u8>,
    at: usize,
    end: usize,
    /// How far lines are counted in the block, and how many there are up to there.
    counted: Cell<(usize, u64)>,
    /// What ends lines in the block: CR where it has no LF.
    sign: u8,
}

impl Lines {
    fn line(&self) -> u64 {
        1 + self.count(self.at)
    }

    fn count(&self, to: usize) -> u64 {
        let (from, before) = self.counted.get();
        let lines = before + memchr_iter(self.sign, self.block.get(from..to).unwrap_or_default()).count() as u64;
        self.counted.set((to, lines));
        lines
    }
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        crate::text::read_buffered(self, into)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at >= self.end {
            let lines = self.count(self.end);
            (self.at, self.end) = (0, 0);
            self.counted.set((0, lines));
            self.end = self.inner.read(&mut self.block)?;
            self.sign = if memchr(b'\n', self.block.get(..self.end).unwrap_or_default()).is_some() { b'\n' } else { b'\r' };
        }
        Ok(self.block.get(self.at..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(text: &str) -> Xml {
        Xml::of(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), "test.xml")
    }

    #[test]
    fn elements_come_with_attributes_and_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("<?xml version=\"1.0\"?>{end}<!-- <x/> -->{end}<net version='1.20'>{end}<edge id=\"a&lt;b\" note = '1 > 0'><lane index=\"0\"/></edge>{end}<edge id=\"c\"/>{end}</net>{end}");
            let mut xml = xml(&text);
            let root = xml.child(0).unwrap().unwrap();
            assert_eq!((root.name, root.get(b"version").as_deref()), (&b"net"[..], Some("1.20")));
            let edge = xml.child(1).unwrap().unwrap();
            assert_eq!((edge.get(b"id").as_deref(), edge.get(b"note").as_deref(), edge.line()), (Some("a<b"), Some("1 > 0"), 4));
            let lane = xml.child(2).unwrap().unwrap();
            assert_eq!((lane.name, lane.get(b"index").as_deref()), (&b"lane"[..], Some("0")));
            assert!(xml.child(2).unwrap().is_none(), "the end of the edge");
            let edge = xml.child(1).unwrap().unwrap();
            assert_eq!((edge.get(b"id").as_deref(), edge.line()), (Some("c"), 5));
            assert!(xml.child(1).unwrap().is_none());
            assert!(xml.child(0).unwrap().is_none());
        }
    }

    #[test]
    fn what_is_not_looked_at_is_passed_over() {
        let mut xml = xml("<a><b><c><d/></c></b><e/></a>");
        xml.child(0).unwrap().unwrap();
        assert_eq!(xml.child(1).unwrap().unwrap().name, b"b");
        assert_eq!(xml.child(1).unwrap().unwrap().name, b"e");
        assert!(xml.child(1).unwrap().is_none());
    }

    #[test]
    fn broken_files_say_where() {
        for (text, cut_off) in [("<a>\n<b x=\"1\"/>\n<c", true), ("<a>\n<b x=\"1\"/>", true), ("<a>\n<b/>\n<c x=1/></a>", false), ("<a>\n<b/>\n</c></a>", false), ("<!DOCTYPE a><a/>", false)] {
            let mut xml = xml(text);
            let broken = loop {
                let level = xml.depth().min(1);
                match xml.child(level) {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{text} was read"),
                    Err(broken) => break broken,
                }
            };
            assert_eq!(broken.cut_off, cut_off, "{text}: {broken:?}");
            assert!(broken.line <= 3, "{text}");
        }
    }
}
