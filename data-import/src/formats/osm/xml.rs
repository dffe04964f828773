//! Reads OpenStreetMap XML as a stream, plain or compressed.
//!
//! Entities are not expanded (quick-xml does not) and a document type declaration is refused, so a file of a few bytes
//! cannot grow in memory; elements deeper than [`MAX_DEPTH`] are refused.

use super::classify::is_told;
use super::compressed;
use super::model::{Chunk, Cursor, Member, MemberKind, NOT_FINITE, Pass, RawNode, RawRelation, RawWay, Tags, fixed};
use crate::{ImportError, Source};
use qike_core::Feedback;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// `osm/relation/member` is three deep, change files four.
const MAX_DEPTH: usize = 16;
/// Elements given out at a time.
const CHUNK: usize = 16 * 1024;

/// True for text that begins an OSM document: `<osm` (or `<osmChange`) after declaration and comments.
pub fn is_osm_xml(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let starts = text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    starts && text.windows(5).take(4096).any(|w| w == b"<osm " || w == b"<osm>")
}

pub use super::compressed::plain_head;

/// An element under way.
enum Open {
    Node(RawNode),
    Way(RawWay),
    Relation(RawRelation),
}

/// One pass over the file; gives out its elements in order, and returns its `<bounds>`: west, south, east, north.
pub fn read(
    source: &Source, pass: Pass<'_>, feedback: &Feedback, give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>,
) -> Result<Option<[f64; 4]>, ImportError> {
    let input = crate::text::xml(compressed::open(source)?).map_err(|e| ImportError::io(&source.name, e))?;
    parse(source, input, pass, feedback, give)
}

fn parse(
    source: &Source, input: impl BufRead, pass: Pass<'_>, feedback: &Feedback,
    give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>,
) -> Result<Option<[f64; 4]>, ImportError> {
    let mut cursor = match pass {
        Pass::Nodes(ids) => Some(Cursor::new(ids)),
        Pass::Shapes => None,
    };
    let mut reader = Reader::from_reader(input);
    reader.config_mut().check_end_names = true;
    let task = feedback.task(format!("read {}", source.name), 0);
    let (mut buffer, mut depth, mut seen_root) = (Vec::new(), 0usize, false);
    let (mut bounds, mut open, mut chunk, mut count) = (None, None, Chunk::default(), 0usize);
    loop {
        buffer.clear();
        let at = reader.buffer_position();
        let fail = |reason: String| ImportError::corrupt(&source.name, format!("byte {at}"), format!("broken or cut off OSM XML: {reason}"));
        let event = reader.read_event_into(&mut buffer).map_err(|e| fail(e.to_string()))?;
        match event {
            Event::Start(tag) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(fail(format!("elements are nested deeper than {MAX_DEPTH}")));
                }
                if depth == 1 {
                    seen_root = true;
                }
                begin(&tag, &mut open, &mut bounds).map_err(&fail)?;
            }
            Event::Empty(tag) => {
                let before = open.is_some();
                begin(&tag, &mut open, &mut bounds).map_err(&fail)?;
                if !before && let Some(element) = open.take() {
                    count += end(element, &mut cursor, &mut chunk);
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if matches!(tag.local_name().as_ref(), b"node" | b"way" | b"relation")
                    && let Some(element) = open.take()
                {
                    count += end(element, &mut cursor, &mut chunk);
                }
            }
            Event::DocType(_) => return Err(fail("a document type declaration is not accepted".into())),
            Event::Eof if depth > 0 => return Err(fail("the file is cut off: elements are still open".into())),
            Event::Eof if !seen_root => return Err(fail("there is no element in it".into())),
            Event::Eof => break,
            _ => {}
        }
        if count >= CHUNK {
            feedback.check()?;
            task.advance(count as u64);
            give(std::mem::take(&mut chunk))?;
            count = 0;
        }
    }
    give(chunk)?;
    Ok(bounds)
}

/// Takes an opening tag: begins an element, or adds to the one that is open.
fn begin(tag: &BytesStart<'_>, open: &mut Option<Open>, bounds: &mut Option<[f64; 4]>) -> Result<(), String> {
    match (tag.local_name().as_ref(), &mut *open) {
        (b"node", None) => {
            let a = Attributes::read(tag)?;
            let at = match (a.number("lon"), a.number("lat")) {
                (Some(lon), Some(lat)) => fixed(lon, lat),
                _ => NOT_FINITE,
            };
            *open = a.visible().then(|| a.id()).transpose()?.map(|id| Open::Node(RawNode { id, at, tags: Tags::default() }));
        }
        (b"way", None) => {
            let a = Attributes::read(tag)?;
            let begun = |id| Open::Way(RawWay { id, refs: vec![], tags: Tags::default() });
            *open = a.visible().then(|| a.id()).transpose()?.map(begun);
        }
        (b"relation", None) => {
            let a = Attributes::read(tag)?;
            let begun = |id| Open::Relation(RawRelation { id, members: vec![], tags: Tags::default() });
            *open = a.visible().then(|| a.id()).transpose()?.map(begun);
        }
        (b"tag", Some(element)) => {
            let a = Attributes::read(tag)?;
            let (Some(k), Some(v)) = (a.get("k"), a.get("v")) else { return Err("a tag without k or v".into()) };
            let tags = match element {
                Open::Node(n) => &mut n.tags,
                Open::Way(w) => &mut w.tags,
                Open::Relation(r) => &mut r.tags,
            };
            tags.push(k, v);
        }
        (b"nd", Some(Open::Way(way))) => way.refs.push(Attributes::read(tag)?.integer("ref")?),
        (b"member", Some(Open::Relation(relation))) => {
            let a = Attributes::read(tag)?;
            let kind = match a.get("type") {
                Some("node") => MemberKind::Node,
                Some("way") => MemberKind::Way,
                Some("relation") => MemberKind::Relation,
                other => return Err(format!("a member of the type {other:?}")),
            };
            relation.members.push(Member { kind, id: a.integer("ref")?, role: a.get("role").unwrap_or("").into() });
        }
        (b"bounds", None) => {
            let a = Attributes::read(tag)?;
            let [w, s, e, n] = ["minlon", "minlat", "maxlon", "maxlat"].map(|key| a.number(key));
            *bounds = w.zip(s).zip(e).zip(n).map(|(((w, s), e), n)| [w, s, e, n]);
        }
        _ => {}
    }
    Ok(())
}

/// Puts a finished element into the chunk where the pass wants it; returns 1 for the count of elements.
fn end(element: Open, cursor: &mut Option<Cursor<'_>>, chunk: &mut Chunk) -> usize {
    match (element, cursor) {
        (Open::Node(node), Some(cursor)) => chunk.node(node.id, node.at, Some(node.tags).filter(is_told), cursor),
        (Open::Way(way), None) => chunk.ways.push(way),
        (Open::Relation(relation), None) => chunk.relations.push(relation),
        _ => {}
    }
    1
}

/// The attributes of a tag, with the five predefined entities resolved.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn read(tag: &BytesStart<'_>) -> Result<Self, String> {
        let mut all = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let raw = String::from_utf8_lossy(&attribute.value);
            let value = quick_xml::escape::unescape(&raw).map_err(|e| e.to_string())?;
            all.push((String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.trim().parse().ok()
    }

    fn integer(&self, key: &str) -> Result<i64, String> {
        let text = self.get(key).ok_or_else(|| format!("'{key}' is missing"))?;
        text.trim().parse().map_err(|_| format!("'{key}' is '{text}', not a whole number"))
    }

    fn id(&self) -> Result<i64, String> {
        self.integer("id")
    }

    /// False for elements that an editor or a history file marks as deleted.
    fn visible(&self) -> bool {
        self.get("visible") != Some("false") && self.get("action") != Some("delete")
    }
}
