//! Reads a document as a stream of members, plain or compressed with gzip or bzip2.
//!
//! Entities other than the five predefined ones and characters by number are not expanded, a document type declaration is
//! refused: a file of a few bytes cannot grow in memory.

use super::tree::{MAX_DEPTH, Names, Tree};
use crate::text::{self, line_ends};
use crate::{ImportError, Source};
use bzip2::bufread::MultiBzDecoder;
use encoding_rs::{Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

/// A member of more bytes in memory than this is refused.
const MEMBER_LIMIT: usize = 2 << 30;
/// So is a piece of text or a tag of more bytes than this, or a skipped member: a small compressed file may unfold to anything.
const PIECE_LIMIT: usize = 1 << 30;
/// What CityGML's documents are, by their root.
const ROOTS: &[&str] = &["CityModel", "FeatureCollection"];

/// A document under way.
pub struct Document {
    reader: Reader<Lines<Box<dyn BufRead>>>,
    buffer: Vec<u8>,
    file: String,
    /// The namespaces the root declares: prefix and URI.
    pub namespaces: Vec<(String, String)>,
    /// The root's `gml:id`.
    pub id: Option<String>,
    ended: bool,
    /// The first line with bytes that mean nothing in the document's encoding; they became U+FFFD.
    lossy: Option<u64>,
    encoding: &'static Encoding,
    /// Ends at the first child of the root that is not wanted.
    pub only_beginning: bool,
}

impl Document {
    /// Opens a CityGML document and reads its root's opening tag.
    pub fn open(source: &Source) -> Result<Self, ImportError> {
        Self::open_as(source, ROOTS)
    }

    /// As [`Document::open`], for a document whose root has one of these names.
    pub fn open_as(source: &Source, roots: &[&str]) -> Result<Self, ImportError> {
        let mut file = source.open()?;
        let mut input: Box<dyn BufRead> = match file.fill_buf().map_err(|e| ImportError::io(&source.name, e))? {
            [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(file))),
            [b'B', b'Z', b'h', ..] => Box::new(BufReader::with_capacity(256 * 1024, MultiBzDecoder::new(file))),
            _ => Box::new(file),
        };
        let encoding = text::of_xml(input.fill_buf().map_err(|e| ImportError::io(&source.name, e))?);
        let input = text::xml(input).map_err(|e| ImportError::io(&source.name, e))?;
        let mut reader = Reader::from_reader(Lines { inner: input, ends: 0, piece: 0 });
        reader.config_mut().expand_empty_elements = true;
        let mut document = Self { reader, buffer: Vec::new(), file: source.name.clone(), namespaces: Vec::new(), id: None, ended: false, lossy: None, encoding, only_beginning: false };
        document.root(roots)?;
        Ok(document)
    }

    fn root(&mut self, roots: &[&str]) -> Result<(), ImportError> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let line = self.reader.get_ref().line();
            let fail = |reason: String| ImportError::corrupt(&self.file, format!("line {line}"), reason);
            match event.map_err(|e| fail(format!("broken XML: {e}")))? {
                Event::Start(tag) => {
                    let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                    for attribute in tag.attributes().flatten() {
                        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
                        if let Some(prefix) = key.strip_prefix("xmlns") {
                            let uri = String::from_utf8_lossy(&attribute.value).into_owned();
                            self.namespaces.push((prefix.trim_start_matches(':').to_owned(), uri));
                        } else if key.rsplit(':').next() == Some("id") {
                            self.id = Some(String::from_utf8_lossy(&attribute.value).into_owned()).filter(|id| !id.trim().is_empty());
                        }
                    }
                    if !roots.contains(&name.as_str()) {
                        return Err(fail(format!("the document's root is '{name}', not {}", roots.first().copied().unwrap_or_default())));
                    }
                    return Ok(());
                }
                Event::DocType(_) => return Err(fail("a document type declaration is not accepted".into())),
                Event::Eof => return Err(fail("there is no element in it".into())),
                _ => {}
            }
        }
    }

    /// Where bytes mean nothing in the encoding of what was read so far: the first line, and a message.
    pub fn loss(&self) -> Option<(u64, String)> {
        let line = self.lossy?;
        let name = self.encoding.name();
        let why = if self.encoding == UTF_8 { "are no UTF-8, and the document declares no other encoding".to_owned() } else { format!("mean nothing in {name}, which the document says it is written in") };
        Some((line, format!("some bytes {why}; they are read as '\u{FFFD}'")))
    }

    /// Reads the next child of the root whose local name is wanted into `tree`; false at the end. Others are skipped.
    /// `featureMembers` is stepped into: each of its children is a member.
    pub fn next(&mut self, tree: &mut Tree, names: &mut Names, wanted: &dyn Fn(&str) -> bool) -> Result<bool, ImportError> {
        tree.clear();
        let mut inside = false;
        while !self.ended {
            self.buffer.clear();
            self.reader.get_mut().piece = 0;
            let event = self.reader.read_event_into(&mut self.buffer);
            let line = self.reader.get_ref().line();
            let fail = |reason: String| ImportError::corrupt(&self.file, format!("line {line}"), reason);
            match event.map_err(|e| fail(format!("broken XML: {e}")))? {
                Event::Start(tag) if !inside => {
                    let local = tag.local_name();
                    let local = String::from_utf8_lossy(local.as_ref());
                    if local == "featureMembers" {
                        continue;
                    }
                    if !wanted(&local) && self.only_beginning {
                        return Ok(false);
                    }
                    if !wanted(&local) {
                        let end = tag.to_end().into_owned();
                        let mut skipped = Vec::new();
                        self.reader.read_to_end_into(end.name(), &mut skipped).map_err(|e| fail(format!("broken XML: {e}")))?;
                        continue;
                    }
                    drop(local);
                    inside = true;
                    begin(tree, names, &tag, line).map_err(fail)?;
                }
                Event::Start(tag) => begin(tree, names, &tag, line).map_err(fail)?,
                Event::End(_) if inside => {
                    if tree.end() {
                        return Ok(true);
                    }
                    if tree.bytes() > MEMBER_LIMIT {
                        return Err(fail(format!("one member takes more than {} MiB", MEMBER_LIMIT >> 20)));
                    }
                }
                Event::End(tag) => self.ended = tag.local_name().as_ref() != b"featureMembers",
                Event::Text(text) if inside => {
                    let text = utf8(&text);
                    if is_lossy(&text, self.encoding) {
                        self.lossy.get_or_insert(line);
                    }
                    tree.text(&text, names);
                }
                Event::CData(text) if inside => {
                    let text = utf8(&text);
                    if is_lossy(&text, self.encoding) {
                        self.lossy.get_or_insert(line);
                    }
                    tree.text(&text, names);
                }
                Event::GeneralRef(reference) if inside => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(character)) => Some(character),
                        _ => predefined(&reference),
                    };
                    if let Some(character) = resolved {
                        tree.text(character.encode_utf8(&mut [0; 4]), names);
                    }
                }
                Event::DocType(_) => return Err(fail("a document type declaration is not accepted".into())),
                Event::Eof => return Err(fail("the file is cut off: elements are still open".into())),
                _ => {}
            }
        }
        Ok(false)
    }
}

/// Were there bytes that mean nothing in the encoding? A decoder has put U+FFFD for those of another encoding than UTF-8.
#[expect(clippy::ptr_arg, reason = "that it is owned is what tells")]
fn is_lossy(text: &Cow<'_, str>, encoding: &'static Encoding) -> bool {
    matches!(text, Cow::Owned(_)) || (encoding != UTF_8 && text.contains('\u{FFFD}'))
}

/// Text as it stands where it is UTF-8, with replacement characters where it is not.
fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn predefined(name: &[u8]) -> Option<char> {
    Some(match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"apos" => '\'',
        b"quot" => '"',
        _ => return None,
    })
}

fn begin(tree: &mut Tree, names: &mut Names, tag: &BytesStart<'_>, line: u64) -> Result<(), String> {
    let name = tag.name();
    let name = utf8(name.as_ref());
    if !tree.begin(names.number(&name), line) {
        return Err(format!("elements are nested deeper than {MAX_DEPTH}"));
    }
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let key = utf8(attribute.key.as_ref());
        let raw = utf8(&attribute.value);
        let value = if raw.contains('&') { quick_xml::escape::unescape(&raw).map_err(|e| e.to_string())? } else { Cow::Borrowed(&*raw) };
        tree.attribute(names.number(&key), &value);
    }
    Ok(())
}

/// Counts the lines that were read.
struct Lines<R> {
    inner: R,
    ends: u64,
    /// Bytes since the last event.
    piece: usize,
}

impl<R> Lines<R> {
    /// The line that is being read, from 1.
    fn line(&self) -> u64 {
        self.ends + 1
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(into)?;
        self.ends += line_ends(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.piece > PIECE_LIMIT {
            let message = format!("one piece is larger than {} MiB", PIECE_LIMIT >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // Already filled: this gives the same bytes again.
        if let Ok(bytes) = self.inner.fill_buf() {
            self.ends += line_ends(bytes.get(..count).unwrap_or_default());
        }
        self.piece += count;
        self.inner.consume(count);
    }
}

