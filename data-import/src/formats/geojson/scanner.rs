//! Cuts a JSON text into values without holding it: braces and brackets are balanced outside of strings, and only what a
//! caller keeps is held.

use crate::ImportError;
use serde_json::{Map, Value};
use std::io::BufRead;

/// Most bytes of one value, or of all members of a document beside its features.
pub const PIECE_LIMIT: usize = 1 << 30;
/// Most brackets in each other; the parser of a piece allows fewer.
const DEPTH_LIMIT: usize = 1000;

/// A parse error in a piece that begins at a line and a column.
pub fn broken(name: &str, line: u64, column: u64, error: &serde_json::Error) -> ImportError {
    let (down, across) = (error.line().max(1) as u64 - 1, error.column() as u64);
    let place = format!("line {}, column {}", line + down, if down == 0 { column + across } else { across });
    let text = error.to_string();
    ImportError::corrupt(name, place, format!("broken JSON: {}", text.split(" at line ").next().unwrap_or(&text)))
}

/// A document without its features.
pub struct Root {
    /// What it holds beside them.
    pub members: Map<String, Value>,
    /// Its features were given one by one.
    pub streamed: bool,
    /// Where it begins.
    pub line: u64,
}

/// Cuts a text into JSON values.
pub struct Scanner<'r> {
    input: &'r mut dyn BufRead,
    name: &'r str,
    /// Of the next byte, from 1.
    pub line: u64,
    /// Bytes before it in its line.
    pub column: u64,
}

impl<'r> Scanner<'r> {
    /// At the beginning of a text; `name` is the file's, for messages.
    pub fn new(input: &'r mut dyn BufRead, name: &'r str) -> Self {
        Self { input, name, line: 1, column: 0 }
    }

    fn error(&self, reason: impl Into<String>) -> ImportError {
        ImportError::corrupt(self.name, format!("line {}, column {}", self.line, self.column + 1), reason.into())
    }

    fn peek(&mut self) -> Result<Option<u8>, ImportError> {
        let name = self.name;
        Ok(self.input.fill_buf().map_err(|e| ImportError::io(name, e))?.first().copied())
    }

    /// Takes the next `n` bytes of the buffer, which are there.
    fn consume(&mut self, n: usize, keep: Option<&mut Vec<u8>>) -> Result<(), ImportError> {
        let name = self.name;
        let bytes = self.input.fill_buf().map_err(|e| ImportError::io(name, e))?;
        let bytes = &bytes[..n.min(bytes.len())];
        if let Some(keep) = keep {
            keep.extend_from_slice(bytes);
        }
        let ends = memchr::memchr_iter(b'\n', bytes).fold((0, None), |(count, _), at| (count + 1, Some(at)));
        self.line += ends.0;
        self.column = ends.1.map_or(self.column, |_| 0) + (n - ends.1.map_or(0, |at| at + 1)) as u64;
        self.input.consume(n);
        Ok(())
    }

    /// The next byte that is no white space and no record separator, which stays.
    pub fn skip_space(&mut self) -> Result<Option<u8>, ImportError> {
        while let Some(next) = self.peek()? {
            if !matches!(next, b' ' | b'\t' | b'\r' | b'\n' | 0x1e) {
                return Ok(Some(next));
            }
            self.consume(1, None)?;
        }
        Ok(None)
    }

    /// As [`Scanner::skip_space`], where something must come.
    fn must(&mut self) -> Result<u8, ImportError> {
        self.skip_space()?.ok_or_else(|| self.error("the JSON is cut off"))
    }

    /// What stands between two values of an object or array: true for a comma, false for the end.
    fn more(&mut self, end: u8) -> Result<bool, ImportError> {
        let next = self.must()?;
        if next != b',' && next != end {
            return Err(self.error(format!("broken JSON: expected ',' or '{}'", char::from(end))));
        }
        self.consume(1, None)?;
        Ok(next == b',')
    }

    /// A document; `element` takes each value of its `features` from the scanner.
    pub fn root(&mut self, element: &mut dyn FnMut(&mut Self) -> Result<(), ImportError>) -> Result<Root, ImportError> {
        let mut root = Root { members: Map::new(), streamed: false, line: self.line };
        if self.must()? != b'{' {
            return Err(self.error("the document is no JSON object, so no GeoJSON"));
        }
        self.consume(1, None)?;
        if self.must()? == b'}' {
            self.consume(1, None)?;
            return Ok(root);
        }
        let mut total = 0;
        loop {
            let key: String = self.parsed(&mut total)?;
            if self.must()? != b':' {
                return Err(self.error("broken JSON: expected ':'"));
            }
            self.consume(1, None)?;
            if key == "features" && self.must()? == b'[' && !root.streamed {
                root.streamed = true;
                self.consume(1, None)?;
                if self.must()? == b']' {
                    self.consume(1, None)?;
                } else {
                    loop {
                        self.must()?;
                        element(self)?;
                        if !self.more(b']')? {
                            break;
                        }
                    }
                }
            } else {
                let value = self.parsed(&mut total)?;
                root.members.insert(key, value);
            }
            if !self.more(b'}')? {
                return Ok(root);
            }
        }
    }

    /// The next value, parsed; all of them together are bounded.
    fn parsed<T: serde::de::DeserializeOwned>(&mut self, total: &mut usize) -> Result<T, ImportError> {
        self.must()?;
        let (line, column) = (self.line, self.column);
        let mut bytes = Vec::new();
        self.value(Some(&mut bytes))?;
        *total += bytes.len();
        if *total > PIECE_LIMIT {
            return Err(self.error(format!("the document has more than {} MiB beside its features", PIECE_LIMIT >> 20)));
        }
        serde_json::from_slice(&bytes).map_err(|e| broken(self.name, line, column, &e))
    }

    /// Goes over one value, which begins here, and keeps its bytes. Only its brackets and strings are looked at.
    pub fn value(&mut self, mut keep: Option<&mut Vec<u8>>) -> Result<(), ImportError> {
        let mut open: Vec<u8> = Vec::new();
        let (mut in_string, mut escaped, mut begun, mut length) = (false, false, false, 0usize);
        loop {
            let name = self.name;
            let chunk = self.input.fill_buf().map_err(|e| ImportError::io(name, e))?;
            if chunk.is_empty() {
                return if open.is_empty() && !in_string && begun { Ok(()) } else { Err(self.error("the JSON is cut off")) };
            }
            let (mut at, mut done, mut fault) = (0, false, None);
            while at < chunk.len() && !done && fault.is_none() {
                if escaped {
                    escaped = false;
                    at += 1;
                    continue;
                }
                if in_string {
                    match memchr::memchr2(b'"', b'\\', &chunk[at..]) {
                        None => at = chunk.len(),
                        Some(n) => {
                            escaped = chunk[at + n] == b'\\';
                            in_string = escaped;
                            done = !in_string && open.is_empty();
                            at += n + 1;
                        }
                    }
                    continue;
                }
                let byte = chunk[at];
                match byte {
                    b'"' if open.is_empty() && begun => done = true,
                    b'"' => in_string = true,
                    b'{' | b'[' if open.is_empty() && begun => done = true,
                    b'{' | b'[' if open.len() >= DEPTH_LIMIT => fault = Some("brackets are nested too deeply"),
                    b'{' | b'[' => open.push(byte + 2),
                    b'}' | b']' => match open.pop() {
                        None => done = true,
                        Some(end) if end != byte => fault = Some("broken JSON: a bracket is closed that is not the last one opened"),
                        Some(_) => {
                            at += usize::from(open.is_empty());
                            done = open.is_empty();
                        }
                    },
                    // A number or word ends where something else begins.
                    b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if open.is_empty() => done = true,
                    _ => {}
                }
                begun = true;
                at += usize::from(!done);
            }
            length += at;
            self.consume(at, keep.as_deref_mut())?;
            if let Some(fault) = fault {
                return Err(self.error(fault));
            }
            if done {
                return Ok(());
            }
            if length > PIECE_LIMIT {
                return Err(self.error(format!("one value is longer than {} MiB", PIECE_LIMIT >> 20)));
            }
        }
    }
}
