//! A part of a file through a window: its bytes one after the other, some of them together, never more at once than the largest value
//! that is asked for in one piece.

use super::skip::Skip;
use std::io::{self, Read};
use std::ops::Range;

/// Bytes that are read at once.
const STEP: usize = 256 << 10;

/// A value of more bytes than this is not read in one piece.
pub const LARGEST: usize = 1 << 30;

/// Why a file cannot be passed through.
#[derive(Debug)]
pub enum Fault {
    /// It cannot be read.
    Io(io::Error),
    /// It is no JSON, or cut off.
    Json,
    /// The value at the beginning of the window is no JSON; lines and columns are the value's.
    Value(serde_json::Error),
    /// A member is not what it should be: its path, and what it should be.
    Kind(&'static str, &'static str),
    /// A value is too large to be read in one piece.
    TooLarge,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

/// Bytes of a file from some place on.
pub struct Window<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` is in the file.
    offset: u64,
}

impl<R: Read> Window<R> {
    /// A window on what `from` gives, which stands at `offset` in its file.
    pub fn new(from: R, offset: u64) -> Self {
        Self { from, buffer: Vec::new(), start: 0, end: 0, offset }
    }

    /// What it is a window on.
    pub fn into_inner(self) -> R {
        self.from
    }

    /// Where the window begins in the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes in the window.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves the window's beginning on.
    pub fn pass_over(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Lets the window's end move on; false at the end of the file.
    pub fn more(&mut self) -> Result<bool, Fault> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end >= LARGEST {
            return Err(Fault::TooLarge);
        }
        if self.buffer.len() - self.end < STEP {
            // Twice as much, so that a large value is not begun too often.
            self.buffer.resize((2 * self.buffer.len()).max(2 * STEP), 0);
        }
        loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next byte that is no white space; the window begins there.
    pub fn peek(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let bytes = self.bytes();
            let found = bytes.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t'));
            let (count, byte) = found.map_or((bytes.len(), None), |at| (at, bytes.get(at).copied()));
            self.pass_over(count);
            if byte.is_some() || !self.more()? {
                return Ok(byte);
            }
        }
    }

    /// Passes over one byte that must come next.
    pub fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek()? != Some(byte) {
            return Err(Fault::Json);
        }
        self.pass_over(1);
        Ok(())
    }

    /// Passes over a value, and tells where it is in the file.
    pub fn skip(&mut self) -> Result<Range<u64>, Fault> {
        self.peek()?.ok_or(Fault::Json)?;
        let (start, mut skip) = (self.offset, Skip::default());
        loop {
            match skip.through(self.bytes()) {
                Some(0) => return Err(Fault::Json),
                Some(end) => {
                    self.pass_over(end);
                    return Ok(start..self.offset);
                }
                None => {
                    let count = self.bytes().len();
                    self.pass_over(count);
                    if !self.more()? {
                        return Err(Fault::Json);
                    }
                }
            }
        }
    }

    /// Brings a whole value into the window: its length in [`Window::bytes`].
    pub fn whole(&mut self) -> Result<usize, Fault> {
        self.peek()?.ok_or(Fault::Json)?;
        let (mut skip, mut seen) = (Skip::default(), 0);
        loop {
            let bytes = self.bytes();
            let end = skip.through(&bytes[seen..]).map(|end| seen + end);
            seen = bytes.len();
            match end {
                Some(0) => return Err(Fault::Json),
                Some(end) => return Ok(end),
                None => {
                    if !self.more()? {
                        return Err(Fault::Json);
                    }
                }
            }
        }
    }

    /// Reads a key and its colon; `of` makes of it what is kept.
    pub fn key<T>(&mut self, of: impl FnOnce(&str) -> T) -> Result<T, Fault> {
        if self.peek()? != Some(b'"') {
            return Err(Fault::Json);
        }
        let length = self.whole()?;
        let bytes = &self.bytes()[..length];
        let plain = bytes[1..length - 1].iter().all(|b| *b != b'\\' && *b >= 0x20);
        let kept = if plain {
            of(std::str::from_utf8(&bytes[1..length - 1]).map_err(|_| Fault::Json)?)
        } else {
            of(&serde_json::from_slice::<String>(bytes).map_err(|_| Fault::Json)?)
        };
        self.pass_over(length);
        self.expect(b':')?;
        Ok(kept)
    }

    /// Passes over what stands before an entry of an object or array; false where that ends instead.
    pub fn entry(&mut self, first: &mut bool, close: u8) -> Result<bool, Fault> {
        let was_first = std::mem::replace(first, false);
        match self.peek()? {
            Some(b',') if !was_first => self.pass_over(1),
            Some(byte) if byte == close => {
                self.pass_over(1);
                return Ok(false);
            }
            Some(_) if was_first => {}
            _ => return Err(Fault::Json),
        }
        Ok(true)
    }
}
