//! Reads OpenStreetMap PBF: a row of independently compressed blobs, decoded on all cores, given out in the file's order.

use super::classify::node_makes_object;
use super::model::{Chunk, Member, MemberKind, Pass, RawNode, RawRelation, RawWay, Tags, fixed};
use crate::{ImportError, Source};
use osmpbf::{Blob, BlobDecode, BlobReader, Element, PrimitiveBlock, RelMemberType};
use qike_core::Feedback;
use rayon::prelude::*;
use std::io::Read;

/// How many blobs are decoded at a time; with at most 32 MiB each this bounds the memory.
const BATCH: usize = 8;

/// What the file's header says.
#[derive(Debug, Default)]
pub struct Header {
    /// West, south, east, north, degrees.
    pub bbox: Option<[f64; 4]>,
}

/// True for bytes that begin a PBF: a length, then a header blob of type `OSMHeader`.
pub fn is_pbf(head: &[u8]) -> bool {
    head.len() > 13 && head[0] == 0 && head[4..].starts_with(b"\x0a\x09OSMHeader")
}

/// Counts what passes through, to tell where a broken file breaks.
struct Metered<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.bytes += n as u64;
        Ok(n)
    }
}

/// One pass over the file: gives its elements out, chunk by chunk, in order.
pub fn read(
    source: &Source, pass: Pass<'_>, feedback: &Feedback, give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>,
) -> Result<Header, ImportError> {
    let file = source.open()?;
    let total = file.get_ref().metadata().map_err(|e| ImportError::io(&source.name, e))?.len();
    let task = feedback.task(format!("read {}", source.name), total);
    let mut metered = Metered { inner: file, bytes: 0 };
    let mut header = None;
    loop {
        feedback.check()?;
        let start = metered.bytes;
        let mut batch: Vec<(u64, Blob)> = Vec::with_capacity(BATCH);
        while batch.len() < BATCH {
            let at = metered.bytes;
            // A reader for each blob: it reads exactly one and leaves the rest.
            let next = BlobReader::new(&mut metered).next();
            match next {
                Some(Ok(blob)) => batch.push((at, blob)),
                Some(Err(error)) => return Err(corrupt(source, at, &error.to_string())),
                // One to three bytes of the next length are a cut, too.
                None if metered.bytes != at => return Err(corrupt(source, at, "the file is cut off")),
                None => break,
            }
        }
        if batch.is_empty() {
            break;
        }
        let decoded: Vec<Result<Decoded, ImportError>> = batch.par_iter().map(|(at, blob)| decode(source, *at, blob, pass)).collect();
        for one in decoded {
            match one? {
                Decoded::Header(h) => header = Some(h),
                Decoded::Data(_) if header.is_none() => return Err(corrupt(source, start, "data comes before the file's header")),
                Decoded::Data(chunk) => give(chunk)?,
                Decoded::Other => {}
            }
        }
        task.advance(metered.bytes - start);
    }
    if metered.bytes < total {
        return Err(corrupt(source, metered.bytes, "the file is cut off"));
    }
    header.ok_or_else(|| corrupt(source, 0, "there is no header block"))
}

enum Decoded {
    Header(Header),
    Data(Chunk),
    Other,
}

fn corrupt(source: &Source, at: u64, reason: &str) -> ImportError {
    ImportError::corrupt(&source.name, format!("byte {at}"), format!("broken or cut off PBF: {reason}"))
}

fn decode(source: &Source, at: u64, blob: &Blob, pass: Pass<'_>) -> Result<Decoded, ImportError> {
    // The decoder panics on a member type that the format does not have; that must not end the program.
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match blob.decode() {
        Ok(BlobDecode::OsmHeader(header)) => {
            let known = ["OsmSchema-V0.6", "DenseNodes"];
            if let Some(other) = header.required_features().iter().find(|f| !known.contains(&f.as_str())) {
                return Err(format!("the file needs the feature '{other}', which is not supported"));
            }
            let bbox = header.bbox().map(|b| [b.left, b.bottom, b.right, b.top]);
            Ok(Decoded::Header(Header { bbox }))
        }
        Ok(BlobDecode::OsmData(block)) => elements(&block, pass).map(Decoded::Data),
        Ok(BlobDecode::Unknown(_)) => Ok(Decoded::Other),
        Err(error) => Err(error.to_string()),
    }));
    caught.unwrap_or_else(|_| Err("a block that cannot be decoded".into())).map_err(|reason| corrupt(source, at, &reason))
}

/// The elements of a block that the pass wants.
fn elements(block: &PrimitiveBlock, pass: Pass<'_>) -> Result<Chunk, String> {
    let mut chunk = Chunk::default();
    let strings = Strings(block.raw_stringtable());
    for element in block.elements() {
        match (element, pass) {
            (Element::DenseNode(n), Pass::Nodes(_)) => {
                let tags = strings.tags(n.raw_tags().map(|(k, v)| (k as u32, v as u32)))?;
                keep_node(&mut chunk, pass, n.id(), n.lon(), n.lat(), tags, n.info().is_none_or(|i| !i.deleted()));
            }
            (Element::Node(n), Pass::Nodes(_)) => {
                let tags = strings.tags(n.raw_tags())?;
                keep_node(&mut chunk, pass, n.id(), n.lon(), n.lat(), tags, !n.info().deleted());
            }
            (Element::Way(w), Pass::Shapes) if !w.info().deleted() => {
                chunk.ways.push(RawWay { id: w.id(), refs: w.refs().collect(), tags: strings.tags(w.raw_tags())? });
            }
            (Element::Relation(r), Pass::Shapes) if !r.info().deleted() => {
                let mut members = Vec::new();
                for m in r.members() {
                    let kind = match m.member_type {
                        RelMemberType::Node => MemberKind::Node,
                        RelMemberType::Way => MemberKind::Way,
                        RelMemberType::Relation => MemberKind::Relation,
                    };
                    members.push(Member { kind, id: m.member_id, role: strings.get(m.role_sid as u32)? });
                }
                chunk.relations.push(RawRelation { id: r.id(), tags: strings.tags(r.raw_tags())?, members });
            }
            _ => {}
        }
    }
    Ok(chunk)
}

fn keep_node(chunk: &mut Chunk, pass: Pass<'_>, id: i64, lon: f64, lat: f64, tags: Tags, visible: bool) {
    let makes = node_makes_object(&tags);
    if visible && (makes || pass.wants_node(id)) {
        chunk.nodes.push(RawNode { id, at: fixed(lon, lat), tags: if makes { tags } else { Tags::default() } });
    }
}

/// A block's string table; an index out of it means a broken file.
struct Strings<'a>(&'a [Vec<u8>]);

impl Strings<'_> {
    fn get(&self, index: u32) -> Result<Box<str>, String> {
        let bytes = self.0.get(index as usize).ok_or_else(|| format!("string {index} is not in the block's table"))?;
        Ok(String::from_utf8_lossy(bytes).into())
    }

    fn tags(&self, pairs: impl Iterator<Item = (u32, u32)>) -> Result<Tags, String> {
        pairs.map(|(k, v)| Ok((self.get(k)?, self.get(v)?))).collect::<Result<_, _>>().map(Tags)
    }
}
