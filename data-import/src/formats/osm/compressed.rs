//! Opens an OSM file, decompressing it where it is gzip or bzip2 (of one stream or many), within bounds: a bomb ends with an
//! error long before it fills the memory or the day.

use crate::{ImportError, Source};
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

const GZIP: &[u8] = &[0x1f, 0x8b];
const BZIP2: &[u8] = b"BZh";
const BUFFER: usize = 256 * 1024;
/// OSM shrinks to a tenth or a twentieth; what grows more than this, and beyond [`FREE`], is no map.
const MOST_GROWTH: u64 = 200;
/// Bytes that any file may grow to.
const FREE: u64 = 64 << 20;
/// Largest piece of XML between two `>`, bytes: the parser holds one at a time.
const LARGEST_PIECE: usize = 16 << 20;

/// The file's text, as a stream.
pub fn open(source: &Source) -> Result<Box<dyn BufRead>, ImportError> {
    let mut file = source.open()?;
    let size = std::fs::metadata(&source.path).map_err(|e| ImportError::io(&source.name, e))?.len();
    let head = file.fill_buf().map_err(|e| ImportError::io(&source.name, e))?;
    let limit = size.saturating_mul(MOST_GROWTH).max(FREE);
    Ok(if head.starts_with(GZIP) {
        Box::new(Pieces::new(BufReader::with_capacity(BUFFER, Limited { inner: MultiGzDecoder::new(file), left: limit })))
    } else if head.starts_with(BZIP2) {
        Box::new(Pieces::new(BufReader::with_capacity(BUFFER, Limited { inner: MultiBzDecoder::new(file), left: limit })))
    } else {
        Box::new(Pieces::new(file))
    })
}

/// The beginning of a file, decompressed. Of a bzip2 file of which `head` does not hold the first block, nothing.
pub fn plain_head(head: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // Cut off in the middle by nature: what came before the error is what is wanted.
    let _cut = if head.starts_with(GZIP) {
        MultiGzDecoder::new(head).take(64 * 1024).read_to_end(&mut plain)
    } else if head.starts_with(BZIP2) {
        MultiBzDecoder::new(head).take(64 * 1024).read_to_end(&mut plain)
    } else {
        return head.to_vec();
    };
    plain
}

/// True for the beginning of a bzip2 file whose first block is larger than what is shown of it.
pub fn is_large_bzip2(head: &[u8]) -> bool {
    head.starts_with(BZIP2) && head.get(4..10) == Some(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) && plain_head(head).is_empty()
}

/// Ends with an error when more comes out than a map of that size can hold.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the compressed file grows more than {MOST_GROWTH} times: it is no map but a bomb"))
        })?;
        Ok(n)
    }
}

/// Ends with an error where a tag or a text is too large to hold.
struct Pieces<R> {
    inner: R,
    since: usize,
}

impl<R: BufRead> Pieces<R> {
    fn new(inner: R) -> Self {
        Self { inner, since: 0 }
    }
}

impl<R: BufRead> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?;
        let n = got.len().min(buffer.len());
        buffer[..n].copy_from_slice(&got[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Pieces<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > LARGEST_PIECE {
            let reason = format!("a tag or text of the XML is larger than {} MiB", LARGEST_PIECE >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        // The bytes consumed are still in the buffer, so this neither reads nor fails.
        if let Ok(buffer) = self.inner.fill_buf() {
            let gone = &buffer[..n.min(buffer.len())];
            self.since = match memchr::memrchr(b'>', gone) {
                Some(at) => gone.len() - at - 1,
                None => self.since + gone.len(),
            };
        }
        self.inner.consume(n);
    }
}
