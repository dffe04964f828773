//! Reads OpenStreetMap PBF: a row of independently compressed blobs, decoded on all cores, given out in the file's order.
//!
//! A file is read twice: for ways and relations, then for the nodes that they need. What the first pass unpacked is kept for the
//! second as far as [`MOST_KEPT`] goes, and blobs that hold nothing for a pass are not touched.
//! (Format: OpenStreetMap wiki, "PBF Format", and its fileformat.proto and osmformat.proto.)

use super::block::{self, Block};
use super::model::{Chunk, Pass};
use super::wire::{Message, zigzag};
use crate::{ImportError, Source};
use flate2::{Decompress, FlushDecompress, Status};
use qike_core::Feedback;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// How many blobs are decoded at a time; with at most 32 MiB each this bounds the memory.
const BATCH: usize = 8;
/// The format's own limits of a blob's header and of what it unpacks to.
const MOST_HEADER: u32 = 64 << 10;
const MOST_BLOB: usize = 32 << 20;
/// Bytes of unpacked blobs kept from one pass to the next.
const MOST_KEPT: usize = 256 << 20;

/// True for bytes that begin a PBF: a length, then a header blob of type `OSMHeader`.
pub fn is_pbf(head: &[u8]) -> bool {
    head.len() > 13 && head[0] == 0 && head[4..].starts_with(b"\x0a\x09OSMHeader")
}

/// A file that is being read.
pub struct Pbf<'s> {
    source: &'s Source,
    file: BufReader<File>,
    total: u64,
    /// West, south, east, north, degrees, where the header says them.
    pub bounds: Option<[f64; 4]>,
    /// Where data begins.
    start: u64,
    /// What the first pass found, blob by blob.
    blobs: Vec<Known>,
    kept: usize,
}

/// A blob that was looked into.
struct Known {
    at: u64,
    bytes: usize,
    holds: block::Holds,
    plain: Option<Vec<u8>>,
}

/// A blob on its way through a pass.
struct Work {
    at: u64,
    packed: Vec<u8>,
    plain: Option<Vec<u8>>,
}

/// What came of a blob.
struct Done {
    chunk: Chunk,
    holds: block::Holds,
    plain: Option<Vec<u8>>,
}

impl<'s> Pbf<'s> {
    /// Opens a file and reads its header.
    pub fn open(source: &'s Source) -> Result<Self, ImportError> {
        let file = source.open()?;
        let total = file.get_ref().metadata().map_err(|e| ImportError::io(&source.name, e))?.len();
        let mut pbf = Self { source, file, total, bounds: None, start: 0, blobs: Vec::new(), kept: 0 };
        let mut at = 0;
        match pbf.next(&mut at)? {
            Some((kind, packed)) if kind == b"OSMHeader" => {
                let plain = unpack(&packed).map_err(|e| pbf.corrupt(0, &e))?;
                pbf.bounds = header(&plain).map_err(|e| pbf.corrupt(0, &e))?;
            }
            Some(_) => return Err(pbf.corrupt(0, "data comes before the file's header")),
            None => return Err(pbf.corrupt(0, "there is no header block")),
        }
        pbf.start = at;
        Ok(pbf)
    }

    /// One pass over the file: gives its elements out, chunk by chunk, in order.
    pub fn read(&mut self, pass: Pass<'_>, feedback: &Feedback, give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>) -> Result<(), ImportError> {
        let task = feedback.task(format!("read {}", self.source.name), self.total);
        if self.blobs.is_empty() {
            let mut at = self.start;
            self.file.seek(SeekFrom::Start(at)).map_err(|e| ImportError::io(&self.source.name, e))?;
            loop {
                feedback.check()?;
                let (begin, mut batch) = (at, Vec::with_capacity(BATCH));
                while batch.len() < BATCH {
                    let from = at;
                    match self.next(&mut at)? {
                        None => break,
                        Some((kind, packed)) if kind == b"OSMData" => batch.push(Work { at: from, packed, plain: None }),
                        // Kinds that the format may get are to be passed over.
                        Some(_) => {}
                    }
                }
                if at == begin {
                    return Ok(());
                }
                self.work(batch, pass, true, give)?;
                task.advance(at - begin);
            }
        }
        let wanted: Vec<usize> = (0..self.blobs.len()).filter(|n| self.blobs[*n].holds.is_wanted(pass)).collect();
        for numbers in wanted.chunks(BATCH) {
            feedback.check()?;
            let mut batch = Vec::with_capacity(numbers.len());
            for &n in numbers {
                let Known { at, bytes, ref mut plain, .. } = self.blobs[n];
                let (plain, mut from) = (plain.take(), at);
                let packed = if plain.is_some() {
                    Vec::new()
                } else {
                    self.file.seek(SeekFrom::Start(at)).map_err(|e| ImportError::io(&self.source.name, e))?;
                    self.next(&mut from)?.map(|(_, packed)| packed).unwrap_or_default()
                };
                batch.push(Work { at, packed, plain });
                task.advance(bytes as u64);
            }
            self.work(batch, pass, false, give)?;
        }
        Ok(())
    }

    /// Decodes some blobs and gives them out.
    fn work(&mut self, batch: Vec<Work>, pass: Pass<'_>, first: bool, give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>) -> Result<(), ImportError> {
        let sizes: Vec<(u64, usize)> = batch.iter().map(|w| (w.at, w.packed.len())).collect();
        let decoded: Vec<Result<Done, (u64, String)>> = batch.into_par_iter().map(|w| decode(w, pass)).collect();
        for (done, (at, bytes)) in decoded.into_iter().zip(sizes) {
            let done = done.map_err(|(at, reason)| self.corrupt(at, &reason))?;
            if first {
                let size = done.plain.as_ref().map_or(0, Vec::len);
                let keep = done.holds.nodes && self.kept + size <= MOST_KEPT;
                self.kept += if keep { size } else { 0 };
                self.blobs.push(Known { at, bytes, holds: done.holds, plain: done.plain.filter(|_| keep) });
            }
            give(done.chunk)?;
        }
        Ok(())
    }

    /// The kind and bytes of the next blob, `at` being where the file stands; `None` at its end.
    fn next(&mut self, at: &mut u64) -> Result<Option<(Vec<u8>, Vec<u8>)>, ImportError> {
        let begin = *at;
        let left = self.total.saturating_sub(begin);
        if left == 0 {
            return Ok(None);
        }
        let cut = || "the file is cut off".to_owned();
        let mut take = |length: u64| -> Result<Vec<u8>, String> {
            if length > self.total.saturating_sub(*at) {
                return Err(cut());
            }
            let mut bytes = vec![0; length as usize];
            self.file.read_exact(&mut bytes).map_err(|e| e.to_string())?;
            *at += length;
            Ok(bytes)
        };
        let mut read = || -> Result<_, String> {
            let length = take(4)?.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
            if length > MOST_HEADER {
                return Err(format!("a blob's header of {length} bytes"));
            }
            let head = take(u64::from(length))?;
            let (mut kind, mut size, mut fields) = (&[][..], 0, Message(&head));
            while let Some((number, value)) = fields.field().ok_or_else(|| "a blob's header that cannot be read".to_owned())? {
                match number {
                    1 => kind = value.bytes(),
                    3 => size = value.number(),
                    _ => {}
                }
            }
            if size > MOST_BLOB as u64 {
                return Err(format!("a blob of {size} bytes"));
            }
            Ok((kind.to_vec(), take(size)?))
        };
        read().map(Some).map_err(|reason| self.corrupt(begin, &reason))
    }

    fn corrupt(&self, at: u64, reason: &str) -> ImportError {
        ImportError::corrupt(&self.source.name, format!("byte {at}"), format!("broken or cut off PBF: {reason}"))
    }
}

fn decode(work: Work, pass: Pass<'_>) -> Result<Done, (u64, String)> {
    let plain = work.plain.map_or_else(|| unpack(&work.packed), Ok);
    let decoded = plain.and_then(|plain| {
        let (chunk, holds) = Block::read(&plain)?.elements(pass)?;
        Ok(Done { chunk, holds, plain: Some(plain) })
    });
    decoded.map_err(|reason| (work.at, reason))
}

/// What a blob holds.
fn unpack(blob: &[u8]) -> Result<Vec<u8>, String> {
    let (mut size, mut fields) = (0, Message(blob));
    let mut found = None;
    while let Some((number, value)) = fields.field().ok_or("a blob that cannot be read")? {
        match number {
            1 | 3..=7 => found = Some((number, value.bytes())),
            2 => size = value.number(),
            _ => {}
        }
    }
    let way = |number| ["", "none", "", "zlib", "LZMA", "bzip2", "LZ4", "Zstandard"].get(number as usize).copied().unwrap_or("an unknown way");
    match found {
        Some((1, bytes)) if bytes.len() <= MOST_BLOB => Ok(bytes.to_vec()),
        Some((3, packed)) => {
            let size = usize::try_from(size).ok().filter(|size| *size <= MOST_BLOB).ok_or("a blob that unpacks to more than 32 MiB")?;
            inflate(packed, size)
        }
        Some((1, _)) => Err("a blob of more than 32 MiB".into()),
        Some((number, _)) => Err(format!("a blob packed with {}, which is not supported; osmium cat writes one with zlib", way(number))),
        None => Err("a blob without data".into()),
    }
}

/// Unpacks to exactly so many bytes.
fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    // A byte more than there may be tells what is longer.
    let mut plain = Vec::with_capacity(size + 1);
    let mut inflater = Decompress::new(true);
    let status = inflater.decompress_vec(packed, &mut plain, FlushDecompress::Finish).map_err(|e| e.to_string())?;
    if status != Status::StreamEnd || plain.len() != size {
        return Err(format!("a blob that does not unpack to the {size} bytes it promises"));
    }
    Ok(plain)
}

/// Checks what a file needs of its reader; gives the bounds.
fn header(plain: &[u8]) -> Result<Option<[f64; 4]>, String> {
    let broken = || "a header that cannot be read".to_owned();
    let (mut fields, mut bounds) = (Message(plain), None);
    while let Some((number, value)) = fields.field().ok_or_else(broken)? {
        match number {
            1 => {
                let (mut corners, mut sides) = ([0i64; 4], Message(value.bytes()));
                while let Some((side, degrees)) = sides.field().ok_or_else(broken)? {
                    // Left, right, top, bottom, in 1e-9 degrees.
                    if let Some(corner) = (side as usize).checked_sub(1).and_then(|n| corners.get_mut(n)) {
                        *corner = zigzag(degrees.number());
                    }
                }
                let [left, right, top, bottom] = corners.map(|c| c as f64 * 1e-9);
                bounds = Some([left, bottom, right, top]);
            }
            4 if !matches!(value.bytes(), b"OsmSchema-V0.6" | b"DenseNodes") => {
                return Err(format!("the file needs the feature '{}', which is not supported", String::from_utf8_lossy(value.bytes())));
            }
            _ => {}
        }
    }
    Ok(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn packed(plain: &[u8], size: u8) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(plain).unwrap();
        let bytes = zlib.finish().unwrap();
        [&[16, size, 26, bytes.len() as u8][..], &bytes].concat()
    }

    #[test]
    fn blobs_unpack_to_what_they_promise() {
        assert_eq!(unpack(&[10, 2, 7, 8]).unwrap(), [7, 8]);
        assert_eq!(unpack(&packed(b"hello", 5)).unwrap(), b"hello");
        for (blob, word) in [(packed(b"hello", 4), "promises"), (packed(b"hello", 6), "promises"), (vec![34, 1, 0], "LZMA"), (vec![58, 1, 0], "Zstandard"), (vec![16, 5], "without")] {
            assert!(unpack(&blob).unwrap_err().contains(word), "{blob:?}");
        }
    }

    #[test]
    fn a_header_says_what_it_needs() {
        let need = |text: &str| [&[34, text.len() as u8][..], text.as_bytes()].concat();
        assert_eq!(header(&need("DenseNodes")), Ok(None));
        assert!(header(&need("HistoricalInformation")).unwrap_err().contains("Historical"));
        // 1, 2, 4 and 3 degrees left, right, top and bottom.
        let side = |n: u8, degrees: u64| {
            let mut bytes = vec![n << 3];
            let mut value = degrees * 2_000_000_000;
            while value >= 0x80 {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
            bytes
        };
        let sides = [side(1, 1), side(2, 2), side(3, 4), side(4, 3)].concat();
        let [w, s, e, n] = header(&[&[10, sides.len() as u8][..], &sides].concat()).unwrap().unwrap();
        assert!((w - 1.0).abs() < 1e-12 && (s - 3.0).abs() < 1e-12 && (e - 2.0).abs() < 1e-12 && (n - 4.0).abs() < 1e-12);
    }
}
